"""A fit beside its neighbours: which these are, and that each is the same model under another assumption."""

from __future__ import annotations

import numpy as np
import pytest

import likely as lk
from likely.checking.comparison.record import Comparison
from likely.errors import UnknownNameError
from likely.report.neighbours import neighbours

LOANS = lk.datasets.loans()


def names(found: Comparison | str) -> set[str]:
    assert isinstance(found, Comparison), found
    return {row.name for row in found.rows if row.converged}


def test_amounts_are_compared_with_families_of_amounts() -> None:
    fit = lk.fit("gamma", LOANS, "amount ~ duration")
    found = neighbours(fit.estimates)
    assert names(found) == {"Gamma", "LogNormal", "Weibull", "InverseGaussian"}
    rows = {row.name: row for row in found.rows}
    assert rows["Gamma"].fit is fit.estimates
    again = lk.fit("log_normal", LOANS, "amount ~ duration")
    assert rows["LogNormal"].aic == pytest.approx(again.aic, abs=1e-6)


def test_counts_and_weights_and_offsets_go_along() -> None:
    rng = np.random.default_rng(3)
    data = {
        "y": rng.poisson(2.0, 60),
        "x": rng.normal(size=60),
        "t": rng.uniform(1, 2, 60),
        "w": rng.integers(1, 4, 60),
    }
    fit = lk.fit("poisson", data, "y ~ x", exposure="t", weights="w")
    rows = {row.name: row for row in neighbours(fit.estimates).rows}
    again = lk.fit("negative_binomial", data, "y ~ x", exposure="t", weights="w")
    assert rows["NegativeBinomial"].aic == pytest.approx(again.aic, abs=1e-6)


def test_the_second_formula_goes_to_the_second_parameter() -> None:
    fit = lk.fit("normal", LOANS, "amount ~ duration", sd="~ duration")
    rows = {row.name: row for row in neighbours(fit.estimates, ["student_t"]).rows}
    again = lk.fit("student_t", LOANS, "amount ~ duration", scale="~ duration")
    assert rows["StudentT"].loglik == pytest.approx(again.loglik, abs=1e-6)


def test_a_probability_is_compared_by_its_links() -> None:
    found = neighbours(lk.fit("bernoulli", LOANS, "default ~ duration").estimates)
    assert names(found) == {f"Bernoulli, {link} link" for link in ("logit", "probit", "cloglog")}
    by_name = {row.name: row for row in found.rows}
    again = lk.fit("bernoulli", LOANS, "default ~ duration", link="probit")
    assert by_name["Bernoulli, probit link"].loglik == pytest.approx(again.loglik, abs=1e-8)


def test_where_there_is_nothing_to_compare_it_says_why() -> None:
    assert "no neighbour" in neighbours(lk.fit("bernoulli", [1, 0, 1]).estimates)
    assert "failed" in neighbours(lk.fit("normal", [5.0, 5.0], on_failure="return").estimates)
    assert "penalty" in neighbours(lk.fit("normal", LOANS, "amount ~ age", penalty=lk.Ridge(1.0)).estimates)
    sampled = lk.fit("normal", LOANS, "amount ~ age", weights="duration", weights_kind="sampling")
    assert "sampling" in neighbours(sampled.estimates)
    assert "known" in neighbours(lk.fit(lk.Normal(sd=1.0), [1.0, 2.0, 4.0]).estimates)


def test_an_unknown_family_is_an_error() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'gamma'"):
        neighbours(lk.fit("gamma", LOANS, "amount").estimates, ["gama"])
