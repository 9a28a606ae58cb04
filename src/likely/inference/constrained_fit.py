"""The maximum of a fit's likelihood under a hypothesis: linear equations between its estimates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, final

import numpy as np

from likely.compute.blocks import Matrix
from likely.compute.solve import equalities as restricted
from likely.compute.solve.equalities import Solutions
from likely.compute.solve.newton import Point
from likely.data import design as designs
from likely.data import tables
from likely.data.design import Design
from likely.data.learn import from_formula
from likely.errors import FitError, IntervalError, MissingValuesError, OptionError, is_one_of, listed, unknown
from likely.estimates.maximum import peak_of
from likely.inference.profile import locate
from likely.likelihoods import Objective, objective_of
from likely.likelihoods.log_likelihood import LogLikelihood
from likely.models import scale
from likely.models.bind import Bound
from likely.models.slot import Slot
from likely.namespace import NumpyNamespace
from likely.namespace.arrays import Floats

if TYPE_CHECKING:
    from likely.estimates import Estimates


@final
@dataclass(frozen=True, eq=False)
class Hypothesis:
    """Independent linear equations between the estimates of a fit: ``rows @ estimates = targets``.

    Attributes
    ----------
    names : sequence of str
        Of the estimates, in the order of the columns.
    rows : ndarray, shape (m, k)
    targets : ndarray, shape (m,)
    text : str
    """

    names: Sequence[str]
    rows: Floats
    targets: Floats
    text: str


@final
@dataclass(frozen=True, eq=False)
class Coordinates:
    """A hypothesis in the coordinates in which it is linear: the coefficients, or the reported values.

    Attributes
    ----------
    objective : Objective
    center : ndarray
        The unrestricted maximum.
    spread : ndarray
        Its covariance or, where there is none, ones.
    rows, targets : ndarray
    bound : Bound or None
        The model in these coordinates; None where a refit of it makes no sense.
    """

    objective: Objective
    center: Floats
    spread: Floats
    rows: Floats
    targets: Floats
    bound: Bound | None


def coordinates(fit: Estimates, hypothesis: Hypothesis) -> Coordinates:
    """The coordinates in which a hypothesis about the reported values is linear.

    A coefficient is reported as it is, a constant parameter on its natural scale. Where each equation that holds a
    constant holds nothing else, it fixes the coefficient; otherwise the search moves the reported values themselves.
    """
    L = fit.likelihood
    if L.model.fixed:
        raise IntervalError(
            f"{listed(L.model.fixed)}: the estimates are extremes of the data, so the likelihood ratio is not "
            "chi-squared and the score is not zero on average; use fit.interval(method='bootstrap')"
        )
    rows = np.zeros((len(hypothesis.rows), len(L.names)))
    for j, name in enumerate(hypothesis.names):
        if np.any(hypothesis.rows[:, j]):
            rows[:, L.names.index(name)] = hypothesis.rows[:, j]
            locate(L, name)  # one of several probabilities has no coefficient of its own
    slots = {name: slot for slot in L.model.slots if slot.constant for name in slot.names if slot.entry is None}
    bent = [name for name in slots if slots[name].link.name != "identity"]
    columns = [L.names.index(name) for name in bent]
    mixed = np.any((rows[:, columns] != 0.0).any(axis=1) & (np.count_nonzero(rows, axis=1) > 1))
    if mixed:
        model, theta = scale.natural(L.model, fit.coef)
        objective = objective_of(model, L.objective.data)
        spread = fit.cov if len(fit.regular) == len(theta) and len(fit.cov) == len(theta) else np.ones(len(theta))
        return Coordinates(objective, theta, spread, rows, hypothesis.targets, None)
    targets = np.array(hypothesis.targets, dtype=float)
    for name, column in zip(bent, columns, strict=True):
        for i in np.flatnonzero(rows[:, column]):
            value = targets[i] / rows[i, column]
            with np.errstate(all="ignore"):
                targets[i] = float(slots[name].link.forward(value))
            rows[i, column] = 1.0
            if not np.isfinite(targets[i]):
                raise OptionError(
                    f"{name} = {value:g} is the end of its domain: fit the smaller model and use fit.lr_test(smaller)"
                )
    link_rows = np.zeros((len(rows), L.model.size))
    for j, name in enumerate(L.names):
        if np.any(rows[:, j]):
            link_rows[:, locate(L, name)[1]] = rows[:, j]
    center = np.array(fit.outcome.point.x, dtype=float)
    if not np.all(np.isfinite(center)):
        center = L.default_start
    inverse = fit.outcome.point.inverse[0] if fit._link_cov is not None else None
    return Coordinates(
        L.objective, center, np.ones(len(center)) if inverse is None else inverse, link_rows, targets, L.bound
    )


def maximum_under(fit: Estimates, hypothesis: Hypothesis) -> tuple[Coordinates, Point]:
    """The maximum under a hypothesis, with score and information of the whole model there.

    Raises
    ------
    FitError
        If the likelihood has no maximum there, or none was found.
    OptionError
        If there is no likelihood of independent rows: under sampling weights, or with a covariance by clusters.
    """
    fit.require_likelihood("the maximum under a hypothesis", plain=True)
    fit.require_independent("a maximum under a hypothesis", "Wald's test")
    where = coordinates(fit, hypothesis)
    space = restricted.solutions(where.rows, where.targets, where.center, where.spread)
    reason = ""
    if not fit.likelihood.model.family.kinked:
        found = restricted.maximize(where.objective, space)
        if found.converged:
            return where, found.point
        reason = found.reason
    again = None if where.bound is None else _refitted(fit, where)
    if isinstance(again, str) or again is None:
        raise FitError(f"no maximum of the likelihood was found under {hypothesis.text}: {again or reason}", fit)
    return where, where.objective.point(again)


def _refitted(fit: Estimates, where: Coordinates) -> Any:
    """The coefficients from a fit of the smaller model, by its own search; words if it fails, None if there is none.

    It finds what no Newton step leads to: corners, closed forms, and in words why there is no maximum.
    """
    assert where.bound is not None
    model, data, slots, spaces = where.bound.model, where.bound.data, list[Slot](), list[Any]()
    known = dict(model.known)
    for slot in model.slots:
        part = slice(slot.start, slot.stop)
        touched = np.flatnonzero(np.any(where.rows[:, part] != 0.0, axis=1))
        if len(touched) and np.any(np.delete(where.rows[touched], np.r_[part], axis=1)):
            return None  # an equation between the coefficients of two parameters
        start = slots[-1].stop if slots else 0
        if len(touched) == 0:
            slots.append(replace(slot, start=start, stop=start + slot.stop - slot.start))
            spaces.append(None)
            continue
        rows, targets = where.rows[touched][:, part], where.targets[touched]
        space = restricted.solutions(rows, targets, np.zeros(slot.stop - slot.start))
        spaces.append(space)
        x = data.design(slot)
        fixed = space.origin[0] if x is None else x @ space.origin
        fixed = fixed if slot.offset is None else fixed + data.offsets[slot.label]
        width = space.basis.shape[1]
        if width == 0:
            if slot.entry is not None:
                return None
            value = slot.link.inverse(fixed, NumpyNamespace())
            known[slot.parameter.name] = None if np.ndim(value) else value
            data = data.with_known(**{slot.parameter.name: value})
            continue
        assert x is not None
        design = Design(tuple(f"z{j + 1}" for j in range(width)))
        data = data.with_design(slot, x @ space.basis).with_offset(slot, fixed)
        slots.append(replace(slot, design=design, offset=(), start=start, stop=start + width))
    bound = replace(where.bound, model=replace(model, slots=tuple(slots), known=known), data=data)
    again = peak_of(bound)
    if not again.converged or again.limit is not None or not np.all(np.isfinite(again.outcome.point.x)):
        return again.end.words
    return _whole(model.slots, spaces, again.outcome.point.x)


def _whole(slots: Sequence[Slot], spaces: Sequence[Solutions | None], z: Any) -> Floats:
    """All coefficients, from those of the smaller model."""
    x, at = [], 0
    for slot, space in zip(slots, spaces, strict=True):
        width = slot.stop - slot.start if space is None else space.basis.shape[1]
        x.append(z[at : at + width] if space is None else space(z[at : at + width]))
        at += width
    return np.concatenate(x)


# -- a larger model ------------------------------------------------------------------------------------------


def enlarged(small: LogLikelihood, formula: str | None, formulas: Mapping[str, str]) -> LogLikelihood:
    """The likelihood of a model with other formulas, of the same rows; a dot stands for a parameter's own formula."""
    model = small.model
    wanted = dict(formulas)
    if formula is not None:
        first = model.family.free[0].name
        if first in wanted:
            raise OptionError(f"two formulas for {first}: {formula!r} and {wanted[first]!r}")
        wanted = {first: formula, **wanted}
    known = {slot.parameter.name for slot in model.slots}
    for name in wanted:
        if not is_one_of(name, known):
            raise unknown("parameter", name, sorted(known), " for a formula")
    slots, data = list[Slot](), small.bound.data
    made: dict[str, tuple[Design, Matrix]] = {}
    for slot in model.slots:
        name, design = slot.parameter.name, slot.design
        if name in wanted and name not in made:
            made[name] = _redesigned(small, slot, wanted[name])
        if name in made:
            design, x = made[name]
            data = data.with_design(slot, x)
        start = slots[-1].stop if slots else 0
        slots.append(
            replace(slot, design=design, start=start, stop=start + (1 if design is None else len(design.names)))
        )
    return LogLikelihood(replace(small.bound, model=replace(model, slots=tuple(slots)), data=data))


def _redesigned(small: LogLikelihood, slot: Slot, formula: str) -> tuple[Design, Matrix]:
    """A slot's design and matrix with another formula."""
    bound = small.bound
    left, right = designs.right_side(formula)
    if left is not None and left != bound.model.response:
        raise OptionError(f"the response is {bound.model.response!r}: write '~ ...', not {formula!r}")
    own = "1" if slot.design is None else slot.design.formula
    if own is None:
        raise OptionError(
            f"{slot.parameter.name} has a matrix of predictors, which a formula cannot extend: pass the likelihood of "
            "the larger model"
        )
    right, more = designs.offsets(designs.update(right, own))
    if more:
        raise OptionError("the larger model has the offset of the fit; it cannot get another")
    right = designs.quote(right, bound.table.names)
    for name in designs.variables(right):
        if name in bound.table and (count := int(np.count_nonzero(tables.missing(bound.used.column(name))))):
            raise MissingValuesError(
                f"{name} is missing in {count} of the rows of the fit: fit both models to the rows that have it"
            )
    return from_formula(right, bound.used)
