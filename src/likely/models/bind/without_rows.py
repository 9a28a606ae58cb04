"""A model whose rows are not at hand: what needs them says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn, final

from likely.data.tables import Table
from likely.errors import DataError
from likely.models.asked import Asked
from likely.models.bind.bound import Bound
from likely.models.model import Model

NO_ROWS = (
    "these estimates were read without their rows, and this needs them, as do profiles, residuals, averages over rows, "
    "tests by the likelihood, refits and predictions of the fit's own rows: give the data, lk.load(path, data=...)"
)


@final
class BoundWithoutRows(Bound):
    """What is left of a model bound to its data when the rows are gone.

    Parameters
    ----------
    asked : Asked
    model : Model
    n : float
        Number of observations.
    dropped : mapping of str to int
        Columns whose missing values cost rows, with counts.
    separation : Separation or None
        What was left out because it is separated.
    """

    def __init__(self, asked: Asked, model: Model, n: float, dropped: Mapping[str, int], separation: Any) -> None:
        kept = {"asked": asked, "model": model, "_n": n, "dropped": dropped, "separation": separation}
        for name, value in kept.items():
            object.__setattr__(self, name, value)

    @property
    def n(self) -> float:
        """Number of observations, as it was counted."""
        found: float = self.__dict__["_n"]
        return found

    @property
    def output_table(self) -> Table:
        """An empty one: results are arrays, and dicts of them."""
        return Table()

    def _refused(self) -> NoReturn:
        raise DataError(NO_ROWS)

    data = table = rows = property(_refused)
