"""Regressions with many rows, with standard errors, beside glum, scikit-learn, statsmodels and SciPy.

Solvers stop where their defaults tell them to, some far from the peak. So those that are fast by stopping early run a
second time, at a tolerance that brings their score down; the goals count contenders that reach `SMALL_SCORE`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import optimize, special

from bench.harness import OURS, Contender, Job

COLUMNS = 30
SMALL_SCORE = 1e-6  # standard errors: the tolerance of likely's own default
SHAPE = 2.0
FAMILIES = {
    "logistic": "bernoulli",
    "poisson": "poisson",
    "gamma": "gamma",
    "negative binomial": "negative_binomial",
    "location-scale": "normal",
}


def design(rows: int) -> Any:
    """An intercept and normal columns, filled in place: a copy would count as memory."""
    rng = np.random.default_rng(20240502)
    x = np.empty((rows, COLUMNS + 1))
    x[:, 0] = 1.0
    for lo in range(0, rows, 10_000):
        part = x[lo : lo + 10_000, 1:]
        part[:] = rng.normal(size=part.shape)
    return x


def response(name: str, x: Any) -> Any:
    """Drawn from the model."""
    rng = np.random.default_rng(20240503)
    eta = x @ np.concatenate([[-0.5], 0.2 * rng.normal(size=COLUMNS)])
    if name == "logistic":
        return (rng.random(len(x)) < special.expit(eta)).astype(float)
    if name == "location-scale":
        return eta + np.exp(x @ np.concatenate([[0.2], 0.05 * rng.normal(size=COLUMNS)])) * rng.normal(size=len(x))
    mean = np.exp(eta)
    if name == "gamma":
        return rng.gamma(SHAPE, mean / SHAPE)
    return (rng.poisson(mean * (rng.gamma(SHAPE, 1.0 / SHAPE, len(x)) if name != "poisson" else 1.0))).astype(float)


def job(name: str, rows: int) -> Job:
    """One of `FAMILIES`."""
    x = design(rows)
    y = response(name, x)
    contenders = {"negative binomial": _negative_binomial, "location-scale": _location_scale}.get(name, _means)
    return Job(
        f"{name} regression, {rows:,} x {COLUMNS} and an intercept"
        + (", for the mean and for the sd" if name == "location-scale" else ""),
        [Contender(OURS, ours(name, y, x)), *contenders(name, y, x)],
        lambda found: loglik(name, found, y, x),
        lambda found: score(name, found, y, x),
        fastest=None if name in ("negative binomial", "location-scale") else 3.0,
        small_score=SMALL_SCORE,
    )


def ours(name: str, y: Any, x: Any) -> Callable[[], Any]:
    import likely as lk

    def run() -> Any:
        fit = lk.fit(FAMILIES[name], y, x, **({"sd": x} if name == "location-scale" else {}))
        assert all(se is not None for se in fit.stderr.values())
        found = np.array(list(fit.coef.values()))
        return found[: x.shape[1]] if name == "gamma" else found

    return run


# -- by what everyone is judged: the mean's coefficients, then a dispersion or the sd's coefficients -----------------


def _gamma_shape(beta: Any, y: Any, x: Any) -> float:
    """The best shape for these coefficients, which most contenders do not estimate."""
    r = y * np.exp(-(x @ beta))
    gap = float(np.mean(r - 1.0 - np.log(r)))
    return float(optimize.brentq(lambda s: np.log(s) - special.digamma(s) - gap, 1e-3, 1e6, xtol=1e-14))


def loglik(name: str, found: Any, y: Any, x: Any) -> float:
    p = x.shape[1]
    eta = x @ found[:p]
    if name == "logistic":
        return float(np.sum(special.log_expit(np.where(y == 1, eta, -eta))))
    if name == "poisson":
        return float(np.sum(y * eta - np.exp(eta) - special.gammaln(y + 1.0)))
    if name == "gamma":
        s = _gamma_shape(found, y, x)
        return float(np.sum(s * (np.log(s) - eta - y * np.exp(-eta)) + (s - 1.0) * np.log(y) - special.gammaln(s)))
    if name == "location-scale":
        log_sd = x @ found[p:]
        return float(np.sum(-0.5 * np.square((y - eta) * np.exp(-log_sd)) - log_sd - 0.5 * np.log(2 * np.pi)))
    r, mean = 1.0 / found[p], np.exp(eta)
    constants = special.gammaln(y + r) - special.gammaln(r) - special.gammaln(y + 1.0)
    return float(np.sum(constants + r * np.log(r / (r + mean)) + y * np.log(mean / (r + mean))))


def score(name: str, found: Any, y: Any, x: Any) -> float:
    """The largest score, in its standard errors."""
    p = x.shape[1]
    mean = special.expit(x @ found[:p]) if name == "logistic" else x @ found[:p]
    if name == "location-scale":
        precision = np.exp(-2.0 * (x @ found[p:]))
        z2 = np.square(y - mean) * precision
        scores = np.concatenate([x.T @ ((y - mean) * precision), x.T @ (z2 - 1.0)])
        information = np.concatenate([np.square(x).T @ precision, np.square(x).T @ np.full(len(y), 2.0)])
        return float(np.max(np.abs(scores) / np.sqrt(information)))
    mean = mean if name == "logistic" else np.exp(mean)
    if name == "gamma":
        s = _gamma_shape(found, y, x)
        return float(np.max(np.abs(x.T @ (s * (y / mean - 1.0))) / np.sqrt(np.square(x).sum(axis=0) * s)))
    if name == "negative binomial":
        a = found[p]
        weight = 1.0 / (1.0 + a * mean)
        r = 1.0 / a
        of_r = special.digamma(y + r) - special.digamma(r) + np.log(weight) + (mean - y) * a * weight
        scores = np.append(x.T @ ((y - mean) * weight), -r * np.sum(of_r))
        information = np.append(np.square(x).T @ (mean * weight), np.sum(np.square(r * of_r)))
        return float(np.max(np.abs(scores) / np.sqrt(information)))
    information = np.square(x).T @ (mean * (1.0 - mean) if name == "logistic" else mean)
    return float(np.max(np.abs(x.T @ (y - mean)) / np.sqrt(information)))


# -- contenders ------------------------------------------------------------------------------------------------------


def _means(name: str, y: Any, x: Any) -> list[Contender]:
    """Those who fit a generalised linear model."""
    slopes = np.ascontiguousarray(x[:, 1:])
    by_column = np.asfortranarray(slopes)
    return [
        Contender("glum, by row", _glum(name, y, slopes)),
        Contender("glum, by column", _glum(name, y, by_column)),
        Contender("glum, by column, tight", _glum(name, y, by_column, 1e-10), note="gradient_tol=1e-10"),
        *_sklearn(name, y, slopes),
        Contender("statsmodels", _statsmodels(name, y, x)),
    ]


def _glum(name: str, y: Any, x: Any, tolerance: float | None = None) -> Callable[[], Any]:
    from glum import GeneralizedLinearRegressor

    family = {"logistic": "binomial"}.get(name, name)

    def run() -> Any:
        link = "logit" if name == "logistic" else "log"
        model = GeneralizedLinearRegressor(family=family, link=link, alpha=0, gradient_tol=tolerance)
        model.fit(x, y, store_covariance_matrix=True)
        assert np.all(np.isfinite(model.std_errors()))
        return np.concatenate([[model.intercept_], model.coef_])

    return run


def _sklearn(name: str, y: Any, x: Any) -> list[Contender]:
    from sklearn.linear_model import GammaRegressor, LogisticRegression, PoissonRegressor

    def run(solver: str, tolerance: float) -> Any:
        common = {"solver": solver, "tol": tolerance, "max_iter": 1000}
        if name == "logistic":
            model = LogisticRegression(C=np.inf, **common)
        else:
            model = (PoissonRegressor if name == "poisson" else GammaRegressor)(alpha=0.0, **common)
        model.fit(x, y)
        return np.concatenate([np.ravel(model.intercept_), np.ravel(model.coef_)])

    solvers = ["newton-cholesky", "lbfgs", *(["newton-cg"] if name == "logistic" else [])]
    return [
        Contender(
            f"scikit-learn, {solver}{', tight' if tolerance < 1e-4 else ''}",
            lambda solver=solver, tolerance=tolerance: run(solver, tolerance),
            errors=False,
            note="" if tolerance == 1e-4 else f"tol={tolerance:g}",
        )
        for solver in solvers
        for tolerance in (1e-4, 1e-9)
    ]


def _statsmodels(name: str, y: Any, x: Any) -> Callable[[], Any]:
    from statsmodels.discrete.discrete_model import Logit, Poisson
    from statsmodels.genmod import families
    from statsmodels.genmod.generalized_linear_model import GLM

    def run() -> Any:
        if name == "gamma":
            found = GLM(y, x, families.Gamma(families.links.Log())).fit(tol=1e-12)
        else:
            found = (Logit if name == "logistic" else Poisson)(y, x).fit(disp=0)
        assert np.all(np.isfinite(found.bse))
        return found.params

    return run


def _negative_binomial(name: str, y: Any, x: Any) -> list[Contender]:
    from statsmodels.discrete.discrete_model import NegativeBinomial

    def run() -> Any:
        found = NegativeBinomial(y, x).fit(disp=0, maxiter=1000)
        assert np.all(np.isfinite(found.bse))
        return found.params

    return [Contender("statsmodels", run, goal=10)]


def _location_scale(name: str, y: Any, x: Any) -> list[Contender]:
    """No library has the model; SciPy's minimisers and statsmodels take it with exact derivatives."""
    p = x.shape[1]
    start = np.concatenate([np.linalg.lstsq(x, y, rcond=None)[0], np.zeros(p)])
    start[p] = np.log(np.std(y - x @ start[:p]))

    def parts(theta: Any) -> tuple[Any, Any, Any]:
        log_sd = x @ theta[p:]
        inverse = np.exp(-log_sd)
        return log_sd, inverse, (y - x @ theta[:p]) * inverse

    def cost(theta: Any) -> tuple[float, Any]:
        log_sd, inverse, z = parts(theta)
        value = 0.5 * float(z @ z) + float(np.sum(log_sd)) + 0.5 * len(y) * np.log(2.0 * np.pi)
        return value, np.concatenate([-(x.T @ (z * inverse)), x.T @ (1.0 - z * z)])

    def hessian(theta: Any) -> Any:
        _, inverse, z = parts(theta)
        middle = x.T @ (x * (2.0 * z * inverse)[:, None])
        first, last = x.T @ (x * np.square(inverse)[:, None]), x.T @ (x * (2.0 * z * z)[:, None])
        return np.block([[first, middle], [middle, last]])

    def scipy(method: str, **options: Any) -> Any:
        second = {"hess": hessian} if method != "L-BFGS-B" else {}
        found = optimize.minimize(cost, start, jac=True, method=method, options=options, **second).x
        assert np.all(np.diag(np.linalg.inv(hessian(found))) > 0)
        return found

    def statsmodels() -> Any:
        from statsmodels.base.model import GenericLikelihoodModel

        class LocationScale(GenericLikelihoodModel):
            def loglike(self, theta: Any) -> float:
                return -cost(theta)[0]

            def score(self, theta: Any) -> Any:
                return -cost(theta)[1]

            def hessian(self, theta: Any) -> Any:
                return -hessian(theta)

        found = LocationScale(y, x, extra_params_names=[f"sd{j}" for j in range(p)]).fit(
            start_params=start, method="newton", disp=0
        )
        assert np.all(np.isfinite(found.bse))
        return found.params

    return [
        Contender("SciPy, L-BFGS-B", lambda: scipy("L-BFGS-B"), goal=1, note="gradient given"),
        Contender(
            "SciPy, L-BFGS-B, tight",
            lambda: scipy("L-BFGS-B", ftol=1e-15, gtol=1e-3, maxiter=1000),
            goal=1,
            note="gradient given, ftol=1e-15",
        ),
        Contender("SciPy, trust-exact", lambda: scipy("trust-exact", gtol=1e-4), goal=1, note="Hessian given"),
        Contender("statsmodels", statsmodels, goal=1, note="GenericLikelihoodModel, Newton, Hessian given"),
    ]
