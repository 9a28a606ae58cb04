"""Predictions of new rows from a saved fit, as a table on standard output or in a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np

from likely.cli.output import as_json, say, write
from likely.data.writing import write_text
from likely.errors import OptionError, listed


@final
@dataclass(frozen=True)
class Predictions:
    """Predictions by column, one for each row.

    Attributes
    ----------
    what : str
    columns : mapping of str to ndarray
    """

    what: str
    columns: Mapping[str, Any]

    def emit(self, json: bool, output: Path | None) -> None:
        """Print or write them."""
        text = (
            self.json() if json or (output is not None and output.suffix.lower() == ".json") else as_csv(self.columns)
        )
        if output is None:
            write(text.removesuffix("\n"))
            return
        write_text(output, text)
        say(f"Written to {output}.")

    def json(self) -> str:
        """One JSON document."""
        return as_json({"what": self.what, "predictions": {k: _values(v) for k, v in self.columns.items()}}) + "\n"


def as_csv(columns: Mapping[str, Any]) -> str:
    """Comma-separated, with a header; nothing stands for a value that is missing."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*(_values(one) for one in columns.values()), strict=True))
    return stream.getvalue()


def as_parquet(columns: Mapping[str, Any]) -> bytes:
    """An Arrow table as a Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({name: pa.array(_values(one)) for name, one in columns.items()}), sink)
    return bytes(sink.getvalue())


def _values(column: Any) -> list[Any]:
    """The values of a column; None for those that are missing."""
    return [None if isinstance(one, float) and np.isnan(one) else one for one in np.asarray(column).tolist()]


def write_predictions(model: str, data: Any, what: str | None, output: Path, **options: Any) -> None:
    """Write what a saved fit predicts for new rows, of any number, to a CSV or Parquet file."""
    from likely.results.loading import load

    load(model).predict(data, what, out=output, **{name: one for name, one in options.items() if one is not None})


def predictions(model: str, data: Any, what: str | None, **options: Any) -> Predictions:
    """What a saved fit predicts for new rows; options that are None are not given."""
    from likely.results.loading import load

    found = load(model).predict(data, what, **{name: one for name, one in options.items() if one is not None})
    if isinstance(found, Mapping):
        return Predictions(what or "interval", {str(name): column for name, column in found.items()})
    name = what or "mean"
    return Predictions(name, {name: found})


def expression_of(model: str, dialect: str, what: str | None, y: str | None, refused: set[str], json: bool) -> str:
    """The prediction of a saved fit as SQL, or a JSON document that holds it.

    Raises
    ------
    OptionError
        If options were given that say nothing of an expression.
    """
    from likely.results.loading import load

    if refused:
        raise OptionError(f"{listed(sorted(refused))} cannot be given with --sql, which prints one expression")
    text = load(model).to_sql(dialect, what, y=y)
    return as_json({"dialect": dialect, "sql": text}) if json else text
