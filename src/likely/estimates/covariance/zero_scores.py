"""What a sandwich cannot see: estimates whose scores are zero wherever they are taken, so that it finds no spread.

A row of leverage 1 is fitted exactly, whatever its response is. Its score is 0, and so is the sandwich variance of an
estimate that rests on it alone, although that estimate has the spread of a single observation. Directions are measured
in the metric of the information, in which every direction has the standard error 1 under the model: there the scores
along a direction are compared with their rounding errors whatever the units and the coding of the predictors are.
"""

from __future__ import annotations

from typing import Any, Protocol, final

import numpy as np
from scipy import linalg

from likely.compute.solve.inverse import root
from likely.likelihoods import Objective
from likely.namespace.arrays import Booleans, Floats

SMALL = 1e-8  # eigenvalue of the meat, relative to the largest, below which its scores are looked at one by one
FEW = 1e-6  # the same of one estimate's variance
MOVED = 1e-7  # relative change of the coefficients whose effect on the scores is that of many rounding errors
TIMES = 16.0  # rounding errors that a sum may gather
FLOOR = 1e-11  # model standard errors: no sandwich of real scores is that small beside the model's
SHARE = 1e-6  # of an estimate's standard error that comes from unseen directions and may be neglected
NOTHING = 1e-7  # ratio of a sandwich's standard error to the model's that is a rounding error of a variance


class Units(Protocol):
    """How rows' scores along directions are summed to those of the units that are taken as independent."""

    def __call__(self, scores: Any, directions: Any) -> Any: ...


@final
class ScoreSums:
    """Sums of scores along directions, told apart from rounding errors.

    Parameters
    ----------
    objective : Objective
    x : ndarray
        The peak.
    weights : ndarray or None
        How much each row's score counts in the total.
    left : float, optional
        How far the search ended from the peak, in standard errors; by default the total score tells, which is 0 at
        a peak.
    """

    def __init__(self, objective: Objective, x: Any, weights: Any, left: float | None = None) -> None:
        signs = np.where(np.arange(len(x)) % 2, -1.0, 1.0)
        self._here = objective.row_scores(x)
        self._near = [objective.row_scores(x * (1.0 + MOVED * s)) for s in (signs, np.ones(len(x)))]
        counted = np.ones(len(self._here)) if weights is None else weights
        self._total, self._left = counted @ self._here, left

    def __call__(self, units: Units, directions: Any) -> tuple[Any, Any]:
        """The units' scores along directions, shape (units, m), and the size of rounding errors along each."""
        along = units(self._here, directions)
        moved = np.max([linalg.norm(units(near, directions) - along, axis=0) for near in self._near], axis=0)
        left = np.abs(self._total @ directions) if self._left is None else self._left
        return along, FLOOR + TIMES * (left + moved * float(np.finfo(float).eps) / MOVED)


def weak_directions(bread: Any, meat: Any) -> Floats:
    """Directions along which the meat is small beside the information, orthonormal in the information's metric.

    Parameters
    ----------
    bread, meat : ndarray, shape (p, p)

    Returns
    -------
    ndarray, shape (p, m)
    """
    metric = root(bread)
    size = np.max(np.abs(metric), axis=1, initial=0.0)
    widths = linalg.norm(metric / np.where(size > 0.0, size, 1.0)[:, None], axis=0)
    metric = metric[:, widths > 1e-7 * np.max(widths, initial=0.0)]  # not those that constraints hold
    inner = metric.T @ meat @ metric
    inner = 0.5 * (inner + inner.T)
    if not len(inner) or not np.all(np.isfinite(inner)):
        return np.zeros((len(bread), 0))
    shift = SMALL * float(np.trace(inner))
    try:
        linalg.cholesky(inner - shift * np.eye(len(inner)), check_finite=False)
        return np.zeros((len(bread), 0))
    except linalg.LinAlgError:
        values, vectors = linalg.eigh(inner)
    return metric @ vectors[:, values <= shift]


def exact_directions(score_sums: ScoreSums, units: Units, directions: Any) -> Floats:
    """Those among some directions, and combinations of them, along which every unit's score is zero."""
    along, rounding = score_sums(units, directions)
    _, sizes, axes = linalg.svd(along, full_matrices=True)
    sizes = np.append(sizes, np.zeros(directions.shape[1] - len(sizes)))
    return directions @ axes[sizes <= linalg.norm(rounding)].T


def depends(jacobian: Any, unseen: Any, found: Any, model: Any) -> Booleans:
    """Which linear forms of the coefficients a sandwich does not tell the spread of.

    They rest on directions that it cannot see, or their variance is 0 but for rounding errors.

    Parameters
    ----------
    jacobian : ndarray, shape (k, p)
    unseen : ndarray, shape (p, m), or None
    found, model : ndarray, shape (p, p)
        Roots of the sandwich, and of the covariance that takes the model as true.
    """
    unit = unit_rows(jacobian)[0]
    under_model = linalg.norm(unit @ model, axis=1)
    own = linalg.norm(model, axis=1)
    usual = float(np.max(linalg.norm(found, axis=1)[own > 0.0] / own[own > 0.0], initial=1.0))
    nothing = (under_model > 0.0) & (linalg.norm(unit @ found, axis=1) <= NOTHING * usual * under_model)
    if unseen is None or not unseen.shape[1]:
        return nothing
    return nothing | (linalg.norm(unit @ unseen, axis=1) > SHARE * under_model)


def unit_rows(rows: Any) -> tuple[Any, Any]:
    """Rows divided by their largest entry, and these; a row of zeros stays one."""
    size = np.max(np.abs(rows), axis=1, initial=0.0)
    size = np.where((size > 0.0) & np.isfinite(size), size, 1.0)
    return rows / size[:, None], size
