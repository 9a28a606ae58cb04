"""Log-densities and inverse links, written independently of the library in terms of SciPy's special functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy import special as sc

Array = Any
HALF_LOG_2PI = 0.5 * np.log(2.0 * np.pi)

INVERSE_LINKS: dict[str, Callable[[Array], Array]] = {
    "identity": lambda eta: eta,
    "log": np.exp,
    "inverse": lambda eta: 1.0 / eta,
    "inverse_squared": lambda eta: np.where(eta > 0, np.abs(eta), np.nan) ** -0.5,
    "sqrt": np.square,
    "softplus": lambda eta: np.logaddexp(0.0, eta),
    "power(0.25)": lambda eta: np.where(eta > 0, eta, np.nan) ** 4,
    "logit": sc.expit,
    "probit": sc.ndtr,
    "cloglog": lambda eta: -np.expm1(-np.exp(eta)),
    "loglog": lambda eta: np.exp(-np.exp(-eta)),
    "cauchit": lambda eta: 0.5 + np.arctan(eta) / np.pi,
}

COMPLEMENTS: dict[str, Callable[[Array], Array]] = {  # 1 less what the links above give, where they round to 1, too
    "logit": lambda eta: sc.expit(-eta),
    "probit": lambda eta: sc.ndtr(-eta),
    "cloglog": lambda eta: np.exp(-np.exp(eta)),
    "loglog": lambda eta: -np.expm1(-np.exp(-eta)),
    "cauchit": lambda eta: np.arctan2(1.0, eta) / np.pi,
    "log": lambda eta: -np.expm1(eta),
}


def _normal(y: Array, mean: Array, sd: Array) -> Array:
    return -0.5 * ((y - mean) / sd) ** 2 - np.log(sd) - HALF_LOG_2PI


def _laplace(y: Array, loc: Array, scale: Array) -> Array:
    return -np.abs(y - loc) / scale - np.log(2.0 * scale)


def _asymmetric_laplace(y: Array, loc: Array, scale: Array, tau: float) -> Array:
    u = (y - loc) / scale
    return np.log(tau * (1.0 - tau)) - np.log(scale) - u * (tau - (u < 0))


def _student_t(y: Array, loc: Array, scale: Array, df: Array) -> Array:
    if np.all(np.isinf(df)):
        return _normal(y, loc, scale)
    z = (y - loc) / scale
    # log Gamma((df + 1)/2) - log Gamma(df/2) from the beta function, which holds for large df
    constant = -sc.betaln(0.5 * df, 0.5) - 0.5 * np.log(df)
    return constant - np.log(scale) - 0.5 * (df + 1.0) * np.log1p(z * z / df)


def _logistic(y: Array, loc: Array, scale: Array) -> Array:
    z = (y - loc) / scale
    return -np.abs(z) - 2.0 * np.log1p(np.exp(-np.abs(z))) - np.log(scale)


def _huber(y: Array, loc: Array, scale: Array, k: float) -> Array:
    z = np.abs(y - loc) / scale
    mass = np.sqrt(2.0 * np.pi) * (2.0 * sc.ndtr(k) - 1.0) + 2.0 * np.exp(-0.5 * k * k) / k
    return -np.where(z <= k, 0.5 * z * z, k * z - 0.5 * k * k) - np.log(scale) - np.log(mass)


def _cauchy(y: Array, loc: Array, scale: Array) -> Array:
    return np.log(scale / np.pi) - 2.0 * np.log(np.hypot(scale, y - loc))


def _gumbel(y: Array, loc: Array, scale: Array) -> Array:
    z = (y - loc) / scale
    return -z - np.exp(-z) - np.log(scale)


def _skew_normal(y: Array, loc: Array, scale: Array, shape: Array) -> Array:
    z = (y - loc) / scale
    return np.log(2.0) - np.log(scale) - 0.5 * z * z - HALF_LOG_2PI + sc.log_ndtr(shape * z)


def _exponential(y: Array, rate: Array) -> Array:
    return np.log(rate) - rate * y


def _gamma(y: Array, mean: Array, shape: Array) -> Array:
    return sc.xlogy(shape, shape) - shape * np.log(mean / y) - np.log(y) - shape * y / mean - sc.gammaln(shape)


def _inverse_gaussian(y: Array, mean: Array, shape: Array) -> Array:
    return 0.5 * np.log(shape) - HALF_LOG_2PI - 1.5 * np.log(y) - 0.5 * shape * ((y - mean) / mean) ** 2 / y


def _weibull(y: Array, scale: Array, shape: Array) -> Array:
    log_ratio = np.log(y) - np.log(scale)
    return np.log(shape) + shape * log_ratio - np.log(y) - np.exp(shape * log_ratio)


def _log_normal(y: Array, mu: Array, sigma: Array) -> Array:
    return _normal(np.log(y), mu, sigma) - np.log(y)


def _log_logistic(y: Array, scale: Array, shape: Array) -> Array:
    return _logistic(np.log(y), np.log(scale), 1.0 / shape) - np.log(y)


def _pareto(y: Array, shape: Array, minimum: Array) -> Array:
    near = y < 2.0 * minimum  # where the difference keeps its digits
    ratio = np.where(near, np.log1p((minimum - y) / y), np.log(minimum) - np.log(y))
    density = np.log(shape) + shape * ratio - np.log(y)
    return np.where(y >= minimum, density, -np.inf)


def _beta(y: Array, mean: Array, precision: Array, complement: Array) -> Array:
    a, b = mean * precision, complement * precision
    return (a - 1.0) * np.log(y) + (b - 1.0) * np.log1p(-y) - sc.betaln(a, b)


def _uniform(y: Array, low: Array, high: Array) -> Array:
    return np.where((y >= low) & (y <= high), -np.log(high - low), -np.inf)


def _bernoulli(y: Array, p: Array, complement: Array) -> Array:
    return sc.xlogy(y, p) + sc.xlogy(1.0 - y, complement)


def _binomial(y: Array, p: Array, n: Array, complement: Array) -> Array:
    choose = -np.log1p(n) - sc.betaln(n - y + 1.0, y + 1.0)
    return choose + sc.xlogy(y, p) + sc.xlogy(n - y, complement)


def _geometric(y: Array, p: Array, complement: Array) -> Array:
    return np.log(p) + sc.xlogy(y, complement)


def _poisson(y: Array, rate: Array) -> Array:
    return sc.xlogy(y, rate) - rate - sc.gammaln(y + 1.0)


def _negative_binomial(y: Array, mean: Array, dispersion: Array) -> Array:
    if np.all(dispersion == 0.0):
        return _poisson(y, mean)
    size = 1.0 / dispersion
    # Gamma(y + size) / (Gamma(size) y!) from the beta function; 1 where y is 0
    choose = np.where(y > 0, -sc.betaln(size, np.maximum(y, 1.0)) - np.log(np.maximum(y, 1.0)), 0.0)
    return choose - (size + y) * np.log1p(dispersion * mean) + sc.xlogy(y, dispersion * mean)


LOG_DENSITIES: Mapping[str, Callable[..., Array]] = {
    "normal": _normal,
    "laplace": _laplace,
    "asymmetric_laplace": _asymmetric_laplace,
    "student_t": _student_t,
    "logistic": _logistic,
    "huber": _huber,
    "cauchy": _cauchy,
    "gumbel": _gumbel,
    "skew_normal": _skew_normal,
    "exponential": _exponential,
    "gamma": _gamma,
    "inverse_gaussian": _inverse_gaussian,
    "weibull": _weibull,
    "log_normal": _log_normal,
    "log_logistic": _log_logistic,
    "pareto": _pareto,
    "beta": _beta,
    "uniform": _uniform,
    "bernoulli": _bernoulli,
    "binomial": _binomial,
    "geometric": _geometric,
    "poisson": _poisson,
    "negative_binomial": _negative_binomial,
}

# a row that is the mean of w units: the power of w in the parameter of the spread
AVERAGED: Mapping[str, tuple[str, float]] = {
    "normal": ("sd", -0.5),
    "log_normal": ("sigma", -0.5),
    "gamma": ("shape", 1.0),
    "inverse_gaussian": ("shape", 1.0),
    **dict.fromkeys(("student_t", "logistic", "cauchy", "gumbel", "skew_normal"), ("scale", -0.5)),
}


def categorical(codes: Array, etas: Array) -> Array:
    """Log-probability of each row's label; the first label's linear predictor is 0."""
    full = np.column_stack([np.zeros(len(codes)), etas])
    return full[np.arange(len(codes)), codes] - sc.logsumexp(full, axis=1)


def ordinal(codes: Array, location: Array, thresholds: Array, scale: Array) -> Array:
    """Log-probability of each row's level under the cumulative logit model."""
    cuts = np.concatenate([[-np.inf], thresholds, [np.inf]])
    high, low = (cuts[codes + 1] - location) / scale, (cuts[codes] - location) / scale
    # from the half line where both probabilities are small
    flip = low + high > 0
    upper, lower = np.where(flip, -low, high), np.where(flip, -high, low)
    return sc.log_expit(upper) + np.log1p(-np.exp(sc.log_expit(lower) - sc.log_expit(upper)))
