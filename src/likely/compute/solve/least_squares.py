"""Weighted linear least squares, the condition of a design, and its dependent columns."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import linalg

from likely.compute import blocks
from likely.compute.blocks import Blocks
from likely.compute.solve import grams
from likely.compute.solve.orthogonal import (
    EXTENDED,
    column_scale,
    far_from_zero,
    orthogonalize,
    triangle,
    triangular_inverse,
)
from likely.namespace.arrays import Floats

CHEAP_QR = 2_000_000  # numbers in a matrix whose orthogonal factorisation is cheap
TOLERANCE = 1e-12  # a column counts as dependent if, scaled to norm 1, the others leave less than this of it
PANEL = 64  # columns orthogonalised together


def dependent_columns(x: Any) -> tuple[list[int], Any]:
    """Columns that are linear combinations of earlier ones, and those combinations.

    Parameters
    ----------
    x : ndarray, shape (n, p)

    Returns
    -------
    dependent : list of int
        In increasing order; empty when the columns are independent.
    combination : ndarray, shape (p - len(dependent), len(dependent))
        Coefficients of the independent columns (in increasing order) that reproduce each dependent one.
    """
    if isinstance(x, Blocks):
        return grams.dependent_columns(x)
    n, p = x.shape
    few = sample(x)  # columns that are independent in some rows are so in all
    if p == 0 or (len(few) >= p and _surely_independent(few)):
        return [], np.zeros((p, 0))
    if n == 0:
        return list(range(p)), np.zeros((0, p))
    constant = blocks.constant_column(x)
    shift = far_from_zero(x, constant)
    shift[: constant or 0] = 0.0  # a column before the constant one must not lean on it
    scale = column_scale(x, shift)
    r = triangle(x, shift, scale)
    # a column's own rounding is all that is left of a combination of columns far from zero
    least = np.maximum(TOLERANCE, 8.0 * np.finfo(float).eps * np.abs(shift) * np.sqrt(n) / scale)
    dependent = _dependent(r, least)
    if not dependent:
        return [], np.zeros((p, 0))
    independent = [j for j in range(p) if j not in set(dependent)]
    r = r * scale
    if constant is not None:
        r = r + np.outer(r[:, constant], shift)
    size = np.sqrt(np.sum(np.square(r), axis=0))
    size = np.where(size > 0, size, 1.0)
    combination = linalg.lstsq(r[:, independent] / size[independent], r[:, dependent] / size[dependent])[0]
    return dependent, combination * (size[dependent][None, :] / size[independent][:, None])


def _dependent(r: Any, least: Any) -> list[int]:
    """Columns of a small matrix of which earlier ones leave less than `least`: Gram-Schmidt twice, panel by panel."""
    m, p = r.shape
    basis = np.zeros((m, min(m, p)), order="F")
    rank, dependent = 0, []
    for lo in range(0, p, PANEL):
        panel = r[:, lo : lo + PANEL].copy()
        for _ in range(2):
            panel -= basis[:, :rank] @ (basis[:, :rank].T @ panel)
        first = rank
        for j in range(panel.shape[1]):
            column = panel[:, j]
            for _ in range(2):
                column = column - basis[:, first:rank] @ (basis[:, first:rank].T @ column)
            left = float(np.linalg.norm(column))
            if left <= least[lo + j] or rank == m:
                dependent.append(lo + j)
                continue
            basis[:, rank] = column / left
            # what rounding leaves along the columns before the panel grows with the division
            basis[:, rank] -= basis[:, :rank] @ (basis[:, :rank].T @ basis[:, rank])
            basis[:, rank] /= np.linalg.norm(basis[:, rank])
            rank += 1
    return dependent


def sample(x: Any) -> Any:
    """Every k-th row, enough of them to judge the columns by."""
    return x[:: max(1, len(x) // max(20_000, 50 * x.shape[1]))]


def _surely_independent(x: Any) -> bool:
    return bool(np.all(np.any(x != 0, axis=0)) and _least_eigenvalue(x) > 1e-8)


def _scaled_gram(x: Any) -> Floats:
    """x'x with the columns scaled to length one."""
    scaled = x / column_scale(x)
    return scaled.T @ scaled


def _least_eigenvalue(x: Any) -> float:
    """The least eigenvalue of x'x with the columns scaled to length one, or a bound below it that is far from 0."""
    gram = _scaled_gram(x)
    bound = 2.0 - float(np.abs(gram).sum(axis=0).max())  # Gershgorin's
    return bound if bound > 1e-3 else float(np.linalg.eigvalsh(gram)[0])


def condition(x: Any) -> float:
    """The condition number of the columns scaled to length one (Belsley, Kuh and Welsch 1980): largest over smallest.

    From a sample of the rows where that settles it; infinite for columns that are dependent.
    """
    if isinstance(x, Blocks):
        return grams.condition(x)
    few = sample(x)
    if len(few) >= x.shape[1] and np.all(np.any(few != 0, axis=0)):
        values = np.linalg.eigvalsh(_scaled_gram(few))
        if values[0] > 1e-8:
            return float(np.sqrt(values[-1] / values[0]))
    r = triangle(x, 0.0, column_scale(x))
    values = linalg.svdvals(r)
    if len(r) < r.shape[1] or values[-1] <= np.finfo(float).eps * values[0]:
        return float("inf")
    return float(values[0] / values[-1])


def ill_conditioned(x: Any) -> bool:
    """Whether normal equations would cost more digits than a covariance should lose.

    A Gram matrix has the squared condition number of its columns: about 1e-16 / (its smallest eigenvalue) is lost.
    """
    if isinstance(x, Blocks):
        return grams.ill_conditioned(x)
    return bool(_least_eigenvalue(sample(x)) < (1e-5 if x.size <= CHEAP_QR else 1e-9))


def solve(x: Any, y: Any, weights: Any = None) -> Floats:
    """Coefficients b that minimise sum w (y - x b)^2.

    Normal equations with one refinement where the condition of the columns allows, else orthogonal factorisation.
    """
    if isinstance(x, Blocks):
        return grams.solve(x, y, weights)
    root = None if weights is None else np.sqrt(weights)
    n, p = x.shape
    if n * p > CHEAP_QR and not ill_conditioned(x if root is None else sample(x) * sample(root[:, None])):
        return _normal_equations(x if root is None else x * root[:, None], y if root is None else y * root)
    constant = blocks.constant_column(x)
    shift = far_from_zero(x, constant)
    if n * p * p <= EXTENDED:
        near = x - shift
        a, b = (near, y) if root is None else (near * root[:, None], y * root)
        q, r = orthogonalize(a)
        beta = triangular_inverse(r) @ (q.T @ b.astype(q.dtype))
    else:
        beta = _factorised(x, y, root, shift)
    if constant is not None:
        beta[constant] -= shift @ beta
    return np.asarray(beta, dtype=float)


def _normal_equations(a: Any, b: Any) -> Any:
    """The solution from the Gram matrix, refined with the residuals."""
    scale = column_scale(a)
    factor = linalg.cho_factor(a.T @ a / np.outer(scale, scale))

    def step(target: Any) -> Any:
        return linalg.cho_solve(factor, (a.T @ target) / scale) / scale

    beta = step(b)
    return beta + step(b - a @ beta)


def _factorised(x: Any, y: Any, root: Any, shift: Any) -> Floats:
    """The solution for x - shift, from the triangle of the columns and the response together.

    It is refined with the residuals by the triangle alone (corrected seminormal equations, Bjorck 1987, *Linear Algebra
    Appl.* 88).
    """
    scale = column_scale(x, shift)
    whole = triangle(x, shift, scale, root, extra=y)
    p = x.shape[1]
    r, top = whole[:p, :p], whole[:p, p]
    inner = linalg.solve_triangular(r, top)
    for _ in range(2):
        score = np.zeros(p)
        for lo in range(0, len(y), 65_536):
            part = (x[lo : lo + 65_536] - shift) / scale
            left = y[lo : lo + 65_536] - part @ inner
            score += part.T @ (left if root is None else left * np.square(root[lo : lo + 65_536]))
        inner = inner + linalg.solve_triangular(r, linalg.solve_triangular(r, score, trans="T"))
    return inner / scale
