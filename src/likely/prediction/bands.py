"""Residuals as a whole: quantile-quantile lines, their detrended form, and histograms of transforms, with bands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np
from scipy import special as sc
from scipy import stats

from likely.errors import OptionError
from likely.errors.kinds import is_whole
from likely.families.base import generator
from likely.likelihoods.fitted_rows import rows_of
from likely.models.checks import check_level
from likely.namespace.arrays import Floats, Integers
from likely.prediction.residuals import residuals

if TYPE_CHECKING:
    from likely.estimates import Estimates

POINTS = 300  # of a line, at most
DRAWS = 1000  # of uniform samples, from which the band is taken
TAIL = 20  # order statistics at either end that are always among the points


@final
@dataclass(frozen=True, eq=False)
class QQ:
    """Quantile residuals beside the normal quantiles they should be, with a band for all of them together.

    Attributes
    ----------
    theoretical, observed : ndarray, shape (points,)
        Normal quantiles of the plotting positions, and the order statistics of the residuals.
    lower, upper : ndarray, shape (points,)
        The simultaneous band.
    outside : int
        Points beyond it.
    p_value : float
        Probability of a line that leaves its band as far somewhere, if the model is true and its parameters known.
    level : float
    n : int

    Notes
    -----
    The k-th smallest of n uniform numbers has the distribution Beta(k, n + 1 - k). The band has the same local level at
    every point, chosen so that all points together hold with probability `level` (Aldor-Noiman and others 2013), from
    seeded samples of the joint distribution. Estimated parameters draw the line towards the diagonal, so the true level
    is somewhat larger.
    """

    theoretical: Floats
    observed: Floats
    lower: Floats
    upper: Floats
    outside: int
    p_value: float
    level: float
    n: int

    @property
    def detrended(self) -> tuple[Floats, Floats, Floats]:
        """Observed minus theoretical quantile with its band: a worm plot (van Buuren and Fredriks 2001)."""
        return self.observed - self.theoretical, self.lower - self.theoretical, self.upper - self.theoretical


def qq(fit: Estimates, level: float = 0.95, *, seed: int = 0, points: int = POINTS) -> QQ:
    """The quantile residuals of a fit in order, beside those of the standard normal.

    Parameters
    ----------
    fit : Estimates
    level : float
        Of the band, for all points together.
    seed : int
        Of the residuals of discrete data, and of the band.
    points : int
        At most so many; the largest and smallest residuals are always among them.

    Returns
    -------
    QQ

    Examples
    --------
    >>> import likely as lk
    >>> from likely.prediction.bands import qq
    >>> line = qq(lk.fit("normal", [1.0, 2.0, 3.0, 6.0, 2.5, 3.5]).estimates)
    >>> line.n, line.outside
    (6, 0)
    """
    level = check_level(level)
    z = np.sort(np.asarray(residuals(fit, "quantile", seed=seed), dtype=float))
    n = len(z)
    k = _chosen(n, points)
    local, p_value = _local_level(k, n, sc.ndtr(z[k - 1]), level, seed)
    tail = 0.5 * local
    lower = sc.ndtri(stats.beta.ppf(tail, k, n + 1 - k))
    upper = -sc.ndtri(stats.beta.ppf(tail, n + 1 - k, k))
    observed = z[k - 1]
    outside = int(np.count_nonzero((observed < lower) | (observed > upper)))
    return QQ(sc.ndtri((k - 0.5) / n), observed, lower, upper, outside, p_value, level, n)


def _chosen(n: int, points: int) -> Integers:
    """The order statistics that are shown, from 1: all of few; of many the ends and a thinned middle."""
    if n <= points:
        return np.arange(1, n + 1)
    ends = min(TAIL, points // 4)
    middle = sc.ndtr(np.linspace(sc.ndtri((ends + 0.5) / n), -sc.ndtri((ends + 0.5) / n), points - 2 * ends))
    inner = np.round(middle * n).astype(int)
    return np.unique(np.concatenate([np.arange(1, ends + 1), np.clip(inner, 1, n), np.arange(n - ends + 1, n + 1)]))


def _local_level(k: Any, n: int, u: Any, level: float, seed: int) -> tuple[float, float]:
    """The level at single points with which all hold together, and the p-value of the observed line."""
    rng = generator(seed, "bands")
    # the joint law of these order statistics, by the gaps between them
    steps = np.diff(np.concatenate([[0], k, [n + 1]]))
    sums = np.cumsum(rng.standard_gamma(steps, size=(DRAWS, len(steps))), axis=1)
    drawn = sums[:, :-1] / sums[:, -1:]
    least = np.min(_two_sided(drawn, k, n), axis=1)
    own = float(np.min(_two_sided(np.asarray(u)[None, :], k, n)))
    return float(np.quantile(least, 1.0 - level)), (1.0 + float(np.count_nonzero(least <= own))) / (1.0 + DRAWS)


def _two_sided(u: Any, k: Any, n: int) -> Floats:
    return 2.0 * np.minimum(sc.betainc(k, n + 1 - k, u), sc.betaincc(k, n + 1 - k, u))


@final
@dataclass(frozen=True, eq=False)
class PITHistogram:
    """The share of probability integral transforms in equal bins: flat if the predictive distributions are right.

    Attributes
    ----------
    edges : ndarray, shape (bins + 1,)
    heights : ndarray, shape (bins,)
        Density: 1 everywhere for calibrated distributions.
    lower, upper : float
        Where each height lies with probability `level` if they are (pointwise).
    level : float
    n : int or float
        Number of observations, the sum of their weights.
    statistic, p_value : float
        Pearson's chi-squared test of equal bins, the parameters taken as known.

    Notes
    -----
    A count has a transform between F(y - 1) and F(y), and its weight is spread evenly over that stretch: nothing is
    drawn (Czado, Gneiting and Held 2009).
    """

    edges: Floats
    heights: Floats
    lower: float
    upper: float
    level: float
    n: float
    statistic: float
    p_value: float


def pit_histogram(fit: Estimates, bins: int = 10, level: float = 0.95) -> PITHistogram:
    """The histogram of F(y) under the fitted distributions.

    Parameters
    ----------
    fit : Estimates
    bins : int
    level : float
        Of the band.

    Returns
    -------
    PITHistogram

    Raises
    ------
    OptionError
        If the observations are labels, or bins cannot be used.
    """
    level = check_level(level)
    rows = rows_of(fit, observed=True)
    if rows.family.kind.labels:
        raise OptionError(f"{rows.family.title} has labels, which have no distribution function; see fit.calibration()")
    if not is_whole(bins) or bins < 2:
        raise OptionError(f"bins is a whole number of at least 2, found {bins!r}")
    y = rows.fit.likelihood.bound.y
    tails = rows.free_family.at(rows.values).tails(y)
    before, below = rows.full(tails.before), rows.full(tails.below)
    return histogram(before, below, bins, level, rows.fit.likelihood.bound.weights)


def histogram(below: Any, above: Any, bins: int, level: float, weights: Any = None) -> PITHistogram:
    """The histogram of transforms that lie evenly between two ends each, or are points where these are equal."""
    w = np.ones(len(above)) if weights is None else np.asarray(weights, dtype=float)
    n = float(np.sum(w))
    edges = np.linspace(0.0, 1.0, bins + 1)
    if np.array_equal(below, above):
        counts = np.histogram(above, edges, weights=w)[0].astype(float)
    else:
        width = np.maximum(above - below, 1e-300)
        reached = np.array([np.sum(w * np.clip((e - below) / width, 0.0, 1.0)) for e in edges])
        counts = np.diff(reached)
    share = 1.0 / bins
    tail = 0.5 * (1.0 - level)
    lower, upper = (float(stats.binom.ppf(q, n, share)) * bins / n for q in (tail, 1.0 - tail))
    statistic = float(np.sum((counts - n * share) ** 2) / (n * share))
    p_value = float(stats.chi2.sf(statistic, bins - 1))
    return PITHistogram(
        edges, counts * bins / n, lower, upper, level, int(n) if n.is_integer() else n, statistic, p_value
    )
