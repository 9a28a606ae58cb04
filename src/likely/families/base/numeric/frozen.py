"""What is asked of distributions at given parameters: the methods of SciPy's frozen distributions."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Protocol

import numpy as np

from likely.namespace.arrays import Floats


class Frozen(Protocol):
    """Distributions at given values of the parameters, one for each row of them."""

    @abstractmethod
    def cdf(self, y: Any) -> Any:
        """P(Y <= y)."""

    @abstractmethod
    def sf(self, y: Any) -> Any:
        """P(Y > y), accurate in the upper tail."""

    @abstractmethod
    def ppf(self, q: Any) -> Any:
        """The smallest y with cdf(y) >= q."""

    def isf(self, q: Any) -> Floats | float:
        """The smallest y with sf(y) <= q."""
        return self.ppf(np.minimum(1.0 - np.asarray(q, dtype=float), 1.0 - 2.0**-53))

    @abstractmethod
    def rvs(self, size: Any = None, random_state: Any = None) -> Any:
        """Random values."""
