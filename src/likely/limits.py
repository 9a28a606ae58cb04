"""Families at their limit: what a model becomes when a constant runs to the end of its domain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from likely.family import Limit
from likely.model import Model, Slot


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


def renamed(name: str, names: Mapping[str, str]) -> str:
    """A coefficient's name with its parameter's name changed: ``mean.x`` to ``rate.x``."""
    head = name.split(".")[0]
    return names.get(head, head) + name[len(head) :]


def limiting(model: Model, limit: Limit) -> Model:
    """The model of the limiting family, with the same predictors."""
    rest = {k: v for k, v in model.known.items() if k != limit.parameter}
    family = limit.becomes(**rest)
    slots: list[Slot] = []
    for slot in model.slots:
        if slot.parameter.name != limit.parameter:
            start = slots[-1].stop if slots else 0
            parameter = family.parameter(limit.names.get(slot.parameter.name, slot.parameter.name))
            slots.append(replace(slot, parameter=parameter, start=start, stop=start + slot.stop - slot.start))
    known = {limit.names.get(k, k): v for k, v in rest.items()}
    return Model(family, tuple(slots), known, model.response, model.formula)
