"""Linear algebra along the last axis, and searches of many functions at once."""

import numpy as np
import pytest

from likely.compute.solve.newton_batch import Points, cholesky, inverse, maximize_many, solve


@pytest.mark.parametrize("p", [1, 2, 5])
def test_factors_solutions_and_inverses_are_those_of_each_matrix(p):
    rng = np.random.Generator(np.random.PCG64(p))
    roots = rng.normal(size=(7, p, p + 2))
    a, b = roots @ roots.transpose(0, 2, 1), rng.normal(size=(7, p))
    factor, smallest = cholesky(np.moveaxis(a, 0, 2))
    np.testing.assert_allclose(np.moveaxis(factor, 2, 0), np.linalg.cholesky(a), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(smallest, np.min(np.einsum("ijj->ij", np.linalg.cholesky(a)) ** 2, axis=1), rtol=1e-9)
    np.testing.assert_allclose(solve(factor, b.T).T, np.linalg.solve(a, b[:, :, None])[:, :, 0], rtol=1e-8)
    np.testing.assert_allclose(np.moveaxis(inverse(factor), 2, 0), np.linalg.inv(a), rtol=1e-8)


def test_a_matrix_that_is_not_positive_definite_has_no_positive_pivot():
    a = np.array([[1.0, 2.0], [2.0, 1.0]])[:, :, None]
    assert not cholesky(a)[1][0] > 0.0


def test_a_function_without_a_peak_does_not_keep_the_others():
    """log cosh has its peak at the start's other side; exp has none."""
    tops = np.array([0.0, 3.0, -2.0])

    def functions(which, x):
        away = x[0] - tops[which]
        value = np.where(which == 1, np.exp(np.minimum(x[0], 700.0)), -np.log(np.cosh(away)))
        score = np.where(which == 1, np.exp(np.minimum(x[0], 700.0)), -np.tanh(away))
        info = np.where(which == 1, -np.exp(np.minimum(x[0], 700.0)), 1.0 / np.cosh(away) ** 2)
        return Points(x, value, score[None], info[None, None])

    found = maximize_many(functions, np.full((1, 3), 1.5), max_iterations=50)
    assert found.converged.tolist() == [True, False, True]
    np.testing.assert_allclose(found.points.x[0][[0, 2]], tops[[0, 2]], atol=1e-10)
