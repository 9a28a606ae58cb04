"""Rao's score test: whether the likelihood rises steeply where a hypothesis has its maximum.

At the maximum under the hypothesis, s' I^-1 s with the score s and the information I of the whole model is chi-squared
with as many degrees of freedom as there are equations (Rao 1948). The model that the hypothesis restricts is never
fitted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import linalg

from likely.compute import blocks
from likely.compute.solve.newton import Point
from likely.errors import IntervalError, is_one_of, unknown
from likely.estimates.covariance import inverse_information
from likely.likelihoods import Objective
from likely.namespace.arrays import Floats

if TYPE_CHECKING:
    from likely.likelihoods.log_likelihood import LogLikelihood

INFORMATION = ("observed", "expected", "opg")
INFORMATION_NOTES = {
    "expected": "expected information",
    "opg": "information from the outer products of the scores",
}


def score_statistic(objective: Objective, point: Point, information: str) -> float:
    """s' I^-1 s at a point.

    Parameters
    ----------
    objective : Objective
    point : Point
    information : {"observed", "expected", "opg"}
        Minus the second derivatives, their expectation, or the sum of the outer products of the rows' scores.

    Raises
    ------
    IntervalError
        If that information is not positive definite there.
    """
    if not is_one_of(information, INFORMATION):
        raise unknown("information", information, INFORMATION, " of a score test")
    inverse = inverse_information(information_at(objective, point, information))[0]
    if inverse is None:
        advice = "information='opg', or method='lr'" if information == "observed" else "method='lr'"
        raise IntervalError(
            f"the {information} information is not positive definite at the maximum under the hypothesis, so there is "
            f"no score test from it: use {advice}"
        )
    return float(point.score @ inverse @ point.score)


def information_at(objective: Objective, point: Point, kind: str) -> Floats:
    """The information of the coefficients at a point: observed, expected, or the outer products of the scores."""
    if kind == "observed":
        return point.info
    if kind == "expected":
        from likely.likelihoods.expected import Expected

        return Expected(objective, point.x).information
    return objective.score_gram(point.x, objective.weights)


def embedded(small: LogLikelihood, x: Any, large: LogLikelihood) -> Floats:
    """The coefficients at which the larger model is the smaller one with its coefficients `x`."""
    from likely.inference.nesting import counterparts

    out, own, wider = np.zeros(large.model.size), small.bound.data, large.bound.data
    for slot, source, sign, value in counterparts(small, large):
        part = slice(slot.start, slot.stop)
        if source is not None and source.constant and slot.constant:
            out[part] = sign * x[source.start]
            continue
        if source is None:
            with np.errstate(all="ignore"):
                eta = np.asarray(slot.link.forward(np.asarray(value, dtype=float)), dtype=float)
        else:
            beta = x[source.start : source.stop]
            eta = sign * np.asarray(own.eta(source, x))
        eta = eta if slot.offset is None else eta - wider.offsets[slot.label]
        if slot.design is None:
            out[part] = np.mean(eta)
            continue
        columns = wider.designs[slot.label]
        column = np.broadcast_to(eta, (len(columns),))
        names = () if source is None or source.design is None else source.design.names
        if sign > 0 and names and set(names) <= set(slot.design.names):
            same = np.zeros(len(slot.design.names))
            same[[slot.design.names.index(name) for name in names]] = beta
            if np.allclose(columns @ same, column, rtol=1e-12, atol=1e-12 * float(np.max(np.abs(column)))):
                out[part] = same
                continue
        dense = blocks.dense(columns)
        size = np.maximum(np.sqrt(np.einsum("ij,ij->j", dense, dense)), np.finfo(float).tiny)
        out[part] = linalg.lstsq(dense / size, column)[0] / size
    return out
