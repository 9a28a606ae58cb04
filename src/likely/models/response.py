"""The response: which column or expression it is, and its values."""

from __future__ import annotations

from typing import Any

import numpy as np

from likely.data import design as designs
from likely.data import tables
from likely.data.tables import Table
from likely.errors import DataError, OptionError, SupportError, listed
from likely.families.base import Family
from likely.models import checks


def asked(table: Table, formula: Any) -> tuple[str, Any]:
    """The response's name, and the first parameter's right side (text, matrix or None)."""
    if isinstance(formula, str):
        left, right = designs.split(formula)
        if left is None:
            if len(table.names) != 1:
                raise OptionError(
                    f"the formula {formula!r} names no response; write '<column> {formula}' with one of "
                    f"{listed(table.names)}"
                )
            left = table.names[0]
        if left.startswith("cbind("):
            raise OptionError(
                f"{left!r}: for successes out of trials write the successes as the response and name the trials in "
                'the family: lk.fit(lk.Binomial(n="trials"), df, "successes ~ x")'
            )
        if table.n == 0:
            raise DataError(f"the data have no rows (columns: {listed(table.names)})")
        left = left.strip("`") if left.strip("`") in table else left
        return left, None if right == "1" else right
    checks.require_matrix(formula)
    if len(table.names) > 1:
        raise OptionError(
            f"the data have {len(table.names)} columns ({listed(table.names)}): say which is the response with a "
            f"formula such as {table.names[0] + ' ~ 1'!r}"
        )
    if not table.names or table.n == 0:
        raise DataError("the data are empty: no observation, no likelihood to maximise")
    return table.names[0], formula


def values(family: Family, table: Table, name: str) -> Any:
    """The response as it is; for a family of categories yes and no are labels even where some are missing."""
    if name not in table:
        return designs.expression(name, table)
    return table.labels(name) if family.kind.labels else table.measured(name)


def plain(family: Family, y: Any, name: str, table: Table) -> Any:
    """The response as numbers, or as it is for a family of categories."""
    if family.kind.labels:
        levels = table.levels(name)
        return (y, levels) if levels else y
    if y.dtype.kind not in "fiub":
        try:
            return table.number(name) if name in table else tables.numbers(y, name)  # raises, with advice
        except DataError as error:  # other families may take them: in a comparison this is one candidate's failure
            raise SupportError(str(error)) from None
    return np.ascontiguousarray(y, dtype=float)
