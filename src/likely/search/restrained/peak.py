"""The search for a peak under a penalty or constraints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from likely.compute.solve.newton import Point
from likely.errors import OptionError, unknown
from likely.likelihoods.restraints import Restraints
from likely.models.asked import Asked
from likely.models.identify import check_identified
from likely.results.likelihood import Likelihood
from likely.search.around import highest_of
from likely.search.outcome import Outcome
from likely.search.peak import check_options
from likely.search.restrained.account import account
from likely.search.restrained.problem import Problem, seen
from likely.search.starts import start_of
from likely.search.state import FitState
from likely.search.trail import Trail

SOLVERS = ("auto", "newton", "lbfgs")


def find_restrained_peak(
    L: Likelihood,
    asked: Asked,
    *,
    trail: Trail | None = None,
    stop: Callable[[Point], str | None] | None = None,
) -> Outcome:
    """The peak of the log-likelihood minus a penalty, under constraints.

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
        return highest_of(L, asked, lambda one: find_restrained_peak(L, one, trail=trail, stop=stop))
    if not L.model.size:
        raise OptionError(
            f"{L.model.family.title} has nothing here that a penalty or constraint could act on: its estimates are "
            "extremes of the data"
        )
    problem = Problem.of(L, restraints)
    if solver == "closed form" or (solver == "lbfgs" and (problem.penalty.corners or problem.penalty.firth)):
        raise unknown("solver", solver, SOLVERS[:2], " for these penalties or constraints")
    if problem.penalty.firth:
        if L.model.family._objective is not None or L.model.family.conditional:
            raise OptionError(
                "Firth's penalty needs a log-density of rows by their linear predictors, which this likelihood is not"
            )
        if L.model.family.kinked:
            raise OptionError(
                f"Firth's penalty needs second derivatives of the log-density, and that of {L.model.family.title} has "
                "corners"
            )
        check_identified(L.model, L.bound.data)
    x0 = start.copy() if isinstance(start, np.ndarray) else start_of(L, start)
    # Firth's steps use the likelihood's information alone, so they shrink the distance by a factor each
    most = asked.max_iterations * (10 if problem.penalty.firth else 1)
    options: dict[str, Any] = {"max_iterations": most, "tolerance": asked.tolerance, "progress": trail, "stop": stop}
    if problem.wanted is not None:
        options = seen(problem.wanted.point, options)
    solution, name = problem.maximize(problem.inward(x0), solver, **options)
    outcome = account(problem, restraints, solution, name)
    return outcome if start is None or isinstance(start, FitState) else replace(outcome, start=x0)
