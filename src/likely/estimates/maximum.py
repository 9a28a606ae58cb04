"""From a log-likelihood to estimates: the search, families at their limits, and what separation leaves."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from likely.compute.engines import memory
from likely.compute.solve.newton import Point, Stop
from likely.errors import FitError, OptionError
from likely.estimates import AtLimit, Estimates
from likely.estimates.verdict import failed, judge
from likely.families.base import Kind, Limit
from likely.likelihoods import single_peaked
from likely.likelihoods.log_likelihood import LogLikelihood
from likely.models import limits
from likely.models.asked import Asked
from likely.models.bind import Bound
from likely.models.constraints import Restraints
from likely.models.slot import Slot
from likely.progress import Task, check_progress
from likely.search import failures
from likely.search.closed_form import PerfectFit
from likely.search.constrained import find_restrained_peak
from likely.search.directions import few_rows
from likely.search.end import End, EndKind
from likely.search.iterations import SearchHistory
from likely.search.outcome import Outcome
from likely.search.peak import find_peak
from likely.search.separation import remaining
from likely.search.state import FitState
from likely.search.unbounded import Unbounded, find_unbounded

NO_SEARCH = Outcome(Point(np.zeros(0), -np.inf, np.zeros(0), np.zeros((0, 0))), "none", 0, False, "")
LONG = 5_000_000  # rows times coefficients beyond which a fit may take long


def peak_of(bound: Bound, **options: Any) -> Estimates:
    """The peak of a bound model's log-likelihood, or a failure as a value: by a bare search, with the options given."""
    return maximize(LogLikelihood(bound), bound.asked.searched(**{"on_failure": "return", **options}))


def maximize(L: LogLikelihood, asked: Asked) -> Estimates:
    """The peak of a log-likelihood by the search that was asked for; without the covariance."""
    called = check_progress(asked.progress, "(iteration, point, decrement)")
    if asked.start is not None:
        asked = asked.replace(start=_checked_start(L, asked.start))
    # many rows and few columns: BLAS's threads have nothing to gain in the small matrices between the passes
    tall = len(L.bound.y) > 10_000 and L.model.size < 2000
    title = f"fitting {L.model.family.title} to {len(L.bound.y):,} rows"
    long = len(L.bound.y) * max(L.model.size, 1) > LONG
    with Task(title, asked.progress if called is None else False, long=long) as task:
        history = SearchHistory(L, task, called, asked.start if isinstance(asked.start, FitState) else None)
        try:
            with memory.one_blas_thread() if tall else nullcontext():
                unbounded = find_unbounded(L, Restraints.of(asked))
                found = _found(L, asked, history) if unbounded is None else _unbounded(L, asked, unbounded)
                if asked.separation == "drop" and found.separation is not None:
                    found = _remaining(found, asked)
        except KeyboardInterrupt as stopped:
            raise history.interrupted() from stopped
    if not found.converged and asked.on_failure == "raise":
        raise FitError(found.end.words, found)
    return found


def _checked_start(L: LogLikelihood, start: Any) -> Mapping[str, float] | FitState:
    if isinstance(start, (str, Path)):
        start = FitState.load(start)
    if isinstance(start, FitState):
        start.vector(L.names)
    elif not isinstance(start, Mapping):
        example = ", ".join(f"{name!r}: ..." for name in L.names[:4])
        raise OptionError(
            f"start is a dict of starting values by name, such as {{{example}}}, or the state of an interrupted fit; "
            f"found {start!r}"
        )
    return start


def _found(L: LogLikelihood, asked: Asked, history: SearchHistory) -> Estimates:
    """What the search found; where it failed among numbers of a size that no square can have, that is the reason."""
    try:
        with np.errstate(over="ignore"):
            found = _search(L, asked, history)
    except OverflowError:
        if (message := failures.extreme(L)) is None:
            raise
        return failed(L, asked, NO_SEARCH, EndKind.OVERFLOW, message)
    message = failures.overflowing_products(L)
    if message is None and not (found.converged and _representable(found)):
        message = failures.extreme(L)
    if message is None:
        return found
    return failed(L, asked, found.outcome, EndKind.OVERFLOW, message)


def _unbounded(L: LogLikelihood, asked: Asked, why: Unbounded) -> Estimates:
    """The failure of a likelihood without a highest point, at a place that tells what the predictors do."""
    x = why.coefficients
    if x is None:
        return failed(L, asked, NO_SEARCH, EndKind.UNBOUNDED, why.text)
    at = Point(x, np.inf, np.zeros(len(x)), np.zeros((len(x), len(x))))
    return failed(L, asked, Outcome(at, "least squares", 0, False, ""), EndKind.UNBOUNDED, why.text)


def _representable(fit: Estimates) -> bool:
    """Whether floats can hold the covariance of a fit that has one."""
    with np.errstate(all="ignore"):
        return fit._observed_cov is None or bool(np.all(np.isfinite(fit._observed_cov)))


def _search(L: LogLikelihood, asked: Asked, history: SearchHistory) -> Estimates:
    restraints = Restraints.of(asked)
    find = find_peak if restraints is None else find_restrained_peak
    watched = _watched(L, restraints)
    again = asked.start if isinstance(asked.start, FitState) else None
    runaway = (
        _RunawayStop(L, watched, resumed=again is not None) if watched or failures.runaway_slots(L.model) else None
    )
    try:
        outcome = find(L, asked, history=history, stop=runaway)
    except PerfectFit as perfect:
        return _unbounded(L, asked, Unbounded.exact(L, perfect.parameter, 0.0, perfect.coefficients))
    at_limit = _at_limit(L, asked, outcome, watched)
    if at_limit is not None:
        return at_limit
    if (
        runaway is not None and runaway.limit_hit and not outcome.converged
    ):  # passed the mark, yet the limiting family is no better: go on
        outcome = find(L, asked.replace(start=again, starts=None), history=history, stop=None)
    return judge(L, asked, outcome)


def _remaining(found: Estimates, asked: Asked) -> Estimates:
    """The fit of what separation leaves."""
    separation = found.separation
    assert separation is not None
    family = found.likelihood.model.family
    if not found.likelihood.offers.independent_rows:
        return replace(found, end=found.end.adding("separated strata are not left out by separation='drop'"))
    if family.kind is Kind.ORDERED:
        half = "A row may be separated from one neighbour of its level only, so separation='drop' leaves none out"
        return replace(found, end=found.end.adding(half))
    bound = remaining(found.likelihood, separation)
    if bound is None:
        nothing = "every row is separated, so that nothing is left to estimate: separation='drop' cannot help here"
        return replace(found, end=found.end.adding(nothing))
    again = maximize(
        LogLikelihood(bound), asked.replace(separation="refuse", on_failure="return", start=None, starts=None)
    )
    end = again.end if again.end.remarkable else End(EndKind.SEPARATED_LEFT_OUT, separation.dropped(again.aliased))
    return replace(again, asked=asked, end=end, separation=separation)


# -- families at their limit ---------------------------------------------------------------------------------


class _RunawayStop:
    """Stops a search whose constant runs towards the end of its domain."""

    def __init__(self, L: LogLikelihood, watched: list[tuple[Limit, Slot]], resumed: bool = False) -> None:
        self.watched = watched
        self.limit_hit = False
        self.slots = failures.runaway_slots(L.model)
        self.unit = failures.log_range(L)
        # a search that goes on is as far from its beginning as one that was never interrupted
        self.start: Any = L.default_start if resumed else None

    def __call__(self, point: Point) -> Stop | None:
        if self.start is None:
            self.start = point.x.copy()
        for limit, slot in self.watched:
            if limits.beyond(limit, slot, point.x, limits.NEAR[limit.at]):
                self.limit_hit = True
                return Stop(f"{slot.label} runs to {limit.at:g}", slot.start)
        for slot in self.slots:
            if failures.far_from_start(slot, point.x[slot.start], self.start[slot.start], point, self.unit):
                return Stop(f"{slot.label} runs away", slot.start)
        return None


def _watched(L: LogLikelihood, restraints: Restraints | None) -> list[tuple[Limit, Slot]]:
    """The limits that a search may run to: those of parameters that no constraint is about."""
    watched = limits.watched(L.model)
    if not watched or restraints is None:
        return watched
    return [(limit, slot) for limit, slot in watched if not restraints.about(slot.label, L.model)]


def _at_limit(L: LogLikelihood, asked: Asked, outcome: Outcome, watched: list[tuple[Limit, Slot]]) -> Estimates | None:
    """The fit at the limit, where the limiting family explains the data at least as well."""
    several = not single_peaked(L.model) and few_rows(L.objective)  # of which one may be at the limit
    for limit, slot in watched:
        inside = outcome.converged and not limits.beyond(limit, slot, outcome.point.x, limits.NEAR[limit.at])
        if inside and not several:
            continue
        limiting = L.limiting(limit)
        simpler = asked.under(limiting.model.family)
        simpler = simpler.replace(separation="refuse", on_failure="return", start=None, starts=None)
        if (restraints := Restraints.of(asked)) is not None:
            simpler = simpler.replace(**restraints.renamed(limit.names, L.model).options)
        inner = maximize(limiting, simpler)
        if not inner.converged:
            continue
        rise, slack = inner.outcome.height - outcome.height, 1e-9 * (1 + abs(inner.loglik))
        if inside and rise <= slack:
            continue
        # heights on the way to a place without bound, which all data have, say nothing against a peak at the limit
        spike = not outcome.converged and slot.parameter.name == L.model.family.spikes
        if rise < -slack and not (spike and _falls_from(L, slot, limit, inner)):
            continue
        name = inner.likelihood.model.family.title
        reason = (
            f"{slot.label} runs to {limit.at:g}, where {L.model.family.title} is {name}: the data ask for nothing "
            f"more. Fit lk.{name}() instead, or see the profile interval for the values of {slot.label} they allow"
        )
        if _is_unidentified(L, slot, inner):
            reason = (
                f"the data do not identify {slot.label}: the log-likelihood is the same for every value of it, the "
                f"other estimates being what they are. Given are those of lk.{name}(), its limit at {limit.at:g}"
            )
        back = {new: old for old, new in limit.names.items()}
        at_limit = AtLimit(slot.label, limit.at, inner, back)
        return Estimates(L, asked, outcome, End(EndKind.LIMIT, reason), {slot.label: reason}, at_limit)
    return None


def _falls_from(L: LogLikelihood, slot: Slot, limit: Limit, inner: Estimates) -> bool:
    """Whether the log-likelihood falls as a parameter leaves its limit: there is a peak at the limit."""
    height = _height(L, slot, limits.NEAR[limit.at], inner)
    return height is not None and height <= inner.loglik


def _is_unidentified(L: LogLikelihood, slot: Slot, inner: Estimates) -> bool:
    """Whether the data say nothing of a parameter, with the others where its limiting family has them."""
    heights = (_height(L, slot, value, inner) for value in slot.parameter.typical_range)
    return all(h is not None and abs(h - inner.loglik) <= 1e-9 * (1.0 + abs(inner.loglik)) for h in heights)


def _height(L: LogLikelihood, slot: Slot, value: float, inner: Estimates) -> float | None:
    """The log-likelihood with a constant at a value, the others as at a limit; None where they are not the same."""
    others = inner.outcome.point.x
    if len(others) != L.model.size - 1:
        return None
    return L.objective.value(np.insert(others, slot.start, slot.link.forward(np.float64(value))))
