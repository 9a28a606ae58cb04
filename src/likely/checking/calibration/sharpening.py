"""The slope of all logits together, of two labels or of several: the inverse of a temperature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from scipy import special as sc
from scipy import stats
from scipy.optimize import brentq

FURTHEST = 1e12  # of the slope, where the largest difference of two logits is 1


@final
@dataclass(frozen=True)
class Sharpening:
    """The slope of all logits together: below 1 for overconfident probabilities (1 over the temperature).

    Attributes
    ----------
    slope, stderr : float
        Not positive where labels that were stated to be more probable did not occur more often.
    p_value : float
        Likelihood-ratio test of 1.
    """

    slope: float
    stderr: float
    p_value: float


def sharpening(codes: Any, p: Any, w: Any) -> tuple[Sharpening | None, str]:
    """The maximum likelihood slope of the logits (Guo and others 2017), or why there is none.

    The log-likelihood is concave in the slope, on the whole real line.

    Parameters
    ----------
    codes : ndarray of int, shape (n,)
        What occurred.
    p : ndarray, shape (n, K)
        The probabilities of all labels.
    w : ndarray, shape (n,)
        How often each row counts.
    """
    used = w > 0
    codes, p, w = codes[used], p[used], w[used]
    own = p[np.arange(len(p)), codes]
    if np.any(own == 0.0):
        return None, f"{np.count_nonzero(own == 0.0):,} labels were given the probability 0 and occurred"
    with np.errstate(divide="ignore"):
        logits = np.log(p) - np.log(own)[:, None]
    if np.any(np.isneginf(logits)):
        return _with_impossible(logits, w)
    if np.all(logits == 0.0):
        return None, "every row gives all labels the same probability, so the slope of the logits cannot be known"
    if np.all(logits <= 0.0):
        return None, "the stated probabilities tell all labels apart, so the slope of the logits has no finite estimate"
    if np.all(logits >= 0.0):
        return None, (
            "in every row the label that occurred was stated to be the least probable, so the slope of the logits has "
            "no finite estimate: the columns of p may be in another order than the labels"
        )
    return _between(logits, w, -np.inf)


def _with_impossible(logits: Any, w: Any) -> tuple[Sharpening | None, str]:
    """The slope where some labels were given the probability 0, which a slope of 0 or less turns into no model."""
    if np.all(logits <= 0.0):
        return None, "the stated probabilities tell all labels apart, so the slope of the logits has no finite estimate"
    if _derivative(logits, w, 0.0) <= 0.0:
        return None, (
            "labels that were stated to be more probable did not occur more often, and with probabilities of 0 the "
            "slope of the logits has to be positive; clip= takes them for a little more"
        )
    return _between(logits, w, 0.0)


def _between(logits: Any, w: Any, lowest: float) -> tuple[Sharpening | None, str]:
    """The slope where the derivative, which decreases, is 0."""
    scale = float(np.max(np.abs(logits[np.isfinite(logits)])))
    scaled = logits / scale

    def derivative(x: float) -> float:
        return _derivative(scaled, w, x)

    sign = 1.0 if derivative(0.0) > 0.0 else -1.0
    near, far = 0.0, sign
    while derivative(far) * sign > 0.0:
        near, far = far, 2.0 * far
        if abs(far) > FURTHEST:
            return None, "the slope of the logits has no finite estimate that could be found"
    low, high = sorted((near, far))
    slope = float(brentq(derivative, low, high, xtol=1e-14, rtol=1e-12, maxiter=500)) / scale
    value, information = _point(logits, w, slope)
    gain = value - _point(logits, w, 1.0)[0]
    if not (np.isfinite(information) and information > 0.0 and slope >= lowest):
        return None, "the slope of the logits has no finite estimate that could be found"
    return Sharpening(slope, information**-0.5, float(stats.chi2.sf(max(2.0 * gain, 0.0), 1))), ""


def _powers(logits: Any, slope: float) -> tuple[Any, Any]:
    """Logits with 0 for -inf, and the sharpened ones."""
    possible = np.isfinite(logits)
    finite = np.where(possible, logits, 0.0)
    return finite, np.where(possible, slope * finite, -np.inf)


def _derivative(logits: Any, w: Any, slope: float) -> float:
    """Of the log-likelihood in the slope; logits are relative to the label that occurred."""
    finite, scaled = _powers(logits, slope)
    return -float(w @ np.sum(sc.softmax(scaled, axis=1) * finite, axis=1))


def _point(logits: Any, w: Any, slope: float) -> tuple[float, float]:
    """The log-likelihood, and minus its second derivative in the slope."""
    finite, scaled = _powers(logits, slope)
    p = sc.softmax(scaled, axis=1)
    mean = np.sum(p * finite, axis=1)
    spread = np.sum(p * np.square(finite - mean[:, None]), axis=1)
    return -float(w @ sc.logsumexp(scaled, axis=1)), float(w @ spread)
