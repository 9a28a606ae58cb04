"""What a prediction is of: the response's mean, a parameter, a linear predictor, a probability; with derivatives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from likely.errors import OptionError, unknown
from likely.families.base.vectors import VectorDomain
from likely.inference.mean_interval import mean_gradient
from likely.likelihoods.fitted_rows import FittedRows
from likely.models.model import Model
from likely.namespace import JetNamespace, as_jet

Values = tuple[Any, dict[int, Any]]  # one value per row, and its derivatives in the linear predictors by slot


@final
@dataclass(frozen=True)
class Target:
    """Functions of the linear predictors, one value per row each.

    Attributes
    ----------
    name : str
        In words, for titles.
    parts : tuple of str
        Names of the values; one empty name for a single value.
    evaluate : callable
        Rows -> a list of (values, derivatives by slot), one for each part.
    """

    name: str
    parts: tuple[str, ...]
    evaluate: Callable[[FittedRows], list[Values]]


def target(rows: FittedRows, what: str, y: Any = None) -> Target:
    """What is predicted.

    Parameters
    ----------
    rows : FittedRows
        Any rows of the fit, for names.
    what : str
        "mean" of the response; the name of a parameter; "link" or "link.<parameter>": a linear predictor; "prob": the
        probability of each level, or the probability (density) of `y`.
    y : number, optional
        For "prob".
    """
    model = rows.model
    names = {original: inner for inner, original in rows.original_names.items()}
    free = {slot.parameter.name for slot in model.slots}
    choices = ["mean", "prob", "link", *(rows.original_names[name] for name in free)]
    if not isinstance(what, str):
        raise unknown("quantity", what, choices, " for what=")
    if y is not None and what != "prob":
        raise OptionError(f"y= belongs to what='prob', not to what={what!r}")
    if what == "mean":
        if model.family.kind.labels:
            raise OptionError(f"{model.family.title} has no mean: its observations are labels. Use what='prob'")
        return Target(f"mean of {model.response}", ("",), _mean)
    if what == "prob":
        return _probability(rows, y)
    if what == "link" or what.startswith("link."):
        if not model.slots:
            raise OptionError(f"{model.family.title} has no linear predictor here: nothing depends on predictors")
        wanted = what.partition(".")[2] or rows.original_names[model.slots[0].parameter.name]
        places = [k for k, s in enumerate(model.slots) if rows.original_names[s.parameter.name] == wanted]
        if not places:
            raise unknown("parameter", wanted, [rows.original_names[name] for name in free], " for a linear predictor")
        parts = tuple(model.slots[k].entry or "" for k in places)
        return Target(f"linear predictor of {wanted}", parts, lambda r: [_link(r, k) for k in places])
    if what in names and names[what] in free:
        domain = model.family.parameter(names[what]).domain
        if isinstance(domain, VectorDomain):
            return Target(what, tuple(domain.entries(model.levels)), lambda r: _parameter(r, names[what]))
        return Target(_title(model, what, names[what]), ("",), lambda r: [_parameter(r, names[what])[0]])
    raise unknown("quantity", what, choices, " for what=")


def _title(model: Model, what: str, name: str) -> str:
    """A parameter by its name, or as the quantile of the response that it is."""
    level = model.known.get(model.family.corner_level or "")
    if name != model.family.predicted or level is None or np.ndim(level):
        return what
    return f"{level:g} quantile of {model.response}"


def _mean(rows: FittedRows) -> list[Values]:
    return [(rows.mean(), mean_gradient(rows))]


def _link(rows: FittedRows, k: int) -> Values:
    return rows.full(rows.etas[k]), {k: np.ones(rows.n)}


def _jets(rows: FittedRows) -> tuple[Any, dict[str, Any]]:
    xp = JetNamespace(1)
    jets = [xp.variable(k, eta) for k, eta in enumerate(rows.etas)]
    with np.errstate(all="ignore"):
        return xp, rows.model.parameters(jets, xp, rows.data.known)


def _parameter(rows: FittedRows, name: str) -> list[Values]:
    value = _jets(rows)[1][name]
    return [_split(rows, jet) for jet in (value if isinstance(value, tuple) else (value,))]


def _split(rows: FittedRows, jet: Any) -> Values:
    jet = as_jet(jet)
    return rows.full(jet.v), {k: rows.full(g) for k, g in jet.g.items()}


def _chances(rows: FittedRows) -> list[Values]:
    """The probability of every level."""
    xp, params = _jets(rows)
    with np.errstate(all="ignore"):
        chances = [
            xp.exp(rows.family._log_density(xp, np.full(rows.n, float(code)), **params))
            for code in range(len(rows.model.levels))
        ]
    return [_split(rows, jet) for jet in chances]


def _probability(rows: FittedRows, y: Any) -> Target:
    family, model = rows.family, rows.model
    if family.kind.labels:
        levels = [str(level) for level in model.levels]
        if y is None:
            return Target(f"probability of {model.response}", tuple(levels), _chances)
        if str(y) not in levels:
            raise unknown("level", y, levels, f" of {model.response}")
        place = levels.index(str(y))
        return Target(f"probability of {model.response} = {y}", ("",), lambda r: [_chances(r)[place]])
    if y is None:
        if not (family.support.integer and (family.support.lower, family.support.upper) == (0.0, 1.0)):
            raise OptionError("what='prob' needs y=: a value of the response")
        y = 1.0
    if np.ndim(y) or isinstance(y, str):
        raise OptionError(f"y is one value of the response, found {y!r}")
    value = float(y)

    def evaluate(r: FittedRows) -> list[Values]:
        r.require_known()
        if not np.all(family.inside(np.full(r.n, value), r.values)):
            raise OptionError(f"y = {value:g} cannot be observed: {family.title} is for {family.support.text}")
        xp, params = _jets(r)
        with np.errstate(all="ignore"):
            return [_split(r, xp.exp(family._log_density(xp, np.full(r.n, value), **params)))]

    kind = "probability" if family.support.integer else "density"
    return Target(f"{kind} of {model.response} = {value:g}", ("",), evaluate)
