"""The skew-normal family (Azzalini)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np

from likely.families.base import Family, Parameter, Support, weighted_mean
from likely.families.base.domains import Positive, Real
from likely.families.laplace import LOG_2
from likely.families.normal import HALF_LOG_2PI
from likely.namespace.arrays import Value

if TYPE_CHECKING:
    from likely.families.base.arguments import Known
    from likely.families.base.numeric.frozen import Frozen

MEAN_HALF_NORMAL = math.sqrt(2.0 / math.pi)


@final
class SkewNormal(Family):
    """Real-valued data with light tails that lean to one side: a normal with one tail pressed in.

    log f = log(2) + log phi(z) + log Phi(shape z) - log(scale), z = (y - loc)/scale  (Azzalini 1985).
    At shape 0 it is the normal; there the likelihood is flat in the shape to second order.

    Examples
    --------
    >>> import likely as lk
    >>> round(lk.SkewNormal().prob(1.0, loc=0, scale=1, shape=2), 4)
    0.4729
    """

    name: ClassVar = "skew_normal"
    aliases: ClassVar = ("skewnorm",)
    parameters: ClassVar = (
        Parameter("loc", Real, "where the pressed-in tail begins; not the mean"),
        Parameter("scale", Positive, "spread; not the standard deviation"),
        Parameter("shape", Real, "skewness: positive leans right, 0 is the normal", typical=(-4.0, 4.0)),
    )
    support: ClassVar = Support()
    assumes: ClassVar = "a normal quantity, observed only where a correlated one is large enough"
    concave: ClassVar = {}
    moves: ClassVar = "loc"
    loss_name: ClassVar = "skewed squared error"
    averaged: ClassVar = {"scale": -0.5}
    escapes: ClassVar = ("shape",)

    if TYPE_CHECKING:

        def __init__(self, *, loc: Known = None, scale: Known = None, shape: Known = None) -> None: ...

    def _log_density(self, xp: Any, y: Any, loc: Any, scale: Any, shape: Any) -> Value:
        z = (y - loc) / scale
        return xp.log_ndtr(shape * z) - 0.5 * (z * z) - xp.log(scale) + (LOG_2 - HALF_LOG_2PI)

    def _scipy(self, loc: Any, scale: Any, shape: Any) -> Frozen:
        from scipy import stats

        return stats.skewnorm(a=shape, loc=loc, scale=scale)

    def _mean(self, xp: Any, loc: Any, scale: Any, shape: Any) -> Value:
        return loc + MEAN_HALF_NORMAL * (scale * (shape / xp.sqrt(1.0 + shape * shape)))

    def _variance(self, xp: Any, loc: Any, scale: Any, shape: Any) -> Value:
        square = shape * shape
        return scale * scale * (1.0 - (2.0 / math.pi) * (square / (1.0 + square)))

    def _derived(self, xp: Any, loc: Any, scale: Any, shape: Any) -> dict[str, Any]:
        return {
            "mean": self._mean(xp, loc, scale, shape),
            "sd": xp.sqrt(self._variance(xp, loc, scale, shape)),
        }

    def _other_starts(self, y: Any, w: Any, known: Any) -> list[dict[str, Any]]:
        # the likelihood is flat to third order at shape 0, and often higher on the other side or far out
        if "shape" in known or len(y) == 0:
            return []
        mean = weighted_mean(y, w)
        sd = math.sqrt(float(weighted_mean(np.square(y - mean), w)))
        starts = []
        for shape in (1.5, -1.5, 6.0, -6.0, 30.0, -30.0):
            delta = shape / math.hypot(1.0, shape)
            scale = sd / math.sqrt(1.0 - MEAN_HALF_NORMAL**2 * delta * delta)
            starts.append({"loc": float(mean) - MEAN_HALF_NORMAL * scale * delta, "scale": scale, "shape": shape})
        return starts

    def _start(self, y: Any, w: Any, known: Any) -> dict[str, Any]:
        residual = y - known.get("loc", 0.0)
        centred = residual - weighted_mean(residual, w)
        largest = float(np.max(np.abs(centred))) or 1.0  # so that no power overflows
        u = centred / largest
        spread = float(weighted_mean(u * u, w)) or 1.0
        skewness = float(weighted_mean(u * u * u, w)) / spread**1.5
        # the family reaches 0.995; exactly 0 is a stationary point at which Newton would stay
        skewness = math.copysign(min(max(abs(skewness), 0.02), 0.95), skewness)
        t = abs(skewness) ** (2.0 / 3.0)
        delta = math.copysign(math.sqrt(0.5 * math.pi * t / (t + (2.0 - 0.5 * math.pi) ** (2.0 / 3.0))), skewness)
        shape = delta / math.sqrt(1.0 - delta * delta)
        deltas = known["shape"] / np.hypot(1.0, known["shape"]) if "shape" in known else delta
        factor = np.mean(1.0 - (2.0 / math.pi) * np.square(deltas))
        scale = largest * math.sqrt(spread / factor)
        loc = weighted_mean(y - MEAN_HALF_NORMAL * known.get("scale", scale) * deltas, w)
        return {"loc": float(loc), "scale": scale, "shape": shape}
