"""Fits of densities as files: everything but the functions, which are given again and held against the data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import likely as lk
from likely.errors import DataError, MissingValuesError, OptionError, UnknownNameError

N = 60


def data() -> dict[str, Any]:
    rng = np.random.default_rng(5)
    x, g = np.linspace(0.0, 4.0, N), rng.integers(0, 2, N)
    mean = 5.0 * np.exp(-0.5 * x) + 0.3 * g
    return {
        "x": x,
        "g": g,
        "y": mean + rng.normal(size=N) * 0.1,
        "k": rng.binomial(9, 1.0 / (1.0 + np.exp(x - 2.0))),
        "m": np.full(N, 9),
        "yes": (rng.random(N) < 0.4).astype(float),
        "w": rng.integers(0, 3, N).astype(float),
        "Z": rng.normal(size=(N, 2, 2)),
    }


def decay(factor: float = 1.0, **options: Any) -> Any:
    def mean(p: Any, d: Any) -> Any:
        return factor * p["a"] * jnp.exp(-p["b"] * d["x"]) + p["c"][d["g"]]

    params = {"a": 1.0, "b": lk.Positive(1.0), "c": lk.Real([0.1, 0.2])}
    return lk.density(lk.Normal(), mean=mean, params=params, fixed={"c[0]": 0.0}, name="decay", **options)


def successes() -> Any:
    rule = lambda p, d: 1.0 / (1.0 + jnp.exp(p["a"] + p["b"] * d["x"]))  # noqa: E731
    return lk.density(lk.Binomial(n="m"), p=rule, params={"a": 0.0, "b": 0.0}, response="k")


def chance() -> Any:
    rule = lambda p, d: 1.0 / (1.0 + jnp.exp(p["a"] + p["b"] * d["x"]))  # noqa: E731
    return lk.density(lk.Bernoulli(), p=rule, params={"a": 0.0, "b": 0.0}, response="yes")


def bare() -> Any:
    def with_arrays(p: Any, d: Any) -> Any:
        center = p["a"] + p["b"] * d["Z"].sum(axis=(1, 2))
        return -0.5 * ((d["y"] - center) / p["s"]) ** 2 - jnp.log(p["s"])

    return lk.density(with_arrays, params={"a": 1.0, "b": 0.0, "s": lk.Positive(1.0)})


CASES: dict[str, tuple[Any, dict[str, Any]]] = {
    "regression": (decay, {}),
    "weights": (decay, {"weights": "w", "weights_kind": "importance"}),
    "known column": (successes, {}),
    "labels": (chance, {}),
    "arrays": (bare, {"weights": "w"}),
}


@pytest.mark.parametrize("name", CASES)
def test_a_saved_density_is_the_same_again(name: str, tmp_path: Path) -> None:
    made, options = CASES[name]
    told = data()
    fit = lk.fit(made(), told, **options)
    path = fit.save(tmp_path / "fit.json")
    alone, whole = lk.load(path, families=[made()]), lk.load(path, told, families=made())
    for again in (alone, whole):
        assert (again.coef, again.n) == (fit.coef, fit.n)
        assert again.stderr == pytest.approx(fit.stderr, rel=1e-12)
        assert again.loglik == pytest.approx(fit.loglik, rel=1e-14)
    assert alone.interval() == fit.interval()
    assert json.loads(alone.save(tmp_path / "again.json").read_text()) == json.loads(Path(path).read_text())
    new = {key: values[:7] for key, values in told.items()}
    rule = lambda p, d: p["a"] + 0.0 * next(iter(p.values()))  # noqa: E731
    assert alone.predict(new, rule) == fit.predict(new, rule)
    if name != "arrays":
        np.testing.assert_array_equal(alone.predict(new), fit.predict(told)[:7])
        np.testing.assert_array_equal(whole.residuals(), fit.residuals())
        first = next(iter(fit.coef))
        assert whole.interval(method="profile")[first] == fit.interval(method="profile")[first]
    with pytest.raises(DataError, match="read without their rows"):
        _ = alone.likelihood.function.bound.data


@pytest.mark.parametrize("name", CASES)
def test_the_model_makes_the_rows_of_the_fit(name: str) -> None:
    made, options = CASES[name]
    told = data()
    L = lk.likelihood(made(), told, **options)
    rows, own = L.model.rows(told, observed=True), L.function.bound.data
    np.testing.assert_array_equal(rows.y, own.y)
    assert (rows.weights is None) == (own.weights is None)
    np.testing.assert_array_equal(rows.weights, own.weights) if own.weights is not None else None
    assert list(rows.columns) == list(own.columns)
    for key in (*own.columns, *own.known):
        np.testing.assert_array_equal({**rows.columns, **rows.known}[key], {**own.columns, **own.known}[key])
    assert len(L.model.rows(told)) == N  # of rows to be predicted none is left out


def test_whole_numbers_index_in_new_data_as_in_the_fit() -> None:
    fit = lk.fit(decay(), data())
    b, a, c = fit.coef["b"], fit.coef["a"], fit.coef["c[1]"]
    expected = a * np.exp(-b * np.array([1.0, 2.0])) + np.array([0.0, c])
    np.testing.assert_allclose(fit.predict({"x": [1.0, 2.0], "g": [0, 1]}), expected, rtol=1e-12)


def test_what_is_not_the_density_of_the_fit(tmp_path: Path) -> None:
    told = data()
    path = lk.fit(decay(), told).save(tmp_path / "fit.json")
    with pytest.raises(OptionError, match=r"'decay' is a density of your own.*families=\[decay\]"):
        lk.load(path)
    with pytest.raises(OptionError, match="its 'fixed', 'links' differ"):
        lk.load(path, families={"decay": decay().fix(b=1.0)})
    with pytest.raises(DataError, match="other functions in the density"):
        lk.load(path, told, families=[decay(2.0)])
    with pytest.raises(DataError, match="not the data of the fit"):
        lk.load(path, {**told, "x": told["x"] + 1.0}, families=[decay()])


def test_new_rows_that_a_density_cannot_read() -> None:
    told = data()
    model = lk.likelihood(successes(), told).model
    with pytest.raises(UnknownNameError, match="'x'"):
        model.rows({"m": [2, 3]})
    with pytest.raises(MissingValuesError, match=r"1 of 2 rows of the new data have missing values \(x: 1\)"):
        model.rows({"x": [np.nan, 1.0], "m": [2, 3]})
    assert model.rows({"x": [np.nan, 1.0], "m": [2, 3]}, missing="drop").known["n"].tolist() == [3.0]
    assert model.rows({"x": [0.5, 1.0]}, {"n": 4}).known == {"n": 4.0}
    with pytest.raises(UnknownNameError, match="for a prediction"):
        model.rows({"x": [0.5]}, {"trials": 4})


def test_a_sum_with_a_density(tmp_path: Path) -> None:
    told = data()
    fit = (lk.likelihood(decay(), told) + lk.likelihood("normal", {"y": told["y"][:9]})).maximize()
    path = fit.save(tmp_path / "fit.json")
    again = lk.load(path, families=[decay()])
    assert (again.coef, again.stderr, again.loglik) == (fit.coef, fit.stderr, fit.loglik)
    with pytest.raises(OptionError, match="a sum of likelihoods"):
        lk.load(path, told, families=[decay()])
