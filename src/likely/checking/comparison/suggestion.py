"""Families for a column: what could have made these numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from likely.checking.comparison.candidates import attempt, side_by_side
from likely.checking.comparison.record import Comparison
from likely.checking.goodness import goodness
from likely.data import tables
from likely.errors import DataError, LikelyError, OptionError, is_one_of, unknown
from likely.families import get_family
from likely.families.base import Kind
from likely.models.asked import Asked
from likely.show.text_table import p_value

if TYPE_CHECKING:
    from likely.estimates import Estimates

REAL = ("normal", "student_t", "laplace", "logistic", "skew_normal", "gumbel", "cauchy")
POSITIVE = ("gamma", "log_normal", "weibull", "inverse_gaussian", "exponential", "log_logistic", "normal", "student_t")
SHARES = ("beta", "normal")
COUNTS = ("poisson", "negative_binomial", "geometric")
TESTED, REPLICATES, TESTED_ROWS = 3, 199, 10_000
FOLDS = 10
LEVEL = 0.05  # of the test of goodness of fit
LARGEST = 1_000.0  # whole numbers beyond which amounts are taken for measured ones


def suggested(
    y: Any, column: str | None, *, folds: int | str | None, replicates: int, seed: int, progress: Any, na: Any
) -> Comparison[Estimates]:
    """Families for a column; see `likely.suggest`."""
    table = tables.read(y, na)
    if column is None:
        if not table.names:
            raise DataError("the data have no column")
        if len(table.names) != 1:
            raise OptionError(f"there are several columns; name one: lk.suggest(data, {table.names[0]!r})")
        column = table.names[0]
    elif not is_one_of(column, table.names):
        raise unknown("column", column, table.names)
    values = table.measured(column)
    kept = ~np.asarray(tables.missing(values))
    if values.dtype.kind not in "fiub":
        try:
            table.number(column)
        except DataError as error:
            raise DataError(
                f"{column} holds no numbers; for labels there are lk.Categorical() and lk.Ordinal(): {error}"
            ) from error
    numbers = np.asarray(values[kept], dtype=float)
    if len(numbers) < 3 or np.ptp(numbers) == 0:
        raise DataError(f"{column} has {len(np.unique(numbers))} distinct values; three rows that differ are the least")
    candidates = [get_family(name) for name in _kind(numbers)]
    data = tables.read({column: numbers}, None)
    tried = [attempt(Asked(family, column, on_failure="return", progress=progress), data) for family in candidates]
    found = side_by_side(tried, folds=folds if len(numbers) > 10 else None, seed=seed, progress=progress)
    lost = f" {int(np.sum(~kept)):,} missing values were left out." if not np.all(kept) else ""
    tested = _tested(
        [row.estimates for row in found.rows[:TESTED] if row.estimates is not None], replicates, seed, progress
    )
    return found.with_notes([*tested, *_left_out(numbers), *([lost.strip()] if lost else [])])


def _kind(y: Any) -> tuple[str, ...]:
    """Families for such numbers."""
    whole, low, high = bool(np.all(y == np.round(y))), float(np.min(y)), float(np.max(y))
    if whole and set(np.unique(y)) <= {0.0, 1.0}:
        return ("bernoulli",)
    if whole and low >= 0.0 and high <= LARGEST:
        return COUNTS
    if low > 0.0 and high < 1.0:
        return SHARES
    return POSITIVE if low > 0.0 else REAL


def _left_out(y: Any) -> list[str]:
    """Why families that one might expect are not among the candidates."""
    whole, low, high = bool(np.all(y == np.round(y))), float(np.min(y)), float(np.max(y))
    if whole and low < 0.0:
        return ["Whole numbers below 0 are no counts: they were taken for measured ones."]
    if whole and high > LARGEST:
        return [f"Whole numbers beyond {LARGEST:,.0f} were taken for measured ones, not for counts."]
    if not whole and low >= 0.0 and high <= 1.0 and (low == 0.0 or high == 1.0):
        return ["Beta was left out: it gives exact 0 and 1 no density."]
    if not whole and low == 0.0:
        return ["Families of positive numbers were left out: there are exact zeros."]
    return []


def _tested(fits: list[Estimates], replicates: int, seed: int, progress: Any) -> list[str]:
    """What the tests of goodness of fit said, a sentence each."""
    sentences = []
    for fit in fits:
        title = fit.likelihood.model.family.title
        if not replicates or not fit.converged:
            continue
        if len(fit.likelihood.bound.y) > TESTED_ROWS:
            return [f"Beyond {TESTED_ROWS:,} rows goodness of fit is not tested here: every family is wrong a little."]
        if fit.likelihood.model.family.kind is Kind.BINARY:
            continue
        try:
            found = goodness(fit, replicates=replicates, seed=seed, progress=progress)
        except LikelyError as error:
            sentences.append(f"{title}: not tested ({error}).")
            continue
        verdict = "could have made these data" if found.p_value > LEVEL else "could hardly have made these data"
        p = p_value(found.p_value, LEVEL)
        sentences.append(f"{title} {verdict}: goodness of fit p = {p} ({found.test}, parametric bootstrap).")
    return sentences
