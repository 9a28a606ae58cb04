"""Joint confidence regions of two estimates: the contour of their profile likelihood, or Wald's ellipse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, final

import numpy as np
from scipy import linalg

from likely.compute.solve import equalities as restricted
from likely.compute.solve import newton
from likely.compute.solve.equalities import Solutions
from likely.compute.solve.inverse import rank
from likely.data.tables import Table
from likely.errors import IntervalError, OptionError, is_one_of, unknown
from likely.estimates.covariance import refuse_spread
from likely.estimates.covariance.reference_distribution import Reference
from likely.inference.profile import locate
from likely.inference.records import Record
from likely.inference.tests import large_sample_note
from likely.models import scale
from likely.models.checks import check_level, items_of
from likely.models.naming import Names
from likely.namespace.arrays import Floats
from likely.show.text_table import Grid, alike

if TYPE_CHECKING:
    from likely.estimates import Estimates
    from likely.models.slot import Slot

METHODS = ("profile", "wald")
FARTHEST = 12.0  # times its distance on Wald's ellipse within which a contour is followed
CLOSE = 1e-7  # of the square root of the drop, relative to its level
MOST_POINTS = 1000
MOST_EVALUATIONS = 20_000


@final
@dataclass(frozen=True, repr=False, eq=False)
class Region(Record):
    """A joint confidence region of two estimates, as points along its edge.

    Attributes
    ----------
    names : tuple of str
    points : ndarray, shape (k, 2)
        In order along the edge, on the scale on which the estimates are reported; the first point is repeated at the
        end of a closed one.
    closed : bool
        Whether the edge came back to where it started. Otherwise the region goes on beyond its ends.
    estimates : tuple of float
    level : float
    method : str
    notes : tuple of str
    """

    names: tuple[str, str]
    points: Floats
    closed: bool
    estimates: tuple[float, float]
    level: float
    method: str
    notes: tuple[str, ...] = ()
    table: Table = field(default_factory=Table)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The points, as dicts by name."""
        return [dict(zip(self.names, map(float, point), strict=True)) for point in self.points]

    @property
    def grid(self) -> Grid:
        """The estimates, and how far the region reaches along each axis."""
        cells = []
        for name, value, column in zip(self.names, self.estimates, self.points.T, strict=True):
            low, high = float(np.min(column)), float(np.max(column))
            cells.append((name, *alike([value, low, high], (high - low) / 4.0)))
        how = "profile likelihood" if self.method == "profile" else "Wald"
        title = f"Joint {100 * self.level:g}% region ({how}, {len(self.points)} points)"
        return Grid(("", "estimate", "from", "to"), tuple(cells), "lrrr", title)

    @property
    def remarks(self) -> tuple[str, ...]:
        return self.notes

    @property
    def source(self) -> Table:
        return self.table


def region(fit: Estimates, names: Sequence[str], level: float = 0.95, method: str = "profile") -> Region:
    """A joint confidence region; see `likely.Fit.region`."""
    level = check_level(level)
    if not is_one_of(method, METHODS):
        raise unknown("method", method, METHODS, " for a region")
    names = items_of(names, f"a region is of two estimates, such as {fit.names[:2]}")
    if len(names) != 2:
        raise OptionError(f"a region is of two estimates, such as {fit.names[:2]}; found {names!r}")
    known = Names.of(fit)
    pair = known.one(names[0]), known.one(names[1])
    if pair[0] == pair[1]:
        raise OptionError(f"a region is of two different estimates, found {pair[0]} twice")
    for name in pair:
        if name in fit.withheld:
            raise IntervalError(f"{name} has no standard error: {fit.withheld[name]}")
    if fit.limit is None:
        fit.require_regular("a joint region")
    inner = fit.effective
    own = [name if fit.limit is None else fit.limit.limiting_name(name) for name in pair]
    slots, places = zip(*(locate(inner.likelihood, name) for name in own), strict=True)
    center = inner.outcome.point.x[list(places)]
    reference = inner.reference if method == "wald" else Reference()
    radius = float(np.sqrt(reference.joint_quantile(level, 2)))
    notes: tuple[str, ...] = ()
    if method == "wald":
        angles = np.linspace(0.0, 2.0 * np.pi, 181)
        circle = radius * np.column_stack([np.cos(angles), np.sin(angles)])
        axes = np.eye(len(inner.outcome.point.x))[list(places)]
        refuse_spread(inner, axes, f"a region of {pair[0]} and {pair[1]}")
        if reference.df is not None:
            notes = (f"By F with {reference.words} in the denominator.",)
        inner.require_rank(axes, f"a region of {pair[0]} and {pair[1]}", "take an interval of each")
        if rank(inner.link_root[list(places)]) < 2:
            raise IntervalError(f"{pair[0]} and {pair[1]} are bound together, so their region is a line: use intervals")
        errors, correlations = scale.errors(axes, inner._link_cov)
        edge, closed = center + (circle @ linalg.cholesky(correlations, lower=True).T) * errors, True
    else:
        fit.require_likelihood("a region by the profile likelihood", plain=True)
        fit.require_independent("a region by the profile likelihood", "method='wald'")
        if note := large_sample_note(inner):
            notes = (f"{note[:1].upper()}{note[1:]}.",)
        if inner.likelihood.model.family.kinked:
            raise IntervalError("the log-density has corners, so its contours cannot be followed: use method='wald'")
        profile = PairProfile(inner, places)
        circle, closed = trace(profile, radius)
        edge = center + circle @ profile.root.T
        if not closed:
            notes += (
                "The edge does not close: the data do not bound the two estimates together, and the region goes on "
                "beyond the ends of these points.",
            )
    points = np.column_stack([_natural(slot, column) for slot, column in zip(slots, edge.T, strict=True)])
    estimates = (fit.coef[pair[0]], fit.coef[pair[1]])
    return Region(pair, points, closed, estimates, level, method, notes, fit.likelihood.bound.output_table)


def _natural(slot: Slot, values: Any) -> Floats:
    return np.array([slot.natural(float(t)) for t in values]) if slot.constant else values


@final
class PairProfile:
    """The root of twice the fall of the profile log-likelihood along two coefficients, with its gradient.

    The two are measured from their estimates in coordinates in which Wald's ellipse is a circle, so the root is about
    the distance from the origin.
    """

    def __init__(self, fit: Estimates, places: Sequence[int]) -> None:
        self.objective, self.peak = fit.likelihood.objective, fit.loglik
        best = fit.outcome.point
        self.places, self.best = np.array(places, dtype=int), np.array(best.x, dtype=float)
        self.free = np.delete(np.arange(len(self.best)), self.places)
        errors = np.sqrt(np.diagonal(linalg.inv(best.info)))
        self.basis = np.diag(errors)[:, self.free]
        covariance = linalg.inv(best.info)[np.ix_(self.places, self.places)]
        self.root = linalg.cholesky(covariance, lower=True)
        self.spent = 0
        self._known: list[tuple[Any, newton.Point]] = [(np.zeros(2), best)]

    def point(self, coefficients: Any) -> newton.Point:
        """The objective, with a limit to its use."""
        self.spent += 1
        if self.spent > MOST_EVALUATIONS:
            raise IntervalError(f"the contour could not be followed within {MOST_EVALUATIONS:,} evaluations")
        return self.objective.point(coefficients)

    def __call__(self, u: Any) -> tuple[float, Any] | None:
        """The root of the fall and its gradient; None where the maximum over the others is not found."""
        _, near = min(self._known, key=lambda k: float(np.sum(np.square(k[0] - u))))
        held = self.best[self.places] + self.root @ u
        origin = near.x.copy()
        origin[self.places] = held
        if len(self.free):
            change = held - near.x[self.places]
            try:
                inside = near.info[np.ix_(self.free, self.free)]
                origin[self.free] -= np.linalg.solve(inside, near.info[np.ix_(self.free, self.places)] @ change)
            except np.linalg.LinAlgError:
                pass
        found = restricted.maximize(self, Solutions(origin, self.basis), max_iterations=60)
        if not found.converged:
            return None
        self._known.append((np.array(u), found.point))
        fallen = float(np.sqrt(max(2.0 * (self.peak - found.point.value), 0.0)))
        slope = -self.root.T @ found.point.score[self.places]
        return fallen, slope / max(fallen, 1e-12)


Level = Callable[[Any], "tuple[float, Any] | None"]


def trace(function: Level, level: float) -> tuple[Any, bool]:
    """Points along the curve around the origin where a function has a level, and whether the curve is closed.

    A step along the tangent, Newton's method back to the curve, and a step length that follows the curve's bends.

    Parameters
    ----------
    function : callable
        A point of the plane -> value and gradient, or None where there is none. About the distance from the origin.
    level : float

    Returns
    -------
    points : ndarray, shape (k, 2)
    closed : bool

    Raises
    ------
    IntervalError
        If no point of the curve is found.
    """
    for direction in ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)):
        first = _on_ray(function, level, np.array(direction))
        if first is not None:
            break
    else:
        raise IntervalError("the profile likelihood does not fall far enough in any direction: there is no region")
    ahead, closed = _follow(function, level, first, 1.0)
    if closed:
        return np.vstack([ahead, ahead[:1]]), True
    behind, _ = _follow(function, level, first, -1.0)
    return np.vstack([behind[:0:-1], ahead]), False


def _on_ray(function: Level, level: float, direction: Any) -> Floats | None:
    """A point of the curve on a ray from the origin, by Newton's method within a bracket; None beyond `FARTHEST`."""
    low, high, r = 0.0, np.inf, level
    for _ in range(60):
        found = function(r * direction)
        if found is None:
            high = r
        else:
            value, gradient = found
            if abs(value - level) <= CLOSE * level:
                return r * direction
            low, high = (r, high) if value < level else (low, r)
        slope = 0.0 if found is None else float(gradient @ direction)
        r_next = r - (value - level) / slope if slope > 0 else np.nan
        if not (low < r_next < high):
            r_next = 0.5 * (low + high) if np.isfinite(high) else 2.0 * r
        r = min(r_next, 3.0 * max(r, level))
        if r > FARTHEST * level or high - low <= 1e-12 * level:
            return None
    return None


def _follow(function: Level, level: float, first: Any, sense: float) -> tuple[Any, bool]:
    """The curve from a point on, in one sense, until it comes back or is lost."""
    points, step, here = [first], 0.2 * level, first
    found = function(here)
    if found is None:
        return np.array(points), False
    tangent = _tangent(found[1], sense)
    while len(points) < MOST_POINTS and float(np.linalg.norm(here)) <= FARTHEST * level:
        back = first - here
        along, across = float(back @ tangent), float(abs(back[0] * tangent[1] - back[1] * tangent[0]))
        if len(points) > 3 and 0.0 < along <= 1.2 * step and across <= 0.5 * step:
            return np.array(points), True
        landed = _correct(function, level, here + step * tangent)
        turn = np.pi if landed is None else float(np.arccos(np.clip(_tangent(landed[1], sense) @ tangent, -1.0, 1.0)))
        if landed is None or turn > 0.25 or float(np.linalg.norm(landed[0] - here)) > 2.0 * step:
            step *= 0.5
            if step < 1e-6 * level:
                return np.array(points), False
            continue
        here, tangent = landed[0], _tangent(landed[1], sense)
        points.append(here)
        step *= 1.5 if turn < 0.08 else 1.0
        step = min(step, 0.5 * max(level, float(np.linalg.norm(here))))
    return np.array(points), False


def _tangent(gradient: Any, sense: float) -> Floats:
    return sense * np.array([-gradient[1], gradient[0]]) / max(float(np.linalg.norm(gradient)), 1e-300)


def _correct(function: Level, level: float, u: Any) -> tuple[Any, Any] | None:
    """The point of the curve near `u` and the gradient there, by steps along the gradient."""
    for _ in range(12):
        found = function(u)
        if found is None:
            return None
        value, gradient = found
        if abs(value - level) <= CLOSE * level:
            return u, gradient
        squared = float(gradient @ gradient)
        if squared < 1e-12:
            return None
        u = u - (value - level) / squared * gradient
    return None
