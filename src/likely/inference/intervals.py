"""Intervals for the parameters: Wald, profile likelihood and bootstrap."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special as sc

from likely.errors import IntervalError, OptionError, is_one_of, unknown
from likely.estimates.maximum import peak_of
from likely.families import Bernoulli
from likely.inference.bootstrap_intervals import bootstrap_intervals
from likely.inference.interval import Interval
from likely.inference.profile import locate, profiler_of
from likely.inference.profile_limits import boundary_limit, checked_limit
from likely.models.asked import Asked
from likely.models.bind import bind
from likely.models.checks import check_level, items_of
from likely.progress import Task

if TYPE_CHECKING:
    from likely.estimates import Estimates

METHODS = ("wald", "profile", "bootstrap")


def wald(fit: Estimates, name: str, level: float) -> Interval:
    """Estimate -+ z (or t) standard errors, computed on the link scale and mapped back."""
    if (reason := fit.withheld.get(name)) is not None:
        return Interval(None, None, level, "wald", reason)
    if fit.reference.df is not None and name == fit.likelihood.model.slots[1].label:
        return _of_spread(fit, name, level)
    z = fit.reference.half_width(level)
    try:
        slot, index = locate(fit.likelihood, name)
    except OptionError:  # one of several probabilities: on its own logit
        p, se = fit.coef[name], fit.stderr[name]
        assert se is not None
        eta, half = np.log(p / (1 - p)), z * se / (p * (1 - p))
        return Interval(float(sc.expit(eta - half)), float(sc.expit(eta + half)), level, "wald")
    center, se = float(fit.outcome.point.x[index]), fit.link_stderr(index)
    assert se is not None
    ends = [slot.natural(t) if slot.constant else t for t in (center - z * se, center + z * se)]
    return Interval(min(ends), max(ends), level, "wald")


def _of_spread(fit: Estimates, name: str, level: float) -> Interval:
    """The exact interval of a linear model's spread: its sum of squares over the variance is chi-squared."""
    if fit._request.robust:
        note = f"{name} has no interval beside a sandwich, which does not take one spread of all rows as true"
        return Interval(None, None, level, "wald", note)
    df, value = fit.reference.df, fit.coef[name]
    ends = [value * float(np.sqrt(fit.n / sc.chdtri(df, 0.5 - side * 0.5 * level))) for side in (-1.0, 1.0)]
    return Interval(min(ends), max(ends), level, "wald", "")


def profile(fit: Estimates, name: str, level: float) -> Interval:
    """The values whose profile log-likelihood lies within half a chi-squared quantile of the peak (Wilks 1938)."""
    likelihood = fit.likelihood
    if any(slot.shared for slot in likelihood.model.slots):
        return _one_probability(fit, name, level)
    if (at := fit.boundary.get(name)) is not None:
        domain = locate(likelihood, name)[0].parameter.domain
        end = boundary_limit(fit, name, at, level)
        pair = (at, end) if at == domain.lower else (end, at)
        return Interval(*pair, level, "profile", f"one-sided: the estimate {at:g} is the end of the domain")
    restrained, reason = fit.outcome.restrained, fit.reasons.get(name)
    if reason is not None and restrained is None:  # the end of the data has no coefficient to look for
        return Interval(None, None, level, "profile", reason)
    slot, index = locate(likelihood, name)
    if reason is not None and restrained is not None and index not in restrained.at_bound:
        return Interval(None, None, level, "profile", reason)
    drop = 0.5 * float(2.0 * sc.gammaincinv(0.5, level))
    x, se = _center(fit, name, index)
    step = float(np.sqrt(2 * drop)) * se
    if slot.constant and slot.link.name != "identity":
        step = min(step, 2.0)  # a flat likelihood has a huge standard error on a log or logit scale
    path = profiler_of(fit, index, x)
    reach = (-np.inf, np.inf) if restrained is None else restrained.restraints.reach(likelihood.model, index)
    raw, stopped = [], []
    for side, end in zip((-1, 1), reach, strict=True):
        stopped.append(np.isfinite(end) and path.peak - path(end)[0] < drop)
        raw.append(end if stopped[-1] else checked_limit(fit, path, side, drop, step, end))
    ends = [slot.natural(t) if slot.constant else float(t) for t in raw]
    open_ends = [not np.isfinite(t) for t in raw]
    if ends[0] > ends[1]:  # a link that falls
        ends.reverse()
        open_ends.reverse()
    note = "an end is that of the constraints" if any(stopped) else ""
    if any(open_ends):
        which = " and ".join(w for w, is_open in zip(("lower", "upper"), open_ends, strict=True) if is_open)
        note = f"no {which} limit: the profile never falls far enough, so the data do not bound {name} there"
    if fit._request.robust:
        robust_note = f"follows the likelihood, not the {fit.cov_kind} covariance, which method='wald' uses"
        if fit._request.of_quantile:  # the likelihood of a density that nobody takes as true
            robust_note += ": it does not hold at its level unless the density does"
        note = f"{note}; {robust_note}" if note else robust_note
    return Interval(ends[0], ends[1], level, "profile", note)


def _center(fit: Estimates, name: str, index: int) -> tuple[Any, float]:
    """The coefficients at the peak and one's standard error; at a limit, both from the limiting family's fit."""
    if fit.limit is None:
        se = fit.link_stderr(index)
        if not se:  # at a bound
            se = float(1.0 / np.sqrt(fit.outcome.point.info[index, index]))
        return fit.outcome.point.x, se
    inner = fit.limit.fit
    _, place = locate(inner.likelihood, fit.limit.limiting_name(name))
    se = inner.link_stderr(place)
    assert se is not None
    x = np.zeros(fit.likelihood.model.size)
    x[index] = inner.outcome.point.x[place]
    return x, se


def _one_probability(fit: Estimates, name: str, level: float) -> Interval:
    """The profile interval of one of several probabilities: that of its level against all others together.

    With p_k held, the others share 1 - p_k in proportion to their counts, so the profile is a Bernoulli's likelihood
    but for a constant.
    """
    bound = fit.likelihood.bound
    code = [f"{fit.likelihood.model.slots[0].parameter.name}[{v}]" for v in bound.model.levels].index(name)
    again = bind(
        Asked(Bernoulli(), weights=bound.weights, weights_kind=bound.weights_kind), (bound.y == code).astype(float)
    )
    return profile(peak_of(again, on_failure="raise"), "p", level)


def intervals(
    fit: Estimates, level: float, method: str, names: list[str] | None, **options: object
) -> dict[str, Interval]:
    """Intervals by name."""
    level = check_level(level)
    if not is_one_of(method, METHODS):
        raise unknown("method", method, METHODS, " for an interval")
    chosen = fit.names if names is None else items_of(names, f"names is a list of estimates, such as {fit.names[:2]}")
    for name in chosen:
        if not is_one_of(name, fit.names):
            raise unknown("parameter", name, fit.names)
    if method == "bootstrap":
        return bootstrap_intervals(fit, level, chosen, **options)  # type: ignore[arg-type]
    if options:
        raise unknown("option", next(iter(options)), [], f" for method={method!r}")
    if not fit.converged:
        raise IntervalError(f"a fit that did not converge has no intervals: {fit.status}")
    if method == "profile":
        fit.require_independent("a profile interval", "method='wald'")
    found = {}
    with Task(f"{method} intervals", long=method == "profile", alone=True) as task:
        for done, name in enumerate(chosen):
            task.count(done, len(chosen), "parameters")
            found[name] = _one(fit, name, level, method)
    return found


def _one(fit: Estimates, name: str, level: float, method: str) -> Interval:
    """One parameter's interval; a reason in its place where there is none."""
    try:
        if method == "profile":
            return profile(fit, name, level)
        if fit.limit is None or name == fit.limit.parameter:
            return wald(fit, name, level)
    except IntervalError as error:
        return Interval(None, None, level, method, str(error))
    inner = fit.limit.fit
    found = wald(inner, fit.limit.limiting_name(name), level)
    return replace(found, note=found.note or f"as {inner.likelihood.model.family.title}")
