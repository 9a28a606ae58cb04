"""Tests of hypotheses about a fit: Wald's and the likelihood ratio's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np
from scipy import linalg
from scipy import special as sc

from likely.derive.hypotheses import equations, text
from likely.derive.nesting import AIC_ADVICE, nesting
from likely.errors import FitError, IntervalError, OptionError, ParameterError

if TYPE_CHECKING:
    from likely.result import Fit

ROUNDING = 1e-7  # log-likelihoods of two searches agree to about this, relatively


@final
@dataclass(frozen=True)
class TestResult:
    """A test of a hypothesis.

    Attributes
    ----------
    statistic : float
        Referred to a chi-squared distribution.
    df : int
        Its degrees of freedom: the number of restrictions.
    p_value : float
        Probability of a statistic at least this large if the hypothesis holds.
    kind : str
        "Wald" or "likelihood ratio".
    hypothesis : str
    note : str
        What is special about it, or empty.

    Examples
    --------
    >>> import likely as lk
    >>> result = lk.fit("bernoulli", [1] * 7 + [0] * 3).test("p = 0.5")
    >>> result.df, round(result.p_value, 4)
    (1, 0.1675)
    """

    statistic: float
    df: int
    p_value: float
    kind: str
    hypothesis: str
    note: str = ""

    __test__ = False  # not a test class for pytest

    def __str__(self) -> str:
        text = (
            f"{self.kind[0].upper()}{self.kind[1:]} test of {self.hypothesis}: "
            f"chi-squared = {self.statistic:.6g}, df = {self.df}, p = {self.p_value:.4g}"
        )
        return f"{text} ({self.note})" if self.note else text


# -- Wald ----------------------------------------------------------------------------------------------------


def wald_test(fit: Fit, hypothesis: str) -> TestResult:
    """Wald test of linear hypotheses about the estimates.

    W = (R b - r)' (R V R')^-1 (R b - r), chi-squared with as many degrees of freedom as there are independent
    restrictions (Wald 1943).

    Parameters
    ----------
    fit : Fit
    hypothesis : str
        Equations, separated by commas, in the names of the estimates as ``fit.coef`` shows them:
        ``"p.income = 0"``, ``"mean.a = mean.b, sd = 1"``, ``"2*p.a + p.b = 1"``. Constant parameters are tested on
        the natural scale on which they are reported (``sd = 1``, not its logarithm).

    Returns
    -------
    TestResult

    Raises
    ------
    UnknownNameError
        If a name is not that of an estimate.
    OptionError
        If the text cannot be read, restricts nothing or contradicts itself.
    IntervalError
        If an estimate has no standard error.

    Examples
    --------
    >>> import likely as lk
    >>> fit = lk.fit("bernoulli", [1] * 7 + [0] * 3)
    >>> print(fit.test("p = 0.5"))
    Wald test of p = 0.5: chi-squared = 1.90476, df = 1, p = 0.1675
    """
    forms = equations(hypothesis, fit.names)
    names, notes = fit.regular, []
    for form in forms:
        for name in form:
            if name and name in fit.withheld:
                raise IntervalError(f"{name} has no standard error, so it has no Wald test: {fit.withheld[name]}")
        notes += _domain_notes(fit, form)
    restrictions = np.array([[form.get(name, 0.0) for name in names] for form in forms]).reshape(len(forms), -1)
    targets = np.array([-form.get("", 0.0) for form in forms])
    keep = _independent(restrictions, targets, hypothesis)
    if len(keep) < len(forms):
        notes.append(f"{len(forms) - len(keep)} of {len(forms)} equations follow from the others and were left out")
    r = restrictions[keep]
    estimate = np.array([fit.coef[name] for name in names])
    statistic, rank = _quadratic_form(r @ estimate - targets[keep], r @ fit.cov @ r.T, hypothesis)
    if rank < len(keep):
        notes.append("the estimates' sum is fixed, so one equation follows from the others")
    wording = ", ".join(text(form) for form in forms)
    return TestResult(statistic, rank, float(sc.chdtrc(rank, statistic)), "Wald", wording, "; ".join(notes))


def _quadratic_form(gap: Any, covariance: Any, hypothesis: str) -> tuple[float, int]:
    """gap' C^-1 gap and the rank of C, which is singular for probabilities that sum to 1."""
    scale = np.sqrt(np.maximum(np.diagonal(covariance), np.finfo(float).tiny))
    values, vectors = linalg.eigh(covariance / np.outer(scale, scale))
    there = values > 1e-10
    along = vectors.T @ (gap / scale)
    if np.any(np.abs(along[~there]) > 1e-6):
        raise OptionError(f"{hypothesis!r} cannot hold: the estimates are bound together (they sum to 1)")
    return float(np.sum(np.square(along[there]) / values[there])), int(np.count_nonzero(there))


def _independent(restrictions: Any, targets: Any, hypothesis: str) -> list[int]:
    """Equations that do not follow from earlier ones; an error for those that contradict them."""
    keep: list[int] = []
    for i, (row, target) in enumerate(zip(restrictions, targets, strict=True)):
        combination = np.linalg.lstsq(restrictions[keep].T, row, rcond=None)[0] if keep else np.zeros(0)
        left = row - combination @ restrictions[keep]
        size = float(np.max(np.abs(row), initial=0.0))
        if float(np.max(np.abs(left), initial=0.0)) > 1e-10 * size:
            keep.append(i)
            continue
        implied = float(combination @ targets[keep])
        if abs(target - implied) > 1e-9 * max(1.0, abs(target), abs(implied)):
            raise OptionError(f"the equations of {hypothesis!r} contradict each other: they cannot all hold")
    if not keep:
        raise OptionError(f"{hypothesis!r} restricts nothing: it holds for every value of the estimates")
    return keep


def _domain_notes(fit: Fit, form: Mapping[str, float]) -> list[str]:
    """What is odd about the value that an equation gives to a single constant."""
    names = [name for name, c in form.items() if name and c != 0.0]
    if len(names) != 1:
        return []
    name, value = names[0], -form.get("", 0.0) / form[names[0]]
    head = name.split("[")[0]
    slot = next((s for s in fit.likelihood.model.slots if s.constant and s.parameter.name == head), None)
    if slot is None:
        return []
    domain = slot.parameter.domain
    if not domain.lower <= value <= domain.upper:
        raise ParameterError(f"{name} must be {domain.name}; the hypothesis sets it to {value:g}")
    if value in (domain.lower, domain.upper):
        return [f"{name} = {value:g} is the end of its domain, where this approximation fails: use fit.lr_test"]
    return []


# -- likelihood ratio ----------------------------------------------------------------------------------------


def lr_test(a: Fit, b: Fit) -> TestResult:
    """Likelihood-ratio test of the smaller of two nested fits to the same data against the larger.

    Twice the difference of the log-likelihoods is chi-squared with as many degrees of freedom as the larger model has
    more parameters (Wilks 1938). Where the smaller one holds a parameter at the end of its domain (a Poisson is a
    negative binomial of dispersion 0), it is an equal mixture of that and one degree of freedom less (Self and Liang
    1987): with one parameter more, the p-value is halved.

    Parameters
    ----------
    a, b : Fit
        In either order.

    Returns
    -------
    TestResult

    Raises
    ------
    OptionError
        If the data differ or the models are not nested; the message says what AIC can do instead.
    FitError
        If a fit did not converge, or the larger one is the worse of the two.

    Examples
    --------
    >>> import likely as lk
    >>> y = [0, 0, 0, 1, 2, 9, 0, 0, 12, 1]
    >>> print(lk.fit("poisson", y).lr_test(lk.fit("negative_binomial", y)))  # doctest: +ELLIPSIS
    Likelihood ratio test of Poisson within NegativeBinomial: chi-squared = 33.0174, df = 1, p = 4.567e-09 (...)
    """
    for fit in (a, b):
        if not hasattr(fit, "likelihood"):
            raise OptionError(f"a likelihood-ratio test needs two fits, found {fit!r}")
        if not fit.converged:
            raise FitError(f"a likelihood-ratio test needs converged fits; this one: {fit.status}", fit)
    _require_same_data(a, b)
    if a.k == b.k:
        raise OptionError(f"both models have {a.k} parameters, so neither is a special case of the other; {AIC_ADVICE}")
    small, large = (a, b) if a.k < b.k else (b, a)
    on_end = nesting(small, large)
    df = large.k - small.k
    statistic = 2.0 * (large.loglik - small.loglik)
    if statistic < -ROUNDING * (1.0 + abs(large.loglik)):
        raise FitError(
            f"the larger model has the lower log-likelihood ({large.loglik:.8g}, the smaller {small.loglik:.8g}): its "
            "search ended at another peak. Fit it again with start= from the smaller model's estimates",
            large,
        )
    statistic = max(statistic, 0.0)
    p = float(sc.chdtrc(df, statistic))
    note = ""
    if len(on_end) == 1:
        less = float(sc.chdtrc(df - 1, statistic)) if df > 1 else float(statistic == 0.0)
        p = 0.5 * p + 0.5 * less
        halved = ": p is halved" if df == 1 and statistic > 0.0 else ""
        note = (
            f"{on_end[0]} is at the end of its domain in the smaller model, so the statistic is half chi-squared with "
            f"{df - 1} and half with {df} degrees of freedom{halved} (Self and Liang 1987)"
        )
    elif on_end:
        note = f"{', '.join(on_end)} are at the end of their domains in the smaller model: the true p is smaller"
    return TestResult(statistic, df, p, "likelihood ratio", _hypothesis(small, large), note)


def _hypothesis(small: Fit, large: Fit) -> str:
    one, other = small.likelihood.model, large.likelihood.model
    if one.family.title != other.family.title:
        return f"{one.family.title} within {other.family.title}"
    free = set(small.names)
    gone = [name for name in large.names if name not in free]
    known = [f"{k} = {v:g}" for k, v in one.known.items() if k in gone and np.ndim(v) == 0]
    if known and len(known) == len(gone):
        return ", ".join(known)
    if free < set(large.names) and all("." in name for name in gone):
        return ", ".join(f"{name} = 0" for name in gone[:6]) + (f" and {len(gone) - 6} more" if len(gone) > 6 else "")
    return f"the model of {small.k} parameters within that of {large.k}"


def _require_same_data(a: Fit, b: Fit) -> None:
    one, other = a.likelihood.bound, b.likelihood.bound
    if len(one.y) != len(other.y):
        raise OptionError(
            f"the fits use {len(one.y)} and {len(other.y)} rows: a likelihood-ratio test needs the same data (were "
            "rows with missing values dropped from one of them?)"
        )
    if not np.array_equal(one.y, other.y, equal_nan=True):
        raise OptionError(
            "the fits have different responses (or the same in another order): their likelihoods cannot be compared"
        )
    if one.model.family.levels != other.model.family.levels:
        raise OptionError("the fits code the levels of the response differently: give both the same levels=")
    w, v = (np.ones(len(x.y)) if x.weights is None else x.weights for x in (one, other))
    if not np.array_equal(w, v):
        raise OptionError("the fits have different weights: their likelihoods cannot be compared")
