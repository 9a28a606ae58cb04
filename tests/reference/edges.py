"""Data with no ordinary peak: what a fit must find, say and withhold. Each check takes its data and R's account."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from compare import Reference, assert_agrees, coefficients, column_name

import likely as lk

Check = Callable[[pd.DataFrame, Mapping[str, Any]], None]
HALF_CHI2_95 = 1.9207294103471  # half the 95 % quantile of chi-squared with one degree of freedom
CHECKS: dict[str, list[Check]] = {}  # by the name of the reference case


def about(case: str) -> Callable[[Check], Check]:
    """Register a check under the reference case that it needs."""

    def register(check: Check) -> Check:
        CHECKS.setdefault(case, []).append(check)
        return check

    return register


def parameters() -> list[Any]:
    """Every check with its case, for parametrize."""
    return [
        pytest.param(case, check, id=f"{case}-{check.__name__}") for case, checks in CHECKS.items() for check in checks
    ]


def assert_withheld(fit: lk.Fit, name: str, about: str) -> None:
    """A parameter has no standard error and no Wald interval, and the reason speaks of `about`."""
    assert fit.stderr[name] is None
    interval = fit.interval(names=[name])[name]
    assert not interval.exists
    assert interval.note == fit.withheld[name]
    assert about in fit.withheld[name]


def assert_failed(fit: lk.Fit, most: float) -> None:
    """A failed fit does not look like a success, and its log-likelihood is not above the supremum."""
    assert not fit.converged
    assert fit.status.startswith("failed: ")
    assert all(v is None for v in fit.stderr.values())
    assert fit.cov.shape == (0, 0)
    with pytest.raises(lk.errors.LikelyError):
        fit.interval()
    assert not fit.loglik > most + 1e-9


def mentions(message: str, column: str) -> bool:
    """Whether a message names a column."""
    return re.search(rf"(?<!\w){re.escape(column)}(?!\w)", message) is not None


# -- parameters at the end of their domain -------------------------------------------------------------------


@about("binomial_zero_successes")
def zero_successes(data: pd.DataFrame, case: Mapping[str, Any]) -> None:
    n = int(data["n"].iloc[0])
    trials = np.zeros(n)
    for fit in (lk.fit(lk.Binomial(n="n"), data, "successes ~ 1"), lk.fit(lk.Bernoulli(), trials)):
        assert fit.converged
        assert fit.status.startswith("boundary: ")
        assert fit.coef == {"p": 0.0}
        assert fit.loglik == 0.0
        assert_withheld(fit, "p", "profile")
        lower, upper = fit.interval(method="profile")["p"]
        assert lower == 0.0
        assert upper == pytest.approx(case["lr_upper95"], rel=1e-9)
        assert upper == pytest.approx(-math.expm1(-HALF_CHI2_95 / n), rel=1e-9)


@about("weldondice_nbinom_underdispersed")
def underdispersed_counts(data: pd.DataFrame, case: Mapping[str, Any]) -> None:
    mean = case["limit"]["mu"]
    fit = lk.fit(lk.NegativeBinomial(), data, "k ~ 1", weights="freq")
    assert fit.converged
    assert fit.loglik == pytest.approx(case["sup_loglik"], rel=1e-8)
    assert fit.coef["dispersion"] == 0.0
    assert fit.coef["mean"] == pytest.approx(mean, rel=1e-12)
    assert fit.stderr["mean"] == pytest.approx(math.sqrt(mean / fit.n), rel=1e-8)  # the Poisson's
    assert_withheld(fit, "dispersion", "Poisson")
    lower, upper = fit.interval(method="profile", names=["dispersion"])["dispersion"]
    assert lower == 0.0
    assert fit.likelihood.log(mean=mean, dispersion=upper) == pytest.approx(case["sup_loglik"] - HALF_CHI2_95, rel=1e-9)
    for point in case["profile_over_size"]:
        found = fit.likelihood.log(mean=mean, dispersion=1.0 / point["at"])
        assert found == pytest.approx(point["loglik"], rel=1e-8)


@about("treesheight_t_df_infinite")
def t_on_normal_data(data: pd.DataFrame, case: Mapping[str, Any]) -> None:
    fit = lk.fit(lk.StudentT(), data, "y ~ 1")
    limit = case["limit"]
    assert fit.converged
    assert fit.loglik == pytest.approx(case["sup_loglik"], rel=1e-8)
    assert fit.coef["loc"] == pytest.approx(limit["mean"], rel=1e-12)
    assert fit.coef["scale"] == pytest.approx(limit["sd"], rel=1e-12)
    assert fit.coef["df"] == math.inf
    assert_withheld(fit, "df", "Normal")
    lower, upper = fit.interval(method="profile", names=["df"])["df"]
    held = lk.fit(lk.StudentT(df=lower), data, "y ~ 1")
    assert held.loglik == pytest.approx(case["sup_loglik"] - HALF_CHI2_95, rel=1e-9)
    assert upper == math.inf


@about("treesheight_t_df_infinite")
def t_with_df_held(data: pd.DataFrame, case: Mapping[str, Any]) -> None:
    for point in case["profile_over_df"]:
        held = lk.fit(lk.StudentT(df=point["at"]), data, "y ~ 1")
        assert held.loglik == pytest.approx(point["loglik"], rel=1e-8)


@about("engel_t_hetero_df")
def heteroscedastic_t_on_normal_data(data: pd.DataFrame, case: Mapping[str, Any]) -> None:
    data = data.assign(inc=data["income"] / 1000.0)
    fit = lk.fit(lk.StudentT(), data, "foodexp ~ inc", scale="~ inc")
    assert fit.converged
    assert fit.loglik == pytest.approx(case["sup_loglik"], rel=1e-8)
    assert fit.coef["df"] == math.inf
    assert_withheld(fit, "df", "Normal")
    names = {"mu:(Intercept)": "loc.Intercept", "mu:inc": "loc.inc", "sigma:(Intercept)": "scale.Intercept"}
    for theirs, ours in {**names, "sigma:inc": "scale.inc"}.items():
        assert fit.coef[ours] == pytest.approx(case["limit"][theirs], abs=1e-5 * fit.stderr[ours])
    for point in case["profile_over_df"]:
        held = lk.fit(lk.StudentT(df=point["at"]), data, "foodexp ~ inc", scale="~ inc")
        assert held.loglik == pytest.approx(point["loglik"], rel=1e-8)


@about("pareto1_danish")
def estimate_at_an_extreme_of_the_data(data: pd.DataFrame, case: Mapping[str, Any]) -> None:
    fit = lk.fit(lk.Pareto(), data, "Loss ~ 1")
    assert fit.converged
    assert fit.status.startswith("edge: ")
    assert fit.coef["minimum"] == case["params"]["xm"]
    assert fit.coef["shape"] == pytest.approx(case["params"]["alpha"], rel=1e-10)
    assert fit.loglik == pytest.approx(case["loglik"], rel=1e-8)
    assert fit.k == 2
    assert_withheld(fit, "minimum", "extreme")


@about("frontier_skewnormal_alpha_infinite")
def skew_normal_shape_infinite(data: pd.DataFrame, case: Mapping[str, Any]) -> None:
    with pytest.raises(lk.errors.FitError, match=r"shape.*infinity"):
        lk.fit(lk.SkewNormal(), data, "y ~ 1")
    for iterations in (100, 1000):  # on the plateau the score is zero to rounding, which is no peak
        fit = lk.fit(lk.SkewNormal(), data, "y ~ 1", on_failure="return", max_iterations=iterations)
        assert_failed(fit, case["sup_loglik"])


@about("frontier_skewnormal_alpha_infinite")
def skew_normal_with_shape_held(data: pd.DataFrame, case: Mapping[str, Any]) -> None:
    for point in case["profile_over_alpha"]:
        held = lk.fit(lk.SkewNormal(shape=point["at"]), data, "y ~ 1")
        assert held.loglik == pytest.approx(point["loglik"], rel=1e-8), point


# -- separation ----------------------------------------------------------------------------------------------


def assert_separated(
    data: pd.DataFrame, formula: str, most: float, guilty: list[str], innocent: list[str] | None = None
) -> None:
    with pytest.raises(lk.errors.FitError, match="separat") as caught:
        lk.fit(lk.Bernoulli(), data, formula)
    message = str(caught.value)
    assert all(mentions(message, column) for column in guilty), message
    assert not any(mentions(message, column) for column in innocent or []), message
    assert_failed(lk.fit(lk.Bernoulli(), data, formula, on_failure="return"), most)


@about("complete_separation_toy")
def complete_separation(data: pd.DataFrame, case: Mapping[str, Any]) -> None:
    assert_separated(data, "y ~ x", case["sup_loglik"], ["x"])


@about("quasi_separation_toy")
def quasi_complete_separation(data: pd.DataFrame, case: Mapping[str, Any]) -> None:
    assert_separated(data, "y ~ x", case["sup_loglik"], ["x"])


@about("endometrial_separation")
def separation_by_one_column(data: pd.DataFrame, case: Mapping[str, Any]) -> None:
    assert_separated(data, "HG ~ NV + PI + EH", case["sup_loglik"], ["NV"], ["PI", "EH"])


@about("endometrial_separation")
def separation_leaves_the_rest_estimable(data: pd.DataFrame, case: Mapping[str, Any]) -> None:
    """Without the separating column and its rows the other coefficients are what R has in the limit."""
    limit = {name: case["limit"][name] for name in case["finite_se"]}
    reference = Reference(limit, case["sup_loglik"], case["finite_se"])
    by_hand = lk.fit(lk.Bernoulli(), data[data["NV"] == 0], "HG ~ PI + EH")
    assert_agrees(by_hand, reference, coefficients(by_hand, "p"))
    dropped = lk.fit(lk.Bernoulli(), data, "HG ~ NV + PI + EH", separation="drop")
    assert_agrees(dropped, reference, coefficients(dropped, "p"))
    assert dropped.separation is not None
    assert dropped.separation.columns == ("NV",)


@about("all_ones_logit")
def every_outcome_the_same(data: pd.DataFrame, case: Mapping[str, Any]) -> None:
    with pytest.raises(lk.errors.FitError) as caught:
        lk.fit(lk.Bernoulli(), data, "y ~ x")
    assert mentions(str(caught.value), "1"), str(caught.value)  # the only value there is
    assert "flat" not in str(caught.value), str(caught.value)
    assert_failed(lk.fit(lk.Bernoulli(), data, "y ~ x", on_failure="return"), case["sup_loglik"])
    constant = lk.fit(lk.Bernoulli(), data, "y ~ 1")  # without predictors it has its peak, on the boundary
    assert constant.converged
    assert constant.coef == {"p": 1.0}
    assert constant.loglik == 0.0
    assert_withheld(constant, "p", "profile")


@about("lizards_no_separation")
def no_separation_with_an_empty_row(data: pd.DataFrame, case: Mapping[str, Any]) -> None:
    """A row of 0 successes in 0 trials, which R's `lizards` has too, tells nothing and must do no harm."""
    empty = pd.DataFrame([[0, 0, ">=5ft", "<=2in", "sunny", "late"]], columns=data.columns)
    data = pd.concat([data, empty], ignore_index=True)
    data["total"] = data["grahami"] + data["opalinus"]
    assert (data["total"] == 0).sum() == 1
    levels = {"height": ["<5ft", ">=5ft"], "diameter": ["<=2in", ">2in"], "light": ["sunny", "shady"]}
    levels["time"] = ["early", "midday", "late"]
    columns = {"(Intercept)": np.ones(len(data))}
    for column, (_, *others) in levels.items():
        columns |= {column + level: (data[column] == level).to_numpy(float) for level in others}
    y, n = data["grahami"].to_numpy(float), data["total"].to_numpy(float)
    reference = Reference(case["params"], case["loglik"], case["se"])
    by_matrix = lk.fit(lk.Binomial(n=n), y, pd.DataFrame(columns))
    assert_agrees(by_matrix, reference, coefficients(by_matrix, "p"))
    for column, order in levels.items():
        data[column] = pd.Categorical(data[column], order)
    by_formula = lk.fit(lk.Binomial(n="total"), data, "grahami ~ height + diameter + light + time")
    assert_agrees(by_formula, reference, coefficients(by_formula, "p"))


# -- data outside the support, and none ----------------------------------------------------------------------


@about("beta_with_0_and_1")
def zero_and_one_among_shares(data: pd.DataFrame, case: Mapping[str, Any]) -> None:
    outside = np.flatnonzero((data["y"] <= 0) | (data["y"] >= 1))
    with pytest.raises(lk.errors.SupportError) as caught:
        lk.fit(lk.Beta(), data, "y ~ 1")
    message = str(caught.value)
    assert "> 0 and < 1" in message
    assert f"{len(outside)} of {len(data)}" in message
    for row in outside:
        assert mentions(message, str(row)), message


@about("lognormal_with_zero")
def zero_among_positive_amounts(data: pd.DataFrame, case: Mapping[str, Any]) -> None:
    for family in (lk.LogNormal(), lk.Gamma(), lk.Weibull(), lk.LogLogistic(), lk.InverseGaussian(), lk.Pareto()):
        with pytest.raises(lk.errors.SupportError, match=r"1 of \d+ values of y.*Exponential") as caught:
            lk.fit(family, data, "y ~ 1")
        assert family.title in str(caught.value)
    fit = lk.fit(lk.Exponential(), data, "y ~ 1")  # whose support has the 0
    assert fit.coef["rate"] == pytest.approx(1.0 / data["y"].mean(), rel=1e-12)


@about("empty_data")
def nothing_to_fit(data: pd.DataFrame, case: Mapping[str, Any]) -> None:
    for empty, formula in (([], None), (data, "y ~ x"), (data, "y ~ 1"), (np.array([]), None)):
        for family in (lk.Normal(), lk.Bernoulli(), lk.StudentT()):
            with pytest.raises(lk.errors.DataError, match=r"empty|no rows"):
                lk.fit(family, empty, formula)


@about("zero_weights")
def rows_of_weight_zero(data: pd.DataFrame, case: Mapping[str, Any]) -> None:
    fit = lk.fit(lk.Normal(), data, "y ~ x", weights="w")
    for theirs, wanted in case["params"].items():
        ours = {column_name(n.partition(".")[2]): n for n in fit.names if "." in n}[theirs]
        assert fit.coef[ours] == pytest.approx(wanted, rel=1e-9)
    # R's weights divide the variance, ours count rows: the same as writing each row w times
    plain = lk.fit(lk.Normal(), data.loc[data.index.repeat(data["w"])], "y ~ x")
    assert fit.n == plain.n == data["w"].sum()
    assert fit.loglik == pytest.approx(plain.loglik, rel=1e-12)
    assert fit.bic == pytest.approx(plain.bic, rel=1e-12)
    for name in fit.names:
        assert fit.stderr[name] == pytest.approx(plain.stderr[name], rel=1e-9)


# -- dependent columns ---------------------------------------------------------------------------------------


@about("longley_duplicate_column")
def one_column_a_multiple_of_another(data: pd.DataFrame, case: Mapping[str, Any]) -> None:
    with pytest.raises(lk.errors.DesignError, match="dependent") as caught:
        lk.fit(lk.Normal(), data, "Employed ~ GNP + Year + dup")
    message = str(caught.value)
    assert mentions(message, "dup"), message
    assert mentions(message, "GNP"), message
    assert not mentions(message, "Year"), message
    for formula in ("Employed ~ GNP + Year", "Employed ~ GNP + Year + dup"):
        fit = lk.fit(lk.Normal(), data, formula, aliased="drop")
        assert fit.loglik == pytest.approx(case["sup_loglik"], rel=1e-8)
        assert fit.coef["sd"] == pytest.approx(math.sqrt(case["rss"] / len(data)), rel=1e-9)
    assert fit.aliased == {"mean.dup": "2*GNP"}


@about("more_parameters_than_rows")
def more_coefficients_than_rows(data: pd.DataFrame, case: Mapping[str, Any]) -> None:
    with pytest.raises(lk.errors.DesignError, match=r"\b5 coefficients.*\b3 rows"):
        lk.fit(lk.Normal(), data, "y ~ x1 + x2 + x3 + x4")


@about("quine_rank_deficient")
def empty_cell(data: pd.DataFrame, case: Mapping[str, Any]) -> None:
    for formula in ("Days ~ Age * Lrn", "Days ~ C(Age) * C(Lrn)"):
        with pytest.raises(lk.errors.DesignError, match="dependent") as caught:
            lk.fit(lk.Poisson(), data, formula)
        message = str(caught.value)
        named = re.findall(r"[^\s']*\[T\.F3\]:\S*\[T\.SL\]", message.partition("Leave out")[2])
        assert [column_name(n) for n in named] == ["AgeF3:LrnSL"], message
    params = {k: v for k, v in case["params_R_drop_last"].items() if k != "AgeF3:LrnSL"}
    columns: dict[str, Any] = {"(Intercept)": np.ones(len(data))}
    for name in list(params)[1:]:
        parts = [data["Age"] == p[3:] if p.startswith("Age") else data["Lrn"] == p[3:] for p in name.split(":")]
        columns[name] = np.prod([p.to_numpy(float) for p in parts], axis=0)
    fit = lk.fit(lk.Poisson(), data["Days"].to_numpy(float), pd.DataFrame(columns))
    assert fit.loglik == pytest.approx(case["sup_loglik"], rel=1e-8)
    for name, wanted in params.items():
        assert fit.coef[f"rate.{name}"] == pytest.approx(wanted, abs=1e-5 * fit.stderr[f"rate.{name}"])
    dropped = lk.fit(lk.Poisson(), data, "Days ~ Age * Lrn", aliased="drop")
    assert dropped.loglik == pytest.approx(case["sup_loglik"], rel=1e-8)
    assert [column_name(name.removeprefix("rate.")) for name in dropped.aliased] == ["AgeF3:LrnSL"]
    found = {column_name(name.removeprefix("rate.")): (v, dropped.stderr[name]) for name, v in dropped.coef.items()}
    for name, wanted in params.items():
        value, error = found[name] if name in found else found["Intercept"]
        assert value == pytest.approx(wanted, abs=1e-5 * error)


# -- several peaks -------------------------------------------------------------------------------------------


def assert_highest(fit: lk.Fit, case: Mapping[str, Any], peaks: list[float]) -> None:
    """The fit is one of the highest peaks."""
    assert fit.converged
    assert fit.loglik == pytest.approx(case["loglik"], rel=1e-8)
    assert min(abs(fit.coef["loc"] - peak) for peak in peaks) <= 1e-5 * fit.stderr["loc"]


@about("cauchy_two_points")
def two_equal_peaks(data: pd.DataFrame, case: Mapping[str, Any]) -> None:
    fit = lk.fit(lk.Cauchy(scale=1), data, "y ~ 1")
    assert_highest(fit, case, case["both"])
    assert fit.likelihood.log(loc=0.0) == pytest.approx(case["at_zero"], rel=1e-12)


@about("cauchy_two_points")
def two_equal_peaks_from_given_starts(data: pd.DataFrame, case: Mapping[str, Any]) -> None:
    for start in (0.0, -3.0, 7.0):  # at 0 the score is zero, but it is a minimum
        assert_highest(lk.fit(lk.Cauchy(scale=1), data, "y ~ 1", start={"loc": start}), case, case["both"])


@about("cauchy_location_multimodal_scale05")
def the_highest_of_two_peaks(data: pd.DataFrame, case: Mapping[str, Any]) -> None:
    fit = lk.fit(lk.Cauchy(scale=0.5), data, "y ~ 1")
    assert_highest(fit, case, [case["params"]["mu"]])
    for peak in case["local_maxima"]:
        assert fit.likelihood.log(loc=peak["mu"]) == pytest.approx(peak["loglik"], rel=1e-12)


@about("cauchy_location_multimodal_scale05")
def the_highest_of_two_peaks_from_given_starts(data: pd.DataFrame, case: Mapping[str, Any]) -> None:
    for start in (-20.0, -5.73, 5.0):  # the second is next to the lower peak
        assert_highest(lk.fit(lk.Cauchy(scale=0.5), data, "y ~ 1", start={"loc": start}), case, [case["params"]["mu"]])
