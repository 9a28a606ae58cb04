"""How many columns a formula makes: no more than a fit can hold."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any

from likely.data.formula.code import parts_of, path_of, tree_of, written
from likely.data.formula.names import decode, shown
from likely.data.formula.roles import labelled_in
from likely.errors import DesignError

MOST_CELLS = 50_000_000  # numbers in the columns that a function makes
MOST_COLUMNS = 14_000  # of a design: their information has 200 million numbers

# functions that make as many columns as they are told, and where, beside which arguments say so
_COLUMNS = {
    "bs": ("df", "degree"),
    "cr": ("df",),
    "cs": ("df",),
    "cc": ("df",),
    "poly": ("degree",),
    "hashed": ("levels",),
}


def check_sizes(formula: Any, n: int, levels: Mapping[str, int]) -> None:
    """Refuse formulas that make more columns than there are rows by a function, or than fit in memory.

    Parameters
    ----------
    formula
        As parsed by formulaic.
    n : int
        Number of rows.
    levels : mapping of str to int
        How many levels the columns have that are levels.
    """
    widths: dict[str, float] = {}
    for factor in {f.expr: f for term in formula for f in term.factors}.values():
        if factor.eval_method.value == "lookup":
            widths[factor.expr] = max(1, levels.get(decode(factor.expr), 1) - 1)
        elif factor.eval_method.value == "python":
            names = labelled_in(factor)
            counted = [levels[name] - 1 for name in names if name in levels]
            widths[factor.expr] = max([1.0, _asked(factor.expr, n), *counted])
    total = 0.0
    for term in formula:
        width = 1.0
        for factor in term.factors:
            width *= widths.get(factor.expr, 1.0)
        total += width
        if total > MOST_COLUMNS:
            raise too_wide(total, [decode(str(term))])


def too_wide(count: float, terms: Sequence[str]) -> DesignError:
    """The error for a design of more columns than a fit can hold."""
    which = f", most of them of {shown(terms[0], 60)}" if terms else ""
    return DesignError(
        f"the formula makes {count:,.0f} columns or more{which}, and {MOST_COLUMNS:,} are the most whose information "
        "fits in memory. A column of identifiers is no predictor: leave it out, or join levels"
    )


def _asked(code: str, n: int) -> float:
    """How many columns an expression is told to make."""
    tree, text = tree_of(code), shown(decode(code))
    numbers, most = written(tree, text), 1.0
    for node in parts_of(tree, ast.Call):
        name = path_of(node.func)
        if name not in _COLUMNS:
            continue
        given = {k.arg: k.value for k in node.keywords if k.arg in _COLUMNS[name]}
        if len(node.args) > 1 and name != "hashed":
            given[_COLUMNS[name][0]] = node.args[1]
        for argument, value in given.items():
            count = numbers.get(id(value), 0.0)
            asked = f"{argument}={count:,.0f}" if count < 1e15 else f"{argument}={count:.3g}"
            if name != "hashed" and count > n:
                raise DesignError(f"{text} asks for {asked}, and there are {n:,} rows: it can be at most as many")
            if count * n > MOST_CELLS:
                raise DesignError(
                    f"{text} asks for {asked}: with {n:,} rows that is more than {MOST_CELLS:,} numbers, and does not "
                    "fit in memory"
                )
            most = max(most, count)
    return most
