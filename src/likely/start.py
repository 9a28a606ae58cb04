"""Where a search starts: the family's starting values as coefficients on the link scale."""

from __future__ import annotations

from typing import Any

import numpy as np

from likely.blocks import Blocks
from likely.errors import ParameterError
from likely.model import BEHIND, Model, Slot, take
from likely.solve import least_squares

ENOUGH_ROWS = 10_000


def starting_values(model: Model, y: Any, w: Any, values: Any = None) -> Any:
    """Coefficients to start from: the family's starting values, the same for every row.

    Parameters
    ----------
    model : Model
    y, w : ndarray, ndarray or None
        Responses and frequency weights, for the family's moments.
    values : mapping, optional
        Values by parameter, instead of the family's.

    Returns
    -------
    ndarray, shape (p,)
    """
    start = values
    if start is None:
        rows = _some_rows(y, w)
        known = take(model.known, rows)
        with np.errstate(all="ignore"):
            start = model.family._start(y[rows], None if w is None else w[rows], known)
    out = np.zeros(model.size)
    for slot in model.slots:
        value = start.get(slot.parameter.name)
        if slot.level is not None:
            index = list(model.levels).index(_level(model, slot))
            p = np.asarray(value, dtype=float) if value is not None else None
            eta = 0.0 if p is None else float(np.log(max(p[index], 1e-6) / max(p[0], 1e-6)))
        else:
            if value is None:
                raise ParameterError(f"{model.family.title} gives no starting value for {slot.parameter.name}")
            eta = _inside(slot, float(np.median(value)))
        if slot.design is None:
            out[slot.start] = eta - float(np.mean(_offset(slot)))
        else:
            out[slot.start : slot.stop] = _constant_predictor(slot, eta)
    return out


def _some_rows(y: Any, w: Any) -> Any:
    """Enough rows for a starting value, spread over the data; those of weight zero do not count."""
    if len(y) <= ENOUGH_ROWS:
        return slice(None)
    if w is None:
        return slice(None, None, len(y) // ENOUGH_ROWS)
    counted = np.flatnonzero(w > 0)
    return counted[:: max(1, len(counted) // ENOUGH_ROWS)]


def _level(model: Model, slot: Slot) -> Any:
    return next(level for level in model.levels if str(level) == slot.level)


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


def _offset(slot: Slot) -> Any:
    """The offset, where it does not only leave a level behind."""
    if slot.offset is None:
        return 0.0
    return slot.offset if slot.level is None else np.where(np.abs(slot.offset) > 0.5 * BEHIND, 0.0, slot.offset)


def _constant_predictor(slot: Slot, eta: float) -> Any:
    """Coefficients whose linear predictor is about `eta` in every row."""
    assert slot.design is not None
    x = slot.design.x
    beta = np.zeros(x.shape[1])
    offset = _offset(slot)
    if (j := slot.design.intercept) is not None:
        beta[j] = eta - float(np.mean(offset))
        return beta
    rows = slice(None, None, max(1, len(x) // 10_000))
    target = np.broadcast_to(eta - offset, len(x))[rows]
    if isinstance(x, Blocks):
        return least_squares.solve(x, np.broadcast_to(eta - offset, len(x)))
    return np.linalg.lstsq(x[rows], target, rcond=None)[0]
