"""Where the rows of a model are kept: in memory, or in files that are mapped to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

from likely.compute.memory_limit import as_bytes, available, in_words
from likely.data import sources
from likely.data.sources import Source, open_source
from likely.data.tables import Table
from likely.models.asked import Asked

WORK = 3  # times the bytes of a table: it, the arrays that are made of it, and what is worked out of these
HELD = 8  # the share of the memory that rows whose number is not known take before they go to files
SMALL = 50_000_000  # bytes of a table in memory that need no question


@final
@dataclass(frozen=True)
class Pieces:
    """Rows that come in pieces.

    Attributes
    ----------
    source : Source
    memory : float
        Bytes beyond which their arrays are kept in files.
    why : str
        Why they are not simply in memory.
    """

    source: Source
    memory: float
    why: str


def pieces_of(asked: Asked, data: Any) -> Pieces | None:
    """How data are gone through piece by piece; None where they are read whole.

    Parameters
    ----------
    asked : Asked
    data : data of any kind
        Before they are read.
    """
    if asked.engine == "stream":
        return Pieces(open_source(data), 0.0, "")
    if not sources.is_read_in_pieces(data):
        return None
    if asked.engine == "memory":
        return Pieces(open_source(data), float("inf"), "") if sources.gives_tables(data) else None
    source = open_source(data)
    limit = _limit(asked)
    if source.size is None:
        return Pieces(source, limit / HELD, "how many rows there are was not known before they were read")
    return _beyond(asked, source, source.size, limit)


def pieces_of_table(asked: Asked, table: Table) -> Pieces | None:
    """The same of a table that is in memory already, whose arrays may need as much again."""
    size = table.n * len(table.names) * sources.CELL
    if asked.engine != "auto" or (asked.memory is None and size < SMALL):
        return None
    return _beyond(asked, open_source(table), size, _limit(asked))


def _beyond(asked: Asked, source: Source, size: int, limit: int) -> Pieces | None:
    if WORK * size <= limit:
        return None
    there = f"memory={asked.memory!r}" if asked.memory is not None else f"{in_words(limit)} of memory that there are"
    return Pieces(source, 0.0, f"all columns as a table need about {in_words(size)}, too much for {there}")


def _limit(asked: Asked) -> int:
    return available() if asked.memory is None else as_bytes(asked.memory)
