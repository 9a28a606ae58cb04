"""What a family becomes at the edge of a parameter's domain."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    from likely.families.base.family import Family


@final
@dataclass(frozen=True)
class Limit:
    """What a family becomes when a parameter runs to the edge of its domain.

    Attributes
    ----------
    parameter : str
    at : float
        The limiting value (0 or infinity).
    becomes : callable
        known values of the other parameters -> the limiting family.
    names : mapping of str to str
        This family's parameter names to the limiting family's.
    """

    parameter: str
    at: float
    becomes: Callable[..., Family]
    names: Mapping[str, str]
