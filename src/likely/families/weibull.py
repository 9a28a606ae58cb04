"""The Weibull family of lifetimes, by scale and shape."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np

from likely.families.base import Family, Parameter, Support, weighted_mean
from likely.families.base.domains import Positive
from likely.families.base.kernel import Kernel
from likely.families.base.links import log_first_event
from likely.families.gumbel import Gumbel
from likely.families.kernels.weibull import weibull_rows
from likely.families.laplace import LOG_2
from likely.namespace.arrays import Value

if TYPE_CHECKING:
    from likely.families.base.arguments import Known
    from likely.families.base.numeric.frozen import Frozen


@final
class Weibull(Family):
    """Lifetimes whose risk rises (shape above 1) or falls (below 1) with age: wear, early failures, wind speeds.

    log f = log(shape/scale) + (shape - 1) log(y/scale) - (y/scale)^shape  (Weibull 1951). Shape 1 is the exponential.

    Examples
    --------
    >>> import likely as lk
    >>> round(lk.Weibull().prob(1.0, scale=1, shape=2), 4)
    0.7358
    """

    name: ClassVar = "weibull"
    aliases: ClassVar = ("weibull_min",)
    parameters: ClassVar = (
        Parameter("scale", Positive, "age that 36.8% reach"),
        Parameter("shape", Positive, "power by which the risk changes with age, plus 1", typical=(0.7, 5.0)),
    )
    support: ClassVar = Support(lower=0.0)
    assumes: ClassVar = "lifetimes that end with the first of many possible failures"
    concave: ClassVar = {"scale": ("log",)}
    loss_name: ClassVar = "Weibull loss"

    if TYPE_CHECKING:

        def __init__(self, *, scale: Known = None, shape: Known = None) -> None: ...

    def _log_density(self, xp: Any, y: Any, scale: Any, shape: Any) -> Value:
        log_scale = xp.log(scale)
        ratio = xp.log(y) - log_scale
        power = shape * ratio
        return xp.log(shape) - log_scale + (power - ratio) - xp.exp(power)

    def _log_cdf(self, xp: Any, y: Any, scale: Any, shape: Any) -> Value:
        return log_first_event(xp, shape * (xp.log(y) - xp.log(scale)))

    def _log_sf(self, xp: Any, y: Any, scale: Any, shape: Any) -> Value:
        return -xp.exp(shape * (xp.log(y) - xp.log(scale)))

    def kernel(self, links: tuple[str, ...]) -> Kernel | None:
        """Its fused rows."""
        return Kernel(weibull_rows, np.log) if links == ("log", "log") else None

    def _scipy(self, scale: Any, shape: Any) -> Frozen:
        from scipy import stats

        return stats.weibull_min(c=shape, scale=scale)

    def _mean(self, xp: Any, scale: Any, shape: Any) -> Value:
        return scale * xp.exp(xp.gammaln(1.0 + 1.0 / shape))

    def _variance(self, xp: Any, scale: Any, shape: Any) -> Value:
        once, twice = xp.gammaln(1.0 + 1.0 / shape), xp.gammaln(1.0 + 2.0 / shape)
        # E y^2 - (E y)^2, as (E y)^2 (E y^2 / (E y)^2 - 1): the difference cancels for large shapes
        return scale * scale * (xp.exp(2.0 * once) * xp.expm1(twice - 2.0 * once))

    def _derived(self, xp: Any, scale: Any, shape: Any) -> dict[str, Any]:
        return {"mean": self._mean(xp, scale, shape), "median": scale * xp.exp(math.log(LOG_2) / shape)}

    def _start(self, y: Any, w: Any, known: Any) -> dict[str, Any]:
        # moments of log y: a start from quantiles would be far too steep for data with a few huge values
        log_y = np.log(y)
        mean = weighted_mean(log_y, w)
        sd = float(np.sqrt(weighted_mean(np.square(log_y - mean), w)))
        shape = float(np.mean(known.get("shape", np.pi / np.sqrt(6.0) / max(sd, 1e-8))))
        return {"scale": float(np.exp(mean + np.euler_gamma / shape)), "shape": shape}

    def _closed_form(self, y: Any, w: Any, known: Any) -> dict[str, Any] | None:
        best = Gumbel()._closed_form(-np.log(y), w, _as_gumbel(known))
        return None if best is None else {"scale": float(np.exp(-best["loc"]))}


def _as_gumbel(known: Any) -> dict[str, Any]:
    """What is known of the Gumbel variable -log(y), whose loc is -log(scale) and whose scale is 1/shape."""
    out: dict[str, Any] = {}
    if "scale" in known:
        out["loc"] = -np.log(known["scale"])
    if "shape" in known:
        out["scale"] = 1.0 / np.asarray(known["shape"], dtype=float)
    return out
