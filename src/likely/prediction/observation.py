"""Intervals for a new observation, which account for what is not known of the parameters.

"plug-in": quantiles at the estimates, as if they were the truth; too narrow in small samples.
"mixture": quantiles of the predictive distribution, the average of the distributions over the normal that the estimates
have in large samples (on the link scale): integrated over each row's linear predictors.
"calibrated": quantiles at the estimates, their levels moved until they hold in data simulated from the fit and fitted
again (Beran 1990; Fonseca, Giummole and Vidoni 2014). For a location and scale this is the exact interval (Student's t
in linear regression) but for the simulation's error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special as sc

from likely.compute import blocks
from likely.errors import IntervalError, LikelyError, OptionError, is_one_of, unknown
from likely.families.base import Family
from likely.inference.mean_interval import refuse_unseen, stderr_of
from likely.likelihoods.fitted_rows import FittedRows
from likely.models import scale
from likely.models.rows import varies
from likely.namespace import NumpyNamespace
from likely.namespace.arrays import Floats

METHODS = ("mixture", "plug-in", "calibrated", "t")
LATTICE, KOROBOV = 1021, 76  # points of the lattice for several linear predictors, and its generator
AT_ONCE = 1 << 18  # distributions held together
MOST_FAILED = 0.1  # of the refits

Params = dict[str, Any]


def prediction_interval(rows: FittedRows, level: float, method: str | None, replicates: int, seed: int) -> Any:
    """Median and limits of a new observation of every row."""
    student = rows.fit.reference.df is not None
    if method is None:
        method = "t" if student else "mixture"
    if not is_one_of(method, METHODS):
        raise unknown("method", method, METHODS, " for a prediction interval")
    if method == "t" and not student:
        raise OptionError("method='t' is for linear models with small_sample='t': fit.with_cov(small_sample='t')")
    if any(p.vector for p in rows.family.parameters):
        raise OptionError(f"observations of {rows.family.title} are labels: use what='prob'")
    chances = (0.5, 0.5 - 0.5 * level, 0.5 + 0.5 * level)
    if method == "plug-in":
        columns = [rows.full(rows.free_family.quantile(q, **rows.values)) for q in chances]
    elif method == "mixture":
        columns = _mixed(rows, chances)
    elif method == "t":
        columns = _exact(rows, chances)
    else:
        median = rows.full(rows.free_family.quantile(0.5, **rows.values))
        columns = [median, *_calibrated(rows, chances[1:], replicates, seed)]
    for column in columns:
        if np.any(bad := ~np.isfinite(column)):
            raise rows.too_far(bad, "prediction interval")
    return rows.frame(dict(zip(("median", "lower", "upper"), columns, strict=True)))


def _exact(rows: FittedRows, chances: tuple[float, ...]) -> list[Any]:
    """Quantiles of a new observation of a linear model: location + t s sqrt(1 + h)."""
    fit = rows.fit
    if fit._request.robust:
        raise OptionError(
            "a prediction interval by Student's t takes the errors as equally spread, which a sandwich does not: use "
            "fit.with_cov('observed', small_sample='t'), or method='mixture'"
        )
    df = fit.reference.df
    assert df is not None
    location = rows.full(rows.etas[0])
    spread = fit.coef[fit.likelihood.model.slots[1].label] * np.sqrt(fit.n / df)
    error = np.hypot(spread, stderr_of(rows, {0: np.ones(rows.n)}))
    ends = [location + fit.reference.quantile(q) * error for q in chances]
    return [np.exp(end) for end in ends] if rows.family.name == "log_normal" else ends


# -- the average over the estimates' normal --------------------------------------------------------------------


def _mixed(rows: FittedRows, chances: tuple[float, ...]) -> list[Any]:
    fit, model = rows.fit, rows.model
    if model.fixed:
        raise IntervalError("the estimates are extremes of the data, not normal: use method='calibrated'")
    fit.require_regular("a prediction interval by mixture")
    fit.require_errors("a prediction interval by mixture")
    nodes, weights = _nodes(len(model.slots))
    for k in range(len(model.slots)):
        refuse_unseen(rows, {k: np.ones(rows.n)}, f"{model.slots[k].label}, which a new observation depends on,")
    spread = _spread(rows)
    out = [np.empty(rows.n) for _ in chances]
    step = max(1, AT_ONCE // len(weights))
    for lo in range(0, rows.n, step):
        part = slice(lo, min(lo + step, rows.n))
        moves = spread[part] @ nodes.T  # rows, slots, nodes
        etas = [rows.full(eta)[part, None] + moves[:, k, :] for k, eta in enumerate(rows.etas)]
        params, inside = _parameters(rows, etas, part)
        w = np.where(inside, weights, 0.0)
        w = w / np.sum(w, axis=1, keepdims=True)
        for values, q in zip(out, chances, strict=True):
            values[part] = mixture_quantile(rows.free_family, params, w, q)
    return out


def _nodes(k: int) -> tuple[Any, Any]:
    """Points and weights that average over k independent standard normal variables.

    For one variable the trapezoidal rule, which follows distributions that are narrow beside what is not known of
    them; for several a lattice of points whose coordinates are multiples of a generating vector (Korobov 1963).
    """
    if k == 0:
        return np.zeros((1, 0)), np.ones(1)
    if k == 1:
        x = np.linspace(-8.0, 8.0, 161)
        w = np.exp(-0.5 * x * x)
        return x[:, None], w / np.sum(w)
    generator = np.cumprod(np.concatenate([[1], np.full(k - 1, KOROBOV)])) % LATTICE
    uniform = (np.outer(np.arange(LATTICE), generator) % LATTICE + 0.5) / LATTICE
    points = sc.ndtri(uniform)
    return points - np.mean(points, axis=0), np.full(LATTICE, 1.0 / LATTICE)


def _spread(rows: FittedRows) -> Floats:
    """A root of the covariance of every row's linear predictors, shape (n, k, k)."""
    covariance, slots = rows.fit._link_cov, rows.model.slots
    k = len(slots)
    out = np.zeros((rows.n, k, k))
    for i, a in enumerate(slots):
        for j, b in enumerate(slots[: i + 1]):
            part = covariance[a.start : a.stop, b.start : b.stop]
            out[:, i, j] = out[:, j, i] = blocks.row_products(rows.data.matrix(a), part, rows.data.matrix(b))
    values, vectors = np.linalg.eigh(out)
    return vectors * np.sqrt(np.maximum(values, 0.0))[:, None, :]


def _parameters(rows: FittedRows, etas: list[Any], part: slice) -> tuple[Params, Any]:
    """The parameters at several linear predictors for each row, and where they lie in their domains."""
    known = _known(rows, part)
    with np.errstate(all="ignore"):
        params = rows.model.parameters(etas, NumpyNamespace(), known)
    shape = etas[0].shape
    inside = np.ones(shape, dtype=bool)
    for slot in rows.model.slots:
        name, domain = slot.parameter.name, slot.parameter.domain
        value = np.broadcast_to(np.asarray(params[name], dtype=float), shape)
        good = domain.contains(value) & np.isfinite(value)
        inside &= good
        here = np.broadcast_to(np.asarray(rows.values[name], dtype=float), (rows.n,))[part, None]
        params[name] = np.where(good, value, here)
    return params, inside


def mixture_quantile(family: Family, params: Params, weights: Any, q: float) -> Floats:
    """The smallest y with average cdf(y) >= q, for every row; the average is over the last axis.

    It lies between the smallest and the largest of the distributions' own quantiles.
    """
    with np.errstate(all="ignore"):
        ends = np.broadcast_to(family.quantile(q, **params), weights.shape)
    low = np.min(np.where(weights > 0.0, ends, np.inf), axis=1)
    high = np.max(np.where(weights > 0.0, ends, -np.inf), axis=1)

    def chance(y: Any) -> Floats:
        with np.errstate(all="ignore"):
            return np.sum(weights * family.cdf(y[:, None], **params), axis=1)

    if family.support.integer:
        return _smallest(lambda y: chance(y) >= q * (1.0 - 1e-12), low, high)
    start = np.sum(np.where(weights > 0.0, weights * ends, 0.0), axis=1)

    def slope(y: Any) -> Floats:
        with np.errstate(all="ignore"):
            return np.sum(weights * family.prob(y[:, None], **params), axis=1)

    return _root(lambda y: chance(y) - q, slope, low, high, start)


def _smallest(holds: Callable[[Any], Any], low: Any, high: Any) -> Floats:
    """The smallest whole number from low to high for which a rising condition holds, by halving."""
    low, high = np.floor(low), np.ceil(high)
    while np.any(low < high):
        middle = np.floor(0.5 * (low + high))
        there = holds(middle)
        low, high = np.where(there, low, np.minimum(middle + 1.0, high)), np.where(there, middle, high)
    return high


def _root(function: Callable[[Any], Any], slope: Callable[[Any], Any], low: Any, high: Any, start: Any) -> Floats:
    """Where a rising function is zero, by Newton's method within a bracket that shrinks, for every row."""
    y, size = np.clip(start, low, high), np.maximum(high - low, np.finfo(float).tiny)
    for _ in range(100):
        value = function(y)
        low, high = np.where(value < 0.0, y, low), np.where(value < 0.0, high, y)
        with np.errstate(all="ignore"):
            step = y - value / slope(y)
        inside = np.isfinite(step) & (step > low) & (step < high)
        following = np.where(inside, step, 0.5 * (low + high))
        done = np.abs(following - y) <= 1e-11 * np.maximum(size, np.abs(y))
        y = following
        if np.all(done):
            break
    return y


# -- levels that hold in simulated data ------------------------------------------------------------------------


def _calibrated(rows: FittedRows, chances: tuple[float, ...], replicates: int, seed: int) -> list[Any]:
    from likely.inference.bootstrap import bootstrap

    fit, model = rows.fit, rows.model
    drawn = bootstrap(fit, replicates=replicates, kind="parametric", seed=seed)
    coefficients, fixed = [], []
    for row in drawn.estimates:
        values = dict(zip(drawn.names, map(float, row), strict=True))
        try:
            x = scale.from_reported(model, {k: v for k, v in values.items() if k not in model.fixed})
        except (LikelyError, ValueError):
            continue
        if np.all(np.isfinite(x)):
            coefficients.append(x)
            fixed.append([values[name] for name in model.fixed])
    if len(coefficients) < (1.0 - MOST_FAILED) * replicates:
        raise IntervalError(
            f"only {len(coefficients)} of {replicates} fits of simulated data ended inside the parameters' domains, "
            "too few to calibrate the interval: use method='mixture'"
        )
    draws = np.array(coefficients)
    edges = dict(zip(model.fixed, np.array(fixed).T, strict=True))
    out = [np.empty(rows.n) for _ in chances]
    step = max(1, AT_ONCE // len(draws))
    for lo in range(0, rows.n, step):
        part = slice(lo, min(lo + step, rows.n))
        params = _drawn_parameters(rows, draws, part) | {name: value[None, :] for name, value in edges.items()}
        own = {k: v[part] if varies(v) else v for k, v in rows.values.items()}
        for limits, q in zip(out, chances, strict=True):
            limits[part] = _level_that_holds(rows.free_family, params, own, q, part.stop - part.start)
    return out


def _drawn_parameters(rows: FittedRows, draws: Any, part: slice) -> Params:
    """The parameters of some rows under every refit."""
    etas, data = [], rows.data
    for slot in rows.model.slots:
        beta, design, offset = draws[:, slot.start : slot.stop].T, data.design(slot), data.offset(slot)
        eta = np.broadcast_to(beta, (part.stop - part.start, len(draws))) if design is None else design[part] @ beta
        etas.append(eta if offset is None else eta + offset[part, None])
    if not etas:
        return _known(rows, part)
    return _parameters(rows, etas, part)[0]


def _known(rows: FittedRows, part: slice) -> Params:
    """The known values of some rows, beside several linear predictors for each."""
    return {k: v[:, None] if varies(v) and np.ndim(v) == 1 else v for k, v in rows.data[part].known.items()}


def _level_that_holds(family: Family, params: Params, own: Params, q: float, n: int) -> Floats:
    """Quantiles at the estimates, of the level whose quantiles at the refits are exceeded as often as they should.

    The level is searched on the logit scale; it is 1 - 1e-9 at most.
    """
    truth = {k: v[:, None] if varies(v) else v for k, v in own.items()}
    low, high = np.full(n, -20.0), np.full(n, 20.0)
    for _ in range(45):
        middle = 0.5 * (low + high)
        chance = 1.0 / (1.0 + np.exp(-middle))
        with np.errstate(all="ignore"):
            reached = np.mean(family.cdf(family.quantile(chance[:, None], **params), **truth), axis=1)
        low, high = np.where(reached < q, middle, low), np.where(reached < q, high, middle)
        if np.max(high - low) < 1e-7:
            break
    with np.errstate(all="ignore"):
        return np.broadcast_to(family.quantile(1.0 / (1.0 + np.exp(-high)), **own), (n,))
