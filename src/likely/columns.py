"""One column as an array: numbers where they are numbers, and words for what is not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from likely.errors import DataError

NUMBERS = (int, float, np.number, np.bool_, Decimal, Fraction)


def from_array(array: Any) -> tuple[Any, bool]:
    """A one-dimensional array as a column, and whether it holds yes and no as floats because some are missing."""
    if isinstance(array, np.ma.MaskedArray):
        mask = np.ma.getmaskarray(array)
        plain = np.asarray(array.data)
        if not mask.any():
            return from_array(plain)
        if plain.dtype.kind in "fiub":
            return np.where(mask, np.nan, plain.astype(float)), plain.dtype.kind == "b"
        return from_objects([None if m else v for v, m in zip(plain.tolist(), mask, strict=True)])
    if array.dtype.kind in "fiub":
        return np.asarray(array), False
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8", "replace")
    return from_objects(list(array) if array.dtype.kind in "Mm" else array.tolist())


def from_objects(values: Sequence[Any], convert: bool = True) -> tuple[Any, bool]:
    """Python objects as a column: floats, booleans, or objects with None for what is missing.

    >>> from_objects([1, None, 3])
    (array([ 1., nan,  3.]), False)
    >>> from_objects([True, None])
    (array([ 1., nan]), True)
    """
    kinds = set(map(type, values))
    if kinds <= {str, type(None)} and str in kinds:  # the usual case, and quick
        return np.fromiter(values, dtype=object, count=len(values)), False
    absent = [is_missing(v) for v in values]
    if convert:
        present = [v for v, out in zip(values, absent, strict=True) if not out]
        if present and all(isinstance(v, (bool, np.bool_)) for v in present):
            if len(present) == len(absent):
                return np.array(present, dtype=bool), False
            return np.array([np.nan if out else float(v) for v, out in zip(values, absent, strict=True)]), True
        if all(isinstance(v, NUMBERS) and not isinstance(v, np.complexfloating) for v in present):
            try:  # also where nothing is present: all values are missing
                return np.array([np.nan if out else float(v) for v, out in zip(values, absent, strict=True)]), False
            except OverflowError as error:
                raise DataError(f"a number is too large for floating point: {error}") from error
    kept = (None if out else v for v, out in zip(values, absent, strict=True))
    return np.fromiter(kept, dtype=object, count=len(absent)), False


def is_missing(value: Any) -> bool:
    """Whether a value stands for a missing one: None, NaN, pandas' NA and NaT, a masked one."""
    if value is None or value is np.ma.masked:
        return True
    if isinstance(value, str):
        return False
    if isinstance(value, (float, np.floating, Decimal)):
        return bool(value != value)
    if isinstance(value, (np.datetime64, np.timedelta64)):
        return bool(np.isnat(value))
    return type(value).__name__ in ("NAType", "NaTType")


def numbers(values: Any, name: str) -> Any:
    """A column as floats, or an error that shows what is in it."""
    if values.dtype.kind in "fiub":
        return np.ascontiguousarray(values, dtype=float)
    present = [v for v in values if v is not None]
    if words := not_a_label(name, present):
        raise DataError(words)
    examples = examples_of([v for v in present if not isinstance(v, NUMBERS)])
    raise DataError(
        f"column {name!r} must hold numbers, found text or objects such as {examples}{_advice(present, name)}"
    )


def _advice(present: Sequence[Any], name: str) -> str:
    texts = [v for v in present if isinstance(v, str)]
    wrong = [v for v in texts if not is_number(v)]
    if not wrong:
        return f"; it holds numbers written as text: convert it first, e.g. pandas.to_numeric(df[{name!r}])"
    stray: dict[str, None] = {}
    for text in wrong:
        left = re.sub(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", "", text).strip()
        if left == text.strip() or re.search(r"[^\W\d_]{4,}", left):  # no digits, or a word
            continue
        stray |= dict.fromkeys(re.findall(r"[^\W\d_]+|\S", left))
    if stray and len(texts) >= 2 * sum(not re.search(r"\d", text) for text in texts):
        characters = ", ".join(repr(c) for c in list(stray)[:5])
        return f"; these characters stand in the way of numbers: {characters}. Take them out and convert what is left"
    if len(present) > 2 * len(wrong):
        return "; the others are numbers: correct these, or mark them as missing"
    return f"; for a yes/no column, compare it: df[{name!r}] == ..."


def is_number(text: str) -> bool:
    """Whether a text reads as a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def examples_of(values: Sequence[Any], most: int = 3) -> str:
    """The first distinct values, as a message shows them."""
    shown = dict.fromkeys(repr(v.item() if hasattr(v, "item") else v)[:60] for v in values[:1000])
    return ", ".join(list(shown)[:most])


def not_a_label(name: str, present: Sequence[Any]) -> str | None:
    """What a column holds, if that is neither numbers, text nor yes and no; and what to do about it."""
    odd = [v for v in present if not isinstance(v, (str, *NUMBERS))]
    if not odd:
        return None
    kind, module = type(odd[0]).__name__.lower(), type(odd[0]).__module__
    examples = str(odd[0])[:60]
    if "delta" in kind:
        return f"column {name!r} holds durations such as {examples}: convert them to a number, e.g. days"
    if kind in ("date", "time", "datetime", "datetime64", "timestamp", "period") or module == "datetime":
        return (
            f"column {name!r} holds dates or times such as {examples}: convert them to a number first, e.g. days since "
            f"the first one; as a predictor, C({name}) makes each a level of its own"
        )
    if "complex" in kind:
        return f"column {name!r} holds complex numbers such as {examples}: take the real part or the modulus"
    return f"column {name!r} holds {type(odd[0]).__name__} values such as {examples}; it must hold numbers or text"
