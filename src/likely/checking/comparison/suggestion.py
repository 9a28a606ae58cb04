"""Families for a column: what could have made these numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from likely.checking.comparison.candidates import compare
from likely.checking.comparison.record import Comparison
from likely.data import tables
from likely.errors import DataError, LikelyError, OptionError, is_one_of, unknown
from likely.errors.boundary import public
from likely.families import get_family
from likely.families.base import Kind
from likely.show.grid import p_value

if TYPE_CHECKING:
    from likely.results import Fit

REAL = ("normal", "student_t", "laplace", "logistic", "skew_normal", "gumbel", "cauchy")
POSITIVE = ("gamma", "log_normal", "weibull", "inverse_gaussian", "exponential", "log_logistic", "normal", "student_t")
SHARES = ("beta", "normal")
COUNTS = ("poisson", "negative_binomial", "geometric")
TESTED, REPLICATES, TESTED_ROWS = 3, 199, 10_000
FOLDS = 10
LEVEL = 0.05  # of the test of goodness of fit
LARGEST = 1_000.0  # whole numbers beyond which amounts are taken for measured ones


@public
def suggest(
    y: Any,
    column: str | None = None,
    *,
    folds: int | str | None = FOLDS,
    replicates: int = REPLICATES,
    seed: int = 0,
    progress: Any = None,
    na: Any = None,
) -> Comparison:
    """Families for a column, ranked by AIC and by held-out log-likelihood, with a goodness-of-fit test for the best.

    Parameters
    ----------
    y : data of any kind
        The numbers, or a table with `column`.
    column : str, optional
    folds : int, "loo" or None
        Of the held-out log-likelihood.
    replicates : int
        Of the parametric bootstrap behind the test; 0 leaves it out. It is run for the three best, up to 10,000 rows.
    seed : int
    progress : {None, "auto", True, False}
    na : str, number or list of them, optional
        Cells that stand for a missing value, such as ``["?", "unknown"]``.

    Returns
    -------
    Comparison
        Its notes say what the tests found. The ranking asks which family makes the data least surprising; the test,
        whether it could have made them at all.

    Raises
    ------
    DataError
        If there are no numbers, or all are the same.

    Examples
    --------
    >>> import likely as lk
    >>> import numpy as np
    >>> y = np.random.default_rng(0).gamma(2.0, 3.0, size=200)
    >>> lk.suggest(y, folds=None, replicates=0).rows[0].name
    'Gamma'
    """
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
    found = compare(
        candidates, {column: numbers}, column, folds=folds if len(numbers) > 10 else None, seed=seed, progress=progress
    )
    lost = f" {int(np.sum(~kept)):,} missing values were left out." if not np.all(kept) else ""
    tested = _tested([row.fit for row in found.rows[:TESTED] if row.fit is not None], replicates, seed, progress)
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


def _tested(fits: list[Fit], replicates: int, seed: int, progress: Any) -> list[str]:
    """What the tests of goodness of fit said, a sentence each."""
    said = []
    for fit in fits:
        title = fit.likelihood.model.family.title
        if not replicates or not fit.converged:
            continue
        if len(fit.likelihood.bound.y) > TESTED_ROWS:
            return [f"Beyond {TESTED_ROWS:,} rows goodness of fit is not tested here: every family is wrong a little."]
        if fit.likelihood.model.family.kind is Kind.BINARY:
            continue
        try:
            found = fit.goodness(replicates=replicates, seed=seed, progress=progress)
        except LikelyError as error:
            said.append(f"{title}: not tested ({error}).")
            continue
        verdict = "could have made these data" if found.p_value > LEVEL else "could hardly have made these data"
        p = p_value(found.p_value, LEVEL)
        said.append(f"{title} {verdict}: goodness of fit p = {p} ({found.test}, parametric bootstrap).")
    return said
