"""How training went, as a record."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

from likely.data.tables import Table
from likely.inference.records import Record
from likely.show.text_table import Grid, fixed

if TYPE_CHECKING:
    from likely.charts.saving import AnyChart

SHOWN = 12  # epochs in a printed record
COLUMNS = ("epoch", "loss", "held_out", "seconds")


@final
@dataclass(frozen=True, repr=False, eq=False)
class Training(Record):
    """How training went; made by `train`.

    Attributes
    ----------
    model : torch.nn.Module
        The trained network, with the weights of the best epoch where rows were held out.
    history : tuple of (int, float, float or None, float)
        Of each epoch its number (from 1), the mean loss of its batches, that of the held-out rows, and seconds.
    best_epoch : int
        The one with the smallest held-out loss; the last where none was held out.
    stopped : str
        Why it ended, in words.
    likelihood : bool
        Whether the losses are whole negative log-likelihoods.
    """

    model: Any
    history: tuple[tuple[int, float, float | None, float], ...]
    best_epoch: int
    stopped: str
    likelihood: bool

    @property
    def epochs(self) -> int:
        """How many there were, those before a checkpoint among them."""
        return len(self.history)

    @property
    def log_likelihood(self) -> float | None:
        """Mean log-likelihood of a held-out row in the best epoch (nats); None where there is none."""
        held = self.history[self.best_epoch - 1][2] if self.history else None
        return -held if self.likelihood and held is not None else None

    def plot(self) -> AnyChart:
        """The loss of each epoch, as an Altair chart."""
        from likely.charts import training

        return training(self)

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [dict(zip(COLUMNS, row, strict=True)) for row in self.history]

    @property
    def grid(self) -> Grid:
        every = max(1, math.ceil(self.epochs / SHOWN))
        shown = [r for r in self.history if r[0] % every == 0 or r[0] in (1, self.best_epoch, self.epochs)]
        cells = [
            (f"{n:,}", fixed(loss, 4), fixed(held, 4), "best" if n == self.best_epoch else "")
            for n, loss, held, _ in shown
        ]
        return Grid(("epoch", "loss", "held out", ""), tuple(cells), "rrrl", "Training")

    @property
    def remarks(self) -> tuple[str, ...]:
        kind = "the mean negative log-likelihood of a row" if self.likelihood else "the mean loss of a row"
        return (f"Loss: {kind}. {self.stopped[0].upper()}{self.stopped[1:]}.",)

    @property
    def source(self) -> Table:
        return Table()
