"""Separation by many coefficients: one sparse linear programme instead of several small dense ones."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import optimize, sparse
from scipy.sparse import linalg

from likely.namespace.arrays import Floats
from likely.search.separation.programme import BETTER, Direction

LARGEST_GRAM = 4000  # coefficients beyond which the multipliers are not looked at
STEPS = 8
FLAT = 1e-10  # part of the largest eigenvalue below which a direction leaves the conditions alone
MOST = 20_000_000  # entries of the conditions beyond which no programme is solved


def separate_large(conditions: Any, tied: Any, multipliers: Any = None) -> Direction | None:
    """The direction that separates the most rows, or None where there is none (or it cannot be told).

    Every condition gets a slack of at most one, and the slacks' sum is made as large as it can be: directions of a cone
    may be added up and stretched, so all conditions that any direction meets with room to spare get theirs in full.

    Parameters
    ----------
    conditions : sparse matrix, shape (m, p)
        A direction b is sought with conditions @ b >= 0, and > 0 for as many as possible.
    tied : sparse matrix, shape (t, p)
        ... and tied @ b = 0.
    multipliers : tuple of ndarray, optional
        A number for each condition (0 or more) and for each tied row: the scores where a search gave up. They tell
        which conditions no direction meets with room to spare, which leaves a small programme.

    Returns
    -------
    Direction or None
        With one predictor whose coefficients are all of b, and one condition a row.
    """
    conditions, tied = sparse.csr_array(conditions), sparse.csr_array(tied)
    if conditions.nnz + tied.nnz > MOST or conditions.shape[0] == 0:
        return None
    largest = [abs(a).max(axis=0).toarray().ravel() for a in (conditions, tied) if a.shape[0]]
    scale = np.max(largest, axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    back = sparse.dia_array((1.0 / scale[None, :], [0]), shape=(len(scale), len(scale)))
    a, (e, _) = (conditions @ back).tocsr(), _distinct((tied @ back).tocsr())
    if multipliers is not None and (proven := _held(a, (tied @ back).tocsr(), *multipliers)) is not None:
        found = _among_few(a, (tied @ back).tocsr(), *proven)
        if found is not False:
            return None if found is None else _direction(found[0], found[1], scale, e.shape[0] == 0)
    few, places = _distinct(a)
    m, p = few.shape
    slack = sparse.hstack([-few, sparse.eye_array(m)], format="csr")
    held = sparse.hstack([e, sparse.csr_array((e.shape[0], m))], format="csr") if e.shape[0] else None
    result = optimize.linprog(
        np.r_[np.zeros(p), -np.bincount(places, minlength=m).astype(float)],
        A_ub=slack,
        b_ub=np.zeros(m),
        A_eq=held,
        b_eq=None if held is None else np.zeros(e.shape[0]),
        bounds=[(None, None)] * p + [(0.0, 1.0)] * m,
        method="highs",
    )
    if result.status != 0:
        return None
    met = result.x[p:] > 0.5
    if not np.any(met):
        return None
    b = _exactly(result.x[:p], few, met, e)
    return None if b is None else _direction(b, met[places], scale, e.shape[0] == 0)


def _direction(b: Any, met: Any, scale: Any, untied: bool) -> Direction:
    size = np.abs(b) / np.max(np.abs(b))
    free = (size > 1e-9)[:, None]
    complete = bool(np.all(met)) and untied
    return Direction((b / scale)[:, None], met[:, None], complete, free, int(np.count_nonzero(free)))


def _exactly(b: Any, conditions: Any, met: Any, tied: Any) -> Floats | None:
    """The direction with the conditions that it only just meets met exactly, to rounding; None if it cannot be."""
    still = sparse.vstack([conditions[~met], tied], format="csr")
    for _ in range(3):
        b = b - linalg.lsmr(still, still @ b, atol=1e-15, btol=1e-15, conlim=0, maxiter=10 * len(b))[0]
    change, size = conditions @ b, abs(conditions) @ np.abs(b)
    exact = np.all(np.abs(still @ b) <= 1e-11 * (abs(still) @ np.abs(b)).max(initial=0.0))
    return b if exact and np.all(change[met] > BETTER * size[met]) else None


def _held(a: Any, e: Any, conditions: Any, tied: Any) -> tuple[Any, Any] | None:
    """Conditions that no direction meets with room to spare, and the directions that leave all of these alone.

    If positive multipliers of some conditions, with any of the tied rows, make the rows add up to zero, then no
    direction of the cone changes these conditions (Gordan 1873; Stiemke 1915). At the maximum over rows that are not
    separated the scores are such multipliers; where a search gave up they nearly are. One step of Newton's method makes
    them so, and takes those of separated rows to zero.

    Returns
    -------
    ndarray of bool
        Of the conditions.
    ndarray, shape (p, d)
        A basis of the directions.
    None
        Where no set of conditions is proven.
    """
    if a.shape[1] > LARGEST_GRAM:
        return None
    held = conditions > 0
    weight = np.abs(tied) + 1e-3 * (np.max(np.abs(tied), initial=0.0) or 1.0)
    for _ in range(STEPS):
        rows, load = a[held], conditions[held]
        gram = _gram(rows, load) + _gram(e, weight)
        size = np.sqrt(np.where(np.diagonal(gram) > 0, np.diagonal(gram), 1.0))
        values, vectors = np.linalg.eigh(gram / np.outer(size, size))
        null = values <= FLAT * max(values[-1], 1.0)
        target = rows.T @ load + e.T @ tied
        kept = vectors[:, ~null]
        step = kept @ ((kept.T @ (target / size)) / values[~null]) / size
        left = 1.0 - rows @ step
        if np.all(left > 0.1):
            rest = target - gram @ step
            if not np.all(np.abs(rest) <= 1e-9 * (abs(rows).T @ load + abs(e).T @ np.abs(tied) + 1e-300)):
                return None
            return held, vectors[:, null] / size[:, None]
        held = held.copy()
        held[np.flatnonzero(held)[left <= 0.5]] = False
    return None


def _gram(a: Any, w: Any) -> Floats:
    return (a.T @ sparse.dia_array((w[None, :], [0]), shape=(len(w), len(w))) @ a).toarray()


def _among_few(a: Any, e: Any, held: Any, basis: Any) -> Any:
    """The direction in the span of a basis that meets the most of the other conditions, and what it meets.

    None where there is none; False where the programme does not tell.
    """
    if basis.shape[1] == 0 or np.all(held):
        return None
    open_ = a[~held] @ basis
    m, d = open_.shape
    if open_.size > MOST // 4:
        return False
    result = optimize.linprog(
        np.r_[np.zeros(d), -np.ones(m)],
        A_ub=sparse.hstack([sparse.csr_array(-open_), sparse.eye_array(m)], format="csr"),
        b_ub=np.zeros(m),
        bounds=[(None, None)] * d + [(0.0, 1.0)] * m,
        method="highs",
    )
    if result.status != 0:
        return False
    met = np.zeros(len(held), dtype=bool)
    met[~held] = result.x[d:] > 0.5
    if not np.any(met):
        return None
    b = basis @ result.x[:d]
    b = _exactly(np.where(np.abs(b) > 1e-12 * np.max(np.abs(b)), b, 0.0), a, met, e)  # without rounding errors
    return False if b is None else (b, met)


def _distinct(a: Any) -> tuple[Any, Any]:
    """The distinct rows of a sparse matrix, and which of them each row is: told apart by two random projections."""
    if a.shape[0] == 0:
        return a, np.zeros(0, dtype=np.intp)
    marks = a @ np.random.default_rng(0).normal(size=(a.shape[1], 2))
    _, first, places = np.unique(marks, axis=0, return_index=True, return_inverse=True)
    return a[first], places.ravel()
