"""Families with the known values that their losses need."""

from __future__ import annotations

from typing import Any

import numpy as np

import likely as lk
from likely.families import FAMILIES

KNOWN: dict[str, dict[str, Any]] = {
    "asymmetric_laplace": {"tau": 0.3, "scale": 2.0},
    "student_t": {"scale": 1.5, "df": 4.0},
    "logistic": {"scale": 0.7},
    "huber": {"k": 1.345, "scale": 0.5},
    "cauchy": {"scale": 1.2},
    "gumbel": {"scale": 2.0},
    "skew_normal": {"scale": 1.5, "shape": 2.0},
    "weibull": {"shape": 2.0},
    "log_logistic": {"shape": 2.0},
    "pareto": {"minimum": 0.5},
    "beta": {"precision": 3.0},
    "binomial": {"n": 5},
    "negative_binomial": {"dispersion": 0.5},
    "ordinal": {"levels": [0, 1, 2], "threshold": [-1.0, 1.0]},
    "categorical": {"levels": [0, 1, 2]},
}
WITH_LOSS = [name for name in FAMILIES if name != "uniform"]  # its parameters are the ends of the support


def family(name: str) -> Any:
    return FAMILIES[name](**KNOWN.get(name, {}))


def drawn(name: str, n: int = 60) -> tuple[Any, Any, Any, dict[str, float]]:
    """A family, observations of it, predictions, and values of the parameters that its loss does not need."""
    chosen = family(name)
    rng = np.random.default_rng(7)
    loss = lk.loss(chosen)
    others = {
        p.name: 1.7 for p in chosen.parameters if p.name not in chosen.known and p.name != loss.of and not p.anchored
    }
    if name == "categorical":
        return chosen, rng.integers(0, 3, n), rng.dirichlet([1.0, 1.0, 1.0], n), others
    prediction = rng.uniform(0.1, 0.9, n)
    if name == "ordinal":
        return chosen, rng.integers(0, 3, n), prediction, others
    y = np.array([float(chosen.sample(seed=i, **{loss.of: p}, **others)) for i, p in enumerate(prediction)])
    return chosen, y, prediction, others
