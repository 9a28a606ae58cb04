"""Paths of penalised fits and cross-validation: against scikit-learn and by their own definition."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn import linear_model

import likely as lk
from likely.errors import OptionError, UnknownNameError

N = 120


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(N, 4))
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    eta = x @ [1.0, -0.5, 0.2, 0.0]
    columns = {f"x{j}": x[:, j] for j in range(4)}
    return {
        **columns,
        "yes": (rng.random(N) < 1 / (1 + np.exp(-eta))).astype(float),
        "value": eta + rng.standard_t(3, size=N),
    }


FORMULA = "x0 + x1 + x2 + x3"


def test_a_lasso_path_against_scikit_learn(data: dict[str, Any]) -> None:
    path = lk.path(lk.Normal(sd=1.0), data, f"value ~ {FORMULA}", n=30)
    x = np.column_stack([data[f"x{j}"] for j in range(4)])
    alphas, coefs, _ = linear_model.lasso_path(
        x, data["value"] - np.mean(data["value"]), alphas=path.strengths / N, tol=1e-14
    )
    np.testing.assert_allclose(alphas * N, path.strengths)
    np.testing.assert_allclose(path.coefficients[:, 1:], coefs.T, atol=1e-7)
    assert path.nonzero[0] == 0
    assert path.nonzero[1] >= 1  # the largest strength is the smallest that holds everything at 0
    assert path.strengths[-1] == pytest.approx(1e-3 * path.strengths[0])
    assert np.all(np.diff(path.logliks) >= -1e-9)
    plain = lk.fit(lk.Normal(sd=1.0), data, f"value ~ {FORMULA}", penalty=lk.Lasso(float(path.strengths[7])))
    assert path.coefficients[7] == pytest.approx(list(plain.coef.values()), abs=1e-6)
    assert path.fit(float(path.strengths[7])).coef == pytest.approx(plain.coef, abs=1e-12)


def test_cross_validation_is_what_it_says(data: dict[str, Any]) -> None:
    """The folds dealt as documented, each fitted by scikit-learn with the columns scaled on the rows used."""
    path = lk.path("bernoulli", data, f"yes ~ {FORMULA}", strengths=[0.5, 2.0, 5.0])
    held = path.cross_validate(4, seed=9)
    x, y = np.column_stack([data[f"x{j}"] for j in range(4)]), data["yes"]
    fold_of = np.random.default_rng(9).permutation(np.arange(N) % 4)
    for i, strength in enumerate(path.strengths):
        each = []
        for k in range(4):
            train, test = fold_of != k, fold_of == k
            size = x[train].std(axis=0)
            model = linear_model.LogisticRegression(
                C=1 / strength, l1_ratio=1.0, solver="saga", tol=1e-10, max_iter=50_000
            )
            model.fit(x[train] / size, y[train])
            p = model.predict_proba(x[test] / size)[:, 1]
            each.append(np.mean(y[test] * np.log(p) + (1 - y[test]) * np.log1p(-p)))
        assert held.mean[i] == pytest.approx(np.mean(each), abs=1e-6)
        assert held.stderr[i] == pytest.approx(np.std(each, ddof=1) / 2.0, abs=1e-6)
    assert held.best == path.strengths[int(np.argmax(held.mean))]
    assert held.one_standard_error >= held.best
    assert held.choose().status.startswith("penalised (lasso")
    assert path.choose(folds=4, seed=9).coef == held.choose().coef
    again = path.cross_validate(4, seed=9)
    assert np.array_equal(again.mean, held.mean)
    text = str(held)
    assert "best" in text
    assert "4 folds, seed 9" in text


def test_paths_of_any_family_and_parameter(data: dict[str, Any]) -> None:
    seen: list[tuple[int, int]] = []
    path = lk.path(
        "student_t", data, f"value ~ {FORMULA}", "elastic net", l1_ratio=0.7, n=6, scale="~ x0 + x1", of="scale",
        progress=lambda done, total: seen.append((done, total)),
    )  # fmt: skip
    assert seen[-1] == (6, 6)
    places = [path.names.index(name) for name in ("scale.x0", "scale.x1")]
    assert np.all(path.coefficients[0, places] == 0.0)
    assert np.all(path.coefficients[:, path.names.index("loc.x0")] != 0.0)
    ridge = lk.path("bernoulli", data, f"yes ~ {FORMULA}", "ridge", n=5)
    assert np.all(np.abs(ridge.coefficients[0, 1:]) < 0.01)
    plain = lk.fit("bernoulli", data, f"yes ~ {FORMULA}")
    assert ridge.coefficients[-1] == pytest.approx(list(plain.coef.values()), abs=1e-2)
    weighted = {**data, "w": np.full(N, 2.0)}
    twice = lk.path("bernoulli", weighted, f"yes ~ {FORMULA}", weights="w", n=4)
    once = lk.path("bernoulli", data, f"yes ~ {FORMULA}", n=4)
    np.testing.assert_allclose(twice.strengths, 2 * once.strengths, rtol=1e-6)
    np.testing.assert_allclose(twice.coefficients, once.coefficients, atol=1e-5)
    np.testing.assert_allclose(twice.cross_validate(3).mean, once.cross_validate(3).mean, atol=1e-5)


def test_a_path_that_ends_says_why() -> None:
    data = {"y": [0, 0, 0, 1, 1, 1], "x": [1, 2, 3, 4, 5, 6]}
    path = lk.path("bernoulli", data, "y ~ x", strengths=[2.0, 1.0, 0.0])
    assert len(path.strengths) == 2
    assert "separates" in path.note
    assert "separates" in str(path)


def test_wrong_options_of_paths(data: dict[str, Any]) -> None:
    def path(*args: Any, **options: Any) -> Any:
        return lk.path("bernoulli", data, f"yes ~ {FORMULA}", *args, **options)

    with pytest.raises(UnknownNameError, match="elastic net"):
        path("elasticnet")
    with pytest.raises(OptionError, match="l1_ratio belongs"):
        path("lasso", l1_ratio=0.5)
    with pytest.raises(OptionError, match="at least 2"):
        path(n=1)
    with pytest.raises(OptionError, match="between 0 and 1"):
        path(ratio=2.0)
    with pytest.raises(OptionError, match="at least 0"):
        path(strengths=[-1.0])
    with pytest.raises(UnknownNameError, match="in penalty="):
        path(of="q")
    found = path(n=3)
    with pytest.raises(OptionError, match="folds"):
        found.cross_validate(1)
    with pytest.raises(UnknownNameError, match="rule"):
        found.choose("worst")
    with pytest.raises(OptionError, match="progress"):
        found.cross_validate(3, progress=True)


def test_penalties_in_the_shell(capsys: pytest.CaptureFixture[str]) -> None:
    from typer.testing import CliRunner

    from likely.cli import app

    run = CliRunner().invoke
    base = ["fit", "loans", "default ~ duration + amount", "-f", "bernoulli", "--json"]
    shown = run(app, [*base, "--penalty", "elastic-net:2:0.5", "--constraints", "p.amount = 0"])
    assert shown.exit_code == 0
    assert "penalised (elastic net, strength 2, l1_ratio 0.5)" in shown.stdout
    assert "p.amount = 0" in shown.stdout
    shown = run(app, [*base, "--penalty", "ridge:2"])
    assert "penalised (ridge, strength 2)" in shown.stdout
    assert run(app, [*base, "--penalty", "ridge"]).exit_code == 2


def test_groups_are_held_out_together(data: dict[str, Any]) -> None:
    path = lk.path("bernoulli", data, f"yes ~ {FORMULA}", strengths=[1.0, 4.0])
    firm = np.arange(N) // 10
    held = path.cross_validate(3, groups=firm, seed=4)
    fold_of = np.random.default_rng(4).permutation(np.arange(N // 10) % 3)[firm]
    each, sizes = [], []
    for k in range(3):
        train = {name: np.asarray(column)[fold_of != k] for name, column in data.items()}
        test = {name: np.asarray(column)[fold_of == k] for name, column in data.items()}
        fit = lk.fit("bernoulli", train, f"yes ~ {FORMULA}", penalty=lk.Lasso(4.0))
        p = np.asarray(fit.predict(test))
        each.append(float(np.sum(np.log(np.where(test["yes"] == 1, p, 1 - p)))))
        sizes.append(len(p))
    assert held.mean[0] == pytest.approx(sum(each) / sum(sizes), rel=1e-6)
    named = lk.path("bernoulli", {**data, "firm": firm}, f"yes ~ {FORMULA}", strengths=[1.0, 4.0])
    again = named.cross_validate(3, groups="firm", seed=4)
    assert again.mean == pytest.approx(held.mean)
    assert "3 folds of firm" in str(again)
    with pytest.raises(OptionError, match="12 groups"):
        path.cross_validate(13, groups=firm)
    with pytest.raises(UnknownNameError, match="groups="):
        path.cross_validate(3, groups="frm")


def test_strata_are_not_torn_apart() -> None:
    """A conditional likelihood is one of whole strata: they are held out whole, or not at all."""
    rng = np.random.default_rng(0)
    x, pair = rng.normal(size=60), np.repeat(np.arange(30), 2)
    data = {"case": np.tile([1, 0], 30), "x": x + 0.8 * np.tile([1, 0], 30), "pair": pair}
    path = lk.path("conditional_logit", data, "case ~ x", strata="pair", strengths=[0.5, 0.05])
    with pytest.raises(OptionError, match="groups="):
        path.cross_validate(3)
    held = path.cross_validate(3, groups="pair", seed=1)
    fold_of = np.random.default_rng(1).permutation(np.arange(30) % 3)
    total = 0.0
    for k in range(3):
        rows = fold_of[pair] != k
        fit = lk.fit(
            "conditional_logit",
            {name: np.asarray(column)[rows] for name, column in data.items()},
            "case ~ x",
            strata="pair",
            penalty=lk.Lasso(0.05),
        )
        slope = fit.coef["utility.x"]
        gap = (np.asarray(data["x"])[~rows][::2] - np.asarray(data["x"])[~rows][1::2]) * slope
        total -= float(np.sum(np.log1p(np.exp(-gap))))
    assert held.mean[1] == pytest.approx(total / 60, rel=1e-6)


def test_a_path_of_one_coefficient_by_its_short_name(data: dict[str, Any]) -> None:
    path = lk.path("bernoulli", data, f"yes ~ {FORMULA}", of="x1", n=3)
    assert path.nonzero.tolist() == [0, 1, 1]
