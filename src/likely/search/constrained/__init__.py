"""Peaks under a penalty or constraints, and an honest account of them."""

from likely.search.constrained.account import end_of, escapes, unpenalised, withheld_of
from likely.search.constrained.peak import find_restrained_peak

__all__ = ["end_of", "escapes", "find_restrained_peak", "unpenalised", "withheld_of"]
