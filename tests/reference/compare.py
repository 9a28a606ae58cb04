"""Other software's results against ours: how their parameters follow from ours, and one comparison for all cases.

Both layers use it: `test_shared` (the cases in ../shared/reference) and `test_stored` (those kept in stored.json).
A reference quantity is a function of our estimates. Its derivatives, by complex step, carry our covariance over to the
reference's parametrisation, so nothing here is typed twice.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest

import likely as lk

Quantity = Callable[[Mapping[str, Any]], Any]
STEP = 1e-30  # of the complex step, relative to the value


# -- how the reference's parameters follow from ours ---------------------------------------------------------


def own(name: str, scale: float = 1.0) -> Quantity:
    """Our value called `name`, times `scale`."""
    return lambda p: scale * p[name]


def log_of(name: str, scale: float = 1.0) -> Quantity:
    """The logarithm of our value, times `scale`."""
    return lambda p: scale * np.log(p[name])


def one_over(name: str) -> Quantity:
    """One over our value."""
    return lambda p: 1.0 / p[name]


def logit_of(name: str) -> Quantity:
    """The logit of our value."""
    return lambda p: np.log(p[name]) - np.log(1.0 - p[name])


def _logit_of_beta_sigma(p: Mapping[str, Any]) -> Any:
    """gamlss's BE: sigma = 1/sqrt(1 + precision), on the logit scale; sigma/(1 - sigma) = 1/(sqrt(1 + precision) - 1)."""
    return -np.log(np.sqrt(1.0 + p["precision"]) - 1.0)


# R's parameters of constants, by R's name of the distribution
CONSTANTS: dict[str, dict[str, Quantity]] = {
    "norm": {"mean": own("mean"), "sd": own("sd")},
    "t": {"loc": own("loc"), "scale": own("scale"), "df": own("df")},
    "cauchy": {"location": own("loc"), "scale": own("scale")},
    "logis": {"location": own("loc"), "scale": own("scale")},
    "gumbel": {"loc": own("loc"), "scale": own("scale")},
    "exp": {"rate": own("rate")},
    "gamma": {"shape": own("shape"), "rate": lambda p: p["shape"] / p["mean"]},
    "invgauss": {"mean": own("mean"), "shape": own("shape")},
    "weibull": {"shape": own("shape"), "scale": own("scale")},
    "lnorm": {"meanlog": own("mu"), "sdlog": own("sigma")},
    "llogis": {"shape": own("shape"), "scale": own("scale")},
    "beta": {
        "shape1": lambda p: p["mean"] * p["precision"],
        "shape2": lambda p: (1.0 - p["mean"]) * p["precision"],
    },
    "binom": {"prob": own("p")},
    "nbinom": {"size": one_over("dispersion"), "mu": own("mean")},
    # gamlss, intercepts only, on gamlss's link scale
    "RG": {"mu:(Intercept)": own("loc"), "sigma:(Intercept)": log_of("scale")},
    "WEI": {"mu:(Intercept)": log_of("scale"), "sigma:(Intercept)": log_of("shape")},
    "BE": {"mu:(Intercept)": logit_of("mean"), "sigma:(Intercept)": _logit_of_beta_sigma},
}

# what an R tool calls a parameter beside the coefficients, as a function of our constant
BESIDE: dict[str, Quantity] = {
    "theta": one_over("dispersion"),
    "lambda": own("shape"),
    "shape": own("shape"),
    "sigma": own("sd"),
}


def column_name(name: str) -> str:
    """R's name of a design column from formulaic's: ``C(Age)[T.F1]`` is ``AgeF1``, ``Intercept`` is ``(Intercept)``."""
    if name == "Intercept":
        return "(Intercept)"
    parts = []
    for part in name.split(":"):
        head, bracket, level = part.partition("[T.")
        if bracket:
            variable = head.removeprefix("C(").split(",")[0].removesuffix(")")
            part = variable + level.removesuffix("]")
        parts.append(part)
    return ":".join(parts)


def coefficients(fit: lk.Fit, parameter: str, prefix: str = "", scale: float = 1.0) -> dict[str, Quantity]:
    """The coefficients of one parameter under R's names; `scale` where R's linear predictor is a multiple of ours."""
    found = {}
    for name in fit.names:
        head, dot, column = name.partition(".")
        if dot and head == parameter:
            found[prefix + column_name(column)] = own(name, scale)
    return found


# -- the reference and the comparison ------------------------------------------------------------------------


@dataclass(frozen=True)
class Tolerance:
    """What INDEX.md grants."""

    params_in_se: float = 1e-5
    loglik: float = 1e-8
    se: float = 1e-5
    profile_in_se: float = 1e-5


@dataclass(frozen=True)
class Reference:
    """What another tool found, in its own parameters."""

    params: Mapping[str, float]
    loglik: float
    se: Mapping[str, float]
    vcov: np.ndarray | None = None
    aic: float | None = None
    bic: float | None = None
    profile: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)  # None: no such limit

    @classmethod
    def from_json(cls, case: Mapping[str, Any], information: str = "observed") -> Reference:
        """From a result file; linear models there carry their standard errors under other names."""
        params, se, vcov = dict(case["params"]), case.get(f"se_{information}_information"), None
        if se is not None:
            vcov = np.array(case[f"vcov_{information}_information"], dtype=float)
        elif "se_ml" in case:
            params["sigma"] = case["sigma_ml"]
            se = {**case["se_ml"], "sigma": case["se_sigma_ml"]}
        profile = {
            name: (_limit(ends["lower"]), _limit(ends["upper"]))
            for name, ends in (case.get("profile_ci95") or {}).items()
        }
        return cls(params, case["loglik"], se, vcov, case.get("aic"), case.get("bic"), profile)


def _limit(value: Any) -> float | None:
    return None if isinstance(value, dict) else float(value)


def evaluate(quantities: Mapping[str, Quantity], values: Mapping[str, float]) -> tuple[dict[str, float], np.ndarray]:
    """The quantities at our values, and their Jacobian (rows: quantities, columns: our names in order)."""
    names = list(values)
    found = {key: float(np.real(q(values))) for key, q in quantities.items()}
    jacobian = np.zeros((len(quantities), len(names)))
    for j, name in enumerate(names):
        step = STEP * (abs(values[name]) or 1.0)
        moved = {**values, name: complex(values[name], step)}
        jacobian[:, j] = [np.imag(q(moved)) / step for q in quantities.values()]
    return found, jacobian


def differences(
    fit: lk.Fit,
    reference: Reference,
    quantities: Mapping[str, Quantity],
    tolerance: Tolerance | None = None,
) -> list[str]:
    """Where a fit and a reference disagree, each in a line; empty where they agree."""
    tolerance = tolerance or Tolerance()
    if not fit.converged:
        return [f"not converged: {fit.status}"]
    bad: list[str] = []

    def check(what: str, found: float, wanted: float, allowed: float) -> None:
        if not abs(found - wanted) <= allowed:
            off = abs(found - wanted) / allowed if allowed else math.inf
            bad.append(f"{what}: {found!r}, not {wanted!r}: {off:.3g} times what is allowed")

    absent = set(reference.params) ^ set(quantities)
    if absent:
        return [f"parameters do not match: {sorted(absent)}"]
    quantities = {name: quantities[name] for name in reference.params}  # in the reference's order
    found, jacobian = evaluate(quantities, fit.coef)
    for name, wanted in reference.params.items():
        check(f"{name}", found[name], wanted, tolerance.params_in_se * reference.se[name])
    for what, wanted in (("loglik", reference.loglik), ("aic", reference.aic), ("bic", reference.bic)):
        if wanted is not None:
            check(what, getattr(fit, what), wanted, tolerance.loglik * abs(wanted))

    if fit.regular != fit.names:
        return [*bad, f"standard errors withheld: {dict(fit.withheld)}"]
    cov = jacobian @ fit.cov @ jacobian.T
    for i, name in enumerate(reference.params):
        check(f"se {name}", float(np.sqrt(cov[i, i])), reference.se[name], tolerance.se * reference.se[name])
    if reference.vcov is not None:
        size = np.sqrt(np.outer(np.diagonal(reference.vcov), np.diagonal(reference.vcov)))
        off = np.abs(cov - reference.vcov) / size
        if not np.all(off <= 2.0 * tolerance.se):
            i, j = np.unravel_index(np.argmax(off), off.shape)
            keys = list(reference.params)
            bad.append(f"vcov {keys[i]}, {keys[j]}: {cov[i, j]!r}, not {reference.vcov[i, j]!r}")
    return bad + _profile_differences(fit, reference, quantities, jacobian, tolerance)


def _profile_differences(
    fit: lk.Fit, reference: Reference, quantities: Mapping[str, Quantity], jacobian: np.ndarray, tolerance: Tolerance
) -> list[str]:
    """Profile limits of the quantities that are functions of a single one of ours, which are those that we report."""
    bad = []
    for i, name in enumerate(quantities):
        depends = [own for own, slope in zip(fit.coef, jacobian[i], strict=True) if slope != 0.0]
        if name not in reference.profile or len(depends) != 1:
            continue
        (mine,) = depends
        interval = fit.interval(method="profile", names=[mine])[mine]
        ends = []
        for end in interval:
            with np.errstate(all="ignore"):
                ends.append(math.nan if end is None else float(quantities[name]({**fit.coef, mine: np.float64(end)})))
        ends.sort()
        for side, found, wanted in zip(("lower", "upper"), ends, reference.profile[name], strict=True):
            if wanted is None:
                if np.isfinite(found):
                    bad.append(f"profile {side} {name}: {found!r}, but there is no such limit")
                elif not interval.note:
                    bad.append(f"profile {side} {name}: the interval does not say that there is no limit")
            else:
                allowed = tolerance.profile_in_se * reference.se[name]
                if not abs(found - wanted) <= allowed:
                    off = abs(found - wanted) / allowed
                    bad.append(f"profile {side} {name}: {found!r}, not {wanted!r}: {off:.3g} times what is allowed")
    return bad


def assert_agrees(
    fit: lk.Fit,
    reference: Reference,
    quantities: Mapping[str, Quantity],
    tolerance: Tolerance | None = None,
) -> None:
    """Fail with every disagreement in the message."""
    bad = differences(fit, reference, quantities, tolerance)
    assert not bad, "\n".join(["disagrees with the reference", *bad])


# -- NIST ----------------------------------------------------------------------------------------------------

NIST_POWERS = {"Pontius": 2, "Filip": 10, **{f"Wampler{i}": 5 for i in range(1, 6)}}
NIST_EXACT = ("Wampler1", "Wampler2")  # every value is reproduced: the likelihood has no peak in sd
NIST_DIGITS = 9.0
NIST_FEWER = {"Filip": 7.0}
# relative error of the standard deviation beyond 1e-12: 1000000.1 is not a float, and neither is 10000000.1
NIST_ROUNDED = {"NumAcc3": 1e-9, "NumAcc4": 1e-8}


def digits(found: float, certified: float) -> float:
    """Correct digits: minus log10 of the relative error (of the absolute error where the certified value is 0), up to 15."""
    error = abs(found - certified) / (abs(certified) or 1.0)
    return 15.0 if error == 0.0 else min(15.0, -math.log10(error))


def nist_matrix(name: str, data: pd.DataFrame) -> pd.DataFrame:
    """The design of a NIST linear problem with columns B0, B1, ... as NIST numbers them."""
    if name in NIST_POWERS:
        x = data["x"].to_numpy(float)
        return pd.DataFrame({f"B{k}": x**k for k in range(NIST_POWERS[name] + 1)})
    predictors = [c for c in data.columns if c != "y"]
    columns = {} if name.startswith("NoInt") else {"B0": np.ones(len(data))}
    return pd.DataFrame({**columns, **{f"B{k}": data[c].to_numpy(float) for k, c in enumerate(predictors, start=1)}})


def nist_formula(name: str, data: pd.DataFrame) -> str:
    """The same as a formula."""
    if name in NIST_POWERS:
        return "y ~ " + " + ".join(["x", *(f"I(x**{k})" for k in range(2, NIST_POWERS[name] + 1))])
    right = " + ".join(c for c in data.columns if c != "y")
    return f"y ~ {right} - 1" if name.startswith("NoInt") else f"y ~ {right}"


def exact_mean_and_sd(y: Sequence[float]) -> tuple[float, float]:
    """Mean and maximum likelihood standard deviation of these very floats, in rational arithmetic."""
    values = [Fraction(float(v)) for v in y]
    mean = sum(values) / len(values)
    variance = sum((v - mean) ** 2 for v in values) / len(values)
    return float(mean), math.sqrt(variance)


def assert_nist_univariate(fit: lk.Fit, certified: Mapping[str, float], tolerance: float) -> None:
    """Mean and standard deviation against the certified values, and to all digits against these floats' own.

    NIST divides the sum of squares by n - 1 and maximum likelihood by n; both are checked, each by its own name.
    """
    n, sd = fit.n, certified["sd_n_minus_1"]
    widen = math.sqrt(n / (n - 1))
    assert fit.coef["mean"] == _approximately(certified["mean"], min(tolerance, 1e-12))
    assert fit.coef["sd"] * widen == _approximately(sd, tolerance)
    assert fit.coef["sd"] == _approximately(sd / widen, tolerance)
    assert fit.stderr["mean"] == _approximately(sd / widen / math.sqrt(n), tolerance)
    assert fit.stderr["sd"] == _approximately(sd / widen / math.sqrt(2 * n), tolerance)
    mean, sd = exact_mean_and_sd(fit.likelihood.bound.y)
    assert fit.coef["mean"] == _approximately(mean, 1e-15)
    assert fit.coef["sd"] == _approximately(sd, 1e-14)


def assert_nist_linear(
    fit: lk.Fit, certified: Mapping[str, Any], least: float, loglik: float | None = None
) -> None:
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
        assert fit.loglik == _approximately(loglik, 1e-8)
    bad = {k: round(v, 2) for k, v in found.items() if v < least}
    assert not bad, f"fewer than {least:g} correct digits: {bad}"


def _approximately(value: float, relative: float) -> Any:
    return pytest.approx(value, rel=relative, abs=0.0)


# -- tables --------------------------------------------------------------------------------------------------


def design_parts(table: pd.DataFrame, prefixes: Sequence[str]) -> dict[str, pd.DataFrame]:
    """The design matrices of a design table, by prefix, with the prefix taken off the columns' names."""
    parts = {}
    for prefix in prefixes:
        chosen = [c for c in table.columns if c.startswith(f"{prefix}:")]
        parts[prefix] = table[chosen].rename(columns=lambda c, k=len(prefix) + 1: c[k:])
    return parts
