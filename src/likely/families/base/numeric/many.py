"""Many distributions of one family at once: tables of whole numbers, panels of densities, all in the same arrays.

What does not fit here (tails that fall slowly, densities with corners, places far out) is left to the distributions
one by one; so no answer is less exact for being one of many.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, final

import numpy as np
from scipy import special as sc

from likely.families.base.numeric.density import UNIT_ERROR, WithLogDensity
from likely.families.base.numeric.mixed import mixed_quantile
from likely.families.base.numeric.panels import COARSE_NODES, COARSE_WEIGHTS, NODES, WEIGHTS
from likely.namespace import NumpyNamespace
from likely.namespace.arrays import Floats, Integers

SHARP = 1e-11  # relative error of an integral
SIZES = (512, 4096)  # whole numbers from the lower end of the support: at first, at most
FAINT = -100.0  # log-probability at the end of a table or line
KNOTS = np.unique(np.concatenate([np.linspace(0.0, 6.0, 13), np.arange(7.0, 13.0), np.geomspace(14.0, 2000.0, 34)]))
STEPS = np.logspace(-6, 2.5, 60)


@final
class Densities:
    """A family's log-density at many sets of parameter values; -inf outside the support."""

    def __init__(self, family: WithLogDensity, params: Mapping[str, Any]) -> None:
        self.family, self.params = family, params
        self.count = len(next(iter(params.values())))
        self.low, self.high = (np.broadcast_to(end, (self.count,)).astype(float) for end in family.bounds(**params))
        atoms = [np.broadcast_to(a, (self.count,)).astype(float) for a in family.atoms(**params)]
        self.atoms = np.sort(np.stack(atoms, axis=1), axis=1) if atoms else np.zeros((self.count, 0))
        self.masses = np.zeros((self.count, 0))
        if atoms:
            self.masses = np.exp(self._at(self.atoms, np.arange(self.count)))

    def __call__(self, y: Any, of: Any) -> Floats:
        """The log-density at y, shape (m, ...), of the sets `of`, shape (m,)."""
        for k in range(self.atoms.shape[1]):
            atom, high = (v[of].reshape(-1, *[1] * (np.ndim(y) - 1)) for v in (self.atoms[:, k], self.high))
            if np.any(on := y == atom):
                y = np.where(on, np.nextafter(y, np.where(y >= high, -np.inf, np.inf)), y)
        return self._at(y, of)

    def _at(self, y: Any, of: Any) -> Floats:
        values = {k: v[of].reshape(-1, *[1] * (np.ndim(y) - 1)) for k, v in self.params.items()}
        with np.errstate(all="ignore"):
            out = self.family._log_density(NumpyNamespace(), y, **values)
            return np.broadcast_to(np.where(self.family.inside(y, values), out, -np.inf), np.shape(y))


class Many(ABC):
    """Distributions at many sets of parameter values.

    Attributes
    ----------
    fine : ndarray of bool
        Which of them are here; the others have to be asked one by one.
    """

    fine: Any

    @abstractmethod
    def below(self, y: Any, of: Any) -> Any:
        """P(Y <= y) of the sets `of`; NaN where it has to be asked one by one."""

    @abstractmethod
    def above(self, y: Any, of: Any) -> Any:
        """P(Y > y)."""

    @abstractmethod
    def quantile(self, q: Any, of: Any) -> Any:
        """The smallest y with P(Y <= y) >= q."""

    @abstractmethod
    def moments(self) -> tuple[Any, Any]:
        """Mean and variance of each; NaN where they have to be asked one by one."""


@final
class Tables(Many):
    """Whole numbers from the lower end of the support."""

    def __init__(self, f: Densities) -> None:
        self.low, every = f.low, np.arange(f.count)
        self.fine = np.isfinite(f.low)
        room = np.where(self.fine, f.high - f.low, 0.0)
        for most in SIZES:
            k = np.arange(min(np.max(room, initial=0.0), most - 1.0) + 1.0)
            log_p = f(np.where(self.fine, f.low, 0.0)[:, None] + k, every)
            closed = room <= k[-1]
            ended = closed | ((log_p[:, -1] < FAINT) & (log_p[:, -1] <= log_p[:, max(len(k) - 2, 0)]))
            if np.all(ended):
                break
        p = np.exp(log_p)
        total = np.sum(p, axis=1)
        with np.errstate(invalid="ignore"):
            self.fine &= ended & (np.abs(total - 1.0) < UNIT_ERROR)
        p = p / np.where(self.fine, total, 1.0)[:, None]
        self.p, self.size = p, len(k)
        self.left = np.cumsum(p, axis=1)
        self.right = np.cumsum(p[:, ::-1], axis=1)[:, ::-1] - p  # P(Y > low + k)
        self.trusted = np.where(closed, 0.0, 1e16 * p[:, -1])

    def below(self, y: Any, of: Any) -> Floats:
        k = np.floor(y) - self.low[of]
        out = self.left[of, np.clip(k, 0, self.size - 1).astype(np.intp)]
        return np.where(k < 0, 0.0, np.where(k >= self.size - 1, 1.0, np.minimum(out, 1.0)))

    def above(self, y: Any, of: Any) -> Floats:
        k = np.floor(y) - self.low[of]
        out = self.right[of, np.clip(k, 0, self.size - 1).astype(np.intp)]
        out = np.where((k >= 0) & (out <= self.trusted[of]), np.where(self.trusted[of] > 0, np.nan, out), out)
        return np.where(k < 0, 1.0, np.minimum(out, 1.0))

    def quantile(self, q: Any, of: Any) -> Floats | float:
        low, high = np.zeros(len(q), dtype=np.intp), np.full(len(q), self.size - 1)
        slack = 1.0 + 1e-13  # the level of a jump means that jump, though the sums are rounded
        while np.any(low < high):
            middle = (low + high) // 2
            lower, upper = self.left[of, middle] * slack >= q, self.right[of, middle] <= (1.0 - q) * slack
            here = np.where(q <= 0.5, lower, upper)
            low, high = np.where(here, low, middle + 1), np.where(here, middle, high)
        out = self.low[of] + low
        return np.where(q == 0, self.low[of] - 1.0, np.where(q == 1, np.nan, out))

    def moments(self) -> tuple[Any, Any]:
        y = self.low[:, None] + np.arange(self.size)
        with np.errstate(invalid="ignore"):
            mean = np.sum(self.p * y, axis=1)
            var = np.sum(self.p * np.square(y - mean[:, None]), axis=1)
        return np.where(self.fine, mean, np.nan), np.where(self.fine, var, np.nan)


@final
class Lines(Many):
    """Densities on a line on which they die out exponentially, in panels around their peaks; atoms beside them.

    The line is ``y = c + s sinh(t)`` for real numbers, ``y = low + exp(t)`` for a half line, a logistic curve for an
    interval, as for one density.
    """

    def __init__(self, f: Densities) -> None:
        self.f, self.low, self.high = f, f.low, f.high
        self.fine = np.zeros(f.count, dtype=bool)
        finite = np.isfinite(f.low), np.isfinite(f.high)
        if any(np.any(ends) != np.all(ends) for ends in finite):
            return
        self.left_end, self.right_end = bool(finite[0][0]), bool(finite[1][0])
        self.centre, self.scale = np.zeros(f.count), np.ones(f.count)
        if self.left_end and self.right_end:
            self.scale = f.high - f.low
        every = np.arange(f.count)
        peak = self._peak(every)
        width = self._width(peak, every)
        if not (self.left_end or self.right_end):
            centre = self.to_y(peak, every)
            spread = self.to_y(peak + width, every) - self.to_y(peak - width, every)
            self.centre, self.scale = centre, np.maximum(spread, 1e-300)
            peak = np.zeros(f.count)
            width = self._width(peak, every)
        self.knots = peak[:, None] + width[:, None] * np.concatenate([-KNOTS[:0:-1], KNOTS])
        self.knots = np.clip(self.knots, -690.0, 690.0)
        seen = np.flatnonzero(np.any(self.log_g(self.knots, every) > FAINT, axis=0))
        first, last = np.min(seen, initial=len(KNOTS)), np.max(seen, initial=0)
        self.knots = self.knots[:, max(first - 1, 0) : last + 2]
        if self.knots.shape[1] < 2:
            return
        self.value = self._integral(self.knots[:, :-1], self.knots[:, 1:], every, NODES, WEIGHTS)
        coarse = self._integral(self.knots[:, :-1], self.knots[:, 1:], every, COARSE_NODES, COARSE_WEIGHTS)
        self.mass = np.sum(self.value, axis=1)
        total = self.mass + np.sum(f.masses, axis=1)
        with np.errstate(all="ignore"):
            ends = np.maximum(self.log_g(self.knots[:, :1], every), self.log_g(self.knots[:, -1:], every))[:, 0]
            exact = np.sum(np.abs(self.value - coarse), axis=1) <= SHARP * self.mass
            self.fine = exact & (np.abs(total - 1.0) < UNIT_ERROR) & (ends < FAINT) & (self.mass > 0.0)
            self.fine &= self._smooth(f.low, 1.0, every) & self._smooth(f.high, -1.0, every)
        self.left = np.concatenate([np.zeros((f.count, 1)), np.cumsum(self.value, axis=1)], axis=1)
        self.right = np.concatenate([np.cumsum(self.value[:, ::-1], axis=1)[:, ::-1], np.zeros((f.count, 1))], axis=1)
        self.total, self.masses = total, f.masses / np.where(self.fine, total, 1.0)[:, None]

    def _smooth(self, end: Any, side: float, every: Any) -> Any:
        """Whether floats next to an end that is not 0, where they are coarse, see the density as it is."""
        if not np.all(np.isfinite(end)):
            return True
        near, nearer = (self.f(end + side * d * np.abs(end), every) for d in (1e-6, 1e-10))
        level = np.maximum(near, nearer) + np.log(1e-10 * np.maximum(np.abs(end), 1e-300))
        return (end == 0.0) | (np.abs(near - nearer) < 0.01) | (level < -40.0)

    # -- the line ------------------------------------------------------------------------------------------------

    def to_y(self, t: Any, of: Any) -> Floats:
        """From the line to the support, for t of shape (m, ...) and sets `of` of shape (m,)."""
        low, high, centre, scale = (
            v[of].reshape(-1, *[1] * (np.ndim(t) - 1)) for v in (self.low, self.high, self.centre, self.scale)
        )
        with np.errstate(over="ignore"):
            if self.left_end and self.right_end:
                return np.where(t < 0, low + scale * sc.expit(t), high - scale * sc.expit(-t))
            if self.left_end:
                return low + np.exp(t)
            if self.right_end:
                return high - np.exp(-t)
            return centre + scale * np.sinh(t)

    def to_t(self, y: Any, of: Any) -> Any:
        """From the support to the line."""
        low, high = self.low[of], self.high[of]
        with np.errstate(all="ignore"):
            if self.left_end and self.right_end:
                return np.log(np.maximum(y - low, 0.0)) - np.log(np.maximum(high - y, 0.0))
            if self.left_end:
                return np.log(np.maximum(y - low, 0.0))
            if self.right_end:
                return -np.log(np.maximum(high - y, 0.0))
            return np.arcsinh((y - self.centre[of]) / self.scale[of])

    def log_g(self, t: Any, of: Any) -> Floats:
        """The log-density on the line."""
        y = self.to_y(t, of)
        scale = self.scale[of].reshape(-1, *[1] * (np.ndim(t) - 1))
        if self.left_end and self.right_end:
            slope = np.log(scale) + sc.log_expit(t) + sc.log_expit(-t)
        elif self.left_end or self.right_end:
            slope = t if self.left_end else -t
        else:
            slope = np.log(scale) + np.logaddexp(t, -t) - np.log(2.0)
        with np.errstate(invalid="ignore"):
            return np.nan_to_num(self.f(y, of) + slope, nan=-np.inf, posinf=np.inf, neginf=-np.inf)

    def _peak(self, every: Any) -> Floats:
        """The highest point of each."""
        if self.left_end or self.right_end:
            t = np.broadcast_to(np.linspace(-40.0, 40.0, 321), (len(every), 321))
        else:
            steps = np.concatenate([[0.0], np.logspace(-6, 10, 97)])
            centres = [np.zeros(len(every)), *(np.asarray(v, dtype=float) for v in self.f.params.values())]
            y = np.concatenate([c[:, None] + s * steps for c in centres for s in (-1.0, 1.0)], axis=1)
            t = np.sort(np.arcsinh(y), axis=1)
        at = np.argmax(self.log_g(t, every), axis=1)
        a, b = (t[every, np.clip(at + side, 0, t.shape[1] - 1)] for side in (-1, 1))
        for _ in range(20):
            c, d = b - 0.618 * (b - a), a + 0.618 * (b - a)
            at_c, at_d = self.log_g(np.stack([c, d], axis=1), every).T
            a, b = np.where(at_c >= at_d, a, c), np.where(at_c >= at_d, d, b)
        return 0.5 * (a + b)

    def _width(self, peak: Any, every: Any) -> Floats:
        """How far from the peak the density on the line falls by a factor e, on the slower side."""
        top = self.log_g(peak, every)
        out = np.zeros(len(every))
        for side in (-1.0, 1.0):
            fallen = self.log_g(peak[:, None] + side * STEPS, every) < top[:, None] - 1.0
            out = np.maximum(out, np.where(np.any(fallen, axis=1), STEPS[np.argmax(fallen, axis=1)], 1.0))
        return out

    def _integral(self, a: Any, b: Any, of: Any, nodes: Any = NODES, weights: Any = WEIGHTS) -> Floats:
        half = 0.5 * (b - a)
        g = np.exp(self.log_g((0.5 * (a + b))[..., None] + half[..., None] * nodes, of))
        return half * (g @ weights)

    # -- answers -------------------------------------------------------------------------------------------------

    def _place(self, t: Any, of: Any) -> Integers:
        return np.clip(np.sum(self.knots[of] <= t[:, None], axis=1) - 1, 0, self.value.shape[1] - 1)

    def _below(self, y: Any, of: Any) -> Floats:
        """The integral of the density up to each y."""
        t = np.clip(self.to_t(y, of), self.knots[of, 0], self.knots[of, -1])
        i = self._place(t, of)
        return self.left[of, i] + self._integral(self.knots[of, i], t, of)

    def below(self, y: Any, of: Any) -> Floats:
        out = self._below(y, of) / self.total[of] + np.sum(self.masses[of] * (self.f.atoms[of] <= y[:, None]), axis=1)
        return np.where(y < self.low[of], 0.0, np.where(y >= self.high[of], 1.0, self._trusted(y, of, out)))

    def above(self, y: Any, of: Any) -> Floats:
        t = np.clip(self.to_t(y, of), self.knots[of, 0], self.knots[of, -1])
        i = self._place(t, of)
        out = (self.right[of, i + 1] + self._integral(t, self.knots[of, i + 1], of)) / self.total[of]
        out = out + np.sum(self.masses[of] * (self.f.atoms[of] > y[:, None]), axis=1)
        return np.where(y < self.low[of], 1.0, np.where(y >= self.high[of], 0.0, self._trusted(y, of, out)))

    def _trusted(self, y: Any, of: Any, out: Any) -> Floats:
        """Probabilities that the end of the line does not blur."""
        return np.where(out > np.exp(FAINT + 40.0), np.minimum(out, 1.0), np.nan)

    def _density_quantile(self, q: Any, of: Any) -> Floats:
        """The density's own quantiles, by Newton's steps in a bracket."""
        lower = q <= 0.5
        tail = np.where(lower, q, 1.0 - q) * self.mass[of]
        passed = np.where(lower[:, None], self.left[of] <= tail[:, None], self.right[of] > tail[:, None])
        i = np.clip(np.sum(passed, axis=1) - 1, 0, self.value.shape[1] - 1)
        a, b = self.knots[of, i], self.knots[of, i + 1]
        goal = tail - np.where(lower, self.left[of, i], self.right[of, i + 1])  # up to t, or from t on
        rounding = 4e-16 * np.maximum(tail, goal)
        low, high = a.copy(), b.copy()
        with np.errstate(all="ignore"):
            share = np.clip(np.nan_to_num(goal / self.value[of, i], nan=0.5), 0.0, 1.0)
            t = a + (b - a) * np.where(lower, share, 1.0 - share)
            active = np.flatnonzero((q > 0.0) & (q < 1.0))
            for _ in range(60):
                if not len(active):
                    break
                here, sets, left = t[active], of[active], lower[active]
                ends = np.where(left, a[active], here), np.where(left, here, b[active])
                miss = np.where(left, 1.0, -1.0) * (self._integral(*ends, sets) - goal[active])
                low[active] = np.where(miss < 0, here, low[active])
                high[active] = np.where(miss < 0, high[active], here)
                step = here - miss / np.exp(self.log_g(here, sets))
                near = np.abs(step - here) <= 1e-13 * np.maximum(np.abs(here), 1e-2)
                found = near | (np.abs(miss) <= rounding[active])
                inside = (step > low[active]) & (step < high[active])
                t[active] = np.where(found, here, np.where(inside, step, 0.5 * (low[active] + high[active])))
                active = active[~found]
        y = self.to_y(t, of)
        inner = np.clip(y, np.nextafter(self.low[of], np.inf), np.nextafter(self.high[of], -np.inf))
        inner = np.where(q < np.exp(FAINT + 40.0), np.nan, inner)
        return np.where(q == 0, self.low[of], np.where(q == 1, self.high[of], inner))

    def quantile(self, q: Any, of: Any) -> Floats | float:
        if not self.f.atoms.shape[1]:
            return self._density_quantile(q, of)
        atoms, share = self.f.atoms[of], self.mass[of] / self.total[of]
        columns = range(atoms.shape[1])
        reached = np.stack([self._below(atoms[:, k], of) / self.mass[of] for k in columns], axis=1)
        return mixed_quantile(q, atoms, self.masses[of], share, reached, lambda p: self._density_quantile(p, of))

    def moments(self) -> tuple[Any, Any]:
        every = np.arange(self.f.count)
        if not np.any(self.fine):
            return np.full(len(every), np.nan), np.full(len(every), np.nan)
        mean = self._moment(lambda y: y, every)
        return mean, self._moment(lambda y: np.square(y - mean.reshape(-1, *[1] * (np.ndim(y) - 1))), every)

    def _moment(self, power: Callable[[Any], Any], every: Any) -> Floats:
        a, b = self.knots[:, :-1], self.knots[:, 1:]
        half = 0.5 * (b - a)
        t = (0.5 * (a + b))[..., None] + half[..., None] * NODES
        with np.errstate(all="ignore"):
            g = np.exp(self.log_g(t, every))
            terms = half * (np.where(g > 0, g * power(self.to_y(t, every)), 0.0) @ WEIGHTS)
            out = np.sum(terms, axis=1) / self.total
            size = np.abs(terms) / np.where(half > 0, half, np.inf)
            known = self.fine & (np.maximum(size[:, 0], size[:, -1]) <= 1e-12 * np.max(size, axis=1))
            if self.f.atoms.shape[1]:
                out = out + np.sum(np.where(self.masses > 0, self.masses * power(self.f.atoms), 0.0), axis=1)
        return np.where(known, out, np.nan)
