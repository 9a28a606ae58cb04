"""Whether predictors identify their coefficients, and coordinates in which an ill-conditioned design is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from likely.compute import blocks
from likely.compute.blocks import Matrix
from likely.compute.solve import least_squares, orthogonal
from likely.compute.solve.newton import Point
from likely.data.design import Aliasing, AliasingPartner, Design
from likely.errors import DesignError, listed
from likely.models.model import Model
from likely.models.rows import Rows
from likely.models.slot import Slot
from likely.namespace.arrays import Floats

EXTREMES = 1e-140, 1e140  # of a column's largest value: beyond, squares leave what a float can hold
FAR_LEVEL = 1e4  # a level so many times its spread costs digits that count

# -- dependent columns -----------------------------------------------------------------------------------------


def check_identified(model: Model, data: Rows) -> None:
    """Raise DesignError if the columns of a design are linearly dependent, naming them."""
    seen: set[int] = set()
    for slot in model.slots:
        if slot.design is None or slot.idle or id(slot.design) in seen:
            continue
        seen.add(id(slot.design))
        x = data.designs[slot.label]
        if (wrong := extreme(slot, least_squares.sample(x))) is not None:
            raise DesignError(wrong)
        if len(x) < x.shape[1]:
            raise DesignError(
                f"{slot.parameter.name} has {x.shape[1]} coefficients but there are only {len(x)} rows: they cannot be "
                "told apart. Use fewer predictors, or pass aliased='drop' to keep those that come first"
            )
        whole, x = with_place_of_intercept(slot, model, data)
        less, _ = without_aliased(whole, x)
        if less.aliasing is None or less is whole:
            continue
        sums = {name: less.aliasing.combinations[name] for name in slot.design.names if name not in less.names}
        raise DesignError(
            f"the predictors of {slot.parameter.name} are linearly dependent, so their coefficients cannot be told "
            f"apart: {'; '.join(f'{name} = {combination}' for name, combination in list(sums.items())[:5])}. Leave out "
            f"{listed(sums)}, or pass aliased='drop' to have that done"
        )


def extreme(slot: Slot, x: Any) -> str | None:
    """What is wrong with columns whose squares no float can hold, and what to do."""
    assert slot.design is not None
    largest = blocks.largest(x)
    for j in np.flatnonzero((largest > 0) & ((largest < EXTREMES[0]) | (largest > EXTREMES[1]))):
        return (
            f"the largest value of {slot.design.names[j]}, a predictor of {slot.parameter.name}, has the size "
            f"{largest[j]:.3g}, whose square no float can hold. Rescale the column: divide it by {largest[j]:.0e}"
        )
    return None


def sum_of(parts: Sequence[tuple[float, str]]) -> str:
    """A linear combination in words.

    >>> sum_of([(3.0, "Intercept"), (2.0, "a"), (-1.0, "b"), (0.5, "c")])
    '3 + 2*a - b + 0.5*c'
    """
    signed = []
    for factor, name in parts:
        size = f"{abs(factor):.6g}"
        term = size if name == "Intercept" else name if size == "1" else f"{size}*{name}"
        signed.append(f"{'-' if factor < 0 else '+'} {term}")
    text = " ".join(signed).removeprefix("+ ")
    return f"-{text[2:]}" if text.startswith("- ") else text or "0"


def without_aliased(design: Design, x: Matrix, last: Sequence[str] = ()) -> tuple[Design, Matrix]:
    """The design without the columns that others make up, which it remembers, and the columns that are left.

    Those that come later go first, and before all others those named in `last`.
    """
    names = design.names
    order = [j for j in range(len(names)) if names[j] not in last] + [j for j in range(len(names)) if names[j] in last]
    sorted_ = order == list(range(len(names)))
    found, combination = least_squares.dependent_columns(x if sorted_ else blocks.select(x, order))
    if not found:
        return design, x
    dependent = [order[j] for j in found]
    independent = [j for k, j in enumerate(order) if k not in set(found)]
    size = orthogonal.column_scale(x)
    real = np.abs(combination) * size[independent][:, None] > 1e-9 * size[dependent]  # not rounding errors
    null = np.zeros((len(names), len(dependent)))
    null[independent] = np.where(real, -combination, 0.0)
    null[dependent, range(len(dependent))] = 1.0
    kept = sorted(independent)
    return design.keep(kept, Aliasing(null, combinations_of(names, dependent, null))), blocks.select(x, kept)


def combinations_of(names: Sequence[str], dependent: Sequence[int], null: Any) -> dict[str, str]:
    """The dependent columns, each with the combination of the others that it is."""
    out = {}
    for k, j in enumerate(dependent):
        others = [int(i) for i in np.flatnonzero(null[:, k]) if i != j]
        out[names[j]] = sum_of([(-float(null[i, k]), names[i]) for i in others])
    return out


# -- ill-conditioned designs -----------------------------------------------------------------------------------


def with_place_of_intercept(slot: Slot, model: Model, data: Rows) -> tuple[Design, Matrix]:
    """The design and the columns of a slot; an anchored location's with those that take the place of its intercept.

    They are those of every threshold.
    """
    assert slot.design is not None
    other = next((s for s in model.slots if s.entry is not None), None)
    if other is None or not slot.parameter.anchored or slot.parameter.name != model.family.parameters[0].name:
        return slot.design, data.designs[slot.label]
    place = None if other.design is None else (other.design, data.designs[other.label])
    return _with_columns_of((slot.design, data.designs[slot.label]), place, other.parameter.name)


def without_place_of_intercept(
    design: Design, x: Matrix, place: tuple[Design, Matrix] | None, parameter: str
) -> tuple[Design, Matrix]:
    """An anchored location's design and columns without what those of the thresholds, in `place`, make up."""
    whole, columns = _with_columns_of((design, x), place, parameter)
    less, _ = without_aliased(whole, columns)
    if less.aliasing is None or less.kept is None:
        return design, x
    first = len(whole.names) - len(design.names)
    null = less.aliasing.null
    partner = AliasingPartner(parameter, None if place is None else place[0], null[:first])
    kept = [j - first for j in less.kept if j >= first]
    return design.keep(kept, Aliasing(null[first:], less.aliasing.combinations, partner)), blocks.select(x, kept)


def _with_columns_of(
    own: tuple[Design, Matrix], place: tuple[Design, Matrix] | None, parameter: str
) -> tuple[Design, Matrix]:
    """The columns of a parameter's design, a constant if it has none, and after them those of another design."""
    design, columns = own
    if place is None:
        return Design((parameter, *design.names)), blocks.join(np.ones((len(columns), 1)), columns)
    names = tuple(f"{parameter}.{name}" for name in place[0].names)
    return Design((*names, *design.names)), blocks.join(place[1], columns)


@final
@dataclass(frozen=True, eq=False)
class Coordinates:
    """Rows with orthonormal columns in place of ill-conditioned ones, and the way back.

    The Gram matrix of such columns is the identity, so Newton's equations keep all digits; only the last step to the
    user's coefficients feels the condition of their design, once and not squared. A response far from zero is moved
    next to it, with the location's intercept.
    """

    data: Rows
    inverse: Any  # the user's coefficients = inverse @ coordinates + origin
    forward: Any
    origin: Any = 0.0
    level: float = 0.0  # what is taken off the response

    def from_original(self, coefficients: Any) -> Floats:
        return self.rotated(coefficients - self.origin)

    def rotated(self, coefficients: Any) -> Floats:
        """The coordinates of the user's coefficients for the response less its level."""
        return np.asarray(self.forward @ coefficients, dtype=float)

    def to_original(self, coordinates: Any) -> Floats:
        return np.asarray(self.inverse @ coordinates + self.origin, dtype=float)

    def point(self, point: Point) -> Point:
        """The same point in the user's coefficients."""
        forward = np.asarray(self.forward, dtype=float)
        with np.errstate(all="ignore"):  # of a point that is not finite, and so not usable either way
            info, score = forward.T @ point.info @ forward, forward.T @ point.score
        return Point(self.to_original(point.x), point.value, score, 0.5 * (info + info.T))

    def place(self, index: int) -> tuple[int, float]:
        """The coordinate that the `last` coefficient of `coordinates` is a multiple of, and how many make one."""
        at = int(np.flatnonzero(self.inverse[index])[0])
        return at, float(1.0 / self.inverse[index, at])

    def covariance(self, covariance: Any) -> Floats:
        """The covariance of the user's coefficients."""
        return np.asarray(self.inverse @ covariance.astype(self.inverse.dtype) @ self.inverse.T, dtype=float)


def coordinates(model: Model, data: Rows, last: int | None = None) -> Coordinates | None:
    """Orthonormal coordinates if some design is too ill-conditioned for normal equations, else None.

    Parameters
    ----------
    model : Model
    data : Rows
    last : int, optional
        A coefficient that is to be a multiple of the last coordinate of its linear predictor, so that to hold one is to
        hold the other.
    """
    matrices = {id(x): x for slot in model.slots if (x := data.design(slot)) is not None}
    arrays = {key: x for key, x in matrices.items() if isinstance(x, np.ndarray) and 0 < x.shape[1] <= len(x)}
    bad = {key: x for key, x in arrays.items() if least_squares.ill_conditioned(x)}
    if not bad:
        return None
    places: dict[int, int] = {}
    if last is not None:
        slot = model.slot_of(last)
        places[id(data.design(slot))] = last - slot.start
    factors = {key: _factor(x, places.get(key)) for key, x in bad.items()}
    forward = np.eye(model.size, dtype=np.longdouble)
    inverse = np.eye(model.size, dtype=np.longdouble)
    designs = dict(data.designs)
    for slot in model.slots:
        if (key := id(data.design(slot))) in factors:
            designs[slot.label], r, back = factors[key]
            forward[slot.start : slot.stop, slot.start : slot.stop] = r
            inverse[slot.start : slot.stop, slot.start : slot.stop] = back
    return Coordinates(replace(data, designs=designs), inverse, forward)


def centred(model: Model, orthonormal: Coordinates | None, data: Rows) -> Coordinates | None:
    """Coordinates for a response that varies little about a large value, in a family that moves with it.

    A location's own digits would be lost to those of the level: at 1e14 neighbouring numbers are 1/64 apart.
    """
    y, slot = data.y, next((s for s in model.slots if s.parameter.name == model.family.moves), None)
    if slot is None or slot.link.name != "identity" or not len(y):
        return orthonormal
    some = y[:: max(1, len(y) // 1000)]
    level = float(np.median(some))
    if not abs(level) > FAR_LEVEL * float(np.median(np.abs(some - level))):
        return orthonormal
    x = data.design(slot)
    place = 0 if x is None else blocks.constant_column(x) if isinstance(x, np.ndarray) else None
    if place is None:
        return orthonormal
    origin = np.zeros(model.size)
    origin[slot.start + place] = level
    whole = np.eye(model.size, dtype=np.longdouble)
    return replace(orthonormal or Coordinates(data, whole, whole), origin=origin, level=level)


def _factor(x: Any, last: int | None) -> tuple[Any, Any, Any]:
    """Orthonormal columns q of x, with r and its inverse such that x = q r; column `last` only in the last one."""
    n, p = x.shape
    constant = blocks.constant_column(x)
    shift = orthogonal.far_from_zero(x, constant)
    if last is not None and last == constant:  # the others may not lean on it
        shift, constant = np.zeros(p), None
    order = np.arange(p) if last is None else np.r_[np.delete(np.arange(p), last), last]
    if n * p * p <= orthogonal.EXTENDED:
        q, r = orthogonal.orthogonalize((x - shift)[:, order])
        back, q = orthogonal.triangular_inverse(r), np.ascontiguousarray(q, dtype=float)
    else:
        scale = orthogonal.column_scale(x, shift)
        q = orthogonal.Rotated(x, shift, scale, order)
        r, back = q.forward * scale[order], q.inverse / scale[order][:, None]
    forward, inverse = np.zeros((p, p), dtype=np.longdouble), np.zeros((p, p), dtype=np.longdouble)
    forward[:, order], inverse[order] = r, back
    if constant is not None:  # x = (x - shift) + (constant column) shift'
        forward += np.outer(forward[:, constant], shift)
        inverse[constant] -= shift @ inverse
    return q, forward, inverse


def partly_orthonormal(model: Model, data: Rows, kept: Any, held: Any = None) -> Coordinates | None:
    """The rows with orthonormal columns in place of ill-conditioned ones, and others moved next to zero.

    The coefficients that are `kept`, by a penalty, a bound or a value, stay what they are. Beside kept ones that are
    not `held` at a value, and without `held`, columns are moved alone, which leaves the determinant of the information
    and does not set the kept columns against rotated ones. None where there is nothing to do.
    """
    forward = np.eye(model.size, dtype=np.longdouble)
    inverse, designs = forward.copy(), dict(data.designs)
    made: dict[tuple[int, bytes], Any] = {}  # slots that share a design go on sharing it
    for slot in model.slots:
        x = data.design(slot)
        if isinstance(x, np.ndarray) and 0 < x.shape[1] <= len(x):
            stays = np.asarray(kept[slot.start : slot.stop], dtype=bool)
            key = id(x), stays.tobytes()
            if key not in made:
                rotates = held is not None and bool(np.all(held[slot.start : slot.stop][stays]))
                made[key] = (_orthonormal(x, stays) if rotates else None) or _next_to_zero(x, stays)
            if made[key] is not None:
                own = slice(slot.start, slot.stop)
                designs[slot.label], forward[own, own], inverse[own, own] = made[key]
    changed = any(found is not None for found in made.values())
    return Coordinates(replace(data, designs=designs), inverse, forward) if changed else None


def _orthonormal(x: Any, stays: Any) -> tuple[Any, Any, Any] | None:
    """The columns, orthonormal but for those that stay; None where they are well-conditioned as they are."""
    free = np.flatnonzero(~stays)
    if not len(free) or not least_squares.ill_conditioned(x[:, free]):
        return None
    q, r, back = _factor(x[:, free], None)
    columns = x.copy()
    columns[:, free] = q[:] if isinstance(q, orthogonal.Rotated) else q
    forward, inverse = (np.eye(x.shape[1], dtype=np.longdouble) for _ in range(2))
    forward[np.ix_(free, free)], inverse[np.ix_(free, free)] = r, back
    return columns, forward, inverse


def _next_to_zero(x: Any, stays: Any) -> tuple[Any, Any, Any] | None:
    """The columns less large values about which they vary little; only the intercept feels it, unless it stays."""
    constant = blocks.constant_column(x)
    if constant is None or stays[constant]:
        return None
    shift = orthogonal.far_from_zero(x, constant)
    if not np.any(shift):
        return None
    inverse = np.eye(x.shape[1], dtype=np.longdouble)
    inverse[constant] -= shift
    # the shifts add up in the intercept alone
    return x - shift, 2.0 * np.eye(x.shape[1], dtype=np.longdouble) - inverse, inverse
