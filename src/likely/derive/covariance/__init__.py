"""Covariances of the estimates: inverses of the information, sandwiches, clusters, quantiles, the bootstrap.

But for quantiles, everything follows from each row's score and information with respect to its linear predictors, so it
holds for any family, link and density of one's own.
"""

from likely.derive.covariance.quantile import likelihood_ratio_factor
from likely.derive.covariance.request import KINDS, Covariance, Request, default, requested
from likely.derive.covariance.sandwich import covariance
from likely.derive.covariance.small_sample import (
    least_squares_root,
    reference,
    refuse_spread,
    scaled,
    with_small_sample,
)
from likely.derive.covariance.unseen import depends, unit_rows
from likely.solve.inverse import flat_names, inverse_information, rank, root

__all__ = [
    "KINDS",
    "Covariance",
    "Request",
    "covariance",
    "default",
    "depends",
    "flat_names",
    "inverse_information",
    "least_squares_root",
    "likelihood_ratio_factor",
    "rank",
    "reference",
    "refuse_spread",
    "requested",
    "root",
    "scaled",
    "unit_rows",
    "with_small_sample",
]
