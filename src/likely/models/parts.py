"""A table and what was asked for it, cut into parts: each is what `likely.fit` would be given for its rows alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, final

import numpy as np

from likely.data.design import NamedMatrix
from likely.data.tables import Table
from likely.families import get_family
from likely.models.asked import Asked
from likely.models.selected_rows import SelectedRows, cluster_ways


@final
class Parts:
    """The rows of a table in another order, in runs of neighbours with the arguments that go with them.

    Parameters
    ----------
    asked : Asked
    table : Table
    order : ndarray of int
        Rows of the table, in the order in which they are cut.
    """

    def __init__(self, asked: Asked, table: Table, order: Any) -> None:
        self.table, self.order = table.arranged(order), order
        given = SelectedRows.of(table)

        def in_order(spec: Any, what: str) -> Any:
            if isinstance(spec, Mapping):
                return {name: in_order(one, what) for name, one in spec.items()}
            if spec is None or isinstance(spec, str) or not (np.ndim(spec) or hasattr(spec, "__len__")):
                return spec
            return given.labels(spec, what)[order]

        def matrix_in_order(spec: Any) -> Any:
            if spec is None or isinstance(spec, (str, int, float)):
                return spec
            found = given.matrix(spec)
            return NamedMatrix(found.x[order], found.names)

        ways = cluster_ways(asked.cluster)
        clusters = [in_order(way, "cluster") for way in ways]
        self._family = get_family(asked.family)
        self._known = {name: in_order(value, name) for name, value in self._family.known.items()}
        self.asked = asked.replace(
            formula=matrix_in_order(asked.formula),
            formulas={name: matrix_in_order(spec) for name, spec in asked.formulas.items()},
            weights=in_order(asked.weights, "weights"),
            offset=in_order(asked.offset, "offset"),
            exposure=in_order(asked.exposure, "exposure"),
            cluster=clusters[0] if len(clusters) == 1 else clusters,
        )

    @property
    def whole(self) -> tuple[Asked, Table]:
        """All rows in order."""
        return self.part(0, len(self.order))

    def part(self, lo: int, hi: int) -> tuple[Asked, Table]:
        """The arguments and the table of neighbouring rows."""
        asked = self.asked
        if self._by_row:
            asked = asked.replace(**{name: _cut(getattr(asked, name), lo, hi) for name in self._by_row})
        if any(np.ndim(value) for value in self._known.values()):
            known = {name: _cut(value, lo, hi) for name, value in self._known.items()}
            asked = asked.replace(family=type(self._family)(**known))
        return asked, self.table.slice(lo, hi)

    @cached_property
    def _by_row(self) -> tuple[str, ...]:
        """The arguments that hold a value for each row."""
        names = ("formula", "formulas", "weights", "offset", "exposure", "cluster")
        return tuple(name for name in names if _cut(own := getattr(self.asked, name), 0, 1) is not own)


def _cut(spec: Any, lo: int, hi: int) -> Any:
    """The values of neighbouring rows; what holds none is left as it is."""

    def each(values: Any, of: Callable[[Any], Any]) -> Any:
        parts = [_cut(one, lo, hi) for one in values]
        return of(parts) if any(a is not b for a, b in zip(parts, values, strict=True)) else None

    match spec:
        case NamedMatrix():
            return NamedMatrix(spec.x[lo:hi], spec.names)
        case np.ndarray():
            return spec[lo:hi]
        case dict():
            return each(spec.values(), lambda parts: dict(zip(spec, parts, strict=True))) or spec
        case list():
            return each(spec, list) or spec
    return spec
