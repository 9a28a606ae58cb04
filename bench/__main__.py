"""``python -m bench [case ...]``: run benchmarks, print their tables, write bench/RESULTS.md."""

from __future__ import annotations

import argparse
import gc
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from bench import (
    boosting,
    custom,
    few_rows,
    groups,
    growth,
    levels,
    limit,
    regression,
    report,
    small,
    training,
    univariate,
)
from bench.harness import Table, measure, say

# name -> (rows, repeats) -> what came out
CASES: dict[str, Callable[[int, int], Table]] = {
    "coin": lambda rows, repeats: small.coin(repeats),
    "import": lambda rows, repeats: small.imports(repeats),
    **{
        f"few-rows-{name}": lambda rows, repeats, name=name: measure(few_rows.job(name), repeats)
        for name in few_rows.NAMES
    },
    **{
        name.lower(): lambda rows, repeats, name=name: measure(univariate.job(name, rows), repeats)
        for name in univariate.FAMILIES
    },
    **{
        f"{name.replace(' ', '-')}-regression": lambda rows, repeats, name=name: measure(
            regression.job(name, rows), repeats
        )
        for name in regression.FAMILIES
    },
    **{
        f"{name}-limit": lambda rows, repeats, name=name: limit.ratios(name, rows, repeats)
        for name in ("logistic", "poisson", "gamma")
    },
    **{
        f"{name}-levels": lambda rows, repeats, name=name: measure(levels.job(name, rows), repeats)
        for name in levels.NAMES
    },
    **{
        f"groups-{name}": lambda rows, repeats, name=name: groups.table(name, rows // 10, repeats)
        for name in groups.NAMES
    },
    "growth": lambda rows, repeats: growth.times("logistic", rows, repeats),
    "memory": lambda rows, repeats: growth.memory(rows),
    **{
        f"boosting-{library}": lambda rows, repeats, library=library: boosting.rounds(library, rows // 5, repeats)
        for library in ("lightgbm", "xgboost")
    },
    **{f"training-{batch}": lambda rows, repeats, batch=batch: training.steps(batch, repeats) for batch in (256, 4096)},
    "custom": lambda rows, repeats: measure(custom.job("constants", rows // 10), repeats),
    "custom-evaluations": lambda rows, repeats: custom.evaluations(rows // 10, repeats),
    "custom-regression": lambda rows, repeats: measure(custom.job("regression", rows // 10), repeats),
}


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(
        "python -m bench", description="likely beside other libraries: speed and accuracy."
    )
    parser.add_argument("case", nargs="*", help=f"all by default: {', '.join(CASES)}")
    parser.add_argument(
        "--rows", type=int, default=1_000_000, help="rows (a tenth of them for a custom density, a fifth for boosting)"
    )
    parser.add_argument("--repeats", type=int, default=5, help="timed runs of each after the one that warms up")
    parser.add_argument("--no-write", action="store_true", help="leave bench/RESULTS.md as it is")
    parser.add_argument("--write", action="store_true", help="renew these cases' sections of bench/RESULTS.md")
    args = parser.parse_args()
    if unknown := [c for c in args.case if c not in CASES]:
        parser.error(f"unknown case {', '.join(unknown)}; there are {', '.join(CASES)}")
    console = Console(width=None if Console().is_terminal else 140)
    tables = []
    for name in args.case or CASES:
        say(f"{name}:")
        tables.append(CASES[name](args.rows, args.repeats))
        report.show(tables[-1], console)
        gc.collect()
    missed = sum(not met for table in tables for _, met in table.verdicts)
    console.print(f"{missed} goals missed" if missed else "all goals met")
    if args.write or not (args.no_write or args.case):
        path = Path(__file__).parent / "RESULTS.md"
        report.write(tables, path, f"{args.rows:,} rows, {args.repeats} repeats")
        say("wrote bench/RESULTS.md")


if __name__ == "__main__":
    main()
