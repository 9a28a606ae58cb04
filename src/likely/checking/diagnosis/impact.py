"""How much a wrong assumption matters to the estimates, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from likely.errors import LikelyError
from likely.inference.fitting import other_covariance
from likely.show.text_table import number

if TYPE_CHECKING:
    from likely.estimates import Estimates


def robust(fit: Estimates) -> str:
    """Standard errors that do not take the model as true, beside those that do."""
    try:
        other = other_covariance(fit, "HC0").stderr
    except LikelyError:
        return ""
    ratios = {
        name: other[name] / error  # type: ignore[operator]
        for name, error in fit.stderr.items()
        if error and other.get(name)
    }
    if not ratios:
        return ""
    name = max(ratios, key=lambda key: abs(np.log(ratios[key])))
    return (
        f"Standard errors that hold without the assumption are {number(min(ratios.values()), 3)} to "
        f"{number(max(ratios.values()), 3)} times the stated ones (the furthest: {name})"
    )


def robust_step(fit: Estimates) -> str:
    """How to have standard errors that do not take the model as true; those of a quantile regression never do."""
    return "fit.summary()" if fit._request.of_quantile else "fit.with_cov('HC1').summary()"


def moved(fit: Estimates, other: Estimates) -> str:
    """What becomes of the first parameter's estimates under another assumption."""
    first = [slot for slot in fit.likelihood.model.slots if slot.parameter is fit.likelihood.model.slots[0].parameter]
    others = list(other.coef.values())
    moves = {}
    for j, name in enumerate(n for slot in first for n in slot.names):
        error = fit.stderr.get(name)
        if error and j < len(others) and not name.endswith("Intercept"):
            moves[name] = (others[j] - fit.coef[name]) / error
    gain = f"{other.likelihood.model.family.title}: AIC {number(other.aic - fit.aic, 5)} against this fit"
    same = fit.likelihood.model.slots[0].link.name == other.likelihood.model.slots[0].link.name
    if not moves or not same:
        return gain
    name = max(moves, key=lambda key: abs(moves[key]))
    return f"{gain}, and {name} moves by {number(moves[name], 3)} of its standard errors"
