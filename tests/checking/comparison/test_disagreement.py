"""What AIC and held-out rows say differently is told, with what it means; the numbers are those of sums by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import likely as lk
from likely.show.text_table import p_value

RNG = np.random.default_rng(0)
WILD = np.r_[1.0 + 1e-3 * RNG.normal(size=60), 1000.0]


def flat(found: lk.Comparison) -> str:
    return " ".join(str(found).split())


def test_a_first_place_that_held_out_rows_deny_is_told():
    found = lk.suggest(WILD, replicates=0)
    first, best = found.rows[0], max(found.rows, key=lambda row: -np.inf if row.held_out is None else row.held_out)
    assert first.difference > 1e6
    text = flat(found)
    assert f"AIC and held-out rows disagree: {first.name} is first by AIC" in text
    assert f"nats behind {best.name}" in text
    assert "nearly all of it in row 60" in text
    assert any("disagree" in note for note in found.to_dict()["notes"])
    assert "disagree" in found._repr_html_()


def test_the_row_is_that_of_the_data():
    y = np.r_[np.nan, np.nan, WILD]
    with pytest.warns(lk.errors.DroppedRowsWarning):
        found = lk.compare(["student_t", "exponential"], {"y": y}, "y", folds=5, missing="drop")
    assert "in row 62" in flat(found)


def test_an_overfitted_first_place_of_many_rows():
    rng = np.random.default_rng(3)
    n = 60
    x = rng.normal(size=(n, 20))
    data = {"y": rng.normal(size=n) + 1.5 * rng.normal(size=n), **{f"x{j}": x[:, j] for j in range(20)}}
    data["y"] = data["y"] + x[:, :20] @ np.full(20, 0.6)
    small = lk.fit("normal", data, "y ~ x0")
    # no few rows: every row is predicted a little worse
    big = lk.fit("normal", data, "y ~ " + " + ".join(f"x{j}" for j in range(20)))
    found = lk.compare({"small": small, "big": big}, folds=10)
    assert found.rows[0].name == "big"
    assert ("disagree" in flat(found)) == (found["big"].difference > 2 * (found["big"].difference_stderr or np.inf))


def test_agreement_is_not_talked_about():
    y = RNG.gamma(2.0, 3.0, 200)
    assert "disagree" not in flat(lk.suggest(y, replicates=0))
    assert "disagree" not in flat(lk.compare(["gamma", "log_normal"], RNG.lognormal(0, 1, 200), folds=5))


def test_a_first_place_without_held_out_rows_is_told():
    lone = np.zeros(40)
    lone[7] = 1.0
    y = RNG.normal(size=40)
    y[7] = 30.0
    data = {"y": y, "lone": lone}
    with_it, without = lk.fit("normal", data, "y ~ lone"), lk.fit("normal", data, "y")
    found = lk.compare({"with": with_it, "without": without}, folds=5)
    assert found.rows[0].name == "with"
    assert "with comes first by AIC alone" in flat(found)
    assert "without does best" in flat(found)


def test_held_out_rows_of_no_chance_are_named():
    y = np.r_[np.full(30, 1.0) + 1e-3 * RNG.normal(size=30), 1e4]
    found = lk.compare(["weibull", "exponential"], y, folds=5)
    assert found["Weibull"].held_out is None
    assert "row 30 is impossible under the estimates from the others, so it would be minus infinity" in flat(found)


def test_a_p_value_is_not_printed_as_the_level_it_is_held_against():
    assert p_value(0.05, 0.05) == "0.0500"
    assert p_value(0.05004, 0.05) == "0.05004"
    assert p_value(0.049996, 0.05) == "0.049996"
    assert p_value(np.nextafter(0.05, 1.0), 0.05) != "0.0500"
    assert p_value(0.0123, 0.05) == "0.0123"


def test_suggest_prints_the_p_value_it_judges_by():
    found = lk.suggest(stats.gamma(2).rvs(80, random_state=1), replicates=19, folds=None)
    for note in found.notes:
        if "goodness of fit p = " in note:
            p = float(note.split("p = ")[1].split(" ")[0])
            assert ("hardly" in note) == (p <= 0.05)


@pytest.mark.parametrize("checks", [["zeros", "grouped"], ["confident"]])
def test_checks_that_cannot_be_run_find_nothing_and_clear_nothing(checks):
    fit = lk.fit("normal", RNG.normal(size=50))
    assert fit.diagnose(checks=checks).verdict.startswith("No check could be run")
