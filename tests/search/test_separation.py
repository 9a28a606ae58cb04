"""Separation: found where it is, named by its columns, and never found where it is not."""

from pathlib import Path

import numpy as np
import pytest
from scipy import optimize

import likely as lk
from likely.errors import FitError
from likely.estimates.verdict import SATURATED
from likely.search.separation import Cone, find_separation, separate

SHARED = Path(__file__).parents[3] / "shared" / "reference" / "data"


def failed(*args, **options):
    """The status of a fit that must fail, raised and returned alike."""
    with pytest.raises(FitError) as caught:
        lk.fit(*args, **options)
    fit = lk.fit(*args, **options, on_failure="return")
    assert not fit.converged
    assert str(caught.value) in fit.status
    assert all(se is None for se in fit.stderr.values())
    return fit


def found(fit):
    return find_separation(fit.likelihood.function, fit.outcome, SATURATED)


# -- one column --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("link", ["logit", "probit", "cloglog", "loglog", "cauchit"])
def test_complete(link):
    fit = failed(lk.Bernoulli(), {"x": [1, 2, 3, 4, 5, 6], "y": [0, 0, 0, 1, 1, 1]}, "y ~ x", link=link)
    assert "x separates the outcomes perfectly" in fit.status
    assert "every row with x <= 3 has y = 0 and every row with x >= 4 has y = 1" in fit.status
    assert "it runs to +infinity" in fit.status
    assert "Leave out or regroup" in fit.status
    assert fit.outcome.iterations <= 75
    assert found(fit).columns == ("x",)
    assert found(fit).complete


def test_quasi_complete():
    fit = failed(lk.Bernoulli(), {"x": [1, 2, 3, 3, 4, 5], "y": [0, 0, 0, 1, 1, 1]}, "y ~ x")
    assert "x separates 4 of 6 rows from the rest" in fit.status
    assert "other coefficients" not in fit.status  # the intercept runs off with x
    assert (found(fit).count, found(fit).complete) == (4, False)


def test_only_the_guilty_column_is_named():
    rng = np.random.default_rng(0)
    x, z = rng.normal(size=(2, 120))
    g = np.arange(120) % 6 == 0
    y = np.where(g, 1, rng.random(120) < 0.5).astype(int)
    fit = failed(lk.Bernoulli(), {"x": x, "z": z, "g": g * 1, "y": y}, "y ~ x + g + z")
    assert found(fit).columns == ("g",)
    assert "g separates 20 of 120 rows from the rest: every row with g = 1 has y = 1" in fit.status
    assert "The other coefficients do have estimates" in fit.status
    rest = lk.fit(lk.Bernoulli(), {"x": x[~g], "z": z[~g], "y": y[~g]}, "y ~ x + z")
    assert [fit.coef[f"p.{k}"] for k in "xz"] == pytest.approx([rest.coef[f"p.{k}"] for k in "xz"], abs=1e-6)


def test_complete_separation_names_no_bystander():
    rng = np.random.default_rng(1)
    x, z, v = rng.normal(size=(3, 200))
    fit = failed(lk.Bernoulli(), {"x": x, "z": z, "v": v, "y": (x > 0.3) * 1}, "y ~ z + x + v")
    assert found(fit).columns == ("x",)
    fit = failed(lk.Bernoulli(), {"x": x, "z": z, "v": v, "y": (x + z > 0.3) * 1}, "y ~ z + x + v")
    assert found(fit).columns == ("z", "x")
    assert "a combination of them tells apart" in fit.status


def test_one_class():
    for y, end in ((1, "+infinity"), (0, "-infinity")):
        fit = failed(lk.Bernoulli(), {"x": [1, 2, 3, 4, 5], "y": [y] * 5}, "y ~ x")
        assert f"y is {y} in all 5 rows: the intercept of p" in fit.status
        assert end in fit.status
    fit = failed(lk.Bernoulli(), {"o": [0.0, 1, 2, 3], "y": [1] * 4}, "y ~ 1 + offset(o)")
    assert "the intercept of p" in fit.status


def test_a_reference_level_is_named_by_the_others():
    g = np.repeat(["a", "b", "c"], 10)
    y = np.where(g == "a", 1, np.arange(30) % 2)
    fit = failed(lk.Bernoulli(), {"g": g, "y": y}, "y ~ C(g)")
    assert "every row with C(g)[T.b] = 0, C(g)[T.c] = 0 has y = 1" in fit.status


def test_rows_of_weight_zero_do_not_count():
    data = {"x": [1, 2, 3, 4, 5, 6], "y": [0, 1, 0, 1, 1, 1], "w": [1, 0, 1, 1, 1, 1]}
    assert "x separates" in failed(lk.Bernoulli(), data, "y ~ x", weights="w").status
    assert lk.fit(lk.Bernoulli(), data, "y ~ x").converged


def test_times_and_years():
    """Columns that vary little about a large value keep the digits that tell the rows apart."""
    x = 1.7e9 + np.arange(100.0)
    y = (np.arange(100) >= 50) * 1
    assert "x <= 1700000049 has y = 0" in failed(lk.Bernoulli(), {"x": x, "y": y}, "y ~ x").status
    y[[49, 50]] = 1, 0
    assert separate(Cone.of_signs(np.column_stack([np.ones(100), x - 1.7e9]), 2.0 * y - 1)) is None


# -- families ----------------------------------------------------------------------------------------------


def counts():
    rng = np.random.default_rng(2)
    x, g = rng.normal(size=90), np.repeat(["a", "b", "c"], 30)
    return {"x": x, "g": g, "y": np.where(g == "c", 0, rng.poisson(np.exp(0.5 + 0.3 * x)))}


@pytest.mark.parametrize(("family", "end"), [(lk.Poisson(), "-"), (lk.NegativeBinomial(), "-"), (lk.Geometric(), "+")])
def test_counts_of_zero(family, end):
    fit = failed(family, counts(), "y ~ x + C(g)")
    assert found(fit).columns == ("C(g)[T.c]",)
    assert "every row with C(g)[T.c] = 1 has y = 0" in fit.status
    assert f"it runs to {end}infinity" in fit.status


def test_binomial_and_its_empty_rows():
    data = {"x": [0, 1, 2, 3, 1.5], "s": [0, 0, 4, 5, 0], "n": [3, 2, 4, 5, 0]}
    fit = failed(lk.Binomial(n="n"), data, "s ~ x")
    assert "x separates the outcomes perfectly" in fit.status
    assert "every row with x >= 2 has s at its largest possible value" in fit.status
    assert lk.fit(lk.Binomial(n="n"), {**data, "s": [0, 1, 3, 5, 0]}, "s ~ x").converged


def test_categories():
    rng = np.random.default_rng(3)
    x, g = rng.normal(size=150), np.arange(150) % 3 == 0
    k = rng.choice(["lo", "mid", "top"], 150)
    assert lk.fit(lk.Categorical(), {"x": x, "k": k}, "k ~ x").converged
    fit = failed(lk.Categorical(), {"x": x, "g": g * 1, "k": np.where(g, "top", k)}, "k ~ x + g")
    assert found(fit).columns == ("g",)
    assert "every row with g = 1 has k = top" in fit.status
    fit = failed(lk.Categorical(), {"x": x, "k": np.where(x > 0.5, "top", np.where(k == "top", "lo", k))}, "k ~ x")
    assert "has k = top" in fit.status
    assert "has k = lo or mid" in fit.status


# -- no false alarm, no miss ---------------------------------------------------------------------------------


def test_large_coefficients_are_not_separation():
    x = np.linspace(-3, 3, 400)
    y = (x > 0) * 1
    y[[198, 201]] = 1, 0
    fit = lk.fit(lk.Bernoulli(), {"x": x, "y": y}, "y ~ x")
    assert fit.converged
    assert fit.coef["p.x"] > 40
    for overlap in (1e-2, 1e-4, 1e-6):
        x = np.r_[np.linspace(0, 1, 30), np.linspace(1 - overlap, 2, 30)]
        assert lk.fit(lk.Bernoulli(), {"x": x, "y": np.repeat([0, 1], 30)}, "y ~ x").converged
        x = np.r_[np.linspace(0, 1, 30), np.linspace(1 + overlap, 2, 30)]
        failed(lk.Bernoulli(), {"x": x, "y": np.repeat([0, 1], 30)}, "y ~ x")


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


@pytest.mark.parametrize("seed", range(4))
def test_against_another_formulation(seed):
    """Small whole numbers and normals, badly scaled, with and without ties: the same rows as the slack programme."""
    rng = np.random.default_rng(seed)
    separated = 0
    for _ in range(40):
        n, p = rng.integers(4, 25), rng.integers(1, 5)
        x = rng.normal(size=(n, p)) if rng.random() < 0.4 else rng.integers(-2, 3, (n, p)).astype(float)
        x = np.column_stack([np.ones(n), x])
        code = np.where(x @ rng.normal(size=p + 1) + rng.normal(size=n) * rng.choice([0.3, 2.0]) > 0, 1.0, -1.0)
        code = np.where(rng.random(n) < rng.choice([0.0, 0.15]), 0.0, code)
        ends = code != 0
        if not np.any(ends):
            continue
        expected = most_separated(x[ends] * code[ends, None], x[~ends])
        direction = separate(Cone.of_signs(x * 10.0 ** rng.integers(-6, 7, p + 1), code))
        actual = np.zeros(np.count_nonzero(ends), dtype=bool) if direction is None else direction.separated
        np.testing.assert_array_equal(actual, expected)
        separated += bool(np.any(expected))
    assert 5 < separated < 38


def test_categories_against_another_formulation():
    rng = np.random.default_rng(9)
    separated = 0
    for _ in range(60):
        levels, n = rng.integers(3, 5), rng.integers(6, 25)
        x = np.column_stack([np.ones(n), rng.integers(-2, 3, n)]).astype(float)
        y = np.argmax(x @ rng.normal(size=(2, levels)) + rng.gumbel(size=(n, levels)) * rng.choice([0.1, 0.7]), axis=1)
        y[:levels] = np.arange(levels)
        cone = Cone.of_levels(x, y.astype(float), int(levels))
        conditions = cone.rows(np.arange(n * (levels - 1)), np.eye(2))
        expected = most_separated(conditions, conditions[:0]).reshape(cone.shape)
        direction = separate(cone)
        actual = np.zeros(cone.shape, dtype=bool) if direction is None else direction.met
        np.testing.assert_array_equal(actual, expected)
        separated += bool(np.any(expected))
    assert 5 < separated < 55


def test_many_rows():
    """Programmes that see a few thousand rows settle a hundred thousand."""
    rng = np.random.default_rng(4)
    x = np.column_stack([np.ones(100_000), rng.normal(size=(100_000, 6))])
    y = rng.random(100_000) < 0.5
    assert separate(Cone.of_signs(x, 2.0 * y - 1)) is None
    rare = np.arange(100_000) % 10_000 == 17
    x[:, 3], y[rare] = rare, True
    direction = separate(Cone.of_signs(x, 2.0 * y - 1))
    np.testing.assert_array_equal(direction.separated, rare)
    np.testing.assert_array_equal(direction.free[:, 0], np.arange(7) == 3)


# Data set 10 of the ppmlhdfe test suite (github.com/sergiocorreia/ppmlhdfe, MIT licence): Poisson, rows flagged
PPML_10 = """0 -5 0 1 1
0 -2 0 1 1
0 0 2 1 1
0 0 0 2 0
0 0 0 3 1
0 2 3 4 1
0.5 2 2 2 0
1.1 1 1 2 0
2.1 4 2 4 0
3.3 3 3 2 0"""


def test_poisson_rows_as_ppmlhdfe_flags_them():
    table = np.array([row.split() for row in PPML_10.splitlines()], dtype=float)
    zero = table[:, 0] == 0
    direction = separate(Cone.of_signs(np.column_stack([np.ones(10), table[:, 1:4]]), -1.0 * zero))
    np.testing.assert_array_equal(direction.separated, table[zero, 4] == 1)


@pytest.mark.skipif(not SHARED.exists(), reason="the reference data are not here")
def test_endometrial_cancer():
    """Heinze and Schemper (2002): NV alone has no estimate."""
    fit = failed(lk.Bernoulli(), str(SHARED / "endometrial.csv"), "HG ~ NV + PI + EH")
    assert found(fit).columns == ("NV",)
    assert "every row with NV = 1 has HG = 1" in fit.status


@pytest.mark.parametrize("family", ["bernoulli", "poisson", "categorical"])
def test_levels_among_many_by_the_scores_of_the_search(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The small programme that the scores leave finds the same rows as the whole one, without it."""
    from likely.search.separation import find, large

    monkeypatch.setattr(find, "LARGEST", 5)
    rng = np.random.default_rng(4)
    n = 3000
    g, x = rng.integers(0, 30, n), rng.normal(size=n)
    y = rng.integers(0, 3, n) if family == "categorical" else rng.poisson(1.0, n)
    y = np.minimum(y, 1) if family == "bernoulli" else y
    y = np.where(g == 7, 0, np.where((g == 9) & (y == 0), 1, y) if family == "bernoulli" else y)
    data = {"y": y.astype(str) if family == "categorical" else y, "g": np.char.add("g", g.astype(str)), "x": x}
    found = lk.fit(family, data, "y ~ g + x", on_failure="return").separation
    monkeypatch.setattr(large, "LARGEST_GRAM", 0)
    whole = lk.fit(family, data, "y ~ g + x", on_failure="return").separation
    assert found.columns == whole.columns
    np.testing.assert_array_equal(found.rows, whole.rows)
    expected = np.isin(g, [7, 9]) if family == "bernoulli" else g == 7
    np.testing.assert_array_equal(found.rows, np.flatnonzero(expected))
