"""What the checks found, as records."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any, final

from likely.data.tables import Table
from likely.errors import renamed
from likely.inference.records import WIDTH, Record
from likely.show.records import attributes
from likely.show.text_table import Grid, number, p_value, plain

SEVERITIES = ("finding", "note", "unknown")


@final
@dataclass(frozen=True)
class Finding:
    """Something that speaks against the assumption, or that a reader of the estimates should know.

    Attributes
    ----------
    check : str
        Which check found it: ``"heavy-tails"``.
    title : str
    observed : str
        What was seen, with numbers.
    meaning : str
        What it means for the assumption.
    importance : str
        How much it matters to the estimates.
    next_step : str
        Code that runs where ``fit`` is this fit, ``data`` its data and ``lk`` the library.
    severity : {"finding", "note", "unknown"}
        "finding": by its p-value, adjusted for the number of checks, or a fact about the numbers that needs no test.
        "note": worth knowing. "unknown": a check that should have run and could not.
    statistic, p_value : float or None
    null : str
        The statistic's distribution if the model holds, in words.
    interval : (float, float) or None
    chart : str or None
        The chart under ``fit.plot`` that shows it.
    evidence : mapping
        Further numbers.
    """

    check: str
    title: str
    observed: str
    meaning: str
    importance: str = ""
    next_step: str = ""
    severity: str = "finding"
    statistic: float | None = None
    null: str = ""
    p_value: float | None = None
    interval: tuple[float, float] | None = None
    chart: str | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            raise renamed(self, name, {"seen": "observed", "means": "meaning", "matters": "importance"})

    def lines(self, width: int) -> list[str]:
        """As indented paragraphs."""
        test = ""
        if self.statistic is not None:
            test = f"statistic {number(self.statistic, 4)}"
            test += f" against {self.null}" if self.null else ""
        if self.p_value is not None:
            test += f", p = {p_value(self.p_value)}".replace("= <", "< ")
        parts = [self.observed + (f" ({test})" if test else ""), self.meaning, self.importance]
        text = " ".join(_sentence(part) for part in parts if part)
        out = textwrap.wrap(text, width - 4, break_long_words=False, break_on_hyphens=False)
        return [f"    {line}" for line in out] + [f"    > {line}" for line in self.next_step.splitlines()]


@final
@dataclass(frozen=True)
class Check:
    """One check that was run, or why it was not.

    Attributes
    ----------
    check : str
    asks : str
        The question that it answers.
    outcome : str
        How it ended, in words.
    p_value, adjusted : float or None
        By itself, and adjusted for all checks of this diagnosis (Holm 1979).
    ran : bool
        Whether it could be run.
    """

    check: str
    asks: str
    outcome: str
    p_value: float | None = None
    adjusted: float | None = None
    ran: bool = True


@final
@dataclass(frozen=True, repr=False, eq=False)
class Diagnosis(Record):
    """What speaks against a fit; made by ``fit.diagnose()``.

    Attributes
    ----------
    findings : tuple of Finding
        Most serious first.
    checks : tuple of Check
        All of them.
    level : float
        The chance that a true model meets with any finding that has a p-value.
    title : str
    n : int
    """

    findings: tuple[Finding, ...]
    checks: tuple[Check, ...]
    level: float
    title: str
    n: int
    table: Table

    def __getitem__(self, check: str) -> Check:
        """The outcome of one check by its name."""
        return {c.check: c for c in self.checks}[check]

    @property
    def clear(self) -> bool:
        """Whether nothing was found that speaks against the assumption."""
        return not any(f.severity == "finding" for f in self.findings)

    @property
    def rows(self) -> list[dict[str, Any]]:
        names = [name for name in Finding.__dataclass_fields__ if name != "evidence"]
        return [attributes(f, names) for f in self.findings]

    @property
    def grid(self) -> Grid:
        """The checks, with their p-values and outcomes."""
        cells = tuple(
            (
                c.check,
                "" if c.p_value is None else p_value(c.p_value, self.level),
                "" if c.adjusted is None else p_value(c.adjusted, self.level),
                c.outcome,
            )
            for c in self.checks
        )
        return Grid(("check", "p", "adjusted", "outcome"), cells, "lrrl", "")

    @property
    def remarks(self) -> tuple[str, ...]:
        return (
            f"A true model meets with a finding that has a p-value in {100 * self.level:g} % of data sets at most: "
            "p-values are adjusted for the number of checks (Holm).",
        )

    @property
    def source(self) -> Table:
        return self.table

    @property
    def verdict(self) -> str:
        """In one sentence."""
        serious = [f for f in self.findings if f.severity == "finding"]
        if not serious and not any(c.ran for c in self.checks):
            return "No check could be run, so nothing was found for or against the assumption."
        if not serious:
            noted = f" To note: {_sentence(self.findings[0].title)}" if self.findings else ""
            return f"The checks found nothing that speaks against the assumption.{noted}"
        more = f", and {len(serious) - 1} more" if len(serious) > 1 else ""
        return f"{serious[0].title}{more}."

    def __str__(self) -> str:
        width = max(WIDTH, 60)
        out = [self.title, "=" * min(len(self.title), width), "", self.verdict, ""]
        for i, found in enumerate(self.findings, 1):
            mark = "" if found.severity == "finding" else f" ({found.severity})"
            out += [f"[{i}] {found.title}{mark}", *found.lines(width), ""]
        wrapped = [textwrap.fill(t, width, break_long_words=False, break_on_hyphens=False) for t in self.remarks]
        return "\n".join([*out, *_fitting(self.grid, width), *wrapped])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        parts = [f"<h3>{escape(self.title)}</h3><p>{escape(self.verdict)}</p>"]
        for f in self.findings:
            text = " ".join(_sentence(t) for t in (f.observed, f.meaning, f.importance) if t)
            code = f"<pre>{escape(f.next_step)}</pre>" if f.next_step else ""
            parts.append(f"<h4>{escape(f.title)}</h4><p>{escape(text)}</p>{code}")
        parts.append(self.grid.html())
        return f'<div class="likely-diagnosis">{"".join(parts)}</div>'

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values, ready for JSON."""
        findings = [{**row, "evidence": dict(f.evidence)} for row, f in zip(self.rows, self.findings, strict=True)]
        checks = [attributes(c, Check.__dataclass_fields__) for c in self.checks]
        out: dict[str, Any] = plain(
            {"verdict": self.verdict, "level": self.level, "n": self.n, "findings": findings, "checks": checks}
        )
        return out


def _fitting(grid: Grid, width: int) -> list[str]:
    """The lines of a grid whose last column is wrapped."""
    left = grid.widths[:-1]
    room = max(width - sum(left) - 2 * len(left), 24)
    rows: list[tuple[str, ...]] = []
    for *cells, text in grid.rows:
        first, *rest = textwrap.wrap(text, room, break_long_words=False) or [""]
        rows.append((*cells, first))
        rows += [("",) * len(cells) + (line,) for line in rest]
    return Grid(grid.header, tuple(rows), grid.align).lines()


def _sentence(text: str) -> str:
    text = text.strip()
    return text if not text or text[-1] in ".!?" else f"{text}."


def holm(p: Mapping[str, float]) -> dict[str, float]:
    """P-values adjusted for their number (Holm 1979).

    >>> holm({"a": 0.01, "b": 0.04, "c": 0.03})
    {'a': 0.03, 'c': 0.06, 'b': 0.06}
    """
    out: dict[str, float] = {}
    largest = 0.0
    for i, (name, value) in enumerate(sorted(p.items(), key=lambda item: item[1])):
        largest = max(largest, min(1.0, (len(p) - i) * value))
        out[name] = largest
    return out
