"""A fit as people read and keep it: as text, as an HTML page, as a file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from likely.errors.boundary import public_class
from likely.results.values import Values

if TYPE_CHECKING:
    from likely.report.text import Summary


@public_class
class Reporting(Values):
    """Accounts of a `likely.Fit`: to read, to print, and to keep."""

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
            If the path cannot be one of a fit; if the model holds what no file can, such as levels that are neither
            text nor numbers.
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
