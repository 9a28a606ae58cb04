"""A fit repeated on data much like its own, fast: by formula, by Newton from the first estimate, else from scratch."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from likely.compute.solve import newton
from likely.errors import LikelyError
from likely.estimates.maximum import peak_of
from likely.families.base import Limit
from likely.likelihoods import objective_of
from likely.models import limits, scale
from likely.models.identify import centred, coordinates
from likely.models.model import Model
from likely.models.rows import Rows
from likely.models.slot import Slot
from likely.namespace.arrays import Floats

if TYPE_CHECKING:
    from likely.estimates import Estimates
    from likely.models.bind import Bound

MOVED = 5.0  # a linear predictor further than this from the estimate's calls for the careful search
NEAR = {0.0: 1e-3, np.inf: 1e3}  # a parameter this close to where its family has a limit is taken to run there
MODERATE = {0.0: 0.1, np.inf: 10.0}  # and this is a place to start from inside


def refit(fit: Estimates, model: Model, data: Rows) -> Any:
    """The estimates in the order of ``fit.names``, or the reason why there are none.

    A weight of zero is a row that was not drawn.
    """
    w = data.weights
    if w is not None and fit.likelihood.offers.predictors and not np.all(drawn := w > 0):
        data = data.take(np.flatnonzero(drawn))
    if model.fixed:
        model = replace(model, fixed=model.family.edge_estimate(data.y, data.known))
    restrained = fit.effective.outcome.restrained
    found = _by_formula(model, data) if model.constant and restrained is None else None
    if found is None and restrained is None and not model.family.kinked:  # no Newton step leads to a corner
        found = _by_newton(fit, model, data)
    if found is not None:
        return np.concatenate([found, list(model.fixed.values())])
    bound = fit.likelihood.bound.with_observations(model, data)
    try:
        again = None if restrained is None else _restrained_nearby(fit, bound)
        # the whole search of a first fit: limits, separation and failures are told as there
        again = again or peak_of(bound, **fit.asked.restraints)
    except LikelyError as error:
        return str(error)
    if not again.converged:
        return again.end.words
    return np.array([again.coef[name] for name in names_of(model)])


def names_of(model: Model) -> list[str]:
    """Names of the estimates that a refit gives, in their order."""
    return [*scale.reported_names(model), *model.fixed]


def _by_formula(model: Model, data: Rows) -> Floats | None:
    """Constants from the family's closed form; None where it has none."""
    if data.units is not None:
        return None
    with np.errstate(all="ignore"):
        values = model.family._closed_form(data.y, data.weights, data.known)
    if values is None:
        return None
    out: list[float] = []
    for parameter in (group[0].parameter for group in model.groups if not group[0].idle):
        value = values.get(parameter.name)
        if value is None or not np.all(parameter.domain.contains(value)):
            return None
        out += [float(v) for v in np.atleast_1d(value)]
    return np.array(out)


def _restrained_nearby(fit: Estimates, bound: Bound) -> Estimates | None:
    """The peak under penalties and constraints near the estimate, from no other start; None where there is none."""
    start = _start(fit)
    if start is None or fit.limit is not None or bound.model.fixed:
        return None
    found = peak_of(bound, starts=[fit.coef], **fit.asked.restraints)
    if not found.converged or found.limit is not None:
        return None
    return None if _moved_far(bound.model, bound.data, found.outcome.point.x - start) else found


def _by_newton(fit: Estimates, model: Model, data: Rows) -> Floats | None:
    """The peak near the estimate; None where the search leaves its surroundings."""
    start = _start(fit)
    if start is None:
        return None
    if fit.likelihood.offers.predictors and fit.outcome.covariance is not None:  # that of better coordinates
        inner = centred(model, coordinates(model, data), data)
    else:
        inner = None
    marks = [(limit, slot, _mark(limit, fit.coef[slot.label])) for limit, slot in limits.watched(model)]
    reached: list[tuple[Limit, Slot]] = []

    def stop(point: newton.Point) -> newton.Stop | None:
        point = point if inner is None else inner.point(point)
        reached[:] = [(limit, slot) for limit, slot, mark in marks if limits.beyond(limit, slot, point.x, mark)]
        return newton.Stop("near a limit", reached[0][1].start) if reached else None

    near, first = data, start
    if inner is not None:
        near, first = inner.data.with_response(data.y - inner.level), inner.from_original(start)
    solution = newton.maximize(objective_of(model, near).point, first, max_iterations=50, tolerance=1e-6, stop=stop)
    if inner is not None:
        solution = replace(solution, point=inner.point(solution.point))
    if reached:
        return _at_limit(model, data, solution.point, *reached[0])
    if not solution.converged or _moved_far(model, data, solution.point.x - start):
        return None
    return scale.to_reported(model, solution.point.x)[0]


def _start(fit: Estimates) -> Floats | None:
    """The estimate's coefficients; where a parameter ran to its limit, a moderate value of it."""
    x = np.array(fit.outcome.point.x, dtype=float)
    if fit.limit is not None:
        slot = next(s for s in fit.likelihood.model.slots if s.label == fit.limit.parameter)
        x = np.insert(fit.limit.fit.outcome.point.x, slot.start, slot.link.forward(MODERATE[fit.limit.at]))
    return x if np.all(np.isfinite(x)) else None


def _mark(limit: Limit, estimate: float) -> float:
    """The value beyond which a parameter counts as running to its limit."""
    if estimate == limit.at:
        return NEAR[limit.at]
    return min(NEAR[0.0], 0.01 * estimate) if limit.at == 0.0 else max(NEAR[np.inf], 100.0 * estimate)


def _moved_far(model: Model, data: Rows, step: Any) -> bool:
    for slot in model.slots:
        moved = step[slot.start : slot.stop]
        if slot.link.name != "identity":
            moved = moved if slot.design is None else data.designs[slot.label] @ moved
            if not np.max(np.abs(moved)) <= MOVED:
                return True
    return False


def _at_limit(model: Model, data: Rows, point: newton.Point, limit: Limit, slot: Slot) -> Floats | None:
    """The estimates under the limiting family, where it explains the data at least as well; else None."""
    simpler, same = limits.limiting(model, data, limit)
    objective = objective_of(simpler, same)
    found = _by_formula(simpler, same) if simpler.constant else None
    if found is not None:
        x = scale.from_reported(simpler, dict(zip(scale.reported_names(simpler), found, strict=True)))
        value = objective.value(x)
    else:
        start = np.delete(point.x, slot.start)
        solution = newton.maximize(objective.point, start, max_iterations=50, tolerance=1e-6)
        if not solution.converged or _moved_far(simpler, same, solution.point.x - start):
            return None
        found, value = scale.to_reported(simpler, solution.point.x)[0], solution.point.value
    if not value >= point.value - 1e-9 * (1.0 + abs(value)):
        return None
    return np.insert(found, scale.reported_names(model).index(slot.label), limit.at)
