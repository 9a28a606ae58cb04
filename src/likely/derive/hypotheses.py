"""Hypotheses as text: linear equations in the names of the estimates."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import final

from likely.derive.naming import NUMBER, Form, Names
from likely.errors import OptionError, unknown

WORD = re.compile(r"[^\s=,;+*/]+")


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


def text(form: Form) -> str:
    """An equation as it is shown."""
    parts: list[str] = []
    for name, c in form.items():
        if not name or c == 0.0:
            continue
        factor = "" if abs(c) == 1.0 else f"{abs(c):g}*"
        sign = ("-" if c < 0 else "") if not parts else (" - " if c < 0 else " + ")
        parts.append(f"{sign}{factor}{name}")
    return f"{''.join(parts) or '0'} = {-form.get('', 0.0) + 0.0:g}"


@final
class _Parser:
    """Linear equations in names that may themselves hold dots, brackets, parentheses, commas and signs."""

    def __init__(self, text: str, names: Names) -> None:
        if not isinstance(text, str) or not text.strip():
            raise OptionError(f"a hypothesis is text such as {(names.names or ['p'])[0] + ' = 0'!r}, found {text!r}")
        self.text, self.names, self.at = text, names, 0

    def equations(self) -> list[Form]:
        """Left side minus right side of every equation."""
        forms: list[Form] = []
        while True:
            sides = [self._sum()]
            while self._take("==") or self._take("="):
                sides.append(self._sum())
            if len(sides) == 1:
                raise self._error("an equation needs '=': write for instance '... = 0'")
            forms += [_plus(a, b, -1.0) for a, b in pairwise(sides)]
            if not self._take(",") and not self._take(";"):
                break
        if self._rest():
            raise self._error(f"cannot read {self._rest()!r}")
        return forms

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
                        "two estimates are multiplied: a hypothesis is linear; fit.delta takes any function"
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
            return {"": float(match.group())}
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
        return OptionError(f"cannot read the hypothesis {self.text!r}: {what}")


def _plus(a: Form, b: Form, sign: float) -> Form:
    out = dict(a)
    for name, c in b.items():
        out[name] = out.get(name, 0.0) + sign * c
    return out
