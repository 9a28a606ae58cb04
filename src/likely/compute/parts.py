"""Parts of a design matrix: columns that are dense, sparse, or the levels of a category.

All have the same methods: rows (``part[rows]``), products (``times``, ``transposed``), the same as a sparse matrix
(``csr``) or array (``dense``), a column, some columns (``select``), rows with a missing value (NaN), absolute values,
the number of stored ``entries`` in a row, and one number for each column (``reduce``, see `Blocks.reduce`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np
from scipy import sparse

from likely.namespace.arrays import Floats

ROWS_AT_ONCE = 8192  # of a dense product: what fits in the cache


@final
class Indicators:
    """Columns of which each row has at most one that is not zero: the levels of a category.

    Parameters
    ----------
    codes : ndarray of int32, shape (n,)
        The column in which a row has its entry; `width` for a row without one.
    width : int
        Number of columns.
    values : ndarray, shape (n,), optional
        The entries; 1 by default.
    """

    def __init__(self, codes: Any, width: int, values: Any = None) -> None:
        self.codes, self.width, self.values = codes, width, values

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.codes), self.width

    def __getitem__(self, rows: Any) -> Indicators:
        return Indicators(self.codes[rows], self.width, None if self.values is None else self.values[rows])

    @cached_property
    def csr(self) -> Any:
        """The same as a sparse matrix, with one more column for the rows without an entry."""
        n = len(self.codes)
        entries = np.ones(n) if self.values is None else self.values
        return sparse.csr_array((entries, self.codes, np.arange(n + 1, dtype=np.int32)), shape=(n, self.width + 1))

    def times(self, b: Any) -> Floats:
        """Product with a vector, or with the columns of a matrix."""
        return self.csr @ np.concatenate([b, np.zeros((1, *b.shape[1:]))])

    def transposed(self, g: Any) -> Any:
        """Product of the transpose with a vector, or with the columns of a matrix."""
        if g.ndim == 1:
            g = g if self.values is None else g * self.values
            return np.bincount(self.codes, g, self.width + 1)[: self.width]
        return (self.csr.T @ g)[: self.width]

    def squares(self, h: Any) -> Any:
        """The diagonal of self' diag(h) self, which has nothing else."""
        h = h if self.values is None else h * (self.values * self.values)
        return np.bincount(self.codes, h, self.width + 1)[: self.width]

    def cross(self, h: Any, other: Indicators) -> Any:
        """self' diag(h) other."""
        h = h if self.values is None else h * self.values
        h = h if other.values is None else h * other.values
        if other.codes is self.codes:
            return np.diag(np.bincount(self.codes, h, self.width + 1)[: self.width])
        wide = other.width + 1
        cells = np.bincount(self.codes.astype(np.intp) * wide + other.codes, h, (self.width + 1) * wide)
        return cells.reshape(self.width + 1, wide)[: self.width, : other.width]

    @property
    def entries(self) -> float:
        return 1.0

    def missing_rows(self) -> Any:
        return np.zeros(len(self.codes), dtype=bool) if self.values is None else np.isnan(self.values)

    def select(self, kept: Any) -> Indicators:
        new = np.full(self.width + 1, len(kept), dtype=np.int32)
        new[kept] = np.arange(len(kept), dtype=np.int32)
        return Indicators(new[self.codes], len(kept), self.values)

    def dense(self) -> Floats:
        return self.csr.toarray()[:, : self.width]

    def column(self, i: int) -> Floats:
        return np.where(self.codes == i, 1.0 if self.values is None else self.values, 0.0)

    def absolute(self) -> Indicators:
        return self if self.values is None else Indicators(self.codes, self.width, np.abs(self.values))

    def reduce(self, of_dense: Any, of_entries: Any) -> Floats:
        return of_entries(self.csr)[: self.width]


@final
@dataclass(frozen=True, eq=False)
class Sparse:
    """Columns with few entries, as a CSR matrix."""

    matrix: Any

    @property
    def shape(self) -> tuple[int, int]:
        return self.matrix.shape

    def __getitem__(self, rows: Any) -> Sparse:
        return Sparse(self.matrix[rows])

    @property
    def csr(self) -> Any:
        return self.matrix

    def times(self, b: Any) -> Floats:
        return self.matrix @ b

    def transposed(self, g: Any) -> Floats:
        return self.matrix.T @ g

    @property
    def entries(self) -> float:
        return self.matrix.nnz / max(1, self.matrix.shape[0])

    def missing_rows(self) -> Any:
        missing = np.zeros(self.matrix.shape[0], dtype=bool)
        if np.any(nan := np.isnan(self.matrix.data)):
            missing[np.unique(np.searchsorted(self.matrix.indptr, np.flatnonzero(nan), side="right") - 1)] = True
        return missing

    def select(self, kept: Any) -> Sparse:
        return Sparse(self.matrix[:, kept])

    def dense(self) -> Floats:
        return self.matrix.toarray()

    def column(self, i: int) -> Floats:
        return self.matrix[:, [i]].toarray()[:, 0]

    def absolute(self) -> Sparse:
        return Sparse(abs(self.matrix))

    def reduce(self, of_dense: Any, of_entries: Any) -> Floats:
        return of_entries(self.matrix)


@final
@dataclass(frozen=True, eq=False)
class Dense:
    """Columns as a plain array."""

    array: Floats

    @property
    def shape(self) -> tuple[int, int]:
        return self.array.shape

    def __getitem__(self, rows: Any) -> Dense:
        return Dense(self.array[rows])

    @property
    def csr(self) -> Any:
        return sparse.csr_array(self.array)

    def times(self, b: Any) -> Floats:
        return self.array @ b

    def transposed(self, g: Any) -> Floats:
        return self.array.T @ g

    @property
    def entries(self) -> float:
        return self.array.shape[1]

    def missing_rows(self) -> Any:
        return np.isnan(self.array).any(axis=1)

    def select(self, kept: Any) -> Dense:
        return Dense(np.ascontiguousarray(self.array[:, kept]))

    def dense(self) -> Floats:
        return self.array

    def column(self, i: int) -> Floats:
        return self.array[:, i]

    def absolute(self) -> Dense:
        return Dense(np.abs(self.array))

    def reduce(self, of_dense: Any, of_entries: Any) -> Floats:
        return of_dense(self.array)


Part = Dense | Sparse | Indicators


def cross(a: Part, h: Any, b: Part) -> Floats:
    """a' diag(h) b, an array."""
    if isinstance(b, Dense):
        out: Any = 0.0
        for lo in range(0, max(1, len(h)), ROWS_AT_ONCE):
            rows = slice(lo, lo + ROWS_AT_ONCE)
            out = out + a[rows].transposed(b.array[rows] * h[rows, None])
        return out
    if isinstance(a, Dense):
        return cross(b, h, a).T
    if isinstance(a, Indicators) and isinstance(b, Indicators):
        return a.cross(h, b)
    left = a.csr.T @ sparse.dia_array((h[None, :], [0]), shape=(len(h), len(h)))
    return (left @ b.csr).toarray()[: a.shape[1], : b.shape[1]]


def products_by_row(a: Part, v: Any, b: Part) -> Floats:
    """a_i' v b_i of every row i."""
    n = a.shape[0]
    if isinstance(a, Indicators) and isinstance(b, Indicators):
        padded = np.zeros((a.width + 1, b.width + 1))
        padded[:-1, :-1] = v
        out = padded[a.codes, b.codes]
        for part in (a, b):
            out = out if part.values is None else out * part.values
        return out
    out = np.empty(n)
    for lo in range(0, n, ROWS_AT_ONCE):
        rows = slice(lo, lo + ROWS_AT_ONCE)
        right = b[rows]
        left = a[rows].times(v)
        if isinstance(right, Dense):
            out[rows] = np.einsum("ij,ij->i", left, right.array)
        else:
            matrix = right.csr
            left = left if left.shape[1] == matrix.shape[1] else np.column_stack([left, np.zeros(len(left))])
            out[rows] = np.asarray(matrix.multiply(left).sum(axis=1)).ravel()
    return out
