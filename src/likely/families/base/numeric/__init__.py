"""What a family that states only its log-density gets all the same: cdf, quantiles, samples, moments, starting values.

A continuous density is integrated once, panel by panel, on a line on which it dies out exponentially. Partial sums from
both ends answer every later question, so a small upper tail is summed as such and never found as 1 - cdf. A discrete
density is summed outward from its mode, and beyond the table by the integral that the sum of a slowly falling tail
tends to.
"""

from likely.families.base.numeric.distribution import NumericDistribution

__all__ = ["NumericDistribution"]
