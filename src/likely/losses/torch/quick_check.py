"""A quick look at each batch: a few microseconds that tell whether a closer one is needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

import numpy as np

from likely.families.base.vectors import Simplex
from likely.losses.heads import Heads
from likely.namespace.torch import torch_module

torch = torch_module()


@final
class QuickCheck:
    """Whether a target or a natural value may lie where it cannot. What is not finite shows in the loss.

    Parameters
    ----------
    heads : Heads
    """

    def __init__(self, heads: Heads) -> None:
        self._heads, self._support = heads, heads.family.support
        ends_move = any(p.edge or p.known_only for p in heads.family.parameters)
        # a quick look tells nothing of these, nor of entries that must sum to 1 or be increasing
        bound = any(p.vector and (p.name not in heads.links or p.domain is not Simplex) for p in heads.predicted)
        self._always = bool(heads.given) or ends_move or bound
        self._exact = _exact(self._support) if not heads.family.kind.labels else None
        self._bounded = self._support.integer or _bounded(self._support)
        self._watched = [p for p in heads.predicted if p.vector or (p.name not in heads.links and _bounded(p.domain))]

    def __call__(self, y: Any, columns: Mapping[str, Any]) -> bool:
        """True where a closer look is needed."""
        if self._always or not y.numel():
            return True
        ends = None
        if self._exact is not None and y.is_floating_point():
            if not torch.equal(y, self._exact(y)):
                return True
        elif self._bounded:
            ends = _ends(y)
            if _outside(ends, self._support):
                return True
            if self._support.integer and y.is_floating_point() and not torch.equal(y, torch.floor(y)):
                return True
        for p in self._watched:
            column = columns[p.name]
            if p.vector:
                if ends is None or ends[1] > self._heads.last(p, column):
                    return True
            elif _outside(_ends(column), p.domain):
                return True
        return False


def _exact(support: Any) -> Any:
    """What leaves the values of a support as they are, and no others: two operations instead of five."""
    if not support.integer or support.lower != 0.0:
        return None
    if support.upper == 1.0:
        return torch.square
    return (lambda y: torch.floor(torch.abs(y))) if support.upper == np.inf else None


def _bounded(where: Any) -> bool:
    """Whether a support or a domain has an end."""
    return bool(where.lower > -np.inf or where.upper < np.inf)


def _ends(values: Any) -> tuple[float, float]:
    low, high = torch.aminmax(values.detach())
    return low.item(), high.item()


def _outside(ends: tuple[float, float], where: Any) -> bool:
    """Whether values between these ends may lie beyond those of a support or a domain; so do NaN."""
    low, high = ends
    above = low >= where.lower if where.closed_lower or where.lower == -np.inf else low > where.lower
    below = high <= where.upper if where.closed_upper or where.upper == np.inf else high < where.upper
    return not (above and below)
