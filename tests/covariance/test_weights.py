"""The four kinds of weights: what each does to the likelihood, n and the standard errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

import likely as lk
from likely.errors import DataError, FamilyError, OptionError, UnknownNameError

RNG = np.random.default_rng(7)
N = 80
X = RNG.normal(size=N)
W = RNG.uniform(0.4, 9.0, N)
Y = 1.0 + 2.0 * X + RNG.normal(size=N) / np.sqrt(W)
DATA = {"y": Y, "z": np.exp(0.3 * Y), "x": X, "w": W, "c": RNG.poisson(np.exp(0.4 + 0.5 * X)).astype(float)}

# what each family's spread becomes when every analytic weight is multiplied by 100
SPREADS = {
    "normal": ("sd", 10.0),
    "laplace": ("scale", 10.0),
    lk.AsymmetricLaplace(tau=0.3): ("scale", 10.0),
    "student_t": ("scale", 10.0),
    "logistic": ("scale", 10.0),
    "cauchy": ("scale", 10.0),
    "gumbel": ("scale", 10.0),
    "log_normal": ("sigma", 10.0),
    "gamma": ("shape", 0.01),
    "inverse_gaussian": ("shape", 0.01),
}


def analytic(family: Any, formula: str = "y ~ x", weights: Any = "w", **options: Any) -> lk.Fit:
    return lk.fit(family, DATA, formula, weights=weights, weights_kind="analytic", **options)


def sampling(family: Any, formula: str, weights: Any = "w", **options: Any) -> lk.Fit:
    return lk.fit(family, DATA, formula, weights=weights, weights_kind="sampling", **options)


# -- analytic ------------------------------------------------------------------------------------------------


def test_analytic_weights_are_weighted_least_squares() -> None:
    fit, other = analytic("normal"), sm.WLS(Y, sm.add_constant(X), weights=W).fit()
    assert list(fit.coef.values())[:2] == pytest.approx(other.params, rel=1e-12)
    assert fit.loglik == pytest.approx(other.llf, rel=1e-13)  # its constants hold sum(log w)/2, as R's logLik does
    assert fit.n == N
    ml = other.bse * np.sqrt((N - 2) / N)
    assert list(fit.stderr.values())[:2] == pytest.approx(ml, rel=1e-10)
    assert fit.outcome.solver == "least squares"


def test_analytic_weights_against_r() -> None:
    # R 4.x: fit <- lm(stack.loss ~ Air.Flow, stackloss, weights = seq(1, 11, 0.5)); the log-likelihood of logLik(fit)
    # is sum(dnorm(y, fitted, sigma / sqrt(w), log = TRUE)) with sigma^2 = sum(w * resid^2) / 21
    y, flow = np.array(STACKLOSS).T
    w = np.arange(1, 11.5, 0.5)
    fit = lk.fit("normal", {"y": y, "a": flow}, "y ~ a", weights=w, weights_kind="analytic")
    beta = np.polyfit(flow, y, 1, w=np.sqrt(w))
    gap = y - np.polyval(beta, flow)
    sigma = np.sqrt(np.sum(w * gap**2) / 21)
    assert fit.coef["mean.a"] == pytest.approx(beta[0], rel=1e-10)
    assert fit.coef["sd"] == pytest.approx(sigma, rel=1e-10)
    assert fit.loglik == pytest.approx(stats.norm(np.polyval(beta, flow), sigma / np.sqrt(w)).logpdf(y).sum())


@pytest.mark.parametrize("name", SPREADS)
def test_a_factor_rescales_only_the_spread(name: Any) -> None:
    fit, other = analytic(name, "z ~ x"), analytic(name, "z ~ x", "100 * w")
    parameter, factor = SPREADS[name]
    assert other.loglik == pytest.approx(fit.loglik, rel=1e-9)
    for k in fit.coef:
        assert other.coef[k] == pytest.approx(fit.coef[k] * (factor if k == parameter else 1.0), rel=1e-5)
        if k != parameter:
            assert other.stderr[k] == pytest.approx(fit.stderr[k], rel=1e-5)


@pytest.mark.parametrize("name", SPREADS)
def test_constants_with_analytic_weights(name: Any) -> None:
    """The peak of the sum of log-densities of means: no other value of a parameter is better."""
    fit = analytic(name, "z ~ 1", "20 * w")
    best = fit.loglik
    for k, value in fit.coef.items():
        if np.isfinite(value):
            for part in (0.999, 1.001):
                assert fit.likelihood.log({**fit.coef, k: value * part}) <= best + 1e-9


@pytest.mark.parametrize("name", ["normal", "gamma", "inverse_gaussian"])
def test_a_mean_of_units_has_this_distribution(name: str) -> None:
    """Means of w simulated units have the moments of the row that analytic weights describe."""
    units = np.ceil(W)
    fit = analytic(name, "z ~ 1", units)
    rows = fit.simulate(4000, seed=1)
    single = fit.likelihood.model.family.sample(4000 * 6, seed=2, **fit.coef).reshape(4000, 6).mean(axis=1)
    six = rows[:, units == 6.0]
    assert six.std() == pytest.approx(single.std(), rel=0.06)
    assert six.mean() == pytest.approx(single.mean(), rel=0.02)


def test_rows_of_no_units_do_not_count() -> None:
    w = W.copy()
    w[:5] = 0.0
    fit = analytic("gamma", "z ~ x", w)
    kept = {k: v[5:] for k, v in DATA.items()}
    without = lk.fit("gamma", kept, "z ~ x", weights="w", weights_kind="analytic")
    assert fit.n == without.n == N - 5
    assert fit.loglik == pytest.approx(without.loglik, rel=1e-12)
    assert fit.coef == pytest.approx(without.coef, rel=1e-8)


def test_new_observations_are_single_units() -> None:
    fit = analytic("normal")
    assert fit.predict({"x": [0.5]}, "quantile", q=0.9) == pytest.approx(
        stats.norm(fit.predict({"x": [0.5]}), fit.coef["sd"]).ppf(0.9)
    )
    assert fit.predict(what="params")["sd"] == pytest.approx(np.full(N, fit.coef["sd"]))
    weighted = (Y - fit.predict()) * np.sqrt(W)  # residuals(type="deviance" and "pearson") in R
    assert fit.residuals("quantile") == pytest.approx(weighted / fit.coef["sd"], rel=1e-8)
    for kind in ("pearson", "deviance"):
        assert fit.residuals(kind) == pytest.approx(weighted, rel=1e-8)
    assert -np.sum(fit.surprise()) == pytest.approx(fit.loglik)
    assert np.exp(-fit.surprise()) == pytest.approx(fit.predict(what="prob"))
    drawn = fit.simulate(3000, seed=3)
    assert drawn.std(axis=0) == pytest.approx(fit.coef["sd"] / np.sqrt(W), rel=0.1)
    assert fit.simulate(3000, new={"x": [0.0]}, seed=3).std() == pytest.approx(fit.coef["sd"], rel=0.05)


def test_analytic_weights_in_a_model_of_the_spread() -> None:
    """The scale's own predictors see sd times sqrt(w): the same as an offset of minus half the log of w."""
    fit = analytic("normal", sd="~ x")
    other = lk.fit("normal", DATA, "y ~ x", sd="~ x + offset(-0.5 * log(w))")
    assert fit.coef == pytest.approx(other.coef, rel=1e-7)
    assert fit.loglik == pytest.approx(other.loglik, rel=1e-12)


def test_intervals_and_bootstrap_keep_the_units() -> None:
    fit = analytic("normal")
    lower, upper = fit.interval(method="profile")["mean.x"]
    gap = np.sqrt(np.expm1(stats.chi2.ppf(0.95, 1) / N)) * np.sqrt(N) * fit.stderr["mean.x"]  # exact for least squares
    assert (lower, upper) == pytest.approx((fit.coef["mean.x"] - gap, fit.coef["mean.x"] + gap), rel=1e-6)
    low, high = fit.interval(method="bootstrap", replicates=300, names="mean.x")["mean.x"]
    assert (high - low) == pytest.approx(upper - lower, rel=0.2)


def test_a_limit_keeps_the_units() -> None:
    fit = analytic("student_t", "y ~ 1", weights=W, offset=2.0 * X)
    normal = analytic("normal", "y ~ 1", weights=W, offset=2.0 * X)
    if fit.limit is not None:
        assert fit.loglik == pytest.approx(normal.loglik)
    assert fit.loglik >= normal.loglik - 1e-8


def test_a_density_of_your_own_says_what_a_mean_is() -> None:
    import math

    def density(y: Any, mu: Any, s: Any, xp: Any) -> Any:
        return -0.5 * ((y - mu) / s) ** 2 - xp.log(s) - 0.5 * math.log(2 * math.pi)

    params = {"mu": lk.Real, "s": lk.Positive}
    mine = lk.family(params=params, averaged={"s": -0.5})(density)
    assert analytic(mine).loglik == pytest.approx(analytic("normal").loglik, rel=1e-10)
    with pytest.raises(OptionError, match="averaged="):
        analytic(lk.family(params=params)(density))
    with pytest.raises(UnknownNameError, match="averaged"):
        lk.family(params=params, averaged={"sd": -0.5})
    with pytest.raises(FamilyError, match="powers of w"):
        lk.family(params=params, averaged={"s"})


@pytest.mark.parametrize(
    ("family", "advice"),
    [
        ("poisson", "exposure"),
        (lk.Binomial(n=40), "number of trials"),
        ("bernoulli", "Binomial"),
        ("weibull", "offset"),
    ],
)
def test_families_without_a_spread_refuse(family: Any, advice: str) -> None:
    with pytest.raises(OptionError, match=advice):
        lk.fit(family, [1, 0, 1], weights=[1, 2, 3], weights_kind="analytic")


# -- sampling and importance ---------------------------------------------------------------------------------


def test_sampling_weights_are_a_pseudo_likelihood() -> None:
    fit = sampling("poisson", "c ~ x")
    mean = fit.predict()
    assert fit.loglik == pytest.approx(np.sum(W * stats.poisson(mean).logpmf(DATA["c"])), rel=1e-12)
    assert fit.n == N
    other = sm.GLM(DATA["c"], sm.add_constant(X), family=sm.families.Poisson(), freq_weights=W).fit(tol=1e-14)
    assert list(fit.coef.values()) == pytest.approx(other.params, rel=1e-8)


@pytest.mark.parametrize("factor", [1e-12, 1e9])
def test_sampling_weights_have_no_unit(factor: float) -> None:
    for family, formula in [("poisson", "c ~ x"), ("normal", "y ~ x"), ("negative_binomial", "c ~ 1")]:
        fit, other = sampling(family, formula), sampling(family, formula, factor * W)
        assert other.coef == pytest.approx(fit.coef, rel=1e-9, abs=1e-12)
        assert [v for v in other.stderr.values() if v] == pytest.approx([v for v in fit.stderr.values() if v], rel=1e-8)


def test_what_needs_a_likelihood_refuses_a_pseudo_one() -> None:
    fit, small = sampling("poisson", "c ~ x"), sampling("poisson", "c ~ 1")
    for call in (
        lambda: fit.aic,
        lambda: fit.bic,
        lambda: fit.aicc,
        lambda: fit.lr_test(small),
        lambda: fit.interval(method="profile"),
        lambda: lk.compare([fit, small]),
    ):
        with pytest.raises(OptionError, match="pseudo-likelihood"):
            call()
    with pytest.raises(OptionError, match="cases"):
        fit.interval(method="bootstrap")
    assert fit.test("rate.x = 0").p_value < 0.05
    record = fit.summary().to_dict()
    assert record["weights"] == "sampling"
    assert record["aic"] is None
    assert "pseudo log-likelihood" in str(fit.summary())


def test_the_bootstrap_of_cases_under_sampling_weights() -> None:
    fit = sampling("poisson", "c ~ x")
    low, high = fit.interval(method="bootstrap", kind="cases", replicates=400, names="rate.x")["rate.x"]
    wald = fit.interval(names="rate.x")["rate.x"]
    assert high - low == pytest.approx(wald[1] - wald[0], rel=0.25)


def test_importance_weights_multiply() -> None:
    fit = lk.fit("poisson", DATA, "c ~ x", weights="w / 1000", weights_kind="importance")
    frequency = lk.fit("poisson", DATA, "c ~ x", weights="w")
    assert fit.n == pytest.approx(W.sum() / 1000)
    assert fit.loglik == pytest.approx(frequency.loglik / 1000, rel=1e-8)
    assert fit.stderr["rate.x"] == pytest.approx(frequency.stderr["rate.x"] * np.sqrt(1000), rel=1e-6)
    with pytest.raises(OptionError, match="bootstrap"):
        fit.interval(method="bootstrap")


# -- words ---------------------------------------------------------------------------------------------------


def test_kinds_are_named() -> None:
    with pytest.raises(OptionError, match="called 'sampling' here"):
        lk.fit("poisson", [1, 2], weights=[1, 2], weights_kind="pweight")
    with pytest.raises(UnknownNameError, match="did you mean 'analytic'"):
        lk.fit("normal", [1, 2], weights=[1, 2], weights_kind="analytical")
    with pytest.raises(OptionError, match="needs weights="):
        lk.fit("normal", [1.0, 2.0], weights_kind="analytic")
    with pytest.raises(DataError, match="sampling weights must be finite"):
        lk.fit("normal", [1.0, 2.0], weights=[1, -1], weights_kind="sampling")
    with pytest.raises(DataError, match="inverse probabilities"):
        lk.fit("normal", [1.0, 2.0], weights=[0.1, 0.1])


@pytest.mark.parametrize("kind", ["frequency", "analytic", "sampling", "importance"])
def test_the_summary_says_the_kind(kind: str) -> None:
    text = str(lk.fit("normal", DATA, "y ~ x", weights="w", weights_kind=kind).summary())
    assert {"frequency": "stand for"}.get(kind, kind) in text


def test_fits_of_different_kinds_are_different_data() -> None:
    with pytest.raises(OptionError, match="different weights"):
        analytic("normal").lr_test(lk.fit("normal", DATA, "y ~ 1", weights="w"))
    with pytest.raises(DataError, match="different weights"):
        lk.compare([analytic("normal"), lk.fit("laplace", DATA, "y ~ x", weights="w")])
    both = lk.compare(["normal", "laplace"], DATA, "y ~ x", weights="w", weights_kind="analytic")
    assert both.fits["Normal"].loglik == analytic("normal").loglik


STACKLOSS = [
    (42, 80), (37, 80), (37, 75), (28, 62), (18, 62), (18, 62), (19, 62), (20, 62), (15, 58), (14, 58), (14, 58),
    (13, 58), (11, 58), (12, 58), (8, 50), (7, 50), (8, 50), (8, 50), (9, 50), (15, 56), (15, 70),
]  # fmt: skip
