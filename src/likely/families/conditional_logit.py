"""The conditional logit model: which rows of a stratum are the cases, given how many there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np

from likely.errors import OptionError, SupportError, first_rows
from likely.families.base import Family, Parameter, Support
from likely.families.base.domains import Groups, Real

if TYPE_CHECKING:
    from likely.families.base.arguments import Known


@final
class ConditionalLogit(Family):
    """Which rows of a stratum are the cases, given how many: a choice among alternatives, a matched case-control study.

    P(cases | their number m) = exp(sum of the cases' utilities) / sum over all subsets of m rows of exp(sum of theirs).
    With one case in each stratum it is McFadden's (1974) choice model. The likelihood is exact, whatever the number of
    cases (the recursion of Gail, Lubin and Rubinstein 1981, *Biometrika* 68). What does not vary within strata cancels,
    the intercept first of all.

    Parameters
    ----------
    utility : float or str, optional
        Known utilities.
    strata : str or array_like
        The stratum of each row: a column, or labels. ``lk.fit(..., strata="id")`` gives it as well.

    Notes
    -----
    An observation is a stratum. One whose rows are all cases, or none, says nothing and does not count. Weights are
    those of strata: they have to be the same in all rows of one.

    Examples
    --------
    >>> import likely as lk
    >>> data = {"trip": [1, 1, 2, 2, 3, 3], "chosen": [1, 0, 1, 0, 0, 1], "cost": [3, 5, 2, 4, 4, 5]}
    >>> fit = lk.fit(lk.ConditionalLogit(), data, "chosen ~ cost", strata="trip")
    >>> fit.names, fit.n
    (['utility.cost'], 3)
    """

    name: ClassVar = "conditional_logit"
    aliases: ClassVar = ("clogit", "mcfadden")
    parameters: ClassVar = (
        Parameter("utility", Real, "what makes a row a case, against the others of its stratum", anchored=True),
        Parameter("strata", Groups, "the stratum of each row", known_only=True),
    )
    support: ClassVar = Support(0.0, 1.0, closed_lower=True, closed_upper=True, integer=True)
    assumes: ClassVar = "within each stratum, given the number of cases, every set of rows may be the cases"
    loss_name: ClassVar = "conditional log loss"

    if TYPE_CHECKING:

        def __init__(self, *, utility: Known = None, strata: Known = None) -> None: ...

    def bind(self, y: Any, known: Any) -> tuple[ConditionalLogit, Any]:
        """The data themselves, once they are seen to be cases and others."""
        if np.any(bad := ~((y == 0.0) | (y == 1.0) | np.isnan(y))):
            rows = np.flatnonzero(bad)
            raise SupportError(
                "the response of ConditionalLogit is 1 for a case (the alternative chosen) and 0 for the others, found "
                f"{first_rows(rows, y[rows])}"
            )
        return self, y

    def _refuse(self, *args: Any, **params: Any) -> Any:
        raise OptionError(
            "ConditionalLogit is about strata given their numbers of cases, so single rows have no distribution, mean "
            "or residual under it; predict(what='prob') gives each row's probability to be the one case of its stratum"
        )

    _log_density = _scipy = _mean = _variance = _refuse
