"""Outcomes and probabilities, looked through before anything is computed from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from likely.errors import DataError, MissingValuesError, OptionError, ParameterError, first_rows, listed
from likely.tables import read

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
        The labels in the order of the columns of p; by default sorted.

    Raises
    ------
    DataError, MissingValuesError, ParameterError, OptionError
        If they cannot be used, with the first rows.
    """
    p, names = _probabilities(p)
    y = _plain(y, "y")
    if len(y) != len(p):
        raise DataError(f"y has {len(y)} outcomes, p has {len(p)} rows of probabilities")
    if not len(y):
        raise DataError("there are no outcomes")
    labels = tuple(labels) if labels is not None else names
    if labels is None:
        labels = _found(y, 2 if p.ndim == 1 else p.shape[1])
    size = 2 if p.ndim == 1 else p.shape[1]
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


def _plain(values: Any, what: str) -> Any:
    array = np.asarray(values)
    if array.dtype.kind not in "fiubOUS":
        array = array.astype(object)
    if array.ndim != 1:
        raise DataError(f"{what} is one column, found the shape {array.shape}")
    missing = np.array([v is None or v != v for v in array.tolist()]) if array.dtype.kind in "fO" else None
    if missing is not None and missing.any():
        rows = np.flatnonzero(missing)
        raise MissingValuesError(
            f"{len(rows)} values of {what} are missing, {first_rows(rows, ['missing'] * len(rows))}"
        )
    return array


def _probabilities(p: Any) -> tuple[Any, tuple[Any, ...] | None]:
    names: tuple[Any, ...] | None = None
    if hasattr(p, "columns") or isinstance(p, dict):
        table = read(p)
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


def _found(y: Any, size: int) -> tuple[Any, ...]:
    """The labels in the outcomes; 0, 1, ... where they are whole numbers below their count."""
    values = list(dict.fromkeys(y.tolist()))
    if all(not isinstance(v, str) and v in range(size) for v in values):
        return tuple(range(size))
    if len(values) != size:
        raise DataError(
            f"p gives probabilities to {size} outcomes, y has {len(values)} distinct ones, "
            f"{listed(sorted(values, key=str)[:6])}: "
            "name all of them in the order of p with labels=[...]"
        )
    return tuple(sorted(values))


def _weights(weights: Any, n: int) -> Any:
    w = np.asarray(weights, dtype=float)
    if w.shape != (n,):
        raise DataError(f"weights has the shape {w.shape}, and there are {n} outcomes")
    if np.any(bad := ~(np.isfinite(w) & (w >= 0.0))) or not np.any(w > 0.0):
        rows = np.flatnonzero(bad)
        raise DataError(f"weights are numbers of at least 0, not all 0; found {first_rows(rows, w[rows]) or 'only 0'}")
    return w
