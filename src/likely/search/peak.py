"""From a likelihood to its peak: closed form, least squares, Newton or L-BFGS, and an honest account of the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from likely.compute.solve import lbfgs, newton, trust_region
from likely.compute.solve.newton import Point, Solution, Stop
from likely.errors import FamilyError, OptionError, is_one_of, unknown
from likely.likelihoods import FarSearch, Objective, RowsObjective
from likely.likelihoods.log_likelihood import LogLikelihood
from likely.likelihoods.strata import check_within
from likely.models import scale
from likely.models.asked import Asked
from likely.models.identify import Coordinates, centred, check_identified, coordinates
from likely.namespace.arrays import Floats
from likely.search.closed_form import closed_form, least_loss
from likely.search.directions import PredictorScaling
from likely.search.iterations import SearchHistory
from likely.search.nonsmooth import has_nonsmooth_location, nonsmooth_peak
from likely.search.other_peaks import ANOTHER, OtherPeaks, highest_nonsmooth, highest_of
from likely.search.outcome import Outcome
from likely.search.plateau import find_plateau
from likely.search.singular import identified_peak, sharpened
from likely.search.start import start_of
from likely.search.state import FitState

SOLVERS = ("auto", "closed form", "newton", "lbfgs")
MANY_PARAMETERS = 1500  # beyond, an information matrix at every step costs more than L-BFGS's extra passes
SUBSAMPLE_ABOVE = 20_000  # rows; beyond, Newton starts from the fit of a subsample
WORN = 1e-5  # least eigenvalue of an information, scaled to unit diagonal, whose inverse loses digits that count


def find_peak(
    L: LogLikelihood,
    asked: Asked,
    *,
    history: SearchHistory,
    stop: Callable[[Point], Stop | None] | None = None,
    single_start: bool = False,
) -> Outcome:
    """The peak of a likelihood, by the cheapest exact way that fits; `single_start`: from no other start.

    Raises
    ------
    DesignError
        If the predictors are linearly dependent; the message names them.
    """
    check_options(asked.solver, asked.max_iterations, asked.tolerance)
    model, solver, start = L.model, asked.solver, asked.start
    if asked.starts is not None and model.slots:
        return highest_of(
            L, asked, lambda one: find_peak(L, one, history=history, stop=stop, single_start=one.start is not None)
        )
    if not model.slots:
        value = L.objective.value(np.zeros(0))
        return Outcome(Point(np.zeros(0), value, np.zeros(0), np.zeros((0, 0))), "closed form", 0, True, "")
    if (far_search := L.objective.far_search) is not None:
        return _far_peak(L, far_search, solver, start, {"tolerance": asked.tolerance, "progress": history})
    if (strata := L.objective.strata) is not None:
        check_within(model, L.bound.data, strata)
    else:
        check_identified(model, L.bound.data)
    if start is None and solver in ("auto", "closed form"):
        outcome = closed_form(L) if model.constant else None
        outcome = least_loss(L) if outcome is None else outcome
        if outcome is not None:
            return outcome
    if solver == "closed form":
        raise unknown("solver", solver, SOLVERS[2:], f": {model.family.title} has no closed form for this model")
    x0 = start_of(L, start)
    history.tolerance = asked.tolerance
    options: dict[str, Any] = {"max_iterations": asked.max_iterations, "tolerance": asked.tolerance}
    if solver == "auto" and has_nonsmooth_location(model):
        found = nonsmooth_peak(L, x0, **options, progress=history)
        if start is None and not single_start:
            found = highest_nonsmooth(L, found, x0, lambda x: nonsmooth_peak(L, x, **options))
    else:
        found = _smooth_peak(L, x0, solver, start, {**options, "progress": history, "stop": stop}, single_start)
    return replace(found, start=x0) if isinstance(start, Mapping) else found


def _smooth_peak(
    L: LogLikelihood, x0: Any, solver: str, start: Any, options: dict[str, Any], single_start: bool
) -> Outcome:
    """The peak by Newton's method or L-BFGS, in coordinates in which the data keep their digits."""
    model, whole = L.model, L.objective
    rows = whole.linear
    orthonormal = None if rows is None else centred(model, coordinates(model, rows.data), rows.data)
    unit = whole.total_weight / len(L.bound.y) if L.bound.pseudo else 1.0
    if unit != 1.0:  # distances are in standard errors, so the search sees sampling weights of mean 1
        whole = RowsObjective(model, whole.data.with_weights(whole.weights / unit))
    objective, first = whole, x0
    if orthonormal is not None:
        options["progress"].to_original = orthonormal.point
        data, x0 = whole.data.with_response(whole.y - orthonormal.level), x0 - orthonormal.origin
        whole = RowsObjective(model, data)
        objective, first = (
            RowsObjective(model, replace(data, designs=orthonormal.data.designs)),
            orthonormal.rotated(x0),
        )
    note, name = "", "newton"
    if solver == "lbfgs" or (solver == "auto" and model.size > MANY_PARAMETERS):
        progress = options["progress"]
        solution, name = lbfgs.maximize(objective.point, objective.value_and_score, first, progress=progress), "lbfgs"
    else:
        options["scaling"] = PredictorScaling.of(objective)
        solution = _search_by_size(objective, first, start, options)
        if objective.rows <= SUBSAMPLE_ABOVE and not single_start:
            other_peaks = _other_peaks(whole, objective, orthonormal, not isinstance(start, Mapping), options)
            solution, note = other_peaks.best(solution, x0)
    return _outcome(solution, name, note, orthonormal, unit)


def _other_peaks(
    whole: Objective, objective: Objective, orthonormal: Coordinates | None, own_start: bool, options: dict[str, Any]
) -> OtherPeaks:
    """The search for other peaks in the coordinates `orthonormal` of an objective whose response is next to zero."""

    def search_from(x: Any, known: Sequence[Point]) -> Solution:
        options["progress"].note(ANOTHER)
        x = x if orthonormal is None else orthonormal.rotated(x)
        return newton.maximize(objective.point, x, **{**options, "progress": None, "known": known})

    def to_original(end: Point) -> Point:
        return end if orthonormal is None else replace(orthonormal, origin=0.0).point(end)

    def level(end: Point) -> bool:
        return find_plateau(whole, to_original(end)) is not None

    return OtherPeaks(whole, objective, own_start, search_from, to_original, level)


def _far_peak(L: LogLikelihood, objective: FarSearch, solver: str, start: Any, options: dict[str, Any]) -> Outcome:
    """The peak of a likelihood whose start may be far from it."""
    if not is_one_of(solver, ("auto", "newton")):
        raise unknown("solver", solver, ["auto", "newton"], " for a density")
    x0 = start_of(L, start)
    inner = _followers(objective, start if isinstance(start, Mapping) else {})
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
                exact_first=not objective.metric_first,
                **options,
            )
        name = "trust region"
    covariance, space = None, None
    if not solution.converged or trust_region.least_curvature(solution.point.info) < WORN:
        if (found := identified_peak(objective, solution, x0, tolerance=options["tolerance"])) is not None:
            solution, space, covariance = found
        elif solution.converged:
            solution, covariance = sharpened(objective, solution, options["tolerance"])
    return replace(_outcome(solution, name, "", None, 1.0), start=x0, covariance=covariance, unidentified=space)


def _followers(objective: FarSearch, start: Mapping[str, float]) -> list[int]:
    """Coefficients without a starting value, where others have one: they follow those."""
    model = objective.model
    without_start = set(objective.without_start) - set(model.family._spread(start))
    found = [slot.start for slot in model.slots if slot.label in without_start]
    return found if len(found) < model.size else []


def _finite_start(objective: FarSearch, x0: Any, movable: list[int]) -> Floats:
    """The start, or one near it at which the log-likelihood is finite; an error that says what fails."""
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


def _search_by_size(likelihood: Objective, x0: Any, start: Any, options: dict[str, Any]) -> Solution:
    """Newton from x0; with many rows, from the peak of a subsample, or with its information from an earlier state."""
    info: Any = None
    objective = likelihood.linear
    if objective is None:
        return newton.maximize(likelihood.point, x0, **options)
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


def _outcome(solution: Solution, solver: str, note: str, orthonormal: Coordinates | None, unit: float) -> Outcome:
    point, covariance = solution.point, None
    if orthonormal is not None:
        inner, _ = point.inverse
        covariance = None if inner is None else orthonormal.covariance(inner) / unit
        point = orthonormal.point(point)
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
        runaway=None if solution.stop is None else solution.stop.coordinate,
    )


def _subsample_start(objective: RowsObjective, x0: Any, stop: Any, history: SearchHistory) -> tuple[Any, Any]:
    """The estimate from every k-th row with its information scaled up; x0 and None where that fails."""
    info: Any = None
    # the first only has to come near, so it may have few rows for each coefficient
    for every in dict.fromkeys(_every(objective, share, enough) for share, enough in ((160, 50), (24, 200))):
        small, times = _sample(objective, every)
        # a subsample's own peak is off by its standard error, so a tenth of one is close enough
        solution = newton.maximize(
            small.point, x0, max_iterations=50, tolerance=0.1, stop=stop, progress=history.sample(small.rows)
        )
        if not solution.converged:
            return x0, None
        x0, info = solution.point.x, solution.point.info * times
    return x0, info


def _every(objective: RowsObjective, share: int, enough: int = 200) -> int:
    """The k for which every k-th row is about one in `share`, and `enough` for each of the coefficients."""
    return int(max(2, objective.rows // max(objective.rows // share, 1_000, enough * objective.model.size)))


def _sample(objective: RowsObjective, every: int) -> tuple[RowsObjective, float]:
    """The objective of every k-th row, and how many times the weight of all rows is larger."""
    rows = slice(None, None, every)
    small = RowsObjective(objective.model, objective.data.take(rows))
    return small, objective.total_weight / small.total_weight
