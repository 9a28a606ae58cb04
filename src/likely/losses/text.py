"""A graph as one line of text."""

from __future__ import annotations

from likely.losses.trace import Node

INFIX = {"add": (" + ", 1), "sub": (" - ", 1), "mul": ("*", 2), "div": ("/", 2), "pow": ("**", 4)}
COMPARED = {"lt": " < ", "le": " <= ", "gt": " > ", "ge": " >= ", "eq": " == ", "ne": " != ", "and": " & ", "or": " | "}


def text(node: Node) -> str:
    """The formula that a graph computes, as the density wrote it.

    Examples
    --------
    >>> from likely.losses.trace import Graph
    >>> g = Graph()
    >>> text((g.leaf("y") - 1.0) / (2.0 * g.leaf("sd")))
    '(y - 1)/(2*sd)'
    """
    return _written(node)[0]


def _written(node: Node) -> tuple[str, int]:
    """The text and how tightly it holds together."""
    if node.op == "leaf":
        return str(node.value), 9
    if node.op == "const":
        number = float(node.value)
        whole = number == int(number) if abs(number) < 1e15 else False
        shown = str(int(number)) if whole else repr(number)
        return shown, 9 if number >= 0 else 3
    if node.op == "neg":
        return "-" + _inside(node.args[0], 2), 1
    if node.op in INFIX:
        sign, level = INFIX[node.op]
        left, right = node.args
        tighter = level + (node.op in ("sub", "div", "pow"))
        return _inside(left, level + (node.op == "pow")) + sign + _inside(right, tighter), level
    if node.op in COMPARED:
        return f"({text(node.args[0])}{COMPARED[node.op]}{text(node.args[1])})", 9
    return f"{node.op}({', '.join(text(a) for a in node.args)})", 9


def _inside(node: Node, least: int) -> str:
    shown, level = _written(node)
    return shown if level >= least else f"({shown})"
