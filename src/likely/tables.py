"""Reading data of any kind into columns, and giving results back in kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, final

import narwhals as nw
import numpy as np

from likely import alignment, files
from likely.columns import from_array, from_objects, numbers
from likely.errors import DataError, listed, unknown

__all__ = ["READABLE", "Table", "missing", "numbers", "occurring", "read"]


@final
class Levels(list[Any]):
    """The levels that a column declares; `ordered` says whether from lowest to highest or just so."""

    def __init__(self, levels: Sequence[Any], ordered: bool) -> None:
        super().__init__(levels)
        self.ordered = ordered


@final
class Table:
    """Named columns of equal length, from whatever the user brought.

    Attributes
    ----------
    names : list of str
    n : int
        Number of rows.
    named : bool
        Whether the names are the user's own, not x1, x2, ... of an array.
    index : pandas Index or None
        Labels of the rows, by which what else the user gives is matched to them.
    """

    def __init__(
        self, frame: Any = None, columns: Mapping[str, Any] | None = None, native: bool = True, named: bool = True
    ) -> None:
        self.index: Any = None
        self._places: Any = None  # of the rows in the table they were taken from, see `only`
        self._frame = frame
        self._columns: dict[str, Any] = {}
        self._yes_no: set[str] = set()  # booleans that are floats here because some are missing
        self._levels: dict[str, Levels] = {}
        self._texts: dict[str, Any] = {}
        self._spread: tuple[Any, Table] | None = None  # the rows that results are missing for, see `only`
        self._native = native  # whether results go back as a column of the user's own library
        self.named = named
        if frame is not None:
            self.names: list[str] = [str(c) for c in frame.columns]
            self._keys = dict(zip(self.names, frame.columns, strict=True))  # pandas allows names that are not text
            self.n: int = len(frame)
            self.index = alignment.index_of(frame.to_native())
        else:
            for name, values in (columns or {}).items():
                self._columns[name], yes_no, levels, index = _as_column(values, name)
                if yes_no:
                    self._yes_no.add(name)
                if levels:
                    self._levels[name] = levels
                self._match(name, index)
            self.names = list(self._columns)
            self.n = len(next(iter(self._columns.values()))) if self._columns else 0

    @classmethod
    def without_columns(cls, n: int) -> Table:
        """A table of n rows that holds none of their data."""
        out = cls()
        out.n = n
        return out

    def __contains__(self, name: str) -> bool:
        return name in self.names

    def column(self, name: str) -> Any:
        """The column called `name`: a float, integer, bool or object array; missing values are NaN or None."""
        if name not in self.names:
            raise unknown("column", name, self.names)
        if name not in self._columns:
            self._columns[name], yes_no = _to_numpy(self._frame.get_column(self._keys[name]))
            if yes_no:
                self._yes_no.add(name)
        return self._columns[name]

    def labels(self, name: str) -> Any:
        """The column as labels: yes and no, and whole numbers, are these whether or not some values are missing."""
        values = self.column(name)
        if values.dtype.kind != "f":
            return values
        present = ~np.isnan(values)
        if name in self._yes_no:
            plain = values == 1.0
        elif np.all(np.abs(values[present]) < 2**53) and np.all(values[present] == np.floor(values[present])):
            plain = np.where(present, values, 0.0).astype(np.int64)
        else:
            return values
        if present.all():
            return plain
        out = plain.astype(object)
        out[~present] = None
        return out

    def text(self, name: str) -> Any:
        """A column of text as a pandas Categorical, its levels as declared or sorted; None if it is not text.

        This is quick where a million Python objects are not.
        """
        if name not in self._texts:
            if self._frame is not None and name in self._keys:
                self._texts[name] = _to_text(self._frame.get_column(self._keys[name]))
            else:
                values = self.column(name)
                plain = values.dtype == object and name not in self._levels and set(map(type, values)) <= TEXT
                self._texts[name] = _categories(values) if plain else None
        return self._texts[name]

    def levels(self, name: str) -> Levels | None:
        """The declared levels of a categorical column that occur, or None."""
        if name in self._levels:
            return self._levels[name]
        if self._frame is None or name not in self.names:
            return None
        series = self._frame.get_column(self._keys[name])
        ordered = True
        if series.dtype == nw.Enum:
            declared = list(series.dtype.categories)
        elif series.dtype == nw.Categorical and hasattr(native := series.to_native(), "cat"):
            declared = list(getattr(native.cat, "categories", []))  # pandas; Polars orders its own by text
            ordered = bool(getattr(native.cat, "ordered", False))
        else:
            return None
        present = set(series.drop_nulls().unique().to_list())
        return Levels([level for level in declared if level in present], ordered) if present else None

    def only(self, rows: Any, spread: bool = False) -> Table:
        """Some of the rows (a mask), as if the others had never been there.

        With `spread`, results given back in kind have all rows, those left out being missing.
        """
        rows = np.asarray(rows)
        if self._frame is not None:
            out = Table(self._frame.filter(rows.tolist()), native=self._native, named=self.named)
        else:
            out = Table(named=self.named)
            out.names, out.n = self.names, int(np.count_nonzero(rows))
            for name in self.names:
                out._columns[name], yes_no, levels = self._some(name, rows)
                out._yes_no |= {name} if yes_no else set()
                out._levels |= {name: levels} if levels else {}
            out.index = None if self.index is None else self.index[rows]
        out._texts = {name: occurring(text[rows]) for name, text in self._texts.items() if text is not None}
        out._places = np.flatnonzero(rows) if self._places is None else self._places[rows]
        out._spread = (rows, self) if spread else None
        return out

    def _some(self, name: str, rows: Any) -> tuple[Any, bool, Levels | None]:
        """Some values of a column, as they would have been read without the others."""
        values, levels = self._columns[name][rows], self._levels.get(name)
        if levels:
            present = set(values.tolist())
            kept = [level for level in levels if level in present]
            return values, name in self._yes_no, Levels(kept, levels.ordered) if kept else None
        if values.dtype.kind == "O" and len(values):
            return *from_objects(values.tolist()), None
        if name in self._yes_no and not np.any(np.isnan(values)):
            return values.astype(bool), False, None
        return values, name in self._yes_no, None

    def places(self, rows: Any) -> Any:
        """Rows as messages count them: from 0, in the data as the user brought them."""
        return np.asarray(rows) if self._places is None else self._places[rows]

    def match(self, index: Any, what: str) -> Any:
        """Where this table's rows are in another object of as many rows, by label; None where they go by position.

        The first labels there are become the table's own, if it has none.
        """
        if self.index is None:
            self.index = index
        return alignment.order(self.index, index, what)

    def _match(self, name: str, index: Any) -> None:
        """Put a column in the order of the table's labels."""
        values = self._columns[name]
        if index is None or any(len(other) != len(values) for other in self._columns.values()):
            return  # columns of different lengths are told of as such
        if (order := self.match(index, f"column {name!r}")) is not None:
            self._columns[name] = values[order]

    def wrap(self, values: Any, name: str) -> Any:
        """One value per row as a column of the user's own library; an array for arrays, lists and files."""
        if self._spread is not None and np.ndim(values) == 1 and len(values) == self.n:
            return self._spread[1].wrap(_spread_out(values, self._spread[0]), name)
        if self._frame is None or not self._native or np.ndim(values) != 1 or len(values) != self.n:
            return values
        series = _without_nan(nw.new_series(name, values, backend=self._frame.implementation))
        native = series.to_native()
        if hasattr(native, "index") and hasattr(self._frame.to_native(), "index"):
            native.index = self._frame.to_native().index
        return native

    def wrap_frame(self, columns: Mapping[str, Any]) -> Any:
        """Several columns as a table of the user's own library; a dict of arrays for arrays, lists and files."""
        if self._spread is not None:
            rows, whole = self._spread
            return whole.wrap_frame({name: _spread_out(values, rows) for name, values in columns.items()})
        if self._frame is None or not self._native:
            return dict(columns)
        frame, native = self.frame_of(columns), self._frame.to_native()
        if hasattr(frame, "index") and hasattr(native, "index") and len(frame) == len(native):
            frame.index = native.index
        return frame

    def frame_of(self, columns: Mapping[str, Any]) -> Any:
        """Columns that are not one value per row as a table of the user's own library; a dict of them otherwise."""
        if self._frame is None or not self._native:
            return dict(columns)
        made = nw.from_dict(dict(columns), backend=self._frame.implementation)
        return made.with_columns(*(_without_nan(made.get_column(name)) for name in made.columns)).to_native()


def _spread_out(values: Any, rows: Any) -> Any:
    """Values of some rows among all of them, the others missing."""
    values = np.asarray(values)
    kind = object if values.dtype.kind in "OUS" else float
    out = np.full(len(rows), None if kind is object else np.nan, dtype=kind)
    out[rows] = values
    return out


def _without_nan(series: Any) -> Any:
    """Missing values as the library marks them, where it tells them from NaN."""
    return series.fill_nan(None) if series.dtype.is_float() and series.is_nan().any() else series


def _to_numpy(series: Any) -> tuple[Any, bool]:
    """A narwhals series as an array, and whether it holds yes and no as floats."""
    dtype = series.dtype
    if dtype.is_numeric():
        if series.null_count():
            return series.cast(nw.Float64).to_numpy().astype(float), False
        values = series.to_numpy()
        return (values.astype(float) if values.dtype.kind not in "fiu" else values), False
    if dtype == nw.Boolean and not series.null_count():
        return series.to_numpy().astype(bool), False
    native = series.to_native()
    if type(getattr(native, "dtype", None)).__name__ == "SparseDtype":
        return from_array(np.asarray(native.sparse.to_dense()))
    return from_objects(series.to_list(), convert=dtype not in (nw.Categorical, nw.Enum, nw.String))


def _to_text(series: Any) -> Any:
    """A narwhals series of text as a pandas Categorical without levels that do not occur; None if it is not text."""
    native = series.to_native()
    if series.dtype in (nw.Categorical, nw.Enum):
        own: Any = getattr(native, "array", None)
        if type(own).__name__ == "Categorical":
            return occurring(own) if set(map(type, own.categories)) <= {str} else None
        if series.dtype == nw.Categorical and type(native).__module__.startswith("polars"):
            series = series.cast(nw.String)  # its categories are in no order but that of their first rows
        declared = list(series.dtype.categories) if series.dtype == nw.Enum else None
        return _categories(series.to_arrow().to_pandas(), declared)
    if series.dtype != nw.String:
        return None
    pandas = type(native).__module__.startswith("pandas")
    if pandas and native.dtype == object and not set(map(type, native)) <= TEXT:
        return None
    return _categories(native if pandas else series.to_arrow().to_pandas())


TEXT = {str, type(None)}


def _categories(values: Any, declared: list[Any] | None = None) -> Any:
    import pandas as pd

    made = occurring(pd.Categorical(values, categories=declared))
    return pd.Categorical.from_codes(made.codes, pd.Index(made.categories.tolist(), dtype=object))


def occurring(text: Any) -> Any:
    """A pandas Categorical without levels that do not occur."""
    counts = np.bincount(text.codes.astype(np.intp) + 1, minlength=len(text.categories) + 1)[1:]
    return text if np.all(counts) else text.remove_unused_categories()


READABLE = (
    "a table (pandas, Polars, PyArrow, DuckDB), a dict of columns, an array, a list, or a path to a CSV or Parquet file"
)


def read(data: Any) -> Table:
    """Columns from a table of any kind, a CSV or Parquet path or open file, a mapping, or an array.

    Parameters
    ----------
    data : pandas, Polars, PyArrow or DuckDB table, path, open CSV file, dict of columns, list of dicts, array or list
        Columns of a plain array are called x1, x2, ...; a single column y.

    Raises
    ------
    DataError
        If the data cannot be read as columns of equal length.
    """
    if isinstance(data, Table):
        return data
    if isinstance(data, (str, Path)):
        return Table(nw.from_native(files.read_path(data), eager_only=True), native=False)
    if isinstance(data, (bytes, bytearray)):
        raise DataError(f"data must be {READABLE}; found bytes")
    if isinstance(data, Mapping):
        return _from_mapping(data)
    if isinstance(data, (np.ndarray, list, tuple, range)) or np.isscalar(data) or data is None:
        return _from_array(data)
    if hasattr(data, "read") and callable(data.read):
        return Table(nw.from_native(files.read_open(data), eager_only=True), native=False)
    kind = type(data).__name__
    if kind == "DuckDBPyConnection":
        raise DataError("found a DuckDB connection, not a table: pass a query's result, con.sql('select ... from ...')")
    if kind == "RecordBatchReader":
        data = data.read_all()
    elif kind == "RecordBatch":
        import pyarrow as pa

        data = pa.Table.from_batches([data])
    return _from_native(data)


def _from_native(data: Any) -> Table:
    """A table or column of some library."""
    pandas = type(data).__module__.startswith("pandas") and hasattr(data, "columns")
    names = [str(c) for c in data.columns] if pandas else []
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise DataError(f"column names must be distinct: the table has more than one column called {listed(twice)}")
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
        return read(data.to_arrow_table())
    if hasattr(data, "arrow"):
        return read(data.arrow())
    if hasattr(data, "categories") and hasattr(data, "codes"):  # a pandas Categorical by itself
        import pandas as pd

        return _from_native(pd.Series(data, name="y"))
    if hasattr(data, "__array__"):
        return _from_array(np.asarray(data))
    if hasattr(data, "__iter__"):
        return _from_array(list(data))
    raise DataError(f"cannot read data of type {type(data).__name__}: pass {READABLE}")


def _from_mapping(data: Mapping[Any, Any]) -> Table:
    for name, values in data.items():
        alone = isinstance(values, (str, bytes)) or not (hasattr(values, "__len__") or hasattr(values, "__iter__"))
        if alone or getattr(values, "ndim", 1) == 0:
            raise DataError(
                f"column {str(name)!r} must hold one value per row, found {values!r}; repeat it, "
                f"[{values!r}] * n, if every row has it"
            )
    if twice := sorted({str(a) for a in data for b in data if a is not b and str(a) == str(b)}):
        raise DataError(f"column names must be distinct: there is more than one column called {listed(twice)}")
    table = Table(columns={str(name): values for name, values in data.items()})
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
        return Table(columns={key: [row.get(key) for row in rows] for key in keys})
    if data is None or np.isscalar(data):
        raise DataError(f"data must be {READABLE}; found {data!r}")
    array = data if isinstance(data, np.ndarray) else _as_array(data)
    if array.dtype.names:
        return Table(columns={name: array[name] for name in array.dtype.names})
    if array.ndim == 0:
        raise DataError(f"data must be {READABLE}; found {data!r}")
    if array.ndim == 1:
        return Table(columns={"y": array}, named=False)
    if array.ndim == 2:
        return Table(columns={f"x{j + 1}": array[:, j] for j in range(array.shape[1])}, named=False)
    raise DataError(f"an array of data has one or two dimensions, found shape {array.shape}")


def _as_array(values: Sequence[Any]) -> Any:
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


def _as_column(values: Any, name: str) -> tuple[Any, bool, Levels | None, Any]:
    """One column as an array; whether it holds yes and no as floats; its declared levels; and its rows' labels."""
    if isinstance(values, np.ndarray):
        array = values
    elif isinstance(values, (list, tuple, range)):
        array = _as_array(list(values))
    else:
        inner = read(values)
        if len(inner.names) != 1:
            raise DataError(f"column {name!r} must have one dimension, found a table of {len(inner.names)} columns")
        own = inner.names[0]
        return inner.column(own), own in inner._yes_no, inner.levels(own), inner.index
    if array.ndim != 1:
        raise DataError(f"column {name!r} must have one dimension, found shape {array.shape}")
    return *from_array(array), None, None


def codes(values: Any) -> Any:
    """The labels of groups as whole numbers."""
    if values.dtype.kind == "O":
        place: dict[Any, int] = {}
        return np.array([place.setdefault(v, len(place)) for v in values.tolist()], dtype=float)
    return np.unique(values, return_inverse=True)[1].astype(float)


def missing(values: Any) -> Any:
    """Which values are missing (boolean array)."""
    if hasattr(values, "codes"):  # text, as `Table.text` gives it
        return np.asarray(values.codes) < 0
    if values.dtype.kind == "f":
        return np.isnan(values)
    if values.dtype.kind == "O":
        return np.fromiter((v is None for v in values), dtype=bool, count=len(values))  # as columns hold it
    return np.zeros(len(values), dtype=bool)
