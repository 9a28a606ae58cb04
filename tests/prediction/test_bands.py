"""Bands of quantile-quantile lines and histograms of transforms: exact laws, levels, counts."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import likely as lk
from likely.errors import OptionError
from likely.prediction.bands import histogram, pit_histogram, qq

RNG = np.random.default_rng(41)


def test_points_are_the_ordered_residuals_inside_a_band_of_beta_quantiles():
    fit = lk.fit(lk.Normal(mean=0.0), RNG.normal(size=80))
    line = qq(fit.estimates)
    np.testing.assert_array_equal(line.observed, np.sort(fit.residuals()))
    assert np.all(line.lower < line.upper)
    k = np.arange(1, 81)
    # the same local level everywhere
    below = stats.beta.cdf(stats.norm.cdf(line.lower), k, 81 - k)
    np.testing.assert_allclose(below, below[0], rtol=1e-6)
    assert 0.5 * 0.05 / 80 < below[0] < 0.5 * 0.05  # between Bonferroni's and that of one point
    middle, low, high = line.detrended
    np.testing.assert_allclose(middle, line.observed - line.theoretical)
    assert np.all(low < high)


def test_the_band_holds_at_its_level_for_known_parameters():
    rejected = 0
    for seed in range(300):
        u = np.sort(np.random.default_rng(seed).random(60))
        k = np.arange(1, 61)
        from likely.prediction.bands import _local_level

        rejected += _local_level(k, 60, u, 0.9, 0)[1] <= 0.1
    assert abs(rejected / 300 - 0.1) < 3.5 * np.sqrt(0.1 * 0.9 / 300)


def test_heavy_tails_leave_the_band_also_where_points_are_thinned():
    heavy = qq(lk.fit("normal", RNG.standard_t(2, 5000)).estimates)
    assert heavy.outside > 10
    assert heavy.p_value < 0.01
    assert len(heavy.observed) <= 300
    assert heavy.n == 5000
    fine = qq(lk.fit("poisson", RNG.poisson(3, 5000)).estimates)
    assert fine.p_value > 0.05


def test_histograms_are_flat_where_the_distributions_are_right():
    y = RNG.gamma(2.0, size=4000)
    found = pit_histogram(lk.fit("gamma", y).estimates)
    assert found.heights.mean() == pytest.approx(1.0)
    assert found.p_value > 0.01
    assert np.mean((found.heights > found.lower) & (found.heights < found.upper)) > 0.7
    wrong = pit_histogram(lk.fit("normal", y).estimates)
    assert wrong.p_value < 1e-6


def test_counts_are_spread_over_their_jumps_and_not_drawn():
    y = RNG.poisson(1.3, 2000)
    fit = lk.fit("poisson", y)
    found = pit_histogram(fit.estimates, bins=7)
    rate = fit.coef["rate"]
    # brute force: the share of each row's jump in each bin
    edges = np.linspace(0, 1, 8)
    low, high = stats.poisson.cdf(y - 1, rate), stats.poisson.cdf(y, rate)
    overlap = np.maximum(np.minimum(high[:, None], edges[1:]) - np.maximum(low[:, None], edges[:-1]), 0.0)
    np.testing.assert_allclose(found.heights, (overlap / (high - low)[:, None]).mean(axis=0) * 7, rtol=1e-9)
    assert found.p_value > 0.01


def test_points_fall_into_bins():
    u = np.array([0.05, 0.15, 0.15, 0.95])
    found = histogram(u, u, 10, 0.95)
    assert found.heights.tolist() == [2.5, 5.0, 0, 0, 0, 0, 0, 0, 0, 2.5]


def test_what_has_none():
    with pytest.raises(OptionError, match="labels"):
        pit_histogram(lk.fit("categorical", ["a", "b", "c", "a"]).estimates)
    with pytest.raises(OptionError, match="bins is a whole number"):
        pit_histogram(lk.fit("normal", [1.0, 2.0, 4.0]).estimates, bins=1)
