"""Likelihoods without a highest point, with and without a penalty: the predictors fit every row exactly."""

import numpy as np
import pytest

import likely as lk
from likely.errors import DesignError, FitError

N = 6
COLUMNS = [f"x{j}" for j in range(N + 2)]
FAMILIES = (
    "normal laplace student_t logistic cauchy gumbel skew_normal gamma inverse_gaussian weibull log_logistic log_normal"
).split()


def table(n=N):
    rng = np.random.default_rng(4)
    return {"y": np.exp(rng.normal(size=n)), **{name: rng.normal(size=n) for name in COLUMNS}}


def formula(k):
    return f"y ~ {' + '.join(COLUMNS[:k])}"


@pytest.mark.parametrize("family", [*FAMILIES, lk.Huber(k=1.345), "beta"])
@pytest.mark.parametrize("penalty", [None, lk.Ridge(1.0), lk.Lasso(0.3), lk.ElasticNet(0.5, 0.5)])
def test_as_many_coefficients_as_rows(family, penalty):
    data = table()
    if family == "beta":
        data["y"] = 1.0 / (1.0 + data["y"])
    k = N - 1 if penalty is None else N + 2
    with pytest.raises(FitError, match=r"reproduce every value of y exactly, .* grows without bound .* fix it"):
        lk.fit(family, data, formula(k), penalty=penalty)


def test_every_order_of_rows_tells_the_same():
    data = table()
    for order in (np.arange(N), np.arange(N)[::-1], [2, 0, 1, 5, 4, 3]):
        rows = {name: column[order] for name, column in data.items()}
        with pytest.raises(FitError, match="penalised likelihood grows without bound as scale goes to 0"):
            lk.fit("student_t", rows, formula(N), penalty=lk.Lasso(0.3))


def test_what_has_a_peak_keeps_it():
    data = table()
    assert lk.fit(lk.Normal(sd=1.0), data, formula(N + 2), penalty=lk.Lasso(0.3)).converged
    assert lk.fit("normal", data, formula(N + 2), penalty=lk.Ridge(1.0), fixed={"sd": 0.5}).converged
    assert lk.fit("normal", data, formula(N + 2), penalty=lk.Ridge(1.0), bounds={"sd": (0.1, None)}).converged
    assert lk.fit("exponential", data, formula(N + 2), penalty=lk.Ridge(1.0)).converged
    assert lk.fit("normal", data, formula(N - 2), penalty=lk.Lasso(0.3)).converged
    yes = {**data, "y": (data["y"] > 1.0).astype(float)}
    assert lk.fit("bernoulli", yes, formula(N + 2), penalty=lk.Ridge(1.0)).converged


def test_constraints_may_leave_no_room_for_the_exact_fit():
    data = table()
    data["y"] = 1.0 + 2.0 * data["x0"] + 0.5 * data["x1"]
    small = "y ~ x0 + x1"
    for room in ({"bounds": {"mean.x0": (0.0, None)}}, {"fixed": {"mean.x1": 0.5}}, {"bounds": {"sd": (None, 3.0)}}):
        with pytest.raises(FitError, match="without bound as sd goes to 0"):
            lk.fit("normal", data, small, **room)
    for room in ({"bounds": {"mean.x0": (None, 1.0)}}, {"fixed": {"mean.x1": 0.6}}, {"bounds": {"sd": (1e-3, None)}}):
        assert lk.fit("normal", data, small, **room).converged


def test_a_response_without_noise_under_a_penalty():
    data = table(40)
    data["y"] = 1.0 + 2.0 * data["x0"]
    with pytest.raises(FitError, match="penalised likelihood grows without bound as sd goes to 0"):
        lk.fit("normal", data, "y ~ x0 + x1", penalty=lk.Ridge(1.0))
    data["y"] = np.exp(1.0 + 2.0 * data["x0"])
    with pytest.raises(FitError, match="likelihood grows without bound as shape goes to infinity"):
        lk.fit("gamma", data, "y ~ x0 + x1")


def test_dependent_predictors_are_named_as_before():
    with pytest.raises(DesignError):
        lk.fit("gamma", table(), formula(N + 2))


def test_a_path_says_it_too():
    data = table()
    with pytest.raises(FitError, match="penalised likelihood grows without bound as sd goes to 0"):
        lk.path("normal", data, formula(N + 2), n=5)
    assert len(lk.path(lk.Normal(sd=1.0), data, formula(N + 2), n=5).strengths) == 5


def test_what_is_plainly_off_is_never_reproduced():
    from likely.search.unbounded import _solved, _surely_off

    rng = np.random.default_rng(0)
    for scale in (1e-200, 1.0, 1e200):
        x = np.column_stack([np.ones(6), rng.normal(size=6), 1e6 + rng.normal(size=6)])
        exact = x @ [1.0, 2.0, -3.0]
        assert not _surely_off(x, scale * exact)
        assert not _surely_off(np.column_stack([x, x[:, 1]]), scale * exact)
        assert _surely_off(x, scale * (exact + rng.normal(size=6)))
        assert _solved(x, scale * (exact + rng.normal(size=6))) is None


@pytest.mark.parametrize("link", ["inverse", "inverse_squared"])
def test_rows_at_the_pole_of_a_link(link):
    """A Pareto's smallest value at the edge of the predictors: its shape may be infinite there alone."""
    rng = np.random.default_rng(8)
    data = {"x": np.linspace(0.0, 1.0, 30), "y": 1.5 + rng.pareto(2.0, 30)}
    data["y"][0] = 1.2
    for shift in (0.0, 3.0):
        with pytest.raises(FitError, match=r"shape at infinity in 1 of 30 rows alone .*default link of shape, log"):
            lk.fit("pareto", {**data, "x": data["x"] + shift}, "y ~ x", link={"shape": link})
    data["y"][[0, 15]] = data["y"][[15, 0]]  # in the middle no line is 0 there alone
    assert lk.fit("pareto", data, "y ~ x", link={"shape": link}).converged
    assert lk.fit("pareto", data, "y ~ x").converged
