"""Averages of predictions over rows: which rows, how often each counts, in which groups, at which exposure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any, final

import numpy as np

from likely.data import design as designs
from likely.data import tables
from likely.errors import DataError, OptionError, is_one_of, listed, unknown
from likely.likelihoods.fitted_rows import FittedRows
from likely.models.checks import items_of
from likely.namespace.arrays import Floats
from likely.prediction import exposure
from likely.prediction.scenarios import OFFSETS, Scenarios
from likely.prediction.targets import Target, target

if TYPE_CHECKING:
    from likely.estimates import Estimates

AVERAGES = ("average", "mean", "balanced")
MOST_GROUPS = 100
RATE = "rate"
WEIGHTS = ("trials", "rows")

Estimate = tuple[Any, Any]  # values for all parts and groups, and their derivatives in the coefficients


@final
@dataclass(frozen=True, eq=False)
class Setting:
    """What is predicted, on which rows, in which groups.

    Attributes
    ----------
    fit : Estimates
        The one that describes the data.
    scenarios : Scenarios
    target : Target
    groups : tuple of (mapping, ndarray)
        Labels and mask of each group of rows.
    at : tuple of mapping
        The values that are set, a mapping for each of their combinations.
    notes : tuple of str
        How rows count, and at which exposure.
    """

    fit: Estimates
    scenarios: Scenarios
    target: Target
    groups: tuple[tuple[Mapping[str, str], Any], ...]
    at: tuple[Mapping[str, Any], ...]
    notes: tuple[str, ...] = ()

    @property
    def cells(self) -> list[tuple[Mapping[str, Any], Mapping[str, str]]]:
        """The values that are set, with the labels that say so."""
        return [(values, {name: shown(value) for name, value in values.items()}) for values in self.at]

    @property
    def labels(self) -> list[dict[str, str]]:
        """One for every part of the target in every group."""
        return [{**({"of": part} if part else {}), **label} for part in self.target.parts for label, _ in self.groups]

    def average(self, changes: Mapping[str, Any], scale: Any = 1.0) -> Estimate:
        """Averages of `scale` times the prediction, for all parts and groups."""
        values, jacobians = [], []
        if self.scenarios.collapse:
            kept = [(self.scenarios.rows(changes, mask), np.ones(1)) for _, mask in self.groups]
            scale = float(np.mean(scale))
        else:
            rows = self.scenarios.rows(changes)
            kept = [(rows, self.scenarios.weights * mask) for _, mask in self.groups]
        found = {id(rows): self.target.evaluate(rows) for rows, _ in kept}
        for i in range(len(self.target.parts)):
            for rows, weights in kept:
                value, gradient = found[id(rows)][i]
                share = weights * scale / np.sum(weights)
                values.append(float(np.sum(share * value)))
                jacobians.append(_jacobian(rows, gradient, share))
        return np.array(values), np.array(jacobians)


def shown(value: Any) -> str:
    """A value that is set, as a label."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def _jacobian(rows: FittedRows, gradient: Mapping[int, Any], share: Any) -> Floats:
    """Derivatives of an average with respect to the coefficients."""
    out = np.zeros(rows.model.size)
    for k, g in gradient.items():
        slot = rows.model.slots[k]
        design = rows.data.design(slot)
        out[slot.start : slot.stop] += np.sum(share * g) if design is None else (share * g) @ design
    return out


def setting(fit: Estimates, what: str | None, at: Any, by: Any, y: Any, weights: str | None) -> Setting:
    """What is averaged over which rows, read from the arguments of `likely.Fit.effects`."""
    if fit.likelihood.offers.far:
        raise OptionError(
            "effects are those of predictors in a formula; of a density, predict the function that you want: "
            "fit.predict(new, lambda p, d: ..., level=0.95)"
        )
    fit.require_regular("an effect") if fit.limit is None else None
    over, held = _read(at)
    effective = fit.effective
    given = exposure.exposures(effective.likelihood.model)
    what = effective.likelihood.model.family.predicted or "mean" if what is None else what
    if not isinstance(what, str):
        raise unknown("quantity", what, ["mean", "prob", "rate", "link"], " for what=")
    if weights is not None and not isinstance(weights, str):
        raise OptionError(f"weights is 'rows', 'trials' or the name of a column, found {weights!r}")
    asked = what
    what, rate = _rate(fit, asked, given)
    among = set(exposure.columns_of(given)) | set(OFFSETS)
    per_unit = rate and not among & set(held)
    counts, counting = _counts(fit, what in ("mean", "prob") and not _trials_held(fit, held), weights)
    scenarios = Scenarios.of(fit, over, counts, per_unit)
    choices = []
    for name, values in held.items():
        scenarios.check_held(name)
        text = isinstance(values, (str, bytes)) or not isinstance(values, Iterable)
        listed_values = [values] if text else items_of(values, f"at={{{name!r}: ...}} is a value or a list of values")
        choices.append([(name, scenarios.level(name, v)) for v in listed_values])
    cells = tuple(dict(cell) for cell in product(*choices))
    notes = [counting] if counting and over != "balanced" else []
    if per_unit:
        notes.append(f"Per unit of exposure: {exposure.described(given)} = 1.")
    elif given and not among & set(held) and (what == "mean" or what.startswith("link")):
        notes.append(_own_exposure(given))
    elif not given and _own_offset(scenarios, what, held):
        notes.append("At each row's own offset; at={'offset': 0} leaves it out.")
    wanted = target(scenarios.base, what, y)
    if rate and asked != what:
        wanted = replace(wanted, name=RATE)
    return Setting(effective, scenarios, wanted, _groups(scenarios, by), cells, tuple(notes))


def _read(at: Any) -> tuple[str, dict[str, Any]]:
    """Over which rows, and the values that are set."""
    if isinstance(at, str):
        if not is_one_of(at, AVERAGES):
            raise unknown("choice", at, AVERAGES, " for at=; or a dict of values by predictor")
        return at, {}
    if not isinstance(at, Mapping):
        raise OptionError(f"at is one of {listed(AVERAGES)}, or a dict of values by predictor; found {at!r}")
    held = dict(at)
    over = held.pop("over", "average")
    if not is_one_of(over, AVERAGES):
        raise unknown("choice", over, AVERAGES, " for at={'over': ...}")
    return over, held


# -- exposures -------------------------------------------------------------------------------------------------


def _rate(fit: Estimates, what: str, given: Sequence[Any]) -> tuple[str, bool]:
    """What is predicted, and whether it is what an exposure multiplies: the first parameter, also called its rate."""
    if not given:
        return what, False
    effective = fit.effective
    first = effective.likelihood.model.slots[0].parameter.name
    original_name = first if fit.limit is None else fit.limit.original_name(first)
    names = [p.name for p in fit.likelihood.model.family.parameters]
    if what == RATE and RATE not in names:
        return original_name, True
    return what, what == original_name and what != "mean"


def _own_offset(scenarios: Scenarios, what: str, held: Mapping[str, Any]) -> bool:
    """Whether the prediction has an offset in it that is no exposure, and that nothing sets."""
    if not scenarios.offsets or not scenarios.offsets[0]:
        return False
    first, specs = scenarios.base.model.slots[0], scenarios.offsets[0]
    own = {scenarios.base.original_names[first.parameter.name], "mean", "link", f"link.{first.parameter.name}"}
    texts = [spec for spec in specs if isinstance(spec, str)]
    columns = {name for spec in texts for name in designs.variables(spec)} | {"offset"}
    return what in own and not columns & set(held)


def _own_exposure(given: Sequence[Any]) -> str:
    names = exposure.columns_of(list(given))
    name = names[0] if len(names) == 1 else "exposure"
    return f"At each row's own exposure ({exposure.described(list(given))}); at={{{name!r}: 1}} for that of one unit."


# -- how often a row counts ------------------------------------------------------------------------------------


def _counts(fit: Estimates, whole: bool, weights: str | None) -> tuple[Any, str]:
    """How often each row counts in averages, and that in words where rows do not count alike.

    A row counts as often as its weight says, and once for each of the observations that it puts together: trials, or
    the units of an analytic weight. What is said of a row as a `whole` (its expected count) is no matter of trials.
    """
    bound = fit.effective.likelihood.bound
    own = np.ones(len(bound.y)) if bound.weights is None else np.asarray(bound.weights, dtype=float)
    trials = _trials(fit)
    if weights is None:
        units = bound.data.units
        if units is not None:
            return own * units, "Averages over units: a row counts as often as its analytic weight says."
        if trials is None or np.ndim(trials) == 0 or np.all(trials == trials[0]):
            return own, ""
        if whole:
            return own, "Averages over rows, whatever their number of trials; weights='trials' counts each trial."
        weights = "trials"
    if not isinstance(weights, str):
        raise OptionError(f"weights= is 'trials', 'rows' or the name of a column; found {weights!r}")
    if weights == "rows":
        return own, "Averages over rows, whatever their number of trials." if trials is not None else ""
    if weights == "trials":
        if trials is None:
            title = fit.likelihood.model.family.title
            raise OptionError(f"rows of {title} are no groups of trials: weights= is 'rows' or a column of the data")
        return own * trials, "Averages over trials: a row counts once for each of its trials."
    return _column(fit, weights), f"Averages weighted by {weights}."


def _trials_name(fit: Estimates) -> str | None:
    """The known parameter that is a number of trials, of a family whose response counts successes among them."""
    family = fit.effective.likelihood.model.family
    return next((p.name for p in family.parameters if p.known_only and p.domain.integer), None)


def _trials(fit: Estimates) -> Any:
    name = _trials_name(fit)
    return None if name is None else fit.effective.likelihood.bound.data.known[name]


def _trials_held(fit: Estimates, held: Mapping[str, Any]) -> bool:
    """Whether all rows are set to one number of trials."""
    name = _trials_name(fit)
    return name is not None and fit.likelihood.model.family.known.get(name) in held


def _column(fit: Estimates, name: Any) -> Floats:
    """Weights that are a column of the data."""
    bound = fit.effective.likelihood.bound
    if not isinstance(name, str) or name not in bound.table:
        valid = [*WEIGHTS, *bound.table.names]
        raise unknown("column", name, valid, " for weights=")
    values = tables.numbers(bound.used.column(name), name)
    if not np.all(np.isfinite(values) & (values >= 0.0)) or not np.any(values > 0.0):
        raise DataError(f"weights are numbers from 0 on, not all of them 0; {name} has others")
    return values


# -- groups of rows ---------------------------------------------------------------------------------------------


def _groups(scenarios: Scenarios, by: Any) -> tuple[tuple[Mapping[str, str], Any], ...]:
    """Labels and masks of the groups of rows, in order."""
    names = [] if by is None else items_of(by, "by is the name of a column, or a list of names", empty=True)
    if not names:
        return (({}, np.ones(scenarios.base.n)),)
    columns = []
    for name in names:
        if is_one_of(name, scenarios.columns):
            columns.append(np.asarray(scenarios.columns[name]))
        elif is_one_of(name, scenarios.base.table):
            columns.append(scenarios.base.table.labels(name))
        else:
            raise unknown(
                "column", name, list(dict.fromkeys([*scenarios.columns, *scenarios.base.table.names])), " for by="
            )
    keys = list(zip(*(map(str, column.tolist()) for column in columns), strict=True))
    distinct = list(dict.fromkeys(sorted(keys)))
    if len(distinct) > MOST_GROUPS:
        raise OptionError(f"by={listed(names)} makes {len(distinct)} groups: group by columns with few values")
    place = {key: i for i, key in enumerate(distinct)}
    codes = np.array([place[key] for key in keys])
    groups = tuple((dict(zip(names, key, strict=True)), (codes == i).astype(float)) for key, i in place.items())
    for label, mask in groups:
        if not np.any(scenarios.weights * mask > 0.0):
            where = ", ".join(f"{name} = {value}" for name, value in label.items())
            raise DataError(f"the rows with {where} have weight 0, so there is no average over them")
    return groups
