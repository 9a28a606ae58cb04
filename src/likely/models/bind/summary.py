"""What batches of data tell of a model, in summaries that merge; learning is one look at all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, final

import numpy as np

from likely.data import learn, transforms
from likely.data.formula import parse, quote
from likely.data.predictors import frame_of
from likely.models import checks, response
from likely.models.bind.batch import Batch
from likely.models.bind.example_rows import ExampleRows
from likely.models.bind.request import Request


@final
@dataclass(frozen=True, eq=False)
class Counts:
    """How many rows there are, and what became of them.

    Attributes
    ----------
    rows : int
        All rows.
    counted : int
        Those whose weight is not zero.
    used : int
        Those of them that are complete.
    weight : float
        The sum of the weights of these; their number where there are none.
    dropped : mapping of str to int
        Columns whose missing values cost rows, with counts.
    """

    rows: int = 0
    counted: int = 0
    used: int = 0
    weight: float = 0.0
    dropped: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, batch: Batch) -> Counts:
        """The counts of one batch."""
        weight = float(batch.n) if not batch.n or batch.weights is None else float(np.sum(batch.weights))
        return cls(batch.table.n, batch.counted, batch.n, weight, batch.dropped)

    def merge(self, other: Counts) -> Counts:
        """The counts of both."""
        return Counts(
            self.rows + other.rows,
            self.counted + other.counted,
            self.used + other.used,
            self.weight + other.weight,
            dict(Counter(self.dropped) + Counter(other.dropped)),
        )

    def check(self, request: Request) -> None:
        """Raise unless there are rows to learn from, with weights that a likelihood can have; warn of dropped ones."""
        checks.check_left(self.counted, self.used, self.dropped)
        checks.check_total_weight(self.weight, request.asked.weights_kind)
        if self.dropped:
            checks.warn_dropped_rows(self.counted, self.used, self.dropped)


@final
@dataclass(frozen=True, eq=False)
class Summary:
    """What some batches tell of a model.

    Of one batch in memory it is the batch. Of several it is their counts, some of their rows that show every level of
    every column, and sums and values of the columns that functions such as ``center`` and ``bs`` learn from.

    Attributes
    ----------
    request : Request
    counts : Counts
    batch : Batch or None
        The batch, where there is one.
    examples : ExampleRows or None
        Rows that show every level, where there are several.
    columns : mapping of str to summary
        By the text of a call such as ``center(x)``.
    known : mapping of str to state
        What calls have learnt in an earlier look, for those that stand in others.
    """

    request: Request
    counts: Counts
    batch: Batch | None = None
    examples: ExampleRows | None = None
    columns: Mapping[str, Any] = field(default_factory=dict)
    known: Mapping[str, transforms.State] = field(default_factory=dict)

    @classmethod
    def of(cls, batch: Batch, known: Mapping[str, transforms.State] | None = None) -> Summary:
        """The summary of one batch."""
        return cls(batch.request, Counts.of(batch), batch, known=known or {})

    @property
    def condensed(self) -> Summary:
        """The same without the batch."""
        if self.batch is None:
            return self
        batch, columns = self.batch, dict[str, Any]()
        if batch.n:
            _check_support(batch)
            for right in texts_of(batch):
                formula, values = learn.seen_by_formula(right, batch.selected.table)
                frame = None
                for call, node in transforms.calls(formula).items():
                    if call not in self.known and call not in columns and transforms.ready(node, self.known):
                        frame = frame_of(values, batch.n) if frame is None else frame
                        columns[call] = transforms.summarised(node, frame, self.known, right)
        examples = ExampleRows.of(batch, texts_of(batch), self.known) if batch.n else None
        return replace(self, batch=None, examples=examples, columns=columns)

    def merge(self, other: Summary) -> Summary:
        """The summary of the batches of both, in this order."""
        a, b = self.condensed, other.condensed
        found = [one for one in (a.examples, b.examples) if one is not None]
        columns = {
            call: transforms.merged(one, b.columns[call]) for call, one in a.columns.items() if call in b.columns
        }
        columns = {**a.columns, **b.columns, **columns}  # an empty batch has none
        examples = found[0].merge(found[1]) if len(found) == 2 else found[0] if found else None
        return replace(a, counts=a.counts.merge(b.counts), examples=examples, columns=columns)

    # -- what was learnt -----------------------------------------------------------------------------------

    @property
    def states(self) -> dict[str, transforms.State]:
        """What calls have learnt, in this look and in earlier ones."""
        out = dict(self.known)
        if self.examples is not None:
            for right in self.examples.right_sides:
                for call, node in transforms.calls(parse(right)).items():
                    if call in self.columns and call not in out:
                        out[call] = transforms.state_of(node, self.columns[call], right)
        return out

    @property
    def complete(self) -> bool:
        """Whether nothing is left to learn: calls that stand in others need a look before them."""
        if self.batch is not None or self.examples is None:
            return True
        every = [call for right in self.examples.right_sides for call in transforms.calls(parse(right))]
        return all(call in self.known or call in self.columns for call in every)


def _check_support(batch: Batch) -> None:
    """Raise unless all responses can occur."""
    name, table = batch.response, batch.selected.table
    family, y = batch.request.family.bind(response.plain(batch.request.family, batch.y, name, table), batch.known)
    checks.check_support(family, y, batch.known, name, table)


def texts_of(batch: Batch) -> tuple[str, ...]:
    """The right-hand sides of a batch that are formulas, quoted."""
    names = batch.table.names
    return tuple(dict.fromkeys(quote(right, names) for right in batch.right_sides.values() if isinstance(right, str)))
