"""Rows of text under a header, and how numbers are written in them: what every report, table and comparison prints."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, final

DASH = "-"  # stands where a number does not exist


@final
@dataclass(frozen=True)
class Grid:
    """Cells of text under a header.

    Attributes
    ----------
    header : tuple of str
    rows : tuple of tuple of str
    align : str
        One letter for each column: "l" or "r".
    title : str
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    align: str
    title: str = ""

    @property
    def widths(self) -> list[int]:
        """Width of each column."""
        return [max(map(len, column)) for column in zip(self.header, *self.rows, strict=True)]

    @property
    def width(self) -> int:
        """Width of the whole, two spaces between columns."""
        return sum(self.widths) + 2 * (len(self.header) - 1)

    def lines(self, longest: int = 44) -> list[str]:
        """As plain lines; a first cell of more than `longest` characters stands on a line of its own."""
        widths = [len(cell) for cell in self.header]
        for row in self.rows:
            for j, cell in enumerate(row):
                if j or len(cell) <= longest:
                    widths[j] = max(widths[j], len(cell))
        out = [] if not any(self.header) else [self._line(self.header, widths)]
        if out:
            out.append("-" * max(sum(widths) + 2 * (len(widths) - 1), 1))
        for row in self.rows:
            if len(row[0]) > widths[0]:
                out.append(row[0])
                row = ("", *row[1:])
            out.append(self._line(row, widths))
        return out

    def _line(self, row: Sequence[str], widths: Sequence[int]) -> str:
        cells = zip(row, widths, self.align, strict=True)
        return "  ".join(c.rjust(w) if a == "r" else c.ljust(w) for c, w, a in cells).rstrip()

    def pieces(self, width: int) -> list[Grid]:
        """The columns spread over several grids that fit a width, each with the first column.

        >>> grid = Grid(("", "height", "weight"), (("Ann", "170", "60"), ("Bob", "180", "80")), "lrr")
        >>> [piece.header for piece in grid.pieces(12)]
        [('', 'height'), ('', 'weight')]
        """
        widths = self.widths
        first = widths[0] if widths[0] <= width // 2 else len(self.header[0])  # a long name has a line of its own
        parts: list[list[int]] = []
        used = width + 1
        for j in range(1, len(widths)):
            if used + 2 + widths[j] > width:
                parts.append([])
                used = first
            parts[-1].append(j)
            used += 2 + widths[j]
        return [self._columns([0, *part]) for part in parts] or [self]

    def _columns(self, chosen: list[int]) -> Grid:
        header, *rows = (tuple(row[j] for j in chosen) for row in (self.header, *self.rows))
        return Grid(header, tuple(rows), "".join(self.align[j] for j in chosen))

    def html(self) -> str:
        """As an HTML table, with the text escaped."""
        from html import escape

        side = {"l": "left", "r": "right"}

        def cells(tag: str, row: Sequence[str]) -> str:
            return "".join(
                f'<{tag} style="text-align:{side[a]}">{escape(c)}</{tag}>' for c, a in zip(row, self.align, strict=True)
            )

        caption = f"<caption>{escape(self.title)}</caption>" if self.title else ""
        head = f"<thead><tr>{cells('th', self.header)}</tr></thead>" if any(self.header) else ""
        body = "".join(f"<tr>{cells('td', row)}</tr>" for row in self.rows)
        return f"<table>{caption}{head}<tbody>{body}</tbody></table>"

    def __str__(self) -> str:
        return "\n".join([self.title, *self.lines()] if self.title else self.lines())


# -- numbers -----------------------------------------------------------------------------------------------------


def number(value: float | None, digits: int = 6) -> str:
    """A number to so many significant digits; a dash where there is none.

    >>> number(1234567.0), number(0.000123456789), number(None), number(float("inf"))
    ('1,234,567', '0.000123457', '-', 'infinity')
    """
    if value is None or math.isnan(value):
        return DASH
    if math.isinf(value):
        return "infinity" if value > 0 else "-infinity"
    if value == round(value) and abs(value) < 1e15:
        return f"{value:,.0f}".replace("-0", "0") if value == 0 else f"{value:,.0f}"
    if 1e4 <= abs(value) < 1e9:
        return f"{value:,.{max(digits - 1 - math.floor(math.log10(abs(value))), 0)}f}"
    return f"{value:.{digits}g}"


def fixed(value: float | None, decimals: int = 3) -> str:
    """A number with so many decimals; a dash where there is none or it is infinite.

    >>> fixed(-1234.5678), fixed(float("inf")), fixed(-0.00001)
    ('-1,234.568', '-', '0.000')
    """
    if value is None or not math.isfinite(value):
        return DASH
    if abs(value) >= 1e12:
        return f"{value:.10g}"
    text = f"{value:,.{decimals}f}"
    return text[1:] if text.startswith("-") and not text.strip("-0.,") else text


def alike(values: Iterable[float | None], scale: float | None, digits: int = 3) -> list[str]:
    """Numbers that belong together, all to the decimal place that gives `scale` so many significant digits.

    >>> alike([0.03, 0.0171144, 0.0520734], 0.00852936)
    ['0.03000', '0.01711', '0.05207']
    >>> alike([3271.26, None], 89.2624)
    ['3,271.3', '-']
    """
    values = list(values)
    if scale is None or not math.isfinite(scale) or scale <= 0:
        return [number(v) for v in values]
    place = digits - 1 - math.floor(math.log10(scale))
    largest = max((abs(v) for v in values if v is not None and math.isfinite(v)), default=0.0)
    size = math.floor(math.log10(largest)) if largest > 0 else 0
    place = min(place, 14 - size)  # a float holds no more
    if place > 8 or size >= 10:
        return [number(v) if v is None or not math.isfinite(v) else f"{v:.{max(place + _size(v), 0)}e}" for v in values]
    return [number(v) if v is None or not math.isfinite(v) else fixed(v, max(place, 0)) for v in values]


def _size(value: float) -> int:
    return math.floor(math.log10(abs(value))) if value else 0


def p_value(p: float, level: float | None = None) -> str:
    """A p-value to four decimals; to more where it would read as the level that it is held against and is not.

    >>> p_value(0.0312), p_value(1e-9), p_value(0.050004), p_value(0.050004, 0.05)
    ('0.0312', '<0.0001', '0.0500', '0.050004')
    """
    text = "<0.0001" if p < 0.0001 else f"{p:.4f}"
    if level is None or p == level or text != f"{level:.4f}":
        return text
    for decimals in range(5, 16):
        if f"{p:.{decimals}f}" != f"{level:.{decimals}f}":
            return f"{p:.{decimals}f}"
    return repr(p)


def plain(value: Any) -> Any:
    """A value as JSON can hold it: numbers that are not finite become None, tuples lists, NumPy numbers Python's."""
    match value:
        case dict():
            return {str(k): plain(v) for k, v in value.items()}
        case list() | tuple():
            return [plain(v) for v in value]
        case _ if hasattr(value, "tolist"):
            return plain(value.tolist())
        case float() if not math.isfinite(value):
            return None
    return value
