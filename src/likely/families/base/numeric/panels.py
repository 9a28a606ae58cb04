"""Integrals by Gauss and Legendre's rule over adaptive panels of a line, with partial sums from both ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, final

import numpy as np

from likely.namespace.arrays import Floats, Integers

NODES, WEIGHTS = np.polynomial.legendre.leggauss(20)
COARSE_NODES, COARSE_WEIGHTS = np.polynomial.legendre.leggauss(12)
UNDERFLOW = 740.0  # exp(-740) is the last of the floats


@final
class Panels:
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

    def integral(self, a: Any, b: Any, factor: Callable[[Any], Any] | None = None) -> Floats:
        """The integral of the function (times `factor`) from each a to each b."""
        half = 0.5 * (b - a)
        t = (0.5 * (a + b))[..., None] + half[..., None] * NODES
        g = np.exp(self.log_g(t))
        if factor is not None:
            with np.errstate(all="ignore"):
                g = np.where(g > 0, g * factor(t), 0.0)
        return half * (g @ WEIGHTS)

    def _coarse(self, a: Any, b: Any) -> Floats:
        half = 0.5 * (b - a)
        t = (0.5 * (a + b))[..., None] + half[..., None] * COARSE_NODES
        return half * (np.exp(self.log_g(t)) @ COARSE_WEIGHTS)

    def _panel(self, t: Any) -> Integers:
        return np.clip(np.searchsorted(self.a, t, side="right") - 1, 0, len(self.a) - 1)

    def below(self, t: Any) -> Floats:
        """The integral up to each t."""
        inner = np.clip(t, self.a[0], self.b[-1])
        i = self._panel(inner)
        out = self.left[i] + self.integral(self.a[i], inner)
        with np.errstate(all="ignore"):
            before = self.left[0] * np.exp(self.rate_left * np.minimum(t - self.a[0], 0.0))
            after = self.right[-1] * -np.expm1(-self.rate_right * np.maximum(t - self.b[-1], 0.0))
        return np.where(t < self.a[0], np.nan_to_num(before), np.where(t > self.b[-1], out + np.nan_to_num(after), out))

    def above(self, t: Any) -> Floats:
        """The integral from each t on."""
        inner = np.clip(t, self.a[0], self.b[-1])
        i = self._panel(inner)
        out = self.right[i + 1] + self.integral(inner, self.b[i])
        with np.errstate(all="ignore"):
            after = self.right[-1] * np.exp(-self.rate_right * np.maximum(t - self.b[-1], 0.0))
            before = self.left[0] * -np.expm1(self.rate_left * np.minimum(t - self.a[0], 0.0))
        return np.where(t > self.b[-1], np.nan_to_num(after), np.where(t < self.a[0], out + np.nan_to_num(before), out))

    def solve(self, mass: Any, lower: Any) -> Floats:
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
