"""Every family with its loss and the names that it goes by."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, final

from likely.data.tables import Table
from likely.errors.boundary import public
from likely.families import FAMILIES
from likely.inference.records import Record
from likely.losses.names import FORMS, LIBRARIES, tweedie
from likely.show.text_table import Grid


@final
@dataclass(frozen=True, repr=False, eq=False)
class Catalogue(Record):
    """The families with their losses, what these believe, and what other libraries call them."""

    entries: tuple[dict[str, str], ...]
    table: Table = field(default_factory=Table)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """One dict for each family."""
        return [dict(entry) for entry in self.entries]

    @property
    def grid(self) -> Grid:
        """The rows as text cells."""
        header = tuple(self.entries[0])
        return Grid(header, tuple(tuple(entry.values()) for entry in self.entries), "l" * len(header))

    @property
    def remarks(self) -> tuple[str, ...]:
        """How to read it."""
        return ("lk.assumption_of(name) goes the other way, with the constants spelled out.",)

    @property
    def source(self) -> Table:
        """No data: `to_frame` gives a dict of lists."""
        return self.table


@public
def catalogue() -> Catalogue:
    """The table: family, loss, what it believes, and what other libraries call it."""
    known: dict[str, dict[str, list[str]]] = {name: {library: [] for library in LIBRARIES} for name in FAMILIES}
    for form in FORMS:
        family = form.family(**dict(form.settings or {}))
        if isinstance(family, str) or family.name not in known or form.family is tweedie:
            continue  # a power stands for one family or another
        for library in LIBRARIES:
            for name in form.names.get(library, ())[:1]:
                known[family.name][library].append(name)
    return Catalogue(
        tuple(
            {
                "family": family.__name__,
                "loss": family.loss_name,
                "believes": family.assumes,
                **{library: ", ".join(known[name][library]) for library in LIBRARIES},
            }
            for name, family in FAMILIES.items()
        )
    )
