"""After a search has ended: higher peaks from other starts, and whether there is a peak at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from likely.compute import blocks
from likely.compute.solve.newton import Point, Solution
from likely.errors import FamilyError, LikelyError
from likely.likelihoods import Objective, by_rows, single_peaked
from likely.likelihoods.log_likelihood import LogLikelihood
from likely.models import limits
from likely.models.asked import Asked
from likely.models.model import Model
from likely.search.influential import influential_starts
from likely.search.outcome import Outcome
from likely.search.start import given_starts
from likely.search.starts import (
    further_starts,
    mirror_starts,
    neighbouring_corners,
    nonsmooth_starts,
    shifted,
    suggested,
)

SAME = 1e-8  # share of a log-likelihood within which two of them are equally high
ANOTHER = "another place to start from"
ROUNDS = 5  # from corner to corner, or from peak to peak
DISTINCT = 1e-2  # standard errors between two peaks


def highest_of(L: LogLikelihood, asked: Asked, find: Callable[[Asked], Outcome]) -> Outcome:
    """The highest of the peaks that `find` has from the starts asked for, with a note of how many led to it."""
    found: list[Outcome] = []
    refused: list[LikelyError] = []
    for one in given_starts(L, asked.start, asked.starts):
        try:
            found.append(find(asked.replace(start=one, starts=None)))
        except FamilyError as error:  # not finite there
            refused.append(error)
    if not found:
        raise refused[0]
    peaks = [o for o in found if o.converged]
    best = max(peaks or found, key=lambda o: o.height if np.isfinite(o.height) else -np.inf)
    near = sum(best.height - o.height <= 1e-6 * (1.0 + abs(best.height)) for o in peaks)
    tried = len(found) + len(refused)
    note = f"the highest of {len(peaks)} peaks found from {tried} starts; {near} of them led to it"
    return replace(best, note="; ".join(part for part in (note, best.note) if part))


def highest_nonsmooth(L: LogLikelihood, first: Outcome, x0: Any, search_from: Callable[[Any], Outcome]) -> Outcome:
    """The highest end of searches for nonsmooth peaks, from other starts than `x0` too, with a note of other peaks.

    With the identity link there is one peak; another link may make several.
    """
    objective = by_rows(L.row_objective, "a search for corners")
    starts = nonsmooth_starts(objective, x0)
    if not starts:
        return first
    found = [first, *(search_from(x) for x in starts)]
    best = _highest_peak(found, first)
    for _ in range(ROUNDS if best.converged else 0):
        found += [search_from(x) for x in neighbouring_corners(objective, best.point.x)]
        before, best = best, _highest_peak(found, first)
        if best is before:
            break
    peaks = [end for end in found if end.converged]
    away = [end for end in found if not end.converged and end.point.usable]
    if away and (far := max(away, key=lambda end: end.point.value)).point.value > best.point.value + _slack(best.point):
        return far
    if not best.converged:
        return first
    if first.converged and first.point.value >= best.point.value - _slack(best.point):
        best = first
    return replace(best, note=_note(objective, best.point, [end.point for end in peaks], len(found)))


def _highest_peak(found: Sequence[Outcome], other: Outcome) -> Outcome:
    return max((end for end in found if end.converged), key=lambda end: end.point.value, default=other)


@final
@dataclass(frozen=True, eq=False)
class OtherPeaks:
    """The search for other peaks than the one found first.

    Attributes
    ----------
    given : Objective
        The log-likelihood in the user's coefficients, of a response next to zero, from which starts are made.
    objective : Objective
        The same in the coordinates of the search.
    own_start : bool
        Whether the first search started from the family's values and not from the user's.
    search_from : callable
        The search from a start in the user's coefficients, which may end at once where it heads for one of the peaks
        that are known; the value of its end is the height that counts.
    to_original : callable
        From an end of a search to the user's coefficients.
    level : callable
        Whether what is maximised stays level for ever from a place where a search has ended.
    """

    given: Objective
    objective: Objective
    own_start: bool
    search_from: Callable[[Any, Sequence[Point]], Solution]
    to_original: Callable[[Point], Point]
    level: Callable[[Point], bool]

    def best(self, first: Solution, x0: Any, more: Sequence[Any] = ()) -> tuple[Solution, str]:
        """The best end of searches from other starts than `x0`, `more` among them, and a note of other peaks.

        They are tried where the first search failed, and where the likelihood may have several peaks.
        """
        model = self.objective.model
        lost = not first.converged and (not first.point.usable or model.constant)
        if self.own_start and (lost or limits.predicted(model, self.objective.data, first.point.x)):
            first = self._elsewhere(first, x0)
        if single_peaked(model):
            return self._beside(first, x0) if self.own_start and not first.converged else first, ""
        starts = [*more, *further_starts(self.given, x0)]
        if not starts:
            return self._upright(first), ""
        found = self._with_searches([first], starts)
        best, note = self._highest(found)
        mirrored = mirror_starts(self.given, self.to_original(best.point).x)
        if mirrored:
            found = self._with_searches(found, mirrored)
            best, note = self._highest([best, *(end for end in found if end is not best)])
        for _ in range(ROUNDS):
            beside = influential_starts(self.given, self.to_original(best.point)) if best.converged else []
            if not beside:
                break
            before, found = best, self._with_searches(found, beside)
            best, note = self._highest([best, *(end for end in found if end is not best)])
            if best is before:
                break
        return self._upright(best), note

    def _upright(self, end: Solution) -> Solution:
        """Of two mirror images of a predictor the one that is positive in the mean, where the start was our own."""
        sign, point, objective = np.ones(len(end.point.x)), end.point, self.objective.linear
        if objective is None or not self.own_start:
            return end
        for slot, eta in zip(objective.model.slots, objective.etas(point.x, slice(None)), strict=True):
            if slot.link.even and slot.offset is None and np.sum(eta) < 0.0:
                sign[slot.start : slot.stop] = -1.0
        if np.all(sign > 0.0):
            return end
        turned = Point(sign * point.x, point.value, sign * point.score, np.outer(sign, sign) * point.info)
        return replace(end, point=turned)

    def _with_searches(self, found: list[Solution], starts: list[Any]) -> list[Solution]:
        """What was found, with the ends of searches from these starts."""
        for x in starts:
            found = [*found, self.search_from(x, _distinct(end.point for end in found if end.converged))]
        return found

    def _highest(self, found: list[Solution]) -> tuple[Solution, str]:
        level = {id(p) for p in _distinct(end.point for end in found if end.converged) if self._on_plateau(p)}
        return _highest(self.objective, found, [s for s in found if s.converged and id(s.point) not in level])

    def _on_plateau(self, end: Point) -> bool:
        return bool(limits.predicted(self.objective.model, self.objective.data, end.x)) or self.level(end)

    def _beside(self, first: Solution, x0: Any) -> Solution:
        """The search again with other spreads, where predictors without an intercept start the location far away.

        The family's own spread is that about a constant: beside such a location it is next to nothing.
        """
        model, data = self.given.model, self.given.data
        columns = None if not model.slots else data.design(model.slots[0])
        if columns is None or blocks.constant_column(columns) is not None or len(model.slots) < 2:
            return first
        beside = suggested(self.given, x0)
        for x in (beside, *shifted(model, data, beside)):
            again = self.search_from(x, ())
            if again.converged and not first.point.value >= again.point.value:
                return again
        return first

    def _elsewhere(self, first: Solution, x0: Any) -> Solution:
        """The search again from starts around the default one: a density is not finite there, or runs away."""
        for x in shifted(self.given.model, self.given.data, x0):
            solution = self.search_from(x, ())
            better = solution.point.value > first.point.value or not first.point.usable
            if solution.converged and better:
                return solution
            if solution.point.usable and not first.point.usable:
                first = solution
        return first


def _highest(objective: Objective, found: list[Solution], peaks: list[Solution]) -> tuple[Solution, str]:
    """The end that counts, the first one unless another is higher, and a note of other peaks."""
    model, first = objective.model, found[0]
    if model.family.escapes:  # where a parameter may escape to infinity the highest place counts, peak or not
        peaks = [s for s in found if s.point.usable]
    others = [s for s in found if s.point.usable and not any(s is peak for peak in peaks)]
    best, away = _top(peaks), _top([s for s in others if _counts(model, s)])
    if best is None:
        return away or first, ""
    if away is not None and _higher(away, best):
        return away, ""
    return best, _note(objective, best.point, [s.point for s in peaks if s.converged], len(found))


def _distinct(points: Iterable[Point]) -> list[Point]:
    """Points of which searches that ended at the same one hold the same."""
    return list({id(point): point for point in points}.values())


def _counts(model: Model, end: Solution) -> bool:
    """Whether an end that is no peak, but on the way to something higher, speaks against a peak elsewhere.

    Where any data's likelihood is unbounded in some corner, only peaks and the family's limits count.
    """
    if any(slot.parameter.name == model.family.spikes for slot in model.slots):
        return any(
            limits.beyond(limit, slot, end.point.x, limits.NEAR[limit.at]) for limit, slot in limits.watched(model)
        )
    return end.converged or end.stop is not None


def _top(ends: list[Solution]) -> Solution | None:
    """The first of the highest ends."""
    best: Solution | None = None
    for end in ends:
        if best is None or _higher(end, best):
            best = end
    return best


def _higher(one: Solution, other: Solution) -> bool:
    return one.point.value > other.point.value + _slack(other.point)


def _slack(point: Point) -> float:
    return 1e-9 * (1.0 + abs(point.value))


def _note(objective: Objective, best: Point, peaks: list[Point], tried: int) -> str:
    """A note of peaks other than the highest one."""
    scale = np.sqrt(1.0 / np.maximum(np.diagonal(best.info), 1e-300))
    here = objective.log_density(best.x)
    different: list[Point] = []
    for other in peaks:
        distinct = all(np.max(np.abs(other.x - p.x) / scale) > DISTINCT for p in (best, *different))
        # signs of a linear predictor may not matter, as under the square root
        if distinct and np.max(np.abs(objective.log_density(other.x) - here)) > 1e-6:
            different.append(other)
    if not different:
        return ""
    model, second = objective.model, max(different, key=lambda s: s.value)
    if abs(second.value - best.value) <= SAME * (1.0 + abs(best.value)):
        constants = [s for s in model.slots if s.constant and s.link.name == "identity"]
        where = ", ".join(f"{s.label} = {second.x[s.start]:.6g}" for s in constants)
        return f"the likelihood has another peak of the same height{f', at {where}' if where else ''}"
    return (
        f"the likelihood has several peaks: this is the highest of the {len(different) + 1} found from {tried} starts, "
        f"{best.value - second.value:.3g} above the next"
    )
