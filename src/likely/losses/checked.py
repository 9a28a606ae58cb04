"""What a loss is given: every error names the family, the parameter and the first offending rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from likely.errors import DataError, MissingValuesError, OptionError, ParameterError, SupportError, first_rows
from likely.families.base import Family, Parameter
from likely.families.base.vectors import VectorDomain
from likely.namespace.arrays import Booleans, Floats

ROUNDED = 5e-3  # how far from 1 probabilities may sum that were rounded to half precision


def _weightless(weights: Any, shape: tuple[int, ...]) -> Booleans:
    """Which entries are those of rows of weight zero, which nothing has to be said of."""
    away = np.asarray(False if weights is None else np.asarray(weights) == 0)
    away = away[..., None] if away.ndim and len(shape) > away.ndim else away  # a vector's entries are one row's
    return np.ravel(np.broadcast_to(away, shape))


def check_target(family: Family, y: Any, known: Mapping[str, Any], weights: Any = None) -> None:
    """Raise unless every target that counts can be observed under the family."""
    flat, away = np.ravel(y), _weightless(weights, np.shape(y))
    if not flat.size:
        raise DataError(f"y is empty: a loss of {family.title} needs at least one row")
    if np.any(missing := np.isnan(flat) & ~away):
        rows = np.flatnonzero(missing)
        raise MissingValuesError(
            f"{len(rows)} of {flat.size} values of y are missing (NaN), {first_rows(rows, flat[rows])}: leave these "
            f"rows out before the loss of {family.title} is taken"
        )
    with np.errstate(all="ignore"):
        inside = np.ravel(np.broadcast_to(family.support.contains(y) & _within(family, y, known), np.shape(y)))
        inside = inside | away
    if not np.all(inside):
        rows = np.flatnonzero(~inside)
        raise SupportError(
            f"{family.title} is for {family.outcomes}, but {len(rows)} of {flat.size} values of y are not: "
            f"{first_rows(rows, flat[rows])}"
        )


def _within(family: Family, y: Any, known: Mapping[str, Any]) -> Any:
    """Whether y lies between the ends that known parameters set (the trials of a Binomial)."""
    if family.kind.labels and family.levels is not None:
        return np.asarray(y) < len(family.levels)
    try:
        return family.inside(y, known)
    except (KeyError, OptionError):  # the ends are those of a parameter without a value
        return True


def check_values(family: Family, parameter: Parameter, values: Any, link: str | None, weights: Any = None) -> None:
    """Raise unless every predicted value that counts lies where it may: in the domain, or on the link's scale."""
    flat, away = np.ravel(values), _weightless(weights, np.shape(values))
    domain = parameter.domain
    if link is None:
        good = np.ravel(domain.contains(values))
        where = f"must be {domain.name}"
        advice = (
            f"; predictions on the scale of the link ({domain.link}) go with scale='link'"
            if domain.link != "identity" and not np.any(np.isnan(flat))
            else ""
        )
    else:
        good = np.isfinite(flat)
        where, advice = f"must be a finite number on the scale of its link ({link})", ""
    if not np.all(good | away):
        rows = np.flatnonzero(~(good | away))
        width = 1 if not parameter.vector else np.shape(values)[-1]
        raise ParameterError(
            f"{family.title}'s {parameter.name} {where}, but {len(rows)} of {flat.size} predictions are not: "
            f"{first_rows(rows // width, flat[rows])}{advice}"
        )
    if isinstance(domain, VectorDomain) and (link is None or domain.separate):
        _check_together(family, parameter, domain, np.asarray(values), weights)


def _check_together(family: Family, parameter: Parameter, domain: VectorDomain, values: Any, weights: Any) -> None:
    """Raise unless the entries of every row that counts do together what they must."""
    with np.errstate(all="ignore"):
        good = np.ravel(domain.fits(values, ROUNDED)) | _weightless(weights, values.shape[:-1])
    if np.all(good):
        return
    rows = np.flatnonzero(~good)
    shown = [[float(f"{v:.4g}") for v in row] for row in _by_row(values)[rows]]
    advice = (
        "a softmax makes them so, or pass its logits with scale='link'"
        if not domain.separate
        else "the running sums of a first number and of positive steps are so"
    )
    raise ParameterError(
        f"the entries of {family.title}'s {parameter.name} must {domain.together}, but those of {len(rows)} of "
        f"{len(_by_row(values))} rows do not: {first_rows(rows, shown)}; {advice}"
    )


def _by_row(values: Any) -> Floats:
    return values.reshape(-1, values.shape[-1])


def check_shapes(y: Any, values: Any, what: str, title: str) -> None:
    """Raise unless there is one value for each target, in the same shape, or one number for all."""
    shape, wanted = tuple(np.shape(values)), tuple(np.shape(y))
    if shape and wanted and shape != wanted:
        hint = ""
        if int(np.prod(shape)) == int(np.prod(wanted)):
            hint = f": reshape one of them, for instance {what}.reshape({', '.join(map(str, wanted))})"
        raise DataError(f"the loss of {title} needs {what} in the shape of y, {wanted}, found {shape}{hint}")


def check_weights(weights: Any, y: Any, title: str, none_left: bool = False) -> None:
    """Raise unless weights are numbers of at least 0, not all of them 0 (unless `none_left` allows that)."""
    check_shapes(y, weights, "weights", title)
    flat = np.ravel(weights)
    if not np.all(good := np.isfinite(flat) & (flat >= 0)):
        rows = np.flatnonzero(~good)
        raise DataError(f"weights must be finite and at least 0, found {first_rows(rows, flat[rows])}")
    if not none_left and not np.any(flat > 0):
        raise DataError("every weight is 0: there is no row left")
