"""Bounds, fixed values and linear constraints: against SciPy's general solvers, and what the fits say."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from scipy import optimize

import likely as lk
from likely.errors import FitError, OptionError, ParameterError, UnknownNameError

N = 200


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    rng = np.random.default_rng(11)
    a, b, c = rng.normal(size=(3, N)) * [[1.0], [20.0], [0.05]]
    eta = 0.3 + 0.5 * a - 0.03 * b + 6.0 * c
    return {
        "a": a,
        "b": b,
        "c": c,
        "yes": (rng.random(N) < 1 / (1 + np.exp(-eta))).astype(float),
        "count": rng.poisson(np.exp(0.5 * eta)).astype(float),
        "value": eta + rng.standard_t(5, size=N) * np.exp(0.2 * a),
    }


def by_scipy(L: lk.Likelihood, rows: Any, room: Any, equal: Any = None, target: Any = None) -> Any:
    """The constrained maximum on the scale of the coefficients by trust-constr, from two starts, the better one."""
    best = None
    constraints = [optimize.LinearConstraint(rows, -np.inf, room)] if len(rows) else []
    if equal is not None:
        constraints.append(optimize.LinearConstraint(equal, target, target))
    free = L.maximize().outcome.point
    scale = 1 / np.sqrt(np.diagonal(free.info))

    def value(z: Any) -> tuple[float, Any]:
        got, score = L.function.objective.value_and_score(z * scale)
        return -got, -score * scale

    scaled = [optimize.LinearConstraint(k.A * scale, k.lb, k.ub) for k in constraints]
    for start in (free.x / scale, np.zeros(len(scale))):
        found = optimize.minimize(
            value,
            start,
            jac=True,
            hess=lambda z: L.function.objective.point(z * scale).info * np.outer(scale, scale),
            method="trust-constr",
            constraints=scaled,
            options={"gtol": 1e-11, "xtol": 1e-13, "barrier_tol": 1e-11, "maxiter": 3000},
        )
        if best is None or found.fun < best[0]:
            best = (found.fun, found.x * scale)
    assert best is not None
    return -best[0], best[1], scale


def test_bounds_against_scipy(data: dict[str, Any]) -> None:
    fit = lk.fit(
        "bernoulli", data, "yes ~ a + b + c", bounds={"p.a": (0.6, None), "p.b": (-0.01, 0.5), "c": (None, 100)}
    )
    value, x, scale = by_scipy(
        fit.likelihood,
        np.array([[0, -1.0, 0, 0], [0, 0, -1, 0], [0, 0, 1, 0], [0, 0, 0, 1]]),
        np.array([-0.6, 0.01, 0.5, 100]),
    )
    assert fit.loglik >= value
    assert fit.loglik == pytest.approx(value, rel=1e-7)
    np.testing.assert_allclose(fit.outcome.point.x / scale, x / scale, atol=1e-3)
    assert fit.coef["p.b"] == -0.01
    assert "p.b >= -0.01" in fit.multipliers
    assert all(v >= 0 for v in fit.multipliers.values())
    assert fit.stderr["p.b"] is None
    assert "bound" in fit.withheld["p.b"]
    assert "p.b >= -0.01" in str(fit.summary())


def test_inequalities_of_several_coefficients_against_scipy(data: dict[str, Any]) -> None:
    fit = lk.fit(
        "student_t",
        data,
        "value ~ a + b + c",
        scale="~ a",
        constraints="loc.a + 10*loc.b >= 0.4, loc.a <= scale.a + 0.2, loc.c - loc.a <= 5",
    )
    names = fit.likelihood.model.names()
    rows = np.zeros((3, len(names)))
    for i, form in enumerate(({"loc.a": -1, "loc.b": -10}, {"loc.a": 1, "scale.a": -1}, {"loc.c": 1, "loc.a": -1})):
        for name, factor in form.items():
            rows[i, names.index(name)] = factor
    value, x, scale = by_scipy(fit.likelihood, rows, np.array([-0.4, 0.2, 5.0]))
    assert fit.loglik >= value - 1e-7
    assert fit.loglik == pytest.approx(value, rel=1e-7)
    np.testing.assert_allclose(fit.outcome.point.x / scale, x / scale, atol=5e-3)
    assert len(fit.multipliers) >= 1
    # KKT: the score is the multipliers' combination of the active rows
    active = [
        i
        for i, said in enumerate(("loc.a + 10*loc.b >= 0.4", "loc.a - scale.a <= 0.2", "loc.c - loc.a <= 5"))
        if said in fit.multipliers
    ]
    assert len(active) == len(fit.multipliers)
    combined = np.array(list(fit.multipliers.values())) @ rows[active]
    np.testing.assert_allclose(fit.outcome.point.score * scale, combined * scale, atol=1e-5)


def test_equations_against_a_reduced_model(data: dict[str, Any]) -> None:
    fit = lk.fit("poisson", data, "count ~ a + b + c", constraints="rate.a = 10*rate.b + 0.3", fixed={"c": 2.0})
    reduced = dict(data, z=10 * data["a"] + data["b"], o=0.3 * data["a"] + 2.0 * data["c"])
    other = lk.fit("poisson", reduced, "count ~ z", offset="o")
    assert fit.loglik == pytest.approx(other.loglik, rel=1e-12)
    assert fit.coef["rate.b"] == pytest.approx(other.coef["rate.z"], rel=1e-7)
    assert fit.stderr["rate.b"] == pytest.approx(other.stderr["rate.z"], rel=1e-7)
    assert fit.stderr["rate.a"] == pytest.approx(10 * (other.stderr["rate.z"] or 0), rel=1e-7)
    assert fit.stderr["rate.c"] is None
    assert fit.coef["rate.c"] == 2.0
    assert fit.k == other.k == 2
    assert fit.aic == pytest.approx(other.aic, rel=1e-12)
    whole = lk.fit("poisson", data, "count ~ a + b + c")
    test = whole.lr_test(fit)
    assert test.df == 2
    assert test.statistic == pytest.approx(2 * (whole.loglik - other.loglik), rel=1e-8)
    inside = lk.fit("poisson", data, "count ~ a + b + c", fixed={"c": 2.0})
    assert inside.lr_test(fit).df == 1
    assert "rate.a" in inside.lr_test(fit).hypothesis
    with pytest.raises(OptionError, match="not nested"):
        lk.fit("poisson", data, "count ~ a + b + c", fixed={"c": 3.0}).lr_test(fit)


def test_constants_are_held_and_bounded_on_their_own_scale(data: dict[str, Any]) -> None:
    held = lk.fit("student_t", data, "value ~ a", fixed={"df": 4.0})
    known = lk.fit(lk.StudentT(df=4.0), data, "value ~ a")
    assert held.loglik == pytest.approx(known.loglik, rel=1e-10)
    assert held.coef["df"] == pytest.approx(4.0, rel=1e-14)
    assert held.stderr["scale"] == pytest.approx(known.stderr["scale"], rel=1e-6)
    assert held.k == known.k
    bounded = lk.fit("student_t", data, "value ~ a", bounds={"df": (2, 3.5)})
    assert bounded.coef["df"] == pytest.approx(3.5, rel=1e-12)
    # the multiplier is the slope of the log-likelihood in df itself
    L = bounded.likelihood
    slope = (L.log({**bounded.coef, "df": 3.501}) - L.log({**bounded.coef, "df": 3.499})) / 0.002
    assert bounded.multipliers["df <= 3.5"] == pytest.approx(slope, rel=1e-4)
    same = lk.fit("beta", [0.2, 0.3, 0.6, 0.5, 0.45], bounds={"mean": (0.5, 0.9)})
    assert same.coef["mean"] == pytest.approx(0.5)
    rate = lk.fit("exponential", [1.0, 2.0, 4.0], bounds={"rate": (None, 0.3)})
    assert rate.coef["rate"] == pytest.approx(0.3)


def test_inactive_constraints_leave_maximum_likelihood(data: dict[str, Any]) -> None:
    plain = lk.fit("bernoulli", data, "yes ~ a + b")
    fit = lk.fit("bernoulli", data, "yes ~ a + b", bounds={"p.a": (-9, 9)}, constraints="p.a + p.b <= 50")
    assert fit.coef == pytest.approx(plain.coef, rel=1e-6)
    assert fit.multipliers == {}
    assert "no constraint is active" in fit.status
    np.testing.assert_allclose(fit.cov, plain.cov, rtol=1e-5)
    assert fit.test("p.a = 0").p_value == pytest.approx(plain.test("p.a = 0").p_value, rel=1e-3)


def test_penalties_and_bounds_together(data: dict[str, Any]) -> None:
    strength, bounds = 4.0, {"p.a": (0.45, None), "p.c": (None, 0.0)}
    fit = lk.fit("bernoulli", data, "yes ~ a + b + c", penalty=lk.Lasso(strength), bounds=bounds)
    spread = np.array([np.std(data[name]) for name in "abc"])

    def negative(z: Any) -> float:
        x = np.r_[z[0], z[1:4] - z[4:7]]
        return float(-fit.likelihood.function.objective.value(x) + strength * spread @ (z[1:4] + z[4:7]))

    box = [(None, None), (0.45, None), (0, None), (0, 0), (0, 0), (0, None), (0, None)]
    found = optimize.minimize(
        negative, [0, 0.5, 0.1, 0, 0, 0.1, 0.1], method="SLSQP", bounds=box, options={"ftol": 1e-14, "maxiter": 1000}
    )
    assert fit.outcome.restrained is not None
    assert fit.outcome.restrained.objective == pytest.approx(-found.fun, rel=1e-8)
    ridge = lk.fit("bernoulli", data, "yes ~ a + b + c", penalty=lk.Ridge(strength), constraints="p.a = p.c")
    assert ridge.coef["p.a"] == pytest.approx(ridge.coef["p.c"], rel=1e-10)
    with pytest.raises(OptionError, match="bounds= and fixed="):
        lk.fit("bernoulli", data, "yes ~ a + b", penalty=lk.Lasso(1.0), constraints="p.a = p.b")


def test_profile_intervals_respect_the_constraints(data: dict[str, Any]) -> None:
    fit = lk.fit("poisson", data, "count ~ a + b", bounds={"rate.a": (0.2, None)})
    lower, _ = fit.interval(method="profile")["rate.a"]
    assert lower is not None
    assert lower >= 0.2
    held = lk.fit("poisson", data, "count ~ a + b", fixed={"rate.b": 0.0})
    other = lk.fit("poisson", data, "count ~ a")
    mine, theirs = (list(f.interval(method="profile")["rate.a"]) for f in (held, other))
    assert mine == pytest.approx(theirs, rel=1e-6)
    assert held.interval()["rate.a"][0] == pytest.approx(other.interval()["rate.a"][0], rel=1e-6)


def test_bootstrap_and_predictions_keep_the_constraints(data: dict[str, Any]) -> None:
    fit = lk.fit("bernoulli", data, "yes ~ a + b", bounds={"p.b": (0.0, None)})
    lower, upper = fit.interval(method="bootstrap", replicates=50, seed=3)["p.a"]
    assert lower is not None
    assert upper is not None
    assert lower < fit.coef["p.a"] < upper
    assert len(fit.predict(data)) == N
    again = pickle.loads(pickle.dumps(fit))
    assert again.multipliers == fit.multipliers


def test_dummies_that_sum_to_zero() -> None:
    """A design that only the constraint identifies."""
    y = [1.0, 2.0, 4.0, 5.0, 9.0, 9.5]
    dummies = np.column_stack([np.ones(6), np.kron(np.eye(3), np.ones((2, 1)))])
    fit = lk.fit(lk.Normal(sd=1.0), y, dummies, constraints="mean.x2 + mean.x3 + mean.x4 = 0")
    values = list(fit.coef.values())
    assert values == pytest.approx([61 / 12, 1.5 - 61 / 12, 4.5 - 61 / 12, 9.25 - 61 / 12], rel=1e-9)


def test_separation_under_constraints() -> None:
    data = {"y": [0, 0, 0, 1, 1, 1], "x": [1, 2, 3, 4, 5, 6], "z": [0, 1, 0, 1, 0, 1]}
    with pytest.raises(FitError, match="separates"):
        lk.fit("bernoulli", data, "y ~ x + z", fixed={"p.z": 0.1})
    with pytest.raises(FitError, match="separates"):
        lk.fit("bernoulli", data, "y ~ x + z", bounds={"p.z": (-1, 1)})
    fit = lk.fit("bernoulli", data, "y ~ x + z", bounds={"p.x": (None, 1.5)}, fixed={"p.z": 0})
    assert fit.coef["p.x"] == 1.5
    assert fit.stderr["p.Intercept"] is not None


def test_limits_under_constraints(data: dict[str, Any]) -> None:
    rng = np.random.default_rng(1)
    normal = {"y": rng.uniform(size=100), "x": rng.normal(size=100)}
    fit = lk.fit("student_t", normal, "y ~ x", bounds={"loc.x": (0.5, None)})
    assert fit.limit is not None
    other = lk.fit("normal", normal, "y ~ x", bounds={"mean.x": (0.5, None)})
    assert fit.loglik == pytest.approx(other.loglik, rel=1e-9)
    assert fit.coef["loc.x"] == 0.5
    inside = lk.fit("student_t", normal, "y ~ x", bounds={"df": (1, 30)})
    assert inside.limit is None
    assert inside.coef["df"] == pytest.approx(30.0)


def test_wrong_constraints_are_refused(data: dict[str, Any]) -> None:
    def fit(**options: Any) -> Any:
        return lk.fit("normal", data, "value ~ a + b", **options)

    with pytest.raises(UnknownNameError, match=r"did you mean 'mean\.a'"):
        fit(fixed={"mean.aa": 1.0})
    with pytest.raises(UnknownNameError, match="unknown estimate"):
        fit(constraints="mean.q <= 1")
    with pytest.raises(OptionError, match="contradict"):
        fit(constraints="mean.a = 1, mean.a = 2")
    with pytest.raises(OptionError, match="no values satisfy"):
        fit(constraints="mean.a <= 0, mean.b <= 0, mean.a + mean.b >= 1")
    with pytest.raises(OptionError, match="no values satisfy"):
        fit(fixed={"a": 1.0}, bounds={"a": (None, 0.0)})
    with pytest.raises(OptionError, match="above its upper"):
        fit(bounds={"mean.a": (2, 1)})
    with pytest.raises(OptionError, match="a pair"):
        fit(bounds={"mean.a": 1})
    with pytest.raises(OptionError, match="finite number"):
        fit(fixed={"mean.a": "one"})
    with pytest.raises(OptionError, match="a dict by name"):
        fit(fixed="mean.a = 1")
    with pytest.raises(OptionError, match="cannot read the constraints"):
        fit(constraints="mean.a")
    with pytest.raises(OptionError, match="not linear"):
        fit(constraints="mean.a = sd")
    with pytest.raises(ParameterError, match="positive"):
        fit(bounds={"sd": (None, -1.0)})
    with pytest.raises(ParameterError, match="positive"):
        fit(fixed={"sd": -2.0})
    with pytest.raises(UnknownNameError, match="solver"):
        fit(bounds={"mean.a": (0, 1)}, solver="closed form")
    bound = fit(bounds={"mean.a": (None, 0.0)})
    with pytest.raises(OptionError, match="hold with equality"):
        bound.test("mean.b = 0")
    with pytest.raises(OptionError, match="chi-squared"):
        fit(bounds={"mean.a": (-50, 50)}).lr_test(lk.fit("normal", data, "value ~ 1"))


def test_a_slope_held_far_from_the_units_of_the_response():
    """What watches constants that run away sees the information of all coefficients, held ones included."""
    rng = np.random.default_rng(4)
    g = rng.choice(list("abc"), 300)
    data = {"x1": rng.integers(0, 2, 300).astype(float), "x2": rng.uniform(0, 3, 300), "g": g}
    data["y"] = 1e-9 * (1 + data["x1"] + data["x2"] + (g == "b") + rng.logistic(size=300))
    held = lk.fit("logistic", data, "y ~ x1 + x2 + g", fixed={"loc.x1": -0.36}, on_failure="return")
    assert np.isfinite(held.loglik)
