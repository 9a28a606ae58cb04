"""Rows of a fit as they might be: some predictors set to other values, averaged, or laid out on a balanced grid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Any, final

import numpy as np

from likely.compute import blocks
from likely.data import design as designs
from likely.data.design import Design
from likely.data.tables import Table, read
from likely.errors import OptionError, is_one_of, listed, unknown
from likely.families.base.domains import Groups
from likely.likelihoods.fitted_rows import FittedRows, rows_of
from likely.models.bind import Bound
from likely.models.inputs import Inputs, known_values, total_offset
from likely.models.naming import references
from likely.models.rows import Rows, varies
from likely.models.selected_rows import SelectedRows
from likely.namespace.arrays import Floats
from likely.prediction.exposure import is_exposure

if TYPE_CHECKING:
    from likely.estimates import Estimates

MOST_CELLS = 100_000  # of a balanced grid
OFFSETS = ("exposure", "offset")  # of the first parameter as a whole, beside the columns they are made of


@final
@dataclass(frozen=True, eq=False)
class Scenarios:
    """Rows on which a fit is evaluated, with the predictors' values.

    Attributes
    ----------
    base : FittedRows
        The rows of the fit, or one for each cell of a grid.
    columns : mapping of str to ndarray
        The data columns that the predictors use.
    levels : mapping of str to tuple
        The columns that are levels, with the levels that the fit has seen.
    weights : ndarray
        Of the rows in averages.
    others : mapping of str to ndarray
        Further columns that can be held: those of offsets and of known parameters.
    offsets : tuple of tuple
        What the offset of each linear predictor is the sum of: expressions, arrays or numbers.
    given : mapping of str to str
        Known parameters that are columns or expressions, by name.
    collapse : bool
        Average the columns of the designs, not the predictions.
    """

    base: FittedRows
    columns: Mapping[str, Any]
    levels: Mapping[str, tuple[Any, ...]]
    weights: Floats
    others: Mapping[str, Any]
    offsets: tuple[tuple[Any, ...], ...]
    given: Mapping[str, str]
    collapse: bool = False

    @classmethod
    def of(cls, fit: Estimates, at: str, weights: Any = None, per_unit: bool = False) -> Scenarios:
        """The observed rows ("average"), their average ("mean"), or a grid of all levels ("balanced").

        Parameters
        ----------
        fit : Estimates
        at : {"average", "mean", "balanced"}
        weights : ndarray, optional
            Of the rows in averages; by default those of the fit.
        per_unit : bool
            Whether exposures are 1, in place of what each row has.
        """
        base = rows_of(fit)
        bound = base.fit.likelihood.bound
        columns: dict[str, Any] = {}
        levels: dict[str, tuple[Any, ...]] = {}
        for slot in base.model.slots:
            if slot.design is None:
                continue
            levels |= {name: tuple(seen) for name, seen in slot.design.levels}
            if slot.design.spec is None:
                columns |= {
                    name: blocks.column(base.data.designs[slot.label], j) for j, name in enumerate(slot.design.names)
                }
            else:
                columns |= dict.fromkeys(designs.variables(slot.design.formula or "1"))
        for name in [name for name, values in columns.items() if values is None]:
            columns[name] = bound.used.labels(name) if name in levels else bound.used.measured(name)
            if columns[name].dtype.kind == "b":
                levels.setdefault(name, (False, True))
        if weights is None:
            weights = np.ones(base.n) if bound.weights is None else np.asarray(bound.weights, dtype=float)
        first = references(base.model)
        levels = {name: _ordered(seen, bound.used, name, first.get(name)) for name, seen in levels.items()}
        offsets = tuple(tuple(_of_rows(spec, bound) for spec in s.offset or ()) for s in base.model.slots)
        texts = {name: _text_of(fit, base, name) for name in base.model.known}
        given = {name: spec for name, spec in texts.items() if spec is not None}
        others = {}
        for spec in [*(spec for specs in offsets for spec in specs), *given.values()]:
            for name in _columns_in(spec, bound.table):
                if name not in columns:
                    others[name] = bound.used.measured(name)
        own = cls(base, columns, levels, weights, others, offsets, given)
        if per_unit:
            own = own.per_unit()
        if at == "mean":
            return replace(own, collapse=True)
        return own.balanced() if at == "balanced" else own

    def per_unit(self) -> Scenarios:
        """The same rows with an exposure of 1."""
        rest = tuple(spec for spec in self.offsets[0] if not is_exposure(spec))
        slot = self.base.model.slots[0]
        selected = self._selected({})
        offset = total_offset(rest, slot.parameter.name, selected)
        base = replace(self.base, data=self.base.data.with_offset(slot, offset))
        return replace(self, base=base, offsets=(rest, *self.offsets[1:]))

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
        known = {k: float(self._mean(v)) if varies(v) else v for k, v in self.base.data.known.items()}
        offsets = {label: np.full(cells, self._mean(o)) for label, o in self.base.data.offsets.items()}
        others = {
            name: _constant(self._mean(values), cells)
            for name, values in self.others.items()
            if values.dtype.kind in "fiub"
        }
        specs = tuple(tuple(self._mean(v) if np.ndim(v) else v for v in parts) for parts in self.offsets)
        table = read(columns or {"row": np.zeros(cells)})
        base = replace(self.base, table=table, data=Rows(cells, offsets=offsets, known=known))
        grid = replace(self, base=base, columns=columns, weights=np.ones(cells), others=others, offsets=specs)
        return replace(grid, base=grid.rows({}, everything=True))

    def _mean(self, values: Any) -> float:
        return float(np.average(np.asarray(values, dtype=float), weights=self.weights))

    @cached_property
    def variables(self) -> list[str]:
        """Names of the predictors."""
        return list(self.columns)

    def check(self, name: str) -> str:
        """The name, if it is that of a predictor."""
        if not is_one_of(name, self.columns):
            raise unknown("predictor", name, self.variables)
        return name

    def check_held(self, name: str) -> str:
        """The name, if rows can be set to a value of it: a predictor, a column of an offset or a known parameter."""
        valid = [*self.columns, *self.others]
        if self.offsets and self.offsets[0]:
            valid += [word for word in OFFSETS if word not in valid]
        if not is_one_of(name, valid):
            raise unknown("predictor", name, valid)
        if name == "exposure" and name not in self.others and self.base.model.slots[0].link.name != "log":
            raise OptionError("an exposure needs a log link; set the offset itself, at={'offset': ...}")
        return name

    def level(self, name: str, value: Any) -> Any:
        """A level of a column as the fit knows it, or a number."""
        if name not in self.levels:
            try:
                number = float(value)
            except (TypeError, ValueError):
                raise OptionError(f"{name} is a number; found {value!r}") from None
            if not np.isfinite(number):
                raise OptionError(f"{name} is a finite number; found {value!r}")
            if name == "exposure" and name not in self.others and number <= 0.0:
                raise OptionError(f"an exposure is positive; found {value!r}")
            return number
        for seen in self.levels[name]:
            if seen == value or str(seen) == str(value):
                return seen
        raise unknown("level", value, [str(v) for v in self.levels[name]], f" of {name}")

    def rows(self, changes: Mapping[str, Any], mask: Any = None, everything: bool = False) -> FittedRows:
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

    def _changed(self, new: Mapping[str, Any], everything: bool) -> FittedRows:
        if not new and not everything:
            return self.base
        model, data, selected = self.base.model, self.base.data, self._selected(new)
        offsets = dict(zip((slot.label for slot in model.slots), self.offsets, strict=True))
        kept = {
            label: specs for label, specs in offsets.items() if not any(_reads(spec, new, selected) for spec in specs)
        }
        if model.slots and (first := self._first_offset(new)) is not self.offsets[0]:
            offsets[model.slots[0].label] = first
            kept.pop(model.slots[0].label, None)
        designs_kept = {
            slot.label: data.designs[slot.label]
            for slot in model.slots
            if slot.design is not None and not everything and not _uses(slot.design, new)
        }
        at_hand = replace(data, designs=designs_kept, offsets={k: v for k, v in data.offsets.items() if k in kept})
        inputs = Inputs(selected, self._known(new, selected), offsets)
        rows = replace(self.base, data=model.rows_of(inputs, at_hand))
        rows.require_reached()
        return rows

    def _selected(self, new: Mapping[str, Any]) -> SelectedRows:
        """The rows as a table, with the values that some columns are set to."""
        held = {**self.columns, **self.others, **new}
        return SelectedRows.of(read(held) if held else self.base.table, "the rows at these values")

    def _first_offset(self, new: Mapping[str, Any]) -> tuple[Any, ...]:
        """What the first offset is the sum of, where an exposure or the offset as a whole is set."""
        own = {name for name in OFFSETS if name in new} - {*self.columns, *self.others}
        if "offset" in own:
            return (new["offset"],)
        if "exposure" in own:
            return (np.log(new["exposure"]), *(spec for spec in self.offsets[0] if not is_exposure(spec)))
        return self.offsets[0]

    def _known(self, new: Mapping[str, Any], selected: SelectedRows) -> Mapping[str, Any]:
        """The known parameters, again where they are made of a column that is set."""
        family, known = self.base.model.family, dict(self.base.data.known)
        again = {name: spec for name, spec in self.given.items() if _reads(spec, new, selected)}
        return known | {name: known_values(family, name, spec, selected) for name, spec in again.items()}


def _columns_in(spec: Any, table: Table) -> list[str]:
    """The columns that an offset or a known parameter is made of."""
    if not isinstance(spec, str):
        return []
    return [spec] if spec in table else [name for name in designs.variables(spec) if name in table]


def _reads(spec: Any, names: Iterable[str], selected: SelectedRows) -> bool:
    """Whether an offset or a known parameter is made of one of some columns."""
    return bool(set(_columns_in(spec, selected.table)) & set(names))


def _text_of(fit: Estimates, base: FittedRows, name: str) -> str | None:
    """The column or expression that a known parameter was given as; None for other things and for labels."""
    spec = fit.likelihood.model.family.known.get(base.original_names[name])
    return spec if isinstance(spec, str) and base.model.family.parameter(name).domain is not Groups else None


def _of_rows(spec: Any, bound: Bound) -> Any:
    """Numbers for all rows of the data, of those that the fit used; text as it is."""
    return spec if isinstance(spec, str) else bound.selected.values(spec, "offset")


def _uses(design: Design, new: Mapping[str, Any]) -> bool:
    used = design.names if design.spec is None else designs.variables(design.formula or "1")
    return bool(set(used) & set(new))


def _collapsed(rows: FittedRows, weights: Any) -> FittedRows:
    """One row whose linear predictors are the averages of these rows'."""
    share = weights / np.sum(weights)

    def mean(values: Any) -> Any:
        return np.asarray(share @ values)[None]

    known = {k: float(np.average(v, weights=weights)) if varies(v) else v for k, v in rows.data.known.items()}
    table = read({"row": np.zeros(1)})
    matrices = {label: mean(x) for label, x in rows.data.designs.items()}
    offsets = {label: mean(offset) for label, offset in rows.data.offsets.items()}
    return replace(rows, table=table, data=Rows(1, designs=matrices, offsets=offsets, known=known))


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
