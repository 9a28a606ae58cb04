"""From a likelihood to its peak: closed form, least squares, Newton or L-BFGS, and an honest account of the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, final

import numpy as np

from likely import scale
from likely.derive.objective import Objective
from likely.errors import DesignError, ParameterError, listed, unknown
from likely.likelihood import Likelihood
from likely.model import Model, Slot, take
from likely.solve import lbfgs, least_absolute, least_squares, newton
from likely.solve.newton import Point, Solution
from likely.start import starting_values

SOLVERS = ("auto", "closed form", "newton", "lbfgs")
MANY_PARAMETERS = 1500  # beyond, an information matrix at every step costs more than L-BFGS's extra passes
SUBSAMPLE_ABOVE = 100_000  # rows; beyond, Newton starts from the fit of a subsample
FEW_ROWS = 500  # a location has several peaks only in small samples
FAR = 14.0  # a constant's linear predictor that moved this far (a factor of a million) is running away


@final
@dataclass(frozen=True)
class Outcome:
    """Where the search ended.

    Attributes
    ----------
    point : Point
        Coefficients on the link scale, log-likelihood, score and information. Coefficients of parameters at the end
        of their domain are infinite, and their score and information are zero.
    solver : str
    iterations : int
    converged : bool
    message : str
    boundary : mapping of str to float
        Constant parameters whose estimate is the end of their domain, with that value.
    decrement : float
        Newton decrement: the distance to the peak in standard errors.
    note : str
        What else is worth knowing, such as a second peak.
    """

    point: Point
    solver: str
    iterations: int
    converged: bool
    message: str
    boundary: Mapping[str, float] = field(default_factory=dict)
    decrement: float = 0.0
    note: str = ""


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
        outcome = _closed_form(L) if model.constant else _least_loss(L)
        if outcome is not None:
            return outcome
    if solver == "closed form":
        raise unknown("solver", solver, SOLVERS[2:], f": {model.family.title} has no closed form for this model")
    objective = L.objective
    x0 = starting_values(L.model, L.objective.y, L.objective.weights) if start is None else _given_start(L, start)
    if solver == "lbfgs" or (solver == "auto" and model.size > MANY_PARAMETERS):
        solution = lbfgs.maximize(objective.point, objective.value_and_score, x0)
        return _outcome(solution, "lbfgs")
    if start is None and objective.rows > SUBSAMPLE_ABOVE:
        x0 = _subsample_start(objective, x0, stop)
    solution = newton.maximize(
        objective.point, x0, max_iterations=max_iterations, tolerance=tolerance, progress=progress, stop=stop
    )
    if not solution.point.usable and start is None:
        solution = _retry(objective, x0, max_iterations, tolerance, stop)
    note = ""
    if start is None and model.constant and model.family.multimodal and objective.rows <= FEW_ROWS:
        solution, note = _highest_peak(objective, solution, x0)
    return _outcome(solution, "newton", note)


def _outcome(solution: Solution, solver: str, note: str = "") -> Outcome:
    return Outcome(
        solution.point, solver, solution.iterations, solution.converged, solution.reason, decrement=solution.decrement, note=note
    )


def _highest_peak(objective: Objective, first: Solution, x0: Any) -> tuple[Solution, str]:
    """The highest of the peaks reached from starts at quantiles of the data, and a note of another as high."""
    slot = next((s for s in objective.model.slots if s.parameter.name == objective.model.family.multimodal), None)
    if slot is None:
        return first, ""
    found = [first]
    for place in np.unique(np.quantile(objective.y, np.linspace(0, 1, 21), method="nearest")):
        x = x0.copy()
        x[slot.start] = slot.link.forward(place)
        found.append(newton.maximize(objective.point, x))
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


def check_identified(slot: Slot, y: Any, model: Model) -> None:
    """Raise DesignError if the columns of a design are linearly dependent, naming them."""
    if slot.design is None or (slot.level is not None and slot.start != model.slots[0].start):
        return
    x, names = slot.design.x, slot.design.names
    dependent, combination = least_squares.dependent_columns(x)
    if not dependent:
        return
    if len(x) < x.shape[1]:
        raise DesignError(
            f"{slot.parameter.name} has {x.shape[1]} coefficients but there are only {len(x)} rows: they cannot be told "
            "apart. Use fewer predictors"
        )
    independent = [j for j in range(len(names)) if j not in dependent]
    told = []
    for k, j in enumerate(dependent):
        parts = [
            f"{combination[i, k]:.6g}*{names[c]}" for i, c in enumerate(independent) if abs(combination[i, k]) > 1e-9
        ]
        told.append(f"{names[j]} = {' + '.join(parts) if parts else '0'}")
    raise DesignError(
        f"the predictors of {slot.parameter.name} are linearly dependent, so their coefficients cannot be told apart: "
        f"{'; '.join(told[:5])}. Leave out {listed(names[j] for j in dependent)}"
    )


# -- closed forms ------------------------------------------------------------------------------------------


def _closed_form(L: Likelihood) -> Outcome | None:
    """Constants only: the family's own formula."""
    model, objective = L.model, L.objective
    with np.errstate(all="ignore"):
        values = model.family._closed_form(objective.y, objective.weights, model.known)
    if values is None or any(slot.parameter.name not in values for slot in model.slots):
        return None
    named: dict[str, float] = {}
    boundary: dict[str, float] = {}
    for slot in model.slots:
        value = values[slot.parameter.name]
        if slot.level is not None:
            levels = list(model.levels)
            named |= {f"{slot.parameter.name}[{level}]": float(p) for level, p in zip(levels, value, strict=True)}
            continue
        value = float(value)
        domain = slot.parameter.domain
        if not np.isfinite(value) or not domain.contains(value):
            return None  # the formula has no answer inside the domain: let the search find out why
        named[slot.label] = value
        if value in (domain.lower, domain.upper):
            boundary[slot.label] = value
    coefficients = scale.from_reported(model, named)
    if not np.all(np.isfinite(coefficients)):
        p = model.size
        value = objective.value(coefficients)
        point = Point(coefficients, value, np.zeros(p), np.zeros((p, p)))
        boundary = boundary or {k: v for k, v in named.items() if v in (0.0, 1.0)}
        return Outcome(point, "closed form", 0, True, "", boundary)
    point = objective.point(coefficients)
    return Outcome(point, "closed form", 0, point.usable, "") if point.usable else None


@final
@dataclass(frozen=True)
class _Loss:
    """A loss whose minimiser is the location, and whose mean gives the spread.

    Attributes
    ----------
    solver : str
        Name of the way to the minimiser.
    solve : callable
        (x, y, weights) -> coefficients.
    power : int
        A row with known spread s counts 1/s^power times; the spread is the mean of |residual|^power, to 1/power.
    """

    solver: str
    solve: Callable[[Any, Any, Any], Any]
    power: int


SQUARES = _Loss("least squares", least_squares.solve, 2)
ABSOLUTE = _Loss("least absolute deviations", least_absolute.solve, 1)


def _least_loss(L: Likelihood) -> Outcome | None:
    """A location with predictors under the identity link and a constant spread: least squares, or absolute deviations."""
    model = L.model
    family = model.family
    name, loss = family.location_parameter, SQUARES
    if name is None:
        name, loss = family.absolute_location, ABSOLUTE
    slots = [slot for slot in model.slots if slot.parameter.name == name]
    others = [slot for slot in model.slots if slot.parameter.name != name]
    if len(slots) != 1 or slots[0].link.name != "identity" or slots[0].design is None:
        return None
    if not all(slot.constant for slot in others):
        return None
    slot, y, w = slots[0], family._response(L.bound.y), L.bound.weights
    assert slot.design is not None and name is not None
    target = y if slot.offset is None else y - slot.offset
    spread = next((v for k, v in model.known.items() if k != name and np.ndim(v)), None)
    weights = w if spread is None else (1.0 if w is None else w) / spread**loss.power
    x = slot.design.x
    if w is not None and not np.all(counted := w > 0):
        x, target, w, weights = x[counted], target[counted], w[counted], weights[counted]
    beta = loss.solve(x, target, weights)
    coefficients = np.zeros(model.size)
    coefficients[slot.start : slot.stop] = beta
    if others:
        spent = np.abs(target - x @ beta) ** loss.power
        mean = float(np.mean(spent) if w is None else np.dot(w, spent) / w.sum())
        size = float(np.max(np.abs(target), initial=0.0))
        if mean <= (1e-13 * size) ** loss.power * max(1.0, model.size):
            raise PerfectFit(others[0].parameter.name, coefficients)
        with np.errstate(divide="ignore"):
            coefficients[others[0].start] = others[0].link.forward(mean ** (1.0 / loss.power))
    point = L.objective.point(coefficients)
    return Outcome(point, loss.solver, 0, True, "") if point.usable else None


class PerfectFit(Exception):
    """The predictors reproduce the response exactly: the spread runs to 0 and the likelihood to infinity."""

    def __init__(self, parameter: str, coefficients: Any) -> None:
        super().__init__(parameter)
        self.parameter, self.coefficients = parameter, coefficients


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
            design=None
            if slot.design is None
            else replace(slot.design, x=np.ascontiguousarray(slot.design.x[rows])),
            offset=None if slot.offset is None else slot.offset[rows],
        )
        for slot in model.slots
    )
    return replace(model, slots=slots, known=take(model.known, rows))


def _subsample_start(objective: Objective, x0: Any, stop: Any) -> Any:
    """The estimate from every k-th row, from which two or three passes over all rows remain."""
    wanted = max(50_000, 200 * objective.model.size)
    rows = slice(None, None, max(2, objective.rows // wanted))
    weights = None if objective.weights is None else objective.weights[rows]
    small = Objective(subset(objective.model, rows), objective.y[rows], weights)
    solution = newton.maximize(small.point, x0, max_iterations=50, tolerance=1e-3, stop=stop)
    return solution.point.x if solution.converged else x0


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
