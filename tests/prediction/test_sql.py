"""A prediction as SQL gives in a database what fit.predict gives."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import likely as lk
from likely.errors import FitError, OptionError, UnknownNameError

duckdb = pytest.importorskip("duckdb")
DIALECTS = ("duckdb", "sqlite")
AWKWARD = ["it's", "x\\y", '"z"', "'; DROP TABLE t; --", "a`b", "ä"]  # levels
COLUMNS = ['a "b" c', "d`e", "'; DROP TABLE t; --", "1.5", "select"]


def frame(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x, z = rng.normal(size=n), rng.uniform(1.0, 3.0, size=n)
    z[:2] = 1.0, 3.0  # the same ends, so that splines know all values
    mean = np.exp(0.3 * x + 0.2 * z)
    out = pd.DataFrame(
        {
            "x": x,
            "z": z,
            "g": rng.choice(list("abc"), n),
            "h": rng.choice([1, 2, 3], n),
            "b": rng.random(n) < 0.5,
            "t": rng.uniform(0.5, 3.0, size=n),
            "s": rng.choice(AWKWARD, n),
            "count": rng.poisson(mean),
            "yes": (rng.random(n) < 1.0 / (1.0 + np.exp(-x))).astype(int),
            "size": rng.gamma(2.0, mean / 2.0),
            "share": rng.beta(2.0, 3.0, n),
            "n": rng.integers(5, 20, n),
            "label": rng.choice(["u", "v", "w", "it's"], n),
            "grade": pd.Categorical(rng.choice(["lo", "mid", "hi"], n), ["lo", "mid", "hi"], ordered=True),
        }
    )
    out["k"] = rng.binomial(out["n"], 0.4)
    return out.assign(**dict(zip(COLUMNS, rng.normal(size=(len(COLUMNS), n)), strict=True)))


OLD, NEW = frame(600, 1), frame(200, 2)


def evaluated(dialect: str, text: str, new: pd.DataFrame) -> np.ndarray:
    """The expression for each row of a table of the database, NaN for NULL."""
    columns = [name for name in new if isinstance(name, str)]
    records = [
        [None if pd.isna(value) else getattr(value, "item", lambda v=value: v)() for value in row]
        for row in new[columns].itertuples(index=False)
    ]
    if dialect == "duckdb":
        kinds = {"f": "DOUBLE", "i": "INTEGER", "b": "BOOLEAN"}
        connection = duckdb.connect()
        names = [f'"{name}"'.replace('"' + name, '"' + name.replace('"', '""')) for name in columns]
        declared = [f"{a} {kinds.get(new[b].dtype.kind, 'VARCHAR')}" for a, b in zip(names, columns, strict=True)]
    else:
        connection = sqlite3.connect(":memory:")
        declared = names = ["`" + name.replace("`", "``") + "`" for name in columns]
    connection.execute(f"CREATE TABLE t (row_ INTEGER, {', '.join(declared)})")
    marks = ", ".join("?" * (len(columns) + 1))
    connection.executemany(f"INSERT INTO t VALUES ({marks})", [[i, *row] for i, row in enumerate(records)])
    rows = connection.execute(f"SELECT {text} FROM t ORDER BY row_").fetchall()
    connection.close()
    return np.array([np.nan if row[0] is None else row[0] for row in rows], dtype=float)


def compare(fit: lk.Fit, new: pd.DataFrame = NEW, what: str | None = None, expected: Any = None, **given: Any) -> None:
    expected = fit.predict(new, what) if expected is None else expected
    for dialect in DIALECTS:
        found = evaluated(dialect, fit.to_sql(dialect, what, table="t", **given), new)
        np.testing.assert_allclose(found, np.asarray(expected, dtype=float), rtol=1e-12, atol=0, err_msg=dialect)


@pytest.mark.parametrize(
    "formula",
    [
        "count ~ x",
        "count ~ x*g + z:t + b:x",
        "count ~ C(h) + C(b) + C(g, Treatment('b'))",
        "count ~ C(h, contr.sum):z + C(g, contr.helmert)*C(h) + C(s, contr.poly)",
        "count ~ (x + z + g)**3 - 1",
        "count ~ bs(z, df=4)*g + x:bs(z, df=5)",
        "count ~ bs(z, df=6, degree=2, extrapolation='extend') + poly(x, 3, raw=True)",
        "count ~ bs(log(z), df=4, extrapolation='clip') + bs(x, df=4, lower_bound=-9, upper_bound=9)",
        "count ~ cr(z, df=4) + cc(x, df=5)",
        "count ~ poly(x, 5) + center(log(z)) + scale(t) + standardize(exp(x))",
        "count ~ I(x**2) + {x / z - 1} + {z**-1.5} + {-x < z} + {(x < 0) & (g == 'a')} + {~(s != \"it's\")}",
        "count ~ sqrt(z) + np.log(t) + log1p(z) + np.expm1(x) + log2(t) + log10(z) + exp2(x) + abs(x) + np.tanh(x)",
        "count ~ np.where(x > 0, z, 2) + maximum(x, z) + minimum(x, 1) + clip(x, -1, 1) + floor(x) + arctan(x)",
    ],
)
def test_terms(formula: str) -> None:
    compare(lk.fit("poisson", OLD, formula, aliased="drop"))


@pytest.mark.parametrize("link", ["logit", "cloglog", "loglog", "cauchit"])
def test_links_of_probabilities_at_all_distances(link: str) -> None:
    fit = lk.fit("bernoulli", OLD, "yes ~ x + g", link=link)
    far = pd.concat([NEW, NEW[:60].assign(x=np.r_[np.linspace(-300.0, 300.0, 30), np.logspace(-9, 1.5, 30)])])
    expected = np.asarray(fit.predict(far), dtype=float)
    for dialect in DIALECTS:
        found = evaluated(dialect, fit.to_sql(dialect), far)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("link", ["log", "softplus", "inverse", "inverse_squared", "sqrt", "identity", "power(0.3)"])
def test_links_of_positive_numbers(link: str) -> None:
    compare(lk.fit("gamma", OLD, "size ~ z", link=link))


@pytest.mark.parametrize(
    ("family", "formulas"),
    [
        (lk.Normal(), {"sd": "~ z"}),
        (lk.LogNormal(), {"sigma": "~ z"}),
        (lk.Weibull(), {}),
        (lk.LogLogistic(), {"shape": "~ z"}),
        (lk.Gumbel(), {"scale": "~ x"}),
        (lk.SkewNormal(), {}),
        (lk.StudentT(), {}),
        (lk.Exponential(), {}),
        (lk.AsymmetricLaplace(tau=0.3), {}),
        (lk.Pareto(), {}),
    ],
)
def test_means_of_several_parameters(family: lk.Family, formulas: dict[str, str]) -> None:
    fit = lk.fit(family, OLD, "size ~ x + g", **formulas)
    compare(fit)
    if formulas:
        name = next(iter(formulas))
        compare(fit, what=name, expected=fit.predict(NEW, "params")[name])


def test_a_gamma_function_of_the_rows() -> None:
    fit = lk.fit("weibull", OLD, "size ~ x", shape="~ z")
    found = evaluated("duckdb", fit.to_sql("duckdb"), NEW)
    np.testing.assert_allclose(found, fit.predict(NEW), rtol=1e-12)
    with pytest.raises(OptionError, match=r"the mean of size has no SQL in SQLite.*gammaln"):
        fit.to_sql("sqlite")


def test_probabilities_of_levels() -> None:
    fit = lk.fit("categorical", OLD, "label ~ x + g")
    for level, expected in fit.predict(NEW, "prob").items():
        compare(fit, what="prob", expected=expected, y=level)
    ordered = lk.fit("ordinal", OLD, "grade ~ x + g")
    for level, expected in ordered.predict(NEW, "prob").items():
        compare(ordered, what="prob", expected=expected, y=level)
    binary = lk.fit("bernoulli", OLD, "yes ~ x")
    for level, expected in binary.predict(NEW, "prob").items():
        compare(binary, what="prob", expected=expected, y=float(level))
    with pytest.raises(OptionError, match="labels"):
        fit.to_sql("duckdb")
    with pytest.raises(UnknownNameError, match="unknown level 'V'"):
        fit.to_sql("duckdb", "prob", y="V")
    with pytest.raises(OptionError, match="Poisson computes it by functions"):
        lk.fit("poisson", OLD, "count ~ x").to_sql("duckdb", "prob", y=2)


def test_offsets_exposures_and_known_values() -> None:
    compare(lk.fit("poisson", OLD, "count ~ x + offset(log(t)) + offset(z / 2)"))
    fit = lk.fit("poisson", OLD, "count ~ x", exposure="t")
    compare(fit)
    compare(fit, expected=fit.predict(NEW, exposure=2.0), exposure=2)
    compare(fit, expected=fit.predict(NEW, exposure=NEW["z"]), exposure="z")
    trials = lk.fit(lk.Binomial(n="n"), OLD, "k ~ x")
    compare(trials)
    compare(trials, expected=trials.predict(NEW, known={"n": 7}), known={"n": 7})
    with pytest.raises(OptionError, match="given as an array"):
        lk.fit("poisson", OLD, "count ~ x", offset=OLD["t"].to_numpy()).to_sql("duckdb")


def test_names_and_levels_of_any_kind() -> None:
    names = [name for name in COLUMNS if "`" not in name]
    compare(lk.fit("poisson", OLD, "count ~ s + " + " + ".join(f"`{name}`" for name in names)))
    compare(lk.fit("poisson", OLD["count"], OLD[COLUMNS]))
    text = lk.fit("poisson", OLD, "count ~ s").to_sql("postgres")
    assert "E'x\\\\y'" in text
    assert "'''; DROP TABLE t; --'" in text
    with pytest.raises(OptionError, match="code 0"):
        lk.fit("poisson", OLD.assign(s=OLD["s"].replace("ä", "a\0")), "count ~ s").to_sql("sqlite")
    with pytest.raises(OptionError, match="'x' and 'X' are one name in DuckDB"):
        lk.fit("poisson", OLD.assign(X=OLD["z"]), "count ~ x + X").to_sql("duckdb")


def test_a_matrix_of_predictors() -> None:
    fit = lk.fit("poisson", OLD["count"], OLD[["x", "z"]].assign(one=1.0))
    compare(fit, NEW[["x", "z"]].assign(one=1.0))


def test_rows_without_an_answer_are_null() -> None:
    fit = lk.fit("bernoulli", OLD, 'yes ~ log(x + 9) + C(h)*bs(z, df=4) + {s == "it\'s"} + g')
    good = NEW[["x", "h", "z", "s", "g"]][:1]
    bad = pd.concat([good] * 9, ignore_index=True).astype({"h": float})
    for row, (name, value) in enumerate(
        [
            ("x", None),
            ("h", None),
            ("z", None),
            ("s", None),
            ("g", None),
            ("h", 7.0),
            ("g", "d"),
            ("z", 3.5),
            ("x", -9.5),
        ]
    ):
        bad.loc[row, name] = value
    for dialect in DIALECTS:
        found = evaluated(dialect, fit.to_sql(dialect), pd.concat([bad, good]))
        assert np.all(np.isnan(found[:-1]))
        assert np.isclose(found[-1], float(fit.predict(good)[0]), rtol=1e-12)


def test_what_is_no_number_is_null() -> None:
    text = lk.fit("poisson", OLD, "count ~ np.where(x > 0, 1, 2)").to_sql("duckdb")
    connection = duckdb.connect()
    connection.execute("CREATE TABLE t AS SELECT unnest(['nan'::DOUBLE, 'inf'::DOUBLE, '-inf'::DOUBLE]) x")
    assert connection.execute(f"SELECT {text} FROM t").fetchall() == [(None,)] * 3
    lite = sqlite3.connect(":memory:")
    lite.execute("CREATE TABLE t (x TEXT)")
    lite.execute("INSERT INTO t VALUES ('abc'), (''), ('1')")  # texts are not taken for numbers
    expression = lk.fit("poisson", OLD, "count ~ x").to_sql("sqlite")
    assert lite.execute(f"SELECT {expression} FROM t").fetchall() == [(None,)] * 3
    lite.execute("CREATE TABLE other (w REAL)")
    with pytest.raises(sqlite3.OperationalError, match="no such column"):
        lite.execute(f"SELECT {expression} FROM other")


def test_values_outside_the_domain_are_null() -> None:
    fit = lk.fit("gamma", OLD, "size ~ z", link="identity")
    far = NEW[:2].assign(z=[1.5, -100.0])
    for dialect in DIALECTS:
        found = evaluated(dialect, fit.to_sql(dialect), far)
        assert np.isfinite(found[0])
        assert np.isnan(found[1])


def test_rows_of_which_a_fit_knows_nothing_are_null() -> None:
    old = OLD[~((OLD["g"] == "a") & (OLD["h"] == 1))]
    fit = lk.fit("poisson", old, "count ~ C(g)*C(h) + x", aliased="drop")
    unknown = ((NEW["g"] == "a") & (NEW["h"] == 1)).to_numpy()
    for dialect in DIALECTS:
        found = evaluated(dialect, fit.to_sql(dialect), NEW)
        np.testing.assert_array_equal(np.isnan(found), unknown)
        np.testing.assert_allclose(found[~unknown], fit.predict(NEW[~unknown]), rtol=1e-12)


def test_many_levels_and_a_saved_fit(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    old = frame(20_000, 5).assign(u=rng.integers(0, 300, 20_000).astype(str))
    fit = lk.fit("poisson", old, "count ~ x + C(u) + g:z")
    assert fit.estimates.likelihood.model.slots[0].design.coding is not None
    compare(fit, old[:200])
    fit.save(tmp_path / "m.json")
    again = lk.load(tmp_path / "m.json")
    for dialect in (*DIALECTS, "postgres"):
        assert again.to_sql(dialect) == fit.to_sql(dialect)


@pytest.mark.parametrize(
    ("formula", "word"),
    [
        ("count ~ x + np.round(z)", "np.round(z)"),
        ("count ~ poly(x, 12)", "poly(x, 12)"),
        ("count ~ x + {h % 2}", "h % 2"),
        ("count ~ {(x < 0) + (z > 2)}", "(x < 0) + (z > 2)"),  # pandas takes it for "or"
        ("count ~ {-(x < 0)}", "-(x < 0)"),
        ("count ~ center(bs(z, df=4))", "center(bs(z, df=4))"),
        ("count ~ hashed(s, levels=5)", "hashed(s, levels=5)"),
    ],
)
def test_what_has_no_sql_is_named(formula: str, word: str) -> None:
    with pytest.raises(OptionError, match="has no SQL in DuckDB") as caught:
        lk.fit("poisson", OLD, formula, aliased="drop").to_sql("duckdb")
    assert word in str(caught.value)


def test_refusals() -> None:
    fit = lk.fit("bernoulli", OLD, "yes ~ x", link="probit")
    for dialect in DIALECTS:
        with pytest.raises(OptionError, match=r"the mean of yes has no SQL.*'ndtr'"):
            fit.to_sql(dialect)
    assert "erfc(" in fit.to_sql("postgres")
    with pytest.raises(UnknownNameError, match="unknown dialect of SQL 'mysql'"):
        fit.to_sql("mysql")
    with pytest.raises(UnknownNameError, match="unknown quantity 'mu'"):
        fit.to_sql("postgres", "mu")
    with pytest.raises(OptionError, match="y= belongs to what='prob'"):
        fit.to_sql("postgres", y=1)
    with pytest.raises(OptionError, match="the fitted Cauchy has none"):
        lk.fit("cauchy", OLD, "size ~ x").to_sql("duckdb")
    failed = lk.fit("bernoulli", {"y": [0, 0, 1, 1], "x": [1, 2, 3, 4]}, "y ~ x", on_failure="return")
    with pytest.raises(FitError, match="need a converged fit"):
        failed.to_sql("duckdb")
    line = lk.density(lk.Normal(), mean=lambda p, d: p.a * d.x, params={"a": lk.Real(1.0)})
    with pytest.raises(OptionError, match="made of functions"):
        lk.fit(line, {"x": OLD["x"].to_numpy(), "y": OLD["size"].to_numpy()}).to_sql("duckdb")
