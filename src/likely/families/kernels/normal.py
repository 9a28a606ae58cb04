"""Fused rows of the normal family with an identity link for the mean and a log link for the sd."""

from __future__ import annotations

from typing import Any

import numpy as np

from likely.namespace import Jet
from likely.namespace.special.coefficients import HALF_LOG_2PI


def normal_rows(y: Any, constant: Any, etas: list[Any]) -> Jet:
    """With z = (y - mean)/sd, log f = -z^2/2 - log sd - log(2 pi)/2."""
    mean, log_sd = etas
    inverse = np.exp(-log_sd)
    z = (y - mean) * inverse
    square = z * z
    slope = z * inverse
    return Jet(
        -0.5 * square - (log_sd + HALF_LOG_2PI),
        {0: slope, 1: square - 1.0},
        {(0, 0): -inverse * inverse, (0, 1): -2.0 * slope, (1, 1): -2.0 * square},
        2,
    )
