"""Searches of likelihoods with several peaks: the same whatever columns are called, and in whatever order rows come."""

from itertools import combinations

import numpy as np
import pytest

import likely as lk
from fuzz.draw import draw
from likely.compute.solve.newton import Point, newton_step
from likely.errors import FitError
from likely.search.directions import PredictorScaling, few_rows, orthonormalising, single_terms
from likely.search.influential import influential_starts
from likely.search.unbounded import _reproducible

CODES = {"a": "z", "b": "y", "c": "x"}


def table(n=40):
    rng = np.random.default_rng(1)
    return {"x": rng.normal(size=n), "g": rng.choice(list("abc"), n), "y": rng.standard_cauchy(n)}


def otherwise(data):
    """The same data with its levels renamed, and a predictor moved and in other units."""
    return {**data, "g": np.array([CODES[v] for v in data["g"]]), "x": 100.0 * data["x"] + 700.0}


def objective(data, formula="y ~ x + g", family="cauchy", **options):
    return lk.likelihood(family, data, formula, **options).function.objective


def test_a_step_is_the_same_for_other_columns_of_the_same_span():
    data = table()
    one, two = objective(data), objective(otherwise(data))
    rng, indefinite = np.random.default_rng(0), 0
    for _ in range(40):
        eta, scale = rng.normal(scale=3.0, size=4), rng.normal()
        design, other = (o.data.designs["loc"] for o in (one, two))
        fitted = design @ eta
        start = np.append(eta, scale), np.append(np.linalg.lstsq(other, fitted)[0], scale)
        points = [o.point(x) for o, x in zip((one, two), start, strict=True)]
        steps = [newton_step(p, PredictorScaling.of(o)) for p, o in zip(points, (one, two), strict=True)]
        indefinite += not steps[0][2]
        assert steps[0][2] == steps[1][2]
        assert steps[0][1] == pytest.approx(steps[1][1], rel=1e-6)
        np.testing.assert_allclose(design @ steps[0][0][:4], other @ steps[1][0][:4], rtol=1e-5, atol=1e-8)
        assert steps[0][0][4] == pytest.approx(steps[1][0][4], rel=1e-5, abs=1e-8)
    assert indefinite > 5


def test_a_step_by_the_diagonal_alone_is_not():
    data = table()
    one, two = objective(data), objective(otherwise(data))
    design, other = (o.data.designs["loc"] for o in (one, two))
    eta = np.array([2.0, 1.0, -3.0, 1.0])
    starts = np.append(eta, 0.0), np.append(np.linalg.lstsq(other, design @ eta)[0], 0.0)
    steps = [newton_step(o.point(x)) for o, x in zip((one, two), starts, strict=True)]
    assert not steps[0][2]
    assert np.max(np.abs(design @ steps[0][0][:4] - other @ steps[1][0][:4])) > 0.1


def test_where_a_function_is_concave_a_scaling_changes_nothing():
    point = Point(np.zeros(2), 0.0, np.array([1.0, -2.0]), np.array([[2.0, 0.3], [0.3, 1.0]]))
    np.testing.assert_allclose(newton_step(point)[0], newton_step(point, lambda info: np.eye(2))[0])


def test_orthonormal_columns_in_the_metric_of_weights():
    rng = np.random.default_rng(2)
    x, w = np.column_stack([np.ones(9), 1e8 * rng.normal(size=(9, 2))]), rng.gamma(2.0, size=9)
    turned = x @ orthonormalising(x, w)
    np.testing.assert_allclose(turned.T @ (w[:, None] * turned), np.eye(3), atol=1e-12)
    dependent = np.ones((4, 2)) @ orthonormalising(np.ones((4, 2)))
    np.testing.assert_allclose(np.linalg.norm(dependent, axis=0), 1.0)


def test_every_level_has_a_direction_of_its_own():
    data = table()
    for one in (data, otherwise(data)):
        model = objective(one).model
        x = objective(one).data.designs["loc"]
        moved = {tuple(x @ d) for d in single_terms(model.slots[0], x)}
        assert all(tuple((one["g"] == level) * 1.0) in moved for level in np.unique(one["g"]))


def test_rows_that_are_equal_are_one_of_more_weight():
    data = table(400)
    twice = {name: np.repeat(column, 2) for name, column in data.items()}
    assert few_rows(objective(data))
    assert few_rows(objective(twice))
    assert not few_rows(objective(table(800)))


def test_the_heaviest_rows_that_can_be_reproduced():
    """Of all subsets that determine the coefficients none is heavier."""
    rng = np.random.default_rng(4)
    x, y = np.column_stack([np.ones(9), rng.integers(0, 2, 9), rng.integers(0, 3, 9)]) * 1.0, rng.normal(size=9)
    for _ in range(5):
        w = rng.gamma(1.0, size=9)
        subsets = [list(s) for s in combinations(range(9), 3) if np.linalg.matrix_rank(x[list(s)]) == 3]
        assert _reproducible(x, y, w) == pytest.approx(max(w[s].sum() for s in subsets))


@pytest.mark.parametrize("heavy", [1.0, 4.0])
def test_rows_of_more_than_half_the_weight_make_a_cauchy_unbounded(heavy):
    data = table(9) | {"g": np.array(list("abc") * 3), "w": np.r_[np.full(3, heavy), np.ones(6)]}
    fit = lk.fit("cauchy", data, "y ~ g", weights="w", on_failure="return")
    bounded = heavy == 1.0
    assert fit.converged is bounded
    if not bounded:
        assert (
            "3 coefficients of loc reproduce as many of the 9 rows exactly, which have 0.667 of the weight"
            in fit.status
        )


@pytest.mark.parametrize("names", ["abcd", "dcba", "badc", "cdab"])
def test_an_interval_of_equally_high_places_is_not_identified(names):
    """A group whose errors are all in Huber's straight tails: at an end of the interval there is curvature still."""
    y = [-3.0, -2.9, 3.0, 3.1, -0.1, 0.1, 0.2, -0.3, 1.0, 0.9, 1.2, 1.1, 2.0, 2.1, 1.9, 2.2]
    data = {"y": np.array(y), "g": np.repeat(list(names), 4)}
    with pytest.raises(FitError, match=r"flat|do not identify"):
        lk.fit(lk.Huber(k=1.345), data, "y ~ g")


def test_a_mirror_image_is_the_positive_one():
    rng = np.random.default_rng(5)
    x = rng.uniform(0.0, 3.0, 60)
    data = {"x": x, "y": rng.poisson((1.0 + x) ** 2)}
    fit = lk.fit("poisson", data, "y ~ x", link={"rate": "sqrt"})
    assert fit.coef["rate.Intercept"] == pytest.approx(1.0, abs=0.5)
    assert fit.coef["rate.x"] == pytest.approx(1.0, abs=0.3)


def test_a_pareto_whose_shape_has_several_signs():
    """Its rows' own estimates are starts; SciPy's optimum from many starts is no higher."""
    rng = np.random.default_rng(6)
    x = rng.normal(size=25)
    data = {"x": x, "z": rng.normal(size=25), "y": 1.0 + rng.pareto(2.0, 25)}
    fit = lk.fit("pareto", data, "y ~ x + z", link={"shape": "sqrt"})
    for _ in range(10):
        start = {name: 2.0 * rng.normal() for name in ("shape.Intercept", "shape.x", "shape.z")}
        other = lk.fit("pareto", data, "y ~ x + z", link={"shape": "sqrt"}, start=start, on_failure="return")
        assert other.loglik <= fit.loglik + 1e-6


def test_rows_of_much_influence_lead_to_another_peak():
    """An inverse Gaussian of 20 rows whose second peak only those starts find."""
    case = draw(740, 415)
    fit = case.fit()
    other = lk.fit(
        "inverse_gaussian", case.data, "y ~ x0 + x2 + g",
        start={"mean.Intercept": -24.14, "mean.x0": -3.45, "mean.x2": 1.3, "mean.g[T.b]": -3.42, "mean.g[T.c]": 2.58},
    )  # fmt: skip
    assert other.loglik > 470.8
    assert fit.loglik >= other.loglik - 1e-6


def test_regular_data_have_no_rows_of_such_influence():
    rng = np.random.default_rng(3)
    x = rng.uniform(size=200)
    fit = lk.fit("student_t", {"x": x, "y": x + rng.standard_t(5, 200)}, "y ~ x")
    assert not influential_starts(fit.likelihood.function.objective, fit.estimates.outcome.point)


def test_a_spread_whose_predictor_has_an_intercept_alone():
    data = table()
    one = lk.fit("cauchy", data, "y ~ x", scale="~ 1")
    assert one.loglik == pytest.approx(lk.fit("cauchy", data, "y ~ x").loglik, abs=1e-8)
