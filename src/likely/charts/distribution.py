"""Charts of the fitted distribution beside the data: density, quantiles, transforms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from likely.charts import theme
from likely.errors import OptionError
from likely.likelihoods.fitted_rows import rows_of
from likely.namespace import NumpyNamespace
from likely.namespace.arrays import Floats
from likely.prediction.bands import pit_histogram
from likely.prediction.bands import qq as quantile_lines

if TYPE_CHECKING:
    from likely.charts.saving import AnyChart
    from likely.estimates import Estimates

GRID = 201
AVERAGED = 2_000  # rows whose fitted densities are averaged
WIDE = 60  # counts that span more are drawn in bins
TAIL = 0.002  # of the data on each side beyond which no bars are drawn one by one


def density(fit: Estimates) -> AnyChart:
    """The data as bars, and the fitted density (averaged over the rows, if there are predictors) as a line."""
    alt = theme.altair()
    rows = rows_of(fit, observed=True)
    y, name = np.asarray(rows.fit.likelihood.bound.y, dtype=float), rows.model.response
    w = rows.fit.likelihood.bound.weights
    w = np.ones(len(y)) if w is None else np.asarray(w, dtype=float)
    share = w / w.sum()
    if rows.family.kind.labels or (rows.family.kind.discrete and np.ptp(y) <= WIDE):
        at = np.arange(y.min(), y.max() + 1.0) if not rows.family.kind.labels else np.arange(len(rows.model.levels))
        observed = np.array([share[y == v].sum() for v in at])
        fitted = np.array([np.average(np.exp(rows.log_density(np.full(rows.n, v))), weights=w) for v in at])
        labels = [str(v) for v in rows.model.levels] if rows.family.kind.labels else [f"{v:.0f}" for v in at]
        columns = theme.data(x=labels, y=observed, fitted=fitted)
        base = alt.Chart(columns).encode(
            x=alt.X("x:N", title=name, sort=labels, axis=alt.Axis(labelAngle=0, labelOverlap=True)),
            tooltip=theme.tips(x_N=name, y_Q="observed", fitted_Q="fitted"),
        )
        bars = base.mark_bar(color=theme.BAND).encode(y=theme.y("y:Q", "share of rows", zero=True))
        marks = base.mark_point(filled=True, color=theme.STRONG, size=60, shape="diamond").encode(y="fitted:Q")
        return theme.finished(theme.sized(bars + marks), f"{name}: observed and fitted", "bars: data; diamonds: fitted")
    low, high = np.quantile(y, [TAIL, 1.0 - TAIL]) if len(y) > 100 else (y.min(), y.max())
    room = 0.05 * (high - low) or 1.0
    inside = (y >= low - room) & (y <= high + room)
    edges = _edges(y[inside], int(np.clip(np.sqrt(len(y)), 8, 60)), rows.family.kind.discrete)
    heights = np.histogram(y[inside], edges, weights=share[inside])[0] / np.diff(edges)
    grid = np.linspace(low - room, high + room, GRID)
    if rows.family.kind.discrete:  # between whole numbers there is no density
        grid = np.unique(np.round(grid))
        grid = grid[(grid >= rows.family.support.lower) & (grid <= rows.family.support.upper)]
    else:
        grid = grid[(grid > rows.family.support.lower) & (grid < rows.family.support.upper)]
    fitted = _average(rows, grid, w)
    bars = (
        alt.Chart(theme.data(x=edges[:-1], x2=edges[1:], y=heights, zero=0.0))
        .mark_rect(color=theme.BAND, stroke="white", strokeWidth=0.5)
        .encode(
            x=theme.x("x:Q", name),
            x2="x2:Q",
            y=theme.y("y:Q", "density", zero=True),
            y2="zero:Q",
            tooltip=theme.tips(y_Q="density"),
        )
    )
    lines = alt.Chart(theme.data(x=grid, y=fitted)).mark_line(color=theme.STRONG).encode(x="x:Q", y="y:Q")
    outside = int(np.count_nonzero(~inside))
    subtitle = "bars: data; line: fitted" + (
        f" ({outside:,} row{'s lie' if outside > 1 else ' lies'} beyond the chart)" if outside else ""
    )
    return theme.finished(theme.sized(bars + lines), f"{name}: observed and fitted", subtitle)


def _edges(y: Any, bins: int, discrete: bool) -> Floats:
    """Edges of bars; those of counts hold the same number of whole numbers each."""
    low, high = float(y.min()), float(y.max())
    if not discrete:
        return np.linspace(low, np.nextafter(high, np.inf), bins + 1)
    width = np.ceil((high - low + 1.0) / bins)
    return np.arange(low - 0.5, high + 0.5 + width, width)


def _average(rows: Any, grid: Any, weights: Any) -> Floats:
    """The fitted density at some places, averaged over rows that are spread along the first linear predictor."""
    order = np.argsort(rows.full(rows.etas[0]), kind="stable") if rows.etas else np.arange(rows.n)
    some = order[np.unique(np.linspace(0, rows.n - 1, min(rows.n, AVERAGED)).astype(int))]
    values = {name: v[some] if np.ndim(v) else v for name, v in rows.values.items()}
    xp, out = NumpyNamespace(), np.empty(len(grid))
    for i, v in enumerate(grid):
        with np.errstate(all="ignore"):
            logs = np.where(rows.family.inside(v, values), rows.family._log_density(xp, v, **values), -np.inf)
        out[i] = np.average(np.broadcast_to(np.exp(logs), some.shape), weights=weights[some])
    return out


def qq(fit: Estimates) -> AnyChart:
    """Quantile residuals against normal quantiles, with a band that holds for all of them together."""
    found = quantile_lines(fit)
    subtitle = (
        f"shaded: where all points lie together in {100 * found.level:g} % of data sets; {found.outside:,} are outside"
    )
    return _quantiles(found.theoretical, found.observed, found.lower, found.upper, "quantile residual", subtitle, True)


def worm(fit: Estimates) -> AnyChart:
    """The same less the diagonal: a worm plot."""
    found = quantile_lines(fit)
    observed, lower, upper = found.detrended
    subtitle = f"shaded: where all points lie together in {100 * found.level:g} % of data sets"
    title = "residual less normal quantile"
    return _quantiles(found.theoretical, observed, lower, upper, title, subtitle, False)


def _quantiles(at: Any, value: Any, lower: Any, upper: Any, title: str, subtitle: str, diagonal: bool) -> AnyChart:
    alt = theme.altair()
    base = alt.Chart(theme.data(x=at, y=value, lower=lower, upper=upper))
    band = base.mark_area(color=theme.BAND, opacity=0.7).encode(
        x=theme.x("x:Q", "normal quantile"), y=theme.y("lower:Q", title), y2="upper:Q"
    )
    dots = base.mark_point(filled=True, size=18, color=theme.INK, opacity=0.8).encode(
        x="x:Q", y="y:Q", tooltip=theme.tips(x_Q="normal quantile", y_Q=title)
    )
    middle = theme.line(0.0)
    if diagonal:
        ends = np.array([np.min(at), np.max(at)])
        middle = (
            alt.Chart(theme.data(x=ends, y=ends))
            .mark_line(color=theme.SOFT, strokeDash=[5, 4])
            .encode(x="x:Q", y="y:Q")
        )
    name = "Quantile residuals against the normal distribution" if diagonal else "Worm plot"
    return theme.finished(theme.sized(alt.layer(band, middle, dots)), name, subtitle)


def pit(fit: Estimates) -> AnyChart:
    """The histogram of the probability integral transforms: flat, if the fitted distributions are right."""
    if fit.likelihood.model.family.kind.labels:
        raise OptionError("labels have no probability integral transform: see calibration")
    return histogram(pit_histogram(fit))


def histogram(found: Any) -> AnyChart:
    """A `PITHistogram` as a chart."""
    alt = theme.altair()
    bars = (
        alt.Chart(theme.data(x=found.edges[:-1], x2=found.edges[1:], y=found.heights, zero=0.0))
        .mark_rect(color=theme.BAND, stroke=theme.INK, strokeWidth=0.7)
        .encode(
            x=theme.x("x:Q", "probability integral transform", domain=(0, 1)),
            x2="x2:Q",
            y=theme.y("y:Q", "density", zero=True),
            y2="zero:Q",
            tooltip=theme.tips(x_Q="from", x2_Q="to", y_Q="density"),
        )
    )
    chart = alt.layer(bars, theme.line([found.lower, found.upper]), theme.line(1.0, dash=(1, 0)))
    subtitle = f"dashed: where each bar lies in {100 * found.level:g} % of data sets"
    return theme.finished(theme.sized(chart), "Where the observations fall in their fitted distributions", subtitle)
