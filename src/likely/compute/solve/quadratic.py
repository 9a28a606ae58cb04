"""Concave quadratics at their highest, under absolute values and bounds, or under linear inequalities."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import linalg, optimize

from likely.namespace.arrays import Floats

SWEEPS = 1000
ROUNDING = 1e-13  # of the terms of a slope: a slope below is 0
FAR = 1e-9  # squared cosine between a constraint set and the origin below which nothing satisfies it


def with_absolute_values(h: Any, g: Any, x: Any, cost: Any, lower: Any, upper: Any) -> Floats:
    """The z between two bounds that maximises g'(z - x) - (z - x)' h (z - x) / 2 - sum of cost |z|.

    Coordinate descent on the coordinates that are not settled at zero or at a bound (Friedman, Hastie and Tibshirani
    2010), each sweep followed by the exact solution for those: a straight line to it stops where a coordinate reaches
    zero or a bound, so the value never falls and the signs are right after few sweeps (Lee et al. 2007).

    Parameters
    ----------
    h : ndarray, shape (p, p)
        Positive definite.
    g, x, cost, lower, upper : ndarray, shape (p,)
        `x` lies between the bounds; costs are 0 or more.

    Returns
    -------
    ndarray, shape (p,)
    """
    z, slope = np.array(x, dtype=float), np.array(g, dtype=float)  # slope of the quadratic at z
    curve, size = np.diagonal(h), np.abs(h)
    for _ in range(SWEEPS):
        wrong = _wrong(z, slope, cost, lower, upper)
        if np.all(np.abs(wrong) <= ROUNDING * (np.abs(g) + cost + size @ (np.abs(z) + np.abs(x)))):
            break
        free = (z != 0.0) | (cost == 0.0)
        free &= ((z > lower) & (z < upper)) | (wrong != 0.0)
        for j in np.flatnonzero(free | (wrong != 0.0)):
            middle = z[j] + slope[j] / curve[j]
            new = np.sign(middle) * max(abs(middle) - cost[j] / curve[j], 0.0)
            new = min(max(new, lower[j]), upper[j])
            if new != z[j]:
                slope -= h[:, j] * (new - z[j])
                z[j] = new
        _settle(h, g, x, z, slope, cost, lower, upper)
    return z


def _wrong(z: Any, slope: Any, cost: Any, lower: Any, upper: Any) -> Floats:
    """How far each coordinate's slope is from what a maximum allows."""
    wrong = np.where(z != 0.0, slope - cost * np.sign(z), np.sign(slope) * np.maximum(np.abs(slope) - cost, 0.0))
    held = ((z <= lower) & (wrong < 0.0)) | ((z >= upper) & (wrong > 0.0))
    return np.where(held, 0.0, wrong)


def _settle(h: Any, g: Any, x: Any, z: Any, slope: Any, cost: Any, lower: Any, upper: Any) -> None:
    """Move `z` to the exact solution for the coordinates in between, or as far towards it as signs and bounds hold."""
    free = np.flatnonzero(((z != 0.0) | (cost == 0.0)) & (z > lower) & (z < upper))
    if len(free) == 0:
        return
    try:
        factor = linalg.cho_factor(h[np.ix_(free, free)], lower=True, check_finite=False)
    except linalg.LinAlgError:
        return
    move = linalg.cho_solve(factor, slope[free] - cost[free] * np.sign(z[free]), check_finite=False)
    here = z[free]
    ends = np.where(move > 0, upper[free], lower[free])
    crossing = (cost[free] > 0) & (np.sign(here + move) != np.sign(here))
    ends = np.where(crossing, 0.0, ends)
    past = (move > 0) & (here + move > ends) | (move < 0) & (here + move < ends) | crossing
    share = np.where(past, (ends - here) / np.where(past, move, 1.0), 1.0)
    first = float(np.min(share, initial=1.0))
    z[free] = np.where(share <= first, np.where(past, ends, here + move), here + first * move)
    slope[:] = g - h @ (z - x)


def with_inequalities(h: Any, g: Any, rows: Any, room: Any) -> tuple[Any, Any] | None:
    """The d with ``rows @ d <= room`` that maximises g'd - d' h d / 2, and the constraints' multipliers.

    A least distance problem, solved as non-negative least squares of its dual (Lawson and Hanson 1974, *Solving Least
    Squares Problems*, chapter 23); the constraints that it finds active are then solved as equations.

    Parameters
    ----------
    h : ndarray, shape (p, p)
        Positive definite.
    g : ndarray, shape (p,)
    rows : ndarray, shape (m, p)
    room : ndarray, shape (m,)

    Returns
    -------
    (ndarray, ndarray) or None
        The step and m multipliers, 0 or more; None where nothing satisfies the constraints.

    Examples
    --------
    >>> import numpy as np
    >>> step, multipliers = with_inequalities(np.eye(2), np.array([3.0, 1.0]), np.array([[1.0, 0.0]]), np.array([2.0]))
    >>> step.tolist(), multipliers.tolist()
    ([2.0, 1.0], [1.0])
    """
    factor = linalg.cho_factor(h, lower=True, check_finite=False)
    free = linalg.cho_solve(factor, g, check_finite=False)
    over = rows @ free - room
    if np.all(over <= 0.0):
        return free, np.zeros(len(room))
    towards = linalg.solve_triangular(factor[0], rows.T, lower=True, check_finite=False)  # in units where h is 1
    size = np.linalg.norm(towards, axis=0)
    if np.any((size == 0.0) & (over > 0.0)):
        return None
    size = np.where(size > 0.0, size, 1.0)
    far = float(np.max(over / size))
    dual = np.vstack([-towards / size, over / (size * far)])
    target = np.zeros(len(dual))
    target[-1] = 1.0
    weights, _ = optimize.nnls(dual, target, maxiter=100 * sum(dual.shape))
    left = float(1.0 - dual[-1] @ weights)
    if left <= FAR:
        return None
    active = weights > 0.0
    multipliers = weights * far / (left * size)
    # the same with the active constraints as equations, which keeps the digits that the dual has squared away
    inner = towards[:, active].T @ towards[:, active]
    exact = np.linalg.lstsq(inner / np.outer(size[active], size[active]), over[active] / size[active], rcond=1e-13)[0]
    exact = exact / size[active]
    if np.all(exact >= -1e-9 * np.max(np.abs(exact), initial=0.0)):
        multipliers = np.zeros(len(room))
        multipliers[active] = np.maximum(exact, 0.0)
    step = free - linalg.cho_solve(factor, rows.T @ multipliers, check_finite=False)
    return step, multipliers
