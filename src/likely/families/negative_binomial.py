"""The negative binomial family, by mean and dispersion."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np

from likely.families.base import Family, Limit, Parameter, Support, generator, weighted_mean
from likely.families.base.domains import NonNegative, Positive
from likely.families.base.kernel import Kernel
from likely.families.base.numeric.frozen import Frozen
from likely.families.kernels.negative_binomial import counts, negative_binomial_rows
from likely.families.poisson import Poisson
from likely.namespace.arrays import Booleans, Floats, Value

if TYPE_CHECKING:
    from likely.families.base.arguments import Known

# lgamma(x) - ((x - 1/2) log x - x + log(2 pi)/2) = sum of these times x^-(2k+1); below 1e-17 at x >= 16
STIRLING_SERIES = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)
SMALL = 1 / 16  # dispersions up to here use that series


def _poisson(**known: Any) -> Poisson:
    return Poisson(rate=known.get("mean"))


def _excess(xp: Any, t: Any, log_1pt: Any) -> Value:
    """(log(1 + t) - t)/t^2, with its derivatives, also through t = 0 where it is -1/2."""
    near = xp.abs(t) < 0.1
    small = xp.where(near, t, 0.0)
    series = 0.0
    for k in range(17, 1, -1):
        series = small * series + (-1.0) ** (k + 1) / k
    large = xp.where(near, 1.0, t)
    return xp.where(near, series, (log_1pt - t) / (large * large))


@final
class NegativeBinomial(Family):
    """Counts that vary more than a Poisson allows: claims per customer, visits per patient.

    log P = lgamma(y + r) - lgamma(r) - log y! + r log(r/(r + mean)) + y log(mean/(r + mean)) with r = 1/dispersion
    (Cameron and Trivedi's NB2); variance is mean + dispersion mean^2. It is arranged after Loader (2000), so that value
    and derivatives pass smoothly into the Poisson as the dispersion goes to 0.

    Examples
    --------
    >>> import likely as lk
    >>> round(lk.NegativeBinomial().prob(0, mean=1.0, dispersion=1.0), 4)
    0.5
    """

    name: ClassVar = "negative_binomial"
    aliases: ClassVar = ("negbin", "nbinom", "nb", "nb2")
    parameters: ClassVar = (
        Parameter("mean", NonNegative, "expected count"),
        Parameter("dispersion", Positive, "variance beyond the Poisson's, per squared mean", typical=(0.05, 3.0)),
    )
    support: ClassVar = Support(0.0, closed_lower=True, integer=True)
    assumes: ClassVar = "counts of events whose rate itself differs between observations (as a gamma)"
    concave: ClassVar = {"mean": ("log",)}
    loss_name: ClassVar = "half negative binomial deviance"
    unaveraged: ClassVar = "for counts over w units give the exposure, offset='log(w)'"
    limits: ClassVar = (Limit("dispersion", 0.0, _poisson, {"mean": "rate"}),)

    if TYPE_CHECKING:

        def __init__(self, *, mean: Known = None, dispersion: Known = None) -> None: ...

    def _log_density(self, xp: Any, y: Any, mean: Any, dispersion: Any) -> Value:
        # With u = y/r, v = mean/r this is Loader's form, log(r/(r+y)) + S(y+r) - S(y) - S(r) - D, whose deviance is
        # D = r (t - log(1+t)) + y (z - log(1+z)), 1 + t = (1+u)/(1+v), 1 + z = (mean/y)(1+u)/(1+v). Nothing cancels
        # in it, and t and z are made from y - mean, never from numbers close to 1.
        u, v = dispersion * y, dispersion * mean
        log_u, log_v = xp.log1p(u), xp.log1p(v)
        none = y == 0
        count = xp.where(none, 1.0, y)

        grown = xp.remember(1.0 + v, log=log_v)
        gap = xp.over(y - mean, grown)
        t = dispersion * gap
        log_t = xp.where(t > -0.5, xp.log1p(xp.maximum(t, -0.5)), log_u - log_v)
        first = dispersion * (gap * gap) * _excess(xp, t, log_t)  # r (log(1+t) - t) without the division by 1/r

        z = -gap / count
        far = z < -0.5  # the count is well above its mean: 1 + z must come from the logarithms
        second = xp.where(
            far,
            xp.log(mean) + (log_u - log_v - xp.log(count)) - z,
            xp.log1pmx(xp.maximum(z, -0.5)),
        )
        deviance = xp.where(none, xp.over(mean, grown), -count * second) - first

        inner = xp.minimum(dispersion, SMALL)
        shrink = 1.0 / (1.0 + inner * y)  # r/(r+y)
        a, b, rest = inner * inner, inner * shrink, 0.0
        b2, power_a, power_b = b * b, inner, b
        for c in STIRLING_SERIES:
            rest = rest + c * (power_b - power_a)
            power_a, power_b = power_a * a, power_b * b2
        r = 1.0 / xp.maximum(dispersion, SMALL)
        constants = xp.where(dispersion < SMALL, -0.5 * log_u + rest, xp.stirling(y + r) - xp.stirling(r) - log_u)
        # at y = 0 they vanish, but only to the last digit, which a tiny mean would show
        return xp.where(none, 0.0, constants - xp.stirling(y)) - deviance

    def kernel(self, links: tuple[str, ...]) -> Kernel | None:
        """Its fused rows."""
        return Kernel(partial(negative_binomial_rows, self._log_density), counts) if links == ("log", "log") else None

    def _scipy(self, mean: Any, dispersion: Any) -> Frozen:
        return _Distribution(mean, dispersion)

    def _mean(self, xp: Any, mean: Any, dispersion: Any) -> Value:
        return mean

    def _variance(self, xp: Any, mean: Any, dispersion: Any) -> Value:
        return mean + dispersion * mean * mean

    def _derived(self, xp: Any, mean: Any, dispersion: Any) -> dict[str, Any]:
        return {"size": 1.0 / dispersion, "variance": mean + dispersion * mean * mean}

    def _start(self, y: Any, w: Any, known: Any) -> dict[str, Any]:
        n = np.size(y) if w is None else np.sum(w)
        mean = max(float(weighted_mean(y, w)), 0.5 / n)  # above 0 also when every count is 0
        m = known.get("mean", mean)
        beyond = float(weighted_mean(np.square(y - m) - m, w)) / max(float(weighted_mean(m * m + 0.0 * y, w)), 1e-300)
        return {"mean": mean, "dispersion": float(np.clip(beyond, 1e-2, 1e2))}

    def _closed_form(self, y: Any, w: Any, known: Any) -> dict[str, Any] | None:
        # with one known dispersion for all rows the score is a multiple of y - mean
        if "dispersion" in known and np.ndim(known["dispersion"]) == 0 and "mean" not in known:
            return {"mean": weighted_mean(y, w)}
        return None

    def saturation(self, y: Any, known: Any) -> dict[str, Any]:
        """A count of zero allows a mean that runs down to 0."""
        return {"mean": -1.0 * (y == 0)}


@final
class _Distribution(Frozen):
    """scipy.stats.nbinom's methods from mean and dispersion, because its p = 1/(1 + dispersion mean) rounds to 1."""

    def __init__(self, mean: Any, dispersion: Any) -> None:
        self._mean, self._dispersion = np.broadcast_arrays(
            np.asarray(mean, dtype=float), np.asarray(dispersion, dtype=float)
        )
        self._size = 1.0 / self._dispersion
        v = self._dispersion * self._mean
        self._p, self._q = 1.0 / (1.0 + v), v / (1.0 + v)
        self._few = v < 1.0  # q is the smaller of the two, so the one whose digits count

    def cdf(self, y: Any) -> Floats | float:
        """P(Y <= y)."""
        from scipy import special as sc

        k = np.floor(y)
        n = np.maximum(k, 0.0) + 1.0
        inside = np.where(self._few, sc.betaincc(n, self._size, self._q), sc.betainc(self._size, n, self._p))
        return np.where(np.isnan(k), np.nan, np.where(k < 0, 0.0, np.where(k == np.inf, 1.0, inside)))[()]

    def sf(self, y: Any) -> Floats | float:
        """P(Y > y)."""
        from scipy import special as sc

        k = np.floor(y)
        n = np.maximum(k, 0.0) + 1.0
        inside = np.where(self._few, sc.betainc(n, self._size, self._q), sc.betaincc(self._size, n, self._p))
        return np.where(np.isnan(k), np.nan, np.where(k < 0, 1.0, np.where(k == np.inf, 0.0, inside)))[()]

    def ppf(self, q: Any) -> Floats | float:
        """The smallest count with cdf >= q, by bisection."""
        q, mean = np.broadcast_arrays(np.asarray(q, dtype=float), self._mean)

        def reached(k: Any) -> Booleans:  # each comparison on the side where it has digits
            return np.where(q <= 0.5, self.cdf(k) >= q, self.sf(k) <= 1.0 - q)

        low = np.full(q.shape, -1.0)
        high = np.ceil(mean)
        open_ = np.isfinite(q) & (q < 1)
        while np.any(short := open_ & ~reached(high) & (high < 1e300)):
            low, high = np.where(short, high, low), np.where(short, 2.0 * high + 1.0, high)
        while np.any(distinct := open_ & (high - low > np.maximum(1.0, 4e-16 * high))):
            middle = np.floor(0.5 * (low + high))
            down = reached(middle)
            high = np.where(distinct & down, middle, high)
            low = np.where(distinct & ~down, middle, low)
        # as scipy.stats: -1 just below the support at level 0
        out = np.where(q == 0, -1.0, np.where(q == 1, np.inf, high))
        return np.where(np.isnan(q) | (q < 0) | (q > 1), np.nan, out)[()]

    def rvs(self, size: Any = None, random_state: Any = None) -> Floats | float:
        """Random counts: a Poisson whose rate is gamma distributed."""
        rng = generator(random_state)
        size = self._mean.shape if size is None else size
        rate = rng.standard_gamma(self._size, size=size) * (self._mean * self._dispersion)
        return rng.poisson(rate)

    def mean(self) -> Any:
        """Expected count."""
        return self._mean[()]

    def var(self) -> Any:
        """Variance."""
        return (self._mean + self._dispersion * np.square(self._mean))[()]
