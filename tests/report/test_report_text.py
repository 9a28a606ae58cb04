"""The summary of a fit: its text to the letter, its record, its notebook table, and what it must never show."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

import likely as lk
from likely.errors import OptionError, UnknownNameError
from likely.report.terminal import Screen
from likely.report.text import Summary
from likely.show.text_table import Grid, alike, fixed, number, p_value, plain

HEIGHT = [150.0, 155.0, 160.0, 165.0, 170.0, 175.0, 180.0, 185.0]
WEIGHT = [52.0, 57.5, 58.0, 66.0, 70.5, 71.0, 80.5, 84.0]
PEOPLE = {"height": HEIGHT, "weight": WEIGHT}


def numbers_of(record: dict, name: str) -> dict:
    return next(e for e in record["estimates"] if e["name"] == name)


# -- golden texts -----------------------------------------------------------------------------------------------

LINEAR = """\
Normal fit of weight: converged
===============================

assumes  many small independent errors add up; large ones are very rare
mean     centre; mean ~ height
sd       spread of the errors; one number for all observations, estimated
data     8 observations
solver   least squares

                estimate  std. error  95% lower  95% upper      z        p
--------------------------------------------------------------------------
mean.Intercept    -85.11        9.04    -102.82     -67.39  -9.42  <0.0001
mean.height       0.9107      0.0538     0.8052     1.0162  16.92  <0.0001
sd                 1.745       0.436      1.069      2.848

Intervals: Wald, computed on the link scale. z and p test a coefficient of 0.

sd              1.74457 (maximum likelihood, divides by n = 8)
residual SD     2.01446 (divides by n - p = 8 - 2)
log-likelihood  -15.804, with k = 3 estimated parameters
criteria        AIC 37.607, AICc 43.607, BIC 37.845"""

RATE = """\
Bernoulli fit of y: converged
=============================

assumes  each observation is a yes or a no, independent of the others given the
         predictors
p        probability of a 1 (yes, success); one number for all observations, estimated
data     400 observations
solver   closed form

   estimate  std. error  95% lower  95% upper
---------------------------------------------
p   0.03000     0.00853    0.01711    0.05207

Intervals: Wald, computed on the link scale.

derived    value  std. error
----------------------------
odds     0.03093     0.00907

log-likelihood  -53.897, with k = 1 estimated parameter
criteria        AIC 109.794, AICc 109.804, BIC 113.785"""

BOUNDARY = """\
Bernoulli fit of y: converged, on a boundary
============================================

assumes  each observation is a yes or a no, independent of the others given the
         predictors
p        probability of a 1 (yes, success); one number for all observations, estimated
data     50 observations
solver   closed form

   estimate  std. error  95% lower  95% upper  note
---------------------------------------------------
p         0           -          0     0.0377  [1]

[1]  The estimate p = 0 is the end of the parameter's domain, where curvature gives no
     standard error; use fit.interval(method='profile'). Shown is the profile interval
     (one-sided: the estimate 0 is the end of the domain).

derived  value  std. error
--------------------------
odds         0           -

log-likelihood  0.000, with k = 1 estimated parameter
criteria        AIC 2.000, AICc 2.083, BIC 3.912"""

FAILURE = """\
THE FIT FAILED: Normal fit of y
===============================

Every value of y is 5: the likelihood of Normal grows without bound as the density
closes in on it, so sd has no estimate. Check the data, or fix it: Normal(sd=...).

assumes  many small independent errors add up; large ones are very rare
mean     centre; one number for all observations, estimated
sd       spread of the errors; one number for all observations, estimated
data     3 observations

No estimates are shown: where the search stopped is no peak of the likelihood."""


def test_a_linear_model_to_the_letter() -> None:
    assert str(lk.fit(lk.Normal(), PEOPLE, "weight ~ height").summary()) == LINEAR


def test_a_rate_to_the_letter() -> None:
    assert str(lk.fit(lk.Bernoulli(), [1] * 12 + [0] * 388).summary()) == RATE


def test_a_boundary_to_the_letter() -> None:
    assert str(lk.fit(lk.Bernoulli(), [0] * 50).summary()) == BOUNDARY


def test_a_failure_to_the_letter() -> None:
    assert str(lk.fit(lk.Normal(), [5.0, 5.0, 5.0], on_failure="return").summary()) == FAILURE


# -- what is shown, and what is not -------------------------------------------------------------------------------


def test_the_two_spreads_are_both_shown_and_named() -> None:
    summary = lk.fit(lk.Normal(), PEOPLE, "weight ~ height").summary()
    design = np.column_stack([np.ones(8), HEIGHT])
    rss = float(np.linalg.lstsq(design, np.array(WEIGHT), rcond=None)[1][0])
    ml, residual = summary.spreads["sd"], summary.spreads["residual SD"]
    assert ml[0] == pytest.approx(math.sqrt(rss / 8), rel=1e-10)
    assert residual[0] == pytest.approx(math.sqrt(rss / 6), rel=1e-10)
    assert "divides by n = 8" in ml[1]
    assert "divides by n - p = 8 - 2" in residual[1]


def test_spreads_need_one_spread_for_all_rows() -> None:
    assert lk.fit(lk.Normal(), PEOPLE, "weight ~ height", sd="~ height").summary().spreads == {}
    assert lk.fit(lk.Poisson(), [1, 2, 3]).summary().spreads == {}
    assert "residual sigma" in lk.fit(lk.LogNormal(), [1.0, 2.0, 4.0]).summary().spreads


def test_z_and_p_belong_to_coefficients_only() -> None:
    estimates = {e.name: e for e in lk.fit(lk.Normal(), PEOPLE, "weight ~ height").summary().estimates}
    slope = estimates["mean.height"]
    assert slope.z == pytest.approx(slope.value / slope.stderr)
    assert slope.p == pytest.approx(math.erfc(abs(slope.z) / math.sqrt(2)))
    assert estimates["sd"].z is None
    assert estimates["sd"].scale == "natural"


def test_a_failed_fit_says_so_first_and_shows_no_numbers() -> None:
    summary = lk.fit(lk.Normal(), [5.0, 5.0, 5.0], on_failure="return").summary()
    text = str(summary)
    assert text.startswith("THE FIT FAILED")
    for word in ("estimate  ", "log-likelihood", "AIC", "std. error", "converged"):
        assert word not in text
    record = summary.to_dict()
    assert record["estimates"] == []
    assert record["converged"] is False
    assert all(record[k] is None for k in ("loglik", "aic", "aicc", "bic"))


def test_an_estimate_on_the_boundary_has_its_profile_interval_and_a_note() -> None:
    summary = lk.fit(lk.Bernoulli(), [0] * 50).summary()
    (estimate,) = summary.estimates
    assert estimate.stderr is None
    assert estimate.interval.method == "profile"
    assert estimate.interval.upper == pytest.approx(1 - math.exp(-1.920729 / 50), abs=1e-6)
    assert "[1]" in str(summary.grid)
    assert "end of the parameter's domain" in str(summary)


def test_a_limit_is_told_with_its_one_sided_interval() -> None:
    y = np.random.default_rng(3).uniform(size=60)
    fit = lk.fit(lk.StudentT(), y)
    text = str(fit.summary())
    assert "infinity" in text
    assert "residual scale" in text  # the user's names, not the limiting family's
    record = fit.summary().to_dict()
    df = numbers_of(record, "df")
    assert df["estimate"] is None
    assert "infinity" in df["note"]


def test_withheld_errors_are_dashes_with_a_reason() -> None:
    text = str(lk.fit(lk.Uniform(), [1.0, 2.0, 3.5]).summary())
    assert "high       3.5           -          -          -  [1]" in text
    assert "[1]  The estimate is an extreme of the data" in text


def test_every_parameter_is_accounted_for_in_words() -> None:
    data = {"s": [3, 4, 2], "n": [10, 12, 9], "t": [1.0, 2.0, 3.0]}
    assert "known, from column n" in str(lk.fit(lk.Binomial(n="n"), data, "s ~ 1").summary())
    assert "known, 2" in str(lk.fit(lk.Normal(sd=2), [1.0, 2.0]).summary())
    offset = str(lk.fit(lk.Poisson(), data, "s ~ 1", offset="log(t)").summary())
    assert "log(rate) ~ 1 + offset(log(t))" in offset
    probit = str(lk.fit(lk.Bernoulli(), {"y": [0, 1, 0, 1], "x": [1, 2, 3, 4]}, "y ~ x", link="probit").summary())
    assert "probit(p) ~ x" in probit
    assert "Coefficients of p: on the probit scale" in probit


def test_weights_and_dropped_rows_are_told() -> None:
    data = {"y": [0.0, 1.0, None, 1.0], "w": [3, 2, 1, 2]}
    with pytest.warns(lk.errors.DroppedRowsWarning):
        fit = lk.fit(lk.Bernoulli(), data, "y ~ 1", weights="w", missing="drop")
    text = str(fit.summary()).replace("\n         ", " ")
    assert "3 rows that stand for 7 observations by their weights" in text
    assert "1 of 4 rows dropped for missing values (y: 1)" in text


def test_labels_against_their_reference() -> None:
    data = {"y": list("aabbccab"), "x": [1.0, 2.0, 2.5, 1.5, 3.0, 0.5, 1.0, 2.0]}
    text = str(lk.fit(lk.Categorical(), data, "y ~ x").summary())
    assert "log(p[level] / p[a]) ~ x" in text
    assert "log-odds against a" in text
    assert "p[b].x" in text


# -- levels, methods ------------------------------------------------------------------------------------------------


def test_level_and_method() -> None:
    fit = lk.fit(lk.Poisson(), [2, 3, 1, 4])
    assert "90% lower" in str(fit.summary(0.9))
    profile = Summary(fit.estimates, 0.9, "profile").estimates[0].interval
    assert tuple(profile) == tuple(fit.interval(0.9, "profile")["rate"])
    assert "Intervals: profile likelihood." in str(Summary(fit.estimates, method="profile"))
    boot = Summary(fit.estimates, 0.9, "bootstrap", {"replicates": 50, "seed": 1}).estimates[0].interval
    assert tuple(boot) == tuple(fit.interval(0.9, "bootstrap", replicates=50, seed=1)["rate"])
    with pytest.raises(OptionError, match=r"write 0\.95"):
        fit.summary(95)
    with pytest.raises(UnknownNameError, match="wald"):
        Summary(fit.estimates, method="wold")


def test_an_interval_that_cannot_be_had_is_a_dash_with_its_reason() -> None:
    summary = Summary(lk.fit(lk.Uniform(), [1.0, 2.0, 3.0]).estimates, method="profile")
    assert all(not e.interval.exists for e in summary.estimates)
    assert "has no derivative" in " ".join(str(summary).split())


def test_names_keep_their_spelling_at_the_start_of_a_sentence() -> None:
    data = {"income": [1, 2, 3, 4], "y": [0, 0, 1, 1]}
    text = str(lk.fit(lk.Bernoulli(), data, "y ~ income", on_failure="return").summary())
    assert "\nincome separates" in text


# -- records and notebooks --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fit",
    [
        lk.fit(lk.Normal(), PEOPLE, "weight ~ height"),
        lk.fit(lk.Bernoulli(), [0] * 50),
        lk.fit(lk.Uniform(), [1.0, 2.0]),
        lk.fit(lk.NegativeBinomial(), [2, 2, 2, 3, 2, 2, 1]),
        lk.fit(lk.Normal(), [1.0, 1.0], on_failure="return"),
        lk.fit(lk.Exponential(), [2.0]),
    ],
    ids=lambda fit: fit.likelihood.model.family.name,
)
def test_the_record_is_valid_json_and_agrees_with_the_fit(fit: lk.Fit) -> None:
    record = json.loads(json.dumps(fit.summary().to_dict(), allow_nan=False))
    assert record["converged"] == fit.converged
    assert record["k"] == fit.k
    for e in record["estimates"]:
        value = fit.coef[e["name"]]
        assert e["estimate"] == (value if math.isfinite(value) else None)
        assert e["std_error"] == fit.stderr[e["name"]]
        assert e["std_error"] is not None or e["note"]


def test_an_infinite_aicc_is_null_with_a_note() -> None:
    record = lk.fit(lk.Exponential(), [2.0]).summary().to_dict()
    assert record["aicc"] is None
    assert any("aicc is infinite" in note for note in record["notes"])
    assert "AICc" not in str(lk.fit(lk.Exponential(), [2.0]).summary())


def test_notebook_tables_escape_text_from_the_data() -> None:
    data = {"y": [0, 1, 0, 1, 1, 0], "g": ["z<b>x</b>", "z<b>x</b>", "b", "b", "a", "a"]}
    html = lk.fit(lk.Bernoulli(), data, "y ~ C(g)").summary()._repr_html_()
    assert "<b>" not in html
    assert "z&lt;b&gt;x" in html
    assert html.count("<table>") == html.count("</table>") >= 2


# -- numbers and grids ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "scale", "expected"),
    [
        ([0.03, 0.0171144], 0.00852936, ["0.03000", "0.01711"]),
        ([3271.26], 89.26, ["3,271.3"]),
        ([767689280.0], 111543666.0, ["767,689,280"]),
        ([1e-12], 1.234e-14, ["1.0000e-12"]),
        ([8.777e13], 6.57e12, ["8.777e+13"]),
        ([None, float("inf")], 1.0, ["-", "infinity"]),
        ([0.5], None, ["0.5"]),
        ([1 / 3], 1e-18, ["3.33333333333333e-01"]),
        ([-0.00001], 0.5, ["0.000"]),
    ],
)
def test_numbers_take_their_digits_from_the_standard_error(values: list, scale: float, expected: list) -> None:
    assert alike(values, scale) == expected


def test_plain_numbers() -> None:
    assert number(1e-300) == "1e-300"
    assert number(float("nan")) == "-"
    assert number(-0.0) == "0"
    assert number(1234.5678, 6) == "1234.57"
    assert fixed(None) == "-"
    assert p_value(0.0001) == "0.0001"
    record = plain({"a": np.float64("nan"), "b": (np.int64(1), [math.inf])})
    assert record == {"a": None, "b": [1, [None]]}


def test_a_long_name_stands_on_its_own_line() -> None:
    grid = Grid(("", "x"), (("short", "1"), ("n" * 60, "22")), "lr")
    assert grid.lines(20) == ["        x", "---------", "short   1", "n" * 60, "       22"]


def test_a_terminal_narrower_than_a_grid_loses_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    import io

    fit = lk.fit(lk.Bernoulli(), lk.datasets.loans(), "default ~ C(purpose)")
    stream = io.StringIO()
    screen = Screen(stream, plain=False)
    screen.console.width = 80
    screen.show(fit.summary())
    text = stream.getvalue()
    assert "p.C(purpose)[T.radio or television]" in text  # neither cut nor read as markup
    import re

    assert max(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) for line in text.splitlines()) <= 80
