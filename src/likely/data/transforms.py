"""What center, scale, splines and polynomials learn from a column: from summaries of batches, which merge.

Formulaic learns this from the column itself. Here it gets the same state, made of what the batches' summaries keep:
sums without rounding for means and spreads, sorted distinct values with their counts for knots and bases.
"""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, TypeGuard, final

import numpy as np

from likely.compute.exact import Moments
from likely.data.evaluation import in_words
from likely.data.formula import context
from likely.namespace.arrays import Floats

State = dict[Any, Any]


@final
@dataclass(frozen=True, eq=False)
class Values:
    """Numbers as sorted distinct values with counts, in runs that grow as batches come.

    Attributes
    ----------
    runs : tuple of (ndarray, ndarray)
        Sorted values, and how often each occurs.
    """

    runs: tuple[tuple[Any, Any], ...] = ()

    @classmethod
    def of(cls, x: Any) -> Values:
        """The values of an array."""
        values = np.sort(np.asarray(x, dtype=float).ravel())
        return cls(((values, np.ones(len(values), dtype=np.int64)),) if len(values) else ())

    def merge(self, other: Values) -> Values:
        """The values of both; runs of like length are made one, so that many batches cost little more than a sort."""
        runs = [*self.runs, *other.runs]
        while len(runs) > 1 and len(runs[-2][0]) <= 2 * len(runs[-1][0]):
            runs[-2:] = [_distinct(runs[-2:])]
        return Values(tuple(runs))

    def sorted(self) -> Floats:
        """All values in order, as often as they occurred."""
        if not self.runs:
            return np.empty(0)
        values, counts = self.runs[0] if len(self.runs) == 1 else _distinct(self.runs)
        return values if np.all(counts == 1) else np.repeat(values, counts)


def _distinct(runs: Any) -> tuple[Any, Any]:
    values, counts = (np.concatenate(parts) for parts in zip(*runs, strict=True))
    order = np.argsort(values, kind="stable")
    values, counts = values[order], counts[order]
    first = np.r_[True, (values[1:] != values[:-1]) & ~(np.isnan(values[1:]) & np.isnan(values[:-1]))]
    return values[first], np.add.reduceat(counts, np.flatnonzero(first))


Summary = Moments | Values


# -- what is learnt from a summary; arguments and their defaults are those of the function of the same name ------------


def scale(moments: Moments, center: Any = True, scale: Any = True, ddof: float = 1) -> State:
    """The state of formulaic's ``scale``."""
    middle = moments.mean if center is True else None if center is False else np.array(center)
    origin = 0.0 if middle is None else float(middle)
    spread = moments.deviation(origin, ddof) if scale is True else None if scale is False else np.array(scale)
    return {"ddof": ddof, "center": middle, "scale": spread}


def center(moments: Moments) -> State:
    """The state of formulaic's ``center``."""
    return scale(moments, scale=False)


def standardize(moments: Moments, center: Any = True, rescale: Any = True, ddof: float = 0) -> State:
    """The state of formulaic's ``standardize``."""
    return scale(moments, center, rescale, ddof)


LEARNERS: dict[str, Callable[..., State]] = {"center": center, "scale": scale, "standardize": standardize}
FROM_VALUES = ("bs", "cr", "cs", "cc", "poly")  # formulaic's own functions learn from the sorted values


def calls(formula: Any) -> dict[str, ast.Call]:
    """The calls of a formula that learn from their column, by their text; what stands in another before it."""
    found: dict[str, ast.Call] = {}
    for factor in {f.expr: f for term in formula for f in term.factors}.values():
        if factor.eval_method.value == "python":
            for node in reversed(list(ast.walk(ast.parse(factor.expr, mode="eval")))):
                if learns(node):
                    found.setdefault(ast.unparse(node), node)
    return found


def learns(node: ast.AST) -> TypeGuard[ast.Call]:
    """Whether a part of a formula is a call that learns from its column."""
    match node:
        case ast.Call(func=ast.Name(id=name), args=[_, *_]):
            return name in LEARNERS or name in FROM_VALUES
    return False


def ready(node: ast.Call, known: Mapping[str, State]) -> bool:
    """Whether the column of a call can be computed: all that it calls itself is known."""
    return all(ast.unparse(inner) in known for inner in ast.walk(node.args[0]) if learns(inner))


def learnt_from(formula: Any, frame: Any, text: str) -> dict[str, State]:
    """What all calls of a formula learn from a frame that has all rows."""
    known: dict[str, State] = {}
    for call, node in calls(formula).items():
        known[call] = state_of(node, summarised(node, frame, known, text), text)
    return known


def summarised(node: ast.Call, frame: Any, known: Mapping[str, State], text: str) -> Any:
    """The summary of a call's column in a batch; by column where it has several."""
    kind = Moments if node.func.id in LEARNERS else Values  # type: ignore[attr-defined]
    return in_words(text, lambda: _summaries(kind, evaluated(node.args[0], frame, known)))


def _summaries(kind: type[Summary], column: Any) -> Any:
    if isinstance(column, dict):
        return {k: _summaries(kind, v) for k, v in column.items() if not str(k).startswith("__")}
    column = np.asarray(column, dtype=float)
    if column.ndim == 2 and kind is Moments:
        return [Moments.of(column[:, j]) for j in range(column.shape[1])]
    return kind.of(column)


def merged(one: Any, other: Any) -> Any:
    """The summary of both batches."""
    match one:
        case dict():
            return {k: merged(v, other[k]) for k, v in one.items()}
        case list():
            return [merged(a, b) for a, b in zip(one, other, strict=True)]
    return one.merge(other)


def state_of(node: ast.Call, summary: Any, text: str) -> State:
    """What a call has learnt, as formulaic keeps it.

    Raises
    ------
    DesignError
        If its arguments cannot be.
    """
    match summary:
        case dict():
            return {k: state_of(node, one, text) for k, one in summary.items()}
        case list():
            states = [state_of(node, one, text) for one in summary]
            first = states[0]
            arrays = {k: None if first[k] is None else np.array([s[k] for s in states]) for k in ("center", "scale")}
            return {"ddof": first["ddof"], **arrays}
    name = node.func.id  # type: ignore[attr-defined]
    learner = LEARNERS.get(name) or partial(_from_values, _functions()[name])
    call = ast.Call(ast.Name("__learner__", ast.Load()), [ast.Name("__summary__", ast.Load()), *node.args[1:]], [])
    call.keywords = node.keywords
    code = compile(ast.fix_missing_locations(ast.Expression(call)), "", "eval")
    names = {**_functions(), "__learner__": learner, "__summary__": summary}
    made: State = in_words(text, lambda: eval(code, {"__builtins__": {}}, names))
    return made


class _HasKnots(Exception):
    """A spline has learnt its knots, which come last."""


class _UntilKnots(dict[str, Any]):
    """The state of a spline; its basis is not needed for all values."""

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, value)
        if key == "knots":
            raise _HasKnots


def _from_values(function: Callable[..., Any], values: Values, *args: Any, **kwargs: Any) -> State:
    """What one of formulaic's functions learns from a column of these values."""
    state = _UntilKnots()
    with contextlib.suppress(_HasKnots):
        function(values.sorted(), *args, _state=state, **kwargs)
    return dict(state)


def evaluated(node: ast.expr, frame: Any, known: Mapping[str, State]) -> Any:
    """The values of an expression of a frame's columns, by formulaic."""
    if isinstance(node, ast.Name) and node.id in frame.columns:
        return frame[node.id]
    from formulaic import ModelSpec
    from formulaic.utils.stateful_transforms import stateful_eval

    columns = {str(name): frame[name] for name in frame.columns}
    made = stateful_eval(ast.unparse(node), {**_functions(), **columns}, {}, dict(known), ModelSpec(formula=[]))
    return getattr(made, "__wrapped__", made)


@cache
def _functions() -> dict[str, Any]:
    from formulaic.transforms import TRANSFORMS

    return {**TRANSFORMS, **context()}
