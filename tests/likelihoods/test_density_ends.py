"""Densities and sums of likelihoods: ends of domains, new data, scores of the parts."""

from __future__ import annotations

import numpy as np
import pytest

import likely as lk

pytest.importorskip("jax")

import jax

log_normal = jax.scipy.stats.norm.logpdf
X = np.linspace(-2.0, 2.0, 60)
NOISE = np.random.default_rng(5).normal(size=60)
DATA = {"x": X, "y": 1.0 + 2.0 * X + 0.5 * NOISE}


def line(p, d):
    return log_normal(d["y"], p["a"] + p["b"] * d["x"], p["s"])


def of(slope):
    return lk.density(line, params={"a": 0.0, "b": slope, "s": lk.Positive(1.0)})


@pytest.mark.parametrize(
    ("domain", "end"),
    [
        (lk.Interval(0, 1), 1.0),
        (lk.Interval(-3, 1.5), 1.5),
        (lk.Interval(upper=1), 1.0),
        (lk.Interval(lower=3), 3.0),
        (lk.UnitInterval, 1.0),
    ],
    ids=str,
)
def test_an_estimate_at_the_end_of_its_domain(domain, end):
    fit = lk.fit(of(domain), DATA)
    held = lk.fit(of(0.0).fix(b=end), DATA)
    assert fit.converged
    assert fit.status.startswith("boundary: the estimate b = ")
    assert fit.boundary == {"b": end}
    assert fit.coef["b"] == end
    assert fit.stderr["b"] is None
    assert "end of the parameter's domain" in fit.withheld["b"]
    for name in ("a", "s"):
        assert fit.stderr[name] == pytest.approx(held.stderr[name], rel=1e-6)
    # the other end of the profile interval, from the same model with a constraint in place of the domain
    lower, upper = fit.interval(method="profile")["b"]
    assert end in (lower, upper)
    other = lower if upper == end else upper
    drop = fit.loglik - lk.fit(of(0.0).fix(b=other), DATA).loglik
    assert drop == pytest.approx(0.5 * 3.841458820694124, rel=1e-6)


def test_a_variance_component_of_zero():
    y = 0.5 * NOISE

    def between(p, d):
        return log_normal(d["y"], p["m"], jax.numpy.sqrt(p["tau2"] + 1.0))

    fit = lk.fit(lk.density(between, params={"m": 0.0, "tau2": lk.Positive(1.0)}), y)
    assert fit.boundary == {"tau2": 0.0}
    assert fit.coef["m"] == pytest.approx(y.mean(), abs=1e-9)
    assert fit.stderr["m"] == pytest.approx(1 / np.sqrt(60), rel=1e-6)


def test_a_small_scale_is_no_end():
    y = 1e-9 * NOISE
    fit = lk.fit(lk.density(lambda p, d: log_normal(d["y"], 0.0, p["s"]), params={"s": lk.Positive(1.0)}), y)
    assert fit.status == "converged"
    assert fit.coef["s"] == pytest.approx(np.sqrt(np.mean(y**2)), rel=1e-7)
    assert fit.stderr["s"] == pytest.approx(fit.coef["s"] / np.sqrt(120), rel=1e-6)


def test_a_function_of_new_data_needs_only_its_own_columns():
    fit, plain = lk.fit(of(0.0), DATA), lk.fit("normal", DATA, "y ~ x")
    found = fit.predict({"x": [0.5, 3.0]}, lambda p, d: p["a"] + p["b"] * d["x"], level=0.95)
    np.testing.assert_allclose(found["mean"], plain.predict({"x": [0.5, 3.0]}), rtol=1e-8)
    with pytest.raises(lk.errors.UnknownNameError, match="unknown column 'y'"):
        fit.predict({"x": [0.5, 3.0]}, lambda p, d: d["y"])


def test_what_has_no_distribution_is_drawn_anew_by_cases():
    fit = lk.fit(of(0.0), DATA)
    with pytest.raises(lk.errors.OptionError, match="kind='cases'"):
        fit.interval(method="bootstrap")
    assert fit.interval(method="bootstrap", kind="cases", replicates=60)["b"].exists
    joint = (lk.likelihood("normal", X) + lk.likelihood("normal", NOISE)).maximize()
    with pytest.raises(lk.errors.OptionError, match="kind='cases'"):
        joint.interval(method="bootstrap")


def test_fixed_values_are_shown():
    assert repr(of(0.0).fix(b=2.0)) == "<density line of a, b=2, s>"


def test_covariances_of_a_sum_are_those_of_its_parts():
    """Without a shared parameter the parts do not know of each other."""
    one, two = lk.likelihood("normal", X), lk.likelihood("poisson", [0, 2, 1, 4, 2, 3, 1])
    both = one + two
    clusters = np.arange(67) % 9
    for kind in ("HC0", "opg"):
        expected = one.maximize(cov=kind).stderr | two.maximize(cov=kind).stderr
        assert both.maximize(cov=kind).stderr == pytest.approx(expected, rel=1e-9)
    twice = lk.likelihood("normal", X[:30]) + lk.likelihood("normal", X[30:])
    for asked in ({"cov": "HC0"}, {"cov": "opg"}, {"cov": "cluster", "cluster": clusters[:60]}):
        assert twice.maximize(**asked).stderr == pytest.approx(one.maximize(**asked).stderr, rel=1e-6)
    with pytest.raises(lk.errors.DataError, match="the data have 60 rows, cluster has 67"):
        twice.maximize(cov="cluster", cluster=clusters)
