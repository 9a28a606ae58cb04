"""Columns of text: which are numbers in writing, which are labels, and which could be either."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np

from likely.data.cells import CURRENCIES, LONGEST, Cell
from likely.data.reading import Reading
from likely.namespace.arrays import Floats, Integers

FEW = 20  # whole numbers in writing may be that many labels
FEW_BINS = 12  # and whole numbers and classes of them, such as 0, 1, 2+
FEW_QUANTITIES = 6  # and so may quantities such as 10mg

_QUANTITY = re.compile(
    rf"[+\-\u2212]?((?P<sign>[{re.escape(CURRENCIES)}])\d[\d.,]*\s*[^\W\d_]{{0,12}}|\d[\d.,]*\s*(?P<unit>[^\W\d_]{{1,12}}|°\s?[CF]))"
)
_ALMOST = re.compile(r"[^\w\s#]{0,2}\s*(?!0\d)\d[\d.,]*\s*[^\w\s#]{0,2}")  # a number between signs: (5), ~5, 5*
_MANY = frozenset(("k", "m", "mn", "mio", "mill", "bn", "b", "t"))  # thousands, millions and the like
_ORDINAL = frozenset(("st", "nd", "rd", "th"))
_BIN = re.compile(
    r"\d+\s*(\+|or (more|less|fewer)|and (over|more|above|under|below))|[<>≤≥]=?\s*\d+|\d+\s*[-–]\s*\d+|"
    r"\d+\s*(\(\s*[^\W\d_].*\)|[-–:=]\s*[^\W\d_].*)",  # 5 (high), 1 = low
    re.IGNORECASE,
)
_VERSION = re.compile(r"v?\d+(\.\d+){2,}", re.IGNORECASE)
_ZONE = r"(\s?(Z|UTC|[+-]\d{2}:?\d{2}))?"
_TIME = r"\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?(\s?[AaPp]\.?[Mm]\.?)?"  # 08:00-12:00 is a class of times
_MONTH = (
    r"(jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sept?(ember)?|oct(ober)?|nov(ember)?|"
    r"dec(ember)?)\.?"
)
_DATE = re.compile(
    r"(\d{4}(?P<a>[-/.])(0?[1-9]|1[0-2])((?P=a)(0?[1-9]|[12]\d|3[01]))?|\d{1,2}(?P<b>[-/.])\d{1,2}(?P=b)(\d{4}|\d{2})|"
    rf"(\d{{1,2}}[-. ]+)?{_MONTH}[-, ]+(\d{{1,2}}(st|nd|rd|th)?,?[-. ]+)?(\d{{4}}|\d{{2}}))([T\s]\s*{_TIME}{_ZONE})?|"
    rf"{_TIME}",
    re.IGNORECASE,
)


@final
@dataclass(frozen=True)
class Labels:
    """A column of labels.

    Attributes
    ----------
    doubt : str
        What speaks for numbers; nothing where nothing does.
    """

    doubt: str = ""


@final
@dataclass(frozen=True, eq=False)
class Texts:
    """The distinct cells of a column of text.

    Attributes
    ----------
    cells : tuple of str
    counts : ndarray of int
        How often each occurs.
    decimal : str or None
        What stands before decimals in the file they are from; None where it is a file that does not say.
    marked : bool
        Whether other cells were named as missing values, so that what is left is to be read.
    """

    cells: tuple[str, ...]
    counts: Floats | Integers
    decimal: str | None = "."
    marked: bool = False

    @cached_property
    def parsed(self) -> list[Cell | None]:
        """The cells as possible numbers; parentheses and signs behind them may belong to codes and marks.

        They do where all cells have them, or some the ones and some the others, or where signs are behind digits alone.
        """
        found = [Cell.of(cell) for cell in self.cells]
        ways = {cell.below for cell in found if cell is not None}
        if ways == {"", "("} or (ways == {"", "-"} and any(c.below and len(c.body) > 2 for c in found if c)):
            return found
        return [None if cell is not None and cell.below else cell for cell in found]

    @cached_property
    def odd(self) -> list[str]:
        """The cells that are no number in any way of writing, the most frequent first."""
        order = np.argsort(-np.asarray(self.counts), kind="stable")
        return [self.cells[i] for i in order if self.parsed[i] is None]

    @cached_property
    def reading(self) -> Reading | str:
        """How all cells are read as numbers, or why they cannot be: words that follow the column's name."""
        if not self.cells:
            return Reading()
        if self.odd:
            return self._odd_words()
        cells = [cell for cell in self.parsed if cell is not None]
        signs = sorted({cell.currency for cell in cells} | ({"%"} if any(c.percent for c in cells) else set()))
        plain = any(not cell.currency and not cell.percent for cell in cells)
        if len(signs) > 1 and ("" not in signs or len(signs) > 2 or plain):
            shown = ", ".join(repr(sign) for sign in signs if sign)
            others = " in some cells and no sign in others" if plain else " in different cells"
            return f"holds numbers as text with {shown}{others}, so they are not in one unit: bring them to one unit"
        decimal = self._decimal(cells)
        if decimal not in (".", ","):
            return decimal
        marks = {cell.mark(decimal) for cell in cells} - {""}
        if len(marks) > 1:
            shown = self._first(lambda cell: bool(cell.mark(decimal)))
            return f"holds numbers as text in different ways of writing thousands, such as {shown}: write them alike"
        below = max(cell.below for cell in cells)
        example = max(self.cells, key=lambda cell: ("\u2212" in cell, not cell.strip().isdecimal(), -len(cell)))
        mark = next(iter(marks), "") or ""
        if mark:
            example = self._first(lambda cell: bool(cell.mark(decimal)), quoted=False)
        if below:
            example = self._first(lambda cell: bool(cell.below), quoted=False)
        currency = next((sign for sign in signs if sign not in ("", "%")), "")
        return Reading(decimal, mark, currency, "%" in signs, example, below)

    def _decimal(self, cells: Sequence[Cell]) -> str:
        """The sign before decimals, or why there is none: words."""
        fits = {sign: all(cell.mark(sign) is not None for cell in cells) for sign in (".", ",")}
        if self.decimal is None:
            if fits["."] and fits[","]:
                if not any(cell.ambiguous for cell in cells):
                    return "."
                return (
                    f"holds {self._first(lambda cell: cell.ambiguous)}, which is one number with a decimal point and "
                    "another with a decimal comma, and the file shows nowhere which it means. Read it with "
                    "pandas.read_csv(..., sep=';', decimal=',') or with decimal='.', thousands=',', and pass the table"
                )
            if fits["."] or fits[","]:
                return "." if fits["."] else ","
        elif fits[self.decimal]:
            return self.decimal
        shown = self._first(lambda cell: cell.mark(self.decimal or ".") is None)
        if self.decimal == "." and fits[","]:
            return (
                f"holds numbers as text with decimal commas, such as {shown}: write decimal points, or read "
                "the file with pandas.read_csv(..., decimal=',')"
            )
        return f"holds numbers as text in different ways of writing, such as {shown}: write them alike"

    def _odd_words(self) -> str:
        shown = self._shown(self.odd)
        if self.mostly_numbers:
            return (
                f"holds numbers as text, and these cells stand in the way of numbers: {shown}. Correct them, or, where "
                f"they mean a missing value, name them: na=[{', '.join(repr(c) for c in self.odd[:3])}]"
            )
        if self.dates:
            return (
                f"holds dates or times as text, such as {shown}: convert them to a number first, e.g. days since the "
                "first one"
            )
        if self.unit:
            return f"holds numbers with the unit {self.unit!r} as text, such as {shown}: take the unit out"
        return f"holds text, such as {shown}"

    def _shown(self, cells: Sequence[str], most: int = 4) -> str:
        count = dict(zip(self.cells, map(int, self.counts), strict=True))
        counts = ", ".join(
            f"{cell[:40]!r}" + (f" ({count[cell]} times)" if count[cell] > 1 else "") for cell in cells[:most]
        )
        return counts + (f" and {len(cells) - most} more" if len(cells) > most else "")

    def _first(self, wanted: Any, most: int = 3, quoted: bool = True) -> str:
        found = [c for c, parsed in zip(self.cells, self.parsed, strict=True) if parsed is not None and wanted(parsed)]
        return ", ".join(repr(c) for c in found[:most]) if quoted else found[0]

    # -- numbers or labels ---------------------------------------------------------------------------------

    @cached_property
    def mostly_numbers(self) -> bool:
        """Whether most cells, or most of the distinct ones, are numbers."""
        many = len(self.cells) > FEW_BINS
        number = np.array(
            [
                parsed is not None or (many and _ALMOST.fullmatch(cell.strip()[:LONGEST]) is not None)
                for cell, parsed in zip(self.cells, self.parsed, strict=True)
            ],
            dtype=bool,
        )
        if not number.any():
            return False
        counts = np.asarray(self.counts)
        return bool(2 * np.sum(counts[number]) > np.sum(counts) or 2 * np.sum(number) > len(number))

    @cached_property
    def dates(self) -> bool:
        """Whether half of the cells or more are dates or times."""
        match = np.array(
            [
                parsed is None and len(cell) <= LONGEST and _DATE.fullmatch(cell.strip()) is not None
                for cell, parsed in zip(self.cells, self.parsed, strict=True)
            ],
            dtype=bool,
        )
        return bool(match.any() and 2 * np.sum(np.asarray(self.counts)[match]) >= np.sum(self.counts))

    @cached_property
    def unit(self) -> str | None:
        """The unit that cells have behind their numbers, if it is the same; thousands and millions are of a kind."""
        found = [_QUANTITY.fullmatch(cell.strip()[:LONGEST]) for cell in self.cells]
        if any(match is None and cell is None for match, cell in zip(found, self.parsed, strict=True)):
            return None
        units = [match["sign"] or match["unit"] for match in found if match is not None]
        kinds = {unit.casefold() for unit in units}
        return units[0] if (len(kinds) == 1 and not kinds <= _ORDINAL) or (kinds and kinds <= _MANY) else None

    @cached_property
    def as_predictor(self) -> Reading | Labels | str:
        """What a predictor is that nobody said more of: numbers, labels, or words that ask for more to be said."""
        if self.dates or self.mostly_numbers:
            if len(self.cells) <= FEW_BINS and self.odd and all(map(_BIN.fullmatch, map(str.strip, self.odd))):
                return Labels()
            if self.odd and not self.dates and all(map(_VERSION.fullmatch, map(str.strip, self.odd))):
                return Labels()
            if isinstance(self.reading, str):
                return self.reading
            if self.marked or not all(cell is not None and cell.whole for cell in self.parsed):
                return self.reading
            if any(len(cell.body) > 1 and cell.body.startswith("0") for cell in self.parsed if cell is not None):
                return Labels()  # as postcodes and other codes have it
            if len(self.cells) <= FEW:
                return Labels("" if len(self.cells) <= 2 else f"whole numbers as text ({self._shown(self.cells, 3)})")
            shown = ", ".join(map(repr, self.cells[:3]))
            return f"holds {len(self.cells)} distinct numbers written as text ({shown}, ...): convert it to numbers"
        if self.unit is not None and len(self.cells) > 1:
            if len(self.cells) > FEW_QUANTITIES:
                return self._odd_words()
            return Labels("" if len(self.cells) <= 2 else f"quantities as text ({self._shown(self.cells, 3)})")
        return Labels()
