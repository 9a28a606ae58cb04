"""The one rule: a family states the log-density of one observation; everything generic derives from it."""

from likely.family.arguments import by_keyword, check_size, frozen, generator
from likely.family.family import Family, weighted_mean
from likely.family.limit import Limit
from likely.family.parameter import Parameter
from likely.family.support import Kind, Support

__all__ = [
    "Family",
    "Kind",
    "Limit",
    "Parameter",
    "Support",
    "by_keyword",
    "check_size",
    "frozen",
    "generator",
    "weighted_mean",
]
