"""Probabilities, quantiles, samples and moments of a family that states only its log-density.

A continuous density is moved to a line on which it dies out exponentially (``y = c + s sinh(t)`` for real numbers,
``y = low + s exp(t)`` for a half line, a logistic curve for an interval) and integrated there once, panel by panel, by
Gauss and Legendre's rule. Partial sums from both ends answer every later question, so a small upper tail is
summed as such and never found as 1 - cdf. A discrete density is summed outward from its mode, and beyond the table by
the integral that the sum of a slowly falling tail tends to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, final

import numpy as np
from scipy import special as sc

from likely.errors import FamilyError
from likely.namespace import NumpyNamespace

if TYPE_CHECKING:
    from likely.family import Family

NODES, WEIGHTS = np.polynomial.legendre.leggauss(20)
COARSE_NODES, COARSE_WEIGHTS = np.polynomial.legendre.leggauss(12)
UNDERFLOW = 740.0  # exp(-740) is the last of the floats
FIRST_CHUNK, MOST_TERMS = 1 << 10, 1 << 21  # terms of a sum: at first, at most
UNIT_ERROR = 1e-6  # a total probability further from 1 than this is a mistake in the density
GOLDEN = 0.5 * (np.sqrt(5.0) - 1.0)


class _One(Protocol):
    """A distribution at one set of parameter values."""

    mean: float
    var: float

    def below(self, y: Any) -> Any: ...
    def above(self, y: Any) -> Any: ...
    def quantile(self, q: Any) -> Any: ...
    def draw(self, u: Any) -> Any: ...


@final
class NumericDistribution:
    """The methods of a frozen SciPy distribution, from a family's log-density alone.

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

    def __init__(self, family: Family, params: Mapping[str, Any]) -> None:
        if any(p.vector for p in family.parameters):
            raise FamilyError(f"{family.title} has a vector parameter; it has no numerical distribution")
        self.family = family
        names = list(params)
        arrays = np.broadcast_arrays(*(np.asarray(params[k], dtype=float) for k in names))
        self.shape = arrays[0].shape if arrays else ()
        rows = np.stack([a.ravel() for a in arrays], axis=1) if arrays else np.zeros((1, 0))
        distinct, which = np.unique(rows, axis=0, return_inverse=True)
        self._sets = [dict(zip(names, row.tolist(), strict=True)) for row in distinct]
        self._which = which.reshape(self.shape)

    @cached_property
    def _ones(self) -> list[_One]:
        kind = _Discrete if self.family.discrete else _Continuous
        return [kind(self.family, values) for values in self._sets]

    def _each(self, x: Any, function: Callable[[_One, Any], Any]) -> Any:
        """A function of each value under its own parameter values."""
        x, which = np.broadcast_arrays(np.asarray(x, dtype=float), self._which)
        out = np.full(x.shape, np.nan)
        known = ~np.isnan(x)
        for i, one in enumerate(self._ones):
            here = known & (which == i)
            if np.any(here):
                out[here] = function(one, x[here])
        return out[()]

    def cdf(self, y: Any) -> Any:
        """P(Y <= y)."""
        return self._each(y, lambda one, x: one.below(x))

    def sf(self, y: Any) -> Any:
        """P(Y > y), accurate in the upper tail."""
        return self._each(y, lambda one, x: one.above(x))

    def logcdf(self, y: Any) -> Any:
        """log P(Y <= y)."""
        with np.errstate(divide="ignore"):
            return np.log(self.cdf(y))

    def logsf(self, y: Any) -> Any:
        """log P(Y > y)."""
        with np.errstate(divide="ignore"):
            return np.log(self.sf(y))

    def ppf(self, q: Any) -> Any:
        """The smallest y with cdf(y) >= q."""
        q = np.asarray(q, dtype=float)
        return self._each(np.where((q >= 0) & (q <= 1), q, np.nan), lambda one, x: one.quantile(x))

    def rvs(self, size: Any = None, random_state: Any = None) -> Any:
        """Random values by inverse transform."""
        shape = self.shape if size is None else size
        u = np.random.default_rng(random_state).random(shape)
        return self._each(u, lambda one, x: one.draw(x))

    def mean(self) -> Any:
        """Expected value; infinite or nan where it does not exist."""
        return np.array([one.mean for one in self._ones])[self._which][()]

    def var(self) -> Any:
        """Variance; infinite or nan where it does not exist."""
        return np.array([one.var for one in self._ones])[self._which][()]

    def std(self) -> Any:
        """Standard deviation."""
        return np.sqrt(self.var())


# -- what both kinds share ---------------------------------------------------------------------------------


def _described(family: Family, params: Mapping[str, float]) -> str:
    return f"{family.title} at " + ", ".join(f"{k}={v:g}" for k, v in params.items())


def _log_density(family: Family, params: Mapping[str, float]) -> Callable[[Any], Any]:
    """The log-density as a function of arrays, -inf outside the support."""

    def f(y: Any) -> Any:
        with np.errstate(all="ignore"):
            value = family._log_density(NumpyNamespace(), y, **params)
            out = np.where(family.inside(y, params), value, -np.inf)
        if np.any(np.isnan(out)):
            at = float(np.ravel(y)[np.argmax(np.isnan(np.ravel(np.broadcast_to(out, np.shape(y)))))])
            raise FamilyError(
                f"the log-density of {_described(family, params)} is not a number at y = {at:g}, inside its support "
                f"({family.support.text}); correct the density or narrow support="
            )
        return np.broadcast_to(out, np.shape(y))

    return f


def _candidates(params: Mapping[str, float]) -> Any:
    """Where a mode may lie: distances of every size from zero and from each parameter's value."""
    steps = np.concatenate([[0.0], np.logspace(-12, 15, 27 * 8 + 1)])
    centres = [0.0, *(v for v in params.values() if np.isfinite(v))]
    return np.unique(np.concatenate([c + s * steps for c in centres for s in (-1.0, 1.0)]))


def _check_total(family: Family, params: Mapping[str, float], total: float) -> None:
    if not np.isfinite(total):
        raise FamilyError(
            f"the density of {_described(family, params)} does not come to an end on {family.support.text}: its sum is "
            "infinite. Correct the density, or give the support it is meant for (support=...)"
        )
    if abs(total - 1.0) > UNIT_ERROR:
        raise FamilyError(
            f"the probabilities of {_described(family, params)} sum to {total:.6g} over {family.support.text}, not "
            "to 1. Correct the density's constants, or give the support it is meant for (support=...)"
        )


# -- continuous --------------------------------------------------------------------------------------------


@final
class _Panels:
    """Integrals of a positive function over adaptive panels of a line, and their sums from both ends.

    Parameters
    ----------
    log_g : callable
        t -> log of the function.
    knots : ndarray
        Ends of the first panels; the function is negligible outside.
    """

    def __init__(self, log_g: Callable[[Any], Any], knots: Any) -> None:
        self.log_g = log_g
        a, b = knots[:-1], knots[1:]
        value, coarse = self.integral(a, b), self._coarse(a, b)
        for _ in range(60):
            left = np.cumsum(value) - value
            right = np.cumsum(value[::-1])[::-1] - value
            # what matters is a panel's share in the smaller of the two tails it belongs to
            bad = np.abs(value - coarse) > 1e-12 * value + 1e-14 * np.minimum(left, right) + 1e-300
            bad &= (b - a) > 4e-16 * np.maximum(np.abs(a), np.abs(b))
            if not np.any(bad) or len(a) > 40_000:
                break
            middle = 0.5 * (a[bad] + b[bad])
            na, nb = np.concatenate([a[bad], middle]), np.concatenate([middle, b[bad]])
            a, b = np.concatenate([a[~bad], na]), np.concatenate([b[~bad], nb])
            value = np.concatenate([value[~bad], self.integral(na, nb)])
            coarse = np.concatenate([coarse[~bad], self._coarse(na, nb)])
            order = np.argsort(a)
            a, b, value, coarse = a[order], b[order], value[order], coarse[order]
        self.a, self.b, self.value = a, b, value
        self.left = np.concatenate([[0.0], np.cumsum(value)])  # up to each knot
        self.right = np.concatenate([np.cumsum(value[::-1])[::-1], [0.0]])  # from each knot on

    def integral(self, a: Any, b: Any, factor: Callable[[Any], Any] | None = None) -> Any:
        """The integral of the function (times `factor`) from each a to each b."""
        half = 0.5 * (b - a)
        t = (0.5 * (a + b))[..., None] + half[..., None] * NODES
        g = np.exp(self.log_g(t))
        if factor is not None:
            with np.errstate(all="ignore"):
                g = np.where(g > 0, g * factor(t), 0.0)
        return half * (g @ WEIGHTS)

    def _coarse(self, a: Any, b: Any) -> Any:
        half = 0.5 * (b - a)
        t = (0.5 * (a + b))[..., None] + half[..., None] * COARSE_NODES
        return half * (np.exp(self.log_g(t)) @ COARSE_WEIGHTS)

    def panel(self, t: Any) -> Any:
        return np.clip(np.searchsorted(self.a, t, side="right") - 1, 0, len(self.a) - 1)

    def below(self, t: Any) -> Any:
        t = np.clip(t, self.a[0], self.b[-1])
        i = self.panel(t)
        return self.left[i] + self.integral(self.a[i], t)

    def above(self, t: Any) -> Any:
        t = np.clip(t, self.a[0], self.b[-1])
        i = self.panel(t)
        return self.right[i + 1] + self.integral(t, self.b[i])


@final
class _Continuous:
    """A continuous distribution at one set of parameter values."""

    def __init__(
        self, family: Family, params: Mapping[str, float], lower: float | None = None, extra: Any = ()
    ) -> None:
        self.family, self.params = family, params
        log_f = self.log_f = _log_density(family, params)
        low, high = (float(v) for v in family.bounds(**params))
        self.low, self.high = low, high
        self._turn = False
        if lower is not None:
            self.low = low = lower
            log_f = self.log_f = _unchecked(family, params)
        # first a rough scale, to find the peak; then that of the peak itself
        self.centre, self.scale = (low if np.isfinite(low) else high if np.isfinite(high) else 0.0), 1.0
        if np.isfinite(low) and np.isfinite(high):
            self.scale = high - low
        y = _candidates(params)
        y = np.concatenate([y, np.asarray(extra, dtype=float)])
        if np.isfinite(low):
            y = np.concatenate([y, low + np.logspace(-12, 15, 217)])
        if np.isfinite(high):
            y = np.concatenate([y, high - np.logspace(-12, 15, 217)])
        if np.isfinite(low) and np.isfinite(high):
            y = np.concatenate([y, low + (high - low) * np.linspace(0.0, 1.0, 401)[1:-1]])
        t = np.unique(self.to_t(y[(y > low) & (y < high)]))
        t = t[np.isfinite(t)]
        log_g = self._log_g(t)
        if not np.any(log_g > -np.inf):
            raise FamilyError(
                f"the density of {_described(family, params)} is 0 wherever it was tried on {family.support.text}"
            )
        if np.any(log_g == np.inf):
            _check_total(family, params, np.inf)
        peak = self._climb(t, log_g)
        if not (np.isfinite(low) or np.isfinite(high)):
            mode = float(self.to_y(np.array(peak)))
            width = self._width(peak)
            spread = np.abs(self.to_y(np.array(peak + width)) - self.to_y(np.array(peak - width)))
            peaks = self.to_y(t)
            self.centre, self.scale = mode, max(float(spread), 1e-300)
            t = np.unique(self.to_t(peaks))
            peak = 0.0
        self.panels = _Panels(self._log_g, self._knots(t, peak, self._width(peak)))
        self.total = float(self.panels.left[-1])
        if lower is None:
            _check_total(family, params, self.total)

    # -- the line on which the density dies out exponentially ------------------------------------------

    def to_y(self, t: Any) -> Any:
        """From the line to the support."""
        with np.errstate(over="ignore"):
            if np.isfinite(self.low) and np.isfinite(self.high):
                # from the nearer end, so that values close to it keep their digits
                return np.where(
                    t < 0, self.low + self.scale * sc.expit(t), self.high - self.scale * sc.expit(-t)
                )
            if np.isfinite(self.low):
                return self.low + self.scale * np.exp(t)
            if np.isfinite(self.high):
                return self.high - self.scale * np.exp(-t)
            return self.centre + self.scale * np.sinh(t)

    def to_t(self, y: Any) -> Any:
        """From the support to the line."""
        with np.errstate(all="ignore"):
            if np.isfinite(self.low) and np.isfinite(self.high):
                return np.log(np.maximum(y - self.low, 0.0)) - np.log(np.maximum(self.high - y, 0.0))
            if np.isfinite(self.low):
                return np.log(np.maximum(y - self.low, 0.0) / self.scale)
            if np.isfinite(self.high):
                return -np.log(np.maximum(self.high - y, 0.0) / self.scale)
            return np.arcsinh((y - self.centre) / self.scale)

    def _log_slope(self, t: Any) -> Any:
        """log dy/dt."""
        if np.isfinite(self.low) and np.isfinite(self.high):
            return np.log(self.scale) + sc.log_expit(t) + sc.log_expit(-t)
        if np.isfinite(self.low):
            return np.log(self.scale) + t
        if np.isfinite(self.high):
            return np.log(self.scale) - t
        return np.log(self.scale) + np.logaddexp(t, -t) - np.log(2.0)

    def _log_g(self, t: Any) -> Any:
        y = self.to_y(t)
        usable = np.isfinite(y) & (y > self.low) & (y < self.high)
        inside = float(self.to_y(np.zeros(()))) if np.any(~usable) else 0.0
        out = self.log_f(np.where(usable, y, inside)) + self._log_slope(t)
        return np.where(usable, out, -np.inf)

    def _climb(self, t: Any, log_g: Any) -> float:
        """The highest point near the best candidate, by golden section."""
        i = int(np.argmax(log_g))
        a, b = t[max(i - 1, 0)], t[min(i + 1, len(t) - 1)]
        for _ in range(90):
            c, d = b - GOLDEN * (b - a), a + GOLDEN * (b - a)
            fc, fd = self._log_g(np.array([c, d]))
            a, b = (a, d) if fc >= fd else (c, b)
            if b - a < 1e-9 * (1.0 + abs(a)) ** 0.0 * 1e-3:
                break
        return float(0.5 * (a + b))

    def _width(self, peak: float) -> float:
        """How far from the peak the density on the line falls by a factor e, on the slower side."""
        top = float(self._log_g(np.array(peak)))
        steps = np.logspace(-12, 2.5, 60)
        fallen = [
            steps[np.argmax(drop)] if np.any(drop := self._log_g(peak + s * steps) < top - 1.0) else steps[-1]
            for s in (-1.0, 1.0)
        ]
        return float(max(fallen))

    def _knots(self, t: Any, peak: float, width: float) -> Any:
        """Ends of the first panels, out to where the density underflows."""
        top = float(self._log_g(np.array(peak)))
        sides = []
        for s in (-1.0, 1.0):
            steps = width * np.concatenate([[0.0, 0.25, 0.5], np.arange(1.0, 12.0), np.logspace(1.1, 6.0, 80)])
            steps = steps[steps < 710.0]
            steps = np.unique(np.concatenate([steps, np.arange(1.0, 40.0, 1.0), np.arange(40.0, 711.0, 10.0)]))
            # anything the candidates saw out there must stay inside
            seen = np.abs(t[(s * (t - peak) > 0) & (self._log_g(t) > max(top, 0.0) - UNDERFLOW)] - peak)
            reach = self._log_g(peak + s * steps) > max(top, 0.0) - UNDERFLOW
            last = max(int(np.max(np.flatnonzero(reach), initial=0)) + 1, 1)
            end = max(steps[min(last, len(steps) - 1)], float(np.max(seen, initial=0.0)))
            keep = steps[steps < end]
            sides.append(peak + s * np.append(keep, end))
        return np.unique(np.concatenate(sides))

    # -- answers ----------------------------------------------------------------------------------------

    def below(self, y: Any) -> Any:
        out = self.panels.below(self._clip(y)) / self.total
        return np.where(y <= self.low, 0.0, np.where(y >= self.high, 1.0, np.minimum(out, 1.0)))

    def above(self, y: Any) -> Any:
        out = self.panels.above(self._clip(y)) / self.total
        return np.where(y <= self.low, 1.0, np.where(y >= self.high, 0.0, np.minimum(out, 1.0)))

    def _clip(self, y: Any) -> Any:
        t = self.to_t(y)
        return np.where(np.isnan(t), 0.0, t)

    def quantile(self, q: Any) -> Any:
        out = np.array(self.to_y(self._solve(q)))
        out = np.where(q == 0, self.low, np.where(q == 1, self.high, out))
        return out

    def _solve(self, q: Any) -> Any:
        """The t whose lower tail is q: Newton's steps, kept inside a shrinking bracket, on the smaller tail."""
        panels, total = self.panels, self.total
        lower = q <= 0.5
        target = np.where(lower, q, 1.0 - q) * total
        i = np.where(
            lower,
            np.searchsorted(panels.left, target, side="right") - 1,
            len(panels.a) - np.searchsorted(panels.right[::-1], target, side="right"),
        )
        i = np.clip(i, 0, len(panels.a) - 1)
        a, b = panels.a[i], panels.b[i]
        goal = np.where(lower, target - panels.left[i], panels.value[i] - (target - panels.right[i + 1]))
        start = a
        low, high = a.copy(), b.copy()
        with np.errstate(all="ignore"):
            t = a + (b - a) * np.clip(np.nan_to_num(goal / panels.value[i], nan=0.5), 0.0, 1.0)
            open_ = np.ones(t.shape, dtype=bool)
            for _ in range(80):
                miss = panels.integral(start[open_], t[open_]) - goal[open_]
                here = t[open_]
                low[open_] = np.where(miss < 0, here, low[open_])
                high[open_] = np.where(miss < 0, high[open_], here)
                step = here - miss / np.exp(self._log_g(here))
                inside = (step > low[open_]) & (step < high[open_])
                new = np.where(inside, step, 0.5 * (low[open_] + high[open_]))
                done = (np.abs(new - here) <= 1e-15 * np.maximum(np.abs(here), 1e-3)) | (miss == 0)
                t[open_] = np.where(miss == 0, here, new)
                still = np.flatnonzero(open_)[~done]
                open_ = np.zeros(t.shape, dtype=bool)
                open_[still] = True
                if not len(still):
                    break
        return t

    @cached_property
    def _table(self) -> tuple[Any, Any, Any]:
        """Levels, places and slopes of an inverse by cubic pieces whose error is below 1e-9 in probability."""
        ends = np.clip(np.concatenate([self.panels.a, self.panels.b[-1:]]), *self._solve(np.array([1e-4, 1.0 - 1e-4])))
        t = np.unique(ends)
        t = np.unique(np.concatenate([np.linspace(p, q, 4) for p, q in zip(t[:-1], t[1:], strict=True)]))
        for _ in range(12):
            u = self.panels.below(t) / self.total
            slope = self.total / np.exp(self._log_g(t))
            middle = 0.5 * (u[1:] + u[:-1])
            guess = _hermite(u, t, slope, middle)
            error = np.abs(self.panels.below(guess) / self.total - middle)
            bad = ~(error < 1e-9)
            if not np.any(bad) or len(t) > 200_000:
                break
            t = np.unique(np.concatenate([t, 0.5 * (t[1:] + t[:-1])[bad]]))
        u = self.panels.below(t) / self.total
        return u, t, self.total / np.exp(self._log_g(t))

    def draw(self, u: Any) -> Any:
        if u.size < 200:
            return self.quantile(u)
        levels, t, slope = self._table
        middle = (u > levels[0]) & (u < levels[-1])
        out = np.empty(u.shape)
        out[middle] = self.to_y(_hermite(levels, t, slope, u[middle]))
        out[~middle] = self.quantile(u[~middle])
        return out

    @cached_property
    def mean(self) -> float:
        """Expected value."""
        return self._moment(lambda y: y)

    @cached_property
    def var(self) -> float:
        """Variance."""
        if not np.isfinite(self.mean):
            return float("nan") if np.isnan(self.mean) else float("inf")
        return self._moment(lambda y: np.square(y - self.mean))

    def _moment(self, power: Callable[[Any], Any]) -> float:
        panels = self.panels
        terms = panels.integral(panels.a, panels.b, lambda t: power(self.to_y(t)))
        size = float(np.sum(np.abs(terms)))
        # a moment exists if its terms have died out before the range of floats ends
        ends = [float(np.abs(terms[k])) > 1e-9 * size or not np.isfinite(terms[k]) for k in (0, -1)]
        infinite = [not np.isfinite(self.low) and ends[0], not np.isfinite(self.high) and ends[1]]
        if any(infinite):
            signs = {float(np.sign(power(self.to_y(np.array(v))))) for v, bad in ((-50.0, infinite[0]), (50.0, infinite[1])) if bad}
            return float("nan") if len(signs) > 1 else signs.pop() * float("inf")
        return float(np.sum(terms)) / self.total


def _hermite(x: Any, y: Any, slope: Any, at: Any) -> Any:
    """Cubic Hermite interpolation."""
    i = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(x) - 2)
    h = x[i + 1] - x[i]
    with np.errstate(all="ignore"):
        s = np.where(h > 0, (at - x[i]) / h, 0.0)
    r = 1.0 - s
    out = r * r * (1.0 + 2.0 * s) * y[i] + s * s * (1.0 + 2.0 * r) * y[i + 1] + h * s * r * (r * slope[i] - s * slope[i + 1])
    return np.clip(out, y[i], y[i + 1])


def _unchecked(family: Family, params: Mapping[str, float]) -> Callable[[Any], Any]:
    """The log-density between whole numbers, for the integral that stands for a far tail."""

    def f(y: Any) -> Any:
        with np.errstate(all="ignore"):
            value = np.asarray(family._log_density(NumpyNamespace(), y, **params))
        return np.broadcast_to(np.where(np.isnan(value), -np.inf, value), np.shape(y))

    return f


# -- discrete ----------------------------------------------------------------------------------------------


@final
class _Discrete:
    """A discrete distribution at one set of parameter values."""

    def __init__(self, family: Family, params: Mapping[str, float]) -> None:
        self.family, self.params = family, params
        log_f = self.log_f = _log_density(family, params)
        low, high = (float(v) for v in family.bounds(**params))
        self.low, self.high = low, high
        y = np.concatenate([_candidates(params), np.arange(-64.0, 1025.0)])
        if np.isfinite(low):
            y = np.concatenate([y, low + np.arange(1024.0)])
        if np.isfinite(high):
            y = np.concatenate([y, high - np.arange(1024.0)])
        y = np.unique(np.round(y[(y >= low) & (y <= high)]))
        value = log_f(y)
        if not np.any(value > -np.inf):
            raise FamilyError(
                f"the probability of {_described(family, params)} is 0 wherever it was tried on {family.support.text}"
            )
        if np.any(value == np.inf):
            _check_total(family, params, np.inf)
        mode = self._climb(y, value)
        start = max(low, mode - 1.0)  # both directions grow from here
        up, self.more_above = self._grow(max(start, low), 1.0, high)
        if start > low or not np.isfinite(low):
            down, self.more_below = self._grow(start - 1.0, -1.0, low) if start - 1.0 >= low else (np.zeros(0), False)
        else:
            down, self.more_below = np.zeros(0), False
        self.first = start - len(down)
        p = np.exp(np.concatenate([down[::-1], up]))
        self.last = self.first + len(p) - 1.0
        tail_above = self._tail_from(self.last + 1.0) if self.more_above else 0.0
        tail_below = self._tail_to(self.first - 1.0) if self.more_below else 0.0
        self.left = np.cumsum(np.concatenate([[tail_below], p]))  # P(Y <= first - 1 + k)
        self.right = np.cumsum(np.concatenate([[tail_above], p[::-1]]))[::-1]  # P(Y >= first + k)
        self.total = float(self.left[-1] + tail_above)
        _check_total(family, params, self.total)
        self.p = p
        self.tails = (tail_below, tail_above)

    def _climb(self, y: Any, value: Any) -> float:
        i = int(np.argmax(value))
        a, b = y[max(i - 1, 0)], y[min(i + 1, len(y) - 1)]
        while b - a > 2:
            c = np.floor(a + (b - a) / 3.0)
            d = np.ceil(b - (b - a) / 3.0)
            fc, fd = self.log_f(np.array([c, d]))
            if not b - a > d - c:
                break
            a, b = (a, d) if fc >= fd else (c, b)
            if d - c <= 1:
                break
        grid = np.arange(a, b + 1.0) if b - a < 1000 else y[i : i + 1]
        return float(grid[np.argmax(self.log_f(grid))])

    def _grow(self, start: float, step: float, end: float) -> tuple[Any, bool]:
        """Log-probabilities outward from `start`, until they underflow; True if they have not died out by the limit."""
        parts: list[Any] = []
        count, chunk = 0, FIRST_CHUNK
        while count < MOST_TERMS:
            y = start + step * np.arange(count, count + chunk)
            y = y[y <= end] if step > 0 else y[y >= end]
            if not len(y):
                return np.concatenate(parts) if parts else np.zeros(0), False
            value = self.log_f(y)
            parts.append(value)
            count += len(y)
            if value[-1] < -UNDERFLOW and (len(y) < 2 or value[-1] <= value[0]):
                return np.concatenate(parts), False
            # a slow tail is summed by its integral as soon as neighbours hardly differ
            if count >= 1 << 16 and abs(value[-1] - value[-2]) < 2e-4:
                return np.concatenate(parts), True
            chunk = min(2 * chunk, 1 << 18)
        return np.concatenate(parts), True

    def _tail_from(self, k: float) -> float:
        """P(Y >= k) far out, where the sum is an integral from k - 1/2 to a relative error of (log f)''/24."""
        if k > self.high:
            return 0.0
        one = _Continuous(self.family, self.params, lower=k - 0.5, extra=k - 0.5 + np.logspace(-3, 12, 121))
        self._above_tail = one
        slope = float(np.exp(self.log_f(np.array([k])))[0] - np.exp(self.log_f(np.array([k + 1.0])))[0])
        self._check_end(one)
        return one.total - slope / 24.0

    def _check_end(self, one: _Continuous) -> None:
        if one.panels.value[-1] > 1e-6 * one.total:
            _check_total(self.family, self.params, np.inf)

    def _tail_to(self, k: float) -> float:
        """P(Y <= k) far down: rare enough to be summed, not integrated."""
        raise FamilyError(
            f"the probabilities of {_described(self.family, self.params)} fall too slowly towards minus infinity"
        )

    def below(self, y: Any) -> Any:
        k = np.floor(y)
        i = np.clip(k - self.first + 1.0, 0, len(self.p)).astype(np.intp)
        out = self.left[i] / self.total
        out = np.where(k < self.first, self.left[0] / self.total, out)
        if self.more_above:
            out = np.where(k > self.last, 1.0 - self.above(y), out)
        return np.where(k < self.low, 0.0, np.where(k >= self.high, 1.0, np.minimum(out, 1.0)))

    def above(self, y: Any) -> Any:
        k = np.floor(y)
        i = np.clip(k + 1.0 - self.first, 0, len(self.p)).astype(np.intp)
        out = self.right[i] / self.total
        far = k > self.last
        if np.any(far):
            tail = self._above_tail.panels.above(self._above_tail.to_t(k[far] + 0.5)) if self.more_above else 0.0
            out = np.array(out)
            out[far] = tail / self.total
        return np.where(k < self.low, 1.0, np.where(k >= self.high, 0.0, np.minimum(out, 1.0)))

    def quantile(self, q: Any) -> Any:
        slack = 1.0 + 1e-13  # the level of a jump means that jump, though the sums are rounded
        lower = np.searchsorted(self.left[1:] * slack, q * self.total, side="left")
        # smallest k with P(Y > k) <= 1 - q: sums above fall with k
        above = self.right[1:]
        upper = len(above) - np.searchsorted(above[::-1], (1.0 - q) * self.total * slack, side="right")
        out = self.first + np.where(q <= 0.5, lower, upper)
        if self.more_above:
            far = np.flatnonzero(out > self.last)
            for j in far:
                out[j] = self._far_quantile(float(q[j]))
        return np.where(q == 0, self.low - 1.0, np.where(q == 1, self.high, np.minimum(out, self.high)))

    def _far_quantile(self, q: float) -> float:
        low, high = self.last, 2.0 * abs(self.last) + 2.0
        while self.above(np.array([high]))[0] > 1.0 - q and high < 1e300:
            low, high = high, 2.0 * high
        while high - low > max(1.0, 4e-16 * high):
            middle = np.floor(0.5 * (low + high))
            low, high = (low, middle) if self.above(np.array([middle]))[0] <= 1.0 - q else (middle, high)
        return float(high)

    def draw(self, u: Any) -> Any:
        return self.quantile(np.maximum(u, 1e-300))

    @cached_property
    def mean(self) -> float:
        """Expected value."""
        return self._moment(lambda y: y)

    @cached_property
    def var(self) -> float:
        """Variance."""
        return self._moment(lambda y: np.square(y - self.mean)) if np.isfinite(self.mean) else float("inf")

    def _moment(self, power: Callable[[Any], Any]) -> float:
        y = self.first + np.arange(len(self.p))
        out = float(np.sum(self.p * power(y)))
        if self.more_above:
            panels, to_y = self._above_tail.panels, self._above_tail.to_y
            terms = panels.integral(panels.a, panels.b, lambda t: power(to_y(t)))
            if abs(terms[-1]) > 1e-9 * np.sum(np.abs(terms)) or not np.all(np.isfinite(terms)):
                return float("inf")
            out += float(np.sum(terms))
        return out / self.total
