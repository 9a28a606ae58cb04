"""Functions of the parameters and data of a density, at the estimates."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from likely.errors import IntervalError, OptionError
from likely.estimates.covariance.zero_scores import unit_rows
from likely.likelihoods.density.bound import new_rows
from likely.likelihoods.density.objective import DensityObjective
from likely.likelihoods.kinds import has_functions
from likely.models.checks import check_level

if TYPE_CHECKING:
    from likely.estimates import Estimates


def evaluate(fit: Estimates, rule: Callable[..., Any], new: Any = None, level: float | None = None) -> Any:
    """A function of parameters and data at the estimates, with standard errors by the delta method.

    Parameters
    ----------
    fit : Estimates
        Of a density.
    rule : callable
        ``rule(params, data)``: one value, or one for every row.
    new : data of any kind, optional
    level : float, optional
        For columns mean, stderr, lower, upper, with Wald limits on the scale of the function itself.
    """
    fit.require_regular("a function of the estimates") if level is not None else None
    model = fit.likelihood.model
    if not has_functions(model.family):
        raise OptionError("a function of parameters and data can be predicted from the fit of a lk.density(...) only")
    table, data = new_rows(model, fit.likelihood.bound, new, {}, some=True)
    n, x = data.n, fit.outcome.point.x
    value, slope = DensityObjective(model, data).function(rule, x)
    if value.ndim > 1 or (value.ndim == 1 and len(value) != n):
        raise OptionError(f"the function must give one value, or one for each of {n} rows; its shape is {value.shape}")
    if level is None:
        return table.wrap(value, "prediction") if value.ndim else float(value)
    half = fit.reference.half_width(check_level(level))
    fit.require_errors("a function of the estimates")
    forms = np.reshape(slope, (-1, len(x)))
    if np.any(lost := fit.unseen(forms)):
        raise IntervalError(f"the function has no standard error: {fit.unseen_reason(forms[np.flatnonzero(lost)[0]])}")
    unit, size = unit_rows(forms)
    error = np.reshape(size * np.linalg.norm(unit @ fit.link_root, axis=1), np.shape(value))
    out = {"mean": value, "stderr": error, "lower": value - half * error, "upper": value + half * error}
    return table.wrap_frame(out) if value.ndim else {k: float(v) for k, v in out.items()}
