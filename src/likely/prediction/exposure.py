"""Exposures of a fit: offsets of its first parameter whose exponentials the parameter is proportional to."""

from __future__ import annotations

from typing import Any

from likely.data import design as designs
from likely.models.model import Model


def is_exposure(spec: Any) -> bool:
    """Whether an offset under a log link is an exposure: the logarithm of an expression, or numbers for the rows."""
    return not isinstance(spec, str) or inside_log(spec) is not None


def inside_log(text: str) -> str | None:
    """The expression of which a text is the logarithm as a whole; None for any other.

    >>> inside_log("log(t / 2)"), inside_log("log(t) + log(u)")
    ('t / 2', None)
    """
    text = text.strip().removeprefix("np.")
    if not text.startswith("log(") or not text.endswith(")"):
        return None
    depth = 0
    for place, sign in enumerate(text):
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if sign == ")" and depth == 0 and place < len(text) - 1:
            return None
    return text[4:-1].strip()


def exposures(model: Model) -> list[Any]:
    """The offsets of a model that are exposures; none unless its first parameter has a log link."""
    if not model.slots or model.slots[0].link.name != "log" or model.slots[0].entry is not None:
        return []
    return [spec for spec in model.slots[0].offset or () if is_exposure(spec)]


def columns_of(specs: list[Any]) -> list[str]:
    """The data columns that some exposures are made of."""
    return list(dict.fromkeys(v for spec in specs if isinstance(spec, str) for v in designs.variables(spec)))


def described(specs: list[Any]) -> str:
    """Exposures in words: what they were given as, or "exposure" for numbers without a name."""
    names = [(inside_log(spec) or "").strip("`") if isinstance(spec, str) else "exposure" for spec in specs]
    return ", ".join(dict.fromkeys(names))
