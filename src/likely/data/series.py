"""One column of a table of any library, as an array or as text with its levels."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np

from likely.data.columns import from_array, from_objects

TEXT = {str, type(None)}


def as_array(series: Any) -> tuple[Any, bool]:
    """A narwhals series as an array, and whether it holds yes and no as floats."""
    native = series.to_native()
    if getattr(native, "dtype", None) == np.float64 and isinstance(native.dtype, np.dtype):
        return native.to_numpy(), False
    dtype = series.dtype
    if dtype in (nw.Int128, nw.UInt128, nw.Decimal):  # NumPy has no such numbers
        return from_objects(series.to_list())
    if dtype.is_numeric():
        if series.null_count():
            return series.cast(nw.Float64).to_numpy().astype(float), False
        values = series.to_numpy()
        return (values.astype(float) if values.dtype.kind not in "fiu" else values), False
    if dtype == nw.Boolean and not series.null_count():
        return series.to_numpy().astype(bool), False
    if type(getattr(native, "dtype", None)).__name__ == "SparseDtype":
        return from_array(np.asarray(native.sparse.to_dense()))
    return from_objects(series.to_list(), convert=dtype not in (nw.Categorical, nw.Enum, nw.String))


def as_text(series: Any) -> Any:
    """A narwhals series of text as a pandas Categorical without levels that do not occur; None if it is not text."""
    native = series.to_native()
    if series.dtype in (nw.Categorical, nw.Enum):
        own: Any = getattr(native, "array", None)
        if type(own).__name__ == "Categorical":
            return occurring(own) if set(map(type, own.categories)) <= {str} else None
        if series.dtype == nw.Categorical and type(native).__module__.startswith("polars"):
            series = series.cast(nw.String)  # its categories are in no order but that of their first rows
        declared = list(series.dtype.categories) if series.dtype == nw.Enum else None
        return categories(series.to_arrow().to_pandas(), declared)
    if series.dtype != nw.String:
        return None
    pandas = type(native).__module__.startswith("pandas")
    if pandas and native.dtype == object and not set(map(type, native)) <= TEXT:
        return None
    return categories(native if pandas else series.to_arrow().to_pandas())


def categories(values: Any, declared: list[Any] | None = None) -> Any:
    import pandas as pd

    made = occurring(pd.Categorical(values, categories=declared))
    return pd.Categorical.from_codes(made.codes, pd.Index(made.categories.tolist(), dtype=object))


def occurring(text: Any) -> Any:
    """A pandas Categorical without levels that do not occur."""
    counts = np.bincount(text.codes.astype(np.intp) + 1, minlength=len(text.categories) + 1)[1:]
    return text if np.all(counts) else text.remove_unused_categories()
