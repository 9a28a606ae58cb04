"""Reading data of any kind into columns, and giving results back in kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, final

import narwhals as nw
import numpy as np

from likely.errors import DataError, unknown


@final
class Table:
    """Named columns of equal length, from whatever the user brought.

    Attributes
    ----------
    names : list of str
    n : int
        Number of rows.
    """

    def __init__(self, frame: Any = None, columns: Mapping[str, Any] | None = None, native: bool = True) -> None:
        self._frame = frame
        self._columns = dict(columns or {})
        self._native = native  # whether results go back as a column of the user's own library
        if frame is not None:
            self.names: list[str] = [str(c) for c in frame.columns]
            self._keys = dict(zip(self.names, frame.columns, strict=True))  # pandas allows names that are not text
            self.n: int = len(frame)
        else:
            self.names = list(self._columns)
            self.n = len(next(iter(self._columns.values()))) if self._columns else 0

    def __contains__(self, name: str) -> bool:
        return self._own(name) in self.names

    def _own(self, name: str) -> str:
        """The column's own name, where a formula writes a letter that looks like a dot for a dot."""
        return name if name in self.names else name.replace("\N{LISU LETTER TONE MYA TI}", ".")

    def column(self, name: str) -> Any:
        """The column called `name`: a float, bool or object array; missing values are NaN or None."""
        name = self._own(name)
        if name not in self.names:
            raise unknown("column", name, self.names)
        if name not in self._columns:
            self._columns[name] = _to_numpy(self._frame.get_column(self._keys[name]))
        return self._columns[name]

    def levels(self, name: str) -> list[Any] | None:
        """The declared order of levels of a categorical column, or None."""
        name = self._own(name)
        if self._frame is None or name not in self.names:
            return None
        series = self._frame.get_column(self._keys[name])
        if series.dtype == nw.Enum:
            declared = list(series.dtype.categories)
        elif series.dtype == nw.Categorical and hasattr(native := series.to_native(), "cat"):
            declared = list(getattr(native.cat, "categories", []))  # pandas; Polars orders its own by text
        else:
            return None
        present = set(series.drop_nulls().unique().to_list())
        return [level for level in declared if level in present] or None

    def pandas(self, names: Sequence[str], rows: Any = None) -> Any:
        """Some columns as a pandas DataFrame, for formulas."""
        import pandas as pd

        columns: dict[str, Any] = {}
        for name in names:
            values, levels = self.column(name), self.levels(name)
            values = values if rows is None else values[rows]
            columns[name] = values if levels is None else pd.Categorical(values, categories=levels)
        index = None if columns else range(self.n if rows is None else int(np.count_nonzero(rows)))
        return pd.DataFrame(columns, index=index)

    def wrap(self, values: Any, name: str) -> Any:
        """One value per row as a column of the user's own library; an array for arrays, lists and files."""
        if self._frame is None or not self._native or np.ndim(values) != 1 or len(values) != self.n:
            return values
        series = nw.new_series(name, values, backend=self._frame.implementation)
        native = series.to_native()
        if hasattr(native, "index") and hasattr(self._frame.to_native(), "index"):
            native.index = self._frame.to_native().index
        return native

    def wrap_frame(self, columns: Mapping[str, Any]) -> Any:
        """Several columns as a table of the user's own library; a dict of arrays for arrays, lists and files."""
        if self._frame is None or not self._native:
            return dict(columns)
        frame = nw.from_dict(dict(columns), backend=self._frame.implementation).to_native()
        native = self._frame.to_native()
        if hasattr(frame, "index") and hasattr(native, "index") and len(frame) == len(native):
            frame.index = native.index
        return frame


def _to_numpy(series: Any) -> Any:
    """A narwhals series as an array: floats with NaN for missing numbers, objects with None for text."""
    dtype = series.dtype
    if dtype.is_numeric():
        if series.null_count():
            return series.cast(nw.Float64).to_numpy().astype(float)
        values = series.to_numpy()
        return values.astype(float) if values.dtype.kind not in "fiu" else values
    if dtype == nw.Boolean and not series.null_count():
        return series.to_numpy().astype(bool)
    values = np.asarray(series.to_list(), dtype=object)
    numeric = [v for v in values if v is not None]
    if dtype == nw.Object and numeric and all(isinstance(v, (int, float, np.number)) for v in numeric):
        return np.array([np.nan if v is None else float(v) for v in values])
    for i, v in enumerate(values):
        if isinstance(v, float) and np.isnan(v):
            values[i] = None
    return values


def read(data: Any) -> Table:
    """Columns from a table of any kind, a CSV or Parquet path, a mapping, or an array.

    Parameters
    ----------
    data : pandas, Polars, PyArrow or DuckDB table, path, dict of columns, 2-d array, 1-d array or list
        Columns of a plain array are called x1, x2, ...; a single column y.

    Raises
    ------
    DataError
        If the data cannot be read as columns of equal length.
    """
    if isinstance(data, Table):
        return data
    if isinstance(data, (str, Path)):
        return Table(_read_file(Path(data)), native=False)
    if isinstance(data, Mapping):
        return _from_mapping(data)
    if isinstance(data, (np.ndarray, list, tuple, range)) or np.isscalar(data) or data is None:
        return _from_array(data)
    native = nw.from_native(data, allow_series=True, pass_through=True)
    if isinstance(native, nw.LazyFrame):
        native = native.collect()
    if isinstance(native, nw.Series):
        native = native.to_frame()
    if isinstance(native, nw.DataFrame):
        if len(set(map(str, native.columns))) < len(native.columns):
            raise DataError(f"column names must be distinct, found {[str(c) for c in native.columns]}")
        return Table(native)
    if hasattr(data, "to_arrow_table") or hasattr(data, "arrow"):
        return read(data.arrow())
    if hasattr(data, "__array__"):
        return _from_array(np.asarray(data))
    if hasattr(data, "__iter__"):
        return _from_array(list(data))
    raise DataError(
        f"cannot read data of type {type(data).__name__}: pass a table (pandas, Polars, PyArrow, DuckDB), a dict of "
        "columns, an array, a list, or a path to a CSV or Parquet file"
    )


def _read_file(path: Path) -> Any:
    if not path.exists():
        raise DataError(f"there is no file {str(path)!r}; a string is read as a path to a CSV or Parquet file")
    ending = path.suffix.lower()
    try:
        if ending in (".parquet", ".pq"):
            from pyarrow import parquet

            table = parquet.read_table(path)
        elif ending in (".csv", ".tsv", ".txt", ".gz"):
            import pandas as pd

            # pandas' reader: it knows the usual spellings of a missing value
            separator = "\t" if ending == ".tsv" or str(path).endswith(".tsv.gz") else ","
            table = pd.read_csv(path, sep=separator)
        else:
            raise DataError(f"cannot read {str(path)!r}: the name must end in .csv, .tsv or .parquet")
    except DataError:
        raise
    except Exception as error:  # readers raise many kinds
        raise DataError(f"cannot read {str(path)!r}: {error}") from error
    return nw.from_native(table, eager_only=True)


def _from_mapping(data: Mapping[Any, Any]) -> Table:
    columns = {str(name): _as_column(values, str(name)) for name, values in data.items()}
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise DataError(
            "columns must have the same length, found " + ", ".join(f"{k}: {v}" for k, v in lengths.items())
        )
    return Table(columns=columns)


def _from_array(data: Any) -> Table:
    if data is None or np.isscalar(data):
        raise DataError(f"data must be a table, an array or a list, found {data!r}")
    array = np.asarray(data) if not isinstance(data, (list, tuple)) else _as_array(data)
    if array.ndim == 0:
        raise DataError(f"data must be a table, an array or a list, found {data!r}")
    if array.ndim == 1:
        return Table(columns={"y": _as_column(array, "y")})
    if array.ndim == 2:
        return Table(columns={f"x{j + 1}": _as_column(array[:, j], f"x{j + 1}") for j in range(array.shape[1])})
    raise DataError(f"an array of data has one or two dimensions, found shape {array.shape}")


def _as_array(values: Sequence[Any]) -> Any:
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise DataError("the rows of the data have different lengths") from error
    if array.dtype.kind in "OUS":  # None among numbers, or text: keep what each value is
        return np.asarray(values, dtype=object)
    return array


def _as_column(values: Any, name: str) -> Any:
    """One column as a float, integer, bool or object array."""
    if isinstance(values, np.ndarray) and values.dtype.kind in "fiub":
        array = values
    elif isinstance(values, (list, tuple, range, np.ndarray)):
        array = _as_array(list(values))
    else:
        inner = read(values)
        return inner.column(inner.names[0])
    if array.ndim != 1:
        raise DataError(f"column {name!r} must have one dimension, found shape {array.shape}")
    if array.dtype.kind == "O":
        present = [v for v in array if v is not None and v is not np.ma.masked]
        if present and all(isinstance(v, (int, float, np.number)) and not isinstance(v, bool) for v in present):
            return np.array([np.nan if v is None else float(v) for v in array])
        return np.array([None if _is_missing(v) else v for v in array], dtype=object)
    return array


def _is_missing(value: Any) -> bool:
    return (
        value is None or (isinstance(value, float) and np.isnan(value)) or type(value).__name__ in ("NAType", "NaTType")
    )


def missing(values: Any) -> Any:
    """Which values are missing (boolean array)."""
    if values.dtype.kind == "f":
        return np.isnan(values)
    if values.dtype.kind == "O":
        return np.array([_is_missing(v) for v in values], dtype=bool)
    return np.zeros(len(values), dtype=bool)


def numbers(values: Any, name: str) -> Any:
    """A column as floats, or an error that shows what is in it."""
    if values.dtype.kind in "fiub":
        return np.ascontiguousarray(values, dtype=float)
    examples = ", ".join(repr(v) for v in list(dict.fromkeys(v for v in values if v is not None))[:3])
    try:
        np.array([float(v) for v in values if v is not None])
        hint = f"; it holds numbers written as text: convert it first, e.g. pandas.to_numeric(df[{name!r}])"
    except (TypeError, ValueError):
        hint = f"; for a yes/no column, compare it: df[{name!r}] == ..."
    raise DataError(f"column {name!r} must hold numbers, found text or objects such as {examples}{hint}")
