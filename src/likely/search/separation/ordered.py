"""Separation of ordered levels: a cumulative model is one yes or no for each of the two cuts around a row's level.

The probability of the interval between two cuts falls nowhere along a direction exactly if the upper cut does not come
down and the lower one does not come up: the cone is that of a binary model with a row for each of these conditions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from likely.compute import blocks
from likely.search.separation.certificate import Separation
from likely.search.separation.cone import Cone
from likely.search.separation.programme import Direction, Programmes, separate

if TYPE_CHECKING:
    from likely.likelihoods.log_likelihood import LogLikelihood
    from likely.search.outcome import Outcome

FLAT = 1e-3  # an information, in units of the columns' largest values, below which there may be no peak


def ordered_separation(L: LogLikelihood, outcome: Outcome | None) -> Separation | None:
    """What separates the levels of a family of ordered labels, as in `find_separation`."""
    model = L.model
    if all(slot.entry is None for slot in model.slots):
        return None  # the thresholds are known
    places = [i for slot in model.slots if slot.parameter.name != "scale" for i in range(slot.start, slot.stop)]
    cone, rows = _cone(L, places)
    if outcome is not None and outcome.converged and not flat(outcome.point.info[np.ix_(places, places)], cone.x):
        return None
    found = separate(cone, None if outcome is None else outcome.point.x[places][:, None])
    if found is None:
        return None
    names = [name for i, name in enumerate(model.names()) if i in set(places)]
    thresholds = {i for slot in model.slots if slot.entry is not None for i in range(slot.start, slot.stop)}
    cuts = [j for j, i in enumerate(places) if i in thresholds]
    columns, found = enough(cone, found, cuts)
    separated = np.unique(rows[found.separated])
    b = found.b[:, 0] / np.max(np.abs(found.b))
    # of a column alone with the thresholds, in their order
    own = range(len(names)) if len(b) == len(names) else sorted([*cuts, *columns])
    return Separation(
        "location",
        tuple(names[j].partition(".")[2] or names[j] for j in columns),
        L.bound.row_numbers(separated),
        {names[j]: float(v) for j, v in zip(own, b, strict=True) if v != 0.0},
        found.complete,
        _message(L, cone, found, names, columns, separated),
    )


def _cone(L: LogLikelihood, places: list[int]) -> tuple[Cone, Any]:
    """The conditions as rows of a binary model, and the row of the data that each comes from."""
    model, data, y = L.model, L.bound.data, L.bound.y
    cuts = [slot for slot in model.slots if slot.entry is not None]
    location = [slot for slot in model.slots if slot.parameter.name == "location" and not slot.idle]
    z, signs, rows = [], [], []
    for k, cut in enumerate(cuts):
        for level, sign in ((k, 1.0), (k + 1, -1.0)):
            here = np.flatnonzero(y == level)
            part = np.zeros((len(here), model.size))
            part[:, cut.start : cut.stop] = 1.0 if cut.design is None else blocks.dense(data.designs[cut.label][here])
            for slot in location:
                if slot.design is not None:  # else a penalty keeps all its coefficients finite
                    part[:, slot.start : slot.stop] = -blocks.dense(data.designs[slot.label][here])
            z.append(part[:, places])
            signs.append(np.full(len(here), sign))
            rows.append(here)
    return Cone.of_signs(np.concatenate(z), np.concatenate(signs)), np.concatenate(rows)


def flat(info: Any, x: Any) -> bool:
    """Whether the curvature has almost vanished along some direction."""
    largest = np.max(np.abs(x), axis=0, initial=0.0)
    largest = np.where(largest > 0, largest, 1.0)
    scaled = info / np.outer(largest, largest)
    return not np.all(np.isfinite(scaled)) or bool(np.linalg.eigvalsh(scaled)[0] <= FLAT)


def enough(cone: Cone, found: Direction, cuts: list[int]) -> tuple[list[int], Direction]:
    """A column that separates as many rows by itself, with the thresholds; else all that take part."""
    part = [int(j) for j in np.flatnonzero(np.any(found.free, axis=1)) if j not in cuts]
    for j in part if len(part) > 1 else []:
        alone = separate(cone.restrict(sorted([*cuts, j])))
        if alone is not None and np.array_equal(alone.separated, found.separated):
            return [j], alone
    return part or [int(j) for j in np.flatnonzero(np.any(found.free, axis=1))], found


def _message(
    L: LogLikelihood, cone: Cone, found: Direction, names: list[str], columns: list[int], separated: Any
) -> str:
    """What separates which rows, what that means, and what to do."""
    few = ", ".join(names[j].partition(".")[2] or names[j] for j in columns[:8])
    more = f" and {len(columns) - 8} more" if len(columns) > 8 else ""
    one = len(columns) == 1
    extent = "perfectly" if found.complete else f"in {len(separated)} of {len(L.bound.y)} rows"
    levels = [str(L.model.levels[int(code)]) for code in np.unique(L.bound.y[separated])]
    which = "" if found.complete else f" ({L.model.response} = {' or '.join(levels[:6])})"
    return (
        f"{few}{more} {'separates' if one else 'separate'} the levels of {L.model.response} {extent}{which}: "
        f"{'its coefficient has' if one else 'their coefficients have'} no finite estimate "
        f"({runs(cone, names, columns)}). "
        f"Leave out or regroup {'the column' if one else 'these columns'}, join levels, collect more data, or hold "
        f"{'its coefficient' if one else 'their coefficients'} at a value you trust with offset=..."
    )


def runs(cone: Cone, names: list[str], columns: list[int]) -> str:
    """Where the coefficients go."""
    search, ends = Programmes(cone), []
    for j in columns[:6]:
        row = search.basis[j]
        objective = row / np.max(np.abs(row))
        up, down = (search.best(sign * objective, 1e-6) is not None for sign in (1.0, -1.0))
        if up or down:
            ends.append(f"{names[j]} to {'either infinity' if up and down else '+infinity' if up else '-infinity'}")
    if len(ends) > 1:
        return f"they run: {', '.join(ends)}"
    return ends[0].replace(" to ", " runs to ") if ends else "running to infinity"
