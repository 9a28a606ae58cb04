"""The names of a fit's estimates as people write them.

An estimate is called ``p.C(segment)[T.b]``; people write ``C(segment)[b]``, ``segment[b]``, ``p.segment[b]`` as well,
and the reference level, whose coefficient is 0 by the coding. Every form is understood where it means one thing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, final

from likely.errors import OptionError, UnknownNameError, listed, unknown

if TYPE_CHECKING:
    from likely.data.design import Design
    from likely.estimates import Estimates
    from likely.models.model import Model
    from likely.models.slot import Slot

NUMBER = re.compile(r"\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?")
GOES_ON = re.compile(r"[\w.\[(:]")  # characters after which a name has not ended
LEVEL = re.compile(r"(?P<factor>.+)\[(?P<mark>[TS]\.)?(?P<level>[^\[\]]*)\]$", re.DOTALL)
FACTOR = re.compile(r"C\(\s*(?P<column>[^,()]+?)\s*(?:,.*)?\)$", re.DOTALL)

Form = dict[str, float]  # name -> coefficient; "" -> the constant


@final
class Names:
    """The estimates' names, and what else they may be called.

    Examples
    --------
    >>> import likely as lk
    >>> data = {"y": [1.0, 3.0, 2.0, 5.0, 4.0, 7.0], "g": list("abcabc"), "x": [1, 2, 3, 4, 5, 7]}
    >>> names = Names.of(lk.fit("normal", data, "y ~ C(g) + x"))
    >>> names.form("g[b]"), names.form("mean.C(g)[a]"), names.form("x"), names.form("sd")
    ({'mean.C(g)[T.b]': 1.0}, {}, {'mean.x': 1.0}, {'sd': 1.0})
    """

    def __init__(self, names: list[str], slots: Sequence[Slot] = ()) -> None:
        self.names, self._slots = names, slots
        self._own = _patterns(names)

    @classmethod
    def of(cls, fit: Estimates) -> Names:
        """The names of a fit's estimates."""
        return cls(fit.names, fit.likelihood.model.slots)

    def form(self, name: str) -> Form:
        """What a name stands for; empty for a reference level.

        Raises
        ------
        UnknownNameError
            If no estimate is called so.
        OptionError
            If several are.
        """
        found = self.match(str(name).strip(), 0)
        if found is None or found[0] != len(str(name).strip()):
            raise unknown("estimate", name, self.names)
        return found[1]

    def one(self, name: str) -> str:
        """The estimate that a name stands for."""
        form = self.form(name)
        if not form:
            raise UnknownNameError(f"{name!r} is the reference level: its coefficient is 0 and not estimated")
        return next(iter(form))

    def full(self, name: str) -> str:
        """The estimate that a name stands for, or the name itself if it is that of none."""
        found = self.match(str(name).strip(), 0)
        return self.one(name) if found is not None and found[0] == len(str(name).strip()) else name

    def match(self, text: str, at: int) -> tuple[int, Form] | None:
        """Where the longest name that starts at a place ends, and what it stands for."""
        for name, pattern in self._own:
            if (end := _end(pattern, text, at)) is not None:
                return end, {name: 1.0}
        for name, pattern in self._other:
            if (end := _end(pattern, text, at)) is not None:
                meanings = self._aliases[name]
                if len(meanings) > 1:
                    which = listed(next(iter(form), "a reference level") for form in meanings)
                    raise OptionError(f"{name!r} may mean {which}: write the full name")
                return end, dict(meanings[0])
        return None

    @cached_property
    def _other(self) -> list[tuple[str, re.Pattern[str]]]:
        return _patterns(list(self._aliases))

    @cached_property
    def _aliases(self) -> dict[str, list[Form]]:
        """Other names, each with all that it may mean."""
        found: dict[str, list[Form]] = {}
        own = set(self.names)
        for slot in self._slots:
            if slot.constant:
                continue
            columns = ("Intercept",) if slot.design is None else slot.design.names
            references = {} if slot.design is None else _references(slot.design)
            for column in columns:
                for text, zero in _variants(column, references):
                    form: Form = {} if zero else {f"{slot.label}.{column}": 1.0}
                    for name in (text, f"{slot.label}.{text}"):
                        if name in own or NUMBER.fullmatch(name):
                            continue
                        meanings = found.setdefault(name, [])
                        if form not in meanings:
                            meanings.append(form)
        return found


def _patterns(names: list[str]) -> list[tuple[str, re.Pattern[str]]]:
    """The names, longest first, with any space between their words."""
    ordered = sorted(names, key=len, reverse=True)
    return [(name, re.compile(r"\s*".join(map(re.escape, name.split())))) for name in ordered if name.strip()]


def _end(pattern: re.Pattern[str], text: str, at: int) -> int | None:
    match = pattern.match(text, at)
    return match.end() if match and not GOES_ON.match(text[match.end() : match.end() + 1]) else None


def parts_of(column: str) -> list[str]:
    """The factors of a column's name, which colons join outside brackets.

    >>> parts_of("x:C(g, Treatment('a:b'))[T.c:d]")
    ['x', "C(g, Treatment('a:b'))[T.c:d]"]
    """
    parts, depth = [""], 0
    for c in column:
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(c, 0)
        if c == ":" and depth == 0:
            parts.append("")
        else:
            parts[-1] += c
    return parts


def column_of(factor: str) -> str:
    """The data column of a factor: ``g`` of ``C(g, contr.sum)``.

    >>> column_of("C(g, contr.sum)"), column_of("g"), column_of("log(x)")
    ('g', 'g', 'log(x)')
    """
    match = FACTOR.fullmatch(factor)
    return match["column"].strip("`") if match else factor


def _references(design: Design) -> dict[str, list[str]]:
    """The levels of each factor in treatment coding that have no column."""
    levels = {name: [str(v) for v in seen] for name, seen in design.levels}
    shown: dict[str, set[str]] = {}
    for column in design.names:
        for part in parts_of(column):
            if (match := LEVEL.fullmatch(part)) and match["mark"] == "T.":
                shown.setdefault(match["factor"], set()).add(match["level"])
    return {factor: [v for v in levels.get(column_of(factor), []) if v not in seen] for factor, seen in shown.items()}


def references(model: Model) -> dict[str, str]:
    """The reference level of each data column in treatment coding, where it is the same everywhere."""
    found: dict[str, set[str]] = {}
    for slot in model.slots:
        for factor, missing in () if slot.design is None else _references(slot.design).items():
            found.setdefault(column_of(factor), set()).update(missing)
    return {column: next(iter(levels)) for column, levels in found.items() if len(levels) == 1}


def _variants(column: str, references: dict[str, list[str]]) -> Iterator[tuple[str, bool]]:
    """Other ways to write a column's name, each with whether it is that of a reference level."""
    choices: list[list[tuple[str, bool]]] = []
    for part in parts_of(column):
        match = LEVEL.fullmatch(part)
        if match is None:
            choices.append([(part, False)])
            continue
        factor, mark, level = match["factor"], match["mark"] or "", match["level"]
        plain = column_of(factor)
        heads = dict.fromkeys([factor, f"C({plain})", plain])
        levels = [(level, False), *((v, True) for v in (references.get(factor, []) if mark == "T." else []))]
        choices.append(
            [(f"{head}[{m}{v}]", zero) for head in heads for v, zero in levels for m in dict.fromkeys(["", mark])]
        )
    for chosen in product(*choices):
        yield ":".join(text for text, _ in chosen), any(zero for _, zero in chosen)
