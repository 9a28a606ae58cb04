"""A density beside values that have probabilities of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, final

import numpy as np

from likely.families.base.numeric.continuous import Continuous
from likely.families.base.numeric.density import Density, Distribution
from likely.namespace.arrays import Floats


@final
class Mixed(Distribution):
    """A distribution with a density and atoms, at one set of parameter values."""

    def __init__(self, density: Density) -> None:
        self.part = Continuous(density)
        total = self.part.total + float(np.sum(density.masses))
        self.share = self.part.total / total
        self.atoms, self.masses = density.atoms, density.masses / total

    def below(self, y: Any) -> Any:
        return self.share * self.part.below(y) + (self.atoms <= np.asarray(y)[..., None]) @ self.masses

    def above(self, y: Any) -> Any:
        return self.share * self.part.above(y) + (self.atoms > np.asarray(y)[..., None]) @ self.masses

    def quantile(self, q: Any) -> Any:
        return self._quantile(q, self.part.quantile)

    def draw(self, u: Any) -> Any:
        return self._quantile(np.maximum(u, 1e-300), self.part.draw)

    def _quantile(self, q: Any, of_density: Callable[[Any], Any]) -> Any:
        return mixed_quantile(q, self.atoms, self.masses, self.share, self.part.below(self.atoms), of_density)

    def moment(self, power: Callable[[Any], Any]) -> float:
        return self.share * self.part.moment(power) + float(np.sum(self.masses * power(self.atoms)))


def mixed_quantile(
    q: Any, atoms: Any, masses: Any, share: Any, reached: Any, of_density: Callable[[Any], Any]
) -> Floats:
    """Quantiles of a density beside atoms.

    Parameters
    ----------
    q : ndarray
    atoms, masses : ndarray
        In order, along the last axis: the same for all levels, or by level.
    share : float or ndarray
        Of the density in the whole.
    reached : ndarray
        The density's own distribution function at the atoms.
    of_density : callable
        Its own quantiles.
    """
    upto = np.asarray(share)[..., None] * np.asarray(reached) + np.cumsum(masses, axis=-1)  # P(Y <= atom)
    level = np.asarray(q)[..., None]
    passed = level > upto
    on = ~passed & (level > upto - masses)
    rest = np.asarray(q) - np.sum(np.where(passed, masses, 0.0), axis=-1)
    with np.errstate(all="ignore"):
        last = np.where(np.asarray(q) < 1.0, 1.0 - 2.0**-53, 1.0)  # only the level 1 is the end of the support
        between = of_density(np.where(np.any(on, axis=-1), 0.5, np.clip(rest / share, 0.0, last)))
    return np.where(np.any(on, axis=-1), np.sum(np.where(on, atoms, 0.0), axis=-1), between)
