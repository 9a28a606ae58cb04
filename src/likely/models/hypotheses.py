"""Hypotheses as text: linear equations in the names of the estimates."""

from __future__ import annotations

import math
import re
import sys
from itertools import pairwise
from typing import final

from likely.errors import OptionError, unknown
from likely.models.naming import NUMBER, Form, Names

WORD = re.compile(r"[^\s=<>,;+*/]+")


def equations(hypothesis: str, names: Names) -> list[Form]:
    """Left side minus right side of every equation.

    Raises
    ------
    OptionError
        If the text cannot be read.
    UnknownNameError
        If a name is not among those given.
    """
    return _Parser(hypothesis, names).equations()


def relations(text: str, names: Names) -> list[tuple[Form, bool]]:
    """Equations and inequalities: left side minus right side, with whether that is 0 (True) or at most 0 (False).

    Raises
    ------
    OptionError
        If the text cannot be read.
    UnknownNameError
        If a name is not among those given.

    Examples
    --------
    >>> relations("a = b, 0 <= a <= 1", Names(["a", "b"]))
    [({'a': 1.0, 'b': -1.0}, True), ({'': 0.0, 'a': -1.0}, False), ({'a': 1.0, '': -1.0}, False)]
    """
    return _Parser(text, names, ("constraints are", "the constraints")).relations()


def text(form: Form, relation: str = "=") -> str:
    """An equation as it is shown, or another relation."""
    parts: list[str] = []
    for name, c in form.items():
        if not name or c == 0.0:
            continue
        factor = "" if abs(c) == 1.0 else f"{abs(c):g}*"
        sign = ("-" if c < 0 else "") if not parts else (" - " if c < 0 else " + ")
        parts.append(f"{sign}{factor}{name}")
    return f"{''.join(parts) or '0'} {relation} {-form.get('', 0.0) + 0.0:g}"


@final
class _Parser:
    """Linear equations in names that may themselves hold dots, brackets, parentheses, commas and signs."""

    def __init__(self, text: str, names: Names, words: tuple[str, str] = ("a hypothesis is", "the hypothesis")) -> None:
        if not isinstance(text, str) or not text.strip():
            raise OptionError(f"{words[0]} text such as {(names.names or ['p'])[0] + ' = 0'!r}, found {text!r}")
        self.text, self.names, self.at, self.words = text, names, 0, words

    def equations(self) -> list[Form]:
        """Left side minus right side of every equation."""
        return [form for form, _ in self.relations(("==", "="))]

    def relations(self, signs: tuple[str, ...] = ("==", "<=", ">=", "=", "<", ">")) -> list[tuple[Form, bool]]:
        """Left side minus right side of every relation, turned so that it is at most 0; whether it is 0."""
        found: list[tuple[Form, bool]] = []
        while True:
            sides, between = [self._sum()], list[str]()
            while (sign := next((s for s in signs if self._take(s)), "")) != "":
                between.append(sign)
                sides.append(self._sum())
            if not between:
                either = "'=', '<=' or '>='" if "<=" in signs else "'='"
                raise self._error(f"an equation needs {either}: write for instance '... = 0'")
            for (a, b), sign in zip(pairwise(sides), between, strict=True):
                form, is_equal = _plus(b, a, -1.0) if sign in (">=", ">") else _plus(a, b, -1.0), sign in ("=", "==")
                if is_equal and _out_of_range(form):
                    raise self._error(f"{text(form)} asks for a value that no float holds")
                found.append((form, is_equal))
            if not self._take(",") and not self._take(";"):
                break
        if self._rest():
            raise self._error(f"cannot read {self._rest()!r}")
        return found

    def _sum(self) -> Form:
        form = self._product()
        while True:
            if self._take("+"):
                form = _plus(form, self._product(), 1.0)
            elif self._take("-"):
                form = _plus(form, self._product(), -1.0)
            else:
                return form

    def _product(self) -> Form:
        form = self._factor()
        while True:
            if self._take("*"):
                other = self._factor()
                if any(form.keys() - {""}) and any(other.keys() - {""}):
                    raise self._error(
                        "two estimates are multiplied: only linear relations can be read; fit.delta takes any function"
                    )
                if any(form.keys() - {""}):
                    form, other = other, form
                form = {name: form.get("", 0.0) * c for name, c in other.items()}
            elif self._take("/"):
                other = self._factor()
                if any(other.keys() - {""}) or other.get("", 0.0) == 0.0:
                    raise self._error("only a number other than 0 can be divided by")
                form = {name: c / other[""] for name, c in form.items()}
            else:
                return form

    def _factor(self) -> Form:
        if self._take("-"):
            return {name: -c for name, c in self._factor().items()}
        if self._take("+"):
            return self._factor()
        self._skip()
        if (found := self.names.match(self.text, self.at)) is not None:
            self.at, form = found
            return form
        if self._take("("):
            form = self._sum()
            if not self._take(")"):
                raise self._error("a parenthesis is not closed")
            return form
        if match := NUMBER.match(self.text, self.at):
            self.at = match.end()
            if not math.isfinite(value := float(match.group())):
                raise self._error(f"no float can hold {match.group()}")
            return {"": value}
        if match := WORD.match(self.text, self.at):
            raise unknown("estimate", match.group(), self.names.names)
        raise self._error("the text ends too early" if not self._rest() else f"cannot read {self._rest()!r}")

    def _take(self, sign: str) -> bool:
        self._skip()
        if self.text.startswith(sign, self.at):
            self.at += len(sign)
            return True
        return False

    def _skip(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def _rest(self) -> str:
        return self.text[self.at :].strip()

    def _error(self, what: str) -> OptionError:
        return OptionError(f"cannot read {self.words[1]} {self.text!r}: {what}")


def _plus(a: Form, b: Form, sign: float) -> Form:
    out = dict(a)
    for name, c in b.items():
        out[name] = out.get(name, 0.0) + sign * c
    return out


def _out_of_range(form: Form) -> bool:
    """Whether an equation asks for values beyond the largest float."""
    most = max((abs(c) for name, c in form.items() if name), default=0.0)
    return 0.0 < most < 1.0 and abs(form.get("", 0.0)) > most * sys.float_info.max
