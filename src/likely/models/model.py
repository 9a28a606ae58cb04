"""A model: a family plus, for each parameter, a constant, a known value, or predictors. It holds no rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol, final

import numpy as np

from likely.data.reading import TextReading
from likely.errors import OptionError
from likely.families.base import Family
from likely.models.inputs import Inputs
from likely.models.new_data import NewData
from likely.models.rows import Rows
from likely.models.saved import of_model, parts_of
from likely.models.slot import Slot


class Reader(Protocol):
    """What makes rows of a table for a model whose parameters are functions of its columns."""

    def rows(self, model: Model, new: Any, given: Mapping[str, Any] | None, missing: str, observed: bool) -> Rows:
        """The rows; see `Model.rows`."""


@final
@dataclass(frozen=True, eq=False)
class Model:
    """What is assumed: a family bound to the data's levels, and a linear predictor for each free parameter.

    Attributes
    ----------
    family : Family
    slots : tuple of Slot
    known : mapping of str to float, tuple or None
        Values of the known parameters; None for those that come with the rows.
    response : str
        Name of the response.
    fixed : mapping of str to float
        Parameters held at a value by the estimation itself (the edges of a Uniform).
    weights_kind : {"frequency", "analytic", "sampling", "importance"}
        What the weights mean; "frequency" where there are none.
    weights : str, array_like or None
        The weights as they were given: a column, an expression or an array; None where there are none.
    reading : TextReading or None
        How text of the data was read, for other data to be read alike; None for a model without formulas.
    reader : Reader or None
        What makes rows of a table in the place of formulas, where parameters are functions of its columns.
    """

    family: Family
    slots: tuple[Slot, ...]
    known: Mapping[str, Any]
    response: str = "y"
    formula: str | None = None
    fixed: Mapping[str, float] = field(default_factory=dict)
    weights_kind: str = "frequency"
    weights: Any = None
    reading: TextReading | None = None
    reader: Reader | None = None

    def rows(
        self,
        new: Any,
        given: Mapping[str, Any] | None = None,
        *,
        unseen: str = "error",
        missing: str = "error",
        observed: bool = False,
    ) -> Rows:
        """The rows of a table, as arrays: the way from any data to what the model needs of them.

        Parameters
        ----------
        new : data of any kind
        given : mapping, optional
            Values of known parameters, ``offset`` and ``exposure``, where they are not what the model says.
        unseen : {"error", "missing"}
            Whether rows with levels that the model does not know are an error, or are left out.
        missing : {"error", "drop"}
            The same of rows with missing values.
        observed : bool
            With the responses and the weights, which the table has then to have; rows of weight zero are left out.

        Returns
        -------
        Rows

        Raises
        ------
        DataError, MissingValuesError, SupportError, UnknownNameError
            If the table lacks something, or holds values that the model cannot have; if the model takes no value of
            a name that is given.
        OptionError
            If a known value, an offset or the weights were given to the fit as an array, or parameters are functions.

        Examples
        --------
        >>> import likely as lk
        >>> model = lk.likelihood("poisson", {"x": [0, 1, 2], "y": [1, 4, 9]}, "y ~ center(x)").model
        >>> model.rows({"x": [1, 5]}).designs["rate"].tolist()  # 1 is the mean that the model has learnt
        [[1.0, 0.0], [1.0, 4.0]]
        """
        if self.reader is not None:
            return self.reader.rows(self, new, given, missing, observed)
        if self.reading is None:
            raise OptionError(f"{self.family.title} is made of other models: it reads no table of its own")
        read = NewData(self, new, given, unseen=unseen, missing=missing, observed=observed)
        rows = read.rows
        for error in read.lacking.values():
            raise error
        return rows

    def rows_of(self, inputs: Inputs, at_hand: Rows | None = None, *, observed: bool = False) -> Rows:
        """The rows of what was read of a table: the fit's own, a piece of its data, new data, or a scenario.

        Parameters
        ----------
        inputs : Inputs
        at_hand : Rows, optional
            What there is of the rows, which is not made again: responses, columns and offsets of linear predictors.
        observed : bool
            With responses and weights.

        Returns
        -------
        Rows

        Raises
        ------
        LikelyError
            If the model cannot have rows such as these.
        """
        return inputs.rows(self, at_hand, observed)

    def to_dict(self) -> dict[str, Any]:
        """The model as plain data for JSON: formulas with levels, knots and means, and no rows.

        Returns
        -------
        dict

        Raises
        ------
        OptionError
            If parameters are functions, or levels are neither text nor numbers.

        Examples
        --------
        >>> import json
        >>> import likely as lk
        >>> model = lk.likelihood("poisson", {"x": [0, 1, 2], "y": [1, 4, 9]}, "y ~ center(x)").model
        >>> again = Model.from_dict(json.loads(json.dumps(model.to_dict())))
        >>> again.rows({"x": [1, 5]}).designs["rate"].tolist()
        [[1.0, 0.0], [1.0, 4.0]]
        """
        return of_model(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], families: Mapping[str, Callable[..., Family]] | None = None) -> Model:
        """The model that `to_dict` gave the data of.

        What was given to the fit as an array of rows (offsets, known values, weights) has to be given again for new
        rows.

        Parameters
        ----------
        data : mapping
        families : mapping of str to class, optional
            Families of your own, by name.

        Returns
        -------
        Model

        Raises
        ------
        OptionError
            If these are no data of a model, or of another version.
        UnknownNameError
            If there is no family of that name, or none of its links is called so.
        """
        return cls(**parts_of(data, families or {}))

    @property
    def averaged(self) -> bool:
        """Whether rows are means of several units (analytic weights)."""
        return self.weights_kind == "analytic"

    @property
    def pseudo(self) -> bool:
        """Whether the weighted sum of log-densities is no log-likelihood of the data: under sampling weights."""
        return self.weights_kind == "sampling"

    @property
    def known_by_row(self) -> bool:
        """Whether a known parameter is more than one number: it comes with the rows, or is a vector."""
        return any(value is None or np.ndim(value) > 0 for value in self.known.values())

    @property
    def size(self) -> int:
        """Number of coefficients."""
        return self.slots[-1].stop if self.slots else 0

    @property
    def levels(self) -> tuple[Any, ...]:
        """Levels of the response, in order; the first is the reference of log-odds."""
        return tuple(self.family.levels or ())

    @property
    def constant(self) -> bool:
        """Whether every free parameter is the same for all rows."""
        return all(slot.constant or (slot.idle and slot.offset is None) for slot in self.slots)

    @cached_property
    def groups(self) -> list[list[Slot]]:
        """The slots, those of one vector parameter together."""
        groups: list[list[Slot]] = []
        for slot in self.slots:
            if groups and slot.entry is not None and groups[-1][0].parameter.name == slot.parameter.name:
                groups[-1].append(slot)
            else:
                groups.append([slot])
        return groups

    def names(self) -> list[str]:
        """Names of the coefficients on the link scale, in order."""
        return [name for slot in self.slots for name in slot.names]

    def shifted(self, slot: Slot) -> Model:
        """The model with an offset in one of its linear predictors."""
        slots = tuple(replace(s, offset=s.offset or ()) if s is slot else s for s in self.slots)
        return replace(self, slots=slots)

    def slot_of(self, index: int) -> Slot:
        """The slot that holds coefficient `index`."""
        return next(slot for slot in self.slots if slot.start <= index < slot.stop)

    def parameters(self, etas: list[Any], xp: Any, known: Mapping[str, Any]) -> dict[str, Any]:
        """The family's parameter values, on any namespace, from the slots' linear predictors and the known values."""
        values: dict[str, Any] = {**known, **self.fixed}
        remaining = iter(etas)
        for group in self.groups:
            parameter, link = group[0].parameter, group[0].link
            entries = [next(remaining) for _ in group]
            values[parameter.name] = parameter.domain.from_predictors(entries, link, xp)
        return values
