"""What holds for every source: all its pieces have the same columns, and every pass has the same rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import final

from likely.data.sources.ahead import ahead
from likely.data.sources.base import Piece, Reread, Source
from likely.data.table import Table
from likely.data.tables import missing
from likely.errors import DataError, listed, unknown


@final
class Checked:
    """A source whose pieces are checked, and made ahead of their use.

    Parameters
    ----------
    source : Source
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._kinds: dict[str, tuple[str, str]] = {}  # of columns, with the piece that showed it first
        self._rows: int | None = None

    @property
    def names(self) -> Sequence[str]:
        """Names of all columns."""
        return self._source.names

    @property
    def whole(self) -> Table | None:
        """The table that it cuts in pieces, where that is in memory."""
        return self._source.whole

    @property
    def rows(self) -> int | None:
        """How many rows there are, where that is known."""
        return self._source.rows if self._rows is None else self._rows

    @property
    def size(self) -> int | None:
        """About how many bytes all columns take in memory, where that is known without reading them."""
        return self._source.size

    def pieces(self, columns: Sequence[str] | None = None) -> Iterator[Piece]:
        """The pieces that have rows."""
        for name in columns or ():
            if name not in self.names:
                raise unknown("column", name, list(self.names))
        import pyarrow as pa

        rows = 0
        try:
            for piece in ahead(self._source.pieces(columns)):
                self._check_columns(piece, self.names if columns is None else columns)
                rows += piece.table.n
                if piece.table.n:
                    yield piece
        except Reread:
            self._kinds.clear()
            raise
        finally:
            pa.default_memory_pool().release_unused()  # what the pieces took is wanted elsewhere now
        if self._rows is not None and rows != self._rows:
            raise DataError(
                f"the data had {self._rows} rows before and have {rows} now: they must not change while they are used"
            )
        self._rows = rows

    def _check_columns(self, piece: Piece, columns: Sequence[str]) -> None:
        where = piece.name or f"the rows from {int(piece.table.places([0])[0]) if piece.table.n else 0} on"
        if lacking := [name for name in columns if name not in piece.table]:
            raise DataError(
                f"the columns of the files differ: {where} has no {listed(lacking)}, which others have; it has "
                f"{listed(piece.table.names)}"
            )
        for name in columns:
            kind = _kind(piece.table, name)
            if kind is None:  # nothing but missing values
                continue
            before, first = self._kinds.setdefault(name, (kind, where))
            if kind != before:
                raise DataError(
                    f"the columns of the files differ: {name} holds {before} in {first} and {kind} in {where}. Write "
                    "it alike in all"
                )


def _kind(table: Table, name: str) -> str | None:
    """What a column holds; None where it holds missing values alone."""
    if (text := table.text(name)) is not None:
        return "text" if len(text.categories) else None
    column = table.alone(name)
    if not table.n or (missing(column.values[:1]).any() and missing(column.values).all()):
        return None
    if column.yes_no or column.values.dtype == bool:
        return "yes and no"
    return "numbers" if column.values.dtype.kind in "fiu" else "text or other labels"
