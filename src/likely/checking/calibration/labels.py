"""Which column of probabilities belongs to which label."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from likely.errors import DataError, listed

YES_NO = {"true": 1.0, "false": 0.0}


def labels_of(values: list[Any], keys: tuple[Any, ...] | None, size: int, several: bool) -> tuple[Any, ...]:
    """The label of each column of p, from the columns' names or from the outcomes.

    Parameters
    ----------
    values : list
        The distinct outcomes.
    keys : tuple of str or None
        The columns' names; None where they have none.
    size : int
        Number of labels.
    several : bool
        Whether p has a column for each label; if not, it is the probability of the second of two.

    Raises
    ------
    DataError
        If the outcomes do not say which column is whose.
    """
    if keys is not None:
        return _of_names(values, keys)
    if not several and all(not isinstance(v, str) and v in (0, 1) for v in values):
        return (False, True) if values and all(isinstance(v, bool) for v in values) else (0, 1)
    if len(values) != size:
        raise DataError(
            f"p gives probabilities to {size} outcomes, y has {len(values)} distinct ones, "
            f"{listed(sorted(values, key=str)[:6])}, so nothing says which column belongs to which: name all of them "
            "in the order of p with labels=[...], or name the columns of p"
        )
    try:
        return tuple(sorted(values))
    except TypeError:
        raise DataError(
            f"the outcomes {listed(values[:6])} have no order: name them in the order of p with labels=[...]"
        ) from None


def _of_names(values: list[Any], keys: tuple[Any, ...]) -> tuple[Any, ...]:
    """The columns' names as labels of the outcomes' own kind: the numbers 0 and 1 for columns called "0" and "1"."""
    if all(v in keys for v in values):
        return keys
    meant = [_meaning(key) for key in keys]
    if len(set(meant)) < len(meant) or any(_meaning(v) not in meant for v in values):
        return keys  # the outcomes that are no column's are told where they are looked up
    own = {_meaning(v): v for v in values}
    numbers = all(isinstance(m, float) for m in meant) and not any(isinstance(v, str) for v in values)
    if not numbers:
        return tuple(own.get(m, key) for m, key in zip(meant, keys, strict=True))
    if all(isinstance(v, bool) for v in values) and set(meant) <= {0.0, 1.0}:
        return tuple(bool(m) for m in meant)
    whole = all(m == math.floor(m) for m in meant) and not any(isinstance(v, float) for v in values)
    return tuple(int(m) if whole else m for m in meant)


def _meaning(key: Any) -> Any:
    """The number that a name writes, or its text."""
    if isinstance(key, (bool, int, float, np.bool_, np.number)):
        return float(key)
    text = str(key).strip()
    if text.lower() in YES_NO:
        return YES_NO[text.lower()]
    try:
        number = float(text) if "_" not in text else math.nan
    except ValueError:
        return text
    return number if math.isfinite(number) else text


def in_order(labels: Sequence[Any], keys: tuple[Any, ...]) -> list[int] | None:
    """The places of named labels among named columns; None where the labels only give the columns other names."""
    meant, asked = [_meaning(key) for key in keys], [_meaning(label) for label in labels]
    if len(set(meant)) < len(meant) or set(asked) != set(meant) or len(asked) != len(meant):
        return None
    return [meant.index(m) for m in asked]
