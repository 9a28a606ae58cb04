"""Columns with many levels are kept as integers, and nothing but memory and time tells the difference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import likely as lk
from likely.compute import blocks
from likely.compute.blocks import Blocks, constant_column
from likely.compute.parts import Dense, Indicators, Sparse
from likely.data import many_levels
from likely.data.learn import from_formula
from likely.data.tables import read
from likely.errors import DataError, DesignError


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every category counts as large."""
    monkeypatch.setattr(many_levels, "LARGE", 1)
    monkeypatch.setattr(many_levels, "MANY", 2)


def shop(n: int = 400, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    data = pd.DataFrame(
        {
            "g": rng.choice(["a", "b", "c", "d"], n),
            "h": rng.choice(["no", "yes"], n),
            "k": rng.integers(3, 8, n),
            "o": pd.Categorical(rng.choice(["low", "mid", "high"], n), categories=["low", "mid", "high"]),
            "x": rng.normal(size=n),
            "odd name": rng.choice(["p", "q", "r"], n),
            "z": rng.gamma(2.0, size=n),
        }
    )
    data["y"] = rng.poisson(np.exp(0.3 + 0.2 * data.x + 0.4 * (data.g == "b") - 0.3 * (data.o == "high")))
    return data


FORMULAS = [
    "g + x",
    "g * o",
    "g:o",
    "0 + g + o",
    "0 + x:g",
    "x:g",
    "g:x + o:x",
    "C(k) + x",
    "C(k) * g",
    "C(g, contr.treatment(base='c')) + x",
    "C(g, contr.treatment('c')):o",
    "C(g, contr.sum) + o",
    "C(g, contr.sum):x + o:h",
    "bs(x, df=4):g + o",
    "poly(x, 2):g:h",
    "g:h:o",
    "x*h*g",
    "1 + g:x + g:h:x",
    "{g == 'a'} + o",
    "center(x):g + log(z)*o",
    "`odd name` * g + cr(x, df=4)",
    "C(`odd name`) + C(k):x:z",
]


@pytest.mark.parametrize("formula", FORMULAS)
def test_it_is_the_same_matrix(formula: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = read(shop())
    plain, x = from_formula(formula, data)
    monkeypatch.setattr(many_levels, "LARGE", 1)
    monkeypatch.setattr(many_levels, "MANY", 2)
    coded, z = from_formula(formula, data)
    assert isinstance(x, np.ndarray)
    assert isinstance(z, Blocks)
    assert coded.names == plain.names
    assert coded.terms == plain.terms
    assert coded.levels == plain.levels
    np.testing.assert_array_equal(z.dense(), x)
    new = read(shop(60, seed=2))
    np.testing.assert_array_equal(coded.apply(new).dense(), plain.apply(new))
    assert constant_column(z) == constant_column(x)


def every_kind(n: int = 3000) -> tuple[Blocks, Any]:
    rng = np.random.default_rng(0)
    codes, other = rng.integers(0, 6, n).astype(np.int32), rng.integers(0, 4, n).astype(np.int32)
    thin = sparse.random(n, 5, 0.05, random_state=0, format="csr")
    x = Blocks(
        (
            Dense(rng.normal(size=(n, 3))),
            Indicators(codes, 5),
            Indicators(other, 4, rng.normal(size=n)),
            Sparse(sparse.csr_array(thin)),
            Indicators(codes, 5, rng.normal(size=n)),
        ),
        (np.array([0, 7, 9]), np.arange(1, 6), np.array([6, 8, 10, 11]), np.arange(12, 17), np.arange(17, 22)),
    )
    return x, x.dense()


def test_blocks_calculate_as_the_array_does() -> None:
    x, array = every_kind()
    n, p = x.shape
    rng = np.random.default_rng(1)
    h, v, some = rng.random(n), rng.normal(size=(p, p)), [20, 3, 0, 12, 6, 9, 1]
    v = v + v.T
    close = {"rtol": 1e-12, "atol": 1e-10}
    np.testing.assert_allclose(x @ v[0], array @ v[0], **close)
    np.testing.assert_allclose(h @ x, h @ array, **close)
    np.testing.assert_allclose(x.gram(h, x), array.T @ (h[:, None] * array), **close)
    np.testing.assert_allclose(blocks.gram(array[:, :2], h, x), array[:, :2].T @ (h[:, None] * array), **close)
    np.testing.assert_allclose(blocks.row_products(x, v, x), np.einsum("ij,jk,ik->i", array, v, array), **close)
    np.testing.assert_allclose(blocks.column_scale(x), np.linalg.norm(array, axis=0), **close)
    np.testing.assert_array_equal(x.select(some).dense(), array[:, some])
    for rows in (slice(10, 700), slice(None, None, 7), h > 0.5, np.array([4, 4, 1])):
        np.testing.assert_array_equal(x[rows].dense(), array[rows])
    for j in range(p):
        np.testing.assert_array_equal(x.column(j), array[:, j])


MODELS: list[tuple[str, str, dict[str, Any]]] = [
    ("poisson", "y ~ g * o + x", {}),
    ("poisson", "y ~ C(k) + g + bs(x, df=4)", {"weights": "w"}),
    ("negative_binomial", "y ~ g + o", {"dispersion": "~ h"}),
    ("normal", "x ~ g + C(k)", {}),
    ("normal", "x ~ g + C(k)", {"sd": "~ o + z"}),
    ("student_t", "x ~ g", {"scale": "~ g"}),
    ("gamma", "z ~ 0 + g + x", {}),
    ("laplace", "x ~ g + z", {}),
    ("categorical", "h ~ g + x", {}),
]


@pytest.mark.parametrize(("family", "formula", "more"), MODELS, ids=[f"{f} {t}" for f, t, _ in MODELS])
def test_it_is_the_same_fit(family: str, formula: str, more: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    data = shop().assign(w=1 + np.arange(400) % 3)
    plain = lk.fit(family, data, formula, **more)
    monkeypatch.setattr(many_levels, "LARGE", 1)
    monkeypatch.setattr(many_levels, "MANY", 2)
    coded = lk.fit(family, data, formula, **more)
    assert isinstance(coded.likelihood.function.bound.data.matrix(coded.likelihood.model.slots[0]), Blocks)
    assert coded.names == plain.names
    assert coded.loglik == pytest.approx(plain.loglik, rel=1e-10)
    error = np.array(list(plain.stderr.values()))
    np.testing.assert_allclose(list(coded.stderr.values()), error, rtol=1e-6)
    np.testing.assert_array_less(
        np.abs(np.subtract(list(coded.coef.values()), list(plain.coef.values()))), 1e-5 * error
    )
    new = shop(20, seed=3)
    what = "prob" if family == "categorical" else "interval"
    np.testing.assert_allclose(coded.predict(new, what), plain.predict(new, what), rtol=1e-6)
    name = plain.names[1]
    if family != "laplace":
        np.testing.assert_allclose(
            tuple(coded.interval(method="profile", names=name)[name]),
            tuple(plain.interval(method="profile", names=name)[name]),
            rtol=1e-5,
        )
    assert str(coded.summary()) == str(plain.summary())


@pytest.mark.usefixtures("always")
def test_dependent_columns_are_named() -> None:
    data = shop().assign(same=lambda d: d.g.str.upper(), twice=lambda d: 2 * d.x)
    with pytest.raises(DesignError, match=r"same\[T\.B\] = g\[T\.b\]"):
        lk.fit("poisson", data, "y ~ g + same")
    with pytest.raises(DesignError, match=r"twice = 2\*x"):
        lk.fit("poisson", data, "y ~ g + x + twice")


@pytest.mark.usefixtures("always")
def test_levels_of_new_data_that_the_fit_has_not_seen() -> None:
    fit = lk.fit("poisson", shop(), "y ~ g + x")
    with pytest.raises(DataError, match="levels that the fit has not seen: 'e'"):
        fit.predict({"g": ["a", "e"], "x": [0.0, 1.0]})


def test_a_sparse_matrix_is_a_matrix_of_predictors() -> None:
    rng = np.random.default_rng(5)
    x = sparse.random(2000, 12, 0.08, random_state=3, format="csc") + sparse.csc_array(
        np.column_stack([np.ones(2000), np.zeros((2000, 11))])
    )
    y = rng.poisson(np.exp(0.1 + x @ rng.normal(0, 0.5, 12)))
    thin, full = lk.fit("poisson", y, x), lk.fit("poisson", y, x.toarray())
    assert thin.names == full.names
    np.testing.assert_allclose(list(thin.coef.values()), list(full.coef.values()), rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(list(thin.stderr.values()), list(full.stderr.values()), rtol=1e-7)
    np.testing.assert_allclose(thin.predict(x[:5]), full.predict(x[:5].toarray()), rtol=1e-7)
    with pytest.raises(DataError, match="12 columns"):
        thin.predict(x[:5, :3])
    bad = x.copy().tocsr()
    bad.data[0] = np.inf
    with pytest.raises(DataError, match="not finite"):
        lk.fit("poisson", y, bad)
    bad.data[0] = np.nan
    with pytest.raises(lk.errors.MissingValuesError):
        lk.fit("poisson", y, bad)


def test_many_levels_and_rows_are_never_an_array() -> None:
    """300 levels in 60,000 rows, against the fit by group means that a saturated model has."""
    rng = np.random.default_rng(8)
    group = rng.integers(0, 300, 60_000)
    y = rng.poisson(np.exp(rng.normal(0.5, 0.3, 300))[group])
    data = pd.DataFrame({"y": y, "group": [f"s{i:03d}" for i in group]})
    fit = lk.fit("poisson", data, "y ~ 0 + group")
    assert isinstance(fit.likelihood.function.bound.data.matrix(fit.likelihood.model.slots[0]), Blocks)
    mean, count = data.groupby("group").y.mean().to_numpy(), data.groupby("group").y.size().to_numpy()
    np.testing.assert_allclose(list(fit.coef.values()), np.log(mean), rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(list(fit.stderr.values()), 1 / np.sqrt(mean * count), rtol=1e-6)


@pytest.mark.parametrize("library", ["pandas", "polars", "dict"])
def test_unseen_levels_may_give_missing_predictions(library: str) -> None:
    import polars as pl

    fit = lk.fit("poisson", shop(), "y ~ g + C(k) + x", offset="log(z)")
    columns = {"g": ["a", "e", "b", "b"], "k": [3, 4, 99, 5], "x": [0.0, 1.0, 0.0, 2.0], "z": [1.0, 1.0, 1.0, 2.0]}
    seen = {name: [values[0], values[3]] for name, values in columns.items()}
    new = {"pandas": pd.DataFrame(columns, index=[5, 6, 7, 8]), "polars": pl.DataFrame(columns), "dict": columns}[
        library
    ]
    for options in ({}, {"what": "interval"}, {"what": "quantile", "q": [0.1, 0.9]}, {"offset": [0.0, 0.0, 0.0, 0.1]}):
        found = fit.predict(new, unseen="missing", **options)
        few = {**options, "offset": [0.0, 0.1]} if "offset" in options else options
        wanted = fit.predict(seen, **few)
        if not isinstance(wanted, dict):
            found, wanted = {"": found}, {"": wanted}
        for name, values in wanted.items():
            column = found[name].to_list() if hasattr(found[name], "to_list") else found[name].tolist()
            assert [column[0], column[3]] == pytest.approx(list(values))
            if library == "polars":
                assert column[1] is None
                assert column[2] is None
            else:
                assert np.isnan(column[1])
                assert np.isnan(column[2])
    if library == "pandas":
        assert list(fit.predict(new, unseen="missing").index) == [5, 6, 7, 8]
    with pytest.raises(DataError, match="'e'"):
        fit.predict(new)
    with pytest.raises(DataError, match="no row of the new data"):
        fit.predict({"g": ["e"], "k": [3], "x": [0.0], "z": [1.0]}, unseen="missing")
    with pytest.raises(lk.errors.UnknownNameError, match="'missing'"):
        fit.predict(new, unseen="mising")
