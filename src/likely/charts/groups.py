"""The chart of one estimate in many groups: their values in order, with their intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from likely.charts import theme
from likely.errors import OptionError, is_one_of, unknown
from likely.models.checks import check_level

if TYPE_CHECKING:
    from likely.inference.group_estimates import GroupEstimates

LABELLED = 60  # groups that are drawn with their names
DRAWN = 200  # of more, as many are drawn, evenly spaced in their order
BINS = 40


def groups(found: GroupEstimates, name: str | None = None, level: float = 0.95) -> Any:
    """The groups' values of an estimate with their intervals; of many groups beside the distribution of all.

    Parameters
    ----------
    found : GroupEstimates
    name : str, optional
        Of the estimate; the first predictor's coefficient by default.
    level : float
        Of the intervals.
    """
    level = check_level(level)
    name = _default(found) if name is None else name
    if not is_one_of(name, found.names):
        raise unknown("estimate", name, found.names)
    value = found.estimated[name].value
    order = np.flatnonzero(np.isfinite(value))
    if not len(order):
        raise OptionError(f"no group has an estimate of {name}")
    order = order[np.argsort(value[order], kind="stable")]
    lower, upper = found.interval(name, level)
    by = ", ".join(found.grouping.names)
    lost = found.grouping.count - len(order)
    note = f"{100 * level:g} % intervals" + (f"; {lost:,} groups have none" if lost else "")
    if len(order) <= LABELLED:
        return theme.finished(_labelled(found, name, order, lower, upper), f"{name} by {by}", note)
    return theme.finished(_many(found, name, order, lower, upper), f"{name} by {by}", note)


def _default(found: GroupEstimates) -> str:
    coefficients = [name for name, own in found.estimated.items() if not own.constant]
    slopes = [name for name in coefficients if not name.endswith(".Intercept")]
    return next(iter([*slopes, *coefficients, *found.names]), "")


def _labelled(found: GroupEstimates, name: str, order: Any, lower: Any, upper: Any) -> Any:
    """A row for each group, the largest value at the top."""
    alt, order = theme.altair(), order[::-1]
    labels = [found.grouping.labels[i] for i in order.tolist()]
    labels = [", ".join(map(str, one)) if isinstance(one, tuple) else str(one) for one in labels]
    columns = theme.data(name=labels, x=found.estimated[name].value[order], lower=lower[order], upper=upper[order])
    base = alt.Chart(columns).encode(
        y=alt.Y("name:N", sort=labels, title=None, axis=alt.Axis(labelLimit=260)),
        tooltip=theme.tips(name_N="group", x_Q=name, lower_Q="from", upper_Q="to"),
    )
    bars = base.mark_rule(color=theme.INK, strokeWidth=2).encode(x=theme.x("lower:Q", name), x2="upper:Q")
    dots = base.mark_point(filled=True, color=theme.INK, size=50).encode(x="x:Q")
    return theme.sized(alt.layer(bars, dots, *_zero(found, name, horizontal=False)), height=max(60, 16 * len(labels)))


def _many(found: GroupEstimates, name: str, order: Any, lower: Any, upper: Any) -> Any:
    """Some of the groups in their order, and how the values of all are distributed, on the same axis."""
    alt, value = theme.altair(), found.estimated[name].value
    shown = order[np.unique(np.linspace(0, len(order) - 1, min(DRAWN, len(order))).round().astype(int))]
    rank = np.searchsorted(value[order], value[shown], side="left") + 1
    columns = theme.data(
        rank=rank,
        group=[str(found.grouping.labels[i]) for i in shown.tolist()],
        x=value[shown],
        lower=lower[shown],
        upper=upper[shown],
    )
    low, high = _window(value[order], lower[shown], upper[shown])
    scale = alt.Scale(domain=[low, high], nice=False, clamp=True)
    base = alt.Chart(columns).encode(
        x=theme.x(
            "rank:Q", f"{len(order):,} groups in order" + (f", {len(shown):,} drawn" if len(shown) < len(order) else "")
        ),
        tooltip=theme.tips(group_N="group", x_Q=name, lower_Q="from", upper_Q="to"),
    )
    bars = base.mark_rule(color=theme.BAND, strokeWidth=1.5).encode(
        y=alt.Y("lower:Q", title=name, scale=scale), y2="upper:Q"
    )
    dots = base.mark_point(filled=True, color=theme.INK, size=12, opacity=1.0).encode(y=alt.Y("x:Q", scale=scale))
    left = theme.sized(alt.layer(bars, dots, *_zero(found, name, horizontal=True)))
    edges = np.linspace(low, high, BINS + 1)
    counts = np.histogram(np.clip(value[order], low, high), edges)[0]
    bins = theme.data(low=edges[:-1], high=edges[1:], n=counts, none=0)
    right = (
        alt.Chart(bins)
        .mark_rect(color=theme.BAND, stroke="white", strokeWidth=0.5)
        .encode(
            y=alt.Y("low:Q", title=None, scale=scale, axis=alt.Axis(labels=False, ticks=False)),
            y2="high:Q",
            x=theme.x("none:Q", "groups", zero=True),
            x2="n:Q",
            tooltip=theme.tips(low_Q="from", high_Q="to", n_Q="groups"),
        )
    )
    return alt.hconcat(left, theme.sized(right, width=120), spacing=8)


def _window(value: Any, lower: Any, upper: Any) -> tuple[float, float]:
    """The axis: all but the most extreme values, and the intervals of those."""
    ends = np.concatenate([lower[np.isfinite(lower)], upper[np.isfinite(upper)], value])
    low, high = np.quantile(ends, [0.005, 0.995])
    margin = 0.05 * (high - low) or 1.0
    return float(low - margin), float(high + margin)


def _zero(found: GroupEstimates, name: str, horizontal: bool) -> list[Any]:
    """A line where a coefficient says that a predictor does nothing."""
    own = found.estimated[name]
    return [] if own.constant or name.endswith(".Intercept") else [theme.line(0.0, horizontal=horizontal)]
