"""The inverse Gaussian (Wald) family, by mean and shape."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np

from likely.families.base import Family, Parameter, Support, weighted_mean
from likely.families.base.domains import Positive
from likely.families.normal import HALF_LOG_2PI
from likely.namespace.arrays import Floats, Value

if TYPE_CHECKING:
    from likely.families.base.arguments import Known
    from likely.families.base.numeric.frozen import Frozen


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
    concave: ClassVar = {"mean": ("inverse", "inverse_squared")}
    loss_name: ClassVar = "inverse Gaussian deviance"
    averaged: ClassVar = {"shape": 1.0}

    if TYPE_CHECKING:

        def __init__(self, *, mean: Known = None, shape: Known = None) -> None: ...

    def _log_density(self, xp: Any, y: Any, mean: Any, shape: Any) -> Value:
        # y/mean - 1: near the mean from the exact difference; far below it from the ratio, whose derivative is
        # small, where that of the difference is what is left of two large terms
        off = xp.where(mean > 2.0 * y, xp.over(y, mean) - 1.0, xp.over(y - mean, mean))
        # off * (off / y), not off^2 / y: the square overflows first
        return 0.5 * (xp.log(shape) - shape * (off * (off / y))) - 1.5 * xp.log(y) - HALF_LOG_2PI

    def _scipy(self, mean: Any, shape: Any) -> Frozen:
        return _Distribution(mean, shape)

    def _mean(self, xp: Any, mean: Any, shape: Any) -> Value:
        return mean

    def _variance(self, xp: Any, mean: Any, shape: Any) -> Value:
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


class _Distribution:
    """SciPy's distribution with quantiles of its own far out in the tails.

    Beyond 1e-11 the search of SciPy (1.17, by Boost) ends anywhere or raises, for some ratios of mean and shape.
    """

    FAR = 1e-8
    CLOSE = 1e-6  # relative error of a probability

    def __init__(self, mean: Any, shape: Any) -> None:
        from scipy import stats

        self.mean_value, self.shape = mean, shape
        self.within = stats.invgauss(mu=mean / shape, scale=shape)

    def __getattr__(self, name: str) -> Any:
        if name == "within":  # not there yet while a copy is made
            raise AttributeError(name)
        return getattr(self.within, name)

    def ppf(self, q: Any) -> Floats | float:
        """The value with probability `q` below it."""
        return self._quantile(q, self.within.ppf, self.within.logcdf, -1.0)

    def isf(self, q: Any) -> Floats | float:
        """The value with probability `q` above it."""
        return self._quantile(q, self.within.isf, self.within.logsf, 1.0)

    def _quantile(self, q: Any, near: Any, log_tail: Any, side: float) -> Floats | float:
        far = (np.asarray(q) > 0.0) & (np.asarray(q) < self.FAR)
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", RuntimeWarning
            )  # Boost's, of a search without an end; the result is checked
            out = near(np.where(far, 0.5, q))
        out = self._checked(np.where(far, 0.5, q), out, log_tail, side)
        return np.where(far, self._far(np.where(far, q, self.FAR), log_tail, side), out)[()] if np.any(far) else out

    def _checked(self, q: Any, found: Any, log_tail: Any, side: float) -> Floats | float:
        """Quantiles whose tail probability is not the one asked for, by bisection on the logarithm."""
        inside = (np.asarray(q) > 0.0) & (np.asarray(q) < 1.0)
        with np.errstate(all="ignore"):
            goal = np.log(q)
            off = inside & ~(np.abs(np.expm1(log_tail(found) - goal)) <= self.CLOSE)
            if not np.any(off):
                return found
            low, high = np.full(np.shape(found), -745.0), np.full(np.shape(found), 709.0)
            for _ in range(80):
                middle = 0.5 * (low + high)
                further = side * (log_tail(np.exp(middle)) - goal) > 0.0
                low, high = np.where(further, middle, low), np.where(further, high, middle)
        return np.where(off, np.exp(0.5 * (low + high)), found)

    def _far(self, q: Any, log_tail: Any, side: float) -> Floats:
        """By Newton's method on the log tail probability, which is concave in log y.

        The start is where the first of the two normal probabilities that make up the tail alone would be q.
        """
        from scipy.special import ndtri

        z = -side * ndtri(q) * np.sqrt(self.mean_value / self.shape)
        root = 0.5 * (np.abs(z) + np.hypot(z, 2.0))
        y = self.mean_value * np.where(z > 0.0, root, 1.0 / root) ** 2
        goal = np.log(q)
        for _ in range(60):
            at = log_tail(y)
            with np.errstate(all="ignore"):
                step = side * (at - goal) * np.exp(at - self.within.logpdf(y)) / y
            y = y * np.exp(np.clip(step, -1.0, 1.0))
            if np.all(np.abs(step) < 1e-13 * (1.0 + np.abs(goal))):
                break
        return y
