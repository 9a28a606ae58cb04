"""Labels without an order: the multinomial logit from one exponential for each level and row."""

from __future__ import annotations

from typing import Any

import numpy as np

from likely.namespace import Jet


def categorical_rows(y: Any, prepared: Any, etas: list[Any]) -> Jet:
    """log f = eta[y] - log(1 + sum of exp(eta)), the first level's linear predictor being 0."""
    n, levels = len(y), len(etas) + 1
    eta = np.zeros((levels, n))
    for k, values in enumerate(etas, start=1):
        eta[k] = values
    rows, code = np.arange(n), y.astype(np.intp)
    top = np.argmax(eta, axis=0)
    eta -= eta[top, rows]
    e = np.exp(eta)
    e[top, rows] = 0.0  # the others first: 1 - p keeps its digits where p is nearly 1
    rest = np.sum(e, axis=0)
    others = 1.0 + rest - e
    others[top, rows] = rest
    e[top, rows] = 1.0
    p, q = e / (1.0 + rest), others / (1.0 + rest)
    g, h = {}, {}
    for j in range(1, levels):
        g[j - 1] = np.where(code == j, q[j], -p[j])
        h[j - 1, j - 1] = -p[j] * q[j]
        for k in range(j + 1, levels):
            h[j - 1, k - 1] = p[j] * p[k]
    return Jet(eta[code, rows] - np.log1p(rest), g, h, 2)
