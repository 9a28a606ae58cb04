"""Surprises, what the model expects of them, their tails; the rows that carry the loss."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import likely as lk
from likely.errors import OptionError

RNG = np.random.default_rng(21)
DATA = {
    "normal": RNG.normal(size=150),
    "laplace": RNG.laplace(size=150),
    "student_t": RNG.standard_t(3, 150),
    "exponential": RNG.exponential(size=150),
    "gamma": RNG.gamma(0.7, size=150),
    "weibull": RNG.weibull(2, 150),
    "skew_normal": stats.skewnorm.rvs(4, size=150, random_state=1),
    "beta": RNG.beta(3, 2, 150),
    "poisson": RNG.poisson(3, 150),
    "negative_binomial": RNG.negative_binomial(2, 0.3, 150),
    "bernoulli": RNG.integers(0, 2, 150),
    "categorical": RNG.integers(0, 3, 150),
}


def log_density(fit, name, y):
    if name == "categorical":
        return np.log(np.array(list(fit.coef.values())))[np.asarray(y, dtype=int)]
    return fit.likelihood.model.family.log_prob(y, **fit.coef)


@pytest.mark.parametrize("name", list(DATA))
def test_tails_and_expectations_are_those_of_simulated_data(name):
    fit = lk.fit(name, DATA[name])
    found = fit.surprise(tail=True)
    drawn = -log_density(fit, name, fit.simulate(300, seed=1).ravel())
    np.testing.assert_array_equal(found["surprise"], fit.surprise())
    assert found["expected"][0] == pytest.approx(drawn.mean(), abs=5 * drawn.std() / np.sqrt(len(drawn)))
    share = np.array([np.mean(drawn >= s - 1e-7) for s in found["surprise"]])
    np.testing.assert_allclose(found["tail"], share, atol=5 * 0.5 / np.sqrt(len(drawn)) + 0.002)


def test_the_normal_tail_is_that_of_z_squared_and_the_entropy_has_a_formula():
    y = DATA["normal"]
    fit = lk.fit("normal", {"y": y, "x": np.arange(150.0)}, "y ~ x", sd="~ x")
    params = fit.predict(what="params")
    found = fit.surprise(tail=True)
    np.testing.assert_allclose(found["tail"], 2 * stats.norm.sf(np.abs(y - params["mean"]) / params["sd"]), rtol=1e-6)
    np.testing.assert_allclose(found["expected"], 0.5 + 0.5 * np.log(2 * np.pi) + np.log(params["sd"]), rtol=1e-9)


def test_a_share_with_mass_at_both_ends_is_least_expected_in_the_middle():
    y = np.append(RNG.beta(0.3, 0.3, 200), 0.5)
    fit = lk.fit("beta", y)
    found = fit.surprise(tail=True)
    assert found["tail"][200] < 0.02  # few values are as rare as one half
    assert np.min(found["tail"]) < 0.02
    drawn = -log_density(fit, "beta", fit.simulate(200, seed=1).ravel())
    assert found["tail"][3] == pytest.approx(np.mean(drawn >= found["surprise"][3]), abs=0.01)


def test_a_million_rows_take_seconds_because_equal_distributions_are_worked_out_once():
    y = np.repeat(DATA["poisson"], 200)
    found = lk.fit("poisson", y).surprise(tail=True)
    assert len(found["tail"]) == 30_000
    assert len(np.unique(found["expected"])) == 1


def test_tables_come_back_in_kind():
    pl = pytest.importorskip("polars")
    table = pl.DataFrame({"y": DATA["normal"]})
    found = lk.fit("normal", table, "y ~ 1").surprise(tail=True)
    assert isinstance(found, pl.DataFrame)
    assert found.columns == ["surprise", "expected", "tail"]


def test_the_rows_that_carry_the_loss():
    amounts = np.append(RNG.normal(20, 3, 60), 500.0)
    top = lk.fit("normal", {"amount": amounts, "who": np.arange(61)}, "amount ~ 1").surprising(3)
    first = top.rows[0]
    assert first["row"] == 60
    assert first["observed"] == 500.0
    assert first["share"] > 0.9
    assert first["tail"] < 1e-10
    assert "The least expected of 61 rows" in str(top)
    assert "amount" in str(top)
    labels = lk.fit("categorical", ["a"] * 30 + ["b"] * 5 + ["c"]).surprising(1).rows[0]
    assert (labels["observed"], labels["expected"]) == ("c", "a")


def test_rows_are_counted_as_in_the_data_where_some_were_dropped():
    y = np.append(RNG.normal(size=30), 40.0)
    x = RNG.normal(size=31)
    x[2] = np.nan
    with pytest.warns(lk.errors.DroppedRowsWarning):
        fit = lk.fit("normal", {"y": y, "x": x}, "y ~ x", missing="drop")
    assert fit.surprising(1).rows[0]["row"] == 30
    assert fit.influence().top(1).rows[0]["row"] == 30


def test_a_density_with_two_peaks_has_no_tail():
    @lk.family(params={"gap": lk.Positive}, support="real")
    def two(y, gap, xp):
        return xp.logaddexp(-0.5 * (y - gap) ** 2, -0.5 * (y + gap) ** 2) - float(np.log(2 * np.sqrt(2 * np.pi)))

    fit = lk.fit(two, np.append(RNG.normal(4, 1, 40), RNG.normal(-4, 1, 40)))
    with pytest.raises(OptionError, match="more than one peak"):
        fit.surprise(tail=True)
    assert len(fit.surprise()) == 80
