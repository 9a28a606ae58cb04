"""Terms of a formula with many levels as one integer a row, where an array would be mostly zeros.

Formulaic decides how a term is coded (which level is left out, in which order columns stand). It is shown stand-ins:
the same columns with two or three of their levels. What it makes of them tells the coding of all levels; its own
columns of these terms are then left aside.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from likely.compute.blocks import Blocks
from likely.compute.parts import Dense, Indicators, Part
from likely.data.formula import decode, names_in
from likely.data.formula.code import path_of
from likely.data.predictors import as_array

LARGE = 2_000_000  # numbers in an array above which a term's columns are kept as integers
MANY = 16  # and columns
TREATMENT = ("contr.treatment", "Treatment")  # contrasts against a reference level


@dataclass(frozen=True, eq=False)
class Levels:
    """A factor of a product: a category's levels, without the reference if the coding leaves it out.

    Attributes
    ----------
    column : str
    names : tuple of str
        Of the columns it contributes.
    place : ndarray of int
        For each level, which of these columns; their number for the reference.
    """

    column: str
    names: tuple[str, ...]
    place: Any


@dataclass(frozen=True)
class Numbers:
    """A factor of a product: columns of numbers, by formulaic's recipe."""

    spec: Any
    names: tuple[str, ...]


@dataclass(frozen=True)
class Product:
    """Columns of the design that are products of factors, the first one varying fastest."""

    factors: tuple[Levels | Numbers, ...]
    start: int

    @property
    def names(self) -> list[str]:
        every = itertools.product(*(factor.names for factor in reversed(self.factors)))
        return [":".join(reversed(names)) for names in every]

    def parts(self, codes: Mapping[str, Any], numbers: Callable[[Any], Any]) -> list[tuple[Part, Any]]:
        """Its columns as indicators, one part for each combination of its columns of numbers, with their places."""
        n = len(next(iter(codes.values())))
        code, width, absent = np.zeros(n, dtype=np.int64), 1, np.zeros(n, dtype=bool)
        offsets = np.zeros(1, dtype=np.int64)  # where each combination of levels stands among all columns
        shifts: list[tuple[int, Any]] = [(0, None)]  # the same for combinations of numbers, with their values
        stride = 1
        for factor in self.factors:
            size = len(factor.names)
            if isinstance(factor, Levels):
                place = factor.place[codes[factor.column]]
                absent |= place == size
                code += width * place
                offsets = (offsets[None, :] + stride * np.arange(size)[:, None]).ravel()
                width *= size
            else:
                x = as_array(numbers(factor.spec))
                shifts = [
                    (at + stride * j, x[:, j] if values is None else values * x[:, j])
                    for j in range(size)
                    for at, values in shifts
                ]
            stride *= size
        if width == 1 and not any(isinstance(factor, Levels) for factor in self.factors):
            return [(Dense(values[:, None]), np.array([self.start + at])) for at, values in shifts]
        code[absent] = width
        code = code.astype(np.int32)
        return [(Indicators(code, width, values), self.start + at + offsets) for at, values in shifts]


@final
@dataclass(frozen=True, eq=False)
class Coding:
    """How the design of a formula is put together from arrays and indicators.

    Attributes
    ----------
    levels : mapping of str to tuple
        The columns with many levels, in the order of the coding.
    plain : ndarray of int, shape (2, d)
        Columns of formulaic's matrix that are kept, and where they stand in the design.
    products : tuple of Product
    """

    levels: Mapping[str, tuple[Any, ...]]
    plain: Any
    products: tuple[Product, ...]

    def matrix(self, made: Any, columns: Mapping[str, Any], numbers: Callable[[Any], Any]) -> Blocks:
        """The design of some rows.

        Parameters
        ----------
        made : DataFrame
            What formulaic makes of the stand-ins.
        columns : mapping
            The columns with many levels.
        numbers : callable
            Formulaic's recipe of a factor -> its columns.
        """
        codes = {name: codes_of(columns[name], levels) for name, levels in self.levels.items()}
        parts: list[tuple[Part, Any]] = []
        if self.plain.shape[1]:
            parts.append((Dense(as_array(made, self.plain[0])), self.plain[1]))
        for product in self.products:
            parts.extend(product.parts(codes, numbers))
        return Blocks(tuple(part for part, _ in parts), tuple(at for _, at in parts))

    def stand_ins(self, n: int) -> dict[str, Any]:
        """Columns for formulaic to see in place of those with many levels, in as many rows."""
        return {name: _stand_in(levels, (), n) for name, levels in self.levels.items()}


def codes_of(values: Any, levels: Sequence[Any]) -> Any:
    """For every value its place among the levels."""
    import pandas as pd

    if isinstance(values, pd.Categorical) and list(values.categories) == list(levels):
        return np.asarray(values.codes)
    return pd.Index(levels).get_indexer(pd.Index(values))


def find(formula: Any, columns: Mapping[str, Any], n: int) -> dict[str, tuple[Any, ...]]:
    """The columns whose levels are too many for an array, with all their levels in the order of the coding.

    Parameters
    ----------
    formula
        As parsed by formulaic.
    columns : mapping
        The values of the columns that it uses.
    n : int
        Number of rows.
    """
    if n * MANY < LARGE // 16:
        return {}
    simple, others = _simple_factors(formula)
    called = {name for expr, name in simple.items() if expr.startswith("C(")}  # numbers there are levels too
    candidates = [name for name in {*simple.values()} - others if name in called or _is_category(columns[name])]
    levels = {name: _levels(columns[name]) for name in candidates}
    chosen: set[str] = set()
    for term in formula:
        names = [simple[f.expr] for f in term.factors if simple.get(f.expr) in levels]
        width = int(np.prod([len(levels[name]) for name in names])) if names else 0
        unfit = [
            f for f in term.factors if f.expr not in simple and _calls_levels(f)
        ]  # contrasts of another kind stay arrays
        if width >= MANY and n * width >= LARGE and not unfit:
            chosen |= set(names)
    return {name: levels[name] for name in sorted(chosen) if len(levels[name]) > 1}


def stand_ins(formula: Any, levels: Mapping[str, tuple[Any, ...]], n: int) -> dict[str, Any]:
    """Columns with few of the levels, for formulaic: among them the reference that a contrast names."""
    simple, _ = _simple_factors(formula)
    named: dict[str, list[Any]] = {name: [] for name in levels}
    for expr, name in simple.items():
        if name in levels and (base := _base(expr)) is not None:
            named[name].append(base)
    return {name: _stand_in(all_levels, named[name], n) for name, all_levels in levels.items()}


def coding(spec: Any, levels: Mapping[str, tuple[Any, ...]], numbers: Callable[[str], Any]) -> tuple[Coding, Any, Any]:
    """The coding that formulaic's reading of the stand-ins stands for, the columns' names, and the terms.

    Parameters
    ----------
    spec
        Formulaic's recipe of the stand-ins.
    levels : mapping
        All levels of the columns that were replaced.
    numbers : callable
        Text of a factor -> formulaic's recipe of it.
    """
    names: list[str] = []
    from_: list[int] = []
    to: list[int] = []
    products: list[Product] = []
    terms: list[tuple[str, tuple[int, ...]]] = []
    place = 0
    for encoded in spec.structure:
        begin, width = len(names), len(encoded.columns)
        if any(_name_of(f.factor.factor) in levels for scoped in encoded.scoped_terms for f in scoped.factors):
            for scoped in encoded.scoped_terms:
                factors = tuple(_factor(f, levels, numbers) for f in scoped.factors)
                products.append(Product(factors, len(names)))
                names.extend(products[-1].names)
        else:
            from_.extend(range(place, place + width))
            to.extend(range(begin, begin + width))
            names.extend(decode(str(c)) for c in encoded.columns)
        place += width
        terms.append((decode(str(encoded.term)), tuple(range(begin, len(names)))))
    plain = np.array([from_, to], dtype=np.intp).reshape(2, -1)
    return Coding(dict(levels), plain, tuple(products)), tuple(names), tuple(terms)


def _factor(scoped: Any, levels: Mapping[str, tuple[Any, ...]], numbers: Callable[[str], Any]) -> Levels | Numbers:
    """A factor of a product, from formulaic's reading of it."""
    expr, column = scoped.factor.expr, _name_of(scoped.factor.factor)
    if column is not None and column in levels:
        return _of_levels(expr, scoped.reduced, column, levels[column])
    recipe = numbers(f"0 + {expr}")
    return Numbers(recipe, tuple(decode(str(c)) for c in recipe.column_names))


def _of_levels(expr: str, reduced: bool, column: str, levels: tuple[Any, ...]) -> Levels:
    base = _base(expr)
    left_out = levels.index(base) if base is not None else 0
    kept = [i for i in range(len(levels)) if not (reduced and i == left_out)]
    place = np.full(len(levels) + 1, len(kept), dtype=np.int64)
    place[kept] = np.arange(len(kept))
    mark = "T." if reduced else ""
    return Levels(column, tuple(f"{decode(expr)}[{mark}{levels[i]}]" for i in kept), place)


def _simple_factors(formula: Any) -> tuple[dict[str, str], set[str]]:
    """Factors that are a column or C(column) with treatment contrasts, by text; and columns used in another way."""
    simple: dict[str, str] = {}
    others: set[str] = set()
    for term in formula:
        for factor in term.factors:
            name = _name_of(factor)
            if name is not None:
                simple[factor.expr] = name
            else:
                others |= set(map(decode, names_in(factor)))
    return simple, others


def _name_of(factor: Any) -> str | None:
    if factor.eval_method.value == "lookup":
        return decode(factor.expr)
    if factor.eval_method.value != "python":
        return None
    node = ast.parse(factor.expr, mode="eval").body
    match node:
        case ast.Call(func=ast.Name(id="C"), args=[ast.Name(id=name), *others], keywords=keywords):
            treatment = not (others or keywords) or _base_of(node) is not None
            return decode(name) if treatment else None
    return None


def _base(expr: str) -> Any:
    """The reference level that C(column, contr.treatment(base)) names, or None."""
    return _base_of(ast.parse(expr, mode="eval").body)


def _base_of(node: ast.expr) -> Any:
    match node:
        case ast.Call(args=[_, ast.Call() as inner], keywords=[]) if path_of(inner.func) in TREATMENT:
            match [*inner.args, *(k.value for k in inner.keywords if k.arg == "base")]:
                case [ast.Constant(value=base)]:
                    return base
    return None


def _calls_levels(factor: Any) -> bool:
    return factor.eval_method.value == "python" and factor.expr.startswith("C(")


def _is_category(values: Any) -> bool:
    import pandas as pd

    return isinstance(values, pd.Categorical) or values.dtype.kind == "O"


def _levels(values: Any) -> tuple[Any, ...]:
    """The levels in the order in which they are coded: as declared, or sorted."""
    import pandas as pd

    if isinstance(values, pd.Categorical):
        return tuple(values.categories)
    return tuple(pd.Categorical(values).categories)


def _stand_in(levels: Sequence[Any], named: Sequence[Any], n: int) -> Any:
    import pandas as pd

    few = list(dict.fromkeys([*levels[:2], *(level for level in levels if level in named)]))
    return pd.Categorical.from_codes(np.arange(n) % len(few), categories=few)
