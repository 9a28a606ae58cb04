"""The binomial family: successes out of a known number of trials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np

from likely.errors import ParameterError
from likely.families.base import Family, Parameter, Support
from likely.families.base.domains import Domain, UnitInterval
from likely.families.bernoulli import odds
from likely.namespace.arrays import Value

if TYPE_CHECKING:
    from likely.families.base.arguments import Known
    from likely.families.base.numeric.frozen import Frozen

Trials = Domain("a whole number of trials >= 0", lower=0.0, closed_lower=True, integer=True, typical=(1.0, 30.0))


@final
class Binomial(Family):
    """Successes out of a known number of tries: heads in 10 flips, defaults among 200 loans.

    log P = log C(n, y) + y log p + (n - y) log(1 - p), arranged as saddle-point expansion plus two deviances
    (Loader 2000, "Fast and accurate computation of binomial probabilities"), which keeps all digits at any n.

    Examples
    --------
    >>> import likely as lk
    >>> round(lk.Binomial(n=10).prob(7, p=0.5), 4)
    0.1172
    """

    name: ClassVar = "binomial"
    aliases: ClassVar = ("binom",)
    parameters: ClassVar = (
        Parameter("p", UnitInterval, "probability of success in one trial"),
        Parameter("n", Trials, "number of trials", known_only=True),
    )
    support: ClassVar = Support(0.0, closed_lower=True, integer=True)
    assumes: ClassVar = "n independent trials, each a success with the same probability"
    concave: ClassVar = {"p": ("logit", "probit", "cloglog", "loglog", "log", "identity")}
    loss_name: ClassVar = "half binomial deviance"
    unaveraged: ClassVar = "w belongs into the number of trials, Binomial(n=...)"

    if TYPE_CHECKING:

        def __init__(self, *, p: Known = None, n: Known = None) -> None: ...

    def _log_density(self, xp: Any, y: Any, p: Any, n: Any) -> Value:
        failures = n - y
        # one way to choose none or all; spelled out because a large and its equal may differ in the last digit
        ways = xp.where((y == 0) | (failures == 0), 0.0, xp.stirling(n) - xp.stirling(y) - xp.stirling(failures))
        return ways - xp.bd0(y, n * p) - xp.bd0(failures, n * xp.complement(p))

    def _scipy(self, p: Any, n: Any) -> Frozen:
        from scipy import stats

        return stats.binom(np.asarray(n).astype(np.int64), p)  # SciPy's sampler refuses floats

    def _mean(self, xp: Any, p: Any, n: Any) -> Value:
        return n * p

    def _variance(self, xp: Any, p: Any, n: Any) -> Value:
        return n * p * xp.complement(p)

    def _derived(self, xp: Any, p: Any, n: Any) -> dict[str, Any]:
        return {"odds": odds(xp, p)}

    def _start(self, y: Any, w: Any, known: Any) -> dict[str, Any]:
        successes, trials = self._totals(y, w, known)
        return {"p": (successes + 0.5) / (trials + 1.0)}

    def _closed_form(self, y: Any, w: Any, known: Any) -> dict[str, Any] | None:
        successes, trials = self._totals(y, w, known)
        return {"p": successes / trials} if trials > 0 else None

    def saturation(self, y: Any, known: Any) -> dict[str, Any]:
        """Successes alone allow a probability that runs up to 1, failures alone one that runs down to 0."""
        n = known["n"]
        # without trials (2) any probability will do
        return {"p": np.where(y == n, np.where(y == 0, 2.0, 1.0), -1.0 * (y == 0))}

    @staticmethod
    def _totals(y: Any, w: Any, known: Any) -> tuple[float, float]:
        n = np.broadcast_to(np.asarray(known["n"], dtype=float), np.shape(y))
        w = np.ones(np.shape(y)) if w is None else w
        return float(np.sum(w * y)), float(np.sum(w * n))

    def resolve(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """All parameter values; the number of trials must be whole."""
        values = super().resolve(params)
        n = np.asarray(values["n"], dtype=float)
        if np.any(n != np.floor(n)):
            raise ParameterError(f"Binomial's n must be a whole number of trials, found {n[n != np.floor(n)].flat[0]}")
        return values

    def bounds(self, **params: Any) -> tuple[Any, Any]:
        """0 and the number of trials."""
        return 0.0, params["n"]
