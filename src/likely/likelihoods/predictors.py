"""Linear predictors of rows, and sums over rows of products with their columns: nothing here knows of densities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np

from likely.compute import blocks
from likely.compute.blocks import Blocks
from likely.compute.engines import memory
from likely.compute.parts import Indicators
from likely.models.model import Model
from likely.models.rows import Rows
from likely.models.slot import Slot
from likely.namespace.arrays import Floats


@final
class Predictors:
    """The linear predictors of some rows as functions of the coefficients, and back: derivatives to the coefficients.

    A coefficient may take part in several linear predictors.

    Parameters
    ----------
    model : Model
    data : Rows
        Their designs and offsets; nothing else is looked at.
    """

    def __init__(self, model: Model, data: Rows) -> None:
        self.size = model.size
        # of every linear predictor its columns, None for a constant, and its offset, None where there is none
        self._parts: list[tuple[Slot, Any, Any]] = [
            (slot, data.design(slot), data.offset(slot)) for slot in model.slots
        ]

    @property
    def entries(self) -> int:
        """How many entries of a row are stored, in designs that are mostly zeros."""
        return int(sum(x.entries for _, x, _ in self._parts if isinstance(x, Blocks)))

    # -- from coefficients to rows --------------------------------------------------------------------------------

    def etas(self, coefficients: Any, rows: slice) -> list[Any]:
        """The slots' linear predictors for some rows; a float for a constant."""
        out: list[Any] = []
        for slot, x, offset in self._parts:
            if slot.idle:
                out.append(np.float64(0.0) if offset is None else offset[rows])
                continue
            beta = coefficients[slot.start : slot.stop]
            eta: Any = np.float64(beta[0]) if x is None else x[rows] @ beta
            out.append(eta if offset is None else eta + offset[rows])
        return out

    def at_places(self, places: Any) -> list[Any]:
        """The linear predictors of all rows at k places, shape (k, p) -> (k, n) or (k, 1)."""
        out: list[Any] = []
        for slot, x, offset in self._parts:
            eta: Any = 0.0 if slot.idle else places[:, slot.start : slot.stop]
            eta = eta if x is None or slot.idle else eta @ blocks.dense(x).T
            out.append(eta if offset is None else eta + offset)
        return out

    def covariance(self, covariance: Any, lo: int, hi: int) -> Floats:
        """The covariance of the linear predictors of rows lo..hi, shape (rows, slots, slots)."""
        parts = self._parts
        out = np.empty((hi - lo, len(parts), len(parts)))
        for j, (a, x, _) in enumerate(parts):
            for k, (b, z, _) in enumerate(parts[j:], j):
                part = covariance[a.start : a.stop, b.start : b.stop]
                if x is not None and z is not None:
                    value = blocks.row_products(x[lo:hi], part, z[lo:hi])
                else:
                    columns = z if x is None else x
                    value = part[0, 0] if columns is None else columns[lo:hi] @ part.ravel()
                out[:, j, k] = out[:, k, j] = value
        return out

    # -- from rows to coefficients --------------------------------------------------------------------------------

    def row_scores(self, scores: Sequence[Any], lo: int, hi: int) -> Floats:
        """Rows' scores in the coefficients, shape (rows, p), from those in their linear predictors."""
        out = np.zeros((hi - lo, self.size))
        for (slot, x, _), g in zip(self._parts, scores, strict=True):
            if x is None:
                out[:, slot.start] += g
            else:
                out[:, slot.start : slot.stop] += blocks.dense(x[lo:hi]) * g[:, None]
        return out

    def score(self, first: Mapping[int, Any], w: Any, lo: int, hi: int) -> Floats:
        """The weighted sum of rows' scores in the coefficients, from those in their linear predictors."""
        score = np.zeros(self.size)
        for k, (slot, x, _) in enumerate(self._parts):
            g = first.get(k, 0.0)
            if x is None:
                score[slot.start] += total(g, w, hi - lo)
            else:
                score[slot.start : slot.stop] += _rows(g, w, hi - lo) @ x[lo:hi]
        return score

    def information(self, second: Mapping[tuple[int, int], Any], w: Any, lo: int, hi: int) -> Floats:
        """Minus the weighted sum of the second derivatives, from those in the linear predictors by pairs of slots."""
        info = np.zeros((self.size, self.size))
        for (j, k), h in second.items():
            (a, x, _), (b, z, _) = self._parts[j], self._parts[k]
            if x is None and z is None:
                curvature = total(h, w, hi - lo)
                info[a.start, b.start] -= curvature
                if j != k:
                    info[b.start, a.start] -= curvature
                continue
            if z is None:
                block = (_rows(h, w, hi - lo) @ x[lo:hi])[:, None]
            elif x is None:
                block = (_rows(h, w, hi - lo) @ z[lo:hi])[None, :]
            else:
                left = x[lo:hi]
                block = _gram(left, _rows(h, w, hi - lo), left if z is x else z[lo:hi])
            info[a.start : a.stop, b.start : b.stop] -= block
            if j != k:
                info[b.start : b.stop, a.start : a.stop] -= block.T
        return info

    def cluster_sums(self, scores: Any, codes: Any, count: int, rows: Any) -> Floats:
        """The sums of some rows' scores by cluster, shape (count, p), from those of their linear predictors."""
        which = Indicators(codes.astype(np.int32), count)
        out = np.zeros((count, self.size))
        for (slot, x, _), g in zip(self._parts, scores, strict=True):
            if x is None:
                out[:, slot.start] += which.transposed(g)
            else:
                out[:, slot.start : slot.stop] += blocks.by_level(which, g, x[rows])
        return out


def _rows(x: Any, w: Any, n: int) -> Floats:
    """x as one value per row, times the weights."""
    if w is not None:
        return x * w
    return np.broadcast_to(x, n) if np.ndim(x) == 0 or len(x) != n else x


def total(x: Any, w: Any, n: int) -> float:
    """Sum of w x over n rows, where x may be one value for all of them."""
    if np.ndim(x) == 0:
        return float(x) * (n if w is None else float(np.sum(w)))
    if w is not None:
        x = x * w  # a product summed pairwise, more accurate than a dot product
        # rows that a bootstrap of several likelihoods did not draw may have a log-density that is not finite
        x = np.where(w == 0, 0.0, x) if not np.all(np.isfinite(x)) else x
    return float(np.add.reduce(x))


def _gram(x: Any, h: Any, z: Any) -> Floats:
    """x' diag(h) z."""
    if isinstance(x, Blocks) or isinstance(z, Blocks):
        return blocks.gram(x, h, z)
    scaled = memory.scratch(*x.shape)
    if x is z and np.max(h) <= 0.0:  # one triangle is enough: BLAS sees a matrix times its own transpose
        np.multiply(x, np.sqrt(-h)[:, None], out=scaled)
        return -(scaled.T @ scaled)
    np.multiply(x, h[:, None], out=scaled)
    return scaled.T @ z
