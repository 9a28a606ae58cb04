"""Regressions on a table of ten numbers and two categories of 1,000 and 300 levels, with standard errors.

A matrix of zeros and ones would take 10 GB for a million rows, so contenders that need one are not here. Everyone
starts from the same pandas table.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from scipy import optimize, sparse, special

from bench.harness import OURS, Contender, Job
from bench.regression import FAMILIES, SHAPE, SMALL_SCORE

NUMBERS, LEVELS = 10, (1000, 300)
NAMES = ("logistic", "poisson", "gamma")


def table(rows: int) -> tuple[pd.DataFrame, Any]:
    """The predictors, and the linear predictor that the responses are drawn with."""
    rng = np.random.default_rng(20261122)
    x = rng.normal(size=(rows, NUMBERS))
    codes = [rng.integers(0, k, rows) for k in LEVELS]
    eta = -0.5 + x @ (0.2 * rng.normal(size=NUMBERS))
    for code, k in zip(codes, LEVELS, strict=True):
        eta += 0.3 * rng.normal(size=k)[code]
    data = pd.DataFrame(x, columns=[f"x{j}" for j in range(NUMBERS)])
    for name, code, k in zip("ab", codes, LEVELS, strict=True):
        data[name] = pd.Categorical.from_codes(code, [f"{name}{i:04d}" for i in range(k)])
    return data, eta


def response(name: str, eta: Any) -> Any:
    rng = np.random.default_rng(20261123)
    if name == "logistic":
        return (rng.random(len(eta)) < special.expit(eta)).astype(float)
    mean = np.exp(eta)
    return rng.gamma(SHAPE, mean / SHAPE) if name == "gamma" else rng.poisson(mean).astype(float)


def job(name: str, rows: int) -> Job:
    """One of `NAMES`."""
    data, eta = table(rows)
    y = response(name, eta)
    x = _sparse(data)
    return Job(
        f"{name} regression, {rows:,} x {NUMBERS} and categories of {LEVELS[0]:,} and {LEVELS[1]} levels",
        [
            Contender(OURS, _ours(name, y, data)),
            Contender("glum", _glum(name, y, data)),
            Contender("glum, tight", _glum(name, y, data, 1e-10), note="gradient_tol=1e-10"),
            *_sklearn(name, y, data),
        ],
        lambda found: _loglik(name, found, y, x),
        lambda found: _score(name, found, y, x),
        fastest=3.0,
        small_score=SMALL_SCORE,
    )


def _sparse(data: pd.DataFrame) -> Any:
    """The design by which everyone is judged: intercept, numbers, levels without the first."""
    parts = [np.ones((len(data), 1)), data.iloc[:, :NUMBERS].to_numpy()]
    for name in "ab":
        codes = data[name].cat.codes.to_numpy()
        row = np.flatnonzero(codes > 0)
        shape = (len(data), len(data[name].cat.categories) - 1)
        parts.append(sparse.csr_array((np.ones(len(row)), (row, codes[row] - 1)), shape=shape))
    return sparse.hstack(parts, format="csr")


def _shape(beta: Any, y: Any, x: Any) -> float:
    r = y * np.exp(-(x @ beta))
    gap = float(np.mean(r - 1.0 - np.log(r)))
    return float(optimize.brentq(lambda s: np.log(s) - special.digamma(s) - gap, 1e-3, 1e6, xtol=1e-14))


def _loglik(name: str, beta: Any, y: Any, x: Any) -> float:
    eta = x @ beta
    if name == "logistic":
        return float(np.sum(special.log_expit(np.where(y == 1, eta, -eta))))
    if name == "poisson":
        return float(np.sum(y * eta - np.exp(eta) - special.gammaln(y + 1.0)))
    s = _shape(beta, y, x)
    return float(np.sum(s * (np.log(s) - eta - y * np.exp(-eta)) + (s - 1.0) * np.log(y) - special.gammaln(s)))


def _score(name: str, beta: Any, y: Any, x: Any) -> float:
    """The largest score, in its standard errors."""
    eta = x @ beta
    if name == "gamma":
        s = _shape(beta, y, x)
        scores, weights = s * (y * np.exp(-eta) - 1.0), np.full(len(y), s)
    else:
        mean = special.expit(eta) if name == "logistic" else np.exp(eta)
        scores, weights = y - mean, mean * (1.0 - mean) if name == "logistic" else mean
    return float(np.max(np.abs(x.T @ scores) / np.sqrt(x.power(2).T @ weights)))


def _ours(name: str, y: Any, data: pd.DataFrame) -> Callable[[], Any]:
    import likely as lk

    formula = "y ~ " + " + ".join(data.columns)

    def run() -> Any:
        fit = lk.fit(FAMILIES[name], data.assign(y=y), formula)
        assert all(se is not None for se in fit.stderr.values())
        found = np.array(list(fit.coef.values()))
        return found[:-1] if name == "gamma" else found

    return run


def _glum(name: str, y: Any, data: pd.DataFrame, tolerance: float | None = None) -> Callable[[], Any]:
    from glum import GeneralizedLinearRegressor

    family = {"logistic": "binomial"}.get(name, name)

    def run() -> Any:
        link = "logit" if name == "logistic" else "log"
        model = GeneralizedLinearRegressor(family=family, link=link, alpha=0, drop_first=True, gradient_tol=tolerance)
        model.fit(data, y, store_covariance_matrix=True)
        assert np.all(np.isfinite(model.std_errors()))
        return np.concatenate([[model.intercept_], model.coef_])

    return run


def _sklearn(name: str, y: Any, data: pd.DataFrame) -> list[Contender]:
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import GammaRegressor, LogisticRegression, PoissonRegressor
    from sklearn.preprocessing import OneHotEncoder

    def run(tolerance: float) -> Any:
        encode = make_column_transformer(
            (OneHotEncoder(drop="first"), ["a", "b"]), remainder="passthrough", sparse_threshold=1.0
        )
        x = encode.fit_transform(data)
        common = {"solver": "lbfgs", "tol": tolerance, "max_iter": 2000}
        if name == "logistic":
            model = LogisticRegression(C=np.inf, **common)
        else:
            model = (PoissonRegressor if name == "poisson" else GammaRegressor)(alpha=0.0, **common)
        model.fit(x, y)
        levels, numbers = np.split(np.ravel(model.coef_), [-NUMBERS])
        return np.concatenate([np.ravel(model.intercept_), numbers, levels])

    return [
        Contender(
            f"scikit-learn, lbfgs{', tight' if tolerance < 1e-4 else ''}",
            lambda tolerance=tolerance: run(tolerance),
            errors=False,
            note="" if tolerance == 1e-4 else f"tol={tolerance:g}",
        )
        for tolerance in (1e-4, 1e-9)
    ]
