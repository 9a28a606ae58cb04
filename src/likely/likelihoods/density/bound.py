"""A density put together with its data: read, checked, traced once, and turned into a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from likely.data.tables import Table
from likely.errors import DataError, FamilyError, OptionError, listed
from likely.likelihoods.density.columns import ColumnsRead, read_columns
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
    selected = SelectedRows.of(table)
    given_weights = None if weights is None else checks.weight_column(selected.values(weights, "weights"))
    selected = selected.only(checks.counted_rows(given_weights))  # a row of weight zero is as if it were not there
    n = selected.table.n
    checks.check_left(n, n, ())
    slots, name = slots_of(density), _response(density, table)
    arrays, text = _arrays(selected, matrices)
    columns_read = _traced if density.base is None else _rule_columns
    used = columns_read(density, slots, arrays, text, n)
    reader = ColumnsRead(tuple(k for k in arrays if k in used), name, table.text_reading)
    selected, rows, dropped = reader.in_use(
        density, selected, arrays, density.specs, weights=selected.cut(given_weights), missing=asked.missing
    )
    checks.check_left(n, rows.n, dropped)
    if dropped:
        checks.warn_dropped_rows(n, rows.n, dropped)
    density, rows = reader.observed(density, rows, selected, weights_kind)
    model = Model(
        density,
        slots,
        dict(density.known),
        name or "the data",
        weights_kind=weights_kind,
        weights=weights,
        reader=reader,
    )
    weightless = 0 if given_weights is None else int(np.count_nonzero(given_weights == 0.0))
    return Bound(asked, model, rows, table, selected.rows, dropped, None, weightless)


def slots_of(density: Density) -> tuple[Slot, ...]:
    """One constant for every free scalar."""
    links = {n: e.free.link for e in density.layout.entries for n in e.names if not e.weights}
    return tuple(
        Slot(p, p.domain.get_link(p.name, links.get(p.name)), None, None, i, i + 1) for i, p in enumerate(density.free)
    )


# -- data ----------------------------------------------------------------------------------------------------


def _arrays(selected: SelectedRows, matrices: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The columns of numbers and the arrays in the rows in use, and the names of the other columns."""
    arrays, text = {name: selected.cut(values) for name, values in matrices.items()}, []
    for name in selected.table.names:
        values = selected.table.column(name)
        if values.dtype.kind in "fiub":
            arrays[name] = values
        else:
            text.append(name)
    return arrays, text


def _response(density: Density, table: Table) -> str:
    """The column or expression that a family describes; nothing without a family."""
    if density.base is None:
        return ""
    name = density.response
    if name is None:
        name = "y" if "y" in table else table.names[0] if len(table.names) == 1 else None
    if name is None:
        raise OptionError(
            f"say which column {density.label} describes: lk.density(..., response=...), one of {listed(table.names)}"
        )
    return name


def new_rows(model: Model, bound: Bound, new: Any, given: Mapping[str, Any], some: bool = False) -> tuple[Table, Rows]:
    """The table that results go back to, and the rows: those of the fit, or new ones.

    With `some`, columns may be lacking.
    """
    density = model.family
    assert isinstance(density, Density)
    if new is None:
        if given:
            raise OptionError(f"{listed(given)} can be given for new data only; the fit's own rows have theirs")
        return bound.used, bound.data
    selected, rows = ColumnsRead.of(model).new(density, new, given, some=some)
    return selected.table, rows


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
