"""What a search under a penalty or constraints maximises, and with which solver.

The solver is Newton's for smooth penalties and equations (in the space of their solutions), proximal Newton for
penalties with corners, with bounds where there are any, and Newton with quadratic programmes for inequalities.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from likely.compute import blocks
from likely.compute.solve import equalities as restricted
from likely.compute.solve import lbfgs, least_squares, newton, sequential
from likely.compute.solve.newton import Point, Solution
from likely.compute.solve.quadratic import with_absolute_values, with_inequalities
from likely.errors import OptionError
from likely.likelihoods.log_likelihood import LogLikelihood
from likely.likelihoods.penalised import Penalised
from likely.models.constraints import Region, Restraints, free_region
from likely.models.identify import Coordinates, centred, partly_orthonormal
from likely.models.penalties import Applied
from likely.namespace.arrays import Floats
from likely.search.peak import MANY_PARAMETERS
from likely.search.starts import suggested

FAR_OFF = 1.0  # a change of a linear predictor that may take a start out of sight of the peak


@final
@dataclass(frozen=True)
class Problem:
    """What is to be maximised, where.

    Attributes
    ----------
    objective : Penalised
    penalty : Applied
    region : Region
    given : Region
        The constraints in the user's coefficients.
    orthonormal : Coordinates or None
        Where some columns are ill-conditioned or vary little about a large value: better coordinates, in which
        everything else here is.
    """

    objective: Penalised
    penalty: Applied
    region: Region
    given: Region
    orthonormal: Coordinates | None = None

    @classmethod
    def of(cls, L: LogLikelihood, restraints: Restraints) -> Problem:
        """The restraints in terms of a likelihood's coefficients."""
        size = L.model.size
        penalty, region = restraints.penalty_of(L.model, L.bound.data), restraints.region(L.model)
        penalty = penalty or Applied(np.zeros(size), np.zeros(size), False, "", "")
        region = region or free_region(size)
        rows = np.vstack([region.equal, region.rows]) != 0.0
        alone = np.any(rows[np.count_nonzero(rows, axis=1) == 1], axis=0)  # held or bounded: to stay exactly so
        kept = alone | (penalty.l1 > 0.0) | (penalty.l2 > 0.0)
        fast = region.equal[np.count_nonzero(region.equal, axis=1) == 1] != 0.0
        data = L.bound.data
        orthonormal = partly_orthonormal(L.model, data, kept, None if penalty.firth else np.any(fast, axis=0))
        moved = centred(L.model, orthonormal, data)
        if moved is not None and moved.level:
            at = moved.origin != 0.0
            orthonormal = orthonormal if np.any(kept[at]) or np.any(rows[:, at]) else moved
        if orthonormal is None:
            return cls(Penalised(L.objective, penalty), penalty, region, region)
        inverse = np.asarray(orthonormal.inverse, dtype=float)
        region_there = replace(region, equal=region.equal @ inverse, rows=region.rows @ inverse)
        data = orthonormal.data.with_response(data.y - orthonormal.level) if orthonormal.level else orthonormal.data
        objective = LogLikelihood(replace(L.bound, data=data)).objective
        return cls(Penalised(objective, penalty), penalty, region_there, region, orthonormal)

    def from_original(self, x: Any) -> Floats:
        """The user's coefficients, in those of the problem."""
        return x if self.orthonormal is None else self.orthonormal.from_original(x)

    def to_original(self, point: Point) -> Point:
        """A point in the user's coefficients."""
        return point if self.orthonormal is None else self.orthonormal.point(point)

    def directions(self, basis: Any) -> Floats:
        """Directions in the user's coefficients."""
        return basis if self.orthonormal is None else np.asarray(self.orthonormal.inverse, dtype=float) @ basis

    @property
    def box(self) -> tuple[Any, Any] | None:
        """Bounds of the coefficients, where the constraints are nothing else."""
        return self.region.box

    def at_height(self, end: Solution) -> Solution:
        """An end whose value is what is maximised, penalties with corners included."""
        return replace(end, point=replace(end.point, value=end.point.value - self.penalty.cost(end.point.x)))

    def from_height(self, end: Solution) -> Solution:
        """The same with the value that `maximize` gives it."""
        return replace(end, point=replace(end.point, value=end.point.value + self.penalty.cost(end.point.x)))

    def maximize(self, start: Any, solver: str, **options: Any) -> tuple[Solution, str]:
        """The local maximum reached from near `start`, and the solver's name; the point is the penalised one."""
        region, penalty = self.region, self.penalty
        start = self._start_given_held(start)
        if penalty.nonsmooth:
            if (box := self.box) is None:
                raise OptionError(
                    "a lasso or elastic net penalty goes together with bounds= and fixed=, not with constraints "
                    "between several coefficients; use lk.Ridge"
                )
            return self._proximal(np.clip(start, *checked(box)), *box, **options), "newton"
        if len(region.room):
            return self._quadratic_programmes(start, **options), "newton"
        if len(region.values):
            point = self.objective.point(start)
            space = restricted.solutions(region.equal, region.values, start, spread_of(point))
            return restricted.maximize(self.objective, space, **in_original(space.whole, options)), "newton"
        if solver == "lbfgs" or (solver == "auto" and len(start) > MANY_PARAMETERS and not penalty.firth):
            return self._lbfgs(start, options["progress"]), "lbfgs"
        return newton.maximize(self.objective.point, start, **options), "newton"

    def _start_given_held(self, start: Any) -> Floats:
        """The start with held coefficients where they are held, the others of their predictors making up for it.

        Where a location has gone far, the other parameters start from what it leaves.
        """
        inner, out = self.objective.objective, self._held(np.array(start, dtype=float))
        for slot in inner.model.slots:
            moved = (start - out)[slot.start : slot.stop]
            rest = np.flatnonzero(moved == 0.0)
            x = inner.data.design(slot)
            if x is None or not len(rest) or len(rest) == len(moved):
                continue
            missing = x @ moved
            real = slot.link.name == "identity" and slot.parameter is inner.model.family.parameters[0]
            unit = float(np.std(inner.model.family._response(inner.data.y))) if real else 1.0
            if np.max(np.abs(missing), initial=0.0) <= FAR_OFF * unit:
                continue
            try:
                out[slot.start + rest] += least_squares.solve(blocks.select(x, list(rest)), missing)
            except np.linalg.LinAlgError:  # not independent: the constraints tell them apart
                continue
            if real:
                out = self._held(suggested(inner, out))
        return out if np.all(np.isfinite(out)) else start

    def _held(self, x: Any) -> Floats:
        """Coefficients with those that an equation holds at a value there."""
        for row, value in zip(self.region.equal, self.region.values, strict=True):
            if np.count_nonzero(row) == 1:
                j = int(np.flatnonzero(row)[0])
                x[j] = value / row[j]
        return x

    def _lbfgs(self, start: Any, progress: Any) -> Solution:
        return lbfgs.maximize(self.objective.point, self.objective.value_and_score, start, progress=progress)

    def _proximal(self, start: Any, lower: Any, upper: Any, **options: Any) -> Solution:
        cost = self.penalty.l1

        def step(point: Point, h: Any) -> Floats:
            return with_absolute_values(h, point.score, point.x, cost, lower, upper)

        return sequential.maximize(self.objective.point, start, step, self.penalty.cost, **options)

    def _quadratic_programmes(self, start: Any, **options: Any) -> Solution:
        """In the space of the equations' solutions, whose coordinates are measured in standard errors."""
        region = self.region
        spread = spread_of(self.objective.point(start))
        space = restricted.solutions(region.equal, region.values, start, spread)
        rows = region.rows @ space.basis
        room = region.room - region.rows @ space.origin
        size = np.linalg.norm(rows, axis=1)
        scale = np.where(size > 0, size, 1.0)
        if np.any((size <= 1e-12 * np.abs(region.rows) @ spread) & (room < -1e-9 * (1 + np.abs(region.room)))):
            raise _infeasible(region)
        near = with_inequalities(np.eye(rows.shape[1]), np.zeros(rows.shape[1]), rows / scale[:, None], room / scale)
        if near is None:
            raise _infeasible(region)

        def evaluate(z: Any) -> Point:
            return space.reduced(self.objective.point(self._inside(space(z), spread)), z.copy())

        def step(point: Point, h: Any) -> Floats | None:
            found = with_inequalities(h, point.score, rows / scale[:, None], (room - rows @ point.x) / scale)
            return None if found is None else point.x + found[0]

        found = sequential.maximize(evaluate, near[0], step, **in_original(space.whole, options))
        full = self.objective.point(self._inside(space(found.point.x), spread))
        return Solution(full, found.converged, found.reason, found.iterations, found.decrement)

    def _inside(self, x: Any, spread: Any) -> Floats:
        """Coefficients that rounding has put next to a bound of their own, on it."""
        region, out = self.region, x.copy()
        for row, value in zip(region.rows, region.room, strict=True):
            if np.count_nonzero(row) == 1:
                j = int(np.flatnonzero(row)[0])
                if row[j] * out[j] > value - 1e-11 * abs(row[j]) * spread[j]:
                    out[j] = value / row[j]
        return out


def in_original(to_original: Callable[[Point], Point], options: dict[str, Any]) -> dict[str, Any]:
    """The options with callbacks that see points in the original coordinates."""
    progress, stop = options["progress"], options["stop"]
    out = dict(options)
    if progress is not None:
        out["progress"] = lambda i, point, decrement: progress(i, to_original(point), decrement)
    if stop is not None:
        out["stop"] = lambda point: stop(to_original(point))
    return out


def spread_of(point: Point) -> Floats:
    """Natural units of the coefficients: 1/sqrt of the information's diagonal."""
    diagonal = np.abs(np.diagonal(point.info))
    return 1.0 / np.sqrt(np.where((diagonal > 0) & np.isfinite(diagonal), diagonal, 1.0))


def checked(box: tuple[Any, Any] | None) -> tuple[Any, Any]:
    """Bounds that leave every coefficient a value."""
    assert box is not None
    if np.any(box[0] > box[1]):
        raise OptionError("the bounds of a coefficient leave it no value")
    return box


def _infeasible(region: Region) -> OptionError:
    labels = [*region.equal_text, *region.text]
    return OptionError(f"no values satisfy all the constraints: {'; '.join(labels)}")
