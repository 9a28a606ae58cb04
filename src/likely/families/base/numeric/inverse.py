"""Quantiles of distributions that state their tails: by bisection over all floats, whatever their scale."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from likely.namespace.arrays import Floats, Integers

HALVINGS = 64  # there are fewer than 2^64 floats
MAGNITUDE = np.int64(2**63 - 1)


def first_float(reached: Callable[[Any], Any], low: Any, high: Any, shape: tuple[int, ...]) -> Floats:
    """The smallest float of [low, high] at which a condition holds that holds from there on; `high` where none is.

    Parameters
    ----------
    reached : callable
        Values of the shape `shape` -> whether the condition holds.
    low, high : float or ndarray
    shape : tuple of int

    Returns
    -------
    ndarray

    Examples
    --------
    >>> first_float(lambda y: y * y >= 2.0, 0.0, np.inf, (1,)).tolist() == [2.0**0.5]
    True
    """
    below, above = (_order(np.broadcast_to(np.asarray(end, dtype=float), shape)) for end in (low, high))
    for _ in range(HALVINGS):
        middle = (below >> 1) + (above >> 1) + (below & above & 1)
        here = reached(_float(middle))
        below, above = np.where(here, below, middle + 1), np.where(here, middle, above)
        below = np.minimum(below, above)
        if np.all(below == above):
            break
    return _float(above)


def _order(x: Any) -> Integers:
    """The place of each float in the order of all floats."""
    return _turned((x + 0.0).view(np.int64))


def _float(place: Any) -> Floats:
    return _turned(place).view(float)


def _turned(bits: Any) -> Integers:
    """The bits of negative floats in the order of integers, and back."""
    return bits ^ ((bits >> 63) & MAGNITUDE)
