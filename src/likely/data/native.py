"""Results in the user's own table library: columns and tables of the kind that the data came as."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import narwhals as nw
import numpy as np

from likely.namespace.arrays import AnyArray, Floats

if TYPE_CHECKING:
    from narwhals.typing import IntoDataFrame, IntoSeries

# what comes back in the user's own library; arrays where the data came as arrays, lists or files
NativeColumn: TypeAlias = "AnyArray | IntoSeries"
NativeFrame: TypeAlias = "IntoDataFrame | dict[str, AnyArray]"


def native_column(frame: Any, values: Any, name: str) -> Any:
    """One value for each row of a narwhals frame as a column of its library, with its index where it has one."""
    made = _without_nan(nw.new_series(name, values, backend=frame.implementation)).to_native()
    return _with_index_of(frame, made)


def native_table(frame: Any, columns: Mapping[str, Any]) -> Any:
    """Columns as a table of the library that a narwhals frame is of."""
    made = nw.from_dict(dict(columns), backend=frame.implementation)
    return made.with_columns(*(_without_nan(made.get_column(name)) for name in made.columns)).to_native()


def native_rows(frame: Any, columns: Mapping[str, Any]) -> Any:
    """The same, with the index of the frame where it has one and the rows are as many."""
    return _with_index_of(frame, native_table(frame, columns))


def spread_out(values: Any, rows: Any) -> Floats:
    """Values of some rows (a mask) among all of them, the others missing."""
    values = np.asarray(values)
    kind = object if values.dtype.kind in "OUS" else float
    out = np.full(len(rows), None if kind is object else np.nan, dtype=kind)
    out[rows] = values
    return out


def _with_index_of(frame: Any, made: Any) -> Any:
    native = frame.to_native()
    if hasattr(made, "index") and hasattr(native, "index") and len(made) == len(native):
        made.index = native.index
    return made


def _without_nan(series: Any) -> Any:
    """Missing values as the library marks them, where it tells them from NaN."""
    return series.fill_nan(None) if series.dtype.is_float() and series.is_nan().any() else series
