"""Whether outcomes are separated, and which columns do it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from likely.compute import blocks
from likely.compute.blocks import Blocks
from likely.compute.engines import memory
from likely.compute.solve import orthogonal
from likely.families.base import Kind
from likely.likelihoods import by_rows
from likely.models.rows import take
from likely.namespace import NumpyNamespace
from likely.namespace.arrays import Floats, Integers
from likely.search.separation.certificate import Separation
from likely.search.separation.cone import Cone, term_sizes
from likely.search.separation.large import separate_large
from likely.search.separation.matched import matched_separation
from likely.search.separation.ordered import ordered_separation
from likely.search.separation.programme import WORKING, Direction, separate
from likely.search.separation.wording import SeparationWording, many

if TYPE_CHECKING:
    from likely.likelihoods.log_likelihood import LogLikelihood
    from likely.models.slot import Slot
    from likely.search.outcome import Outcome

# links whose linear predictor must run to infinity for the parameter to reach an end of its domain
MONOTONE = ("logit", "probit", "cloglog", "loglog", "cauchit", "log", "softplus")
LARGEST = 500  # coefficients; beyond, one sparse programme is quicker than several dense ones
DENSE = 50_000_000  # numbers of a design in blocks that may be made an array
MANY = 64  # columns; of more no smallest sufficient set is looked for
ROWS = 65_536  # at a time
FREE = 2.0  # the code of a row that imposes nothing


def find_separation(L: LogLikelihood, outcome: Outcome | None = None, saturated: float = 0.0) -> Separation | None:
    """What separates the outcomes, where the end of a search looks as if something did, or without a search.

    Parameters
    ----------
    L : LogLikelihood
    outcome : Outcome, optional
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
    if L.bound.separation is not None:  # what is left once separated rows were dropped is not separated
        return None
    if outcome is not None and not np.all(np.isfinite(outcome.point.x)):
        return None
    if (strata := L.objective.strata) is not None:
        return matched_separation(L, strata, outcome)
    if model.family.kind is Kind.ORDERED:
        return ordered_separation(L, outcome) if model.size <= LARGEST else None
    groups: dict[str, list[Slot]] = {}
    for slot in model.slots:
        if not slot.constant and slot.link.name in MONOTONE:
            groups.setdefault(slot.parameter.name, []).append(slot)
    if not groups:
        return None
    codes = _codes(L)
    for name, slots in groups.items():
        if name not in codes:
            continue
        row_codes = codes[name]
        if slots[0].entry is None:
            # a probability under a log link reaches 1 at a finite predictor: no row may run up
            if slots[0].link.upper != slots[0].parameter.domain.upper:
                row_codes = np.where(row_codes == 1, 0, row_codes)
            if not np.any(np.abs(row_codes) == 1):
                continue
        if outcome is not None and outcome.converged and not _suspect(L, outcome, slots, row_codes, saturated):
            continue
        found = _examine(L, slots, row_codes.astype(float), None if outcome is None else outcome.point.x)
        if found is not None:
            return found
    return None


def _codes(L: LogLikelihood) -> dict[str, Any]:
    """By parameter, how far its linear predictor may run in each row (`Family.saturation`), in two bytes a row."""
    family, data = L.model.family, L.bound.data

    def block(lo: int, hi: int) -> tuple[Any, ...]:
        found = family.saturation(data.y[lo:hi], take(data.known, slice(lo, hi)))
        return ({name: np.asarray(codes, dtype=np.int16) for name, codes in found.items()},)

    parts = [part for (part,) in memory.map_blocks(block, data.n, ROWS)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _suspect(L: LogLikelihood, outcome: Outcome, slots: list[Slot], codes: Any, saturated: float) -> bool:
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
            largest[slot.start - start : slot.stop - start] = blocks.largest(L.bound.data.designs[slot.label])
    largest = np.where(largest > 0, largest, 1.0)
    info = outcome.point.info[start:stop, start:stop] / np.outer(largest, largest)
    return not np.all(np.isfinite(info)) or bool(np.linalg.eigvalsh(info)[0] <= 1e-3)


def _saturated(L: LogLikelihood, outcome: Outcome, slots: list[Slot], codes: Any, saturated: float) -> bool:
    """Whether some row's parameter lies within exp(-saturated) of the end of the domain that its outcome points to."""
    places = [next(k for k, own in enumerate(L.model.slots) if own is slot) for slot in slots]
    objective = by_rows(L.row_objective, "separation")

    def extremes(of: Callable[[list[Any], int, int], tuple[float, float]]) -> tuple[float, float]:
        """The largest and the smallest of what some function gives of the predictors of blocks of rows."""

        def block(lo: int, hi: int) -> tuple[Any, ...]:
            etas = objective.etas(outcome.point.x, slice(lo, hi))
            return of([np.broadcast_to(etas[k], hi - lo) for k in places], lo, hi)

        parts = memory.map_blocks(block, objective.rows, objective.block)
        return max(p[0] for p in parts), min(p[1] for p in parts)

    if slots[0].entry is not None:
        return extremes(lambda mine, lo, hi: (float(np.max(np.abs(mine))), 0.0))[0] > saturated
    domain, link = slots[0].parameter.domain, slots[0].link

    def near(highest: float, lowest: float) -> bool:
        gaps = []
        with np.errstate(all="ignore"):  # the links are monotone, so the extremes speak for all rows
            if np.isfinite(highest):
                gaps.append(domain.upper - float(link.inverse(np.float64(highest), NumpyNamespace())))
            if np.isfinite(lowest):
                gaps.append(float(link.inverse(np.float64(lowest), NumpyNamespace())) - domain.lower)
        return bool(min(gaps, default=np.inf) < np.exp(-saturated))

    def of_codes(mine: list[Any], lo: int, hi: int) -> tuple[float, float]:
        up, down = mine[0][codes[lo:hi] == 1.0], mine[0][codes[lo:hi] == -1.0]
        return float(np.max(up, initial=-np.inf)), float(np.min(down, initial=np.inf))

    # most fits are far from the ends in all rows, whatever these ask for: that is quicker to see
    return near(*extremes(lambda mine, lo, hi: (float(np.max(mine[0])), float(np.min(mine[0]))))) and near(
        *extremes(of_codes)
    )


def _examine(L: LogLikelihood, slots: list[Slot], codes: Any, coefficients: Any) -> Separation | None:
    """The separation of one parameter's linear predictors, if there is one."""
    slot, y = slots[0], L.bound.y
    matrix = L.bound.data.matrix(slot)
    names = ("Intercept",) if slot.design is None else slot.design.names
    levels = slot.entry is not None
    keep = np.ones(len(y), dtype=bool) if levels else codes != FREE
    places = np.flatnonzero(keep)
    if len(places) == 0:
        return None
    if len(places) < len(y):
        matrix, codes, y = matrix[keep], codes[keep], y[keep]
    if slots[-1].stop - slots[0].start > LARGEST or (isinstance(matrix, Blocks) and matrix.shape[1] * len(y) > DENSE):
        return _examine_many(L, slots, names, matrix, codes, places, coefficients)
    x = blocks.dense(matrix)
    intercept = blocks.constant_column(x)
    shift = orthogonal.far_from_zero(x, intercept)
    near = x - shift if np.any(shift) else x
    hint = None
    if coefficients is not None:
        hint = np.column_stack([coefficients[s.start : s.stop] for s in slots])
        if intercept is not None:
            hint[intercept] += shift @ hint
    cone = Cone.of_levels(near, codes, len(slots) + 1) if levels else Cone.of_signs(near, codes)
    found = separate(cone, hint)
    if found is None:
        return None
    columns, fewer = _enough(cone, found, intercept)
    wording = SeparationWording(L, slots, names, cone, x, y, codes, fewer, columns, intercept, near is not x)
    b = np.where(found.free, found.b, 0.0)
    if intercept is not None and np.any(shift):  # back to the columns as they are
        b[intercept] -= shift @ b
    return _certificate(L, slots, names, codes, places, found, b, [names[j] for j in columns], wording.message())


def _certificate(
    L: LogLikelihood,
    slots: list[Slot],
    names: Sequence[str],
    codes: Any,
    places: Any,
    found: Direction,
    b: Any,
    columns: Sequence[str],
    message: str,
) -> Separation:
    """What was found, in terms of the data's rows and the coefficients' names."""
    levels = slots[0].entry is not None
    chosen = found.separated if levels else np.zeros(len(codes), dtype=bool)
    if not levels:
        chosen[np.abs(codes) == 1.0] = found.separated
    rows = L.bound.row_numbers(places[chosen])
    labels = [[slot.label] if slot.constant else [f"{slot.label}.{name}" for name in names] for slot in slots]
    b = b / np.max(np.abs(b))
    direction = {name: float(v) for k, own in enumerate(labels) for name, v in zip(own, b[:, k], strict=True) if v != 0}
    excluded = found.met[chosen] if levels else None
    return Separation(slots[0].parameter.name, tuple(columns), rows, direction, found.complete, message, excluded)


def _examine_many(
    L: LogLikelihood, slots: list[Slot], names: Sequence[str], matrix: Any, codes: Any, places: Any, coefficients: Any
) -> Separation | None:
    """The same for many coefficients, by one sparse programme."""
    x = blocks.as_blocks(matrix).csr if isinstance(matrix, Blocks) else sparse.csr_array(matrix)
    count = len(slots)
    scores = None if coefficients is None else _scores(L, slots, coefficients)[:, places]
    if slots[0].entry is None:
        ends = np.abs(codes) == 1.0
        signs = sparse.dia_array((codes[ends][None, :], [0]), shape=(np.count_nonzero(ends),) * 2)
        pulls = None if scores is None else (scores[0][ends] * codes[ends], scores[0][codes == 0.0])
        found = separate_large(signs @ x[ends], x[codes == 0.0], pulls)
    else:
        cone = Cone.of_levels(np.zeros((len(codes), 0)), codes, count + 1)
        wide = [sparse.kron(cone.patterns[c], x[codes == c], format="csr") for c in range(count + 1)]
        order = np.concatenate([_flat(np.flatnonzero(codes == c), count, len(codes)) for c in range(count + 1)])
        pulls = None
        if scores is not None:
            own = [np.linalg.solve(cone.patterns[c].T, scores[:, codes == c]).ravel() for c in range(count + 1)]
            pulls = np.concatenate(own), np.zeros(0)
        found = separate_large(sparse.vstack(wide, format="csr"), sparse.csr_array((0, count * x.shape[1])), pulls)
        if found is not None:
            met = np.empty(len(codes) * count, dtype=bool)
            met[order] = found.met[:, 0]
            found = replace(found, met=met.reshape(count, len(codes)).T)
    if found is None:
        return None
    b = found.b.reshape(count, -1).T
    strength = np.max(np.abs(b) * blocks.largest(matrix)[:, None], axis=1)
    strong = [j for j in np.argsort(-strength, kind="stable") if strength[j] > 1e-9 * np.max(strength)]
    columns = [names[j] for j in sorted(strong)]
    return _certificate(L, slots, names, codes, places, found, b, columns, many(L, slots, columns, found))


def _scores(L: LogLikelihood, slots: list[Slot], coefficients: Any) -> Floats:
    """The weighted scores of all rows with respect to some linear predictors, shape (predictors, n)."""
    objective = by_rows(L.row_objective, "separation")
    at = [L.model.slots.index(slot) for slot in slots]

    def block(lo: int, hi: int) -> tuple[Any, ...]:
        found = objective.slot_scores(coefficients, lo, hi)
        return (np.array([found[k] for k in at]),)

    scores = np.concatenate([part[0] for part in memory.map_blocks(block, objective.rows, objective.block)], axis=1)
    return scores if objective.weights is None else scores * objective.weights


def _flat(rows: Any, conditions: int, n: int) -> Integers:
    """Places, condition by condition, of the conditions of some rows among those of all n."""
    return (np.arange(conditions)[:, None] * n + rows[None, :]).ravel()


def _enough(cone: Cone, found: Direction, intercept: int | None) -> tuple[list[int], Direction]:
    """Few columns that, with the intercept, separate the same rows, and what they do.

    Where the intercept does so alone it is the only column.
    """
    always = [] if intercept is None else [intercept]
    taking_part = [int(j) for j in np.flatnonzero(np.any(found.free, axis=1)) if j != intercept]
    few = _rows_to_try(cone, found)

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


def _rows_to_try(cone: Cone, found: Direction) -> Any:
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
