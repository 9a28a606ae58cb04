"""likely: maximum likelihood estimation. State how your data came to be; get everything else.

Public names are imported on first use, so that ``import likely`` stays light.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from likely import charts, errors, estimators, losses
    from likely.checking.calibration import recalibrate as recalibrate
    from likely.checking.comparison import Comparison as Comparison
    from likely.data import datasets as datasets
    from likely.errors import LikelyError as LikelyError
    from likely.families import AsymmetricLaplace as AsymmetricLaplace
    from likely.families import Bernoulli as Bernoulli
    from likely.families import Beta as Beta
    from likely.families import Binomial as Binomial
    from likely.families import Categorical as Categorical
    from likely.families import Cauchy as Cauchy
    from likely.families import ConditionalLogit as ConditionalLogit
    from likely.families import Exponential as Exponential
    from likely.families import Gamma as Gamma
    from likely.families import Geometric as Geometric
    from likely.families import Gumbel as Gumbel
    from likely.families import Huber as Huber
    from likely.families import InverseGaussian as InverseGaussian
    from likely.families import Laplace as Laplace
    from likely.families import Logistic as Logistic
    from likely.families import LogLogistic as LogLogistic
    from likely.families import LogNormal as LogNormal
    from likely.families import NegativeBinomial as NegativeBinomial
    from likely.families import Normal as Normal
    from likely.families import Ordinal as Ordinal
    from likely.families import Pareto as Pareto
    from likely.families import Poisson as Poisson
    from likely.families import SkewNormal as SkewNormal
    from likely.families import StudentT as StudentT
    from likely.families import Uniform as Uniform
    from likely.families import Weibull as Weibull
    from likely.families.base import Family as Family
    from likely.families.base import Kind as Kind
    from likely.families.base import Parameter as Parameter
    from likely.families.base import Support as Support
    from likely.families.base.domains import Interval as Interval
    from likely.families.base.domains import NonNegative as NonNegative
    from likely.families.base.domains import OpenUnitInterval as OpenUnitInterval
    from likely.families.base.domains import Positive as Positive
    from likely.families.base.domains import Real as Real
    from likely.families.base.domains import UnitInterval as UnitInterval
    from likely.families.base.vectors import Simplex as Simplex
    from likely.families.custom import family as family
    from likely.likelihoods.density import Density as Density
    from likely.likelihoods.density import density as density
    from likely.losses import assumption_of as assumption_of
    from likely.losses import loss as loss
    from likely.losses import nll as nll
    from likely.losses import scorer as scorer
    from likely.models.penalties import ElasticNet as ElasticNet
    from likely.models.penalties import Firth as Firth
    from likely.models.penalties import Lasso as Lasso
    from likely.models.penalties import Ridge as Ridge
    from likely.results.comparing import compare as compare
    from likely.results.comparing import suggest as suggest
    from likely.results.fits import Fit as Fit
    from likely.results.fits import Likelihood as Likelihood
    from likely.results.fitting import fit as fit
    from likely.results.fitting_groups import fit_groups as fit_groups
    from likely.results.group_fits import GroupFits as GroupFits
    from likely.results.likelihoods import likelihood as likelihood
    from likely.results.likelihoods import separation as separation
    from likely.results.loading import load as load
    from likely.results.paths import Path as Path
    from likely.results.paths import path as path
    from likely.results.predictions import calibration as calibration
    from likely.testing import check_family as check_family

_HOMES: dict[str, tuple[str, ...]] = {
    "likely.checking.calibration": ("recalibrate",),
    "likely.checking.comparison": ("Comparison",),
    "likely.errors": ("LikelyError",),
    "likely.families.custom": ("family",),
    "likely.likelihoods.density": ("Density", "density"),
    "likely.families.base.domains": ("Interval", "NonNegative", "OpenUnitInterval", "Positive", "Real", "UnitInterval"),
    "likely.families.base.vectors": ("Simplex",),
    "likely.families": (
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
    ),
    "likely.families.base": ("Family", "Kind", "Parameter", "Support"),
    "likely.losses": ("assumption_of", "loss", "nll", "scorer"),
    "likely.results.paths": ("Path", "path"),
    "likely.models.penalties": ("ElasticNet", "Firth", "Lasso", "Ridge"),
    "likely.results.comparing": ("compare", "suggest"),
    "likely.results.fits": ("Fit", "Likelihood"),
    "likely.results.fitting": ("fit",),
    "likely.results.fitting_groups": ("fit_groups",),
    "likely.results.group_fits": ("GroupFits",),
    "likely.results.likelihoods": ("likelihood", "separation"),
    "likely.results.predictions": ("calibration",),
    "likely.results.loading": ("load",),
    "likely.testing": ("check_family",),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

_MODULES = {
    **{name: f"likely.{name}" for name in ("charts", "errors", "estimators", "losses")},
    "datasets": "likely.data.datasets",
}

__all__ = sorted([*_HOME, *_MODULES])  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("likely")
    if name in _MODULES:
        return importlib.import_module(_MODULES[name])
    try:
        home = _HOME[name]
    except KeyError:
        from likely.errors import unknown

        if not name.startswith("_"):
            from likely.families import advice

            if (message := advice(name)) is not None:
                raise AttributeError(f"likely has no {name!r}: {message}") from None
        raise AttributeError(str(unknown("name", name, __all__, " in likely"))) from None
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
