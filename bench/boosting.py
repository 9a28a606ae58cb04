"""Rounds of LightGBM and XGBoost with a family's objective, beside the same rounds with the library's own."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from bench.harness import OURS, Row, Table, _timed, say

COLUMNS, ROUNDS = 10, 20
SLOWER = 1.3  # a round with our objective over one with the library's own
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


def rounds(library: str, rows: int, repeats: int) -> Table:
    """All losses of ``"lightgbm"`` or ``"xgboost"``."""
    title = {"lightgbm": "LightGBM", "xgboost": "XGBoost"}[library]
    table = Table(f"{ROUNDS} rounds of {title}, {rows:,} x {COLUMNS}", [])
    x = np.random.default_rng(20240604).normal(size=(rows, COLUMNS))
    trained = {"lightgbm": _lightgbm, "xgboost": _xgboost}[library]
    for name in OWN:
        say(f"  {name} ...")
        own, ours = trained(name, x, *_assumed(name, x))
        own(), ours()
        pairs = [(_timed(own)[0], _timed(ours)[0]) for _ in range(repeats)]
        seconds = [statistics.median(times) for times in zip(*pairs, strict=True)]
        table.rows += [
            Row(f"{who}: {name}", s, repeats, False, None, "")
            for who, s in zip((f"{title}'s own", OURS), seconds, strict=True)
        ]
        ratio = seconds[1] / seconds[0]
        table.verdicts.append((f"{name}: a round at most {SLOWER:g} times its own: {ratio:.3g}x", ratio <= SLOWER))
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


def _lightgbm(name: str, x: Any, family: Any, y: Any) -> tuple[Callable[[], Any], Callable[[], Any]]:
    import lightgbm as lgb

    from likely.losses.boosting import objective

    data = lgb.Dataset(x, y, params={"verbosity": -1}).construct()
    common = {"verbosity": -1, "boost_from_average": False}
    own, ours = OWN[name][0], objective(family).lightgbm
    return tuple(lambda p=p: lgb.train({**common, **p}, data, ROUNDS) for p in (own, ours))  # type: ignore[misc]


def _xgboost(name: str, x: Any, family: Any, y: Any) -> tuple[Callable[[], Any], Callable[[], Any]]:
    import xgboost as xgb

    from likely.losses.boosting import objective

    data, loss = xgb.DMatrix(x, y), objective(family)
    own = {"base_score": 0.5, **OWN[name][1]}
    return lambda: xgb.train(own, data, ROUNDS), lambda: xgb.train(loss.xgboost, data, ROUNDS, obj=loss)
