"""From the text of a formula to its terms, with what formulas may say checked."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from likely.data.formula import terms
from likely.data.formula.code import check_code, too_deep
from likely.data.formula.names import decode, encode, shown
from likely.data.formula.roles import columns_of
from likely.data.formula.text import check_signs
from likely.errors import DesignError


@lru_cache(maxsize=32)
def parse(right: str) -> Any:
    """Formulaic's reading of a side, with tokens for awkward names; functions and methods are checked."""
    from formulaic.errors import FormulaicError

    check_signs(right)
    try:
        formula = terms.formula_of(encode(right))
    except (RecursionError, MemoryError) as error:
        raise too_deep(encode(right)) from error
    except (FormulaicError, AttributeError) as error:
        raise DesignError(f"cannot read the formula {shown(right)}: {clean(error)}") from error
    except SyntaxError as error:
        raise DesignError(f"cannot read the formula {shown(right)}: {error.msg}") from error
    for code in {f.expr: None for term in formula for f in term.factors if f.eval_method.value == "python"}:
        check_code(code)
    return formula


def clean(error: BaseException) -> str:
    """What formulaic says, without its marks and colours and with the user's names."""
    text = re.sub(r"\x1b\[[0-9;]*m|[⧛⧚]", "", str(error))
    message = decode(" ".join(text.split("\n\n")[0].split()))
    return (message if len(message) <= 400 else message[:400] + "...") or type(error).__name__


def parse_arithmetic(text: str) -> Any:
    """Formulaic's reading of an expression in which ``+ - * /`` are arithmetic, as they are in braces."""
    inner = text.strip()
    if inner.startswith("{") and inner.endswith("}") and inner.count("{") == 1:
        inner = inner[1:-1]
    if not inner.strip():
        raise DesignError(f"{shown(text)} is empty: write a column or an expression of columns")
    try:
        return parse(f"{{{inner}}} - 1")
    except DesignError as error:  # in the user's words
        message = str(error).replace(f"{{{inner}}} - 1", inner)
        raise DesignError(message) from error


def operands(text: str) -> list[str]:
    """Names of the columns that an expression uses."""
    return columns_of(parse_arithmetic(text))


def variables(text: str) -> list[str]:
    """Names of the columns that a formula's side, or an expression, uses."""
    try:
        return columns_of(parse(text))
    except DesignError as error:
        try:
            return operands(text)
        except DesignError:
            raise error from None
