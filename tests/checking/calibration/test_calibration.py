"""Calibration of probabilities: beside scikit-learn and statsmodels, at its level, and with what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import special as sc
from sklearn import calibration as sk
from sklearn import metrics as m
from sklearn.isotonic import IsotonicRegression

import likely as lk
from likely.errors import DataError, MissingValuesError, OptionError, ParameterError, UnknownNameError

RNG = np.random.default_rng(51)
N = 1500
Z = RNG.normal(size=N) * 1.5
P = sc.expit(Z)
Y = (RNG.random(N) < P).astype(int)
SURE = sc.expit(2.5 * Z + 0.4)


@pytest.fixture(scope="module")
def right():
    return lk.calibration(Y, P)


@pytest.fixture(scope="module")
def wrong():
    return lk.calibration(Y, SURE)


def test_the_curve_is_that_of_scikit_learn(wrong):
    observed, stated = sk.calibration_curve(Y, SURE, n_bins=10, strategy="quantile")
    np.testing.assert_allclose(wrong.curve.p, stated, atol=0.01)
    np.testing.assert_allclose(wrong.curve.observed, observed, atol=0.02)
    wide = lk.calibration(Y, SURE, how="width").curve
    observed, stated = sk.calibration_curve(Y, SURE, n_bins=10, strategy="uniform")
    np.testing.assert_allclose(wide.p, stated, rtol=1e-12)
    np.testing.assert_allclose(wide.observed, observed, rtol=1e-12)


def test_wilson_intervals_are_those_of_statsmodels(wrong):
    from statsmodels.stats.proportion import proportion_confint

    c = wrong.curve
    low, high = proportion_confint(c.observed * c.count, c.count, 0.05, "wilson")
    np.testing.assert_allclose(c.lower, low, rtol=1e-9)
    np.testing.assert_allclose(c.upper, high, rtol=1e-9)


def test_intercept_and_slope_are_those_of_logistic_regressions(wrong):
    z = sc.logit(SURE)
    large = sm.GLM(Y, np.ones(N), offset=z, family=sm.families.Binomial()).fit(tol=1e-12)
    both = sm.GLM(Y, sm.add_constant(z), family=sm.families.Binomial()).fit(tol=1e-12)
    line = wrong.line
    assert line.in_the_large == pytest.approx(large.params[0], rel=1e-6)
    assert line.in_the_large_stderr == pytest.approx(large.bse[0], rel=1e-6)
    assert (line.intercept, line.slope) == pytest.approx(tuple(both.params), rel=1e-6)
    assert (line.intercept_stderr, line.slope_stderr) == pytest.approx(tuple(both.bse), rel=1e-5)
    stated = np.sum(Y * np.log(SURE) + (1 - Y) * np.log1p(-SURE))
    assert line.chi2 == pytest.approx(2 * (both.llf - stated), rel=1e-8)
    assert "overconfident" in wrong.verdict
    assert wrong.gap.p_value < 0.01


def test_scores_and_their_parts(wrong, right):
    assert wrong.brier.value == pytest.approx(m.brier_score_loss(Y, SURE))
    assert wrong.log_score.value == pytest.approx(m.log_loss(Y, SURE))
    assert wrong.auc == pytest.approx(m.roc_auc_score(Y, SURE))
    fitted = IsotonicRegression(out_of_bounds="clip").fit(SURE, Y).predict(SURE)
    assert wrong.brier.miscalibration == pytest.approx(wrong.brier.value - m.brier_score_loss(Y, fitted))
    for score in (wrong.brier, wrong.log_score, right.brier):
        assert score.value == pytest.approx(score.miscalibration - score.discrimination + score.uncertainty)
        assert score.miscalibration >= 0
        assert score.discrimination >= 0
    assert wrong.brier.uncertainty == pytest.approx(Y.mean() * (1 - Y.mean()))
    assert wrong.brier.miscalibration > 5 * right.brier.miscalibration


def test_right_probabilities_pass_at_the_stated_level():
    rejected, gaps = 0, 0
    for seed in range(150):
        rng = np.random.default_rng(seed)
        p = rng.beta(2, 2, 250)
        found = lk.calibration((rng.random(250) < p).astype(int), p)
        rejected += found.line.p_value < 0.05
        gaps += found.gap.p_value < 0.05
    margin = 3.5 * np.sqrt(150 * 0.05 * 0.95)
    assert abs(rejected - 7.5) < margin
    assert abs(gaps - 7.5) < margin


def test_bands_hold_what_right_probabilities_show(right):
    c = right.curve
    assert np.mean((c.observed >= c.band_lower) & (c.observed <= c.band_upper)) >= 0.8
    iso = right.isotonic
    assert np.mean((iso.y >= iso.lower - 1e-9) & (iso.y <= iso.upper + 1e-9)) > 0.8
    assert np.all(np.diff(iso.y) >= 0)
    assert right.gap.value < 2 * right.gap.by_chance
    z, p = right.spiegelhalter
    want = np.sum((Y - P) * (1 - 2 * P)) / np.sqrt(np.sum((1 - 2 * P) ** 2 * P * (1 - P)))
    assert z == pytest.approx(want)
    assert 0 < p < 1


def test_weights_count_as_rows():
    w = RNG.integers(0, 3, N)
    a, b = lk.calibration(Y, SURE, weights=w), lk.calibration(np.repeat(Y, w), np.repeat(SURE, w))
    assert a.brier.value == pytest.approx(b.brier.value)
    assert a.line.slope == pytest.approx(b.line.slope, rel=1e-8)
    assert a.line.slope_stderr == pytest.approx(b.line.slope_stderr, rel=1e-8)
    assert a.auc == pytest.approx(b.auc)


def test_labels_of_any_kind_and_the_confidently_wrong():
    named = np.where(Y == 1, "yes", "no")
    found = lk.calibration(named, SURE)
    assert found.outcomes.labels == ("no", "yes")
    first = found.confidently_wrong(1).rows[0]
    own = np.where(Y == 1, SURE, 1 - SURE)
    assert first[0] == f"{np.argmin(own):,}"
    assert lk.calibration(named, 1 - SURE, labels=["yes", "no"]).line.slope == pytest.approx(found.line.slope)
    assert lk.calibration(Y.astype(bool), SURE).brier.value == pytest.approx(found.brier.value)
    assert "yes" in str(found)


def test_what_cannot_be_known_is_said():
    one = lk.calibration([1] * 20, np.full(20, 0.8))
    assert one.line is None
    assert "only one class" in one.verdict
    assert one.auc is None
    flat = lk.calibration([0, 1] * 20, np.full(40, 0.5))
    assert "same probability" in flat.verdict
    apart = lk.calibration([0] * 10 + [1] * 10, np.linspace(0.1, 0.9, 20))
    assert "no finite estimate" in apart.verdict
    never = lk.calibration([1, 0, 1, 0], [0.0, 0.2, 0.9, 0.4])
    assert never.verdict.startswith("Miscalibrated: 1 outcome was given the probability 0 and happened (row 0")
    assert "infinite" in str(never)
    assert lk.calibration([1, 0, 1, 0], [0.0, 0.2, 0.9, 0.4], clip=0).line is None
    assert not np.isfinite(never.log_score.value)
    assert never.to_dict()["log_score"]["value"] is None
    certain = lk.calibration(np.append(Y, [1, 0]), np.append(SURE, [1.0, 0.0]), clip=0)
    assert "2 outcomes that were certain and came true" in certain.remark
    assert certain.line.slope == pytest.approx(lk.calibration(Y, SURE).line.slope)
    assert len(lk.calibration([0, 1, 1], [0.2, 0.6, 0.7]).curve.p) == 3


@pytest.mark.parametrize(
    ("y", "p", "error", "match"),
    [
        ([0, 1], [0.2, 1.2], ParameterError, "1 of 2 rows do not: row 1: 1.2"),
        ([0, 1], [0.2, np.nan], MissingValuesError, "1 rows of p are missing"),
        ([0, np.nan], [0.2, 0.4], MissingValuesError, "1 values of y are missing, row 1"),
        ([0, 1, 1], [0.2, 0.4], DataError, "y has 3 outcomes, p has 2"),
        ([0, 1], [[0.5, 0.2, 0.1], [0.2, 0.3, 0.5]], ParameterError, "sum to 1.*row 0: 0.8"),
        (["a", "b", "c"], [0.1, 0.2, 0.3], DataError, "probabilities to 2 outcomes, y has 3"),
        ([0, 1], ["x", "y"], DataError, "p must be numbers"),
        ([], [], DataError, "no outcomes"),
    ],
)
def test_what_cannot_be_used(y, p, error, match):
    with pytest.raises(error, match=match):
        lk.calibration(y, p)


def test_options():
    with pytest.raises(OptionError, match="bins is a whole number"):
        lk.calibration(Y, P, bins=0)
    with pytest.raises(UnknownNameError, match="kind of bins"):
        lk.calibration(Y, P, how="equal")
    with pytest.raises(OptionError, match="what was predicted"):
        lk.calibration(Y)
    with pytest.raises(OptionError, match="names each of the 2 outcomes once"):
        lk.calibration(Y, P, labels=["a"])


# -- several labels ----------------------------------------------------------------------------------------------


def several(sharp=1.0, n=2000, seed=1):
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, 3))
    codes = np.argmax(logits + rng.gumbel(size=(n, 3)), axis=1)
    return codes, sc.softmax(sharp * logits, axis=1)


def test_several_labels():
    codes, p = several(sharp=2.0)
    found = lk.calibration(codes, p)
    assert found.log_score == pytest.approx(m.log_loss(codes, p))
    hit = np.eye(3)[codes]
    assert found.brier.value == pytest.approx(np.mean(np.sum((p - hit) ** 2, axis=1)))
    parts = found.brier
    assert parts.value == pytest.approx(parts.miscalibration - parts.discrimination + parts.uncertainty)
    assert found.accuracy == pytest.approx(np.mean(np.argmax(p, 1) == codes))
    assert found.sharpening.slope == pytest.approx(0.5, abs=0.06)
    assert "overconfident" in found.verdict
    assert found.top.line.slope < 0.8
    fine = lk.calibration(*several())
    assert "No sign" in fine.verdict
    assert set(fine.classes) == {0, 1, 2}
    assert "most probable" in str(found.confidently_wrong(2))


def test_the_columns_of_a_table_name_the_labels():
    pl = pytest.importorskip("polars")
    codes, p = several()
    names = np.array(["red", "blue", "green"])
    table = pl.DataFrame({name: p[:, k] for k, name in enumerate(names)})
    found = lk.calibration(names[codes], table)
    assert list(found.classes) == ["red", "blue", "green"]
    assert found.log_score == pytest.approx(lk.calibration(codes, p).log_score)


# -- fits --------------------------------------------------------------------------------------------------------


def test_fits_are_judged_by_what_they_predict():
    data = {"y": Y, "z": Z}
    fit = lk.fit("bernoulli", data, "y ~ z")
    own = fit.calibration(folds=None)
    assert own.line.slope == pytest.approx(1.0, abs=1e-5)  # by construction, on its own rows
    assert own.line.in_the_large == pytest.approx(0.0, abs=1e-5)
    assert own.verdict.startswith("No verdict")
    new = {"y": Y[:300], "z": 3 * Z[:300]}
    assert fit.calibration(new).line.slope < 0.6
    with pytest.raises(OptionError, match="no column 'y'"):
        fit.calibration({"z": Z})
    with pytest.raises(OptionError, match="brings its own"):
        lk.calibration(fit, P)
    codes, _ = several(n=300)
    labels = np.array(["a", "b", "c"])[codes]
    multi = lk.fit("categorical", {"y": labels, "z": Z[:300]}, "y ~ z").calibration()
    assert set(multi.classes) == {"a", "b", "c"}


def test_trials_count_one_by_one():
    n = RNG.integers(1, 8, 200)
    y = RNG.binomial(n, P[:200])
    fit = lk.fit(lk.Binomial(n="n"), {"y": y, "n": n, "z": Z[:200]}, "y ~ z")
    found = fit.calibration(folds=None)
    assert found.outcomes.n == n.sum()
    assert found.line.slope == pytest.approx(1.0, abs=1e-4)
