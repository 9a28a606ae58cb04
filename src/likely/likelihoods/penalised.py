"""The log-likelihood minus the smooth part of a penalty, with score and information, as a search needs it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, final

import numpy as np

from likely.compute.solve.newton import Point
from likely.likelihoods import Objective, by_rows
from likely.likelihoods.jeffreys import Jeffreys
from likely.models.model import Model
from likely.models.penalties import Applied


@final
class Penalised:
    """A log-likelihood minus a penalty; what has corners is left to the solver.

    Parameters
    ----------
    objective : Objective
    penalty : Applied
    """

    def __init__(self, objective: Objective, penalty: Applied) -> None:
        self.objective, self.penalty = objective, penalty
        self._jeffreys = Jeffreys(by_rows(objective, "Firth's penalty")) if penalty.firth else None

    def point(self, x: Any) -> Point:
        """Value, score and information; with Firth's penalty, the information that it takes the determinant of."""
        point = self.objective.point(x)
        l2 = self.penalty.l2
        if self._jeffreys is not None:
            if not point.usable:
                return point
            more, slope, info = self._jeffreys(x, point.info)
            return replace(point, value=point.value + more, score=point.score + slope, info=info)
        value = point.value - 0.5 * float(l2 @ np.square(x))
        return replace(point, value=value, score=point.score - l2 * x, info=point.info + np.diag(l2))

    @property
    def model(self) -> Model:
        """Whose coefficients they are."""
        return self.objective.model

    def value(self, x: Any) -> float:
        """The log-likelihood minus the penalty."""
        if self._jeffreys is not None:
            return self.point(x).value
        return self.objective.value(x) - 0.5 * float(self.penalty.l2 @ np.square(x))

    def value_and_score(self, x: Any) -> tuple[float, Any]:
        """Value and gradient, without the information where the penalty needs none."""
        if self._jeffreys is not None:
            point = self.point(x)
            return point.value, point.score
        value, score = self.objective.value_and_score(x)
        l2 = self.penalty.l2
        return value - 0.5 * float(l2 @ np.square(x)), score - l2 * x
