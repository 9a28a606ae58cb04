"""Values as JSON has them, and back; what JSON does not have is a mapping of one key, its kind."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np


def written(value: Any, other: Callable[[Any], Any]) -> Any:
    """A value as JSON has it.

    Parameters
    ----------
    value : object
    other : callable
        What to write for values that are no numbers, text, tuples, lists or mappings.

    Examples
    --------
    >>> written({"knots": (0.5, float("inf"))}, repr)
    {'dict': [['knots', {'tuple': [0.5, {'float': 'inf'}]}]]}
    """
    if isinstance(value, np.generic):
        value = value.item()
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else {"float": str(value)}
        case tuple():
            return {"tuple": [written(one, other) for one in value]}
        case list():
            return [written(one, other) for one in value]
        case Mapping():
            return {"dict": [[written(key, other), written(one, other)] for key, one in value.items()]}
    return other(value)


def read(value: Any, other: Callable[[Mapping[str, Any]], Any]) -> Any:
    """What was written; `other` reads what `other` wrote."""
    match value:
        case list():
            return [read(one, other) for one in value]
        case {"float": text}:
            return float(text)
        case {"tuple": items}:
            return tuple(read(one, other) for one in items)
        case {"dict": items}:
            return {read(key, other): read(one, other) for key, one in items}
        case Mapping():
            return other(value)
    return value
