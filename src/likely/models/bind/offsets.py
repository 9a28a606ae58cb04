"""Offsets and exposures: what is added to linear predictors, from formulas and arguments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from likely.data import design as designs
from likely.data import tables
from likely.errors import DataError, OptionError, first_rows
from likely.families.base import Family, Parameter
from likely.models.bind.links import link_for
from likely.models.selected_rows import SelectedRows


def of_arguments(offset: Any, first: str) -> dict[str, list[Any]]:
    """The offsets by parameter that the argument ``offset=`` stands for."""
    if offset is None:
        return {}
    if isinstance(offset, Mapping):
        return {name: [value] for name, value in offset.items()}
    return {first: [offset]}


def of_exposure(exposure: Any, family: Family, link: Any, given: SelectedRows) -> Any:
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
    if isinstance(exposure, str):
        return designs.log_exposure(exposure, given.table)
    used = designs.log_exposure(given.values(exposure, "exposure"), given.table)
    if given.rows is None or not np.ndim(used):
        return used
    out = np.full(given.all_rows.n, np.nan)  # rows left out have none
    out[given.rows] = used
    return out


def total(specs: list[Any], parameter: Parameter, given: SelectedRows) -> Any:
    """The sum of a parameter's offsets, one per row in use; None where there is none."""
    if not specs:
        return None
    out: Any = 0.0
    for spec in specs:
        values = given.values(spec, "offset")
        out = out + (tables.numbers(values, "offset") if np.ndim(values) else values)
    out = np.ascontiguousarray(np.broadcast_to(np.asarray(out, dtype=float), given.table.n))
    if not np.all(np.isfinite(out)):
        bad = np.flatnonzero(~np.isfinite(out))
        raise DataError(
            f"the offset of {parameter.name} is not finite in {first_rows(given.table.places(bad), out[bad])}"
        )
    return out
