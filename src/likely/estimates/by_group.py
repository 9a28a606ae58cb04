"""The peaks of one likelihood for each group of rows: all at once where they are regular."""

from __future__ import annotations

from typing import Any

import numpy as np

from likely.compute.solve.newton_batch import Peaks, Points, maximize_many
from likely.estimates.verdict import SATURATED
from likely.likelihoods.by_group import BLOCK_ROWS, GroupedRows


def peaks_by_group(rows: GroupedRows, start: Any, *, max_iterations: int = 100, tolerance: float = 1e-6) -> Peaks:
    """Every group's local maximum from the same start; `converged` where it is one that needs no closer look.

    A linear predictor far from 0, where outcomes may be separated or a parameter runs to its limit, needs one.

    Parameters
    ----------
    rows : GroupedRows
    start : ndarray, shape (p,)
    max_iterations, tolerance
        Those of Newton's method.
    """
    m, p = len(rows.starts), rows.model.size
    found = Peaks(
        Points(np.empty((m, p)), np.empty(m), np.empty((m, p)), np.empty((m, p, p))),
        np.zeros(m, dtype=bool),
        np.zeros(m, dtype=int),
    )
    for part in rows.blocks(BLOCK_ROWS):
        some = rows.take(part)
        first = np.tile(start, (len(some.starts), 1))
        peaks = maximize_many(some.some_points, first, max_iterations=max_iterations, tolerance=tolerance)
        found.points.put(part, peaks.points)
        far = some.farthest(peaks.points.x) > SATURATED
        found.converged[part], found.iterations[part] = peaks.converged & ~far, peaks.iterations
    return found
