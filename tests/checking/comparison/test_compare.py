"""Comparisons: the arithmetic, the order, and what must not be compared."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

import likely as lk
from likely.errors import DataError, FitError, OptionError, SupportError, UnknownNameError

Y = [1.2, 0.3, 2.7, 0.1, 0.9, 4.1, 0.2, 1.5]


def test_the_rows_are_the_fits_own_numbers_sorted_by_aic() -> None:
    found = lk.compare([lk.Normal(), lk.Exponential(), "gamma"], Y)
    aics = [row.aic for row in found.rows]
    assert aics == sorted(aics)
    for row in found.rows:
        alone = lk.fit(row.name.lower(), Y)
        assert row.loglik == alone.loglik
        assert (row.k, row.aic, row.aicc, row.bic) == (alone.k, alone.aic, alone.aicc, alone.bic)
        assert row.delta == pytest.approx(alone.aic - min(aics))
    assert found.best is found.rows[0].fit
    assert set(found.fits) == {"Normal", "Exponential", "Gamma"}


def test_akaike_weights() -> None:
    found = lk.compare(["normal", "laplace", "logistic"], Y)
    raw = [math.exp(-0.5 * row.delta) for row in found.rows]
    assert [row.weight for row in found.rows] == pytest.approx([r / sum(raw) for r in raw])
    assert sum(row.weight for row in found.rows) == pytest.approx(1.0)


def test_failures_come_last_with_their_reason() -> None:
    found = lk.compare(["beta", "normal", "poisson"], Y)
    assert [row.name for row in found.rows] == ["Normal", "Beta", "Poisson"]
    for row in found.rows[1:]:
        assert row.aic is row.loglik is row.weight is row.delta is None
        assert not row.converged
        assert row.status.startswith("failed: ")
    assert "[1] failed: Beta is for numbers > 0 and < 1" in str(found)
    assert found.rows[0].weight == 1.0


def test_a_fit_that_fails_never_wins() -> None:
    found = lk.compare(["normal", "student_t", "exponential"], [2.0, 2.0, 2.0])
    assert found.rows[0].name == "Exponential"
    assert found.rows[0].weight == 1.0
    alone = lk.compare(["normal", "laplace"], [2.0, 2.0, 2.0])
    assert all(row.aic is None for row in alone.rows)
    with pytest.raises(FitError, match="no candidate could be fitted"):
        _ = alone.best


def test_formulas_and_options_reach_every_fit() -> None:
    data = {"y": Y, "x": list(range(8)), "w": [1, 2] * 4}
    found = lk.compare(["normal", "laplace"], data, "y ~ x", weights="w")
    assert found.n == 12
    assert found.fits["Normal"].loglik == lk.fit("normal", data, "y ~ x", weights="w").loglik


def test_fits_are_compared_as_they_are() -> None:
    data = {"y": Y, "x": list(range(8))}
    small, large = lk.fit("normal", data, "y ~ 1"), lk.fit("normal", data, "y ~ x")
    assert {row.name for row in lk.compare([small, large]).rows} == {"Normal: y ~ 1", "Normal: y ~ x"}
    named = lk.compare({"without": small, "with": large})
    assert {row.name: row.fit for row in named.rows} == {"without": small, "with": large}
    same = lk.compare([small, small])
    assert [row.name for row in same.rows] == ["Normal: y ~ 1", "Normal: y ~ 1 (2)"]


def test_different_data_are_refused() -> None:
    data = {"y": Y, "w": [2.0] * 8}
    base = lk.fit("normal", data, "y ~ 1")
    with pytest.raises(DataError, match="8 and 7 rows"):
        lk.compare([base, lk.fit("normal", Y[:-1])])
    with pytest.raises(DataError, match=r"LogNormal instead of Normal on log\(y\)"):
        lk.compare([lk.fit("normal", data, "log(y) ~ 1"), lk.fit("log_normal", data, "y ~ 1")])
    with pytest.raises(DataError, match="different weights"):
        lk.compare([base, lk.fit("normal", data, "y ~ 1", weights="w")])
    ones = lk.fit("laplace", {**data, "w": [1.0] * 8}, "y ~ 1", weights="w")
    assert len(lk.compare([base, ones]).rows) == 2


def test_labels_are_part_of_the_response() -> None:
    first = lk.fit("categorical", list("aabb"))
    with pytest.raises(DataError, match="different values"):
        lk.compare([first, lk.fit("categorical", list("ccdd"))])


def test_misuse_says_what_to_do() -> None:
    with pytest.raises(OptionError, match="list of families or fits"):
        lk.compare("normal", Y)
    with pytest.raises(OptionError, match=r"list of families.*found \[\]"):
        lk.compare([], Y)
    with pytest.raises(OptionError, match="families need data"):
        lk.compare(["normal", "laplace"])
    fit = lk.fit("normal", Y)
    with pytest.raises(OptionError, match="bring their own data"):
        lk.compare([fit, fit], Y)
    with pytest.raises(OptionError, match="found both"):
        lk.compare([fit, "laplace"], Y)
    with pytest.raises(UnknownNameError, match="normal"):
        lk.compare(["normall"], Y)
    with pytest.raises(UnknownNameError, match="column"):  # would meet every family: raised, not listed
        lk.compare(["normal", "laplace"], {"y": Y}, "y ~ x")
    with pytest.raises(SupportError, match="none of Beta, Poisson"):
        lk.compare(["beta", "poisson"], Y)


def test_densities_beside_probabilities_carry_a_note() -> None:
    counts = np.random.default_rng(0).poisson(20, 50)
    assert "whole numbers a probability" in str(lk.compare(["normal", "poisson"], counts))
    assert lk.compare(["poisson", "geometric"], counts).notes == ()


def test_boundary_fits_are_marked() -> None:
    found = lk.compare(["poisson", "negative_binomial"], [2, 2, 2, 3, 2, 2, 1])
    assert [row.name for row in found.rows] == ["Poisson", "NegativeBinomial"]
    assert found.rows[1].status.startswith("boundary")
    assert "[1] boundary: dispersion runs to 0" in str(found)


def test_text_and_record() -> None:
    found = lk.compare(["normal", "exponential", "beta"], Y[:3])
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["n"] == 3
    normal = next(row for row in found.to_dict()["rows"] if row["name"] == "Normal")
    assert normal["aicc"] is None  # n <= k + 1
    text = str(lk.compare(["normal", "exponential"], Y))
    assert text == TEXT
    assert "<td" in found._repr_html_()


TEXT = """\
Comparison for y, n = 8
             loglik  k    AIC   AICc    BIC  delta  weight
----------------------------------------------------------
Exponential  -10.55  1  23.10  23.76  23.17   0.00  0.9807
Normal       -13.48  2  30.96  33.36  31.12   7.86  0.0193"""


def test_the_packaged_data_set() -> None:
    loans = lk.datasets.loans()
    assert loans.shape == (1000, 18)
    assert int(loans["default"].sum()) == 300
    assert not loans.isna().any().any()
    with pytest.raises(UnknownNameError, match="loans"):
        lk.datasets.path("lones")
