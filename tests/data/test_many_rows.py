"""Columns of more rows than one block: what is filled and checked block by block, on any number of threads."""

import numpy as np
import pytest

from likely.data.evaluation import Products, not_finite


@pytest.mark.parametrize("threads", ["1", "3"])
def test_products_are_those_of_whole_columns(threads, monkeypatch):
    monkeypatch.setenv("LIKELY_THREADS", threads)
    rng = np.random.default_rng(1)
    values = {"a": rng.normal(size=20_001), "b": rng.normal(size=20_001)}
    recipe = Products((("1", ()), ("a", ("a",)), ("a:b", ("a", "b"))))
    x = recipe.matrix(values, 20_001)
    assert x.flags.c_contiguous
    assert not np.shares_memory(x, values["a"])
    np.testing.assert_array_equal(x, np.column_stack([np.ones(20_001), values["a"], values["a"] * values["b"]]))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("row", [0, 8_191, 8_192, 20_000])
def test_a_value_that_is_not_finite_is_found_in_any_block(bad, row):
    x = np.ones((20_001, 3))
    assert not_finite(x) is None
    x[row, 1] = bad
    assert not_finite(x) == (row, 1)


def test_values_whose_sum_overflows_are_finite():
    x = np.full((20_001, 2), 1e308)
    x[10_000:, 1] *= -1.0
    assert not_finite(x) is None
