"""The factors of a formula's terms as SQL: numbers, levels with their coding, and bases of polynomials in pieces."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np

from likely.prediction.sql.columns import Columns
from likely.prediction.sql.values import Value, added, chosen

Rest = Callable[[Any], Any]  # weights of the other factors' columns -> their total


@dataclass(frozen=True, eq=False)
class Factor(ABC):
    """Columns of a design that a factor makes, of which a weighted sum is wanted.

    Attributes
    ----------
    names : tuple of str
    """

    names: tuple[str, ...]
    place: ClassVar[int]  # of several factors, the order in which they are written

    @abstractmethod
    def total(self, weights: Any, rest: Rest | None) -> Any:
        """The sum over its columns, each times what `rest` gives for its weights (numbers where there is no rest)."""


@final
@dataclass(frozen=True, eq=False)
class Numbers(Factor):
    """Columns that are numbers of the row."""

    values: tuple[Any, ...]
    place: ClassVar[int] = 0

    def total(self, weights: Any, rest: Rest | None) -> Any:
        """The sum of products."""
        return _weighted(self.values, weights, rest)


@final
@dataclass(frozen=True, eq=False)
class Levels(Factor):
    """Columns that code the levels of a column.

    Attributes
    ----------
    columns : Columns
    column : str
    levels : tuple
    coding : ndarray, shape (levels, columns)
    """

    columns: Columns
    column: str
    levels: tuple[Any, ...]
    coding: Any
    place: ClassVar[int] = 1

    def total(self, weights: Any, rest: Rest | None) -> Any:
        """A number for each level."""
        of_level = np.tensordot(self.coding, weights, axes=(1, 0))
        numbers = {level: float(w) if rest is None else rest(w) for level, w in zip(self.levels, of_level, strict=True)}
        return self.columns.levels(self.column, numbers)


@final
@dataclass(frozen=True, eq=False)
class Basis(Factor):
    """Columns that are polynomials of one number, in pieces.

    Attributes
    ----------
    x : Value
    pieces : tuple of Piece
        From left to right.
    """

    x: Value
    pieces: tuple[Piece, ...]
    place: ClassVar[int] = 2

    def total(self, weights: Any, rest: Rest | None) -> Any:
        """One polynomial for each piece."""
        if rest is None:
            return self._polynomials(weights)
        return _weighted([self._polynomials(unit) for unit in np.eye(len(self.names))], weights, rest)

    def _polynomials(self, weights: Any) -> Any:
        values = [piece.polynomial(self.x, weights) for piece in self.pieces]
        if len(values) == 1:
            return values[0]
        cases = [(piece.holds(self.x), value) for piece, value in zip(self.pieces, values, strict=True)]
        return chosen(self.x.dialect, "", cases)


@final
@dataclass(frozen=True, eq=False)
class Piece:
    """Polynomials of all columns of a basis up to a point.

    Attributes
    ----------
    end : float
    closed : bool
        Whether the end belongs to it.
    origin, width : float
        Of the numbers u = (x - origin) / width in whose powers the coefficients are.
    coefficients : ndarray, shape (powers, columns); or None
        None where the basis has no values.
    """

    end: float
    closed: bool
    origin: float
    width: float
    coefficients: Any

    def holds(self, x: Value) -> str:
        """The condition that a number lies to the left of the end; it is asked from left to right."""
        if np.isinf(self.end):
            return f"{x.atom} >= {x.of(self.origin - self.width).atom}"
        return (x <= self.end if self.closed else x < self.end).text

    def polynomial(self, x: Value, weights: Any) -> Any:
        """A weighted sum of the polynomials, by Horner's rule."""
        if self.coefficients is None:
            return np.nan
        numbers = self.coefficients @ weights / self.width ** np.arange(len(self.coefficients))
        made: Any = float(numbers[-1])
        for number in numbers[-2::-1]:
            made = (x - self.origin) * made + float(number)
        return made


def _weighted(values: Sequence[Any], weights: Any, rest: Rest | None) -> Any:
    parts = []
    for value, weight in zip(values, weights, strict=True):
        other = float(weight) if rest is None else rest(weight)
        if isinstance(other, Value) or other != 0.0:
            parts.append(other * value)
    return added(parts)


def total(factors: Sequence[Factor], weights: Any) -> Any:
    """The sum over the products of the factors' columns, each times its weight.

    Parameters
    ----------
    factors : sequence of Factor
    weights : ndarray
        With an axis for each factor, its columns.
    """
    order = sorted(range(len(factors)), key=lambda i: factors[i].place)
    return _total([factors[i] for i in order], np.transpose(weights, order))


def _total(factors: Sequence[Factor], weights: Any) -> Any:
    if not factors:
        return float(weights)
    rest = None if len(factors) == 1 else lambda w: _total(factors[1:], w)
    return factors[0].total(weights, rest)
