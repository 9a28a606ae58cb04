"""A row of weight zero is as if it were not there: every result is that of the other rows, whatever it holds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import likely as lk
from likely.errors import DataError, LikelyError, MissingValuesError, SupportError
from likely.families import FAMILIES
from likely.inference.fit_code import Recipe

N = 60
RNG = np.random.default_rng(11)
X = RNG.normal(size=N)
G = RNG.choice(["a", "b", "c"], N)
COUNT = RNG.poisson(2.5, N).astype(float)
POSITIVE = np.exp(0.4 * X + RNG.normal(size=N) * 0.7)
REAL = 1.0 + X + RNG.standard_t(5, size=N)
SHARE = 1.0 / (1.0 + np.exp(-0.5 * X - RNG.normal(size=N)))
RESPONSES: dict[str, Any] = {
    "bernoulli": (COUNT > 2).astype(float),
    "binomial": np.minimum(COUNT, 6.0),
    "geometric": COUNT,
    "poisson": COUNT,
    "negative_binomial": np.floor(COUNT * POSITIVE),
    "categorical": np.array(["p", "q", "r"])[(COUNT % 3).astype(int)],
    "ordinal": np.digitize(REAL, [0.0, 1.5]).astype(float),
    "beta": SHARE,
    **dict.fromkeys(
        ("exponential", "gamma", "inverse_gaussian", "weibull", "log_normal", "log_logistic", "pareto"), POSITIVE
    ),
}
KNOWN: dict[str, dict[str, Any]] = {"binomial": {"n": 6}, "asymmetric_laplace": {"tau": 0.3}, "huber": {"k": 1.345}}
AWAY = np.zeros(N, dtype=bool)
AWAY[[0, 7, 8, 23, 41, N - 1]] = True
WEIGHTS = np.where(AWAY, 0.0, RNG.integers(1, 4, N).astype(float))
KINDS = ("frequency", "analytic", "sampling", "importance")
# what rows to be ignored hold: nothing, a code for unknown, what no family gives a density, a level of their own
MARKS = (np.nan, 999999.0, -999.0, np.inf)


def family_of(name: str) -> Any:
    return FAMILIES[name](**KNOWN.get(name, {}))


def data_of(name: str, mark: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """Data with marks in the rows of weight zero, and the other rows alone."""
    y = RESPONSES.get(name, REAL)
    if y.dtype.kind == "U":
        y = y.astype(object)
        marked = np.where(AWAY, None if np.isnan(mark) else "unknown", y)
    else:
        marked = np.where(AWAY, mark, y)
    g = np.where(AWAY, None if np.isnan(mark) else "z", G.astype(object))
    data = {"y": marked, "x": np.where(AWAY, mark, X), "g": g, "w": WEIGHTS}
    return data, {"y": y[~AWAY], "x": X[~AWAY], "g": G[~AWAY].astype(object), "w": WEIGHTS[~AWAY]}


def close(a: Any, b: Any) -> bool:
    if a is None or b is None:
        return a is b
    return bool(np.allclose(np.asarray(a, dtype=float), np.asarray(b, dtype=float), rtol=1e-6, atol=1e-9))


def assert_same(fit: lk.Fit, right: lk.Fit) -> None:
    assert fit.status == right.status
    assert (fit.n, fit.k, fit.df_residual) == (right.n, right.k, right.df_residual)
    assert list(fit.coef) == list(right.coef)
    assert fit.loglik == pytest.approx(right.loglik, rel=1e-9)
    for name in right.coef:
        assert close(fit.coef[name], right.coef[name]), name
        assert close(fit.stderr[name], right.stderr[name]), name


@pytest.mark.parametrize(
    ("name", "kind"),
    [(name, kind) for name, family in FAMILIES.items() for kind in KINDS if kind != "analytic" or family.averaged],
)
def test_every_family_and_kind(name: str, kind: str) -> None:
    family = family_of(name)
    formula = "y ~ 1" if all(p.edge for p in family.free) else "y ~ x"
    for mark in MARKS[:1] if kind != "frequency" else (MARKS[0], *MARKS[2:]):
        data, rest = data_of(name, mark)
        for right_side in dict.fromkeys(["y ~ 1", formula] if kind == "frequency" else [formula]):
            options = {"weights": "w", "weights_kind": kind, "on_failure": "return"}
            fit, right = (lk.fit(family, d, right_side, **options) for d in (data, rest))
            assert_same(fit, right)
            if right.converged:
                what = {"what": "prob"} if family.kind.labels else {"what": "quantile", "q": 0.4}
                ours, theirs = (f.predict(rest, **what) for f in (fit, right))
                assert close(
                    list(ours.values()) if family.kind.labels else ours,
                    list(theirs.values()) if family.kind.labels else theirs,
                )


@pytest.mark.parametrize("mark", MARKS[:3])
def test_columns_that_are_shifted_scaled_and_spread(mark: float) -> None:
    data, rest = data_of("normal", mark)
    for right_side in (
        "center(x)",
        "scale(x)",
        "poly(x, 2)",
        "bs(x, df=4)",
        "x + g",
        "C(g) * x",
        "I(x - 300000)",
        "log(x + 9)",
    ):
        assert_same(*(lk.fit("normal", d, f"y ~ {right_side}", weights="w") for d in (data, rest)))
        new = {"x": [0.1, -0.4], "g": ["a", "c"]}
        fits = [lk.fit("normal", d, f"y ~ {right_side}", weights="w") for d in (data, rest)]
        assert close(*(fit.predict(new) for fit in fits))


@pytest.mark.parametrize("kind", ["pandas", "polars", "arrays", "file"])
def test_tables_of_any_kind(kind: str, tmp_path: Any) -> None:
    data, rest = data_of("gamma", np.nan)
    given: Any = pd.DataFrame(data, index=np.arange(100, 100 + N))
    if kind == "polars":
        given = pl.from_pandas(given)
    if kind == "file":
        given.to_csv(tmp_path / "data.csv", index=False)
        given = tmp_path / "data.csv"
    right = lk.fit("gamma", rest, "y ~ x + g", weights="w")
    if kind == "arrays":
        fit = lk.fit("gamma", data["y"], data["x"][:, None], weights=data["w"])
        right = lk.fit("gamma", rest["y"], rest["x"][:, None], weights=rest["w"])
    else:
        fit = lk.fit("gamma", given, "y ~ x + g", weights="w")
    assert_same(fit, right)
    found = fit.predict()
    assert len(found) == N - AWAY.sum()
    if kind == "pandas":
        assert found.index.tolist() == given.index[~AWAY].tolist()
        assert fit.residuals().index.tolist() == fit.surprise().index.tolist() == given.index[~AWAY].tolist()


def test_a_column_of_numbers_stays_one() -> None:
    """Text in the rows of weight zero makes no levels of the other rows' numbers."""
    data, rest = data_of("normal", np.nan)
    data["x"] = [("unknown" if away else float(x)) for away, x in zip(AWAY, X, strict=True)]
    data["y"] = [("?" if away else float(y)) for away, y in zip(AWAY, REAL, strict=True)]
    right = lk.fit("normal", rest, "y ~ x", weights="w")
    for given in (data, pd.DataFrame(data)):
        assert_same(lk.fit("normal", given, "y ~ x", weights="w"), right)
    matrix = pd.DataFrame({"x": data["x"]})
    fit = lk.fit("normal", data["y"], matrix, weights=WEIGHTS)
    assert_same(fit, lk.fit("normal", rest["y"], pd.DataFrame({"x": rest["x"]}), weights=rest["w"]))


def test_levels_that_occur_with_weight_zero_only() -> None:
    y = np.array(["", "p", "q", "r"], dtype=object)[RNG.integers(1, 4, N)]
    w = (y != "q").astype(float)
    declared = pd.Categorical(y, categories=["r", "q", "p"], ordered=True)
    for labels in (y, declared):
        for family in (lk.Categorical(), lk.Ordinal()):
            if family.name == "ordinal" and labels is y:
                continue
            data = pd.DataFrame({"y": labels, "x": X, "w": w})
            fit, right = (lk.fit(family, d, "y ~ x", weights="w") for d in (data, data[w > 0]))
            assert_same(fit, right)
            assert fit.likelihood.model.levels == right.likelihood.model.levels
    data = pd.DataFrame({"y": REAL, "g": pd.Categorical(G), "w": (G != "b").astype(float)})
    fit, right = (lk.fit("normal", d, "y ~ g", weights="w") for d in (data, data[G != "b"]))
    assert_same(fit, right)
    for f in (fit, right):
        with pytest.raises(DataError, match="not seen"):
            f.predict({"g": ["b"]})


def test_what_stands_beside_the_columns() -> None:
    """Offsets, exposures, known values, clusters and further matrices have one entry for every row of the data."""
    mark = np.where(AWAY, np.nan, 0.0)
    t, noise = np.exp(X) + mark, 1.0 + X**2
    bad = np.where(AWAY, -5.0, np.exp(X))
    cluster = np.where(AWAY, None, (np.arange(N) % 7).astype(object))
    data, rest = data_of("poisson", np.nan)
    right = lk.fit("poisson", rest, "y ~ x", weights="w", exposure=bad[~AWAY], cov="cluster", cluster=cluster[~AWAY])
    for exposure in (t, bad, list(bad), pd.Series(bad)):
        fit = lk.fit("poisson", data, "y ~ x", weights="w", exposure=exposure, cov="cluster", cluster=cluster)
        assert_same(fit, right)
        assert_same(fit.with_cov(cluster=cluster), right)
    fit = lk.fit("poisson", {**data, "t": bad}, "y ~ x + offset(log(t))", weights="w")
    assert_same(fit, lk.fit("poisson", rest, "y ~ x", weights="w", offset=np.log(bad[~AWAY])))
    data, rest = data_of("normal", -999.0)
    fit = lk.fit(lk.Normal(sd=noise), data, "y ~ x", weights="w")
    assert_same(fit, lk.fit(lk.Normal(sd=noise[~AWAY]), rest, "y ~ x", weights="w"))
    for nothing in (-1.0, np.nan):
        fit = lk.fit(lk.Normal(sd="s"), {**data, "s": np.where(AWAY, nothing, noise)}, "y ~ x", weights="w")
        assert_same(fit, lk.fit(lk.Normal(sd=noise[~AWAY]), rest, "y ~ x", weights="w"))
    z = np.column_stack([np.ones(N), t])
    fit = lk.fit("normal", data, "y ~ x", sd=z, weights="w", offset={"sd": mark, "mean": mark + 1.0})
    assert_same(fit, lk.fit("normal", rest, "y ~ x", sd=z[~AWAY], weights="w", offset={"mean": np.ones(N)[~AWAY]}))


def test_separation_and_aliased_columns_are_those_of_the_other_rows() -> None:
    x, y, w = np.arange(10.0), (np.arange(10) > 4).astype(float), np.ones(10)
    x[9], y[9], w[9] = -50.0, 1.0, 0.0  # would break the separation
    data = {"x": x, "y": y, "w": w}
    found, right = (
        lk.separation("bernoulli", data, "y ~ x", weights="w"),
        lk.separation("bernoulli", x_of(data, w), "y ~ x"),
    )
    assert found is not None
    assert found.complete
    assert str(found) == str(right)
    data["z"] = np.where(w > 0, 2 * x + 1, 0.0)
    fit = lk.fit("normal", {**data, "y": np.sin(x)}, "y ~ x + z", weights="w", aliased="drop")
    assert list(fit.aliased) == ["mean.z"]
    first = {**data, "w": np.r_[0.0, np.ones(9)], "y": np.r_[0.0, y[:9]]}
    apart = lk.separation("bernoulli", first, "y ~ x", weights="w")
    assert apart is None or 0 not in apart.rows  # rows are told by their place in the data


def x_of(data: dict[str, Any], w: Any) -> dict[str, Any]:
    return {name: values[w > 0] for name, values in data.items()}


def test_everything_that_follows_from_a_fit() -> None:
    data, rest = data_of("gamma", np.nan)
    fit, right = (lk.fit("gamma", d, "y ~ x + g", weights="w") for d in (data, rest))
    assert close(fit.residuals(), right.residuals())
    assert close(fit.surprise(), right.surprise())
    for options in ({"method": "profile"}, {"method": "bootstrap", "kind": "cases", "replicates": 50, "seed": 3}):
        assert str(fit.interval(names="mean.x", **options)) == str(right.interval(names="mean.x", **options))
    assert (fit.aic, fit.bic) == pytest.approx((right.aic, right.bic))
    for one, other in ((fit.terms(), right.terms()), (fit.effects("x"), right.effects("x"))):
        assert str(one) == str(other)
    assert str(fit.test("mean.x = 0")) == str(right.test("mean.x = 0"))
    for cov in ("HC0", "HC3", "expected", "opg"):
        assert close(list(fit.with_cov(cov).stderr.values()), list(right.with_cov(cov).stderr.values()))
    influence, other = fit.influence(), right.influence()
    assert close(influence.cook, other.cook)
    places = np.flatnonzero(~AWAY)
    assert [r["row"] for r in influence.refit().rows] == [places[r["row"]] for r in other.refit().rows]
    with pytest.raises(DataError, match="row 7 is not among those that were fitted"):
        influence.refit([7])
    assert [r["row"] for r in fit.surprising(3).rows] == [places[r["row"]] for r in right.surprising(3).rows]
    assert "6 rows of weight 0 left out" in " ".join(str(fit.summary()).split())


def test_comparisons_and_paths() -> None:
    data, rest = data_of("gamma", -999.0)
    ours, theirs = (
        lk.compare(["gamma", "log_normal", "normal"], d, "y ~ x", weights="w", folds=5, seed=2) for d in (data, rest)
    )
    assert [(r.name, r.loglik, r.held_out) for r in ours.rows] == [(r.name, r.loglik, r.held_out) for r in theirs.rows]
    paths = [lk.path("gamma", d, "y ~ x + g", "ridge", weights="w", n=5) for d in (data, rest)]
    assert str(paths[0]) == str(paths[1])
    assert close(*(p.cross_validate(folds=3, seed=1).mean for p in paths))
    one, other = (
        (lk.likelihood("gamma", d, "y ~ x", weights="w") + lk.likelihood("gamma", d, "y ~ x", weights="w")).maximize()
        for d in (data, rest)
    )
    assert_same(one, other)


def test_the_recipe_repeats_the_weights() -> None:
    """Not a column of ones that has another value only where the weight is zero."""
    data, rest = data_of("normal", 5.0)
    w = (~AWAY).astype(float)
    data |= {"one": np.ones(N), "w": w}
    fit = lk.fit("normal", data, "y ~ x", weights=w)
    assert "weights=..." in Recipe(fit.estimates).code("data")
    assert_same(lk.Likelihood(Recipe(fit.estimates).likelihood()).maximize(), fit)
    named = Recipe(lk.fit("normal", data, "y ~ x", weights="w").estimates)
    assert 'weights="w"' in named.code("data")
    assert_same(lk.Likelihood(named.likelihood()).maximize(), lk.fit("normal", rest, "y ~ x"))


def test_densities() -> None:
    jnp = pytest.importorskip("jax.numpy")

    def line(p: Any, d: Any) -> Any:
        return -jnp.log(p["sd"]) - 0.5 * ((d["y"] - p["a"] - p["b"] * d["x"] - d["z"][:, 0]) / p["sd"]) ** 2

    data, rest = data_of("normal", np.nan)
    z = np.where(AWAY, np.nan, X**2)[:, None]
    params = {"a": lk.Real(0.0), "b": lk.Real(0.0), "sd": lk.Positive(1.0)}
    own = lk.density(line, params=params)
    mean = lk.density(lk.Normal(), mean=lambda p, d: p["a"] + p["b"] * d["x"], params={"a": lk.Real(), "b": lk.Real()})
    for density in (own, mean):
        ours = {k: v for k, v in data.items() if k in "yxw"} | ({"z": z} if density is own else {})
        others = {k: v for k, v in rest.items() if k in "yxw"} | ({"z": z[~AWAY]} if density is own else {})
        fits = [lk.fit(density, d, weights="w") for d in (ours, others)]
        assert_same(*fits)
        assert len(fits[0].surprise()) == N - AWAY.sum()


def test_strata() -> None:
    strata = np.repeat(np.arange(N // 4), 4)
    y = np.tile([1.0, 0.0, 0.0, 0.0], N // 4)
    y[::8] = 0.0
    y[1::8] = 1.0
    w = (~AWAY).astype(float)
    marked = {"y": np.where(AWAY, np.nan, y), "x": np.where(AWAY, np.nan, X), "s": strata, "w": w}
    fit = lk.fit(lk.ConditionalLogit(strata="s"), marked, "y ~ x", weights="w")
    other = {"y": y[~AWAY], "x": X[~AWAY], "s": strata[~AWAY]}
    assert_same(fit, lk.fit(lk.ConditionalLogit(strata="s"), other, "y ~ x"))


def test_errors_stay() -> None:
    data, _ = data_of("gamma", np.nan)
    for w, error, words in (
        (np.zeros(N), DataError, "all weights are zero"),
        (np.where(np.arange(N) == 5, -1.0, WEIGHTS), DataError, "row 5: -1.0"),
        (np.where(np.arange(N) == 5, np.inf, WEIGHTS), DataError, "row 5: inf"),
        (np.where(np.arange(N) == 5, np.nan, WEIGHTS), MissingValuesError, "weights: 1"),
    ):
        with pytest.raises(error, match=words):
            lk.fit("gamma", data, "y ~ x", weights=w)
    bad = data["y"].copy()
    bad[50] = -3.0
    with pytest.raises(SupportError, match=r"1 of 54 values of y are not: row 50: -3.0"):
        lk.fit("gamma", {**data, "y": bad}, "y ~ x", weights="w")
    bad[50], x = 1.0, data["x"].copy()
    x[50] = np.nan
    with pytest.raises(MissingValuesError, match=r"1 of 54 rows have missing values \(x: 1\)"):
        lk.fit("gamma", {**data, "y": bad, "x": x}, "y ~ x", weights="w")


@pytest.mark.parametrize("mark", [np.nan, -1.0, 7.0])
def test_calibration(mark: float) -> None:
    some = ~AWAY
    p = np.where(AWAY, mark, SHARE)
    y = np.where(AWAY, mark, (np.random.default_rng(2).random(N) < SHARE).astype(float))
    ours, theirs = lk.calibration(y, p, weights=WEIGHTS), lk.calibration(y[some], p[some], weights=WEIGHTS[some])
    assert str(ours) == str(theirs)
    rows = [int(row[0]) for row in ours.confidently_wrong(5).rows]
    assert rows == [np.flatnonzero(some)[int(row[0])] for row in theirs.confidently_wrong(5).rows]
    ours, theirs = lk.recalibrate(y, p, weights=WEIGHTS), lk.recalibrate(y[some], p[some], weights=WEIGHTS[some])
    assert str(ours) == str(theirs)
    three = np.column_stack([0.5 * p, 0.5 * p, 1 - p])
    labels = np.where(AWAY, "unknown", np.array(["a", "b", "c"])[np.arange(N) % 3])
    ours, theirs = (lk.calibration(labels[m], three[m], weights=WEIGHTS[m]) for m in (np.ones(N, dtype=bool), some))
    assert str(ours) == str(theirs)


@pytest.mark.parametrize("mark", [np.nan, -3.0])
def test_losses(mark: float) -> None:
    y, rate, w = np.where(AWAY, mark, COUNT), np.where(AWAY, mark, np.exp(X)), WEIGHTS
    some = ~AWAY
    nll, loss = lk.nll(lk.Poisson()), lk.loss(lk.Poisson())
    assert nll(y, rate=rate, weights=w) == pytest.approx(nll(y[some], rate=rate[some], weights=w[some]), rel=1e-13)
    assert loss(y, rate, weights=w) == pytest.approx(loss(y[some], rate[some], weights=w[some]), rel=1e-13)
    y[1] = -1.0
    with pytest.raises(SupportError, match=r"1 of 60 values of y are not: row 1: -1\.0"):
        nll(y, rate=rate, weights=w)


@pytest.mark.parametrize("mark", [np.nan, -3.0])
def test_boosting_starts_from_the_rows_that_count(mark: float) -> None:
    from likely.losses.boosting import objective

    y = np.where(AWAY, mark, COUNT)
    ours = objective(lk.NegativeBinomial(), y, weights=WEIGHTS)
    assert ours.constants == objective(lk.NegativeBinomial(), y[~AWAY], weights=WEIGHTS[~AWAY]).constants


def test_estimators() -> None:
    from likely.estimators import MLEClassifier, MLERegressor

    y, some = np.where(AWAY, -999.0, POSITIVE), ~AWAY
    ours = MLERegressor("gamma").fit(X[:, None], y, sample_weight=WEIGHTS)
    theirs = MLERegressor("gamma").fit(X[some, None], y[some], sample_weight=WEIGHTS[some])
    assert_same(ours.fit_, theirs.fit_)
    labels = np.where(AWAY, 7, COUNT % 3).astype(int)
    ours = MLEClassifier().fit(X[:, None], labels, sample_weight=WEIGHTS)
    theirs = MLEClassifier().fit(X[some, None], labels[some], sample_weight=WEIGHTS[some])
    assert ours.predict_proba(X[:5, None])[:, :3] == pytest.approx(theirs.predict_proba(X[:5, None]), rel=1e-9)
    assert ours.predict_proba(X[:5, None])[:, 3] == pytest.approx(np.zeros(5), abs=0.0)


@pytest.mark.parametrize("odd", [-3.0, 0.5, np.nan, np.inf])
def test_known_values_in_an_array(odd: float) -> None:
    x = np.arange(12.0)
    y = np.array([3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8.0])
    weights, n = np.r_[0.0, np.ones(11)], np.r_[odd, np.full(11, 10.0)]
    fit = lk.fit(lk.Binomial(n=n), {"y": y, "x": x}, "y ~ x", weights=weights)
    without = lk.fit(lk.Binomial(n=10), {"y": y[1:], "x": x[1:]}, "y ~ x")
    assert fit.coef == pytest.approx(without.coef, rel=1e-10)
    with pytest.raises(LikelyError):
        lk.fit(lk.Binomial(n=n), {"y": y, "x": x}, "y ~ x")
    with pytest.raises(LikelyError):
        lk.Binomial(n=n).log_prob(y, p=0.5)
