"""The peaks of one likelihood for each group of rows: all at once where they are regular.

What is not beyond doubt is left to a search of its own, `likely.estimates.maximum`: the conditions here are those under
which that would say "converged" and find the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from likely.compute.solve.newton_batch import Points, cholesky, inverse, maximize_many
from likely.estimates.covariance import default
from likely.estimates.verdict import SATURATED
from likely.families.base import Kind
from likely.likelihoods import offers_of, single_peaked
from likely.likelihoods.by_group import GroupedRows
from likely.models import limits
from likely.models.model import Model
from likely.models.rows import Rows
from likely.namespace import NumpyNamespace
from likely.namespace.arrays import Booleans, Floats

BLOCK = 100_000  # rows of groups that are searched together: they fit in the cache, and Python's share is small
POOLED = 2_000  # rows of all groups, about, whose common peak the searches start from
MOST_ROWS = 5_000  # of a group, whose own search costs little beside its rows
MOST_COEFFICIENTS = 40
SIZES = 1e-100, 1e100  # of a response, or of a standard error
NARROW = 1e3  # times its range that a response is from zero, in a family that moves with it
EXACT = 1e-6  # of a response's range: residuals that are next to none
FAINT = 1e-3  # information about a constant's linear predictor, which may be running away
AWAY = 10.0  # of a constant's linear predictor from its start
LINKS = "identity", "log", "logit", "probit", "cloglog", "loglog", "softplus", "cauchit"


@final
@dataclass(frozen=True, eq=False)
class RegularPeaks:
    """The peaks of m groups.

    Attributes
    ----------
    found : ndarray of bool, shape (m,)
        Which of them are regular; the others say nothing.
    x : ndarray, shape (p, m)
        Coefficients.
    stderr : ndarray, shape (p, m)
        Of the coefficients, from the observed information.
    loglik : ndarray, shape (m,)
    """

    found: Booleans
    x: Floats
    stderr: Floats
    loglik: Floats

    @classmethod
    def none(cls, p: int, m: int) -> RegularPeaks:
        return cls(np.zeros(m, dtype=bool), np.full((p, m), np.nan), np.full((p, m), np.nan), np.full(m, np.nan))

    def put(self, groups: Any, other: RegularPeaks) -> None:
        """Write the peaks of the groups numbered `groups`."""
        self.found[groups], self.loglik[groups] = other.found, other.loglik
        self.x[:, groups], self.stderr[:, groups] = other.x, other.stderr


def vouched(model: Model) -> bool:
    """Whether the peaks of a model by group can be regular, whatever its groups."""
    family = model.family
    if not offers_of(family).independent_rows or offers_of(family).far or not single_peaked(model):
        return False
    if model.fixed or not model.slots or model.size > MOST_COEFFICIENTS or default(model).kind != "observed":
        return False
    if family.kinked or family.kind is Kind.ORDERED:
        return False
    limited = {limit.parameter for limit in family.limits}
    return not any(
        slot.leaves_domain
        or slot.shared
        or slot.parameter.edge
        or slot.link.name not in LINKS
        or (slot.parameter.name in limited and not slot.constant)
        for slot in model.slots
    )


def blocks_of_groups(counts: Any) -> Iterator[Any]:
    """The numbers of groups of like sizes, about so many at a time that their rows fill a block."""
    order = np.argsort(counts, kind="stable")
    in_order, lo = counts[order], 0
    while lo < len(order):
        smallest = int(in_order[lo])
        # those of more than an eighth more rows are another block's: they would be filled up with weights of 0
        alike = int(np.searchsorted(in_order, smallest + max(1, smallest // 8), side="right"))
        hi = min(lo + max(1, BLOCK // smallest), alike)
        yield np.sort(order[lo:hi])
        lo = hi


def pooled_start(model: Model, data: Rows, start: Any) -> Any:
    """The peak of some rows of all groups together, shape (p,): a start that is near those of the groups."""
    rows = np.arange(0, data.n, max(1, data.n // POOLED))
    some = GroupedRows(model, data, rows[:, None], np.array([len(rows)]))
    found = maximize_many(some.some_points, some.centred(start), max_iterations=20, tolerance=1e-2)
    return some.original(found.points.x)[:, 0] if found.converged[0] else start


def regular_peaks(
    rows: GroupedRows, start: Any, usual: Any, *, max_iterations: int = 100, tolerance: float = 1e-6
) -> RegularPeaks:
    """Every group's local maximum, where it is regular.

    Parameters
    ----------
    rows : GroupedRows
    start, usual : ndarray, shape (p,)
        Coefficients from which the searches start, and the family's own starting values.
    max_iterations, tolerance
        Those of Newton's method.
    """
    options: dict[str, Any] = {"max_iterations": max_iterations, "tolerance": tolerance}
    peaks = maximize_many(rows.some_points, rows.centred(start), **options)
    points = peaks.points
    found = peaks.converged & ~_doubtful(rows, points, usual)
    diagonal = np.einsum("jjm->jm", points.info)
    scale = np.sqrt(np.where(diagonal > 0.0, diagonal, 1.0))
    covariance = inverse(cholesky(points.info / (scale[:, None] * scale))[0]) / (scale[:, None] * scale)
    stderr = np.sqrt(np.einsum("jjm->jm", rows.original_covariance(covariance)))
    found &= np.all((stderr > SIZES[0]) & (stderr < SIZES[1]), axis=0)
    return RegularPeaks(found, rows.original(points.x), stderr, points.value)


def _doubtful(rows: GroupedRows, points: Points, usual: Any) -> Any:
    """Which groups' ends need a closer look: a parameter near the end of its domain, a response that is reproduced."""
    model, data = rows.model, rows.data
    etas, xp = rows.etas(points.x), NumpyNamespace()
    out = rows.counts <= model.size + 1
    codes = {} if model.family.kind.labels else model.family.saturation(data.y, data.known)
    for slot, eta in zip(model.slots, etas, strict=True):
        if slot.idle:
            continue
        if slot.entry is not None:
            out |= rows.over_rows(np.maximum, np.abs(eta)) > SATURATED
        elif slot.parameter.name in codes:
            code, domain = np.asarray(codes[slot.parameter.name], dtype=float), slot.parameter.domain
            value = slot.link.inverse(eta, xp)
            near = (code == 1.0) & (domain.upper - value < np.exp(-SATURATED))
            out |= rows.over_rows(np.logical_or, near | ((code == -1.0) & (value - domain.lower < np.exp(-SATURATED))))
        if slot.constant and slot.link.name != "identity":
            i = slot.start
            out |= ~(points.info[i, i] > FAINT) | ~(np.abs(points.x[i] - usual[i]) < AWAY)
    for limit, slot in limits.watched(model):
        value, mark = slot.link.inverse(points.x[slot.start], xp), limits.NEAR[limit.at]
        out |= ~(value > mark) if limit.at == 0.0 else ~(value < mark)
    if not model.family.kind.discrete and not model.family.kind.labels:
        out |= _reproduced(rows, etas)
    if model.levels:
        for level in range(len(model.levels)):
            out |= ~rows.over_rows(np.logical_or, data.y == level)
    return out


def _reproduced(rows: GroupedRows, etas: list[Any]) -> Any:
    """Which groups have a response that does not vary, or as good as, or that predictors reproduce."""
    model, y = rows.model, rows.data.y
    highest, lowest = rows.over_rows(np.maximum, y), rows.over_rows(np.minimum, y)
    width, size = highest - lowest, np.maximum(np.abs(highest), np.abs(lowest))
    out = ~((width > 0.0) & (size > SIZES[0]) & (size < SIZES[1]))
    for slot, eta in zip(model.slots, etas, strict=True):
        if slot.parameter.name == model.family.moves:
            out |= size > NARROW * width
            if slot.link.name == "identity":
                out |= ~(rows.over_rows(np.maximum, np.abs(y - eta)) > EXACT * width)
    return out
