"""Logistic and Poisson regression with many rows, with standard errors, beside glum, scikit-learn and statsmodels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from bench.harness import OURS, Contender, Job

COLUMNS = 30


def data(name: str, rows: int) -> tuple[Any, Any]:
    """Response and design, whose first column is the intercept."""
    rng = np.random.default_rng(20240502)
    x = np.column_stack([np.ones(rows), rng.normal(size=(rows, COLUMNS))])
    beta = np.concatenate([[-0.5], 0.2 * rng.normal(size=COLUMNS)])
    eta = x @ beta
    y = rng.random(rows) < special.expit(eta) if name == "logistic" else rng.poisson(np.exp(eta))
    return y.astype(float), x


def job(name: str, rows: int) -> Job:
    """``"logistic"`` or ``"poisson"``."""
    import likely as lk

    y, x = data(name, rows)
    slopes = np.ascontiguousarray(x[:, 1:])
    by_column = np.asfortranarray(slopes)
    family = lk.Bernoulli() if name == "logistic" else lk.Poisson()

    def ours() -> Any:
        fit = lk.fit(family, y, x)
        assert len(fit.stderr) == x.shape[1]
        return np.array(list(fit.coef.values()))

    def mean(eta: Any) -> Any:
        return special.expit(eta) if name == "logistic" else np.exp(eta)

    def loglik(beta: Any) -> float:
        eta = x @ beta
        if name == "logistic":
            return float(np.sum(special.log_expit(np.where(y == 1, eta, -eta))))
        return float(np.sum(y * eta - np.exp(eta) - special.gammaln(y + 1.0)))

    def score(beta: Any) -> float:
        mu = mean(x @ beta)
        information = np.square(x).T @ (mu * (1.0 - mu) if name == "logistic" else mu)
        return float(np.max(np.abs(x.T @ (y - mu)) / np.sqrt(information)))

    return Job(
        f"{name} regression, {rows:,} x {COLUMNS} and an intercept",
        [
            Contender(OURS, ours),
            *(
                Contender(f"glum, {way}", _glum(name, y, z))
                for way, z in (("by row", slopes), ("by column", by_column))
            ),
            *_sklearn(name, y, slopes),
            Contender("statsmodels", _statsmodels(name, y, x)),
        ],
        loglik,
        score,
        fastest=3.0,
    )


def _glum(name: str, y: Any, x: Any) -> Callable[[], Any]:
    from glum import GeneralizedLinearRegressor

    def run() -> Any:
        model = GeneralizedLinearRegressor(family="binomial" if name == "logistic" else "poisson", alpha=0)
        model.fit(x, y, store_covariance_matrix=True)
        assert np.all(np.isfinite(model.std_errors()))
        return np.concatenate([[model.intercept_], model.coef_])

    return run


def _sklearn(name: str, y: Any, x: Any) -> list[Contender]:
    from sklearn.linear_model import LogisticRegression, PoissonRegressor

    def run(solver: str) -> Any:
        if name == "logistic":
            model = LogisticRegression(C=np.inf, solver=solver)
        else:
            model = PoissonRegressor(alpha=0.0, solver=solver)
        model.fit(x, y)
        return np.concatenate([np.ravel(model.intercept_), np.ravel(model.coef_)])

    solvers = ["newton-cholesky", "lbfgs", *(["newton-cg"] if name == "logistic" else [])]
    return [Contender(f"scikit-learn, {s}", lambda s=s: run(s), errors=False) for s in solvers]


def _statsmodels(name: str, y: Any, x: Any) -> Callable[[], Any]:
    from statsmodels.discrete.discrete_model import Logit, Poisson

    def run() -> Any:
        found = (Logit if name == "logistic" else Poisson)(y, x).fit(disp=0)
        assert np.all(np.isfinite(found.bse))
        return found.params

    return run
