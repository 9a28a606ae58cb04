"""Findings about single rows, and about rows together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from likely.checking.diagnosis.finding import Finding
from likely.checking.diagnosis.moments import row_tails, signed
from likely.checking.diagnosis.wording.case import NAMED, Case, finding
from likely.errors import LikelyError
from likely.families import get_family
from likely.prediction.influence import influence
from likely.prediction.sample import Sample
from likely.show.text_table import number

if TYPE_CHECKING:
    pass

MANY = 0.01  # of the rows: fewer are outliers, more are heavy tails


def outlying(sample: Sample, level: float) -> Any:
    """The observations too far out for the fitted model, furthest first."""
    tail = row_tails(sample.observed)
    order = np.argsort(tail, kind="stable")
    return order[: int(np.count_nonzero(tail * sample.n < level))]


def outliers(case: Case) -> Finding:
    chosen = outlying(case.sample, case.level)
    chosen = chosen if len(chosen) else np.array([np.argmin(row_tails(case.sample.observed))])
    tail = row_tails(case.sample.observed)[chosen]
    rows = list(dict.fromkeys(case.row_numbers(chosen)))
    named = ", ".join(f"{i:,}" for i in rows[:NAMED]) + (
        f" and {len(rows) - NAMED:,} more" if len(rows) > NAMED else ""
    )
    first = case.sample.y[chosen[0]]
    levels = case.sample.model.levels if case.sample.family.kind.labels else None
    value = str(levels[int(first)]) if levels else number(float(first))
    impact, evidence = "", {"rows": rows[:1000], "smallest_tail": float(tail[0])}
    try:
        top = influence(case.fit)
        own = top._pulls(
            case.sample.rows[chosen[:1]], top._x[None] - top.moves(case.sample.rows[chosen[:1]]), exact=False
        )
        found = own.rows[0]
        impact = (
            f"Row {found['row']:,} alone moves {found['estimate']} from {number(found['without'])} to "
            f"{number(found['with'])}: {number(found['pull'], 3)} standard errors"
        )
        evidence |= {"estimate": found["estimate"], "pull": found["pull"]}
    except LikelyError:
        impact = "How much they move the estimates shows a fit without them"
    step = "fit.influence().refit([" + ", ".join(map(str, rows[:5])) + "])"
    if case.name == "normal":
        step += "\n" + case.recipe.code("data", get_family("student_t"))
    many = len(rows) > 1
    return finding(
        f"{f'{len(rows):,} rows are' if many else f'Row {rows[0]:,} is'} too far out for {case.sample.family.title}",
        f"Row{'s' if many else ''} {named}; {case.fit.likelihood.model.response} = {value} in row {rows[0]:,} has a "
        f"chance of {tail[0]:.2g} to lie that far out",
        "Either they are mistakes in the data, or the family's tails are too light for them",
        importance=impact,
        next_step=step,
        chart="surprise",
        evidence=evidence,
    )


def serial(case: Case) -> Finding:
    u = signed(case.sample.observed)[case.order.order]
    r = float(np.sum(u[1:] * u[:-1]) / np.sum(u * u))
    block = max(2, round(case.sample.n ** (1.0 / 3.0)))
    rows = len(case.fit.likelihood.bound.rows if case.fit.likelihood.bound.rows is not None else case.sample.y)
    sizes = f"np.arange({rows}) // {block}"
    factor = np.sqrt(max((1.0 + r) / (1.0 - r), 0.0)) if abs(r) < 1 else np.inf
    return finding(
        f"Neighbouring rows are not independent (in the order of {case.order.by})",
        f"The correlation between the residuals of one row and the next is {number(r, 3)}",
        "The rows carry less information than their number says" if r > 0 else "Neighbouring rows repel each other",
        importance=f"The standard error of a mean is off by a factor of about {number(float(factor), 3)}",
        next_step=f"import numpy as np\nfit.with_cov(cluster={sizes}).summary()  # rows in that order, in blocks",
        chart="residuals",
        evidence={"correlation": r},
    )


def grouped(case: Case) -> Finding:
    codes, u = case.order.groups, signed(case.sample.observed)
    size = np.bincount(codes)
    pairs = float(np.sum(size * (size - 1.0)))
    together = (float(np.sum(np.bincount(codes, u) ** 2)) - float(np.sum(u * u))) / pairs
    correlation = together / float(np.mean(u * u))
    factor = np.sqrt(max(1.0 + (pairs / case.sample.n) * correlation, 0.0))
    return finding(
        "Rows of the same group are not independent",
        f"The correlation between residuals of the same group is {number(correlation, 3)}, in {len(size):,} groups",
        "The rows carry less information than their number says: groups differ by something that the model lacks",
        importance=f"The standard error of a mean is too small by a factor of about {number(float(factor), 3)}",
        next_step="fit.with_cov(cluster=groups).summary()  # the column or labels of the groups",
        chart=None,
        evidence={"correlation": correlation, "groups": len(size)},
    )
