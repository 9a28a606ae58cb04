"""The text of formulas: names of any kind, what may be called, and what would silently mean something else.

Inside likely a formula stands in one form: a name that is no Python name is in backticks (`quote`). Only formulaic sees
tokens in the place of such names (`encode`, `decode`).
"""

from __future__ import annotations

import ast
import keyword
import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache, partial
from typing import Any

import numpy as np

from likely.errors import DesignError, UnknownNameError, listed, unknown

# Letters, so they may stand in a Python name; Python leaves them as they are
DOT, ESCAPE, PLAIN = "\N{LISU LETTER TONE MYA TI}", "\N{LISU LETTER TONE NA PO}", "\N{LISU LETTER TONE MYA BO}"

CONTEXT = {
    name: getattr(np, name)
    for name in (
        "sqrt abs log1p expm1 floor ceil sign sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh square cbrt "
        "where maximum minimum isfinite".split()
    )
} | {"round": np.round, "clip": np.clip}
SPLINES = {"cr": False, "cs": False, "cc": True}  # cubic ones, and whether they are cyclic
FROM_FORMULAIC = (
    "log log10 log2 exp exp10 exp2 bs cc cr cs center poly scale standardize C I hashed Q te Treatment Poly Sum "
    "Helmert Diff".split()
)
ELEMENTWISE = {"where", "clip", "round", "around", "isin", "nan_to_num", "interp", "digitize", "select", "piecewise"}
WHOLE_COLUMN = set(
    "mean average median sum std sd var min max quantile percentile rank cumsum "
    "diff lag count len sorted argsort norm ntile".split()
)


@cache
def context() -> dict[str, Any]:
    """What formulas may call besides formulaic's own: cubic splines are centred, for the intercept is another term."""
    from formulaic.transforms.cubic_spline import cubic_spline
    from formulaic.utils.stateful_transforms import stateful_transform

    splines = {
        name: stateful_transform(partial(cubic_spline, cyclic=cyclic, constraints="center"))
        for name, cyclic in SPLINES.items()
    }
    return CONTEXT | splines


RESERVED = {*CONTEXT, *FROM_FORMULAIC, *WHOLE_COLUMN, "np", "contr", "offset", "factor", "Intercept"}

_PIECES = re.compile(
    r"""`(?P<tick>[^`]*)`|(?P<text>'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")|(?P<word>[^\W\d][\w.]*)|(?P<number>\d[\w.]*)"""
    r"|(?P<space>\s+)|(?P<sign>\*\*|[<>=!]=|.)",
    re.DOTALL,
)


def _pieces(formula: str) -> Iterator[tuple[str, str]]:
    """A formula cut into names in backticks, texts, words, numbers, space and signs."""
    for match in _PIECES.finditer(formula):
        kind = str(match.lastgroup)
        if match[0] == "`":
            raise DesignError(f"a backtick is not closed in {formula!r}")
        yield kind, match[kind]


# -- names -------------------------------------------------------------------------------------------------


def _awkward(name: str) -> bool:
    """Whether a column's name would not be read as that name."""
    return (
        not name.isidentifier()
        or keyword.iskeyword(name)
        or name in RESERVED
        or any(c in name for c in (DOT, ESCAPE, PLAIN))
        or unicodedata.normalize("NFKC", name) != name
    )


def token(name: str) -> str:
    """A Python name that stands for a column's name.

    >>> token("x"), decode(token("No. of rooms")), decode(token("0"))
    ('x', 'No. of rooms', '0')
    """
    if not _awkward(name):
        return name
    escaped = [c if c == "_" or (c.isascii() and c.isalnum()) else DOT if c == "." else _escape(c) for c in name]
    return PLAIN + "".join(escaped)


def _escape(c: str) -> str:
    return f"{ESCAPE}{ord(c):x}{ESCAPE}"


def decode(text: str) -> str:
    """A text with names in the place of their tokens."""
    text = text.replace(PLAIN, "").replace(DOT, ".")
    return re.sub(rf"{ESCAPE}([0-9a-f]+){ESCAPE}", lambda m: chr(int(m[1], 16)), text)


def _ticked(name: str) -> str:
    return f"`{name}`" if _awkward(name) else name


def quote(formula: str, names: Sequence[str]) -> str:
    """A formula with its columns' names in backticks where they need them, such as R's names with dots.

    >>> quote("stack.loss ~ Air.Flow + log(x)", ["stack.loss", "Air.Flow", "x"])
    '`stack.loss` ~ `Air.Flow` + log(x)'
    """
    formula = re.sub(r"(?<![\w.])Q\(\s*(['\"])([^'\"`]*)\1\s*\)", lambda m: f"`{m[2]}`", formula)
    formula = re.sub(r"(?<![\w.])as\.factor\(", "factor(", formula)
    pieces, out = list(_pieces(formula)), []
    for i, (kind, text) in enumerate(pieces):
        called = i + 1 < len(pieces) and pieces[i + 1][1] == "("
        if kind == "tick" or (kind == "word" and not called and text in names):
            out.append(_ticked(text))
        else:
            out.append(text)
    return "".join(out)


def encode(formula: str) -> str:
    """A formula with tokens in the place of names in backticks."""
    return "".join(token(text) if kind == "tick" else text for kind, text in _pieces(formula))


def expand(right: str, others: Sequence[str]) -> str:
    """A right-hand side with the columns that a lone dot stands for.

    >>> expand(". - z", ["x", "z"])
    '(x + z) - z'
    """
    if not others and update(right, "1") != right:
        raise DesignError(f"the dot in {right!r} stands for all other columns, and there are none")
    return update(right, " + ".join(map(_ticked, others)))


def update(right: str, own: str) -> str:
    """A right-hand side with a formula in the place of a lone dot.

    >>> update(". + z", "x * w")
    '(x * w) + z'
    """
    pieces = list(_pieces(right))
    lone = [p == ("sign", ".") and (i == 0 or pieces[i - 1][1] not in tuple(")]}'\"")) for i, p in enumerate(pieces)]
    if not any(lone):
        return right
    if right.strip() == ".":
        return own
    out = [
        f"({own})" if dot else f"`{text}`" if kind == "tick" else text
        for dot, (kind, text) in zip(lone, pieces, strict=True)
    ]
    return "".join(out)


# -- sides -------------------------------------------------------------------------------------------------


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
    parts = _sides(formula)
    if len(parts) > 2:
        raise DesignError(f"a formula has one '~', found {formula!r}; put a name that holds a '~' in backticks")
    if len(parts) == 1:
        return formula.strip(), "1"
    left, right = parts[0].strip(), parts[1].strip()
    if not right:
        raise DesignError(f"nothing stands right of '~' in {formula!r}; write 'y ~ 1' for a constant")
    return left or None, right


def right_side(formula: str) -> tuple[str | None, str]:
    """Left and right side of a formula; one without ``~`` is a right side alone.

    >>> right_side("x + z")
    (None, 'x + z')
    """
    return split(formula) if len(_sides(formula)) > 1 or not formula.strip() else (None, formula)


def _sides(formula: str) -> list[str]:
    """The parts between the tildes that stand neither in braces nor in a name."""
    parts, depth = [""], 0
    for kind, text in _pieces(formula):
        depth += {"{": 1, "}": -1}.get(text, 0) if kind == "sign" else 0
        if kind == "sign" and text == "~" and not depth:
            parts.append("")
        else:
            parts[-1] += f"`{text}`" if kind == "tick" else text
    return parts


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
    if match := re.search(r"(\S?)\s*(?<![\w.])offset\s*\(", right):
        if match[1] == "-":
            raise DesignError(f"an offset is added, not taken away, in {right!r}: write + offset(-(...))")
        raise DesignError(f"an offset is a term by itself, added with '+'; found {right!r}")
    return right or "1", found


# -- what formulas may say -----------------------------------------------------------------------------------


def check_signs(right: str) -> None:
    """Refuse signs that mean nothing in a formula, or something other than they seem to.

    Outside functions and braces ``+ - : * / ** ^`` make terms; inside them they are arithmetic.
    """
    stack: list[bool] = []  # whether each open bracket holds arithmetic
    before: tuple[str, str] = ("space", "")
    group_closed = False
    for kind, text in _pieces(right):
        if kind == "space":
            continue
        inside = bool(stack) and stack[-1]
        if kind == "sign":
            if text in "([{":
                stack.append(inside or text == "{" or before[0] == "word")
            elif text in ")]}":
                if not stack:
                    raise DesignError(f"{text!r} closes nothing in {right!r}")
                group_closed = not stack.pop()
            elif inside and text == "^":
                raise DesignError(f"in {right!r}, '^' is not a power; write '**', e.g. I(x**2)")
            elif not inside and text == "|":
                raise DesignError(
                    f"'|' has no meaning in {right!r}: there are no grouped or random effects. Join terms with '+'"
                )
            elif not inside and (text in ("==", "!=", "<", ">", "<=", ">=", "=", "&") or text == "!"):
                advice = (
                    "for a comparison write braces, e.g. {x == 1}" if text != "=" else "write '==' in braces: {x == 1}"
                )
                raise DesignError(f"{text!r} has no meaning between terms in {right!r}; {advice}")
            elif not inside and text in ("**", "^") and (before[1] != ")" or not group_closed):
                name = before[1] if before[0] in ("word", "tick") else "x"
                raise DesignError(
                    f"in {right!r}, {text!r} makes interactions of a term with itself, which are that term: for a "
                    f"power write I({name}**2)"
                )
        before = kind, text
    if stack:
        raise DesignError(f"a parenthesis or brace is not closed in {right!r}")


def parse(right: str) -> Any:
    """Formulaic's reading of a side, with tokens for awkward names; functions and methods are checked."""
    from formulaic import Formula
    from formulaic.errors import FormulaicError

    check_signs(right)
    try:
        formula = Formula(encode(right))
        factors = [factor for term in formula for factor in term.factors]
    except (FormulaicError, AttributeError) as error:
        raise DesignError(f"cannot read the formula {right!r}: {clean(error)}") from error
    except SyntaxError as error:
        raise DesignError(f"cannot read the formula {right!r}: {error.msg}") from error
    for factor in factors:
        if factor.eval_method.value == "python":
            _check_code(factor.expr)
    return formula


def clean(error: BaseException) -> str:
    """What formulaic says, without its marks and colours and with the user's names."""
    text = re.sub(r"\x1b\[[0-9;]*m|[⧛⧚]", "", str(error))
    return decode(" ".join(text.split("\n\n")[0].split())) or type(error).__name__


def parse_arithmetic(text: str) -> Any:
    """Formulaic's reading of an expression in which ``+ - * /`` are arithmetic, as they are in braces."""
    inner = text.strip()
    if inner.startswith("{") and inner.endswith("}") and inner.count("{") == 1:
        inner = inner[1:-1]
    if not inner.strip():
        raise DesignError(f"{text!r} is empty: write a column or an expression of columns")
    try:
        return parse(f"{{{inner}}} - 1")
    except DesignError as error:  # in the user's words
        said = str(error).replace(f"{{{inner}}} - 1", inner)
        raise DesignError(said) from error


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


def columns_of(formula: Any) -> list[str]:
    """Names of the columns that a parsed formula uses."""
    names: set[str] = set()
    for term in formula:
        for factor in term.factors:
            names |= names_in(factor)
    return sorted(map(decode, names))


def names_in(factor: Any) -> set[str]:
    """The tokens of the columns that a factor uses."""
    if factor.eval_method.value == "lookup":
        return {factor.expr}
    if factor.eval_method.value != "python":
        return set()
    tree = _tree(factor.expr)
    functions = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    functions |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    keep = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in functions}
    return keep - (RESERVED - WHOLE_COLUMN)


def labelled(formula: Any) -> set[str]:
    """Names of the columns whose values are levels: those in C(...)."""
    found: set[str] = set()
    for term in formula:
        for factor in term.factors:
            if factor.eval_method.value == "python":
                for node in ast.walk(_tree(factor.expr)):
                    if isinstance(node, ast.Call) and _path(node.func) in ("C", "hashed") and node.args:
                        found |= {n.id for n in ast.walk(node.args[0]) if isinstance(n, ast.Name)}
    return set(map(decode, found))


def looked_up(formula: Any) -> set[str]:
    """Names of the columns that stand in a formula by themselves."""
    return {decode(f.expr) for term in formula for f in term.factors if f.eval_method.value == "lookup"}


def in_arithmetic(formula: Any) -> set[str]:
    """Names of the columns that a formula computes with: not levels, nor what it compares with text or each other."""
    found: set[str] = set()
    for term in formula:
        for factor in term.factors:
            if factor.eval_method.value == "python":
                nodes = list(ast.walk(_tree(factor.expr)))
                if not any(isinstance(node, ast.Constant) and isinstance(node.value, str) for node in nodes):
                    sides = [[n.left, *n.comparators] for n in nodes if isinstance(n, ast.Compare)]
                    compared = [{s.id for s in pair if isinstance(s, ast.Name)} for pair in sides if len(pair) == 2]
                    found |= names_in(factor).difference(*(names for names in compared if len(names) == 2))
    return set(map(decode, found)) - labelled(formula)


def _tree(code: str) -> ast.Expression:
    try:
        return ast.parse(code, mode="eval")
    except (SyntaxError, ValueError) as error:
        raise DesignError(f"cannot read {decode(code)!r} in the formula: {getattr(error, 'msg', error)}") from error


def _path(node: ast.AST) -> str | None:
    """A dotted name, or None for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (inner := _path(node.value)) is not None:
        return f"{inner}.{node.attr}"
    return None


def _check_code(code: str) -> None:
    """Refuse functions that do not exist, and values of a whole column, which new data would change."""
    called: set[int] = set()
    for node in ast.walk(_tree(code)):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitXor):
            raise DesignError(f"in {decode(code)!r}, '^' is not a power; write '**', e.g. I(x**2)")
        if isinstance(node, ast.Subscript):
            raise DesignError(
                f"{decode(code)!r} picks rows, which new data do not have: compute the column before the fit"
            )
        if isinstance(node, ast.Call):
            called |= {id(n) for n in ast.walk(node.func)}
            _check_call(_path(node.func), decode(code))
        elif isinstance(node, ast.Attribute) and id(node) not in called:
            path = decode(_path(node) or ast.unparse(node))
            called |= {id(n) for n in ast.walk(node)}
            if not path.startswith(("np.", "contr.")):
                raise UnknownNameError(
                    f"{path!r} in the formula is no column, and attributes of columns are not evaluated. Put a name "
                    "with dots that is a column's in backticks; compute anything else as a column before the fit"
                )


def _check_call(path: str | None, code: str) -> None:
    if path in CONTEXT or path in FROM_FORMULAIC or (path or "").startswith("contr."):
        return
    if path in ("factor", "ordered"):
        raise UnknownNameError(f"unknown function {path!r} in {code!r}; write C(...) for levels, e.g. C(g)")
    name = (path or "").removeprefix("np.")
    if path and path.startswith("np.") and "." not in name:
        function = getattr(np, name, None)
        if isinstance(function, np.ufunc) or name in ELEMENTWISE:
            return
        if function is None:
            raise UnknownNameError(f"NumPy has no function {name!r}, found in {code!r}")
    elif path and "." not in path and path not in WHOLE_COLUMN:
        raise unknown("function", path, sorted({*CONTEXT, *FROM_FORMULAIC}), f" in {code!r}")
    raise DesignError(
        f"{code!r} calls {decode(path or 'a method')!r}, whose result depends on all rows, so that new data would be "
        "treated unlike the data of the fit. Write center(x) or scale(x), which remember the fit's mean, or compute "
        "the column before the fit"
    )


def unknown_column(name: str, names: Sequence[str], where: str) -> UnknownNameError:
    """An error for a column that is not there."""
    if name in WHOLE_COLUMN or name in RESERVED:
        return UnknownNameError(f"unknown column {name!r}{where}; there are {listed(names)}")
    return unknown("column", name, names, where)
