"""Strengths of a penalty, and the peaks at them, each search started from the peak before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from likely.errors import FitError, OptionError, is_one_of, unknown
from likely.errors.kinds import is_number
from likely.estimates.maximum import peak_of
from likely.likelihoods.log_likelihood import LogLikelihood
from likely.models.checks import require_whole
from likely.models.constraints import Restraints
from likely.models.penalties import ElasticNet, Lasso, Ridge, Shrinkage, check_ratio
from likely.namespace.arrays import Floats
from likely.search.constrained import find_restrained_peak
from likely.search.outcome import Outcome
from likely.search.unbounded import find_unbounded

PENALTIES = ("lasso", "ridge", "elastic net")
RIDGE = 1e-3  # a ridge path starts where a lasso's would with this share of absolute values (as in R's glmnet)
SHOWN = 12  # rows of a printed table


@final
@dataclass(frozen=True)
class Penalties:
    """How a penalty is made from its strength.

    Attributes
    ----------
    kind : str
    l1_ratio : float
    of : str or None
        The parameter or coefficient that is penalised.
    scale : bool
    """

    kind: str
    l1_ratio: float
    of: str | None
    scale: bool

    def penalty(self, strength: float) -> Any:
        """The penalty of one strength, as `likely.fit` takes it."""
        one: Shrinkage = ElasticNet(strength, self.l1_ratio, self.scale)
        if self.kind != "elastic net":
            one = (Lasso if self.kind == "lasso" else Ridge)(strength, self.scale)
        return one if self.of is None else {self.of: one}


def penalties_of(kind: str, l1_ratio: float | None, of: str | None, scale: bool) -> Penalties:
    """How a path's penalties are made, of what the user asked."""
    if not is_one_of(kind, PENALTIES):
        raise unknown("penalty", kind, PENALTIES, " of a path")
    if of is not None and not isinstance(of, str):
        raise OptionError(f"of is the name of a parameter or coefficient, found {of!r}")
    if l1_ratio is not None and kind != "elastic net":
        raise OptionError(f"l1_ratio belongs to penalty='elastic net', not to {kind!r}")
    if l1_ratio is None:
        l1_ratio = {"lasso": 1.0, "ridge": 0.0, "elastic net": 0.5}[kind]
    return Penalties(kind, check_ratio(l1_ratio), of, scale)


def along_strengths(L: LogLikelihood, penalties: Penalties, strengths: Any) -> Iterator[Outcome | None]:
    """The peak at every strength, each search started from the peak before; None, and the end, where there is none."""
    x: Any = None
    for strength in strengths:
        penalty = penalties.penalty(float(strength))
        if find_unbounded(L, Restraints(penalty)) is not None:
            yield None
            return
        outcome = find_restrained_peak(L, L.asked.searched(penalty=penalty, start=x))
        # without a penalty there may be no peak, which only the whole search of a fit finds out
        if not outcome.converged or (strength == 0.0 and not peak_of(L.bound).converged):
            yield None
            return
        x = outcome.point.x
        yield outcome


def why_none(L: LogLikelihood, penalties: Penalties, strength: float) -> str:
    """What a fit at this strength says of its failure."""
    found = peak_of(L.bound, penalty=penalties.penalty(float(strength)))
    words = found.end.words
    return f"{words[:1].upper()}{words[1:]}"


def falling_strengths(L: LogLikelihood, penalties: Penalties, n: int, ratio: float | None) -> Floats:
    """Strengths that fall from the smallest one at which every penalised coefficient is 0."""
    require_whole(2, n=n)
    ratio = (1e-3 if penalties.l1_ratio > 0.0 else 1e-6) if ratio is None else ratio
    if not is_number(ratio) or not 0.0 < ratio < 1.0:
        raise OptionError(f"ratio is the smallest strength over the largest, between 0 and 1; found {ratio!r}")
    squares = Restraints(replace(penalties, kind="ridge").penalty(1.0)).penalty_of(L.model, L.bound.data)
    assert squares is not None
    spread, names = np.sqrt(squares.l2), L.model.names()
    nothing = {names[j]: 0.0 for j in np.flatnonzero(spread)}
    outcome = find_restrained_peak(L, L.asked.searched(fixed=nothing, tolerance=1e-9))
    if not outcome.converged:
        words = peak_of(L.bound, fixed=nothing).end.words
        raise FitError(f"without the penalised coefficients there is no peak inside the parameters' domains: {words}")
    at = spread > 0.0
    largest = float(np.max(np.abs(outcome.point.score[at]) / spread[at])) / max(penalties.l1_ratio, RIDGE)
    if not largest > 0.0:
        raise OptionError("every penalised coefficient is 0 by maximum likelihood: there is nothing to choose")
    return largest * (1.0 + 1e-7) * np.geomspace(1.0, ratio, n)


def given_strengths(strengths: Any) -> Any:
    """The user's strengths, falling."""
    try:
        values = np.sort(np.unique(np.asarray(strengths, dtype=float)))[::-1]
    except (TypeError, ValueError):
        values = np.zeros(0)
    if values.ndim != 1 or len(values) == 0 or not np.all(np.isfinite(values)) or values[-1] < 0.0:
        raise OptionError(f"strengths are numbers of at least 0, found {strengths!r}")
    return values


def check_progress(progress: Any) -> None:
    """Raise unless it can be called."""
    if progress is not None and not callable(progress):
        raise OptionError(f"progress is a function of (fits done, fits in all), found {progress!r}")


def shown(m: int) -> list[int]:
    """Which of m rows a printed table shows."""
    return sorted({int(i) for i in np.linspace(0, m - 1, min(m, SHOWN)).round()})
