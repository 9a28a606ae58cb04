"""What all charts share: sizes, colours that differ in lightness, data under neutral names, many rows as counts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from likely.charts.saving import AnyChart

WIDTH, HEIGHT = 420, 280
MOST = 5_000  # rows that are drawn one by one; more are counted in cells
CELLS = (40, 25)  # along the axes: squares, and less than 100 kB
DIGITS = 6  # of what a column spans
INK, SOFT, BAND, STRONG = "#1f4e79", "#8a8f98", "#c9d6e4", "#b3480f"


def altair() -> Any:
    """The library that draws, imported when there is something to draw."""
    import altair as alt

    return alt


def data(**columns: Any) -> Any:
    """Columns as the rows of a chart; numbers that are not finite become gaps."""
    arrays = {name: np.asarray(values) for name, values in columns.items()}
    n = max(len(a) if a.ndim else 1 for a in arrays.values())
    lists = {name: np.broadcast_to(a, (n,)).tolist() for name, a in arrays.items()}
    digits = {name: _digits(a) for name, a in arrays.items()}
    rows = [{name: _plain(values[i], digits[name]) for name, values in lists.items()} for i in range(n)]
    return altair().InlineData(values=rows)


def _digits(column: Any) -> int:
    """How many digits tell a column's values apart: more than six where they are large and close together."""
    if column.dtype.kind != "f":
        return DIGITS
    finite = column[np.isfinite(column)]
    span = float(np.ptp(finite)) if finite.size else 0.0
    if span == 0.0:
        return DIGITS
    return min(17, DIGITS + max(0, math.floor(math.log10(float(np.max(np.abs(finite))) / span))))


def _plain(value: Any, digits: int) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{digits}g}") if math.isfinite(value) else None
    return value


def x(field: str, title: str, **more: Any) -> Any:
    """An axis from left to right; `field` ends in the letter of its type."""
    return altair().X(field, title=title, **_scaled(more))


def y(field: str, title: str, **more: Any) -> Any:
    """An axis from bottom to top."""
    return altair().Y(field, title=title, **_scaled(more))


def _scaled(more: dict[str, Any]) -> dict[str, Any]:
    """Scales need not hold zero unless they say so."""
    domain, zero = more.pop("domain", None), more.pop("zero", False)
    if "scale" not in more and "stack" not in more:
        scale: dict[str, Any] = {"zero": zero}
        if domain is not None:
            scale = {"domain": [float(v) for v in domain], "nice": False}
        more["scale"] = altair().Scale(**scale)
    return more


def tips(**titles: str) -> list[Any]:
    """What a pointer shows: a title for each field (type in the name's last letter, ``n_Q`` for ``n:Q``)."""
    alt = altair()
    out = []
    for field, title in titles.items():
        name, kind = field.rsplit("_", 1)
        out.append(alt.Tooltip(f"{name}:{kind}", title=title, **({"format": ".4~g"} if kind == "Q" else {})))
    return out


def finished(chart: Any, title: str, subtitle: str | list[str] = "") -> AnyChart:
    """A chart with its title, in the house style, that is saved whole or not at all."""
    from likely.charts.saving import saved_whole

    alt = altair()
    head = alt.TitleParams(
        text=title, subtitle=subtitle or alt.Undefined, anchor="start", fontSize=14, subtitleFontSize=12, offset=8
    )
    return saved_whole(
        chart.properties(title=head)
        .configure_view(stroke=None)
        .configure_axis(
            labelFontSize=11,
            titleFontSize=12,
            titleFontWeight="normal",
            gridColor="#eceff3",
            domainColor=SOFT,
            labelSeparation=6,
        )
        .configure_legend(labelFontSize=11, titleFontSize=12, orient="bottom", labelLimit=300)
    )


def sized(chart: Any, width: int = WIDTH, height: int = HEIGHT) -> Any:
    return chart.properties(width=width, height=height)


def line(values: Any, horizontal: bool = True, dash: tuple[int, ...] = (5, 4), color: str = SOFT) -> Any:
    """A straight line across the chart at each of some values."""
    alt = altair()
    base = alt.Chart(data(at=np.atleast_1d(np.asarray(values, dtype=float)))).mark_rule(
        strokeDash=list(dash), color=color
    )
    return base.encode(y="at:Q") if horizontal else base.encode(x="at:Q")


def points(horizontal: Any, vertical: Any, titles: tuple[str, str], labels: Any) -> Any:
    """Rows as points; of many, how many there are in each cell of a grid.

    Parameters
    ----------
    horizontal, vertical : ndarray, shape (n,)
    titles : (str, str)
        Of the two axes.
    labels : ndarray of int, shape (n,)
        The rows as messages count them.
    """
    alt = altair()
    keep = np.isfinite(horizontal) & np.isfinite(vertical)
    horizontal, vertical, labels = horizontal[keep], vertical[keep], np.asarray(labels)[keep]
    if len(horizontal) <= MOST:
        return (
            alt.Chart(data(x=horizontal, y=vertical, row=labels))
            .mark_point(filled=True, size=22, opacity=0.55, color=INK)
            .encode(
                x=x("x:Q", titles[0]),
                y=y("y:Q", titles[1]),
                tooltip=tips(row_Q="row", x_Q=titles[0], y_Q=titles[1]),
            )
        )
    counts, left, low = np.histogram2d(horizontal, vertical, bins=CELLS)
    i, j = np.nonzero(counts)
    cells = data(x=left[i], x2=left[i + 1], y=low[j], y2=low[j + 1], n=counts[i, j])
    return (
        alt.Chart(cells)
        .mark_rect()
        .encode(
            x=x("x:Q", titles[0]),
            x2="x2:Q",
            y=y("y:Q", titles[1]),
            y2="y2:Q",
            color=alt.Color("n:Q", title="rows", scale=alt.Scale(type="log", range=["#dbe5ef", "#0d2c4a"])),
            tooltip=tips(n_Q="rows", x_Q=titles[0], y_Q=titles[1]),
        )
    )


def trend(horizontal: Any, vertical: Any, quantiles: Mapping[str, float]) -> Any:
    """Quantiles of one column along equal shares of the other, as lines told apart by their dashes."""
    alt = altair()
    order = np.argsort(horizontal, kind="stable")
    parts = np.array_split(order, int(np.clip(len(order) // 30, 2, 20)))
    xs, ys, names = [], [], []
    for name, q in quantiles.items():
        for part in parts:
            xs.append(float(np.median(horizontal[part])))
            ys.append(float(np.quantile(vertical[part], q)))
            names.append(name)
    dash = alt.StrokeDash(
        "line:N", title=None, scale=alt.Scale(domain=list(quantiles), range=[[6, 3], [1, 0], [2, 2]][: len(quantiles)])
    )
    return alt.Chart(data(x=xs, y=ys, line=names)).mark_line(color=STRONG).encode(x="x:Q", y="y:Q", strokeDash=dash)
