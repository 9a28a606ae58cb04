"""Every built-in family, and the only list of them."""

from __future__ import annotations

from typing import Any

from likely.errors import OptionError, unknown
from likely.families.bernoulli import Bernoulli
from likely.families.beta import Beta
from likely.families.binomial import Binomial
from likely.families.categorical import Categorical
from likely.families.cauchy import Cauchy
from likely.families.exponential import Exponential
from likely.families.gamma import Gamma
from likely.families.geometric import Geometric
from likely.families.gumbel import Gumbel
from likely.families.inverse_gaussian import InverseGaussian
from likely.families.laplace import Laplace
from likely.families.log_logistic import LogLogistic
from likely.families.log_normal import LogNormal
from likely.families.logistic import Logistic
from likely.families.negative_binomial import NegativeBinomial
from likely.families.normal import Normal
from likely.families.pareto import Pareto
from likely.families.poisson import Poisson
from likely.families.skew_normal import SkewNormal
from likely.families.student_t import StudentT
from likely.families.uniform import Uniform
from likely.families.weibull import Weibull
from likely.family import Family

FAMILIES: dict[str, type[Family]] = {
    family.name: family
    for family in (
        # real numbers
        Normal,
        Laplace,
        StudentT,
        Logistic,
        Cauchy,
        Gumbel,
        SkewNormal,
        # positive numbers
        Exponential,
        Gamma,
        InverseGaussian,
        Weibull,
        LogNormal,
        LogLogistic,
        Pareto,
        # bounded numbers
        Beta,
        Uniform,
        # counts and categories
        Bernoulli,
        Binomial,
        Geometric,
        Poisson,
        NegativeBinomial,
        Categorical,
    )
}

__all__ = [
    "FAMILIES",
    "Bernoulli",
    "Beta",
    "Binomial",
    "Categorical",
    "Cauchy",
    "Exponential",
    "Gamma",
    "Geometric",
    "Gumbel",
    "InverseGaussian",
    "Laplace",
    "LogLogistic",
    "LogNormal",
    "Logistic",
    "NegativeBinomial",
    "Normal",
    "Pareto",
    "Poisson",
    "SkewNormal",
    "StudentT",
    "Uniform",
    "Weibull",
    "get_family",
]


def _key(name: str) -> str:
    """A name without what people write differently: case, spaces, hyphens and underscores."""
    return name.lower().translate(str.maketrans("", "", " -_"))


_BY_KEY: dict[str, type[Family]] = {
    _key(name): family for family in FAMILIES.values() for name in (family.__name__, family.name, *family.aliases)
}


def get_family(spec: Any) -> Family:
    """The family that `spec` means: a family as it is, a class, or a name or alias in any spelling.

    Examples
    --------
    >>> get_family("Student-t"), get_family("gaussian")
    (StudentT(), Normal())
    """
    if isinstance(spec, Family):
        return spec
    if isinstance(spec, type) and issubclass(spec, Family):
        return spec()
    if isinstance(spec, str):
        if (found := _BY_KEY.get(_key(spec))) is not None:
            return found()
        raise unknown("family", spec, FAMILIES, aliases=[a for family in FAMILIES.values() for a in family.aliases])
    raise OptionError(
        f"a family is lk.Normal(), its name such as 'normal', or a density made with lk.family(...); found {spec!r}"
    )
