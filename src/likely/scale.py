"""Between the coefficients that a search moves (link scale) and the values that people read (natural scale).

A constant parameter is reported as itself, under its own name; the coefficients of predictors are reported as they
are. The map between the two is elementwise except for a vector parameter, whose probabilities share its log-odds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from likely.domains import LINKS
from likely.errors import OptionError, ParameterError, unknown
from likely.model import Model, Slot, softmax
from likely.namespace import JetNamespace


def reported_names(model: Model) -> list[str]:
    """Names of the values people read, in order."""
    names: list[str] = []
    for group in _groups(model):
        slot = group[0]
        if slot.constant and slot.level is not None:
            names += [f"{slot.parameter.name}[{level}]" for level in model.levels]
        else:
            names += [name for s in group for name in s.names]
    return names


def to_reported(model: Model, coefficients: Any) -> tuple[Any, Any]:
    """The reported values, and their Jacobian with respect to the coefficients."""
    values: list[float] = []
    rows: list[Any] = []
    for group in _groups(model):
        slot = group[0]
        if not slot.constant:
            for s in group:
                values += list(coefficients[s.start : s.stop])
                rows += list(np.eye(model.size)[s.start : s.stop])
            continue
        xp = JetNamespace(1)
        with np.errstate(all="ignore"):
            etas = [xp.variable(s.start, float(coefficients[s.start])) for s in group]
            jets = softmax(etas, xp) if slot.level is not None else (slot.link.inverse(etas[0], xp),)
        for jet in jets:
            values.append(float(jet.v))
            row = np.zeros(model.size)
            for i, g in jet.g.items():
                row[i] = float(g)
            rows.append(row)
    return np.array(values), np.array(rows).reshape(len(values), model.size)


def from_reported(model: Model, values: Mapping[str, Any]) -> Any:
    """The coefficients for reported values given by name; -inf or inf for a value at the end of its domain."""
    names = reported_names(model)
    for name in values:
        if name not in names:
            raise unknown("parameter", name, names)
    absent = [name for name in names if name not in values]
    if absent:
        raise ParameterError(f"values are missing for {', '.join(absent)}; all of {', '.join(names)} are needed")
    out = np.zeros(model.size)
    for group in _groups(model):
        slot = group[0]
        if not slot.constant:
            for s in group:
                out[s.start : s.stop] = [float(values[name]) for name in s.names]
        elif slot.level is not None:
            labels = [f"{slot.parameter.name}[{level}]" for level in model.levels]
            p = np.array([float(values[label]) for label in labels])
            slot.parameter.domain.check(slot.parameter.name, p)
            if abs(float(p.sum()) - 1.0) > 1e-9:
                raise ParameterError(f"the probabilities {slot.parameter.name} must sum to 1, they sum to {p.sum():g}")
            with np.errstate(divide="ignore"):
                out[[s.start for s in group]] = np.log(p[1:]) - np.log(p[0])
        else:
            slot.parameter.domain.check(slot.parameter.name, values[slot.label])
            with np.errstate(divide="ignore"):
                out[slot.start] = slot.link.forward(float(values[slot.label]))
    return out


def natural(model: Model, values: Mapping[str, Any]) -> tuple[Model, Any]:
    """The model in the reported values themselves, and these values in order."""
    if any(slot.constant and slot.level is not None for slot in model.slots):
        raise OptionError("probabilities that sum to 1 have no separate derivatives; use the odds of a formula '~ 1'")
    slots = tuple(replace(slot, link=LINKS["identity"]) if slot.constant else slot for slot in model.slots)
    return replace(model, slots=slots), np.array([float(values[name]) for name in reported_names(model)])


def _groups(model: Model) -> list[list[Slot]]:
    """The slots, those of one vector parameter together."""
    groups: list[list[Slot]] = []
    for slot in model.slots:
        if groups and slot.level is not None and groups[-1][0].parameter is slot.parameter:
            groups[-1].append(slot)
        else:
            groups.append([slot])
    return groups
