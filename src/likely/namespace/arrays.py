"""Names for types of arrays and of what the namespaces compute with: their only home."""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["AnyArray", "Booleans", "Floats", "Integers", "Objects", "Value"]

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.signedinteger[Any]]
Booleans: TypeAlias = NDArray[np.bool_]
Objects: TypeAlias = NDArray[np.object_]
AnyArray: TypeAlias = NDArray[Any]


class Value(Protocol):
    """What a density is computed with and gives: a number, an array, a jet, a tensor or a node of a graph."""

    def __add__(self, other: Any, /) -> Value: ...
    def __radd__(self, other: Any, /) -> Value: ...
    def __sub__(self, other: Any, /) -> Value: ...
    def __rsub__(self, other: Any, /) -> Value: ...
    def __mul__(self, other: Any, /) -> Value: ...
    def __rmul__(self, other: Any, /) -> Value: ...
    def __truediv__(self, other: Any, /) -> Value: ...
    def __rtruediv__(self, other: Any, /) -> Value: ...
    def __neg__(self) -> Value: ...
