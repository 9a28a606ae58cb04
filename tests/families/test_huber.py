"""Huber's family: its pieces against integrals of its density, and its derivatives where they meet."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import integrate

import likely as lk


@pytest.mark.parametrize("k", [0.2, 1.345, 3.0])
@pytest.mark.parametrize("y", [-8.0, -1.3, 0.3, 0.9, 5.0])
def test_probabilities_are_integrals_of_the_density(k: float, y: float) -> None:
    huber, at = lk.Huber(k=k), {"loc": 0.3, "scale": 0.8}
    ends = [0.3 - 0.8 * k, 0.3, 0.3 + 0.8 * k]

    def total(low: float, high: float) -> float:
        cuts = [low, *[end for end in ends if low < end < high], high]
        return sum(
            integrate.quad(lambda t: float(huber.prob(t, **at)), *piece, epsabs=0, epsrel=1e-12)[0]
            for piece in itertools.pairwise(cuts)
        )

    assert huber.cdf(y, **at) == pytest.approx(total(-400.0, y), rel=1e-10)
    assert huber.sf(y, **at) == pytest.approx(total(y, 400.0), rel=1e-10)
    assert huber.quantile(huber.cdf(y, **at), **at) == pytest.approx(y, abs=1e-12)


def test_every_row_may_have_its_own_parameters() -> None:
    rng = np.random.default_rng(1)
    loc, scale, k = rng.normal(size=50), rng.uniform(0.5, 2.0, 50), rng.uniform(0.3, 3.0, 50)
    q = rng.random(50)
    whole = lk.Huber().quantile(q, loc=loc, scale=scale, k=k)
    alone = [lk.Huber(k=k[i]).quantile(q[i], loc=loc[i], scale=scale[i]) for i in range(50)]
    np.testing.assert_allclose(whole, alone, rtol=1e-14)
    np.testing.assert_allclose(lk.Huber().cdf(whole, loc=loc, scale=scale, k=k), q, rtol=1e-12)


def test_draws_have_its_moments_and_ends_are_infinite() -> None:
    huber, at = lk.Huber(k=1.0), {"loc": -1.0, "scale": 2.0}
    draws = huber.sample(size=200_000, seed=2, **at)
    assert draws.mean() == pytest.approx(huber.mean(**at), abs=4 * draws.std() / 447)
    assert draws.var() == pytest.approx(huber.variance(**at), rel=0.03)
    assert huber.quantile([0.0, 1.0], **at).tolist() == [-np.inf, np.inf]


def test_a_residual_of_zero_has_the_curvature_of_a_normal() -> None:
    fit = lk.fit(lk.Huber(k=1.345, scale=1.0), [-1.0, 0.0, 0.0, 0.0, 1.0])
    assert fit.coef["loc"] == 0.0
    assert fit.stderr["loc"] == pytest.approx(1.0 / np.sqrt(5.0))
