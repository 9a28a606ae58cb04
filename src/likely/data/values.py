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
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": str(value)}
    if isinstance(value, tuple):
        return {"tuple": [written(one, other) for one in value]}
    if isinstance(value, list):
        return [written(one, other) for one in value]
    if isinstance(value, Mapping):
        return {"dict": [[written(key, other), written(one, other)] for key, one in value.items()]}
    return other(value)


def read(value: Any, other: Callable[[Mapping[str, Any]], Any]) -> Any:
    """What was written; `other` reads what `other` wrote."""
    if isinstance(value, list):
        return [read(one, other) for one in value]
    if not isinstance(value, Mapping):
        return value
    if "float" in value:
        return float(value["float"])
    if "tuple" in value:
        return tuple(read(one, other) for one in value["tuple"])
    if "dict" in value:
        return {read(key, other): read(one, other) for key, one in value["dict"]}
    return other(value)
