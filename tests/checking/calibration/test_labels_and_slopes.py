"""Which column is whose, the slope on the whole real line, rows of one class, and probabilities of exactly 0 and 1."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import special as sc
from scipy.optimize import minimize_scalar

import likely as lk
from likely.checking.calibration.sharpening import sharpening
from likely.errors import DataError, FitError, LikelyError, OptionError

RNG = np.random.default_rng(17)
S = RNG.normal(size=(400, 3))
K = np.argmax(S + RNG.gumbel(size=S.shape), axis=1)
P = sc.softmax(S, axis=1)
WANT = lk.calibration(K, P).sharpening.slope


# -- labels ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("labels", [[1, 2, 3], [-1, 0, 1], [0, 2, 4], [0, 1, 2], [1.5, 2.5, 9.0]])
def test_labels_that_do_not_all_occur_have_to_be_named(labels):
    y = np.array(labels)[K]
    for absent in range(3):
        seen = absent != K
        with pytest.raises(DataError, match=r"labels=\[...\]"):
            lk.calibration(y[seen], P[seen])
        named = lk.calibration(y[seen], P[seen], labels=labels)
        assert list(named.classes) == labels
        assert named.classes[labels[absent]].outcomes.codes.sum() == 0


@pytest.mark.parametrize("labels", [[0, 1, 2], [1, 2, 3], [-1, 0, 1], [0.0, 1.0, 2.0], [0.5, 1.5, 2.5]])
def test_columns_named_by_numbers(labels):
    pd, pl = pytest.importorskip("pandas"), pytest.importorskip("polars")
    y = np.array(labels)[K]
    back = [2, 0, 1]
    tables = [
        {v: P[:, j] for j, v in enumerate(labels)},
        {str(v): P[:, j] for j, v in enumerate(labels)},
        pd.DataFrame(P, columns=labels),
        pl.DataFrame({str(v): P[:, j] for j, v in enumerate(labels)}),
        {labels[j]: P[:, j] for j in back},  # in another order
    ]
    for table in tables:
        found = lk.calibration(y, table)
        assert found.sharpening.slope == pytest.approx(WANT, rel=1e-9)
        assert set(found.classes) == set(labels)
        assert lk.recalibrate(y, table, "temperature").coef["slope"] == pytest.approx(WANT, rel=1e-9)


def test_columns_named_by_booleans():
    y = K == 0
    want = lk.calibration(y, P[:, 0]).line.slope
    for table in (
        {False: 1 - P[:, 0], True: P[:, 0]},
        {"True": P[:, 0], "False": 1 - P[:, 0]},
        {0: 1 - P[:, 0], 1: P[:, 0]},
    ):
        found = lk.calibration(y, table, labels=[False, True])
        assert found.line.slope == pytest.approx(want, rel=1e-9)
    assert lk.calibration(y, {0: 1 - P[:, 0], 1: P[:, 0]}).line.slope == pytest.approx(want, rel=1e-9)


def test_predictions_of_a_fit_given_back():
    fit = lk.fit(lk.Categorical(), {"y": K, "x": S[:, 0]}, "y ~ x")
    own = fit.predict({"x": S[:, 0]}, what="prob")
    assert list(lk.calibration(K, own).classes) == [0, 1, 2]


def test_named_columns_are_taken_by_name_whatever_order_is_asked_for():
    y = np.array(["no", "yes"])[(K == 0).astype(int)]
    table = {"yes": P[:, 0], "no": 1 - P[:, 0]}
    found = lk.calibration(y, table, labels=["no", "yes"])
    assert found.outcomes.labels == ("no", "yes")
    assert found.line.slope == pytest.approx(lk.calibration(y, P[:, 0]).line.slope, rel=1e-9)


def test_a_declared_order_that_is_not_the_sorted_one_is_no_order_of_columns():
    pd = pytest.importorskip("pandas")
    y = pd.Categorical(np.array(["low", "mid", "high"])[K], categories=["low", "mid", "high"], ordered=True)
    with pytest.raises(DataError, match="declare the order"):
        lk.calibration(y, P)
    assert lk.calibration(y, P, labels=["low", "mid", "high"]).sharpening.slope == pytest.approx(WANT, rel=1e-9)


@pytest.mark.parametrize(
    ("y", "p", "options"),
    [
        ([1, "a", 2.5], P[:3], {}),
        ([0, 1, 2], {"a": P[:3, 0], "b": P[:3, 1], "c": P[:3, 2]}, {}),
        ([0, 1], [0.2, 0.4], {"labels": "ab"}),
        ([0, 1], [0.2, 0.4], {"weights": ["a", "b"]}),
        (3, [0.2], {}),
        ([0, 1], [0.2, 0.4], {"clip": 0.5}),
        ([0, 1], [0.2, 0.4], {"clip": "a"}),
        ([0, 1], [0.2, 0.4], {"clip": True}),
    ],
)
def test_what_cannot_be_used(y, p, options):
    with pytest.raises(LikelyError):
        lk.calibration(y, p, **options)


# -- the slope ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("true", [-2.0, -0.5, 0.0, 0.3, 1.0, 8.0])
@pytest.mark.parametrize("labels", [2, 3, 5])
def test_the_slope_is_the_maximum_on_the_whole_line(true, labels):
    rng = np.random.default_rng(1)
    s = rng.normal(size=(300, labels))
    codes = np.argmax(true * s + rng.gumbel(size=s.shape), axis=1)

    def surprise(t):
        return -sc.log_softmax(t * s, axis=1)[np.arange(300), codes].sum()

    best = minimize_scalar(surprise, bounds=(-30, 30), method="bounded", options={"xatol": 1e-10})
    found, _ = sharpening(codes, sc.softmax(s, axis=1), np.ones(300))
    assert found.slope == pytest.approx(best.x, abs=1e-6)
    chi2 = 2 * (surprise(1.0) - best.fun)
    assert found.p_value == pytest.approx(sc.chdtrc(1, chi2), rel=1e-5, abs=1e-12)
    h = 1e-4
    bend = (surprise(best.x + h) - 2 * best.fun + surprise(best.x - h)) / h**2
    assert found.stderr == pytest.approx(bend**-0.5, rel=1e-3)


def test_a_slope_far_from_one_of_nearly_equal_probabilities():
    flat = sc.softmax(1e-7 * S, axis=1)
    found, _ = sharpening(K, flat, np.ones(len(K)))
    own, _ = sharpening(K, P, np.ones(len(K)))
    assert found.slope == pytest.approx(own.slope * 1e7, rel=1e-6)


def test_what_a_slope_says():
    rng = np.random.default_rng(5)
    s = 1.5 * rng.normal(size=(800, 3))

    def verdict(slope):
        codes = np.argmax(slope * s + rng.gumbel(size=s.shape), axis=1)
        return lk.calibration(codes, sc.softmax(s, axis=1)).verdict

    assert "point the wrong way" in verdict(-1.0)
    assert "say nothing of the outcomes" in verdict(0.0)
    assert "overconfident" in verdict(0.5)
    assert "underconfident" in verdict(1.7)
    best = np.argmax(s, axis=1)
    assert "tell all labels apart" in lk.calibration(best, sc.softmax(s, axis=1)).verdict
    worst = lk.calibration(np.argmin(s, axis=1), sc.softmax(s, axis=1)).verdict
    assert worst.startswith("Miscalibrated")
    assert "the least probable" in worst


def test_two_outcomes_told_apart_the_wrong_way_round():
    p = np.linspace(0.02, 0.98, 60)
    reversed_ = lk.calibration((p < 0.5).astype(int), p).verdict
    assert reversed_.startswith("Miscalibrated")
    assert "wrong way round" in reversed_
    noisy = lk.calibration((RNG.random(400) > P[:, 0]).astype(int), P[:, 0])
    assert noisy.line.slope < 0
    assert "point the wrong way" in noisy.verdict


def test_labels_off_while_the_slope_of_all_is_right():
    rng = np.random.default_rng(2)
    codes = np.argmax(S + np.array([1.0, 0.0, 0.0]) + rng.gumbel(size=S.shape), axis=1)
    found = lk.calibration(codes, P)
    assert found.verdict.startswith("Miscalibrated")


@pytest.mark.parametrize("b", [-1.0, -0.3, -0.05])
def test_a_temperature_is_positive(b):
    rng = np.random.default_rng(4)
    z = 2 * rng.normal(size=1500)
    y = (rng.random(1500) < sc.expit(b * z)).astype(int)
    two = np.column_stack([0 * z, z])
    three = np.column_stack([0 * z, z, -z])
    for p in (sc.expit(z), sc.softmax(three, axis=1)):
        codes = y if p.ndim == 1 else np.argmax(b * three + rng.gumbel(size=three.shape), axis=1)
        with pytest.raises(FitError, match="a temperature is above 0"):
            lk.recalibrate(codes, p, "temperature")
    assert sc.softmax(two, axis=1)[:, 1] == pytest.approx(sc.expit(z))
    logistic = lk.recalibrate(y, sc.expit(z))
    assert "reverses the order" in str(logistic)


def test_a_fold_whose_slope_is_not_positive_does_not_end_a_recalibration():
    rng = np.random.default_rng(0)
    z = rng.normal(size=40)
    y = (rng.random(40) < sc.expit(0.2 * z)).astype(int)
    slopes = [lk.calibration(y[i::2], sc.expit(z)[i::2]).line.slope for i in (0, 1)]
    assert min(slopes) < 0 < lk.calibration(y, sc.expit(z)).line.slope or max(slopes) > 0
    found = lk.recalibrate(y, sc.expit(z), "temperature", folds=2)
    assert found.coef["temperature"] > 0


# -- one class ---------------------------------------------------------------------------------------------------


def test_rows_of_one_class():
    found = lk.calibration([1] * 6, [0.9, 0.8, 0.95, 0.7, 0.99, 0.6])
    assert ("n", "6, of which 6 events (100%)") in found.details
    p = np.linspace(0.01, 0.2, 200)
    assert lk.calibration([0] * 200, p).verdict.startswith("Miscalibrated: events were less frequent than stated")
    assert "more frequent" in lk.calibration([1] * 200, p).verdict
    fine = lk.calibration([0] * 5, [0.1, 0.05, 0.2, 0.1, 0.02]).verdict
    assert fine.startswith("No sign of miscalibration, but there is only one class")


def test_rows_with_the_same_probability():
    assert lk.calibration([0, 1] * 20, np.full(40, 0.5)).verdict.startswith("No sign of miscalibration, but every row")
    assert lk.calibration([0, 1] * 20, np.full(40, 0.1)).verdict.startswith("Miscalibrated")


def test_bins_that_a_line_does_not_see():
    rng = np.random.default_rng(3)
    z = rng.uniform(-3, 3, 4000)
    y = (rng.random(4000) < sc.expit(z + 1.2 * np.sin(2.5 * z))).astype(int)
    found = lk.calibration(y, sc.expit(lk.recalibrate(y, sc.expit(z)).coef["slope"] * z))
    assert found.gap.p_value < 0.005
    assert found.verdict.startswith("Miscalibrated")


# -- probabilities of exactly 0 and 1 ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def forest():
    """Shares of 20 votes, as a random forest gives them."""
    rng = np.random.default_rng(8)
    z = rng.normal(size=500)
    votes = rng.binomial(20, sc.expit(2.5 * z)) / 20
    y = (rng.random(500) < sc.expit(z)).astype(int)
    assert np.any(votes == y - 1.0)
    assert np.any(votes == 1.0 - y)
    return y, votes


def test_half_an_observation(forest):
    y, p = forest
    found = lk.calibration(y, p)
    z = sc.logit(np.clip(p, 1 / 1000, 1 - 1 / 1000))
    glm = sm.GLM(y, sm.add_constant(z), family=sm.families.Binomial()).fit(tol=1e-12)
    assert (found.line.intercept, found.line.slope) == pytest.approx(tuple(glm.params), rel=1e-6)
    assert found.clip.size == 1 / 1000
    assert "half an observation" in str(found)
    assert found.verdict.startswith("Miscalibrated: ")
    assert "given the probability 0 and happened" in found.verdict
    assert "infinite" in dict(found.details)["log score"]
    assert lk.calibration(y, p, clip=0.01).line.slope > found.line.slope
    assert lk.calibration(y, p, clip=0).line is None


@pytest.mark.parametrize("method", ["logistic", "temperature", "beta", "isotonic"])
def test_every_method_takes_them(forest, method):
    y, p = forest
    mended = lk.recalibrate(y, p, method)
    q = mended(np.array([0.0, 0.3, 1.0]))
    assert np.all((q > 0) & (q < 1))
    assert mended.p_value < 1e-3
    assert "half an observation" in str(mended)
    with pytest.raises(LikelyError):
        lk.recalibrate(y, p, method, clip=0)


def test_several_labels_with_zeros():
    rng = np.random.default_rng(9)
    votes = np.stack([rng.multinomial(10, row) for row in sc.softmax(1.5 * S, axis=1)]) / 10
    found = lk.calibration(K, votes)
    clipped = np.clip(votes, 1 / 800, 1 - 1 / 800)
    best = minimize_scalar(
        lambda t: -sc.log_softmax(t * np.log(clipped), axis=1)[np.arange(400), K].sum(), bounds=(0, 5), method="bounded"
    )
    assert found.sharpening.slope == pytest.approx(best.x, abs=1e-4)
    assert "half an observation" in str(found)
    assert "given the probability 0 and occurred" in found.verdict
    assert np.all(lk.recalibrate(K, votes, "temperature")(votes) > 0)


def test_nothing_is_clipped_where_nothing_is_certain():
    found = lk.calibration((K == 0).astype(int), P[:, 0])
    assert found.clip.size == 0.0
    assert not found.remark
    with pytest.raises(OptionError, match="clip is a number from 0 to below"):
        lk.recalibrate(K, P, "temperature", clip=0.4)
