"""Calibration as a likelihood: the logistic regression of the outcome on the stated logit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from scipy import special as sc
from scipy import stats

from likely.checking.calibration.scores import log_score
from likely.errors import LikelyError, first_rows
from likely.inference.fitting import estimates_of


@final
@dataclass(frozen=True)
class Line:
    """logit(frequency) = intercept + slope logit(p), which is 0 + 1 logit(p) for calibrated probabilities.

    Attributes
    ----------
    in_the_large, in_the_large_stderr : float
        The intercept with the slope held at 1: positive where events were more frequent than stated.
    intercept, intercept_stderr, slope, slope_stderr : float
        Estimated together: a slope below 1 is overconfidence.
    p_in_the_large, p_slope : float
        Wald's tests of 0 and of 1.
    chi2, p_value : float
        The likelihood-ratio test of both, 2 degrees of freedom (the U statistic of Miller, Hui and Tierney 1991).
    """

    in_the_large: float
    in_the_large_stderr: float
    p_in_the_large: float
    intercept: float
    intercept_stderr: float
    slope: float
    slope_stderr: float
    p_slope: float
    chi2: float
    p_value: float


def impossible(hit: Any, p: Any, w: Any) -> str:
    """The outcomes that were given the probability 0 and happened, in words; empty where there are none."""
    rows = np.flatnonzero((w > 0) & (p == 1.0 - hit))
    if not len(rows):
        return ""
    given = f"{len(rows):,} outcomes were" if len(rows) > 1 else "1 outcome was"
    return f"{given} given the probability 0 and happened ({first_rows(rows, p[rows])})"


def line(hit: Any, p: Any, w: Any) -> tuple[Line | None, str]:
    """The line and a remark; None with the reason where there is none.

    Parameters
    ----------
    hit, p, w : ndarray
    """
    if said := impossible(hit, p, w):
        return None, (
            f"{said}: the likelihood of the probabilities is 0 and their logits are infinite, so there is no "
            "calibration line; clip= takes them for a little more"
        )
    used = w > 0
    hit, p, w = hit[used], p[used], w[used]
    certain = (p == 0.0) | (p == 1.0)
    remark = ""
    if np.any(certain):
        remark = (
            f"{np.count_nonzero(certain):,} outcomes that were certain and came true are not in the calibration line: "
            "their logits are infinite."
        )
        hit, p, w = hit[~certain], p[~certain], w[~certain]
    if not len(hit) or np.all(hit == hit[0]):
        return None, "there is only one class of outcomes, so intercept and slope cannot be known"
    z = sc.logit(p)
    weights = None if np.all(w == 1.0) else w
    try:
        large = estimates_of("bernoulli", {"y": hit}, "y ~ 1", offset=z, weights=weights)
    except LikelyError as error:
        return None, f"the intercept cannot be known: {error}"
    if np.ptp(z) == 0.0:
        return None, "every row has the same probability, so the slope cannot be known"
    both = estimates_of("bernoulli", {"y": hit, "z": z}, "y ~ z", weights=weights, on_failure="return")
    if not both.converged:
        if both.separation is None:
            return None, f"the slope has no finite estimate: {both.status}"
        way = " the wrong way round" if np.average(z, weights=w * hit) < np.average(z, weights=w * (1.0 - hit)) else ""
        return None, f"the slope has no finite estimate: the stated probabilities separate the outcomes{way}"
    stated = -float(np.sum(w * log_score(hit, p)))
    chi2 = max(2.0 * (both.loglik - stated), 0.0)
    (a,), (a_error,) = large.coef.values(), large.stderr.values()
    (b0, b1), (e0, e1) = both.coef.values(), both.stderr.values()
    assert a_error is not None  # a peak inside has them
    assert e0 is not None
    assert e1 is not None
    p_large, p_slope = (float(2.0 * stats.norm.sf(abs(v))) for v in (a / a_error, (b1 - 1.0) / e1))
    return Line(a, a_error, p_large, b0, e0, b1, e1, p_slope, chi2, float(stats.chi2.sf(chi2, 2))), remark
