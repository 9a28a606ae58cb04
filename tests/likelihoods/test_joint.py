"""Likelihoods that share parameters, added."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

import likely as lk

A = np.array([4.9, 5.2, 5.1, 4.8, 5.05])
B = np.array([4.2, 5.9, 5.5, 4.6, 6.1, 3.9, 5.4])


def both():
    return lk.likelihood("normal", A) + lk.likelihood("normal", B).rename({"sd": "sd2"})


def test_two_labs_share_a_mean():
    def negative(t):
        return -(stats.norm.logpdf(A, t[0], np.exp(t[1])).sum() + stats.norm.logpdf(B, t[0], np.exp(t[2])).sum())

    found = optimize.minimize(negative, [5.0, 0.0, 0.0], method="BFGS", options={"gtol": 1e-9})
    L = both()
    assert L.names == ["mean", "sd", "sd2"]
    assert L.n == 12
    assert L.log(mean=5.0, sd=1.0, sd2=1.0) == pytest.approx(-negative([5.0, 0.0, 0.0]))
    fit = L.maximize()
    assert fit.loglik == pytest.approx(-found.fun, rel=1e-10)
    np.testing.assert_allclose(list(fit.coef.values()), [found.x[0], np.exp(found.x[1]), np.exp(found.x[2])], rtol=1e-5)
    lower, upper = fit.interval(method="profile", names="mean")["mean"]
    assert 0.5 * stats.chi2.ppf(0.95, 1) == pytest.approx(fit.loglik - L.profile("mean", [upper]).loglik[0], rel=1e-6)
    assert lower < fit.coef["mean"] < upper
    assert fit.test("sd = sd2").df == 1
    likelihood_ratio = fit.test("sd = sd2", method="lr")
    pooled = lk.fit("normal", np.concatenate([A, B]))
    assert likelihood_ratio.statistic == pytest.approx(2 * (fit.loglik - pooled.loglik), rel=1e-6)
    assert L.ratio({"mean": 5, "sd": 1, "sd2": 1}, {"mean": 4, "sd": 1, "sd2": 1}) > 1
    assert "12 observations" in str(fit.summary())
    assert fit.surprise().sum() == pytest.approx(fit.nll)


def test_the_same_parameters_are_one_sample():
    pooled = lk.fit("normal", np.concatenate([A, B]))
    for L in (lk.likelihood("normal", A) + lk.likelihood("normal", B), sum(lk.likelihood("normal", y) for y in (A, B))):
        fit = L.maximize()
        assert fit.loglik == pytest.approx(pooled.loglik, rel=1e-12)
        np.testing.assert_allclose(list(fit.coef.values()), list(pooled.coef.values()), rtol=1e-8)
        np.testing.assert_allclose(fit.cov, pooled.cov, rtol=1e-6, atol=1e-12)


def test_whether_they_share_is_a_hypothesis():
    apart = (lk.likelihood("normal", A) + lk.likelihood("normal", B).rename({"mean": "mean2", "sd": "sd2"})).maximize()
    assert apart.loglik == pytest.approx(lk.fit("normal", A).loglik + lk.fit("normal", B).loglik, rel=1e-12)
    shared = both().maximize()
    test = apart.lr_test(shared)
    assert (test.df, test.statistic) == (1, pytest.approx(2 * (apart.loglik - shared.loglik)))
    crossed = lk.likelihood("normal", A) + lk.likelihood("normal", B).rename({"mean": "m"})
    pooled = lk.likelihood("normal", A) + lk.likelihood("normal", B)
    assert crossed.maximize().lr_test(pooled.maximize()).df == 1
    with pytest.raises(lk.errors.OptionError, match="another order"):
        crossed.maximize().lr_test((lk.likelihood("gamma", A) + lk.likelihood("gamma", B)).maximize())


def test_coefficients_of_predictors_are_shared_too():
    x = np.arange(8.0)
    one, other = np.array([1, 0, 2, 3, 2, 5, 6, 9]), np.array([0, 2, 1, 2, 4, 4, 8, 7])
    twice = lk.fit("poisson", {"y": np.concatenate([one, other]), "x": np.tile(x, 2)}, "y ~ x")
    fit = (
        lk.likelihood("poisson", {"y": one, "x": x}, "y ~ x") + lk.likelihood("poisson", {"y": other, "x": x}, "y ~ x")
    ).maximize()
    assert fit.names == twice.names
    np.testing.assert_allclose(list(fit.coef.values()), list(twice.coef.values()), rtol=1e-7)
    np.testing.assert_allclose(fit.cov, twice.cov, rtol=1e-6)


def test_kinds_mix_and_so_do_densities():
    pytest.importorskip("jax")
    x = np.arange(1.0, 9.0)
    y = 5.0 * x + np.array([0.3, -0.2, 0.1, 0.5, -0.4, 0.0, 0.2, -0.3])
    slope = lk.density(lk.Normal(), mean=lambda p, d: p["mean"] * d["x"], params={"mean": 1.0})
    L = lk.likelihood("normal", A) + lk.likelihood(slope, {"x": x, "y": y}).rename({"sd": "noise"})
    fit = L.maximize()

    def negative(t):
        first = stats.norm.logpdf(A, t[0], np.exp(t[1])).sum()
        return -first - stats.norm.logpdf(y, t[0] * x, np.exp(t[2])).sum()

    found = optimize.minimize(negative, [5.0, -1.0, -1.0], method="BFGS", options={"gtol": 1e-9})
    assert fit.loglik == pytest.approx(-found.fun, rel=1e-9)
    assert fit.coef["mean"] == pytest.approx(found.x[0], rel=1e-6)
    assert set(fit.names) == {"mean", "sd", "noise"}
    assert L.n == 13


def test_weights_and_the_bootstrap_of_cases():
    doubled = lk.likelihood("normal", {"y": A, "w": np.full(5, 2)}, "y ~ 1", weights="w") + lk.likelihood("normal", B)
    repeated = lk.likelihood("normal", np.repeat(A, 2)) + lk.likelihood("normal", B)
    assert doubled.n == repeated.n == 17
    assert doubled.maximize().loglik == pytest.approx(repeated.maximize().loglik, rel=1e-12)
    interval = both().maximize().interval(method="bootstrap", kind="cases", replicates=60, seed=2, names="mean")["mean"]
    assert interval.lower < 5.1 < interval.upper


def test_sharing_a_shape_across_links():
    one = lk.likelihood("gamma", np.array([1.0, 2.0, 2.5, 4.0]), link={"shape": "identity"})
    other = lk.likelihood("gamma", np.array([3.0, 5.0, 9.0, 4.0])).rename({"mean": "mean2"})
    fit = (one + other).maximize()

    def negative(t):
        mean, shape, mean2 = np.exp(t)
        first = stats.gamma.logpdf([1.0, 2.0, 2.5, 4.0], shape, scale=mean / shape).sum()
        return -first - stats.gamma.logpdf([3.0, 5.0, 9.0, 4.0], shape, scale=mean2 / shape).sum()

    found = optimize.minimize(negative, [0.0, 1.0, 1.0], method="BFGS", options={"gtol": 1e-9})
    assert fit.loglik == pytest.approx(-found.fun, rel=1e-10)


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: lk.likelihood("normal", A) + 3, "added to a likelihood"),
        (lambda: lk.likelihood("normal", A).rename({"spread": "s"}), "unknown parameter 'spread'"),
        (lambda: lk.likelihood("normal", A).rename({"sd": "mean"}), "cannot have the same name"),
        (lambda: lk.likelihood("normal", A).rename("sd"), "a dict of old and new names"),
        (
            lambda: lk.likelihood("normal", A) + lk.likelihood("gamma", B),
            "mean is a real number in one likelihood and a positive number",
        ),
        (lambda: lk.likelihood("uniform", A) + lk.likelihood("uniform", B), "extreme of the data"),
        (lambda: lk.likelihood("categorical", list("abca")).rename({}), "cannot be shared as they are"),
        (lambda: both().maximize().predict(), "several data sets"),
        (lambda: both().log(mean=5.0, sd=1.0), "values are missing for sd2"),
        (lambda: both().maximize().lr_test(lk.fit("normal", np.concatenate([A, B]))), "not seen to be nested"),
    ],
)
def test_what_cannot_be_added(act, message):
    with pytest.raises(lk.errors.LikelyError, match=message):
        act()


def test_a_location_with_corners_has_no_errors_in_a_sum() -> None:
    rng = np.random.default_rng(9)
    fit = (lk.likelihood("laplace", rng.laplace(size=60)) + lk.likelihood("normal", rng.normal(size=60))).maximize()
    assert fit.stderr["loc"] is None
    assert "corners" in fit.withheld["loc"]
    assert fit.stderr["mean"] == pytest.approx(fit.coef["sd"] / np.sqrt(60), rel=1e-6)
