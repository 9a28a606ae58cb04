"""L-BFGS for many parameters, with a last look at the curvature."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import optimize

from likely.compute.solve.newton import Point, Solution, newton_step

POLISHING, CLOSE = 3, 0.01  # Newton steps at most, from so many standard errors


def maximize(
    evaluate: Callable[[Any], Point],
    value_and_score: Callable[[Any], tuple[float, Any]],
    start: Any,
    *,
    max_iterations: int = 1000,
    tolerance: float = 1e-6,
    progress: Callable[[int, Point, float], None] | None = None,
) -> Solution:
    """The local maximum reached from `start` with first derivatives alone.

    Parameters
    ----------
    evaluate : callable
        x -> Point, used to scale the variables at the start and to judge (and polish) the end.
    value_and_score : callable
        x -> (value, score).
    start : ndarray
    max_iterations : int
    tolerance : float
        Largest Newton decrement (distance to the peak in standard errors) that counts as converged.
    progress : callable, optional
        Called with the iteration, the point (with the information of the start) and the length of its score in
        standard errors, which is about the distance to the peak.

    Returns
    -------
    Solution
    """
    first = evaluate(np.asarray(start, dtype=float))
    if not first.usable:
        return Solution(first, False, "the log-likelihood is not finite at the starting values", 0, np.inf)
    diagonal = np.abs(np.diagonal(first.info))
    scale = 1.0 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))

    latest = Point(first.x, first.value, first.score, first.info)

    def negative(z: Any) -> tuple[float, Any]:
        nonlocal latest
        value, score = value_and_score(first.x + z * scale)
        latest = Point(first.x + z * scale, value, score, first.info)
        if not np.isfinite(value) or not np.all(np.isfinite(score)):
            return 1e300, np.zeros_like(z)
        return -value, -score * scale

    steps = 0

    def accepted(z: Any) -> None:
        nonlocal steps
        if progress is not None and np.array_equal(latest.x, first.x + z * scale) and latest.usable:
            progress(steps, latest, float(np.linalg.norm(latest.score * scale)))
        steps += 1

    result = optimize.minimize(
        negative,
        np.zeros(len(first.x)),
        jac=True,
        method="L-BFGS-B",
        callback=accepted,
        options={"maxiter": max_iterations, "maxfun": 4 * max_iterations, "ftol": 0.0, "gtol": 1e-10, "maxcor": 30},
    )
    point = evaluate(first.x + result.x * scale)
    step, squared, concave = newton_step(point)
    decrement = float(np.sqrt(max(squared, 0.0)))
    for _ in range(POLISHING):  # the last digits, which the log-likelihood itself is too coarse to show
        if not (concave and tolerance < decrement < CLOSE):
            break
        closer = evaluate(point.x + step)
        further, squared, still = newton_step(closer) if closer.usable else (step, np.inf, False)
        if not (still and squared < decrement**2):
            break
        point, step, decrement = closer, further, float(np.sqrt(max(squared, 0.0)))
    converged = concave and decrement <= tolerance
    reason = "the score is zero and the curvature is negative" if converged else f"L-BFGS stopped: {result.message}"
    return Solution(point, converged, reason, int(result.nit), decrement)
