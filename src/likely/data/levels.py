"""One column of a table, with the levels that it declares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np

from likely.namespace.arrays import AnyArray

if TYPE_CHECKING:
    import narwhals as nw


@final
class Levels(list[Any]):
    """The levels of a column that occur, of those `declared`; `ordered` says whether from lowest to highest."""

    def __init__(self, levels: Sequence[Any], ordered: bool, declared: Sequence[Any]) -> None:
        super().__init__(levels)
        self.ordered, self.declared = ordered, declared


@final
@dataclass(frozen=True, eq=False)
class Column:
    """One column that stands by itself.

    Attributes
    ----------
    values : ndarray
    yes_no : bool
        Whether it holds yes and no as floats because some are missing.
    levels : Levels or None
        The levels that it declares.
    insists : bool
        Whether it is declared to hold levels.
    index : pandas Index or None
        Labels of its rows.
    """

    values: AnyArray
    yes_no: bool = False
    levels: Levels | None = None
    insists: bool = False
    index: Any = None

    def series(self, name: str) -> nw.Series[Any]:
        """The values as a narwhals series of pandas, with the levels that they declare."""
        import narwhals as nw
        import pandas as pd

        values = self.values
        if self.levels is not None:
            values = pd.Categorical(values, list(self.levels.declared), ordered=self.levels.ordered)
        return nw.from_native(pd.Series(values, name=name), series_only=True)


def occurring_levels(occurring: Sequence[Any], levels: Levels | None) -> Levels | None:
    """The levels that occur, declared as before; None where none are declared or occur."""
    return Levels(occurring, levels.ordered, levels.declared) if occurring and levels else None


def appended(first: Column, second: Column) -> Column:
    """The values of two columns, one after the other."""
    a, b, levels = first.values, second.values, first.levels or second.levels
    if levels is not None:
        occur = {*(first.levels or ()), *(second.levels or ())}
        levels = occurring_levels([level for level in levels.declared if level in occur], levels)
    parts = [part.astype(object) if {a.dtype.kind, b.dtype.kind} & {"O"} else part for part in (a, b)]
    yes_no = (first.yes_no or second.yes_no) and all(one.yes_no or one.values.dtype == bool for one in (first, second))
    return Column(np.concatenate(parts), yes_no, levels, first.insists or second.insists)
