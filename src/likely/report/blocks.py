"""What a report is made of: a title, labelled sentences, tables and plain sentences, as text and as HTML."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import final

from likely.show.text_table import Grid

WIDTH = 88  # of wrapped text


@final
@dataclass(frozen=True)
class Title:
    """The first line: what was fitted, or that it failed."""

    text: str
    good: bool

    def __str__(self) -> str:
        return f"{self.text}\n{'=' * min(len(self.text), WIDTH)}"

    def html(self) -> str:
        """As an HTML heading, with the text escaped."""
        return f"<h4>{escape(self.text)}</h4>"


@final
@dataclass(frozen=True)
class LabelledRows:
    """Labels with a sentence each."""

    rows: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        margin = max(len(label) for label, _ in self.rows) + 2
        return "\n".join(
            textwrap.fill(
                text,
                WIDTH,
                initial_indent=label.ljust(margin),
                subsequent_indent=" " * margin,
                break_long_words=False,
                break_on_hyphens=False,
            )
            for label, text in self.rows
        )

    def html(self) -> str:
        """As an HTML table without a header, with the text escaped."""
        return Grid(("", ""), self.rows, "ll").html()


Block = Title | LabelledRows | Grid | str


def as_text(blocks: Iterable[Block]) -> str:
    """Blocks one after the other, wrapped."""
    return "\n\n".join(
        textwrap.fill(block, WIDTH, break_long_words=False, break_on_hyphens=False)
        if isinstance(block, str)
        else str(block)
        for block in blocks
    )


def as_html(blocks: Iterable[Block]) -> str:
    """Blocks one after the other, with their text escaped."""
    return "".join(f"<p>{escape(block)}</p>" if isinstance(block, str) else block.html() for block in blocks)
