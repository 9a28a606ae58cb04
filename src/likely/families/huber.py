"""The Huber family: normal in the middle, Laplace in the tails."""

from __future__ import annotations

import math
from typing import Any, ClassVar, final

import numpy as np

from likely.domains import Positive, Real
from likely.families.laplace import weighted_quantile
from likely.family import Family, Parameter, Support, weighted_mean

SQRT_2PI = math.sqrt(2.0 * math.pi)


def _mass(xp: Any, k: Any) -> tuple[Any, Any]:
    """The integrals of exp(-rho) over the middle and over one tail."""
    return SQRT_2PI * xp.erf(k / math.sqrt(2.0)), xp.exp(-0.5 * (k * k)) / k


@final
class Huber(Family):
    """Errors that are normal up to k times their scale and exponential beyond: few outliers, of any size.

    log f = -rho(z) - log(scale) - log(c) with z = (y - loc)/scale, rho(z) = z^2/2 where |z| <= k, k |z| - k^2/2
    beyond, c = sqrt(2 pi) (2 Phi(k) - 1) + 2 exp(-k^2/2)/k: the least favourable distribution of Huber (1964,
    *Annals of Mathematical Statistics* 35). k = 1.345 gives 95% efficiency at the normal. k is always known.

    Examples
    --------
    >>> import likely as lk
    >>> round(lk.Huber(k=1.345).prob(0.0, loc=0, scale=1), 4)
    0.3758
    """

    name: ClassVar = "huber"
    parameters: ClassVar = (
        Parameter("loc", Real, "centre"),
        Parameter("scale", Positive, "standard deviation of the errors in the middle"),
        Parameter("k", Positive, "where the tails begin, in scales", known_only=True),
    )
    support: ClassVar = Support()
    assumes: ClassVar = "errors normal in the middle, with a share of outliers whose size is exponential"
    loss_name: ClassVar = "Huber loss"
    averaged: ClassVar = {"scale": -0.5}

    def _log_density(self, xp: Any, y: Any, loc: Any, scale: Any, k: Any) -> Any:
        size = xp.abs((y - loc) / scale)
        near = xp.minimum(size, k)
        middle, tail = _mass(xp, k)
        return -(near * (size - 0.5 * near)) - xp.log(scale) - xp.log(middle + 2.0 * tail)

    def _mean(self, xp: Any, loc: Any, scale: Any, k: Any) -> Any:
        return loc

    def _variance(self, xp: Any, loc: Any, scale: Any, k: Any) -> Any:
        middle, tail = _mass(xp, k)
        beyond = 4.0 * tail * (1.0 + 1.0 / (k * k))
        return scale * scale * (middle + beyond) / (middle + 2.0 * tail)

    def _start(self, y: Any, w: Any, known: Any) -> dict[str, Any]:
        loc = weighted_quantile(y, w, 0.5)
        size = np.abs(y - known.get("loc", loc))
        # the median of |z| is 0.67 for a normal; where more than half are ties, take their mean
        scale = weighted_quantile(size, w, 0.5) / 0.6745 or float(weighted_mean(size, w)) or 1.0
        return {"loc": loc, "scale": scale}
