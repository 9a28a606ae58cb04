"""Some observations of a model as arrays: the response, and what every linear predictor is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeGuard, final

import numpy as np

from likely.compute.blocks import Blocks, Matrix
from likely.families.base import Family
from likely.models.slot import Slot
from likely.namespace.arrays import AnyArray, Floats


@final
@dataclass(frozen=True, eq=False)
class Rows:
    """Some observations of a model as arrays; what each of them means is the model's to say.

    Attributes
    ----------
    n : int
    y : ndarray, shape (n,), or None
        The response as numbers (levels coded); None for rows to be predicted.
    weights : ndarray, shape (n,), or None
        How many times a row's log-density counts. Analytic weights are not among them: they are `units`.
    designs : mapping of str to ndarray or Blocks
        By linear predictor, its columns.
    offsets : mapping of str to ndarray
        By linear predictor, what is added to it.
    known : mapping of str to float, tuple or ndarray
        Values of the known parameters, row by row where they are columns.
    units : ndarray or None
        How many units each row is the mean of; None for rows of one unit.
    columns : mapping of str to ndarray
        What the functions of a density read.

    Examples
    --------
    >>> import likely as lk
    >>> rows = lk.likelihood("poisson", {"x": [0, 1, 2], "y": [1, 4, 9]}, "y ~ x").function.bound.data
    >>> rows.y.tolist(), rows.designs["rate"].tolist()
    ([1.0, 4.0, 9.0], [[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]])
    >>> rows[1:].y.tolist(), rows.take([2, 2]).y.tolist()
    ([4.0, 9.0], [9.0, 9.0])
    """

    n: int
    y: Any = None
    weights: Floats | None = None
    designs: Mapping[str, Matrix] = field(default_factory=dict)
    offsets: Mapping[str, Any] = field(default_factory=dict)
    known: Mapping[str, Any] = field(default_factory=dict)
    units: Floats | None = None
    columns: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, rows: slice) -> Rows:
        return self.take(rows)

    def take(self, rows: Any) -> Rows:
        """Some of the rows: a slice, a mask, or indices, which may repeat."""
        made: dict[int, Any] = {}  # predictors that share a design go on sharing it
        for x in self.designs.values():
            if id(x) not in made:
                made[id(x)] = x[rows] if isinstance(x, Blocks) else np.ascontiguousarray(x[rows])
        return Rows(
            len(np.empty(self.n, dtype=bool)[rows]),
            None if self.y is None else self.y[rows],
            None if self.weights is None else self.weights[rows],
            {label: made[id(x)] for label, x in self.designs.items()},
            {label: offset[rows] for label, offset in self.offsets.items()},
            take(self.known, rows),
            None if self.units is None else self.units[rows],
            {name: values[rows] for name, values in self.columns.items()},
        )

    def design(self, slot: Slot) -> Matrix | None:
        """A linear predictor's columns; None for a constant."""
        return None if slot.design is None else self.designs[slot.label]

    def offset(self, slot: Slot) -> Any:
        """What is added to a linear predictor, row by row; None where nothing is."""
        return None if slot.offset is None else self.offsets[slot.label]

    def matrix(self, slot: Slot) -> Matrix:
        """A linear predictor's columns; one of ones for a constant."""
        return np.ones((self.n, 1)) if slot.design is None else self.designs[slot.label]

    def eta(self, slot: Slot, coefficients: Any) -> Floats | float:
        """A linear predictor from the coefficients of all; a float where it is the same in all rows."""
        offset = self.offset(slot)
        if slot.idle:
            return np.float64(0.0) if offset is None else offset
        x, beta = self.design(slot), coefficients[slot.start : slot.stop]
        eta: Any = np.float64(beta[0]) if x is None else x @ beta
        return eta if offset is None else eta + offset

    def means(self, family: Family, params: dict[str, Any]) -> dict[str, Any]:
        """A family's parameters for these rows, means of several units where they are."""
        return params if self.units is None else family.of_means(params, self.units)

    def with_response(self, y: Any) -> Rows:
        """The same rows with other responses."""
        return replace(self, y=y)

    def with_weights(self, weights: Any) -> Rows:
        """The same rows counted another number of times."""
        return replace(self, weights=weights)

    def with_design(self, slot: Slot, x: Matrix) -> Rows:
        """The same rows with other columns of a linear predictor."""
        return replace(self, designs={**self.designs, slot.label: x})

    def with_offset(self, slot: Slot, offset: Any) -> Rows:
        """The same rows with another offset of a linear predictor."""
        return replace(self, offsets={**self.offsets, slot.label: offset})

    def with_known(self, **values: Any) -> Rows:
        """The same rows with more parameters known."""
        return replace(self, known={**self.known, **values})


def varies(value: Any) -> TypeGuard[AnyArray]:
    """Whether it has a value for each row, rather than one for all."""
    return isinstance(value, np.ndarray) and value.ndim > 0


def take(known: Mapping[str, Any], rows: Any) -> dict[str, Any]:
    """The known values of some rows; scalars, and vectors of probabilities, stay as they are."""
    return {k: v[rows] if varies(v) else v for k, v in known.items()}
