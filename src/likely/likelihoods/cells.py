"""Rows whose linear predictors and known values are equal, worked out once; and values in between, interpolated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, final

import numpy as np

from likely.models.rows import Rows, varies
from likely.namespace.arrays import Floats

SAMPLE = 2000  # rows that tell whether rows repeat
CHECKED = 48  # cells at which an interpolation is compared with what it stands for
AGREE = 1e-9  # relative to the largest value possible
Pair = tuple[int, int]


@final
class Cells:
    """What a row's density depends on besides y: linear predictors, known values, units.

    Attributes
    ----------
    columns : mapping of str to float or ndarray
        By name, one number for all rows or one for each cell.
    count : int
        Number of cells.
    which : ndarray or None
        Every row's cell; None where each row is its own.
    """

    def __init__(self, data: Rows, etas: list[Any]) -> None:
        given: dict[str, Any] = {f"eta {k}": eta for k, eta in enumerate(etas)}
        given |= {f"known {k}": v for k, v in data.known.items() if varies(v)}
        if data.units is not None:
            given["units"] = data.units
        varying = [k for k, v in given.items() if np.ndim(v)]
        self.which: Any = None
        self.count = rows = data.n
        if not varying:
            self.count, self.which = 1, np.zeros(rows, dtype=np.intp)
        elif self._repeats([given[k] for k in varying]):
            table = np.stack([given[k] for k in varying], axis=1)
            distinct, which = np.unique(table, axis=0, return_inverse=True)
            self.which, self.count = which.reshape(-1), len(distinct)
            given |= dict(zip(varying, np.ascontiguousarray(distinct.T), strict=True))
        self.columns = given

    @staticmethod
    def _repeats(columns: list[Any]) -> bool:
        rows = len(columns[0])
        if rows <= SAMPLE:
            return True
        part = np.stack([c[:: rows // SAMPLE] for c in columns], axis=1)
        return len(np.unique(part, axis=0)) < 0.5 * len(part)

    @classmethod
    def _made(cls, columns: Mapping[str, Any], count: int) -> Cells:
        made = object.__new__(cls)
        made.columns, made.count, made.which = dict(columns), count, None
        return made

    def take(self, index: Any, count: int) -> Cells:
        """Some of the cells."""
        return self._made({k: v[index] if np.ndim(v) else v for k, v in self.columns.items()}, count)

    def slice(self, lo: int, hi: int) -> Cells:
        """A range of the cells."""
        return self.take(slice(lo, hi), hi - lo)

    def some(self, most: int) -> Cells:
        """A few cells spread over all of them, the extremes of every column among them."""
        index = {int(i) for v in self.columns.values() if np.ndim(v) for i in (np.argmin(v), np.argmax(v))}
        index |= set(np.linspace(0, self.count - 1, min(most, self.count)).astype(int).tolist())
        return self.take(np.array(sorted(index)), len(index))

    def of_rows(self, lo: int, hi: int) -> tuple[Cells, Any]:
        """The cells of some rows, and which row has which."""
        if self.which is None:
            return self.slice(lo, hi), slice(None)
        index, which = np.unique(self.which[lo:hi], return_inverse=True)
        return self.take(index, len(index)), which.reshape(-1)


def interpolated(
    cells: Cells, function: Callable[[Cells], Mapping[Pair, Any]], size: Mapping[Pair, float]
) -> Callable[[Cells], dict[Pair, Any]] | None:
    """A function of one or two varying columns, interpolated between Chebyshev points; None where that is not exact.

    Parameters
    ----------
    cells : Cells
    function : callable
        Cells -> values by name, one for each cell.
    size : mapping
        How large the values could be, by name: what an error is measured against.
    """
    varying = [k for k, v in cells.columns.items() if np.ndim(v)]
    if len(varying) > 2:
        return None
    rest = {k: v for k, v in cells.columns.items() if not np.ndim(v)}
    ends = [(float(np.min(cells.columns[k])), float(np.max(cells.columns[k]))) for k in varying]
    index = np.linspace(0, cells.count - 1, CHECKED).astype(int)
    probe = cells.take(index, CHECKED)
    truth = function(probe)
    for degree in (32, 96) if len(varying) == 1 else (12, 24):
        points = np.cos(np.pi * (np.arange(degree) + 0.5) / degree)
        axes = [0.5 * (a + b) + 0.5 * (b - a) * points for a, b in ends]
        grid = [axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")]
        made = Cells._made({**rest, **dict(zip(varying, grid, strict=True))}, len(grid[0]))
        shape = (degree,) * len(varying)
        table = {pair: v.reshape(shape) for pair, v in function(made).items()}
        found = _Interpolation(varying, ends, points, table)
        approximation = found(probe)
        if all(np.max(np.abs(approximation[k] - truth[k])) <= AGREE * size[k] for k in truth):
            return found
    return None


class _Interpolation:
    """Barycentric interpolation between Chebyshev points of the first kind (Berrut and Trefethen 2004)."""

    def __init__(self, names: list[str], ends: Any, points: Any, table: Mapping[Pair, Any]) -> None:
        self.names, self.ends, self.points, self.table = names, ends, points, table
        degree = len(points)
        self.weights = (-1.0) ** np.arange(degree) * np.sin(np.pi * (np.arange(degree) + 0.5) / degree)

    def __call__(self, cells: Cells) -> dict[Pair, Any]:
        bases = [self._basis(cells.columns[k], *ends) for k, ends in zip(self.names, self.ends, strict=True)]
        if len(bases) == 1:
            return {pair: bases[0] @ v for pair, v in self.table.items()}
        return {pair: np.einsum("ij,ij->i", bases[0] @ v, bases[1]) for pair, v in self.table.items()}

    def _basis(self, x: Any, low: float, high: float) -> Floats:
        at = (2.0 * x - (low + high)) / (high - low)
        gap = at[:, None] - self.points[None, :]
        hit = gap == 0.0
        with np.errstate(divide="ignore", invalid="ignore"):
            part = self.weights / gap
            basis = part / part.sum(axis=1, keepdims=True)
        return np.where(hit.any(axis=1, keepdims=True), hit.astype(float), basis)
