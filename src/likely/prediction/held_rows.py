"""Rows dealt to folds, a model's data on some of its rows, and what is said of rows by a fit without them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np

from likely.errors import LikelyError, OptionError
from likely.errors.kinds import is_whole
from likely.estimates.covariance.request import group_codes
from likely.families.base import Family, generator
from likely.inference.refit import refit
from likely.likelihoods import objective_of, offers_of
from likely.likelihoods.fitted_rows import with_nothing_known
from likely.models import scale
from likely.models.identify import check_identified
from likely.models.model import Model
from likely.models.rows import Rows
from likely.namespace.arrays import Integers
from likely.prediction.sample import values_at

if TYPE_CHECKING:
    from likely.estimates import Estimates
    from likely.models.bind import Bound
    from likely.progress import Task


def dealt(bound: Bound, folds: Any, groups: Any, seed: int, *, even: bool = False) -> tuple[Any, str]:
    """The fold of every row, and the name of the groups that stay together.

    Parameters
    ----------
    bound : Bound
    folds : int
    groups : str, array_like or None
    seed : int
    even : bool
        Whether each fold gets its share of every label, the rarest first.
    """
    what, by, codes = "rows", "", np.arange(len(bound.y))
    if not offers_of(bound.model.family).independent_rows and groups is None:
        raise OptionError("the rows of a stratum are one observation: pass groups= the column of the strata")
    if groups is not None:
        by, codes = group_codes(bound, groups, "groups", "the groups", "or leave these rows out")
        what = f"groups ({by})"
    n = int(np.max(codes)) + 1
    whole = is_whole(folds)
    if not whole or not 2 <= folds <= n:
        raise OptionError(f"folds is a whole number from 2 to the {n} {what}, found {folds!r}")
    rng = generator(seed)
    if not even:
        return rng.permutation(np.arange(n) % folds)[codes], by
    labels, counts = np.unique(bound.y, return_counts=True)
    rank = np.argsort(np.argsort(counts, kind="stable"), kind="stable")[np.searchsorted(labels, bound.y)]
    rarest = np.full(n, len(labels))
    np.minimum.at(rarest, codes, rank)  # of a group, the rarest label in it
    order = np.lexsort((rng.random(n), rarest))
    fold_of = np.empty(n, dtype=int)
    fold_of[order] = np.arange(n) % folds
    return fold_of[codes], by


@final
@dataclass(frozen=True, eq=False)
class Without:
    """What a fit to the other folds says of the rows of one.

    Attributes
    ----------
    fold : int
    rows : ndarray of int
        The rows of the fold.
    family : Family
        Of the rows, with nothing known, so that every parameter can be passed.
    values : mapping or None
        The parameters of the rows, one number or one for each; None where there is no fit without them.
    reason : str
        Why there is none.
    """

    fold: int
    rows: Integers
    family: Family
    values: Mapping[str, Any] | None
    reason: str = ""


def held_values(fit: Estimates, fold_of: Any, task: Task) -> Iterator[Without]:
    """The parameters of each fold's rows at the estimates from the other folds.

    Parameters
    ----------
    fit : Estimates
        One that describes its data (`Fit.effective`).
    fold_of : ndarray of int, shape (n,)
    task : Task
        Is told which fold it is.
    """
    model, bound = fit.likelihood.model, fit.likelihood.bound
    count = int(np.max(fold_of)) + 1
    for fold in range(count):
        task.count(fold, count, "folds")
        away = np.flatnonzero(fold_of == fold)
        if not len(away):
            continue
        part, others = bound.data.take(away), bound.data.take(np.flatnonzero(fold_of != fold))
        functions = objective_of(model, part).functions
        base = None if functions is None else functions.density.base
        family = with_nothing_known(base or model.family)
        found = _unidentified(fit, model, others) or refit(fit, model, others)
        if isinstance(found, str):
            yield Without(fold, away, family, None, f"there is no fit without fold {fold} of {count}: {found}")
            continue
        coef = dict(zip(fit.names, found, strict=True))
        fixed = {name: float(coef[name]) for name in model.fixed}
        free = {name: value for name, value in coef.items() if name not in fixed}
        x = scale.reached(model, free)
        if functions is None or base is None:
            values = values_at(model, part, family, x)
        else:
            values = {**functions.theta(x)[0], **part.known}
        yield Without(fold, away, family, values | fixed)


def _unidentified(fit: Estimates, model: Model, others: Rows) -> str:
    """Why the other rows do not identify the coefficients: a search from the estimates would leave them there."""
    if fit.outcome.restrained is not None:
        return ""
    try:
        check_identified(model, others)
    except LikelyError as error:
        return str(error)
    return ""
