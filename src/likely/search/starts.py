"""Where else a search may start: what the user gives, and places from which other peaks are found."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from itertools import combinations
from math import comb
from typing import Any

import numpy as np

from likely.compute import blocks
from likely.compute.solve import least_absolute
from likely.compute.solve.quadratic import with_inequalities
from likely.errors import OptionError, ParameterError, is_one_of, unknown
from likely.errors.kinds import is_whole
from likely.likelihoods import Objective, RowsObjective, single_peaked
from likely.likelihoods.log_likelihood import LogLikelihood
from likely.models import scale
from likely.models.model import Model
from likely.models.rows import Rows
from likely.models.slot import Slot
from likely.models.start import several_starts, starting_values
from likely.namespace import NumpyNamespace
from likely.namespace.arrays import Floats, Integers
from likely.search.state import FitState

FEW_ROWS = 500  # only small samples have several peaks that matter
FEW_COLUMNS = 20  # with more, subsets of as few rows say little
SUBSETS = 60  # of as many rows as there are coefficients, each fitted exactly
SIGNED = 200  # where every row's linear predictor may have either sign, too
BEST = 5  # of them that are worth a search
FEW_SPREADS = 4  # columns of another parameter along which it may start to rise or fall
SLOPES = (1.0, -1.0, 4.0, -4.0)  # and how much by a column's standard deviation
PLACES = 21  # of a constant location
ONE_SIDED = 50.0  # a skewness that leaves next to nothing on one side

# -- from the user -------------------------------------------------------------------------------------------


def start_of(L: LogLikelihood, start: Any) -> Floats:
    """The coefficients that the search starts from: the default ones, the user's, or those of an earlier search."""
    if start is None:
        return starting_values(L.model, L.objective.data)
    return start.vector(L.names) if isinstance(start, FitState) else _given_start(L, start)


def _given_start(L: LogLikelihood, start: Mapping[str, float]) -> Floats:
    """The user's starting values, completed by the default ones."""
    model = L.model
    default, _ = scale.to_reported(model, starting_values(L.model, L.objective.data))
    values = dict(zip(L.names, default, strict=True))
    for name, value in model.family._spread(start).items():
        if not is_one_of(name, values):
            raise unknown("parameter", name, L.names, " in start=")
        try:
            values[name] = float(value)
        except (TypeError, ValueError):
            raise ParameterError(f"the starting value of {name} must be a number, found {value!r}") from None
    x0 = scale.from_reported(model, values)
    if not np.all(np.isfinite(x0)):
        raise ParameterError("starting values must lie inside the parameters' domains, not on their ends")
    return x0


def given_starts(L: LogLikelihood, start: Any, starts: Any) -> list[Any]:
    """The starts as given; for a number the usual one and others drawn around it, the same every time."""
    if isinstance(start, FitState):  # the best place of an interrupted search, and the starts that it had
        return [start, *given_starts(L, None, starts)]
    if is_whole(starts) and starts >= 1:
        model = L.model
        first = start_of(L, start)
        rng, out = np.random.default_rng(0), [start]
        size = np.ones(model.size)
        for slot in model.slots:
            if slot.design is None and slot.link.name == "identity":
                size[slot.start] = max(1.0, abs(float(first[slot.start])))
        for _ in range(int(starts) - 1):
            values = scale.to_reported(model, first + size * rng.standard_normal(model.size))[0]
            out.append(dict(zip(scale.reported_names(model), values.tolist(), strict=True)))
        return out
    if not isinstance(starts, (list, tuple)) or not starts or not all(isinstance(s, Mapping) for s in starts):
        raise OptionError(f"starts is a number of starts, or a list of dicts of starting values; found {starts!r}")
    return [{**(start or {}), **one} for one in starts]


# -- of our own ----------------------------------------------------------------------------------------------


def shifted(model: Model, data: Rows, x0: Any) -> list[Any]:
    """Starts around the default one, for a density that is not finite there or runs away."""
    found = []
    for shift in (0.5, -0.5, 1.5, -1.5, 3.0, -3.0):
        x = x0.copy()
        for slot in model.slots:
            if slot.link.name != "identity":
                own = data.design(slot)
                x[slot.start + ((0 if own is None else blocks.constant_column(own)) or 0)] += shift
        found.append(x)
    return found


def further_starts(likelihood: Objective, x0: Any) -> list[Any]:
    """Starts from which a family with several peaks, or a link that makes several, may lead higher.

    None for a model that its family vouches for. Where a parameter may escape to infinity the family's own other starts
    are tried at any size, all others in small samples alone.
    """
    objective, model = likelihood.linear, likelihood.model
    if objective is None or single_peaked(model) or model.family.concave is None:
        return []
    slot = model.slots[0]
    if slot.parameter is not model.family.parameters[0] or slot.entry is not None or slot.idle:
        return []
    with np.errstate(all="ignore"):
        site = _Site(objective, slot, x0)
        few = objective.rows <= FEW_ROWS
        ways = [site.of_family] if few or model.family.escapes else []
        if few:
            ways.append(site.of_places if slot.design is None else site.of_fits)
            ways += [site.of_spreads, *([site.of_sides] if model.family.escapes else [])]
        found: list[Any] = []
        for way in ways:
            try:
                found += way()
            except (ArithmeticError, np.linalg.LinAlgError):  # dependent columns, values of very unlike sizes
                continue
    return [x for x in found if np.all(np.isfinite(x))]


def suggested(likelihood: Objective, x: Any) -> Floats:
    """The same location, with the other parameters as it suggests."""
    objective, slots = likelihood.linear, likelihood.model.slots
    slot = slots[0]
    if objective is None or slot.idle or any(one.entry is not None for one in slots):
        return x
    with np.errstate(all="ignore"):
        found = _Site(objective, slot, x).at(x[None, slot.start : slot.stop])[0]
    return found if np.all(np.isfinite(found)) else x


def mirror_starts(likelihood: Objective, x: Any) -> list[Any]:
    """Under a link of which signs do not matter: a place with the rows of one level on the other side of 0."""
    objective, slot, found = likelihood.linear, likelihood.model.slots[0], list[Any]()
    if objective is None or slot.design is None or not slot.link.even or objective.rows > FEW_ROWS:
        return found
    site = _Site(objective, slot, x)
    eta = site.x @ x[site.own] + site.offset
    for column in site.x.T:
        if np.ptp(column) > 0.0 and np.all((column == 0.0) | (column == 1.0)):
            moved = x.copy()
            try:
                moved[site.own] += site.least_squares(-2.0 * column * eta)
            except (ArithmeticError, np.linalg.LinAlgError):  # dependent columns, values of very unlike sizes
                return []
            found.append(moved)
    return found


def nonsmooth_starts(objective: RowsObjective, x0: Any) -> list[Any]:
    """Starts for a location with corners whose link may make several peaks: none for the identity, or many rows."""
    model = objective.model
    slot = next(s for s in model.slots if s.parameter.name == model.family.absolute_location)
    if slot.link.name == "identity" or slot.design is None or objective.rows > FEW_ROWS or model.averaged:
        return []
    with np.errstate(all="ignore"):
        try:
            found = _Site(objective, slot, x0).of_fits()
        except np.linalg.LinAlgError:  # columns that are next to dependent
            return []
    return [x for x in found if np.all(np.isfinite(x))]


class _Site:
    """A location, or whatever the first parameter is, for which other values are sought."""

    def __init__(self, objective: RowsObjective, slot: Slot, x0: Any) -> None:
        self.objective, self.model, self.slot, self.x0 = objective, objective.model, slot, x0
        self.family = self.model.family
        self.own = slice(slot.start, slot.stop)
        self.data: Rows = objective.data
        self.y, self.w = self.data.y, self.data.weights
        self.offset = 0.0 if slot.offset is None else self.data.offsets[slot.label]

    @cached_property
    def x(self) -> Floats:
        """The columns of the location."""
        return blocks.dense(self.data.matrix(self.slot))

    def at(self, coefficients: Any) -> Floats:
        """Starts with k values of the location's coefficients, the other parameters as each location suggests."""
        eta = coefficients @ self.x.T + self.offset
        name = self.slot.parameter.name
        courses = self.slot.link.inverse(eta, NumpyNamespace())
        out = np.tile(self.x0, (len(coefficients), 1))
        inside = np.all(self.slot.parameter.domain.contains(courses), axis=1)
        if np.any(inside):
            values = self.family._starts(self.y, self.w, self.data.known, {name: courses[inside]})
            out[inside] = several_starts(self.model, self.data, {**values, name: np.median(courses[inside], axis=1)})
        out[:, self.own] = coefficients
        return out

    def predictor(self, values: Any) -> Floats | None:
        """Linear predictors of values by row, those at a pole or out of reach moved; None where none is inside."""
        link, (low, high) = self.slot.link, self.slot.reach
        inside = (values > low) & (values < high)
        if not np.any(inside):
            return None
        if np.isfinite(low):
            values = np.maximum(values, low + 0.5 * (float(np.quantile(values[inside], 0.1)) - low))
        if np.isfinite(high):
            values = np.minimum(values, high - 0.5 * (high - float(np.quantile(values[inside], 0.9))))
        eta = link.forward(values)
        pole = np.isinf(eta)
        if np.any(pole) and not np.all(pole):  # such as 0 for a reciprocal: as the smallest others, on the usual side
            near = 0.5 * float(np.quantile(np.abs(values[~pole]), 0.1))
            eta = np.where(pole, link.forward(np.copysign(near, np.median(values))), eta)
        eta = eta - self.offset
        return eta if np.all(np.isfinite(eta)) else None

    @cached_property
    def _factors(self) -> tuple[Any, Any]:
        return np.linalg.qr(self.x if self.w is None else self.x * np.sqrt(self.w)[:, None])

    def least_squares(self, target: Any) -> Floats:
        """The coefficients of least squares, to the digits that a start needs."""
        q, r = self._factors
        return np.linalg.solve(r, q.T @ (target if self.w is None else target * np.sqrt(self.w)))

    def least_absolute(self, target: Any) -> Floats:
        return least_absolute.solve(self.x, target, self.w)

    def of_family(self) -> list[Any]:
        """The family's own other starts; with predictors around the fit of least squares."""
        y, known = self.y, self.data.known
        if self.slot.design is None:
            values = self.family._other_starts(y - self.offset, self.w, known)
            return [starting_values(self.model, self.data, one) for one in values]
        fitted = self.x @ self.least_squares(y)
        found = []
        for one in self.family._other_starts(y - fitted, self.w, known):
            eta = self.predictor(fitted + one[self.slot.parameter.name])
            if eta is not None:
                x = starting_values(self.model, self.data, {**one, self.slot.parameter.name: float(np.median(y))})
                x[self.own] = self.least_squares(eta)
                found.append(x)
        return found

    def of_sides(self) -> list[Any]:
        """The location beyond all observations, on either side, where a skewness that runs to infinity leads."""
        link, (low, high) = self.slot.link, self.slot.reach
        within = (self.y > low) & (self.y < high)  # a location is beyond the others on one side, wherever it is
        eta = link.forward(self.y[within])
        rising = np.all(np.diff(eta[np.argsort(self.y[within])]) >= 0.0) and np.all(np.isfinite(eta))
        if not rising or any(name in self.model.known for name in self.family.escapes):
            return []
        name, spread = (p.name for p in self.family.parameters[:2])
        offset = np.broadcast_to(self.offset, within.shape)
        x, target, w = self.x[within], eta - offset[within], 1.0 if self.w is None else self.w[within, None]
        found = []
        for side in (1.0, -1.0):
            if np.any(self.y <= low if side > 0.0 else self.y >= high):
                continue
            closest = with_inequalities(x.T @ (w * x), (w * x).T @ target, side * x, side * target)
            if closest is not None:
                gap = self.y - link.inverse(self.x @ closest[0] + offset, NumpyNamespace())
                size = float(np.sqrt(np.average(gap * gap, weights=self.w))) or 1.0
                values = {**dict.fromkeys(self.family.escapes, side * ONE_SIDED), spread: size}
                start = starting_values(self.model, self.data, {**values, name: float(np.median(self.y))})
                start[self.own] = closest[0]
                found.append(start)
        return found

    def of_spreads(self) -> list[Any]:
        """Other parameters that rise or fall by a factor along each of the columns of their predictors."""
        found = []
        for slot in self.model.slots:
            if slot is self.slot or slot.design is None or slot.link.name != "log":
                continue
            columns = blocks.dense(self.data.designs[slot.label])
            if (constant := blocks.constant_column(columns)) is None:
                continue
            spread = np.std(columns, axis=0)
            for j in np.flatnonzero(spread > 0.0)[:FEW_SPREADS]:
                for slope in SLOPES:
                    found.append(self.x0.copy())
                    found[-1][slot.start + j] += slope / spread[j]
                    found[-1][slot.start + constant] -= slope / spread[j] * np.mean(columns[:, j])
        return found

    def of_places(self) -> list[Any]:
        """A constant location at quantiles of the data."""
        if self.family.multimodal != self.slot.parameter.name:
            return []
        found = []
        for place in np.unique(np.quantile(self.y, np.linspace(0, 1, PLACES), method="nearest")):
            found.append(self.x0.copy())
            found[-1][self.slot.start] = self.slot.link.forward(place) - float(np.mean(self.offset))
        return found

    def of_fits(self) -> list[Any]:
        """With predictors: least squares, least absolute deviations, and exact fits of few rows."""
        single = self._single()
        # least squares on the link's scale, and on that of the values themselves
        targets = [] if single is None else [self.predictor(single), self.predictor(self._smooth(single))]
        fits = [self.least_squares(t) for t in targets if t is not None]
        if targets and targets[0] is not None and self.x.shape[1] <= FEW_COLUMNS:
            middle = self.least_absolute(targets[0])
            fits += [middle, *self._exact(targets[0], middle)]
        return list(self.at(np.array(fits))) if fits else []

    def _single(self) -> Floats | None:
        """What each observation by itself says of the parameter; None where that is not plain."""
        family, y, name = self.family, self.y, self.slot.parameter.name
        if family.location_parameter is not None:
            return family._response(y)
        if family.support.integer and self.slot.parameter.domain.upper == 1.0:  # a chance, of trials if there are any
            return (y + 0.5) / (self.data.known.get("n", 1.0) + 1.0)
        if np.isfinite(family.support.upper):
            return y
        once, twice = (float(np.median(family._start(f * y, self.w, self.data.known)[name])) for f in (1.0, 2.0))
        power = round(twice / once, 6) if once != 0.0 else 2.0
        if power == 2.0:  # in the units of the response
            return y
        return 1.0 / np.maximum(y, 0.5 * float(np.mean(y))) if power == 0.5 else None

    def _smooth(self, values: Any) -> Floats:
        """What least squares fits to values by row."""
        return self.x @ self.least_squares(values - (self.offset if self.slot.link.name == "identity" else 0.0))

    def _exact(self, target: Any, near: Any) -> list[Any]:
        """The most likely of the coefficients that fit as many rows exactly as there are coefficients."""
        rows, rng = self._distinct(target), np.random.default_rng(0)
        x, target = self.x[rows], target[rows]
        n, p = x.shape
        if n < p:
            return []
        link = self.slot.link
        signs = rng.choice([-1.0, 1.0], (SIGNED, p)) if link.even else np.ones((1, p))
        if comb(n, p) <= SUBSETS and not link.even:
            subsets = np.array(list(combinations(range(n), p)))
        else:
            lots = rng.random((SIGNED if link.even else SUBSETS, n))
            if link.name == "inverse":  # rows next to its pole decide on which side of it the others are
                lots = np.vstack([lots, rng.random((SIGNED, n)) ** np.abs(np.median(target) / target)])
            subsets = np.argsort(lots, axis=1)[:, :p]
        # what a subset says nothing about stays as it is; an even link does not tell the sign of its predictor
        gaps = signs * target[subsets] - x[subsets] @ near
        found = near + np.einsum("kij,kj->ki", np.linalg.pinv(x[subsets]), gaps)
        heights = self.objective.values(self.at(found))
        order = np.argsort(np.where(np.isfinite(heights), heights, -np.inf))[::-1]
        return [found[k] for k in order[:BEST] if np.isfinite(heights[k])]

    def _distinct(self, target: Any) -> Integers:
        """Rows that differ, in an order that is not that of the data: by what is fitted, and by its fit."""
        fitted = self.x @ self.least_squares(target)
        size = float(np.ptp(fitted)) or 1.0
        return np.unique(np.column_stack([target, np.round(fitted / size, 9)]), axis=0, return_index=True)[1]
