"""A named parameter of a family."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from likely.families.base.domains import Domain


@final
@dataclass(frozen=True)
class Parameter:
    """A named parameter of a family.

    Attributes
    ----------
    name : str
    domain : Domain
    meaning : str
        What it says about the data, in a few words.
    typical : tuple of float, optional
        Range from which the conformance test draws; the domain's by default.
    known_only : bool
        It is always given, never estimated (the number of trials of a Binomial).
    edge : bool
        Its estimate is an extreme of the data (the ends of a Uniform), where the likelihood has no derivative.
    anchored : bool
        Its predictors have no intercept, since another parameter takes its place (the thresholds of an Ordinal);
        without predictors it stays where a linear predictor of 0 puts it.
    """

    name: str
    domain: Domain
    meaning: str
    typical: tuple[float, float] | None = None
    known_only: bool = False
    edge: bool = False
    anchored: bool = False

    @property
    def vector(self) -> bool:
        """Whether it holds several values: one per level of the response, or between each and the next."""
        return self.domain.vector

    @property
    def typical_range(self) -> tuple[float, float]:
        return self.typical or self.domain.typical
