"""The Laplace (double exponential) family."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np

from likely.families.base import Family, Parameter, Support, weighted_mean
from likely.families.base.domains import Positive, Real
from likely.namespace.arrays import Floats, Value

if TYPE_CHECKING:
    from likely.families.base.arguments import Known
    from likely.families.base.numeric.frozen import Frozen

LOG_2 = math.log(2.0)


def weighted_quantile(y: Any, w: Any, q: float) -> Floats | float:
    """The q-quantile of y with frequency weights w, halfway between the two candidates where it is not unique.

    Type 2 of Hyndman and Fan (1996): at q = 1/2 the usual median, which minimises the sum of w |y - m|. Along the last
    axis of y: a float for one row of values, an array for several.
    """
    if w is not None and np.ndim(y) > 1:
        return np.array([weighted_quantile(row, w, q) for row in y])
    n = np.shape(y)[-1]
    if w is not None:
        order = np.argsort(y)
        below = np.cumsum(np.asarray(w, dtype=float)[order])
        first, last = (np.searchsorted(below, q * below[-1], side=side) for side in ("left", "right"))
        return float(0.5 * (y[order[first]] + y[order[min(last, n - 1)]]))
    place = min(max(n * q - 1.0, 0.0), n - 1.0)
    before = int(place)
    after = min(before + (n * q >= 1.0), n - 1)
    part = np.partition(y, (before, after, n - 1))
    low, high = part[..., before if place == before else after], part[..., after]
    found = np.where(np.isnan(part[..., -1]), np.nan, high - 0.5 * (high - low))
    return float(found) if np.ndim(y) == 1 else found


def middle_size(size: Any, w: Any) -> Floats | float:
    """The median of sizes along the last axis; where more than half of them are 0 their mean, and 1 where all are."""
    middle = weighted_quantile(size, w, 0.5)
    if np.all(middle):
        return middle
    mean = np.mean(size, axis=-1) if w is None else size @ w / np.sum(w)
    return np.where(middle, middle, np.where(mean, mean, 1.0))[()]


@final
class Laplace(Family):
    """Errors with a sharp peak and heavier tails than the normal: the median, not the mean, is their centre.

    log f = -|y - loc|/scale - log(2 scale)  (Laplace 1774; Kotz, Kozubowski and Podgorski 2001)

    Examples
    --------
    >>> import likely as lk
    >>> round(lk.Laplace().prob(0.0, loc=0, scale=1), 4)
    0.5
    """

    name: ClassVar = "laplace"
    aliases: ClassVar = ("double_exponential",)
    parameters: ClassVar = (
        Parameter("loc", Real, "centre (the median)"),
        Parameter("scale", Positive, "mean absolute error"),
    )
    support: ClassVar = Support()
    assumes: ClassVar = "errors whose size is exponential: most are small, a large one is no great surprise"
    loss_name: ClassVar = "absolute error"
    averaged: ClassVar = {"scale": -0.5}
    kinked: ClassVar = ("loc",)
    absolute_location: ClassVar = "loc"

    if TYPE_CHECKING:

        def __init__(self, *, loc: Known = None, scale: Known = None) -> None: ...

    def _log_density(self, xp: Any, y: Any, loc: Any, scale: Any) -> Value:
        return -xp.abs((y - loc) / scale) - xp.log(scale) - LOG_2

    def _log_cdf(self, xp: Any, y: Any, loc: Any, scale: Any) -> Value:
        z = (y - loc) / scale
        size = xp.abs(z)
        return xp.where(z < 0, -size - LOG_2, xp.log1p(-0.5 * xp.exp(-size)))

    def _log_sf(self, xp: Any, y: Any, loc: Any, scale: Any) -> Value:
        return self._log_cdf(xp, -y, -loc, scale)

    def _scipy(self, loc: Any, scale: Any) -> Frozen:
        from scipy import stats

        return stats.laplace(loc=loc, scale=scale)

    def _mean(self, xp: Any, loc: Any, scale: Any) -> Value:
        return loc

    def _variance(self, xp: Any, loc: Any, scale: Any) -> Value:
        return 2.0 * (scale * scale)

    def _derived(self, xp: Any, loc: Any, scale: Any) -> dict[str, Any]:
        return {"sd": math.sqrt(2.0) * scale}

    def _start(self, y: Any, w: Any, known: Any) -> dict[str, Any]:
        scale = known.get("scale", 1.0)
        # each row's |y - loc| counts 1/scale times, so known scales act as weights
        precision = w if np.ndim(scale) == 0 else (1.0 if w is None else w) / scale
        loc = weighted_quantile(y, precision, 0.5)
        return {"loc": loc, "scale": weighted_mean(np.abs(y - known.get("loc", loc)), w)}

    def _closed_form(self, y: Any, w: Any, known: Any) -> dict[str, Any] | None:
        best = self._start(y, w, known)
        return best if "scale" in known or best["scale"] > 0.0 else None
