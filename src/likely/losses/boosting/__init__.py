"""Likelihoods for LightGBM and XGBoost: gradient and Hessian from a family's log-density, for every parameter.

Boosted trees give every row a score for each parameter, on the scale of its link. The loss is minus the log-density;
its derivatives in the scores are those of `likely.likelihoods.rows`, the same that `likely.fit` uses. Neither library
is imported here: they call, and hand over arrays and data sets of their own.
"""

from likely.losses.boosting.build import objective
from likely.losses.boosting.record import Boosting

__all__ = ["Boosting", "objective"]
