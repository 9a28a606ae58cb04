"""A prediction as one expression of SQL."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from likely.data import tables
from likely.errors import FitError, LikelyError, OptionError, unknown
from likely.families.base.domains import Groups
from likely.families.base.vectors import VectorDomain
from likely.likelihoods.fitted_rows import FittedRows
from likely.models.new_data import check_given
from likely.models.rows import Rows
from likely.models.slot import Slot
from likely.prediction.sql import dialects, given
from likely.prediction.sql.columns import Columns
from likely.prediction.sql.namespace import SqlNamespace
from likely.prediction.sql.terms import predictor
from likely.prediction.sql.values import Value, added, literal, require

if TYPE_CHECKING:
    from likely.estimates import Estimates


def to_sql(
    fit: Estimates,
    dialect: str,
    what: str | None = None,
    *,
    y: Any = None,
    table: str | None = None,
    known: Mapping[str, Any] | None = None,
    **others: Any,
) -> str:
    """A prediction as one expression of SQL; see `likely.Fit.to_sql`."""
    if table is not None and not isinstance(table, str):
        raise OptionError(f"table= is the name or the alias of a table, found {table!r}")
    columns = Columns(dialects.find(dialect), table)
    told = {**(known or {}), **others}
    rows = _rows(fit, told, columns)
    what = rows.central if what is None else what
    if y is not None and what != "prob":
        raise OptionError(f"y= belongs to what='prob', not to what={what!r}")
    names = {rows.original_names[slot.parameter.name]: slot.parameter.name for slot in rows.model.slots}
    choices = list(dict.fromkeys(["mean", "prob", *names]))
    if not isinstance(what, str) or what not in choices:
        raise unknown("quantity", what, choices, " for what=")
    xp = SqlNamespace()
    etas = [_eta(rows, slot, told, columns) for slot in rows.model.slots]
    params = rows.parameters(xp, etas)
    _require_domains(rows, params, columns)
    if what in ("mean", "prob"):
        words = f"the {'mean' if what == 'mean' else 'probability'} of {rows.model.response}"
        value = _computed(
            rows, words, lambda: _mean(rows, xp, params) if what == "mean" else _prob(rows, xp, params, y)
        )
    else:
        words, value = f"the parameter {what}", params[names[what]]
        if isinstance(value, tuple):
            raise OptionError(f"{what} has one entry for each level: use what='prob' with y=, the level")
    if not isinstance(value, Value):
        if np.ndim(value) or np.isnan(value):
            raise OptionError(f"{words} is no number: the fitted {rows.family.title} has none")
        value = literal(columns.dialect, float(value))
    return columns.guarded(require(value, words))


def _rows(fit: Estimates, told: Mapping[str, Any], columns: Columns) -> FittedRows:
    """The fitted model on a row of the database."""
    if not fit.converged:
        raise FitError(f"predictions need a converged fit; this one: {fit.status}", fit)
    effective, limit = fit.effective, fit.limit
    model = effective.likelihood.model
    if model.reading is None:
        raise OptionError(f"{model.family.title} is made of functions or of other models, which have no SQL")
    original = {p.name: p.name if limit is None else limit.original_name(p.name) for p in model.family.parameters}
    check_given(model, told, original)
    known = {name: _known(model.family, name, original[name], told, columns) for name in model.known}
    limits = {} if limit is None else {limit.parameter: limit.at}
    return FittedRows(effective, tables.read(np.zeros(1)), Rows(1, None, None, {}, {}, known), {}, original, limits)


def _known(family: Any, name: str, original: str, told: Mapping[str, Any], columns: Columns) -> Any:
    """The value of a known parameter."""
    parameter = family.parameter(name)
    if parameter.domain is Groups or parameter.vector:
        raise OptionError(f"{family.title} with its known {original} has no SQL: predict with fit.predict")
    return given.value(told.get(original, family.known[name]), original, columns)


def _eta(rows: FittedRows, slot: Slot, told: Mapping[str, Any], columns: Columns) -> Any:
    """The linear predictor of a slot."""
    beta = rows.fit.outcome.point.x[slot.start : slot.stop]
    if slot.idle:
        made: Any = 0.0
    else:
        made = float(beta[0]) if slot.design is None else predictor(slot.design, beta, columns)
    if slot.offset is None:
        return made
    name, first = rows.original_names[slot.parameter.name], slot is rows.model.slots[0]
    return added([made, given.offset(slot, name, first, told, columns)])


def _require_domains(rows: FittedRows, params: Mapping[str, Any], columns: Columns) -> None:
    """Require of a row that its parameters lie in their domains: fit.predict refuses rows where they do not."""
    for group in rows.model.groups:
        slot, domain = group[0], group[0].parameter.domain
        value = params[slot.parameter.name]
        if isinstance(domain, VectorDomain):
            if domain.separate and any(isinstance(entry, Value) for entry in value):
                raise OptionError(
                    f"{rows.original_names[slot.parameter.name]} has predictors and must {domain.together}, which has "
                    "no SQL: predict with fit.predict"
                )
        elif isinstance(value, Value) and slot.leaves_domain and not value.lacking:
            if np.isfinite(domain.lower):
                columns.require(value >= domain.lower if domain.closed_lower else value > domain.lower)
            if np.isfinite(domain.upper):
                columns.require(value <= domain.upper if domain.closed_upper else value < domain.upper)


def _computed(rows: FittedRows, words: str, compute: Any) -> Any:
    """What a family's own formula gives for numbers that are SQL."""
    try:
        with np.errstate(all="ignore"):
            return compute()
    except LikelyError:
        raise
    except (TypeError, AttributeError, ValueError) as error:  # functions that work on arrays alone
        raise OptionError(
            f"{words} has no SQL: {rows.family.title} computes it by functions that databases do not have. Predict "
            "with fit.predict, or ask for a parameter by its name"
        ) from error


def _mean(rows: FittedRows, xp: SqlNamespace, params: Mapping[str, Any]) -> Any:
    if rows.family.kind.labels:
        raise OptionError(f"{rows.family.title} has no mean: its observations are labels. Use what='prob' with y=")
    return rows.family._mean(xp, **params)


def _prob(rows: FittedRows, xp: SqlNamespace, params: Mapping[str, Any], y: Any) -> Any:
    """The probability of one level, or of one value of the response."""
    family, model = rows.family, rows.model
    if not rows.offers.independent_rows:
        raise OptionError(f"a probability of {family.title} is of all rows of a stratum, which has no SQL")
    if family.kind.labels:
        levels = [str(level) for level in model.levels]
        if y is None or str(y) not in levels:
            raise unknown("level", y, levels, f" of {model.response}: what='prob' needs y=")
        value = float(levels.index(str(y)))
    else:
        binary = family.support.integer and (family.support.lower, family.support.upper) == (0.0, 1.0)
        try:
            value = 1.0 if y is None and binary else float(y)
        except (TypeError, ValueError):
            raise OptionError(f"what='prob' needs y=, one value of the response; found {y!r}") from None
        if not bool(family.support.contains(value)):
            raise OptionError(f"y = {value:g} cannot be observed: {family.title} is for {family.support.text}")
    made = xp.exp(family._log_density(xp, value, **params))
    for end, inside in zip(family.bounds(**params), (operator.le, operator.ge), strict=True):
        if isinstance(end, Value):  # the support ends where a parameter says
            made = inside(end, value).choose(made, 0.0)
    return made
