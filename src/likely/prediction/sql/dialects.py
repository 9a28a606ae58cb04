"""The SQL of each database: how names, texts and numbers are written, and which functions it has."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

from likely.errors import OptionError, is_one_of, unknown
from likely.errors.kinds import is_flag, is_whole


@final
@dataclass(frozen=True)
class Dialect:
    """The SQL of one database.

    Attributes
    ----------
    title : str
    mark : str
        What stands around the name of a column; doubled within.
    real : str
        A column as a number of double precision, by its quoted name.
    number : str
        A number of double precision, by its digits with an exponent.
    infinity : str
        The largest number of all.
    finite : str
        Whether a column holds a number that is neither infinite nor NaN, by its quoted name and as a number.
    truth : (str, str)
        No and yes.
    functions : mapping of str to str
        How functions are called, by their names in likely's namespaces.
    compared : str
        A column as texts are compared with it, letter by letter; by its quoted name.
    backslash : bool
        Whether a backslash in a text may mean something by itself.
    any_case : bool
        Whether names that differ in upper and lower case alone are one name.
    typed : bool
        Whether a column holds values of one type.
    """

    title: str
    mark: str
    real: str
    number: str
    infinity: str
    finite: str
    truth: tuple[str, str]
    functions: Mapping[str, str]
    compared: str = "{0}"
    backslash: bool = False
    any_case: bool = True
    typed: bool = True

    def name(self, text: str) -> str:
        """A column or a table by its name, whatever is in it.

        Raises
        ------
        OptionError
            If no database can have such a name.
        """
        if not text or "\0" in text:
            raise OptionError(f"{text!r} can be no name in {self.title}: rename the column")
        return self.mark + text.replace(self.mark, 2 * self.mark) + self.mark

    def text(self, value: str) -> str:
        """A text, whatever is in it.

        Raises
        ------
        OptionError
            If no database can have it.
        """
        if "\0" in value:
            raise OptionError(f"{self.title} has no text with a character of code 0, such as {value!r}")
        quoted = "'" + value.replace("'", "''") + "'"
        return "E" + quoted.replace("\\", "\\\\") if self.backslash and "\\" in value else quoted

    def literal(self, value: float) -> str:
        """A number of double precision, to its last digit; NULL for NaN."""
        if math.isnan(value):
            return "NULL"
        if math.isinf(value):
            return self.infinity if value > 0 else f"-{self.infinity}"
        digits = repr(float(value))
        return self.number.format(digits if "e" in digits else f"{digits}e0")

    def level(self, value: Any) -> str:
        """A level of a column: a text, yes or no, or a number."""
        if isinstance(value, str):
            return self.text(value)
        if is_flag(value):
            return self.truth[bool(value)]
        return str(int(value)) if is_whole(value) else self.literal(float(value))


_SAME = {
    name: name + "({0})"
    for name in "exp sqrt abs sign floor ceil sin cos tan asin acos atan sinh cosh tanh asinh atanh ln".split()
} | {"power": "power({0}, {1})"}

DIALECTS = {
    "duckdb": Dialect(
        title="DuckDB",
        mark='"',
        real="{0}::DOUBLE",
        number="{0}",
        infinity="'Infinity'::DOUBLE",
        finite="abs({1}) <= 1.7976931348623157e308",
        truth=("FALSE", "TRUE"),
        functions={**_SAME, "expit": "1e0 / (1e0 + exp(-{0}))", "odds": "exp({0})", "gammaln": "lgamma({0})"},
    ),
    "postgres": Dialect(
        title="PostgreSQL",
        mark='"',
        real="{0}::float8",
        number="{0}::float8",
        infinity="'Infinity'::float8",
        finite="abs({1}) <= 1.7976931348623157e308::float8",
        truth=("FALSE", "TRUE"),
        functions={
            **_SAME,  # its exp refuses to give what is less than the smallest number, or more than the largest
            "exp": "CASE WHEN {0} < -745e0 THEN 0e0::float8 ELSE exp({0}) END",
            "odds": "CASE WHEN {0} > 709e0 THEN 'Infinity'::float8 WHEN {0} < -745e0 THEN 0e0::float8 "
            "ELSE exp({0}) END",
            "expit": "CASE WHEN abs({0}) > 700e0 THEN exp(greatest(least({0}, 0e0::float8), -745e0::float8)) "
            "ELSE 1e0::float8 / (1e0::float8 + exp(-{0})) END",
            "ndtr": "0.5e0::float8 * erfc({0} / -1.4142135623730951e0::float8)",
        },
        backslash=True,
        any_case=False,
    ),
    "sqlite": Dialect(
        title="SQLite",
        mark="`",  # a name in double quotes that is no column would be a text
        real="CAST({0} AS REAL)",
        number="{0}",
        infinity="9e999",
        finite="(typeof({0}) IN ('integer', 'real') AND abs({1}) <= 1.7976931348623157e308)",
        truth=("0", "1"),
        functions={**_SAME, "expit": "1e0 / (1e0 + exp(-{0}))", "odds": "exp({0})"},
        compared="{0} COLLATE BINARY",
        typed=False,
    ),
}


def find(name: Any) -> Dialect:
    """The dialect of that name.

    Raises
    ------
    UnknownNameError
        If there is none.

    Examples
    --------
    >>> find("duckdb").name('a"b'), find("sqlite").name("a`b"), find("postgres").text("it's")
    ('"a""b"', '`a``b`', "'it''s'")
    """
    if not is_one_of(name, DIALECTS):
        raise unknown("dialect of SQL", name, DIALECTS, aliases=("postgresql",))
    return DIALECTS[name]
