"""Tables for the screen and for bench/RESULTS.md."""

from __future__ import annotations

import datetime
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rich.console import Console
from rich.table import Table as RichTable

from bench.harness import Table, span

PACKAGES = "likely numpy scipy statsmodels scikit-learn glum iminuit lightgbm xgboost".split()
HEAD = ["", "time", "runs", "SE", "likely is", "log-likelihood", "score", ""]


ABOUT = [
    "Times are medians of runs taken in turns after one run to warm up; a contender that takes more than a minute",
    "runs once. Everyone may use all cores, and has the options that its documentation suggests for this job. SE:",
    "whether standard errors are part of the time. Log-likelihoods are computed from everyone's estimates by one",
    "formula (SciPy's); score is the largest one at the solution, in its standard errors: 0 at the peak. Each section",
    "says when it was run: ``python -m bench <case> --write`` renews one of them.",
]


def machine() -> list[str]:
    """What it ran on: no names of hosts or folders."""
    cpu, memory = platform.processor(), ""
    if Path("/proc/cpuinfo").exists():
        names = [x for x in Path("/proc/cpuinfo").read_text().splitlines() if x.startswith("model name")]
        cpu = names[0].split(":")[1].strip() if names else cpu
        kilobytes = int(Path("/proc/meminfo").read_text().split()[1])
        memory = f", {kilobytes / 2**20:.0f} GiB memory"
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return [
        f"{cpu or platform.machine()}, {cores} cores{memory}",
        f"{platform.system()} {platform.release().split('-')[0]}, Python {platform.python_version()}",
        ", ".join(f"{p} {_version(p)}" for p in PACKAGES),
    ]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # XGBoost without libraries for GPUs is a package of its own
        return version(f"{package}-cpu")


def cells(table: Table) -> list[list[str]]:
    """The rows as text."""
    out = []
    for k, row in enumerate(table.rows):
        ratio = "" if row.ratio is None or k == 0 else _ratio(row.ratio)
        loglik = "" if row.loglik is None else f"{row.loglik:,.6f}"
        score = "" if row.score is None else f"{row.score:.1e}"
        errors = "yes" if row.errors else "no"
        out.append([row.name, span(row.seconds), str(row.runs), errors, ratio, loglik, score, row.note])
    return out


def _ratio(ratio: float) -> str:
    return f"{ratio:.3g}x faster" if ratio >= 1 else f"{1 / ratio:.3g}x slower"


def verdict(text: str, met: bool) -> str:
    return f"{'met' if met else 'MISSED'}: {text}"


def show(table: Table, console: Console) -> None:
    """A table on the screen."""
    shown = RichTable(title=table.title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    kept = _filled(table)
    for j in kept:
        shown.add_column(HEAD[j], justify="left" if j in (0, 7) else "right")
    for row in cells(table):
        shown.add_row(*[row[j] for j in kept])
    console.print(shown)
    for text, met in table.verdicts:
        console.print(f"  {verdict(text, met)}", style=None if met else "red", highlight=False)
    for text in table.remarks:
        console.print(f"  {text}", highlight=False)
    console.print()


def write(tables: list[Table], path: Path, settings: str) -> None:
    """The same, as Markdown, in the place of what the file says of these jobs; other jobs' sections stay."""
    sections = _sections(path.read_text(encoding="utf-8")) if path.exists() else {}
    told = f"`make bench`, {datetime.date.today().isoformat()}; {settings}."
    for table in tables:
        kept = _filled(table)
        lines = [told, "", _line([HEAD[j] for j in kept]), _line(["---" if j in (0, 7) else "---:" for j in kept])]
        lines += [_line([row[j] for j in kept]) for row in cells(table)] if kept else []
        lines += ["", *[f"- {verdict(text, met)}" for text, met in table.verdicts], *[f"- {t}" for t in table.remarks]]
        sections[f"{table.title[0].upper()}{table.title[1:]}"] = lines if kept else [told, *lines[4:]]
    verdicts = [
        (title, x) for title, lines in sections.items() for x in lines if x.startswith(("- met: ", "- MISSED: "))
    ]
    missed = [(title, x.removeprefix("- MISSED: ")) for title, x in verdicts if x.startswith("- MISSED: ")]
    out = ["# Benchmarks", "", *[f"- {line}" for line in machine()], "", *ABOUT, ""]
    out += [f"{len(verdicts) - len(missed)} of {len(verdicts)} goals met."]
    out += [f"- MISSED in {title}: {text}" for title, text in missed]
    for title, lines in sections.items():
        out += ["", f"## {title}", "", *lines]
    path.write_text("\n".join(out) + "\n", encoding="utf-8")


def _sections(text: str) -> dict[str, list[str]]:
    """The lines of a file's sections, by title."""
    out: dict[str, list[str]] = {}
    for part in text.split("\n## ")[1:]:
        title, _, body = part.partition("\n")
        out[title] = body.strip().splitlines()
    return out


def _filled(table: Table) -> list[int]:
    rows = cells(table)
    return [j for j in range(len(HEAD)) if any(row[j] for row in rows)]


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
