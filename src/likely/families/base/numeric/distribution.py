"""The methods of a frozen SciPy distribution for a family that states its log-density, and perhaps its tails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from likely.families.base.numeric.continuous import Continuous
from likely.families.base.numeric.density import Density, Distribution, Stated
from likely.families.base.numeric.discrete import Discrete
from likely.families.base.numeric.frozen import Frozen
from likely.families.base.numeric.inverse import first_float
from likely.namespace import NumpyNamespace


class NumericDistribution(Frozen):
    """The methods of a frozen SciPy distribution, from what a family states.

    Parameters
    ----------
    family : Family
    params : mapping of str to array_like
        A value for every parameter; arrays broadcast. Each distinct set of values is worked out once.

    Raises
    ------
    FamilyError
        When asked for something, if the density is not finite, does not come to an end or does not sum to 1.
    """

    def __init__(self, family: Stated, params: Mapping[str, Any]) -> None:
        self.family = family
        self.params = dict(params)
        self.shape = np.broadcast_shapes(*(np.shape(v) for v in params.values()))

    @cached_property
    def _distinct(self) -> tuple[list[Distribution], Any]:
        """A distribution for each distinct set of values, and which of them holds where."""
        arrays = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in self.params.values()))
        rows = np.stack([a.ravel() for a in arrays], axis=1) if arrays else np.zeros((1, 0))
        distinct, which = np.unique(rows, axis=0, return_inverse=True)
        kind: Callable[[Density], Distribution] = Discrete if self.family.discrete else Continuous
        sets = (dict(zip(self.params, row.tolist(), strict=True)) for row in distinct)
        return [kind(Density(self.family, values)) for values in sets], which.reshape(self.shape)

    def _each(self, x: Any, function: Callable[[Distribution, Any], Any]) -> Any:
        """A function of each value under its own parameter values."""
        ones, which = self._distinct
        x, which = np.broadcast_arrays(np.asarray(x, dtype=float), which)
        out = np.full(x.shape, np.nan)
        known = ~np.isnan(x)
        for i, one in enumerate(ones):
            here = known & (which == i)
            if np.any(here):
                out[here] = function(one, x[here])
        return out[()]

    @property
    def _stated(self) -> bool:
        """Whether the family states a tail."""
        return self.family._log_cdf is not None or self.family._log_sf is not None

    def _tail(self, y: Any, own: Callable[..., Any] | None, other: Callable[..., Any] | None, ends: Any) -> Any:
        """A tail from its own logarithm, or else from that of the other one."""
        y = np.asarray(y, dtype=float)
        low, high = self.family.bounds(**self.params)
        at = np.floor(y) if self.family.discrete else y
        xp = NumpyNamespace()
        with np.errstate(all="ignore"):
            if own is not None:
                out = np.exp(own(xp, at, **self.params))
            else:
                assert other is not None
                out = -np.expm1(other(xp, at, **self.params))
        out = np.where(y < low, ends[0], np.where(y >= high, ends[1], out))
        return np.where(np.isnan(y), np.nan, out)[()]

    def cdf(self, y: Any) -> Any:
        """P(Y <= y)."""
        if self._stated:
            return self._tail(y, self.family._log_cdf, self.family._log_sf, (0.0, 1.0))
        return self._each(y, lambda one, x: one.below(x))

    def sf(self, y: Any) -> Any:
        """P(Y > y), accurate in the upper tail."""
        if self._stated:
            return self._tail(y, self.family._log_sf, self.family._log_cdf, (1.0, 0.0))
        return self._each(y, lambda one, x: one.above(x))

    def ppf(self, q: Any) -> Any:
        """The smallest y with cdf(y) >= q."""
        q = np.asarray(q, dtype=float)
        if self._stated:  # each comparison on the side where it has digits
            return self._first(q, lambda y: np.where(q <= 0.5, self.cdf(y) >= q, self.sf(y) <= 1.0 - q), q == 0.0)
        return self._each(np.where((q >= 0) & (q <= 1), q, np.nan), lambda one, x: one.quantile(x))

    def isf(self, q: Any) -> Any:
        """The smallest y with sf(y) <= q."""
        q = np.asarray(q, dtype=float)
        if self._stated:
            return self._first(q, lambda y: np.where(q < 0.5, self.sf(y) <= q, self.cdf(y) >= 1.0 - q), q == 1.0)
        return super().isf(q)

    def _first(self, q: Any, reached: Callable[[Any], Any], at_start: Any) -> Any:
        """Quantiles by bisection; the start of the support at the level that nothing lies below."""
        shape = np.broadcast_shapes(q.shape, self.shape)
        low, high = self.family.bounds(**self.params)
        out = first_float(reached, low, high, shape)
        out = np.where(at_start, low - 1.0 if self.family.discrete else low, out)
        return np.where((q >= 0) & (q <= 1), out, np.nan)[()]

    def rvs(self, size: Any = None, random_state: Any = None) -> Any:
        """Random values by inverse transform."""
        shape = self.shape if size is None else size
        u = np.random.default_rng(random_state).random(shape)
        return self.ppf(u) if self._stated else self._each(u, lambda one, x: one.draw(x))

    def mean(self) -> Any:
        """Expected value; infinite or nan where it does not exist."""
        ones, which = self._distinct
        return np.array([one.mean for one in ones])[which][()]

    def var(self) -> Any:
        """Variance; infinite or nan where it does not exist."""
        ones, which = self._distinct
        return np.array([one.var for one in ones])[which][()]
