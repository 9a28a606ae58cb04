"""Student's t family, with location and scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np
from scipy import special as sc

from likely.errors.kinds import is_number
from likely.families.base import Family, Limit, Parameter, Support, weighted_mean
from likely.families.base.domains import Positive, Real
from likely.families.base.kernel import Kernel
from likely.families.cauchy import log1p_square
from likely.families.kernels.student_t import student_t_rows
from likely.families.laplace import middle_size, weighted_quantile
from likely.families.normal import HALF_LOG_2PI, Normal
from likely.namespace.arrays import Value

if TYPE_CHECKING:
    from likely.families.base.arguments import Known
    from likely.families.base.numeric.frozen import Frozen

NORMAL_NAMES = {"loc": "mean", "scale": "sd"}

# tail weights the start tells apart by quantiles: (97.5% - 50%) / (75% - 50%) falls from 106 to 3.0 over these
START_DF = np.array([0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 10.0, 30.0])
START_RATIOS = sc.stdtrit(START_DF, 0.975) / sc.stdtrit(START_DF, 0.75)


def _normal(**known: Any) -> Normal:
    return Normal(**{NORMAL_NAMES[name]: value for name, value in known.items() if name in NORMAL_NAMES})


@final
class StudentT(Family):
    """Errors that are mostly normal with now and then a large one: fits that outliers do not pull away.

    log f = lgamma((df+1)/2) - lgamma(df/2) - log(pi df)/2 - log(scale) - (df+1)/2 log(1 + z^2/df) with
    z = (y - loc)/scale (Lange, Little and Taylor 1989). The two lgamma are written by their Stirling remainders,
    which leaves no large terms to cancel, so that the density passes into the normal's as df grows.

    Examples
    --------
    >>> import likely as lk
    >>> round(lk.StudentT().prob(0.0, loc=0, scale=1, df=3), 4)
    0.3676
    """

    name: ClassVar = "student_t"
    aliases: ClassVar = ("t",)
    parameters: ClassVar = (
        Parameter("loc", Real, "centre"),
        Parameter("scale", Positive, "spread of the bulk of the errors"),
        Parameter("df", Positive, "degrees of freedom: the smaller, the heavier the tails", typical=(3.0, 30.0)),
    )
    support: ClassVar = Support()
    assumes: ClassVar = "errors around a centre, with outliers more frequent than the normal allows"
    concave: ClassVar = {}
    moves: ClassVar = "loc"
    loss_name: ClassVar = "robust (Student t) loss"
    averaged: ClassVar = {"scale": -0.5}
    multimodal: ClassVar = "loc"
    spikes: ClassVar = "df"
    limits: ClassVar = (Limit("df", np.inf, _normal, NORMAL_NAMES),)

    if TYPE_CHECKING:

        def __init__(self, *, loc: Known = None, scale: Known = None, df: Known = None) -> None: ...

    def tail_power(self) -> float | None:
        df = self.known.get("df")
        return float(df) if is_number(df) else None

    def _log_density(self, xp: Any, y: Any, loc: Any, scale: Any, df: Any) -> Value:
        a = 0.5 * df
        # lgamma(a + 1/2) - lgamma(a) - log(a)/2, which tends to 0
        constant = xp.stirling(a + 0.5) - xp.stirling(a) + ((a - 0.5) * xp.log1p(xp.over(1.0, df)) - 0.5)
        log_scale = xp.log(scale)
        tail = log1p_square(xp, y - loc, scale * xp.sqrt(df), log_scale + 0.5 * xp.log(df))
        return constant - HALF_LOG_2PI - log_scale - (a + 0.5) * tail

    def kernel(self, links: tuple[str, ...]) -> Kernel | None:
        """Its fused rows."""
        return Kernel(student_t_rows) if links == ("identity", "log", "log") else None

    def _scipy(self, loc: Any, scale: Any, df: Any) -> Frozen:
        from scipy import stats

        return stats.t(df=df, loc=loc, scale=scale)

    def _mean(self, xp: Any, loc: Any, scale: Any, df: Any) -> Value:
        return xp.where(df > 1.0, loc, np.nan)

    def _variance(self, xp: Any, loc: Any, scale: Any, df: Any) -> Value:
        safe = xp.where(df > 2.0, df, 3.0)
        finite = scale * scale * (safe / (safe - 2.0))
        return xp.where(df > 2.0, finite, xp.where(df > 1.0, xp.inf, np.nan))

    def _derived(self, xp: Any, loc: Any, scale: Any, df: Any) -> dict[str, Any]:
        safe = xp.where(df > 2.0, df, 3.0)
        return {"sd": xp.where(df > 2.0, scale * xp.sqrt(safe / (safe - 2.0)), xp.inf)}

    def _other_starts(self, y: Any, w: Any, known: Any) -> list[dict[str, Any]]:
        # beside a peak among heavy tails the normal, its limit, may be more likely
        if len(y) == 0 or "df" in known:
            return []
        loc = float(weighted_mean(y, w))
        return [{"loc": loc, "scale": float(np.sqrt(weighted_mean(np.square(y - loc), w))) or 1.0, "df": 30.0}]

    def _start(self, y: Any, w: Any, known: Any) -> dict[str, Any]:
        loc = weighted_quantile(y, w, 0.5)
        size = np.abs(y - known.get("loc", loc))
        middle = weighted_quantile(size / known.get("scale", 1.0), w, 0.5)
        far = weighted_quantile(size / known.get("scale", 1.0), w, 0.95)
        ratio = np.divide(far, middle, out=np.full(np.shape(middle), np.inf), where=np.greater(middle, 0.0))
        df = np.interp(-ratio, -START_RATIOS, START_DF)
        # half of all |y - loc| lie below scale * t(0.75)
        scale = middle_size(size / sc.stdtrit(known.get("df", df[..., None]), 0.75), w)
        return {"loc": loc, "scale": scale, "df": df[()]}

    def _starts(self, y: Any, w: Any, known: Any, courses: Any) -> dict[str, Any]:
        return self._start(y, w, {**known, **courses})
