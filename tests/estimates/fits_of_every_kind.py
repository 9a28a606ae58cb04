"""Fits of every kind, and new rows for their models."""

from collections.abc import Callable
from typing import Any

import numpy as np

import likely as lk
from likely.families.base import Family, Parameter, Support
from likely.results.fits import Fit

N = 60
NEW = {
    "x": [-0.5, 0.2, 1.3, 0.0],
    "z": [1.5, 2.0, 2.5, 3.0],
    "g": ["a", "b", "c", "a"],
    "s": [0, 0, 1, 1],
    "e": [1.0, 2.0, 3.0, 4.0],
    "k": [5, 6, 7, 8],
    "twice": [1.0, 2.0, 3.0, 4.0],
    "q": [0.0, 0.0, 1.0, 0.0],
}


def table() -> dict[str, Any]:
    rng = np.random.default_rng(5)
    d: dict[str, Any] = {"x": rng.normal(size=N), "z": rng.uniform(1, 3, N), "g": rng.choice(list("abc"), N)}
    d |= {"s": np.repeat(np.arange(15), 4), "w": rng.integers(1, 4, N).astype(float), "e": rng.uniform(1, 5, N)}
    d |= {"y": 1 + d["x"] + rng.normal(size=N), "k": rng.integers(5, 9, N), "twice": 2.0 * d["x"]}
    d["count"] = rng.poisson(np.exp(0.3 * d["x"] + 0.5)).astype(float)
    d["b"] = (rng.random(N) < 1 / (1 + np.exp(-d["x"]))).astype(float)
    d["t"] = rng.gamma(2.0, np.exp(0.2 * d["x"]))
    d["m"] = rng.binomial(d["k"], 0.4).astype(float)
    d["case"] = (np.arange(N) % 4 == rng.integers(4, size=15).repeat(4)).astype(float)
    d["o"] = rng.choice(["low", "mid", "top"], N)
    d["q"] = (d["g"] == "a") * 1.0
    d["b of q"] = np.where(d["g"] == "a", 1.0, d["b"])
    d["lost"] = np.where(d["x"] > 1, np.nan, d["x"])
    return d


D = table()
LEVERED = {"y": [1.0, 2.0, 1.5, 3.0, 4.0, 9.0], "g": list("aaabbc")}
FITS: dict[str, Callable[[], Fit]] = {
    "a coin": lambda: lk.fit("bernoulli", [1] * 7 + [0] * 3),
    "formulas with what they learnt": lambda: lk.fit("normal", D, "y ~ poly(x, 2) * g", sd="~ center(z)"),
    "splines": lambda: lk.fit("poisson", D, "count ~ bs(x, df=4) + C(g)"),
    "an exposure": lambda: lk.fit("poisson", D, "count ~ x", exposure="e"),
    "an offset": lambda: lk.fit("negative_binomial", D, "count ~ x", offset="log(e)"),
    "an offset and weights as arrays": lambda: lk.fit("poisson", D, "count ~ x", offset=D["z"], weights=D["w"]),
    "frequency weights": lambda: lk.fit("normal", D, "y ~ x", weights="w"),
    "sampling weights": lambda: lk.fit("bernoulli", D, "b ~ x", weights="w", weights_kind="sampling"),
    "analytic weights": lambda: lk.fit("normal", D, "y ~ x", weights="w", weights_kind="analytic"),
    "clusters": lambda: lk.fit("bernoulli", D, "b ~ x", cluster="s", cov="cluster"),
    "clusters two ways": lambda: lk.fit("gamma", D, "t ~ x", cluster=["s", "g"]),
    "expected": lambda: lk.fit("gamma", D, "t ~ x + z", cov="expected"),
    "opg": lambda: lk.fit("gamma", D, "t ~ x + z", cov="opg"),
    "HC0": lambda: lk.fit("weibull", D, "t ~ x", cov="HC0"),
    "HC3": lambda: lk.fit("gamma", D, "t ~ x + z", cov="HC3"),
    "a row of leverage 1": lambda: lk.fit("normal", LEVERED, "y ~ 0 + g", cov="HC0"),
    "a covariance by bootstrap": lambda: lk.fit("poisson", D, "count ~ x").with_cov("bootstrap", replicates=20),
    "quantiles, nid": lambda: lk.fit(lk.AsymmetricLaplace(tau=0.3), D, "y ~ x + z"),
    "quantiles, kernel": lambda: lk.fit(lk.AsymmetricLaplace(tau=0.5), D, "y ~ x + z", cov="kernel"),
    "Student's t": lambda: lk.fit("normal", D, "y ~ x", small_sample="t"),
    "Student's t by clusters": lambda: lk.fit("normal", D, "y ~ x", small_sample="t", cluster="s"),
    "known by row": lambda: lk.fit(lk.Binomial(n="k"), D, "m ~ x"),
    "ordinal": lambda: lk.fit(lk.Ordinal(levels=["low", "mid", "top"]), D, "o ~ x"),
    "categorical": lambda: lk.fit("categorical", D, "o ~ x"),
    "several probabilities": lambda: lk.fit("categorical", D["o"]),
    "conditional": lambda: lk.fit(lk.ConditionalLogit(strata="s"), D, "case ~ x + z"),
    "Firth": lambda: lk.fit("bernoulli", D, "b ~ x", penalty=lk.Firth()),
    "ridge": lambda: lk.fit("bernoulli", D, "b ~ x + z", penalty=lk.Ridge(1.0)),
    "lasso": lambda: lk.fit("poisson", D, "count ~ x + z", penalty=lk.Lasso(3.0)),
    "fixed": lambda: lk.fit("normal", D, "y ~ x + z", fixed={"mean.x": 1.0}),
    "bounds": lambda: lk.fit("normal", D, "y ~ x + z", bounds={"mean.x": (None, 0.5)}),
    "constraints": lambda: lk.fit("normal", D, "y ~ x + z", constraints="mean.x = mean.z"),
    "columns left out": lambda: lk.fit("normal", D, "y ~ x + twice", aliased="drop"),
    "separated": lambda: lk.fit("bernoulli", D, "q ~ g", on_failure="return"),
    "separated, left out": lambda: lk.fit("bernoulli", D | {"b": D["b of q"]}, "b ~ x + q", separation="drop"),
    "a sum": (lk.likelihood("normal", D, "y ~ x") + lk.likelihood("normal", D["t"]).rename({"sd": "other"})).maximize,
    "a matrix": lambda: lk.fit("normal", D["y"], np.column_stack([np.ones(N), D["x"]])),
    "missing": lambda: lk.fit("normal", D, "y ~ lost", missing="drop"),
    "at an end": lambda: lk.fit("poisson", [0, 0, 0]),
    "at the edges of the data": lambda: lk.fit("uniform", [1.0, 2.0, 4.0]),
    "at a limit": lambda: lk.fit("negative_binomial", [3, 4, 3, 4, 5, 3, 4]),
    "at a limit, with predictors": lambda: lk.fit("student_t", D, "y ~ x", cov="HC0"),
    "not identified": lambda: lk.fit("skew_normal", [1.0, 2.0, 4.0, 5.0], on_failure="return"),
    "all is known": lambda: lk.fit(lk.Normal(mean=0.0, sd=1.0), D["y"]),
    "badly conditioned": lambda: lk.fit("normal", D | {"year": 2020 + D["x"] / 1e4}, "y ~ year", small_sample="t"),
}


class Own(Family):
    name = "own"
    parameters = (Parameter("rate", lk.Positive, "a rate"),)
    support = Support(0.0)

    def _log_density(self, xp: Any, y: Any, rate: Any) -> Any:
        return xp.log(rate) - rate * y
