"""Fused rows of the negative binomial family on log links, with one dispersion for all rows."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from likely.domains import LINKS
from likely.families.negative_binomial import NegativeBinomial
from likely.namespace import Jet, JetNamespace

LARGEST_COUNT = 100_000  # beyond, the mean's part would lose digits that the density's own form keeps
LOG_DISPERSIONS = (float(np.log(1e-4)), float(np.log(1e4)))  # likewise


def counts(y: Any) -> Any:
    """The counts as whole numbers; None where most numbers up to the largest do not occur."""
    largest = y.max(initial=0.0)
    return None if largest > min(LARGEST_COUNT, max(1000, len(y) // 10)) else y.astype(np.int32)


def negative_binomial_rows(y: Any, count: Any, etas: list[Any]) -> Jet | None:
    """With r = 1/dispersion, v = dispersion mean, log P = t(y) + y log(mean) - (y + r) log(1 + v).

    The terms t(y), with their derivatives in log dispersion, come from the family itself, at the distinct counts.
    """
    log_mean, log_dispersion = etas
    low, high = LOG_DISPERSIONS
    if np.ndim(log_dispersion) or not low < log_dispersion < high:
        return None
    log_mean = np.asarray(log_mean)
    value, first, second = _terms(float(log_dispersion), 1 << int(count.max(initial=0)).bit_length())
    r = float(np.exp(-log_dispersion))
    mean = np.exp(log_mean)
    v = mean / r
    inverse = 1.0 / (1.0 + v)
    u, log_1v = v * inverse, np.log1p(v)
    yr, scaled = y + r, (y - mean) * inverse
    yru, cross = yr * u, scaled * u
    return Jet(
        value[count] + y * log_mean - yr * log_1v,
        {0: scaled, 1: first[count] + r * log_1v - yru},
        {
            (0, 0): -yru * inverse,
            (0, 1): -cross,
            (1, 1): second[count] + r * (2.0 * u - log_1v) - yru * inverse,
        },
        2,
    )


@lru_cache(maxsize=16)
def _terms(log_dispersion: float, size: int) -> tuple[Any, Any, Any]:
    """t(y) and its first two derivatives in log dispersion, for the counts below `size`.

    What remains of the family's log-probability at mean 1 without the mean's part of it.
    """
    xp = JetNamespace(2)
    y = np.arange(float(size))
    at_one = NegativeBinomial()._log_density(
        xp, y, 1.0, LINKS["log"].inverse(xp.variable(1, np.float64(log_dispersion)), xp)
    )
    r, v = float(np.exp(-log_dispersion)), float(np.exp(log_dispersion))
    u, log_1v = v / (1.0 + v), float(np.log1p(v))
    return (
        at_one.v + (y + r) * log_1v,
        at_one.g[1] - r * log_1v + (y + r) * u,
        at_one.h[1, 1] - r * (2.0 * u - log_1v) + (y + r) * u * (1.0 - u),
    )
