"""The direction of a cone that separates the most rows, by linear programming."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np
from scipy import optimize

from likely.namespace.arrays import Booleans, Floats
from likely.search.separation.cone import Cone, null_space, row_blocks, term_sizes, triangle

WORKING = 2000  # rows that the first linear programme sees, and at most so many more in each further one
ROUNDS = 60
ROUNDING = 1e-12  # a change of a row's predictor below this part of its terms is none
BETTER = 1e-11  # a change above this part of them separates the row


@final
@dataclass(frozen=True, eq=False)
class Direction:
    """A direction that separates as many rows as any.

    Attributes
    ----------
    b : ndarray, shape (p, predictors)
    met : ndarray of bool, shape (n, conditions)
        Conditions of the cone that it meets with room to spare.
    complete : bool
        Whether every condition is met with room to spare, so that the direction may be tilted any way a little.
    free : ndarray of bool, shape (p, predictors)
        Coefficients that some separating direction changes.
    dimension : int
        Number of independent directions.
    """

    b: Floats
    met: Booleans
    complete: bool
    free: Booleans
    dimension: int

    @property
    def separated(self) -> Booleans:
        """Rows of the cone that it explains better."""
        return np.any(self.met, axis=1)


def separate(cone: Cone, hint: Any = None) -> Direction | None:
    """The direction that separates the most rows, or None where there is none (or it cannot be told).

    Parameters
    ----------
    cone : Cone
    hint : ndarray, shape (p, predictors), optional
        A direction that may separate every row, which is quick to see: the coefficients where a search gave up.
    """
    if hint is not None and len(cone.x) and not len(cone.tied):
        met = cone.change(hint) > BETTER * term_sizes(cone.x, np.max(np.abs(hint), axis=1))[:, None]
        if np.all(met):
            return Direction(hint, met, True, np.ones(hint.shape, dtype=bool), hint.size)
    search = Programmes(cone)
    if search.basis is None or cone.x.shape[0] == 0:
        return None
    open_ = np.ones(cone.shape, dtype=bool)
    total = np.zeros((cone.x.shape[1], cone.patterns.shape[2]))
    for stage in range(total.size + 1):
        found = search.best((cone.total(open_) @ search.basis).ravel(), 0.3 if stage == 0 else 1e-9)
        if found is None:
            break
        better = open_ & (cone.change(found) > BETTER * search.sizes[:, None])
        if not np.any(better):
            break
        # directions of a cone may be added up, and a row that one of them separates stays separated
        total += found
        open_ &= ~better
        if not np.any(open_):
            break
    if np.all(open_):
        return None
    span = null_space(cone.blocks(np.flatnonzero(open_), search.basis), search.basis.shape[1] * total.shape[1])
    moved = np.einsum("pr,mrd->pmd", search.basis, span.reshape(total.shape[1], search.basis.shape[1], -1))
    size = np.sqrt(np.sum(np.square(moved), axis=2)) * search.scale[:, None]
    complete = not np.any(open_) and len(cone.tied) == 0
    return Direction(total, ~open_, complete, size > 1e-7 * size.max(), span.shape[1])


class Programmes:
    """Linear programmes over a cone, each seeing only the rows that matter so far.

    The coordinates are those in which the design is orthonormal: there a direction of size one changes the predictors
    by one in all, whatever the columns' units and correlations, so "no direction" (0) and "a direction" (1 or more)
    cannot be confused.
    """

    def __init__(self, cone: Cone) -> None:
        self.cone = cone
        self.basis, self.scale, self.reach = self._basis()
        n, q = cone.shape
        first = []
        for c in range(len(cone.patterns)):  # some rows of every class, evenly spaced
            rows = np.flatnonzero(cone.kind == c)
            step = max(1, len(rows) * q * len(cone.patterns) // WORKING)
            first.append((rows[::step, None] * q + np.arange(q)).ravel())
        self.working = np.unique(np.concatenate(first)) if n else np.zeros(0, dtype=np.intp)

    def _basis(self) -> tuple[Any, Any, Any]:
        """The map from the coordinates to the coefficients (p x r), which keeps the tied rows where they are.

        With the columns' scales, and the largest coefficients that went into the map before any of them cancelled.
        """
        cone = self.cone
        largest = [np.max(np.abs(part), axis=0) for part in (cone.x, cone.tied) if len(part)]
        if not largest:
            return None, np.zeros(0), None
        scale = np.max(largest, axis=0)
        scale = np.where(scale > 0, scale, 1.0)
        r = triangle(part / scale for x in (cone.x, cone.tied) for part in row_blocks(x))
        _, s, vt = np.linalg.svd(r)
        rank = int(np.sum(s > 1e-13 * s[0] * len(s))) if s[0] > 0 else 0
        if rank == 0:
            return None, scale, None
        basis = vt[:rank].T / s[:rank] / scale[:, None]
        reach = np.abs(basis)
        if len(cone.tied):
            keep = null_space((part @ basis for part in row_blocks(cone.tied)), rank)
            if keep.shape[1] == 0:
                return None, scale, None
            basis, reach = basis @ keep, reach @ np.abs(keep)
        return basis, scale, np.max(reach, axis=1)

    @cached_property
    def sizes(self) -> Floats:
        """Of the terms that add up to each row's predictor, by which its rounding errors are measured."""
        return term_sizes(self.cone.x, self.reach)

    def best(self, objective: Any, least: float) -> Any | None:
        """The direction in the box of side 2 that raises a linear function most, if by `least` or more."""
        cone = self.cone
        shape = (cone.patterns.shape[2], self.basis.shape[1])
        norm = float(np.max(np.abs(objective), initial=0.0))
        if norm == 0.0:
            return None
        for _ in range(ROUNDS):
            a = cone.rows(self.working, self.basis)
            size = np.max(np.abs(a), axis=1)
            # the others only show rounding errors
            moved = size > 1e-11 * term_sizes(cone.x[self.working // cone.shape[1]], self.reach)
            a = a[moved] / size[moved, None]
            result = optimize.linprog(
                -objective / norm,
                A_ub=-a,
                b_ub=np.zeros(len(a)),
                bounds=(-1.0, 1.0),
                method="highs",
                options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
            )
            if result.status != 0 or -result.fun * norm < least:
                return None
            b = self.basis @ result.x.reshape(shape).T
            ratio = (cone.change(b) / self.noise()).ravel()
            worst = np.flatnonzero(ratio < -1.0)
            new = np.setdiff1d(worst, self.working)
            if len(worst) == 0:
                return b
            if len(new) == 0:  # only the programme's own tolerance is in the way
                return self._polish(result.x, a, shape, objective, least)
            if len(new) > WORKING:
                order = new[np.argsort(ratio[new], kind="stable")]
                new = np.concatenate([order[: WORKING // 4], new[:: 1 + len(new) // WORKING]])
            self.working = np.union1d(self.working, new)
        return None

    def noise(self) -> Floats:
        """How far below zero rounding alone may take each condition, for a direction of size one in coordinates."""
        return np.maximum(ROUNDING * self.sizes[:, None], np.finfo(float).tiny)

    def _polish(self, x: Any, a: Any, shape: Any, objective: Any, least: float) -> Any | None:
        """The direction with the conditions that it meets only just met exactly, if it can be."""
        change = a @ x
        active = a[change < 1e-7]
        keep = null_space(iter([active]), len(x))
        x = keep @ (keep.T @ x)
        if float(objective @ x) < least:
            return None
        b = self.basis @ x.reshape(shape).T
        return b if np.all(self.cone.change(b) >= -self.noise()) else None
