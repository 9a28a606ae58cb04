"""What the columns of a formula are in it: levels, numbers to compute with, or terms by themselves."""

from __future__ import annotations

import ast
from typing import Any

from likely.data.formula.code import path_of, tree_of
from likely.data.formula.functions import WHOLE_COLUMN
from likely.data.formula.names import RESERVED, decode


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
    tree = tree_of(factor.expr)
    functions = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    functions |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    keep = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in functions}
    return keep - (RESERVED - WHOLE_COLUMN)


def labelled(formula: Any) -> set[str]:
    """Names of the columns whose values are levels: those in C(...)."""
    return {name for term in formula for factor in term.factors for name in labelled_in(factor)}


def labelled_in(factor: Any) -> set[str]:
    """The same of one factor."""
    if factor.eval_method.value != "python":
        return set()
    found: set[str] = set()
    for node in ast.walk(tree_of(factor.expr)):
        if isinstance(node, ast.Call) and path_of(node.func) in ("C", "hashed") and node.args:
            found |= {n.id for n in ast.walk(node.args[0]) if isinstance(n, ast.Name)}
    return set(map(decode, found))


def compared_with_text(formula: Any) -> set[str]:
    """Names of the columns that a formula compares with text."""
    found: set[str] = set()
    for term in formula:
        for factor in term.factors:
            if factor.eval_method.value == "python":
                for node in ast.walk(tree_of(factor.expr)):
                    sides = [node.left, *node.comparators] if isinstance(node, ast.Compare) else []
                    if any(isinstance(side, ast.Constant) and isinstance(side.value, str) for side in sides):
                        found |= {side.id for side in sides if isinstance(side, ast.Name)}
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
                nodes = list(ast.walk(tree_of(factor.expr)))
                if not any(isinstance(node, ast.Constant) and isinstance(node.value, str) for node in nodes):
                    sides = [[n.left, *n.comparators] for n in nodes if isinstance(n, ast.Compare)]
                    compared = [{s.id for s in pair if isinstance(s, ast.Name)} for pair in sides if len(pair) == 2]
                    found |= names_in(factor).difference(*(names for names in compared if len(names) == 2))
    return set(map(decode, found)) - labelled(formula)
