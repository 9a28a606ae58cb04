"""The log-likelihood of a model and its data as a function of the coefficients, with score and information."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, final

import numpy as np

from likely.compute.engines import memory
from likely.compute.solve.newton import Point
from likely.likelihoods.jets import BLOCK, Jets
from likely.likelihoods.predictors import Predictors, total
from likely.likelihoods.protocol import Offers
from likely.models.model import Model
from likely.models.rows import Rows
from likely.namespace import Jet, as_jet
from likely.namespace.arrays import Floats

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
        self.predictors, self.jets = Predictors(model, data), Jets(model, data)
        self.block = BLOCK if model.size <= 8 else BLOCK // 2  # a wide design fills the cache by itself
        if entries := self.predictors.entries:
            # every block makes an information matrix; with so many rows that is not more than the rows' own work,
            # and two blocks at least keep two threads at work
            self.block = max(self.block, min(int(4 * model.size**2 / entries), -(-self.rows // 2)))

    # -- what it offers ---------------------------------------------------------------------------------------

    @property
    def offers(self) -> Offers:
        return OFFERS

    @property
    def linear(self) -> RowsObjective:
        """Itself."""
        return self

    def linearised(self, coefficients: Any) -> RowsObjective:
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
    def far_search(self) -> None:
        """None: the search starts near enough."""
        return None

    # -- rows ------------------------------------------------------------------------------------------

    def etas(self, coefficients: Any, rows: slice) -> list[Any]:
        """The linear predictors of some rows; a float for a constant."""
        return self.predictors.etas(coefficients, rows)

    def row_jet(self, coefficients: Any, rows: slice, order: int) -> Jet:
        """The log-density of some rows with derivatives with respect to the linear predictors."""
        return as_jet(self.jets(self.etas(coefficients, rows), rows, order), order)

    def log_density(self, coefficients: Any) -> Floats:
        """The log-density of every row, shape (n,)."""
        return self.jets.values(lambda rows: self.etas(coefficients, rows), self.block)

    def row_scores(self, coefficients: Any) -> Floats:
        """Every row's score with respect to the coefficients, unweighted, shape (n, p)."""

        def block(lo: int, hi: int) -> tuple[Any, ...]:
            return (self.predictors.row_scores(self.slot_scores(coefficients, lo, hi), lo, hi),)

        return np.concatenate([part[0] for part in memory.map_blocks(block, self.rows, self.block)])

    def slot_scores(self, coefficients: Any, lo: int, hi: int) -> list[Any]:
        """The scores of rows lo..hi with respect to their linear predictors, one array for each slot."""
        with np.errstate(all="ignore"):
            jet = self.row_jet(coefficients, slice(lo, hi), 1)
        found = [np.broadcast_to(jet.g.get(k, 0.0), hi - lo) for k in range(len(self.model.slots))]
        if self.weights is None:
            return found
        # rows that a bootstrap of several likelihoods did not draw may have a score that is not finite
        return [np.where(self.weights[lo:hi] > 0, g, 0.0) for g in found]

    # -- sums ------------------------------------------------------------------------------------------

    def value(self, coefficients: Any) -> float:
        """The log-likelihood, constants kept."""

        def block(lo: int, hi: int) -> tuple[Any, ...]:
            with np.errstate(all="ignore"):
                rows = self.jets(self.etas(coefficients, slice(lo, hi)), slice(lo, hi), 0)
                return (total(rows, self._weights(lo, hi), hi - lo),)

        return float(memory.sum_blocks(block, self.rows, self.block)[0])

    def values(self, places: Any) -> Floats:
        """The log-likelihood at k places, shape (k, p) -> (k,): all rows at once, for data that are small."""
        if any(slot.leaves_domain for slot in self.model.slots):  # that is judged for each place
            return np.array([self.value(place) for place in places])
        etas = self.predictors.at_places(places)
        with np.errstate(all="ignore"):
            rows = np.broadcast_to(self.jets(etas, slice(None), 0), (len(places), self.rows))
            return np.array([total(row, self.weights, self.rows) for row in rows])

    def point(self, coefficients: Any) -> Point:
        """Log-likelihood, score and observed information at these coefficients, in one pass over the rows."""
        model = self.model
        nonsmooth = [k for k, slot in enumerate(model.slots) if slot.parameter.name in model.family.kinked]

        def block(lo: int, hi: int) -> tuple[Any, ...]:
            with np.errstate(all="ignore"):
                jet = self.row_jet(coefficients, slice(lo, hi), 2)
                w = self._weights(lo, hi)
                if nonsmooth:
                    jet = _with_score_products(jet, nonsmooth)
                return (
                    total(jet.v, w, hi - lo),
                    self.predictors.score(jet.g, w, lo, hi),
                    self.predictors.information(jet.h, w, lo, hi),
                )

        value, score, info = memory.sum_blocks(block, self.rows, self.block)
        return Point(coefficients, float(value), score, info)

    def value_and_score(self, coefficients: Any) -> tuple[float, Any]:
        """Log-likelihood and score, without the cost of the information."""

        def block(lo: int, hi: int) -> tuple[Any, ...]:
            with np.errstate(all="ignore"):
                jet = self.row_jet(coefficients, slice(lo, hi), 1)
                w = self._weights(lo, hi)
                return total(jet.v, w, hi - lo), self.predictors.score(jet.g, w, lo, hi)

        value, score = memory.sum_blocks(block, self.rows, self.block)
        return float(value), score

    # -- sums of products ------------------------------------------------------------------------------

    def gram(self, rows: Callable[[int, int], Mapping[tuple[int, int], Any]], weights: Any = None) -> Floats:
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
                return (self.predictors.information(entries, w, lo, hi),)

        return memory.sum_blocks(block, self.rows, self.block)[0]

    def score_gram(self, coefficients: Any, weights: Any = None) -> Floats:
        """The sum over rows of w s s' with s the row's score: the outer product of scores, the meat of a sandwich."""

        def rows(lo: int, hi: int) -> dict[tuple[int, int], Any]:
            g = self.slot_scores(coefficients, lo, hi)
            return {(j, k): g[j] * g[k] for j in range(len(g)) for k in range(j, len(g))}

        return self.gram(rows, weights)

    def cluster_gram(self, coefficients: Any, codes: Any, count: int) -> Floats:
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
            sums = self.predictors.cluster_sums(scores, codes, count, slice(None))
            return sums.T @ sums
        out = np.zeros((self.model.size, self.model.size))
        order = np.argsort(codes, kind="stable")
        ends = np.searchsorted(codes[order], np.arange(count + 1))
        for lo in range(0, count, step):
            hi = min(lo + step, count)
            rows = order[ends[lo] : ends[hi]]
            sums = self.predictors.cluster_sums(scores[:, rows], codes[rows] - lo, hi - lo, rows)
            out += sums.T @ sums
        return out

    def _weights(self, lo: int, hi: int) -> Floats | None:
        return None if self.weights is None else self.weights[lo:hi]


def _with_score_products(jet: Jet, nonsmooth: list[int]) -> Jet:
    """The jet of a density with corners in some variables: there, products of first derivatives for the second ones.

    The second derivative misses what sits in the corners; its expectation is minus that of the product (Bartlett's
    second identity).
    """
    h = dict(jet.h)
    for a, i in enumerate(nonsmooth):
        for j in nonsmooth[a:]:
            if i in jet.g and j in jet.g:
                h[i, j] = -jet.g[i] * jet.g[j]
    return Jet(jet.v, jet.g, h, jet.order)
