"""The usual name of a loss, found by its gradient: whatever way the density was written."""

from __future__ import annotations

import numpy as np

from likely.errors import LikelyError
from likely.families import FAMILIES
from likely.losses.density_loss import DensityLoss

ROWS = 40
FREE_FORMS = "normal laplace poisson gamma inverse_gaussian log_normal bernoulli exponential geometric".split()


def usual_name(loss: DensityLoss) -> str:
    """The name of a loss; that of a known one to which it is proportional, where its family has given it none.

    Examples
    --------
    >>> import likely as lk
    >>> @lk.family(params={"centre": lk.Real, "variance": lk.Positive}, support="real")
    ... def bell(y, centre, variance, xp):
    ...     return -0.5 * (xp.log(6.283185307179586 * variance) + (y - centre) ** 2 / variance)
    >>> usual_name(lk.loss(bell()))
    'squared error'
    """
    named = loss.family.name in FAMILIES or loss.usual_name is not None
    if named or loss.parameter.vector or loss.link is not None:
        return loss.name
    for name in FREE_FORMS:
        other = DensityLoss(FAMILIES[name]())
        if other.family.support == loss.family.support and _proportional(loss, other):
            return other.name
    return loss.name


def _proportional(loss: DensityLoss, other: DensityLoss) -> bool:
    """Whether the gradients of two losses are positive multiples of each other, the same for all rows."""
    rng = np.random.default_rng(0)
    low = max(loss.parameter.typical_range[0], other.parameter.typical_range[0])
    high = min(loss.parameter.typical_range[1], other.parameter.typical_range[1])
    support = loss.family.support
    if not low < high:
        return False
    top = min(support.upper, 12.0)
    y = rng.uniform(max(support.lower, -12.0), top, ROWS)
    y = np.minimum(np.floor(y), top) if support.integer else y
    at = rng.uniform(low, high, ROWS)
    try:
        first, second = (each.derivatives(y, at)[1] for each in (loss, other))
    except LikelyError:
        return False
    if not (np.all(np.isfinite(first)) and np.all(np.isfinite(second)) and np.any(second != 0)):
        return False
    ratio = float(np.dot(first, second) / np.dot(second, second))
    return ratio > 0 and bool(np.allclose(first, ratio * second, rtol=1e-8, atol=1e-10))
