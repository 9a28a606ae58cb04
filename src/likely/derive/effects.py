"""Marginal effects, contrasts and average predictions: what a predictor does, other things as they are.

A derivative along a number is a four-point difference of exact predictions and of their exact derivatives in the
coefficients; everything else is a difference or ratio of averages. Standard errors are the delta method's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from typing import TYPE_CHECKING, Any, final

import numpy as np

from likely.derive.quantities import Quantities, quantities
from likely.derive.rows import Rows
from likely.derive.scenarios import Scenarios
from likely.derive.targets import Target, target
from likely.errors import DataError, LikelyError, OptionError, listed, unknown

if TYPE_CHECKING:
    from likely.result import Fit

STEP = 1e-3  # of a derivative's stencil, in standard deviations (or in the value itself, if that is smaller)
CENTRAL = ((-2, 1 / 12), (-1, -8 / 12), (1, 8 / 12), (2, -1 / 12))
INWARD = ((0, -25 / 12), (1, 4.0), (2, -3.0), (3, 4 / 3), (4, -1 / 4))
ROUNDING = 64 * np.finfo(float).eps
AVERAGES = ("average", "mean", "balanced")
MOST_GROUPS = 100
PAIRS = ("pairwise", "reference", "sequential", "average")
COMPARISONS = ("difference", "ratio", "odds ratio")

Estimate = tuple[Any, Any]  # values for all parts and groups, and their derivatives in the coefficients


@final
@dataclass(frozen=True)
class _Setting:
    """What is predicted, on which rows, in which groups."""

    fit: Fit
    scenarios: Scenarios
    target: Target
    groups: tuple[tuple[Mapping[str, str], Any], ...]
    at: tuple[Mapping[str, Any], ...]

    @property
    def cells(self) -> list[tuple[Mapping[str, Any], Mapping[str, str]]]:
        """The values that are set, with the labels that say so."""
        return [(values, {name: _shown(value) for name, value in values.items()}) for values in self.at]

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


def _jacobian(rows: Rows, gradient: Mapping[int, Any], share: Any) -> Any:
    """Derivatives of an average with respect to the coefficients."""
    out = np.zeros(rows.model.size)
    for k, g in gradient.items():
        slot, design = rows.model.slots[k], rows.designs[k]
        out[slot.start : slot.stop] += np.sum(share * g) if design is None else (share * g) @ design
    return out


def _setting(fit: Fit, what: str, at: Any, by: Any, y: Any, varied: Sequence[str] = ()) -> _Setting:
    if fit.likelihood.model.family._objective is not None:
        raise OptionError(
            "effects are those of predictors in a formula; of a density, predict the function that you want: "
            "fit.predict(new, lambda p, d: ..., level=0.95)"
        )
    fit.require_regular("an effect") if fit.limit is None else None
    if isinstance(at, str):
        if at not in AVERAGES:
            raise unknown("choice", at, AVERAGES, " for at=; or a dict of values by predictor")
        scenarios, settings = Scenarios.of(fit, at), {}
    elif isinstance(at, Mapping):
        settings = dict(at)
        over = settings.pop("over", "average")
        if over not in AVERAGES:
            raise unknown("choice", over, AVERAGES, " for at={'over': ...}")
        scenarios = Scenarios.of(fit, over)
    else:
        raise OptionError(f"at is one of {listed(AVERAGES)}, or a dict of values by predictor; found {at!r}")
    choices = []
    for name, values in settings.items():
        scenarios.check(name)
        listed_values = list(values) if np.ndim(values) else [values]
        choices.append([(name, scenarios.level(name, v)) for v in listed_values])
    cells = tuple(dict(cell) for cell in product(*choices))
    effective = fit.effective
    wanted = target(scenarios.base, what, y)
    return _Setting(effective, scenarios, wanted, tuple(_groups(scenarios, by)), cells)


def _groups(scenarios: Scenarios, by: Any) -> list[tuple[Mapping[str, str], Any]]:
    """Labels and masks of the groups of rows, in order."""
    names = [by] if isinstance(by, str) else list(by or [])
    if not names:
        return [({}, np.ones(scenarios.base.n))]
    columns = []
    for name in names:
        if name in scenarios.columns:
            columns.append(np.asarray(scenarios.columns[name]))
        elif name in scenarios.base.table:
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
    return [(dict(zip(names, key, strict=True)), (codes == i).astype(float)) for key, i in place.items()]


# -- effects ---------------------------------------------------------------------------------------------------


def effects(
    fit: Fit,
    variables: Any = None,
    *,
    what: str = "mean",
    at: Any = "average",
    by: Any = None,
    step: float | None = None,
    y: Any = None,
    level: float = 0.95,
) -> Quantities:
    """Marginal effects of predictors; see `likely.result.Fit.effects`."""
    setting = _setting(fit, what, at, by, y)
    scenarios = setting.scenarios
    if not scenarios.variables:
        raise OptionError("the model has no predictors, so there are no effects")
    if step is not None and not (isinstance(step, (int, float)) and step > 0 and np.isfinite(step)):
        raise OptionError(f"step is a positive number, the change of the predictor; found {step!r}")
    labels: list[dict[str, str]] = []
    values, jacobians = [], []
    for name, ends in _wanted(scenarios, variables).items():
        for changes, shown in setting.cells:
            if name in changes and ends is not None:
                raise OptionError(f"{name} is held at {shown[name]}, so it has no effect there: leave it out of at=")
            # at the mean, every group has means of its own
            alone = [replace(setting, groups=(group,)) for group in setting.groups]
            for part in alone if scenarios.collapse else [setting]:
                for words, (value, jacobian) in _one_effect(part, name, ends, changes, step):
                    labels += [{"variable": name, "effect": words, **shown, **label} for label in part.labels]
                    values += list(value)
                    jacobians += list(jacobian)
    title = f"{_HOW.get(at if isinstance(at, str) else 'average', '')} effects on the {setting.target.name}"
    return quantities(setting.fit, labels, values, jacobians, level=level, title=title)


_HOW = {"average": "Average marginal", "mean": "Marginal (at the mean)", "balanced": "Marginal (balanced)"}


def _wanted(scenarios: Scenarios, variables: Any) -> dict[str, tuple[Any, Any] | None]:
    """The predictors, each with the two values to compare, if they were given."""
    if isinstance(variables, Mapping):
        out: dict[str, tuple[Any, Any] | None] = {}
        for name, ends in variables.items():
            if np.ndim(ends) != 1 or len(ends) != 2:
                raise OptionError(f"{name}: give the two values to compare, such as (0, 1); found {ends!r}")
            scenarios.check(name)
            out[name] = (scenarios.level(name, ends[0]), scenarios.level(name, ends[1]))
        return out
    names = scenarios.variables if variables is None else [variables] if isinstance(variables, str) else list(variables)
    return {scenarios.check(name): None for name in names}


def _one_effect(
    setting: _Setting, name: str, ends: tuple[Any, Any] | None, changes: Mapping[str, Any], step: float | None
) -> list[tuple[str, Estimate]]:
    """The effects of one predictor: a derivative, a difference, or the differences to the first level."""
    scenarios = setting.scenarios
    if ends is None and name in scenarios.levels:
        first, *others = scenarios.levels[name]
        base = setting.average({**changes, name: first})
        return [(f"{other} - {first}", _minus(setting.average({**changes, name: other}), base)) for other in others]
    if ends is not None:
        low, high = (setting.average({**changes, name: end}) for end in ends)
        return [(f"{_shown(ends[1])} - {_shown(ends[0])}", _minus(high, low))]
    x = np.asarray(scenarios.columns[name], dtype=float)
    if name in changes:
        x = np.full(len(x), float(changes[name]))
    elif scenarios.collapse:
        x = np.full(len(x), np.average(x, weights=scenarios.weights * setting.groups[0][1]))
    if step is not None:
        low, high = (setting.average({**changes, name: v}) for v in (x, x + step))
        return [(f"+{step:g}", _minus(high, low))]
    return [("dy/dx", _derivative(setting, name, x, changes))]


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _minus(a: Estimate, b: Estimate) -> Estimate:
    return a[0] - b[0], a[1] - b[1]


def _derivative(setting: _Setting, name: str, x: Any, changes: Mapping[str, Any]) -> Estimate:
    """The average derivative along a number; from inside, where the design does not reach beyond its data."""
    own = np.asarray(setting.scenarios.columns[name], dtype=float)
    spread = float(np.std(own)) or max(1.0, float(np.max(np.abs(own), initial=0.0)))
    size = np.full(len(x), spread)
    if np.min(own) > 0.0 or np.max(own) < 0.0:
        size = np.minimum(size, np.abs(x))  # near 0 a logarithm or a root bends fast
    h = STEP * size
    middle = 0.5 * (np.min(own) + np.max(own))
    inward = np.where(x <= middle, h, -h)
    try:
        return _stencil(setting, name, x, h, CENTRAL, changes)
    except LikelyError:
        try:
            return _stencil(setting, name, x, inward, INWARD, changes)
        except LikelyError as error:
            raise DataError(f"the derivative along {name} cannot be computed: {error}") from error


def _stencil(
    setting: _Setting, name: str, x: Any, h: Any, stencil: Sequence[tuple[int, float]], changes: Mapping[str, Any]
) -> Estimate:
    parts = [setting.average({**changes, name: x + place * h}, weight / h) for place, weight in stencil]
    return _sum([value for value, _ in parts]), _sum([jacobian for _, jacobian in parts])


def _sum(parts: Sequence[Any]) -> Any:
    """The sum, 0 where it is the rounding error of its parts: a parameter that the predictor does not touch."""
    total = sum(parts)
    return np.where(np.abs(total) <= ROUNDING * sum(np.abs(part) for part in parts), 0.0, total)


# -- adjusted predictions and their contrasts -----------------------------------------------------------------


def margins(
    fit: Fit,
    variables: Any = None,
    *,
    what: str = "mean",
    at: Any = "average",
    by: Any = None,
    y: Any = None,
    level: float = 0.95,
    adjust: str = "none",
) -> Quantities:
    """Average predictions at levels of predictors; see `likely.result.Fit.margins`."""
    setting = _setting(fit, what, at, by, y)
    labels: list[dict[str, str]] = []
    values, jacobians = [], []
    for changes, shown in _cells(setting, variables):
        value, jacobian = setting.average(changes)
        labels += [{**shown, **label} for label in setting.labels]
        values += list(value)
        jacobians += list(jacobian)
    title = f"Average predictions: {setting.target.name}"
    return quantities(setting.fit, labels, values, jacobians, level=level, title=title, adjust=adjust)


def _cells(setting: _Setting, variables: Any) -> list[tuple[dict[str, Any], dict[str, str]]]:
    """All combinations of the levels of some predictors with the values that are set."""
    names = [variables] if isinstance(variables, str) else list(variables or [])
    for name in names:
        setting.scenarios.check(name)
        if name not in setting.scenarios.levels:
            raise OptionError(f"{name} is a number: say at which values, at={{{name!r}: [...]}}")
    out = []
    for changes, shown in setting.cells:
        for levels in product(*(setting.scenarios.levels[name] for name in names)):
            more = dict(zip(names, levels, strict=True))
            out.append(({**changes, **more}, {**{k: str(v) for k, v in more.items()}, **shown}))
    return out


def contrasts(
    fit: Fit,
    variable: str,
    *,
    pairs: str = "pairwise",
    compare: str = "difference",
    what: str = "mean",
    at: Any = "average",
    by: Any = None,
    y: Any = None,
    level: float = 0.95,
    adjust: str = "max-t",
) -> Quantities:
    """Contrasts between the levels of a predictor; see `likely.result.Fit.contrasts`."""
    if pairs not in PAIRS:
        raise unknown("choice", pairs, PAIRS, " for pairs=")
    if compare not in COMPARISONS:
        raise unknown("comparison", compare, COMPARISONS)
    settings = {k: v for k, v in at.items() if k != variable} if isinstance(at, Mapping) else at
    setting = _setting(fit, what, settings, by, y)
    scenarios = setting.scenarios
    scenarios.check(variable)
    if isinstance(at, Mapping) and variable in at:
        levels = [scenarios.level(variable, v) for v in at[variable]]
    elif variable in scenarios.levels:
        levels = list(scenarios.levels[variable])
    else:
        raise OptionError(f"{variable} is a number: say which values to compare, at={{{variable!r}: [...]}}")
    if len(levels) < 2:
        raise OptionError(f"{variable} has one level: there is nothing to compare")
    shown = [_shown(v) for v in levels]
    labels: list[dict[str, str]] = []
    values, jacobians, families = [], [], []
    for changes, words in setting.cells:
        found = [_transformed(setting.average({**changes, variable: v}), compare) for v in levels]
        for i, label in enumerate(setting.labels):
            start = len(labels)
            for name, weights in _weights(pairs, shown, compare != "difference"):
                labels.append({"contrast": name, **words, **label})
                values.append(sum(w * one[0][i] for w, one in zip(weights, found, strict=True)))
                jacobians.append(sum(w * one[1][i] for w, one in zip(weights, found, strict=True)))
            families.append(np.arange(start, len(labels)))
    log = compare != "difference"
    title = f"Contrasts of {variable}: {compare} of the {setting.target.name}"
    return quantities(
        setting.fit,
        labels,
        values,
        jacobians,
        level=level,
        title=title,
        null=1.0 if log else 0.0,
        log=log,
        adjust=adjust,
        families=families,
    )


def _transformed(found: Estimate, compare: str) -> Estimate:
    """Predictions on the scale on which their differences are taken."""
    value, jacobian = found
    if compare == "difference":
        return found
    if compare == "ratio":
        if np.any(value <= 0.0):
            raise OptionError("a ratio needs positive predictions; take compare='difference'")
        return np.log(value), jacobian / value[:, None]
    if np.any((value <= 0.0) | (value >= 1.0)):
        raise OptionError("an odds ratio needs probabilities between 0 and 1; take compare='difference'")
    return np.log(value) - np.log1p(-value), jacobian / (value * (1.0 - value))[:, None]


def _weights(pairs: str, shown: list[str], ratio: bool) -> list[tuple[str, Any]]:
    """Names and weights of the contrasts."""
    k, sign, eye = len(shown), " / " if ratio else " - ", np.eye(len(shown))
    if pairs == "average":
        return [(f"{shown[i]}{sign}average", eye[i] - 1.0 / k) for i in range(k)]
    chosen = {
        "pairwise": [(j, i) for i, j in combinations(range(k), 2)],
        "reference": [(j, 0) for j in range(1, k)],
        "sequential": [(j + 1, j) for j in range(k - 1)],
    }[pairs]
    return [(f"{shown[a]}{sign}{shown[b]}", eye[a] - eye[b]) for a, b in chosen]
