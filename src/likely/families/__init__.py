"""Every built-in family, and the only list of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from likely.errors import OptionError, UnknownNameError, unknown
from likely.families.asymmetric_laplace import AsymmetricLaplace
from likely.families.base import Family
from likely.families.bernoulli import Bernoulli
from likely.families.beta import Beta
from likely.families.binomial import Binomial
from likely.families.categorical import Categorical
from likely.families.cauchy import Cauchy
from likely.families.conditional_logit import ConditionalLogit
from likely.families.exponential import Exponential
from likely.families.gamma import Gamma
from likely.families.geometric import Geometric
from likely.families.gumbel import Gumbel
from likely.families.huber import Huber
from likely.families.inverse_gaussian import InverseGaussian
from likely.families.laplace import Laplace
from likely.families.log_logistic import LogLogistic
from likely.families.log_normal import LogNormal
from likely.families.logistic import Logistic
from likely.families.negative_binomial import NegativeBinomial
from likely.families.normal import Normal
from likely.families.ordinal import Ordinal
from likely.families.pareto import Pareto
from likely.families.poisson import Poisson
from likely.families.skew_normal import SkewNormal
from likely.families.student_t import StudentT
from likely.families.uniform import Uniform
from likely.families.weibull import Weibull

FAMILIES: dict[str, type[Family]] = {
    family.name: family
    for family in (
        # real numbers
        Normal,
        Laplace,
        AsymmetricLaplace,
        StudentT,
        Logistic,
        Huber,
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
        Ordinal,
    )
}

__all__ = [
    "FAMILIES",
    "AsymmetricLaplace",
    "Bernoulli",
    "Beta",
    "Binomial",
    "Categorical",
    "Cauchy",
    "ConditionalLogit",
    "Exponential",
    "Gamma",
    "Geometric",
    "Gumbel",
    "Huber",
    "InverseGaussian",
    "Laplace",
    "LogLogistic",
    "LogNormal",
    "Logistic",
    "NegativeBinomial",
    "Normal",
    "Ordinal",
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


# names that mean a family with something chosen
_CHOSEN: dict[str, Callable[[], Family]] = {
    "conditionallogit": ConditionalLogit,
    "clogit": ConditionalLogit,
    "mcfadden": ConditionalLogit,
    "orderedlogit": Ordinal,
    "cumulativelogit": Ordinal,
    "ordinallogit": Ordinal,
    "orderedprobit": partial(Ordinal, link="probit"),
    "cumulativeprobit": partial(Ordinal, link="probit"),
    "ordinalprobit": partial(Ordinal, link="probit"),
}


# what people call their model -> what to write here; names as `_key` spells them
_LINKS = "log identity inverse sqrt softplus".split()
_UNIT_LINKS = "probit cloglog loglog cauchit".split()
_BINARY = "lk.fit(lk.Bernoulli(), data, 'y ~ x'"
_CALLED: dict[str, str] = {
    "logit logitlink logreg logisticregression binarylogit": f"for a response of 0 and 1: {_BINARY}), whose link it is",
    "ols wls lm linear leastsquares mse": "least squares is the likelihood of lk.Normal()",
    "lad mae l1 median": "least absolute deviations are the likelihood of lk.Laplace()",
    "quantileregression rq quantreg pinball": (
        "the regression of a quantile is the likelihood of lk.AsymmetricLaplace(tau=0.9)"
    ),
    "robust rlm": "for errors with outliers: lk.StudentT(), or lk.Huber(k=1.345)",
    "mnlogit multinomiallogit": "for one of several labels: lk.Categorical()",
    "quasi quasipoisson quasibinomial": "for counts that vary more than the Poisson's: lk.NegativeBinomial()",
    "zip zinb zeroinflated zeroinflatedpoisson hurdle": (
        "lk.NegativeBinomial() takes many zeros, and @lk.family(...) a density of your own"
    ),
    "glm gam mle regression": "name the distribution of the response, such as 'normal' or 'poisson'",
}
ADVICE: dict[str, str] = {
    **{name: message for names, message in _CALLED.items() for name in names.split()},
    **{
        name + end: f"{name} is a link, not a family: name the distribution and write link={name!r}"
        for name in _LINKS
        for end in ("", "link")
    },
    **{
        name + end: f"{name} is a link for a probability: {_BINARY}, link={name!r})"
        for name in _UNIT_LINKS
        for end in ("", "link")
    },
}
_SUFFIXES = ("regression", "distribution", "family", "model")


def advice(name: str) -> str | None:
    """What someone who asks for a family of this name is looking for; None where nothing is known.

    Examples
    --------
    >>> advice("OLS")
    'least squares is the likelihood of lk.Normal()'
    """
    key = _key(name)
    for suffix in ("", *_SUFFIXES):
        short = key.removesuffix(suffix) if suffix and key != suffix else key
        if (found := ADVICE.get(short)) is not None:
            return found
        if (family := _BY_KEY.get(short)) is not None:
            return f"did you mean lk.{family.__name__}()?"
    return None


def means_family(spec: Any) -> bool:
    """Whether `spec` is a family, or names one.

    Examples
    --------
    >>> means_family("Student-t"), means_family("y ~ x")
    (True, False)
    """
    return isinstance(spec, (Family, type)) or (
        isinstance(spec, str) and (_key(spec) in _BY_KEY or _key(spec) in _CHOSEN)
    )


def get_family(spec: Any) -> Family:
    """The family that `spec` means: a family as it is, a class, or a name or alias in any spelling.

    Parameters
    ----------
    spec : Family, class of families or str

    Returns
    -------
    Family

    Raises
    ------
    UnknownNameError
        If there is no family of that name.
    OptionError
        If `spec` is nothing that could be a family.

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
        if (found := _CHOSEN.get(_key(spec), _BY_KEY.get(_key(spec)))) is not None:
            return found()
        if (message := advice(spec)) is not None:
            raise UnknownNameError(f"there is no family {spec!r}: {message}")
        raise unknown("family", spec, FAMILIES, aliases=[a for family in FAMILIES.values() for a in family.aliases])
    raise OptionError(
        "a family is lk.Normal(), its name such as 'normal', or a density made with lk.family(...); found "
        f"{_shown(spec)}"
    )


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 and "\n" not in text else f"an object of type {type(value).__name__}"
