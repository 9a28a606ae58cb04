"""Where a search starts: the family's starting values as coefficients on the link scale."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from likely.compute import blocks
from likely.compute.blocks import Blocks
from likely.compute.solve import least_squares
from likely.errors import ParameterError
from likely.families.base.vectors import VectorDomain
from likely.models.model import Model
from likely.models.rows import Rows, take
from likely.models.slot import BEHIND, Slot
from likely.namespace.arrays import Floats

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

    See Also
    --------
    several_starts : the same for several values of each parameter.
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
    return _coefficients(model, data, _values(model, start), ())


def several_starts(model: Model, data: Rows, values: Mapping[str, Any]) -> Floats:
    """Coefficients for k values of each parameter, shape (k, p); no parameter may be a vector."""
    count = np.shape(values[model.slots[0].parameter.name])
    return _coefficients(model, data, ((slot, values[slot.parameter.name]) for slot in model.slots), count)


def _coefficients(model: Model, data: Rows, values: Iterable[tuple[Slot, Any]], count: tuple[int, ...]) -> Floats:
    """Coefficients from every slot's value, or its values, one for each start."""
    out = np.zeros((*count, model.size))
    for slot, value in values:
        if slot.parameter.anchored:
            continue  # no effect
        eta = value if slot.entry is not None else _inside(slot, value)
        if slot.design is None:
            out[..., slot.start] = eta - _mean_offset(slot, data)
        else:
            out[..., slot.start : slot.stop] = _constant_predictor(slot, data, eta)
    return out


def _some_rows(y: Any) -> Any:
    """Enough rows for a starting value, spread over the data."""
    return slice(None, None, max(1, len(y) // ENOUGH_ROWS))


def _counting(w: Any) -> Floats:
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
            values = [float(value) if np.ndim(value) == 0 else float(np.median(value))] * len(group)
        else:
            values = [float(eta) for eta in parameter.domain.etas(value)]
        yield from zip(group, values, strict=True)


def _inside(slot: Slot, value: Any) -> Floats:
    """The linear predictors of starting values, moved off the ends of the domain."""
    domain = slot.parameter.domain
    if np.isfinite(domain.lower) and np.isfinite(domain.upper):
        margin = 1e-3 * (domain.upper - domain.lower)
        inside = (value > domain.lower) & (value < domain.upper)
        value = np.where(inside, value, np.clip(value, domain.lower + margin, domain.upper - margin))
    elif np.isfinite(domain.lower):
        value = np.where(value > domain.lower, value, domain.lower + 1e-8)
    with np.errstate(all="ignore"):
        eta = slot.link.forward(value)
        for other in (np.abs(value), np.ones_like(value)):  # for positive numbers a link takes the size, at worst 1
            if np.all(np.isfinite(eta)):
                break
            eta = np.where(np.isfinite(eta), eta, slot.link.forward(other))
    return np.where(np.isfinite(eta), eta, 0.0)


def _offset(slot: Slot, data: Rows) -> Floats | float:
    """The offset, where it does not only leave a level behind."""
    if slot.offset is None:
        return 0.0
    offset = data.offsets[slot.label]
    return offset if slot.entry is None else np.where(np.abs(offset) > 0.5 * BEHIND, 0.0, offset)


def _mean_offset(slot: Slot, data: Rows) -> float:
    return 0.0 if slot.offset is None else float(np.mean(_offset(slot, data)))


def _constant_predictor(slot: Slot, data: Rows, eta: Any) -> Floats:
    """Coefficients whose linear predictor is about `eta` in every row."""
    x = data.designs[slot.label]
    if (j := blocks.constant_column(x)) is not None:
        beta = np.zeros((*np.shape(eta), x.shape[1]))
        beta[..., j] = eta - _mean_offset(slot, data)
        return beta
    if np.ndim(eta):
        return np.array([_constant_predictor(slot, data, one) for one in eta])
    target = np.broadcast_to(eta - _offset(slot, data), len(x))
    if isinstance(x, Blocks):
        return least_squares.solve(x, target)
    rows = slice(None, None, max(1, len(x) // 10_000))
    return np.linalg.lstsq(x[rows], target[rows], rcond=None)[0]
