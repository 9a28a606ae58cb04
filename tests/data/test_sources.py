"""Sources give the model and the rows of the table that they hold, and say what is wrong with them, and where."""

import gzip
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import dataset

import likely as lk
from likely.data.sources import ahead, open_source
from likely.errors import DataError, MissingValuesError, OptionError, SupportError, UnknownNameError
from likely.models.asked import Asked
from likely.models.bind import Streamed, bind

N = 300
ASKED = Asked.of("poisson", "y ~ scale(x) + g * bs(t, df=4) + C(h)", exposure="t", weights="w", missing="drop")


def frame() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    made = pd.DataFrame(
        {
            "x": rng.normal(size=N),
            "t": rng.uniform(0.5, 2.0, N),
            "g": rng.choice(list("cab"), N),
            "h": rng.integers(0, 3, N),
            "w": rng.integers(0, 3, N),
            "unused": ["never read"] * N,
            "y": rng.poisson(3.0, N),
        }
    )
    made.loc[::17, "x"] = np.nan
    return made


def folder(path: Path, made: pd.DataFrame, pieces: int = 4) -> Path:
    path.mkdir(exist_ok=True)
    for i, part in enumerate(np.array_split(np.arange(len(made)), pieces)):
        made.iloc[part].to_parquet(path / f"part-{i}.parquet", index=False)
    return path


def csv_file(path: Path, made: pd.DataFrame) -> Path:
    made.to_csv(path, index=False)
    return path


def sources(path: Path) -> dict[str, Any]:
    made = frame()
    parts = folder(path / "parts", made)
    zipped = path / "data.csv.gz"
    zipped.write_bytes(gzip.compress(csv_file(path / "data.csv", made).read_bytes()))
    arrow = pa.Table.from_pandas(made, preserve_index=False)
    return {
        "a Parquet file": folder(path / "one", made, 1) / "part-0.parquet",
        "a glob": str(parts / "*.parquet"),
        "a list of paths": sorted(parts.glob("*.parquet")),
        "a folder": parts,
        "a CSV file": path / "data.csv",
        "a compressed CSV file": zipped,
        "a data set": dataset.dataset(parts),
        "a lazy frame": pl.scan_parquet(parts / "*.parquet"),
        "a lazy frame in memory": pl.from_pandas(made).lazy(),
        "a DuckDB relation": duckdb.sql(f"select * from '{parts}/*.parquet'"),
        "a list of tables": [made.iloc[:100], made.iloc[100:]],
        "a function": lambda: (made.iloc[lo : lo + 90] for lo in range(0, N, 90)),
        "record batches": lambda: iter(arrow.to_batches(70)),
        "a pandas table": made,
        "an Arrow table": arrow,
        "a dict": {name: column.tolist() for name, column in made.items()},
    }


KINDS = (
    "a Parquet file;a glob;a list of paths;a folder;a CSV file;a compressed CSV file;a data set;a lazy frame;"
    "a lazy frame in memory;a DuckDB relation;a list of tables;a function;record batches;a pandas table;an Arrow table;"
    "a dict"
).split(";")


@pytest.mark.filterwarnings("ignore::likely.errors.DroppedRowsWarning")
@pytest.mark.parametrize("kind", KINDS)
def test_a_source_gives_the_model_and_the_rows_of_the_whole_table(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("likely.data.sources.files.BLOCK", 1500)  # bytes of CSV at a time
    bound = bind(ASKED, frame())
    streamed = Streamed.of(ASKED, sources(tmp_path)[kind], rows=64)
    assert streamed.model.to_dict() == bound.model.to_dict()
    assert (streamed.counts.rows, streamed.counts.used, streamed.counts.dropped) == (N, len(bound.y), bound.dropped)
    for _ in range(2):  # again and again
        blocks = list(streamed)
        assert len(blocks) > 1
        np.testing.assert_array_equal(np.concatenate([rows.y for rows in blocks]), bound.y)
        np.testing.assert_array_equal(np.concatenate([rows.weights for rows in blocks]), bound.weights)
        x = np.concatenate([rows.designs["rate"] for rows in blocks])
        np.testing.assert_allclose(x, bound.data.designs["rate"], rtol=1e-13, atol=1e-14)
        offset = np.concatenate([rows.offsets["rate"] for rows in blocks])
        np.testing.assert_allclose(offset, bound.data.offsets["rate"], rtol=1e-15)


def test_only_columns_that_are_needed_are_read(tmp_path: Path) -> None:
    streamed = Streamed.of(Asked.of("poisson", "y ~ x"), folder(tmp_path / "parts", frame().dropna()))
    assert streamed.reader.columns == ("x", "y")
    piece = next(streamed.reader.source.pieces(streamed.reader.columns))
    assert set(piece.table.names) == {"x", "y"}


def test_a_dot_stands_for_all_other_columns(tmp_path: Path) -> None:
    made = frame().drop(columns=["unused"]).fillna(0.0)
    asked = Asked.of("poisson", "y ~ .", exposure="t", weights="w")
    streamed = Streamed.of(asked, folder(tmp_path / "parts", made))
    assert streamed.model.to_dict() == bind(asked, made).model.to_dict()


def test_levels_of_the_last_file_alone(tmp_path: Path) -> None:
    made = frame().dropna()
    made.loc[made.index[-1], "g"] = "z"
    asked = Asked.of("poisson", "y ~ g")
    streamed = Streamed.of(asked, folder(tmp_path / "parts", made))
    assert streamed.model.names()[-1] == "rate.g[T.z]"
    assert streamed.model.to_dict() == bind(asked, made).model.to_dict()


def test_text_further_down_a_csv_file_makes_the_column_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("likely.data.sources.files.BLOCK", 200)
    made = pd.DataFrame({"k": ["1", "2"] * 50 + ["a", "b"] * 20, "y": np.arange(140.0)})
    path = csv_file(tmp_path / "data.csv", made)
    asked = Asked.of("normal", "y ~ C(k)")
    assert Streamed.of(asked, path).model.to_dict() == bind(asked, str(path)).model.to_dict()


def test_line_breaks_in_quotes_end_no_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("likely.data.sources.files.BLOCK", 64)
    made = pd.DataFrame({"k": ["one\nline", 'two "lines"', "three"] * 20, "y": np.arange(60.0)})
    path = csv_file(tmp_path / "data.csv", made)
    asked = Asked.of("normal", "y ~ k")
    assert Streamed.of(asked, path).model.to_dict() == bind(asked, made).model.to_dict()


# -- what is wrong, and where ----------------------------------------------------------------------------------


def test_values_that_cannot_occur_are_told_with_file_and_row(tmp_path: Path) -> None:
    made = frame().dropna().reset_index(drop=True)
    parts = folder(tmp_path / "parts", made)
    third = pd.read_parquet(parts / "part-2.parquet")
    third.loc[5, "y"] = -1
    third.to_parquet(parts / "part-2.parquet", index=False)
    with pytest.raises(SupportError, match=r"in .*part-2\.parquet: .*row 5"):
        Streamed.of(Asked.of("poisson", "y ~ x"), parts, rows=4)


def test_missing_values_are_told_with_their_file(tmp_path: Path) -> None:
    made = frame().dropna().reset_index(drop=True)
    made.loc[len(made) - 1, "x"] = np.nan
    with pytest.raises(MissingValuesError, match=r"in .*part-3\.parquet: 1 of .* rows have missing values \(x: 1\)"):
        Streamed.of(Asked.of("poisson", "y ~ x"), folder(tmp_path / "parts", made))


@pytest.mark.filterwarnings("ignore::likely.errors.DroppedRowsWarning")
def test_a_file_of_missing_values_alone(tmp_path: Path) -> None:
    made = frame().dropna()
    parts = folder(tmp_path / "parts", made)
    made.iloc[:9].assign(x=None, g=None).to_parquet(parts / "part-0a.parquet", index=False)
    streamed = Streamed.of(Asked.of("poisson", "y ~ center(x) + g", missing="drop"), parts)
    assert streamed.model.to_dict() == bind(Asked.of("poisson", "y ~ center(x) + g"), made).model.to_dict()
    assert streamed.counts.dropped == {"g": 9, "x": 9}


def test_columns_of_another_kind(tmp_path: Path) -> None:
    made = frame().dropna()
    parts = folder(tmp_path / "parts", made)
    made.assign(h="a").to_parquet(parts / "part-9.parquet", index=False)
    with pytest.raises(DataError, match=r"h holds numbers in .*part-0\.parquet and text in .*part-9\.parquet"):
        Streamed.of(Asked.of("poisson", "y ~ C(h)"), str(parts / "*.parquet"))
    made.drop(columns="h").to_parquet(parts / "part-9.parquet", index=False)
    with pytest.raises(DataError, match=r"part-9\.parquet has no 'h'"):
        Streamed.of(Asked.of("poisson", "y ~ C(h)"), str(parts / "*.parquet"))


def test_a_file_that_changes_or_vanishes(tmp_path: Path) -> None:
    made = frame().dropna()
    parts = folder(tmp_path / "parts", made)
    streamed = Streamed.of(Asked.of("poisson", "y ~ x"), str(parts / "*.parquet"))
    made.iloc[:20].to_parquet(parts / "part-1.parquet", index=False)
    with pytest.raises(DataError, match=r"part-1\.parquet' has changed since it was first read"):
        list(streamed)
    (parts / "part-1.parquet").unlink()
    with pytest.raises(DataError, match=r"part-1\.parquet' is no longer there"):
        list(streamed)


def test_data_that_change_between_passes() -> None:
    made = frame().dropna()
    sizes = iter([5, 100, 80])
    streamed = Streamed.of(Asked.of("poisson", "y ~ x"), lambda: [made.iloc[: next(sizes)]])
    with pytest.raises(DataError, match="had 100 rows before and have 80 now"):
        list(streamed)


def test_a_truncated_file(tmp_path: Path) -> None:
    parts = folder(tmp_path / "parts", frame().dropna())
    whole = (parts / "part-2.parquet").read_bytes()
    (parts / "part-2.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"cannot read .*part-2\.parquet"):
        Streamed.of(Asked.of("poisson", "y ~ x"), str(parts / "*.parquet"))
    with pytest.raises(DataError, match=r"cannot read .*part-2\.parquet|cannot read the data"):
        Streamed.of(Asked.of("poisson", "y ~ x"), dataset.dataset(parts))


def test_a_line_of_the_wrong_width(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("likely.data.sources.files.BLOCK", 100)
    path = tmp_path / "data.csv"
    path.write_text("x,y\n" + "1,2\n" * 100 + "1,2,3\n" + "1,2\n" * 5)
    with pytest.raises(DataError, match=r"line 102 of .*data\.csv.* has 3 fields, its header 2"):
        Streamed.of(Asked.of("normal", "y ~ x"), path)


def test_what_can_be_read_once_only() -> None:
    made = frame().dropna()
    with pytest.raises(DataError, match="can be read once only"):
        open_source(made.iloc[lo : lo + 9] for lo in (0, 9))
    with pytest.raises(DataError, match="can be read once only"):
        open_source(pa.Table.from_pandas(made).to_reader())
    once = iter([made.iloc[:50], made.iloc[50:]])
    with pytest.raises(DataError, match="the same iterator twice"):
        Streamed.of(Asked.of("poisson", "y ~ x"), lambda: once)


def test_what_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no file matches"):
        open_source(str(tmp_path / "*.parquet"))
    parts = folder(tmp_path / "parts", frame())
    with pytest.raises(UnknownNameError, match="unknown column 'age'"):
        Streamed.of(Asked.of("poisson", "y ~ age"), parts)


def test_arrays_and_strata_need_one_table() -> None:
    made = frame().dropna()
    for options in ({"weights": made.w}, {"offset": {"rate": made.t.to_numpy()}}, {"cluster": made.g.tolist()}):
        if "cluster" in options:
            options = {"cluster": made.h.to_numpy()}
        with pytest.raises(OptionError, match="was given as an array"):
            Streamed.of(Asked.of("poisson", "y ~ x", **options), made)
    with pytest.raises(OptionError, match="stratum together"):
        Streamed.of(Asked.of(lk.ConditionalLogit(strata="h"), "y ~ x"), made)


# -- reading ahead ---------------------------------------------------------------------------------------------


def test_items_are_made_while_others_are_in_use() -> None:
    def items() -> Iterator[int]:
        for i in range(5):
            time.sleep(0.02)
            yield i

    found, begin = [], time.perf_counter()
    for item in ahead(items()):
        time.sleep(0.02)
        found.append(item)
    assert found == list(range(5))
    assert time.perf_counter() - begin < 0.19  # one after the other they take 0.2


def test_errors_come_where_their_item_would_and_threads_end() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise KeyError("broken")

    it = ahead(items())
    assert next(it) == 1
    with pytest.raises(KeyError, match="broken"):
        next(it)
    endless = ahead(iter(int, 1))
    next(endless)
    endless.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "likely-read-ahead"]
