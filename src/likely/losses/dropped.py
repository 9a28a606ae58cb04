"""The constants and factors that a loss leaves out, from which the negative log-likelihood comes back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, final

import numpy as np

from likely.errors import OptionError, listed
from likely.losses.arrays import Arrays
from likely.losses.given import target
from likely.losses.trace import Node, Program, Y
from likely.namespace import NumpyNamespace
from likely.namespace.arrays import Floats

if TYPE_CHECKING:
    from likely.losses.density_loss import DensityLoss


@final
class Dropped:
    """What a loss has left out: ``nll = factor * loss + constant``, row by row.

    Examples
    --------
    >>> import likely as lk
    >>> lk.loss(lk.Normal()).dropped
    factor 1/(2*sd**2), constant log(sd) + 0.9189385332046727
    >>> lk.loss(lk.Normal()).dropped.factor(sd=2.0)
    0.125
    """

    def __init__(self, loss: DensityLoss) -> None:
        self._loss = loss

    def factor(self, **parameters: Any) -> float:
        """The positive number that multiplied the loss, from the values of the other parameters."""
        return float(self._value(self._loss.parts.factor, None, parameters))

    def constant(self, y: Any, **parameters: Any) -> Floats:
        """What was added to each row, from the observations and the values of the other parameters."""
        y = target(self._loss.family, y, Arrays("numpy"))
        return np.broadcast_to(self._value(self._loss.parts.constant, y, parameters), np.shape(y))[()]

    def _value(self, node: Node, y: Any, parameters: Mapping[str, Any]) -> Floats | float:
        loss = self._loss
        known = {**loss.known, **loss._entries(parameters)}
        program = Program(node, {})
        missing = sorted({str(name) for name in program.needs} - set(known) - {Y})
        if missing:
            raise OptionError(
                f"what the loss of {loss.family.title} has dropped depends on {listed(missing)}: give "
                + ", ".join(f"{name}=..." for name in missing)
            )
        with np.errstate(all="ignore"):
            return program.run(NumpyNamespace(), {**known, Y: y})

    def __repr__(self) -> str:
        from likely.losses.text import text

        return f"factor {_short(text(self._loss.parts.factor))}, constant {_short(text(self._loss.parts.constant))}"


def _short(formula: str, most: int = 200) -> str:
    return formula if len(formula) <= most else formula[: most - 4] + " ..."
