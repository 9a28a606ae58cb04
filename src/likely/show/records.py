"""Records as plain mappings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def attributes(record: object, names: Iterable[str]) -> dict[str, Any]:
    """Some attributes of a record, by name.

    >>> attributes(1 + 2j, ("real", "imag"))
    {'real': 1.0, 'imag': 2.0}
    """
    return {name: getattr(record, name) for name in names}
