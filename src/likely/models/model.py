"""A model: a family plus, for each parameter, a constant, a known value, or predictors. It holds no rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, final

import numpy as np

from likely.data.design import Design
from likely.families.base import Family, Parameter
from likely.families.base.domains import Link
from likely.families.base.vectors import VectorDomain
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
        domain = self.parameter.domain
        return self.constant and isinstance(domain, VectorDomain) and not domain.separate

    @property
    def leaves_domain(self) -> bool:
        """Whether a linear predictor can stand for no value of the domain (an identity link for a probability)."""
        domain = self.parameter.domain
        if isinstance(domain, VectorDomain):
            return domain.separate
        return self.link.positive or not domain.reached_by(self.link)

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


@final
@dataclass(frozen=True, eq=False)
class Model:
    """What is assumed: a family bound to the data's levels, and a linear predictor for each free parameter.

    Attributes
    ----------
    family : Family
    slots : tuple of Slot
    known : mapping of str to float, tuple or None
        Values of the known parameters; None for those that come with the rows.
    response : str
        Name of the response.
    fixed : mapping of str to float
        Parameters held at a value by the estimation itself (the edges of a Uniform).
    weights_kind : {"frequency", "analytic", "sampling", "importance"}
        What the weights mean; "frequency" where there are none.
    """

    family: Family
    slots: tuple[Slot, ...]
    known: Mapping[str, Any]
    response: str = "y"
    formula: str | None = None
    fixed: Mapping[str, float] = field(default_factory=dict)
    weights_kind: str = "frequency"

    @property
    def averaged(self) -> bool:
        """Whether rows are means of several units (analytic weights)."""
        return self.weights_kind == "analytic"

    @property
    def known_by_row(self) -> bool:
        """Whether a known parameter is more than one number: it comes with the rows, or is a vector."""
        return any(value is None or np.ndim(value) > 0 for value in self.known.values())

    @property
    def size(self) -> int:
        """Number of coefficients."""
        return self.slots[-1].stop if self.slots else 0

    @property
    def levels(self) -> tuple[Any, ...]:
        """Levels of the response, in order; the first is the reference of log-odds."""
        return tuple(self.family.levels or ())

    @property
    def constant(self) -> bool:
        """Whether every free parameter is the same for all rows."""
        return all(slot.constant or (slot.idle and slot.offset is None) for slot in self.slots)

    @cached_property
    def groups(self) -> list[list[Slot]]:
        """The slots, those of one vector parameter together."""
        groups: list[list[Slot]] = []
        for slot in self.slots:
            if groups and slot.entry is not None and groups[-1][0].parameter.name == slot.parameter.name:
                groups[-1].append(slot)
            else:
                groups.append([slot])
        return groups

    def names(self) -> list[str]:
        """Names of the coefficients on the link scale, in order."""
        return [name for slot in self.slots for name in slot.names]

    def shifted(self, slot: Slot) -> Model:
        """The model with an offset in one of its linear predictors."""
        slots = tuple(replace(s, offset=s.offset or ()) if s is slot else s for s in self.slots)
        return replace(self, slots=slots)

    def slot_of(self, index: int) -> Slot:
        """The slot that holds coefficient `index`."""
        return next(slot for slot in self.slots if slot.start <= index < slot.stop)

    def parameters(self, etas: list[Any], xp: Any, known: Mapping[str, Any]) -> dict[str, Any]:
        """The family's parameter values, on any namespace, from the slots' linear predictors and the known values."""
        values: dict[str, Any] = {**known, **self.fixed}
        remaining = iter(etas)
        for group in self.groups:
            parameter, link = group[0].parameter, group[0].link
            mine = [next(remaining) for _ in group]
            domain = parameter.domain
            values[parameter.name] = (
                domain.value(mine, xp) if isinstance(domain, VectorDomain) else link.inverse(mine[0], xp)
            )
        return values
