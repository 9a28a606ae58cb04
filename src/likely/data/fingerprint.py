"""A fingerprint of data: the same for the same values, whichever library holds them and in whatever types."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from likely.data import tables
from likely.data.tables import Table


@final
@dataclass(frozen=True)
class Fingerprint:
    """What tells data from other data.

    Attributes
    ----------
    rows : int
    columns : tuple of str
        Those that count, in order.
    sha256 : str
        Of their names and values.
    """

    rows: int
    columns: tuple[str, ...]
    sha256: str

    def __str__(self) -> str:
        return f"{self.rows:,} rows of {', '.join(self.columns)}; SHA-256 {self.sha256}"


def fingerprint(data: Any, columns: Iterable[str] | None = None) -> Fingerprint:
    """The fingerprint of some columns of data of any kind.

    Numbers, whole or not, and yes and no count as the doubles they are; everything else as its text. The order of the
    rows counts, that of the columns does not.

    Parameters
    ----------
    data : table, dict of columns, array, list or path
    columns : iterable of str, optional
        All by default.

    Returns
    -------
    Fingerprint

    Raises
    ------
    UnknownNameError
        If there is no such column.

    Examples
    --------
    >>> import pandas as pd, polars as pl
    >>> data = {"y": [1, 2, 3], "g": ["a", "b", None]}
    >>> one, other = fingerprint(pd.DataFrame(data)), fingerprint(pl.DataFrame(data))
    >>> one == other, one.sha256[:8]
    (True, '4db81c11')
    """
    table = tables.read(data)
    names = sorted(table.names if columns is None else columns)
    digest = hashlib.sha256(table.n.to_bytes(8, "little"))
    for name in names:
        _add(digest, name)
        _add_column(digest, table, name)
    return Fingerprint(table.n, tuple(names), digest.hexdigest())


def _add(digest: Any, text: str) -> None:
    """A text with its length, so that texts one after the other are told apart."""
    content = text.encode("utf-8", "surrogatepass")
    digest.update(len(content).to_bytes(8, "little"))
    digest.update(content)


def _add_column(digest: Any, table: Table, name: str) -> None:
    if (text := table.text(name)) is not None:
        return _add_labels(digest, [str(v) for v in text.categories], np.asarray(text.codes, dtype=np.int64))
    values = table.column(name)
    if values.dtype.kind in "fiub":
        numbers = np.asarray(values, dtype="<f8") + 0.0  # -0 is 0
        digest.update(b"n")
        digest.update(np.where(np.isnan(numbers), np.nan, numbers).tobytes())  # one missing value is like another
        return None
    place: dict[str, int] = {}
    codes = [-1 if v is None else place.setdefault(str(v), len(place)) for v in values.tolist()]
    return _add_labels(digest, list(place), np.array(codes, dtype=np.int64))


def _add_labels(digest: Any, levels: list[str], codes: Any) -> None:
    """Labels by their place among the sorted distinct ones; -1 is missing."""
    order = sorted(range(len(levels)), key=levels.__getitem__)
    rank = np.empty(len(levels) + 1, dtype="<i8")
    rank[order] = np.arange(len(levels))
    rank[-1] = -1
    digest.update(b"t" + len(levels).to_bytes(8, "little"))
    for i in order:
        _add(digest, levels[i])
    digest.update(rank[codes].tobytes())
