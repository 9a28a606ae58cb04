"""The proof that outcomes are separated, as a record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from likely.namespace.arrays import Booleans, Integers


@final
@dataclass(frozen=True, eq=False)
class Separation:
    """Proof that predictors tell outcomes apart, so that some coefficients have no finite estimate.

    Moving the coefficients along `direction` raises the likelihood of every one of `rows` for ever, and leaves that of
    every other row as it is. No direction does so for more rows.

    Attributes
    ----------
    parameter : str
    columns : tuple of str
        Columns that are enough to separate these rows; the intercept only where it does so alone.
    rows : ndarray of int
        The separated rows, as places in the data.
    direction : mapping of str to float
        A direction of the coefficients, by their names, that separates all of `rows`.
    complete : bool
        Whether every row is separated, so that no coefficient of these predictors has a finite estimate.
    message : str
        The same in words, with what to do.

    Examples
    --------
    >>> import likely as lk
    >>> data = {"x": [1, 2, 3, 3, 4, 5], "y": [0, 0, 0, 1, 1, 1]}
    >>> found = lk.separation("bernoulli", data, "y ~ x")
    >>> found.columns, found.rows.tolist(), found.complete
    (('x',), [0, 1, 4, 5], False)
    >>> print(found)  # doctest: +ELLIPSIS
    x separates 4 of 6 rows from the rest: ...
    """

    parameter: str
    columns: tuple[str, ...]
    rows: Integers
    direction: Mapping[str, float]
    complete: bool
    message: str
    excluded: Booleans | None = field(
        default=None, repr=False
    )  # of a row's levels, in order but its own, those that it leaves behind

    @property
    def count(self) -> int:
        """Number of separated rows."""
        return len(self.rows)

    @property
    def left_out(self) -> Integers:
        """Those of `rows` that are separated from every other outcome, so that nothing is left to learn from them."""
        return self.rows if self.excluded is None else self.rows[np.all(self.excluded, axis=1)]

    def __str__(self) -> str:
        return self.message

    def __repr__(self) -> str:
        return (
            f"<Separation of {self.count:,} rows in {self.parameter} by {', '.join(self.columns[:6])}"
            f"{' ...' if len(self.columns) > 6 else ''}>"
        )

    def dropped(self, aliased: Mapping[str, str]) -> str:
        """What a fit without the separated rows has left out, in words."""
        few = f"{', '.join(self.columns[:8])}{' and others' if len(self.columns) > 8 else ''}"
        verb = "separates" if len(self.columns) == 1 else "separate"
        names = f"{', '.join([*aliased][:8])}{f' and {len(aliased) - 8} more' if len(aliased) > 8 else ''}"
        count, partly = len(self.left_out), self.count - len(self.left_out)
        parts = [f"{count:,} row{'' if count == 1 else 's'} that {few} {verb}"] if count else []
        parts += [f"the levels from which {few} {verb} {partly:,} row{'' if partly == 1 else 's'}"] if partly else []
        parts += [f"{names}, which the other rows do not identify"] if names else []
        return (
            f"left out: {'; '.join(parts)}. The log-likelihood is the supremum of that of all rows, which no finite "
            "coefficients reach; n counts the rows left"
        )

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values, ready for JSON."""
        return {
            "parameter": self.parameter,
            "columns": list(self.columns),
            "rows": np.asarray(self.rows).tolist(),
            "direction": dict(self.direction),
            "complete": self.complete,
        }
