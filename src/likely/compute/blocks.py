"""Design matrices with more zeros than anything else, as blocks of columns: dense, sparse, or one of many levels.

A design is a plain array, or `Blocks` where an array would be mostly zeros: a column of 1,000 levels is then one
integer a row. `Blocks` has of an array what sums over rows need: rows (``x[lo:hi]``), products (``x @ b``, ``g @ x``).
The functions of this module take either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from scipy import sparse

from likely.compute.engines import memory
from likely.compute.parts import Dense, Indicators, Part, Sparse, cross, products_by_row
from likely.namespace.arrays import Booleans, Floats

TOGETHER = 16  # rows whose largest values are taken at once
MOSTLY_ZERO = 0.2  # share of entries below which a column of a sparse matrix stays sparse


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
        return sum(part.entries for part in self.parts)

    def __getitem__(self, rows: Any) -> Blocks:
        """Some rows: a slice, a mask or indices."""
        return Blocks(tuple(part[rows] for part in self.parts), self.columns)

    def __matmul__(self, b: Any) -> Floats:
        b = np.asarray(b, dtype=float)
        out: Any = 0.0
        for part, at in zip(self.parts, self.columns, strict=True):
            out = out + part.times(b[at])
        return out

    def __rmatmul__(self, g: Any) -> Floats:
        g = np.asarray(g, dtype=float)
        out = np.empty((self.shape[1], *g.shape[:-1]))
        for part, at in zip(self.parts, self.columns, strict=True):
            out[at] = part.transposed(g.T if g.ndim > 1 else g)
        return out.T

    def gram(self, h: Any, other: Blocks) -> Floats:
        """self' diag(h) other, an array."""
        out = np.zeros((self.shape[1], other.shape[1]))
        for i, (a, rows) in enumerate(zip(self.parts, self.columns, strict=True)):
            for j, (b, columns) in enumerate(zip(other.parts, other.columns, strict=True)):
                if self is other and j < i:
                    continue
                if self is other and i == j and isinstance(a, Indicators):
                    out[rows, rows] = a.squares(h)
                    continue
                block = cross(a, h, b)
                out[_places(rows, columns)] = block
                if self is other and j > i:
                    out[_places(columns, rows)] = block.T
        return out

    def missing_rows(self) -> Booleans:
        """Rows in which a value is missing (NaN)."""
        missing = np.zeros(len(self), dtype=bool)
        for part in self.parts:
            missing |= part.missing_rows()
        return missing

    def select(self, columns: Sequence[int]) -> Blocks:
        """Some columns, in the order given."""
        wanted = np.asarray(columns, dtype=np.intp)
        place = np.full(self.shape[1], -1, dtype=np.intp)
        place[wanted] = np.arange(len(wanted))
        parts: list[Part] = []
        where = []
        for part, at in zip(self.parts, self.columns, strict=True):
            if len(kept := np.flatnonzero(place[at] >= 0)):
                parts.append(part.select(kept))
                where.append(place[at[kept]])
        return Blocks(tuple(parts) or (Dense(np.zeros((len(self), 0))),), tuple(where) or (wanted,))

    @property
    def csr(self) -> Any:
        """The matrix as a SciPy sparse one."""
        whole = [part.csr[:, : part.shape[1]] for part in self.parts]
        return sparse.hstack(whole, format="csr")[:, np.argsort(np.concatenate(self.columns))]

    def dense(self) -> Floats:
        """The matrix as a plain array."""
        out = np.zeros(self.shape)
        for part, at in zip(self.parts, self.columns, strict=True):
            out[:, at] = part.dense()
        return out

    def column(self, j: int) -> Floats:
        """One column as a plain array."""
        for part, at in zip(self.parts, self.columns, strict=True):
            if len(k := np.flatnonzero(at == j)):
                return part.column(int(k[0]))
        raise IndexError(j)

    def reduce(self, of_dense: Any, of_entries: Any) -> Floats:
        """One number for each column: `of_dense` of an array, `of_entries` of a sparse matrix."""
        out = np.zeros(self.shape[1])
        for part, at in zip(self.parts, self.columns, strict=True):
            out[at] = part.reduce(of_dense, of_entries)
        return out


def _places(rows: Any, columns: Any) -> Any:
    """What picks some rows and columns of an array: slices where they are neighbours, which is quicker."""
    if all(len(at) and at[-1] - at[0] == len(at) - 1 and np.all(np.diff(at) == 1) for at in (rows, columns)):
        return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    return np.ix_(rows, columns)


Matrix = Any  # ndarray of shape (n, p), or Blocks: both know shape, len, rows and products


# -- of either kind of matrix ----------------------------------------------------------------------------------


def gram(x: Matrix, h: Any, z: Matrix) -> Floats:
    """x' diag(h) z, where at least one is `Blocks`."""
    return as_blocks(x).gram(h, as_blocks(z) if z is not x else as_blocks(x))


def by_level(which: Indicators, g: Any, x: Matrix) -> Floats:
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


def column(x: Matrix, j: int) -> Floats:
    """One column."""
    return x.column(j) if isinstance(x, Blocks) else x[:, j]


def constant_column(x: Matrix) -> int | None:
    """The first column that is one everywhere, if there is one."""
    few = dense(x[:: max(1, len(x) // 64)])
    ones = np.flatnonzero(np.all(few == 1.0, axis=0))
    return next((int(j) for j in ones if _is_one(x, int(j))), None)


def _is_one(x: Matrix, j: int) -> bool:
    """Whether a column is one everywhere."""
    if isinstance(x, Blocks):
        return bool(np.all(x.column(j) == 1.0))
    return all(
        part[0] for part in memory.map_blocks(lambda lo, hi: (bool(np.all(x[lo:hi, j] == 1.0)),), len(x), 65_536)
    )


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
    return Blocks(tuple(part.absolute() for part in x.parts), x.columns)


def largest(x: Matrix) -> Floats:
    """The largest absolute value of every column."""
    if len(x) == 0:
        return np.zeros(x.shape[1])
    if not isinstance(x, Blocks):
        return np.maximum(_of_columns(np.maximum, x), -_of_columns(np.minimum, x))
    return x.reduce(lambda a: np.abs(a).max(axis=0), lambda s: abs(s).max(axis=0).toarray().ravel())


def _of_columns(function: np.ufunc, x: Floats) -> Floats:
    """The largest or smallest values of all columns, several rows at once: long loops are quick."""
    x = np.ascontiguousarray(x)
    n, p = x.shape
    whole = n - n % TOGETHER
    if not whole or not p:
        return function.reduce(x, axis=0)
    several = function.reduce(x[:whole].reshape(whole // TOGETHER, TOGETHER * p), axis=0).reshape(TOGETHER, p)
    return function.reduce(np.concatenate([several, x[whole:]]), axis=0)


def row_products(x: Matrix, v: Any, z: Matrix) -> Floats:
    """x_i' v z_i of every row i."""
    if not isinstance(x, Blocks) and not isinstance(z, Blocks):
        return products_by_row(Dense(x), v, Dense(z))
    x, z = as_blocks(x), as_blocks(z)
    out: Any = np.zeros(len(x))
    for a, rows in zip(x.parts, x.columns, strict=True):
        for b, columns in zip(z.parts, z.columns, strict=True):
            out += products_by_row(a, v[np.ix_(rows, columns)], b)
    return out


def column_scale(x: Blocks) -> Floats:
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
