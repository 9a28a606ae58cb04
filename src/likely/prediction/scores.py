"""Predictions of any number of rows, written to a file piece by piece."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol, final

import numpy as np

from likely.data import design as designs
from likely.data import tables
from likely.data.sources import Source, open_source
from likely.data.tables import Table
from likely.data.writing import destination, replacing
from likely.errors import DataError, OptionError
from likely.likelihoods.fitted_rows import rows_of
from likely.prediction.predict import check_options, predict, predicted
from likely.progress import Task

if TYPE_CHECKING:
    from likely.estimates import Estimates
    from likely.models.model import Model

ENDINGS = (".parquet", ".csv")
ROWS = 65_536  # of the fit at a time


def write_predictions(fit: Estimates, new: Any, what: str | None, out: Any, **options: Any) -> Path:
    """Write predictions to a Parquet or CSV file, one line for each row in their order; see `likely.Fit.predict`.

    Raises
    ------
    OptionError
        If something that was asked for needs all rows at once.
    WriteError
        If the file cannot be written; nothing is left of it then.
    """
    path = destination(out, "a file of predictions", ENDINGS)
    check_pieces(options)
    stated = fit.effective.likelihood.model.family.predicted  # in place of the mean
    name = what or ("mean" if stated is None else "quantile")
    parts = _of_own(fit, what, options) if new is None else _of_new(fit, new, what, options)
    with Task("predicting") as task:
        return _write(path, ((_columns(found, name), total) for found, total in parts), task)


def write_columns(out: Any, what: str, columns: Any, name: str) -> Path:
    """Write one value, or several, for each row to a Parquet or CSV file."""
    path = destination(out, what, ENDINGS)
    whole = _columns(columns, name)
    n = len(next(iter(whole.values())))
    pieces = ({key: values[lo : lo + ROWS] for key, values in whole.items()} for lo in range(0, n, ROWS))
    with Task("writing") as task:
        return _write(path, ((piece, n) for piece in pieces), task)


def check_pieces(options: Mapping[str, Any]) -> None:
    """Refuse what rows that come in pieces cannot have."""
    if options.get("simultaneous"):
        raise OptionError(
            "simultaneous limits hold for all rows together, and out= works them out piece by piece: leave one of them "
            "out"
        )
    if options.get("method") == "calibrated":
        raise OptionError(
            "method='calibrated' simulates and refits, and out= would do it for each piece: use method='mixture', or "
            "leave out= out"
        )
    known = options.get("known")
    arrays = {**{k: v for k, v in options.items() if k != "q"}, **(known if isinstance(known, Mapping) else {})}
    for name, value in arrays.items():
        if not isinstance(value, Mapping) and np.ndim(value):
            raise OptionError(
                f"{name} was given as an array, and out= goes through the rows in pieces: write its values into a "
                "column of the new data, and give its name"
            )


# -- pieces ----------------------------------------------------------------------------------------------------


def _of_own(fit: Estimates, what: str | None, options: dict[str, Any]) -> Iterator[tuple[Any, int]]:
    """Predictions for the rows of the fit, some at a time."""
    asked = check_options(what, **options)
    rows = rows_of(fit, observed=what == "prob" and asked.y is None)
    for lo in range(0, rows.n, ROWS):
        data = rows.data[lo : lo + ROWS]
        part = replace(rows, data=data, table=Table.without_columns(data.n), of_mean=what == "mean")
        yield predicted(part, asked, own=True), rows.n


def _of_new(fit: Estimates, new: Any, what: str | None, options: dict[str, Any]) -> Iterator[tuple[Any, int | None]]:
    """Predictions for new rows, some at a time."""
    source = open_source(new)
    columns = _needed(fit.effective.likelihood.model, source, options)
    empty = True
    for piece in source.pieces(columns):
        with piece.named():
            found = predict(fit, piece.table, what, **options)
        empty = False
        yield found, source.rows
    if empty:
        raise DataError("the new data have no rows: there is nothing to predict")


def _needed(model: Model, source: Source, options: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The columns that predictions read; None for all, where the model does not name them."""
    known = options.get("known")
    texts: list[Any] = [*options.values(), *(known if isinstance(known, Mapping) else {}).values()]
    texts += model.family.known.values()
    for slot in model.slots:
        texts += slot.offset or ()
        if slot.design is not None:
            if slot.design.formula is None:
                return None
            texts.append(slot.design.formula)
    used: set[str] = set()
    for text in texts:
        if isinstance(text, str):
            used |= {text} if text in source.names else set(_names_in(text, source.names))
    return tuple(name for name in source.names if name in used) or None


def _names_in(text: str, names: Any) -> Any:
    """The columns of an expression; a word such as "mixture" is none."""
    return [] if text.isidentifier() else designs.variables(designs.quote(text, list(names)))


def _columns(found: Any, name: str) -> dict[str, Any]:
    """Predictions of some rows as arrays by name."""
    if isinstance(found, Mapping):
        return {str(key): np.asarray(values) for key, values in found.items()}
    if isinstance(found, np.ndarray):
        return {name: found}
    table = tables.read(found)
    return {key if len(table.names) > 1 else name: table.column(key) for key in table.names}


# -- files -----------------------------------------------------------------------------------------------------


def _write(path: Path, parts: Iterator[tuple[dict[str, Any], int | None]], task: Task) -> Path:
    done = 0
    with replacing(path) as file, _writer(file, path) as writer:
        for columns, total in parts:
            writer.add(columns)
            done += len(next(iter(columns.values())))
            task.pace(done, total, "rows")
    return path


class _Writer(Protocol):
    """What takes rows and writes them."""

    def add(self, columns: Mapping[str, Any]) -> None: ...

    def close(self) -> None: ...


@contextmanager
def _writer(file: IO[bytes], path: Path) -> Iterator[_Writer]:
    """What writes files of this ending."""
    made: _Writer = _Csv(file) if path.suffix.lower() == ".csv" else _Parquet(file)
    try:
        yield made
    except BaseException:
        with suppress(Exception):  # nothing is kept of the file
            made.close()
        raise
    made.close()


@final
class _Csv:
    """Comma-separated lines below a header; nothing stands for what is missing."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._begun = file, False

    def add(self, columns: Mapping[str, Any]) -> None:
        import pandas as pd

        text = pd.DataFrame(dict(columns)).to_csv(index=False, header=not self._begun, lineterminator="\n")
        self._file.write(text.encode())
        self._begun = True

    def close(self) -> None:
        self._file.flush()


@final
class _Parquet:
    """Groups of rows of a Parquet file, of the types that the first of them have."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._made = file, list[Any]()

    def add(self, columns: Mapping[str, Any]) -> None:
        import pyarrow as pa
        from pyarrow import parquet

        table = pa.table({name: _arrow(values) for name, values in columns.items()})
        if not self._made:
            self._made.append(parquet.ParquetWriter(self._file, table.schema))
        self._made[0].write_table(table.cast(self._made[0].schema))

    def close(self) -> None:
        for writer in self._made:
            writer.close()


def _arrow(values: Any) -> Any:
    """An array as Arrow has it, what is missing as null."""
    import pyarrow as pa

    made = pa.array(values.tolist() if values.dtype.kind in "OU" else values, from_pandas=True)
    return made.cast(pa.string()) if pa.types.is_null(made.type) else made
