"""The code of a report fits the same model again; its fingerprint is that of the values."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import likely as lk
from likely.data.fingerprint import fingerprint
from likely.errors import DroppedRowsWarning
from likely.inference.fit_code import Recipe

DATA = pd.DataFrame(
    {
        "y": [1, 2, 3, 1, 2, 3, 2, 2, 1, 3],
        "x": [1.0, 2, 3, 2, 1, 4, 5, 2, 3, 1],
        "z": [True, False] * 5,
        "w": [1, 2] * 5,
        "t": [2.0, 3, 1, 1, 5, 2, 2, 1, 3, 4],
        "firm": list("aabbccddee"),
        "m": [None, 1.0, 2, 3, 4, 2, 3, 1, 1, 2],
        "No. of rooms": [3, 1, 2, 4, 2, 1, 2, 3, 5, 2],
    }
)
FITS: dict[str, Callable[[], lk.Fit]] = {
    "logistic": lambda: lk.fit("bernoulli", lk.datasets.loans(), "default ~ duration + C(housing)"),
    "two formulas": lambda: lk.fit(lk.StudentT(), DATA, "x ~ np.log(w)", scale="~ z", weights="w", offset="w"),
    "known": lambda: lk.fit(lk.Normal(sd="w"), DATA, "x ~ z", cov="HC1"),
    "link": lambda: lk.fit(lk.Poisson(), DATA, "y ~ z + offset(log(t))", link="sqrt"),
    "exposure": lambda: lk.fit(lk.Poisson(), DATA, "y ~ z", exposure="t"),
    "dropped": lambda: lk.fit("gamma", DATA, "y ~ z + m", missing="drop", weights="w", weights_kind="analytic"),
    "column": lambda: lk.fit(lk.Gamma(), DATA, "x"),
    "ridge": lambda: lk.fit(lk.Normal(), DATA, "x ~ z + t", penalty=lk.Ridge(1.0)),
    "bounds": lambda: lk.fit(lk.Normal(), DATA, "x ~ z + t", bounds={"mean.t": (0, None)}),
    "equation": lambda: lk.fit(lk.Normal(), DATA, "x ~ z + t", constraints="mean.t = 1"),
    "clusters": lambda: lk.fit(lk.Normal(), DATA, "x ~ z + t", cluster="firm"),
    "odd name": lambda: lk.fit(lk.Normal(), DATA, "x ~ `No. of rooms`"),
    "labels": lambda: lk.fit("categorical", DATA, "y ~ t"),
    "ordered": lambda: lk.fit(lk.Ordinal([1, 2, 3], link="probit"), DATA, "y ~ t"),
    "sample": lambda: lk.fit("normal", DATA, "x ~ y", weights="w", weights_kind="sampling").with_cov(
        "HC0", correction="none"
    ),
    "aliased": lambda: lk.fit("normal", DATA, "x ~ t + I(2 * t)", aliased="drop"),
    "edges": lambda: lk.fit("uniform", DATA, "x"),
}


@pytest.mark.parametrize("name", FITS)
@pytest.mark.filterwarnings("ignore::likely.errors.DroppedRowsWarning")
def test_the_code_makes_the_same_fit(name: str) -> None:
    fit = FITS[name]()
    recipe = Recipe(fit.estimates)
    assert recipe.complete
    data = lk.datasets.loans() if name == "logistic" else DATA
    space: dict[str, Any] = {"lk": lk, "data": data}
    exec(recipe.code("data"), space)
    assert space["fit"].coef == fit.coef
    assert space["fit"].stderr == fit.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"exposure": "t"}, 'exposure="t"'),
        ({"solver": "lbfgs", "tolerance": 1e-8}, 'solver="lbfgs", tolerance=1e-08'),
        ({"start": {"rate.Intercept": 0.5, "rate.x": 0.0}}, 'start={"rate.Intercept": 0.5, "rate.x": 0.0}'),
        ({"offset": {"rate": "log(t)"}, "missing": "drop"}, 'offset={"rate": "log(t)"}, missing="drop"'),
        ({"weights": "w", "cluster": ["firm", "z"]}, 'weights="w", cluster=["firm", "z"]'),
        ({"progress": False, "on_failure": "return"}, '"y ~ x")'),
    ],
)
def test_the_code_says_what_was_asked(options: dict[str, Any], said: str) -> None:
    fit = lk.fit("poisson", DATA, "y ~ x", **options)
    code = " ".join(Recipe(fit.estimates).code("data").split()).replace(", )", ")")
    assert said in code


def test_a_neighbour_is_searched_from_its_own_start() -> None:
    start = {"mean.Intercept": 1.0, "mean.x": 0.0, "sd": 1.0}
    fit = lk.fit("normal", DATA, "t ~ x", start=start, solver="newton", cov="HC1", sd="~ 1")
    code = Recipe(fit.estimates).code("data", lk.StudentT())
    assert code == 'fit = lk.fit(lk.StudentT(), data, "t ~ x", scale="~ 1", cov="HC1")'


def test_the_columns_are_those_that_were_used() -> None:
    fit = lk.fit(lk.StudentT(), DATA, "x ~ np.log(w)", scale="~ z", weights="t", offset="y")
    assert set(Recipe(fit.estimates).columns) == {"x", "w", "z", "t", "y"}
    assert Recipe(lk.fit(lk.Normal(sd="w"), DATA, "x ~ z", cluster="firm").estimates).columns == ["x", "z", "w", "firm"]


def test_what_is_no_text_is_told_apart() -> None:
    fit = lk.fit("normal", DATA, "x ~ y", weights=np.arange(10.0) + 0.5, weights_kind="importance")
    assert "weights=..." in Recipe(fit.estimates).code("data")
    assert not Recipe(fit.estimates).complete
    matrix = lk.fit("normal", [1.0, 2.0, 5.0, 3.0], np.array([[1.0, 2], [1, 3], [1, 5], [1, 1]]))
    assert Recipe(matrix.estimates).code("data") == "fit = lk.fit(lk.Normal(), data, ...)"
    assert Recipe(lk.fit("gamma", [1.0, 2.0, 4.0]).estimates).code("data") == "fit = lk.fit(lk.Gamma(), data)"


# -- the fingerprint ---------------------------------------------------------------------------------------------


def test_every_library_has_the_same_fingerprint(tmp_path: Path) -> None:
    frame = DATA.astype({"firm": "category"})
    frame.to_csv(tmp_path / "d.csv", index=False)
    frame.to_parquet(tmp_path / "d.parquet")
    kinds = [
        DATA,
        frame,
        pl.from_pandas(DATA),
        pa.Table.from_pandas(DATA),
        duckdb.from_df(DATA),
        {name: DATA[name].tolist() for name in DATA},
        tmp_path / "d.csv",
        tmp_path / "d.parquet",
    ]
    assert len({fingerprint(kind).sha256 for kind in kinds}) == 1


def test_types_of_numbers_do_not_count_but_values_do() -> None:
    base = {"a": [1, 2, 0], "g": ["u", "v", None]}
    same = [{"a": [1.0, 2.0, -0.0], "g": ["u", "v", None]}, {"g": ["u", "v", None], "a": np.array([1, 2, 0], np.int8)}]
    other = [
        {"a": [1, 2, 1e-300], "g": ["u", "v", None]},
        {"a": [1, 2, 0], "g": ["u", None, "v"]},
        {"a": [1, 2, 0], "g": ["v", "u", None]},
        {"a": [1, 2, 0], "h": ["u", "v", None]},
        {"a": [2, 1, 0], "g": ["v", "u", None]},
        {"a": [1, 2, 0], "g": ["u", "w", None]},
    ]
    assert {fingerprint(d).sha256 for d in same} == {fingerprint(base).sha256}
    assert fingerprint(base).sha256 not in {fingerprint(d).sha256 for d in other}
    assert len({fingerprint(d).sha256 for d in other}) == len(other)


def test_only_the_columns_named_count() -> None:
    more = {"a": [1.0, 2.0], "b": [3.0, 4.0]}
    assert fingerprint(more, ["a"]).sha256 == fingerprint({"a": [1.0, 2.0]}).sha256
    assert fingerprint(more, ["a"]).columns == ("a",)


def test_dropped_rows_are_part_of_the_data() -> None:
    with pytest.warns(DroppedRowsWarning):
        fit = lk.fit("normal", DATA, "x ~ m", missing="drop")
    assert fingerprint(fit.likelihood.function.bound.table, Recipe(fit.estimates).columns).rows == 10
