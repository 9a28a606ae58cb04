"""The exponential family of waiting times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, final

from likely.families.base import Family, Parameter, Support, weighted_mean
from likely.families.base.domains import Positive
from likely.families.laplace import LOG_2
from likely.namespace.arrays import Value

if TYPE_CHECKING:
    from likely.families.base.arguments import Known
    from likely.families.base.numeric.frozen import Frozen


@final
class Exponential(Family):
    """Waiting times when what is waited for is equally likely at every moment: calls, decays, arrivals.

    log f = log(rate) - rate y  (Johnson, Kotz and Balakrishnan 1994, chapter 19)

    Examples
    --------
    >>> import likely as lk
    >>> round(lk.Exponential().prob(2.0, rate=0.5), 4)
    0.1839
    """

    name: ClassVar = "exponential"
    aliases: ClassVar = ("expon",)
    parameters: ClassVar = (Parameter("rate", Positive, "events per unit of time: 1 / mean"),)
    support: ClassVar = Support(lower=0.0, closed_lower=True)
    assumes: ClassVar = "waiting times without memory: however long it took already, the rest is distributed alike"
    concave: ClassVar = {"rate": ("log", "identity", "softplus")}
    loss_name: ClassVar = "exponential deviance"
    unaveraged: ClassVar = "a mean of w exponential observations is Gamma(shape='w')"

    if TYPE_CHECKING:

        def __init__(self, *, rate: Known = None) -> None: ...

    def _log_density(self, xp: Any, y: Any, rate: Any) -> Value:
        return xp.log(rate) - rate * y

    def _log_cdf(self, xp: Any, y: Any, rate: Any) -> Value:
        return xp.log1mexp(rate * y)

    def _log_sf(self, xp: Any, y: Any, rate: Any) -> Value:
        return -(rate * y)

    def _scipy(self, rate: Any) -> Frozen:
        from scipy import stats

        return stats.expon(scale=1.0 / rate)

    def _mean(self, xp: Any, rate: Any) -> Value:
        return 1.0 / rate

    def _variance(self, xp: Any, rate: Any) -> Value:
        return 1.0 / (rate * rate)

    def _derived(self, xp: Any, rate: Any) -> dict[str, Any]:
        return {"mean": 1.0 / rate, "median": LOG_2 / rate}

    def _start(self, y: Any, w: Any, known: Any) -> dict[str, Any]:
        mean = float(weighted_mean(y, w))
        return {"rate": 1.0 / mean if mean > 0.0 else 1.0}

    def _closed_form(self, y: Any, w: Any, known: Any) -> dict[str, Any] | None:
        return self._start(y, w, known) if weighted_mean(y, w) > 0.0 else None
