"""The Pareto family: a power law above a minimum."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np

from likely.families.base import Family, Parameter, Support
from likely.families.base.domains import Positive
from likely.namespace.arrays import Value

if TYPE_CHECKING:
    from likely.families.base.arguments import Known
    from likely.families.base.numeric.frozen import Frozen


@final
class Pareto(Family):
    """Sizes where a few are enormous: incomes, cities, losses above a threshold.

    log f = log(shape) - shape log(y/minimum) - log(y) where y >= minimum (Pareto, type I). The chance to exceed y
    falls as (minimum/y)^shape; the mean is finite only for shape > 1, the variance only for shape > 2.

    Examples
    --------
    >>> import likely as lk
    >>> lk.Pareto().prob([1.0, 2.0], shape=2, minimum=1).tolist()
    [2.0, 0.25]
    """

    name: ClassVar = "pareto"
    aliases: ClassVar = ("power_law",)
    parameters: ClassVar = (
        Parameter("shape", Positive, "how fast large values become rare (tail index)"),
        Parameter("minimum", Positive, "smallest possible value", edge=True),
    )
    support: ClassVar = Support(lower=0.0)
    assumes: ClassVar = "doubling a size divides the chance to exceed it by the same factor, wherever you start"
    concave: ClassVar = {"shape": ("log", "identity", "softplus")}
    loss_name: ClassVar = "log excess over the minimum"

    if TYPE_CHECKING:

        def __init__(self, *, shape: Known = None, minimum: Known = None) -> None: ...

    def _log_density(self, xp: Any, y: Any, shape: Any, minimum: Any) -> Value:
        # log1p of the relative excess, because y/minimum close to 1 would lose its digits
        return xp.log(shape) - shape * xp.log1p((y - minimum) / minimum) - xp.log(y)

    def _log_cdf(self, xp: Any, y: Any, shape: Any, minimum: Any) -> Value:
        return xp.log1mexp(shape * xp.log1p((y - minimum) / minimum))

    def _log_sf(self, xp: Any, y: Any, shape: Any, minimum: Any) -> Value:
        return -(shape * xp.log1p((y - minimum) / minimum))

    def _scipy(self, shape: Any, minimum: Any) -> Frozen:
        from scipy import stats

        return stats.pareto(b=shape, scale=minimum)

    def _mean(self, xp: Any, shape: Any, minimum: Any) -> Value:
        finite = xp.where(shape > 1.0, shape, 2.0)
        return xp.where(shape > 1.0, finite * minimum / (finite - 1.0), xp.inf)

    def _variance(self, xp: Any, shape: Any, minimum: Any) -> Value:
        finite = xp.where(shape > 2.0, shape, 3.0)
        ratio = minimum / (finite - 1.0)
        return xp.where(shape > 2.0, ratio * ratio * finite / (finite - 2.0), xp.inf)

    def _derived(self, xp: Any, shape: Any, minimum: Any) -> dict[str, Any]:
        return {"median": minimum * xp.exp(math.log(2.0) / shape)}

    def _start(self, y: Any, w: Any, known: Any) -> dict[str, Any]:
        edge = self.edge_estimate(y, known)
        excess = self._mean_log_excess(y, w, known.get("minimum", edge.get("minimum")))
        return {"shape": 1.0 / max(excess, 1e-8), **edge}

    def _closed_form(self, y: Any, w: Any, known: Any) -> dict[str, Any] | None:
        edge = self.edge_estimate(y, known)
        if "shape" in known:
            return edge
        excess = self._mean_log_excess(y, w, known.get("minimum", edge.get("minimum")))
        return {"shape": 1.0 / excess if excess > 0 else math.inf, **edge}  # infinite: all rows at the minimum

    def edge_estimate(self, y: Any, known: Any) -> dict[str, Any]:
        """The minimum, if it is not known: the smallest of the data."""
        return {} if "minimum" in known else {"minimum": float(np.min(y))}

    @staticmethod
    def _mean_log_excess(y: Any, w: Any, minimum: Any) -> float:
        excess = np.log1p((y - minimum) / minimum)
        return float(np.mean(excess) if w is None else np.sum(w * excess) / np.sum(w))

    def bounds(self, **params: Any) -> tuple[Any, Any]:
        """The minimum and infinity."""
        return params["minimum"], np.inf
