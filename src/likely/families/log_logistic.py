"""The log-logistic (Fisk) family of lifetimes, by scale and shape."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np

from likely.families.base import Family, Parameter, Support
from likely.families.base.domains import Positive
from likely.families.logistic import Logistic
from likely.namespace.arrays import Value

if TYPE_CHECKING:
    from likely.families.base.arguments import Known
    from likely.families.base.numeric.frozen import Frozen


@final
class LogLogistic(Family):
    """Lifetimes whose risk first rises and then falls, and incomes: positive, with a power-law right tail.

    log f = log(shape/scale) + (shape - 1) log(y/scale) - 2 log(1 + (y/scale)^shape)  (Fisk 1961; Bennett 1983)

    Examples
    --------
    >>> import likely as lk
    >>> round(lk.LogLogistic().prob(1.0, scale=1, shape=2), 4)
    0.5
    """

    name: ClassVar = "log_logistic"
    aliases: ClassVar = ("loglogistic", "fisk")
    parameters: ClassVar = (
        Parameter("scale", Positive, "median"),
        Parameter("shape", Positive, "power by which the tail falls", typical=(2.5, 6.0)),
    )
    support: ClassVar = Support(lower=0.0)
    assumes: ClassVar = "the odds of having ended grow as a power of time"
    concave: ClassVar = {"scale": ("log",)}
    loss_name: ClassVar = "log-cosh error of log y"

    if TYPE_CHECKING:

        def __init__(self, *, scale: Known = None, shape: Known = None) -> None: ...

    def _log_density(self, xp: Any, y: Any, scale: Any, shape: Any) -> Value:
        log_scale = xp.log(scale)
        ratio = xp.log(y) - log_scale
        power = shape * ratio
        return xp.log(shape) - log_scale + (power - ratio) + 2.0 * xp.log_expit(-power)

    def _log_cdf(self, xp: Any, y: Any, scale: Any, shape: Any) -> Value:
        return xp.log_expit(shape * (xp.log(y) - xp.log(scale)))

    def _log_sf(self, xp: Any, y: Any, scale: Any, shape: Any) -> Value:
        return xp.log_expit(shape * (xp.log(scale) - xp.log(y)))

    def _scipy(self, scale: Any, shape: Any) -> Frozen:
        from scipy import stats

        return stats.burr12(c=shape, d=1.0, scale=scale)  # fisk's survival function is 1 - cdf

    def _mean(self, xp: Any, scale: Any, shape: Any) -> Value:
        b = math.pi / xp.where(shape > 1.0, shape, 2.0)
        return xp.where(shape > 1.0, scale * (b / xp.sin(b)), xp.inf)

    def _variance(self, xp: Any, scale: Any, shape: Any) -> Value:
        b = math.pi / xp.where(shape > 2.0, shape, 3.0)
        sine = xp.sin(b)
        finite = scale * scale * (b * (xp.tan(b) - b) / (sine * sine))
        return xp.where(shape > 2.0, finite, xp.inf)

    def _start(self, y: Any, w: Any, known: Any) -> dict[str, Any]:
        # log y is logistic, with loc log(scale) and scale 1/shape
        logs: dict[str, Any] = {}
        if "scale" in known:
            logs["loc"] = np.log(known["scale"])
        if "shape" in known:
            logs["scale"] = 1.0 / np.asarray(known["shape"], dtype=float)
        start = Logistic()._start(np.log(y), w, logs)
        return {"scale": float(np.exp(start["loc"])), "shape": 1.0 / start["scale"]}
