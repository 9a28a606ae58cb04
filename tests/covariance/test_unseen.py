"""Sandwiches and clustered covariances say what they cannot tell, and keep the rest right."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import likely as lk
from likely.errors import IntervalError

LEVELS: dict[str, Any] = {"y": [1.0, 2, 1.5, 3, 4, 3.2, 9], "g": list("aaabbbc"), "k": [1, 2, 3, 1, 2, 3, 2]}
COUNTS: dict[str, Any] = {**LEVELS, "y": [1, 5, 1, 3, 14, 3, 9]}
FAMILIES = {"normal": LEVELS, "gamma": LEVELS, "poisson": COUNTS, "negative_binomial": COUNTS}


def last(fit: Any) -> str:
    return next(n for n in fit.names if n.endswith(("g[c]", "g[T.c]")))


# -- leverage 1: level c has one row, which every model fits exactly (clubSandwich, issue 86) ---------------------


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("asked", [{"cov": "HC0"}, {"cov": "HC1"}, {"cluster": "k"}], ids=str)
def test_the_error_of_an_estimate_from_one_row_is_withheld(family: str, asked: dict[str, str]) -> None:
    fit = lk.fit(family, FAMILIES[family], "y ~ 0 + g", **asked)
    name = last(fit)
    assert fit.stderr[name] is None
    assert fit.withheld[name]
    assert not fit.interval()[name].exists
    without = {k: v[:6] for k, v in FAMILIES[family].items()}
    for other in (n for n in fit.names if n.endswith(("g[a]", "g[b]"))):
        alone = lk.fit(family, without, "y ~ 0 + g", **({**asked, "cov": "HC0"} if "cov" in asked else asked))
        factor = np.sqrt(7 / 4) if asked.get("cov") == "HC1" else 1.0
        if family in ("normal", "poisson"):  # no other parameter ties the groups together
            assert fit.stderr[other] == pytest.approx(factor * alone.stderr[other], rel=1e-7)


@pytest.mark.parametrize("formula", ["y ~ 0 + g", "y ~ g", "y ~ C(g, Treatment('c'))", "y ~ C(g, Sum)"])
def test_what_is_withheld_does_not_depend_on_the_coding(formula: str) -> None:
    fit = lk.fit("normal", LEVELS, formula, cov="HC0")
    table = fit.margins("g")
    variances = {"a": 1 / 18, "b": 0.56 / 9}  # of a mean of three: the sum of squared residuals over 9
    found = {row["g"]: row["std_error"] for row in table.to_dict()["rows"]}
    assert found == {"a": pytest.approx(variances["a"] ** 0.5), "b": pytest.approx(variances["b"] ** 0.5), "c": None}
    assert table.covariance is None
    assert "row 6" in str(table)
    pairs = {row["contrast"]: row["std_error"] for row in fit.contrasts("g").to_dict()["rows"]}
    assert pairs.pop("b - a") == pytest.approx(sum(variances.values()) ** 0.5, rel=1e-9)
    assert list(pairs.values()) == [None, None]


def test_whatever_is_asked_of_such_a_fit_speaks_of_it() -> None:
    fit = lk.fit("normal", LEVELS, "y ~ 0 + g", cov="HC0")
    for call in (
        lambda: fit.test("g[c] = 0"),
        lambda: fit.region(["mean.g[a]", "mean.g[c]"], method="wald"),
        lambda: fit.delta("g[c] - g[a]"),
        lambda: fit.predict(level=0.9),
        lambda: fit.predict(what="prediction"),
    ):
        with pytest.raises(IntervalError, match="row 6"):
            call()
    terms = fit.terms()
    assert terms["g"].statistic is None
    assert "row 6" in str(terms)
    assert "row 6" in str(fit.summary())
    assert fit.test("g[a] = g[b]").df == 1
    new = fit.predict({"g": ["a", "b"]}, level=0.9)
    assert np.all(new["stderr"] > 0.2)
    assert fit.interval(method="profile")["mean.g[c]"].exists  # by the likelihood, as its note says
    assert fit.with_cov("observed").stderr["mean.g[c]"] == pytest.approx(fit.coef["sd"], rel=1e-9)
    with pytest.raises(IntervalError, match=r"mean\.g\[c\] rests on a row.*row 6"):
        fit.with_cov("opg")


@pytest.mark.parametrize("unit", [1e-100, 1.0, 1e100])
@pytest.mark.parametrize("far", [0.0, 1e6])
def test_units_and_distance_from_zero_do_not_matter(unit: float, far: float) -> None:
    data = {**LEVELS, "y": (np.array(LEVELS["y"]) + far) * unit}
    fit = lk.fit("normal", data, "y ~ g", cov="HC0")
    assert [fit.stderr[n] is None for n in fit.names] == [False, False, True, False]
    assert fit.stderr["mean.Intercept"] == pytest.approx(unit * np.sqrt(1 / 18), rel=1e-9)


def test_constraints_and_weights_do_not_hide_a_row_that_is_fitted_exactly() -> None:
    held = lk.fit("normal", LEVELS, "y ~ 0 + g", constraints="mean.g[a] = mean.g[b]", cov="HC0")
    assert [held.stderr[n] is None for n in held.names] == [False, False, True, False]
    data = {**LEVELS, "y": [*LEVELS["y"], 7.0], "g": [*LEVELS["g"], "c"], "w": [1, 2, 1, 1, 2, 1, 3, 0]}
    del data["k"]
    for kind in ("frequency", "sampling"):
        fit = lk.fit("normal", data, "y ~ 0 + g", weights="w", weights_kind=kind, cov="HC0")
        assert [fit.stderr[n] is None for n in fit.names] == [False, False, True, False]
        assert "row 6" in fit.withheld["mean.g[c]"]
    assert lk.fit("normal", LEVELS, "y ~ 0 + g", penalty=lk.Ridge(1.0), cov="HC0").stderr["mean.g[c]"]
    limit = lk.fit("negative_binomial", {**COUNTS, "y": [1, 2, 1, 3, 4, 3, 9]}, "y ~ 0 + g", cov="HC0")
    assert limit.limit is not None
    assert limit.stderr["mean.g[c]"] is None
    assert limit.with_cov("observed").stderr["mean.g[c]"] == pytest.approx(1 / 3, rel=1e-6)


def test_a_small_but_real_spread_is_kept() -> None:
    data = {**LEVELS, "y": [1.0, 2, 1.5, 3, 4, 3.2, 9, 9.000002], "g": list("aaabbbcc")}
    del data["k"]
    fit = lk.fit("normal", data, "y ~ 0 + g", cov="HC0")
    assert fit.stderr["mean.g[c]"] == pytest.approx(1e-6 / np.sqrt(2), rel=1e-6)


@pytest.mark.parametrize("formula", ["y ~ 0 + g", "y ~ g", "y ~ C(g, Treatment('c'))"])
def test_clusters_give_no_mean_of_a_single_row_an_error_in_any_coding(formula: str) -> None:
    fit = lk.fit("normal", LEVELS, formula, cluster="k")
    found = {row["g"]: row["std_error"] for row in fit.margins("g").to_dict()["rows"]}
    assert found == {"a": pytest.approx(0.288675134594813), "b": pytest.approx(0.3055050463303893), "c": None}
    with pytest.raises(IntervalError, match="in row 6"):
        fit.predict(level=0.9)
    terms = {"y ~ 0 + g": "g[c] = 9", "y ~ g": "Intercept + g[c] = 9"}.get(formula, "Intercept = 9")
    with pytest.raises(IntervalError, match=r"no standard error|0 within every cluster"):
        fit.test(terms)


# -- few clusters (rms, issue 44) ----------------------------------------------------------------------------------


def few(clusters: int, seed: int = 7) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    data: dict[str, Any] = {name: rng.normal(size=100) for name in ("y", "x1", "x2", "x3")}
    data["g"], data["s"], data["h"] = rng.integers(0, clusters, 100), rng.choice(list("abcd"), 100), np.arange(100) % 3
    return data


def test_joint_tests_of_more_equations_than_clusters_say_so() -> None:
    fit = lk.fit("normal", few(2), "y ~ x1 + x2 + x3 + s", cluster="g")
    with pytest.raises(IntervalError, match=r"too few clusters.*g \(2\).*rank 1"):
        fit.test("x1 = 0, x2 = 0, x3 = 0")
    terms = fit.terms()
    assert [t.statistic is None for t in terms.tests] == [False, False, False, True]
    assert terms["x1"].statistic == pytest.approx((fit.coef["mean.x1"] / fit.stderr["mean.x1"]) ** 2, rel=1e-9)
    for call in (
        lambda: fit.region(["x1", "x2"], method="wald"),
        lambda: fit.predict(simultaneous="scheffe"),
    ):
        with pytest.raises(IntervalError, match="too few clusters"):
            call()
    single = fit.contrasts("s", adjust="holm")
    for adjust in ("scheffe", "max-t"):  # the rows' own errors are there
        together = fit.contrasts("s", adjust=adjust)
        assert together.stderr.tolist() == single.stderr.tolist()
        assert together.p_value.tolist() == [None] * 6
        assert "too few clusters" in str(together)


@pytest.mark.parametrize("clusters", [3, 5])
def test_scores_that_sum_to_zero_leave_one_dimension_less_than_clusters(clusters: int) -> None:
    fit = lk.fit("normal", few(clusters), "y ~ x1 + x2 + x3 + s", cluster="g")
    names = ["x1", "x2", "x3", "s[b]", "s[c]", "s[d]"]
    assert fit.test(", ".join(f"{n} = 0" for n in names[: clusters - 1])).df == clusters - 1
    with pytest.raises(IntervalError, match=f"rank {clusters - 1} for"):
        fit.test(", ".join(f"{n} = 0" for n in names[:clusters]))


def test_few_clusters_of_two_kinds_say_so() -> None:
    fit = lk.fit("normal", few(2), "y ~ x1 + x2 + x3 + s", cluster=["g", "h"])
    with pytest.raises(IntervalError, match="too few clusters"):
        fit.test("x1 = 0, x2 = 0, x3 = 0, s[b] = 0, s[c] = 0, s[d] = 0")


def test_probabilities_that_sum_to_one_are_no_lack_of_clusters() -> None:
    fit = lk.fit("categorical", list("aabbbcccca") * 4, cluster=np.arange(40) % 7)
    found = fit.test("p[a] = 0.3, p[b] = 0.3, p[c] = 0.4")
    assert found.df == 2
    assert "sum is fixed" in found.note


# -- variances of 0 (miceadds, issue 14) ---------------------------------------------------------------------------


def test_a_variance_of_zero_is_withheld_and_moves_no_other() -> None:
    data = {
        "zone": list("ABAAABBCC"),
        "y": [2, 3, 5, 4, 3, 5, 7, 8, 10],
        "c1": ["F1"] * 5 + ["F2"] * 4,
        "c2": ["L1", "L1", "L2", "L2", "L2", "L2", "L3", "L3", "L3"],
    }
    fit = lk.fit("normal", data, "y ~ c1 + c2", cluster="zone")
    assert fit.stderr["mean.c1[T.F2]"] is None
    assert "0 within every cluster of zone" in fit.withheld["mean.c1[T.F2]"]
    right = {"mean.Intercept": 3**0.5 / 4, "mean.c2[T.L2]": 3**0.5 / 4, "mean.c2[T.L3]": 1.0551899951790322}
    for name, value in right.items():  # by 60-digit arithmetic
        assert fit.stderr[name] == pytest.approx(value, rel=1e-12)
    with pytest.raises(IntervalError, match="c1"):
        fit.test("c1[F2] = 0")
    with pytest.raises(IntervalError, match="too few clusters"):
        fit.test("c2[L2] = 0, c2[L3] = 0, Intercept = 0")


# -- errors whose squares no float can hold ------------------------------------------------------------------------

Y = np.random.default_rng(0).gamma(2.0, 1.0, 40) + 0.1
X = np.random.default_rng(1).normal(size=40)
CONSTANTS = ("rate", "mean", "scale", "shape")
POWERS = (-300, -250, -170, -160, 160, 170, 250, 300)


@pytest.mark.parametrize("family", ["exponential", "gamma", "inverse_gaussian", "weibull", "log_logistic"])
@pytest.mark.parametrize("formula", ["y ~ 1", "y ~ x"])
def test_errors_have_the_units_of_the_estimates(family: str, formula: str) -> None:
    def fitted(unit: float, **asked: Any) -> Any:
        data = {"y": Y * unit, "x": X}
        return lk.fit(family, Y * unit, **asked) if formula == "y ~ 1" else lk.fit(family, data, formula, **asked)

    base = fitted(1.0)
    for power in POWERS:
        fit = fitted(10.0**power)
        for name, error in base.stderr.items():
            scale = fit.coef[name] / base.coef[name] if name in CONSTANTS else 1.0
            assert fit.stderr[name] == pytest.approx(scale * error, rel=1e-8), (power, name)
    fit = fitted(1e200, cov="HC0")
    for name, error in fitted(1.0, cov="HC0").stderr.items():
        scale = fit.coef[name] / base.coef[name] if name in CONSTANTS else 1.0
        assert fit.stderr[name] == pytest.approx(scale * error, rel=1e-8)


def test_the_whole_chain_in_units_whose_squares_overflow() -> None:
    one, far = lk.fit("gamma", Y), lk.fit("gamma", Y * 1e200)
    assert far.interval()["mean"].lower == pytest.approx(one.interval()["mean"].lower * 1e200, rel=1e-9)
    profile = far.interval(method="profile")["mean"]
    assert profile.upper == pytest.approx(one.interval(method="profile")["mean"].upper * 1e200, rel=1e-6)
    assert far.test("mean = 2e200").statistic == pytest.approx(one.test("mean = 2").statistic, rel=1e-8)
    assert far.delta("log(mean)").stderr[0] == pytest.approx(one.delta("log(mean)").stderr[0], rel=1e-8)
    doubled = far.delta("2*mean")
    assert doubled.stderr[0] == pytest.approx(2e200 * one.stderr["mean"], rel=1e-8)
    assert doubled.covariance is None
    assert "e+200" in str(far.summary())
    assert far.predict(level=0.9)["stderr"][0] == pytest.approx(1e200 * one.stderr["mean"], rel=1e-8)
    edge = far.region(["mean", "shape"], method="wald").points
    assert edge[:, 0] == pytest.approx(one.region(["mean", "shape"], method="wald").points[:, 0] * 1e200, rel=1e-8)
    errors, correlations = far.scaled_cov
    assert errors.tolist() == list(far.stderr.values())
    assert np.diagonal(correlations) == pytest.approx(1.0)
    with pytest.raises(IntervalError, match="square no float can hold"):
        _ = far.cov


def test_simulated_refits_do_not_depend_on_the_units() -> None:
    one, far = (lk.fit("weibull", Y * unit).diagnose() for unit in (1.0, 1e50))
    assert not far.findings and not one.findings  # noqa: PT018
    assert [row[1] for row in far.grid.rows] == [row[1] for row in one.grid.rows]  # p-values


def test_derivatives_of_quotients_in_units_whose_squares_overflow() -> None:
    for family in ("exponential", "gamma", "inverse_gaussian"):
        one, *rest = (lk.fit(family, Y * unit).derived() for unit in (1.0, 1e-200, 1e200))
        for other, unit in zip(rest, (1e-200, 1e200), strict=True):
            for name, (_, error) in one.items():
                power = -1 if name == "rate" else 1
                assert other[name][1] == pytest.approx(error * unit**power, rel=1e-8), (family, name)
    mean = [lk.fit("exponential", Y * unit).predict(level=0.9)["stderr"][0] / unit for unit in (1.0, 1e-200, 1e200)]
    assert mean[1:] == pytest.approx([mean[0]] * 2, rel=1e-8)


@pytest.mark.parametrize(("column", "response"), [(1e-139, 1e80), (1e80, 1e-139), (1e-80, 1e120), (1e-80, 1e80)])
def test_units_too_far_apart_are_told(column: float, response: float) -> None:
    for family in ("normal", "student_t", "logistic"):
        with pytest.raises(lk.errors.FitError, match=r"times as large as those of x.*Rescale the column"):
            lk.fit(family, {"y": Y * response, "x": X * column}, "y ~ x")


@pytest.mark.parametrize("link", ["identity", "sqrt", "inverse"])
@pytest.mark.parametrize("unit", [1e130, 1e170, 1e-150])
def test_links_whose_curvature_needs_cubes_are_right_or_told(link: str, unit: float) -> None:
    for family in ("gamma", "inverse_gaussian", "weibull", "exponential"):
        with pytest.raises(lk.errors.FitError, match="no float can hold"):
            lk.fit(family, Y * unit, link=link)
    near = lk.fit("gamma", Y * 1e90, link=link)
    own = lk.fit("gamma", Y, link=link)
    assert near.stderr["mean"] == pytest.approx(1e90 * own.stderr["mean"], rel=1e-8)
