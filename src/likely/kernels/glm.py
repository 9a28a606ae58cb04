"""Fused value, score and information of the logistic and the Poisson model, row by row."""

from __future__ import annotations

from typing import Any

import numpy as np

from likely.namespace import Jet, special


def BERNOULLI_LOGIT(y: Any, etas: list[Any], known: dict[str, Any]) -> Jet:
    """log f = y eta - log(1 + exp(eta)), from one exponential that cannot overflow."""
    eta = np.asarray(etas[0])
    e = np.exp(-np.abs(eta))
    log = np.log1p(e)
    p = np.where(eta >= 0, 1.0, e) / (1.0 + e)
    signed = np.where(y == 1, eta, -eta)
    return Jet(np.minimum(signed, 0.0) - log, {0: y - p}, {(0, 0): -(e / np.square(1.0 + e))}, 2)


def POISSON_LOG(y: Any, etas: list[Any], known: dict[str, Any]) -> Jet:
    """log f = y eta - exp(eta) - log y!."""
    eta = np.asarray(etas[0])
    rate = np.exp(eta)
    return Jet(-(special.stirling(y) + special.bd0(y, rate)), {0: y - rate}, {(0, 0): -rate}, 2)
