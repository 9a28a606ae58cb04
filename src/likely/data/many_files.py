"""Several files that hold one table: those that a pattern matches, a list of them, or a folder of Parquet files."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import narwhals as nw

from likely.data import files
from likely.errors import DataError, listed

LONGEST = 4_000  # characters of a pattern


def matched(given: str | Path) -> list[Path] | None:
    """The files that a pattern such as ``sales/*.parquet`` matches, in order; None for the path of a single file.

    Raises
    ------
    DataError
        If there are none.
    """
    text = str(given)
    if not glob.has_magic(text) or "\n" in text or "://" in text or len(text) > LONGEST:
        return None
    try:
        path = Path(text).expanduser()
        if path.exists():
            return None
        found = sorted(Path(one) for one in glob.glob(str(path), recursive=True) if Path(one).is_file())
    except (OSError, ValueError, RuntimeError):
        return None
    if not found:
        raise DataError(f"no file matches {text!r}; a string is read as a path to CSV or Parquet files")
    return [files.find(one)[0] for one in found]


def is_folder(given: str | Path) -> bool:
    """Whether it is the path of a folder."""
    try:
        return bool(str(given).strip()) and str(given) != "." and Path(given).expanduser().is_dir()
    except (OSError, ValueError, RuntimeError):
        return False


def folder(given: str | Path) -> Any:
    """The PyArrow data set in a folder of Parquet files; names of folders such as ``year=2024`` are columns.

    Raises
    ------
    DataError
        If it cannot be read, or holds no Parquet files.
    """
    from pyarrow import dataset

    text = str(Path(given).expanduser())
    try:
        found = dataset.dataset(text, format="parquet", partitioning="hive")
    except Exception as error:  # readers raise many kinds
        raise DataError(f"cannot read the Parquet files in the folder {text!r}: {error}") from error
    if not found.files:
        raise DataError(f"the folder {text!r} holds no Parquet files; for CSV files write {str(Path(text, '*.csv'))!r}")
    return found


def read_all(paths: Sequence[str | Path]) -> tuple[Any, str | None]:
    """The rows of all files, one after the other, and what stands before decimals in their text.

    Raises
    ------
    DataError
        If one cannot be read, or their columns differ; the message names the file.
    """
    frames, decimals, kinds = [], list[str | None](), dict[str, tuple[str, str]]()
    for path in paths:
        native, decimal = files.read_path(path)
        frame = nw.from_native(native, eager_only=True)
        frames.append(frame)
        decimals.append(decimal)
        _check_columns(frame, frames[0].columns, str(path), str(paths[0]), kinds)
    if len(set(decimals)) > 1:
        raise DataError(
            f"the files {listed(list(map(str, paths)), 3)} write decimals in different ways: write them alike"
        )
    names = frames[0].columns
    return _joined([frame.select(names).to_native() for frame in frames]), decimals[0]


def _joined(frames: Sequence[Any]) -> Any:
    """Tables of pandas and PyArrow as one: of PyArrow where all are."""
    import pandas as pd
    import pyarrow as pa

    if all(isinstance(frame, pa.Table) for frame in frames):
        return pa.concat_tables(frames, promote_options="permissive")
    plain = [frame.to_pandas() if isinstance(frame, pa.Table) else frame for frame in frames]
    return pd.concat([frame for frame in plain if len(frame)] or plain[:1], ignore_index=True)


def _check_columns(frame: Any, names: Sequence[str], path: str, first: str, kinds: dict[str, tuple[str, str]]) -> None:
    if lacking := [name for name in names if name not in frame.columns]:
        raise DataError(f"the columns of the files differ: {path} has no {listed(lacking)}, which {first} has")
    if more := [name for name in frame.columns if name not in names]:
        raise DataError(f"the columns of the files differ: {path} has {listed(more)}, which {first} has not")
    for name in names:
        column = frame.get_column(name)
        if len(column) and column.null_count() < len(column):
            kind = _kind(column.dtype)
            before, where = kinds.setdefault(name, (kind, path))
            if kind != before:
                raise DataError(
                    f"the columns of the files differ: {name} holds {before} in {where} and {kind} in {path}. Write it "
                    "alike in all"
                )


def _kind(dtype: Any) -> str:
    if dtype.is_numeric():
        return "numbers"
    if dtype == nw.Boolean:
        return "yes and no"
    return "text" if dtype in (nw.String, nw.Categorical, nw.Enum) else str(dtype)
