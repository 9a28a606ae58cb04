"""Where a search starts when nothing is known but the log-density."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np

from likely.errors import LikelyError
from likely.families.base.domains import Domain
from likely.families.base.numeric.density import WithLogDensity
from likely.namespace import NumpyNamespace

MOST_TRIALS = 1000  # points of the grid
MOST_ROWS = 200  # observations that judge them


def start_from_grid(family: WithLogDensity, y: Any, w: Any, known: Mapping[str, Any]) -> dict[str, Any]:
    """The best of a coarse grid of parameter values, judged by the log-likelihood of some of the rows."""
    rows = np.arange(len(y)) if w is None else np.flatnonzero(np.asarray(w) > 0)
    rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), MOST_ROWS)).astype(np.intp)]
    few = np.asarray(y, dtype=float)[rows]
    weights = 1.0 if w is None else np.asarray(w)[rows]
    fixed = {k: np.asarray(v)[rows] if np.ndim(v) else v for k, v in known.items()}
    free = family.free
    xp = NumpyNamespace()

    def value(point: tuple[float, ...]) -> float:
        params = {**fixed, **{p.name: v for p, v in zip(free, point, strict=True)}}
        with np.errstate(all="ignore"):
            total = float(np.sum(weights * np.broadcast_to(family._log_density(xp, few, **params), few.shape)))
        return total if total < np.inf else -np.inf  # nan and +inf are no place to start from

    choices = [_trials(p.domain, few) for p in free]
    if np.prod([float(len(c)) for c in choices]) <= MOST_TRIALS:
        points = list(itertools.product(*choices))
        values = _all_at_once(family, few, weights, fixed, points) if isinstance(weights, float) else None
        values = [value(point) for point in points] if values is None else values
        best = points[int(np.argmax(values))]
        return {p.name: v for p, v in zip(free, best, strict=True)}
    best = tuple(c[0] for c in choices)
    top = value(best)
    for i in list(range(len(free))) * 3:  # too many together: one parameter after the other, three times over
        for trial in choices[i]:
            point = (*best[:i], trial, *best[i + 1 :])
            if (now := value(point)) > top:
                best, top = point, now
    return {p.name: v for p, v in zip(free, best, strict=True)}


def _all_at_once(family: WithLogDensity, y: Any, weights: Any, fixed: Mapping[str, Any], points: list[Any]) -> Any:
    """The log-likelihoods of all points in one call, where the density broadcasts; None where it does not."""
    columns = np.array(points).T[:, :, None]
    params = {**fixed, **{p.name: column for p, column in zip(family.free, columns, strict=True)}}
    try:
        with np.errstate(all="ignore"):
            table = family._log_density(NumpyNamespace(), y[None, :], **params)
    except (TypeError, ValueError, IndexError, LikelyError):
        return None
    if np.shape(table) != (len(points), len(y)):
        return None
    totals = np.sum(table, axis=1)
    return np.where(totals < np.inf, totals, -np.inf)  # nan and +inf are no place to start from


def _trials(domain: Domain, y: Any) -> list[float]:
    """A handful of values for a parameter: some that are usual for its domain, some of the data's own size."""
    centre, mean, spread, size = np.median(y), np.mean(y), np.std(y), np.mean(np.abs(y))
    low, high = domain.typical
    if np.isfinite(domain.lower) and np.isfinite(domain.upper):
        usual = domain.lower + (domain.upper - domain.lower) * np.array([0.5, 0.05, 0.2, 0.8, 0.95])
        own = np.array([mean])
    elif np.isfinite(domain.lower):
        usual = domain.lower + np.array([1.0, 0.1, low, high, 10.0])
        with np.errstate(all="ignore"):
            own = domain.lower + np.array([size, spread, 1.0 / size, 1.0 / spread, 0.3 * spread])
    else:
        usual = np.array([0.5 * (low + high), low, 1.0, -1.0, high])
        own = np.array([centre, mean, np.quantile(y, 0.1), np.quantile(y, 0.9)])
    inside = [float(v) for v in np.concatenate([usual, own]) if domain.lower < v < domain.upper]
    return list(dict.fromkeys(inside))
