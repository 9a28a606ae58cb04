"""Numbers and conditions of a row as SQL, with Python's signs between them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from likely.errors import OptionError
from likely.prediction.sql.dialects import Dialect

SUM, PRODUCT, ATOM = 1, 2, 3  # how strongly the parts of an expression hold together
AT_ONCE = 50  # parts of a sum in one bracket: databases bound how deep an expression is


@final
@dataclass(frozen=True, eq=False)
class Value:
    """A number of a row.

    Attributes
    ----------
    dialect : Dialect
    text : str
    strength : int
        What holds it together: `SUM`, `PRODUCT` or `ATOM`.
    lacking : str
        Why there is no SQL for it; empty where there is.
    exponential : Value, optional
        Its exponential, where that is known without computing it.
    summed : tuple of Value or float
        Numbers, where the value is the logarithm of the sum of their exponentials.
    above : (Value or float, tuple), optional
        A number and others, where the value is the number less the logarithm of the sum of the others' exponentials.
    """

    dialect: Dialect
    text: str
    strength: int = ATOM
    lacking: str = ""
    exponential: Any = None
    summed: tuple[Any, ...] = ()
    above: tuple[Any, tuple[Any, ...]] | None = None

    __array_ufunc__ = None  # NumPy leaves its signs to those below

    @property
    def atom(self) -> str:
        """The text, in brackets unless it holds together."""
        return self.text if self.strength == ATOM else f"({self.text})"

    @property
    def factor(self) -> str:
        """The text within a product."""
        return self.text if self.strength >= PRODUCT else f"({self.text})"

    def made(self, text: str, strength: int, *others: Any) -> Value:
        """A value made of this one and others; it lacks what they lack."""
        lacking = next((v.lacking for v in (self, *others) if isinstance(v, Value) and v.lacking), "")
        return Value(self.dialect, "" if lacking else text, strength, lacking)

    def of(self, other: Any) -> Value:
        """Another number as a value."""
        return other if isinstance(other, Value) else literal(self.dialect, float(other))

    def __neg__(self) -> Value:
        return self.made(f"-{self.atom}", SUM)._above(0.0, self)

    def __add__(self, other: Any) -> Any:
        if _is(other, 0.0):
            return self
        return _nan(other) or self.made(f"{self.text} + {self.of(other).text}", SUM, other)

    def __radd__(self, other: Any) -> Any:
        return self if _is(other, 0.0) else _nan(other) or self.of(other) + self

    def __sub__(self, other: Any) -> Any:
        if _is(other, 0.0):
            return self
        return _nan(other) or self.made(f"{self.text} - {self.of(other).factor}", SUM, other)._above(self, other)

    def __rsub__(self, other: Any) -> Any:
        return _nan(other) or self.of(other) - self

    def __mul__(self, other: Any) -> Any:
        if _is(other, 1.0):
            return self
        return _nan(other) or self.made(f"{self.factor} * {self.of(other).atom}", PRODUCT, other)

    def __rmul__(self, other: Any) -> Any:
        return self if _is(other, 1.0) else _nan(other) or self.of(other) * self

    def __truediv__(self, other: Any) -> Any:
        if isinstance(other, Value):
            return self.made(f"{self.factor} / nullif({other.text}, {self.of(0.0).text})", PRODUCT, other)
        return _nan(other) or self.made(f"{self.factor} / {self.of(other).atom}", PRODUCT)

    def __rtruediv__(self, other: Any) -> Any:
        return _nan(other) or self.of(other) / self

    def __lt__(self, other: Any) -> Condition:
        return self._compared("<", other)

    def __le__(self, other: Any) -> Condition:
        return self._compared("<=", other)

    def __gt__(self, other: Any) -> Condition:
        return self._compared(">", other)

    def __ge__(self, other: Any) -> Condition:
        return self._compared(">=", other)

    def __eq__(self, other: object) -> Condition:  # type: ignore[override]
        return self._compared("=", other)

    def __ne__(self, other: object) -> Condition:  # type: ignore[override]
        return self._compared("<>", other)

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        raise TypeError("a number of a row of a database is neither true nor false")

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("a number of a row of a database is no array")

    def _above(self, top: Any, other: Any) -> Value:
        """The value as the difference of a number and another, with what is known of that."""
        return replace(self, above=(top, other.summed)) if isinstance(other, Value) and other.summed else self

    def _compared(self, sign: str, other: Any) -> Condition:
        made = self.made(f"{self.atom} {sign} {self.of(other).atom}", SUM, other)
        return Condition(self.dialect, made.text, made.lacking)


@final
@dataclass(frozen=True, eq=False)
class Condition:
    """Whether something holds of a row; where a column is NULL it is neither true nor false."""

    dialect: Dialect
    text: str
    lacking: str = ""

    __array_ufunc__ = None

    def __and__(self, other: Any) -> Condition:
        return self._joined("AND", other)

    def __or__(self, other: Any) -> Condition:
        return self._joined("OR", other)

    __rand__, __ror__ = __and__, __or__

    def __invert__(self) -> Condition:
        return Condition(self.dialect, f"NOT ({self.text})", self.lacking)

    def _joined(self, word: str, other: Any) -> Condition:
        if not isinstance(other, Condition):
            holds = bool(other)
            return self if holds == (word == "AND") else Condition(self.dialect, "1 = 1" if holds else "1 = 0")
        return Condition(self.dialect, f"({self.text}) {word} ({other.text})", self.lacking or other.lacking)

    def choose(self, yes: Any, no: Any) -> Value:
        """One number where it holds, another where it does not, NULL where neither is known."""
        values = [literal(self.dialect, v) if not isinstance(v, Value) else v for v in (yes, no)]
        text = f"CASE WHEN {self.text} THEN {values[0].text} WHEN NOT ({self.text}) THEN {values[1].text} END"
        lacking = self.lacking or values[0].lacking or values[1].lacking
        return Value(self.dialect, "" if lacking else text, ATOM, lacking)


def _is(value: Any, number: float) -> bool:
    return not isinstance(value, Value) and bool(value == number)


def _nan(value: Any) -> Any:
    """NaN, which stays NaN whatever it meets; None for another number."""
    return np.nan if not isinstance(value, Value) and np.isnan(value) else None


def literal(dialect: Dialect, number: float) -> Value:
    """A number that is the same for all rows."""
    text = dialect.literal(float(number))
    return Value(dialect, text, SUM if text.startswith("-") else ATOM)


def added(parts: Sequence[Any]) -> Any:
    """The sum of numbers and values, in brackets of so many that no database finds it too deep."""
    known = sum(part for part in parts if not isinstance(part, Value))
    values = [part for part in parts if isinstance(part, Value)]
    if not values:
        return float(known)
    if known != 0.0:
        values = [literal(values[0].dialect, known), *values]
    while len(values) > 1:
        groups = [values[i : i + AT_ONCE] for i in range(0, len(values), AT_ONCE)]
        last = len(groups) == 1
        values = [_sum(group, last) for group in groups]
    return values[0]


def _sum(values: Sequence[Value], last: bool) -> Value:
    if len(values) == 1:
        return values[0]
    text = " + ".join(value.text for value in values)
    return values[0].made(text if last else f"({text})", SUM if last else ATOM, *values[1:])


def chosen(dialect: Dialect, what: str, cases: Sequence[tuple[str, Any]]) -> Value:
    """A number for each value of a column, or for the first condition that holds; NULL where there is none."""
    values = [value if isinstance(value, Value) else literal(dialect, value) for _, value in cases]
    arms = " ".join(f"WHEN {case} THEN {value.text}" for (case, _), value in zip(cases, values, strict=True))
    head = f"CASE {what} " if what else "CASE "
    lacking = next((value.lacking for value in values if value.lacking), "")
    return Value(dialect, "" if lacking else f"{head}{arms} END", ATOM, lacking)


def called(name: str, *args: Any) -> Value:
    """A function of values, as the database has it; a value that lacks it where it has none."""
    values = [arg for arg in args if isinstance(arg, Value)]
    first = values[0]
    template = first.dialect.functions.get(name)
    if template is None:
        return Value(first.dialect, "", ATOM, next((v.lacking for v in values if v.lacking), name))
    plain = re.fullmatch(r"\w+\(.*\)", template) is not None
    alone = plain and len(args) == 1
    texts = [first.of(arg).text if alone else first.of(arg).atom for arg in args]
    strength = ATOM if plain or template.startswith("CASE") else PRODUCT
    return first.made(template.format(*texts), strength, *args)


def reciprocal(x: Any) -> Any:
    """1 / x of a number that is never 0."""
    return x.made(f"{x.of(1.0).text} / {x.atom}", PRODUCT) if isinstance(x, Value) else 1.0 / x


def require(value: Any, what: str) -> Any:
    """The value, if there is SQL for it.

    Raises
    ------
    OptionError
        If the database has no function that it needs.
    """
    if isinstance(value, Value) and value.lacking:
        raise OptionError(
            f"{what} has no SQL in {value.dialect.title}: it needs the function {value.lacking!r}, which that has not "
            "to full precision. Predict with fit.predict, or fit with a link whose inverse the database has"
        )
    return value
