"""Peaks of a density with a corner in its location (Laplace), with any links and with predictors for the spread.

The peak lies on corners: some rows are fitted exactly. To first order the log-likelihood splits into a change of the
location, whose slope jumps there, and a smooth change of the other parameters. So a point is stationary if the location
is, with the others held (a problem of least absolute deviations, solved to an exact vertex), and the others are, with
the location held (Newton). Both are certified at the end. For a link other than the identity the location's problem is
linearised at every step (Osborne and Watson 1971, *Computer Journal* 14).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import optimize

from likely.compute.blocks import dense
from likely.compute.solve import least_absolute, newton
from likely.likelihoods import RowsObjective, by_rows
from likely.likelihoods.log_likelihood import LogLikelihood
from likely.models.model import Model
from likely.models.slot import Slot
from likely.namespace import JetNamespace
from likely.namespace.arrays import Floats
from likely.search.closed_form import PerfectFit, conditioned_covariance, information_nearby
from likely.search.outcome import Outcome

CLOSE = 1e-8  # a gain of log-likelihood still to be had, at most: the square of 1e-4 standard errors
NEVER_THERE = ("log", "softplus", "inverse", "inverse_squared")  # links that come to 0 at no linear predictor
NEAR_END = (1e-3, 0.03, 1.0)  # spreads from 0 within which a location may be running there
ENOUGH = 1e-10  # a gain of one turn, at most, once so little is left
SOLVER = "least absolute deviations"


def has_nonsmooth_location(model: Model) -> bool:
    """Whether the model's location is free and has corners."""
    return any(slot.parameter.name == model.family.absolute_location for slot in model.slots)


def nonsmooth_peak(
    L: LogLikelihood,
    start: Any,
    *,
    max_iterations: int,
    tolerance: float,
    progress: Callable[[int, newton.Point, float], None] | None = None,
) -> Outcome:
    """The peak reached from `start` by turns of location and spread, each solved exactly."""
    steps = _AlternatingSteps(L)
    x = np.array(start, dtype=float)
    value = steps.objective.value(x)
    if not np.isfinite(value):
        return steps.end(x, 0, False, "the log-likelihood is not finite at the starting values")
    message, before = f"no peak within {max_iterations} iterations", None
    for iteration in range(max_iterations):
        x, smooth = steps.spread(x, tolerance)
        if not smooth:
            steps.refuse_perfect_fit(x)
            return steps.end(x, iteration, False, f"no peak of {', '.join(steps.others)} with the location held")
        value = steps.objective.value(x)
        if steps.level is None:
            return steps.end(x, iteration, False, "the level of the quantile differs from row to row")
        step, promised = steps.location(x)
        if step is None:
            name, link = steps.slot.label, steps.slot.link.name
            message = f"no peak was found: {name} runs so far that its {link} link is flat or not finite in some rows"
            return steps.end(x, iteration, False, f"{message}. Use link='identity', or leave out predictors")
        if progress is not None:
            flat = np.zeros(len(x))
            reached = newton.Point(x, value, flat, np.outer(flat, flat))
            progress(iteration, reached, float(np.sqrt(2.0 * max(promised, 0.0))))
        if promised <= max(tolerance**2, 64 * np.finfo(float).eps * abs(value)):
            return steps.end(x, iteration, True, "")
        higher = steps.search(x, step, value, promised)
        left = steps.left(x, step, value, promised)
        if higher is None:
            close = left <= CLOSE
            return steps.end(x, iteration, close, "" if close else "no step raises the log-likelihood any more")
        higher = steps.between(higher, before, x + step)
        gained = steps.objective.value(higher) - value
        before, x = x + step, higher
        if left <= CLOSE and gained <= ENOUGH:  # the rest would take many turns
            return steps.end(x, iteration, True, "")
    return steps.end(x, max_iterations, False, message)


def _onward(link: str, eta: Any) -> Floats:
    """Linear predictors at which a link has come to 0, from where they are."""
    if link in NEVER_THERE:
        return eta - 40.0 if link in NEVER_THERE[:2] else 1e6 * eta
    return 1e-9 * eta


class _AlternatingSteps:
    """Steps of the location and of the spread, in turn."""

    def __init__(self, L: LogLikelihood) -> None:
        model = L.model
        self.L, self.model, self.objective = L, model, by_rows(L.row_objective, "a search for corners")
        self.slot = next(s for s in model.slots if s.parameter.name == model.family.absolute_location)
        self.own = slice(self.slot.start, self.slot.stop)
        self.remaining = np.setdiff1d(np.arange(model.size), np.arange(model.size)[self.own])
        self.others = [s.label for s in model.slots if s is not self.slot]
        self.data = L.bound.data
        self.y, self.w = self.data.y, self.data.weights
        tau = 0.5 if model.family.corner_level is None else self.data.known[model.family.corner_level]
        self.level = None if np.ndim(tau) else float(tau)  # of the quantile that the location is
        self.x = dense(self.data.matrix(self.slot))

    def parameters(self, x: Any) -> dict[str, Any]:
        """The parameters' values, the location as a jet in its linear predictor."""
        xp = JetNamespace(1)
        etas = self.objective.etas(x, slice(None))
        k = self.model.slots.index(self.slot)
        etas[k] = xp.variable(k, np.broadcast_to(etas[k], len(self.y)))
        with np.errstate(all="ignore"):
            values = self.data.means(self.model.family, self.model.parameters(etas, xp, self.data.known))
        jet = values[self.slot.parameter.name]
        return {**values, self.slot.parameter.name: jet.v, "slope": jet.g[k] * np.ones(len(self.y))}

    def spread(self, x: Any, tolerance: float) -> tuple[Any, bool]:
        """The peak in the other parameters with the location held."""
        if not len(self.remaining):
            return x, True
        slots: list[Slot] = []
        for slot in self.model.slots:
            if slot is not self.slot:
                start = slots[-1].stop if slots else 0
                slots.append(replace(slot, start=start, stop=start + slot.stop - slot.start))
        name = self.slot.parameter.name
        model = replace(self.model, slots=tuple(slots), known={**self.model.known, name: None})
        held = self.data.with_known(**{name: self.parameters(x)[name]})
        found = newton.maximize(RowsObjective(model, held).point, x[self.remaining], tolerance=tolerance)
        out = x.copy()
        out[self.remaining] = found.point.x
        return out, found.converged

    def location(self, x: Any) -> tuple[Any, float]:
        """The step to the peak in the location with the others held, its map linearised, and the gain it promises."""
        values = self.parameters(x)
        slope, spread = values["slope"], values[self._spread_name()]
        residual = self.y - values[self.slot.parameter.name]
        weights = np.abs(slope) / spread * (1.0 if self.w is None else self.w)
        counted = weights > 0
        with np.errstate(all="ignore"):
            target = residual / slope
        usable = np.all(np.isfinite(target[counted])) and np.all(np.isfinite(weights))
        if not usable or np.count_nonzero(counted) < self.x.shape[1]:
            return None, np.inf
        design, target, weights = self.x[counted], target[counted], weights[counted]
        assert self.level is not None
        name = self.model.family.corner_level
        tau = self.level if np.all(slope[counted] > 0) else 1.0 - self.level
        factor = 2.0 if name is None else 1.0  # Laplace counts |r|, twice the check function at 1/2
        try:
            with np.errstate(all="ignore"):
                move = least_absolute.solve(design, target, weights, tau)
        except (ArithmeticError, np.linalg.LinAlgError):  # slopes over too many orders of magnitude
            return None, np.inf
        if not np.all(np.isfinite(move)):
            return None, np.inf
        before, after = (factor * least_absolute.check_loss(r, weights, tau) for r in (target, target - design @ move))
        step = np.zeros(self.model.size)
        step[self.own] = move
        return step, before - after

    def search(self, x: Any, step: Any, value: float, promised: float) -> Floats | None:
        """The first of x + t step, t = 1, 1/2, 1/4 ..., that raises the log-likelihood enough; None if none does."""
        t = 1.0
        while t > 1e-10:
            trial = x + t * step
            if self.objective.value(trial) - value >= 1e-4 * t * promised:
                return trial
            t *= 0.5
        return None

    def left(self, x: Any, step: Any, value: float, promised: float) -> float:
        """About how much there is to gain along a step: its promise less what the curvature takes back.

        A full step gains the promise p less half the curvature c along it; the best part of it gains p^2 / (2 c).
        """
        taken = promised - (self.objective.value(x + step) - value)
        return float(promised if taken <= 0.5 * promised else promised**2 / (4.0 * taken))

    def between(self, x: Any, before: Any, now: Any) -> Floats:
        """The best point between the ends of two steps, where that is higher than x.

        Where the peak lies on an edge, with fewer rows fitted exactly than there are coefficients, the steps lead to
        its two ends in turn; the link bends the likelihood between them.
        """
        if before is None:
            return x
        ends = [np.array(end) for end in (before, now)]
        for end in ends:
            end[self.remaining] = x[self.remaining]
        found = optimize.minimize_scalar(
            lambda t: -self.objective.value(ends[0] + t * (ends[1] - ends[0])), bounds=(0.0, 1.0), method="bounded",
            options={"xatol": 1e-9, "maxiter": 40},
        )  # fmt: skip
        return ends[0] + found.x * (ends[1] - ends[0]) if -found.fun > self.objective.value(x) else x

    def refuse_perfect_fit(self, x: Any) -> None:
        """Raise PerfectFit where the location reproduces every response."""
        gap = np.abs(self.y - self.parameters(x)[self.slot.parameter.name])
        if np.max(gap) <= 1e-12 * np.max(np.abs(self.y), initial=0.0):
            raise PerfectFit(self._spread_name(), x)

    def runaway(self, x: Any) -> Floats | None:
        """A point at an end of the link's reach, 0, that does as well, where rows would rather lie beyond it.

        None where the likelihood falls on the way, or where other rows hold the coefficients.
        """
        if self.slot.link.name == "identity":
            return None
        values, name = self.parameters(x), self.slot.parameter.name
        location, spread = values[name], np.broadcast_to(values[self._spread_name()], self.y.shape)
        eta = np.broadcast_to(self.objective.etas(x, slice(None))[self.model.slots.index(self.slot)], self.y.shape)
        counted = np.ones(len(self.y)) if self.w is None else self.w
        for near in NEAR_END:
            there = np.abs(location) <= near * spread
            w, y, s = counted[there], self.y[there], spread[there]
            beyond = self._loss(y + near * s, w / s) < self._loss(y, w / s)
            if not np.any(w > 0) or not (beyond or self.slot.link.name in NEVER_THERE):
                continue
            move = self._move(np.where(there, _onward(self.slot.link.name, eta), eta) - eta)
            value = self.objective.value(x)
            if move is not None and self.objective.value(x + move) >= value - 1e-9 - 1e-13 * abs(value):
                return x + move
        return None

    def _loss(self, r: Any, w: Any) -> float:
        assert self.level is not None
        return least_absolute.check_loss(r, w, self.level)

    def _move(self, change: Any) -> Floats | None:
        """The change of the coefficients that moves the linear predictor so; None where none does."""
        size = np.max(np.abs(self.x), axis=0)
        size = np.where(size > 0, size, 1.0)
        own = np.linalg.lstsq(self.x / size, change, rcond=None)[0] / size
        if np.max(np.abs(self.x @ own - change)) > 1e-6 * np.max(np.abs(change)):
            return None
        move = np.zeros(self.model.size)
        move[self.own] = own
        return move

    def end(self, x: Any, iterations: int, converged: bool, message: str) -> Outcome:
        if self.level is not None and (far := self.runaway(x)) is not None:
            x, converged = far, False
            runs = f"in some rows {self.slot.label} runs to 0, which its {self.slot.link.name} link"
            message = (
                f"there is no finite estimate: {runs} does not pass. Use link='identity', or leave out predictors"
                if np.isfinite(self.slot.link.lower)
                else f"no peak was found: {runs} has at infinity only; one may lie on the other side: give start= there"
            )
        point = self.objective.point(x)
        if converged and point.usable:
            # a nudge across the corners, small against the residuals and the same for every link
            values = self.parameters(x)
            size = float(np.mean(np.abs(self.y - values[self.slot.parameter.name])))
            nudge = 1e-8 * size / max(float(np.mean(np.abs(values["slope"]))), 1e-300)
            point = replace(point, info=information_nearby(self.L, self.slot, x, nudge))
        covariance = conditioned_covariance(self.L, x) if converged else None
        return Outcome(point, SOLVER, iterations, converged and point.usable, message, covariance=covariance)

    def _spread_name(self) -> str:
        return next(p.name for p in self.model.family.parameters if p.name != self.slot.parameter.name)
