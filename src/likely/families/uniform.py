"""The uniform family: every value between two ends equally likely."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np

from likely.errors import ParameterError
from likely.families.base import Family, Parameter, Support
from likely.families.base.domains import Real
from likely.namespace.arrays import Value

if TYPE_CHECKING:
    from likely.families.base.arguments import Known
    from likely.families.base.numeric.frozen import Frozen


@final
class Uniform(Family):
    """Values between two ends, none likelier than another: rounding errors, the wait for a regular bus.

    log f = -log(high - low) where low <= y <= high. The likelihood is highest with the ends at the smallest and
    largest observation, where it has no derivative: these estimates are always a little too narrow.

    Examples
    --------
    >>> import likely as lk
    >>> lk.Uniform().prob([1.0, 5.0], low=0, high=4).tolist()
    [0.25, 0.0]
    """

    name: ClassVar = "uniform"
    aliases: ClassVar = ("unif", "rectangular")
    parameters: ClassVar = (
        Parameter("low", Real, "smallest possible value", typical=(-3.0, -0.5), edge=True),
        Parameter("high", Real, "largest possible value", typical=(0.5, 3.0), edge=True),
    )
    support: ClassVar = Support()
    assumes: ClassVar = "any value between two fixed ends is as likely as any other"
    loss_name: ClassVar = "log of the range"

    if TYPE_CHECKING:

        def __init__(self, *, low: Known = None, high: Known = None) -> None: ...

    def _log_density(self, xp: Any, y: Any, low: Any, high: Any) -> Value:
        return 0.0 * y - xp.log(high - low)

    def _log_cdf(self, xp: Any, y: Any, low: Any, high: Any) -> Value:
        return xp.log(y - low) - xp.log(high - low)

    def _log_sf(self, xp: Any, y: Any, low: Any, high: Any) -> Value:
        return xp.log(high - y) - xp.log(high - low)

    def _scipy(self, low: Any, high: Any) -> Frozen:
        from scipy import stats

        return stats.uniform(loc=low, scale=np.subtract(high, low))

    def _mean(self, xp: Any, low: Any, high: Any) -> Value:
        return 0.5 * (low + high)

    def _variance(self, xp: Any, low: Any, high: Any) -> Value:
        return xp.square(high - low) / 12.0

    def _derived(self, xp: Any, low: Any, high: Any) -> dict[str, Any]:
        return {"range": high - low}

    def _start(self, y: Any, w: Any, known: Any) -> dict[str, Any]:
        return self.edge_estimate(y, known)

    def _closed_form(self, y: Any, w: Any, known: Any) -> dict[str, Any] | None:
        return self.edge_estimate(y, known)

    def edge_estimate(self, y: Any, known: Any) -> dict[str, Any]:
        """The ends that are not known: the extremes of the data."""
        ends = {"low": float(np.min(y)), "high": float(np.max(y))}
        return {name: end for name, end in ends.items() if name not in known}

    def resolve(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """All parameter values; `low` must lie below `high`."""
        values = super().resolve(params)
        if np.any(np.greater_equal(values["low"], values["high"])):
            raise ParameterError(
                f"Uniform's low must lie below its high, found low={values['low']} and high={values['high']}"
            )
        return values

    def bounds(self, **params: Any) -> tuple[Any, Any]:
        """The two ends."""
        return params["low"], params["high"]
