"""From a likelihood to its peak: closed form, least squares, Newton or L-BFGS, and an honest account of the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from likely import limits, scale
from likely.closed import closed_form, least_loss
from likely.corners import cornered_peak, with_corners
from likely.derive.objective import Objective
from likely.derive.strata import check_within
from likely.errors import FamilyError, LikelyError, OptionError, ParameterError, is_one_of, unknown
from likely.identify import Coordinates, check_identified, coordinates
from likely.likelihood import Likelihood
from likely.model import Model
from likely.outcome import Outcome
from likely.solve import lbfgs, newton, trust_region
from likely.solve.newton import Point, Solution
from likely.start import starting_values
from likely.state import FitState
from likely.trail import Trail

SOLVERS = ("auto", "closed form", "newton", "lbfgs")
MANY_PARAMETERS = 1500  # beyond, an information matrix at every step costs more than L-BFGS's extra passes
SUBSAMPLE_ABOVE = 20_000  # rows; beyond, Newton starts from the fit of a subsample
WORN = 1e-5  # least eigenvalue of an information, scaled to unit diagonal, whose inverse loses digits that count
FEW_ROWS = 500  # a location has several peaks only in small samples


def find_peak(
    L: Likelihood,
    *,
    solver: str = "auto",
    start: Mapping[str, float] | FitState | None = None,
    starts: int | Sequence[Mapping[str, Any]] | None = None,
    max_iterations: int = 100,
    tolerance: float = 1e-6,
    trail: Trail,
    stop: Callable[[Point], str | None] | None = None,
) -> Outcome:
    """The peak of a likelihood, by the cheapest exact way that fits.

    Raises
    ------
    DesignError
        If the predictors are linearly dependent; the message names them.
    """
    check_options(solver, max_iterations, tolerance)
    model = L.model
    if starts is not None and model.slots:
        given: dict[str, Any] = {
            "solver": solver,
            "max_iterations": max_iterations,
            "tolerance": tolerance,
            "trail": trail,
        }
        return highest_of(L, start, starts, lambda one: find_peak(L, start=one, **given, stop=stop))
    if not model.slots:
        value = L.objective.value(np.zeros(0))
        return Outcome(Point(np.zeros(0), value, np.zeros(0), np.zeros((0, 0))), "closed form", 0, True, "")
    if model.family._objective is not None:
        return _far_peak(L, solver, start, {"tolerance": tolerance, "progress": trail})
    if model.family.conditional:
        check_within(model, L.objective.strata)
    else:
        check_identified(model)
    if start is None and solver in ("auto", "closed form"):
        outcome = closed_form(L) if model.constant else None
        outcome = least_loss(L) if outcome is None else outcome
        if outcome is not None:
            return outcome
    if solver == "closed form":
        raise unknown("solver", solver, SOLVERS[2:], f": {model.family.title} has no closed form for this model")
    objective, wanted = L.objective, None if model.family.conditional else coordinates(model)
    unit = objective.total_weight / len(L.bound.y) if L.bound.pseudo else 1.0
    if unit != 1.0:  # distances are in standard errors, so the search sees sampling weights of mean 1
        objective = Objective(model, objective.y, objective.weights / unit)
    x0 = start_of(L, start)
    trail.tolerance = tolerance
    if solver == "auto" and with_corners(model):
        found = cornered_peak(L, x0, max_iterations=max_iterations, tolerance=tolerance, progress=trail)
        return replace(found, start=x0) if isinstance(start, Mapping) else found
    if wanted is not None:
        trail.outward = wanted.point
        objective, x0 = Objective(wanted.model, objective.y, objective.weights), wanted.inward(x0)
    note, name = "", "newton"
    if solver == "lbfgs" or (solver == "auto" and model.size > MANY_PARAMETERS):
        solution, name = lbfgs.maximize(objective.point, objective.value_and_score, x0, progress=trail), "lbfgs"
    else:
        options = {"max_iterations": max_iterations, "tolerance": tolerance, "progress": trail, "stop": stop}
        solution = _climb_by_size(objective, x0, start, options)
        if wanted is None and objective.rows <= SUBSAMPLE_ABOVE:
            solution, note = _look_around(objective, solution, x0, not isinstance(start, Mapping), options)
    found = _outcome(solution, name, note, wanted, unit)
    return replace(found, start=x0) if isinstance(start, Mapping) else found


def highest_of(L: Likelihood, start: Any, starts: Any, find: Callable[[Any], Outcome]) -> Outcome:
    """The highest of the peaks found from several starts, with a note of how many of them led to it."""
    found: list[Outcome] = []
    refused: list[LikelyError] = []
    for one in _start_list(L, start, starts):
        try:
            found.append(find(one))
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


def _start_list(L: Likelihood, start: Any, starts: Any) -> list[Any]:
    """The starts as given; for a number the usual one and others drawn around it, the same every time."""
    if isinstance(start, FitState):  # the best place of an interrupted search, and the starts that it had
        return [start, *_start_list(L, None, starts)]
    if isinstance(starts, (int, np.integer)) and not isinstance(starts, bool) and starts >= 1:
        model = L.model
        first = start_of(L, start)
        rng, out = np.random.default_rng(0), [start]
        size = np.ones(model.size)
        for slot in model.slots:
            if slot.design is None and slot.link.name == "identity":
                size[slot.start] = max(1.0, abs(float(first[slot.start])))
        for _ in range(int(starts) - 1):
            values = scale.to_reported(model, first + size * rng.standard_normal(model.size))[0]
            out.append(dict(zip(scale.reported_names(model), values.tolist(), strict=True)))
        return out
    if not isinstance(starts, (list, tuple)) or not starts or not all(isinstance(s, Mapping) for s in starts):
        raise OptionError(f"starts is a number of starts, or a list of dicts of starting values; found {starts!r}")
    return [{**(start or {}), **one} for one in starts]


def _far_peak(L: Likelihood, solver: str, start: Any, options: dict[str, Any]) -> Outcome:
    """The peak of a likelihood that brings its own objective, from a start that may be far."""
    if not is_one_of(solver, ("auto", "newton")):
        raise unknown("solver", solver, ["auto", "newton"], " for a density")
    objective, model = L.objective, L.model
    x0 = start_of(L, start)
    inner = _followers(model, start if isinstance(start, Mapping) else {})
    x0 = _finite_start(objective, x0, inner if start is None else [])
    if solver == "newton":
        solution, name = newton.maximize(objective.point, x0, **options), "newton"
    else:
        with np.errstate(all="ignore"):
            solution = trust_region.maximize_far(
                objective.point,
                objective.value,
                objective.metric,
                x0,
                inner=inner,
                exact_first=not objective.guided,
                **options,
            )
        name = "trust region"
    covariance = None
    if solution.converged and trust_region.least_curvature(solution.point.info) < WORN:
        covariance = objective.covariance(solution.point.x)
    return replace(_outcome(solution, name, "", None, 1.0), start=x0, covariance=covariance)


def _followers(model: Model, start: Mapping[str, float]) -> list[int]:
    """Coefficients without a starting value, where others have one: they follow those."""
    unstated = set(model.family.unstated) - set(model.family._spread(start))
    found = [slot.start for slot in model.slots if slot.label in unstated]
    return found if len(found) < model.size else []


def _finite_start(objective: Any, x0: Any, movable: list[int]) -> Any:
    """The start, or one near it whose unstated values make the log-likelihood finite; an error that says what fails."""
    with np.errstate(all="ignore"):
        if objective.point(x0).usable:
            return x0
        rng = np.random.default_rng(0)
        for spread in np.repeat([1.0, 3.0, 10.0], 20) if movable else ():
            x = x0.copy()
            x[movable] += spread * rng.standard_normal(len(movable))
            if objective.point(x).usable:
                return x
        rows = objective.log_density(x0)
        slopes = objective.row_scores(x0)
    values = scale.to_reported(objective.model, x0)[0]
    at = ", ".join(f"{n} = {v:.6g}" for n, v in zip(scale.reported_names(objective.model), values, strict=True))
    bad = np.flatnonzero(~np.isfinite(rows))
    what = "log-density"
    if len(bad) == 0:
        bad, what = np.flatnonzero(~np.all(np.isfinite(slopes), axis=1)), "derivative of the log-density"
        names = [objective.model.names()[j] for j in np.flatnonzero(~np.all(np.isfinite(slopes), axis=0))]
        what += f" by {', '.join(names)}" if names else ""
    where = ", ".join(f"row {i}: {rows[i]:g}" for i in bad[:5]) + (f" and {len(bad) - 5} more" if len(bad) > 5 else "")
    raise FamilyError(
        f"the {what} is not finite at the start ({at}) in {len(bad) or 'some'} of {objective.rows} rows"
        f"{f': {where}' if where else ''}. Give other starting values (start=, or in params=), or narrower domains"
    )


def check_options(solver: str, max_iterations: int, tolerance: float) -> None:
    if not is_one_of(solver, SOLVERS):
        raise unknown("solver", solver, SOLVERS)
    numbers = isinstance(tolerance, (int, float)) and isinstance(max_iterations, (int, np.integer))
    if not numbers or not 0.0 < tolerance < 1.0 or max_iterations < 1:
        raise OptionError(
            "tolerance is a distance to the peak in standard errors, between 0 and 1, and max_iterations a whole "
            f"number of at least 1; found {tolerance!r} and {max_iterations!r}"
        )


def _climb_by_size(objective: Objective, x0: Any, start: Any, options: dict[str, Any]) -> Solution:
    """Newton from x0; with many rows, from the peak of a subsample, or with its information from an earlier state."""
    info: Any = None
    if objective.model.family.conditional:
        return newton.maximize(objective.point, x0, **options)
    if objective.rows > SUBSAMPLE_ABOVE and start is None:
        x0, info = _subsample_start(objective, x0, options["stop"], options["progress"])
    elif objective.rows > SUBSAMPLE_ABOVE and isinstance(start, FitState):
        small, times = _sample(objective, _every(objective, 24))
        point = small.point(x0)
        info = point.info * times if point.usable else None
    if info is None:
        return newton.maximize(objective.point, x0, **options)
    # over d standard errors an information of n observations changes by about d/sqrt(n)
    near = 4e-6 * float(np.sqrt(objective.total_weight))
    return newton.maximize_near(objective.point, objective.value_and_score, x0, info, near=near, **options)


def _look_around(
    objective: Objective, solution: Solution, x0: Any, default_start: bool, options: dict[str, Any]
) -> tuple[Solution, str]:
    """The search from other starts, where it failed or the family's likelihood may have several peaks."""
    trail, quiet = options["progress"], {**options, "progress": None}

    def climb(x: Any) -> Solution:
        trail.aside("another place to start from")
        return newton.maximize(objective.point, x, **quiet)

    lost = not solution.converged and (not solution.point.usable or objective.model.constant)
    if default_start and (lost or limits.predicted(objective.model, solution.point.x)):
        solution = _elsewhere(objective, solution, x0, climb)
    return _highest_peak(objective, solution, x0, climb)


def _outcome(solution: Solution, solver: str, note: str, wanted: Coordinates | None, unit: float) -> Outcome:
    point, covariance = solution.point, None
    if wanted is not None:
        inner, _ = point.inverse
        covariance = None if inner is None else wanted.covariance(inner) / unit
        point = wanted.point(point)
    if unit != 1.0:
        point = Point(point.x, point.value * unit, point.score * unit, point.info * unit)
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


def _elsewhere(objective: Objective, first: Solution, x0: Any, climb: Callable[[Any], Solution]) -> Solution:
    """The search again from starts around the default one, for a density that is not finite there or runs away."""
    for shift in (0.5, -0.5, 1.5, -1.5, 3.0, -3.0):
        x = x0.copy()
        for slot in objective.model.slots:
            if slot.link.name != "identity":
                x[slot.start if slot.design is None else slot.start + (slot.design.intercept or 0)] += shift
        solution = climb(x)
        better = solution.point.value > first.point.value or not first.point.usable
        if solution.converged and better:
            return solution
        if solution.point.usable and not first.point.usable:
            first = solution
    return first


def _highest_peak(
    objective: Objective, first: Solution, x0: Any, climb: Callable[[Any], Solution]
) -> tuple[Solution, str]:
    """The highest of the peaks reached from the family's other starts, and a note of another as high."""
    model, family = objective.model, objective.model.family
    starts = [starting_values(model, objective.y, objective.weights, s) for s in _other_starts(objective)]
    slot = next((s for s in model.slots if s.parameter.name == family.multimodal), None)
    if slot is not None and model.constant and objective.rows <= FEW_ROWS and not _runs_away(first):
        for place in np.unique(np.quantile(objective.y, np.linspace(0, 1, 21), method="nearest")):
            starts.append(x0.copy())
            starts[-1][slot.start] = slot.link.forward(place)
    if not starts:
        return first, ""
    found = [first, *(climb(x) for x in starts)]
    # where a parameter may escape to infinity the highest place counts, peak or not; elsewhere only peaks do
    peaks = [s for s in found if (s.point.usable if family.escapes else s.converged)] or [first]
    best = max(peaks, key=lambda s: s.point.value)
    if first in peaks and first.point.value >= best.point.value - 1e-9 * (1 + abs(best.point.value)):
        best = first
    scale = np.sqrt(1.0 / np.maximum(np.diagonal(best.point.info), 1e-300))
    for other in peaks:
        same_height = abs(other.point.value - best.point.value) <= 1e-8 * (1 + abs(best.point.value))
        if other.converged and same_height and np.max(np.abs(other.point.x - best.point.x) / scale) > 1e-2:
            where = ", ".join(
                f"{s.label} = {other.point.x[s.start]:.6g}"
                for s in model.slots
                if s.constant and s.link.name == "identity"
            )
            return best, f"the likelihood has another peak of the same height, at {where}"
    return best, ""


def _runs_away(solution: Solution) -> bool:
    return not solution.converged and "runs" in solution.reason


def _other_starts(objective: Objective) -> list[dict[str, Any]]:
    with np.errstate(all="ignore"):
        return objective.model.family._other_starts(objective.y, objective.weights, objective.model.known)


# -- where to start ------------------------------------------------------------------------------------------


def start_of(L: Likelihood, start: Any) -> Any:
    """The coefficients that the search starts from: the default ones, the user's, or those of an earlier search."""
    if start is None:
        return starting_values(L.model, L.objective.y, L.objective.weights)
    return start.vector(L.names) if isinstance(start, FitState) else _given_start(L, start)


def _given_start(L: Likelihood, start: Mapping[str, float]) -> Any:
    """The user's starting values, completed by the default ones."""
    model = L.model
    default, _ = scale.to_reported(model, starting_values(L.model, L.objective.y, L.objective.weights))
    values = dict(zip(L.names, default, strict=True))
    for name, value in model.family._spread(start).items():
        if not is_one_of(name, values):
            raise unknown("parameter", name, L.names, " in start=")
        try:
            values[name] = float(value)
        except (TypeError, ValueError):
            raise ParameterError(f"the starting value of {name} must be a number, found {value!r}") from None
    x0 = scale.from_reported(model, values)
    if not np.all(np.isfinite(x0)):
        raise ParameterError("starting values must lie inside the parameters' domains, not on their ends")
    return x0


def _subsample_start(objective: Objective, x0: Any, stop: Any, trail: Trail) -> tuple[Any, Any]:
    """The estimate from every k-th row with its information scaled up; x0 and None where that fails."""
    info: Any = None
    # the first only has to come near, so it may have few rows for each coefficient
    for every in dict.fromkeys(_every(objective, share, enough) for share, enough in ((160, 50), (24, 200))):
        small, times = _sample(objective, every)
        # a subsample's own peak is off by its standard error, so a tenth of one is close enough
        solution = newton.maximize(
            small.point, x0, max_iterations=50, tolerance=0.1, stop=stop, progress=trail.sample(small.rows)
        )
        if not solution.converged:
            return x0, None
        x0, info = solution.point.x, solution.point.info * times
    return x0, info


def _every(objective: Objective, share: int, enough: int = 200) -> int:
    """The k for which every k-th row is about one in `share`, and `enough` for each of the coefficients."""
    return int(max(2, objective.rows // max(objective.rows // share, 1_000, enough * objective.model.size)))


def _sample(objective: Objective, every: int) -> tuple[Objective, float]:
    """The objective of every k-th row, and how many times the weight of all rows is larger."""
    rows = slice(None, None, every)
    weights = None if objective.weights is None else objective.weights[rows]
    small = Objective(objective.model.of_rows(rows), objective.y[rows], weights)
    return small, objective.total_weight / small.total_weight
