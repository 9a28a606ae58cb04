"""Outcomes and probabilities, looked through before anything is computed from them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from likely.checking.calibration.labels import in_order, labels_of
from likely.data import alignment
from likely.data.tables import Table, missing, read
from likely.errors import DataError, MissingValuesError, OptionError, ParameterError, first_rows, listed
from likely.models.checks import items_of
from likely.namespace.arrays import Floats, Integers

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
    places : ndarray of int, or None
        The rows among all that were given, where those of weight zero are left out.
    """

    codes: Integers
    p: Floats
    w: Floats
    labels: tuple[Any, ...]
    places: Integers | None = None

    def row(self, i: int) -> int:
        """A row as messages count it: from 0, among all that were given."""
        return int(i if self.places is None else self.places[i])

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
        How often each row counts; one of weight zero is as if it were not there.
    labels : sequence, optional
        The labels in the order of the columns of p, or, where these have names, in the order wanted; by default the
        columns' names, else the outcomes, sorted.

    Raises
    ------
    DataError, MissingValuesError, ParameterError, OptionError
        If they cannot be used, with the first rows.
    """
    whole = _one_column(y)
    given, keys = _matched(p, whole)
    w = np.ones(whole.n) if weights is None else _weights(weights, whole)
    counted = None if np.all(w > 0.0) else w > 0.0
    table = whole if counted is None else whole.only(counted)
    p = _probabilities(given if counted is None else given[counted], table)
    w = w if counted is None else w[counted]
    y, declared = _labels(table)
    size = 2 if p.ndim == 1 else p.shape[1]
    values = list(dict.fromkeys(y.tolist()))
    if labels is None:
        labels = labels_of(values, keys, size, p.ndim == 2)
        if keys is None and declared is not None and [v for v in labels if v in declared] != list(declared):
            raise DataError(
                f"the outcomes declare the order {listed(declared)} and are {listed(labels)} when sorted: say which of "
                "them the columns of p follow with labels=[...]"
            )
    labels = tuple(items_of(labels, f"labels= names each of the {size} outcomes once"))
    if (
        any(not isinstance(label, Hashable) for label in labels)
        or len(set(labels)) < len(labels)
        or len(labels) != size
    ):
        raise OptionError(f"labels= names each of the {size} outcomes once, found {listed(labels)}")
    if keys is not None and (order := in_order(labels, keys)) is not None:
        p = p[:, order]
    place = {label: k for k, label in enumerate(labels)}
    codes = np.array([place.get(v, -1) for v in y.tolist()])
    if np.any(codes < 0):
        rows = np.flatnonzero(codes < 0)
        raise DataError(
            f"{len(rows)} outcomes are not among the labels {listed(labels)}: {first_rows(table.places(rows), y[rows])}"
        )
    if p.ndim == 2 and size == 2:
        p = p[:, 1]
    return Outcomes(codes, p, w, labels, None if counted is None else np.flatnonzero(counted))


def _one_column(y: Any) -> Table:
    """The outcomes as one column called y."""
    if np.ndim(y) == 0 and not hasattr(y, "__len__"):
        raise DataError(f"y is one column of outcomes, found {y!r}")
    return read({"y": y})


def _labels(table: Table) -> tuple[Any, Any]:
    """The outcomes as labels, and the levels that they declare."""
    array = table.labels("y")
    if (lost := missing(array)).any():
        rows = np.flatnonzero(lost)
        raise MissingValuesError(
            f"{len(rows)} values of y are missing, {first_rows(table.places(rows), ['missing'] * len(rows))}"
        )
    return array, table.levels("y")


def _matched(p: Any, outcomes: Table) -> tuple[Any, tuple[Any, ...] | None]:
    """Probabilities in the order of the outcomes, matched by label where both have labels; and their columns' names."""
    if hasattr(p, "columns") or isinstance(p, Mapping):
        table = read(p)
        if not table.names:
            raise DataError("p has no column of probabilities")
        names: tuple[Any, ...] | None = tuple(table.names)
        values, index = np.column_stack([table.column(name) for name in table.names]), table.index
        if values.shape[1] == 1:
            names, values = None, values[:, 0]
    else:
        names, index = None, alignment.index_of(p)
        try:
            values = np.asarray(p)
        except ValueError:  # rows of different lengths
            raise DataError("p must be numbers: probabilities between 0 and 1") from None
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim not in (1, 2):
        raise DataError(f"p is one column, or one for each label, found the shape {values.shape}")
    if outcomes.n != len(values):
        raise DataError(f"y has {outcomes.n} outcomes, p has {len(values)} rows of probabilities")
    if not outcomes.n:
        raise DataError("there are no outcomes")
    if not values.size:
        raise DataError("p holds no probability")
    order = outcomes.match(index, "p", "y")
    return values if order is None else values[order], names


def _probabilities(p: Any, table: Table) -> Floats:
    """Probabilities as numbers, in the rows of a table."""
    try:
        p = np.asarray(p, dtype=float)
    except (TypeError, ValueError):
        raise DataError("p must be numbers: probabilities between 0 and 1") from None
    flat = p if p.ndim == 1 else p.min(axis=1) + 0.0 * p.max(axis=1)
    if np.any(np.isnan(p)):
        rows = np.flatnonzero(np.isnan(flat))
        raise MissingValuesError(
            f"{len(rows)} rows of p are missing, {first_rows(table.places(rows), [np.nan] * len(rows))}"
        )
    out = (p < 0.0) | (p > 1.0)
    if np.any(out):
        rows = np.flatnonzero(out if p.ndim == 1 else out.any(axis=1))
        bad = [p[i] if p.ndim == 1 else p[i][out[i]][0] for i in rows]
        raise ParameterError(
            f"probabilities lie between 0 and 1, but {len(rows)} of {len(p)} rows do not: "
            f"{first_rows(table.places(rows), bad)}. Scores and logits become probabilities by 1 / (1 + exp(-score)), "
            "percentages divided by 100"
        )
    if p.ndim == 2 and np.any(far := np.abs(p.sum(axis=1) - 1.0) > SUM):
        rows = np.flatnonzero(far)
        raise ParameterError(
            f"the probabilities of a row sum to 1, but those of {len(rows)} of {len(p)} rows do not: "
            f"{first_rows(table.places(rows), np.round(p.sum(axis=1)[rows], 6))}"
        )
    return p


def _weights(weights: Any, outcomes: Table) -> Floats:
    try:
        w = np.asarray(weights, dtype=float)
    except (TypeError, ValueError):
        raise DataError("weights must be numbers") from None
    if w.shape != (outcomes.n,):
        raise DataError(f"weights has the shape {w.shape}, and there are {outcomes.n} outcomes")
    if (order := outcomes.match(alignment.index_of(weights), "weights", "y")) is not None:
        w = w[order]
    if np.any(bad := ~(np.isfinite(w) & (w >= 0.0))) or not np.any(w > 0.0):
        rows = np.flatnonzero(bad)
        raise DataError(f"weights are numbers of at least 0, not all 0; found {first_rows(rows, w[rows]) or 'only 0'}")
    return w


def matched(values: Any, y: Any, what: str) -> Floats:
    """Values with one entry for each of y, in y's order: matched by label where both have labels."""
    index, other = alignment.index_of(y), alignment.index_of(values)
    array = np.asarray(values)
    if index is None or other is None or len(index) != len(other):
        return array
    order = alignment.order(index, other, what, "y")
    return array if order is None else array[order]


def column_of_numbers(y: Any) -> Floats:
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
