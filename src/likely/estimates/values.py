"""Estimates: values, and how well they explain the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar, final

import numpy as np

from likely.compute.solve import least_squares
from likely.errors import FitError, IntervalError, OptionError
from likely.models import scale
from likely.models.limits import renamed
from likely.namespace.arrays import Floats

if TYPE_CHECKING:
    from likely.data.fingerprint import Fingerprint
    from likely.estimates.covariance import Covariance, Request
    from likely.estimates.covariance.reference_distribution import Reference
    from likely.estimates.record import Estimates
    from likely.likelihoods.log_likelihood import LogLikelihood
    from likely.models.asked import Asked
    from likely.search.end import End
    from likely.search.outcome import Outcome
    from likely.search.separation import Separation

F = TypeVar("F")


@final
@dataclass(frozen=True, eq=False)
class AtLimit(Generic[F]):
    """A parameter whose estimate is the edge at which the family turns into a simpler one.

    Attributes
    ----------
    parameter : str
    at : float
    fit : Estimates
        Those of the limiting family to the same data.
    names : mapping of str to str
        The limiting family's parameter names to the user's.
    """

    parameter: str
    at: float
    fit: F
    names: Mapping[str, str]

    def original_name(self, name: str) -> str:
        """A coefficient's name under the user's family."""
        return renamed(name, self.names)

    def limiting_name(self, name: str) -> str:
        """A coefficient's name under the limiting family."""
        return renamed(name, {old: new for new, old in self.names.items()})


@final
@dataclass(frozen=True)
class Account:
    """How many rows there were, and what became of those that are not in use.

    Attributes
    ----------
    used : int
        Rows in use.
    table : int
        Rows of the data.
    weightless : int
        Rows left out because their weight is 0.
    weighted : bool
        Whether there are weights.
    columns : tuple of str
        Names of the data's columns.
    strata : tuple of int, or None
        Of a conditional likelihood, how many strata are informative, and how many there are.
    """

    used: int
    table: int
    weightless: int
    weighted: bool
    columns: tuple[str, ...]
    strata: tuple[int, int] | None = None


@final
@dataclass(frozen=True, eq=False)
class Kept:
    """What was computed from the rows before they went.

    Attributes
    ----------
    covariance : Covariance or None
        Of the coefficients; None where the estimates are no peak that has one.
    root : ndarray or None
        A root of it that was found from the design itself.
    reference : Reference or None
        What statistics are referred to; None where that is to be found for another covariance.
    condition : mapping of str to float
        Condition numbers of the designs.
    account : Account
    fingerprint : Fingerprint or None
        Of the data; None where it was not taken.
    """

    covariance: Covariance | None
    root: Floats | None
    reference: Reference | None
    condition: Mapping[str, float]
    account: Account
    fingerprint: Fingerprint | None = None

    def without_covariance(self) -> Kept:
        """What is left for another covariance."""
        return replace(self, covariance=None, root=None, reference=None)


@dataclass(frozen=True, eq=False)
class Values:
    """What was found, without a covariance; see `likely.estimates.Estimates`."""

    likelihood: LogLikelihood
    asked: Asked
    outcome: Outcome
    end: End
    reasons: Mapping[str, str] = field(default_factory=dict)
    limit: AtLimit[Estimates] | None = None
    separation: Separation | None = None
    request: Request | None = None
    drawn: Covariance | None = None
    kept: Kept | None = None

    @property
    def converged(self) -> bool:
        """Whether the estimates are a peak."""
        return self.end.converged

    @property
    def status(self) -> str:
        """``"converged"``, or what is special or wrong, in words."""
        return self.end.status

    # -- estimates -------------------------------------------------------------------------------------

    @cached_property
    def names(self) -> list[str]:
        """Names of all estimates, in order: constants as themselves, coefficients with their parameter."""
        return self.likelihood.names + list(self.likelihood.model.fixed)

    @property
    def coef(self) -> dict[str, float]:
        """Estimates by name: constants on the natural scale, coefficients of predictors on the link scale."""
        return dict(self._coef)

    @cached_property
    def _coef(self) -> dict[str, float]:
        if self.limit is not None:
            inner = {self.limit.original_name(k): v for k, v in self.limit.fit.coef.items()}
            inner[self.limit.parameter] = self.limit.at
            return {name: inner[name] for name in self.names}
        if self.outcome.solver == "none":  # there was nothing to search for, so there are no numbers
            return {}
        with np.errstate(all="ignore"):
            values = dict(zip(self.likelihood.names, self._reported[0].tolist(), strict=True))
        return {**values, **self.boundary, **self.likelihood.model.fixed}

    @cached_property
    def _reported(self) -> tuple[Any, Any]:
        return scale.to_reported(self.likelihood.model, self.outcome.point.x)

    @property
    def boundary(self) -> dict[str, float]:
        """Parameters whose estimate is the end of their domain, with that value."""
        if self.limit is not None:
            inner = {self.limit.original_name(k): v for k, v in self.limit.fit.boundary.items()}
            return {**inner, self.limit.parameter: self.limit.at}
        return dict(self.outcome.boundary)

    @property
    def condition(self) -> dict[str, float]:
        """By parameter with predictors, the condition number of its design's columns scaled to length one."""
        return dict(self._condition)

    @cached_property
    def _condition(self) -> dict[str, float]:
        if self.kept is not None:
            return dict(self.kept.condition)
        slots = {slot.parameter.name: slot for slot in self.likelihood.model.slots if slot.design is not None}
        data = self.likelihood.bound.data
        return {name: least_squares.condition(data.designs[s.label]) for name, s in slots.items() if not s.idle}

    @cached_property
    def account(self) -> Account:
        """How many rows there were, and what became of those that are not in use."""
        if self.kept is not None:
            return self.kept.account
        bound, strata = self.likelihood.bound, self.likelihood.objective.strata
        groups = None if strata is None else (strata.count, strata.total)
        names = tuple(map(str, bound.table.names))
        return Account(len(bound.y), bound.table.n, bound.weightless, bound.weighted, names, groups)

    @property
    def aliased(self) -> dict[str, str]:
        """Coefficients that were not estimated because others make up their columns, each with that combination."""
        slots = [slot for slot in self.likelihood.model.slots if slot.design is not None]
        found = [(slot, slot.design.aliasing.combinations) for slot in slots if slot.design and slot.design.aliasing]
        return {f"{slot.label}.{name}": made_of for slot, names in found for name, made_of in names.items()}

    @property
    def note(self) -> str:
        """What else is worth knowing, such as a second peak of the same height; usually empty."""
        return "; ".join(part for part in (self.outcome.note, self.likelihood.bound.kept) if part)

    # -- goodness --------------------------------------------------------------------------------------

    @property
    def n(self) -> float:
        """Number of observations: the sum of frequency or importance weights; rows, for the other kinds."""
        return self.likelihood.n

    @property
    def k(self) -> float:
        """Number of estimated parameters, every one counted; the effective number under a penalty."""
        restrained, space = self.effective.outcome.restrained, self.outcome.unidentified
        if restrained is None or not self.converged:
            nowhere = 0 if space is None else space.directions.shape[1]
            return self.likelihood.model.size + len(self.likelihood.model.fixed) - nowhere
        free = restrained.free + len(self.likelihood.model.fixed) + (self.limit is not None)
        return int(free) if free.is_integer() else free

    @property
    def loglik(self) -> float:
        """Log-likelihood at the estimates, constants kept; under sampling weights the pseudo log-likelihood."""
        return self.outcome.point.value if self.limit is None else self.limit.fit.loglik

    @property
    def nll(self) -> float:
        """Negative log-likelihood."""
        return -self.loglik

    @property
    def aic(self) -> float:
        """Akaike's information criterion, 2 k - 2 loglik; an error under sampling weights."""
        self.refuse_pseudo("AIC")
        return 2.0 * self.k - 2.0 * self.loglik

    @property
    def aicc(self) -> float:
        """AIC corrected for small samples, AIC + 2 k (k + 1) / (n - k - 1); infinite where n <= k + 1."""
        room = self.n - self.k - 1
        return self.aic + 2.0 * self.k * (self.k + 1) / room if room > 0 else float("inf")

    @property
    def bic(self) -> float:
        """Bayesian (Schwarz) information criterion, k log n - 2 loglik."""
        self.refuse_pseudo("BIC")
        return self.k * float(np.log(self.n)) - 2.0 * self.loglik

    @property
    def df_residual(self) -> float:
        """Observations minus the coefficients of the first parameter's predictors."""
        slots = self.likelihood.model.slots
        return self.n - (slots[0].stop - slots[0].start if slots else 0)

    # -- penalties and constraints --------------------------------------------------------------------------

    @property
    def posterior(self) -> bool:
        """Whether the covariance is that of a posterior, because a ridge penalty is part of what was maximised."""
        restrained = self.effective.outcome.restrained
        return restrained is not None and bool(restrained.penalty) and restrained.shrinks

    @property
    def multipliers(self) -> dict[str, float]:
        """Constraints that hold with equality, with their Lagrange multipliers: the gain in log-likelihood per unit."""
        restrained = self.effective.outcome.restrained
        return {} if restrained is None else dict(restrained.multipliers)

    def require_likelihood(self, what: str, *, plain: bool = False) -> None:
        """Raise unless the estimates have the large-sample distribution of maximum likelihood estimates.

        Those under equations and those with Firth's penalty do, shrunken ones and those at a bound do not.

        Parameters
        ----------
        what : str
            What needs it, for the message.
        plain : bool
            Whether the estimates must be those of maximum likelihood without any constraint.

        Raises
        ------
        OptionError
            If a penalty shrinks the estimates, or inequalities hold some at their bounds.
        """
        restrained = self.effective.outcome.restrained
        if restrained is None:
            return
        if restrained.shrinks or restrained.nonsmooth or (plain and restrained.penalty):
            raise OptionError(
                f"{what} is for maximum likelihood estimates; these are penalised ({restrained.penalty}), which "
                "changes its distribution. Fit without penalty="
            )
        if active := self.active_inequalities:
            raise OptionError(
                f"{what} has no simple distribution where inequalities hold with equality ({', '.join(active)}); give "
                "them as equations"
            )
        if plain:
            raise OptionError(
                f"{what} starts from a fit without constraints; compare two fits, the smaller one with more "
                "constraints, by fit.lr_test(smaller)"
            )

    # -- what it can carry -----------------------------------------------------------------------------

    def refuse_pseudo(self, what: str, instead: str = "") -> None:
        """Raise unless the log-likelihood is one: under sampling weights it is a pseudo log-likelihood.

        Parameters
        ----------
        what : str
            What needs it, for the message.
        instead : str
            What to use in its place.

        Raises
        ------
        OptionError
            Under sampling weights.
        """
        if self.likelihood.model.pseudo:
            raise OptionError(
                f"{what} needs a likelihood, and under sampling weights there is only a pseudo-likelihood: its height "
                f"and curvature do not measure the evidence in the data{f'; use {instead} instead' if instead else ''}"
            )

    def require_regular(self, what: str) -> None:
        """Raise unless the fit converged to a peak inside all domains.

        Parameters
        ----------
        what : str
            What needs it, for the message.

        Raises
        ------
        FitError
            If the fit did not converge.
        IntervalError
            If a parameter lies at the end of its domain.
        """
        if not self.converged:
            raise FitError(f"{what} needs a converged fit; this one: {self.status}", self)
        if self.boundary:
            raise IntervalError(f"{what} needs a peak inside the parameters' domains; this fit: {self.status}")

    @property
    def active_inequalities(self: Any) -> list[str]:
        """The inequalities among the constraints that hold with equality at the estimates, in words."""
        restrained = self.effective.outcome.restrained
        return [] if restrained is None else list(restrained.multipliers)[restrained.equations :]

    @property
    def effective(self: Any) -> Estimates:
        """The fit that describes the data: this one, or the limiting family's where a parameter ran to its limit."""
        return self if self.limit is None else self.limit.fit
