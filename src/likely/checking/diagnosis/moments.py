"""The moments that the checks look at, each with the families it is for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from likely.checking.diagnosis.features import PREDICTOR, Feature, squares, straight
from likely.checking.diagnosis.null_distribution import Moment
from likely.families.base import Kind
from likely.namespace import NumpyNamespace
from likely.namespace.arrays import Floats, Integers
from likely.prediction.sample import Sample, View

SMALL = 0.05  # a label that was given less was confidently denied
UNLIKELY = 1e-3  # zeros expected on fewer rows than that are not looked for


@final
@dataclass(frozen=True)
class Asked:
    """What a check asks of a sample.

    Attributes
    ----------
    asks : str
        The question, in words.
    moment : callable
        From the sample to its `Moment`, or to the reason why the question does not arise.
    """

    asks: str
    moment: Callable[[Sample, Order], Moment | str]


@final
@dataclass(frozen=True, eq=False)
class Order:
    """In which order the rows came, and which belong together.

    Attributes
    ----------
    by : str
        What orders them.
    order : ndarray of int or None
        The observations in that order; None where there is none.
    groups : ndarray of int or None
        Every observation's group.
    """

    by: str
    order: Integers | None
    groups: Any


def _numbers(sample: Sample) -> str:
    """Why there are no residuals with a shape."""
    if sample.family.kind.labels:
        return "labels have no shape"
    if sample.family.kind.discrete:
        return "for counts, see dispersion and zeros"
    return ""


def _tails(sample: Sample, order: Order) -> Moment | str:
    return _numbers(sample) or Moment("tails", lambda view: _hermite(view, 4))


def _skew(sample: Sample, order: Order) -> Moment | str:
    return _numbers(sample) or Moment("skew", lambda view: _hermite(view, 3))


def _hermite(view: View, order: int) -> Floats:
    """Polynomials of the residuals that are orthogonal to lower ones under the normal distribution."""
    r = view.residuals
    value = r**3 - 3.0 * r if order == 3 else r**4 - 6.0 * r**2 + 3.0
    return value[:, None]


def scale_slot(sample: Sample) -> int | None:
    """The first later parameter that is a constant; None where there is none."""
    later = [k for k, slot in enumerate(sample.model.slots) if k and slot.entry is None]
    return next((k for k in later if sample.model.slots[k].design is None and not sample.model.slots[k].idle), None)


def _scale(sample: Sample, order: Order) -> Moment | str:
    k = scale_slot(sample)
    if k is None:
        free = sum(slot.entry is None for slot in sample.model.slots)
        return "no constant parameter besides the first" if free else "its parameters are probabilities of labels"
    features = straight(sample, 0) if sample.model.slots[0].design is not None else []
    if len(features) < 2:
        return "there are no predictors that it could change with"
    return _score_of("scale", k, features, robust=True)


def _score_of(name: str, k: int, features: list[Feature], *, robust: bool) -> Moment:
    """The score with respect to the coefficients of columns that the model has not (Rao 1948)."""
    values = np.stack([f.values for f in features], axis=1)
    labels = tuple(f.label for f in features)
    return Moment(name, lambda view: view.scores[k][:, None] * values, labels, robust=robust)


def _link(sample: Sample, order: Order) -> Moment | str:
    """The squares of the linear predictors, on both sides of zero for a single probability (Stukel 1988)."""
    slots = [k for k, slot in enumerate(sample.model.slots) if slot.design is not None and len(slot.names) > 1]
    slots = [k for k in slots if k == 0 or sample.model.slots[k].entry is not None]
    if not slots:
        return "there are no predictors"
    labels = [PREDICTOR] * len(slots)
    sides = [k for k in slots if sample.model.slots[k].parameter.name == "p" and not sample.family.kind.labels]
    if sides:
        eta = sample.observed.predictors[sides[0]]
        enough = max(10, 0.01 * sample.n)
        if min(np.count_nonzero(eta > 0.0), np.count_nonzero(eta < 0.0)) >= enough:
            labels = ["chances above one half", "chances below one half"]

    def moment(view: View) -> Floats:
        if len(labels) > len(slots):
            eta, g = view.predictors[slots[0]], view.scores[slots[0]]
            return np.stack([g * np.maximum(side * eta, 0.0) ** 2 for side in (1.0, -1.0)], axis=1)
        squares = [(view.predictors[k] - np.mean(view.predictors[k])) ** 2 for k in slots]
        return np.stack([view.scores[k] * v for k, v in zip(slots, squares, strict=True)], axis=1)

    return Moment("link", moment, tuple(labels), robust=True)


def _curvature(sample: Sample, order: Order) -> Moment | str:
    slots = [k for k, s in enumerate(sample.model.slots) if s.design is not None and (k == 0 or s.entry is not None)]
    found = [(k, f) for k in slots for f in squares(sample, k)]
    if not found:
        return "no predictor is a number with more than a few values"
    labels = tuple(f.label for _, f in found)

    def moment(view: View) -> Floats:
        return np.stack([view.scores[k] * f.values for k, f in found], axis=1)

    return Moment("curvature", moment, labels, robust=True)


def _dispersion(sample: Sample, order: Order) -> Moment | str:
    family = sample.family
    if family.kind.classes:
        return "single labels have no dispersion"
    if len(sample.model.slots) != 1 or len(family.free) > 1 + sum(p.known_only for p in family.parameters):
        return "the family has a parameter for it"
    with np.errstate(all="ignore"):
        variance = np.asarray(family._variance(NumpyNamespace(), **sample.values), dtype=float)
    if not np.all(np.isfinite(variance)):
        return "the fitted variance is not finite"
    return Moment("dispersion", lambda view: view.pearson[:, None])


def _zeros(sample: Sample, order: Order) -> Moment | str:
    family = sample.family
    if family.kind is not Kind.COUNTS or family.support.lower != 0.0:
        return "the response is no count"
    if not np.any(sample.y == 0.0) and np.sum(zero(sample.observed)) < UNLIKELY * sample.n:
        return "no zero was observed, and next to none was expected"
    return Moment("zeros", lambda view: ((view.y == 0.0) - zero(view))[:, None])


def zero(view: View) -> Floats:
    """P(Y = 0) of every row."""
    with np.errstate(all="ignore"):
        log = view.sample.family._log_density(NumpyNamespace(), np.zeros(len(view.y)), **view.values)
    return view.full(np.exp(log))


def _confident(sample: Sample, order: Order) -> Moment | str:
    if not sample.family.kind.classes:
        return "the response is no label"
    chances = sample.observed.chances
    if not np.any((chances < SMALL) & (chances > 0.0)):
        return f"no label was given a chance below {100 * SMALL:g} %"

    def moment(view: View) -> Floats:
        denied = view.chances < SMALL
        expected = np.sum(np.where(denied, view.chances, 0.0), axis=-1)
        return ((view.own < SMALL) - expected)[:, None]

    return Moment("confident", moment, side=1)


def _outliers(sample: Sample, order: Order) -> Moment | str:
    return Moment("outliers", lambda view: -np.log(np.min(row_tails(view))), side=1, extreme=True)


def row_tails(view: View) -> Floats:
    """The chance, row by row, of an observation at least as far out as this one."""
    if view.sample.family.kind.classes:
        own = view.own[:, None] * (1.0 + 1e-9)
        return np.clip(np.sum(np.where(view.chances <= own, view.chances, 0.0), axis=-1), 1e-300, 1.0)
    below, onward = view.full(view.tails.below), view.full(view.tails.onward)
    return np.clip(2.0 * np.minimum(below, onward), 1e-300, 1.0)


def _serial(sample: Sample, order: Order) -> Moment | str:
    if order.order is None:
        return "rows with weights have no order"
    if sample.n < 8:
        return "there are too few rows"
    at = order.order

    def moment(view: View) -> Floats:
        u = signed(view)[at]
        return np.concatenate([[0.0], u[1:] * u[:-1]])[:, None]

    return Moment("serial", moment, robust=True, projected=False)


def _grouped(sample: Sample, order: Order) -> Moment | str:
    if order.groups is None:
        return "no groups were named: diagnose(groups='column')"
    by = np.argsort(order.groups, kind="stable")
    codes = order.groups[by]
    first = np.concatenate([[True], codes[1:] != codes[:-1]])
    if np.all(first):
        return "every group has one row"
    start = np.maximum.accumulate(np.where(first, np.arange(len(codes)), 0))

    def moment(view: View) -> Any:
        u = signed(view)[by]
        before = np.concatenate([[0.0], np.cumsum(u)[:-1]])
        return (u * (before - before[start]))[:, None]

    return Moment("grouped", moment, side=1, projected=False)


def signed(view: View) -> Floats:
    """How far each row is from what was expected: its quantile residual, or its score where the data are discrete."""
    if view.sample.family.kind.discrete:
        g = np.asarray(view.scores[0], dtype=float)
        spread = float(np.sqrt(np.mean(g * g)))
        return g / spread if spread > 0 else g
    return view.residuals


MOMENTS: dict[str, Asked] = {
    "outliers": Asked("Is any row too far out to have come from the fitted model?", _outliers),
    "tails": Asked("Are the tails as heavy as assumed?", _tails),
    "skew": Asked("Are both sides as long as assumed?", _skew),
    "scale": Asked("Does the spread stay the same where the predictors change?", _scale),
    "link": Asked("Is the response to the linear predictor of the assumed form (link, calibration)?", _link),
    "curvature": Asked("Is the effect of every predictor straight?", _curvature),
    "dispersion": Asked("Do the responses vary as much as assumed?", _dispersion),
    "zeros": Asked("Are there as many zeros as assumed?", _zeros),
    "confident": Asked("Are confident answers as rarely wrong as they claim?", _confident),
    "serial": Asked("Are neighbouring rows independent?", _serial),
    "grouped": Asked("Are rows of the same group independent?", _grouped),
}
