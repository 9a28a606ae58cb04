"""What the end of a search is: a peak, the end of a domain, or a failure, with its reason in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from likely.compute.solve.inverse import flat_names, inverse_information
from likely.estimates import Estimates
from likely.likelihoods.log_likelihood import LogLikelihood
from likely.models.asked import Asked
from likely.search import failures
from likely.search.constrained import end_of, escapes, unpenalised, withheld_of
from likely.search.end import CONVERGED, End, EndKind
from likely.search.outcome import EDGE, Outcome, Restrained
from likely.search.plateau import covariance_in_scores, flat_directions
from likely.search.separation import find_separation
from likely.search.singular import reasons_of

SATURATED = 12.0  # linear predictors beyond this ask whether some columns separate the outcomes


def judge(L: LogLikelihood, asked: Asked, outcome: Outcome) -> Estimates:
    """The fit with its status: a peak, a peak on the boundary, or a failure with its reason."""
    if outcome.restrained is not None:
        return _judge_restrained(L, asked, outcome, outcome.restrained)
    model = L.model
    if outcome.boundary:
        reason = _end_reason(outcome.boundary)
        return Estimates(L, asked, outcome, End(EndKind.BOUNDARY, reason), dict.fromkeys(L.names, reason))
    separation = find_separation(L, outcome, SATURATED)
    if separation is not None:
        return replace(failed(L, asked, outcome, EndKind.SEPARATED, separation.message), separation=separation)
    if (runaway := failures.ran_away(L, outcome)) is not None:
        return failed(L, asked, outcome, EndKind.RUNAWAY, runaway)
    if not outcome.converged:
        return _not_converged(L, asked, outcome)
    if outcome.unidentified is not None:
        reasons = reasons_of(outcome.unidentified, model)
        return Estimates(L, asked, outcome, End(EndKind.NOT_IDENTIFIED, next(iter(reasons.values()))), reasons)
    covariance, flat = outcome.covariance, np.zeros((0, 0))
    if ends := failures.at_ends(L, outcome):
        inner, flat = _held_at(L, outcome, list(ends))
        if inner is not None:
            reason = _end_reason(ends)
            held = replace(outcome, boundary=ends, covariance=inner)
            return Estimates(L, asked, held, End(EndKind.BOUNDARY, reason), dict.fromkeys(ends, reason))
    if covariance is None:
        covariance, flat = outcome.point.inverse
    if covariance is None and (found := covariance_in_scores(L.objective, outcome.point)) is not None:
        covariance, flat, outcome = found, np.zeros((0, 0)), replace(outcome, covariance=found)
    elif covariance is not None and not flat.size:
        flat = flat_directions(L.objective, outcome.point)
    if covariance is None or flat.size:
        names = flat_names(model.names(), flat)
        return failed(
            L,
            asked,
            outcome,
            EndKind.FLAT,
            f"the data do not identify {', '.join(names) or 'the parameters'}: the log-likelihood is flat in some "
            f"direction. Fix one of them at a known value or leave out predictors{failures.elsewhere(L)}",
        )
    if model.fixed:
        which = ", ".join(model.fixed)
        return Estimates(L, asked, outcome, End(EndKind.EDGE, f"{which}: {EDGE}"), dict.fromkeys(model.fixed, EDGE))
    return Estimates(L, asked, outcome, CONVERGED, _nonsmooth_parts(L))


def _nonsmooth_parts(L: LogLikelihood) -> dict[str, str]:
    """Coefficients of a sum of likelihoods in which one has corners: there is no curvature, and no density is taken."""
    family = L.model.family
    if family.absolute_location is not None:  # whose covariance knows what to do
        return {}
    reason = (
        "the log-density of its part has corners there, so a sum of likelihoods has no curvature in it: fit the part "
        "alone, whose standard errors are those of quantile regression"
    )
    return {name: reason for slot in L.model.slots if slot.parameter.name in family.kinked for name in slot.names}


def _end_reason(ends: Mapping[str, float]) -> str:
    which = ", ".join(f"{k} = {v:g}" for k, v in ends.items())
    return (
        f"the estimate {which} is the end of the parameter's domain, where curvature gives no standard error; use "
        "fit.interval(method='profile')"
    )


def _held_at(L: LogLikelihood, outcome: Outcome, held: list[str]) -> tuple[Any, Any]:
    """The covariance of the coefficients with some constants held where they are, and flat directions."""
    keep = [j for slot in L.model.slots if slot.label not in held for j in range(slot.start, slot.stop)]
    inner, flat = inverse_information(outcome.point.info[np.ix_(keep, keep)])
    if inner is None:
        wide = np.zeros((L.model.size, flat.shape[1]))
        wide[keep] = flat
        return None, wide
    covariance = np.zeros((L.model.size, L.model.size))
    covariance[np.ix_(keep, keep)] = inner
    return covariance, flat


def _judge_restrained(L: LogLikelihood, asked: Asked, outcome: Outcome, restrained: Restrained) -> Estimates:
    """The same for a penalty or constraints."""
    if not outcome.converged or escapes(L, outcome):
        free = unpenalised(L, outcome)
        separation = None if free is None else find_separation(*free, SATURATED)
        if separation is not None:
            certificate = None if restrained.penalty else separation
            return replace(failed(L, asked, outcome, EndKind.SEPARATED, separation.message), separation=certificate)
    if (runaway := failures.ran_away(L, outcome)) is not None:
        return failed(L, asked, outcome, EndKind.RUNAWAY, runaway)
    if not outcome.converged:
        return _not_converged(L, asked, outcome)
    return Estimates(L, asked, outcome, end_of(restrained), withheld_of(L, outcome, restrained))


def _not_converged(L: LogLikelihood, asked: Asked, outcome: Outcome) -> Estimates:
    """The fit of a search that stopped somewhere else than at a peak."""
    kind = EndKind.ITERATIONS if outcome.iterations >= asked.max_iterations else EndKind.NO_PEAK
    return failed(L, asked, outcome, kind, failures.not_converged(L, outcome))


def failed(L: LogLikelihood, asked: Asked, outcome: Outcome, kind: EndKind, reason: str) -> Estimates:
    """The fit that a search did not find, with the reason."""
    names = [*L.names, *L.model.fixed]
    return Estimates(L, asked, outcome, End(kind, reason), dict.fromkeys(names, "the fit did not converge"))
