"""Formulas: names of any kind, functions, and words for what would silently mean something else."""

import datetime
import decimal

import numpy as np
import pandas as pd
import pytest

import likely as lk
from likely.data import tables
from likely.errors import DataError, DesignError, LikelyError, OptionError, UnknownNameError

rng = np.random.default_rng(11)
N = 60
X = rng.normal(size=N)
Z = rng.uniform(1, 2, N)
Y = 1 + 2 * X - Z + rng.normal(size=N)
G = rng.choice(["a", "b", "c"], N)
B = rng.uniform(size=N) < 0.5
DATA = {"y": Y, "x": X, "z": Z, "g": G, "b": B}
PLAIN = lk.fit("normal", DATA, "y ~ x + z")


def says(error, match, formula, data=None, **more):
    with pytest.raises(error, match=match) as caught:
        lk.fit("normal", DATA if data is None else data, formula, **more)
    text = str(caught.value)
    assert not any(mark in text for mark in ("\x1b", "⧛", "⧚", "ꓹ", "ꓻ", "ꓸ")), text


@pytest.mark.parametrize(
    "name",
    [
        "0",
        "No. of rooms",
        "a ~ b",
        "x.mean",
        "log",
        "C",
        "I",
        "np",
        "bs",
        "class",
        "x|z",
        "Größe (m²)",
        "exp",
        "x²",
        "mean",
    ],
)
def test_awkward_names(name):
    data = {"y": Y, name: X, "z": Z}
    fit = lk.fit("normal", data, f"y ~ `{name}` + z")
    assert list(fit.coef) == ["mean.Intercept", f"mean.{name}", "mean.z", "sd"]
    assert list(fit.coef.values()) == pytest.approx(list(PLAIN.coef.values()))
    assert fit.predict(data) == pytest.approx(PLAIN.predict())
    log = lk.fit("normal", {**data, name: Z}, f"y ~ log(`{name}`)")
    assert log.predict({name: Z}) == pytest.approx(lk.fit("normal", DATA, "y ~ log(z)").predict())
    assert lk.fit("normal", {name: Y, "x": X}, f"`{name}` ~ x").coef == lk.fit("normal", DATA, "y ~ x").coef
    with pytest.raises(UnknownNameError, match="in the new data"):
        fit.predict({"z": Z})


def test_columns_called_by_numbers():
    fit = lk.fit("normal", pd.DataFrame({0: Y, 1: X, 2: Z}), "`0` ~ `1` + `2`")
    assert list(fit.coef.values()) == pytest.approx(list(PLAIN.coef.values()))
    says(DesignError, "rename", "y ~ Intercept", {"y": Y, "Intercept": X})
    assert lk.fit("normal", DATA, "y ~ Q('x') + z").coef == PLAIN.coef


def test_names_with_dots():
    data = {"stack.loss": Y, "Air.Flow": X, "x.mean": Z}
    fit = lk.fit("normal", data, "stack.loss ~ Air.Flow + x.mean")
    assert list(fit.coef) == ["mean.Intercept", "mean.Air.Flow", "mean.x.mean", "sd"]
    assert fit.predict(data) == pytest.approx(PLAIN.predict())


def test_small_integers_do_not_overflow():
    x = (rng.integers(-100, 100, N)).astype(np.int8)
    for power in ("I(x**2)", "I(x**-2.0)", "I(x * x)"):
        whole = np.where(x == 0, 1, x).astype(np.int8)
        small = lk.fit("normal", {"y": Y, "x": whole}, f"y ~ {power}")
        exact = lk.fit("normal", {"y": Y, "x": whole.astype(float)}, f"y ~ {power}")
        assert small.coef == exact.coef
    lk.fit("normal", {"y": Y, "x": np.arange(1, N + 1)}, "y ~ I(x**-1)")
    both = lk.fit("normal", {"y": Y, "a": B, "b": ~B, "c": np.roll(B, 3)}, "y ~ I(a + c)")
    assert both.likelihood.function.bound.data.matrix(both.likelihood.model.slots[0])[:, 1].max() == 2.0  # not "or"


@pytest.mark.parametrize("formula", ["y ~ I(x^2)", "y ~ {x^2}", "y ~ x**2", "y ~ x^2", "y ~ log(z)**2"])
def test_powers(formula):
    says(DesignError, r"\*\*", formula)


@pytest.mark.parametrize(
    "formula",
    ["y ~ I(x - x.mean())", "y ~ I(x - np.mean(x))", "y ~ I(x - mean(x))", "y ~ {x / sum(x)}", "y ~ {np.add.reduce(x)}",
     "y ~ lag(x)"],
)  # fmt: skip
def test_values_of_whole_columns_are_refused(formula):
    says(DesignError, "center", formula)


def test_functions():
    for text, value in {
        "sqrt(z)": np.sqrt(Z),
        "abs(x)": abs(X),
        "log1p(z)": np.log1p(Z),
        "floor(x)": np.floor(X),
        "np.where(x > 0, x, 0)": np.where(X > 0, X, 0),
        "np.sin(x)": np.sin(X),
    }.items():
        fit = lk.fit("normal", DATA, f"y ~ {text}")
        assert fit.likelihood.function.bound.data.matrix(fit.likelihood.model.slots[0])[:, 1] == pytest.approx(value)
        assert fit.predict(DATA) == pytest.approx(fit.predict())
    says(UnknownNameError, "unknown function 'sqrrt'.*did you mean 'sqrt'", "y ~ sqrrt(x)")
    says(UnknownNameError, r"C\(g\)", "y ~ factor(g)")
    says(UnknownNameError, r"C\(g\)", "y ~ as.factor(g)")
    says(UnknownNameError, "NumPy has no function", "y ~ np.sqrrt(x)")
    says(LikelyError, "__import__", "y ~ {__import__('os').system('true')}")


def test_signs():
    says(DesignError, "random effects", "y ~ x|z")
    says(DesignError, "random effects", "y ~ x + (1|g)")
    says(DesignError, r"\{x == 1\}", "y ~ g == 'a'")
    says(DesignError, "not closed", "y ~ (x")
    says(DesignError, "closes nothing", "y ~ x)")
    says(DesignError, "backtick", "y ~ `x")
    says(DesignError, "cannot read", "y ~ x +")
    says(DesignError, "cannot read", "y ~ x, z")
    says(DesignError, "added, not taken away", "y ~ x - offset(z)")
    says(DesignError, "picks rows", "y ~ x[0]")
    says(DesignError, "join conditions", "y ~ {b & (x > 1)}")
    says(DesignError, "by itself", "y ~ x * offset(z)")
    says(DesignError, "one level only", "y ~ k", {**DATA, "k": ["u"] * N})
    says(DesignError, "one level only", "y ~ x + C(k)", {**DATA, "k": [1] * N})


def test_left_sides_are_arithmetic():
    hit = {**DATA, "k": rng.integers(0, 2, N)}
    assert lk.fit("bernoulli", hit, "k == 1 ~ x").coef == lk.fit("bernoulli", hit, "k ~ x").coef
    assert lk.fit("bernoulli", hit, "{k == 1} ~ x").coef == lk.fit("bernoulli", hit, "k ~ x").coef
    shifted = lk.fit("normal", DATA, "y - 1 ~ x + z").coef
    assert shifted["mean.Intercept"] == pytest.approx(PLAIN.coef["mean.Intercept"] - 1)
    gap = {**DATA, "k": [None, *map(float, hit["k"][1:])]}
    with pytest.raises(lk.errors.MissingValuesError):  # neither true nor false
        lk.fit("bernoulli", gap, "k == 1 ~ x")
    says(LikelyError, "cannot", "y +* 2 ~ x")


def test_logarithms_of_negative_responses_are_not_missing():
    for missing in ("error", "drop"):
        says(DataError, r"not finite: a logarithm .* row \d", "log(y) ~ x", missing=missing)
    data = {"y": [1.0, None, 3.0, 4.0], "x": [0.0, 1.0, 2.0, 4.0]}
    with pytest.warns(lk.errors.DroppedRowsWarning, match="1 of 4"):
        lk.fit("normal", data, "log(y) ~ x", missing="drop")


def test_dot_stands_for_the_other_columns():
    assert lk.fit("normal", {k: DATA[k] for k in "yxz"}, "y ~ .").coef == PLAIN.coef
    assert lk.fit("normal", DATA, "y ~ . - g - b").coef == PLAIN.coef
    more = {"y": Y, "x": X, "w": np.ones(N), "t": Z, "No. 1": Z}
    fit = lk.fit("normal", more, "y ~ . + offset(log(t))", weights="w")
    assert list(fit.coef) == ["mean.Intercept", "mean.x", "mean.No. 1", "sd"]
    assert list(lk.fit("normal", {"y": Y, "x": X}, "log(y + 100) ~ .").coef)[1] == "mean.x"
    says(DesignError, "there are none", "y ~ .", {"y": Y})


def test_what_is_no_formula():
    says(OptionError, r"Normal\(sd=1\.0\)", "y ~ x", sd=1.0)
    says(OptionError, r"y ~ x \+ z", ["x", "z"], DATA["y"])
    says(OptionError, "bytes", b"y ~ x")
    says(OptionError, "found a dict", {"mean": "y ~ x"})


# -- new data ------------------------------------------------------------------------------------------------


def test_levels_keep_their_kind():
    fit = lk.fit("normal", DATA, "y ~ C(b)")
    for new in ([True, False], [1, 0], [1.0, 0.0], np.array([1, 0]), pd.array([True, False], dtype="boolean")):
        got = fit.predict({"b": new})
        assert got == pytest.approx([Y[B].mean(), Y[~B].mean()])
    k = B.astype(int)
    whole = lk.fit("normal", {"y": Y, "k": k}, "y ~ C(k)")
    assert whole.predict({"k": [True, False]}) == pytest.approx([Y[B].mean(), Y[~B].mean()])
    assert whole.predict({"k": ["1", "0"]}) == pytest.approx([Y[B].mean(), Y[~B].mean()])
    with pytest.raises(DataError, match="not seen: 7"):
        whole.predict({"k": [7]})


def test_names_of_coefficients_do_not_depend_on_missing_values():
    gap = lambda values: [None, *list(values)[1:]]  # noqa: E731
    for formula, name in (("y ~ b", "mean.b"), ("y ~ C(b)", "mean.C(b)[T.True]"), ("y ~ C(k)", "mean.C(k)[T.1]")):
        for column in (lambda v: v, gap):
            data = {"y": Y[1:] if column is not gap else Y}
            cut = {k: (v[1:] if column is not gap else column(v)) for k, v in {"b": B, "k": B.astype(int)}.items()}
            if column is gap:
                with pytest.warns(lk.errors.DroppedRowsWarning):
                    fit = lk.fit("normal", {**data, **cut}, formula, missing="drop")
            else:
                fit = lk.fit("normal", {**data, **cut}, formula)
            assert list(fit.coef)[1] == name
            assert len(fit.predict({"b": [True, False], "k": [1, 0]})) == 2


def test_new_data_of_the_wrong_kind():
    fit = lk.fit("normal", DATA, "y ~ log(z) + g")
    with pytest.raises(UnknownNameError, match="'z' in the new data"):
        fit.predict({"g": ["a"]})
    with pytest.raises(DataError, match="z"):
        fit.predict({"z": ["much"], "g": ["a"]})
    with pytest.raises(DataError, match="not finite for the new data"):
        fit.predict({"z": [-1.0], "g": ["a"]})
    with pytest.raises(DataError, match="extrapolation"):
        lk.fit("normal", DATA, "y ~ bs(x, df=4)").predict({"x": [100.0]})
    with pytest.raises(DataError, match="'x'"):
        lk.fit("normal", DATA, "y ~ x").predict({"x": ["a", "b"]})
    with pytest.raises(DataError, match="has not seen"):
        fit.predict({"z": [1.0], "g": [3.5]})


def test_matrices_by_name_or_by_position():
    table = pd.DataFrame({"a": X, "c": Z})
    fit = lk.fit("normal", Y, table)
    assert np.asarray(fit.predict(table[["c", "a"]])) == pytest.approx(np.asarray(fit.predict(table)))
    assert fit.predict(table.to_numpy()) == pytest.approx(np.asarray(fit.predict(table)))
    with pytest.raises(DataError, match="lack 'c'"):
        fit.predict(pd.DataFrame({"a": X, "q": Z}))
    array = lk.fit("normal", Y, table.to_numpy())
    assert array.predict(table.to_numpy()) == pytest.approx(array.predict())
    with pytest.raises(DataError, match="pass an array of 2 columns"):
        array.predict(table)
    with pytest.raises(DataError, match="2 columns"):
        array.predict(np.zeros((4, 3)))


# -- predictors of other kinds -------------------------------------------------------------------------------


def test_kinds_of_predictors():
    exact = lk.fit("normal", DATA, "y ~ x").coef
    decimals = [decimal.Decimal(repr(float(v))) for v in X]
    assert lk.fit("normal", {"y": Y, "x": decimals}, "y ~ x").coef == exact
    sparse = pd.DataFrame({"y": Y, "x": pd.arrays.SparseArray(X)})
    assert lk.fit("normal", sparse, "y ~ x").coef == exact
    days = pd.date_range("2020-01-01", periods=N)
    for dates in (
        days,
        list(days.date),
        days.to_period("D"),
        days.to_numpy(),
        [datetime.datetime(2020, 1, 1)] * N,
        days - days[0],
    ):
        says(DataError, "convert them to a number", "y ~ d", pd.DataFrame({"y": Y, "d": dates}))
        says(DataError, "convert them to a number", "d ~ 1", pd.DataFrame({"y": Y, "d": dates}))
    says(DataError, "list values", "y ~ d", {"y": Y, "d": pd.Series([[1, 2]] * N)})
    says(DataError, "mixes numbers", "y ~ d", {"y": Y, "d": [1, "x"] * (N // 2)})


def test_words_for_what_is_no_number():
    for values, words in (
        (["$10", "12"], r"'\$'"),
        (["10%", "12"], "'%'"),
        (["0,5", "1,25"], "decimal commas"),
        (["yes", "no"], "yes/no"),
        (["1", "2", "?"], r"na=\['\?'\]"),
    ):
        says(DataError, words, "y ~ 1", {"y": values})


@pytest.mark.parametrize("spline", ["cr(x, df=5)", "cs(x, df=5)", "cc(x, df=5)"])
def test_cubic_splines_beside_an_intercept(spline: str) -> None:
    """They are centred, so the intercept is not among their sums; the fit is that of the columns that sum to 1."""
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 6, 300)
    data = {"x": x, "y": np.sin(x) + 0.3 * rng.normal(size=300)}
    fit = lk.fit("normal", data, f"y ~ {spline}")
    assert len(fit.names) == 7
    whole = lk.fit("normal", data, f"y ~ 0 + {spline.replace('df=5', 'df=6, constraints=None')}")
    assert fit.loglik == pytest.approx(whole.loglik, rel=1e-10)
    new = {"x": [0.5, 3.0]}
    np.testing.assert_allclose(fit.predict(new), whole.predict(new), rtol=1e-8)


@pytest.mark.parametrize(
    "right",
    ["x", "x + z", "0 + x", "x*z", "x:z + z", "(x + z + u)**3", "z + x - 1", "`No. of`", "x + `No. of`:z", "x:x"],
)
def test_products_of_numbers_are_what_formulaic_makes(right: str) -> None:
    """Without a data frame: the same columns, names and terms, for the fit and for new data."""
    from likely.data.evaluation import Products, evaluate
    from likely.data.formula import decode, parse, quote
    from likely.data.learn import from_formula
    from likely.data.predictors import as_array, frame_of

    rng = np.random.default_rng(0)
    data = {name: rng.normal(size=20) for name in ("x", "z", "u", "No. of")}
    design, x = from_formula(right, tables.read(data))
    formula = parse(quote(right, list(data)))
    matrix = evaluate(formula, frame_of(data, 20), right)
    assert isinstance(design.spec, Products)
    assert design.names == tuple(decode(str(c)) for c in matrix.columns)
    assert design.terms == tuple((decode(str(t)), tuple(at)) for t, at in matrix.model_spec.term_indices.items())
    assert np.array_equal(x, as_array(matrix))
    new = {name: column[:3] for name, column in data.items()}
    assert np.array_equal(design.apply(tables.read(new)), x[:3])


def test_products_of_anything_else_are_formulaics() -> None:
    from likely.data.evaluation import Products
    from likely.data.learn import from_formula

    data = {"x": [1.0, 2.0, 4.0], "g": ["a", "b", "a"]}
    for right in ("g", "x + g", "x:g", "log(x)", "I(x**2)", "2*x"):
        try:
            design, _ = from_formula(right, tables.read(data))
        except DesignError:
            continue
        assert not isinstance(design.spec, Products)


def test_a_product_beyond_floats_is_refused() -> None:
    with pytest.raises(DataError, match="not finite"):
        lk.fit("normal", {"x": [1e200, 2.0, 3.0], "z": [1e200, 1.0, 2.0], "y": [1.0, 2.0, 2.5]}, "y ~ x:z")
