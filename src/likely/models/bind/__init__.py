"""Family, data and formulas put together: batches of data, what is learnt from them, and the arrays of one model."""

from __future__ import annotations

from typing import Any

from likely.data import tables
from likely.models.asked import Asked
from likely.models.bind.batch import Batch
from likely.models.bind.bound import Bound
from likely.models.bind.learning import LearntModel, learn, learn_from
from likely.models.bind.request import Request
from likely.models.bind.stream import Streamed
from likely.models.bind.summary import Summary
from likely.models.selected_rows import SelectedRows, cluster_ways

__all__ = [
    "Batch",
    "Bound",
    "LearntModel",
    "Request",
    "SelectedRows",
    "Streamed",
    "Summary",
    "bind",
    "cluster_ways",
    "learn",
    "learn_from",
]


def bind(asked: Asked, data: Any) -> Bound:
    """Check everything the user gave and turn it into arrays."""
    request = Request.of(asked, data)
    batch = Batch.of(request, tables.read(data, asked.na))
    learnt = learn(Summary.of(batch))
    assert learnt.rows is not None  # of one table
    given, dropped = batch.given_weights, batch.dropped
    return Bound(request.asked, learnt.model, learnt.rows, batch.table, batch.selected.rows, dropped, None, given)
