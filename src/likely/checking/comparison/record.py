"""The record of a comparison: candidates with their criteria, and tests between two of them."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar, final

import numpy as np

from likely.checking.comparison.between import Preference, clarke, vuong
from likely.errors import FitError, is_one_of, unknown
from likely.errors.boundary import public_class
from likely.estimates import Estimates
from likely.inference.model_tests import lr_test
from likely.inference.tests import TestResult
from likely.likelihoods.fitted_rows import rows_of
from likely.namespace.arrays import Floats
from likely.prediction.surprise import own_log_density
from likely.search.end import End
from likely.show.records import attributes
from likely.show.text_table import DASH, Grid, fixed, plain

if TYPE_CHECKING:
    from likely.charts.saving import AnyChart

F = TypeVar("F")
G = TypeVar("G")


def observations(fit: Estimates) -> Floats:
    """How many observations each row is, shape (n,)."""
    bound = fit.likelihood.bound
    return np.ones(len(bound.y)) if bound.weights is None else np.asarray(bound.weights, dtype=float)


@final
@dataclass(frozen=True, eq=False)
class Row(Generic[F]):
    """One candidate of a comparison.

    Attributes
    ----------
    name : str
    fit : Fit or None
        None where the family cannot take these data at all.
    estimates : Estimates or None
        The record of what was found.
    k : int
        Number of estimated parameters.
    loglik, aic, aicc, bic : float or None
        None for a fit that failed; `aicc` also where n <= k + 1.
    delta : float or None
        AIC minus the best AIC.
    weight : float or None
        Akaike weight: exp(-delta / 2), divided by their sum.
    end : End
        What the end of its search is; `status` says it in words.
    held_out : float or None
        The log-likelihood of all rows, each under estimates from other rows; None where it was not asked for, or does
        not exist.
    difference, difference_stderr : float or None
        Of the held-out log-likelihood from the best one, with its standard error.
    log_jacobian : ndarray or None
        What brings each row's log-density back to the original response, for a candidate fitted to a transformed one.
    held_out_rows : ndarray or None
        The held-out log-density of each row.
    """

    name: str
    fit: F | None
    estimates: Estimates | None
    k: float | None
    loglik: float | None
    aic: float | None
    aicc: float | None
    bic: float | None
    delta: float | None
    weight: float | None
    end: End
    held_out: float | None = None
    difference: float | None = None
    difference_stderr: float | None = None
    log_jacobian: Floats | None = None
    held_out_rows: Floats | None = None

    @property
    def converged(self) -> bool:
        return self.estimates is not None and self.estimates.converged

    @property
    def status(self) -> str:
        """``"converged"``, or what is special or wrong, in words."""
        return self.end.status

    def log_density(self) -> Floats:
        """The log-density of each row of the original response, shape (n,)."""
        assert self.estimates is not None
        own = own_log_density(rows_of(self.estimates, observed=True))
        return own if self.log_jacobian is None else own + self.log_jacobian


@final
@public_class
@dataclass(frozen=True)
class Comparison(Generic[F]):
    """Candidates in the order of their AIC, failed ones last; made by `likely.compare`.

    Attributes
    ----------
    rows : tuple of Row
    response : str
    n : float
    notes : tuple of str
        What the numbers cannot tell by themselves.

    Examples
    --------
    >>> import likely as lk
    >>> comparison = lk.compare(["normal", "gamma"], [1.2, 0.3, 2.7, 0.1, 0.9, 4.1, 0.2, 1.5])
    >>> comparison.best.likelihood.model.family
    Gamma()
    >>> [round(row.delta, 2) for row in comparison.rows]
    [0.0, 5.87]
    """

    rows: tuple[Row[F], ...]
    response: str
    n: float
    notes: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Row[F]:
        """A candidate by its name."""
        by_name = {row.name: row for row in self.rows}
        if not is_one_of(name, by_name):
            raise unknown("candidate", name, by_name)
        return by_name[name]

    def vuong(self, first: str, second: str, correction: str = "none") -> Preference:
        """Vuong's test which of two candidates, not nested in each other, is closer to the truth.

        Parameters
        ----------
        first, second : str
            Names of candidates.
        correction : {"none", "aic", "bic"}
            For their numbers of estimates.

        Returns
        -------
        Preference

        Notes
        -----
        Sign and scale of z are those of R's ``pscl::vuong``, whose p-value is one-sided where this one is two-sided
        (Vuong 1989).

        Examples
        --------
        >>> import likely as lk
        >>> found = lk.compare([lk.Gamma(), lk.LogNormal()], lk.datasets.loans(), "amount")
        >>> print(found.vuong("LogNormal", "Gamma"))
        Vuong test of LogNormal against Gamma: z = 7.197, p = 6.163e-13: LogNormal is closer
        """
        return vuong(*self._pair(first, second), correction)

    def clarke(self, first: str, second: str, correction: str = "bic") -> Preference:
        """Clarke's sign test: whether more rows prefer the one candidate than the other.

        Parameters
        ----------
        first, second : str
        correction : {"none", "aic", "bic"}
            For their numbers of estimates, spread evenly over the rows.

        Returns
        -------
        Preference
        """
        return clarke(*self._pair(first, second), correction)

    def lr_test(self, first: str, second: str) -> TestResult:
        """The likelihood-ratio test of two nested candidates; see `Fit.lr_test`."""
        a, b = self[first], self[second]
        if not (a.converged and b.converged) or a.estimates is None or b.estimates is None:
            raise FitError(f"{first if not a.converged else second} has no fit to test")
        return lr_test(a.estimates, b.estimates)

    def _pair(self, first: str, second: str) -> tuple[tuple[str, str], Any, Any, Any, tuple[float, float]]:
        """What a test of two candidates needs: names, log-densities, weights, numbers of estimates."""
        a, b = self[first], self[second]
        for row in (a, b):
            if not row.converged:
                raise FitError(f"{row.name} has no fit to test: {row.status}", row.fit)
        assert a.estimates is not None
        return (
            (first, second),
            a.log_density(),
            b.log_density(),
            observations(a.estimates),
            (float(a.k or 0), float(b.k or 0)),
        )

    def holding(self, record: Callable[[Estimates], G]) -> Comparison[G]:
        """The same with something else to hold of every fit."""
        rows = [
            Row(**{**vars(row), "fit": None if row.estimates is None else record(row.estimates)}) for row in self.rows
        ]
        return Comparison(tuple(rows), self.response, self.n, self.notes)

    def with_notes(self, notes: Iterable[str]) -> Comparison[F]:
        """The same with further notes."""
        return replace(self, notes=(*self.notes, *notes))

    @property
    def best(self) -> F:
        """The fit with the smallest AIC."""
        first = self.rows[0]
        if first.fit is None or not first.converged:
            raise FitError(f"no candidate could be fitted: {first.status}", first.fit)
        return first.fit

    @property
    def fits(self) -> dict[str, F | None]:
        """The fits by name."""
        return {row.name: row.fit for row in self.rows}

    @property
    def grid(self) -> Grid:
        """The comparison as text cells."""
        folded = any(row.held_out is not None for row in self.rows)
        more = ("held out", "behind", "SE") if folded else ()
        header: tuple[str, ...] = ("", "loglik", "k", "AIC", "AICc", "BIC", "delta", "weight", *more, "note")
        notes = self._remarks
        rows: list[tuple[str, ...]] = []
        for row in self.rows:
            mark = f"[{list(notes).index(row.status) + 1}]" if row.status in notes else ""
            k = DASH if row.k is None or not row.converged else f"{row.k:.4g}"
            weight = DASH if row.weight is None else "<0.0001" if row.weight < 0.0001 else fixed(row.weight, 4)
            numbers = [fixed(v, 2) for v in (row.aic, row.aicc, row.bic, row.delta)]
            if folded:
                numbers_out = (row.held_out, row.difference, row.difference_stderr)
                weight_out = [fixed(v, 2) for v in numbers_out]
            rows.append((row.name, fixed(row.loglik, 2), k, *numbers, weight, *(weight_out if folded else ()), mark))
        if not notes:
            header, rows = header[:-1], [row[:-1] for row in rows]
        return Grid(
            header,
            tuple(rows),
            ("l" + "r" * (7 + len(more)) + "l")[: len(header)],
            f"Comparison for {self.response}, n = {self.n:,}",
        )

    @property
    def _remarks(self) -> dict[str, None]:
        """Every status worth a remark, once."""
        return dict.fromkeys(row.status for row in self.rows if row.end.remarkable)

    @property
    def blocks(self) -> list[Any]:
        """The comparison and its remarks in order."""
        remarks = [f"[{i}] {status}" for i, status in enumerate(self._remarks, 1)]
        return [self.grid, *remarks, *self.notes]

    def __str__(self) -> str:
        grid, *texts = self.blocks
        wrapped = [
            textwrap.fill(
                text,
                88,
                subsequent_indent="    " if text.startswith("[") else "",
                break_long_words=False,
                break_on_hyphens=False,
            )
            for text in texts
        ]
        return "\n".join([str(grid), *([""] if wrapped else []), *wrapped])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from html import escape

        grid, *texts = self.blocks
        return f'<div class="likely-comparison">{grid.html()}{"".join(f"<p>{escape(t)}</p>" for t in texts)}</div>'

    def plot(self) -> AnyChart:
        """As an Altair chart: how much larger each AIC is than the best."""
        from likely.charts import comparison

        return comparison(self)

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values, ready for JSON: None for what does not exist.

        Returns
        -------
        dict

        Examples
        --------
        >>> import likely as lk
        >>> lk.compare(["normal", "poisson"], [1.2, 0.3, 2.7]).to_dict()["rows"][1]["aic"] is None
        True
        """
        names = ["name", "loglik", "k", "aic", "aicc", "bic", "delta", "weight", "converged", "status"]
        if any(row.held_out is not None for row in self.rows):
            names += ["held_out", "difference", "difference_stderr"]
        rows = [attributes(row, names) for row in self.rows]
        return plain({"response": self.response, "n": self.n, "rows": rows, "notes": list(self.notes)})
