"""The Python in formulas as SQL: arithmetic, comparisons, functions, and what center and scale have learnt."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from likely.data.formula import decode
from likely.data.transforms import LEARNERS, State
from likely.errors import OptionError
from likely.prediction.sql.columns import Columns
from likely.prediction.sql.namespace import SqlNamespace
from likely.prediction.sql.values import Condition, Value, called

BINARY: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
}
COMPARED: dict[type, Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def refused(text: str, why: str, columns: Columns) -> OptionError:
    """The error for a term that cannot be said in SQL."""
    return OptionError(
        f"the term {decode(text)!r} has no SQL in {columns.dialect.title}: {why}. Compute it as a column of the data "
        "before the fit, or predict with fit.predict"
    )


def number(x: Any) -> Any:
    """A condition as 1 or 0, a number as it is."""
    return x.choose(1.0, 0.0) if isinstance(x, Condition) else x


@final
@dataclass(frozen=True)
class Arithmetic:
    """A factor of a formula, evaluated as SQL.

    Attributes
    ----------
    text : str
        The factor, for messages.
    columns : Columns
    states : mapping of str to dict
        What calls of the formula have learnt.
    """

    text: str
    columns: Columns
    states: Mapping[str, State]

    def value(self, node: ast.expr) -> Any:
        """A part of the factor: a number of the row, or a condition."""
        if isinstance(node, ast.Name):
            return self.columns.number(decode(node.id))
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
            return float(node.value)
        if isinstance(node, ast.UnaryOp):
            return self._unary(node)
        if isinstance(node, ast.BinOp):
            return self._binary(node)
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            return self._compared(node)
        if isinstance(node, ast.Call):
            return self._called(node)
        raise refused(self.text, f"{decode(ast.unparse(node))} cannot be written in it", self.columns)

    def _unary(self, node: ast.UnaryOp) -> Any:
        inner = self.value(node.operand)
        if isinstance(node.op, ast.Invert) and isinstance(inner, Condition):
            return ~inner
        if isinstance(node.op, (ast.USub, ast.UAdd)) and not isinstance(inner, Condition):
            return -inner if isinstance(node.op, ast.USub) else inner
        raise refused(self.text, f"{decode(ast.unparse(node))} cannot be written in it", self.columns)

    def _binary(self, node: ast.BinOp) -> Any:
        left, right = self.value(node.left), self.value(node.right)
        if isinstance(node.op, ast.Pow):
            return self._namespace.power(number(left), number(right))
        if type(node.op) not in BINARY:
            raise refused(self.text, f"{decode(ast.unparse(node))} cannot be written in it", self.columns)
        both = isinstance(left, Condition) and isinstance(right, Condition)
        if both != isinstance(node.op, (ast.BitAnd, ast.BitOr)):
            raise refused(self.text, "conditions are joined by & and |, and these join conditions alone", self.columns)
        return BINARY[type(node.op)](*((left, right) if both else (number(left), number(right))))

    def _compared(self, node: ast.Compare) -> Any:
        sides, sign = (node.left, node.comparators[0]), type(node.ops[0])
        texts = [s.value for s in sides if isinstance(s, ast.Constant) and isinstance(s.value, str)]
        if texts:
            named = [s for s in sides if isinstance(s, ast.Name)]
            if len(named) != 1 or sign not in (ast.Eq, ast.NotEq):
                raise refused(self.text, "texts are compared by == and != alone", self.columns)
            same = self.columns.equals(decode(named[0].id), texts[0])
            return same if sign is ast.Eq else ~same
        if sign not in COMPARED:
            raise refused(self.text, f"{decode(ast.unparse(node))} cannot be written in it", self.columns)
        left, right = (number(self.value(side)) for side in sides)
        return COMPARED[sign](left, right)

    @property
    def _namespace(self) -> SqlNamespace:
        return SqlNamespace()

    def _called(self, node: ast.Call) -> Any:
        name = ast.unparse(node.func).removeprefix("np.")
        if name in LEARNERS:
            return self._scaled(node)
        if name not in FUNCTIONS or node.keywords:
            raise refused(self.text, f"{decode(ast.unparse(node))} cannot be written in it", self.columns)
        arguments = [self.value(argument) for argument in node.args]
        try:
            return FUNCTIONS[name](self._namespace, *arguments)
        except TypeError:
            raise refused(self.text, f"{decode(ast.unparse(node))} cannot be written in it", self.columns) from None

    def _scaled(self, node: ast.Call) -> Any:
        state = self.states.get(ast.unparse(node))
        if state is None or any(np.ndim(state.get(name, ())) for name in ("center", "scale")):
            raise refused(self.text, "it centres or scales several columns at once", self.columns)
        center, spread = state["center"], state["scale"]
        made = number(self.value(node.args[0]))
        made = made if center is None else made - float(center)
        return made if spread is None else made / float(spread)


def _logarithm(base: float) -> Callable[..., Any]:
    return lambda xp, x: xp.log(number(x)) / float(np.log(base))


def _value(x: Any) -> Value:
    made = number(x)
    if not isinstance(made, Value):
        raise TypeError("a number that is the same for all rows")
    return made


def _condition(x: Any) -> Condition:
    if not isinstance(x, Condition):
        raise TypeError("no condition")
    return x


def _same(name: str) -> Callable[..., Any]:
    """A function that databases have by this name."""
    return lambda xp, x: called(name, _value(x))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "I": lambda xp, x: x,
    "log": lambda xp, x: xp.log(number(x)),
    "log2": _logarithm(2.0),
    "log10": _logarithm(10.0),
    "log1p": lambda xp, x: xp.log1p(number(x)),
    "exp": lambda xp, x: xp.exp(number(x)),
    "exp2": lambda xp, x: xp.power(2.0, number(x)),
    "expm1": lambda xp, x: xp.expm1(number(x)),
    "sqrt": lambda xp, x: xp.sqrt(number(x)),
    "square": lambda xp, x: xp.square(number(x)),
    "abs": lambda xp, x: xp.abs(number(x)),
    "where": lambda xp, condition, yes, no: xp.where(_condition(condition), number(yes), number(no)),
    "maximum": lambda xp, a, b: xp.maximum(number(a), number(b)),
    "minimum": lambda xp, a, b: xp.minimum(number(a), number(b)),
    "clip": lambda xp, x, low, high: xp.minimum(xp.maximum(number(x), number(low)), number(high)),
    "power": lambda xp, x, exponent: xp.power(number(x), number(exponent)),
    "arcsin": _same("asin"),
    "arccos": _same("acos"),
    "arctan": _same("atan"),
    "arcsinh": _same("asinh"),
    **{name: _same(name) for name in "floor ceil sign sin cos tan sinh cosh tanh".split()},
}
