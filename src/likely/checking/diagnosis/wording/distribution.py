"""Findings about the shape of the distribution: tails, skewness, spread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from likely.checking.diagnosis.features import PREDICTOR
from likely.checking.diagnosis.finding import Finding
from likely.checking.diagnosis.impact import moved, robust, robust_step
from likely.checking.diagnosis.moments import scale_slot
from likely.checking.diagnosis.wording.case import Case, finding
from likely.checking.diagnosis.wording.rows import MANY, outlying
from likely.errors import LikelyError
from likely.estimates.maximum import peak_of
from likely.families import get_family
from likely.show.text_table import number

if TYPE_CHECKING:
    pass

HEAVIER = {"normal": "student_t", "log_normal": "log_logistic", "gamma": "log_normal", "weibull": "log_logistic"}
SKEWED = {
    "normal": "skew_normal",
    "student_t": "skew_normal",
    "gamma": "log_normal",
    "log_normal": "gamma",
    "weibull": "gamma",
    "inverse_gaussian": "gamma",
    "exponential": "gamma",
}


def tails(case: Case) -> Finding:
    heavy = case.outcome.z > 0
    r = case.sample.observed.residuals
    few = outlying(case.sample, case.level)
    far = int(np.count_nonzero(np.abs(r) > 3.0))
    expected = 0.0026998 * case.sample.n
    seen = (
        f"{far:,} of {case.sample.n:,} quantile residuals lie beyond 3, where {number(expected, 3)} are expected; "
        f"their excess kurtosis is {number(_kurtosis(r), 3)}"
    )
    if 0 < len(few) <= MANY * case.sample.n:
        named = f"{len(few):,} outlying rows" if len(few) > 1 else "the outlying row"
        seen += f" ({number(_kurtosis(np.delete(r, few)), 3)} without {named})"
    if not heavy:
        return finding(
            f"The tails are lighter than those of {case.sample.family.title}",
            seen,
            "Extreme values are rarer than assumed: intervals for single observations are too wide",
            importance=robust(case.fit),
            next_step=robust_step(case.fit),
            chart="qq",
        )
    name = HEAVIER.get(case.name)
    other = case.other(name) if name else None
    evidence: dict[str, Any] = {"beyond_3": far, "expected_beyond_3": expected}
    impact = robust(case.fit)
    if other is not None:
        gain = other.loglik - case.fit.loglik
        impact = f"{moved(case.fit, other)}. {impact}"
        evidence |= {"loglik_gain": gain, "neighbour": name}
        if case.name == "normal":
            from scipy import stats

            # df = infinity lies on the edge of what is possible, so half of the null is a point mass at 0
            p = 0.5 * float(stats.chi2.sf(2.0 * gain, 1)) if gain > 0 else 1.0
            evidence |= {"lr": 2.0 * gain, "lr_p_value": p}
            seen += f". Against StudentT, the likelihood ratio is {number(2.0 * gain, 4)} on one degree of freedom"
    return finding(
        f"The tails are heavier than those of {case.sample.family.title}",
        seen,
        "Rows far from the centre are less of a surprise than the model takes them for, so it lets them pull too much",
        importance=impact,
        next_step=case.recipe.code("data", get_family(name)) if name and other else robust_step(case.fit),
        chart="qq",
        evidence=evidence,
    )


def _kurtosis(r: Any) -> float:
    c = r - np.mean(r)
    return float(np.mean(c**4) / np.mean(c * c) ** 2 - 3.0)


def skew(case: Case) -> Finding:
    r = case.sample.observed.residuals
    c = r - np.mean(r)
    value = float(np.mean(c**3) / np.mean(c * c) ** 1.5)
    long = "upper" if case.outcome.z > 0 else "lower"
    name = SKEWED.get(case.name)
    if case.name == "normal" and float(np.min(case.sample.y)) > 0.0 and case.outcome.z > 0:
        name = "gamma"
    other = case.other(name) if name else None
    impact, evidence = robust(case.fit), {"skewness": value}
    if other is not None:
        impact = f"{moved(case.fit, other)}. {impact}"
        evidence["loglik_gain"] = other.loglik - case.fit.loglik
    return finding(
        f"The {long} side is longer than that of {case.sample.family.title}",
        f"The skewness of the quantile residuals is {number(value, 3)}, where 0 is expected",
        f"Large deviations come more often {'above' if long == 'upper' else 'below'} what is expected than the family, "
        "with its own shape, allows for",
        importance=impact,
        next_step=case.recipe.code("data", get_family(name)) if name and other else robust_step(case.fit),
        chart="qq",
        evidence=evidence,
    )


def scale(case: Case) -> Finding:
    k = scale_slot(case.sample)
    assert k is not None
    slot, first = case.sample.model.slots[k], case.sample.model.slots[0]
    label, whole = case.outcome.label, first.design.formula if first.design is not None else None
    right = whole if label == PREDICTOR or not label.isidentifier() else label
    name = slot.parameter.name
    where = "grows" if case.outcome.z > 0 else "falls"
    step = f"# {name} as a function of the predictors:\nfit.likelihood.model.formula"
    impact, evidence = robust(case.fit), {"column": label, "effect": case.outcome.effect}
    if isinstance(right, str):
        change: dict[str, Any] = {name: f"~ {right}"}
        step = case.recipe.code("data", **change)
        try:
            other = peak_of(case.recipe.likelihood(**change).bound, progress=False)
            if other.converged:
                evidence["loglik_gain"] = gain = other.loglik - case.fit.loglik
                impact = f"{moved(case.fit, other)}; the log-likelihood rises by {number(gain, 4)}. {impact}"
        except LikelyError:
            pass
    return finding(
        f"The {name} of {case.sample.family.title} {where} with {label}",
        f"One standard deviation of {label} changes {name} by {number(case.outcome.effect, 3)} on its "
        f"{slot.link.name} scale, to first order, where the model says by 0",
        f"One {name} for all rows is wrong: some rows count too much and others too little, and standard errors and "
        "intervals are off",
        importance=impact,
        next_step=step,
        chart="residuals",
        evidence=evidence,
    )
