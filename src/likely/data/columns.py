"""One column as an array: numbers where they are numbers, and words for what is not."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from likely.data.cells import Cell
from likely.data.levels import Levels, occurring_levels
from likely.data.reading import Reading, read_all
from likely.data.texts import Texts
from likely.errors import DataError, TextColumnWarning
from likely.errors.kinds import is_flag
from likely.namespace.arrays import Booleans, Floats, Integers

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
    if array.dtype.kind in "Mm" and np.datetime_data(array.dtype)[0] != "D":  # Python's own dates have no nanoseconds
        array = array.astype(f"{array.dtype.kind}8[us]")
    return from_objects(array.tolist())


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
        if present and all(is_flag(v) for v in present):
            if len(present) == len(absent):
                return np.array(present, dtype=bool), False
            return np.array([np.nan if out else float(v) for v, out in zip(values, absent, strict=True)]), True
        if all(map(is_numeric, present)):
            try:  # also where nothing is present: all values are missing
                return np.array([np.nan if out else float(v) for v, out in zip(values, absent, strict=True)]), False
            except OverflowError as error:
                raise DataError(f"a number that is too large for floating point: {error}") from error
    kept = (None if out else v for v, out in zip(values, absent, strict=True))
    return np.fromiter(kept, dtype=object, count=len(absent)), False


def is_numeric(value: Any) -> bool:
    """Whether a value is a real number, of Python or NumPy; a duration of NumPy is none."""
    return isinstance(value, NUMBERS) and not isinstance(value, (np.complexfloating, np.timedelta64))


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


def numbers(values: Any, name: str) -> Floats:
    """A column as floats, or an error that shows what is in it; text that says numbers is read, with a warning."""
    if values.dtype.kind in "fiub":
        return np.ascontiguousarray(values, dtype=float)
    if found := texts_in(values):
        cells, codes = found
        return spread(read_all(cells.cells, chosen(cells, name), name), codes)
    present = [v for v in values if v is not None]
    if not present:
        return np.full(len(values), np.nan)
    if words := not_a_label(name, present):
        raise DataError(words)
    if all(map(is_numeric, present)):
        raise DataError(categorical_words(name, values))
    texts = [v for v in present if isinstance(v, str)]
    odd = [v for v in texts if Cell.of(v) is None] or texts
    markers = f"na=[{examples_of(odd)}]"
    advice = (
        f". Correct them, or, where they mean a missing value, name them: {markers}" if len(odd) < len(present) else ""
    )
    raise DataError(f"column {name!r} must hold numbers, found {examples_of(odd)}{advice}")


def categorical_words(name: str, values: Any, where: str = "") -> str:
    """What a categorical column holds where numbers are needed, and what to do about it."""
    present = [v for v in values if v is not None]
    if words := not_a_label(name, present):
        return words.replace(" holds ", " is a categorical of ", 1)
    kinds = {"text" if isinstance(v, str) else "yes and no" if is_flag(v) else "numbers" for v in present}
    texts = tuple(dict.fromkeys(v for v in present if isinstance(v, str)))
    if not texts:
        advice = f"convert it, e.g. df[{name!r}].astype(float)"
    elif kinds == {"text"} and isinstance(Texts(texts, np.ones(len(texts))).reading, Reading):
        advice = f"convert it, e.g. pandas.to_numeric(df[{name!r}].astype(str))"
    else:
        advice = YES_NO.format(name)
    return (
        f"column {name!r}{where} must hold numbers; it is a categorical of {' and '.join(sorted(kinds))} "
        f"({examples_of(present)}), whose values are levels: {advice}"
    )


def texts_in(values: Any) -> tuple[Texts, Any] | None:
    """The distinct cells of a column of text, and each row's place among them (-1: missing); None if it is not text."""
    place: dict[str, int] = {}
    codes = np.empty(len(values), dtype=np.intp)
    for i, value in enumerate(values):
        if value is None:
            codes[i] = -1
        elif isinstance(value, str):
            codes[i] = place.setdefault(value, len(place))
        else:
            return None
    return (Texts(tuple(place), counted(codes, len(place))), codes) if place else None


def counted(codes: Any, size: int) -> Integers:
    """How often each of so many codes occurs; -1 stands for none."""
    return np.bincount(np.asarray(codes, dtype=np.intp) + 1, minlength=size + 1)[1:]


def spread(values: Any, codes: Any) -> Floats:
    """Values of distinct cells, row by row; NaN where there is none."""
    return np.append(values, np.nan)[codes]


def chosen(cells: Texts, name: str, where: str = "", signs: bool = True) -> Reading:
    """How a column of text is read as numbers, told in a warning; without `signs`, in no currency or percentages.

    Raises
    ------
    DataError
        If it cannot be, with the cells that stand in the way.
    """
    reading = cells.reading
    if isinstance(reading, str):
        yes_no = "" if cells.mostly_numbers or cells.dates or cells.unit else f"; {YES_NO.format(name)}"
        raise DataError(f"column {name!r}{where} must hold numbers; it {reading}{yes_no}")
    if not signs and (reading.currency or reading.percent):
        sign = reading.currency or "%"
        raise DataError(
            f"column {name!r}{where} holds {reading.example!r}, and the fit used numbers without {sign!r}: write these "
            "cells as the numbers that the fit used"
        )
    if cells.marked and reading.plain:
        return reading
    warnings.warn(
        f"column {name!r}{where} holds text and is read as numbers: {reading.wording}",
        TextColumnWarning,
        stacklevel=6,
    )
    return reading


YES_NO = "for a yes/no column, compare it: df[{!r}] == ..."


def examples_of(values: Sequence[Any], most: int = 3) -> str:
    """The first distinct values, as a message shows them."""
    shown = dict.fromkeys(repr(v.item() if hasattr(v, "item") else v)[:60] for v in values[:1000])
    return ", ".join(list(shown)[:most])


def check_labels(name: str, values: Any) -> None:
    """Raise DataError for values that cannot be told apart as labels: lists, dicts, arrays, complex numbers."""
    if values.dtype != object or set(map(type, values)) <= {str, int, float, bool, type(None)}:
        return
    for value in values:
        if (
            isinstance(value, (complex, np.complexfloating))
            or not hasattr(type(value), "__hash__")
            or (type(value).__hash__ is None)
        ):
            raise DataError(not_a_label(name, [value]) or f"column {name!r} holds {value!r}, which is no label")


def not_a_label(name: str, present: Sequence[Any]) -> str | None:
    """What a column holds, if that is neither numbers, text nor yes and no; and what to do about it."""
    odd = [v for v in present if not isinstance(v, str) and not is_numeric(v)]
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
    if "interval" in kind:
        return (
            f"column {name!r} holds intervals such as {examples}: take their midpoints for numbers; as a predictor, "
            f"C({name}) makes each a level of its own"
        )
    if "complex" in kind:
        return f"column {name!r} holds complex numbers such as {examples}: take the real part or the modulus"
    return f"column {name!r} holds {type(odd[0]).__name__} values such as {examples}; it must hold numbers or text"


def codes(values: Any) -> Floats:
    """The labels of groups as whole numbers."""
    if values.dtype.kind == "O":
        place: dict[Any, int] = {}
        return np.array([place.setdefault(v, len(place)) for v in values.tolist()], dtype=float)
    return np.unique(values, return_inverse=True)[1].astype(float)


def missing(values: Any) -> Booleans:
    """Which values are missing (boolean array)."""
    if hasattr(values, "codes"):  # text, as `Table.text` gives it
        return np.asarray(values.codes) < 0
    if values.dtype.kind == "f":
        return np.isnan(values)
    if values.dtype.kind == "O":
        return np.fromiter((v is None for v in values), dtype=bool, count=len(values))  # as columns hold it
    return np.zeros(len(values), dtype=bool)


def as_labels(values: Any, name: str, yes_no: bool) -> Any:
    """A column as labels: yes and no, and whole numbers, are these whether or not some values are missing."""
    if values.dtype.kind != "f":
        check_labels(name, values)
        return values
    present = ~np.isnan(values)
    if yes_no:
        plain = values == 1.0
    elif np.all(np.abs(values[present]) < 2**53) and np.all(values[present] == np.floor(values[present])):
        plain = np.where(present, values, 0.0).astype(np.int64)
    else:
        return values
    if present.all():
        return plain
    out = plain.astype(object)
    out[~present] = None
    return out


def some_of(values: Any, yes_no: bool, levels: Levels | None, insists: bool) -> tuple[Any, bool, Levels | None]:
    """Some values of a column, as they would have been read without the others; whether yes or no, and its levels."""
    if levels or insists:
        present = set(values.tolist())
        return values, yes_no, occurring_levels([level for level in levels or () if level in present], levels)
    if values.dtype.kind == "O" and len(values):
        return *from_objects(values.tolist()), None
    if yes_no and not np.any(np.isnan(values)):
        return values.astype(bool), False, None
    return values, yes_no, None
