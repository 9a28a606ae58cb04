"""The directions of the coefficients along which no row is explained worse, and the linear algebra of tall matrices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from likely.namespace.arrays import Floats, Integers

BLOCK = 8192  # rows at a time
FLAT = 1e-10  # a direction that moves some rows by less than this part of what it moves all rows leaves them alone


@final
@dataclass(frozen=True, eq=False)
class Cone:
    """Directions of the coefficients along which no row's log-density falls.

    Row i of class c asks for ``patterns[c] @ (x_i B) >= 0``, where B holds the coefficients of each linear predictor in
    a column; the rows of `tied` ask for ``x_i B = 0``.

    Attributes
    ----------
    x : ndarray, shape (n, p)
    kind : ndarray of int, shape (n,)
    patterns : ndarray, shape (classes, conditions, predictors)
    tied : ndarray, shape (m, p)
    """

    x: Floats
    kind: Integers
    patterns: Floats
    tied: Floats

    @classmethod
    def of_signs(cls, x: Any, codes: Any) -> Cone:
        """One linear predictor, with the codes of `Family.saturation`."""
        ends = np.abs(codes) == 1.0
        patterns = np.array([[[-1.0]], [[1.0]]])
        if np.all(ends):
            return cls(x, (codes > 0).astype(np.intp), patterns, x[:0])
        # what the tied rows forbid shows in their triangular factor as well
        tied = triangle(row_blocks(x[codes == 0.0]))
        return cls(x[ends], (codes[ends] > 0).astype(np.intp), patterns, x[:0] if tied is None else tied)

    @classmethod
    def of_levels(cls, x: Any, codes: Any, levels: int) -> Cone:
        """Log-odds of each level but the first against the first: a row's own level must not fall behind any other."""
        unit = np.vstack([np.zeros(levels - 1), np.eye(levels - 1)])
        patterns = [[unit[c] - unit[k] for k in range(levels) if k != c] for c in range(levels)]
        return cls(x, codes.astype(np.intp), np.array(patterns), x[:0])

    def restrict(self, columns: list[int], rows: Any = slice(None)) -> Cone:
        """The directions that leave all but some columns alone, as some rows see them."""
        return Cone(self.x[rows][:, columns], self.kind[rows], self.patterns, self.tied[:, columns])

    @property
    def shape(self) -> tuple[int, int]:
        """Of the conditions: rows, conditions per row."""
        return len(self.x), self.patterns.shape[1]

    def change(self, b: Any) -> Floats:
        """The left side of every condition, shape (n, conditions)."""
        eta = self.x @ b
        out = np.empty(self.shape)
        for c, pattern in enumerate(self.patterns):
            rows = self.kind == c
            out[rows] = eta[rows] @ pattern.T
        return out

    def rows(self, which: Any, basis: Any) -> Floats:
        """Some conditions (flat indices), as rows over the coordinates of `basis` (p x r)."""
        i, k = np.divmod(which, self.shape[1])
        z = self.x[i] @ basis
        return np.einsum("im,ir->imr", self.patterns[self.kind[i], k], z).reshape(len(which), -1)

    def blocks(self, which: Any, basis: Any) -> Iterator[Any]:
        """The same, a block at a time."""
        step = max(1, BLOCK // self.patterns.shape[2])
        for lo in range(0, len(which), step):
            yield self.rows(which[lo : lo + step], basis)

    def total(self, open_: Any) -> Any:
        """The sum of the conditions marked, shape (predictors, p)."""
        out = 0.0
        for c, pattern in enumerate(self.patterns):
            rows = self.kind == c
            out = out + pattern.T @ (open_[rows].astype(float).T @ self.x[rows])
        return out


def row_blocks(x: Any) -> Iterator[Any]:
    """A matrix, some rows at a time."""
    for lo in range(0, len(x), BLOCK):
        yield x[lo : lo + BLOCK]


def term_sizes(x: Any, b: Any) -> Floats:
    """|x| b, without a copy of x."""
    return np.concatenate([np.abs(part) @ b for part in row_blocks(x)]) if len(x) else np.zeros(0)


def triangle(blocks: Any) -> Any:
    """The triangular factor R of a tall matrix given in blocks."""
    r = None
    for part in blocks:
        r = np.linalg.qr(part if r is None else np.vstack([r, part]), mode="r")
    return r


def null_space(blocks: Any, width: int) -> Floats:
    """An orthonormal basis of the directions that a tall matrix, given in blocks, sends to zero; shape (width, d)."""
    r = triangle(blocks)
    if r is None:
        return np.eye(width)
    _, s, vt = np.linalg.svd(r)
    rank = int(np.sum(s > FLAT * max(1.0, float(s[0]))))
    return vt[rank:].T
