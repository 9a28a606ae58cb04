"""Peaks under a penalty or constraints, and an honest account of them."""

from likely.search.restrained.account import escapes, status_of, unpenalised, withheld_of
from likely.search.restrained.peak import find_restrained_peak

__all__ = ["escapes", "find_restrained_peak", "status_of", "unpenalised", "withheld_of"]
