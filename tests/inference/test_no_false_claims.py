"""What follows from a fit without standard errors, or with some that are conditional, says so."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import likely as lk
from likely.errors import DesignError, IntervalError, OptionError


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    x, z = rng.normal(size=(2, 150))
    return {
        "x": x,
        "z": z,
        "yes": (rng.random(150) < 1 / (1 + np.exp(-x))).astype(int),
        "value": x + 0.5 * z + rng.normal(size=150),
    }


def test_a_lasso_has_no_intervals_of_predictions(data: dict[str, Any]) -> None:
    fit = lk.fit("bernoulli", data, "yes ~ x + z", penalty=lk.Lasso(3.0))
    for what, options in (("interval", {}), ("interval", {"simultaneous": True}), ("prediction", {})):
        with pytest.raises(IntervalError, match="corners"):
            fit.predict(data, what, **options)
    with pytest.raises(IntervalError, match="corners"):
        fit.effects()


def test_a_parameter_that_a_predictor_does_not_touch_has_no_effect_of_it(data: dict[str, Any]) -> None:
    """Its rounding errors would else be divided by each other: 3e-14 with z = 40."""
    fit = lk.fit("normal", data, "value ~ x + z", sd="~ x")
    z = next(row for row in fit.effects(what="sd").rows if row["variable"] == "z")
    assert (z["estimate"], z["std_error"], z["p_value"]) == (0.0, 0.0, 1.0)
    assert fit.effects("z", what="mean").estimate == pytest.approx(fit.coef["mean.z"], rel=1e-9)


def test_effects_at_a_bound_say_that_it_is_taken_as_an_equation(data: dict[str, Any]) -> None:
    fit = lk.fit("bernoulli", data, "yes ~ x + z", bounds={"x": (None, 0.2)})
    assert "p.x <= 0.2" in str(fit.effects("z"))
    assert "p.x" not in str(lk.fit("bernoulli", data, "yes ~ x + z", fixed={"x": 0.2}).effects("z"))


def test_hc1_counts_an_equation(data: dict[str, Any]) -> None:
    small = lk.fit("normal", data, "value ~ x", cov="HC1")
    held = lk.fit("normal", data, "value ~ x + z", fixed={"z": 0.0}, cov="HC1")
    assert held.stderr["mean.x"] == pytest.approx(small.stderr["mean.x"], rel=1e-9)


def test_text_that_no_float_can_hold(data: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match="no float can hold 1e400"):
        lk.fit("normal", data, "value ~ x").test("x = 1e400")
    with pytest.raises(OptionError, match="several in a list or dict"):
        lk.fit("normal", data, "value ~ x").delta({})


def test_a_larger_model_with_aliased_columns(data: dict[str, Any]) -> None:
    with pytest.raises(DesignError, match=r"I\(2 \* x\) = 2\*x"):
        lk.fit("normal", data, "value ~ x").score_test("~ . + z + I(2*x)")


def test_a_penalty_by_short_name(data: dict[str, Any]) -> None:
    short = lk.fit("normal", data, "value ~ x + z", penalty={"x": lk.Ridge(20.0)})
    assert short.coef == lk.fit("normal", data, "value ~ x + z", penalty={"mean.x": lk.Ridge(20.0)}).coef
    with pytest.raises(OptionError, match="twice"):
        lk.fit("normal", data, "value ~ x + z", penalty={"x": lk.Ridge(20.0), "mean.x": lk.Ridge(1.0)})


def test_a_sum_that_is_fixed_is_no_hypothesis() -> None:
    fit = lk.fit("categorical", ["a", "b", "c", "a", "b", "a"])
    with pytest.raises(OptionError, match="restricts nothing"):
        fit.test("p[a] + p[b] + p[c] = 1")
    with pytest.raises(OptionError, match="cannot hold"):
        fit.test("p[a] + p[b] + p[c] = 2")
