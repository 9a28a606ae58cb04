"""The text of formulas: sides, offsets, the dot, and signs that would silently mean something else."""

from __future__ import annotations

import re
from collections.abc import Sequence

from likely.data.formula.names import pieces, shown, ticked
from likely.errors import DesignError

DEEPEST = 90  # brackets in one another: Python reads no more than 200


def expand(right: str, others: Sequence[str]) -> str:
    """A right-hand side with the columns that a lone dot stands for.

    >>> expand(". - z", ["x", "z"])
    '(x + z) - z'
    """
    if not others and update(right, "1") != right:
        raise DesignError(f"the dot in {shown(right)} stands for all other columns, and there are none")
    return update(right, " + ".join(map(ticked, others)))


def update(right: str, own: str) -> str:
    """A right-hand side with a formula in the place of a lone dot.

    >>> update(". + z", "x * w")
    '(x * w) + z'
    """
    parts = list(pieces(right))
    lone = [p == ("sign", ".") and (i == 0 or parts[i - 1][1] not in tuple(")]}'\"")) for i, p in enumerate(parts)]
    if not any(lone):
        return right
    if right.strip() == ".":
        return own
    out = [
        f"({own})" if dot else f"`{text}`" if kind == "tick" else text
        for dot, (kind, text) in zip(lone, parts, strict=True)
    ]
    return "".join(out)


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
        raise DesignError(f"a formula is text such as 'y ~ x + z', found {shown(formula)}")
    parts = _sides(formula)
    if len(parts) > 2:
        raise DesignError(f"a formula has one '~', found {shown(formula)}; put a name that holds a '~' in backticks")
    if len(parts) == 1:
        return formula.strip(), "1"
    left, right = parts[0].strip(), parts[1].strip()
    if not right:
        raise DesignError(f"nothing stands right of '~' in {shown(formula)}; write 'y ~ 1' for a constant")
    return left or None, right


def right_side(formula: str) -> tuple[str | None, str]:
    """Left and right side of a formula; one without ``~`` is a right side alone.

    >>> right_side("x + z")
    (None, 'x + z')
    """
    return split(formula) if len(_sides(formula)) > 1 or not formula.strip() else (None, formula)


def _sides(formula: str) -> list[str]:
    """The parts between the tildes that stand neither in braces nor in a name."""
    parts: list[list[str]] = [[]]
    depth = 0
    for kind, text in pieces(formula):
        depth += {"{": 1, "}": -1}.get(text, 0) if kind == "sign" else 0
        if kind == "sign" and text == "~" and not depth:
            parts.append([])
        else:
            parts[-1].append(f"`{text}`" if kind == "tick" else text)
    return ["".join(part) for part in parts]


def offsets(right: str) -> tuple[str, list[str]]:
    """A right-hand side without its offset(...) terms, and those terms' expressions.

    >>> offsets("x + offset(log(t))")
    ('x', ['log(t)'])
    """
    found: list[str] = []
    kept: list[str] = []
    done = 0
    for match in re.finditer(r"(?:^|\+)\s*offset\s*\(", right):
        if match.start() < done:
            continue
        depth, end = 1, match.end()
        while end < len(right) and depth:
            depth += {"(": 1, ")": -1}.get(right[end], 0)
            end += 1
        if depth:
            raise DesignError(f"a parenthesis is not closed in {shown(right)}")
        found.append(right[match.end() : end - 1])
        kept.append(right[done : match.start()])
        done = end
    if found:
        right = "".join([*kept, right[done:]]).strip().removeprefix("+").strip()
    if other := re.search(r"(?<![\w.])offset\s*\(", right):
        if right[: other.start()].rstrip().endswith("-"):
            raise DesignError(f"an offset is added, not taken away, in {shown(right)}: write + offset(-(...))")
        raise DesignError(f"an offset is a term by itself, added with '+'; found {shown(right)}")
    return right or "1", found


def check_signs(right: str) -> None:
    """Refuse signs that mean nothing in a formula, or something other than they seem to.

    Outside functions and braces ``+ - : * / ** ^`` make terms; inside them they are arithmetic.
    """
    stack: list[bool] = []  # whether each open bracket holds arithmetic
    before: tuple[str, str] = ("space", "")
    group_closed = False
    for kind, text in pieces(right):
        if kind == "space":
            continue
        inside = bool(stack) and stack[-1]
        if kind == "sign":
            if text in "([{":
                stack.append(inside or text == "{" or before[0] == "word")
                if len(stack) > DEEPEST:
                    raise DesignError(f"brackets are nested more than {DEEPEST} deep in {shown(right)}")
            elif text in ")]}":
                if not stack:
                    raise DesignError(f"{text!r} closes nothing in {shown(right)}")
                group_closed = not stack.pop()
            elif inside and text == "^":
                raise DesignError(f"in {shown(right)}, '^' is not a power; write '**', e.g. I(x**2)")
            elif not inside and text == "|":
                raise DesignError(
                    f"'|' has no meaning in {shown(right)}: there are no grouped or random effects. Join terms with '+'"
                )
            elif not inside and (text in ("==", "!=", "<", ">", "<=", ">=", "=", "&") or text == "!"):
                advice = (
                    "for a comparison write braces, e.g. {x == 1}" if text != "=" else "write '==' in braces: {x == 1}"
                )
                raise DesignError(f"{text!r} has no meaning between terms in {shown(right)}; {advice}")
            elif not inside and text in ("**", "^") and (before[1] != ")" or not group_closed):
                name = before[1] if before[0] in ("word", "tick") else "x"
                raise DesignError(
                    f"in {shown(right)}, {text!r} makes interactions of a term with itself, which are that term: for a "
                    f"power write I({name}**2)"
                )
        before = kind, text
    if stack:
        raise DesignError(f"a parenthesis or brace is not closed in {shown(right)}")
