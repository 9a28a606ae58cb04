"""The inverse Gaussian far out in its tails, where the quantiles of SciPy end anywhere for some means."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

import likely as lk


def tail(y: float, mean: float, upper: bool) -> mpmath.mpf:
    """The probability below or above `y` for shape 1."""
    with mpmath.workdps(60):
        root, ratio = mpmath.sqrt(1 / mpmath.mpf(y)), mpmath.mpf(y) / mpmath.mpf(mean)
        side = -1 if upper else 1
        other = mpmath.exp(2 / mpmath.mpf(mean)) * mpmath.ncdf(-root * (ratio + 1))
        return mpmath.ncdf(side * root * (ratio - 1)) + side * other


@pytest.mark.parametrize("mean", [1e-3, 0.05, 0.29630392, 0.35, 0.45, 1.0, 20.0])
@pytest.mark.parametrize("q", [1e-100, 1e-30, 3.38e-19, 1e-12, 1e-9])
def test_quantiles_of_tiny_probabilities(mean: float, q: float) -> None:
    family = lk.InverseGaussian(mean=mean, shape=1)
    distribution = family._scipy(mean=mean, shape=1.0)
    for y, upper in ((family.quantile(q), False), (distribution.isf(q), True)):
        assert float(mpmath.log(tail(float(y), mean, upper))) == pytest.approx(np.log(q), rel=1e-11)


def test_quantiles_rise_from_the_tail_to_the_middle() -> None:
    distribution = lk.InverseGaussian()._scipy(mean=np.array([[0.3], [0.002], [4.0]]), shape=1.0)
    q = np.geomspace(1e-19, 0.5, 200)[None, :]
    assert np.all(np.diff(distribution.ppf(q), axis=1) > 0.0)
    assert np.all(np.diff(distribution.isf(q), axis=1) < 0.0)


def test_expected_information() -> None:
    """Of the mean under the log link it is the sum of shape/mean, of the shape n/(2 shape^2)."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=400)
    y = rng.wald(np.exp(-1.2 + 0.4 * x), 1.0)
    fit = lk.fit("inverse_gaussian", {"y": y, "x": x}, "y ~ x").with_cov("expected")
    design = np.column_stack([np.ones(400), x])
    weight = fit.coef["shape"] / fit.predict()
    wanted = np.linalg.inv(design.T @ (weight[:, None] * design))
    np.testing.assert_allclose(fit.cov[:2, :2], wanted, rtol=1e-9)
    assert fit.stderr["shape"] == pytest.approx(fit.coef["shape"] * np.sqrt(2 / 400), rel=1e-9)


def test_quantiles_where_the_mean_is_large_beside_the_shape():
    """Boost's search ends nowhere there, and SciPy hands its warning on."""
    family, q = lk.InverseGaussian(), np.array([1e-6, 0.01, 0.3, 0.5, 0.7, 0.99, 1 - 1e-6])
    for mean, shape in ((1.0, 1e-9), (1e8, 1e-7), (3.0, 1e-14), (1e-5, 1e-20), (2.0, 1e12)):
        found = family.quantile(q, mean=mean, shape=shape)
        np.testing.assert_allclose(family.cdf(found, mean=mean, shape=shape), q, rtol=1e-5)
