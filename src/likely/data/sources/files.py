"""Parquet and CSV files, one after the other, in pieces that fit in memory."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, final

import narwhals as nw

from likely.data import files
from likely.data.sources.base import CELL, ROWS, Piece, Reread
from likely.data.table import Table
from likely.errors import DataError

BLOCK = 16_000_000  # bytes of a CSV file at a time


@final
class Files:
    """Files of one kind, in the order in which they were named.

    Parameters
    ----------
    paths : sequence of Path
    rows : int
        Of a piece.
    """

    def __init__(self, paths: Sequence[Path], rows: int = ROWS) -> None:
        self._files = [(Parquet if files.is_parquet(path) else Csv)(path, rows) for path in paths]
        self._seen: dict[Path, tuple[int, int]] = {}

    @cached_property
    def names(self) -> Sequence[str]:
        """Names of the columns of the first file."""
        with self._unchanged(self._files[0].path):
            return self._files[0].names

    @property
    def whole(self) -> None:
        """There is none."""
        return None

    @cached_property
    def rows(self) -> int | None:
        """How many rows there are, where the files say so."""
        counts = []
        for file in self._files:
            with self._unchanged(file.path):
                counts.append(file.rows)
        return None if None in counts else sum(filter(None, counts))

    @property
    def size(self) -> int:
        """About the bytes of all columns."""
        total = 0
        for file in self._files:
            with self._unchanged(file.path):
                total += file.size
        return total

    def pieces(self, columns: Sequence[str] | None = None) -> Iterator[Piece]:
        """The pieces of all files."""
        for file in self._files:
            with self._unchanged(file.path):
                first = 0
                for frame in file.frames(columns):
                    table = Table(nw.from_native(frame, eager_only=True), native=False, decimal=file.decimal)
                    yield Piece(table.numbered(first), str(file.path))
                    first += table.n

    @contextmanager
    def _unchanged(self, path: Path) -> Iterator[None]:
        """Raise where a file is not the one that was read before, or changes while it is read."""
        before = self._seen.setdefault(path, _stamp(path))
        try:
            self._compare(path, before)
            yield
        except (DataError, Reread, GeneratorExit):
            raise
        except Exception as error:  # readers raise many kinds
            self._compare(path, before)
            raise DataError(f"cannot read {str(path)!r}: {error}") from error
        self._compare(path, before)

    def _compare(self, path: Path, before: tuple[int, int]) -> None:
        if _stamp(path) != before:
            raise DataError(
                f"{str(path)!r} has changed since it was first read: files must not change while they are used"
            )


def _stamp(path: Path) -> tuple[int, int]:
    """What a file has that a change changes: its size and time."""
    try:
        found = path.stat()
    except OSError as error:
        raise DataError(f"the file {str(path)!r} is no longer there: {error.strerror}") from error
    return found.st_size, found.st_mtime_ns


@final
class Parquet:
    """One Parquet file."""

    decimal: str | None = "."

    def __init__(self, path: Path, rows: int) -> None:
        self.path, self._rows = path, rows

    @property
    def names(self) -> Sequence[str]:
        """Names of its columns."""
        from pyarrow import parquet

        return list(parquet.read_schema(self.path).names)

    @property
    def rows(self) -> int:
        """How many rows it has."""
        from pyarrow import parquet

        return int(parquet.read_metadata(self.path).num_rows)

    @property
    def size(self) -> int:
        """Bytes of its columns."""
        return self.rows * len(self.names) * CELL

    def frames(self, columns: Sequence[str] | None) -> Iterator[Any]:
        """Its rows as Arrow tables."""
        import pyarrow as pa
        from pyarrow import parquet

        with parquet.ParquetFile(self.path) as file:
            found = file.schema_arrow.names
            kept = found if columns is None else [name for name in found if name in columns]
            for batch in file.iter_batches(self._rows, columns=kept):
                yield pa.Table.from_batches([batch])


@final
class Csv:
    """One CSV file, read in blocks of whole lines as a small file is read whole."""

    def __init__(self, path: Path, rows: int) -> None:
        self.path = path
        self.decimal: str | None = "."
        self._texts: set[str] = set()  # columns that are text somewhere, and so everywhere
        self._numbers: set[str] = set()

    @property
    def names(self) -> Sequence[str]:
        """Names of its columns."""
        with self._open() as handle:
            frame, _ = files.read_lines(handle.readline(), self.path, repr(str(self.path)))
        return [str(name) for name in frame.columns]

    @property
    def rows(self) -> None:
        """Not known before it was read."""
        return None

    @property
    def size(self) -> int:
        """About the bytes of its columns: a number takes about as many in writing, packed about a quarter."""
        return self.path.stat().st_size * (4 if self.path.name.lower().endswith(".gz") else 1)

    def frames(self, columns: Sequence[str] | None) -> Iterator[Any]:
        """Its rows as pandas tables."""
        where, before = repr(str(self.path)), 0
        with self._open() as handle:
            header = handle.readline()
            for block in _blocks(handle):
                frame, self.decimal = files.read_lines(header + block, self.path, where, before, self._texts)
                before += block.count(b"\n")
                frame = frame if columns is None else frame[[name for name in frame.columns if name in columns]]
                self._require_alike(frame)
                yield frame

    def _require_alike(self, frame: Any) -> None:
        """Start again, with text everywhere, where a column that was numbers so far holds text."""
        for name in frame.columns:
            if frame[name].isna().all():
                continue
            if frame[name].dtype.kind in "fiub":
                self._numbers.add(name)
            elif name in self._numbers and name not in self._texts:
                self._texts.add(name)
        if again := self._texts & self._numbers:
            self._numbers -= again
            raise Reread

    def _open(self) -> Any:
        if self.path.name.lower().endswith(".gz"):
            return gzip.open(self.path, "rb")
        return self.path.open("rb")


def _blocks(handle: Any) -> Iterator[bytes]:
    """Whole lines of a file, some at a time; a line break in quotes ends no line."""
    rest = b""
    while more := handle.read(BLOCK):
        content = rest + more
        cut = content.rfind(b"\n") + 1
        while cut and content.count(b'"', 0, cut) % 2:
            cut = content.rfind(b"\n", 0, cut - 1) + 1
        if cut:
            yield content[:cut]
        rest = content[cut:]
    if rest.strip():
        yield rest
