"""How dense the responses are at a quantile: bandwidths, kernels, and estimates of the density there.

The standard error of a quantile is sqrt(tau (1 - tau)/n) over the density at it; the reciprocal of that density is the
sparsity (Tukey 1965). Everything here is in the units of the residuals handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy import special as sc

from likely.compute.solve import least_absolute
from likely.errors import IntervalError
from likely.namespace.arrays import Floats

ZERO = 1.5e-8  # of a mean absolute residual: rows that the regression fits exactly
ROOT5 = float(np.sqrt(5.0))


# -- bandwidths ------------------------------------------------------------------------------------------------


def hall_sheather(tau: float, n: float) -> float:
    """Hall and Sheather (1988), *JRSS B* 50: best for 95% intervals."""
    z = sc.ndtri(tau)
    return float(n ** (-1 / 3) * sc.ndtri(0.975) ** (2 / 3) * (1.5 * _phi(z) ** 2 / (2 * z * z + 1)) ** (1 / 3))


def bofinger(tau: float, n: float) -> float:
    """Bofinger (1975), *Australian Journal of Statistics* 17: least mean squared error of the sparsity."""
    z = sc.ndtri(tau)
    return float(n ** (-1 / 5) * (4.5 * _phi(z) ** 4 / (2 * z * z + 1) ** 2) ** (1 / 5))


def chamberlain(tau: float, n: float) -> float:
    """Chamberlain (1994): the levels of a 95% interval of the quantile itself."""
    return float(sc.ndtri(0.975) * np.sqrt(tau * (1.0 - tau) / n))


BANDWIDTHS: Mapping[str, Callable[[float, float], float]] = {
    "hsheather": hall_sheather,
    "bofinger": bofinger,
    "chamberlain": chamberlain,
}


def bandwidth(tau: float, n: float, rule: str | float, stata: bool = False) -> float:
    """Half the distance between the levels at which quantiles are compared, so small that both lie in (0, 1).

    Where R's quantreg (and Bofinger) has the normal density at z, the quantile of tau, Stata's manual and statsmodels
    have it at 2 z; with `stata` so does Bofinger's rule here. At tau = 1/2 they are one.
    """
    h = width(tau, n, rule)
    if stata and rule == "bofinger":
        z = sc.ndtri(tau)
        h *= float((_phi(2.0 * z) / _phi(z)) ** (4 / 5))
    while not 0.0 < tau - h < tau + h < 1.0:  # as quantreg does
        h *= 0.5
    return h


def width(tau: float, n: float, rule: str | float) -> float:
    """What the rule says, however close to the ends the level may be."""
    return BANDWIDTHS[rule](tau, n) if isinstance(rule, str) else float(rule)


def _phi(z: Any) -> Floats | float:
    return np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)


# -- kernels, under Stata's names --------------------------------------------------------------------------------


def _within(u: Any, end: float, value: Any) -> Floats:
    return np.where(np.abs(u) <= end, value, 0.0)


KERNELS: Mapping[str, Callable[[Any], Any]] = {
    "epanechnikov": lambda u: _within(u, ROOT5, 0.75 * (1.0 - u * u / 5.0) / ROOT5),
    "epan2": lambda u: _within(u, 1.0, 0.75 * (1.0 - u * u)),
    "biweight": lambda u: _within(u, 1.0, 15.0 / 16.0 * (1.0 - u * u) ** 2),
    "cosine": lambda u: _within(u, 0.5, 1.0 + np.cos(2.0 * np.pi * u)),
    "gaussian": _phi,
    "parzen": lambda u: np.where(
        np.abs(u) <= 0.5,
        4.0 / 3.0 - 8.0 * u * u + 8.0 * np.abs(u) ** 3,
        _within(u, 1.0, 8.0 / 3.0 * (1.0 - np.abs(u)) ** 3),
    ),
    "rectangle": lambda u: _within(u, 1.0, 0.5),
    "triangle": lambda u: _within(u, 1.0, 1.0 - np.abs(u)),
}


def spread(e: Any, w: Any, of: Any = None) -> float:
    """The smaller of a standard deviation and the interquartile range/1.34 of residuals.

    The deviation is the residuals' own (quantreg), or that of other values `of` with divisor n: of the responses, as
    statsmodels has it.
    """
    n = float(np.sum(w))
    values, least = (e, 1.0) if of is None else (of, 0.0)
    mean = float(np.dot(w, values)) / n
    sd = float(np.sqrt(np.dot(w, np.square(values - mean)) / max(n - least, 1.0)))
    return min(sd, (quantile(e, w, 0.75) - quantile(e, w, 0.25)) / 1.34)


def quantile(e: Any, w: Any, q: float) -> float:
    """Type 7 of Hyndman and Fan (1996), as of the values written down w times each."""
    order = np.argsort(e, kind="stable")
    ends = np.cumsum(w[order])
    place = (ends[-1] - 1.0) * q
    low = np.floor(place)
    values = [e[order][min(np.searchsorted(ends, at, side="right"), len(e) - 1)] for at in (low, low + 1.0)]
    return float(values[0] + (place - low) * (values[1] - values[0]))


# -- the density at the quantile ---------------------------------------------------------------------------------


def rounding(e: Any, w: Any) -> float:
    """Residuals up to this size are those of rows that a regression fits exactly."""
    return float(ZERO * np.dot(w, np.abs(e)) / np.sum(w))


def of_residuals(e: Any, w: Any, levels: float, p: int, rounding: float) -> float:
    """The sparsity of errors that are alike in all rows: the slope of the residuals near 0 over their levels.

    The residuals closest to 0, in order, without those that the regression fits exactly; a median regression through
    them (Koenker 2005, section 4.10.1; ``summary.rq(se = "iid")`` of R's quantreg).

    Parameters
    ----------
    e, w : ndarray
        Residuals, and how often each counts.
    levels : float
        The bandwidth: which share of the residuals is used.
    p : int
        Number of coefficients.
    rounding : float
        Residuals up to this size are those of rows that the regression fits exactly.
    """
    n = float(np.sum(w))
    if np.any(w != np.floor(w)):
        raise IntervalError(
            "cov='iid' ranks the residuals, so it needs weights that are whole numbers; use 'nid' (the default), or "
            "give kernel="
        )
    exact = float(np.sum(w[np.abs(e) <= rounding]))
    most = max(p + 1, int(np.ceil(n * levels)))
    ranks = np.arange(exact, min(most + exact + 1.0, n))
    if len(ranks) < 3 or n <= p:
        raise IntervalError(
            f"{n:g} observations and {p} coefficients are too few for an estimate of the density at the quantile"
        )
    order = np.argsort(np.abs(e), kind="stable")
    rows = order[np.searchsorted(np.cumsum(w[order]), ranks, side="right")]
    line = np.column_stack([np.ones(len(ranks)), (ranks + 1.0) / (n - p)])
    slope = float(least_absolute.solve(line, np.sort(e[rows]))[1])
    if not slope > rounding:
        raise IntervalError(TIED)
    return slope


def kernel_terms(e: Any, h: float, kernel: str) -> Floats:
    """Every row's term of a kernel estimate of the density at 0, K(e/h)/h."""
    if not h > 0.0:
        raise IntervalError(TIED)
    return KERNELS[kernel](e / h) / h


TIED = (
    "so many rows lie on the fitted quantile that the density there cannot be estimated (tied values of the "
    "response): use fit.interval(method='bootstrap', kind='cases')"
)
