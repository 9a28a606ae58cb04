"""Every engine gives the numbers of one table in memory: whatever the pieces, wherever the rows are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import likely as lk
from likely.compute.store import Store
from likely.data.fingerprint import fingerprint
from likely.errors import DataError, LikelyError, OptionError
from likely.inference.fit_code import Recipe
from likely.models.asked import Asked
from likely.models.bind import Streamed

N = 1200


def frame() -> pd.DataFrame:
    rng = np.random.default_rng(11)
    x, g = rng.normal(size=N), rng.choice(list("abc"), N)
    eta = 0.3 * x + 0.4 * (g == "b")
    return pd.DataFrame(
        {
            "x": x,
            "z": rng.uniform(-1, 1, N),
            "g": g,
            "t": rng.uniform(0.5, 2.0, N),
            "w": rng.integers(1, 4, N).astype(float),
            "firm": rng.integers(0, 40, N),
            "many": [f"level {i}" for i in rng.permutation(np.arange(N) % 60)],
            "count": rng.poisson(np.exp(eta)),
            "died": rng.random(N) < 1 / (1 + np.exp(-eta)),
            "size": rng.gamma(2.0, np.exp(eta)),
            "level": eta + rng.normal(size=N) * np.exp(0.2 * x),
            "grade": rng.choice(["1 low", "2 middle", "3 high"], N),
            "some": np.where(rng.random(N) < 0.1, 0.0, 1.0 + rng.random(N)),
        }
    )


CASES: dict[str, dict[str, Any]] = {
    "logistic": {"family": "bernoulli", "formula": "died ~ x + C(g)"},
    "probit": {"family": "bernoulli", "formula": "died ~ x * z", "link": "probit"},
    "exposure": {"family": "poisson", "formula": "count ~ scale(x) + g", "exposure": "t"},
    "offset": {"family": "negative_binomial", "formula": "count ~ x", "offset": "log(t)"},
    "frequency": {"family": "poisson", "formula": "count ~ x", "weights": "w"},
    "analytic": {"family": "normal", "formula": "level ~ x", "weights": "w", "weights_kind": "analytic"},
    "sampling": {"family": "gamma", "formula": "size ~ x", "weights": "w", "weights_kind": "sampling"},
    "importance": {"family": "gamma", "formula": "size ~ x", "weights": "w", "weights_kind": "importance"},
    "distributional": {"family": "normal", "formula": "level ~ bs(x, df=4)", "sd": "~ x + g"},
    "t": {"family": "student_t", "formula": "level ~ x"},
    "weight zero": {"family": "poisson", "formula": "count ~ x", "weights": "some", "weights_kind": "sampling"},
    "ordinal": {"family": lk.Ordinal(levels=["1 low", "2 middle", "3 high"]), "formula": "grade ~ x + z"},
    "categorical": {"family": "categorical", "formula": "grade ~ x"},
    "quantile": {"family": "laplace", "formula": "level ~ x + z"},
    "constant": {"family": "weibull", "formula": "size ~ 1"},
    "many levels": {"family": "poisson", "formula": "count ~ x + C(many)"},
    "ridge": {"family": "bernoulli", "formula": "died ~ x + z", "penalty": lk.Ridge(2.0)},
    "bounds": {"family": "poisson", "formula": "count ~ x + z", "bounds": {"rate.x": (0.5, None)}},
    "constraints": {"family": "normal", "formula": "level ~ x + z", "constraints": "mean.x = mean.z"},
    "HC3": {"family": "bernoulli", "formula": "died ~ x", "cov": "HC3"},
    "expected": {"family": "gamma", "formula": "size ~ x", "cov": "expected"},
    "clusters": {"family": "poisson", "formula": "count ~ x", "cluster": "firm"},
    "two ways": {"family": "poisson", "formula": "count ~ x", "cluster": ["firm", "many"]},
}


def in_pieces(data: pd.DataFrame, rows: int) -> Callable[[], Iterator[pd.DataFrame]]:
    """A function that gives the rows a few at a time."""
    return lambda: (data.iloc[lo : lo + rows] for lo in range(0, len(data), rows))


def same(a: Any, b: Any) -> None:
    assert b.coef == a.coef
    assert b.loglik == a.loglik
    assert b.n == a.n
    assert b.stderr == a.stderr
    np.testing.assert_array_equal(np.asarray(b.cov), np.asarray(a.cov))
    assert b.status == a.status


@pytest.mark.parametrize("case", CASES)
def test_the_numbers_are_those_of_one_table(case: str) -> None:
    data, arguments = frame(), CASES[case]
    whole = lk.fit(data=data, **arguments)
    same(whole, lk.fit(data=in_pieces(data, 97), engine="stream", **arguments))
    same(whole, lk.fit(data=in_pieces(data, 500), engine="memory", **arguments))


@pytest.mark.parametrize("kind", ["HC0", "HC1", "HC2", "opg", "expected"])
def test_covariances_profiles_and_tests(kind: str) -> None:
    data, arguments = frame(), CASES["logistic"]
    whole, kept = lk.fit(data=data, **arguments), lk.fit(data=in_pieces(data, 211), engine="stream", **arguments)
    same(whole.with_cov(kind), kept.with_cov(kind))
    name = list(whole.coef)[1]
    assert kept.interval(method="profile")[name] == whole.interval(method="profile")[name]
    for method in ("wald", "lr", "score"):
        a, b = (fit.test(f"{name} = 0", method=method) for fit in (kept, whole))
        assert (a.statistic, a.p_value) == (b.statistic, b.p_value)


def test_more_rows_than_a_block_in_files() -> None:
    rng = np.random.default_rng(3)
    data = pd.DataFrame({"x": rng.normal(size=50_000), "z": rng.normal(size=50_000)})
    data["y"] = rng.poisson(np.exp(0.2 + 0.3 * data.x))
    arguments = {"family": "poisson", "formula": "y ~ x + z"}
    whole = lk.fit(data=data, **arguments)
    for rows in (7_001, 16_384, 50_000):
        same(whole, lk.fit(data=in_pieces(data, rows), engine="stream", **arguments))


SOURCES: dict[str, Callable[[pd.DataFrame, Path], Any]] = {
    "Parquet files": lambda data, folder: written(data, folder, "parquet"),
    "CSV files": lambda data, folder: written(data, folder, "csv"),
    "packed CSV files": lambda data, folder: written(data, folder, "csv.gz"),
    "a folder": lambda data, folder: str(Path(written(data, folder, "parquet")).parent),
    "a list of tables": lambda data, folder: [data.iloc[:700], data.iloc[700:]],
    "a function": lambda data, folder: in_pieces(data, 333),
    "a lazy Polars frame": lambda data, folder: scanned(written(data, folder, "parquet")),
    "a PyArrow data set": lambda data, folder: dataset(written(data, folder, "parquet")),
    "a DuckDB relation": lambda data, folder: relation(written(data, folder, "parquet")),
    "a table": lambda data, folder: data,
}


def written(data: pd.DataFrame, folder: Path, ending: str) -> str:
    for i, lo in enumerate(range(0, N, 400)):
        part = data.iloc[lo : lo + 400]
        path = folder / f"part-{i}.{ending}"
        part.to_parquet(path, index=False) if ending == "parquet" else part.to_csv(path, index=False)
    return str(folder / f"*.{ending}")


def scanned(pattern: str) -> Any:
    import polars as pl

    return pl.scan_parquet(pattern)


def dataset(pattern: str) -> Any:
    from pyarrow import dataset as made

    return made.dataset(str(Path(pattern).parent), format="parquet")


def relation(pattern: str) -> Any:
    import duckdb

    return duckdb.connect().sql(f"select * from read_parquet('{pattern}') order by number")


@pytest.mark.parametrize("source", SOURCES)
def test_what_follows_from_a_streamed_fit(source: str, tmp_path: Path) -> None:
    """Columns that were not in the model, clusters and effects are there to be asked for, from any source."""
    data = frame().assign(number=np.arange(N))
    arguments: dict[str, Any] = {"family": "poisson", "formula": "count ~ x + C(g)", "exposure": "t"}
    whole = lk.fit(data=data, **arguments)
    kept = lk.fit(data=SOURCES[source](data, tmp_path), engine="stream", **arguments)
    same(whole, kept)
    assert "kept in temporary files" in str(kept.summary())
    same(whole.with_cov("cluster", cluster="firm"), kept.with_cov("cluster", cluster="firm"))
    same(whole.with_cov("cluster", cluster=["firm", "many"]), kept.with_cov("cluster", cluster=["firm", "many"]))
    assert str(whole.effects()) == str(kept.effects())
    np.testing.assert_array_equal(np.asarray(whole.predict()), np.asarray(kept.predict()))
    np.testing.assert_array_equal(np.asarray(whole.residuals()), np.asarray(kept.residuals()))
    with pytest.raises(LikelyError, match="unknown column 'zz'"):
        kept.with_cov("cluster", cluster="zz")


def test_diagnosis_and_report_of_a_streamed_fit(tmp_path: Path) -> None:
    data = frame()
    arguments: dict[str, Any] = {"family": "poisson", "formula": "count ~ x + C(g)"}
    whole = lk.fit(data=data, **arguments)
    kept = lk.fit(data=written(data, tmp_path, "parquet"), engine="stream", **arguments)
    assert str(whole.diagnose(groups="firm")) == str(kept.diagnose(groups="firm")).replace(', engine="stream"', "")
    assert str(whole.summary().meanings) == str(kept.summary().meanings)
    a, b = (Recipe(fit.estimates) for fit in (whole, kept))
    assert a.columns == b.columns == ["x", "g", "count"]
    assert fingerprint(a.fit.likelihood.bound.table, a.columns) == fingerprint(b.fit.likelihood.bound.table, b.columns)
    saved = kept.save(tmp_path / "model.json")
    same(kept, lk.load(saved, str(tmp_path / "*.parquet")))


def test_incomplete_rows_and_those_of_weight_zero_are_left_out() -> None:
    data = frame()
    data.loc[::7, "x"] = np.nan
    arguments = {"family": "poisson", "formula": "count ~ x", "missing": "drop", "cluster": "firm"}
    arguments |= {"weights": "some", "weights_kind": "sampling"}
    with pytest.warns(UserWarning, match="dropped"):
        whole = lk.fit(data=data, **arguments)
    with pytest.warns(UserWarning, match="dropped"):
        kept = lk.fit(data=in_pieces(data, 130), engine="stream", **arguments)
    same(whole, kept)
    assert kept.estimates.account == whole.estimates.account
    np.testing.assert_array_equal(kept.likelihood.function.bound.rows, whole.likelihood.function.bound.rows)
    same(whole.with_cov("cluster", cluster="g"), kept.with_cov("cluster", cluster="g"))
    assert str(whole.effects("x")) == str(kept.effects("x"))


# -- which engine ------------------------------------------------------------------------------------------------


def test_auto_streams_what_does_not_fit_and_says_so(tmp_path: Path) -> None:
    data = frame()
    pattern = written(data, tmp_path, "parquet")
    small = lk.fit("poisson", pattern, "count ~ x", memory="10kB")
    large = lk.fit("poisson", pattern, "count ~ x", memory="1GB")
    same(large, small)
    assert large.note == ""
    assert small.note == (
        "the rows are kept in temporary files of 28.8 kB: all columns as a table need about 125 kB, too much for "
        "memory='10kB'"
    )
    assert "memory='10kB'" in str(small.summary())
    assert small.note in small.summary().to_dict()["notes"]
    same(large, lk.fit("poisson", data, "count ~ x", memory="10kB"))
    weights = data["w"].to_numpy()  # an array has no pieces, and the table is in memory already
    assert lk.fit("poisson", data, "count ~ x", memory="10kB", weights=weights).note == ""


def test_likelihood_and_compare_stream() -> None:
    data = frame()
    pieces = in_pieces(data, 200)
    whole = lk.likelihood("poisson", data, "count ~ x")
    kept = lk.likelihood("poisson", pieces, "count ~ x", engine="stream")
    at = {"rate.Intercept": 0.1, "rate.x": 0.2}
    assert kept.log(at) == whole.log(at)
    families = ["poisson", "negative_binomial"]
    a = lk.compare(families, data, "count ~ x", folds=3)
    b = lk.compare(families, pieces, "count ~ x", folds=3, engine="stream")
    assert str(a) == str(b)


@pytest.mark.parametrize("memory", ["lots", "", "-1GB", "2 parsecs", 0, True, [1], "nan", float("inf")])
def test_amounts_of_memory_that_are_none(memory: Any) -> None:
    with pytest.raises(OptionError, match="memory is a number of bytes or text such as '2GB'"):
        lk.fit("poisson", [1, 2], memory=memory)


def test_an_engine_that_is_none() -> None:
    with pytest.raises(LikelyError, match=r"unknown option 'spark' for engine=. Valid: 'auto', 'memory', 'stream'"):
        lk.fit("poisson", [1, 2], engine="spark")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"weights": np.ones(N)}, "weights was given as an array.*write its values into a column"),
        ({"aliased": "drop"}, "aliased='drop' needs all rows at once"),
        ({"formula": "count ~ 1", "offset": np.ones(N)}, "offset was given as an array"),
        ({"family": lk.ConditionalLogit(strata="firm"), "formula": "died ~ x"}, "rows of a stratum together"),
    ],
)
def test_what_needs_all_rows_at_once(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        lk.fit(**{"family": "poisson", "data": frame(), "formula": "count ~ x", "engine": "stream", **arguments})


def test_the_files_of_rows_have_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So they are gone in whatever way the process ends; TMPDIR says where they lie."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    fit = lk.fit("poisson", frame(), "count ~ x", engine="stream")
    assert fit.likelihood.function.bound.kept
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match=r"cannot be written to .*nowhere.*TMPDIR"):
        lk.fit("poisson", frame(), "count ~ x", engine="stream")


def test_a_folder_that_cannot_hold_the_rows(tmp_path: Any) -> None:
    store = Store(0, tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"bytes so far.*cannot be written to .*nowhere"):
        store.add(0, np.ones(3))


def test_what_a_piece_cannot_have_is_told_of_the_data_and_its_row() -> None:
    """A row in the middle, which no learning looks at, in a piece of the fit's own data."""
    data = {"x": [*np.linspace(1.0, 5.0, 9), -1.0, *np.linspace(1.0, 5.0, 9)], "y": list(range(9)) + [4] + [5] * 9}
    with pytest.raises(DataError, match=r"'np.log\(x\)' is not finite for the data, nan in row 9: is a log"):
        Streamed.of(Asked.of("poisson", "y ~ np.log(x)"), data, rows=8).bound(10**6)
