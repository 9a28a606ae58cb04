"""Models as plain data, for JSON, and back: what is assumed and what was learnt from data, without rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from likely.data.reading import Reading, TextReading
from likely.data.recipes import design_of, of_design, plain, restored
from likely.errors import LikelyError, OptionError, is_one_of, unknown
from likely.families.base import Family
from likely.models.plain import OURS
from likely.models.slot import Slot

if TYPE_CHECKING:
    from likely.models.model import Model

VERSION = 1
NO_MODEL = "these are no data of a model, as its to_dict() gives them"
BY_ROW: dict[str, Any] = {"array": []}  # in place of what was given as an array of rows


def of_model(model: Model) -> dict[str, Any]:
    """A model as plain data; see `likely.models.model.Model.to_dict`."""
    family = model.family
    if model.reading is None:
        raise OptionError(f"{family.title} is made of functions or of other models: fit.save(path) writes its fits")
    by_row = {p.name for p in family.parameters if not p.vector}
    designs = list({id(slot.design): slot.design for slot in model.slots if slot.design is not None}.values())
    reading = model.reading
    return {
        "version": VERSION,
        "family": {
            "name": family.name,
            "own": OURS.get(family.name) is not type(family),
            "arguments": {
                name: given_or_array(value) if name in by_row else plain(value)
                for name, value in family.arguments.items()
            },
        },
        "response": model.response,
        "formula": model.formula,
        "known": {name: plain(value) for name, value in model.known.items()},
        "fixed": plain(dict(model.fixed)),
        "weights": given_or_array(model.weights),
        "weights_kind": model.weights_kind,
        "na": plain(reading.na),
        "readings": {name: asdict(one) for name, one in reading.readings.items()},
        "designs": [of_design(design) for design in designs],
        "predictors": [
            {
                "parameter": slot.parameter.name,
                "entry": slot.entry,
                "link": slot.link.name,
                "design": None if slot.design is None else next(k for k, d in enumerate(designs) if d is slot.design),
                "offset": None if slot.offset is None else [given_or_array(spec) for spec in slot.offset],
                "start": slot.start,
                "stop": slot.stop,
            }
            for slot in model.slots
        ],
    }


def parts_of(data: Mapping[str, Any], families: Mapping[str, Callable[..., Family]]) -> dict[str, Any]:
    """The attributes of the model that plain data are of; see `likely.models.model.Model.from_dict`."""
    if not isinstance(data, Mapping) or "predictors" not in data:
        raise OptionError(NO_MODEL)
    version = data.get("version")
    if version != VERSION:
        raise OptionError(f"these data are of version {version!r} of a model, and this likely reads version {VERSION}")
    try:
        return _parts(data, families)
    except LikelyError:
        raise
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise OptionError(f"{NO_MODEL} ({type(error).__name__}: {error})") from error


def _parts(data: Mapping[str, Any], families: Mapping[str, Callable[..., Family]]) -> dict[str, Any]:
    family = _family_of(data["family"], families)
    designs = [design_of(design) for design in data["designs"]]
    slots = []
    for one in data["predictors"]:
        parameter = family.parameter(one["parameter"])
        design = None if one["design"] is None else designs[one["design"]]
        offset = None if one["offset"] is None else tuple(map(restored, one["offset"]))
        link = parameter.domain.get_link(parameter.name, one["link"])
        slots.append(Slot(parameter, link, design, offset, one["start"], one["stop"], one["entry"]))
    names, fixed = {p.name for p in family.parameters}, restored(data["fixed"])
    if not set(data["known"]) | set(fixed) <= names or not isinstance(data["response"], str):
        raise OptionError(f"{NO_MODEL}: what is known is no parameter of {family.title}")
    return {
        "family": family,
        "slots": tuple(slots),
        "known": {name: restored(one) for name, one in data["known"].items()},
        "response": data["response"],
        "formula": data["formula"],
        "fixed": fixed,
        "weights_kind": data["weights_kind"],
        "weights": restored(data["weights"]),
        "reading": TextReading(
            tuple(restored(data["na"])), {name: Reading(**one) for name, one in data["readings"].items()}
        ),
    }


def given_or_array(spec: Any) -> Any:
    """What stands beside a formula: a column, an expression or a number; nothing of an array but that it was one."""
    return BY_ROW if np.ndim(spec) else plain(spec)


def _family_of(data: Mapping[str, Any], families: Mapping[str, Callable[..., Family]]) -> Family:
    name, every = data["name"], {**OURS, **families}
    if data.get("own") and name not in families:
        raise OptionError(f"{name!r} is a family of your own: pass families={{{name!r}: its class}}")
    if not is_one_of(name, every):
        raise unknown("family", name, list(every), "; one of your own is passed as families={name: its class}")
    return every[name](**{key: restored(value) for key, value in data["arguments"].items()})
