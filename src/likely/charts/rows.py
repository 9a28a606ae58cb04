"""Charts of single rows: residuals against the fitted, surprise, influence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from likely.charts import theme
from likely.likelihoods.fitted_rows import rows_of
from likely.namespace.arrays import Integers
from likely.prediction.influence import influence as influence_of
from likely.prediction.residuals import residuals as residuals_of
from likely.prediction.surprise import own_log_density

if TYPE_CHECKING:
    from likely.charts.saving import AnyChart
    from likely.estimates import Estimates

NAMED = 5
NAME = (0.13, 0.05)  # of the chart that a row's name takes


def residuals(fit: Estimates, against: str | None = None) -> AnyChart:
    """Quantile residuals against the fitted mean (or a column of the data), with their quartiles along it.

    Parameters
    ----------
    fit : Estimates
    against : str, optional
        A numeric column of the data.
    """
    alt = theme.altair()
    rows = rows_of(fit, observed=True)
    values = np.asarray(residuals_of(rows.fit, "quantile"), dtype=float)
    along, title = _along(fit, rows, against)
    chart = theme.points(along, values, (title, "quantile residual"), _labels(fit))
    layers = [chart, theme.line(0.0)]
    if len(np.unique(along[:1000])) > 10:
        layers.append(theme.trend(along, values, {"upper quartile": 0.75, "median": 0.5, "lower quartile": 0.25}))
    subtitle = "quartiles should run level at 0.67, 0 and -0.67"
    return theme.finished(theme.sized(alt.layer(*layers)), f"Residuals against {title}", subtitle)


def _along(fit: Estimates, rows: Any, against: str | None) -> tuple[Any, str]:
    if against is not None:
        bound = fit.likelihood.bound
        return np.asarray(bound.used.column(against), dtype=float), against
    if rows.model.constant:
        return np.arange(rows.n, dtype=float), "row"
    if rows.family.kind.labels:
        return rows.full(rows.etas[0]), "linear predictor"
    middle = rows.full(rows.center_at(rows.etas))
    if np.all(np.isfinite(middle)):
        name = "expected" if rows.central == "mean" else "predicted"
        return middle, f"{name} {rows.model.response}"
    return rows.full(rows.etas[0]), "linear predictor"


def _labels(fit: Estimates) -> Integers:
    return fit.likelihood.bound.row_numbers()


def surprise(fit: Estimates) -> AnyChart:
    """Every row's surprise in the order of the data; the largest ones with their row."""
    alt = theme.altair()
    rows = rows_of(fit, observed=True)
    if not rows.offers.independent_rows:
        rows.log_density(rows.fit.likelihood.bound.y)  # raises, with the reason
    value, labels = -own_log_density(rows), _labels(fit)
    layers = [theme.points(labels.astype(float), value, ("row", "surprise (nats)"), labels)]
    layers += _named(labels.astype(float), value, labels)
    return theme.finished(
        theme.sized(alt.layer(*layers)), "Surprise by row", "minus the log-density: what each row costs"
    )


def _named(horizontal: Any, vertical: Any, labels: Any) -> list[Any]:
    """A layer with the names of the rows that stand out, if any do."""
    top = _without_overlap(horizontal, vertical, np.argsort(-vertical, kind="stable")[:NAMED])
    if not len(top):
        return []
    names = (
        theme.altair()
        .Chart(theme.data(x=horizontal[top], y=vertical[top], row=[f"row {int(i):,}" for i in labels[top]]))
        .mark_text(align="left", dx=5, dy=-5, fontSize=10, color=theme.STRONG)
        .encode(x="x:Q", y="y:Q", text="row:N")
    )
    return [names]


def _without_overlap(horizontal: Any, vertical: Any, top: Any) -> Integers:
    """Of some rows those that stand out, and whose names would not cover each other."""
    across, up = float(np.ptp(horizontal)) or 1.0, float(np.ptp(vertical)) or 1.0
    middle, kept = float(np.median(vertical)), list[int]()
    for i in top:
        near = [
            j
            for j in kept
            if abs(horizontal[i] - horizontal[j]) < NAME[0] * across and abs(vertical[i] - vertical[j]) < NAME[1] * up
        ]
        if not near and vertical[i] > middle:
            kept.append(int(i))
    return np.array(kept, dtype=int)


def influence(fit: Estimates) -> AnyChart:
    """Cook's distance (or displacement) against leverage; the rows that move the estimates most with their number.

    Where all rows have the same leverage, as in a fit of constants, against the row.
    """
    alt = theme.altair()
    found = influence_of(fit)
    leverage, cook, labels = np.asarray(found.leverage), np.asarray(found.distance), _labels(fit)
    keep = np.isfinite(cook)
    leverage, cook, labels = leverage[keep], cook[keep], labels[keep]
    alike = not len(leverage) or np.ptp(leverage) <= 1e-9 * np.max(np.abs(leverage))
    along, title = (labels.astype(float), "row") if alike else (leverage, "leverage")
    name = "Cook's distance" if found.measure == "cook" else "displacement"
    layers = [theme.points(along, cook, (title, name), labels), *_named(along, cook, labels)]
    return theme.finished(theme.sized(alt.layer(*layers)), "Influence of single rows", "what the estimates would lose")
