"""A continuous distribution from its log-density: integrated once, on a line where the density dies out exponentially.

The line is ``y = c + s sinh(t)`` for real numbers, ``y = low + s exp(t)`` for a half line, a logistic curve for an
interval.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, final

import numpy as np
from scipy import special as sc

from likely.families.base.numeric.density import Density, Distribution
from likely.families.base.numeric.panels import UNDERFLOW, Panels
from likely.namespace.arrays import Floats

GOLDEN = 0.5 * (np.sqrt(5.0) - 1.0)


@final
class Continuous(Distribution):
    """A continuous density at one set of parameter values, on the whole support or between `ends`."""

    def __init__(self, density: Density, ends: tuple[float, float] | None = None) -> None:
        self.log_f = density if ends is None else density.between
        self.low, self.high = low, high = (density.low, density.high) if ends is None else ends
        # first a rough scale, to find the peak; then that of the peak itself
        self.centre, self.scale = 0.0, high - low if np.isfinite(high - low) else 1.0
        t = self._candidates(density)
        log_g = self._log_g(t)
        density.check_tried(log_g)
        peak = self._mode_from(t, log_g)
        if not (np.isfinite(low) or np.isfinite(high)):
            width = self._width(peak)
            seen = self.to_y(t)
            self.centre, spread = float(self.to_y(peak)), float(self.to_y(peak + width) - self.to_y(peak - width))
            self.scale = max(spread, 1e-300)
            t, peak = np.unique(self.to_t(seen)), 0.0
        width = self._width(peak)
        with np.errstate(all="ignore"):
            self.panels = Panels(self._log_g, self._knots(t, peak, width), self._noise)
        self.total = float(self.panels.left[-1] + self.panels.right[-1])
        if ends is None:
            noise = float(self._noise(np.array(peak - width), np.array(peak + width)))
            density.check_total(self.total, 10.0 * noise)

    def _candidates(self, density: Density) -> Floats:
        """Where the peak may lie, on the line."""
        low, high = self.low, self.high
        y = [density.candidates()]
        if np.isfinite(low):
            y.append(low + np.logspace(-12, 15, 217))
        if np.isfinite(high):
            y.append(high - np.logspace(-12, 15, 217))
        if np.isfinite(high - low):
            y.append(low + (high - low) * np.linspace(0.0, 1.0, 401)[1:-1])
        points = np.concatenate(y)
        t = self.to_t(points[(points > low) & (points < high)])
        return np.unique(t[np.isfinite(t)])

    # -- the line on which the density dies out exponentially ------------------------------------------

    def to_y(self, t: Any) -> Floats | float:
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

    def _log_slope(self, t: Any) -> Floats | float:
        """log dy/dt."""
        log_scale = np.log(self.scale)
        if np.isfinite(self.high - self.low):
            return log_scale + sc.log_expit(t) + sc.log_expit(-t)
        if np.isfinite(self.low):
            return log_scale + t
        if np.isfinite(self.high):
            return log_scale - t
        return log_scale + np.logaddexp(t, -t) - np.log(2.0)

    def _log_g(self, t: Any) -> Floats:
        y = self.to_y(t)
        usable = np.isfinite(y) & (y > self.low) & (y < self.high)
        out = self.log_f(np.where(usable, y, self.to_y(0.0))) + self._log_slope(t)
        return np.where(usable, out, -np.inf)

    def _noise(self, a: Any, b: Any) -> Floats:
        """Relative error of the density on the line that comes from rounding y itself."""
        ya, yb = self.to_y(a), self.to_y(b)
        with np.errstate(all="ignore"):
            change = np.abs(self._log_g(b) - self._log_g(a))
            out = 2.2e-16 * np.maximum(np.abs(ya), np.abs(yb)) / np.abs(yb - ya) * (1.0 + change)
        return np.where(np.isfinite(out), out, 1e-12)

    def _mode_from(self, t: Any, log_g: Any) -> float:
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

    def _knots(self, t: Any, peak: float, width: float) -> Floats:
        """Ends of the first panels, out to where the density underflows."""
        limits = self._limits()
        steps = width * np.concatenate([[0.25, 0.5], np.arange(1.0, 12.0), np.logspace(1.1, 6.0, 80)])
        steps = np.unique(np.concatenate([steps, np.arange(1.0, 40.0), np.arange(40.0, 1500.0, 10.0)]))
        ends = [np.array([peak])]
        for side, limit in zip((-1.0, 1.0), limits, strict=True):
            room = max(side * (limit - peak), 1e-3 * width)
            distances = np.append(steps[steps < room], room)
            reach = np.flatnonzero(self._log_g(peak + side * distances) > -UNDERFLOW)
            end = distances[min(int(np.max(reach, initial=0)) + 1, len(distances) - 1)]
            seen = side * (t[self._log_g(t) > -UNDERFLOW] - peak)  # what the candidates saw far out stays inside
            end = min(max(end, float(np.max(seen, initial=0.0))), room)
            ends.append(peak + side * np.append(distances[distances < end], end))
        return np.unique(np.concatenate(ends))

    # -- answers ----------------------------------------------------------------------------------------

    def below(self, y: Any) -> Floats:
        out = self.panels.below(self.to_t(np.clip(y, self.low, self.high))) / self.total
        return np.where(y <= self.low, 0.0, np.where(y >= self.high, 1.0, np.minimum(out, 1.0)))

    def above(self, y: Any) -> Floats:
        out = self.panels.above(self.to_t(np.clip(y, self.low, self.high))) / self.total
        return np.where(y <= self.low, 1.0, np.where(y >= self.high, 0.0, np.minimum(out, 1.0)))

    def _solve(self, q: Any) -> Floats:
        lower = q <= 0.5
        return self.panels.solve(np.where(lower, q, 1.0 - q) * self.total, lower)

    def _inner(self, t: Any) -> Floats:
        """From the line to floats strictly inside the support."""
        return np.clip(self.to_y(t), np.nextafter(self.low, np.inf), np.nextafter(self.high, -np.inf))

    def quantile(self, q: Any) -> Floats | float:
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

    def draw(self, u: Any) -> Floats | float:
        u = np.maximum(u, 1e-300)
        if u.size < 200:
            return self.quantile(u)
        levels, t, slope = self._table
        middle = (u > levels[0]) & (u < levels[-1])
        out = np.empty(u.shape)
        out[middle] = self._inner(_hermite(levels, t, slope, u[middle]))
        out[~middle] = self.quantile(u[~middle])
        return out

    def moment(self, power: Callable[[Any], Any]) -> float:
        return self.unscaled_moment(power) / self.total

    def unscaled_moment(self, power: Callable[[Any], Any]) -> float:
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


def _hermite(x: Any, y: Any, slope: Any, at: Any) -> Floats:
    """Cubic Hermite interpolation, kept between the ends of each piece."""
    i = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(x) - 2)
    h = x[i + 1] - x[i]
    with np.errstate(all="ignore"):
        s = np.where(h > 0, (at - x[i]) / h, 0.0)
    r = 1.0 - s
    bend = h * s * r * (r * slope[i] - s * slope[i + 1])
    out = r * r * (1.0 + 2.0 * s) * y[i] + s * s * (1.0 + 2.0 * r) * y[i + 1] + bend
    return np.clip(out, y[i], y[i + 1])
