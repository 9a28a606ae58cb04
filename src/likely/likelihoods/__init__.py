"""Log-likelihoods as functions of the coefficients, one file a kind, behind one protocol.

`objective_of` makes the one that a model asks for. What a kind offers beside the protocol it says itself (`Offers`), so
that nobody asks a family what kind it is.
"""

from likely.likelihoods.kinds import objective_of, offers_of, single_peaked
from likely.likelihoods.protocol import FarSearch, Function, Objective, Offers, by_rows
from likely.likelihoods.rows import RowsObjective

__all__ = [
    "FarSearch",
    "Function",
    "Objective",
    "Offers",
    "RowsObjective",
    "by_rows",
    "objective_of",
    "offers_of",
    "single_peaked",
]
