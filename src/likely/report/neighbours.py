"""A fit beside those of neighbouring assumptions: families, or links, whose data could be these."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from likely.checking.comparison.candidates import side_by_side, taken
from likely.errors import FitError, LikelyError
from likely.estimates.maximum import peak_of
from likely.families import get_family
from likely.families.base import Family
from likely.inference.fit_code import Recipe
from likely.progress import Task

if TYPE_CHECKING:
    from likely.checking.comparison.record import Comparison
    from likely.estimates import Estimates

REAL = ("normal", "student_t", "laplace", "skew_normal")
POSITIVE = ("gamma", "log_normal", "weibull", "inverse_gaussian")
COUNTS = ("poisson", "negative_binomial", "geometric")
LINKS = ("logit", "probit", "cloglog")
MANY_ROWS, MANY_COEFFICIENTS = 200_000, 50  # beyond which only the nearest neighbours are fitted
FEW = 2
FOLDS, LEAST_ROWS, MOST_ROWS = 5, 20, 20_000  # of the held-out log-likelihoods


def neighbours(fit: Estimates, chosen: Iterable[Any] | None = None) -> Comparison[Estimates] | str:
    """The fit beside its neighbours, with the same formula, weights and offsets; or why there is no comparison.

    Parameters
    ----------
    fit : Estimates
    chosen : list of families, optional
        In place of the usual neighbours.

    Returns
    -------
    Comparison or str

    Raises
    ------
    UnknownNameError, OptionError
        If a chosen family is none.

    Examples
    --------
    >>> import likely as lk
    >>> waits = [1.2, 0.3, 2.7, 0.1, 0.9, 4.1, 0.2, 1.5]
    >>> fit = lk.fit("gamma", waits).estimates
    >>> sorted(row.name for row in neighbours(fit, ["exponential", "weibull"]).rows)
    ['Exponential', 'Gamma', 'Weibull']
    """
    families = None if chosen is None else [get_family(one) for one in chosen]
    if (why := _incomparable(fit)) is not None:
        return why
    others = _links(fit) if families is None else {}
    own = f"{_name(fit)}, {_link(fit)} link" if others else _name(fit)
    recipe, found = Recipe(fit), {own: fit}
    jobs: list[tuple[str, dict[str, Any]]] = [(f"{_name(fit)}, {link} link", {"link": link}) for link in others]
    jobs += [(family.title, {"family": family}) for family in (_usual(fit) if families is None else families)]
    if not jobs:
        return f"{fit.likelihood.model.family.title} has no neighbour that these data could come from as well."
    lost = []
    with Task("neighbouring families") as task:
        for i, (name, change) in enumerate(jobs):
            task.count(i, len(jobs), f"done, now {name}")
            try:
                found[name] = peak_of(recipe.likelihood(**change).bound, progress=False, on_failure="raise")
            except FitError as error:
                lost.append(f"{name}: {error}")
            except LikelyError as error:
                if families is not None:
                    lost.append(f"{name}: {error}")
    if len(found) == 1:
        return f"No neighbour of {own} could be fitted. {' '.join(lost)}".strip()
    n = len(fit.likelihood.bound.y)
    return side_by_side(
        [taken(one) for one in found.values()], list(found), folds=FOLDS if LEAST_ROWS <= n <= MOST_ROWS else None
    )


def _incomparable(fit: Estimates) -> str | None:
    """Why a fit is not compared."""
    family, bound = fit.likelihood.model.family, fit.likelihood.bound
    if not fit.converged:
        return "The fit failed, so there is nothing to compare."
    if bound.pseudo:
        return "Under sampling weights there is no likelihood of the rows, and so no AIC to compare."
    if fit.asked.restraints:
        return "A fit under a penalty or constraints is not compared with fits without: its AIC counts other things."
    if bound.separation is not None:
        return "Separated rows were left out of this fit; fits of other families would be of other rows."
    if family.known and not all(p.known_only for p in family.parameters if p.name in family.known):
        return f"{', '.join(family.known)} of {family.title} is known here, which no neighbour would know."
    return None


def _name(fit: Estimates) -> str:
    return fit.likelihood.model.family.title


def _usual(fit: Estimates) -> list[Family]:
    """Families of the same kind of data, nearest first."""
    family, y = fit.likelihood.model.family, fit.likelihood.bound.y
    if family.kind.labels or not fit.likelihood.offers.predictors:
        return []
    names: tuple[str, ...] = REAL
    if family.kind.discrete:
        names = () if np.isfinite(family.support.upper) or any(p.known_only for p in family.parameters) else COUNTS
    elif family.support.lower == 0.0:
        names = ("beta",) if family.support.upper == 1.0 else POSITIVE
    elif float(np.min(y)) > 0.0:
        names = REAL[:2] + POSITIVE[:2]
    large = len(y) > MANY_ROWS or fit.likelihood.model.size > MANY_COEFFICIENTS
    others = [name for name in names if name != family.name]
    return [get_family(name) for name in others[: FEW if large else None]]


def _link(fit: Estimates) -> str:
    """The link of a probability, or of ordered labels."""
    model = fit.likelihood.model
    return str(getattr(model.family, "link", None) or model.slots[0].link.name)


def _links(fit: Estimates) -> list[str]:
    """Other links of a probability with predictors, or of ordered labels."""
    model = fit.likelihood.model
    first = model.slots[0] if model.slots else None
    if first is None or first.design is None or len(first.design.names) < 2:
        return []
    ordered = hasattr(model.family, "link")
    if not ordered and (first.parameter.name != "p" or first.entry is not None):
        return []
    return [name for name in LINKS if name != _link(fit)]
