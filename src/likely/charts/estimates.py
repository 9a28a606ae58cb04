"""Charts of estimates: coefficients with their intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from likely.charts import theme
from likely.errors import OptionError

if TYPE_CHECKING:
    from likely.result import Fit

MOST = 40


def coefficients(fit: Fit, level: float = 0.95, method: str = "wald", intercepts: bool = False) -> Any:
    """The coefficients of predictors with their intervals.

    Parameters
    ----------
    fit : Fit
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
    found = fit.interval(level, method, shown)
    ends = {n: tuple(found[n]) for n in shown}
    shown = [n for n in shown if None not in ends[n]]
    columns = theme.data(
        name=shown, x=[fit.coef[n] for n in shown], lower=[ends[n][0] for n in shown], upper=[ends[n][1] for n in shown]
    )
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
