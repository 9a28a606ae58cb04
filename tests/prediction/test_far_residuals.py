"""Quantile residuals and surprise of observations far out in a tail, against the tails' closed forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import special as sc
from scipy import stats

import likely as lk
from likely.families import FAMILIES
from likely.likelihoods import offers_of

TAILS: list[tuple[Any, float, float]] = [  # family, y, log of the smaller tail's probability
    (lk.Laplace(loc=0.0, scale=1.0), 1e8, -1e8 - np.log(2)),
    (lk.Laplace(loc=0.0, scale=1.0), -1e150, -1e150),
    (lk.AsymmetricLaplace(loc=0.0, scale=1.0, tau=0.3), 1e6, -0.3e6 + np.log(0.7)),
    (lk.AsymmetricLaplace(loc=0.0, scale=1.0, tau=0.3), -1e6, -0.7e6 + np.log(0.3)),
    (lk.Logistic(loc=0.0, scale=1.0), 1e8, -1e8),
    (lk.Normal(mean=0.0, sd=1.0), -1e8, float(stats.norm.logsf(1e8))),
    (lk.Exponential(rate=2.0), 1e12, -2e12),
    (lk.Weibull(scale=1.0, shape=3.0), 1e-300, 3 * np.log(1e-300)),
    (lk.Weibull(scale=1.0, shape=3.0), 1e100, -1e300),
    (lk.Gamma(mean=1.0, shape=4.0), 1e-300, 4 * np.log(4e-300) - float(sc.gammaln(5.0))),
    (lk.LogLogistic(scale=3.0, shape=2.7), 1e8, -float(np.log1p((1e8 / 3) ** 2.7))),
    (lk.LogLogistic(scale=3.0, shape=2.7), 1e100, -2.7 * np.log(1e100 / 3)),
    (lk.LogLogistic(scale=3.0, shape=2.7), 1e-300, 2.7 * np.log(1e-300 / 3)),
    (lk.LogNormal(mu=0.0, sigma=0.5), 1e-300, float(stats.norm.logcdf(np.log(1e-300) / 0.5))),
    (lk.Beta(mean=0.5, precision=10.0), 1e-300, 5 * np.log(1e-300) - np.log(5) - float(sc.betaln(5, 5))),
    (lk.Gumbel(loc=0.0, scale=1.0), 1e8, -1e8),
    (lk.Gumbel(loc=0.0, scale=1.0), -300.0, -np.exp(300.0)),
]


@pytest.mark.parametrize(("family", "y", "log_tail"), TAILS, ids=[f"{t[0]!r}-{t[1]:g}" for t in TAILS])
def test_quantile_residuals_far_out(family: Any, y: float, log_tail: float) -> None:
    fit = lk.fit(family, [y, y])
    found = fit.residuals()
    assert np.abs(found) == pytest.approx(-float(sc.ndtri_exp(log_tail)), rel=5e-3)
    assert np.all(np.sign(found) == np.sign(y - float(family.quantile(0.5))))
    np.testing.assert_allclose(fit.surprise(), -np.asarray(family.log_prob([y, y])))


@pytest.mark.parametrize("name", [name for name in FAMILIES if name != "uniform"])
def test_nothing_is_infinite_beside_a_finite_log_density(name: str) -> None:
    bare = FAMILIES[name]()
    if bare.kind.labels or not offers_of(bare).predictors:
        pytest.skip("labels")
    params: dict[str, Any] = {}
    for p in bare.parameters:
        low, high = p.typical_range
        params[p.name] = 1.5 if p.domain.name == "a real number" else low + 0.45 * (high - low)
    params |= {"binomial": {"n": 10**6}, "huber": {"k": 1.345}}.get(name, {})
    family = FAMILIES[name](**params)
    y = np.concatenate([s * np.array([1e1, 1e3, 1e8, 1e12, 1e150, 1e300]) for s in (1, -1)])
    y = np.concatenate([y, [1e-3, 1e-8, 1e-16, 1e-150, 1e-300], 1 - np.array([1e-3, 1e-8, 1e-16])])
    if bare.support.integer:
        y = np.unique(np.round(y[np.abs(y) < 1e15]))
    for value in y:
        if not (bare.support.lower <= value <= bare.support.upper) or not np.isfinite(family.log_prob(float(value))):
            continue
        fit = lk.fit(family, [float(value)])
        assert np.isfinite(fit.surprise()[0])
        for kind in ("quantile", "response"):
            try:
                assert np.isfinite(fit.residuals(kind)[0]), (value, kind)
            except lk.errors.OptionError as error:  # an infinite mean
                told = str(error)
                if "no finite mean" not in told and "has no mean" not in told:
                    raise


def test_an_infinite_mean_has_no_response_residuals() -> None:
    fit = lk.fit(lk.LogLogistic(scale=1.0, shape=0.5), [1.0, 2.0])
    with pytest.raises(lk.errors.OptionError, match="no finite mean"):
        fit.residuals("response")


def test_the_survival_function_of_the_log_logistic_keeps_its_digits() -> None:
    y = np.array([1e3, 1e6, 1e10, 1e50])
    np.testing.assert_allclose(lk.LogLogistic().sf(y, scale=3.0, shape=2.7), 1 / (1 + (y / 3) ** 2.7), rtol=1e-12)
