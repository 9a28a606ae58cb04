"""What coefficients mean, in words: the numbers in the sentences are checked against statsmodels or by hand."""

from __future__ import annotations

import math
import re

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

import likely as lk
from likely.report.meanings import meanings

LOANS = lk.datasets.loans()


def told(fit: lk.Fit) -> dict[str, str]:
    return {m.name: m.text for m in meanings(fit.estimates, fit.summary().estimates)}


def numbers(text: str) -> list[float]:
    """The estimate and its interval: what follows "by", "adds", "are" or "is"."""
    match = re.search(r"(?:by|adds?|are|is|as) (-?[\d,.]+) .*?interval (-?[\d,.]+) to (-?[\d,.]+)\)", text)
    assert match, text
    return [float(v.replace(",", "")) for v in match.groups()]


def test_odds() -> None:
    text = told(lk.fit("bernoulli", LOANS, "default ~ duration + C(housing)"))
    theirs = smf.logit("default ~ duration + C(housing)", LOANS).fit(disp=0)
    for ours, name in (("p.duration", "duration"), ("p.C(housing)[T.own]", "C(housing)[T.own]")):
        expected = np.exp([theirs.params[name], *theirs.conf_int().loc[name]])
        assert numbers(text[ours]) == pytest.approx(expected, abs=5e-3)
    assert text["p.duration"].startswith("One unit more of duration multiplies the odds of default by ")
    assert text["p.duration"].endswith("the other predictors held.")
    assert text["p.C(housing)[T.own]"].startswith("housing = own rather than free multiplies the odds of default by ")
    assert "(outside the data: duration)" in text["p.Intercept"]


def test_a_mean_that_multiplies_and_one_that_adds() -> None:
    fit = lk.fit("gamma", LOANS, "amount ~ duration")
    factor = math.exp(fit.coef["mean.duration"])
    assert numbers(told(fit)["mean.duration"])[0] == pytest.approx(factor, rel=1e-3)
    assert "multiplies the mean of amount by" in told(fit)["mean.duration"]
    plain = lk.fit("normal", LOANS, "amount ~ duration")
    assert numbers(told(plain)["mean.duration"].replace(" to the mean of amount", ""))[0] == pytest.approx(
        plain.coef["mean.duration"], rel=1e-3
    )
    assert "one unit more of duration adds" in told(plain)["mean.duration"].lower()


def test_a_unit_of_ordinary_size() -> None:
    """The standard deviation of amounts is 2,823, so the sentence is about a thousand."""
    fit = lk.fit("bernoulli", LOANS, "default ~ amount")
    text = told(fit)["p.amount"]
    assert text.startswith("1,000 units more of amount multiply the odds of default by ")
    assert numbers(text)[0] == pytest.approx(math.exp(1000 * fit.coef["p.amount"]), rel=1e-3)
    small = {"y": [1.0, 2.0, 4.0, 3.0], "x": [0.01, 0.02, 0.05, 0.04]}
    assert told(lk.fit("normal", small, "y ~ x"))["mean.x"].startswith("0.01 more of x adds 0.")


def test_logarithms_yes_and_no_and_what_the_data_leave_open() -> None:
    frame = LOANS.assign(old=LOANS["age"] > 40)
    fit = lk.fit("gamma", frame, "amount ~ np.log(age) + old + default")
    text = told(fit)
    assert text["mean.np.log(age)"].startswith("Doubling age multiplies the mean of amount by ")
    assert numbers(text["mean.np.log(age)"])[0] == pytest.approx(2 ** fit.coef["mean.np.log(age)"], rel=1e-2)
    assert any(sentence.startswith("old true rather than false multiplies") for sentence in text.values())
    assert text["mean.default"].startswith("default 1 rather than 0 multiplies")
    for name, sentence in text.items():
        low, high = fit.interval()[name]
        if name not in ("mean.Intercept", "shape"):
            assert sentence.endswith("the data leave the direction open.") == (low < 0 < high)


def test_interactions_and_curves_are_not_taken_for_effects() -> None:
    text = told(lk.fit("bernoulli", LOANS, "default ~ duration * age"))
    assert 'age also enters through duration:age: fit.effects("age") adds it up.' in text["p.age"]
    assert "multiplies the effect of one unit more of duration on the odds of default by" in text["p.duration:age"]
    curve = told(lk.fit("normal", LOANS, "amount ~ bs(age, df=4) + duration"))
    (spline,) = [sentence for sentence in curve.values() if "draw one curve" in sentence]
    assert spline.startswith("The 4 coefficients of bs(age, df=4) draw one curve of age")
    assert len(curve) == 4  # the intercept, the curve, the duration, the spread


def test_labels() -> None:
    text = told(lk.fit("categorical", LOANS, "housing ~ age"))
    assert "multiplies the odds of housing = own against housing = free by" in text["p[own].age"]
    rates = ["< 20 %", "20 to 25 %", "25 to 35 %", ">= 35 %"]
    text = told(lk.fit(lk.Ordinal(rates), LOANS, "installment_rate ~ age"))
    assert "multiplies the odds of a higher level of installment_rate by" in text["location.age"]
    probit = told(lk.fit(lk.Ordinal(rates, link="probit"), LOANS, "installment_rate ~ age"))
    assert "to the latent variable behind installment_rate" in probit["location.age"]


def test_a_higher_level_is_meant_by_a_higher_level() -> None:
    data = {"y": [1, 1, 1, 2, 2, 3, 2, 3, 3, 1], "x": [0.0, 1, 2, 1, 3, 4, 5, 5, 4, 1]}
    assert numbers(told(lk.fit(lk.Ordinal([1, 2, 3]), data, "y ~ x"))["location.x"])[0] > 1


def test_the_median_of_a_log_normal() -> None:
    data = pd.DataFrame({"y": np.exp([0.0, 1.0, 2.0, 1.0]), "g": list("aabb")})
    text = told(lk.fit("log_normal", data, "y ~ g"))
    assert numbers(text["mu.g[T.b]"])[0] == pytest.approx(math.e, rel=1e-2)
    assert text["mu.g[T.b]"].startswith("g = b rather than a multiplies the median of y by 2.7")


def test_constants_and_ends_of_domains() -> None:
    assert told(lk.fit("bernoulli", [1] * 7 + [0] * 3)) == {
        "p": "p (probability of a 1 (yes, success)) is estimated as 0.70 (95% interval 0.38 to 0.90)."
    }
    end = told(lk.fit("bernoulli", [0] * 50))["p"]
    assert "at the end of its domain, 0 (95% interval 0 to 0.03769)" in end
    heavy = told(lk.fit("student_t", [0.1 * i for i in range(30)]))["df"]
    assert "at the end of its domain, infinity" in heavy


def test_a_failed_fit_means_nothing() -> None:
    failed = lk.fit("normal", [5.0, 5.0, 5.0], on_failure="return")
    assert told(failed) == {}
