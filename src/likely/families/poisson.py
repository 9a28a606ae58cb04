"""The Poisson family: counts of rare, independent events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np

from likely.families.base import Family, Parameter, Support, weighted_mean
from likely.families.base.domains import NonNegative
from likely.families.base.kernel import Kernel
from likely.families.kernels.glm import log_factorials, poisson_rows
from likely.namespace.arrays import Value

if TYPE_CHECKING:
    from likely.families.base.arguments import Known
    from likely.families.base.numeric.frozen import Frozen


@final
class Poisson(Family):
    """Counts of events that happen independently: calls per hour, goals per match, defects per metre.

    log P = y log(rate) - rate - log y!, arranged as -(stirling(y) + y log(y/rate) + rate - y) after Loader (2000),
    so that it keeps its digits at any count. The variance equals the mean; a rate of 0 makes y = 0 certain.

    Examples
    --------
    >>> import likely as lk
    >>> round(lk.Poisson().prob(2, rate=3.0), 4)
    0.224
    """

    name: ClassVar = "poisson"
    aliases: ClassVar = ("pois",)
    parameters: ClassVar = (Parameter("rate", NonNegative, "expected count"),)
    support: ClassVar = Support(0.0, closed_lower=True, integer=True)
    assumes: ClassVar = "events happen independently of each other, so counts vary exactly as much as their mean"
    concave: ClassVar = {"rate": ("log", "identity", "softplus")}
    loss_name: ClassVar = "half Poisson deviance"
    unaveraged: ClassVar = "for counts over w units (people, years) give the exposure, offset='log(w)'"

    if TYPE_CHECKING:

        def __init__(self, *, rate: Known = None) -> None: ...

    def _log_density(self, xp: Any, y: Any, rate: Any) -> Value:
        return -(xp.stirling(y) + xp.bd0(y, rate))

    def kernel(self, links: tuple[str, ...]) -> Kernel | None:
        """Its fused rows."""
        return Kernel(poisson_rows, log_factorials) if links == ("log",) else None

    def _scipy(self, rate: Any) -> Frozen:
        from scipy import stats

        return stats.poisson(rate)

    def _mean(self, xp: Any, rate: Any) -> Value:
        return rate

    def _variance(self, xp: Any, rate: Any) -> Value:
        return rate

    def _derived(self, xp: Any, rate: Any) -> dict[str, Any]:
        return {"sd": xp.sqrt(rate)}

    def _start(self, y: Any, w: Any, known: Any) -> dict[str, Any]:
        n = np.size(y) if w is None else np.sum(w)
        return {"rate": max(float(weighted_mean(y, w)), 0.5 / n)}  # above 0 also when every count is 0

    def _closed_form(self, y: Any, w: Any, known: Any) -> dict[str, Any] | None:
        return {"rate": weighted_mean(y, w)}

    def saturation(self, y: Any, known: Any) -> dict[str, Any]:
        """A count of zero allows a rate that runs down to 0."""
        return {"rate": -1.0 * (y == 0)}
