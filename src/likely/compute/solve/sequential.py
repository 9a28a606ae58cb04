"""Newton's method where a step is the peak of the quadratic model under absolute values, bounds or inequalities.

Each step maximises the quadratic model of a smooth function minus a cost with corners, or among the points that
constraints allow, and a line search along it keeps every gain (proximal Newton: Lee, Sun and Saunders 2014; sequential
quadratic programming: Nocedal and Wright 2006, *Numerical Optimization*, chapter 18).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import linalg

from likely.compute.solve.newton import Point, Solution, Stop
from likely.namespace.arrays import Floats

FADED = 1e3  # times that an entry is larger than a positive definite matrix with this diagonal could have it
KEPT = "no allowed step raises the objective"
LOST = "rounding errors hide the steps that the constraints allow"


def positive(info: Any) -> Floats:
    """A positive definite matrix in the place of an information: itself, or with its eigenvalues' absolute values."""
    scale = np.sqrt(np.abs(np.diagonal(info)))
    scale = np.where(scale > 0, scale, 1.0)
    if np.max(np.abs(info / np.outer(scale, scale))) > FADED:
        order = np.argsort(-scale)
        for k, j in enumerate(order[1:], 1):  # what others say of a coordinate whose own curvature has faded
            scale[j] = max(scale[j], float(np.max(np.abs(info[j, order[:k]]) / scale[order[:k]])))
    unit = info / np.outer(scale, scale)
    try:
        if np.min(np.diagonal(linalg.cholesky(unit, lower=True, check_finite=False))) > 1e-6:
            linalg.cholesky(info, lower=True, check_finite=False)  # rounding may make another of it than of its unit
            return info
    except linalg.LinAlgError:
        pass
    values, vectors = linalg.eigh(unit, check_finite=False)
    raised = np.maximum(np.abs(values), 1e-10 * max(1.0, float(np.max(np.abs(values)))))
    return ((vectors * raised) @ vectors.T) * np.outer(scale, scale)


def maximize(
    evaluate: Callable[[Any], Point],
    start: Any,
    step: Callable[[Point, Any], Any | None],
    cost: Callable[[Any], float] = lambda x: 0.0,
    *,
    max_iterations: int = 100,
    tolerance: float = 1e-6,
    progress: Callable[[int, Point, float], None] | None = None,
    stop: Callable[[Point], Stop | None] | None = None,
) -> Solution:
    """The local maximum of a smooth function minus a cost, reached from an allowed point.

    Parameters
    ----------
    evaluate : callable
        x -> Point of the smooth function.
    start : ndarray
    step : callable
        (point, h) -> the allowed x that maximises the model score'(x - point.x) - (x - point.x)' h (x - point.x) / 2
        minus the cost; None where rounding errors hide it.
    cost : callable
        x -> float, convex.
    max_iterations, tolerance, progress, stop
        As in `likely.compute.solve.newton.maximize`. The decrement is that of the model: the square root of twice what
        it promises, which is the distance to the peak in standard errors where nothing stands in the way.

    Returns
    -------
    Solution
        Its point is that of the smooth function.
    """
    point = evaluate(np.asarray(start, dtype=float))
    if not point.usable:
        return Solution(point, False, "the log-likelihood is not finite at the starting values", 0, np.inf)
    blind, decrement = 0, float("inf")
    for iteration in range(max_iterations):
        h = positive(point.info)
        towards = step(point, h)
        if towards is None:
            return Solution(point, False, LOST, iteration, decrement)
        move = towards - point.x
        rise = float(point.score @ move) - (cost(point.x + move) - cost(point.x))
        decrement = float(np.sqrt(max(2.0 * rise - float(move @ h @ move), 0.0)))
        if progress is not None:
            progress(iteration, point, decrement)
        if decrement <= tolerance:  # the last step about squares what is left
            last = evaluate(towards)
            higher = last.usable and last.value - cost(last.x) >= point.value - cost(point.x) - _noise(point, cost)
            return Solution(last if higher else point, True, KEPT, iteration, decrement)
        trial, seen = _search(evaluate, cost, point, move, rise)
        blind += not seen
        if trial is None or blind > 3:
            return Solution(point, decrement <= 1e-4, KEPT, iteration, decrement)
        point = trial
        if stop is not None and (requested := stop(point)) is not None:
            return Solution(point, False, requested.reason, iteration + 1, decrement, requested)
    return Solution(point, False, f"no peak within {max_iterations} iterations", max_iterations, decrement)


def _search(
    evaluate: Callable[[Any], Point], cost: Callable[[Any], float], point: Point, move: Any, rise: float
) -> tuple[Point | None, bool]:
    """The first of the points x + t move that gains enough, and whether the gain can be seen beside rounding errors."""
    before, noise = point.value - cost(point.x), _noise(point, cost)
    t = 1.0
    while t > 1e-12:
        trial = evaluate(point.x + t * move if t < 1.0 else point.x + move)
        if trial.usable:
            gain = trial.value - cost(trial.x) - before
            if gain >= 1e-4 * t * rise:
                return trial, bool(rise * t > noise)
            if abs(gain) <= noise and rise * t <= 1e3 * noise:
                return trial, False
        t *= 0.5 if trial.usable else 0.25
    return None, True


def _noise(point: Point, cost: Callable[[Any], float]) -> float:
    """What rounding may do to the value less its cost."""
    return 64 * float(np.finfo(float).eps) * max(1.0, abs(point.value), abs(point.value - cost(point.x)))
