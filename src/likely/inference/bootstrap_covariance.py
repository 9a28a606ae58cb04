"""The covariance of the estimates in data drawn anew."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from likely.errors import IntervalError, OptionError, listed
from likely.estimates.covariance.request import Covariance, Request
from likely.inference.bootstrap import bootstrap, check_failed
from likely.models import scale


def bootstrap_covariance(fit: Any, request: Request) -> Covariance:
    """The covariance of the coefficients in estimates from rows, or whole clusters, drawn with replacement.

    Raises
    ------
    IntervalError
        If more than a tenth of the refits failed, or some estimates have no finite variance on the link scale.
    """
    model = fit.likelihood.model
    fit = replace(fit, request=request)
    try:
        drawn = bootstrap(fit, replicates=request.replicates, kind="cases", seed=request.seed)
    except OptionError as error:
        raise IntervalError(str(error)) from error
    check_failed(drawn, "a covariance")
    values = drawn.estimates[~np.any(np.isnan(drawn.estimates), axis=1)]
    with np.errstate(all="ignore"):
        named = [dict(zip(fit.names, row, strict=True)) for row in values.tolist()]
        own = fit.likelihood.names  # without extremes of the data
        rows = [scale.from_reported(model, {name: row[name] for name in own}) for row in named]
        found = np.atleast_2d(np.cov(np.array(rows).T))
    flat = ~(np.diagonal(found) > 0.0) | ~np.isfinite(np.diagonal(found))
    if np.any(flat):
        names = [name for name, one in zip(model.names(), flat, strict=True) if one]
        raise IntervalError(
            f"the bootstrap gives no variance of {listed(names)}: its estimates are all equal, or some lie at the end "
            "of the domain"
        )
    return Covariance(found, f"{drawn.failed} of {request.replicates} refits failed" if drawn.failed else "")
