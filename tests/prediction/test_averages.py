"""Averages of predictions: over trials, over rows, at chosen exposures, at values that are set."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import likely as lk
from likely.errors import DataError, LikelyError, OptionError, UnknownNameError

# an experiment with four arms on three devices: successes y out of N (marginaleffects, issue 737)
ARMS = [("Control", "desktop", 12403, 103341), ("Control", "mobile", 1015, 16192), ("Control", "tablet", 38, 401)]
ARMS += [("X", "desktop", 12474, 103063), ("X", "mobile", 1030, 16493), ("X", "tablet", 47, 438)]
ARMS += [("Z", "desktop", 12968, 102867), ("Z", "mobile", 973, 16145), ("Z", "tablet", 34, 438)]
ARMS += [("W", "desktop", 12407, 103381), ("W", "mobile", 1007, 16589), ("W", "tablet", 30, 435)]


@pytest.fixture(scope="module")
def grouped():
    return pd.DataFrame(ARMS, columns=["g", "device", "y", "N"])


@pytest.fixture(scope="module")
def single(grouped):
    parts = [grouped.assign(Y=1, w=grouped.y), grouped.assign(Y=0, w=grouped.N - grouped.y)]
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def insurance():
    """Claims of policies (emmeans, issue 179)."""
    return pd.DataFrame(
        {
            "n": [500, 1200, 100, 400, 500, 300],
            "size": pd.Categorical(["S", "M", "L"] * 2, categories=["S", "M", "L"]),
            "age": ["1"] * 3 + ["2"] * 3,
            "claims": [42, 37, 1, 101, 73, 14],
        }
    )


# -- trials ----------------------------------------------------------------------------------------------------


def saturated(grouped, arm):
    """Sum over devices of N (p of the arm) / sum of N: the average prediction of the saturated model."""
    share = grouped.groupby("device").N.sum() / grouped.N.sum()
    cells = grouped[grouped.g == arm].set_index("device")
    return float(np.sum(share * cells.y / cells.N))


def test_averages_of_grouped_successes_are_over_trials(grouped):
    fit = lk.fit(lk.Binomial(n="N"), grouped, "y ~ device * g")
    found = fit.effects("g", what="p")
    by_name = {row["effect"]: row["estimate"] for row in found.rows}
    assert by_name["Z - Control"] == pytest.approx(0.004808698973715021, abs=1e-9)
    for arm in "WXZ":
        by_hand = saturated(grouped, arm) - saturated(grouped, "Control")
        assert by_name[f"{arm} - Control"] == pytest.approx(by_hand, rel=1e-7)
    assert "Averages over trials" in str(found)


def test_grouped_and_single_trials_give_the_same_tables(grouped, single):
    many = lk.fit(lk.Binomial(n="N"), grouped, "y ~ device + g")
    one = lk.fit("bernoulli", single, "Y ~ device + g", weights="w")
    pairs = [
        (many.effects(what="p"), one.effects()),
        (many.margins("g", what="p", by="device"), one.margins("g", by="device")),
        (many.margins("g", what="link"), one.margins("g", what="link")),
        (many.contrasts("g", what="p", compare="odds ratio"), one.contrasts("g", compare="odds ratio")),
        (many.effects("g", what="p", at="mean"), one.effects("g", at="mean")),
        (many.margins("g", at={"N": 1}), one.margins("g")),
    ]
    for ours, theirs in pairs:
        np.testing.assert_allclose(ours.estimate, theirs.estimate, rtol=1e-7)
        np.testing.assert_allclose(ours.stderr, theirs.stderr, rtol=1e-6)


def test_rows_and_columns_can_weigh(grouped):
    fit = lk.fit(lk.Binomial(n="N"), grouped, "y ~ device + g")
    p = {arm: fit.predict(grouped.assign(g=arm, N=1)) for arm in ("Control", "Z")}
    rows = fit.effects("g", what="p", weights="rows")
    assert rows.rows[-1]["estimate"] == pytest.approx(np.mean(p["Z"] - p["Control"]), rel=1e-9)
    assert "Averages over rows" in str(rows)
    column = fit.effects("g", what="p", weights="y")
    assert column.rows[-1]["estimate"] == pytest.approx(np.average(p["Z"] - p["Control"], weights=grouped.y), rel=1e-9)
    assert "weighted by y" in str(column)
    counts = fit.margins("g", weights="rows")
    np.testing.assert_allclose(fit.margins("g").estimate, counts.estimate, rtol=1e-12)
    assert "weights='trials'" in str(fit.margins("g"))


def test_the_same_trials_for_all_rows_need_no_word(grouped):
    fit = lk.fit(lk.Binomial(n=10), {"y": [3, 5, 7, 2], "x": [0, 1, 2, 3]}, "y ~ x")
    assert "Averages" not in "".join(fit.effects("x", what="p").notes)


def test_analytic_weights_count_units():
    data = {"y": [1.0, 3.0, 2.0, 8.0, 5.0], "x": [0.0, 1.0, 2.0, 3.0, 5.0], "m": [1.0, 4.0, 2.0, 3.0, 1.0]}
    fit = lk.fit("gamma", data, "y ~ x", weights="m", weights_kind="analytic")
    mean = np.exp(fit.coef["mean.Intercept"] + fit.coef["mean.x"] * np.array(data["x"]))
    assert fit.effects("x").estimate[0] == pytest.approx(fit.coef["mean.x"] * np.average(mean, weights=data["m"]))
    assert fit.effects("x", weights="rows").estimate[0] == pytest.approx(fit.coef["mean.x"] * np.mean(mean))


def test_weights_that_cannot_weigh(grouped):
    fit = lk.fit(lk.Binomial(n="N"), grouped, "y ~ g")
    with pytest.raises(UnknownNameError, match="unknown column 'q' for weights="):
        fit.margins("g", weights="q")
    with pytest.raises(LikelyError, match="device"):
        fit.margins("g", weights="device")
    with pytest.raises(DataError, match="from 0 on"):
        lk.fit(lk.Binomial(n="N"), grouped.assign(v=-1.0), "y ~ g").margins("g", weights="v")
    none = grouped.assign(v=(grouped.device == "tablet").astype(float))
    with pytest.raises(DataError, match="device = desktop have weight 0"):
        lk.fit(lk.Binomial(n="N"), none, "y ~ g").margins("g", by="device", weights="v")
    with pytest.raises(OptionError, match="no groups of trials"):
        lk.fit("poisson", grouped, "y ~ g").margins("g", weights="trials")


# -- exposures -------------------------------------------------------------------------------------------------

PER_POLICY = [0.1385, 0.0693, 0.0237]  # R: emmeans(ins.glm, "size", type = "response", offset = 0)
WAYS = {
    "a column": {"exposure": "n"},
    "an offset": {"offset": "log(n)"},
    "an array": {"exposure": np.array([500, 1200, 100, 400, 500, 300])},
}


@pytest.mark.parametrize("way", WAYS)
def test_rates_are_per_unit_of_exposure(insurance, way):
    fit = lk.fit("poisson", insurance, "claims ~ size + age", **WAYS[way])
    c = fit.coef
    size = np.array([0.0, c["rate.size[T.M]"], c["rate.size[T.L]"]])
    by_hand = np.exp(c["rate.Intercept"] + size) * (1 + np.exp(c["rate.age[T.2]"])) / 2
    found = fit.margins("size", what="rate")
    np.testing.assert_allclose(found.estimate, by_hand, rtol=1e-10)
    assert "Per unit of exposure" in str(found)
    np.testing.assert_allclose(fit.margins("size", what="rate", at="balanced").estimate, by_hand, rtol=1e-10)
    np.testing.assert_allclose(fit.margins("size", at={"exposure": 1}).estimate, by_hand, rtol=1e-10)
    np.testing.assert_allclose(fit.margins("size", what="rate", at={"exposure": 100}).estimate, 100 * by_hand)
    np.testing.assert_allclose(fit.effects("size", what="rate").estimate, by_hand[1:] - by_hand[0], rtol=1e-9)
    ratio = fit.contrasts("size", what="rate", compare="ratio", pairs="reference")
    np.testing.assert_allclose(ratio.estimate, by_hand[1:] / by_hand[0], rtol=1e-9)
    emmeans = fit.margins("size", what="link", at={"offset": 0, "over": "balanced"})
    np.testing.assert_allclose(np.exp(emmeans.estimate), PER_POLICY, atol=6e-5)


def test_the_exposure_can_be_chosen_by_its_column(insurance):
    fit = lk.fit("poisson", insurance, "claims ~ size + age", exposure="n")
    for over in ("average", "mean", "balanced"):
        link = fit.margins("size", what="link", at={"n": 1, "over": over})
        np.testing.assert_allclose(np.exp(link.estimate), PER_POLICY, atol=6e-5)
    own = fit.margins("size")
    by_hand = [np.mean(fit.predict(insurance.assign(size=level))) for level in "SML"]
    np.testing.assert_allclose(own.estimate, by_hand, rtol=1e-10)
    assert "At each row's own exposure (n)" in str(own)
    two = fit.margins(at={"n": [1, 3]})
    assert two.estimate[1] == pytest.approx(3 * two.estimate[0])


def test_only_the_exposure_is_set_among_other_offsets(insurance):
    data = insurance.assign(z=[1.0, 2, 3, 1, 2, 4])
    fit = lk.fit("poisson", data, "claims ~ size", exposure="n / 100", offset="0.1 * z")
    rest = np.exp(0.1 * data.z)
    found = fit.margins("size", what="rate").estimate[0]
    assert found == pytest.approx(np.exp(fit.coef["rate.Intercept"]) * np.mean(rest))
    hundred = fit.margins("size", what="rate", at={"n": 100}).estimate[0]
    assert hundred == pytest.approx(found)  # an exposure of n / 100 = 1


def test_an_offset_that_is_no_exposure_is_told(insurance):
    fit = lk.fit("poisson", insurance, "claims ~ size", offset="log(n) + 0.1")
    own = fit.margins("size", what="rate")
    np.testing.assert_allclose(own.estimate, fit.margins("size").estimate)
    assert "At each row's own offset" in str(own)
    assert "own offset" not in str(fit.margins("size", what="rate", at={"n": 1}))
    assert "Per unit" in str(lk.fit("poisson", insurance, "claims ~ size", offset="np.log(n)").margins(what="rate"))


def test_other_families_have_a_rate_where_they_have_an_exposure(insurance):
    fit = lk.fit("gamma", insurance, "claims ~ age", exposure="n")
    expected = np.exp(fit.coef["mean.Intercept"] + np.array([0.0, fit.coef["mean.age[T.2]"]]))
    np.testing.assert_allclose(fit.margins("age", what="rate").estimate, expected, rtol=1e-10)
    with pytest.raises(UnknownNameError, match="quantity"):
        lk.fit("gamma", insurance, "claims ~ age").margins("age", what="rate")


def test_exposures_with_dropped_rows():
    data = {"y": [1, 4, 3, 6, 2], "x": [0.0, 1.0, np.nan, 4.0, 1.0]}
    t = np.array([1.0, 2.0, 1.0, 3.0, 2.0])
    with pytest.warns(lk.errors.DroppedRowsWarning):
        fit = lk.fit("poisson", data, "y ~ x", exposure=t, missing="drop")
    found = fit.margins(what="rate", at={"x": 0})
    assert found.estimate[0] == pytest.approx(np.exp(fit.coef["rate.Intercept"]))


def test_what_cannot_be_held(insurance):
    fit = lk.fit("poisson", insurance, "claims ~ size", exposure="n")
    with pytest.raises(DataError, match="not finite"):
        fit.margins("size", at={"n": 0})
    with pytest.raises(OptionError, match="exposure is positive"):
        fit.margins("size", at={"exposure": 0})
    with pytest.raises(OptionError, match="finite number"):
        fit.margins("size", at={"n": float("nan")})
    with pytest.raises(OptionError, match="a value or a list of values"):
        fit.margins("size", at={"n": []})
    with pytest.raises(UnknownNameError, match="did you mean 'n'"):
        fit.margins("size", at={"N": 1})
    normal = lk.fit("normal", insurance, "claims ~ size", offset="n")
    with pytest.raises(OptionError, match="log link"):
        normal.margins("size", at={"exposure": 1})
    assert normal.margins("size", at={"offset": 0}).estimate[0] == pytest.approx(normal.coef["mean.Intercept"])


# -- values that are set ---------------------------------------------------------------------------------------


def test_margins_of_a_number_at_values():
    cyl = np.array([4, 6, 8, 4, 6, 8, 4, 8.0])
    data = {"cyl": cyl, "hp": [90, 110, 180, 66, 123, 245, 97, 150.0], "g": list("abababab")}
    data["mpg"] = 40 - 2.5 * cyl - 0.02 * np.array(data["hp"]) + np.array([0.1, -0.2, 0.3, 0.2, -0.1, 0, -0.3, 0.1])
    fit = lk.fit("normal", data, "mpg ~ cyl + hp + g")
    alone = fit.margins(at={"cyl": [4, 6, 8]})
    np.testing.assert_allclose(fit.margins("cyl", at={"cyl": [4, 6, 8]}).estimate, alone.estimate)
    both = fit.margins(["cyl", "g"], at={"cyl": [4, 6]})
    assert len(both) == 4
    assert list(both.rows[0])[:2] == ["cyl", "g"]
    some = fit.margins("g", at={"g": ["b"]})
    assert [row["g"] for row in some.rows] == ["b"]
    with pytest.raises(OptionError, match=r"at which values, at=\{'cyl': \[...\]\}"):
        fit.margins("cyl")
    with pytest.raises(OptionError, match="needs two values to compare"):
        fit.contrasts("cyl", at={"cyl": 4})
    with pytest.raises(OptionError, match="held at b, so it has no effect"):
        fit.effects("g", at={"g": "b"})
    assert fit.effects("cyl", at={"cyl": [4, 8]}, step=2).estimate == pytest.approx(2 * fit.coef["mean.cyl"])
