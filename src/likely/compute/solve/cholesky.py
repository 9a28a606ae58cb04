"""Cholesky factors of information matrices, which with many levels are diagonal for the most part.

The columns of a category have no entry in a common row, so their part of the information is diagonal. It is eliminated
first: what is left to factor is as large as the other columns are many.
"""

from __future__ import annotations

from typing import Any, final

import numpy as np
from scipy import linalg
from scipy.linalg import lapack

from likely.namespace.arrays import Floats

WORTH = 64  # columns of a diagonal part that repay the search for it


@final
class Factor:
    """The factor of a symmetric positive definite matrix.

    Parameters
    ----------
    a : ndarray, shape (p, p)

    Raises
    ------
    LinAlgError
        If the matrix is not positive definite.
    """

    def __init__(self, a: Any) -> None:
        self._size, self._diagonal = len(a), np.zeros(0)
        lo, hi = _diagonal_run(a) if len(a) >= 2 * WORTH else (0, 0)
        if hi - lo < WORTH:
            self._factor = _factored(a)
            return
        self._run = slice(lo, hi)
        self._rest = np.r_[0:lo, hi : len(a)]
        self._diagonal = np.diagonal(a)[self._run]
        if np.any(self._diagonal <= 0):
            raise linalg.LinAlgError("the matrix is not positive definite")
        self._across = a[self._run][:, self._rest]
        self._scaled = self._across / self._diagonal[:, None]
        self._factor = _factored(a[np.ix_(self._rest, self._rest)] - self._across.T @ self._scaled)

    @property
    def smallest_pivot(self) -> float:
        """The smallest diagonal element of the factor."""
        own = float(np.diagonal(self._factor).min(initial=np.inf))
        return min(own, float(np.sqrt(self._diagonal.min()))) if len(self._diagonal) else own

    def solve(self, b: Any) -> Floats:
        """The solution x of a x = b, for a vector or the columns of a matrix."""
        if not len(self._diagonal):
            return self._solved(b)
        out = np.empty_like(b, dtype=float)
        rest = self._solved(b[self._rest] - self._scaled.T @ b[self._run])
        out[self._rest] = rest
        out[self._run] = (b[self._run].T / self._diagonal).T - self._scaled @ rest
        return out

    def _solved(self, b: Any) -> Floats:
        return lapack.dpotrs(self._factor, b, lower=1)[0] if np.size(b) else np.zeros_like(b)

    def inverse(self) -> Floats:
        """The inverse, exactly symmetric."""
        p = self._size
        if not len(self._diagonal):
            out = self._solved(np.eye(p))
            return 0.5 * (out + out.T)
        inner = self._solved(np.eye(len(self._rest)))
        inner = 0.5 * (inner + inner.T)
        across = -self._scaled @ inner
        run = np.arange(self._run.start, self._run.stop)
        corner = -across @ self._scaled.T
        out = np.empty((p, p))
        out[np.ix_(self._rest, self._rest)] = inner
        out[np.ix_(run, self._rest)] = across
        out[np.ix_(self._rest, run)] = across.T
        out[self._run, self._run] = 0.5 * (corner + corner.T)
        out[run, run] += 1.0 / self._diagonal
        return out


def _factored(a: Any) -> Floats:
    """The lower factor, by LAPACK itself: around a small matrix SciPy's checks take longer than the work."""
    if not len(a):
        return np.zeros((0, 0))
    factor, wrong = lapack.dpotrf(a, lower=1, clean=0)
    if wrong:
        raise linalg.LinAlgError("the matrix is not positive definite")
    return factor


def _diagonal_run(a: Any) -> tuple[int, int]:
    """The longest run of neighbouring rows and columns in which a matrix is diagonal."""
    p = len(a)
    # no run crosses an entry beside the diagonal; the longest stretch without one usually is the run
    edges = np.concatenate([[0], np.flatnonzero(np.diagonal(a, -1)) + 1, [p]])
    k = int(np.argmax(np.diff(edges)))
    lo, hi = int(edges[k]), int(edges[k + 1])
    inner = a[lo:hi, lo:hi]
    if np.count_nonzero(inner) == np.count_nonzero(np.diagonal(inner)):
        return lo, hi
    filled = np.tril(a != 0.0, -1)
    last = np.where(filled.any(axis=1), p - 1 - np.argmax(filled[:, ::-1], axis=1), -1)  # the last entry of each row
    first = np.maximum.accumulate(last + 1)  # where the run that ends with a row begins
    length = np.arange(1, p + 1) - first
    end = int(np.argmax(length))
    return int(first[end]), end + 1
