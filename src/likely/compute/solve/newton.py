"""Newton's method with exact second derivatives and a safeguarded line search.

At every point the information (minus Hessian) is scaled to unit diagonal, so the columns' units do not matter.
Where it is not positive definite its eigenvalues are replaced by their absolute values, which keeps every step an
ascent direction (Nocedal and Wright 2006, *Numerical Optimization*, section 3.4). Eigenvalues depend on the
coordinates, so that a caller whose function may have several maxima says in which ones they are taken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from scipy import linalg

from likely.compute.solve.cholesky import Factor
from likely.compute.solve.inverse import inverse_information
from likely.namespace.arrays import Floats

BORROWED = 0.1  # relative error of a subsample's information, at most
FEW = 128  # coefficients; with more an information may be diagonal for the most part, and a correction would fill it
LARGE = 256  # coefficients beyond which eigenvalues cost more than some steps
CLEAN = 1e-9  # standard errors from the peak: as near as rounding lets a search come
CLOSE_BY = 2.0  # standard errors to a known peak from which a search may be seen to end there
COVERED = 0.2  # and the share of that distance which its next step leaves, at most
Scaling = Callable[[Any], Any]  # of an information, to the coordinates z of steps: coefficients = matrix @ z
AT_PEAK = "the score is zero and the curvature is negative"


@dataclass(frozen=True, eq=False)
class Point:
    """A function to maximise, at one point: value, score (gradient) and information (minus Hessian)."""

    x: Floats
    value: float
    score: Floats
    info: Floats

    @cached_property
    def inverse(self) -> tuple[Any, Any]:
        """The inverse of the information, or None, and the directions in which the value does not fall."""
        return inverse_information(self.info)

    @property
    def usable(self) -> bool:
        return bool(np.isfinite(self.value) and np.isfinite(self.score).all() and np.isfinite(self.info).all())


@dataclass(frozen=True)
class Stop:
    """The wish of a caller that a search end where it is.

    Attributes
    ----------
    reason : str
        In words.
    coordinate : int
        On whose account: the index of a coordinate that runs away.
    """

    reason: str
    coordinate: int


@dataclass(frozen=True, eq=False)
class Solution:
    """Where a search ended.

    Attributes
    ----------
    point : Point
    converged : bool
        Whether the point is a local maximum to rounding error.
    reason : str
        Why it stopped, in words.
    iterations : int
    decrement : float
        Newton decrement: the distance to the peak in standard errors (of the quadratic model).
    stop : Stop or None
        Why the caller ended it on its way.
    """

    point: Point
    converged: bool
    reason: str
    iterations: int
    decrement: float
    stop: Stop | None = None


def newton_step(point: Point, scaling: Scaling | None = None) -> tuple[Any, float, bool]:
    """The step towards the peak, the squared Newton decrement, and whether the point is locally concave."""
    scale = _diagonal_scale(point.info)
    a = point.info / scale[:, None]
    a /= scale
    g = point.score / scale
    try:
        factor = Factor(a)
        # a pivot at rounding level is a flat direction, whatever its sign
        if factor.smallest_pivot > 1e-7:
            s = factor.solve(g)
            return s / scale, float(g @ s), True
    except linalg.LinAlgError:
        pass
    if len(a) > LARGE:
        return _shifted_step(a, g, scale)
    values, directions = _curvatures(point.info, scaling)
    concave = bool(values[0] > 0)
    floor = max(1e-10, 1e-14 * len(values)) * max(1.0, float(np.max(np.abs(values))))
    slopes = directions.T @ point.score
    s = slopes / np.maximum(np.abs(values), floor)
    return directions @ s, float(slopes @ s), concave


def _diagonal_scale(info: Any) -> Any:
    scale = np.sqrt(np.abs(np.diagonal(info)))
    return np.where(scale > 0, scale, 1.0)


def _curvatures(info: Any, scaling: Scaling | None) -> tuple[Any, Any]:
    """The eigenvalues of a scaled information, the least one first, and their directions as columns."""
    if scaling is None:
        scale = _diagonal_scale(info)
        values, vectors = np.linalg.eigh(info / np.outer(scale, scale))
        return values, vectors / scale[:, None]
    matrix = scaling(info)
    values, vectors = np.linalg.eigh(matrix.T @ info @ matrix)
    return values, matrix @ vectors


def _shifted_step(a: Any, g: Any, scale: Any) -> tuple[Any, float, bool]:
    """A step by a matrix with enough added to its diagonal (Nocedal and Wright 2006, algorithm 3.3).

    Eigenvalues of a large matrix cost as much as many steps.
    """
    shift = 1e-3
    while True:
        try:
            moved = a.copy()
            moved[np.diag_indices(len(a))] += shift
            factor = Factor(moved)
            if factor.smallest_pivot > 1e-4:
                break
        except linalg.LinAlgError:
            pass
        shift *= 4.0
    s = factor.solve(g)
    return s / scale, float(g @ s), False


def maximize(
    evaluate: Callable[[Any], Point],
    start: Any,
    *,
    max_iterations: int = 100,
    tolerance: float = 1e-6,
    progress: Callable[[int, Point, float], None] | None = None,
    stop: Callable[[Point], Stop | None] | None = None,
    first: Point | None = None,
    known: Sequence[Point] = (),
    scaling: Scaling | None = None,
) -> Solution:
    """The local maximum reached from `start`.

    Parameters
    ----------
    evaluate : callable
        x -> Point, exact derivatives.
    start : ndarray
    max_iterations : int
    tolerance : float
        Stop when the Newton decrement, the distance to the peak in standard errors, is below this.
    progress : callable, optional
        Called with the iteration, the point and the decrement.
    stop : callable, optional
        Called with every new point; a Stop that it returns ends the search.
    first : Point, optional
        What `evaluate` gives at the start, where that is known.
    known : sequence of Point
        Peaks that were found before: a search that is about to end at one of them ends there.
    scaling : callable, optional
        The coordinates in which steps are taken where the function is not concave; without it the diagonal of the
        information gives their units.

    Returns
    -------
    Solution
    """
    point = evaluate(np.asarray(start, dtype=float)) if first is None else first
    if not point.usable:
        return Solution(point, False, "the log-likelihood is not finite at the starting values", 0, np.inf)
    decrement = float("inf")
    for iteration in range(max_iterations):
        step, squared, concave = newton_step(point, scaling)
        decrement = float(np.sqrt(max(squared, 0.0)))
        if progress is not None:
            progress(iteration, point, decrement)
        if concave and decrement <= tolerance:
            return Solution(point, True, AT_PEAK, iteration, decrement)
        if concave and (peak := next((p for p in known if _leads_to(p, point, step)), None)) is not None:
            return Solution(peak, True, AT_PEAK, iteration, 0.0)
        trial = None if not concave and decrement <= 1e-3 else _search(evaluate, point, step, squared)
        if trial is None and not concave:
            trial = _escape(evaluate, point, scaling)
        if trial is None:
            # no step raises the value: a peak to rounding error if the model says it is that close
            close = concave and decrement <= 1e-4
            flat = not concave and decrement <= 1e-3
            reason = (
                "the log-likelihood is flat in some direction" if flat else "no step raises the log-likelihood any more"
            )
            return Solution(point, close, reason, iteration, decrement)
        point = trial
        if stop is not None and (requested := stop(point)) is not None:
            return Solution(point, False, requested.reason, iteration + 1, decrement, requested)
    return Solution(point, False, f"no peak within {max_iterations} iterations", max_iterations, decrement)


def one_step_further(evaluate: Callable[[Any], Point], end: Solution) -> Solution:
    """The end of a search after one more step, which about squares what is left; as it was where that is rounding."""
    if not end.converged or end.decrement <= CLEAN:
        return end
    step, _, concave = newton_step(end.point)
    further = evaluate(end.point.x + step)
    if not concave or not further.usable:
        return end
    _, squared, concave = newton_step(further)
    decrement = float(np.sqrt(max(squared, 0.0)))
    return replace(end, point=further, decrement=decrement) if concave and decrement < end.decrement else end


def _leads_to(peak: Point, point: Point, step: Any) -> bool:
    """Whether a Newton step covers nearly all of the way to a peak that is near.

    The next ones then shrink what is left by its square (Newton and Kantorovich); the value has to agree.
    """
    way = peak.x - point.x
    left = way - step
    squared = float(way @ peak.info @ way)
    if not (squared <= CLOSE_BY**2 and float(left @ peak.info @ left) <= COVERED**2 * squared):
        return False
    return abs(peak.value - point.value - 0.5 * squared) <= COVERED * squared


def maximize_near(
    evaluate: Callable[[Any], Point],
    value_and_score: Callable[[Any], tuple[float, Any]],
    start: Any,
    info: Any,
    *,
    near: float,
    tolerance: float,
    **options: Any,
) -> Solution:
    """The local maximum near a good start, with few computations of the information.

    Steps with a borrowed information (a subsample's, scaled up, and corrected by what every step shows of it: Broyden,
    Fletcher, Goldfarb and Shanno) need only scores; each shrinks the distance by its relative error. One exact Newton
    step ends the search, and the information is the one computed before it. Wherever this does not go smoothly,
    `maximize` takes over.

    Parameters
    ----------
    evaluate, value_and_score : callable
        x -> Point; x -> (value, score).
    start : ndarray
    info : ndarray
        An approximate information.
    near : float
        Standard errors from the peak within which the information no longer changes to speak of.
    tolerance : float
    **options
        Those of `maximize`.
    """
    x = np.asarray(start, dtype=float)
    progress = options.get("progress") or _silent
    before, last, shrink = -np.inf, np.inf, BORROWED
    step: Any = np.zeros_like(x)
    old: Any = None
    for iteration in range(6):
        value, score = value_and_score(x)
        if not (np.isfinite(value) and np.all(np.isfinite(score)) and value >= before):
            return maximize(evaluate, start, tolerance=tolerance, **options)
        if old is not None and len(x) <= FEW:
            info = _corrected(info, step, old - score)
        step, squared, concave = newton_step(Point(x, value, score, info))
        progress(iteration, Point(x, value, score, info), float(np.sqrt(max(squared, 0.0))))
        if not concave:
            return maximize(evaluate, start, tolerance=tolerance, **options)
        if squared <= near**2:
            x = x + step  # costs nothing, and makes the last step smaller still
            break
        length = float(np.sqrt(squared))
        if np.isfinite(last):  # the next step shrinks the distance about as much as this one did
            shrink = min(shrink, 2.0 * length / last)
        x, before, old, last = x + step, value, score, length
        if squared * shrink**2 <= near**2:  # near enough now, in all likelihood; the next point tells
            break
    point = evaluate(x)
    step, squared, concave = newton_step(point) if point.usable else (x, np.inf, False)
    if point.usable:
        progress(6, point, float(np.sqrt(max(squared, 0.0))))
    if not concave or squared > near**2:
        return maximize(evaluate, x, tolerance=tolerance, first=point, **options)
    decrement = np.inf
    for iteration in (7, 8):  # a second step with the same information only if the first has left something
        x = x + step
        end = Point(x, *value_and_score(x), point.info)
        if not end.usable:
            return maximize(evaluate, point.x, tolerance=tolerance, first=point, **options)
        step, squared, _ = newton_step(end)
        decrement = float(np.sqrt(max(squared, 0.0)))
        progress(iteration, end, decrement)
        if decrement <= CLEAN:
            break
    if decrement > tolerance:
        return maximize(evaluate, end.x, tolerance=tolerance, **options)
    return Solution(end, True, AT_PEAK, 2, decrement)


def _silent(iteration: int, point: Point, decrement: float) -> None:
    pass


def _corrected(info: Any, step: Any, change: Any) -> Any:
    """The information nearest to `info` that maps the last step to the change of the score it made."""
    along, mapped = float(step @ change), info @ step
    if along <= 0.0:
        return info
    return info + np.outer(change, change) / along - np.outer(mapped, mapped) / float(step @ mapped)


def _search(evaluate: Callable[[Any], Point], point: Point, step: Any, squared: float) -> Point | None:
    """The first of the points x + t step, t = 1, 1/2, 1/4 ..., that raises the value enough."""
    noise = 64 * np.finfo(float).eps * max(1.0, abs(point.value))
    t = 1.0
    for _ in range(40):
        trial = evaluate(point.x + t * step)
        if trial.usable:
            gain = trial.value - point.value
            if gain >= 1e-4 * t * squared:
                return trial
            # within rounding of the value, the score is the better judge
            if abs(gain) <= noise and squared * t <= 1e3 * noise:
                return trial if _smaller_score(trial, point) else None
            # the parabola through value, slope and trial value puts its peak here
            curve = t * squared - gain
            t = min(max(0.5 * t * t * squared / curve, 0.1 * t), 0.6 * t) if curve > 0 else 0.5 * t
        else:
            t *= 0.25
        if t < 1e-12:
            break
    return None


def _escape(evaluate: Callable[[Any], Point], point: Point, scaling: Scaling | None) -> Point | None:
    """A higher point along the direction of least curvature, away from a saddle or a minimum; None on a flat."""
    values, directions = _curvatures(point.info, scaling)
    if values[0] > -1e-8:
        return None
    noise = 64 * np.finfo(float).eps * max(1.0, abs(point.value))
    for length in (1.0, 0.1, 10.0, 0.01):
        ends = [evaluate(point.x + sign * length * directions[:, 0]) for sign in (1.0, -1.0)]
        higher = [end for end in ends if end.usable and end.value > point.value + noise]
        if higher:
            return max(higher, key=lambda end: end.value)
    return None


def _smaller_score(a: Point, b: Point) -> bool:
    scale = np.sqrt(np.maximum(np.abs(np.diagonal(b.info)), np.finfo(float).tiny))
    return bool(np.max(np.abs(a.score / scale)) < np.max(np.abs(b.score / scale)))
