"""Candidates are fitted, or taken as they are, checked to be of the same rows, and set side by side."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from likely.checking.comparison.disagreement import disagreement
from likely.checking.comparison.held_out import attempted, fold_of
from likely.checking.comparison.record import Comparison, Row, observations
from likely.checking.comparison.transform import transform_of
from likely.data import tables
from likely.errors import DataError, FitError, OptionError, SupportError, is_one_of, unknown
from likely.errors.boundary import public
from likely.families import get_family
from likely.families.base import Family
from likely.models.asked import Asked
from likely.models.checks import check_order, items_of
from likely.progress import Task
from likely.results import Fit
from likely.results.fitting import fit_of
from likely.search.end import End, EndKind


@public
def compare(
    candidates: Iterable[Any] | Mapping[str, Any],
    data: Any = None,
    formula: Any = None,
    *,
    folds: int | str | None = None,
    groups: Any = None,
    seed: int = 0,
    transform: Mapping[str, Any] | None = None,
    **options: Any,
) -> Comparison:
    """Which assumption describes the data best, by information criteria and on rows that were held out.

    Parameters
    ----------
    candidates : list of families or fits, or dict of them by name
        Families (or their names) are fitted to `data`; fits, which must be of the same rows, are compared as they are.
    data, formula, **options
        As in `likely.fit`, for all families.
    folds : int or "loo", optional
        Into how many parts the rows are dealt for held-out log-likelihoods: each part under the estimates from the
        others. "loo" leaves out one row at a time: by refits up to 2,000 rows, to first order beyond.
    groups : str or array, optional
        A column of rows that stay together in a fold.
    seed : int
        Of the folds.
    transform : dict of str to transformation, optional
        By name, the candidates that were fitted to a transformed response: "log", "log10", "log2", "log1p", "sqrt",
        "reciprocal", "logit", ("power", p), ("boxcox", lambda), or a function with its derivative. Their densities are
        brought back by the Jacobian.

    Returns
    -------
    Comparison
        In the order of AIC = 2 k - 2 log-likelihood, smallest first. Failed candidates come last, with the reason.

    Raises
    ------
    DataError
        If the fits are not of the same response, rows and weights: their likelihoods have nothing in common.

    Examples
    --------
    >>> import math
    >>> import likely as lk
    >>> waits = [1.2, 0.3, 2.7, 0.1, 0.9, 4.1, 0.2, 1.5]
    >>> [row.name for row in lk.compare([lk.Normal(), lk.Exponential()], waits).rows]
    ['Exponential', 'Normal']
    >>> logs = lk.fit("normal", {"y": [math.log(w) for w in waits]}, "y")
    >>> found = lk.compare({"on logs": logs, "plain": lk.fit("normal", waits)}, transform={"on logs": "log"})
    >>> round(found["on logs"].loglik - lk.fit("log_normal", waits).loglik, 10)
    0.0
    """
    if isinstance(candidates, (str, Family, Fit, type)):
        raise OptionError(f"a comparison takes a list of families or fits, found only {candidates!r}")
    if hasattr(candidates, "columns") or isinstance(candidates, np.ndarray):
        raise OptionError("the order of the arguments is candidates, data, formula: lk.compare([...], data, 'y ~ x')")
    named = dict(candidates) if isinstance(candidates, Mapping) else None
    given = candidates.values() if isinstance(candidates, Mapping) else candidates
    asked = Asked.of(None, formula, **{**options, "on_failure": "return"})
    progress = False if callable(asked.progress) else asked.progress
    items = items_of(given, "a comparison is of a list of families, such as [lk.Normal(), lk.Laplace()], or of fits")
    done = [isinstance(item, Fit) for item in items]
    if all(done):
        if data is not None or formula is not None or options:
            raise OptionError("fits bring their own data: leave out data, formula and options")
        results = [(item, item.end) for item in items]
    elif any(done):
        raise OptionError("a comparison takes either families with data, or fits; found both")
    elif data is None:
        raise OptionError("families need data: lk.compare([...], data, formula)")
    else:
        items = [get_family(item) for item in items]
        check_order(items[0] if items else None, data, formula)
        data = tables.read(data, asked.na)  # once: what is told of it is told once, a file is read once
        results = []
        with Task("comparing families", progress) as task:
            for i, family in enumerate(items):
                task.count(i, len(items), f"done, now {family.title}")
                results.append(_fitted(asked.replace(family=family), data))
    fits = [found for found, _ in results if found is not None]
    if not fits:
        raise SupportError(_none_fits(items, results))
    names = list(named) if named is not None else _names(items, fits)
    made = [_row(name, *result) for name, result in zip(names, results, strict=True)]
    if transform is not None and not isinstance(transform, Mapping):
        raise OptionError(f"transform= says by name what was transformed, {{'name': 'log'}}, found {transform!r}")
    if groups is not None and folds is None:
        raise OptionError("groups= says which rows stay together in a fold: give the number of folds, folds=10")
    given = dict(transform or {})
    made = _transformed(made, given)
    _check_same([row.fit for row in made if row.fit is not None and row.name not in given])
    notes: list[str] = []
    if folds is not None:
        made, notes = _held_out(made, folds, groups, seed, progress)
    return _comparison(made, fits).with_notes(notes)


def _transformed(rows: list[Row], transform: dict[str, Any]) -> list[Row]:
    """The candidates with the Jacobians of their transformations."""
    if not transform:
        return rows
    for name in transform:
        if not is_one_of(name, {row.name for row in rows}):
            raise unknown("candidate", name, [row.name for row in rows], " in transform=")
    plain_fit = next((row.fit for row in rows if row.name not in transform and row.fit is not None), None)
    if plain_fit is None:
        raise OptionError("one candidate has to be fitted to the response itself, to say what was transformed")
    bound = plain_fit.likelihood.bound
    out = []
    for row in rows:
        if row.name not in transform or row.fit is None or row.loglik is None:
            out.append(row)
            continue
        other = row.fit.likelihood.bound
        if len(other.y) != len(bound.y) or not bound.weighted_like(other) or other.data.units is not None:
            raise DataError(f"{row.name} was fitted to other rows or weights; fit both to the same")
        jacobian = transform_of(transform[row.name]).log_jacobian(bound.y, other.y, row.name)
        gain = float(np.sum(observations(row.fit) * jacobian))
        aicc = None if row.aicc is None else row.aicc - 2.0 * gain
        aic, bic = (row.aic or 0.0) - 2.0 * gain, (row.bic or 0.0) - 2.0 * gain
        out.append(replace(row, loglik=row.loglik + gain, aic=aic, aicc=aicc, bic=bic, log_jacobian=jacobian))
    return out


def _held_out(rows: list[Row], folds: Any, groups: Any, seed: int, progress: Any) -> tuple[list[Row], list[str]]:
    """The candidates with their held-out log-likelihoods, and how these came about."""
    first = next(row.fit for row in rows if row.fit is not None)
    fold = fold_of(first, folds, groups, seed)
    out, notes = [], []
    with Task("held-out log-likelihoods", progress) as task:
        for row in rows:
            if row.fit is None or not row.converged:
                out.append(row)
                continue
            found = attempted(row.fit, fold, task)
            if isinstance(found, str):
                notes.append(f"{row.name} has no held-out log-likelihood: {found.removesuffix('.')}.")
                out.append(row)
                continue
            found = found if row.log_jacobian is None else found + row.log_jacobian
            out.append(replace(row, held_out=float(np.sum(observations(row.fit) * found)), held_out_rows=found))
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


def _behind(row: Row, best: Row, w: Any) -> Row:
    """A candidate with how far its held-out log-likelihood is from the best one."""
    if row is best:
        return replace(row, difference=0.0)
    gap, n = best.held_out_rows - row.held_out_rows, float(np.sum(w))
    total = float(np.sum(w * gap))
    spread = float(np.sqrt(np.sum(w * (gap - total / n) ** 2) / max(n - 1.0, 1.0)))
    return replace(row, difference=total, difference_stderr=spread * math.sqrt(n))


def _fitted(asked: Asked, data: Any) -> tuple[Fit | None, End]:
    """The fit, or the reason why this family cannot take the data; errors that would meet every family are raised."""
    try:
        found = fit_of(asked, data)
    except SupportError as error:
        return None, End(EndKind.REFUSED, str(error))
    except FitError as error:
        return error.fit, End(EndKind.NO_PEAK, str(error))
    return found, found.end


def _none_fits(items: list[Any], results: list[tuple[Fit | None, End]]) -> str:
    reasons = [end.words for _, end in results]
    if len(items) == 1:
        return reasons[0]
    return f"none of {', '.join(item.title for item in items)} can take these data. The first: {reasons[0]}"


def _names(items: list[Any], fits: list[Fit]) -> list[str]:
    """The families' names, with the formula where several share one."""
    names = [repr(item.likelihood.model.family if isinstance(item, Fit) else item).removesuffix("()") for item in items]
    if len(set(names)) < len(names) and len(fits) == len(items):
        names = [
            f"{name}: {found.likelihood.model.formula}"
            if names.count(name) > 1 and found.likelihood.model.formula
            else name
            for name, found in zip(names, fits, strict=True)
        ]
    seen: dict[str, int] = {}
    out = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return out


def _check_same(fits: list[Fit]) -> None:
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


def _row(name: str, found: Fit | None, end: End) -> Row:
    if found is None or not found.converged:
        return Row(name, found, None if found is None else found.k, None, None, None, None, None, None, end)
    aicc = found.aicc if math.isfinite(found.aicc) else None
    return Row(name, found, found.k, found.loglik, found.aic, aicc, found.bic, None, None, found.end)


def _comparison(rows: list[Row], fits: list[Fit]) -> Comparison:
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
