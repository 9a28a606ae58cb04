"""Arguments of a fit as plain values, ready for JSON, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, final

from likely.data import values
from likely.families import FAMILIES, ConditionalLogit
from likely.families.base import Family
from likely.models import penalties

OURS: dict[str, Callable[..., Family]] = {**FAMILIES, ConditionalLogit.name: ConditionalLogit}
PENALTIES = {kind.__name__: kind for kind in (penalties.Ridge, penalties.Lasso, penalties.ElasticNet, penalties.Firth)}


class NotPlain(Exception):
    """A value that no text stands for; the message says what it is."""


@final
@dataclass(frozen=True)
class NotKept:
    """In the place of an argument that was given as what no file holds, such as an array of weights."""

    what: str


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
    if rows and isinstance(value, Mapping):
        return {"dict": [[written(key), written(one, rows)] for key, one in value.items()]}
    if rows and isinstance(value, (list, tuple)) and not _names(value):
        raise NotPlain(f"a {type(value).__name__} of {len(value):,}")
    return values.written(value, _ours)


def _ours(value: Any) -> Any:
    """What likely's own arguments are beside numbers, text, lists and mappings."""
    match value:
        case NotKept(what=what):
            raise NotPlain(what)
        case Path():
            return str(value)
        case penalties.Penalty():
            settings = {one.name: written(getattr(value, one.name)) for one in fields(value)}  # type: ignore[arg-type]
            return {"penalty": type(value).__name__, **settings}
        case Family():
            return _family(value)
        case type() if issubclass(value, penalties.Penalty):
            return _ours(value())
    shape = getattr(value, "shape", None)
    what = type(value).__name__
    raise NotPlain(f"an array of shape {tuple(shape)}" if shape is not None else f"an object ({what})")


def _names(items: list[Any] | tuple[Any, ...]) -> bool:
    """Whether these are names of columns, as clusters of two ways have them."""
    return len(items) <= 3 and all(isinstance(one, str) for one in items)


def _family(family: Family) -> dict[str, Any]:
    if OURS.get(family.name) is not type(family):
        raise NotPlain(f"a family of your own, {family.title}")
    by_row = {p.name for p in family.parameters if not p.vector}  # of which there may be one for each row
    try:
        arguments = {name: written(value, rows=name in by_row) for name, value in family.arguments.items()}
    except NotPlain as within:
        raise NotPlain(f"{family.title} with {within}") from None
    return {"family": family.name, "arguments": arguments}


def read(value: Any) -> Any:
    """What `written` wrote."""
    return values.read(value, _read_ours)


def _read_ours(value: Mapping[str, Any]) -> Any:
    if "family" in value:
        return OURS[value["family"]](**{name: read(one) for name, one in value["arguments"].items()})
    settings = {name: read(one) for name, one in value.items() if name != "penalty"}
    return PENALTIES[value["penalty"]](**settings)
