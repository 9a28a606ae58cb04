"""Other places for a search to start from, found together: the same as one by one."""

import numpy as np
import pytest
from scipy import optimize, stats

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


@pytest.mark.parametrize(
    ("family", "x", "y"),
    [
        (
            "logistic",
            [0.002703, 0.000705, 0.004083, -0.007861, 0.001471, -0.000067],
            [4.292318, 4.360621, 4.246333, 4.644832, 4.329872, 4.381884],
        ),
        (
            "weibull",
            [-2.0, 10.9, 9.0, 8.8, -2.0, -8.5, -11.8, 4.7, -1.3, 1.1],
            [1101.5, 1284.1, 1117.3, 1129.2, 1104.1, 1141.5, 1116.6, 1097.9, 1088.9, 1142.1],
        ),
    ],
)
def test_predictors_without_an_intercept_may_leave_the_location_far_from_the_response(family, x, y):
    """The family's starting spread is that about a constant; the density beside a location near 0 is next to 0."""
    x, y = np.array(x), np.array(y)
    fit = lk.fit(family, {"x": x, "y": y}, "y ~ 0 + x")

    def minus_loglik(v):
        with np.errstate(all="ignore"):
            if family == "logistic":
                return -np.sum(stats.logistic.logpdf(y, v[0] * x, np.exp(v[1])))
            return -np.sum(stats.weibull_min.logpdf(y, np.exp(v[1]), scale=np.exp(v[0] * x)))

    found = [optimize.minimize(minus_loglik, (0.0, s), method="Nelder-Mead") for s in (-4.0, -2.0, 0.0, 2.0)]
    assert fit.converged
    np.testing.assert_allclose(fit.loglik, -min(one.fun for one in found), rtol=1e-6)
