"""Profile limits against profiles written down here: the likelihood falls there by half the chi-squared quantile."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import optimize, stats

import likely as lk
from likely.errors import IntervalError
from likely.inference.profile import Profiler
from likely.inference.profile_limits import checked_limit

RNG = np.random.default_rng(5)
N = 40
OFFSET = RNG.uniform(-0.5, 0.5, N)
Y = 1.5 + OFFSET + RNG.laplace(size=N)
DROP = 0.5 * stats.chi2.ppf(0.95, 1)


def laplace(loc: float) -> float:
    scale = np.mean(np.abs(Y - OFFSET - loc))
    return float(-N * np.log(2 * scale) - N)


def asymmetric(loc: float, tau: float = 0.3) -> float:
    r = Y - OFFSET - loc
    scale = np.mean(r * (tau - (r < 0)))
    return float(N * np.log(tau * (1 - tau) / scale) - N)


def student(loc: float) -> float:
    found = optimize.minimize_scalar(
        lambda s: -np.sum(stats.t.logpdf(Y - OFFSET, 4, loc, np.exp(s))), bracket=(-1.0, 0.5), tol=1e-12
    )
    return -float(found.fun)


def logistic(loc: float) -> float:
    found = optimize.minimize_scalar(
        lambda s: -np.sum(stats.logistic.logpdf(Y - OFFSET, loc, np.exp(s))), bracket=(-1.0, 0.5), tol=1e-12
    )
    return -float(found.fun)


@pytest.mark.parametrize(
    ("family", "profile"),
    [
        (lk.Laplace(), laplace),
        (lk.AsymmetricLaplace(tau=0.3), asymmetric),
        (lk.StudentT(df=4), student),
        (lk.Logistic(), logistic),
    ],
    ids=["laplace", "asymmetric_laplace", "student_t", "logistic"],
)
@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
def test_a_location_beside_an_offset(family: Any, profile: Any, level: float) -> None:
    fit = lk.fit(family, {"y": Y, "o": OFFSET}, "y", offset="o")
    interval = fit.interval(level, method="profile")["loc.Intercept"]
    for end in interval:
        assert fit.loglik - profile(end) == pytest.approx(0.5 * stats.chi2.ppf(level, 1), rel=2e-3)


@pytest.mark.parametrize("tau", [0.1, 0.5])
def test_a_quantile_regression_with_an_offset(tau: float) -> None:
    """The slope held by an offset of its own, and the rest fitted."""
    x = RNG.uniform(0, 2, N)
    data = {"y": Y + x, "x": x, "o": OFFSET}
    fit = lk.fit(lk.AsymmetricLaplace(tau=tau), data, "y ~ x", offset="o")
    interval = fit.interval(method="profile")["loc.x"]
    assert "not the nid covariance" in interval.note
    for end in interval:
        held = lk.fit(lk.AsymmetricLaplace(tau=tau), {**data, "o": OFFSET + end * x}, "y ~ 1", offset="o")
        assert fit.loglik - held.loglik == pytest.approx(DROP, rel=2e-3)


FOLLOW = Profiler.__call__


def too_low(self: Any, value: float) -> tuple[float, float, Any]:
    """A path that claims to fall by twice as much."""
    height, _, x = FOLLOW(self, value)
    return self.peak - 2.0 * (self.peak - height), 0.0, x


class Wrong(Profiler):
    __call__ = too_low


def test_a_limit_without_its_drop_is_withheld() -> None:
    fit = lk.fit("logistic", {"y": Y})
    wrong = Wrong(fit.likelihood.function, 0, fit.outcome.point.x, fit.loglik)
    with pytest.raises(IntervalError, match=r"falls by 0\.96.* not by 1\.92"):
        checked_limit(fit.estimates, wrong, 1, DROP, 2 * fit.link_stderr(0))


def test_a_limit_without_its_drop_is_searched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    right = lk.fit("logistic", {"y": Y}).interval(method="profile")["loc"]
    monkeypatch.setattr(Profiler, "__call__", too_low)
    found = lk.fit("logistic", {"y": Y}).interval(method="profile")["loc"]
    np.testing.assert_allclose(list(found), list(right), rtol=1e-6)


def test_a_penalised_fit_has_limits() -> None:
    """The penalised log-likelihood falls by half the quantile: ridge beside a known sd is a normal posterior."""
    x = RNG.normal(size=N)
    fit = lk.fit(lk.Normal(sd=1.0), {"y": Y + x, "x": x}, "y ~ x", penalty=lk.Ridge(2.0))
    wald, profile = fit.interval()["mean.x"], fit.interval(method="profile")["mean.x"]
    np.testing.assert_allclose(list(profile), list(wald), rtol=1e-6)


def test_limits_under_a_square_root_link_are_of_the_peak_and_not_of_its_mirror_image():
    rng = np.random.default_rng(2)
    g = np.repeat(["a", "b"], 30)
    data = {"g": g, "y": rng.negative_binomial(1, 0.3, 60).astype(float)}
    fit = lk.fit("negative_binomial", data, "y ~ g", link={"mean": "sqrt"})
    lower, upper = fit.interval(method="profile")["mean.g[T.b]"]
    wald = fit.interval()["mean.g[T.b]"]
    assert (lower, upper) == pytest.approx(tuple(wald), abs=0.1)  # large-sample limits, of one peak


def test_a_profile_is_of_the_highest_of_several_peaks():
    """A search that holds the scale, and the profile, agree with a fine grid of the location."""
    y = np.array([-0.9, 0.2, 0.8, 9.6, 10.3, 10.4, 24.0])
    fit = lk.fit("cauchy", {"y": y}, "y ~ 1")
    grid = np.linspace(-5.0, 30.0, 70_001)
    scales = np.array([0.2, 0.5, 1.0, 3.0, 6.0, 12.0])
    highest = [np.max(np.sum(stats.cauchy.logpdf(y[:, None], grid, s), axis=0)) for s in scales]
    np.testing.assert_allclose(fit.likelihood.profile("scale", scales).loglik, highest, atol=1e-6)
    held = [lk.fit("cauchy", {"y": y}, "y ~ 1", fixed={"scale": s}).loglik for s in scales]
    np.testing.assert_allclose(held, highest, atol=1e-6)
