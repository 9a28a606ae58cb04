"""Between the coefficients that a search moves (link scale) and the values that people read (natural scale).

A constant parameter is reported as itself, under its own name; the coefficients of predictors are reported as they
are. The map between the two is elementwise except for a vector parameter such as probabilities, which share their
log-odds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from likely.errors import OptionError, ParameterError, is_one_of, unknown
from likely.families.base.links import LINKS
from likely.families.base.vectors import VectorDomain
from likely.models.model import Model
from likely.models.slot import Slot
from likely.namespace import JetNamespace
from likely.namespace.arrays import Floats

AT_LIMIT = 30.0  # on a logarithmic scale, where a parameter stands that ran to its limit


def reported_names(model: Model) -> list[str]:
    """Names of the values people read, in order."""
    names: list[str] = []
    for group in model.groups:
        slot = group[0]
        if slot.constant and slot.entry is not None:
            names += entry_names(model, slot)
        else:
            names += [name for s in group for name in s.names]
    return names


def entry_names(model: Model, slot: Slot) -> list[str]:
    """Names of all entries of a slot's vector parameter."""
    domain = slot.parameter.domain
    assert isinstance(domain, VectorDomain)
    return [f"{slot.parameter.name}[{entry}]" for entry in domain.entries(model.levels)]


def to_reported(model: Model, coefficients: Any) -> tuple[Any, Any]:
    """The reported values, and their Jacobian with respect to the coefficients."""
    values: list[float] = []
    rows: list[Any] = []
    for group in model.groups:
        slot = group[0]
        if not slot.constant:
            for s in group:
                values += list(coefficients[s.start : s.stop])
                rows += list(np.eye(model.size)[s.start : s.stop])
            continue
        xp = JetNamespace(1)
        with np.errstate(all="ignore"):
            etas = [xp.variable(s.start, float(coefficients[s.start])) for s in group]
            value: Any = slot.parameter.domain.from_predictors(etas, slot.link, xp)
        for jet in value if slot.parameter.vector else (value,):
            values.append(float(jet.v))
            row = np.zeros(model.size)
            for i, g in jet.g.items():
                row[i] = float(g)
            rows.append(row)
    return np.array(values), np.array(rows).reshape(len(values), model.size)


def errors(jacobian: Any, covariance: Any) -> tuple[Any, Any]:
    """Standard errors of linear forms of the coefficients and their correlations, without a square that may overflow.

    Parameters
    ----------
    jacobian : ndarray, shape (k, p)
    covariance : ndarray, shape (p, p)

    Returns
    -------
    errors : ndarray, shape (k,)
    correlations : ndarray, shape (k, k)
        Zeros for a form without a variance.
    """
    size = np.max(np.abs(jacobian), axis=1, initial=0.0)
    unit = jacobian / np.where((size > 0.0) & np.isfinite(size), size, 1.0)[:, None]
    own = np.diagonal(unit)
    if unit.shape[0] == unit.shape[1] and np.count_nonzero(unit) == np.count_nonzero(own):
        found = own[:, None] * covariance * own
    else:
        found = unit @ covariance @ unit.T
    widths = np.sqrt(np.maximum(np.diagonal(found), 0.0))
    there = np.where(widths > 0.0, widths, 1.0)
    correlations = np.where((widths[:, None] > 0.0) & (widths > 0.0), found / there[:, None] / there, 0.0)
    with np.errstate(over="ignore", under="ignore"):
        return widths * size, correlations


def reached(model: Model, coef: Mapping[str, Any]) -> Floats:
    """The coefficients as `from_reported` gives them, with constants that ran to a limit a little before it."""
    end = float(np.exp(AT_LIMIT))
    inside = dict(coef)
    edges = {limit.parameter for limit in model.family.limits}
    for slot in model.slots:
        if slot.constant and slot.label in inside and slot.link.name == "log":
            value = float(inside[slot.label])
            if slot.parameter.name in edges or value in (0.0, np.inf):  # not a scale in large or small units
                inside[slot.label] = float(np.clip(value, 1.0 / end, end))
    return from_reported(model, inside)


def from_reported(model: Model, values: Mapping[str, Any]) -> Floats:
    """The coefficients for reported values given by name; -inf or inf for a value at the end of its domain.

    NaN for a value that its link does not reach, such as a location below 0 under the logarithm.
    """
    names = reported_names(model)
    for name in values:
        if not is_one_of(name, names):
            raise unknown("parameter", name, names)
    absent = [name for name in names if name not in values]
    if absent:
        raise ParameterError(f"values are missing for {', '.join(absent)}; all of {', '.join(names)} are needed")
    out = np.zeros(model.size)
    for group in model.groups:
        slot = group[0]
        if not slot.constant:
            for s in group:
                out[s.start : s.stop] = [float(values[name]) for name in s.names]
        else:
            vector = slot.parameter.vector
            value = np.array([float(values[k]) for k in entry_names(model, slot)]) if vector else values[slot.label]
            etas = slot.parameter.domain.to_predictors(slot.parameter.name, value, slot.link)
            out[[s.start for s in group]] = etas
    return out


def natural(model: Model, values: Mapping[str, Any]) -> tuple[Model, Any]:
    """The model in the reported values themselves, and these values in order."""
    if any(slot.shared for slot in model.slots):
        raise OptionError("probabilities that sum to 1 have no separate derivatives; use the odds of a formula '~ 1'")
    slots = tuple(replace(slot, link=LINKS["identity"]) if slot.constant else slot for slot in model.slots)
    return replace(model, slots=slots), np.array([float(values[name]) for name in reported_names(model)])
