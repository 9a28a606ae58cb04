"""Which coefficients a sandwich tells the spread of, and the reason in words where it does not."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, final

import numpy as np
from scipy import linalg

from likely.errors import IntervalError, first_rows
from likely.estimates.covariance.request import Covariance
from likely.estimates.covariance.zero_scores import FEW, NOTHING, SHARE, ScoreSums, exact_directions, weak_directions
from likely.namespace.arrays import Floats, Integers

if TYPE_CHECKING:
    from likely.estimates.covariance.sandwich import Sandwich

MOST_NUMBERS = 20_000_000  # rows times coefficients whose scores are held once more for the sake of a note


@final
class SandwichCovariance:
    """What a sandwich tells of the coefficients, and what it cannot tell.

    Parameters
    ----------
    sandwich : Sandwich
    bread, meat : ndarray
        In the coordinates of the work.
    """

    def __init__(self, sandwich: Sandwich, bread: Any, meat: Any) -> None:
        self.sandwich, self.bread, self.meat = sandwich, bread, meat
        self.model = sandwich.fit.likelihood.model
        self.under_model = np.sqrt(
            np.maximum(np.diagonal(sandwich.to_original(bread)), 0.0)
        )  # errors, the model taken as true

    @cached_property
    def score_sums(self) -> ScoreSums:
        outcome, weights = self.sandwich.fit.outcome, self.sandwich.objective.weights
        if outcome.restrained is None:
            return ScoreSums(self.sandwich.objective, self.sandwich.x, weights)
        return ScoreSums(
            self.sandwich.objective, self.sandwich.x, weights, left=outcome.decrement
        )  # a penalty's part is in the sum

    def covariance(self) -> Covariance:
        """The sandwich; coefficients of which it says nothing are withheld."""
        found = self.sandwich.to_original(self.bread @ self.meat @ self.bread)
        found, note = 0.5 * (found + found.T), ""
        if not np.all(np.isfinite(found)):
            raise IntervalError("the covariance is not finite: some rows' scores are not numbers")
        if len(self.sandwich.request.clusters) == 2:
            found, note = _positive(found, self.under_model)
        unseen = None if self.sandwich.request.clusters else self.exact
        withheld = self._exact_reasons() if unseen is not None else {}
        for j, reason in self._zeros(found).items():
            withheld.setdefault(j, reason)
            found[j] = found[:, j] = 0.0
        if self.sandwich.request.clusters:
            note = "; ".join(text for text in (note, self._in_part(withheld)) if text)
        return Covariance(found, note, unseen=unseen, withheld=withheld)

    def _in_part(self, withheld: Mapping[int, str]) -> str:
        """Coefficients whose clustered errors lack the part of rows that are fitted exactly, in words."""
        if len(self.sandwich.bound.y) * self.model.size > MOST_NUMBERS or self.exact is None:
            return ""
        touched = [int(j) for j in np.flatnonzero(self.shares > SHARE) if int(j) not in withheld]
        if not touched:
            return ""
        names = [self.model.names()[j] for j in touched]
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        return f"{', '.join(names[:3])}{more} {self.rests_on(touched[0])}, whose spread it does not see"

    @cached_property
    def exact(self) -> Any:
        """Directions of the coefficients in which all rows are fitted exactly; None where there are none."""
        weak = weak_directions(self.bread, self.meat)
        if not weak.shape[1]:
            return None
        found = exact_directions(self.score_sums, self.sandwich.by_predictor, weak)
        return self.sandwich.original_directions(found) if found.shape[1] else None

    @cached_property
    def shares(self) -> Floats:
        """By coefficient, the share of its standard error that comes from the directions `exact`."""
        size = np.where(self.under_model > 0.0, self.under_model, 1.0)
        return linalg.norm(self.exact, axis=1) / size

    def _exact_reasons(self) -> dict[int, str]:
        why = "where a sandwich sees no spread; use cov='observed', which takes the model as true"
        return {int(j): f"it {self.rests_on(int(j))}, {why}" for j in np.flatnonzero(self.shares > SHARE)}

    def rests_on(self, j: int) -> str:
        """The rows that a coefficient rests on and that are fitted exactly, in words."""
        unseen = self.exact
        rows, y = self._rows(unseen @ unseen[j]), self.sandwich.bound.y
        if rows is None:
            return "has a score of 0 in every row"
        own = self.sandwich.bound.row_numbers(rows)
        which = first_rows(own, y[rows], 3) if np.ndim(y) == 1 and not self.model.family.kind.labels else _numbered(own)
        single_start = (
            f"a row that it fits exactly (leverage 1; {which})" if len(rows) == 1 else f"rows fitted exactly ({which})"
        )
        return f"rests on {single_start}"

    def _rows(self, direction: Any) -> Integers | None:
        """The rows whose linear predictors move along a direction; None where they have no predictors of their own."""
        moving = self._moving(direction)
        if not self.sandwich.offers.predictors or any(s.design is None for s in moving):
            return None
        data = self.sandwich.bound.data
        moves = [np.abs(x @ direction[s.start : s.stop]) for s in moving if (x := data.design(s)) is not None]
        largest = [m > 1e-6 * np.max(m, initial=0.0) for m in moves]
        return np.flatnonzero(np.any(largest, axis=0))

    def _moving(self, direction: Any) -> list[Any]:
        parts = np.abs(direction) / np.where(self.under_model > 0.0, self.under_model, 1.0)
        largest = SHARE * np.max(parts)
        return [s for s in self.model.slots if np.max(parts[s.start : s.stop], initial=0.0) > largest]

    def _zeros(self, found: Any) -> dict[int, str]:
        """Coefficients whose variance is 0 but for rounding errors, with the reason; not held ones."""
        variances = np.diagonal(found)
        under = np.square(self.under_model)
        usual = max(1.0, float(np.max(variances[under > 0] / under[under > 0], initial=0.0)))
        small = np.flatnonzero((under > 0.0) & (variances <= FEW * usual * under))
        if not len(small):
            return {}
        if len(self.sandwich.request.clusters) == 2:
            zero = variances[small] <= NOTHING**2 * usual * under[small]
        else:
            directions = self.sandwich.toward(self.bread, small) / self.under_model[small]
            along, rounding = self.score_sums(self.sandwich.units, directions)
            zero = linalg.norm(along, axis=0) <= rounding
        return dict.fromkeys(map(int, small[zero]), self._zero_reason())

    def _zero_reason(self) -> str:
        clusters = self.sandwich.request.clusters
        if clusters:
            names = " and ".join(way.name for way in clusters)
            return (
                f"its scores sum to 0 within every cluster of {names}, so the clusters tell nothing of its spread; use "
                "other clusters or more of them, or cov='HC0' if the rows are independent"
            )
        return "the scores of all rows are 0 for it, so a sandwich sees no spread; use cov='observed'"


def _numbered(rows: Any) -> str:
    shown = ", ".join(f"row {int(r)}" for r in rows[:3])
    return shown + (f" and {len(rows) - 3} more" if len(rows) > 3 else "")


def _positive(found: Any, under_model: Any) -> tuple[Any, str]:
    """The covariance clustered two ways, a difference; where it has negative eigenvalues, these are set to 0.

    Eigenvalues are taken where every coefficient is measured in its standard error under the model, which is never a
    rounding error.
    """
    scale = np.where(under_model > 0.0, under_model, 1.0)
    values, vectors = linalg.eigh(found / np.outer(scale, scale))
    if values[-1] <= 0.0:
        raise IntervalError("the covariance clustered two ways has no positive eigenvalue: too few clusters")
    if values[0] >= -1e-9 * values[-1]:
        return found, ""
    fixed = (vectors * np.maximum(values, 0.0)) @ vectors.T * np.outer(scale, scale)
    return fixed, "its negative eigenvalues were set to 0 (Cameron, Gelbach and Miller 2011)"
