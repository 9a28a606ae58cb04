"""A model with its data held fixed: a function of the parameters, whose peak is the estimate."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, final

import numpy as np

from likely.errors import OptionError, ParameterError, UnderflowWarning
from likely.errors.boundary import public, public_class
from likely.inference.fitting import fitted
from likely.likelihoods import joint, objective_of
from likely.likelihoods.log_likelihood import LogLikelihood, log_likelihood
from likely.models import scale
from likely.models.asked import SEARCH, Asked
from likely.models.checks import items_of
from likely.models.model import Model
from likely.results.face import Face
from likely.results.fits import Fit, fit_from
from likely.search.separation import Separation, find_separation
from likely.show.curves import Curve, LikelihoodTable

if TYPE_CHECKING:
    from likely.charts import LikelihoodCharts


@final
@public_class
class Likelihood(Face):
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

    def __init__(self, function: LogLikelihood) -> None:
        self.function = function
        self._told = False

    @property
    def below(self) -> LogLikelihood:
        """The log-likelihood as a function of the coefficients."""
        return self.function

    # -- what it is ------------------------------------------------------------------------------------

    @property
    def asked(self) -> Asked:
        """What the user asked for.

        Examples
        --------
        >>> import likely as lk
        >>> lk.likelihood("normal", {"y": [1.0, 2.0, 4.0], "w": [1, 2, 1]}, "y", weights="w").asked.weights
        'w'
        """
        return self.function.asked

    @property
    def model(self) -> Model:
        """What is assumed: the family, and what each of its parameters is made of.

        Examples
        --------
        >>> import likely as lk
        >>> lk.likelihood("normal", [1.0, 2.0, 4.0]).model.family
        Normal()
        """
        return self.function.model

    @property
    def n(self) -> float:
        """Number of observations: the sum of frequency or importance weights; rows, for the other kinds.

        Of a conditional likelihood they are informative strata.
        """
        return self.function.n

    @property
    def names(self) -> list[str]:
        """Names of the parameters, in order."""
        return self.function.names

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

    # -- its value -------------------------------------------------------------------------------------

    def _given(self, values: Any, params: Mapping[str, Any], several: bool = False) -> dict[str, Any]:
        """The values by name; a bare one stands for the only parameter."""
        if values is not None and not isinstance(values, Mapping):
            if len(self.names) != 1 or isinstance(values, str) or (np.ndim(values) and not several):
                raise OptionError(f"pass the parameters by name: {self._example()}; found {values!r}")
            values = {self.names[0]: values}
        given = dict(self.model.family._spread({**(values or {}), **params}))
        for name, value in given.items():
            for one in items_of(value, f"{name} is numbers", empty=True) if several and np.ndim(value) else [value]:
                if np.ndim(one):
                    raise OptionError(
                        f"{name} is one number here, found {value!r}; L.table(...) takes several candidates"
                    )
                try:
                    float(one)
                except (TypeError, ValueError):
                    raise ParameterError(f"{name} must be a number, found {one!r}") from None
        return given

    def _example(self) -> str:
        if any(not name.isidentifier() for name in self.names):
            return f"L({{{', '.join(f'{name!r}: ...' for name in self.names[:6])}}})"
        return f"L({', '.join(f'{name}=...' for name in self.names)})"

    def __call__(self, values: Mapping[str, Any] | float | None = None, /, **params: Any) -> float:
        """The likelihood; 0 with a warning where it is smaller than the smallest float.

        Parameters
        ----------
        values : mapping or float, optional
            Values by name; a bare number where there is one parameter.
        **params : float
            The same by keyword.

        Returns
        -------
        float

        Raises
        ------
        ParameterError
            If a value is missing or outside its domain.
        UnknownNameError
            If there is no parameter of that name.

        Examples
        --------
        >>> import likely as lk
        >>> L = lk.likelihood(lk.Bernoulli(), [1] * 7 + [0] * 3)
        >>> L(p=0.5) == L({"p": 0.5}) == L(0.5) == 0.5**10
        True
        """
        log = self.log(values, **params)
        out = math.exp(log) if log < 709.0 else math.inf
        if out == 0.0 and log > -math.inf and not self._told:
            self._told = True
            warnings.warn(
                f"the likelihood of {self.n:,} observations is exp({log:.6g}): too small for a float, so it reads 0. "
                "Its logarithm is not: use L.log(...) or compare with L.ratio(...)",
                UnderflowWarning,
                stacklevel=2,
            )
        return out

    def log(self, values: Mapping[str, Any] | float | None = None, /, **params: Any) -> float:
        """The log-likelihood, constants kept; never underflows.

        Parameters
        ----------
        values : mapping or float, optional
            Values by name; a bare number where there is one parameter.
        **params : float
            The same by keyword.

        Returns
        -------
        float
            In nats.

        Raises
        ------
        ParameterError
            If a value is missing or outside its domain.
        UnknownNameError
            If there is no parameter of that name.

        Examples
        --------
        >>> import likely as lk
        >>> L = lk.likelihood("normal", [1.0, 2.0, 4.0])
        >>> round(L.log(mean=2, sd=1), 4)
        -5.2568
        """
        return self.function.log(self._given(values, params))

    def nll(self, values: Mapping[str, Any] | float | None = None, /, **params: Any) -> float:
        """The negative log-likelihood: the loss that fitting minimises.

        Parameters
        ----------
        values, **params
            As in `log`.

        Returns
        -------
        float
            In nats.

        Examples
        --------
        >>> import likely as lk
        >>> round(lk.likelihood("bernoulli", [1, 1, 0]).nll(p=0.5), 4)  # 3 log 2
        2.0794
        """
        return -self.log(values, **params)

    def ratio(self, a: Mapping[str, Any] | float, b: Mapping[str, Any] | float) -> float:
        """How many times better `a` explains the data than `b`.

        Parameters
        ----------
        a, b : mapping or float
            Values by name; bare numbers where there is one parameter.

        Returns
        -------
        float
            Infinite where it is too large for a float, or `b` cannot have made the data.

        Raises
        ------
        ParameterError
            If neither can have made the data, or a value cannot be one of its parameter.

        Examples
        --------
        >>> import likely as lk
        >>> L = lk.likelihood("bernoulli", [1] * 7 + [0] * 3)
        >>> round(L.ratio(0.7, 0.5), 2)
        2.28
        """
        first, second = self.log(a), self.log(b)
        if first == second == -math.inf:
            raise ParameterError(
                f"neither {a!r} nor {b!r} can have made the data: both likelihoods are 0, and 0 to 0 is no ratio"
            )
        difference = first - second
        return math.exp(difference) if difference < 709.0 else math.inf

    def coefficients(self, values: Mapping[str, Any] | float | None = None, /, **params: Any) -> Any:
        """The coefficients on the link scale that these parameter values stand for.

        Parameters
        ----------
        values, **params
            As in `log`.

        Returns
        -------
        ndarray

        Examples
        --------
        >>> import likely as lk
        >>> lk.likelihood("bernoulli", [1, 1, 0]).coefficients(p=0.5).tolist()  # logit(0.5)
        [0.0]
        """
        return scale.from_reported(self.model, self._given(values, params))

    # -- its shape -------------------------------------------------------------------------------------

    def score(self, values: Mapping[str, Any] | float | None = None, /, **params: Any) -> Any:
        """Gradient of the log-likelihood.

        Parameters
        ----------
        values, **params
            As in `log`.

        Returns
        -------
        float or ndarray
            A float for one parameter, else an array in the order of `names`.

        Examples
        --------
        >>> import likely as lk
        >>> L = lk.likelihood("bernoulli", [1] * 7 + [0] * 3)
        >>> round(L.score(p=0.5), 6)  # 7/0.5 - 3/0.5
        8.0
        """
        score, _ = self._natural(values, **params)
        return float(score[0]) if len(score) == 1 else score

    def information(self, values: Mapping[str, Any] | float | None = None, /, **params: Any) -> Any:
        """Minus the Hessian of the log-likelihood: the observed information.

        Parameters
        ----------
        values, **params
            As in `log`.

        Returns
        -------
        float or ndarray
            A float for one parameter, else a matrix in the order of `names`.

        Examples
        --------
        >>> import likely as lk
        >>> L = lk.likelihood("bernoulli", [1] * 7 + [0] * 3)
        >>> round(L.information(p=0.5), 6)  # 7/0.25 + 3/0.25
        40.0
        """
        _, info = self._natural(values, **params)
        return float(info[0, 0]) if info.shape == (1, 1) else info

    def _natural(self, values: Mapping[str, Any] | float | None, /, **params: Any) -> tuple[Any, Any]:
        """Score and information with respect to the reported values themselves."""
        given = self._given(values, params)
        self.coefficients(given)  # checks names and domains
        model, theta = scale.natural(self.model, given)
        if not any(slot.constant for slot in model.slots):
            point = self.function.objective.point(theta)
            return point.score, point.info
        point = objective_of(model, self.function.objective.data).point(theta)
        return point.score, point.info

    def maximize(self, **options: Any) -> Fit:
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
