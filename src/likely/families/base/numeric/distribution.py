"""The methods of a frozen SciPy distribution for a family that states its log-density, and perhaps its tails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from likely.families.base.numeric.continuous import Continuous
from likely.families.base.numeric.density import Density, Distribution, WithLogDensity
from likely.families.base.numeric.discrete import Discrete
from likely.families.base.numeric.frozen import Frozen
from likely.families.base.numeric.inverse import first_float
from likely.families.base.numeric.many import Densities, Lines, Many, Tables
from likely.families.base.numeric.mixed import Mixed
from likely.namespace import NumpyNamespace
from likely.namespace.arrays import Floats

FEW = 4  # sets of parameter values from which they are worked out together
AT_ONCE = 400  # so many together


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

    def __init__(self, family: WithLogDensity, params: Mapping[str, Any]) -> None:
        self.family = family
        self.params = dict(params)
        self.shape = np.broadcast_shapes(*(np.shape(v) for v in params.values()))
        self._found: dict[int, Distribution] = {}

    @cached_property
    def _distinct(self) -> tuple[dict[str, Any], Any]:
        """The distinct sets of values, and which of them holds where."""
        arrays = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in self.params.values()))
        rows = np.stack([a.ravel() for a in arrays], axis=1) if arrays else np.zeros((1, 0))
        distinct, which = np.unique(rows, axis=0, return_inverse=True)
        return dict(zip(self.params, distinct.T, strict=True)), which.reshape(self.shape)

    @cached_property
    def _many(self) -> list[Many]:
        """The distributions of so many sets at a time."""
        sets, which = self._distinct
        count = int(np.max(which, initial=-1)) + 1
        kind: Callable[[Densities], Many] = Tables if self.family.discrete else Lines
        starts = range(0, count, AT_ONCE) if count >= FEW and sets else ()
        return [kind(Densities(self.family, {k: v[lo : lo + AT_ONCE] for k, v in sets.items()})) for lo in starts]

    def _one(self, i: int) -> Distribution:
        """The distribution at one of the sets."""
        if i not in self._found:
            density = Density(self.family, {name: float(v[i]) for name, v in self._distinct[0].items()})
            mixed = Mixed if len(density.atoms) else Continuous
            self._found[i] = Discrete(density) if self.family.discrete else mixed(density)
        return self._found[i]

    def _each(
        self, x: Any, together: Callable[[Many, Any, Any], Any], alone: Callable[[Distribution, Any], Any]
    ) -> Floats | float:
        """A function of each value under its own parameter values: of many at once where that is exact."""
        x, which = np.broadcast_arrays(np.asarray(x, dtype=float), self._distinct[1])
        out, known = np.full(x.shape, np.nan), ~np.isnan(x)
        for k, many in enumerate(self._many):
            here = known & (which // AT_ONCE == k)
            here[here] = many.fine[which[here] - k * AT_ONCE]
            if np.any(here):
                out[here] = together(many, x[here], which[here] - k * AT_ONCE)
        left = known & np.isnan(out)
        for i in np.unique(which[left]).tolist():
            here = left & (which == i)
            out[here] = alone(self._one(i), x[here])
        return out[()]

    @property
    def _stated(self) -> bool:
        """Whether the family states a tail."""
        return self.family._log_cdf is not None or self.family._log_sf is not None

    def _tail(
        self, y: Any, own: Callable[..., Any] | None, other: Callable[..., Any] | None, ends: Any
    ) -> Floats | float:
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

    def cdf(self, y: Any) -> Floats | float:
        """P(Y <= y)."""
        if self._stated:
            return self._tail(y, self.family._log_cdf, self.family._log_sf, (0.0, 1.0))
        return self._each(y, lambda many, x, of: many.below(x, of), lambda one, x: one.below(x))

    def sf(self, y: Any) -> Floats | float:
        """P(Y > y), accurate in the upper tail."""
        if self._stated:
            return self._tail(y, self.family._log_sf, self.family._log_cdf, (1.0, 0.0))
        return self._each(y, lambda many, x, of: many.above(x, of), lambda one, x: one.above(x))

    def ppf(self, q: Any) -> Floats | float:
        """The smallest y with cdf(y) >= q."""
        q = np.asarray(q, dtype=float)
        if self._stated:  # each comparison on the side where it has digits
            return self._first(q, lambda y: np.where(q <= 0.5, self.cdf(y) >= q, self.sf(y) <= 1.0 - q), q == 0.0)
        q = np.where((q >= 0) & (q <= 1), q, np.nan)
        return self._each(q, lambda many, x, of: many.quantile(x, of), lambda one, x: one.quantile(x))

    def isf(self, q: Any) -> Floats | float:
        """The smallest y with sf(y) <= q."""
        q = np.asarray(q, dtype=float)
        if self._stated:
            return self._first(q, lambda y: np.where(q < 0.5, self.sf(y) <= q, self.cdf(y) >= 1.0 - q), q == 1.0)
        return super().isf(q)

    def _first(self, q: Any, reached: Callable[[Any], Any], at_start: Any) -> Floats:
        """Quantiles by bisection; the start of the support at the level that nothing lies below."""
        shape = np.broadcast_shapes(q.shape, self.shape)
        low, high = self.family.bounds(**self.params)
        out = first_float(reached, low, high, shape)
        out = np.where(at_start, low - 1.0 if self.family.discrete else low, out)
        return np.where((q >= 0) & (q <= 1), out, np.nan)[()]

    def rvs(self, size: Any = None, random_state: Any = None) -> Floats | float:
        """Random values by inverse transform."""
        shape = self.shape if size is None else size
        u = np.random.default_rng(random_state).random(shape)
        if self._stated:
            return self.ppf(u)
        return self._each(u, lambda many, x, of: many.quantile(x, of), lambda one, x: one.draw(x))

    def mean(self) -> Floats | float:
        """Expected value; infinite or nan where it does not exist."""
        return self._moment(0, lambda one: one.mean)

    def var(self) -> Any:
        """Variance; infinite or nan where it does not exist."""
        return self._moment(1, lambda one: one.var)

    def _moment(self, which_of: int, alone: Callable[[Distribution], float]) -> Floats | float:
        which = self._distinct[1]
        count = int(np.max(which, initial=-1)) + 1
        parts = [many.moments()[which_of] for many in self._many]
        out = np.concatenate(parts) if parts else np.full(count, np.nan)
        for i in np.flatnonzero(np.isnan(out)).tolist():
            out[i] = alone(self._one(i))
        return out[which][()]
