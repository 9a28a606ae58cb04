"""What separation leaves to estimate: the rows, and the levels of rows, that the separating directions do not reach.

Along a separating direction the likelihood of the separated rows rises to its supremum, which is 1 for the outcomes
that can be separated (a yes, a count of zero), and that of the others stays. So the supremum of the likelihood of all
rows is the maximum of the likelihood of the others, and coefficients that these identify have finite estimates
(Correia, Guimaraes and Zylkin 2019, arXiv:1903.01633; for levels, Albert and Anderson 1984, *Biometrika* 71).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from likely.compute import blocks
from likely.compute.solve import least_squares
from likely.data.design import Aliasing
from likely.models.bind import Bound
from likely.models.identify import sum_of, without_aliased
from likely.models.rows import Rows
from likely.models.slot import BEHIND, Slot
from likely.search.separation.certificate import Separation
from likely.search.separation.cone import Cone, triangle

if TYPE_CHECKING:
    from likely.likelihoods.log_likelihood import LogLikelihood

CHUNK = 2048  # rows of conditions at a time


def remaining(L: LogLikelihood, found: Separation) -> Bound | None:
    """The data and the model without what is separated; None where nothing is left.

    Rows that are separated from everything are left out, and so are coefficients that the others do not identify. A
    level from which a row is separated is left behind by an offset.
    """
    bound, model = L.bound, L.model
    places = np.searchsorted(bound.row_numbers(), found.rows)
    removed = np.zeros(len(bound.y), dtype=bool)
    removed[places[np.isin(found.rows, found.left_out)]] = True
    if np.all(removed):
        return None
    kept = np.flatnonzero(~removed)
    data = bound.data.take(kept)
    mine = [k for k, slot in enumerate(model.slots) if slot.parameter.name == found.parameter]
    slots = list(model.slots)
    if found.excluded is not None:
        excluded = np.zeros((len(bound.y), found.excluded.shape[1]), dtype=bool)
        excluded[places] = found.excluded
        new, data = _levels([slots[k] for k in mine], data, excluded[kept])
        slots = [new[mine.index(k)] if k in mine else slot for k, slot in enumerate(slots)]
    else:
        for k, slot in enumerate(slots):
            if slot.design is not None:  # the coefficients that the rows do not identify go, the separating ones first
                last = found.columns if k in mine else ()
                design, x = without_aliased(slot.design, data.designs[slot.label], last)
                slots[k], data = replace(slot, design=design), data.with_design(slot, x)
    place = 0
    for k, slot in enumerate(slots):
        width = 1 if slot.design is None else len(slot.design.names)
        slots[k] = replace(slot, start=place, stop=place + width)
        place += width
    rows = np.ones(len(bound.y), dtype=bool) if bound.rows is None else bound.rows.copy()
    rows[found.left_out] = False
    return replace(bound, model=replace(model, slots=tuple(slots)), data=data, rows=rows, separation=found)


def _levels(slots: list[Slot], data: Rows, excluded: Any) -> tuple[list[Slot], Rows]:
    """The slots of a vector parameter, with the excluded levels behind and a design for each level."""
    count, y = len(slots) + 1, data.y
    behind = np.zeros((len(y), count), dtype=bool)
    for c in range(count):
        rows = y == c
        behind[np.ix_(rows, [k for k in range(count) if k != c])] = excluded[rows]
    # where the reference level is behind the others are ahead of it
    offsets = np.where(behind[:, [0]], np.where(behind[:, 1:], 0.0, BEHIND), np.where(behind[:, 1:], -BEHIND, 0.0))
    design = slots[0].design
    x = blocks.dense(data.matrix(slots[0]))
    cone = Cone.of_levels(x, y, count)
    p = x.shape[1]
    which = np.flatnonzero(~excluded)
    parts = (which[lo : lo + CHUNK] for lo in range(0, len(which), CHUNK))
    r = triangle(cone.rows(part, np.eye(p)) for part in parts)
    # the conditions of the rows that are left say what is identified: columns of all levels' coefficients side by side
    dependent, combination = least_squares.dependent_columns(np.zeros((0, p * len(slots))) if r is None else r)
    independent = [j for j in range(p * len(slots)) if j not in set(dependent)]
    null = np.zeros((p * len(slots), len(dependent)))
    null[independent] = np.where(np.abs(combination) > 1e-9, -combination, 0.0)
    null[dependent, range(len(dependent))] = 1.0
    out = []
    for m, slot in enumerate(slots):
        if slot.offset is not None or np.any(offsets[:, m]):
            own = 0.0 if slot.offset is None else data.offsets[slot.label]
            data, slot = data.with_offset(slot, own + offsets[:, m]), replace(slot, offset=slot.offset or ())
        mine = [k for k, j in enumerate(dependent) if j // p == m]
        if design is not None and mine:
            combinations: dict[str, str] = {}
            for k in mine:
                others = [int(i) for i in np.flatnonzero(null[:, k]) if i != dependent[k]]
                of = {i: "" if i // p == m else f" of {slots[i // p].label}" for i in others}
                combinations[design.names[dependent[k] % p]] = sum_of(
                    [(-float(null[i, k]), design.names[i % p] + of[i]) for i in others]
                )
            left_out = {dependent[k] - m * p for k in mine}
            part = null[m * p : (m + 1) * p, mine]
            stay = [j for j in range(p) if j not in left_out]
            data = data.with_design(slot, blocks.select(data.designs[slot.label], stay))
            slot = replace(slot, design=design.keep(stay, Aliasing(part, combinations)))
        out.append(slot)
    return out, data
