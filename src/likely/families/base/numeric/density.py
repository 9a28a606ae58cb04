"""A density at one set of parameter values, checked as it is used, and what every distribution made of it answers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol, final

import numpy as np

from likely.errors import FamilyError
from likely.families.base.domains import Domain
from likely.namespace import NumpyNamespace
from likely.namespace.arrays import Floats

UNIT_ERROR = 1e-6  # a total probability further from 1 than this is a mistake in the density


class Named(Protocol):
    """A parameter, with the set it lives in."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def domain(self) -> Domain:
        """Where it lives."""


class WithLogDensity(Protocol):
    """What is asked of a family here: a log-density, and where observations lie."""

    @property
    def title(self) -> str:
        """Its name in messages."""

    @property
    def discrete(self) -> bool:
        """Whether observations are whole numbers."""

    @property
    def outcomes(self) -> str:
        """Where observations lie, in words."""

    @property
    def free(self) -> Sequence[Named]:
        """The parameters to estimate."""

    @property
    def _log_density(self) -> Callable[..., Any]: ...

    @property
    def _log_cdf(self) -> Callable[..., Any] | None: ...

    @property
    def _log_sf(self) -> Callable[..., Any] | None: ...

    def bounds(self, **params: Any) -> tuple[Any, Any]:
        """Ends of the support at these parameter values."""

    def atoms(self, **params: Any) -> tuple[Any, ...]:
        """Values that have a probability of their own beside a density."""

    def inside(self, y: Any, params: Mapping[str, Any]) -> Any:
        """Whether each y lies in the support at these parameter values."""


@final
class Density:
    """A family's log-density at one set of parameter values, as a function of arrays; -inf outside the support.

    Raises
    ------
    FamilyError
        When called, if it is not a number somewhere inside the support.
    """

    def __init__(self, family: WithLogDensity, params: Mapping[str, float]) -> None:
        self.family, self.params = family, params
        self.low, self.high = (float(v) for v in family.bounds(**params))
        atoms = {float(a) for a in family.atoms(**params)}
        self.atoms = np.array(sorted(a for a in atoms if self.low <= a <= self.high))
        self.masses = np.exp(self._at(self.atoms)) if len(self.atoms) else np.zeros(0)

    def __call__(self, y: Any) -> Floats:
        if len(self.atoms):  # a value with a probability of its own has its neighbour's density
            neighbouring = np.nextafter(y, np.where(y >= self.high, -np.inf, np.inf))
            y = np.where(np.isin(y, self.atoms), neighbouring, y)
        return self._at(y)

    def _at(self, y: Any) -> Floats:
        with np.errstate(all="ignore"):
            value = self.family._log_density(NumpyNamespace(), y, **self.params)
            out = np.where(self.family.inside(y, self.params), value, -np.inf)
        if np.any(np.isnan(out)):
            at = float(np.ravel(y)[np.argmax(np.isnan(np.ravel(np.broadcast_to(out, np.shape(y)))))])
            raise FamilyError(
                f"the log-density of {self} is not a number at y = {at:g}, inside its support "
                f"({self.family.outcomes}); correct the density or narrow support="
            )
        return np.broadcast_to(out, np.shape(y))

    def between(self, y: Any) -> Floats:
        """The same between whole numbers, for the integral that stands for a far tail."""
        with np.errstate(all="ignore"):
            value = np.asarray(self.family._log_density(NumpyNamespace(), y, **self.params))
        return np.broadcast_to(np.where(np.isnan(value), -np.inf, value), np.shape(y))

    def __str__(self) -> str:
        return f"{self.family.title} at " + ", ".join(f"{k}={v:g}" for k, v in self.params.items())

    def candidates(self) -> Floats:
        """Where a mode may lie: distances of every size from zero and from each parameter's value."""
        steps = np.concatenate([[0.0], np.logspace(-12, 15, 27 * 8 + 1)])
        centres = [0.0, *(v for v in self.params.values() if np.isfinite(v))]
        return np.unique(np.concatenate([c + s * steps for c in centres for s in (-1.0, 1.0)]))

    def check_tried(self, log_values: Any) -> None:
        """Raise if the density is 0 at every candidate, or infinite at one."""
        if not np.any(log_values > -np.inf):
            what = "probability" if self.family.discrete else "density"
            raise FamilyError(f"the {what} of {self} is 0 wherever it was tried on {self.family.outcomes}")
        if np.any(log_values == np.inf):
            self.check_total(np.inf)

    def check_total(self, total: float, noise: float = 0.0) -> None:
        """Raise unless the total probability is 1."""
        if not np.isfinite(total):
            raise FamilyError(
                f"the density of {self} does not come to an end on {self.family.outcomes}: its sum is infinite. "
                "Correct the density, or give the support it is meant for (support=...)"
            )
        total += float(np.sum(self.masses))
        if abs(total - 1.0) > UNIT_ERROR + noise:
            raise FamilyError(
                f"the probabilities of {self} sum to {total:.6g} over {self.family.outcomes}, not to 1. Correct "
                "the density's constants, or give the support it is meant for (support=...)"
            )


class Distribution(ABC):
    """A distribution at one set of parameter values."""

    @abstractmethod
    def below(self, y: Any) -> Any:
        """P(Y <= y)."""

    @abstractmethod
    def above(self, y: Any) -> Any:
        """P(Y > y)."""

    @abstractmethod
    def quantile(self, q: Any) -> Any:
        """The smallest y with P(Y <= y) >= q."""

    @abstractmethod
    def draw(self, u: Any) -> Any:
        """The value at each uniform random number."""

    @abstractmethod
    def moment(self, power: Callable[[Any], Any]) -> float:
        """The expected value of a function of y; infinite or nan where it does not exist."""

    @cached_property
    def mean(self) -> float:
        """Expected value."""
        return self.moment(lambda y: y)

    @cached_property
    def var(self) -> float:
        """Variance."""
        if not np.isfinite(self.mean):
            return float("nan") if np.isnan(self.mean) else float("inf")
        return self.moment(lambda y: np.square(y - self.mean))
