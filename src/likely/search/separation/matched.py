"""Separation of cases from the others of their strata: every case is ahead of every other row of its stratum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from likely.compute import blocks
from likely.search.separation.certificate import Separation
from likely.search.separation.cone import Cone
from likely.search.separation.ordered import enough, flat, runs
from likely.search.separation.programme import separate

if TYPE_CHECKING:
    from likely.likelihoods.log_likelihood import LogLikelihood
    from likely.likelihoods.strata import Strata
    from likely.search.outcome import Outcome

MOST = 20_000_000  # numbers in the differences between cases and others


def matched_separation(L: LogLikelihood, strata: Strata, outcome: Outcome | None) -> Separation | None:
    """What separates the cases of a conditional likelihood, as in `find_separation`."""
    slot = L.model.slots[0]
    pairs = sum(len(s.rows) * s.cases * (s.rows.shape[1] - s.cases) for s in strata.shapes)
    if slot.design is None or slot.idle or pairs * L.model.size > MOST:
        return None
    parts, own = [], []
    for shape in strata.shapes:
        x = blocks.dense(L.bound.data.designs[slot.label][shape.rows.ravel()]).reshape(*shape.rows.shape, -1)
        ahead = x[:, : shape.cases, None] - x[:, None, shape.cases :]
        parts.append(ahead.reshape(-1, L.model.size))
        own.append(np.repeat(shape.places, ahead.shape[1] * ahead.shape[2]))
    z, place = np.concatenate(parts), np.concatenate(own)
    if outcome is not None and outcome.converged and not flat(outcome.point.info, z):
        return None
    cone = Cone.of_signs(z, np.ones(len(z)))
    found = separate(cone, None if outcome is None else outcome.point.x[:, None])
    if found is None:
        return None
    names = L.model.names()
    columns, found = enough(cone, found, [])
    separated_strata = np.unique(place[found.separated])
    rows = np.sort(np.concatenate([s.rows[np.isin(s.places, separated_strata)].ravel() for s in strata.shapes]))
    b = found.b[:, 0] / np.max(np.abs(found.b))
    at: Any = range(len(names)) if len(b) == len(names) else columns
    few, one = ", ".join(slot.design.names[j] for j in columns[:8]), len(columns) == 1
    message = (
        f"{few}{f' and {len(columns) - 8} more' if len(columns) > 8 else ''} {'separates' if one else 'separate'} the "
        f"cases from the others in {len(separated_strata)} of {strata.count} strata: "
        f"{'its coefficient has' if one else 'their coefficients have'} no finite estimate "
        f"({runs(cone, names, columns)}). Leave out or regroup {'the column' if one else 'these columns'}, collect "
        f"more data, or hold {'its coefficient' if one else 'their coefficients'} at a value you trust with offset=..."
    )
    return Separation(
        slot.parameter.name,
        tuple(slot.design.names[j] for j in columns),
        L.bound.row_numbers(rows),
        {names[j]: float(v) for j, v in zip(at, b, strict=True) if v != 0.0},
        found.complete,
        message,
    )
