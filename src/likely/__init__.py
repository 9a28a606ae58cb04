"""likely: maximum likelihood estimation. State how your data came to be; get everything else.

Public names are imported on first use, so that ``import likely`` stays light.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from likely import charts, errors, estimators, losses
    from likely.checking.calibration import calibration, recalibrate
    from likely.checking.comparison import Comparison, compare, suggest
    from likely.checking.paths import Path, path
    from likely.data import datasets
    from likely.families import (
        AsymmetricLaplace,
        Bernoulli,
        Beta,
        Binomial,
        Categorical,
        Cauchy,
        ConditionalLogit,
        Exponential,
        Gamma,
        Geometric,
        Gumbel,
        Huber,
        InverseGaussian,
        Laplace,
        Logistic,
        LogLogistic,
        LogNormal,
        NegativeBinomial,
        Normal,
        Ordinal,
        Pareto,
        Poisson,
        SkewNormal,
        StudentT,
        Uniform,
        Weibull,
    )
    from likely.families.base import Family, Support
    from likely.families.base.domains import Interval, NonNegative, OpenUnitInterval, Positive, Real, UnitInterval
    from likely.families.base.vectors import Simplex
    from likely.families.custom import family
    from likely.likelihoods.density import Density, density
    from likely.losses import NLL as nll
    from likely.losses import Loss as loss
    from likely.losses import Scorer as scorer
    from likely.losses import assumption_of
    from likely.models.penalties import ElasticNet, Firth, Lasso, Ridge
    from likely.results import Fit
    from likely.results.fitting import fit
    from likely.results.likelihood import Likelihood, likelihood, separation
    from likely.testing import check_family

_HOMES: dict[str, tuple[str, ...]] = {
    "likely.checking.calibration": ("calibration", "recalibrate"),
    "likely.checking.comparison": ("Comparison", "compare", "suggest"),
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
    "likely.families.base": ("Family", "Support"),
    "likely.results.fitting": ("fit",),
    "likely.results.likelihood": ("Likelihood", "likelihood", "separation"),
    "likely.losses": ("assumption_of", "loss", "nll", "scorer"),
    "likely.checking.paths": ("Path", "path"),
    "likely.models.penalties": ("ElasticNet", "Firth", "Lasso", "Ridge"),
    "likely.results": ("Fit",),
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

            if (told := advice(name)) is not None:
                raise AttributeError(f"likely has no {name!r}: {told}") from None
        raise AttributeError(str(unknown("name", name, __all__, " in likely"))) from None
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
