"""Rows that came in batches, and lie in memory or in files, give the very numbers of one table."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

import likely as lk
from likely.compute.store import Store
from likely.errors import DataError
from likely.inference.fitting import fitted
from likely.likelihoods.log_likelihood import LogLikelihood
from likely.models.asked import Asked
from likely.models.bind import Streamed
from likely.results.fits import Fit

N = 1200


def frame() -> pd.DataFrame:
    rng = np.random.default_rng(11)
    x, g = rng.normal(size=N), rng.choice(list("abc"), N)
    eta = 0.3 * x + 0.4 * (g == "b")
    return pd.DataFrame(
        {
            "x": x,
            "z": rng.uniform(-1, 1, N),
            "g": g,
            "t": rng.uniform(0.5, 2.0, N),
            "w": rng.integers(1, 4, N).astype(float),
            "firm": rng.integers(0, 40, N),
            "many": [f"level {i}" for i in rng.permutation(np.arange(N) % 60)],
            "count": rng.poisson(np.exp(eta)),
            "died": rng.random(N) < 1 / (1 + np.exp(-eta)),
            "size": rng.gamma(2.0, np.exp(eta)),
            "level": eta + rng.normal(size=N) * np.exp(0.2 * x),
            "grade": rng.choice(["1 low", "2 middle", "3 high"], N),
            "some": np.where(rng.random(N) < 0.1, 0.0, 1.0 + rng.random(N)),
        }
    )


CASES: dict[str, dict[str, Any]] = {
    "logistic": {"family": "bernoulli", "formula": "died ~ x + C(g)"},
    "probit": {"family": "bernoulli", "formula": "died ~ x * z", "link": "probit"},
    "exposure": {"family": "poisson", "formula": "count ~ scale(x) + g", "exposure": "t"},
    "offset": {"family": "negative_binomial", "formula": "count ~ x", "offset": "log(t)"},
    "frequency": {"family": "poisson", "formula": "count ~ x", "weights": "w"},
    "analytic": {"family": "normal", "formula": "level ~ x", "weights": "w", "weights_kind": "analytic"},
    "sampling": {"family": "gamma", "formula": "size ~ x", "weights": "w", "weights_kind": "sampling"},
    "importance": {"family": "gamma", "formula": "size ~ x", "weights": "w", "weights_kind": "importance"},
    "distributional": {"family": "normal", "formula": "level ~ bs(x, df=4)", "sd": "~ x + g"},
    "t": {"family": "student_t", "formula": "level ~ x"},
    "weight zero": {"family": "poisson", "formula": "count ~ x", "weights": "some", "weights_kind": "sampling"},
    "ordinal": {"family": lk.Ordinal(levels=["1 low", "2 middle", "3 high"]), "formula": "grade ~ x + z"},
    "categorical": {"family": "categorical", "formula": "grade ~ x"},
    "quantile": {"family": "laplace", "formula": "level ~ x + z"},
    "constant": {"family": "weibull", "formula": "size ~ 1"},
    "many levels": {"family": "poisson", "formula": "count ~ x + C(many)"},
    "ridge": {"family": "bernoulli", "formula": "died ~ x + z", "penalty": lk.Ridge(2.0)},
    "bounds": {"family": "poisson", "formula": "count ~ x + z", "bounds": {"rate.x": (0.5, None)}},
    "constraints": {"family": "normal", "formula": "level ~ x + z", "constraints": "mean.x = mean.z"},
    "HC3": {"family": "bernoulli", "formula": "died ~ x", "cov": "HC3"},
    "expected": {"family": "gamma", "formula": "size ~ x", "cov": "expected"},
    "clusters": {"family": "poisson", "formula": "count ~ x", "cluster": "firm"},
    "two ways": {"family": "poisson", "formula": "count ~ x", "cluster": ["firm", "many"]},
}


def from_batches(data: pd.DataFrame, rows: int, memory: int, **arguments: Any) -> Fit:
    asked = Asked.of(**arguments)
    L = LogLikelihood(Streamed.of(asked, data, rows=rows).bound(memory))
    return Fit(fitted(L, L.asked))


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("rows", "memory"), [(97, 0), (500, 1 << 30)])
def test_the_numbers_are_those_of_one_table(case: str, rows: int, memory: int) -> None:
    data, arguments = frame(), CASES[case]
    whole, kept = lk.fit(data=data, **arguments), from_batches(data, rows, memory, **arguments)
    assert kept.coef == whole.coef
    assert kept.loglik == whole.loglik
    assert kept.n == whole.n
    np.testing.assert_array_equal(np.asarray(kept.cov), np.asarray(whole.cov))
    assert kept.status == whole.status


@pytest.mark.parametrize("kind", ["HC0", "HC1", "HC2", "opg", "expected"])
def test_covariances_profiles_and_tests(kind: str) -> None:
    data, arguments = frame(), CASES["logistic"]
    whole, kept = lk.fit(data=data, **arguments), from_batches(data, 211, 0, **arguments)
    np.testing.assert_array_equal(np.asarray(kept.with_cov(kind).cov), np.asarray(whole.with_cov(kind).cov))
    name = list(whole.coef)[1]
    assert kept.interval(method="profile")[name] == whole.interval(method="profile")[name]
    for method in ("wald", "lr", "score"):
        a, b = (fit.test(f"{name} = 0", method=method) for fit in (kept, whole))
        assert (a.statistic, a.p_value) == (b.statistic, b.p_value)


def test_more_rows_than_a_block_in_files() -> None:
    rng = np.random.default_rng(3)
    data = pd.DataFrame({"x": rng.normal(size=50_000), "z": rng.normal(size=50_000)})
    data["y"] = rng.poisson(np.exp(0.2 + 0.3 * data.x))
    arguments = {"family": "poisson", "formula": "y ~ x + z"}
    whole, kept = lk.fit(data=data, **arguments), from_batches(data, 7_001, 10_000, **arguments)
    assert kept.coef == whole.coef
    assert kept.loglik == whole.loglik


def test_incomplete_rows_are_left_out() -> None:
    data = frame()
    data.loc[::7, "x"] = np.nan
    arguments = {"family": "poisson", "formula": "count ~ x", "missing": "drop", "cluster": "firm"}
    with pytest.warns(UserWarning, match="172"):
        whole = lk.fit(data=data, **arguments)
    with pytest.warns(UserWarning, match="172"):
        kept = from_batches(data, 130, 0, **arguments)
    assert kept.coef == whole.coef
    assert kept.stderr == whole.stderr
    assert kept.n == whole.n == 1028


def test_a_folder_that_cannot_hold_the_rows(tmp_path: Any) -> None:
    store = Store(0, tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"GB so far.*cannot be written to .*nowhere"):
        store.add(0, np.ones(3))


def test_what_a_piece_cannot_have_is_told_of_the_data_and_its_row() -> None:
    """A row in the middle, which no learning looks at, in a piece of the fit's own data."""
    data = {"x": [*np.linspace(1.0, 5.0, 9), -1.0, *np.linspace(1.0, 5.0, 9)], "y": list(range(9)) + [4] + [5] * 9}
    with pytest.raises(DataError, match=r"'np.log\(x\)' is not finite for the data, nan in row 9: is a log"):
        Streamed.of(Asked.of("poisson", "y ~ np.log(x)"), data, rows=8).bound(10**6)
