"""Logarithms of tails whose probability is too small for a float, from the log-density nearby."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from likely.namespace.arrays import Floats

STEP = 1e-4  # of the distance between an observation and the middle of its distribution


def log_beyond(
    log_f: Callable[[Any], Any], y: Any, side: float, discrete: bool, median: Any, end: Any, xp: Any = np
) -> Floats:
    """The logarithm of P(Y >= y) where `side` is 1, of P(Y <= y) where it is -1, for y far out on that side.

    With s the slope of -log f at y and c its own slope, P(Y > y) = f(y)/s (1 - c/s^2) to the second order of the
    tail's expansion; for whole numbers the tail is a geometric series.

    Parameters
    ----------
    log_f : callable
        y -> log-density, -inf outside the support.
    y : ndarray
    side : float
    discrete : bool
    median, end : ndarray or float
        The middle of the distribution, and the end of its support on this side.
    xp : module or namespace
        Whose arrays `log_f` returns.

    Returns
    -------
    ndarray
        -inf where nothing lies beyond y.

    Examples
    --------
    >>> round(float(log_beyond(lambda y: -y, np.array(1000.0), 1.0, False, 0.7, np.inf)), 6)  # exponential
    -1000.0
    """
    with np.errstate(all="ignore"):
        here = log_f(y)
        if discrete:
            return here - xp.log1p(-xp.exp(log_f(y + side) - here))
        # a share of the distance to the middle, which has the distribution's own size wherever its origin is
        step = STEP * np.minimum(np.abs(y - median), np.abs(end - y))
        step = np.where(step > 0.0, step, 1e-300)
        onward, back = log_f(y + side * step), log_f(y - side * step)
        slope = 0.5 * (back - onward) / step
        bent = (2.0 * here - back - onward) / (step * slope * (step * slope))
        out = here - xp.log(slope) + xp.log1p(-xp.where(xp.abs(bent) < 0.1, bent, 0.0))
        return xp.where(xp.isfinite(onward) & xp.isfinite(out), out, -np.inf)
