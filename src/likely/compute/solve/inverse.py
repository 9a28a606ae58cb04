"""From the observed information to a covariance, or to the reason why there is none."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import linalg

from likely.compute.solve.cholesky import Factor
from likely.namespace.arrays import Floats

FLAT = 1e-11  # eigenvalue of the unit-diagonal information below which a direction is not identified
SINGULAR = 1e-10  # eigenvalue of the correlations of linear forms below which they are dependent


def inverse_information(info: Any) -> tuple[Any, Any]:
    """The inverse of an information matrix and its flat directions.

    Parameters
    ----------
    info : ndarray, shape (p, p)

    Returns
    -------
    covariance : ndarray, shape (p, p), or None
        None where the information is not positive definite.
    flat : ndarray, shape (p, m)
        Directions in which the log-likelihood does not fall, in the coefficients' own units; empty when it is
        positive definite.
    """
    p = len(info)
    if p == 0:
        return np.zeros((0, 0)), np.zeros((0, 0))
    diagonal = np.diagonal(info)
    if not np.all(np.isfinite(info)):
        return None, np.eye(p)
    scale = np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    unit = info / np.outer(scale, scale)
    try:
        factor = Factor(unit)
        if factor.smallest_pivot > 1e-5 and np.all(diagonal > 0):
            return factor.inverse() / np.outer(scale, scale), np.zeros((p, 0))
    except linalg.LinAlgError:
        pass
    values, vectors = linalg.eigh(unit)
    flat = values <= FLAT
    if np.any(flat) or np.any(diagonal <= 0):
        return None, vectors[:, flat] / scale[:, None] if np.any(flat) else np.diag((diagonal <= 0).astype(float))
    inverse = (vectors / values) @ vectors.T
    return inverse / np.outer(scale, scale), np.zeros((p, 0))


def flat_names(names: list[str], flat: Any) -> list[str]:
    """Names of the coefficients that take part in a flat direction."""
    if flat.size == 0:
        return []
    share = np.max(np.abs(flat) / np.max(np.abs(flat), axis=0), axis=1)
    return [name for name, s in zip(names, share, strict=True) if s > 1e-3]


def rank(forms: Any) -> int:
    """The rank of linear forms of independent variables of equal spread, each divided by its own size.

    >>> rank(np.array([[1.0, 2.0], [-2.0, -4.0]]))
    1
    """
    widths = linalg.norm(forms, axis=1)
    there = forms[widths > 0.0] / widths[widths > 0.0, None]
    if not there.size:
        return 0
    squares = np.square(linalg.svdvals(there))
    return int(np.count_nonzero(squares > SINGULAR * max(1.0, float(squares[0]))))


def root(covariance: Any) -> Floats:
    """L with L L' the covariance, which may be singular; a row of zeros for a variance of 0."""
    variances = np.diagonal(covariance)
    scale = np.sqrt(np.where(variances > 0.0, variances, 1.0))
    values, vectors = linalg.eigh(covariance / scale[:, None] / scale)
    found = scale[:, None] * vectors * np.sqrt(np.maximum(values, 0.0))
    found[variances <= 0.0] = 0.0
    return found
