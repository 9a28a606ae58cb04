"""Peaks that a formula or a finite algorithm gives: constants, least squares, least absolute deviations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from likely.compute import blocks
from likely.compute.solve import least_absolute, least_squares
from likely.compute.solve.inverse import inverse_information
from likely.compute.solve.newton import Point
from likely.likelihoods import RowsObjective
from likely.likelihoods.log_likelihood import LogLikelihood
from likely.models import scale
from likely.models.identify import coordinates
from likely.models.rows import Rows
from likely.models.slot import Slot
from likely.namespace.arrays import Floats
from likely.search.outcome import Outcome


def closed_form(L: LogLikelihood) -> Outcome | None:
    """Constants only: the family's own formula."""
    model, objective = L.model, L.objective
    if model.averaged:  # the formulas know of no means
        return None
    with np.errstate(all="ignore"):
        values = model.family._closed_form(objective.y, objective.weights, objective.data.known)
    slots = [slot for slot in model.slots if not slot.idle]
    if values is None or any(slot.parameter.name not in values for slot in slots):
        return None
    if any(slot.idle and slot.parameter.name in values for slot in model.slots):
        return None  # the formula estimates what is known here
    named: dict[str, float] = {}
    boundary: dict[str, float] = {}
    for slot in slots:
        value = values[slot.parameter.name]
        if slot.entry is not None:
            named |= {name: float(v) for name, v in zip(scale.entry_names(model, slot), value, strict=True)}
            continue
        value = float(value)
        domain = slot.parameter.domain
        if not np.isfinite(value) or not domain.contains(value):
            return None  # the formula has no answer inside the domain: let the search find out why
        named[slot.label] = value
        if value in (domain.lower, domain.upper):
            boundary[slot.label] = value
    coefficients = scale.from_reported(model, named)
    if np.any(np.isnan(coefficients)):
        return None  # beyond what a link reaches: let the search find out where it leads
    if boundary or not np.all(np.isfinite(coefficients)):  # some links reach the end of a domain, others run there
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
    of : callable
        residuals -> what each costs.
    power : int
        A row with known spread s counts 1/s^power times; the spread is the mean cost, to 1/power.
    """

    solver: str
    solve: Callable[[Any, Any, Any], Any]
    of: Callable[[Any], Any]
    power: int


SQUARES = _Loss("least squares", least_squares.solve, np.square, 2)
ABSOLUTE = _Loss("least absolute deviations", least_absolute.solve, np.abs, 1)


def _check(tau: float) -> _Loss:
    return _Loss(
        "quantile regression",
        lambda x, y, w: least_absolute.solve(x, y, w, tau),
        lambda r: r * (tau - (r < 0)),
        1,
    )


def least_loss(L: LogLikelihood) -> Outcome | None:
    """A location with predictors, identity link and constant spread: least squares, or absolute deviations."""
    model = L.model
    family = model.family
    name, loss = family.location_parameter, SQUARES
    if name is None:
        name, loss = family.absolute_location, ABSOLUTE
        if family.corner_level is not None:
            tau = L.bound.data.known[family.corner_level]
            if np.ndim(tau):  # another one for every row
                return None
            loss = _check(float(tau))
    slots = [slot for slot in model.slots if slot.parameter.name == name]
    others = [slot for slot in model.slots if slot.parameter.name != name]
    if len(slots) != 1 or slots[0].link.name != "identity":
        return None
    if slots[0].design is None and not model.averaged:
        return None
    if not all(slot.constant for slot in others):
        return None
    data, slot = L.bound.data, slots[0]
    y, w, offset = family._response(data.y), data.weights, data.offset(slot)
    assert name is not None
    target = y if offset is None else y - offset
    spread = next((v for k, v in data.known.items() if k not in (name, family.corner_level) and np.ndim(v)), None)
    if data.units is not None:
        (power,) = family.averaged.values()  # a row's spread relative to that of a single unit: 1 / sqrt(units)
        spread = (1.0 if spread is None else spread) * data.units**power
    weights = w if spread is None else (1.0 if w is None else w) / spread**loss.power
    x = data.matrix(slot)
    beta = loss.solve(x, target, weights)
    coefficients = np.zeros(model.size)
    coefficients[slot.start : slot.stop] = beta
    if others:
        gap = target - x @ beta
        spent = loss.of(gap if spread is None else gap / spread)
        mean = float(np.mean(spent) if w is None else np.dot(w, spent) / w.sum())
        # rounding errors of the fit, and of the numbers themselves where they vary little about a large value
        varied = float(np.max(np.abs(target - target[0]), initial=0.0))
        size = max(varied, 1e-3 * float(np.max(np.abs(target), initial=0.0)))
        if mean <= (1e-13 * size) ** loss.power * max(1.0, model.size):
            coefficients[others[0].start] = -np.inf
            raise PerfectFit(others[0].parameter.name, coefficients)
        with np.errstate(divide="ignore"):
            coefficients[others[0].start] = others[0].link.forward(mean ** (1.0 / loss.power))
    point = L.objective.point(coefficients)
    if not point.usable:
        return None
    if family.kinked:
        # beyond the rounding errors of the terms, well within the residuals
        terms = float(np.max(blocks.largest(x) * np.abs(beta), initial=0.0))
        nudge = max(1e-8 * float(np.mean(np.abs(target - x @ beta))), 64.0 * np.finfo(float).eps * terms)
        point = replace(point, info=information_nearby(L, slot, coefficients, nudge))
        covariance = conditioned_covariance(L, coefficients, slot, nudge)
    else:
        covariance = conditioned_covariance(L, coefficients)
    return Outcome(point, loss.solver, 0, True, "", covariance=covariance)


def information_nearby(
    L: LogLikelihood, slot: Slot, coefficients: Any, step: float, data: Rows | None = None
) -> Floats:
    """The information a step above and a step below the location's linear predictor, averaged.

    Some rows are fitted exactly; on which side of their corner they come to lie is a matter of rounding, and so would
    be the standard errors.
    """
    data = L.bound.data if data is None else data
    model = L.model.shifted(slot)
    infos = []
    for shift in (-step, step):
        nearby = data.with_offset(slot, np.full(len(data), shift) if slot.offset is None else data.offset(slot) + shift)
        infos.append(RowsObjective(model, nearby).point(coefficients).info)
    return 0.5 * (infos[0] + infos[1])


def conditioned_covariance(
    L: LogLikelihood, coefficients: Any, slot: Slot | None = None, step: float = 0.0
) -> Floats | None:
    """The covariance by way of orthonormal coordinates, where the design is ill-conditioned; else None.

    With `slot`, from the information beside its linear predictor.
    """
    orthonormal = coordinates(L.model, L.bound.data)
    if orthonormal is None:
        return None
    inner = orthonormal.from_original(coefficients)
    if slot is None:
        info = RowsObjective(L.model, orthonormal.data).point(inner).info
    else:
        info = information_nearby(L, slot, inner, step, orthonormal.data)
    covariance, _ = inverse_information(info)
    return None if covariance is None else orthonormal.covariance(covariance)


class PerfectFit(Exception):
    """The predictors reproduce the response exactly: the spread runs to 0 and the likelihood to infinity."""

    def __init__(self, parameter: str, coefficients: Any) -> None:
        super().__init__(parameter)
        self.parameter, self.coefficients = parameter, coefficients
