"""Densities with parameters that the data do not identify: withheld and named; the errors of the others are right."""

import numpy as np
import pytest

import likely as lk

pytest.importorskip("jax")

# the data of a published report (SciPy 12715): x2 squared is a fixed multiple of x1 squared in every row
CURVE = {
    "y": [3.595, 8740.28, 6391.76, 13958.5, 20597.7, 3.6539, 3.73653, 3.68226, 3.68414],
    "s": [0.113684, 276.392, 202.125, 441.406, 651.356, 0.115547, 0.118159, 0.116443, 0.116503],
    "x1": [0.0, -15.6627, 15.6627, -15.6627, 15.6627, -0.00156627, 0.00156627, -0.00156627, 0.00156627],
    "x2": [0.0, 9.4183, -9.4183, -9.4183, 9.4183, 0.00094183, -0.00094183, -0.00094183, 0.00094183],
}
X = np.linspace(0.1, 5, 30)
COUNTS = {"x": X, "y": np.random.default_rng(3).poisson(4 * np.exp(-0.2 * X)).astype(float)}
Z = np.random.default_rng(5).normal(size=30)


def poisson(rate, **params):
    return lk.density(lk.Poisson(), rate=rate, params=params)


def test_squares_that_are_proportional():
    names = ("c", "a", "b", "aa", "ab", "bb")
    model = lk.density(
        lk.Normal(),
        mean=lambda p, d: p.c + p.a * d.x1 + p.b * d.x2 + p.aa * d.x1**2 + p.ab * d.x1 * d.x2 + p.bb * d.x2**2,
        sd=lambda p, d: d.s,
        params={name: lk.Real(1.0) for name in names},
    )
    fit = lk.fit(model, {k: np.array(v) for k, v in CURVE.items()})
    assert fit.status.startswith("not identified: the data do not identify aa and bb")
    assert fit.stderr["aa"] is None
    assert fit.stderr["bb"] is None
    # (X'WX)^-1 without x2 squared, in 60 digits
    right = {"c": 0.0518946620, "a": 12.5325743, "b": 20.8417543, "ab": 1.43813880}
    assert {name: fit.stderr[name] for name in right} == pytest.approx(right, rel=1e-6)
    assert fit.coef["ab"] == pytest.approx(32.2132, rel=1e-5)
    assert fit.k == 5


@pytest.mark.parametrize("domain", [lk.Positive, lk.Real])
def test_of_a_product_only_the_product(domain):
    fit = lk.fit(poisson(lambda p, d: p.a * p.b * np.e ** (-0.2 * d.x), a=domain(1.0), b=domain(1.5)), COUNTS)
    plain = lk.fit("poisson", COUNTS, "y ~ 1", offset="-0.2 * x")
    assert fit.stderr == {"a": None, "b": None}
    assert fit.loglik == pytest.approx(plain.loglik, rel=1e-12)
    assert fit.aic == pytest.approx(plain.aic, rel=1e-12)
    assert all(not found.exists for found in fit.interval(method="bootstrap", replicates=40).values())


@pytest.mark.parametrize("units", [1.0, 1e8, 1e-8])
def test_what_is_identified_keeps_its_error_in_any_units(units):
    data = {"x": COUNTS["x"] * units, "y": COUNTS["y"]}
    rate = poisson(
        lambda p, d: p.a * np.e ** (p.b - p.c * d.x), a=lk.Positive(1.0), b=lk.Real(0.0), c=lk.Real(0.1 / units)
    )
    fit, plain = lk.fit(rate, data), lk.fit("poisson", data, "y ~ x")
    assert list(fit.withheld) == ["a", "b"]
    assert fit.stderr["c"] == pytest.approx(plain.stderr["rate.x"], rel=1e-6)
    lower, upper = fit.interval(method="profile")["c"]
    assert (-upper, -lower) == pytest.approx(tuple(plain.interval(method="profile")["rate.x"]), rel=1e-5)
    assert fit.with_cov("HC0").stderr["c"] == pytest.approx(plain.with_cov("HC0").stderr["rate.x"], rel=1e-6)
    np.testing.assert_allclose(fit.predict(), plain.predict(), rtol=1e-5)


def test_a_density_that_is_no_family():
    def log_density(p, d):
        import jax.numpy as jnp

        rate = p.a * jnp.exp(p.b - p.c * d.x)
        return d.y * jnp.log(rate) - rate

    fit = lk.fit(lk.density(log_density, params={"a": lk.Positive(1.0), "b": lk.Real(0.0), "c": lk.Real(0.1)}), COUNTS)
    assert list(fit.withheld) == ["a", "b"]
    assert fit.stderr["c"] == pytest.approx(lk.fit("poisson", COUNTS, "y ~ x").stderr["rate.x"], rel=1e-6)


def test_two_directions_and_one_that_is_not_used():
    y = 1 + 3 * X + Z
    both = lk.density(
        lk.Normal(), mean=lambda p, d: p.a * p.b + p.c * p.e * d.x, params=dict.fromkeys("abce", lk.Real(1.1))
    )
    fit = lk.fit(both, {"x": X, "y": y})
    assert list(fit.withheld) == ["a", "b", "c", "e"]
    assert fit.stderr["sd"] == pytest.approx(lk.fit("normal", {"x": X, "y": y}, "y ~ x").stderr["sd"], rel=1e-6)
    unused = lk.density(lk.Normal(), mean=lambda p, d: p.a + p.b * d.x, params=dict.fromkeys("abu", lk.Real(1.0)))
    assert list(lk.fit(unused, {"x": X, "y": y}).withheld) == ["u"]


@pytest.mark.parametrize("apart", [1e-3, 1e-6])
def test_near_collinear_columns_are_identified(apart):
    data = {"x": X, "z": 2 * X + apart * Z}
    data["y"] = 1 + X + data["z"] + np.random.default_rng(6).normal(size=30)
    model = lk.density(
        lk.Normal(), mean=lambda p, d: p.a + p.b * d.x + p.c * d.z, params=dict.fromkeys("abc", lk.Real(0.0))
    )
    found, right = lk.fit(model, data), lk.fit("normal", data, "y ~ x + z")
    assert list(found.stderr.values()) == pytest.approx(list(right.stderr.values()), rel=1e-6)


def test_a_plateau_is_not_taken_for_it():
    model = lk.density(
        lk.Normal(),
        mean=lambda p, d: p.a * np.e ** (-(((d.x - p.m) / p.s) ** 2)),
        params={"a": lk.Real(1.0), "m": lk.Real(500.0), "s": lk.Positive(1.0)},
    )
    fit = lk.fit(model, {"x": X, "y": np.exp(-((X - 2) ** 2)) + 0.01 * Z}, on_failure="return")
    assert not fit.converged


def test_functions_that_reproduce_the_data():
    line = lk.density(lk.Normal(), mean=lambda p, d: p.a + p.b * d.x, params={"a": lk.Real(0.0), "b": lk.Real(0.0)})
    with pytest.raises(lk.errors.FitError, match=r"sd runs to 0 .* rises without bound"):
        lk.fit(line, {"x": np.array([0.0, 1, 2]), "y": np.array([0.0, 1, 2])})


def test_diagnosis_of_counts_whose_rate_is_a_function():
    fit = lk.fit(poisson(lambda p, d: p.a * np.e ** (-p.c * d.x), a=lk.Positive(1.0), c=lk.Real(0.1)), COUNTS)
    assert "passed" in str(fit.diagnose(seed=1))


@pytest.mark.parametrize("power", [80, 90, 120, -120])
def test_a_start_far_from_the_units_of_the_response_is_no_lack_of_identification(power):
    rng = np.random.default_rng(4)
    x = rng.uniform(0, 5, 40)
    y = 10.0**power * (2 * np.exp(-0.4 * x) + 0.05 * rng.normal(size=40))
    curve = lk.density(
        lk.Normal(),
        mean=lambda p, d: p.a * np.e ** (-p.b * d.x),
        params={"a": lk.Positive(), "b": lk.Positive(0.4)},
    )
    fit = lk.fit(curve, {"x": x, "y": y}, on_failure="return")
    assert not fit.status.startswith("not identified")
    if fit.converged:
        assert fit.coef["b"] == pytest.approx(0.4, abs=0.1)
    else:
        assert "there is no peak" not in fit.status
