"""What a source is: pieces of a table with the place that they have in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol, final

from likely.data.table import Table
from likely.errors import DataError, DesignError, UnknownNameError

ROWS = 65_536  # of a piece
CELL = 8  # bytes that a value takes in memory


class Reread(Exception):
    """A source has learnt how it has to be read, and is to be read again from its start."""


@final
@dataclass(frozen=True, eq=False)
class Piece:
    """Neighbouring rows of a source.

    Attributes
    ----------
    table : Table
        Its rows; messages count them as the file does, from 0.
    name : str
        The file or table that they are from; empty where it has no name.
    """

    table: Table
    name: str = ""

    @contextmanager
    def named(self) -> Iterator[None]:
        """Errors of the data say which file they are of."""
        try:
            yield
        except (DataError, DesignError, UnknownNameError) as error:
            if not self.name or str(error).startswith("in "):
                raise
            raise type(error)(f"in {self.name}: {error}") from error


class Source(Protocol):
    """Tables that can be gone through again and again, in the same order."""

    @property
    def names(self) -> Sequence[str]:
        """Names of all columns."""

    @property
    def whole(self) -> Table | None:
        """The table that it cuts in pieces, where that is in memory."""

    @property
    def rows(self) -> int | None:
        """How many rows there are, where that is known without reading them."""

    @property
    def size(self) -> int | None:
        """About how many bytes all columns take in memory, where that is known without reading them."""

    def pieces(self, columns: Sequence[str] | None = None) -> Iterator[Piece]:
        """The rows from the first to the last, with some of the columns or all.

        Raises
        ------
        DataError
            If they cannot be read, or are not what they were before.
        """
