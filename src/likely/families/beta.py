"""The beta family, by mean and precision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np

from likely.families.base import Family, Parameter, Support, weighted_mean
from likely.families.base.domains import OpenUnitInterval, Positive
from likely.namespace.arrays import Value

if TYPE_CHECKING:
    from likely.families.base.arguments import Known
    from likely.families.base.numeric.frozen import Frozen


@final
class Beta(Family):
    """Shares and proportions strictly between 0 and 1: market share, fraction of a budget, a humidity.

    With alpha = mean precision and beta = (1 - mean) precision (Ferrari and Cribari-Neto 2004):
    log f = (alpha - 1) log y + (beta - 1) log(1 - y) - log B(alpha, beta), arranged after Loader (2000) so that it
    holds also for precisions so large that the beta function loses all digits. Variance is
    mean (1 - mean)/(1 + precision).

    Examples
    --------
    >>> import likely as lk
    >>> round(lk.Beta().prob(0.5, mean=0.5, precision=4), 4)
    1.5
    """

    name: ClassVar = "beta"
    parameters: ClassVar = (
        Parameter("mean", OpenUnitInterval, "expected share"),
        Parameter("precision", Positive, "how tightly shares gather around the mean", typical=(0.5, 20.0)),
    )
    support: ClassVar = Support(0.0, 1.0)
    assumes: ClassVar = "shares strictly between 0 and 1 that spread least near the ends"
    concave: ClassVar = {"mean": ("logit", "probit", "cloglog", "loglog")}
    loss_name: ClassVar = "beta deviance"
    unaveraged: ClassVar = "say how the precision grows, precision='~ offset(log(w))'"

    if TYPE_CHECKING:

        def __init__(self, *, mean: Known = None, precision: Known = None) -> None: ...

    def _log_density(self, xp: Any, y: Any, mean: Any, precision: Any) -> Value:
        rest, other = xp.complement(mean), 1.0 - y
        log_other = xp.log1p(-y)
        constants = xp.stirling(precision) - xp.stirling(mean * precision) - xp.stirling(rest * precision)
        deviance = precision * (xp.bd0(mean, y) + xp.bd0(rest, other))
        return xp.log(precision) + (xp.log(mean) - xp.log(y)) + (xp.log(rest) - log_other) + constants - deviance

    def _scipy(self, mean: Any, precision: Any) -> Frozen:
        from scipy import stats

        return stats.beta(a=np.multiply(mean, precision), b=np.multiply(np.subtract(1.0, mean), precision))

    def _mean(self, xp: Any, mean: Any, precision: Any) -> Value:
        return mean

    def _variance(self, xp: Any, mean: Any, precision: Any) -> Value:
        return mean * xp.complement(mean) / (1.0 + precision)

    def _derived(self, xp: Any, mean: Any, precision: Any) -> dict[str, Any]:
        return {"alpha": mean * precision, "beta": xp.complement(mean) * precision}

    def _start(self, y: Any, w: Any, known: Any) -> dict[str, Any]:
        mean = float(np.clip(weighted_mean(y, w), 1e-300, np.nextafter(1.0, 0.0)))
        m = known.get("mean", mean)
        full = weighted_mean(m * (1.0 - m) * np.ones_like(y), w)  # the variance at precision 0
        spread = max(float(weighted_mean(np.square(y - m), w)), 1e-12 * float(full))
        return {"mean": mean, "precision": float(np.clip(full / spread - 1.0, 1e-2, 1e8))}

    def _sufficient(self, y: Any) -> tuple[Any, Any]:
        return np.log(y), np.log1p(-y)
