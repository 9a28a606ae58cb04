"""Offsets, exposures and known values as SQL: columns, expressions of columns, and numbers."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from likely.data.formula import decode, parse_arithmetic
from likely.errors import LikelyError, OptionError
from likely.models.slot import Slot
from likely.prediction.sql.columns import Columns
from likely.prediction.sql.formulas import Arithmetic, number
from likely.prediction.sql.namespace import SqlNamespace
from likely.prediction.sql.values import added


def value(spec: Any, what: str, columns: Columns) -> Any:
    """A column, an expression of columns or a number.

    Raises
    ------
    OptionError
        If it is none of these, or has no SQL.
    """
    if isinstance(spec, str):
        return _expression(spec, columns)
    if np.ndim(spec) > 0 or spec is None:
        raise OptionError(
            f"{what} is one value for each row, given as an array: give a column, an expression of columns or a "
            f"number, such as {what}='t'"
        )
    return float(spec)


def _expression(text: str, columns: Columns) -> Any:
    text = text.strip()
    if text.startswith("`") and text.endswith("`") and text.count("`") == 2:
        return columns.number(text.strip("`"))
    try:
        formula = parse_arithmetic(text)
    except LikelyError:
        if re.search(r"[()+*/`]", text):
            raise
        return columns.number(text)  # a name that is no Python name
    factors = [factor for term in formula for factor in term.factors]
    if len(factors) != 1 or factors[0].eval_method.value not in ("lookup", "python"):
        raise OptionError(f"{text!r} has no SQL: write it as one expression of columns")
    if factors[0].eval_method.value == "lookup":
        return columns.number(decode(factors[0].expr))
    return number(Arithmetic(factors[0].expr, columns, {}).value(ast.parse(factors[0].expr, mode="eval").body))


def offset(slot: Slot, name: str, first: bool, given: Mapping[str, Any], columns: Columns) -> Any:
    """What is added to a linear predictor, as the fit had it or as it is given.

    Parameters
    ----------
    slot : Slot
    name : str
        Of its parameter, as the user knows it.
    first : bool
        Whether it is the model's first linear predictor, to which an exposure belongs.
    given : mapping
    columns : Columns
    """
    specs = slot.offset or ()
    if "offset" in given:
        own = given["offset"]
        specs = (own.get(name, 0.0) if isinstance(own, Mapping) else own,)
    if "exposure" in given and first:
        if "offset" in given or len(specs) != 1:
            raise OptionError("an exposure beside other offsets: pass offset=, the sum of all with log(exposure)")
        exposure = value(given["exposure"], "exposure", columns)
        if not hasattr(exposure, "text") and not exposure > 0.0:
            raise OptionError(f"exposures must be positive, found {exposure:g}")
        return SqlNamespace().log(exposure)
    return added([value(spec, "offset", columns) for spec in specs])
