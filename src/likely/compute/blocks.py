"""Design matrices with more zeros than anything else, as blocks of columns: dense, sparse, or one of many levels.

A design is a plain array, or `Blocks` where an array would be mostly zeros: a column of 1,000 levels is then one
integer a row. `Blocks` has of an array what sums over rows need: rows (``x[lo:hi]``), products (``x @ b``, ``g @ x``).
The functions of this module take either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np
from scipy import sparse

ROWS_AT_ONCE = 8192  # of a dense product: what fits in the cache
MOSTLY_ZERO = 0.2  # share of entries below which a column of a sparse matrix stays sparse


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

    def times(self, b: Any) -> Any:
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

    def times(self, b: Any) -> Any:
        return self.matrix @ b

    def transposed(self, g: Any) -> Any:
        return self.matrix.T @ g


@final
@dataclass(frozen=True, eq=False)
class Dense:
    """Columns as a plain array."""

    array: Any

    @property
    def shape(self) -> tuple[int, int]:
        return self.array.shape

    def __getitem__(self, rows: Any) -> Dense:
        return Dense(self.array[rows])

    @property
    def csr(self) -> Any:
        return sparse.csr_array(self.array)

    def times(self, b: Any) -> Any:
        return self.array @ b

    def transposed(self, g: Any) -> Any:
        return self.array.T @ g


Part = Dense | Sparse | Indicators


def _cross(a: Part, h: Any, b: Part) -> Any:
    """a' diag(h) b, an array."""
    if isinstance(b, Dense):
        out = 0.0
        for lo in range(0, max(1, len(h)), ROWS_AT_ONCE):
            rows = slice(lo, lo + ROWS_AT_ONCE)
            out = out + a[rows].transposed(b.array[rows] * h[rows, None])
        return out
    if isinstance(a, Dense):
        return _cross(b, h, a).T
    if isinstance(a, Indicators) and isinstance(b, Indicators):
        return a.cross(h, b)
    left = a.csr.T @ sparse.dia_array((h[None, :], [0]), shape=(len(h), len(h)))
    return (left @ b.csr).toarray()[: a.shape[1], : b.shape[1]]


@final
@dataclass(frozen=True, eq=False)
class Blocks:
    """A matrix as blocks of columns.

    Attributes
    ----------
    parts : tuple of Dense, Sparse or Indicators
    columns : tuple of ndarray of int
        Where each part's columns stand in the matrix.
    """

    parts: tuple[Part, ...]
    columns: tuple[Any, ...]

    __array_ufunc__ = None  # so that array @ blocks comes here
    ndim = 2

    @property
    def shape(self) -> tuple[int, int]:
        return self.parts[0].shape[0], sum(part.shape[1] for part in self.parts)

    def __len__(self) -> int:
        return self.parts[0].shape[0]

    @property
    def entries(self) -> float:
        """Entries per row that are stored."""
        return sum(
            part.shape[1]
            if isinstance(part, Dense)
            else 1.0
            if isinstance(part, Indicators)
            else part.csr.nnz / max(1, len(self))
            for part in self.parts
        )

    def __getitem__(self, rows: Any) -> Blocks:
        """Some rows: a slice, a mask or indices."""
        return Blocks(tuple(part[rows] for part in self.parts), self.columns)

    def __matmul__(self, b: Any) -> Any:
        b = np.asarray(b, dtype=float)
        out = 0.0
        for part, at in zip(self.parts, self.columns, strict=True):
            out = out + part.times(b[at])
        return out

    def __rmatmul__(self, g: Any) -> Any:
        g = np.asarray(g, dtype=float)
        out = np.empty((self.shape[1], *g.shape[:-1]))
        for part, at in zip(self.parts, self.columns, strict=True):
            out[at] = part.transposed(g.T if g.ndim > 1 else g)
        return out.T

    def gram(self, h: Any, other: Blocks) -> Any:
        """self' diag(h) other, an array."""
        out = np.zeros((self.shape[1], other.shape[1]))
        for i, (a, rows) in enumerate(zip(self.parts, self.columns, strict=True)):
            for j, (b, columns) in enumerate(zip(other.parts, other.columns, strict=True)):
                if self is other and j < i:
                    continue
                if self is other and i == j and isinstance(a, Indicators):
                    out[rows, rows] = a.squares(h)
                    continue
                block = _cross(a, h, b)
                out[_places(rows, columns)] = block
                if self is other and j > i:
                    out[_places(columns, rows)] = block.T
        return out

    def missing_rows(self) -> Any:
        """Rows in which a value is missing (NaN)."""
        gone = np.zeros(len(self), dtype=bool)
        for part in self.parts:
            if isinstance(part, Dense):
                gone |= np.isnan(part.array).any(axis=1)
            elif np.any(nan := np.isnan(part.csr.data)):
                gone[np.unique(np.searchsorted(part.csr.indptr, np.flatnonzero(nan), side="right") - 1)] = True
        return gone

    def select(self, columns: Sequence[int]) -> Blocks:
        """Some columns, in the order given."""
        wanted = np.asarray(columns, dtype=np.intp)
        place = np.full(self.shape[1], -1, dtype=np.intp)
        place[wanted] = np.arange(len(wanted))
        parts: list[Part] = []
        where = []
        for part, at in zip(self.parts, self.columns, strict=True):
            kept = np.flatnonzero(place[at] >= 0)
            if not len(kept):
                continue
            if isinstance(part, Indicators):
                new = np.full(part.width + 1, len(kept), dtype=np.int32)
                new[kept] = np.arange(len(kept), dtype=np.int32)
                part = Indicators(new[part.codes], len(kept), part.values)
            elif isinstance(part, Sparse):
                part = Sparse(part.matrix[:, kept])
            else:
                part = Dense(np.ascontiguousarray(part.array[:, kept]))
            parts.append(part)
            where.append(place[at[kept]])
        return Blocks(tuple(parts) or (Dense(np.zeros((len(self), 0))),), tuple(where) or (wanted,))

    @property
    def csr(self) -> Any:
        """The matrix as a SciPy sparse one."""
        whole = [part.csr[:, : part.shape[1]] for part in self.parts]
        return sparse.hstack(whole, format="csr")[:, np.argsort(np.concatenate(self.columns))]

    def dense(self) -> Any:
        """The matrix as a plain array."""
        out = np.zeros(self.shape)
        for part, at in zip(self.parts, self.columns, strict=True):
            out[:, at] = part.array if isinstance(part, Dense) else part.csr.toarray()[:, : part.shape[1]]
        return out

    def column(self, j: int) -> Any:
        """One column as a plain array."""
        for part, at in zip(self.parts, self.columns, strict=True):
            if len(k := np.flatnonzero(at == j)):
                i = int(k[0])
                if isinstance(part, Indicators):
                    return np.where(part.codes == i, 1.0 if part.values is None else part.values, 0.0)
                if isinstance(part, Sparse):
                    return part.matrix[:, [i]].toarray()[:, 0]
                return part.array[:, i]
        raise IndexError(j)

    def reduce(self, of_dense: Any, of_entries: Any) -> Any:
        """One number for each column: `of_dense` of an array, `of_entries` of a sparse matrix."""
        out = np.zeros(self.shape[1])
        for part, at in zip(self.parts, self.columns, strict=True):
            out[at] = of_dense(part.array) if isinstance(part, Dense) else of_entries(part.csr)[: part.shape[1]]
        return out


def _places(rows: Any, columns: Any) -> Any:
    """What picks some rows and columns of an array: slices where they are neighbours, which is quicker."""
    if all(len(at) and at[-1] - at[0] == len(at) - 1 and np.all(np.diff(at) == 1) for at in (rows, columns)):
        return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    return np.ix_(rows, columns)


Matrix = Any  # ndarray of shape (n, p), or Blocks: both know shape, len, rows and products


def _row_products(a: Part, v: Any, b: Part) -> Any:
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


# -- of either kind of matrix ----------------------------------------------------------------------------------


def gram(x: Matrix, h: Any, z: Matrix) -> Any:
    """x' diag(h) z, where at least one is `Blocks`."""
    return as_blocks(x).gram(h, as_blocks(z) if z is not x else as_blocks(x))


def by_level(which: Indicators, g: Any, x: Matrix) -> Any:
    """which' diag(g) x: for every level the sum of g_i x_i over its rows."""
    if isinstance(x, Blocks):
        return Blocks((which,), (np.arange(which.width),)).gram(g, x)
    return Indicators(which.codes, which.width, g).transposed(x)


def as_blocks(x: Matrix) -> Blocks:
    return x if isinstance(x, Blocks) else Blocks((Dense(x),), (np.arange(x.shape[1]),))


def join(x: Matrix, z: Matrix) -> Matrix:
    """The columns of both, side by side."""
    if not isinstance(x, Blocks) and not isinstance(z, Blocks):
        return np.column_stack([x, z])
    a, b = as_blocks(x), as_blocks(z)
    return Blocks((*a.parts, *b.parts), (*a.columns, *(at + a.shape[1] for at in b.columns)))


def column(x: Matrix, j: int) -> Any:
    """One column."""
    return x.column(j) if isinstance(x, Blocks) else x[:, j]


def constant_column(x: Matrix) -> int | None:
    """The first column that is one everywhere, if there is one."""
    few = dense(x[:: max(1, len(x) // 64)])
    ones = np.flatnonzero(np.all(few == 1.0, axis=0))
    return next((int(j) for j in ones if np.all(column(x, int(j)) == 1.0)), None)


def select(x: Matrix, columns: Sequence[int]) -> Matrix:
    """Some columns."""
    return x.select(columns) if isinstance(x, Blocks) else np.ascontiguousarray(x[:, list(columns)])


def dense(x: Matrix) -> Any:
    """As a plain array."""
    return x.dense() if isinstance(x, Blocks) else x


def absolute(x: Matrix) -> Matrix:
    """The absolute values."""
    if not isinstance(x, Blocks):
        return np.abs(x)
    parts: list[Part] = []
    for part in x.parts:
        if isinstance(part, Indicators):
            parts.append(part if part.values is None else Indicators(part.codes, part.width, np.abs(part.values)))
        else:
            parts.append(Dense(np.abs(part.array)) if isinstance(part, Dense) else Sparse(abs(part.matrix)))
    return Blocks(tuple(parts), x.columns)


def largest(x: Matrix) -> Any:
    """The largest absolute value of every column."""
    if len(x) == 0:
        return np.zeros(x.shape[1])
    if not isinstance(x, Blocks):
        return np.maximum(x.max(axis=0), -x.min(axis=0))
    return x.reduce(lambda a: np.abs(a).max(axis=0), lambda s: abs(s).max(axis=0).toarray().ravel())


def row_products(x: Matrix, v: Any, z: Matrix) -> Any:
    """x_i' v z_i of every row i."""
    if not isinstance(x, Blocks) and not isinstance(z, Blocks):
        return _row_products(Dense(x), v, Dense(z))
    x, z = as_blocks(x), as_blocks(z)
    out: Any = np.zeros(len(x))
    for a, rows in zip(x.parts, x.columns, strict=True):
        for b, columns in zip(z.parts, z.columns, strict=True):
            out += _row_products(a, v[np.ix_(rows, columns)], b)
    return out


def column_scale(x: Blocks) -> Any:
    """Euclidean norm of every column (1 for a zero column); for arrays see `likely.compute.solve.orthogonal`."""
    norm = np.sqrt(x.reduce(lambda a: np.einsum("ij,ij->j", a, a), lambda s: s.power(2).sum(axis=0)))
    return np.where(norm > 0, norm, 1.0)


def is_sparse(x: Any) -> bool:
    """Whether something is a SciPy sparse matrix or array."""
    return sparse.issparse(x)


def from_sparse(matrix: Any) -> Blocks:
    """A SciPy sparse matrix, with the columns that are not mostly zeros made dense."""
    matrix = sparse.csr_array(matrix, dtype=float)
    matrix.sum_duplicates()
    n, p = matrix.shape
    filled = np.bincount(matrix.indices, minlength=p) >= MOSTLY_ZERO * max(1, n)
    full, thin = np.flatnonzero(filled), np.flatnonzero(~filled)
    parts: list[Part] = []
    where = []
    if len(full):
        parts.append(Dense(np.ascontiguousarray(matrix[:, full].toarray())))
        where.append(full)
    if len(thin) or not parts:
        parts.append(Sparse(matrix[:, thin] if len(full) else matrix))
        where.append(thin)
    return Blocks(tuple(parts), tuple(where))
