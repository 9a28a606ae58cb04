"""Families at their limit: what a model becomes when a constant runs to the end of its domain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from likely.families.base import Limit
from likely.models.model import Model
from likely.models.rows import Rows
from likely.models.slot import Slot
from likely.namespace import NumpyNamespace
from likely.namespace.arrays import Floats

NEAR = {0.0: 1e-5, np.inf: 1e5}  # a parameter beyond this is compared with its limiting family


def watched(model: Model) -> list[tuple[Limit, Slot]]:
    """The limits of the family whose parameter is a free constant."""
    return [
        (limit, slot)
        for limit in model.family.limits
        for slot in model.slots
        if slot.parameter.name == limit.parameter and slot.constant
    ]


def beyond(limit: Limit, slot: Slot, x: Any, mark: float) -> bool:
    """Whether the coefficients `x` put a slot's constant between a mark and its limit."""
    value = slot.natural(x[slot.start])
    return value < mark if limit.at == 0.0 else value > mark


def predicted(model: Model, data: Rows, x: Any) -> list[tuple[Limit, Slot]]:
    """The limits of the family near which predictors put their parameter in every row."""
    found = []
    for slot in model.slots:
        for limit in model.family.limits:
            if slot.parameter.name == limit.parameter and not slot.constant:
                values = row_values(slot, data, x)
                near = values < NEAR[0.0] if limit.at == 0.0 else values > NEAR[np.inf]
                if np.all(near):
                    found.append((limit, slot))
    return found


def row_values(slot: Slot, data: Rows, x: Any) -> Floats:
    """The parameter of a slot with predictors or an offset, row by row."""
    with np.errstate(all="ignore"):
        return slot.link.inverse(data.eta(slot, x), NumpyNamespace())


def renamed(name: str, names: Mapping[str, str]) -> str:
    """A coefficient's name with its parameter's name changed: ``mean.x`` to ``rate.x``."""
    head = name.split(".")[0]
    return names.get(head, head) + name[len(head) :]


def limiting(model: Model, data: Rows, limit: Limit) -> tuple[Model, Rows]:
    """The model of the limiting family, with the same predictors, and its rows."""
    rest = {k: v for k, v in model.known.items() if k != limit.parameter}
    family = limit.becomes(**{k: model.family.known[k] if v is None else v for k, v in rest.items()})
    designs, offsets = dict(data.designs), dict(data.offsets)
    slots: list[Slot] = []
    for slot in model.slots:
        if slot.parameter.name != limit.parameter:
            start = slots[-1].stop if slots else 0
            parameter = family.parameter(limit.names.get(slot.parameter.name, slot.parameter.name))
            slots.append(replace(slot, parameter=parameter, start=start, stop=start + slot.stop - slot.start))
            if slot.design is not None:
                designs[slots[-1].label] = data.designs[slot.label]
            if slot.offset is not None:
                offsets[slots[-1].label] = data.offsets[slot.label]
    known = {limit.names.get(k, k): v for k, v in rest.items()}
    model = replace(model, family=family, slots=tuple(slots), known=known, fixed={})
    values = {limit.names.get(k, k): data.known[k] for k in rest}
    return model, replace(data, designs=designs, offsets=offsets, known=values)
