"""Factors of matrices with a diagonal part are those of any matrix."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import linalg

from likely.compute.solve.cholesky import WORTH, Factor


@pytest.mark.parametrize("levels", [(0, 0), (3, 200), (0, 150), (120, 130)])
def test_solutions_and_inverse(levels: tuple[int, int]) -> None:
    rng = np.random.default_rng(3)
    n, before = 4000, 5
    parts = [rng.normal(size=(n, before))]
    parts += [np.eye(k)[rng.integers(0, k, n)] for k in levels if k]
    parts += [rng.normal(size=(n, 4))]
    x = np.hstack(parts)
    if all(levels):
        x = np.delete(x, before + levels[0], axis=1)  # two sets of levels have the same sum
    a = (x * rng.random(n)[:, None]).T @ x
    a = 0.5 * (a + a.T)
    b = rng.normal(size=(len(a), 3))
    factor = Factor(a)
    assert (len(factor._diagonal) >= WORTH) == any(levels)
    np.testing.assert_allclose(factor.solve(b), np.linalg.solve(a, b), rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(factor.solve(b[:, 0]), np.linalg.solve(a, b[:, 0]), rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(factor.inverse(), np.linalg.inv(a), rtol=1e-8, atol=1e-12)
    assert np.array_equal(factor.inverse(), factor.inverse().T)
    assert factor.smallest_pivot > 0


def test_a_matrix_that_is_not_positive_definite() -> None:
    for a in (np.diag([1.0, -1.0]), np.diag(np.r_[np.ones(200), 0.0])):
        with pytest.raises(linalg.LinAlgError):
            Factor(a)
