"""Findings about counts and labels: dispersion, zeros, confident answers."""

from __future__ import annotations

import numpy as np

from likely.checking.diagnosis.finding import Finding
from likely.checking.diagnosis.impact import robust, robust_step
from likely.checking.diagnosis.moments import zero
from likely.checking.diagnosis.wording.case import NAMED, Case, finding
from likely.families import get_family
from likely.show.text_table import number

NO_VARIATION = 1e-12  # of squared distances from the mean, in the fitted variance
WIDER = {"poisson": "negative_binomial", "exponential": "gamma", "geometric": "negative_binomial"}


def dispersion(case: Case) -> Finding:
    ratio = float(np.mean(case.sample.observed.pearson)) + 1.0
    over = case.outcome.z > 0
    name = WIDER.get(case.name) if over else None
    other, title, evidence = case.other(name) if name else None, case.sample.family.title, {"ratio": ratio}
    if other is not None:
        evidence["loglik_gain"] = other.loglik - case.fit.loglik
    return finding(
        f"The responses vary {'more' if over else 'less'} than {title} allows",
        f"The squared distance from the mean is {number(ratio, 4)} times the fitted variance",
        f"{'Over' if over else 'Under'}dispersion: rows of the same kind differ by more than chance, or depend on each "
        "other"
        if over
        else "Underdispersion: the responses are more alike than independent ones would be",
        importance=f"Standard errors are too {'small' if over else 'large'}{_factor(ratio)}. {robust(case.fit)}",
        next_step=case.recipe.code("data", get_family(name)) if name else robust_step(case.fit),
        chart="worm",
        evidence=evidence,
    )


def _factor(ratio: float) -> str:
    """By how much standard errors are off; nothing where responses that do not vary at all leave no factor."""
    return "" if ratio < NO_VARIATION else f" by a factor of about {number(np.sqrt(max(ratio, 1.0 / ratio)), 3)}"


def zeros(case: Case) -> Finding:
    seen, expected = int(np.count_nonzero(case.sample.y == 0.0)), float(np.sum(zero(case.sample.observed)))
    more = case.outcome.z > 0
    name = WIDER.get(case.name) if more else None
    return finding(
        f"There are {'more' if more else 'fewer'} zeros than {case.sample.family.title} expects",
        f"{seen:,} rows are 0, where {number(expected, 4)} were expected",
        "Some rows could never have had any (a second process makes zeros), or the counts vary more than assumed"
        if more
        else "Zeros are rarer than in such counts: were they left out when the data were collected?",
        importance=robust(case.fit),
        next_step=case.recipe.code("data", get_family(name)) if name else robust_step(case.fit),
        chart="worm",
        evidence={"observed": seen, "expected": expected},
    )


def confident(case: Case) -> Finding:
    view = case.sample.observed
    denied = view.chances < 0.05
    seen, expected = int(np.count_nonzero(view.own < 0.05)), float(np.sum(np.where(denied, view.chances, 0.0)))
    worst = case.row_numbers(np.argsort(view.own, kind="stable")[:NAMED])
    return finding(
        "Confident answers are wrong more often than they claim",
        f"{seen:,} rows have a label to which the model gave less than 5 %, where {number(expected, 4)} were expected",
        "The chances at the ends are too extreme: each such row costs a great surprise (log loss), which a model that "
        "is less sure would not pay",
        importance=f"The least expected rows: {', '.join(f'{i:,}' for i in worst)}",
        next_step="print(fit.surprising())\nfit.calibration()",
        chart="calibration",
        evidence={"observed": seen, "expected": expected, "rows": worst},
    )
