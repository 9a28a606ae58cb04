"""Functions of one number with their first and second derivatives: the chain rules of jets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special as sc

from likely.namespace import special

HALF_LOG_2PI = 0.5 * float(np.log(2.0 * np.pi))

Rule = Callable[[Any, Any], tuple[Any, Any]]  # (x, f(x)) -> f'(x), f''(x)


def _logistic(s: Any) -> tuple[Any, Any]:
    d = s * (1.0 - s)
    return d, d * (1.0 - 2.0 * s)


def _log_expit(x: Any, _: Any) -> tuple[Any, Any]:
    s = sc.expit(-x)
    return s, -s * sc.expit(x)


def _log_ndtr(x: Any, f: Any) -> tuple[Any, Any]:
    if np.min(x, initial=0.0) > -10.0:  # the ratio of density to probability from what is known, without cancellation
        m = np.exp(-0.5 * x * x - HALF_LOG_2PI - f)
        return m, -m * (x + m)
    return special.inverse_mills(x), special.inverse_mills_d1(x)


def _normal(x: Any) -> Any:
    return np.exp(-0.5 * x * x) / np.sqrt(2.0 * np.pi)


def _gaussian(x: Any, factor: float) -> tuple[Any, Any]:
    d = factor * np.exp(-x * x)
    return d, -2.0 * x * d


def _log1pmx(x: Any, _: Any) -> tuple[Any, Any]:
    r = 1.0 / (1.0 + x)
    return -x * r, -r * r


def _log1mexp(x: Any, _: Any) -> tuple[Any, Any]:
    r = 1.0 / np.expm1(x)
    return r, -r * (1.0 + r)


UNARY: dict[str, tuple[Callable[[Any], Any], Rule]] = {
    "exp": (np.exp, lambda x, f: (f, f)),
    "expm1": (np.expm1, lambda x, f: (f + 1.0, f + 1.0)),
    "log1p": (np.log1p, lambda x, f: (1.0 / (1.0 + x), -1.0 / np.square(1.0 + x))),
    "sqrt": (np.sqrt, lambda x, f: (0.5 / f, -0.25 / (f * x))),
    "square": (np.square, lambda x, f: (2.0 * x, 2.0)),
    "sin": (np.sin, lambda x, f: (np.cos(x), -f)),
    "cos": (np.cos, lambda x, f: (-np.sin(x), -f)),
    "tan": (np.tan, lambda x, f: (1.0 + f * f, 2.0 * f * (1.0 + f * f))),
    "atan": (np.arctan, lambda x, f: (1.0 / (1.0 + x * x), -2.0 * x / np.square(1.0 + x * x))),
    "tanh": (np.tanh, lambda x, f: (1.0 - f * f, -2.0 * f * (1.0 - f * f))),
    "sinh": (np.sinh, lambda x, f: (np.cosh(x), f)),
    "cosh": (np.cosh, lambda x, f: (np.sinh(x), f)),
    "expit": (sc.expit, lambda x, f: _logistic(f)),
    "log_expit": (sc.log_expit, _log_expit),
    "softplus": (special.softplus, lambda x, f: (sc.expit(x), sc.expit(x) * sc.expit(-x))),
    "logit": (sc.logit, lambda x, f: (1.0 / (x * (1.0 - x)), (2.0 * x - 1.0) / np.square(x * (1.0 - x)))),
    "gammaln": (sc.gammaln, lambda x, f: (sc.digamma(x), special.trigamma(x))),
    "digamma": (sc.digamma, lambda x, f: (special.trigamma(x), special.tetragamma(x))),
    "ndtr": (sc.ndtr, lambda x, f: (_normal(x), -x * _normal(x))),
    "log_ndtr": (sc.log_ndtr, _log_ndtr),
    "erf": (sc.erf, lambda x, f: _gaussian(x, 2.0 / np.sqrt(np.pi))),
    "erfc": (sc.erfc, lambda x, f: _gaussian(x, -2.0 / np.sqrt(np.pi))),
    "log1pmx": (special.log1pmx, _log1pmx),
    "log1mexp": (special.log1mexp, _log1mexp),
    "stirling": (special.stirling, lambda x, f: (special.stirling_d1(x), special.stirling_d2(x))),
}
