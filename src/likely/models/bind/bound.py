"""A model bound to its data: the checked arrays that a likelihood is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from likely.compute import blocks
from likely.data.tables import Table
from likely.models.asked import Asked
from likely.models.model import Model
from likely.models.rows import Rows
from likely.models.selected_rows import SelectedRows
from likely.models.slot import Slot
from likely.namespace import NumpyNamespace
from likely.namespace.arrays import Booleans


@dataclass(frozen=True, eq=False)
class Bound:
    """A model bound to its data.

    Attributes
    ----------
    asked : Asked
        What the user asked for.
    model : Model
    data : Rows
        The rows in use as arrays.
    table : Table
        Where the data came from, all rows.
    rows : ndarray of bool, or None
        The rows in use, where some were left out: those of weight zero, and those dropped for missing values.
    dropped : mapping of str to int
        Columns whose missing values cost rows, with counts.
    separation : Separation or None
        What was left out because it is separated.
    weightless : int
        Number of rows that were left out because their weight is zero.
    kept : str
        How the rows are kept, in words, where they are not simply in memory.
    """

    asked: Asked
    model: Model
    data: Rows
    table: Table
    rows: Booleans | None
    dropped: Mapping[str, int]
    separation: Any = None
    weightless: int = 0
    kept: str = ""

    @property
    def output_table(self) -> Table:
        """A table in whose library results are given."""
        return self.table

    @property
    def y(self) -> Any:
        """The response as numbers (levels coded), shape (n,)."""
        return self.data.y

    @property
    def weights(self) -> Any:
        """How many times each row's log-density counts, more than zero, or None."""
        return self.data.weights

    @property
    def weights_kind(self) -> str:
        """What the weights mean; "frequency" where there are none."""
        return self.model.weights_kind

    @cached_property
    def used(self) -> Table:
        """The rows in use as a table."""
        return self.table if self.rows is None else self.table.only(self.rows)

    @property
    def selected(self) -> SelectedRows:
        """What turns columns, expressions and arrays for the rows of the table into values of the rows in use."""
        return SelectedRows(self.table, self.used, self.rows)

    def row_numbers(self, rows: Any = None) -> Any:
        """Rows in use (all, or a mask or indices of some) as rows of the table, counted from 0 as messages do."""
        used = np.arange(len(self.y)) if self.rows is None else np.flatnonzero(self.rows)
        return used if rows is None else used[rows]

    def take(self, rows: Any) -> Bound:
        """Some of the rows in use: a mask, or increasing indices."""
        in_use = np.zeros(len(self.y) if self.rows is None else len(self.rows), dtype=bool)
        in_use[self.row_numbers(rows)] = True
        return replace(self, data=self.data.take(rows), rows=in_use)

    def with_observations(self, model: Model, data: Rows) -> Bound:
        """The same request for observations that are no rows of the table: drawn, simulated or counted anew."""
        return replace(self, model=model, data=data, rows=None, weightless=0, kept="")

    def holding(self, index: int, value: float) -> Bound:
        """The model with one coefficient held at a value: a known parameter, or a column that has become an offset."""
        model, data, known = self.model, self.data, dict(self.model.known)
        held, slots = model.slot_of(index), list[Slot]()
        for slot in model.slots:
            if slot is held and slot.design is None:
                at = value if slot.offset is None else value + data.offsets[slot.label]
                with np.errstate(all="ignore"):
                    fixed = slot.link.inverse(np.asarray(at, dtype=float), NumpyNamespace())[()]
                known[slot.parameter.name] = None if np.ndim(fixed) else fixed
                data = data.with_known(**{slot.parameter.name: fixed})
                continue
            if slot is held:
                assert slot.design is not None
                j, x = index - slot.start, data.designs[slot.label]
                offset = value * blocks.column(x, j) + (0.0 if slot.offset is None else data.offsets[slot.label])
                others = [k for k in range(len(slot.design.names)) if k != j]
                data = data.with_design(slot, blocks.select(x, others)).with_offset(slot, offset)
                slot = replace(slot, design=slot.design.select(others), offset=(), stop=slot.stop - 1)
            start = slots[-1].stop if slots else 0
            slots.append(replace(slot, start=start, stop=start + slot.stop - slot.start))
        return replace(self, model=replace(model, slots=tuple(slots), known=known), data=data)

    @property
    def n(self) -> float:
        """Number of observations: the sum of frequency or importance weights; rows, for the other kinds."""
        if self.weights is None or self.weights_kind in ("analytic", "sampling"):
            return len(self.y)
        total = float(np.sum(self.weights))
        return int(total) if total.is_integer() else total

    @property
    def weighted(self) -> bool:
        """Whether there are weights."""
        return self.weights is not None or self.data.units is not None

    @property
    def pseudo(self) -> bool:
        """Whether the weighted sum of log-densities is no log-likelihood of the data: under sampling weights."""
        return self.model.pseudo

    def weighted_like(self, other: Bound) -> bool:
        """Whether rows count the same in both, and mean the same."""
        if self.pseudo != other.pseudo:
            return False
        pairs = ((self.weights, other.weights), (self.data.units, other.data.units))
        return all(bool(np.all(_or_ones(a) == _or_ones(b))) for a, b in pairs)


def _or_ones(w: Any) -> Any:
    return 1.0 if w is None else w
