"""Fits repeated on data much like their own: the same estimates as from scratch, by a shorter way."""

from dataclasses import replace

import numpy as np
import pytest

import likely as lk
from likely.estimates.maximum import peak_of
from likely.inference import profile_limits, refit
from likely.inference.profile import NearbyRefitProfiler, RefitProfiler, profiler


def nearly_collinear():
    rng = np.random.default_rng(4)
    x = rng.normal(size=80)
    z = x + 1e-6 * rng.normal(size=80)
    return {"x": x, "z": z, "y": rng.gamma(2.0, np.exp(0.3 + 0.5 * x) / 2.0)}


def without(fit, row):
    bound = fit.likelihood.function.bound
    return bound.model, bound.data.take(np.delete(np.arange(len(bound.y)), row))


def test_nearly_dependent_predictors_need_no_search_from_scratch(monkeypatch):
    fit = lk.fit("gamma", nearly_collinear(), "y ~ x + z")
    expected = [
        peak_of(replace(fit.likelihood.function.bound, model=model, data=data)).coef
        for model, data in (without(fit, row) for row in range(5))
    ]
    monkeypatch.setattr(refit, "peak_of", None)
    for row, coef in enumerate(expected):
        found = refit.refit(fit.estimates, *without(fit, row))
        np.testing.assert_allclose(found, list(coef.values()), rtol=1e-6)


@pytest.mark.parametrize("options", [{"penalty": lk.Ridge(1.0)}, {"bounds": {"loc.x": (None, 0.1)}}])
def test_refits_under_a_restraint_look_for_no_other_peaks(monkeypatch, options):
    rng = np.random.default_rng(2)
    x = rng.normal(size=40)
    fit = lk.fit("cauchy", {"x": x, "y": 0.4 * x + rng.standard_cauchy(40)}, "y ~ x", **options)
    asked = []

    def counted(bound, **given):
        asked.append(given)
        return peak_of(bound, **given)

    monkeypatch.setattr(refit, "peak_of", counted)
    for row in range(4):
        model, data = without(fit, row)
        found = refit.refit(fit.estimates, model, data)
        whole = peak_of(replace(fit.likelihood.function.bound, model=model, data=data), **options)
        np.testing.assert_allclose(found, list(whole.coef.values()), atol=1e-5)
    assert [one["starts"] for one in asked] == [[fit.coef]] * 4


def test_profile_limits_of_quantiles_on_a_scale_follow_one_path():
    rng = np.random.default_rng(0)
    x = rng.normal(size=60)
    data = {"x": x, "y": np.exp(0.5 + 0.3 * x) + rng.normal(size=60)}
    fit = lk.fit(lk.AsymmetricLaplace(tau=0.5), data, "y ~ x", link={"loc": "log"})
    best = fit.outcome.point.x
    path = profiler(fit.likelihood.function, 1, best, fit.loglik)
    assert type(path) is NearbyRefitProfiler
    from_scratch = RefitProfiler(fit.likelihood.function, 1, best, fit.loglik)
    for side, end in zip((-1, 1), fit.interval(method="profile", names=["loc.x"])["loc.x"], strict=True):
        assert end == pytest.approx(profile_limits.limit(from_scratch, side, 1.9207294103, 0.2), rel=1e-6)


def test_a_profile_that_jumps_has_no_limit_there():
    """The search ends when the values on both sides of the jump are next to each other."""

    class Jumps:
        index, best, peak, calls = 0, np.zeros(1), 0.0, 0

        def __call__(self, value):
            self.calls += 1
            return (-0.1 * value * value if value < 1.3 else -40.0), 0.0, self.best

    path = Jumps()
    with pytest.raises(lk.errors.IntervalError, match="jumps"):
        profile_limits.limit(path, 1, 1.92, 1.0)
    assert path.calls < 30
