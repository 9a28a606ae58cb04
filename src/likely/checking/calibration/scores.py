"""Scores of probabilities, and what they are made of: miscalibration, discrimination, uncertainty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from scipy import special as sc
from scipy import stats

from likely.families.base import generator
from likely.namespace.arrays import Floats


@final
@dataclass(frozen=True)
class Score:
    """A mean score and its parts: ``value = miscalibration - discrimination + uncertainty``.

    Attributes
    ----------
    value : float
        Smaller is better; infinite where an outcome had probability 0.
    stderr : float or None
    miscalibration : float
        What the isotonic recalibration would gain.
    discrimination : float
        What the recalibrated probabilities gain against the overall frequency.
    uncertainty : float
        The score of the overall frequency.
    """

    value: float
    stderr: float | None
    miscalibration: float
    discrimination: float
    uncertainty: float

    @property
    def skill(self) -> float | None:
        """1 at best, 0 for the overall frequency; None where there is nothing to tell apart."""
        return None if self.uncertainty == 0.0 else 1.0 - self.value / self.uncertainty


def brier(hit: Any, p: Any) -> Floats:
    """Every row's (p - y)^2."""
    return np.square(p - hit)


def log_score(hit: Any, p: Any) -> Floats:
    """Every row's surprise, minus the logarithm of the probability of what happened."""
    return -(sc.xlogy(hit, p) + sc.xlog1py(1.0 - hit, -p)) + 0.0


def score(rule: Any, hit: Any, p: Any, fitted: Any, w: Any) -> Score:
    """A score with its parts (CORP: Dimitriadis, Gneiting and Jordan 2021).

    Parameters
    ----------
    rule : callable
        `brier` or `log_score`.
    hit, p, w : ndarray
    fitted : ndarray
        The isotonic frequencies.
    """
    base = np.full(len(p), np.average(hit, weights=w))
    rows = rule(hit, p)
    own, best, flat = (_mean(r, w) for r in (rows, rule(hit, fitted), rule(hit, base)))
    n = w.sum()
    error = float(np.sqrt(_mean(np.square(rows - own), w) / (n - 1.0))) if np.isfinite(own) and n > 1 else None
    return Score(own, error, own - best, flat - best, flat)


def _mean(rows: Any, w: Any) -> float:
    used = w > 0
    return float(np.sum(rows[used] * w[used]) / w.sum())


def auc(hit: Any, p: Any, w: Any) -> float | None:
    """The probability that an event had a larger probability than a non-event; None with one class only."""
    place = np.unique(p, return_inverse=True)[1]
    yes, no = np.bincount(place, w * hit), np.bincount(place, w * (1.0 - hit))
    if not yes.sum() or not no.sum():
        return None
    below = np.cumsum(no) - no
    return float(np.sum(yes * (below + 0.5 * no)) / (yes.sum() * no.sum()))


@final
@dataclass(frozen=True)
class Gap:
    """The expected calibration error: the mean distance between stated and observed, over the bins.

    Attributes
    ----------
    value : float
    largest : float
        The largest distance of a bin.
    stderr : float
        By bootstrap of the bins' outcomes.
    by_chance : float
        What it would be on average if the probabilities were right: it is never 0 in a sample.
    p_value : float
        Probability of one as large, if they are.
    """

    value: float
    largest: float
    stderr: float
    by_chance: float
    p_value: float


def gap(curve: Any, drawn: Any, seed: int) -> Gap:
    """The expected calibration error of a curve, beside simulated ones."""
    share = curve.count / curve.count.sum()
    value = float(share @ np.abs(curve.observed - curve.p))
    null = np.abs(drawn - curve.p) @ share
    rng = generator(seed, "calibration")
    n = max(round(float(curve.count.sum())), 1)
    cells = np.concatenate([share * curve.observed, share * (1.0 - curve.observed)])
    redrawn = rng.multinomial(n, np.clip(cells, 0.0, 1.0) / cells.sum(), size=len(drawn)).astype(float)
    yes, no = redrawn[:, : len(share)], redrawn[:, len(share) :]
    count = yes + no
    again = np.sum(np.where(count > 0, np.abs(yes - count * curve.p), 0.0), axis=1) / n
    at_least = float(np.count_nonzero(null >= value - 1e-12))
    return Gap(
        value,
        float(np.max(np.abs(curve.observed - curve.p))),
        float(np.std(again)),
        float(np.mean(null)),
        (1.0 + at_least) / (1.0 + len(null)),
    )


def spiegelhalter(hit: Any, p: Any, w: Any) -> tuple[float, float] | None:
    """Spiegelhalter's (1986) z and its p-value: whether the Brier score is what right probabilities would have."""
    variance = float(np.sum(w * np.square(1.0 - 2.0 * p) * p * (1.0 - p)))
    if variance <= 0.0:
        return None
    z = float(np.sum(w * (hit - p) * (1.0 - 2.0 * p)) / np.sqrt(variance))
    return z, float(2.0 * stats.norm.sf(abs(z)))
