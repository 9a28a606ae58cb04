"""A density put together with its data: read, checked, traced once, and turned into a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from likely.data import alignment, tables
from likely.data.reading import TextReading
from likely.data.tables import Table
from likely.errors import DataError, FamilyError, MissingValuesError, OptionError, is_one_of, listed, unknown
from likely.likelihoods.density.family import Density
from likely.likelihoods.density.layout import Record
from likely.likelihoods.density.program import Program, worded
from likely.models import checks
from likely.models.asked import Asked
from likely.models.bind import Bound, SelectedRows
from likely.models.model import Model
from likely.models.rows import Rows
from likely.models.slot import Slot
from likely.namespace.jax import JaxNamespace, jax_module, x64


def bind_density(density: Density, asked: Asked, data: Any) -> Bound:
    """The checked data and the model of a density."""
    checks.check_density(density, asked)
    weights = asked.weights
    weights_kind = checks.check_weights_kind(asked.weights_kind, weights is not None)
    if weights_kind == "analytic":
        raise OptionError(
            "analytic weights divide a variance, which lk.density leaves to you: write it into the function, such as "
            "sd=lambda p, d: p['sd'] / jnp.sqrt(d['w'])"
        )
    if asked.engine == "stream":
        raise OptionError("functions of lk.density read all rows at once: leave engine='stream' out")
    table, matrices = read_columns(data, asked.na)
    if table.n == 0:
        raise DataError("the data are empty: no observation, no likelihood to maximise")
    given = SelectedRows.of(table)
    given_weights = None if weights is None else checks.weight_column(given.values(weights, "weights"))
    given = given.only(checks.counted_rows(given_weights))  # a row of weight zero is as if it were not there
    checks.check_left(given.table.n, given.table.n, ())
    columns, text = _columns(given, matrices)
    y, name = _response(density, given)
    raw = {} if density.base is None else {k: given.values(v, k) for k, v in density.specs.items()}
    slots = _slots(density)
    columns_read = _traced if density.base is None else _rule_columns
    used = columns_read(density, slots, columns, text, given.table.n)
    columns = {k: v for k, v in columns.items() if k in used}
    other_columns = {name: y, "weights": given.cut(given_weights), **{k: v for k, v in raw.items() if np.ndim(v)}}
    looked_at = {**columns, **{k: v for k, v in other_columns.items() if v is not None}}
    rows, dropped = checks.missing_rows(_flat(looked_at), given.table.n, asked.missing)
    complete = given.table.n if rows is None else int(np.count_nonzero(rows))
    checks.check_left(given.table.n, complete, dropped)
    if dropped:
        checks.warn_dropped_rows(given.table.n, int(np.count_nonzero(rows)), dropped)
        given = given.only(rows)
        columns = {k: v[rows] for k, v in columns.items()}
        y = None if y is None else y[rows]
        raw = {k: v[rows] if np.ndim(v) else v for k, v in raw.items()}
    w = checks.check_weights(given.cut(given_weights), weights_kind, given.table) if weights is not None else None
    known: dict[str, Any] = {}
    if density.base is None:
        bound, response = density, _identity(columns, given.table.n)
    else:
        known = {k: tables.numbers(v, k) if np.ndim(v) else float(v) for k, v in raw.items()}
        for k, v in known.items():
            density.base.parameter(k).domain.check(f"{density.base.title}'s known {k}", v)
        base, response = density.base.bind(tables.numbers(y, name), known)
        base, response = base.settle(response)
        checks.check_support(base, response, known, name, given.table)
        unbound = type(density.base).__new__(type(density.base))
        unbound.__dict__ |= {**density.base.__dict__, "known": {}}
        bound, response = density.with_base(unbound), np.asarray(response, float)
    model = Model(
        bound,
        slots,
        dict(density.known),
        name or "the data",
        weights_kind=weights_kind,
        weights=weights,
    )
    in_use = Rows(len(response), response, w, known=known, columns=columns)
    weightless = 0 if given_weights is None else int(np.count_nonzero(given_weights == 0.0))
    return Bound(asked, model, in_use, table, given.rows, dropped, None, weightless)


def _slots(density: Density) -> tuple[Slot, ...]:
    """One constant for every free scalar."""
    links = {n: e.free.link for e in density.layout.entries for n in e.names if not e.weights}
    return tuple(
        Slot(p, p.domain.get_link(p.name, links.get(p.name)), None, None, i, i + 1) for i, p in enumerate(density.free)
    )


# -- data ----------------------------------------------------------------------------------------------------


def read_columns(data: Any, na: Any = None, like: TextReading | None = None) -> tuple[Table, dict[str, Any]]:
    """The columns, and the arrays of more dimensions that a dict may hold, one first index for each row."""
    if not isinstance(data, Mapping):
        return tables.read(data, na, like), {}
    given = {str(k): v for k, v in data.items() if np.ndim(v) > 1}
    columns = {k: v for k, v in data.items() if str(k) not in given}
    table = tables.read(columns, na, like)
    arrays = {name: np.asarray(v) for name, v in given.items()}
    lengths = {k: len(v) for k, v in arrays.items()} | ({} if not table.names else {table.names[0]: table.n})
    if len(set(lengths.values())) > 1:
        raise DataError(
            "every column and array has one entry for each row, but the lengths differ: "
            + ", ".join(f"{k}: {v}" for k, v in lengths.items())
        )
    if not lengths:
        raise DataError("the data are empty: no observation, no likelihood to maximise")
    for name, values in arrays.items():
        if values.dtype.kind not in "fiub":
            raise DataError(f"the array {name!r} holds {values.dtype}, not numbers")
    table = table if table.names else Table.without_columns(next(iter(lengths.values())))
    for name, v in given.items():
        if (order := table.match(alignment.index_of(v), f"the array {name!r}")) is not None:
            arrays[name] = arrays[name][order]
    return table, arrays


def _columns(given: SelectedRows, matrices: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The numeric columns as arrays, and the names of the others."""
    columns, text = {name: given.cut(values) for name, values in matrices.items()}, []
    for name in given.table.names:
        values = given.table.column(name)
        if values.dtype.kind in "fiub":
            columns[name] = values
        else:
            text.append(name)
    return columns, text


def _flat(columns: Mapping[str, Any]) -> dict[str, Any]:
    """One entry for each row: of an array of more dimensions a sum, missing where anything is."""
    return {k: v.astype(float).reshape(len(v), -1).sum(axis=1) if v.ndim > 1 else v for k, v in columns.items()}


def _response(density: Density, given: SelectedRows) -> tuple[Any, str]:
    table = given.table
    if density.base is None:
        return None, ""
    name = density.response
    if name is None:
        name = "y" if "y" in table else table.names[0] if len(table.names) == 1 else None
    if name is None:
        raise OptionError(
            f"say which column {density.label} describes: lk.density(..., response=...), one of {listed(table.names)}"
        )
    return given.values(name, "response"), name


def _identity(columns: Mapping[str, Any], n: int) -> Any:
    """The data as one array, to tell whether two fits have the same."""
    flat = [np.asarray(v, dtype=float).reshape(n, -1) for v in columns.values()]
    return np.concatenate(flat, axis=1) if flat else np.zeros((n, 1))


def new_rows(
    density: Density, bound: Bound, new: Any, given: dict[str, Any], needed: list[str] | None = None
) -> tuple[Table, Rows]:
    """The table that results go back to, and the rows.

    Without `needed`, the columns are those that the new data have.
    """
    for name in given:
        if not is_one_of(name, density.specs):
            raise unknown("option", name, density.specs, " for a prediction")
    if new is None:
        if given:
            raise OptionError(f"{listed(given)} can be given for new data only; the fit's own rows have theirs")
        return bound.used, bound.data
    if isinstance(new, Mapping) and new and all(np.ndim(v) == 0 for v in new.values()):
        new = {k: [v] for k, v in new.items()}  # one row
    table, matrices = read_columns(new, like=bound.table.text_reading)
    n = table.n
    if n == 0:
        raise DataError("the new data have no rows: there is nothing to predict")
    columns = {}
    for name in [k for k in bound.data.columns if k in matrices or k in table] if needed is None else needed:
        values = matrices[name] if name in matrices else table.measured(name)
        if values.dtype.kind not in "fiub":
            raise DataError(f"column {name!r} holds text; a density needs numbers")
        if np.any(absent := np.isnan(values) if values.dtype.kind == "f" else np.zeros(n, dtype=bool)):
            raise MissingValuesError(
                f"the new data have missing values ({name}: {int(np.count_nonzero(absent))}): a prediction needs every "
                "column that the functions read"
            )
        columns[name] = values
    specs = {} if needed is None else density.specs
    selected = SelectedRows.of(table, "the new data")
    known = {name: selected.values(given.get(name, spec), name) for name, spec in specs.items()}
    known = {k: tables.numbers(v, k) if np.ndim(v) else float(v) for k, v in known.items()}
    return table, Rows(n, np.zeros(n), known=known, columns=columns)


# -- a first look at the function -----------------------------------------------------------------------------


class _Watched(dict[str, Any]):
    """Columns that note which of them are read."""

    def __init__(self, items: Mapping[str, Any], text: list[str], used: set[str]) -> None:
        super().__init__(items)
        self.__dict__ |= {"_text": text, "_used": used}

    def __getitem__(self, name: str) -> Any:
        if name in self.__dict__["_text"]:
            raise DataError(f"column {name!r} holds text; a density needs numbers, such as the codes of its levels")
        self.__dict__["_used"].add(name)
        if name not in self:
            return Record(self, "column")[name]  # says what there is
        return super().__getitem__(name)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self[name]

    def __iter__(self) -> Any:
        self.__dict__["_used"].update(self.keys())
        return super().__iter__()


def _look(density: Density, slots: Any, columns: Any, text: list[str], call: Any) -> tuple[Any, set[str]]:
    """What a function of parameters and data gives, by shape alone, and which columns it read."""
    jax = jax_module()
    program = Program(density, tuple((slot.label, slot.link) for slot in slots))
    used: set[str] = set()

    def run(x: Any, held: Any, columns: Any) -> Any:
        return call(program.params(x, held, JaxNamespace()), _Watched(columns, text, used))

    with x64(), worded(density.label):
        out = jax.eval_shape(
            run, np.zeros(len(slots)), {k: np.float64(v) for k, v in density.known.items()}, dict(columns)
        )
    return out, used


def _traced(density: Density, slots: Any, columns: Any, text: list[str], n: int) -> set[str]:
    """The columns that a density reads; an error unless it gives one number for each row."""
    assert density.function is not None
    out, used = _look(density, slots, columns, text, density.function)
    shape = getattr(out, "shape", None)
    if shape == (n,):
        return used
    if shape == ():
        raise FamilyError(
            f"{density.label} gives a single number, not the log-density of every row: leave out the last sum, so that "
            f"it returns {n} values (for a series with memory, log p(y[t] | y[:t]) of every t). Rows are what standard "
            "errors by row scores, residuals and the bootstrap are made of"
        )
    found = f"an array of shape {shape}" if shape is not None else f"{type(out).__name__}"
    hint = "; take [:, 0] of it, or sum over axis 1 for independent columns" if shape and shape[0] == n else ""
    raise FamilyError(f"{density.label} must give the log-density of every row, {n} values; it gives {found}{hint}")


def _rule_columns(density: Density, slots: Any, columns: Any, text: list[str], n: int) -> set[str]:
    """The columns that the functions of a family's parameters read."""
    read: set[str] = set()
    for name, rule in density.rules:
        if callable(rule):
            out, used = _look(density, slots, columns, text, rule)
            if getattr(out, "shape", None) not in ((), (1,), (n,)):
                raise FamilyError(
                    f"the function for {name} must give one value for each of the {n} rows (or a single one); it gives "
                    f"{getattr(out, 'shape', type(out).__name__)}"
                )
            read |= used
    return read
