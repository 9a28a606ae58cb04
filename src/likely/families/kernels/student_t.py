"""Fused rows of Student's t on its usual links."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from likely.namespace import Jet, special
from likely.namespace.special.coefficients import HALF_LOG_2PI


def student_t_rows(y: Any, prepared: Any, etas: list[Any]) -> Jet:
    """With z = (y - loc)/scale and u = z^2/(df + z^2), log f = c(df) - log scale - (df + 1)/2 log(1 + z^2/df).

    c(df) = S((df + 1)/2) - S(df/2) + (df - 1)/2 log(1 + 1/df) - 1/2 - log(2 pi)/2 with Stirling's error S.
    """
    loc, log_scale, log_df = etas
    constant = _constant(log_df) if np.ndim(log_df) else _remembered_constant(float(log_df))
    scale, df = np.exp(log_scale), np.exp(log_df)
    z = (y - loc) / scale
    q = z * z / df
    w = 1.0 / (1.0 + q)
    u = q * w
    wu = w * u
    a, b = (df + 1.0) / df, df + 1.0
    half = 0.5 * df * np.log1p(q)
    zw = z * w / scale
    bu = b * u
    return Jet(
        constant[0] - log_scale - a * half,
        {0: a * zw, 1: bu - 1.0, 2: constant[1] - half + 0.5 * bu},
        {
            (0, 0): (2.0 * u - 1.0) * w * (a / (scale * scale)),
            (0, 1): (-2.0 * a) * zw * w,
            (0, 2): zw * (a * u - 1.0 / df),
            (1, 1): (-2.0 * b) * wu,
            (1, 2): df * u - b * wu,
            (2, 2): constant[2] - half + df * u - (0.5 * b) * wu,
        },
        2,
    )


def _constant(log_df: Any) -> tuple[Any, Any, Any]:
    """c(df) with its first and second derivatives in log(df)."""
    df = np.exp(log_df)
    a, step = 0.5 * df, 1.0 / (df + 1.0)
    low, high = ((special.stirling(v), special.stirling_d1(v), special.stirling_d2(v)) for v in (a, a + 0.5))
    tail = np.log1p(1.0 / df)
    first = a * (high[1] - low[1] + tail) - (a - 0.5) * step
    second = a * (a * (high[2] - low[2])) - df * step + (a - 0.5) * step * ((4.0 * a + 1.0) * step)
    return high[0] - low[0] + ((a - 0.5) * tail - 0.5) - HALF_LOG_2PI, first, first + second


@lru_cache(maxsize=16)
def _remembered_constant(log_df: float) -> tuple[Any, Any, Any]:
    return _constant(np.float64(log_df))
