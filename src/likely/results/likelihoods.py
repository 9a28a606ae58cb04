"""lk.likelihood and lk.separation: a model with its data held fixed, without a fit."""

from __future__ import annotations

from typing import Any

from likely.errors import OptionError
from likely.errors.boundary import public
from likely.likelihoods.log_likelihood import log_likelihood
from likely.models.asked import SEARCH, Asked
from likely.results.fits import Likelihood
from likely.search.separation import Separation


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
