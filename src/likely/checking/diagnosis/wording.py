"""From a check's outcome to a finding: what was seen, what it means, how much it matters, what to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, final

import numpy as np

from likely.checking.diagnosis.features import PREDICTOR
from likely.checking.diagnosis.finding import Finding
from likely.checking.diagnosis.impact import moved, robust, robust_step
from likely.checking.diagnosis.moments import Order, row_tails, scale_slot, signed, zero
from likely.checking.diagnosis.null_distribution import Outcome
from likely.errors import LikelyError
from likely.estimates.maximum import peak_of
from likely.families import get_family
from likely.inference.fit_code import Recipe
from likely.prediction.influence import influence
from likely.prediction.sample import Sample
from likely.show.text_table import number

if TYPE_CHECKING:
    from likely.estimates import Estimates

ROWS = 10  # outliers named
MANY = 0.01  # of the rows: fewer are outliers, more are heavy tails
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
WIDER = {"poisson": "negative_binomial", "exponential": "gamma", "geometric": "negative_binomial"}


@final
@dataclass(frozen=True)
class Case:
    """What a finding is worded from."""

    fit: Estimates
    sample: Sample
    order: Order
    outcome: Outcome
    level: float

    @property
    def name(self) -> str:
        return self.sample.family.name

    @property
    def recipe(self) -> Recipe:
        return Recipe(self.fit)

    def other(self, name: str) -> Estimates | None:
        """The same rows under another family; None where that has no peak, or explains them no better."""
        try:
            found = peak_of(self.recipe.likelihood(get_family(name)).bound, progress=False)
        except LikelyError:
            return None
        return found if found.converged and found.aic < self.fit.aic else None


def word(check: str, case: Case) -> Finding:
    """The finding of a check whose p-value is small."""
    found = WORDS[check](case)
    return replace(found, check=check, statistic=case.outcome.z, null=case.outcome.null, p_value=case.outcome.p_value)


def _found(title: str, observed: str, meaning: str, **more: Any) -> Finding:
    return Finding("", title, observed, meaning, **more)


# -- the shape of the distribution -------------------------------------------------------------------------------


def _tails(case: Case) -> Finding:
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
        return _found(
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
    return _found(
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


def _skew(case: Case) -> Finding:
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
    return _found(
        f"The {long} side is longer than that of {case.sample.family.title}",
        f"The skewness of the quantile residuals is {number(value, 3)}, where 0 is expected",
        f"Large deviations come more often {'above' if long == 'upper' else 'below'} what is expected than the family, "
        "with its own shape, allows for",
        importance=impact,
        next_step=case.recipe.code("data", get_family(name)) if name and other else robust_step(case.fit),
        chart="qq",
        evidence=evidence,
    )


def _scale(case: Case) -> Finding:
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
    return _found(
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


# -- the mean ------------------------------------------------------------------------------------------------------


def _link(case: Case) -> Finding:
    slot = case.sample.model.slots[0]
    links = [name for name in slot.parameter.domain.links if name != slot.link.name]
    probability = case.sample.family.kind.labels or slot.parameter.name == "p"
    means = (
        "The chances are miscalibrated: they rise too fast or too slowly with the linear predictor"
        if probability
        else "The response bends where the model is straight: another link, or a predictor that enters otherwise"
    )
    step = "fit.calibration()" if probability else "fit.residuals()"
    if slot.entry is None and links:
        step = case.recipe.code("data", link={slot.parameter.name: links[0]})
    return _found(
        "The chances are miscalibrated" if probability else f"The {slot.link.name} link does not fit",
        f"The square of {case.outcome.label} would enter with about {number(case.outcome.effect, 3)}, where the model "
        "says 0",
        means,
        importance=robust(case.fit),
        next_step=step,
        chart="calibration" if probability else "residuals",
        evidence={"effect": case.outcome.effect},
    )


def _curvature(case: Case) -> Finding:
    label, formula = case.outcome.label, case.recipe.formula
    step = "fit.residuals()"
    if isinstance(formula, str) and "~" in formula and label.isidentifier():
        step = case.recipe.code("data", formula=f"{formula} + I({label} ** 2)")
    return _found(
        f"The effect of {label} is not straight",
        f"The square of {label} (in standard deviations) would enter the linear predictor with about "
        f"{number(case.outcome.effect, 3)}, where the model says 0",
        "Along this predictor the model is too high in the middle and too low at the ends, or the other way round",
        importance=f"Two standard deviations from its mean, the linear predictor is off by about "
        f"{number(3.0 * abs(case.outcome.effect), 3)}",
        next_step=step,
        chart="residuals",
        evidence={"column": label, "effect": case.outcome.effect},
    )


# -- counts and labels ---------------------------------------------------------------------------------------------


def _dispersion(case: Case) -> Finding:
    ratio = float(np.mean(case.sample.observed.pearson)) + 1.0
    over = case.outcome.z > 0
    name = WIDER.get(case.name) if over else None
    other, title, evidence = case.other(name) if name else None, case.sample.family.title, {"ratio": ratio}
    if other is not None:
        evidence["loglik_gain"] = other.loglik - case.fit.loglik
    return _found(
        f"The responses vary {'more' if over else 'less'} than {title} allows",
        f"The squared distance from the mean is {number(ratio, 4)} times the fitted variance",
        f"{'Over' if over else 'Under'}dispersion: rows of the same kind differ by more than chance, or depend on each "
        "other"
        if over
        else "Underdispersion: the responses are more alike than independent ones would be",
        importance=f"Standard errors are too {'small' if over else 'large'} by a factor of about "
        f"{number(np.sqrt(ratio if over else 1.0 / ratio), 3)}. {robust(case.fit)}",
        next_step=case.recipe.code("data", get_family(name)) if name else robust_step(case.fit),
        chart="worm",
        evidence=evidence,
    )


def _zeros(case: Case) -> Finding:
    seen, expected = int(np.count_nonzero(case.sample.y == 0.0)), float(np.sum(zero(case.sample.observed)))
    more = case.outcome.z > 0
    name = WIDER.get(case.name) if more else None
    return _found(
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


def _confident(case: Case) -> Finding:
    view = case.sample.observed
    denied = view.chances < 0.05
    seen, expected = int(np.count_nonzero(view.own < 0.05)), float(np.sum(np.where(denied, view.chances, 0.0)))
    worst = _labels(case, np.argsort(view.own, kind="stable")[:ROWS])
    return _found(
        "Confident answers are wrong more often than they claim",
        f"{seen:,} rows have a label to which the model gave less than 5 %, where {number(expected, 4)} were expected",
        "The chances at the ends are too extreme: each such row costs a great surprise (log loss), which a model that "
        "is less sure would not pay",
        importance=f"The least expected rows: {', '.join(f'{i:,}' for i in worst)}",
        next_step="print(fit.surprising())\nfit.calibration()",
        chart="calibration",
        evidence={"observed": seen, "expected": expected, "rows": worst},
    )


# -- single rows, and rows together ----------------------------------------------------------------------------------


def outlying(sample: Sample, level: float) -> Any:
    """The observations too far out for the fitted model, furthest first."""
    tail = row_tails(sample.observed)
    order = np.argsort(tail, kind="stable")
    return order[: int(np.count_nonzero(tail * sample.n < level))]


def _outliers(case: Case) -> Finding:
    chosen = outlying(case.sample, case.level)
    chosen = chosen if len(chosen) else np.array([np.argmin(row_tails(case.sample.observed))])
    tail = row_tails(case.sample.observed)[chosen]
    rows = list(dict.fromkeys(_labels(case, chosen)))
    named = ", ".join(f"{i:,}" for i in rows[:ROWS]) + (f" and {len(rows) - ROWS:,} more" if len(rows) > ROWS else "")
    first = case.sample.y[chosen[0]]
    levels = case.sample.model.levels if case.sample.family.kind.labels else None
    value = str(levels[int(first)]) if levels else number(float(first))
    impact, evidence = "", {"rows": rows[:1000], "smallest_tail": float(tail[0])}
    try:
        top = influence(case.fit)
        own = top._pulls(
            case.sample.rows[chosen[:1]], top._x[None] - top.moves(case.sample.rows[chosen[:1]]), exact=False
        )
        found = own.rows[0]
        impact = (
            f"Row {found['row']:,} alone moves {found['estimate']} from {number(found['without'])} to "
            f"{number(found['with'])}: {number(found['pull'], 3)} standard errors"
        )
        evidence |= {"estimate": found["estimate"], "pull": found["pull"]}
    except LikelyError:
        impact = "How much they move the estimates shows a fit without them"
    step = "fit.influence().refit([" + ", ".join(map(str, rows[:5])) + "])"
    if case.name == "normal":
        step += "\n" + case.recipe.code("data", get_family("student_t"))
    many = len(rows) > 1
    return _found(
        f"{f'{len(rows):,} rows are' if many else f'Row {rows[0]:,} is'} too far out for {case.sample.family.title}",
        f"Row{'s' if many else ''} {named}; {case.fit.likelihood.model.response} = {value} in row {rows[0]:,} has a "
        f"chance of {tail[0]:.2g} to lie that far out",
        "Either they are mistakes in the data, or the family's tails are too light for them",
        importance=impact,
        next_step=step,
        chart="surprise",
        evidence=evidence,
    )


def _labels(case: Case, chosen: Any) -> list[int]:
    """Observations as rows of the data, counted from 0 as messages do."""
    found: list[int] = case.fit.likelihood.bound.row_numbers(case.sample.rows[np.atleast_1d(chosen)]).tolist()
    return found


def _serial(case: Case) -> Finding:
    u = signed(case.sample.observed)[case.order.order]
    r = float(np.sum(u[1:] * u[:-1]) / np.sum(u * u))
    block = max(2, round(case.sample.n ** (1.0 / 3.0)))
    rows = len(case.fit.likelihood.bound.rows if case.fit.likelihood.bound.rows is not None else case.sample.y)
    sizes = f"np.arange({rows}) // {block}"
    factor = np.sqrt(max((1.0 + r) / (1.0 - r), 0.0)) if abs(r) < 1 else np.inf
    return _found(
        f"Neighbouring rows are not independent (in the order of {case.order.by})",
        f"The correlation between the residuals of one row and the next is {number(r, 3)}",
        "The rows carry less information than their number says" if r > 0 else "Neighbouring rows repel each other",
        importance=f"The standard error of a mean is off by a factor of about {number(float(factor), 3)}",
        next_step=f"import numpy as np\nfit.with_cov(cluster={sizes}).summary()  # rows in that order, in blocks",
        chart="residuals",
        evidence={"correlation": r},
    )


def _grouped(case: Case) -> Finding:
    codes, u = case.order.groups, signed(case.sample.observed)
    size = np.bincount(codes)
    pairs = float(np.sum(size * (size - 1.0)))
    together = (float(np.sum(np.bincount(codes, u) ** 2)) - float(np.sum(u * u))) / pairs
    correlation = together / float(np.mean(u * u))
    factor = np.sqrt(max(1.0 + (pairs / case.sample.n) * correlation, 0.0))
    return _found(
        "Rows of the same group are not independent",
        f"The correlation between residuals of the same group is {number(correlation, 3)}, in {len(size):,} groups",
        "The rows carry less information than their number says: groups differ by something that the model lacks",
        importance=f"The standard error of a mean is too small by a factor of about {number(float(factor), 3)}",
        next_step="fit.with_cov(cluster=groups).summary()  # the column or labels of the groups",
        chart=None,
        evidence={"correlation": correlation, "groups": len(size)},
    )


WORDS: dict[str, Callable[[Case], Finding]] = {
    "outliers": _outliers,
    "tails": _tails,
    "skew": _skew,
    "scale": _scale,
    "link": _link,
    "curvature": _curvature,
    "dispersion": _dispersion,
    "zeros": _zeros,
    "confident": _confident,
    "serial": _serial,
    "grouped": _grouped,
}
