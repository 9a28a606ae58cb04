"""The sections of a report on a fit, in order."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, final

from likely.data.fingerprint import Fingerprint, fingerprint
from likely.inference.fit_code import Recipe
from likely.report import overview
from likely.report.html.elements import Markup, code, element, joined, paragraphs, table, terms
from likely.report.meanings import Meaning
from likely.report.text import Summary
from likely.show.text_table import Grid, fixed, number, p_value

if TYPE_CHECKING:
    from likely.checking.comparison import Comparison
    from likely.estimates import Estimates

COEFFICIENTS = 60  # told one by one; the rest is counted
LEADING = 2  # coefficients in the first paragraph
LITTLE = 2.0  # difference of AIC that says little (Burnham and Anderson 2002)
PACKAGES = ("likely", "numpy", "scipy")


@final
@dataclass(frozen=True)
class Contents:
    """What a report tells of a fit.

    Attributes
    ----------
    fit : Estimates
    title : str
    summary : Summary
    diagnosis : Diagnosis, str or None
        Or why there is none; None for a fit that failed.
    charts : mapping of str to (dict, str)
        Specification and caption by name.
    undrawn : mapping of str to str
        Charts that could not be made, with the reason.
    calibration : Calibration, MulticlassCalibration, DistributionCalibration, str or None
        Of held-out predictions, or why there is none; None for a fit that failed.
    comparison : Comparison, str or None
        Or why there is none; None where it was not wanted.
    unexpected : tuple of (str, Record or str)
        Tables of single rows with their headings, or why there is none.
    source : str or None
        The data as an expression, where it is known.
    """

    fit: Estimates
    title: str
    summary: Summary
    diagnosis: Any
    charts: Mapping[str, tuple[Any, str]]
    undrawn: Mapping[str, str]
    calibration: Any
    comparison: Comparison[Any] | str | None
    unexpected: tuple[tuple[str, Any], ...]
    source: str | None = None

    @cached_property
    def recipe(self) -> Recipe:
        return Recipe(self.fit)

    @cached_property
    def fingerprint(self) -> Fingerprint:
        return fingerprint(self.fit.likelihood.bound.table, self.recipe.columns)


def body(contents: Contents) -> Markup:
    """Everything that the page shows."""
    made = [(key, heading, part) for key, heading, part in _sections(contents) if part]
    listed = [element("li", element("a", heading, href=f"#{key}")) for key, heading, _ in made]
    head = element(
        "header",
        element("h1", contents.title),
        element("p", headline(contents), class_="lead"),
        element("nav", element("ul", *listed), aria_label="Contents"),
    )
    parts = [
        element("section", element("h2", heading, id=f"{key}-h"), part, id=key, aria_labelledby=f"{key}-h")
        for key, heading, part in made
    ]
    made_by = f"Made by likely {version('likely')}. This file is complete: it loads nothing from a network."
    return joined([head, element("main", *parts), element("footer", element("p", made_by, class_="note"))])


def _sections(contents: Contents) -> Iterator[tuple[str, str, Markup]]:
    if not contents.fit.converged:
        yield "failure", "Why there are no estimates", failure(contents)
    else:
        yield "findings", "Findings", findings(contents)
    yield "assumption", "What was assumed", assumption(contents)
    if contents.fit.converged:
        yield "estimates", "The estimates, and what they mean", estimates(contents)
        yield "calibration", "Whether its predictions are what they say", calibration(contents)
    yield "charts", "Charts", charts(contents)
    yield "comparison", "Beside neighbouring assumptions", comparison(contents)
    yield "rows", "Rows that stand out", rows(contents)
    yield "reproduce", "How to reproduce this", reproduce(contents)


# -- the first paragraph ---------------------------------------------------------------------------------------


def headline(contents: Contents) -> str:
    """What was found, in one paragraph."""
    fit = contents.fit
    model = fit.likelihood.model
    if not fit.converged:
        return f"The fit of {model.family.title} to {model.response} failed. There are no estimates to report."
    rows = overview.data(fit)
    parts = [_sentence(f"{model.family.title} was fitted to {model.response}, {rows}")]
    parts += [m.text for m in _leading(contents)]
    tested = [e for e in contents.summary.estimates if e.p is not None and not e.name.endswith("Intercept")]
    if len(tested) > 1:
        away = [e for e in tested if e.interval.exists and not _holds_zero(e)]
        parts.append(f"{_count(len(away))} of the {len(tested)} coefficients have intervals that leave out 0.")
    if fit.end.remarkable:
        parts.append(_sentence(fit.status[:1].upper() + fit.status[1:]))
    return " ".join([*parts, _verdict(contents.diagnosis)]).strip()


def _leading(contents: Contents) -> list[Meaning]:
    """What the most telling estimates mean."""
    meanings = {m.name: m for m in contents.summary.meanings}
    tested = [e for e in contents.summary.estimates if e.z is not None and not e.name.endswith("Intercept")]
    chosen = sorted(tested, key=lambda e: -abs(e.z or 0.0)) or contents.summary.estimates
    return [meanings[e.name] for e in chosen if e.name in meanings][:LEADING]


def _holds_zero(e: Any) -> bool:
    low, high = e.interval
    return not (low is not None and high is not None and (low > 0.0 or high < 0.0))


def _count(n: int) -> str:
    return "None" if n == 0 else f"{n:,}"


def _verdict(diagnosis: Any) -> str:
    """The most serious finding, or that there is none."""
    if diagnosis is None or isinstance(diagnosis, str):
        return ""
    serious = [f for f in diagnosis.findings if f.severity == "finding"]
    if not serious:
        return str(diagnosis.verdict)
    more = f" ({len(serious) - 1} more below)" if len(serious) > 1 else ""
    return f"The most serious finding{more}: {_sentence(serious[0].title)} {_sentence(serious[0].importance)}"


# -- sections --------------------------------------------------------------------------------------------------


def failure(contents: Contents) -> Markup:
    """Why the fit failed; the reason says what to do."""
    reason = _sentence(contents.fit.end.words)
    explanation = "Where the search stopped is no peak of the likelihood, so no number of it is shown here."
    return element("div", paragraphs(reason, explanation), class_="failed", role="alert")


def findings(contents: Contents) -> Markup:
    """What the checks found, most serious first, and which checks were run."""
    diagnosis = contents.diagnosis
    if diagnosis is None:
        return Markup()
    if isinstance(diagnosis, str):
        return paragraphs(_sentence(f"No checks were run: {diagnosis}"))
    parts = [_finding(i, f, contents) for i, f in enumerate(diagnosis.findings, 1)]
    if not parts:
        parts = [element("p", "Nothing in the data speaks against the assumption, as far as these checks see.")]
    return joined([*parts, element("h3", "Checks that were run"), _checks(diagnosis)])


def _finding(i: int, finding: Any, contents: Contents) -> Markup:
    serious = finding.severity == "finding"
    mark = {"finding": f"Finding {i}", "note": f"Note {i}", "unknown": f"Unknown {i}"}.get(finding.severity, str(i))
    pairs = [("What was seen", _sentence(finding.observed)), ("How sure", _evidence(finding))]
    pairs += [("What it means", _sentence(finding.meaning)), ("How much it matters", _sentence(finding.importance))]
    parts = [element("h3", element("span", mark, class_="mark"), finding.title)]
    parts.append(terms((name, text) for name, text in pairs if text))
    if finding.chart in contents.charts:
        parts.append(element("p", element("a", f"See the chart: {finding.chart}", href=f"#chart-{finding.chart}")))
    if finding.next_step:
        parts += [element("p", "Next step:"), code(finding.next_step)]
    return element("article", *parts, class_="finding serious" if serious else "finding", id=f"finding-{i}")


def _evidence(finding: Any) -> str:
    """The statistic with its null distribution, p-value and interval."""
    parts = []
    if finding.statistic is not None:
        against = f", against {finding.null}" if finding.null else ""
        parts.append(f"statistic {number(float(finding.statistic), 4)}{against}")
    if finding.p_value is not None:
        parts.append(f"p = {p_value(finding.p_value)}".replace("= <", "< "))
    if finding.interval is not None:
        low, high = finding.interval
        parts.append(f"interval {number(low, 4)} to {number(high, 4)}")
    return _sentence("; ".join(parts)) if parts else ""


def assumption(contents: Contents) -> Markup:
    """The family in words, the formula, the data."""
    fit = contents.fit
    pairs = [("family", fit.likelihood.model.family.title)]
    if isinstance(contents.recipe.formula, str):
        pairs.append(("formula", contents.recipe.formula))
    return terms([*pairs, *overview.overview_rows(fit)])


def estimates(contents: Contents) -> Markup:
    """The table of estimates, what each means, and how well they explain the data."""
    summary, fit = contents.summary, contents.fit
    parts = [table(summary.grid, "Estimates with their standard errors and intervals")]
    parts += [element("p", text, class_="note") for text in (summary.legend,) if text]
    if summary.notes:
        parts.append(terms((f"[{i}]", _sentence(note)) for i, note in enumerate(summary.notes, 1)))
    meanings = contents.summary.meanings
    parts.append(element("ul", *(element("li", m.text) for m in meanings[:COEFFICIENTS]), class_="plain"))
    if len(meanings) > COEFFICIENTS:
        parts.append(element("p", f"The other {len(meanings) - COEFFICIENTS:,} read likewise.", class_="note"))
    if fit.aliased:
        parts.append(terms((name, f"not estimated: {why}") for name, why in overview.aliased(fit).items()))
    if summary.extra is not None:
        parts += [element("h3", "What follows from them"), table(summary.extra, "Derived quantities")]
    spreads = [(label, f"{number(value)} ({how})") for label, (value, how) in summary.spreads.items()]
    parts += [
        element("h3", "How well they explain the data"),
        terms([*spreads, *overview.overall(fit), *overview.goodness(fit)]),
    ]
    return joined(parts)


def calibration(contents: Contents) -> Markup:
    """The calibration of rows that the fit has not seen, with the rows that were judged."""
    found = contents.calibration
    if found is None:
        return Markup()
    if isinstance(found, str):
        return paragraphs(_sentence(f"Not judged: {found}"))
    sentences = [found.verdict, found.judged.sentence, found.remark]
    return joined([table(found.grid, found.grid.title), *(element("p", text) for text in sentences if text)])


def charts(contents: Contents) -> Markup:
    """Every chart with its caption."""
    parts = []
    for i, (name, (_, caption)) in enumerate(contents.charts.items(), 1):
        heading = element("h3", f"{i}. {name.replace('_', ' ').capitalize()}")
        holder = element("div", class_="chart", data_spec=spec_id(name), role="img", aria_label=caption)
        parts.append(element("figure", holder, element("figcaption", heading, caption), id=f"chart-{name}"))
    if parts:
        needs = "The charts are drawn by a script in this page, and this browser does not run scripts."
        parts.insert(0, element("noscript", element("p", needs, class_="undrawn")))
    lost = [(name, _sentence(why)) for name, why in contents.undrawn.items()]
    if lost:
        parts += [element("p", "Without a chart here:"), terms(lost)]
    return joined(parts)


def spec_id(name: str) -> str:
    """The id of a chart's specification in the page."""
    return f"spec-{name}"


def comparison(contents: Contents) -> Markup:
    """The fit beside its neighbours by AIC."""
    found = contents.comparison
    if found is None:
        return Markup()
    if isinstance(found, str):
        return paragraphs(found)
    best = found.rows[0]
    own = next(row for row in found.rows if row.fit is contents.fit)
    if best is own:
        paragraph = f"By AIC, none of the neighbours explains these data better than {own.name}."
    elif (own.delta or 0.0) <= LITTLE:
        paragraph = (
            f"By AIC, {best.name} and {own.name} explain these data about equally well: {fixed(own.delta, 2)} apart."
        )
    else:
        paragraph = (
            f"By AIC, {best.name} explains these data better than {own.name}: by {fixed(own.delta, 2)}, where "
            f"{LITTLE:g} is little and 10 a great deal."
        )
    grid, *remarks = found.blocks
    parts = [element("p", paragraph), table(grid, grid.title)]
    parts += [element("p", str(remark), class_="note") for remark in remarks]
    return joined(parts)


def rows(contents: Contents) -> Markup:
    """Single rows: the most surprising ones, and those that move the estimates."""
    parts: list[Markup] = []
    for heading, found in contents.unexpected:
        parts.append(element("h3", heading))
        if isinstance(found, str):
            parts.append(element("p", _sentence(found)))
            continue
        parts.append(table(found.grid, heading))
        parts += [element("p", remark, class_="note") for remark in found.remarks]
    return joined(parts)


def reproduce(contents: Contents) -> Markup:
    """Versions, the data's fingerprint, and the code that fits the model again."""
    recipe, found = contents.recipe, contents.fingerprint
    versions = [f"{name} {version(name)}" for name in PACKAGES]
    pairs = [
        ("versions", f"{versions[0]}, Python {platform.python_version()}, {', '.join(versions[1:])}"),
        ("rows", f"{found.rows:,}"),
        ("columns used", ", ".join(found.columns)),
        ("SHA-256 of these", found.sha256),
    ]
    source = f"data = {contents.source}" if contents.source else "data = ...  # the data with this fingerprint"
    paragraph = (
        "The fingerprint is that of the values: the same for the same data in a file, in pandas or in Polars, and "
        "another where a single value differs."
    )
    if not recipe.complete:
        paragraph += " Where the code has three dots, or a name of your own, put what the fit was given: it is no text."
    repeated = code("\n".join(["import likely as lk", "", source, recipe.code("data")]))
    return joined([terms(pairs), repeated, element("p", paragraph, class_="note")])


def _checks(diagnosis: Any) -> Markup:
    """Every check with how it ended."""
    rows = tuple(_check_row(check) for check in diagnosis.checks)
    return table(Grid(("check", "p", "outcome"), rows, "lrl"), "Checks that were run")


def _check_row(check: Any) -> tuple[str, str, str]:
    return check.check, "" if check.p_value is None else p_value(check.p_value), check.outcome


def _sentence(text: str) -> str:
    """With a full stop."""
    text = text.strip()
    return text if not text or text[-1] in ".!?" else f"{text}."
