"""What makes a fit a linear or a generalised linear model, of which residuals and Cook's distances have fixed meanings.

One linear predictor for the mean, a variance that is a function of the mean times a constant dispersion, and nothing
else with predictors (McCullagh and Nelder 1989).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np

from likely.estimates.covariance.sandwich import predictor_coefficients
from likely.likelihoods.fitted_rows import FittedRows
from likely.namespace import NumpyNamespace

if TYPE_CHECKING:
    from likely.estimates import Estimates

# the parameter that the dispersion is a function of, for families that have one
DISPERSED: Mapping[str, tuple[str, Callable[[float], float]]] = {
    "normal": ("sd", lambda sd: sd * sd),
    "log_normal": ("sigma", lambda sigma: sigma * sigma),  # a linear model of log y
    "gamma": ("shape", lambda shape: 1.0 / shape),
    "inverse_gaussian": ("shape", lambda shape: 1.0 / shape),
}
# and those whose dispersion is 1 (of a negative binomial with its shape held, as in MASS)
PLAIN = ("poisson", "bernoulli", "binomial", "negative_binomial", "exponential", "geometric")


@final
@dataclass(frozen=True)
class Glm:
    """A fit as a generalised linear model.

    Attributes
    ----------
    coefficients : int
        p, those of the mean.
    room : float
        n - p.
    dispersion : float
        Of one unit, by maximum likelihood or as it is known; 1 where the family has none.
    estimated : bool
        Whether it is estimated, so that residuals are standardised by their own, with divisor n - p.
    """

    coefficients: int
    room: float
    dispersion: float
    estimated: bool


def common_dispersion(rows: FittedRows) -> float:
    """The dispersion that all rows have, of one unit each; 1 where they have none, or not the same."""
    if rows.family.name not in DISPERSED:
        return 1.0
    parameter, dispersion = DISPERSED[rows.family.name]
    with np.errstate(all="ignore"):
        values = rows.full(rows.model.parameters(rows.etas, NumpyNamespace(), rows.data.known)[parameter])
    return dispersion(float(values[0])) if np.all(values == values[0]) else 1.0


def glm_of(fit: Estimates) -> Glm | None:
    """The fit as a generalised linear model; None for any other."""
    fit = fit.effective
    model = fit.likelihood.model
    name = model.family.name
    if name not in (*DISPERSED, *PLAIN) or not model.slots:
        return None
    first, *others = model.slots
    if first.parameter.name != model.family.parameters[0].name or not all(slot.constant for slot in others):
        return None
    p = predictor_coefficients(fit)
    room = float(fit.n) - p
    if name in PLAIN:
        return Glm(p, room, 1.0, False)
    parameter, dispersion = DISPERSED[name]
    if parameter in model.known:
        known = np.ravel(fit.likelihood.bound.data.known[parameter])
        # one for each row is a weight: what is common to them is 1
        return Glm(p, room, dispersion(float(known[0])) if np.all(known == known[0]) else 1.0, False)
    return Glm(p, room, dispersion(float(fit.coef[parameter])), True)
