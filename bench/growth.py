"""How time and memory grow with the rows."""

from __future__ import annotations

import statistics
from typing import Any

from bench import regression
from bench.harness import OURS, Row, Table, _timed, fresh, say

MEMORY = 1.3  # peak memory, in units of the data's
LINEAR = 1.15  # ten times the rows take at most ten times as long, and the noise of timing

CHILD = """
import numpy as np
import likely as lk
from bench import regression

def peak():  # of this process; resource.getrusage would start from its parent's
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    return 1024 * int(status["VmHWM"].split()[0])

lk.fit("normal", [1.0, 2.0, 4.0], np.ones((3, 1)))  # everything that a fit imports
x = np.empty(0)
before = peak()
x = regression.design({rows})
y = regression.response({name!r}, x)
data = x.nbytes + y.nbytes
regression.ours({name!r}, y, x)()
print((peak() - before) / data)
"""


def times(name: str, rows: int, repeats: int) -> Table:
    """A fit of a hundredth of the rows, a tenth, all of them and ten times as many."""
    table = Table(f"{name} regression, from {rows // 100:,} to {10 * rows:,} rows", [])
    seconds: list[float] = []
    for n in (rows // 100, rows // 10, rows, 10 * rows):
        say(f"  {n:,} rows ...")
        x = regression.design(n)
        run = regression.ours(name, regression.response(name, x), x)
        run()
        seconds.append(statistics.median(_timed(run)[0] for _ in range(max(1, repeats))))
        table.rows.append(Row(f"{OURS}, {n:,} rows", seconds[-1], repeats, True, None, ""))
        del x, run
    for k in range(1, len(seconds)):
        ratio = seconds[k] / seconds[k - 1]
        text = f"ten times the rows, {table.rows[k].name.partition(', ')[2]}, take no more than ten times as long"
        table.verdicts.append((f"{text}: {ratio:.3g}x", ratio <= 10 * LINEAR))
    return table


def memory(rows: int) -> Table:
    """Peak memory of a process that makes the data and fits, less what it holds before, over the data's."""
    table: Any = Table(f"peak memory of a fit, {rows:,} x {regression.COLUMNS} and an intercept", [])
    for name in regression.FAMILIES:
        say(f"  {name} ...")
        ratio = float(fresh(CHILD.format(rows=rows, name=name)))
        table.verdicts.append((f"{name}: at most {MEMORY:g} times the data: {ratio:.3f}", ratio <= MEMORY))
    return table
