"""Searches that end as soon as they head for a peak that is known."""

import numpy as np

from likely.compute.solve import newton
from likely.compute.solve.newton import Point


class Valley:
    """-(x^2 - 1)^2 times a factor: peaks at -1 and 1, a valley at 0."""

    def __init__(self, factor=50.0):
        self.factor, self.count = factor, 0

    def __call__(self, x):
        self.count += 1
        (z,), a = x, self.factor
        score, info = -4 * a * z * (z * z - 1), 4 * a * (3 * z * z - 1)
        return Point(x, -a * (z * z - 1) ** 2, np.array([score]), np.array([[info]]))


def test_a_search_that_heads_for_a_known_peak_ends_there():
    f = Valley()
    peak = newton.maximize(f, np.array([0.9])).point
    alone, f.count = f.count, 0
    found = newton.maximize(f, np.array([1.05]), known=[peak])
    assert found.converged
    assert found.point is peak
    assert f.count == 1 < alone


def test_a_search_for_another_peak_goes_on():
    f = Valley()
    peak = newton.maximize(f, np.array([0.9])).point
    for start in (-0.9, -2.0, -0.6, 0.1, -0.1):
        found = newton.maximize(f, np.array([start]), known=[peak])
        assert found.converged
        assert found.point.x[0] * np.sign(newton.maximize(f, np.array([start])).point.x[0]) > 0.999


def test_peaks_less_than_a_standard_error_apart_are_told_apart():
    f = Valley(factor=0.02)
    right, left = (newton.maximize(f, np.array([x])).point for x in (1.1, -1.1))
    assert np.sqrt(right.info[0, 0]) * 2.0 < 1.0
    for start in (-1.3, -0.9, -0.7):
        assert newton.maximize(f, np.array([start]), known=[right]).point.x[0] < -0.999
        assert newton.maximize(f, np.array([start]), known=[right, left]).point is left
