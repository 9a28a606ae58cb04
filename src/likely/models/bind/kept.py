"""The rows of many batches as one: in memory where they fit, else in files that are mapped to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from likely.compute.blocks import Blocks, Matrix
from likely.compute.parts import Dense, Indicators, Part
from likely.compute.store import Store
from likely.errors import DataError, OptionError
from likely.models.rows import Rows


def keep(batches: Iterable[Rows], store: Store) -> Rows:
    """The rows of all batches, one after the other.

    Their arrays are those that one table of all rows gives, so that sums over them go through the same blocks and have
    the same digits, wherever the arrays lie.

    Parameters
    ----------
    batches : iterable of Rows
        Of one model.
    store : Store
        Where their arrays are kept.

    Raises
    ------
    DataError
        If there are no rows, or files cannot hold them.
    """
    n, arrays = 0, None
    rows: Rows | None = None
    for rows in batches:
        found: list[Any] = []
        _with_arrays(rows, lambda values, found=found: found.append(values) or values)  # type: ignore[misc]
        if arrays is not None and len(found) != arrays:
            raise DataError(f"a batch consists of {len(found)} arrays, and those before it of {arrays}")
        arrays = len(found)
        for number, values in enumerate(found):
            store.add(number, values)
        n += rows.n
    if rows is None or arrays is None:
        raise DataError("there are no rows")
    numbers = iter(range(arrays))
    return replace(_with_arrays(rows, lambda _: store.array(next(numbers))), n=n)


def _with_arrays(rows: Rows, function: Callable[[Any], Any]) -> Rows:
    """The rows with a function of every array of one value, or line, for each row; those that are shared stay so."""
    made: dict[int, Any] = {}

    def of(values: Any) -> Any:
        if not isinstance(values, np.ndarray) or not values.ndim:
            return values
        if id(values) not in made:
            made[id(values)] = function(values)
        return made[id(values)]

    def of_matrix(x: Matrix) -> Matrix:
        if not isinstance(x, Blocks):
            return of(x)
        if id(x) not in made:
            made[id(x)] = Blocks(tuple(of_part(part) for part in x.parts), x.columns)
        return made[id(x)]

    def of_part(part: Part) -> Part:
        match part:
            case Dense():
                return Dense(of(part.array))
            case Indicators():
                return Indicators(of(part.codes), part.width, of(part.values))
        raise OptionError("a sparse matrix of predictors is no table in pieces: read the data into memory")

    def of_each(values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: of(one) for name, one in values.items()}

    return Rows(
        rows.n,
        of(rows.y),
        of(rows.weights),
        {label: of_matrix(x) for label, x in rows.designs.items()},
        of_each(rows.offsets),
        of_each(rows.known),
        of(rows.units),
        of_each(rows.columns),
    )
