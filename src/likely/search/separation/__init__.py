"""Separation: predictors that tell the outcomes apart so well that their coefficients run to infinity.

An observation at the end of what can occur (a yes, a no, a count of zero) is explained ever better as its linear
predictor runs towards that end. Directions in which no row is explained worse form a cone; if some row is explained
better along one of them, the likelihood has no peak (Albert and Anderson 1984, *Biometrika* 71; for Poisson models
Correia, Guimaraes and Zylkin 2019, arXiv:1903.01633). Linear programming decides whether there is such a direction
(Konis 2007, *Linear programming algorithms for detecting separated data*), and every answer is checked row by row.

A model whose conditions have another form states them as rows of a matrix, a @ b >= 0: `separate` of
``Cone.of_signs(a, np.ones(len(a)))``, or `separate_large` of a sparse one.
"""

from likely.search.separation.certificate import Separation
from likely.search.separation.cone import Cone
from likely.search.separation.find import find_separation
from likely.search.separation.large import separate_large
from likely.search.separation.programme import Direction, separate
from likely.search.separation.remaining import remaining

__all__ = ["Cone", "Direction", "Separation", "find_separation", "remaining", "separate", "separate_large"]
