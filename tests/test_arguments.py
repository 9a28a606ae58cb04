"""Arguments of a wrong type are told as such, by name, wherever they are given."""

from __future__ import annotations

import inspect

import numpy as np
import pandas as pd
import pytest

import likely as lk
from likely.errors import LikelyError, OptionError
from likely.errors.arguments import wrong_argument

RNG = np.random.default_rng(0)
DATA = pd.DataFrame({"x": RNG.normal(size=20)}).assign(y=lambda d: d.x + RNG.normal(size=20))
FIT = lk.fit("normal", DATA, "y ~ x")
HUGE = 10**400


class Unknown:
    """A type that nothing takes."""


ODD = (DATA, np.zeros((2, 2)), "nonsense", -1, float("nan"), None, [], {}, Unknown(), b"x", 3 + 1j, HUGE, {1: 2})
QUICK = (
    "interval",
    "predict",
    "residuals",
    "surprise",
    "effects",
    "with_cov",
    "simulate",
    "coef_table",
)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: FIT.surprise(DATA), "tail must be True or False, found a DataFrame"),
        (lambda: lk.fit("normal", DATA, "y ~ x", weights_kind=DATA), "weights_kind must be text, found a DataFrame"),
        (lambda: FIT.calibration(folds=DATA), "folds must be a whole number or None, found a DataFrame"),
        (lambda: lk.Normal(mean=HUGE), "mean holds a number of 401 digits"),
        (lambda: lk.Real(start=HUGE), "start holds a number of 401 digits"),
        (
            lambda: FIT.likelihood.log(values=HUGE),
            "values must be a dict, a number or None, found a whole number beyond",
        ),
        (lambda: lk.calibration(DATA.y, quantiles=lk.Normal()), "quantiles must be a dict or None, found a Normal"),
        (
            lambda: lk.fit("student_t", DATA, "y ~ x", progress=lambda one: one),
            "progress is called with other arguments",
        ),
    ],
)
def test_a_wrong_argument_is_named(call, words):
    with pytest.raises(OptionError, match=words):
        call()


@pytest.mark.parametrize("name", [name for name in QUICK if hasattr(FIT, name)])
def test_methods_end_in_an_answer_or_in_words(name, tmp_path, monkeypatch):
    """Every argument of a method, whatever it is given: the tests let faults through as they are."""
    monkeypatch.chdir(tmp_path)  # some name files
    method = getattr(FIT, name)
    for parameter in inspect.signature(method).parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        others = {
            p.name: "x"
            for p in inspect.signature(method).parameters.values()
            if p.default is p.empty and p is not parameter and p.kind is p.POSITIONAL_OR_KEYWORD
        }
        for value in ODD:
            try:
                method(**others, **{parameter.name: value})
            except LikelyError:
                continue


def test_arguments_that_fit_are_not_blamed():
    def function(a: int, b: float = 1.0, *, c: str | None = None, **more: object) -> None: ...

    assert wrong_argument(function, (np.int64(3), np.float32(2.0)), {"c": None, "d": [1]}, ValueError("x")) is None
    assert wrong_argument(function, ("3",), {}, ValueError("x")) == "a must be a whole number, found '3'"
    assert wrong_argument(function, (3,), {"d": [HUGE]}, ValueError("x")) == (
        "d holds a number of 401 digits, and numbers end at about 1.8e308"
    )
