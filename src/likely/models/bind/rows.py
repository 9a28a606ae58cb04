"""The rows of a batch as arrays, by a model that was learnt before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from likely.compute.blocks import Matrix
from likely.models import checks, response
from likely.models.bind import offsets
from likely.models.bind.batch import Batch
from likely.models.model import Model
from likely.models.rows import Rows


def observed_rows(model: Model, batch: Batch) -> Rows:
    """The rows of a batch, whose responses have to be possible ones.

    Raises
    ------
    LikelyError
        If the model cannot have rows such as these.
    """
    table = batch.selected.table
    _, y = model.family.bind(response.plain(model.family, batch.y, model.response, table), batch.known)
    checks.check_support(model.family, y, batch.known, model.response, table)
    made: dict[int, Matrix] = {}
    for slot in model.slots:
        if slot.design is not None and id(slot.design) not in made:
            made[id(slot.design)] = slot.design.apply(table, whose="the data")
    return rows_of(model, batch, y, {s.label: made[id(s.design)] for s in model.slots if s.design is not None})


def rows_of(model: Model, batch: Batch, y: Any, designs: Mapping[str, Matrix]) -> Rows:
    """The rows of a batch, of which responses and designs are at hand."""
    weights, units = (None, batch.weights) if model.averaged else (batch.weights, None)
    added: dict[str, Any] = {}
    for slot in model.slots:
        if slot.offset is not None:
            first = next((s for s in model.slots if s.parameter is slot.parameter and s.label in added), None)
            added[slot.label] = (
                added[first.label] if first else offsets.total(list(slot.offset), slot.parameter, batch.selected)
            )
    return Rows(len(y), y, weights, designs, added, batch.known, units)
