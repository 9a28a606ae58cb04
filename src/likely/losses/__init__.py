"""Losses: the negative log-likelihoods of stated assumptions, for other learners."""

from likely.losses.assumption import Assumption, assumption_of
from likely.losses.dropped import Dropped
from likely.losses.loss import Loss
from likely.losses.nll import NLL
from likely.losses.scorer import Scorer

loss = Loss
nll = NLL
scorer = Scorer

__all__ = ["NLL", "Assumption", "Dropped", "Loss", "Scorer", "assumption_of", "loss", "nll", "scorer"]
