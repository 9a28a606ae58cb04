"""Matrices of predictors that the user gives in place of a formula."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np

from likely.compute import blocks
from likely.compute.blocks import Blocks
from likely.data.columns import from_array
from likely.data.evaluation import column_sums
from likely.data.tables import Table, read
from likely.errors import DataError
from likely.namespace.arrays import Floats


@final
@dataclass(frozen=True, eq=False)
class NamedMatrix:
    """A matrix of predictors with names for its columns.

    Attributes
    ----------
    x : ndarray, SciPy sparse matrix or Blocks, shape (n, p)
    names : tuple of str
        Empty where they have none.
    """

    x: Floats
    names: tuple[str, ...] = ()

    def __len__(self) -> int:
        return int(self.x.shape[0])

    @cached_property
    def sums(self) -> Floats:
        """The sums of the columns, which tell whether all values are finite."""
        return column_sums(self.x)


def read_matrix(x: Any, table: Table, rows: Any = None) -> NamedMatrix:
    """A matrix of predictors that the user gave beside a table, matched to its rows by label where both have labels.

    Parameters
    ----------
    x : plain or sparse matrix, or table
        One row for each of the table's.
    table : Table
    rows : ndarray of bool, optional
        The rows to keep.
    """
    names: tuple[str, ...] = ()
    if isinstance(x, NamedMatrix):
        x, names = x.x, x.names
    what = "the matrix of predictors"
    if blocks.is_sparse(x):
        x = blocks.from_sparse(x)
    elif not isinstance(x, np.ndarray) or x.dtype.names or x.dtype.kind == "O":
        own = read(x, table.na)
        names = names or (tuple(own.names) if own.named else ())
        if not own.names:
            raise DataError(f"{what} has no columns")
        _check_length(own.n, table)
        order = table.match(own.index, what)
        columns = {c: own.column(c) if order is None else own.column(c)[order] for c in own.names}
        own = read(columns) if rows is None else read(columns).only(rows)
        return NamedMatrix(np.column_stack([own.number(c) for c in own.names]), names)
    elif isinstance(x, np.ma.MaskedArray):
        x = from_array(x.ravel())[0].reshape(x.shape)
    if x.ndim == 1:
        x = x[:, None]
    if x.ndim != 2 or (isinstance(x, np.ndarray) and x.dtype.kind not in "fiub"):
        raise DataError(f"a matrix of predictors has two dimensions and holds numbers, found {x.dtype} {x.shape}")
    _check_length(len(x), table)
    return NamedMatrix(x if rows is None else x[rows], names)


def _check_length(n: int, table: Table) -> None:
    if n != table.n:
        raise DataError(f"the response has {table.n} rows, the matrix of predictors {n}")


def matrix_missing(matrix: NamedMatrix) -> Floats | None:
    """Where a matrix of predictors lacks a value, as a column that is NaN there; None if it is complete."""
    x = matrix.x
    if isinstance(x, Blocks):
        missing = x.missing_rows()
        return np.where(missing, np.nan, 0.0) if np.any(missing) else None
    if np.all(np.isfinite(matrix.sums)) or not np.any(missing := np.isnan(x).any(axis=1)):
        return None
    return np.where(missing, np.nan, 0.0)
