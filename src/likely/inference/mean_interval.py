"""The prediction of every row with its standard error and interval, for each row alone or for all together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from likely.compute import blocks
from likely.errors import FamilyError, IntervalError, OptionError, is_one_of, listed, unknown
from likely.estimates.covariance import refuse_spread
from likely.inference.simultaneous import critical_value
from likely.likelihoods.fitted_rows import FittedRows
from likely.namespace import JetNamespace, as_jet
from likely.namespace.arrays import Floats

TOGETHER = ("max-t", "scheffe", "bonferroni", "sidak")
MOST_ROWS = 20_000  # whose largest |t| has its distribution computed


def mean_interval(rows: FittedRows, level: float, simultaneous: Any = False) -> Any:
    """Mean (or the quantile that a family predicts), standard error and Wald limits, by the delta method.

    `simultaneous` limits hold for all rows together: by the distribution of the largest |t| ("max-t", also True), or
    by "scheffe", "bonferroni" or "sidak".
    """
    fit, model = rows.fit, rows.model
    if model.fixed:
        raise IntervalError(
            f"the mean depends on {listed(model.fixed)}, which have no standard error: their estimates are extremes of "
            "the data"
        )
    fit.require_regular("an interval for the mean")
    fit.require_errors("an interval for the mean")
    center = rows.center()
    gradient = {k: g for k, g in _gradient(rows).items() if np.any(g != 0.0)}
    stderr = stderr_of(rows, gradient)
    refuse_unseen(rows, gradient, "the mean")
    for k in gradient:
        refuse_spread(fit, np.eye(model.size)[model.slots[k].start], "the mean")
    z = fit.reference.half_width(level) if simultaneous is False else _together(rows, gradient, level, simultaneous)
    positive = rows.family.support.lower >= 0.0
    with np.errstate(all="ignore"):
        if positive:
            low, high = center * np.exp(-z * stderr / center), center * np.exp(z * stderr / center)
        else:
            low, high = center - z * stderr, center + z * stderr
    if len(gradient) == 1:
        (k, slope), ends = next(iter(gradient.items())), []
        half = z * stderr_of(rows, {k: np.ones(rows.n)})
        if np.all(slope >= 0.0) or np.all(slope <= 0.0):
            for side in (-1.0, 1.0):
                moved = [eta + side * half if j == k else eta for j, eta in enumerate(rows.etas)]
                ends.append(rows.full(rows.center_at(moved)))
            below, above = np.minimum(*ends), np.maximum(*ends)
            brackets = np.isfinite(below + above) & (below <= center) & (center <= above)  # not where a link turns
            low, high = np.where(brackets, below, low), np.where(brackets, above, high)
    support = rows.family.support
    top = rows.full(rows.values["n"]) if "n" in model.known else support.upper
    low, high = np.maximum(low, support.lower), np.minimum(high, top)
    bad = np.any([np.isnan(v) for v in (center, stderr, low, high)], axis=0)
    if np.any(bad):
        raise rows.too_far(bad, "mean's interval")
    name = "mean" if rows.central == "mean" else "quantile"
    return rows.frame({name: center, "stderr": stderr, "lower": low, "upper": high})


def _together(rows: FittedRows, gradient: Mapping[int, Any], level: float, how: Any) -> float:
    """The critical value for all rows at once."""
    how = "max-t" if how is True else how
    if not is_one_of(how, TOGETHER):
        raise unknown("choice", how, TOGETHER, " for simultaneous=; or True")
    if how == "max-t" and rows.n > MOST_ROWS:
        raise OptionError(
            f"{rows.n:,} rows are too many for the distribution of the largest |t|: predict fewer, or take "
            "simultaneous='scheffe', which holds for any number"
        )
    if how in ("bonferroni", "sidak"):
        return critical_value(None, rows.n, level, how, rows.fit.reference)
    jacobian = jacobian_of(rows, gradient)
    rows.fit.require_rank(jacobian, f"intervals of {rows.n} means together", "take simultaneous='bonferroni'")
    return critical_value(jacobian @ rows.fit.link_root, rows.n, level, how, rows.fit.reference)


def refuse_unseen(rows: FittedRows, gradient: Mapping[int, Any], what: str) -> None:
    """Raise where a row's value rests on coefficients whose spread the covariance does not tell."""
    if not rows.fit.has_unseen:
        return
    jacobian = jacobian_of(rows, gradient)
    if np.any(lost := rows.fit.unseen(jacobian)):
        where = np.flatnonzero(lost)
        listed = ", ".join(f"row {i}" for i in where[:5]) + (f" and {len(where) - 5} more" if len(where) > 5 else "")
        raise IntervalError(
            f"{what} has no standard error in {listed}: {rows.fit.unseen_reason(jacobian[where[0]])}. Leave these rows "
            "out, or predict without level="
        )


def jacobian_of(rows: FittedRows, gradient: Mapping[int, Any]) -> Floats:
    """Derivatives of one value per row with respect to the coefficients, in units in which they are moderate."""
    out = np.zeros((rows.n, rows.model.size))
    size = np.max([np.abs(g) for g in gradient.values()], axis=0, initial=0.0) if gradient else np.ones(rows.n)
    size = np.where((size > 0.0) & np.isfinite(size), size, 1.0)
    for k, g in gradient.items():
        g = g / size
        slot = rows.model.slots[k]
        design = rows.data.design(slot)
        out[:, slot.start : slot.stop] = g[:, None] * (1.0 if design is None else blocks.dense(design))
    return out


def _gradient(rows: FittedRows) -> dict[int, Any]:
    """Derivatives of every row's prediction with respect to the linear predictors, by slot."""
    if rows.central == "mean":
        return mean_gradient(rows)
    xp = JetNamespace(1)
    jet = as_jet(rows.parameters(xp, [xp.variable(k, eta) for k, eta in enumerate(rows.etas)])[rows.central])
    return {k: rows.full(g) for k, g in jet.g.items()}


def mean_gradient(rows: FittedRows) -> dict[int, Any]:
    """Derivatives of every row's mean with respect to the linear predictors, by slot."""
    xp = JetNamespace(1)
    try:
        jets = [xp.variable(k, eta) for k, eta in enumerate(rows.etas)]
        with np.errstate(all="ignore"):
            mean = as_jet(rows.family._mean(xp, **rows.model.parameters(jets, xp, rows.data.known)))
        return {k: rows.full(g) for k, g in mean.g.items()}
    except (FamilyError, TypeError, ValueError, AttributeError):
        return _numeric_gradient(rows)  # a mean that is integrated, not written down


def _numeric_gradient(rows: FittedRows) -> dict[int, Any]:
    out = {}
    for k, eta in enumerate(rows.etas):
        h = 1e-4 * np.maximum(1.0, np.abs(eta))
        up, down = ([e + s * h if j == k else e for j, e in enumerate(rows.etas)] for s in (1.0, -1.0))
        out[k] = rows.full((np.asarray(rows.mean_at(up)) - np.asarray(rows.mean_at(down))) / (2.0 * h))
    return out


def stderr_of(rows: FittedRows, gradient: Mapping[int, Any]) -> Floats:
    """The standard error sqrt(g' V g) for every row, also where the squares of g over- or underflow."""
    first = rows.model.slots[0] if rows.model.slots else None
    if rows.fit.reference.df is not None and list(gradient) == [0] and first is not None and first.design is not None:
        forms = np.asarray(rows.data.designs[first.label] @ rows.fit.link_root[first.start : first.stop])
        return np.abs(gradient[0]) * np.linalg.norm(forms, axis=1)
    size = np.max([np.abs(g) for g in gradient.values()], axis=0, initial=0.0) if gradient else np.zeros(rows.n)
    size = np.where((size > 0.0) & np.isfinite(size), size, 1.0)
    with np.errstate(all="ignore"):
        return size * np.sqrt(_variance(rows, {k: g / size for k, g in gradient.items()}))


def _variance(rows: FittedRows, gradient: Mapping[int, Any]) -> Floats:
    """g' V g for every row, where g are the derivatives with respect to the coefficients."""
    covariance, out = rows.fit._link_cov, np.zeros(rows.n)
    for k, g in gradient.items():
        for j, other in gradient.items():
            if j < k:
                continue
            a, b = rows.model.slots[k], rows.model.slots[j]
            part = covariance[a.start : a.stop, b.start : b.stop]
            product = blocks.row_products(rows.data.matrix(a), part, rows.data.matrix(b))
            out += (1.0 if j == k else 2.0) * g * other * product
    return np.maximum(out, 0.0)
