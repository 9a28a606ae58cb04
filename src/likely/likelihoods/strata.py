"""The exact conditional likelihood of strata, with score and information.

The denominator of a stratum with m cases among n rows sums over all subsets of m rows. The recursion of Gail, Lubin and
Rubinstein (1981, *Biometrika* 68) takes the rows one by one: subsets of k among the first i rows have the i-th or do
not. Here it carries, beside the logarithm of each sum, the mean and the covariance of the subsets' total predictors, of
which both kinds of subsets are a mixture: nothing overflows, nothing cancels, and the last ones are what score and
information need.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np

from likely.compute import blocks
from likely.compute.engines import memory
from likely.compute.solve import least_squares
from likely.compute.solve.newton import Point
from likely.errors import DataError, DesignError, listed
from likely.likelihoods.protocol import Offers
from likely.models.model import Model
from likely.models.rows import Rows
from likely.namespace.arrays import Floats, Integers

OFFERS = Offers(
    terms="strata",
    predictors=False,
    distribution=False,
    single_peaked=True,
    far=False,
    lacks="a row counts only together with the others of its stratum",
)
CHUNK = 1 << 21  # numbers held at once


@final
@dataclass(frozen=True, eq=False)
class Shape:
    """Strata of one size and number of cases.

    Attributes
    ----------
    rows : ndarray of int, shape (strata, size)
        Places in the data, cases first.
    cases : int
    places : ndarray of int
        Where the strata stand among all informative ones.
    """

    rows: Integers
    cases: int
    places: Integers


@final
@dataclass(frozen=True, eq=False)
class Strata:
    """How rows fall into strata.

    Attributes
    ----------
    shapes : tuple of Shape
        The informative strata: those with a case and with another row.
    weights : ndarray or None
        Of the informative strata.
    total : int
        Number of all strata.
    """

    shapes: tuple[Shape, ...]
    weights: Floats | None
    total: int

    @property
    def count(self) -> int:
        """Number of informative strata."""
        return sum(len(shape.rows) for shape in self.shapes)

    @property
    def n(self) -> float:
        """Number of observations: informative strata, or the sum of their weights."""
        if self.weights is None:
            return self.count
        total = float(np.sum(self.weights))
        return int(total) if total.is_integer() else total

    @property
    def rows(self) -> Integers:
        """The rows of informative strata."""
        return np.sort(np.concatenate([shape.rows.ravel() for shape in self.shapes]))

    @classmethod
    def of(cls, y: Any, codes: Any, weights: Any) -> Strata:
        """The strata of rows with these outcomes, strata's codes and weights."""
        if np.ndim(codes) == 0:
            codes = np.zeros(len(y))
        _, codes = np.unique(codes, return_inverse=True)
        order = np.lexsort((-y, codes))
        starts = np.flatnonzero(np.r_[True, np.diff(codes[order]) != 0])
        sizes = np.diff(np.r_[starts, len(y)])
        cases = np.add.reduceat(y[order], starts).astype(np.intp)
        w = None
        if weights is not None:
            sorted_ = weights[order]
            w = sorted_[starts]
            if np.any(differ := sorted_ != np.repeat(w, sizes)):
                i = int(order[np.flatnonzero(differ)[0]])
                raise DataError(f"weights are those of strata, but row {i}'s is not that of its stratum's first row")
        informative = (cases > 0) & (cases < sizes)
        if not np.any(informative):
            raise DataError(
                f"none of the {len(sizes)} strata has both cases and other rows: there is nothing to learn from them"
            )
        place = np.cumsum(informative) - 1
        shapes = []
        for size, m in sorted(set(zip(sizes[informative].tolist(), cases[informative].tolist(), strict=True))):
            here = np.flatnonzero(informative & (sizes == size) & (cases == m))
            shapes.append(Shape(order[starts[here][:, None] + np.arange(size)], m, place[here]))
        return cls(tuple(shapes), None if w is None else w[informative], len(sizes))


@final
class StrataObjective:
    """Sum over informative strata of weight times the conditional log-likelihood.

    Parameters
    ----------
    model : Model
        Of a conditional family.
    data : Rows
        The response is 1 for a case, 0 for another row; weights are the same in all rows of a stratum.
    """

    def __init__(self, model: Model, data: Rows) -> None:
        self.model, self.data, self.y = model, data, data.y
        self.slot = model.slots[0]
        self.strata = Strata.of(data.y, data.known["strata"], data.weights)
        self.weights = self.strata.weights
        self.rows = self.strata.count
        self.total_weight = float(self.strata.n)

    @property
    def offers(self) -> Offers:
        return OFFERS

    @property
    def linear(self) -> None:
        """None: a row counts only together with the others of its stratum."""
        return None

    def linearised(self, coefficients: Any) -> None:
        """None: rows have no distributions."""
        return None

    @property
    def functions(self) -> None:
        """None: it is no density of parameters and data."""
        return None

    @property
    def far_search(self) -> None:
        """None: the log-likelihood is concave."""
        return None

    @cached_property
    def _x(self) -> Floats:
        x = self.data.design(self.slot)
        return np.zeros((len(self.y), 0)) if x is None else x

    def etas(self, coefficients: Any, rows: Any = slice(None)) -> list[Any]:
        """The linear predictor of some rows of the data."""
        eta = self._x[rows] @ coefficients
        offset = self.data.offset(self.slot)
        return [eta if offset is None else eta + offset[rows]]

    def _evaluate(self, coefficients: Any, order: int) -> Iterator[tuple[Any, Any, Any, Any]]:
        """Places, log-likelihoods, scores, and the sum of weighted information, of some strata at a time."""
        p = self.model.size
        for shape in self.strata.shapes:
            size = shape.rows.shape[1]
            each = size * max(p, 1) + (0 if shape.cases == 1 else (shape.cases + 1) * (p * p if order > 1 else p))
            step = max(1, CHUNK // each)
            for lo in range(0, len(shape.rows), step):
                rows, places = shape.rows[lo : lo + step], shape.places[lo : lo + step]
                eta = self.etas(coefficients, rows.ravel())[0].reshape(rows.shape)
                x = blocks.dense(self._x[rows.ravel()]).reshape(*rows.shape, p) if order else None
                w = None if self.weights is None else self.weights[places]
                yield (places, *_conditional(eta, x, shape.cases, w, order))

    def log_density(self, coefficients: Any) -> Floats:
        """The conditional log-likelihood of every informative stratum."""
        out = np.empty(self.rows)
        for places, value, _, _ in self._evaluate(coefficients, 0):
            out[places] = value
        return out

    def row_scores(self, coefficients: Any) -> Floats:
        """Every informative stratum's score, unweighted, shape (strata, p)."""
        out = np.empty((self.rows, self.model.size))
        for places, _, score, _ in self._evaluate(coefficients, 1):
            out[places] = score
        return out

    def score_gram(self, coefficients: Any, weights: Any = None) -> Floats:
        """The sum over strata of w s s' with s the stratum's score; `weights` are those of strata, or of rows."""
        scores = self.row_scores(coefficients)
        if weights is None:
            return scores.T @ scores
        w = weights if len(weights) == self.rows else weights[self._first]
        return (scores * w[:, None]).T @ scores

    def cluster_gram(self, coefficients: Any, codes: Any, count: int) -> Floats:
        """The sum over clusters of S S' with S the sum of a cluster's scores; a stratum lies within one cluster."""
        for shape in self.strata.shapes:
            if np.any(differ := np.any(codes[shape.rows] != codes[shape.rows[:, :1]], axis=1)):
                row = int(shape.rows[np.flatnonzero(differ)[0], 0])
                raise DataError(
                    f"the stratum of row {row} falls into several clusters: clusters consist of whole strata"
                )
        return memory.group_gram(self.row_scores(coefficients), self.weights, codes[self._first], count)

    @cached_property
    def _first(self) -> Integers:
        """A row of every informative stratum."""
        out = np.empty(self.rows, dtype=np.intp)
        for shape in self.strata.shapes:
            out[shape.places] = shape.rows[:, 0]
        return out

    def value(self, coefficients: Any) -> float:
        """The log-likelihood."""
        return float(self._sum(self.log_density(coefficients)))

    def value_and_score(self, coefficients: Any) -> tuple[float, Any]:
        """Log-likelihood and score."""
        values, scores = np.empty(self.rows), np.empty((self.rows, self.model.size))
        for places, value, score, _ in self._evaluate(coefficients, 1):
            values[places], scores[places] = value, score
        return float(self._sum(values)), self._sum(scores)

    def point(self, coefficients: Any) -> Point:
        """Log-likelihood, score and observed information."""
        p = self.model.size
        values, scores, info = np.empty(self.rows), np.empty((self.rows, p)), np.zeros((p, p))
        for places, value, score, part in self._evaluate(coefficients, 2):
            values[places], scores[places] = value, score
            info += part
        return Point(coefficients, float(self._sum(values)), self._sum(scores), info)

    def _sum(self, values: Any) -> Any:
        return np.sum(values if self.weights is None else (values.T * self.weights).T, axis=0)


def _conditional(eta: Any, x: Any, cases: int, w: Any, order: int) -> tuple[Any, Any, Any]:
    """Log-likelihood and score of strata (cases first), and the sum of their weighted information."""
    size = eta.shape[1]
    if 2 * cases > size:  # the others are the cases of the opposite utilities
        eta, x, cases = -eta[:, ::-1], None if x is None else -x[:, ::-1], size - cases
    own = np.sum(eta[:, :cases], axis=1)
    if cases == 1:
        top = np.max(eta, axis=1, keepdims=True)
        shares = np.exp(eta - top)
        total = np.sum(shares, axis=1, keepdims=True)
        value = own - top[:, 0] - np.log(total[:, 0])
        if not order:
            return value, None, None
        shares /= total
        mean = np.einsum("si,sip->sp", shares, x)
        score = x[:, 0] - mean
        if order == 1:
            return value, score, None
        root = np.sqrt(shares if w is None else shares * w[:, None])
        spread = ((x - mean[:, None]) * root[..., None]).reshape(-1, x.shape[2])
        return value, score, spread.T @ spread
    log_sum, mean, covariance = _subsets(eta, x, cases, order)
    score = np.sum(x[:, :cases], axis=1) - mean if order else None
    info = (np.sum(covariance, axis=0) if w is None else np.tensordot(w, covariance, 1)) if order > 1 else None
    return own - log_sum, score, info


def _subsets(eta: Any, x: Any, cases: int, order: int) -> tuple[Any, Any, Any]:
    """Log of the sum over subsets of exp(total utility); mean and covariance of the subsets' total predictors."""
    strata, size = eta.shape
    p = 0 if x is None else x.shape[2]
    logs = np.full((strata, cases + 1), -np.inf)
    logs[:, 0] = 0.0
    mean = np.zeros((strata, cases + 1, p))
    cov = np.zeros((strata, cases + 1, p, p)) if order > 1 else None
    for i in range(size):
        # sizes that the rows so far can make, and from which those to come can still make `cases`
        low, high = max(1, cases - (size - 1 - i)), min(i + 1, cases)
        if low > high:
            continue
        now, before = slice(low, high + 1), slice(low - 1, high)
        with_row = logs[:, before] + eta[:, [i]]
        total = np.logaddexp(logs[:, now], with_row)
        if order:
            share = np.exp(with_row - total)[..., None]
            step = mean[:, before] + x[:, None, i] - mean[:, now]
            if cov is not None:
                q = share[..., None]
                between = (q * (1.0 - q)) * step[..., :, None] * step[..., None, :]
                cov[:, now] = (1.0 - q) * cov[:, now] + q * cov[:, before] + between
            mean[:, now] = mean[:, now] + share * step
        logs[:, now] = total
    return logs[:, cases], mean[:, cases], None if cov is None else cov[:, cases]


def chances(eta: Any, codes: Any) -> Floats:
    """The probability of each row to be the one case of its stratum."""
    _, codes = np.unique(np.broadcast_to(codes, eta.shape), return_inverse=True)
    top = np.full(codes.max() + 1, -np.inf)
    np.maximum.at(top, codes, eta)
    shares = np.exp(eta - top[codes])
    return shares / np.bincount(codes, weights=shares)[codes]


def check_within(model: Model, data: Rows, strata: Strata) -> None:
    """Raise DesignError unless the predictors are told apart by how they vary within strata; the message names them."""
    slot = model.slots[0]
    if slot.idle or slot.design is None:
        raise DesignError("ConditionalLogit needs predictors: without them every set of rows is as likely as any other")
    names, matrix = slot.design.names, data.designs[slot.label]
    x = np.concatenate(
        [
            (part - np.mean(part, axis=1, keepdims=True)).reshape(-1, len(names))
            for part in (blocks.dense(matrix[s.rows.ravel()]).reshape(*s.rows.shape, -1) for s in strata.shapes)
        ]
    )
    size = np.maximum(blocks.largest(matrix), np.finfo(float).tiny)
    if constant := [name for name, flat in zip(names, np.max(np.abs(x), axis=0) <= 1e-12 * size, strict=True) if flat]:
        raise DesignError(
            f"{listed(constant)} {'does' if len(constant) == 1 else 'do'} not vary within any stratum, so the "
            f"conditional likelihood says nothing of {'it' if len(constant) == 1 else 'them'}: leave "
            f"{'it' if len(constant) == 1 else 'them'} out (an interaction with what varies can stay)"
        )
    dependent, _ = least_squares.dependent_columns(x)
    if dependent:
        raise DesignError(
            "within strata the predictors are linearly dependent, so their coefficients cannot be told apart: leave "
            f"out {listed(names[j] for j in dependent)}"
        )
