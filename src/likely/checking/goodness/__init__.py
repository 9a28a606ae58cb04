"""Goodness of fit: whether the data could have come from the fitted model at all, its estimated parameters included."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np
from scipy import stats

from likely.checking.goodness.statistics import statistic_of
from likely.data.tables import Table
from likely.errors import DataError, FitError, OptionError, is_one_of, renamed, unknown
from likely.errors.kinds import is_whole
from likely.families.base import Kind, generator
from likely.inference.records import Record
from likely.prediction.sample import Sample, sample_of
from likely.progress import Task
from likely.show.records import attributes
from likely.show.text_table import Grid, number, p_value

if TYPE_CHECKING:
    from likely.estimates import Estimates

__all__ = ["TESTS", "Goodness", "goodness"]

TESTS = {
    "ad": "Anderson-Darling",
    "ks": "Kolmogorov-Smirnov",
    "cvm": "Cramer-von Mises",
    "chi2": "Pearson's chi-squared",
    "hosmer-lemeshow": "Hosmer-Lemeshow",
}
MOST_FAILED = 0.1


@final
@dataclass(frozen=True, repr=False, eq=False)
class Goodness(Record):
    """A test of goodness of fit; made by ``fit.goodness()``.

    Attributes
    ----------
    test : str
    statistic : float
    p_value : float
        The share of simulated data sets, each with its own estimates, that are as far from their fit.
    stderr : float
        Of the p-value, by simulation.
    replicates, failed : int
        Simulated data sets with a fit, and without.
    details : mapping
        Numbers of cells or groups; for Hosmer and Lemeshow's test also ``chi2_p_value``, on two degrees of freedom less
        than there are groups.
    family : str
    n : int
    """

    test: str
    statistic: float
    p_value: float
    stderr: float
    replicates: int
    failed: int
    details: Mapping[str, float]
    family: str
    n: int
    table: Table

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            raise renamed(self, name, {"facts": "details"})

    @property
    def rows(self) -> list[dict[str, Any]]:
        names = ("test", "statistic", "p_value", "stderr", "replicates", "failed")
        return [{**attributes(self, names), **self.details}]

    @property
    def grid(self) -> Grid:
        cells = (TESTS[self.test], number(self.statistic, 5), p_value(self.p_value), number(self.stderr, 2))
        title = f"Goodness of fit of {self.family}, n = {self.n:,}"
        return Grid(("test", "statistic", "p", "SE of p"), (cells,), "lrrr", title)

    @property
    def remarks(self) -> tuple[str, ...]:
        sentences = [
            f"p: the share of {self.replicates:,} data sets simulated from the fitted model, and fitted again, that "
            "are as far from their own fit."
        ]
        if "cells" in self.details and self.test == "chi2":
            sentences.append(f"{self.details['cells']:.0f} cells.")
        if "chi2_p_value" in self.details:
            sentences.append(
                f"{self.details['groups']:.0f} groups; from the chi-squared distribution on {self.details['df']:.0f} "
                f"degrees of freedom, p = {p_value(self.details['chi2_p_value'])}."
            )
        if self.failed:
            sentences.append(f"{self.failed:,} simulated data sets had no fit and are left out.")
        return tuple(sentences)

    @property
    def source(self) -> Table:
        return self.table


def goodness(
    fit: Estimates, test: str | None = None, *, replicates: int | None = None, seed: int = 0, progress: Any = None
) -> Goodness:
    """A test of goodness of fit by the parametric bootstrap; see `Fit.goodness`."""
    if not fit.converged:
        raise FitError(f"goodness of fit is for a converged fit; this one: {fit.status}", fit)
    if test is not None and not is_one_of(test, TESTS):
        raise unknown("test of goodness of fit", test, TESTS)
    if replicates is not None and not (is_whole(replicates) and replicates >= 19):
        raise OptionError(f"replicates is a whole number from 19 on, found {replicates!r}")
    if fit.asked.restraints:
        raise OptionError("under a penalty or constraints refits are not those of the model alone; test a fit without")
    rng = generator(seed, "goodness")
    sample = sample_of(fit, rng)
    if not sample.whole:
        raise DataError(f"{sample.total:,} observations are too many to refit again and again; test a sample of them")
    test = _usual(sample) if test is None else test
    count = replicates or (999 if sample.n <= 10_000 else 199)
    statistic, details = statistic_of(test, sample)
    seen = statistic(sample.observed)
    null: list[float] = []
    with Task("goodness of fit", progress) as task:
        for view in sample.refitted(count, rng):
            task.count(len(null), count, "simulated data sets")
            null.append(statistic(view))
    if len(null) < (1.0 - MOST_FAILED) * count:
        raise FitError(
            f"{count - len(null):,} of {count:,} simulated data sets have no fit, so their distances say nothing; use "
            "fit.diagnose()",
            fit,
        )
    p = (1.0 + float(np.count_nonzero(np.asarray(null) >= seen * (1.0 - 1e-12)))) / (len(null) + 1.0)
    if "df" in details:
        details = {**details, "chi2_p_value": float(stats.chi2.sf(seen, details["df"]))}
    error = float(np.sqrt(p * (1.0 - p) / len(null)))
    family, table = fit.likelihood.model.family.title, fit.likelihood.bound.table
    return Goodness(test, seen, p, error, len(null), count - len(null), details, family, sample.n, table)


def _usual(sample: Sample) -> str:
    """The test that suits the family."""
    family = sample.family
    if family.kind is Kind.BINARY:
        return "hosmer-lemeshow"
    return "chi2" if family.kind.discrete else "ad"
