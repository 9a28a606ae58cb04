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

    @property
    def mean(self) -> float: ...
    @property
    def var(self) -> float: ...
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
        kind: Callable[[Family, Mapping[str, float]], _One] = _Discrete if self.family.discrete else _Continuous
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


def _check_total(family: Family, params: Mapping[str, float], total: float, noise: float = 0.0) -> None:
    if not np.isfinite(total):
        raise FamilyError(
            f"the density of {_described(family, params)} does not come to an end on {family.support.text}: its sum is "
            "infinite. Correct the density, or give the support it is meant for (support=...)"
        )
    if abs(total - 1.0) > UNIT_ERROR + noise:
        raise FamilyError(
            f"the probabilities of {_described(family, params)} sum to {total:.6g} over {family.support.text}, not "
            "to 1. Correct the density's constants, or give the support it is meant for (support=...)"
        )


# -- continuous --------------------------------------------------------------------------------------------


@final
class _Panels:
    """Integrals of a positive function over adaptive panels of a line, and their sums from both ends.

    Beyond the first and last panel the function is taken to fall off exponentially, at the rate it has there.

    Parameters
    ----------
    log_g : callable
        t -> log of the function.
    knots : ndarray
        Ends of the first panels.
    noise : callable
        Ends of panels -> relative rounding error of the function between them, below which no splitting helps.
    """

    def __init__(self, log_g: Callable[[Any], Any], knots: Any, noise: Callable[[Any, Any], Any]) -> None:
        self.log_g = log_g
        a, b = knots[:-1], knots[1:]
        value, coarse = self.integral(a, b), self._coarse(a, b)
        for _ in range(60 if np.all(np.isfinite(value)) else 0):
            left = np.cumsum(value) - value
            right = np.cumsum(value[::-1])[::-1] - value
            # what matters is a panel's share in the smaller of the two tails it belongs to
            allowed = (1e-12 + 10.0 * noise(a, b)) * value + 1e-14 * np.minimum(left, right) + 1e-300
            bad = (np.abs(value - coarse) > allowed) & (b - a > 4e-16 * np.maximum(np.abs(a), np.abs(b)))
            if not np.any(bad) or len(a) > 20_000:
                break
            middle = 0.5 * (a[bad] + b[bad])
            na, nb = np.concatenate([a[bad], middle]), np.concatenate([middle, b[bad]])
            a, b = np.concatenate([a[~bad], na]), np.concatenate([b[~bad], nb])
            value = np.concatenate([value[~bad], self.integral(na, nb)])
            coarse = np.concatenate([coarse[~bad], self._coarse(na, nb)])
            order = np.argsort(a)
            a, b, value, coarse = a[order], b[order], value[order], coarse[order]
        self.a, self.b, self.value = a, b, value
        self.rate_left, tail_left = self._tail(a[0], min(1.0, b[-1] - a[0]))
        self.rate_right, tail_right = self._tail(b[-1], -min(1.0, b[-1] - a[0]))
        self.left = np.cumsum(np.concatenate([[tail_left], value]))  # up to each knot
        self.right = np.cumsum(np.concatenate([[tail_right], value[::-1]]))[::-1]  # from each knot on

    def _tail(self, end: float, step: float) -> tuple[float, float]:
        """Rate of fall outward from an end, and the mass beyond it."""
        here, inner, inmost = self.log_g(end + step * np.arange(3.0)).tolist()
        if not here > -UNDERFLOW or not np.isfinite(inner):
            return np.inf, 0.0
        rate, next_rate = (inner - here) / abs(step), (inmost - inner) / abs(step)
        if abs(rate - next_rate) < 1e-3:  # the rate is constant but for a term like exp(t), which vanishes further out
            rate += (rate - next_rate) / np.expm1(abs(step))
        return (rate, float(np.exp(here)) / rate) if rate > 0 else (0.0, np.inf)

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

    def _panel(self, t: Any) -> Any:
        return np.clip(np.searchsorted(self.a, t, side="right") - 1, 0, len(self.a) - 1)

    def below(self, t: Any) -> Any:
        """The integral up to each t."""
        inner = np.clip(t, self.a[0], self.b[-1])
        i = self._panel(inner)
        out = self.left[i] + self.integral(self.a[i], inner)
        with np.errstate(all="ignore"):
            before = self.left[0] * np.exp(self.rate_left * np.minimum(t - self.a[0], 0.0))
            after = self.right[-1] * -np.expm1(-self.rate_right * np.maximum(t - self.b[-1], 0.0))
        return np.where(t < self.a[0], np.nan_to_num(before), np.where(t > self.b[-1], out + np.nan_to_num(after), out))

    def above(self, t: Any) -> Any:
        """The integral from each t on."""
        inner = np.clip(t, self.a[0], self.b[-1])
        i = self._panel(inner)
        out = self.right[i + 1] + self.integral(inner, self.b[i])
        with np.errstate(all="ignore"):
            after = self.right[-1] * np.exp(-self.rate_right * np.maximum(t - self.b[-1], 0.0))
            before = self.left[0] * -np.expm1(self.rate_left * np.minimum(t - self.a[0], 0.0))
        return np.where(t > self.b[-1], np.nan_to_num(after), np.where(t < self.a[0], out + np.nan_to_num(before), out))

    def solve(self, mass: Any, lower: Any) -> Any:
        """The t below which (where `lower`; else above which) each mass lies: Newton's steps in a bracket."""
        last = len(self.a) - 1
        i = np.where(
            lower,
            np.searchsorted(self.left, mass, side="right") - 1,
            last + 1 - np.searchsorted(self.right[::-1], mass, side="right"),
        )
        i = np.clip(i, 0, last)
        a, b = self.a[i], self.b[i]
        goal = np.where(lower, mass - self.left[i], self.value[i] - (mass - self.right[i + 1]))
        low, high = a.copy(), b.copy()
        with np.errstate(all="ignore"):
            t = a + (b - a) * np.clip(np.nan_to_num(goal / self.value[i], nan=0.5), 0.0, 1.0)
            active = np.arange(len(t))
            for _ in range(80):
                here = t[active]
                miss = self.integral(a[active], here) - goal[active]
                low[active] = np.where(miss < 0, here, low[active])
                high[active] = np.where(miss < 0, high[active], here)
                step = here - miss / np.exp(self.log_g(here))
                inside = (step > low[active]) & (step < high[active])
                new = np.where(miss == 0, here, np.where(inside, step, 0.5 * (low[active] + high[active])))
                t[active] = new
                active = active[np.abs(new - here) > 1e-15 * np.maximum(np.abs(here), 1e-3)]
                if not len(active):
                    break
            before = self.a[0] + np.log(mass / self.left[0]) / self.rate_left
            after = self.b[-1] - np.log(mass / self.right[-1]) / self.rate_right
        t = np.where(lower & (mass < self.left[0]), before, t)
        return np.where(~lower & (mass < self.right[-1]), after, t)


@final
class _Continuous:
    """A continuous density at one set of parameter values, on the whole support or between `ends`."""

    def __init__(self, family: Family, params: Mapping[str, float], ends: tuple[float, float] | None = None) -> None:
        self.family, self.params = family, params
        self.log_f = _log_density(family, params) if ends is None else _between(family, params)
        low, high = (float(v) for v in (family.bounds(**params) if ends is None else ends))
        self.low, self.high = low, high
        # first a rough scale, to find the peak; then that of the peak itself
        self.centre, self.scale = 0.0, high - low if np.isfinite(high - low) else 1.0
        y = [_candidates(params)]
        if np.isfinite(low):
            y.append(low + np.logspace(-12, 15, 217))
        if np.isfinite(high):
            y.append(high - np.logspace(-12, 15, 217))
        if np.isfinite(high - low):
            y.append(low + (high - low) * np.linspace(0.0, 1.0, 401)[1:-1])
        points = np.concatenate(y)
        t = self.to_t(points[(points > low) & (points < high)])
        t = np.unique(t[np.isfinite(t)])
        log_g = self._log_g(t)
        if not np.any(log_g > -np.inf):
            raise FamilyError(
                f"the density of {_described(family, params)} is 0 wherever it was tried on {family.support.text}"
            )
        if np.any(log_g == np.inf):
            _check_total(family, params, np.inf)
        peak = self._climb(t, log_g)
        if not (np.isfinite(low) or np.isfinite(high)):
            width = self._width(peak)
            seen = self.to_y(t)
            self.centre, spread = float(self.to_y(peak)), float(self.to_y(peak + width) - self.to_y(peak - width))
            self.scale = max(spread, 1e-300)
            t, peak = np.unique(self.to_t(seen)), 0.0
        with np.errstate(all="ignore"):
            self.panels = _Panels(self._log_g, self._knots(t, peak, self._width(peak)), self._noise)
        self.total = float(self.panels.left[-1] + self.panels.right[-1])
        if ends is None:
            width = self._width(peak)
            noise = float(self._noise(np.array(peak - width), np.array(peak + width)))
            _check_total(family, params, self.total, 10.0 * noise)

    # -- the line on which the density dies out exponentially ------------------------------------------

    def to_y(self, t: Any) -> Any:
        """From the line to the support."""
        with np.errstate(over="ignore"):
            if np.isfinite(self.high - self.low):  # from the nearer end, so that values close to it keep their digits
                return np.where(t < 0, self.low + self.scale * sc.expit(t), self.high - self.scale * sc.expit(-t))
            if np.isfinite(self.low):
                return self.low + self.scale * np.exp(t)
            if np.isfinite(self.high):
                return self.high - self.scale * np.exp(-t)
            return self.centre + self.scale * np.sinh(t)

    def to_t(self, y: Any) -> Any:
        """From the support to the line; the ends go to infinity."""
        with np.errstate(all="ignore"):
            if np.isfinite(self.high - self.low):
                return np.log(np.maximum(y - self.low, 0.0)) - np.log(np.maximum(self.high - y, 0.0))
            if np.isfinite(self.low):
                return np.log(np.maximum(y - self.low, 0.0) / self.scale)
            if np.isfinite(self.high):
                return -np.log(np.maximum(self.high - y, 0.0) / self.scale)
            return np.arcsinh((y - self.centre) / self.scale)

    def _log_slope(self, t: Any) -> Any:
        """log dy/dt."""
        log_scale = np.log(self.scale)
        if np.isfinite(self.high - self.low):
            return log_scale + sc.log_expit(t) + sc.log_expit(-t)
        if np.isfinite(self.low):
            return log_scale + t
        if np.isfinite(self.high):
            return log_scale - t
        return log_scale + np.logaddexp(t, -t) - np.log(2.0)

    def _log_g(self, t: Any) -> Any:
        y = self.to_y(t)
        usable = np.isfinite(y) & (y > self.low) & (y < self.high)
        out = self.log_f(np.where(usable, y, self.to_y(0.0))) + self._log_slope(t)
        return np.where(usable, out, -np.inf)

    def _noise(self, a: Any, b: Any) -> Any:
        """Relative error of the density on the line that comes from rounding y itself."""
        ya, yb = self.to_y(a), self.to_y(b)
        with np.errstate(all="ignore"):
            change = np.abs(self._log_g(b) - self._log_g(a))
            out = 2.2e-16 * np.maximum(np.abs(ya), np.abs(yb)) / np.abs(yb - ya) * (1.0 + change)
        return np.where(np.isfinite(out), out, 1e-12)

    def _climb(self, t: Any, log_g: Any) -> float:
        """The highest point near the best candidate, by golden section."""
        i = int(np.argmax(log_g))
        a, b = float(t[max(i - 1, 0)]), float(t[min(i + 1, len(t) - 1)])
        for _ in range(80):
            c, d = b - GOLDEN * (b - a), a + GOLDEN * (b - a)
            at_c, at_d = self._log_g(np.array([c, d])).tolist()
            a, b = (a, d) if at_c >= at_d else (c, b)
            if b - a < 1e-14:
                break
        return 0.5 * (a + b)

    def _width(self, peak: float) -> float:
        """How far from the peak the density on the line falls by a factor e, on the slower side."""
        steps = np.logspace(-15, 2.5, 100)
        top = float(self._log_g(np.array(peak)))
        found = []
        for side in (-1.0, 1.0):
            fallen = self._log_g(peak + side * steps) < top - 1.0
            found.append(float(steps[np.argmax(fallen)]) if np.any(fallen) else 1.0)
        return max(found)

    def _limits(self) -> tuple[float, float]:
        """The stretch of the line on which y is a usable float and tells itself apart from the ends.

        Where an end is not 0, floats cannot come close to it; but there the density is a power of the distance, so that
        the panels can stop a little earlier and leave the rest to a formula.
        """
        out = []
        for side, end in ((-1.0, self.low), (1.0, self.high)):
            if not np.isfinite(end):
                t = side * 700.0
                while not np.abs(self.to_y(t)) < 1e300:
                    t -= side
            elif end == 0.0:
                t = float(self.to_t(np.array(-side * 1e-300)))
            else:
                for distance in (1e-8, 1e-9, 1e-10, 1e-11, 1e-12, 1e-13, 1e-14):
                    t = float(self.to_t(np.array(end - side * distance * abs(end))))
                    x, y, z = self._log_g(t - side * np.arange(3.0)).tolist()
                    if abs(x - 2.0 * y + z) < 1e-6:
                        break
            out.append(t)
        return out[0], out[1]

    def _knots(self, t: Any, peak: float, width: float) -> Any:
        """Ends of the first panels, out to where the density underflows."""
        limits = self._limits()
        steps = width * np.concatenate([[0.25, 0.5], np.arange(1.0, 12.0), np.logspace(1.1, 6.0, 80)])
        steps = np.unique(np.concatenate([steps, np.arange(1.0, 40.0), np.arange(40.0, 1500.0, 10.0)]))
        ends = [np.array([peak])]
        for side, limit in zip((-1.0, 1.0), limits, strict=True):
            room = max(side * (limit - peak), 1e-3 * width)
            mine = np.append(steps[steps < room], room)
            reach = np.flatnonzero(self._log_g(peak + side * mine) > -UNDERFLOW)
            end = mine[min(int(np.max(reach, initial=0)) + 1, len(mine) - 1)]
            seen = side * (t[self._log_g(t) > -UNDERFLOW] - peak)  # what the candidates saw far out stays inside
            end = min(max(end, float(np.max(seen, initial=0.0))), room)
            ends.append(peak + side * np.append(mine[mine < end], end))
        return np.unique(np.concatenate(ends))

    # -- answers ----------------------------------------------------------------------------------------

    def below(self, y: Any) -> Any:
        out = self.panels.below(self.to_t(np.clip(y, self.low, self.high))) / self.total
        return np.where(y <= self.low, 0.0, np.where(y >= self.high, 1.0, np.minimum(out, 1.0)))

    def above(self, y: Any) -> Any:
        out = self.panels.above(self.to_t(np.clip(y, self.low, self.high))) / self.total
        return np.where(y <= self.low, 1.0, np.where(y >= self.high, 0.0, np.minimum(out, 1.0)))

    def _solve(self, q: Any) -> Any:
        lower = q <= 0.5
        return self.panels.solve(np.where(lower, q, 1.0 - q) * self.total, lower)

    def _inner(self, t: Any) -> Any:
        """From the line to floats strictly inside the support."""
        return np.clip(self.to_y(t), np.nextafter(self.low, np.inf), np.nextafter(self.high, -np.inf))

    def quantile(self, q: Any) -> Any:
        return np.where(q == 0, self.low, np.where(q == 1, self.high, self._inner(self._solve(q))))

    @cached_property
    def _table(self) -> tuple[Any, Any, Any]:
        """Levels, places and slopes of an inverse by cubic pieces whose error is below 1e-9 in probability."""
        t = np.concatenate([self.panels.a, self.panels.b[-1:]])
        t = np.unique(np.clip(t, *self._solve(np.array([1e-4, 1.0 - 1e-4]))))
        for _ in range(40):
            u, slope = self.panels.below(t) / self.total, self.total / np.exp(self._log_g(t))
            middle = 0.5 * (u[1:] + u[:-1])
            error = np.abs(self.panels.below(_hermite(u, t, slope, middle)) / self.total - middle)
            bad = error > 1e-9 + 10.0 * self._noise(t[:-1], t[1:]) * np.diff(u)
            if not np.any(bad) or len(t) > 20_000:
                break
            t = np.unique(np.concatenate([t, 0.5 * (t[1:] + t[:-1])[bad]]))
        return np.maximum.accumulate(u), t, slope

    def draw(self, u: Any) -> Any:
        u = np.maximum(u, 1e-300)
        if u.size < 200:
            return self.quantile(u)
        levels, t, slope = self._table
        middle = (u > levels[0]) & (u < levels[-1])
        out = np.empty(u.shape)
        out[middle] = self._inner(_hermite(levels, t, slope, u[middle]))
        out[~middle] = self.quantile(u[~middle])
        return out

    @cached_property
    def mean(self) -> float:
        """Expected value."""
        return self.moment(lambda y: y) / self.total

    @cached_property
    def var(self) -> float:
        """Variance."""
        if not np.isfinite(self.mean):
            return float("nan") if np.isnan(self.mean) else float("inf")
        return self.moment(lambda y: np.square(y - self.mean)) / self.total

    def moment(self, power: Callable[[Any], Any]) -> float:
        """The integral of a function of y times the density; infinite or nan where it does not exist."""
        panels = self.panels
        terms = panels.integral(panels.a, panels.b, lambda t: power(self.to_y(t)))
        rate = np.nan_to_num(np.abs(terms), nan=np.inf) / (panels.b - panels.a)
        there = np.flatnonzero(rate > 0)
        total, infinite = float(np.sum(terms)), set()
        for end, k, mass in ((self.low, 0, panels.left[0]), (self.high, -1, panels.right[-1])):
            if np.isfinite(end):
                total += float(power(np.array(end))) * float(mass)
            elif len(there) and rate[there[k]] > 1e-9 * np.max(rate):  # has not died out where the floats end
                infinite.add(float(np.sign(power(np.array(-1e150 if k == 0 else 1e150)))))
        if infinite:
            return float("nan") if len(infinite) > 1 else infinite.pop() * float("inf")
        return total


def _hermite(x: Any, y: Any, slope: Any, at: Any) -> Any:
    """Cubic Hermite interpolation, kept between the ends of each piece."""
    i = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(x) - 2)
    h = x[i + 1] - x[i]
    with np.errstate(all="ignore"):
        s = np.where(h > 0, (at - x[i]) / h, 0.0)
    r = 1.0 - s
    bend = h * s * r * (r * slope[i] - s * slope[i + 1])
    out = r * r * (1.0 + 2.0 * s) * y[i] + s * s * (1.0 + 2.0 * r) * y[i + 1] + bend
    return np.clip(out, y[i], y[i + 1])


def _between(family: Family, params: Mapping[str, float]) -> Callable[[Any], Any]:
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
        y = [_candidates(params), np.arange(-64.0, 1025.0)]
        if np.isfinite(low):
            y.append(low + np.arange(1024.0))
        if np.isfinite(high):
            y.append(high - np.arange(1024.0))
        points = np.round(np.concatenate(y))
        points = np.unique(points[(points >= low) & (points <= high)])
        value = log_f(points)
        if not np.any(value > -np.inf):
            raise FamilyError(
                f"the probability of {_described(family, params)} is 0 wherever it was tried on {family.support.text}"
            )
        if np.any(value == np.inf):
            _check_total(family, params, np.inf)
        mode = self._climb(points, value)
        up, more_above = self._grow(mode, 1.0)
        down, more_below = self._grow(mode - 1.0, -1.0)
        self.p = np.exp(np.concatenate([down[::-1], up]))
        self.first, self.last = mode - len(down), mode + len(up) - 1.0
        self.far_above = _Continuous(family, params, (self.last + 0.5, np.inf)) if more_above else None
        floor = low - 0.5 if np.isfinite(low) else -np.inf
        self.far_below = _Continuous(family, params, (floor, self.first - 0.5)) if more_below else None
        if any(far is not None and not np.isfinite(far.total) for far in (self.far_above, self.far_below)):
            _check_total(family, params, np.inf)
        tail_below = float(self._tail_below(np.array([self.first - 1.0]))[0])
        tail_above = float(self._tail_above(np.array([self.last]))[0])
        self.left = np.cumsum(np.concatenate([[tail_below], self.p]))  # P(Y < first + k)
        self.right = np.cumsum(np.concatenate([[tail_above], self.p[::-1]]))[::-1]  # P(Y >= first + k)
        self.total = float(self.left[-1] + tail_above)
        _check_total(family, params, self.total)

    def _climb(self, y: Any, value: Any) -> float:
        """The mode next to the best candidate, by ternary search."""
        i = int(np.argmax(value))
        a, b = float(y[max(i - 1, 0)]), float(y[min(i + 1, len(y) - 1)])
        while b - a > 1000.0:
            c, d = np.floor(a + (b - a) / 3.0), np.ceil(b - (b - a) / 3.0)
            at_c, at_d = self.log_f(np.array([c, d])).tolist()
            a, b = (a, float(d)) if at_c >= at_d else (float(c), b)
        grid = np.arange(a, b + 1.0)
        return float(grid[np.argmax(self.log_f(grid))])

    def _grow(self, start: float, step: float) -> tuple[Any, bool]:
        """Log-probabilities outward from `start`, until they underflow; True if they have not by the limit."""
        parts: list[Any] = [np.zeros(0)]
        count, chunk = 0, FIRST_CHUNK
        while count < MOST_TERMS:
            y = start + step * np.arange(count, count + chunk)
            y = y[(y >= self.low) & (y <= self.high)]
            if not len(y):
                return np.concatenate(parts), False
            value = self.log_f(y)
            parts.append(value)
            count += len(y)
            if value[-1] < -UNDERFLOW and value[-1] <= value[0]:
                return np.concatenate(parts), False
            # where neighbours hardly differ any more, the integral is as good as the sum
            if count >= 1 << 16 and abs(value[-1] - value[-2]) < 2e-4:
                return np.concatenate(parts), True
            chunk = min(2 * chunk, 1 << 18)
        return np.concatenate(parts), True

    def _slope(self, k: Any) -> Any:
        """Derivative of the probability between k and k + 1."""
        a, b = self.log_f(k), self.log_f(k + 1.0)
        return np.exp(0.5 * (a + b)) * (b - a)

    def _tail_above(self, k: Any) -> Any:
        """P(Y > k) beyond the table, as an integral (Euler and Maclaurin's midpoint rule, with one correction)."""
        if self.far_above is None:
            return np.zeros(len(k))
        return self.far_above.panels.above(self.far_above.to_t(k + 0.5)) + self._slope(k) / 24.0

    def _tail_below(self, k: Any) -> Any:
        """P(Y <= k) below the table."""
        if self.far_below is None:
            return np.zeros(len(k))
        return self.far_below.panels.below(self.far_below.to_t(k + 0.5)) - self._slope(k) / 24.0

    def below(self, y: Any) -> Any:
        k = np.clip(np.floor(y), max(self.low - 1.0, -1e300), min(self.high, 1e300))
        out = np.array(self.left[np.clip(k - self.first + 1.0, 0, len(self.p)).astype(np.intp)])
        if np.any(far := k < self.first - 1.0):
            out[far] = self._tail_below(k[far])
        if np.any(far := k > self.last):
            out[far] = self.total - self._tail_above(k[far])
        return np.where(y < self.low, 0.0, np.where(y >= self.high, 1.0, np.minimum(out / self.total, 1.0)))

    def above(self, y: Any) -> Any:
        k = np.clip(np.floor(y), max(self.low - 1.0, -1e300), min(self.high, 1e300))
        out = np.array(self.right[np.clip(k + 1.0 - self.first, 0, len(self.p)).astype(np.intp)])
        if np.any(far := k > self.last):
            out[far] = self._tail_above(k[far])
        if np.any(far := k < self.first - 1.0):
            out[far] = self.total - self._tail_below(k[far])
        return np.where(y < self.low, 1.0, np.where(y >= self.high, 0.0, np.minimum(out / self.total, 1.0)))

    def quantile(self, q: Any) -> Any:
        slack = 1.0 + 1e-13  # the level of a jump means that jump, though the sums are rounded
        lower = q <= 0.5
        mass = np.where(lower, q, 1.0 - q) * self.total
        below = np.searchsorted(self.left[1:] * slack, mass, side="left")
        above = len(self.p) - np.searchsorted(self.right[:0:-1], mass * slack, side="right")
        out = self.first + np.where(lower, below, above)
        from_below, from_above = np.where(lower, mass, self.total - mass), np.where(lower, self.total - mass, mass)
        for far, beyond, tail, low in (
            (self.far_below, from_below < self.left[0], from_below, True),
            (self.far_above, from_above < self.right[-1], from_above, False),
        ):
            if far is not None and np.any(beyond):
                t = far.panels.solve(tail[beyond], np.full(np.count_nonzero(beyond), low))
                out[beyond] = self._settle(np.ceil(far.to_y(t) - 0.5), q[beyond], slack)
        return np.where(q == 0, self.low - 1.0, np.where(q == 1, self.high, np.clip(out, self.low, self.high)))

    def _settle(self, k: Any, q: Any, slack: float) -> Any:
        """The quantile next to k, found from the integral, by comparing tails themselves."""

        def reached(j: Any) -> Any:
            return np.where(q <= 0.5, self.below(j) * slack >= q, self.above(j) <= (1.0 - q) * slack)

        for _ in range(3):
            k = np.where(reached(k), np.where(reached(k - 1.0), k - 1.0, k), k + 1.0)
        return k

    def draw(self, u: Any) -> Any:
        return self.quantile(np.maximum(u, 1e-300))

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
        out = float(np.sum(self.p * power(self.first + np.arange(len(self.p)))))
        for far in (self.far_above, self.far_below):
            out += 0.0 if far is None else far.moment(power)
        return out / self.total
