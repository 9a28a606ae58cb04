"""A table of likelihoods, with the sentence below it."""

from __future__ import annotations

import math
from typing import final

from likely.report.blocks import Block, as_text
from likely.show.curves import LikelihoodTable
from likely.show.text_table import Grid, number


@final
class CandidatesReport:
    """Candidate values side by side, and where the peak is.

    Parameters
    ----------
    found : LikelihoodTable
    n : float
        Number of observations.
    """

    def __init__(self, found: LikelihoodTable, n: float) -> None:
        names = list(found.candidates[0])
        header = (*names, "likelihood", "relative", "surprise (nats)", "how surprising")
        rows = tuple(
            (
                *(number(row[name]) for name in names),
                # a likelihood too small for a float is shown by its logarithm
                number(row["likelihood"], 3)
                if row["likelihood"] or math.isinf(row["loglik"])
                else f"exp({row['loglik']:.1f})",
                number(row["relative"], 3),
                number(row["surprise"], 4),
                found.verdict(row["relative"]),
            )
            for row in found.rows
        )
        self.blocks: list[Block] = [Grid(header, rows, "r" * (len(header) - 1) + "l")]
        if found.peak:
            peak = ", ".join(f"{name} = {number(value)}" for name, value in found.peak.items())
            self.blocks.append(f"The peak is at {peak}: log-likelihood {found.peak_loglik:.6g}, n = {n:,}.")

    def __str__(self) -> str:
        return as_text(self.blocks)
