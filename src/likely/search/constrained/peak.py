"""The search for a peak under a penalty or constraints."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from likely.compute.solve.newton import Point, Solution, Stop
from likely.errors import LikelyError, OptionError, unknown
from likely.likelihoods import by_rows, single_peaked
from likely.likelihoods.log_likelihood import LogLikelihood
from likely.models.asked import Asked
from likely.models.constraints import Restraints
from likely.models.identify import check_identified
from likely.progress import Task
from likely.search.constrained.account import account
from likely.search.constrained.problem import Problem, in_original
from likely.search.directions import few_rows
from likely.search.iterations import SearchHistory
from likely.search.other_peaks import ANOTHER, OtherPeaks, highest_of
from likely.search.outcome import Outcome
from likely.search.peak import check_options, find_peak
from likely.search.start import start_of
from likely.search.state import FitState

SOLVERS = ("auto", "newton", "lbfgs")


def find_restrained_peak(
    L: LogLikelihood,
    asked: Asked,
    *,
    history: SearchHistory | None = None,
    stop: Callable[[Point], Stop | None] | None = None,
    single_start: bool = False,
) -> Outcome:
    """The peak of the log-likelihood minus a penalty, under constraints; `single_start`: from no other start.

    Raises
    ------
    OptionError
        If the restraints cannot be read, contradict each other or do not go together.
    DesignError
        If predictors that nothing tells apart are linearly dependent.
    """
    restraints = Restraints(**asked.restraints)
    solver, start = asked.solver, asked.start
    check_options(solver if solver not in ("closed form",) else "newton", asked.max_iterations, asked.tolerance)
    if asked.starts is not None and L.model.slots:
        return highest_of(
            L,
            asked,
            lambda one: find_restrained_peak(L, one, history=history, stop=stop, single_start=one.start is not None),
        )
    if not L.model.size:
        raise OptionError(
            f"{L.model.family.title} has nothing here that a penalty or constraint could act on: its estimates are "
            "extremes of the data"
        )
    problem = Problem.of(L, restraints)
    if solver == "closed form" or (solver == "lbfgs" and (problem.penalty.nonsmooth or problem.penalty.firth)):
        raise unknown("solver", solver, SOLVERS[:2], " for these penalties or constraints")
    if problem.penalty.firth:
        _check_firth(L)
    x0 = start.copy() if isinstance(start, np.ndarray) else start_of(L, start)
    # Firth's steps use the likelihood's information alone, so they shrink the distance by a factor each
    most = asked.max_iterations * (10 if problem.penalty.firth else 1)
    options: dict[str, Any] = {"max_iterations": most, "tolerance": asked.tolerance, "progress": history, "stop": stop}
    if problem.orthonormal is not None:
        options = in_original(problem.orthonormal.point, options)
    solution, name = problem.maximize(problem.from_original(x0), solver, **options)
    note, follows = "", isinstance(start, np.ndarray)  # the peak of a problem next to this one
    if name == "newton" and not (single_start or follows or problem.penalty.firth):
        other_peaks = _other_peaks(L, problem, not isinstance(start, Mapping), history, {**options, "progress": None})
        first = problem.at_height(solution)
        best, note = other_peaks.best(first, x0, _peak_of_the_others(L, asked, problem))
        solution = solution if best is first else problem.from_height(best)
    outcome = replace(account(problem, restraints, solution, name), note=note)
    return outcome if start is None or isinstance(start, FitState) else replace(outcome, start=x0)


def _other_peaks(
    L: LogLikelihood, problem: Problem, own_start: bool, history: SearchHistory | None, options: dict[str, Any]
) -> OtherPeaks:
    """The search for other peaks of what is maximised: penalties that are not smooth are part of the height."""

    def search_from(x: Any, known: Sequence[Point]) -> Solution:
        if history is not None:
            history.note(ANOTHER)
        return problem.at_height(problem.maximize(problem.from_original(x), "newton", **options)[0])

    return OtherPeaks(
        L.objective, problem.objective.objective, own_start, search_from, problem.to_original, lambda end: False
    )


def _peak_of_the_others(L: LogLikelihood, asked: Asked, problem: Problem) -> list[Any]:
    """One more start, where there may be several peaks: that of the model without the coefficients that are held.

    It is searched from its own starts; those of the whole model do not know of what is held.
    """
    region, slots = problem.given, L.model.slots
    alone = np.count_nonzero(region.equal, axis=1) == 1
    at = {
        int(np.flatnonzero(row)[0]): float(value / np.sum(row))
        for row, value in zip(region.equal[alone], region.values[alone], strict=True)
    }
    if not at or single_peaked(L.model) or not few_rows(L.objective) or any(slot.entry is not None for slot in slots):
        return []
    bound = L.bound
    for index in sorted(at, reverse=True):
        bound = bound.holding(index, at[index])
    less, bare = LogLikelihood(bound), asked.searched(tolerance=asked.tolerance)
    try:
        with Task("", False) as task:
            found = find_peak(less, bare, history=SearchHistory(less, task))
    except (LikelyError, ArithmeticError):
        return []
    if not found.converged:
        return []
    x = np.empty(L.model.size)
    x[list(at)] = list(at.values())
    x[[j for j in range(L.model.size) if j not in at]] = found.point.x
    return [x]


def _check_firth(L: LogLikelihood) -> None:
    """Raise where Jeffreys' prior needs derivatives that there are not."""
    family = L.model.family
    by_rows(L.objective, "Firth's penalty")
    if family.kinked:
        raise OptionError(
            f"Firth's penalty needs second derivatives of the log-density, and that of {family.title} has corners"
        )
    check_identified(L.model, L.bound.data)
