"""The observations of a fit one by one, and others that the fitted model might produce."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, final

import numpy as np

from likely.errors import OptionError
from likely.families.base import Distributions, Family, Kind, Tails, jumps
from likely.inference.refit import names_of, refit
from likely.likelihoods import RowsObjective
from likely.likelihoods.fitted_rows import rows_of
from likely.models import scale
from likely.models.model import Model
from likely.models.rows import Rows
from likely.namespace import NumpyNamespace
from likely.namespace.arrays import Floats, Integers

if TYPE_CHECKING:
    from likely.estimates import Estimates

MOST = 1_000_000  # observations that are looked at; of more, so many drawn at random
RUN = 100  # neighbouring rows drawn together
EDGE = 40.0  # a quantile residual that no float holds


@final
@dataclass(frozen=True, eq=False)
class Sample:
    """The observations of a fit, one row for each, with the fitted distribution of each.

    Attributes
    ----------
    fit : Estimates
        The one that describes the data (`Fit.effective`).
    family : Family
        With nothing known, so that every parameter can be passed.
    model : Model
    data : Rows
        Without weights.
    coefficients : ndarray
    values : mapping
        The parameters of the rows.
    rows : ndarray of int
        Where each observation stands among the rows of the fit.
    total : int
        How many observations there are; more than n where only some are looked at.
    """

    fit: Estimates
    family: Family
    model: Model
    data: Rows
    coefficients: Floats
    values: Any
    rows: Integers
    total: int

    @property
    def y(self) -> Floats:
        return self.data.y

    @property
    def n(self) -> int:
        return self.data.n

    @property
    def whole(self) -> bool:
        """Whether all observations are looked at."""
        return self.n == self.total

    @property
    def refits_fast(self) -> bool:
        """Whether the peak for other responses is a few Newton steps away: no corners, penalties or constraints."""
        return not self.family.kinked and self.fit.outcome.restrained is None

    @cached_property
    def objective(self) -> RowsObjective:
        return RowsObjective(self.model, self.data)

    @cached_property
    def observed(self) -> View:
        """The observations themselves."""
        return View(self, self.y, self.values, self.coefficients, np.random.default_rng(0))

    def simulated(self, count: int, rng: np.random.Generator) -> Iterator[View]:
        """Observations that the fitted model produces, at the estimates as they are."""
        for _ in range(count):
            yield View(self, self._drawn(rng), self.values, self.coefficients, rng)

    def refitted(self, count: int, rng: np.random.Generator) -> Iterator[View]:
        """The same, each with the estimates that it would have led to; draws without a fit are left out."""
        for _ in range(count):
            y = self._drawn(rng)
            found = refit(self.fit, self.model, self.data.with_response(y))
            if isinstance(found, str):
                continue
            x = scale.reached(self.model, dict(zip(names_of(self.model), found, strict=True)))
            if np.all(np.isfinite(x)):
                yield View(self, y, values_at(self.model, self.data, self.family, x), x, rng)

    def _drawn(self, rng: np.random.Generator) -> Floats:
        return self.observed.fitted.draw((self.n,), rng).astype(float)


@final
@dataclass(frozen=True, eq=False)
class View:
    """Observations with the parameters that were fitted to them.

    Attributes
    ----------
    sample : Sample
        Whose designs and known values the rows have.
    y : ndarray, shape (n,)
    values : mapping
        The parameters of the rows.
    coefficients : ndarray
    rng : numpy.random.Generator
        For what is randomised.
    """

    sample: Sample
    y: Floats
    values: Any
    coefficients: Floats
    rng: np.random.Generator

    def full(self, values: Any) -> Floats:
        """One number for every row."""
        return np.broadcast_to(np.asarray(values, dtype=float), (len(self.y),))

    @cached_property
    def scores(self) -> list[Any]:
        """Each row's score with respect to each linear predictor."""
        data = self.sample.data.with_response(self.y)
        return RowsObjective(self.sample.model, data).slot_scores(self.coefficients, 0, len(self.y))

    @cached_property
    def predictors(self) -> list[Any]:
        """Each row's linear predictors."""
        return [self.full(self.sample.data.eta(slot, self.coefficients)) for slot in self.sample.model.slots]

    @cached_property
    def fitted(self) -> Distributions:
        """The distributions of the rows."""
        same = self.values is self.sample.values and self is not self.sample.observed
        return self.sample.observed.fitted if same else self.sample.family.at(self.values)

    @cached_property
    def tails(self) -> Tails:
        """What lies on either side of every row's observation."""
        return self.fitted.tails(self.y)

    @cached_property
    def share(self) -> Any:
        """Where in the jump of its distribution function each observation is taken to be, at random."""
        return 1.0 if self.sample.family.kind is Kind.NUMBERS else jumps(self.rng, len(self.y))

    @property
    def transforms(self) -> tuple[Any, Any]:
        """The distribution function at every row's observation, randomised over its jumps, and 1 minus it."""
        mass = self.tails.mass
        below, above = self.tails.below - (1.0 - self.share) * mass, self.tails.above + (1.0 - self.share) * mass
        return self.full(below), self.full(above)

    @cached_property
    def residuals(self) -> Floats:
        """Quantile residuals, randomised over the jumps of the distribution function."""
        return np.clip(self.full(self.tails.normal(self.share)), -EDGE, EDGE)

    @cached_property
    def own(self) -> Floats:
        """The probability (or density) of every row's own observation."""
        with np.errstate(all="ignore"):
            log = self.sample.family._log_density(NumpyNamespace(), self.y, **self.values)
            return self.full(np.exp(log))

    @cached_property
    def chances(self) -> Floats:
        """The probabilities of all labels, along the last axis."""
        family = self.sample.family
        codes = range(len(family.levels)) if family.levels else range(2)
        with np.errstate(all="ignore"):
            logs = [family._log_density(NumpyNamespace(), np.full(len(self.y), float(c)), **self.values) for c in codes]
        return np.stack([np.exp(self.full(v)) for v in logs], axis=-1)

    @cached_property
    def pearson(self) -> Floats:
        """(y - mean)^2 / variance - 1 of every row."""
        family, xp = self.sample.family, NumpyNamespace()
        with np.errstate(all="ignore"):
            gap = self.y - family._mean(xp, **self.values)
            return self.full(gap * gap / family._variance(xp, **self.values) - 1.0)


def sample_of(fit: Estimates, rng: np.random.Generator) -> Sample:
    """The observations of a fit one by one.

    Raises
    ------
    OptionError
        If the fit's rows have no distribution each.
    """
    rows = rows_of(fit, observed=True)
    effective = rows.fit
    bound, x = effective.likelihood.bound, effective.outcome.point.x
    title = fit.likelihood.model.family.title
    if not rows.offers.predictors:
        raise OptionError(
            f"{title} states no distribution of each row by itself, so there is nothing to hold the rows against: "
            f"{rows.offers.lacks}"
        )
    if bound.pseudo:
        raise OptionError(
            "under sampling weights the rows stand for others that were not drawn, so the model says nothing of their "
            "spread; use a fit without weights"
        )
    if not np.all(np.isfinite(x)) or rows.model.fixed:
        raise OptionError(
            f"an estimate of this {title} fit is at the end of its domain, where there is no null distribution to "
            "simulate; fit the simpler family that it leads to instead"
        )
    chosen = np.arange(rows.n)
    if bound.weights is not None:
        whole = np.asarray(bound.weights)
        if np.any(whole != np.round(whole)):
            raise OptionError(
                "weights that are no whole numbers do not say how often a row was observed; use a fit without weights"
            )
        total = int(whole.sum())
        if total <= MOST:
            chosen = np.repeat(chosen, whole.astype(np.int64))
        else:
            chosen = np.sort(rng.choice(rows.n, MOST, p=whole / total))
    else:
        total = rows.n
        if total > MOST:  # in runs, so that neighbours stay together
            starts = np.sort(rng.choice(rows.n // RUN, MOST // RUN, replace=False)) * RUN
            chosen = (starts[:, None] + np.arange(RUN)).ravel()
    if len(chosen) == rows.n and total == rows.n:
        data, values = rows.data, dict(rows.values)
    else:
        data = rows.data.take(chosen)
        values = values_at(rows.model, data, rows.free_family, x)
    data = replace(data, y=np.asarray(data.y, dtype=float), weights=None)
    return Sample(effective, rows.free_family, rows.model, data, x, values, chosen, total)


def values_at(model: Model, data: Rows, family: Family, x: Any) -> dict[str, Any]:
    """The parameters as plain numbers and arrays; a vector parameter has its levels along the last axis."""
    xp = NumpyNamespace()
    with np.errstate(all="ignore"):
        etas = [data.eta(slot, x) for slot in model.slots]
        values = data.means(model.family, model.parameters(etas, xp, data.known))
    for p in family.parameters:
        if p.vector and isinstance(values.get(p.name), tuple):
            values[p.name] = np.stack(np.broadcast_arrays(*values[p.name]), axis=-1)
    return dict(values)
