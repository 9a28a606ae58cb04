"""New data read as a model reads them: which of their rows are in use, and what stands for known values and offsets."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, final

import numpy as np

from likely.compute import blocks
from likely.data import design as designs
from likely.data import tables
from likely.data.design import Design
from likely.data.predictors import among
from likely.data.tables import Table
from likely.errors import DataError, LikelyError, OptionError, ParameterError, is_one_of, listed, unknown
from likely.models import checks
from likely.models.asked import CHOICES
from likely.models.inputs import Inputs, known_values, offset_of_exposure
from likely.models.rows import Rows
from likely.models.selected_rows import SelectedRows
from likely.models.slot import Slot

if TYPE_CHECKING:
    from likely.models.model import Model

NEW = "the new data"
NO_GAPS = "a prediction needs every predictor. Fill them, or leave these rows out"


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
        Whether rows with levels that the model does not know are an error, or are left out.
    missing : {"error", "drop"}
        The same of rows with missing values.
    observed : bool
        Whether responses and weights are read, too; rows of weight zero are then left out.
    original_names : mapping of str to str, optional
        The parameters' names in messages and in `given`, where they are not the family's.

    Attributes
    ----------
    lacking : mapping of str to LikelyError
        Why a known parameter has no values.
    """

    def __init__(
        self,
        model: Model,
        new: Any,
        given: Mapping[str, Any] | None = None,
        *,
        unseen: str = "error",
        missing: str = "error",
        observed: bool = False,
        original_names: Mapping[str, str] | None = None,
    ) -> None:
        self.model, self.given, self.lacking = model, given or {}, dict[str, LikelyError]()
        self.original_names = original_names or {p.name: p.name for p in model.family.parameters}
        self.observed = observed
        check_given(model, self.given, self.original_names)
        check_unseen(unseen)
        if not is_one_of(missing, CHOICES["missing"]):
            raise unknown("option", missing, CHOICES["missing"], " for missing=")
        self.sparse = new if blocks.is_sparse(new) else None
        self.matrices: dict[str, Table] = {}
        table = self._read(new)
        if table.n == 0:
            raise DataError(f"{NEW} have no rows: there is nothing to predict")
        self.selected = SelectedRows.of(table, NEW)
        if observed and isinstance(model.weights, str):
            w = checks.weight_column(self.selected.values(model.weights, "weights"))
            self._keep(checks.counted_rows(w), checks.NO_WEIGHT)
        self._keep(self._complete(missing), f"every row of {NEW} has a missing value")
        if unseen == "missing":
            self._keep(
                self._seen(), f"no row of {NEW} has only levels that the fit has seen: there is nothing to predict"
            )

    @property
    def table(self) -> Table:
        """The rows in use as they were read; results are missing for the others."""
        return self.selected.table

    @cached_property
    def rows(self) -> Rows:
        """The rows as arrays; a known parameter without values is NaN, and `lacking` says why."""
        known = {name: self._known(name) for name in self.model.known}
        offsets = {slot.label: self._offset(slot) for slot in self.model.slots if slot.offset is not None}
        weights = self._weights() if self.observed else None
        inputs = Inputs(self.selected, known, offsets, weights, self.matrices, self.sparse, self.original_names)
        if self.observed:
            for error in self.lacking.values():
                raise error
        return self.model.rows_of(inputs, observed=self.observed)

    # -- the table ---------------------------------------------------------------------------------------------

    def _read(self, new: Any) -> Table:
        """The table, once matrices of predictors are apart."""
        model = self.model
        plain = {
            slot.parameter.name: slot.design
            for slot in model.slots
            if slot.design is not None and slot.design.spec is None
        }
        if isinstance(new, Mapping):
            new = dict(new)
            self.matrices = {
                name: tables.read(new.pop(name), like=model.reading) for name in plain if np.ndim(new.get(name)) == 2
            }
            if new and all(np.ndim(v) == 0 for v in new.values()):
                new = {k: [v] for k, v in new.items()}  # one row
        if self.sparse is not None:
            new = np.zeros(self.sparse.shape[0])
        own = self.matrices
        table = tables.read(new, like=model.reading) if not own or new else next(iter(own.values()))
        for name, matrix in own.items():
            if matrix.n != table.n:
                raise DataError(f"the matrix of {name} has {matrix.n} rows, the other new data {table.n}")
            own[name] = matrix.in_order(table.match(matrix.index, f"the matrix of {name}", "the other new data"))
        self._refuse_ambiguity(plain, table)
        return table

    def _refuse_ambiguity(self, plain: Mapping[str, Design], table: Table) -> None:
        """Two matrices of predictors cannot be told apart in one table."""
        shared = {name: d for name, d in plain.items() if name not in self.matrices}
        distinct = {id(d): d for d in shared.values()}
        names = [name for d in distinct.values() for name in d.all_names]
        if len(distinct) > 1 and (len(set(names)) < len(names) or not all(n in table for n in names)):
            example = ", ".join(f"{name!r}: ..." for name in shared)
            raise DataError(
                f"{listed(shared)} have a matrix of predictors each: pass the new ones by parameter, {{{example}}}"
            )

    # -- the rows in use ---------------------------------------------------------------------------------------

    def _keep(self, kept: Any, otherwise: str) -> None:
        """Leave out rows (a mask; None keeps all), whose results will be missing; an error if none is left."""
        if kept is None:
            return
        if not np.any(kept):
            raise DataError(otherwise)
        self.selected = self.selected.only(kept, spread=True)
        self.matrices = {name: matrix.only(kept) for name, matrix in self.matrices.items()}
        if self.sparse is not None:
            self.sparse = self.sparse.tocsr()[np.flatnonzero(kept)]

    def _complete(self, missing: str) -> Any:
        """The rows without missing values in what the model reads; None where all are."""
        examined = self.selected.cells(self._used())
        for parameter, matrix in self.matrices.items():
            examined |= {f"{parameter}: {name}": matrix.column(name) for name in matrix.names}
        rows, _ = checks.missing_rows(examined, self.table.n, missing, f" of {NEW}", NO_GAPS)
        return rows

    def _seen(self) -> Any:
        """The rows whose levels the model knows; None where all are."""
        table = self.table
        seen = np.ones(table.n, dtype=bool)
        for slot in self.model.slots:
            for name, levels in () if slot.design is None else slot.design.levels:
                if name in table:
                    labels = table.labels(name)
                    known = among(dict.fromkeys(labels), levels)
                    seen &= np.fromiter((v in known for v in labels), dtype=bool, count=table.n)
        return None if seen.all() else seen

    def _used(self) -> list[str]:
        """Names of the columns that the model reads, of which some may not be there."""
        used: dict[str, None] = {}
        for slot in self.model.slots:
            if slot.design is not None and slot.parameter.name not in self.matrices:
                formula = slot.design.formula
                used |= dict.fromkeys(slot.design.all_names if formula is None else designs.variables(formula))
                if formula is None and not all(name in self.table for name in slot.design.all_names):
                    used |= dict.fromkeys(self.table.names)  # columns by position
            if "offset" not in self.given:
                used |= dict.fromkeys(v for spec in slot.offset or () for v in self._columns_of(spec))
        observed = (self.model.response, self.model.weights) if self.observed else ()
        for spec in (*self.model.family.known.values(), *self.given.values(), *observed):
            used |= dict.fromkeys(self._columns_of(spec))
        return list(used)

    def _columns_of(self, spec: Any) -> list[str]:
        if isinstance(spec, Mapping):
            return [v for part in spec.values() for v in self._columns_of(part)]
        if not isinstance(spec, str):
            return []
        if spec in self.table or spec.isidentifier():
            return [spec]
        return designs.variables(designs.quote(spec, self.table.names))

    # -- values of theirs --------------------------------------------------------------------------------------

    def _known(self, name: str) -> Any:
        """The values of a known parameter; NaN, and the reason, where there are none."""
        family, shown = self.model.family, self.original_names[name]
        spec = self.given.get(shown, family.known.get(name))
        if shown not in self.given and np.ndim(spec) > 0 and not family.parameter(name).vector:
            self.lacking[name] = OptionError(
                f"{shown} was given to the fit as an array, so the new rows' values are not known: pass {shown}=..."
            )
            return np.nan
        try:
            return known_values(family, name, spec, self.selected, shown)
        except ParameterError:
            raise
        except LikelyError as error:
            self.lacking[name] = error
            return np.nan

    def _offset(self, slot: Slot) -> tuple[Any, ...]:
        """What is added to a linear predictor."""
        name, specs = self.original_names[slot.parameter.name], slot.offset or ()
        first = slot is self.model.slots[0]
        if "exposure" in self.given and first and ("offset" in self.given or len(specs) != 1):
            raise OptionError("an exposure beside other offsets: pass offset=, the sum of all with log(exposure)")
        if "exposure" in self.given and first:
            return (offset_of_exposure(self.given["exposure"], self.selected),)
        if "offset" in self.given:
            value = self.given["offset"]
            return (value.get(name, 0.0) if isinstance(value, Mapping) else value,)
        if any(np.ndim(spec) > 0 for spec in specs):
            raise OptionError(
                f"the offset of {name} was given to the fit as an array, so the new rows' values are not known: "
                "pass offset=..., or exposure=... if it was one"
            )
        return specs

    def _weights(self) -> Any:
        """The weights of the rows in use, checked; None where there are none."""
        weights = self.model.weights
        if weights is None:
            return None
        if not isinstance(weights, str):
            raise OptionError("the weights were given as an array, so those of other rows are not known")
        w = self.selected.values(weights, "weights")
        return checks.check_weights(w, self.model.weights_kind, self.table)
