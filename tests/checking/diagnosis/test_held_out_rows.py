"""Held-out rows that cost far more than those of training are a finding, whatever their spread; words for p-values."""

from __future__ import annotations

import numpy as np
import pytest

import likely as lk
from likely.checking.diagnosis import _ended
from likely.checking.diagnosis.null_distribution import Outcome

RNG = np.random.default_rng(0)
N = 60
X = RNG.normal(size=N)


def overfitting(fit: lk.Fit):
    found = fit.diagnose(checks=["overfitting"])
    return found["overfitting"].outcome, found


def test_one_row_that_the_others_give_no_chance_is_a_finding():
    z, y = np.zeros(N), X + 0.01 * RNG.normal(size=N)
    z[5], z[6] = 1e-3, 1.0
    y[5], y[6] = 3.0, 500.0
    outcome, found = overfitting(lk.fit("normal", {"y": y, "x": X, "z": z}, "y ~ x + z"))
    assert outcome.startswith("found: training")
    (finding,) = found.findings
    assert finding.severity == "finding"
    assert not found.clear
    assert finding.evidence["rows"] == [6]
    assert finding.evidence["held_out"] < finding.evidence["training"] - 1000
    assert "row 6" in finding.observed
    assert "passed" not in str(found)


def test_rows_are_those_of_the_data():
    x = np.r_[np.nan, RNG.normal(size=N)]
    x[1] = 60.0
    y = np.r_[0, 2000, RNG.poisson(1, N - 1)]
    with pytest.warns(lk.errors.DroppedRowsWarning):
        fit = lk.fit("poisson", {"y": y, "x": x}, "y ~ x", missing="drop")
    outcome, found = overfitting(fit)
    assert outcome.startswith("found")
    assert found.findings[0].evidence["rows"] == [1]


@pytest.mark.parametrize("n", [40, 200])
def test_a_model_that_holds_passes(n):
    rng = np.random.default_rng(n)
    x = rng.normal(size=n)
    outcome, found = overfitting(lk.fit("normal", {"y": x + rng.normal(size=n), "x": x}, "y ~ x"))
    assert outcome.startswith("passed")
    assert found.clear


def test_many_estimates_for_few_rows_stay_a_note():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(40, 12))
    data = {"y": rng.normal(size=40), **{f"x{j}": x[:, j] for j in range(12)}}
    outcome, found = overfitting(lk.fit("normal", data, "y ~ " + " + ".join(f"x{j}" for j in range(12))))
    assert outcome.startswith("found")
    assert found.findings[0].severity == "note"


def test_what_a_small_p_value_among_others_is_called():
    at = Outcome(2.0, "", 0.05, "")
    assert _ended(at, 0.5, 0.05, 10) == "passed: p = 0.0500 by itself is 0.5000 as one of 10 tests"
    assert _ended(at, 0.05, 0.05, 1) == "found: see above"
    assert _ended(Outcome(2.0, "", 0.050004, ""), 0.5, 0.05, 10) == "passed"
    assert "0.049996" in _ended(Outcome(2.0, "", 0.049996, ""), 0.45, 0.05, 9)
