"""Candidates, checked to be of the same rows and set side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from likely.checking.comparison.disagreement import disagreement
from likely.checking.comparison.held_out import attempted, fold_of
from likely.checking.comparison.record import Comparison, Row, observations
from likely.checking.comparison.transform import transform_of
from likely.errors import DataError, FitError, OptionError, SupportError, is_one_of, unknown
from likely.estimates import Estimates
from likely.families.base import Family
from likely.inference.fitting import asked_for
from likely.models.asked import Asked
from likely.progress import Task
from likely.search.end import End, EndKind


@final
@dataclass(frozen=True, eq=False)
class Candidate:
    """A family and what was found under it.

    Attributes
    ----------
    family : Family
    estimates : Estimates or None
        None where the family cannot take the data at all.
    end : End
        What the end of the search is, or why there was none.
    """

    family: Family
    estimates: Estimates | None
    end: End


def taken(estimates: Estimates) -> Candidate:
    """A candidate that has been fitted before."""
    return Candidate(estimates.likelihood.model.family, estimates, estimates.end)


def attempt(asked: Asked, data: Any) -> Candidate:
    """A candidate fitted now, with the reason where it cannot be; errors that would meet every family are raised."""
    try:
        found = asked_for(asked, data)
    except SupportError as error:
        return Candidate(asked.family, None, End(EndKind.REFUSED, str(error)))
    except FitError as error:
        return Candidate(asked.family, error.fit, End(EndKind.NO_PEAK, str(error)))
    return Candidate(asked.family, found, found.end)


def side_by_side(
    tried: Sequence[Candidate],
    names: Sequence[str] | None = None,
    *,
    folds: int | str | None = None,
    groups: Any = None,
    seed: int = 0,
    transform: Mapping[str, Any] | None = None,
    progress: Any = None,
) -> Comparison[Estimates]:
    """The comparison of candidates; see `likely.compare`.

    Parameters
    ----------
    tried : sequence of Candidate
    names : sequence of str, optional
        What they are called; by default as their families.
    folds, groups, seed, transform, progress
        As in `likely.compare`.
    """
    fits = [one.estimates for one in tried if one.estimates is not None]
    if not fits:
        raise SupportError(_none_fits(tried))
    made = [_row(name, one) for name, one in zip(names or _names(tried), tried, strict=True)]
    if transform is not None and not isinstance(transform, Mapping):
        raise OptionError(f"transform= says by name what was transformed, {{'name': 'log'}}, found {transform!r}")
    if groups is not None and folds is None:
        raise OptionError("groups= says which rows stay together in a fold: give the number of folds, folds=10")
    given = dict(transform or {})
    made = _transformed(made, given)
    _check_same([row.estimates for row in made if row.estimates is not None and row.name not in given])
    notes: list[str] = []
    if folds is not None:
        made, notes = _held_out(made, folds, groups, seed, progress)
    return _comparison(made, fits).with_notes(notes)


def _transformed(rows: list[Row[Estimates]], transform: dict[str, Any]) -> list[Row[Estimates]]:
    """The candidates with the Jacobians of their transformations."""
    if not transform:
        return rows
    for name in transform:
        if not is_one_of(name, {row.name for row in rows}):
            raise unknown("candidate", name, [row.name for row in rows], " in transform=")
    plain_fit = next((row.estimates for row in rows if row.name not in transform and row.estimates is not None), None)
    if plain_fit is None:
        raise OptionError("one candidate has to be fitted to the response itself, to say what was transformed")
    bound = plain_fit.likelihood.bound
    out = []
    for row in rows:
        if row.name not in transform or row.estimates is None or row.loglik is None:
            out.append(row)
            continue
        other = row.estimates.likelihood.bound
        if len(other.y) != len(bound.y) or not bound.weighted_like(other) or other.data.units is not None:
            raise DataError(f"{row.name} was fitted to other rows or weights; fit both to the same")
        jacobian = transform_of(transform[row.name]).log_jacobian(bound.y, other.y, row.name)
        gain = float(np.sum(observations(row.estimates) * jacobian))
        aicc = None if row.aicc is None else row.aicc - 2.0 * gain
        aic, bic = (row.aic or 0.0) - 2.0 * gain, (row.bic or 0.0) - 2.0 * gain
        out.append(replace(row, loglik=row.loglik + gain, aic=aic, aicc=aicc, bic=bic, log_jacobian=jacobian))
    return out


def _held_out(
    rows: list[Row[Estimates]], folds: Any, groups: Any, seed: int, progress: Any
) -> tuple[list[Row[Estimates]], list[str]]:
    """The candidates with their held-out log-likelihoods, and how these came about."""
    first = next(row.estimates for row in rows if row.estimates is not None)
    fold = fold_of(first, folds, groups, seed)
    out: list[Row[Estimates]] = []
    notes: list[str] = []
    with Task("held-out log-likelihoods", progress) as task:
        for row in rows:
            if row.estimates is None or not row.converged:
                out.append(row)
                continue
            found = attempted(row.estimates, fold, task)
            if isinstance(found, str):
                notes.append(f"{row.name} has no held-out log-likelihood: {found.removesuffix('.')}.")
                out.append(row)
                continue
            found = found if row.log_jacobian is None else found + row.log_jacobian
            out.append(replace(row, held_out=float(np.sum(observations(row.estimates) * found)), held_out_rows=found))
    scored = [row for row in out if row.held_out is not None]
    if not scored:
        return out, notes
    best = max(scored, key=lambda row: row.held_out or -math.inf)
    how = "one row at a time" if folds == "loo" else f"{folds} folds"
    how += ", to first order" if fold is None else ""
    notes.insert(0, f"Held out: {how}. Behind: how far from the best, with its standard error.")
    w = observations(first)
    placed = [row if row.held_out is None else _behind(row, best, w) for row in out]
    return placed, [*notes, *disagreement(placed)]


def _behind(row: Row[Estimates], best: Row[Estimates], w: Any) -> Row[Estimates]:
    """A candidate with how far its held-out log-likelihood is from the best one."""
    if row is best:
        return replace(row, difference=0.0)
    assert best.held_out_rows is not None
    assert row.held_out_rows is not None
    gap, n = best.held_out_rows - row.held_out_rows, float(np.sum(w))
    total = float(np.sum(w * gap))
    spread = float(np.sqrt(np.sum(w * (gap - total / n) ** 2) / max(n - 1.0, 1.0)))
    return replace(row, difference=total, difference_stderr=spread * math.sqrt(n))


def _none_fits(tried: Sequence[Candidate]) -> str:
    reasons = [one.end.words for one in tried]
    if len(tried) == 1:
        return reasons[0]
    return f"none of {', '.join(one.family.title for one in tried)} can take these data. The first: {reasons[0]}"


def _names(tried: Sequence[Candidate]) -> list[str]:
    """The families' names, with the formula where several share one."""
    names = [repr(one.family).removesuffix("()") for one in tried]
    formulas = [None if one.estimates is None else one.estimates.likelihood.model.formula for one in tried]
    if len(set(names)) < len(names) and all(one.estimates is not None for one in tried):
        names = [
            f"{name}: {formula}" if names.count(name) > 1 and formula else name
            for name, formula in zip(names, formulas, strict=True)
        ]
    seen: dict[str, int] = {}
    out = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return out


def _check_same(fits: list[Estimates]) -> None:
    """Raise DataError unless all fits are of the same responses with the same weights."""
    first = fits[0].likelihood
    for other in (f.likelihood for f in fits[1:]):
        who = f"{first.model.family.title} and {other.model.family.title}"
        if len(first.bound.y) != len(other.bound.y):
            raise DataError(
                f"likelihoods of different rows cannot be compared: {who} were fitted to {len(first.bound.y):,} and "
                f"{len(other.bound.y):,} rows. Fit both to the same rows"
            )
        if first.offers.terms != other.offers.terms:
            raise DataError(
                f"{who}: a likelihood given the numbers of cases in strata is not that of the same observations; "
                "compare conditional models with each other"
            )
        levels = (first.model.levels, other.model.levels)
        if not np.array_equal(first.bound.y, other.bound.y) or (all(levels) and levels[0] != levels[1]):
            raise DataError(
                f"likelihoods of different responses cannot be compared: {first.model.response} under "
                f"{first.model.family.title} and {other.model.response} under {other.model.family.title} have "
                "different values. For a transformed response say how, transform={'name': 'log'}, or use a family of "
                "the original one: LogNormal instead of Normal on log(y)"
            )
        if not first.bound.weighted_like(other.bound):
            raise DataError(f"{who} were fitted with different weights; fit both with the same")
    fits[0].refuse_pseudo("a comparison by AIC")


def _row(name: str, one: Candidate) -> Row[Estimates]:
    found = one.estimates
    if found is None or not found.converged:
        k = None if found is None else found.k
        return Row(name, found, found, k, None, None, None, None, None, None, one.end)
    aicc = found.aicc if math.isfinite(found.aicc) else None
    return Row(name, found, found, found.k, found.loglik, found.aic, aicc, found.bic, None, None, one.end)


def _comparison(rows: list[Row[Estimates]], fits: list[Estimates]) -> Comparison[Estimates]:
    good = sorted((row for row in rows if row.aic is not None), key=lambda row: row.aic or 0.0)
    if good:
        best = good[0].aic or 0.0
        deltas = [(row.aic or 0.0) - best for row in good]
        total = sum(math.exp(-0.5 * d) for d in deltas)
        good = [replace(row, delta=d, weight=math.exp(-0.5 * d) / total) for row, d in zip(good, deltas, strict=True)]
    likelihood = fits[0].likelihood
    notes = []
    kinds = {found.likelihood.model.family.kind.discrete for found in fits if found.converged}
    if len(kinds) > 1:
        notes.append(
            "Some candidates give whole numbers a probability, others a density: their likelihoods compare only "
            "roughly, and only where the numbers are one unit apart and spread over many values."
        )
    return Comparison(
        (*good, *(row for row in rows if row.aic is None)), likelihood.model.response, likelihood.n, tuple(notes)
    )
