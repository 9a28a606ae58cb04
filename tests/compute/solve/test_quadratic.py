"""Quadratics under absolute values, bounds and inequalities, against SciPy's general solvers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize

from likely.compute.solve.quadratic import with_absolute_values, with_inequalities


def problem(seed: int, p: int) -> tuple[np.ndarray, np.ndarray, np.random.Generator]:
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(p + 3, p)) * np.geomspace(1e-2, 1e2, p)
    return a.T @ a, a.T @ rng.normal(size=p + 3) * 3, rng


@pytest.mark.parametrize("seed", range(12))
def test_absolute_values_and_bounds_satisfy_their_optimality_conditions(seed: int) -> None:
    p = 8
    h, g, rng = problem(seed, p)
    cost = np.where(rng.random(p) < 0.7, rng.exponential(size=p) * np.abs(g), 0.0)
    lower, upper = np.full(p, -np.inf), np.full(p, np.inf)
    lower[1], upper[2], lower[3], upper[3] = 0.0, 0.0, -1e-3, 2e-3
    x = np.clip(rng.normal(size=p), lower, upper)
    z = with_absolute_values(h, g, x, cost, lower, upper)
    slope = g - h @ (z - x)
    unit = np.sqrt(np.diagonal(h))
    small = 1e-9 * np.max(np.abs(g) / unit)
    assert np.all(z >= lower)
    assert np.all(z <= upper)
    for j in range(p):
        push = slope[j] - cost[j] * np.sign(z[j])
        if z[j] == 0.0:
            push = np.sign(slope[j]) * max(abs(slope[j]) - cost[j], 0.0)
        assert push / unit[j] <= small or z[j] == upper[j]
        assert -push / unit[j] <= small or z[j] == lower[j]


def test_no_cost_and_no_bound_is_the_linear_solution() -> None:
    h, g, _ = problem(3, 6)
    z = with_absolute_values(h, g, np.zeros(6), np.zeros(6), np.full(6, -np.inf), np.full(6, np.inf))
    np.testing.assert_allclose(z, np.linalg.solve(h, g), rtol=1e-9)


@pytest.mark.parametrize("seed", range(12))
def test_inequalities_against_slsqp(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p, m = 5, 7
    a = rng.normal(size=(p + 2, p))
    h, g = a.T @ a, 3 * rng.normal(size=p)
    rows, room = rng.normal(size=(m, p)), rng.exponential(size=m) * 0.1
    found = with_inequalities(h, g, rows, room)
    assert found is not None
    d, multipliers = found
    reference = optimize.minimize(
        lambda z: 0.5 * z @ h @ z - g @ z,
        np.zeros(p),
        jac=lambda z: h @ z - g,
        method="SLSQP",
        constraints={"type": "ineq", "fun": lambda z: room - rows @ z, "jac": lambda z: -rows},
        options={"ftol": 1e-15, "maxiter": 500},
    )
    np.testing.assert_allclose(d, reference.x, atol=1e-6)
    assert np.all(multipliers >= 0)
    assert np.all(rows @ d <= room + 1e-10)
    np.testing.assert_allclose(g - h @ d, rows.T @ multipliers, atol=1e-9)
    np.testing.assert_allclose(multipliers * (room - rows @ d), 0.0, atol=1e-9)


def test_inequalities_that_nothing_satisfies() -> None:
    rows = np.array([[1.0, 0.0], [-1.0, 0.0]])
    assert with_inequalities(np.eye(2), np.ones(2), rows, np.array([-1.0, -1.0])) is None


def test_redundant_and_far_inequalities() -> None:
    rows = np.array([[1.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
    found = with_inequalities(np.diag([1.0, 1e6]), np.array([1e5, 1.0]), rows, np.array([-1e5, -1e5, -2e5]))
    assert found is not None
    np.testing.assert_allclose(found[0], [-1e5, 1e-6], rtol=1e-12)
