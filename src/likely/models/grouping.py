"""The rows of a table in groups: those that are equal in some columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np
from scipy import sparse

from likely.data import tables
from likely.data.tables import Table
from likely.errors import DataError, MissingValuesError, OptionError, UnknownNameError, is_one_of, unknown
from likely.models import checks
from likely.models.selected_rows import SelectedRows
from likely.namespace.arrays import Integers

BY = "by is a column, a list of columns, or an array with a label for each row"
SHOWN = 1000  # groups among which a message looks for one of a similar name
DENSE = 4  # codes for each row, at most, that are counted in an array of all of them


@final
@dataclass(frozen=True, eq=False)
class Grouping:
    """The rows of a table in groups.

    Attributes
    ----------
    names : tuple of str
        Of the columns that make the groups.
    keys : mapping of str to Series or ndarray
        By column, every group's value, as `Table.frame_of` takes it; groups are in the order of their keys.
    codes : ndarray of int, shape (n,)
        Every row's group; -1 where a key is missing.
    count : int
        Number of groups.

    Examples
    --------
    >>> found = Grouping.of(tables.read({"a": [2, 1, 2, 1], "b": list("xyxx"), "y": [1, 2, 3, 4]}), ["a", "b"])
    >>> found.labels, found.codes.tolist()
    ([(1, 'x'), (1, 'y'), (2, 'x')], [2, 1, 2, 0])
    """

    names: tuple[str, ...]
    keys: Mapping[str, Any]
    codes: Integers
    count: int

    @classmethod
    def of(cls, table: Table, by: Any, missing: str = "error") -> Grouping:
        """The groups by a column, by several, or by an array with a label for each row.

        Parameters
        ----------
        table : Table
        by : str, list of str, or array
        missing : {"error", "drop", "leave"}
            What to do about rows without a key: dropping tells of it, leaving does not.

        Raises
        ------
        MissingValuesError
            If a key is missing, unless such rows are to be dropped.
        OptionError, UnknownNameError
            If there are no such columns.
        """
        if table.n == 0:
            raise DataError("the data have no rows, so there are no groups")
        columns = _columns(table, by)
        parts = [_codes(values, text) for values, text in columns.values()]
        codes, count = parts[0]
        for more, distinct in parts[1:]:
            joint = np.where((codes < 0) | (more < 0), -1, codes * distinct + more)
            codes, count = _compressed(joint, count * distinct)
        lost = int(np.count_nonzero(codes < 0))
        if lost and missing == "error":
            raise MissingValuesError(
                f"{lost} of {table.n} rows have no group: {' or '.join(columns)} is missing there. Fill it, or pass "
                "missing='drop' to leave these rows out"
            )
        if count == 0 and missing != "leave":
            raise DataError("there are no groups: every row lacks a value of " + " or ".join(columns))
        if lost and missing == "drop":
            checks.warn_dropped_rows(table.n, table.n - lost, {" or ".join(columns): lost})
        first = np.empty(count + 1, dtype=np.intp)  # the last one for -1
        first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
        first = first[:-1]
        keys = {
            name: table.in_kind(name, first) if name in table else values[first]
            for name, (values, _) in columns.items()
        }
        return cls(tuple(columns), keys, codes, count)

    @cached_property
    def order(self) -> Integers:
        """The rows that have a group, those of each next to each other in their own order."""
        rows = None if self._all_grouped else np.flatnonzero(self.codes >= 0)
        codes = self.codes if rows is None else self.codes[rows]
        if np.all(codes[1:] >= codes[:-1]):
            return np.arange(len(codes)) if rows is None else rows
        small = np.int32 if len(codes) < 2**31 - 1 else np.int64
        places, ones = np.arange(len(codes) + 1, dtype=small), np.ones(len(codes), dtype=np.int8)
        by_row = sparse.csr_array((ones, codes.astype(small), places), shape=(len(codes), self.count))
        found = by_row.tocsc().indices  # which sorts by counting
        return found if rows is None else rows[found]

    @cached_property
    def _all_grouped(self) -> bool:
        return bool(np.all(self.codes >= 0))

    @cached_property
    def counts(self) -> Integers:
        """Number of rows of every group."""
        codes = self.codes if self._all_grouped else self.codes[self.codes >= 0]
        return np.bincount(codes, minlength=self.count)

    @cached_property
    def starts(self) -> Integers:
        """Where every group's rows begin in `order`."""
        return np.cumsum(self.counts) - self.counts

    def rows(self, number: int) -> Integers:
        """The rows of a group."""
        lo = int(self.starts[number])
        return self.order[lo : lo + int(self.counts[number])]

    @cached_property
    def labels(self) -> list[Any]:
        """Every group's key: a value, or a tuple of several."""
        columns = [
            values.tolist() if isinstance(values, np.ndarray) else values.to_list() for values in self.keys.values()
        ]
        return columns[0] if len(columns) == 1 else list(zip(*columns, strict=True))

    @cached_property
    def numbers(self) -> dict[Any, int]:
        """The groups' numbers by label."""
        return {label: number for number, label in enumerate(self.labels)}

    def number(self, group: Any) -> int:
        """The number of the group of a label; of several keys a tuple, or a dict by column.

        Raises
        ------
        UnknownNameError
            If there is none.
        """
        if isinstance(group, Mapping):
            if set(group) != set(self.names):
                raise OptionError(f"a group is named by {', '.join(self.names)}; found {dict(group)!r}")
            group = tuple(group[name] for name in self.names)
            group = group[0] if len(self.names) == 1 else group
        elif isinstance(group, list):
            group = tuple(group)
        try:
            return self.numbers[group]
        except (KeyError, TypeError):
            raise self.unknown(group) from None

    def unknown(self, group: Any) -> UnknownNameError:
        """The error of a label that no group has."""
        return unknown("group", str(group), list(map(str, self.labels[:SHOWN])), f" of {', '.join(self.names)}")


def _columns(table: Table, by: Any) -> dict[str, tuple[Any, Any]]:
    """By name, the values of each row and, of text, its categories."""
    names = [by] if isinstance(by, str) else list(by) if _lists_names(by, table) else None
    if names is None:
        if isinstance(by, Mapping):
            raise OptionError(f"{BY}; found a dict")
        values = SelectedRows.of(table).labels(by, "by")
        if np.ndim(values) == 0:
            raise OptionError(f"{BY}; found {by!r}")
        own = tables.read(by)
        return {own.names[0] if own.named else "group": (values, None)}
    for name in names:
        if not is_one_of(name, table):
            raise unknown("column", name, table.names, " for by")
    if len(set(names)) < len(names) or not names:
        raise OptionError(f"by is a list of different columns; found {by!r}")
    out = {}
    for name in names:
        text = table.text(name)
        out[name] = (table.labels(name) if text is None else text, text)
    return out


def _lists_names(by: Any, table: Table) -> bool:
    if not isinstance(by, (list, tuple)) or not all(isinstance(one, str) for one in by):
        return False
    return len(by) != table.n or any(one in table for one in by)


def _codes(values: Any, text: Any) -> tuple[Any, int]:
    """Every row's place among the sorted distinct values, -1 where there is none; and how many there are."""
    if text is not None:
        return np.asarray(text.codes, dtype=np.intp), len(text.categories)
    if values.dtype.kind in "iub" and len(values):
        values = values.astype(np.int64)
        low, high = int(values.min()), int(values.max())
        if high - low < DENSE * len(values):
            return _compressed(values - low, high - low + 1)
    import pandas as pd

    try:
        codes, distinct = pd.factorize(values, sort=True)
    except TypeError:  # values of several kinds have no order
        codes, distinct = pd.factorize(values)
    return codes.astype(np.intp), len(distinct)


def _compressed(codes: Any, count: int) -> tuple[Any, int]:
    """The codes without those that do not occur; -1 stays."""
    if count > DENSE * len(codes):
        return _codes_of_many(codes)
    there = np.bincount(codes[codes >= 0] if np.any(codes < 0) else codes, minlength=count) > 0
    if np.all(there):
        return codes.astype(np.intp, copy=False), count
    places = np.append(np.cumsum(there) - 1, -1)  # the last one for -1
    return places[codes], int(np.count_nonzero(there))


def _codes_of_many(codes: Any) -> tuple[Any, int]:
    distinct, places = np.unique(codes, return_inverse=True)
    missing = int(len(distinct) > 0 and distinct[0] < 0)
    return places.astype(np.intp) - missing, len(distinct) - missing
