"""Family, data and formulas put together: the checked arrays of one model."""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from likely import design as designs
from likely import tables
from likely.design import Design
from likely.domains import LINKS
from likely.errors import (
    DataError,
    DroppedRowsWarning,
    MissingValuesError,
    OptionError,
    ParameterError,
    SupportError,
    UnknownNameError,
    first_rows,
    listed,
    unknown,
)
from likely.families import FAMILIES, get_family, means_family
from likely.family import Family, Parameter, Support
from likely.model import Model, Slot
from likely.tables import Table


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
    table : Table
        Where the data came from, all rows.
    rows : ndarray of bool, or None
        The rows in use, where some were dropped.
    dropped : mapping of str to int
        Columns whose missing values cost rows, with counts.
    """

    model: Model
    y: Any
    weights: Any
    table: Table
    rows: Any
    dropped: Mapping[str, int]

    @property
    def n(self) -> float:
        """Number of observations: rows, or the sum of the frequency weights."""
        if self.weights is None:
            return len(self.y)
        total = float(np.sum(self.weights))
        return int(total) if total.is_integer() else total


def bind(
    family: Any,
    data: Any,
    formula: Any = None,
    *,
    weights: Any = None,
    offset: Any = None,
    link: Mapping[str, str] | str | None = None,
    missing: str = "error",
    formulas: Mapping[str, Any] | None = None,
) -> Bound:
    """Check everything the user gave and turn it into arrays; the arguments are those of `likely.fit`."""
    _check_order(family, data, formula)
    family = get_family(family)
    if missing not in ("error", "drop"):
        raise unknown("option", missing, ["error", "drop"], " for missing=")
    formulas = dict(formulas or {})
    for name in formulas:
        _check_argument(family, name)
        if family.parameter(name).known_only or name in family.known:
            raise OptionError(f"{name} of {family!r} is known; it takes no formula")
    for p in family.parameters:
        if p.known_only and p.name not in family.known:
            raise ParameterError(
                f"{family.title} needs its {p.name} ({p.meaning}): {family.title}({p.name}=10), or a column: "
                f"{family.title}({p.name}='<column>')"
            )
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
    apart = [response, weights, offset, *family.known.values()]
    rights = {name: _right_side(family, name, spec, offset_of, table, apart) for name, spec in formulas.items()}
    vectors = {k: tuple(map(float, v)) for k, v in family.known.items() if family.parameter(k).vector}
    raw_known = {k: columns.values(v, f"known {k}") for k, v in family.known.items() if k not in vectors}
    w = None if weights is None else columns.values(weights, "weights")
    for name, specs in offset_of.items():
        family.parameter(name)
        for spec in specs:
            columns.values(spec, "offset")

    used: dict[str, Any] = {response: y, **columns.used}
    for right in rights.values():
        if isinstance(right, str):
            used |= {v: table.column(v) for v in designs.variables(right) if v in table}
        elif (gaps := designs.matrix_missing(right, len(y))) is not None:
            used["the matrix of predictors"] = gaps
    rows, dropped = _missing_rows(used, len(y), missing)
    if dropped:
        _tell_dropped(len(y), int(np.count_nonzero(rows)), dropped)
    w = None if w is None else _check_weights(_cut(w, rows))
    known = {k: _cut(tables.numbers(v, k), rows) if np.ndim(v) else float(v) for k, v in raw_known.items()}
    for k, v in known.items():
        family.parameter(k).domain.check(f"{family.title}'s known {k}", v)
    known |= vectors
    bound_family, numeric = family.bind(_plain_response(family, _cut(y, rows), response, table), known)
    bound_family, numeric = bound_family.settle(numeric)
    _check_support(bound_family, numeric, known, response, rows, w)

    parts = _Parts(table, rows, len(y), rights, offset_of, columns, family.title)
    slots: list[Slot] = []
    for p in free:
        if p.edge:
            parts.refuse_formula(p)
            continue
        design, offset_values = parts.design(p), parts.offset(p)
        chosen = p.domain.get_link(p.name, _link_for(p.name, link, free))
        width = 1 if design is None else len(design.names)
        for level in [str(v) for v in (bound_family.levels or ())[1:]] if p.vector else [None]:
            start = slots[-1].stop if slots else 0
            spec = tuple(offset_of.get(p.name, ()))
            slots.append(Slot(p, chosen, design, offset_values, start, start + width, level, spec))
    text = formula if isinstance(formula, str) else None
    fixed = bound_family.edge_estimate(numeric, w, known) if any(p.edge for p in free) else {}
    model = Model(bound_family, tuple(slots), known, response, text, fixed)
    return Bound(model, numeric, w, table, rows, dropped)


FIT_OPTIONS = (
    *("formula", "weights", "offset", "link", "missing"),
    *("on_failure", "solver", "start", "max_iterations", "tolerance", "progress"),
)
OTHER_NAMES = {
    **dict.fromkeys(("mu", "location", "mean", "loc"), ("mean", "loc", "rate")),
    **dict.fromkeys(("sigma", "std", "stdev", "sd", "scale"), ("sd", "scale")),
    **dict.fromkeys(("lam", "lambda_", "lambd", "rate"), ("rate", "mean")),
    **dict.fromkeys(("prob", "pi", "probability"), ("p",)),
    **dict.fromkeys(("nu", "dof"), ("df",)),
    **dict.fromkeys(("freq", "freq_weights", "sample_weight"), ("weights",)),
    **dict.fromkeys(("exposure",), ("offset",)),
}


def _check_order(family: Any, data: Any, formula: Any) -> None:
    """Raise OptionError where the arguments seem to have changed places."""
    text = isinstance(data, str) and ("~" in data[1:] or data.startswith("~ ")) and not data.startswith("~/")
    table = not isinstance(family, (str, Family, type, type(None))) and hasattr(family, "__len__")
    swapped = (isinstance(family, str) and "~" in family) or (table and (means_family(data) or isinstance(data, str)))
    if swapped or table or text or isinstance(data, Family) or isinstance(formula, Family):
        raise OptionError(
            "the order of the arguments is family, data, formula: lk.fit('normal', data, 'y ~ x') with a formula, "
            "lk.fit('normal', data) for one column"
        )


def _check_argument(family: Family, name: str) -> None:
    """Raise unless a further keyword argument is the formula of a parameter."""
    names = [p.name for p in family.parameters]
    if name in FIT_OPTIONS:
        raise OptionError(f"{name}= is an option of lk.fit(...) and L.maximize(...), not of a likelihood")
    if name not in names:
        if name in ("cov", "cov_type", "vcov"):
            raise UnknownNameError(
                f"unknown argument {name!r}: standard errors come from the curvature of the likelihood, see fit.cov "
                "and fit.interval(method='profile')"
            )
        near = next((other for other in OTHER_NAMES.get(name, ()) if other in (*names, *FIT_OPTIONS)), None)
        if near is None:
            lowered = difflib.get_close_matches(name.lower(), [*names, *FIT_OPTIONS], n=1, cutoff=0.5)
            near = lowered[0] if lowered else None
        raise UnknownNameError(
            f"unknown argument {name!r}{f'; did you mean {near!r}?' if near else '.'} Parameters of {family.title}, "
            f"which take formulas: {listed(names)}. Options: {listed(FIT_OPTIONS)}"
        )


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
    _require_matrix(formula)
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
    return table.labels(name) if any(p.vector for p in family.parameters) else table.column(name)


def _require_matrix(formula: Any) -> None:
    """Refuse what is neither text nor a matrix of predictors."""
    if formula is None:
        return
    said = "a formula is text such as 'y ~ x', or a matrix of predictors"
    if isinstance(formula, (bytes, bytearray, set, frozenset)):
        raise OptionError(f"{said}; found {type(formula).__name__}")
    if isinstance(formula, Mapping) and (not formula or any(np.ndim(v) == 0 for v in formula.values())):
        raise OptionError(
            f"{said}; found a dict. Formulas of further parameters are arguments: lk.fit(..., 'y ~ x', sd='~ z')"
        )
    if isinstance(formula, (list, tuple)) and (not formula or any(isinstance(v, str) for v in formula)):
        joined = " + ".join(map(str, formula)) or "x"
        raise OptionError(f"{said}; found {type(formula).__name__} {formula!r}: write it as 'y ~ {joined}'")
    if not hasattr(formula, "__array__") and not hasattr(formula, "__len__"):
        raise OptionError(f"{said}; found {formula!r}")


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

    def refuse_formula(self, p: Parameter) -> None:
        if p.name in self.rights or p.name in self.offsets:
            raise OptionError(
                f"{p.name} of {self.title} takes no formula: its estimate is an extreme of the data, "
                "where the likelihood has no derivative"
            )

    def design(self, p: Parameter) -> Design | None:
        """The design of a parameter; None for a constant, which is reported on its natural scale."""
        right = self.rights.get(p.name)
        if right is None or (isinstance(right, str) and right == "1"):
            return None
        if isinstance(right, str):
            design = designs.from_formula(right, self.table, self.rows)
        else:
            design = designs.from_matrix(right, self.n, rows=self.rows)
        if not design.names:
            raise OptionError(f"the formula of {p.name} has no terms; write '~ 1' for a constant")
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
        kept = self.n if self.rows is None else int(np.count_nonzero(self.rows))
        total = np.ascontiguousarray(np.broadcast_to(np.asarray(total, dtype=float), kept))
        if not np.all(np.isfinite(total)):
            bad = np.flatnonzero(~np.isfinite(total))
            raise DataError(f"the offset of {p.name} is not finite in {first_rows(bad, total[bad])}")
        return total


def _tell_dropped(n: int, kept: int, dropped: Mapping[str, int]) -> None:
    detail = ", ".join(f"{k}: {v}" for k, v in dropped.items())
    warnings.warn(
        f"{n - kept} of {n} rows have missing values ({detail}) and were dropped; {kept} are left",
        DroppedRowsWarning,
        stacklevel=5,
    )


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
        _require_matrix(spec)
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


def _link_for(name: str, link: Mapping[str, str] | str | None, free: list[Any]) -> str | None:
    if link is None:
        return None
    if isinstance(link, str):
        if link not in LINKS:
            raise unknown("link", link, LINKS)
        return link if name == free[0].name else None
    if not isinstance(link, Mapping):
        raise OptionError(f"link is a name such as 'log', or a dict of them by parameter; found {link!r}")
    for given in link:
        if given not in [p.name for p in free]:
            raise unknown("parameter", given, [p.name for p in free], " in link=")
    return link.get(name)


def _missing_rows(used: Mapping[str, Any], n: int, action: str) -> tuple[Any, dict[str, int]]:
    """The rows to keep (None: all), and the count of missing values by column; an error unless dropping."""
    lost = np.zeros(n, dtype=bool)
    counts: dict[str, int] = {}
    for name, values in used.items():
        if values.dtype.kind == "f" and np.isfinite(np.sum(values)):  # a quick look first
            continue
        absent = tables.missing(values)
        if count := int(np.count_nonzero(absent)):
            counts[name] = count
            lost |= absent
    if not counts:
        return None, {}
    if action == "error":
        detail = ", ".join(f"{name}: {count}" for name, count in counts.items())
        raise MissingValuesError(
            f"{int(lost.sum())} of {n} rows have missing values ({detail}). Fill them, or pass missing='drop' to leave "
            "these rows out"
        )
    if lost.all():
        raise MissingValuesError(f"every row has a missing value ({listed(counts)}); nothing is left")
    return ~lost, counts


def _check_weights(w: Any) -> Any:
    if np.ndim(w) == 0:
        raise OptionError("weights are one per row: a column name or an array")
    w = tables.numbers(w, "weights")
    bad = ~(np.isfinite(w) & (w >= 0))
    if np.any(bad):
        where = np.flatnonzero(bad)
        raise DataError(f"frequency weights must be finite and not negative, found {first_rows(where, w[where])}")
    total = float(np.sum(w))
    if total == 0.0:
        raise DataError("all weights are zero: there are no observations")
    if total < 1.0:
        raise DataError(
            f"frequency weights count observations, and these sum to {total:.3g}, less than one; rescale them so that "
            "they sum to the number of observations"
        )
    return w


def _plain_response(family: Family, y: Any, name: str, table: Table) -> Any:
    """The response as numbers, or as it is for a family of categories."""
    if any(p.vector for p in family.parameters):
        levels = table.levels(name)
        return (y, levels) if levels else y
    if y.dtype.kind not in "fiub":
        try:
            return tables.numbers(y, name)  # raises, with advice
        except DataError as error:  # other families may take them: in a comparison this is one candidate's failure
            raise SupportError(str(error)) from None
    return np.ascontiguousarray(y, dtype=float)


def _check_support(family: Family, y: Any, known: Mapping[str, Any], name: str, rows: Any, w: Any) -> None:
    """Raise SupportError with rows, values and the families that fit, unless all of y can occur."""
    if len(y) == 0:
        raise DataError("the data are empty: no observation, no likelihood to maximise")
    counted = np.ones(len(y), dtype=bool) if w is None else w > 0
    original = np.arange(len(y)) if rows is None else np.flatnonzero(rows)
    finite = np.isfinite(y)
    if not np.all(finite | ~counted):
        where = np.flatnonzero(~finite & counted)
        raise SupportError(
            f"{name} has {len(where)} infinite value(s): {first_rows(original[where], y[where])}. "
            "No family gives infinity a density; correct or drop these rows"
        )
    support = family.support
    if any(p.edge for p in family.parameters):  # an end is known, or the estimate is where the data end
        known = {**(family.edge_estimate(y, w, known) if np.all(support.contains(y) | ~counted) else {}), **known}
    if all(p.name in known for p in family.parameters if p.edge or p.known_only):
        inside = family.inside(y, known) | ~counted
        low, high = family.bounds(**known)
        if np.ndim(low) == 0 and np.ndim(high) == 0:
            support = _between(support, low, high)
    else:
        inside = support.contains(y) | ~counted
    if np.all(inside):
        return
    where = np.flatnonzero(~inside)
    good = y[counted]
    fitting = [c for c in FAMILIES.values() if _fits(c, good)]
    if family.discrete and any(c.support.integer for c in fitting):
        fitting = [c for c in fitting if c.support.integer]
    advice = (
        f"Families whose support fits: {', '.join(c.__name__ for c in fitting)}"
        if fitting
        else "No built-in family fits"
    )
    limit = " and at most the number of trials" if "n" in known and np.ndim(known["n"]) else ""
    who = repr(family) if family.known else family.title
    raise SupportError(
        f"{who} is for {support.text}{limit}, but {len(where)} of {len(y)} values of {name} are not: "
        f"{first_rows(original[where], y[where])}. {advice}"
    )


def _between(support: Support, low: float, high: float) -> Support:
    """The support cut at ends that are themselves possible values."""
    if low > support.lower:
        support = replace(support, lower=low, closed_lower=True)
    return replace(support, upper=high, closed_upper=True) if high < support.upper else support


def _fits(family: type[Family], y: Any) -> bool:
    if any(p.vector or p.known_only or p.edge for p in family.parameters):
        return False
    return bool(np.all(family.support.contains(y)))
