"""A model with its data held fixed: a function of the parameters, whose peak is the estimate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack, final

import numpy as np

from likely.errors import OptionError
from likely.errors.boundary import public, public_class
from likely.inference.fitting import fitted
from likely.likelihoods import joint
from likely.likelihoods.log_likelihood import LogLikelihood, log_likelihood
from likely.models.asked import SEARCH, Asked
from likely.results.evaluation import Evaluation
from likely.results.fits import Fit, fit_from
from likely.search.separation import Separation, find_separation
from likely.show.curves import Curve, LikelihoodTable

if TYPE_CHECKING:
    from likely.charts import LikelihoodCharts
    from likely.compute.solve.newton import Point
    from likely.search.state import FitState


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


@public
def likelihood(family: Any, data: Any, formula: Any = None, **options: Any) -> Likelihood:
    """The likelihood of a model: the data are fixed, the parameters vary.

    Parameters
    ----------
    family, data, formula
        As in `likely.fit`.
    **options
        What else describes the model, as in `likely.fit`: ``weights``, ``offset``, ``exposure``, ``link``, ``missing``,
        ``aliased``, ``weights_kind``, ``na`` and formulas of further parameters. ``cluster`` names the clusters of a
        covariance to come: their missing values cost rows like any other's, and a dot in a formula leaves them out.

    Returns
    -------
    Likelihood
        Call it with parameter values; `Likelihood.maximize` is the fit.

    Raises
    ------
    DataError, SupportError, MissingValuesError
        If the data cannot be used as given.
    DesignError
        If a formula cannot be read.

    Examples
    --------
    >>> import likely as lk
    >>> L = lk.likelihood("poisson", [2, 3, 1, 4])
    >>> round(L.log(rate=2.5), 4)
    -6.5001
    """
    for name in options:
        if name in SEARCH and name != "cluster":
            raise OptionError(f"{name}= is an option of lk.fit(...) and L.maximize(...), not of a likelihood")
    return Likelihood(log_likelihood(Asked.of(family, formula, **options), data))


@public
def separation(family: Any, data: Any, formula: Any = None, **options: Any) -> Separation | None:
    """Whether predictors separate the outcomes, so that some coefficients have no finite estimate; without a fit.

    A linear programme decides, and its answer is checked row by row (Konis 2007; Correia, Guimaraes and Zylkin 2019,
    arXiv:1903.01633).

    Parameters
    ----------
    family, data, formula, **options
        As in `likely.likelihood`.

    Returns
    -------
    Separation or None
        The proof, with the rows, a direction of the coefficients and the columns; None where there is none, or where
        the family's likelihood cannot be separated.

    Raises
    ------
    DataError, SupportError, MissingValuesError
        If the data cannot be used as given.
    DesignError
        If a formula cannot be read.

    Examples
    --------
    >>> import likely as lk
    >>> data = {"x": [1, 2, 3, 4], "z": [0, 1, 1, 0], "y": [0, 0, 1, 1]}
    >>> lk.separation("bernoulli", data, "y ~ x + z").columns
    ('x',)
    >>> lk.separation("bernoulli", data, "y ~ z") is None
    True
    """
    return likelihood(family, data, formula, **options).separation()
