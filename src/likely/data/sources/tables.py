"""Tables in memory cut in pieces, and what other libraries give piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, final

import narwhals as nw

from likely.data import tables
from likely.data.sources.base import CELL, ROWS, Piece
from likely.data.table import Table
from likely.errors import DataError


@final
class Cut:
    """A table in memory, in pieces."""

    def __init__(self, data: Any, rows: int = ROWS) -> None:
        self._table, self._rows = tables.read(data), rows

    @property
    def names(self) -> Sequence[str]:
        """Names of its columns."""
        return self._table.names

    @property
    def whole(self) -> Table:
        """The table."""
        return self._table

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return self._table.n

    @property
    def size(self) -> int:
        """Bytes of all columns."""
        return self.rows * len(self.names) * CELL

    def pieces(self, columns: Sequence[str] | None = None) -> Iterator[Piece]:
        """Neighbouring rows."""
        for first in range(0, max(1, self._table.n), self._rows):
            yield Piece(self._table.slice(first, first + self._rows))


@final
class Batches:
    """Tables that a function gives one after the other, each time from the first.

    Parameters
    ----------
    tables : callable
        Columns to read, or None for all -> tables of any library, with the file that each is from.
    names : callable
        Gives the names of all columns.
    rows : int
        Of a piece at most.
    count : callable
        Gives the number of all rows, or None where it takes a look at them.
    """

    def __init__(
        self,
        tables: Callable[[Sequence[str] | None], Iterable[tuple[Any, str]]],
        names: Callable[[], Sequence[str]],
        rows: int = ROWS,
        count: Callable[[], int | None] = lambda: None,
    ) -> None:
        self._tables, self._names, self._rows, self._count = tables, names, rows, count

    @cached_property
    def names(self) -> Sequence[str]:
        """Names of all columns."""
        return list(self._names())

    @property
    def whole(self) -> None:
        """There is none."""
        return None

    @cached_property
    def rows(self) -> int | None:
        """How many rows there are, where that is known without reading them."""
        try:
            return self._count()
        except Exception as error:  # every library raises its own
            raise DataError(f"cannot read the data: {error}") from error

    @property
    def size(self) -> int | None:
        """About the bytes of all columns, where that is known without reading them."""
        return None if self.rows is None else self.rows * len(self.names) * CELL

    def pieces(self, columns: Sequence[str] | None = None) -> Iterator[Piece]:
        """The tables, large ones cut."""
        source, first = "", 0
        try:
            for data, name in self._tables(columns):
                first = first if name == source else 0
                table, source = tables.read(data), name
                for lo in range(0, table.n, self._rows):
                    piece = table if table.n <= self._rows else table.slice(lo, lo + self._rows)
                    yield Piece(piece.numbered(first + lo), name)
                first += table.n
        except (DataError, GeneratorExit):
            raise
        except Exception as error:  # every library raises its own
            raise DataError(f"cannot read {source or 'the data'} from row {first} on: {error}") from error


def of_dataset(data: Any, rows: int) -> Batches:
    """A PyArrow data set."""

    def batches(columns: Sequence[str] | None) -> Iterator[tuple[Any, str]]:
        kept = None if columns is None else [name for name in data.schema.names if name in columns]
        for fragment in data.get_fragments():
            for batch in fragment.to_batches(schema=data.schema, columns=kept, batch_size=rows):
                yield batch, str(getattr(fragment, "path", ""))

    return Batches(batches, lambda: data.schema.names, rows, data.count_rows)


def of_polars(data: Any, rows: int) -> Batches:
    """A lazy Polars frame."""

    def batches(columns: Sequence[str] | None) -> Iterator[tuple[Any, str]]:
        lazy = data if columns is None else data.select([name for name in data.collect_schema() if name in columns])
        for frame in lazy.collect_batches(chunk_size=rows, maintain_order=True):
            yield frame, ""

    def count() -> int:
        import polars as pl

        return int(data.select(pl.len()).collect().item())

    return Batches(batches, lambda: data.collect_schema().names(), rows, count)


def of_duckdb(data: Any, rows: int) -> Batches:
    """A DuckDB relation."""

    def batches(columns: Sequence[str] | None) -> Iterator[tuple[Any, str]]:
        from duckdb import ColumnExpression

        kept = data.columns if columns is None else [name for name in data.columns if name in columns]
        reader = data.select(*map(ColumnExpression, kept)).to_arrow_reader(rows)
        for batch in reader:
            yield batch, ""

    return Batches(batches, lambda: data.columns, rows, lambda: len(data))


def of_function(function: Callable[[], Iterable[Any]], rows: int) -> Batches:
    """A function that returns an iterator of tables, a new one each time."""
    last: list[Any] = []

    def again() -> Iterator[Any]:
        made = function()
        if last and made is last[0] and iter(made) is made:
            raise DataError(
                "the function returned the same iterator twice, which is at its end: it has to make a new one each time"
            )
        last[:] = [made]
        return iter(made)

    def batches(columns: Sequence[str] | None) -> Iterator[tuple[Any, str]]:
        for i, table in enumerate(again()):
            yield _with_columns(table, columns), f"table {i}"

    def names() -> Sequence[str]:
        first = next(again(), None)
        if first is None:
            raise DataError("the data are empty: there is no table")
        return tables.read(first).names

    return Batches(batches, names, rows)


def _with_columns(table: Any, columns: Sequence[str] | None) -> Any:
    """Some columns of a table, where it is of a library; else the table."""
    native = nw.from_native(table, eager_only=True, pass_through=True)
    if columns is None or not isinstance(native, nw.DataFrame):
        return table
    return native.select([name for name in native.columns if name in columns]).to_native()


def table_is_lazy(data: Any) -> bool:
    """Whether a Polars frame is lazy."""
    return isinstance(nw.from_native(data, pass_through=True), nw.LazyFrame)


__all__ = ["Batches", "Cut", "Table", "of_dataset", "of_duckdb", "of_function", "of_polars", "table_is_lazy"]
