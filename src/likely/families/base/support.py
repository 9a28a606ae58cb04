"""Where observations lie, and what kind of observation that makes them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, final

import numpy as np

from likely.namespace.arrays import AnyArray, Booleans


@final
class Kind(Enum):
    """The kind of an observation.

    Examples
    --------
    >>> import likely as lk
    >>> lk.Normal().kind.value, lk.Poisson().kind.value, lk.Ordinal().kind.value
    ('numbers', 'counts', 'ordered labels')
    """

    NUMBERS = "numbers"  # with a density
    COUNTS = "counts"  # whole numbers
    BINARY = "0 or 1"
    LABELS = "labels"
    ORDERED = "ordered labels"
    MIXED = "numbers, some of which have probabilities of their own"

    @property
    def discrete(self) -> bool:
        """Whether every observation has a probability, not a density."""
        return self not in (Kind.NUMBERS, Kind.MIXED)

    @property
    def labels(self) -> bool:
        """Whether observations are labels, known by their codes, and no numbers."""
        return self in (Kind.LABELS, Kind.ORDERED)

    @property
    def classes(self) -> bool:
        """Whether an observation is one of a few classes: a label, or yes or no."""
        return self.labels or self is Kind.BINARY


@final
@dataclass(frozen=True)
class Support:
    """Where observations can lie: an interval, of real numbers or of integers.

    Attributes
    ----------
    lower, upper : float
        Its ends.
    closed_lower, closed_upper : bool
        Whether an end is itself a possible value.
    integer : bool
        Whether only whole numbers are.
    atoms : tuple of float
        Values of a support of real numbers that have a probability of their own, beside the density of the others.

    Examples
    --------
    >>> import likely as lk
    >>> lk.Support(lower=0.0).text, lk.Support(0.0, 10.0, True, True, integer=True).text
    ('numbers > 0', 'whole numbers from 0 to 10')
    """

    lower: float = -np.inf
    upper: float = np.inf
    closed_lower: bool = False
    closed_upper: bool = False
    integer: bool = False
    atoms: tuple[float, ...] = ()

    @property
    def kind(self) -> Kind:
        """The kind of observations that lie here."""
        if self.integer:
            return Kind.BINARY if (self.lower, self.upper) == (0.0, 1.0) else Kind.COUNTS
        return Kind.MIXED if self.atoms else Kind.NUMBERS

    def inside(self, y: Any) -> AnyArray:
        """Random values, those that rounding has put on an open end moved to the nearest number within."""
        if self.integer:
            return y
        if np.isfinite(self.lower) and not self.closed_lower:
            # of the numbers next to 0 the first whose inverse is a number, too
            next_ = np.finfo(float).tiny if self.lower == 0.0 else np.nextafter(self.lower, np.inf)
            y = np.where((y >= self.lower) & (y < next_), float(next_), y)[()]  # what lies outside stays to be seen
        if np.isfinite(self.upper) and not self.closed_upper:
            y = np.where(y == self.upper, float(np.nextafter(self.upper, -np.inf)), y)[()]
        return y

    def contains(self, y: Any, xp: Any = np) -> Booleans:
        """Whether each value lies in the support.

        Parameters
        ----------
        y : array_like
        xp : module
            Whose arrays they are, ``numpy`` or ``jax.numpy``.

        Returns
        -------
        ndarray of bool

        Examples
        --------
        >>> import likely as lk
        >>> lk.Support(lower=0.0).contains([-1.0, 0.0, 1.0]).tolist()
        [False, False, True]
        """
        y = xp.asarray(y)
        inside = (y >= self.lower) if self.closed_lower else (y > self.lower)
        inside &= (y <= self.upper) if self.closed_upper else (y < self.upper)
        if self.integer:
            inside &= y == xp.floor(y)
        return inside

    @property
    def text(self) -> str:
        """The support in words."""
        if self.integer:
            if np.isinf(self.upper):
                return f"whole numbers >= {self.lower:g}"
            return f"whole numbers from {self.lower:g} to {self.upper:g}"
        low = "" if np.isinf(self.lower) else f"{'>=' if self.closed_lower else '>'} {self.lower:g}"
        high = "" if np.isinf(self.upper) else f"{'<=' if self.closed_upper else '<'} {self.upper:g}"
        if not low and not high:
            return "real numbers"
        return "numbers " + " and ".join(part for part in (low, high) if part)
