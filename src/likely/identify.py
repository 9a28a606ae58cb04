"""Whether predictors identify their coefficients, and coordinates in which an ill-conditioned design is none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from likely import blocks
from likely.errors import DesignError, listed
from likely.model import Model, Slot
from likely.solve import least_squares
from likely.solve.newton import Point


def check_identified(slot: Slot, y: Any, model: Model) -> None:
    """Raise DesignError if the columns of a design are linearly dependent, naming them."""
    if slot.design is None or (slot.level is not None and slot.start != model.slots[0].start):
        return
    x, names = slot.design.x, slot.design.names
    dependent, combination = least_squares.dependent_columns(x)
    if not dependent:
        return
    if len(x) < x.shape[1]:
        raise DesignError(
            f"{slot.parameter.name} has {x.shape[1]} coefficients but there are only {len(x)} rows: they cannot be "
            "told apart. Use fewer predictors"
        )
    independent = [j for j in range(len(names)) if j not in dependent]
    size = blocks.column_scale(x)
    told = []
    for k, j in enumerate(dependent):
        parts = [
            f"{combination[i, k]:.6g}*{names[c]}"
            for i, c in enumerate(independent)
            if abs(combination[i, k]) * size[c] > 1e-9 * size[j]
        ]
        told.append(f"{names[j]} = {' + '.join(parts) if parts else '0'}")
    raise DesignError(
        f"the predictors of {slot.parameter.name} are linearly dependent, so their coefficients cannot be told apart: "
        f"{'; '.join(told[:5])}. Leave out {listed(names[j] for j in dependent)}"
    )


@final
@dataclass(frozen=True)
class Coordinates:
    """A model with orthonormal columns in place of ill-conditioned ones, and the way back.

    The Gram matrix of such columns is the identity, so Newton's equations keep all digits; only the last step to the
    user's coefficients feels the condition of their design, once and not squared.
    """

    model: Model
    inverse: Any  # the user's coefficients = inverse @ coordinates
    forward: Any

    def inward(self, coefficients: Any) -> Any:
        return np.asarray(self.forward @ coefficients, dtype=float)

    def outward(self, coordinates: Any) -> Any:
        return np.asarray(self.inverse @ coordinates, dtype=float)

    def point(self, point: Point) -> Point:
        """The same point in the user's coefficients."""
        forward = np.asarray(self.forward, dtype=float)
        info = forward.T @ point.info @ forward
        return Point(self.outward(point.x), point.value, forward.T @ point.score, 0.5 * (info + info.T))

    def covariance(self, covariance: Any) -> Any:
        """The covariance of the user's coefficients."""
        return np.asarray(self.inverse @ covariance.astype(self.inverse.dtype) @ self.inverse.T, dtype=float)


def coordinates(model: Model) -> Coordinates | None:
    """Orthonormal coordinates if some design is too ill-conditioned for normal equations, else None."""
    designs = {id(slot.design): slot.design for slot in model.slots if slot.design is not None}
    arrays = {key: d for key, d in designs.items() if isinstance(d.x, np.ndarray) and len(d.x) >= d.x.shape[1]}
    bad = {key: d for key, d in arrays.items() if least_squares.ill_conditioned(d.x)}
    if not bad:
        return None
    factors = {key: least_squares.orthogonalize(design.x) for key, design in bad.items()}
    forward = np.eye(model.size, dtype=np.longdouble)
    inverse = np.eye(model.size, dtype=np.longdouble)
    slots = []
    for slot in model.slots:
        if id(slot.design) in factors:
            q, r = factors[id(slot.design)]
            forward[slot.start : slot.stop, slot.start : slot.stop] = r
            inverse[slot.start : slot.stop, slot.start : slot.stop] = least_squares.triangular_inverse(r)
            slot = replace(slot, design=replace(bad[id(slot.design)], x=np.ascontiguousarray(q, dtype=float)))
        slots.append(slot)
    return Coordinates(replace(model, slots=tuple(slots)), inverse, forward)
