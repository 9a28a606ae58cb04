"""Where a search under a penalty or constraints ended: what holds, what can be said of the estimates, in words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from scipy import optimize

from likely.compute import blocks
from likely.compute.solve import equalities as restricted
from likely.compute.solve.inverse import inverse_information
from likely.compute.solve.newton import Point, Solution
from likely.likelihoods.log_likelihood import LogLikelihood
from likely.models.constraints import Restraints
from likely.models.slot import Slot
from likely.namespace.arrays import Floats, Integers
from likely.search.constrained.problem import Problem, checked, spread_of
from likely.search.end import CONVERGED, End, EndKind
from likely.search.outcome import EDGE, Outcome, Restrained

AT_BOUND = 1e-7  # standard errors from a constraint within which it holds with equality


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
        if penalty.nonsmooth:
            free = _effective(point.info, penalty.l2, np.eye(len(x))[:, _moving(problem, x)])
        else:
            equations = _basis(region.equal, penalised)
            basis = _basis(np.vstack([region.equal, region.rows[active]]), penalised)
            free = _effective(point.info, penalty.l2, equations)
            covariance, _ = inverse_information(basis.T @ (point.info + np.diag(penalty.l2)) @ basis)
            if covariance is None:
                converged, message = False, "the objective is flat in some direction that the constraints leave free"
            else:
                basis, equations = problem.directions(basis), problem.directions(equations)
                covariance = basis @ covariance @ basis.T
                held, fast = _held(problem, basis, equations, active, penalised)
    restrained = Restrained(
        restraints,
        penalty.title,
        penalty.prior,
        penalised.value - penalty.cost(x),
        covariance,
        free,
        penalty.nonsmooth,
        bool(np.any(penalty.l2)),
        held,
        tuple(j for j in held if j not in fast),
        multipliers,
        len(region.values),
        bool(len(region.room)),
    )
    return Outcome(
        problem.to_original(point),
        solver,
        solution.iterations,
        converged,
        message,
        decrement=solution.decrement,
        runaway=None if solution.stop is None else solution.stop.coordinate,
        restrained=restrained,
    )


# -- what holds with equality ----------------------------------------------------------------------------------


def _active(problem: Problem, x: Any, point: Point) -> Integers:
    """Indices of the inequalities that hold with equality."""
    region = problem.region
    spread = np.abs(region.rows) @ spread_of(point)
    slack = region.room - region.rows @ x
    return np.flatnonzero(slack <= np.maximum(AT_BOUND * spread, 1e-12 * np.abs(region.room)))


def _multipliers(problem: Problem, point: Point, active: Any) -> dict[str, float]:
    """Lagrange's multipliers: the score as a combination of the constraints, those of inequalities not negative."""
    region, penalty = problem.region, problem.penalty
    rows = np.vstack([region.equal, region.rows[active]])
    if not len(rows):
        return {}
    spread, score = spread_of(point), point.score - penalty.l1 * np.sign(point.x)
    keep = (point.x != 0.0) | (penalty.l1 == 0.0)  # at a corner the penalty itself may carry the score
    matrix, target = (rows * spread).T[keep], (score * spread)[keep]
    size = np.maximum(np.linalg.norm(matrix, axis=0), 1e-300)
    lower = np.append(np.full(len(region.values), -np.inf), np.zeros(len(active)))
    found = optimize.lsq_linear(matrix / size, target, (lower, np.inf), method="bvls", tol=1e-14).x / size
    labels = [*region.equal_text, *(region.text[i] for i in active)]
    return {word: float(value) for word, value in zip(labels, found, strict=True)}


def _held(problem: Problem, basis: Any, equations: Any, active: Any, point: Point) -> tuple[dict[int, str], set[int]]:
    """Coefficients that the constraints leave no room, with the reason, and those held by equations alone."""
    region, spread = problem.given, np.max(np.abs(problem.directions(np.diag(spread_of(point)))), axis=1)
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


def _moving(problem: Problem, x: Any) -> Integers:
    """Coefficients away from their corners and bounds."""
    lower, upper = checked(problem.box)
    penalty = problem.penalty
    return np.flatnonzero(((x != 0.0) | (penalty.l1 == 0.0)) & (lower < upper))


def _effective(info: Any, l2: Any, basis: Any) -> float:
    """tr(I (I + D)^-1) in the directions left free: one for each that nothing shrinks."""
    if not np.any(l2):
        return float(basis.shape[1])
    inner = basis.T @ info @ basis
    inverse, _ = inverse_information(inner + basis.T @ (l2[:, None] * basis))
    return float(basis.shape[1]) if inverse is None else float(np.sum(inner * inverse))


def _basis(rows: Any, point: Point) -> Floats:
    keep = restricted.independent(rows)
    return restricted.solutions(rows[keep], rows[keep] @ point.x, point.x, spread_of(point)).basis


# -- the end in words ------------------------------------------------------------------------------------------


def end_of(restrained: Restrained) -> End:
    """What kind of estimate it is."""
    labels = [f"{name} (multiplier {value:.4g})" for name, value in restrained.multipliers.items()]
    holding = f"{', '.join(labels)} hold{'s' if len(labels) == 1 else ''} with equality" if labels else ""
    if restrained.penalty:
        reason = "posterior mode, not maximum likelihood"
        return End(EndKind.PENALISED, f"{reason}; {holding}" if holding else reason, restrained.penalty)
    if not holding and restrained.inequalities:
        holding = "no constraint is active, so these are maximum likelihood estimates"
    return End(EndKind.CONSTRAINED, holding) if holding else CONVERGED


def withheld_of(L: LogLikelihood, outcome: Outcome, restrained: Restrained) -> dict[str, str]:
    """Estimates without a standard error, with the reason."""
    if restrained.nonsmooth:
        reason = (
            "a penalty with corners holds coefficients at 0, where the curvature says nothing of their uncertainty; "
            "see fit.interval(method='bootstrap') for how the estimates vary"
        )
        return dict.fromkeys([*L.names, *L.model.fixed], reason)
    names = L.model.names()
    return {**{names[j]: reason for j, reason in restrained.held.items()}, **dict.fromkeys(L.model.fixed, EDGE)}


def escapes(L: LogLikelihood, outcome: Outcome) -> bool:
    """Whether a constrained search that says it converged may have done so on the way to infinity.

    The curvature has then vanished along a direction that the constraints leave free, in units of the columns' largest
    values (see `likely.search.separation`).
    """
    restrained = outcome.restrained
    if restrained is None or restrained.covariance is None:
        return False
    largest = np.ones(L.model.size)
    for slot in L.model.slots:
        if slot.design is not None:
            largest[slot.start : slot.stop] = blocks.largest(L.bound.data.designs[slot.label])
    return bool(np.max(np.diagonal(restrained.covariance) * largest**2, initial=0.0) >= 1e3)


def unpenalised(L: LogLikelihood, outcome: Outcome) -> tuple[LogLikelihood, Outcome] | None:
    """The likelihood without the coefficients that a penalty keeps finite, to ask what separates the others.

    None where a penalty leaves nothing out.
    """
    restrained = outcome.restrained
    penalty = None if restrained is None else restrained.restraints.penalty_of(L.model, L.bound.data)
    if penalty is None:
        return L, outcome
    if penalty.firth:
        return None
    free = (penalty.l1 == 0.0) & (penalty.l2 == 0.0)
    slots, data = list[Slot](), L.bound.data
    for slot in L.model.slots:
        start = slots[-1].stop if slots else 0
        own = np.flatnonzero(free[slot.start : slot.stop])
        if slot.design is None or len(own) == 0:
            slots.append(replace(slot, design=None, offset=None, start=start, stop=start + 1))
        else:
            columns = [int(j) for j in own]
            data = data.with_design(slot, blocks.select(data.designs[slot.label], columns))
            slots.append(replace(slot, design=slot.design.select(columns), start=start, stop=start + len(own)))
    model = replace(L.model, slots=tuple(slots))
    nowhere = Point(np.zeros(model.size), outcome.point.value, np.zeros(model.size), np.zeros((model.size, model.size)))
    return LogLikelihood(replace(L.bound, model=model, data=data)), replace(outcome, point=nowhere, converged=False)
