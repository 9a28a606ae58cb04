"""Tests between two candidates, nested or not, from their log-densities row by row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from scipy import stats

from likely.errors import OptionError, is_one_of, unknown

CORRECTIONS = ("none", "aic", "bic")
ALIKE = 1e-8  # spread of the differences, relative to the log-densities, below which the candidates say the same


@final
@dataclass(frozen=True)
class Preference:
    """Which of two candidates the rows prefer, and how surely; prints as a sentence.

    Attributes
    ----------
    test : str
        "Vuong" or "Clarke".
    statistic : float
        Vuong's z, positive if the rows prefer `first`; Clarke's number of rows that do.
    p_value : float
        Two-sided.
    first, second : str
    preferred : str or None
        None where the rows do not tell at 5 %.
    n : float
    note : str
    """

    test: str
    statistic: float
    p_value: float
    first: str
    second: str
    preferred: str | None
    n: float
    note: str = ""

    __test__ = False  # not a test class for pytest

    def __str__(self) -> str:
        number = f"z = {self.statistic:.4g}" if self.test == "Vuong" else f"{self.statistic:g} of {self.n:,.0f} rows"
        verdict = "the rows do not tell them apart" if self.preferred is None else f"{self.preferred} is closer"
        text = f"{self.test} test of {self.first} against {self.second}: {number}, p = {self.p_value:.4g}: {verdict}"
        return f"{text} ({self.note})" if self.note else text


def vuong(names: tuple[str, str], a: Any, b: Any, w: Any, k: tuple[float, float], correction: str) -> Preference:
    """Vuong's (1989) test of equal distance from the truth, for candidates that are not nested.

    With m the differences of the log-densities, z = sum(m) / (sqrt(n) sd(m)); "aic" takes the difference of the numbers
    of estimates off the sum, "bic" half of it times log n. Sign and scale are those of R's ``pscl::vuong``.
    """
    if not is_one_of(correction, CORRECTIONS):
        raise unknown("correction", correction, CORRECTIONS, " of Vuong's test")
    m, n = a - b, float(np.sum(w))
    total = float(np.sum(w * m))
    spread = float(np.sqrt(np.sum(w * (m - total / n) ** 2) / (n - 1.0)))
    if not spread > ALIKE * float(np.mean(np.abs(a))):
        raise OptionError(f"{names[0]} and {names[1]} say the same of every row, so there is nothing to test")
    gap = k[0] - k[1]
    total -= {"none": 0.0, "aic": gap, "bic": 0.5 * gap * np.log(n)}[correction]
    z = total / (np.sqrt(n) * spread)
    p = 2.0 * float(stats.norm.sf(abs(z)))
    note = "" if correction == "none" else f"corrected as {correction.upper()} is"
    return Preference("Vuong", float(z), p, *names, _preferred(names, z, p), n, note)


def clarke(names: tuple[str, str], a: Any, b: Any, w: Any, k: tuple[float, float], correction: str) -> Preference:
    """Clarke's (2007) sign test: how many rows prefer the first candidate, against a fair coin."""
    if not is_one_of(correction, CORRECTIONS):
        raise unknown("correction", correction, CORRECTIONS, " of Clarke's test")
    n = float(np.sum(w))
    gap = k[0] - k[1]
    m = a - b - {"none": 0.0, "aic": gap, "bic": 0.5 * gap * np.log(n)}[correction] / n
    for_first, unequal = float(np.sum(w[m > 0])), float(np.sum(w[m != 0]))
    if unequal == 0:
        raise OptionError(f"{names[0]} and {names[1]} say the same of every row, so there is nothing to test")
    if not float(unequal).is_integer():
        raise OptionError("Clarke's test counts rows: it needs weights that are whole numbers")
    p = float(stats.binomtest(int(for_first), int(unequal)).pvalue)
    side = for_first - 0.5 * unequal
    return Preference("Clarke", for_first, p, *names, _preferred(names, side, p), unequal)


def _preferred(names: tuple[str, str], side: float, p: float) -> str | None:
    return None if p > 0.05 else names[0] if side > 0 else names[1]
