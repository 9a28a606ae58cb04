"""From a check's outcome to a finding: what was seen, what it means, how much it matters, what to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from likely.checking.diagnosis.finding import Finding
from likely.checking.diagnosis.wording import counts, distribution, mean, rows
from likely.checking.diagnosis.wording.case import Case

__all__ = ["Case", "word"]

WORDS: dict[str, Callable[[Case], Finding]] = {
    "outliers": rows.outliers,
    "tails": distribution.tails,
    "skew": distribution.skew,
    "scale": distribution.scale,
    "link": mean.link,
    "curvature": mean.curvature,
    "dispersion": counts.dispersion,
    "zeros": counts.zeros,
    "confident": counts.confident,
    "serial": rows.serial,
    "grouped": rows.grouped,
}


def word(check: str, case: Case) -> Finding:
    """The finding of a check whose p-value is small."""
    found = WORDS[check](case)
    return replace(found, check=check, statistic=case.outcome.z, null=case.outcome.null, p_value=case.outcome.p_value)
