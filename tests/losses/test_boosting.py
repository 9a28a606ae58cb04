"""Boosting objectives beside the libraries' own: values, gradients, trees; and distributional boosting."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import likely as lk
from likely.losses.boosting import objective
from likely.losses.boosting.rows import LARGEST, SMALLEST, fused_rows

EXTREMES = [-500.0, -80.0, -20.0, 0.0, 20.0, 80.0, 500.0]
RNG = np.random.default_rng(20240607)


@pytest.fixture(scope="module")
def lgb() -> Any:
    return pytest.importorskip("lightgbm")


@pytest.fixture(scope="module")
def xgb() -> Any:
    return pytest.importorskip("xgboost")


# family, responses, LightGBM's and XGBoost's names with what makes their Hessian the second derivative
PAIRS = {
    "squared error": (lk.Normal(sd=1.0), RNG.normal(2.0, 3.0, 80), {"objective": "l2"}, "reg:squarederror"),
    "log loss": (lk.Bernoulli(), RNG.integers(0, 2, 80) * 1.0, {"objective": "binary"}, "binary:logistic"),
    "poisson": (
        lk.Poisson(),
        RNG.poisson(3.0, 80) * 1.0,
        {"objective": "poisson", "poisson_max_delta_step": 1e-12},
        "count:poisson",
    ),
    "gamma": (lk.Gamma(shape=1.0), RNG.gamma(2.0, 1.5, 80), {"objective": "gamma"}, "reg:gamma"),
}
LIGHTGBM = {"verbosity": -1, "num_threads": 1, "boost_from_average": False, "deterministic": True}


def leaf_sums(leaves: Any, gradient: Any, hessian: Any) -> tuple[Any, Any]:
    """Sums of gradients and Hessians over the rows of each leaf."""
    return np.bincount(leaves, gradient.astype(float)), np.bincount(leaves, hessian.astype(float))


def of_lightgbm(lgb: Any, params: dict[str, Any], y: Any, raw: Any) -> tuple[Any, Any, Any]:
    """Leaves of the rows, with the sums of gradients and Hessians that LightGBM's own objective has in them."""
    x = np.arange(len(y), dtype=float)[:, None]
    bins = {"min_data_in_bin": 1, "max_bin": 4096, "verbosity": -1}
    data = lgb.Dataset(x, y, init_score=raw, params=bins)
    whole = {"learning_rate": 1.0, "min_data_in_leaf": 1, "min_sum_hessian_in_leaf": 0.0, "num_leaves": 4096}
    booster = lgb.train({**LIGHTGBM, **bins, **whole, **params}, data, 1)
    table = booster.trees_to_dataframe()
    table = table[table["left_child"].isna()]
    order = np.argsort([int(name.split("L")[1]) for name in table["node_index"]])
    hessian = table["weight"].to_numpy()[order]
    return booster.predict(x, pred_leaf=True)[:, 0], -table["value"].to_numpy()[order] * hessian, hessian


def of_xgboost(xgb: Any, params: dict[str, Any], y: float, raw: float) -> tuple[float, float]:
    """Gradient and Hessian that XGBoost's own objective has in a single row."""
    data = xgb.DMatrix(np.zeros((1, 1)), [y], base_margin=[raw])
    whole = {"eta": 1.0, "lambda": 0.0, "min_child_weight": 0.0, "base_score": 0.5, "nthread": 1}
    leaf = xgb.train({**whole, **params}, data, 1).trees_to_dataframe().iloc[0]
    return -leaf["Gain"] * leaf["Cover"], leaf["Cover"]


@pytest.mark.parametrize("name", PAIRS)
def test_gradient_and_hessian_are_those_of_lightgbm(lgb: Any, name: str) -> None:
    family, y, params, _ = PAIRS[name]
    raw = np.random.default_rng(1).normal(0.0, 2.0, len(y))
    leaves, gradient, hessian = of_lightgbm(lgb, params, y, raw)
    assert len(np.unique(leaves)) > 50
    ours = leaf_sums(leaves, *objective(family).derivatives(raw, y))
    np.testing.assert_allclose(ours[0], gradient, rtol=2e-6, atol=1e-6)
    np.testing.assert_allclose(ours[1], hessian, rtol=2e-6)


@pytest.mark.parametrize("name", PAIRS)
def test_gradient_and_hessian_are_those_of_xgboost_also_at_the_extremes(xgb: Any, name: str) -> None:
    family, y, _, own = PAIRS[name]
    params = {"objective": own, "max_delta_step": 0.0}
    raws = [*np.random.default_rng(2).normal(0.0, 2.0, 12), *EXTREMES]
    for raw, value in zip(raws, y, strict=False):
        g, h = objective(family).derivatives([raw], [value])
        assert np.isfinite(g[0])
        assert np.isfinite(h[0])
        with np.errstate(over="ignore"):
            beyond = max(abs(np.exp(np.float32(raw))), abs(np.exp(np.float32(-raw)))) > LARGEST
        if beyond and name in ("poisson", "gamma"):  # theirs is infinite in single precision, or next to it
            # or the second derivative is lost to rounding: then the squared gradient stands for it
            assert any(h[0] == pytest.approx(size) for size in (LARGEST, SMALLEST, float(g[0]) ** 2))
            continue
        gradient, hessian = of_xgboost(xgb, params, value, raw)
        # XGBoost works in single precision throughout; a Hessian below its floor is the floor
        assert g[0] == pytest.approx(gradient, rel=3e-6, abs=1e-6)
        assert h[0] == pytest.approx(hessian, rel=3e-5, abs=2e-7)


@pytest.mark.parametrize("name", [*PAIRS, "cross-entropy"])
def test_the_loss_is_that_of_xgboost(xgb: Any, name: str) -> None:
    rng = np.random.default_rng(3)
    if name == "cross-entropy":
        family, own = lk.Categorical(levels=[0, 1, 2]), "multi:softprob"
        y, raw = rng.integers(0, 3, 80) * 1.0, rng.normal(0.0, 2.0, (80, 3))
        params = {"num_class": 3, "eval_metric": "mlogloss"}
    else:
        family, y, _, own = PAIRS[name]
        raw = rng.normal(0.0, 1.0, 80)
        metric = {"squared error": "rmse", "log loss": "logloss"}.get(name, f"{name}-nloglik")
        params = {"eval_metric": metric}
    w = rng.uniform(0.5, 2.0, 80)
    data = xgb.DMatrix(np.zeros((80, 1)), y, base_margin=raw, weight=w)
    booster = xgb.train({"objective": own, "base_score": 0.5, "nthread": 1, **params}, data, 0)
    theirs = float(booster.eval(data).split(":")[1])
    if name == "squared error":  # the normal's constant is what squared error drops
        theirs = 0.5 * theirs**2 + 0.5 * np.log(2.0 * np.pi)
    assert objective(family).nll(y, raw, w) == pytest.approx(theirs, rel=1e-5)


def test_cross_entropy_has_xgboosts_gradient_and_half_its_hessian(xgb: Any) -> None:
    """Both are the diagonal p (1 - p), to which XGBoost adds a factor of 2 and LightGBM one of K / (K - 1)."""
    loss = objective(lk.Categorical(levels=[0, 1, 2]))
    for raw in ([0.3, -1.0, 2.0], [12.0, 0.0, -3.0], [500.0, -500.0, 0.0], [-500.0, 80.0, 20.0]):
        for y in (0.0, 1.0, 2.0):
            g, h = loss.derivatives([raw], [y])
            data = xgb.DMatrix(np.zeros((1, 1)), [y], base_margin=[raw])
            params = {"objective": "multi:softprob", "num_class": 3, "base_score": 0.5, "eta": 1.0, "lambda": 0.0}
            trees = xgb.train({**params, "min_child_weight": 0.0, "nthread": 1}, data, 1).trees_to_dataframe()
            hessian = trees["Cover"].to_numpy()
            np.testing.assert_allclose(g[0], -trees["Gain"].to_numpy() * hessian, rtol=1e-5, atol=1e-6)
            np.testing.assert_allclose(2.0 * h[0], hessian, rtol=1e-5, atol=3e-7)


def regression(n: int, seed: int = 5) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1.0, 1.0, (n, 4))
    return x, 0.6 * x[:, 0] + np.sin(3.0 * x[:, 1])


def responses(name: str, eta: Any) -> Any:
    rng = np.random.default_rng(6)
    return {
        "squared error": lambda: rng.normal(eta, 1.0),
        "log loss": lambda: (rng.uniform(size=len(eta)) < 1.0 / (1.0 + np.exp(-eta))) * 1.0,
        "poisson": lambda: rng.poisson(np.exp(eta)) * 1.0,
        "gamma": lambda: rng.gamma(2.0, np.exp(eta) / 2.0),
    }[name]()


@pytest.mark.parametrize("name", PAIRS)
def test_lightgbm_grows_the_same_trees_as_with_its_own_objective(lgb: Any, name: str) -> None:
    family, _, params, _ = PAIRS[name]
    x, eta = regression(600)
    y, w = responses(name, eta), np.random.default_rng(7).uniform(0.5, 2.0, 600)
    common = {**LIGHTGBM, "num_leaves": 7}
    theirs = lgb.train({**common, **params}, lgb.Dataset(x, y, weight=w), 20).predict(x, raw_score=True)
    ours = lgb.train({**common, **objective(family).lightgbm}, lgb.Dataset(x, y, weight=w), 20).predict(x)
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)
    assert np.ptp(ours) > 0.5


@pytest.mark.parametrize("name", PAIRS)
def test_xgboost_grows_the_same_trees_as_with_its_own_objective(xgb: Any, name: str) -> None:
    family, _, _, own = PAIRS[name]
    x, eta = regression(600)
    data = xgb.DMatrix(x, responses(name, eta), weight=np.random.default_rng(7).uniform(0.5, 2.0, 600))
    common = {"max_depth": 3, "nthread": 1, "max_delta_step": 0.0}
    base = 0.0 if name == "squared error" else 0.5 if name == "log loss" else 1.0  # a score of 0
    theirs = xgb.train({**common, "objective": own, "base_score": base}, data, 20).predict(data, output_margin=True)
    loss = objective(family)
    ours = xgb.train({**common, **loss.xgboost}, data, 20, obj=loss).predict(data)
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)
    assert np.ptp(ours) > 0.5


def test_labels_grow_the_same_trees_once_the_factors_of_the_hessian_are_taken_out(lgb: Any, xgb: Any) -> None:
    x, _ = regression(600)
    y = np.argmax(3.0 * x[:, :3] + np.random.default_rng(8).gumbel(size=(600, 3)), axis=1) * 1.0
    loss = objective(lk.Categorical(levels=[0, 1, 2]))
    common = {**LIGHTGBM, "num_leaves": 5}
    theirs = lgb.train({**common, "objective": "multiclass", "num_class": 3}, lgb.Dataset(x, y), 10)
    scaled = {"learning_rate": 0.1 / 1.5, "min_sum_hessian_in_leaf": 1e-3 / 1.5}
    ours = lgb.train({**common, **scaled, **loss.lightgbm}, lgb.Dataset(x, y), 10)
    np.testing.assert_allclose(ours.predict(x), theirs.predict(x, raw_score=True), rtol=1e-4, atol=1e-4)

    data = xgb.DMatrix(x, y)
    common = {"max_depth": 3, "nthread": 1}
    params = {"objective": "multi:softprob", "num_class": 3, "base_score": 0.0, "eta": 0.3}
    theirs = xgb.train({**common, **params}, data, 10).predict(data, output_margin=True)
    scaled = {"eta": 0.15, "lambda": 0.5, "min_child_weight": 0.5}
    ours = xgb.train({**common, **scaled, **loss.xgboost}, data, 10, obj=loss).predict(data)
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("family", "own"),
    [
        (lk.Laplace(scale=1.0), {"objective": "l1"}),
        (lk.AsymmetricLaplace(tau=0.8, scale=1.0), {"objective": "quantile", "alpha": 0.8}),
    ],
    ids=["absolute error", "pinball"],
)
def test_losses_with_corners_split_as_lightgbm_does(lgb: Any, family: Any, own: dict[str, Any]) -> None:
    """Their Hessian is one number for all rows there and here; LightGBM then sets the leaves' values anew."""
    x, eta = regression(600)
    y = responses("squared error", eta)
    g, h = objective(family).derivatives(np.zeros(600), y)
    above, below = (0.8, 0.2) if "alpha" in own else (1.0, 1.0)
    np.testing.assert_allclose(g, np.where(y > 0.0, -above, below), rtol=1e-6)
    assert np.ptp(h) == 0.0
    common = {**LIGHTGBM, "num_leaves": 8, "min_sum_hessian_in_leaf": 0.0}
    columns = ["split_feature", "threshold", "count"]
    theirs = lgb.train({**common, **own}, lgb.Dataset(x, y), 1).trees_to_dataframe()[columns]
    ours = lgb.train({**common, **objective(family).lightgbm}, lgb.Dataset(x, y), 1).trees_to_dataframe()[columns]
    assert ours.equals(theirs)


# -- what is derived -----------------------------------------------------------------------------------------

SEVERAL = {
    "normal": lk.Normal(),
    "student_t": lk.StudentT(),
    "gamma": lk.Gamma(),
    "beta": lk.Beta(),
    "negative_binomial": lk.NegativeBinomial(),
    "weibull": lk.Weibull(),
    "categorical": lk.Categorical(levels=list("abcd")),
}


def draws(family: Any, n: int) -> tuple[Any, Any]:
    """Responses with raw scores, both random."""
    rng = np.random.default_rng(9)
    loss = objective(family)
    raw = rng.normal(0.3, 0.5, (n, loss.size))
    return raw, loss.codes(
        family.sample(seed=rng, **loss.parameters(raw)) if not family.kind.labels else _labels(family, n)
    )


def _labels(family: Any, n: int) -> Any:
    return np.array(family.levels)[np.random.default_rng(9).integers(0, len(family.levels), n)]


@pytest.mark.parametrize("name", SEVERAL)
def test_the_gradient_is_the_slope_of_the_loss_in_every_score(name: str) -> None:
    raw, y = draws(SEVERAL[name], 40)
    loss = objective(SEVERAL[name])
    g, _ = loss.derivatives(raw, y)
    for c in range(loss.size):
        step = np.zeros_like(raw)
        step[:, c] = 1e-5
        for i in range(40):
            rise = loss.nll(y[[i]], (raw + step)[[i]]) - loss.nll(y[[i]], (raw - step)[[i]])
            assert g[i, c] == pytest.approx(rise / 2e-5, rel=2e-5, abs=2e-6)


FUSED = {
    "categorical": SEVERAL["categorical"],
    "bernoulli": lk.Bernoulli(),
    "poisson": lk.Poisson(),
    "normal": lk.Normal(sd=0.7),
    "gamma": lk.Gamma(shape=2.5),
}


@pytest.mark.parametrize("name", FUSED)
@pytest.mark.parametrize("spread", [1.0, 8.0])
def test_fused_rows_are_the_derived_ones(monkeypatch: pytest.MonkeyPatch, name: str, spread: float) -> None:
    raw, y = draws(FUSED[name], 200)
    raw = raw * spread
    loss = objective(FUSED[name])
    assert fused_rows(loss.model, loss.columns) is not None
    fused = loss.derivatives(raw, y)
    monkeypatch.setattr("likely.losses.boosting.record.fused_rows", lambda *_: None)
    for ours, derived in zip(fused, loss.derivatives(raw, y), strict=True):
        np.testing.assert_allclose(ours, derived, rtol=2e-6, atol=1e-7)


def test_hessians_are_second_derivatives_floored_by_the_mean_squared_gradient() -> None:
    y, raw = np.array([-1.0, 0.5, 4.0, 0.01]), np.array([[0.0, 0.0], [0.2, 0.5], [1.0, -0.3], [0.0, 0.0]])
    sd = np.exp(raw[:, 1])
    z = (y - raw[:, 0]) / sd
    second = np.column_stack([1.0 / sd**2, 2.0 * z**2])
    np.testing.assert_allclose(objective("normal", hessian="observed").derivatives(raw, y)[1], second, rtol=1e-6)
    squares = np.column_stack([(z / sd) ** 2, (1.0 - z**2) ** 2]).mean(axis=0)
    found = objective("normal").derivatives(raw, y)[1]
    np.testing.assert_allclose(found, np.maximum(second, squares), rtol=1e-6)
    # Student's t curves the other way in its tails
    loss = objective(lk.StudentT(df=4.0, scale=1.0))
    g, h = loss.derivatives(np.zeros(3), [0.1, -0.2, 9.0])
    assert h[2] == pytest.approx(np.mean(g.astype(float) ** 2))
    u = np.array([0.01, 0.04]) / 4.0
    np.testing.assert_allclose(h[:2], 5.0 / 4.0 * (1.0 - u) / (1.0 + u) ** 2, rtol=1e-6)


@pytest.mark.parametrize("name", SEVERAL)
def test_scores_of_500_give_numbers_or_a_clear_error(name: str) -> None:
    family = SEVERAL[name]
    _, y = draws(family, 1)
    loss = objective(family)
    for c in range(loss.size):
        for value in EXTREMES:
            raw = np.zeros((1, loss.size))
            raw[0, c] = value
            try:
                g, h = loss.derivatives(raw, y)
            except lk.errors.FitError as error:
                assert "run away" in str(error)  # noqa: PT017
                assert "row 0" in str(error)  # noqa: PT017
                continue
            assert np.all(np.isfinite(g))
            assert np.all((h >= SMALLEST * 0.99) & (h <= LARGEST * 1.01))


def test_weights_count_rows() -> None:
    raw, y = draws(lk.Gamma(), 30)
    w = np.arange(30) % 3 + 0.0
    loss = objective("gamma")
    g, h = loss.derivatives(raw, y, w)
    again = np.repeat(np.arange(30), w.astype(int))
    g_again, h_again = loss.derivatives(raw[again], y[again])
    np.testing.assert_allclose(g.sum(axis=0), g_again.sum(axis=0), rtol=1e-5)
    np.testing.assert_allclose(h.sum(axis=0), h_again.sum(axis=0), rtol=1e-5)
    assert loss.nll(y, raw, w) == pytest.approx(loss.nll(y[again], raw[again]), rel=1e-12)
    assert objective("gamma", y, weights=w).start == pytest.approx(objective("gamma", y[again]).start, abs=1e-6)


# -- constants to start from ---------------------------------------------------------------------------------


def test_trees_start_from_the_constants_of_a_fit() -> None:
    y = np.random.default_rng(10).gamma(2.0, 3.0, 200)
    fit = lk.fit("gamma", y)
    loss = objective("gamma", y)
    assert loss.constants == pytest.approx(fit.coef)
    assert loss.nll(y, np.zeros((200, 2))) == pytest.approx(fit.nll / 200)
    assert objective("gamma", start=loss.constants).start == pytest.approx(loss.start)
    g, _ = loss.derivatives(np.zeros((200, 2)), y)
    assert np.abs(g.mean(axis=0)) == pytest.approx([0.0, 0.0], abs=1e-6)


def test_labels_start_from_their_shares_and_ordered_ones_from_their_thresholds() -> None:
    y = np.array(list("abbccc"))
    assert objective("categorical", y).constants["p"] == pytest.approx([1 / 6, 2 / 6, 3 / 6])
    loss = objective(lk.Ordinal(["a", "b", "c"]), y, boost=["location"])
    assert loss.scores == ("location",)
    assert loss.parameters([0.0, 1.0])["threshold"][1] == pytest.approx([np.log(1 / 5), 0.0], abs=1e-6)
    # a level that never occurs, a boundary: the trees still start at finite scores
    assert np.all(np.isfinite(objective(lk.Categorical(list("zabc")), y).start))
    assert np.all(np.isfinite(objective("bernoulli", [0.0, 0.0, 0.0]).start))


def test_parameters_without_trees_stay_at_their_constants() -> None:
    y = np.random.default_rng(11).standard_t(4, 300)
    loss = objective("student_t", y, boost=["loc", "scale"])
    assert loss.scores == ("loc", "scale")
    values = loss.parameters(np.ones((2, 2)))
    assert values["df"] == pytest.approx([loss.constants["df"]] * 2)
    assert values["scale"] == pytest.approx([np.e * loss.constants["scale"]] * 2)
    known = objective(lk.StudentT(df=loss.constants["df"]), start={k: loss.constants[k] for k in ("loc", "scale")})
    raw = np.random.default_rng(12).normal(size=(300, 2))
    for ours, theirs in zip(loss.derivatives(raw, y), known.derivatives(raw, y), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


def test_an_objective_is_copied_and_pickled_without_the_data_it_saw() -> None:
    loss = objective("gamma", [1.0, 2.0, 5.0])
    loss.nll([1.0, 2.0], np.zeros((2, 2)))
    for other in (copy.deepcopy(loss), pickle.loads(pickle.dumps(loss))):
        assert other._seen == []
        assert other.constants == loss.constants


# -- distributional boosting ---------------------------------------------------------------------------------


def changing_scale(family: Any, n: int = 3000) -> tuple[Any, Any]:
    rng = np.random.default_rng(13)
    x = rng.uniform(-1.0, 1.0, (n, 3))
    centre, spread = 1.0 + x[:, 0], np.exp(-0.5 + 1.2 * x[:, 1])
    values = {
        "normal": lambda: {"mean": centre, "sd": spread},
        "student_t": lambda: {"loc": centre, "scale": spread},
        "gamma": lambda: {"mean": np.exp(centre), "shape": spread**-2},
        "negative_binomial": lambda: {"mean": np.exp(centre), "dispersion": spread},
    }[family.name]()
    return x, np.asarray(family.sample(seed=rng, **values), dtype=float)


@pytest.mark.parametrize("family", [lk.Normal(), lk.StudentT(df=4.0), lk.Gamma(), lk.NegativeBinomial()], ids=repr)
def test_trees_for_the_scale_beat_a_constant_one_on_held_out_rows(lgb: Any, family: Any) -> None:
    x, y = changing_scale(family)
    train, test = slice(0, 2000), slice(2000, None)
    held_out = []
    for boost in (None, [family.free[0].name]):
        loss = objective(family, y[train], boost=boost, hessian="floored")
        params = {**loss.lightgbm, **LIGHTGBM, "num_leaves": 6, "learning_rate": 0.15}
        booster = lgb.train(params, lgb.Dataset(x[train], y[train]), 40)
        held_out.append(loss.nll(y[test], booster.predict(x[test])))
    assert held_out[0] < held_out[1] - 0.02
    assert held_out[0] < objective(family, y[train]).nll(y[test], np.zeros((1000, 2))) - 0.1


def test_early_stopping_by_the_held_out_likelihood(lgb: Any, xgb: Any) -> None:
    x, y = changing_scale(lk.Gamma(), 900)
    train, test = slice(0, 600), slice(600, None)
    loss = objective("gamma", y[train])
    told: dict[str, Any] = {}
    data = lgb.Dataset(x[train], y[train])
    booster = lgb.train(
        {**loss.lightgbm, **LIGHTGBM, "learning_rate": 0.3},
        data,
        200,
        valid_sets=[lgb.Dataset(x[test], y[test], reference=data)],
        feval=loss.metric,
        callbacks=[lgb.early_stopping(5, verbose=False), lgb.record_evaluation(told)],
    )
    assert booster.best_iteration < 100
    best = min(told["valid_0"]["nll"])
    assert loss.nll(y[test], booster.predict(x[test])) == pytest.approx(best, rel=1e-6)
    assert best < loss.nll(y[test], np.zeros((300, 2)))

    train_data, test_data = xgb.DMatrix(x[train], y[train]), xgb.DMatrix(x[test], y[test])
    booster = xgb.train(
        {**loss.xgboost, "eta": 0.3, "nthread": 1},
        train_data,
        200,
        evals=[(test_data, "test")],
        obj=loss,
        custom_metric=loss.metric,
        early_stopping_rounds=5,
        verbose_eval=False,
    )
    assert booster.best_iteration < 100
    scores = booster.predict(test_data, iteration_range=(0, booster.best_iteration + 1))
    assert loss.nll(y[test], scores) == pytest.approx(booster.best_score, rel=1e-5)
    assert booster.best_score < loss.nll(y[test], np.zeros((300, 2)))


def test_scikit_learn_interfaces(lgb: Any, xgb: Any) -> None:
    x, y = changing_scale(lk.Gamma(), 600)
    w = np.random.default_rng(14).uniform(0.5, 2.0, 600)
    loss = objective("gamma", y, weights=w)
    options = {"n_estimators": 15, "n_jobs": 1, "learning_rate": 0.1}
    ours = lgb.LGBMRegressor(**loss.lightgbm, verbosity=-1, **options).fit(x, y, sample_weight=w).predict(x)
    native = lgb.train({**loss.lightgbm, **LIGHTGBM}, lgb.Dataset(x, y, weight=w), 15).predict(x)
    np.testing.assert_allclose(ours, native, rtol=1e-10)

    model = xgb.XGBRegressor(**{**loss.xgboost, "objective": loss}, eval_metric=loss.nll, **options)
    model.fit(x, y, sample_weight=w, eval_set=[(x, y)], sample_weight_eval_set=[w], verbose=False)
    data = xgb.DMatrix(x, y, weight=w)
    native = xgb.train({**loss.xgboost, "eta": 0.1, "nthread": 1}, data, 15, obj=loss).predict(data)
    np.testing.assert_allclose(model.predict(x), native, rtol=1e-5, atol=1e-6)
    assert model.evals_result()["validation_0"]["nll"][-1] == pytest.approx(loss.nll(y, native, w), rel=1e-5)


# -- what cannot be used ---------------------------------------------------------------------------------------


def test_a_response_outside_the_support_is_named_with_its_rows(lgb: Any) -> None:
    with pytest.raises(lk.errors.SupportError, match=r"Gamma is for numbers > 0, .* row 1: 0.0, row 3: -2.0"):
        objective("gamma").derivatives(np.zeros((4, 2)), [1.0, 0.0, 2.0, -2.0])
    x = np.arange(200.0)[:, None]
    with pytest.raises(lk.errors.SupportError, match="Poisson"):
        lgb.train({**objective("poisson").lightgbm, **LIGHTGBM}, lgb.Dataset(x, x[:, 0] - 0.5), 1)
    with pytest.raises(lk.errors.SupportError, match="Categorical"):
        objective(lk.Categorical(["a", "b"])).nll([0, 2], np.zeros((2, 2)))
    with pytest.raises(lk.errors.MissingValuesError, match="row 1: nan"):
        objective("normal").nll([0.0, np.nan], np.zeros((2, 2)))


def test_scores_of_another_shape_are_told_with_num_class(lgb: Any) -> None:
    with pytest.raises(lk.errors.OptionError, match=r"Normal has 2 score.*mean, sd.*num_class=2"):
        objective("normal").derivatives(np.zeros(3), np.zeros(3))
    x = np.arange(200.0)[:, None]
    with pytest.raises(lk.errors.OptionError, match="num_class=2"):
        lgb.train({"objective": objective("normal"), **LIGHTGBM}, lgb.Dataset(x, x[:, 0]), 1)


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: objective("uniform"), lk.errors.OptionError, "end of the data"),
        (lambda: objective("categorical"), lk.errors.OptionError, "levels of Categorical are not known"),
        (lambda: objective(lk.Normal(mean=0, sd=1)), lk.errors.OptionError, "nothing to boost"),
        (lambda: objective(lk.Normal(sd="se")), lk.errors.OptionError, "row by row"),
        (lambda: objective("binomial"), lk.errors.LikelyError, "n"),
        (lambda: objective("normal", boost=["mu"]), lk.errors.UnknownNameError, "'mean', 'sd'"),
        (lambda: objective("normal", boost=["mean"]), lk.errors.OptionError, "'sd' of Normal get no trees"),
        (lambda: objective("normal", link={"sd": "identity"}), lk.errors.OptionError, "outside its domain"),
        (lambda: objective("normal", hessian="exact"), lk.errors.UnknownNameError, "'observed', 'floored'"),
        (lambda: objective("normal", start={"mean": 1.0}), lk.errors.ParameterError, "value for sd"),
        (lambda: objective("normal", start={"mean": 1.0, "sd": -1.0}), lk.errors.ParameterError, "positive"),
        (lambda: objective("normal", [1.0, 1.0]), lk.errors.FitError, "every value"),
        (lambda: objective("normal", [["a"]]), lk.errors.OptionError, "one number for every row"),
        (lambda: objective(lk.ConditionalLogit(strata="s")), lk.errors.OptionError, "no sum"),
        (
            lambda: objective(lk.Ordinal([1, 2, 3]), [1, 2, 3], boost="threshold"),
            lk.errors.OptionError,
            "might cross",
        ),
    ],
)
def test_what_cannot_be_boosted_says_why(call: Any, error: Any, match: str) -> None:
    with pytest.raises(error, match=match):
        call()
