"""Rows of pandas objects are matched by their labels: in another order they are put in order, else refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import likely as lk
from likely.errors import DataError

N = 40
RNG = np.random.default_rng(1)
INDEX = pd.Index([f"r{i}" for i in range(N)])
X = pd.Series(RNG.normal(size=N), index=INDEX, name="x")
Y = 2 * X + 0.01 * RNG.normal(size=N)
FRAME = pd.DataFrame({"x": X, "y": Y, "c": RNG.poisson(np.exp(0.5 + 0.3 * X)).astype(float)})
WEIGHT = pd.Series(RNG.integers(1, 5, N).astype(float), index=INDEX)
TIME = pd.Series(RNG.uniform(0.5, 3.0, N), index=INDEX)
CLUSTER = pd.Series(RNG.integers(0, 8, N), index=INDEX)


def mixed(values: Any) -> Any:
    return values.sample(frac=1, random_state=3)


def same(fit: lk.Fit, right: lk.Fit) -> None:
    assert fit.loglik == pytest.approx(right.loglik, rel=1e-12)
    assert list(fit.coef.values()) == pytest.approx(list(right.coef.values()), rel=1e-9)
    assert list(fit.stderr.values()) == pytest.approx(list(right.stderr.values()), rel=1e-6)


def test_the_matrix_of_predictors() -> None:
    right = lk.fit("normal", Y, X.to_frame())
    assert right.coef["mean.x"] == pytest.approx(2.0, abs=0.05)
    for matrix in (mixed(X), mixed(X.to_frame())):
        same(lk.fit("normal", Y, matrix), right)
        same(lk.fit("normal", Y, matrix, sd=mixed(X.to_frame())), lk.fit("normal", Y, X.to_frame(), sd=X.to_frame()))
    found = lk.fit("normal", Y, mixed(X.to_frame())).predict()
    assert found.index.equals(INDEX)  # as the response is
    assert lk.likelihood("normal", Y, mixed(X)).names == right.names


def test_a_dict_of_columns() -> None:
    same(lk.fit("normal", {"y": Y, "x": mixed(X)}, "y ~ x"), lk.fit("normal", FRAME, "y ~ x"))
    other = X.copy()
    other.index = pd.RangeIndex(N)
    with pytest.raises(
        DataError, match="the index of column 'x' has 0, 1, 2, 3, 4 and 35 more, which the index of the data lacks"
    ):
        lk.fit("normal", {"y": Y, "x": other}, "y ~ x")


def test_what_stands_beside_the_data() -> None:
    """Weights, offsets, exposures, known values and clusters, as columns of the data would be."""
    data = FRAME.assign(w=WEIGHT, t=TIME, g=CLUSTER, z=-X)
    right = lk.fit("poisson", data, "c ~ x", weights="w", exposure="t", cov="cluster", cluster="g")
    fit = lk.fit(
        "poisson", FRAME, "c ~ x", weights=mixed(WEIGHT), exposure=mixed(TIME), cov="cluster", cluster=mixed(CLUSTER)
    )
    same(fit, right)
    same(right.with_cov(cluster=mixed(CLUSTER)), right)
    same(
        lk.fit(
            "poisson", FRAME, "c ~ x", weights=mixed(WEIGHT), offset=mixed(np.log(TIME)), cluster=CLUSTER, cov="cluster"
        ),
        right,
    )
    same(lk.fit(lk.Normal(sd=mixed(TIME)), FRAME, "y ~ x"), lk.fit(lk.Normal(sd="t"), data, "y ~ x"))
    same(
        lk.fit("normal", FRAME, "y ~ x", offset={"mean": mixed(-X), "sd": mixed(X)}),
        lk.fit("normal", data, "y ~ x", offset={"mean": "z", "sd": "x"}),
    )
    # the fit repeats itself, and says the same to its own rows and to new ones
    new = FRAME.iloc[:10]
    ours, theirs = fit.predict(new, exposure=mixed(TIME[:10])), right.predict(data.iloc[:10])
    assert np.allclose(ours, theirs)
    assert ours.index.equals(new.index)
    offset = mixed(np.log(TIME[:10]))
    assert np.allclose(
        lk.fit("poisson", FRAME, "c ~ x", offset=np.log(TIME)).predict(new, offset=offset), theirs, rtol=0.3
    )
    assert np.allclose(right.predict(what="prob", y=mixed(FRAME["c"])), right.predict(what="prob"))


def test_effects_and_held_out_groups() -> None:
    right = lk.fit("poisson", FRAME, "c ~ x", offset=np.log(TIME))
    fit = lk.fit("poisson", FRAME, "c ~ x", offset=mixed(np.log(TIME)))
    assert str(fit.effects("x")) == str(right.effects("x"))
    ours, theirs = (
        lk.compare(["normal", "laplace"], FRAME, "y ~ x", weights=w, folds=4, groups=g, seed=1)
        for w, g in ((mixed(WEIGHT), mixed(CLUSTER)), (WEIGHT, CLUSTER.to_numpy()))
    )
    assert str(ours) == str(theirs)


def test_labels_beside_an_array() -> None:
    """Without labels of its own the data go by position; two orders of the same labels are one too many then."""
    same(lk.fit("normal", Y.to_numpy(), X, weights=WEIGHT), lk.fit("normal", Y, X, weights=WEIGHT))
    for y in (Y.to_numpy(), list(Y), pl.Series("y", Y)):
        with pytest.raises(DataError, match="the matrix of predictors has the labels of weights in another order"):
            lk.fit("normal", y, X, weights=mixed(WEIGHT))
    with pytest.raises(DataError, match="column 'w' has the labels of column 'x' in another order"):
        lk.fit("normal", {"y": Y.to_numpy(), "x": X, "w": mixed(WEIGHT)}, "y ~ x", weights="w")
    same(lk.fit("normal", FRAME, "y ~ x", weights=WEIGHT.to_numpy()), lk.fit("normal", FRAME, "y ~ x", weights=WEIGHT))
    same(lk.fit("normal", FRAME, "y ~ x", weights=pl.Series(WEIGHT)), lk.fit("normal", FRAME, "y ~ x", weights=WEIGHT))


def test_labels_that_are_others_are_refused() -> None:
    plain = WEIGHT.reset_index(drop=True)
    with pytest.raises(
        DataError, match=r"the index of weights has 0, 1, 2, 3, 4 and 35 more, which the index of the data"
    ):
        lk.fit("normal", FRAME, "y ~ x", weights=plain)
    with pytest.raises(DataError, match=r"the index of weights has zz, which the index of the data lacks.*to_numpy"):
        lk.fit("normal", FRAME, "y ~ x", weights=WEIGHT.rename({"r7": "zz"}))
    with pytest.raises(DataError, match="the index of offset lacks r0"):
        lk.fit("normal", FRAME, "y ~ x", offset=WEIGHT.rename({"r0": "r1"}))
    with pytest.raises(DataError, match="the index of the matrix of predictors"):
        lk.fit("normal", Y, X.reset_index(drop=True))
    with pytest.raises(DataError, match=r"the index of exposure has .* which the index of the new data lacks"):
        lk.fit("poisson", FRAME, "c ~ x", exposure=TIME).predict(FRAME[:5], exposure=TIME[5:10])
    with pytest.raises(DataError, match="the index of cluster has"):
        lk.fit("normal", FRAME, "y ~ x").with_cov(cluster=CLUSTER.reset_index(drop=True))


def test_labels_that_occur_twice() -> None:
    index = pd.Index([0, 0, 1, 2, 3, 4])
    data = pd.DataFrame({"y": [1.0, 2, 4, 3, 5, 4]}, index=index)
    w = pd.Series([1.0, 2, 1, 1, 1, 3], index=index)
    same(lk.fit("normal", data, weights=w), lk.fit("normal", data, weights=w.to_numpy()))
    with pytest.raises(
        DataError, match=r"the index of weights has the labels of the data in another order, and repeats 0"
    ):
        lk.fit("normal", data, weights=w[::-1])


@pytest.mark.parametrize(
    "index",
    [
        pd.date_range("2024-01-01", periods=N, tz="UTC"),
        pd.MultiIndex.from_product([range(N // 2), ["a", "b"]]),
        pd.interval_range(0, N),
        pd.CategoricalIndex(list(INDEX)),
        pd.Index([0.5 * i for i in range(N)]),
        pd.Index([None if i == 3 else i for i in range(N)], dtype=object),
    ],
    ids=["dates", "two levels", "intervals", "categories", "numbers", "one missing"],
)
def test_indexes_of_every_kind(index: Any) -> None:
    data, w = FRAME.set_axis(index), WEIGHT.set_axis(index)
    same(lk.fit("normal", data, "y ~ x", weights=mixed(w)), lk.fit("normal", FRAME, "y ~ x", weights=WEIGHT))
    with pytest.raises(DataError, match="index of weights has"):
        lk.fit("normal", data, "y ~ x", weights=WEIGHT.add_prefix("of "))


def test_rows_left_out_go_by_label_too() -> None:
    """Rows dropped for missing values, and rows of weight zero, leave clusters, weights and offsets in step."""
    data, w = FRAME.copy(), WEIGHT.copy()
    data.loc[["r3", "r20"], "x"] = np.nan
    w[["r5", "r30"]] = 0.0
    keep = data["x"].notna() & (w > 0)
    options = {"cov": "cluster", "offset": TIME, "cluster": CLUSTER, "weights": w}
    right = lk.fit(
        "normal", data[keep], "y ~ x", **{k: v if isinstance(v, str) else v[keep] for k, v in options.items()}
    )
    for change in (mixed, lambda v: v.to_numpy()):
        given = {k: v if isinstance(v, str) else change(v) for k, v in options.items()}
        with pytest.warns(lk.errors.DroppedRowsWarning, match=r"2 of 38 rows have missing values \(x: 2\)"):
            fit = lk.fit("normal", data, "y ~ x", missing="drop", **given)
        same(fit, right)
        assert fit.residuals().index.equals(data.index[keep])
    cluster = CLUSTER.astype(float).where(CLUSTER != 0)
    with pytest.warns(lk.errors.DroppedRowsWarning, match="cluster: "):
        fit = lk.fit("normal", FRAME, "y ~ x", cov="cluster", cluster=cluster, missing="drop")
    known = cluster.notna()
    same(fit, lk.fit("normal", FRAME[known], "y ~ x", cov="cluster", cluster=cluster[known]))
    for offset in ({"mean": TIME.where(TIME < 2), "sd": X}, {"mean": X, "sd": TIME.where(TIME < 2)}):
        some = TIME < 2
        with pytest.warns(lk.errors.DroppedRowsWarning):
            fit = lk.fit("normal", FRAME, "y ~ x", offset=offset, missing="drop")
        same(fit, lk.fit("normal", FRAME[some], "y ~ x", offset={k: v[some] for k, v in offset.items()}))


def test_arrays_of_a_density() -> None:
    jnp = pytest.importorskip("jax.numpy")
    density = lk.density(
        lambda p, d: -jnp.log(p["sd"]) - 0.5 * ((d["y"] - d["z"] @ p["b"]) / p["sd"]) ** 2,
        params={"b": lk.Real(shape=2), "sd": lk.Positive(1.0)},
    )
    z = pd.DataFrame({"one": 1.0, "x": X})
    same(lk.fit(density, {"y": Y, "z": mixed(z)}), lk.fit(density, {"y": Y, "z": z}))


def test_estimators_go_by_position_and_refuse_what_was_mixed_up() -> None:
    from likely.estimators import MLEClassifier, MLERegressor

    frame = X.to_frame()
    right = MLERegressor().fit(frame, Y)
    assert MLERegressor().fit(frame, Y.reset_index(drop=True)).coef_ == pytest.approx(right.coef_)  # as in scikit-learn
    for arguments in ((mixed(Y), None), (Y, mixed(WEIGHT))):
        with pytest.raises(DataError, match="have the same labels in another order"):
            MLERegressor().fit(frame, *arguments)
    with pytest.raises(DataError, match=r"y.loc\[X.index\]"):
        right.log_likelihood(frame, mixed(Y))
    with pytest.raises(DataError, match="X and y have the same labels"):
        MLEClassifier().fit(frame, mixed(FRAME["c"] > 1))


def test_calibration() -> None:
    rng = np.random.default_rng(4)
    p = pd.Series(rng.uniform(0.05, 0.95, N), index=INDEX)
    y = (pd.Series(rng.random(N), index=INDEX) < p).astype(int)
    right = lk.calibration(y, p, weights=WEIGHT)
    assert str(lk.calibration(y, mixed(p), weights=mixed(WEIGHT))) == str(right)
    both = pd.DataFrame({"no": 1 - p, "yes": p})
    said = y.map({0: "no", 1: "yes"})
    assert str(lk.calibration(said, mixed(both))) == str(lk.calibration(said, both))
    assert str(lk.recalibrate(y, mixed(p))) == str(lk.recalibrate(y, p))
    with pytest.raises(DataError, match="the index of p has 0, 1"):
        lk.calibration(y, p.reset_index(drop=True))
    low, high = Y - 0.02, Y + 0.03
    ours = lk.calibration(Y, quantiles={0.1: mixed(low), 0.9: mixed(high)})
    assert str(ours) == str(lk.calibration(Y, quantiles={0.1: low, 0.9: high}))
    draws = pd.DataFrame({k: Y + 0.01 * k + 0.002 * X for k in range(-2, 3)})
    assert str(lk.calibration(Y, samples=mixed(draws))) == str(lk.calibration(Y, samples=draws))


def test_losses_go_by_position_and_refuse_what_was_mixed_up() -> None:
    nll, loss = lk.nll(lk.Normal()), lk.loss(lk.Normal(sd=1.0))
    assert nll(Y, mean=X, sd=1.0) == pytest.approx(nll(Y.to_numpy(), mean=X.reset_index(drop=True), sd=1.0))
    for arguments in ({"mean": mixed(X), "sd": 1.0}, {"mean": X, "sd": 1.0, "weights": mixed(WEIGHT)}):
        with pytest.raises(DataError, match="have the same labels in another order"):
            nll(Y, **arguments)
    with pytest.raises(DataError, match="y and predictions have the same labels"):
        loss(Y, mixed(X))
