"""Fits of the same data under different assumptions, side by side."""

from likely.checking.comparison.between import Preference
from likely.checking.comparison.record import Comparison, Row
from likely.checking.comparison.transform import Transform

__all__ = ["Comparison", "Preference", "Row", "Transform"]
