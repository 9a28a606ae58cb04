"""Fit and Likelihood: what people hold, faces of the estimates and of the function whose peak they are.

Each leads to the other: a fit has the likelihood of its model, a likelihood is maximised to a fit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack, final

import numpy as np

from likely.errors import FitError, OptionError
from likely.errors.boundary import public_class
from likely.estimates import AtLimit, Estimates
from likely.inference.fitting import fitted
from likely.likelihoods import joint
from likely.likelihoods.log_likelihood import LogLikelihood
from likely.results.checking import Checking
from likely.results.effects import Effects
from likely.results.evaluation import Evaluation
from likely.results.inference import Inference
from likely.results.prediction import Prediction
from likely.results.reporting import Reporting
from likely.search.separation import Separation, find_separation
from likely.show.curves import Curve, LikelihoodTable

if TYPE_CHECKING:
    from likely.charts import LikelihoodCharts
    from likely.compute.solve.newton import Point
    from likely.search.state import FitState


@final
@public_class
@dataclass(frozen=True, eq=False, repr=False)
class Fit(Inference, Prediction, Effects, Checking, Reporting):
    """Maximum likelihood estimates and what follows from them; made by `likely.fit`.

    Attributes
    ----------
    estimates : Estimates
        The record of what was found.
    likelihood : Likelihood
        The model and its data.
    asked : Asked
        What the user asked for.
    outcome : Outcome
        Where the search ended, on the scale of the coefficients.
    converged : bool
        Whether the estimates are the peak of the likelihood.
    status : str
        ``"converged"``, or what is special or wrong, in words.
    reasons : mapping of str to str
        Parameters that have no standard error whatever the covariance, each with the reason; `withheld` adds those
        that the covariance at hand has none for.
    limit : AtLimit or None
        The limiting family's fit, where a parameter ran to its limit.
    separation : Separation or None
        The proof that predictors separate outcomes: why the fit failed, or what was left out as asked.

    Examples
    --------
    >>> import likely as lk
    >>> fit = lk.fit(lk.Bernoulli(), [1] * 12 + [0] * 388)
    >>> fit.coef
    {'p': 0.03}
    >>> lower, upper = fit.interval()["p"]
    >>> round(lower, 4), round(upper, 4)
    (0.0171, 0.0521)
    """

    @cached_property
    def likelihood(self) -> Likelihood:
        """The model and its data."""
        return Likelihood(self.estimates.likelihood)

    @cached_property
    def effective(self) -> Fit:
        """The fit that describes the data: this one, or the limiting family's where a parameter ran to its limit."""
        return self if self.limit is None else self.limit.fit

    @cached_property
    def limit(self) -> AtLimit[Fit] | None:
        """The limiting family's fit, where a parameter ran to its limit."""
        found = self.estimates.limit
        return None if found is None else AtLimit(found.parameter, found.at, Fit(found.fit), found.names)

    def __repr__(self) -> str:
        return f"<Fit {self.estimates.brief}>"


def fit_from(search: Callable[[], Estimates]) -> Fit:
    """The fit of the estimates that a search finds; an error of the search holds its fit."""
    try:
        return Fit(search())
    except FitError as error:
        if isinstance(error.fit, Estimates):
            error.fit = Fit(error.fit)
        raise


class SearchOptions(TypedDict, total=False):
    """The keywords of `Likelihood.maximize`."""

    cov: str | None
    cluster: Any
    small_sample: str | None
    separation: str
    on_failure: str
    solver: str
    start: Mapping[str, float] | FitState | str | Path | None
    starts: int | Sequence[Mapping[str, Any]] | None
    max_iterations: int
    tolerance: float
    progress: bool | str | Callable[[int, Point, float], None] | None
    penalty: Any
    fixed: Mapping[str, float] | None
    bounds: Mapping[str, tuple[float | None, float | None]] | None
    constraints: str | None


@final
@public_class
class Likelihood(Evaluation):
    """The likelihood of a model given its data; made by `likely.likelihood`.

    Only comparisons carry meaning: a likelihood is a density of the data and its size depends on their units.
    Parameters are given by name, on the scale on which a fit reports them: a constant parameter as itself
    (``p=0.7``), coefficients of predictors under their full names in a dict (``{"p.Intercept": -1, "p.x": 2}``).

    Examples
    --------
    >>> import likely as lk
    >>> L = lk.likelihood(lk.Bernoulli(), [1] * 7 + [0] * 3)
    >>> round(L(p=0.7), 6)
    0.002224
    >>> round(L.ratio({"p": 0.7}, {"p": 0.5}), 2)
    2.28
    """

    def __repr__(self) -> str:
        return f"<Likelihood of {', '.join(self.names)} under {self.model.family!r}, n = {self.n:,}>"

    # -- with others -----------------------------------------------------------------------------------

    def __add__(self, other: Any) -> Likelihood:
        """The likelihood of both data sets together; parameters of the same name are the same.

        Examples
        --------
        >>> import likely as lk
        >>> one, other = lk.likelihood("normal", [4.9, 5.2, 5.1]), lk.likelihood("normal", [4.2, 5.9, 5.5, 4.6])
        >>> both = one + other.rename({"sd": "sd2"})
        >>> {k: round(v, 3) for k, v in both.maximize().coef.items()}
        {'mean': 5.066, 'sd': 0.125, 'sd2': 0.68}
        """
        if not isinstance(other, Likelihood):
            raise OptionError(f"a likelihood is added to a likelihood, found {other!r}")
        return Likelihood(LogLikelihood(joint.added(self.function.bound, other.function.bound)))

    def __radd__(self, other: Any) -> Likelihood:
        """So that ``sum(likelihoods)`` works, which begins with 0."""
        return self if other == 0 else self.__add__(other)

    def rename(self, names: Mapping[str, str]) -> Likelihood:
        """The same likelihood with other names for some of its parameters, to share or to tell apart in a sum.

        Parameters
        ----------
        names : mapping of str to str
            Old names to new ones.

        Returns
        -------
        Likelihood

        Raises
        ------
        UnknownNameError
            If there is no parameter of an old name.

        Examples
        --------
        >>> import likely as lk
        >>> lk.likelihood("normal", [1.0, 2.0, 4.0]).rename({"sd": "sd_lab2"}).names
        ['mean', 'sd_lab2']
        """
        return Likelihood(LogLikelihood(joint.renamed(self.function.bound, names)))

    def maximize(self, **options: Unpack[SearchOptions]) -> Fit:
        """The peak with its curvature.

        Parameters
        ----------
        **options
            As in `likely.fit`: ``cov``, ``cluster``, ``small_sample``, ``separation``, ``on_failure``, ``solver``,
            ``start``, ``starts``, ``max_iterations``, ``tolerance``, ``progress``, ``penalty``, ``fixed``, ``bounds``,
            ``constraints``.

        Returns
        -------
        Fit

        Raises
        ------
        FitError
            If there is no peak or none was found, unless ``on_failure="return"``.

        Examples
        --------
        >>> import likely as lk
        >>> lk.likelihood("bernoulli", [1, 1, 0, 1]).maximize().coef
        {'p': 0.75}
        """
        asked = self.asked.searched(**options)
        return fit_from(lambda: fitted(self.function, asked))

    def separation(self) -> Separation | None:
        """Whether predictors separate the outcomes, so that some coefficients have no finite estimate.

        Returns
        -------
        Separation or None
            The proof, with the rows, a direction of the coefficients and the columns; None where there is none, or
            where the family's likelihood cannot be separated.

        Examples
        --------
        >>> import likely as lk
        >>> L = lk.likelihood("poisson", {"g": ["a", "a", "b", "b"], "y": [2, 3, 0, 0]}, "y ~ g")
        >>> L.separation().rows.tolist()
        [2, 3]
        """
        return find_separation(self.function)

    @cached_property
    def peak(self) -> Fit:
        """The fit, found once."""
        return self.maximize(on_failure="return")

    @property
    def plot(self) -> LikelihoodCharts:
        """Charts of the likelihood: ``L.plot.curve("p")``, ``L.plot.profile("p")``, ``L.plot.contour((a, b))``."""
        from likely.charts import LikelihoodCharts

        return LikelihoodCharts(self.peak.estimates)

    def table(self, values: Any = None, /, **params: Any) -> LikelihoodTable:
        """Candidates side by side: likelihood, likelihood relative to the peak, and how surprising the data are.

        Parameters
        ----------
        values, **params : number or list of numbers
            By name: lists of equal length, one entry for each candidate; a single number serves all candidates. Where
            there is one parameter, its list alone will do.

        Returns
        -------
        LikelihoodTable
            Prints as a table; its `rows` are dicts.

        Examples
        --------
        >>> import likely as lk
        >>> L = lk.likelihood(lk.Bernoulli(), [1] * 7 + [0] * 3)
        >>> [round(r["relative"], 3) for r in L.table(p=[0.3, 0.5, 0.7]).rows]
        [0.034, 0.439, 1.0]
        """
        given = self._given(values, params, several=True)
        lengths = {len(v) for v in given.values() if np.ndim(v)}
        if len(lengths) > 1:
            raise OptionError(f"candidates must be lists of equal length, found lengths {sorted(lengths)}")
        if 0 in lengths:
            raise OptionError("there are no candidates: a list of values is empty")
        count = lengths.pop() if lengths else 1
        candidates = [{k: float(v[i] if np.ndim(v) else v) for k, v in given.items()} for i in range(count)]
        logs = [self.log(c) for c in candidates]
        if not self.peak.converged:
            return LikelihoodTable(tuple(candidates), tuple(logs), max(logs), {}, self.peak.status)
        return LikelihoodTable(tuple(candidates), tuple(logs), self.peak.loglik, dict(self.peak.coef))

    def curve(self, name: str, values: Any = None, *, others: Mapping[str, float] | None = None) -> Curve:
        """The likelihood along one parameter, the others held at their estimates (or at `others`).

        Parameters
        ----------
        name : str
            The parameter, as in `names`.
        values : array_like, optional
            Where to evaluate; by default 201 points over the range where the likelihood is not negligible.
        others : mapping, optional
            Values of the other parameters.

        Returns
        -------
        Curve

        Examples
        --------
        >>> import likely as lk
        >>> L = lk.likelihood("bernoulli", [1] * 7 + [0] * 3)
        >>> L.curve("p", [0.3, 0.5, 0.7]).relative.round(3).tolist()
        [0.034, 0.439, 1.0]
        """
        from likely.inference.profile_curve import slice_curve

        return slice_curve(self.peak.estimates, name, values, others)

    def profile(self, name: str, values: Any = None) -> Curve:
        """The profile likelihood: along one parameter, the others re-estimated at every value.

        Parameters
        ----------
        name : str
            The parameter, as in `names`.
        values : array_like, optional
            Where to evaluate; by default a range around the estimate.

        Returns
        -------
        Curve

        Examples
        --------
        >>> import likely as lk
        >>> L = lk.likelihood("normal", [1.0, 2.0, 4.0, 3.0])
        >>> L.profile("mean", [2.0, 2.5, 3.0]).relative.round(3).tolist()
        [0.694, 1.0, 0.694]
        """
        from likely.inference.profile_curve import profile_curve

        return profile_curve(self.peak.estimates, name, values)
