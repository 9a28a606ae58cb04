"""Newton from a good start with a borrowed information: the same peak, with one computation of the information."""

import numpy as np
import pytest

from likely.compute.solve.newton import Point, maximize, maximize_near

RNG = np.random.default_rng(0)
ROWS = 200_000
X = np.column_stack([np.ones(ROWS), RNG.normal(size=(ROWS, 4))])
Y = RNG.poisson(np.exp(X @ [0.2, 0.1, -0.2, 0.3, 0.05]))


def value_and_score(b):
    eta = X @ b
    mean = np.exp(eta)
    return float(Y @ eta - mean.sum()), X.T @ (Y - mean)


def evaluate(b):
    value, score = value_and_score(b)
    return Point(b, value, score, X.T @ (X * np.exp(X @ b)[:, None]))


def near_start():
    b = maximize(evaluate, np.zeros(5)).point.x
    off = b + 8.0 * np.linalg.cholesky(np.linalg.inv(evaluate(b).info)) @ np.array([1.0, -1.0, 0.5, 1.0, -0.5])
    return b, off


@pytest.mark.parametrize("error", [0.0, 0.05, 0.3])
def test_the_same_peak_with_few_informations(error):
    peak, start = near_start()
    noise = np.random.default_rng(1).normal(size=(5, 5))
    info = evaluate(peak).info
    root = np.linalg.cholesky(info)
    borrowed = root @ (np.eye(5) + error * 0.2 * (noise + noise.T)) @ root.T
    counted = []

    def counting(b):
        counted.append(b)
        return evaluate(b)

    found = maximize_near(counting, value_and_score, start, borrowed, near=1e-5 * ROWS**0.5, tolerance=1e-6)
    assert found.converged
    np.testing.assert_allclose(found.point.x, peak, atol=1e-8)
    np.testing.assert_allclose(found.point.info, info, rtol=1e-4)
    assert len(counted) <= 2


def test_a_useless_information_falls_back():
    peak, start = near_start()
    found = maximize_near(evaluate, value_and_score, start, -np.eye(5), near=1e-3, tolerance=1e-6)
    assert found.converged
    np.testing.assert_allclose(found.point.x, peak, atol=1e-8)
