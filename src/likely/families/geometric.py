"""The geometric family: failures before the first success."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, final

from likely.families.base import Family, Parameter, Support, weighted_mean
from likely.families.base.domains import UnitInterval
from likely.namespace.arrays import Value

if TYPE_CHECKING:
    from likely.families.base.arguments import Known
    from likely.families.base.numeric.frozen import Frozen

# p = 0 would be no distribution at all: the success never comes
SomeChance = replace(UnitInterval, name="a number above 0 and at most 1", closed_lower=False)


@final
class Geometric(Family):
    """Failures before the first success: months before a churn, attempts before a hit; 0, 1, 2, ...

    log P = log p + y log(1 - p); the mean is (1 - p)/p. (SciPy's ``geom`` counts the trials instead: one more.)

    Examples
    --------
    >>> import likely as lk
    >>> lk.Geometric().prob([0, 1, 2], p=0.5).round(4).tolist()
    [0.5, 0.25, 0.125]
    """

    name: ClassVar = "geometric"
    aliases: ClassVar = ("geom",)
    parameters: ClassVar = (Parameter("p", SomeChance, "probability of success in one trial"),)
    support: ClassVar = Support(0.0, closed_lower=True, integer=True)
    assumes: ClassVar = "independent tries with the same chance of success, counted until the first one"
    concave: ClassVar = {"p": ("logit", "probit", "cloglog", "loglog", "log", "identity")}
    loss_name: ClassVar = "geometric deviance"
    unaveraged: ClassVar = "for counts of several trials use NegativeBinomial"

    if TYPE_CHECKING:

        def __init__(self, *, p: Known = None) -> None: ...

    def _log_density(self, xp: Any, y: Any, p: Any) -> Value:
        return xp.log(p) + xp.where(y == 0, 0.0, y * xp.log_complement_if(y != 0, p))

    def _log_cdf(self, xp: Any, y: Any, p: Any) -> Value:
        return xp.log1mexp(-self._log_sf(xp, y, p))

    def _log_sf(self, xp: Any, y: Any, p: Any) -> Value:
        return (y + 1.0) * xp.log(xp.complement(p))

    def _scipy(self, p: Any) -> Frozen:
        from scipy import stats

        return stats.geom(p, loc=-1)

    def _mean(self, xp: Any, p: Any) -> Value:
        return xp.complement(p) / p

    def _variance(self, xp: Any, p: Any) -> Value:
        return xp.complement(p) / (p * p)

    def _derived(self, xp: Any, p: Any) -> dict[str, Any]:
        return {"mean": xp.complement(p) / p}

    def _start(self, y: Any, w: Any, known: Any) -> dict[str, Any]:
        return {"p": 1.0 / (1.02 + weighted_mean(y, w))}  # below 1 also when every y is 0

    def _closed_form(self, y: Any, w: Any, known: Any) -> dict[str, Any] | None:
        return {"p": 1.0 / (1.0 + weighted_mean(y, w))}

    def saturation(self, y: Any, known: Any) -> dict[str, Any]:
        """No failure at all allows a probability that runs up to 1."""
        return {"p": 1.0 * (y == 0)}
