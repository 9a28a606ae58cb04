"""The Bernoulli family: one yes or no."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, final

from likely.families.base import Family, Parameter, Support, weighted_mean
from likely.families.base.domains import UnitInterval
from likely.families.base.kernel import Kernel
from likely.families.kernels.glm import logistic_rows
from likely.namespace.arrays import Value

if TYPE_CHECKING:
    from likely.families.base.arguments import Known
    from likely.families.base.numeric.frozen import Frozen


def odds(xp: Any, p: Any) -> Value:
    """p / (1 - p), infinite at p = 1."""
    q = xp.complement(p)
    return xp.where(q == 0, xp.inf, p / xp.where(q == 0, 1.0, q))


@final
class Bernoulli(Family):
    """Yes or no, success or failure: a default, a click, heads.

    log P = log p where y = 1, log(1 - p) where y = 0

    Examples
    --------
    >>> import likely as lk
    >>> lk.Bernoulli().prob([1, 0], p=0.25).tolist()
    [0.25, 0.75]
    """

    name: ClassVar = "bernoulli"
    parameters: ClassVar = (Parameter("p", UnitInterval, "probability of a 1 (yes, success)"),)
    support: ClassVar = Support(0.0, 1.0, closed_lower=True, closed_upper=True, integer=True)
    assumes: ClassVar = "each observation is a yes or a no, independent of the others given the predictors"
    concave: ClassVar = {"p": ("logit", "probit", "cloglog", "loglog", "log", "identity")}
    loss_name: ClassVar = "log loss (cross-entropy)"
    unaveraged: ClassVar = "for shares of w trials give the successes and the trials, Binomial(n='w')"

    if TYPE_CHECKING:

        def __init__(self, *, p: Known = None) -> None: ...

    def _log_density(self, xp: Any, y: Any, p: Any) -> Value:
        return xp.where(y == 1, xp.log_if(y == 1, p), xp.log_complement_if(y != 1, p))

    def kernel(self, links: tuple[str, ...]) -> Kernel | None:
        """Its fused rows."""
        return Kernel(logistic_rows) if links == ("logit",) else None

    def _scipy(self, p: Any) -> Frozen:
        from scipy import stats

        return stats.bernoulli(p)

    def _mean(self, xp: Any, p: Any) -> Value:
        return p

    def _variance(self, xp: Any, p: Any) -> Value:
        return p * xp.complement(p)

    def _derived(self, xp: Any, p: Any) -> dict[str, Any]:
        return {"odds": odds(xp, p)}

    def _start(self, y: Any, w: Any, known: Any) -> dict[str, Any]:
        return {"p": 0.01 + 0.98 * weighted_mean(y, w)}  # inside also when every y is the same

    def _closed_form(self, y: Any, w: Any, known: Any) -> dict[str, Any] | None:
        return {"p": weighted_mean(y, w)}

    def saturation(self, y: Any, known: Any) -> dict[str, Any]:
        """A yes allows a probability that runs up to 1, a no one that runs down to 0."""
        return {"p": 2.0 * y - 1.0}
