"""The distributions of a family at values of its parameters: what lies below, at and above observations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, final

import numpy as np
from scipy import special as sc

from likely.families.base.numeric.log_tails import log_beyond
from likely.families.base.support import Kind
from likely.namespace import NumpyNamespace
from likely.namespace.arrays import AnyArray, Floats

if TYPE_CHECKING:
    from likely.families.base.distribution import Distributed


@final
class Distributions:
    """The distributions at values that are known to lie in the parameters' domains, one for each row; made by `at`.

    Parameters
    ----------
    family : Family
    values : mapping of str to float or ndarray
        A value for every parameter, one or one for each row; a vector has its entries along the last axis.

    Examples
    --------
    >>> import likely as lk
    >>> two = lk.Poisson().at({"rate": np.array([1.0, 4.0])})
    >>> two.quantile(0.5).tolist()
    [1.0, 4.0]
    >>> two.tails(np.array([0.0, 0.0])).below.round(4).tolist()
    [0.3679, 0.0183]
    """

    def __init__(self, family: Distributed, values: Mapping[str, Any]) -> None:
        self.family, self.values = family, values
        self.frozen = family._scipy(**values)

    def tails(self, y: Any) -> Tails:
        """What lies on either side of observations."""
        return Tails(self, np.asarray(y, dtype=float))

    def quantile(self, q: Any, upper: bool = False) -> Floats | float:
        """The smallest y with P(Y <= y) >= q; with `upper` the smallest with P(Y > y) <= q."""
        return self.frozen.isf(q) if upper else self.frozen.ppf(q)

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> AnyArray:
        """Random observations, all inside the support; the codes of labels."""
        return self.family.support.inside(self.frozen.rvs(size=shape, random_state=rng))

    def log_density(self, y: Any) -> Floats:
        """The log-density, or log-probability, of each y; -inf outside the support."""
        with np.errstate(all="ignore"):
            value: Any = self.family._log_density(NumpyNamespace(), y, **self.values)
            return np.where(self.family.inside(y, self.values), value, -np.inf)


@final
class Tails:
    """Probabilities of less, the same and more than each observation, each found when it is asked for.

    Attributes
    ----------
    below, above : ndarray
        P(Y <= y) and P(Y > y).
    mass : ndarray
        P(Y = y), 0 where an observation has a density.
    log_below, log_above : ndarray
        Logarithms of the first two, also where these are too small for a float.
    """

    def __init__(self, distributions: Distributions, y: Any) -> None:
        self._at, self._y = distributions, y

    @cached_property
    def below(self) -> Floats:
        with np.errstate(all="ignore"):
            return np.asarray(self._at.frozen.cdf(self._y), dtype=float)

    @cached_property
    def above(self) -> Floats:
        with np.errstate(all="ignore"):
            return np.asarray(self._at.frozen.sf(self._y), dtype=float)

    @cached_property
    def mass(self) -> Floats:
        return np.exp(self._log_mass)

    @cached_property
    def _log_mass(self) -> Floats:
        kind = self._at.family.kind
        if kind is Kind.NUMBERS:
            return np.full(np.shape(self._y), -np.inf)
        log_mass = self._at.log_density(self._y)
        if kind is not Kind.MIXED:
            return log_mass
        atoms = self._at.family.atoms(**self._at.values)
        return np.where(np.any([np.equal(self._y, atom) for atom in atoms], axis=0), log_mass, -np.inf)

    @property
    def before(self) -> Floats:
        """P(Y < y)."""
        return np.maximum(self.below - self.mass, 0.0)

    @property
    def onward(self) -> Floats:
        """P(Y >= y)."""
        return np.minimum(self.above + self.mass, 1.0)

    @cached_property
    def log_below(self) -> Floats:
        own = self._at.family._log_cdf
        return self._logarithm(self.below, 0.0, -1.0) if own is None else self._stated(own, -np.inf, 0.0)

    @cached_property
    def log_above(self) -> Floats:
        own = self._at.family._log_sf
        return self._logarithm(self.above, 1.0, 1.0) if own is None else self._stated(own, 0.0, -np.inf)

    def normal(self, share: Any = 1.0) -> Floats:
        """The standard normal quantile of P(Y < y) + share P(Y = y), a residual; infinite at an end of the support."""
        rest = 1.0 - np.asarray(share)
        with np.errstate(all="ignore"):
            below, above = self.below - rest * self.mass, self.above + rest * self.mass
            lower = below <= 0.5
            out = np.where(lower, sc.ndtri(np.maximum(below, 0.0)), -sc.ndtri(np.maximum(above, 0.0)))
            if not np.any(lost := np.isinf(out)):
                return out
            left = np.logaddexp(self._strictly(-1.0), np.log(share) + self._log_mass)
            right = np.logaddexp(self._strictly(1.0), np.log(rest) + self._log_mass)
            far = np.where(lower, sc.ndtri_exp(np.minimum(left, -1.0)), -sc.ndtri_exp(np.minimum(right, -1.0)))
        return np.where(lost, far, out)

    def _strictly(self, side: float) -> Floats:
        """The logarithm of P(Y < y) or P(Y > y)."""
        if side > 0.0:
            return self.log_above
        return Tails(self._at, self._y - 1.0).log_below if self._at.family.kind.discrete else self.log_below

    def _stated(self, log_tail: Callable[..., Any], first: float, last: float) -> Floats:
        """What the family states of a tail, with the values it has beyond the support."""
        low, high = self._at.family.bounds(**self._at.values)
        y = np.floor(self._y) if self._at.family.kind.discrete else self._y
        with np.errstate(all="ignore"):
            out = np.asarray(log_tail(NumpyNamespace(), y, **self._at.values), dtype=float)
        out = np.where(y < low, first, np.where(y >= high, last, out))
        return np.where(np.isnan(self._y), np.nan, out)

    def _logarithm(self, tail: Any, further: float, side: float) -> Floats:
        """The logarithm of a tail; of one too small for a float, from the log-density."""
        at, y = self._at, self._y
        with np.errstate(all="ignore"):
            out = np.log(tail)
            lost = np.isneginf(out) & np.isfinite(at.log_density(y))
            if not np.any(lost):
                return out
            discrete = at.family.kind.discrete
            end = at.family.bounds(**at.values)[0 if side < 0.0 else 1]
            start = y + further if discrete else y
            beyond = log_beyond(at.log_density, start, side, discrete, at.quantile(0.5), end)
        return np.where(lost, beyond, out)


def jumps(rng: np.random.Generator, count: int) -> Floats:
    """Shares of the jumps of distribution functions, drawn at random; never 0, which would be the end of the jump."""
    return np.maximum(rng.random(count), 2.0**-54)
