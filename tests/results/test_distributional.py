"""Predictors, links and offsets for every parameter of every family, fitted jointly."""

import numpy as np
import pytest
from scipy import optimize, stats

import likely as lk
from likely.errors import FitError
from likely.families import FAMILIES
from likely.namespace import NumpyNamespace

ROWS = 3000
SMOOTH = [name for name in FAMILIES if name not in ("categorical", "ordinal", "uniform")]


def instance(name):
    known = {"binomial": {"n": 8}, "asymmetric_laplace": {"tau": 0.3}, "huber": {"k": 1.345}}
    return FAMILIES[name](**known.get(name, {}))


def simulated(family, links, seed, offset=False):
    """Data, formulas and the truth: two predictors for every free parameter, in the middle of its typical range."""
    rng = np.random.default_rng(seed)
    data = {"x": rng.uniform(-1, 1, ROWS), "z": rng.random(ROWS), "e": np.exp(0.3 * rng.normal(size=ROWS))}
    params, truth, formulas = {}, {}, {}
    for p in family.free:
        if p.edge:
            params[p.name] = 1.0
            continue
        low, high = p.typical_range
        middle = 1.5 if p.domain.name == "a real number" else low + 0.4 * (high - low)
        other = low + 0.7 * (high - low)
        if p.name == "df":  # many df have no estimate: they are the normal's
            middle, other = 3.0, 6.0
        link = p.domain.get_link(p.name, links.get(p.name))
        # a part of the way to the end of the range, so that every link stays inside
        a = link.forward(middle)
        size = 0.15 * abs(link.forward(other) - a)
        b, c = size * rng.choice([-1.0, 1.0], 2)
        eta = a + b * data["x"] + c * data["z"] + (np.log(data["e"]) if offset else 0.0)
        params[p.name] = link.inverse(eta, NumpyNamespace())
        formulas[p.name] = "~ x + z"
        truth |= {f"{p.name}.Intercept": a, f"{p.name}.x": b, f"{p.name}.z": c}
    data["y"] = family.sample(ROWS, seed=rng, **params)
    return data, formulas, truth


def assert_recovered(fit, truth, se=4.0):
    assert fit.converged, fit.status
    far = {k: (fit.coef[k] - v) / fit.stderr[k] for k, v in truth.items()}
    assert max(map(abs, far.values())) < se, far


@pytest.mark.parametrize("name", SMOOTH)
def test_predictors_on_every_parameter(name):
    family = instance(name)
    data, formulas, truth = simulated(family, {}, 1)
    first = next(iter(formulas))
    assert_recovered(lk.fit(family, data, "y " + formulas.pop(first), **formulas), truth)


@pytest.mark.parametrize("name", SMOOTH)
def test_an_offset_for_every_parameter(name):
    family = instance(name)
    data, formulas, truth = simulated(family, {}, 2, offset=True)
    first, offset = next(iter(formulas)), dict.fromkeys(formulas, "log(e)")
    assert_recovered(lk.fit(family, data, "y " + formulas.pop(first), offset=offset, **formulas), truth)


PAIRS = [
    (name, p.name, link)
    for name in ("normal", "laplace", "gamma", "beta", "negative_binomial", "weibull", "student_t")
    for p in instance(name).free
    for link in [*(k for k in p.domain.links if k != "power"), *(["power(2)"] * ("power" in p.domain.links))]
    if link != p.domain.link
]


@pytest.mark.parametrize(("name", "parameter", "link"), PAIRS)
def test_every_link_of_a_parameter(name, parameter, link):
    family = instance(name)
    data, formulas, truth = simulated(family, {parameter: link}, 3)
    first = next(iter(formulas))
    assert_recovered(lk.fit(family, data, "y " + formulas.pop(first), link={parameter: link}, **formulas), truth)


def test_the_information_is_that_of_all_parameters_together():
    """Against differences of the score: cross terms between location, scale and df included."""
    data, _, _ = simulated(lk.StudentT(), {}, 5)
    fit = lk.fit("student_t", data, "y ~ x", scale="~ z", df="~ x")
    objective, at = fit.likelihood.function.objective, fit.outcome.point.x
    steps = 1e-4 * np.eye(len(at))
    rows = [objective.value_and_score(at + h)[1] - objective.value_and_score(at - h)[1] for h in steps]
    differences = -np.array(rows) / 2e-4
    assert np.abs(differences[0, 3]) > 0
    np.testing.assert_allclose(fit.outcome.point.info, differences, rtol=1e-4, atol=1e-4 * np.abs(differences).max())
    np.testing.assert_allclose(fit.cov, np.linalg.inv(differences), rtol=1e-3, atol=1e-6)


def test_a_joint_fit_agrees_with_a_general_optimiser():
    data, _, truth = simulated(lk.Normal(), {}, 6)
    fit = lk.fit("normal", data, "y ~ x + z", sd="~ x + z")
    x = np.column_stack([np.ones(ROWS), data["x"], data["z"]])

    def nll(theta):
        return -np.sum(stats.norm.logpdf(data["y"], x @ theta[:3], np.exp(x @ theta[3:])))

    found = optimize.minimize(nll, list(truth.values()), method="BFGS", options={"gtol": 1e-4})
    assert -fit.loglik <= found.fun + 1e-8
    np.testing.assert_allclose(list(fit.coef.values()), found.x, atol=1e-4)


class TestCorners:
    """Laplace: the peak lies on rows that are fitted exactly."""

    @staticmethod
    def data(n=400, seed=0):
        rng = np.random.default_rng(seed)
        x, z = rng.normal(size=n), rng.normal(size=n)
        return {"x": x, "z": z, "y": 1.0 + 0.5 * x + np.exp(0.3 + 0.4 * z) * rng.laplace(size=n)}

    def test_given_the_scale_the_location_is_least_absolute_deviations(self):
        data = self.data()
        fit = lk.fit("laplace", data, "y ~ x + z", scale="~ z")
        x = np.column_stack([np.ones(400), data["x"], data["z"]])
        scale = np.exp(fit.coef["scale.Intercept"] + fit.coef["scale.z"] * data["z"])
        # an independent linear programme: y = x b + u - v, least sum of (u + v)/scale
        cost = np.concatenate([np.zeros(3), 1 / scale, 1 / scale])
        equations = np.hstack([x, np.eye(400), -np.eye(400)])
        bounds = [(None, None)] * 3 + [(0, None)] * 800
        found = optimize.linprog(cost, A_eq=equations, b_eq=data["y"], bounds=bounds)
        np.testing.assert_allclose([fit.coef[k] for k in list(fit.coef)[:3]], found.x[:3], atol=1e-8)
        assert np.sum(np.abs(data["y"] - x @ found.x[:3]) < 1e-9) == 3

    @pytest.mark.parametrize("link", ["identity", "log", "inverse", "sqrt"])
    def test_no_point_nearby_is_higher(self, link):
        data = self.data() | {"y": np.abs(self.data()["y"]) + 0.5}
        fit = lk.fit("laplace", data, "y ~ x + z", scale="~ x + z", link=link)
        peak, rng = fit.outcome.point, np.random.default_rng(1)
        se = np.array(list(fit.stderr.values()))
        trials = [peak.x + se * 10.0 ** -rng.integers(0, 7) * rng.normal(size=6) for _ in range(500)]
        assert max(fit.likelihood.function.objective.value(t) for t in trials) <= peak.value + 1e-9

    def test_a_constant_location_with_predictors_for_the_scale(self):
        data = self.data() | {"w": np.tile([1.0, 2.0], 200)}
        fit = lk.fit("laplace", data, "y ~ 1", scale="~ z", weights="w")
        again = {k: np.repeat(v, data["w"].astype(int)) for k, v in data.items()}
        twice = lk.fit("laplace", again, "y ~ 1", scale="~ z")
        assert fit.coef == pytest.approx(twice.coef, rel=1e-9)
        assert fit.loglik == pytest.approx(twice.loglik, rel=1e-12)

    def test_exact_predictors_are_refused(self):
        x = np.arange(20.0)
        with pytest.raises(FitError, match=r"reproduce every value|no peak"):
            lk.fit("laplace", {"y": 1 + 2 * x, "x": x}, "y ~ x", scale="~ x")


class TestHonestEnds:
    def test_df_with_predictors_and_normal_data(self):
        # with some other x there is a peak with df between 10 and 1000, above the normal's log-likelihood
        rng = np.random.default_rng(2)
        y, x = stats.norm.ppf((np.arange(400) + 0.5) / 400), rng.random(400)
        with pytest.raises(FitError, match=r"df runs to inf in every row, where StudentT is Normal"):
            lk.fit("student_t", {"y": y, "x": x}, "y ~ 1", df="~ x", link={"df": "identity"})

    def test_a_shape_with_predictors_that_runs_away(self):
        rng = np.random.default_rng(2)
        z = rng.normal(size=40)
        y = np.abs(rng.normal(size=40)) * np.exp(0.1 * z)
        with pytest.raises(FitError, match="shape runs to infinity in most rows"):
            lk.fit("skew_normal", {"y": y, "z": z}, "y ~ 1", shape="~ z")

    def test_the_end_of_a_domain_under_the_identity_link(self):
        x = np.linspace(0, 1, 40)
        y = np.concatenate([np.zeros(20), np.arange(20) % 4 + 1.0])
        fit = lk.fit("poisson", {"y": y, "x": x}, "y ~ x", link="identity", on_failure="return")
        assert not fit.converged
        assert "identity link lets rate reach the end of its domain" in fit.status
