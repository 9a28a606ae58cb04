"""Fused value, score and information of the logistic and the Poisson model, row by row."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special as sc

from likely.namespace import Jet

LARGEST_COUNT = 1e6  # beyond, y eta - exp(eta) - log y! would lose digits that the density's own form keeps


def logistic_rows(y: Any, constant: Any, etas: list[Any]) -> Jet:
    """log f = y eta - log(1 + exp(eta)), from one exponential that cannot overflow."""
    eta = np.asarray(etas[0])
    e = np.exp(-np.abs(eta))
    d = 1.0 + e
    p = np.exp(np.minimum(eta, 0.0)) / d  # 1 or e, over d
    signed = (y + y - 1.0) * eta  # eta where y is 1, else -eta
    return Jet(np.minimum(signed, 0.0) - np.log1p(e), {0: y - p}, {(0, 0): -(e / (d * d))}, 2)


def log_factorials(y: Any) -> Any:
    """log y! of every count; None for counts too large for the fused form."""
    largest = y.max(initial=0.0)
    if largest > LARGEST_COUNT:
        return None
    return sc.gammaln(np.arange(largest + 1.0) + 1.0)[y.astype(np.intp)]


def poisson_rows(y: Any, constant: Any, etas: list[Any]) -> Jet:
    """log f = y eta - exp(eta) - log y!."""
    eta = np.asarray(etas[0])
    rate = np.exp(eta)
    return Jet(y * eta - rate - constant, {0: y - rate}, {(0, 0): -rate}, 2)
