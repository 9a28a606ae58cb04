"""Fit: what people hold, a face of the estimates."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, final, overload

from likely.errors import FitError
from likely.errors.boundary import public_class
from likely.estimates import AtLimit, Estimates
from likely.results.checking import Checking
from likely.results.effects import Effects
from likely.results.inference import Inference
from likely.results.prediction import Prediction

if TYPE_CHECKING:
    from likely.report.text import Summary
    from likely.results.likelihoods import Likelihood


@final
@public_class
@dataclass(frozen=True, eq=False, repr=False)
class Fit(Inference, Prediction, Effects, Checking):
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
        from likely.results.likelihoods import Likelihood

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

    def summary(self, level: float = 0.95, method: str = "wald") -> Summary:
        """A readable account; prints as text, and as a table in a notebook.

        Parameters
        ----------
        level : float
            Of the intervals.
        method : {"wald", "profile", "bootstrap"}
            Of the intervals.

        Returns
        -------
        Summary

        Raises
        ------
        OptionError, UnknownNameError
            If level or method cannot be read.

        Examples
        --------
        >>> import likely as lk
        >>> print(lk.fit("bernoulli", [1] * 7 + [0] * 3).summary())  # doctest: +ELLIPSIS
        Bernoulli fit of y: converged
        =============================
        ...
        """
        from likely.report.text import Summary

        return Summary(self.estimates, level, method)

    @overload
    def report(
        self,
        path: None = None,
        *,
        title: str | None = None,
        compare: bool | Iterable[Any] = True,
        progress: Any = None,
        open: bool = False,
    ) -> str: ...

    @overload
    def report(
        self,
        path: str | Path,
        *,
        title: str | None = None,
        compare: bool | Iterable[Any] = True,
        progress: Any = None,
        open: bool = False,
    ) -> Path: ...

    def report(
        self,
        path: str | Path | None = None,
        *,
        title: str | None = None,
        compare: bool | Iterable[Any] = True,
        progress: Any = None,
        open: bool = False,
    ) -> str | Path:
        """A report as one HTML file that opens without a network and prints well.

        What was found; what was assumed; the estimates and what they mean; neighbouring assumptions; and how to
        reproduce it all.

        Parameters
        ----------
        path : str or Path, optional
            Where to write it; a file that is there is replaced. Without it the HTML is returned as text.
        title : str, optional
        compare : bool or list of families
            Whether to fit neighbouring families (or links of a probability) to the same rows, or which.
        progress : {None, "auto", True, False}
            As in `likely.fit`.
        open : bool
            Whether to show it in the browser.

        Returns
        -------
        Path, or str without `path`

        Raises
        ------
        OptionError
            If the file cannot be written.
        UnknownNameError
            If there is no family of a name given.

        Examples
        --------
        >>> import likely as lk
        >>> page = lk.fit("bernoulli", [1] * 7 + [0] * 3).report(compare=False)
        >>> page.count("<h1>Bernoulli fit of y</h1>")
        1
        """
        from likely.report.html import report

        return report(
            self.estimates,
            path,
            title=title,
            compare=compare,
            progress=progress,
            open=open,
        )

    def save(self, path: str | Path) -> Path:
        """Write the fit to a JSON file, without its rows; `likely.load` reads it.

        In it are the model with what it has learnt from the data (levels, knots, means), what was asked for, the
        estimates with their covariance, and a fingerprint of the data.

        Parameters
        ----------
        path : str or Path
            ``.json``, or a name without an ending; a file that is there is replaced once the new one is whole.

        Returns
        -------
        Path

        Raises
        ------
        OptionError
            If the path cannot be one of a fit; if the model is made of functions or of other models, which no file
            holds.
        WriteError
            If the file cannot be written.

        Examples
        --------
        >>> import tempfile
        >>> import likely as lk
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = lk.fit("bernoulli", [1] * 7 + [0] * 3).save(f"{folder}/coin.json")
        ...     lk.load(path).coef
        {'p': 0.7}
        """
        from likely.results.saving import save

        return save(self.estimates, path)

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
