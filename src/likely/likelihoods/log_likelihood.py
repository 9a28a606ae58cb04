"""The log-likelihood of a model and its data, as a function of the coefficients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, final

import numpy as np

from likely.families.base import Limit
from likely.likelihoods.compress import compress
from likely.likelihoods.kinds import bound_of, has_functions, objective_of, offers_of
from likely.likelihoods.protocol import Objective, Offers
from likely.models import limits, scale
from likely.models.asked import Asked
from likely.models.bind import Bound
from likely.models.model import Model
from likely.models.start import starting_values
from likely.namespace.arrays import Floats

if TYPE_CHECKING:
    from likely.likelihoods.density.objective import DensityObjective


@final
class LogLikelihood:
    """The log-likelihood of a model given its data, which solvers maximise and everything after them evaluates.

    Attributes
    ----------
    bound : Bound
    counted : float, optional
        Number of observations, where they were counted before.
    """

    def __init__(self, bound: Bound, counted: float | None = None) -> None:
        self.bound, self._counted = bound, counted
        self._limits: dict[str, LogLikelihood] = {}

    @property
    def asked(self) -> Asked:
        """What the user asked for."""
        return self.bound.asked

    @property
    def model(self) -> Model:
        """What is assumed: the family, and what each of its parameters is made of."""
        return self.bound.model

    @property
    def n(self) -> float:
        """Number of observations: the sum of frequency or importance weights; rows, for the other kinds.

        Of a conditional likelihood they are informative strata.
        """
        if self._counted is not None:
            return self._counted
        strata = self.objective.strata if self.offers.terms == "strata" else None
        return self.bound.n if strata is None else strata.n

    @cached_property
    def names(self) -> list[str]:
        """Names of the parameters, in order."""
        return scale.reported_names(self.model)

    @cached_property
    def offers(self) -> Offers:
        """What its kind of likelihood offers beside values and derivatives."""
        return offers_of(self.model.family)

    @cached_property
    def objective(self) -> Objective:
        """The log-likelihood as a function of the coefficients on the link scale."""
        data = self.bound.data
        if self.model.constant and self.offers.predictors:
            data = compress(self.model, data)
        return objective_of(self.model, data)

    @cached_property
    def row_objective(self) -> Objective:
        """The same, with one term for every row of the data in their order."""
        return objective_of(self.model, self.bound.data)

    @cached_property
    def _start(self) -> Floats:
        return np.asarray(starting_values(self.model, self.objective.data), dtype=float)

    @property
    def default_start(self) -> Floats:
        """The coefficients from which a search starts of itself, found once."""
        return self._start.copy()

    @property
    def functions(self) -> DensityObjective | None:
        """The objective, where it is one of functions of parameters and data; else None."""
        return self.objective.functions if has_functions(self.model.family) else None

    def __repr__(self) -> str:
        return f"<LogLikelihood of {', '.join(self.names)} under {self.model.family!r}>"

    def log(self, values: Mapping[str, Any]) -> float:
        """The log-likelihood, constants kept; never underflows."""
        given = dict(values)
        for limit, slot in limits.watched(self.model):
            if given.get(slot.label) == limit.at and not slot.parameter.domain.contains(limit.at):
                del given[slot.label]
                return self.limiting(limit).log({limits.renamed(k, limit.names): v for k, v in given.items()})
        return self.objective.value(scale.from_reported(self.model, given))

    def limiting(self, limit: Limit) -> LogLikelihood:
        """The likelihood of the family that this one becomes at a limit."""
        if limit.parameter not in self._limits:
            model, data = limits.limiting(self.model, self.bound.data, limit)
            self._limits[limit.parameter] = LogLikelihood(
                replace(self.bound, model=model, data=data, asked=self.asked.under(model.family))
            )
        return self._limits[limit.parameter]


def log_likelihood(asked: Asked, data: Any) -> LogLikelihood:
    """The log-likelihood that was asked for, of these data."""
    return LogLikelihood(bound_of(asked, data))
