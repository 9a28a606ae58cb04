"""What people hold, and what stands below it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any


class Face(ABC):
    """A fit or a likelihood as people hold it: methods around a record that knows nothing of them."""

    @property
    @abstractmethod
    def below(self) -> object:
        """The record."""

    def __dir__(self) -> list[str]:
        """What people may ask."""
        return [name for name in super().__dir__() if not name.startswith("_") and name != "below"]


def low(given: Any) -> Any:
    """The record below a fit or a likelihood that was given; anything else as it is."""
    return given.below if isinstance(given, Face) else given
