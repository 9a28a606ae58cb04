"""Fewer rows with the same likelihood, for models whose parameters are the same in every row.

A discrete response is counted. A continuous family whose log-density is a linear combination of a few statistics of y
(an exponential family, Barndorff-Nielsen 1978) needs only their sums: a handful of points with weights that match
the sums has exactly the same log-likelihood at every parameter value, and no formula is restated.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import linalg

from likely.compute.engines import memory
from likely.models.model import Model
from likely.models.rows import Rows

COUNT_ABOVE = 256  # rows beyond which counting pays
MATCH_ABOVE = 4096  # rows beyond which matching sums pays
CANDIDATES = 65


def compress(model: Model, data: Rows) -> Rows:
    """Fewer rows with the same log-likelihood, or these themselves.

    Parameters
    ----------
    model : Model
        All of whose free parameters are constants.
    data : Rows
    """
    if data.units is not None or model.known_by_row:
        return data
    if model.family.kind.discrete and data.n > COUNT_ABOVE:
        return counted(data)
    if data.n > MATCH_ABOVE and model.family._sufficient(data.y[:1]) is not None:
        found = _matched(model, data.y, data.weights)
        return data if found is None else _with_values(data, *found)
    return data


def _with_values(data: Rows, y: Any, w: Any) -> Rows:
    """Other values and weights for a model of constants alone."""
    return Rows(len(y), y, w, {label: np.zeros((len(y), 0)) for label in data.designs}, known=data.known)


def counted(data: Rows) -> Rows:
    """Distinct values with their total weights, for a model of constants alone."""
    y, w = data.y, data.weights
    low, high = y.min(), y.max()
    if high - low <= max(1 << 16, len(y)):
        counts = np.bincount((y - low).astype(np.intp), weights=w).astype(float)
        present = np.flatnonzero(counts)
        return _with_values(data, present + low, counts[present])
    values, codes = np.unique(y, return_inverse=True)
    return _with_values(data, values, np.bincount(codes, weights=w).astype(float))


def _matched(model: Model, y: Any, w: Any) -> tuple[Any, Any] | None:
    """Three points whose weighted sums of 1 and two statistics are those of the data; None where none fit.

    The statistics trace a curve in the plane, and their mean lies in its convex hull: some triangle on the first, the
    last and a middle point of the curve holds it, with weights that are not negative, so nothing cancels.
    """
    family = model.family

    def block(lo: int, hi: int) -> tuple[Any, ...]:
        part, weight = y[lo:hi], None if w is None else w[lo:hi]
        a, b = family._sufficient(part)
        total = float(len(part)) if weight is None else float(np.sum(weight))
        sums = [float(np.sum(s if weight is None else s * weight)) for s in (a, b)]
        return total, *sums, float(part.min()), float(part.max())

    parts = memory.map_blocks(block, len(y), 1 << 15)
    total, sum_a, sum_b = (float(memory.total([p[i] for p in parts])) for i in range(3))
    low, high = min(p[3] for p in parts), max(p[4] for p in parts)
    sample = y[:: max(1, len(y) // 20_000)]
    middles = np.unique(np.quantile(sample, np.linspace(0, 1, CANDIDATES)[1:-1]))
    best: tuple[float, Any, Any] | None = None
    for middle in middles[(middles > low) & (middles < high)]:
        points = np.array([low, middle, high])
        matrix = np.vstack([np.ones(3), *family._sufficient(points)])
        scale = np.abs(matrix).max(axis=1)
        try:
            weights = linalg.solve(matrix / scale[:, None], np.array([total, sum_a, sum_b]) / scale)
        except linalg.LinAlgError:
            continue
        if best is None or weights.min() > best[0]:
            best = float(weights.min()), points, weights
    if best is None or best[0] < 0:
        return None
    return best[1], best[2]
