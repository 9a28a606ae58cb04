"""The JAX namespace against the NumPy one: values, derivatives, edges, and row derivatives."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy import special as sc

from likely.namespace import NumpyNamespace, special
from likely.namespace.jax import JaxNamespace, row_derivatives, x64

jax = pytest.importorskip("jax")

POSITIVE = np.concatenate([[1e-300, 1e-30, 1e-8, 1e-3], np.linspace(0.05, 6, 40), [10.0, 1e3, 1e6, 1e12, 1e100]])
REAL = np.concatenate([np.linspace(-12, 12, 49), [-700.0, -40.0, 30.0, 37.0]])
LEFT = np.concatenate([np.linspace(-12, 12, 49), [-3.5, -1e-9, -1e3, -1e8, 30.0, 37.0]])
UNIT = np.array([1e-300, 1e-12, 0.1, 0.299, 0.31, 0.4999999, 0.5, 0.51, 0.69, 0.71, 0.999, 1 - 1e-12])


def density(x: Any) -> Any:
    return np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi)


def logit_d2(p: Any) -> Any:
    return (2 * p - 1) / (p * (1 - p)) ** 2


# name: points, value, first and second derivative, in closed form
CLOSED: dict[str, tuple[np.ndarray, Any, Any, Any]] = {
    "stirling": (POSITIVE, special.stirling, special.stirling_d1, special.stirling_d2),
    "stirling_d1": (POSITIVE, special.stirling_d1, special.stirling_d2, special.stirling_d3),
    "digamma": (POSITIVE[4:-1], sc.digamma, special.trigamma, special.tetragamma),
    "gammaln": (POSITIVE[1:-1], sc.gammaln, sc.digamma, special.trigamma),
    "log1pmx": (
        np.concatenate([np.linspace(-0.95, 3, 40), [1e-150, 1e-12, -1e-8, -0.5, 1.0, 1e10]]),
        special.log1pmx,
        lambda x: -x / (1 + x),
        lambda x: -1 / (1 + x) ** 2,
    ),
    "log_ndtr": (LEFT, sc.log_ndtr, special.inverse_mills, special.inverse_mills_d1),
    "ndtr": (np.linspace(-12, 12, 49), sc.ndtr, density, lambda x: -x * density(x)),
    "expit": (
        REAL,
        sc.expit,
        lambda x: sc.expit(x) * sc.expit(-x),
        lambda x: -sc.expit(x) * sc.expit(-x) * np.tanh(x / 2),
    ),
    "log1mexp": (
        POSITIVE[2:40],
        special.log1mexp,
        lambda x: 1 / np.expm1(x),
        lambda x: -np.exp(x) / np.expm1(x) ** 2,
    ),
    "softplus": (REAL, special.softplus, sc.expit, lambda x: sc.expit(x) * sc.expit(-x)),
    "log_expit": (REAL, sc.log_expit, lambda x: sc.expit(-x), lambda x: -sc.expit(x) * sc.expit(-x)),
    "logit": (UNIT[1:], sc.logit, lambda p: 1 / (p * (1 - p)), logit_d2),
    "erfc": (
        np.linspace(-5, 5, 41),
        sc.erfc,
        lambda x: -2 / np.sqrt(np.pi) * np.exp(-x * x),
        lambda x: 4 * x / np.sqrt(np.pi) * np.exp(-x * x),
    ),
}


@cache
def compiled(name: str) -> Any:
    f = getattr(JaxNamespace(), name)
    first = jax.jacfwd(f)
    return jax.jit(jax.vmap(lambda v: (f(v), first(v), jax.jacfwd(first)(v), jax.jacfwd(jax.grad(f))(v))))


def derivatives(name: str, x: Any) -> tuple[np.ndarray, ...]:
    """Value, first derivative, second by forward over forward and by forward over reverse."""
    padded = np.full(64, 0.6)  # one shape, so that each function compiles once
    padded[: len(x)] = x
    with x64():
        return tuple(np.asarray(v)[: len(x)] for v in compiled(name)(padded))


@pytest.mark.parametrize("name", CLOSED)
def test_values_and_derivatives_equal_the_closed_ones(name: str) -> None:
    x, value, d1, d2 = CLOSED[name]
    got = derivatives(name, x)
    # XLA's own lgamma and digamma lose relative accuracy around their zeros; logit'' is 0 at 1/2
    atol = {"digamma": 1e-13, "gammaln": 1e-13, "logit": 1e-14}.get(name, 1e-305)
    for g, f, rtol in zip(got, (value, d1, d2, d2), (3e-15, 1e-14, 3e-14, 3e-14), strict=True):
        assert g.dtype == np.float64
        with np.errstate(all="ignore"):
            np.testing.assert_allclose(g, f(x), rtol=rtol, atol=atol)


def test_every_numpy_name_exists_and_agrees() -> None:
    """The two namespaces have the same functions, with equal values (some are compared elsewhere)."""
    plain = NumpyNamespace()
    with x64():
        xp = JaxNamespace()
        names = [n for n in dir(plain) if not n.startswith("_") and callable(getattr(plain, n))]
        assert {n for n in names if not hasattr(xp, n)} == set()
        x, y = np.array([0.3, 0.45, 0.8]), np.array([0.7, 0.4, 0.1])
        elsewhere = {"remember", "recall_log", "complement", "betaln", "bd0", "log_if", "log_complement_if", "over"}
        two = {"maximum", "minimum", "power", "logaddexp", "xlogy", "xlog1py"}
        arguments = {
            n: (x < y, x, y) if n == "where" else (x, y) if n in two else (x,)
            for n in sorted(set(names) - set(CLOSED) - elsewhere)
        }
        got = jax.jit(lambda given: {n: getattr(xp, n)(*args) for n, args in given.items()})(arguments)
        for n, args in arguments.items():
            np.testing.assert_allclose(got[n], getattr(plain, n)(*args), rtol=1e-14, atol=1e-15, err_msg=n)
        assert (xp.pi, xp.inf) == (np.pi, np.inf)


@pytest.fixture(scope="module")
def pairs() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(7)
    x = 10.0 ** rng.uniform(-3, 12, 60)
    m = np.concatenate([x[:30] * (1 + 10.0 ** rng.uniform(-14, -1, 30)), x[30:] * rng.uniform(0.1, 8, 30)])
    x[:3], m[:3] = (1e200, 1e-200, 5.0), (1e-200, 1e200, 5.0)
    return x, m


def test_bd0(pairs: tuple[np.ndarray, np.ndarray]) -> None:
    x, m = pairs
    with x64():
        bd0 = JaxNamespace().bd0
        np.testing.assert_allclose(bd0(x, m), special.bd0(x, m), rtol=2e-15)
        gx, gm = jax.jit(jax.vmap(jax.grad(bd0, (0, 1))))(x, m)
        (hxx, hxm), (_, hmm) = jax.jit(jax.vmap(jax.hessian(bd0, (0, 1))))(x[2:], m[2:])
    with np.errstate(all="ignore"):
        log = np.where(np.abs(x - m) < 0.5 * m, np.log1p((x - m) / m), np.log(x) - np.log(m))
        by_m = (m - x) / m
    np.testing.assert_allclose(gx, log, rtol=1e-14)
    np.testing.assert_allclose(gm, by_m, rtol=1e-14)
    x, m = x[2:], m[2:]
    np.testing.assert_allclose(hxx, 1 / x, rtol=1e-14)
    np.testing.assert_allclose(hxm, -1 / m, rtol=1e-14)
    np.testing.assert_allclose(hmm, x / m / m, rtol=1e-14)


def test_bd0_edges() -> None:
    x = np.array([0.0, 0.0, 3.0, 3.0, np.inf, np.inf, -1.0, np.nan])
    m = np.array([2.5, 0.0, 0.0, np.inf, 3.0, np.inf, 1.0, 1.0])
    with x64():
        xp = JaxNamespace()
        np.testing.assert_array_equal(xp.bd0(x, m), special.bd0(x, m))
        # a count of zero: the derivative in the mean is 1, and no NaN in the second ones
        g, h = jax.jit(lambda *a: (jax.grad(xp.bd0, 1)(*a), jax.hessian(xp.bd0, (0, 1))(*a)))(0.0, 2.5)
    assert float(g) == 1.0
    assert np.all(np.isfinite(np.array(h, dtype=float)))


EDGES: dict[str, list[float]] = {
    "stirling": [0.0],
    "log1pmx": [0.0, 1e-200],
    "log_ndtr": [-1e8, 0.0, 40.0, 1e4],
    "ndtr": [-1e4, 0.0, 1e4],
    "expit": [-800.0, 800.0],
    "softplus": [-800.0, 0.0, 800.0],
    "log_expit": [-1e5, 0.0, 800.0],
    "abs": [0.0],
    "square": [0.0],
    "tanh": [0.0, 1e4],
    "erfc": [-1e3, 0.0, 1e3],
}


@pytest.mark.parametrize("name", EDGES)
def test_no_nan_at_edges(name: str) -> None:
    for values in derivatives(name, EDGES[name]):
        assert np.all(np.isfinite(values)), values


def test_two_argument_edges() -> None:
    cases = {
        "xlogy": [(0.0, 0.0), (0.0, 0.5), (2.0, 0.5)],
        "xlog1py": [(0.0, -1.0), (0.0, -0.5), (2.0, -0.5)],
        "logaddexp": [(-800.0, 800.0), (0.0, 0.0), (1e8, -1e8)],
        "power": [(0.0, 2.0), (0.0, 3.0), (2.0, 0.0)],
    }
    with x64():
        xp = JaxNamespace()
        for name, points in cases.items():
            f = getattr(xp, name)
            by = (jax.hessian(f, (0, 1)), jax.jacfwd(jax.jacfwd(f, (0, 1)), (0, 1)))
            values = jax.jit(jax.vmap(lambda a, b, by=by: [g(a, b) for g in by]))(*np.array(points).T)
            assert np.all(np.isfinite(np.array(jax.tree.leaves(values)))), (name, values)
        np.testing.assert_allclose(jax.grad(xp.xlogy)(0.0, 0.3), np.log(0.3))  # log y, also at x = 0


def test_betaln_derivatives() -> None:
    """Also where a == b, and where digammas would cancel."""
    a = np.array([1e-4, 0.5, 2.0, 2.0, 7.5, 3.0, 1e5, 1e12])
    b = np.array([3.0, 0.5, 2.0, 9.0, 0.01, 4.0, 2e5, 1e12])
    with x64():
        f = JaxNamespace().betaln
        by = (f, jax.grad(f), jax.hessian(f, (0, 1)))
        value, ga, ((haa, hab), _) = jax.jit(jax.vmap(lambda *v: [g(*v) for g in by]))(a, b)
    np.testing.assert_allclose(value, sc.betaln(a, b), rtol=1e-13)
    np.testing.assert_allclose(ga[-1], -np.log(2.0) - 0.25e-12, rtol=1e-15)
    np.testing.assert_allclose(haa[-1], 0.5e-12, rtol=1e-11)
    a, b, ga, haa, hab = a[:-1], b[:-1], ga[:-1], haa[:-1], hab[:-1]
    np.testing.assert_allclose(ga, sc.digamma(a) - sc.digamma(a + b), rtol=1e-12)
    np.testing.assert_allclose(haa, special.trigamma(a) - special.trigamma(a + b), rtol=1e-12)
    np.testing.assert_allclose(hab, -special.trigamma(a + b), rtol=1e-9)


def test_remembers_what_a_link_knows() -> None:
    with x64():
        xp = JaxNamespace()
        eta = jax.numpy.asarray([50.0, -3.0])
        p, q = xp.expit(eta), xp.expit(-eta)
        assert xp.remember(p, log=xp.log_expit(eta), complement=q, log_complement=xp.log_expit(-eta)) is p
        np.testing.assert_array_equal(xp.log(p), xp.log_expit(eta))
        assert xp.complement(p) is q
        assert xp.complement(q) is p
        np.testing.assert_array_equal(xp.log(xp.complement(p)), xp.log_expit(-eta))
        other = xp.expit(eta)
        np.testing.assert_allclose(xp.complement(other), 1.0 - np.asarray(other))
        np.testing.assert_allclose(xp.log(other), np.log(np.asarray(other)))


def student(etas: Any, y: Any) -> Any:
    """Student's t with 4 degrees of freedom, without its constant: every second derivative depends on all."""
    xp = JaxNamespace()
    z = (y - etas[0]) * xp.exp(-etas[1])
    return -etas[1] - 2.5 * xp.log1p(xp.square(z) / 4.0)


def test_row_derivatives_against_a_dense_hessian() -> None:
    rng = np.random.default_rng(3)
    n = 40
    eta, y = rng.normal(size=n), rng.normal(size=n)
    value, first, second = row_derivatives(student, (eta, 0.3), n, data=(y,))
    assert value.shape == (n,)
    assert value.dtype == np.float64
    assert [g.shape for g in first] == [(n,)] * 2
    assert sorted(second) == [(0, 0), (0, 1), (1, 1)]
    with x64():

        def one(v: Any, y: Any) -> Any:
            return student((v[0], v[1]), y)

        dense = jax.jit(jax.vmap(lambda v, y: (one(v, y), jax.grad(one)(v, y), jax.hessian(one)(v, y))))
        v, g, h = dense(np.stack([eta, np.full(n, 0.3)], axis=1), y)
    np.testing.assert_allclose(value, v, rtol=1e-12)
    np.testing.assert_allclose(np.stack(first, axis=1), g, rtol=1e-10, atol=1e-12)
    for (r, c), second_rc in second.items():
        np.testing.assert_allclose(second_rc, h[:, r, c], rtol=1e-10, atol=1e-12)


def test_row_derivatives_closure_and_constant() -> None:
    """Data may be closed over; a density that forgets some eta, or the rows, still gives full columns."""
    y = np.array([1.0, 2.0, 4.0])
    value, first, second = row_derivatives(lambda e: -0.5 * (y - e[0]) ** 2, (np.zeros(3), np.ones(3)), 3)
    np.testing.assert_allclose(value, -0.5 * y**2)
    np.testing.assert_allclose(first, [y, np.zeros(3)])
    np.testing.assert_allclose([second[0, 0], second[0, 1], second[1, 1]], [-np.ones(3), np.zeros(3), np.zeros(3)])
    value, first, _ = row_derivatives(lambda e: 2.0, (1.0,), 3)
    np.testing.assert_array_equal(value, [2.0] * 3)
    np.testing.assert_array_equal(first, [[0.0] * 3])


def test_row_derivatives_compiles_once_for_new_rows() -> None:
    calls = []

    def f(etas: Any, y: Any) -> Any:
        calls.append(1)
        return -((y - etas[0]) ** 2)

    for shift in (0.0, 1.0, 2.0):
        _, (g,), _ = row_derivatives(f, (np.zeros(4),), 4, data=(np.arange(4.0) + shift,))
        np.testing.assert_allclose(g, 2 * (np.arange(4.0) + shift))
        if shift == 0.0:
            traced = len(calls)
    assert len(calls) == traced


def test_x64_is_scoped() -> None:
    before = jax.config.jax_enable_x64
    with x64():
        assert JaxNamespace().exp(np.zeros(2)).dtype == np.float64
        assert JaxNamespace().stirling(3).dtype == np.float64
    assert jax.config.jax_enable_x64 == before
    if not before:
        assert JaxNamespace().stirling(np.ones(2, dtype=np.float32)).dtype == np.float32


def test_import_is_light() -> None:
    code = "import sys, likely.namespace.jax; sys.exit('jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_missing_jax_says_what_to_install() -> None:
    code = """
import sys
sys.modules["jax"] = None  # what an absent package looks like to import
from likely.errors import MissingDependencyError
from likely.namespace.jax import JaxNamespace
try:
    JaxNamespace()
except MissingDependencyError as e:
    print(e)
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "pip install 'likely[jax]'" in done.stdout
