"""What goes in: pandas, Polars, PyArrow, DuckDB, dicts, arrays, lists, CSV and Parquet; what comes out is in kind."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import likely as lk
from likely.errors import DataError, MissingValuesError, UnknownNameError

RNG = np.random.default_rng(3)
X = RNG.normal(size=80)
COLUMNS = {"y": (RNG.uniform(size=80) < 1 / (1 + np.exp(-X))).astype(int), "x": X, "g": RNG.choice(["u", "v"], 80)}


def duck():
    import duckdb

    frame = pd.DataFrame(COLUMNS)  # noqa: F841 - duckdb finds it by name
    return duckdb.sql("select * from frame")


KINDS = {
    "pandas": lambda path: pd.DataFrame(COLUMNS),
    "polars": lambda path: pl.DataFrame(COLUMNS),
    "lazy": lambda path: pl.DataFrame(COLUMNS).lazy(),
    "arrow": lambda path: pa.table(COLUMNS),
    "duckdb": lambda path: duck(),
    "dict": lambda path: COLUMNS,
    "lists": lambda path: {k: list(v) for k, v in COLUMNS.items()},
    "csv": lambda path: _csv(path / "d.csv"),
    "path": lambda path: str(_csv(path / "d.csv")),
    "parquet": lambda path: _parquet(path / "d.parquet"),
}


def _csv(path):
    pd.DataFrame(COLUMNS).to_csv(path, index=False)
    return path


def _parquet(path):
    pd.DataFrame(COLUMNS).to_parquet(path)
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_gives_the_same_fit(kind, tmp_path):
    fit = lk.fit(lk.Bernoulli(), KINDS[kind](tmp_path), "y ~ x + C(g)")
    expected = lk.fit(lk.Bernoulli(), COLUMNS, "y ~ x + C(g)")
    assert fit.coef == pytest.approx(expected.coef, abs=1e-10)


@pytest.mark.parametrize(
    "data",
    [
        COLUMNS["x"],
        list(COLUMNS["x"]),
        tuple(COLUMNS["x"]),
        pd.Series(COLUMNS["x"], name="x"),
        pl.Series("x", COLUMNS["x"]),
        pa.chunked_array([COLUMNS["x"]]),
        {"x": COLUMNS["x"]},
        pd.DataFrame({"x": COLUMNS["x"]}),
    ],
)
def test_a_column_alone(data):
    assert lk.fit("normal", data).coef["mean"] == pytest.approx(X.mean())


def test_array_columns_are_named():
    array = np.column_stack([COLUMNS["y"], COLUMNS["x"]])
    assert lk.fit("bernoulli", array, "x1 ~ x2").coef.keys() == {"p.Intercept", "p.x2"}


def test_types_of_numbers():
    for dtype in (np.int8, np.uint16, np.float32, bool):
        assert lk.fit("bernoulli", np.array([0, 1, 1, 0, 1], dtype=dtype)).coef["p"] == pytest.approx(0.6)
    nullable = pd.DataFrame({"y": pd.array([1, None, 3], dtype="Int64")})
    with pytest.raises(MissingValuesError, match="y: 1"):
        lk.fit("poisson", nullable)
    assert lk.fit("poisson", pd.DataFrame({"y": pd.array([1, 2, 3], dtype="Int64")})).coef["rate"] == 2
    assert lk.fit("normal", pl.Series([1, None, 3]).drop_nulls()).coef["mean"] == 2
    assert lk.fit("bernoulli", pd.Series([True, False])).coef["p"] == 0.5


def test_declared_order_of_levels_gives_the_reference():
    g = pd.Categorical(COLUMNS["g"], categories=["v", "u"])
    fit = lk.fit("bernoulli", pd.DataFrame({**COLUMNS, "g": g}), "y ~ g")
    assert list(fit.coef) == ["p.Intercept", "p.g[T.u]"]
    fit = lk.fit("categorical", pd.DataFrame({**COLUMNS, "g": g}), "g ~ x")
    assert list(fit.coef) == ["p[u].Intercept", "p[u].x"]
    enum = pl.DataFrame(COLUMNS).with_columns(pl.col("g").cast(pl.Enum(["v", "u"])))
    assert list(lk.fit("bernoulli", enum, "y ~ g").coef) == ["p.Intercept", "p.g[T.u]"]


def test_columns_with_odd_names():
    data = pd.DataFrame({"my y": COLUMNS["y"], "x (1)": COLUMNS["x"]})
    fit = lk.fit("bernoulli", data, "`my y` ~ `x (1)`")
    assert fit.coef["p.x (1)"] == pytest.approx(lk.fit("bernoulli", COLUMNS, "y ~ x").coef["p.x"])


def test_in_kind():
    for frame, series in ((pd.DataFrame, pd.Series), (pl.DataFrame, pl.Series)):
        fit = lk.fit("bernoulli", frame(COLUMNS), "y ~ x")
        assert isinstance(fit.predict(), series)
        assert isinstance(fit.predict(frame(COLUMNS), "params"), frame)
        assert isinstance(fit.surprise(), series)
    assert isinstance(lk.fit("bernoulli", COLUMNS, "y ~ x").predict(), np.ndarray)
    indexed = pd.DataFrame(COLUMNS, index=range(100, 180))
    assert list(lk.fit("bernoulli", indexed, "y ~ x").predict().index) == list(range(100, 180))


def test_mistakes(tmp_path):
    with pytest.raises(DataError, match="no file"):
        lk.fit("normal", "nosuch.csv", "y ~ 1")
    (tmp_path / "d.xlsx").write_text("")
    with pytest.raises(DataError, match=r"\.csv"):
        lk.fit("normal", tmp_path / "d.xlsx", "y ~ 1")
    with pytest.raises(DataError, match=r"cannot read|list"):
        lk.fit("normal", 3.0)
    with pytest.raises(DataError, match=r"list|table"):
        lk.fit("normal", None)
    with pytest.raises(DataError, match="one or two dimensions"):
        lk.fit("normal", np.zeros((2, 2, 2)))
    with pytest.raises(UnknownNameError, match="'y', 'x', 'g'"):
        lk.fit("normal", pd.DataFrame(COLUMNS), "q ~ x")
