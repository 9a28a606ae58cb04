"""What was asked for: kept on the fit, and to JSON and back without rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import likely as lk
from likely.errors import OptionError, UnknownNameError
from likely.models.asked import Asked
from likely.results.fitting import fit_of

rng = np.random.default_rng(3)
N = 40
DATA: dict[str, Any] = {
    "x": rng.normal(size=N),
    "g": rng.choice(list("abc"), N),
    "w": rng.integers(1, 4, N),
    "e": rng.uniform(1, 5, N),
    "firm": np.repeat(np.arange(10), 4),
}
DATA["y"] = 1.0 + DATA["x"] + rng.normal(size=N)
DATA["c"] = rng.poisson(np.exp(0.3 * DATA["x"] + 0.5))
DATA["p"] = (DATA["y"] > 1.0).astype(int)
DATA["o"] = rng.choice(["low", "mid", "top"], N)
CASES = rng.integers(0, 2, N)
DATA["case"] = CASES

START = {"mean.Intercept": 1.0, "mean.x": 0.0, "shape": 2.0}
FITS: dict[str, Callable[[], lk.Fit]] = {
    "two formulas": lambda: lk.fit("student_t", DATA, "y ~ x", scale="~ g", weights="w", starts=3),
    "known": lambda: lk.fit(lk.Normal(sd=2.0), DATA, "y ~ x + g", cov="HC1", aliased="drop"),
    "exposure": lambda: lk.fit("poisson", DATA, "c ~ x", exposure="e", cluster="firm", solver="newton"),
    "offsets": lambda: lk.fit("normal", DATA, "y ~ g", offset={"mean": "x", "sd": "log(e)"}, small_sample="z"),
    "ridge": lambda: lk.fit("bernoulli", DATA, "p ~ x", link="probit", penalty={"p": lk.Ridge(1.0, scale=False)}),
    "firth": lambda: lk.fit("bernoulli", DATA, "p ~ x", penalty=lk.Firth),
    "bounds": lambda: lk.fit("normal", DATA, "y ~ x", bounds={"mean.x": (0, np.inf)}, fixed={"sd": 1.0}),
    "constraints": lambda: lk.fit("normal", DATA, "y ~ x + e", constraints="mean.x = mean.e"),
    "labels": lambda: lk.fit(lk.Categorical(reference="mid"), DATA, "o ~ x"),
    "ordered": lambda: lk.fit(lk.Ordinal(["low", "mid", "top"], link="probit"), DATA, "o ~ x"),
    "known chances": lambda: lk.fit(lk.Categorical(p={"low": 0.2, "mid": 0.5, "top": 0.3}), DATA, "o"),
    "strata": lambda: lk.fit("conditional_logit", DATA, "case ~ x", strata="firm"),
    "quantile": lambda: lk.fit(
        lk.AsymmetricLaplace(tau=0.25), DATA, "y ~ x", na=["?", -999], tolerance=np.float64(1e-7)
    ),
}


@pytest.mark.parametrize("name", FITS)
def test_to_json_and_back(name: str) -> None:
    fit = FITS[name]()
    saved = fit.asked.to_dict()
    text = json.dumps(saved, allow_nan=False)
    assert saved["again"] == {}
    again = Asked.from_dict(json.loads(text))
    assert again.to_dict() == saved
    refitted = fit_of(again, DATA)
    assert refitted.coef == fit.coef
    assert refitted.stderr == fit.stderr


ROWS = np.arange(N) + 0.5


@pytest.mark.parametrize(
    ("asked", "name", "what"),
    [
        (Asked.of("normal", "y ~ x", weights=ROWS), "weights", r"an array of shape \(40,\)"),
        (Asked.of("normal", "y ~ x", weights=ROWS.tolist()), "weights", "a list of 40"),
        (Asked.of("normal", "y ~ x", offset={"sd": ROWS.tolist()}), "offset", "a list of 40"),
        (Asked.of("normal", np.ones((N, 2))), "formula", r"an array of shape \(40, 2\)"),
        (Asked.of("normal", "y ~ x", sd=np.ones((N, 1))), "sd", r"an array of shape \(40, 1\)"),
        (Asked.of("normal", "y ~ x", cluster=list("abcd")), "cluster", "a list of 4"),
        (Asked.of(lk.Normal(sd=ROWS), "y ~ x"), "family", r"Normal with an array of shape \(40,\)"),
        (Asked.of(lk.Normal(sd=ROWS.tolist()), "y ~ x"), "family", "Normal with a list of 40"),
    ],
)
def test_rows_are_told_and_given_again(asked: Asked, name: str, what: str) -> None:
    saved = json.loads(json.dumps(asked.to_dict()))
    assert list(saved["again"]) == [name]
    with pytest.raises(OptionError, match=rf"{name} \({what}\).*from_dict\(saved, {name}=\.\.\.\)"):
        Asked.from_dict(saved)
    given = asked.formulas.get(name, getattr(asked, name, None))
    found = Asked.from_dict(saved, **{name: given})
    assert found.formulas.get(name, getattr(found, name, None)) is given


def test_a_family_of_ones_own() -> None:
    @lk.family(params={"theta": lk.Positive}, support="positive")
    def lindley(y: Any, theta: Any, xp: Any) -> Any:
        return 2.0 * xp.log(theta) - xp.log(1.0 + theta) + xp.log1p(y) - theta * y

    fit = lk.fit(lindley, DATA, "e")
    saved = fit.asked.to_dict()
    with pytest.raises(OptionError, match="a family of your own"):
        Asked.from_dict(saved)
    assert fit_of(Asked.from_dict(saved, family=lindley), DATA).coef == fit.coef


def test_what_is_no_saved_record() -> None:
    saved = Asked.of("normal", "y ~ x", missing="drop").to_dict()
    for wrong in (None, [], {}, {**saved, "format": "x"}, {**saved, "arguments": 3}, {"format": saved["format"]}):
        with pytest.raises(OptionError, match=r"no saved arguments|version"):
            Asked.from_dict(wrong)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="no saved arguments"):
        Asked.from_dict({**saved, "arguments": {"formula": "y ~ x"}})
    with pytest.raises(OptionError, match="version 2"):
        Asked.from_dict({**saved, "version": 2})
    with pytest.raises(UnknownNameError, match="for missing="):
        Asked.from_dict(saved, missing="dorp")


def test_a_watching_function_is_left_out() -> None:
    asked = lk.fit("poisson", DATA, "c ~ x", progress=lambda *args: None).asked
    assert "progress" not in asked.to_dict()["arguments"]
    assert asked.to_dict()["again"] == {}


def test_kept_on_the_fit() -> None:
    fit = lk.fit("normal", DATA, "y ~ x", weights="w", solver="newton", sd="~ g")
    assert (fit.asked.weights, fit.asked.solver, fit.asked.formulas) == ("w", "newton", {"sd": "~ g"})
    assert fit.asked.family == lk.Normal()
    again = fit.likelihood.maximize(cov="HC0")
    assert (again.asked.weights, again.asked.solver, again.asked.cov) == ("w", "auto", "HC0")
    assert fit.with_cov("HC3").with_cov(cluster="firm").asked.cluster == "firm"
    assert fit.with_cov("HC3").asked.cov == "HC3"


def test_another_family_takes_what_it_can() -> None:
    asked = Asked.of("student_t", "y ~ x", scale="~ g", df="~ x", link={"scale": "identity"}, offset={"scale": "e"})
    under = asked.under(lk.Normal())
    assert (under.formulas, under.offset) == ({"sd": "~ g"}, {"sd": "e"})
    assert asked.under(lk.Poisson()).formulas == {}
    assert Asked.of("poisson", "c ~ x", link="ln").under(lk.Gamma()).link in ({"mean": "log"}, None)


@pytest.mark.parametrize(
    ("change", "said"),
    [({"missing": "dorp"}, "missing="), ({"aliased": 1}, "aliased="), ({"separation": []}, "separation=")],
)
def test_words_that_are_none(change: dict[str, Any], said: str) -> None:
    with pytest.raises(UnknownNameError, match=said):
        lk.fit("normal", DATA, "y ~ x", **change)
