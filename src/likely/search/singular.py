"""Peaks where the information is singular, or as good as: what is not identified, and what still is.

A direction v of the coefficients is not identified where every row's log-density stays as it is along v: then every
row's score is orthogonal to v. That is asked of the rows' scores, not of the information, whose products have half the
digits; in units of the scores' own sizes, so that the coefficients' units do not matter.

The coefficients that take part in such a direction have no standard error. Those that do not have the same one
whichever way the others are held, so they are held orthogonally to the null space: with B a basis of its complement the
covariance is B (B' I B)^-1 B' (Silvey 1959, *Annals of Mathematical Statistics* 30, for singular informations).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np
from scipy import linalg

from likely.compute.solve import trust_region
from likely.compute.solve.equalities import Solutions
from likely.compute.solve.inverse import inverse_information
from likely.compute.solve.newton import Point, Solution
from likely.likelihoods import FarSearch, Objective
from likely.models.model import Model
from likely.namespace.arrays import Booleans, Floats

ROUNDING = 1e-12  # singular value of the scaled scores, relative to the largest, that is rounding
LEVEL = 1e-6  # curvature along such a direction, relative to that of a coefficient, that is none
SHARE = 1e-6  # of a direction that a coefficient must have to take part in it
PLACES = 5  # places beside the peak where a direction must be flat: at the peak alone it is a plateau
STEPS = 20  # towards a peak whose information has lost its digits
NEAR = 1e-2  # standard errors from the peak that rounding may leave there


@final
@dataclass(frozen=True, eq=False)
class NullSpace:
    """Directions that the data do not identify.

    Attributes
    ----------
    directions : ndarray, shape (p, m)
        Orthonormal in units of `size`.
    size : ndarray, shape (p,)
        The root of the sum of squares of the rows' scores by each coefficient.
    """

    directions: Floats
    size: Floats

    @property
    def along(self) -> Floats:
        """The directions in the coefficients' own units, reduced so that each is as short as can be, shape (p, m)."""
        reduced = _echelon(self.directions.T).T / self.size[:, None]
        return reduced / np.max(np.abs(reduced), axis=0)

    @property
    def taking_part(self) -> Booleans:
        """Which coefficients take part in a direction, shape (p,)."""
        return np.max(np.abs(self.directions), axis=1, initial=0.0) > SHARE

    def complement(self, origin: Any) -> Solutions:
        """The places that differ from `origin` only in directions that are identified."""
        p, m = self.directions.shape
        rest = linalg.qr(self.directions)[0][:, m:] if m else np.eye(p)
        return Solutions(origin, rest / self.size[:, None])


@final
class Held:
    """An objective whose directions that are not identified are held where they are, by a pull that costs nothing.

    The log-likelihood is the same all along such a direction, so the maximum over the others is not moved.
    """

    def __init__(self, objective: Objective, space: NullSpace, at: Any) -> None:
        self.objective, self.at = objective, np.array(at, dtype=float)
        self.pull = space.directions * space.size[:, None]

    def point(self, x: Any) -> Point:
        """Value, score and information, less half the square of the distance along each direction."""
        point, far = self.objective.point(x), self.pull.T @ (x - self.at)
        value, score = point.value - 0.5 * float(far @ far), point.score - self.pull @ far
        return replace(point, value=value, score=score, info=point.info + self.pull @ self.pull.T)


def null_space(objective: Objective, point: Point) -> NullSpace | None:
    """What the data do not identify at a point, or None.

    Parameters
    ----------
    objective : Objective
    point : Point
        Where; its information must have no curvature along the directions either.
    """
    found = _orthogonal_to_scores(objective, point.x)
    if found is None or found.directions.shape[1] == 0:
        return None
    scaled = point.info / np.outer(found.size, found.size)
    if not np.all(np.isfinite(scaled)):
        return None
    values, vectors = linalg.eigh(found.directions.T @ scaled @ found.directions)
    level = np.abs(values) <= LEVEL
    return NullSpace(found.directions @ vectors[:, level], found.size) if np.any(level) else None


def _orthogonal_to_scores(objective: Objective, x: Any) -> NullSpace | None:
    """The directions to which every row's score is orthogonal; None where scores are not finite."""
    with np.errstate(all="ignore"):
        scores = np.asarray(objective.row_scores(x), dtype=float)
    if objective.weights is not None:
        scores = scores * np.sqrt(objective.weights)[:, None]
    largest = np.max(np.abs(scores), axis=0, initial=0.0)
    if not np.all(np.isfinite(largest)):
        return None
    unit = np.where(largest > 0, largest, 1.0)
    size = unit * np.sqrt(np.sum((scores / unit) ** 2, axis=0))
    size = np.where(size > 0, size, 1.0)
    _, values, right = linalg.svd(scores / size, full_matrices=True)
    values = np.concatenate([values, np.zeros(len(right) - len(values))])
    return NullSpace(right[values <= ROUNDING * max(float(values[0]), 1e-300)].T, size)


def identified_peak(
    objective: Objective, solution: Solution, start: Any, **options: Any
) -> tuple[Solution, NullSpace, Any] | None:
    """The peak in the directions that are identified, the others, and the covariance; None where all are identified.

    Parameters
    ----------
    objective : Objective
    solution : Solution
        Where a search among all directions has ended.
    start : ndarray, shape (p,)
        Where it began.
    **options
        Those of `likely.compute.solve.trust_region.maximize`.
    """
    if not solution.point.usable or (space := null_space(objective, solution.point)) is None:
        return None
    if not _everywhere(objective, space, solution.point.x, start):
        return None
    places = space.complement(solution.point.x)

    def reduced(function: Callable[[Any], Point]) -> Callable[[Any], Point]:
        return lambda z: places.reduced(function(places(z)), z)

    with np.errstate(all="ignore"):
        z = np.zeros(places.basis.shape[1])
        inner = trust_region.maximize(reduced(objective.point), lambda z: objective.value(places(z)), z, **options)
    covariance, _ = inverse_information(inner.point.info) if inner.converged else (None, None)
    if covariance is None:
        return None
    end = objective.point(places(inner.point.x))
    found = Solution(end, True, inner.reason, solution.iterations + inner.iterations, inner.decrement)
    return found, space, places.basis @ covariance @ places.basis.T


def _everywhere(objective: Objective, space: NullSpace, x: Any, start: Any) -> bool:
    """Whether as many directions are flat at places near and far: at some alone it is a plateau, not the model."""
    begun = _orthogonal_to_scores(objective, start)
    if begun is not None and begun.directions.shape[1] < space.directions.shape[1]:
        return False
    rng, seen, flat = np.random.default_rng(0), 0, 0
    for reach in np.repeat(np.geomspace(1e-2, 1e3, 12), 5):
        move = reach * (1.0 / space.size + 0.1 * np.abs(x)) * rng.standard_normal(len(x))
        place = x + move * (rng.random(len(x)) < 0.7)
        with np.errstate(all="ignore"):
            usable = np.isfinite(objective.value(place))
        found = _orthogonal_to_scores(objective, place) if usable else None
        if found is not None:
            seen += 1
            flat += found.directions.shape[1] >= space.directions.shape[1]
    return seen >= PLACES and flat >= 0.9 * seen


def sharpened(objective: FarSearch, solution: Solution, tolerance: float) -> tuple[Solution, Any]:
    """The end of a search whose information has lost digits, and the covariance that an objective can still give.

    Steps of that covariance times the score go on to the peak; where they do not come near it, the search has not
    converged. The covariance is None where the objective has no other way to it than the information.

    Parameters
    ----------
    objective : Objective
    solution : Solution
        Converged, as far as its information says.
    tolerance : float
        Standard errors from the peak.
    """
    point, covariance = solution.point, objective.covariance(solution.point.x)
    if covariance is None:
        return solution, None
    best = np.inf
    for _ in range(STEPS):
        step = covariance @ point.score
        decrement = float(np.sqrt(max(float(point.score @ step), 0.0)))
        if decrement <= tolerance or decrement > 0.5 * best:
            break
        best = decrement
        with np.errstate(all="ignore"):
            following = objective.point(point.x + step)
        again = objective.covariance(following.x) if following.usable else None
        if again is None or following.value < point.value - 1e-9 * (1.0 + abs(point.value)):
            break
        point, covariance = following, again
    if decrement <= NEAR:
        return replace(solution, point=point, decrement=decrement), covariance
    reason = (
        f"the coefficients are so nearly dependent that the search ends {decrement:.2g} standard errors from a peak"
    )
    return replace(solution, point=point, converged=False, reason=reason, decrement=decrement), None


def reasons_of(space: NullSpace, model: Model) -> dict[str, str]:
    """Every coefficient that is not identified, with the reason in words."""
    names = model.names()
    on = {slot.names[0]: slot.link.name for slot in model.slots if slot.constant and slot.link.name != "identity"}
    written = [f"{on[name]}({name})" if name in on else name for name in names]
    along = space.along
    lines = []
    for direction in along.T:
        direction = direction * np.sign(direction[np.argmax(np.abs(direction) > SHARE)])  # either sign is the same line
        steps = [f"{v:+.4g} in {written[j]}" for j, v in enumerate(direction) if abs(v) > SHARE]
        lines.append(_series(steps))
    which = [name for name, part in zip(names, space.taking_part, strict=True) if part]
    reason = (
        f"the data do not identify {_series(which)}: the log-likelihood stays the same along "
        f"{'; and along '.join(lines)}"
    )
    return dict.fromkeys(which, reason)


def _series(words: list[str]) -> str:
    """Words as a sentence lists them."""
    return " and ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)


def _echelon(rows: Any) -> Any:
    """The reduced row echelon form, by the largest entries: rows with as many zeros as can be had."""
    rows = np.array(rows, dtype=float)
    for i in range(len(rows)):
        left = np.abs(rows[i:])
        k, j = np.unravel_index(int(np.argmax(left)), left.shape)
        rows[[i, i + int(k)]] = rows[[i + int(k), i]]
        rows[i] /= rows[i, j]
        for other in range(len(rows)):
            if other != i:
                rows[other] -= rows[other, j] * rows[i]
    rows[np.abs(rows) <= SHARE] = 0.0
    return rows
