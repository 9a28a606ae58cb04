"""Newton's steps under constraints: what stands in the place of an information that is not positive definite."""

import numpy as np
import pytest

from likely.compute.solve import sequential
from likely.compute.solve.newton import Point


def test_faded_curvature_takes_its_size_from_the_others():
    info = np.array([[8.0, 1.0, 0.5], [1.0, 1e-140, 0.5], [0.5, 0.5, 90.0]])
    h = sequential.positive(info)
    assert np.all(np.linalg.eigvalsh(h) > 0.0)
    np.testing.assert_allclose(np.diagonal(h)[[0, 2]], [8.0, 90.0], rtol=0.5)
    assert 1e-3 < h[1, 1] < 1.0
    healthy = np.array([[2.0, 0.5], [0.5, 1e-12 + 0.125]])
    assert sequential.positive(healthy) == pytest.approx(healthy, rel=1e-3)


def test_steps_that_cannot_be_told_are_no_peak():
    found = sequential.maximize(
        lambda x: Point(x, -float(x @ x), -2.0 * x, 2.0 * np.eye(1)), np.ones(1), lambda point, h: None
    )
    assert not found.converged
    assert "rounding errors" in found.reason
