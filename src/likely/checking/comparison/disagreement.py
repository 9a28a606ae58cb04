"""Where AIC and rows that were held out say different things of the same candidates, and what that means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from likely.checking.comparison.record import Row, observations
from likely.estimates import Estimates
from likely.show.text_table import number

SURELY = 2.0  # standard errors
GREAT = 10.0  # nats, which is a great deal
FEW = 3  # rows that are named
NEARLY = 0.9  # of a difference


def disagreement(rows: Sequence[Row[Estimates]]) -> list[str]:
    """A sentence or two where the first by AIC is far behind, or has no held-out log-likelihood; else nothing.

    Parameters
    ----------
    rows : sequence of Row
        With their held-out log-likelihoods, in any order.
    """
    judged = [row for row in rows if row.held_out is not None]
    ranked = [row for row in rows if row.aic is not None]
    if not judged or not ranked:
        return []
    first = min(ranked, key=lambda row: row.aic or 0.0)
    best = max(judged, key=lambda row: row.held_out or 0.0)
    if first.held_out is None:
        return [
            f"{first.name} comes first by AIC alone: without a held-out log-likelihood nothing says how it does on "
            f"rows that it has not seen. Of those that have one, {best.name} does best."
        ]
    behind, error = first.difference or 0.0, first.difference_stderr or 0.0
    few = _few(first, best)
    if first is best or not (behind > max(SURELY * error, SURELY) or (behind > GREAT and few)):
        return []
    where = f", nearly all of it in row{'s' if len(few) > 1 else ''} {', '.join(f'{i:,}' for i in few)}" if few else ""
    whose, them = ("these rows", "them") if len(few) > 1 else ("this row", "it")
    advice = (
        f"Look at {whose}: a fit to the others gives {them} next to no chance. A mistake is to be mended; where such "
        f"rows come, {best.name} is the better one"
        if few
        else f"{first.name} learns from the rows at hand what new ones do not repeat, so {best.name} is the better one"
    )
    return [
        f"AIC and held-out rows disagree: {first.name} is first by AIC, and on rows that it has not seen "
        f"{number(behind, 4)} nats behind {best.name} (SE {number(error, 3)}){where}. AIC counts rows that a candidate "
        f"was fitted to and takes new ones to be like them, which here they are not. {advice}."
    ]


def _few(first: Row[Estimates], best: Row[Estimates]) -> list[int]:
    """The few rows of the data that nearly all of the difference comes from; none where it comes from many."""
    assert first.estimates is not None
    assert best.held_out_rows is not None
    assert first.held_out_rows is not None
    gap: Any = observations(first.estimates) * (best.held_out_rows - first.held_out_rows)
    order = np.argsort(-gap, kind="stable")[:FEW]
    reached = np.cumsum(gap[order])
    total = float(np.sum(gap))
    if len(gap) <= 2 * FEW or not total > 0.0 or reached[-1] < NEARLY * total:
        return []
    few = order[: int(np.argmax(reached >= NEARLY * total)) + 1]
    found: list[int] = first.estimates.likelihood.bound.row_numbers(few).tolist()
    return found
