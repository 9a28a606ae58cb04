"""Starts to which rows of much influence lead: without such a row another peak may be the highest."""

from __future__ import annotations

import numpy as np

from likely.compute.solve.newton import Point
from likely.likelihoods import Objective
from likely.namespace.arrays import Floats
from likely.search.directions import few_rows

INFLUENCE = 0.5  # of a row, in squared standard errors that the peak moves without it, to first order
ROWS = 3  # of the most influential ones
AWAY = 3.0  # standard errors from the peak
SAME_WAY = 1.0 - 1e-6  # cosine of two directions that are one


def influential_starts(objective: Objective, peak: Point) -> list[Floats]:
    """Places on both sides of a peak, in the directions in which it moves without a row that has much influence.

    The directions are those of Newton's step without the row (Pregibon 1981, *Annals of Statistics* 9); they depend on
    rows alone and not on how predictors are written.
    """
    covariance, _ = peak.inverse
    if covariance is None or not few_rows(objective):
        return []
    with np.errstate(all="ignore"):
        scores = np.asarray(objective.row_scores(peak.x), dtype=float)
        moves = scores @ covariance
        influence = np.einsum("ij,ij->i", scores, moves)
    found, taken = list[Floats](), list[int]()
    for i in np.argsort(-np.where(np.isfinite(influence), influence, -np.inf), kind="stable"):
        if len(taken) == ROWS or not influence[i] > INFLUENCE:
            break
        length = np.sqrt(influence[i])
        if all(abs(moves[i] @ scores[j]) < SAME_WAY * length * np.sqrt(influence[j]) for j in taken):
            taken.append(int(i))
            found += [peak.x + side * AWAY / length * moves[i] for side in (-1.0, 1.0)]
    return found
