"""Parameters that are functions, as linear predictors about some coefficients.

There a family whose parameters are functions is a family with linear predictors: each parameter's own, with its
derivatives by the coefficients as the columns. So predictions, their intervals, simulations and residuals are those of
any other model.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from likely.data.design import Design
from likely.errors import DataError
from likely.families.base import Parameter
from likely.families.base.links import LINKS
from likely.models.slot import Slot
from likely.namespace import JetNamespace


def linear_predictor(parameter: Parameter, value: Any, slope: Any, x: Any) -> tuple[Slot, Any, Any]:
    """A parameter's linear predictor, linear in the coefficients about `x`: its columns, and its offset.

    Parameters
    ----------
    parameter : Parameter
    value : ndarray, shape (n,)
        Its values in the rows.
    slope : ndarray, shape (n, p)
        Their derivatives.
    x : ndarray, shape (p,)

    Raises
    ------
    DataError
        If a value lies outside the parameter's domain.
    """
    if not np.all(np.isfinite(value)) or not np.all(parameter.domain.contains(value)):
        bad = int(np.flatnonzero(~(np.isfinite(value) & parameter.domain.contains(value)))[0])
        raise DataError(f"{parameter.name} is {value[bad]:.6g} in row {bad}, but it must be {parameter.domain.name}")
    link = parameter.domain.get_link(parameter.name)
    with np.errstate(all="ignore"):
        eta = link.forward(value)
    if not np.all(np.isfinite(eta)):
        link, eta = LINKS["identity"], value
    xp = JetNamespace(1)
    jet = link.inverse(xp.variable(0, np.asarray(eta, dtype=float)), xp)
    jacobian = slope / np.broadcast_to(jet.g[0], len(value))[:, None]
    slot = Slot(parameter, link, Design(tuple(f"d{j}" for j in range(len(x)))), (), 0, len(x))
    return slot, np.ascontiguousarray(jacobian), eta - jacobian @ x
