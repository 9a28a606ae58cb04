"""Which source data are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from likely.data import files, many_files
from likely.data.sources import tables
from likely.data.sources.base import ROWS, Source
from likely.data.sources.checked import Checked
from likely.data.sources.files import Files
from likely.data.table import Table
from likely.data.tables import names_file
from likely.errors import DataError


def open_source(data: Any, rows: int = ROWS) -> Checked:
    """The source that data are.

    Parameters
    ----------
    data : path, glob, list of paths or tables, PyArrow data set, lazy Polars frame, DuckDB relation, function, or table
        A function returns an iterator of tables, a new one each time.
    rows : int
        Of a piece at most.

    Raises
    ------
    DataError
        If there is nothing to read, or if it could be read once only.

    Examples
    --------
    >>> source = open_source({"x": [1, 2, 3]}, rows=2)
    >>> [piece.table.column("x").tolist() for piece in source.pieces()]
    [[1, 2], [3]]
    """
    if isinstance(data, Table) and data.source is not None:
        opened: Checked = data.source
        return opened
    return Checked(_of(data, rows))


def is_read_in_pieces(data: Any) -> bool:
    """Whether data are no table in memory but files, or something else that is read when it is asked for.

    Examples
    --------
    >>> is_read_in_pieces("sales/*.parquet"), is_read_in_pieces({"x": [1, 2]})
    (True, False)
    """
    if isinstance(data, Table):
        return data.source is not None
    module = type(data).__module__.partition(".")[0]
    return (
        isinstance(data, (str, Path))
        or (isinstance(data, (list, tuple)) and bool(data) and all(map(names_file, data)))
        or (module == "pyarrow" and hasattr(data, "get_fragments"))
        or (module == "polars" and tables.table_is_lazy(data))
        or type(data).__name__ == "DuckDBPyRelation"
        or gives_tables(data)
    )


def gives_tables(data: Any) -> bool:
    """Whether data are tables to be put together: a function that returns an iterator of them, or a list."""
    if isinstance(data, (list, tuple)):
        return bool(data) and all(map(_is_table, data)) and not any(isinstance(one, Mapping) for one in data)
    return callable(data) and not hasattr(data, "__len__")


def _of(data: Any, rows: int) -> Source:
    module = type(data).__module__.partition(".")[0]
    if isinstance(data, (str, Path)):
        return _of_paths([data], rows)
    if isinstance(data, (list, tuple)) and data and all(isinstance(one, (str, Path)) for one in data):
        return _of_paths(data, rows)
    if module == "pyarrow" and hasattr(data, "get_fragments"):
        return tables.of_dataset(data, rows)
    if type(data).__name__ == "RecordBatchReader" or (isinstance(data, Iterator) and not isinstance(data, Mapping)):
        raise DataError(
            f"the {type(data).__name__} can be read once only, and a fit reads its data several times: pass a function "
            "that returns a new one each time, a list of tables, or files"
        )
    if module == "polars" and tables.table_is_lazy(data):
        return tables.of_polars(data, rows)
    if type(data).__name__ == "DuckDBPyRelation":
        return tables.of_duckdb(data, rows)
    if callable(data):
        return tables.of_function(data, rows)
    if isinstance(data, (list, tuple)) and data and all(_is_table(one) for one in data):
        return tables.of_function(lambda: data, rows)
    return tables.Cut(data, rows)


def _of_paths(given: Any, rows: int) -> Source:
    """Files by path or glob; a folder is a PyArrow data set."""
    if len(given) == 1 and many_files.is_folder(given[0]):
        return tables.of_dataset(many_files.folder(given[0]), rows)
    return Files([path for one in given for path in many_files.matched(one) or [files.find(one)[0]]], rows)


def _is_table(data: Any) -> bool:
    return hasattr(data, "columns") or isinstance(data, Mapping) or hasattr(data, "schema")
