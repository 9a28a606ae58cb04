"""A table turned into rows of a model: designs, offsets, known values and, where they are asked for, responses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, final

import numpy as np

from likely.compute import blocks
from likely.data import design as designs
from likely.data import tables
from likely.data.design import Design
from likely.data.predictors import among
from likely.data.tables import Table
from likely.errors import DataError, LikelyError, MissingValuesError, OptionError, is_one_of, listed, unknown
from likely.families.base.domains import Groups
from likely.models import checks, response
from likely.models.rows import Rows
from likely.models.selected_rows import SelectedRows
from likely.models.slot import Slot

if TYPE_CHECKING:
    from likely.models.model import Model


def check_given(model: Model, given: Mapping[str, Any], original_names: Mapping[str, str]) -> None:
    """Refuse values that no new rows of this model take."""
    valid = [original_names[name] for name in model.known] + ["offset"]
    if model.slots and model.slots[0].link.name == "log" and model.slots[0].offset is not None:
        valid.append("exposure")
    for name in given:
        if not is_one_of(name, valid):
            raise unknown("option", name, valid, " for a prediction")


def check_unseen(unseen: str) -> None:
    """Refuse what is no way to treat levels that the model does not know."""
    if not is_one_of(unseen, ("error", "missing")):
        raise unknown("option", unseen, ["error", "missing"], " for unseen=")


@final
class NewData:
    """A table read once as a model reads it, and what the model needs of it.

    Parameters
    ----------
    model : Model
    new : data of any kind
        A matrix of predictors may be given by parameter, ``{"mean": X}``.
    given : mapping, optional
        Values of known parameters, ``offset`` and ``exposure``, where they are not what the model says.
    unseen : {"error", "missing"}
        What becomes of rows with levels that the model does not know.
    original_names : mapping of str to str, optional
        The parameters' names in messages and in `given`, where they are not the family's.

    Attributes
    ----------
    table : Table
        The rows as they were read.
    lacking : mapping of str to LikelyError
        Why a known parameter has no values.
    """

    def __init__(
        self,
        model: Model,
        new: Any,
        given: Mapping[str, Any] | None = None,
        unseen: str = "error",
        original_names: Mapping[str, str] | None = None,
    ) -> None:
        self.model, self.given, self.lacking = model, given or {}, dict[str, LikelyError]()
        self.original_names = original_names or {p.name: p.name for p in model.family.parameters}
        check_given(model, self.given, self.original_names)
        check_unseen(unseen)
        plain = {
            slot.parameter.name: slot.design
            for slot in model.slots
            if slot.design is not None and slot.design.spec is None
        }
        self.own: dict[str, Table] = {}
        self.sparse = new if blocks.is_sparse(new) else None
        if isinstance(new, Mapping):
            new = dict(new)
            self.own = {
                name: tables.read(new.pop(name), like=model.reading) for name in plain if np.ndim(new.get(name)) == 2
            }
            if new and all(np.ndim(v) == 0 for v in new.values()):
                new = {k: [v] for k, v in new.items()}  # one row
        if self.sparse is not None:
            new = np.zeros(self.sparse.shape[0])
        self.table = tables.read(new, like=model.reading) if not self.own or new else next(iter(self.own.values()))
        self.n = self.table.n
        if self.n == 0:
            raise DataError("the new data have no rows: there is nothing to predict")
        for name, table in self.own.items():
            if table.n != self.n:
                raise DataError(f"the matrix of {name} has {table.n} rows, the other new data {self.n}")
            order = self.table.match(table.index, f"the matrix of {name}", "the other new data")
            self.own[name] = table.in_order(order)
        self._refuse_ambiguity(plain)
        self._refuse_missing(self._used())
        self.data = SelectedRows.of(self.table, "the new data")
        if unseen == "missing":
            self._set_unseen_aside()

    @cached_property
    def rows(self) -> Rows:
        """The rows without responses; a known parameter without values is NaN, and `lacking` says why."""
        slots = self.model.slots
        made = {id(slot.design): self._matrix(slot) for slot in slots if slot.design is not None}
        matrices = {slot.label: made[id(slot.design)] for slot in slots if slot.design is not None}
        known = {name: self._known(name) for name in self.model.known}
        offsets = {slot.label: self._offset(slot) for slot in slots if slot.offset is not None}
        return Rows(self.n, None, None, matrices, offsets, known)

    @property
    def observed(self) -> Rows:
        """The rows with their responses and weights."""
        model, rows, name = self.model, self.rows, self.model.response
        for error in self.lacking.values():
            raise error
        weights = model.weights
        self._refuse_missing([name, *([weights] if isinstance(weights, str) else [])])
        values = response.plain(model.family, response.values(model.family, self.table, name), name, self.table)
        _, y = model.family.bind(values, rows.known)
        checks.check_support(model.family, y, rows.known, name, self.table)
        rows = replace(rows, y=y)
        if weights is None:
            return rows
        if not isinstance(weights, str):
            raise OptionError("the weights were given as an array, so those of other rows are not known")
        w = checks.check_weights(
            checks.weight_column(self.data.values(weights, "weights")), model.weights_kind, self.table
        )
        return replace(rows, units=w) if model.averaged else rows.with_weights(w)

    def _set_unseen_aside(self) -> None:
        """Leave out the rows with levels that the model does not know; their results will be missing."""
        seen = np.ones(self.n, dtype=bool)
        for slot in self.model.slots:
            for name, levels in () if slot.design is None else slot.design.levels:
                if name in self.table:
                    labels = self.table.labels(name)
                    known = among(dict.fromkeys(labels), levels)
                    seen &= np.fromiter((v in known for v in labels), dtype=bool, count=self.n)
        if seen.all():
            return
        if not seen.any():
            raise DataError("no row of the new data has only levels that the fit has seen: there is nothing to predict")
        self.data = self.data.only(seen, spread=True)
        self.table, self.n = self.data.table, int(seen.sum())
        self.own = {name: table.only(seen) for name, table in self.own.items()}

    def _refuse_ambiguity(self, plain: Mapping[str, Design]) -> None:
        """Two matrices of predictors cannot be told apart in one table."""
        shared = {name: d for name, d in plain.items() if name not in self.own}
        distinct = {id(d): d for d in shared.values()}
        names = [name for d in distinct.values() for name in d.all_names]
        if len(distinct) > 1 and (len(set(names)) < len(names) or not all(n in self.table for n in names)):
            example = ", ".join(f"{name!r}: ..." for name in shared)
            raise DataError(
                f"{listed(shared)} have a matrix of predictors each: pass the new ones by parameter, {{{example}}}"
            )

    def _refuse_missing(self, used: list[str]) -> None:
        """Missing values among the columns that the model uses."""
        counts: dict[str, int] = {}
        for name in used:
            if name not in self.table:
                continue
            text = self.table.text(name)
            absent = tables.missing(self.table.column(name) if text is None else text)
            if count := int(np.count_nonzero(absent)):
                counts[name] = count
        for parameter, table in self.own.items():
            for name in table.names:
                if count := int(np.count_nonzero(tables.missing(table.column(name)))):
                    counts[f"{parameter}: {name}"] = count
        if counts:
            detail = ", ".join(f"{name}: {count}" for name, count in counts.items())
            raise MissingValuesError(
                f"the new data have missing values ({detail}): a prediction needs every predictor. Fill them, or leave "
                "these rows out"
            )

    def _used(self) -> list[str]:
        used: dict[str, None] = {}
        for slot in self.model.slots:
            if slot.design is not None and slot.parameter.name not in self.own:
                formula = slot.design.formula
                used |= dict.fromkeys(slot.design.all_names if formula is None else designs.variables(formula))
                if formula is None and not all(name in self.table for name in slot.design.all_names):
                    used |= dict.fromkeys(self.table.names)  # columns by position
            if "offset" not in self.given:
                used |= dict.fromkeys(v for spec in slot.offset or () for v in self._columns_of(spec))
        for spec in (*self.model.family.known.values(), *self.given.values()):
            used |= dict.fromkeys(self._columns_of(spec))
        return list(used)

    def _columns_of(self, spec: Any) -> list[str]:
        if isinstance(spec, Mapping):
            return [v for part in spec.values() for v in self._columns_of(part)]
        if not isinstance(spec, str):
            return []
        return [spec] if spec in self.table or spec.isidentifier() else designs.variables(spec)

    def _matrix(self, slot: Slot) -> Any:
        """A linear predictor's columns."""
        assert slot.design is not None
        if self.sparse is not None:
            return slot.design.apply_sparse(self.sparse, self.table)
        partner = slot.design.partner
        other = None if partner is None else self.own.get(partner.parameter, self.table)
        return slot.design.apply(self.own.get(slot.parameter.name, self.table), other)

    def _values(self, spec: Any, what: str) -> Any:
        """A column, an expression, a number or an array as floats."""
        values = self.data.values(spec, what)
        return tables.numbers(values, spec if isinstance(spec, str) else what) if np.ndim(values) else float(values)

    def _known(self, name: str) -> Any:
        """The values of a known parameter; NaN, and the reason, where there are none."""
        model, original_name = self.model, self.original_names[name]
        spec = self.given.get(original_name, model.family.known.get(name))
        if original_name not in self.given and np.ndim(spec) > 0:
            self.lacking[name] = OptionError(
                f"{original_name} was given to the fit as an array, so the new rows' values are not known: pass "
                f"{original_name}=..."
            )
            return np.nan
        try:
            if model.family.parameter(name).domain is Groups:
                values = tables.codes(self.data.labels(spec, original_name))
            else:
                values = self._values(spec, original_name)
        except LikelyError as error:
            self.lacking[name] = error
            return np.nan
        model.family.parameter(name).domain.check(f"{model.family.title}'s known {original_name}", values)
        return values

    def _log_exposure(self) -> Any:
        """The logarithm of the exposure of the new rows."""
        spec = self.given["exposure"]
        if isinstance(spec, str):
            return designs.expression(designs.log_exposure(spec, self.table), self.table)
        return designs.log_exposure(self.data.values(spec, "exposure"), self.table)

    def _offset(self, slot: Slot) -> Any:
        """A linear predictor's offset."""
        name, specs = self.original_names[slot.parameter.name], slot.offset or ()
        if "offset" in self.given:
            value = self.given["offset"]
            specs = (value.get(name, 0.0) if isinstance(value, Mapping) else value,)
        total: Any = 0.0
        if "exposure" in self.given and slot is self.model.slots[0]:
            if "offset" in self.given or len(specs) != 1:
                raise OptionError("an exposure beside other offsets: pass offset=, the sum of all with log(exposure)")
            total, specs = self._log_exposure(), ()
        for spec in specs:
            if "offset" not in self.given and np.ndim(spec) > 0:
                raise OptionError(
                    f"the offset of {name} was given to the fit as an array, so the new rows' values are not known: "
                    "pass offset=..., or exposure=... if it was one"
                )
            total = total + self._values(spec, "offset")
        total = np.broadcast_to(np.asarray(total, dtype=float), (self.n,))
        if not np.all(np.isfinite(total)):
            raise DataError(f"the offset of {name} is not finite for some of the new rows")
        return total
