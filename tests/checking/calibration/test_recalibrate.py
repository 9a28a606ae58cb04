"""Recalibration: maps beside logistic regressions and scikit-learn's isotonic, and a gain that is tested held out."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import special as sc
from sklearn.isotonic import IsotonicRegression

import likely as lk
from likely.errors import DataError, OptionError, ParameterError, UnknownNameError

RNG = np.random.default_rng(71)
Z = RNG.normal(size=1200)
Y = (RNG.random(1200) < sc.expit(Z)).astype(int)
SURE = sc.expit(2.0 * Z - 0.5)


def test_logistic_is_a_logistic_regression():
    found = lk.recalibrate(Y, SURE)
    glm = sm.GLM(Y, sm.add_constant(sc.logit(SURE)), family=sm.families.Binomial()).fit(tol=1e-12)
    assert tuple(found.coef.values()) == pytest.approx(tuple(glm.params), rel=1e-6)
    assert tuple(found.stderr.values()) == pytest.approx(tuple(glm.bse), rel=1e-5)
    np.testing.assert_allclose(found(SURE), glm.predict(), rtol=1e-6)
    assert found.p_value < 1e-4
    assert found.gain == pytest.approx(found.before - found.after)
    assert "held out" in str(found)


def test_temperature_of_two_and_of_several_labels():
    found = lk.recalibrate(Y, sc.expit(2.0 * Z), "temperature")
    assert found.coef["temperature"] == pytest.approx(2.0, abs=0.3)
    rng = np.random.default_rng(3)
    logits = rng.normal(size=(2000, 4))
    codes = np.argmax(logits + rng.gumbel(size=(2000, 4)), axis=1)
    several = lk.recalibrate(codes, sc.softmax(3.0 * logits, axis=1), "temperature")
    assert several.coef["temperature"] == pytest.approx(3.0, abs=0.35)
    np.testing.assert_allclose(several(sc.softmax(3.0 * logits, axis=1)).sum(axis=1), 1.0)
    assert several.p_value < 1e-6


def test_beta_contains_the_logistic():
    beta, logistic = lk.recalibrate(Y, SURE, "beta"), lk.recalibrate(Y, SURE)

    def loglik(p):
        return np.sum(Y * np.log(p) + (1 - Y) * np.log1p(-p))

    assert loglik(beta(SURE)) >= loglik(logistic(SURE)) - 1e-6
    assert beta.coef["a"] >= 0
    assert beta.coef["b"] >= 0


def test_isotonic_is_scikit_learns():
    found = lk.recalibrate(Y, np.clip(SURE, 0.05, 0.95), "isotonic", folds=3)
    theirs = IsotonicRegression(out_of_bounds="clip").fit(np.clip(SURE, 0.05, 0.95), Y)
    at = np.linspace(0.05, 0.95, 50)
    np.testing.assert_allclose(found(at), theirs.predict(at), atol=1e-9)


def test_right_probabilities_gain_nothing_much():
    found = lk.recalibrate(Y, sc.expit(Z))
    assert found.p_value > 0.01
    assert abs(found.gain) < 0.01


def test_what_cannot_be_done():
    with pytest.raises(UnknownNameError, match="method of recalibration"):
        lk.recalibrate(Y, SURE, "platt")
    with pytest.raises(ParameterError, match=r"infinite: row 0: 1.0. Leave out clip=0.*method='isotonic'"):
        lk.recalibrate([1, 0, 1, 0], [1.0, 0.2, 0.9, 0.4], folds=2, clip=0)
    with pytest.raises(DataError, match="only one class"):
        lk.recalibrate([1] * 10, np.full(10, 0.7))
    with pytest.raises(OptionError, match="method='temperature'"):
        lk.recalibrate([0, 1, 2], np.full((3, 3), 1 / 3), "beta")
    with pytest.raises(OptionError, match="folds is a whole number from 2"):
        lk.recalibrate(Y, SURE, folds=1)
    with pytest.raises(ParameterError, match="between 0 and 1"):
        lk.recalibrate(Y, SURE)([0.5, 1.5])
