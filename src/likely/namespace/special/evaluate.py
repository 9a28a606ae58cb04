"""How a special function is evaluated: a scalar through ``math``, an array through in-place NumPy, branch by branch."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from likely.namespace.special.coefficients import Polynomial, Rational

Array: TypeAlias = NDArray[np.float64]


def at(coefficients: Polynomial, x: Array) -> Array:
    """Value of a polynomial, by Horner's rule in one buffer."""
    out = x * coefficients[0]
    out += coefficients[1]
    for c in coefficients[2:]:
        out *= x
        out += c
    return out


def ratio(rational: Rational, x: Array) -> Array:
    out = at(rational[0], x)
    out /= at(rational[1], x)
    return out


def at1(coefficients: Polynomial, x: float) -> float:
    """As `at`, for one float."""
    out = 0.0
    for c in coefficients:
        out = out * x + c
    return out


def ratio1(rational: Rational, x: float) -> float:
    return at1(rational[0], x) / at1(rational[1], x)


def inverse1(x: float) -> float:
    return 1.0 / x if x else math.inf


def split(mask: NDArray[np.bool_], yes: Callable[..., Array], no: Callable[..., Array], *args: Array) -> Array:
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


def unary(
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
        return split(cast("NDArray[np.bool_]", near(a)), yes, no, a)
