"""Rows of a fit as they might be: some predictors set to other values, averaged, or laid out on a balanced grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Any, final

import numpy as np

from likely import blocks
from likely import design as designs
from likely.derive.naming import references
from likely.derive.rows import Rows, rows_of
from likely.design import Design
from likely.errors import DataError, OptionError, listed, unknown
from likely.tables import Table

if TYPE_CHECKING:
    from likely.result import Fit

MOST_CELLS = 100_000  # of a balanced grid


@final
@dataclass(frozen=True)
class Scenarios:
    """Rows on which a fit is evaluated, with the predictors' values.

    Attributes
    ----------
    base : Rows
        The rows of the fit, or one for each cell of a grid.
    columns : mapping of str to ndarray
        The data columns that the predictors use.
    levels : mapping of str to tuple
        The columns that are levels, with the levels that the fit has seen.
    weights : ndarray
        Of the rows in averages.
    collapse : bool
        Average the columns of the designs, not the predictions.
    """

    base: Rows
    columns: Mapping[str, Any]
    levels: Mapping[str, tuple[Any, ...]]
    weights: Any
    collapse: bool = False

    @classmethod
    def of(cls, fit: Fit, at: str) -> Scenarios:
        """The observed rows ("average"), their average ("mean"), or a grid of all levels ("balanced")."""
        base = rows_of(fit)
        bound = base.fit.likelihood.bound
        columns: dict[str, Any] = {}
        levels: dict[str, tuple[Any, ...]] = {}
        for slot in base.model.slots:
            if slot.design is None:
                continue
            levels |= {name: tuple(seen) for name, seen in slot.design.levels}
            if slot.design.spec is None:
                columns |= {name: blocks.column(slot.design.x, j) for j, name in enumerate(slot.design.names)}
            else:
                columns |= dict.fromkeys(designs.variables(slot.design.formula or "1"))
        for name in [name for name, values in columns.items() if values is None]:
            values = bound.table.labels(name) if name in levels else bound.table.column(name)
            columns[name] = values if bound.rows is None else values[bound.rows]
            if columns[name].dtype.kind == "b":
                levels.setdefault(name, (False, True))
        weights = np.ones(base.n) if bound.weights is None else np.asarray(bound.weights, dtype=float)
        first = references(base.model)
        levels = {name: _ordered(seen, bound.table, name, first.get(name)) for name, seen in levels.items()}
        own = cls(base, columns, levels, weights)
        if at == "mean":
            return replace(own, collapse=True)
        return own.balanced() if at == "balanced" else own

    def balanced(self) -> Scenarios:
        """One row for each combination of all levels, numbers at their means, all of the same weight."""
        cells = int(np.prod([len(seen) for seen in self.levels.values()], initial=1.0))
        if cells > MOST_CELLS:
            raise OptionError(
                f"the levels of {listed(self.levels)} have {cells:,} combinations: average over the rows instead, "
                "at='average'"
            )
        combined = list(product(*self.levels.values()))
        columns: dict[str, Any] = {
            name: _constant(self._mean(values), cells)
            for name, values in self.columns.items()
            if name not in self.levels
        }
        for j, name in enumerate(self.levels):
            columns[name] = _column([row[j] for row in combined])
        columns = {name: columns[name] for name in self.columns}
        known = {
            k: float(self._mean(v)) if isinstance(v, np.ndarray) and v.ndim else v for k, v in self.base.known.items()
        }
        offsets = tuple(None if o is None else np.full(cells, self._mean(o)) for o in self.base.offsets)
        table = Table(columns=columns) if columns else Table(columns={"row": np.zeros(cells)})
        base = replace(self.base, table=table, n=cells, known=known, offsets=offsets)
        grid = replace(self, base=base, columns=columns, weights=np.ones(cells))
        return replace(grid, base=grid.rows({}, everything=True))

    def _mean(self, values: Any) -> float:
        return float(np.average(np.asarray(values, dtype=float), weights=self.weights))

    @cached_property
    def variables(self) -> list[str]:
        """Names of the predictors."""
        return list(self.columns)

    def check(self, name: str) -> str:
        """The name, if it is that of a predictor."""
        if name not in self.columns:
            raise unknown("predictor", name, self.variables)
        return name

    def level(self, name: str, value: Any) -> Any:
        """A level of a column as the fit knows it, or a number."""
        if name not in self.levels:
            try:
                return float(value)
            except (TypeError, ValueError):
                raise OptionError(f"{name} is a number; found {value!r}") from None
        for seen in self.levels[name]:
            if seen == value or str(seen) == str(value):
                return seen
        raise unknown("level", value, [str(v) for v in self.levels[name]], f" of {name}")

    def rows(self, changes: Mapping[str, Any], mask: Any = None, everything: bool = False) -> Rows:
        """The rows with some predictors changed: to one value each, or to one for each row.

        With `collapse`, one row: the average over `mask`, where the numbers that are not changed are at their means.
        """
        changes = dict(changes)
        if self.collapse:
            weights = self.weights if mask is None else self.weights * mask
            for name, values in self.columns.items():
                if name not in self.levels and name not in changes:
                    changes[name] = float(np.average(np.asarray(values, dtype=float), weights=weights))
        new = {name: _constant(v, self.base.n) if np.ndim(v) == 0 else v for name, v in changes.items()}
        rows = self._changed(new, everything)
        return _collapsed(rows, weights) if self.collapse else rows

    def _changed(self, new: Mapping[str, Any], everything: bool) -> Rows:
        if not new and not everything:
            return self.base
        table = Table(columns={**self.columns, **new}) if self.columns else self.base.table
        made: dict[int, Any] = {}
        matrices = []
        for slot, old in zip(self.base.model.slots, self.base.designs, strict=True):
            design = slot.design
            if design is not None and (everything or _uses(design, new)):
                made.setdefault(id(design), design.apply(table))
                matrices.append(made[id(design)])
            else:
                matrices.append(old)
        offsets = list(self.base.offsets)
        for k, slot in enumerate(self.base.model.slots):
            if any(isinstance(spec, str) and set(designs.variables(spec)) & set(new) for spec in slot.offset_spec):
                parts = [
                    designs.expression(spec, table) if isinstance(spec, str) else _numbers(spec, self.base.n)
                    for spec in slot.offset_spec
                ]
                offsets[k] = np.sum(parts, axis=0)
        rows = replace(self.base, designs=tuple(matrices), offsets=tuple(offsets))
        rows.require_reached()
        return rows


def _uses(design: Design, new: Mapping[str, Any]) -> bool:
    used = design.names if design.spec is None else designs.variables(design.formula or "1")
    return bool(set(used) & set(new))


def _numbers(spec: Any, n: int) -> Any:
    if np.ndim(spec) and len(spec) != n:
        raise DataError(f"the offset has {len(spec)} values for {n} rows; give it as a column")
    return np.broadcast_to(np.asarray(spec, dtype=float), (n,))


def _collapsed(rows: Rows, weights: Any) -> Rows:
    """One row whose linear predictors are the averages of these rows'."""
    share = weights / np.sum(weights)

    def mean(values: Any) -> Any:
        return None if values is None else np.asarray(share @ values)[None]

    known = {
        k: float(np.average(v, weights=weights)) if isinstance(v, np.ndarray) and v.ndim else v
        for k, v in rows.known.items()
    }
    table = Table(columns={"row": np.zeros(1)})
    designs_ = tuple(map(mean, rows.designs))
    return replace(rows, table=table, n=1, designs=designs_, offsets=tuple(map(mean, rows.offsets)), known=known)


def _constant(value: Any, n: int) -> Any:
    return _column([value] * n)


def _column(values: list[Any]) -> Any:
    kinds = set(map(type, values))
    if kinds <= {float, int, bool, np.float64, np.int64, np.bool_} and len(kinds) == 1:
        return np.array(values)
    out = np.empty(len(values), dtype=object)
    out[:] = values
    return out


def _ordered(seen: tuple[Any, ...], table: Table, name: str, first: str | None) -> tuple[Any, ...]:
    """A column's levels as they are coded: the reference first, the others as declared, or sorted."""
    declared = table.levels(name) if name in table else None
    if declared:
        seen = tuple(sorted(seen, key=lambda v: declared.index(v) if v in declared else len(declared)))
    else:
        try:
            seen = tuple(sorted(seen))
        except TypeError:
            seen = tuple(sorted(seen, key=str))
    return tuple(sorted(seen, key=lambda level: str(level) != first)) if first is not None else seen
