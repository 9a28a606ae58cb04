"""What `least_squares` does for arrays, for matrices of blocks: by Gram matrices, refined with residuals."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import linalg

from likely.compute.blocks import Blocks, column, column_scale
from likely.compute.solve.cholesky import Factor
from likely.namespace.arrays import Floats

SURE = 1e-6  # share of a column's square left by the earlier ones, above which a Gram matrix alone tells


def dependent_columns(x: Blocks, tolerance: float = 1e-12) -> tuple[list[int], Any]:
    """Columns that are linear combinations of earlier ones, and those combinations; as in `least_squares`."""
    n, p = x.shape
    few = x[:: max(1, n // max(20_000, 50 * p))]
    if p == 0 or (len(few) >= p and _smallest_pivot(_unit_gram(few)[0]) > SURE):
        return [], np.zeros((p, 0))
    unit, scale = _unit_gram(x)
    independent, doubtful = _sweep(unit)
    dependent: list[int] = []
    combinations: list[Any] = []
    for j in doubtful:  # judged by the residual itself, which keeps the digits that the Gram matrix squares away
        before = [i for i in independent if i < j]
        combination, left = _explained(x, unit, scale, before, j)
        if left > tolerance and len(independent) < n:
            independent = sorted([*independent, j])
        else:
            dependent.append(j)
            combinations.append((before, combination))
    out = np.zeros((len(independent), len(dependent)))
    for k, (before, combination) in enumerate(combinations):
        out[np.searchsorted(independent, before), k] = combination * scale[dependent[k]] / scale[before]
    return dependent, out


def ill_conditioned(x: Blocks) -> bool:
    """Whether normal equations would lose more digits than a covariance should."""
    few = x[:: max(1, len(x) // max(20_000, 50 * x.shape[1]))]
    unit, _ = _unit_gram(few)
    return bool(_smallest_pivot(unit) < 1e-9 and _smallest_pivot(_unit_gram(x)[0]) < 1e-9)


def condition(x: Blocks) -> float:
    """The condition number of the columns scaled to length one; infinite where a Gram matrix does not tell."""
    for rows in (x[:: max(1, len(x) // max(20_000, 50 * x.shape[1]))], x):
        values = linalg.eigvalsh(_unit_gram(rows)[0])
        if values[0] > 1e-8:
            break
    return float(np.sqrt(values[-1] / values[0])) if values[0] > 1e-14 * values[-1] else float("inf")


def solve(x: Blocks, y: Any, weights: Any = None) -> Floats:
    """Coefficients b that minimise sum w (y - x b)^2, by normal equations and one refinement."""
    w = np.ones(len(x)) if weights is None else weights
    gram = x.gram(w, x)
    scale = np.sqrt(np.diagonal(gram))
    scale = np.where(scale > 0, scale, 1.0)
    factor = Factor(gram / np.outer(scale, scale))

    def step(target: Any) -> Floats:
        return factor.solve(((w * target) @ x) / scale) / scale

    beta = step(y)
    return beta + step(y - x @ beta)


def _unit_gram(x: Blocks) -> tuple[Any, Any]:
    scale = column_scale(x)
    return x.gram(np.ones(len(x)), x) / np.outer(scale, scale), scale


def _smallest_pivot(unit: Any) -> float:
    """The smallest square left of a column by the earlier ones; 0 where the matrix is singular."""
    if np.any(np.diagonal(unit) == 0):
        return 0.0
    try:
        return Factor(unit).smallest_pivot ** 2
    except linalg.LinAlgError:
        return 0.0


def _sweep(unit: Any) -> tuple[list[int], list[int]]:
    """Columns of which the earlier ones leave a good part, and the others: Cholesky with bad pivots set aside."""
    p = len(unit)
    rest = unit.copy()
    good: list[int] = []
    doubtful: list[int] = []
    for j in range(p):
        if rest[j, j] > SURE:
            good.append(j)
            row = rest[j, j:] / np.sqrt(rest[j, j])
            rest[j:, j:] -= np.outer(row, row)
        else:
            doubtful.append(j)
    return good, doubtful


def _explained(x: Blocks, unit: Any, scale: Any, before: list[int], j: int) -> tuple[Any, float]:
    """Coefficients of earlier columns that explain column j, all at norm 1, and the norm of what is left of it."""
    target = column(x, j) / scale[j]
    if not before:
        return np.zeros(0), float(np.linalg.norm(target))
    factor = Factor(unit[np.ix_(before, before)])
    full = np.zeros(len(scale))
    combination = np.zeros(len(before))
    left = target
    for _ in range(3):
        combination += factor.solve(((left @ x) / scale)[before])
        full[before] = combination / scale[before]
        left = target - x @ full
    return combination, float(np.linalg.norm(left))
