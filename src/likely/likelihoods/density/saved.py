"""Models of densities as plain data, for JSON, and back: all but the functions, which the user gives again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from likely.data.reading import Reading, TextReading
from likely.data.recipes import plain, restored
from likely.errors import OptionError, listed
from likely.families.base import Family
from likely.likelihoods.density.bound import slots_of
from likely.likelihoods.density.columns import ColumnsRead
from likely.likelihoods.density.family import Density
from likely.models.model import Model
from likely.models.saved import given_or_array

VERSION = 1


def model_to_dict(model: Model) -> dict[str, Any]:
    """The model of a density as plain data, without rows and without its functions."""
    density, reader = model.family, ColumnsRead.of(model)
    assert isinstance(density, Density)
    return {
        "version": VERSION,
        "density": description(density),
        "levels": None if density.base is None else plain(density.base.levels),
        "columns": list(reader.names),
        "response": reader.response,
        "na": plain(reader.reading.na),
        "readings": {name: asdict(one) for name, one in reader.reading.readings.items()},
        "weights": given_or_array(model.weights),
        "weights_kind": model.weights_kind,
    }


def description(density: Density) -> dict[str, Any]:
    """What can be told of a density without its functions; densities that differ in it are different ones."""
    layout = density.layout
    return {
        "name": density.label,
        "parameters": [[p.name, p.domain.name] for p in density.parameters],
        "fixed": plain(dict(density.known)),
        "links": {slot.label: slot.link.name for slot in slots_of(density)},
        "ties": [[name, None if callable(to) else to] for name, to in layout.ties],
        "family": None if density.base is None else density.base.name,
        "functions": [name for name, rule in density.rules if callable(rule)],
        "known": {name: given_or_array(spec) for name, spec in density.specs.items()},
    }


def model_from_dict(data: Mapping[str, Any], families: Mapping[str, Callable[..., Family]]) -> Model:
    """The model that `model_to_dict` gave the data of.

    Parameters
    ----------
    data : mapping
    families : mapping of str to callable
        What makes families of the user's own, by name; the density among them.

    Raises
    ------
    OptionError
        If the density is not among them, or is another one.
    """
    if data["version"] != VERSION:
        raise OptionError(
            f"these data are of version {data['version']!r} of a density, and this likely reads version {VERSION}"
        )
    told = data["density"]
    name = told["name"]
    density = families[name]() if name in families else None
    if not isinstance(density, Density):
        raise OptionError(
            f"{name!r} is a density of your own, whose functions no file holds: pass it as it was made by "
            f"lk.density(...), families=[{name if str(name).isidentifier() else 'density'}]"
        )
    found = description(density)
    if changed := [part for part in told if found[part] != told[part]]:
        raise OptionError(
            f"the density {name!r} is another one than that of the fit: its {listed(changed)} differ. Pass it "
            "as it was made for the fit"
        )
    if density.base is not None:
        levels = restored(data["levels"])
        base = density.base if not levels else density.base.bind(np.asarray(levels), {})[0]
        density = density.with_base(base)
    readings = {key: Reading(**one) for key, one in data["readings"].items()}
    reader = ColumnsRead(tuple(data["columns"]), data["response"], TextReading(tuple(restored(data["na"])), readings))
    return Model(
        density,
        slots_of(density),
        dict(density.known),
        data["response"] or "the data",
        weights_kind=data["weights_kind"],
        weights=restored(data["weights"]),
        reader=reader,
    )
