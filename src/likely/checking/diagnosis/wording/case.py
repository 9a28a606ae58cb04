"""What a finding is worded from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np

from likely.checking.diagnosis.finding import Finding
from likely.checking.diagnosis.moments import Order
from likely.checking.diagnosis.null_distribution import Outcome
from likely.errors import LikelyError
from likely.estimates.maximum import peak_of
from likely.families import get_family
from likely.inference.fit_code import Recipe
from likely.prediction.sample import Sample

if TYPE_CHECKING:
    from likely.estimates import Estimates


NAMED = 10  # rows listed in a finding


@final
@dataclass(frozen=True)
class Case:
    """What a finding is worded from."""

    fit: Estimates
    sample: Sample
    order: Order
    outcome: Outcome
    level: float

    @property
    def name(self) -> str:
        return self.sample.family.name

    @property
    def recipe(self) -> Recipe:
        return Recipe(self.fit)

    def other(self, name: str) -> Estimates | None:
        """The same rows under another family; None where that has no peak, or explains them no better."""
        try:
            found = peak_of(self.recipe.likelihood(get_family(name)).bound, progress=False)
        except LikelyError:
            return None
        return found if found.converged and found.aic < self.fit.aic else None

    def row_numbers(self, chosen: Any) -> list[int]:
        """Observations as rows of the data, counted from 0 as messages do."""
        numbers: list[int] = self.fit.likelihood.bound.row_numbers(self.sample.rows[np.atleast_1d(chosen)]).tolist()
        return numbers


def finding(title: str, observed: str, meaning: str, **more: Any) -> Finding:
    return Finding("", title, observed, meaning, **more)
