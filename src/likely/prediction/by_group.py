"""Predictions for rows of groups, each by the fit of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import narwhals as nw
import numpy as np

from likely.compute import blocks
from likely.data import tables
from likely.data.tables import Table
from likely.errors import DataError
from likely.estimates import Estimates
from likely.inference.group_estimates import GroupEstimates
from likely.models.grouping import Grouping
from likely.models.new_data import check_unseen
from likely.namespace import NumpyNamespace
from likely.prediction.predict import predict

SHOWN = 3  # groups without a prediction that an error names


def predict_by_group(
    found: GroupEstimates,
    estimates: Callable[[int], Estimates],
    new: Any,
    what: str | None = None,
    *,
    unseen: str = "error",
    **options: Any,
) -> Any:
    """Predictions for new rows; see `likely.results.group_fits.GroupFits.predict`.

    Parameters
    ----------
    found : GroupEstimates
    estimates : callable
        The estimates of a group, by its number.
    new, what, unseen, **options
    """
    check_unseen(unseen)
    table = tables.read(new, found.asked.na, None if found.model is None else found.model.reading)
    numbers = _numbers(found, table)
    possible = np.append(found.converged, False)[numbers]
    if unseen == "error" and not np.all(possible):
        raise _without(found, table, numbers, possible)
    columns: dict[str, Any] = {}
    at_once = np.zeros(table.n, dtype=bool)
    if found.regular is not None and what in (None, "mean") and not options:
        at_once = np.append(found.regular.found, False)[numbers]
        if (means := _means(found, table, numbers, at_once, unseen)) is None:
            at_once[:] = False
        else:
            columns[""] = means
    left = np.flatnonzero(possible & ~at_once)
    left = left[np.argsort(numbers[left], kind="stable")]
    for rows in np.split(left, np.flatnonzero(np.diff(numbers[left])) + 1) if len(left) else []:
        given = {name: one[rows] if np.ndim(one) == 1 and len(one) == table.n else one for name, one in options.items()}
        own = predict(estimates(int(numbers[rows[0]])), table.arranged(rows), what, unseen=unseen, **given)
        for name, values in _columns(own).items():
            if name not in columns:
                columns[name] = _empty(values, table.n)
            columns[name][rows] = values
    if not columns:
        columns[""] = np.full(table.n, np.nan)
    return table.wrap(columns[""], what or "mean") if list(columns) == [""] else table.wrap_frame(columns)


def _empty(like: Any, n: int) -> Any:
    """A column of missing values that holds such as these."""
    return np.full(n, np.nan) if like.dtype.kind in "fiub" else np.full(n, None, dtype=object)


def _numbers(found: GroupEstimates, table: Table) -> Any:
    """Every row's group; -1 for one that has none."""
    for name in found.grouping.names:
        if name not in table:
            raise DataError(
                f"the new data have no column {name!r}, which says what group a row is of: add it to the predictors"
            )
    own = Grouping.of(table, list(found.grouping.names), "leave")
    known = found.grouping.numbers
    numbers = np.array([known.get(label, -1) for label in own.labels] + [-1], dtype=np.intp)
    return numbers[own.codes]


def _without(found: GroupEstimates, table: Table, numbers: Any, possible: Any) -> DataError:
    """The error of rows whose group has no fit."""
    lost = np.flatnonzero(~possible)
    said = []
    for row in lost[np.sort(np.unique(numbers[lost], return_index=True)[1])][:SHOWN].tolist():
        key = ", ".join(f"{name} = {table.labels(name)[row]}" for name in found.grouping.names)
        end = None if numbers[row] < 0 else found.end(int(numbers[row]))
        said.append(f"row {row}: {key}, {'a group that was not fitted' if end is None else end.status}")
    message = (
        f"{len(lost):,} of {table.n:,} rows are of groups without a fit ({'; '.join(said)}). Leave them out, or pass "
        "unseen='missing' for missing predictions"
    )
    return DataError(message)


def _means(found: GroupEstimates, table: Table, numbers: Any, chosen: Any, unseen: str) -> Any:
    """The means of rows of groups that were fitted many at once; None where there are none such.

    Rows with levels that no group has are then another's business, if they are to be missing.
    """
    model, peaks, xp = found.model, found.regular, NumpyNamespace()
    if model is None or peaks is None or model.family.kind.labels or not np.any(chosen):
        return None
    part = table if np.all(chosen) else table.only(chosen)
    try:
        rows = model.rows(part)
    except DataError:
        if unseen == "error":
            raise
        return None
    etas, numbers = [], numbers[chosen]
    for slot in model.slots:
        own, x, offset = peaks.x[slot.start : slot.stop, numbers], rows.design(slot), rows.offset(slot)
        eta: Any = np.float64(0.0)
        if not slot.idle:
            eta = own[0] if x is None else np.einsum("nj,jn->n", blocks.dense(x), own)
        etas.append(eta if offset is None else eta + offset)
    with np.errstate(all="ignore"):
        values = model.family._mean(xp, **rows.means(model.family, model.parameters(etas, xp, rows.known)))
    values = np.broadcast_to(np.asarray(values, dtype=float), (part.n,))
    if not np.all(np.isfinite(values)):
        row = int(part.places(np.flatnonzero(~np.isfinite(values)))[0])
        raise DataError(f"row {row} of the new data lies too far out: its mean cannot be computed")
    out = np.full(table.n, np.nan)
    out[chosen] = values
    return out


def _columns(own: Any) -> dict[str, Any]:
    """What a prediction gave as arrays by name; a single column has none."""
    if isinstance(own, Mapping):
        return {str(name): np.asarray(values) for name, values in own.items()}
    native = nw.from_native(own, eager_only=True, allow_series=True, pass_through=True)
    if isinstance(native, nw.DataFrame):
        return {name: native.get_column(name).to_numpy() for name in native.columns}
    return {"": native.to_numpy() if isinstance(native, nw.Series) else np.asarray(own)}
