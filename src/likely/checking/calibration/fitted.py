"""The predictions of a fit, held out by default, and the calibration of these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, final

import numpy as np

from likely.checking.calibration.checked import Outcomes, column_of_numbers, read_outcomes
from likely.checking.calibration.judged import EACH_THE_SAME, OWN, Judged
from likely.errors import FitError, OptionError
from likely.families.base import Family
from likely.likelihoods.fitted_rows import FittedRows, rows_of
from likely.namespace import NumpyNamespace
from likely.namespace.arrays import Floats
from likely.prediction.held_rows import Without, dealt, held_values
from likely.progress import Task

if TYPE_CHECKING:
    from likely.estimates import Estimates
    from likely.models.bind import Bound

FOLDS = 5


@final
@dataclass(frozen=True, eq=False)
class Predictions:
    """The fitted distribution of each row, and what was observed.

    Attributes
    ----------
    family : Family
        With nothing known, so that every parameter can be passed.
    values : mapping
        Every parameter, one number or one for each row.
    y : ndarray
        Labels as their codes, or numbers.
    w : ndarray or None
        How often each row counts.
    judged : Judged
    """

    family: Family
    values: Mapping[str, Any]
    y: Floats
    w: Any
    judged: Judged

    @property
    def of_labels(self) -> bool:
        """Whether what is predicted are probabilities."""
        return self.family.kind.classes or self.family.name == "binomial"

    @property
    def weights(self) -> Floats:
        return np.ones(len(self.y)) if self.w is None else self.w

    def of(self, rows: Any) -> Predictions:
        """The same of some rows (indices)."""
        vectors = {p.name for p in self.family.parameters if p.vector}
        values = {k: v[rows] if np.ndim(v) > (k in vectors) else v for k, v in self.values.items()}
        return replace(self, values=values, y=self.y[rows], w=None if self.w is None else self.w[rows])

    def outcomes(self) -> Outcomes:
        """The probabilities of labels beside what happened; trials one by one."""
        n, w = len(self.y), self.weights
        if self.family.name == "binomial":
            trials = np.broadcast_to(np.asarray(self.values["n"], dtype=float), (n,))
            p = np.tile(np.broadcast_to(np.asarray(self.values["p"], dtype=float), (n,)), 2)
            counts = np.concatenate([self.y * w, (trials - self.y) * w])
            return Outcomes(np.repeat([1, 0], n), p, counts, (0, 1))
        p = self.chances()
        levels = tuple(self.family.levels or (0, 1))
        return Outcomes(self.y.astype(int), p[:, 1] if p.shape[1] == 2 else p, w, levels)

    def chances(self) -> Floats:
        """The probabilities of all labels, shape (n, K)."""
        codes = range(len(self.family.levels or (0, 1)))
        xp = NumpyNamespace()
        with np.errstate(all="ignore"):
            logs = [self.family._log_density(xp, np.full(len(self.y), float(c)), **self.values) for c in codes]
        return np.stack([np.broadcast_to(np.exp(v), (len(self.y),)) for v in logs], axis=-1)


def predictions_of(fit: Estimates, new: Any, folds: Any, groups: Any, seed: int, progress: Any) -> Predictions:
    """What a fit says of new rows, of its own rows held out, or of its own rows.

    Parameters
    ----------
    fit : Estimates
    new : data of any kind or None
    folds : int or None
        None for its own rows as they are.
    groups : str, array_like or None
        What stays together in a fold; by default the clusters of the fit's standard errors.
    seed : int
    progress : {None, "auto", True, False}

    Raises
    ------
    FitError
        If the fit did not converge, or there is no fit without any of the folds.
    OptionError
        If single rows have no distribution, or an option cannot be used.
    """
    if new is not None:
        return _of_new(fit, new)
    own = _own(fit)
    if folds is None:
        return own
    if own.of_labels and _alike(own):
        return replace(own, judged=EACH_THE_SAME)
    return _held(fit, own, folds, groups, seed, progress)


def _own(fit: Estimates) -> Predictions:
    rows = rows_of(fit, observed=True)
    bound = rows.fit.likelihood.bound
    _require_rows(rows)
    return Predictions(rows.free_family, dict(rows.values), np.asarray(bound.y, dtype=float), _counted(bound), OWN)


def _require_rows(rows: FittedRows) -> None:
    """Raise unless each row has a distribution of its own."""
    if not rows.offers.distribution:
        rows.family.at(rows.values)  # says what it is about
        raise OptionError(
            f"{rows.family.title} states no distribution of each row by itself, so there is none to judge"
        )


def _counted(bound: Bound) -> Any:
    """How often each row counts; sampling weights, which stand for others, sum to the number of rows."""
    if bound.weights is None or not bound.pseudo:
        return bound.weights
    return np.asarray(bound.weights) * (len(bound.y) / float(np.sum(bound.weights)))


def _alike(own: Predictions) -> bool:
    """Whether every row is given the same probabilities."""
    return bool(np.max(np.ptp(own.outcomes().p, axis=0)) == 0.0)


def _of_new(fit: Estimates, new: Any) -> Predictions:
    rows = rows_of(fit, new)
    _require_rows(rows)
    name = rows.model.response
    if name not in rows.table:
        raise OptionError(f"the new data have no column {name!r}, which is what was predicted")
    rows.require_known()
    family, judged = rows.free_family, Judged(f"{rows.n:,} new rows")
    if family.kind.classes:
        levels = tuple(rows.model.levels) if family.kind.labels else (0, 1)
        empty = Predictions(family, rows.values, np.zeros(rows.n), None, judged)
        read = read_outcomes(rows.table.labels(name), empty.chances(), None, levels)
        return replace(empty, y=read.codes.astype(float))
    y = column_of_numbers(rows.table.column(name))
    if family.name == "binomial" and np.any(out := (y < 0) | (y > rows.full(rows.values["n"]))):
        raise OptionError(
            f"row {int(np.flatnonzero(out)[0])} of the new data has more successes than trials, or fewer than 0"
        )
    return Predictions(family, dict(rows.values), y, None, judged)


def _held(fit: Estimates, own: Predictions, folds: Any, groups: Any, seed: int, progress: Any) -> Predictions:
    """The predictions for each fold by a fit to the others."""
    effective = fit.effective
    bound = effective.likelihood.bound
    groups, count = _together(fit, groups)
    if count < 2:
        raise OptionError(
            "there is a single row, or a single group of rows, so none can be held out: judge new rows, "
            "fit.calibration(data), or take the look at the fit's own rows for what it is, fit.calibration(folds=None)"
        )
    fold_of, by = dealt(bound, _at_most(folds, count), groups, seed, even=own.of_labels)
    with Task("calibration", progress) as task:
        parts = list(held_values(effective, fold_of, task))
    found = [part for part in parts if part.values is not None]
    lost = [part.reason for part in parts if part.values is None]
    if not found:
        raise FitError(
            f"held-out predictions need a fit without each fold, and {lost[0]}. Judge new rows, fit.calibration(data), "
            "or take the look at the fit's own rows for what it is, fit.calibration(folds=None)",
            fit,
        )
    rows = np.concatenate([part.rows for part in found])
    order = np.argsort(rows, kind="stable")
    values = {name: np.concatenate([_full(part, name) for part in found])[order] for name in own.values}
    text = f"held-out predictions: {len(parts)} folds{f' of {by}' if by else ''}, each predicted by a fit to the others"
    text += f" (seed {seed})"
    left_out = ""
    if lost:
        left_out = f"; {len(bound.y) - len(rows):,} of {len(bound.y):,} rows are left out, because {lost[0]}"
    rows = rows[order]
    return Predictions(own.family, values, own.y[rows], None if own.w is None else own.w[rows], Judged(text, left_out))


def _together(fit: Estimates, groups: Any) -> tuple[Any, int]:
    """What stays together, and how many folds there can be: the clusters of the standard errors, the largest kind."""
    bound = fit.likelihood.bound
    ways = fit._request.clusters
    if groups is not None:
        return groups, len(bound.y)
    if not ways:
        return None, len(bound.y)
    way = min(ways, key=lambda way: way.count)
    whole = np.zeros(len(bound.y) if bound.rows is None else len(bound.rows), dtype=int)
    whole[slice(None) if bound.rows is None else bound.rows] = way.codes
    return (way.name if way.name in bound.table else whole), way.count


def _at_most(folds: Any, count: int) -> Any:
    """The default number of folds, or what was asked for; fewer where there are not so many rows."""
    return min(folds, count) if folds == FOLDS and count >= 2 else folds


def _full(part: Without, name: str) -> Floats:
    """A parameter of a fold's rows, one value for each."""
    assert part.values is not None
    value = np.asarray(part.values[name], dtype=float)
    vector = any(p.name == name and p.vector for p in part.family.parameters)
    shape = (len(part.rows), *value.shape[-1:]) if vector else (len(part.rows),)
    return np.broadcast_to(value, shape)
