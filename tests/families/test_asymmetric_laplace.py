"""Quantile regression, against R's quantreg and scikit-learn's exact programme."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

import likely as lk


def engel() -> dict[str, np.ndarray]:
    import statsmodels.api as sm

    data = sm.datasets.engel.load_pandas().data
    return {"income": data.income.to_numpy(), "foodexp": data.foodexp.to_numpy()}


def test_engel_against_quantreg() -> None:
    """R's quantreg 5.94, rq(foodexp ~ income, tau = 0.1): -1459.1978, 110.1416, 0.4017658, mean check loss 16.4678."""
    fit = lk.fit(lk.AsymmetricLaplace(tau=0.1), engel(), "foodexp ~ income")
    assert fit.outcome.solver == "quantile regression"
    assert list(fit.coef.values()) == pytest.approx([110.141574204948, 0.401765759303481, 16.4677964297303], rel=1e-8)
    assert fit.loglik == pytest.approx(-1459.19780246551, rel=1e-10)


@pytest.mark.parametrize("tau", [0.05, 0.5, 0.9])
def test_another_link_ends_at_a_peak(tau: float) -> None:
    """A log link against Nelder and Mead's search, which needs no derivatives."""
    rng = np.random.default_rng(4)
    x = rng.uniform(size=80)
    y = np.exp(1.0 + x) + rng.gumbel(size=80)
    fit = lk.fit(lk.AsymmetricLaplace(tau=tau), {"y": y, "x": x}, "y ~ x", link="log")
    found = np.array([fit.coef["loc.Intercept"], fit.coef["loc.x"]])

    def loss(b: np.ndarray) -> float:
        r = y - np.exp(b[0] + b[1] * x)
        return float(np.mean(r * (tau - (r < 0))))

    best = min(
        (optimize.minimize(loss, found + d, method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-12}) for d in
         (0.0, 0.2, -0.2)),
        key=lambda r: r.fun,
    )  # fmt: skip
    assert loss(found) <= best.fun + 1e-9
    assert fit.coef["scale"] == pytest.approx(loss(found), rel=1e-7)


def test_the_spread_may_have_predictors() -> None:
    rng = np.random.default_rng(9)
    x = rng.uniform(size=4000)
    law = stats.laplace_asymmetric(np.sqrt(0.8 / 0.2))
    y = 1.0 + 2.0 * x + np.exp(0.5 * x) * law.rvs(4000, random_state=rng) * 0.5 / np.sqrt(0.8 * 0.2) * np.sqrt(0.16)
    fit = lk.fit(lk.AsymmetricLaplace(tau=0.8), {"y": y, "x": x}, "y ~ x", scale="~ x")
    assert fit.converged
    truth = {"loc.Intercept": 1.0, "loc.x": 2.0, "scale.x": 0.5}
    for name, value in truth.items():
        assert abs(fit.coef[name] - value) < 4 * fit.stderr[name]
    below = np.mean(y < fit.predict(what="params")["loc"])
    assert below == pytest.approx(0.8, abs=0.01)


def test_the_level_must_be_known() -> None:
    with pytest.raises(lk.errors.ParameterError, match=r"needs its tau.*AsymmetricLaplace\(tau="):
        lk.fit("asymmetric_laplace", [1.0, 2.0, 4.0])
    with pytest.raises(lk.errors.ParameterError, match="tau"):
        lk.AsymmetricLaplace(tau=1.5)
    data = {"y": [1.0, 2.0, 4.0, 5.0], "x": [1.0, 2.0, 3.0, 5.0], "t": [0.1, 0.2, 0.3, 0.4]}
    with pytest.raises(lk.errors.FitError, match="level of the quantile differs from row to row"):
        lk.fit(lk.AsymmetricLaplace(tau="t"), data, "y ~ x")


@pytest.mark.parametrize(
    "family", [lk.Laplace(), lk.AsymmetricLaplace(tau=0.3), lk.AsymmetricLaplace(tau=0.5, scale=1)]
)
@pytest.mark.parametrize("link", ["log", "sqrt", "power(0.25)"])
def test_a_group_beyond_the_reach_of_a_link_has_no_estimate(family, link):
    """Medians of 5 and -1: below 0 no logarithm or root leads."""
    rng = np.random.default_rng(0)
    g = np.repeat(["a", "b"], 30)
    data = {"y": np.where(g == "a", 5.0, -1.0) + rng.normal(size=60), "g": g, "w": np.arange(60.0) % 4}
    for options in ({}, {"weights": "w"}):
        with pytest.raises(lk.errors.FitError, match="runs to 0"):
            lk.fit(family, data, "y ~ g", link=link, **options)
    if "scale" not in family.known:
        with pytest.raises(lk.errors.FitError, match="runs to 0"):
            lk.fit(family, {**data, "y": -np.abs(data["y"])}, "y ~ 1", link=link)


def test_a_level_within_the_reach_of_a_link_has_one():
    """The 0.9 quantile of the same data lies above 0 in both groups."""
    rng = np.random.default_rng(0)
    g = np.repeat(["a", "b"], 30)
    data = {"y": np.where(g == "a", 5.0, -1.0) + rng.normal(size=60), "g": g}
    plain = lk.fit(lk.AsymmetricLaplace(tau=0.9), data, "y ~ 0 + g")
    for link, back in (("log", np.exp), ("sqrt", np.square)):
        fit = lk.fit(lk.AsymmetricLaplace(tau=0.9), data, "y ~ 0 + g", link=link)
        np.testing.assert_allclose(
            back([fit.coef["loc.g[a]"], fit.coef["loc.g[b]"]]),
            [plain.coef["loc.g[a]"], plain.coef["loc.g[b]"]],
            rtol=0.1,
        )
        assert fit.loglik == pytest.approx(plain.loglik, rel=1e-10)
