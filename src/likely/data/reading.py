"""How text is read as numbers: the decisions for a column, and for a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from likely.data.cells import Cell
from likely.errors import DataError
from likely.namespace.arrays import Floats

BELOW = {"(": "parentheses for negative numbers", "-": "a minus behind negative numbers"}
BETWEEN = {",": "commas", ".": "points", "'": "apostrophes", "\u2019": "apostrophes"}  # thousands; else spaces


@final
@dataclass(frozen=True)
class Reading:
    """How the cells of a column of text are read as numbers.

    Attributes
    ----------
    decimal : str
        What stands before the decimals: a point or a comma.
    thousands : str
        What stands between thousands, or nothing.
    currency : str
        The sign that every cell has, or nothing.
    percent : bool
        Whether every cell is a percentage; 10% is 0.1.
    example : str
        A cell that shows it.
    below : str
        How numbers below 0 are written where it is as in accounts: in parentheses, or with the sign behind them.
    """

    decimal: str = "."
    thousands: str = ""
    currency: str = ""
    percent: bool = False
    example: str = ""
    below: str = ""

    def value(self, cell: str) -> float | None:
        """The number that a cell is; None where it is none, read in this way."""
        found = Cell.of(cell)
        if found is None or found.mark(self.decimal) is None:
            return None
        if (found.currency, found.percent) != (self.currency, self.percent) or found.below not in ("", self.below):
            return None
        if found.mark(self.decimal) not in ("", self.thousands):
            return None
        return found.number(self.decimal)

    @property
    def plain(self) -> bool:
        """Whether it is how a file of numbers is read."""
        return (self.decimal, self.thousands, self.currency, self.percent) == (".", "", "", False)

    @property
    def wording(self) -> str:
        """What the reading is, as a note says it."""
        value = self.value(self.example)
        how = [f"{BETWEEN.get(self.thousands, 'spaces')} between thousands"] if self.thousands else []
        how += ["decimal commas"] if self.decimal == "," else []
        how += ["percentages as fractions"] if self.percent else []
        how += [f"without the {self.currency!r}"] if self.currency else []
        how += [BELOW[self.below]] if self.below else []
        shown = "" if value is None else f"{self.example!r} is {value:.15g}"
        return f"{shown} ({', '.join(how)})" if how else shown


@final
@dataclass(frozen=True, eq=False)
class TextReading:
    """How a table's text was read, for other tables to be read alike.

    Attributes
    ----------
    na : tuple
        Cells that stand for a missing value, besides those that always do.
    readings : mapping of str to Reading
        How the columns of text that were used as numbers were read.
    """

    na: tuple[Any, ...] = ()
    readings: Mapping[str, Reading] = field(default_factory=dict)


def read_all(cells: Sequence[str], reading: Reading, name: str, where: str = "") -> Floats:
    """The numbers that distinct cells are, in a reading that was chosen before.

    Raises
    ------
    DataError
        If a cell does not fit the reading.
    """
    values = [reading.value(cell) for cell in cells]
    if odd := [cell for cell, value in zip(cells, values, strict=True) if value is None]:
        plain = Reading()
        if not reading.percent:  # what is plain means the same without the signs
            values = [plain.value(cell) if value is None else value for cell, value in zip(cells, values, strict=True)]
            odd = [cell for cell, value in zip(cells, values, strict=True) if value is None]
    if odd:
        how = f", where {reading.wording}" if reading.wording else ""
        raise DataError(
            f"column {name!r}{where} holds {', '.join(repr(c) for c in odd[:4])}, which cannot be read as in the fit"
            f"{how}: write these cells in the same way, or as numbers"
        )
    return np.array(values, dtype=float)
