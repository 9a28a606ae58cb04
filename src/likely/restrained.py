"""Peaks under a penalty or constraints: which solver, and what can be said of the end.

The solver is Newton's for smooth penalties and equations (in the space of their solutions), proximal Newton for
penalties with corners, with bounds where there are any, and Newton with quadratic programmes for inequalities.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np
from scipy import optimize

from likely import blocks
from likely.derive import restricted
from likely.derive.covariance import inverse_information
from likely.derive.penalised import Penalised
from likely.derive.restraints import Region, Restraints, free_region
from likely.errors import OptionError, unknown
from likely.identify import check_identified
from likely.likelihood import Likelihood
from likely.model import Slot
from likely.outcome import Outcome, Restrained
from likely.penalties import Applied
from likely.search import MANY_PARAMETERS, check_options, highest_of, start_of
from likely.solve import lbfgs, newton, sequential
from likely.solve.newton import Point, Solution
from likely.solve.quadratic import with_absolute_values, with_inequalities
from likely.state import FitState
from likely.trail import Trail

SOLVERS = ("auto", "newton", "lbfgs")
AT_BOUND = 1e-7  # standard errors from a constraint within which it holds with equality


@final
@dataclass(frozen=True)
class Problem:
    """What is to be maximised, where.

    Attributes
    ----------
    objective : Penalised
    penalty : Applied
    region : Region
    """

    objective: Penalised
    penalty: Applied
    region: Region

    @classmethod
    def of(cls, L: Likelihood, restraints: Restraints) -> Problem:
        """The restraints in terms of a likelihood's coefficients."""
        size = L.model.size
        penalty, region = restraints.penalty_of(L.model, L.bound.weights), restraints.region(L.model)
        penalty = penalty or Applied(np.zeros(size), np.zeros(size), False, "", "")
        return cls(Penalised(L.objective, penalty), penalty, region or free_region(size))

    @property
    def box(self) -> tuple[Any, Any] | None:
        """Bounds of the coefficients, where the constraints are nothing else."""
        return self.region.box

    def maximize(self, start: Any, solver: str, **options: Any) -> tuple[Solution, str]:
        """The local maximum reached from near `start`, and the solver's name; the point is the penalised one."""
        region, penalty = self.region, self.penalty
        if penalty.corners:
            if (box := self.box) is None:
                raise OptionError(
                    "a lasso or elastic net penalty goes together with bounds= and fixed=, not with constraints "
                    "between several coefficients; use lk.Ridge"
                )
            return self._proximal(np.clip(start, *_checked(box)), *box, **options), "newton"
        if len(region.room):
            return self._quadratic_programmes(start, **options), "newton"
        if len(region.values):
            point = self.objective.point(start)
            space = restricted.solutions(region.equal, region.values, start, _spread(point))
            return restricted.maximize(self.objective, space, **_outward(space, options)), "newton"
        if solver == "lbfgs" or (solver == "auto" and len(start) > MANY_PARAMETERS and not penalty.firth):
            return self._lbfgs(start, options["progress"]), "lbfgs"
        return newton.maximize(self.objective.point, start, **options), "newton"

    def _lbfgs(self, start: Any, progress: Any) -> Solution:
        return lbfgs.maximize(self.objective.point, self.objective.value_and_score, start, progress=progress)

    def _proximal(self, start: Any, lower: Any, upper: Any, **options: Any) -> Solution:
        cost = self.penalty.l1

        def step(point: Point, h: Any) -> Any:
            return with_absolute_values(h, point.score, point.x, cost, lower, upper)

        return sequential.maximize(self.objective.point, start, step, self.penalty.cost, **options)

    def _quadratic_programmes(self, start: Any, **options: Any) -> Solution:
        """In the space of the equations' solutions, whose coordinates are measured in standard errors."""
        region = self.region
        spread = _spread(self.objective.point(start))
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

        def step(point: Point, h: Any) -> Any:
            found = with_inequalities(h, point.score, rows / scale[:, None], (room - rows @ point.x) / scale)
            return point.x if found is None else point.x + found[0]

        found = sequential.maximize(evaluate, near[0], step, **_outward(space, options))
        full = self.objective.point(self._inside(space(found.point.x), spread))
        return Solution(full, found.converged, found.reason, found.iterations, found.decrement)

    def _inside(self, x: Any, spread: Any) -> Any:
        """Coefficients that rounding has put next to a bound of their own, on it."""
        region, out = self.region, x.copy()
        for row, value in zip(region.rows, region.room, strict=True):
            if np.count_nonzero(row) == 1:
                j = int(np.flatnonzero(row)[0])
                if row[j] * out[j] > value - 1e-11 * abs(row[j]) * spread[j]:
                    out[j] = value / row[j]
        return out


def find_restrained_peak(
    L: Likelihood,
    restraints: Restraints,
    *,
    solver: str = "auto",
    start: Mapping[str, float] | Any = None,
    starts: Any = None,
    max_iterations: int = 100,
    tolerance: float = 1e-6,
    trail: Trail | None = None,
    stop: Callable[[Point], str | None] | None = None,
) -> Outcome:
    """The peak of the log-likelihood minus a penalty, under constraints.

    Raises
    ------
    OptionError
        If the restraints cannot be read, contradict each other or do not go together.
    DesignError
        If predictors that nothing tells apart are linearly dependent.
    """
    check_options(solver if solver not in ("closed form",) else "newton", max_iterations, tolerance)
    if starts is not None and L.model.slots:
        asked: dict[str, Any] = {
            "max_iterations": max_iterations,
            "tolerance": tolerance,
            "trail": trail,
            "stop": stop,
        }
        return highest_of(
            L, start, starts, lambda one: find_restrained_peak(L, restraints, solver=solver, start=one, **asked)
        )
    problem = Problem.of(L, restraints)
    if solver == "closed form" or (solver == "lbfgs" and (problem.penalty.corners or problem.penalty.firth)):
        raise unknown("solver", solver, SOLVERS[:2], " for these penalties or constraints")
    if problem.penalty.firth:
        if L.model.family._objective is not None or L.model.family.conditional:
            raise OptionError(
                "Firth's penalty needs a log-density of rows by their linear predictors, which this likelihood is not"
            )
        check_identified(L.model, L.bound.weights)
    x0 = start.copy() if isinstance(start, np.ndarray) else start_of(L, start)
    # Firth's steps use the likelihood's information alone, so they shrink the distance by a factor each
    most = max_iterations * (10 if problem.penalty.firth else 1)
    options = {"max_iterations": most, "tolerance": tolerance, "progress": trail, "stop": stop}
    solution, name = problem.maximize(x0, solver, **options)
    outcome = account(problem, restraints, solution, name)
    return outcome if start is None or isinstance(start, FitState) else replace(outcome, start=x0)


def account(problem: Problem, restraints: Restraints, solution: Solution, solver: str) -> Outcome:
    """Where the search ended, in terms of the log-likelihood itself, with what the restraints have done."""
    penalty, region, penalised = problem.penalty, problem.region, solution.point
    x = penalised.x
    smooth = bool(np.any(penalty.l2)) or penalty.firth
    point = problem.objective.objective.point(x) if smooth else penalised
    converged, message, covariance, held = solution.converged, solution.reason, None, dict[int, str]()
    multipliers, free, fast = dict[str, float](), 0.0, set[int]()
    if converged:
        active = _active(problem, x, penalised)
        multipliers = _multipliers(problem, penalised, active)
        if penalty.corners:
            free = _effective(point.info, penalty.l2, np.eye(len(x))[:, _moving(problem, x)])
        else:
            equations = _basis(region.equal, penalised)
            basis = _basis(np.vstack([region.equal, region.rows[active]]), penalised)
            covariance, _ = inverse_information(basis.T @ penalised.info @ basis)
            if covariance is None:
                converged, message = False, "the objective is flat in some direction that the constraints leave free"
            else:
                covariance = basis @ covariance @ basis.T
                free = _effective(point.info, penalty.l2, equations)
                held, fast = _held(problem, basis, equations, active, penalised)
    restrained = Restrained(
        restraints,
        penalty.title,
        penalty.prior,
        penalised.value - penalty.cost(x),
        covariance,
        free,
        penalty.corners,
        bool(np.any(penalty.l2)),
        held,
        tuple(j for j in held if j not in fast),
        multipliers,
        len(region.values),
        bool(len(region.room)),
    )
    return Outcome(
        point, solver, solution.iterations, converged, message, decrement=solution.decrement, restrained=restrained
    )


def _outward(space: restricted.Solutions, options: dict[str, Any]) -> dict[str, Any]:
    """The options with callbacks that see points of the whole space."""
    progress, stop = options["progress"], options["stop"]

    def whole(point: Point) -> Point:
        return replace(point, x=space(point.x))

    out = dict(options)
    if progress is not None:
        out["progress"] = lambda i, point, decrement: progress(i, whole(point), decrement)
    if stop is not None:
        out["stop"] = lambda point: stop(whole(point))
    return out


# -- what holds with equality ----------------------------------------------------------------------------------


def _active(problem: Problem, x: Any, point: Point) -> Any:
    """Indices of the inequalities that hold with equality."""
    region = problem.region
    spread = np.abs(region.rows) @ _spread(point)
    slack = region.room - region.rows @ x
    return np.flatnonzero(slack <= np.maximum(AT_BOUND * spread, 1e-12 * np.abs(region.room)))


def _multipliers(problem: Problem, point: Point, active: Any) -> dict[str, float]:
    """Lagrange's multipliers: the score as a combination of the constraints, those of inequalities not negative."""
    region, penalty = problem.region, problem.penalty
    rows = np.vstack([region.equal, region.rows[active]])
    if not len(rows):
        return {}
    spread, score = _spread(point), point.score - penalty.l1 * np.sign(point.x)
    keep = (point.x != 0.0) | (penalty.l1 == 0.0)  # at a corner the penalty itself may carry the score
    matrix, target = (rows * spread).T[keep], (score * spread)[keep]
    size = np.maximum(np.linalg.norm(matrix, axis=0), 1e-300)
    lower = np.append(np.full(len(region.values), -np.inf), np.zeros(len(active)))
    found = optimize.lsq_linear(matrix / size, target, (lower, np.inf), method="bvls", tol=1e-14).x / size
    said = [*region.equal_text, *(region.text[i] for i in active)]
    return {word: float(value) for word, value in zip(said, found, strict=True)}


def _held(problem: Problem, basis: Any, equations: Any, active: Any, point: Point) -> tuple[dict[int, str], set[int]]:
    """Coefficients that the constraints leave no room, with the reason, and those held by equations alone."""
    region, spread = problem.region, _spread(point)
    out, fast = dict[int, str](), set[int]()
    for j in np.flatnonzero(np.max(np.abs(basis), axis=1, initial=0.0) <= 1e-9 * spread):
        if np.max(np.abs(equations[j]), initial=0.0) <= 1e-9 * spread[j]:
            fast.add(int(j))
            by = [t for row, t in zip(region.equal, region.equal_text, strict=True) if row[j] != 0.0]
            out[int(j)] = f"held by the constraint {', '.join(by)}: it is not estimated, so it has no standard error"
        else:
            by = [region.text[i] for i in active if region.rows[i, j] != 0.0]
            out[int(j)] = (
                f"the constraint {', '.join(by)} holds with equality: at a bound an estimate is not normally "
                "distributed, so it has no standard error"
            )
    return out, fast


def _moving(problem: Problem, x: Any) -> Any:
    """Coefficients away from their corners and bounds."""
    lower, upper = _checked(problem.box)
    penalty = problem.penalty
    return np.flatnonzero(((x != 0.0) | (penalty.l1 == 0.0)) & (lower < upper))


def _effective(info: Any, l2: Any, basis: Any) -> float:
    """tr(I (I + D)^-1) in the directions left free: one for each that nothing shrinks."""
    if not np.any(l2):
        return float(basis.shape[1])
    inner = basis.T @ info @ basis
    inverse, _ = inverse_information(inner + basis.T @ (l2[:, None] * basis))
    return float(basis.shape[1]) if inverse is None else float(np.sum(inner * inverse))


def _basis(rows: Any, point: Point) -> Any:
    keep = restricted.independent(rows)
    return restricted.solutions(rows[keep], rows[keep] @ point.x, point.x, _spread(point)).basis


def _spread(point: Point) -> Any:
    """Natural units of the coefficients: 1/sqrt of the information's diagonal."""
    diagonal = np.abs(np.diagonal(point.info))
    return 1.0 / np.sqrt(np.where((diagonal > 0) & np.isfinite(diagonal), diagonal, 1.0))


def _checked(box: tuple[Any, Any] | None) -> tuple[Any, Any]:
    assert box is not None
    if np.any(box[0] > box[1]):
        raise OptionError("the bounds of a coefficient leave it no value")
    return box


def _infeasible(region: Region) -> OptionError:
    said = [*region.equal_text, *region.text]
    return OptionError(f"no values satisfy all the constraints: {'; '.join(said)}")


# -- the end in words ------------------------------------------------------------------------------------------


def status_of(restrained: Restrained) -> str:
    """What kind of estimate it is."""
    said = [f"{name} (multiplier {value:.4g})" for name, value in restrained.multipliers.items()]
    holding = f"{', '.join(said)} hold{'s' if len(said) == 1 else ''} with equality" if said else ""
    if restrained.penalty:
        status = f"penalised ({restrained.penalty}): posterior mode, not maximum likelihood"
        return f"{status}; {holding}" if holding else status
    if not holding and restrained.inequalities:
        return "constrained: no constraint is active, so these are maximum likelihood estimates"
    return f"constrained: {holding}" if holding else "converged"


def withheld_of(L: Likelihood, outcome: Outcome, restrained: Restrained) -> dict[str, str]:
    """Estimates without a standard error, with the reason."""
    if restrained.corners:
        reason = (
            "a penalty with corners holds coefficients at 0, where the curvature says nothing of their uncertainty; "
            "see fit.interval(method='bootstrap') for how the estimates vary"
        )
        return dict.fromkeys([*L.names, *L.model.fixed], reason)
    names = L.model.names()
    return {names[j]: reason for j, reason in restrained.held.items()}


def escapes(L: Likelihood, outcome: Outcome) -> bool:
    """Whether a constrained search that says it converged may have done so on the way to infinity.

    The curvature has then vanished along a direction that the constraints leave free, in units of the columns' largest
    values (see `likely.derive.separation`).
    """
    restrained = outcome.restrained
    if restrained is None or restrained.covariance is None:
        return False
    largest = np.ones(L.model.size)
    for slot in L.model.slots:
        if slot.design is not None:
            largest[slot.start : slot.stop] = blocks.largest(slot.design.x)
    return bool(np.max(np.diagonal(restrained.covariance) * largest**2, initial=0.0) >= 1e3)


def unpenalised(L: Likelihood, outcome: Outcome) -> tuple[Likelihood, Outcome] | None:
    """The likelihood without the coefficients that a penalty keeps finite, to ask what separates the others.

    None where a penalty leaves nothing out.
    """
    restrained = outcome.restrained
    penalty = None if restrained is None else restrained.restraints.penalty_of(L.model, L.bound.weights)
    if penalty is None:
        return L, outcome
    if penalty.firth:
        return None
    free = (penalty.l1 == 0.0) & (penalty.l2 == 0.0)
    slots: list[Slot] = []
    for slot in L.model.slots:
        start = slots[-1].stop if slots else 0
        own = np.flatnonzero(free[slot.start : slot.stop])
        if slot.design is None or len(own) == 0:
            slots.append(replace(slot, design=None, offset=None, start=start, stop=start + 1))
        else:
            slots.append(
                replace(slot, design=slot.design.select([int(j) for j in own]), start=start, stop=start + len(own))
            )
    model = replace(L.model, slots=tuple(slots))
    nowhere = Point(np.zeros(model.size), outcome.point.value, np.zeros(model.size), np.zeros((model.size, model.size)))
    return type(L)(replace(L.bound, model=model)), replace(outcome, point=nowhere, converged=False)
