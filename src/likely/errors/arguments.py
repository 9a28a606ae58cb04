"""Which argument of a call is not what its annotation asks for: asked where a call has failed, and told in words."""

from __future__ import annotations

import inspect
import math
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from likely.errors.kinds import is_flag, is_number, is_whole

LARGEST = 10**308  # whole numbers about as large as a float can hold
NAMES: Mapping[Any, str] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "True or False",
    None: "None",
    type(None): "None",
    Path: "a path",
    Mapping: "a dict",
    dict: "a dict",
    Sequence: "a list",
    list: "a list",
    tuple: "a tuple",
    Callable: "a function",
}


def wrong_argument(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], error: Exception
) -> str | None:
    """What to say of the first argument that is of another type than it should be, or a number beyond all floats.

    Parameters
    ----------
    function : callable
    args, kwargs
        Of the call.
    error : Exception
        How it ended; a function that was given and takes other arguments is told from it.

    Returns
    -------
    str or None
        None where nothing is wrong with any argument, as far as annotations tell.
    """
    try:
        given: Mapping[str, Any] = inspect.signature(function).bind(*args, **kwargs).arguments
    except TypeError:  # a name that is both an argument by place and one of those that are gathered
        given = kwargs
    for name, parameter in inspect.signature(function).parameters.items():
        if name not in given or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        expected = _annotation(function, parameter.annotation)
        if expected is not None and not _fits(given[name], expected):
            return f"{name} must be {_words(expected)}, found {_shown(given[name])}"
    for name, value in _by_name(function, given):
        called = getattr(value, "__qualname__", None)
        if isinstance(error, TypeError) and called and str(error).startswith(f"{called}()"):
            return f"{name} is called with other arguments than it takes: {error}"
        if (large := _too_large(value)) is not None:
            return f"{name} holds a number of {large} digits, and numbers end at about 1.8e308"
    return None


def _by_name(function: Callable[..., Any], given: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The arguments one by one, those that were gathered into one dict under their own names."""
    gathered = {p.name for p in inspect.signature(function).parameters.values() if p.kind is p.VAR_KEYWORD}
    out: list[tuple[str, Any]] = []
    for name, value in given.items():
        out += value.items() if name in gathered else [(name, value)]
    return out


def _annotation(function: Callable[..., Any], annotation: Any) -> Any:
    """An annotation as a type; None where it says nothing that can be checked."""
    if annotation is inspect.Parameter.empty:
        return None
    if not isinstance(annotation, str):
        return annotation
    try:
        return eval(annotation, getattr(inspect.unwrap(function), "__globals__", {}))
    except Exception:  # names that only type checkers know
        return None


def _fits(value: Any, expected: Any) -> bool:
    """Whether a value is of a type; True where that cannot be told."""
    origin = typing.get_origin(expected)
    if origin in (typing.Union, types.UnionType):
        return any(_fits(value, one) for one in typing.get_args(expected))
    if origin is typing.Literal:
        return isinstance(value, (str, int, bool, types.NoneType)) and value in typing.get_args(expected)
    if expected is Any:
        return True
    if expected is None or expected is type(None):
        return value is None
    if expected is float:
        return (is_number(value) or is_flag(value)) and not _too_large(value)
    if expected is int:
        return is_whole(value) or is_flag(value)
    if expected is bool:
        return is_flag(value)
    kind = origin or expected
    return not isinstance(kind, type) or getattr(kind, "_is_protocol", False) or isinstance(value, kind)


def _words(expected: Any) -> str:
    origin = typing.get_origin(expected)
    if origin in (typing.Union, types.UnionType):
        parts = list(dict.fromkeys(_words(one) for one in typing.get_args(expected)))
        return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} or {parts[-1]}"
    if origin is typing.Literal:
        return " or ".join(map(repr, typing.get_args(expected)))
    kind = origin or expected
    return NAMES.get(kind, f"{getattr(kind, '__name__', kind)}")


def _shown(value: Any) -> str:
    """A value, short, with its type where it is no plain one."""
    if value is None or isinstance(value, (str, bool, int, float)):
        text = repr(value) if not _too_large(value) else "a whole number beyond all floats"
        return text if len(text) <= 60 else f"{text[:57]}..."
    name = type(value).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


def _too_large(value: Any, depth: int = 3) -> int | None:
    """The number of digits of a whole number that no float can hold, also inside lists and dicts."""
    if isinstance(value, int):
        return math.ceil(value.bit_length() * math.log10(2.0)) if abs(value) > LARGEST else None
    if depth and isinstance(value, (list, tuple, dict)):
        inner = value.values() if isinstance(value, dict) else value
        return next((large for one in inner if (large := _too_large(one, depth - 1)) is not None), None)
    return None
