"""``python -m fuzz --fits 5000 --seed 7``: random cases, and a reproducer for every fault."""

from __future__ import annotations

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from fuzz.run import Fault, Tally, examine


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("--fits", type=int, default=1000, help="how many cases")
    parser.add_argument("--seed", type=int, default=1, help="which cases")
    parser.add_argument("--first", type=int, default=0, help="the number of the first case")
    parser.add_argument("--only", type=int, nargs="+", help="these cases alone")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    return parser.parse_args()


def _chunk(seed: int, numbers: range) -> list[tuple[str, list[Fault]]]:
    return [examine(seed, number) for number in numbers]


def main() -> int:
    """Run, print, and say by the exit code whether a fault was found."""
    given = _arguments()
    console, tally, began = Console(), Tally(), time.monotonic()
    numbers = range(given.first, given.first + given.fits)
    chunks = [numbers[i : i + 20] for i in range(0, len(numbers), 20)]
    if given.only:
        chunks = [range(k, k + 1) for k in given.only]
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with ProcessPoolExecutor(given.jobs) as pool, Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("fits", total=sum(map(len, chunks)))
        for found in pool.map(_chunk, [given.seed] * len(chunks), chunks):
            for end, faults in found:
                tally.add(end, faults)
                for fault in faults:
                    console.print(fault.reproducer(), markup=False, highlight=False, soft_wrap=True)
            progress.advance(task, len(found))
    for end, times in tally.ends.most_common():
        console.print(f"{times:7} {end}", markup=False, highlight=False)
    faulty = len({fault.number for fault in tally.faults})
    console.print(f"{tally.cases} fits of seed {given.seed} in {time.monotonic() - began:.0f} s: {faulty} with faults")
    return 1 if faulty else 0


if __name__ == "__main__":
    sys.exit(main())
