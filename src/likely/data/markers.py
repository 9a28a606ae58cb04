"""Cells that stand for a missing value: the markers that a user names in ``na=``."""

from __future__ import annotations

from typing import Any

import numpy as np

from likely.data.columns import NUMBERS, from_objects
from likely.data.reading import Reading
from likely.errors import OptionError
from likely.errors.kinds import is_flag


def without(values: Any, na: tuple[Any, ...], plain: bool = True) -> Any:
    """A column without the cells that stand for a missing value; what is left of `plain` objects may be numbers."""
    if values.dtype.kind in "fiu":
        absent = np.isin(values, [v for v in map(_as_number, na) if v is not None])
        return np.where(absent, np.nan, values.astype(float)) if absent.any() else values
    if values.dtype != object:
        return values
    kept = [None if is_marker(v, na) else v for v in values]
    return from_objects(kept, convert=plain)[0]


def is_marker(value: Any, na: tuple[Any, ...]) -> bool:
    """Whether a cell is one of the markers; spaces around it do not count."""
    if not na or value is None:
        return False
    if isinstance(value, str):
        return value.strip() in {v.strip() if isinstance(v, str) else f"{v:g}" for v in na}
    return isinstance(value, NUMBERS) and not is_flag(value) and float(value) in map(_as_number, na)


def _as_number(marker: Any) -> float | None:
    """The number that a marker is, if it is one."""
    return Reading().value(marker) if isinstance(marker, str) else float(marker)


def checked_na(na: Any) -> tuple[Any, ...]:
    """The markers of missing values: texts and numbers."""
    if na is None:
        return ()
    given = (
        [na] if isinstance(na, (str, *NUMBERS)) else list(na) if isinstance(na, (list, tuple, set, frozenset)) else [na]
    )
    for marker in given:
        if is_flag(marker) or not isinstance(marker, (str, *NUMBERS)):
            raise OptionError(
                f"na= names the cells that stand for a missing value, such as na=['?', 'unknown', -999]; found {na!r}"
            )
    return tuple(given)
