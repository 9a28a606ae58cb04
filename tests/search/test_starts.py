"""Other places for a search to start from, found together: the same as one by one."""

import numpy as np
import pytest

import likely as lk
from likely.families.laplace import middle_size, weighted_quantile
from likely.models.start import starting_values


def data(n=40, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    return {
        "x": x,
        "z": rng.normal(size=n),
        "y": np.exp(x / 2) * rng.gamma(2.0, 1.0, n) + 0.1,
        "w": rng.integers(0, 3, n),
    }


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize(
    ("family", "options"),
    [
        ("student_t", {}),
        ("student_t", {"scale": "~ z", "offset": "z"}),
        ("cauchy", {}),
        ("skew_normal", {}),
        ("gamma", {"link": "sqrt"}),
        ("inverse_gaussian", {"link": "log"}),
        ("gamma", {"link": "identity"}),  # some places lie outside the domain
        (lk.StudentT(df=4.0), {}),
    ],
)
def test_heights_of_several_places(family, options, weights):
    objective = lk.likelihood(family, data(), "y ~ x", weights=weights, **options).function.row_objective
    x0 = starting_values(objective.model, objective.data)
    places = x0 + np.random.default_rng(1).normal(size=(6, len(x0)))
    together = objective.values(places)
    one_by_one = np.array([objective.value(place) for place in places])
    assert together == pytest.approx(one_by_one, rel=1e-12)
    assert np.any(np.isneginf(one_by_one)) == (options.get("link") == "identity")


@pytest.mark.parametrize("w", [None, np.arange(1.0, 42.0)])
@pytest.mark.parametrize("family", [lk.StudentT(), lk.Cauchy(), lk.SkewNormal(), lk.Normal()])
def test_starting_values_beside_several_courses(family, w):
    rng = np.random.default_rng(3)
    y, name = rng.standard_cauchy(41), family.parameters[0].name
    courses = np.vstack([rng.normal(size=(4, 41)), y, np.where(np.arange(41) < 30, y, 0.0)])  # more than half tied
    together = family._starts(y, w, {}, {name: courses})
    for k, course in enumerate(courses):
        single_start = family._start(y, w, {name: course})
        assert {n: np.broadcast_to(v, 6)[k] for n, v in together.items()} == pytest.approx(single_start, rel=1e-12)


def test_quantiles_along_the_last_axis():
    rng = np.random.default_rng(5)
    for n in (1, 2, 7, 20, 101):
        y, w = np.round(rng.normal(size=(3, n)), 1), rng.integers(1, 4, n).astype(float)
        for q in (0.0, 0.05, 0.3, 0.5, 0.95, 1.0):
            expected = [float(np.quantile(row, q, method="averaged_inverted_cdf")) for row in y]
            assert weighted_quantile(y, None, q).tolist() == expected == [weighted_quantile(row, None, q) for row in y]
            repeated = [weighted_quantile(np.repeat(row, w.astype(int)), None, q) for row in y]
            assert weighted_quantile(y, w, q).tolist() == repeated
    assert np.isnan(weighted_quantile(np.array([1.0, np.nan, 2.0]), None, 0.5))
    assert middle_size(np.array([[0.0, 0.0, 3.0], [0.0, 0.0, 0.0], [1.0, 2.0, 9.0]]), None).tolist() == [1.0, 1.0, 2.0]
