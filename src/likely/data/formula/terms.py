"""The terms of a formula, by the algebra of Wilkinson and Rogers (1973): as many as can be handled, and no more."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, final

from likely.errors import DesignError

MOST = 20_000

Terms = dict[Any, None]  # a set in the order of its members


def formula_of(text: str) -> Any:
    """Formulaic's reading of a right-hand side.

    Its own sets are copied at every sign, and its powers and products have no bound, so the terms are made here.

    Raises
    ------
    DesignError
        If there are too many terms.
    """
    from formulaic import Formula
    from formulaic.parser import DefaultFormulaParser

    parser = DefaultFormulaParser()
    tree = parser.get_ast(text)
    made = parser.get_terms_from_ast(None if tree is None else _Made(_terms(tree)), context={})
    return Formula(made._simplify())


@final
class _Made:
    """Terms in the place of the tree they come from."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms

    def to_terms(self, context: Any = None) -> Any:
        from formulaic.parser.types import OrderedSet

        return OrderedSet(self._terms)


def _terms(root: Any) -> Terms:
    """The terms of a tree, children first and without recursion, for formulas may be long."""
    if not hasattr(root, "args"):
        return dict.fromkeys(root.to_terms())
    done: dict[int, Terms] = {}
    waiting = [root]
    while waiting:
        node = waiting[-1]
        inner = [child for child in node.args if hasattr(child, "args")]
        if lacking := [child for child in inner if id(child) not in done]:
            waiting.extend(lacking)
            continue
        sets = [done.pop(id(c)) if hasattr(c, "args") else dict.fromkeys(c.to_terms()) for c in node.args]
        done[id(node)] = _operated(node.operator, sets)
        waiting.pop()
    return done[id(root)]


def _operated(operator: Any, sets: list[Terms]) -> Terms:
    """What a sign makes of the terms beside it, which it may change."""
    if len(sets) == 1 and operator.symbol in "+-":
        return sets[0] if operator.symbol == "+" else {}
    if len(sets) != 2 or operator.symbol not in _SIGNS:
        raise DesignError(f"{operator.symbol!r} has no meaning in a formula")
    made = _SIGNS[operator.symbol](*sets)
    return _bounded(made)


def _bounded(terms: Terms) -> Terms:
    if len(terms) > MOST:
        raise DesignError(f"the formula has more than {MOST:,} terms: write fewer, or pass a matrix of predictors")
    return terms


def _sum(left: Terms, right: Terms) -> Terms:
    left.update(right)
    return left


def _difference(left: Terms, right: Terms) -> Terms:
    for term in right:
        left.pop(term, None)
    return left


def _interactions(left: Iterable[Any], right: Iterable[Any]) -> Terms:
    right, out = list(right), Terms()
    for one in left:
        out.update(dict.fromkeys(one * other for other in right))
        _bounded(out)
    return out


def _crossed(left: Terms, right: Terms) -> Terms:
    return {**left, **right, **_interactions(left, right)}


def _nested(outer: Terms, inner: Terms) -> Terms:
    parents = list(outer)
    common = parents[0]
    for parent in parents[1:]:
        common = common * parent
    return {**outer, **dict.fromkeys(common * term for term in inner)}


def _power(base: Terms, exponent: Terms) -> Terms:
    """All interactions of up to so many of the terms; beyond their number nothing is added."""
    factors = next(iter(exponent)).factors
    times = factors[0].expr if len(exponent) == 1 and len(factors) == 1 else ""
    if not times.isdecimal() or int(times[:9]) < 1:
        raise DesignError("the right-hand side of '**' is a positive whole number, such as (a + b)**2")
    out, last = dict(base), base
    for _ in range(int(times[:9]) - 1):
        made = _interactions(last, base)
        last = {term: None for term in made if term not in out}  # what the others make is there already
        if not last:
            break
        out = _bounded({**out, **last})
    return out


_SIGNS: dict[str, Callable[[Terms, Terms], Terms]] = {
    "+": _sum,
    "-": _difference,
    ":": _interactions,
    "*": _crossed,
    "/": _nested,
    "in": lambda inner, outer: _nested(outer, inner),
    "**": _power,
    "^": _power,
}
