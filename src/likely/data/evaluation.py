"""Formulas evaluated: products of columns of numbers at once, all others by formulaic, with its errors in words."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, final

import numpy as np

from likely.compute import blocks
from likely.compute.blocks import Matrix
from likely.compute.engines import memory
from likely.compute.parts import ROWS_AT_ONCE
from likely.data.formula import clean, context, decode
from likely.data.predictors import stacked_and_summed
from likely.errors import DesignError, LikelyError
from likely.namespace.arrays import Floats


@final
@dataclass(frozen=True)
class Products:
    """The recipe of a formula whose terms are products of columns of numbers: the design that formulaic makes of it.

    Attributes
    ----------
    terms : tuple of (str, tuple of str)
        The terms with the columns that each multiplies; none for the intercept.
    """

    terms: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns of the design, one for each term."""
        return tuple(":".join(columns) or "Intercept" for _, columns in self.terms)

    def matrix(self, values: Mapping[str, Any], n: int) -> Floats:
        """The design for n rows, from the columns by name."""
        return self.matrix_and_sums(values, n)[0]

    def matrix_and_sums(self, values: Mapping[str, Any], n: int) -> tuple[Floats, Floats]:
        """The same with the sums of its columns."""
        with np.errstate(all="ignore"):
            made = [reduce(np.multiply, [values[c] for c in columns]) if columns else 1.0 for _, columns in self.terms]
        return stacked_and_summed(made, n)


def products(formula: Any, values: Mapping[str, Any]) -> Products | None:
    """The recipe of a formula as parsed, of columns by name; None where it is not of products of numbers alone."""
    if any(hasattr(column, "codes") or column.dtype != np.float64 for column in values.values()):
        return None
    factors = [(term, factor) for term in formula for factor in term.factors]
    if any(f.eval_method.value != "lookup" and (f.expr != "1" or len(t.factors) > 1) for t, f in factors):
        return None
    terms = []
    for term in formula:
        columns = tuple(decode(f.expr) for f in term.factors if f.eval_method.value == "lookup")
        terms.append((decode(str(term)), columns))
    return Products(tuple(terms)) if terms else None


def evaluate(formula: Any, frame: Any, text: str, states: Mapping[str, Any] | None = None) -> Any:
    """What formulaic makes of a frame, with what calls such as ``center(x)`` have learnt before."""
    how = {"context": context(), "na_action": "ignore", "transform_state": dict(states or {})}
    return in_words(text, lambda: formula.get_model_matrix(frame, **how))


def in_words(text: str, action: Callable[[], Any]) -> Any:
    """What an evaluation of a formula's expressions gives, or a DesignError that says why it gives nothing."""
    try:
        return quietly(action)
    except LikelyError:
        raise
    except Exception as error:  # formulaic evaluates the user's expressions, which may raise anything
        message = clean(error)
        logic = any(sign in message for sign in (" &", " |", "invert"))
        advice = "; yes and no are 1 and 0 here: join conditions as (x == 1) & (z == 0)" if logic else ""
        raise DesignError(f"cannot evaluate the formula {text!r}: {message}{advice}") from error


def quietly(action: Any) -> Any:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return action()


def column_sums(x: Matrix) -> Floats:
    """The sum of every column; none is finite where a value of the column is not."""
    ones = np.ones(min(len(x), ROWS_AT_ONCE))

    def sums(lo: int, hi: int) -> tuple[Any, ...]:
        with np.errstate(all="ignore"):
            return (ones[: hi - lo] @ x[lo:hi],)

    with np.errstate(all="ignore"):
        return memory.sum_blocks(sums, len(x), ROWS_AT_ONCE)[0]


def not_finite(x: Matrix, total: Floats | None = None) -> tuple[int, int] | None:
    """Row and column of a value that is not finite, the first column that has one; None if all are finite.

    Parameters
    ----------
    x : Matrix
    total : ndarray, optional
        The sums of the columns, where they are known.
    """
    total = column_sums(x) if total is None else total
    if np.all(np.isfinite(total)):
        return None
    for j in np.flatnonzero(~np.isfinite(total)):
        if np.any(bad := ~np.isfinite(blocks.column(x, int(j)))):
            return int(np.flatnonzero(bad)[0]), int(j)
    return None
