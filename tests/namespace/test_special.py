"""The special functions against mpmath, at ordinary and at extreme arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest

from likely.namespace import special

Reference = Callable[..., Any]

SPREAD = [1e-300, 3.7e-205, 1e-100, 2e-30, 1e-15, 1e-8, 1e-5, 1e-3, 0.02]
MIDDLE = [*np.linspace(0.05, 6.0, 60), 2.5, np.nextafter(2.5, 0), 7.3, 9.99, 10.0, 17.2, 31.5, 100.0, 514.25]
LARGE = [1e3, 12345.678, 1e5, 1e6, 3.3e7, 1e8, 1e10, 1e12, 7.7e12, 1e15, 1e16]
HUGE = [1e20, 1e50, 1e100, 1e200, 1e300]
POSITIVE = [*SPREAD, *MIDDLE, *LARGE, *HUGE]


def mills_series(z: Any) -> Any:
    """Mills' ratio times z for large z: DLMF 7.12.1."""
    term = total = mp.mpf(1)
    for k in range(1, 12):
        term *= -(2 * k - 1) / z**2
        total += term
    return total


def inverse_mills(x: Any) -> Any:
    if x < -1e3:
        return -x / mills_series(-x)
    return mp.sqrt(2 / mp.pi) * mp.exp(-x * x / 2) / mp.erfc(-x / mp.sqrt(2))


def stirling(x: Any) -> Any:
    if x > 1e18:
        return mp.log(2 * mp.pi * x) / 2 + 1 / (12 * x) - 1 / (360 * x**3)
    if x < 1e-20:
        return x * (1 - mp.log(x) - mp.euler + x * mp.zeta(2) / 2)  # lgamma(1 + x) by DLMF 5.7.3
    return mp.loggamma(x + 1) - x * mp.log(x) + x


def psi(order: int, x: Any) -> Any:
    """Polygamma; at huge arguments, which mpmath does not master, the first terms of its series."""
    if x < 1e18:
        return mp.psi(order, x)
    return {1: 1 / x + 1 / (2 * x**2) + 1 / (6 * x**3), 2: -1 / x**2 - 1 / x**3 - 1 / (2 * x**4)}[order]


def stirling_derivative(order: int, x: Any) -> Any:
    if x < 1e18:
        return mp.psi(order - 1, x + 1) - [mp.log(x), 1 / x, -1 / x**2][order - 1]
    return [1 / (2 * x) - 1 / (12 * x**2), -1 / (2 * x**2) + 1 / (6 * x**3), 1 / x**3 - 1 / (2 * x**4)][order - 1]


NEAR_ZERO = [s * v for v in [1e-150, 1e-100, 1e-16, 1e-12, 1e-8, 1e-4, 0.01] for s in (1, -1)]
LOG1PMX = [*NEAR_ZERO, *np.linspace(-0.95, 3.0, 80), -0.5, 1.0, -1 + 1e-12, 1e3, 1e10, 1e300]
NORMAL = [*np.linspace(-12, 37, 99), -3.5, -3.4999, -1e-9, 1e-9, -50.0, -1e3, -1e4, -1e6, -1e8]

UNARY: dict[str, tuple[Reference, list[float], float]] = {
    "log1pmx": (lambda x: mp.log1p(x) - x, LOG1PMX, 1e-15),
    "stirling": (stirling, POSITIVE, 1.5e-15),
    "stirling_d1": (lambda x: stirling_derivative(1, x), POSITIVE, 4e-15),
    "stirling_d2": (lambda x: stirling_derivative(2, x), POSITIVE, 4e-15),
    "stirling_d3": (lambda x: stirling_derivative(3, x), POSITIVE, 3e-15),
    "trigamma": (lambda x: psi(1, x), POSITIVE, 1e-15),
    "tetragamma": (lambda x: psi(2, x), POSITIVE, 2e-15),
    "inverse_mills": (inverse_mills, NORMAL, 2e-15),
    "inverse_mills_d1": (lambda x: -inverse_mills(x) * (inverse_mills(x) + x), NORMAL, 1e-14),
    "log1mexp": (lambda x: mp.log(-mp.expm1(-x)), [1e-300, 1e-12, 0.1, 0.69, 0.7, 1.0, 5.0, 40.0], 1e-15),
    "softplus": (lambda x: mp.log1p(mp.exp(x)), list(np.linspace(-700, 700, 61)), 1e-15),
}


def relative_error(got: Any, want: Any) -> float:
    """Relative error; what leaves the range of normal floats has to leave it in the result too."""
    got = float(got)
    if abs(want) < mp.mpf("1e-307"):
        return 0.0 if abs(got) <= 1.1e-307 else np.inf
    if abs(want) > mp.mpf("1.79e308"):
        return 0.0 if got == np.sign(float(mp.sign(want))) * np.inf else np.inf
    return float(abs((mp.mpf(got) - want) / want))


@pytest.mark.parametrize("name", UNARY)
def test_against_mpmath(name: str) -> None:
    reference, points, bound = UNARY[name]
    f = getattr(special, name)
    array = f(np.array(points))
    for x, from_array in zip(points, array, strict=True):
        digits = abs(np.log10(abs(x))) if x else 0.0
        with mp.workdps(50 + int(1.2 * digits)):
            want = +reference(mp.mpf(float(x)))
            assert relative_error(from_array, want) < bound, x
            assert relative_error(f(float(x)), want) < bound, x


def bd0_pairs() -> list[tuple[float, float]]:
    rng = np.random.default_rng(20240501)
    x = 10.0 ** rng.uniform(-3, 13, 120)
    apart = list(zip(x[:40], x[:40] * rng.uniform(0.1, 8, 40), strict=True))
    close = list(zip(x[40:80], x[40:80] * (1 + 10.0 ** rng.uniform(-15, -1, 40)), strict=True))
    below = list(zip(x[80:], x[80:] * (1 - 10.0 ** rng.uniform(-15, -1, 40)), strict=True))
    extreme = [(1e300, 1e-300), (1e-300, 1e300), (1e-300, 1.1e-300), (1e300, 1.000001e300), (1e-310, 1e10)]
    integers = [(3.0, 3.0), (1.0, 2.0), (2.0, 1.0), (7.0, 1e12), (1e12, 1e12 + 1), (1e8, 1e8 - 1)]
    return [*apart, *close, *below, *extreme, *integers]


def test_bd0_against_mpmath() -> None:
    pairs = bd0_pairs()
    array = special.bd0(*np.array(pairs).T)
    with mp.workdps(660):
        for (x, m), from_array in zip(pairs, array, strict=True):
            a, b = mp.mpf(float(x)), mp.mpf(float(m))
            want = a * mp.log(a / b) + b - a
            assert relative_error(from_array, want) < 1.5e-15, (x, m)
            assert relative_error(special.bd0(float(x), float(m)), want) < 1.5e-15, (x, m)


EDGES = {
    "log1pmx": {-1.0: -np.inf, 0.0: 0.0, np.inf: -np.inf, -1.5: np.nan, 1e-200: 0.0},
    "stirling": {0.0: 0.0, np.inf: np.inf, -1.0: np.nan},
    "stirling_d1": {0.0: np.inf, np.inf: 0.0, -1.0: np.nan},
    "stirling_d2": {0.0: -np.inf, np.inf: 0.0, -1.0: np.nan},
    "stirling_d3": {0.0: np.inf, np.inf: 0.0, -1.0: np.nan},
    "trigamma": {0.0: np.inf, np.inf: 0.0, -1.0: np.nan, 1e-200: np.inf},
    "tetragamma": {0.0: -np.inf, np.inf: 0.0, -1.0: np.nan, 5e-324: -np.inf},
    "inverse_mills": {-np.inf: np.inf, 40.0: 0.0, 1e8: 0.0, np.inf: 0.0},
    "inverse_mills_d1": {-np.inf: -1.0, -1e9: -1.0, 1e8: 0.0, np.inf: 0.0},
    "log1mexp": {0.0: -np.inf, np.inf: 0.0, -1.0: np.nan},
    "softplus": {-np.inf: 0.0, np.inf: np.inf, 1e308: 1e308},
}


@pytest.mark.parametrize("name", EDGES)
def test_edges_and_nan(name: str) -> None:
    f = getattr(special, name)
    points = {**EDGES[name], np.nan: np.nan}
    np.testing.assert_allclose(f(np.array(list(points))), list(points.values()), rtol=3e-16)
    for x, want in points.items():
        np.testing.assert_allclose(f(x), want, rtol=3e-16)
        np.testing.assert_allclose(f(np.float64(x)), want, rtol=3e-16)
        np.testing.assert_allclose(f(np.array([x, 0.7]))[0], want, rtol=3e-16)  # one odd element among others


def test_bd0_edges() -> None:
    points = {
        (0.0, 2.5): 2.5,
        (0.0, 0.0): 0.0,
        (3.0, 0.0): np.inf,
        (3.0, np.inf): np.inf,
        (0.0, np.inf): np.inf,
        (np.inf, 3.0): np.inf,
        (np.inf, np.inf): np.nan,
        (-1.0, 1.0): np.nan,
        (1.0, -1.0): np.nan,
        (-1.0, -1.0): np.nan,
        (np.nan, 1.0): np.nan,
        (1.0, np.nan): np.nan,
        (0.0, np.nan): np.nan,
    }
    x, m = np.array(list(points)).T
    np.testing.assert_array_equal(special.bd0(x, m), list(points.values()))
    for (a, b), want in points.items():
        np.testing.assert_array_equal(special.bd0(a, b), want)


def test_shapes_and_kinds() -> None:
    """Scalars give scalars, arrays arrays; lists and integers are read; nothing is written into."""
    assert isinstance(special.stirling(3), np.float64)
    assert isinstance(special.stirling(np.array(3.0)), np.float64)
    assert special.trigamma([1, 2, 3]).shape == (3,)
    assert special.log1pmx(np.zeros((2, 3))).shape == (2, 3)
    assert special.stirling(np.array([])).shape == (0,)
    assert special.bd0(np.array([]), 1.0).shape == (0,)
    assert isinstance(special.bd0(3, 4.0), np.float64)
    for name in special.__all__:
        x = np.array([0.3, 5.0, -0.2, 80.0])
        getattr(special, name)(*([x, 1.0] if name == "bd0" else [x]))
        np.testing.assert_array_equal(x, [0.3, 5.0, -0.2, 80.0])


def test_bd0_broadcasts() -> None:
    x = np.array([[0.0], [1.0], [50.0]])
    m = np.array([0.5, 1.0, 2.0, 49.0])
    full = special.bd0(x, m)
    assert full.shape == (3, 4)
    for i, j in np.ndindex(3, 4):
        np.testing.assert_allclose(full[i, j], special.bd0(x[i, 0], m[j]), rtol=1e-15)
    np.testing.assert_allclose(special.bd0(x[:, 0], 1.0), full[:, 1], rtol=1e-15)
    np.testing.assert_allclose(special.bd0(1.0, m), full[1], rtol=1e-15)


def test_loader_binomial() -> None:
    """The saddle-point form keeps a binomial log-density at n = 1e12, where log-factorials lose it."""
    n, x, p = 1e12, 3e11 + 12345.0, 0.3
    got = (
        special.stirling(n)
        - special.stirling(x)
        - special.stirling(n - x)
        - special.bd0(x, n * p)
        - special.bd0(n - x, n * 0.7)
    )
    with mp.workdps(60):
        a, b, q = mp.mpf(n), mp.mpf(x), mp.mpf(p)
        want = mp.loggamma(a + 1) - mp.loggamma(b + 1) - mp.loggamma(a - b + 1)
        want += b * mp.log(q) + (a - b) * mp.log1p(-q)
    assert relative_error(got, want) < 1e-11
