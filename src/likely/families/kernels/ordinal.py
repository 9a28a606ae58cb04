"""Ordered labels level by level: each row touches two thresholds, whatever their number."""

from __future__ import annotations

from typing import Any

import numpy as np

from likely.namespace import Jet, JetNamespace
from likely.namespace.arrays import Floats


def fits(model: Any) -> bool:
    """A location with predictors, on its own scale as the thresholds are, and no scale to speak of."""
    location, scale = model.slots[0], model.slots[-1]
    plain = all(slot.link.name == "identity" for slot in model.slots if slot.parameter.name != "scale")
    return plain and not location.idle and scale.parameter.name == "scale" and scale.idle and scale.offset is None


def ordinal_rows(family: Any, y: Any, prepared: Any, etas: list[Any]) -> Jet:
    """The rows of the cumulative model with the family's latent variable."""
    latent, location, cuts = family.latent, np.asarray(etas[0]), etas[1:-1]
    n, last = len(y), len(cuts)
    v, g, h = np.empty(n), {0: np.empty(n)}, {(0, 0): np.empty(n)}
    for k in range(1, last + 1):
        g[k], h[0, k], h[k, k] = np.zeros(n), np.zeros(n), np.zeros(n)
        if k > 1:
            h[k - 1, k] = np.zeros(n)
    for level in range(last + 1):
        here = np.flatnonzero(y == level)
        # the cut below and the cut above are variables `level` and `level + 1`
        jet = _one_level(latent, cuts, location, here, level)
        v[here] = jet.v
        towards = 0.0
        for k, slope in jet.g.items():
            g[k][here] = slope
            towards = towards - slope
        g[0][here] = towards
        bend: Any = 0.0
        for (j, k), curve in jet.h.items():
            h[j, k][here] = curve
            h[0, k][here] -= curve
            if j != k:
                h[0, j][here] -= curve
            bend = bend + (curve if j == k else 2.0 * curve)
        h[0, 0][here] = bend
    return Jet(v, g, h, 2)


def _one_level(latent: Any, cuts: list[Any], location: Any, here: Any, level: int) -> Jet:
    """The log-probability of a level in its rows, as a jet in the cuts, numbered from 1, that bound it."""
    xp, location = JetNamespace(2), location[here]
    low = xp.variable(level, _at(cuts[level - 1], here) - location) if level > 0 else None
    high = xp.variable(level + 1, _at(cuts[level], here) - location) if level < len(cuts) else None
    found: Jet
    if low is None:
        found = latent.below(high, xp)
    elif high is None:
        found = latent.above(low, xp)
    else:
        found = latent.between(low, high, xp)
    return found


def _at(cut: Any, rows: Any) -> Floats | float:
    return cut[rows] if np.ndim(cut) else cut
