"""The log-normal family: positive data whose logarithm is normal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np

from likely.families.base import Family, Parameter, Support
from likely.families.base.domains import Positive, Real
from likely.families.normal import HALF_LOG_2PI, Normal
from likely.namespace.arrays import Floats, Value

if TYPE_CHECKING:
    from likely.families.base.arguments import Known
    from likely.families.base.numeric.frozen import Frozen


@final
class LogNormal(Family):
    """Positive amounts that arise by multiplying many small factors: incomes, particle sizes, prices.

    log f = -log(y sigma) - log(2 pi)/2 - ((log y - mu)/sigma)^2 / 2  (Johnson, Kotz and Balakrishnan 1994, chapter 14)

    Examples
    --------
    >>> import likely as lk
    >>> round(lk.LogNormal().prob(1.0, mu=0, sigma=1), 4)
    0.3989
    """

    name: ClassVar = "log_normal"
    aliases: ClassVar = ("lognormal", "lognorm")
    parameters: ClassVar = (
        Parameter("mu", Real, "mean of log y; exp(mu) is the median"),
        Parameter("sigma", Positive, "standard deviation of log y", typical=(0.2, 1.2)),
    )
    support: ClassVar = Support(lower=0.0)
    assumes: ClassVar = "many small independent factors multiply; errors are percentages"
    concave: ClassVar = {"mu": ("identity",)}
    loss_name: ClassVar = "squared log error"
    averaged: ClassVar = {"sigma": -0.5}
    location_parameter: ClassVar = "mu"

    if TYPE_CHECKING:

        def __init__(self, *, mu: Known = None, sigma: Known = None) -> None: ...

    def _log_density(self, xp: Any, y: Any, mu: Any, sigma: Any) -> Value:
        log_y = xp.log(y)
        z = (log_y - mu) / sigma
        return -0.5 * (z * z) - log_y - xp.log(sigma) - HALF_LOG_2PI

    def _log_cdf(self, xp: Any, y: Any, mu: Any, sigma: Any) -> Value:
        return xp.log_ndtr((xp.log(y) - mu) / sigma)

    def _log_sf(self, xp: Any, y: Any, mu: Any, sigma: Any) -> Value:
        return xp.log_ndtr((mu - xp.log(y)) / sigma)

    def _scipy(self, mu: Any, sigma: Any) -> Frozen:
        from scipy import stats

        return stats.lognorm(s=sigma, scale=np.exp(mu))

    def _mean(self, xp: Any, mu: Any, sigma: Any) -> Value:
        return xp.exp(mu + 0.5 * (sigma * sigma))

    def _variance(self, xp: Any, mu: Any, sigma: Any) -> Value:
        square = sigma * sigma
        return xp.exp(2.0 * mu + square) * xp.expm1(square)

    def _derived(self, xp: Any, mu: Any, sigma: Any) -> dict[str, Any]:
        return {"mean": self._mean(xp, mu, sigma), "median": xp.exp(mu)}

    def _response(self, y: Any) -> Floats:
        return np.log(y)

    def _start(self, y: Any, w: Any, known: Any) -> dict[str, Any]:
        start = Normal()._start(np.log(y), w, _as_normal(known))
        return {"mu": float(start["mean"]), "sigma": float(start["sd"]) or 1.0}

    def _closed_form(self, y: Any, w: Any, known: Any) -> dict[str, Any] | None:
        best = Normal()._closed_form(np.log(y), w, _as_normal(known))
        if best is None or not ("sigma" in known or best["sd"] > 0.0):
            return None
        return {"mu": float(best["mean"]), "sigma": float(best["sd"])}


def _as_normal(known: Any) -> dict[str, Any]:
    names = {"mu": "mean", "sigma": "sd"}
    return {names[k]: v for k, v in known.items()}
