"""Whether a search ended because something separates the outcomes, and which columns do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np

from likely.derive.separation.cone import Cone, term_sizes
from likely.derive.separation.programme import WORKING, Direction, separate
from likely.derive.separation.told import Told
from likely.engines import memory
from likely.namespace import NumpyNamespace

if TYPE_CHECKING:
    from likely.likelihood import Likelihood
    from likely.model import Slot
    from likely.outcome import Outcome

# links whose linear predictor must run to infinity for the parameter to reach an end of its domain
MONOTONE = ("logit", "probit", "cloglog", "loglog", "cauchit", "log", "softplus")
LARGEST = 500  # coefficients; beyond, a linear programme takes too long to be a diagnosis
MANY = 64  # columns; of more no smallest sufficient set is looked for
FREE = 2.0  # the code of a row that imposes nothing


@final
@dataclass(frozen=True)
class Separation:
    """Columns whose coefficients have no finite estimate.

    Attributes
    ----------
    parameter : str
    columns : tuple of str
        Columns that are enough to separate the rows; the intercept only where it does so alone.
    message : str
    rows : int
        Number of rows that are separated: explained ever better, without end.
    complete : bool
        Whether that is so for every row.
    """

    parameter: str
    columns: tuple[str, ...]
    message: str
    rows: int
    complete: bool


def find_separation(L: Likelihood, outcome: Outcome, saturated: float) -> Separation | None:
    """What separates the outcomes, where the end of the search looks as if something did.

    Parameters
    ----------
    L : Likelihood
    outcome : Outcome
        Where the search ended.
    saturated : float
        A parameter within exp(-saturated) of the end of its domain gives cause to look.

    Returns
    -------
    Separation or None

    Notes
    -----
    `Family.saturation` gives one code per row: +1 or -1 where its linear predictor may run up or down for ever without
    lowering its log-density, 0 where it may not, 2 where it does not matter at all (no trials). For a vector parameter
    the code is that of the row's level.
    """
    model = L.model
    if not np.all(np.isfinite(outcome.point.x)):
        return None
    groups: dict[str, list[Slot]] = {}
    for slot in model.slots:
        if not slot.constant and slot.link.name in MONOTONE:
            groups.setdefault(slot.parameter.name, []).append(slot)
    if not groups:
        return None
    codes = model.family.saturation(L.bound.y, model.known)
    for name, slots in groups.items():
        if name not in codes or slots[-1].stop - slots[0].start > LARGEST:
            continue
        row_codes = np.asarray(codes[name], dtype=float)
        if slots[0].level is None:
            # a probability under a log link reaches 1 at a finite predictor: no row may run up
            if slots[0].link.upper != slots[0].parameter.domain.upper:
                row_codes = np.where(row_codes == 1.0, 0.0, row_codes)
            if not np.any(np.abs(row_codes) == 1.0):
                continue
        if outcome.converged and not _suspect(L, outcome, slots, row_codes, saturated):
            continue
        found = _examine(L, slots, row_codes, outcome.point.x)
        if found is not None:
            return found
    return None


def _suspect(L: Likelihood, outcome: Outcome, slots: list[Slot], codes: Any, saturated: float) -> bool:
    """Whether a search that says it converged may have done so on the way to infinity.

    There the parameter is at the end of its domain in the separated rows, and the curvature has vanished along the
    direction that separates them: the smallest eigenvalue of the information, in units of the columns' largest values,
    is then of the order of the rounding errors that stopped the search.
    """
    if not _saturated(L, outcome, slots, codes, saturated):
        return False
    start, stop = slots[0].start, slots[-1].stop
    largest = np.ones(stop - start)
    for slot in slots:
        if slot.design is not None:
            x = slot.design.x
            largest[slot.start - start : slot.stop - start] = np.maximum(x.max(axis=0), -x.min(axis=0))
    largest = np.where(largest > 0, largest, 1.0)
    info = outcome.point.info[start:stop, start:stop] / np.outer(largest, largest)
    return not np.all(np.isfinite(info)) or bool(np.linalg.eigvalsh(info)[0] <= 1e-3)


def _saturated(L: Likelihood, outcome: Outcome, slots: list[Slot], codes: Any, saturated: float) -> bool:
    """Whether some row's parameter lies within exp(-saturated) of the end of the domain that its outcome points to."""
    places = [L.model.slots.index(slot) for slot in slots]
    objective = L.row_objective

    def block(lo: int, hi: int) -> tuple[Any, ...]:
        etas = objective.etas(outcome.point.x, slice(lo, hi))
        mine = [np.broadcast_to(etas[k], hi - lo) for k in places]
        if slots[0].level is not None:
            return float(np.max(np.abs(mine))), 0.0
        up, down = mine[0][codes[lo:hi] == 1.0], mine[0][codes[lo:hi] == -1.0]
        return float(np.max(up, initial=-np.inf)), float(np.min(down, initial=np.inf))

    parts = memory.map_blocks(block, objective.rows, objective.block)
    highest, lowest = max(p[0] for p in parts), min(p[1] for p in parts)
    if slots[0].level is not None:
        return highest > saturated
    domain, link = slots[0].parameter.domain, slots[0].link
    gaps = []
    with np.errstate(all="ignore"):  # the links are monotone, so the extremes speak for all rows
        if np.isfinite(highest):
            gaps.append(domain.upper - float(link.inverse(np.float64(highest), NumpyNamespace())))
        if np.isfinite(lowest):
            gaps.append(float(link.inverse(np.float64(lowest), NumpyNamespace())) - domain.lower)
    return bool(min(gaps, default=np.inf) < np.exp(-saturated))


def _examine(L: Likelihood, slots: list[Slot], codes: Any, coefficients: Any) -> Separation | None:
    """The separation of one parameter's linear predictors, if there is one."""
    slot, w, y = slots[0], L.bound.weights, L.bound.y
    x = np.ones((len(y), 1)) if slot.design is None else slot.design.x
    names = ("Intercept",) if slot.design is None else slot.design.names
    intercept = 0 if slot.design is None else slot.design.intercept
    levels = slot.level is not None
    keep = np.ones(len(y), dtype=bool) if levels else codes != FREE
    if w is not None:
        keep &= w > 0
    if not np.all(keep):
        x, codes, y = x[keep], codes[keep], y[keep]
    shift = _far_from_zero(x, intercept)
    near = x - shift if np.any(shift) else x
    hint = np.column_stack([coefficients[s.start : s.stop] for s in slots])
    if intercept is not None:
        hint[intercept] += shift @ hint
    cone = Cone.of_levels(near, codes, len(slots) + 1) if levels else Cone.of_signs(near, codes)
    found = separate(cone, hint)
    if found is None:
        return None
    columns, fewer = _enough(cone, found, intercept)
    told = Told(L, slots, names, cone, x, y, codes, fewer, columns, intercept, near is not x)
    return Separation(
        slot.parameter.name,
        tuple(names[j] for j in columns),
        told.message(),
        int(np.count_nonzero(fewer.separated)),
        fewer.complete,
    )


def _far_from_zero(x: Any, intercept: int | None) -> Any:
    """What to subtract from columns that vary little about a large value, such as years and times.

    Beside an intercept it changes no direction, and it saves the digits that tell the rows apart.
    """
    low, high = x.min(axis=0), x.max(axis=0)
    far = (high > low) & (np.maximum(high, -low) > 8.0 * (high - low))
    return np.where(far, x[0], 0.0) if intercept is not None else np.zeros(x.shape[1])


def _enough(cone: Cone, found: Direction, intercept: int | None) -> tuple[list[int], Direction]:
    """Few columns that, with the intercept, separate the same rows, and what they do.

    Where the intercept does so alone it is the only column.
    """
    always = [] if intercept is None else [intercept]
    taking_part = [int(j) for j in np.flatnonzero(np.any(found.free, axis=1)) if j != intercept]
    few = _telling_rows(cone, found)

    def tried(columns: list[int], rows: Any) -> Direction | None:
        part = sorted([*always, *columns])
        direction = separate(cone.restrict(part, rows)) if part else None
        if direction is None or direction.complete < found.complete:
            return None
        return direction if np.array_equal(direction.separated, found.separated[rows]) else None

    if always and (alone := tried([], slice(None))) is not None:
        return always, alone
    if found.dimension == 1 or len(taking_part) <= 1:
        return taking_part or always, found
    strength = np.max(np.abs(found.b), axis=1) * np.std(cone.x, axis=0)
    order = sorted(taking_part, key=lambda j: -strength[j])
    # the strongest columns first, doubling their number; then each that is not needed is left out
    sizes = [2**k for k in range(6) if 2**k < len(order)] + ([len(order)] if len(order) <= MANY else [])
    chosen = next((order[:size] for size in sizes if tried(order[:size], few) is not None), None)
    if chosen is None:
        return taking_part, found
    for j in reversed(chosen):
        if len(chosen) > 1 and tried([k for k in chosen if k != j], few) is not None:
            chosen = [k for k in chosen if k != j]
    direction = tried(chosen, slice(None))
    return (taking_part, found) if direction is None else (sorted(chosen), direction)


def _telling_rows(cone: Cone, found: Direction) -> Any:
    """Rows enough to try columns on: all of them, or those that a direction separates least and some of the others."""
    n = len(cone.x)
    if n <= 4 * WORKING:
        return slice(None)
    sizes = term_sizes(cone.x, np.max(np.abs(found.b), axis=1))
    margin = np.min(cone.change(found.b), axis=1) / np.maximum(sizes, 1e-300)
    closest = [np.flatnonzero(cone.kind == c) for c in range(len(cone.patterns))]
    closest = [rows[np.argsort(margin[rows], kind="stable")[: WORKING // len(closest)]] for rows in closest]
    moved = np.flatnonzero(found.separated)
    return np.unique(np.concatenate([*closest, moved[:: 1 + len(moved) // WORKING], np.arange(0, n, 1 + n // WORKING)]))
