"""Families that a user makes of others: zero-inflated, hurdle, truncated and censored, with predictors in both parts.

Estimates are held against SciPy's optimisation of densities written here with SciPy; what follows from a fit is right,
or refused in words.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from scipy import optimize, special, stats

import likely as lk
from likely.checking.calibration.distribution import crps_of
from likely.families.base import Family, Kind, Parameter, Support
from likely.losses.boosting import objective


@lk.family(params={"rate": lk.Positive, "zero": lk.UnitInterval}, support="counts")
def zero_inflated(y: Any, rate: Any, zero: Any, xp: Any) -> Any:
    count = xp.log(xp.complement(zero)) + lk.Poisson().within(xp).log_prob(y, rate=rate)
    return xp.where(y == 0, xp.logaddexp(xp.log(zero), count), count)


class HurdleGamma(Family):
    name = "hurdle_gamma"
    parameters = (*lk.Gamma.parameters, Parameter("zero", lk.UnitInterval, "probability of a zero"))
    support = Support(0.0, closed_lower=True, atoms=(0.0,))

    def _log_density(self, xp: Any, y: Any, mean: Any, shape: Any, zero: Any) -> Any:
        amount = lk.Gamma().within(xp).log_prob(y, mean=mean, shape=shape)
        return xp.where(y == 0, xp.log(zero), xp.log(xp.complement(zero)) + amount)


class TruncatedWeibull(Family):
    name = "truncated_weibull"
    parameters = (*lk.Weibull.parameters, Parameter("entry", lk.NonNegative, "age at entry", known_only=True))
    support = Support(0.0)

    def _log_density(self, xp: Any, y: Any, scale: Any, shape: Any, entry: Any) -> Any:
        weibull = lk.Weibull().within(xp)
        return weibull.log_prob(y, scale=scale, shape=shape) - weibull.log_sf(entry, scale=scale, shape=shape)

    def _log_sf(self, xp: Any, y: Any, scale: Any, shape: Any, entry: Any) -> Any:
        weibull = lk.Weibull().within(xp)
        return weibull.log_sf(y, scale=scale, shape=shape) - weibull.log_sf(entry, scale=scale, shape=shape)

    def bounds(self, **params: Any) -> tuple[Any, Any]:
        return params["entry"], np.inf


class CensoredWeibull(Family):
    name = "censored_weibull"
    parameters = (*lk.Weibull.parameters, Parameter("end", lk.Positive, "age at the end", known_only=True))
    support = Support(0.0, closed_upper=True, atoms=(np.inf,))  # the end of each row

    def _log_density(self, xp: Any, y: Any, scale: Any, shape: Any, end: Any) -> Any:
        weibull = lk.Weibull().within(xp)
        died, alive = weibull.log_prob(y, scale=scale, shape=shape), weibull.log_sf(end, scale=scale, shape=shape)
        return xp.where(y < end, died, alive)

    def bounds(self, **params: Any) -> tuple[Any, Any]:
        return 0.0, params["end"]

    def atoms(self, **params: Any) -> tuple[Any, ...]:
        return (params["end"],)


@lk.family(params={"scale": lk.Positive, "shape": lk.Positive, "died": lk.NonNegative}, support="positive")
def by_event(y: Any, scale: Any, shape: Any, died: Any, xp: Any) -> Any:
    weibull = lk.Weibull().within(xp)
    alive = weibull.log_sf(y, scale=scale, shape=shape)
    return xp.where(died == 1, weibull.log_prob(y, scale=scale, shape=shape), alive)


def drawn(n: int = 120) -> dict[str, Any]:
    rng = np.random.default_rng(3)
    x = rng.normal(size=n)
    zero = rng.random(n) < special.expit(-0.5 + 0.7 * x)
    died = np.exp(0.5 + 0.3 * x) * rng.weibull(1.5, n)
    end = rng.uniform(0.5, 4.0, n)
    entry = rng.uniform(0.0, 1.0, n)
    left = np.exp(-((entry / np.exp(0.5 + 0.3 * x)) ** 1.5))  # P(T > entry)
    late = np.exp(0.5 + 0.3 * x) * (-np.log(left * rng.random(n))) ** (1 / 1.5)
    return {
        "x": x,
        "count": np.where(zero, 0, rng.poisson(np.exp(0.8 + 0.4 * x))).astype(float),
        "amount": np.where(zero, 0.0, rng.gamma(2.0, np.exp(0.5 + 0.3 * x) / 2.0)),
        "time": np.minimum(died, end),
        "died": (died < end).astype(float),
        "end": end,
        "entry": entry,
        "late": late,
    }


DATA = drawn()
X, CHANCE = DATA["x"], special.expit


def zip_value(b: Any) -> float:
    count = stats.poisson(np.exp(b[0] + b[1] * X)).logpmf(DATA["count"]) + special.log_expit(-b[2] - b[3] * X)
    extra = np.where(DATA["count"] == 0, special.log_expit(b[2] + b[3] * X), -np.inf)
    return -float(np.sum(np.logaddexp(count, extra)))


def hurdle_value(b: Any) -> float:
    y, zero = DATA["amount"], CHANCE(b[3] + b[4] * X)
    f = stats.gamma(np.exp(b[2]), scale=np.exp(b[0] + b[1] * X - b[2])).pdf(np.where(y > 0, y, 1.0))
    return -float(np.sum(np.where(y > 0, np.log1p(-zero) + np.log(f), np.log(zero))))


def weibull(b: Any) -> Any:
    return stats.weibull_min(np.exp(b[2] + b[3] * X), scale=np.exp(b[0] + b[1] * X))


def truncated_value(b: Any) -> float:
    return -float(np.sum(weibull(b).logpdf(DATA["late"]) - weibull(b).logsf(DATA["entry"])))


def censored_value(b: Any) -> float:
    return -float(np.sum(np.where(DATA["died"] == 1, weibull(b).logpdf(DATA["time"]), weibull(b).logsf(DATA["time"]))))


ZIP = (zero_inflated, "count ~ x", {"zero": "~ x"}, zip_value, 4)
HURDLE = (HurdleGamma(), "amount ~ x", {"zero": "~ x"}, hurdle_value, 5)
TRUNCATED = (TruncatedWeibull(entry="entry"), "late ~ x", {"shape": "~ x"}, truncated_value, 4)
CENSORED = (CensoredWeibull(end="end"), "time ~ x", {"shape": "~ x"}, censored_value, 4)
EVENTS = (by_event(died="died"), "time ~ x", {"shape": "~ x"}, censored_value, 4)
MADE = {"zero-inflated": ZIP, "hurdle": HURDLE, "truncated": TRUNCATED, "censored": CENSORED}
FITS: dict[str, lk.Fit] = {}


def fitted(name: str) -> lk.Fit:
    if name not in FITS:
        family, formula, others, _, _ = {**MADE, "events": EVENTS}[name]
        FITS[name] = lk.fit(family, DATA, formula, **others)
    return FITS[name]


@pytest.mark.parametrize("name", [*MADE, "events"])
def test_fits_are_the_peaks_of_independent_densities(name: str) -> None:
    _, _, _, value, k = {**MADE, "events": EVENTS}[name]
    fit = fitted(name)
    best = optimize.minimize(value, np.zeros(k), method="BFGS", options={"gtol": 1e-7})
    assert fit.converged
    assert fit.loglik == pytest.approx(-best.fun, rel=1e-9)
    found = np.array([np.log(v) if key == "shape" else v for key, v in fit.coef.items()])
    np.testing.assert_allclose(found, best.x, atol=2e-4)


@pytest.mark.parametrize("name", list(MADE))
def test_residuals_are_standard_normal(name: str) -> None:
    family = MADE[name][0]
    assert family.kind is {"zero-inflated": Kind.COUNTS, "truncated": Kind.NUMBERS}.get(name, Kind.MIXED)
    u = stats.norm.cdf(np.asarray(fitted(name).residuals(seed=1)))
    assert len(np.unique(u)) == len(u)  # randomised over the jumps
    assert stats.kstest(u, "uniform").pvalue > 0.01


def test_the_residuals_of_truncated_rows_by_their_formula() -> None:
    class Unstated(TruncatedWeibull):
        _log_sf = None

    b = list(fitted("truncated").coef.values())
    beyond = np.exp(weibull(b).logsf(DATA["late"]) - weibull(b).logsf(DATA["entry"]))
    np.testing.assert_allclose(fitted("truncated").residuals(), stats.norm.isf(beyond), rtol=1e-6, atol=1e-7)
    integrated = lk.fit(Unstated(entry="entry"), DATA, "late ~ x", shape="~ x")
    np.testing.assert_allclose(integrated.residuals(), fitted("truncated").residuals(), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", list(MADE))
def test_simulations_have_the_models_mean_and_atoms(name: str) -> None:
    fit = fitted(name)
    y = np.asarray(fit.simulate(1600, seed=2))
    mean = np.asarray(fit.predict())
    assert np.max(np.abs(y.mean(axis=0) - mean) / (y.std(axis=0) / 40.0)) < 4.5
    if name == "hurdle":
        zero = special.expit(fit.coef["zero.Intercept"] + fit.coef["zero.x"] * X)
        assert np.max(np.abs((y == 0).mean(axis=0) - zero)) < 0.12
    if name == "censored":
        assert np.all(y <= DATA["end"])
        alive = weibull(list(fit.coef.values())).sf(DATA["end"])
        assert np.max(np.abs((y == DATA["end"]).mean(axis=0) - alive)) < 0.12


@pytest.mark.parametrize("name", list(MADE))
def test_bootstrap_intervals_hold_the_estimates(name: str) -> None:
    fit = fitted(name)
    for key, interval in fit.interval(method="bootstrap", replicates=40, seed=3).items():
        assert interval.lower < fit.coef[key] < interval.upper
        wald = fit.interval()[key]
        assert 0.4 < (interval.upper - interval.lower) / (wald.upper - wald.lower) < 2.5


@pytest.mark.parametrize("name", list(MADE))
def test_expected_information_is_near_the_observed(name: str) -> None:
    family, formula, others, _, _ = MADE[name]
    expected = lk.fit(family, DATA, formula, cov="expected", **others).stderr
    for key, error in fitted(name).stderr.items():
        assert expected[key] == pytest.approx(error, rel=0.3)


def test_the_expected_information_of_a_hurdle_is_that_of_its_parts() -> None:
    some = {name: column[DATA["amount"] > 0] for name, column in DATA.items()}
    chance = lk.fit("bernoulli", {**DATA, "none": (DATA["amount"] == 0).astype(int)}, "none ~ x", cov="expected")
    expected = lk.fit(HurdleGamma(), DATA, "amount ~ x", zero="~ x", cov="expected")
    assert expected.stderr["zero.x"] == pytest.approx(chance.stderr["p.x"], rel=1e-6)
    parts = lk.fit("gamma", some, "amount ~ x")
    assert expected.coef["mean.x"] == pytest.approx(parts.coef["mean.x"], rel=1e-6)


@pytest.mark.parametrize("name", ["zero-inflated", "truncated"])
def test_diagnosis_and_goodness_in_seconds(name: str) -> None:
    begun = time.process_time()
    found = fitted(name).diagnose()
    assert time.process_time() - begun < 60.0  # seconds on an idle machine
    assert not [finding for finding in found.findings if finding.p_value is not None and finding.p_value < 1e-3]
    assert fitted(name).goodness(replicates=40, seed=1).p_value > 0.02


@pytest.mark.parametrize("name", ["hurdle", "censored"])
def test_goodness_of_mixed_families_is_that_of_randomised_transforms(name: str) -> None:
    assert fitted(name).goodness(replicates=30, seed=1).p_value > 0.02


@pytest.mark.parametrize("name", list(MADE))
def test_surprise(name: str) -> None:
    fit = fitted(name)
    assert float(np.sum(fit.surprise())) == pytest.approx(-fit.loglik, rel=1e-12)
    if name == "truncated":
        assert np.all(np.asarray(fit.surprise(tail=True)["tail"]) > 0.0)
    else:
        with pytest.raises(lk.errors.OptionError, match="no tail"):
            fit.surprise(tail=True)


@pytest.mark.parametrize(
    ("family", "values", "y"),
    [
        (zero_inflated, {"rate": 2.0, "zero": 0.3}, [0.0, 1.0, 5.0]),
        (HurdleGamma(), {"mean": 2.0, "shape": 1.5, "zero": 0.3}, [0.0, 1.0, 5.0]),
        (TruncatedWeibull(), {"scale": 1.0, "shape": 1.5, "entry": 0.5}, [0.6, 1.0, 2.0]),
        (CensoredWeibull(), {"scale": 1.0, "shape": 1.5, "end": 1.2}, [0.3, 1.0, 1.2]),
    ],
)
def test_continuous_ranked_probability_scores(family: Family, values: dict[str, float], y: list[float]) -> None:
    drawn = np.sort(family.sample(400_000, seed=1, **values))
    n = len(drawn)
    apart = 2.0 * float(np.sum(drawn * (2.0 * np.arange(1, n + 1) - n - 1.0))) / n**2  # E|Y - Y'|
    found = crps_of(family, values, np.array(y))
    np.testing.assert_allclose(found, [np.mean(np.abs(drawn - v)) - 0.5 * apart for v in y], rtol=0.01)


def test_calibration() -> None:
    found = fitted("zero-inflated").calibration(folds=None)
    assert found.pit is not None
    assert found.pit.p_value > 1e-3


def test_a_likelihood_that_is_no_distribution_of_the_response_is_refused() -> None:
    """With the event alone the end of watching is not known where somebody died: nothing can be drawn."""
    fit = fitted("events")
    for ask in (fit.residuals, lambda: fit.interval(method="bootstrap", replicates=40), fit.simulate, fit.goodness):
        with pytest.raises(lk.errors.FamilyError, match="not to 1"):
            ask()


def test_boosting_and_losses() -> None:
    made = objective(zero_inflated)
    raw = np.column_stack([0.8 + 0.4 * X, -0.5 + 0.7 * X])
    assert made.nll(DATA["count"], raw) == pytest.approx(zip_value([0.8, 0.4, -0.5, 0.7]) / len(X), rel=1e-12)
    loss = lk.nll(HurdleGamma())
    value = loss(DATA["amount"], mean=2.0, shape=1.5, zero=0.4)
    f = stats.gamma(1.5, scale=2.0 / 1.5).logpdf(DATA["amount"][DATA["amount"] > 0])
    zeros = int(np.sum(DATA["amount"] == 0))
    assert float(value) == pytest.approx(-(np.sum(f) + len(f) * np.log(0.6) + zeros * np.log(0.4)) / len(X), rel=1e-9)


def test_a_density_of_its_own_inherits_no_formulas_of_another() -> None:
    """Closed forms, kernels, starts and moments of the class above are those of the density above."""

    class Doubled(lk.Normal):
        name = "doubled"

        def _log_density(self, xp: Any, y: Any, mean: Any, sd: Any) -> Any:
            return super()._log_density(xp, y, mean=mean, sd=2.0 * sd)

    for formula in ("late ~ x", "late"):
        fit, normal = (lk.fit(family, DATA, formula) for family in (Doubled(), lk.Normal()))
        assert fit.loglik == pytest.approx(normal.loglik, rel=1e-9)
        assert fit.coef["sd"] == pytest.approx(0.5 * normal.coef["sd"], rel=1e-5)
        np.testing.assert_allclose(fit.residuals(), normal.residuals(), atol=1e-4)
        np.testing.assert_allclose(fit.predict(), normal.predict(), rtol=1e-4)
    assert float(Doubled().variance(mean=0.0, sd=1.0)) == pytest.approx(4.0, rel=1e-6)

    class Known:
        def _mean(self, xp: Any, mean: Any, sd: Any) -> Any:
            return mean + 1.0

    class Both(Known, lk.Normal):
        name = "both"
        _log_density = Doubled._log_density

    assert Both._mean is Known._mean  # stated for this density
    assert Both._variance is not lk.Normal._variance

    class Same(lk.Weibull):
        name = "same"

        def _mean(self, xp: Any, **params: Any) -> Any:
            return super()._mean(xp, **params)

    assert Same()._scipy.__func__ is lk.Weibull._scipy  # with the density of the class above, its formulas stay


def test_values_beside_the_support_are_refused() -> None:
    early = {**DATA, "late": np.where(np.arange(len(X)) == 3, 0.5 * DATA["entry"], DATA["late"])}
    with pytest.raises(lk.errors.SupportError):
        lk.fit(TruncatedWeibull(entry="entry"), early, "late ~ x")
