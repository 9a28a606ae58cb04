"""Quantile regression to an exact vertex, and the Laplace fits that use it."""

import json
from pathlib import Path

import numpy as np
import pytest

import likely as lk
from likely.compute.solve import least_absolute

SHARED = Path(__file__).parents[4] / "shared" / "reference"

# Brownlee's stack loss plant: air flow, water temperature, acid concentration, stack loss (R's datasets::stackloss)
STACKLOSS = np.array(
    """80 27 89 42 80 27 88 37 75 25 90 37 62 24 87 28 62 22 87 18 62 23 87 18 62 24 93 19 62 24 93 20 58 23 87 15
    58 18 80 14 58 18 89 14 58 17 88 13 58 18 82 11 58 19 93 12 50 18 89 8 50 18 86 7 50 19 72 8 50 19 79 8
    50 20 80 9 56 20 82 15 70 20 91 15""".split(),
    dtype=float,
).reshape(21, 4)
# quantreg 5.94, rq(stack.loss ~ ., tau = 0.5)
STACKLOSS_LAD = [-39.6898550724638, 0.831884057971014, 0.573913043478265, -0.0608695652173913]


def design(*columns):
    return np.column_stack([np.ones(len(columns[0])), *columns])


def assert_optimal(x, y, w, tau, beta):
    """As many rows as coefficients fitted exactly, with multipliers that prove the minimum."""
    r = y - x @ beta
    active = np.argsort(np.abs(r))[: x.shape[1]]
    assert np.max(np.abs(r[active])) <= 1e-12 * np.max(np.abs(y))
    slope = w * np.where(r < 0, tau - 1, tau)
    slope[active] = 0
    multipliers = np.linalg.solve(x[active].T, -(x.T @ slope)) / w[active]
    assert np.all((multipliers >= tau - 1 - 1e-9) & (multipliers <= tau + 1e-9))


def test_stackloss():
    x = design(*STACKLOSS[:, :3].T)
    np.testing.assert_allclose(least_absolute.solve(x, STACKLOSS[:, 3]), STACKLOSS_LAD, rtol=1e-12)


@pytest.mark.skipif(not SHARED.exists(), reason="the reference data are not here")
def test_engel_tenth_percentile():
    case = json.loads((SHARED / "cases/quantile/engel_rq_tau10.json").read_text())
    income, food = np.loadtxt(SHARED / "data/engel.csv", delimiter=",", skiprows=1).T
    beta = least_absolute.solve(design(income), food, tau=0.1)
    np.testing.assert_allclose(beta, [case["params"]["(Intercept)"], case["params"]["income"]], rtol=1e-8)


@pytest.mark.parametrize("tau", [0.5, 0.1, 0.97])
def test_optimal_with_weights_and_odd_scales(tau):
    rng = np.random.default_rng(5)
    x = design(1e6 + 1e3 * rng.normal(size=300), 1e-5 * rng.normal(size=300))
    y = x @ [1.0, 1e-3, 1e5] + rng.standard_t(2, size=300)
    w = rng.integers(1, 5, size=300).astype(float)
    beta = least_absolute.solve(x, y, w, tau)
    assert_optimal(x, y, w, tau, beta)
    repeated = np.repeat(np.arange(300), w.astype(int))  # a weight of 3 is three equal rows
    loss = least_absolute.check_loss(
        y[repeated] - x[repeated] @ least_absolute.solve(x[repeated], y[repeated], None, tau), 1.0, tau
    )
    assert least_absolute.check_loss(y - x @ beta, w, tau) == pytest.approx(loss, rel=1e-12)


def test_weight_zero_does_not_count():
    x, y = design(np.arange(9.0)), np.array([0, 1, 2, 3, 4, 5, 6, 7, np.inf]) + np.array([0, 0.5, 0, 0, -1, 0, 0, 0, 0])
    beta = least_absolute.solve(x, y, np.array([1.0] * 8 + [0.0]))
    np.testing.assert_allclose(beta, [0, 1], atol=1e-14)


def test_ties():
    """Whole numbers in groups: many rows on the fit, and the minimum is that of the groups' medians."""
    rng = np.random.default_rng(6)
    g = np.arange(900) % 5
    y = rng.poisson(4, 900).astype(float)
    beta = least_absolute.solve((g[:, None] == np.arange(5)).astype(float), y)
    best = sum(np.sum(np.abs(y[g == k] - np.median(y[g == k]))) for k in range(5))
    assert np.sum(np.abs(y - beta[g])) == pytest.approx(best, rel=1e-14)
    assert np.all(beta == np.round(beta))


@pytest.mark.parametrize("tau", [0.5, 0.05])
def test_many_rows_by_reduction(tau):
    rng = np.random.default_rng(7)
    n = 3 * least_absolute.DIRECT
    x = design(*rng.normal(size=(3, n)))
    y = x @ [1.0, 2.0, 0.0, -1.0] + np.exp(0.5 * x[:, 1]) * rng.standard_t(3, size=n)
    beta = least_absolute.solve(x, y, tau=tau)
    assert_optimal(x, y, np.ones(n), tau, beta)
    np.testing.assert_array_equal(beta, least_absolute.solve(x, y, tau=tau))


# -- Laplace fits ------------------------------------------------------------------------------------------


def data():
    return dict(zip(["air", "water", "acid", "loss"], STACKLOSS.T, strict=True))


def test_laplace_regression():
    fit = lk.fit(lk.Laplace(), data(), "loss ~ air + water + acid")
    assert fit.converged
    assert fit.outcome.solver == "least absolute deviations"
    np.testing.assert_allclose(list(fit.coef.values()), [*STACKLOSS_LAD, 2.00386473429952], rtol=1e-12)
    assert fit.loglik == pytest.approx(-50.1527221366489, rel=1e-12)  # quantreg's, as a Laplace log-likelihood
    # with the density taken as true (the default does not): scale^2 (X'X)^-1 and scale^2/n
    x, scale = design(*STACKLOSS[:, :3].T), fit.coef["scale"]
    expected = fit.with_cov("expected").cov
    np.testing.assert_allclose(expected[:4, :4], scale**2 * np.linalg.inv(x.T @ x), rtol=1e-6)
    np.testing.assert_allclose(expected[4], [0.0, 0.0, 0.0, 0.0, scale**2 / len(x)], rtol=1e-6, atol=1e-9)


def test_laplace_far_from_zero():
    """Residuals a billion times smaller than the response are no runaway and no perfect fit."""
    x = np.arange(40.0)
    y = 1e9 + 1e7 * x + np.where(np.arange(40) % 3 == 0, 1.0, -0.5)
    fit = lk.fit(lk.Laplace(), {"x": x, "y": y}, "y ~ x")
    assert fit.converged
    assert fit.coef["scale"] < 1


def test_laplace_with_known_scales_weights_and_offset():
    rows = data()
    rows["s"], rows["w"] = np.linspace(1, 3, 21), np.arange(21) % 3 + 1
    x, y = design(rows["air"], rows["water"]), rows["loss"] - rows["acid"]
    fit = lk.fit(lk.Laplace(scale="s"), rows, "loss ~ air + water + offset(acid)", weights="w")
    beta = least_absolute.solve(x, y, rows["w"] / rows["s"])
    np.testing.assert_allclose(list(fit.coef.values()), beta, rtol=1e-12)
    fit = lk.fit(lk.Laplace(), rows, "loss ~ air + water + offset(acid)", weights="w")
    beta = least_absolute.solve(x, y, rows["w"].astype(float))
    scale = np.average(np.abs(y - x @ beta), weights=rows["w"])
    np.testing.assert_allclose(list(fit.coef.values()), [*beta, scale], rtol=1e-12)
    assert list(lk.fit(lk.Laplace(scale=2.0), rows, "loss ~ air + water + acid").coef.values()) == pytest.approx(
        STACKLOSS_LAD, rel=1e-12
    )


def test_laplace_perfect_fit():
    fit = lk.fit(lk.Laplace(), {"x": [1, 2, 3, 4], "y": [3, 5, 7, 9]}, "y ~ x", on_failure="return")
    assert not fit.converged
    assert "exactly" in fit.status
    assert "scale" in fit.status


def test_laplace_where_linear_programming_does_not_apply():
    """Newton on a surface with kinks reaches the peak or says that it did not."""
    rng = np.random.default_rng(8)
    x = rng.normal(size=200)
    y = 1 + x + np.exp(0.5 * x) * rng.laplace(size=200)
    fit = lk.fit(lk.Laplace(), {"x": x, "y": y}, "y ~ x", scale="~ x", on_failure="return")
    if not fit.converged:
        assert fit.status.startswith("failed")
        assert all(se is None for se in fit.stderr.values())
    assert fit.coef["loc.x"] == pytest.approx(1.0, abs=0.3)


def test_a_walk_along_the_vertices_ends_where_the_programme_does():
    rng, walked = np.random.default_rng(4), 0
    for n, p, tau in ((8, 2, 0.5), (40, 3, 0.25), (300, 4, 0.5), (300, 4, 0.9)):
        x = design(*rng.normal(size=(p - 1, n)))
        y, w = x.sum(axis=1) + rng.standard_cauchy(n), rng.integers(1, 4, n).astype(float)
        found = least_absolute._walk(x, y, w, tau)
        walked += found is not None
        if found is not None:
            assert_optimal(x, y, w, tau, found)
            assert found == pytest.approx(least_absolute._programme(x, y, w, tau), abs=1e-6)
    assert walked >= 3


def test_a_walk_leaves_ties_and_several_minimisers_to_the_programme():
    x = np.ones((4, 1))
    ones = np.ones(4)
    assert least_absolute._walk(x, np.array([0.0, 1.0, 2.0, 5.0]), ones, 0.5) is None
    assert least_absolute._walk(x, np.array([0.0, 0.0, 0.0, 5.0]), ones, 0.5) is None
    assert least_absolute._walk(x[:3], np.array([0.0, 1.0, 5.0]), ones[:3], 0.5) == pytest.approx([1.0])
