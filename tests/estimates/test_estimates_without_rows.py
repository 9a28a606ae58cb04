"""Estimates go to JSON and back without rows: what follows from them alone is the same to the last bit."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from fits_of_every_kind import FITS, NEW, D, Own

import likely as lk
from likely.errors import DataError, FitError, LikelyError, OptionError
from likely.estimates import Estimates
from likely.results.fits import Fit

SIMPLE = """names coef loglik nll aic aicc bic k n df_residual status converged end boundary condition aliased note
    multipliers posterior active_inequalities cov_kind cov_text reference regular stderr withheld scaled_cov cov
    brief"""
KINDS: dict[str, dict[str, Any]] = {
    "mean": {},
    "interval": {},
    "params": {},
    "quantile": {"q": 0.3},
    "prediction": {"level": 0.9},
    "prob": {"y": 1.0},
}


def answer(ask: Callable[[], Any]) -> str:
    """What is answered, every digit of it, or the error in words."""
    try:
        found = ask()
    except LikelyError as error:
        return f"{type(error).__name__}: {error}"
    return repr(plain(found))


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value


def answers(estimates: Estimates) -> dict[str, str]:
    fit = Fit(estimates)
    found = {name: answer(lambda name=name: getattr(estimates, name)) for name in SIMPLE.split()}
    found["derived"] = answer(fit.derived)
    found["intervals"] = answer(lambda: {name: (*one, one.note) for name, one in fit.interval().items()})
    found["terms"] = answer(lambda: str(fit.terms()))
    found["a function"] = answer(lambda: str(fit.delta(lambda p: sum(p[name] for name in estimates.names[:2]))))
    hypotheses = [f"{name} = 0.25" for name in estimates.names[:5]]
    hypotheses += [" = ".join(estimates.names[:2]), ", ".join(hypotheses[:2])]
    for hypothesis in hypotheses:
        found[hypothesis] = answer(lambda: vars(fit.test(hypothesis)))  # noqa: B023
    for kind, options in KINDS.items():
        found[f"predicted {kind}"] = answer(lambda: fit.predict(NEW, kind, **options))  # noqa: B023
    return found


def through_json(estimates: Estimates, **options: Any) -> Estimates:
    return Estimates.from_dict(json.loads(json.dumps(estimates.to_dict(), allow_nan=False)), **options)


@pytest.mark.filterwarnings("ignore::likely.errors.DroppedRowsWarning")
@pytest.mark.parametrize("name", FITS)
def test_what_follows_from_estimates_comes_back(name: str) -> None:
    estimates = FITS[name]().estimates
    again = through_json(estimates)
    expected, found = answers(estimates), answers(again)
    assert found == expected
    assert sum("without their rows" in text for text in found.values()) == 0
    assert again.to_dict() == estimates.to_dict()


def test_no_rows_are_written() -> None:
    few = lk.fit("gamma", D, "t ~ x + g", weights=D["w"], cluster="s").estimates
    many = lk.fit(
        "gamma", {k: np.tile(v, 20) for k, v in D.items()}, "t ~ x + g", weights=np.tile(D["w"], 20), cluster="s"
    ).estimates
    lengths = [len(json.dumps(one.to_dict())) for one in (few, many)]
    assert abs(lengths[0] - lengths[1]) < 200


def test_what_needs_rows_says_so() -> None:
    again = Fit(through_json(lk.fit("poisson", D, "count ~ x").estimates))
    for ask in (
        again.predict,
        again.residuals,
        lambda: again.interval(method="profile"),
        lambda: again.interval(method="bootstrap"),
        lambda: again.test("rate.x = 0", "lr"),
        lambda: again.test("rate.x = 0", "score"),
        lambda: again.with_cov("HC0"),
        lambda: again.likelihood.log(again.coef),
        again.influence,
        again.diagnose,
    ):
        with pytest.raises(DataError, match="read without their rows, and this needs them"):
            ask()


def test_another_covariance_that_needs_no_rows() -> None:
    fit = lk.fit("poisson", D, "count ~ x", cov="HC1")
    assert Fit(through_json(fit.estimates)).with_cov("observed").stderr == fit.with_cov("observed").stderr


def test_a_failure_keeps_its_reason() -> None:
    with pytest.raises(FitError) as caught:
        lk.fit("bernoulli", D, "q ~ g")
    estimates = caught.value.fit.estimates
    again = through_json(estimates)
    assert (again.converged, again.status) == (False, estimates.status)
    assert again.separation is not None
    assert estimates.separation is not None
    assert again.separation.rows.tolist() == estimates.separation.rows.tolist()
    assert str(again.separation) == str(estimates.separation)


def test_a_family_of_the_users_own() -> None:
    estimates = lk.fit(Own(), D, "t ~ x").estimates
    assert through_json(estimates, families={"own": Own}).stderr == estimates.stderr
    with pytest.raises(OptionError, match="pass families="):
        through_json(estimates)


def test_data_that_are_no_estimates() -> None:
    saved = lk.fit("bernoulli", [1, 0, 1]).estimates.to_dict()
    with pytest.raises(OptionError, match="version 99"):
        Estimates.from_dict({**saved, "version": 99})
    for other in ({}, None, saved["model"], saved["asked"]):
        with pytest.raises(OptionError, match="no estimates"):
            Estimates.from_dict(other)  # type: ignore[arg-type]
