"""The Laplace (double exponential) family."""

from __future__ import annotations

import math
from typing import Any, ClassVar, final

import numpy as np

from likely.families.base import Family, Parameter, Support, weighted_mean
from likely.families.base.domains import Positive, Real

LOG_2 = math.log(2.0)


def weighted_quantile(y: Any, w: Any, q: float) -> float:
    """The q-quantile of y with frequency weights w, halfway between the two candidates where it is not unique.

    Type 2 of Hyndman and Fan (1996): at q = 1/2 the usual median, which minimises the sum of w |y - m|.
    """
    if w is None:
        return float(np.quantile(y, q, method="averaged_inverted_cdf"))
    order = np.argsort(y)
    below = np.cumsum(np.asarray(w, dtype=float)[order])
    first, last = (np.searchsorted(below, q * below[-1], side=side) for side in ("left", "right"))
    last = min(last, len(order) - 1)
    return float(0.5 * (y[order[first]] + y[order[last]]))


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

    def _log_density(self, xp: Any, y: Any, loc: Any, scale: Any) -> Any:
        return -xp.abs((y - loc) / scale) - xp.log(scale) - LOG_2

    def _log_cdf(self, xp: Any, y: Any, loc: Any, scale: Any) -> Any:
        z = (y - loc) / scale
        size = xp.abs(z)
        return xp.where(z < 0, -size - LOG_2, xp.log1p(-0.5 * xp.exp(-size)))

    def _log_sf(self, xp: Any, y: Any, loc: Any, scale: Any) -> Any:
        return self._log_cdf(xp, -y, -loc, scale)

    def _scipy(self, loc: Any, scale: Any) -> Any:
        from scipy import stats

        return stats.laplace(loc=loc, scale=scale)

    def _mean(self, xp: Any, loc: Any, scale: Any) -> Any:
        return loc

    def _variance(self, xp: Any, loc: Any, scale: Any) -> Any:
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
