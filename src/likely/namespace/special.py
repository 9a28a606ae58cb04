"""Special functions that keep log-densities accurate at extreme arguments, for NumPy in float64.

Densities of counts, proportions and waiting times lose their digits in differences such as
``gammaln(n + 1) - gammaln(x + 1)``. Written with :func:`stirling`, :func:`bd0` and :func:`log1pmx` they do
not: this is Loader's saddle-point form. The derivatives that those forms need are here too.

Every function takes scalars or arrays and broadcasts; a NaN gives a NaN; no warning is emitted.
A scalar goes through ``math`` (about a microsecond), an array through in-place NumPy.

References
----------
.. [1] C. Loader (2000), Fast and accurate computation of binomial probabilities, Bell Laboratories.
.. [2] NIST Digital Library of Mathematical Functions (DLMF), https://dlmf.nist.gov: sections 4.6 (logarithm),
   5.11 and 5.15 (asymptotic series of lgamma, digamma and polygamma), 7.8 and 7.9 (Mills' ratio).

Notes
-----
The coefficients below were computed for this library from those definitions with mpmath at 60 digits: each
is the rational function that interpolates its target at the Chebyshev nodes of the stated interval. The error
of each, rounded coefficients included, is below 2.5e-16 relative to the function that uses it. Coefficients
run from the highest power down.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special as sc

__all__ = [
    "bd0",
    "inverse_mills",
    "inverse_mills_d1",
    "log1pmx",
    "softplus",
    "stirling",
    "stirling_d1",
    "stirling_d2",
    "stirling_d3",
    "tetragamma",
    "trigamma",
]

Array: TypeAlias = NDArray[np.float64]
Polynomial: TypeAlias = tuple[float, ...]
Rational: TypeAlias = tuple[Polynomial, Polynomial]

#: From here on, the functions around the gamma function use their expansions in ``1 / x**2``.
TAIL_FROM = 2.5
#: From this distance on, the left tail of the normal distribution uses its expansion in ``1 / x**2``.
MILLS_FROM = 3.5
HALF_LOG_2PI = 0.9189385332046728
SQRT_HALF = 0.7071067811865476
SQRT_HALF_PI = 1.2533141373155003
INV_SQRT_2PI = 0.3989422804014327

#: ``(atanh(r) / r - 1) / r**2`` in ``y = r**2``, for ``y <= 1/9``.
ATANH: Polynomial = (
    0.08082022805971766,
    0.04400369243072337,
    0.06000536404795356,
    0.06657072104827468,
    0.07692785032479312,
    0.09090894718066429,
    0.11111111358713932,
    0.1428571428355438,
    0.20000000000007292,
    0.3333333333333333,
)
#: ``lgamma(1 + x) / x`` in ``x``, for ``0 <= x <= 2.5``.
LGAMMA1P: Rational = (
    (
        1.4754692678739833e-05,
        0.0012942162681424904,
        0.026735891378939995,
        0.20558364667062679,
        0.6741346619530266,
        0.8456824462602127,
        -0.1258572727752858,
        -1.050372679546809,
        -0.5772156649015326,
    ),
    (
        2.8262801658792125e-06,
        0.0004170649936983355,
        0.013263139072759542,
        0.15980561453276967,
        0.9058663064844641,
        2.6604646112774013,
        4.14707454664187,
        3.2446099904276853,
        1.0,
    ),
)
#: ``x * (stirling(x) - 0.5 * log(2 * pi * x))`` in ``1 / x**2``, for ``x >= 2.5``.
BINET: Rational = (
    (
        0.03329733496370286,
        0.5586195368059278,
        1.1954472765549342,
        0.6352404265515494,
        0.08333333333333247,
    ),
    (
        0.5426650448172693,
        7.12402915308037,
        14.591050792775494,
        7.656218451941229,
        1.0,
    ),
)
#: ``digamma(1 + x)`` in ``x``, for ``0 <= x <= 2.5``; then ``trigamma(1 + x)`` and ``tetragamma(1 + x)``.
PSI0: Rational = (
    (
        1.0348208906987727e-05,
        0.0010537147212721022,
        0.02561022207783237,
        0.23424121589243677,
        0.9177662814870412,
        1.432865859229582,
        0.36911441677174456,
        -0.5772156649015328,
    ),
    (
        1.6538433515395257e-06,
        0.0002551350411086084,
        0.008560836193915651,
        0.10817728401591772,
        0.6235401060035695,
        1.7339699602733796,
        2.2102997677551004,
        1.0,
    ),
)
PSI1: Rational = (
    (
        -1.5864805893124965e-11,
        0.02144219053746742,
        0.2530089254200446,
        1.2727292976587923,
        3.4754880002512394,
        5.41898873595089,
        4.576130788580543,
        1.6449340668482266,
    ),
    (
        0.021442190002347924,
        0.26373002934447504,
        1.401020515548315,
        4.132044063811293,
        7.252216767461808,
        7.522385133137819,
        4.243479866809647,
        1.0,
    ),
)
PSI2: Rational = (
    (
        1.8298425265339185e-10,
        -6.517074155221123e-09,
        -0.05675810060085667,
        -0.5358634223330659,
        -2.1484235420151987,
        -4.532774857610763,
        -5.042973399711504,
        -2.4041138063191796,
    ),
    (
        0.056758214308453535,
        0.5926203380140773,
        2.712675708675711,
        6.949067971799082,
        10.64555536997952,
        9.672128317398942,
        4.79882140839258,
        1.0,
    ),
)
#: ``(1/2 - x * stirling_d1(x)) * x`` in ``1 / x**2``, for ``x >= 2.5``.
TAIL1: Rational = (
    (
        0.17268734277561437,
        3.0739039183612484,
        7.384922927851338,
        5.1240776442168485,
        1.2058851654221718,
        0.08333333333333322,
    ),
    (
        4.052284359303544,
        43.95581973622357,
        94.26507341463193,
        62.89837488207489,
        14.570621985063891,
        1.0,
    ),
)
#: ``(1/2 + x**2 * stirling_d2(x)) * x`` in ``1 / x**2``, for ``x >= 2.5``.
TAIL2: Rational = (
    (
        2.1033676860245833,
        41.49410119197844,
        111.93916753357902,
        94.04539105018502,
        30.615903362728957,
        3.961259267017496,
        0.16666666666666663,
    ),
    (
        35.42367426317027,
        345.4891343422808,
        768.8109158135217,
        598.717624594413,
        188.34607415408118,
        23.9675556021046,
        1.0,
    ),
)
#: ``(1 - x**3 * stirling_d3(x)) * x`` in ``1 / x**2``, for ``x >= 2.5``.
TAIL3: Rational = (
    (
        11.909895759145444,
        211.63565949334145,
        507.4906281376292,
        380.3416110987326,
        111.23965816742579,
        13.030794708773207,
        0.4999999999999995,
    ),
    (
        84.93736620155127,
        657.4907912357262,
        1228.6589064032064,
        829.4663446797475,
        230.94429058594497,
        26.394922750877654,
        1.0,
    ),
)
#: ``z * (inverse_mills(-z) - z)`` in ``1 / z**2``, for ``z >= 3.5``.
MILLS: Rational = (
    (
        25135.785665841144,
        224090.6170405993,
        283507.0588697776,
        119422.53222101505,
        21610.563780894146,
        1832.4501856776983,
        70.9437237845605,
        0.9999999999999998,
    ),
    (
        149936.636126294,
        509928.3391416029,
        445338.9271653103,
        154214.59519631974,
        24891.801808992877,
        1968.3376332481348,
        72.94372378455918,
        1.0,
    ),
)


def _at(coefficients: Polynomial, x: Array) -> Array:
    """Value of a polynomial, by Horner's rule in one buffer."""
    out = x * coefficients[0]
    out += coefficients[1]
    for c in coefficients[2:]:
        out *= x
        out += c
    return out


def _ratio(rational: Rational, x: Array) -> Array:
    out = _at(rational[0], x)
    out /= _at(rational[1], x)
    return out


def _at1(coefficients: Polynomial, x: float) -> float:
    """As `_at`, for one float."""
    out = 0.0
    for c in coefficients:
        out = out * x + c
    return out


def _ratio1(rational: Rational, x: float) -> float:
    return _at1(rational[0], x) / _at1(rational[1], x)


def _inverse1(x: float) -> float:
    return 1.0 / x if x else math.inf


def _split(mask: NDArray[np.bool_], yes: Callable[..., Array], no: Callable[..., Array], *args: Array) -> Array:
    """``yes`` where the mask holds, ``no`` elsewhere; the rarer branch sees its own elements only."""
    count = int(np.count_nonzero(mask))
    if count == mask.size:
        return yes(*args)
    if count == 0:
        return no(*args)
    args = tuple(a if a.shape == mask.shape else np.broadcast_to(a, mask.shape) for a in args)
    if 2 * count >= mask.size:
        common, rare, where = yes, no, ~mask
    else:
        common, rare, where = no, yes, mask
    out = common(*args)
    out[where] = rare(*(a[where] for a in args))
    return out


def _unary(
    x: ArrayLike,
    one: Callable[[float], float],
    near: Callable[[Array], bool | NDArray[np.bool_]],
    yes: Callable[[Array], Array],
    no: Callable[[Array], Array],
) -> Array:
    """Evaluate a function of one argument: a float through ``one``, an array through its two branches."""
    if isinstance(x, (float, int)):
        return cast(Array, np.float64(one(float(x))))
    a = np.asarray(x, dtype=np.float64)
    if a.ndim == 0:
        return cast(Array, np.float64(one(float(a))))
    with np.errstate(all="ignore"):
        return _split(cast("NDArray[np.bool_]", near(a)), yes, no, a)


def _is_small(x: Array) -> NDArray[np.bool_]:
    return x < TAIL_FROM


# --- log1p(x) - x ----------------------------------------------------------------------------------


def _log1pmx_near(x: Array) -> Array:
    r = x + 2.0
    np.divide(x, r, out=r)
    y = r * r
    out = _at(ATANH, y)
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
        return r * (2.0 * y * _at1(ATANH, y) - x)
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
    return _unary(x, _log1pmx_one, lambda a: (a >= -0.5) & (a <= 1.0), _log1pmx_near, _log1pmx_far)


# --- Deviance part: x * log(x / m) + m - x ---------------------------------------------------------


def _bd0_near(x: Array, m: Array) -> Array:
    d = x - m
    r = x + m
    np.divide(d, r, out=r)
    y = r * r
    out = _at(ATANH, y)
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
        return r * (2.0 * x * y * _at1(ATANH, y) + d)
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
        return _split((gap < total) & (total < np.inf), _bd0_near, _bd0_far, a, b)


# --- Stirling's error and its derivatives ----------------------------------------------------------


def _stirling_small(x: Array) -> Array:
    out = _ratio(LGAMMA1P, x)
    out -= np.log(x)
    out += 1.0
    out *= x
    out[x == 0.0] = 0.0
    out[x < 0.0] = np.nan
    return out


def _stirling_large(x: Array) -> Array:
    t = 1.0 / x
    out = _ratio(BINET, t * t)
    out *= t
    log = np.log(x)
    log *= 0.5
    out += log
    out += HALF_LOG_2PI
    return out


def _stirling_one(x: float) -> float:
    if x >= TAIL_FROM:
        t = 1.0 / x
        return 0.5 * math.log(x) + HALF_LOG_2PI + t * _ratio1(BINET, t * t)
    if x > 0.0:
        return x * (1.0 - math.log(x) + _ratio1(LGAMMA1P, x))
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
    return _unary(x, _stirling_one, _is_small, _stirling_small, _stirling_large)


def _nan_below_zero(out: Array, x: Array) -> Array:
    out[x < 0.0] = np.nan
    return out


def _stirling_d1_small(x: Array) -> Array:
    out = _ratio(PSI0, x)
    out -= np.log(x)
    return out


def _stirling_d1_large(x: Array) -> Array:
    t = 1.0 / x
    out = _ratio(TAIL1, t * t)
    out *= t
    np.subtract(0.5, out, out=out)
    out *= t
    return out


def _stirling_d1_one(x: float) -> float:
    if x >= TAIL_FROM:
        t = 1.0 / x
        return t * (0.5 - t * _ratio1(TAIL1, t * t))
    if x > 0.0:
        return _ratio1(PSI0, x) - math.log(x)
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
    return _unary(x, _stirling_d1_one, _is_small, _stirling_d1_small, _stirling_d1_large)


def _stirling_d2_small(x: Array) -> Array:
    out = _ratio(PSI1, x)
    out -= 1.0 / np.abs(x)
    return _nan_below_zero(out, x)


def _stirling_d2_large(x: Array) -> Array:
    t = 1.0 / x
    out = _ratio(TAIL2, t * t)
    out *= t
    out -= 0.5
    out *= t
    out *= t
    return out


def _stirling_d2_one(x: float) -> float:
    if x >= TAIL_FROM:
        t = 1.0 / x
        return t * t * (t * _ratio1(TAIL2, t * t) - 0.5)
    return _ratio1(PSI1, x) - _inverse1(x) if x >= 0.0 else math.nan


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
    return _unary(x, _stirling_d2_one, _is_small, _stirling_d2_small, _stirling_d2_large)


def _stirling_d3_small(x: Array) -> Array:
    t = 1.0 / np.abs(x)
    out = _ratio(PSI2, x)
    t *= t
    out += t
    return _nan_below_zero(out, x)


def _stirling_d3_large(x: Array) -> Array:
    t = 1.0 / x
    out = _ratio(TAIL3, t * t)
    out *= t
    np.subtract(1.0, out, out=out)
    out *= t
    out *= t
    out *= t
    return out


def _stirling_d3_one(x: float) -> float:
    t = _inverse1(x)
    if x >= TAIL_FROM:
        return t * t * t * (1.0 - t * _ratio1(TAIL3, t * t))
    return _ratio1(PSI2, x) + t * t if x >= 0.0 else math.nan


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
    return _unary(x, _stirling_d3_one, _is_small, _stirling_d3_small, _stirling_d3_large)


# --- Polygamma functions ---------------------------------------------------------------------------


def _trigamma_small(x: Array) -> Array:
    t = 1.0 / x
    t *= t
    t += _ratio(PSI1, x)
    return _nan_below_zero(t, x)


def _trigamma_large(x: Array) -> Array:
    t = 1.0 / x
    out = _ratio(TAIL2, t * t)
    out *= t
    out += 0.5
    out *= t
    out += 1.0
    out *= t
    return out


def _trigamma_one(x: float) -> float:
    t = _inverse1(x)
    if x >= TAIL_FROM:
        return t * (1.0 + t * (0.5 + t * _ratio1(TAIL2, t * t)))
    return t * t + _ratio1(PSI1, x) if x >= 0.0 else math.nan


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
    return _unary(x, _trigamma_one, _is_small, _trigamma_small, _trigamma_large)


def _tetragamma_small(x: Array) -> Array:
    t = 1.0 / x
    out = t * t
    out *= t
    out *= -2.0
    out += _ratio(PSI2, x)
    out[x == 0.0] = -np.inf
    return _nan_below_zero(out, x)


def _tetragamma_large(x: Array) -> Array:
    t = 1.0 / x
    out = _ratio(TAIL3, t * t)
    out *= t
    out += 1.0
    out *= t
    out += 1.0
    out *= t
    out *= t
    np.negative(out, out=out)
    return out


def _tetragamma_one(x: float) -> float:
    t = _inverse1(x)
    if x >= TAIL_FROM:
        return -t * t * (1.0 + t * (1.0 + t * _ratio1(TAIL3, t * t)))
    return _ratio1(PSI2, x) - 2.0 * t * t * t if x >= 0.0 else math.nan


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
    return _unary(x, _tetragamma_one, _is_small, _tetragamma_small, _tetragamma_large)


# --- Normal distribution and logistic --------------------------------------------------------------


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
    return _unary(x, _inverse_mills_one, lambda a: a <= 0.0, _inverse_mills_left, _inverse_mills_right)


def _inverse_mills_d1_tail(x: Array) -> Array:
    w = 1.0 / x
    w *= w
    out = _ratio(MILLS, w)
    w *= out
    w *= out
    out += w
    np.negative(out, out=out)
    return out


def _inverse_mills_d1_rest(x: Array) -> Array:
    out = _split(x <= 0.0, _inverse_mills_left, _inverse_mills_right, x)
    np.copyto(x := x.copy(), 64.0, where=x > 64.0)
    x += out
    out *= x
    np.negative(out, out=out)
    return out


def _inverse_mills_d1_one(x: float) -> float:
    if x <= -MILLS_FROM:
        w = 1.0 / x
        w *= w
        g = _ratio1(MILLS, w)
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
    return _unary(x, _inverse_mills_d1_one, lambda a: a <= -MILLS_FROM, _inverse_mills_d1_tail, _inverse_mills_d1_rest)


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
