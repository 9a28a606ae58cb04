"""The conditional logit model: against enumeration, statsmodels, and the models that it is equal to."""

import itertools
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from mpmath import mp

import likely as lk
from likely.errors import DataError, DesignError, FitError, IntervalError, OptionError, ParameterError, SupportError
from likely.likelihoods.strata import StrataObjective


@pytest.fixture(scope="module")
def study():
    """60 strata of 5 to 9 rows, none to all of them cases."""
    rng = np.random.default_rng(2)
    g = np.repeat(np.arange(60), rng.integers(5, 10, 60))
    x = rng.normal(size=(len(g), 3))
    chance = 1 / (1 + np.exp(-(x @ [0.8, -0.4, 0.0] + rng.normal(size=60)[g])))
    y = (rng.random(len(g)) < chance) * 1
    y[g == 0], y[g == 1] = 1, 0
    data = pd.DataFrame({"y": y, "g": g, "a": x[:, 0], "b": x[:, 1], "c": x[:, 2]})
    return data.sample(frac=1.0, random_state=1).reset_index(drop=True)


def enumerated(data, beta, columns):
    """The log-likelihood by all subsets of every stratum."""
    total = 0.0
    for _, part in data.groupby("g"):
        eta, y = part[columns].to_numpy() @ beta, part.y.to_numpy()
        sums = [sum(eta[list(s)]) for s in itertools.combinations(range(len(y)), int(y.sum()))]
        total += float(eta[y == 1].sum()) - np.logaddexp.reduce(sums)
    return total


def test_the_likelihood_is_that_of_all_subsets(study):
    columns = ["a", "b", "c"]
    L = lk.likelihood(lk.ConditionalLogit(strata="g"), study, "y ~ a + b + c")
    beta = np.array([0.7, -0.2, 0.1])
    assert L.log(dict(zip(L.names, beta, strict=True))) == pytest.approx(enumerated(study, beta, columns), rel=1e-12)
    point, step = L.function.objective.point(beta), 1e-4
    for i in range(3):
        e = step * np.eye(3)[i]
        slope = (enumerated(study, beta + e, columns) - enumerated(study, beta - e, columns)) / (2 * step)
        assert point.score[i] == pytest.approx(slope, rel=1e-6)
        bend = (
            L.function.objective.value_and_score(beta + e)[1] - L.function.objective.value_and_score(beta - e)[1]
        ) / (2 * step)
        np.testing.assert_allclose(point.info[i], -bend, rtol=1e-6, atol=1e-6)
    scores = L.function.objective.row_scores(beta)
    np.testing.assert_allclose(scores.sum(axis=0), point.score, rtol=1e-12)
    assert L.function.objective.log_density(beta).sum() == pytest.approx(point.value)
    np.testing.assert_allclose(L.score(dict(zip(L.names, beta, strict=True))), point.score)


def test_large_utilities_and_strata_do_not_overflow():
    rng = np.random.default_rng(3)
    eta, cases = 400.0 * rng.normal(size=60), 25
    data = {"x": eta, "y": (np.argsort(np.argsort(-eta)) < cases) * 1, "g": np.zeros(60)}
    L = lk.likelihood(lk.ConditionalLogit(strata="g"), data, "y ~ x")
    with mp.workdps(40):  # the elementary symmetric polynomial, by mpmath
        sums = [mp.mpf(1)] + [mp.mpf(0)] * cases
        for v in eta:
            for k in range(cases, 0, -1):
                sums[k] += mp.exp(mp.mpf(float(v))) * sums[k - 1]
        want = sum(mp.mpf(float(v)) for v in np.sort(eta)[::-1][:cases]) - mp.log(sums[cases])
    assert L.log(1.0) == pytest.approx(float(want), rel=1e-6, abs=1e-11)
    point = L.function.objective.point(np.array([1e-9]))
    n, variance = 60, np.var(eta, ddof=1)
    assert point.info[0, 0] == pytest.approx(variance * cases * (n - cases) / n, rel=1e-5)  # drawn without replacement


def test_statsmodels(study):
    from statsmodels.discrete.conditional_models import ConditionalLogit

    fit = lk.fit(lk.ConditionalLogit(), study, "y ~ a + b + c", strata="g")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other = ConditionalLogit(study.y, study[["a", "b", "c"]], groups=study.g)
        found = other.fit(disp=0, method="BFGS", gtol=1e-9)
    assert fit.loglik == pytest.approx(other.loglike(np.array(list(fit.coef.values()))), rel=1e-10)
    np.testing.assert_allclose(list(fit.coef.values()), found.params, atol=1e-4)
    np.testing.assert_allclose(list(fit.stderr.values()), found.bse, rtol=1e-3)
    assert np.max(np.abs(other.score(np.array(list(fit.coef.values()))))) < 1e-4
    assert fit.names == ["utility.a", "utility.b", "utility.c"]


def test_matched_pairs_are_a_logistic_regression_of_differences():
    """Breslow and Day (1980), section 7.1: one case and one control in every stratum."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=(80, 2, 2))
    first = rng.random(80) < 1 / (1 + np.exp(-(x[:, 0] - x[:, 1]) @ [0.5, -1.0]))
    y = np.column_stack([first, ~first]).ravel() * 1
    flat = x.reshape(-1, 2)
    data = {"y": y, "pair": np.repeat([f"p{i}" for i in range(80)], 2), "a": flat[:, 0], "b": flat[:, 1]}
    fit = lk.fit("clogit", data, "y ~ a + b", strata="pair")
    binary = lk.fit("bernoulli", first * 1, x[:, 0] - x[:, 1])
    assert fit.loglik == pytest.approx(binary.loglik, rel=1e-12)
    np.testing.assert_allclose(list(fit.coef.values()), list(binary.coef.values()), rtol=1e-8)
    np.testing.assert_allclose(list(fit.stderr.values()), list(binary.stderr.values()), rtol=1e-8)
    assert fit.n == binary.n == 80


def test_choices_are_the_multinomial_model():
    """With a constant and a slope for each alternative the choice model is the multinomial logit."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=150)
    k = np.argmax(np.column_stack([np.zeros(150), 0.3 + x, -0.5 * x]) + rng.gumbel(size=(150, 3)), axis=1)
    long = pd.DataFrame({"id": np.repeat(np.arange(150), 3), "alt": np.tile(list("uvw"), 150), "x": np.repeat(x, 3)})
    long["chosen"] = (np.tile(range(3), 150) == np.repeat(k, 3)) * 1
    for level in "vw":
        long[level] = (long.alt == level) * 1.0
        long[f"x{level}"] = long[level] * long.x
    fit = lk.fit(lk.ConditionalLogit(), long, "chosen ~ v + w + xv + xw", strata="id")
    wide = lk.fit(lk.Categorical(), {"k": np.array(list("uvw"))[k], "x": x}, "k ~ x")
    assert fit.loglik == pytest.approx(wide.loglik, rel=1e-12)
    assert fit.coef["utility.xv"] == pytest.approx(wide.coef["p[v].x"], rel=1e-7)
    assert fit.stderr["utility.w"] == pytest.approx(wide.stderr["p[w].Intercept"], rel=1e-7)
    p = fit.predict(what="prob").to_numpy().reshape(-1, 3)
    np.testing.assert_allclose(p, np.column_stack([wide.predict(what="prob")[c] for c in "uvw"]), rtol=1e-5)


def test_strata_that_say_nothing(study):
    fit = lk.fit("clogit", study, "y ~ a", strata="g")
    cases = study.groupby("g").y.agg(["sum", "size"])
    informative = cases[(cases["sum"] > 0) & (cases["sum"] < cases["size"])]
    assert fit.n == len(informative) < 60
    rest = lk.fit("clogit", study[study.g.isin(informative.index)], "y ~ a", strata="g")
    assert rest.coef == fit.coef
    text = " ".join(str(fit.summary()).split())
    assert f"60 strata, {fit.n} informative; the others have no case, or nothing else" in text
    assert fit.bic == pytest.approx(np.log(fit.n) - 2 * fit.loglik)
    with pytest.raises(DataError, match="none of the 3 strata has both"):
        lk.fit("clogit", {"y": [1, 1, 0, 0, 1, 1], "g": [1, 1, 2, 2, 3, 3], "x": range(6)}, "y ~ x", strata="g")


def test_weights_offset_and_more_than_half_cases(study):
    w = 1 + study.g % 3
    weighted = lk.fit("clogit", study, "y ~ a + b", strata="g", weights=w)
    copies = [study[w > k].assign(g=lambda d, k=k: d.g + 1000 * k) for k in range(3)]
    repeated = lk.fit("clogit", pd.concat(copies), "y ~ a + b", strata="g")
    assert weighted.loglik == pytest.approx(repeated.loglik, rel=1e-12)
    np.testing.assert_allclose(list(weighted.stderr.values()), list(repeated.stderr.values()), rtol=1e-9)
    assert weighted.n == repeated.n
    with pytest.raises(DataError, match="weights are those of strata, but row"):
        lk.fit("clogit", study, "y ~ a", strata="g", weights=1 + np.arange(len(study)) % 2)
    with pytest.raises(OptionError, match="how often a stratum was observed"):
        lk.fit("clogit", study, "y ~ a", strata="g", weights=w, weights_kind="sampling")
    free = lk.fit("clogit", study, "y ~ a + b", strata="g")
    held = lk.fit("clogit", study.assign(o=free.coef["utility.b"] * study.b), "y ~ a + offset(o)", strata="g")
    assert held.loglik == pytest.approx(free.loglik, rel=1e-12)
    turned = lk.fit("clogit", study.assign(y=1 - study.y), "y ~ a + b", strata="g")
    np.testing.assert_allclose(list(turned.coef.values()), [-v for v in free.coef.values()], rtol=1e-9)


def test_what_follows(study):
    fit = lk.fit(lk.ConditionalLogit(strata="g"), study, "y ~ a + b + c")
    smaller = lk.fit(lk.ConditionalLogit(strata="g"), study, "y ~ a + b")
    assert fit.lr_test(smaller).statistic == pytest.approx(2 * (fit.loglik - smaller.loglik))
    assert fit.test("utility.a = 0, utility.b = 0").df == 2
    lower, upper = fit.interval(method="profile", names=["utility.a"])["utility.a"]
    for end in (lower, upper):
        held = lk.fit(lk.ConditionalLogit(strata="g"), study.assign(o=end * study.a), "y ~ b + c + offset(o)")
        assert 2 * (fit.loglik - held.loglik) == pytest.approx(3.841458820694124, rel=1e-6)
    p = fit.predict({"g": ["u", "u", "v"], "a": [1.0, 0.0, 2.0], "b": [0, 0, 0], "c": [0, 0, 0]}, what="prob")
    ahead = 1 / (1 + np.exp(-fit.coef["utility.a"]))
    np.testing.assert_allclose(p, [ahead, 1 - ahead, 1])
    for refused in (fit.predict, fit.simulate, fit.residuals, fit.surprise):
        with pytest.raises(OptionError, match="about strata given their numbers of cases"):
            refused()
    with pytest.raises(IntervalError, match="profile"):
        fit.interval(method="bootstrap")
    assert pickle.loads(pickle.dumps(fit)).coef == fit.coef
    assert isinstance(fit.likelihood.function.objective, StrataObjective)


def test_robust_covariances_are_sums_over_strata(study):
    fit = lk.fit(lk.ConditionalLogit(strata="g"), study.assign(k=study.g // 10), "y ~ a + b")
    beta = np.array(list(fit.coef.values()))
    scores, bread = (
        fit.likelihood.function.objective.row_scores(beta),
        np.linalg.inv(fit.likelihood.function.objective.point(beta).info),
    )
    np.testing.assert_allclose(fit.with_cov("HC0").cov, bread @ (scores.T @ scores) @ bread, rtol=1e-9)
    wanted = fit.with_cov("HC0").cov * fit.n / (fit.n - 2)
    np.testing.assert_allclose(fit.with_cov("HC1").cov, wanted, rtol=1e-9)
    informative = study.groupby("g").y.agg(lambda y: 0 < y.sum() < len(y))
    clusters = (informative.index[informative] // 10).to_numpy()
    sums = np.array([scores[clusters == k].sum(axis=0) for k in np.unique(clusters)])
    found = fit.with_cov("cluster", cluster="k").cov
    ratio = found / (bread @ (sums.T @ sums) @ bread)
    np.testing.assert_allclose(ratio, ratio[0, 0], rtol=1e-9)  # up to the correction for few clusters
    with pytest.raises(DataError, match="falls into several clusters"):
        fit.with_cov("cluster", cluster=np.arange(len(study)) % 3).stderr  # noqa: B018
    with pytest.raises(IntervalError, match="leverages"):
        fit.with_cov("HC3").stderr  # noqa: B018
    with pytest.raises(OptionError, match="log-density of rows"):
        lk.fit(lk.ConditionalLogit(strata="g"), study, "y ~ a", penalty=lk.Firth())
    with pytest.raises(DataError, match="compare conditional models with each other"):
        lk.compare([lk.ConditionalLogit(strata="g"), "bernoulli"], study, "y ~ a")


def test_mistakes(study):
    def run(formula, **more):
        return lk.fit(lk.ConditionalLogit(), study.assign(k=study.g % 3, s=study.a + study.g), formula, **more)

    with pytest.raises(ParameterError, match="needs its strata"):
        run("y ~ a")
    with pytest.raises(DesignError, match="'k' does not vary within any stratum"):
        run("y ~ a + k", strata="g")
    with pytest.raises(DesignError, match=r"within strata the predictors are linearly dependent.*'s'"):
        run("y ~ a + s", strata="g")
    with pytest.raises(DesignError, match="needs predictors"):
        run("y ~ 1", strata="g")
    with pytest.raises(SupportError, match="1 for a case"):
        run("g ~ a", strata="k")
    with pytest.raises(ValueError, match="unknown column 'nothing'"):
        run("y ~ a", strata="nothing")


def test_separation(study):
    apart = study.assign(s=np.where(study.y == 1, 1 + study.a**2, -1 - study.a**2))
    with pytest.raises(FitError, match=r"^s separates the cases from the others in \d+ of \d+ strata.*to \+infinity"):
        lk.fit("clogit", apart, "y ~ s + b", strata="g")
    some = study.assign(s=np.where((study.g < 20) & (study.y == 1), 1.0, 0.0))
    with pytest.raises(FitError, match=r"^s separates"):
        lk.fit("clogit", some, "y ~ s + b", strata="g")


def test_one_case_in_many_strata_is_the_general_recursion():
    """The quick way for one case is the recursion's answer."""
    from likely.likelihoods.strata import _conditional, _subsets

    rng = np.random.default_rng(6)
    eta, x = rng.normal(size=(4, 7)), rng.normal(size=(4, 7, 2))
    value, score, info = _conditional(eta, x, 1, None, 2)
    logs, mean, cov = _subsets(eta, x, 1, 2)
    np.testing.assert_allclose(value, eta[:, 0] - logs, rtol=1e-13)
    np.testing.assert_allclose(score, x[:, 0] - mean, rtol=1e-12)
    np.testing.assert_allclose(info, cov.sum(axis=0), rtol=1e-12)
