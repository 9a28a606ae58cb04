"""Special functions that keep log-densities accurate at extreme arguments, for NumPy in float64.

Densities of counts, proportions and waiting times lose their digits in differences such as
``gammaln(n + 1) - gammaln(x + 1)``. Written with `stirling`, `bd0` and `log1pmx` they do not: this is Loader's
saddle-point form. The derivatives that those forms need are here too.

Every function takes scalars or arrays and broadcasts; a NaN gives a NaN; no warning is emitted. A scalar goes through
``math`` (about a microsecond), an array through in-place NumPy.

References
----------
.. [1] C. Loader (2000), Fast and accurate computation of binomial probabilities, Bell Laboratories.
.. [2] NIST Digital Library of Mathematical Functions (DLMF), https://dlmf.nist.gov: sections 4.6 (logarithm),
   5.11 and 5.15 (asymptotic series of lgamma, digamma and polygamma), 7.8 and 7.9 (Mills' ratio).
"""

from likely.namespace.special.deviance import bd0, log1pmx
from likely.namespace.special.gamma import stirling, stirling_d1, stirling_d2, stirling_d3, tetragamma, trigamma
from likely.namespace.special.normal import inverse_mills, inverse_mills_d1, log1mexp, softplus

__all__ = [
    "bd0",
    "inverse_mills",
    "inverse_mills_d1",
    "log1mexp",
    "log1pmx",
    "softplus",
    "stirling",
    "stirling_d1",
    "stirling_d2",
    "stirling_d3",
    "tetragamma",
    "trigamma",
]
