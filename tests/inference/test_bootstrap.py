"""The bootstrap against exact sampling distributions, SciPy's, and its own promises: seeds, limits, failures."""

import numpy as np
import pytest
from scipy import stats

import likely as lk
from likely.errors import IntervalError, OptionError, UnknownNameError
from likely.inference.bootstrap import bootstrap

Y = np.random.default_rng(8).exponential(2.0, 25)


def test_parametric_against_the_exact_distribution():
    fit = lk.fit("exponential", Y)
    rate, n = fit.coef["rate"], len(Y)
    draws = bootstrap(fit.estimates, replicates=4000).column("rate")
    # n rate / rate* is a gamma variable of shape n
    assert stats.kstest(n * rate / draws, stats.gamma(n).cdf).pvalue > 0.01
    lower, upper = fit.interval(method="bootstrap", replicates=4000)["rate"]
    np.testing.assert_allclose(lower, n * rate / stats.gamma(n).ppf(0.975), rtol=0.03)
    np.testing.assert_allclose(upper, n * rate / stats.gamma(n).ppf(0.025), rtol=0.03)


def test_cases_against_scipy():
    fit = lk.fit("normal", Y)
    ours = fit.interval(method="bootstrap", kind="cases", replicates=4000, level=0.9)
    theirs = stats.bootstrap(
        (Y,), np.mean, n_resamples=4000, confidence_level=0.9, method="percentile", rng=np.random.default_rng(1)
    ).confidence_interval
    np.testing.assert_allclose(list(ours["mean"]), list(theirs), rtol=0.03)
    assert ours["mean"].method == "bootstrap"
    assert ours["mean"].note == ""
    bca = fit.interval(method="bootstrap", kind="cases", interval="bca", replicates=4000, level=0.9)
    theirs = stats.bootstrap(
        (Y,), np.mean, n_resamples=4000, confidence_level=0.9, method="BCa", rng=np.random.default_rng(1)
    ).confidence_interval
    np.testing.assert_allclose(list(bca["mean"]), list(theirs), rtol=0.03)
    theirs = stats.bootstrap(
        (Y,), np.std, n_resamples=4000, confidence_level=0.9, method="BCa", rng=np.random.default_rng(1)
    ).confidence_interval
    np.testing.assert_allclose(list(bca["sd"]), list(theirs), rtol=0.06)


def test_the_seed_decides():
    fit = lk.fit("poisson", [1, 4, 2, 0, 3])
    a, b, c = (bootstrap(fit.estimates, replicates=50, seed=s).estimates for s in (1, 1, 2))
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(3)
    x = rng.normal(size=60)
    return {
        "x": x,
        "y": 1 + 2 * x + rng.normal(size=60),
        "b": rng.binomial(1, 1 / (1 + np.exp(-x))),
        "c": rng.poisson(np.exp(0.5 + 0.3 * x)),
        "k": rng.choice(list("pqr"), 60),
        "m": rng.integers(3, 20, 60),
        "w": rng.integers(0, 4, 60),
    }


@pytest.mark.parametrize("kind", ["parametric", "cases"])
@pytest.mark.parametrize(
    ("family", "formula"),
    [
        ("normal", "y ~ x"),
        ("bernoulli", "b ~ x"),
        ("poisson", "c ~ x"),
        ("categorical", "k ~ x"),
        ("categorical", "k ~ 1"),
        (lk.Binomial(n="m"), "b ~ x"),
    ],
)
def test_spread_is_about_the_standard_error(data, family, formula, kind):
    fit = lk.fit(family, data, formula)
    drawn = bootstrap(fit.estimates, replicates=150, kind=kind)
    assert drawn.failed == 0
    assert drawn.names == fit.names
    spread = np.std(drawn.estimates, axis=0)
    np.testing.assert_allclose(spread, [fit.stderr[n] for n in fit.names], rtol=0.45)
    assert np.all(np.abs(drawn.estimates.mean(axis=0) - list(fit.coef.values())) < spread)


def test_refits_are_the_fits_of_the_drawn_data(data):
    fit = lk.fit("poisson", data, "c ~ x")
    drawn = bootstrap(fit.estimates, replicates=3, seed=np.random.default_rng(4))
    for estimates, y in zip(drawn.estimates, fit.simulate(3, seed=np.random.default_rng(4)), strict=True):
        again = lk.fit("poisson", {"c": y, "x": data["x"]}, "c ~ x")
        np.testing.assert_allclose(estimates, list(again.coef.values()), rtol=1e-6)


@pytest.mark.parametrize("kind", ["parametric", "cases"])
@pytest.mark.parametrize("formula", ["c ~ x", "c ~ 1"])
def test_weights_stand_for_rows(data, formula, kind):
    weighted = lk.fit("poisson", data, formula, weights="w")
    rows = np.repeat(np.arange(60), data["w"])
    expanded = lk.fit("poisson", {k: np.asarray(v)[rows] for k, v in data.items()}, formula)
    spreads = [
        np.std(bootstrap(f.estimates, replicates=400, kind=kind).estimates, axis=0) for f in (weighted, expanded)
    ]
    np.testing.assert_allclose(*spreads, rtol=0.2)
    if kind == "parametric":  # the very same rows are drawn
        np.testing.assert_allclose(*spreads, rtol=1e-6)
    with pytest.raises(OptionError, match="whole numbers"):
        bootstrap(lk.fit("poisson", data, "c ~ x", weights=np.full(60, 0.5)).estimates, kind=kind)


def test_many_rows_of_a_continuous_constant_are_all_drawn():
    y = np.random.default_rng(0).gamma(2.0, 1.0, 5000)  # beyond where a fit needs only sums
    fit = lk.fit("gamma", y)
    drawn = bootstrap(fit.estimates, replicates=40, kind="cases")
    np.testing.assert_allclose(np.std(drawn.estimates, axis=0), list(fit.stderr.values()), rtol=0.4)


def test_a_parameter_that_runs_to_its_limit_counts_as_infinite():
    y = stats.norm.ppf(np.linspace(0.02, 0.98, 25)) + 0.3 * stats.cauchy.ppf(np.linspace(0.05, 0.95, 25))
    fit = lk.fit("student_t", y)
    assert fit.limit is None
    interval = fit.interval(method="bootstrap", replicates=100)["df"]
    assert interval.lower < fit.coef["df"]
    assert interval.upper == np.inf
    assert "ran to infinity in" in interval.note


def test_boundary_estimates_are_values():
    drawn = bootstrap(lk.fit("bernoulli", [0] * 12 + [1]).estimates, replicates=200)
    assert drawn.failed == 0
    assert np.min(drawn.estimates) == 0.0
    lower, upper = lk.fit("bernoulli", [0] * 12 + [1]).interval(method="bootstrap")["p"]
    assert lower == 0.0
    assert 0.1 < upper < 0.5
    never = lk.fit("bernoulli", [0] * 5).interval(method="bootstrap", replicates=100)["p"]
    assert not never.exists
    assert "profile" in never.note
    limit = lk.fit("negative_binomial", [3, 4, 3, 4, 5, 3])
    interval = limit.interval(method="bootstrap", replicates=100)["dispersion"]
    assert interval.lower == 0.0
    assert "rough" in interval.note


def test_extremes_have_no_bootstrap():
    interval = lk.fit("uniform", [1.0, 2.0, 5.0]).interval(method="bootstrap", replicates=50)["low"]
    assert not interval.exists
    assert "extreme of the data" in interval.note


def test_failures_are_counted_and_too_many_refused():
    few = lk.fit("bernoulli", {"y": [0, 0, 1, 0, 1, 1, 1, 0], "x": range(8)}, "y ~ x")
    drawn = bootstrap(few.estimates, replicates=60, kind="cases")
    assert drawn.failed == sum(drawn.reasons.values()) == np.isnan(drawn.estimates[:, 0]).sum() > 6
    with pytest.raises(IntervalError, match=r"refits failed, too many .*separates"):
        few.interval(method="bootstrap", replicates=60, kind="cases")
    # 22 rows: separation now and then
    more = lk.fit("bernoulli", {"y": [0, 0, 1, 0, 1, 1, 1, 0, 0, 1, 1] * 2, "x": list(range(11)) * 2}, "y ~ x")
    drawn = bootstrap(more.estimates, replicates=60)
    interval = more.interval(method="bootstrap", replicates=60)["p.x"]
    assert interval.exists
    assert (f"{drawn.failed} of 60 refits failed" in interval.note) == (drawn.failed > 0)


def test_progress_is_told():
    seen = []
    bootstrap(
        lk.fit("poisson", [1, 2, 4]).estimates, replicates=5, progress=lambda done, total: seen.append((done, total))
    )
    assert seen == [(i, 5) for i in range(1, 6)]


def test_options():
    fit = lk.fit("normal", Y)
    with pytest.raises(UnknownNameError, match="did you mean 'cases'"):
        fit.interval(method="bootstrap", kind="case")
    with pytest.raises(OptionError, match="needs kind='cases'"):
        fit.interval(method="bootstrap", interval="bca")
    with pytest.raises(OptionError, match="take at least 200"):
        fit.interval(method="bootstrap", replicates=100, level=0.99)
    with pytest.raises(OptionError, match="1 or more"):
        bootstrap(fit.estimates, replicates=0)
    with pytest.raises(IntervalError, match="did not converge"):
        bootstrap(lk.fit("normal", [1.0, 1.0], on_failure="return").estimates)
    assert list(fit.interval(method="bootstrap", names=["sd"], replicates=50)) == ["sd"]


@pytest.mark.parametrize("family", ["student_t", "negative_binomial"])
def test_the_short_way_to_a_limit_is_the_long_one(family):
    rng = np.random.default_rng(6)
    x = np.linspace(-1, 1, 30)
    y = x + rng.standard_t(6, 30) if family == "student_t" else rng.poisson(rng.gamma(5.0, 0.2 * np.exp(0.5 + x)))
    fit = lk.fit(family, {"x": x, "y": y.astype(float)}, "y ~ x")
    drawn = bootstrap(fit.estimates, replicates=6, seed=np.random.default_rng(2))
    for estimates, again in zip(drawn.estimates, fit.simulate(6, seed=np.random.default_rng(2)), strict=True):
        expected = lk.fit(family, {"x": x, "y": again.astype(float)}, "y ~ x").coef
        np.testing.assert_allclose(estimates, list(expected.values()), rtol=1e-4, atol=1e-6)
    ran = np.isin(drawn.estimates[:, -1], (0.0, np.inf))
    assert 0 < ran.sum() < 6


def test_clusters_are_drawn_whole() -> None:
    """Rows that repeat their cluster say nothing new, so the interval is that of one row per cluster."""
    rng = np.random.default_rng(3)
    groups = rng.normal(size=40)
    data = {"y": np.repeat(groups, 25) + 1e-3 * rng.normal(size=1000), "g": np.repeat(np.arange(40), 25)}
    fit = lk.fit("normal", data, "y ~ 1", cluster="g")
    one = lk.fit("normal", groups)
    for interval in ("percentile", "bca"):
        options = {"method": "bootstrap", "kind": "cases", "interval": interval, "replicates": 400}
        found, expected = fit.interval(**options)["mean"], one.interval(**options)["mean"]
        assert found.upper - found.lower == pytest.approx(expected.upper - expected.lower, rel=0.15)
    with pytest.raises(OptionError, match="whole clusters"):
        fit.interval(method="bootstrap")
    two_ways = fit.with_cov(cluster=["g", np.arange(1000) % 7])
    with pytest.raises(OptionError, match="two ways"):
        two_ways.interval(method="bootstrap", kind="cases")


def test_a_seed_does_not_repeat_the_noise_of_the_data():
    """Data made by NumPy, or simulated, with a seed say nothing of the draws with that seed."""
    noise = np.random.default_rng(1).normal(size=500)
    fit = lk.fit("normal", noise)
    drawn = fit.simulate(seed=1)
    assert abs(np.corrcoef(noise, drawn)[0, 1]) < 0.15
    again = lk.fit("normal", drawn)
    first = bootstrap(again.estimates, replicates=1, seed=1).estimates[0]
    assert abs(first[0] - again.coef["mean"] - (np.mean(drawn) - fit.coef["mean"])) > 1e-6
    repeated = bootstrap(fit.estimates, replicates=2, seed=1).estimates
    np.testing.assert_array_equal(repeated, bootstrap(fit.estimates, replicates=2, seed=1).estimates)
