"""lk.calibration: whether what was predicted is what happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from likely.checking.calibration.binary import Calibration
from likely.checking.calibration.checked import read_outcomes
from likely.checking.calibration.distribution import DistributionCalibration, of_quantiles, of_samples
from likely.checking.calibration.fitted import FOLDS
from likely.checking.calibration.judged import STATED
from likely.checking.calibration.judging import calibration_of, checked, of_outcomes
from likely.checking.calibration.multiclass import MulticlassCalibration
from likely.errors import OptionError
from likely.errors.boundary import public
from likely.results.values import Values


@public
def calibration(
    y: Any,
    p: Any = None,
    *,
    weights: Any = None,
    labels: Sequence[Any] | None = None,
    quantiles: Mapping[float, Any] | None = None,
    samples: Any = None,
    new: Any = None,
    folds: int | None = FOLDS,
    groups: Any = None,
    bins: int = 10,
    how: str = "quantile",
    level: float = 0.95,
    clip: float | None = None,
    seed: int = 0,
    progress: Any = None,
) -> Calibration | MulticlassCalibration | DistributionCalibration:
    """Whether stated probabilities, or predictive distributions, are what they say.

    Parameters
    ----------
    y : array_like, or Estimates
        What happened: 0 and 1, booleans or labels; numbers, for distributions. Or a fit, whose predictions are judged:
        held-out ones of its own rows, or those of `new`.
    p : array_like, shape (n,) or (n, K), or table, optional
        Stated probabilities: of the event, or of each label.
    weights : array_like, optional
        How often each row counts.
    labels : sequence, optional
        The labels in the order of p's columns; of two labels the second is the event. Columns with names are taken by
        these. Without either, all labels have to occur: their order is the sorted one.
    quantiles : dict of float to array_like, optional
        Stated quantiles of numbers, by level.
    samples : array_like, shape (n, m), optional
        Draws from each predictive distribution.
    new : data of any kind, optional
        For a fit: other rows, with the response among the columns.
    folds : int or None
        For a fit: its own rows are dealt to so many folds, each predicted by a fit to the others. None judges the
        predictions of the rows that the fit was made for, which agree with what happened by construction.
    groups : str or array_like, optional
        Rows that stay together in a fold; by default the clusters of the fit's standard errors.
    bins : int
    how : {"quantile", "width"}
        Bins with as many rows each, or as wide.
    level : float
        Of intervals, bands and the verdict.
    clip : float, optional
        Probabilities nearer to 0 or 1 are taken to be that near where logits are needed: in intercept and slope. By
        default half an observation, 1 / (2n), where some are exactly 0 or 1, and nothing otherwise; 0 for nothing.
    seed : int
        Of everything that is drawn: the folds, and what is simulated.
    progress : {None, "auto", True, False}
        Whether a line shows how far the refits are.

    Returns
    -------
    Calibration, MulticlassCalibration or DistributionCalibration

    Raises
    ------
    DataError, MissingValuesError, ParameterError, OptionError
        If outcomes or probabilities cannot be used, with the first rows.

    Examples
    --------
    >>> import numpy as np
    >>> import likely as lk
    >>> rng = np.random.default_rng(0)
    >>> z = rng.normal(size=2000)
    >>> y = rng.random(2000) < 1 / (1 + np.exp(-z))
    >>> lk.calibration(y, 1 / (1 + np.exp(-z))).verdict
    'No sign of miscalibration: intercept and slope agree with 0 and 1.'
    >>> lk.calibration(y, 1 / (1 + np.exp(-3 * z))).line.slope < 0.4  # stated three times too sure
    True
    """
    level = checked(level, how)
    if isinstance(y, Values):
        if any(given is not None for given in (p, quantiles, samples, weights, labels)):
            raise OptionError("a fit brings its own predictions: lk.calibration(fit), or lk.calibration(fit, new=data)")
        judged = {"bins": bins, "how": how, "level": level, "clip": clip, "seed": seed, "progress": progress}
        return calibration_of(y.estimates, new, folds=folds, groups=groups, **judged)
    if new is not None or groups is not None:
        raise OptionError(
            "new= and groups= are for the predictions of a fit, lk.calibration(fit, new=data); stated ones are judged "
            "beside what happened, lk.calibration(y, p)"
        )
    if sum(v is not None for v in (p, quantiles, samples)) != 1:
        raise OptionError(
            "what was predicted? Probabilities: lk.calibration(y, p); of numbers: quantiles={0.05: ..., 0.95: ...}, "
            "or samples= with draws from each distribution"
        )
    if quantiles is not None:
        return of_quantiles(y, quantiles)
    if samples is not None:
        return of_samples(y, samples, seed)
    return of_outcomes(read_outcomes(y, p, weights, labels), bins, how, level, seed, clip, STATED)
