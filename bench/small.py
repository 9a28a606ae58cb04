"""What a user waits for on ten coin flips, and for the import."""

from __future__ import annotations

import statistics
import time

from bench.harness import OURS, Row, Table, fresh, span

FLIPS = [1] * 7 + [0] * 3
HEAVY = ("jax", "torch", "matplotlib", "altair", "plotly", "bokeh")


def coin(repeats: int) -> Table:
    """A fit of ten flips, in an interpreter that has imported the library."""
    import likely as lk

    rows = []
    for what, errors in (("lk.fit", False), ("lk.fit and fit.stderr", True)):
        times = []
        for _ in range(100 * repeats):
            start = time.perf_counter()
            fit = lk.fit(lk.Bernoulli(), FLIPS)
            if errors:
                assert fit.stderr
            times.append(time.perf_counter() - start)
        rows.append(Row(what, statistics.median(times[10:]), len(times) - 10, errors, None, ""))
    table = Table("ten coin flips", rows)
    table.verdicts.append((f"under a millisecond: {span(rows[-1].seconds)}", rows[-1].seconds < 1e-3))
    first = float(
        fresh(
            "import time; t = time.perf_counter()\nimport likely as lk\n"
            f"lk.fit(lk.Bernoulli(), {FLIPS}).stderr; print(time.perf_counter() - t)"
        )
    )
    table.remarks.append(f"import and first fit in a fresh interpreter: {span(first)}")
    return table


def imports(repeats: int) -> Table:
    """Imports in fresh interpreters, in turns."""
    code = {
        OURS: "import likely",
        "likely, with its fitting part": "import likely; likely.fit",
        "likely, and a coin flip fitted": f"import likely as lk; lk.fit(lk.Bernoulli(), {FLIPS})",
        "scipy.stats": "import scipy.stats",
        "statsmodels.api": "import statsmodels.api",
    }
    times: dict[str, list[float]] = {name: [] for name in code}
    for _ in range(max(repeats, 3) + 1):
        for name, line in code.items():
            times[name].append(
                float(fresh(f"import time; t = time.perf_counter(); {line}; print(time.perf_counter() - t)"))
            )
    rows = [Row(name, statistics.median(t[1:]), len(t) - 1, False, None, "") for name, t in times.items()]
    theirs = rows[-1].seconds
    for row in rows[3:]:
        row.ratio = row.seconds / rows[2].seconds  # beside the import that loads what a fit needs
    table = Table("imports, in fresh interpreters", rows)
    share = rows[0].seconds / theirs
    table.verdicts.append((f"import likely under half the time of import statsmodels.api: {share:.1%}", share < 0.5))
    share = rows[2].seconds / theirs
    table.verdicts.append((f"import likely and a first fit under half of it too: {share:.1%}", share < 0.5))
    found = fresh(
        f"import sys; {code['likely, and a coin flip fitted']}; print(*[m for m in {HEAVY} if m in sys.modules])"
    )
    table.verdicts.append((f"imports none of {', '.join(HEAVY)}: {found or 'none'}", not found))
    return table
