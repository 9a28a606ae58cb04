"""Links: what each maps, which fits which parameter, and the powers."""

import pickle
import warnings

import numpy as np
import pytest
import statsmodels.api as sm

import likely as lk
from likely.errors import DataError, ParameterError, UnknownNameError
from likely.families import FAMILIES
from likely.families.base.domains import OpenUnitInterval, Positive, Real
from likely.families.base.links import LINKS, find_link
from likely.namespace import JetNamespace, NumpyNamespace

POWERS = ["power(2)", "power(0.25)", "power(-0.5)", "power(3)"]
VALUES = np.array([0.03, 0.2, 0.5, 0.71, 0.96])


@pytest.mark.parametrize("name", [*LINKS, *POWERS])
def test_inverse_undoes_forward_on_every_namespace(name):
    link = find_link(name)
    eta = link.forward(VALUES)
    np.testing.assert_allclose(link.inverse(eta, NumpyNamespace()), VALUES, rtol=1e-12)
    xp = JetNamespace(2)
    jet = link.inverse(xp.variable(0, eta), xp)
    jet = jet if hasattr(jet, "v") else xp.variable(0, jet)
    np.testing.assert_allclose(jet.v, VALUES, rtol=1e-12)
    for sign in (1.0, -1.0):  # first and second derivatives against differences
        h = 1e-4 * sign * np.where(eta == 0.0, 1.0, np.abs(eta))
        ends = [link.inverse(eta + k * h, NumpyNamespace()) for k in (-2, -1, 0, 1, 2)]
        first = (ends[0] - 8 * ends[1] + 8 * ends[3] - ends[4]) / (12 * h)
        second = (-ends[0] + 16 * ends[1] - 30 * ends[2] + 16 * ends[3] - ends[4]) / (12 * h**2)
        np.testing.assert_allclose(np.broadcast_to(jet.g[0], 5), first, rtol=1e-6)
        np.testing.assert_allclose(np.broadcast_to(jet.h.get((0, 0), 0.0), 5), second, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", ["power(0.25)", "power(-0.5)"])
def test_powers_on_jax(name):
    jax = pytest.importorskip("jax")
    from likely.namespace.jax import JaxNamespace, x64

    link = find_link(name)
    eta = link.forward(VALUES)
    with x64():
        found = np.asarray(link.inverse(jax.numpy.asarray(eta), JaxNamespace()))
    np.testing.assert_allclose(found, VALUES, rtol=1e-12)


@pytest.mark.parametrize(("name", "same"), [(1, "identity"), (-1, "inverse"), (-2, "inverse_squared"), (0.5, "sqrt")])
def test_a_power_with_a_name_is_that_link(name, same):
    assert find_link(f"power({name})") is LINKS[same]


def test_power_has_the_log_remembered():
    xp = NumpyNamespace()
    theta = find_link("power(0.25)").inverse(np.array([1e-80]), xp)
    assert xp.log(theta)[0] == pytest.approx(4 * np.log(1e-80), rel=1e-14)


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("power(0)", "write 'log'"),
        ("power", "such as 'power\\(0.5\\)'"),
        ("power(a)", "such as 'power\\(0.5\\)'"),
        ("power(inf)", "such as 'power\\(0.5\\)'"),
        ("probit", "reaches only values between 0 and 1. Links that fit: 'log'"),
    ],
)
def test_a_link_that_does_not_fit_says_why(spec, told):
    with pytest.raises(ParameterError, match=told):
        lk.fit("gamma", [1.0, 2.0, 3.0], link={"mean": spec})


@pytest.mark.parametrize("spec", ["sqrt", "inverse", "power(2)", "softplus"])
def test_probabilities_refuse_links_that_leave_them(spec):
    with pytest.raises(ParameterError, match=r"its inverse takes values outside\. Links that fit: 'logit', 'probit'"):
        lk.fit("bernoulli", [0, 1, 1], link=spec)


def test_an_unknown_link_lists_those_that_fit():
    with pytest.raises(UnknownNameError, match="did you mean 'log'"):
        lk.fit("gamma", [1.0, 2.0], link={"shape": "logg"})


@pytest.mark.parametrize("name", FAMILIES)
def test_every_parameter_lists_links_that_exist(name):
    for p in FAMILIES[name].parameters:
        assert p.domain.link in p.domain.links
        assert all(link == "power" or link in LINKS for link in p.domain.links)


def test_domains_take_any_exponent():
    for domain in (Real, Positive):
        assert domain.get_link("mean", "power(-1.5)").name == "power(-1.5)"
    with pytest.raises(ParameterError):
        OpenUnitInterval.get_link("p", "power(-1.5)")


def amounts():
    rng = np.random.default_rng(4)
    x = rng.random(300)
    return {"y": rng.gamma(3.0, (1.0 + 0.5 * x) ** 4 / 3.0), "x": x}


@pytest.mark.parametrize("exponent", [0.25, -0.5, 0.75])
def test_power_regression_agrees_with_statsmodels(exponent):
    data = amounts()
    fit = lk.fit("gamma", data, "y ~ x", link=f"power({exponent})")
    # its Gamma refuses powers; Tweedie's quasi-likelihood with variance mu^2 has the same equations for the mean
    family = sm.families.Tweedie(sm.families.links.Power(exponent), var_power=2)
    model = sm.GLM(data["y"], sm.add_constant(data["x"]), family)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of every link but the inverse
        theirs = model.fit(tol=1e-14, maxiter=200)
    np.testing.assert_allclose([fit.coef["mean.Intercept"], fit.coef["mean.x"]], theirs.params, rtol=1e-6)


def test_a_power_travels_and_refuses_what_it_cannot_reach():
    fit = lk.fit("gamma", amounts(), "y ~ x", link="power(0.25)")
    again = pickle.loads(pickle.dumps(fit))
    np.testing.assert_array_equal(again.predict({"x": [0.1, 0.9]}), fit.predict({"x": [0.1, 0.9]}))
    with pytest.raises(DataError, match=r"its power\(0.25\) link takes none below 0"):
        fit.predict({"x": [-30.0]})


def test_a_parameter_from_a_file_is_called_by_its_name():
    made = lk.Positive(2.0)
    assert repr(pickle.loads(pickle.dumps(made))) == repr(made) == "Positive(start=2.0)"
