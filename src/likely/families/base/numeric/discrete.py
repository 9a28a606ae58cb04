"""A discrete distribution from its log-probabilities: a table outward from the mode, and integrals for slow tails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, final

import numpy as np

from likely.families.base.numeric.continuous import Continuous
from likely.families.base.numeric.density import Density, Distribution
from likely.families.base.numeric.panels import UNDERFLOW
from likely.namespace.arrays import Booleans, Floats

FIRST_CHUNK, MOST_TERMS = 1 << 10, 1 << 21  # terms of a sum: at first, at most


@final
class Discrete(Distribution):
    """A discrete distribution at one set of parameter values."""

    def __init__(self, density: Density) -> None:
        self.log_f = density
        self.low, self.high = density.low, density.high
        y = self._candidates()
        value = density(y)
        density.check_tried(value)
        mode = self._mode_from(y, value)
        up, more_above = self._grow(mode, 1.0)
        down, more_below = self._grow(mode - 1.0, -1.0)
        self.p = np.exp(np.concatenate([down[::-1], up]))
        self.first, self.last = mode - len(down), mode + len(up) - 1.0
        self.far_above = Continuous(density, (self.last + 0.5, np.inf)) if more_above else None
        self.far_below = Continuous(density, (self.low - 0.5, self.first - 0.5)) if more_below else None
        if any(far is not None and not np.isfinite(far.total) for far in (self.far_above, self.far_below)):
            density.check_total(np.inf)
        tail_below = float(self._tail_below(np.array([self.first - 1.0]))[0])
        tail_above = float(self._tail_above(np.array([self.last]))[0])
        self.left = np.cumsum(np.concatenate([[tail_below], self.p]))  # P(Y < first + k)
        self.right = np.cumsum(np.concatenate([[tail_above], self.p[::-1]]))[::-1]  # P(Y >= first + k)
        self.total = float(self.left[-1] + tail_above)
        density.check_total(self.total)

    def _candidates(self) -> Floats:
        """Where the mode may lie."""
        y = [self.log_f.candidates(), np.arange(-64.0, 1025.0)]
        if np.isfinite(self.low):
            y.append(self.low + np.arange(1024.0))
        if np.isfinite(self.high):
            y.append(self.high - np.arange(1024.0))
        points = np.round(np.concatenate(y))
        return np.unique(points[(points >= self.low) & (points <= self.high)])

    def _mode_from(self, y: Any, value: Any) -> float:
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

    def _slope(self, k: Any) -> Floats:
        """Derivative of the probability between k and k + 1."""
        a, b = self.log_f(k), self.log_f(k + 1.0)
        return np.exp(0.5 * (a + b)) * (b - a)

    def _tail_above(self, k: Any) -> Floats:
        """P(Y > k) beyond the table, as an integral (Euler and Maclaurin's midpoint rule, with one correction)."""
        if self.far_above is None:
            return np.zeros(len(k))
        return self.far_above.panels.above(self.far_above.to_t(k + 0.5)) + self._slope(k) / 24.0

    def _tail_below(self, k: Any) -> Floats:
        """P(Y <= k) below the table."""
        if self.far_below is None:
            return np.zeros(len(k))
        return self.far_below.panels.below(self.far_below.to_t(k + 0.5)) - self._slope(k) / 24.0

    def below(self, y: Any) -> Floats:
        k = np.clip(np.floor(y), max(self.low - 1.0, -1e300), min(self.high, 1e300))
        out = np.array(self.left[np.clip(k - self.first + 1.0, 0, len(self.p)).astype(np.intp)])
        if np.any(far := k < self.first - 1.0):
            out[far] = self._tail_below(k[far])
        if np.any(far := k > self.last):
            out[far] = self.total - self._tail_above(k[far])
        return np.where(y < self.low, 0.0, np.where(y >= self.high, 1.0, np.minimum(out / self.total, 1.0)))

    def above(self, y: Any) -> Floats:
        k = np.clip(np.floor(y), max(self.low - 1.0, -1e300), min(self.high, 1e300))
        out = np.array(self.right[np.clip(k + 1.0 - self.first, 0, len(self.p)).astype(np.intp)])
        if np.any(far := k > self.last):
            out[far] = self._tail_above(k[far])
        if np.any(far := k < self.first - 1.0):
            out[far] = self.total - self._tail_below(k[far])
        return np.where(y < self.low, 1.0, np.where(y >= self.high, 0.0, np.minimum(out / self.total, 1.0)))

    def quantile(self, q: Any) -> Floats | float:
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

    def _settle(self, k: Any, q: Any, slack: float) -> Floats:
        """The quantile next to k, found from the integral, by comparing tails themselves."""

        def reached(j: Any) -> Booleans:
            return np.where(q <= 0.5, self.below(j) * slack >= q, self.above(j) <= (1.0 - q) * slack)

        for _ in range(3):
            k = np.where(reached(k), np.where(reached(k - 1.0), k - 1.0, k), k + 1.0)
        return k

    def draw(self, u: Any) -> Floats | float:
        return self.quantile(np.maximum(u, 1e-300))

    def moment(self, power: Callable[[Any], Any]) -> float:
        out = float(np.sum(self.p * power(self.first + np.arange(len(self.p)))))
        for far in (self.far_above, self.far_below):
            out += 0.0 if far is None else far.unscaled_moment(power)
        return out / self.total
