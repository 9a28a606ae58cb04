"""From summaries of data to a model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import final

from likely.data.learn import LearntStates
from likely.data.transforms import State
from likely.errors import OptionError
from likely.families.base.domains import Groups
from likely.models import checks, response
from likely.models.bind.batch import Batch
from likely.models.bind.request import Request
from likely.models.bind.slots import slots_of
from likely.models.bind.summary import Counts, Summary
from likely.models.model import Model
from likely.models.rows import Rows, varies


@final
@dataclass(frozen=True, eq=False)
class LearntModel:
    """What one look at data gives.

    Attributes
    ----------
    model : Model
    counts : Counts
    rows : Rows or None
        The rows in use as arrays, where the data were one table: they are made on the way.
    """

    model: Model
    counts: Counts
    rows: Rows | None


def learn(summary: Summary) -> LearntModel:
    """The model that was asked for, with what it takes from the data.

    Raises
    ------
    LikelyError
        If the data cannot be used as given.
    """
    request = summary.request
    summary.counts.check(request)
    if summary.batch is not None:
        batch, learnt = summary.batch, None
    else:
        assert summary.examples is not None  # there are rows
        assert summary.complete  # nothing is left to learn
        check_in_pieces(request)
        batch = Batch.of(request, summary.examples.table)
        learnt = LearntStates(summary.counts.used, summary.states)
    model, rows = _learnt(batch, learnt)
    return LearntModel(model, summary.counts, rows if learnt is None else None)


def check_in_pieces(request: Request) -> None:
    """Raise OptionError where the model needs all rows at once."""
    if any(p.domain is Groups for p in request.family.parameters):
        raise OptionError(f"{request.family.title} needs the rows of a stratum together: read the data into one table")
    if request.asked.aliased == "drop":
        raise OptionError(
            "aliased='drop' needs all rows at once, to see which columns others make up: leave those out of the formula"
        )


def learn_from(look: Callable[[Mapping[str, State]], Iterable[Summary]]) -> LearntModel:
    """The model learnt from batches that can be gone through again; once, unless functions stand in one another.

    Parameters
    ----------
    look : callable
        What was learnt before -> the summaries of all batches, in the same order each time.
    """
    known: dict[str, State] = {}
    while True:
        summary = reduce(Summary.merge, look(known))
        if summary.complete:
            return learn(summary)
        known = summary.states


def _learnt(batch: Batch, learnt: LearntStates | None) -> tuple[Model, Rows]:
    """The model of a batch, and its rows."""
    request, name = batch.request, batch.response
    asked, family, y, known = request.asked, request.family, batch.y, batch.known
    if any(p.domain is Groups for p in family.parameters) and asked.weights_kind != "frequency":
        raise OptionError(
            f"weights of {family.title} say how often a stratum was observed, weights_kind='frequency'; found "
            f"{asked.weights_kind!r}"
        )
    if asked.weights_kind == "analytic":
        checks.check_averaged(family)
    table = batch.selected.table
    constants = {k: None if varies(v) else v for k, v in known.items()}
    bound, numeric = family.bind(response.plain(family, y, name, table), known)
    declared = bound.levels
    checks.check_number_of_levels(bound, name)
    bound, numeric = bound.settle(numeric)
    checks.warn_empty_levels(declared, bound.levels, name)
    checks.check_support(bound, numeric, known, name, table)

    slots, designs = slots_of(batch, bound, learnt)
    text = asked.formula if isinstance(asked.formula, str) else None
    fixed = bound.edge_estimate(numeric, known) if any(p.edge for p in family.free) else {}
    weights, kind = asked.weights, asked.weights_kind
    model = Model(bound, slots, constants, name, text, fixed, kind, weights, batch.table.text_reading)
    return model, model.rows_of(batch.inputs, Rows(batch.n, numeric, designs=designs), observed=True)
