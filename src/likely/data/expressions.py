"""Expressions of columns, such as an offset or an exposure, as numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from likely.data.evaluation import evaluate
from likely.data.formula import check_sizes, clean, columns_of, decode, parse_arithmetic, quote
from likely.data.predictors import absent, check_variables, frame_of, needed_columns
from likely.data.tables import Table, numbers
from likely.errors import DataError, DesignError, first_rows, listed, unknown
from likely.namespace.arrays import Floats


def expression(text: str, table: Table) -> Floats:
    """The values of an expression of columns such as ``log(exposure)``, as floats; NaN where a column has none.

    Raises
    ------
    DesignError
        If it cannot be read or does not give one number for each row.
    DataError
        If its value is not finite although nothing is missing.
    """
    if text in table:
        return table.number(text)
    text = quote(text, table.names).strip()
    if text.startswith("`") and text.count("`") == 2 and text.endswith("`"):
        name = text.strip("`")
        check_variables([name], table, " in the formula")
        return expression(name, table)
    formula = parse_arithmetic(text)
    check_sizes(formula, table.n, {})
    columns = needed_columns(columns_of(formula), table, formula)
    matrix = evaluate(formula, frame_of(columns, table.n), text)
    if matrix.shape[1] != 1:
        raise DesignError(f"{text!r} must give one column of numbers, it gives {listed(map(decode, matrix.columns))}")
    try:
        values = np.array(matrix.iloc[:, 0], dtype=float)
    except (TypeError, ValueError) as error:
        raise DesignError(f"{text!r} must give numbers: {clean(error)}") from error
    lost = np.zeros(table.n, dtype=bool)
    for name, column in columns.items():
        lost |= absent(name, column, table, formula)
    values[lost] = np.nan  # a comparison with a missing value is neither true nor false
    if np.any(bad := ~np.isfinite(values) & ~lost):
        where = np.flatnonzero(bad)
        raise DataError(f"{text} is not finite: {_cause(text)} in {first_rows(table.places(where), values[where])}")
    return values


def log_exposure(exposure: Any, table: Table) -> Any:
    """The offset that an exposure stands for: the text of its logarithm, or its values.

    Raises
    ------
    UnknownNameError
        If it names a column that does not exist.
    DataError
        If one of its values is not positive.
    """
    if isinstance(exposure, str):
        if exposure.isidentifier() and exposure not in table:
            raise unknown("column", exposure, table.names, " for exposure")
        text = quote(exposure, table.names) if exposure not in table else f"`{exposure}`"
        return f"log({text})"
    values = np.asarray(numbers(np.atleast_1d(np.asarray(exposure)), "exposure"))
    if np.any(bad := values <= 0):  # missing ones are told of with those of other columns
        where = np.flatnonzero(bad)
        raise DataError(f"exposures must be positive, found {first_rows(table.places(where), values[where])}")
    return np.log(values) if np.ndim(exposure) else float(np.log(values[0]))


def _cause(text: str) -> str:
    if "log" in text:
        return "a logarithm of zero or of a negative number"
    if "sqrt" in text:
        return "a root of a negative number"
    return "a division by zero, or an operation without a finite result,"
