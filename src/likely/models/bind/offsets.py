"""The offsets that the arguments ``offset=`` and ``exposure=`` stand for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from likely.errors import OptionError
from likely.families.base import Family
from likely.models.bind.links import link_for
from likely.models.inputs import offset_of_exposure
from likely.models.selected_rows import SelectedRows


def of_arguments(offset: Any, first: str) -> dict[str, list[Any]]:
    """The offsets by parameter that the argument ``offset=`` stands for."""
    if offset is None:
        return {}
    if isinstance(offset, Mapping):
        return {name: [value] for name, value in offset.items()}
    return {first: [offset]}


def of_exposure(exposure: Any, family: Family, link: Any, selected: SelectedRows) -> Any:
    """The offset that an exposure stands for: the logarithm's text, or its values in all rows."""
    free = list(family.free)
    chosen = free[0].domain.get_link(free[0].name, link_for(free[0].name, link, free)) if free else None
    if chosen is None or chosen.name != "log":
        first = f"{free[0].name} of {family.title} has the link {chosen.name}" if chosen else f"{family!r} has none"
        raise OptionError(
            "an exposure multiplies the first parameter, so it needs a parameter with a log link, and "
            f"{first}. Use a family such as lk.Poisson() or lk.Gamma(), or offset= for something that is added"
        )
    if isinstance(exposure, Mapping):
        raise OptionError(
            f"an exposure belongs to the first parameter, {free[0].name}: exposure=<column>; elsewhere write the "
            "logarithm as an offset, offset={'<parameter>': 'log(<column>)'}"
        )
    return offset_of_exposure(exposure, selected)
