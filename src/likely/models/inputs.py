"""From a table to the rows of a model: the one way, for the fit, pieces of its data, new data and scenarios."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, final

import numpy as np

from likely.compute.blocks import Matrix
from likely.data import design as designs
from likely.data import tables
from likely.data.tables import Table
from likely.errors import DataError, OptionError, first_rows
from likely.families.base import Family
from likely.families.base.domains import Groups
from likely.models import checks, response
from likely.models.rows import Rows
from likely.models.selected_rows import SelectedRows
from likely.models.slot import Slot

if TYPE_CHECKING:
    from likely.models.model import Model


@final
@dataclass(frozen=True, eq=False)
class Inputs:
    """What a model reads of the rows in use of a table, checked as far as it can be without the model.

    Attributes
    ----------
    selected : SelectedRows
        The rows in use.
    known : mapping of str to float, tuple or ndarray
        Values of the known parameters there, by name.
    offsets : mapping of str to tuple, or None
        By linear predictor, what is added to it: columns, expressions, numbers or arrays; None for what the model says.
    weights : ndarray or None
        The weights of the rows in use.
    matrices : mapping of str to Table
        By parameter, predictors that are a matrix of their own.
    sparse : sparse matrix or None
        Predictors that are one.
    shown : mapping of str to str
        What messages call a parameter, where that is not its name.
    """

    selected: SelectedRows
    known: Mapping[str, Any]
    offsets: Mapping[str, tuple[Any, ...]] | None = None
    weights: Any = None
    matrices: Mapping[str, Table] = field(default_factory=dict)
    sparse: Any = None
    shown: Mapping[str, str] = field(default_factory=dict)

    def rows(self, model: Model, at_hand: Rows | None, observed: bool) -> Rows:
        """The rows as arrays; see `likely.models.model.Model.rows_of`."""
        if at_hand is None:
            at_hand = Rows(self.selected.table.n)
        x, added = self._designs(model, at_hand.designs), self._offsets(model, at_hand.offsets)
        if not observed:
            return Rows(at_hand.n, at_hand.y, at_hand.weights, x, added, self.known, at_hand.units, at_hand.columns)
        y = self._response(model) if at_hand.y is None else at_hand.y
        weights, units = (None, self.weights) if model.averaged else (self.weights, None)
        return Rows(at_hand.n, y, weights, x, added, self.known, units)

    def _response(self, model: Model) -> Any:
        """The responses as numbers, which have to be possible ones."""
        family, name, table = model.family, model.response, self.selected.table
        values = response.plain(family, response.values(family, table, name), name, table)
        _, y = family.bind(values, self.known)
        checks.check_support(family, y, self.known, name, table)
        return y

    def _designs(self, model: Model, at_hand: Mapping[str, Matrix]) -> dict[str, Matrix]:
        """The columns of every linear predictor; those that share a design share them."""
        out: dict[str, Matrix] = {}
        made: dict[int, Matrix] = {}
        for slot in model.slots:
            if slot.design is None:
                continue
            if slot.label in at_hand:
                out[slot.label] = at_hand[slot.label]
                continue
            if id(slot.design) not in made:
                made[id(slot.design)] = self._design(slot)
            out[slot.label] = made[id(slot.design)]
        return out

    def _design(self, slot: Slot) -> Matrix:
        design, table, whose = slot.design, self.selected.table, self.selected.whose
        assert design is not None
        if self.sparse is not None:
            return design.apply_sparse(self.sparse, table, whose)
        other = None if design.partner is None else self.matrices.get(design.partner.parameter, table)
        x: Matrix = design.apply(self.matrices.get(slot.parameter.name, table), other, whose)
        return x

    def _offsets(self, model: Model, at_hand: Mapping[str, Any]) -> dict[str, Any]:
        """What is added to the linear predictors, row by row; those of one parameter share it."""
        out: dict[str, Any] = {}
        made: dict[int, Any] = {}
        for slot in model.slots:
            if slot.offset is None:
                continue
            if slot.label in at_hand:
                out[slot.label] = at_hand[slot.label]
                continue
            name, specs = slot.parameter.name, slot.offset if self.offsets is None else self.offsets[slot.label]
            if id(specs) not in made:
                made[id(specs)] = total_offset(specs, self.shown.get(name, name), self.selected)
            out[slot.label] = made[id(specs)]
        return out


def known_values(family: Family, name: str, spec: Any, selected: SelectedRows, shown: str | None = None) -> Any:
    """The values of a known parameter in the rows in use, checked; labels of groups as codes.

    Parameters
    ----------
    family : Family
    name : str
    spec : object
        What it was given as: a column, an expression, an array, a number; the values of a vector.
    selected : SelectedRows
    shown : str, optional
        What messages call it.

    Raises
    ------
    LikelyError
        If there are no such values, or not in its domain.
    """
    parameter, shown = family.parameter(name), shown or name
    if parameter.vector:
        return tuple(map(float, spec))
    values: Any
    if parameter.domain is Groups:
        labels = selected.labels(spec, shown)
        if not np.ndim(labels):
            raise OptionError(f"{shown} is a column of labels, or an array with one for each row; found {labels!r}")
        values = tables.codes(labels)
    else:
        values = selected.values(spec, shown)
        values = tables.numbers(values, spec if isinstance(spec, str) else shown) if np.ndim(values) else float(values)
    parameter.domain.check(f"{family.title}'s known {shown}", values)
    return values


def total_offset(specs: tuple[Any, ...], parameter: str, selected: SelectedRows) -> Any:
    """The sum of what is added to a parameter's linear predictor, one number for each row in use.

    Raises
    ------
    DataError
        If it is not finite.
    """
    out: Any = 0.0
    for spec in specs:
        values = selected.values(spec, "offset")
        out = out + (tables.numbers(values, "offset") if np.ndim(values) else values)
    out = np.ascontiguousarray(np.broadcast_to(np.asarray(out, dtype=float), selected.table.n))
    if not np.all(np.isfinite(out)):
        bad = np.flatnonzero(~np.isfinite(out))
        raise DataError(
            f"the offset of {parameter} is not finite in {first_rows(selected.table.places(bad), out[bad])}"
        )
    return out


def offset_of_exposure(exposure: Any, selected: SelectedRows) -> Any:
    """The offset that an exposure stands for: the logarithm's text, or its values in all rows of the table."""
    if isinstance(exposure, str):
        return designs.log_exposure(exposure, selected.table)
    used = designs.log_exposure(selected.values(exposure, "exposure"), selected.table)
    if selected.rows is None or not np.ndim(used):
        return used
    out = np.full(selected.all_rows.n, np.nan)  # rows left out have none
    out[selected.rows] = used
    return out
