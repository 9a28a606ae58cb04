"""One linear predictor: a parameter, or one entry of a vector, with its link, columns and offset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from likely.data.design import Design
from likely.families.base import Parameter
from likely.families.base.links import Link
from likely.namespace import NumpyNamespace

# an offset by which a level that a row cannot have is left behind: its probability is then 0 in floating point
BEHIND = 1000.0


@final
@dataclass(frozen=True, eq=False)
class Slot:
    """One linear predictor: a parameter (or one level of a vector parameter) and where its coefficients lie.

    Attributes
    ----------
    parameter : Parameter
    link : Link
    design : Design or None
        What its columns are; None for a constant.
    offset : tuple or None
        What is added to the linear predictor, as the user gave it (columns, expressions, arrays; nothing for one that
        was computed); None where nothing is.
    start, stop : int
        Its coefficients in the vector of all coefficients.
    entry : str or None
        The entry of a vector parameter that it describes: a level, or two neighbours.
    """

    parameter: Parameter
    link: Link
    design: Design | None
    offset: tuple[Any, ...] | None
    start: int
    stop: int
    entry: str | None = None

    @property
    def label(self) -> str:
        """``"p"``, or ``"p[b]"`` for an entry of a vector parameter."""
        return self.parameter.name if self.entry is None else f"{self.parameter.name}[{self.entry}]"

    @property
    def constant(self) -> bool:
        """One value for all rows, reported on the natural scale."""
        return self.design is None and self.offset is None

    @property
    def idle(self) -> bool:
        """No coefficient: its linear predictor is known, the offset or 0."""
        return self.start == self.stop

    @property
    def shared(self) -> bool:
        """A constant that is no parameter by itself: all entries of the vector depend on it."""
        return self.constant and not self.parameter.domain.separate

    @property
    def leaves_domain(self) -> bool:
        """Whether a linear predictor can stand for no value of the domain (an identity link for a probability)."""
        return self.parameter.domain.left_by(self.link)

    @property
    def reach(self) -> tuple[float, float]:
        """The ends of the values that the link can give within the parameter's domain."""
        domain, link = self.parameter.domain, self.link
        return max(domain.lower, link.lower), min(domain.upper, link.upper)

    def natural(self, eta: float) -> float:
        """The parameter's value for one linear predictor; an infinite one gives the end of the domain."""
        with np.errstate(all="ignore"):
            return float(self.link.inverse(np.float64(eta), NumpyNamespace()))

    @property
    def names(self) -> list[str]:
        """Names of the coefficients: ``"sd"`` for a constant, ``"mean.x"`` for a predictor."""
        if self.design is None:
            return [self.label] if self.offset is None else [f"{self.label}.Intercept"]
        return [f"{self.label}.{column}" for column in self.design.names]
