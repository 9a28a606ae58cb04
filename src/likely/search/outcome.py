"""Where a search for the peak ended, as a record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, final

from likely.compute.solve.newton import Point
from likely.namespace.arrays import Floats

if TYPE_CHECKING:
    from likely.models.constraints import Restraints
    from likely.search.singular import NullSpace

EDGE = "the estimate is an extreme of the data, where the likelihood has no derivative"


@final
@dataclass(frozen=True, eq=False)
class Restrained:
    """What a penalty or constraints have done to a peak.

    Attributes
    ----------
    restraints : Restraints
        What the user asked for.
    penalty : str
        Its title, ``"ridge, strength 1"``; empty for none.
    prior : str
        The prior whose posterior mode the estimate is; empty without a penalty.
    objective : float
        The penalised log-likelihood at the estimate.
    covariance : ndarray or None
        Of the coefficients: with ridge's penalty that of the posterior (Laplace's approximation), with constraints
        that within the active ones; None where there is none.
    free : float
        Effective number of parameters.
    nonsmooth : bool
        Whether the penalty has corners, which hold coefficients at 0.
    shrinks : bool
        Whether the penalty bends the objective, so that its curvature is that of a posterior.
    held : mapping of int to str
        Coefficients without a variance of their own, with the reason.
    at_bound : tuple of int
        Those of them that an inequality holds, not an equation.
    multipliers : mapping of str to float
        The constraints that hold with equality, in words, with their Lagrange multipliers: how fast the objective
        would rise if the constraint gave way (equations first, then active inequalities).
    equations : int
        Number of independent equations among the constraints.
    inequalities : bool
        Whether there are constraints that are no equations.
    """

    restraints: Restraints
    penalty: str
    prior: str
    objective: float
    covariance: Floats | None
    free: float
    nonsmooth: bool
    shrinks: bool
    held: Mapping[int, str]
    at_bound: tuple[int, ...]
    multipliers: Mapping[str, float]
    equations: int
    inequalities: bool


@final
@dataclass(frozen=True, eq=False)
class Outcome:
    """Where the search ended.

    Attributes
    ----------
    point : Point
        Coefficients on the link scale, log-likelihood, score and information. Coefficients of parameters at the end
        of their domain are infinite, and their score and information are zero.
    solver : str
    iterations : int
    converged : bool
    message : str
    boundary : mapping of str to float
        Constant parameters whose estimate is the end of their domain, with that value.
    decrement : float
        Newton decrement: the distance to the peak in standard errors.
    note : str
        What else is worth knowing, such as a second peak.
    covariance : ndarray or None
        Covariance of the coefficients where it was found in better-conditioned coordinates than theirs.
    start : ndarray or None
        Where the user asked the search to start.
    runaway : int or None
        The coefficient that ran away, for which the search was ended on its way.
    restrained : Restrained or None
        What a penalty or constraints have done.
    unidentified : NullSpace or None
        Directions of the coefficients that the data do not identify.
    """

    point: Point
    solver: str
    iterations: int
    converged: bool
    message: str
    boundary: Mapping[str, float] = field(default_factory=dict)
    decrement: float = 0.0
    note: str = ""
    covariance: Floats | None = None
    start: Floats | None = None
    runaway: int | None = None
    restrained: Restrained | None = None
    unidentified: NullSpace | None = None

    @property
    def height(self) -> float:
        """What was maximised: the log-likelihood, minus the penalty where there is one."""
        return self.point.value if self.restrained is None else self.restrained.objective
