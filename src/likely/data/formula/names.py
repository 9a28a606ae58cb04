"""Names of columns in formulas: of any kind, in backticks where they are no Python names.

Inside likely a formula stands in one form: a name that is no Python name is in backticks (`quote`). Only formulaic sees
tokens in the place of such names (`encode`, `decode`).
"""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Iterator, Sequence

from likely.data.formula.functions import CONTEXT, FROM_FORMULAIC, WHOLE_COLUMN
from likely.errors import DesignError, UnknownNameError, listed, unknown

# Letters, so they may stand in a Python name; Python leaves them as they are
DOT, ESCAPE, PLAIN = "\N{LISU LETTER TONE MYA TI}", "\N{LISU LETTER TONE NA PO}", "\N{LISU LETTER TONE MYA BO}"

RESERVED = {*CONTEXT, *FROM_FORMULAIC, *WHOLE_COLUMN, "np", "contr", "offset", "factor", "Intercept"}

LONGEST = 500_000  # characters of a formula


def shown(text: str, most: int = 200) -> str:
    """A formula as a message shows it: quoted, and cut where it is long."""
    return repr(text if len(text) <= most else text[:most] + "...")


_PIECES = re.compile(
    r"""`(?P<tick>[^`]*)`|(?P<text>'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")|(?P<word>[^\W\d][\w.]*)|(?P<number>\d[\w.]*)"""
    r"|(?P<space>\s+)|(?P<sign>\*\*|[<>=!]=|.)",
    re.DOTALL,
)


def pieces(formula: str) -> Iterator[tuple[str, str]]:
    """A formula cut into names in backticks, texts, words, numbers, space and signs."""
    if len(formula) > LONGEST:
        raise DesignError(
            f"the formula has {len(formula):,} characters ({shown(formula, 60)}), and {LONGEST:,} are the most: for "
            "many predictors pass a matrix of them"
        )
    for match in _PIECES.finditer(formula):
        kind = str(match.lastgroup)
        if match[0] == "`":
            raise DesignError(f"a backtick is not closed in {shown(formula)}")
        yield kind, match[kind]


def _awkward(name: str) -> bool:
    """Whether a column's name would not be read as that name."""
    return (
        not name.isidentifier()
        or keyword.iskeyword(name)
        or name in RESERVED
        or any(c in name for c in (DOT, ESCAPE, PLAIN))
        or unicodedata.normalize("NFKC", name) != name
    )


def token(name: str) -> str:
    """A Python name that stands for a column's name.

    >>> token("x"), decode(token("No. of rooms")), decode(token("0"))
    ('x', 'No. of rooms', '0')
    """
    if not _awkward(name):
        return name
    escaped = [c if c == "_" or (c.isascii() and c.isalnum()) else DOT if c == "." else _escape(c) for c in name]
    return PLAIN + "".join(escaped)


def _escape(c: str) -> str:
    return f"{ESCAPE}{ord(c):x}{ESCAPE}"


def decode(text: str) -> str:
    """A text with names in the place of their tokens."""
    text = text.replace(PLAIN, "").replace(DOT, ".")
    return re.sub(rf"{ESCAPE}([0-9a-f]+){ESCAPE}", lambda m: chr(int(m[1], 16)), text)


def ticked(name: str) -> str:
    return f"`{name}`" if _awkward(name) else name


def quote(formula: str, names: Sequence[str]) -> str:
    """A formula with its columns' names in backticks where they need them, such as R's names with dots.

    >>> quote("stack.loss ~ Air.Flow + log(x)", ["stack.loss", "Air.Flow", "x"])
    '`stack.loss` ~ `Air.Flow` + log(x)'
    """
    formula = re.sub(r"(?<![\w.])Q\(\s*(['\"])([^'\"`]*)\1\s*\)", lambda m: f"`{m[2]}`", formula)
    formula = re.sub(r"(?<![\w.])as\.factor\(", "factor(", formula)
    known, parts, out = set(names), list(pieces(formula)), []
    for i, (kind, text) in enumerate(parts):
        called = i + 1 < len(parts) and parts[i + 1][1] == "("
        if kind == "tick" or (kind == "word" and not called and text in known):
            out.append(ticked(text))
        else:
            out.append(text)
    return "".join(out)


def encode(formula: str) -> str:
    """A formula with tokens in the place of names in backticks."""
    return "".join(token(text) if kind == "tick" else text for kind, text in pieces(formula))


def unknown_column(name: str, names: Sequence[str], where: str) -> UnknownNameError:
    """An error for a column that is not there."""
    if name in WHOLE_COLUMN or name in RESERVED:
        return UnknownNameError(f"unknown column {name!r}{where}; there are {listed(names)}")
    return unknown("column", name, names, where)
