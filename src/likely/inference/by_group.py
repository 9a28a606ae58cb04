"""From what was asked for to the estimates of every group of rows: in a batch where that is sound, else one by one."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, final

import numpy as np

from likely.compute.engines import memory
from likely.data import design as designs
from likely.data import tables
from likely.data.tables import Table
from likely.errors import DroppedRowsWarning, Interrupted, LikelyError, OptionError, SupportError
from likely.estimates import Estimates
from likely.estimates.by_group import MOST_ROWS, RegularPeaks, blocks_of_groups, pooled_start, regular_peaks, vouched
from likely.families import get_family
from likely.inference.fitting import asked_for
from likely.inference.group_estimates import Gathered, GroupEstimates
from likely.likelihoods.by_group import GroupedRows
from likely.likelihoods.kinds import bound_of, offers_of
from likely.models.asked import Asked
from likely.models.bind import Batch, Bound, Request
from likely.models.grouping import Grouping
from likely.models.identify import check_identified
from likely.models.parts import Parts
from likely.models.start import starting_values
from likely.progress import Task, check_progress
from likely.search.end import End, EndKind

LEARNING = ("center", "scale", "standardize", "bs", "cr", "cs", "cc", "poly")


def estimates_by_group(asked: Asked, data: Any, by: Any) -> GroupEstimates:
    """The estimates of every group; see `likely.fit_groups`.

    Raises
    ------
    LikelyError
        If the data cannot be used as given, whatever the groups.
    """
    asked = _checked(asked)
    table = tables.read(data, asked.na)
    grouping = Grouping.of(table, by, asked.missing)
    asked = _without_keys(asked, [name for name in grouping.names if name in table])
    title = f"fitting {get_family(asked.family).title} to {grouping.count:,} groups"
    done = 0
    with Task(title, asked.progress, long=table.n > 100_000) as task:
        try:
            bound = _whole(asked, table, grouping)
            found = Gathered(grouping.count)
            if bound is not None:
                _put_regular(found, bound, grouping, task)
            left = np.flatnonzero(~found.done).tolist()
            if bound is not None and len(left) == grouping.count and offers_of(bound.model.family).predictors:
                check_identified(bound.model, bound.data)  # or every group says the same
            done = grouping.count - len(left)
            groups = SingleGroups(asked, table, grouping, left)
            for number in left:
                task.count(done, grouping.count, "groups done")
                found.put(number, *groups.attempted(number))
                done += 1
        except KeyboardInterrupt as stopped:
            what = f"interrupted after {done:,} of {grouping.count:,} groups: none are kept, start anew"
            raise Interrupted(what) from stopped
    return found.estimates(asked, table, grouping, None if bound is None else bound.model)


def _checked(asked: Asked) -> Asked:
    if check_progress(asked.progress, "nothing: groups are fitted in no order") is not None:
        raise OptionError("progress of groups is 'auto', True, False or None: they are fitted many at once")
    if asked.start is not None and not isinstance(asked.start, dict):
        raise OptionError("start of groups is a dict of starting values by name, the same for all of them")
    if asked.engine == "stream":
        raise OptionError("groups are fitted in memory: leave out engine=, or fit few of them one by one with lk.fit")
    return asked if asked.family is None else asked.replace(family=get_family(asked.family))


def _without_keys(asked: Asked, names: list[str]) -> Asked:
    """The same with the keys left out of what a dot in a formula stands for: in a group they do not vary."""
    less = f"({' - '.join(['.', *(f'`{name}`' for name in names)])})"

    def of(formula: Any) -> Any:
        if not isinstance(formula, str) or not names:
            return formula
        left, right = designs.split(formula)
        own = designs.update(right, less)
        return formula if own == right else own if left is None else f"{left} ~ {own}"

    return asked.replace(formula=of(asked.formula), formulas={name: of(one) for name, one in asked.formulas.items()})


# -- many at once --------------------------------------------------------------------------------------------------


def _whole(asked: Asked, table: Table, grouping: Grouping) -> Bound | None:
    """All rows with the model, but for groups with an impossible response; None where they cannot be put together."""
    if not offers_of(get_family(asked.family)).predictors:
        return None
    asked = asked.replace(engine="memory", memory=None)
    try:
        return bound_of(asked, table)
    except SupportError:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DroppedRowsWarning)
            possible = np.isin(grouping.codes, _refused(asked, table, grouping), invert=True)
        rows = np.flatnonzero(possible & (grouping.codes >= 0))
        if len(rows) in (0, table.n):
            return None
        own, part = Parts(asked, table, rows).whole
        try:
            bound = bound_of(own, part)
        except SupportError:
            return None
        used = np.zeros(table.n, dtype=bool)
        used[rows if bound.rows is None else rows[bound.rows]] = True
        return replace(bound, table=table, rows=used)


def _refused(asked: Asked, table: Table, grouping: Grouping) -> Any:
    """The groups with a response that the family cannot have made."""
    batch = Batch.of(Request.of(asked), table)
    y = np.asarray(batch.y)
    if y.dtype.kind not in "fiub":
        return np.arange(grouping.count)
    rows = np.arange(table.n) if batch.selected.rows is None else np.flatnonzero(batch.selected.rows)
    y = y.astype(float)
    bad = ~(np.isfinite(y) & batch.request.family.support.contains(y))
    return np.unique(grouping.codes[rows[bad]])


def _put_regular(found: Gathered, bound: Bound, grouping: Grouping, task: Task) -> None:
    """Write the groups whose peaks are regular."""
    asked, model, data = bound.asked, bound.model, bound.data
    plain = asked.cov in (None, "observed") and asked.cluster is None and asked.small_sample in (None, "z")
    plain &= asked.start is None and asked.starts is None and asked.solver in ("auto", "newton")
    if not plain or asked.restraints or _learns(bound) or not vouched(model):
        return
    rows, counts = _rows_in_use(bound, grouping)
    starts, n = np.cumsum(counts) - counts, counts
    chosen = (counts > 0) & (counts <= MOST_ROWS)
    if data.weights is not None and model.weights_kind in ("frequency", "importance"):
        n = np.bincount(np.repeat(np.arange(grouping.count), counts), data.weights[rows], grouping.count)
        chosen &= (n >= 1.0) | (model.weights_kind == "importance")
    chosen = np.flatnonzero(chosen)
    peaks, usual, done = RegularPeaks.none(model.size, grouping.count), starting_values(model, data), 0
    start = pooled_start(model, data, usual)
    options: dict[str, Any] = {"max_iterations": asked.max_iterations, "tolerance": min(asked.tolerance, 1e-6)}
    parts = [chosen[part] for part in blocks_of_groups(counts[chosen])]

    def search(lo: int, hi: int) -> tuple[int]:
        nonlocal done
        for groups in parts[lo:hi]:
            places = starts[groups] + np.minimum(np.arange(np.max(counts[groups]))[:, None], counts[groups] - 1)
            with np.errstate(all="ignore"):  # what is not finite is not regular
                own = GroupedRows(model, data, rows[places], counts[groups])
                peaks.put(groups, regular_peaks(own, start, usual, **options))
            done += len(groups)
            task.count(done, grouping.count, "groups done")
        return (done,)

    memory.map_blocks(search, len(parts), 1)
    found.put_regular(model, peaks, n)


def _rows_in_use(bound: Bound, grouping: Grouping) -> tuple[Any, Any]:
    """The rows of the bound data, those of each group next to each other, and how many each group has."""
    if bound.rows is None:
        return grouping.order, grouping.counts
    order = grouping.order[bound.rows[grouping.order]]
    places = np.cumsum(bound.rows) - 1
    return places[order], np.bincount(grouping.codes[order], minlength=grouping.count)


def _learns(bound: Bound) -> bool:
    """Whether a formula takes more from the data than the levels that occur, which would be each group's own."""
    formulas = {slot.design.formula for slot in bound.model.slots if slot.design is not None}
    called = {name for text in formulas if text is not None for name in LEARNING if f"{name}(" in text}
    return bool(called)


# -- one by one ------------------------------------------------------------------------------------------------------


@final
class SingleGroups:
    """Some groups as `likely.fit` fits them, each from its rows alone."""

    def __init__(self, asked: Asked, table: Table, grouping: Grouping, numbers: Sequence[int]) -> None:
        rows = [grouping.rows(number) for number in numbers]
        ends = np.cumsum([len(one) for one in rows])
        self._ends = {
            number: (int(end) - len(one), int(end)) for number, one, end in zip(numbers, rows, ends, strict=True)
        }
        self._parts = Parts(asked, table, np.concatenate(rows)) if rows else None

    def part(self, number: int) -> tuple[Asked, Table]:
        """What `likely.fit` is given for a group."""
        assert self._parts is not None  # there are groups
        return self._parts.part(*self._ends[number])

    def fit(self, number: int) -> Estimates:
        """The estimates of a group; errors as `likely.fit` has them."""
        asked, table = self.part(number)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DroppedRowsWarning)  # which was told for all groups
            return asked_for(asked.replace(progress=False), table)

    def attempted(self, number: int) -> tuple[Estimates | None, End]:
        """The estimates of a group, or why there are none."""
        asked, table = self.part(number)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DroppedRowsWarning)
            try:
                found = asked_for(asked.replace(progress=False, on_failure="return"), table)
            except SupportError as error:
                return None, End(EndKind.REFUSED, str(error))
            except LikelyError as error:
                return None, End(EndKind.UNUSABLE, str(error))
        return found if found.converged else None, found.end
