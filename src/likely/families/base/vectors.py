"""Domains of vector parameters: which linear predictors there are, and how they become the vector and back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, final

import numpy as np

from likely.errors import OptionError, ParameterError
from likely.errors.kinds import is_whole
from likely.families.base.domains import Domain, Free, shape_of
from likely.families.base.links import Link
from likely.namespace import value_of
from likely.namespace.arrays import Booleans, Floats, Value


@dataclass(frozen=True, repr=False)
class VectorDomain(Domain, ABC):
    """Where a vector parameter lives: one entry for each level of the response, or between each and the next.

    It says which linear predictors there are, and how they become the vector and back.
    """

    together: ClassVar[str]  # what its entries do, in words
    vector: ClassVar[bool] = True

    @abstractmethod
    def entries(self, levels: Sequence[Any]) -> list[str]:
        """Labels of the vector's entries."""

    @abstractmethod
    def predictors(self, levels: Sequence[Any]) -> list[str]:
        """Labels of the linear predictors."""

    def from_predictors(self, etas: Sequence[Any], link: Link, xp: Any) -> tuple[Value, ...]:
        """The entries, from the linear predictors, on any namespace."""
        return self.value(etas, xp)

    def to_predictors(self, parameter: str, value: Any, link: Link) -> Floats:
        """The linear predictors of one vector, checked; infinite at the ends of the domain."""
        self.check_vector(parameter, value)
        return np.asarray(self.etas(value))

    def has(self, value: Any) -> bool:
        """Whether the entries lie in the domain together, everywhere."""
        return bool(np.all(self.holds([value_of(v) for v in value])))

    def left_by(self, link: Link) -> bool:
        """Whether linear predictors can stand for no vector."""
        return self.separate

    @abstractmethod
    def value(self, etas: Sequence[Any], xp: Any) -> tuple[Any, ...]:
        """The entries, from the linear predictors, on any namespace."""

    @abstractmethod
    def etas(self, values: Any) -> Any:
        """The linear predictors (infinite at the ends of the domain), from the entries along the last axis."""

    @abstractmethod
    def holds(self, values: Sequence[Any]) -> Any:
        """Whether entries (numbers or arrays) that `value` gave lie in the domain together."""

    @abstractmethod
    def fits(self, values: Any, tolerance: float = 0.0) -> Any:
        """Whether entries, along the last axis, do together what they must; a sum of rounded ones has a tolerance."""

    @abstractmethod
    def check_vector(self, parameter: str, values: Any) -> None:
        """Raise ParameterError unless the entries along the last axis lie in the domain together."""

    @abstractmethod
    def typical_vector(self, levels: Sequence[Any], rng: np.random.Generator) -> Any:
        """A vector as data might have it, for tests."""

    @abstractmethod
    def formula_text(self, parameter: str, right: str, levels: Sequence[Any]) -> str:
        """What a formula says about each entry."""


@final
@dataclass(frozen=True, repr=False)
class _Simplex(VectorDomain):
    """Probabilities, one for each level: the softmax of log-odds against the first.

    Called with how many weights there are, or with the weights to start from, it is a parameter of a density.
    """

    together: ClassVar[str] = "sum to 1"
    separate: ClassVar[bool] = False

    def __call__(self, start: Any = None, *, shape: Any = (), link: str | None = None) -> Free:
        if is_whole(start):
            start, shape = None, (int(start),)
        shape = shape_of(shape)
        if start is not None:
            try:
                start = np.asarray(start, dtype=float)
            except (TypeError, ValueError):
                raise ParameterError(f"weights are positive numbers that sum to 1, found {start!r}") from None
            if start.ndim != 1 or not np.all(start > 0) or abs(float(start.sum()) - 1.0) > 1e-9:
                raise ParameterError(f"weights are positive numbers that sum to 1, found {start}")
            shape = start.shape
        if len(shape) != 1 or shape[0] < 2:
            raise OptionError("say how many weights there are, 2 or more: lk.Simplex(3)")
        return Free(self, start, shape, link)

    def __reduce__(self) -> str:
        return "Simplex"  # there is one, also in a copy or a file

    def entries(self, levels: Sequence[Any]) -> list[str]:
        return [str(level) for level in levels]

    def predictors(self, levels: Sequence[Any]) -> list[str]:
        return [str(level) for level in levels[1:]]

    def value(self, etas: Sequence[Any], xp: Any) -> tuple[Any, ...]:
        # the namespace remembers the logarithms, so a cross-entropy never underflows
        total: Any = 0.0
        for eta in etas:
            total = xp.logaddexp(total, eta)
        logs = [-total, *(eta - total for eta in etas)]
        return tuple(xp.remember(xp.exp(log), log=log) for log in logs)

    def etas(self, values: Any) -> Floats:
        p = np.asarray(values, dtype=float)
        with np.errstate(divide="ignore"):
            return np.log(p[..., 1:]) - np.log(p[..., :1])

    def holds(self, values: Sequence[Any]) -> Any:
        return True

    def fits(self, values: Any, tolerance: float = 0.0) -> Booleans | np.bool_:
        return np.abs(np.sum(values, axis=-1) - 1.0) <= tolerance

    def check_vector(self, parameter: str, values: Any) -> None:
        p = np.asarray(values, dtype=float)
        self.check(f"each entry of {parameter}", p)
        if not np.all(self.fits(p, 1e-8)):
            total = p.sum(axis=-1)
            worst = np.ravel(total)[np.argmax(np.abs(np.ravel(total) - 1.0))]
            raise ParameterError(f"{parameter} must sum to 1, found entries that sum to {worst:.10g}")

    def typical_vector(self, levels: Sequence[Any], rng: np.random.Generator) -> Floats:
        return rng.dirichlet(np.full(len(levels), 5.0))

    def formula_text(self, parameter: str, right: str, levels: Sequence[Any]) -> str:
        first = levels[0]
        return f"log({parameter}[level] / {parameter}[{first}]) ~ {right}, for each level but {first}"


@final
@dataclass(frozen=True, repr=False)
class _Increasing(VectorDomain):
    """Increasing numbers, one between each level and the next: each is its own linear predictor."""

    together: ClassVar[str] = "be increasing"
    separate: ClassVar[bool] = True

    def __reduce__(self) -> str:
        return "Increasing"  # there is one, also in a copy or a file

    def entries(self, levels: Sequence[Any]) -> list[str]:
        return [f"{low}|{high}" for low, high in pairwise(levels)]

    predictors = entries

    def value(self, etas: Sequence[Any], xp: Any) -> tuple[Any, ...]:
        return tuple(etas)

    def etas(self, values: Any) -> Floats:
        return np.asarray(values, dtype=float)

    def holds(self, values: Sequence[Any]) -> Booleans | np.bool_:
        inside: Any = np.isfinite(values[0])
        for low, high in pairwise(values):
            inside = inside & (low < high) & np.isfinite(high)
        return inside

    def fits(self, values: Any, tolerance: float = 0.0) -> Booleans | np.bool_:
        return np.all(np.diff(values, axis=-1) > 0.0, axis=-1)

    def check_vector(self, parameter: str, values: Any) -> None:
        values = np.asarray(values, dtype=float)
        self.check(f"each entry of {parameter}", values)
        if not np.all(self.fits(values)):
            worst = values.reshape(-1, values.shape[-1])[0]
            raise ParameterError(f"{parameter} must be increasing, found {', '.join(f'{v:g}' for v in worst)}")

    def typical_vector(self, levels: Sequence[Any], rng: np.random.Generator) -> Floats:
        steps = rng.uniform(0.4, 1.2, size=len(levels) - 1)
        return np.cumsum(steps) - 0.5 * np.sum(steps)

    def formula_text(self, parameter: str, right: str, levels: Sequence[Any]) -> str:
        return f"{parameter}[level] ~ {right}, for each of {len(levels) - 1}"


Simplex = _Simplex(
    "a vector of probabilities that sum to 1",
    lower=0.0,
    upper=1.0,
    closed_lower=True,
    closed_upper=True,
    link="logit",
    links=("logit",),
    typical=(0.1, 0.9),
)
Increasing = _Increasing("a vector of increasing numbers")
