"""Fused rows of the negative binomial family on log links."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from likely.families.base.links import LINKS
from likely.families.kernels.glm import log_factorials
from likely.namespace import Jet, JetNamespace

Density = Callable[..., Any]
LARGEST_COUNT = 100_000  # beyond, the mean's part would lose digits that the density's own form keeps
FEW = 32  # counts up to which a sum of so many terms is faster than the family's special functions
LOG_DISPERSIONS = (float(np.log(1e-4)), float(np.log(1e4)))  # likewise


def counts(y: Any) -> Any:
    """The counts as whole numbers; None where most numbers up to the largest do not occur."""
    largest = y.max(initial=0.0)
    return None if largest > min(LARGEST_COUNT, max(1000, len(y) // 10)) else y.astype(np.int32)


def negative_binomial_rows(density: Density, y: Any, count: Any, etas: list[Any]) -> Jet | None:
    """With r = 1/dispersion, v = dispersion mean, log P = t(y) + y log(mean) - (y + r) log(1 + v).

    With one dispersion, the terms t(y) and their derivatives in its logarithm come from the family itself, at the
    distinct counts.
    """
    log_mean, log_dispersion = etas
    low, high = LOG_DISPERSIONS
    if not (low < np.min(log_dispersion) and np.max(log_dispersion) < high):
        return None
    log_mean = np.asarray(log_mean)
    if np.ndim(log_dispersion):
        value, first, second = _terms_by_row(density, log_dispersion, y, count)
        r = np.exp(-log_dispersion)
    else:
        terms = _terms(density, float(log_dispersion), 1 << int(count.max(initial=0)).bit_length())
        value, first, second = (term[count] for term in terms)
        r = float(np.exp(-log_dispersion))
    mean = np.exp(log_mean)
    v = mean / r
    inverse = 1.0 / (1.0 + v)
    u, log_1v = v * inverse, np.log1p(v)
    yr, scaled = y + r, (y - mean) * inverse
    yru, cross = yr * u, scaled * u
    return Jet(
        value + y * log_mean - yr * log_1v,
        {0: scaled, 1: first + r * log_1v - yru},
        {
            (0, 0): -yru * inverse,
            (0, 1): -cross,
            (1, 1): second + r * (2.0 * u - log_1v) - yru * inverse,
        },
        2,
    )


@lru_cache(maxsize=16)
def _terms(density: Density, log_dispersion: float, size: int) -> tuple[Any, Any, Any]:
    """t(y) and its first two derivatives in log dispersion, for the counts below `size`."""
    return _from_the_family(density, np.float64(log_dispersion), np.arange(float(size)))


def _terms_by_row(density: Density, log_dispersion: Any, y: Any, count: Any) -> tuple[Any, Any, Any]:
    """The same where every row has a dispersion of its own.

    t(y) is the sum of log(1 + k dispersion) over the k below y, less log y!: for most counts a few terms.
    """
    few = count <= FEW
    value, first, second = -log_factorials(np.minimum(y, FEW)), np.zeros(len(y)), np.zeros(len(y))
    dispersion = np.exp(log_dispersion)
    rows, k = np.flatnonzero(few & (count > 1)), 1
    while len(rows):
        x = k * dispersion[rows]
        share = x / (1.0 + x)
        value[rows] += np.log1p(x)
        first[rows] += share
        second[rows] += share / (1.0 + x)
        k += 1
        rows = rows[count[rows] > k]
    if len(rows := np.flatnonzero(~few)):
        value[rows], first[rows], second[rows] = _from_the_family(density, log_dispersion[rows], y[rows])
    return value, first, second


def _from_the_family(density: Density, log_dispersion: Any, y: Any) -> tuple[Any, Any, Any]:
    """What remains of the family's log-probability at mean 1 without the mean's part of it."""
    xp = JetNamespace(2)
    at_one = density(xp, y, 1.0, LINKS["log"].inverse(xp.variable(1, log_dispersion), xp))
    v = np.exp(log_dispersion)
    r, u, log_1v = 1.0 / v, v / (1.0 + v), np.log1p(v)
    return (
        at_one.v + (y + r) * log_1v,
        at_one.g[1] - r * log_1v + (y + r) * u,
        at_one.h[1, 1] - r * (2.0 * u - log_1v) + (y + r) * u * (1.0 - u),
    )
