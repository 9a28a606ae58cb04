"""From a likelihood to its peak: closed form, least squares, Newton or L-BFGS, and an honest account of the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from likely import scale
from likely.closed import closed_form, least_loss
from likely.derive.covariance import inverse_information
from likely.derive.objective import Objective
from likely.errors import ParameterError, unknown
from likely.identify import Coordinates, check_identified, coordinates
from likely.likelihood import Likelihood
from likely.model import Model, take
from likely.outcome import Outcome
from likely.solve import lbfgs, newton
from likely.solve.newton import Point, Solution
from likely.start import starting_values

SOLVERS = ("auto", "closed form", "newton", "lbfgs")
MANY_PARAMETERS = 1500  # beyond, an information matrix at every step costs more than L-BFGS's extra passes
SUBSAMPLE_ABOVE = 20_000  # rows; beyond, Newton starts from the fit of a subsample
FEW_ROWS = 500  # a location has several peaks only in small samples
FAR = 14.0  # a constant's linear predictor that moved this far (a factor of a million) is running away


def find_peak(
    L: Likelihood,
    *,
    solver: str = "auto",
    start: Mapping[str, float] | None = None,
    max_iterations: int = 100,
    tolerance: float = 1e-6,
    progress: Callable[[int, Point, float], None] | None = None,
    stop: Callable[[Point], str | None] | None = None,
) -> Outcome:
    """The peak of a likelihood, by the cheapest exact way that fits.

    Raises
    ------
    DesignError
        If the predictors are linearly dependent; the message names them.
    """
    if solver not in SOLVERS:
        raise unknown("solver", solver, SOLVERS)
    model = L.model
    if not model.slots:
        value = L.objective.value(np.zeros(0))
        return Outcome(Point(np.zeros(0), value, np.zeros(0), np.zeros((0, 0))), "closed form", 0, True, "")
    for slot in model.slots:
        check_identified(slot, L.bound.y, model)
    if start is None and solver in ("auto", "closed form"):
        outcome = closed_form(L) if model.constant else least_loss(L)
        if outcome is not None:
            return outcome
    if solver == "closed form":
        raise unknown("solver", solver, SOLVERS[2:], f": {model.family.title} has no closed form for this model")
    objective, wanted = L.objective, coordinates(model)
    if wanted is not None:
        objective = Objective(wanted.model, objective.y, objective.weights)
    x0 = starting_values(L.model, L.objective.y, L.objective.weights) if start is None else _given_start(L, start)
    x0 = x0 if wanted is None else wanted.inward(x0)
    if solver == "lbfgs" or (solver == "auto" and model.size > MANY_PARAMETERS):
        solution = lbfgs.maximize(objective.point, objective.value_and_score, x0)
        return _outcome(solution, "lbfgs", "", wanted)
    if start is None and objective.rows > SUBSAMPLE_ABOVE:
        x0, info = _subsample_start(objective, x0, stop)
    else:
        info = None
    options: dict[str, Any] = {
        "max_iterations": max_iterations,
        "tolerance": tolerance,
        "progress": progress,
        "stop": stop,
    }
    if info is None:
        solution = newton.maximize(objective.point, x0, **options)
    else:
        # over d standard errors an information of n observations changes by about d/sqrt(n)
        near = 1e-5 * float(np.sqrt(objective.total_weight))
        solution = newton.maximize_near(objective.point, objective.value_and_score, x0, info, near=near, **options)
    if not solution.point.usable and start is None:
        solution = _retry(objective, x0, max_iterations, tolerance, stop)
    note = ""
    runs_away = stop is not None and stop(solution.point) is not None
    if model.constant and model.family.multimodal and objective.rows <= FEW_ROWS and not runs_away:

        def climb(x: Any) -> Solution:
            return newton.maximize(objective.point, x, max_iterations=max_iterations, tolerance=tolerance, stop=stop)

        solution, note = _highest_peak(objective, solution, x0, climb)
    return _outcome(solution, "newton", note, wanted)


def _outcome(solution: Solution, solver: str, note: str, wanted: Coordinates | None) -> Outcome:
    point, covariance = solution.point, None
    if wanted is not None:
        inner, _ = inverse_information(point.info)
        covariance = None if inner is None else wanted.covariance(inner)
        point = wanted.point(point)
    return Outcome(
        point,
        solver,
        solution.iterations,
        solution.converged,
        solution.reason,
        decrement=solution.decrement,
        note=note,
        covariance=covariance,
    )


def _highest_peak(
    objective: Objective, first: Solution, x0: Any, climb: Callable[[Any], Solution]
) -> tuple[Solution, str]:
    """The highest of the peaks reached from starts at quantiles of the data, and a note of another as high."""
    slot = next((s for s in objective.model.slots if s.parameter.name == objective.model.family.multimodal), None)
    if slot is None:
        return first, ""
    found = [first]
    for place in np.unique(np.quantile(objective.y, np.linspace(0, 1, 21), method="nearest")):
        x = x0.copy()
        x[slot.start] = slot.link.forward(place)
        found.append(climb(x))
    peaks = [s for s in found if s.converged] or [first]
    best = max(peaks, key=lambda s: s.point.value)
    if first.converged and first.point.value >= best.point.value - 1e-9 * (1 + abs(best.point.value)):
        best = first
    scale = np.sqrt(1.0 / np.maximum(np.diagonal(best.point.info), 1e-300))
    for other in peaks:
        same_height = abs(other.point.value - best.point.value) <= 1e-8 * (1 + abs(best.point.value))
        if same_height and np.max(np.abs(other.point.x - best.point.x) / scale) > 1e-2:
            value = other.point.x[slot.start]
            return best, f"the likelihood has another peak of the same height, at {slot.label} = {value:.6g}"
    return best, ""


# -- where to start ------------------------------------------------------------------------------------------


def _given_start(L: Likelihood, start: Mapping[str, float]) -> Any:
    """The user's starting values, completed by the default ones."""
    model = L.model
    default, _ = scale.to_reported(model, starting_values(L.model, L.objective.y, L.objective.weights))
    values = dict(zip(L.names, default, strict=True))
    for name, value in start.items():
        if name not in values:
            raise unknown("parameter", name, L.names, " in start=")
        values[name] = float(value)
    x0 = scale.from_reported(model, values)
    if not np.all(np.isfinite(x0)):
        raise ParameterError("starting values must lie inside the parameters' domains, not on their ends")
    return x0


def subset(model: Model, rows: Any) -> Model:
    """The model of some rows."""
    slots = tuple(
        replace(
            slot,
            design=None if slot.design is None else replace(slot.design, x=np.ascontiguousarray(slot.design.x[rows])),
            offset=None if slot.offset is None else slot.offset[rows],
        )
        for slot in model.slots
    )
    return replace(model, slots=slots, known=take(model.known, rows))


def _subsample_start(objective: Objective, x0: Any, stop: Any) -> tuple[Any, Any]:
    """The estimate from every k-th row with its information scaled up; x0 and None where that fails."""
    info: Any = None
    for share in (24, 5):
        wanted = max(objective.rows // share, 1_000, 200 * objective.model.size)
        rows = slice(None, None, max(2, objective.rows // wanted))
        weights = None if objective.weights is None else objective.weights[rows]
        small = Objective(subset(objective.model, rows), objective.y[rows], weights)
        # a subsample's own peak is off by its standard error, so a tenth of one is close enough
        solution = newton.maximize(small.point, x0, max_iterations=50, tolerance=0.1, stop=stop)
        if not solution.converged:
            return x0, None
        x0, info = solution.point.x, solution.point.info * (objective.total_weight / small.total_weight)
    return x0, info


def _retry(objective: Objective, x0: Any, max_iterations: int, tolerance: float, stop: Any) -> Solution:
    """Other starts around the default one, for a density that is not finite there."""
    solution = None
    for shift in (0.5, -0.5, 1.5, -1.5, 3.0, -3.0):
        x = x0.copy()
        for slot in objective.model.slots:
            if slot.link.name != "identity":
                x[slot.start if slot.design is None else slot.start + (slot.design.intercept or 0)] += shift
        solution = newton.maximize(objective.point, x, max_iterations=max_iterations, tolerance=tolerance, stop=stop)
        if solution.point.usable:
            return solution
    assert solution is not None
    return solution
