"""Likelihoods without a highest point: the location may be what every observation is, the spread runs to its end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np
from scipy import linalg, optimize

from likely.compute import blocks
from likely.likelihoods import RowsObjective
from likely.likelihoods.log_likelihood import LogLikelihood
from likely.models.constraints import Region, Restraints
from likely.models.identify import check_identified
from likely.models.model import Model
from likely.models.rows import Rows
from likely.models.slot import Slot
from likely.models.start import starting_values
from likely.namespace.arrays import Floats
from likely.search.directions import orthonormalising

EXACT = 1e-13  # of the size of what is fitted: a difference that is rounding
FEW_COLUMNS = 200  # with more columns than this, only as many rows at most are asked whether they are fitted exactly
LARGEST = 2e10  # operations of a factorisation that is worth it
STEPS = (4.0, 8.0, 12.0)  # of a spread on its link: along them the log-likelihood rises for ever, or it does not
NEAR_POLE = 1e-8, 1e-12  # linear predictors next to 0
INDEPENDENT = 1e-9  # of a row's length, which is then no combination of others
RISES = 0.1  # in every row, on the way of one unit


@final
@dataclass(frozen=True, eq=False)
class Unbounded:
    """A likelihood without a highest point.

    Attributes
    ----------
    text : str
        Why, and what to do.
    coefficients : ndarray or None
        A place where it is infinite, or on the way there.
    """

    text: str
    coefficients: Any = None

    @classmethod
    def exact(cls, L: LogLikelihood, spread: str, end: float, coefficients: Any, what: str = "likelihood") -> Unbounded:
        """That of predictors which reproduce the response, as the spread of that name goes to its end."""
        return cls(
            f"the predictors reproduce every value of {L.model.response} exactly, so the {what} grows without bound as "
            f"{spread} goes to {'infinity' if np.isinf(end) else f'{end:g}'}. Use fewer predictors, or fix it: "
            f"{L.model.family.title}({spread}=...)",
            coefficients,
        )


def find_unbounded(L: LogLikelihood, restraints: Restraints | None = None) -> Unbounded | None:
    """Why a continuous family's likelihood, penalised or not, has no highest point; None where nothing is seen."""
    if L.offers.far or L.model.family.kind.discrete:
        return None
    message = _constant_response(L, restraints)
    if message is not None:
        return Unbounded(message)
    found = _exact_fit(L, restraints)
    if found is None and restraints is None:
        found = _at_pole(L) or _many_coefficients(L)
    return found


# -- a response that never varies ------------------------------------------------------------------------------


def _constant_response(L: LogLikelihood, restraints: Restraints | None) -> str | None:
    """A continuous response that never varies: a location and a spread make the likelihood unbounded.

    Predictors beside an intercept do not change that, nor does a penalty that leaves the intercepts alone.
    """
    model = L.model
    y = L.bound.y
    free = [p.name for p in model.family.free]
    spread = model.family.parameters[1].name if len(model.family.parameters) > 1 else ""
    if len(free) < 2 or spread not in free or y[0] != y[-1] or np.ptp(y) > 0:
        return None
    if not _level(L, restraints):
        return None
    what = f"every value of {model.response} is {y[0]:g}" if len(y) > 1 else "there is a single observation"
    parameter = spread if spread not in model.fixed or not model.slots else model.slots[0].label
    return (
        f"{what}: the likelihood of {model.family.title} grows without bound as the density closes in on it, so "
        f"{parameter} has no estimate. Check the data, or fix it: {model.family.title}({parameter}=...)"
    )


def _level(L: LogLikelihood, restraints: Restraints | None) -> bool:
    """Whether every parameter can be the same number in all rows, whatever number that is."""
    penalty = None
    if restraints is not None:
        penalty = restraints.penalty_of(L.model, L.bound.data)
        if penalty is None or penalty.firth or restraints.relations(L.model):
            return False
    for slot in L.model.slots:
        if slot.constant:
            at = slot.start
        elif slot.idle and slot.offset is None:
            continue
        elif (
            slot.design is None
            or slot.offset is not None
            or "Intercept" not in slot.design.names
            or slot.link.name != slot.parameter.domain.link
        ):
            return False
        else:
            at = slot.start + slot.design.names.index("Intercept")
        if penalty is not None and (penalty.l1[at] or penalty.l2[at]):
            return False
    return True


# -- predictors that reproduce the response --------------------------------------------------------------------


def _exact_fit(L: LogLikelihood, restraints: Restraints | None) -> Unbounded | None:
    """Predictors that can make the location what every observation is, beside a spread that is free to shrink."""
    model, data = L.model, L.bound.data
    slot = next((s for s in model.slots if s.parameter is model.family.parameters[0]), None)
    columns = None if slot is None else data.design(slot)
    if slot is None or columns is None or slot.entry is not None or len(model.slots) < 2:
        return None
    target = _predictor(model, data, slot)
    exact = None if target is None else _reproducing(columns, target)
    if exact is None:
        return None
    if restraints is None:
        check_identified(model, data)
    penalty = None if restraints is None else restraints.penalty_of(model, data)
    region = None if restraints is None else restraints.region(model)
    if penalty is not None and penalty.firth:
        return None
    objective, x = _at(model, data, slot, target)
    for spread, at in _spreads(model, data, slot):
        if penalty is not None and (penalty.l1[at] or penalty.l2[at]):
            continue
        for sign in (-1.0, 1.0):
            if not _rises(objective, x, at, sign):
                continue
            if region is not None and not _allowed(region, slot, columns, exact, sign * np.eye(model.size)[at]):
                continue
            x[slot.start : slot.stop] = exact
            x[at] += sign * STEPS[-1]
            what = "likelihood" if penalty is None else "penalised likelihood"
            return Unbounded.exact(L, spread.parameter.name, spread.natural(sign * np.inf), x, what)
    return None


def _many_coefficients(L: LogLikelihood) -> Unbounded | None:
    """More coefficients of a location than a family with heavy tails can have beside a free spread.

    They reproduce as many rows exactly. As the spread s runs to 0 each of these gains -log s, and each of the others
    loses no more than ``power`` times that where the density falls as ``|y| ** -(1 + power)``.
    """
    model, data = L.model, L.bound.data
    power = model.family.tail_power()
    if power is None or len(model.slots) != 2 or data.units is not None:
        return None
    location, spread = model.slots
    if location.parameter.name != model.family.moves or location.design is None or not spread.constant:
        return None
    low, high = location.reach
    within = (data.y > low) & (data.y < high)
    with np.errstate(all="ignore"):
        within &= np.isfinite(location.link.forward(data.y))
    weights, wide = np.ones(data.n) if data.weights is None else data.weights, len(location.design.names)
    total = float(np.sum(weights))
    enough = total * power / (1.0 + power) * (1.0 + EXACT)
    if not _heaviest(data.y[within], weights[within], wide) > enough:
        return None
    heaviest = _reproducible(blocks.dense(data.designs[location.label])[within], data.y[within], weights[within])
    if not heaviest > enough:
        return None
    name, title = spread.label, model.family.title
    share = "" if data.weights is None else f", which have {heaviest / total:.3g} of the weight"
    return Unbounded(
        f"{wide} coefficients of {location.label} reproduce as many of the {data.n} rows exactly{share}, and as {name} "
        f"then runs to 0 the likelihood of {title} grows without bound, so there is no peak. Use fewer predictors, a "
        f"family with lighter tails, or fix it: {title}({name}=...)"
    )


def _heaviest(y: Any, weights: Any, count: int) -> float:
    """The weight of the observations that have the heaviest `count` values."""
    by_value = np.bincount(np.unique(y, return_inverse=True)[1], weights)
    return float(np.sum(np.sort(by_value)[-count:]))


def _reproducible(x: Any, y: Any, weights: Any) -> float:
    """The largest weight of rows that the columns' coefficients can reproduce exactly, whatever the response is.

    These are as many independent rows as there are coefficients. Of the heaviest rows each one that is independent of
    those taken before (Edmonds 1971, *Mathematical Programming* 1); equal rows are one.
    """
    rows, same = np.unique(np.column_stack([x @ orthonormalising(x, weights), y]), axis=0, return_inverse=True)
    by_row, basis, total = np.bincount(same.reshape(-1), weights), np.zeros((0, x.shape[1])), 0.0
    for k in np.argsort(-by_row, kind="stable"):
        own = rows[k, :-1]
        left = own - basis.T @ (basis @ own)
        left -= basis.T @ (basis @ left)
        if (length := float(np.linalg.norm(left))) > INDEPENDENT * np.linalg.norm(own):
            basis, total = np.vstack([basis, left / length]), total + float(by_row[k])
            if len(basis) == x.shape[1]:
                return total
    return 0.0


def _predictor(model: Model, data: Rows, slot: Slot) -> Floats | None:
    """The linear predictor, less its offset, under which every row's location is its observation; None for none."""
    values = np.asarray(model.family._response(data.y), dtype=float)
    link, (low, high) = slot.link, slot.reach
    if np.min(values) <= low or np.max(values) >= high:
        return None
    offset = data.offset(slot)
    target = link.forward(values) if offset is None else link.forward(values) - offset
    return target if np.all(np.isfinite(target)) else None


def _reproducing(x: Any, target: Any) -> Floats | None:
    """Coefficients of the columns that give the target in every row, by few rows first; None where there are none."""
    n, p = x.shape
    if p > FEW_COLUMNS and (n > p or n * n * p > LARGEST):
        return None
    few = slice(None, None, max(1, n // (p + 2)))
    if n > p + 2 and (_surely_off(blocks.dense(x[few]), target[few]) or _solved(x[few], target[few]) is None):
        return None
    return _solved(x, target)


def _surely_off(x: Any, target: Any) -> bool:
    """Whether more rows than columns are plainly not reproduced: by what the columns leave of the target's length."""
    triangle: Any = np.linalg.qr(np.column_stack([x, target]), mode="r")
    return abs(float(triangle[-1, -1])) > 1e3 * EXACT * float(np.max(np.abs(target))) * x.size


def _solved(x: Any, target: Any) -> Floats | None:
    x = blocks.dense(x)
    largest = np.max(np.abs(x), axis=0, initial=0.0)
    largest = np.where(largest > 0.0, largest, 1.0)
    found, _, rank, _ = linalg.lstsq(x / largest, target, lapack_driver="gelsy", check_finite=False)
    varied = float(np.max(np.abs(target - target[0])))
    size = max(varied, 1e-3 * float(np.max(np.abs(target))))
    off = float(np.max(np.abs(target - (x / largest) @ found)))
    return found / largest if rank == len(x) or off <= EXACT * size * x.shape[1] else None


def _spreads(model: Model, data: Rows, location: Slot) -> Iterator[tuple[Slot, int]]:
    """Other parameters that one coefficient moves in all rows together, and where it is."""
    for slot in model.slots:
        if slot is location or slot.idle or slot.entry is not None:
            continue
        columns = data.design(slot)
        constant = 0 if columns is None else blocks.constant_column(columns)
        if constant is not None:
            yield slot, slot.start + constant


def _at(model: Model, data: Rows, location: Slot, target: Any) -> tuple[RowsObjective, Any]:
    """The log-likelihood with the location at a linear predictor, and the other coefficients where they start."""
    offset, x = data.offset(location), starting_values(model, data)
    x[location.start : location.stop] = 0.0
    held = replace(location, design=None, offset=())
    slots = tuple(held if slot is location else slot for slot in model.slots)
    return RowsObjective(
        replace(model, slots=slots), data.with_offset(held, target if offset is None else target + offset)
    ), x


def _rises(objective: RowsObjective, x: Any, at: int, sign: float) -> bool:
    """Whether the log-likelihood rises by as much at every step of one coefficient."""
    heights = []
    for step in STEPS:
        moved = x.copy()
        moved[at] += sign * step
        heights.append(objective.value(moved))
    return bool(np.min(np.diff(heights)) >= RISES * np.min(np.diff(STEPS)) * objective.total_weight)


def _allowed(region: Region, location: Slot, columns: Any, exact: Any, direction: Any) -> bool:
    """Whether constraints leave room for the exact fit, and for the other parameter's way to its end."""
    if np.any(region.rows @ direction > 0.0) or np.any(region.equal @ direction):
        return False
    x = blocks.dense(columns)
    largest = np.max(np.abs(x), axis=0, initial=0.0)
    largest = np.where(largest > 0.0, largest, 1.0)
    own = slice(location.start, location.stop)
    origin, others = np.zeros(len(direction)), np.ones(len(direction), dtype=bool)
    origin[own], others[own] = exact, False
    free = linalg.null_space(x / largest) / largest[:, None]
    ways = np.zeros((len(direction), free.shape[1] + int(np.sum(others))))
    ways[own, : free.shape[1]], ways[others, free.shape[1] :] = free, np.eye(int(np.sum(others)))
    found = optimize.linprog(
        np.zeros(ways.shape[1]),
        region.rows @ ways,
        region.room - region.rows @ origin,
        region.equal @ ways,
        region.values - region.equal @ origin,
        (None, None),
    )
    return bool(found.status == 0)


# -- rows at the pole of a link ----------------------------------------------------------------------------------


def _at_pole(L: LogLikelihood) -> Unbounded | None:
    """A link whose parameter is infinite at 0: predictors that are 0 in rows whose density has no bound there alone."""
    model, data = L.model, L.bound.data
    slot = model.slots[0] if model.slots else None
    columns = None if slot is None else data.design(slot)
    if slot is None or columns is None or slot.entry is not None or slot.offset is not None:
        return None
    if not slot.natural(NEAR_POLE[1]) > slot.natural(NEAR_POLE[0]) > 1.0 / np.sqrt(NEAR_POLE[0]) * 0.99:
        return None
    heights = []
    for eta in NEAR_POLE:
        objective, x = _at(model, data, slot, np.full(data.n, eta))
        heights.append(objective.log_density(x))
    there = heights[1] - heights[0] > RISES * np.log(NEAR_POLE[0] / NEAR_POLE[1])
    if not np.any(there) or np.all(there):
        return None
    x = blocks.dense(columns)
    largest = np.max(np.abs(x), axis=0, initial=0.0)
    x = x / np.where(largest > 0.0, largest, 1.0)
    others = np.column_stack([-x[~there], np.ones(data.n - int(np.sum(there)))])
    held = np.unique(np.column_stack([x[there], np.zeros(int(np.sum(there)))]), axis=0)
    aim, ends = np.append(np.zeros(x.shape[1]), -1.0), [(None, None)] * x.shape[1] + [(None, 1.0)]
    found = optimize.linprog(aim, others, np.zeros(len(others)), held, np.zeros(len(held)), ends)
    if found.status != 0 or found.x[-1] < 0.5:
        return None
    rows = np.flatnonzero(there)
    return Unbounded(
        f"the predictors can put {slot.label} at infinity in {len(rows):,} of {data.n:,} rows alone (the first: row "
        f"{rows[0]}), where {slot.link.name}({slot.label}) is 0 and the density has no bound, so the likelihood grows "
        f"without bound. Use the default link of {slot.label}, {slot.parameter.domain.link}"
    )
