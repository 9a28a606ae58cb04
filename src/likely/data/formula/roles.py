"""What the columns of a formula are in it: levels, numbers to compute with, or terms by themselves."""

from __future__ import annotations

import ast
from typing import Any

from likely.data.formula.code import is_text, parts_of, path_of, tree_of
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
    functions = {id(node.func) for node in parts_of(tree, ast.Call)}
    functions |= {id(node.value) for node in parts_of(tree, ast.Attribute)}
    keep = {node.id for node in parts_of(tree, ast.Name) if id(node) not in functions}
    return keep - (RESERVED - WHOLE_COLUMN)


def labelled(formula: Any) -> set[str]:
    """Names of the columns whose values are levels: those in C(...)."""
    return {name for term in formula for factor in term.factors for name in labelled_in(factor)}


def labelled_and_plain(formula: Any) -> set[str]:
    """Names of the columns that are levels in C(...) and stand outside it, too: their numbers count there."""
    factors = [factor for term in formula for factor in term.factors]
    plain = {decode(name) for factor in factors if not labelled_in(factor) for name in names_in(factor)}
    return labelled(formula) & plain


def labelled_in(factor: Any) -> set[str]:
    """The same of one factor."""
    if factor.eval_method.value != "python":
        return set()
    found: set[str] = set()
    for node in parts_of(tree_of(factor.expr), ast.Call):
        if path_of(node.func) in ("C", "hashed") and node.args:
            found |= {n.id for n in parts_of(node.args[0], ast.Name)}
    return set(map(decode, found))


def compared_with_text(formula: Any) -> set[str]:
    """Names of the columns that a formula compares with text."""
    found: set[str] = set()
    for term in formula:
        for factor in term.factors:
            if factor.eval_method.value == "python":
                for sides in _comparisons(tree_of(factor.expr)):
                    if any(map(is_text, sides)):
                        found |= _bare_names(sides)
    return set(map(decode, found))


def _comparisons(tree: ast.AST) -> list[list[ast.expr]]:
    """What each comparison in an expression compares."""
    return [[node.left, *node.comparators] for node in parts_of(tree, ast.Compare)]


def _bare_names(sides: list[ast.expr]) -> set[str]:
    """Those of them that are a column by itself."""
    return {path for side in sides if (path := path_of(side)) is not None and "." not in path}


def looked_up(formula: Any) -> set[str]:
    """Names of the columns that stand in a formula by themselves."""
    return {decode(f.expr) for term in formula for f in term.factors if f.eval_method.value == "lookup"}


def in_arithmetic(formula: Any) -> set[str]:
    """Names of the columns that a formula computes with: not levels, nor what it compares with text or each other."""
    found: set[str] = set()
    for term in formula:
        for factor in term.factors:
            if factor.eval_method.value == "python":
                tree = tree_of(factor.expr)
                if not any(map(is_text, ast.walk(tree))):
                    compared = [_bare_names(sides) for sides in _comparisons(tree) if len(sides) == 2]
                    found |= names_in(factor).difference(*(names for names in compared if len(names) == 2))
    return set(map(decode, found)) - labelled(formula)
