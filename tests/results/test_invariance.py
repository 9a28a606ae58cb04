"""What must not change does not: order of rows, units, rows against weights, links, columns' scale."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import likely as lk

CONSTANT = {
    "normal": lambda r, n: r.normal(3, 2, n),
    "student_t": lambda r, n: r.standard_t(4, n),
    "logistic": lambda r, n: r.logistic(1, 2, n),
    "gumbel": lambda r, n: r.gumbel(1, 2, n),
    "gamma": lambda r, n: r.gamma(3, 2, n),
    "weibull": lambda r, n: 2 * r.weibull(1.5, n),
    "log_normal": lambda r, n: r.lognormal(0, 1, n),
    "inverse_gaussian": lambda r, n: r.wald(2, 3, n),
    "beta": lambda r, n: r.beta(2, 3, n),
    "poisson": lambda r, n: r.poisson(3, n).astype(float),
    "negative_binomial": lambda r, n: r.negative_binomial(2, 0.3, n).astype(float),
    "geometric": lambda r, n: r.geometric(0.3, n) - 1.0,
    "bernoulli": lambda r, n: (r.uniform(size=n) < 0.3).astype(float),
}
LOCATION_SCALE = {"normal": ("mean", "sd"), "logistic": ("loc", "scale"), "gumbel": ("loc", "scale")}
FEW = settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
seeds = st.integers(0, 10_000)


def draw(name, seed, n=120):
    return CONSTANT[name](np.random.default_rng(seed), n)


def same(a, b, rtol=1e-6):
    assert a.loglik == pytest.approx(b.loglik, rel=1e-9, abs=1e-9)
    for name, value in a.coef.items():
        se = a.stderr[name]
        if se is None:  # at a limit or on the boundary: the same on both sides
            assert b.coef[name] == value
        else:
            assert abs(b.coef[name] - value) <= rtol * se
            assert b.stderr[name] == pytest.approx(se, rel=1e-5)


@pytest.mark.parametrize("name", CONSTANT)
@FEW
@given(seed=seeds)
def test_order_of_rows(name, seed):
    y = draw(name, seed)
    shuffled = np.random.default_rng(seed + 1).permutation(y)
    same(lk.fit(name, y), lk.fit(name, shuffled))


@pytest.mark.parametrize("name", CONSTANT)
@FEW
@given(seed=seeds)
def test_rows_or_weights(name, seed):
    y = draw(name, seed, 60)
    times = np.random.default_rng(seed).integers(0, 4, len(y))
    times[:10] = 1
    repeated, weighted = lk.fit(name, np.repeat(y, times)), lk.fit(name, y, weights=times)
    assert repeated.n == weighted.n
    assert repeated.bic == pytest.approx(weighted.bic, rel=1e-9)
    same(repeated, weighted)


@pytest.mark.parametrize("name", LOCATION_SCALE)
@FEW
@given(seed=seeds, shift=st.floats(-1e3, 1e3), factor=st.floats(1e-3, 1e3))
def test_units(name, seed, shift, factor):
    y = draw(name, seed)
    a, b = lk.fit(name, y), lk.fit(name, shift + factor * y)
    loc, scale = LOCATION_SCALE[name]
    assert b.coef[loc] == pytest.approx(shift + factor * a.coef[loc], abs=1e-6 * b.stderr[loc])
    assert b.coef[scale] == pytest.approx(factor * a.coef[scale], rel=1e-6)
    assert b.loglik == pytest.approx(a.loglik - len(y) * np.log(factor), rel=1e-9, abs=1e-7)


@pytest.mark.parametrize(
    ("name", "links"),
    [
        ("bernoulli", ["logit", "probit", "cloglog", "loglog", "cauchit"]),
        ("poisson", ["log", "identity", "sqrt"]),
        ("gamma", ["log", "inverse", "identity", "sqrt", "softplus", "inverse_squared"]),
    ],
)
@FEW
@given(seed=seeds)
def test_link_of_a_constant(name, links, seed):
    y = draw(name, seed)
    first = lk.fit(name, y, solver="newton", link=links[0])
    for link in links[1:]:
        same(first, lk.fit(name, y, solver="newton", link=link), rtol=1e-5)


@pytest.mark.parametrize("name", ["normal", "bernoulli", "poisson", "student_t", "gamma"])
@FEW
@given(seed=seeds, factor=st.floats(1e-6, 1e6))
def test_scale_of_a_column(name, seed, factor):
    y = draw(name, seed)
    x = np.random.default_rng(seed + 7).normal(size=len(y))
    a = lk.fit(name, {"y": y, "x": x}, "y ~ x")
    b = lk.fit(name, {"y": y, "x": x * factor}, "y ~ x")
    key = next(k for k in a.coef if k.endswith(".x"))
    assert b.loglik == pytest.approx(a.loglik, rel=1e-9)
    if a.stderr[key] is not None:
        assert b.coef[key] * factor == pytest.approx(a.coef[key], abs=1e-5 * a.stderr[key])
        assert b.stderr[key] * factor == pytest.approx(a.stderr[key], rel=1e-5)


@pytest.mark.parametrize("name", ["bernoulli", "poisson", "gamma", "weibull", "negative_binomial"])
@FEW
@given(seed=seeds)
def test_reference_level_does_not_matter(name, seed):
    y = draw(name, seed)
    g = np.random.default_rng(seed).choice(list("abc"), len(y))
    g[:3] = list("abc")
    y[:6] = y[:6] if name not in ("bernoulli",) else [0, 1, 0, 1, 0, 1]
    g[:6] = list("aabbcc")
    a = lk.fit(name, {"y": y, "g": g}, "y ~ g")
    b = lk.fit(name, {"y": y, "g": g}, "y ~ C(g, contr.treatment('c'))")
    assert a.loglik == pytest.approx(b.loglik, rel=1e-9)
    assert a.k == b.k


@FEW
@given(seed=seeds)
def test_solvers_meet(seed):
    y = draw("bernoulli", seed)
    x = np.column_stack([np.ones(len(y)), np.random.default_rng(seed).normal(size=(len(y), 2))])
    same(lk.fit("bernoulli", y, x, solver="newton"), lk.fit("bernoulli", y, x, solver="lbfgs"), rtol=1e-4)
