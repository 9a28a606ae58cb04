"""What a log-likelihood is to the rest of likely: value, derivatives, terms, and what else its kind offers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, final

from likely.compute.solve.newton import Point
from likely.errors import OptionError
from likely.models.model import Model
from likely.models.rows import Rows
from likely.namespace.arrays import Floats

if TYPE_CHECKING:
    from likely.likelihoods.density.objective import DensityObjective
    from likely.likelihoods.rows import RowsObjective
    from likely.likelihoods.strata import Strata


@final
@dataclass(frozen=True)
class Offers:
    """What a kind of log-likelihood offers beside its value, its derivatives and its terms.

    Attributes
    ----------
    terms : {"rows", "strata"}
        What the independent terms of the sum are.
    predictors : bool
        Whether a row's log-density depends on the coefficients through linear predictors of the row's own: there are
        derivatives in these, expected information, leverages, separation, effects, losses (`Objective.linear`).
    distribution : bool
        Whether every row has a distribution of its own: it can be simulated, and held against its observation.
    single_peaked : bool
        Whether the search needs no other starts, whatever the data: the likelihood is concave, or `far`.
    far : bool
        Whether starts may be far from the peak; the search then has more than derivatives (`Objective.guide`).
    lacks : str
        Why rows have no linear predictors of their own, for messages.
    """

    terms: str
    predictors: bool
    distribution: bool
    single_peaked: bool
    far: bool
    lacks: str = ""

    @property
    def independent_rows(self) -> bool:
        """Whether the likelihood is a sum over rows."""
        return self.terms == "rows"


class Function(Protocol):
    """A function of the coefficients on the link scale that a search can climb.

    A log-likelihood, or one minus a penalty.
    """

    @property
    def model(self) -> Model:
        """Whose coefficients they are."""
        ...

    def value(self, coefficients: Any) -> float:
        """Its value, constants kept; -inf where the data cannot have come about."""
        ...

    def value_and_score(self, coefficients: Any) -> tuple[float, Any]:
        """Value and gradient, shape (p,)."""
        ...

    def point(self, coefficients: Any) -> Point:
        """Value, gradient and minus the Hessian."""
        ...


class Objective(Function, Protocol):
    """A log-likelihood: a weighted sum of independent terms, those of rows or of strata.

    Attributes
    ----------
    model : Model
    data : Rows
    y : ndarray
        The observations, as numbers.
    weights : ndarray or None
        How often each term counts.
    rows : int
        Number of terms.
    total_weight : float
        The sum of the weights.
    """

    data: Rows
    y: Any
    weights: Any
    rows: int
    total_weight: float

    @property
    def offers(self) -> Offers:
        """What else there is."""
        ...

    def log_density(self, coefficients: Any) -> Floats:
        """Every term of the sum, unweighted, shape (rows,)."""
        ...

    def row_scores(self, coefficients: Any) -> Floats:
        """Every term's gradient, unweighted, shape (rows, p)."""
        ...

    def score_gram(self, coefficients: Any, weights: Any = None) -> Floats:
        """The sum over terms of w s s' with s the term's score."""
        ...

    def cluster_gram(self, coefficients: Any, codes: Any, count: int) -> Floats:
        """The sum over clusters of S S' with S the sum of a cluster's weighted scores; `codes` are those of rows."""
        ...

    @property
    def linear(self) -> RowsObjective | None:
        """Itself, where rows have linear predictors of their own; else None."""
        ...

    def linearised(self, coefficients: Any) -> RowsObjective | None:
        """Rows with linear predictors that agree with it about these coefficients, to first order.

        Itself, where it is `linear`; None where rows have no distributions.
        """
        ...

    @property
    def strata(self) -> Strata | None:
        """The strata that are its terms; None where these are rows."""
        ...

    @property
    def functions(self) -> DensityObjective | None:
        """Itself, where it is a density of parameters and data; else None."""
        ...

    @property
    def far_search(self) -> FarSearch | None:
        """Itself, where its search starts far from the peak; else None."""
        ...


class FarSearch(Objective, Protocol):
    """A log-likelihood that brings what a search from far needs.

    Attributes
    ----------
    metric_first : bool
        Whether `metric` leads well from far starts.
    """

    metric_first: bool

    @property
    def without_start(self) -> list[str]:
        """Parameters without a starting value: where others have one, they follow those."""
        ...

    def metric(self, coefficients: Any) -> Floats:
        """A positive semi-definite matrix in place of the information."""
        ...

    def covariance(self, coefficients: Any) -> Floats | None:
        """The inverse of the information by a way that keeps more digits; None where there is none."""
        ...


def by_rows(objective: Objective, what: str) -> RowsObjective:
    """The log-likelihood as rows that have linear predictors of their own, for what needs them.

    Raises
    ------
    OptionError
        If it is of another kind; `what` says for what rows are needed.
    """
    if objective.linear is None:
        raise OptionError(
            f"{what} needs a log-density of rows by their linear predictors, which {objective.model.family.title} does "
            f"not have: {objective.offers.lacks}"
        )
    return objective.linear
