"""Log-densities, distribution functions and quantiles against mpmath and against R (by way of Distributions.jl)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import mpmath
import numpy as np

import likely as lk


def ours_from_mpmath(dist: str, p: dict[str, float]) -> tuple[lk.Family, dict[str, float], tuple[str, ...]]:
    """The family, its parameters, and those that had to be computed, hence rounded."""
    match dist:
        case "normal":
            return lk.Normal(), {"mean": p["mu"], "sd": p["sigma"]}, ()
        case "student_t":
            return lk.StudentT(), {"loc": p["loc"], "scale": p["scale"], "df": p["df"]}, ()
        case "negbin":
            return lk.NegativeBinomial(), {"mean": p["mu"], "dispersion": 1.0 / p["size"]}, ("dispersion",)
        case "beta":
            a, b = p["a"], p["b"]
            return lk.Beta(), {"mean": a / (a + b), "precision": a + b}, ("mean", "precision")
        case "gamma":
            return lk.Gamma(), {"mean": p["shape"] / p["rate"], "shape": p["shape"]}, ("mean",)
        case "weibull":
            return lk.Weibull(), {"scale": p["scale"], "shape": p["shape"]}, ()
        case "invgauss":
            return lk.InverseGaussian(), {"mean": p["mean"], "shape": p["lam"]}, ()
        case "skewnormal":
            return lk.SkewNormal(), {"loc": p["xi"], "scale": p["omega"], "shape": p["alpha"]}, ()
        case "poisson":
            return lk.Poisson(), {"rate": p["lam"]}, ()
        case "binomial":
            return lk.Binomial(n=p["n"]), {"p": p["p"]}, ()
    raise KeyError(dist)


MPMATH = "normal student_t negbin beta gamma weibull invgauss skewnormal poisson binomial".split()


def assert_extremes(points: Sequence[Mapping[str, Any]]) -> None:
    """Relative error at most 1e-11, beside what rounding a converted parameter to a float does by itself."""
    assert points
    bad = []
    for point in points:
        family, params, rounded = ours_from_mpmath(point["dist"], point["params"])
        found = float(family.log_prob(point["x"], **params))
        wanted = float(mpmath.mpf(point["logpdf"]))
        allowed = 1e-11 * abs(wanted)
        for name in rounded:
            for side in (-math.inf, math.inf):
                moved = {**params, name: math.nextafter(params[name], side)}
                if all(family.parameter(k).domain.contains(v) for k, v in moved.items()):
                    allowed += abs(float(family.log_prob(point["x"], **moved)) - found)
        if not (found == wanted or abs(found - wanted) <= allowed):
            bad.append(f"{point['params']} at {point['x']!r}: {found!r}, not {wanted!r}, allowed {allowed:.2g}")
    assert not bad, "\n".join([f"{len(bad)} of {len(points)}", *bad])


# Distributions.jl: the arguments that may be left out, and our parameters
DISTRIBUTIONS: dict[str, tuple[tuple[float, ...], Any]] = {
    "Normal": ((0.0, 1.0), lambda m, s: (lk.Normal(), {"mean": m, "sd": s})),
    "NormalCanon": ((0.0, 1.0), lambda h, j: (lk.Normal(), {"mean": h / j, "sd": j**-0.5})),
    "Laplace": ((0.0, 1.0), lambda m, s: (lk.Laplace(), {"loc": m, "scale": s})),
    "Logistic": ((0.0, 1.0), lambda m, s: (lk.Logistic(), {"loc": m, "scale": s})),
    "Cauchy": ((0.0, 1.0), lambda m, s: (lk.Cauchy(), {"loc": m, "scale": s})),
    "Gumbel": ((0.0, 1.0), lambda m, s: (lk.Gumbel(), {"loc": m, "scale": s})),
    "TDist": ((1.0,), lambda v: (lk.StudentT(), {"loc": 0.0, "scale": 1.0, "df": v})),
    "Exponential": ((1.0,), lambda s: (lk.Exponential(), {"rate": 1.0 / s})),
    "Gamma": ((1.0, 1.0), lambda a, s: (lk.Gamma(), {"mean": a * s, "shape": a})),
    "Erlang": ((1.0, 1.0), lambda a, s: (lk.Gamma(), {"mean": a * s, "shape": a})),
    "Chisq": ((1.0,), lambda v: (lk.Gamma(), {"mean": v, "shape": v / 2})),
    "InverseGaussian": ((1.0, 1.0), lambda m, k: (lk.InverseGaussian(), {"mean": m, "shape": k})),
    "Weibull": ((1.0, 1.0), lambda a, s: (lk.Weibull(), {"scale": s, "shape": a})),
    "Rayleigh": ((1.0,), lambda s: (lk.Weibull(), {"scale": s * math.sqrt(2), "shape": 2.0})),
    "LogNormal": ((0.0, 1.0), lambda m, s: (lk.LogNormal(), {"mu": m, "sigma": s})),
    "LogLogistic": ((1.0, 1.0), lambda a, b: (lk.LogLogistic(), {"scale": a, "shape": b})),
    "Pareto": ((1.0, 1.0), lambda a, m: (lk.Pareto(), {"shape": a, "minimum": m})),
    "Beta": ((1.0, 1.0), lambda a, b: (lk.Beta(), {"mean": a / (a + b), "precision": a + b})),
    "Uniform": ((0.0, 1.0), lambda a, b: (lk.Uniform(), {"low": a, "high": b})),
    "Bernoulli": ((0.5,), lambda p: (lk.Bernoulli(), {"p": p})),
    "Binomial": ((1.0, 0.5), lambda n, p: (lk.Binomial(n=n), {"p": p})),
    "Geometric": ((0.5,), lambda p: (lk.Geometric(), {"p": p})),
    "Poisson": ((1.0,), lambda r: (lk.Poisson(), {"rate": r})),
    "NegativeBinomial": (
        (1.0, 0.5),
        lambda r, p: (lk.NegativeBinomial(), {"mean": r * (1 - p) / p, "dispersion": 1 / r}),
    ),
}


def assert_distribution(entries: Sequence[Mapping[str, Any]]) -> None:
    """Log-density, mean and variance 1e-12, cdf and quantiles 1e-10; the reference's numbers have 15 digits."""
    assert entries
    bad: list[str] = []

    def check(what: str, found: float, wanted: Any, tolerance: float, slack: float = 0.0) -> None:
        wanted = float(wanted)
        if not (found == wanted or abs(found - wanted) <= tolerance * max(1.0, abs(wanted)) + slack):
            bad.append(f"{what}: {found!r}, not {wanted!r}")

    for entry in entries:
        defaults, build = DISTRIBUTIONS[entry["dtype"]]
        given = re.search(r"\((.*)\)", entry["expr"])
        assert given
        numbers = tuple(float(v) for v in given.group(1).split(",") if v.strip())
        family, params = build(*(numbers + defaults[len(numbers) :]))
        for point in entry["points"]:
            x, density, what = point["x"], float(point["pdf"]), f"{entry['expr']} at {point['x']}"
            wiggle = 0.0  # what the fifteenth digit of x does by itself
            if not family.discrete:
                near = family.log_prob(np.array([x * (1 - 5e-15), x * (1 + 5e-15)]), **params)
                wiggle = float(np.ptp(near[np.isfinite(near)])) if np.any(np.isfinite(near)) else 0.0
            check(f"log_prob {what}", float(family.log_prob(x, **params)), point["logpdf"], 1e-12, wiggle)
            check(f"prob {what}", float(family.prob(x, **params)), density, 1e-12, wiggle * density)
            check(f"cdf {what}", float(family.cdf(x, **params)), point["cdf"], 1e-10)
            check(f"sf {what}", float(family.sf(x, **params)), 1.0 - float(point["cdf"]), 1e-10)
        for point in entry["quans"]:
            found = float(family.quantile(point["q"], **params))
            check(f"quantile {entry['expr']} at {point['q']}", found, point["x"], 1e-10)
        for property_, method in (("mean", family.mean), ("var", family.variance)):
            if property_ in entry["properties"]:
                check(f"{property_} {entry['expr']}", float(method(**params)), entry["properties"][property_], 1e-12)
    assert not bad, "\n".join([f"{len(bad)} disagree", *bad])
