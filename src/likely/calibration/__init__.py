"""Whether probabilities and predictive distributions are what they say, and how to mend them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from likely.calibration.binary import Calibration, binary
from likely.calibration.checked import Outcomes, read_outcomes
from likely.calibration.distribution import DistributionCalibration, of_quantiles, of_rows, of_samples
from likely.calibration.multiclass import MulticlassCalibration, multiclass
from likely.calibration.recalibration import Recalibration, recalibrate
from likely.derive.intervals import check_level
from likely.derive.predict import predict
from likely.derive.rows import rows_of
from likely.errors import OptionError, unknown
from likely.result import Fit

__all__ = [
    "Calibration",
    "DistributionCalibration",
    "MulticlassCalibration",
    "Recalibration",
    "calibration",
    "recalibrate",
]


def calibration(
    y: Any,
    p: Any = None,
    *,
    weights: Any = None,
    labels: Sequence[Any] | None = None,
    quantiles: Mapping[float, Any] | None = None,
    samples: Any = None,
    new: Any = None,
    bins: int = 10,
    how: str = "quantile",
    level: float = 0.95,
    seed: int = 0,
) -> Calibration | MulticlassCalibration | DistributionCalibration:
    """Whether stated probabilities, or predictive distributions, are what they say.

    Parameters
    ----------
    y : array_like, or Fit
        What happened: 0 and 1, booleans or labels; numbers, for distributions. Or a fit, whose own predictions are
        judged on its own rows, or on `new`.
    p : array_like, shape (n,) or (n, K), or table, optional
        Stated probabilities: of the event, or of each label.
    weights : array_like, optional
        How often each row counts.
    labels : sequence, optional
        The labels in the order of p's columns; of two labels the second is the event.
    quantiles : dict of float to array_like, optional
        Stated quantiles of numbers, by level.
    samples : array_like, shape (n, m), optional
        Draws from each predictive distribution.
    new : data of any kind, optional
        For a fit: other rows, with the response among the columns.
    bins : int
    how : {"quantile", "width"}
        Bins with as many rows each, or as wide.
    level : float
        Of intervals, bands and the verdict.
    seed : int
        Of everything that is simulated.

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
    level = check_level(level)
    if how not in ("quantile", "width"):
        raise unknown("kind of bins", how, ("quantile", "width"))
    if isinstance(y, Fit):
        if p is not None or quantiles is not None or samples is not None or weights is not None:
            raise OptionError("a fit brings its own predictions: lk.calibration(fit), or lk.calibration(fit, new=data)")
        return _of_fit(y, new, bins, how, level, seed)
    if sum(v is not None for v in (p, quantiles, samples)) != 1:
        raise OptionError(
            "what was predicted? Probabilities: lk.calibration(y, p); of numbers: quantiles={0.05: ..., 0.95: ...}, "
            "or samples= with draws from each distribution"
        )
    if quantiles is not None:
        return of_quantiles(y, quantiles)
    if samples is not None:
        return of_samples(y, samples, seed)
    return _of_outcomes(read_outcomes(y, p, weights, labels), bins, how, level, seed)


def _of_outcomes(outcomes: Outcomes, bins: int, how: str, level: float, seed: int) -> Any:
    judged = binary if outcomes.p.ndim == 1 else multiclass
    return judged(outcomes, bins, how, level, seed)


def _of_fit(fit: Fit, new: Any, bins: int, how: str, level: float, seed: int) -> Any:
    model = fit.likelihood.model
    bound = fit.likelihood.bound
    family = model.family
    rows = rows_of(fit, new, observed=new is None)
    if new is None:
        y, w = np.asarray(bound.y), bound.weights
    else:
        if model.response not in rows.table:
            raise OptionError(f"the new data have no column {model.response!r}, which is what was predicted")
        y, w = rows.table.labels(model.response), None
    if family.labels or family.name == "bernoulli":
        levels = tuple(model.levels) if family.labels else (0, 1)
        chances = predict(fit, new, "prob") if new is not None or family.labels else None
        if family.labels:
            assert chances is not None
            p = np.column_stack([np.asarray(c, dtype=float) for c in _columns(chances)])
            y = np.array(levels, dtype=object)[y.astype(int)] if new is None else y
        else:
            p = rows.mean()
            y = y.astype(int)
        return _of_outcomes(read_outcomes(y, p, w, levels), bins, how, level, seed)
    if family.name == "binomial":
        n = rows.full(rows.values["n"])
        weight = np.ones(rows.n) if w is None else w
        p, y = rows.mean() / np.where(n > 0, n, 1.0), np.asarray(y, dtype=float)
        codes = np.repeat([1, 0], rows.n)
        counts = np.concatenate([y * weight, (n - y) * weight])
        return _of_outcomes(Outcomes(codes, np.tile(p, 2), counts, (0, 1)), bins, how, level, seed)
    return of_rows(rows, np.asarray(y, dtype=float), seed)


def _columns(table: Any) -> list[Any]:
    if isinstance(table, Mapping):
        return list(table.values())
    names = getattr(table, "column_names", None) or list(table.columns)
    return [table[name] for name in names]
