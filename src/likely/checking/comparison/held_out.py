"""Log-likelihoods of rows that were held out, for several fits of the same rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from likely.errors import LikelyError, OptionError
from likely.likelihoods.fitted_rows import with_nothing_known
from likely.namespace import NumpyNamespace
from likely.namespace.arrays import Floats, Integers
from likely.prediction.held_rows import dealt, held_values
from likely.prediction.influence import influence
from likely.progress import Task

if TYPE_CHECKING:
    from likely.estimates import Estimates

EXACT = 2_000  # rows up to which each is left out by a refit
AT_ONCE = 16_384


def fold_of(fit: Estimates, folds: Any, groups: Any, seed: int) -> Integers | None:
    """The fold of every row; None for leaving out one row at a time, to first order.

    Raises
    ------
    OptionError
        If `folds` cannot be read.
    """
    n = len(fit.likelihood.bound.y)
    if isinstance(folds, str):
        if folds != "loo":
            raise OptionError(f"folds is a whole number, or 'loo' to leave out one row at a time, found {folds!r}")
        if groups is not None:
            raise OptionError("folds='loo' leaves out single rows, not groups: give a number of folds")
        return np.arange(n) if n <= EXACT else None
    return dealt(fit.likelihood.bound, folds, groups, seed)[0]


def held_out(fit: Estimates, folds: Any, task: Task) -> Floats:
    """The log-density of each row under the estimates from the other folds, shape (n,).

    Raises
    ------
    LikelyError
        If there is no fit without some fold.
    """
    effective = fit.effective
    if folds is None:
        return _one_step(effective)
    y = effective.likelihood.bound.y
    out = np.empty(len(y))
    for without in held_values(effective, folds, task):
        if without.values is None:
            raise OptionError(without.reason)
        out[without.rows] = _log_density(without.family, y[without.rows], without.values)
    return out


def _log_density(family: Any, y: Any, values: Any) -> Floats:
    with np.errstate(all="ignore"):
        value = np.broadcast_to(with_nothing_known(family)._log_density(NumpyNamespace(), y, **values), np.shape(y))
        return np.where(family.inside(y, values), value, -np.inf)


def _one_step(fit: Estimates) -> Any:
    """Each row under the estimates without it, to first order."""
    found = influence(fit)
    model, data, x = fit.likelihood.model, fit.likelihood.bound.data, fit.outcome.point.x
    out = np.empty(data.n)
    for lo in range(0, data.n, AT_ONCE):
        rows = np.arange(lo, min(lo + AT_ONCE, data.n))
        moves, part = found.moves(rows), data.take(rows)
        if not np.all(np.isfinite(moves)):
            raise OptionError("an estimate hangs on one row alone, so nothing is known without it")
        etas = [part.eta(slot, x) for slot in model.slots]
        for k, slot in enumerate(model.slots):
            if slot.idle:
                continue
            own = moves[:, slot.start : slot.stop]
            through = own[:, 0] if slot.design is None else np.einsum("ij,ij->i", _dense(part.designs[slot.label]), own)
            etas[k] = etas[k] - through
        with np.errstate(all="ignore"):
            values = part.means(model.family, model.parameters(etas, NumpyNamespace(), part.known))
            out[rows] = model.family._log_density(NumpyNamespace(), part.y, **values)
    return out


def _dense(x: Any) -> Any:
    from likely.compute import blocks

    return np.asarray(blocks.dense(x))


def attempted(fit: Estimates, folds: Any, task: Task) -> Any:
    """The held-out log-densities, or the reason why there are none."""
    try:
        found = held_out(fit, folds, task)
    except LikelyError as error:
        return str(error)
    if len(bad := np.flatnonzero(~np.isfinite(found))):
        rows = fit.likelihood.bound.row_numbers(bad).tolist()
        shown = ", ".join(f"{i:,}" for i in rows[:5]) + (f" and {len(rows) - 5:,} more" if len(rows) > 5 else "")
        one = len(rows) == 1
        return (
            f"row{'' if one else 's'} {shown} {'is' if one else 'are'} impossible under the estimates from the others, "
            "so it would be minus infinity"
        )
    return found
