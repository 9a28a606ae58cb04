"""Ordered labels: against R's polr and clm, statsmodels, the binary models, and mpmath in the tails."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from mpmath import mp
from scipy import stats

import likely as lk
from likely.errors import DataError, DesignError, EmptyLevelsWarning, FitError, OptionError, ParameterError
from likely.families.base.links import LINKS
from likely.families.ordinal import LATENT
from likely.likelihoods import kernels
from likely.namespace import JetNamespace, NumpyNamespace

# Randall (1989), as R's ordinal::wine
RATING = "233444551213235423325544323232532343333332322454112223232223333412323244"
WINE = pd.DataFrame({"rating": [int(c) for c in RATING], "temp": list("ccccwwww" * 9), "contact": list("nnyy" * 18)})
# Madsen (1976), as R's MASS::housing: satisfaction by influence within type within contact
FREQ = (
    "21 21 28 34 22 36 10 11 36 61 23 17 43 35 40 26 18 54 13 9 10 8 8 12 6 7 9 18 6 7 15 13 13 7 5 11 14 19 37 17 "
    "23 40 3 5 23 78 46 43 48 45 86 15 25 62 20 23 20 10 22 24 7 10 21 57 23 13 31 21 13 5 6 13"
)
LEVELS = ["Low", "Medium", "High"]
HOUSING = pd.DataFrame(
    [
        (sat, infl, kind, cont)
        for cont in ("Low", "High")
        for kind in ("Tower", "Apartment", "Atrium", "Terrace")
        for infl in LEVELS
        for sat in LEVELS
    ],
    columns=["Sat", "Infl", "Type", "Cont"],
).assign(Freq=[int(f) for f in FREQ.split()])


def agree(found, wanted, digits=1e-6):
    for name, value in wanted.items():
        assert found[name] == pytest.approx(value, rel=digits), name


# -- R ----------------------------------------------------------------------------------------------------


def test_clm_of_the_wine_data():
    """R 4.2.2, ordinal 2022.11.16: clm(rating ~ temp + contact), polished by Newton on R's densities."""
    fit = lk.fit("ordinal", WINE, "rating ~ temp + contact")
    wanted = [2.50310200790676, 1.52779765809746, -1.344383411262, 1.2508087984214, 3.46688692648132, 5.00640420427784]
    errors = [0.528680100941709, 0.476622629662901, 0.517102045242008, 0.437880202900905]
    np.testing.assert_allclose(list(fit.coef.values()), wanted, rtol=1e-8)
    np.testing.assert_allclose(list(fit.stderr.values())[:4], errors, rtol=1e-8)
    assert fit.names[2:] == [f"threshold[{k}|{k + 1}]" for k in range(1, 5)]
    assert fit.loglik == pytest.approx(-86.4919233656491, rel=1e-12)
    assert (fit.n, fit.k) == (72, 6)
    interval = fit.interval(method="profile")["location.temp[T.w]"]
    np.testing.assert_allclose(list(interval), [1.50974834109143, 3.5951882296236], atol=1e-6)


def test_clm_probit_and_nominal_effects():
    """The same source: link = "probit"; nominal = ~ contact."""
    fit = lk.fit("ordered_probit", WINE, "rating ~ temp + contact")
    agree(fit.coef, {"location.temp[T.w]": 1.49937457839618, "threshold[4|5]": 2.94134498225542})
    assert fit.loglik == pytest.approx(-85.7611484, rel=1e-8)
    fit = lk.fit("ordinal", WINE, "rating ~ temp", threshold="~ contact")
    agree(fit.coef, {"threshold[1|2].Intercept": -1.32304335703052, "threshold[4|5].contact[T.y]": -1.05062292776578})
    assert fit.loglik == pytest.approx(-86.2085532314582, rel=1e-12)
    # the parallel model is a special case
    parallel = lk.fit("ordinal", WINE, "rating ~ temp + contact")
    assert fit.lr_test(parallel).df == 3


def test_polr_of_the_housing_data():
    """Venables and Ripley (2002), section 7.3; ?MASS::polr: polr(Sat ~ Infl + Type + Cont, weights = Freq)."""
    data = HOUSING.assign(
        Infl=pd.Categorical(HOUSING.Infl, LEVELS),
        Type=pd.Categorical(HOUSING.Type, ["Tower", "Apartment", "Atrium", "Terrace"]),
        Cont=pd.Categorical(HOUSING.Cont, ["Low", "High"]),
    )
    fit = lk.fit(lk.Ordinal(levels=LEVELS), data, "Sat ~ Infl + Type + Cont", weights="Freq")
    wanted = {
        "location.Infl[T.Medium]": (0.5663937, 0.10465),
        "location.Infl[T.High]": (1.2888191, 0.12716),
        "location.Type[T.Apartment]": (-0.5723501, 0.11924),
        "location.Type[T.Terrace]": (-1.0910149, 0.15149),
        "location.Cont[T.High]": (0.3602841, 0.09554),
        "threshold[Low|Medium]": (-0.4961353, 0.12485),
        "threshold[Medium|High]": (0.6907083, 0.12547),
    }
    for name, (value, error) in wanted.items():
        assert abs(fit.coef[name] - value) < 1e-4 * error  # polr stops early
        assert fit.stderr[name] == pytest.approx(error, rel=1e-3)
    assert -2.0 * fit.loglik == pytest.approx(3479.149, abs=1e-3)
    assert fit.n == 1681


# -- statsmodels ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def scores():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(300, 2))
    y = np.searchsorted([-1.0, 0.2, 1.5], x @ [0.8, -0.5] + rng.logistic(size=300))
    return pd.DataFrame({"y": y, "x": x[:, 0], "z": x[:, 1]})


@pytest.mark.parametrize(("link", "distr"), [("logit", "logit"), ("probit", "probit"), ("cauchit", stats.cauchy)])
def test_statsmodels(scores, link, distr):
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    fit = lk.fit(lk.Ordinal(link=link), scores, "y ~ x + z")
    model = OrderedModel(scores.y, scores[["x", "z"]], distr=distr)
    other = model.fit(method="newton", disp=0, start_params=model.fit(method="nm", disp=0, maxiter=2000).params)
    assert fit.loglik == pytest.approx(other.llf, rel=1e-10)
    np.testing.assert_allclose(list(fit.coef.values())[:2], other.params[:2], atol=2e-5)
    thresholds = model.transform_threshold_params(np.asarray(other.params))[1:-1]
    np.testing.assert_allclose(list(fit.coef.values())[2:], thresholds, atol=2e-5)
    np.testing.assert_allclose(list(fit.stderr.values())[:2], other.bse[:2], rtol=1e-3)
    np.testing.assert_allclose(fit.predict(scores[:5], what="prob"), other.predict(scores[["x", "z"]][:5]), atol=2e-5)


# -- what it is equal to ----------------------------------------------------------------------------------


@pytest.mark.parametrize("link", ["logit", "probit", "cauchit", "cloglog", "loglog"])
def test_two_levels_are_the_binary_model(scores, link):
    data = scores.assign(b=(scores.y > 1) * 1)
    fit = lk.fit("ordinal", data, "b ~ x + z", link=link)
    # P(Y <= 0) has this link; a mirrored latent variable turns cloglog into loglog
    mirrored = {"cloglog": "loglog", "loglog": "cloglog"}.get(link, link)
    binary = lk.fit("bernoulli", data, "b ~ x + z", link=mirrored)
    assert fit.loglik == pytest.approx(binary.loglik, rel=1e-12)
    assert fit.coef["location.x"] == pytest.approx(binary.coef["p.x"], rel=1e-8)
    assert fit.coef["threshold[0|1]"] == pytest.approx(-binary.coef["p.Intercept"], rel=1e-8)
    assert fit.stderr["location.z"] == pytest.approx(binary.stderr["p.z"], rel=1e-7)


@pytest.mark.parametrize("link", LATENT)
def test_without_predictors_the_shares_are_those_of_the_data(scores, link):
    fit = lk.fit(lk.Ordinal(link=link), scores.y)
    searched = lk.fit(lk.Ordinal(link=link), scores.y, solver="newton")
    assert fit.outcome.solver == "closed form"
    np.testing.assert_allclose(list(searched.coef.values()), list(fit.coef.values()), rtol=1e-8)
    shares = np.bincount(scores.y) / len(scores)
    np.testing.assert_allclose(fit.predict(what="prob").iloc[0], shares, rtol=1e-12)


def test_scale_of_groups_is_a_fit_of_each(scores):
    """With location, thresholds and scale free by group, the model of two groups is that of each alone."""
    data = scores.assign(g=np.arange(300) % 2)
    alone = sum(lk.fit("ordinal", data[data.g == k], "y ~ x").loglik for k in (0, 1))
    both = lk.fit("ordinal", data, "y ~ x * g - g", threshold="~ g")
    assert both.loglik == pytest.approx(alone, rel=1e-12)
    scaled = lk.fit("ordinal", data, "y ~ x * g", scale="~ g")
    assert lk.fit("ordinal", data, "y ~ x * g").loglik < scaled.loglik < both.loglik
    assert scaled.lr_test(lk.fit("ordinal", data, "y ~ x * g")).df == 1
    assert scaled.names[-1] == "scale.g"


def test_reversed_levels_mirror_the_estimates(scores):
    fit = lk.fit("ordinal", scores, "y ~ x + z")
    mirrored = lk.fit("ordinal", scores.assign(y=3 - scores.y), "y ~ x + z")
    values = np.array(list(fit.coef.values()))
    np.testing.assert_allclose(list(mirrored.coef.values()), [*-values[:2], *-values[:1:-1]], rtol=1e-8)


def test_weights_and_offset(scores):
    w = 1 + np.arange(300) % 3
    weighted = lk.fit("ordinal", scores, "y ~ x", weights=w)
    repeated = lk.fit("ordinal", scores.loc[scores.index.repeat(w)], "y ~ x")
    np.testing.assert_allclose(list(weighted.coef.values()), list(repeated.coef.values()), rtol=1e-9)
    np.testing.assert_allclose(list(weighted.stderr.values()), list(repeated.stderr.values()), rtol=1e-9)
    free = lk.fit("ordinal", scores, "y ~ x + z")
    held = lk.fit("ordinal", scores.assign(o=free.coef["location.z"] * scores.z), "y ~ x + offset(o)")
    assert held.loglik == pytest.approx(free.loglik, rel=1e-12)
    only = lk.fit("ordinal", scores.assign(o=scores.x), "y ~ offset(o)")
    assert only.names == [f"threshold[{k}|{k + 1}]" for k in range(3)]
    assert held.predict(pd.DataFrame({"x": [0.0], "o": [9.0]}), what="prob")["3"][0] > 0.99


# -- the density ------------------------------------------------------------------------------------------

MP = {
    "logit": lambda t: 1 / (1 + mp.exp(-t)),
    "probit": mp.ncdf,
    "cloglog": lambda t: 1 - mp.exp(-mp.exp(t)),
    "loglog": lambda t: mp.exp(-mp.exp(-t)),
    "cauchit": lambda t: mp.atan(t) / mp.pi + mp.mpf(1) / 2,
}
INTERVALS = [
    (-1.0, 0.5),
    (-30.0, -29.5),
    (20.0, 24.0),
    (-3.0, 25.0),
    (0.2, 0.2 + 1e-9),
    (-6.0, -6.0 + 1e-6),
    (2.5, 2.51),
]


@pytest.mark.parametrize("link", LATENT)
def test_probabilities_keep_their_digits_in_both_tails(link):
    latent, xp = LATENT[link], NumpyNamespace()
    with mp.workdps(400), np.errstate(all="ignore"):
        for low, high in INTERVALS:
            want = mp.log(MP[link](mp.mpf(high)) - MP[link](mp.mpf(low)))
            got = float(latent.between(np.float64(low), np.float64(high), xp))
            gap = 1e-16 / (high - low) * (1 + max(abs(low), abs(high)) ** 2)  # what the ends themselves carry
            assert abs(got - float(want)) <= 1e-14 * abs(float(want)) + 10 * gap, (low, high)
        for t in (-30.0, -2.0, 0.3, 3.0):
            below, above = mp.log(MP[link](mp.mpf(t))), mp.log(1 - MP[link](mp.mpf(min(-t, 5.0))))
            assert float(latent.below(np.float64(t), xp)) == pytest.approx(float(below), rel=1e-13)
            assert float(latent.above(np.float64(min(-t, 5.0)), xp)) == pytest.approx(float(above), rel=1e-13)


@pytest.mark.parametrize("link", ["logit", "cloglog", "loglog"])
def test_probabilities_that_no_float_can_hold_have_logarithms(link):
    """Below t = -745 they underflow; the last of the floats is 5e-324."""
    latent, at = LATENT[link], np.array([-800.0, -790.0, -745.5, -700.0])
    mirrored = link == "loglog"  # its thin tail is the upper one, where the others' is the lower
    with mp.workdps(400):
        below = [float(mp.log(MP["cloglog" if mirrored else link](mp.mpf(t)))) for t in at]
        between = [float(mp.log(MP["cloglog" if mirrored else link](mp.mpf(t)) * (1 - mp.exp(-3)))) for t in at]
    tail, low, high = (latent.above, -at, -at + 3.0) if mirrored else (latent.below, at - 3.0, at)
    np.testing.assert_allclose(tail(-at if mirrored else at, NumpyNamespace()), below, rtol=1e-15)
    np.testing.assert_allclose(latent.between(low, high, NumpyNamespace()), between, rtol=1e-15)
    xp = JetNamespace(2)
    jet = tail(xp.variable(0, -at if mirrored else at), xp)
    np.testing.assert_allclose(jet.g[0], -1.0 if mirrored else 1.0)
    with np.errstate(all="ignore"):
        p = LINKS[link].inverse(xp.variable(0, -at if mirrored else at), xp)
        log_p = xp.log(xp.complement(p) if mirrored else p)
    np.testing.assert_allclose(log_p.v, below, rtol=1e-15)
    np.testing.assert_allclose(log_p.g[0], -1.0 if mirrored else 1.0)


@pytest.mark.parametrize("link", LATENT)
def test_derivatives_in_the_tails(link):
    latent, xp = LATENT[link], JetNamespace(2)
    with np.errstate(all="ignore"):
        for low, high in ((-30.0, -29.0), (1.5, 2.5), (-2.0, 3.0)):
            jet = latent.between(xp.variable(0, np.float64(low)), xp.variable(1, np.float64(high)), xp)
            with mp.workdps(60):

                def log_p(a, b):
                    return mp.log(MP[link](b) - MP[link](a))

                at = (mp.mpf(low), mp.mpf(high))
                for i, order in ((0, (1, 0)), (1, (0, 1))):
                    assert float(jet.g[i]) == pytest.approx(float(mp.diff(log_p, at, order)), rel=1e-8)
                for ij, order in (((0, 0), (2, 0)), ((0, 1), (1, 1)), ((1, 1), (0, 2))):
                    assert float(jet.h[ij]) == pytest.approx(float(mp.diff(log_p, at, order)), rel=1e-7, abs=1e-12)


@pytest.mark.parametrize("link", LATENT)
def test_conforms(link):
    report = lk.check_family(lk.Ordinal(link=link))
    assert report.ok, str(report)


def test_as_a_distribution():
    family = lk.Ordinal(["low", "mid", "high"])
    cut = {"threshold": [-1.0, 1.0]}
    np.testing.assert_allclose(
        family.prob(["low", "high"], **cut, location=1.0), stats.logistic.cdf([-2, 0]), rtol=1e-14
    )
    np.testing.assert_allclose(family.prob("mid", **cut, scale=[1.0, 2.0]), [0.46211716, 0.24491866], rtol=1e-7)
    assert family.cdf(["low", "mid", "high"], **cut)[2] == 1.0
    assert family.quantile([0.0, 0.3, 1.0], **cut).tolist() == ["low", "mid", "high"]
    sample = family.sample(4000, seed=1, **cut, location=0.5)
    shares = [np.mean(sample == level) for level in family.levels]
    np.testing.assert_allclose(shares, family.prob(family.levels, **cut, location=0.5), atol=0.03)
    assert lk.Ordinal().prob([0, 1, 2], **cut).sum() == pytest.approx(1.0)
    for threshold, words in (([1.0, -1.0], "increasing"), ([0.0], "2 entries"), (0.5, "one number for each")):
        with pytest.raises(ParameterError, match=words):
            family.prob("low", threshold=threshold)
    with pytest.raises(OptionError, match="no mean"):
        family.mean(**cut)


# -- levels -----------------------------------------------------------------------------------------------


def test_where_the_order_comes_from(scores):
    text = np.array(["never", "rarely", "often", "always"])[scores.y]
    order = ["never", "rarely", "often", "always"]
    want = list(lk.fit("ordinal", scores, "y ~ x").coef.values())
    tables = {
        "numbers": {"y": scores.y * 10, "x": scores.x},
        "pandas": pd.DataFrame({"y": pd.Categorical(text, order, ordered=True), "x": scores.x}),
        "dict": {"y": pd.Categorical(text, order, ordered=True), "x": scores.x.to_numpy()},
        "polars": pl.DataFrame({"y": text, "x": scores.x.to_numpy()}, schema_overrides={"y": pl.Enum(order)}),
    }
    for data in tables.values():
        np.testing.assert_allclose(list(lk.fit("ordinal", data, "y ~ x").coef.values()), want, rtol=1e-12)
    named = lk.fit(lk.Ordinal(levels=order), {"y": text, "x": scores.x}, "y ~ x")
    assert named.names[1:] == ["threshold[never|rarely]", "threshold[rarely|often]", "threshold[often|always]"]
    unordered = pd.DataFrame({"y": pd.Categorical(text, order), "x": scores.x})
    for data in ({"y": text, "x": scores.x}, unordered):
        with pytest.raises(DataError, match=r"lk\.Ordinal\(levels=\[\.\.\.\]\) with 'always', 'never'"):
            lk.fit("ordinal", data, "y ~ x")
    with pytest.raises(DataError, match="two or more"):
        lk.fit("ordinal", [1, 1, 1])


def test_levels_that_do_not_occur(scores):
    want = list(lk.fit("ordinal", scores, "y ~ x").coef.values())
    with pytest.warns(EmptyLevelsWarning, match="the levels '9', '7' of y do not occur"):
        fit = lk.fit(lk.Ordinal(levels=[0, 9, 1, 2, 3, 7]), scores, "y ~ x")
    np.testing.assert_allclose(list(fit.coef.values()), want, rtol=1e-12)


# -- mistakes and separation ------------------------------------------------------------------------------


def test_columns_that_the_thresholds_already_hold(scores):
    data = scores.assign(g=np.arange(300) % 2)
    with pytest.raises(DesignError, match=r"C\(g\)\[1\] = threshold - C"):
        lk.fit("ordinal", data, "y ~ 0 + C(g)")
    with pytest.raises(DesignError, match=r"x = threshold\.x"):
        lk.fit("ordinal", data, "y ~ x", threshold="~ x")
    matrix = lk.fit("ordinal", scores.y, scores[["x", "z"]].to_numpy())
    assert matrix.names[:2] == ["location.x1", "location.x2"]


def test_separation():
    rng = np.random.default_rng(0)
    x, z, g = rng.normal(size=60), rng.normal(size=60), np.arange(60) % 3 == 0
    y = np.digitize(x, [-0.5, 0.5])
    with pytest.raises(FitError, match=r"^x separates the levels of y perfectly.*location\.x runs to \+infinity"):
        lk.fit("ordinal", {"y": y, "x": x, "z": z}, "y ~ x + z")
    y = np.where(g, 2, rng.integers(0, 3, 60))
    with pytest.raises(FitError, match=r"^g separates the levels of y in 20 of 60 rows \(y = 2\)"):
        lk.fit("ordinal", {"y": y, "x": x, "g": g * 1}, "y ~ x + g")
    y[0] = 0
    assert lk.fit("ordinal", {"y": y, "x": x, "g": g * 1}, "y ~ x + g").converged


def test_large_coefficients_are_not_separation():
    x = np.linspace(0, 1, 200)
    y = np.digitize(x, [0.3, 0.6])
    y[[58, 62, 118, 122]] = y[[62, 58, 122, 118]]
    fit = lk.fit("ordinal", {"y": y, "x": x}, "y ~ x")
    assert fit.coef["location.x"] > 80


def test_thresholds_that_cross_for_new_data(scores):
    fit = lk.fit("ordinal", scores, "y ~ x", threshold="~ z")
    with pytest.raises(DataError, match="row 1 of the new data lies too far out: threshold must be"):
        fit.predict({"x": [0.0, 0.0], "z": [0.0, 1e3]}, what="prob")


# -- what follows from it ---------------------------------------------------------------------------------


def test_predictions_and_residuals(scores):
    fit = lk.fit("ordinal", scores, "y ~ x + z")
    p = fit.predict(what="prob")
    assert list(p.columns) == ["0", "1", "2", "3"]
    np.testing.assert_allclose(p.sum(axis=1), 1.0, rtol=1e-14)
    np.testing.assert_allclose(fit.predict(what="prob", y=2), p["2"])
    assert (fit.predict(what="class") == p.to_numpy().argmax(axis=1)).all()
    assert set(fit.predict(what="quantile", q=0.5)) <= {0, 1, 2, 3}
    assert list(fit.predict(scores[:2], what="params").columns) == [
        "location",
        "threshold[0|1]",
        "threshold[1|2]",
        "threshold[2|3]",
        "scale",
    ]
    assert stats.kstest(fit.residuals(), "norm").pvalue > 0.01
    np.testing.assert_allclose(np.exp(-fit.surprise()), p.to_numpy()[np.arange(300), scores.y])
    with pytest.raises(OptionError, match="no pearson residuals"):
        fit.residuals("pearson")
    with pytest.raises(OptionError, match="no mean"):
        fit.predict()


def test_tests_and_intervals(scores):
    fit = lk.fit("ordinal", scores, "y ~ x + z")
    smaller = lk.fit("ordinal", scores, "y ~ x")
    assert fit.lr_test(smaller).statistic == pytest.approx(2 * (fit.loglik - smaller.loglik))
    assert fit.lr_test(lk.fit("ordinal", scores, "y ~ 1")).df == 2
    with pytest.raises(OptionError, match="not nested"):
        fit.lr_test(lk.fit("ordered_probit", scores, "y ~ x"))
    wald = fit.test("threshold[0|1] = threshold[1|2], location.x = 0")
    assert wald.df == 2
    drawn = fit.interval(method="bootstrap", replicates=200, names=["threshold[1|2]"])["threshold[1|2]"]
    np.testing.assert_allclose(list(drawn), list(fit.interval()["threshold[1|2]"]), atol=0.1)
    assert fit.simulate(3, seed=1).shape == (3, 300)
    L = fit.likelihood
    assert np.max(np.abs(L.score(fit.coef))) < 1e-5
    assert L.profile("threshold[1|2]", [fit.coef["threshold[1|2]"]]).relative[0] == pytest.approx(1.0)
    with pytest.raises(ParameterError, match="increasing"):
        L.log({**fit.coef, "threshold[0|1]": 50.0})
    assert pickle.loads(pickle.dumps(fit)).coef == fit.coef
    text = str(fit.summary())
    assert "1, without predictors" in text
    assert "location ~ x + z" in text


def test_further_derivations(scores):
    fit = lk.fit("ordinal", scores, "y ~ x + z")
    effects = fit.effects("x", what="prob")
    assert sum(row["estimate"] for row in effects.rows) == pytest.approx(0.0, abs=1e-12)  # probabilities sum to 1
    up, down = (fit.predict(scores.assign(x=scores.x + h), what="prob").mean() for h in (1e-5, -1e-5))
    slopes = ((up - down) / 2e-5).to_numpy()
    np.testing.assert_allclose([row["estimate"] for row in effects.rows], slopes, rtol=1e-6, atol=1e-9)
    assert lk.fit("ordinal", scores, "y ~ x + z", penalty=lk.Firth()).converged
    held = lk.fit("ordinal", scores, "y ~ x + z", fixed={"threshold[1|2]": 0.0})
    assert held.coef["threshold[1|2]"] == 0.0
    assert held.loglik < fit.loglik
    robust = fit.with_cov("HC0")
    s = fit.likelihood.function.row_objective.row_scores(fit.outcome.point.x)
    np.testing.assert_allclose(robust.cov, fit.cov @ (s.T @ s) @ fit.cov, rtol=1e-8)


def test_comparison_with_categories(scores):
    table = lk.compare(["ordinal", lk.Ordinal(link="probit"), "categorical"], scores, "y ~ x + z")
    assert [row.name for row in table.rows][-1] == "Categorical"
    assert {row.k for row in table.rows} == {5, 9}


def test_many_levels_and_the_kernel():
    rng = np.random.default_rng(8)
    x = rng.normal(size=(2000, 2))
    y = np.digitize(x @ [1.0, -0.5] + rng.normal(size=2000), np.linspace(-2, 2, 19))
    fit = lk.fit(lk.Ordinal(link="probit"), y, x)
    assert fit.likelihood.function.objective.jets.kernel is not None
    assert kernels.find(lk.fit("ordinal", y).likelihood.model) is None
    fit.likelihood.function.row_objective.jets.kernel = None
    point = fit.likelihood.function.row_objective.point(fit.outcome.point.x)
    assert point.value == pytest.approx(fit.loglik, rel=1e-12)
    np.testing.assert_allclose(
        point.info, fit.likelihood.function.objective.point(fit.outcome.point.x).info, rtol=1e-9, atol=1e-9
    )


def test_a_link_of_the_location_is_heeded():
    """Every location is exp(eta), and the log-likelihood that of logistic probabilities around it."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=300)
    data = {"y": np.digitize(np.exp(0.5 * x) + rng.logistic(size=300), [0.0, 2.0]), "x": x}
    fit = lk.fit("ordinal", data, "y ~ x", link={"location": "log"})
    assert fit.likelihood.function.objective.jets.kernel is None
    data["loc"] = np.exp(fit.coef["location.x"] * x)
    p = fit.predict(data, what="params")
    np.testing.assert_allclose(p["location"], data["loc"], rtol=1e-12)
    cuts = np.array([fit.coef["threshold[0|1]"], fit.coef["threshold[1|2]"]])
    below = 1.0 / (1.0 + np.exp(-(cuts[None, :] - data["loc"][:, None])))
    table = np.column_stack([below[:, 0], below[:, 1] - below[:, 0], 1.0 - below[:, 1]])
    assert fit.loglik == pytest.approx(np.sum(np.log(table[np.arange(300), data["y"]])), rel=1e-10)
