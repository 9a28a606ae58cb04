"""Outcomes and probabilities, looked through before anything is computed from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from likely.calibration.labels import in_order, labels_of
from likely.checks import items_of
from likely.errors import DataError, MissingValuesError, OptionError, ParameterError, first_rows, listed
from likely.tables import missing, read

SUM = 1e-6  # how far probabilities of a row may be from summing to 1


@final
@dataclass(frozen=True, eq=False)
class Outcomes:
    """Codes of what happened, the probabilities that were given to it, and how often each row counts.

    Attributes
    ----------
    codes : ndarray of int, shape (n,)
    p : ndarray, shape (n,) or (n, K)
        Of the second label, or of all.
    w : ndarray, shape (n,)
    labels : tuple
    """

    codes: Any
    p: Any
    w: Any
    labels: tuple[Any, ...]

    @property
    def n(self) -> float:
        """Number of observations."""
        return float(self.w.sum())


def read_outcomes(y: Any, p: Any, weights: Any = None, labels: Sequence[Any] | None = None) -> Outcomes:
    """Check outcomes and probabilities.

    Parameters
    ----------
    y : array_like, shape (n,)
        0 and 1, booleans, or labels.
    p : array_like, shape (n,) or (n, K), or table
        Of the event (the second of two labels), or of each label; a table's columns name the labels.
    weights : array_like, optional
        How often each row counts.
    labels : sequence, optional
        The labels in the order of the columns of p, or, where these have names, in the order wanted; by default the
        columns' names, else the outcomes, sorted.

    Raises
    ------
    DataError, MissingValuesError, ParameterError, OptionError
        If they cannot be used, with the first rows.
    """
    p, keys = _probabilities(p)
    y, declared = _labels(y)
    if len(y) != len(p):
        raise DataError(f"y has {len(y)} outcomes, p has {len(p)} rows of probabilities")
    if not len(y):
        raise DataError("there are no outcomes")
    size = 2 if p.ndim == 1 else p.shape[1]
    values = list(dict.fromkeys(y.tolist()))
    if labels is None:
        labels = labels_of(values, keys, size, p.ndim == 2)
        if keys is None and declared is not None and [v for v in labels if v in declared] != list(declared):
            raise DataError(
                f"the outcomes declare the order {listed(declared)} and are {listed(labels)} when sorted: say which of "
                "them the columns of p follow with labels=[...]"
            )
    elif keys is not None and (order := in_order(labels, keys)) is not None:
        p = p[:, order]
    labels = tuple(items_of(labels, f"labels= names each of the {size} outcomes once"))
    if len(labels) != size or len(set(labels)) < size:
        raise OptionError(f"labels= names each of the {size} outcomes once, found {listed(labels)}")
    place = {label: k for k, label in enumerate(labels)}
    codes = np.array([place.get(v, -1) for v in y.tolist()])
    if np.any(codes < 0):
        rows = np.flatnonzero(codes < 0)
        raise DataError(f"{len(rows)} outcomes are not among the labels {listed(labels)}: {first_rows(rows, y[rows])}")
    w = np.ones(len(y)) if weights is None else _weights(weights, len(y))
    if p.ndim == 2 and size == 2:
        p = p[:, 1]
    return Outcomes(codes, p, w, labels)


def _labels(y: Any) -> tuple[Any, Any]:
    """The outcomes as one column, and the levels that they declare."""
    if np.ndim(y) == 0 and not hasattr(y, "__len__"):
        raise DataError(f"y is one column of outcomes, found {y!r}")
    table = read({"y": y})
    array = table.labels("y")
    if (lost := missing(array)).any():
        rows = np.flatnonzero(lost)
        raise MissingValuesError(f"{len(rows)} values of y are missing, {first_rows(rows, ['missing'] * len(rows))}")
    return array, table.levels("y")


def _probabilities(p: Any) -> tuple[Any, tuple[Any, ...] | None]:
    """Probabilities as numbers, and what their columns are called."""
    names: tuple[Any, ...] | None = None
    if hasattr(p, "columns") or isinstance(p, Mapping):
        table = read(p)
        if not table.names:
            raise DataError("p has no column of probabilities")
        names, p = tuple(table.names), np.column_stack([table.column(name) for name in table.names])
        if p.shape[1] == 1:
            names, p = None, p[:, 0]
    try:
        p = np.asarray(p, dtype=float)
    except (TypeError, ValueError):
        raise DataError("p must be numbers: probabilities between 0 and 1") from None
    if p.ndim == 2 and p.shape[1] == 1:
        p = p[:, 0]
    if p.ndim not in (1, 2):
        raise DataError(f"p is one column, or one for each label, found the shape {p.shape}")
    if not p.size:
        raise DataError("p holds no probability")
    flat = p if p.ndim == 1 else p.min(axis=1) + 0.0 * p.max(axis=1)
    if np.any(np.isnan(p)):
        rows = np.flatnonzero(np.isnan(flat))
        raise MissingValuesError(f"{len(rows)} rows of p are missing, {first_rows(rows, [np.nan] * len(rows))}")
    out = (p < 0.0) | (p > 1.0)
    if np.any(out):
        rows = np.flatnonzero(out if p.ndim == 1 else out.any(axis=1))
        bad = [p[i] if p.ndim == 1 else p[i][out[i]][0] for i in rows]
        raise ParameterError(
            f"probabilities lie between 0 and 1, but {len(rows)} of {len(p)} rows do not: {first_rows(rows, bad)}. "
            "Scores and logits become probabilities by 1 / (1 + exp(-score)), percentages divided by 100"
        )
    if p.ndim == 2 and np.any(far := np.abs(p.sum(axis=1) - 1.0) > SUM):
        rows = np.flatnonzero(far)
        raise ParameterError(
            f"the probabilities of a row sum to 1, but those of {len(rows)} of {len(p)} rows do not: "
            f"{first_rows(rows, np.round(p.sum(axis=1)[rows], 6))}"
        )
    return p, names


def _weights(weights: Any, n: int) -> Any:
    try:
        w = np.asarray(weights, dtype=float)
    except (TypeError, ValueError):
        raise DataError("weights must be numbers") from None
    if w.shape != (n,):
        raise DataError(f"weights has the shape {w.shape}, and there are {n} outcomes")
    if np.any(bad := ~(np.isfinite(w) & (w >= 0.0))) or not np.any(w > 0.0):
        rows = np.flatnonzero(bad)
        raise DataError(f"weights are numbers of at least 0, not all 0; found {first_rows(rows, w[rows]) or 'only 0'}")
    return w


def column_of_numbers(y: Any) -> Any:
    """Observed numbers, none missing."""
    try:
        y = np.asarray(y, dtype=float)
    except (TypeError, ValueError):
        raise DataError("y must be numbers") from None
    if y.ndim != 1 or not len(y):
        raise DataError(f"y is one column of numbers, found the shape {y.shape}")
    if np.any(np.isnan(y)):
        rows = np.flatnonzero(np.isnan(y))
        raise MissingValuesError(f"{len(rows)} values of y are missing, {first_rows(rows, y[rows])}")
    return y
