"""The columns of a source, each read when it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, final

import narwhals as nw
import numpy as np

from likely.data.sources.base import Source
from likely.data.table import Table
from likely.errors import DataError


def table_of(source: Source, n: int, na: tuple[Any, ...] = ()) -> Table:
    """The table that a source holds, of n rows: in memory where it is there, else read column by column.

    Examples
    --------
    >>> from likely.data.sources import open_source
    >>> source = open_source(lambda: [{"x": [1, 2]}, {"x": [3]}])
    >>> table_of(source, 3).column("x").tolist()
    [1, 2, 3]
    """
    if source.whole is not None:
        return source.whole
    table = Table(Columns(source, n), native=False)
    table.source = source
    return table.marked(na) if na else table


@final
class Columns:
    """What a `Table` needs of a frame, of a source: a column is read when it is asked for, and no other.

    Parameters
    ----------
    source : Source
    n : int
        Number of rows of the source.
    rows : ndarray of bool, optional
        Those that count; all by default.
    """

    def __init__(self, source: Source, n: int, rows: Any = None) -> None:
        self._source, self._n, self._rows = source, n, rows

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return list(self._source.names)

    def __len__(self) -> int:
        return self._n if self._rows is None else int(np.count_nonzero(self._rows))

    def to_native(self) -> Columns:
        """Itself: it is of no library, and its rows have no labels."""
        return self

    def get_column(self, name: str) -> Any:
        """One column as a narwhals series.

        Raises
        ------
        DataError
            If the data have changed since they were fitted, or are gone.
        """
        parts = [piece.table.series(name) for piece in self._source.pieces([name])]
        series = _joined(parts, name)
        if len(series) != self._n:
            raise DataError(
                f"the data had {self._n} rows before and have {len(series)} now: they must not change while they are "
                "used"
            )
        return series if self._rows is None else series.filter(self._rows.tolist())

    def filter(self, rows: Sequence[bool]) -> Columns:
        """Some of the rows, by a mask."""
        kept = np.asarray(rows, dtype=bool)
        if self._rows is not None:
            whole = self._rows.copy()
            whole[self._rows] = kept
            kept = whole
        return Columns(self._source, self._n, kept)


def _joined(parts: Sequence[Any], name: str) -> Any:
    """Series one after the other, whose library or type may differ where values are missing."""
    import pandas as pd
    import pyarrow as pa

    natives = [part.to_native() for part in parts]
    if all(isinstance(native, pd.Series) for native in natives):
        return nw.from_native(pd.concat(natives, ignore_index=True), series_only=True)
    if all(part.dtype == parts[0].dtype for part in parts):
        return nw.concat([part.alias(name).to_frame() for part in parts]).get_column(name)
    arrow = [pa.table({name: part.to_arrow()}) for part in parts]
    return nw.from_native(pa.concat_tables(arrow, promote_options="permissive"), eager_only=True).get_column(name)
