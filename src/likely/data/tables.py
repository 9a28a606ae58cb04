"""Reading data of any kind into a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np

from likely.data import files, many_files
from likely.data.columns import codes, from_array, missing, numbers
from likely.data.levels import Column
from likely.data.markers import checked_na
from likely.data.reading import TextReading
from likely.data.series import occurring
from likely.data.table import Table
from likely.errors import DataError, listed

__all__ = ["READABLE", "Table", "codes", "missing", "numbers", "occurring", "read"]

READABLE = (
    "a table (pandas, Polars, PyArrow, DuckDB), a dict of columns, an array, a list, or a path to a CSV or Parquet file"
)
ENDINGS = (*files.PARQUET, ".csv", ".csv.gz")  # of texts in a list that are paths


def read(data: Any, na: Any = None, like: TextReading | None = None) -> Table:
    """Columns from a table of any kind, a CSV or Parquet path or open file, a mapping, or an array.

    Parameters
    ----------
    data : pandas, Polars, PyArrow or DuckDB table, path, open CSV file, dict of columns, list of dicts, array or list
        A path may be a pattern such as ``sales/*.parquet``, a list of paths, or a folder of Parquet files.
        Columns of a plain array are called x1, x2, ...; a single column y.
    na : str, number or list of them, optional
        Cells that stand for a missing value.
    like : TextReading, optional
        How text was read before, such as in a fit, to be read alike.

    Raises
    ------
    DataError
        If the data cannot be read as columns of equal length.
    """
    markers = checked_na(na) if like is None else like.na
    table = _read(data)
    if markers and markers != table.na:
        table = table.marked(markers)
    if like is not None and table.readings is not like.readings:
        table.readings, table.like = {**like.readings, **table.readings}, True
    return table


def _read(data: Any) -> Table:
    if isinstance(data, Table):
        return data
    if isinstance(data, (str, Path)) and many_files.is_folder(data):
        return Table(nw.from_native(many_files.folder(data).to_table(), eager_only=True), native=False)
    if (paths := _paths(data)) is not None:
        frame, decimal = files.read_path(paths[0]) if len(paths) == 1 else many_files.read_all(paths)
        return Table(nw.from_native(frame, eager_only=True), native=False, decimal=decimal)
    if isinstance(data, (bytes, bytearray)):
        raise DataError(f"data must be {READABLE}; found bytes")
    if isinstance(data, Mapping):
        return _from_mapping(data)
    if isinstance(data, (np.ndarray, list, tuple, range)) or np.isscalar(data) or data is None:
        return _from_array(data)
    if hasattr(data, "read") and callable(data.read):
        frame, decimal = files.read_open(data)
        return Table(nw.from_native(frame, eager_only=True), native=False, decimal=decimal)
    kind = type(data).__name__
    if kind == "DuckDBPyConnection":
        raise DataError("found a DuckDB connection, not a table: pass a query's result, con.sql('select ... from ...')")
    if kind == "RecordBatchReader":
        data = data.read_all()
    elif kind == "RecordBatch":
        import pyarrow as pa

        data = pa.Table.from_batches([data])
    return _from_native(data)


def _paths(data: Any) -> Sequence[str | Path] | None:
    """The files that data name: a path, a pattern, or a list of paths; None for anything else."""
    if isinstance(data, (str, Path)):
        return many_files.matched(data) or [data]
    if isinstance(data, (list, tuple)) and data and all(map(names_file, data)):
        return data
    return None


def names_file(value: Any) -> bool:
    """Whether a value in a list is the path of a file, and no label."""
    return isinstance(value, Path) or (isinstance(value, str) and value.lower().endswith(ENDINGS))


def _from_native(data: Any) -> Table:
    """A table or column of some library."""
    pandas = type(data).__module__.startswith("pandas") and hasattr(data, "columns")
    names = [str(c) for c in data.columns] if pandas else []
    if twice := sorted(name for name, count in Counter(names).items() if count > 1):
        raise DataError(f"column names must be distinct: the table has more than one column called {listed(twice)}")
    if hasattr(data, "get_fragments") and hasattr(data, "to_table"):  # a PyArrow data set
        data = data.to_table()
    try:
        native = nw.from_native(data, allow_series=True, pass_through=True)
        if isinstance(native, nw.LazyFrame):
            native = native.collect()
        if isinstance(native, nw.Series):
            native = native.to_frame()
    except Exception as error:  # every library raises its own
        raise DataError(f"cannot read the {type(data).__name__}: {error}") from error
    if isinstance(native, nw.DataFrame):
        if len(set(map(str, native.columns))) < len(native.columns):
            raise DataError(f"column names must be distinct, found {[str(c) for c in native.columns]}")
        return Table(native)
    if hasattr(data, "to_arrow_table"):
        return _read(data.to_arrow_table())
    if hasattr(data, "arrow"):
        return _read(data.arrow())
    if hasattr(data, "categories") and hasattr(data, "codes"):  # a pandas Categorical by itself
        import pandas as pd

        return _from_native(pd.Series(data, name="y"))
    if hasattr(data, "__array__"):
        return _from_array(np.asarray(data))
    if hasattr(data, "__iter__"):
        items = list(data)
        if items and hasattr(items[0], "columns"):
            raise DataError(
                f"the {type(data).__name__} gives tables, and can be gone through once only: pass a function that "
                "returns a new one each time, or a list of tables"
            )
        return _from_array(items)
    raise DataError(f"cannot read data of type {type(data).__name__}: pass {READABLE}")


def _from_mapping(data: Mapping[Any, Any]) -> Table:
    for name, values in data.items():
        alone = isinstance(values, (str, bytes)) or not (hasattr(values, "__len__") or hasattr(values, "__iter__"))
        if alone or getattr(values, "ndim", 1) == 0:
            raise DataError(
                f"column {str(name)!r} must hold one value per row, found {values!r}; repeat it, "
                f"[{values!r}] * n, if every row has it"
            )
    if twice := sorted(name for name, count in Counter(map(str, data)).items() if count > 1):
        raise DataError(f"column names must be distinct: there is more than one column called {listed(twice)}")
    table = Table(columns={str(name): _as_column(values, str(name)) for name, values in data.items()})
    lengths = {name: len(table.column(name)) for name in table.names}
    if len(set(lengths.values())) > 1:
        raise DataError(
            "columns must have the same length, found " + ", ".join(f"{k}: {v}" for k, v in lengths.items())
        )
    return table


def _from_array(data: Any) -> Table:
    if isinstance(data, (list, tuple)) and data and all(isinstance(row, Mapping) for row in data):
        keys = dict.fromkeys(str(key) for row in data for key in row)
        rows = [{str(key): value for key, value in row.items()} for row in data]
        return Table(columns={key: _as_column([row.get(key) for row in rows], key) for key in keys})
    if data is None or np.isscalar(data):
        raise DataError(f"data must be {READABLE}; found {data!r}")
    array = data if isinstance(data, np.ndarray) else _array_of(data)
    if array.dtype.names:
        return Table(columns={name: _as_column(array[name], name) for name in array.dtype.names})
    if array.ndim == 0:
        raise DataError(f"data must be {READABLE}; found {data!r}")
    if array.ndim == 1:
        return Table(columns={"y": _as_column(array, "y")}, named=False)
    if array.ndim == 2:
        names = [f"x{j + 1}" for j in range(array.shape[1])]
        return Table(columns={name: _as_column(array[:, j], name) for j, name in enumerate(names)}, named=False)
    raise DataError(f"an array of data has one or two dimensions, found shape {array.shape}")


def _array_of(values: Sequence[Any]) -> Any:
    if any(v is np.ma.masked for v in values):
        values = [None if v is np.ma.masked else v for v in values]
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise DataError("the rows of the data have different lengths") from error
    except (OverflowError, TypeError) as error:
        raise DataError(f"cannot read the data as an array: {error}") from error
    if array.dtype.kind in "fiub" and array.ndim:
        return array
    return np.asarray(values, dtype=object)  # None among numbers, text or dates: keep what each value is


def _as_column(values: Any, name: str) -> Column:
    """One column by itself, from whatever holds it."""
    if isinstance(values, np.ndarray):
        array = values
    elif isinstance(values, (list, tuple, range)):
        array = _array_of(list(values))
    else:
        inner = _read(values)
        if len(inner.names) != 1:
            raise DataError(f"column {name!r} must have one dimension, found a table of {len(inner.names)} columns")
        return inner.alone(inner.names[0])
    if array.ndim != 1:
        raise DataError(f"column {name!r} must have one dimension, found shape {array.shape}")
    try:
        return Column(*from_array(array))
    except DataError as error:
        raise DataError(f"column {name!r} holds {error}") from error
