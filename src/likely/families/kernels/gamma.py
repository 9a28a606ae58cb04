"""Fused rows of the gamma family on log links."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from likely.families.base.links import LINKS
from likely.namespace import Jet, JetNamespace

Density = Callable[..., Any]
LARGEST_LOG_SHAPE = float(np.log(1e4))  # beyond, the deviance needs the density's own form to keep its digits


def gamma_rows(density: Density, y: Any, log_y: Any, etas: list[Any]) -> Jet | None:
    """With d = log(mean/y) + y/mean - 1, log f = c(shape) - shape d - log y.

    The normalising constant c and its derivatives come from the family itself, at y = mean = 1.
    """
    log_mean, log_shape = etas
    if np.max(log_shape) > LARGEST_LOG_SHAPE:
        return None
    at_mean = _constant(density, log_shape) if np.ndim(log_shape) else _remembered(density, float(log_shape))
    shape = np.exp(log_shape)
    gap = log_mean - log_y
    excess = np.exp(-gap)
    excess -= 1.0
    part = shape * (gap + excess)
    slope = shape * excess
    return Jet(
        at_mean.v - part - log_y,
        {0: slope, 1: at_mean.g[1] - part},
        {(0, 0): -(slope + shape), (0, 1): slope, (1, 1): at_mean.h[1, 1] - part},
        2,
    )


def _constant(density: Density, log_shape: Any) -> Jet:
    xp = JetNamespace(2)
    out: Jet = density(xp, 1.0, 1.0, LINKS["log"].inverse(xp.variable(1, log_shape), xp))
    return out


@lru_cache(maxsize=16)
def _remembered(density: Density, log_shape: float) -> Jet:
    return _constant(density, np.float64(log_shape))
