"""The gamma family, by mean and shape."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np

from likely.families.base import Family, Parameter, Support, weighted_mean
from likely.families.base.domains import Positive
from likely.families.base.kernel import Kernel
from likely.families.kernels.gamma import gamma_rows
from likely.namespace.arrays import Value

if TYPE_CHECKING:
    from likely.families.base.arguments import Known
    from likely.families.base.numeric.frozen import Frozen


@final
class Gamma(Family):
    """Positive amounts whose spread grows with their mean: claims, waiting times, rainfall.

    log f = shape log(shape) - lgamma(shape) + shape (log(y/mean) - y/mean) - log y, arranged after Loader (2000)
    so that it holds also for shapes so large that lgamma loses all digits. Variance is mean^2/shape.

    Examples
    --------
    >>> import likely as lk
    >>> round(lk.Gamma().prob(2.0, mean=2, shape=1), 4)  # shape 1 is the exponential
    0.1839
    """

    name: ClassVar = "gamma"
    parameters: ClassVar = (
        Parameter("mean", Positive, "expected value"),
        Parameter("shape", Positive, "1 / squared coefficient of variation"),
    )
    support: ClassVar = Support(lower=0.0)
    assumes: ClassVar = "positive amounts whose standard deviation is proportional to the mean"
    concave: ClassVar = {"mean": ("log", "inverse")}
    loss_name: ClassVar = "half gamma deviance"
    averaged: ClassVar = {"shape": 1.0}

    if TYPE_CHECKING:

        def __init__(self, *, mean: Known = None, shape: Known = None) -> None: ...

    def _log_density(self, xp: Any, y: Any, mean: Any, shape: Any) -> Value:
        return xp.log(shape) - xp.stirling(shape) - xp.over(shape, mean) * xp.bd0(mean, y) - xp.log(y)

    def kernel(self, links: tuple[str, ...]) -> Kernel | None:
        """Its fused rows."""
        return Kernel(partial(gamma_rows, self._log_density), np.log) if links == ("log", "log") else None

    def _scipy(self, mean: Any, shape: Any) -> Frozen:
        from scipy import stats

        return stats.gamma(a=shape, scale=mean / shape)

    def _mean(self, xp: Any, mean: Any, shape: Any) -> Value:
        return mean

    def _variance(self, xp: Any, mean: Any, shape: Any) -> Value:
        return mean * mean / shape

    def _derived(self, xp: Any, mean: Any, shape: Any) -> dict[str, Any]:
        return {"rate": shape / mean, "scale": mean / shape, "sd": mean / xp.sqrt(shape)}

    def _start(self, y: Any, w: Any, known: Any) -> dict[str, Any]:
        mean = known.get("mean", weighted_mean(y, w))
        # Minka (2002): with s = log(mean) - mean(log), shape is near (3 - s + sqrt((s - 3)^2 + 24 s)) / (12 s)
        r = y / mean
        s = min(max(float(weighted_mean(r - 1.0 - np.log(r), w)), 1e-12), 1e100)  # means far from their rows
        return {"mean": weighted_mean(y, w), "shape": (3 - s + np.sqrt((s - 3) ** 2 + 24 * s)) / (12 * s)}

    def _sufficient(self, y: Any) -> tuple[Any, Any]:
        return y, np.log(y)
