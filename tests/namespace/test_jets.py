"""Jets where a formula for a derivative would divide 0 by 0, and what every namespace knows of complements."""

from __future__ import annotations

import numpy as np
import pytest

from likely.namespace import JetNamespace, NumpyNamespace


@pytest.mark.parametrize("m", [0.0, 1e-200, 2.5])
@pytest.mark.parametrize("x", [0.0, np.zeros(3)], ids=["number", "array"])
def test_bd0_of_no_count_is_its_mean_with_all_derivatives(x, m):
    xp = JetNamespace(2)
    jet = xp.bd0(x, xp.variable(0, m))
    np.testing.assert_array_equal(jet.v, np.broadcast_to(m, np.shape(x)))
    np.testing.assert_array_equal(jet.g[0], np.ones(np.shape(x)))
    np.testing.assert_array_equal(jet.h[0, 0], np.zeros(np.shape(x)))


@pytest.mark.parametrize("kind", [NumpyNamespace, JetNamespace])
def test_log_complement_keeps_its_digits(kind):
    xp = kind()
    assert xp.log_complement(1e-20) == -1e-20
    p = np.array([0.25, 0.75])
    np.testing.assert_allclose(xp.log_complement(p), np.log1p(-p), rtol=1e-15)
    certain = xp.remember(np.float64(1.0), complement=np.float64(0.0), log_complement=-800.0)
    assert xp.log_complement(certain) == -800.0
