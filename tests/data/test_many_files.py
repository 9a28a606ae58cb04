"""Several files are read as the one table that they hold."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pyarrow import dataset

import likely as lk
from likely.errors import DataError

N = 90


def frame() -> pd.DataFrame:
    rng = np.random.default_rng(6)
    return pd.DataFrame(
        {"x": rng.normal(size=N), "g": rng.choice(list("cab"), N), "year": np.repeat([2022, 2023, 2024], N // 3)}
    ).assign(y=rng.poisson(3.0, N))


def write(path: Path, made: pd.DataFrame) -> dict[str, Any]:
    """The same rows as files of several kinds."""
    (path / "csv").mkdir()
    (path / "parquet").mkdir()
    for i, rows in enumerate(np.array_split(np.arange(N), 3)):
        made.iloc[rows].to_csv(path / "csv" / f"part-{i}.csv", index=False)
        made.iloc[rows].to_parquet(path / "parquet" / f"part-{i}.parquet", index=False)
    made.to_parquet(path / "by_year", index=False, partition_cols=["year"])
    return {
        "a pattern": str(path / "parquet" / "*.parquet"),
        "a pattern of CSV files": path / "csv" / "*.csv",
        "a list of paths": sorted((path / "csv").iterdir()),
        "a list of texts": sorted(map(str, (path / "parquet").iterdir())),
        "a folder": str(path / "parquet"),
        "a folder by a column": path / "by_year",
        "a data set": dataset.dataset(path / "parquet"),
    }


KINDS = "a pattern;a pattern of CSV files;a list of paths;a list of texts;a folder;a folder by a column;a data set"


@pytest.mark.parametrize("kind", KINDS.split(";"))
def test_a_fit_to_several_files_is_that_to_their_rows(kind: str, tmp_path: Path) -> None:
    made = frame()
    data = write(tmp_path, made)[kind]
    expected, found = (lk.fit("poisson", one, "y ~ center(x) + g + year") for one in (made, data))
    assert found.coef == expected.coef
    np.testing.assert_array_equal(found.predict(data), expected.predict(made).to_numpy())


def test_files_that_differ_are_named(tmp_path: Path) -> None:
    made, pattern = frame(), str(tmp_path / "parquet" / "*.parquet")
    write(tmp_path, made)
    last = tmp_path / "parquet" / "part-9.parquet"
    made.assign(g=1.0).to_parquet(last, index=False)
    with pytest.raises(DataError, match=r"g holds text in .*part-0\.parquet and numbers in .*part-9\.parquet"):
        lk.fit("poisson", pattern, "y ~ x")
    made.drop(columns="g").to_parquet(last, index=False)
    with pytest.raises(DataError, match=r"part-9\.parquet has no 'g'"):
        lk.fit("poisson", pattern, "y ~ x")
    made.assign(more=1).to_parquet(last, index=False)
    with pytest.raises(DataError, match=r"part-9\.parquet has 'more', which"):
        lk.fit("poisson", pattern, "y ~ x")
    made.assign(g=None).to_parquet(last, index=False)  # missing values are of any kind
    assert lk.fit("poisson", pattern, "y ~ x").n == 2 * N
    last.write_bytes(last.read_bytes()[:-40])
    with pytest.raises(DataError, match=r"cannot read .*part-9\.parquet"):
        lk.fit("poisson", pattern, "y ~ x")


def test_files_that_do_not_exist(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no file matches"):
        lk.fit("poisson", str(tmp_path / "*.csv"), "y ~ x")
    with pytest.raises(DataError, match="holds no Parquet files"):
        lk.fit("poisson", tmp_path, "y ~ x")
