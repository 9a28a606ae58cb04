"""Penalised fits at many strengths; `likely.results.paths.held_out` says which strength is best."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from likely.errors import FitError, OptionError
from likely.errors.boundary import public, public_class
from likely.models import scale as scales
from likely.models.constraints import Restraints
from likely.namespace.arrays import Floats, Integers
from likely.results.fits import Fit, Likelihood
from likely.results.likelihoods import likelihood
from likely.results.paths.held_out import CrossValidation, check_rule, cross_validate
from likely.results.paths.strengths import (
    Penalties,
    along_strengths,
    check_progress,
    falling_strengths,
    given_strengths,
    penalties_of,
    shown,
    why_none,
)
from likely.show.text_table import Grid, fixed, number


@final
@public_class
@dataclass(frozen=True, eq=False)
class Path:
    """Penalised fits of one model at falling strengths; made by `likely.path`, prints as a table.

    Attributes
    ----------
    likelihood : Likelihood
    penalty : str
        "lasso", "ridge" or "elastic net".
    strengths : ndarray, shape (m,)
        Falling.
    names : list of str
    coefficients : ndarray, shape (m, k)
        Estimates at each strength, in the order of `names` and as a fit reports them.
    logliks : ndarray, shape (m,)
        Log-likelihoods, the penalty not subtracted.
    nonzero : ndarray of int, shape (m,)
        How many of the penalised coefficients are not 0.
    note : str
        Why the path ends early, or empty.

    Examples
    --------
    >>> import likely as lk
    >>> loans = lk.datasets.path("loans")
    >>> path = lk.path("bernoulli", loans, "default ~ duration + amount + age + C(housing)", n=20)
    >>> path.nonzero[[0, -1]].tolist()
    [0, 5]
    >>> path.choose(seed=1).status  # doctest: +ELLIPSIS
    'penalised (lasso, strength ...): posterior mode, not maximum likelihood'
    """

    likelihood: Likelihood
    penalty: str
    strengths: Floats
    names: list[str]
    coefficients: Floats
    logliks: Floats
    nonzero: Integers
    note: str
    _penalties: Penalties

    def fit(self, strength: float) -> Fit:
        """The fit at one strength, on the path or not.

        Parameters
        ----------
        strength : float

        Returns
        -------
        Fit

        Raises
        ------
        OptionError
            If the strength is no number of at least 0.
        FitError
            If there is no peak at that strength.

        Examples
        --------
        >>> import likely as lk
        >>> data = {"y": [1.0, 2.1, 2.9, 4.2, 4.8, 6.1], "x": [1, 2, 3, 4, 5, 6], "z": [0, 1, 1, 0, 0, 1]}
        >>> lk.path(lk.Normal(sd=1.0), data, "y ~ x + z", n=5).fit(1.0).coef["mean.z"]
        0.0
        """
        return self.likelihood.maximize(penalty=self._penalties.penalty(strength))

    def cross_validate(
        self,
        folds: int = 10,
        *,
        groups: Any = None,
        seed: int = 0,
        progress: Callable[[int, int], None] | None = None,
    ) -> CrossValidation:
        """The log-likelihood of rows held out, at every strength of the path.

        The rows are dealt into folds at random; each fold is held out once, the model fitted to the others along the
        path, with the same strengths (the same prior), and the columns' standard deviations are those of the rows used.

        Parameters
        ----------
        folds : int
        groups : str or array-like, optional
            A column, or labels for every row: rows of one group are held out together, as they have to be where they
            depend on each other.
        seed : int
            The same seed deals the same folds.
        progress : callable, optional
            Called with (fits done, fits in all).

        Returns
        -------
        CrossValidation

        Raises
        ------
        OptionError
            If the number of folds does not go with the rows or groups.
        UnknownNameError, MissingValuesError
            If the groups cannot be read.
        FitError
            If rows held out have no finite log-likelihood at any strength.

        Examples
        --------
        >>> import likely as lk
        >>> loans = lk.datasets.path("loans")
        >>> path = lk.path("bernoulli", loans, "default ~ duration + amount + age", n=10)
        >>> held = path.cross_validate(5)
        >>> held.best in path.strengths, held.best <= held.one_standard_error
        (True, True)
        """
        return cross_validate(self, folds, groups, seed, progress)

    def choose(self, rule: str = "best", **options: Any) -> Fit:
        """The fit at the strength that cross-validation chooses.

        Parameters
        ----------
        rule : {"best", "one standard error"}
        **options
            Of `cross_validate`: ``folds``, ``groups``, ``seed``, ``progress``.

        Returns
        -------
        Fit
            To all rows.

        Raises
        ------
        OptionError, UnknownNameError
            If an option cannot be read.

        Examples
        --------
        >>> import likely as lk
        >>> loans = lk.datasets.path("loans")
        >>> path = lk.path("bernoulli", loans, "default ~ duration + amount + age", "ridge", n=8)
        >>> path.choose("one standard error", folds=5).converged
        True
        """
        check_rule(rule)
        return self.cross_validate(**options).choose(rule)

    @property
    def grid(self) -> Grid:
        """The path as text cells: at most a dozen of its strengths."""
        rows = [
            (number(float(self.strengths[i]), 5), str(int(self.nonzero[i])), fixed(float(self.logliks[i])))
            for i in shown(len(self.strengths))
        ]
        model = self.likelihood.model
        title = f"{self.penalty} path of {model.family.title} for {model.response}, {len(self.strengths)} strengths"
        return Grid(("strength", "not 0", "log-likelihood"), tuple(rows), "rrr", title[:1].upper() + title[1:])

    def __str__(self) -> str:
        return f"{self.grid}\n\n{self.note}" if self.note else str(self.grid)

    __repr__ = __str__


@public
def path(
    family: Any,
    data: Any,
    formula: Any = None,
    penalty: str = "lasso",
    *,
    l1_ratio: float | None = None,
    n: int = 100,
    ratio: float | None = None,
    strengths: Sequence[float] | None = None,
    of: str | None = None,
    standardise: bool = True,
    progress: Callable[[int, int], None] | None = None,
    **options: Any,
) -> Path:
    """Penalised fits at falling strengths, each started from the one before.

    Parameters
    ----------
    family, data, formula
        As in `likely.fit`.
    penalty : {"lasso", "ridge", "elastic net"}
        See `likely.Lasso`, `likely.Ridge` and `likely.ElasticNet` for what is maximised.
    l1_ratio : float, optional
        Of the elastic net, 0.5 by default.
    n : int
        Number of strengths, evenly spaced in their logarithm.
    ratio : float, optional
        The smallest strength over the largest: 1e-3, for ridge 1e-6. The largest is the smallest one that holds every
        penalised coefficient at 0; for ridge, which never does, a thousand times the lasso's.
    strengths : sequence of float, optional
        The strengths themselves, instead.
    of : str, optional
        The parameter or coefficient that is penalised; by default the predictors of all parameters.
    standardise : bool
        Whether the penalty is on coefficients times their columns' standard deviations: ``scale=`` of `likely.Ridge`.
    progress : callable, optional
        Called with (fits done, fits in all).
    **options
        Further arguments of `likely.likelihood`: ``weights``, ``offset``, ``link``, formulas of other parameters ...

    Returns
    -------
    Path

    Raises
    ------
    OptionError, UnknownNameError
        If an option cannot be read, or there is nothing to penalise.
    FitError
        If there is no peak at the largest strength.

    Examples
    --------
    >>> import likely as lk
    >>> path = lk.path("bernoulli", lk.datasets.path("loans"), "default ~ duration + amount + age", n=4)
    >>> print(path)
    Lasso path of Bernoulli for default, 4 strengths
    strength  not 0  log-likelihood
    -------------------------------
      98.492      0        -610.864
      9.8492      3        -584.726
     0.98492      3        -584.165
    0.098492      3        -584.159
    """
    penalties = penalties_of(penalty, l1_ratio, of, standardise)
    check_progress(progress)
    whole = likelihood(family, data, formula, **options)
    L = whole.function
    if L.offers.far:
        raise OptionError(
            "a density has no predictors whose coefficients a path could penalise; use lk.fit(penalty=...)"
        )
    falling = falling_strengths(L, penalties, n, ratio) if strengths is None else given_strengths(strengths)
    estimates, logliks, nonzero, note = [], [], [], ""
    terms = Restraints(penalties.penalty(1.0)).penalty_of(L.model, L.bound.data)
    assert terms is not None
    penalised = (terms.l1 > 0.0) | (terms.l2 > 0.0)
    for i, outcome in enumerate(along_strengths(L, penalties, falling)):
        if outcome is None:
            note = (
                f"The path ends here: at strength {falling[i]:g} there is no peak. {why_none(L, penalties, falling[i])}"
            )
            break
        estimates.append(scales.to_reported(L.model, outcome.point.x)[0])
        logliks.append(outcome.point.value)
        nonzero.append(int(np.count_nonzero(outcome.point.x[penalised])))
        if progress is not None:
            progress(i + 1, len(falling))
    if not estimates:
        raise FitError(
            f"there is no peak at the largest strength, {falling[0]:g}. {why_none(L, penalties, falling[0])}"
        )
    done = len(estimates)
    table = np.array(estimates)
    return Path(
        whole,
        penalties.kind,
        falling[:done],
        L.names,
        table,
        np.array(logliks),
        np.array(nonzero),
        note,
        penalties,
    )
