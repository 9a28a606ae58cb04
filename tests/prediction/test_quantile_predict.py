"""What a quantile regression predicts: its quantile, by every way; the mean of its density on request."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import likely as lk
from likely.estimators import MLERegressor

RNG = np.random.default_rng(0)
X = RNG.uniform(0, 10, 400)
DATA = {"x": X, "y": X + RNG.exponential(2, 400), "g": RNG.choice(list("ab"), 400)}


def fitted(tau: float = 0.9, **options: Any) -> Any:
    return lk.fit(lk.AsymmetricLaplace(tau=tau), DATA, "y ~ x + g", **options)


@pytest.mark.parametrize("tau", [0.1, 0.5, 0.9])
def test_predictions_are_the_quantile(tau: float) -> None:
    """Koenker and Bassett (1978), theorem 3.4: tau n of the rows lie below, give or take one for each coefficient."""
    fit = fitted(tau)
    line = np.asarray(fit.predict(what="params")["loc"])
    np.testing.assert_array_equal(fit.predict(), line)
    assert abs(np.mean(DATA["y"] < line) - tau) <= 3 / 400
    np.testing.assert_allclose(fit.predict(what="quantile", q=tau), line)
    np.testing.assert_allclose(fit.residuals("response"), DATA["y"] - line)
    below = MLERegressor(lk.AsymmetricLaplace(tau=tau)).fit(X[:, None], DATA["y"]).predict(X[:, None]) >= DATA["y"]
    assert abs(np.mean(below) - tau) <= 3 / 400


def test_the_mean_of_the_density_on_request() -> None:
    fit = fitted()
    params = fit.predict(what="params")
    mean = lk.AsymmetricLaplace().mean(**params)
    np.testing.assert_allclose(fit.predict(what="mean"), mean)
    assert np.all(fit.predict() - mean > 8 * params["scale"])


def test_intervals_are_those_of_the_quantile() -> None:
    fit = fitted()
    new = {"x": [2.0, 7.0], "g": ["a", "b"]}
    rows = np.array([[1.0, 0.0, 2.0], [1.0, 1.0, 7.0]])
    names = ["loc.Intercept", "loc.g[T.b]", "loc.x"]
    order = [fit.regular.index(name) for name in names]
    stderr = np.sqrt(np.einsum("ij,jk,ik->i", rows, fit.cov[np.ix_(order, order)], rows))
    for found in (fit.predict(new, level=0.9), fit.predict(new, "interval", level=0.9)):
        np.testing.assert_allclose(found["quantile"], fit.predict(new))
        np.testing.assert_allclose(found["stderr"], stderr)
        np.testing.assert_allclose(found["upper"] - found["quantile"], 1.6448536 * stderr, rtol=1e-6)
    together = fit.predict(new, simultaneous=True)
    assert np.all(together["upper"] > fit.predict(new, level=0.95)["upper"])
    assert "mean" in fit.predict(new, "mean", level=0.9)


def test_effects_and_margins_are_those_of_the_quantile() -> None:
    fit = fitted()
    effects = fit.effects()
    assert "0.9 quantile of y" in str(effects)
    assert effects.estimate[1] == pytest.approx(fit.coef["loc.x"])
    assert effects.stderr[1] == pytest.approx(fit.stderr["loc.x"])
    other = {**DATA, "g": np.repeat("a", 400)}
    assert fit.margins("g").estimate[0] == pytest.approx(np.mean(fit.predict(other)))
    assert "mean of y" in str(fit.margins("g", what="mean"))


def test_a_log_link() -> None:
    fit = fitted(0.5, link="log")
    row = fit.predict({"x": [5.0], "g": ["a"]}, level=0.95)
    assert row["quantile"][0] == pytest.approx(np.exp(fit.coef["loc.Intercept"] + 5 * fit.coef["loc.x"]))
    assert 0 < row["lower"][0] < row["quantile"][0] < row["upper"][0]


def test_other_families_predict_means() -> None:
    fit = lk.fit("laplace", DATA, "y ~ x")
    assert "mean" in fit.predict({"x": [1.0]}, level=0.9)
    assert fit.predict({"x": [1.0]})[0] == fit.predict({"x": [1.0]}, "mean")[0]
