"""The Huber family: normal in the middle, Laplace in the tails."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np
from scipy import special as sc

from likely.families.base import Family, Parameter, Support, generator, weighted_mean
from likely.families.base.domains import Positive, Real
from likely.families.base.numeric.frozen import Frozen
from likely.families.laplace import weighted_quantile
from likely.namespace import NumpyNamespace
from likely.namespace.arrays import Floats, Value

if TYPE_CHECKING:
    from likely.families.base.arguments import Known

SQRT_2PI = math.sqrt(2.0 * math.pi)


def _mass(xp: Any, k: Any) -> tuple[Any, Any]:
    """The integrals of exp(-rho) over the middle and over one tail."""
    return SQRT_2PI * xp.erf(k / math.sqrt(2.0)), xp.exp(-0.5 * (k * k)) / k


@final
class Huber(Family):
    """Errors that are normal up to k times their scale and exponential beyond: few outliers, of any size.

    log f = -rho(z) - log(scale) - log(c) with z = (y - loc)/scale, rho(z) = z^2/2 where |z| <= k, k |z| - k^2/2
    beyond, c = sqrt(2 pi) (2 Phi(k) - 1) + 2 exp(-k^2/2)/k: the least favourable distribution of Huber (1964,
    *Annals of Mathematical Statistics* 35). k = 1.345 gives 95% efficiency at the normal. k is always known.

    Examples
    --------
    >>> import likely as lk
    >>> round(lk.Huber(k=1.345).prob(0.0, loc=0, scale=1), 4)
    0.3758
    """

    name: ClassVar = "huber"
    parameters: ClassVar = (
        Parameter("loc", Real, "centre"),
        Parameter("scale", Positive, "standard deviation of the errors in the middle"),
        Parameter("k", Positive, "where the tails begin, in scales", known_only=True),
    )
    support: ClassVar = Support()
    assumes: ClassVar = "errors normal in the middle, with a share of outliers whose size is exponential"
    concave: ClassVar = {"loc": ("identity",)}
    straight: ClassVar = ("loc",)
    moves: ClassVar = "loc"
    loss_name: ClassVar = "Huber loss"
    averaged: ClassVar = {"scale": -0.5}

    if TYPE_CHECKING:

        def __init__(self, *, loc: Known = None, scale: Known = None, k: Known = None) -> None: ...

    def _log_density(self, xp: Any, y: Any, loc: Any, scale: Any, k: Any) -> Value:
        z = (y - loc) / scale
        size = xp.abs(z)
        middle, tail = _mass(xp, k)
        return -xp.where(size <= k, 0.5 * (z * z), k * (size - 0.5 * k)) - xp.log(scale) - xp.log(middle + 2.0 * tail)

    def _scipy(self, loc: Any, scale: Any, k: Any) -> Frozen:
        return _Distribution(loc, scale, k)

    def _mean(self, xp: Any, loc: Any, scale: Any, k: Any) -> Value:
        return loc

    def _variance(self, xp: Any, loc: Any, scale: Any, k: Any) -> Value:
        middle, tail = _mass(xp, k)
        beyond = 4.0 * tail * (1.0 + 1.0 / (k * k))
        return scale * scale * (middle + beyond) / (middle + 2.0 * tail)

    def _start(self, y: Any, w: Any, known: Any) -> dict[str, Any]:
        loc = weighted_quantile(y, w, 0.5)
        size = np.abs(y - known.get("loc", loc))
        # the median of |z| is 0.67 for a normal; where more than half are ties, take their mean
        scale = weighted_quantile(size, w, 0.5) / 0.6745 or float(weighted_mean(size, w)) or 1.0
        return {"loc": loc, "scale": scale}


@final
class _Distribution(Frozen):
    """What scipy.stats has of its distributions, from the pieces of the density."""

    def __init__(self, loc: Any, scale: Any, k: Any) -> None:
        self._values = {"loc": loc, "scale": scale, "k": np.asarray(k, dtype=float)}
        self._loc, self._scale, self._k = self._values.values()
        middle, tail = _mass(NumpyNamespace(), self._k)
        self._core = SQRT_2PI / (middle + 2.0 * tail)  # of the normal's probabilities
        self._tail = tail / (middle + 2.0 * tail)  # the probability of either tail

    def _below(self, z: Any) -> Floats:
        """P(Z <= z) for z <= 0."""
        far = self._tail * np.exp(self._k * np.minimum(z + self._k, 0.0))
        near = self._tail + self._core * (sc.ndtr(np.maximum(z, -self._k)) - sc.ndtr(-self._k))
        return np.where(z < -self._k, far, near)

    def _above_half(self, q: Any) -> Floats:
        """The z <= 0 with probability q <= 1/2 below it."""
        with np.errstate(divide="ignore"):
            far = np.log(np.minimum(q / self._tail, 1.0)) / self._k - self._k
        near = sc.ndtri(np.clip((q - self._tail) / self._core + sc.ndtr(-self._k), 0.0, 0.5))
        return np.where(q < self._tail, far, near)

    def cdf(self, y: Any) -> Floats | float:
        """P(Y <= y)."""
        z = (np.asarray(y, dtype=float) - self._loc) / self._scale
        below = self._below(-np.abs(z))
        return np.where(z <= 0.0, below, 1.0 - below)[()]

    def sf(self, y: Any) -> Floats | float:
        """P(Y > y)."""
        return self.cdf(2.0 * np.asarray(self._loc) - y)

    def ppf(self, q: Any) -> Floats | float:
        """The value with probability `q` below it."""
        q = np.asarray(q, dtype=float)
        z = self._above_half(np.minimum(q, 1.0 - q))
        return (self._loc + self._scale * np.where(q <= 0.5, z, -z))[()]

    def isf(self, q: Any) -> Any:
        """The value with probability `q` above it."""
        return 2.0 * self._loc - self.ppf(q)

    def rvs(self, size: Any = None, random_state: Any = None) -> Floats | float:
        """Random values."""
        size = np.broadcast_shapes(*map(np.shape, self._values.values())) if size is None else size
        return self.ppf(generator(random_state).random(size))

    def mean(self) -> Any:
        """Expected value."""
        return Huber()._mean(NumpyNamespace(), **self._values)

    def var(self) -> Any:
        """Variance."""
        return Huber()._variance(NumpyNamespace(), **self._values)
