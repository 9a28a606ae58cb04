"""Rows left out: beside statsmodels, beside exact refits, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

import likely as lk
from likely.errors import DataError, FitError, OptionError, UnknownNameError

RNG = np.random.default_rng(31)
N = 60
X, Z = RNG.normal(size=N), RNG.normal(size=N)
DESIGN = np.column_stack([np.ones(N), X, Z])


def data(name):
    eta = 0.4 + 0.5 * X - 0.3 * Z
    y = {
        "normal": lambda: eta + RNG.normal(size=N),
        "poisson": lambda: RNG.poisson(np.exp(eta)),
        "bernoulli": lambda: (RNG.random(N) < 1 / (1 + np.exp(-eta))).astype(float),
        "gamma": lambda: RNG.gamma(3, np.exp(eta) / 3),
    }[name]()
    return {"y": y, "x": X, "z": Z}


def test_a_linear_model_without_a_row_is_exact():
    d = data("normal")
    fit = lk.fit("normal", d, "y ~ x + z")
    found = fit.influence()
    outside = sm.OLS(d["y"], DESIGN).fit().get_influence()
    for j, name in enumerate(("mean.Intercept", "mean.x", "mean.z")):
        np.testing.assert_allclose(found.pull(name) * fit.stderr[name], outside.dfbeta[:, j], rtol=1e-8, atol=1e-12)
    # the hat values, and the share that each row has in the one spread
    np.testing.assert_allclose(found.leverage, outside.hat_matrix_diag + 1 / N, rtol=1e-9)
    assert found.leverage.sum() == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("name", "family"), [("poisson", sm.families.Poisson()), ("bernoulli", sm.families.Binomial())]
)
def test_the_one_step_distances_of_a_glm(name, family):
    d = data(name)
    found = lk.fit(name, d, "y ~ x + z").influence()
    outside = sm.GLM(d["y"], DESIGN, family=family).fit(tol=1e-12).get_influence(observed=False)
    np.testing.assert_allclose(found.leverage, outside.hat_matrix_diag, rtol=1e-5)
    np.testing.assert_allclose(found.cook, outside.cooks_distance[0], rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("name", ["normal", "poisson", "bernoulli", "gamma"])
def test_exact_refits_are_fits_of_the_other_rows(name):
    d = data(name)
    fit = lk.fit(name, d, "y ~ x + z")
    exact = fit.influence().refit([5, 17])
    for row in exact.rows:
        rest = {k: np.delete(v, row["row"]) for k, v in d.items()}
        again = lk.fit(name, rest, "y ~ x + z")
        assert row["without"] == pytest.approx(again.coef[row["estimate"]], rel=1e-6, abs=1e-7)
        assert row["with"] == fit.coef[row["estimate"]]
    one_step = fit.influence().pull("rate.x" if name == "poisson" else next(iter(fit.coef)).replace("Intercept", "x"))
    assert np.all(np.isfinite(one_step))


def test_one_step_is_close_to_exact_where_rows_are_many():
    y = RNG.poisson(2.0, size=400).astype(float)
    x = RNG.normal(size=400)
    found = lk.fit("negative_binomial", {"y": y, "x": x}, "y ~ x").influence() if np.var(y) > 1.2 * np.mean(y) else None
    found = found or lk.fit("poisson", {"y": y, "x": x}, "y ~ x").influence()
    step, exact = found.top(5).rows, found.refit().rows
    for a, b in zip(step, exact, strict=True):
        assert a["pull"] == pytest.approx(b["pull"], rel=0.15)


def test_the_whale_is_found_named_and_weighed():
    amounts = np.append(RNG.normal(50, 10, 199), 5000.0)
    fit = lk.fit("normal", {"amount": amounts, "age": RNG.normal(size=200)}, "amount ~ age")
    found = fit.influence()
    first = found.top(1).rows[0]
    assert first["row"] == 199
    assert first["observed"] == 5000.0
    exact = found.refit([199]).rows[0]
    rest = lk.fit(
        "normal", {"amount": amounts[:-1], "age": fit.likelihood.bound.table.column("age")[:-1]}, "amount ~ age"
    )
    assert exact["without"] == pytest.approx(rest.coef[exact["estimate"]])
    assert found.pull("mean.Intercept")[199] > 0.9
    assert "amount" in str(found)


def test_a_spread_with_predictors_and_weights():
    d = data("normal") | {"w": RNG.integers(1, 4, N).astype(float)}
    fit = lk.fit("normal", d, "y ~ x", sd="~ z", weights="w")
    found = fit.influence()
    assert found.leverage.sum() == pytest.approx(4.0)  # every copy of a row has its share
    step, exact = found.top(5).rows, found.refit().rows
    assert [a["row"] for a in step] == [b["row"] for b in exact]
    same = [(a["pull"], b["pull"]) for a, b in zip(step, exact, strict=True) if a["estimate"] == b["estimate"]]
    assert same
    for a, b in same:
        assert a == pytest.approx(b, rel=0.6, abs=0.1)


def test_a_row_with_its_coefficient_to_itself():
    d = {"y": [1.0, 2.0, 1.5, 7.0, 1.2], "g": ["a", "a", "a", "b", "a"]}
    found = lk.fit("poisson", {"y": [1, 2, 1, 7, 3], "g": d["g"]}, "y ~ g").influence()
    assert np.isinf(found.cook[3])
    top = found.top(1)
    assert top.rows[0]["without"] is None
    assert "-" in str(top)


def test_ordered_labels_and_categories():
    y = np.array(["low", "mid", "high"])[np.clip(np.round(1 + X + 0.5 * Z).astype(int), 0, 2)]
    for family in (lk.Ordinal(levels=["low", "mid", "high"]), lk.Categorical(levels=["low", "mid", "high"])):
        found = lk.fit(family, {"y": y, "x": X}, "y ~ x").influence()
        assert found.top(1).rows[0]["observed"] in {"low", "mid", "high"}
        assert found.leverage.sum() == pytest.approx(len(found._errors), rel=1e-6)


def test_what_is_refused():
    with pytest.raises(OptionError, match="corners"):
        lk.fit("laplace", data("normal"), "y ~ x").influence()
    with pytest.raises(OptionError, match="penalty"):
        lk.fit("normal", data("normal"), "y ~ x", penalty=lk.Ridge(1.0)).influence()
    with pytest.raises(FitError, match="converged fit"):
        lk.fit("normal", [5.0, 5.0], on_failure="return").influence()
    found = lk.fit("normal", data("normal"), "y ~ x").influence()
    with pytest.raises(UnknownNameError, match="estimate"):
        found.pull("mean.q")
    with pytest.raises(DataError, match="rows are whole numbers from 0 to 59"):
        found.refit([60])
