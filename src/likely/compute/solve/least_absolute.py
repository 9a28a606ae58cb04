"""Weighted quantile regression, of which least absolute deviations is the middle, to an exact vertex."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import linalg, optimize

from likely.compute import blocks
from likely.compute.blocks import dense
from likely.compute.solve import least_squares, orthogonal
from likely.namespace.arrays import Floats

DIRECT = 20_000  # rows up to which one linear programme beats the reduction to the rows near the fit
FEW = 1_000  # rows up to which a walk from vertex to vertex is tried first
STEPS = 30  # of such a walk, and as many for each coefficient
ILL_CONDITIONED = 1e4  # condition number of columns of length 1 beyond which orthonormal ones take their place
STRICT = 1e-9  # share of its bound by which a multiplier stays inside it, where there is one minimiser
TIED = 1e-6  # residuals (in units of a typical one) that may be the zeros of the vertex


def solve(x: Any, y: Any, weights: Any = None, tau: float = 0.5) -> Floats:
    """Coefficients b that minimise sum w rho(y - x b) with rho(r) = r (tau - [r < 0]).

    A minimum lies at a vertex, where as many rows as there are coefficients are fitted exactly. Linear programming on
    the dual problem says which rows; the coefficients are then solved from these rows alone, so they carry no
    tolerance of the programme's. With many rows only those near the fit of a subsample stay in the programme; the
    others, whose residuals' signs are clear, enter as two sums, and the signs are checked in the end (Portnoy and
    Koenker 1997, *Statistical Science* 12). Where several vertices are equally good, one of them is returned.

    Parameters
    ----------
    x : ndarray, shape (n, p)
        Of full column rank.
    y : ndarray, shape (n,)
    weights : ndarray, shape (n,), optional
        Not negative; rows of weight zero do not count.
    tau : float
        Level of the quantile, between 0 and 1.

    Returns
    -------
    ndarray, shape (p,)
    """
    x = dense(x)  # the vertex is found by linear programmes on arrays
    if weights is not None:
        counted = weights > 0
        if not np.all(counted):
            x, y, weights = x[counted], y[counted], weights[counted]
        weights = weights / np.mean(weights)
    constant = blocks.constant_column(x)
    shift = orthogonal.far_from_zero(x, constant)
    if constant is not None and np.any(shift):
        beta = solve(x - shift, y, weights, tau)
        beta[constant] -= shift @ beta
        return beta
    scale = np.max(np.abs(x), axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    # measured from least squares and in units of its residuals, the programme's absolute tolerances mean something
    start = least_squares.solve(x, y, weights)
    if not np.all(np.isfinite(start)):
        raise np.linalg.LinAlgError("columns that depend on each other have no one fit")
    r = y - x @ start
    unit = float(np.mean(np.abs(r)))
    if unit <= 1e-14 * float(np.max(np.abs(y), initial=0.0)):
        return start
    w = np.ones(len(y)) if weights is None else weights
    triangle = np.linalg.qr(x / scale, mode="r")
    if np.linalg.cond(triangle) <= ILL_CONDITIONED:
        return _vertex(x, y, w, tau, start + _minimiser(x / scale, r / unit, w, tau) / scale * unit, unit)
    # the programme's tolerances are those of coefficients: in orthonormal columns they are those of fitted values
    triangle /= np.sqrt(len(x))
    turned = linalg.solve_triangular(triangle, (x / scale).T, trans="T").T
    found = _vertex(turned, r, w, tau, _minimiser(turned, r / unit, w, tau) * unit, unit)
    return _vertex(x, y, w, tau, start + linalg.solve_triangular(triangle, found) / scale, unit)


def check_loss(r: Any, w: Any, tau: float) -> float:
    """The sum of w rho(r)."""
    return float(np.sum(w * np.where(r < 0, tau - 1.0, tau) * r))


def _programme(x: Any, y: Any, w: Any, tau: float) -> Floats:
    """The minimiser as the multipliers of the dual: maximise y'd, x'd = 0, w (tau - 1) <= d <= w tau."""
    if not all(np.all(np.isfinite(part)) for part in (x, y, w)):
        raise ArithmeticError("values over more orders of magnitude than a linear programme can hold")
    result = optimize.linprog(
        -y,
        A_eq=np.ascontiguousarray(x.T),
        b_eq=np.zeros(x.shape[1]),
        bounds=np.column_stack([w * (tau - 1.0), w * tau]),
        method="highs-ipm" if len(y) > 5000 else "highs-ds",
    )
    if result.status != 0:  # d = 0 is feasible and d is bounded, so only rounding can fail here
        raise ArithmeticError(f"the linear programme of the absolute deviations failed: {result.message}")
    return -result.eqlin.marginals


def _minimiser(x: Any, y: Any, w: Any, tau: float) -> Floats:
    """The minimiser to the programme's tolerance, with few rows in any one programme."""
    n, p = x.shape
    if n <= FEW and (beta := _walk(x, y, w, tau)) is not None:
        return beta
    if n <= max(DIRECT, 40 * p):
        return _programme(x, y, w, tau)
    rows = np.sort(np.random.default_rng(0).choice(n, n // 4, replace=False))  # seeded: the same answer every time
    factor = np.linalg.qr(x[rows], mode="r")
    if np.min(np.abs(np.diagonal(factor))) <= 1e-10 * np.max(np.abs(factor)):
        return _programme(x, y, w, tau)  # a rare level is not in the subsample
    beta = _minimiser(x[rows], y[rows], w[rows], tau)
    # A fitted value from the subsample is off by about (p/(n/4))^1/2 in units of 1/density, so this many rows, times
    # a factor for safety, have residuals whose signs are not clear
    size = 4 * int(np.sqrt(n * p))
    # the uncertainty of each row's fitted value, up to a factor
    band = np.sqrt(np.sum(np.square(linalg.solve_triangular(factor, x.T, trans="T")), axis=0))
    band = np.maximum(band, 1e-3 * float(np.mean(band)))
    r = y - x @ beta
    while 2 * size < n:
        z = np.abs(r) / band
        inner = z <= np.partition(z, size)[size]
        above, below = ~inner & (r >= 0), ~inner & (r < 0)
        while True:
            sums = [(np.dot(w[s], x[s]), np.dot(w[s], y[s])) for s in (above, below)]
            beta = _programme(
                np.vstack([x[inner], *(a for a, _ in sums)]),
                np.concatenate([y[inner], [b for _, b in sums]]),
                np.concatenate([w[inner], [1.0, 1.0]]),
                tau,
            )
            r = y - x @ beta
            wrong = (above & (r < 0)) | (below & (r > 0))
            count = int(np.count_nonzero(wrong))
            if count == 0:
                return beta
            if count > 0.1 * size:
                break  # the first guess was poor: start again around the better one, with more rows
            inner |= wrong
            above &= ~wrong
            below &= ~wrong
        size *= 2
    return _programme(x, y, w, tau)


def _walk(x: Any, y: Any, w: Any, tau: float) -> Floats | None:
    """The minimiser by steps from vertex to vertex (Barrodale and Roberts 1973, *SIAM J. Numer. Anal.* 10).

    None where rows beyond those of a vertex are fitted exactly, or where several vertices may be equally good.
    """
    p = x.shape[1]
    closest = np.argsort(np.abs(y), kind="stable")[: 4 * p]
    active = closest[linalg.qr(x[closest].T, mode="r", pivoting=True)[1][:p]]
    for _ in range(STEPS * (1 + p)):
        try:
            inverse = np.linalg.inv(x[active])
        except np.linalg.LinAlgError:
            return None
        beta = inverse @ y[active]
        r = y - x @ beta
        r[active] = 0.0
        if np.count_nonzero(np.abs(r) > STRICT) != len(y) - p:  # in units of a typical residual
            return None
        pull = w * np.where(r < 0.0, tau - 1.0, tau)
        pull[active] = 0.0
        multiplier, own = -(inverse.T @ (x.T @ pull)), w[active]
        slopes = np.concatenate([own * tau - multiplier, own * (1.0 - tau) + multiplier])  # up, and down
        k = int(np.argmin(slopes))
        if slopes[k] > STRICT * np.max(own):
            return beta
        if slopes[k] > -STRICT * np.max(own):
            return None
        change = x @ (inverse[:, k % p] * (1.0 if k < p else -1.0))  # of all residuals, along the edge that falls most
        with np.errstate(all="ignore"):
            zero = np.where(r * change < 0.0, -r / change, np.inf)
        order = np.argsort(zero)
        slope = slopes[k] + np.cumsum((w * np.abs(change))[order])
        entering = order[np.argmax(slope >= 0.0)]
        if not np.isfinite(zero[entering]):
            return None
        active[k % p] = entering
    return None


def _vertex(x: Any, y: Any, w: Any, tau: float, beta: Any, unit: float) -> Floats:
    """The coefficients solved from the rows that the optimum fits exactly."""
    p = x.shape[1]
    r = y - x @ beta
    near = np.flatnonzero(np.abs(r) <= TIED * unit)
    if len(near) < p:
        near = np.argsort(np.abs(r), kind="stable")[:p]
    best, loss = beta, check_loss(r, w, tau)
    # powers of two, so that whole numbers stay whole
    scale = np.exp2(np.round(np.log2(orthogonal.column_scale(x[near]))))
    closest = near[np.argsort(np.abs(r[near]), kind="stable")[:p]]
    for active in _bases(x[near] / scale, near, closest):
        a = x[active] / scale
        if np.linalg.cond(a) > 1e12:
            continue
        exact = linalg.solve(a, y[active])
        exact = (exact + linalg.solve(a, y[active] - a @ exact)) / scale
        new = check_loss(y - x @ exact, w, tau)
        if new <= loss * (1.0 + 1e-9):  # the programme's own answer may be better only by its infeasibility
            return exact
    return best


def _bases(scaled: Any, near: Any, closest: Any) -> Iterator[Any]:
    """The closest rows first; if they happen to be dependent, the best conditioned ones."""
    yield closest
    yield near[linalg.qr(scaled.T, mode="r", pivoting=True)[1][: len(closest)]]
