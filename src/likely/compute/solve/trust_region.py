"""Peaks from far starts: trust regions, with exact curvature or with a metric in its place.

Both ways move within a radius, so that a quadratic model is trusted only as far as it has held. With exact curvature
(Nocedal and Wright 2006, *Numerical Optimization*, section 4.1; the step as in More and Sorensen 1983), saddles are
left along directions of rising curvature. With a positive semi-definite metric (Gauss-Newton for least squares) this
is the algorithm of Levenberg and Marquardt in the form of More (1978): variables are scaled by the largest
curvature met so far, so their units do not matter. There, `inner` variables (a spread) are brought to their own peak
after every step, so that the others see the profile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from likely.compute.solve.newton import AT_PEAK, Point, Solution, newton_step
from likely.namespace.arrays import Floats

RADII = (1.0, 0.1, 10.0, 100.0)  # first radii to try, in lengths of the scaled start
CLOSE = 1e-3  # standard errors from the peak at which Newton's own steps take over
ROUGH = 0.1  # and within which a search that is stuck may have reached it, to rounding error
FLAT = 1e-11  # smallest eigenvalue of the unit-diagonal information at a peak
LEAST = 1e-4  # share of the predicted gain that a step must bring


@final
@dataclass(frozen=True, eq=False)
class _Quadratic:
    """A quadratic model in scaled variables, in the coordinates of its curvature's eigenvectors."""

    scale: Floats
    values: Floats
    vectors: Floats
    slope: Floats

    @classmethod
    def of(cls, score: Any, curvature: Any, scale: Any) -> _Quadratic:
        values, vectors = np.linalg.eigh(curvature / np.outer(scale, scale))
        return cls(scale, values, vectors, vectors.T @ (score / scale))

    def step(self, radius: float) -> tuple[Any, float, float]:
        """The best step no longer than `radius`: itself, its scaled length and the gain it promises."""
        values = self.values
        s = np.zeros_like(self.slope)
        if values[0] > 0:
            s = self.slope / values
        if values[0] <= 0 or np.linalg.norm(s) > radius:
            s = self._on_the_edge(radius)
        gain = float(self.slope @ s - 0.5 * np.sum(values * s * s))
        return self.vectors @ s / self.scale, float(np.linalg.norm(s)), gain

    def _on_the_edge(self, radius: float) -> Floats:
        size = float(np.linalg.norm(self.slope))
        floor = max(0.0, -float(self.values[0]))
        low, high = 0.0, max(size / radius, 1e-300)  # of the shift beyond the floor

        def at(shift: float) -> Floats:
            return self.slope / (self.values + floor + shift)

        tiny = 1e-14 * max(1.0, float(np.max(np.abs(self.values))))
        if floor > 0 and np.linalg.norm(at(tiny)) < radius:  # nothing of the slope along the rising direction
            s = at(tiny)
            s[0] += np.copysign(np.sqrt(radius**2 - float(s @ s)), s[0] if s[0] else 1.0)
            return s
        while np.linalg.norm(at(high)) > radius:
            high *= 2.0
        for _ in range(200):
            middle = np.sqrt(low * high) if low > 0 else 1e-3 * high
            if np.linalg.norm(at(middle)) > radius:
                low = middle
            else:
                high = middle
            if high <= 1.02 * low or high < 1e-290:
                break
        return at(high)


def maximize(
    evaluate: Callable[[Any], Point],
    value: Callable[[Any], float],
    start: Any,
    *,
    max_iterations: int = 400,
    tolerance: float = 1e-6,
    progress: Callable[[int, Point, float], None] | None = None,
) -> Solution:
    """The local maximum reached from `start` with exact curvature.

    Parameters
    ----------
    evaluate, value : callable
        x -> Point; x -> its value alone.
    start : ndarray
    max_iterations, tolerance, progress
        As in `likely.compute.solve.newton.maximize`.

    Returns
    -------
    Solution
    """
    point, radius, decrement, close = evaluate(np.asarray(start, dtype=float)), None, np.inf, CLOSE
    if not point.usable:
        return Solution(point, False, "the log-likelihood is not finite at the starting values", 0, np.inf)
    for iteration in range(max_iterations):
        _, squared, concave = newton_step(point)
        decrement = float(np.sqrt(max(squared, 0.0)))
        if progress is not None:
            progress(iteration, point, decrement)
        if concave and decrement <= close:
            end = _polish(evaluate, value, point, tolerance, iteration)
            if end.converged:
                return end
            close *= 0.1  # not as close as it seemed
        scale = _positive(np.sqrt(np.abs(np.diagonal(point.info))))
        model = _Quadratic.of(point.score, point.info, scale)
        radius = float(np.linalg.norm(scale * point.x)) or 1.0 if radius is None else radius
        found = _accepted(evaluate, value, point, model, radius)
        if found is None:
            if concave and decrement <= ROUGH:
                return _polish(evaluate, value, point, tolerance, iteration)
            reason = "the log-likelihood is flat in some direction" if not concave else STUCK
            return Solution(point, False, reason, iteration, decrement)
        point, radius = found
    return Solution(point, False, f"no peak within {max_iterations} iterations", max_iterations, decrement)


STUCK = "no step raises the log-likelihood any more"


def _accepted(
    evaluate: Callable[[Any], Point], value: Callable[[Any], float], point: Point, model: _Quadratic, radius: float
) -> tuple[Point, float] | None:
    """The next point and radius; None where no step raises the value."""
    for _ in range(60):
        step, length, promised = model.step(radius)
        here = value(point.x + step)
        share = (here - point.value) / promised if np.isfinite(here) and promised > 0 else -1.0
        if share >= LEAST:
            after = evaluate(point.x + step)
            if after.usable:
                wider = max(radius, 2.0 * length) if share > 0.75 else radius
                return after, 0.25 * length if share < 0.25 else wider
        radius = (0.25 if np.isfinite(here) else 0.1) * min(length, radius)
        if radius <= 1e-14:
            return None
    return None


def _polish(
    evaluate: Callable[[Any], Point], value: Callable[[Any], float], point: Point, tolerance: float, iteration: int
) -> Solution:
    """Newton's own steps close to the peak, until they bring nothing; what is left is rounding error or none."""
    step, squared, concave = newton_step(point)
    decrement = float(np.sqrt(max(squared, 0.0)))
    for _ in range(30):
        if decrement <= 1e-13:
            break
        after = evaluate(point.x + step)
        if not after.usable:
            break
        onward, square, still = newton_step(after)
        better = float(np.sqrt(max(square, 0.0)))
        if not still or better > 0.7 * decrement:
            break
        point, step, decrement, concave = after, onward, better, still
        iteration += 1
    if decrement <= tolerance:
        return Solution(point, True, AT_PEAK, iteration, decrement)
    # the gain that is left, decrement^2/2, may be less than what rounding does to the value
    if concave and decrement <= ROUGH and 0.5 * decrement**2 <= rounding(value, point.x):
        return Solution(point, True, f"{AT_PEAK} to rounding error", iteration, decrement)
    return Solution(point, False, STUCK, iteration, decrement)


def rounding(value: Callable[[Any], float], x: Any) -> float:
    """How much the value varies where its argument changes by a few units in its last place."""
    around = [value(x * (1.0 + k * np.finfo(float).eps)) for k in range(-4, 5)]
    return float(np.ptp(around)) if np.all(np.isfinite(around)) else 0.0


def _positive(scale: Any) -> Floats:
    return np.where(scale > 0, scale, 1.0)


# -- with a metric -------------------------------------------------------------------------------------------


def maximize_far(
    evaluate: Callable[[Any], Point],
    value: Callable[[Any], float],
    metric: Callable[[Any], Any],
    start: Any,
    *,
    inner: Sequence[int] = (),
    exact_first: bool = False,
    max_iterations: int = 2000,
    tolerance: float = 1e-6,
    progress: Callable[[int, Point, float], None] | None = None,
) -> Solution:
    """The peak from a start that may be far: the metric's way with several first radii, then exact curvature.

    Parameters
    ----------
    evaluate, value
        As in `maximize`.
    metric : callable
        x -> a positive semi-definite matrix in place of the information.
    start : ndarray
    inner : sequence of int
        Variables that follow the others: brought to their own peak after every step.
    exact_first : bool
        Whether to try exact curvature before the metric, for a metric that is a poor guide far out.
    max_iterations : int
        Of every attempt.
    tolerance, progress
        As in `maximize`.

    Returns
    -------
    Solution
        The first peak that an attempt found; where none did, the highest end.
    """
    first = evaluate(np.asarray(start, dtype=float))
    if not first.usable:
        return Solution(first, False, "the log-likelihood is not finite at the starting values", 0, np.inf)
    begun = follow(evaluate, first, inner)

    def exact(x: Any) -> Solution:
        return maximize(evaluate, value, x, tolerance=tolerance, progress=progress)

    def attempts() -> Iterator[Solution]:
        if exact_first:
            yield exact(begun.x)
        for radius in RADII:
            end = _with_metric(evaluate, value, metric, begun, radius, inner, max_iterations, tolerance, progress)
            yield end
            if not end.converged:
                yield exact(end.point.x)
        if not exact_first:
            yield exact(begun.x)

    ends: list[Solution] = []
    for end in attempts():
        if end.converged and least_curvature(end.point.info) > FLAT:
            return end
        ends.append(end)
    return max(ends, key=lambda s: s.point.value)


def least_curvature(info: Any) -> float:
    """The least eigenvalue of an information scaled to unit diagonal."""
    scale = _positive(np.sqrt(np.abs(np.diagonal(info))))
    return float(np.linalg.eigvalsh(info / np.outer(scale, scale))[0])


def _with_metric(
    evaluate: Callable[[Any], Point],
    value: Callable[[Any], float],
    metric: Callable[[Any], Any],
    point: Point,
    first_radius: float,
    inner: Sequence[int],
    max_iterations: int,
    tolerance: float,
    progress: Callable[[int, Point, float], None] | None,
) -> Solution:
    """Where Levenberg and Marquardt's way ends; close to a peak, Newton's own steps finish it."""
    outer = np.array([j for j in range(len(point.x)) if j not in set(inner)], dtype=int)
    largest, radius, close, reason, decrement = np.zeros(len(outer)), None, CLOSE, "", np.inf
    for iteration in range(max_iterations):
        _, squared, concave = newton_step(point)
        decrement = float(np.sqrt(max(squared, 0.0)))
        if progress is not None:
            progress(iteration, point, decrement)
        if concave and decrement <= close:
            end = _polish(evaluate, value, point, tolerance, iteration)
            if end.converged:
                return end
            close *= 0.1  # not as close as it seemed
        curvature = metric(point.x)[np.ix_(outer, outer)]
        if not np.all(np.isfinite(curvature)):
            reason = "the derivatives are not finite"
            break
        largest = np.maximum(largest, np.sqrt(np.maximum(np.diagonal(curvature), 0.0)))
        model = _Quadratic.of(point.score[outer], _definite(curvature, _positive(largest)), _positive(largest))
        if radius is None:
            radius = first_radius * (float(np.linalg.norm(_positive(largest) * point.x[outer])) or 1.0)

        part = Point(point.x[outer], point.value, point.score[outer], curvature)
        found = _accepted(_along(evaluate, point.x, outer), _along(value, point.x, outer), part, model, radius)
        if found is None:
            reason = STUCK
            break
        moved, radius = found
        point = follow(evaluate, moved, inner)
    if reason == STUCK and decrement <= ROUGH:
        return _polish(evaluate, value, point, tolerance, iteration)
    return Solution(point, False, reason or f"no peak within {max_iterations} iterations", iteration, decrement)


def _along(function: Callable[[Any], Any], x: Any, some: Any) -> Callable[[Any], Any]:
    """A function of some variables, the others held."""

    def of(part: Any) -> Any:
        full = x.copy()
        full[some] = part
        return function(full)

    return of


def _definite(curvature: Any, scale: Any) -> Floats:
    """The metric with a trace of its own scale added, where it is singular."""
    size = float(np.max(np.diagonal(curvature) / scale**2, initial=0.0))
    return curvature + np.diag(np.maximum(1e-15 * size, 1e-300) * scale**2)


def follow(evaluate: Callable[[Any], Point], point: Point, inner: Sequence[int]) -> Point:
    """The point with its inner variables at their own peak, the others held."""
    at = np.asarray(inner, dtype=int)
    if len(at) == 0:
        return point
    for _ in range(100):
        part = Point(point.x[at], point.value, point.score[at], point.info[np.ix_(at, at)])
        step, squared, concave = newton_step(part)
        if concave and squared <= 1e-16:
            break
        size = float(np.max(np.abs(step)))
        step = step * min(1.0, 2.0 / size) if size > 0 else step
        for _ in range(30):
            x = point.x.copy()
            x[at] += step
            after = evaluate(x)
            if after.usable and after.value > point.value:
                break
            step = 0.25 * step
        else:
            break
        point = after
    return point
