"""Arguments of a fit as plain values, ready for JSON, and back."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from likely.families import FAMILIES, ConditionalLogit
from likely.families.base import Family
from likely.models import penalties

OURS: dict[str, Callable[..., Family]] = {**FAMILIES, ConditionalLogit.name: ConditionalLogit}
PENALTIES = {kind.__name__: kind for kind in (penalties.Ridge, penalties.Lasso, penalties.ElasticNet, penalties.Firth)}


class NotPlain(Exception):
    """A value that no text stands for; the message says what it is."""


def written(value: Any, rows: bool = False) -> Any:
    """A value as JSON has it; what JSON does not have is a dict of its kind.

    Parameters
    ----------
    value : object
    rows : bool
        Whether a list is one of values for each row, which are not written, but for a few names of columns.

    Raises
    ------
    NotPlain
        If nothing in JSON stands for it: arrays and tables, functions, families of the user's own.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": str(value)}
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, type) and issubclass(value, penalties.Penalty):
        value = value()
    if isinstance(value, penalties.Penalty):
        settings = {one.name: written(getattr(value, one.name)) for one in fields(value)}  # type: ignore[arg-type]
        return {"penalty": type(value).__name__, **settings}
    if isinstance(value, Family):
        return _family(value)
    if rows and isinstance(value, (list, tuple)) and not _names(value):
        raise NotPlain(f"a {type(value).__name__} of {len(value):,}")
    if isinstance(value, tuple):
        return {"tuple": [written(one) for one in value]}
    if isinstance(value, list):
        return [written(one) for one in value]
    if isinstance(value, Mapping):
        return {"dict": [[written(key), written(one, rows)] for key, one in value.items()]}
    shape = getattr(value, "shape", None)
    what = type(value).__name__
    raise NotPlain(f"an array of shape {tuple(shape)}" if shape is not None else f"an object ({what})")


def _names(items: list[Any] | tuple[Any, ...]) -> bool:
    """Whether these are names of columns, as clusters of two ways have them."""
    return len(items) <= 3 and all(isinstance(one, str) for one in items)


def _family(family: Family) -> dict[str, Any]:
    if OURS.get(family.name) is not type(family):
        raise NotPlain(f"a family of your own, {family.title}")
    values = {p.name for p in family.parameters if not p.vector}  # of which there may be one for each row
    try:
        arguments = {name: written(value, rows=name in values) for name, value in family.arguments.items()}
    except NotPlain as within:
        raise NotPlain(f"{family.title} with {within}") from None
    return {"family": family.name, "arguments": arguments}


def read(value: Any) -> Any:
    """What `written` wrote."""
    if isinstance(value, list):
        return [read(one) for one in value]
    if not isinstance(value, dict):
        return value
    if "float" in value:
        return float(value["float"])
    if "tuple" in value:
        return tuple(read(one) for one in value["tuple"])
    if "dict" in value:
        return {read(key): read(one) for key, one in value["dict"]}
    if "family" in value:
        return OURS[value["family"]](**{name: read(one) for name, one in value["arguments"].items()})
    settings = {name: read(one) for name, one in value.items() if name != "penalty"}
    return PENALTIES[value["penalty"]](**settings)
