"""Around the gamma function: Stirling's error with its derivatives, and the polygamma functions."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from likely.namespace.special.coefficients import (
    BINET,
    HALF_LOG_2PI,
    LGAMMA1P,
    PSI0,
    PSI1,
    PSI2,
    TAIL1,
    TAIL2,
    TAIL3,
    TAIL_FROM,
)
from likely.namespace.special.evaluate import Array, inverse1, ratio, ratio1, unary


def _is_small(x: Array) -> NDArray[np.bool_]:
    return x < TAIL_FROM


def _nan_below_zero(out: Array, x: Array) -> Array:
    out[x < 0.0] = np.nan
    return out


# --- Stirling's error and its derivatives ----------------------------------------------------------


def _stirling_small(x: Array) -> Array:
    out = ratio(LGAMMA1P, x)
    out -= np.log(x)
    out += 1.0
    out *= x
    out[x == 0.0] = 0.0
    out[x < 0.0] = np.nan
    return out


def _stirling_large(x: Array) -> Array:
    t = 1.0 / x
    out = ratio(BINET, t * t)
    out *= t
    log = np.log(x)
    log *= 0.5
    out += log
    out += HALF_LOG_2PI
    return out


def _stirling_one(x: float) -> float:
    if x >= TAIL_FROM:
        t = 1.0 / x
        return 0.5 * math.log(x) + HALF_LOG_2PI + t * ratio1(BINET, t * t)
    if x > 0.0:
        return x * (1.0 - math.log(x) + ratio1(LGAMMA1P, x))
    return 0.0 if x == 0.0 else math.nan


def stirling(x: ArrayLike) -> Array:
    """``lgamma(x + 1) - x * log(x) + x`` for ``x >= 0``: a log-factorial without its leading term.

    Parameters
    ----------
    x
        Not negative; the result is NaN otherwise.

    Returns
    -------
    Array
        Never negative, increasing, 0 at 0; close to ``0.5 * log(2 * pi * x) + 1 / (12 * x)`` for large ``x``.

    Notes
    -----
    Stirling's series and Binet's remainder, DLMF 5.11.1 and 5.9.10. Then
    ``lgamma(x + 1) = stirling(x) + x * log(x) - x``, and a density's large terms combine into :func:`bd0`.
    """
    return unary(x, _stirling_one, _is_small, _stirling_small, _stirling_large)


def _stirling_d1_small(x: Array) -> Array:
    out = ratio(PSI0, x)
    out -= np.log(x)
    return out


def _stirling_d1_large(x: Array) -> Array:
    t = 1.0 / x
    out = ratio(TAIL1, t * t)
    out *= t
    np.subtract(0.5, out, out=out)
    out *= t
    return out


def _stirling_d1_one(x: float) -> float:
    if x >= TAIL_FROM:
        t = 1.0 / x
        return t * (0.5 - t * ratio1(TAIL1, t * t))
    if x > 0.0:
        return ratio1(PSI0, x) - math.log(x)
    return math.inf if x == 0.0 else math.nan


def stirling_d1(x: ArrayLike) -> Array:
    """First derivative of :func:`stirling`: ``digamma(x + 1) - log(x)`` for ``x >= 0``.

    Parameters
    ----------
    x
        Not negative; the result is NaN otherwise.

    Returns
    -------
    Array
        Positive and decreasing, ``inf`` at 0; close to ``1 / (2 * x) - 1 / (12 * x**2)`` for large ``x``.

    Notes
    -----
    DLMF 5.11.2, with ``digamma(x + 1) = digamma(x) + 1 / x``.
    """
    return unary(x, _stirling_d1_one, _is_small, _stirling_d1_small, _stirling_d1_large)


def _stirling_d2_small(x: Array) -> Array:
    out = ratio(PSI1, x)
    out -= 1.0 / np.abs(x)
    return _nan_below_zero(out, x)


def _stirling_d2_large(x: Array) -> Array:
    t = 1.0 / x
    out = ratio(TAIL2, t * t)
    out *= t
    out -= 0.5
    out *= t
    out *= t
    return out


def _stirling_d2_one(x: float) -> float:
    if x >= TAIL_FROM:
        t = 1.0 / x
        return t * t * (t * ratio1(TAIL2, t * t) - 0.5)
    return ratio1(PSI1, x) - inverse1(x) if x >= 0.0 else math.nan


def stirling_d2(x: ArrayLike) -> Array:
    """Second derivative of :func:`stirling`: ``trigamma(x + 1) - 1 / x`` for ``x >= 0``.

    Parameters
    ----------
    x
        Not negative; the result is NaN otherwise.

    Returns
    -------
    Array
        Negative and increasing, ``-inf`` at 0; close to ``-1 / (2 * x**2) + 1 / (6 * x**3)`` for large ``x``.

    Notes
    -----
    DLMF 5.15.8, with ``trigamma(x + 1) = trigamma(x) - 1 / x**2``.
    """
    return unary(x, _stirling_d2_one, _is_small, _stirling_d2_small, _stirling_d2_large)


def _stirling_d3_small(x: Array) -> Array:
    t = 1.0 / np.abs(x)
    out = ratio(PSI2, x)
    t *= t
    out += t
    return _nan_below_zero(out, x)


def _stirling_d3_large(x: Array) -> Array:
    t = 1.0 / x
    out = ratio(TAIL3, t * t)
    out *= t
    np.subtract(1.0, out, out=out)
    out *= t
    out *= t
    out *= t
    return out


def _stirling_d3_one(x: float) -> float:
    t = inverse1(x)
    if x >= TAIL_FROM:
        return t * t * t * (1.0 - t * ratio1(TAIL3, t * t))
    return ratio1(PSI2, x) + t * t if x >= 0.0 else math.nan


def stirling_d3(x: ArrayLike) -> Array:
    """Third derivative of :func:`stirling`: ``tetragamma(x + 1) + 1 / x**2`` for ``x >= 0``.

    Parameters
    ----------
    x
        Not negative; the result is NaN otherwise.

    Returns
    -------
    Array
        Positive and decreasing, ``inf`` at 0; close to ``1 / x**3 - 1 / (2 * x**4)`` for large ``x``.

    Notes
    -----
    DLMF 5.15.9, with ``tetragamma(x + 1) = tetragamma(x) + 2 / x**3``.
    """
    return unary(x, _stirling_d3_one, _is_small, _stirling_d3_small, _stirling_d3_large)


# --- Polygamma functions ---------------------------------------------------------------------------


def _trigamma_small(x: Array) -> Array:
    t = 1.0 / x
    t *= t
    t += ratio(PSI1, x)
    return _nan_below_zero(t, x)


def _trigamma_large(x: Array) -> Array:
    t = 1.0 / x
    out = ratio(TAIL2, t * t)
    out *= t
    out += 0.5
    out *= t
    out += 1.0
    out *= t
    return out


def _trigamma_one(x: float) -> float:
    t = inverse1(x)
    if x >= TAIL_FROM:
        return t * (1.0 + t * (0.5 + t * ratio1(TAIL2, t * t)))
    return t * t + ratio1(PSI1, x) if x >= 0.0 else math.nan


def trigamma(x: ArrayLike) -> Array:
    """Second derivative of ``lgamma`` for ``x >= 0``.

    Parameters
    ----------
    x
        Not negative; the result is NaN otherwise (the reflection formula is not used).

    Returns
    -------
    Array
        Positive and decreasing, ``inf`` at 0.

    Notes
    -----
    ``trigamma(x) = trigamma(x + 1) + 1 / x**2`` (DLMF 5.15.5) below 2.5, DLMF 5.15.8 above.
    """
    return unary(x, _trigamma_one, _is_small, _trigamma_small, _trigamma_large)


def _tetragamma_small(x: Array) -> Array:
    t = 1.0 / x
    out = t * t
    out *= t
    out *= -2.0
    out += ratio(PSI2, x)
    out[x == 0.0] = -np.inf
    return _nan_below_zero(out, x)


def _tetragamma_large(x: Array) -> Array:
    t = 1.0 / x
    out = ratio(TAIL3, t * t)
    out *= t
    out += 1.0
    out *= t
    out += 1.0
    out *= t
    out *= t
    np.negative(out, out=out)
    return out


def _tetragamma_one(x: float) -> float:
    t = inverse1(x)
    if x >= TAIL_FROM:
        return -t * t * (1.0 + t * (1.0 + t * ratio1(TAIL3, t * t)))
    return ratio1(PSI2, x) - 2.0 * t * t * t if x >= 0.0 else math.nan


def tetragamma(x: ArrayLike) -> Array:
    """Third derivative of ``lgamma`` for ``x >= 0``.

    Parameters
    ----------
    x
        Not negative; the result is NaN otherwise (the reflection formula is not used).

    Returns
    -------
    Array
        Negative and increasing, ``-inf`` at 0.

    Notes
    -----
    ``tetragamma(x) = tetragamma(x + 1) - 2 / x**3`` (DLMF 5.15.5) below 2.5, DLMF 5.15.9 above.
    """
    return unary(x, _tetragamma_one, _is_small, _tetragamma_small, _tetragamma_large)
