"""The Gumbel family of maxima (type I extreme values)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np

from likely.families.base import Family, Parameter, Support, weighted_mean
from likely.families.base.domains import Positive, Real
from likely.families.base.links import log_first_event
from likely.namespace.arrays import Value

if TYPE_CHECKING:
    from likely.families.base.arguments import Known
    from likely.families.base.numeric.frozen import Frozen

EULER = float(np.euler_gamma)
MEAN_ABSOLUTE_DEVIATION = 0.983068564882535  # E|z - E z| of the standard Gumbel (mpmath quadrature)


@final
class Gumbel(Family):
    """The largest of many values: yearly floods, peak loads, record waves. For minima, negate the data.

    log f = -z - exp(-z) - log(scale), z = (y - loc)/scale  (Gumbel 1958; Coles 2001, section 3.1.3)

    Examples
    --------
    >>> import likely as lk
    >>> round(lk.Gumbel().prob(0.0, loc=0, scale=1), 4)
    0.3679
    """

    name: ClassVar = "gumbel"
    aliases: ClassVar = ("gumbel_r",)
    parameters: ClassVar = (
        Parameter("loc", Real, "most likely value"),
        Parameter("scale", Positive, "spread of the maxima"),
    )
    support: ClassVar = Support()
    assumes: ClassVar = "each observation is the largest of many values with light upper tails"
    concave: ClassVar = {"loc": ("identity",)}
    moves: ClassVar = "loc"
    loss_name: ClassVar = "linex (linear-exponential) loss"
    averaged: ClassVar = {"scale": -0.5}

    if TYPE_CHECKING:

        def __init__(self, *, loc: Known = None, scale: Known = None) -> None: ...

    def _log_density(self, xp: Any, y: Any, loc: Any, scale: Any) -> Value:
        z = (y - loc) / scale
        return -z - xp.exp(-z) - xp.log(scale)

    def _log_cdf(self, xp: Any, y: Any, loc: Any, scale: Any) -> Value:
        return -xp.exp((loc - y) / scale)

    def _log_sf(self, xp: Any, y: Any, loc: Any, scale: Any) -> Value:
        return log_first_event(xp, (loc - y) / scale)

    def _scipy(self, loc: Any, scale: Any) -> Frozen:
        from scipy import stats

        return stats.gumbel_r(loc=loc, scale=scale)

    def _mean(self, xp: Any, loc: Any, scale: Any) -> Value:
        return loc + EULER * scale

    def _variance(self, xp: Any, loc: Any, scale: Any) -> Value:
        return (math.pi**2 / 6.0) * (scale * scale)

    def _derived(self, xp: Any, loc: Any, scale: Any) -> dict[str, Any]:
        return {"mean": loc + EULER * scale, "sd": (math.pi / math.sqrt(6.0)) * scale}

    def _start(self, y: Any, w: Any, known: Any) -> dict[str, Any]:
        residual = y - known.get("loc", 0.0)
        centred = residual - weighted_mean(residual, w)
        scale = float(weighted_mean(np.abs(centred), w)) / MEAN_ABSOLUTE_DEVIATION
        # exp(-z) runs away on the left: keep the lowest observation within 20 scales, or Newton starts at -inf
        scale = max(scale, float(-np.min(centred)) / 20.0) or 1.0
        loc = weighted_mean(y - EULER * known.get("scale", scale), w)
        return {"loc": float(loc), "scale": scale}

    def _closed_form(self, y: Any, w: Any, known: Any) -> dict[str, Any] | None:
        if "scale" not in known or np.ndim(known["scale"]):
            return None
        # the score of loc vanishes where exp(-loc/scale) is the mean of exp(-y/scale); taken from the lowest y
        scale, lowest = known["scale"], float(np.min(y))
        excess = weighted_mean(np.exp((lowest - y) / scale), w)
        return {"loc": float(lowest - scale * np.log(excess))} if excess > 0.0 else None
