"""Family, data and formulas put together: the checked arrays of one model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from likely import checks, tables
from likely import design as designs
from likely.design import Design
from likely.domains import LINKS, Groups, find_link
from likely.errors import (
    DataError,
    OptionError,
    ParameterError,
    SupportError,
    first_rows,
    listed,
    unknown,
)
from likely.families import get_family
from likely.family import Family, Parameter
from likely.identify import without_aliased
from likely.model import Model, Slot
from likely.tables import Table
from likely.vectors import VectorDomain


@final
@dataclass(frozen=True)
class Bound:
    """A model bound to its data.

    Attributes
    ----------
    model : Model
    y : ndarray, shape (n,)
        The response as numbers (levels coded).
    weights : ndarray, shape (n,), or None
        How many times a row's log-density counts. Analytic weights are not among them: they are the model's `units`.
    table : Table
        Where the data came from, all rows.
    rows : ndarray of bool, or None
        The rows in use, where some were dropped.
    dropped : mapping of str to int
        Columns whose missing values cost rows, with counts.
    separation : Separation or None
        What was left out because it is separated.
    weights_kind : {"frequency", "analytic", "sampling", "importance"}
        What the weights mean; "frequency" where there are none.
    """

    model: Model
    y: Any
    weights: Any
    table: Table
    rows: Any
    dropped: Mapping[str, int]
    separation: Any = None
    weights_kind: str = "frequency"

    @property
    def n(self) -> float:
        """Number of observations: the sum of frequency or importance weights; rows, for the other kinds."""
        if self.weights is None or self.weights_kind in ("analytic", "sampling"):
            return self.counted
        total = float(np.sum(self.weights))
        return int(total) if total.is_integer() else total

    @property
    def counted(self) -> int:
        """Number of rows whose weight is not zero."""
        return len(self.y) if self.weights is None else int(np.count_nonzero(self.weights))

    @property
    def weighted(self) -> bool:
        """Whether there are weights."""
        return self.weights is not None or self.model.units is not None

    @property
    def pseudo(self) -> bool:
        """Whether the weighted sum of log-densities is no log-likelihood of the data: under sampling weights."""
        return self.weights_kind == "sampling"

    def weighted_like(self, other: Bound) -> bool:
        """Whether rows count the same in both, and mean the same."""
        if self.pseudo != other.pseudo:
            return False
        pairs = ((self.weights, other.weights), (self.model.units, other.model.units))
        return all(bool(np.all(_or_ones(a) == _or_ones(b))) for a, b in pairs)


def _or_ones(w: Any) -> Any:
    return 1.0 if w is None else w


def bind(
    family: Any,
    data: Any,
    formula: Any = None,
    *,
    weights: Any = None,
    offset: Any = None,
    exposure: Any = None,
    link: Mapping[str, str] | str | None = None,
    missing: str = "error",
    aliased: str = "refuse",
    weights_kind: str = "frequency",
    cluster: Any = None,
    formulas: Mapping[str, Any] | None = None,
) -> Bound:
    """Check everything the user gave and turn it into arrays; the arguments are those of `likely.fit`."""
    weights_kind = checks.check_weights_kind(weights_kind, weights is not None)
    formulas = dict(formulas or {})
    family, link = _checked_family(family, data, formula, formulas).linked(link)
    if missing not in ("error", "drop"):
        raise unknown("option", missing, ["error", "drop"], " for missing=")
    if aliased not in ("refuse", "drop"):
        raise unknown("option", aliased, ["refuse", "drop"], " for aliased=")
    table, response, y, first = _response(family, data, formula)
    columns = _Columns(table)
    free = list(family.free)
    if first is not None:
        if not free:
            raise OptionError(f"{family!r} has no free parameter for the formula to describe")
        if free[0].name in formulas:
            raise OptionError(f"two formulas for {free[0].name}: {formula!r} and {formulas[free[0].name]!r}")
        formulas = {free[0].name: first, **formulas}
    offset_of = _offset_arguments(offset, free[0].name if free else "")
    if exposure is not None:
        added = _log_exposure(exposure, free, link, family, table)
        offset_of[free[0].name] = [*offset_of.get(free[0].name, ()), added]
    groups = cluster_ways(cluster)
    apart = [response, weights, offset, exposure, *groups, *family.known.values()]
    rights = {name: _right_side(family, name, spec, offset_of, table, apart) for name, spec in formulas.items()}
    vectors = {k: tuple(map(float, v)) for k, v in family.known.items() if family.parameter(k).vector}
    raw_known = {k: columns.values(v, f"known {k}") for k, v in family.known.items() if k not in vectors}
    w = None if weights is None else columns.values(weights, "weights")
    for spec in (c for c in groups if isinstance(c, str)):
        columns.values(spec, "cluster")
    for name, specs in offset_of.items():
        family.parameter(name)
        for spec in specs:
            columns.values(spec, "offset")

    used = {response: y, **columns.used, **_used(rights.values(), table, len(y))}
    rows, dropped = checks.missing_rows(used, len(y), missing)
    if dropped:
        checks.tell_dropped(len(y), int(np.count_nonzero(rows)), dropped)
    w = None if w is None else checks.check_weights(_cut(w, rows), weights_kind)
    known = {k: _known(family.parameter(k), v, rows) for k, v in raw_known.items()}
    for k, v in known.items():
        family.parameter(k).domain.check(f"{family.title}'s known {k}", v)
    known |= vectors
    units = None
    if family.conditional and weights_kind != "frequency":
        raise OptionError(
            f"weights of {family.title} say how often a stratum was observed, weights_kind='frequency'; found "
            f"{weights_kind!r}"
        )
    if weights_kind == "analytic":
        checks.check_averaged(family)
        w, units = _means(w)
    bound_family, numeric = family.bind(_plain_response(family, _cut(y, rows), response, table), known)
    declared = bound_family.levels
    bound_family, numeric = bound_family.settle(numeric)
    checks.tell_empty(declared, bound_family.levels, response)
    checks.check_support(bound_family, numeric, known, response, rows, w)

    parts = _Parts(table, rows, len(y), rights, offset_of, columns, family.title, w, aliased == "drop")
    slots = _slots(parts, free, bound_family, link)
    text = formula if isinstance(formula, str) else None
    fixed = bound_family.edge_estimate(numeric, w, known) if any(p.edge for p in free) else {}
    model = Model(bound_family, slots, known, response, text, fixed, units)
    return Bound(model, numeric, w, table, rows, dropped, weights_kind=weights_kind)


def _means(w: Any) -> tuple[Any, Any]:
    """How often each row counts, and of how many units it is the mean; one of no units does not count."""
    some = w > 0
    return (None, w) if np.all(some) else (some.astype(float), np.where(some, w, 1.0))


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


def _known(p: Parameter, values: Any, rows: Any) -> Any:
    """A known parameter's values in the rows in use; labels of groups as codes."""
    if np.ndim(values) == 0 and p.domain is not Groups:
        return float(values)
    values = _cut(values, rows)
    return tables.codes(values) if p.domain is Groups else tables.numbers(values, p.name)


def _used(rights: Iterable[Any], table: Table, n: int) -> dict[str, Any]:
    """The columns of all right-hand sides, for a look at missing values."""
    used: dict[str, Any] = {}
    for right in rights:
        if isinstance(right, str):
            names = [v for v in designs.variables(right) if v in table]
            used |= {v: table.column(v) if (text := table.text(v)) is None else text for v in names}
        elif (gaps := designs.matrix_missing(right, n)) is not None:
            used["the matrix of predictors"] = gaps
    return used


def _slots(
    parts: _Parts, free: list[Parameter], family: Family, link: Mapping[str, str] | str | None
) -> tuple[Slot, ...]:
    """One linear predictor for every free parameter, several for a vector."""
    slots: list[Slot] = []
    for p in free:
        if p.edge:
            parts.refuse_formula(p)
            continue
        design, offset = parts.design(p), parts.offset(p)
        chosen = p.domain.get_link(p.name, _link_for(p.name, link, free))
        width = 1 if design is None else len(design.names)
        entries = p.domain.predictors(family.levels or ()) if isinstance(p.domain, VectorDomain) else [None]
        for entry in entries:
            start = slots[-1].stop if slots else 0
            slots.append(
                Slot(p, chosen, design, offset, start, start + width, entry, tuple(parts.offsets.get(p.name, ())))
            )
    return tuple(slots)


def _response(family: Family, data: Any, formula: Any) -> tuple[Table, str, Any, Any]:
    """The table, the response's name and values, and the first parameter's right side (text, matrix or None)."""
    table = tables.read(data)
    if isinstance(formula, str):
        left, right = designs.split(formula)
        if left is None:
            if len(table.names) != 1:
                raise OptionError(
                    f"the formula {formula!r} names no response; write '<column> {formula}' with one of "
                    f"{listed(table.names)}"
                )
            left = table.names[0]
        if left.startswith("cbind("):
            raise OptionError(
                f"{left!r}: for successes out of trials write the successes as the response and name the trials in "
                'the family: lk.fit(lk.Binomial(n="trials"), df, "successes ~ x")'
            )
        if table.n == 0:
            raise DataError(f"the data have no rows (columns: {listed(table.names)})")
        left = left.strip("`") if left.strip("`") in table else left
        y = _response_column(family, table, left) if left in table else designs.expression(left, table)
        return table, left, y, None if right == "1" else right
    checks.require_matrix(formula)
    if len(table.names) > 1:
        raise OptionError(
            f"the data have {len(table.names)} columns ({listed(table.names)}): say which is the response with a "
            f"formula such as {table.names[0] + ' ~ 1'!r}"
        )
    if not table.names or table.n == 0:
        raise DataError("the data are empty: no observation, no likelihood to maximise")
    name = table.names[0]
    return table, name, _response_column(family, table, name), formula


def _response_column(family: Family, table: Table, name: str) -> Any:
    """A column as it is; for a family of categories yes and no are labels even where some are missing."""
    return table.labels(name) if family.labels else table.column(name)


def _cut(values: Any, rows: Any) -> Any:
    """The rows in use."""
    return values[rows] if rows is not None and np.ndim(values) else values


@dataclass(frozen=True)
class _Parts:
    """What the user gave for each parameter, turned into designs and offsets of the rows in use."""

    table: Table
    rows: Any
    n: int
    rights: Mapping[str, Any]
    offsets: Mapping[str, list[Any]]
    columns: _Columns
    title: str
    weights: Any
    without_aliased: bool

    @property
    def kept(self) -> int:
        """Number of rows in use."""
        return self.n if self.rows is None else int(np.count_nonzero(self.rows))

    def refuse_formula(self, p: Parameter) -> None:
        if p.name in self.rights or p.name in self.offsets:
            raise OptionError(
                f"{p.name} of {self.title} takes no formula: its estimate is an extreme of the data, "
                "where the likelihood has no derivative"
            )

    def design(self, p: Parameter) -> Design | None:
        """The design of a parameter; None for a constant, which is reported on its natural scale."""
        right = self.rights.get(p.name)
        if p.anchored and (right is None or (isinstance(right, str) and right in ("0", "1"))):
            return designs.empty(self.kept)
        if right is None or (isinstance(right, str) and right == "1"):
            return None
        if isinstance(right, str):
            design = designs.from_formula(right, self.table, self.rows)
        else:
            design = designs.from_matrix(right, self.n, rows=self.rows)
        if not design.names:
            raise OptionError(f"the formula of {p.name} has no terms; write '~ 1' for a constant")
        if self.without_aliased:
            design = without_aliased(design, self.weights)
        if p.anchored and "Intercept" in design.names:
            return design.without("Intercept")
        return None if design.names == ("Intercept",) else design

    def offset(self, p: Parameter) -> Any:
        """The sum of a parameter's offsets, one per row in use, or None."""
        total: Any = None
        for spec in self.offsets.get(p.name, ()):
            values = _cut(self.columns.values(spec, "offset"), self.rows)
            values = tables.numbers(values, "offset") if np.ndim(values) else values
            total = values if total is None else total + values
        if total is None:
            return None
        total = np.ascontiguousarray(np.broadcast_to(np.asarray(total, dtype=float), self.kept))
        if not np.all(np.isfinite(total)):
            bad = np.flatnonzero(~np.isfinite(total))
            raise DataError(f"the offset of {p.name} is not finite in {first_rows(bad, total[bad])}")
        return total


class _Columns:
    """Column names, expressions or arrays turned into values, noting which columns were used."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.used: dict[str, Any] = {}

    def values(self, spec: Any, what: str) -> Any:
        if isinstance(spec, str):
            if spec in self.table:
                self.used[spec] = self.table.column(spec)
                return self.used[spec]
            if spec.isidentifier():
                raise unknown("column", spec, self.table.names, f" for {what}")
            for v in designs.operands(designs.quote(spec, self.table.names)):
                if v not in self.table:
                    raise unknown("column", v, self.table.names, f" for {what}")
                self.used[v] = self.table.column(v)
            return designs.expression(spec, self.table)
        if np.ndim(spec) == 0 and not hasattr(spec, "__len__"):
            return spec
        inner = tables.read(spec)
        values = inner.column(inner.names[0])
        if len(values) != self.table.n:
            raise DataError(f"the data have {self.table.n} rows, {what} has {len(values)}")
        self.used[what] = values
        return values


def cluster_ways(cluster: Any) -> list[Any]:
    """One way of clustering or several: a list of names or of columns is several, a list of labels is one."""
    if isinstance(cluster, (list, tuple)) and cluster:
        named = [isinstance(c, str) for c in cluster]
        if all(named) and len(cluster) <= 3:
            return list(cluster)
        if not all(named) and all(hasattr(c, "__len__") for c in cluster):
            return list(cluster)
    return [cluster]


def given_column(table: Table, spec: Any, what: str) -> Any:
    """A column, an expression, an array or a number, as `likely.fit` takes them for weights and known values."""
    return _Columns(table).values(spec, what)


def _right_side(
    family: Family, name: str, spec: Any, offset_of: dict[str, list[Any]], table: Table, apart: list[Any]
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
    return designs.expand(right, _others(table, [*apart, *found]))


def _others(table: Table, apart: list[Any]) -> list[str]:
    """The columns that a dot in a formula stands for: those that have no other part in the model."""
    taken: set[str] = set()
    for spec in apart:
        for part in spec.values() if isinstance(spec, Mapping) else [spec]:
            if isinstance(part, str):
                taken |= {part} if part in table else set(designs.operands(designs.quote(part, table.names)))
    return [name for name in table.names if name not in taken]


def _offset_arguments(offset: Any, first: str) -> dict[str, list[Any]]:
    if offset is None:
        return {}
    if isinstance(offset, Mapping):
        return {name: [value] for name, value in offset.items()}
    return {first: [offset]}


def _log_exposure(exposure: Any, free: list[Parameter], link: Any, family: Family, table: Table) -> Any:
    """The offset that an exposure stands for."""
    chosen = free[0].domain.get_link(free[0].name, _link_for(free[0].name, link, free)) if free else None
    if chosen is None or chosen.name != "log":
        first = f"{free[0].name} of {family.title} has the link {chosen.name}" if chosen else f"{family!r} has none"
        raise OptionError(
            "an exposure multiplies the first parameter, so it needs a parameter with a log link, and "
            f"{first}. Use a family such as lk.Poisson() or lk.Gamma(), or offset= for something that is added"
        )
    if isinstance(exposure, Mapping):
        raise OptionError(
            f"an exposure belongs to the first parameter, {free[0].name}: exposure=<column>; elsewhere write the "
            "logarithm as an offset, offset={'<parameter>': 'log(<column>)'}"
        )
    return designs.log_exposure(exposure, table)


def _link_for(name: str, link: Mapping[str, str] | str | None, free: list[Any]) -> str | None:
    if link is None:
        return None
    if isinstance(link, str):
        if find_link(link) is None:
            raise unknown("link", link, [*LINKS, "power"])
        return link if name == free[0].name else None
    if not isinstance(link, Mapping):
        raise OptionError(f"link is a name such as 'log', or a dict of them by parameter; found {link!r}")
    for given in link:
        if given not in [p.name for p in free]:
            raise unknown("parameter", given, [p.name for p in free], " in link=")
    return link.get(name)


def _plain_response(family: Family, y: Any, name: str, table: Table) -> Any:
    """The response as numbers, or as it is for a family of categories."""
    if family.labels:
        levels = table.levels(name)
        return (y, levels) if levels else y
    if y.dtype.kind not in "fiub":
        try:
            return tables.numbers(y, name)  # raises, with advice
        except DataError as error:  # other families may take them: in a comparison this is one candidate's failure
            raise SupportError(str(error)) from None
    return np.ascontiguousarray(y, dtype=float)
