"""Around the normal and the logistic distribution: the inverse of Mills' ratio, softplus, log(1 - exp(-x))."""

from __future__ import annotations

import math
from typing import cast

import numpy as np
from numpy.typing import ArrayLike
from scipy import special as sc

from likely.namespace.special.coefficients import INV_SQRT_2PI, LOG_2, MILLS, MILLS_FROM, SQRT_HALF, SQRT_HALF_PI
from likely.namespace.special.evaluate import Array, ratio, ratio1, split, unary


def _half_square_exp(x: Array) -> Array:
    """``exp(-x**2 / 2)``, with the square split so that its rounding error is not magnified."""
    head = np.minimum(x, 64.0)
    x = head.copy()
    head *= 16.0
    np.rint(head, out=head)
    head *= 0.0625
    tail = x - head
    x += head
    tail *= x
    tail *= -0.5
    np.exp(tail, out=tail)
    head *= head
    head *= -0.5
    np.exp(head, out=head)
    head *= tail
    return head


def _inverse_mills_left(x: Array) -> Array:
    out = sc.erfcx(x * -SQRT_HALF)
    out *= SQRT_HALF_PI
    np.divide(1.0, out, out=out)
    return cast(Array, out)


def _inverse_mills_right(x: Array) -> Array:
    density = _half_square_exp(x)
    density *= INV_SQRT_2PI
    upper = sc.erfcx(x * SQRT_HALF)
    upper *= SQRT_HALF_PI
    upper *= density
    np.subtract(1.0, upper, out=upper)
    density /= upper
    return density


def _inverse_mills_one(x: float) -> float:
    if x <= 0.0:
        return 1.0 / (SQRT_HALF_PI * float(sc.erfcx(-SQRT_HALF * x))) if x > -math.inf else math.inf
    x = min(x, 64.0) if x == x else x
    if x != x:
        return x
    head = round(16.0 * x) * 0.0625
    density = INV_SQRT_2PI * math.exp(-0.5 * head * head) * math.exp(-0.5 * (x - head) * (x + head))
    return density / (1.0 - density * SQRT_HALF_PI * float(sc.erfcx(SQRT_HALF * x)))


def inverse_mills(x: ArrayLike) -> Array:
    """``phi(x) / Phi(x)`` of the standard normal distribution: the derivative of ``log_ndtr``.

    Parameters
    ----------
    x
        Any number.

    Returns
    -------
    Array
        Positive and decreasing; close to ``-x - 1 / x`` for large negative ``x``.

    Notes
    -----
    Mills' ratio is ``sqrt(pi / 2) * erfcx(abs(x) / sqrt(2))`` (DLMF 7.8.1); neither tail overflows.
    """
    return unary(x, _inverse_mills_one, lambda a: a <= 0.0, _inverse_mills_left, _inverse_mills_right)


def _inverse_mills_d1_tail(x: Array) -> Array:
    w = 1.0 / x
    w *= w
    out = ratio(MILLS, w)
    w *= out
    w *= out
    out += w
    np.negative(out, out=out)
    return out


def _inverse_mills_d1_rest(x: Array) -> Array:
    out = split(x <= 0.0, _inverse_mills_left, _inverse_mills_right, x)
    np.copyto(x := x.copy(), 64.0, where=x > 64.0)
    x += out
    out *= x
    np.negative(out, out=out)
    return out


def _inverse_mills_d1_one(x: float) -> float:
    if x <= -MILLS_FROM:
        w = 1.0 / x
        w *= w
        g = ratio1(MILLS, w)
        return -(g + w * g * g)
    value = _inverse_mills_one(x)
    return -value * (value + min(x, 64.0)) if x == x else x


def inverse_mills_d1(x: ArrayLike) -> Array:
    """Derivative of :func:`inverse_mills`: ``-m * (m + x)`` with ``m = inverse_mills(x)``.

    It is the second derivative of ``log_ndtr``.

    Parameters
    ----------
    x
        Any number.

    Returns
    -------
    Array
        Between -1 and 0; close to ``-1 + 1 / x**2`` for large negative ``x``, where ``m + x`` would cancel.

    Notes
    -----
    For ``x <= -3.5``, ``m + x`` is the continued fraction ``1/(z + 2/(z + 3/(z + ...)))`` at ``z = -x``
    (after DLMF 7.9.4), through a rational function of ``1 / z**2``.
    """
    return unary(x, _inverse_mills_d1_one, lambda a: a <= -MILLS_FROM, _inverse_mills_d1_tail, _inverse_mills_d1_rest)


def softplus(x: ArrayLike) -> Array:
    """``log(1 + exp(x))``, relatively accurate for every ``x``.

    Parameters
    ----------
    x
        Any number.

    Returns
    -------
    Array
        Positive and increasing: close to ``exp(x)`` on the left and to ``x`` on the right.
    """
    return cast(Array, -sc.log_expit(np.negative(np.asarray(x, dtype=np.float64))))


def _log1mexp_one(x: float) -> float:
    if not x > 0.0:
        return -math.inf if x == 0.0 else math.nan
    return math.log(-math.expm1(-x)) if x < LOG_2 else math.log1p(-math.exp(-x))


def _log1mexp_near(x: Array) -> Array:
    return cast(Array, np.log(-np.expm1(-x)))


def _log1mexp_far(x: Array) -> Array:
    return cast(Array, np.log1p(-np.exp(-x)))


def log1mexp(x: ArrayLike) -> Array:
    """``log(1 - exp(-x))``, relatively accurate for every positive ``x``.

    Parameters
    ----------
    x
        A positive number.

    Returns
    -------
    Array
        Negative and increasing: close to ``log(x)`` near 0, and to ``-exp(-x)`` for large ``x``.

    Notes
    -----
    The two forms change places at log 2 (Maechler 2012, *Accurately computing log(1 - exp(-|a|))*).
    """
    return unary(x, _log1mexp_one, lambda a: a < LOG_2, _log1mexp_near, _log1mexp_far)
