"""What goes in: pandas, Polars, PyArrow, DuckDB, dicts, arrays, lists, CSV and Parquet; what comes out is in kind."""

import gzip
import io

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import likely as lk
from likely.errors import DataError, DroppedRowsWarning, MissingValuesError, UnknownNameError

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


# -- missing values of every kind ----------------------------------------------------------------------------


def test_masked_arrays():
    full, mask = np.array([1.0, 2.0, 99.0]), [False, False, True]
    masked = np.ma.array(full, mask=mask)
    for data in (masked, {"y": masked}, np.ma.array([1, 2, 99], mask=mask), {"y": [1.0, 2.0, np.ma.masked]}):
        with pytest.raises(MissingValuesError, match="y: 1"):
            lk.fit("normal", data)
        with pytest.warns(DroppedRowsWarning):
            assert lk.fit("normal", data, "y ~ 1", missing="drop").coef["mean"] == pytest.approx(1.5)
    with pytest.raises(MissingValuesError, match="weights: 1"):
        lk.fit("normal", [1.0, 2.0, 3.0], weights=masked)
    matrix = np.ma.array(X.reshape(-1, 2), mask=False)
    y = np.arange(40.0) + X[:40]
    assert lk.fit("normal", y, matrix).coef == lk.fit("normal", y, X.reshape(-1, 2)).coef
    matrix[3, 1] = np.ma.masked
    with pytest.raises(MissingValuesError, match="matrix"):
        lk.fit("normal", y, matrix)
    with pytest.warns(DroppedRowsWarning):
        lk.fit("normal", y, matrix, missing="drop")
    table = np.ma.array(np.column_stack([y, y**2]), mask=False)
    table[0, 0] = np.ma.masked
    with pytest.raises(MissingValuesError, match="x1: 1"):
        lk.fit("normal", table, "x1 ~ 1")


@pytest.mark.parametrize(
    "values",
    [
        [True, None, False],
        [True, pd.NA, False],
        [1, pd.NA, 0],
        np.array([1, pd.NA, 0], dtype=object),
        pd.array([True, None, False], dtype="boolean"),
        pl.Series([True, None, False]),
        pa.array([True, None, False]),
        np.ma.array([True, True, False], mask=[False, True, False]),
    ],
)
def test_yes_and_no_with_missing_values(values):
    with pytest.raises(MissingValuesError, match="y: 1"):
        lk.fit("bernoulli", {"y": values})
    with pytest.warns(DroppedRowsWarning):
        fit = lk.fit("bernoulli", {"y": values, "x": [1.0, 2.0, 3.0]}, "y ~ 1", missing="drop")
    assert fit.coef["p"] == 0.5
    with pytest.warns(DroppedRowsWarning):
        fit = lk.fit(lk.Normal(sd=1), {"x": values, "y": [1.0, 2.0, 3.0]}, "y ~ x", missing="drop")
    assert list(fit.coef) == ["mean.Intercept", "mean.x"]


# -- more kinds of tables ------------------------------------------------------------------------------------


def test_more_kinds_of_tables():
    expected = lk.fit("bernoulli", COLUMNS, "y ~ x").coef
    records = [dict(zip(COLUMNS, row, strict=True)) for row in zip(*COLUMNS.values(), strict=True)]
    batch = pa.RecordBatch.from_pydict(COLUMNS)
    structured = np.zeros(80, dtype=[("y", int), ("x", float)])
    structured["y"], structured["x"] = COLUMNS["y"], X
    for data in (records, batch, structured):
        assert lk.fit("bernoulli", data, "y ~ x").coef == pytest.approx(expected)


def test_data_that_are_no_table():
    import duckdb

    twice = pd.DataFrame([[1.0, 2.0]], columns=["a", "a"])
    for data, words in (
        (duckdb.connect(), "DuckDB connection"),
        ("x" * 5000, "cannot be one"),
        ("a,b\n1,2\n", "StringIO"),
        ("", "empty"),
        ("https://example.org/d.csv", "address"),
        (twice, "more than one column called 'a'"),
        ({"y": [1.0], "x": 3}, "column 'x'"),
        ({"y": [1.0], "x": "abc"}, "column 'x'"),
        ({"y": [1.0], "x": None}, "column 'x'"),
        (b"abc", "bytes"),
        (pl.DataFrame({"y": [[1, 2], [3, 4]]}), "list values"),
        (np.array([1 + 2j]), "complex"),
    ):
        with pytest.raises(DataError, match=words):
            lk.fit("normal", data, "y ~ 1")


# -- files ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("y,x\n1,2\n3,4,5\n6,7\n", "line 3 .* has 3 fields, its header 2"),
        ("y,x\n1,2,3\n3,4,5\n", "line 2 .* and 1 more"),
        ("y,x\n1,2,\n3,4,\n", "ends with a separator"),
        ("y,x\n1,2\n\n3\n", "line 4 .* has 1 fields"),
        ("y,x,x\n1,2,3\n", "more than one column called 'x'"),
        ("y|x\n1|2\n", "vertical bars"),
        ("y\tx\n1\t2\n", "tabs"),
        ("1.5,2\n3,4\n", "no header"),
        ("", "empty"),
    ],
)
def test_csv_files_that_would_be_misread(text, words, tmp_path):
    (tmp_path / "d.csv").write_text(text)
    with pytest.raises(DataError, match=words):
        lk.fit("normal", tmp_path / "d.csv", "y ~ 1")
    with pytest.raises(DataError, match=words):
        lk.fit("normal", io.StringIO(text), "y ~ 1")


def test_csv_files(tmp_path, monkeypatch):
    text = 'y,"a, b",g\n1,2,"one\nline"\n\n3,,u\n'
    (tmp_path / "d.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    monkeypatch.setenv("HOME", str(tmp_path))
    with gzip.open(tmp_path / "d.csv.gz", "wt") as handle:
        handle.write(text)
    with open(tmp_path / "d.csv", "rb") as handle:
        for data in ("~/d.csv", tmp_path / "d.csv", tmp_path / "d.csv.gz", io.StringIO(text), handle):
            assert lk.fit("normal", data, "y ~ 1").coef["mean"] == 2
    with pytest.raises(MissingValuesError, match=r"a, b: 1"):
        lk.fit("normal", "~/d.csv", "y ~ `a, b`")
    (tmp_path / "l.csv").write_bytes("y,x\n1,é\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"line 2 .* UTF-8"):
        lk.fit("normal", tmp_path / "l.csv", "y ~ 1")
    with pytest.raises(DataError, match="folder"):
        lk.fit("normal", tmp_path, "y ~ 1")
    (tmp_path / "bad.parquet").write_text("no")
    with pytest.raises(DataError, match="cannot read"):
        lk.fit("normal", tmp_path / "bad.parquet", "y ~ 1")


def test_an_empty_line_in_a_file_of_one_column_is_a_missing_value(tmp_path):
    path = tmp_path / "d.csv"
    path.write_text("\ny\n1\n\n3\n\n")
    with pytest.raises(MissingValuesError, match="1 of 3 rows"):
        lk.fit("normal", path)
    path.write_text("y,x\n1,1\n\n3,2\n2,3\n\n")
    assert lk.fit("normal", path, "y ~ x").n == 3


def test_categories_of_polars_have_no_order_of_their_own() -> None:
    """Only an Enum declares its levels; categories stand in the order of their first rows, which means nothing."""
    frame = pl.DataFrame({"y": [1.0, 2.0, 4.0, 3.0], "g": ["b", "a", "c", "a"]})
    plain = lk.fit("normal", frame, "y ~ g").coef
    assert lk.fit("normal", frame.cast({"g": pl.Categorical}), "y ~ g").coef == plain
    declared = lk.fit("normal", frame.cast({"g": pl.Enum(["c", "b", "a"])}), "y ~ g")
    assert declared.names[1:3] == ["mean.g[T.b]", "mean.g[T.a]"]


@pytest.mark.parametrize("kind", ["csr_matrix", "coo_array", "dok_matrix", "dok_array", "lil_array"])
def test_sparse_matrices_of_every_kind(kind: str) -> None:
    from scipy import sparse

    y, x = np.array([1.0, 2.0, 4.0, 3.0]), np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0], [1.0, 5.0]])
    assert lk.fit("normal", y, getattr(sparse, kind)(x)).coef == pytest.approx(lk.fit("normal", y, x).coef)
