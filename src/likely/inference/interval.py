"""An interval for one parameter, as a record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True)
class Interval:
    """An interval for one parameter; unpacks as ``lower, upper``.

    Attributes
    ----------
    lower, upper : float or None
        None where no interval exists; `note` says why.
    level : float
    method : str
    note : str
        What is special about it (one-sided, unbounded), or empty.

    Examples
    --------
    >>> import likely as lk
    >>> interval = lk.fit("bernoulli", [1] * 12 + [0] * 388).interval()["p"]
    >>> interval
    Interval(0.01711, 0.05207)
    >>> lower, upper = interval
    """

    lower: float | None
    upper: float | None
    level: float
    method: str
    note: str = ""

    def __iter__(self) -> Iterator[float | None]:
        return iter((self.lower, self.upper))

    def __getitem__(self, i: int) -> float | None:
        return (self.lower, self.upper)[i]

    def __repr__(self) -> str:
        ends = "none" if self.lower is None or self.upper is None else f"{self.lower:.4g}, {self.upper:.4g}"
        return f"Interval({ends}{': ' + self.note if self.note else ''})"

    @property
    def exists(self) -> bool:
        """Whether there is an interval at all."""
        return self.lower is not None
