"""Curves of the likelihood along one parameter: slices, and profiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from likely.errors import IntervalError, OptionError, is_one_of, unknown
from likely.inference.intervals import intervals
from likely.inference.profile import Profiler, RefitProfiler, locate, profiler
from likely.inference.profile_limits import by_fits
from likely.likelihoods import single_peaked
from likely.models import scale
from likely.models.checks import row_of_numbers
from likely.namespace.arrays import Floats
from likely.search.directions import few_rows
from likely.show.curves import Curve

if TYPE_CHECKING:
    from likely.estimates import Estimates

SLACK = 1e-9  # share of a log-likelihood within which two of them are equally high


def slice_curve(fit: Estimates, name: str, values: Any = None, others: Mapping[str, float] | None = None) -> Curve:
    """The log-likelihood along one parameter, the others held at their estimates or where they are said to be."""
    likelihood = fit.likelihood
    base = {**fit.coef, **(others or {})}
    if not is_one_of(name, base):
        raise unknown("parameter", name, likelihood.names)
    if values is None:
        values = default_grid(fit, name)
    values = row_of_numbers(values, f"the values of {name} are a list of numbers")
    logs = np.array([likelihood.log({**base, name: float(v)}) for v in values])
    held = {k: v for k, v in base.items() if k != name}
    return Curve(name, values, logs, float(fit.coef[name]), fit.loglik, "slice", (held,) * len(values))


def profile_curve(fit: Estimates, name: str, values: Any = None) -> Curve:
    """The profile log-likelihood along one parameter."""
    likelihood = fit.likelihood
    slot, index = locate(likelihood, name)
    if not fit.converged:
        raise IntervalError(f"a profile needs a peak; this likelihood has none: {fit.status}")
    if values is None:
        values = default_grid(fit, name, points=61)
    values = row_of_numbers(values, f"the values of {name} are a list of numbers")
    targets = values
    if slot.constant:
        slot.parameter.domain.check(name, values)
        with np.errstate(all="ignore"):
            targets = np.array([float(slot.link.forward(v)) for v in values])
    regular = not fit.boundary
    best = fit.outcome.point.x if regular else np.zeros(likelihood.model.size)
    order = np.argsort(np.abs(targets - best[index]))  # outwards from the peak, each started from the one before
    logs, others = np.zeros(len(values)), [dict[str, float]()] * len(values)
    path = profiler(likelihood, index, best, fit.loglik, regular)
    several = not single_peaked(likelihood.model) and few_rows(likelihood.objective)
    fits = by_fits(fit, path) if several else []  # a path leads along one peak, and another may have become higher
    for i in order:
        logs[i], others[i] = _height(fit, path, float(targets[i]), name)
        for one in fits:
            try:
                height, elsewhere = _height(fit, one, float(targets[i]), name)
            except IntervalError:
                continue
            if height > logs[i] + SLACK * (1.0 + abs(fit.loglik)):
                logs[i], others[i] = height, elsewhere
    return Curve(name, values, logs, float(fit.coef[name]), fit.loglik, "profile", tuple(others))


def _height(fit: Estimates, path: Profiler, target: float, name: str) -> tuple[float, dict[str, float]]:
    """The log-likelihood at its maximum, one coefficient held, and the other estimates there."""
    value, _, x = path(target)
    if isinstance(path, RefitProfiler):
        return value, dict(path.others)
    reported, _ = scale.to_reported(fit.likelihood.model, x)
    return value, {k: float(v) for k, v in zip(fit.likelihood.names, reported, strict=True) if k != name}


def default_grid(fit: Estimates, name: str, points: int = 201) -> Floats:
    """Values over which the likelihood is not negligible: about four standard errors on the link scale."""
    likelihood = fit.likelihood
    if fit.limit is not None and name != fit.limit.parameter:
        return default_grid(fit.limit.fit, fit.limit.limiting_name(name), points)
    slot, index = locate(likelihood, name)
    domain = slot.parameter.domain
    if slot.constant and np.isfinite(domain.lower) and np.isfinite(domain.upper):
        margin = 1e-3 * (domain.upper - domain.lower)
        whole = np.linspace(domain.lower + margin, domain.upper - margin, points)
        if likelihood.n <= 30 or fit.stderr.get(name) is None:
            return whole
    se = fit.link_stderr(index)
    if se is None and name in fit.boundary:
        lower, upper = intervals(fit, 0.95, "profile", [name])[name]
        if upper is not None and np.isfinite(upper):
            return np.linspace(0.0, 1.5 * upper, points + 1)[1:]
        if lower is not None:
            return np.geomspace(max(lower, 1e-3) / 1.5, 100.0 * max(lower, 1.0), points)
    if se is None:
        raise OptionError(
            f"{name} has no standard error ({fit.withheld.get(name, fit.status)}): pass the values to look at"
        )
    t = fit.outcome.point.x[index] + 4.0 * se * np.linspace(-1, 1, points)
    if not slot.constant:
        return t
    return np.array([slot.natural(v) for v in t])
