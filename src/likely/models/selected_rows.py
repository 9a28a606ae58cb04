"""What the user gives row by row beside a formula: columns, expressions, arrays and matrices, for the rows in use."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from likely.data import design as designs
from likely.data import tables
from likely.data.design import NamedMatrix
from likely.data.tables import Table
from likely.errors import DataError, OptionError, is_one_of, unknown
from likely.errors.kinds import is_flag, is_number
from likely.models import checks
from likely.namespace.arrays import Booleans


@final
@dataclass(frozen=True, eq=False)
class SelectedRows:
    """A table with the rows in use: turns what the user gave for its rows into values of these rows.

    Attributes
    ----------
    all_rows : Table
        All rows. Arrays have one value for each of them.
    table : Table
        The rows in use.
    rows : ndarray of bool, or None
        The rows in use among all, where some are left out.
    whose : str
        What errors call the table.
    """

    all_rows: Table
    table: Table
    rows: Booleans | None = None
    whose: str = "the data"

    @classmethod
    def of(cls, table: Table, whose: str = "the data") -> SelectedRows:
        """All rows of a table."""
        return cls(table, table, whose=whose)

    def only(self, kept: Any, spread: bool = False) -> SelectedRows:
        """Some of the rows in use (a mask over these), or all of them (None); `spread` as in `Table.only`."""
        if kept is None:
            return self
        rows = kept.copy() if self.rows is None else self.rows.copy()
        if self.rows is not None:
            rows[self.rows] = kept
        return SelectedRows(self.all_rows, self.table.only(kept, spread), rows, self.whose)

    def cut(self, values: Any) -> Any:
        """The rows in use of values for all rows; a single number serves all."""
        return values[self.rows] if self.rows is not None and np.ndim(values) else values

    def cells(self, names: Iterable[str]) -> dict[str, Any]:
        """Those of some columns that are there, as they are, for a look at missing values."""
        found = [name for name in names if name in self.table]
        return {name: self.table.column(name) if (text := self.table.text(name)) is None else text for name in found}

    # -- columns -------------------------------------------------------------------------------------------

    def columns(self, spec: Any, what: str) -> dict[str, Any]:
        """The columns that a column, an expression or an array consists of, for a look at missing values."""
        if not isinstance(spec, str):
            values = self.labels(spec, what)
            return {what: values} if np.ndim(values) else {}
        if spec in self.table:
            return {spec: self.table.column(spec)}
        names = [spec] if spec.isidentifier() else designs.operands(designs.quote(spec, self.table.names))
        for name in names:
            if not is_one_of(name, self.table):
                raise unknown("column", name, self.table.names, f" for {what}")
        return {name: self.table.column(name) for name in names}

    def values(self, spec: Any, what: str) -> Any:
        """The values of a column, an expression or an array in the rows in use; a number as it is."""
        if isinstance(spec, str):
            self.columns(spec, what)
            return self.table.number(spec) if spec in self.table else designs.expression(spec, self.table)
        if _is_number(spec, what):
            return spec
        alone = self._alone(spec, what)
        return alone.measured(alone.names[0], what)

    def labels(self, spec: Any, what: str) -> Any:
        """The same where values are labels, which may be numbers in writing."""
        if isinstance(spec, str):
            return self.table.column(spec) if spec in self.table else self.values(spec, what)
        if _is_number(spec, what):
            return spec
        alone = self._alone(spec, what)
        return alone.column(alone.names[0])

    def _alone(self, spec: Any, what: str) -> Table:
        """An array with one value for each row of the data, in the rows in use."""
        own = tables.read(spec, self.all_rows.na)
        checks.check_one_column(own.names, what)
        if own.n != self.all_rows.n:
            raise DataError(f"{self.whose} have {self.all_rows.n} rows, {what} has {own.n}")
        own = own.in_order(self.all_rows.match(own.index, what, self.whose))
        return own if self.rows is None else own.only(self.rows)

    # -- matrices ------------------------------------------------------------------------------------------

    def matrix(self, spec: Any) -> NamedMatrix:
        """A matrix of predictors in the rows in use, matched by their labels where both have some."""
        return designs.read_matrix(spec, self.all_rows, self.rows)


def _is_number(spec: Any, what: str) -> bool:
    """Whether one value serves all rows, which has to be a number."""
    if np.ndim(spec) or hasattr(spec, "__len__"):
        return False
    if not is_flag(spec) and not is_number(spec):
        raise OptionError(f"{what} is a column, an expression, an array or a number, found {spec!r}")
    return True


def cluster_ways(cluster: Any) -> list[Any]:
    """One way of clustering or several: a list of names or of columns is several, a list of labels is one."""
    if isinstance(cluster, (list, tuple)) and cluster:
        named = [isinstance(c, str) for c in cluster]
        if all(named) and len(cluster) <= 3:
            return list(cluster)
        if not all(named) and all(hasattr(c, "__len__") for c in cluster):
            return list(cluster)
    return [cluster]
