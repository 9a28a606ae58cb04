"""Derived quantities: what else the parameters of a distribution say, with delta-method standard errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from likely.models import scale
from likely.namespace import Jet, JetNamespace, as_jet

if TYPE_CHECKING:
    from likely.estimates import Estimates


def derived_quantities(fit: Estimates) -> dict[str, tuple[float, float | None]]:
    """The family's derived quantities at the estimates of a model of constants; see `likely.Fit.derived`."""
    effective = fit.effective
    model = effective.likelihood.model
    if not fit.converged or not model.constant or model.known_by_row:
        return {}
    if any(p.vector for p in model.family.parameters):
        return {}
    xp = JetNamespace(1)
    x = effective.outcome.point.x
    etas = [xp.variable(slot.start, float(x[slot.start])) for slot in model.slots]
    with np.errstate(all="ignore"):
        values = model.parameters(etas, xp, model.known)
        for slot in model.slots:
            if not np.isfinite(x[slot.start]):  # at the end of its domain
                values[slot.parameter.name] = xp.variable(slot.start, float(effective.coef[slot.label]))
        for extra, (name, value) in enumerate(model.fixed.items()):
            values[name] = xp.variable(model.size + extra, float(value))
        found = model.family._derived(xp, **values)
    out: dict[str, tuple[float, float | None]] = {}
    for name, jet in ((name, as_jet(value)) for name, value in found.items()):
        if jet.g and np.isfinite(value := float(jet.v)):
            out[name] = (value, _stderr(jet, effective))
    return out


def _stderr(jet: Jet, fit: Estimates) -> float | None:
    size = fit.likelihood.model.size
    gradient = np.zeros(size)
    for i, g in jet.g.items():
        if i < size:
            gradient[i] = float(g)
        elif float(g) != 0.0:
            return None  # an edge of the data enters
    if fit._link_cov is None or not np.all(np.isfinite(gradient)) or fit.unseen(gradient)[0]:
        return None
    error = float(scale.errors(gradient[None, :], fit._link_cov)[0][0])
    return error if np.isfinite(error) else None
