"""Logarithms of tails: stated, integrated or summed; their derivatives; quantiles by bisection."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

import likely as lk
from likely.families.base import Family
from likely.families.base.numeric import NumericDistribution
from likely.families.base.numeric.inverse import first_float
from likely.namespace import JetNamespace, NumpyNamespace

STATED: list[tuple[Family, dict[str, float]]] = [
    (lk.Normal(), {"mean": 1.0, "sd": 2.0}),
    (lk.Logistic(), {"loc": 1.0, "scale": 2.0}),
    (lk.Gumbel(), {"loc": 1.0, "scale": 2.0}),
    (lk.Laplace(), {"loc": 1.0, "scale": 2.0}),
    (lk.Cauchy(), {"loc": 1.0, "scale": 2.0}),
    (lk.Exponential(), {"rate": 0.7}),
    (lk.Weibull(), {"scale": 2.0, "shape": 1.7}),
    (lk.LogNormal(), {"mu": 0.3, "sigma": 0.8}),
    (lk.LogLogistic(), {"scale": 2.0, "shape": 1.7}),
    (lk.Pareto(), {"shape": 2.0, "minimum": 0.5}),
    (lk.Uniform(), {"low": 0.0, "high": 3.0}),
    (lk.Geometric(), {"p": 0.3}),
]
INTEGRATED: list[tuple[Family, dict[str, float]]] = [
    (lk.Gamma(), {"mean": 2.0, "shape": 1.7}),
    (lk.Beta(), {"mean": 0.4, "precision": 3.0}),
    (lk.StudentT(), {"loc": 0.5, "scale": 1.5, "df": 4.0}),
    (lk.Poisson(), {"rate": 3.5}),
    (lk.NegativeBinomial(), {"mean": 3.0, "dispersion": 0.6}),
]
BOTH = [*STATED, *INTEGRATED]


def named(cases: Any) -> Any:
    return {"argvalues": cases, "ids": [case[0].name for case in cases]}


@pytest.mark.parametrize(("family", "params"), **named(BOTH))
def test_logarithms_of_both_tails(family: Family, params: dict[str, float]) -> None:
    y = np.unique(family.quantile(np.array([0.01, 0.2, 0.5, 0.9, 0.999]), **params))
    np.testing.assert_allclose(family.log_cdf(y, **params), np.log(family.cdf(y, **params)), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(family.log_sf(y, **params), np.log(family.sf(y, **params)), rtol=1e-9, atol=1e-12)
    within = family.within(NumpyNamespace())
    np.testing.assert_allclose(within.log_cdf(y, **params), np.log(family.cdf(y, **params)), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(within.log_sf(y, **params), np.log(family.sf(y, **params)), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("family", "params"), **named(BOTH))
@pytest.mark.parametrize("tail", ["log_cdf", "log_sf"])
def test_derivatives_of_tails(family: Family, params: dict[str, float], tail: str) -> None:
    xp = JetNamespace(2)
    y = np.unique(family.quantile(np.array([0.1, 0.6, 0.95]), **params))
    free = {name: v for name, v in params.items() if not family.parameter(name).edge}
    values = {**params, **{name: xp.variable(i, v) for i, (name, v) in enumerate(free.items())}}
    jet = getattr(family.within(xp), tail)(y, **values)
    gradient, hessian = (jet.g, jet.h) if free else ({}, {})

    def plain(**changed: float) -> Any:
        return np.asarray(getattr(family, tail)(y, **{**params, **changed}))

    for i, (name, v) in enumerate(free.items()):
        h = 1e-4 * max(abs(v), 0.1)
        up, here, down = plain(**{name: v + h}), plain(), plain(**{name: v - h})
        first = np.broadcast_to(gradient.get(i, 0.0), y.shape)
        np.testing.assert_allclose(first, (up - down) / (2 * h), rtol=2e-5, atol=1e-7)
        second = np.broadcast_to(hessian.get((i, i), 0.0), y.shape)
        np.testing.assert_allclose(second, (up - 2 * here + down) / h**2, rtol=2e-3, atol=2e-5)


def test_beyond_the_smallest_float() -> None:
    assert lk.Gamma().log_sf(5000.0, mean=2.0, shape=1.7) == pytest.approx(-4244.7, rel=1e-2)
    exact = stats.gamma(1.7, scale=2.0 / 1.7).logsf(400.0)
    assert lk.Gamma().log_sf(400.0, mean=2.0, shape=1.7) == pytest.approx(exact, rel=1e-9)
    assert lk.StudentT().log_cdf(-1e200, loc=0.0, scale=1.0, df=3.0) == pytest.approx(
        3 * np.log(np.sqrt(3) / 1e200) + np.log(2 / (np.pi * np.sqrt(3)) / np.sqrt(3)), rel=1e-3
    )
    assert lk.Poisson().log_sf(5000, rate=3.0) == pytest.approx(float(stats.poisson(3.0).logpmf(5001)), rel=1e-6)


@pytest.mark.parametrize(("family", "params"), **named(STATED))
def test_outside_the_support_without_derivatives(family: Family, params: dict[str, float]) -> None:
    low, high = family.bounds(**params)
    xp = JetNamespace(2)
    free = [name for name in params if not family.parameter(name).edge]
    values = {**params, **{name: xp.variable(i, params[name]) for i, name in enumerate(free)}}
    within = family.within(xp)
    below, beyond = np.array([low - 1.0]), np.array([high])
    for found, value in (
        (within.log_cdf(below, **values), -np.inf),
        (within.log_sf(below, **values), 0.0),
        (within.log_cdf(beyond, **values), 0.0),
        (within.log_sf(beyond, **values), -np.inf),
        (within.log_prob(below, **values), -np.inf),
    ):
        assert getattr(found, "v", found) == value
        assert all(np.all(g == 0.0) for g in getattr(found, "g", {}).values())


@pytest.mark.parametrize(("family", "params"), **named(STATED))
def test_quantiles_by_bisection_are_those_of_scipy(family: Family, params: dict[str, float]) -> None:
    q = np.array([0.0, 1e-12, 0.1, 0.5, 0.9, 1 - 1e-9])
    ours, theirs = NumericDistribution(family, params), family._scipy(**params)
    np.testing.assert_allclose(ours.ppf(q), theirs.ppf(q), rtol=1e-9, atol=1e-300)
    np.testing.assert_allclose(ours.isf(q[1:]), theirs.isf(q[1:]), rtol=1e-9)
    assert np.isnan(ours.ppf(1.5))


def test_the_first_float_where_a_condition_holds() -> None:
    for goal in (-1e300, -1.0, -1e-310, 0.0, 1e-310, 2.5, 1e300):
        assert first_float(lambda y, goal=goal: y >= goal, -np.inf, np.inf, ()) == goal


@pytest.mark.parametrize(
    ("family", "values"),
    [
        (lk.Gamma, {"mean": [0.5, 1.0, 4.0, 9.0], "shape": [0.4, 1.0, 2.0, 30.0]}),
        (lk.Weibull, {"scale": [0.5, 1.0, 4.0, 9.0], "shape": [0.4, 1.0, 2.0, 30.0]}),
        (lk.Normal, {"mean": [-3.0, 0.0, 4.0, 900.0], "sd": [0.4, 1.0, 2.0, 30.0]}),
    ],
)
def test_quantiles_of_many_unstated_distributions_at_once(family: type[Family], values: dict[str, list[float]]) -> None:
    """Out to levels of 1e-25 below and to the last float before 1 above."""

    class Unstated(family):  # type: ignore[misc,valid-type]
        name = f"unstated_{family.name}"
        _log_cdf = None
        _log_sf = None

    at = {name: np.array(v) for name, v in values.items()}
    q = np.concatenate([10.0 ** -np.arange(1.0, 26.0, 3.0), [0.3, 0.5, 0.7], 1.0 - 10.0 ** -np.arange(2.0, 16.0, 2.0)])
    q = np.append(q, 1.0 - 2.0**-53)[:, None]
    numeric = NumericDistribution(Unstated(), at)
    np.testing.assert_allclose(numeric.ppf(q), family()._scipy(**at).ppf(q), rtol=1e-8, atol=1e-12)
