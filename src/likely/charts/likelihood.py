"""Charts of a likelihood: along one parameter, with the others refitted, over two."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from likely.charts import theme
from likely.errors import OptionError
from likely.estimates.maximum import peak_of
from likely.inference.profile_curve import profile_curve, slice_curve
from likely.inference.region import region
from likely.models.checks import items_of

if TYPE_CHECKING:
    from likely.charts.saving import AnyChart
    from likely.estimates import Estimates

LEVEL = 0.95


def curve(fit: Estimates, name: str | None = None, log: bool = False) -> AnyChart:
    """The likelihood along one estimate, relative to its peak, with its parabola and intervals.

    Parameters
    ----------
    fit : Estimates
    name : str, optional
        Of an estimate; the first by default.
    log : bool
        The log-likelihood instead, less its peak.
    """
    return _along(fit, name, "curve", log)


def profile(fit: Estimates, name: str | None = None, log: bool = True) -> AnyChart:
    """The same with all other parameters refitted at each value: the profile likelihood."""
    return _along(fit, name, "profile", log)


def _along(fit: Estimates, name: str | None, kind: str, log: bool) -> AnyChart:
    alt = theme.altair()
    if not fit.likelihood.names:
        raise OptionError("every estimate is at the end of its domain: the likelihood has no peak to draw")
    name = _telling(fit)[0] if name is None else name
    peak = peak_of(fit.likelihood.bound) if fit.asked.restraints else fit  # of the likelihood itself
    found = slice_curve(peak, name) if kind == "curve" else profile_curve(peak, name)
    gap = np.asarray(found.loglik) - found.peak_loglik
    values = np.asarray(found.values, dtype=float)
    parts = [(values, gap, "likelihood" if kind == "curve" else "profile")]
    error = fit.stderr.get(name)
    if error:  # of a slice, the curvature with the others held
        spread = error
        if kind == "curve":
            near = np.argsort(np.abs(values - found.peak))[: max(5, len(values) // 6)]
            a = np.polyfit((values[near] - found.peak) / error, gap[near], 2)[0]
            spread = error * float(np.sqrt(-0.5 / a)) if a < 0 else error
        parts.append((values, -0.5 * ((values - found.peak) / spread) ** 2, "its parabola at the peak"))
    shown = (lambda g: g) if log else np.exp
    xs = np.concatenate([p[0] for p in parts])
    ys = np.concatenate([shown(np.maximum(p[1], gap.min() if log else -50.0)) for p in parts])
    names = np.repeat([p[2] for p in parts], [len(p[0]) for p in parts])
    title = "log-likelihood less its peak" if log else "likelihood relative to its peak"
    legend = alt.StrokeDash("line:N", title=None, scale=alt.Scale(domain=[p[2] for p in parts], range=[[1, 0], [4, 3]]))
    lines = (
        alt.Chart(theme.data(x=xs, y=ys, line=names))
        .mark_line(color=theme.INK)
        .encode(
            x=theme.x("x:Q", name),
            y=theme.y("y:Q", title),
            strokeDash=legend,
            tooltip=theme.tips(line_N="line", x_Q=name, y_Q=title),
        )
    )
    low = -0.5 * float(stats.chi2.ppf(LEVEL, 1))
    layers = [lines, theme.line(found.peak, horizontal=False, dash=(1, 3))]
    subtitle = f"peak at {found.peak:.5g}"
    if fit.k <= 1 or kind == "profile":
        layers.append(theme.line(low if log else np.exp(low)))
        subtitle += f"; the values above the dashed line are the {100 * LEVEL:g} % interval"
    kind_of = "Profile likelihood" if kind == "profile" else "Likelihood"
    return theme.finished(theme.sized(alt.layer(*layers)), f"{kind_of} of {name}", subtitle)


def _telling(fit: Estimates) -> list[str]:
    """The estimates with standard errors, intercepts last."""
    names = fit.regular or fit.names
    return sorted(names, key=lambda name: name.endswith(".Intercept"))


def contour(fit: Estimates, names: tuple[str, str] | None = None) -> AnyChart:
    """Joint confidence regions of two estimates, from the profile likelihood and from the covariance."""
    alt = theme.altair()
    if names is None:
        if len(fit.regular) < 2:
            raise OptionError("a contour needs two estimates with standard errors")
        first, second, *_ = _telling(fit)
        names = (first, second)
    pair = items_of(names, f"a contour is of two estimates, such as {fit.names[:2]}")
    xs, ys, line, order = [], [], [], []
    for level in (0.5, 0.95):
        for method, basis in (("profile", "profile likelihood"), ("wald", "covariance")):
            found = region(fit, pair, level, method)
            xs.append(found.points[:, 0])
            ys.append(found.points[:, 1])
            line.append(np.repeat(f"{100 * level:g} %, {basis}", len(found.points)))
            order.append(np.arange(len(found.points)))
    columns = theme.data(
        x=np.concatenate(xs), y=np.concatenate(ys), line=np.concatenate(line), order=np.concatenate(order)
    )
    domain, legend = [part[0] for part in line], alt.Legend(columns=2)
    edges = (
        alt.Chart(columns)
        .mark_line()
        .encode(
            x=theme.x("x:Q", names[0]),
            y=theme.y("y:Q", names[1]),
            order="order:Q",
            color=alt.Color(
                "line:N", title=None, scale=alt.Scale(domain=domain, range=[theme.INK, theme.SOFT] * 2), legend=legend
            ),
            strokeDash=alt.StrokeDash(
                "line:N",
                title=None,
                scale=alt.Scale(domain=domain, range=[[1, 0], [2, 2], [6, 3], [8, 3, 2, 3]]),
                legend=legend,
            ),
        )
    )
    peak = alt.Chart(theme.data(x=[fit.coef[names[0]]], y=[fit.coef[names[1]]])).mark_point(
        shape="cross", size=80, filled=True, color=theme.STRONG
    )
    chart = alt.layer(edges, peak.encode(x="x:Q", y="y:Q", tooltip=theme.tips(x_Q=names[0], y_Q=names[1])))
    return theme.finished(theme.sized(chart), f"{names[0]} and {names[1]} together", "regions of both estimates")
