"""Reliability curves: observed frequencies against stated probabilities, in bins and without, with bands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from scipy import stats
from scipy.optimize import isotonic_regression

from likely.families.base import generator
from likely.models.checks import require_whole
from likely.namespace.arrays import Floats, Integers

DRAWS = 1000  # simulated data sets behind a consistency band
GROUPS = 1000  # of nearly equal probabilities: a draw of their events is binomial
ISOTONIC_DRAWS = 200


@final
@dataclass(frozen=True, eq=False)
class Curve:
    """Observed frequencies in bins of the stated probability.

    Attributes
    ----------
    p, observed, count : ndarray, shape (bins,)
        Mean stated probability, share of events, and observations in each bin.
    lower, upper : ndarray
        Wilson's (1927) intervals for the share of events.
    band_lower, band_upper : ndarray
        Where the shares would lie if the probabilities were right (consistency bars, Bröcker and Smith 2007).
    level : float
        Of both.
    """

    p: Floats
    observed: Floats
    count: Floats | Integers
    lower: Floats
    upper: Floats
    band_lower: Floats
    band_upper: Floats
    level: float


@final
@dataclass(frozen=True, eq=False)
class Isotonic:
    """The frequencies as an increasing function of the stated probability, without bins.

    This is the CORP approach of Dimitriadis, Gneiting and Jordan (2021).

    Attributes
    ----------
    x, y : ndarray
        Stated probabilities in order, and the isotonic (pool-adjacent-violators) frequencies there.
    lower, upper : ndarray
        Where y would lie if the probabilities were right, pointwise.
    """

    x: Floats
    y: Floats
    lower: Floats
    upper: Floats


def bins_of(p: Any, w: Any, bins: Any, how: str) -> Integers:
    """Each row's bin, 0, 1, ...; equal probabilities share one."""
    require_whole(bins=bins)
    if how == "width":
        which = np.minimum((p * bins).astype(int), bins - 1)
    else:
        order = np.argsort(p, kind="stable")
        middle = np.empty(len(p))
        middle[order] = (np.cumsum(w[order]) - 0.5 * w[order]) / w.sum()
        place = np.unique(p, return_inverse=True)[1]
        shared = np.bincount(place, middle * w) / np.maximum(np.bincount(place, w), 1e-300)
        which = np.minimum((shared[place] * bins).astype(int), bins - 1)
    return np.unique(which, return_inverse=True)[1]


def curve(hit: Any, p: Any, w: Any, which: Any, level: float, seed: int) -> tuple[Curve, Any]:
    """The reliability curve, and the simulated shares of events behind its band, shape (draws, bins)."""
    count = np.bincount(which, w)
    mean = np.bincount(which, w * p) / count
    observed = np.bincount(which, w * hit) / count
    z = stats.norm.isf(0.5 * (1.0 - level))
    center = (observed + 0.5 * z * z / count) / (1.0 + z * z / count)
    half = z / (1.0 + z * z / count) * np.sqrt(observed * (1.0 - observed) / count + 0.25 * z * z / count**2)
    drawn = _drawn(p, w, which, len(count), seed) / count
    tail = 0.5 * (1.0 - level)
    low, high = np.quantile(drawn, [tail, 1.0 - tail], axis=0)
    return Curve(mean, observed, count, center - half, center + half, low, high, level), drawn


def _drawn(p: Any, w: Any, which: Any, bins: int, seed: int) -> Floats:
    """Simulated events in each bin, if the probabilities are right."""
    rng = generator(seed, "calibration")
    out = np.zeros((DRAWS, bins))
    for b in range(bins):
        inside = which == b
        count, chance = grouped(p[inside], w[inside], GROUPS // bins + 1)[:2]
        whole = np.round(count).astype(np.int64)
        out[:, b] = rng.binomial(whole, chance, size=(DRAWS, len(chance))) @ (count / np.maximum(whole, 1))
    return out


def grouped(p: Any, w: Any, most: int, hit: Any = None) -> tuple[Any, Any, Any]:
    """Observations, mean probability and events in groups of nearly equal probability, in order of it."""
    order = np.argsort(p, kind="stable")
    ordered = p[order]
    if len(np.unique(ordered)) <= most:
        edges = np.flatnonzero(np.diff(ordered, prepend=-1.0) != 0.0)
    else:
        edges = np.unique(np.searchsorted(ordered, ordered[np.linspace(0, len(p) - 1, most + 1).astype(int)[:-1]]))
    ordered_w = w[order]
    count = np.add.reduceat(ordered_w, edges)
    keep = count > 0
    sums = np.add.reduceat(ordered_w * ordered, edges)
    events = None if hit is None else np.add.reduceat(ordered_w * hit[order], edges)[keep]
    return count[keep], np.clip(sums[keep] / count[keep], 0.0, 1.0), events


def isotonic(hit: Any, p: Any, w: Any) -> Floats:
    """The isotonic frequency at every row's probability: the nonparametric maximum likelihood estimate."""
    place = np.unique(p, return_inverse=True)[1]
    count = np.bincount(place, w)
    share = np.bincount(place, w * hit) / np.where(count > 0, count, 1.0)
    fitted = isotonic_regression(share, weights=np.maximum(count, 1e-300)).x
    return np.clip(fitted, 0.0, 1.0)[place]


def isotonic_curve(hit: Any, p: Any, w: Any, level: float, seed: int) -> Isotonic:
    """The isotonic curve with its consistency band, at groups of nearly equal probability."""
    rng = generator(seed, "calibration")
    count, chance, events = grouped(p, w, GROUPS, hit)
    y = np.clip(isotonic_regression(events / count, weights=count).x, 0.0, 1.0)
    whole = np.maximum(np.round(count), 1.0).astype(np.int64)
    drawn = rng.binomial(whole, chance, size=(ISOTONIC_DRAWS, len(chance))) / whole
    fitted = np.stack([isotonic_regression(row, weights=count).x for row in drawn])
    tail = 0.5 * (1.0 - level)
    lower, upper = np.quantile(fitted, [tail, 1.0 - tail], axis=0)
    return Isotonic(chance, y, lower, upper)
