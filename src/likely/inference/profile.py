"""The likelihood along one coefficient, maximised over the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from likely.compute.solve import newton
from likely.compute.solve.equalities import Evaluates
from likely.errors import IntervalError, LikelyError, OptionError, is_one_of, unknown
from likely.estimates.maximum import peak_of
from likely.likelihoods import Objective, RowsObjective, single_peaked
from likely.likelihoods.penalised import Penalised
from likely.models import scale
from likely.models.identify import coordinates, partly_orthonormal
from likely.models.model import Model
from likely.models.slot import Slot
from likely.search.singular import Held

if TYPE_CHECKING:
    from likely.estimates import Estimates
    from likely.likelihoods.log_likelihood import LogLikelihood

MOST_EVALUATIONS = 3000
MOST_LOST = 12  # fits of the reduced model that may fail on the way


class Profiler:
    """The log-likelihood maximised over all coefficients but one, followed along that one.

    Each maximisation starts from the tangent of the path of maxima at the nearest point known, and a step that leads
    out of the parameters' domain is taken in halves.
    """

    def __init__(
        self, likelihood: LogLikelihood, index: int, best: Any, peak: float, objective: Evaluates | None = None
    ) -> None:
        self.index, self.best, self.peak = index, np.array(best, dtype=float), peak
        # a function of the coefficients as the user has them; None for a penalised one
        self.objective: Objective | None = likelihood.objective if objective is None else None
        self._objective: Evaluates = objective or likelihood.objective
        self._spent, self._at, self._unit = 0, index, 1.0
        # an ill-conditioned design is followed in orthonormal coordinates, of which one is the coefficient rescaled
        self._inner = coordinates(likelihood.model, likelihood.bound.data, last=index) if objective is None else None
        start = self.best
        if self._inner is not None:
            self._objective = RowsObjective(likelihood.model, self._inner.data)
            self._at, self._unit = self._inner.place(index)
            start = self._inner.from_original(self.best)
        self._free = np.array([j for j in range(likelihood.model.size) if j != self._at], dtype=int)
        self._known = [self._evaluate(start)]
        self._reach = np.inf if single_peaked(likelihood.model) else self._first_reach()

    def _first_reach(self) -> float:
        """How far from the peak one step may lead where others may be near: two standard errors; any way elsewhere."""
        info, free, slope = self._known[0].info, self._free, float(self._known[0].score[self._at])
        with np.errstate(all="ignore"):
            try:
                others = np.linalg.solve(info[np.ix_(free, free)], info[free, self._at]) if len(free) else np.zeros(0)
            except np.linalg.LinAlgError:
                return np.inf
            curvature = float(info[self._at, self._at] - info[self._at, free] @ others)
            there = curvature > 0.0 and abs(slope) < 1e-2 * float(np.sqrt(curvature))
            return 2.0 / float(np.sqrt(curvature)) if there else np.inf

    def _evaluate(self, x: Any) -> newton.Point:
        self._spent += 1
        if self._spent > MOST_EVALUATIONS:
            raise IntervalError(
                f"the profile likelihood could not be followed within {MOST_EVALUATIONS:,} evaluations: the others' "
                "peak moves too wildly along it"
            )
        return self._objective.point(x)

    def __call__(self, value: float) -> tuple[float, float, Any]:
        """Profile log-likelihood, its slope, and the coefficients, with the coefficient held at `value`.

        The value is -inf where the path cannot be followed.
        """
        target = value * self._unit
        for _ in range(12):
            nearest = min(self._known, key=lambda p: abs(p.x[self._at] - target))
            here = float(nearest.x[self._at])
            step = target - here
            # from far off the tangent may lead to another peak: each step at most doubles the way from the best one
            reach = max(self._reach, abs(here - float(self._known[0].x[self._at])))
            whole = min(1.0, reach / abs(step)) if step else 1.0
            for part in (whole, *(part for part in (0.5, 0.25, 0.0625, 0.01) if part < whole)):
                point = self._maximum(nearest, target if part == 1.0 else here + part * step)
                if point is not None:
                    break
            else:
                return -np.inf, 0.0, np.array(self.best)
            self._known.append(point)
            if part == 1.0:
                x = point.x if self._inner is None else self._inner.to_original(point.x)
                return point.value, float(point.score[self._at]) * self._unit, x
        return -np.inf, 0.0, np.array(self.best)

    def _maximum(self, near: newton.Point, value: float) -> newton.Point | None:
        """The maximum with the coefficient held at `value`, started from the tangent at a point near by."""
        x = near.x.copy()
        x[self._at] = value
        if len(self._free) == 0:
            point = self._evaluate(x)
            return point if point.usable else None
        starts = [x[self._free]]
        try:
            slope = np.linalg.solve(near.info[np.ix_(self._free, self._free)], near.info[self._free, self._at])
            starts.insert(0, starts[0] - slope * (value - near.x[self._at]))
        except np.linalg.LinAlgError:
            pass

        def evaluate(free: Any) -> newton.Point:
            x[self._free] = free
            full = self._evaluate(x.copy())
            return newton.Point(
                free.copy(), full.value, full.score[self._free], full.info[np.ix_(self._free, self._free)]
            )

        for start in starts:
            if not np.all(np.isfinite(start)):
                continue
            solution = newton.maximize(evaluate, start, max_iterations=60, tolerance=1e-6)
            if solution.converged:
                x[self._free] = solution.point.x
                return self._evaluate(x)
        return None


class RefitProfiler(Profiler):
    """The same by fits of the reduced model, where no tangent leads: densities with corners, parameters at a limit."""

    def __init__(self, likelihood: LogLikelihood, index: int, best: Any, peak: float) -> None:
        self.index, self.best, self.peak = index, np.array(best, dtype=float), peak
        self._likelihood, self._slot, self.objective = likelihood, likelihood.model.slot_of(index), likelihood.objective
        self.others: dict[str, float] = {}  # of the last value asked for
        self.lost = 0  # fits that failed

    def _fit(self, value: float) -> Estimates:
        return peak_of(self._likelihood.bound.holding(self.index, value))

    def __call__(self, value: float) -> tuple[float, float, Any]:
        fit = self._fit(value)
        if not fit.converged:
            self.lost += 1
            if self.lost > MOST_LOST:
                raise IntervalError(f"with the coefficient held the likelihood has no peak in the others: {fit.status}")
            return -np.inf, 0.0, self.best
        self.others = fit.coef
        whole = fit.limit is None and len(fit.outcome.point.x) == len(self.best) - 1
        x = np.insert(fit.outcome.point.x, self.index, value) if whole else self.best
        return fit.loglik, 0.0, x


class NearbyRefitProfiler(RefitProfiler):
    """The same, each fit from the nearest one known and from no other start: one path, where there may be several."""

    def __init__(self, likelihood: LogLikelihood, index: int, best: Any, peak: float) -> None:
        super().__init__(likelihood, index, best, peak)
        values = dict(zip(likelihood.names, scale.to_reported(likelihood.model, self.best)[0].tolist(), strict=True))
        values.pop(self._slot.names[index - self._slot.start])
        self._found: list[tuple[float, dict[str, float]]] = [(float(self.best[index]), values)]

    def _fit(self, value: float) -> Estimates:
        start = min(self._found, key=lambda known: abs(known[0] - value))[1]
        fit = peak_of(self._likelihood.bound.holding(self.index, value), starts=[start])
        if fit.converged and fit.limit is None:
            self._found.append((value, fit.coef))
        return fit


class RestrainedProfiler(Profiler):
    """The same by fits under a fit's penalty and constraints, with the coefficient held by one more."""

    def __init__(self, fit: Estimates, index: int, best: Any) -> None:
        restrained = fit.outcome.restrained
        assert restrained is not None
        self.index, self.best, self.peak = index, np.array(best, dtype=float), fit.effective.outcome.height
        self._likelihood, self._slot, self.objective = fit.likelihood, fit.likelihood.model.slot_of(index), None
        self._name = self._slot.names[index - self._slot.start]
        self._penalty = restrained.restraints.penalty
        self._relations = tuple(restrained.restraints.relations(fit.likelihood.model))
        self._found: list[tuple[float, dict[str, float]]] = []  # values held, with the estimates there
        if fit.limit is None:
            self._found.append((float(self.best[index]), fit.coef))

    def __call__(self, value: float) -> tuple[float, float, Any]:
        """The objective at its highest with the coefficient held; -inf where the constraints leave no such value."""
        at = self._slot.natural(value) if self._slot.constant else value
        added = ({self._name: 1.0, "": -at}, True)
        start = min(self._found, key=lambda known: abs(known[0] - value))[1] if self._found else None
        asked = {"penalty": self._penalty, "constraints": (*self._relations, added)}
        try:
            again = peak_of(self._likelihood.bound, start=start, **asked)
        except LikelyError:
            return -np.inf, 0.0, self.best
        if not again.converged:
            return -np.inf, 0.0, self.best
        if again.limit is None:
            self._found.append((value, again.coef))
        return again.effective.outcome.height, 0.0, self.best


def profiler(likelihood: LogLikelihood, index: int, best: Any, peak: float, regular: bool = True) -> Profiler:
    """The way to follow this likelihood's profile; not `regular` where a parameter is at the end of its domain."""
    return _kind(likelihood.model, regular)(likelihood, index, best, peak)


def _kind(model: Model, regular: bool) -> type[Profiler]:
    """Whether a profile can be followed by its tangent, or by fits, which cost much where there are other peaks."""
    if regular and not model.family.kinked:
        return Profiler
    location = next((s for s in model.slots if s.parameter.name == model.family.absolute_location), None)
    several = location is not None and location.design is not None and location.link.name != "identity"
    return NearbyRefitProfiler if regular and several else RefitProfiler


def profiler_of(fit: Estimates, index: int, best: Any) -> Profiler:
    """The way to follow the profile of what a fit has maximised."""
    restrained, likelihood = fit.outcome.restrained, fit.likelihood
    if fit.outcome.unidentified is not None:
        objective = Held(likelihood.objective, fit.outcome.unidentified, fit.outcome.point.x)
        return Profiler(likelihood, index, best, fit.loglik, objective)
    if restrained is None:
        return profiler(likelihood, index, best, fit.loglik, regular=fit.limit is None)
    penalty = restrained.restraints.penalty_of(likelihood.model, likelihood.bound.data)
    if (
        restrained.restraints.relations(likelihood.model)
        or penalty is None
        or fit.limit is not None
        or likelihood.model.family.kinked
        or partly_orthonormal(likelihood.model, likelihood.bound.data, np.zeros(likelihood.model.size, dtype=bool))
        is not None
    ):
        return RestrainedProfiler(fit, index, best)
    return Profiler(likelihood, index, best, fit.effective.outcome.height, Penalised(likelihood.objective, penalty))


def locate(likelihood: LogLikelihood, name: str) -> tuple[Slot, int]:
    """The slot and the index of the coefficient reported under `name`."""
    for slot in likelihood.model.slots:
        if is_one_of(name, slot.names):
            if slot.shared:
                break
            return slot, slot.start + slot.names.index(name)
    if is_one_of(name, likelihood.names):
        raise OptionError(
            f"{name} is one of several probabilities that sum to 1 and has no profile of its own; use a formula '~ 1', "
            "whose coefficients are log-odds against the reference level"
        )
    raise unknown("parameter", name, likelihood.names)
