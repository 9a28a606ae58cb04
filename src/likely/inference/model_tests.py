"""Tests of one fit against another model of the same data that holds it as a special case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import special as sc

from likely.errors import FitError, IntervalError, OptionError, listed
from likely.estimates import Estimates
from likely.inference.constrained_fit import enlarged
from likely.inference.nesting import AIC_ADVICE, nesting
from likely.inference.score import INFORMATION_NOTES, embedded, score_statistic
from likely.inference.tests import ROUNDING, TestResult, calibrated, likelihood_note
from likely.likelihoods.log_likelihood import LogLikelihood
from likely.models.identify import check_identified
from likely.namespace.arrays import Floats


def lr_test(a: Estimates, b: Estimates) -> TestResult:
    """Likelihood-ratio test of the smaller of two nested fits against the larger; see `likely.Fit.lr_test`."""
    for fit in (a, b):
        if not isinstance(fit, Estimates):
            raise OptionError(f"a likelihood-ratio test needs two fits, found {fit!r}")
        if not fit.converged:
            raise FitError(f"a likelihood-ratio test needs converged fits; this one: {fit.status}", fit)
        fit.require_likelihood("a likelihood-ratio test")
        fit.require_independent("a likelihood-ratio test", "Wald's fit.test('...')")
    _require_same_data(a.likelihood, b.likelihood)
    if a.k == b.k:
        raise OptionError(f"both models have {a.k} parameters, so neither is a special case of the other; {AIC_ADVICE}")
    small, large = (a, b) if a.k < b.k else (b, a)
    on_end = nesting(small.likelihood, large.likelihood)
    added = _added_constraints(small, large)
    df = int(large.k - small.k)
    statistic = 2.0 * (large.effective.outcome.height - small.effective.outcome.height)
    if statistic < -ROUNDING * (1.0 + abs(large.loglik)):
        raise FitError(
            f"the larger model has the lower log-likelihood ({large.loglik:.8g}, the smaller {small.loglik:.8g}): its "
            "search ended at another peak. Fit it again with start= from the smaller model's estimates",
            large,
        )
    factor, scaling_note = calibrated(large, set(large.names) - set(small.names))
    statistic = max(factor * statistic, 0.0)
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
    note = "; ".join(part for part in (note, scaling_note or likelihood_note(small)) if part)
    hypothesis = ", ".join(added) or _hypothesis(small.likelihood, large.likelihood)
    return TestResult(statistic, df, p, "likelihood ratio", hypothesis, note)


def _added_constraints(small: Estimates, large: Estimates) -> list[str]:
    """The equations that the smaller fit respects and the larger one does not; an error unless it respects the rest."""
    one, other = small.outcome.restrained, large.outcome.restrained
    if any(restrained is not None and restrained.inequalities for restrained in (one, other)):
        raise OptionError(
            "under inequalities the likelihood ratio is a mixture of chi-squared distributions that depends on the "
            f"data (Self and Liang 1987); compare equations instead, or {AIC_ADVICE}"
        )
    same = small.likelihood.names == large.likelihood.names
    penalties = ["" if restrained is None else restrained.penalty for restrained in (one, other)]
    if penalties[0] != penalties[1] or (penalties[0] and not same):
        raise OptionError(
            "a penalised likelihood-ratio test compares two fits of the same model with Firth's penalty, the smaller "
            "one with fixed= or constraints=, so that both subtract the same penalty"
        )
    if other is not None and other.equations:
        rows = [] if one is None or not same else [_equations(fit) for fit in (small, large)]
        if not rows or np.linalg.matrix_rank(np.vstack(rows)) > len(rows[0]):
            raise OptionError(
                f"the larger model's constraints do not hold in the smaller one, so they are not nested; {AIC_ADVICE}"
            )
    return [said for said in small.multipliers if said not in large.multipliers]


def _equations(fit: Estimates) -> Floats:
    """The equations that a fit respects, with their right sides."""
    assert fit.outcome.restrained is not None
    region = fit.outcome.restrained.restraints.region(fit.likelihood.model)
    assert region is not None
    return np.column_stack([region.equal, region.values])


# -- a larger model ------------------------------------------------------------------------------------------


def score_test(
    fit: Estimates, larger: Any, information: str = "observed", formulas: Mapping[str, str] | None = None
) -> TestResult:
    """Rao's score test of a fit against a larger model, which is not fitted; see `likely.Fit.score_test`."""
    if not fit.converged:
        raise FitError(f"a score test needs a converged fit; this one: {fit.status}", fit)
    fit.require_likelihood("a score test", plain=True)
    fit.require_independent("a score test", "Wald's fit.test('...') of the larger fit")
    small = fit.effective
    if isinstance(larger, str) or (larger is None and formulas):
        large = enlarged(small.likelihood, larger, formulas or {})
    else:
        if formulas:
            raise OptionError(f"{listed(formulas)}: formulas go with a formula, not with a {type(larger).__name__}")
        large = larger.likelihood if isinstance(larger, Estimates) else larger
        if not isinstance(large, LogLikelihood):
            raise OptionError(
                f"the larger model is a formula such as '~ . + z', a likelihood or a fit; found {larger!r}"
            )
    _require_same_data(small.likelihood, large)
    on_end = nesting(small.likelihood, large)
    if on_end:
        raise IntervalError(
            f"{on_end[0]} is at the end of its domain in the smaller model, where the score in its link does not "
            "exist; fit the larger model and use fit.lr_test(larger)"
        )
    if small.likelihood.model.fixed or large.model.fixed:
        raise IntervalError("the estimates are extremes of the data: there is no score test of them")
    df = large.model.size - small.likelihood.model.size
    if df <= 0:
        raise OptionError(f"both models have {large.model.size} parameters: the second has to be the larger one")
    check_identified(large.model, large.bound.data)
    point = large.objective.point(embedded(small.likelihood, small.outcome.point.x, large))
    statistic = score_statistic(large.objective, point, information)
    note = INFORMATION_NOTES.get(information, "")
    note = "; ".join(part for part in (note, likelihood_note(fit)) if part)
    p = float(sc.chdtrc(df, statistic))
    return TestResult(statistic, df, p, "score", _hypothesis(small.likelihood, large), note)


def _hypothesis(small: LogLikelihood, large: LogLikelihood) -> str:
    one, other = small.model, large.model
    if one.family.title != other.family.title:
        return f"{one.family.title} within {other.family.title}"
    # a constant becomes an intercept when predictors join it
    joined = {f"{slot.label}.Intercept" for slot in one.slots if slot.constant} & set(large.names)
    free = {name for name in small.names if f"{name}.Intercept" not in joined} | joined
    removed = [name for name in large.names if name not in free]
    known = [f"{k} = {v:g}" for k, v in small.bound.data.known.items() if k in removed and np.ndim(v) == 0]
    if known and len(known) == len(removed):
        return ", ".join(known)
    if free < set(large.names) and all("." in name for name in removed):
        return ", ".join(f"{name} = 0" for name in removed[:6]) + (
            f" and {len(removed) - 6} more" if len(removed) > 6 else ""
        )
    return f"the model of {len(small.names)} parameters within that of {len(large.names)}"


def _require_same_data(a: LogLikelihood, b: LogLikelihood) -> None:
    one, other = a.bound, b.bound
    if len(one.y) != len(other.y):
        raise OptionError(
            f"the fits use {len(one.y)} and {len(other.y)} rows: a test between them needs the same data (were "
            "rows with missing values dropped from one of them?)"
        )
    if not np.array_equal(one.y, other.y, equal_nan=True):
        raise OptionError(
            "the fits have different responses (or the same in another order): their likelihoods cannot be compared"
        )
    if one.model.family.levels != other.model.family.levels:
        raise OptionError("the fits code the levels of the response differently: give both the same levels=")
    if not one.weighted_like(other):
        raise OptionError("the fits have different weights: their likelihoods cannot be compared")
