"""Fits of many rows beside what any of them has to do at least, and by formula from data frames beside the matrix.

The limit is one product X'X and two passes of X b and X' r, by NumPy in the same run.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from bench import regression
from bench.harness import OURS, Row, Table, _timed, say

LIMIT = 1.8  # a fit by matrix, with its covariance, in units of the limit
FORMULA = 1.25  # a fit by formula from a data frame, in units of that
FRAMES = ("pandas", "polars", "arrow")
BOUND = "the limit: X'X, and twice X b and X' r"


def ratios(name: str, rows: int, repeats: int) -> Table:
    """A family's fit by matrix and by formula, in turns; processor time beside it, which the load changes less."""
    x = regression.design(rows)
    y = regression.response(name, x)
    calls: dict[str, Callable[[], Any]] = {BOUND: lambda: _least(x, y), OURS: regression.ours(name, y, x)}
    calls |= {f"{OURS}, {kind}": _by_formula(name, kind, y, x) for kind in FRAMES}
    clock: dict[str, list[float]] = {who: [] for who in calls}
    used: dict[str, list[float]] = {who: [] for who in calls}
    for turn in range(repeats + 1):
        for who, call in calls.items():
            say(f"  {who} ...") if turn == 0 else None
            before = time.process_time()
            seconds = _timed(call)[0]
            if turn:  # the first one warms up
                clock[who].append(seconds)
                used[who].append(time.process_time() - before)
    table = Table(f"{name} regression and its limit, {rows:,} x {regression.COLUMNS} and an intercept", [])
    table.rows = [Row(who, statistics.median(clock[who]), repeats, who != BOUND, None, "") for who in calls]
    _judge(table, clock, used, OURS, BOUND, LIMIT)
    for kind in FRAMES:
        _judge(table, clock, used, f"{OURS}, {kind}", OURS, FORMULA)
    return table


def _judge(table: Table, clock: Any, used: Any, who: str, whom: str, most: float) -> None:
    ratio, processor = (statistics.median(times[who]) / statistics.median(times[whom]) for times in (clock, used))
    said = f"{who}: at most {most:g} times {whom.partition(':')[0]}: {ratio:.3g}x (in processor time {processor:.3g}x)"
    table.verdicts.append((said, ratio <= most))


def _least(x: Any, y: Any) -> Any:
    b, r = np.full(x.shape[1], 0.01), y - 0.5
    return [x.T @ x] + [product for _ in range(2) for product in (x @ b, x.T @ r)]


def _by_formula(name: str, kind: str, y: Any, x: Any) -> Callable[[], Any]:
    """The same fit from a data frame, its columns one after the other in memory."""
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    import likely as lk

    slopes = [f"x{j}" for j in range(1, x.shape[1])]
    columns = {slope: np.ascontiguousarray(x[:, j]) for j, slope in enumerate(slopes, 1)} | {"y": y}
    frame = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "arrow": pa.table}[kind](columns)
    formula = "y ~ " + " + ".join(slopes)
    return lambda: lk.fit(regression.FAMILIES[name], frame, formula).stderr
