"""Fits: closed forms, Newton, L-BFGS; formulas, offsets, weights, levels, missing values."""

import math

import numpy as np
import pytest
from scipy import stats

import likely as lk
from likely.errors import DataError, DesignError, DroppedRowsWarning, MissingValuesError, OptionError, UnknownNameError

rng = np.random.default_rng(7)
N = 400
DATA = {
    "x": rng.normal(size=N),
    "z": rng.uniform(1, 3, N),
    "g": rng.choice(["a", "b", "c"], N),
    "times": rng.integers(1, 4, N),
}
DATA["y"] = 1 + 2 * DATA["x"] + rng.normal(size=N)
DATA["count"] = rng.poisson(np.exp(0.3 + 0.5 * DATA["x"]) * DATA["z"])
DATA["hit"] = (rng.uniform(size=N) < 1 / (1 + np.exp(-DATA["x"]))).astype(int)


def test_default_rate():
    fit = lk.fit(lk.Bernoulli(), [1] * 12 + [0] * 388)
    assert fit.coef == {"p": 0.03}
    assert fit.stderr["p"] == pytest.approx(math.sqrt(0.03 * 0.97 / 400), rel=1e-12)
    assert fit.converged
    assert fit.status == "converged"
    assert fit.outcome.solver == "closed form"


def test_criteria_count_every_parameter():
    fit = lk.fit("normal", DATA, "y ~ x")
    assert fit.k == 3  # two coefficients and the sd
    assert fit.aic == pytest.approx(2 * 3 - 2 * fit.loglik)
    assert fit.bic == pytest.approx(3 * math.log(N) - 2 * fit.loglik)
    assert fit.aicc == pytest.approx(fit.aic + 2 * 3 * 4 / (N - 4))
    assert lk.fit("categorical", DATA["g"]).k == 2
    assert lk.fit("uniform", DATA["y"]).k == 2


def test_least_squares_is_the_normal_fit():
    fit = lk.fit("normal", DATA, "y ~ x + z")
    X = np.column_stack([np.ones(N), DATA["x"], DATA["z"]])
    beta, rss = np.linalg.lstsq(X, DATA["y"])[:2]
    assert list(fit.coef.values())[:3] == pytest.approx(beta, rel=1e-10)
    assert fit.coef["sd"] == pytest.approx(math.sqrt(rss[0] / N), rel=1e-12)
    newton = lk.fit("normal", DATA, "y ~ x + z", solver="newton")
    assert newton.outcome.solver == "newton"
    assert newton.loglik == pytest.approx(fit.loglik, rel=1e-12)
    np.testing.assert_allclose(newton.cov, fit.cov, rtol=1e-6, atol=1e-9)


def test_known_standard_errors_weight_by_inverse_variance():
    trials = {"effect": [0.3, 0.1, 0.5, -0.2], "se": [0.1, 0.2, 0.4, 0.3]}
    w = 1 / np.square(trials["se"])
    for formula in ("effect ~ 1", "effect"):
        fit = lk.fit(lk.Normal(sd="se"), trials, formula)
        assert fit.coef["mean"] == pytest.approx(np.dot(w, trials["effect"]) / w.sum(), rel=1e-12)
        assert fit.stderr["mean"] == pytest.approx(1 / math.sqrt(w.sum()), rel=1e-10)
    with_x = lk.fit(lk.Normal(sd="se"), {**trials, "x": [0, 1, 2, 3]}, "effect ~ x")
    X = np.column_stack([np.ones(4), np.arange(4)])
    expected = np.linalg.solve((X.T * w) @ X, (X.T * w) @ trials["effect"])
    assert list(with_x.coef.values()) == pytest.approx(expected, rel=1e-10)


def test_a_formula_for_every_parameter():
    fit = lk.fit("normal", DATA, "y ~ x", sd="~ z")
    assert list(fit.coef) == ["mean.Intercept", "mean.x", "sd.Intercept", "sd.z"]
    loglik = stats.norm(
        fit.coef["mean.Intercept"] + fit.coef["mean.x"] * DATA["x"],
        np.exp(fit.coef["sd.Intercept"] + fit.coef["sd.z"] * DATA["z"]),
    ).logpdf(DATA["y"])
    assert fit.loglik == pytest.approx(loglik.sum(), rel=1e-12)
    without_right_side = lk.fit("normal", DATA, "y ~ x", sd="z")
    assert without_right_side.loglik == pytest.approx(fit.loglik, rel=1e-12)


def test_offsets_three_ways():
    in_formula = lk.fit("poisson", DATA, "count ~ x + offset(log(z))")
    by_expression = lk.fit("poisson", DATA, "count ~ x", offset="log(z)")
    by_array = lk.fit("poisson", DATA, "count ~ x", offset=np.log(DATA["z"]))
    by_parameter = lk.fit("poisson", DATA, "count ~ x", offset={"rate": "log(z)"})
    for fit in (by_expression, by_array, by_parameter):
        assert fit.coef == pytest.approx(in_formula.coef, rel=1e-10)
    assert in_formula.coef["rate.x"] == pytest.approx(0.5, abs=4 * in_formula.stderr["rate.x"])
    only = lk.fit("poisson", DATA, "count ~ 1", offset="log(z)")
    assert only.coef["rate.Intercept"] == pytest.approx(math.log(sum(DATA["count"]) / sum(DATA["z"])), rel=1e-9)


def test_matrix_is_used_as_it_stands():
    X = np.column_stack([np.ones(N), DATA["x"]])
    by_matrix, by_formula = lk.fit("bernoulli", DATA["hit"], X), lk.fit("bernoulli", DATA, "hit ~ x")
    assert list(by_matrix.coef) == ["p.x1", "p.x2"]
    assert list(by_matrix.coef.values()) == pytest.approx(list(by_formula.coef.values()), abs=1e-9)


def test_levels_and_interactions():
    fit = lk.fit("bernoulli", DATA, "hit ~ x * g")
    assert [n for n in fit.coef if "T.b" in n] == ["p.g[T.b]", "p.x:g[T.b]"]
    assert fit.k == 6


def test_categorical_is_multinomial_logit():
    fit = lk.fit("categorical", DATA, "g ~ x")
    assert list(fit.coef) == ["p[b].Intercept", "p[b].x", "p[c].Intercept", "p[c].x"]
    eta = np.column_stack(
        [np.zeros(N)] + [fit.coef[f"p[{k}].Intercept"] + fit.coef[f"p[{k}].x"] * DATA["x"] for k in "bc"]
    )
    p = np.exp(eta) / np.exp(eta).sum(axis=1, keepdims=True)
    codes = np.searchsorted(["a", "b", "c"], DATA["g"])
    assert fit.loglik == pytest.approx(np.log(p[np.arange(N), codes]).sum(), rel=1e-12)
    assert fit.outcome.point.score == pytest.approx(np.zeros(4), abs=1e-6)


def test_weights_are_frequencies():
    by_weights = lk.fit("gamma", np.abs(DATA["y"]) + 0.1, weights=DATA["times"])
    by_rows = lk.fit("gamma", np.repeat(np.abs(DATA["y"]) + 0.1, DATA["times"]))
    assert by_weights.n == by_rows.n == DATA["times"].sum()
    assert by_weights.loglik == pytest.approx(by_rows.loglik, rel=1e-11)
    zeros = np.where(DATA["x"] > 0, DATA["times"], 0)
    with_zeros = lk.fit("normal", DATA, "y ~ x", weights=zeros)
    kept = {k: v[zeros > 0] for k, v in DATA.items()}
    without = lk.fit("normal", kept, "y ~ x", weights=zeros[zeros > 0])
    assert with_zeros.coef == pytest.approx(without.coef, rel=1e-9)
    assert with_zeros.loglik == pytest.approx(without.loglik, rel=1e-11)


def test_start_and_solver():
    a = lk.fit("student_t", DATA["y"], start={"df": 3.0, "scale": 2.0})
    b = lk.fit("student_t", DATA["y"], solver="lbfgs", on_failure="return")
    c = lk.fit("student_t", DATA["y"])
    assert a.loglik == pytest.approx(c.loglik, abs=1e-7)
    assert b.loglik == pytest.approx(c.loglik, abs=1e-5)
    with pytest.raises(UnknownNameError, match="start="):
        lk.fit("student_t", DATA["y"], start={"nu": 3})
    with pytest.raises(UnknownNameError, match="newton"):
        lk.fit("normal", DATA["y"], solver="bfgs")
    with pytest.raises(UnknownNameError, match="closed form"):
        lk.fit("student_t", DATA["y"], solver="closed form")


def test_missing_values_are_an_error_unless_dropped():
    data = {"y": [1.0, 2.0, np.nan, 4.0, 5.0], "x": [1.0, None, 3.0, 5.0, 4.0]}
    with pytest.raises(MissingValuesError, match=r"2 of 5 rows.*y: 1, x: 1.*missing='drop'"):
        lk.fit("normal", data, "y ~ x")
    with pytest.warns(DroppedRowsWarning, match="2 of 5 rows"):
        fit = lk.fit("normal", data, "y ~ x", missing="drop")
    assert fit.n == 3
    only_used = lk.fit("normal", {**data, "y": [1.0, 2, 3, 4, 5.5]}, "y ~ 1")
    assert only_used.n == 5
    with pytest.raises(UnknownNameError, match="'drop'"):
        lk.fit("normal", data, "y ~ x", missing="omit")


@pytest.mark.parametrize(
    ("formula", "error", "says"),
    [
        ("y ~ w", UnknownNameError, "unknown column 'w'"),
        ("y ~ X", UnknownNameError, "did you mean 'x'"),
        ("y ~ x +", DesignError, "cannot read"),
        ("y ~ x ~ z", DesignError, "one '~'"),
        ("y ~", DesignError, "y ~ 1"),
        ("~ x", OptionError, "names no response"),
        ("cbind(hit, count) ~ x", OptionError, "Binomial"),
        ("y ~ log(x)", DataError, "not finite"),
        ("y ~ nosuch(x)", UnknownNameError, "nosuch"),
        ("y ~ log(g)", DataError, "must hold numbers; it holds text"),
        ("y ~ x + I(3 * x)", DesignError, "linearly dependent"),
        ("y ~ 0", OptionError, "no terms"),
        ("g ~ x", DataError, "text"),
    ],
)
def test_formula_mistakes(formula, error, says):
    with pytest.raises(error, match=says):
        lk.fit("normal", DATA, formula)


def test_more_mistakes():
    with pytest.raises(UnknownNameError, match="'mean', 'sd'"):
        lk.fit("normal", DATA, "y ~ x", scale="~ z")
    with pytest.raises(OptionError, match="known"):
        lk.fit(lk.Normal(sd=1), DATA, "y ~ x", sd="~ z")
    with pytest.raises(OptionError, match="two formulas"):
        lk.fit("normal", DATA, "y ~ x", mean="~ z")
    with pytest.raises(OptionError, match="takes no formula"):
        lk.fit("uniform", DATA, "y ~ x")
    with pytest.raises(UnknownNameError, match="link"):
        lk.fit("bernoulli", DATA, "hit ~ x", link="logitt")
    with pytest.raises(UnknownNameError, match="on_failure"):
        lk.fit("normal", DATA, "y ~ x", on_failure="ignore")
    with pytest.raises(OptionError, match=r"7 columns.*x ~ 1"):
        lk.fit("normal", DATA)
