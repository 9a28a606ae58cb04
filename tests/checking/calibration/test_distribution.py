"""Predictive distributions: coverage, CRPS beside formulas and brute force, samples and quantiles of any model."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import integrate, stats

import likely as lk
from likely.checking.calibration.distribution import crps_of
from likely.errors import DataError, MissingValuesError, OptionError, ParameterError

RNG = np.random.default_rng(61)


@pytest.mark.parametrize(
    ("name", "values", "y"),
    [
        ("normal", {"mean": 1.0, "sd": 2.0}, [0.3, 5.0, 1.0]),
        ("gamma", {"mean": 2.0, "shape": 0.8}, [0.1, 3.0]),
        ("student_t", {"loc": 0.0, "scale": 1.5, "df": 3.0}, [0.0, -6.0]),
        ("laplace", {"loc": 0.0, "scale": 1.0}, [0.4]),
        ("log_normal", {"mu": 0.2, "sigma": 0.7}, [0.5, 4.0]),
        ("beta", {"mean": 0.3, "precision": 4.0}, [0.2, 0.9]),
    ],
)
def test_crps_is_the_integral_of_squared_distances(name, values, y):
    family = lk.families.get_family(name) if hasattr(lk, "families") else None
    from likely.families import get_family

    family = get_family(name)
    frozen = family._scipy(**values)
    got = crps_of(family, values, np.array(y, dtype=float))
    for one, value in zip(got, y, strict=True):
        low, high = frozen.ppf(1e-9), frozen.ppf(1 - 1e-9)
        knots = [low, *frozen.ppf([0.1, 0.5, 0.9]), value, high]
        knots = np.unique(np.clip(knots, min(low, value), max(high, value)))
        want = sum(
            integrate.quad(lambda x, v=value: (frozen.cdf(x) - (x >= v)) ** 2, a, b, limit=200)[0]
            for a, b in itertools.pairwise(knots)
        )
        assert one == pytest.approx(want, rel=2e-5)


def test_crps_of_counts_is_the_sum():
    k = np.arange(0, 400)
    for name, values, frozen in (
        ("poisson", {"rate": 3.7}, stats.poisson(3.7)),
        ("negative_binomial", {"mean": 5.0, "dispersion": 0.8}, stats.nbinom(1 / 0.8, 1 / (1 + 4.0))),
    ):
        from likely.families import get_family

        got = crps_of(get_family(name), values, np.array([0.0, 3.0, 11.0]))
        want = [np.sum((frozen.cdf(k) - (k >= v)) ** 2) for v in (0, 3, 11)]
        np.testing.assert_allclose(got, want, rtol=1e-8)


def test_a_fit_of_the_right_family_holds_what_it_states_and_a_wrong_one_does_not():
    y = RNG.standard_t(2.5, size=3000)
    good, bad = lk.fit("student_t", y).calibration(), lk.fit("normal", y).calibration()
    assert "No sign" in good.verdict
    assert "Miscalibrated" in bad.verdict
    assert good.log_score < bad.log_score
    assert [c.level for c in good.coverage] == [0.5, 0.8, 0.9, 0.95, 0.99]
    assert good.pit.p_value > 0.01 > bad.pit.p_value
    half = good.coverage[0]
    assert half.lower < half.share < half.upper


def test_changing_scale_is_rewarded_by_every_score():
    x = RNG.uniform(size=2000)
    y = RNG.normal(0, 0.2 + 2 * x)
    data = {"y": y, "x": x}
    plain, moving = lk.fit("normal", data, "y ~ 1"), lk.fit("normal", data, "y ~ 1", sd="~ x")
    a, b = plain.calibration(), moving.calibration()
    assert b.crps < a.crps
    assert b.log_score < a.log_score
    new = {"y": RNG.normal(0, 0.2 + 2 * x), "x": x}
    assert abs(moving.calibration(new).coverage[2].share - 0.9) < 0.03


def test_counts_hold_what_they_state():
    fit = lk.fit("poisson", RNG.poisson(1.2, 4000))
    found = fit.calibration()
    for c in found.coverage:
        assert c.share == pytest.approx(c.level, abs=0.02)
    assert "No sign" in found.verdict


def test_samples_and_quantiles_of_any_model():
    n = 1500
    center = RNG.normal(size=n)
    y = RNG.normal(center)
    draws = RNG.normal(center[:, None], 1.0, size=(n, 60))
    found = lk.calibration(y, samples=draws)
    assert "No sign" in found.verdict
    exact = crps_of(lk.Normal(), {"mean": center, "sd": 1.0}, y).mean()
    assert found.crps == pytest.approx(exact, abs=0.01)
    narrow = lk.calibration(y, samples=center[:, None] + 0.5 * (draws - center[:, None]))
    assert "too narrow" in narrow.verdict
    stated = {q: center + stats.norm.ppf(q) for q in (0.05, 0.5, 0.95)}
    by_quantiles = lk.calibration(y, quantiles=stated)
    assert by_quantiles.coverage[0].level == 0.9
    assert abs(by_quantiles.coverage[0].share - 0.9) < 0.03
    assert by_quantiles.pit is None


def test_a_distribution_without_a_mean_has_no_crps():
    found = lk.fit("cauchy", RNG.standard_cauchy(200)).calibration()
    assert found.crps is None
    assert "have no mean" in found.remark
    assert "CRPS -" in str(found)


def test_what_cannot_be_used():
    with pytest.raises(ParameterError, match="do not decrease with their level"):
        lk.calibration([1.0, 2.0], quantiles={0.1: [0.0, 3.0], 0.9: [1.0, 2.0]})
    with pytest.raises(OptionError, match="pairs of levels"):
        lk.calibration([1.0], quantiles={0.5: [1.0]})
    with pytest.raises(OptionError, match="levels between 0 and 1"):
        lk.calibration([1.0], quantiles={5: [1.0], 95: [2.0]})
    with pytest.raises(DataError, match="row of draws"):
        lk.calibration([1.0, 2.0], samples=[[1.0, 2.0]])
    with pytest.raises(MissingValuesError, match="samples are missing"):
        lk.calibration([1.0], samples=[[1.0, np.nan]])
