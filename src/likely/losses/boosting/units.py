"""In which units scores are counted, so that trees learn the same whatever y is measured in.

Both libraries have constants of their own for the size of gradients and Hessians: the least sum of Hessians in a leaf,
a ridge penalty on its value. A location has the units of y, so its gradient and Hessian have those of 1/y and 1/y^2,
and in marks instead of thousands of marks they fall below these constants. Counted in scales of the fitted constants
they do not change with the units.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from likely.families.base import Family
from likely.models.model import Model
from likely.models.slot import Slot
from likely.namespace import NumpyNamespace
from likely.namespace.arrays import Floats

LOCATIONS = (0.75, -0.5)  # where it is asked whether a parameter is a location; any numbers other than 0
FACTOR = 2.0  # exact in a float
PLACES = (-1.25, 0.5, 2.25)  # of observations, in scales from the location
TOLERANCE = 1e-9


def units(model: Model, etas: Any) -> Floats:
    """The unit of each linear predictor: the scale of a location, and 1 for the others.

    Parameters
    ----------
    model : Model
    etas : ndarray
        The linear predictors of the constants.
    """
    out = np.ones(len(model.slots))
    if any(slot.entry is not None for slot in model.slots) or model.family.kind.labels:
        return out
    xp = NumpyNamespace()
    with np.errstate(all="ignore"):
        values = {
            s.parameter.name: float(s.link.inverse(np.float64(e), xp)) for s, e in zip(model.slots, etas, strict=True)
        }
    for k, slot in enumerate(model.slots):
        if slot.link.name == "identity" and not np.isfinite(slot.parameter.domain.lower):
            out[k] = _scale_of(slot, model, values)
    return out


def _scale_of(location: Slot, model: Model, values: Mapping[str, float]) -> float:
    """The constant that a parameter is a location beside; 1 where there is none."""
    family, known = model.family, {name: np.float64(v) for name, v in model.known.items() if np.ndim(v) == 0}
    for slot in model.slots:
        scale = slot.parameter
        if scale.domain.lower != 0.0 or np.isfinite(scale.domain.upper):
            continue
        if _are_location_and_scale(family, location.parameter.name, scale.name, {**values, **known}):
            unit = values[scale.name]
            return unit if np.isfinite(unit) and unit > 0.0 else 1.0
    for name, value in known.items():
        if _are_location_and_scale(family, location.parameter.name, name, {**values, **known}) and value > 0.0:
            return float(value)
    return 1.0


def _are_location_and_scale(family: Family, location: str, scale: str, values: Mapping[str, float]) -> bool:
    """Whether the density of y (or log y) is that of (y - location) / scale, divided by the scale."""
    if location == scale or not values[scale] > 0.0:
        return False
    real = [p.name for p in family.parameters if p.name in values and not np.isfinite(p.domain.lower)]
    at = {**values, **{name: LOCATIONS[i % 2] for i, name in enumerate(real)}, scale: 1.0}
    larger = {**at, location: FACTOR * at[location], scale: FACTOR * at[scale]}
    moved = {**at, location: at[location] + 1.0}
    place = at[location] + np.array(PLACES)

    def density(y: Any, parameters: Mapping[str, float]) -> Floats:
        return family._log_density(NumpyNamespace(), y, **{k: np.float64(v) for k, v in parameters.items()})

    with np.errstate(all="ignore"):
        if np.isfinite(family.support.lower):  # on the scale of log y
            own = density(np.exp(place), at) + place
            twice = density(np.exp(FACTOR * place), larger) + FACTOR * place
            unscaled = density(np.exp(place + 1.0), moved) + place + 1.0
        else:
            own, twice, unscaled = density(place, at), density(FACTOR * place, larger), density(place + 1.0, moved)
    return bool(
        np.all(np.isfinite(own))
        and np.allclose(twice + np.log(FACTOR), own, rtol=TOLERANCE, atol=TOLERANCE)
        and np.allclose(unscaled, own, rtol=TOLERANCE, atol=TOLERANCE)
    )
