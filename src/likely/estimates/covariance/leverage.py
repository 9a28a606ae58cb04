"""Leverages of rows, and the scores that HC2 and HC3 correct by them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from likely.compute.solve.inverse import inverse_information
from likely.errors import IntervalError, first_rows
from likely.likelihoods import Objective
from likely.likelihoods.expected import Expected
from likely.namespace.arrays import Floats

FULL = 1e-9  # less than this below 1 a leverage is 1
NO_SCORE = 1e-6  # of a row that is fitted exactly, in standard errors

Rows = Callable[[int, int], Mapping[tuple[int, int], Any]]


def leveraged_scores(likelihood: Objective, x: Any, kind: str, pseudo: bool) -> Rows:
    """Products of the rows' scores, each corrected by its leverage.

    A row's leverage is the share of its own information in its own predictors' variance: with W its expected
    information and A the covariance of its linear predictors, H = W A. HC3 takes (I - H)^-1 s, which is the change of
    the estimates without this row to first order (the jackknife); HC2 the square root of that. For one linear
    predictor H is a number, the hat value of a GLM.

    Parameters
    ----------
    likelihood : Objective
    x : ndarray
        The estimates.
    kind : {"HC2", "HC3"}
    pseudo : bool
        Whether weights multiply a row's information (sampling weights) or count rows.

    Raises
    ------
    IntervalError
        If a row has leverage 1 and is not fitted exactly.
    """
    expected = Expected(likelihood, x)
    objective = expected.objective
    inverse, _ = inverse_information(expected.information)
    if inverse is None:
        raise IntervalError("the expected information is singular, so there are no leverages; use HC0")
    slots = range(len(objective.model.slots))

    def rows(lo: int, hi: int) -> Mapping[tuple[int, int], Any]:
        g = np.stack(objective.slot_scores(x, lo, hi), axis=1)
        information = np.zeros((hi - lo, len(slots), len(slots)))
        for (j, k), value in expected.block(lo, hi).items():
            information[:, j, k] = information[:, k, j] = value
        if pseudo and objective.weights is not None:
            information *= objective.weights[lo:hi, None, None]
        variance = objective.predictors.covariance(inverse, lo, hi)
        adjusted = _adjusted(g, information, variance, kind, lo)
        return {(j, k): adjusted[:, j] * adjusted[:, k] for j in slots for k in slots if j <= k}

    return rows


def _adjusted(g: Any, w: Any, a: Any, kind: str, first: int) -> Floats:
    """f(W A) g with f(h) = 1/(1 - h) or its square root, by the eigenvalues of A^(1/2) W A^(1/2).

    f(W A) = I + W A^(1/2) F(A^(1/2) W A^(1/2)) A^(1/2) with F(h) = (f(h) - 1)/h, which needs no inverse.
    """
    values, vectors = np.linalg.eigh(a)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))[:, None, :]) @ np.swapaxes(vectors, 1, 2)
    leverage, axes = np.linalg.eigh(root @ w @ root)
    full = leverage > 1.0 - FULL
    along = np.squeeze(np.swapaxes(axes, 1, 2) @ root @ g[:, :, None], axis=2)  # in standard errors of the estimates
    if np.any(lost := np.any(full & (np.abs(along) > NO_SCORE), axis=1)):
        bad = first + np.flatnonzero(lost)
        raise IntervalError(
            f"{kind} does not exist: some rows have leverage 1 and a score that is not 0, so without them there are no "
            f"estimates ({first_rows(bad, leverage[lost, -1])}). Use HC0 or HC1, or leave these rows out"
        )
    h = np.where(full, 0.0, leverage)
    power = -1.0 if kind == "HC3" else -0.5
    with np.errstate(all="ignore"):
        part = np.where(np.abs(h) < 1e-8, -power, np.expm1(power * np.log1p(-h)) / np.where(h == 0.0, 1.0, h))
    part[full] = 0.0  # an exact fit has no score to correct; what hangs on it alone is withheld, as in all sandwiches
    inner = (axes * part[:, None, :]) @ np.swapaxes(axes, 1, 2)
    return g + np.squeeze(w @ root @ inner @ root @ g[:, :, None], axis=2)
