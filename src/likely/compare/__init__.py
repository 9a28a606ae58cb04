"""Fits of the same data under different assumptions, side by side."""

from likely.compare.between import Preference
from likely.compare.candidates import compare
from likely.compare.record import Comparison, Row
from likely.compare.suggestion import suggest
from likely.compare.transform import Transform

__all__ = ["Comparison", "Preference", "Row", "Transform", "compare", "suggest"]
