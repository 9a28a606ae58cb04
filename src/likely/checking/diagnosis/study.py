"""How often the checks raise a false alarm on data that the model made itself, and how often they notice a wrong one.

``python -m likely.checking.diagnosis.study docs/levels.md`` writes the tables; ``make levels`` is the same.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np

from likely.checking.diagnosis import diagnose
from likely.checking.diagnosis.moments import MOMENTS
from likely.data.writing import destination, write_text
from likely.errors import LikelyError
from likely.inference.fitting import estimates_of
from likely.progress import Task

LEVEL = 0.05
SIZES = (60, 1000)
TRUE_RUNS, WRONG_RUNS = 200, 100
WRONG_SIZE = 300

Data = dict[str, Any]


def _x(rng: np.random.Generator, n: int) -> Data:
    return {"x": rng.normal(size=n), "z": rng.uniform(size=n)}


def _eta(d: Data) -> Any:
    return 0.3 + 0.6 * d["x"] - 0.5 * d["z"]


def _chance(d: Data) -> Any:
    return 1.0 / (1.0 + np.exp(-1.5 * _eta(d)))


def _whale(rng: np.random.Generator, d: Data) -> Any:
    y = _eta(d) + rng.normal(size=len(d["x"]))
    y[7] += 6.0
    return y


def _chain(rng: np.random.Generator, n: int, r: float) -> Any:
    e = rng.normal(size=n)
    for i in range(1, n):
        e[i] = r * e[i - 1] + np.sqrt(1.0 - r * r) * e[i]
    return e


TRUE: dict[str, Callable[[np.random.Generator, Data], Any]] = {
    "normal": lambda rng, d: _eta(d) + rng.normal(size=len(d["x"])),
    "student_t": lambda rng, d: _eta(d) + rng.standard_t(5, size=len(d["x"])),
    "gamma": lambda rng, d: rng.gamma(2.0, np.exp(_eta(d)) / 2.0),
    "exponential": lambda rng, d: rng.exponential(np.exp(-_eta(d))),
    "log_normal": lambda rng, d: np.exp(_eta(d) + rng.normal(size=len(d["x"]))),
    "poisson": lambda rng, d: rng.poisson(np.exp(_eta(d))),
    "negative_binomial": lambda rng, d: rng.negative_binomial(2, 2.0 / (2.0 + np.exp(_eta(d)))),
    "bernoulli": lambda rng, d: (rng.random(len(d["x"])) < _chance(d)).astype(int),
}

WRONG: dict[str, tuple[str, str, Callable[[np.random.Generator, Data], Any]]] = {
    "Normal fitted to Student t, df = 3": ("normal", "tails", lambda rng, d: _eta(d) + rng.standard_t(3, len(d["x"]))),
    "Normal fitted to exponential errors": (
        "normal",
        "skew",
        lambda rng, d: _eta(d) + rng.exponential(size=len(d["x"])),
    ),
    "sd that grows as exp(0.3 x)": (
        "normal",
        "scale",
        lambda rng, d: _eta(d) + np.exp(0.3 * d["x"]) * rng.normal(size=len(d["x"])),
    ),
    "a mean with 0.2 x^2": (
        "normal",
        "curvature",
        lambda rng, d: _eta(d) + 0.2 * d["x"] ** 2 + rng.normal(size=len(d["x"])),
    ),
    "log link fitted to an identity": (
        "gamma",
        "link",
        lambda rng, d: rng.gamma(9.0, (3.0 + 0.95 * d["x"].clip(-3, 3)) / 9),
    ),
    "Poisson fitted to variance 1.5 mean": (
        "poisson",
        "dispersion",
        lambda rng, d: rng.negative_binomial(2.0 * np.exp(_eta(d)), 2.0 / 3.0),
    ),
    "15 % more zeros than Poisson": (
        "poisson",
        "zeros",
        lambda rng, d: rng.poisson(np.exp(_eta(d) + 0.5)) * (rng.random(len(d["x"])) > 0.15),
    ),
    "4 % of the labels turned round": (
        "bernoulli",
        "confident",
        lambda rng, d: (
            (rng.random(len(d["x"])) < 1.0 / (1.0 + np.exp(-8.0 * _eta(d)))) ^ (rng.random(len(d["x"])) < 0.04)
        ).astype(int),
    ),
    "one row 6 sd out": ("normal", "outliers", _whale),
    "autoregression of 0.25": ("normal", "serial", lambda rng, d: _eta(d) + _chain(rng, len(d["x"]), 0.25)),
    "groups of 10, correlation 0.1": (
        "normal",
        "grouped",
        lambda rng, d: (
            _eta(d)
            + np.sqrt(0.9) * rng.normal(size=len(d["x"]))
            + np.sqrt(0.1) * np.repeat(rng.normal(size=len(d["x"]) // 10), 10)
        ),
    ),
}


def once(family: str, make: Callable[..., Any], n: int, seed: int) -> dict[str, float] | None:
    """The p-values of all checks on one simulated data set, and whether anything was found; None without a fit."""
    rng = np.random.default_rng([n, seed])
    d = _x(rng, n)
    d["y"] = make(rng, d)
    try:
        found = estimates_of(family, d, "y ~ x + z", progress=False)
        result = diagnose(found, LEVEL, checks=list(MOMENTS), groups=np.arange(n) // 10, seed=seed, progress=False)
    except LikelyError:
        return None
    out = {c.check: c.p_value for c in result.checks if c.p_value is not None}
    return {**out, "any": 0.0 if result.findings else 1.0}


def _true(job: tuple[str, int, int]) -> dict[str, float] | None:
    family, n, seed = job
    return once(family, TRUE[family], n, seed)


def _wrong(job: tuple[str, int]) -> dict[str, float] | None:
    name, seed = job
    family, _, make = WRONG[name]
    return once(family, make, WRONG_SIZE, seed)


def levels(pool: ProcessPoolExecutor, runs: int) -> list[str]:
    """The rows of the table of false alarms."""
    names = [*MOMENTS, "any"]
    lines = ["| family | n | " + " | ".join(names) + " |", "|" + "---|" * (len(names) + 2)]
    for family in TRUE:
        for n in SIZES:
            found = [r for r in pool.map(_true, [(family, n, seed) for seed in range(runs)], chunksize=8) if r]
            cells = [_share([r[name] for r in found if name in r], runs) for name in names]
            lines.append(f"| {family} | {n:,} | " + " | ".join(cells) + " |")
            print(lines[-1], flush=True)
    return lines


def power(pool: ProcessPoolExecutor, runs: int) -> list[str]:
    """The rows of the table of what was noticed."""
    lines = ["| wrong belief | check | noticed by it | any finding |", "|---|---|---|---|"]
    for name, (_, check, _) in WRONG.items():
        found = [r for r in pool.map(_wrong, [(name, seed) for seed in range(runs)], chunksize=8) if r]
        own, any_ = (_share([r[key] for r in found if key in r], runs) for key in (check, "any"))
        lines.append(f"| {name} | {check} | {own} | {any_} |")
        print(lines[-1], flush=True)
    return lines


def _share(p: list[float], runs: int) -> str:
    """How many of the p-values are at most the level, in per cent."""
    return "" if len(p) < runs // 2 else f"{100 * float(np.mean(np.array(p) <= LEVEL)):.1f}"


PAGE = """# How often the checks of `fit.diagnose()` are wrong

Made by `make levels`. All numbers are per cent.

## False alarms

{true} data sets of each size were drawn from the family itself, with two predictors, and fitted with the same family
and formula. How often is the p-value of each check at most {level:g}? It should be {percent:g} per cent; with {true}
runs, the standard error of a share of {percent:g} per cent is {error:.1f}. "any" is the share of data sets with any
finding at all, after the adjustment for the number of checks: it should be at most {percent:g} per cent. An empty cell:
the check does not apply. Among discrete data the smallest chances are often not small, so that outliers are rarer.

{levels}

## What is noticed

{wrong} data sets of {size} rows for each wrong belief. "noticed by it": the p-value of the check meant for it is at
most {level:g}; "any finding": at least one finding after the adjustment.

{power}
"""


def main(path: str, true: int = TRUE_RUNS, wrong: int = WRONG_RUNS) -> None:
    """Run the study and write its page."""
    with ProcessPoolExecutor() as pool, Task("study of the checks"):
        first, second = levels(pool, true), power(pool, wrong)
    error = 100 * np.sqrt(LEVEL * (1 - LEVEL) / true)
    text = PAGE.format(
        true=true,
        wrong=wrong,
        level=LEVEL,
        percent=100 * LEVEL,
        error=error,
        size=WRONG_SIZE,
        levels="\n".join(first),
        power="\n".join(second),
    )
    write_text(destination(path, "the page of the study", (".md",)), text)


if __name__ == "__main__":
    main(sys.argv[1], *(int(v) for v in sys.argv[2:]))
