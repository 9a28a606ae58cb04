"""One log-likelihood for each group of rows, of the same model, at coefficients of its own: all in one pass."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, final

import numpy as np

from likely.compute import blocks
from likely.compute.blocks import Matrix
from likely.compute.solve.newton_batch import Points
from likely.data.design import Design
from likely.likelihoods.jets import Jets
from likely.models.model import Model
from likely.models.rows import Rows, take, varies
from likely.namespace import as_jet
from likely.namespace.arrays import Floats


@final
@dataclass(frozen=True, eq=False)
class Columns:
    """The columns of a linear predictor in all rows, less the group's mean where an intercept makes up for it.

    Attributes
    ----------
    values : tuple of ndarray or None
        None for a column of ones.
    means : ndarray, shape (p, m), or None
        What was taken off each column; None where there is no intercept.
    constant : int or None
        The intercept.
    """

    values: tuple[Any, ...]
    means: Any = None
    constant: int | None = None


@final
class GroupedRows:
    """The sums over rows, group by group, of weight times log-density, for groups of at most k rows.

    A column without its mean over the group loses no digits to it. The coefficients are those of such columns:
    `original` gives the user's.

    Parameters
    ----------
    model : Model
    data : Rows
        Of all groups.
    places : ndarray of int, shape (k, m)
        The rows of each group; where it has fewer than k, some row of it.
    counts : ndarray of int, shape (m,)
        How many of them are its rows.
    """

    def __init__(self, model: Model, data: Rows, places: Any, counts: Any) -> None:
        k, m = places.shape
        self.model, self.shape, self.counts = model, (k, m), counts
        rows = np.ravel(places)
        filled = None if np.all(counts == k) else (np.arange(k)[:, None] < counts).ravel()
        self.filled = None if filled is None else filled.reshape(k, m)
        weights = None if data.weights is None else data.weights[rows]
        if filled is not None:  # a place without a row has a weight of zero
            weights = filled.astype(float) if weights is None else weights * filled
        self.data = replace(
            Rows(k * m),
            y=data.y[rows],
            weights=weights,
            offsets={label: offset[rows] for label, offset in data.offsets.items()},
            known=take(data.known, rows),
            units=None if data.units is None else data.units[rows],
        )
        made: dict[int, Columns] = {}
        self._columns: list[Columns | None] = []
        for slot in model.slots:
            x = data.design(slot)
            if slot.design is not None and id(x) not in made:
                made[id(x)] = self._centred(slot.design, x, rows)
            self._columns.append(None if x is None else made[id(x)])

    @cached_property
    def jets(self) -> Jets:
        return Jets(self.model, self.data)

    def _centred(self, design: Design, x: Matrix, rows: Any) -> Columns:
        """The columns of a design in the groups' rows."""
        dense = blocks.dense(x[rows]) if isinstance(x, blocks.Blocks) else None
        intercept = "Intercept" if design.formula is not None else None
        constant: int | None = None
        values: list[Any] = []
        for j, name in enumerate(design.names):
            column = None
            if name != intercept:
                column = x[:, j][rows] if dense is None else np.ascontiguousarray(dense[:, j])
            if constant is None and (column is None or np.all(column == 1.0)):
                column, constant = None, j
            values.append(column)
        if constant is None:
            return Columns(tuple(values))
        means = np.zeros((len(values), self.shape[1]))
        for j, column in enumerate(values):
            if column is not None:
                own = column.reshape(self.shape)
                means[j] = np.add.reduce(own if self.filled is None else own * self.filled, axis=0) / self.counts
                values[j] = np.subtract(own, means[j]).ravel()
        return Columns(tuple(values), means, constant)

    def take(self, groups: Any) -> GroupedRows:
        """Some of the groups, by number."""
        k, m = self.shape

        def part(values: Any) -> Any:
            return np.ascontiguousarray(values.reshape(k, m)[:, groups]).ravel()

        out = object.__new__(GroupedRows)
        out.model, out.shape, out.counts = self.model, (k, len(groups)), self.counts[groups]
        out.filled = None if self.filled is None else self.filled[:, groups]
        data = self.data
        out.data = replace(
            Rows(k * len(groups)),
            y=part(data.y),
            weights=None if data.weights is None else part(data.weights),
            offsets={label: part(offset) for label, offset in data.offsets.items()},
            known={name: part(v) if varies(v) else v for name, v in data.known.items()},
            units=None if data.units is None else part(data.units),
        )
        made: dict[int, Columns] = {}
        for columns in self._columns:
            if columns is not None and id(columns) not in made:
                values = tuple(None if one is None else part(one) for one in columns.values)
                means = None if columns.means is None else columns.means[:, groups]
                made[id(columns)] = Columns(values, means, columns.constant)
        out._columns = [None if columns is None else made[id(columns)] for columns in self._columns]
        return out

    def some_points(self, groups: Any, coefficients: Any) -> Points:
        """The points of the groups numbered `groups`, in ascending order, at their coefficients."""
        m = self.shape[1]
        if len(groups) == m:
            return self.points(coefficients)
        if 4 * len(groups) < 3 * m:
            return self.take(groups).points(coefficients)
        everywhere = np.repeat(coefficients[:, :1], m, axis=1)  # copies of rows would cost more than rows not asked for
        everywhere[:, groups] = coefficients
        return self.points(everywhere).take(groups)

    def etas(self, coefficients: Any) -> list[Any]:
        """The linear predictors of all rows, from the coefficients of every group, shape (p, m)."""
        out: list[Any] = []
        for slot, columns in zip(self.model.slots, self._columns, strict=True):
            offset = self.data.offset(slot)
            if slot.idle:
                out.append(np.float64(0.0) if offset is None else offset)
                continue
            own = coefficients[slot.start : slot.stop]
            if columns is None:
                eta: Any = np.broadcast_to(own[0], self.shape).ravel()
            else:
                eta = self._combined(columns, own).ravel()
            out.append(eta if offset is None else eta + offset)
        return out

    def _combined(self, columns: Columns, own: Any) -> Any:
        eta = np.zeros(self.shape) if columns.constant is None else None
        for column, beta in zip(columns.values, own, strict=True):
            if column is None:
                continue
            part = column.reshape(self.shape) * beta
            eta = part if eta is None else np.add(eta, part, out=part)
        if columns.constant is not None:
            first = own[columns.constant]
            eta = np.broadcast_to(first, self.shape) if eta is None else np.add(eta, first, out=eta)
        return eta

    def points(self, coefficients: Any) -> Points:
        """Every group's log-likelihood, score and observed information, at its own coefficients, shape (p, m)."""
        p, m = self.model.size, self.shape[1]
        with np.errstate(all="ignore"):
            jet = as_jet(self.jets(self.etas(coefficients), slice(None), 2))
            score, info = np.zeros((p, m)), np.zeros((p, p, m))
            for k, g in jet.g.items():
                g = self._weighted(g)
                for j, column in self._places(k):
                    score[j] = self._sum(g, column)
            for (a, b), h in jet.h.items():
                h = self._weighted(h)
                for i, first in self._places(a):
                    for j, second in self._places(b):
                        if a != b or j >= i:
                            info[i, j] -= self._sum(h, first, second)
                            if i != j:
                                info[j, i] = info[i, j]
            return Points(coefficients, self._sum(self._weighted(jet.v)), score, info)

    def _places(self, slot: int) -> list[tuple[int, Any]]:
        """A slot's coefficients with their columns; None for one of ones."""
        own, columns = self.model.slots[slot], self._columns[slot]
        places = range(own.start, own.stop)
        return [(j, None if columns is None else columns.values[i]) for i, j in enumerate(places)]

    def _weighted(self, values: Any) -> Floats:
        """Values by row times the rows' weights, shape (k, m)."""
        values = np.broadcast_to(values, self.data.n)
        return (values if self.data.weights is None else values * self.data.weights).reshape(self.shape)

    def _sum(self, values: Any, *columns: Any) -> Floats:
        """The sums by group of values by row, times some columns."""
        factors = [column.reshape(self.shape) for column in columns if column is not None]
        if not factors:
            return np.add.reduce(values, axis=0)
        return np.einsum(f"{','.join(['km'] * (1 + len(factors)))}->m", values, *factors)

    # -- to the user's columns and back --------------------------------------------------------------------------

    def centred(self, coefficients: Any) -> Any:
        """Coefficients of the user's columns, shape (p,), as those of each group's columns less means, shape (p, m)."""
        out = np.repeat(coefficients[:, None], self.shape[1], axis=1)
        for slot, columns in zip(self.model.slots, self._columns, strict=True):
            if columns is not None and columns.constant is not None:
                out[slot.start + columns.constant] += coefficients[slot.start : slot.stop] @ columns.means
        return out

    def original(self, coefficients: Any) -> Any:
        """The coefficients of the user's columns, shape (p, m)."""
        out = np.array(coefficients)
        for slot, columns in zip(self.model.slots, self._columns, strict=True):
            if columns is not None and columns.constant is not None:
                own = coefficients[slot.start : slot.stop]
                out[slot.start + columns.constant] -= np.einsum("jm,jm->m", columns.means, own)
        return out

    def original_covariance(self, covariance: Any) -> Any:
        """The covariances of the coefficients of the user's columns, shape (p, p, m)."""
        out = np.array(covariance)
        for slot, columns in zip(self.model.slots, self._columns, strict=True):
            if columns is not None and columns.constant is not None:
                own, at = slice(slot.start, slot.stop), slot.start + columns.constant
                out[at] -= np.einsum("jm,jkm->km", columns.means, out[own])
                out[:, at] -= np.einsum("jm,kjm->km", columns.means, out[:, own])
        return out

    def over_rows(self, function: Any, values: Any) -> Any:
        """A reduction such as ``np.maximum`` of values by row in every group, shape (m,)."""
        return function.reduce(np.broadcast_to(values, self.data.n).reshape(self.shape), axis=0)
