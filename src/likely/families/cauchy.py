"""The Cauchy (Lorentz) family."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np

from likely.families.base import Family, Parameter, Support
from likely.families.base.domains import Positive, Real
from likely.families.base.links import LINKS
from likely.families.laplace import middle_size, weighted_quantile
from likely.namespace.arrays import Value

if TYPE_CHECKING:
    from likely.families.base.arguments import Known
    from likely.families.base.numeric.frozen import Frozen

LOG_PI = math.log(math.pi)
SMALLEST = 1e-150  # width: its square is still a number


def log1p_square(xp: Any, difference: Any, width: Any, log_width: Any) -> Value:
    """log(1 + z^2) with z = difference/width, for any z.

    Beyond 1e8, where the 1 has rounded away, it is 2 (log|difference| - log(width)): z^2 would overflow, and the
    second derivatives of log|z| as a function of z would be lost to underflow.
    """
    width = xp.maximum(width, SMALLEST)  # far already, and its square is no zero to divide by
    z = difference / width
    far = xp.abs(z) > 1e8
    # each part sees a harmless argument where the other one holds, so that no derivative is 0 * inf
    near = xp.where(far, 0.0, difference) / width
    size = xp.log(xp.where(far, xp.abs(difference), 1.0))
    return xp.log1p(near * near) + 2.0 * (size - xp.where(far, log_width, 0.0))


@final
class Cauchy(Family):
    """Measurements in which a few are wildly off: resonance curves, ratios of noisy numbers. There is no mean.

    log f = -log(pi scale) - log(1 + ((y - loc)/scale)^2)  (Johnson, Kotz and Balakrishnan 1994, chapter 16)

    Examples
    --------
    >>> import likely as lk
    >>> round(lk.Cauchy().prob(0.0, loc=0, scale=1), 4)
    0.3183
    """

    name: ClassVar = "cauchy"
    aliases: ClassVar = ("lorentz",)
    parameters: ClassVar = (
        Parameter("loc", Real, "centre (the median)"),
        Parameter("scale", Positive, "half the distance between the quartiles"),
    )
    support: ClassVar = Support()
    assumes: ClassVar = "errors so heavy-tailed that single ones dominate every average"
    concave: ClassVar = {}
    moves: ClassVar = "loc"
    loss_name: ClassVar = "Cauchy (Lorentzian) loss"
    averaged: ClassVar = {"scale": -0.5}
    multimodal: ClassVar = "loc"

    if TYPE_CHECKING:

        def __init__(self, *, loc: Known = None, scale: Known = None) -> None: ...

    def tail_power(self) -> float | None:
        return 1.0

    def _log_density(self, xp: Any, y: Any, loc: Any, scale: Any) -> Value:
        log_scale = xp.log(scale)
        return -log1p_square(xp, y - loc, scale, log_scale) - log_scale - LOG_PI

    def _log_cdf(self, xp: Any, y: Any, loc: Any, scale: Any) -> Value:
        return xp.log(LINKS["cauchit"].inverse((y - loc) / scale, xp))

    def _log_sf(self, xp: Any, y: Any, loc: Any, scale: Any) -> Value:
        return self._log_cdf(xp, -y, -loc, scale)

    def _scipy(self, loc: Any, scale: Any) -> Frozen:
        from scipy import stats

        return stats.cauchy(loc=loc, scale=scale)

    def _mean(self, xp: Any, loc: Any, scale: Any) -> Value:
        return math.nan * (loc * scale)

    def _variance(self, xp: Any, loc: Any, scale: Any) -> Value:
        return math.nan * (loc * scale)

    def _start(self, y: Any, w: Any, known: Any) -> dict[str, Any]:
        loc = weighted_quantile(y, w, 0.5)
        # half of all |y - loc| lie below the scale
        return {"loc": loc, "scale": middle_size(np.abs(y - known.get("loc", loc)), w)}

    def _starts(self, y: Any, w: Any, known: Any, courses: Any) -> dict[str, Any]:
        return self._start(y, w, {**known, **courses})
