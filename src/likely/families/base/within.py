"""A family within the density of another: its logarithms on any namespace, with derivatives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, final

import numpy as np

from likely.errors import FamilyError
from likely.families.base.numeric.log_tails import log_beyond
from likely.families.base.numeric.rule import double_exponential
from likely.namespace import JetNamespace, NumpyNamespace, value_of
from likely.namespace.arrays import Floats, Value

if TYPE_CHECKING:
    from likely.families.base.distribution import Distributed

FAINT = 1e-270  # a tail with less probability is taken from the density nearby
TERMS = 4096  # of a sum of probabilities, at most
NEGLIGIBLE = 45.0  # of a sum's logarithm, by which the last of falling terms is smaller


@final
class Within:
    """The log-density and the logarithms of both tails on a namespace; made by ``family.within(xp)``.

    Parameters
    ----------
    family : Family
    xp : namespace
        The one that a log-density is written against.

    Notes
    -----
    Parameters go by name; they are whatever the namespace computes with, and their domains are not checked. Outside
    the support the density is 0, and a tail 0 or 1, without derivatives that are no numbers. A tail that the family
    does not state is integrated or summed, with its derivatives, where the namespace is NumPy's or that of a fit.

    Examples
    --------
    >>> import likely as lk
    >>> @lk.family(params={"mean": lk.Real, "sd": lk.Positive}, support="positive")
    ... def positive_part(y, mean, sd, xp):
    ...     normal = lk.Normal().within(xp)
    ...     return normal.log_prob(y, mean=mean, sd=sd) - normal.log_sf(0.0, mean=mean, sd=sd)
    >>> round(positive_part.prob(1.0, mean=0.0, sd=1.0), 4)  # twice that of a standard normal
    0.4839
    """

    def __init__(self, family: Distributed, xp: Any) -> None:
        self.family, self.xp = family, xp

    def log_prob(self, y: Any, **params: Any) -> Floats | float:
        """The log-density, or log-probability, of each y; -inf outside the support."""
        values = self.family._given(params)
        if not isinstance(y, (np.ndarray, np.generic, int, float)):  # of another library, or a graph
            return self.family._log_density(self.xp, y, **values)
        inside = self.family.inside(y, values)
        if np.all(inside):
            return self.family._log_density(self.xp, y, **values)
        safe = np.where(inside, y, self._inner(values))
        return self.xp.where(inside, self.family._log_density(self.xp, safe, **values), -np.inf)

    def log_cdf(self, y: Any, **params: Any) -> Value:
        """log P(Y <= y)."""
        return self._tail(y, self.family._given(params), -1.0)

    def log_sf(self, y: Any, **params: Any) -> Value:
        """log P(Y > y)."""
        return self._tail(y, self.family._given(params), 1.0)

    def _inner(self, values: Mapping[str, Any]) -> Any:
        """A value inside the support."""
        low, high = self.family.bounds(**values)
        if np.all(np.isfinite(low)) and np.all(np.isfinite(high)):
            return low if self.family.kind.discrete else 0.5 * (low + high)
        return low + 1.0 if np.all(np.isfinite(low)) else high - 1.0 if np.all(np.isfinite(high)) else 0.0

    def _tail(self, y: Any, values: Mapping[str, Any], side: float) -> Floats:
        xp, family = self.xp, self.family
        low, high = family.bounds(**values)
        y = xp.floor(y) if family.kind.discrete else y
        less = (y < low) if family.kind.discrete else (y <= low)
        more = y >= high
        safe = xp.where(less | more, self._inner(values), y)
        own, other = (family._log_sf, family._log_cdf) if side > 0.0 else (family._log_cdf, family._log_sf)
        if own is not None:
            out = own(xp, safe, **values)
        elif other is not None:
            out = xp.log1mexp(-other(xp, safe, **values))
        else:
            out = self._numeric(safe, values, side)
        nothing, everything = (less, more) if side < 0.0 else (more, less)
        return xp.where(nothing, -xp.inf, xp.where(everything, 0.0, out))

    # -- tails that are not stated: sums of the density itself, so that the derivatives come with them ----------

    def _numeric(self, y: Any, values: Mapping[str, Any], side: float) -> Any:
        """The tail as a sum of densities over values that are held fixed while the parameters move."""
        if not isinstance(self.xp, (NumpyNamespace, JetNamespace)):
            raise FamilyError(
                f"{self.family.title} states no distribution function, and it is integrated only with NumPy's arrays"
            )
        plain = {name: np.asarray(value_of(v), dtype=float) for name, v in values.items()}
        y = np.asarray(y, dtype=float)
        if isinstance(self.xp, NumpyNamespace):
            tails = self.family.at(plain).tails(y)
            return tails.log_above if side > 0.0 else tails.log_below
        if self.family.kind.discrete:
            return self._sum(y, values, plain, side)
        at = self.family.at(plain)
        tails = at.tails(y)
        mass = tails.above if side > 0.0 else tails.below
        near = self._sum_of_nodes(at, np.maximum(mass, FAINT), values, plain, side)
        if not np.any(faint := mass < FAINT):
            return near
        ends = self.family.bounds(**plain)
        log_f: Callable[[Any], Any] = lambda t: self.family._log_density(self.xp, t, **values)  # noqa: E731
        far = log_beyond(log_f, y, side, False, at.quantile(0.5), ends[0 if side < 0.0 else 1], self.xp)
        return self.xp.where(faint, far, near)

    def _sum_of_nodes(self, at: Any, mass: Any, values: Mapping[str, Any], plain: Any, side: float) -> Any:
        """log of the tail's probability, by values at which certain shares of it lie further out."""
        lower, upper, weights = double_exponential()
        shares = np.concatenate([lower, 1.0 - upper])
        total: Any = -np.inf
        with np.errstate(all="ignore"):
            for share, weight in zip(shares, weights, strict=True):
                t = at.quantile(mass * share, upper=side > 0.0)
                # dF is what the weight stands for at the parameters as they are
                term = self.family._log_density(self.xp, t, **values) + (
                    np.log(mass * weight) - self.family._log_density(NumpyNamespace(), t, **plain)
                )
                total = self.xp.logaddexp(total, term)
        return total

    def _sum(self, y: Any, values: Mapping[str, Any], plain: Any, side: float) -> Any:
        """log of the sum of the probabilities up to y, or beyond, until what is left does not matter."""
        low, high = (np.broadcast_to(np.asarray(end, dtype=float), y.shape) for end in self.family.bounds(**plain))
        first, last = (low, y) if side < 0.0 else (y + 1.0, high)
        total: Any = -np.inf
        at, sum_, before = self.family.at(plain), np.full(y.shape, -np.inf), np.full(y.shape, -np.inf)
        with np.errstate(all="ignore"):
            for k in range(TERMS):
                here = np.minimum(first + k, last)
                term = self.xp.where(first + k <= last, self.family._log_density(self.xp, here, **values), -np.inf)
                total = self.xp.logaddexp(total, term)
                size = np.where(first + k <= last, at.log_density(here), -np.inf)
                sum_ = np.logaddexp(sum_, size)
                if np.all((first + k >= last) | ((size < sum_ - NEGLIGIBLE) & (size < before))):
                    return total
                before = size
        raise FamilyError(
            f"{self.family.title} states no distribution function, and its tails have too many terms to be summed"
        )
