"""Why a likelihood has no peak, or why none was found, in words."""

from __future__ import annotations

from typing import Any

import numpy as np

from likely.compute import blocks
from likely.compute.solve.inverse import flat_names
from likely.compute.solve.newton import Point
from likely.likelihoods.log_likelihood import LogLikelihood
from likely.models import identify, limits
from likely.models.model import Model
from likely.models.slot import Slot
from likely.search.outcome import Outcome
from likely.search.plateau import LEVEL, NEARLY, find_plateau

CUBES = 1e-100, 1e100  # of a response's largest value: beyond, cubes leave what a float can hold
FLAT_ON_LINK = 1e-4  # information about a linear predictor: its standard error would be 100
EXACT = 1e-9  # of the response's size: a spread that is rounding
FAR = 14.0  # a constant's linear predictor that moved this far (a factor of a million) is running away


def extreme(L: LogLikelihood) -> str | None:
    """Values whose squares leave what a float can hold, among the predictors or the response, and what to do."""
    for slot in L.model.slots:
        if slot.design is not None and (reason := identify.extreme(slot, L.bound.data.designs[slot.label])) is not None:
            return reason
    y = np.asarray(L.bound.y)
    if y.dtype.kind != "f" or y.size == 0 or L.model.family.kind.discrete:
        return None
    largest = float(np.max(np.abs(y)))
    if largest == 0.0:
        return None
    if identify.EXTREMES[0] <= largest <= identify.EXTREMES[1]:
        return _units_too_far_apart(L, largest)
    return (
        f"the largest value of {L.model.response} has the size {largest:.3g}, whose square no float can hold. Rescale "
        f"the response: divide it by {largest:.0e}"
    )


def overflowing_products(L: LogLikelihood) -> str | None:
    """Values whose cubes leave what a float can hold, under a link whose second derivatives need them."""
    family, y = L.model.family, np.asarray(L.bound.y)
    if L.offers.far or family.kind.discrete or y.dtype.kind != "f" or not y.size:
        return None
    for slot in L.model.slots:
        scaled = slot.link.name == "log" or (slot.link.name == "identity" and slot.parameter.domain.lower != 0.0)
        largest = float(np.max(np.abs(y)))
        if scaled or slot.parameter is not family.parameters[0] or largest == 0.0 or CUBES[0] <= largest <= CUBES[1]:
            continue
        return (
            f"the largest value of {L.model.response} has the size {largest:.3g}, and under the {slot.link.name} link "
            f"of {slot.label} its cube is needed, which no float can hold. Rescale the response: divide it by "
            f"{largest:.0e}"
        )
    return None


def _units_too_far_apart(L: LogLikelihood, largest: float) -> str | None:
    """A coefficient whose square no float can hold, because a location's response and predictor have other units."""
    model = L.model
    for slot in model.slots:
        if slot.design is None or slot.link.name != "identity" or slot.parameter is not model.family.parameters[0]:
            continue
        sizes = blocks.largest(L.bound.data.designs[slot.label])
        for j in np.flatnonzero(sizes > 0):
            ratio = largest / float(sizes[j])
            if not identify.EXTREMES[0] <= ratio <= identify.EXTREMES[1]:
                return (
                    f"the values of {model.response} are {ratio:.3g} times as large as those of "
                    f"{slot.design.names[j]}, so its coefficient has a size whose square no float can hold. Rescale "
                    f"the column: multiply it by {ratio:.0e}"
                )
    return None


def runaway_slots(model: Model) -> list[Slot]:
    """Constants that can run to an end of their domain: on a link, or declared by the family."""
    return [
        slot
        for slot in model.slots
        if slot.constant and slot.entry is None
        if slot.link.name != "identity" or slot.parameter.name in model.family.escapes
    ]


def log_range(L: LogLikelihood) -> float:
    """The range of the logarithms of positive data, at least 1: the unit of a scale under the logarithm."""
    y = L.objective.y
    if L.model.family.support.lower != 0.0 or L.model.family.kind.discrete or not np.any(y > 0.0):
        return 1.0
    y = y[y > 0.0]
    return max(1.0, float(np.log(np.max(y)) - np.log(np.min(y))))


def far_from_start(slot: Slot, here: float, start: float, point: Point, unit: float) -> bool:
    """Whether a constant has left its starting value so far behind that it is running away.

    Data over many powers of ten have a peak that far off, yet the log-likelihood bends on the way to it, whatever their
    units; where a constant runs to the end of its domain it bends no more. `unit` is `log_range`.
    """
    if slot.link.name == "identity":
        return abs(here) > 1e5 * (1.0 + abs(start))
    return abs(here - start) > FAR and not point.info[slot.start, slot.start] > FLAT_ON_LINK / unit**2


def ran_away(L: LogLikelihood, outcome: Outcome) -> str | None:
    """Constants that left for the end of their domain, with the likelihood still rising."""
    slots = runaway_slots(L.model)
    if outcome.solver == "trust region" and not outcome.converged:
        slots = [slot for slot in slots if _closes_in(L, slot, slot.natural(outcome.point.x[slot.start]))]
    elif outcome.solver not in ("newton", "lbfgs"):
        return None
    if (message := on_plateau(L, outcome)) is not None:
        return message
    if not slots:
        return _predictors_ran_away(L, outcome)
    x0 = L.default_start if outcome.start is None else outcome.start
    unit = log_range(L)
    for slot in slots:
        here, start = outcome.point.x[slot.start], x0[slot.start]
        if not far_from_start(slot, here, start, outcome.point, unit) and slot.start != outcome.runaway:
            continue
        value = slot.natural(here)
        if short_of_domain(slot):
            return _beyond_reach(L, slot, [slot.label], np.arange(len(L.bound.y)), 0.0)
        rising = outcome.point.score[slot.start] * np.sign(here - start) > 1e-3
        how = "rises without bound" if rising else "keeps rising, ever more slowly,"
        return (
            f"{slot.label} runs to {_end(slot, value)} (now {value:.3g}): the log-likelihood {how} on the way, so "
            "there is no peak. Often many equal values, too few data or too rich a family; fix the parameter at a "
            "value, or choose another family"
        )
    return _predictors_ran_away(L, outcome)


def on_plateau(L: LogLikelihood, outcome: Outcome) -> str | None:
    """Coefficients in which the log-likelihood is level for ever: what runs where, and why."""
    restrained = outcome.restrained
    if restrained is not None and restrained.penalty:
        return None  # which falls where the log-likelihood does not
    found = find_plateau(L.row_objective, outcome.point, LEVEL if outcome.converged else NEARLY)
    if found is None or (restrained is not None and any(found.direction[j] != 0.0 for j in restrained.held)):
        return None
    slot = found.slot
    own = found.direction[slot.start : slot.stop]
    x = L.bound.data.design(slot)
    moved = np.abs(own) * (1.0 if x is None else blocks.largest(x))
    which = [j for j in np.argsort(-moved, kind="stable") if moved[j] > 0.1 * np.max(moved)] if np.any(moved) else []
    runs = [f"{slot.names[j]} runs to {'' if own[j] > 0 else '-'}infinity" for j in which[:4]]
    if slot.constant and not short_of_domain(slot):
        value = slot.natural(outcome.point.x[slot.start])
        return (
            f"{slot.label} runs to {_end(slot, value)} (now {value:.3g}): the log-likelihood does not fall on the way, "
            "so there is no peak. Often many equal values, too few data or too rich a family; fix the parameter at a "
            "value, or choose another family"
        )
    if not runs and x is not None and len(rows := np.unique(x[found.rows], axis=0)) == 1:
        sum_ = identify.sum_of([(float(v), name) for v, name in zip(rows[0], slot.names, strict=True) if v != 0.0])
        runs = [f"{sum_} runs to 0"]
    return _beyond_reach(L, slot, runs, found.rows, found.limit)


def short_of_domain(slot: Slot) -> bool:
    """Whether a link reaches less than the domain of its parameter, such as the logarithm of a location."""
    domain = slot.parameter.domain
    return not domain.vector and (slot.link.lower > domain.lower or slot.link.upper < domain.upper)


def _beyond_reach(L: LogLikelihood, slot: Slot, runs: list[str], rows: Any, limit: float) -> str:
    """What to say of rows whose parameter runs to the end of what its link reaches."""
    n, short = len(L.bound.y), short_of_domain(slot)
    coefficients = f"{', '.join(runs)}: " if runs and not slot.constant else ""
    where = "" if len(rows) == n else f" in {len(rows):,} of {n:,} rows (the first: row {rows[0]})"
    why = f": {L.model.response} would have it beyond" if short else ""
    other = "link='identity', which reaches every value" if short else "another link"
    return (
        f"{coefficients}{slot.parameter.name} runs to {limit:.6g}{where}, the end of what the {slot.link.name} link "
        f"reaches{why}, and the log-likelihood does not fall on the way, so there is no peak. Use {other}, or leave "
        f"out {'these rows or ' if where else ''}predictors"
    )


def _closes_in(L: LogLikelihood, slot: Slot, value: float) -> bool:
    """Whether the spread of a density's family is nothing beside the response: its functions reproduce the data."""
    functions = L.functions
    base = None if functions is None else functions.density.base
    power = None if base is None else base.averaged.get(slot.parameter.name)
    if power is None:
        return False
    return bool(value <= EXACT * np.max(np.abs(L.bound.y)) if power < 0 else value >= EXACT**-2)


def _predictors_ran_away(L: LogLikelihood, outcome: Outcome) -> str | None:
    """Parameters with predictors that left for a limit of the family, or for infinity, in the rows all together."""
    model = L.model
    for limit, slot in limits.predicted(model, L.bound.data, outcome.point.x):
        becomes = limits.limiting(model, L.bound.data, limit)[0].family.title
        return (
            f"{slot.label} runs to {limit.at:g} in every row, where {model.family.title} is {becomes}: the data ask "
            f"for nothing more. Fit lk.{becomes}() instead, or leave {slot.label} a constant"
        )
    for slot in model.slots:
        escapes = slot.parameter.name in model.family.escapes and not slot.constant
        if escapes and np.median(np.abs(limits.row_values(slot, L.bound.data, outcome.point.x))) > limits.NEAR[np.inf]:
            return (
                f"{slot.label} runs to infinity in most rows: the log-likelihood keeps rising, ever more slowly, on "
                "the way, so there is no peak. Often too few data or too many predictors; leave "
                f"{slot.label} a constant, or choose another family"
            )
    return None


def at_ends(L: LogLikelihood, outcome: Outcome) -> dict[str, float]:
    """Constants at a finite end of their domain, by name, where a search that may start far away has led.

    On the link scale the end is infinitely far: near it the likelihood changes no more, where around a peak, however
    close to the end, it does.
    """
    if outcome.solver != "trust region" or not outcome.converged:
        return {}
    found = {}
    for slot in L.model.slots:
        domain, i = slot.parameter.domain, slot.start
        if slot.link.name == "identity" or not outcome.point.info[i, i] < FLAT_ON_LINK:
            continue
        value, width = slot.natural(outcome.point.x[i]), domain.upper - domain.lower
        if not np.isfinite(width):
            width = 1.0 if outcome.start is None else abs(slot.natural(outcome.start[i]))
        for end in (domain.lower, domain.upper):
            if np.isfinite(end) and abs(value - end) <= 1e-5 * width:
                found[slot.label] = end
    return found


def _end(slot: Slot, value: float) -> str:
    domain = slot.parameter.domain
    if np.isfinite(domain.upper) and abs(domain.upper - value) < abs(value - domain.lower):
        return f"{domain.upper:g}"
    if np.isfinite(domain.lower) and abs(value - domain.lower) < 1.0:
        return f"{domain.lower:g}"
    return "infinity" if value > 0 else "-infinity"


def not_converged(L: LogLikelihood, outcome: Outcome) -> str:
    """What the search said, with what is known about the place where it stopped."""
    reason = outcome.message
    if outcome.solver not in ("newton", "lbfgs", "trust region") and outcome.restrained is None:
        return reason  # of a search that knows of corners
    nonsmooth = [slot.label for slot in L.model.slots if slot.parameter.name in L.model.family.kinked]
    leaving = [slot for slot in L.model.slots if slot.leaves_domain]
    if leaving and short_of_domain(leaving[0]):
        slot = leaving[0]
        return (
            f"{reason}: the {slot.link.name} link reaches only a {slot.parameter.name} above {slot.link.lower:g}, and "
            f"the likelihood seems highest at that end. Use link='identity', which reaches every value"
        )
    if leaving:
        slot = leaving[0]
        return (
            f"{reason}: the {slot.link.name} link lets {slot.label} reach the end of its domain "
            f"({slot.parameter.domain.name}), and the likelihood seems highest there. Use its default link, "
            f"{slot.parameter.domain.link}"
        )
    if nonsmooth and outcome.restrained is not None:
        return (
            f"{reason}: the likelihood of {L.model.family.title} has corners in {nonsmooth[0]}, and under a penalty or "
            "constraints the search cannot follow them. Fit without, or choose a smooth family such as lk.StudentT()"
        )
    if nonsmooth and not L.model.constant:
        return (
            f"{reason}: the likelihood of {L.model.family.title} has corners in {nonsmooth[0]}, where Newton's method "
            "does not apply. Leave solver= at 'auto', whose least absolute deviations do, or give start="
        )
    if not outcome.point.usable:
        return reason
    _, flat = outcome.point.inverse
    names = flat_names(L.model.names(), flat) if flat.size else []
    return (f"{reason}; it is flat along {', '.join(names)}" if names else reason) + elsewhere(L)


def elsewhere(L: LogLikelihood) -> str:
    """What else to try where a likelihood may have peaks that a search from one start does not see."""
    if not L.offers.far:
        return ""
    return "; another start (start=, or starts=20 for several) may lead to a peak"
