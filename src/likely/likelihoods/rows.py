"""The log-likelihood of a model and its data as a function of the coefficients, with score and information."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, final

import numpy as np

from likely.compute import blocks
from likely.compute.blocks import Blocks, Indicators
from likely.compute.engines import memory
from likely.compute.solve.newton import Point
from likely.likelihoods.jets import BLOCK, Jets
from likely.likelihoods.protocol import Offers
from likely.models.model import Model
from likely.models.rows import Rows
from likely.models.slot import Slot
from likely.namespace import Jet

OFFERS = Offers(terms="rows", predictors=True, distribution=True, single_peaked=False, far=False)
SUMS_AT_ONCE = 1 << 22  # numbers in the sums by cluster that are held at once


@final
class RowsObjective:
    """Sum over rows of weight times log-density: linear predictors from designs, their jets, and sums of these.

    Parameters
    ----------
    model : Model
    data : Rows
    """

    def __init__(self, model: Model, data: Rows) -> None:
        self.model, self.data, self.y, self.weights = model, data, data.y, data.weights
        self.rows = data.n
        self.total_weight = float(self.rows) if data.weights is None else float(np.sum(data.weights))
        # of every linear predictor its columns, None for a constant, and its offset, None where there is none
        self._parts: list[tuple[Slot, Any, Any]] = [
            (slot, data.design(slot), data.offset(slot)) for slot in model.slots
        ]
        self.block = BLOCK if model.size <= 8 else BLOCK // 2  # a wide design fills the cache by itself
        if entries := sum(x.entries for _, x, _ in self._parts if isinstance(x, Blocks)):
            # every block makes an information matrix; with so many rows that is not more than the rows' own work,
            # and two blocks at least keep two threads at work
            self.block = max(self.block, min(int(4 * model.size**2 / entries), -(-self.rows // 2)))
        self.jets = Jets(model, data)

    # -- what it offers ---------------------------------------------------------------------------------------

    @property
    def offers(self) -> Offers:
        return OFFERS

    @property
    def linear(self) -> RowsObjective:
        """Itself."""
        return self

    @property
    def strata(self) -> None:
        """None: the terms are those of rows."""
        return None

    @property
    def functions(self) -> None:
        """None: it is no density of parameters and data."""
        return None

    @property
    def guide(self) -> None:
        """None: the search starts near enough."""
        return None

    # -- rows ------------------------------------------------------------------------------------------

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

    def row_jet(self, coefficients: Any, rows: slice, order: int) -> Any:
        """The log-density of some rows with derivatives with respect to the linear predictors."""
        return self.jets(self.etas(coefficients, rows), rows, order)

    def log_density(self, coefficients: Any) -> Any:
        """The log-density of every row, shape (n,)."""
        return self.jets.values(lambda rows: self.etas(coefficients, rows), self.block)

    def row_scores(self, coefficients: Any) -> Any:
        """Every row's score with respect to the coefficients, unweighted, shape (n, p)."""

        def block(lo: int, hi: int) -> tuple[Any, ...]:
            return (self._scores_block(coefficients, lo, hi),)

        return np.concatenate([part[0] for part in memory.map_blocks(block, self.rows, self.block)])

    def slot_scores(self, coefficients: Any, lo: int, hi: int) -> list[Any]:
        """The scores of rows lo..hi with respect to their linear predictors, one array for each slot."""
        with np.errstate(all="ignore"):
            jet = self.row_jet(coefficients, slice(lo, hi), 1)
        scores = jet.g if isinstance(jet, Jet) else {}
        found = [np.broadcast_to(scores.get(k, 0.0), hi - lo) for k in range(len(self.model.slots))]
        if self.weights is None:
            return found
        # rows that a bootstrap of several likelihoods did not draw may have a score that is not finite
        return [np.where(self.weights[lo:hi] > 0, g, 0.0) for g in found]

    def _scores_block(self, coefficients: Any, lo: int, hi: int) -> Any:
        out = np.zeros((hi - lo, self.model.size))
        for (slot, x, _), g in zip(self._parts, self.slot_scores(coefficients, lo, hi), strict=True):
            if x is None:
                out[:, slot.start] = g
            else:
                out[:, slot.start : slot.stop] = blocks.dense(x[lo:hi]) * g[:, None]
        return out

    def predictor_covariance(self, covariance: Any, lo: int, hi: int) -> Any:
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

    # -- sums ------------------------------------------------------------------------------------------

    def value(self, coefficients: Any) -> float:
        """The log-likelihood, constants kept."""

        def block(lo: int, hi: int) -> tuple[Any, ...]:
            with np.errstate(all="ignore"):
                jet = self.row_jet(coefficients, slice(lo, hi), 0)
                return (_sum(jet, self._weights(lo, hi), hi - lo),)

        return float(memory.sum_blocks(block, self.rows, self.block)[0])

    def values(self, places: Any) -> Any:
        """The log-likelihood at k places, shape (k, p) -> (k,): all rows at once, for data that are small."""
        if any(slot.leaves_domain for slot in self.model.slots):  # that is judged for each place
            return np.array([self.value(place) for place in places])
        etas: list[Any] = []
        for slot, x, offset in self._parts:
            eta: Any = 0.0 if slot.idle else places[:, slot.start : slot.stop]
            eta = eta if x is None or slot.idle else eta @ blocks.dense(x).T
            etas.append(eta if offset is None else eta + offset)
        with np.errstate(all="ignore"):
            rows = np.broadcast_to(self.jets(etas, slice(None), 0), (len(places), self.rows))
            return np.array([_sum(row, self.weights, self.rows) for row in rows])

    def point(self, coefficients: Any) -> Point:
        """Log-likelihood, score and observed information at these coefficients, in one pass over the rows."""
        model, p = self.model, self.model.size
        corners = [k for k, slot in enumerate(model.slots) if slot.parameter.name in model.family.kinked]

        def block(lo: int, hi: int) -> tuple[Any, ...]:
            with np.errstate(all="ignore"):
                jet = self.row_jet(coefficients, slice(lo, hi), 2)
                w = self._weights(lo, hi)
                if corners:
                    jet = _with_corners(jet, corners)
                if not isinstance(jet, Jet):  # no free parameter enters the density
                    return _sum(jet, w, hi - lo), np.zeros(p), np.zeros((p, p))
                return (
                    _sum(jet.v, w, hi - lo),
                    self._score(jet, w, lo, hi),
                    self._information(jet.h, w, lo, hi),
                )

        value, score, info = memory.sum_blocks(block, self.rows, self.block)
        return Point(coefficients, float(value), score, info)

    def value_and_score(self, coefficients: Any) -> tuple[float, Any]:
        """Log-likelihood and score, without the cost of the information."""

        def block(lo: int, hi: int) -> tuple[Any, ...]:
            with np.errstate(all="ignore"):
                jet = self.row_jet(coefficients, slice(lo, hi), 1)
                w = self._weights(lo, hi)
                return _sum(jet.v, w, hi - lo), self._score(jet, w, lo, hi)

        value, score = memory.sum_blocks(block, self.rows, self.block)
        return float(value), score

    # -- sums of products ------------------------------------------------------------------------------

    def gram(self, rows: Callable[[int, int], Mapping[tuple[int, int], Any]], weights: Any = None) -> Any:
        """The sum over rows of w X' V X, block by block: no matrix of one line per row is made.

        Parameters
        ----------
        rows : callable
            (lo, hi) -> the entries of V for these rows by pairs of slots (j <= k), where V is a symmetric matrix of
            one line for each linear predictor.
        weights : ndarray, shape (n,), optional

        Returns
        -------
        ndarray, shape (p, p)
        """

        def block(lo: int, hi: int) -> tuple[Any, ...]:
            w = None if weights is None else weights[lo:hi]
            with np.errstate(all="ignore"):
                entries = {pair: -np.broadcast_to(v, hi - lo) for pair, v in rows(lo, hi).items()}
                return (self._information(entries, w, lo, hi),)

        return memory.sum_blocks(block, self.rows, self.block)[0]

    def score_gram(self, coefficients: Any, weights: Any = None) -> Any:
        """The sum over rows of w s s' with s the row's score: the outer product of scores, the meat of a sandwich."""

        def rows(lo: int, hi: int) -> dict[tuple[int, int], Any]:
            g = self.slot_scores(coefficients, lo, hi)
            return {(j, k): g[j] * g[k] for j in range(len(g)) for k in range(j, len(g))}

        return self.gram(rows, weights)

    def cluster_gram(self, coefficients: Any, codes: Any, count: int) -> Any:
        """The sum over clusters of S S' with S the sum of a cluster's weighted scores.

        Parameters
        ----------
        coefficients : ndarray
        codes : ndarray of int, shape (n,)
            Every row's cluster, 0 to count - 1.
        count : int
        """

        def block(lo: int, hi: int) -> tuple[Any, ...]:
            scores = np.array(self.slot_scores(coefficients, lo, hi))
            return (scores if self.weights is None else scores * self.weights[lo:hi],)

        scores = np.concatenate([part[0] for part in memory.map_blocks(block, self.rows, self.block)], axis=1)
        step = max(1, SUMS_AT_ONCE // max(1, self.model.size))
        if count <= step:
            sums = self._cluster_sums(scores, codes, count, slice(None))
            return sums.T @ sums
        out = np.zeros((self.model.size, self.model.size))
        order = np.argsort(codes, kind="stable")
        ends = np.searchsorted(codes[order], np.arange(count + 1))
        for lo in range(0, count, step):
            hi = min(lo + step, count)
            rows = order[ends[lo] : ends[hi]]
            sums = self._cluster_sums(scores[:, rows], codes[rows] - lo, hi - lo, rows)
            out += sums.T @ sums
        return out

    def _cluster_sums(self, scores: Any, codes: Any, count: int, rows: Any) -> Any:
        """The sums of some rows' scores by cluster, shape (count, p), from those of their linear predictors."""
        which = Indicators(codes.astype(np.int32), count)
        out = np.empty((count, self.model.size))
        for (slot, x, _), g in zip(self._parts, scores, strict=True):
            if x is None:
                out[:, slot.start] = which.transposed(g)
            else:
                out[:, slot.start : slot.stop] = blocks.by_level(which, g, x[rows])
        return out

    def _weights(self, lo: int, hi: int) -> Any:
        return None if self.weights is None else self.weights[lo:hi]

    def _score(self, jet: Jet, w: Any, lo: int, hi: int) -> Any:
        score = np.zeros(self.model.size)
        for k, (slot, x, _) in enumerate(self._parts):
            g = jet.g.get(k, 0.0)
            if x is None:
                score[slot.start] = _sum(g, w, hi - lo)
            else:
                score[slot.start : slot.stop] = _rows(g, w, hi - lo) @ x[lo:hi]
        return score

    def _information(self, second: Mapping[tuple[int, int], Any], w: Any, lo: int, hi: int) -> Any:
        """Minus the weighted sum of the second derivatives, from those in the linear predictors by pairs of slots."""
        info = np.zeros((self.model.size, self.model.size))
        for (j, k), h in second.items():
            (a, x, _), (b, z, _) = self._parts[j], self._parts[k]
            if x is None and z is None:
                info[a.start, b.start] = info[b.start, a.start] = -_sum(h, w, hi - lo)
                continue
            if z is None:
                block = (_rows(h, w, hi - lo) @ x[lo:hi])[:, None]
            elif x is None:
                block = (_rows(h, w, hi - lo) @ z[lo:hi])[None, :]
            else:
                left = x[lo:hi]
                block = _gram(left, _rows(h, w, hi - lo), left if z is x else z[lo:hi])
            np.negative(block, out=info[a.start : a.stop, b.start : b.stop])
            if j != k:
                info[b.start : b.stop, a.start : a.stop] = -block.T
        return info


def _with_corners(jet: Jet, corners: list[int]) -> Jet:
    """The jet of a density with corners in some variables: there, products of first derivatives for the second ones.

    The second derivative misses what sits in the corners; its expectation is minus that of the product (Bartlett's
    second identity).
    """
    h = dict(jet.h)
    for a, i in enumerate(corners):
        for j in corners[a:]:
            if i in jet.g and j in jet.g:
                h[i, j] = -jet.g[i] * jet.g[j]
    return Jet(jet.v, jet.g, h, jet.order)


def _rows(x: Any, w: Any, n: int) -> Any:
    """x as one value per row, times the weights."""
    if w is not None:
        return x * w
    return np.broadcast_to(x, n) if np.ndim(x) == 0 or len(x) != n else x


def _sum(x: Any, w: Any, n: int) -> float:
    """Sum of w x over n rows, where x may be one value for all of them."""
    if np.ndim(x) == 0:
        return float(x) * (n if w is None else float(np.sum(w)))
    if w is not None:
        x = x * w  # a product summed pairwise, more accurate than a dot product
        # rows that a bootstrap of several likelihoods did not draw may have a log-density that is not finite
        x = np.where(w == 0, 0.0, x) if not np.all(np.isfinite(x)) else x
    return float(np.add.reduce(x))


def _gram(x: Any, h: Any, z: Any) -> Any:
    """x' diag(h) z."""
    if isinstance(x, Blocks) or isinstance(z, Blocks):
        return blocks.gram(x, h, z)
    scaled = memory.scratch(*x.shape)
    if x is z and np.max(h) <= 0.0:  # one triangle is enough: BLAS sees a matrix times its own transpose
        np.multiply(x, np.sqrt(-h)[:, None], out=scaled)
        return -(scaled.T @ scaled)
    np.multiply(x, h[:, None], out=scaled)
    return scaled.T @ z
