"""Rows with scores for linear predictors, and their derivatives as both libraries can hold them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, final

import numpy as np

from likely import checks
from likely.derive.objective import Objective
from likely.errors import MissingValuesError, OptionError, first_rows
from likely.family import Family
from likely.model import Model

SMALLEST = 1e-16  # of a Hessian, as in XGBoost: both libraries hold them in single precision and divide by their sums
LARGEST = 1e30  # of a gradient or Hessian: sums of 1e8 of them still fit in single precision

Column = tuple[int, int | None]  # a linear predictor as a score, or as the difference of two


@final
class ScoredRows(Objective):
    """Rows whose linear predictors are columns of scores: what stands for coefficients is their matrix."""

    def __init__(self, model: Model, y: Any, columns: Sequence[Column | float], start: Any) -> None:
        super().__init__(model, y)
        self.columns, self.start = columns, start

    def etas(self, coefficients: Any, rows: slice) -> list[Any]:
        def score(k: int) -> Any:
            return coefficients[rows, k] + self.start[k]

        def eta(column: Column | float) -> Any:
            if isinstance(column, float):
                return np.float64(column)
            plus, minus = column
            return score(plus) if minus is None else score(plus) - score(minus)

        return [eta(column) for column in self.columns]


def _categorical_rows(y: Any, scores: Any) -> list[tuple[Any, Any]]:
    """Softmax of one score for each level: the gradient is p - [y = level], the Hessian's diagonal p (1 - p)."""
    columns = np.ascontiguousarray(scores.T, dtype=float)
    p = np.exp(columns - columns.max(axis=0))
    p /= p.sum(axis=0)
    return [(p[k] - (y == k), np.maximum(p[k] * (1.0 - p[k]), SMALLEST)) for k in range(len(p))]


LABEL_ROWS = {"categorical": _categorical_rows}  # fused; a test proves them equal to the derived ones


def sign_of(column: Column | float, score: int) -> float:
    """How a score enters a linear predictor."""
    if isinstance(column, float):
        return 0.0
    return 1.0 if column[0] == score else -1.0 if column[1] == score else 0.0


def in_single_precision(g: Any, h: Any) -> tuple[Any, Any]:
    """Both shrunk by one factor where one is too large, so that their ratio stays."""
    largest = max(float(np.max(np.abs(g))), float(np.max(h)), -float(np.min(h)))
    if largest <= LARGEST:
        return g, h
    most = np.finfo(float).max
    g, h = np.clip(g, -most, most), np.clip(h, -most, most)
    shrink = np.minimum(1.0, LARGEST / np.fmax(np.abs(g), np.abs(h)))
    return g * shrink, h * shrink


def response(y: Any) -> Any:
    y = np.asarray(y)
    return np.ascontiguousarray(y, dtype=float) if y.dtype.kind in "fiub" else y


def check_response(family: Family, y: Any) -> None:
    if y.ndim != 1 or y.dtype.kind != "f":
        raise OptionError(
            f"{family.title} needs one number for every row as its response, found shape {y.shape} of type {y.dtype}"
        )
    if np.any(missing := np.isnan(y)):
        where = np.flatnonzero(missing)
        raise MissingValuesError(
            f"{len(where)} of {len(y)} values of y are missing, which {family.title} gives no density: "
            f"{first_rows(where, y[where])}. Leave these rows out"
        )
    checks.check_support(family, y, family.known, "y", None, None)
