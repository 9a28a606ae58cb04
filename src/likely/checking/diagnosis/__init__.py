"""Why a fit disappoints: checks of what was assumed, each with evidence, meaning and a next step."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from likely.checking.diagnosis.finding import Check, Diagnosis, Finding, holm
from likely.checking.diagnosis.moments import MOMENTS, Order
from likely.checking.diagnosis.notes import NOTES, noted
from likely.checking.diagnosis.null_distribution import Outcome, outcomes
from likely.checking.diagnosis.wording import Case, word
from likely.checking.diagnosis.wording.rows import MANY
from likely.errors import FitError, OptionError, is_one_of, listed, unknown
from likely.errors.kinds import is_number
from likely.estimates.covariance.request import group_codes
from likely.families.base import generator
from likely.models.checks import items_of
from likely.prediction.sample import Sample, sample_of
from likely.progress import Task
from likely.show.text_table import p_value

if TYPE_CHECKING:
    from likely.estimates import Estimates

__all__ = ["CHECKS", "Check", "Diagnosis", "Finding", "diagnose"]

CHECKS = (*MOMENTS, *NOTES)
WILD = 1e-6  # expected number of rows as far out as the first, below which it is a mistake rather than a tail


def diagnose(
    fit: Estimates,
    level: float = 0.05,
    *,
    checks: Iterable[str] | None = None,
    index: Any = None,
    groups: Any = None,
    seed: int = 0,
    progress: Any = None,
) -> Diagnosis:
    """Hold a fit against its data; see `Fit.diagnose`.

    Raises
    ------
    FitError
        If the fit did not converge.
    OptionError, UnknownNameError
        If an option cannot be read, or the rows have no distribution of their own.
    """
    if not fit.converged:
        raise FitError(f"a diagnosis needs a converged fit; this one: {fit.status}", fit)
    if not (is_number(level) and 0.0 < level < 1.0):
        raise OptionError(f"level is a number between 0 and 1 such as 0.05, found {level!r}")
    chosen = list(CHECKS) if checks is None else items_of(checks, f"checks is a list of checks, of {listed(CHECKS)}")
    for name in chosen:
        if not is_one_of(name, CHECKS):
            raise unknown("check", name, CHECKS)
    rng = generator(seed, "diagnosis")
    with Task("diagnosis", progress, long=True) as task:
        task.say("the fitted distributions")
        sample = sample_of(fit, rng)
        order = _order(fit, sample, index, groups)
        tested = _tested(sample, order, chosen, rng, task)
        adjusted = holm({name: o.p_value for name, o in tested.items() if isinstance(o, Outcome)})
        findings: list[Finding] = []
        records: list[Check] = []
        for name in chosen:
            task.say(name)
            if name in NOTES:
                result = noted(name, fit, sample, seed)
                records.append(Check(name, NOTES[name][0], result.outcome, ran=result.ran))
                findings += [result.finding] if result.finding is not None else []
                continue
            asks, outcome = MOMENTS[name].asks, tested[name]
            if isinstance(outcome, str):
                records.append(Check(name, asks, f"not run: {outcome}", ran=False))
                continue
            ended = _ended(outcome, adjusted[name], level, len(adjusted))
            records.append(Check(name, asks, ended, outcome.p_value, adjusted[name]))
            if adjusted[name] <= level:
                findings.append(word(name, Case(fit, sample, order, outcome, level)))
    title = f"Diagnosis of the {fit.likelihood.model.family.title} fit of {fit.likelihood.model.response}"
    findings.sort(key=lambda found: _rank(found, sample))
    return Diagnosis(tuple(findings), tuple(records), level, title, sample.total, fit.likelihood.bound.table)


def _rank(found: Finding, sample: Sample) -> tuple[bool, bool, float]:
    """Findings before notes; a few wild rows first, since they may be the reason of the others; then by their weight.

    The weight is what the log-likelihood gains under another assumption, or to first order half the squared statistic.
    """
    rows = found.evidence.get("rows", ()) if found.check == "outliers" else ()
    wild = 0 < len(rows) <= MANY * sample.n and found.evidence["smallest_tail"] * sample.n < WILD
    z = 0.0 if found.statistic is None or found.check == "outliers" else found.statistic
    return found.severity != "finding", not wild, -float(found.evidence.get("loglik_gain", 0.5 * z * z))


def _tested(
    sample: Sample, order: Order, chosen: list[str], rng: np.random.Generator, task: Task
) -> dict[str, Outcome | str]:
    """The checks that have a null distribution, by name."""
    asked = {name: MOMENTS[name].moment(sample, order) for name in chosen if name in MOMENTS}
    moments = [m for m in asked.values() if not isinstance(m, str)]
    found = outcomes(sample, moments, rng, lambda done, total: task.count(done, total, "simulated data sets"))
    return {name: m if isinstance(m, str) else found[m.name] for name, m in asked.items()}


def _ended(outcome: Outcome, adjusted: float, level: float, tests: int) -> str:
    """A check's outcome, in words."""
    if adjusted <= level:
        return "found: see above"
    if outcome.p_value <= level:
        own, among = p_value(outcome.p_value, level), p_value(adjusted, level)
        return f"passed: p = {own} by itself is {among} as one of {tests} tests"
    return "passed"


def _order(fit: Estimates, sample: Sample, index: Any, groups: Any) -> Order:
    """The order of the observations, and the groups that were named."""
    bound = fit.likelihood.bound
    codes = None
    if groups is not None:
        codes = group_codes(bound, groups, "groups", "the groups", "or leave these rows out")[1][sample.rows]
    if bound.weights is not None:
        return Order("", None, codes)
    if index is None:
        return Order("the rows", np.arange(sample.n), codes)
    name, places = group_codes(bound, index, "index", "the index", "or leave these rows out")
    return Order(name, np.argsort(places[sample.rows], kind="stable"), codes)
