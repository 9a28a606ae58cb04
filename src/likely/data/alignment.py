"""Rows of several objects matched by their labels: what the index of a pandas object says, against its order."""

from __future__ import annotations

from typing import Any

import numpy as np

from likely.errors import DataError
from likely.namespace.arrays import Integers

BY_POSITION = "To go by position, pass it without labels, as .to_numpy() gives it"


def index_of(native: Any) -> Any:
    """The labels of the rows of a table or column of some library; None where it has none."""
    index = getattr(native, "index", None)
    return index if hasattr(index, "get_indexer") and hasattr(index, "equals") else None


def order(data: Any, other: Any, what: str, whose: str = "the data") -> Integers | None:
    """Where each row of the data is in another object of as many rows, by label; None where they go by position.

    Parameters
    ----------
    data, other : pandas Index or None
        Labels of rows; without labels rows go by position.
    what, whose : str
        What the error calls the other object, and the data.

    Raises
    ------
    DataError
        If the labels are not the same, or do not tell the rows apart.
    """
    if data is None or other is None or other is data or data.equals(other):
        return None
    own_index, other_index = data.astype(object), other.astype(object)
    if strange := list(dict.fromkeys(other_index[~other_index.isin(own_index)])):
        raise DataError(
            f"the index of {what} has {_shown(strange)}, which the index of {whose} lacks: its rows cannot be matched "
            f"by their labels. {BY_POSITION}"
        )
    if lacking := list(dict.fromkeys(own_index[~own_index.isin(other_index)])):
        raise DataError(
            f"the index of {what} lacks {_shown(lacking)}, which the index of {whose} has: its rows cannot be matched "
            f"by their labels. {BY_POSITION}"
        )
    if not (own_index.is_unique and other_index.is_unique):
        twice = list(dict.fromkeys(own_index[own_index.duplicated()])) or list(
            dict.fromkeys(other_index[other_index.duplicated()])
        )
        raise DataError(
            f"the index of {what} has the labels of {whose} in another order, and repeats {_shown(twice)}: the "
            f"rows cannot be matched by their labels. {BY_POSITION}"
        )
    return np.asarray(other_index.get_indexer(own_index), dtype=np.intp)


def refuse_another_order(one: str, rows: Any, **others: Any) -> None:
    """Raise DataError where rows that go by their position have the same labels in another order.

    For an interface that takes rows as they come: labels that differ say nothing there, but the same labels in
    another order say that the rows were mixed up.

    Parameters
    ----------
    one : str
        What the first object is called.
    rows, **others
        Objects with one entry for each row, with or without labels.
    """
    index = index_of(rows)
    for name, other in others.items():
        labels = index_of(other)
        if index is None or labels is None or len(labels) != len(index) or index.equals(labels):
            continue
        own_index, other_index = index.astype(object), labels.astype(object)
        if own_index.is_unique and other_index.is_unique and own_index.isin(other_index).all():
            raise DataError(
                f"{one} and {name} have the same labels in another order, and rows are matched by their position here: "
                f"pass {name}.loc[{one}.index], or {name}.to_numpy() if the positions are right"
            )


def _shown(labels: list[Any], most: int = 5) -> str:
    shown = ", ".join(str(v) for v in labels[:most])
    return shown + (f" and {len(labels) - most} more" if len(labels) > most else "")
