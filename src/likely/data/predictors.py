"""The columns that a formula uses, as formulaic is to see them: floats, text or levels, and nothing else."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from likely.compute.engines import memory
from likely.data.columns import NUMBERS, examples_of, not_a_label
from likely.data.formula import compared_with_text, in_arithmetic, labelled, looked_up, token, unknown_column
from likely.data.reading import Reading
from likely.data.tables import Table, missing
from likely.errors import DataError, TextColumnWarning
from likely.errors.kinds import is_flag, is_number
from likely.namespace.arrays import Booleans, Floats, Integers

STACKED = 4096  # rows at a time, so that what is written stays in the cache


def needed_columns(names: Sequence[str], table: Table, formula: Any) -> dict[str, Any]:
    """The columns that a formula uses, as formulaic is to see them."""
    check_variables(names, table, " in the formula")
    as_levels, computed = labelled(formula), in_arithmetic(formula)
    used, texts = computed | looked_up(formula), compared_with_text(formula)
    out = {}
    for name in names:
        if name not in as_levels:
            values = plain(name, table, name in computed, compared=name not in used)
        elif (values := table.text(name)) is None:
            values = table.labels(name)
        if name in texts:
            require_text(name, values)
        if not hasattr(values, "codes") and values.dtype == object and (declared := table.levels(name)):
            import pandas as pd

            values = pd.Categorical(values, categories=declared)
        out[name] = values
    return out


def absent(name: str, values: Any, table: Table, formula: Any) -> Booleans:
    """Where a column, as `needed_columns` gives it, has no value."""
    as_labels = name in labelled(formula) and table.text(name) is None
    return missing(table.column(name) if as_labels else values)


def plain(name: str, table: Table, computed: bool, where: str = "", compared: bool = False) -> Any:
    """A column outside C(...): floats, or text; anything else is refused.

    Parameters
    ----------
    computed : bool
        Whether the formula computes with it, so that it must be numbers.
    compared : bool
        Whether the formula only compares it with texts.
    """
    text = table.text(name)
    values = table.column(name) if text is None else text
    if text is None and values.dtype.kind in "fiub":
        return np.asarray(values, dtype=float)
    if computed:
        return table.number(name, where)
    if text is None and table.cells(name) is None:
        _check_objects(name, [v for v in values if v is not None], table, where)
        return values
    if compared:
        return values
    found = table.as_predictor(name)
    if isinstance(found, Reading):
        return table.number(name, where)
    if isinstance(found, str):
        raise DataError(f"column {name!r}{where} {found}; write C({name}) if each value is a level of its own")
    if found.doubt and name not in table.doubted:
        warn_levels(name, found.doubt)
        table.doubted.add(name)
    return values


def level_counts(values: Mapping[str, Any], as_levels: Iterable[str]) -> dict[str, int]:
    """How many levels the columns have that are levels: text, categoricals, and those in C(...)."""
    counts = {name: len(v.categories) for name, v in values.items() if hasattr(v, "codes")}
    return counts | {
        name: len(set(v.tolist()))
        for name, v in values.items()
        if name not in counts and (v.dtype == object or name in as_levels)
    }


def require_text(name: str, values: Any, where: str = "") -> None:
    """Raise where a formula compares numbers with text, which none of them would equal."""
    if not hasattr(values, "codes") and values.dtype != object:
        raise DataError(
            f"column {name!r}{where} holds numbers, and the formula compares it with text: compare it with a number"
        )


def warn_levels(name: str, doubt: str) -> None:
    """Warn of a column that is taken for labels and could be numbers."""
    warnings.warn(
        f"column {name!r} holds {doubt} and is taken for labels: convert it if they are numbers, or write C({name}) "
        "to say that each value is a level of its own",
        TextColumnWarning,
        stacklevel=6,
    )


def _check_objects(name: str, present: Sequence[Any], table: Table, where: str) -> None:
    """Refuse dates, lists and the like, and numbers among text; declared levels may be of any kind."""
    if table.levels(name):
        return
    if words := not_a_label(name, present):
        raise DataError(words + where)
    if mixed := [v for v in present if isinstance(v, NUMBERS) and not is_flag(v)]:
        texts = [v for v in present if isinstance(v, str)]
        raise DataError(
            f"column {name!r}{where} mixes numbers ({examples_of(mixed)}) and text ({examples_of(texts)}). Correct the "
            f"text, or name it if it means a missing value: na=[{examples_of(texts)}]; or write C({name}) if each "
            "value is a level of its own"
        )


def as_known(name: str, values: Any, known: Sequence[Any]) -> Any:
    """New values as the levels of the fit that equal them, as text or as numbers: 1 where the fit had True."""
    import pandas as pd

    text = hasattr(values, "codes")  # as `Table.text` gives it
    distinct = list(values.categories) if text else list(dict.fromkeys(values))
    same = among(distinct, known)
    if new := [value for value in distinct if value not in same]:
        raise DataError(
            f"column {name!r} has levels that the fit has not seen: {_shown(new)}. It knows {_shown(known)}"
        )
    place = {level: i for i, level in enumerate(known)}
    at = [place[same[value]] for value in distinct]
    codes = np.array(at, dtype=np.intp)[values.codes] if text else _codes(values, dict(zip(distinct, at, strict=True)))
    return pd.Categorical.from_codes(
        codes, categories=pd.Index(list(known), dtype=_kind_of(known), tupleize_cols=False)
    )


def as_numbers(levels: Any) -> Any:
    """Levels that are numbers, or yes and no, as these; others as they are."""
    return levels if levels.categories.dtype == object else np.asarray(levels.categories)[levels.codes]


def among(distinct: Iterable[Any], known: Sequence[Any]) -> dict[Any, Any]:
    """The level of the fit that each value is, for those that are one."""
    same: dict[Any, Any] = {level: level for level in known}
    written: dict[str, list[Any]] = {}
    for level in known:
        written.setdefault(_written(level), []).append(level)
    for value in distinct:
        alike = written.get(_written(value), [])
        if value not in same and len(alike) == 1:
            same[value] = alike[0]
    return same


def _codes(values: Any, place: dict[Any, int]) -> Integers:
    return np.fromiter((place[v] for v in values), dtype=np.intp, count=len(values))


def _kind_of(levels: Sequence[Any]) -> Any:
    kinds = {type(_item(level)) for level in levels}
    return next(iter(kinds)) if kinds in ({bool}, {int}, {float}) else object


def _written(value: Any) -> str:
    """A label as text, the same for a number and for the text that says it."""
    value = _item(value)
    if is_number(value):
        return f"{value:.17g}"
    return str(value).removesuffix(" 00:00:00")  # files have dates without the time of midnight


def _item(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def _shown(values: Sequence[Any], most: int = 12) -> str:
    items = [_item(v) for v in values[:most]]
    shown = ", ".join(repr(v) if isinstance(v, str | int | float) else str(v) for v in items)
    return shown + (f" and {len(values) - most} more" if len(values) > most else "")


def check_variables(needed: Sequence[str], table: Table, where: str) -> None:
    for name in needed:
        if name not in table:
            raise unknown_column(name, table.names, where)


def as_array(frame: Any, columns: Any = None) -> Floats:
    """Columns of a pandas DataFrame, all or those at some places, as a C-contiguous array of floats."""
    places = range(frame.shape[1]) if columns is None else columns
    return stacked([np.asarray(frame.iloc[:, int(j)], dtype=float) for j in places], len(frame))


def stacked(arrays: Sequence[Any], n: int) -> Floats:
    """Columns of n values, or numbers that stand for one, as a C-contiguous array of floats."""
    return stacked_and_summed(arrays, n)[0]


def stacked_and_summed(arrays: Sequence[Any], n: int) -> tuple[Floats, Floats]:
    """The same with the sums of the columns, which tell whether all values are finite, while they are in the cache."""
    out, ones = np.empty((n, len(arrays))), np.ones(STACKED)

    def block(lo: int, hi: int) -> tuple[Any, ...]:
        for j, values in enumerate(arrays):
            out[lo:hi, j] = values[lo:hi] if np.ndim(values) else values
        with np.errstate(all="ignore"):
            return (ones[: hi - lo] @ out[lo:hi],)

    with np.errstate(all="ignore"):
        return out, memory.sum_blocks(block, n, STACKED)[0]


def frame_of(columns: dict[str, Any], n: int) -> Any:
    """Columns as a pandas DataFrame with names that formulaic reads as they are."""
    import pandas as pd

    return pd.DataFrame({token(name): values for name, values in columns.items()}, index=None if columns else range(n))
