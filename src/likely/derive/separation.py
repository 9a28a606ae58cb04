"""Separation: predictors that tell the outcomes apart so well that their coefficients run to infinity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    from likely.likelihood import Likelihood
    from likely.search import Outcome


@final
@dataclass(frozen=True)
class Separation:
    """Columns whose coefficients have no finite estimate."""

    parameter: str
    columns: tuple[str, ...]
    message: str


def find_separation(L: Likelihood, outcome: Outcome, saturated: float) -> Separation | None:
    return None
