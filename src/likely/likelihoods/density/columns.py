"""What a density reads of data: columns and arrays of any table, as rows of its model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from likely.data import alignment, tables
from likely.data.reading import TextReading
from likely.data.tables import Table
from likely.errors import DataError, OptionError, is_one_of, unknown
from likely.likelihoods.density.family import Density
from likely.models import checks
from likely.models.model import Model
from likely.models.new_data import NEW
from likely.models.rows import Rows
from likely.models.selected_rows import SelectedRows

NO_GAPS = "a prediction needs every column that the functions read"


@final
@dataclass(frozen=True, eq=False)
class ColumnsRead:
    """What a density reads, by name; makes rows of any table, the fit's own and new ones.

    Attributes
    ----------
    names : tuple of str
        The columns, and arrays of more dimensions, that its functions read.
    response : str
        The column or expression that its family describes; "" without a family.
    reading : TextReading
        How text of the data was read, for other data to be read alike.
    """

    names: tuple[str, ...]
    response: str
    reading: TextReading

    @classmethod
    def of(cls, model: Model) -> ColumnsRead:
        """What the density of a model reads."""
        assert isinstance(model.reader, cls)
        return model.reader

    def in_use(
        self,
        density: Density,
        selected: SelectedRows,
        arrays: Mapping[str, Any],
        specs: Mapping[str, Any],
        *,
        weights: Any = None,
        observed: bool = True,
        missing: str = "error",
        words: tuple[str, str] = ("", checks.FILL_OR_DROP),
    ) -> tuple[SelectedRows, Rows, dict[str, int]]:
        """The rows without missing values in what the density reads, their arrays, and what cost the others.

        Parameters
        ----------
        density : Density
        selected : SelectedRows
        arrays : mapping of str to ndarray
            Columns and arrays of numbers in these rows, by name.
        specs : mapping of str to object
            What the known parameters of the family were given as.
        weights : ndarray, optional
            Those of these rows.
        observed : bool
            Whether responses are read; else they are zeros.
        missing : {"error", "drop"}
        words : tuple of str
            Whose rows errors speak of, and their advice.
        """
        n, base = selected.table.n, density.base
        columns = {name: arrays[name] for name in self.names}
        raw = {name: selected.values(spec, name) for name, spec in specs.items()}
        y = selected.values(self.response, "response") if observed and base is not None else None
        examined = {**columns, self.response: y, "weights": weights, **{k: v for k, v in raw.items() if np.ndim(v)}}
        by_row = {name: one_by_row(values) for name, values in examined.items() if values is not None}
        kept, dropped = checks.missing_rows(by_row, n, missing, *words)
        if kept is not None:
            selected = selected.only(kept, spread=not observed)
            columns = {name: values[kept] for name, values in columns.items()}
            raw = {name: values[kept] if np.ndim(values) else values for name, values in raw.items()}
            y, weights = (None if one is None else one[kept] for one in (y, weights))
        known = {name: tables.numbers(v, name) if np.ndim(v) else float(v) for name, v in raw.items()}
        if base is not None:
            for name, values in known.items():
                base.parameter(name).domain.check(f"{base.title}'s known {name}", values)
        n = selected.table.n
        y = np.zeros(n) if y is None else tables.numbers(y, self.response)
        return selected, Rows(n, y, weights, known=known, columns=columns), dropped

    def new(
        self,
        density: Density,
        data: Any,
        given: Mapping[str, Any] | None = None,
        *,
        missing: str = "error",
        weights: Any = None,
        observed: bool = False,
        some: bool = False,
    ) -> tuple[SelectedRows, Rows]:
        """The rows of other data.

        Parameters
        ----------
        density : Density
        data : data of any kind
        given : mapping, optional
            Values of known parameters.
        missing : {"error", "drop"}
        weights : str, optional
            The column of weights, of rows with responses; those of weight zero are left out.
        observed : bool
            With responses.
        some : bool
            Whether columns may be lacking, for a function that does not read all of them.
        """
        given, specs = given or {}, density.specs
        for name in given:
            if not is_one_of(name, specs):
                raise unknown("option", name, specs, " for a prediction")
        if isinstance(data, Mapping) and data and all(np.ndim(v) == 0 for v in data.values()):
            data = {k: [v] for k, v in data.items()}  # one row
        table, matrices = read_columns(data, like=self.reading)
        if table.n == 0:
            raise DataError(f"{NEW} have no rows: there is nothing to predict")
        selected, read = SelectedRows.of(table, NEW), self
        if some:
            names = tuple(name for name in self.names if name in matrices or name in table)
            read, specs = ColumnsRead(names, self.response, self.reading), {}
        w = None if weights is None else checks.weight_column(selected.values(weights, "weights"))
        selected = selected.only(checks.counted_rows(w))
        arrays = {
            name: selected.cut(matrices[name]) if name in matrices else numeric(selected.table, name)
            for name in read.names
        }
        selected, rows, _ = read.in_use(
            density,
            selected,
            arrays,
            {name: given.get(name, spec) for name, spec in specs.items()},
            weights=selected.cut(w),
            observed=observed,
            missing=missing,
            words=(f" of {NEW}", NO_GAPS),
        )
        return selected, rows

    def rows(self, model: Model, new: Any, given: Mapping[str, Any] | None, missing: str, observed: bool) -> Rows:
        """The rows of a table; see `likely.models.model.Model.rows`."""
        density = model.family
        assert isinstance(density, Density)
        if observed and model.weights is not None and not isinstance(model.weights, str):
            raise OptionError("the weights were given as an array, so those of other rows are not known")
        weights = model.weights if observed else None
        selected, rows = self.new(density, new, given, missing=missing, weights=weights, observed=observed)
        if not observed:
            return rows.with_response(None)
        return self.observed(density, rows, selected, model.weights_kind)[1]

    def observed(self, density: Density, rows: Rows, selected: SelectedRows, weights_kind: str) -> tuple[Density, Rows]:
        """The density as it stands for its data, and the rows with responses and weights that can be."""
        if rows.weights is not None:
            rows = rows.with_weights(checks.check_weights(rows.weights, weights_kind, selected.table))
        if density.base is None:
            return density, rows.with_response(_identity(rows.columns, rows.n))
        base, response = density.base.bind(rows.y, rows.known)
        base, response = base.settle(response)
        checks.check_support(base, response, rows.known, self.response, selected.table)
        return density.with_base(base), rows.with_response(np.asarray(response, float))


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


def numeric(table: Table, name: str) -> Any:
    """A column of numbers.

    Raises
    ------
    DataError
        If it holds anything else.
    """
    values = table.column(name)
    if values.dtype.kind not in "fiub":
        raise DataError(f"column {name!r} holds text; a density needs numbers, such as the codes of its levels")
    return values


def one_by_row(values: Any) -> Any:
    """One entry for each row: of an array of more dimensions a sum, missing where anything is."""
    return values.astype(float).reshape(len(values), -1).sum(axis=1) if values.ndim > 1 else values


def _identity(columns: Mapping[str, Any], n: int) -> Any:
    """The data as one array, to tell whether two fits have the same."""
    flat = [np.asarray(v, dtype=float).reshape(n, -1) for v in columns.values()]
    return np.concatenate(flat, axis=1) if flat else np.zeros((n, 1))
