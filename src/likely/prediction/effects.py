"""Marginal effects, contrasts and average predictions: what a predictor does, other things as they are.

A derivative along a number is a four-point difference of exact predictions and of their exact derivatives in the
coefficients; everything else is a difference or ratio of averages. Standard errors are the delta method's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations, product
from typing import TYPE_CHECKING, Any

import numpy as np

from likely.errors import DataError, LikelyError, OptionError, is_one_of, unknown
from likely.errors.kinds import is_number
from likely.inference.quantities import Quantities, quantities
from likely.models.checks import items_of
from likely.namespace.arrays import Floats
from likely.prediction.averages import Estimate, Setting, shown
from likely.prediction.averages import setting as setting_of
from likely.prediction.scenarios import Scenarios

if TYPE_CHECKING:
    from likely.estimates import Estimates

STEP = 1e-3  # of a derivative's stencil, in standard deviations (or in the value itself, if that is smaller)
CENTRAL = ((-2, 1 / 12), (-1, -8 / 12), (1, 8 / 12), (2, -1 / 12))
INWARD = ((0, -25 / 12), (1, 4.0), (2, -3.0), (3, 4 / 3), (4, -1 / 4))
ROUNDING = 64 * np.finfo(float).eps
PAIRS = ("pairwise", "reference", "sequential", "average")
COMPARISONS = ("difference", "ratio", "odds ratio")

# -- effects ---------------------------------------------------------------------------------------------------


def effects(
    fit: Estimates,
    variables: Any = None,
    *,
    what: str | None = None,
    at: Any = "average",
    by: Any = None,
    step: float | None = None,
    y: Any = None,
    weights: str | None = None,
    level: float = 0.95,
) -> Quantities:
    """Marginal effects of predictors; see `likely.Fit.effects`."""
    setting = setting_of(fit, what, at, by, y, weights)
    scenarios = setting.scenarios
    if not scenarios.variables:
        raise OptionError("the model has no predictors, so there are no effects")
    if step is not None and not (is_number(step) and step > 0 and np.isfinite(step)):
        raise OptionError(f"step is a positive number, the change of the predictor; found {step!r}")
    labels: list[dict[str, str]] = []
    values, jacobians = [], []
    for name, ends in _wanted(scenarios, variables).items():
        for changes, words_of in setting.cells:
            if name in changes and (ends is not None or name in scenarios.levels):
                raise OptionError(f"{name} is held at {words_of[name]}, so it has no effect there: leave it out of at=")
            # at the mean, every group has means of its own
            alone = [replace(setting, groups=(group,)) for group in setting.groups]
            for part in alone if scenarios.collapse else [setting]:
                for words, (value, jacobian) in _one_effect(part, name, ends, changes, step):
                    labels += [{"variable": name, "effect": words, **words_of, **label} for label in part.labels]
                    values += list(value)
                    jacobians += list(jacobian)
    title = f"{_HOW.get(at if isinstance(at, str) else 'average', '')} effects on the {setting.target.name}"
    return quantities(setting.fit, labels, values, jacobians, level=level, title=title, notes=setting.notes)


VARIABLES = "name a predictor, or several in a list"
_HOW = {"average": "Average marginal", "mean": "Marginal (at the mean)", "balanced": "Marginal (balanced)"}


def _wanted(scenarios: Scenarios, variables: Any) -> dict[str, tuple[Any, Any] | None]:
    """The predictors, each with the two values to compare, if they were given."""
    if isinstance(variables, Mapping) and variables:
        out: dict[str, tuple[Any, Any] | None] = {}
        for name, ends in variables.items():
            if not isinstance(ends, Sequence | np.ndarray) or isinstance(ends, str) or len(ends) != 2:
                raise OptionError(f"{name}: give the two values to compare, such as (0, 1); found {ends!r}")
            scenarios.check(name)
            out[name] = (scenarios.level(name, ends[0]), scenarios.level(name, ends[1]))
        return out
    names = scenarios.variables if variables is None else items_of(variables, VARIABLES)
    return {scenarios.check(name): None for name in names}


def _one_effect(
    setting: Setting, name: str, ends: tuple[Any, Any] | None, changes: Mapping[str, Any], step: float | None
) -> list[tuple[str, Estimate]]:
    """The effects of one predictor: a derivative, a difference, or the differences to the first level."""
    scenarios = setting.scenarios
    if ends is None and name in scenarios.levels:
        first, *others = scenarios.levels[name]
        base = setting.average({**changes, name: first})
        return [(f"{other} - {first}", _minus(setting.average({**changes, name: other}), base)) for other in others]
    if ends is not None:
        low, high = (setting.average({**changes, name: end}) for end in ends)
        return [(f"{shown(ends[1])} - {shown(ends[0])}", _minus(high, low))]
    x = np.asarray(scenarios.columns[name], dtype=float)
    if name in changes:
        x = np.full(len(x), float(changes[name]))
    elif scenarios.collapse:
        x = np.full(len(x), np.average(x, weights=scenarios.weights * setting.groups[0][1]))
    if step is not None:
        low, high = (setting.average({**changes, name: v}) for v in (x, x + step))
        return [(f"+{step:g}", _minus(high, low))]
    return [("dy/dx", _derivative(setting, name, x, changes))]


def _minus(a: Estimate, b: Estimate) -> Estimate:
    return a[0] - b[0], a[1] - b[1]


def _derivative(setting: Setting, name: str, x: Any, changes: Mapping[str, Any]) -> Estimate:
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
    setting: Setting, name: str, x: Any, h: Any, stencil: Sequence[tuple[int, float]], changes: Mapping[str, Any]
) -> Estimate:
    parts = [setting.average({**changes, name: x + place * h}, weight / h) for place, weight in stencil]
    return _sum([value for value, _ in parts]), _sum([jacobian for _, jacobian in parts])


def _sum(parts: Sequence[Any]) -> Floats:
    """The sum, 0 where it is the rounding error of its parts: a parameter that the predictor does not touch."""
    with np.errstate(invalid="ignore"):  # of a mean that is infinite
        total = sum(parts)
    return np.where(np.abs(total) <= ROUNDING * sum(np.abs(part) for part in parts), 0.0, total)


# -- adjusted predictions and their contrasts -----------------------------------------------------------------


def margins(
    fit: Estimates,
    variables: Any = None,
    *,
    what: str | None = None,
    at: Any = "average",
    by: Any = None,
    y: Any = None,
    weights: str | None = None,
    level: float = 0.95,
    adjust: str = "none",
) -> Quantities:
    """Average predictions at levels of predictors; see `likely.Fit.margins`."""
    setting = setting_of(fit, what, at, by, y, weights)
    labels: list[dict[str, str]] = []
    values, jacobians = [], []
    for changes, words in _cells(setting, variables):
        value, jacobian = setting.average(changes)
        labels += [{**words, **label} for label in setting.labels]
        values += list(value)
        jacobians += list(jacobian)
    title = f"Average predictions: {setting.target.name}"
    return quantities(
        setting.fit, labels, values, jacobians, level=level, title=title, adjust=adjust, notes=setting.notes
    )


def _cells(setting: Setting, variables: Any) -> list[tuple[dict[str, Any], dict[str, str]]]:
    """All combinations of the levels of some predictors with the values that are set, of which some are theirs."""
    names = [] if variables is None else items_of(variables, VARIABLES, empty=True)
    held = set(setting.at[0])
    for name in names:
        setting.scenarios.check(name)
        if name not in setting.scenarios.levels and name not in held:
            raise OptionError(f"{name} is a number: say at which values, at={{{name!r}: [...]}}")
    free = [name for name in names if name not in held]
    out = []
    for levels in product(*(setting.scenarios.levels[name] for name in free)):
        more = dict(zip(free, levels, strict=True))
        for changes, words in setting.cells:
            values = {**{k: str(v) for k, v in more.items()}, **words}
            first = {name: values[name] for name in names}
            out.append(({**changes, **more}, {**first, **values}))
    return out


def contrasts(
    fit: Estimates,
    variable: str,
    *,
    pairs: str = "pairwise",
    compare: str = "difference",
    what: str | None = None,
    at: Any = "average",
    by: Any = None,
    y: Any = None,
    weights: str | None = None,
    level: float = 0.95,
    adjust: str = "max-t",
) -> Quantities:
    """Contrasts between the levels of a predictor; see `likely.Fit.contrasts`."""
    if not is_one_of(pairs, PAIRS):
        raise unknown("choice", pairs, PAIRS, " for pairs=")
    if not is_one_of(compare, COMPARISONS):
        raise unknown("comparison", compare, COMPARISONS)
    if not isinstance(variable, str):
        raise OptionError(f"contrasts are those of one predictor, by its name; found {variable!r}")
    settings = {k: v for k, v in at.items() if k != variable} if isinstance(at, Mapping) else at
    setting = setting_of(fit, what, settings, by, y, weights)
    scenarios = setting.scenarios
    scenarios.check(variable)
    if isinstance(at, Mapping) and variable in at:
        if isinstance(at[variable], str) or not isinstance(at[variable], Iterable):
            raise OptionError(
                f"{variable} needs two values to compare, at={{{variable!r}: [...]}}; found {at[variable]!r}"
            )
        levels = [scenarios.level(variable, v) for v in at[variable]]
    elif variable in scenarios.levels:
        levels = list(scenarios.levels[variable])
    else:
        raise OptionError(f"{variable} is a number: say which values to compare, at={{{variable!r}: [...]}}")
    if len(levels) < 2:
        raise OptionError(f"{variable} has one level: there is nothing to compare")
    texts = [shown(v) for v in levels]
    labels: list[dict[str, str]] = []
    values, jacobians, families = [], [], []
    for changes, words in setting.cells:
        found = [_transformed(setting.average({**changes, variable: v}), compare) for v in levels]
        for i, label in enumerate(setting.labels):
            start = len(labels)
            for name, parts in _weights(pairs, texts, compare != "difference"):
                labels.append({"contrast": name, **words, **label})
                values.append(sum(w * one[0][i] for w, one in zip(parts, found, strict=True)))
                jacobians.append(sum(w * one[1][i] for w, one in zip(parts, found, strict=True)))
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
        notes=setting.notes,
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


def _weights(pairs: str, names: list[str], ratio: bool) -> list[tuple[str, Any]]:
    """Names and weights of the contrasts."""
    k, sign, eye = len(names), " / " if ratio else " - ", np.eye(len(names))
    if pairs == "average":
        return [(f"{names[i]}{sign}average", eye[i] - 1.0 / k) for i in range(k)]
    chosen = {
        "pairwise": [(j, i) for i, j in combinations(range(k), 2)],
        "reference": [(j, 0) for j in range(1, k)],
        "sequential": [(j + 1, j) for j in range(k - 1)],
    }[pairs]
    return [(f"{names[a]}{sign}{names[b]}", eye[a] - eye[b]) for a, b in chosen]
