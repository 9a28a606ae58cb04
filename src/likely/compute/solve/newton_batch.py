"""Newton's method for many small functions at once: one batch of steps, each function with its own step length.

What goes regularly ends here. A function whose value no step raises, or that ends where it is flat or not concave, is
set aside, for a search that looks closer. On the way, eigenvalues of an information that is not positive definite are
replaced by their absolute values (Nocedal and Wright 2006, *Numerical Optimization*, section 3.4).

The functions run along the last axis of every array: what is done for each of them is then done along memory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from likely.namespace.arrays import Booleans, Floats, Integers

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
    x : ndarray, shape (p, m)
    value : ndarray, shape (m,)
    score : ndarray, shape (p, m)
    info : ndarray, shape (p, p, m)
        Minus the second derivatives.
    """

    x: Floats
    value: Floats
    score: Floats
    info: Floats

    @property
    def usable(self) -> Any:
        """Which of them are finite, shape (m,)."""
        with np.errstate(all="ignore"):  # what is not finite leaves its mark on a sum
            return np.isfinite(self.value + np.einsum("jm->m", self.score) + np.einsum("jkm->m", self.info))

    def take(self, which: Any) -> Points:
        return Points(self.x[:, which], self.value[which], self.score[:, which], self.info[:, :, which])

    def put(self, which: Any, other: Points) -> None:
        """Write the points `other` over those in the places `which`."""
        self.x[:, which], self.value[which] = other.x, other.value
        self.score[:, which], self.info[:, :, which] = other.score, other.info

    def copy(self) -> Points:
        return Points(self.x.copy(), self.value.copy(), self.score.copy(), self.info.copy())


@final
@dataclass(frozen=True, eq=False)
class Peaks:
    """Where the searches ended: `converged` says which of them at a peak, after how many `iterations`."""

    points: Points
    converged: Booleans
    iterations: Integers


# -- linear algebra along the last axis ----------------------------------------------------------------------------


def cholesky(a: Any) -> tuple[Any, Any]:
    """The lower factors of m symmetric matrices, shape (p, p, m), and their smallest pivots, shape (m,).

    Where a pivot is not positive the factor is of no use.
    """
    p = len(a)
    factor, smallest = np.zeros_like(a), np.full(a.shape[2], np.inf)
    with np.errstate(all="ignore"):
        for j in range(p):
            pivot = a[j, j] - np.einsum("km,km->m", factor[j, :j], factor[j, :j]) if j else a[j, j]
            smallest = np.minimum(smallest, pivot)  # NaN stays NaN, and is not above any bound
            factor[j, j] = np.sqrt(pivot)
            for i in range(j + 1, p):
                rest = a[i, j] - np.einsum("km,km->m", factor[i, :j], factor[j, :j]) if j else a[i, j]
                factor[i, j] = rest / factor[j, j]
    return factor, smallest


def solve(factor: Any, right: Any) -> Any:
    """x with L L' x = b for m lower factors, shape (p, p, m), and right-hand sides, shape (p, m)."""
    p, x = len(factor), np.array(right)
    with np.errstate(all="ignore"):
        for i in range(p):
            for k in range(i):
                x[i] -= factor[i, k] * x[k]
            x[i] /= factor[i, i]
        for i in reversed(range(p)):
            for k in range(i + 1, p):
                x[i] -= factor[k, i] * x[k]
            x[i] /= factor[i, i]
    return x


def inverse(factor: Any) -> Any:
    """The inverses of m symmetric matrices from their lower factors, shape (p, p, m)."""
    p, m = len(factor), factor.shape[2]
    out = np.empty_like(factor)
    for j in range(p):
        unit = np.zeros((p, m))
        unit[j] = 1.0
        out[:, j] = solve(factor, unit)
    return out


# -- the search ----------------------------------------------------------------------------------------------------


def newton_steps(points: Points) -> tuple[Any, Any, Any]:
    """The steps towards the peaks, the squared Newton decrements, and which points are clearly concave."""
    diagonal = np.einsum("jjm->jm", points.info)
    scale = np.sqrt(np.where(diagonal != 0.0, np.abs(diagonal), 1.0))
    a = points.info / (scale[:, None] * scale)
    g = points.score / scale
    factor, smallest = cholesky(a)
    concave = smallest > SMALLEST_PIVOT
    s = solve(factor, g)
    if not np.all(concave):  # the absolute values of the eigenvalues keep the step an ascent direction
        bent = np.flatnonzero(~concave)
        values, vectors = np.linalg.eigh(np.moveaxis(a[:, :, bent], 2, 0))
        values = np.maximum(np.abs(values), FLOOR * np.max(np.abs(values), axis=1, initial=1.0)[:, None])
        s[:, bent] = np.einsum("mjk,mk,mlk,lm->jm", vectors, 1.0 / values, vectors, g[:, bent])
    return s / scale, np.einsum("jm,jm->m", g, s), concave


def maximize_many(
    evaluate: Callable[[Any, Any], Points], start: Any, *, max_iterations: int = 100, tolerance: float = 1e-6
) -> Peaks:
    """The peaks of m functions, from a start for each.

    Parameters
    ----------
    evaluate : callable
        (which, x) -> Points: the functions numbered `which`, shape (k,), ascending, at x, shape (p, k).
    start : ndarray, shape (p, m)
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
    >>> tops = np.array([[1.0, 5.0]])
    >>> def parabolas(which, x):
    ...     away = x - tops[:, which]
    ...     return Points(x, -0.5 * away[0] ** 2, -away, np.ones((1, 1, len(which))))
    >>> maximize_many(parabolas, np.zeros((1, 2))).points.x.ravel().tolist()
    [1.0, 5.0]
    """
    m = start.shape[1]
    points = evaluate(np.arange(m), np.array(start, dtype=float))
    converged, iterations = np.zeros(m, dtype=bool), np.zeros(m, dtype=int)
    active = np.flatnonzero(points.usable)
    here = points.take(active)
    for _ in range(max_iterations):
        if active.size == 0:
            break
        steps, squared, concave = newton_steps(here)
        close = concave & (squared <= tolerance**2)
        trial = evaluate(active, here.x + steps)
        if np.any(close):
            ended = np.flatnonzero(close)
            points.put(active[ended], _better(here.take(ended), trial.take(ended), squared[ended]))
            converged[active[ended]] = True
            going = np.flatnonzero(~close)
            active, here, trial = active[going], here.take(going), trial.take(going)
            steps, squared, concave = steps[:, going], squared[going], concave[going]
        if not np.all(hopeful := concave | (squared > FLAT**2)):
            points.put(active[~hopeful], here.take(~hopeful))
            active, here, trial = active[hopeful], here.take(hopeful), trial.take(hopeful)
            steps, squared = steps[:, hopeful], squared[hopeful]
        raised, ends = _raised(evaluate, active, here, trial, steps, squared)
        if not np.all(raised):
            points.put(active[~raised], here.take(~raised))
            active, ends = active[raised], ends.take(raised)
        here = ends
        iterations[active] += 1
    points.put(active, here)
    return Peaks(points, converged, iterations)


def _better(here: Points, further: Points, squared: Any) -> Points:
    """Points a last step further where that is nearer to the peak: rounding may make it none."""
    _, left, fine = newton_steps(further)
    stay = np.flatnonzero(~(further.usable & fine & (left < squared)))
    further.put(stay, here.take(stay))
    return further


def _raised(
    evaluate: Callable[[Any, Any], Points], active: Any, here: Points, trial: Points, steps: Any, squared: Any
) -> tuple[Any, Points]:
    """Which of the functions a step of length 1, 1/2, 1/4 ... raises enough, and the points that it leads to.

    `trial` holds the points at length 1.
    """
    noise = 64 * np.finfo(float).eps * np.maximum(1.0, np.abs(here.value))
    enough = _is_raised(here, trial, 1.0, squared, noise)
    if np.all(enough):
        return enough, trial
    ends, done, length = trial, enough, 1.0
    left = np.flatnonzero(~enough)
    for _ in range(HALVINGS):
        length *= 0.5
        trial = evaluate(active[left], here.x[:, left] + length * steps[:, left])
        enough = _is_raised(here.take(left), trial, length, squared[left], noise[left])
        ends.put(left[enough], trial.take(enough))
        done[left[enough]] = True
        left = left[~enough]
        if left.size == 0:
            break
    return done, ends


def _is_raised(here: Points, trial: Points, length: float, squared: Any, noise: Any) -> Any:
    """Which of the functions a step has raised enough; within rounding of the value the score is the better judge."""
    gain, usable = trial.value - here.value, trial.usable
    enough = usable & (gain >= 1e-4 * length * squared)
    level = np.flatnonzero(usable & ~enough & (np.abs(gain) <= noise) & (length * squared <= 1e3 * noise))
    if level.size:
        enough[level] = newton_steps(trial.take(level))[1] < squared[level]
    return enough
