"""Splines and polynomials as pieces of polynomials, from the functions that make them."""

from __future__ import annotations

import ast
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from likely.data import transforms
from likely.data.transforms import State
from likely.errors import LikelyError
from likely.prediction.sql.factors import Piece
from likely.prediction.sql.values import Value, called

HIGHEST = 10  # degree of an orthogonal polynomial whose powers keep their digits
SAME = 1e-13


def polynomial(node: ast.Call, state: State) -> tuple[Piece, ...]:
    """Orthogonal polynomials: one piece."""
    degree = max(state["norms2"])
    origin = float(state["alpha"][0])
    width = 2.0 * float(np.sqrt(state["norms2"][1] / state["norms2"][0]))
    return (_piece(_basis(node, state), np.inf, False, origin, width, degree),)


def degree_of(state: State) -> int:
    """The degree of a spline's pieces."""
    knots = np.asarray(state["knots"], dtype=float)
    return 3 if "cyclic" in state else int(np.count_nonzero(knots == knots[0])) - 1


def wrapped(x: Value, state: State) -> Value:
    """The number of which a spline is one: within the first period for a cyclic one."""
    if not state.get("cyclic"):
        return x
    low, high = float(state["knots"][0]), float(state["knots"][-1])
    turns = called("floor", (x - low) / (high - low))
    return x - (high - low) * turns


def spline(node: ast.Call, state: State) -> tuple[Piece, ...]:
    """A spline's pieces between its knots, and beyond the outer ones as it goes on there."""
    basis, degree = _basis(node, state), degree_of(state)
    knots = np.unique(np.asarray(state["knots"], dtype=float))
    inner = [
        _piece(basis, high, high == knots[-1], 0.5 * (low + high), 0.5 * (high - low), degree)
        for low, high in pairwise(knots)
    ]
    if state.get("cyclic"):
        return tuple(inner)
    first, last, width = knots[0], knots[-1], 0.5 * (knots[-1] - knots[0])
    left = _piece(basis, first, False, first - width, width, degree)
    right = _piece(basis, np.inf, False, last + width, width, degree)
    return (left, *inner, right)


def _basis(node: ast.Call, state: State) -> Callable[[Any], Any]:
    """The function whose columns are the basis, with what it has learnt."""
    import pandas as pd

    call = ast.Call(node.func, [ast.Name("x", ast.Load()), *node.args[1:]], node.keywords)
    known = {ast.unparse(call): state}

    def columns(x: Any) -> Any:
        made = transforms.evaluated(call, pd.DataFrame({"x": x}), known)
        if isinstance(made, dict):
            made = np.column_stack([made[key] for key in made if not str(key).startswith("__")])
        return np.asarray(made, dtype=float)

    return columns


def _piece(basis: Callable[[Any], Any], end: float, closed: bool, origin: float, width: float, degree: int) -> Piece:
    """The polynomials that the basis is within `width` of a point: of the least degree that goes through its values."""
    u = np.cos(np.pi * (np.arange(degree + 1) + 0.5) / (degree + 1))
    try:
        values = basis(origin + width * u)
    except (ValueError, LikelyError):  # beyond the knots of a spline that is not to be extended
        return Piece(end, closed, origin, width, None)
    if not np.all(np.isfinite(values)):
        return Piece(end, closed, origin, width, None)
    for lower in range(degree):
        found = np.polynomial.chebyshev.chebfit(u, values, lower)
        if np.all(np.abs(np.polynomial.chebyshev.chebval(u, found).T - values) <= SAME * np.max(np.abs(values))):
            break
    else:
        found = np.polynomial.chebyshev.chebfit(u, values, degree)
    powers = np.zeros_like(found)
    for k, unit in enumerate(np.eye(len(found))):
        polynomial_of = np.polynomial.chebyshev.cheb2poly(unit)
        powers[: len(polynomial_of)] += np.outer(polynomial_of, found[k])
    return Piece(end, closed, origin, width, powers)
