"""Where a search starts: the family's starting values as coefficients on the link scale."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from likely.compute import blocks
from likely.compute.blocks import Blocks
from likely.compute.solve import least_squares
from likely.errors import ParameterError
from likely.families.base.vectors import VectorDomain
from likely.models.model import BEHIND, Model, Slot
from likely.models.rows import Rows, take

ENOUGH_ROWS = 10_000


def starting_values(model: Model, data: Rows, values: Any = None) -> Any:
    """Coefficients to start from: the family's starting values, the same for every row.

    Parameters
    ----------
    model : Model
    data : Rows
    values : mapping, optional
        Values by parameter, instead of the family's.

    Returns
    -------
    ndarray, shape (p,)
    """
    start = values
    if start is None:
        rows = _some_rows(data.y)
        w = None if data.weights is None else _counting(data.weights[rows])
        with np.errstate(all="ignore"):
            start = model.family._start(data.y[rows], w, take(data.known, rows))
    if data.units is not None:  # the family saw means; their parameters are those of a typical number of units
        typical = np.exp(-float(np.mean(np.log(data.units))))
        start = model.family.of_means(start, typical)
    out = np.zeros(model.size)
    for slot, value in _values(model, start):
        if slot.parameter.anchored:
            continue  # no effect
        eta = value if slot.entry is not None else _inside(slot, value)
        if slot.design is None:
            out[slot.start] = eta - float(np.mean(_offset(slot, data)))
        else:
            out[slot.start : slot.stop] = _constant_predictor(slot, data, eta)
    return out


def _some_rows(y: Any) -> Any:
    """Enough rows for a starting value, spread over the data."""
    return slice(None, None, max(1, len(y) // ENOUGH_ROWS))


def _counting(w: Any) -> Any:
    """Weights that sum to a number of observations, as the families' moments take them."""
    total = float(np.sum(w))
    return w * (len(w) / total) if 0.0 < total < len(w) else w


def _values(model: Model, start: Mapping[str, Any]) -> Iterator[tuple[Slot, float]]:
    """Every slot with its starting value; that of an entry of a vector is its linear predictor."""
    for group in model.groups:
        parameter = group[0].parameter
        value = start.get(parameter.name)
        if value is None:
            if not parameter.anchored:
                raise ParameterError(f"{model.family.title} gives no starting value for {parameter.name}")
            value = 0.0
        if parameter.anchored or not isinstance(parameter.domain, VectorDomain):
            values = [float(np.median(value))] * len(group)
        else:
            values = [float(eta) for eta in parameter.domain.etas(value)]
        yield from zip(group, values, strict=True)


def _inside(slot: Slot, value: float) -> float:
    """The linear predictor of a starting value, moved off the end of the domain."""
    domain = slot.parameter.domain
    if np.isfinite(domain.lower) and np.isfinite(domain.upper):
        margin = 1e-3 * (domain.upper - domain.lower)
        if not domain.lower < value < domain.upper:
            value = float(np.clip(value, domain.lower + margin, domain.upper - margin))
    elif np.isfinite(domain.lower):
        value = value if value > domain.lower else domain.lower + 1e-8
    with np.errstate(all="ignore"):  # a link for positive numbers takes the value's size, at worst 1
        etas = [float(slot.link.forward(v)) for v in (value, abs(value), 1.0)]
    return next((eta for eta in etas if np.isfinite(eta)), 0.0)


def _offset(slot: Slot, data: Rows) -> Any:
    """The offset, where it does not only leave a level behind."""
    if slot.offset is None:
        return 0.0
    offset = data.offsets[slot.label]
    return offset if slot.entry is None else np.where(np.abs(offset) > 0.5 * BEHIND, 0.0, offset)


def _constant_predictor(slot: Slot, data: Rows, eta: float) -> Any:
    """Coefficients whose linear predictor is about `eta` in every row."""
    x = data.designs[slot.label]
    beta = np.zeros(x.shape[1])
    offset = _offset(slot, data)
    if (j := blocks.constant_column(x)) is not None:
        beta[j] = eta - float(np.mean(offset))
        return beta
    rows = slice(None, None, max(1, len(x) // 10_000))
    target = np.broadcast_to(eta - offset, len(x))[rows]
    if isinstance(x, Blocks):
        return least_squares.solve(x, np.broadcast_to(eta - offset, len(x)))
    return np.linalg.lstsq(x[rows], target, rcond=None)[0]
