"""Fits of few rows, in which the work is that of the calls: some of them at a time, beside statsmodels and SciPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import optimize, stats

from bench.harness import OURS, Contender, Job

FITS = 20  # in one run
NAMES = {
    "formula": "30 rows, y ~ x",
    "matrix": "30 rows, a matrix of two columns",
    "student-t": "100 rows of Student's t, y ~ x",
    "student-t-constants": "100 rows of Student's t, constants",
}


def data(name: str) -> dict[str, Any]:
    """A straight line, with normal errors or with heavier tails."""
    rng = np.random.default_rng(20240507)
    tails = name.startswith("student-t")
    n = 100 if tails else 30
    x = rng.normal(size=n)
    return {"x": x, "y": 1.0 + x + (rng.standard_t(4.0, n) if tails else rng.normal(size=n))}


def job(name: str) -> Job:
    """One of `NAMES`."""
    import pandas as pd

    columns = data(name)
    y, design = columns["y"], np.column_stack([np.ones(len(columns["y"])), columns["x"]])
    frame = pd.DataFrame(columns)
    makers = {"formula": _formula, "matrix": _matrix, "student-t": _student_t, "student-t-constants": _constants}

    def loglik(found: Any) -> float:
        if name == "student-t":
            return float(np.sum(stats.t.logpdf(y, found[3], design @ found[:2], found[2])))
        if name == "student-t-constants":
            return float(np.sum(stats.t.logpdf(y, found[2], found[0], found[1])))
        return float(np.sum(stats.norm.logpdf(y, design @ found[:2], found[2])))

    return Job(f"{FITS} fits of {NAMES[name]}", makers[name](frame, y, design), loglik)


def _contender(name: str, fit: Callable[[], Any], **options: Any) -> Contender:
    """Who fits so many times; the estimates are those of the last fit."""
    return Contender(name, lambda: [fit() for _ in range(FITS)][-1], **options)


def _ours(*arguments: Any) -> Callable[[], Any]:
    import likely as lk

    def fit() -> Any:
        found = lk.fit(*arguments)
        assert found.loglik
        assert all(error is not None for error in found.stderr.values())
        return np.array(list(found.coef.values()))

    return fit


def _linear(made: Any) -> Any:
    """The estimates of a linear model of statsmodels, the sd as maximum likelihood has it."""
    found = made.fit()
    assert found.llf
    assert np.all(np.isfinite(found.bse))
    return np.append(np.asarray(found.params), np.sqrt(np.mean(np.square(np.asarray(found.resid_response)))))


def _least_squares(made: Any) -> Any:
    found = made.fit()
    assert found.llf
    assert np.all(np.isfinite(found.bse))
    return np.append(np.asarray(found.params), np.sqrt(found.ssr / found.nobs))


def _formula(frame: Any, y: Any, x: Any) -> list[Contender]:
    from statsmodels.formula import api

    return [
        _contender(OURS, _ours("normal", frame, "y ~ x")),
        _contender("statsmodels, ols", lambda: _least_squares(api.ols("y ~ x", frame)), goal=1 / 0.375),
        _contender("statsmodels, glm", lambda: _linear(api.glm("y ~ x", frame))),
    ]


def _matrix(frame: Any, y: Any, x: Any) -> list[Contender]:
    from statsmodels import api

    return [
        _contender(OURS, _ours("normal", y, x)),
        _contender("statsmodels, OLS", lambda: _least_squares(api.OLS(y, x)), note="least squares and no checks"),
        _contender("statsmodels, GLM", lambda: _linear(api.GLM(y, x)), goal=1.25),
    ]


def _student_t(frame: Any, y: Any, x: Any) -> list[Contender]:
    def cost(theta: Any) -> float:
        return -float(np.sum(stats.t.logpdf(y, np.exp(theta[3]), x @ theta[:2], np.exp(theta[2]))))

    def scipy() -> Any:
        found = optimize.minimize(cost, [0.0, 0.0, 0.0, np.log(5.0)]).x
        return np.append(found[:2], np.exp(found[2:]))

    return [
        _contender(OURS, _ours("student_t", frame, "y ~ x"), note="with a look for other peaks from nine places"),
        _contender(
            "scipy.optimize.minimize", scipy, errors=False, goal=1 / 0.35, note="one search, numerical gradients"
        ),
    ]


def _constants(frame: Any, y: Any, x: Any) -> list[Contender]:
    def scipy() -> Any:
        df, loc, scale = stats.t.fit(y)
        return np.array([loc, scale, df])

    return [
        _contender(OURS, _ours("student_t", y), note="with a look for other peaks from 22 places"),
        _contender("scipy.stats.t.fit", scipy, errors=False, goal=1 / 0.35, note="one search, without derivatives"),
    ]
