"""Weighted linear least squares and orthogonal factorisation, with the dependent columns found."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import linalg

from likely.blocks import Blocks
from likely.solve import grams

EXTENDED = 5_000_000  # n p^2 up to which extended precision is cheap
CHEAP_QR = 2_000_000  # numbers in a matrix whose Householder factorisation is cheap


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
    if isinstance(x, Blocks):
        return grams.dependent_columns(x, tolerance)
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


def ill_conditioned(x: Any) -> bool:
    """Whether normal equations would cost more digits than a covariance should lose.

    A Gram matrix has the squared condition number of its columns: about 1e-16 / (its smallest eigenvalue) is lost.
    """
    if isinstance(x, Blocks):
        return grams.ill_conditioned(x)
    few = x[:: max(1, len(x) // max(20_000, 50 * x.shape[1]))]
    scaled = few / column_scale(few)
    return bool(linalg.eigvalsh(scaled.T @ scaled)[0] < (1e-5 if x.size <= CHEAP_QR else 1e-9))


def orthogonalize(x: Any) -> tuple[Any, Any]:
    """x = q r with orthonormal columns in q and r upper triangular.

    Small problems are done in extended precision (Gram-Schmidt twice, Giraud et al. 2005) where the machine has it, so
    that r keeps digits that double precision loses to an ill-conditioned design; large ones by Householder, and the
    largest by Cholesky twice (Yamamoto et al. 2015), which needs passes over the rows and no copy of them.
    """
    n, p = x.shape
    scale = column_scale(x)
    if n * p * p <= EXTENDED:
        q = x.astype(np.longdouble) / scale  # rounding the quotient to double would move the problem
        r = np.zeros((p, p), dtype=np.longdouble)
        for j in range(p):
            for _ in range(2):
                along = q[:, :j].T @ q[:, j]
                q[:, j] -= q[:, :j] @ along
                r[:j, j] += along
            r[j, j] = np.sqrt(q[:, j] @ q[:, j])
            q[:, j] /= r[j, j]
        return q, r * scale
    if n * p <= CHEAP_QR:
        q, r = linalg.qr(x / scale, mode="economic", check_finite=False)
        return q, r * scale
    q, total = x / scale, np.eye(p)
    for _ in range(2):
        r = linalg.cholesky(q.T @ q)
        q = linalg.solve_triangular(r, q.T, trans="T").T
        total = r @ total
    return q, total * scale


def triangular_inverse(r: Any) -> Any:
    """The inverse of an upper triangular matrix, in the precision of `r`."""
    p = len(r)
    out = np.zeros_like(r)
    for j in range(p):
        out[j, j] = 1.0 / r[j, j]
        for i in range(j - 1, -1, -1):
            out[i, j] = -(r[i, i + 1 : j + 1] @ out[i + 1 : j + 1, j]) / r[i, i]
    return out


def solve(x: Any, y: Any, weights: Any = None) -> Any:
    """Coefficients b that minimise sum w (y - x b)^2.

    Normal equations with one refinement where the condition of the columns allows, else orthogonal factorisation.
    """
    if isinstance(x, Blocks):
        return grams.solve(x, y, weights)
    root = None if weights is None else np.sqrt(weights)
    a = x if root is None else x * root[:, None]
    b = y if root is None else y * root
    if a.size > CHEAP_QR and not ill_conditioned(a):
        return _normal_equations(a, b)
    q, r = orthogonalize(a)
    return np.asarray(triangular_inverse(r) @ (q.T @ b.astype(q.dtype)), dtype=float)


def _normal_equations(a: Any, b: Any) -> Any:
    """The solution from the Gram matrix, refined with the residuals."""
    scale = column_scale(a)
    factor = linalg.cho_factor(a.T @ a / np.outer(scale, scale))

    def step(target: Any) -> Any:
        return linalg.cho_solve(factor, (a.T @ target) / scale) / scale

    beta = step(b)
    return beta + step(b - a @ beta)
