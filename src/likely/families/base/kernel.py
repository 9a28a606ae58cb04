"""A family's rows in one fused pass, where a measurement justifies it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

from likely.namespace import Jet
from likely.namespace.arrays import Floats


def _always(model: Any) -> bool:
    return True


def as_it_is(y: Any) -> Floats:
    """The data themselves."""
    return y


@final
@dataclass(frozen=True)
class Kernel:
    """A family's rows on its usual links, with derivatives with respect to the linear predictors.

    Attributes
    ----------
    rows : callable
        (y, prepared, etas) -> Jet, or None where only the density's own form keeps its digits.
    prepare : callable
        y -> what `rows` needs of the data alone, one value per row, found once; None if the kernel does not fit these
        data.
    fits : callable
        model -> whether it is one that the kernel is for.
    """

    rows: Callable[[Any, Any, list[Any]], Jet | None]
    prepare: Callable[[Any], Any] = as_it_is
    fits: Callable[[Any], bool] = _always
