"""Residuals: how each observation compares with what the fitted model expected of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special as sc

from likely.errors import OptionError, first_rows, is_one_of, unknown
from likely.families.base import Kind, generator, jumps
from likely.likelihoods.fitted_rows import FittedRows, rows_of
from likely.namespace import NumpyNamespace
from likely.namespace.arrays import Floats
from likely.prediction.glm import Glm, common_dispersion, glm_of
from likely.prediction.influence import influence
from likely.prediction.surprise import own_log_density

if TYPE_CHECKING:
    from likely.data.native import NativeColumn
    from likely.estimates import Estimates

KINDS = (
    *("quantile", "pearson", "deviance", "anscombe", "response"),
    *("standardized", "standardized_pearson", "studentized"),
)
# families under which y is most probable at mean = y (p = y/n for the binomial), with the first parameter there
SATURATED: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("normal", "poisson", "gamma", "inverse_gaussian", "negative_binomial", "bernoulli"), lambda y: y),
    "binomial": lambda y: y,
    "exponential": lambda y: 1.0 / y,
    "geometric": lambda y: 1.0 / (1.0 + y),
}


def residuals(fit: Estimates, kind: str = "quantile", *, seed: Any = 0) -> NativeColumn:
    """Residuals of every row that the fit used; see `likely.Fit.residuals` for the kinds and their formulas."""
    if not is_one_of(kind, KINDS):
        raise unknown("kind of residuals", kind, KINDS)
    rows = rows_of(fit, observed=True)
    title = rows.family.title
    if rows.family.kind.labels and (kind != "quantile" or rows.family.kind is not Kind.ORDERED):
        raise OptionError(
            f"{title} has {'labels without an order' if kind == 'quantile' else 'labels, not numbers'}, so it has no "
            f"{kind} residuals; fit.surprise() says how little each observation was expected"
        )
    if kind == "quantile":
        return rows.column(_quantile(rows, generator(seed, "residuals")), kind)
    if kind == "response":
        center = rows.center()
        if not np.all(np.isfinite(center)):
            raise OptionError(f"the fitted {title} has no finite mean, so it has no {kind} residuals; use 'quantile'")
        return rows.column(rows.fit.likelihood.bound.y - center, kind)
    gap = rows.fit.likelihood.bound.y - rows.mean()
    glm = glm_of(fit) if rows.family.name in SATURATED else None
    unit = np.sqrt(common_dispersion(rows)) if rows.family.name in SATURATED else 1.0
    if kind == "anscombe":
        return rows.column(unit * _anscombe(rows), kind)
    if kind == "deviance":
        return rows.column(unit * _deviance(rows, gap), kind)
    pearson = unit * _pearson(rows, gap)
    if kind == "pearson":
        return rows.column(pearson, kind)
    if glm is None:
        if kind == "studentized":
            raise OptionError(
                f"studentized residuals are those of linear and generalised linear models; this fit of {title} is "
                "none. Use kind='quantile'"
            )
        return rows.column(pearson / np.sqrt(_own_room(fit)), kind)
    return rows.column(_standardized(fit, glm, kind, pearson, gap, rows), kind)


def _pearson(rows: FittedRows, gap: Any) -> Floats:
    """(y - mean)/sd."""
    spread = np.sqrt(rows.variance())
    if not np.all(np.isfinite(spread)):
        raise OptionError(
            f"the fitted {rows.family.title} has no finite variance, so it has no Pearson residuals; use "
            "kind='quantile'"
        )
    with np.errstate(all="ignore"):
        return np.where(gap == 0.0, 0.0, gap / spread)


def _standardized(fit: Estimates, glm: Glm, kind: str, pearson: Any, gap: Any, rows: FittedRows) -> Floats:
    """Residuals of a generalised linear model in their standard deviations."""
    room = _own_room(fit)
    weights = rows.fit.likelihood.bound.weights
    counts = np.ones(rows.n) if weights is None else np.asarray(weights, dtype=float)
    scale = glm.dispersion
    if glm.estimated:
        if glm.room <= 0 or (kind == "studentized" and glm.room <= 1):
            raise OptionError(
                f"{glm.coefficients} coefficients of {glm.room + glm.coefficients:g} observations leave too few to "
                f"estimate the dispersion by, so there are no {kind} residuals"
            )
        scale = float(np.sum(counts * np.square(pearson))) / glm.room
    if kind == "standardized_pearson":
        return pearson / np.sqrt(scale * room)
    deviance = np.sqrt(common_dispersion(rows)) * _deviance(rows, gap)
    if kind == "standardized":
        return deviance / np.sqrt(scale * room)
    size = np.sqrt(np.square(deviance) + np.square(pearson) * (1.0 - room) / room)
    if glm.estimated:
        total = float(np.sum(counts * np.square(deviance)))
        scale = np.maximum(total - np.square(deviance) / room, 0.0) / (glm.room - 1.0)
        if np.any(none := scale <= 1e-13 * total):
            raise OptionError(
                f"without one of these rows the model reproduces all others, so it has no studentized residual, "
                f"{first_rows(np.flatnonzero(none), gap[none])}: use kind='standardized'"
            )
    return np.sign(gap) * size / np.sqrt(scale)


def _own_room(fit: Estimates) -> Floats:
    """1 - h: how far the residual of each observation can be from 0, as a share of its variance."""
    h = influence(fit).shares[:, 0]
    bound = fit.effective.likelihood.bound
    if bound.weights is not None and bound.weights_kind == "frequency":
        h = h / np.maximum(bound.weights, 1.0)  # a row of weight 3 is three observations, each with its share
    if np.any(full := h > 1.0 - 1e-9):
        i = np.flatnonzero(full)
        raise OptionError(
            f"some rows have leverage 1, so their residuals are 0 whatever their responses, {first_rows(i, h[i])}: use "
            "kind='pearson'"
        )
    return 1.0 - h


# the variance as a power of the mean, per dispersion
POWER = {"normal": 0.0, "poisson": 1.0, "gamma": 2.0, "exponential": 2.0, "inverse_gaussian": 3.0}


def _anscombe(rows: FittedRows) -> Floats:
    """Residuals of A(y), whose distribution is nearly symmetric."""
    name, y, mean = rows.family.name, rows.fit.likelihood.bound.y, rows.mean()
    spread = np.sqrt(rows.variance())
    if name in POWER:
        power = POWER[name]
        v = mean**power

        def transformed(t: Any) -> Floats:
            return np.log(t) if power == 3.0 else t ** (1.0 - power / 3.0) / (1.0 - power / 3.0)

    elif name in ("bernoulli", "binomial"):
        n = rows.full(rows.values.get("n", 1.0))
        y, mean, spread = y / n, mean / n, spread / n
        v = mean * (1.0 - mean)

        def transformed(t: Any) -> Floats:
            return sc.betainc(2.0 / 3.0, 2.0 / 3.0, t) * sc.beta(2.0 / 3.0, 2.0 / 3.0)

    elif name in ("negative_binomial", "geometric"):
        dispersion = rows.full(rows.values.get("dispersion", 1.0))
        v = mean + dispersion * mean * mean

        def transformed(t: Any) -> Floats:
            return 1.5 * t ** (2.0 / 3.0) * sc.hyp2f1(1.0 / 3.0, 2.0 / 3.0, 5.0 / 3.0, -dispersion * t)

    else:
        raise OptionError(
            f"the variance of {rows.family.title} is no function of its mean alone, so it has no Anscombe residuals; "
            "use kind='quantile'"
        )
    with np.errstate(all="ignore"):
        return (transformed(y) - transformed(mean)) * v ** (1.0 / 3.0) / spread


def _deviance(rows: FittedRows, gap: Any) -> Floats:
    """Signed roots of twice what the log-density loses at the fit, beside a mean that is y itself."""
    if rows.family.name not in SATURATED:
        raise OptionError(f"{rows.family.title} has no deviance residuals; use kind='quantile'")
    if rows.family.name == "normal":
        return _pearson(rows, gap)  # the same, with all digits
    y, params = rows.fit.likelihood.bound.y, dict(rows.values)
    first = rows.family.parameters[0].name
    if rows.family.name == "exponential" and np.any(zero := y == 0.0):
        raise OptionError(
            f"an exponential density is unbounded at 0, so {first_rows(np.flatnonzero(zero), y[zero])} has no deviance "
            "residual: use kind='quantile'"
        )
    with np.errstate(all="ignore"):
        y_first = np.where(params["n"] > 0, y / np.maximum(params["n"], 1.0), 0.5) if "n" in params else y
        params[first] = SATURATED[rows.family.name](y_first)
        best = rows.full(rows.family._log_density(NumpyNamespace(), y, **params))
    return np.sign(gap) * np.sqrt(2.0 * np.maximum(best - own_log_density(rows), 0.0))


# -- quantile residuals ----------------------------------------------------------------------------------------


def _quantile(rows: FittedRows, rng: Any) -> Floats:
    tails = rows.free_family.at(rows.values).tails(rows.fit.likelihood.bound.y)
    share = 1.0 if rows.family.kind is Kind.NUMBERS else jumps(rng, rows.n)
    out = rows.full(tails.normal(share))
    if not np.any(at_end := np.isinf(out) & np.isfinite(own_log_density(rows))):
        return out
    return np.where(at_end, np.sign(out) * -sc.ndtri(0.5 / rows.n), out)
