"""Text that says numbers is read with a word or refused with the cells in the way; labels stay labels."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import likely as lk
from likely.data.cells import Cell
from likely.data.reading import Reading
from likely.data.texts import Labels, Texts
from likely.errors import (
    DataError,
    DroppedRowsWarning,
    MissingValuesError,
    OptionError,
    SupportError,
    TextColumnWarning,
)
from likely.inference.fit_code import Recipe

RNG = np.random.default_rng(3)
N = 60
Y = RNG.normal(size=N)


def column(*cells: Any) -> list[Any]:
    return [cells[i % len(cells)] for i in range(N)]


@contextmanager
def told(words: str | None) -> Iterator[None]:
    """Exactly one word of a column of text, or none."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        yield
    assert [str(w.message) for w in seen if words is None or words not in str(w.message)] == []
    assert words is None or len(seen) == 1


def slope(values: Sequence[float], y: Any = Y) -> float:
    """Of least squares."""
    x = np.asarray(values, dtype=float)
    return float(np.cov(x, y)[0, 1] / np.var(x, ddof=1))


READ = {
    "decimals": (["1.5", "2.5", "4"], [1.5, 2.5, 4], "is 1.5"),
    "spaces around": ([" 1.5", "2.5 ", "4"], [1.5, 2.5, 4], "is 1.5"),
    "powers and signs": (["1e2", "+3.5", "-2"], [100, 3.5, -2], "is"),
    "thousands": (["1,000", "12,500.5", "999"], [1000, 12500.5, 999], "commas between thousands"),
    "no-break spaces": (["1\u00a0000", "12\u00a0500", "1\u00a0234\u00a0567"], [1000, 12500, 1234567], "spaces between"),
    "narrow spaces": (["1\u202f000", "2\u202f500", "3"], [1000, 2500, 3], "spaces between thousands"),
    "apostrophes": (["1'000", "2'500", "3"], [1000, 2500, 3], "apostrophes between thousands"),
    "dollars": (["$10", "-$1,250.5", "$-3"], [10, -1250.5, -3], "without the '$'"),
    "euros behind": (["10 €", "12.5€", "-3 €"], [10, 12.5, -3], "without the '€'"),
    "percent": (["10%", "12.5 %", "-3%"], [0.1, 0.125, -0.03], "percentages as fractions"),
    "Unicode minus": (["\u22125", "3", "7"], [-5, 3, 7], "is -5"),
    "lakhs": (["1,23,456", "12,34,567.5", "5,000"], [123456, 1234567.5, 5000], "'1,23,456' is 123456"),
    "accounts": (["(1,250)", "3,000", "(950)"], [-1250, 3000, -950], "parentheses for negative numbers"),
    "minus behind": (["1250-", "3000", "95.5-"], [-1250, 3000, -95.5], "a minus behind negative numbers"),
    "codes of currencies": (["USD 12", "USD -13.5", "USD 20"], [12, -13.5, 20], "without the 'USD'"),
    "codes behind": (["1'200 CHF", "950 CHF", "20.5 CHF"], [1200, 950, 20.5], "without the 'CHF'"),
    "other dollars": (["R$ 12", "R$13.5", "R$20"], [12, 13.5, 20], "without the 'R$'"),
}


@pytest.mark.parametrize("kind", READ)
def test_what_is_plain_is_read_with_a_word(kind: str) -> None:
    cells, values, words = READ[kind]
    data = {"y": Y, "a": column(*cells)}
    with told(words):
        fit = lk.fit("normal", data, "y ~ a")
    assert fit.coef["mean.a"] == pytest.approx(slope(column(*values)), rel=1e-9)
    with told(None):  # new data, as text and as numbers
        expected = fit.predict({"a": values})
        np.testing.assert_allclose(fit.predict({"a": cells}), expected, rtol=1e-12)
        np.testing.assert_allclose(fit.predict(data)[:3], expected, rtol=1e-12)
    with pytest.raises(DataError, match="'cheap', which cannot be read as in the fit"):
        fit.predict({"a": ["cheap"]})
    with told(words):  # as a response
        found = lk.fit("normal", data, "a ~ 1")
    assert found.coef["mean"] == pytest.approx(np.mean(column(*values)), rel=1e-12)


REFUSED = {
    "question marks": (["46", "60.5", "?"], r"stand in the way of numbers: '\?' \(20 times\).*na=\['\?'\]"),
    "hyphens": (["46", "60", "-"], r"na=\['-'\]"),
    "NA": (["46", "60", "NA"], r"na=\['NA'\]"),
    "blank": (["46", "60", ""], r"na=\[''\]"),
    "errors of a spreadsheet": (["46", "60", "#DIV/0!"], "#DIV/0!"),
    "mostly missing": (["46", "60", "?", "?", "?", "?"], r"na=\['\?'\]"),
    "decimal commas": (["0,5", "1,25", "3"], "decimal commas, such as '0,5', '1,25'"),
    "continental": (["1.234,5", "12,25", "3"], "decimal commas"),
    "wrong groups": (["1,00", "2,500", "3"], "decimal commas"),
    "thousands in two ways": (["1'000", "2,500", "3"], "write them alike"),
    "two currencies": (["$10", "€12", "$3"], "'\\$', '€' in different cells"),
    "some percent": (["10%", "12", "3"], "'%' in some cells and no sign in others"),
    "ISO dates": (["2024-01-01", "2024-01-02", "2024-02-01"], "dates or times as text"),
    "datetimes": (["2024-01-01 12:30", "2024-01-02T08:00:00Z", "2024-02-01"], "dates or times as text"),
    "German dates": (["01.12.2024", "31.05.2023", "1.6.2023"], "dates or times as text"),
    "dates with slashes": (["12/31/2024", "1/2/2023", "1/3/2023"], "dates or times as text"),
    "worded dates": (["3 May 2024", "Jan 2024", "May 3, 2024"], "dates or times as text"),
    "times": (["12:30", "08:15:30", "7:05 pm"], "dates or times as text"),
    "no thousands": (["1,234", "0,512", "3,250"], "decimal commas, such as '0,512'"),
    "thousands of dollars": ([f"${k}k" for k in range(1, 9)], r"with the unit '\$' as text"),
    "all in parentheses": ([f"({k}.5)" for k in range(20)], r"stand in the way of numbers: '\(0.5\)'"),
    "about": ([f"~{k}" for k in range(20)], "stand in the way of numbers: '~0'"),
    "units": ([f"{k}kg" for k in range(10, 80, 10)], "with the unit 'kg' as text"),
    "thousands by letters": ([*(f"{k}k" for k in range(1, 9)), "1.5M", "900"], "with the unit 'M' as text"),
    "many whole numbers": ([str(k) for k in range(30)], "30 distinct numbers written as text"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_stands_in_the_way_is_named(kind: str) -> None:
    cells, words = REFUSED[kind]
    data = {"y": Y, "a": column(*cells)}
    with pytest.raises(DataError, match=words) as caught:
        lk.fit("normal", data, "y ~ a")
    assert "C(a)" in str(caught.value)
    with told(None):  # C(a) insists
        fit = lk.fit("normal", data, "y ~ C(a)")
        assert len(fit.coef) == len(set(cells)) + 1
        np.testing.assert_allclose(fit.predict(data), fit.predict(), rtol=1e-12)
    if kind != "many whole numbers":
        with pytest.raises(SupportError, match=words):
            lk.fit("normal", data, "a ~ 1")


@pytest.mark.parametrize(
    "cells",
    [
        ["a", "b", "1", "2"],
        ["01234", "10115", "90210"],
        ["12-B", "13-C", "7-A"],
        ["1st", "2nd", "3rd"],
        ["18-25", "26-40", "65+"],
        ["0", "1", "2+"],
        ["<5", "5", "6", ">6"],
        ["yes", "no"],
        ["True", "False"],
        ["0", "1"],
        ["Jan", "Feb", "May"],
        ["g1", "g2", "g10"],
        ["1_000", "2_000", "3_000"],
        ["Q1 2024", "Q2 2024", "Q3 2024"],
        ["Nan", "Inf", "Ann"],
        ["1.0.1", "1.0.2", "1.1.0"],
        ["1.0", "1.1", "2.0", "2.0.1"],
        ["1 (low)", "2", "3", "4", "5 (high)"],
        ["(030)", "(040)", "(089)"],
        ["(1)", "(2)"],
        ["5-", "6-", "7"],
        [f"{k}th" for k in range(4, 20)],
        ["08:00-12:00", "12:00-16:00"],
        ["USD", "EUR"],
    ],
)
def test_labels_stay_labels(cells: list[str]) -> None:
    data = {"y": Y, "a": column(*cells)}
    with told(None):
        fit = lk.fit("normal", data, "y ~ a")
    assert len(fit.coef) == len(set(cells)) + 1


def test_what_could_be_either_is_told() -> None:
    for cells, words in ((["1", "2", "3"], "whole numbers as text"), (["10mg", "20mg", "5mg"], "quantities as text")):
        data = {"y": Y, "a": column(*cells)}
        with told(words):
            fit = lk.fit("normal", data, "y ~ a")
        with told(None):
            again = lk.fit("normal", data, "y ~ C(a)")
        assert len(fit.coef) == 4
        assert fit.loglik == pytest.approx(again.loglik, rel=1e-12)


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame,
        lambda d: pd.DataFrame(d, dtype="string").assign(y=d["y"]),
        lambda d: pd.DataFrame({k: pd.Series(v, dtype=object if k == "a" else None) for k, v in d.items()}),
        pl.DataFrame,
        pa.table,
        dict,
        lambda d: _duck(d).sql("select * from made"),
    ],
    ids=["pandas", "pandas string", "pandas object", "polars", "pyarrow", "dict", "duckdb"],
)
def test_tables_of_every_kind(table: Any) -> None:
    cells, values = column("$1,000", "$2,500", "$900"), column(1000, 2500, 900)
    with told("without the '$'"):
        fit = lk.fit("normal", table({"y": list(Y), "a": cells}), "y ~ a")
    assert fit.coef["mean.a"] == pytest.approx(slope(values), rel=1e-9)
    with pytest.raises(DataError, match=r"na=\['\?'\]"):
        lk.fit("normal", table({"y": list(Y), "a": column("46", "60", "?")}), "y ~ a")
    with pytest.raises(MissingValuesError, match="a: 20"):
        lk.fit("normal", table({"y": list(Y), "a": column("46", "60", "?")}), "y ~ a", na="?")
    with pytest.warns(lk.errors.DroppedRowsWarning):
        fit = lk.fit("normal", table({"y": list(Y), "a": column("46", "60", " ?")}), "y ~ a", na=["?"], missing="drop")
    kept = np.arange(N) % 3 < 2
    assert fit.coef["mean.a"] == pytest.approx(slope(np.array(column(46, 60, 0))[kept], Y[kept]), rel=1e-9)
    with pytest.raises(MissingValuesError):  # also of new data
        fit.predict(table({"y": [0.0, 0.0], "a": ["46", "?"]}))


def _duck(data: dict[str, Any]) -> Any:
    import duckdb

    con = duckdb.connect()
    con.register("made", pd.DataFrame(data))
    return con


# -- files ---------------------------------------------------------------------------------------------------


def horsepower(odd: str) -> tuple[str, Any, Any]:
    """A file like that of Auto MPG, some of whose cells are no numbers; the values, and which rows are whole."""
    rng = np.random.default_rng(0)
    hp = rng.choice(np.arange(46, 230, 2), 398)
    mpg = 40 - 0.1 * hp + 3 * rng.normal(size=398)
    cells = [f'"{odd}"' if i in (32, 126, 330) else str(v) for i, v in enumerate(hp)]
    text = "mpg,hp\n" + "".join(f"{float(y)!r},{cell}\n" for y, cell in zip(mpg, cells, strict=True))
    return text, (hp, mpg), np.array([i not in (32, 126, 330) for i in range(398)])


@pytest.mark.parametrize("odd", ["?", "-", ".", "missing", "unknown", "<46", "#DIV/0!"])
def test_a_few_cells_of_a_file(odd: str, tmp_path: Any) -> None:
    text, (hp, mpg), whole = horsepower(odd)
    (tmp_path / "auto.csv").write_text(text)
    with pytest.raises(DataError, match=f"stand in the way of numbers: {re.escape(repr(odd))} .3 times"):
        lk.fit("normal", tmp_path / "auto.csv", "mpg ~ hp")
    with pytest.warns(lk.errors.DroppedRowsWarning):
        fit = lk.fit("normal", tmp_path / "auto.csv", "mpg ~ hp", na=[odd], missing="drop")
    assert fit.coef["mean.hp"] == pytest.approx(slope(hp[whole], mpg[whole]), rel=1e-9)
    with pytest.raises(MissingValuesError, match="hp: 3"):
        lk.likelihood("normal", tmp_path / "auto.csv", "mpg ~ hp", na=odd)
    with pytest.warns(lk.errors.DroppedRowsWarning):
        found = lk.compare(["normal", "laplace"], tmp_path / "auto.csv", "mpg ~ hp", na=odd, missing="drop")
    assert all(row.converged for row in found.rows)
    assert lk.suggest(tmp_path / "auto.csv", "hp", folds=None, replicates=0, na=odd).rows[0].fit.n == 395
    assert f'na=["{odd}"]' in Recipe(fit.estimates).code("data")


@pytest.mark.parametrize(
    ("x", "values"),
    [
        (["0,5", "1,25", "3"], [0.5, 1.25, 3]),
        (["1.234,5", "2.500", "0,5"], [1234.5, 2500, 0.5]),
        (["0.5", "1.25", "3"], [0.5, 1.25, 3]),
        (["5", "12", "3"], [5, 12, 3]),
        (["10,5%", "3%", "1%"], [0.105, 0.03, 0.01]),
    ],
)
def test_files_with_semicolons(x: list[str], values: list[float], tmp_path: Any) -> None:
    text = "y;x\n" + "".join(f"{k};{cell}\n" for k, cell in zip(range(N), column(*x), strict=True))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TextColumnWarning)
        fit = lk.fit("normal", io.StringIO(text), "y ~ x")
    assert fit.coef["mean.x"] == pytest.approx(slope(column(*values), np.arange(N)), rel=1e-9)
    new = {"x": values}
    (tmp_path / "new.csv").write_text("z;x\n" + "".join(f"1;{cell}\n" for cell in x))
    np.testing.assert_allclose(fit.predict(tmp_path / "new.csv"), fit.predict(new), rtol=1e-12)


def test_semicolons_and_numbers_that_could_be_two() -> None:
    one = "y;x\n" + "".join(f"{k};{cell}\n" for k, cell in zip(range(N), column("1,234", "2,500"), strict=True))
    with pytest.raises(DataError, match="'1,234', '2,500', which is one number with a decimal point and another"):
        lk.fit("normal", io.StringIO(one), "y ~ x")
    with pytest.raises(DataError, match=r"'1\.234', '2\.500', which is one number"):
        lk.fit("normal", io.StringIO(one.replace(",", ".")), "y ~ x")
    # another column of the file settles it
    comma = "y;x;z\n" + "".join(f"{k};{c};0,{k + 1}\n" for k, c in zip(range(N), column("1.234", "2.500"), strict=True))
    with told("points between thousands"):
        fit = lk.fit("normal", io.StringIO(comma), "y ~ x")
    assert fit.coef["mean.x"] == pytest.approx(slope(column(1234, 2500), np.arange(N)), rel=1e-9)
    point = "y;x;z\n" + "".join(f"{k};{c};0.{k + 1}\n" for k, c in zip(range(N), column("1,234", "2,500"), strict=True))
    with told("commas between thousands"):
        fit = lk.fit("normal", io.StringIO(point), "y ~ x")
    assert fit.coef["mean.x"] == pytest.approx(slope(column(1234, 2500), np.arange(N)), rel=1e-9)


# -- missing values ------------------------------------------------------------------------------------------


def test_markers_of_missing_values() -> None:
    x = np.array(column(1.0, 2.0, -999.0, 7.0))
    kept = x != -999
    for marker in (-999, "-999", ["?", -999.0], {"-999"}):
        with pytest.warns(lk.errors.DroppedRowsWarning):
            fit = lk.fit("normal", pd.DataFrame({"y": Y, "x": x}), "y ~ x", na=marker, missing="drop")
        assert fit.coef["mean.x"] == pytest.approx(slope(x[kept], Y[kept]), rel=1e-9)
    mixed = {"y": Y, "x": column(1, 2, "?", 7)}
    with pytest.raises(DataError, match=r"mixes numbers \(1, 2, 7\) and text \('\?'\).*na=\['\?'\]"):
        lk.fit("normal", mixed, "y ~ x")
    with pytest.warns(lk.errors.DroppedRowsWarning):
        fit = lk.fit("normal", mixed, "y ~ x", na="?", missing="drop")
    assert fit.coef["mean.x"] == pytest.approx(slope(x[kept], Y[kept]), rel=1e-9)
    with pytest.warns(lk.errors.DroppedRowsWarning):  # a level, too
        fit = lk.fit("normal", {"y": Y, "g": column("a", "b", "?")}, "y ~ g", na="?", missing="drop")
    assert list(fit.coef) == ["mean.Intercept", "mean.g[T.b]", "sd"]
    declared = pd.DataFrame({"y": Y, "g": pd.Categorical(column("a", "b", "?"))})
    with pytest.warns(lk.errors.DroppedRowsWarning):
        fit = lk.fit("normal", declared, "y ~ g", na="?", missing="drop")
    assert list(fit.coef) == ["mean.Intercept", "mean.g[T.b]", "sd"]
    with pytest.warns(lk.errors.DroppedRowsWarning):
        fit = lk.fit("categorical", declared, "g ~ 1", na="?", missing="drop")
    assert fit.likelihood.model.levels == ("a", "b")
    for wrong in (True, [None], 3j, {"x": "?"}, [["?"]]):
        with pytest.raises(OptionError, match="na= names the cells"):
            lk.fit("normal", [1.0, 2.0, 4.0], na=wrong)


# -- other parts of a model ----------------------------------------------------------------------------------


def test_weights_offsets_and_arguments_of_functions() -> None:
    k, t = RNG.poisson(3, N), RNG.uniform(1, 5, N).round(2)
    want = lk.fit("poisson", {"k": k, "t": t}, "k ~ log(t)", exposure="t", weights="t", weights_kind="importance")
    data = {"k": k, "t": [f"${v}" for v in t]}
    with told("without the '$'"):
        fit = lk.fit("poisson", data, "k ~ log(t)", exposure="t", weights="t", weights_kind="importance")
    assert list(fit.coef.values()) == pytest.approx(list(want.coef.values()), rel=1e-9)
    np.testing.assert_allclose(fit.predict({"t": ["$2.5"]}), want.predict({"t": [2.5]}), rtol=1e-9)
    with pytest.raises(DataError, match=r"'€2\.5', which cannot be read as in the fit"):
        fit.predict({"t": ["€2.5"]})
    with told(None):  # a comparison with text is one of text
        found = lk.fit("normal", {"y": Y, "g": column("1", "2", "3")}, "y ~ I(g == '1')")
        assert found.predict({"g": ["1", "2"]}) == pytest.approx([Y[::3].mean(), Y[np.arange(N) % 3 > 0].mean()])
    with told("is 1"):
        found = lk.fit("normal", {"y": Y, "g": column("1", "2", "3")}, "y ~ log(g)")
    assert found.coef["mean.log(g)"] == pytest.approx(slope(np.log(column(1, 2, 3))), rel=1e-9)


def test_new_data_in_text_for_a_fit_of_numbers() -> None:
    fit = lk.fit("normal", {"y": Y, "a": column(1.5, 2, 4)}, "y ~ a")
    with told("is 1.5"):
        np.testing.assert_allclose(fit.predict({"a": ["1.5", "4"]}), fit.predict({"a": [1.5, 4]}))
    for cells in (["$1.5", "$4"], ["10%", "20%"]):
        with pytest.raises(DataError, match="the fit used numbers without"):
            fit.predict({"a": cells})
    with pytest.raises(DataError, match="of the new data must hold numbers"):
        fit.predict({"a": ["cheap"]})


def test_numbers_are_not_compared_with_text() -> None:
    data = {"y": Y, "a": column(1, 2, 4), "g": column("a", "b")}
    with pytest.raises(DataError, match="column 'a' holds numbers, and the formula compares it with text"):
        lk.fit("normal", data, "y ~ I(a == '1')")
    fit = lk.fit("normal", data, "y ~ I(g == 'a')")
    with pytest.raises(DataError, match="column 'g' of the new data holds numbers"):
        fit.predict({"g": [1, 2]})
    with pytest.raises(SupportError, match=r"column 'y' must hold numbers, found 'x'\. .* na=\['x'\]"):
        lk.fit("normal", ["1", 2, "x"])
    with told("column 'weights' holds text"):
        lk.fit("normal", data, "y ~ 1", weights=["1.5"] * N)


def test_levels_of_the_fit_in_other_writing() -> None:
    text = lk.fit("normal", {"y": Y, "g": column("1", "2", "4")}, "y ~ C(g)")
    number = lk.fit("normal", {"y": Y, "g": column(1, 2, 4)}, "y ~ C(g)")
    for new in (["1", "4"], [1, 4], [1.0, 4.0], np.array([1, 4]), pl.Series(["1", "4"]), pd.Categorical([1, 4])):
        assert text.predict({"g": new}) == pytest.approx([Y[::3].mean(), Y[2::3].mean()])
        assert number.predict({"g": new}) == pytest.approx([Y[::3].mean(), Y[2::3].mean()])
    with pytest.raises(DataError, match="has not seen: 3"):
        text.predict({"g": [3]})


def test_a_column_is_told_of_once() -> None:
    data = {"y": Y, "a": column("1,000.5", "2,000", "3,500"), "g": column("1", "2", "3", "4")}
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        fits = lk.compare(["normal", "logistic"], data, "y ~ a + g")
        fits["Normal"].fit.report()
        fits["Normal"].fit.score_test("~ . + a:g")
    assert sorted(str(w.message)[:10] for w in seen) == ["column 'a'", "column 'g'"]


def test_candidates_of_an_open_file() -> None:
    text = "y,x\n" + "".join(f"{v},{k % 7}\n" for k, v in enumerate(Y))
    found = lk.compare(["normal", "logistic"], io.StringIO(text), "y ~ x")
    assert {row.fit.n for row in found.rows if row.fit is not None} == {N}


def test_levels_that_a_file_holds_as_text() -> None:
    bins = pd.cut(np.arange(N), [-1, 20, 40, 60])
    fit = lk.fit("normal", pd.DataFrame({"y": Y, "g": bins}), "y ~ g")
    assert fit.predict({"g": ["(20, 40]"]}) == pytest.approx(np.mean(Y[21:41]))
    dates = pd.Categorical(pd.to_datetime("2024-01-30") + pd.to_timedelta(np.arange(N) % 3, "D"))
    fit = lk.fit("normal", pd.DataFrame({"y": Y, "g": dates}), "y ~ g")
    assert fit.predict({"g": ["2024-01-31"]}) == pytest.approx(np.mean(Y[1::3]))
    fit = lk.fit("normal", pd.DataFrame({"y": Y, "g": bins}), "y ~ g")
    with pytest.raises(DataError, match=r"'\(20, 30\]'. It knows \(-1, 20\], \(20, 40\]"):
        fit.predict({"g": ["(20, 30]"]})


# -- the parts -----------------------------------------------------------------------------------------------


def test_parts_of_a_cell() -> None:
    for text, value in {
        "-$1,234.5": -1234.5,
        "1e-3": 1e-3,
        ".5": 0.5,
        "5.": 5.0,
        "\uff11\uff12": 12.0,
        "inf": np.inf,
    }.items():
        found = Cell.of(text)
        assert found is not None
        assert found.number(".") == value
    for text in (
        "",
        " ",
        "a",
        "1 2",
        "1,2,3.4.5",
        "--3",
        "$5€",
        "0x1F",
        "1e",
        "e5",
        "1_000",
        "-5-",
        "(-5)",
        "(5-)",
        "(5",
        "9" * 61,
    ):
        assert Cell.of(text) is None
    assert Texts(("1", "2"), np.array([1, 1])).reading == Reading(example="1")
    assert Texts(("a",), np.array([1])).as_predictor == Labels()


def test_codes_with_leading_zeros_in_a_file_are_labels(tmp_path):
    path = tmp_path / "codes.csv"
    rows = [
        (1.0, "01234", "0.5", "07"),
        (2.0, "10001", "1.5", ""),
        (2.5, "01234", "05.5", "10"),
        (4.0, "10001", "2", "11"),
    ]
    lines = [f"{y + 0.1 * k},{code},{x},{other}" for k, (y, code, x, other) in enumerate(rows * 2)]
    path.write_text("y,zip,x,code\n" + "\n".join(lines) + "\n")
    fit = lk.fit("normal", path, "y ~ zip + x")
    assert list(fit.coef) == ["mean.Intercept", "mean.zip[T.10001]", "mean.x", "sd"]
    with pytest.warns(DroppedRowsWarning):
        with_gaps = lk.fit("normal", path, "y ~ code", missing="drop")
    assert list(with_gaps.coef)[1:3] == ["mean.code[T.10]", "mean.code[T.11]"]
    assert fit.predict(path)[0] == pytest.approx(fit.predict({"zip": ["01234"], "x": [0.5]})[0])
