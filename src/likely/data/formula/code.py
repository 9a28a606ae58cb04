"""The Python in formulas: what it may call and compute, and how much."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np

from likely.data.formula.functions import CONTEXT, ELEMENTWISE, FROM_FORMULAIC, WHOLE_COLUMN
from likely.data.formula.names import decode, shown
from likely.errors import DesignError, UnknownNameError, unknown

Node = TypeVar("Node", bound=ast.AST)

DEEPEST = 300  # operations in one another
POWER = 1_000.0  # the largest exponent of a column

# what the Python of a formula is made of: no loops, no functions, no assignments
_ALLOWED = (
    *(ast.Expression, ast.Call, ast.keyword, ast.Name, ast.Constant, ast.Attribute, ast.BinOp, ast.UnaryOp, ast.BoolOp),
    *(ast.Compare, ast.List, ast.Tuple, ast.Dict, ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop),
)


def tree_of(code: str) -> ast.Expression:
    """The syntax tree of an expression."""
    try:
        tree = ast.parse(code, mode="eval")
    except (SyntaxError, ValueError) as error:
        message = getattr(error, "msg", error)
        raise DesignError(f"cannot read {shown(decode(code))} in the formula: {message}") from error
    except (RecursionError, MemoryError) as error:
        raise too_deep(code) from error
    level: list[ast.AST] = [tree]
    for _ in range(DEEPEST):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return tree
    raise too_deep(code)


def too_deep(code: str) -> DesignError:
    return DesignError(
        f"{shown(decode(code))} has more than {DEEPEST} operations in one another: compute the column before the fit"
    )


def path_of(node: ast.AST) -> str | None:
    """A dotted name, or None for anything else."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=inner, attr=name) if (path := path_of(inner)) is not None:
            return f"{path}.{name}"
    return None


def parts_of(tree: ast.AST, kind: type[Node]) -> Iterator[Node]:
    """The parts of an expression that are of a kind, such as its names or calls."""
    return (node for node in ast.walk(tree) if isinstance(node, kind))


def is_text(node: ast.AST) -> bool:
    """Whether a part is a text in quotes."""
    match node:
        case ast.Constant(value=str()):
            return True
    return False


def check_code(code: str) -> None:
    """Refuse what does not exist, what new data would change, and numbers that no computer holds."""
    called: set[int] = set()
    tree, text = tree_of(code), shown(decode(code))
    for node in ast.walk(tree):
        match node:
            case ast.BinOp(op=ast.BitXor()):
                raise DesignError(f"in {text}, '^' is not a power; write '**', e.g. I(x**2)")
            case ast.Subscript():
                raise DesignError(f"{text} picks rows, which new data do not have: compute the column before the fit")
            case ast.Call(func=function):
                called |= {id(n) for n in ast.walk(function)}
                _check_call(path_of(function), text)
            case ast.Attribute() if id(node) not in called:
                called |= {id(n) for n in ast.walk(node)}
                _check_attribute(decode(path_of(node) or ast.unparse(node)))
        if not isinstance(node, _ALLOWED):
            raise DesignError(
                f"{text} is more than arithmetic, comparisons and calls ({type(node).__name__}): compute the column "
                "before the fit"
            )
    written(tree, text)


def written(tree: ast.Expression, text: str) -> dict[int, float]:
    """The numbers that parts of an expression are, by the parts' identity; columns do not occur in them.

    Python computes with whole numbers of any size: these are computed here as floats, and refused beyond.
    """
    out: dict[int, float] = {}
    for node in reversed(list(ast.walk(tree))):  # children before parents
        match node:
            case ast.Constant(value=int() | float() as number):
                out[id(node)] = _computed(operator.mul, number, 1.0, text)
            case ast.UnaryOp(op=ast.USub(), operand=inner) if id(inner) in out:
                out[id(node)] = -out[id(inner)]
            case ast.UnaryOp(op=ast.UAdd(), operand=inner) if id(inner) in out:
                out[id(node)] = out[id(inner)]
            case ast.BinOp():
                _check_operands(node, out, text)
                left, right = out.get(id(node.left)), out.get(id(node.right))
                if left is not None and right is not None and type(node.op) in _ARITHMETIC:
                    out[id(node)] = _computed(_ARITHMETIC[type(node.op)], left, right, text)
    return out


_ARITHMETIC: dict[type, Callable[[float, float], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}


def _computed(action: Callable[[Any, Any], Any], left: Any, right: Any, text: str) -> float:
    """A number, if a float can hold it."""
    try:
        found = action(left, right)
    except OverflowError:
        found = math.inf
    except ZeroDivisionError:
        raise DesignError(f"{text} divides by zero") from None
    if isinstance(found, complex):
        raise DesignError(f"{text} is a root of a negative number")
    if math.isinf(found):
        raise DesignError(f"{text} writes a number that is too large for a computer's arithmetic")
    return float(found)


def _check_operands(node: ast.BinOp, numbers: dict[int, float], text: str) -> None:
    """Refuse operations whose result has no bounded size."""
    for side in (node.left, node.right):
        match side:
            case ast.Constant(value=int() | float()):
                pass
            case ast.Constant() | ast.List() | ast.Tuple() | ast.Dict() | ast.BoolOp():
                found = ast.unparse(side)[:60]
                raise DesignError(f"{text} computes with what is neither a number nor a column: {found}")
    match node.op:
        case ast.LShift() | ast.RShift() | ast.MatMult():
            raise DesignError(f"{text} has an operation that formulas do not know: they know + - * / // % ** & |")
        case ast.Pow():
            base, power = numbers.get(id(node.left)), numbers.get(id(node.right))
            if base is None and power is not None and abs(power) > POWER:
                raise DesignError(f"{text} raises a column to a power beyond {POWER:,.0f}")
            if base is not None and power is not None and base and abs(power) * abs(math.log(abs(base))) > 709.0:
                raise DesignError(f"{text} writes a number that is too large for a computer's arithmetic")


def _check_attribute(path: str) -> None:
    if not path.startswith(("np.", "contr.")):
        raise UnknownNameError(
            f"{path!r} in the formula is no column, and attributes of columns are not evaluated. Put a name "
            "with dots that is a column's in backticks; compute anything else as a column before the fit"
        )


def _check_call(path: str | None, code: str) -> None:
    if path in CONTEXT or path in FROM_FORMULAIC or (path or "").startswith("contr."):
        return
    if path in ("factor", "ordered"):
        raise UnknownNameError(f"unknown function {path!r} in {code}; write C(...) for levels, e.g. C(g)")
    name = (path or "").removeprefix("np.")
    if path and path.startswith("np.") and "." not in name:
        function = getattr(np, name, None)
        if isinstance(function, np.ufunc) or name in ELEMENTWISE:
            return
        if function is None:
            raise UnknownNameError(f"NumPy has no function {name!r}, found in {code}")
    elif path and "." not in path and path not in WHOLE_COLUMN:
        raise unknown("function", path, sorted({*CONTEXT, *FROM_FORMULAIC}), f" in {code}")
    raise DesignError(
        f"{code} calls {decode(path or 'a method')!r}, whose result depends on all rows, so that new data would be "
        "treated unlike the data of the fit. Write center(x) or scale(x), which remember the fit's mean, or compute "
        "the column before the fit"
    )
