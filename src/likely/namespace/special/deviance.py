"""The parts of a deviance without their cancellation: ``log1p(x) - x`` and ``x * log(x / m) + m - x``."""

from __future__ import annotations

import math
from typing import cast

import numpy as np
from numpy.typing import ArrayLike

from likely.namespace.special.coefficients import ATANH
from likely.namespace.special.evaluate import Array, at, at1, split, unary


def _log1pmx_near(x: Array) -> Array:
    r = x + 2.0
    np.divide(x, r, out=r)
    y = r * r
    out = at(ATANH, y)
    out *= y
    out *= 2.0
    out -= x
    out *= r
    return out


def _log1pmx_far(x: Array) -> Array:
    out = np.log1p(x)
    out -= x
    out[x == np.inf] = -np.inf
    return out


def _log1pmx_one(x: float) -> float:
    if -0.5 <= x <= 1.0:
        r = x / (2.0 + x)
        y = r * r
        return r * (2.0 * y * at1(ATANH, y) - x)
    if x > -1.0:
        return math.log1p(x) - x if x < math.inf else -math.inf
    return -math.inf if x == -1.0 else math.nan


def log1pmx(x: ArrayLike) -> Array:
    """``log1p(x) - x`` for ``x >= -1``, without the cancellation near 0.

    Parameters
    ----------
    x
        At least -1; below, the result is NaN.

    Returns
    -------
    Array
        Never positive; ``-inf`` at -1 and at infinity.

    Notes
    -----
    With ``r = x / (2 + x)``, ``log1p(x) = 2 * atanh(r)`` (DLMF 4.6.5), hence
    ``log1p(x) - x = r * (2 * r**2 * (1/3 + r**2/5 + ...) - x)``, used for ``-1/2 <= x <= 1``.
    """
    return unary(x, _log1pmx_one, lambda a: (a >= -0.5) & (a <= 1.0), _log1pmx_near, _log1pmx_far)


# --- Deviance part: x * log(x / m) + m - x ---------------------------------------------------------


def _bd0_near(x: Array, m: Array) -> Array:
    d = x - m
    r = x + m
    np.divide(d, r, out=r)
    y = r * r
    out = at(ATANH, y)
    out *= y
    out *= x
    out *= 2.0
    out += d
    out *= r
    return out


def _bd0_far(x: Array, m: Array) -> Array:
    ratio = x / m
    extreme = ~((ratio > 1e-290) & (ratio < np.inf))
    out = np.log(ratio)
    if extreme.any():
        np.copyto(out, np.log(x) - np.log(m), where=extreme)
    out -= 1.0
    out *= x
    out += m
    np.copyto(out, m, where=(x == 0.0) | ((m == np.inf) & (x < np.inf)))
    np.copyto(out, np.nan, where=(x < 0.0) | (m < 0.0))
    return out


def _bd0_one(x: float, m: float) -> float:
    d = x - m
    s = x + m
    if 3.0 * abs(d) < s < math.inf:
        r = d / s
        y = r * r
        return r * (2.0 * x * y * at1(ATANH, y) + d)
    if not (x >= 0.0 and m >= 0.0) or (x == math.inf and m == math.inf):
        return math.nan
    if x == 0.0 or m == math.inf:
        return m
    if m == 0.0 or x == math.inf:
        return math.inf
    ratio = x / m
    log_ratio = math.log(ratio) if 1e-290 < ratio < math.inf else math.log(x) - math.log(m)
    return x * (log_ratio - 1.0) + m


def bd0(x: ArrayLike, m: ArrayLike) -> Array:
    """``x * log(x / m) + m - x`` for ``x, m >= 0``: half the Poisson deviance of ``x`` from mean ``m``.

    Parameters
    ----------
    x, m
        Not negative (the result is NaN otherwise); they broadcast.

    Returns
    -------
    Array
        Never negative, 0 only where ``x == m``; ``bd0(0, m) = m`` and ``bd0(x, 0) = inf`` for positive ``x``.
        Relatively accurate also where ``x`` and ``m`` agree in all but their last digits.

    Notes
    -----
    Loader (2000). With ``r = (x - m) / (x + m)`` and DLMF 4.6.5,
    ``bd0 = r * (x - m + 2 * x * r**2 * (1/3 + r**2/5 + ...))``, used where ``abs(r) < 1/3``.
    """
    if isinstance(x, (float, int)) and isinstance(m, (float, int)):
        return cast(Array, np.float64(_bd0_one(float(x), float(m))))
    a = np.asarray(x, dtype=np.float64)
    b = np.asarray(m, dtype=np.float64)
    if a.ndim == 0 and b.ndim == 0:
        return cast(Array, np.float64(_bd0_one(float(a), float(b))))
    with np.errstate(all="ignore"):
        gap = np.subtract(a, b)
        np.abs(gap, out=gap)
        gap *= 3.0
        total = a + b
        return split((gap < total) & (total < np.inf), _bd0_near, _bd0_far, a, b)
