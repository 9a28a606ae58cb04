"""The calibration of stated probabilities, of distributions, and of the predictions of a fit."""

from __future__ import annotations

from typing import Any

from likely.checking.calibration.binary import Calibration, binary
from likely.checking.calibration.checked import Outcomes
from likely.checking.calibration.clip import clip_of
from likely.checking.calibration.distribution import DistributionCalibration, of_predictions
from likely.checking.calibration.fitted import FOLDS, predictions_of
from likely.checking.calibration.judged import Judged
from likely.checking.calibration.multiclass import MulticlassCalibration, multiclass
from likely.errors import is_one_of, unknown
from likely.estimates import Estimates
from likely.models.checks import check_level

Found = Calibration | MulticlassCalibration | DistributionCalibration


def checked(level: float, how: str) -> float:
    """The level as a number; an error where it, or the kind of bins, is none."""
    level = check_level(level)
    if not is_one_of(how, ("quantile", "width")):
        raise unknown("kind of bins", how, ("quantile", "width"))
    return level


def calibration_of(
    fit: Estimates,
    new: Any = None,
    *,
    folds: int | None = FOLDS,
    groups: Any = None,
    bins: int = 10,
    how: str = "quantile",
    level: float = 0.95,
    clip: float | None = None,
    seed: int = 0,
    progress: Any = None,
) -> Found:
    """The calibration of a fit's predictions; see `likely.Fit.calibration`."""
    level = checked(level, how)
    found = predictions_of(fit, new, folds, groups, seed, progress)
    if found.of_labels:
        return of_outcomes(found.outcomes(), bins, how, level, seed, clip, found.judged)
    return of_predictions(found, seed)


def of_outcomes(
    outcomes: Outcomes, bins: int, how: str, level: float, seed: int, clip: float | None, judged: Judged
) -> Calibration | MulticlassCalibration:
    judge: Any = binary if outcomes.p.ndim == 1 else multiclass
    made: Calibration | MulticlassCalibration = judge(
        outcomes, bins, how, level, seed, clip_of(clip, outcomes.p, outcomes.w), judged
    )
    return made
