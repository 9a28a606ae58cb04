"""How far a fitted distribution is from the data: distances of distribution functions, and counts in cells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from likely.errors import OptionError
from likely.families.base import Kind
from likely.namespace import NumpyNamespace
from likely.namespace.arrays import Floats, Integers
from likely.prediction.sample import Sample, View

EXPECTED = 5.0  # observations that a cell should expect (Cochran 1954)
GROUPS = 10
MOST_COUNTS = 2_000  # cells of whole numbers

Statistic = Callable[[View], float]


def _transforms(view: View) -> Floats:
    """F(y), in order; a little inside 0 and 1."""
    below, above = view.transforms
    u = np.where(below <= 0.5, below, 1.0 - above)
    return np.sort(np.clip(u, 1e-300, 1.0 - 2.0**-53))


def kolmogorov_smirnov(u: Any) -> float:
    """The largest distance between two distribution functions, one of them uniform.

    >>> round(kolmogorov_smirnov(np.array([0.1, 0.4, 0.9])), 4)
    0.2667
    """
    n = len(u)
    i = np.arange(1, n + 1)
    return float(max(np.max(i / n - u), np.max(u - (i - 1) / n)))


def cramer_von_mises(u: Any) -> float:
    """W^2: the mean squared distance between the distribution functions, times n."""
    n = len(u)
    i = np.arange(1, n + 1)
    return float(1.0 / (12.0 * n) + np.sum((u - (2 * i - 1) / (2.0 * n)) ** 2))


def anderson_darling(u: Any) -> float:
    """A^2: the same with the tails weighted up (Anderson and Darling 1954)."""
    n = len(u)
    i = np.arange(1, n + 1)
    return float(-n - np.sum((2 * i - 1) * (np.log(u) + np.log1p(-u[::-1]))) / n)


CONTINUOUS = {"ks": kolmogorov_smirnov, "cvm": cramer_von_mises, "ad": anderson_darling}


def statistic_of(test: str, sample: Sample) -> tuple[Statistic, dict[str, Any]]:
    """The statistic of a test, with facts about it (the degrees of freedom of a chi-squared reference).

    Raises
    ------
    OptionError
        If the test does not suit the family.
    """
    family, title = sample.family, sample.family.title
    if test == "hosmer-lemeshow":
        if family.kind is not Kind.BINARY:
            raise OptionError(f"the Hosmer-Lemeshow test is for Bernoulli fits, not for {title}; leave out test=")
        return _hosmer_lemeshow(sample)
    if family.kind is Kind.LABELS:
        raise OptionError(
            f"{title} has labels without an order, so there is no distribution function; see fit.calibration()"
        )
    if family.kind.discrete:
        return _counts(test, sample)
    if test == "chi2":
        return _cells(sample)
    distance = CONTINUOUS[test]
    return lambda view: distance(_transforms(view)), {}


def _cells(sample: Sample) -> tuple[Statistic, dict[str, Any]]:
    """Pearson's statistic over cells that are equally probable under each row's distribution."""
    k = int(max(3, min(np.ceil(2.0 * sample.n**0.4), sample.n // EXPECTED)))
    edges = np.linspace(0.0, 1.0, k + 1)

    def statistic(view: View) -> float:
        counts = np.histogram(_transforms(view), edges)[0]
        return float(np.sum((counts - sample.n / k) ** 2) / (sample.n / k))

    return statistic, {"cells": k}


def _counts(test: str, sample: Sample) -> tuple[Statistic, dict[str, Any]]:
    """Of whole numbers: observed and expected numbers of rows at each (Choulakian, Lockhart and Stephens 1994)."""
    low = float(np.min(sample.y))
    low = max(low - 5.0, float(sample.family.support.lower)) if not sample.family.kind.labels else 0.0
    top = float(np.max(sample.y)) + (5.0 if not sample.family.kind.labels else 0.0)
    if top - low > MOST_COUNTS:
        raise OptionError(
            f"the counts range over {top - low:,.0f} whole numbers, more than {MOST_COUNTS:,}; use fit.diagnose(), or "
            "a continuous family"
        )
    at = np.arange(low, top + 1.0)
    if test == "chi2":
        expected = _expected(sample.observed, at)
        groups = _merged(expected)
        k = int(groups[-1]) + 1
        if k < 2:
            raise OptionError("there are too few rows for two cells that expect five each; use test='ad'")

        def pearson(view: View) -> float:
            seen = np.bincount(groups, _observed(view, at), k)
            e = np.bincount(groups, _expected(view, at), k)
            return float(np.sum((seen - e) ** 2 / np.maximum(e, 1e-300)))

        return pearson, {"cells": k}

    def statistic(view: View) -> float:
        n = float(len(view.y))
        seen, e = _observed(view, at)[:-1], _expected(view, at)[:-1]
        z, p, h = np.cumsum(seen - e), e / n, np.clip(np.cumsum(e) / n, 1e-12, 1.0 - 1e-12)
        if test == "ks":
            return float(np.max(np.abs(z)) / n)
        weight = p if test == "cvm" else p / (h * (1.0 - h))
        return float(np.sum(z * z * weight) / n)

    return statistic, {"cells": len(at) + 1}


def _observed(view: View, at: Any) -> Floats:
    """Rows at each number, those below with the first, and those beyond."""
    place = np.clip(view.y - at[0], 0, len(at)).astype(np.intp)
    return np.bincount(place, minlength=len(at) + 1).astype(float)


def _expected(view: View, at: Any) -> Floats:
    """The same, as the fitted distributions of the rows expect them."""
    n = len(view.y)
    below = np.array([float(np.sum(view.full(view.fitted.tails(v).below))) for v in at])
    return np.diff(np.concatenate([[0.0], below, [float(n)]]))


def _merged(expected: Any) -> Integers:
    """Groups of neighbouring cells that expect enough, numbered from 0."""
    out, held, group = np.zeros(len(expected), dtype=np.intp), 0.0, 0
    for i, e in enumerate(expected):
        out[i] = group
        held += e
        if held >= EXPECTED:
            group, held = group + 1, 0.0
    return np.minimum(out, max(group - 1, 0))


def _hosmer_lemeshow(sample: Sample) -> tuple[Statistic, dict[str, Any]]:
    """Observed and expected events in groups of equal size by fitted probability (Hosmer and Lemeshow 1980)."""
    distinct = len(np.unique(_chances(sample.observed)))
    groups = min(GROUPS, distinct)
    if groups < 3:
        raise OptionError("the fitted probabilities take fewer than three values: there is nothing to group by")

    def statistic(view: View) -> float:
        p = _chances(view)
        cuts = np.unique(np.quantile(p, np.linspace(0.0, 1.0, groups + 1))[1:-1])
        which = np.searchsorted(cuts, p, side="left")  # ties stay together
        n = np.bincount(which, minlength=len(cuts) + 1).astype(float)
        seen, e = np.bincount(which, view.y, len(n)), np.bincount(which, p, len(n))
        used = n > 0
        variance = e[used] * (1.0 - e[used] / n[used])
        return float(np.sum((seen[used] - e[used]) ** 2 / np.maximum(variance, 1e-300)))

    return statistic, {"groups": groups, "df": groups - 2}


def _chances(view: View) -> Any:
    """The probability of a 1, of every row."""
    return view.full(view.sample.family._mean(NumpyNamespace(), **view.values))
