"""Fits whose parameters are functions of parameters and data: their rows, and functions of the estimates.

A family whose parameters are functions is, at the estimates, a family with linear predictors: each parameter's own
linear predictor, with its derivatives by the coefficients as the design. So predictions, their intervals, simulations
and residuals are those of any other model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from likely.covariance.unseen import unit_rows
from likely.data import tables
from likely.data.design import Design
from likely.data.tables import Table
from likely.errors import DataError, IntervalError, MissingValuesError, OptionError, is_one_of, listed, unknown
from likely.families.base.domains import LINKS
from likely.likelihoods import RowsObjective
from likely.likelihoods.density import Density
from likely.likelihoods.density.bound import read_columns
from likely.likelihoods.density.objective import DensityObjective
from likely.likelihoods.expected import Expected
from likely.likelihoods.rows_of import FittedRows
from likely.models.bind import given_column
from likely.models.checks import check_level
from likely.models.model import Model
from likely.models.rows import Rows
from likely.models.slot import Slot
from likely.namespace import JetNamespace

if TYPE_CHECKING:
    from likely.estimates import Estimates


def function_rows(
    fit: Estimates, functions: DensityObjective, new: Any = None, given: Mapping[str, Any] | None = None
) -> FittedRows:
    """The rows of a fit whose parameters are functions, or of new data, as those of linear predictors.

    Parameters
    ----------
    fit : Estimates
    functions : DensityObjective
        The fit's log-likelihood.
    new : data of any kind, optional
    given : mapping, optional
        Values of the family's known parameters for the new rows, where they are not columns.
    """
    model, density = functions.model, functions.density
    base = density.base
    assert base is not None
    table, data = _place(fit, density, new, dict(given or {}), list(fit.likelihood.bound.data.columns))
    x = np.asarray(fit.outcome.point.x)
    values, slopes = DensityObjective(model, data).theta(x)
    slots, data = list[Slot](), Rows(data.n, data.y, data.weights, known=data.known)
    for name, value in values.items():
        slot, matrix, offset = _slot(base.parameter(name), value, slopes[name], x)
        slots.append(slot)
        data = data.with_design(slot, matrix).with_offset(slot, offset)
    known = {k: None if np.ndim(v) else v for k, v in data.known.items()}
    linear = Model(base, tuple(slots), known, model.response)
    names = {p.name: p.name for p in base.parameters}
    return FittedRows(fit, table, data, {}, names, {}, linear=linear)


def expected_information(fit: Estimates, functions: DensityObjective) -> Any:
    """The expected information of the coefficients: of least squares, Gauss and Newton's J'J/sd^2."""
    rows = function_rows(fit, functions)
    objective, slots = RowsObjective(rows.model, rows.data), rows.model.slots
    weights = 1.0 if rows.data.weights is None else rows.data.weights
    total = np.zeros((rows.model.size, rows.model.size))
    for (j, k), values in Expected(objective, fit.outcome.point.x).block(0, rows.n).items():
        x, z = (rows.data.designs[slots[m].label] for m in (j, k))
        block = (x * (weights * values)[:, None]).T @ z
        total += block if j == k else block + block.T
    return total


def _slot(parameter: Any, value: Any, slope: Any, x: Any) -> tuple[Slot, Any, Any]:
    """A parameter's linear predictor, linear in the coefficients at the estimates: its columns, and its offset."""
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


def _place(
    fit: Estimates, density: Density, new: Any, given: dict[str, Any], needed: list[str] | None = None
) -> tuple[Table, Rows]:
    """The table that results go back to, and the rows.

    Without `needed`, the columns are those that the new data have.
    """
    bound = fit.likelihood.bound
    for name in given:
        if not is_one_of(name, density.specs):
            raise unknown("option", name, density.specs, " for a prediction")
    if new is None:
        if given:
            raise OptionError(f"{listed(given)} can be given for new data only; the fit's own rows have theirs")
        return bound.used, bound.data
    if isinstance(new, Mapping) and new and all(np.ndim(v) == 0 for v in new.values()):
        new = {k: [v] for k, v in new.items()}  # one row
    table, matrices = read_columns(new, like=bound.table.as_read)
    n = table.n
    if n == 0:
        raise DataError("the new data have no rows: there is nothing to predict")
    columns = {}
    for name in [k for k in bound.data.columns if k in matrices or k in table] if needed is None else needed:
        values = matrices[name] if name in matrices else table.measured(name)
        if values.dtype.kind not in "fiub":
            raise DataError(f"column {name!r} holds text; a density needs numbers")
        if np.any(absent := np.isnan(values) if values.dtype.kind == "f" else np.zeros(n, dtype=bool)):
            raise MissingValuesError(
                f"the new data have missing values ({name}: {int(np.count_nonzero(absent))}): a prediction needs every "
                "column that the functions read"
            )
        columns[name] = values
    specs = {} if needed is None else density.specs
    known = {name: given_column(table, given.get(name, spec), name) for name, spec in specs.items()}
    known = {k: tables.numbers(v, k) if np.ndim(v) else float(v) for k, v in known.items()}
    return table, Rows(n, np.zeros(n), known=known, columns=columns)


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
    functions = fit.likelihood.objective.functions
    if functions is None:
        raise OptionError("a function of parameters and data can be predicted from the fit of a lk.density(...) only")
    table, data = _place(fit, functions.density, new, {})
    n, x = data.n, fit.outcome.point.x
    value, slope = DensityObjective(functions.model, data).function(rule, x)
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
