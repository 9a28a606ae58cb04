"""Residuals: how each observation compares with what the fitted model expected of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special as sc

from likely.derive.influence import influence
from likely.derive.rows import Rows, rows_of
from likely.derive.surprise import own_log_density
from likely.errors import OptionError, first_rows, unknown
from likely.family import generator
from likely.namespace import NumpyNamespace

if TYPE_CHECKING:
    from likely.result import Fit

KINDS = ("quantile", "pearson", "standardized", "response", "deviance", "anscombe")
# families given by their mean, under which the density of y is highest at mean = y (p = y/n for the binomial)
BY_MEAN = ("normal", "poisson", "gamma", "inverse_gaussian", "negative_binomial", "bernoulli", "binomial")


def residuals(fit: Fit, kind: str = "quantile", *, seed: Any = 0) -> Any:
    """Residuals of every row that the fit used.

    Parameters
    ----------
    fit : Fit
    kind : {"quantile", "pearson", "standardized", "response", "deviance", "anscombe"}
        "quantile" (Dunn and Smyth 1996): the normal quantile of the fitted cdf at y, drawn uniformly over the jump
        of a discrete cdf; standard normal if the model holds, whatever its family. "pearson": (y - mean)/sd.
        "response": y - mean. "deviance": sign(y - mean) sqrt(2 (log f(y; mean = y) - log f(y))), the other parameters
        at their estimates (so R's, divided by the square root of the dispersion where a family has one).
        "standardized": Pearson's, divided by sqrt(1 - h) with h the row's leverage. "anscombe": (A(y) - A(mean))/
        (A'(mean) sd) with A' = V^(-1/3), V the variance as a function of the mean (Anscombe 1953; McCullagh and Nelder
        1989, section 2.4): closer to normal than Pearson's.
    seed : int or numpy.random.Generator
        For the quantile residuals of discrete data.

    Returns
    -------
    A column of the user's own library.

    Raises
    ------
    UnknownNameError
        For another kind.
    OptionError
        If the family has no such residuals.

    Notes
    -----
    A continuous observation on the very end of its fitted support, such as the extremes under a Uniform, has a cdf of
    exactly 0 or 1; it takes the level 1/(2 n) of that end.

    Examples
    --------
    >>> import likely as lk
    >>> fit = lk.fit("normal", [1.0, 2.0, 3.0, 6.0])
    >>> [round(v, 3) for v in fit.residuals().tolist()]
    [-1.069, -0.535, 0.0, 1.604]
    """
    if kind not in KINDS:
        raise unknown("kind of residuals", kind, KINDS)
    rows = rows_of(fit, observed=True)
    title = rows.family.title
    if rows.family.labels and (kind != "quantile" or rows.family.labels != "ordered labels"):
        raise OptionError(
            f"{title} has {'labels without an order' if kind == 'quantile' else 'labels, not numbers'}, so it has no "
            f"{kind} residuals; fit.surprise() says how little each observation was expected"
        )
    if kind == "quantile":
        return rows.column(_quantile(rows, generator(seed)), kind)
    gap = rows.fit.likelihood.bound.y - rows.mean()
    if kind == "response":
        return rows.column(gap, kind)
    if kind == "anscombe":
        return rows.column(_anscombe(rows), kind)
    if kind in ("pearson", "standardized"):
        spread = np.sqrt(rows.variance())
        if not np.all(np.isfinite(spread)):
            raise OptionError(
                f"the fitted {title} has no finite variance, so it has no Pearson residuals; use kind='quantile'"
            )
        with np.errstate(all="ignore"):
            scaled = np.where(gap == 0.0, 0.0, gap / spread)
        return rows.column(scaled if kind == "pearson" else scaled / _own_room(fit), kind)
    if rows.family.name not in BY_MEAN:
        raise OptionError(f"{title} has no deviance residuals; use kind='quantile'")
    return rows.column(_deviance(rows, gap), kind)


def _own_room(fit: Fit) -> Any:
    """sqrt(1 - h): how far a row's own residual can be from 0, in its standard deviation."""
    h = influence(fit).shares[:, 0]
    if np.any(full := h > 1.0 - 1e-9):
        i = np.flatnonzero(full)
        raise OptionError(
            f"some rows have leverage 1, so their residuals are 0 whatever their responses, {first_rows(i, h[i])}: use "
            "kind='pearson'"
        )
    return np.sqrt(1.0 - h)


# the variance as a power of the mean, per dispersion
POWER = {"normal": 0.0, "poisson": 1.0, "gamma": 2.0, "inverse_gaussian": 3.0}


def _anscombe(rows: Rows) -> Any:
    """Residuals of A(y), whose distribution is nearly symmetric."""
    name, y, mean = rows.family.name, rows.fit.likelihood.bound.y, rows.mean()
    spread = np.sqrt(rows.variance())
    if name in POWER:
        power = POWER[name]
        v = mean**power

        def transformed(t: Any) -> Any:
            return np.log(t) if power == 3.0 else t ** (1.0 - power / 3.0) / (1.0 - power / 3.0)

    elif name in ("bernoulli", "binomial"):
        n = rows.full(rows.values.get("n", 1.0))
        y, mean, spread = y / n, mean / n, spread / n
        v = mean * (1.0 - mean)

        def transformed(t: Any) -> Any:
            return sc.betainc(2.0 / 3.0, 2.0 / 3.0, t) * sc.beta(2.0 / 3.0, 2.0 / 3.0)

    elif name == "negative_binomial":
        dispersion = rows.full(rows.values["dispersion"])
        v = mean + dispersion * mean * mean

        def transformed(t: Any) -> Any:
            return 1.5 * t ** (2.0 / 3.0) * sc.hyp2f1(1.0 / 3.0, 2.0 / 3.0, 5.0 / 3.0, -dispersion * t)

    else:
        raise OptionError(
            f"the variance of {rows.family.title} is no function of its mean alone, so it has no Anscombe residuals; "
            "use kind='quantile'"
        )
    with np.errstate(all="ignore"):
        return (transformed(y) - transformed(mean)) * v ** (1.0 / 3.0) / spread


def _deviance(rows: Rows, gap: Any) -> Any:
    y, params = rows.fit.likelihood.bound.y, dict(rows.values)
    first = rows.family.parameters[0].name
    with np.errstate(all="ignore"):
        params[first] = np.where(params["n"] > 0, y / np.maximum(params["n"], 1.0), 0.5) if "n" in params else y
        best = rows.full(rows.family._log_density(NumpyNamespace(), y, **params))
    return np.sign(gap) * np.sqrt(2.0 * np.maximum(best - own_log_density(rows), 0.0))


# -- quantile residuals ----------------------------------------------------------------------------------------


def _quantile(rows: Rows, rng: Any) -> Any:
    y = rows.fit.likelihood.bound.y
    family = rows.bare
    fitted = family._scipy(**rows.values)
    with np.errstate(all="ignore"):
        below, above = rows.full(fitted.cdf(y)), rows.full(fitted.sf(y))
        if family.discrete:
            v = np.maximum(rng.random(rows.n), 2.0**-54)  # never 0, which would be the end of the jump
            before, from_y = rows.full(fitted.cdf(y - 1.0)), rows.full(fitted.sf(y - 1.0))
            below = before + v * (below - before)
            above = above + (1.0 - v) * (from_y - above)
        lower = below <= 0.5
        out = np.where(lower, sc.ndtri(below), -sc.ndtri(above))
    return _finite(rows, y, out, lower)


def _finite(rows: Rows, y: Any, out: Any, lower: Any) -> Any:
    """Residuals whose tail is smaller than any float, from the tail's logarithm.

    Far out, log P(Y > y) = log f(y) - log(-(log f)'(y)) to the first order of the tail's expansion; for whole numbers
    the tail is a geometric series.
    """
    lost = np.isinf(out) & np.isfinite(log_now := own_log_density(rows))
    if not np.any(lost):
        return out
    side = np.where(lower, -1.0, 1.0)
    step = np.ones(rows.n) if rows.family.discrete else np.maximum(1e-6 * np.abs(y), 1e-300)
    with np.errstate(all="ignore"):
        onward = rows.log_density(y + side * step)
        if rows.family.discrete:
            log_tail = log_now - np.log1p(-np.exp(onward - log_now))
        else:
            log_tail = log_now - np.log((log_now - onward) / step)
        extreme = side * -sc.ndtri_exp(np.minimum(log_tail, -1.0))
        at_end = side * -sc.ndtri(0.5 / rows.n)
    # only a tail that truly underflowed is that long; an end of the support is not
    far = np.isfinite(extreme) & (log_tail < -700.0)
    return np.where(lost, np.where(far, extreme, at_end), out)
