"""Family, data and formulas put together: batches of data, what is learnt from them, and the arrays of one model."""

from __future__ import annotations

from typing import Any

from likely.data import tables
from likely.models.asked import Asked
from likely.models.bind.batch import Batch
from likely.models.bind.bound import Bound
from likely.models.bind.engine import Pieces, pieces_of, pieces_of_table
from likely.models.bind.learning import LearntModel, learn, learn_from
from likely.models.bind.request import Request
from likely.models.bind.stream import Streamed, can_stream
from likely.models.bind.summary import Summary
from likely.models.selected_rows import SelectedRows, cluster_ways

__all__ = [
    "Batch",
    "Bound",
    "LearntModel",
    "Pieces",
    "Request",
    "SelectedRows",
    "Streamed",
    "Summary",
    "bind",
    "cluster_ways",
    "learn",
    "learn_from",
    "pieces_of",
    "read_once",
]


def bind(asked: Asked, data: Any) -> Bound:
    """Check everything the user gave and turn it into arrays, in memory or in files."""
    request = Request.of(asked, data)
    if (pieces := pieces_of(asked, data)) is not None:
        return _in_pieces(asked, data, pieces)
    table = tables.read(data, asked.na)
    if (pieces := pieces_of_table(asked, table)) is not None and can_stream(request, table.names):
        return _in_pieces(asked, table, pieces)
    batch = Batch.of(request, table)
    learnt = learn(Summary.of(batch))
    assert learnt.rows is not None  # of one table
    return Bound(
        request.asked,
        learnt.model,
        learnt.rows,
        batch.table,
        batch.selected.rows,
        batch.dropped,
        None,
        batch.weightless,
    )


def read_once(asked: Asked, data: Any) -> Any:
    """Data for several fits: read into one table, or as they are where each fit goes through them in pieces."""
    return tables.read(data, asked.na) if pieces_of(asked, data) is None else data


def _in_pieces(asked: Asked, data: Any, pieces: Pieces) -> Bound:
    return Streamed.from_source(asked, data, pieces.source).bound(pieces.memory, pieces.why)
