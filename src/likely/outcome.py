"""Where a search for the peak ended, as a record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, final

from likely.solve.newton import Point


@final
@dataclass(frozen=True)
class Outcome:
    """Where the search ended.

    Attributes
    ----------
    point : Point
        Coefficients on the link scale, log-likelihood, score and information. Coefficients of parameters at the end
        of their domain are infinite, and their score and information are zero.
    solver : str
    iterations : int
    converged : bool
    message : str
    boundary : mapping of str to float
        Constant parameters whose estimate is the end of their domain, with that value.
    decrement : float
        Newton decrement: the distance to the peak in standard errors.
    note : str
        What else is worth knowing, such as a second peak.
    covariance : ndarray or None
        Covariance of the coefficients where it was found in better-conditioned coordinates than theirs.
    start : ndarray or None
        Where the user asked the search to start.
    """

    point: Point
    solver: str
    iterations: int
    converged: bool
    message: str
    boundary: Mapping[str, float] = field(default_factory=dict)
    decrement: float = 0.0
    note: str = ""
    covariance: Any = None
    start: Any = None
