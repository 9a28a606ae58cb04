"""The asymmetric Laplace family, whose location is a quantile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np

from likely.families.base import Family, Parameter, Support, weighted_mean
from likely.families.base.domains import Positive, Real, UnitInterval
from likely.families.laplace import weighted_quantile
from likely.namespace.arrays import Value

if TYPE_CHECKING:
    from likely.families.base.arguments import Known
    from likely.families.base.numeric.frozen import Frozen


@final
class AsymmetricLaplace(Family):
    """Errors with a sharp peak at a quantile: a share tau of them lies below, the rest above.

    log f = log(tau (1 - tau)/scale) - rho((y - loc)/scale) with rho(u) = u (tau - [u < 0]), the check function of
    quantile regression  (Koenker and Machado 1999, *JASA* 94; Yu and Zhang 2005)

    The location with predictors is the regression of that quantile. The level tau is always known: say which quantile.

    Examples
    --------
    >>> import likely as lk
    >>> fit = lk.fit(lk.AsymmetricLaplace(tau=0.75), [1.0, 2.0, 3.0, 4.0, 8.0])
    >>> fit.coef["loc"]
    4.0
    """

    name: ClassVar = "asymmetric_laplace"
    aliases: ClassVar = ("ald", "quantile")
    parameters: ClassVar = (
        Parameter("loc", Real, "the quantile at level tau"),
        Parameter("scale", Positive, "mean check loss"),
        Parameter("tau", UnitInterval, "share of the errors below loc", known_only=True),
    )
    support: ClassVar = Support()
    assumes: ClassVar = "errors of exponential size, with other weights below and above a quantile"
    loss_name: ClassVar = "pinball loss"
    averaged: ClassVar = {"scale": -0.5}
    kinked: ClassVar = ("loc",)
    absolute_location: ClassVar = "loc"
    corner_level: ClassVar = "tau"
    predicted: ClassVar = "loc"

    if TYPE_CHECKING:

        def __init__(self, *, loc: Known = None, scale: Known = None, tau: Known = None) -> None: ...

    def _log_density(self, xp: Any, y: Any, loc: Any, scale: Any, tau: Any) -> Value:
        u = (y - loc) / scale
        check = 0.5 * xp.abs(u) + (tau - 0.5) * u
        return xp.log(tau) + xp.log(xp.complement(tau)) - xp.log(scale) - check

    def _scipy(self, loc: Any, scale: Any, tau: Any) -> Frozen:
        from scipy import stats

        return stats.laplace_asymmetric(
            np.sqrt(tau / (1.0 - tau)), loc=loc, scale=scale / np.sqrt(tau * (1.0 - np.asarray(tau)))
        )

    def _mean(self, xp: Any, loc: Any, scale: Any, tau: Any) -> Value:
        return loc + scale * (1.0 - 2.0 * tau) / (tau * (1.0 - tau))

    def _variance(self, xp: Any, loc: Any, scale: Any, tau: Any) -> Value:
        z = scale / (tau * (1.0 - tau))
        return z * z * (1.0 - 2.0 * tau + 2.0 * (tau * tau))

    def _derived(self, xp: Any, loc: Any, scale: Any, tau: Any) -> dict[str, Any]:
        return {"mean": self._mean(xp, loc, scale, tau)}

    def _start(self, y: Any, w: Any, known: Any) -> dict[str, Any]:
        tau, scale = known["tau"], known.get("scale", 1.0)
        # each row counts 1/scale times, so known scales act as weights
        precision = w if np.ndim(scale) == 0 else (1.0 if w is None else w) / scale
        loc = weighted_quantile(y, precision, float(np.median(tau)))
        r = y - known.get("loc", loc)
        return {"loc": loc, "scale": weighted_mean(r * (tau - (r < 0)), w)}

    def _closed_form(self, y: Any, w: Any, known: Any) -> dict[str, Any] | None:
        if np.ndim(known["tau"]):
            return None
        best = self._start(y, w, known)
        return best if "scale" in known or best["scale"] > 0.0 else None
