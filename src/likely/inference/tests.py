"""Tests of hypotheses about a fit: Wald's, the likelihood ratio's and Rao's score test."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, final

import numpy as np
from scipy import linalg

from likely.compute.solve.equalities import independent, remainder, solved
from likely.errors import FitError, IntervalError, OptionError, ParameterError, is_one_of, unknown
from likely.estimates.covariance import likelihood_ratio_factor, refuse_spread, unit_rows
from likely.estimates.covariance.reference_distribution import Reference
from likely.inference.constrained_fit import Hypothesis, maximum_under
from likely.inference.score import INFORMATION_NOTES, score_statistic
from likely.models.hypotheses import equations, text
from likely.models.naming import Names

if TYPE_CHECKING:
    from likely.estimates import Estimates

METHODS = {"wald": "Wald", "lr": "likelihood ratio", "score": "score"}
FARTHEST = 1e150  # standard errors whose square a float holds
ROUNDING = 1e-7  # log-likelihoods of two searches agree to about this, relatively


@final
@dataclass(frozen=True)
class TestResult:
    """A test of a hypothesis; prints as a sentence.

    Attributes
    ----------
    statistic : float
        Referred to a chi-squared distribution, or to F where there is `df_residual`.
    df : int
        Its degrees of freedom: the number of restrictions.
    p_value : float
        Probability of a statistic at least this large if the hypothesis holds.
    kind : str
        "Wald", "likelihood ratio" or "score".
    hypothesis : str
    note : str
        What is special about it, or empty.
    df_residual : float or None
        Degrees of freedom of F's denominator (``small_sample="t"``); None for a chi-squared test.

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
    df_residual: float | None = None

    __test__ = False  # not a test class for pytest

    def __str__(self) -> str:
        exact = self.df_residual is not None
        statistic, df = ("F", f"{self.df} and {self.df_residual:g}") if exact else ("chi-squared", f"{self.df}")
        text = (
            f"{self.kind[0].upper()}{self.kind[1:]} test of {self.hypothesis}: "
            f"{statistic} = {self.statistic:.6g}, df = {df}, p = {self.p_value:.4g}"
        )
        return f"{text} ({self.note})" if self.note else text


def large_sample_note(fit: Estimates) -> str:
    """What a test by the likelihood makes of Student's t: nothing."""
    if fit.effective._request.small_sample != "t":
        return ""
    return "this test is chi-squared, by the likelihood, and makes no use of small_sample='t'; Wald's does"


def likelihood_note(fit: Estimates) -> str:
    """What a test by the likelihood makes of a robust covariance, or of Student's t: nothing."""
    if not fit._request.robust:
        return large_sample_note(fit)
    if fit._request.of_quantile:
        return (
            f"this test takes the density of {fit.likelihood.model.family.title} as true, which a quantile regression "
            "does not, so its level is not the one stated: use Wald's, or fit.with_cov('iid') where errors are alike "
            "in all rows"
        )
    return f"this test takes the model as true and makes no use of the {fit.cov_kind} covariance; Wald's does"


def calibrated(fit: Estimates, names: Iterable[str]) -> tuple[float, str]:
    """The factor of a likelihood-ratio statistic about some estimates, and what is to be said of the test.

    That of a quantile regression's location, with errors alike in all rows, is Koenker and Machado's.
    """
    location = f"{fit.likelihood.model.family.absolute_location}"
    if all(name == location or name.startswith(f"{location}.") for name in names):
        factor = likelihood_ratio_factor(fit)
        if factor is not None:
            return factor, "Koenker and Machado's (1999), for errors alike in all rows"
    return 1.0, likelihood_note(fit)


# -- hypotheses in words -------------------------------------------------------------------------------------


def hypothesis_test(fit: Estimates, hypothesis: str, method: str = "wald", information: str = "observed") -> TestResult:
    """Wald, likelihood-ratio or score test of linear hypotheses about the estimates; see `likely.Fit.test`."""
    if not is_one_of(method, METHODS):
        raise unknown("method", method, METHODS, " for a test")
    if information != "observed" and method != "score":
        raise OptionError(f"information= belongs to method='score', not to method={method!r}")
    fit.require_likelihood(f"a {METHODS[method]} test of a hypothesis", plain=method != "wald")
    if method != "wald" and fit.limit is not None:
        return _at_limit(fit, hypothesis, method, information)
    read, notes = _read(fit, hypothesis, fit.regular if method == "wald" else fit.names)
    reference = fit.reference if method == "wald" else Reference()
    if method == "wald":
        _refuse_spread(fit, read)
        statistic, rank = wald_statistic(fit, read)
        if rank < len(read.rows):
            notes.append("the estimates' sum is fixed, so one equation follows from the others")
    else:
        if not fit.converged:
            raise FitError(f"a test needs a converged fit; this one: {fit.status}", fit)
        rank = len(read.rows)
        factor, note = 1.0, likelihood_note(fit)
        if method == "lr":
            factor, note = calibrated(fit, _named(read))
        statistic = factor * lr_statistic(fit, read) if method == "lr" else _score_statistic(fit, read, information)
        notes += [note] if note else []
    if method == "score" and information != "observed":
        notes.append(INFORMATION_NOTES[information])
    p = float(reference.joint_p_value(statistic, rank))
    statistic = reference.joint(statistic, rank)
    if reference.df is not None:
        notes.append(reference.words)
    return TestResult(statistic, rank, p, METHODS[method], read.text, "; ".join(notes), reference.df)


def _refuse_spread(fit: Estimates, hypothesis: Hypothesis) -> None:
    """Raise where Student's t is asked for and an equation holds the spread."""
    inner = fit.effective
    jacobian = inner._reported[1][[inner.names.index(name) for name in inner.regular]]
    refuse_spread(inner, hypothesis.rows @ jacobian, f"a test of {hypothesis.text}")


def _at_limit(fit: Estimates, hypothesis: str, method: str, information: str) -> TestResult:
    """The test in the limiting family's fit, which describes the data, under the names it has there."""
    assert fit.limit is not None
    limit = fit.limit
    read, _ = _read(fit, hypothesis, fit.names)
    if np.any(read.rows[:, read.names.index(limit.parameter)]):
        raise IntervalError(f"{limit.parameter} ran to its limit: {fit.withheld[limit.parameter]}")
    inner = [{limit.limiting_name(n): float(c) for n, c in zip(read.names, row, strict=True) if c} for row in read.rows]
    words = ", ".join(text({**form, "": -float(t)}) for form, t in zip(inner, read.targets, strict=True))
    found = hypothesis_test(limit.fit, words, method, information)
    note = f"as {limit.fit.likelihood.model.family.title}"
    return replace(found, hypothesis=read.text, note=f"{found.note}; {note}" if found.note else note)


def _read(fit: Estimates, hypothesis: str, names: Sequence[str]) -> tuple[Hypothesis, list[str]]:
    """Independent equations in some estimates, and what is odd about them."""
    forms = equations(hypothesis, Names.of(fit))
    notes: list[str] = []
    for form in forms:
        for name in form:
            if name and name not in names:
                raise IntervalError(f"{name} has no standard error, so it has no Wald test: {fit.withheld[name]}")
        notes += _domain_notes(fit, form)
    restrictions = np.array([[form.get(name, 0.0) for name in names] for form in forms]).reshape(len(forms), -1)
    targets = np.array([-form.get("", 0.0) for form in forms])
    keep = _independent(restrictions, targets, hypothesis)
    if len(keep) < len(forms):
        notes.append(f"{len(forms) - len(keep)} of {len(forms)} equations follow from the others and were left out")
    wording = ", ".join(text(form) for form in forms)
    return Hypothesis(names, restrictions[keep], targets[keep], wording), notes


def _named(read: Hypothesis) -> list[str]:
    """The estimates that a hypothesis is about."""
    return [name for name, column in zip(read.names, read.rows.T, strict=True) if np.any(column)]


def _independent(restrictions: Any, targets: Any, hypothesis: str) -> list[int]:
    """Equations that do not follow from earlier ones; an error for those that contradict them."""
    keep = independent(restrictions)
    for i in range(len(restrictions)):
        if i in keep:
            continue
        before = [j for j in keep if j < i]
        implied = float(remainder(restrictions[i], restrictions[before])[0] @ targets[before])
        if abs(targets[i] - implied) > 1e-9 * max(1.0, abs(targets[i]), abs(implied)):
            raise OptionError(f"the equations of {hypothesis!r} contradict each other: they cannot all hold")
    if not keep:
        raise OptionError(f"{hypothesis!r} restricts nothing: it holds for every value of the estimates")
    return keep


def _domain_notes(fit: Estimates, form: Mapping[str, float]) -> list[str]:
    """What is odd about the value that an equation gives to a single constant."""
    names = [name for name, c in form.items() if name and c != 0.0]
    if len(names) != 1:
        return []
    name, value = names[0], -form.get("", 0.0) / form[names[0]] + 0.0
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


def all_predictors(fit: Estimates) -> TestResult | None:
    """Wald's test that the first parameter has no coefficients but its intercept; None where there is no such test."""
    first = fit.likelihood.model.slots[0]
    names = [name for name in first.names if not name.endswith(".Intercept")]
    if len(names) in (0, len(first.names)) or fit.outcome.restrained is not None:
        return None
    if any(name not in fit.regular for name in names):
        return None
    rows = np.array([[float(other == name) for other in fit.regular] for name in names])
    hypothesis = Hypothesis(fit.regular, rows, np.zeros(len(names)), f"{len(names)} coefficients = 0")
    try:
        statistic, rank = wald_statistic(fit, hypothesis)
    except IntervalError:  # a sandwich of few clusters
        return None
    p = float(fit.reference.joint_p_value(statistic, rank))
    stated = fit.reference.joint(statistic, rank)
    return TestResult(stated, rank, p, METHODS["wald"], hypothesis.text, fit.reference.words, fit.reference.df)


# -- statistics ----------------------------------------------------------------------------------------------


def wald_statistic(fit: Estimates, hypothesis: Hypothesis) -> tuple[float, int]:
    """(R b - r)' (R V R')^-1 (R b - r) and its degrees of freedom, for equations in the estimates that have errors.

    Every equation is divided by the size of the errors in it, whose squares no float may hold.

    Raises
    ------
    IntervalError
        If the covariance has too small a rank for that many equations, as that of a few clusters has.
    """
    errors, correlations = fit.scaled_cov
    estimate = np.array([fit.coef[name] for name in hypothesis.names])
    rows, targets = solved(hypothesis.rows, hypothesis.targets, errors)
    r, size = unit_rows(rows * errors)
    with np.errstate(over="ignore"):
        gap = (rows @ estimate - targets) / size
    spread = np.sum(np.abs(r), axis=1)  # if the estimates were all one
    inner = fit.effective
    jacobian = inner._reported[1][[inner.names.index(name) for name in inner.regular]]
    fit.require_rank(unit_rows(rows @ jacobian)[0], f"the test of {hypothesis.text}")
    return _quadratic_form(gap, r @ correlations @ r.T, spread, hypothesis.text)


def lr_statistic(fit: Estimates, hypothesis: Hypothesis) -> float:
    """Twice what the log-likelihood loses under a hypothesis."""
    point = maximum_under(fit, hypothesis)[1]
    if not np.isfinite(point.value):
        raise FitError(f"the log-likelihood is {point.value} under {hypothesis.text}: it lies too far away", fit)
    statistic = 2.0 * (fit.loglik - point.value)
    if statistic < -ROUNDING * (1.0 + abs(fit.loglik)):
        raise FitError(
            f"the log-likelihood is higher under {hypothesis.text} ({point.value:.8g}) than at the fit "
            f"({fit.loglik:.8g}): the fit is not the highest peak. Fit it again with start= from estimates under which "
            "the hypothesis holds",
            fit,
        )
    return max(statistic, 0.0)


def _score_statistic(fit: Estimates, hypothesis: Hypothesis, information: str) -> float:
    where, point = maximum_under(fit, hypothesis)
    return score_statistic(where.objective, point, information)


def _quadratic_form(gap: Any, covariance: Any, spread: Any, hypothesis: str) -> tuple[float, int]:
    """gap' C^-1 gap and the rank of C, which is singular for probabilities that sum to 1.

    A variance that is a rounding error beside the square of its `spread` is that of a fixed sum.
    """
    fixed = np.diagonal(covariance) <= 1e-13 * np.square(spread)
    covariance = np.where(fixed[:, None] | fixed, 0.0, covariance)
    scale = np.maximum(
        np.where(fixed, 1e-6 * spread, np.sqrt(np.maximum(np.diagonal(covariance), 0.0))), np.finfo(float).tiny
    )
    values, vectors = linalg.eigh(covariance / np.outer(scale, scale))
    there = values > 1e-10
    if not np.max(np.abs(gap)) < FARTHEST:
        raise IntervalError(
            f"the estimates are more than {FARTHEST:.0e} standard errors from {hypothesis}, so no float holds the "
            "statistic"
        )
    along = vectors.T @ (gap / scale)
    if np.any(np.abs(along[~there]) > 1e-6):
        raise OptionError(f"{hypothesis!r} cannot hold: the estimates are bound together (they sum to 1)")
    if not np.any(there):
        raise OptionError(f"{hypothesis!r} restricts nothing: it holds for every value that the estimates may have")
    return float(np.sum(np.square(along[there]) / values[there])), int(np.count_nonzero(there))
