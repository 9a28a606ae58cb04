"""NIST's nonlinear regression problems from both of NIST's starting points; see nist_nonlinear.py."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("jax")

import nist_nonlinear as nist
import shared

import likely as lk

DIGITS = 8
# Lanczos1's data are its curve rounded at 1e-14: of residuals of 1e-13, float64 knows three digits
FEWER = {"Lanczos1": 2.5}


def digits(found: Any, wanted: Any) -> float:
    """The log relative error, the least of all."""
    wanted = np.asarray(wanted, dtype=float)
    error = np.max(np.abs(np.asarray(found, dtype=float) - wanted) / np.abs(wanted))
    return float(-np.log10(max(error, 1e-16)))


def by_least_squares(fit: Any) -> tuple[Any, float]:
    """NIST's standard deviations: without second derivatives of the curve, and with n - p in place of n."""
    jacobian = fit.likelihood.function.objective.theta(fit.outcome.point.x)[1]["mean"][:, :-1]
    residual_sd = fit.coef["sd"] * np.sqrt(fit.n / (fit.n - jacobian.shape[1]))
    size = np.linalg.norm(jacobian, axis=0)
    inverse = np.linalg.inv(np.linalg.qr(jacobian / size, mode="r")) / size[:, None]
    return residual_sd * np.sqrt(np.sum(inverse**2, axis=1)), residual_sd


def check(name: str, data: Any, start: Any, params: Any, se: Any, residual_sd: float) -> Any:
    fit = lk.fit(nist.density(name, start), data)
    assert fit.converged
    assert digits([v for k, v in fit.coef.items() if k != "sd"], params) > DIGITS
    errors, spread = by_least_squares(fit)
    assert digits(errors, se) > FEWER.get(name, DIGITS)
    assert digits(spread, residual_sd) > FEWER.get(name, DIGITS)
    return fit


@pytest.mark.parametrize("name", list(nist.STORED))
def test_stored_problems(name: str) -> None:
    x, y, starts, *certified = nist.STORED[name]
    for start in starts:
        check(name, {"x": x, "y": y}, start, *certified)


@pytest.mark.slow
@pytest.mark.skipif(not shared.ROOT.is_dir(), reason="no ../shared/reference beside the repository")
@pytest.mark.parametrize("name", list(nist.MODELS))
def test_every_problem(name: str) -> None:
    shared.part("nist nonlinear", name)
    case = shared.contents("nist/certified.json")["nonlinear"][name]
    exact, certified = case["derived"]["polished"], case["certified"]
    data = shared.table(f"nist/csv/{name}.csv").astype(float)
    for start in ("start1", "start2"):
        begin = list(case[start].values())
        fit = check(name, data, begin, exact["params"], list(certified["se"].values()), certified["residual_sd"])
        observed = [v for k, v in fit.stderr.items() if k != "sd"]
        assert digits(observed, exact["se_ml_observed_information"]) > min(6.5, FEWER.get(name, 6.5))
        if name not in FEWER:
            assert digits(fit.loglik, exact["loglik"]) > 11


@pytest.mark.parametrize("name", ["MGH09", "MGH10"])
def test_without_a_family(name: str) -> None:
    """The same as a function that gives the log-density of every row."""
    x, y, starts, params, *_ = nist.STORED[name]
    curve = nist.MODELS[name]

    def rows(p: Any, d: Any) -> Any:
        return nist.normal(d["y"], curve(p["b"], d), p["sd"])

    for start in starts:
        fit = lk.fit(lk.density(rows, params={"b": lk.Real(start), "sd": lk.Positive}), {"x": x, "y": y})
        assert digits([v for k, v in fit.coef.items() if k != "sd"], params) > DIGITS
