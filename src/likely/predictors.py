"""The columns that a formula uses, as formulaic is to see them: floats, text or levels, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from likely.columns import NUMBERS, examples_of, is_number, not_a_label
from likely.errors import DataError, listed
from likely.formula import labelled, token, unknown_column
from likely.tables import Table, missing


def needed_columns(names: Sequence[str], table: Table, formula: Any) -> dict[str, tuple[Any, Any]]:
    """The columns that a formula uses, as formulaic is to see them, and where each is missing."""
    check_variables(names, table, " in the formula")
    as_levels = labelled(formula)
    out = {}
    for name in names:
        if (text := table.text(name)) is not None:
            if name not in as_levels and not table.levels(name):
                _check_text(name, text.categories, table.n)
            out[name] = text, missing(text)
            continue
        gone = missing(table.column(name))
        values = table.labels(name) if name in as_levels else plain(name, table, formula, "")
        if values.dtype == object and (declared := table.levels(name)):
            import pandas as pd

            values = pd.Categorical(values, categories=declared)
        out[name] = values, gone
    return out


def plain(name: str, table: Table, formula: Any, where: str) -> Any:
    """A column outside C(...): floats, or text; anything else is refused."""
    values = table.column(name)
    if values.dtype.kind in "fiub":
        return np.asarray(values, dtype=float)
    if not set(map(type, values)) <= {str, type(None)}:
        _check_objects(name, [v for v in values if v is not None], table, where)
    _check_text(name, list(dict.fromkeys(v for v in values if isinstance(v, str))), len(values))
    return values


def _check_objects(name: str, present: Sequence[Any], table: Table, where: str) -> None:
    """Refuse dates, lists and the like, and numbers among text; declared levels may be of any kind."""
    if words := not_a_label(name, present):
        raise DataError(words + where)
    if table.levels(name):
        return
    if mixed := [v for v in present if isinstance(v, NUMBERS) and not isinstance(v, (bool, np.bool_))]:
        texts = [v for v in present if isinstance(v, str)]
        raise DataError(
            f"column {name!r}{where} mixes numbers ({examples_of(mixed)}) and text ({examples_of(texts)}). Correct the "
            f"text or mark it as missing, or write C({name}) if each value is a level of its own"
        )


def as_known(name: str, values: Any, known: Sequence[Any]) -> Any:
    """New values as the levels of the fit that equal them: 1 where the fit had True."""
    same = {level: level for level in known}
    text = hasattr(values, "codes")  # as `Table.text` gives it
    new = [v for v in (values.categories if text else dict.fromkeys(values)) if v not in same]
    if new:
        advice = ""
        texts = {str(_item(level)) for level in known}
        if any(str(_item(v)) in texts for v in new):
            advice = f". They differ in type: {type(_item(new[0])).__name__}, not {type(_item(known[0])).__name__}"
        raise DataError(
            f"column {name!r} has levels that the fit has not seen: {_shown(new)}. It knows {_shown(known)}{advice}"
        )
    if text:
        return values.set_categories(list(known))
    out = np.fromiter((same[v] for v in values), dtype=object, count=len(values))
    kinds = {type(_item(level)) for level in known}
    return np.array(out.tolist()) if kinds <= {bool} or kinds <= {int} or kinds <= {float} else out


def _item(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def _shown(values: Sequence[Any], most: int = 12) -> str:
    shown = ", ".join(repr(_item(v)) for v in values[:most])
    return shown + (f" and {len(values) - most} more" if len(values) > most else "")


def check_variables(needed: Sequence[str], table: Table, where: str) -> None:
    for name in needed:
        if name not in table:
            raise unknown_column(name, table.names, where)


def _check_text(name: str, distinct: Sequence[str], n: int) -> None:
    """Refuse numbers written as text: as levels they would make a column each."""
    if len(distinct) > max(20, n // 4):
        odd = [v for v in distinct if not is_number(v)]
        if len(distinct) > 2 * len(odd):
            seen = f"; these are not numbers: {listed(odd, 5)}" if odd else ""
            raise DataError(
                f"column {name!r} holds numbers written as text ({listed(distinct, 3)}){seen}. Convert it before the "
                f"fit, or write C({name}) if each value is a level of its own"
            )


def as_array(frame: Any, columns: Any = None) -> Any:
    """Columns of a pandas DataFrame, all or those at some places, as a C-contiguous array of floats."""
    places = range(frame.shape[1]) if columns is None else columns
    arrays = [np.asarray(frame.iloc[:, int(j)], dtype=float) for j in places]
    out = np.empty((len(frame), len(arrays)))
    for lo in range(0, len(frame), 4096):  # a few rows at a time, so that what is written stays in the cache
        for j, values in enumerate(arrays):
            out[lo : lo + 4096, j] = values[lo : lo + 4096]
    return out


def frame_of(columns: dict[str, Any], n: int) -> Any:
    """Columns as a pandas DataFrame with names that formulaic reads as they are."""
    import pandas as pd

    return pd.DataFrame({token(name): values for name, values in columns.items()}, index=None if columns else range(n))
