"""One log-likelihood for each group of rows, of the same model, at coefficients of its own: all in one pass."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, final

import numpy as np

from likely.compute import blocks
from likely.compute.solve.newton_batch import Points
from likely.likelihoods.jets import Jets
from likely.models.model import Model
from likely.models.rows import Rows
from likely.namespace import Jet

BLOCK_ROWS = 50_000  # rows of groups that are searched together: they fit in the cache, and Python's share is small


@final
class GroupedRows:
    """The sums over rows, group by group, of weight times log-density.

    Parameters
    ----------
    model : Model
    data : Rows
        Those of a group next to each other.
    starts : ndarray of int, shape (m,)
        The first row of every group; none is empty.
    """

    def __init__(self, model: Model, data: Rows, starts: Any) -> None:
        self.model, self.data, self.starts = model, data, np.asarray(starts)
        self.counts = np.diff(np.append(self.starts, data.n))
        self.jets = Jets(model, data)
        # columns one after another: a sum by group then runs along memory
        made: dict[int, Any] = {}
        self._columns: list[Any] = []
        for slot in model.slots:
            x = data.design(slot)
            if x is not None and id(x) not in made:
                made[id(x)] = np.ascontiguousarray(blocks.dense(x).T)
            self._columns.append(None if x is None else made[id(x)])

    def take(self, groups: Any) -> GroupedRows:
        """Some of the groups: a slice, or numbers."""
        if isinstance(groups, slice):
            lo, hi, _ = groups.indices(len(self.starts))
            end = int(self.starts[hi - 1] + self.counts[hi - 1])
            rows = slice(int(self.starts[lo]), end)
            return GroupedRows(self.model, self.data.take(rows), self.starts[lo:hi] - self.starts[lo])
        counts = self.counts[groups]
        starts = np.cumsum(counts) - counts
        rows = np.arange(int(counts.sum())) + np.repeat(self.starts[groups] - starts, counts)
        return GroupedRows(self.model, self.data.take(rows), starts)

    def some_points(self, groups: Any, coefficients: Any) -> Points:
        """The points of the groups numbered `groups`, in ascending order, at their coefficients."""
        m = len(self.starts)
        if len(groups) == m:
            return self.points(coefficients)
        if 2 * len(groups) < m:
            return self.take(groups).points(coefficients)
        everywhere = np.tile(coefficients[0], (m, 1))  # copies of rows would cost more than rows that nobody asks for
        everywhere[groups] = coefficients
        return self.points(everywhere).take(groups)

    def blocks(self, rows: int) -> Iterator[slice]:
        """Runs of groups of about so many rows each."""
        cuts = np.searchsorted(self.starts, np.arange(0, self.data.n + rows, rows))
        for lo, hi in pairwise(np.unique(np.append(cuts, len(self.starts))).tolist()):
            yield slice(lo, hi)

    def etas(self, coefficients: Any) -> list[Any]:
        """The linear predictors of all rows, from the coefficients of every group, shape (m, p)."""
        out: list[Any] = []
        for slot, columns in zip(self.model.slots, self._columns, strict=True):
            offset = self.data.offset(slot)
            if slot.idle:
                out.append(np.float64(0.0) if offset is None else offset)
                continue
            if columns is None:
                eta = np.repeat(coefficients[:, slot.start], self.counts)
            else:
                eta = np.zeros(self.data.n)
                for column, beta in zip(columns, coefficients[:, slot.start : slot.stop].T, strict=True):
                    eta += column * np.repeat(beta, self.counts)
            out.append(eta if offset is None else eta + offset)
        return out

    def farthest(self, coefficients: Any) -> Any:
        """Every group's largest absolute linear predictor, shape (m,), of those whose link is not the identity."""
        found = np.zeros(len(self.starts))
        for slot, eta in zip(self.model.slots, self.etas(coefficients), strict=True):
            if slot.link.name != "identity":
                found = np.maximum(found, np.maximum.reduceat(np.broadcast_to(np.abs(eta), self.data.n), self.starts))
        return found

    def points(self, coefficients: Any) -> Points:
        """Every group's log-likelihood, score and observed information, at its own coefficients, shape (m, p)."""
        m, p = len(self.starts), self.model.size
        with np.errstate(all="ignore"):
            jet = self.jets(self.etas(coefficients), slice(None), 2)
            score, info = np.zeros((m, p)), np.zeros((m, p, p))
            if not isinstance(jet, Jet):
                return Points(coefficients, self._sum(jet), score, info)
            for k, g in jet.g.items():
                for j, summed in self._products(k, self._weighted(g)):
                    score[:, j] = summed
            for (a, b), h in jet.h.items():
                self._add_information(info, a, b, self._weighted(h))
            return Points(coefficients, self._sum(jet.v), score, info)

    def _add_information(self, info: Any, a: int, b: int, h: Any) -> None:
        first, columns = self.model.slots[a], self._columns[a]
        for i in range(first.stop - first.start):
            scaled = h if columns is None else h * columns[i]
            for j, summed in self._products(b, scaled, i if a == b else 0):
                info[:, first.start + i, j] -= summed
                if first.start + i != j:
                    info[:, j, first.start + i] -= summed

    def _products(self, slot: int, rows: Any, first: int = 0) -> Any:
        """The slot's coefficients from the `first` on, each with the sums by group of its column times `rows`."""
        own, columns = self.model.slots[slot], self._columns[slot]
        for i in range(first, own.stop - own.start):
            values = rows if columns is None else rows * columns[i]
            yield own.start + i, np.add.reduceat(values, self.starts)

    def _weighted(self, values: Any) -> Any:
        values = np.broadcast_to(values, self.data.n)
        return values if self.data.weights is None else values * self.data.weights

    def _sum(self, values: Any) -> Any:
        return np.add.reduceat(self._weighted(values), self.starts)
