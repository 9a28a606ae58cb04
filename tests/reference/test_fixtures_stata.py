"""Stata's weights, clusters, margins, constraints and predictions, through the fixtures of statsmodels.

Stata prints more digits than its data hold: some of them are logarithms in single precision.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from fixtures import agree, estimates, executions, fixture, last_first, numbers, scaled_executions, stata
from shared import ROOT, table

import likely as lk

if not ROOT.is_dir():
    pytest.skip("no ../shared/reference beside the repository", allow_module_level=True)

WEIGHTS, COUNTS, MARGINS = "results_glm_poisson_weights", "results_count_robust_cluster", "results_count_margins"
PANEL, MACRO = "results_grunfeld_ols_robust_cluster", "results_macro_ols_robust"


# -- weights -------------------------------------------------------------------------------------------------


def rows() -> pd.DataFrame:
    return table("data/statsmodels/cpunish.csv").iloc[:, 1:]


KINDS = {"none": None, "fweight": "frequency", "aweight": "importance", "pweight": "sampling"}


@pytest.mark.parametrize("suffix", ["nonrobust", "hc1", "clu1"])
@pytest.mark.parametrize("kind", KINDS)
def test_weights_of_a_poisson(kind: str, suffix: str) -> None:
    """Of a Poisson, Stata's aweights are importance weights with mean 1, and its sandwiches square them."""
    data, formula = executions(rows())
    case = fixture(WEIGHTS, f"results_poisson_{kind}_{suffix}")
    asked: dict[str, dict[str, Any]] = {
        "hc1": {"kind": "HC0", "correction": "stata"},
        "clu1": {"cluster": "id"},
    }
    ours = {"weights": "a" if kind == "aweight" else "w", "weights_kind": KINDS[kind]} if KINDS[kind] else {}
    fit = lk.fit("poisson", data, formula, **ours)
    if kind != "pweight":
        agree(fit.loglik, case["ll"], 1e-7)
    if kind == "aweight" and suffix == "hc1":  # rows, not the sum of weights: those of sampling weights
        fit = lk.fit("poisson", data, formula, weights="a", weights_kind="sampling")
    found = fit.with_cov(**asked[suffix]) if suffix in asked else fit
    estimates(found, last_first(fit, "rate"), 3e-6, stata(case))


@pytest.mark.parametrize(
    ("name", "kind", "cov"),
    [
        ("results_wls_aweight_robust", "analytic", {"kind": "HC1"}),
        ("results_wls_aweight_clu1", "analytic", {"cluster": "id", "correction": "HC1"}),
        ("results_wls_fweight_clu1", "frequency", {"cluster": "id", "correction": "HC1"}),
        ("results_wls_pweight_clu1", "sampling", {"cluster": "id", "correction": "HC1"}),
    ],
)
def test_weights_of_least_squares(name: str, kind: str, cov: dict[str, Any]) -> None:
    data, formula = executions(rows())
    found = lk.fit("normal", data, formula, weights="w", weights_kind=kind).with_cov(**cov)
    estimates(found, last_first(found, "mean"), 3e-6, stata(fixture(WEIGHTS, name)))


# -- clusters ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("exposure", ["", "_exposure"])
@pytest.mark.parametrize("family", ["poisson", "negbin"])
def test_counts(family: str, exposure: str) -> None:
    """Sandwiches with the observed information of all parameters as bread."""
    data = table("data/statsmodels/ships.csv").dropna()
    ours = "poisson" if family == "poisson" else "negative_binomial"
    fit = lk.fit(ours, data, "accident ~ yr_con + op_75_79", exposure="service" if exposure else None)
    covariances = {"clu": fit.with_cov(cluster="ship"), "hc1": fit.with_cov("HC0", correction="stata")}
    covariances |= {"nonrobust": fit} if exposure else {}
    if family == "negbin" and exposure:
        covariances.pop("hc1")  # not there
    for suffix, found in covariances.items():
        case = fixture(COUNTS, f"results_{family}{exposure}_{suffix}")
        coef, se = stata(case)
        estimates(found, last_first(fit, "rate" if family == "poisson" else "mean"), 1e-5, (coef[:3], se[:3]))
        agree(fit.loglik, case["ll"], 1e-8)
        if family == "negbin":
            agree(found.coef["dispersion"], case["alpha"], 1e-5)
            agree(found.stderr["dispersion"], se[-1], 1e-5)


def panel() -> pd.DataFrame:
    return table("data/statsmodels/grunfeld.csv").iloc[:200]


@pytest.mark.parametrize(
    ("name", "weights", "cov", "factor"),
    [
        ("results_cluster", False, {"cluster": "firm", "correction": "HC1"}, 1.0),
        ("results_cluster_large", False, {"cluster": "firm", "correction": "none"}, 1.0),
        ("results_cluster_2groups_large", False, {"cluster": ["firm", "year"], "correction": "none"}, 1.0),
        # ivreg2 takes the factor of the fewer clusters for all three sums
        (
            "results_cluster_2groups_small",
            False,
            {"cluster": ["firm", "year"], "correction": "none"},
            np.sqrt(10 / 9 * 199 / 197),
        ),
        ("results_hc1_wls_small", True, {"kind": "HC1"}, 1.0),
        ("results_cluster_wls_small", True, {"cluster": "firm", "correction": "HC1"}, 1.0),
        ("results_cluster_wls_large", True, {"cluster": "firm", "correction": "none"}, 1.0),
    ],
)
def test_panel(name: str, weights: bool, cov: dict[str, Any], factor: float) -> None:
    case = fixture(PANEL, name)
    ours = {"weights": "1 / value", "weights_kind": "analytic"} if weights else {}
    fit = lk.fit("normal", panel(), "invest ~ value + capital", **ours)
    estimates(fit.with_cov(**cov), last_first(fit, "mean"), 1e-6 if weights else 1e-7, stata(case), factor)
    half_logs = 0.0  # Stata's weights have mean 1 and no share of their own in the likelihood
    if weights:
        w = 1.0 / panel()["value"]
        half_logs = 0.5 * np.sum(np.log(w / w.mean()))
    agree(fit.loglik - half_logs, case["ll"], 1e-8)


@pytest.mark.parametrize(
    ("name", "cov", "factor"),
    [
        ("results_hc0", {"kind": "HC1"}, 1.0),  # Stata's robust
        ("results_ivhc0_small", {"kind": "HC1"}, 1.0),
        ("results_ivhc0_large", {"kind": "HC0"}, 1.0),
    ],
)
def test_growth(name: str, cov: dict[str, Any], factor: float) -> None:
    case, macro = fixture(MACRO, name), table("data/statsmodels/macrodata.csv")
    growth = {c: 400.0 * np.diff(np.log(macro[c])) for c in ("realinv", "realgdp")}
    data = pd.DataFrame({**growth, "lagged": macro["realint"].to_numpy()[:-1]})
    fit = lk.fit("normal", data, "realinv ~ realgdp + lagged")
    estimates(fit.with_cov(**cov), last_first(fit, "mean"), 1e-7, stata(case), factor)
    agree(fit.loglik, case["ll"], 1e-8)


# -- margins -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("south", ["cont", "dummy"])
@pytest.mark.parametrize("family", ["poisson", "negbin"])
def test_margins(family: str, south: str) -> None:
    """Average marginal effects: derivatives, and for an indicator the difference."""
    case = fixture(MARGINS, f"results_{family}_margins_{south}")
    data, names = scaled_executions(rows())
    formula = "executions ~ " + " + ".join(names)
    if south == "dummy":
        formula = formula.replace("south", "C(south)")
    fit = lk.fit("poisson" if family == "poisson" else "negative_binomial", data, formula)
    agree(fit.loglik, case["ll"], 1e-7)
    effects = fit.effects(names)
    effect, se = (values[values != 0.0] for values in stata(case, "margins_table"))
    agree(effects.estimate, effect, 1e-5)
    agree(effects.stderr, se[~np.isnan(se)], 1e-5)


# -- constraints ---------------------------------------------------------------------------------------------


DOCTORS = [(e, r) for e in ("noexposure", "exposure") for r in ("noconstraint", "constraint", "constraint2")]


@pytest.mark.parametrize(("exposure", "rule"), [*DOCTORS, ("exposure", "constraint2_robust")])
def test_doctors(exposure: str, rule: str) -> None:
    """Doll and Hill's deaths of British doctors: effects of two age groups equal, or half apart."""
    case = fixture("results_poisson_constrained", f"results_{exposure}_{rule}")
    deaths = [32, 104, 206, 186, 102, 2, 12, 28, 28, 31]
    years = [52407, 43248, 28612, 12663, 5317, 18790, 10673, 5710, 2585, 1462]
    data = {"deaths": deaths, "years": years, "smokes": [1] * 5 + [0] * 5, "age": [1, 2, 3, 4, 5] * 2}
    last, before = "rate.C(age)[T.5]", "rate.C(age)[T.4]"
    rules = {"noconstraint": None, "constraint": f"{before} = {last}"}
    ours: dict[str, Any] = {"exposure": "years"} if exposure == "exposure" else {}
    formula = f"deaths ~ {'' if ours else 'log(years) + '}smokes + C(age)"
    fit = lk.fit("poisson", data, formula, constraints=rules.get(rule, f"{last} - {before} = 0.5"), **ours)
    agree(fit.loglik, case["ll"], 1e-8)
    found = fit.with_cov("HC0", correction="stata") if rule.endswith("robust") else fit
    coef, se = (values[numbers(case["params_table"])[:, 0] != 0.0] for values in stata(case))  # a base level is 0
    levels = [name for name in fit.names if "age" in name]
    others = [name for name in fit.names if "age" not in name and not name.endswith("Intercept")]
    estimates(found, [*others, *levels, "rate.Intercept"], 1e-6, (coef, se))


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("results_noconstraint", None),
        ("results_noconstraint_robust", None),
        ("results_constraint1", "p.gpa = 2.8"),
        ("results_constraint2", "p.gpa - p.psi = 0"),
        ("results_constraint2_robust", "p.gpa - p.psi = 0"),
        ("results_logit_constraint2", "p.gpa - p.psi = 0"),
    ],
)
def test_grades(name: str, rule: str | None) -> None:
    case = fixture("results_glm_logit_constrained", name)
    fit = lk.fit("bernoulli", spector(), "grade ~ gpa + tuce + psi", constraints=rule)
    found = fit.with_cov("HC0", correction="stata") if name.endswith("robust") else fit
    agree(fit.loglik, case["ll"], 1e-8)
    estimates(found, last_first(fit, "p"), 1e-6, stata(case))


def spector() -> pd.DataFrame:
    data = pd.read_csv(ROOT / "data" / "statsmodels" / "spector.csv", sep=r"\s+", quotechar="'")
    return data.rename(columns=str.lower).drop(columns="obs").astype(float)


def test_predictions_under_a_constraint() -> None:
    data = spector().assign(row=[f"{i:02d}" for i in range(32)])
    for half in (range(16), range(16, 32)):  # by= is for few groups
        marked = data.assign(row=[row if i in half else "x" for i, row in enumerate(data["row"])])
        fit = lk.fit("bernoulli", marked, "grade ~ gpa + tuce + psi", constraints="p.gpa - p.psi = 0")
        found = fit.margins(by="row", what="link").stderr[:16]
        agree(found, fixture("results_glm_logit_constrained", "predict_linpred_std")[half.start : half.stop], 1e-6)
    agree(fit.predict(), fixture("results_glm_logit_constrained", "predict_mu"), 1e-6)
    agree(fit.influence().leverage, fixture("results_glm_logit_constrained", "predict_hat"), 1e-6)
