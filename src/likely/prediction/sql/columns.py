"""The columns of a table that an expression uses, and what has to hold of them for it to be a prediction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

import numpy as np

from likely.errors import OptionError
from likely.prediction.sql.dialects import Dialect
from likely.prediction.sql.values import Condition, Value, chosen


@final
class Columns:
    """The columns of a table, and what is required of a row.

    Parameters
    ----------
    dialect : Dialect
    table : str, optional
        The table or its alias, by which columns are qualified.
    """

    def __init__(self, dialect: Dialect, table: str | None = None) -> None:
        self.dialect, self.table = dialect, table
        self.numbers: dict[str, Value] = {}
        self.required: dict[str, None] = {}
        self._names: dict[str, str] = {}

    def _quoted(self, name: str) -> str:
        key = name.lower() if self.dialect.any_case else name
        if (other := self._names.setdefault(key, name)) != name:
            raise OptionError(f"{other!r} and {name!r} are one name in {self.dialect.title}: rename one of the columns")
        own = self.dialect.name(name)
        return own if self.table is None else f"{self.dialect.name(self.table)}.{own}"

    def number(self, name: str) -> Value:
        """A column of numbers; rows where it is NULL, NaN or infinite get NULL."""
        if name not in self.numbers:
            quoted = self._quoted(name)
            real = self.dialect.real.format(quoted)
            self.numbers[name] = Value(self.dialect, real)
            self.required[self.dialect.finite.format(quoted, real)] = None
        return self.numbers[name]

    def equals(self, name: str, text: str) -> Condition:
        """Whether a column is a text."""
        return Condition(
            self.dialect, f"{self.dialect.compared.format(self._quoted(name))} = {self.dialect.text(text)}"
        )

    def levels(self, name: str, numbers: Mapping[Any, Any]) -> Value:
        """A number for each level of a column; NULL for others.

        Raises
        ------
        OptionError
            If a level is neither a text nor a number nor yes or no.
        """
        levels = [level.item() if isinstance(level, np.generic) else level for level in numbers]
        if bad := [level for level in levels if not isinstance(level, (str, bool, int, float))]:
            raise OptionError(
                f"the level {bad[0]!r} of {name!r} is {type(bad[0]).__name__}, which has no SQL: fit a column of texts "
                "or numbers"
            )
        what = self._quoted(name)
        if any(isinstance(level, str) for level in levels):
            levels = [level if isinstance(level, str) else str(level) for level in levels]
            what = self.dialect.compared.format(what)
        elif self.dialect.typed and any(isinstance(level, float) for level in levels):
            what = self.dialect.real.format(what)
        cases = [(self.dialect.level(level), value) for level, value in zip(levels, numbers.values(), strict=True)]
        return chosen(self.dialect, what, cases)

    def require(self, condition: Condition) -> None:
        """Give NULL to rows of which a condition does not hold."""
        self.required[condition.text] = None

    def guarded(self, value: Value) -> str:
        """The text of a value; NULL for rows that lack what is required."""
        if not self.required:
            return value.text
        return f"CASE WHEN {' AND '.join(self.required)} THEN {value.text} END"
