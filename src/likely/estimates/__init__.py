"""What a search found, as a record: peak, information, covariance, and what was withheld and why."""

from likely.estimates.record import Estimates
from likely.estimates.values import AtLimit

__all__ = ["AtLimit", "Estimates"]
