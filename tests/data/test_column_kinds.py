"""Columns of every kind: numbers are taken, and what is none is refused in words that name the column and its kind."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import likely as lk
from likely.errors import DataError, LikelyError, SupportError

N = 24
THREE = np.array([1, 2, 3, 2] * 6)
Y = np.random.default_rng(0).normal(size=N) + THREE
Z = np.arange(N) % 4


def table(column: Any) -> Any:
    """A table with this column as a, of the column's own library."""
    module = type(column).__module__.split(".")[0]
    if module == "pandas":
        return pd.DataFrame({"a": column, "y": Y, "z": Z})
    if module == "polars":
        return pl.DataFrame({"a": column, "y": Y, "z": Z})
    if module == "pyarrow":
        return pa.table({"a": column, "y": Y.tolist(), "z": Z.tolist()})
    return {"a": column, "y": Y, "z": Z}


WHOLE: dict[str, Callable[[], Any]] = {
    "pandas Int64": lambda: pd.Series(THREE).astype("Int64"),
    "pandas Float64": lambda: pd.Series(THREE).astype("Float64"),
    "pandas of PyArrow": lambda: pd.Series(THREE).astype("int64[pyarrow]"),
    "pandas decimals": lambda: pd.Series(THREE).astype(pd.ArrowDtype(pa.decimal128(25, 2))),
    "pandas sparse": lambda: pd.Series(pd.arrays.SparseArray(THREE.astype(float))),
    "Decimal": lambda: [Decimal(int(v)) for v in THREE],
    "Polars Int128": lambda: pl.Series(THREE).cast(pl.Int128),
    "Polars UInt128": lambda: pl.Series(THREE).cast(pl.UInt128),
    "Polars Decimal": lambda: pl.Series(THREE).cast(pl.Decimal(10, 2)),
    "PyArrow decimal128": lambda: pa.array([Decimal(int(v)) for v in THREE], pa.decimal128(10, 2)),
    "PyArrow decimal256": lambda: pa.array([Decimal(int(v)) for v in THREE], pa.decimal256(50, 2)),
    "PyArrow half floats": lambda: pa.array(THREE.astype("float16")),
    "long double": lambda: THREE.astype(np.longdouble),
}


@pytest.mark.parametrize("kind", WHOLE)
def test_numbers_of_every_kind(kind: str) -> None:
    data = table(WHOLE[kind]())
    want = lk.fit("normal", {"y": Y, "a": THREE}, "y ~ a")
    fit = lk.fit("normal", data, "y ~ a")
    assert fit.coef["mean.a"] == pytest.approx(want.coef["mean.a"], rel=1e-12)
    np.testing.assert_allclose(np.asarray(fit.predict(data), dtype=float), want.predict(), rtol=1e-12)
    assert lk.fit("poisson", data, "a ~ 1").coef["rate"] == pytest.approx(2.0, rel=1e-12)
    assert lk.fit("normal", data, "y ~ 1", weights="a").n == 48
    rate = lk.fit("poisson", data, "z ~ 1", exposure="a")
    assert list(rate.coef.values()) == pytest.approx([np.log(Z.sum() / 48)], rel=1e-8)


LEVELS: dict[str, tuple[Callable[[], Any], str]] = {
    "categorical of whole numbers": (lambda: pd.Series(pd.Categorical(THREE)), "a categorical of numbers .1, 2, 3."),
    "categorical of floats": (lambda: pd.Series(pd.Categorical(THREE / 2)), r"a categorical of numbers \(0.5, 1.0"),
    "categorical of booleans": (
        lambda: pd.Series(pd.Categorical(THREE > 1)),
        r"a categorical of yes and no \(False, True",
    ),
    "categorical of text": (
        lambda: pd.Series(pd.Categorical(list("abcb") * 6)),
        r"a categorical of text \('a', 'b', 'c'",
    ),
    "categorical of digits": (lambda: pd.Series(pd.Categorical(list("1232") * 6)), r"of text \('1'.*to_numeric"),
    "categorical of dates": (
        lambda: pd.Series(pd.Categorical(pd.to_datetime("2024-01-01") + pd.to_timedelta(THREE, "D"))),
        "a categorical of dates or times such as 2024-01-02",
    ),
    "intervals": (lambda: pd.Series(pd.cut(THREE, 2)), r"a categorical of intervals such as \(0.998, 2.0\].*midpoints"),
    "Polars Enum": (lambda: pl.Series(list("abcb") * 6, dtype=pl.Enum(["c", "b", "a"])), "a categorical of text"),
    "Polars Categorical": (lambda: pl.Series(list("1232") * 6, dtype=pl.Categorical), "a categorical of text"),
    "PyArrow dictionary": (lambda: pa.array(list("abcb") * 6).dictionary_encode(), "a categorical of text"),
    "PyArrow dictionary of numbers": (lambda: pa.array(THREE).dictionary_encode(), "a categorical of numbers"),
}


@pytest.mark.parametrize("kind", LEVELS)
def test_levels_of_every_kind(kind: str) -> None:
    make, words = LEVELS[kind]
    data = table(make())
    plain = [str(v) for v in (THREE > 1 if "booleans" in kind else THREE > 2 if kind == "intervals" else THREE)]
    want = np.asarray(lk.fit("normal", {"y": Y, "a": plain}, "y ~ C(a)").predict())
    for formula in ("y ~ a", "y ~ C(a)"):
        fit = lk.fit("normal", data, formula)
        np.testing.assert_allclose(np.asarray(fit.predict(data), dtype=float), want, rtol=1e-9)
        assert fit.effects("a").rows
        assert fit.contrasts("a").rows
        assert fit.calibration(data)
    for call in (
        lambda: lk.fit("normal", data, "a ~ 1"),
        lambda: lk.fit("bernoulli", data, "a ~ 1"),
        lambda: lk.fit("normal", data, "y ~ 1", weights="a"),
        lambda: lk.fit("normal", data, "y ~ 1", offset="a"),
        lambda: lk.fit("poisson", data, "z ~ 1", exposure="a"),
        lambda: lk.fit("normal", data, "y ~ I(a**2)"),
        lambda: lk.fit("normal", data, "y ~ log(a)"),
    ):
        with pytest.raises(DataError, match=f"column 'a'.*{words}"):
            call()
    assert lk.fit("categorical", data, "a ~ 1").loglik < 0


NEITHER: dict[str, tuple[Callable[[], Any], str, bool]] = {
    "periods": (
        lambda: pd.Series(pd.period_range("2020-01", periods=N, freq="M")),
        "dates or times such as 2020-01",
        True,
    ),
    "datetimes": (lambda: pd.Series(pd.date_range("2020-01-01", periods=N, tz="UTC")), "dates or times", True),
    "NumPy's dates": (lambda: np.datetime64("2020-01-01") + THREE, "dates or times such as 2020-01-02", True),
    "NumPy's datetimes": (lambda: (np.datetime64("2020-01-01") + THREE).astype("M8[ns]"), "dates or times", True),
    "Polars times": (lambda: pl.Series([datetime.time(int(v)) for v in THREE]), "dates or times such as 01:00", True),
    "durations": (lambda: pd.Series(pd.to_timedelta(THREE, "D")), "durations such as 1 day", True),
    "NumPy's durations": (lambda: THREE.astype("timedelta64[D]"), "durations such as 1 day", True),
    "interval arrays": (lambda: pd.Series(pd.arrays.IntervalArray(pd.cut(THREE, 2))), "intervals such as", True),
    "complex numbers": (lambda: THREE + 1j, "complex numbers such as", False),
    "lists": (lambda: pd.Series([[1, 2]] * N), "list values such as", False),
    "Polars lists": (lambda: pl.Series([[1, 2]] * N), "list values such as", False),
    "Polars structs": (lambda: pl.Series([{"k": 1}] * N), "dict values such as", False),
    "PyArrow structs": (lambda: pa.array([{"k": 1}] * N), "dict values such as", False),
    "sets": (lambda: pd.Series([{1}] * N), "set values such as", False),
    "bytes": (lambda: pd.Series([b"a", b"b"] * (N // 2)), "bytes values such as", True),
    "whole numbers beyond floats": (lambda: [10**400] * N, "too large for floating point", False),
}


@pytest.mark.parametrize("kind", NEITHER)
def test_what_is_neither_numbers_nor_text(kind: str) -> None:
    make, words, labels = NEITHER[kind]
    data = table(make())
    for formula, options in (
        *(("y ~ a", {}), ("y ~ I(a**2)", {}), ("a ~ 1", {}), ("y ~ 1", {"weights": "a"}), ("y ~ 1", {"offset": "a"})),
        *(() if labels else (("y ~ C(a)", {}),)),
    ):
        with pytest.raises(LikelyError, match=f"column 'a'.*{words}"):
            lk.fit("normal", data, formula, **options)
    if not labels:
        with pytest.raises(LikelyError, match=f"column 'a'.*{words}"):
            lk.fit("categorical", data, "a ~ 1")


def test_missing_128_bit_integers_and_decimals() -> None:
    for kind in (pl.Int128, pl.Decimal(10, 2)):
        data = pl.DataFrame({"y": Y, "a": pl.Series([None, *map(int, THREE[1:])]).cast(kind)})
        with pytest.warns(lk.errors.DroppedRowsWarning):
            fit = lk.fit("normal", data, "y ~ a", missing="drop")
        want = lk.fit("normal", {"y": Y[1:], "a": THREE[1:]}, "y ~ a")
        assert fit.coef["mean.a"] == pytest.approx(want.coef["mean.a"], rel=1e-12)


def test_codes_beyond_the_labels() -> None:
    from likely.losses.boosting import objective

    torch = pytest.importorskip("torch")
    from likely.losses.torch import NLLLoss

    loss = NLLLoss(lk.Categorical(["a", "b", "c"]))
    for y in ([0, 1, 3, 0], [0, 1, -4, 0], [0, 1, 255, 1], [0.0, 1.0, 1.5, 1.0]):
        with pytest.raises(SupportError, match=r"codes 0 to 2 of its labels 'a', 'b', 'c', but 1 of 4 .*: row 2: "):
            loss(torch.zeros(4, 3), torch.tensor(y))
    with pytest.raises(SupportError, match=r"1 of 3 values are not among the levels 'a', 'b', 'c': row 2: 'z'"):
        objective(lk.Categorical(["a", "b", "c"]), np.array(["a", "b", "z"]))
    with pytest.raises(SupportError, match=r"1 of 4 values are not among the levels '0', '1', '2': row 3: 3"):
        lk.fit(lk.Categorical([0, 1, 2]), [0, 1, 2, 3])


@pytest.mark.parametrize("formula", ["y ~ C(b) + b:x", "y ~ C(k) + k:x", "y ~ C(k) + np.log(k):x", "y ~ C(g) + g:x"])
def test_a_column_may_be_levels_and_numbers_in_one_formula(formula):
    rng = np.random.default_rng(0)
    data = {
        "x": rng.normal(size=40),
        "b": rng.random(40) < 0.5,
        "k": rng.integers(1, 4, 40),
        "g": rng.choice([*"uv"], 40),
    }
    data["y"] = data["x"] + rng.normal(size=40)
    fit = lk.fit("normal", data, formula)
    few = {name: column[:7] for name, column in data.items()}
    np.testing.assert_allclose(fit.predict(few), fit.predict()[:7], rtol=1e-12)
    written = {**few, "k": [str(k) for k in few["k"]], "b": few["b"].astype(int)}
    np.testing.assert_allclose(fit.predict(written), fit.predict()[:7], rtol=1e-12)
