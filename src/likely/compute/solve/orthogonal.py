"""Orthogonal factorisation of tall matrices: in blocks of rows, on all threads, without a copy of the matrix.

Each block of rows gives a small triangle by Householder's method, and the triangles one below the other give that of
the whole (Demmel, Grigori, Hoemmen and Langou 2012, *SIAM J. Sci. Comput.* 34). The orthonormal columns are not kept: a
block of them is the block of rows times the inverse of the triangle, in products without rounding errors to speak of
where the matrix is ill-conditioned (Ozaki, Ogita, Oishi and Rump 2012, *Numer. Algorithms* 59).
"""

from __future__ import annotations

import threading
from typing import Any, final

import numpy as np

from likely.compute import blocks
from likely.compute.blocks import Blocks
from likely.compute.engines import memory
from likely.namespace.arrays import Floats

BLOCK = 8192  # rows
EXTENDED = 5_000_000  # n p^2 up to which extended precision is cheap
ORDINARY = 1e5  # condition up to which an ordinary product keeps the digits of orthonormal columns
_local = threading.local()


def column_scale(x: Any, shift: Any = None) -> Floats:
    """Euclidean norm of every column, less `shift` (1 for a zero column), whatever the size of its values."""
    if isinstance(x, Blocks):
        return blocks.column_scale(x)
    with np.errstate(over="ignore", under="ignore"):
        if shift is None or not np.any(shift):
            squares = np.einsum("ij,ij->j", x, x)
        else:
            moved = (x[lo : lo + BLOCK] - shift for lo in range(0, len(x), BLOCK))
            squares = np.sum([np.einsum("ij,ij->j", part, part) for part in moved], axis=0)
    norm = np.sqrt(squares)
    for j in np.flatnonzero(~((squares > 1e-200) & (squares < 1e200))):
        column = x[:, j] if shift is None else x[:, j] - shift[j]
        largest = float(np.max(np.abs(column), initial=0.0))
        norm[j] = largest * np.sqrt(np.sum(np.square(column / largest))) if largest > 0 else 0.0
    return np.where(norm > 0, norm, 1.0)


def far_from_zero(x: Any, constant: int | None) -> Floats:
    """What to subtract from columns that vary little about a large value, such as years and times; mostly zeros.

    Beside the constant column this changes no direction, and it saves the digits that tell the rows apart: the
    difference of two numbers of nearly the same size has no rounding error (Sterbenz 1974).
    """
    if constant is None or len(x) == 0:
        return np.zeros(x.shape[1])
    low, high = x.min(axis=0), x.max(axis=0)
    with np.errstate(over="ignore"):
        far = (high > low) & (np.maximum(high, -low) > 8.0 * (high - low))
    return np.where(far, x[0], 0.0)


def triangle(x: Any, shift: Any = 0.0, scale: Any = 1.0, rows: Any = None, extra: Any = None) -> Any:
    """The triangular factor R of (x - shift) / scale.

    Parameters
    ----------
    x : matrix, shape (n, p)
        Anything that gives its rows as an array: ``x[lo:hi]``.
    shift, scale : ndarray, shape (p,), or float
    rows : ndarray, shape (n,), optional
        A factor for every row; rows whose factor is zero do not count.
    extra : ndarray, shape (n,), optional
        A further column, the last one, neither shifted nor scaled.

    Returns
    -------
    ndarray, shape (min(n, p), p), with one column more for `extra`
    """
    n, p = x.shape

    def block(lo: int, hi: int) -> tuple[Any, ...]:
        part = (x[lo:hi] - shift) / scale
        if extra is not None:
            part = np.column_stack([part, extra[lo:hi]])
        if rows is not None:
            part = part * rows[lo:hi, None]
        return (np.linalg.qr(part, mode="r"),)

    parts = [part for (part,) in memory.map_blocks(block, n, max(BLOCK, 4 * p))]
    return parts[0] if len(parts) == 1 else np.linalg.qr(np.vstack(parts), mode="r")


def orthogonalize(x: Any) -> tuple[Any, Any]:
    """x = q r with orthonormal columns in q and r upper triangular, in extended precision where the machine has it.

    Gram-Schmidt twice (Giraud, Langou, Rozloznik and van den Eshof 2005, *Numer. Math.* 101): r keeps digits that
    double precision loses to an ill-conditioned design. For small problems.
    """
    p = x.shape[1]
    scale = column_scale(x)
    q = x.astype(np.longdouble) / scale  # rounding the quotient to double would move the problem
    r = np.zeros((p, p), dtype=np.longdouble)
    for j in range(p):
        for _ in range(2):
            along = q[:, :j].T @ q[:, j]
            q[:, j] -= q[:, :j] @ along
            r[:j, j] += along
        r[j, j] = np.sqrt(q[:, j] @ q[:, j])
        q[:, j] /= r[j, j]
    return q, r * scale


def triangular_inverse(r: Any) -> Any:
    """The inverse of an upper triangular matrix, in the precision of `r`."""
    p = len(r)
    out = np.zeros_like(r)
    for j in range(p):
        out[j, j] = 1.0 / r[j, j]
        for i in range(j - 1, -1, -1):
            out[i, j] = -(r[i, i + 1 : j + 1] @ out[i + 1 : j + 1, j]) / r[i, i]
    return out


@final
class Rotated:
    """The orthonormal columns of a tall matrix, made when asked for, some rows at a time.

    Rows are those of (x - shift) / scale with their columns in another order, times `inverse`.

    Attributes
    ----------
    forward, inverse : ndarray, shape (p, p)
        The triangular factor of these columns and its inverse, in extended precision where the machine has it.
    """

    def __init__(self, x: Any, shift: Any, scale: Any, order: Any) -> None:
        self.x, self.shift, self.scale, self.order = x, shift, scale, order
        self.shape = x.shape
        self.forward = triangle(_Ordered(self)).astype(np.longdouble)
        self.inverse = triangular_inverse(self.forward)
        self._set_slices(float(np.linalg.cond(self.forward.astype(float))))
        if self._slices is not None:  # the columns are orthonormal but for the condition's rounding errors: once more
            again = triangle(self).astype(np.longdouble)
            self.forward = again @ self.forward
            self.inverse = self.inverse @ triangular_inverse(again)
            self._set_slices(np.inf)

    def _set_slices(self, condition: float) -> None:
        self._plain = self.inverse.astype(float)
        self._slices = None if condition <= ORDINARY else _sliced(self.inverse, 0, self.shape[1])
        self._key = object()

    def ordered(self, rows: Any) -> Floats:
        """Some rows before the rotation."""
        return self._scaled(self.x[rows])

    def __len__(self) -> int:
        return int(self.shape[0])

    def __getitem__(self, rows: Any) -> Floats:
        if not isinstance(rows, slice) or len(range(*rows.indices(len(self)))) > 2 * BLOCK:
            return self._rows(rows)
        last = getattr(_local, "last", None)
        key = (self._key, rows.start, rows.stop, rows.step)
        if last is None or last[0] != key:  # the same rows are asked for several times in a row
            last = _local.last = key, self._rows(rows)
        return last[1]

    def _rows(self, rows: Any) -> Floats:
        x = self.x[rows]
        out = np.empty(x.shape)
        for lo in range(0, len(x), BLOCK):
            part = self._scaled(x[lo : lo + BLOCK])
            if self._slices is None:
                np.matmul(part, self._plain, out=out[lo : lo + BLOCK])
            else:
                out[lo : lo + BLOCK] = _product(_sliced(part, 1, self.shape[1]), self._slices)
        return out

    def _scaled(self, x: Any) -> Floats:
        return ((x - self.shift) / self.scale)[:, self.order]


class _Ordered:
    """The columns before the rotation, as a matrix that gives its rows."""

    def __init__(self, rotated: Rotated) -> None:
        self.shape, self._rotated = rotated.shape, rotated

    def __getitem__(self, rows: Any) -> Floats:
        return self._rotated.ordered(rows)


def _sliced(a: Any, axis: int, terms: int) -> list[Any]:
    """A matrix as a sum of three with so few digits that sums of `terms` products of them have no rounding errors."""
    bits = (53 - int(np.ceil(np.log2(max(terms, 2))))) // 2
    out = []
    for _ in range(3):
        largest = np.max(np.abs(a), axis=axis, keepdims=True).astype(float)
        exponent = np.frexp(np.where(largest > 0, largest, 1.0))[1]
        grid = np.ldexp(np.ones_like(largest), exponent - bits).astype(a.dtype)
        part = np.rint(a / grid) * grid
        out.append(part.astype(float))
        a = a - part
    return out


def _product(a: list[Any], b: list[Any]) -> Floats:
    """The product of two sliced matrices, the largest terms first, summed with their rounding errors."""
    total: Any = a[0] @ b[0]
    error: Any = np.zeros_like(total)
    for i, j in ((0, 1), (1, 0), (1, 1), (0, 2), (2, 0)):
        term = a[i] @ b[j]
        summed = total + term
        back = summed - total
        error += (total - (summed - back)) + (term - back)
        total = summed
    error += a[1] @ b[2] + a[2] @ b[1]
    return total + error
