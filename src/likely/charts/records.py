"""Charts of what is no fit: calibrations, comparisons, the shapes of losses, the course of a training."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from likely.charts import theme
from likely.charts.distribution import histogram
from likely.errors import LikelyError, OptionError
from likely.models.checks import items_of

if TYPE_CHECKING:
    from likely.charts.saving import AnyChart
    from likely.checking.calibration import Calibration
    from likely.checking.comparison import Comparison
    from likely.losses import Loss
    from likely.losses.torch import Training

ERROR = 4.0
GRID = 161
NAMED = "name the losses: charts.losses([lk.loss(lk.Normal()), lk.loss(lk.Laplace())])"


def calibration(found: Any) -> AnyChart:
    """A calibration: observed frequencies against stated chances, or the histogram of transforms."""
    if not hasattr(found, "pit") and not hasattr(getattr(found, "top", found), "isotonic"):
        raise OptionError(f"this is the chart of a calibration, lk.calibration(...), found {found!r}")
    if hasattr(found, "pit"):
        if found.pit is None:
            raise OptionError("where only quantiles are known there is no histogram; print the calibration")
        return histogram(found.pit)
    return _reliability(getattr(found, "top", found), multiclass=hasattr(found, "top"))


def _reliability(found: Calibration, *, multiclass: bool) -> AnyChart:
    alt = theme.altair()
    c, iso = found.curve, found.isotonic
    stated = "chance of the most likely label" if multiclass else "stated probability"
    seen = "how often it was right" if multiclass else "observed share"
    chosen = np.unique(np.linspace(0, len(iso.x) - 1, min(len(iso.x), 300)).astype(int))
    smooth = theme.data(x=iso.x[chosen], y=iso.y[chosen], lower=iso.lower[chosen], upper=iso.upper[chosen])
    band = (
        alt.Chart(smooth)
        .mark_area(color=theme.BAND, opacity=0.7)
        .encode(x=theme.x("x:Q", stated, domain=(0, 1)), y=theme.y("lower:Q", seen, domain=(0, 1)), y2="upper:Q")
    )
    steps = alt.Chart(smooth).mark_line(color=theme.STRONG, interpolate="step-after").encode(x="x:Q", y="y:Q")
    ends = theme.data(x=[0.0, 1.0], y=[0.0, 1.0])
    diagonal = alt.Chart(ends).mark_line(color=theme.SOFT, strokeDash=[5, 4]).encode(x="x:Q", y="y:Q")
    bins = alt.Chart(theme.data(x=c.p, y=c.observed, lower=c.lower, upper=c.upper, n=c.count))
    tip = theme.tips(x_Q=stated, y_Q=seen, n_Q="rows")
    rules = bins.mark_rule(color=theme.INK).encode(x="x:Q", y="lower:Q", y2="upper:Q")
    dots = bins.mark_point(filled=True, color=theme.INK, size=50).encode(x="x:Q", y="y:Q", tooltip=tip)
    subtitle = ["points: bins; steps: isotonic; shaded: where the steps lie if the chances are right"]
    subtitle += [found.judged.rows] if found.judged.rows else []
    chart = theme.sized(alt.layer(band, diagonal, steps, rules, dots), height=theme.WIDTH * 3 // 4)
    return theme.finished(chart, "Calibration", subtitle)


def comparison(found: Comparison[Any]) -> AnyChart:
    """Candidates by how much larger their AIC is than the best."""
    if not hasattr(found, "rows"):
        raise OptionError(f"this is the chart of a comparison, lk.compare([...]), found {found!r}")
    alt = theme.altair()
    rows = [row for row in found.rows if row.delta is not None]
    columns = theme.data(
        name=[row.name for row in rows],
        x=[row.delta for row in rows],
        aic=[row.aic for row in rows],
        weight=[row.weight for row in rows],
    )
    base = alt.Chart(columns).encode(
        y=alt.Y("name:N", sort=[row.name for row in rows], title=None, axis=alt.Axis(labelLimit=260)),
        tooltip=theme.tips(name_N="candidate", aic_Q="AIC", x_Q="more than the best", weight_Q="Akaike weight"),
    )
    bars = base.mark_bar(color=theme.BAND, stroke=theme.INK, strokeWidth=0.6, height=14).encode(
        x=theme.x("x:Q", "AIC, more than the best", zero=True)
    )
    dots = base.mark_point(filled=True, color=theme.INK, size=40).encode(x="x:Q")
    chart = theme.sized(bars + dots, height=max(60, 26 * len(rows)))
    return theme.finished(chart, f"Candidates for {found.response}", "less is better; 10 is a great deal")


def training(found: Training) -> AnyChart:
    """The loss of each epoch, of the rows that were learned from and of those that were held out."""
    if not hasattr(found, "history"):
        raise OptionError(f"this is the chart of a training, likely.losses.torch.train(...), found {found!r}")
    alt = theme.altair()
    epochs, learned, held = (np.array([row[k] for row in found.history], dtype=float) for k in (0, 1, 2))
    if not len(epochs):
        raise OptionError("the training has no epoch yet, so there is nothing to draw")
    shown = np.isfinite(held)
    columns = theme.data(
        x=np.concatenate([epochs, epochs[shown]]),
        y=np.concatenate([learned, held[shown]]),
        line=np.repeat(["learned from", "held out"], [len(epochs), int(shown.sum())]),
    )
    lines = (
        alt.Chart(columns)
        .mark_line(point=len(epochs) == 1)
        .encode(
            x=theme.x("x:Q", "epoch"),
            y=theme.y("y:Q", "negative log-likelihood of a row" if found.likelihood else "loss of a row"),
            color=alt.Color("line:N", title="rows", scale=alt.Scale(scheme="dark2")),
            strokeDash=alt.StrokeDash("line:N", title="rows"),
            tooltip=theme.tips(line_N="rows", x_Q="epoch", y_Q="loss"),
        )
    )
    layers, subtitle = [lines], ""
    if shown.any():
        layers.append(theme.line([float(found.best_epoch)], horizontal=False))
        subtitle = "grey: the epoch whose weights were kept. Where the held-out rows turn up, the network learns noise"
    return theme.finished(theme.sized(alt.layer(*layers)), "How the training went", subtitle)


def losses(chosen: Iterable[Loss]) -> AnyChart:
    """What each loss charges for an error, and so what each noise believes about errors.

    Parameters
    ----------
    chosen : list of Loss
        Of families whose first parameter is a location.
    """
    alt = theme.altair()
    error = np.linspace(-ERROR, ERROR, GRID)
    xs, ys, names = [], [], []
    chosen = items_of(chosen, NAMED)
    if not all(hasattr(loss, "of_errors") for loss in chosen):
        raise OptionError(f"{NAMED}; found {chosen!r}")
    titles = [loss.family.title for loss in chosen]
    for loss in chosen:
        title = loss.family.title
        shown = title if titles.count(title) == 1 else repr(loss.family)  # one family, several known values
        try:
            value = loss.of_errors(error)
        except LikelyError as why:
            raise OptionError(f"{loss.name} is no loss of an error alone, so it has no shape to draw: {why}") from None
        xs.append(error)
        ys.append(value - np.nanmin(value))
        names.append(np.repeat(f"{loss.name} ({shown})", GRID))
    if not xs:
        raise OptionError(NAMED)
    columns = theme.data(x=np.concatenate(xs), y=np.concatenate(ys), line=np.concatenate(names))
    order, legend = [str(name[0]) for name in names], alt.Legend(labelLimit=300, columns=2)
    lines = (
        alt.Chart(columns)
        .mark_line()
        .encode(
            x=theme.x("x:Q", "error: observed less predicted"),
            y=theme.y("y:Q", "loss", zero=True),
            color=alt.Color("line:N", title=None, scale=alt.Scale(domain=order, scheme="dark2"), legend=legend),
            strokeDash=alt.StrokeDash("line:N", title=None, scale=alt.Scale(domain=order), legend=legend),
            tooltip=theme.tips(line_N="loss", x_Q="error", y_Q="loss"),
        )
    )
    return theme.finished(
        theme.sized(lines), "What an error costs", "a flat end believes in outliers; a steep one does not"
    )
