"""The normal (Gaussian) family."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np

from likely.families.base import Family, Parameter, Support, weighted_mean
from likely.families.base.domains import Positive, Real
from likely.families.base.kernel import Kernel
from likely.families.kernels.normal import normal_rows
from likely.namespace.arrays import Value

if TYPE_CHECKING:
    from likely.families.base.arguments import Known
    from likely.families.base.numeric.frozen import Frozen

HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


@final
class Normal(Family):
    """Errors that are sums of many small ones: symmetric, with light tails.

    log f = -log(sd) - log(2 pi)/2 - ((y - mean)/sd)^2 / 2

    Examples
    --------
    >>> import likely as lk
    >>> round(lk.Normal().prob(0.0, mean=0, sd=1), 4)
    0.3989
    """

    name: ClassVar = "normal"
    aliases: ClassVar = ("gaussian", "norm")
    parameters: ClassVar = (Parameter("mean", Real, "centre"), Parameter("sd", Positive, "spread of the errors"))
    support: ClassVar = Support()
    assumes: ClassVar = "many small independent errors add up; large ones are very rare"
    concave: ClassVar = {"mean": ("identity",)}
    moves: ClassVar = "mean"
    loss_name: ClassVar = "squared error"
    averaged: ClassVar = {"sd": -0.5}
    location_parameter: ClassVar = "mean"

    if TYPE_CHECKING:

        def __init__(self, *, mean: Known = None, sd: Known = None) -> None: ...

    def _log_density(self, xp: Any, y: Any, mean: Any, sd: Any) -> Value:
        z = (y - mean) / sd
        return -0.5 * (z * z) - xp.log(sd) - HALF_LOG_2PI

    def _log_cdf(self, xp: Any, y: Any, mean: Any, sd: Any) -> Value:
        return xp.log_ndtr((y - mean) / sd)

    def _log_sf(self, xp: Any, y: Any, mean: Any, sd: Any) -> Value:
        return xp.log_ndtr((mean - y) / sd)

    def kernel(self, links: tuple[str, ...]) -> Kernel | None:
        """Its fused rows."""
        return Kernel(normal_rows) if links == ("identity", "log") else None

    def _scipy(self, mean: Any, sd: Any) -> Frozen:
        from scipy import stats

        return stats.norm(loc=mean, scale=sd)

    def _mean(self, xp: Any, mean: Any, sd: Any) -> Value:
        return mean

    def _variance(self, xp: Any, mean: Any, sd: Any) -> Value:
        return sd * sd

    def _derived(self, xp: Any, mean: Any, sd: Any) -> dict[str, Any]:
        return {"variance": sd * sd}

    def _start(self, y: Any, w: Any, known: Any) -> dict[str, Any]:
        mean = weighted_mean(y, w)
        return {"mean": mean, "sd": np.sqrt(weighted_mean(np.square(y - known.get("mean", mean)), w))}

    def _closed_form(self, y: Any, w: Any, known: Any) -> dict[str, Any] | None:
        if "sd" in known and np.ndim(known["sd"]):  # inverse-variance weights
            w = (1.0 if w is None else w) / np.square(known["sd"])
        return self._start(y, w, known)
