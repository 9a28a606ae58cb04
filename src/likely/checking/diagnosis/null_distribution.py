"""Moments that have mean zero if the model holds, and how large they are by chance.

Each row gives numbers whose expectation under the model is zero, whatever the parameters. Their sum, freed of what the
estimation of the parameters does to it by projection on the rows' scores, is a C(alpha) statistic (Neyman 1959;
Newey 1985, Tauchen 1985): its distribution is the same, to first order, whichever efficient estimates were used. That
distribution is taken from data which the fitted model produces: with refits for few rows, at the estimates as they are
for more, and normal for very many.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from scipy import linalg, stats

from likely.namespace.arrays import Floats
from likely.prediction.sample import Sample, View

FEW = 500  # rows up to which every draw is refitted
DRAWS = 399
ENOUGH = 199  # fewer draws than that give variances only, and the normal distribution
NUMBERS = 4_000_000  # rows times draws
LEARNING = 40  # draws that the projection is learnt from
TAIL = 0.1  # of the draws, to which an exponential tail is fitted


@final
@dataclass(frozen=True, eq=False)
class Moment:
    """Numbers by row whose expectation is zero if the model holds.

    Attributes
    ----------
    name : str
    columns : callable
        From a `View` to an array of shape (n, q).
    labels : tuple of str
        What each column is about.
    robust : bool
        Whether the sum is divided by its own spread, so that it does not answer to other departures.
    side : {0, 1}
        1 where only large values speak against the model; 0 where both ends do.
    projected : bool
        Whether the parameters' estimation moves the sum.
    extreme : bool
        Whether `columns` gives minus the logarithm of the smallest of the rows' p-values instead.
    """

    name: str
    columns: Callable[[View], Any]
    labels: tuple[str, ...] = ("",)
    robust: bool = False
    side: int = 0
    projected: bool = True
    extreme: bool = False


@final
@dataclass(frozen=True)
class Outcome:
    """A moment, held against its distribution under the model.

    Attributes
    ----------
    z : float
        The standardised sum; of several columns, the one furthest from zero.
    label : str
        What that column is about.
    p_value : float
    null : str
        Its distribution, in words.
    effect : float
        The sum over its variance: for a score, one step to the coefficient of the column that the model lacks.
    """

    z: float
    label: str
    p_value: float
    null: str
    effect: float = 0.0


def outcomes(
    sample: Sample, moments: list[Moment], rng: np.random.Generator, progress: Callable[[int, int], None] | None = None
) -> dict[str, Outcome | str]:
    """Every moment with its p-value by name, or why there is none."""
    if not moments:
        return {}
    projections = _learn(sample, moments, rng)
    usable = [m for m in moments if projections[m.name] is not None]
    out: dict[str, Outcome | str] = {
        m.name: "what it looks at is decided by the estimates themselves" for m in moments if m not in usable
    }
    seen = {m.name: _standard(m, sample.observed, projections[m.name]) for m in usable}
    few = sample.n <= FEW and sample.refits_fast
    count = DRAWS if few else int(min(DRAWS, NUMBERS // sample.n))
    drawn: dict[str, list[Any]] = {m.name: [] for m in usable}
    if few or count >= ENOUGH:
        views = sample.refitted(count, rng) if few else sample.simulated(count, rng)
        for i, view in enumerate(views):
            if progress is not None:
                progress(i, count)
            for m in usable:
                if m.extreme and not few:
                    continue
                drawn[m.name].append(_standard(m, view, projections[m.name]))
    for m in usable:
        z, p = seen[m.name], None
        if not np.all(np.isfinite(z)):
            out[m.name] = "it cannot be computed for these rows"
            continue
        null = np.array(drawn[m.name])
        null = null[np.all(np.isfinite(null), axis=-1)] if len(null) else null
        size = z if m.side else np.abs(z)
        j = int(np.argmax(size >= np.max(size) - 1e-9 * np.abs(np.max(size))))  # the first of those alike to rounding
        if len(null) >= ENOUGH // 2 and (few or not m.extreme):
            p = _simulated_p(z, null, m.side)
            text = f"{len(null)} simulated data sets, {'with refits' if few else 'at the estimates'}"
        elif m.extreme and not few:
            p = float(-np.expm1(sample.n * np.log1p(-np.exp(-z[0]))))
            text = f"the smallest of {sample.n:,} uniform p-values"
        elif not few:
            p = float(stats.norm.sf(z[j]) if m.side else 2.0 * stats.norm.sf(abs(z[j])))
            p = float(-np.expm1(len(z) * np.log1p(-min(p, 1.0 - 1e-16))))
            text = "the standard normal distribution"
        if p is None:
            out[m.name] = "too few of the simulated data sets could be fitted"
            continue
        projection, effect = projections[m.name], 0.0
        if projection is not None and projection.spread is not None:
            effect = float(np.sum(_freed(m, sample.observed, projection)[:, j]) / projection.spread[j] ** 2)
        out[m.name] = Outcome(float(z[j]), m.labels[j], p, text, effect)
    return out


@final
@dataclass(frozen=True, eq=False)
class _Projection:
    """What of a moment the scores explain, and the spread of the rest, summed over the rows."""

    on: Floats | None  # (p, q)
    spread: Floats | None  # (q,)


def _learn(sample: Sample, moments: list[Moment], rng: np.random.Generator) -> dict[str, _Projection | None]:
    """The regression of the moments on the scores under the model, from a few simulated data sets."""
    size = sample.model.size
    count = int(np.clip(NUMBERS // (4 * sample.n), 2, LEARNING))
    scores = np.zeros((size, size))
    cross: dict[str, Any] = {m.name: 0.0 for m in moments}
    square: dict[str, Any] = {m.name: 0.0 for m in moments}
    for view in sample.simulated(count, rng):
        scores += sample.objective.gram(_outer(view), None)
        for m in moments:
            if m.extreme:
                continue
            values = m.columns(view)
            square[m.name] = square[m.name] + np.sum(values * values, axis=0)
            if m.projected:
                cross[m.name] = cross[m.name] + _against(view, values)
    out: dict[str, _Projection | None] = {}
    inverse = linalg.pinvh(scores) if size else scores
    for m in moments:
        if m.extreme:
            out[m.name] = _Projection(None, None)
            continue
        if not np.all(np.isfinite(square[m.name])):
            out[m.name] = None
            continue
        if not m.projected or not size:
            out[m.name] = _Projection(None, np.sqrt(square[m.name] / count))
            continue
        on = inverse @ cross[m.name]
        rest = square[m.name] - np.sum(cross[m.name] * on, axis=0)
        kept = rest > 1e-6 * square[m.name]
        out[m.name] = _Projection(on, np.sqrt(np.where(kept, rest, np.inf) / count)) if np.any(kept) else None
    return out


def _outer(view: View) -> Callable[[int, int], dict[tuple[int, int], Any]]:
    g = view.scores

    def rows(lo: int, hi: int) -> dict[tuple[int, int], Any]:
        return {(j, k): g[j][lo:hi] * g[k][lo:hi] for j in range(len(g)) for k in range(j, len(g))}

    return rows


def _against(view: View, values: Any) -> Floats:
    """The sums over rows of score times moment, shape (p, q)."""
    out = np.zeros((view.sample.model.size, values.shape[1]))
    for slot, g in zip(view.sample.model.slots, view.scores, strict=True):
        if slot.idle:
            continue
        products = g[:, None] * values
        if slot.design is None:
            out[slot.start] = products.sum(axis=0)
        else:
            out[slot.start : slot.stop] = np.stack(
                [c @ view.sample.data.designs[slot.label] for c in products.T], axis=1
            )
    return out


def _freed(m: Moment, view: View, projection: Any) -> Floats:
    """A moment's columns without what the scores explain, shape (n, q)."""
    values = np.asarray(m.columns(view), dtype=float)
    if projection.on is None:
        return values
    explained = np.zeros_like(values)
    for slot, g in zip(view.sample.model.slots, view.scores, strict=True):
        if slot.idle:
            continue
        part = projection.on[slot.start : slot.stop]
        x = view.sample.data.design(slot)
        through = part if x is None else np.asarray(x @ part)
        explained += g[:, None] * through
    return values - explained


def _standard(m: Moment, view: View, projection: Any) -> Floats:
    """The sums of a moment's columns, freed of the parameters' estimation, over their spread; shape (q,)."""
    if m.extreme:
        return np.asarray(m.columns(view), dtype=float)[None]
    values = _freed(m, view, projection)
    with np.errstate(all="ignore"):
        spread = np.sqrt(np.sum(values * values, axis=0)) if m.robust else projection.spread
        return np.where(np.isinf(projection.spread), 0.0, np.sum(values, axis=0) / spread)


def _simulated_p(z: Any, null: Any, side: int) -> float:
    """How often the model's own data lie at least as far out."""
    if len(z) > 1:
        return _upper(float(np.max(z if side else np.abs(z))), np.max(null if side else np.abs(null), axis=1))
    above = _upper(float(z[0]), null[:, 0])
    return above if side else min(1.0, 2.0 * min(above, _upper(-float(z[0]), -null[:, 0])))


def _upper(value: float, null: Any) -> float:
    """P(T >= value): counted, and beyond the largest tenth of the draws along an exponential tail fitted to them.

    Knijnenburg, Wessels, Reinders and Shmulevich (2009) take such tails for the p-values of few permutations.
    """
    null = np.sort(null)
    counted = (1.0 + float(np.count_nonzero(null >= value))) / (len(null) + 1.0)
    k = int(TAIL * len(null))
    edge = 0.5 * (null[-k - 1] + null[-k])
    excess = float(np.mean(null[-k:] - edge))
    if value <= null[-max(k // 4, 2)] or not excess > 0.0:
        return counted
    return float(min(counted, max(k / len(null) * np.exp(-(value - edge) / excess), 1e-300)))
