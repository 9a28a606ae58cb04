"""One fit a group of rows: a table of 100,000 groups, beside a loop of fits of matrices."""

from __future__ import annotations

import statistics
from typing import Any

import numpy as np

from bench.harness import OURS, Row, Table, _timed, say

EACH = 30  # rows of a group
SAMPLE = 500  # groups that the loop goes through; its time is that of so many, times groups / SAMPLE
GOAL = 100.0
NAMES = {"poisson": "Poisson", "bernoulli": "Binomial"}


def data(name: str, groups: int) -> Any:
    """Rows in no order, each group with coefficients of its own."""
    import pandas as pd

    rng = np.random.default_rng(20240601)
    g = rng.permutation(np.repeat(np.arange(groups), EACH))
    x = rng.normal(size=len(g))
    eta = rng.normal(0.5, 0.3, groups)[g] + rng.normal(0.3, 0.2, groups)[g] * x
    y = rng.poisson(np.exp(eta)) if name == "poisson" else (rng.random(len(g)) < 1 / (1 + np.exp(-eta))).astype(int)
    return pd.DataFrame({"g": g, "x": x, "y": y})


def table(name: str, groups: int, repeats: int) -> Table:
    """Estimates, standard errors and log-likelihoods of all groups from one table of rows, in turns with the loop."""
    import statsmodels.api as sm

    import likely as lk

    rows = data(name, groups)
    ordered = rows[rows["g"] < SAMPLE].sort_values("g", kind="stable")
    y = ordered["y"].to_numpy(dtype=float).reshape(SAMPLE, EACH)
    x = np.stack([np.ones((SAMPLE, EACH)), ordered["x"].to_numpy().reshape(SAMPLE, EACH)], axis=2)
    family = getattr(sm.families, NAMES[name])()

    def ours() -> Any:
        return lk.fit_groups(name, rows, "y ~ x", by="g").to_frame()

    def loop(**options: Any) -> Any:
        out = []
        for own, design in zip(y, x, strict=True):
            found = sm.GLM(own, design, family=family).fit(**options)
            out.append([*found.params, *found.bse, found.llf])
        return np.array(out)

    say("  groups ...")
    wide, theirs = ours(), loop(tol=1e-14)
    first = wide.iloc[:SAMPLE]
    label = first.columns[1].partition(".")[0]
    names = [f"{label}.Intercept", f"{label}.x", f"{label}.Intercept std.error", f"{label}.x std.error", "loglik"]
    same = first["status"].to_numpy() == "converged"
    gap = float(np.max(np.abs(first[names].to_numpy(dtype=float) - theirs)[same]))
    times: dict[str, list[float]] = {"ours": [], "loop": []}
    for _ in range(max(1, repeats)):
        times["ours"].append(_timed(ours)[0])
        times["loop"].append(_timed(loop)[0])
    mine = statistics.median(times["ours"])
    whole = statistics.median(times["loop"]) * groups / SAMPLE
    loop_name = f"a loop of statsmodels, GLM by matrix ({SAMPLE} groups, times {groups / SAMPLE:g})"
    out = Table(f"{name.title()} y ~ x in {groups:,} groups of {EACH} rows", [])
    out.rows.append(Row(f"{OURS}, lk.fit_groups", mine, repeats, True, None, ""))
    out.rows.append(Row(loop_name, whole, repeats, True, GOAL, "", ratio=whole / mine))
    out.verdicts.append((f">= {GOAL:g}x faster than {loop_name}: {whole / mine:.3g}x", whole / mine >= GOAL))
    out.verdicts.append((f"estimates, errors and log-likelihoods of these groups within 1e-6: {gap:.1e}", gap < 1e-6))
    out.remarks.append(f"groups by status: {', '.join(f'{v:,} {k}' for k, v in wide['status'].value_counts().items())}")
    return out
