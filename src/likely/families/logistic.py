"""The logistic family: a location and scale for real-valued data (for yes/no data see Bernoulli)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np

from likely.families.base import Family, Parameter, Support, weighted_mean
from likely.families.base.domains import Positive, Real
from likely.families.laplace import LOG_2, weighted_quantile
from likely.namespace.arrays import Value

if TYPE_CHECKING:
    from likely.families.base.arguments import Known
    from likely.families.base.numeric.frozen import Frozen


@final
class Logistic(Family):
    """Errors like the normal's in the middle, with tails that fall like the exponential's: growth, log odds.

    log f = -z - 2 log(1 + exp(-z)) - log(scale), z = (y - loc)/scale  (Johnson, Kotz and Balakrishnan 1995,
    chapter 23). For yes/no data use `Bernoulli`, whose default link is the logit.

    Examples
    --------
    >>> import likely as lk
    >>> round(lk.Logistic().prob(0.0, loc=0, scale=1), 4)
    0.25
    """

    name: ClassVar = "logistic"
    parameters: ClassVar = (
        Parameter("loc", Real, "centre"),
        Parameter("scale", Positive, "spread; the standard deviation is 1.81 times as large"),
    )
    support: ClassVar = Support()
    assumes: ClassVar = "symmetric errors with somewhat heavier tails than the normal's"
    concave: ClassVar = {"loc": ("identity",)}
    moves: ClassVar = "loc"
    loss_name: ClassVar = "log-cosh error"
    averaged: ClassVar = {"scale": -0.5}

    if TYPE_CHECKING:

        def __init__(self, *, loc: Known = None, scale: Known = None) -> None: ...

    def _log_density(self, xp: Any, y: Any, loc: Any, scale: Any) -> Value:
        z = (y - loc) / scale
        return 2.0 * xp.log_expit(z) - z - xp.log(scale)

    def _log_cdf(self, xp: Any, y: Any, loc: Any, scale: Any) -> Value:
        return xp.log_expit((y - loc) / scale)

    def _log_sf(self, xp: Any, y: Any, loc: Any, scale: Any) -> Value:
        return xp.log_expit((loc - y) / scale)

    def _scipy(self, loc: Any, scale: Any) -> Frozen:
        from scipy import stats

        return stats.logistic(loc=loc, scale=scale)

    def _mean(self, xp: Any, loc: Any, scale: Any) -> Value:
        return loc

    def _variance(self, xp: Any, loc: Any, scale: Any) -> Value:
        return (math.pi**2 / 3.0) * (scale * scale)

    def _derived(self, xp: Any, loc: Any, scale: Any) -> dict[str, Any]:
        return {"sd": (math.pi / math.sqrt(3.0)) * scale}

    def _start(self, y: Any, w: Any, known: Any) -> dict[str, Any]:
        scale = known.get("scale", 1.0)
        precision = w if np.ndim(scale) == 0 else (1.0 if w is None else w) / scale
        loc = weighted_quantile(y, precision, 0.5)
        # E|y - loc| = 2 log(2) scale
        size = float(weighted_mean(np.abs(y - known.get("loc", loc)), w))
        return {"loc": loc, "scale": size / (2.0 * LOG_2) or 1.0}
