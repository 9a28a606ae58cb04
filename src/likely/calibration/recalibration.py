"""Recalibration as another likelihood fit: logistic, temperature, beta, isotonic; its gain tested on held-out rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from scipy import special as sc
from scipy import stats

from likely.calibration.checked import Outcomes, read_outcomes
from likely.calibration.curve import isotonic
from likely.calibration.multiclass import sharpening
from likely.calibration.scores import log_score
from likely.errors import DataError, FitError, OptionError, ParameterError, first_rows, unknown
from likely.fit import fit
from likely.grid import Grid, fixed, p_value

METHODS = ("logistic", "temperature", "beta", "isotonic")


@final
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
    _map: Any

    def __call__(self, p: Any) -> Any:
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
        text = (
            f"held out, {self.folds} folds: log score {self.before:.4f} as stated, {self.after:.4f} recalibrated; "
            f"gain {self.gain:.4f} (SE {self.gain_stderr:.4f}), p {p_value(self.p_value)}"
        )
        head = str(self.grid) if self.coef else f"Recalibration, {self.method}"
        return f"{head}\n{text}"

    __repr__ = __str__


def recalibrate(
    y: Any, p: Any, method: str = "logistic", *, weights: Any = None, labels: Any = None, folds: int = 5, seed: int = 0
) -> Recalibration:
    """Mend stated probabilities by another likelihood fit.

    Parameters
    ----------
    y : array_like, shape (n,)
    p : array_like, shape (n,) or (n, K)
    method : {"logistic", "temperature", "beta", "isotonic"}
        "logistic": intercept and slope on the logit (Platt 1999; Cox 1958). "temperature": a slope alone, also of the
        logits of several labels (Guo and others 2017). "beta": c + a log p - b log(1 - p) with a, b >= 0 (Kull and
        others 2017). "isotonic": any increasing function, by the nonparametric maximum likelihood.
    weights : array_like, optional
        How often each row counts.
    labels : sequence, optional
        As in `likely.calibration`.
    folds : int
        Of the cross-fit that judges the gain: each fold is recalibrated by a map learned on the others.
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
    if method not in METHODS:
        raise unknown("method of recalibration", method, METHODS)
    several = outcomes.p.ndim == 2
    if several and method != "temperature":
        raise OptionError(f"{method!r} is for two outcomes; for {outcomes.p.shape[1]} labels use method='temperature'")
    if isinstance(folds, bool) or not isinstance(folds, (int, np.integer)) or not 2 <= folds <= len(outcomes.codes):
        raise OptionError(f"folds is a whole number from 2 to {len(outcomes.codes)}, found {folds!r}")
    _require_two(outcomes)
    coef, errors, made = _learned(outcomes, method)
    which = np.random.default_rng(seed).permutation(len(outcomes.codes)) % folds
    new = np.empty_like(outcomes.p)
    for k in range(folds):
        rest = _only(outcomes, which != k)
        _require_two(rest)
        new[which == k] = _learned(rest, method)[2](outcomes.p[which == k])
    old_rows, new_rows = (_surprise(outcomes, q) for q in (outcomes.p, new))
    w = outcomes.w
    before, after = (float(np.average(rows, weights=w)) for rows in (old_rows, new_rows))
    with np.errstate(invalid="ignore"):
        gains = old_rows - new_rows
    if not np.all(np.isfinite(gains)):
        bad = np.flatnonzero(~np.isfinite(gains))
        raise FitError(
            f"held-out outcomes had probability 0, {first_rows(bad, np.take(outcomes.codes, bad))}, so the gain cannot "
            "be told" + (": an isotonic map reaches 0 and 1; use method='logistic'" if method == "isotonic" else "")
        )
    gain = float(np.average(gains, weights=w))
    error = float(np.sqrt(np.average(np.square(gains - gain), weights=w) / max(w.sum() - 1.0, 1.0)))
    chance = float(stats.norm.sf(gain / error)) if error > 0 else 1.0
    return Recalibration(method, coef, errors, before, after, gain, error, chance, int(folds), made)


def _only(o: Outcomes, rows: Any) -> Outcomes:
    return Outcomes(o.codes[rows], o.p[rows], o.w[rows], o.labels)


def _require_two(o: Outcomes) -> None:
    if len(np.unique(o.codes[o.w > 0])) < 2:
        raise DataError("there is only one class of outcomes (in some fold), so nothing can be recalibrated")


def _surprise(o: Outcomes, p: Any) -> Any:
    if p.ndim == 2:
        with np.errstate(divide="ignore"):
            return -np.log(p[np.arange(len(p)), o.codes])
    return log_score(o.codes.astype(float), p)


def _learned(o: Outcomes, method: str) -> tuple[dict[str, float], dict[str, float | None], Any]:
    """Coefficients, their standard errors, and the map."""
    if method == "isotonic":
        return _isotonic(o)
    if method == "temperature" and o.p.ndim == 2:
        sharpened, reason = sharpening(o)
        if sharpened is None:
            raise FitError(f"the temperature cannot be known: {reason}")
        slope, error = sharpened.slope, sharpened.stderr
        coef: dict[str, float] = {"slope": slope, "temperature": 1.0 / slope}
        return coef, {"slope": error, "temperature": error / slope**2}, lambda p: _sharpened(p, slope)
    p, hit = o.p, o.codes.astype(float)
    if np.any(certain := ((p == 0.0) | (p == 1.0)) & (o.w > 0)):
        rows = np.flatnonzero(certain)
        raise ParameterError(
            f"the logit of a probability of 0 or 1 is infinite: {first_rows(rows, p[rows])}. Use method='isotonic', or "
            "state probabilities strictly between"
        )
    weights = None if np.all(o.w == 1.0) else o.w
    if method == "beta":
        data = {"y": hit, "a": np.log(p), "b": -np.log1p(-p)}
        found = fit("bernoulli", data, "y ~ a + b", weights=weights, bounds={"p.a": (0, None), "p.b": (0, None)})
        c, a, b = found.coef.values()
        names = ("c", "a", "b")
        return (
            dict(zip(names, (c, a, b), strict=True)),
            dict(zip(names, found.stderr.values(), strict=True)),
            lambda q: sc.expit(c + _times(a, np.log(q)) - _times(b, np.log1p(-q))),
        )
    z = sc.logit(p)
    right = "y ~ z" if method == "logistic" else "y ~ 0 + z"
    found = fit("bernoulli", {"y": hit, "z": z}, right, weights=weights)
    values, errors = list(found.coef.values()), list(found.stderr.values())
    if method == "temperature":
        (slope,), (own,) = values, errors
        both = {"slope": slope, "temperature": 1.0 / slope}
        return (
            both,
            {"slope": own, "temperature": None if own is None else own / slope**2},
            lambda q: sc.expit(slope * sc.logit(q)),
        )
    a, b = values
    return (
        {"intercept": a, "slope": b},
        {"intercept": errors[0], "slope": errors[1]},
        lambda q: sc.expit(a + b * sc.logit(q)),
    )


def _times(a: float, x: Any) -> Any:
    """a x, where 0 times infinity is 0."""
    return a * x if a else np.zeros_like(x)


def _sharpened(p: Any, slope: float) -> Any:
    with np.errstate(divide="ignore"):
        return sc.softmax(slope * np.log(p), axis=-1)


def _isotonic(o: Outcomes) -> tuple[dict[str, float], dict[str, float | None], Any]:
    fitted = isotonic(o.codes.astype(float), o.p, o.w)
    x, first = np.unique(o.p, return_index=True)
    y = fitted[first]
    return {}, {}, lambda q: np.interp(q, x, y)
