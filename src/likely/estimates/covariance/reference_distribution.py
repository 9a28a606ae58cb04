"""What statistics are referred to: the normal and chi-squared distributions, or Student's t and F."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from scipy import special as sc

from likely.namespace.arrays import Floats


@final
@dataclass(frozen=True)
class Reference:
    """The distribution of an estimate's error in its standard errors.

    Attributes
    ----------
    df : float or None
        Of Student's t, and the denominator's of F; None for the normal and chi-squared distributions.
    words : str
        The degrees of freedom in words, such as "n - p = 16 - 7 = 9".

    Examples
    --------
    >>> round(Reference().half_width(0.95), 4), round(Reference(9.0).half_width(0.95), 4)
    (1.96, 2.2622)
    """

    df: float | None = None
    words: str = ""

    @property
    def letter(self) -> str:
        """ "z" or "t": what a single statistic is called."""
        return "z" if self.df is None else "t"

    def half_width(self, level: float) -> float:
        """Half-width of a central interval in standard errors."""
        return self.quantile(0.5 + 0.5 * level)

    def quantile(self, p: float) -> float:
        """The value below which a statistic lies with probability p."""
        return float(sc.ndtri(p) if self.df is None else sc.stdtrit(self.df, p))

    def p_value(self, statistic: Any) -> Floats | float:
        """The probability of a statistic at least as far from 0, on either side."""
        t = np.abs(np.asarray(statistic, dtype=float))
        if self.df is None:
            return 2.0 * sc.ndtr(-t)
        with np.errstate(over="ignore"):
            # twice Student's tail: an incomplete beta function, which keeps its digits far out
            return np.where(t > 1e150, 0.0, sc.betainc(0.5 * self.df, 0.5, self.df / (self.df + np.square(t))))

    def joint(self, squared: float, q: float) -> float:
        """The statistic of q squares that sum to this, as it is stated: chi-squared, or F, their mean."""
        return squared if self.df is None else squared / q

    def joint_p_value(self, squared: Any, q: float) -> Floats | float:
        """The probability of q independent statistics whose squares sum to at least so much."""
        if self.df is None:
            return sc.gammaincc(0.5 * q, 0.5 * np.asarray(squared, dtype=float))
        return sc.fdtrc(q, self.df, np.asarray(squared, dtype=float) / q)

    def joint_quantile(self, level: float, q: float) -> float:
        """What the sum of the squares of q independent statistics stays below with this probability."""
        if self.df is None:
            return float(2.0 * sc.gammaincinv(0.5 * q, level))
        return float(q * sc.fdtri(q, self.df, level))
