"""The inverse Gaussian (Wald) family, by mean and shape."""

from __future__ import annotations

from typing import Any, ClassVar, final

import numpy as np

from likely.domains import Positive
from likely.families.normal import HALF_LOG_2PI
from likely.family import Family, Parameter, Support, weighted_mean


@final
class InverseGaussian(Family):
    """Positive amounts with a long right tail: the time until a drifting random walk reaches a threshold.

    log f = log(shape / (2 pi y^3))/2 - shape (y - mean)^2 / (2 mean^2 y)  (Tweedie 1957). Variance is mean^3/shape.

    Examples
    --------
    >>> import likely as lk
    >>> round(lk.InverseGaussian().prob(1.0, mean=1, shape=1), 4)
    0.3989
    """

    name: ClassVar = "inverse_gaussian"
    aliases: ClassVar = ("invgauss", "wald")
    parameters: ClassVar = (
        Parameter("mean", Positive, "expected value"),
        Parameter("shape", Positive, "how tightly the values lie around their mean: mean^3 / variance"),
    )
    support: ClassVar = Support(lower=0.0)
    assumes: ClassVar = "positive amounts whose variance grows with the cube of the mean"
    loss_name: ClassVar = "inverse Gaussian deviance"
    averaged: ClassVar = {"shape": 1.0}

    def _log_density(self, xp: Any, y: Any, mean: Any, shape: Any) -> Any:
        # y/mean - 1: near the mean from the exact difference; far below it from the ratio, whose derivative is
        # small, where that of the difference is what is left of two large terms
        off = xp.where(mean > 2.0 * y, y / mean - 1.0, (y - mean) / mean)
        # off * (off / y), not off^2 / y: the square overflows first
        return 0.5 * (xp.log(shape) - shape * (off * (off / y))) - 1.5 * xp.log(y) - HALF_LOG_2PI

    def _scipy(self, mean: Any, shape: Any) -> Any:
        from scipy import stats

        return stats.invgauss(mu=mean / shape, scale=shape)

    def _mean(self, xp: Any, mean: Any, shape: Any) -> Any:
        return mean

    def _variance(self, xp: Any, mean: Any, shape: Any) -> Any:
        return mean * mean * (mean / shape)

    def _derived(self, xp: Any, mean: Any, shape: Any) -> dict[str, Any]:
        return {"sd": mean * xp.sqrt(mean / shape)}

    def _start(self, y: Any, w: Any, known: Any) -> dict[str, Any]:
        shape = known.get("shape", 1.0)
        precision = w if np.ndim(shape) == 0 else (1.0 if w is None else w) * shape
        best = weighted_mean(y, precision)
        mean = known.get("mean", best)
        off = (y - mean) / mean
        spread = float(weighted_mean(off * (off / y), w))
        return {"mean": float(best), "shape": 1.0 / spread if spread > 0.0 else 1.0}

    def _closed_form(self, y: Any, w: Any, known: Any) -> dict[str, Any] | None:
        best = self._start(y, w, known)
        constant = "shape" not in known and np.all(y == known.get("mean", best["mean"]))
        return None if constant else best
