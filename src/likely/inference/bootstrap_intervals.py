"""Intervals from the bootstrap: quantiles of the draws, plain or corrected for bias and skewness."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np
from scipy import special as sc

from likely.errors import OptionError, is_one_of, unknown
from likely.inference.bootstrap import Bootstrap, bootstrap, check_failed, check_replicates, resumed
from likely.inference.interval import Interval
from likely.models.checks import check_level
from likely.namespace.arrays import Floats
from likely.search.state import BootstrapState

if TYPE_CHECKING:
    from likely.estimates import Estimates

INTERVALS = ("percentile", "bca")
OPTIONS = ("replicates", "kind", "seed", "interval", "progress", "resume")


class BootstrapOptions(TypedDict, total=False):
    """The keywords of `bootstrap_intervals`."""

    replicates: int
    kind: str
    seed: int | None
    interval: str
    progress: bool | str | Callable[[int, int], None] | None
    resume: BootstrapState | None


def bootstrap_intervals(
    fit: Estimates,
    level: float = 0.95,
    names: list[str] | None = None,
    *,
    replicates: int = 1000,
    kind: str = "parametric",
    seed: int | None = 0,
    interval: str = "percentile",
    progress: bool | str | Callable[[int, int], None] | None = None,
    resume: BootstrapState | None = None,
    **other: object,
) -> dict[str, Interval]:
    """Bootstrap intervals on the reported scale.

    Parameters
    ----------
    fit : Estimates
    level : float
    names : list of str, optional
    replicates, kind, seed, progress, resume
        As in `bootstrap`.
    interval : {"percentile", "bca"}
        "percentile": quantiles of the draws. "bca": corrected for bias and skewness (Efron 1987), with the
        acceleration from the infinitesimal jackknife; for ``kind="cases"``.

    Returns
    -------
    dict of str to Interval

    Raises
    ------
    IntervalError
        If more than a tenth of the refits failed, or the fit did not converge.
    """
    level = check_level(level)
    for option in other:
        raise unknown("option", option, OPTIONS, " for method='bootstrap'")
    check_replicates(replicates)
    if resume is not None:
        replicates, kind = resumed(fit, resume).replicates, resume.kind
    if not is_one_of(interval, INTERVALS):
        raise unknown("interval", interval, INTERVALS)
    if interval == "bca" and kind != "cases":
        raise OptionError("interval='bca' needs kind='cases': its correction comes from the single observations")
    if interval == "bca" and fit.likelihood.model.family.kinked:
        raise OptionError(
            "interval='bca' needs the influence of single observations to first order, which an estimate on corners "
            "has not: use interval='percentile'"
        )
    if replicates * (1.0 - level) < 2.0 - 1e-9:
        raise OptionError(
            f"{replicates} replicates have no {100 * level:g} % interval; take at least {int(np.ceil(2 / (1 - level)))}"
        )
    drawn = bootstrap(fit, replicates=replicates, kind=kind, seed=seed, progress=progress, resume=resume)
    check_failed(drawn, "an interval")
    influence = _influence(fit) if interval == "bca" else None
    out = {}
    for name in fit.names if names is None else names:
        out[name] = _one(fit, drawn, name, level, influence)
    return out


def _one(fit: Estimates, drawn: Bootstrap, name: str, level: float, influence: dict[str, Any] | None) -> Interval:
    if name in fit.likelihood.model.fixed:
        reason = f"{name} is an extreme of the data, for which the bootstrap does not work (Bickel and Freedman 1981)"
        return Interval(None, None, level, "bootstrap", reason)
    if fit.outcome.unidentified is not None and name in fit.withheld:  # where a draw ends along it is chance
        return Interval(None, None, level, "bootstrap", fit.withheld[name])
    values, center = drawn.column(name), fit.coef[name]
    if len(values) == 0 or values[0] == values[-1]:
        reason = f"every replicate gives the same {name}, so the bootstrap says nothing about it; use method='profile'"
        return Interval(None, None, level, "bootstrap", reason)
    levels = np.array([0.5 - 0.5 * level, 0.5 + 0.5 * level])
    if influence is not None:
        if name not in influence:
            reason = f"{name} has no standard error, so bca has no acceleration for it; use interval='percentile'"
            return Interval(None, None, level, "bootstrap", reason)
        levels = _corrected(levels, values, center, influence[name])
    notes = []
    if name in fit.boundary:
        notes.append("the estimate is the end of the domain, where a bootstrap is rough; method='profile' is better")
    if drawn.failed:
        notes.append(f"{drawn.failed} of {len(drawn.estimates)} refits failed and are left out")
    if ends := int(np.count_nonzero(np.isinf(values))):
        notes.append(f"{name} ran to infinity in {ends} of {len(values)} replicates")
    lower, upper = (_order_statistic(values, float(q)) for q in levels)
    return Interval(lower, upper, level, "bootstrap", "; ".join(notes))


def _order_statistic(values: Any, q: float) -> float:
    """The q-quantile at position q (m + 1) of m sorted draws (Davison and Hinkley 1997, section 5.2)."""
    at = min(max(q * (len(values) + 1.0) - 1.0, 0.0), len(values) - 1.0)
    low, part = int(at), at - int(at)
    if part == 0.0 or values[low] == values[low + 1]:
        return float(values[low])
    if np.isinf(values[low + 1]) or np.isinf(values[low]):
        return float(values[low + (part >= 0.5)])
    return float(values[low] + part * (values[low + 1] - values[low]))


def _corrected(levels: Any, values: Any, center: float, influence: Any) -> Floats:
    """Efron's (1987) levels: corrected for the median bias of the draws and for the acceleration."""
    below = (np.count_nonzero(values < center) + 0.5 * np.count_nonzero(values == center)) / len(values)
    bias = sc.ndtri(min(max(below, 0.5 / len(values)), 1.0 - 0.5 / len(values)))
    weights, size = influence
    square = float(np.sum(weights * size**2))
    acceleration = float(np.sum(weights * size**3)) / (6.0 * square**1.5) if square > 0 else 0.0
    z = bias + sc.ndtri(levels)
    return sc.ndtr(bias + z / (1.0 - acceleration * z))


def _influence(fit: Estimates) -> dict[str, Any]:
    """Weights of the rows, and by estimate their influence on it: V times the row's score."""
    effective = fit.effective
    covariance, likelihood = effective._observed_cov, effective.likelihood
    if covariance is None or effective.boundary:
        return {}
    w = np.ones(len(likelihood.bound.y)) if likelihood.bound.weights is None else likelihood.bound.weights
    moves = likelihood.row_objective.row_scores(effective.outcome.point.x) @ (effective._reported[1] @ covariance).T
    if likelihood.bound.pseudo:  # every row once, with its weight in its score
        w, moves = np.ones(len(w)), w[:, None] * moves
    if fit._request.clusters:
        _, which = np.unique(fit._request.clusters[0].codes, return_inverse=True)
        by = w if not likelihood.bound.pseudo else 1.0
        moves = np.stack([np.bincount(which, by * column) for column in moves.T], axis=1)
        w = np.ones(len(moves))
    original_names = effective.names if fit.limit is None else [fit.limit.original_name(n) for n in effective.names]
    return {name: (w, moves[:, j]) for j, name in enumerate(original_names[: moves.shape[1]])}
