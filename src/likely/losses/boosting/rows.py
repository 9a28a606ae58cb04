"""Rows with scores for linear predictors, and their derivatives as both libraries can hold them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, final

import numpy as np

from likely.errors import MissingValuesError, OptionError, first_rows
from likely.families.base import Family
from likely.likelihoods.jets import BLOCK, Jets
from likely.models import checks
from likely.models.model import Model
from likely.models.rows import Rows
from likely.namespace.arrays import Floats

SMALLEST = 1e-16  # of a Hessian, as in XGBoost: both libraries hold them in single precision and divide by their sums
LARGEST = 1e30  # of a gradient or Hessian: sums of 1e8 of them still fit in single precision
LARGEST_MARGIN = 700.0  # of a wrong label: its exponential is a number

Column = tuple[int, int | None]  # a linear predictor as a score, or as the difference of two


@final
class ScoredRows:
    """Rows whose linear predictors are columns of scores."""

    def __init__(self, model: Model, y: Any, columns: Sequence[Column | float], start: Any, unit: Any) -> None:
        self.jets, self.y, self.rows = Jets(model, Rows(len(y), y, known=model.known)), y, len(y)
        self.columns, self.start, self.unit = columns, start, unit
        self.block = BLOCK if model.size <= 8 else BLOCK // 2

    def log_density(self, scores: Any) -> Floats:
        """The log-density of every row, from a matrix of scores."""
        return self.jets.values(lambda rows: self.predictors(scores, rows), self.block)

    def predictors(self, scores: Any, rows: slice) -> list[Any]:
        """The linear predictors of some rows; a float for a constant."""

        def score(k: int) -> Floats:
            return scores[rows, k] * self.unit[k] + self.start[k]

        def eta(column: Column | float) -> Any:
            if isinstance(column, float):
                return np.float64(column)
            plus, minus = column
            return score(plus) if minus is None else score(plus) - score(minus)

        return [eta(column) for column in self.columns]


def _logistic_rows(y: Any, scores: Any) -> list[tuple[Any, Any]]:
    """With e = exp(-m) of the margin m, minus the log-density is log(1 + e): the gradient's size is e / (1 + e)."""
    sign = 2.0 * y - 1.0
    e = scores[:, 0] * sign
    np.maximum(e, -LARGEST_MARGIN, out=e)
    np.negative(e, out=e)
    np.exp(e, out=e)
    p = 1.0 + e
    np.reciprocal(p, out=p)
    e *= p  # 1 - p with all its digits
    sign *= e
    np.negative(sign, out=sign)
    e *= p
    return [(sign, e)]


def _categorical_rows(y: Any, scores: Any) -> list[tuple[Any, Any]]:
    """Softmax of one score for each level: the gradient is p - [y = level], the Hessian's diagonal p (1 - p)."""
    columns = np.ascontiguousarray(scores.T, dtype=float)
    p = np.exp(columns - columns.max(axis=0))
    p /= p.sum(axis=0)
    return [(p[k] - (y == k), np.maximum(p[k] * (1.0 - p[k]), SMALLEST)) for k in range(len(p))]


def _normal_rows(y: Any, scores: Any, log_sd: float) -> list[tuple[Any, Any]]:
    precision = np.exp(-2.0 * log_sd)
    g = scores[:, 0] - y
    g *= precision
    return [(g, precision)]


def _poisson_rows(y: Any, scores: Any) -> list[tuple[Any, Any]]:
    rate = np.exp(scores[:, 0])
    return [(rate - y, rate)]


def _gamma_rows(y: Any, scores: Any, log_shape: float) -> list[tuple[Any, Any]]:
    """Minus the log-density is shape (log mean + y / mean), and a constant."""
    ratio = np.negative(scores[:, 0])
    np.exp(ratio, out=ratio)
    ratio *= y
    shape = np.exp(log_shape)
    if shape != 1.0:
        ratio *= shape
    return [(shape - ratio, ratio)]


# fused, by family and links, for scores of the first parameter with constants for the others; a test proves them
# equal to the derived ones
FUSED_ROWS: dict[tuple[str, ...], Callable[..., list[tuple[Any, Any]]]] = {
    ("bernoulli", "logit"): _logistic_rows,
    ("categorical", "logit"): _categorical_rows,
    ("gamma", "log", "log"): _gamma_rows,
    ("normal", "identity", "log"): _normal_rows,
    ("poisson", "log"): _poisson_rows,
}


def fused_rows(model: Model, columns: Sequence[Column | float]) -> Callable[..., list[tuple[Any, Any]]] | None:
    """(y, scores) -> gradient and second derivative in every score, where they are written out for this model."""
    links = [group[0].link.name for group in model.groups]
    rows = FUSED_ROWS.get((model.family.name, *links))
    constants = [column for column in columns if isinstance(column, float)]
    if rows is None or model.known or isinstance(columns[0], float) or len(constants) != len(links) - 1:
        return None
    return lambda y, scores: rows(y, scores, *constants)


def sign_of(column: Column | float, score: int) -> float:
    """How a score enters a linear predictor."""
    if isinstance(column, float):
        return 0.0
    return 1.0 if column[0] == score else -1.0 if column[1] == score else 0.0


def in_single_precision(g: Any, h: Any) -> tuple[Any, Any]:
    """Both shrunk by one factor where one is too large, so that their ratio stays."""
    if g @ g <= LARGEST**2 and np.max(h) <= LARGEST and np.min(h) >= -LARGEST:
        return g, h
    most = np.finfo(float).max
    g, h = np.clip(g, -most, most), np.clip(h, -most, most)
    shrink = np.minimum(1.0, LARGEST / np.fmax(np.abs(g), np.abs(h)))
    return g * shrink, h * shrink


def response(y: Any) -> Floats:
    y = np.asarray(y)
    return np.ascontiguousarray(y, dtype=float) if y.dtype.kind in "fiub" else y


def check_response(family: Family, y: Any) -> None:
    if y.ndim != 1 or y.dtype.kind != "f":
        hint = "; compare a yes/no column, y == 'yes', or take lk.Categorical()" if y.dtype.kind in "UO" else ""
        raise OptionError(
            f"{family.title} needs one number for every row as its response, found shape {y.shape} of type "
            f"{y.dtype}{hint}"
        )
    if np.any(missing := np.isnan(y)):
        where = np.flatnonzero(missing)
        raise MissingValuesError(
            f"{len(where)} of {len(y)} values of y are missing, which {family.title} gives no density: "
            f"{first_rows(where, y[where])}. Leave these rows out"
        )
    checks.check_support(family, y, family.known, "y")
