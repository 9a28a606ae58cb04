"""Some rows and what they do to the estimates, as a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

from likely.data.tables import Table
from likely.inference.records import Record
from likely.show.text_table import Grid, number


@final
@dataclass(frozen=True, repr=False, eq=False)
class Pulls(Record):
    """Some rows and what they do to the estimates.

    Attributes
    ----------
    found : tuple of dict
        By row: row, observed, cook (or displacement), leverage, the estimate that it moves most, that estimate with
        and without it, and the difference in standard errors (pull).
    exact : bool
        Whether the model was fitted again without each row.
    n : int
    response : str
    """

    found: tuple[dict[str, Any], ...]
    exact: bool
    n: int
    response: str
    table: Table

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [dict(row) for row in self.found]

    @property
    def grid(self) -> Grid:
        measure = "cook" if not self.found or "cook" in self.found[0] else "displacement"
        shown = "Cook" if measure == "cook" else measure
        header = ("row", self.response, shown, "leverage", "moves most", "with it", "without", "pull (SE)")
        cells = tuple(
            (
                f"{r['row']:,}",
                number(r["observed"]) if isinstance(r["observed"], float) else str(r["observed"]),
                number(r[measure], 3),
                number(r["leverage"], 3),
                r["estimate"],
                number(r["with"]),
                "-" if r["without"] is None else number(r["without"]),
                f"{r['pull']:+.2f}",
            )
            for r in self.found
        )
        how = "refitted without each" if self.exact else "one step without each"
        return Grid(header, cells, "rrrrlrrr", f"The most influential of {self.n:,} rows, {how}")

    @property
    def remarks(self) -> tuple[str, ...]:
        return ()

    @property
    def source(self) -> Table:
        return self.table
