"""Boosted trees do not depend on the units of the response: the density of c y + a is that of y, divided by c."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import likely as lk
from likely.losses.boosting import objective
from likely.losses.boosting.record import Boosting

RNG = np.random.default_rng(0)
X = RNG.normal(size=(600, 2))
Y = 3.0 * X[:, 0] + RNG.normal(size=600)
TRAIN, TEST = slice(0, 400), slice(400, None)
LIGHTGBM = {"num_leaves": 6, "verbosity": -1, "num_threads": 1, "deterministic": True, "force_col_wise": True}
LOCATIONS = [
    lk.Normal(),
    lk.StudentT(df=4),
    lk.Laplace(),
    lk.Logistic(),
    lk.Gumbel(),
    lk.Cauchy(),
    lk.SkewNormal(),
    lk.Huber(k=1.345),
    lk.AsymmetricLaplace(tau=0.8),
]
POSITIVE = [lk.Gamma(), lk.LogNormal(), lk.Weibull(), lk.InverseGaussian(), lk.LogLogistic(), lk.Exponential()]


def of_lightgbm(loss: Boosting, y: Any) -> Any:
    lgb = pytest.importorskip("lightgbm")
    return lgb.train({**loss.lightgbm, **LIGHTGBM}, lgb.Dataset(X[TRAIN], y[TRAIN]), 15).predict(X[TEST])


def of_xgboost(loss: Boosting, y: Any) -> Any:
    xgb = pytest.importorskip("xgboost")
    data = xgb.DMatrix(X[TRAIN], y[TRAIN])
    booster = xgb.train({**loss.xgboost, "eta": 0.2, "max_depth": 3, "nthread": 1}, data, 15, obj=loss)
    return booster.predict(xgb.DMatrix(X[TEST]))


def held_out(grow: Any, family: Any, y: Any) -> float:
    loss = objective(family, y[TRAIN])
    return loss.nll(y[TEST], grow(loss, y))


@pytest.mark.parametrize("grow", [of_lightgbm, of_xgboost])
@pytest.mark.parametrize("family", LOCATIONS, ids=repr)
def test_locations_in_any_units(family: Any, grow: Any) -> None:
    want = held_out(grow, family, Y)
    loss = objective(family, Y[TRAIN])
    assert want < loss.nll(Y[TEST], np.zeros((200, loss.size))) - 0.2
    for factor, shift in ((1000.0, 0.0), (1e-6, 0.0), (1e20, 0.0), (1.0, 1e6), (1e-3, 1e5)):
        got = held_out(grow, family, factor * Y + shift) - np.log(factor)
        assert got == pytest.approx(want, abs=2e-3), (factor, shift)


@pytest.mark.parametrize("family", POSITIVE, ids=repr)
def test_positive_responses_in_any_units(family: Any) -> None:
    y = np.exp(Y / 3.0)
    want = held_out(of_lightgbm, family, y)
    for factor in (1e-6, 1e6):
        assert held_out(of_lightgbm, family, factor * y) - np.log(factor) == pytest.approx(want, abs=2e-3)


def test_the_unit_is_the_scale_of_a_location() -> None:
    assert objective("normal", Y).unit == pytest.approx([Y.std(), 1.0])
    assert objective(lk.Normal(sd=2.0), Y).unit == pytest.approx([2.0])
    assert objective("student_t", Y, boost=["loc"]).unit == pytest.approx(
        [objective("student_t", Y).constants["scale"]]
    )
    assert objective("skew_normal", Y).unit[1:] == pytest.approx([1.0, 1.0])  # a shape has none
    assert objective("gamma", np.exp(Y)).unit == pytest.approx([1.0, 1.0])
    assert objective("log_normal", np.exp(Y)).unit == pytest.approx([Y.std(), 1.0])
    assert objective(lk.Categorical(list("ab")), list("abab")).unit == pytest.approx([1.0, 1.0])
    assert objective("normal").unit == pytest.approx([1.0, 1.0])
    assert objective("normal", start={"mean": 3.0, "sd": 0.5}).unit == pytest.approx([0.5, 1.0])


def test_a_density_of_ones_own_is_asked_whether_it_has_a_location() -> None:
    @lk.family(params={"centre": lk.Real, "width": lk.Positive})
    def own(y: Any, centre: Any, width: Any, xp: Any) -> Any:
        z = (y - centre) / width
        return -xp.log(width) - xp.log1p(z * z) - np.log(np.pi)

    loss = objective(own, start={"centre": 10.0, "width": 4.0})
    assert loss.unit == pytest.approx([4.0, 1.0])


def test_gradients_are_slopes_in_the_scores_that_the_libraries_see() -> None:
    loss = objective("normal", 1000.0 * Y)
    raw = np.random.default_rng(1).normal(0.0, 0.4, (20, 2))
    y = 1000.0 * Y[:20]
    g, h = loss.derivatives(raw, y)
    values = loss.parameters(raw)
    z = (y - values["mean"]) / values["sd"]
    np.testing.assert_allclose(g[:, 0], -loss.unit[0] * z / values["sd"], rtol=1e-5)
    second = (loss.unit[0] / values["sd"]) ** 2
    np.testing.assert_allclose(h[:, 0], np.maximum(second, np.mean(g[:, 0].astype(float) ** 2)), rtol=1e-5)
    for c in range(2):
        step = np.zeros_like(raw)
        step[:, c] = 1e-5
        rise = [loss.nll(y[[i]], (raw + step)[[i]]) - loss.nll(y[[i]], (raw - step)[[i]]) for i in range(20)]
        np.testing.assert_allclose(g[:, c], np.array(rise) / 2e-5, rtol=1e-4, atol=1e-5)


def test_copies_and_pickles_mean_the_same() -> None:
    loss = objective("normal", 1000.0 * Y)
    raw = np.random.default_rng(2).normal(size=(5, 2))
    for other in (copy.deepcopy(loss), pickle.loads(pickle.dumps(loss))):
        assert other.nll(1000.0 * Y[:5], raw) == loss.nll(1000.0 * Y[:5], raw)
        np.testing.assert_array_equal(other.parameters(raw)["mean"], loss.parameters(raw)["mean"])


def test_early_stopping_sees_the_same_loss_in_any_units() -> None:
    xgb, lgb = pytest.importorskip("xgboost"), pytest.importorskip("lightgbm")
    seen = []
    for factor in (1.0, 1e4):
        loss = objective("normal", factor * Y[TRAIN])
        told: dict[str, Any] = {}
        train, test = (xgb.DMatrix(X[rows], factor * Y[rows]) for rows in (TRAIN, TEST))
        xgb.train(
            {**loss.xgboost, "eta": 0.3, "nthread": 1},
            train,
            20,
            evals=[(test, "test")],
            obj=loss,
            custom_metric=loss.metric,
            evals_result=told,
            verbose_eval=False,
        )
        data = lgb.Dataset(X[TRAIN], factor * Y[TRAIN])
        record: dict[str, Any] = {}
        lgb.train(
            {**loss.lightgbm, **LIGHTGBM},
            data,
            20,
            valid_sets=[lgb.Dataset(X[TEST], factor * Y[TEST], reference=data)],
            feval=loss.metric,
            callbacks=[lgb.record_evaluation(record)],
        )
        seen.append(np.array([told["test"]["nll"], record["valid_0"]["nll"]]) - np.log(factor))
    np.testing.assert_allclose(seen[0], seen[1], atol=1e-3)


def test_steps_of_single_precision_beside_the_scale_are_told() -> None:
    y = 1e9 + Y
    loss = objective("normal", y[TRAIN])
    assert np.isfinite(loss.nll(y[TRAIN].astype(np.float32), np.zeros((400, 2))))  # known in double precision
    with pytest.raises(lk.errors.OptionError, match=r"single precision.*steps are 64.*Subtract"):
        loss.nll(y[TEST].astype(np.float32), np.zeros((200, 2)))
