"""Findings about the mean: the link, and effects that bend."""

from __future__ import annotations

from typing import TYPE_CHECKING

from likely.checking.diagnosis.finding import Finding
from likely.checking.diagnosis.impact import robust
from likely.checking.diagnosis.wording.case import Case, finding
from likely.show.text_table import number

if TYPE_CHECKING:
    pass


def link(case: Case) -> Finding:
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
    return finding(
        "The chances are miscalibrated" if probability else f"The {slot.link.name} link does not fit",
        f"The square of {case.outcome.label} would enter with about {number(case.outcome.effect, 3)}, where the model "
        "says 0",
        means,
        importance=robust(case.fit),
        next_step=step,
        chart="calibration" if probability else "residuals",
        evidence={"effect": case.outcome.effect},
    )


def curvature(case: Case) -> Finding:
    label, formula = case.outcome.label, case.recipe.formula
    step = "fit.residuals()"
    if isinstance(formula, str) and "~" in formula and label.isidentifier():
        step = case.recipe.code("data", formula=f"{formula} + I({label} ** 2)")
    return finding(
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
