"""Separation by many coefficients: one sparse linear programme instead of several small dense ones."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import optimize, sparse
from scipy.sparse import linalg

from likely.derive.separation.programme import BETTER, Direction

MOST = 20_000_000  # entries of the conditions beyond which no programme is solved


def separate_large(conditions: Any, tied: Any) -> Direction | None:
    """The direction that separates the most rows, or None where there is none (or it cannot be told).

    Every condition gets a slack of at most one, and the slacks' sum is made as large as it can be: directions of a cone
    may be added up and stretched, so all conditions that any direction meets with room to spare get theirs in full.

    Parameters
    ----------
    conditions : sparse matrix, shape (m, p)
        A direction b is sought with conditions @ b >= 0, and > 0 for as many as possible.
    tied : sparse matrix, shape (t, p)
        ... and tied @ b = 0.

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
    still = sparse.vstack([few[~met], e], format="csr")
    b = result.x[:p]
    for _ in range(3):  # the conditions that are only just met are met exactly, to rounding
        b = b - linalg.lsmr(still, still @ b, atol=1e-15, btol=1e-15, conlim=0, maxiter=10 * p)[0]
    change, size = few @ b, abs(few) @ np.abs(b)
    exact = np.all(np.abs(still @ b) <= 1e-11 * (abs(still) @ np.abs(b)).max(initial=0.0))
    if not exact or not np.all(change[met] > BETTER * size[met]):
        return None
    size_b = np.abs(b) / np.max(np.abs(b))
    complete = bool(np.all(met)) and e.shape[0] == 0
    free = (size_b > 1e-9)[:, None]
    return Direction((b / scale)[:, None], met[places][:, None], complete, free, int(np.count_nonzero(free)))


def _distinct(a: Any) -> tuple[Any, Any]:
    """The distinct rows of a sparse matrix, and which of them each row is: told apart by two random projections."""
    if a.shape[0] == 0:
        return a, np.zeros(0, dtype=np.intp)
    marks = a @ np.random.default_rng(0).normal(size=(a.shape[1], 2))
    _, first, places = np.unique(marks, axis=0, return_index=True, return_inverse=True)
    return a[first], places.ravel()
