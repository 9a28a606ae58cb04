"""Fused rows of the Weibull family on log links."""

from __future__ import annotations

from typing import Any

import numpy as np

from likely.namespace import Jet


def weibull_rows(y: Any, log_y: Any, etas: list[Any]) -> Jet:
    """With t = shape (log y - log scale), log f = log shape + t - log y - exp(t)."""
    log_scale, log_shape = etas
    shape = np.exp(log_shape)
    t = shape * (log_y - log_scale)
    e = np.exp(t)
    te = t * e
    return Jet(
        log_shape + (t - e) - log_y,
        {0: shape * (e - 1.0), 1: 1.0 + t - te},
        {(0, 0): -shape * shape * e, (0, 1): shape * (e - 1.0 + te), (1, 1): t - te - t * te},
        2,
    )
