"""Values of y with probabilities that stand for a distribution in sums: quadrature by quantiles, or whole numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from likely.families.base import Distributions, Family, Kind
from likely.families.base.numeric.rule import double_exponential
from likely.namespace import NumpyNamespace
from likely.namespace.arrays import Floats

TAIL = 4e-16  # probability beyond the last whole number summed
HEAD = 512  # whole numbers summed one by one where there are many
LEVELS = np.array([1e-12, 1e-8, 1e-5, 1e-3, 0.01, 0.05, 0.15, 0.3, 0.5])
CENTRAL = np.array([0.03, 0.12, 0.25, 0.4, 0.55, 0.7, 0.8, 0.9, 0.97])
LEGENDRE = np.polynomial.legendre.leggauss(20)


def nodes(family: Family, values: Mapping[str, Any], count: int, split: Any = None) -> tuple[Any, Any]:
    """Values of y and probabilities for several distributions at once, shape (count, values).

    Parameters
    ----------
    family : Family
    values : mapping of str to float or ndarray
        Every parameter, one value or one for each distribution.
    count : int
        Number of distributions.
    split : float or ndarray, optional
        Where the log-density has a corner: the rule is applied on either side.
    """
    columns = {k: np.reshape(v, (-1, 1)) if np.ndim(v) == 1 else v for k, v in values.items()}
    distribution = family.at(columns)
    if family.kind.discrete:
        return _whole_numbers(distribution, count)
    if family.kind is Kind.MIXED:
        return _between_atoms(distribution, count, split)
    below, above, p = double_exponential()
    if split is None:
        lower, upper = distribution.quantile(below[None, :]), distribution.quantile(above[None, :], upper=True)
        y = np.hstack([_wide(lower, count), _wide(upper, count)])
        return y, np.broadcast_to(p, y.shape)
    at = np.broadcast_to(np.reshape(split, (-1, 1)), (count, 1))
    share = np.broadcast_to(distribution.tails(at).below, (count, 1))
    level, other = np.concatenate([below, 1.0 - above]), np.concatenate([1.0 - below, above])
    y = np.hstack(
        [
            _wide(distribution.quantile(share * level), count),
            _wide(distribution.quantile((1.0 - share) * other, upper=True), count),
        ]
    )
    return y, np.hstack([share * p, (1.0 - share) * p])


def _between_atoms(distribution: Distributions, count: int, split: Any) -> tuple[Any, Any]:
    """The values that have probabilities of their own, and the rule between each and the next."""
    breaks = [*distribution.family.atoms(**distribution.values), *([] if split is None else [split])]
    at = np.sort(np.hstack([np.broadcast_to(np.reshape(v, (-1, 1)), (count, 1)) for v in breaks]), axis=1)
    tails = distribution.tails(at)
    before, below, mass = (np.broadcast_to(v, at.shape) for v in (tails.before, tails.below, tails.mass))
    again = np.hstack([np.zeros((count, 1), dtype=bool), at[:, 1:] == at[:, :-1]])
    mass = np.where(again, 0.0, mass)
    starts, ends = np.hstack([np.zeros((count, 1)), below]), np.hstack([before, np.ones((count, 1))])
    lower, upper, p = double_exponential()
    ys, weights = [at], [mass]
    for k in range(starts.shape[1]):
        start, length = starts[:, k : k + 1], np.maximum(ends[:, k : k + 1] - starts[:, k : k + 1], 0.0)
        rest = 1.0 - start - length  # beyond this stretch
        ys.append(_wide(distribution.quantile(start + length * lower), count))
        ys.append(_wide(distribution.quantile(np.clip(rest + length * upper, 0.0, 1.0), upper=True), count))
        weights.append(length * p)
    return np.hstack(ys), np.hstack(weights)


def central(family: Family, values: Mapping[str, Any], count: int) -> Floats:
    """A few quantiles between the tails of several continuous distributions at once, shape (count, values)."""
    columns = {k: np.reshape(v, (-1, 1)) if np.ndim(v) == 1 else v for k, v in values.items()}
    with np.errstate(all="ignore"):
        return _wide(family.at(columns).quantile(CENTRAL[None, :]), count)


def _wide(y: Any, count: int) -> Floats:
    return np.broadcast_to(y, (count, y.shape[-1]))


def _whole_numbers(distribution: Distributions, count: int) -> tuple[Any, Any]:
    """The whole numbers that matter; where they are many, the first ones and integrals over the rest."""
    lower, upper = (
        np.broadcast_to(end, (count, 1)).astype(float) for end in distribution.family.bounds(**distribution.values)
    )
    few = upper - lower < 4 * HEAD  # all of them, however improbable
    first = np.maximum(np.broadcast_to(distribution.quantile(TAIL), (count, 1)), lower)
    last = np.minimum(np.broadcast_to(distribution.quantile(1.0 - TAIL), (count, 1)), upper)
    first, last = np.where(few, lower, first), np.where(few, upper, last)
    most = int(np.max(last - first)) + 1
    if most <= 4 * HEAD:
        y = first + np.arange(float(most))
        p = np.where(y <= last, _density(distribution, np.minimum(y, last)), 0.0)
        return np.minimum(y, last), p / p.sum(axis=1, keepdims=True)
    head = first + np.arange(float(HEAD))
    start = first + HEAD - 0.5
    # Euler and Maclaurin: a sum is the integral between half integers, corrected by the slope at its start
    slope, by = start + np.array([1.0, -1.0]), np.array([1.0, -1.0]) / 48.0
    levels = np.concatenate([LEVELS, 1.0 - LEVELS[-2::-1]])
    knots = np.hstack(
        [start, np.broadcast_to(distribution.quantile(levels[None, :]), (count, len(levels))), last + 0.5]
    )
    knots = np.clip(knots, start, last + 0.5)
    middle, half = 0.5 * (knots[:, 1:] + knots[:, :-1]), 0.5 * (knots[:, 1:] - knots[:, :-1])
    x, w = LEGENDRE
    inner = (middle[:, :, None] + half[:, :, None] * x).reshape(count, -1)
    y = np.hstack([head, slope, inner])
    weight = np.hstack([np.ones_like(head), np.tile(by, (count, 1)), (half[:, :, None] * w).reshape(count, -1)])
    inside = y <= last + 0.5
    p = np.where(inside, _density(distribution, np.where(inside, y, first)) * weight, 0.0)
    return np.where(inside, y, first), p / p.sum(axis=1, keepdims=True)


def _density(distribution: Distributions, y: Any) -> Floats:
    """The density formula, also between whole numbers."""
    with np.errstate(all="ignore"):
        value = distribution.family._log_density(NumpyNamespace(), y, **distribution.values)
        return np.nan_to_num(np.exp(value), nan=0.0)
