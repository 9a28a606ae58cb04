"""Whether the log-likelihood falls on all sides of the place where a search ended, or stays level for ever.

A link may reach less than the parameter's domain, as a logarithm does that of a location: rows whose parameter would
rather lie outside send their linear predictor to infinity, on the way the score fades and the curvature with it, and
a search ends there as if at a peak. The same befalls a scale that runs to 0 where the likelihood stays bounded. There
the information has a direction next to nothing, and a far point along that direction does as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from likely.compute import blocks
from likely.compute.blocks import Matrix
from likely.compute.solve import newton
from likely.compute.solve.newton import Point
from likely.likelihoods import Objective, RowsObjective, single_peaked
from likely.models.model import Model
from likely.models.rows import Rows
from likely.models.slot import Slot
from likely.namespace import NumpyNamespace
from likely.namespace.arrays import Floats
from likely.search.directions import PredictorScaling, cheap, few_rows, orthonormalising, single_terms

WEAK = 1.0  # information about a linear predictor, at most, that gives cause to look
SHARE = 1e-4  # or a share of the information in the best known direction
FURTHER = 5.0  # how much further to look: on the scale of a logarithm, or in multiples of the linear predictor
LEVEL = 1e-8  # a change of the log-likelihood that is none
NEARLY = 1e-4  # the same where a search has not come to its end
ROUNDING = 1e-12  # share of the rows' squared scores that an information keeps which is 0
NEXT_TO_NONE = 1e-5  # the same where a search may have ended beside a curve of peaks
FADED = 1e-3  # information about a constant's linear predictor that may have faded as others came to their end
LEAST = 0.03  # of an information's standard error, beside which the rows' scores along a direction count
ASIDE = 1e-5  # of a spread's logarithm, within which a smooth curvature stays what it is
RESIDUE = 1e-13  # entries of an eigenvector that are rounding, and count where a coefficient has run far
MOST = 12  # directions
AT_FOLD = 1e-8  # share of the response's size below which a parameter lies where its link turns back


@final
@dataclass(frozen=True, eq=False)
class Plateau:
    """Where the log-likelihood has no peak in some coefficients.

    Attributes
    ----------
    slot : Slot
        Whose linear predictor runs away.
    direction : ndarray, shape (p,)
        Where its coefficients run; zero where they run to finite values.
    rows : ndarray of int
        The rows whose parameter runs to `limit`.
    limit : float
    """

    slot: Slot
    direction: Any
    rows: Any
    limit: float


def find_plateau(likelihood: Objective, point: Point, level: float = LEVEL) -> Plateau | None:
    """The plateau on which a search ended; None where the log-likelihood falls on all sides, by more than `level`.

    Nothing is asked of a model that the family vouches for.
    """
    objective, model = likelihood.linear, likelihood.model
    if objective is None or single_peaked(model) or not point.usable:
        return None
    found = _at_fold(objective, point)
    weak = _weak_directions(model, objective.data, point) if found is None else []
    return next(
        (p for slot, direction in weak if (p := _level(objective, point, slot, direction, level)) is not None), found
    )


def flat_directions(objective: Objective, point: Point) -> Floats:
    """Directions in which the information is nothing but rounding, while the rows have something to say, shape (p, m).

    The rows' own scores give the size of what the information is a difference of: two observations of a Cauchy say much
    of its location, and yet a whole curve of locations and scales is equally likely. A search ends beside such a curve,
    where there is a little curvature still: directions with next to none are asked again at the peak of the others.
    """
    family, found = objective.model.family, np.zeros((len(point.x), 0))
    # with many rows no information vanishes by a coincidence of values
    asked = point.usable and (bool(family.straight) or not single_peaked(objective.model))
    if not (asked and few_rows(objective)):
        return found
    for _ in range(3):
        metric = _in_scores(objective, point)
        if metric is None:
            break
        values, vectors = np.linalg.eigh(metric.T @ point.info @ metric)
        weak, flat = (np.abs(values) <= share for share in (NEXT_TO_NONE, ROUNDING))
        across = metric @ vectors[:, ~weak]
        found = metric @ vectors[:, flat]
        if not np.any(weak) and family.straight:
            return _flat_beside(objective, point, metric)
        if np.array_equal(weak, flat) or np.all(weak):
            break
        point = objective.point(point.x + across @ ((across.T @ point.score) / values[~weak]))
        if not point.usable:
            break
    return found


def _flat_beside(objective: Objective, point: Point, metric: Any) -> Any:
    """The same next to a peak where curvature ends, at a spread that is a little smaller.

    Where a density is straight beyond some size of its errors, as Huber's, a group with all of its errors there has
    an interval of equally high places, and at its ends one of the errors has that very size.
    """
    for slot in objective.model.slots[1:]:
        if slot.constant and slot.link.name == "log":
            x = point.x.copy()
            x[slot.start] -= ASIDE
            beside = objective.point(x)
            if beside.usable:
                values, vectors = np.linalg.eigh(metric.T @ beside.info @ metric)
                return metric @ vectors[:, values <= ROUNDING]
    return np.zeros((len(point.x), 0))


def covariance_in_scores(objective: Objective, point: Point) -> Any:
    """The inverse of an information that is not singular beside the rows' scores; None where it is.

    Rows that say very much of some combination of coefficients make an information look singular in the others.
    """
    if single_peaked(objective.model) or not few_rows(objective) or not point.usable:
        return None
    metric = _in_scores(objective, point)
    if metric is None or flat_directions(objective, point).size:
        return None
    values, vectors = np.linalg.eigh(metric.T @ point.info @ metric)
    if not values[0] > ROUNDING * max(1.0, values[-1]):
        return None
    root = metric @ (vectors / np.sqrt(values))
    return root @ root.T


def _in_scores(objective: Objective, point: Point) -> Any:
    """Coordinates, as columns, in which the rows' scores have unit squares and no products; None where there are none.

    They are the same directions however linear predictors are written. Where all scores are next to 0 a share of the
    size of the information stands for them, beside which an information that is 0 has no digits.
    """
    with np.errstate(all="ignore"):
        scores = np.asarray(objective.row_scores(point.x), dtype=float)
        if objective.weights is not None:
            scores = scores * np.sqrt(objective.weights)[:, None]
        size = np.linalg.norm(scores, axis=0)
    if not (np.all(np.isfinite(size)) and np.all(size > 0.0)):
        return None
    rows = objective.linear
    units = np.diag(1.0 / size) if rows is None else PredictorScaling(rows.model, rows.data)(point.info)
    try:
        triangle = np.linalg.qr(np.vstack([scores, LEAST * np.linalg.inv(units)]) / size, mode="r")
        return np.linalg.inv(triangle) / size[:, None]
    except np.linalg.LinAlgError:
        return None


def _weak_directions(model: Model, data: Rows, point: Point) -> list[tuple[Slot, Any]]:
    """Directions about which next to nothing is known, in units of the linear predictors."""
    found = []
    for slot in model.slots:
        own = slice(slot.start, slot.stop)
        if slot.link.name == "identity" or slot.idle or not np.all(np.isfinite(point.x[own])):
            continue
        x = np.ones((1, 1)) if slot.design is None else data.designs[slot.label]
        info, ways = point.info[own, own], _independent(x, data.weights, point.info[own, own])
        known = np.einsum("ki,ij,kj->k", ways, info, ways)
        weak = max(WEAK, SHARE * float(np.max(known)))
        ways = ways[known <= weak][:MOST]
        if len(info) > 1:  # one column or level alone, too: where it has run far the little that others have counts
            alone = _at_most_one(np.array(single_terms(slot, x)), x)
            ways = np.vstack([ways, alone[np.einsum("ki,ij,kj->k", alone, info, alone) <= min(weak, FADED)][:MOST]])
        for way in ways:
            direction = np.zeros(model.size)
            direction[own] = way
            found.append((slot, direction))
    return found


def _independent(x: Matrix, weights: Any, info: Any) -> Any:
    """Directions, as rows, about which the information is independent, each moving the predictor by about 1 at most."""
    largest = blocks.largest(x)
    largest = np.where(largest > 0, largest, 1.0)
    small = cheap(x)
    turned = orthonormalising(blocks.dense(x), weights) if small else np.diag(1.0 / largest)
    ways = (turned @ np.linalg.eigh(turned.T @ info @ turned)[1]).T
    size = np.abs(ways) * largest
    ways = np.where(size > RESIDUE * np.max(size, axis=1, keepdims=True), ways, 0.0)
    return _at_most_one(ways, x) if small else ways


def _at_most_one(ways: Any, x: Matrix) -> Any:
    """Directions, as rows, each such that the linear predictor moves by 1 at most."""
    moves = np.max(np.abs(x @ ways.T), axis=0)
    return ways / np.where(moves > 0.0, moves, 1.0)[:, None]


def _level(objective: RowsObjective, point: Point, slot: Slot, direction: Any, level: float) -> Plateau | None:
    """The plateau along a direction, or against it."""
    place = next(k for k, other in enumerate(objective.model.slots) if other is slot)
    at = np.asarray(objective.etas(point.x, slice(None))[place], dtype=float)
    moves = np.asarray(objective.etas(direction, slice(None))[place], dtype=float)
    moves = moves if slot.offset is None else moves - objective.data.offsets[slot.label]
    at, moves = np.broadcast_arrays(at, moves)
    moving = np.abs(moves) > 1e-3 * np.max(np.abs(moves))
    if not np.any(moving):  # of a size that no float can hold
        return None
    # powers and the reciprocal know no scale of their own
    unit = 1.0 if slot.link.name in ("log", "softplus") else max(1.0, float(np.max(np.abs(at[moving]))))
    noise = level + 1e-13 * abs(point.value)
    ways: list[tuple[Any, float, float]] = []
    for sign in (1.0, -1.0):
        step = sign * FURTHER * unit * direction / float(np.max(np.abs(moves)))
        if all(abs(objective.value(point.x + t * step) - point.value) <= noise for t in (0.3, 1.0)):
            limit = _limit(slot, at[moving] + 1e3 * unit * np.sign(sign * moves[moving]))
            ways.append((np.isfinite(limit), sign, limit))
    if not ways and slot.constant and point.info[slot.start, slot.start] * unit**2 <= FADED:
        ways = [
            (True, s, _limit(slot, s * 1e3 * unit))
            for s in (-1.0, 1.0)
            if _follows(objective, point, slot.start, s * unit, noise)
        ]
    if not ways:
        return None
    _, sign, limit = max(ways)  # far enough out it is level on the way back, too, to a value that no data ask for
    return Plateau(slot, sign * direction, np.flatnonzero(np.broadcast_to(moving, len(objective.y))), limit)


def _follows(objective: RowsObjective, point: Point, k: int, step: float, noise: float) -> bool:
    """Whether a constant goes on without loss if the others go with it, such as a scale to 0 about tied values.

    They end where the scale's own information has faded, a little beside the tie that the location closes in on.
    """
    others = np.delete(np.arange(len(point.x)), k)
    x = point.x.copy()
    for _ in range(3):
        x[k] += step

        def at(z: Any, x: Any = x) -> Point:
            whole = x.copy()
            whole[others] = z
            full = objective.point(whole)
            return Point(z, full.value, full.score[others], full.info[np.ix_(others, others)])

        found = newton.maximize(at, x[others], max_iterations=20)
        if not found.point.usable or found.point.value < point.value - noise:
            return False
        x[others] = found.point.x
    return True


def _limit(slot: Slot, beyond: Any) -> float:
    """What the parameter becomes at linear predictors far away: an end of the link's reach, or 0, if near one."""
    with np.errstate(all="ignore"):
        value = float(np.median(slot.link.inverse(beyond, NumpyNamespace())))
    for end in (slot.link.lower, slot.link.upper, 0.0):
        if abs(value - end) <= 1e-3:
            return end
    return value


def _at_fold(objective: RowsObjective, point: Point) -> Plateau | None:
    """Rows whose parameter lies at 0, where a root or a power ends or turns back.

    In the linear predictor that looks like a peak, yet a parameter that may be any real number would rather go on.
    """
    size = float(np.max(np.abs(objective.y), initial=0.0))
    for k, slot in enumerate(objective.model.slots):
        beyond = slot.link.lower == 0.0 and slot.entry is None and slot.parameter.domain.lower < 0.0
        if slot.idle or not (beyond or slot.link.positive) or slot.natural(0.0) != 0.0:
            continue
        eta = np.asarray(objective.etas(point.x, slice(None))[k], dtype=float)
        with np.errstate(all="ignore"):
            there = np.abs(slot.link.inverse(np.abs(eta), NumpyNamespace())) <= AT_FOLD * size
        if slot.design is not None:  # a row without predictors cannot move
            there = there & np.any(blocks.dense(objective.data.designs[slot.label]) != 0.0, axis=1)
        if np.any(there):
            rows = np.flatnonzero(np.broadcast_to(there, len(objective.y)))
            return Plateau(slot, np.zeros(len(point.x)), rows, 0.0)
    return None
