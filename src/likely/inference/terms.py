"""Tables of terms: what each term of the formulas adds, by type I, II or III tests.

A term is tested in a model that lacks some others: type I those that come after it; type II those that contain it, so
that a main effect is not tested beside its own interactions; type III none (Fox and Weisberg 2019, *An R Companion to
Applied Regression*, section 5.3.4; types and numbers are those of car::Anova in R).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, final

import numpy as np

from likely.data.tables import Table
from likely.errors import IntervalError, OptionError, is_one_of, unknown
from likely.estimates.covariance import inverse_information
from likely.estimates.covariance.reference_distribution import Reference
from likely.inference.constrained_fit import Coordinates, Hypothesis, maximum_under
from likely.inference.records import Record
from likely.inference.score import INFORMATION, information_at
from likely.inference.tests import METHODS, calibrated, large_sample_note, likelihood_note, wald_statistic
from likely.models.naming import column_of, parts_of
from likely.show.records import attributes
from likely.show.text_table import DASH, Grid, number, p_value

if TYPE_CHECKING:
    from likely.compute.solve.newton import Point
    from likely.data.design import Design
    from likely.estimates import Estimates

TYPES = ("I", "II", "III")


@final
@dataclass(frozen=True)
class TermTest:
    """One row of a table of terms.

    Attributes
    ----------
    parameter, term : str
    statistic : float or None
        Referred to a chi-squared distribution, or F where the table has `df_residual`; None where the covariance allows
        no test, with the reason in `note`.
    df : int
    p_value : float or None
    note : str
    """

    parameter: str
    term: str
    statistic: float | None
    df: int
    p_value: float | None
    note: str = ""


@final
@dataclass(frozen=True, repr=False)
class TermTable(Record):
    """Tests of every term of a fit's formulas; made by ``fit.terms()``.

    Attributes
    ----------
    tests : tuple of TermTest
    type : {"I", "II", "III"}
    method : {"wald", "lr", "score"}
    notes : tuple of str
    df_residual : float or None
        Of F's denominator (``small_sample="t"``); None for chi-squared tests.
    """

    tests: tuple[TermTest, ...]
    type: str
    method: str
    notes: tuple[str, ...] = ()
    table: Table = field(default_factory=Table, compare=False)
    df_residual: float | None = None

    def __getitem__(self, name: str) -> TermTest:
        """The test of a term: ``"x"``, or ``"sd.x"`` where several parameters have it."""
        found = [t for t in self.tests if name in (t.term, f"{t.parameter}.{t.term}")]
        if len(found) == 1:
            return found[0]
        if found:
            raise OptionError(f"several parameters have the term {name!r}: write '{found[0].parameter}.{name}'")
        raise unknown("term", name, [f"{t.parameter}.{t.term}" for t in self.tests])

    @property
    def rows(self) -> list[dict[str, Any]]:
        """One dict for each term: parameter, term, statistic, df, p_value."""
        names = ("parameter", "term", "statistic", "df", "p_value")
        return [attributes(test, names) for test in self.tests]

    @property
    def grid(self) -> Grid:
        """The table as text cells."""
        several = len({t.parameter for t in self.tests}) > 1
        labels = [f"{t.parameter}: {t.term}" if several else t.term for t in self.tests]
        cells = [
            (label, number(t.statistic, 5), str(t.df), DASH if t.p_value is None else p_value(t.p_value))
            for label, t in zip(labels, self.tests, strict=True)
        ]
        title = f"Type {self.type} tests of terms ({METHODS[self.method]})"
        statistic = "chi-squared" if self.df_residual is None else "F"
        return Grid(("term", statistic, "df", "p"), tuple(cells), "lrrr", title)

    @property
    def remarks(self) -> tuple[str, ...]:
        return self.notes

    @property
    def source(self) -> Table:
        return self.table


@final
@dataclass(frozen=True)
class Term:
    """A term of a parameter's formula: its factors, and its coefficients among all."""

    parameter: str
    label: str
    factors: frozenset[str]
    columns: tuple[int, ...]


def term_table(fit: Estimates, type: str = "II", method: str = "wald", information: str = "observed") -> TermTable:
    """Tests of every term; see `likely.Fit.terms`."""
    kind = {"1": "I", "2": "II", "3": "III"}.get(str(type), str(type).upper())
    if not is_one_of(kind, TYPES):
        raise unknown("type", type, TYPES, " of tests")
    if not is_one_of(method, METHODS):
        raise unknown("method", method, METHODS, " for tests of terms")
    if not is_one_of(information, INFORMATION):
        raise unknown("information", information, INFORMATION, " of a score test")
    fit.require_regular("a table of terms") if fit.limit is None else None
    fit.require_likelihood("a table of terms", plain=True)
    inner = fit.effective
    terms = terms_of(inner)
    if not terms:
        raise OptionError("no parameter has predictors, so there are no terms to test; see fit.test")
    original = (
        {} if fit.limit is None else {name: fit.limit.original_name(name) for name in {t.parameter for t in terms}}
    )
    steps = _Steps(inner, method, information)
    reference = inner.reference if method == "wald" else Reference()
    tests = []
    for i, term in enumerate(terms):
        if term.label == "Intercept" and kind != "III":
            continue
        without = [other for j, other in enumerate(terms) if j != i and _absent(kind, term, other, later=j > i)]
        away = [c for other in without for c in other.columns]
        name = original.get(term.parameter, term.parameter)
        try:
            statistic, df = steps.added(term.columns, away)
        except IntervalError as error:
            if method != "wald" or not inner._request.robust:
                raise
            tests.append(TermTest(name, term.label, None, len(term.columns), None, str(error)))
            continue
        p = float(reference.joint_p_value(statistic, df))
        tests.append(TermTest(name, term.label, reference.joint(statistic, df), df, p))
    notes = [] if fit.limit is None else [f"As {inner.likelihood.model.family.title}."]
    notes += [f"{t.term}: {t.note}." for t in tests if t.note]
    if kind == "III" and (factor := _treatment_within(inner, terms)):
        notes.append(
            f"{factor} has treatment contrasts and interactions: its type III test, and those of what it interacts "
            "with, are about the reference levels. For effects on average use C(..., contr.sum), or type II."
        )
    if reference.df is not None:
        notes.append(f"F with {reference.words} in the denominator.")
    elif method != "wald" and inner._request.of_quantile:
        note = calibrated(inner, [])[1] if method == "lr" else likelihood_note(inner)
        notes.append(f"{note[:1].upper()}{note[1:]}.")
    elif note := large_sample_note(inner):
        notes.append(f"{note[:1].upper()}{note[1:]}.")
    return TermTable(tuple(tests), kind, method, tuple(notes), fit.likelihood.bound.output_table, reference.df)


def terms_of(fit: Estimates) -> list[Term]:
    """The terms of all parameters, in the order of their coefficients; a matrix has one for each column."""
    found: dict[tuple[str, str], Term] = {}
    for slot in fit.likelihood.model.slots:
        if slot.design is None:
            continue
        for label, factors, columns in _of_design(slot.design):
            key = (slot.parameter.name, label)
            before = found[key].columns if key in found else ()  # levels of one parameter share their terms
            here = tuple(slot.start + j for j in columns)
            found[key] = Term(slot.parameter.name, label, frozenset(factors), before + here)
    return list(found.values())


def _of_design(design: Design) -> list[tuple[str, list[str], list[int]]]:
    if not design.terms:
        return [(name, [name], [j]) for j, name in enumerate(design.names)]
    named = [("Intercept" if label in ("1", "Intercept") else label, list(columns)) for label, columns in design.terms]
    return [(label, [] if label == "Intercept" else parts_of(label), columns) for label, columns in named if columns]


def _absent(kind: str, term: Term, other: Term, later: bool) -> bool:
    """Whether the model in which a term is tested lacks another one."""
    if other.parameter != term.parameter or kind == "III":
        return False
    if kind == "I":
        return later
    return term.label != "Intercept" and term.factors < other.factors


def _treatment_within(fit: Estimates, terms: list[Term]) -> str:
    """A factor in treatment coding that takes part in an interaction above a tested term, if there is one."""
    names = fit.likelihood.model.names()
    for term in terms:
        above = [o for o in terms if o.parameter == term.parameter and term.factors and term.factors < o.factors]
        for other in above:
            for c in other.columns:
                for part in parts_of(names[c]):
                    if "[T." in part:
                        head = part.split("[T.")[0]
                        return head if head in names[c] and "." not in head else column_of(head.split(".", 1)[-1])
    return ""


@final
class _Steps:
    """Statistics of one group of coefficients in the model without another group; every model is fitted once."""

    def __init__(self, fit: Estimates, method: str, information: str) -> None:
        self.fit, self.method, self.information = fit, method, information
        self.names = fit.likelihood.model.names()
        self._known: dict[frozenset[int], Any] = {}

    def added(self, columns: tuple[int, ...], away: list[int]) -> tuple[float, int]:
        """The statistic and its degrees of freedom."""
        if self.method == "score":
            return self._score(columns, away), len(columns)
        larger, smaller = self._distance(frozenset(away)), self._distance(frozenset(away) | frozenset(columns))
        return max(smaller - larger, 0.0), len(columns)

    def _distance(self, zero: frozenset[int]) -> float:
        """How far the fit is from these coefficients being zero: in Wald's form, or in twice the log-likelihood.

        The difference of two Wald statistics is that of the hypothesis between them, conjugate in the covariance.
        """
        if not zero:
            return 0.0
        if zero not in self._known:
            hypothesis = self._zero(zero)
            if self.method == "wald":
                self._known[zero] = wald_statistic(self.fit, hypothesis)[0]
            else:
                factor, _ = calibrated(self.fit, [self.names[column] for column in zero])
                self._known[zero] = factor * 2.0 * (self.fit.loglik - self._maximum(zero)[1].value)
        return float(self._known[zero])

    def _maximum(self, zero: frozenset[int]) -> tuple[Coordinates, Point]:
        return maximum_under(self.fit, self._zero(zero))

    def _zero(self, zero: frozenset[int]) -> Hypothesis:
        names = self.fit.regular if self.method == "wald" else self.fit.names
        for column in zero:
            if (name := self.names[column]) not in names:
                raise IntervalError(f"{name} has no standard error, so it has no Wald test: {self.fit.withheld[name]}")
        rows = np.zeros((len(zero), len(names)))
        for i, column in enumerate(sorted(zero)):
            rows[i, names.index(self.names[column])] = 1.0
        return Hypothesis(names, rows, np.zeros(len(zero)), ", ".join(f"{self.names[c]} = 0" for c in sorted(zero)))

    def _score(self, columns: tuple[int, ...], away: list[int]) -> float:
        where, point = self._maximum(frozenset(away) | frozenset(columns))
        info = information_at(where.objective, point, self.information)
        keep = np.delete(np.arange(len(point.x)), away)
        inverse = inverse_information(info[np.ix_(keep, keep)])[0]
        if inverse is None:
            label = ", ".join(self.names[c] for c in columns)
            raise IntervalError(
                f"the {self.information} information is not positive definite where {label} is 0, so there is no score "
                "test: use method='lr'"
            )
        return float(point.score[keep] @ inverse @ point.score[keep])
