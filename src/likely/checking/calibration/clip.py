"""Probabilities of exactly 0 or 1, whose logits are infinite: how far inside they are taken to be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from likely.errors import OptionError
from likely.errors.kinds import is_number
from likely.namespace.arrays import Floats
from likely.show.text_table import number


@final
@dataclass(frozen=True)
class Clip:
    """How near to 0 and 1 a probability may be where its logit is needed.

    Attributes
    ----------
    size : float
        Smaller probabilities are taken for it, those above ``1 - size`` for that; 0 takes all as they are.
    moved : int
        How many probabilities that changes.
    asked : bool
        Whether the user gave it.

    Notes
    -----
    By default nothing changes unless a probability is exactly 0 or 1. Then `size` is half an observation, 1 / (2n):
    what Macmillan and Kaplan (1985, Psychological Bulletin 98) put for a frequency of 0 in n.
    """

    size: float
    moved: int
    asked: bool

    def __call__(self, p: Any) -> Floats:
        """The probabilities, none nearer to 0 or 1 than that."""
        return np.clip(p, self.size, 1.0 - self.size) if self.size > 0.0 else p

    @property
    def text(self) -> str:
        """What was changed, in words; empty where nothing was."""
        if not self.moved:
            return ""
        one = self.moved == 1
        given = "" if self.asked else " (half an observation)"
        return (
            f"Clip {number(self.size, 3)}{given}: {self.moved:,} probabilit{'y' if one else 'ies'} nearer to 0 or 1 "
            f"{'was' if one else 'were'} taken to be that near."
        )


def clip_of(clip: float | None, p: Any, w: Any) -> Clip:
    """The clip that was asked for, or half an observation where a probability is exactly 0 or 1.

    Parameters
    ----------
    clip : float or None
    p : ndarray, shape (n,) or (n, K)
    w : ndarray, shape (n,)

    Raises
    ------
    OptionError
        If it is no number from 0 to below 1 / K.
    """
    used = p[w > 0]
    most = 0.5 if p.ndim == 1 else 1.0 / p.shape[1]
    if clip is None:
        certain = bool(np.any((used == 0.0) | (used == 1.0)))
        size = min(0.5 / max(float(w.sum()), 2.0), 0.5 * most) if certain else 0.0
    else:
        if not is_number(clip) or not 0.0 <= clip < most:
            raise OptionError(f"clip is a number from 0 to below {most:g}, such as 0.001, found {clip!r}")
        size = float(clip)
    moved = int(np.count_nonzero((used < size) | (used > 1.0 - size)))
    return Clip(size, moved, clip is not None)
