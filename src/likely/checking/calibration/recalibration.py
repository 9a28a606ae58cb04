"""Recalibration as another likelihood fit: logistic, temperature, beta, isotonic; its gain tested on held-out rows."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from scipy import stats

from likely.checking.calibration.checked import Outcomes, read_outcomes
from likely.checking.calibration.clip import Clip, clip_of
from likely.checking.calibration.maps import METHODS
from likely.checking.calibration.scores import log_score
from likely.errors import DataError, FitError, OptionError, ParameterError, first_rows, is_one_of, unknown
from likely.errors.boundary import public, public_class
from likely.errors.kinds import is_whole
from likely.families.base import generator
from likely.namespace.arrays import Floats
from likely.show.text_table import Grid, fixed, p_value


@final
@public_class
@dataclass(frozen=True, eq=False)
class Recalibration:
    """A map from stated to recalibrated probabilities; made by `likely.recalibrate`, called with new probabilities.

    Attributes
    ----------
    method : str
    coef, stderr : dict of str to float
        Estimates of the map, with standard errors; empty for "isotonic".
    before, after : float
        Mean surprise (nats) of held-out rows, with the probabilities as stated and recalibrated.
    gain, gain_stderr : float
        Their difference, and its standard error by rows.
    p_value : float
        One-sided test that recalibration makes held-out rows less surprising.
    folds : int
    clip : Clip
        How near to 0 and 1 probabilities may be.
    remark : str
        What is unusual about the map.
    """

    method: str
    coef: dict[str, float]
    stderr: dict[str, float | None]
    before: float
    after: float
    gain: float
    gain_stderr: float
    p_value: float
    folds: int
    clip: Clip
    remark: str
    _map: Any

    def __call__(self, p: Any) -> Floats | float:
        """Recalibrated probabilities, in the shape of `p`."""
        p = np.asarray(p, dtype=float)
        if np.any(bad := ~((p >= 0.0) & (p <= 1.0))):
            rows = np.flatnonzero(bad.reshape(len(p), -1).any(axis=1)) if p.ndim else np.array([0])
            raise ParameterError(f"probabilities lie between 0 and 1, found {first_rows(rows, np.atleast_1d(p)[rows])}")
        return self._map(p)

    @property
    def grid(self) -> Grid:
        """The estimates as text."""
        rows = [(name, fixed(value, 4), fixed(self.stderr.get(name), 4)) for name, value in self.coef.items()]
        return Grid(("", "estimate", "std. error"), tuple(rows), "lrr", f"Recalibration, {self.method}")

    def __str__(self) -> str:
        stated = "as stated, but for the clip" if self.clip.moved else "as stated"
        text = (
            f"held out, {self.folds} folds: log score {self.before:.4f} {stated}, {self.after:.4f} recalibrated; "
            f"gain {self.gain:.4f} (SE {self.gain_stderr:.4f}), p {p_value(self.p_value)}"
        )
        remarks = [textwrap.fill(t, 88) for t in (self.remark, self.clip.text) if t]
        head = str(self.grid) if self.coef else f"Recalibration, {self.method}"
        return "\n".join([head, text, *remarks])

    __repr__ = __str__


@public
def recalibrate(
    y: Any,
    p: Any,
    method: str = "logistic",
    *,
    weights: Any = None,
    labels: Any = None,
    folds: int = 5,
    clip: float | None = None,
    seed: int = 0,
) -> Recalibration:
    """Mend stated probabilities by another likelihood fit.

    Parameters
    ----------
    y : array_like, shape (n,)
    p : array_like, shape (n,) or (n, K)
    method : {"logistic", "temperature", "beta", "isotonic"}
        "logistic": intercept and slope on the logit (Platt 1999; Cox 1958). "temperature": a slope alone, also of the
        logits of several labels, above 0 (Guo and others 2017). "beta": c + a log p - b log(1 - p) with a, b >= 0
        (Kull and others 2017). "isotonic": any increasing function, by the nonparametric maximum likelihood.
    weights : array_like, optional
        How often each row counts.
    labels : sequence, optional
        As in `likely.calibration`.
    folds : int
        Of the cross-fit that judges the gain: each fold is recalibrated by a map learned on the others.
    clip : float, optional
        Probabilities nearer to 0 or 1 are taken to be that near, stated ones before they are mapped and frequencies
        of an isotonic map after it. By default half an observation, 1 / (2n), where some are exactly 0 or 1, and
        nothing otherwise; 0 for nothing.
    seed : int

    Returns
    -------
    Recalibration

    Raises
    ------
    OptionError, ParameterError, DataError
        If outcomes, probabilities or options cannot be used.
    FitError
        If the map has no estimate.

    Examples
    --------
    >>> import numpy as np
    >>> import likely as lk
    >>> rng = np.random.default_rng(0)
    >>> z = rng.normal(size=2000)
    >>> y = rng.random(2000) < 1 / (1 + np.exp(-z))
    >>> mended = lk.recalibrate(y, 1 / (1 + np.exp(-3 * z)))  # stated three times too sure
    >>> round(mended.coef["slope"], 1), mended.p_value < 0.001
    (0.3, True)
    """
    outcomes = read_outcomes(y, p, weights, labels)
    if not is_one_of(method, METHODS):
        raise unknown("method of recalibration", method, METHODS)
    several = outcomes.p.ndim == 2
    if several and method != "temperature":
        raise OptionError(f"{method!r} is for two outcomes; for {outcomes.p.shape[1]} labels use method='temperature'")
    if not is_whole(folds) or not 2 <= folds <= len(outcomes.codes):
        raise OptionError(f"folds is a whole number from 2 to {len(outcomes.codes)}, found {folds!r}")
    _require_two(outcomes)
    near = _clip(outcomes, method, clip)
    learn = METHODS[method]
    made = learn(outcomes, near)
    which = generator(seed).permutation(len(outcomes.codes)) % folds
    new = np.empty_like(outcomes.p)
    for k in range(folds):
        rest = _only(outcomes, which != k)
        _require_two(rest)
        new[which == k] = learn(rest, near, held=True).map(outcomes.p[which == k])
    old_rows, new_rows = (_surprise(outcomes, q) for q in (near(outcomes.p), new))
    w = outcomes.w
    counted = w > 0
    with np.errstate(invalid="ignore"):
        gains = np.where(counted, old_rows - new_rows, 0.0)
    if not np.all(np.isfinite(gains)):
        bad = np.flatnonzero(~np.isfinite(gains))
        raise FitError(
            f"held-out outcomes had probability 0, {first_rows(bad, np.take(outcomes.codes, bad))}, so the gain cannot "
            "be told: leave out clip=0, which takes them as they are"
        )
    before, after = (float(np.average(rows[counted], weights=w[counted])) for rows in (old_rows, new_rows))
    gain = float(np.average(gains, weights=w))
    error = float(np.sqrt(np.average(np.square(gains - gain), weights=w) / max(w.sum() - 1.0, 1.0)))
    chance = float(stats.norm.sf(gain / error)) if error > 0 else 1.0
    return Recalibration(
        method, made.coef, made.stderr, before, after, gain, error, chance, int(folds), near, made.remark, made.map
    )


def _clip(o: Outcomes, method: str, clip: float | None) -> Clip:
    """The clip that was asked for; by default also where an isotonic map would reach 0 or 1."""
    near = clip_of(clip, o.p, o.w)
    if method != "isotonic" or clip is not None or near.size > 0.0:
        return near
    fitted = METHODS[method](o, near).map(o.p)
    return clip_of(None, fitted, o.w)


def _only(o: Outcomes, rows: Any) -> Outcomes:
    return Outcomes(o.codes[rows], o.p[rows], o.w[rows], o.labels)


def _require_two(o: Outcomes) -> None:
    if len(np.unique(o.codes[o.w > 0])) < 2:
        raise DataError("there is only one class of outcomes (in some fold), so nothing can be recalibrated")


def _surprise(o: Outcomes, p: Any) -> Floats:
    if p.ndim == 2:
        with np.errstate(divide="ignore"):
            return -np.log(p[np.arange(len(p)), o.codes])
    return log_score(o.codes.astype(float), p)
