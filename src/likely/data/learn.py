"""Designs learnt from a table: a formula's or a matrix's columns, with levels, means and knots, and their numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from likely.compute import blocks
from likely.compute.blocks import Blocks, Matrix
from likely.data import many_levels, transforms
from likely.data.columns import examples_of
from likely.data.design import Design
from likely.data.evaluation import Products, evaluate, not_finite, products
from likely.data.formula import (
    MOST_COLUMNS,
    check_sizes,
    clean,
    columns_of,
    decode,
    labelled,
    looked_up,
    names_in,
    parse,
    quote,
    too_wide,
)
from likely.data.matrices import NamedMatrix
from likely.data.predictors import as_array, frame_of, level_counts, needed_columns
from likely.data.tables import Table
from likely.errors import DataError, DesignError, first_rows
from likely.namespace.arrays import Floats


@final
@dataclass(frozen=True)
class LearntStates:
    """What was learnt of all rows of a formula's columns, where only some of the rows are at hand.

    Attributes
    ----------
    n : int
        Number of rows.
    states : mapping of str to dict
        What calls such as ``center(x)`` have learnt.
    """

    n: int
    states: Mapping[str, transforms.State]


def seen_by_formula(right: str, table: Table) -> tuple[Any, dict[str, Any]]:
    """A quoted right-hand side as parsed, and the columns that it uses, as formulaic is to see them."""
    formula = parse(right)
    needed = columns_of(formula)
    if "Intercept" in needed:
        raise DesignError("a predictor cannot be called 'Intercept', the name of the constant term: rename the column")
    return formula, needed_columns(needed, table, formula)


def empty(n: int) -> tuple[Design, Matrix]:
    """A design without columns, and its matrix."""
    return Design((), "0"), np.zeros((n, 0))


def from_formula(right: str, table: Table, learnt: LearntStates | None = None) -> tuple[Design, Matrix]:
    """The design of a right-hand side, learnt from a table, and its matrix there.

    Parameters
    ----------
    right : str
    table : Table
        All rows, or some that show every level.
    learnt : LearntStates, optional
        What was learnt of all rows, where the table holds some.

    Raises
    ------
    DesignError
        If the formula cannot be read or evaluated, with the reason.
    UnknownNameError
        If it names a column that does not exist.
    """
    right = quote(right, table.names)
    formula, values = seen_by_formula(right, table)
    in_c, n = labelled(formula), table.n if learnt is None else learnt.n
    check_sizes(formula, n, level_counts(values, in_c))
    if (numeric := products(formula, values)) is not None:
        return _multiplied(numeric, right, values, table)
    many = many_levels.find(formula, values, n)
    frame = frame_of(values | many_levels.stand_ins(formula, many, table.n), table.n)
    if learnt is None:
        states = transforms.learnt_from(formula, frame, right)
    else:
        states = {call: learnt.states[call] for call in transforms.calls(formula)}
    matrix = evaluate(formula, frame, right, states)
    spec, coding = matrix.model_spec, None
    _refuse_vanished(spec, values)
    names = tuple(decode(str(c)) for c in matrix.columns)
    terms = tuple((decode(str(term)), tuple(places)) for term, places in spec.term_indices.items())
    if many:
        from formulaic import Formula

        made: dict[int, Any] = {}

        def recipe(text: str) -> Any:
            numbers = evaluate(Formula(text), frame, decode(text), states)
            made[id(numbers.model_spec)] = numbers
            return numbers.model_spec

        coding, names, terms = many_levels.coding(spec, many, recipe)
    if len(names) > MOST_COLUMNS:
        raise too_wide(len(names), [max(terms, key=lambda term: len(term[1]))[0]])
    try:
        if coding is None:
            x: Matrix = as_array(matrix)
        else:
            x = coding.matrix(matrix, {name: values[name] for name in many}, lambda own: made[id(own)])
    except (TypeError, ValueError) as error:
        raise DesignError(f"the formula {right!r} does not give numbers: {clean(error)}") from error
    _require_finite(x, names, table)
    import pandas as pd

    as_levels = in_c | looked_up(formula)
    levels = tuple(
        (name, tuple(column.categories) if isinstance(column, pd.Categorical) else tuple(dict.fromkeys(column)))
        for name, column in values.items()
        if name in as_levels and (name in in_c or isinstance(column, pd.Categorical) or column.dtype.kind == "O")
    )
    return Design(names, right, spec, levels, coding=coding, terms=terms), x


def _multiplied(recipe: Products, right: str, values: Mapping[str, Any], table: Table) -> tuple[Design, Matrix]:
    """The design of products of columns of numbers, and its matrix."""
    x, sums = recipe.matrix_and_sums(values, table.n)
    _require_finite(x, recipe.names, table, sums)
    terms = tuple((term, (j,)) for j, (term, _) in enumerate(recipe.terms))
    return Design(recipe.names, right, recipe, terms=terms), x


def _require_finite(x: Matrix, names: Sequence[str], table: Table, sums: Floats | None = None) -> None:
    if (wrong := not_finite(x, sums)) is not None:
        j = wrong[1]
        bad = blocks.column(x, j)
        where = np.flatnonzero(~np.isfinite(bad))
        raise DataError(
            f"the column {names[j]!r} of the design has values that are not finite: "
            f"{first_rows(table.places(where), bad[where])}"
        )


def _refuse_vanished(spec: Any, columns: dict[str, Any]) -> None:
    """A term without a column in the design would be left out without a word."""
    for term, columns_of_term in spec.term_indices.items():
        if len(columns_of_term):
            continue
        for factor in term.factors:
            for name in map(decode, names_in(factor)):
                distinct = list(dict.fromkeys(columns[name]))
                if len(distinct) <= 1:
                    raise DesignError(
                        f"the predictor {name!r} has one level only ({examples_of(distinct)}), so nothing is known of "
                        "it: leave it out"
                    )
        if term.factors and decode(str(term)) not in ("1", "0"):
            raise DesignError(f"the term {decode(str(term))!r} gives no column of the design: leave it out")


def from_matrix(matrix: NamedMatrix, table: Table) -> tuple[Design, Matrix]:
    """The design of a matrix that was read for the rows of a table, used as it stands (no intercept is added)."""
    x, names = matrix.x, matrix.names
    x = x if isinstance(x, Blocks) else np.ascontiguousarray(x, dtype=float)
    if (wrong := not_finite(x, matrix.sums)) is not None:
        i, j = wrong
        raise DataError(
            f"the matrix of predictors has values that are not finite, the first {blocks.column(x, j)[i]} in row "
            f"{int(table.places(i))}, column {j}; drop or fill these rows"
        )
    return Design(names or tuple(f"x{j + 1}" for j in range(x.shape[1])), named=bool(names)), x
