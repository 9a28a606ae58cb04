"""NIST's univariate and linear problems: their models, and how many certified digits an estimate must have."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from compare import approximately

import likely as lk

POWERS = {"Pontius": 2, "Filip": 10, **{f"Wampler{i}": 5 for i in range(1, 6)}}
EXACT = ("Wampler1", "Wampler2")  # every value is reproduced: the likelihood has no peak in sd
DIGITS = 9.0
FEWER = {"Filip": 7.0}
# relative error of the standard deviation beyond 1e-12: 1000000.1 is not a float, and neither is 10000000.1
ROUNDED = {"NumAcc3": 1e-9, "NumAcc4": 1e-8}


def digits(found: float, certified: float) -> float:
    """Correct digits: minus log10 of the relative error (the absolute one where the certified value is 0), up to 15."""
    error = abs(found - certified) / (abs(certified) or 1.0)
    return 15.0 if error == 0.0 else min(15.0, -math.log10(error))


def matrix(name: str, data: pd.DataFrame) -> pd.DataFrame:
    """The design of a NIST linear problem with columns B0, B1, ... as NIST numbers them."""
    if name in POWERS:
        x = data["x"].to_numpy(float)
        return pd.DataFrame({f"B{k}": x**k for k in range(POWERS[name] + 1)})
    predictors = [c for c in data.columns if c != "y"]
    columns = {} if name.startswith("NoInt") else {"B0": np.ones(len(data))}
    return pd.DataFrame({**columns, **{f"B{k}": data[c].to_numpy(float) for k, c in enumerate(predictors, start=1)}})


def formula(name: str, data: pd.DataFrame) -> str:
    """The same as a formula."""
    if name in POWERS:
        return "y ~ " + " + ".join(["x", *(f"I(x**{k})" for k in range(2, POWERS[name] + 1))])
    right = " + ".join(c for c in data.columns if c != "y")
    return f"y ~ {right} - 1" if name.startswith("NoInt") else f"y ~ {right}"


def exact_mean_and_sd(y: Sequence[float]) -> tuple[float, float]:
    """Mean and maximum likelihood standard deviation of these very floats, in rational arithmetic."""
    values = [Fraction(float(v)) for v in y]
    mean = sum(values) / len(values)
    variance = sum((v - mean) ** 2 for v in values) / len(values)
    return float(mean), math.sqrt(variance)


def assert_univariate(fit: lk.Fit, certified: Mapping[str, float], tolerance: float) -> None:
    """Mean and standard deviation against the certified values, and to all digits against these floats' own.

    NIST divides the sum of squares by n - 1 and maximum likelihood by n; both are checked, each by its own name.
    """
    n, sd = fit.n, certified["sd_n_minus_1"]
    widen = math.sqrt(n / (n - 1))
    assert fit.coef["mean"] == approximately(certified["mean"], min(tolerance, 1e-12))
    assert fit.coef["sd"] * widen == approximately(sd, tolerance)
    assert fit.coef["sd"] == approximately(sd / widen, tolerance)
    assert fit.stderr["mean"] == approximately(sd / widen / math.sqrt(n), tolerance)
    assert fit.stderr["sd"] == approximately(sd / widen / math.sqrt(2 * n), tolerance)
    mean, sd = exact_mean_and_sd(fit.likelihood.function.bound.y)
    assert fit.coef["mean"] == approximately(mean, 1e-15)
    assert fit.coef["sd"] == approximately(sd, 1e-14)


def assert_linear(fit: lk.Fit, certified: Mapping[str, Any], least: float, loglik: float | None = None) -> None:
    """Coefficients, standard errors and residual standard deviation against the certified values.

    NIST divides the sum of squares by n - p and maximum likelihood by n; both are checked, each by its own name.
    """
    params, names = certified["params"], [n for n in fit.names if n.startswith("mean.")]
    assert len(names) == len(params)
    n, df = fit.n, fit.df_residual
    assert df == certified["df_resid"]
    widen = math.sqrt(n / df)
    found = {}
    for mine, (name, value) in zip(names, params.items(), strict=True):
        found[name] = digits(fit.coef[mine], value)
        found[f"se {name} (n - p)"] = digits(fit.stderr[mine] * widen, certified["se"][name])
        found[f"se {name} (n)"] = digits(fit.stderr[mine], certified["se"][name] / widen)
    found["residual sd (n - p)"] = digits(fit.coef["sd"] * widen, certified["residual_sd"])
    found["sd (n)"] = digits(fit.coef["sd"], math.sqrt(certified["rss"] / n))
    if loglik is not None:
        assert fit.loglik == approximately(loglik, 1e-8)
    bad = {k: round(v, 2) for k, v in found.items() if v < least}
    assert not bad, f"fewer than {least:g} correct digits: {bad}"


def fit_linear(name: str, data: pd.DataFrame, how: str) -> lk.Fit:
    """The fit from a matrix or from a formula."""
    if how == "matrix":
        return lk.fit(lk.Normal(), data["y"].to_numpy(float), matrix(name, data))
    return lk.fit(lk.Normal(), data, formula(name, data))


def assert_exact(name: str, data: pd.DataFrame, certified: Mapping[str, Any]) -> None:
    """Predictors that reproduce the response: coefficients exist, the residual standard deviation does not."""
    y, x = data["y"].to_numpy(float), matrix(name, data)
    fit = lk.fit(lk.Normal(sd=1), y, x)
    found = {n: digits(fit.coef[f"mean.{n}"], v) for n, v in certified["params"].items()}
    assert min(found.values()) >= DIGITS, found
    with pytest.raises(lk.errors.FitError, match=r"reproduce every value.*without bound.*sd.*Normal\(sd="):
        lk.fit(lk.Normal(), y, x)
    failed = lk.fit(lk.Normal(), y, x, on_failure="return")
    assert not failed.converged
    assert all(v is None for v in failed.stderr.values())
