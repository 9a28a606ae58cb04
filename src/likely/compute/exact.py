"""Sums without rounding, which come out the same however the numbers are cut into batches."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, final

import numpy as np

STEP = 1 << 14  # rows at a time, which stay in the cache
SPLIT = 2.0**27 + 1.0  # Veltkamp's: cuts a significand in halves
TINY, HUGE = 1e-130, 1e130  # sizes whose squares have all their bits in two floats
PLACES = 1200  # of the last bit of any float, behind the point, with room: 1074 would do


@final
@dataclass(frozen=True)
class Moments:
    """How many numbers there are, their sum and the sum of their squares, exactly.

    Attributes
    ----------
    n : int
    total : int
        The sum in units of 2**-1200.
    squares : int
        The sum of squares in units of 2**-2400.
    finite : bool
        Whether all are finite; the sums are of no use where some are not.

    Examples
    --------
    >>> a, b = Moments.of(np.array([1e16, 1.0])), Moments.of(np.array([-1e16]))
    >>> a.merge(b).mean
    0.3333333333333333
    """

    n: int = 0
    total: int = 0
    squares: int = 0
    finite: bool = True

    @classmethod
    def of(cls, x: Any) -> Moments:
        """The moments of an array."""
        x = np.asarray(x, dtype=float).ravel()
        if not np.isfinite(x).all():
            return cls(len(x), 0, 0, False)
        total = squares = 0
        for lo in range(0, len(x), STEP):
            first, second = _sums(x[lo : lo + STEP])
            total, squares = total + first, squares + second
        return cls(len(x), total, squares)

    def merge(self, other: Moments) -> Moments:
        """The moments of both."""
        return Moments(
            self.n + other.n,
            self.total + other.total,
            self.squares + other.squares,
            self.finite and other.finite,
        )

    @property
    def mean(self) -> float:
        """The mean, rounded once; NaN where some are not finite or there are none."""
        if not self.n or not self.finite:
            return math.nan
        return _rounded(Fraction(self.total, self.n << PLACES))

    def squares_about(self, origin: float) -> Fraction:
        """The sum of squared differences from a number, exactly."""
        at = Fraction(origin)
        return Fraction(self.squares, 1 << 2 * PLACES) - 2 * at * Fraction(self.total, 1 << PLACES) + self.n * at * at

    def deviation(self, origin: float, ddof: float) -> float:
        """The root of the mean of squared differences from a number, with n - ddof as the divisor."""
        if not self.finite or not math.isfinite(origin) or self.n - ddof <= 0:
            return math.nan
        mean = self.squares_about(origin) / (self.n - Fraction(ddof))
        shift = (mean.numerator.bit_length() - mean.denominator.bit_length()) // 2  # no float overflows
        return math.ldexp(math.sqrt(_rounded(mean / Fraction(4) ** shift)), shift)


def _rounded(value: Fraction) -> float:
    try:
        return value.numerator / value.denominator
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _sums(x: Any) -> tuple[int, int]:
    """The sum of finite numbers, and of their squares, in units of 2**-PLACES and of its square."""
    sizes = np.abs(x[x != 0.0])
    if not len(sizes):
        return 0, 0
    if sizes.min() < TINY or sizes.max() > HUGE:
        whole = [_units(v) for v in x.tolist()]
        return sum(whole), sum(v * v for v in whole)
    square = x * x
    upper = x * SPLIT  # Dekker's product: what rounding took from the square
    upper -= upper - x
    lower = x - upper
    lost = ((upper * upper - square) + 2.0 * upper * lower) + lower * lower
    return _sum(x), (_sum(square) + _sum(lost)) << PLACES


def _sum(x: Any) -> int:
    """The sum of numbers of moderate size in units of 2**-PLACES: their leading bits first, whose sums are exact."""
    total = 0
    while (largest := float(max(x.max(), -x.min()))) > 0.0:
        grid = math.ldexp(1.0, math.frexp(largest)[1] + len(x).bit_length() + 1)
        leading = (x + grid) - grid
        total += _units(float(np.sum(leading)))
        x = x - leading
    return total


def _units(value: float) -> int:
    numerator, denominator = value.as_integer_ratio()
    return (numerator << PLACES) // denominator
