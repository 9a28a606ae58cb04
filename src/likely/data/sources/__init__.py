"""Where data come from that need not fit in memory: batches of tables, in the same order each time they are asked for.

Paths and globs of Parquet and CSV files, PyArrow data sets, lazy Polars frames, DuckDB relations, lists of tables,
functions that return an iterator of tables, and any table in memory, cut in pieces.
"""

from likely.data.sources.ahead import ahead
from likely.data.sources.base import CELL, Piece, Reread, Source
from likely.data.sources.columns import table_of
from likely.data.sources.opening import gives_tables, is_read_in_pieces, open_source

__all__ = ["CELL", "Piece", "Reread", "Source", "ahead", "gives_tables", "is_read_in_pieces", "open_source", "table_of"]
