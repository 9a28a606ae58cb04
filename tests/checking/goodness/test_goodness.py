"""Tests of goodness of fit against SciPy's statistics, Lilliefors' tables and other software's p-values."""

import numpy as np
import pytest
from scipy import stats

import likely as lk
from likely.checking.goodness import statistics
from likely.errors import FitError, OptionError, UnknownNameError


def draws(n=80):
    return np.random.default_rng(3).normal(size=n)


def test_statistics_are_scipys():
    y = draws()
    fit = lk.fit("normal", y)
    mean, sd = np.mean(y), np.std(y)
    few = {"replicates": 19}
    assert fit.goodness("ks", **few).statistic == pytest.approx(
        stats.kstest(y, "norm", (mean, sd)).statistic, rel=1e-10
    )
    assert fit.goodness("cvm", **few).statistic == pytest.approx(
        stats.cramervonmises(y, "norm", (mean, sd)).statistic, rel=1e-10
    )
    u = np.sort(stats.norm.cdf(y, mean, sd))
    i = np.arange(1, len(y) + 1)
    expected = -len(y) - np.mean((2 * i - 1) * (np.log(u) + np.log(1 - u[::-1])))
    assert fit.goodness("ad", **few).statistic == pytest.approx(expected, rel=1e-10)


def test_p_values_allow_for_estimated_parameters():
    y = np.random.default_rng(12).normal(size=60) ** 3 * 0.2 + draws(60)
    lilliefors = pytest.importorskip("statsmodels.stats.diagnostic").lilliefors
    found = lk.fit("normal", y).goodness("ks", replicates=3999)
    assert found.p_value == pytest.approx(lilliefors(y, "norm")[1], abs=0.03)
    naive = stats.kstest(y, "norm", (np.mean(y), np.std(y))).pvalue
    assert found.p_value < naive / 2

    def distance(z):
        u = np.sort(stats.norm.cdf((z - z.mean(-1, keepdims=True)) / z.std(-1, keepdims=True)), axis=-1)
        i = np.arange(1, 61)
        return -60 - np.mean((2 * i - 1) * (np.log(u) + np.log1p(-u[..., ::-1])), axis=-1)

    # the statistic does not depend on mean and sd, so its distribution can be drawn without fitting
    null = distance(np.random.default_rng(0).normal(size=(20_000, 60)))
    exact = np.mean(null >= distance(y[None]))
    assert lk.fit("normal", y).goodness("ad").p_value == pytest.approx(exact, abs=0.03)
    e = np.random.default_rng(5).weibull(1.3, size=50)
    assert lk.fit("exponential", e).goodness("ks").p_value == pytest.approx(lilliefors(e, "exp")[1], abs=0.04)


def test_levels():
    p = []
    for seed in range(60):
        y = np.random.default_rng(seed).gamma(2.0, size=40)
        p.append(lk.fit("gamma", y).goodness("ad", replicates=99, seed=seed + 1000).p_value)
    assert stats.kstest(p, "uniform").pvalue > 0.01


def test_with_predictors():
    rng = np.random.default_rng(2)
    x = rng.normal(size=150)
    right = {"y": 1 + x + rng.normal(size=150), "x": x}
    wrong = {"y": 1 + x + rng.exponential(size=150), "x": x}
    assert lk.fit("normal", right, "y ~ x").goodness(replicates=199).p_value > 0.05
    assert lk.fit("normal", wrong, "y ~ x").goodness(replicates=199).p_value < 0.02


def test_counts():
    rng = np.random.default_rng(4)
    y = rng.negative_binomial(2, 0.4, size=200)
    fit = lk.fit("poisson", y)
    found = fit.goodness(replicates=199)
    rate = fit.coef["rate"]
    at = np.arange(0, y.max() + 6)
    e = np.append(200 * stats.poisson.pmf(at, rate), 200 * stats.poisson.sf(at[-1], rate))
    seen = np.bincount(np.minimum(y, len(at)), minlength=len(at) + 1)
    groups = statistics._merged(e)
    o, e = np.bincount(groups, seen), np.bincount(groups, e)
    assert found.statistic == pytest.approx(np.sum((o - e) ** 2 / e))
    assert found.p_value < 0.02
    assert e.min() >= 5.0
    assert lk.fit("negative_binomial", y).goodness(replicates=99).p_value > 0.05
    for test in ("ad", "ks", "cvm"):
        assert fit.goodness(test, replicates=99).p_value < 0.05
    z = np.abs(np.cumsum(seen[:-1] - 200 * stats.poisson.pmf(at, rate))).max() / 200
    assert fit.goodness("ks", replicates=19).statistic == pytest.approx(z)


def test_hosmer_and_lemeshow():
    loans = lk.datasets.loans()
    fit = lk.fit("bernoulli", loans, "default ~ duration + age")
    found = fit.goodness(replicates=199)
    p, y = np.asarray(fit.predict()), np.asarray(fit.likelihood.function.bound.y)
    which = np.searchsorted(np.quantile(p, np.linspace(0, 1, 11))[1:-1], p, side="left")
    expected = sum(
        (y[which == g].sum() - p[which == g].sum()) ** 2 / (p[which == g].sum() * (1 - p[which == g].mean()))
        for g in range(10)
    )
    assert found.statistic == pytest.approx(expected)
    assert found.details["chi2_p_value"] == pytest.approx(stats.chi2.sf(expected, 8))
    assert abs(found.p_value - found.details["chi2_p_value"]) < 0.15  # the chi-squared distribution is approximate


def test_frequency_weights_are_rows():
    y, w = np.unique(np.random.default_rng(1).poisson(2.0, size=150), return_counts=True)
    a = lk.fit("poisson", {"y": y, "w": w}, "y", weights="w").goodness(replicates=99)
    b = lk.fit("poisson", np.repeat(y, w)).goodness(replicates=99)
    assert (a.statistic, a.n) == (pytest.approx(b.statistic), b.n)


def test_what_it_says():
    found = lk.fit("normal", draws()).goodness("ks", replicates=99)
    assert "Kolmogorov-Smirnov" in str(found)
    assert "99 data sets" in str(found)
    assert found.to_dict()["rows"][0]["p_value"] == found.p_value
    assert found.p_value == lk.fit("normal", draws()).goodness("ks", replicates=99).p_value


def test_what_cannot_be_tested():
    fit = lk.fit("normal", draws())
    with pytest.raises(UnknownNameError, match="hosmer-lemeshow"):
        fit.goodness("hosmer")
    with pytest.raises(OptionError, match="Bernoulli"):
        fit.goodness("hosmer-lemeshow")
    with pytest.raises(OptionError, match="19"):
        fit.goodness(replicates=3)
    with pytest.raises(OptionError, match="labels"):
        lk.fit("categorical", list("abcab") * 5).goodness()
    with pytest.raises(FitError, match="converged"):
        lk.fit("normal", [5.0, 5.0, 5.0], on_failure="return").goodness()
