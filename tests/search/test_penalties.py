"""Penalised fits: against independent software, and what they say of themselves."""

from __future__ import annotations

import pickle
from typing import Any

import glum
import numpy as np
import pytest
import statsmodels.api as sm
from scipy import optimize, stats
from sklearn import linear_model
from sklearn.preprocessing import StandardScaler

import likely as lk
from likely.errors import OptionError, UnknownNameError
from likely.likelihoods.penalised import Penalised
from likely.models.penalties import applied

N = 300


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    rng = np.random.default_rng(7)
    x = rng.normal(size=(N, 5)) @ (np.eye(5) + 0.4) * [1.0, 10.0, 0.1, 1.0, 3.0]
    eta = 0.4 + x @ [0.8, 0.0, -4.0, 0.0, 0.1]
    columns = {f"x{j}": x[:, j] for j in range(5)}
    return {
        **columns,
        "yes": (rng.random(N) < 1 / (1 + np.exp(-eta))).astype(float),
        "count": rng.poisson(np.exp(0.3 * eta)).astype(float),
        "amount": rng.gamma(2.0, np.exp(0.3 * eta) / 2.0),
        "value": eta + rng.standard_t(4, size=N),
    }


RIGHT = "x0 + x1 + x2 + x3 + x4"
NAMES = [f"x{j}" for j in range(5)]


def matrix(data: dict[str, Any], scaled: bool = True) -> Any:
    x = np.column_stack([data[name] for name in NAMES])
    return StandardScaler().fit_transform(x) if scaled else x


def slopes(fit: lk.Fit, parameter: str, data: dict[str, Any] | None = None) -> Any:
    """The coefficients; those of standardised columns where data are given."""
    size = 1.0 if data is None else np.array([np.std(data[name]) for name in NAMES])
    return np.array([fit.coef[f"{parameter}.{name}"] for name in NAMES]) * size


# -- against independent software ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("penalty", "ratio"), [(lk.Ridge(2.0), 0.0), (lk.Lasso(6.0), 1.0), (lk.ElasticNet(8.0, 0.4), 0.4)]
)
def test_logistic_against_scikit_learn(data: dict[str, Any], penalty: Any, ratio: float) -> None:
    fit = lk.fit("bernoulli", data, f"yes ~ {RIGHT}", penalty=penalty)
    model = linear_model.LogisticRegression(
        C=1.0 / penalty.strength, l1_ratio=ratio, solver="saga", tol=1e-10, max_iter=100_000
    ).fit(matrix(data), data["yes"])
    np.testing.assert_allclose(slopes(fit, "p", data), model.coef_[0], atol=2e-6)
    if ratio:
        assert np.array_equal(slopes(fit, "p") == 0.0, model.coef_[0] == 0.0)
        assert np.any(slopes(fit, "p") == 0.0)


def test_least_squares_against_scikit_learn(data: dict[str, Any]) -> None:
    for penalty, alpha, ratio in ((lk.Lasso(15.0), 15.0 / N, 1.0), (lk.ElasticNet(20.0, 0.3), 20.0 / N, 0.3)):
        fit = lk.fit(lk.Normal(sd=1.0), data, f"value ~ {RIGHT}", penalty=penalty)
        model = linear_model.ElasticNet(alpha=alpha, l1_ratio=ratio, tol=1e-14, max_iter=100_000)
        model.fit(matrix(data), data["value"])
        np.testing.assert_allclose(slopes(fit, "mean", data), model.coef_, atol=1e-8)
    fit = lk.fit(lk.Normal(sd=2.0), data, f"value ~ {RIGHT}", penalty=lk.Ridge(0.5, scale=False))
    model = linear_model.Ridge(alpha=0.5 * 2.0**2).fit(matrix(data, scaled=False), data["value"])
    np.testing.assert_allclose(slopes(fit, "mean"), model.coef_, rtol=1e-9)


def test_the_spread_estimated_beside_the_coefficients(data: dict[str, Any]) -> None:
    """With sd free, scikit-learn's alpha is strength times sd^2 / n at the estimate."""
    fit = lk.fit("normal", data, f"value ~ {RIGHT}", penalty={"mean": lk.Lasso(12.0)})
    sd = fit.coef["sd"]
    model = linear_model.Lasso(alpha=12.0 * sd**2 / N, tol=1e-14, max_iter=100_000).fit(matrix(data), data["value"])
    np.testing.assert_allclose(slopes(fit, "mean", data), model.coef_, atol=1e-8)
    residual = data["value"] - model.predict(matrix(data))
    assert sd == pytest.approx(np.sqrt(np.mean(residual**2)), rel=1e-8)


@pytest.mark.parametrize(
    ("family", "response", "theirs"), [("poisson", "count", "poisson"), ("gamma", "amount", "gamma")]
)
@pytest.mark.parametrize("ratio", [0.0, 0.5, 1.0])
def test_log_links_against_glum(data: dict[str, Any], family: str, response: str, theirs: str, ratio: float) -> None:
    strength = 9.0
    known = lk.Gamma(shape=1.0) if family == "gamma" else lk.Poisson()
    fit = lk.fit(known, data, f"{response} ~ {RIGHT}", penalty=lk.ElasticNet(strength, ratio))
    model = glum.GeneralizedLinearRegressor(
        family=theirs, link="log", alpha=strength / N, l1_ratio=ratio, gradient_tol=1e-11, max_iter=10_000
    ).fit(matrix(data), data[response])
    parameter = fit.names[0].split(".")[0]
    np.testing.assert_allclose(slopes(fit, parameter, data), model.coef_, atol=2e-8)
    assert np.any(model.coef_ == 0.0) == (ratio == 1.0) or ratio == 0.5
    assert np.array_equal(slopes(fit, parameter) == 0.0, model.coef_ == 0.0)


def test_ridge_against_scikit_learns_poisson(data: dict[str, Any]) -> None:
    fit = lk.fit("poisson", data, f"count ~ {RIGHT}", penalty=lk.Ridge(3.0))
    model = linear_model.PoissonRegressor(alpha=3.0 / N, solver="newton-cholesky", tol=1e-10, max_iter=1000)
    model.fit(matrix(data), data["count"])
    np.testing.assert_allclose(slopes(fit, "rate", data), model.coef_, atol=1e-8)
    assert fit.coef["rate.Intercept"] != 0


def test_the_objective_against_statsmodels(data: dict[str, Any]) -> None:
    strength = 5.0
    x = sm.add_constant(matrix(data))
    theirs = sm.Logit(data["yes"], x).fit_regularized(
        alpha=np.r_[0.0, np.full(5, strength)], disp=False, acc=1e-12, trim_mode="off", maxiter=1000
    )
    fit = lk.fit("bernoulli", data, f"yes ~ {RIGHT}", penalty=lk.Lasso(strength))
    ours = fit.loglik - strength * np.sum(np.abs(slopes(fit, "p", data)))
    other = theirs.llf - strength * np.sum(np.abs(theirs.params[1:]))
    assert ours >= other - 1e-9
    assert ours == pytest.approx(other, rel=1e-7)
    assert fit.outcome.restrained is not None
    assert fit.outcome.restrained.objective == pytest.approx(ours, rel=1e-12)


def test_several_parameters_against_scipy(data: dict[str, Any]) -> None:
    """A Student t with predictors of centre and spread, both penalised; SciPy splits absolute values into two parts."""
    penalty = {"loc": lk.ElasticNet(10.0, 0.6), "scale": lk.Lasso(8.0)}
    fit = lk.fit("student_t", data, "value ~ x0 + x2 + x3", scale="~ x0 + x1", penalty=penalty)
    L = fit.likelihood
    terms = applied(penalty, L.model, L.function.bound.data)
    assert terms is not None
    p = L.model.size

    def negative(z: Any) -> tuple[float, Any]:
        x = z[:p] - z[p:]
        value, score = L.function.objective.value_and_score(x)
        total = -value + terms.l1 @ (z[:p] + z[p:]) + 0.5 * terms.l2 @ x**2
        slope = -score + terms.l2 * x
        return total, np.concatenate([slope + terms.l1, -slope + terms.l1])

    start = np.concatenate([np.maximum(fit.outcome.point.x, 0) + 0.1, np.maximum(-fit.outcome.point.x, 0) + 0.1])
    found = optimize.minimize(
        negative,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[(0, None)] * (2 * p),
        options={"ftol": 0, "gtol": 1e-9, "maxiter": 5000},
    )
    assert fit.outcome.restrained is not None
    assert fit.outcome.restrained.objective >= -found.fun - 1e-8
    np.testing.assert_allclose(fit.outcome.point.x, found.x[:p] - found.x[p:], atol=2e-4)


# -- Firth -----------------------------------------------------------------------------------------------------


def endometrial() -> dict[str, list[float]]:
    """Heinze and Schemper (2002), data of E. Asseryanis (in Agresti 2015, table 5.3)."""
    from pathlib import Path

    path = Path(__file__).resolve().parents[3] / "shared" / "reference" / "data" / "endometrial.csv"
    if not path.exists():
        pytest.skip("no ../shared/reference beside the repository")
    rows = [line.split(",") for line in path.read_text().replace('"', "").split()]
    return {name: [float(row[j]) for row in rows[1:]] for j, name in enumerate(rows[0])}


def jeffreys_logit(x: Any, y: Any, beta: Any) -> float:
    """Log-likelihood of a logistic regression plus half the log-determinant of its information, in plain NumPy."""
    eta = x @ beta
    p = 1.0 / (1.0 + np.exp(-eta))
    return float(
        np.sum(y * eta - np.logaddexp(0.0, eta)) + 0.5 * np.linalg.slogdet(x.T @ ((p * (1 - p))[:, None] * x))[1]
    )


CURVES: dict[str, tuple[Any, Any]] = {
    "probit": (stats.norm.cdf, stats.norm.pdf),
    "cloglog": (lambda e: -np.expm1(-np.exp(e)), lambda e: np.exp(e - np.exp(e))),
    "cauchit": (stats.cauchy.cdf, stats.cauchy.pdf),
}


@pytest.mark.parametrize("link", CURVES)
def test_firth_of_other_links_is_jeffreys_prior(data: dict[str, Any], link: str) -> None:
    """The expected information of a binary row is the slope squared over p (1 - p), whatever the link."""
    cdf, pdf = CURVES[link]
    x = np.column_stack([np.ones(len(data["yes"])), data["x0"], data["x3"]])
    y = np.asarray(data["yes"], dtype=float)

    def negative(beta: Any) -> float:
        eta = x @ beta
        p = np.clip(cdf(eta), 1e-300, 1 - 1e-16)
        information = x.T @ ((pdf(eta) ** 2 / (p * (1 - p)))[:, None] * x)
        return -float(np.sum(np.where(y > 0, np.log(p), np.log1p(-p))) + 0.5 * np.linalg.slogdet(information)[1])

    fit = lk.fit("bernoulli", data, "yes ~ x0 + x3", link=link, penalty=lk.Firth())
    options = {"xatol": 1e-8, "fatol": 1e-12, "maxiter": 4000}
    found = optimize.minimize(negative, [0.0, 0.1, 0.1], method="Nelder-Mead", options=options)
    np.testing.assert_allclose(list(fit.coef.values()), found.x, atol=2e-6)
    assert fit.outcome.restrained is not None
    assert fit.outcome.restrained.objective == pytest.approx(-found.fun, rel=1e-10)


def test_firth_of_a_separated_cloglog_has_a_closed_profile() -> None:
    data = {"y": [0, 0, 0, 1, 1, 1], "x": [1, 2, 3, 4, 5, 6]}
    fit = lk.fit("bernoulli", data, "y ~ x", link="cloglog", penalty=lk.Firth())
    lower, upper = fit.interval(method="profile", names="p.x")["p.x"]
    assert lower is not None
    assert upper is not None
    assert 0.0 < lower < fit.coef["p.x"] < upper


def test_firth_where_there_is_no_curvature() -> None:
    with pytest.raises(OptionError, match="corners"):
        lk.fit("laplace", [1.0, 2.0, 5.0, 3.0], penalty=lk.Firth())
    with pytest.raises(OptionError, match="extremes of the data"):
        lk.fit("uniform", [1.0, 2.0, 5.0, 3.0], penalty=lk.Firth())


def test_firth_against_logistf() -> None:
    """R's logistf on the endometrial data, and brglm2 in shared/reference: cases/edge/endometrial_separation."""
    data = endometrial()
    fit = lk.fit("bernoulli", data, "HG ~ NV + PI + EH", penalty=lk.Firth())
    assert fit.converged
    expected = {
        "p.Intercept": (3.77455971364703, 1.48869166343565),
        "p.NV": (2.92927335319709, 1.55076372945304),
        "p.PI": (-0.0347517598704338, 0.0395781473477631),
        "p.EH": (-2.60416392529365, 0.776017642501561),
    }
    for name, (value, stderr) in expected.items():
        assert fit.coef[name] == pytest.approx(value, abs=1e-6 * stderr)
        assert fit.stderr[name] == pytest.approx(stderr, rel=1e-6)
    assert fit.loglik == pytest.approx(-28.287697325521, rel=1e-7)
    # the profile penalised likelihood by its own definition, at the limits that we find
    x = np.column_stack([np.ones(len(data["HG"])), data["NV"], data["PI"], data["EH"]])
    y = np.asarray(data["HG"])
    peak = jeffreys_logit(x, y, np.array([fit.coef[name] for name in expected]))
    for limit in fit.interval(method="profile")["p.NV"]:
        assert limit is not None

        def lost(others: Any, limit: float = limit) -> float:
            return peak - jeffreys_logit(x, y, np.insert(others, 1, limit))

        start = [fit.coef[name] for name in expected if name != "p.NV"]
        found = optimize.minimize(lost, start, method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-11})
        assert 2.0 * found.fun == pytest.approx(stats.chi2.ppf(0.95, 1), abs=1e-6)
    smaller = lk.fit("bernoulli", data, "HG ~ NV + PI + EH", penalty=lk.Firth(), fixed={"p.NV": 0.0})
    assert fit.lr_test(smaller).df == 1


def test_firth_of_separated_toys() -> None:
    """brglm2 0.9, shared/reference: cases/edge/complete_separation_toy and quasi_separation_toy."""
    complete = {"x": [1, 2, 3, 4, 5, 6], "y": [0, 0, 0, 1, 1, 1]}
    fit = lk.fit("bernoulli", complete, "y ~ x", penalty=lk.Firth())
    assert fit.coef["p.Intercept"] == pytest.approx(-3.95119370997171, abs=1e-6)
    assert fit.coef["p.x"] == pytest.approx(1.12891248856335, abs=1e-6)
    assert fit.stderr["p.x"] == pytest.approx(0.854908336687807, rel=1e-6)


def test_firth_of_one_proportion_is_a_half_added_to_both_sides() -> None:
    fit = lk.fit(lk.Binomial(n=20), [3], penalty=lk.Firth())
    assert fit.coef["p"] == pytest.approx(3.5 / 21.0, rel=1e-7)
    fit = lk.fit("poisson", [0, 0, 0, 0], penalty=lk.Firth())
    assert fit.coef["rate"] == pytest.approx(0.5 / 4.0, rel=1e-6)


@pytest.mark.parametrize("family", ["bernoulli", "poisson", "student_t", "gamma"])
def test_the_gradient_of_jeffreys_prior(data: dict[str, Any], family: str) -> None:
    response = {"bernoulli": "yes", "poisson": "count", "student_t": "value", "gamma": "amount"}[family]
    more = {"student_t": {"scale": "~ x0"}, "gamma": {"shape": "~ x0"}}.get(family, {})
    L = lk.likelihood(family, data, f"{response} ~ x0 + x3", **more)
    terms = applied(lk.Firth(), L.model, L.function.bound.data)
    assert terms is not None
    whole = Penalised(L.function.objective, terms)
    x = L.maximize().outcome.point.x * 1.05 + 0.01
    score = whole.point(x).score
    for j, direction in enumerate(np.eye(len(x))):
        h = 1e-4
        slope = (whole.point(x + h * direction).value - whole.point(x - h * direction).value) / (2 * h)
        assert score[j] == pytest.approx(slope, rel=1e-5, abs=1e-5)


def test_firth_with_weights_is_firth_of_repeated_rows() -> None:
    x, y, w = [0.0, 1.0, 2.0, 3.0, 1.5], [0, 0, 1, 1, 1], [2, 1, 3, 1, 2]
    once = lk.fit("bernoulli", {"x": x, "y": y, "w": w}, "y ~ x", weights="w", penalty=lk.Firth())
    repeated = {"x": np.repeat(x, w), "y": np.repeat(y, w)}
    assert once.coef == pytest.approx(lk.fit("bernoulli", repeated, "y ~ x", penalty=lk.Firth()).coef, rel=1e-5)


# -- what the fits say and carry -------------------------------------------------------------------------------


def test_scaling_of_columns_does_not_matter(data: dict[str, Any]) -> None:
    larger = {**data, "x0": data["x0"] * 1e6, "x2": data["x2"] * 1e-2 + 3.0}
    for penalty in (lk.Ridge(2.0), lk.Lasso(6.0)):
        a = lk.fit("bernoulli", data, f"yes ~ {RIGHT}", penalty=penalty)
        b = lk.fit("bernoulli", larger, f"yes ~ {RIGHT}", penalty=penalty)
        assert a.loglik == pytest.approx(b.loglik, rel=1e-9)
        assert a.coef["p.x0"] == pytest.approx(b.coef["p.x0"] * 1e6, rel=1e-6, abs=1e-9)


def test_strength_zero_is_maximum_likelihood(data: dict[str, Any]) -> None:
    plain = lk.fit("poisson", data, f"count ~ {RIGHT}")
    for penalty in (lk.Ridge(0.0), lk.Lasso(0.0)):
        fit = lk.fit("poisson", data, f"count ~ {RIGHT}", penalty=penalty)
        assert fit.coef == pytest.approx(plain.coef, rel=1e-6)
        assert fit.status == "converged"
        assert fit.stderr["rate.x0"] == pytest.approx(plain.stderr["rate.x0"], rel=1e-5)
        assert fit.k == plain.k


def test_ridge_covariance_and_effective_parameters(data: dict[str, Any]) -> None:
    """For least squares the trace of the hat matrix (Hastie and Tibshirani); a linear model's posterior is exact."""
    x, strength = matrix(data), 40.0
    z = np.column_stack([np.ones(N), x])
    d = np.diag([0.0] + [strength] * 5)
    inverse = np.linalg.inv(z.T @ z + d)
    fit = lk.fit(
        lk.Normal(sd=1.0),
        dict(zip(NAMES, x.T, strict=True)) | {"value": data["value"]},
        f"value ~ {RIGHT}",
        penalty=lk.Ridge(strength),
    )
    np.testing.assert_allclose(fit.cov, inverse, rtol=1e-9, atol=1e-14)
    assert fit.k == pytest.approx(np.trace(z @ inverse @ z.T), rel=1e-10)
    assert fit.aic == pytest.approx(2 * fit.k - 2 * fit.loglik)
    assert fit.posterior
    text = str(fit.summary())
    assert "penalised (ridge, strength 40)" in text
    assert "posterior sd" in text
    assert "posterior mode, not maximum likelihood" in text.replace("\n", " ")


def test_lasso_withholds_standard_errors_and_counts_what_is_left(data: dict[str, Any]) -> None:
    fit = lk.fit("bernoulli", data, f"yes ~ {RIGHT}", penalty=lk.Lasso(6.0))
    assert set(fit.stderr.values()) == {None}
    assert "corners" in fit.withheld["p.x0"]
    assert fit.k == 1 + sum(fit.coef[f"p.{name}"] != 0.0 for name in NAMES)
    assert not fit.interval(method="profile")["p.x0"].exists
    assert len(fit.predict(data)) == N
    drawn = fit.interval(method="bootstrap", replicates=60, seed=1)["p.x0"]
    assert drawn.exists
    str(fit.summary())
    assert pickle.loads(pickle.dumps(fit)).coef == fit.coef


def test_separated_outcomes_have_penalised_estimates() -> None:
    data = {"y": [0, 0, 0, 1, 1, 1], "x": [1, 2, 3, 4, 5, 6]}
    for penalty in (lk.Ridge(0.1), lk.Lasso(0.1), lk.ElasticNet(0.1, 0.5), lk.Firth()):
        fit = lk.fit("bernoulli", data, "y ~ x", penalty=penalty)
        assert fit.converged
        assert fit.status.startswith("penalised")
    with pytest.raises(lk.errors.FitError, match="no finite estimate"):
        lk.fit("bernoulli", {"y": [1, 1, 1, 1], "x": [1, 2, 3, 5]}, "y ~ x", penalty=lk.Ridge(1.0))


def test_more_columns_than_rows() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(20, 40))
    y = (x[:, 0] + 0.3 * rng.normal(size=20) > 0).astype(float)
    fit = lk.fit("bernoulli", y, np.column_stack([np.ones(20), x]), penalty=lk.Lasso(2.0))
    model = linear_model.LogisticRegression(C=0.5, l1_ratio=1.0, solver="saga", tol=1e-10, max_iter=200_000)
    model.fit(StandardScaler().fit_transform(x), y)
    ours = np.array(list(fit.coef.values())[1:]) * x.std(axis=0)
    np.testing.assert_allclose(ours, model.coef_[0], atol=1e-5)


def test_a_prior_on_an_intercept_or_a_constant_is_asked_for(data: dict[str, Any]) -> None:
    free = lk.fit("poisson", data, "count ~ x0", penalty=lk.Ridge(50.0))
    asked = lk.fit("poisson", data, "count ~ x0", penalty=lk.Ridge(50.0, intercept=True))
    assert abs(asked.coef["rate.Intercept"]) < abs(free.coef["rate.Intercept"])
    constant = lk.fit("bernoulli", [1] * 5, penalty=lk.Ridge(1.0, intercept=True))
    eta = np.log(constant.coef["p"] / (1 - constant.coef["p"]))
    assert 5 * (1 - constant.coef["p"]) == pytest.approx(eta, rel=1e-6)  # score = strength * coefficient


def test_families_at_their_limit_keep_the_penalty(data: dict[str, Any]) -> None:
    fit = lk.fit("negative_binomial", data, f"count ~ {RIGHT}", penalty={"mean": lk.Lasso(6.0)})
    poisson = lk.fit("poisson", data, f"count ~ {RIGHT}", penalty=lk.Lasso(6.0))
    if fit.limit is not None:
        assert fit.coef["mean.x0"] == pytest.approx(poisson.coef["rate.x0"], rel=1e-5)
    under = {"y": [1, 2, 1, 2, 2, 1, 2, 1], "x": [0, 1, 0, 1, 2, 0, 1, 0]}
    fit = lk.fit("negative_binomial", under, "y ~ x", penalty={"mean": lk.Ridge(2.0)})
    assert fit.limit is not None
    again = lk.fit("poisson", under, "y ~ x", penalty=lk.Ridge(2.0))
    assert fit.coef["mean.x"] == pytest.approx(again.coef["rate.x"], rel=1e-6)
    assert fit.k == pytest.approx(again.k + 1)


def test_wrong_penalties_are_refused(data: dict[str, Any]) -> None:
    formula = f"yes ~ {RIGHT}"
    with pytest.raises(OptionError, match="at least 0"):
        lk.Ridge(-1.0)
    with pytest.raises(OptionError, match="between 0"):
        lk.ElasticNet(1.0, 1.5)
    with pytest.raises(OptionError, match=r"lk\.Ridge\(strength\)"):
        lk.fit("bernoulli", data, formula, penalty="ridge")
    with pytest.raises(OptionError, match="needs its strength"):
        lk.fit("bernoulli", data, formula, penalty=lk.Ridge)
    with pytest.raises(UnknownNameError, match=r"did you mean 'p\.x0'"):
        lk.fit("bernoulli", data, formula, penalty={"p.x00": lk.Ridge(1.0)})
    with pytest.raises(OptionError, match="no predictors"):
        lk.fit("normal", data, f"value ~ {RIGHT}", penalty={"sd": lk.Ridge(1.0)})
    with pytest.raises(OptionError, match="all coefficients together"):
        lk.fit("bernoulli", data, formula, penalty={"p": lk.Firth()})
    fit = lk.fit("bernoulli", data, formula, penalty=lk.Ridge(1.0))
    other = lk.fit("bernoulli", data, "yes ~ x0")
    with pytest.raises(OptionError, match="penalised"):
        fit.lr_test(other)
    with pytest.raises(OptionError, match="penalised"):
        fit.test("p.x0 = 0")
