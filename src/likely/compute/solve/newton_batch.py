"""Newton's method for many small functions at once: one batch of steps, each function with its own step length.

What goes regularly ends here. A function whose value no step raises, or that ends where it is flat or not concave, is
set aside, for a search that looks closer. On the way, eigenvalues of an information that is not positive definite are
replaced by their absolute values (Nocedal and Wright 2006, *Numerical Optimization*, section 3.4).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import numpy as np

SMALLEST_PIVOT = 1e-7  # of an information scaled to unit diagonal: below, a direction is flat to rounding
FLOOR = 1e-6  # of eigenvalues relative to the largest, where a point is not concave
FLAT = 1e-3  # a decrement below which a point that is not concave is a flat one
HALVINGS = 12  # a step that has to be shorter is none of a regular search


@final
@dataclass(frozen=True, eq=False)
class Points:
    """m functions of p coordinates, each at its own point.

    Attributes
    ----------
    x : ndarray, shape (m, p)
    value : ndarray, shape (m,)
    score : ndarray, shape (m, p)
    info : ndarray, shape (m, p, p)
        Minus the second derivatives.
    """

    x: Any
    value: Any
    score: Any
    info: Any

    @property
    def usable(self) -> Any:
        """Which of them are finite, shape (m,)."""
        finite = np.isfinite(self.value) & np.isfinite(self.score).all(axis=1)
        return finite & np.isfinite(self.info).all(axis=(1, 2))

    def take(self, which: Any) -> Points:
        return Points(self.x[which], self.value[which], self.score[which], self.info[which])

    def put(self, which: Any, other: Points) -> None:
        """Write the points `other` over those in the places `which`."""
        self.x[which], self.value[which] = other.x, other.value
        self.score[which], self.info[which] = other.score, other.info


@final
@dataclass(frozen=True, eq=False)
class Peaks:
    """Where the searches ended: `converged` says which of them at a peak."""

    points: Points
    converged: Any
    iterations: Any


def newton_steps(points: Points) -> tuple[Any, Any, Any]:
    """The steps towards the peaks, the squared Newton decrements, and which points are clearly concave."""
    diagonal = np.einsum("ijj->ij", points.info)
    concave = np.all(diagonal > 0.0, axis=1)
    scale = np.sqrt(np.where(diagonal != 0.0, np.abs(diagonal), 1.0))
    a = points.info / (scale[:, :, None] * scale[:, None, :])
    g = points.score / scale
    try:
        pivots = np.einsum("ijj->ij", np.linalg.cholesky(a)) ** 2
        concave &= np.all(pivots > SMALLEST_PIVOT, axis=1)
    except np.linalg.LinAlgError:  # one at least is not positive definite
        concave &= np.linalg.eigvalsh(a)[:, 0] > SMALLEST_PIVOT
    if not np.all(concave):  # the absolute values of the eigenvalues keep the step an ascent direction
        values, vectors = np.linalg.eigh(a[~concave])
        values = np.maximum(np.abs(values), FLOOR * np.max(np.abs(values), axis=1, initial=1.0)[:, None])
        a[~concave] = np.einsum("ijk,ik,ilk->ijl", vectors, values, vectors)
    s = np.linalg.solve(a, g[:, :, None])[:, :, 0]
    return s / scale, np.einsum("ij,ij->i", g, s), concave


def maximize_many(
    evaluate: Callable[[Any, Any], Points], start: Any, *, max_iterations: int = 100, tolerance: float = 1e-6
) -> Peaks:
    """The peaks of m functions, from a start for each.

    Parameters
    ----------
    evaluate : callable
        (which, x) -> Points: the functions numbered `which`, shape (k,), at x, shape (k, p).
    start : ndarray, shape (m, p)
    max_iterations : int
    tolerance : float
        A search ends when its Newton decrement, the distance to the peak in standard errors, is below this, with one
        step more, which about squares what is left.

    Returns
    -------
    Peaks

    Examples
    --------
    >>> import numpy as np
    >>> tops = np.array([[1.0], [5.0]])
    >>> def parabolas(which, x):
    ...     away = x - tops[which]
    ...     return Points(x, -0.5 * away[:, 0] ** 2, -away, np.ones((len(x), 1, 1)))
    >>> maximize_many(parabolas, np.zeros((2, 1))).points.x.ravel().tolist()
    [1.0, 5.0]
    """
    m = len(start)
    points = evaluate(np.arange(m), np.array(start, dtype=float))
    converged, iterations = np.zeros(m, dtype=bool), np.zeros(m, dtype=int)
    active = np.flatnonzero(points.usable)
    for _ in range(max_iterations):
        if active.size == 0:
            break
        here = points.take(active)
        steps, squared, concave = newton_steps(here)
        close = concave & (squared <= tolerance**2)
        trial = evaluate(active, here.x + steps)
        if np.any(close):
            # rounding may make the last step none: the point before it is a peak all the same
            ends = np.flatnonzero(close & trial.usable)
            _, left, fine = newton_steps(trial.take(ends))
            better = ends[fine & (left < squared[ends])]
            points.put(active[better], trial.take(better))
            converged[active[close]] = True
        going = ~close & (concave | (squared > FLAT**2))
        active, moved = _raised(
            evaluate, active[going], here.take(going), trial.take(going), steps[going], squared[going]
        )
        points.put(active, moved)
        iterations[active] += 1
    return Peaks(points, converged, iterations)


def _raised(
    evaluate: Callable[[Any, Any], Points], active: Any, here: Points, trial: Points, steps: Any, squared: Any
) -> tuple[Any, Points]:
    """Those of the functions that a step of length 1, 1/2, 1/4 ... raises enough, and the points that it leads to.

    `trial` holds the points at length 1.
    """
    noise = 64 * np.finfo(float).eps * np.maximum(1.0, np.abs(here.value))
    ends = Points(here.x.copy(), here.value.copy(), here.score.copy(), here.info.copy())
    done, length = np.zeros(len(active), dtype=bool), 1.0
    left = np.arange(len(active))
    for _ in range(HALVINGS):
        gain = trial.value - here.value[left]
        usable = trial.usable
        enough = usable & (gain >= 1e-4 * length * squared[left])
        # within rounding of the value, the score is the better judge
        level = usable & (np.abs(gain) <= noise[left]) & (length * squared[left] <= 1e3 * noise[left])
        level = np.flatnonzero(level & ~enough)
        if level.size:
            enough[level] = newton_steps(trial.take(level))[1] < squared[left[level]]
        ends.put(left[enough], trial.take(enough))
        done[left[enough]] = True
        left = left[~enough]
        if left.size == 0:
            break
        length *= 0.5
        trial = evaluate(active[left], here.x[left] + length * steps[left])
    return active[done], ends.take(done)
