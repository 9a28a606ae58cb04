"""Fits on several threads leave BLAS as they found it; fits and their errors travel between processes."""

import copy
import multiprocessing
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import likely as lk
from likely.compute.engines import memory
from likely.families import FAMILIES


def blas_threads():
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


# -- BLAS ------------------------------------------------------------------------------------------------------


def test_overlapping_limits_restore_what_the_first_one_found():
    if not blas_threads():
        pytest.skip("no BLAS that threadpoolctl knows")
    with threadpool_limits(2, user_api="blas"):
        before = blas_threads()
        first, second = memory.one_blas_thread(), memory.one_blas_thread()
        first.__enter__()
        second.__enter__()
        assert set(blas_threads()) == {1}
        first.__exit__(None, None, None)  # in the order in which they came: each restoring its own would end at 1
        assert set(blas_threads()) == {1}
        second.__exit__(None, None, None)
        assert blas_threads() == before


def test_concurrent_fits_leave_blas_as_they_found_it():
    rng = np.random.default_rng(0)
    x = rng.normal(size=20_001)
    y = rng.poisson(np.exp(0.3 + 0.2 * x))
    with threadpool_limits(2, user_api="blas"):
        before = blas_threads()
        with ThreadPoolExecutor(6) as pool:
            fits = list(pool.map(lambda _: lk.fit("poisson", {"y": y, "x": x}, "y ~ x"), range(18)))
        assert blas_threads() == before
    assert len({tuple(fit.coef.values()) for fit in fits}) == 1


def test_an_error_inside_the_limit_leaves_it():
    before = blas_threads()
    with pytest.raises(ZeroDivisionError), memory.one_blas_thread():
        raise ZeroDivisionError
    assert blas_threads() == before


# -- pickles ---------------------------------------------------------------------------------------------------

SPECIAL = {
    "skew_normal": lk.SkewNormal().sample(80, loc=0.0, scale=1.0, shape=2.0, seed=1),
    "categorical": ["a", "b", "b", "c", "a", "c", "b", "b"],
    "bernoulli": [1, 0, 0, 1, 1, 0, 1, 1],
    "binomial": [3, 4, 1, 7, 2, 2, 5, 9],
    "uniform": [0.2, 1.0, 0.4, 0.7, 0.8, 0.3, 0.9, 0.5],
    "beta": [0.2, 0.9, 0.4, 0.7, 0.8, 0.3, 0.9, 0.5],
}
COUNTS = [0, 2, 1, 9, 3, 4, 0, 12]
AMOUNTS = [1.2, 0.3, 2.7, 0.1, 0.9, 4.1, 0.2, 1.5]


def fitted(name, **options):
    cls = FAMILIES[name]
    known = {"binomial": {"n": 10}, "asymmetric_laplace": {"tau": 0.3}, "huber": {"k": 1.345}}
    family = cls(**known.get(name, {}))
    data = SPECIAL.get(name, COUNTS if family.discrete else AMOUNTS)
    return lk.fit(family, data, on_failure="return", **options)


def travelled(thing):
    return pickle.loads(pickle.dumps(thing))


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("used", [False, True], ids=["fresh", "used"])
def test_a_fit_of_every_family_travels(name, used):
    fit = fitted(name)
    what = "prob" if name == "categorical" else "quantile"
    assert fit.converged
    if used:  # with everything cached that is cached
        fit.summary()
        str(fit.summary())
        fit.predict(what=what)
        fit.likelihood.log({name: fit.coef[name] for name in fit.likelihood.names})
    again = travelled(fit)
    assert again.coef == fit.coef
    assert again.stderr == fit.stderr
    assert again.status == fit.status
    assert again.likelihood.model.family == fit.likelihood.model.family
    a, b = again.predict(what=what), fit.predict(what=what)
    assert all(np.array_equal(a[k], b[k]) for k in b) if isinstance(b, dict) else np.array_equal(a, b)
    assert travelled(fit.summary()).to_dict() == fit.summary().to_dict()
    at = {name: fit.coef[name] for name in fit.likelihood.names}
    assert again.likelihood.log(at) == fit.likelihood.log(at)


@pytest.mark.parametrize("link", ["identity", "log", "inverse", "inverse_squared", "sqrt", "softplus"])
def test_every_positive_link_travels(link):
    fit = lk.fit("gamma", AMOUNTS, link=link)
    assert travelled(fit).coef == fit.coef


@pytest.mark.parametrize("link", ["logit", "probit", "cloglog", "loglog", "cauchit"])
def test_every_probability_link_travels(link):
    frame = pd.DataFrame({"y": [0, 1, 0, 1, 1, 0, 1, 1], "x": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]})
    fit = lk.fit("bernoulli", frame, "y ~ poly(x, 2)", link=link)
    again = travelled(fit)
    assert again.coef == fit.coef
    new = pd.DataFrame({"x": [2.5, 3.5]}, index=["a", "b"])
    pd.testing.assert_series_equal(again.predict(new), fit.predict(new))
    # of one predictor: under a cauchit link the profile of a parabola has branches that rounding decides between
    line = lk.fit("bernoulli", frame, "y ~ x", link=link)
    assert travelled(line).interval(method="profile") == line.interval(method="profile")


def test_a_fit_at_its_limit_travels():
    fit = lk.fit("student_t", [0.1 * i for i in range(30)])
    assert fit.limit is not None
    assert travelled(fit).coef == fit.coef


def test_comparisons_and_likelihoods_travel():
    comparison = lk.compare(["normal", "gamma", "poisson"], AMOUNTS)
    again = travelled(comparison)
    assert str(again) == str(comparison)
    assert again.best.coef == comparison.best.coef
    L = lk.likelihood("normal", AMOUNTS)
    assert travelled(L).log(mean=1, sd=1) == L.log(mean=1, sd=1)
    assert copy.deepcopy(L).log(mean=1, sd=1) == L.log(mean=1, sd=1)


def fails(values):
    return lk.fit("normal", values)


def test_a_failure_in_another_process_arrives_as_itself():
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        with pytest.raises(lk.errors.FitError, match="every value of y is 5") as caught:
            pool.apply(fails, ([5.0, 5.0, 5.0],))
        assert not caught.value.fit.converged
        assert pool.apply(fails, ([1.0, 2.0, 4.0],)).coef == fails([1.0, 2.0, 4.0]).coef
