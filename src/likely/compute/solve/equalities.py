"""The maximum under linear equations between the coefficients: a search in the space of their solutions.

The solutions of R x = r are x = origin + basis z, so the maximum over z is an unconstrained one: its score is
basis' score, its information basis' information basis (Nocedal and Wright 2006, *Numerical Optimization*,
section 15.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, final

import numpy as np
from scipy import linalg

from likely.compute.solve import newton
from likely.namespace.arrays import Floats

DEPENDENT = 1e-10  # share of a restriction's row that earlier rows may leave and it still follows from them


class Evaluates(Protocol):
    """What a search needs of a function."""

    def point(self, coefficients: Any) -> newton.Point: ...


@final
@dataclass(frozen=True, eq=False)
class Solutions:
    """The solutions of linear equations: x = origin + basis z.

    Attributes
    ----------
    origin : ndarray, shape (p,)
    basis : ndarray, shape (p, p - m)
        Independent directions in which the equations go on holding.
    """

    origin: Floats
    basis: Floats

    def __call__(self, z: Any) -> Floats:
        return self.origin + self.basis @ z

    def reduced(self, point: newton.Point, z: Any) -> newton.Point:
        """A point of the whole space, with its derivatives in z."""
        with np.errstate(all="ignore"):  # of a point that is not finite, and so not usable either way
            return newton.Point(z, point.value, self.basis.T @ point.score, self.basis.T @ point.info @ self.basis)

    def whole(self, point: newton.Point) -> newton.Point:
        """A point in z as one of the whole space, whose derivatives are zero across the solutions."""
        inward = self._inward
        return newton.Point(self(point.x), point.value, inward.T @ point.score, inward.T @ point.info @ inward)

    @cached_property
    def _inward(self) -> Floats:
        """The left inverse of the basis."""
        size = np.linalg.norm(self.basis, axis=1)
        size = np.where(size > 0, size, 1.0)
        return np.linalg.pinv(self.basis / size[:, None]) / size


def solutions(restrictions: Any, targets: Any, near: Any, spread: Any = None) -> Solutions:
    """The solutions of ``restrictions @ x = targets``, with the one nearest to `near` as their origin.

    Parameters
    ----------
    restrictions : ndarray, shape (m, p)
        Independent rows.
    targets : ndarray, shape (m,)
    near : ndarray, shape (p,)
    spread : ndarray, shape (p, p) or (p,), optional
        What distance is measured in: a covariance, or standard errors. With the covariance of the unrestricted
        maximum `near`, the origin is the restricted maximum to second order.

    Returns
    -------
    Solutions

    Examples
    --------
    >>> import numpy as np
    >>> both = solutions(np.array([[1.0, -1.0]]), np.zeros(1), np.array([1.0, 3.0]))  # x0 = x1
    >>> both.origin.tolist(), np.ptp(both([5.0])).tolist()
    ([2.0, 2.0], 0.0)
    """
    restrictions = np.atleast_2d(np.asarray(restrictions, dtype=float))
    targets, near = np.asarray(targets, dtype=float), np.asarray(near, dtype=float)
    m, p = restrictions.shape
    errors = np.ones(p) if spread is None else np.sqrt(np.diagonal(spread)) if np.ndim(spread) == 2 else spread
    restrictions, targets = solved(restrictions, targets, errors)
    single = np.count_nonzero(restrictions, axis=1) == 1
    held = np.flatnonzero(np.any(restrictions[single] != 0.0, axis=0))
    units = np.eye(m)
    if np.all(single):  # coefficients held at values: the others are the coordinates, untouched
        basis = np.delete(np.diag(errors), held, axis=1)
    else:
        scaled = restrictions * errors
        units = np.diag(1.0 / np.linalg.norm(scaled, axis=1))
        q = linalg.qr((units @ scaled).T)[0]
        basis = errors[:, None] * q[:, m:]
        basis[held] = 0.0
    origin = near.copy()
    metric = spread if np.ndim(spread) == 2 else np.diag(errors**2)
    rows, goal = units @ restrictions, units @ targets
    for _ in range(2):  # the second time for the rounding of the first
        gap = rows @ origin - goal
        origin = origin - metric @ rows.T @ np.linalg.solve(rows @ metric @ rows.T, gap)
    for row, target in zip(restrictions[single], targets[single], strict=True):
        j = int(np.flatnonzero(row)[0])
        origin[j] = target / row[j]
    return Solutions(origin, basis)


def solved(restrictions: Any, targets: Any, errors: Any) -> tuple[Any, Any]:
    """The same equations, each solved for a coefficient that is in no other (Gauss and Jordan's elimination).

    The differences of a = b = c are all but the same equation where the error of one is far larger than those of the
    others, as it is where predictors are measured in units far apart. So an equation is solved for the coefficient
    whose error counts most in it.

    Parameters
    ----------
    restrictions : ndarray, shape (m, p)
        Independent rows. Where they are not, or no float holds a solved one, they stay as they are.
    targets : ndarray, shape (m,)
    errors : ndarray, shape (p,)
        Standard errors of the coefficients.

    Returns
    -------
    tuple of ndarray
        Rows and targets.

    Examples
    --------
    >>> rows, targets = solved([[1, -1], [0, 1]], [0, 2], [1.0, 1.0])  # a = b = 2
    >>> rows.tolist(), targets.tolist()
    ([[1.0, 0.0], [0.0, 1.0]], [2.0, 2.0])
    """
    system = np.column_stack([restrictions, targets]).astype(float)
    with np.errstate(all="ignore"):
        for i in range(len(system)):
            pivot = int(np.argmax(np.abs(system[i, :-1]) * errors))
            if system[i, pivot] == 0.0:
                return restrictions, targets
            system[i] /= system[i, pivot]
            others = np.arange(len(system)) != i
            system[others] -= np.outer(system[others, pivot], system[i])
            system[others, pivot] = 0.0
    if not np.all(np.isfinite(system)):
        return restrictions, targets
    return system[:, :-1], system[:, -1]


def independent(restrictions: Any) -> list[int]:
    """Rows that do not follow from earlier ones."""
    keep: list[int] = []
    for i, row in enumerate(restrictions):
        size = float(np.max(np.abs(row), initial=0.0))
        if float(np.max(np.abs(remainder(row, restrictions[keep])[1]), initial=0.0)) > DEPENDENT * size:
            keep.append(i)
    return keep


def remainder(row: Any, others: Any) -> tuple[Any, Any]:
    """The combination of other rows nearest to a row, and what it leaves of the row."""
    combination = np.linalg.lstsq(others.T, row, rcond=None)[0] if len(others) else np.zeros(0)
    return combination, row - combination @ others


def maximize(objective: Evaluates, space: Solutions, start: Any = None, **options: Any) -> newton.Solution:
    """The local maximum of an objective among the solutions of linear equations.

    Parameters
    ----------
    objective : Evaluates
    space : Solutions
    start : ndarray, shape (p,), optional
        A solution to start from; by default the origin.
    **options
        Those of `likely.compute.solve.newton.maximize`; ``progress`` and ``stop`` see points in z.

    Returns
    -------
    Solution
        Its point is that of the whole space: the score does not vanish there, but basis' score does.

    Examples
    --------
    >>> import likely as lk
    >>> fit = lk.fit("normal", [1.0, 2.0, 4.0, 3.0])
    >>> held = solutions([[1.0, 0.0]], [2.0], fit.outcome.point.x)  # mean = 2
    >>> maximize(fit.likelihood.function.objective, held).point.x.round(6).tolist()  # and the logarithm of the sd
    [2.0, 0.202733]
    """
    last: list[newton.Point] = []

    def evaluate(z: Any) -> newton.Point:
        full = objective.point(space(z))
        last[:] = [full]
        return space.reduced(full, z.copy())

    z: Any = np.zeros(space.basis.shape[1])
    if start is not None:
        z = np.linalg.lstsq(space.basis, np.asarray(start, dtype=float) - space.origin, rcond=None)[0]
    if len(z) == 0:
        point = objective.point(space.origin)
        return newton.Solution(point, point.usable, newton.AT_PEAK, 0, 0.0)
    found = newton.one_step_further(evaluate, newton.maximize(evaluate, z, **options))
    x = space(found.point.x)
    full = last[0] if np.array_equal(last[0].x, x) else objective.point(x)
    return newton.Solution(full, found.converged, found.reason, found.iterations, found.decrement)
