"""Covariances of the estimates: inverses of the information, sandwiches, clusters, quantiles, the bootstrap.

But for quantiles, everything follows from each row's score and information with respect to its linear predictors, so it
holds for any family, link and density of one's own.
"""

from likely.compute.solve.inverse import flat_names, inverse_information, root
from likely.estimates.covariance.quantile import likelihood_ratio_factor
from likely.estimates.covariance.request import KINDS, Covariance, Request, default, requested
from likely.estimates.covariance.sandwich import covariance
from likely.estimates.covariance.small_sample import (
    least_squares_root,
    reference,
    refuse_spread,
    scaled,
    with_small_sample,
)
from likely.estimates.covariance.zero_scores import depends, unit_rows

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
    "reference",
    "refuse_spread",
    "requested",
    "root",
    "scaled",
    "unit_rows",
    "with_small_sample",
]
