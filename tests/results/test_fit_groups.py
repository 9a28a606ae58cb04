"""Fits of groups are those of likely.fit to each group's rows, in a batch or one by one."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest

import likely as lk

GROUPS, EACH = 12, 40


def table(seed=5):
    rng = np.random.Generator(np.random.PCG64(seed))
    n = GROUPS * EACH
    g = rng.permutation(np.r_[np.repeat(np.arange(GROUPS), EACH - 5), rng.integers(0, GROUPS, 5 * GROUPS)])
    x, z = rng.normal(size=(2, n))
    eta = 0.5 + 0.3 * rng.normal(size=GROUPS)[g] + 0.4 * x
    return pd.DataFrame(
        {
            "g": g,
            "x": x,
            "z": z,
            "year": rng.integers(2000, 2025, n),
            "w": rng.integers(1, 4, n).astype(float),
            "e": rng.uniform(0.5, 2.0, n),
            "count": rng.poisson(np.exp(eta)),
            "event": (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(int),
            "of": rng.integers(5, 9, n),
            "real": eta + np.exp(0.2 * z) * rng.normal(size=n),
            "size": rng.gamma(3.0, np.exp(eta) / 3.0),
            "kind": rng.choice(["a", "b", "c"], n),
            "wins": rng.binomial(5, 1 / (1 + np.exp(-eta))),
        }
    )


def assert_group_by_group(fits, family, data, formula, by="g", **options):
    """Every group's row in the table is what lk.fit says of its rows."""
    wide = fits.to_frame()
    for i, group in enumerate(fits):
        own = data[data[by] == group]
        one = lk.fit(family, own, formula, tolerance=1e-9, **options)
        for name, value in one.coef.items():
            np.testing.assert_allclose(wide[name][i], value, rtol=1e-8, atol=1e-8)
            error = np.nan if one.stderr[name] is None else one.stderr[name]
            np.testing.assert_allclose(wide[f"{name} std.error"][i], error, rtol=1e-7)
        np.testing.assert_allclose(wide["loglik"][i], one.loglik, rtol=1e-10)
        assert wide["n"][i] == one.n
        assert (wide["status"][i], wide["reason"][i]) == (one.end.title, one.end.reason)


BATCHED = [
    ("poisson", "count ~ x", {}),
    ("poisson", "count ~ x + z", {"exposure": "e", "weights": "w"}),
    ("poisson", "count ~ x + C(kind)", {"offset": "0.1 * z"}),
    ("poisson", "count ~ x", {"weights": "w", "weights_kind": "importance"}),
    ("bernoulli", "event ~ x", {}),
    ("bernoulli", "event ~ x", {"link": "probit"}),
    ("bernoulli", "event ~ x + year", {"link": "cloglog"}),
    (lk.Binomial(n="of"), "wins ~ x", {}),
    ("normal", "real ~ x + z", {}),
    ("normal", "real ~ year", {}),
    ("normal", "real ~ x", {"weights": "w", "weights_kind": "analytic"}),
    ("gamma", "size ~ x", {}),
    ("weibull", "size ~ x", {}),
    ("log_normal", "size ~ x", {}),
    ("categorical", "kind ~ x", {}),
    ("negative_binomial", "count ~ x", {}),
    ("exponential", "size", {}),
]
SINGLE = [
    ("normal", "real ~ x", {"sd": "~ z"}),
    ("normal", "real ~ center(x) + scale(z)", {}),
    ("poisson", "count ~ bs(x, df=4)", {}),
    ("poisson", "count ~ x", {"weights": "w", "weights_kind": "sampling"}),
    ("poisson", "count ~ x", {"cov": "HC1"}),
    ("normal", "real ~ x", {"small_sample": "t"}),
    ("laplace", "real ~ x", {}),
    ("normal", "real ~ x + z", {"penalty": lk.Ridge(1.0)}),
]


@pytest.mark.parametrize(("family", "formula", "options"), BATCHED + SINGLE)
def test_a_group_has_its_own_fit(family, formula, options):
    data = table()
    assert_group_by_group(lk.fit_groups(family, data, formula, by="g", **options), family, data, formula, **options)


@pytest.mark.parametrize(("family", "formula", "options"), [case for case in BATCHED if case[0] != "negative_binomial"])
def test_regular_groups_are_fitted_many_at_once(family, formula, options):
    """Where nothing is special in a group, none is left to a search of its own."""
    found = lk.fit_groups(family, table(), formula, by="g", **options).found
    assert found.regular is not None
    assert found.regular.found.sum() >= GROUPS - 1


def test_intervals_and_tests_are_those_of_the_fits():
    data = table()
    for family, formula, options in (
        ("gamma", "size ~ x", {}),
        ("normal", "real ~ x", {"sd": "~ z"}),
        ("categorical", "kind", {}),
        ("normal", "real ~ x", {"cov": "HC0"}),
    ):
        fits = lk.fit_groups(family, data, formula, by="g", **options)
        long = fits.tidy(level=0.9).set_index(["g", "term"])
        for group in list(fits)[:3]:
            one = fits.fit(group)
            for name, interval in one.interval(0.9).items():
                row = long.loc[(group, name)]
                np.testing.assert_allclose([row["conf.low"], row["conf.high"]], tuple(interval), rtol=1e-7)
            summary = {e.name: e for e in one.summary().estimates}
            for name, e in summary.items():
                row = long.loc[(group, name)]
                assert np.isnan(row["p.value"]) == (e.p is None)
                if e.p is not None:
                    np.testing.assert_allclose([row["statistic"], row["p.value"]], [e.z, e.p], rtol=1e-6)


def test_t_tests_have_their_degrees_of_freedom():
    data = table()
    fits = lk.fit_groups("normal", data, "real ~ x", by="g", small_sample="t")
    long = fits.tidy().set_index(["g", "term"])
    summary = {e.name: e for e in fits.fit(2).summary().estimates}
    row, own = long.loc[(2, "mean.x")], summary["mean.x"]
    np.testing.assert_allclose([row["p.value"], row["conf.low"], row["conf.high"]], [own.p, *own.interval], rtol=1e-9)


# -- groups that are not regular -------------------------------------------------------------------------------------


def spoilt():
    """Groups of every kind of trouble, for a Bernoulli and a Poisson model."""
    data = table()
    g = data["g"]
    data.loc[g == 0, "event"] = (data["x"] > 0)[g == 0].astype(int)  # separated
    data.loc[g == 1, "event"] = 1  # constant
    data.loc[g == 2, "x"] = 3.0  # no variation
    data.loc[g == 3, "event"] = 0
    data.loc[(g == 3) & (data["x"] > data["x"][g == 3].nlargest(3).min()), "event"] = 1  # separated by few rows
    return data[(g != 4) | (data.index == data.index[g == 4][0])]  # a single row


@pytest.mark.parametrize("link", ["logit", "probit", "cloglog"])
def test_a_bad_group_costs_nothing_but_itself(link):
    data = spoilt()
    fits = lk.fit_groups("bernoulli", data, "event ~ x", by="g", link=link)
    wide = fits.to_frame().set_index("g")
    assert set(fits.failed) == {0, 1, 2, 3, 4}
    for group in fits:
        own = data[data["g"] == group]
        if group in fits.failed:
            with pytest.raises(lk.LikelyError) as one:
                lk.fit("bernoulli", own, "event ~ x", link=link, tolerance=1e-9)
            with pytest.raises(one.type):
                fits.fit(group)
            assert fits.failed[group].split("(row")[0] == str(one.value).split("(row")[0]
            assert np.isnan(wide.loc[group, "p.x"])
            assert wide.loc[group, "n"] == len(own)
        else:
            one = lk.fit("bernoulli", own, "event ~ x", link=link, tolerance=1e-9)
            np.testing.assert_allclose(wide.loc[group, "p.x"], one.coef["p.x"], rtol=1e-8)
            assert wide.loc[group, "status"] == "converged"
    assert sum(fits.statuses.values()) == len(fits)


@pytest.mark.parametrize("link", ["logit", "probit", "cloglog", "loglog"])
def test_quasi_separated_groups_are_found(link):
    """A level without a single event: Newton's method stops far out, as if at a peak."""
    rng = np.random.default_rng(3)
    n = 60
    data = pd.DataFrame({"g": np.repeat([0, 1, 2], n), "d": np.tile(np.r_[np.zeros(40), np.ones(20)], 3)})
    data["y"] = (rng.random(3 * n) < 0.5).astype(int)
    data.loc[(data["g"] == 1) & (data["d"] == 1), "y"] = 0
    data.loc[(data["g"] == 2) & (data["d"] == 1), "y"] = 1
    fits = lk.fit_groups("bernoulli", data, "y ~ d", by="g", link=link)
    assert fits.statuses == {"failed": 2, "converged": 1}
    assert set(fits.failed) == {1, 2}


def test_impossible_responses_fail_their_group_alone():
    data = table()
    data.loc[data["g"] == 7, "count"] = -1
    fits = lk.fit_groups("poisson", data, "count ~ x", by="g")
    assert list(fits.failed) == [7]
    assert "whole numbers >= 0" in fits.failed[7]
    assert fits.found.regular.found.sum() == GROUPS - 1


def test_rows_in_messages_are_those_of_the_data():
    data = table().reset_index(drop=True)
    row = int(np.flatnonzero(data["g"] == 7)[3])
    data.loc[row, "count"] = -1
    for same in (data, {name: data[name].to_numpy() for name in data}):
        assert f"row {row}: -1" in lk.fit_groups("poisson", same, "count ~ x", by="g").failed[7]


def test_a_boundary_is_no_failure():
    data = {"g": list("aaaabbbb"), "y": [0, 0, 0, 0, 1, 0, 1, 1]}
    fits = lk.fit_groups("bernoulli", data, "y", by="g")
    assert fits.statuses == {"boundary": 1, "converged": 1}
    np.testing.assert_allclose(fits.to_frame()["p"], [0.0, 0.75], rtol=1e-12)
    assert np.isnan(fits.to_frame()["p std.error"][0])


def test_a_level_that_a_group_lacks_has_no_estimate_there():
    data = table()
    data = data[(data["g"] != 3) | (data["kind"] != "b")]
    data = data[(data["g"] != 4) | (data["kind"] != "a")]
    fits = lk.fit_groups("poisson", data, "count ~ x + kind", by="g")
    wide = fits.to_frame().set_index("g")
    assert np.isnan(wide.loc[3, "rate.kind[T.b]"])
    assert fits.fit(3).coef.keys() == {"rate.Intercept", "rate.x", "rate.kind[T.c]"}
    assert np.isnan(wide.loc[4, "rate.kind[T.b]"])  # which a's place is
    np.testing.assert_allclose(wide.loc[4, "rate.kind[T.c]"], fits.fit(4).coef["rate.kind[T.c]"], rtol=1e-9)
    assert len(fits.tidy()) == GROUPS * 4 - 2


def test_a_response_far_from_zero_keeps_its_digits():
    data = table()
    data["far"] = 1e9 + data["real"]
    fits = lk.fit_groups("normal", data, "far ~ x", by="g")
    assert_group_by_group(fits, "normal", data, "far ~ x")


def test_a_response_that_predictors_reproduce_is_said_so():
    data = table()
    data.loc[data["g"] == 2, "real"] = 1.0 + 2.0 * data["x"]
    data.loc[data["g"] == 3, "real"] = 7.0
    failed = lk.fit_groups("normal", data, "real ~ x", by="g").failed
    assert set(failed) == {2, 3}
    assert "reproduce every value" in failed[2]
    assert "every value of real is 7" in failed[3]


def test_columns_that_depend_on_each_other_in_every_group_are_an_error_of_the_call():
    data = table()
    data["twice"] = 2 * data["x"]
    with pytest.raises(lk.errors.DesignError, match="linearly dependent"):
        lk.fit_groups("poisson", data, "count ~ x + twice", by="g")
    fits = lk.fit_groups("poisson", data, "count ~ x + twice", by="g", aliased="drop")
    assert fits.names == ["rate.Intercept", "rate.x"]


# -- rows, weights, arrays ---------------------------------------------------------------------------------------------


def test_missing_values_are_refused_or_dropped():
    data = table().astype({"g": float})
    data.loc[data.index[::17], "x"] = np.nan
    data.loc[data.index[::19], "g"] = np.nan
    with pytest.raises(lk.errors.MissingValuesError, match="g is missing"):
        lk.fit_groups("poisson", data, "count ~ x", by="g")
    with pytest.raises(lk.errors.MissingValuesError, match="x: "):
        lk.fit_groups("poisson", data.dropna(subset="g"), "count ~ x", by="g")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        fits = lk.fit_groups("poisson", data, "count ~ x", by="g", missing="drop")
    assert {type(one.message) for one in told} == {lk.errors.DroppedRowsWarning}
    assert len(fits) == GROUPS
    assert_group_by_group(fits, "poisson", data.dropna(subset=["g", "x"]), "count ~ x")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lk.errors.DroppedRowsWarning)
        weighted = lk.fit_groups("poisson", data.dropna(subset="g"), "count ~ x", by="g", missing="drop", weights="w")
        other = lk.fit_groups("poisson", data, "count ~ x", by="g", missing="drop", weights="w")
    pd.testing.assert_frame_equal(weighted.to_frame(), other.to_frame(), rtol=1e-9)
    data.loc[data["g"] == 5, "x"] = np.nan
    with pytest.warns(lk.errors.DroppedRowsWarning):
        fits = lk.fit_groups("poisson", data, "count ~ x", by="g", missing="drop")
    assert "nothing is left" in fits.failed[5]


def test_weights_of_zero_leave_rows_out():
    data = table()
    data.loc[data.index[::3], "w"] = 0.0
    data.loc[data["g"] == 6, "w"] = 0.0
    fits = lk.fit_groups("poisson", data, "count ~ x", by="g", weights="w")
    assert list(fits.failed) == [6]
    rest = data[(data["w"] > 0)]
    np.testing.assert_allclose(
        fits.to_frame()["rate.x"][2],
        lk.fit("poisson", rest[rest["g"] == 2], "count ~ x", weights="w").coef["rate.x"],
        rtol=1e-7,
    )


@pytest.mark.parametrize("single", [False, True])
def test_arrays_by_row_go_with_their_rows(single):
    """Weights, offsets, matrices and groups as arrays; a covariance of its own makes each group a fit by itself."""
    data = table()
    options = {"cov": "HC0"} if single else {}
    x = data[["x", "z"]].to_numpy()
    by_column = lk.fit_groups(
        "poisson", data, "count ~ 0 + x + z", by="g", weights="w", offset="z", **options
    ).to_frame()
    by_array = lk.fit_groups(
        "poisson",
        data["count"].to_numpy(),
        x,
        by=data["g"].to_numpy(),
        weights=data["w"].to_numpy(),
        offset=data["z"].to_numpy(),
        **options,
    ).to_frame()
    np.testing.assert_allclose(by_array["rate.x1"], by_column["rate.x"], rtol=1e-12)
    np.testing.assert_allclose(by_array["rate.x2 std.error"], by_column["rate.z std.error"], rtol=1e-12)


def test_known_columns_and_labels_of_rows_are_matched():
    data = table()
    weights = data["w"].sample(frac=1.0, random_state=1)  # its labels say which row is whose
    fits = lk.fit_groups("poisson", data, "count ~ x", by="g", weights=weights, cov="HC0")
    assert_group_by_group(fits, "poisson", data, "count ~ x", weights="w", cov="HC0")


def test_a_dot_stands_for_the_other_columns_without_the_groups():
    data = table()[["g", "x", "z", "count"]]
    for options in ({}, {"cov": "HC0"}):
        fits = lk.fit_groups("poisson", data, "count ~ .", by="g", **options)
        assert fits.names == ["rate.Intercept", "rate.x", "rate.z"]


def test_large_groups_and_small_ones_together():
    rng = np.random.default_rng(2)
    g = np.r_[np.zeros(6000, dtype=int), np.repeat(np.arange(1, 60), rng.integers(1, 40, 59))]
    data = pd.DataFrame({"g": rng.permutation(g), "x": rng.normal(size=len(g))})
    data["y"] = rng.poisson(np.exp(1.0 + 0.3 * data["x"]))
    fits = lk.fit_groups("poisson", data, "y ~ x", by="g")
    wide = fits.to_frame()
    for group in (0, 7, 31):
        if group not in fits.failed:
            one = lk.fit("poisson", data[data["g"] == group], "y ~ x", tolerance=1e-9)
            np.testing.assert_allclose(wide["rate.x"][group], one.coef["rate.x"], rtol=1e-8)
    assert fits.found.regular.found.sum() > 40


# -- tables --------------------------------------------------------------------------------


def test_tables_are_of_the_library_that_the_data_came_in():
    data = table()
    pandas = lk.fit_groups("poisson", data, "count ~ x", by=["kind", "g"])
    polars = lk.fit_groups("poisson", pl.from_pandas(data), "count ~ x", by=["kind", "g"])
    plain = lk.fit_groups("poisson", data.to_dict("list"), "count ~ x", by=["kind", "g"])
    for name in ("to_frame", "tidy", "glance"):
        one, other, arrays = (getattr(fits, name)() for fits in (pandas, polars, plain))
        assert isinstance(one, pd.DataFrame)
        assert isinstance(other, pl.DataFrame)
        assert isinstance(arrays, dict)
        assert list(one) == other.columns == list(arrays)
        assert other["kind"].dtype == pl.String
        pd.testing.assert_frame_equal(one, other.to_pandas().fillna(np.nan), check_dtype=False)
    assert list(pandas)[:2] == [("a", 0), ("a", 1)]
    assert pandas.fit({"kind": "a", "g": 1}).n == pandas.fit(("a", 1)).n


def test_categories_and_dates_stay_what_they_are():
    data = table()
    data["day"] = pd.to_datetime("2024-01-01") + pd.to_timedelta(data["g"] % 3, unit="D")
    data["level"] = pd.Categorical(data["kind"], categories=["c", "a", "b"])
    fits = lk.fit_groups("poisson", data, "count ~ x", by=["day", "level"])
    wide = fits.to_frame()
    assert wide["day"].dtype == data["day"].dtype
    assert wide["level"].tolist()[:3] == ["c", "a", "b"]


def test_a_key_with_the_name_of_a_column_is_told_apart():
    data = table().rename(columns={"g": "n"})
    assert next(iter(lk.fit_groups("poisson", data, "count", by="n").to_frame())) == "group n"


def test_what_cannot_be_grouped_is_said():
    data = table()
    with pytest.raises(lk.errors.UnknownNameError, match="for by"):
        lk.fit_groups("poisson", data, "count ~ x", by="G")
    with pytest.raises(lk.errors.OptionError, match="by is"):
        lk.fit_groups("poisson", data, "count ~ x")
    with pytest.raises(lk.errors.UnknownNameError, match="unknown column"):
        lk.fit_groups("poisson", data, "count ~ nothing", by="g")
    for by in ({"g": 1}, ["g", "g"], [], 3):
        with pytest.raises(lk.errors.OptionError, match="by is"):
            lk.fit_groups("poisson", data, "count ~ x", by=by)
    with pytest.raises(lk.errors.DataError, match="no rows"):
        lk.fit_groups("poisson", data[:0], "count ~ x", by="g")
    with pytest.raises(lk.errors.OptionError, match="in memory"):
        lk.fit_groups("poisson", data, "count ~ x", by="g", engine="stream")
    with pytest.raises(lk.errors.OptionError, match="progress of groups"):
        lk.fit_groups("poisson", data, "count ~ x", by="g", progress=print)
    fits = lk.fit_groups("poisson", data, "count ~ x", by="g")
    with pytest.raises(lk.errors.UnknownNameError, match="group"):
        fits.fit(99)
    with pytest.raises(lk.errors.UnknownNameError, match="estimate"):
        fits.plot("nothing")


# -- predictions --------------------------------------------------------------------------------


def test_predictions_are_those_of_each_groups_fit():
    data = table()
    new = data.sample(30, random_state=3)
    for family, formula, options in (
        ("poisson", "count ~ x + kind", {"exposure": "e"}),
        ("gamma", "size ~ x", {}),
        ("normal", "real ~ x", {"sd": "~ z"}),
    ):
        fits = lk.fit_groups(family, data, formula, by="g", **options)
        found = fits.predict(new)
        assert found.index.equals(new.index)
        for row in range(0, 30, 7):
            one = fits.fit(new["g"].iloc[row]).predict(new.iloc[[row]])
            np.testing.assert_allclose(found.iloc[row], one.iloc[0], rtol=1e-8)
    band = fits.predict(new, "interval")
    np.testing.assert_allclose(band["mean"], found, rtol=1e-8)
    prob = lk.fit_groups("categorical", data, "kind ~ x", by="g").predict(new, "class")
    assert set(prob) <= {"a", "b", "c"}


@pytest.mark.parametrize("by", ["yes", "half", "day", ["yes", "day"]])
def test_keys_of_every_kind(by):
    data = table()
    data["yes"], data["half"] = data["g"] > 5, data["g"] + 0.5
    data["day"] = pd.to_datetime("2024-01-01") + pd.to_timedelta(data["g"] % 2, unit="D")
    fits = lk.fit_groups("poisson", data, "count ~ x", by=by)
    polars = lk.fit_groups("poisson", pl.from_pandas(data), "count ~ x", by=by)
    assert len(fits) == len(polars) == len(data.groupby(by))
    own = data.groupby(by).get_group(next(iter(fits)))
    assert fits.fit(next(iter(fits))).n == len(own)
    np.testing.assert_allclose(fits.predict(data), polars.predict(pl.from_pandas(data)), rtol=1e-12)


def test_rows_of_groups_without_a_fit_are_an_error_or_missing():
    data = spoilt()
    fits = lk.fit_groups("bernoulli", data, "event ~ x", by="g")
    new = pd.DataFrame({"g": [5, 0, 99, 6], "x": [0.1, 0.2, 0.3, 0.4]})
    with pytest.raises(lk.errors.DataError, match=r"2 of 4 rows .*row 1: g = 0, failed.*row 2: g = 99"):
        fits.predict(new)
    found = fits.predict(new, unseen="missing")
    assert np.isnan(found).tolist() == [False, True, True, False]
    with pytest.raises(lk.errors.DataError, match="no column 'g'"):
        fits.predict({"x": [1.0]})


# -- in words --------------------------------------------------------------------------------


def test_the_account_counts_what_ended_how():
    fits = lk.fit_groups("bernoulli", spoilt(), "event ~ x", by="g")
    text = str(fits)
    assert text.startswith("Bernoulli fits of event by g: 12 groups")
    assert "7 converged, 5 failed" in text
    assert "the predictors separate the outcomes (0, 1, 3)" in text
    html = fits._repr_html_()
    assert html.count("<table>") >= 2
    assert "likely-groups" in html
    record = fits.to_dict()
    assert record["groups"][0]["status"] == "failed"
    assert record["groups"][0]["loglik"] is None


def test_charts_of_few_and_of_many_groups():
    few = lk.fit_groups("poisson", table(), "count ~ x", by="g").plot().to_dict()
    assert few["title"]["text"] == "rate.x by g"
    rng = np.random.default_rng(0)
    data = pd.DataFrame({"g": np.repeat(np.arange(300), 10), "y": rng.poisson(3.0, 3000)})
    many = lk.fit_groups("poisson", data, "y", by="g").plot().to_dict()
    assert "hconcat" in many
    assert sorted(len(values) for values in many["datasets"].values())[-1] == 200


def test_ctrl_c_leaves_nothing_half_done(monkeypatch):
    from likely.inference.by_group import SingleGroups

    def stop(self, number):
        raise KeyboardInterrupt

    monkeypatch.setattr(SingleGroups, "attempted", stop)
    with pytest.raises(lk.errors.Interrupted, match="of 12 groups"):
        lk.fit_groups("laplace", table(), "real ~ x", by="g")
