"""likely: maximum likelihood estimation. State how your data came to be; get everything else.

Public names are imported on first use, so that ``import likely`` stays light.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from likely.lazy import promise

if TYPE_CHECKING:
    from likely import charts, datasets, errors, estimators, losses
    from likely.calibration import calibration, recalibrate
    from likely.compare import Comparison, compare, suggest
    from likely.custom import family
    from likely.density import Density, density
    from likely.domains import Interval, NonNegative, OpenUnitInterval, Positive, Real, UnitInterval
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
    from likely.family import Family, Support
    from likely.fit import fit
    from likely.likelihood import Likelihood, likelihood, separation
    from likely.losses import NLL as nll
    from likely.losses import Loss as loss
    from likely.losses import Scorer as scorer
    from likely.losses import assumption_of
    from likely.path import Path, path
    from likely.penalties import ElasticNet, Firth, Lasso, Ridge
    from likely.result import Fit
    from likely.testing import check_family
    from likely.vectors import Simplex

_HOMES: dict[str, tuple[str, ...]] = {
    "likely.calibration": ("calibration", "recalibrate"),
    "likely.compare": ("Comparison", "compare", "suggest"),
    "likely.custom": ("family",),
    "likely.density": ("Density", "density"),
    "likely.domains": ("Interval", "NonNegative", "OpenUnitInterval", "Positive", "Real", "UnitInterval"),
    "likely.vectors": ("Simplex",),
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
    "likely.family": ("Family", "Support"),
    "likely.fit": ("fit",),
    "likely.likelihood": ("Likelihood", "likelihood", "separation"),
    "likely.losses": ("assumption_of", "loss", "nll", "scorer"),
    "likely.path": ("Path", "path"),
    "likely.penalties": ("ElasticNet", "Firth", "Lasso", "Ridge"),
    "likely.result": ("Fit",),
    "likely.testing": ("check_family",),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

_MODULES = ("charts", "datasets", "errors", "estimators", "losses")

__all__ = sorted([*_HOME, *_MODULES])  # noqa: PLE0605


# public functions that share their names with the modules they live in: importing those must not hide them
for _name in ("calibration", "compare", "density", "family", "fit", "likelihood", "path"):
    promise(f"likely.{_name}")


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("likely")
    if name in _MODULES:
        return importlib.import_module(f"likely.{name}")
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
