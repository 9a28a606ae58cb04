"""Cases, their contenders, and how they are timed."""

from __future__ import annotations

import gc
import os
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

SLOW = 60.0  # seconds; a contender whose first run takes longer is not run again
OURS = "likely"


@dataclass(frozen=True)
class Contender:
    """One way to do the job.

    Attributes
    ----------
    name : str
    run : callable
        What is timed: everything from the data to the estimates.
    estimates : callable
        What `run` returned -> the numbers by which the contenders are compared.
    errors : bool
        Whether standard errors are part of the job as it does it.
    goal : float or None
        How many times faster likely should be than this contender; None where that is not asked.
    note : str
    """

    name: str
    run: Callable[[], Any]
    estimates: Callable[[Any], Any] = lambda found: found
    errors: bool = True
    goal: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Job:
    """A task on one data set, with those who do it; likely comes first.

    Attributes
    ----------
    title : str
    contenders : list of Contender
    loglik : callable
        Estimates -> log-likelihood, by one formula for all.
    score : callable, optional
        Estimates -> largest score, in its standard errors: 0 at the peak.
    fastest : float or None
        How many times faster likely should be than the fastest other.
    small_score : float or None
        Largest score, in its standard errors, with which another counts as the fastest; any by default.
    cold : callable, optional
        Seconds of the first call in a fresh interpreter, its imports included.
    """

    title: str
    contenders: list[Contender]
    loglik: Callable[[Any], float] | None = None
    score: Callable[[Any], float] | None = None
    fastest: float | None = None
    small_score: float | None = None
    cold: Callable[[], float] | None = None


@dataclass
class Row:
    """What one contender did."""

    name: str
    seconds: float
    runs: int
    errors: bool
    goal: float | None
    note: str
    loglik: float | None = None
    score: float | None = None
    ratio: float | None = None


@dataclass
class Table:
    """What came out of a job; `verdicts` are sentences with whether the goal was met."""

    title: str
    rows: list[Row]
    verdicts: list[tuple[str, bool]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def measure(job: Job, repeats: int) -> Table:
    """Run everyone once to warm up, then in turns; the time of each is its median."""
    rows = []
    times: dict[str, list[float]] = {}
    for one in job.contenders:
        say(f"  {one.name} ...")
        seconds, found = _timed(one.run)
        estimates = one.estimates(found)
        times[one.name] = [seconds]
        row = Row(one.name, seconds, 1, one.errors, one.goal, one.note)
        row.loglik = None if job.loglik is None else job.loglik(estimates)
        row.score = None if job.score is None else job.score(estimates)
        rows.append(row)
        del found
    for _ in range(repeats):
        for one in job.contenders:
            if times[one.name][0] <= SLOW:
                times[one.name].append(_timed(one.run)[0])
    for row in rows:
        kept = times[row.name][1:] or times[row.name]  # the first one warmed up
        row.seconds, row.runs = statistics.median(kept), len(kept)
        row.ratio = row.seconds / statistics.median(times[OURS][1:] or times[OURS])
    table = Table(job.title, rows)
    _judge(table, job)
    if job.cold is not None:
        cold = statistics.median(job.cold() for _ in range(min(repeats, 3)))
        table.remarks.append(
            f"likely's first call in a fresh interpreter, import included: {span(cold)}; warm: {span(rows[0].seconds)}"
        )
    return table


def _judge(table: Table, job: Job) -> None:
    ours, *others = table.rows
    for row in others:
        assert row.ratio is not None
        if row.goal is not None:
            target = "no slower (within 10%) than" if row.goal == 1 else f">= {row.goal:.3g}x faster than"
            # a tie within the noise of timing is no loss
            met = row.ratio >= row.goal * (0.9 if row.goal == 1 else 1.0)
            table.verdicts.append((f"{target} {row.name}: {row.ratio:.3g}x", met))
    if job.fastest is not None:
        limit = job.small_score
        there = [row for row in others if limit is None or (row.score is not None and row.score <= limit)]
        best = min(there, key=lambda row: row.seconds)
        assert best.ratio is not None
        who = "the fastest" if limit is None else f"the fastest with a score below {limit:g}"
        goal = f">= {job.fastest:g}x faster than {who} ({best.name}): {best.ratio:.3g}x"
        table.verdicts.append((goal, best.ratio >= job.fastest))
        quick = min(others, key=lambda row: row.seconds)
        if quick is not best:
            table.remarks.append(f"the fastest at any score is {quick.name}: {quick.ratio:.3g}x our time")
        complete = min((row for row in others if row.errors), key=lambda row: row.seconds)
        table.remarks.append(
            f"the fastest other with standard errors is {complete.name}: {complete.ratio:.3g}x our time"
        )
    if ours.score is not None:
        best = min(others, key=lambda row: row.score or 0.0)
        assert best.score is not None
        # below 1e-8 standard errors all solutions are the same
        met = ours.score <= max(best.score, 1e-8)
        goal = f"score below 1e-8, or no larger than the best other's ({best.name}, {best.score:.1e}): {ours.score:.1e}"
        table.verdicts.append((goal, met))
    elif ours.loglik is not None:
        best = max(others, key=lambda row: -float("inf") if row.loglik is None else row.loglik)
        assert best.loglik is not None
        met = ours.loglik >= best.loglik - 1e-12 * abs(best.loglik)  # the rounding of the sum
        gap = f"{ours.loglik - best.loglik:+.2g}"
        table.verdicts.append(
            (f"log-likelihood no lower, to 1e-12 relative, than the best other ({best.name}): {gap}", met)
        )


def _timed(run: Callable[[], Any]) -> tuple[float, Any]:
    gc.collect()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        start = time.perf_counter()
        found = run()
        return time.perf_counter() - start, found


def fresh(code: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    return done.stdout.strip()


def span(seconds: float) -> str:
    """A time as people read it."""
    for size, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "us")):
        if seconds >= 0.9995 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def say(text: str) -> None:
    """Progress, apart from the result."""
    print(text, file=sys.stderr, flush=True)
