"""Separation proved without a fit, and the finite estimates of what it leaves."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, special
from typer.testing import CliRunner

import likely as lk
from likely.cli import app
from likely.errors import DataError, FitError, UnknownNameError
from likely.search.separation import find, separate_large

SHARED = Path(__file__).parents[3] / "shared" / "reference" / "data"


def most_separated(a, tied):
    """The rows that some direction separates, by one linear programme with a slack for every row."""
    n, p = a.shape
    result = optimize.linprog(
        np.r_[np.zeros(p), -np.ones(n)],
        A_ub=np.hstack([-a, np.eye(n)]),
        b_ub=np.zeros(n),
        A_eq=np.hstack([tied, np.zeros((len(tied), n))]) if len(tied) else None,
        b_eq=np.zeros(len(tied)) if len(tied) else None,
        bounds=[(None, None)] * p + [(0, 1)] * n,
    )
    return result.x[p:] > 0.5


# -- the proof -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["bernoulli", "poisson", "geometric"])
@pytest.mark.parametrize("largest", [500, 0])
def test_rows_and_direction(family, largest, monkeypatch):
    """Small whole numbers: the same rows as an independent programme, and a direction that does what it says."""
    monkeypatch.setattr(find, "LARGEST", largest)
    rng = np.random.default_rng(7)
    separated = 0
    for _ in range(25):
        n, p = int(rng.integers(5, 25)), int(rng.integers(1, 4))
        x = np.column_stack([np.ones(n), rng.integers(-2, 3, (n, p))]).astype(float)
        up = x @ rng.normal(size=p + 1) + rng.normal(size=n) > 0
        y = up * 1 if family == "bernoulli" else np.where(up, rng.integers(1, 4, n), 0)
        towards = {"bernoulli": np.where(up, 1.0, -1.0), "poisson": -1.0 * ~up, "geometric": 1.0 * ~up}[family]
        ends = towards != 0
        if not np.any(ends):
            continue
        expected = np.flatnonzero(ends)[most_separated(x[ends] * towards[ends, None], x[~ends])]
        proof = lk.separation(family, y, x)
        np.testing.assert_array_equal([] if proof is None else proof.rows, expected)
        if proof is not None:
            parameter = proof.parameter
            change = x @ [proof.direction.get(f"{parameter}.x{j + 1}", 0.0) for j in range(p + 1)]
            assert np.all((change * towards)[proof.rows] > 1e-9)
            np.testing.assert_allclose(np.delete(change, proof.rows), 0.0, atol=1e-9)
            assert proof.to_dict()["rows"] == expected.tolist()
        separated += proof is not None
    assert 3 < separated < 25


def test_categories_by_one_sparse_programme(monkeypatch):
    rng = np.random.default_rng(8)
    for _ in range(10):
        n = int(rng.integers(8, 30))
        x, k = rng.integers(-2, 3, n).astype(float), rng.integers(0, 3, n)
        k = np.where(x > 1, 2, np.where(x < -1, 0, k))
        k[:3] = 0, 1, 2
        data = {"x": x, "k": np.array(["a", "b", "c"])[k]}
        proofs = []
        for largest in (500, 0):
            monkeypatch.setattr(find, "LARGEST", largest)
            proofs.append(lk.separation("categorical", data, "k ~ x"))
        if proofs[0] is None:
            assert proofs[1] is None
        else:
            np.testing.assert_array_equal(proofs[0].rows, proofs[1].rows)
            np.testing.assert_array_equal(proofs[0].excluded, proofs[1].excluded)


def test_none_without_cause():
    assert lk.separation("normal", {"x": [1, 2, 3], "y": [1.0, 2.0, 4.0]}, "y ~ x") is None
    assert lk.separation("bernoulli", {"x": [1, 2, 3, 4], "y": [0, 1, 0, 1]}, "y ~ x") is None
    assert lk.separation("bernoulli", [1, 1, 1]) is None  # a constant has its estimate, 1
    assert lk.fit("bernoulli", {"x": [1, 2, 3, 4], "y": [0, 1, 0, 1]}, "y ~ x").separation is None


def test_a_failed_fit_carries_it():
    data = {"x": [1, 2, 3, 3, 4, 5], "y": [0, 0, 0, 1, 1, 1]}
    with pytest.raises(
        FitError, match=r"separation='drop'.*penalty=lk.Firth\(\)|penalty=lk.Firth\(\).*'drop'"
    ) as caught:
        lk.fit("bernoulli", data, "y ~ x")
    proof = caught.value.fit.separation
    assert proof.rows.tolist() == [0, 1, 4, 5]
    assert proof.direction["p.x"] > 0
    assert str(proof) == str(caught.value)
    assert lk.fit("bernoulli", data, "y ~ x", on_failure="return").summary().to_dict()["separation"]["columns"] == ["x"]


def test_rows_are_places_in_the_data_as_given():
    data = {"x": [1, None, 2, 3, 3, 4], "y": [0, 1, 0, 0, 1, 1]}
    with pytest.warns(lk.errors.DroppedRowsWarning):
        proof = lk.separation("bernoulli", data, "y ~ x", missing="drop")
    assert proof.rows.tolist() == [0, 2, 5]
    with pytest.warns(lk.errors.DroppedRowsWarning):
        fit = lk.fit("bernoulli", data, "y ~ x", missing="drop", separation="drop")
    assert fit.n == 2
    assert "3 separated rows left out; 1 of 6 rows dropped for missing values (x: 1)" in " ".join(
        str(fit.summary()).split()
    )


# -- what is left ----------------------------------------------------------------------------------------------


def yes_and_no():
    rng = np.random.default_rng(0)
    x, z = rng.normal(size=(2, 120))
    g = np.arange(120) % 6 == 0
    return pd.DataFrame({"x": x, "z": z, "g": g * 1, "y": np.where(g, 1, rng.random(120) < 0.5).astype(int)})


def test_the_rest_of_a_logistic_model():
    data = yes_and_no()
    fit = lk.fit("bernoulli", data, "y ~ x + g + z", separation="drop")
    plain = lk.fit("bernoulli", data[data["g"] == 0], "y ~ x + z")
    assert fit.converged
    assert fit.status.startswith("separation: left out: 20 rows that g separates; p.g")
    assert fit.coef == pytest.approx(plain.coef, abs=1e-7)
    assert fit.stderr == pytest.approx(plain.stderr, abs=1e-7)
    assert (fit.n, fit.k, fit.aliased) == (100, 3, {"p.g": "0"})
    unfinished = lk.fit("bernoulli", data, "y ~ x + g + z", on_failure="return")
    assert fit.loglik == pytest.approx(unfinished.loglik, abs=1e-6)
    assert fit.loglik >= unfinished.loglik
    lower, upper = fit.interval(method="profile", names=["p.x"])["p.x"]
    assert lower < fit.coef["p.x"] < upper
    np.testing.assert_allclose(fit.predict(data[1:6]), plain.predict(data[1:6]), atol=1e-7)
    with pytest.raises(DataError, match="g = 0 in every row it used"):
        fit.predict(data[:6])
    text = str(fit.summary())
    assert "Bernoulli fit of y: converged, without separated rows" in text
    assert "100 observations; 20 separated rows left out" in text
    assert "p.g  not estimated: the column is 0 in the rows left" in text


def test_separating_columns_go_first():
    """Of the columns that the rows left do not tell apart, those go that separate."""
    data = yes_and_no()
    fit = lk.fit("bernoulli", data.assign(x=data["x"] + 2), "y ~ g + x + z", separation="drop")
    assert list(fit.aliased) == ["p.g"]
    toy = lk.fit("bernoulli", {"x": [1, 2, 3, 3, 4, 5], "y": [0, 0, 0, 1, 1, 1]}, "y ~ x", separation="drop")
    assert toy.coef == pytest.approx({"p.Intercept": 0.0}, abs=1e-12)
    assert toy.aliased == {"p.x": "3"}
    assert toy.loglik == pytest.approx(2 * np.log(0.5), rel=1e-12)


def test_nothing_left():
    data = {"x": [1, 2, 3, 4, 5, 6], "y": [0, 0, 0, 1, 1, 1]}
    with pytest.raises(FitError, match="nothing is left to estimate"):
        lk.fit("bernoulli", data, "y ~ x", separation="drop")
    with pytest.raises(UnknownNameError, match="for separation="):
        lk.fit("bernoulli", data, "y ~ x", separation="ignore")


def test_counts_with_a_dispersion_of_its_own():
    rng = np.random.default_rng(2)
    x, g = rng.normal(size=300), np.repeat(["a", "b", "c"], 100)
    y = np.where(g == "c", 0, rng.negative_binomial(2, 2 / (2 + np.exp(1 + 0.3 * x))))
    data = pd.DataFrame({"x": x, "g": g, "y": y})
    fit = lk.fit("negative_binomial", data, "y ~ x + C(g)", dispersion="~ C(g)", separation="drop")
    plain = lk.fit("negative_binomial", data[g != "c"], "y ~ x + C(g)", dispersion="~ C(g)")
    assert fit.coef == pytest.approx(plain.coef, abs=1e-5)
    assert fit.aliased == {"mean.C(g)[T.c]": "0", "dispersion.C(g)[T.c]": "0"}


def test_successes_out_of_trials_and_weights():
    data = {"g": [0, 0, 0, 1, 1], "s": [1, 2, 2, 4, 5], "n": [3, 4, 5, 4, 5], "w": [1, 2, 1, 1, 3]}
    fit = lk.fit(lk.Binomial(n="n"), data, "s ~ g", weights="w", separation="drop")
    assert fit.coef["p.Intercept"] == pytest.approx(special.logit(7 / 16), abs=1e-8)
    assert fit.n == 4


@pytest.mark.parametrize("never", ["lo", "mid", "top"])
def test_a_level_that_never_occurs_somewhere(never):
    """A level that no row of a group has: its rows still tell the other levels apart; against a direct search."""
    rng = np.random.default_rng(3)
    x, g = rng.normal(size=150), np.arange(150) % 3 == 0
    levels = ["lo", "mid", "top"]
    k = rng.choice(levels, 150)
    other = next(level for level in levels if level != never)
    k = np.where(g & (k == never), other, k)
    fit = lk.fit("categorical", {"x": x, "g": g * 1, "k": k}, "k ~ x + g", separation="drop")
    y, gone = np.searchsorted(levels, k), levels.index(never)

    def loss(b):
        eta = np.zeros((150, 3))
        eta[:, 1:] = np.column_stack([np.ones(150), x]) @ b[:4].reshape(2, 2).T
        left = [level for level in range(3) if level != gone]
        eta[g, left[1]] += b[4]
        eta[g, gone] = -np.inf
        return -np.sum(eta[np.arange(150), y] - special.logsumexp(eta, axis=1))

    direct = optimize.minimize(loss, np.zeros(5), method="BFGS", options={"gtol": 1e-7})
    assert fit.loglik == pytest.approx(-direct.fun, abs=1e-7)
    assert (fit.n, fit.k) == (150, 5)
    found = [fit.coef[f"p[{level}].{name}"] for level in ("mid", "top") for name in ("Intercept", "x")]
    np.testing.assert_allclose(found, direct.x[:4], atol=1e-4)
    assert fit.loglik == pytest.approx(
        lk.fit("categorical", {"x": x, "g": g * 1, "k": k}, "k ~ x + g", on_failure="return").loglik, abs=1e-4
    )


# -- many coefficients -----------------------------------------------------------------------------------------


def test_many_coefficients():
    """Firms and years, some of which never have an event: beyond 500 coefficients too every one is found."""
    rng = np.random.default_rng(4)
    firms, n = 520, 3600
    firm, year, x = rng.integers(0, firms, n), rng.integers(0, 8, n), rng.normal(size=n)
    y = rng.poisson(np.exp(0.2 * x + 0.5))
    y[np.isin(firm, [5, 77, 300])] = 0
    data = pd.DataFrame({"firm": [f"f{k:03d}" for k in firm], "year": year.astype(str), "x": x, "y": y})
    empty = data.groupby("firm")["y"].transform("sum").to_numpy() == 0
    proof = lk.separation("poisson", data, "y ~ x + C(firm) + C(year)")
    np.testing.assert_array_equal(proof.rows, np.flatnonzero(empty))
    fit = lk.fit("poisson", data, "y ~ x + C(firm) + C(year)", separation="drop")
    plain = lk.fit("poisson", data[~empty], "y ~ x + C(firm) + C(year)")
    assert fit.coef["rate.x"] == pytest.approx(plain.coef["rate.x"], abs=1e-8)
    assert fit.loglik == pytest.approx(plain.loglik, abs=1e-7)
    y[empty] = 1
    assert lk.separation("poisson", data.assign(y=y), "y ~ x + C(firm) + C(year)") is None


def test_a_chain_of_many_dense_columns():
    """One direction over 120 columns, none of which separates alone."""
    rng = np.random.default_rng(5)
    n, p = 500, 120
    x = rng.integers(-2, 3, (n, p)).astype(float)
    b = rng.integers(-1, 2, p).astype(float)
    x[:, 0] = np.where(np.arange(n) < 30, 3.0, 0.0) - x[:, 1:] @ b[1:]  # so that x @ (1, b) is 3 or 0
    direction = separate_large(x[:400], x[400:])
    np.testing.assert_array_equal(direction.separated, np.arange(400) < 30)


# -- from a shell, and data of others --------------------------------------------------------------------------


def test_from_a_shell(tmp_path):
    yes_and_no().to_csv(tmp_path / "d.csv", index=False)
    arguments = ["fit", str(tmp_path / "d.csv"), "y ~ x + g + z", "--family", "bernoulli"]
    refused = CliRunner().invoke(app, arguments)
    assert refused.exit_code == 1
    assert "--separation drop" in " ".join(refused.output.split())
    dropped = CliRunner().invoke(app, [*arguments, "--separation", "drop"])
    assert dropped.exit_code == 0
    assert "20 separated rows left out" in dropped.output


@pytest.mark.skipif(not SHARED.exists(), reason="the reference data are not here")
def test_endometrial_cancer():
    """Heinze and Schemper (2002); the estimates of the rest and the supremum as R 4.2.2 has them."""
    fit = lk.fit("bernoulli", str(SHARED / "endometrial.csv"), "HG ~ NV + PI + EH", separation="drop")
    assert fit.separation.count == 13
    assert fit.loglik == pytest.approx(-27.69663, abs=1e-4)
    assert [round(v, 3) for v in fit.coef.values()] == [4.305, -0.042, -2.903]
