"""Predictions of any number of rows go to a file piece by piece: whole or not at all, with the same values."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import likely as lk
from likely.errors import DataError, LikelyError, MissingValuesError, OptionError, WriteError

N = 900


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({"x": rng.normal(size=N), "g": rng.choice(list("abc"), N), "t": rng.uniform(0.5, 2, N)})
    frame["y"] = rng.poisson(np.exp(0.2 + 0.3 * frame.x))
    frame["label"] = rng.choice(["no", "yes"], N)
    return frame


@pytest.fixture(scope="module")
def fit(data: pd.DataFrame) -> Any:
    return lk.fit("poisson", data, "y ~ x + C(g)", exposure="t")


@pytest.fixture
def parts(data: pd.DataFrame, tmp_path: Path) -> Path:
    for i in range(3):
        data.iloc[300 * i : 300 * (i + 1)].to_parquet(tmp_path / f"part-{i}.parquet", index=False)
    return tmp_path / "part-*.parquet"


WHAT: list[tuple[str | None, dict[str, Any]]] = [
    (None, {}),
    ("mean", {}),
    ("params", {}),
    ("interval", {"level": 0.9}),
    ("prediction", {}),
    ("quantile", {"q": [0.1, 0.9]}),
    ("prob", {"y": "y"}),
    ("prob", {"y": 0}),
    ("params", {"exposure": 1}),
]


@pytest.mark.parametrize("ending", ["parquet", "csv"])
@pytest.mark.parametrize(("what", "options"), WHAT)
def test_the_file_holds_the_predictions(
    what: str | None, options: dict[str, Any], ending: str, fit: Any, data: pd.DataFrame, parts: Path, tmp_path: Path
) -> None:
    out = fit.predict(str(parts), what, out=tmp_path / f"scores.{ending}", **options)
    assert out == tmp_path / f"scores.{ending}"
    found = pd.read_parquet(out) if ending == "parquet" else pd.read_csv(out)
    wanted = fit.predict(data, what, **options)
    wanted = wanted.to_frame(what or "mean") if isinstance(wanted, pd.Series) else wanted
    assert list(found) == list(wanted)
    np.testing.assert_allclose(found.to_numpy(), wanted.to_numpy(), rtol=1e-12)
    assert not list(tmp_path.glob(".likely*"))


def test_own_rows_residuals_and_surprise(fit: Any, data: pd.DataFrame, tmp_path: Path) -> None:
    found = pd.read_parquet(fit.predict(out=tmp_path / "own.parquet"))
    np.testing.assert_array_equal(found["mean"], fit.predict())
    found = pd.read_csv(fit.predict(what="prob", out=tmp_path / "own.csv"))
    np.testing.assert_allclose(found["prob"], fit.predict(what="prob"), rtol=1e-12)
    found = pd.read_parquet(fit.residuals("pearson", out=tmp_path / "residuals.parquet"))
    np.testing.assert_array_equal(found["residual"], fit.residuals("pearson"))
    found = pd.read_parquet(fit.surprise(True, out=tmp_path / "surprise.parquet"))
    assert list(found) == ["surprise", "expected", "tail"]
    np.testing.assert_array_equal(found["tail"], fit.surprise(True)["tail"])


def test_labels_and_levels_that_the_fit_has_not_seen(data: pd.DataFrame, tmp_path: Path) -> None:
    fit = lk.fit("categorical", data, "label ~ x + C(g)")
    new = [data.iloc[:10], data.iloc[10:20].assign(g=["d", *["a"] * 9])]
    out = fit.predict(new, "class", unseen="missing", out=tmp_path / "labels.parquet")
    found = pd.read_parquet(out)["class"]
    assert found.isna().tolist() == [i == 10 for i in range(20)]
    assert set(found.dropna()) <= {"no", "yes"}


def test_errors_name_the_file_and_leave_what_was_there(
    fit: Any, data: pd.DataFrame, parts: Path, tmp_path: Path
) -> None:
    out = tmp_path / "scores.csv"
    out.write_text("old")
    data.iloc[600:].assign(x=[np.nan, *[0.0] * 299]).to_parquet(tmp_path / "part-2.parquet", index=False)
    with pytest.raises(
        MissingValuesError, match=r"in .*part-2\.parquet: 1 of 300 rows of the new data have missing values"
    ):
        fit.predict(str(parts), out=out)
    data.iloc[600:].drop(columns="x").to_parquet(tmp_path / "part-2.parquet", index=False)
    with pytest.raises(LikelyError, match=r"part-2\.parquet has no 'x'"):
        fit.predict(str(parts), out=out)
    whole = (tmp_path / "part-1.parquet").read_bytes()
    (tmp_path / "part-1.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"cannot read .*part-1\.parquet"):
        fit.predict(str(parts), out=out)
    assert out.read_text() == "old"
    assert not list(tmp_path.glob(".likely*"))


def test_what_a_piece_cannot_have(fit: Any, data: pd.DataFrame, tmp_path: Path) -> None:
    out = tmp_path / "scores.csv"
    with pytest.raises(OptionError, match="simultaneous limits hold for all rows together"):
        fit.predict(data, "interval", simultaneous=True, out=out)
    with pytest.raises(OptionError, match="method='calibrated' simulates and refits"):
        fit.predict(data, "prediction", method="calibrated", out=out)
    with pytest.raises(OptionError, match="y was given as an array"):
        fit.predict(data, "prob", y=data["y"], out=out)
    with pytest.raises(OptionError, match=r"a file of predictions is written as \.parquet or \.csv"):
        fit.predict(data, out=tmp_path / "scores.xlsx")
    with pytest.raises(DataError, match="can be read once only"):
        fit.predict(iter([data]), out=out)
    with pytest.raises(DataError, match="there is nothing to predict"):
        fit.predict([data.iloc[:0]], out=out)
    assert not out.exists()


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="the limit of a file's size is that of POSIX")
@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_a_full_disk(fit: Any, data: pd.DataFrame, ending: str, tmp_path: Path) -> None:
    """The limit on the size of files stands for the full disk: the same errors, at the same calls."""
    handler, limits = signal.signal(signal.SIGXFSZ, signal.SIG_IGN), resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, limits[1]))
        with pytest.raises(WriteError, match=r"cannot write .*scores"):
            fit.predict(data, "interval", out=tmp_path / f"scores.{ending}")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert os.listdir(tmp_path) == []


# -- data that come in pieces and are no good ------------------------------------------------------------------


def test_a_disk_that_cannot_hold_the_rows_of_a_fit(data: pd.DataFrame) -> None:
    handler, limits = signal.signal(signal.SIGXFSZ, signal.SIG_IGN), resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, limits[1]))
        with pytest.raises(DataError, match=r"the rows need .* so far.*cannot be written to .*set TMPDIR"):
            lk.fit("poisson", data, "y ~ x + C(g)", engine="stream")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)


def test_files_that_change_or_vanish_after_the_fit(data: pd.DataFrame, parts: Path, tmp_path: Path) -> None:
    kept = lk.fit("poisson", str(parts), "y ~ x", engine="stream")
    assert kept.with_cov("HC0").stderr  # the rows are kept
    data.iloc[:10].to_parquet(tmp_path / "part-2.parquet", index=False)
    with pytest.raises(DataError, match=r"part-2\.parquet' has changed since it was first read"):
        kept.with_cov("cluster", cluster="g")
    (tmp_path / "part-2.parquet").unlink()
    with pytest.raises(DataError, match=r"part-2\.parquet' is no longer there"):
        kept.with_cov("cluster", cluster="g")


def test_a_piece_of_missing_values_and_levels_in_the_last_file(data: pd.DataFrame, tmp_path: Path) -> None:
    pieces = [data.iloc[:300], data.iloc[300:600].assign(x=np.nan), data.iloc[600:].assign(g=["z", *data.g[601:]])]
    whole = pd.concat(pieces)
    with pytest.warns(UserWarning, match="300 of 900 rows"):
        a = lk.fit("poisson", whole, "y ~ x + C(g)", missing="drop")
    with pytest.warns(UserWarning, match="300 of 900 rows"):
        b = lk.fit("poisson", pieces, "y ~ x + C(g)", missing="drop", engine="stream")
    assert a.coef == b.coef
    assert any("z" in name for name in b.coef)
    assert b.estimates.account == a.estimates.account


def test_iterators_that_are_gone_through_once(data: pd.DataFrame) -> None:
    def again() -> Iterator[pd.DataFrame]:
        return made

    made = iter([data, data])
    for engine in ("auto", "memory"):
        with pytest.raises(DataError, match="gives tables, and can be gone through once only: pass a function"):
            lk.fit("poisson", iter([data]), "y ~ x", engine=engine)
    with pytest.raises(DataError, match="can be read once only"):
        lk.fit("poisson", iter([data]), "y ~ x", engine="stream")
    with pytest.raises(DataError, match="returned the same iterator twice"):
        lk.fit("poisson", again, "y ~ x")


def test_pieces_whose_columns_differ(data: pd.DataFrame) -> None:
    with pytest.raises(DataError, match=r"x holds numbers in table 0 and text in table 1"):
        lk.fit("poisson", [data.iloc[:9], data.iloc[9:].assign(x="low")], "y ~ x", engine="stream")
    with pytest.raises(LikelyError, match=r"in table 1: .*row 4"):
        lk.fit("poisson", [data.iloc[:9], data.iloc[9:18].assign(y=[0, 0, 0, 0, -1, 0, 0, 0, 0])], "y ~ x")
