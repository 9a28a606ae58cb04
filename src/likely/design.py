"""From a formula or a matrix to the design of one parameter: numbers, column names, and the recipe for new data."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np

from likely.errors import DataError, DesignError, LikelyError, first_rows, listed, unknown
from likely.tables import Table, numbers


@final
@dataclass(frozen=True)
class Design:
    """A design matrix with its column names and how to make it again from new data.

    Attributes
    ----------
    x : ndarray, shape (n, p)
        C-contiguous float64.
    names : tuple of str
    formula : str or None
        The right-hand side it came from; None for a matrix.
    """

    x: Any
    names: tuple[str, ...]
    formula: str | None = None
    spec: Any = None
    levels: tuple[tuple[str, tuple[Any, ...]], ...] = ()

    @cached_property
    def intercept(self) -> int | None:
        """The column that is one everywhere, if there is one."""
        few = self.x[:: max(1, len(self.x) // 64)]
        for j in np.flatnonzero(np.all(few == 1.0, axis=0)):
            if np.all(self.x[:, j] == 1.0):
                return int(j)
        return None

    def select(self, columns: Sequence[int]) -> Design:
        """The same design with only some columns."""
        return Design(
            np.ascontiguousarray(self.x[:, list(columns)]), tuple(self.names[j] for j in columns), self.formula
        )

    def apply(self, table: Table) -> Any:
        """The matrix for new data, by the same recipe (levels, centring and knots as in the fit)."""
        if self.spec is None:
            if all(name in table for name in self.names):
                return np.column_stack([numbers(table.column(name), name) for name in self.names])
            if len(table.names) == len(self.names):
                return np.column_stack([numbers(table.column(name), name) for name in table.names])
            raise DataError(
                f"the fit used a matrix of {len(self.names)} columns ({listed(self.names)}), the new data have "
                f"{len(table.names)} ({listed(table.names)})"
            )
        for name, known in self.levels:
            new = [v for v in dict.fromkeys(table.column(name)) if v not in known]
            if new:
                raise DataError(
                    f"column {name!r} has levels that the fit has not seen: {listed(new)}. It knows {listed(known)}"
                )
        if not self.names:
            return np.zeros((table.n, 0))
        needed = variables(self.formula or "1")
        _check_variables(needed, table)
        frame = table.pandas(needed)
        x = np.asarray(_quietly(lambda: self.spec.get_model_matrix(frame, context={}, na_action="ignore")), dtype=float)
        if np.any(bad := ~np.isfinite(x)):
            i, j = (int(v) for v in np.argwhere(bad)[0])
            raise DataError(
                f"{self.names[j]!r} is not finite for the new data, {x[i, j]} in row {i}: is a logarithm or a root "
                "taken of a negative number?"
            )
        return x


def split(formula: str) -> tuple[str | None, str]:
    """Left and right side of a formula; a formula without ``~`` is a response alone.

    >>> split("y ~ x + z")
    ('y', 'x + z')
    >>> split("~ x")
    (None, 'x')
    >>> split("y")
    ('y', '1')
    """
    if not isinstance(formula, str) or not formula.strip():
        raise DesignError(f"a formula is text such as 'y ~ x + z', found {formula!r}")
    parts = formula.split("~")
    if len(parts) > 2:
        raise DesignError(f"a formula has one '~', found {formula!r}")
    if len(parts) == 1:
        return formula.strip(), "1"
    left, right = parts[0].strip(), parts[1].strip()
    if not right:
        raise DesignError(f"nothing stands right of '~' in {formula!r}; write 'y ~ 1' for a constant")
    return left or None, right


DOT = "\N{LISU LETTER TONE MYA TI}"  # a letter, so it may stand in a Python name where R writes a dot


def quote(formula: str, names: Sequence[str]) -> str:
    """A formula in which the dots of column names, as R writes them, do not read as Python attributes.

    >>> quote("stack.loss ~ Air.Flow + log(x)", ["stack.loss", "Air.Flow", "x"])
    'stackꓸloss ~ AirꓸFlow + log(x)'
    """
    for name in sorted((n for n in names if re.fullmatch(r"[A-Za-z_][\w.]*", n) and "." in n), key=len, reverse=True):
        formula = re.sub(rf"(?<![\w.])`?{re.escape(name)}`?(?![\w.(])", name.replace(".", DOT), formula)
    return formula


def offsets(right: str) -> tuple[str, list[str]]:
    """A right-hand side without its offset(...) terms, and those terms' expressions.

    >>> offsets("x + offset(log(t))")
    ('x', ['log(t)'])
    """
    found: list[str] = []
    while match := re.search(r"(?:^|\+)\s*offset\s*\(", right):
        depth, end = 1, match.end()
        while end < len(right) and depth:
            depth += {"(": 1, ")": -1}.get(right[end], 0)
            end += 1
        if depth:
            raise DesignError(f"a parenthesis is not closed in {right!r}")
        found.append(right[match.end() : end - 1])
        right = (right[: match.start()] + right[end:]).strip().removeprefix("+").strip()
    return right or "1", found


def variables(expression: str) -> list[str]:
    """Names of the columns that a formula's side uses."""
    return _columns_of(_parse(expression))


def expression(text: str, table: Table, rows: Any = None) -> Any:
    """The values of an expression of columns such as ``log(exposure)``, as floats."""
    if text in table:
        values = table.column(text)
        return numbers(values if rows is None else values[rows], text)
    matrix, _ = _materialize(f"{text} - 1", table, rows)
    if matrix.shape[1] != 1:
        raise DesignError(f"{text!r} must give one column of numbers, it gives {list(matrix.columns)}")
    return np.asarray(matrix.iloc[:, 0], dtype=float)


def from_formula(right: str, table: Table, rows: Any = None) -> Design:
    """The design of a right-hand side.

    Raises
    ------
    DesignError
        If the formula cannot be read or evaluated, with the reason.
    UnknownNameError
        If it names a column that does not exist.
    """
    for name in variables(right):
        if name in table:
            _check_text(name, table.column(name))
    matrix, spec = _materialize(right, table, rows)
    x = np.ascontiguousarray(np.asarray(matrix, dtype=float))
    names = tuple(str(c).replace(DOT, ".") for c in matrix.columns)
    bad = ~np.isfinite(x)
    if np.any(bad):
        j = int(np.flatnonzero(bad.any(axis=0))[0])
        where = np.flatnonzero(bad[:, j])
        raise DataError(
            f"the column {names[j]!r} of the design has values that are not finite: {first_rows(where, x[where, j])}"
        )
    levels = []
    for name in variables(right):
        if name in table and ((values := table.column(name)).dtype.kind in "Ob" or _as_levels(right, name)):
            kept = values if rows is None else values[rows]
            levels.append((name, tuple(dict.fromkeys(kept))))
    return Design(x, names, right, spec, tuple(levels))


def _as_levels(right: str, name: str) -> bool:
    """Whether a column of numbers stands in C(...): its values are levels."""
    return re.search(rf"\bC\(\s*`?{re.escape(name)}`?\s*[,)]", right) is not None


def from_matrix(x: Any, n: int, names: Sequence[str] | None = None) -> Design:
    """The design of a plain matrix or table, used as it stands (no intercept is added)."""
    if not isinstance(x, np.ndarray):
        from likely.tables import read

        table = read(x)
        names = names or table.names
        x = np.column_stack([numbers(table.column(c), c) for c in table.names])
    if x.ndim == 1:
        x = x[:, None]
    if x.ndim != 2 or x.dtype.kind not in "fiub":
        raise DataError(f"a matrix of predictors has two dimensions and holds numbers, found {x.dtype} {x.shape}")
    if len(x) != n:
        raise DataError(f"the response has {n} rows, the matrix of predictors {len(x)}")
    x = np.ascontiguousarray(x, dtype=float)
    if not np.isfinite(np.sum(x)) and np.any(bad := ~np.isfinite(x)):
        i, j = (int(v) for v in np.argwhere(bad)[0])
        raise DataError(
            f"the matrix of predictors has {int(bad.sum())} values that are not finite, the first {x[i, j]} in row "
            f"{i}, column {j}; drop or fill these rows"
        )
    return Design(x, tuple(names) if names else tuple(f"x{j + 1}" for j in range(x.shape[1])))


def _parse(right: str) -> Any:
    from formulaic import Formula
    from formulaic.errors import FormulaicError

    try:
        return Formula(right)
    except FormulaicError as error:
        raise DesignError(f"cannot read the formula {right!r}: {error}") from error
    except SyntaxError as error:
        raise DesignError(f"cannot read the formula {right!r}: {error.msg}") from error


def _columns_of(formula: Any) -> list[str]:
    """The columns a formula uses; formulaic leaves out the arguments of its own transforms such as bs(x)."""
    from formulaic.transforms import TRANSFORMS

    names = {str(v) for v in formula.required_variables}
    for term in formula:
        for factor in term.factors:
            if factor.eval_method.value != "python":
                continue
            try:
                tree = ast.parse(factor.expr, mode="eval")
            except SyntaxError:
                continue
            functions = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
            functions |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
            names |= {
                node.id
                for node in ast.walk(tree)
                if isinstance(node, ast.Name) and id(node) not in functions and node.id not in TRANSFORMS
            }
    return sorted(names)


def _check_variables(needed: Any, table: Table) -> None:
    for name in sorted(map(str, needed)):
        if name not in table:
            raise unknown("column", name, table.names, " in the formula")


def _check_text(name: str, values: Any) -> None:
    """Refuse numbers written as text: as levels they would make a column each."""
    if values.dtype.kind != "O":
        return
    distinct = list(dict.fromkeys(v for v in values if isinstance(v, str)))
    if len(distinct) > max(20, len(values) // 4):
        numeric = 0
        for v in distinct:
            try:
                float(v)
                numeric += 1
            except ValueError:
                pass
        if 2 * numeric > len(distinct):
            odd = [v for v in distinct if not _is_number(v)]
            seen = f"; these are not numbers: {listed(odd, 5)}" if odd else ""
            raise DataError(
                f"column {name!r} holds numbers written as text ({listed(distinct, 3)}){seen}. Convert it before the "
                f"fit, or write C({name}) if each value is a level of its own"
            )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _materialize(right: str, table: Table, rows: Any) -> tuple[Any, Any]:
    from formulaic import Formula

    formula: Formula = _parse(right)
    needed = _columns_of(formula)
    _check_variables(needed, table)
    frame = table.pandas(needed, rows)
    try:
        matrix = _quietly(lambda: formula.get_model_matrix(frame, context={}, na_action="ignore"))
    except LikelyError:
        raise
    except Exception as error:  # formulaic evaluates the user's expressions, which may raise anything
        raise DesignError(f"cannot evaluate the formula {right!r}: {str(error) or type(error).__name__}") from error
    return matrix, matrix.model_spec


def _quietly(action: Any) -> Any:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return action()
