"""A fit is judged by predictions of rows that it has not seen, and says which rows those were."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import special as sc
from scipy import stats

import likely as lk
from likely.errors import FitError, LikelyError, MissingValuesError, OptionError
from likely.prediction.held_rows import dealt

RNG = np.random.default_rng(33)
N = 120
X = RNG.normal(size=(N, 8))
Y = (RNG.random(N) < sc.expit(X[:, 0])).astype(int)
DATA = {"y": Y, **{f"x{j}": X[:, j] for j in range(8)}}
FORMULA = "y ~ " + " + ".join(f"x{j}" for j in range(8))


@pytest.fixture(scope="module")
def overfitted():
    return lk.fit("bernoulli", DATA, FORMULA)


def test_a_fit_that_learnt_too_much_is_not_vouched_for(overfitted):
    own = overfitted.calibration(folds=None)
    assert own.line.slope == pytest.approx(1.0, abs=1e-5)
    assert own.verdict.startswith("No verdict: on the rows that a fit was made for")
    assert "the fit's own rows" in str(own)
    held = overfitted.calibration()
    assert held.line.slope < 0.85
    assert "held-out predictions: 5 folds" in str(held).replace("\n", " ")
    assert held.to_dict()["judged"] == held.judged.text
    again = overfitted.calibration()
    np.testing.assert_array_equal(held.outcomes.p, again.outcomes.p)
    assert not np.array_equal(held.outcomes.p, overfitted.calibration(seed=1).outcomes.p)


def test_each_row_is_predicted_by_a_fit_without_it():
    y, x = Y[:40], X[:40, 0]
    held = lk.fit("bernoulli", {"y": y, "x": x}, "y ~ x").calibration(folds=40)
    design = sm.add_constant(x)
    for i in range(0, 40, 7):
        rest = np.arange(40) != i
        glm = sm.GLM(y[rest], design[rest], family=sm.families.Binomial()).fit(tol=1e-12)
        assert held.outcomes.p[i] == pytest.approx(sc.expit(design[i] @ glm.params), rel=1e-5)


def test_numbers_are_held_out_too():
    y = X[:, 0] + RNG.normal(size=N)
    fit = lk.fit("normal", {**DATA, "y": y}, FORMULA)
    held, own = fit.calibration(folds=N), fit.calibration(folds=None)
    design = sm.add_constant(X)
    surprise = []
    for i in range(N):
        rest = np.arange(N) != i
        beta = np.linalg.lstsq(design[rest], y[rest], rcond=None)[0]
        sd = np.sqrt(np.mean((y[rest] - design[rest] @ beta) ** 2))
        surprise.append(-stats.norm.logpdf(y[i], design[i] @ beta, sd))
    assert held.log_score == pytest.approx(np.mean(surprise), rel=1e-6)
    assert own.log_score == pytest.approx(-fit.loglik / N, rel=1e-9)
    assert own.log_score < held.log_score
    assert own.verdict.startswith("No verdict")
    assert "Of held-out predictions" in str(held)


def test_labels_are_held_out_and_rare_ones_spread_over_the_folds():
    labels = np.where(np.arange(N) < 10, "rare", np.where(X[:, 1] > 0, "b", "a"))
    data = {"y": labels, "x": X[:, 0]}
    fit = lk.fit("categorical", data, "y ~ x")
    fold_of, _ = dealt(fit.likelihood.function.bound, 5, None, 0, even=True)
    assert np.bincount(fold_of[labels == "rare"]).tolist() == [2] * 5
    assert np.bincount(fold_of).tolist() == [24] * 5
    found = fit.calibration()
    assert set(found.classes) == {"a", "b", "rare"}
    assert "held-out predictions" in found.judged.text
    assert fit.calibration(folds=None).verdict.startswith("No verdict")


def test_clusters_stay_together():
    g = np.repeat(np.arange(24), 5)
    fit = lk.fit("bernoulli", {**DATA, "g": g}, "y ~ x0 + x1", cluster="g")
    assert "5 folds of g" in fit.calibration().judged.text
    plain = lk.fit("bernoulli", {**DATA, "g": g}, "y ~ x0 + x1")
    np.testing.assert_array_equal(fit.calibration().outcomes.p, plain.calibration(groups="g").outcomes.p)
    array = lk.fit("bernoulli", DATA, "y ~ x0 + x1", cluster=g)
    np.testing.assert_array_equal(fit.calibration().outcomes.p, array.calibration().outcomes.p)
    four = lk.fit("bernoulli", {**DATA, "g": g // 6}, "y ~ x0 + x1", cluster="g")
    assert "4 folds of g" in four.calibration().judged.text
    fold_of, by = dealt(fit.likelihood.function.bound, 5, "g", 0, even=True)
    assert by == "g"
    assert len(fold_of) == N
    assert all(len(set(fold_of[g == c])) == 1 for c in range(24))


def test_folds_without_a_fit_are_told_and_left_out():
    lone = np.zeros(N)
    lone[3] = 1.0
    fit = lk.fit("normal", {"y": X[:, 0], "lone": lone}, "y ~ lone")
    found = fit.calibration()
    assert "24 of 120 rows are left out, because there is no fit without fold" in found.judged.text
    assert found.n == 96


def test_where_no_fold_can_be_left_out_the_reason_is_given():
    data = {"y": [1.0, 2.0, 4.0, 3.0], "g": ["a", "b", "c", "d"]}
    fit = lk.fit("poisson", {"y": [1, 2, 4, 3], "g": data["g"]}, "y ~ g")
    with pytest.raises(FitError, match=r"there is no fit without fold.*folds=None"):
        fit.calibration(folds=4)
    assert fit.calibration(folds=None).verdict.startswith("No verdict")


def test_constants_have_nothing_to_hold_out():
    found = lk.fit("bernoulli", {"y": Y}).calibration()
    assert "predicts the same for all" in found.judged.text
    assert found.verdict.startswith("No verdict")


def test_weights_count_observations():
    w = RNG.integers(0, 4, N)
    y = RNG.poisson(np.exp(0.3 * X[:, 0]))
    weighted = lk.fit("poisson", {"y": y, "x": X[:, 0], "w": w}, "y ~ x", weights="w").calibration(folds=None)
    repeated = {"y": np.repeat(y, w), "x": np.repeat(X[:, 0], w)}
    long = lk.fit("poisson", repeated, "y ~ x").calibration(folds=None)
    assert weighted.n == long.n == w.sum()
    assert weighted.log_score == pytest.approx(long.log_score)
    assert weighted.crps == pytest.approx(long.crps)
    assert weighted.crps_stderr == pytest.approx(long.crps_stderr)
    assert weighted.pit.statistic == pytest.approx(long.pit.statistic)
    assert [c.share for c in weighted.coverage] == pytest.approx([c.share for c in long.coverage])


@pytest.mark.parametrize(
    ("family", "response", "options"),
    [
        (lk.Ordinal(), "k", {}),
        (lk.NegativeBinomial(), "count", {}),
        (lk.Gamma(), "amount", {}),
        (lk.StudentT(df=4), "number", {}),
        (lk.Bernoulli(), "y", {"penalty": lk.Ridge(1.0)}),
        (lk.Bernoulli(), "y", {"link": "probit"}),
        (lk.Normal(), "number", {"sd": "~ x1"}),
        (lk.Laplace(), "number", {}),
        (lk.Binomial(n="trials"), "some", {}),
    ],
)
def test_kinds_of_fits(family, response, options):
    columns = {
        "k": np.digitize(X[:, 0] + RNG.logistic(size=N), [-1, 1]),
        "count": RNG.poisson(np.exp(X[:, 0]) * RNG.gamma(2, 0.5, N)),
        "amount": RNG.gamma(2, np.exp(X[:, 0])),
        "number": X[:, 0] + RNG.normal(size=N),
        "trials": np.full(N, 6),
        "some": RNG.binomial(6, sc.expit(X[:, 0])),
    }
    fit = lk.fit(family, {**DATA, **columns}, f"{response} ~ x0 + x1", **options)
    found = fit.calibration()
    assert "held-out predictions: 5 folds" in found.judged.text
    assert "held-out" in str(found)
    assert found.verdict


def test_parameters_that_are_functions():
    pytest.importorskip("jax")
    y = 1.0 + 2.0 * X[:, 0] + RNG.normal(size=N)
    data = {"y": y, "x": X[:, 0]}
    rule = {"mean": lambda p, d: p["a"] + p["b"] * d["x"], "params": {"a": 0.0, "b": 0.0}}
    curve = lk.fit(lk.density(lk.Normal(), response="y", **rule), data)
    line = lk.fit("normal", data, "y ~ x")
    found, want = curve.calibration(), line.calibration()
    assert found.log_score == pytest.approx(want.log_score, rel=1e-5)
    assert "held-out predictions: 5 folds" in found.judged.text
    both = lk.compare({"curve": curve, "line": line}, folds=5)
    assert both["curve"].held_out == pytest.approx(both["line"].held_out, rel=1e-5)


def test_a_single_row_cannot_be_held_out():
    with pytest.raises(OptionError, match="a single row"):
        lk.fit("poisson", [3]).calibration()


def test_new_rows():
    fit = lk.fit("gamma", {"y": RNG.gamma(2.0, 1.0, N), "x": X[:, 0]}, "y ~ x")
    found = fit.calibration({"y": [1.0, -2.0, 0.5], "x": [0.1, 0.2, 0.3]})
    assert found.judged.text == "3 new rows"
    assert found.verdict.startswith("Miscalibrated: 1 row lies where")
    assert "log score infinite" in str(found)
    with pytest.raises(MissingValuesError):
        fit.calibration({"y": [1.0, np.nan], "x": [0.1, 0.2]})
    with pytest.raises(LikelyError):
        fit.calibration({"y": ["a", "b"], "x": [0.1, 0.2]})


def test_options(overfitted):
    with pytest.raises(OptionError, match="folds is a whole number"):
        overfitted.calibration(folds=1)
    with pytest.raises(OptionError, match="folds is a whole number"):
        overfitted.calibration(folds="5")
    with pytest.raises(OptionError, match="a fit brings its own"):
        lk.calibration(overfitted, labels=[0, 1])
    for more in ({"new": DATA}, {"groups": "g"}):
        with pytest.raises(OptionError, match="are for the predictions of a fit"):
            lk.calibration(Y, np.full(N, 0.5), **more)
    with pytest.raises(TypeError, match="bin"):
        overfitted.calibration(bin=5)
