"""The rows in use of one table, and what the user gave for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, final

import numpy as np

from likely.data import design as designs
from likely.data.design import NamedMatrix
from likely.data.tables import Table
from likely.errors import OptionError
from likely.families.base import Family
from likely.models import checks, response
from likely.models.bind import offsets
from likely.models.bind.request import Request
from likely.models.inputs import Inputs, known_values
from likely.models.selected_rows import SelectedRows, cluster_ways
from likely.namespace.arrays import Floats


@final
@dataclass(frozen=True, eq=False)
class Batch:
    """One table as a request reads it: the rows in use, and what was given for them.

    Attributes
    ----------
    request : Request
    table : Table
        All rows.
    selected : SelectedRows
        The rows in use: those that are complete and whose weight is not zero.
    response : str
    right_sides : mapping of str to str or NamedMatrix
        Right-hand sides by parameter.
    offsets : mapping of str to list
        What is added to linear predictors, by parameter.
    given_weights : ndarray or None
        The weights of all rows of the table.
    dropped : mapping of str to int
        Columns whose missing values cost rows, with counts.
    """

    request: Request
    table: Table
    selected: SelectedRows
    response: str
    right_sides: Mapping[str, str | NamedMatrix]
    offsets: Mapping[str, list[Any]]
    given_weights: Floats | None = None
    dropped: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, request: Request, table: Table) -> Batch:
        """The rows in use of a table; rows that are not complete are refused, or left out, as was asked for."""
        asked, family, weights = request.asked, request.family, request.asked.weights
        name, formulas = formulas_of(request, table)
        free = list(family.free)
        given = SelectedRows.of(table)
        given_weights = None if weights is None else checks.weight_column(given.values(weights, "weights"))
        counted = checks.counted_rows(given_weights)
        given = given.only(counted)  # a row of weight zero is as if it were not there
        if given.table.n == 0:
            return cls(request, table, given, name, {}, {}, given_weights)
        offset_of = offsets.of_arguments(asked.offset, free[0].name if free else "")
        if asked.exposure is not None:
            added = offsets.of_exposure(asked.exposure, family, request.link, given)
            offset_of[free[0].name] = [*offset_of.get(free[0].name, ()), added]
        groups = cluster_ways(asked.cluster)
        sides = right_sides_of(request, table, name, formulas, offset_of)
        right_sides = {k: right if isinstance(right, str) else given.matrix(right) for k, right in sides.items()}

        other_columns = [(v, f"known {k}") for k, v in family.known.items() if not family.parameter(k).vector]
        other_columns += (
            [] if weights is None else [(weights if isinstance(weights, str) else given_weights, "weights")]
        )
        other_columns += [(spec, "cluster") for spec in groups if spec is not None]
        for parameter, specs in offset_of.items():
            family.parameter(parameter)
            other_columns += [(spec, "offset") for spec in specs]
        y = response.values(family, given.table, name)
        looked_at = {name: y, **_columns(other_columns, given), **_used(right_sides.values(), given)}
        rows, dropped = checks.missing_rows(looked_at, len(y), asked.missing)
        if dropped:
            given = given.only(rows)
            right_sides = {k: v if isinstance(v, str) else replace(v, x=v.x[rows]) for k, v in right_sides.items()}
        return cls(request, table, given, name, right_sides, offset_of, given_weights, dropped)

    @property
    def n(self) -> int:
        """Number of rows in use."""
        return self.selected.table.n

    @property
    def counted(self) -> int:
        """Number of rows whose weight is not zero."""
        return self.table.n - self.weightless

    @property
    def weightless(self) -> int:
        """Number of rows whose weight is zero."""
        return 0 if self.given_weights is None else int(np.count_nonzero(self.given_weights == 0.0))

    @cached_property
    def y(self) -> Any:
        """The response in the rows in use, as it is."""
        return response.values(self.request.family, self.selected.table, self.response)

    @cached_property
    def weights(self) -> Any:
        """The weights of the rows in use, checked; None where there are none."""
        if self.given_weights is None:
            return None
        kind = self.request.asked.weights_kind
        return checks.weights_of_rows(self.selected.cut(self.given_weights), kind, self.selected.table)

    @cached_property
    def known(self) -> dict[str, Any]:
        """Values of the known parameters in the rows in use, checked."""
        family = self.request.family
        return {name: known_values(family, name, spec, self.selected) for name, spec in family.known.items()}

    @property
    def inputs(self) -> Inputs:
        """What a model reads of the rows in use."""
        return Inputs(self.selected, self.known, weights=self.weights)


def formulas_of(request: Request, table: Table) -> tuple[str, dict[str, Any]]:
    """The response, and the formulas by parameter as they were given."""
    name, first = response.asked(table, request.asked.formula)
    formulas, free = dict(request.formulas), list(request.family.free)
    if first is not None:
        if not free:
            raise OptionError(f"{request.family!r} has no free parameter for the formula to describe")
        if free[0].name in formulas:
            asked = request.asked.formula
            raise OptionError(f"two formulas for {free[0].name}: {asked!r} and {formulas[free[0].name]!r}")
        formulas = {free[0].name: first, **formulas}
    return name, formulas


def right_sides_of(
    request: Request, table: Table, name: str, formulas: Mapping[str, Any], offset_of: dict[str, list[Any]]
) -> dict[str, Any]:
    """The right-hand sides of formulas without their offsets, which go to `offset_of`; matrices as they are."""
    asked, family = request.asked, request.family
    other_specs = [name, asked.weights, asked.offset, asked.exposure, *cluster_ways(asked.cluster)]
    other_specs += family.known.values()
    return {k: _right_side(family, k, spec, offset_of, table, other_specs) for k, spec in formulas.items()}


# -- what is looked at for missing values --------------------------------------------------------------------


def _columns(other_columns: Iterable[tuple[Any, str]], given: SelectedRows) -> dict[str, Any]:
    """The columns of what was given beside the formulas."""
    out: dict[str, Any] = {}
    for spec, what in other_columns:
        for name, values in given.columns(spec, what).items():
            alone = isinstance(spec, str) or name not in out  # several arrays may have the same part
            out[name if alone else f"{name} {1 + sum(key.startswith(name) for key in out)}"] = values
    return out


def _used(right_sides: Iterable[str | NamedMatrix], selected: SelectedRows) -> dict[str, Any]:
    """The columns of all right-hand sides."""
    used: dict[str, Any] = {}
    for right in right_sides:
        if isinstance(right, str):
            used |= selected.cells(designs.variables(right))
        elif (gaps := designs.matrix_missing(right)) is not None:
            used["the matrix of predictors"] = gaps
    return used


def _right_side(
    family: Family, name: str, spec: Any, offset_of: dict[str, list[Any]], table: Table, other_specs: list[Any]
) -> Any:
    """A parameter's formula without its offsets, which go to `offset_of`; a matrix as it is."""
    if not isinstance(spec, str):
        if isinstance(spec, (int, float, np.number)):
            raise OptionError(
                f"{name}={spec!r}: a known value is given to the family, lk.{type(family).__name__}({name}={spec!r}); "
                f"here stands the formula of {name}, such as {name}='~ x'"
            )
        checks.require_matrix(spec)
        return spec
    left, right = designs.right_side(spec)
    if left is not None:
        raise OptionError(f"the formula of {name} has no left side; write '~ {right}'")
    right, found = designs.offsets(designs.quote(right, table.names))
    offset_of.setdefault(name, []).extend(found)
    if not offset_of[name]:
        del offset_of[name]
    return designs.expand(right, _others(table, [*other_specs, *found]))


def _others(table: Table, other_specs: list[Any]) -> list[str]:
    """The columns that a dot in a formula stands for: those that have no other part in the model."""
    taken: set[str] = set()
    for spec in other_specs:
        for part in spec.values() if isinstance(spec, Mapping) else [spec]:
            if isinstance(part, str):
                taken |= {part} if part in table else set(designs.operands(designs.quote(part, table.names)))
    return [name for name in table.names if name not in taken]
