"""Fit: the peak of a likelihood with its curvature, as a frozen record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from likely.errors.boundary import public_class
from likely.results.estimates import AtLimit
from likely.results.inference import Inference
from likely.results.prediction import Prediction

__all__ = ["AtLimit", "Fit"]


@final
@public_class
@dataclass(frozen=True, eq=False, repr=False)
class Fit(Inference, Prediction):
    """Maximum likelihood estimates and what follows from them; made by `likely.fit`.

    Attributes
    ----------
    likelihood : Likelihood
        The model and its data.
    asked : Asked
        What the user asked for.
    outcome : Outcome
        Where the search ended, on the scale of the coefficients.
    end : End
        What the end of the search is; `converged` and `status` say whether it is a peak, and the whole in words.
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

    def summary(self, level: float = 0.95, method: str = "wald") -> Any:
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

        return Summary(self, level, method)

    def report(
        self,
        path: str | Path | None = None,
        *,
        title: str | None = None,
        compare: bool | Iterable[Any] = True,
        progress: Any = None,
        open: bool = False,
    ) -> Any:
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
            self,
            path,
            title=title,
            compare=compare,
            progress=progress,
            open=open,
        )

    def __repr__(self) -> str:
        coef = ", ".join(f"{k}={v:.6g}" for k, v in list(self.coef.items())[:6])
        more = f", ... {len(self.coef) - 6} more" if len(self.coef) > 6 else ""
        state = f" | {self.status}" if self.end.remarkable else ""
        title = self.likelihood.model.family.title
        return f"<Fit {title}: {coef}{more} | loglik {self.loglik:.6g}, n = {self.n:,}{state}>"
