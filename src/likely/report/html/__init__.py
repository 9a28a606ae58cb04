"""A fit as one HTML file that needs nothing but itself."""

from __future__ import annotations

import webbrowser
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from likely.charts import drawn
from likely.checking.calibration import calibration_of
from likely.checking.diagnosis import diagnose
from likely.data.writing import destination, write_text
from likely.errors import LikelyError, OptionError
from likely.prediction.influence import influence
from likely.prediction.surprise import surprising
from likely.progress import Task, check_progress
from likely.report import overview
from likely.report.html.page import page
from likely.report.html.sections import Contents, body, spec_id
from likely.report.neighbours import neighbours
from likely.report.text import Summary

if TYPE_CHECKING:
    from likely.estimates import Estimates

__all__ = ["report"]


def report(
    fit: Estimates,
    path: str | Path | None = None,
    *,
    title: str | None = None,
    compare: bool | Iterable[Any] = True,
    progress: Any = None,
    open: bool = False,
    source: str | None = None,
    seed: int = 0,
) -> str | Path:
    """The report on a fit; see `Fit.report`.

    Parameters
    ----------
    fit : Estimates
    path, title, compare, progress, open
        As in `Fit.report`.
    source : str, optional
        The data as an expression for the code that repeats the fit, where it is known.
    seed : int
        Of what the checks simulate.

    Returns
    -------
    Path or str
    """
    check_progress(progress, "nothing: a report takes True, False or 'auto'")
    if open and path is None:
        raise OptionError("open=True shows the file that was written: name it, fit.report('fit.html', open=True)")
    target = None if path is None else report_file(path)
    with Task("report", progress, long=True) as task:
        contents = _contents(fit, title, compare, source, seed, task)
        specs = {spec_id(name): spec for name, (spec, _) in contents.charts.items()}
        task.say("writing the page")
        html = page(contents.title, body(contents), specs)
    if target is None:
        return html
    write_text(target, html)
    if open:
        webbrowser.open(target.resolve().as_uri())
    return target


def report_file(path: str | Path) -> Path:
    """Where a report is written, checked before the work is done."""
    return destination(path, "a report", (".html", ".htm"), advice="A browser prints it as PDF")


def _contents(fit: Estimates, title: str | None, compare: Any, source: str | None, seed: int, task: Task) -> Contents:
    """Everything that the page tells."""
    task.say("estimates and intervals")
    summary = Summary(fit)
    summary.estimates  # noqa: B018  they can take long, and belong under this line
    task.say("checks")
    diagnosis = _or_why(lambda: diagnose(fit, seed=seed)) if fit.converged else None
    task.say("calibration")
    calibration = _or_why(lambda: calibration_of(fit, seed=seed)) if fit.converged else None
    task.say("charts")
    charts, undrawn = drawn(fit, lambda: _made(calibration))
    task.say("neighbouring families")
    comparison = None
    if compare is not False and fit.converged:
        comparison = neighbours(fit, None if compare is True else compare)
    task.say("rows that stand out")
    heading = overview.title(fit).text.removesuffix(": converged") if title is None else str(title)
    return Contents(
        fit, heading, summary, diagnosis, charts, undrawn, calibration, comparison, _unexpected(fit), source
    )


def _unexpected(fit: Estimates) -> tuple[tuple[str, Any], ...]:
    """Tables of rows with a heading each, those that surprise most and those that move the estimates; or why not."""
    if not fit.converged:
        return ()
    return (
        ("Rows that were expected least", _or_why(lambda: surprising(fit))),
        ("Rows that move the estimates most", _or_why(lambda: influence(fit))),
    )


def _or_why(make: Callable[[], Any]) -> Any:
    """What is made, or the reason why it cannot be."""
    try:
        return make()
    except LikelyError as error:
        return str(error)


def _made(found: Any) -> Any:
    """What was made; an error where there is the reason why not."""
    if isinstance(found, str):
        raise OptionError(found)
    return found
