"""A model learnt from a source, and its rows: what is needed where the data are gone through piece by piece."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from likely.compute.memory_limit import in_words
from likely.compute.store import Store
from likely.data import design as designs
from likely.data import tables
from likely.data.levels import Column
from likely.data.markers import checked_na
from likely.data.reading import Reading
from likely.data.sources import Piece, Reread, Source, open_source, table_of
from likely.data.table import Table
from likely.data.transforms import State
from likely.errors import OptionError, is_one_of, unknown
from likely.models.asked import BY_ROW, Asked
from likely.models.bind import offsets
from likely.models.bind.batch import Batch, formulas_of, right_sides_of
from likely.models.bind.bound import Bound
from likely.models.bind.kept import keep
from likely.models.bind.learning import check_in_pieces, learn_from
from likely.models.bind.request import Request
from likely.models.bind.summary import Counts, Summary
from likely.models.model import Model
from likely.models.rows import Rows
from likely.models.selected_rows import cluster_ways
from likely.progress import Task


@final
@dataclass(frozen=True, eq=False)
class Reader:
    """A source as a request reads it: the columns that it needs, text read alike in all pieces.

    Attributes
    ----------
    request : Request
    source : Source
    columns : tuple of str
        Those that are read.
    readings : dict of str to Reading
        How text is read as numbers; filled as pieces come.
    """

    request: Request
    source: Source
    columns: tuple[str, ...]
    readings: dict[str, Reading]

    @classmethod
    def of(cls, request: Request, source: Source) -> Reader:
        """The reader of the columns that were asked for.

        Raises
        ------
        OptionError
            If something was given as an array, or the model needs all rows at once.
        """
        return cls(request, source, columns_of(request, list(source.names)), {})

    def batches(self, task: Task | None = None) -> Iterator[tuple[Piece, Batch]]:
        """The pieces with their rows in use; how far they are is told to a task."""
        done = 0
        for piece in self.source.pieces(self.columns):
            with piece.named():
                table = tables.read(piece.table, self.request.asked.na)
                table.readings = self.readings
                batch = Batch.of(self.request, table)
            yield piece, batch
            done += piece.table.n
            if task is not None and task.watched:
                task.pace(done, self.source.rows, "rows")

    def task(self, title: str) -> Task:
        """What shows how far the reading is, where that was asked for."""
        wanted = self.request.asked.progress
        return Task(title, False if callable(wanted) else wanted, long=True)

    def summaries(self, known: Mapping[str, State], task: Task) -> Iterator[Summary]:
        """What every piece tells of the model."""
        for piece, batch in self.batches(task):
            with piece.named():
                summary = Summary.of(batch, known).condensed
            yield summary


@final
@dataclass(frozen=True, eq=False)
class Streamed:
    """A model learnt from a source, and its rows in blocks, in the same order each time they are gone through.

    Attributes
    ----------
    asked : Asked
    model : Model
    counts : Counts
        How many rows there are, and how many were left out.
    reader : Reader

    Examples
    --------
    >>> from likely.models.asked import Asked
    >>> streamed = Streamed.of(Asked.of("poisson", "y ~ center(x)"), {"x": [0, 1, 2], "y": [1, 4, 9]}, rows=2)
    >>> [rows.designs["rate"].tolist() for rows in streamed]
    [[[1.0, -1.0], [1.0, 0.0]], [[1.0, 1.0]]]
    """

    asked: Asked
    model: Model
    counts: Counts
    reader: Reader

    @classmethod
    def of(cls, asked: Asked, data: Any, **options: Any) -> Streamed:
        """The model that was asked for, learnt in one look at a source; `options` are those of `open_source`."""
        return cls.from_source(asked, data, open_source(data, **options))

    @classmethod
    def from_source(cls, asked: Asked, data: Any, source: Source) -> Streamed:
        """The same from a source that is open; `data` tells arguments in the wrong order."""
        request = Request.of(asked, data)
        reader = Reader.of(request, source)
        while True:
            try:
                with reader.task("learning levels and ranges from the data") as task:
                    learnt = learn_from(lambda known: reader.summaries(known, task))
            except Reread:
                reader.readings.clear()
                continue
            return cls(request.asked, learnt.model, learnt.counts, reader)

    def __iter__(self) -> Iterator[Rows]:
        for piece, batch in self.reader.batches():
            if batch.n:
                with piece.named():
                    rows = self.model.rows_of(batch.inputs, observed=True)
                yield rows

    def bound(self, memory: float, why: str = "") -> Bound:
        """The model bound to all rows, which are kept in memory, or in files beyond so many bytes.

        The numbers are those of one table of all rows. Columns are not kept: one that is asked for later is read again.

        Parameters
        ----------
        memory : float
        why : str
            Why the rows come in pieces, for the account of where they are.
        """
        store, masks = Store(memory), list[Any]()

        def batches(task: Task) -> Iterator[Rows]:
            for piece, batch in self.reader.batches(task):
                kept = np.ones(batch.table.n, dtype=bool) if batch.selected.rows is None else batch.selected.rows
                masks.append(kept if batch.n else np.zeros(batch.table.n, dtype=bool))
                if batch.n:
                    with piece.named():
                        rows = self.model.rows_of(batch.inputs, observed=True)
                    yield rows

        with store, self.reader.task("reading the data") as task:
            rows = keep(batches(task), store)
        counts = self.counts
        table = table_of(self.reader.source, counts.rows, checked_na(self.asked.na))
        if self.reader.source.whole is None:
            table.readings = self.reader.readings
        used = None if counts.used == counts.rows else np.concatenate(masks)
        where = f"kept in temporary files of {in_words(store.size)}" if store.in_files else ""
        kept = f"the rows are {where}{': ' * bool(why)}{why}" if where else ""
        return Bound(
            self.asked, self.model, rows, table, used, counts.dropped, None, counts.rows - counts.counted, kept
        )


def can_stream(request: Request, names: list[str]) -> bool:
    """Whether the model can be fitted to data in pieces with columns of these names."""
    try:
        columns_of(request, names)
    except OptionError:
        return False
    return True


def columns_of(request: Request, names: list[str]) -> tuple[str, ...]:
    """The columns that a request needs of those that there are.

    Raises
    ------
    OptionError
        If something was given as an array, or the model needs all rows at once.
    UnknownNameError
        If it names a column that does not exist.
    """
    asked, family = request.asked, request.family
    check_in_pieces(request)
    table = Table(columns={one: Column(np.zeros(1)) for one in names})
    name, formulas = formulas_of(request, table)
    known = {k: v for k, v in family.known.items() if not family.parameter(k).vector}
    for what, given in {**{k: getattr(asked, k) for k in BY_ROW}, **formulas, **known}.items():
        if _by_row(given):
            raise OptionError(
                f"{what} was given as an array, and the data come in pieces: write its values into a column of the "
                "data, and give its name"
            )
    offset_of = offsets.of_arguments(asked.offset, family.free[0].name if family.free else "")
    sides = right_sides_of(request, table, name, formulas, offset_of)
    specs = [name, asked.weights, asked.exposure, *cluster_ways(asked.cluster), *family.known.values()]
    specs += [spec for one in offset_of.values() for spec in one]
    used: set[str] = set()
    for spec in specs:
        if isinstance(spec, str):
            used |= {spec} if spec in names else set(designs.operands(designs.quote(spec, names)))
    for right in sides.values():
        used |= set(designs.variables(designs.quote(right, names)))
    for column in sorted(used):
        if not is_one_of(column, names):
            raise unknown("column", column, names)
    return tuple(column for column in names if column in used)


def _by_row(given: Any) -> bool:
    """Whether an argument holds a value for each row itself."""
    if isinstance(given, Mapping):
        return any(map(_by_row, given.values()))
    if isinstance(given, (list, tuple)):
        return not all(isinstance(one, str) for one in given)
    return hasattr(given, "__len__") and not isinstance(given, str)
