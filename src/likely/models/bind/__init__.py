"""Family, data and formulas put together: the checked arrays of one model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from likely.compute import blocks
from likely.compute.blocks import Matrix
from likely.data import design as designs
from likely.data import learn, tables
from likely.data.design import Design, NamedMatrix
from likely.data.tables import Table
from likely.errors import OptionError, ParameterError
from likely.families import get_family
from likely.families.base import Family, Parameter
from likely.families.base.domains import Groups
from likely.families.base.vectors import VectorDomain
from likely.models import checks, response
from likely.models.asked import Asked
from likely.models.bind import offsets
from likely.models.bind.bound import Bound
from likely.models.bind.links import link_for
from likely.models.given import Given, cluster_ways, given_column
from likely.models.identify import without_aliased, without_place_of_intercept
from likely.models.model import Model
from likely.models.rows import Rows
from likely.models.slot import Slot

__all__ = ["Bound", "Given", "bind", "cluster_ways", "given_column"]


def bind(asked: Asked, data: Any) -> Bound:
    """Check everything the user gave and turn it into arrays."""
    formula, weights = asked.formula, asked.weights
    weights_kind = checks.check_weights_kind(asked.weights_kind, weights is not None)
    formulas = dict(asked.formulas)
    family, link = _checked_family(asked.family, data, formula, formulas).linked(asked.link)
    table = tables.read(data, asked.na)
    name, first = response.asked(table, formula)
    free = list(family.free)
    if first is not None:
        if not free:
            raise OptionError(f"{family!r} has no free parameter for the formula to describe")
        if free[0].name in formulas:
            raise OptionError(f"two formulas for {free[0].name}: {formula!r} and {formulas[free[0].name]!r}")
        formulas = {free[0].name: first, **formulas}

    given = Given.of(table)
    given_weights = None if weights is None else checks.weight_column(given.values(weights, "weights"))
    given = given.only(checks.counted_rows(given_weights))  # a row of weight zero is as if it were not there
    offset_of = offsets.of_arguments(asked.offset, free[0].name if free else "")
    if asked.exposure is not None:
        added = offsets.of_exposure(asked.exposure, family, link, given)
        offset_of[free[0].name] = [*offset_of.get(free[0].name, ()), added]
    groups = cluster_ways(asked.cluster)
    other_specs = [name, weights, asked.offset, asked.exposure, *groups, *family.known.values()]
    rights = {k: _right_side(family, k, spec, offset_of, table, other_specs) for k, spec in formulas.items()}
    rights = {k: right if isinstance(right, str) else given.matrix(right) for k, right in rights.items()}
    vectors = {k: tuple(map(float, v)) for k, v in family.known.items() if family.parameter(k).vector}
    columns = {k: v for k, v in family.known.items() if k not in vectors}

    other_columns = [(v, f"known {k}") for k, v in columns.items()]
    other_columns += [] if weights is None else [(weights if isinstance(weights, str) else given_weights, "weights")]
    other_columns += [(spec, "cluster") for spec in groups if spec is not None]
    for parameter, specs in offset_of.items():
        family.parameter(parameter)
        other_columns += [(spec, "offset") for spec in specs]
    y = response.values(family, given.table, name)
    looked_at = {name: y, **_columns(other_columns, given), **_used(rights.values(), given.table)}
    rows, dropped = checks.missing_rows(looked_at, len(y), asked.missing)
    if dropped:
        checks.warn_dropped_rows(len(y), int(np.count_nonzero(rows)), dropped)
        given = given.only(rows)
        y = response.values(family, given.table, name)
        rights = {k: v if isinstance(v, str) else replace(v, x=v.x[rows]) for k, v in rights.items()}

    w = checks.check_weights(given.cut(given_weights), weights_kind, given.table) if weights is not None else None
    known = {k: _known(family.parameter(k), _values(family.parameter(k), v, given)) for k, v in columns.items()}
    for k, v in known.items():
        family.parameter(k).domain.check(f"{family.title}'s known {k}", v)
    known |= vectors
    units = None
    if any(p.domain is Groups for p in family.parameters) and weights_kind != "frequency":
        raise OptionError(
            f"weights of {family.title} say how often a stratum was observed, weights_kind='frequency'; found "
            f"{weights_kind!r}"
        )
    if weights_kind == "analytic":
        checks.check_averaged(family)
        w, units = None, w
    constants = {k: None if isinstance(v, np.ndarray) and v.ndim else v for k, v in known.items()}
    bound_family, numeric = family.bind(response.plain(family, y, name, given.table), known)
    declared = bound_family.levels
    checks.check_number_of_levels(bound_family, name)
    bound_family, numeric = bound_family.settle(numeric)
    checks.warn_empty_levels(declared, bound_family.levels, name)
    checks.check_support(bound_family, numeric, known, name, given.table)

    parts = _Parts(given, rights, offset_of, family.title, asked.aliased == "drop")
    slots, designs_of, offsets_of = _slots(parts, free, bound_family, link)
    text = formula if isinstance(formula, str) else None
    fixed = bound_family.edge_estimate(numeric, known) if any(p.edge for p in free) else {}
    model = Model(bound_family, slots, constants, name, text, fixed, weights_kind, weights, table.as_read)
    if not isinstance(asked.family, Family):
        asked = asked.replace(family=get_family(asked.family))
    in_use = Rows(len(numeric), numeric, w, designs_of, offsets_of, known, units)
    return Bound(asked, model, in_use, table, given.rows, dropped, None, given_weights)


def _checked_family(family: Any, data: Any, formula: Any, formulas: dict[str, Any]) -> Family:
    """The family, once the arguments fit it."""
    checks.check_order(family, data, formula)
    family = get_family(family)
    groups = [p.name for p in family.parameters if p.domain is Groups and p.name in formulas]
    if groups:  # a column of labels is no formula
        family = type(family)(**{**family.known, **{name: formulas.pop(name) for name in groups}})
    for name in formulas:
        checks.check_argument(family, name)
        if family.parameter(name).known_only or name in family.known:
            raise OptionError(f"{name} of {family!r} is known; it takes no formula")
    for p in family.parameters:
        if p.known_only and p.name not in family.known:
            if p.domain is Groups:
                raise ParameterError(f"{family.title} needs its {p.name} ({p.meaning}): {p.name}='<column>'")
            example = 10 if p.domain.integer else 0.5
            raise ParameterError(
                f"{family.title} needs its {p.name} ({p.meaning}): {family.title}({p.name}={example}), or a column: "
                f"{family.title}({p.name}='<column>')"
            )
    return family


def _values(p: Parameter, spec: Any, given: Given) -> Any:
    """What was given for a known parameter, row by row."""
    return given.labels(spec, f"known {p.name}") if p.domain is Groups else given.values(spec, f"known {p.name}")


def _known(p: Parameter, values: Any) -> Any:
    """A known parameter's values in the rows in use; labels of groups as codes."""
    if np.ndim(values) == 0 and p.domain is not Groups:
        return float(values)
    if p.domain is Groups and not np.ndim(values):
        raise OptionError(f"{p.name} is a column of labels, or an array with one for each row; found {values!r}")
    return tables.codes(values) if p.domain is Groups else tables.numbers(values, p.name)


# -- what is looked at for missing values --------------------------------------------------------------------


def _columns(other_columns: Iterable[tuple[Any, str]], given: Given) -> dict[str, Any]:
    """The columns of what was given beside the formulas."""
    out: dict[str, Any] = {}
    for spec, what in other_columns:
        for name, values in given.columns(spec, what).items():
            alone = isinstance(spec, str) or name not in out  # several arrays may have the same part
            out[name if alone else f"{name} {1 + sum(key.startswith(name) for key in out)}"] = values
    return out


def _used(rights: Iterable[str | NamedMatrix], table: Table) -> dict[str, Any]:
    """The columns of all right-hand sides."""
    used: dict[str, Any] = {}
    for right in rights:
        if isinstance(right, str):
            names = [v for v in designs.variables(right) if v in table]
            used |= {v: table.column(v) if (text := table.text(v)) is None else text for v in names}
        elif (gaps := designs.matrix_missing(right)) is not None:
            used["the matrix of predictors"] = gaps
    return used


# -- linear predictors -----------------------------------------------------------------------------------------


@final
@dataclass(frozen=True)
class _Parts:
    """What the user gave for each parameter, turned into designs and offsets of the rows in use."""

    given: Given
    rights: Mapping[str, str | NamedMatrix]
    offsets: Mapping[str, list[Any]]
    title: str
    without_aliased: bool

    def refuse_formula(self, p: Parameter) -> None:
        if p.name in self.rights or p.name in self.offsets:
            raise OptionError(
                f"{p.name} of {self.title} takes no formula: its estimate is an extreme of the data, "
                "where the likelihood has no derivative"
            )

    def design(self, p: Parameter) -> tuple[Design, Matrix] | None:
        """The design of a parameter and its matrix; None for a constant, which is reported on its natural scale."""
        right, table = self.rights.get(p.name), self.given.table
        if p.anchored and (right is None or (isinstance(right, str) and right in ("0", "1"))):
            return learn.empty(table.n)
        if right is None or (isinstance(right, str) and right == "1"):
            return None
        if isinstance(right, str):
            design, x = learn.from_formula(right, table)
        else:
            design, x = learn.from_matrix(right, table)
        if not design.names:
            raise OptionError(f"the formula of {p.name} has no terms; write '~ 1' for a constant")
        if self.without_aliased:
            design, x = without_aliased(design, x)
        if p.anchored and "Intercept" in design.names:
            rest = [j for j, name in enumerate(design.names) if name != "Intercept"]
            return design.without("Intercept"), blocks.select(x, rest)
        return None if design.names == ("Intercept",) else (design, x)

    def designs(
        self, parameters: list[Parameter], first: Parameter
    ) -> list[tuple[Parameter, tuple[Design, Matrix] | None]]:
        """The designs of all parameters; where asked to, without what the thresholds make up of a location's."""
        made = [(p, self.design(p)) for p in parameters]
        cuts = next(((p.name, design) for p, design in made if isinstance(p.domain, VectorDomain)), None)
        if not self.without_aliased or not first.anchored or cuts is None:
            return made
        name, place = cuts
        return [
            (p, without_place_of_intercept(*design, place, name) if p is first and design is not None else design)
            for p, design in made
        ]

    def offset(self, p: Parameter) -> Any:
        """The sum of a parameter's offsets, one per row in use, or None."""
        return offsets.total(self.offsets.get(p.name, []), p, self.given)


def _slots(
    parts: _Parts, free: list[Parameter], family: Family, link: Mapping[str, str] | str | None
) -> tuple[tuple[Slot, ...], dict[str, Matrix], dict[str, Any]]:
    """One linear predictor for every free parameter, several for a vector; their matrices and offsets by label."""
    slots: list[Slot] = []
    matrices, offsets_of = dict[str, Matrix](), dict[str, Any]()
    for p in free:
        if p.edge:
            parts.refuse_formula(p)
    made = parts.designs([p for p in free if not p.edge], family.parameters[0])
    for p, both in made:
        design, x = both or (None, None)
        offset, given = parts.offset(p), tuple(parts.offsets.get(p.name, ()))
        chosen = p.domain.get_link(p.name, link_for(p.name, link, free))
        width = 1 if design is None else len(design.names)
        entries = p.domain.predictors(family.levels or ()) if isinstance(p.domain, VectorDomain) else [None]
        for entry in entries:
            start = slots[-1].stop if slots else 0
            slots.append(Slot(p, chosen, design, None if offset is None else given, start, start + width, entry))
            if design is not None:
                matrices[slots[-1].label] = x
            if offset is not None:
                offsets_of[slots[-1].label] = offset
    return tuple(slots), matrices, offsets_of


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
