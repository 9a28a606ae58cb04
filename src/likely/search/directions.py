"""Directions and units that do not depend on how a predictor's columns are named, ordered, shifted or scaled.

Where an information is not positive definite, a step depends on the coordinates in which its eigenvalues are changed.
In orthonormal coordinates of each linear predictor's columns, with one unit for all of its coefficients, it is the same
step for every other choice of columns that span the same predictors.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, final

import numpy as np
from scipy import linalg

from likely.compute import blocks
from likely.compute.blocks import Matrix
from likely.likelihoods import Objective, single_peaked
from likely.models.model import Model
from likely.models.rows import Rows
from likely.models.slot import Slot

CHEAP = 5_000_000  # rows times squared columns up to which that is so
FEW = 500  # rows
MANY = 5_000  # rows of which it is not asked how many differ
DEPENDENT = 1e-14  # share of the longest column that is left of a column which others make up


@final
class PredictorScaling:
    """Orthonormal coordinates of each linear predictor's columns, as `newton.maximize` takes them."""

    def __init__(self, model: Model, data: Rows) -> None:
        self.model, self.data = model, data

    @classmethod
    def of(cls, objective: Objective) -> PredictorScaling | None:
        """That of a likelihood that may have several peaks, where it costs little; else None."""
        rows = objective.linear
        if rows is None or single_peaked(rows.model):
            return None
        return cls(rows.model, rows.data) if all(cheap(x) for x in rows.data.designs.values()) else None

    def __call__(self, info: Any) -> Any:
        """The coefficients in terms of coordinates in which every predictor's information has the size 1."""
        out = np.zeros_like(info)
        for slot, inverse in zip(self.model.slots, self._inverses, strict=True):
            own = slice(slot.start, slot.stop)
            there = inverse.T @ info[own, own] @ inverse
            size = np.linalg.norm(there) / np.sqrt(max(len(inverse), 1))
            if not 0.0 < size < np.inf:  # squares beyond what a float can hold
                size = np.max(np.abs(there), initial=0.0)
            out[own, own] = inverse / (np.sqrt(size) if size > 0.0 else 1.0)
        return out

    @cached_property
    def _inverses(self) -> list[Any]:
        made: dict[int, Any] = {}  # slots that share a design
        found = []
        for slot in self.model.slots:
            x = self.data.design(slot)
            if x is not None and id(x) not in made:
                made[id(x)] = orthonormalising(blocks.dense(x), self.data.weights)
            found.append(np.eye(slot.stop - slot.start) if x is None else made[id(x)])
        return found


def cheap(x: Matrix) -> bool:
    """Whether to factorise columns costs next to nothing beside a search."""
    return len(x) * x.shape[1] ** 2 <= CHEAP


def few_rows(objective: Objective) -> bool:
    """Whether few rows differ in their response or predictors: equal ones are one of more weight."""
    rows = objective.linear
    if rows is None or len(rows.y) <= FEW:
        return len(objective.y) <= FEW
    if len(rows.y) > MANY or len(np.unique(rows.y)) > FEW:
        return False
    designs = {id(x): x for x in rows.data.designs.values()}.values()
    columns = np.column_stack([rows.y, *(blocks.dense(x) for x in designs)])
    return len(np.unique(columns, axis=0)) <= FEW


def orthonormalising(x: Any, weights: Any = None) -> Any:
    """The matrix that makes columns orthonormal, in the metric of the weights; at worst it makes them of length 1."""
    weighted = x if weights is None else x * np.sqrt(weights)[:, None]
    length = np.linalg.norm(weighted, axis=0)
    length = np.where(length > 0.0, length, 1.0)
    r: Any = np.linalg.qr(weighted / length, mode="r")
    if len(r) < r.shape[1] or not np.min(np.abs(np.diagonal(r)), initial=1.0) > DEPENDENT:
        return np.diag(1.0 / length)
    return linalg.solve_triangular(r, np.eye(len(r))) / length[:, None]


def single_terms(slot: Slot, x: Matrix) -> list[Any]:
    """The directions of a slot's coefficients along each column, and along the level that has no column of its own.

    Which of a term's levels that is, is a matter of names.
    """
    found = list(np.eye(x.shape[1]))
    constant = blocks.constant_column(x)
    if slot.design is None or constant is None or not cheap(x):
        return found
    x = blocks.dense(x)
    for _, places in slot.design.terms:
        columns = x[:, list(places)]
        if constant not in places and np.all((columns == 0.0) | (columns == 1.0)) and np.max(columns.sum(axis=1)) <= 1:
            found.append(np.zeros(x.shape[1]))
            found[-1][constant] = 1.0 / x[0, constant]
            found[-1][list(places)] = -1.0
    return found
