"""Weighted linear least squares by orthogonal factorisation, with the dependent columns found."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import linalg


def column_scale(x: Any) -> Any:
    """Euclidean norm of every column (1 for a zero column)."""
    norm = np.sqrt(np.einsum("ij,ij->j", x, x))
    return np.where(norm > 0, norm, 1.0)


def dependent_columns(x: Any, tolerance: float = 1e-12) -> tuple[list[int], Any]:
    """Columns that are linear combinations of earlier ones, and those combinations.

    Parameters
    ----------
    x : ndarray, shape (n, p)
    tolerance : float
        A column counts as dependent if, scaled to norm 1, less than this of it is left once the earlier columns
        have explained it.

    Returns
    -------
    dependent : list of int
        In increasing order; empty when the columns are independent.
    combination : ndarray, shape (p - len(dependent), len(dependent))
        Coefficients of the independent columns (in increasing order) that reproduce each dependent one.
    """
    n, p = x.shape
    few = x[:: max(1, n // max(20_000, 50 * p))]  # columns that are independent in some rows are so in all
    if p == 0 or (len(few) >= p and _surely_independent(few)):
        return [], np.zeros((p, 0))
    scale = column_scale(x)
    r = linalg.qr(x / scale, mode="r", check_finite=False)[0][: min(n, p)]
    independent: list[int] = []
    dependent: list[int] = []
    basis = np.zeros((r.shape[0], 0))
    for j in range(p):  # Gram-Schmidt twice on the small triangle, in the user's order of columns
        column = r[:, j].copy()
        for _ in range(2):
            column -= basis @ (basis.T @ column)
        left = float(np.linalg.norm(column))
        if left > tolerance and len(independent) < n:
            independent.append(j)
            basis = np.column_stack([basis, column / left])
        else:
            dependent.append(j)
    if not dependent:
        return [], np.zeros((p, 0))
    combination = linalg.lstsq(r[:, independent], r[:, dependent])[0]
    return dependent, combination * (scale[dependent][None, :] / scale[independent][:, None])


def _surely_independent(x: Any) -> bool:
    scaled = x / column_scale(x)
    return bool(np.all(np.any(x != 0, axis=0)) and linalg.eigvalsh(scaled.T @ scaled)[0] > 1e-8)


def solve(x: Any, y: Any, weights: Any = None) -> Any:
    """Coefficients b that minimise sum w (y - x b)^2, by Householder QR of the scaled columns.

    Two rounds of iterative refinement with residuals in extended precision keep the digits that an ill-conditioned
    design would cost (Bjorck 1967).
    """
    scale = column_scale(x)
    root = None if weights is None else np.sqrt(weights)
    a = x / scale if root is None else (x / scale) * root[:, None]
    b = y if root is None else y * root
    n, p = a.shape
    if n * p > 2_000_000:
        solution = _normal_equations(a, b)
        if solution is not None:
            return solution / scale
    q, r = linalg.qr(a, mode="economic", check_finite=False)
    beta = linalg.solve_triangular(r, q.T @ b)
    if n * p <= 2_000_000:
        wide_a, wide_b = a.astype(np.longdouble), np.asarray(b, dtype=np.longdouble)
        wide = beta.astype(np.longdouble)
        for _ in range(3):
            residual = (wide_b - wide_a @ wide).astype(float)
            wide = wide + linalg.solve_triangular(r, q.T @ residual)
        beta = wide.astype(float)
    return beta / scale


def _normal_equations(a: Any, b: Any) -> Any:
    """The solution from the Gram matrix where its condition allows, refined once; None where it does not."""
    gram = a.T @ a
    try:
        factor = linalg.cho_factor(gram)
    except linalg.LinAlgError:
        return None
    if np.min(np.abs(np.diagonal(factor[0]))) < 1e-4:  # condition number beyond about 1e8
        return None
    beta = linalg.cho_solve(factor, a.T @ b)
    for _ in range(2):
        beta = beta + linalg.cho_solve(factor, a.T @ (b - a @ beta))
    return beta
