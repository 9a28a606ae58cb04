"""Maps from stated to recalibrated probabilities, each the maximum of a likelihood."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from scipy import special as sc

from likely.checking.calibration.checked import Outcomes
from likely.checking.calibration.clip import Clip
from likely.checking.calibration.curve import isotonic
from likely.checking.calibration.sharpening import sharpening
from likely.errors import FitError, ParameterError, first_rows
from likely.inference.fitting import estimates_of
from likely.namespace.arrays import Floats

ROUNDING = 1e-8  # of a slope
TIMID = "the probabilities say nothing of the outcomes, or were stated for other labels than those that occurred"


@final
@dataclass(frozen=True, eq=False)
class Learned:
    """A map with its estimates.

    Attributes
    ----------
    coef, stderr : dict of str to float
    map : callable
        From stated to recalibrated probabilities.
    remark : str
        What is unusual about it.
    """

    coef: dict[str, float]
    stderr: dict[str, float | None]
    map: Callable[[Any], Any]
    remark: str = ""


def temperature(o: Outcomes, clip: Clip, *, held: bool = False) -> Learned:
    """One slope for all logits, above 0; for folds, `held`, also its lower end, where all labels are alike."""
    p = clip(o.p)
    both = p if p.ndim == 2 else np.column_stack([1.0 - p, p])
    found, reason = sharpening(o.codes, both, o.w)
    if found is None:
        raise FitError(f"the temperature cannot be known: {reason}")
    slope, error = found.slope, found.stderr
    if slope <= 0.0:
        if held:
            return Learned({}, {}, lambda q: np.full_like(q, 1.0 / both.shape[1]))
        raise FitError(
            "a temperature is above 0, and here the likelihood rises without end as it grows: the slope of the logits "
            f"is {slope:.4g} (SE {error:.2g}), not above 0, so {TIMID}. Look at the order of the labels"
            + (
                ", or take method='logistic', which may turn the order of the probabilities round"
                if o.p.ndim == 1
                else ""
            )
        )
    coef = {"slope": slope, "temperature": 1.0 / slope}
    return Learned(coef, {"slope": error, "temperature": error / slope**2}, lambda q: _sharpened(clip(q), slope))


def _sharpened(p: Any, slope: float) -> Any:
    if p.ndim < 2:
        return sc.expit(slope * _logit(p))
    with np.errstate(divide="ignore"):
        return sc.softmax(slope * np.log(p), axis=-1)


def _logit(p: Any) -> Floats:
    return sc.logit(np.asarray(p, dtype=float))


def logistic(o: Outcomes, clip: Clip, *, held: bool = False) -> Learned:
    """Intercept and slope on the logit."""
    p = _inside(o, clip)
    found = estimates_of("bernoulli", {"y": o.codes.astype(float), "z": _logit(p)}, "y ~ z", weights=_weights(o))
    (a, b), errors = found.coef.values(), list(found.stderr.values())
    remark = ""
    if b <= ROUNDING:
        what = (
            "negative: the map reverses the order of the probabilities" if b < -ROUNDING else "0: the map is constant"
        )
        remark = f"The slope is {what}, because {TIMID}."
    stderr = {"intercept": errors[0], "slope": errors[1]}
    return Learned({"intercept": a, "slope": b}, stderr, lambda q: sc.expit(a + b * _logit(clip(q))), remark)


def beta(o: Outcomes, clip: Clip, *, held: bool = False) -> Learned:
    """c + a log p - b log(1 - p) with a, b >= 0."""
    p = _inside(o, clip)
    data = {"y": o.codes.astype(float), "a": np.log(p), "b": -np.log1p(-p)}
    found = estimates_of(
        "bernoulli", data, "y ~ a + b", weights=_weights(o), bounds={"p.a": (0, None), "p.b": (0, None)}
    )
    c, a, b = found.coef.values()
    remark = "" if a > 0.0 or b > 0.0 else f"Both slopes are at their bound of 0: the map is constant, because {TIMID}."

    def mended(q: Any) -> Any:
        with np.errstate(divide="ignore"):
            return sc.expit(c + _times(a, np.log(clip(q))) - _times(b, np.log1p(-clip(q))))

    stderr = dict(zip(("c", "a", "b"), found.stderr.values(), strict=True))
    return Learned({"c": c, "a": a, "b": b}, stderr, mended, remark)


def increasing(o: Outcomes, clip: Clip, *, held: bool = False) -> Learned:
    """Any increasing function: the isotonic frequencies."""
    fitted = clip(isotonic(o.codes.astype(float), o.p, o.w))
    x, first = np.unique(o.p, return_index=True)
    y = fitted[first]
    remark = "" if y[0] < y[-1] else f"The map is constant, because {TIMID}."
    return Learned({}, {}, lambda q: np.interp(q, x, y), remark)


def _inside(o: Outcomes, clip: Clip) -> Floats:
    """The probabilities strictly between 0 and 1."""
    p = clip(o.p)
    if np.any(certain := ((p == 0.0) | (p == 1.0)) & (o.w > 0)):
        rows = np.flatnonzero(certain)
        raise ParameterError(
            f"the logit of a probability of 0 or 1 is infinite: {first_rows(rows, p[rows])}. Leave out clip=0, which "
            "takes them as they are, or use method='isotonic'"
        )
    return np.clip(p, 1e-300, None)  # rows of weight 0 count for nothing, and need a number


def _weights(o: Outcomes) -> Any:
    return None if np.all(o.w == 1.0) else o.w


def _times(a: float, x: Any) -> Any:
    """a x, where 0 times infinity is 0."""
    return a * x if a else np.zeros_like(x)


METHODS: dict[str, Callable[..., Learned]] = {
    "logistic": logistic,
    "temperature": temperature,
    "beta": beta,
    "isotonic": increasing,
}
