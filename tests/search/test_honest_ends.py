"""Section by section: every bad end is recognised, named in words with what to do next."""

import math

import numpy as np
import pytest

import likely as lk
from likely.errors import (
    DataError,
    DesignError,
    FitError,
    MissingValuesError,
    OptionError,
    ParameterError,
    SupportError,
    UnknownNameError,
)

RNG = np.random.default_rng(11)


def finite(fit):
    """No NaN anywhere, and a standard error or a reason for every estimate."""
    for name in fit.names:
        assert not math.isnan(fit.coef[name])
        se = fit.stderr[name]
        assert (se is None) == (name in fit.withheld)
        assert se is None or (math.isfinite(se) and se > 0)
    assert np.all(np.isfinite(fit.cov))


def test_no_success_in_fifty():
    fit = lk.fit(lk.Bernoulli(), [0] * 50)
    assert fit.coef == {"p": 0.0}
    assert fit.stderr == {"p": None}
    assert "boundary" in fit.status
    assert "profile" in fit.withheld["p"]
    wald = fit.interval()["p"]
    assert not wald.exists
    assert "profile" in wald.note
    lower, upper = fit.interval(method="profile")["p"]
    assert lower == 0.0
    assert upper == pytest.approx(1 - math.exp(-1.920729410347062 / 50), rel=1e-8)
    finite(fit)


@pytest.mark.parametrize(
    ("family", "data", "name", "value"),
    [
        (lk.Bernoulli(), [1] * 20, "p", 1.0),
        (lk.Binomial(n=20), [0], "p", 0.0),
        (lk.Poisson(), [0] * 8, "rate", 0.0),
        (lk.Geometric(), [0] * 8, "p", 1.0),
    ],
)
def test_other_ends_of_domains(family, data, name, value):
    fit = lk.fit(family, data)
    assert fit.converged
    assert fit.coef[name] == value
    assert fit.stderr[name] is None
    lower, upper = fit.interval(method="profile")[name]
    assert (lower == value) != (upper == value)
    finite(fit)
    # the profile limit is where the log-likelihood has fallen by half the chi-squared quantile
    other = upper if lower == value else lower
    assert fit.likelihood.log({name: other}) == pytest.approx(fit.loglik - 1.920729410347062, abs=1e-7)


def test_constant_response_is_unbounded():
    for family in ("normal", "gamma", "student_t", "weibull", "logistic", "beta"):
        y = [0.5] * 6
        with pytest.raises(FitError, match=r"every value of y is 0\.5.*without bound"):
            lk.fit(family, y)
    fit = lk.fit("normal", [3.0] * 6, on_failure="return")
    assert not fit.converged
    assert "without bound" in fit.status
    assert set(fit.stderr.values()) == {None}
    assert lk.fit("exponential", [2.0] * 6).coef["rate"] == 0.5  # no spread to run away
    assert lk.fit(lk.Normal(sd=1), [3.0] * 6).coef["mean"] == 3.0
    with pytest.raises(FitError, match="single observation"):
        lk.fit("normal", [3.0])


def test_perfect_regression_is_unbounded():
    x = np.arange(10.0)
    with pytest.raises(FitError, match="reproduce every value"):
        lk.fit("normal", {"x": x, "y": 1 + 2 * x}, "y ~ x")


def test_underdispersed_counts_are_poisson():
    y = RNG.binomial(12, 0.4, 500)
    fit = lk.fit("negative_binomial", y)
    poisson = lk.fit("poisson", y)
    assert fit.converged
    assert fit.coef["dispersion"] == 0.0
    assert fit.coef["mean"] == pytest.approx(poisson.coef["rate"])
    assert fit.loglik == poisson.loglik
    assert fit.stderr["mean"] == pytest.approx(poisson.stderr["rate"])
    assert fit.stderr["dispersion"] is None
    assert "Poisson" in fit.status
    assert fit.k == 2
    lower, upper = fit.interval(method="profile")["dispersion"]
    assert lower == 0.0
    assert 0 < upper < 0.1
    finite(fit)
    x = RNG.normal(size=500)
    with_x = lk.fit("negative_binomial", {"y": y, "x": x}, "y ~ x")
    assert with_x.coef["dispersion"] == 0.0
    assert with_x.coef["mean.x"] == pytest.approx(lk.fit("poisson", {"y": y, "x": x}, "y ~ x").coef["rate.x"])


def test_gaussian_data_have_infinite_df():
    y = np.random.default_rng(5).normal(size=500)
    fit = lk.fit("student_t", y)
    normal = lk.fit("normal", y)
    assert fit.coef["df"] == math.inf
    assert fit.coef["scale"] == pytest.approx(normal.coef["sd"])
    assert fit.loglik == pytest.approx(normal.loglik)
    assert "Normal" in fit.status
    lower, upper = fit.interval(method="profile")["df"]
    assert upper == math.inf
    assert 5 < lower < 1000
    finite(fit)


def separated():
    x = np.array([1.0, 2, 3, 4, 5, 6, 7, 8])
    return {"x": x, "w": np.array([0.3, 1, -1, 0.2, 0.5, -0.7, 0.1, 0.9]), "y": (x > 4).astype(int)}


def test_perfect_separation_names_the_columns():
    with pytest.raises(FitError, match=r"\bx\b.*separat|separat.*\bx\b") as caught:
        lk.fit("bernoulli", separated(), "y ~ x")
    assert "p.w" not in str(caught.value)
    fit = lk.fit("bernoulli", separated(), "y ~ x", on_failure="return")
    assert not fit.converged
    assert "separat" in fit.status
    assert set(fit.stderr.values()) == {None}
    with pytest.raises(Exception, match="converge"):
        fit.interval()


def test_all_outcomes_alike_with_predictors():
    with pytest.raises(FitError, match="y is 1 in all 5 rows"):
        lk.fit("bernoulli", {"y": [1, 1, 1, 1, 1], "x": [1.0, 2, 3, 4, 6]}, "y ~ x")


def test_dependent_columns_are_named():
    x, z = RNG.normal(size=50), RNG.normal(size=50)
    data = {"y": RNG.normal(size=50), "x": x, "z": z, "total": x + z}
    for family in ("normal", "student_t"):
        with pytest.raises(DesignError, match=r"total = .*x.*z.*Leave out 'total'"):
            lk.fit(family, data, "y ~ x + z + total")
    with pytest.raises(DesignError, match="only 3 rows"):
        lk.fit("normal", {"y": [1, 2, 4.0], **{k: RNG.normal(size=3) for k in "abcd"}}, "y ~ a + b + c + d")


def test_outside_the_support():
    with pytest.raises(SupportError, match=r"numbers > 0.*row 1: 0\.0, row 3: -2\.0.*Normal"):
        lk.fit("gamma", [1.0, 0.0, 2.0, -2.0])
    with pytest.raises(SupportError, match=r"row 2: 2\.5.*Families whose support fits"):
        lk.fit("poisson", [1, 2, 2.5])
    with pytest.raises(SupportError, match="row 0"):
        lk.fit("beta", [0.0, 0.5, 1.0])
    with pytest.raises(SupportError, match="from 0 to 3"):
        lk.fit(lk.Binomial(n=3), [1, 4])
    with pytest.raises(SupportError, match="row 2"):
        lk.fit("bernoulli", [0, 1, 2])


def test_rows_named_are_the_users_rows():
    with pytest.warns(UserWarning, match="dropped"), pytest.raises(SupportError, match=r"row 3: -1\.0"):
        lk.fit("gamma", {"y": [1.0, np.nan, 2.0, -1.0]}, "y ~ 1", missing="drop")


def test_nan_and_infinity():
    with pytest.raises(MissingValuesError, match="y: 1"):
        lk.fit("normal", [1.0, math.nan, 2.0])
    with pytest.raises(SupportError, match="row 1: inf"):
        lk.fit("normal", [1.0, math.inf, 2.0])
    with pytest.raises(DataError, match=r"finite|missing"):
        lk.fit("normal", [1.0, 2, 4], np.array([[1.0], [np.inf], [2.0]]))
    with pytest.raises(MissingValuesError, match="w: 1"):
        lk.fit("normal", {"y": [1.0, 2, 3], "w": [1, np.nan, 1]}, "y ~ 1", weights="w")


def test_names():
    with pytest.raises(UnknownNameError, match=r"did you mean 'normal'"):
        lk.fit("normall", [1.0, 2.0])
    with pytest.raises(UnknownNameError, match="did you mean 'mean'"):
        lk.Normal().prob(1.0, mena=0, sd=1)
    with pytest.raises((UnknownNameError, TypeError), match="rate"):
        lk.Normal(rate=2)
    with pytest.raises(ParameterError, match="positive"):
        lk.Normal(sd=-1)
    with pytest.raises(ParameterError, match="needs a value for sd"):
        lk.Normal().prob(1.0, mean=0)
    with pytest.raises(ParameterError, match="number of trials"):
        lk.fit("binomial", [1, 2])
    with pytest.raises(OptionError, match="family"):
        lk.fit(3, [1.0, 2.0])


@pytest.mark.parametrize("data", [[], np.array([]), {"y": []}, {}])
def test_empty(data):
    with pytest.raises(DataError, match=r"empty|no rows|no data"):
        lk.fit("normal", data)


def test_lengths_and_weights():
    with pytest.raises(DataError, match="a: 2, b: 3"):
        lk.fit("normal", {"a": [1, 2], "b": [1, 2, 3]}, "a ~ b")
    with pytest.raises(DataError, match="3 rows, weights has 2"):
        lk.fit("normal", [1.0, 2, 3], weights=[1, 2])
    with pytest.raises(DataError, match="3 rows, the matrix of predictors 2"):
        lk.fit("normal", [1.0, 2, 3], np.ones((2, 1)))
    with pytest.raises(DataError, match=r"not negative.*row 1: -2"):
        lk.fit("normal", [1.0, 2, 3], weights=[1, -2, 1])
    with pytest.raises(DataError, match="all weights are zero"):
        lk.fit("normal", [1.0, 2, 3], weights=[0, 0, 0])


def test_strings():
    with pytest.raises(DataError, match="text"):
        lk.fit("normal", ["a", "b"])
    with pytest.raises(DataError, match=r"stand in the way of numbers: 'x'"):
        lk.fit("normal", {"y": ["1.5", "2.5", "x"], "x": [1, 2, 4]}, "y ~ 1")
    many = [str(v) for v in RNG.permutation(60)]
    with pytest.raises(DataError, match="written as text"):
        lk.fit("normal", {"y": RNG.normal(size=60), "x": many}, "y ~ x")


def test_not_converged_is_said():
    y = RNG.standard_t(3, 200)
    with pytest.raises(FitError, match="within 1 iteration"):
        lk.fit("student_t", y, max_iterations=1)
    fit = lk.fit("student_t", y, max_iterations=1, on_failure="return")
    assert not fit.converged
    assert "failed" in fit.status
    assert set(fit.stderr.values()) == {None}


def test_uniform_sits_on_its_edge():
    y = RNG.uniform(2, 5, 40)
    fit = lk.fit("uniform", y)
    assert fit.coef == {"low": y.min(), "high": y.max()}
    assert "edge" in fit.status
    assert set(fit.stderr.values()) == {None}
    finite(fit)


def test_pareto_keeps_the_standard_error_of_its_shape():
    y = 2 * (1 + RNG.pareto(3, 300))
    fit = lk.fit("pareto", y)
    assert fit.coef["minimum"] == y.min()
    assert fit.coef["shape"] == pytest.approx(300 / np.log(y / y.min()).sum())
    assert fit.stderr["shape"] == pytest.approx(fit.coef["shape"] / math.sqrt(300), rel=1e-9)
    assert fit.stderr["minimum"] is None


def test_flat_likelihood_names_the_parameters():
    @lk.family(params={"a": lk.Real, "b": lk.Real}, support="real")
    def twice(y, a, b, xp):
        return -0.5 * (y - a - b) ** 2 - 0.9189385332046727

    with pytest.raises(FitError, match=r"a, b|flat"):
        lk.fit(twice, RNG.normal(size=30))


# -- found by those who tried to break it ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("family", "link", "lower", "upper"),
    [("bernoulli", "identity", 0, 1), ("bernoulli", "log", 0, 1), ("poisson", "identity", 0, np.inf)],
)
@pytest.mark.parametrize("seed", range(4))
def test_no_parameter_leaves_its_domain(family, link, lower, upper, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=60) * 1.5
    y = (
        rng.uniform(size=60) < 1 / (1 + np.exp(-1.5 * x))
        if family == "bernoulli"
        else rng.poisson(np.exp(0.2 + 0.8 * x))
    )
    fit = lk.fit(family, {"x": x, "y": y}, "y ~ x", link=link, on_failure="return")
    if fit.converged:
        mean = np.asarray(fit.predict())
        assert np.all((mean >= lower) & (mean <= upper))
    else:
        assert "default link" in fit.status
    name = fit.names[0].split(".")[0]
    outside = {f"{name}.Intercept": -5.0 if link == "identity" else 5.0, f"{name}.x": 0.0}
    assert fit.likelihood.log(outside) == -math.inf


def test_data_outside_a_known_end():
    for family in (lk.Uniform(low=1.5), lk.Uniform(low=5.0), lk.Uniform(high=1.5), lk.Pareto(minimum=1.5)):
        with pytest.raises(SupportError, match="row"):
            lk.fit(family, [1.0, 2.0])
    assert lk.fit(lk.Uniform(low=0.0), [1.0, 2.0]).coef == {"high": 2.0}


def test_a_degenerate_skew_normal_is_not_a_success():
    with pytest.raises(FitError, match=r"shape runs to -?infinity"):
        lk.fit("skew_normal", [1.0] * 20 + [2.0] * 20 + [3.0] * 20)
    y = np.random.default_rng(0).gamma(5, 1, 200)
    best = lk.fit("skew_normal", y)
    assert lk.fit("skew_normal", -y).loglik == pytest.approx(best.loglik, abs=1e-6)


def test_laplace_scale_has_its_curvature():
    for y in ([-1e5, 1e5], [0.1, 0.7], [1.0, 3.0], [0.0, 0.0, 1.0, 1.0]):
        fit = lk.fit("laplace", y)
        assert fit.stderr["scale"] == pytest.approx(fit.coef["scale"] / math.sqrt(len(y)), rel=1e-9)
    y = [1.0, 1, 2, 2, 3, 3, 4, 9]
    lower, upper = lk.fit("laplace", y).interval(method="profile")["scale"]
    for scale in (lower, upper):  # n log scale + sum |y - median| / scale, from its minimum
        b = np.mean(np.abs(np.array(y) - np.median(y)))
        assert 8 * (math.log(scale / b) + b / scale - 1) == pytest.approx(1.920729410347062, abs=1e-6)


def test_weibull_with_an_outlier_has_a_peak():
    fit = lk.fit("weibull", [*np.linspace(9, 11, 30), 1e4])
    assert fit.coef == pytest.approx({"scale": 28.54, "shape": 0.4196}, rel=1e-3)  # scipy.stats.weibull_min.fit
    assert fit.loglik == pytest.approx(-146.920, abs=1e-3)


def test_one_counted_row_is_a_single_observation():
    for family in ("uniform", "normal", "pareto", "log_normal"):
        with pytest.raises(FitError, match="single observation"):
            lk.fit(family, [1.0, 2.0, 3.0], weights=[0, 1, 0])


def test_profiles_at_a_limit_are_of_the_whole_model():
    fit = lk.fit("negative_binomial", [0] * 19 + [1])
    assert fit.coef["dispersion"] == 0
    lower, upper = fit.interval(method="profile")["mean"]
    for mean in (lower, upper):
        others = np.geomspace(1e-6, 1e4, 4000)
        best = max(fit.likelihood.log(mean=mean, dispersion=d) for d in others)
        assert best == pytest.approx(fit.loglik - 1.920729410347062, abs=1e-3)
    assert fit.interval()["mean"].note == "as Poisson"
    assert fit.likelihood.log(**fit.coef) == pytest.approx(fit.loglik)
    assert fit.likelihood.curve("mean").loglik.max() <= fit.loglik + 1e-9
    everywhere = lk.fit("negative_binomial", [0] * 20).interval(method="profile")
    assert tuple(everywhere["dispersion"]) == (0.0, math.inf)


def test_beta_near_the_ends():
    assert lk.fit("beta", [1e-12, 2e-12, 3e-12]).coef["mean"] == pytest.approx(2e-12)
    assert lk.fit("beta", [1 - 1e-12, 1 - 2e-12, 1 - 1e-10]).converged


def test_no_invented_numbers():
    fit = lk.fit("normal", [5.0, 5.0], on_failure="return")
    assert fit.coef == {}
    with pytest.raises(ParameterError, match="whole number"):
        lk.Binomial(n=2.5)
    with pytest.raises(DataError, match="less than one"):
        lk.fit("bernoulli", [1, 0, 1], weights=[1e-12] * 3)
    for options in ({"tolerance": 1e9}, {"tolerance": -1.0}, {"max_iterations": 0}):
        with pytest.raises(OptionError):
            lk.fit("gamma", [1.0, 2.0, 3.0], **options)


@pytest.mark.parametrize("penalty", [None, lk.Ridge(1.0), lk.ElasticNet(0.2, 0.5)])
@pytest.mark.parametrize("name", ["normal", "inverse_gaussian", "gamma", "weibull", "log_normal", "beta", "student_t"])
def test_a_response_that_never_varies_beside_predictors(name, penalty):
    data = {"y": np.full(20, 0.56), "x": np.linspace(-1, 1, 20), "g": list("abcd") * 5}
    with pytest.raises(lk.errors.FitError, match="grows without bound"):
        lk.fit(name, data, "y ~ x + g", penalty=penalty)


@pytest.mark.parametrize("formula", [None, "y ~ x"])
def test_a_response_that_never_varies_beside_an_offset_that_does(formula):
    """The location varies with the offset, so there is a spread to estimate: the offset's own residual one."""
    data = {"y": np.full(20, 0.56), "x": np.linspace(-1, 1, 20), "o": np.linspace(-1, 1, 20) ** 2}
    fit = lk.fit("normal", data, formula or "y ~ 1", offset="o")
    rest = data["y"] - data["o"]
    slope = 0.0 if formula is None else data["x"] @ rest / (data["x"] @ data["x"])
    assert fit.coef["sd"] == pytest.approx(np.std(rest - slope * data["x"]), rel=1e-7)
