"""Hand-fused row kernels for hot families; each is proven equal to the derived one by a test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, final

import numpy as np

from likely.families.ordinal import LATENT
from likely.likelihoods.kernels import ordinal
from likely.likelihoods.kernels.categorical import categorical_rows
from likely.likelihoods.kernels.gamma import gamma_rows
from likely.likelihoods.kernels.glm import log_factorials, logistic_rows, poisson_rows
from likely.likelihoods.kernels.negative_binomial import counts, negative_binomial_rows
from likely.likelihoods.kernels.normal import normal_rows
from likely.likelihoods.kernels.student_t import student_t_rows
from likely.likelihoods.kernels.weibull import weibull_rows
from likely.models.model import Model
from likely.namespace import Jet


def _always(model: Model) -> bool:
    return True


@final
@dataclass(frozen=True)
class Kernel:
    """A family's rows on its usual links, with derivatives with respect to the linear predictors.

    Attributes
    ----------
    rows : callable
        (y, prepared, etas) -> Jet, or None where only the density's own form keeps its digits.
    prepare : callable
        y -> what `rows` needs of the data alone, one value per row, found once; None if the kernel does not fit these
        data.
    fits : callable
        model -> whether it is one that the kernel is for.
    """

    rows: Callable[[Any, Any, list[Any]], Jet | None]
    prepare: Callable[[Any], Any]
    fits: Callable[[Model], bool] = _always


def _as_it_is(y: Any) -> Any:
    return y


KERNELS: dict[tuple[str, tuple[str, ...]], Kernel] = {
    ("bernoulli", ("logit",)): Kernel(logistic_rows, _as_it_is),
    ("categorical", ("logit",)): Kernel(categorical_rows, _as_it_is),
    ("gamma", ("log", "log")): Kernel(gamma_rows, np.log),
    ("negative_binomial", ("log", "log")): Kernel(negative_binomial_rows, counts),
    ("normal", ("identity", "log")): Kernel(normal_rows, _as_it_is),
    ("poisson", ("log",)): Kernel(poisson_rows, log_factorials),
    ("student_t", ("identity", "log", "log")): Kernel(student_t_rows, _as_it_is),
    ("weibull", ("log", "log")): Kernel(weibull_rows, np.log),
    **{("ordinal", (link,)): Kernel(partial(ordinal.ordinal_rows, link), _as_it_is, ordinal.fits) for link in LATENT},
}


def find(model: Model) -> Kernel | None:
    """The kernel for this family with these links, nothing known and rows of one unit each; or None."""
    if model.known or model.fixed or model.averaged:
        return None
    family = model.family
    links = (family.variant,) if family.variant else tuple(group[0].link.name for group in model.groups)
    kernel = KERNELS.get((family.name, links))
    return kernel if kernel is not None and kernel.fits(model) else None
