"""What the records of inference share: rows that print as a table, in a notebook too, and go out in kind."""

from __future__ import annotations

import textwrap
from abc import ABC, abstractmethod
from html import escape
from typing import TYPE_CHECKING, Any

from likely.data.tables import Table
from likely.errors.boundary import public_class
from likely.show.text_table import Grid, plain

if TYPE_CHECKING:
    from likely.data.native import NativeFrame

WIDTH = 88  # of wrapped notes


@public_class
class Record(ABC):
    """Rows with notes; the records of inference are made of it."""

    @property
    @abstractmethod
    def rows(self) -> list[dict[str, Any]]:
        """One dict for each row, with plain numbers."""

    @property
    @abstractmethod
    def grid(self) -> Grid:
        """The rows as text cells."""

    @property
    @abstractmethod
    def remarks(self) -> tuple[str, ...]:
        """What the numbers cannot tell by themselves."""

    @property
    @abstractmethod
    def source(self) -> Table:
        """Where the fit's data came from: decides what kind of table `to_frame` gives."""

    def __str__(self) -> str:
        wrapped = [
            textwrap.fill(text, max(WIDTH, self.grid.width), break_long_words=False, break_on_hyphens=False)
            for text in self.remarks
        ]
        return "\n".join([str(self.grid), *wrapped])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        texts = "".join(f"<p>{escape(text)}</p>" for text in self.remarks)
        return f'<div class="likely-record">{self.grid.html()}{texts}</div>'

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values, ready for JSON: None for what does not exist."""
        out: dict[str, Any] = plain({"rows": self.rows, "notes": list(self.remarks)})
        return out

    def to_frame(self) -> NativeFrame:
        """The rows as a table of the library that the fit's data came in; a dict of lists for arrays and files."""
        rows = self.rows
        columns = {name: [row[name] for row in rows] for name in (rows[0] if rows else {})}
        return self.source.frame_of(columns)
