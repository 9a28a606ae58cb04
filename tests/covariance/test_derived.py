"""Derived quantities: values, delta-method standard errors in closed form, and when there are none."""

import numpy as np
import pytest

import likely as lk

Y = [0.2, 1.1, 0.7, 3.0, 1.9, 0.4]
N, MEAN = len(Y), np.mean(Y)


def test_exponential():
    found = lk.fit("exponential", Y).derived()
    assert found["mean"] == pytest.approx((MEAN, MEAN / np.sqrt(N)))
    assert found["median"] == pytest.approx((np.log(2) * MEAN, np.log(2) * MEAN / np.sqrt(N)))


def test_normal_variance():
    variance = np.var(Y)
    assert lk.fit("normal", Y).derived()["variance"] == pytest.approx((variance, variance * np.sqrt(2 / N)))


def test_several_parameters_use_their_covariance():
    fit = lk.fit("gamma", Y)
    m, k = fit.coef["mean"], fit.coef["shape"]
    gradient = np.array([-k / m**2, 1 / m])
    value, stderr = fit.derived()["rate"]
    assert value == pytest.approx(k / m)
    assert stderr == pytest.approx(float(np.sqrt(gradient @ fit.cov @ gradient)))


def test_known_parameters_are_constants():
    fit = lk.fit(lk.Gamma(shape=2.0), Y)
    value, stderr = fit.derived()["rate"]
    assert (value, stderr) == pytest.approx((2 / MEAN, 2 / MEAN / np.sqrt(2 * N)))
    assert lk.fit(lk.Normal(sd=2.0), Y).derived() == {}
    assert lk.fit(lk.Binomial(n=10), [3, 4]).derived()["odds"][0] == pytest.approx(7 / 13)


def test_predictors_have_none():
    assert lk.fit("gamma", {"y": Y, "x": [1, 2, 3, 4, 5, 7]}, "y ~ x").derived() == {}
    assert lk.fit(lk.Normal(sd="s"), {"y": Y, "s": Y}, "y ~ 1").derived() == {}
    assert lk.fit("categorical", list("aab")).derived() == {}


def test_without_standard_errors():
    assert lk.fit("uniform", Y).derived() == {"range": (2.8, None)}
    assert lk.fit("bernoulli", [0, 0, 0]).derived() == {"odds": (0.0, None)}
    assert lk.fit("bernoulli", [1, 1, 1]).derived() == {}  # infinite odds
    assert lk.fit("normal", [1.0, 1.0], on_failure="return").derived() == {}


def test_at_a_limit_those_of_the_limiting_family():
    y = [3, 4, 3, 4, 5, 3]
    found, poisson = lk.fit("negative_binomial", y).derived(), lk.fit("poisson", y).derived()
    assert list(found) == list(poisson)
    assert found["sd"] == pytest.approx(poisson["sd"])


def test_infinite_ones_are_left_out():
    assert lk.fit(lk.StudentT(df=1.5), Y).derived() == {}
