"""Fused rows of Student's t on its usual links."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from likely.families.base.domains import LINKS
from likely.families.student_t import StudentT
from likely.namespace import Jet, JetNamespace


def student_t_rows(y: Any, constant: Any, etas: list[Any]) -> Jet:
    """With z = (y - loc)/scale and u = z^2/(df + z^2), log f = c(df) - log scale - (df + 1)/2 log(1 + z^2/df).

    The normalising constant c and its derivatives come from the family itself, at z = 0.
    """
    loc, log_scale, log_df = etas
    at_zero = _constant(log_df) if np.ndim(log_df) else _remembered_constant(float(log_df))
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
        at_zero.v - log_scale - a * half,
        {0: a * zw, 1: bu - 1.0, 2: at_zero.g[2] - half + 0.5 * bu},
        {
            (0, 0): (2.0 * u - 1.0) * w * (a / (scale * scale)),
            (0, 1): (-2.0 * a) * zw * w,
            (0, 2): zw * (a * u - 1.0 / df),
            (1, 1): (-2.0 * b) * wu,
            (1, 2): df * u - b * wu,
            (2, 2): at_zero.h[2, 2] - half + df * u - (0.5 * b) * wu,
        },
        2,
    )


def _constant(log_df: Any) -> Jet:
    xp = JetNamespace(2)
    return StudentT()._log_density(xp, 0.0, 0.0, 1.0, LINKS["log"].inverse(xp.variable(2, log_df), xp))


@lru_cache(maxsize=16)
def _remembered_constant(log_df: float) -> Jet:
    return _constant(np.float64(log_df))
