"""Charts of estimates: coefficients with their intervals, and what a predictor does to a prediction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from likely.charts import theme
from likely.errors import IntervalError, OptionError
from likely.inference.intervals import intervals
from likely.namespace.arrays import Floats
from likely.prediction.effects import margins
from likely.prediction.scenarios import Scenarios

if TYPE_CHECKING:
    from likely.charts.saving import AnyChart
    from likely.estimates import Estimates

MOST = 40
STEPS = 41  # along a number
FEW = 10  # distinct values up to which a number is drawn at each of them
ROWS = 20_000  # beyond them the others are at their means
SAID = {"mean": "mean", "prob": "probability"}
DASHES = [[1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [12, 4], [4, 1]]


def coefficients(fit: Estimates, level: float = 0.95, method: str = "wald", intercepts: bool = False) -> AnyChart:
    """The coefficients of predictors with their intervals.

    Parameters
    ----------
    fit : Estimates
    level, method
        Of the intervals, as in `Fit.interval`.
    intercepts : bool
        Whether to show the intercepts too.
    """
    alt = theme.altair()
    slots = [slot for slot in fit.effective.likelihood.model.slots if not slot.constant]
    names = [n for slot in slots for n in slot.names if intercepts or not n.endswith(".Intercept")] if slots else []
    names = [n for n in names if fit.stderr.get(n)] or [n for n in fit.names if fit.stderr.get(n)]
    if not names:
        raise OptionError("no estimate has a standard error")
    shown = names[:MOST]
    found = intervals(fit, level, method, shown)
    ends = {n: tuple(found[n]) for n in shown}
    shown = [n for n in shown if None not in ends[n]]
    columns = theme.data(
        name=shown, x=[fit.coef[n] for n in shown], lower=[ends[n][0] for n in shown], upper=[ends[n][1] for n in shown]
    )
    if not slots and len(shown) > 1:
        return _separate_axes(fit, shown, ends, level)
    base = alt.Chart(columns).encode(
        y=alt.Y("name:N", sort=shown, title=None, axis=alt.Axis(labelLimit=260)),
        tooltip=theme.tips(name_N="estimate", x_Q="value", lower_Q="from", upper_Q="to"),
    )
    bars = base.mark_rule(color=theme.INK, strokeWidth=2).encode(x=theme.x("lower:Q", "estimate"), x2="upper:Q")
    dots = base.mark_point(filled=True, color=theme.INK, size=60).encode(x="x:Q")
    layers = [bars, dots] + ([theme.line(0.0, horizontal=False)] if slots else [])
    more = f"; the first {MOST} of {len(names)}" if len(names) > MOST else ""
    chart = theme.sized(alt.layer(*layers), height=max(60, 22 * len(shown)))
    return theme.finished(chart, "Estimates", f"{100 * level:g} % intervals{more}")


def _separate_axes(fit: Estimates, names: list[str], ends: Mapping[str, tuple[Any, ...]], level: float) -> AnyChart:
    """Constants, each on an axis of its own: they are in different units."""
    alt, parts = theme.altair(), []
    for name in names[:MOST]:
        columns = theme.data(name=[name], x=[fit.coef[name]], lower=[ends[name][0]], upper=[ends[name][1]])
        tip = theme.tips(name_N="estimate", x_Q="value", lower_Q="from", upper_Q="to")
        base = alt.Chart(columns).encode(y=alt.Y("name:N", title=None, axis=alt.Axis(minExtent=90)), tooltip=tip)
        bar = base.mark_rule(color=theme.INK, strokeWidth=2).encode(x=theme.x("lower:Q", ""), x2="upper:Q")
        dot = base.mark_point(filled=True, color=theme.INK, size=60).encode(x="x:Q")
        parts.append(theme.sized(bar + dot, height=30))
    return theme.finished(alt.vconcat(*parts, spacing=6), "Estimates", f"{100 * level:g} % intervals")


def effect(fit: Estimates, variable: str | None = None, what: str | None = None, level: float = 0.95) -> AnyChart:
    """The average prediction along a predictor, the others as they are in the data, with its intervals.

    Beyond 20,000 rows the other predictors are at their means instead.

    Parameters
    ----------
    fit : Estimates
    variable : str, optional
        A column of the data; the first predictor by default.
    what : str, optional
        As in `Fit.margins`: the mean, or for labels the probability of each.
    level : float
        Of the intervals.
    """
    alt = theme.altair()
    scenarios = Scenarios.of(fit, "average")
    if not scenarios.variables:
        raise OptionError("the model has no predictors, so there are no effects")
    name = scenarios.variables[0] if variable is None else scenarios.check(variable)
    what = what or ("prob" if fit.likelihood.model.family.kind.labels else "mean")
    number = name not in scenarios.levels
    values = _along(np.asarray(scenarios.columns[name], dtype=float)) if number else list(scenarios.levels[name])
    over = "average" if fit.n <= ROWS else "mean"
    found = margins(fit, what=what, at={name: values, "over": over}, level=level)
    if any(none := [error is None for error in found.stderr]):
        which = ", ".join(
            str(v) for v, missing in zip(np.repeat(values, len(none) // len(values)), none, strict=True) if missing
        )
        raise IntervalError(f"there is no standard error at {name} = {which}: {found.notes[-1]}")
    parts = [label.get("of", "") for label in found.labels]
    lines = list(dict.fromkeys(parts))
    title = f"{SAID[what]} of {fit.likelihood.model.response}" if what in SAID else what
    along: Any = np.repeat(values, len(lines)) if number else np.repeat([str(v) for v in values], len(lines))
    columns = theme.data(x=along, y=found.estimate, lower=found.lower, upper=found.upper, line=parts)
    upright = alt.Axis(labelAngle=0, labelOverlap=True)
    axis = (
        theme.x("x:Q", name)
        if number
        else alt.X("x:N", title=name, sort=list(dict.fromkeys(along.tolist())), axis=upright)
    )
    tip = theme.tips(**{("x_Q" if number else "x_N"): name, "y_Q": title, "lower_Q": "from", "upper_Q": "to"})
    dash = alt.StrokeDash("line:N", title=None, scale=alt.Scale(domain=lines, range=_styles(lines)))
    base = alt.Chart(columns).encode(x=axis, tooltip=tip, **({"detail": "line:N"} if len(lines) > 1 else {}))
    ends = {"y": theme.y("lower:Q", title), "y2": "upper:Q"}
    if number:
        line = base.mark_line(color=theme.INK).encode(y="y:Q", **({"strokeDash": dash} if len(lines) > 1 else {}))
        layers = [base.mark_area(color=theme.BAND, opacity=0.6).encode(**ends), line]
    else:
        shape = {"shape": alt.Shape("line:N", title=None)} if len(lines) > 1 else {}
        dot = base.mark_point(filled=True, color=theme.INK, size=60).encode(y="y:Q", **shape)
        layers = [base.mark_rule(color=theme.INK).encode(**ends), dot]
    subtitle = f"{100 * level:g} % intervals; other predictors " + (
        "as in the data" if over == "average" else "at means"
    )
    return theme.finished(theme.sized(alt.layer(*layers)), f"Effect of {name}", subtitle)


def _along(column: Any) -> Floats:
    """Where a number is drawn: each of few values, or steps between its extreme hundredths."""
    distinct = np.unique(column)
    if len(distinct) <= FEW:
        return distinct
    low, high = np.quantile(column, [0.01, 0.99])
    return np.linspace(low, high, STEPS) if high > low else distinct[[0, -1]]


def _styles(lines: list[str]) -> list[list[int]]:
    return [DASHES[i % len(DASHES)] for i in range(len(lines))]
