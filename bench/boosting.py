"""Rounds of LightGBM and XGBoost with a family's objective, beside the same rounds with the library's own."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from bench.harness import OURS, Row, Table, _timed, say

COLUMNS, ROUNDS = 10, 20
ONE_LINE = "NumPy"
Runs = dict[str, Callable[[], Any] | None]  # of the same rounds, by who computes the gradient
SLOWER = 1.3  # a round with our objective over one with the library's own
BESIDE = 1.15  # ... over one with a line of NumPy, of one score
OWN = {  # with the options that make the second derivative their Hessian, so that both grow the same trees
    "squared error": ({"objective": "l2"}, {"objective": "reg:squarederror"}),
    "log loss": ({"objective": "binary"}, {"objective": "binary:logistic"}),
    "poisson": (
        {"objective": "poisson", "poisson_max_delta_step": 1e-12},
        {"objective": "count:poisson", "max_delta_step": 0.0},
    ),
    "gamma": ({"objective": "gamma"}, {"objective": "reg:gamma"}),
    "cross-entropy of 5 labels": (
        {"objective": "multiclass", "num_class": 5},
        {"objective": "multi:softprob", "num_class": 5},
    ),
}


PLAIN: dict[str, Callable[[Any, Any], tuple[Any, Any]]] = {  # what an objective from outside costs at the least
    "squared error": lambda raw, y: (raw - y, np.ones_like(raw)),
    "log loss": lambda raw, y: ((p := 1 / (1 + np.exp(-raw))) - y, p * (1 - p)),
    "poisson": lambda raw, y: ((rate := np.exp(raw)) - y, rate),
    "gamma": lambda raw, y: (1 - (ratio := y * np.exp(-raw)), ratio),
}


def rounds(library: str, rows: int, repeats: int) -> Table:
    """All losses of ``"lightgbm"`` or ``"xgboost"``."""
    title = {"lightgbm": "LightGBM", "xgboost": "XGBoost"}[library]
    table = Table(f"{ROUNDS} rounds of {title}, {rows:,} x {COLUMNS}", [])
    x = np.random.default_rng(20240604).normal(size=(rows, COLUMNS))
    trained = {"lightgbm": _lightgbm, "xgboost": _xgboost}[library]
    for name in OWN:
        say(f"  {name} ...")
        runs = {who: run for who, run in trained(name, x, *_assumed(name, x)).items() if run is not None}
        for run in runs.values():
            run()
        times = [[_timed(run)[0] for run in runs.values()] for _ in range(repeats)]
        seconds = dict(zip(runs, (statistics.median(t) for t in zip(*times, strict=True)), strict=True))
        table.rows += [Row(f"{who}: {name}", s, repeats, False, None, "") for who, s in seconds.items()]
        own = seconds[f"{title}'s own"]
        ratio = seconds[OURS] / own
        least = f" (one line of NumPy: {seconds[ONE_LINE] / own:.3g}x)" if ONE_LINE in seconds else ""
        said = f"{name}: a round at most {SLOWER:g} times its own: {ratio:.3g}x{least}"
        table.verdicts.append((said, ratio <= SLOWER))
        if library == "xgboost" and ONE_LINE in seconds:
            beside = seconds[OURS] / seconds[ONE_LINE]
            said = f"{name}: a round at most {BESIDE:g} times that with a line of NumPy: {beside:.3g}x"
            table.verdicts.append((said, beside <= BESIDE))
    return table


def _assumed(name: str, x: Any) -> tuple[Any, Any]:
    """The family, and responses drawn from it."""
    import likely as lk

    rng = np.random.default_rng(20240605)
    eta = 0.5 * x[:, 0] + np.sin(x[:, 1])
    if name == "squared error":
        return lk.Normal(sd=1.0), rng.normal(eta)
    if name == "log loss":
        return lk.Bernoulli(), (rng.random(len(x)) < special.expit(eta)).astype(float)
    if name == "poisson":
        return lk.Poisson(), rng.poisson(np.exp(eta)).astype(float)
    if name == "gamma":
        return lk.Gamma(shape=1.0), rng.gamma(2.0, np.exp(eta) / 2.0)
    codes = np.argmax(x[:, :5] + rng.gumbel(size=(len(x), 5)), axis=1)
    return lk.Categorical(levels=range(5)), codes.astype(float)


def _lightgbm(name: str, x: Any, family: Any, y: Any) -> Runs:
    import lightgbm as lgb

    from likely.losses.boosting import objective

    data = lgb.Dataset(x, y, params={"verbosity": -1}).construct()
    common = {"verbosity": -1, "boost_from_average": False}
    plain = None if name not in PLAIN else lambda raw, data: PLAIN[name](raw, data.get_label())

    def run(params: dict[str, Any]) -> Callable[[], Any]:
        return lambda: lgb.train({**common, **params}, data, ROUNDS)

    return {
        "LightGBM's own": run(OWN[name][0]),
        OURS: run(objective(family).lightgbm),
        ONE_LINE: None if plain is None else run({"objective": plain, "metric": "none"}),
    }


def _xgboost(name: str, x: Any, family: Any, y: Any) -> Runs:
    import xgboost as xgb

    from likely.losses.boosting import objective

    data, loss = xgb.DMatrix(x, y), objective(family)
    plain = None if name not in PLAIN else lambda raw, data: PLAIN[name](raw, data.get_label())
    return {
        "XGBoost's own": lambda: xgb.train({"base_score": 0.5, **OWN[name][1]}, data, ROUNDS),
        OURS: lambda: xgb.train(loss.xgboost, data, ROUNDS, obj=loss),
        ONE_LINE: None if plain is None else lambda: xgb.train(loss.xgboost, data, ROUNDS, obj=plain),
    }
