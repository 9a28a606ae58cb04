"""The terms of a design as SQL: its columns, by the same recipes that make them from a table."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from functools import reduce
from itertools import product
from operator import mul
from typing import Any

import numpy as np

from likely.data import many_levels
from likely.data.design import Design
from likely.data.evaluation import Products, evaluate
from likely.data.formula import decode
from likely.data.predictors import frame_of
from likely.data.transforms import FROM_VALUES
from likely.errors import OptionError
from likely.prediction.sql import bases
from likely.prediction.sql.columns import Columns
from likely.prediction.sql.factors import Basis, Factor, Levels, Numbers, total
from likely.prediction.sql.formulas import Arithmetic, number, refused
from likely.prediction.sql.namespace import SqlNamespace
from likely.prediction.sql.values import added

MOST_ALIASED = 200  # columns in what is required of rows, each of which is written out


def predictor(design: Design, coefficients: Any, columns: Columns) -> Any:
    """A linear predictor: the columns in use times their coefficients.

    Rows that do not obey what made other columns needless get NULL.

    Raises
    ------
    OptionError
        If a term has no SQL, by its name.
    """
    weights = np.zeros(len(design.all_names))
    weights[list(range(len(design.all_names)) if design.kept is None else design.kept)] = coefficients
    made = _weighted(design, weights, columns)
    if design.aliasing is not None:
        _require_aliased(design, columns)
    return made


def _require_aliased(design: Design, columns: Columns) -> None:
    """Require of a row what made columns needless: where it does not hold, nothing is known of the row."""
    assert design.aliasing is not None
    null, left_out = np.asarray(design.aliasing.null), ", ".join(design.aliasing.combinations)
    if design.aliasing.partner is not None or np.count_nonzero(null) > MOST_ALIASED:
        raise OptionError(
            f"the columns {left_out} were left out because others make them up, and what holds of them has no SQL: fit "
            "without these terms, or predict with fit.predict"
        )
    xp = SqlNamespace()
    for direction in null.T:
        used = np.flatnonzero(direction)
        parts = [direction[j] * _weighted(design, np.eye(len(direction))[j], columns, {int(j)}) for j in used]
        columns.require(xp.abs(added(parts)) <= 1e-7 * added([xp.abs(part) for part in parts]))


def _weighted(design: Design, weights: Any, columns: Columns, only: set[int] | None = None) -> Any:
    """The weighted sum of the columns that a design's recipe makes; of the terms of some columns only."""
    if design.spec is None:
        pairs = zip(design.all_names, weights, strict=True)
        return added([float(weight) * columns.number(name) for name, weight in pairs if weight != 0.0])
    if isinstance(design.spec, Products):
        return _products(design.spec, weights, columns)
    if design.coding is None:
        return _structure(design.spec, weights, columns, only)
    coding = design.coding
    of_spec, known = np.zeros(len(design.spec.column_names)), frozenset(coding.levels)
    of_spec[coding.plain[0]] = weights[coding.plain[1]]
    plain = None if only is None else {int(a) for a, b in coding.plain.T if b in only}
    parts = [_structure(design.spec, of_spec, columns, plain, but=known)]
    for one in coding.products:
        places = range(one.start, one.start + len(one.names))
        if only is None or only & set(places):
            factors = [_coded(factor, coding.levels, columns) for factor in one.factors]
            parts.append(_total(factors, weights[places.start : places.stop]))
    return added(parts)


def _products(recipe: Products, weights: Any, columns: Columns) -> Any:
    """Products of columns of numbers."""
    parts = []
    for (_, names), weight in zip(recipe.terms, weights, strict=True):
        if weight != 0.0:
            parts.append(reduce(mul, [columns.number(name) for name in names], float(weight)))
    return added(parts)


def _structure(
    spec: Any, weights: Any, columns: Columns, only: set[int] | None, but: frozenset[str] = frozenset()
) -> Any:
    """The terms of formulaic's recipe, but for those of columns whose levels are coded elsewhere."""
    parts, start = [], 0
    for encoded in spec.structure:
        places = range(start, start + len(encoded.columns))
        start = places.stop
        methods = {factor.expr: factor.eval_method.value for factor in encoded.term.factors}
        if (only is not None and not only & set(places)) or but & {_column_of(expr) for expr in methods}:
            continue
        names = [decode(str(name)) for name in encoded.columns]
        of_name = dict(zip(names, weights[places.start : places.stop], strict=True))
        for scoped in encoded.scoped_terms:
            factors = [_factor(f.factor.expr, methods[f.factor.expr], f.reduced, spec, columns) for f in scoped.factors]
            made = [":".join(combined) or "Intercept" for combined in _combined(factors)]
            if not set(made) <= set(names):
                raise refused(str(encoded.term), "its columns are coded in a way of their own", columns)
            parts.append(_total(factors, float(scoped.scale) * np.array([of_name[name] for name in made])))
    return added(parts)


def _combined(factors: Sequence[Factor]) -> list[tuple[str, ...]]:
    """The names of the columns of a product, the first factor varying fastest."""
    return [names[::-1] for names in product(*(factor.names for factor in reversed(factors)))]


def _total(factors: Sequence[Factor], weights: Any) -> Any:
    """The weighted sum of a product's columns, the first factor varying fastest."""
    return total(factors, np.reshape(weights, tuple(len(factor.names) for factor in reversed(factors))).T)


def _coded(factor: many_levels.Levels | many_levels.Numbers, levels: Mapping[str, Any], columns: Columns) -> Factor:
    """A factor of a product whose levels are one integer a row."""
    if isinstance(factor, many_levels.Levels):
        coding = np.eye(len(factor.names) + 1)[factor.place[: len(levels[factor.column])], : len(factor.names)]
        return Levels(factor.names, columns, factor.column, tuple(levels[factor.column]), coding)
    term = factor.spec.structure[0].term.factors[0]
    return _factor(term.expr, term.eval_method.value, False, factor.spec, columns)


def _column_of(expr: str) -> str | None:
    """The column of which a factor is the levels: ``g`` of ``g`` and of ``C(g, ...)``."""
    node = ast.parse(expr, mode="eval").body
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "C" and node.args:
        node = node.args[0]
    return decode(node.id) if isinstance(node, ast.Name) else None


def _factor(expr: str, method: str, reduced: bool, spec: Any, columns: Columns) -> Factor:
    """A factor of a term, by formulaic's recipe."""
    kind, state = spec.encoder_state[expr]
    if kind.value == "categorical":
        return _levels(expr, reduced, state, columns)
    name = decode(expr)
    if method == "lookup":
        return Numbers((name,), (columns.number(name),))
    node = ast.parse(expr, mode="eval").body
    arithmetic = Arithmetic(expr, columns, spec.transform_state)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FROM_VALUES:
        return _basis(node, name, arithmetic)
    return Numbers((name,), (number(arithmetic.value(node)),))


def _levels(expr: str, reduced: bool, state: Mapping[str, Any], columns: Columns) -> Levels:
    """The levels of a column, with the numbers that formulaic codes them by."""
    import pandas as pd
    from formulaic import Formula

    column, levels = _column_of(expr), state.get("categories")
    if column is None or levels is None:
        raise refused(expr, "it takes an expression for levels", columns)
    frame = frame_of({column: pd.Categorical(levels, categories=levels)}, len(levels))
    text = f"{'1' if reduced else '0'} + {expr}"
    matrix = evaluate(Formula(text), frame, decode(text))
    kept = [j for j, name in enumerate(matrix.columns) if name != "Intercept"]
    coding = np.asarray(matrix.iloc[:, kept], dtype=float)
    names = tuple(decode(str(matrix.columns[j])) for j in kept)
    return Levels(names, columns, column, tuple(levels), coding)


def _basis(node: ast.Call, name: str, arithmetic: Arithmetic) -> Factor:
    """Splines and polynomials of one number."""
    x = number(arithmetic.value(node.args[0]))
    kind, state = node.func.id, arithmetic.states.get(ast.unparse(node), {})  # type: ignore[attr-defined]
    if kind == "poly" and not state:
        return _powers(node, name, x, arithmetic)
    if kind == "poly":
        if (degree := max(state["norms2"])) > bases.HIGHEST:
            raise refused(arithmetic.text, f"degree {degree} is above {bases.HIGHEST}", arithmetic.columns)
        pieces = bases.polynomial(node, state)
    else:
        x, pieces = bases.wrapped(x, state), bases.spline(node, state)
    count = next(piece.coefficients.shape[1] for piece in pieces if piece.coefficients is not None)
    first = 1 if kind != "bs" else None
    return Basis(_fields(node, name, count, first), x, pieces)


def _fields(node: ast.Call, name: str, count: int, first: int | None) -> tuple[str, ...]:
    """The names of a basis's columns; those of ``bs`` begin at 0 where it has an intercept of its own."""
    if first is None:
        given = {k.arg: k.value for k in node.keywords}.get("include_intercept")
        first = 0 if isinstance(given, ast.Constant) and given.value else 1
    return tuple(f"{name}[{field}]" for field in range(first, first + count))


def _powers(node: ast.Call, name: str, x: Any, arithmetic: Arithmetic) -> Numbers:
    """The columns of ``poly(x, degree, raw=True)``."""
    given = {k.arg: k.value for k in node.keywords}
    degree = node.args[1] if len(node.args) > 1 else given.get("degree", ast.Constant(1))
    if not (isinstance(degree, ast.Constant) and isinstance(degree.value, int)):
        raise refused(arithmetic.text, "its degree is no number", arithmetic.columns)
    powers = tuple(SqlNamespace().power(x, float(k)) if k > 1 else x for k in range(1, degree.value + 1))
    return Numbers(_fields(node, name, len(powers), 0), powers)
