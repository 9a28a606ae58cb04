"""The one rule: a family states the log-density of one observation; everything generic derives from it."""

from likely.families.base.arguments import by_keyword, check_size, frozen, generator
from likely.families.base.distributions import Distributions, Tails, jumps
from likely.families.base.family import Family, weighted_mean
from likely.families.base.limit import Limit
from likely.families.base.parameter import Parameter
from likely.families.base.support import Kind, Support

__all__ = [
    "Distributions",
    "Family",
    "Kind",
    "Limit",
    "Parameter",
    "Support",
    "Tails",
    "by_keyword",
    "check_size",
    "frozen",
    "generator",
    "jumps",
    "weighted_mean",
]
