"""A density that no library knows, with standard errors, beside statsmodels' GenericLikelihoodModel and iminuit.

Response times as a normal plus an exponential delay (the ex-Gaussian): each library gets the density vectorised, and
the others get starting values from moments and logarithms of the positive parameters, as experienced users give.
"""

from __future__ import annotations

import statistics
from typing import Any

import numpy as np
from scipy import special, stats

from bench.harness import OURS, Contender, Job, Row, Table, _timed

TRUE = {"scale": 0.5, "rate": 0.8}
MOST = 8  # evaluations of the density that a fit may cost
SLOPES = np.array([0.4, -0.3, 0.2])


def data(rows: int) -> tuple[Any, Any, Any]:
    """A response without and one with predictors, and these with an intercept."""
    rng = np.random.default_rng(20240503)
    x = np.column_stack([np.ones(rows), rng.normal(size=(rows, 3))])
    noise = rng.normal(0.0, TRUE["scale"], rows) + rng.exponential(1.0 / TRUE["rate"], rows)
    return 2.0 + noise, x @ np.concatenate([[2.0], SLOPES]) + noise, x


def log_density(y: Any, loc: Any, scale: float, rate: float) -> Any:
    """The density for those who take NumPy."""
    z, k = (y - loc) / scale, rate * scale
    return np.log(rate) + 0.5 * k * k - k * z + special.log_ndtr(z - k)


def job(name: str, rows: int) -> Job:
    """``"constants"`` or ``"regression"``."""
    import likely as lk

    ex_gaussian = _family()
    constants, regression, x = data(rows)
    y, x = (constants, x[:, :1]) if name == "constants" else (regression, x)
    start = _start(y, x)

    def ours() -> Any:
        fit = lk.fit(ex_gaussian, y) if name == "constants" else lk.fit(ex_gaussian, y, x)
        assert all(s is not None for s in fit.stderr.values())
        *beta, scale, rate = fit.coef.values()
        return np.array([*beta, np.log(scale), np.log(rate)])

    def rows_of(theta: Any) -> Any:
        return log_density(y, x @ theta[:-2], np.exp(theta[-2]), np.exp(theta[-1]))

    def loglik(theta: Any) -> float:
        scale, rate = np.exp(theta[-2:])
        return float(np.sum(stats.exponnorm.logpdf(y, 1.0 / (scale * rate), loc=x @ theta[:-2], scale=scale)))

    return Job(
        f"a custom density, {'constants only' if name == 'constants' else '3 predictors'}, {rows:,} rows",
        [
            Contender(OURS, ours),
            Contender("iminuit", lambda: _iminuit(rows_of, start), goal=20, note="Migrad, then Hesse"),
            Contender("statsmodels", lambda: _statsmodels(rows_of, y, x, start), goal=20, note="Nelder-Mead"),
        ],
        loglik,
    )


def _family() -> Any:
    import likely as lk

    @lk.family(params={"loc": lk.Real, "scale": lk.Positive, "rate": lk.Positive})
    def ex_gaussian(y, loc, scale, rate, xp):  # type: ignore[no-untyped-def]
        z, k = (y - loc) / scale, rate * scale
        return xp.log(rate) + 0.5 * k * k - k * z + xp.log_ndtr(z - k)

    return ex_gaussian


def evaluations(rows: int, repeats: int) -> Table:
    """A whole fit with its covariance, in plain evaluations of the density by NumPy."""
    import likely as lk

    _, y, x = data(rows)
    family = _family()
    calls = {
        OURS: lambda: lk.fit(family, y, x).stderr,
        "NumPy": lambda: float(np.sum(log_density(y, x @ np.concatenate([[2.0], SLOPES]), *TRUE.values()))),
    }
    times: dict[str, list[float]] = {who: [] for who in calls}
    for turn in range(repeats + 1):
        for who, call in calls.items():
            seconds = _timed(call)[0]
            if turn:  # the first one warms up
                times[who].append(seconds)
    median = {who: statistics.median(seconds) for who, seconds in times.items()}
    table = Table(f"a custom density and what it costs, 3 predictors, {rows:,} rows", [])
    table.rows = [Row(who, seconds, repeats, who == OURS, None, "") for who, seconds in median.items()]
    ratio = median[OURS] / median["NumPy"]
    table.verdicts.append((f"a fit in at most {MOST} evaluations by NumPy: {ratio:.3g}", ratio <= MOST))
    return table


def _start(y: Any, x: Any) -> Any:
    """Moments: the delay's mean is the cube root of half the third central moment."""
    beta = np.linalg.lstsq(x, y, rcond=None)[0]
    residual = y - x @ beta
    delay = max(np.mean(residual**3) / 2.0, 1e-3) ** (1.0 / 3.0)
    beta[0] -= delay
    return np.array([*beta, 0.5 * np.log(max(np.var(residual) - delay**2, 1e-3)), -np.log(delay)])


def _iminuit(rows_of: Any, start: Any) -> Any:
    from iminuit import Minuit

    def cost(theta: Any) -> float:
        return -float(np.sum(rows_of(theta)))

    found = Minuit(cost, start)
    found.errordef = Minuit.LIKELIHOOD
    found.migrad().hesse()
    assert found.valid
    return np.array(found.values)


def _statsmodels(rows_of: Any, y: Any, x: Any, start: Any) -> Any:
    from statsmodels.base.model import GenericLikelihoodModel

    class ExGaussian(GenericLikelihoodModel):
        def nloglikeobs(self, params: Any) -> Any:
            return -rows_of(params)

    model = ExGaussian(y, x, extra_params_names=["log_scale", "log_rate"])
    found = model.fit(start_params=start, maxiter=20_000, maxfun=40_000, disp=0)
    assert found.mle_retvals["converged"]
    assert np.all(np.isfinite(found.bse))
    return found.params
