"""Fits of constants to many rows, beside scipy.stats."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from bench.harness import OURS, Contender, Job, fresh

# family -> how its data are drawn, SciPy's way to fit it, SciPy's parameters from likely's, and the goal
FAMILIES: dict[str, tuple[Callable[..., Any], Any, dict[str, Any], Callable[..., Any], float, str]] = {
    "Normal": (
        lambda rng, n: rng.normal(3.0, 2.0, n),
        stats.norm,
        {},
        lambda mean, sd: {"loc": mean, "scale": sd},
        1,
        "closed form",
    ),
    "Gamma": (
        lambda rng, n: rng.gamma(2.5, 1.4, n),
        stats.gamma,
        {"floc": 0},
        lambda mean, shape: {"a": shape, "scale": mean / shape},
        1,
        "two sums, then one equation: no iteration over rows",
    ),
    "Beta": (
        lambda rng, n: rng.beta(2.0, 5.0, n),
        stats.beta,
        {"floc": 0, "fscale": 1},
        lambda mean, precision: {"a": mean * precision, "b": (1.0 - mean) * precision},
        1,
        "two sums, then two equations: no iteration over rows",
    ),
    "Weibull": (
        lambda rng, n: 2.0 * rng.weibull(1.7, n),
        stats.weibull_min,
        {"floc": 0},
        lambda scale, shape: {"c": shape, "scale": scale},
        20,
        "iterates over rows",
    ),
    "StudentT": (
        lambda rng, n: 1.0 + 2.0 * rng.standard_t(5.0, n),
        stats.t,
        {},
        lambda loc, scale, df: {"df": df, "loc": loc, "scale": scale},
        20,
        "iterates over rows",
    ),
    "NegativeBinomial": (
        lambda rng, n: rng.negative_binomial(2.5, 0.3, n),
        stats.nbinom,
        {"n": (0.01, 100.0), "p": (1e-4, 1.0)},
        lambda mean, dispersion: {"n": 1.0 / dispersion, "p": 1.0 / (1.0 + dispersion * mean)},
        20,
        "scipy.stats.fit, whose n is a whole number",
    ),
}


def data(name: str, rows: int) -> Any:
    """A million draws."""
    return FAMILIES[name][0](np.random.default_rng(20240501), rows)


def first_call(name: str, y: Any) -> float:
    """Seconds of ``import likely`` and the first fit in a fresh interpreter that has NumPy and the data."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "y.npy"
        np.save(path, y)
        return float(
            fresh(
                f"import time, numpy; y = numpy.load({str(path)!r}); t = time.perf_counter()\n"
                f"import likely as lk; lk.fit(lk.{name}(), y).stderr; print(time.perf_counter() - t)"
            )
        )


def job(name: str, rows: int) -> Job:
    """One family."""
    import likely as lk

    _, scipy, known, convert, goal, note = FAMILIES[name]
    y = data(name, rows)

    def ours() -> Mapping[str, float]:
        fit = lk.fit(getattr(lk, name)(), y)
        assert all(s is not None for s in fit.stderr.values())
        return convert(**fit.coef)

    def theirs() -> Mapping[str, float]:
        if scipy is stats.nbinom:
            found = stats.fit(scipy, y, known).params
            return {"n": found.n, "p": found.p}
        names = [*(scipy.shapes or "").replace(" ", "").split(","), "loc", "scale"]
        return dict(zip([k for k in names if k], scipy.fit(y, **known), strict=True))

    log = scipy.logpmf if scipy is stats.nbinom else scipy.logpdf
    peers = [Contender(f"scipy.stats.{scipy.name}", theirs, errors=False, goal=goal, note=note)]
    if name == "NegativeBinomial":
        peers.append(Contender("statsmodels", lambda: _statsmodels(y), note="NegativeBinomial(y, 1)"))
    return Job(
        f"{name}, {rows:,} rows",
        [Contender(OURS, ours), *peers],
        loglik=lambda found: float(np.sum(log(y, **found))),
        cold=lambda: first_call(name, y),
    )


def _statsmodels(y: Any) -> Mapping[str, float]:
    from statsmodels.discrete.discrete_model import NegativeBinomial

    found = NegativeBinomial(y, np.ones((len(y), 1))).fit(disp=0)
    assert np.all(np.isfinite(found.bse))
    mean, dispersion = float(np.exp(found.params[0])), float(found.params[1])
    return {"n": 1.0 / dispersion, "p": 1.0 / (1.0 + dispersion * mean)}
