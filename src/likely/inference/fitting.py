"""From what was asked for to estimates with the covariance that was asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from likely.compute.solve.newton import Point
from likely.errors import Interrupted, OptionError
from likely.estimates import Estimates
from likely.estimates.covariance import Request, requested, with_small_sample
from likely.estimates.maximum import maximize
from likely.inference.bootstrap_covariance import bootstrap_covariance
from likely.likelihoods.log_likelihood import LogLikelihood, log_likelihood
from likely.models.asked import Asked
from likely.models.plain import NotKept


def asked_for(asked: Asked, data: Any) -> Estimates:
    """The estimates that were asked for, from these data.

    Examples
    --------
    >>> asked_for(Asked.of("bernoulli"), [1, 1, 0, 1]).coef
    {'p': 0.75}
    """
    try:
        L = log_likelihood(asked, data)
    except KeyboardInterrupt as stopped:
        raise Interrupted("interrupted while the data were read: nothing was fitted yet, start anew") from stopped
    return fitted(L, L.asked)


def estimates_of(family: Any, data: Any, formula: Any = None, **options: Any) -> Estimates:
    """The same from the arguments of `likely.fit`."""
    return asked_for(Asked.of(family, formula, **options), data)


def fitted(L: LogLikelihood, asked: Asked) -> Estimates:
    """The peak of a log-likelihood, by the search and with the covariance that were asked for."""
    if asked.cov is None and asked.cluster is None and asked.small_sample is None:
        return maximize(L, asked)
    covariance = {"kind": asked.cov, "cluster": asked.cluster, "small_sample": asked.small_sample}
    requested(L.bound, **covariance)  # its errors come before the search
    found = maximize(L, asked)
    return with_covariance(found, requested(found.likelihood.bound, **covariance))


def with_covariance(estimates: Estimates, request: Request) -> Estimates:
    """The estimates with a covariance that has been checked, found now so that its errors come now."""
    limit = estimates.limit and replace(estimates.limit, fit=with_covariance(estimates.limit.fit, request))
    kept = None if estimates.kept is None else estimates.kept.without_covariance()
    found = replace(estimates, request=request, limit=limit, drawn=None, kept=kept)
    if not found._has_peak:
        return found
    if request.kind == "bootstrap":
        return replace(found, drawn=bootstrap_covariance(found, request))
    found._covariance  # noqa: B018
    return found


def with_data(estimates: Estimates, data: Any) -> Estimates:
    """Estimates that were read without their rows, with the data that they came from.

    Raises
    ------
    OptionError
        If something that was asked for is no longer at hand, such as an array of weights.
    """
    asked = estimates.asked
    lost = {
        name: one.what for name, one in {**asked.given, "formula": asked.formula}.items() if isinstance(one, NotKept)
    }
    if lost:
        words = ", ".join(f"{name} ({what})" for name, what in lost.items())
        raise OptionError(
            f"the fit had arguments that no file holds, {words}: fit the data again, or make them columns of the data"
        )
    if estimates.limit is not None or estimates.separation is not None:
        return asked_for(asked.replace(on_failure="return"), data)
    L, request = log_likelihood(asked, data), estimates.request
    if request is not None and request.clusters:
        request = replace(request, clusters=requested(L.bound, request.kind, asked.cluster).clusters)
    drawn = estimates._covariance if request is not None and request.kind == "bootstrap" else None
    at = estimates.outcome.point
    outcome = replace(estimates.outcome, point=Point(at.x, L.objective.value(at.x), at.score, at.info))
    return replace(estimates, likelihood=L, outcome=outcome, request=request, drawn=drawn, kept=None)


def other_covariance(
    estimates: Estimates,
    kind: str | None = None,
    *,
    cluster: Any = None,
    correction: str | None = None,
    bread: str | None = None,
    small_sample: str | None = None,
    **options: Any,
) -> Estimates:
    """The estimates with another covariance; see `likely.Fit.with_cov`."""
    bound, parts = estimates.likelihood.bound, (kind, cluster, correction, bread)
    all_default = all(part is None for part in (*parts, *options.values()))
    if all_default and small_sample is not None and estimates.request is not None:
        asked = estimates.asked.replace(small_sample=small_sample)
        request = with_small_sample(bound, estimates.request, small_sample)
        return with_covariance(replace(estimates, asked=asked), request)
    kept = estimates._request.small_sample if small_sample is None else small_sample
    request = requested(bound, *parts, kept, **options)
    small_sample = estimates.asked.small_sample if small_sample is None else small_sample
    asked = estimates.asked.replace(cov=kind, cluster=cluster, small_sample=small_sample)
    return with_covariance(replace(estimates, asked=asked), request)
