"""Every kind of likelihood: its value, derivatives and terms, and that it offers what it says, and nothing else.

The references are log-densities written out here with SciPy, and differences of the value.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import Any, ClassVar

import numpy as np
import pytest
from scipy import stats

import likely as lk
from likely.errors import LikelyError, OptionError
from likely.families.base import Parameter
from likely.inference.bootstrap import bootstrap
from likely.likelihoods import by_rows, objective_of, offers_of
from likely.likelihoods.penalised import Penalised
from likely.models.constraints import Restraints

jnp = pytest.importorskip("jax.numpy")

N = 24
RNG = np.random.default_rng(5)
X = RNG.normal(size=N)
Z = RNG.normal(size=N)
W = RNG.integers(1, 5, size=N).astype(float)
COUNTS = RNG.poisson(np.exp(0.8 + 0.4 * X)).astype(float)
REALS = 1.0 + 0.5 * X + RNG.normal(size=N)
POSITIVE = RNG.gamma(3.0, np.exp(0.2 * X) / 3.0)
LABELS = np.array(["a", "b", "c"])[RNG.integers(0, 3, size=N)]
STRATUM = np.repeat(np.arange(6), 4)
CASES_OF = (np.argsort(RNG.random((6, 4)), axis=1) < np.array([1, 1, 2, 2, 3, 1])[:, None]).ravel().astype(float)
DATA = {
    "x": X,
    "z": Z,
    "w": W,
    "count": COUNTS,
    "real": REALS,
    "positive": POSITIVE,
    "label": LABELS.tolist(),
    "s": STRATUM,
    "case": CASES_OF,
    "ws": (1.0 + STRATUM % 3),
}


@dataclass(frozen=True)
class Case:
    """A likelihood, coefficients on the link scale, and its terms at any such coefficients."""

    make: Callable[[], lk.Likelihood]
    at: tuple[float, ...]
    terms: Callable[[Any], Any]
    weights: Any = None


def normal(x: Any) -> Any:
    return stats.norm.logpdf(REALS, x[0] + x[1] * X, np.exp(x[2] + x[3] * Z))


def categorical(x: Any) -> Any:
    etas = np.stack([np.zeros(N), x[0] + x[1] * X, x[2] + x[3] * X], axis=1)
    log = etas - np.log(np.sum(np.exp(etas), axis=1, keepdims=True))
    return log[np.arange(N), np.searchsorted(["a", "b", "c"], LABELS)]


def strata(x: Any) -> Any:
    """By enumeration of all subsets of as many rows as there are cases."""
    out, utility = [], x[0] * X + x[1] * Z
    for s in range(6):
        rows = np.flatnonzero(s == STRATUM)
        m = int(np.sum(CASES_OF[rows]))
        sets = [np.sum(utility[list(some)]) for some in combinations(rows, m)]
        out.append(np.sum(utility[rows[CASES_OF[rows] == 1.0]]) - np.log(np.sum(np.exp(sets))))
    return np.array(out)


def decay(x: Any) -> Any:
    return stats.norm.logpdf(REALS, x[0] * np.exp(x[1] * X), np.exp(x[2]))


def both(x: Any) -> Any:
    """A normal and a log-normal sample that share the spread."""
    return np.concatenate(
        [
            stats.norm.logpdf(REALS, x[0] + x[1] * X, np.exp(x[2])),
            stats.norm.logpdf(np.log(POSITIVE), x[3], np.exp(x[2])) - np.log(POSITIVE),
        ]
    )


def of_function(p: Any, d: Any) -> Any:
    return -0.5 * ((d["real"] - p["a"] * jnp.exp(p["b"] * d["x"])) / p["s"]) ** 2 - jnp.log(p["s"] * np.sqrt(2 * np.pi))


DENSITY = lk.density(of_function, params={"a": 1.0, "b": 0.1, "s": lk.Positive(1.0)})
FUNCTIONS = lk.density(
    lk.Normal(), mean=lambda p, d: p["a"] * jnp.exp(p["b"] * d["x"]), params={"a": 1.0, "b": 0.1}, response="real"
)


def joined() -> lk.Likelihood:
    one = lk.likelihood("normal", DATA, "real ~ x", weights="w")
    other = lk.likelihood("log_normal", DATA, "positive ~ 1", weights="w")
    return one + other.rename({"sigma": "sd"})


CASES = {
    "rows": Case(lambda: lk.likelihood("normal", DATA, "real ~ x", sd="~ z"), (0.9, 0.4, 0.1, 0.2), normal),
    "rows, weighted": Case(
        lambda: lk.likelihood("normal", DATA, "real ~ x", sd="~ z", weights="w"), (0.9, 0.4, 0.1, 0.2), normal, W
    ),
    "rows, means of several units": Case(
        lambda: lk.likelihood("normal", DATA, "real ~ x", weights="w", weights_kind="analytic"),
        (0.9, 0.4, 0.1),
        lambda x: stats.norm.logpdf(REALS, x[0] + x[1] * X, np.exp(x[2]) / np.sqrt(W)),
    ),
    "rows, with a kernel": Case(
        lambda: lk.likelihood("poisson", DATA, "count ~ x"),
        (0.2, 0.3),
        lambda x: stats.poisson.logpmf(COUNTS, np.exp(x[0] + x[1] * X)),
    ),
    "rows, without predictors": Case(
        lambda: lk.likelihood("gamma", DATA, "positive ~ 1", weights="w"),
        (0.1, 0.8),
        lambda x: stats.gamma.logpdf(POSITIVE, np.exp(x[1]), scale=np.exp(x[0] - x[1])),
        W,
    ),
    "rows of labels": Case(lambda: lk.likelihood("categorical", DATA, "label ~ x"), (0.3, 0.2, -0.4, 0.5), categorical),
    "strata": Case(lambda: lk.likelihood(lk.ConditionalLogit(strata="s"), DATA, "case ~ x + z"), (0.5, -0.3), strata),
    "strata, weighted": Case(
        lambda: lk.likelihood(lk.ConditionalLogit(strata="s"), DATA, "case ~ x + z", weights="ws"),
        (0.5, -0.3),
        strata,
        DATA["ws"][::4],
    ),
    "density": Case(lambda: lk.likelihood(DENSITY, DATA), (1.1, 0.2, 0.1), decay),
    "density, weighted": Case(lambda: lk.likelihood(DENSITY, DATA, weights="w"), (1.1, 0.2, 0.1), decay, W),
    "parameters that are functions": Case(lambda: lk.likelihood(FUNCTIONS, DATA), (1.1, 0.2, 0.1), decay),
    "sum": Case(joined, (0.9, 0.4, 0.1, -0.2), both, np.concatenate([W, W])),
}

every = pytest.mark.parametrize("name", CASES)


def differences(f: Callable[[Any], Any], x: Any, step: float = 1e-5) -> Any:
    """Central differences along every coefficient, on the first axis."""
    return np.array([(f(x + step * e) - f(x - step * e)) / (2.0 * step) for e in np.eye(len(x))])


@every
def test_value_is_the_weighted_sum_of_the_terms(name: str) -> None:
    case = CASES[name]
    L, x = case.make(), np.array(case.at)
    terms, w = case.terms(x), 1.0 if case.weights is None else case.weights
    assert L.function.objective.value(x) == pytest.approx(float(np.sum(w * terms)), rel=1e-12)
    rows = L.function.row_objective
    np.testing.assert_allclose(rows.log_density(x), terms, rtol=1e-11)
    assert rows.value(x) == pytest.approx(L.function.objective.value(x), rel=1e-12)
    assert len(terms) == rows.rows
    assert rows.total_weight == pytest.approx(float(np.sum(w * np.ones(len(terms)))))


@every
def test_score_and_information_are_derivatives_of_the_value(name: str) -> None:
    case = CASES[name]
    x = np.array(case.at)
    for objective in (case.make().function.objective, case.make().function.row_objective):
        point, (value, score) = objective.point(x), objective.value_and_score(x)
        assert point.value == pytest.approx(objective.value(x), rel=1e-12)
        assert value == pytest.approx(objective.value(x), rel=1e-12)
        np.testing.assert_allclose(score, point.score, rtol=1e-9, atol=1e-9)
        size = 1.0 + np.max(np.abs(point.info))
        np.testing.assert_allclose(point.score, differences(objective.value, x), atol=1e-7 * size)
        hessian = differences(lambda x, o=objective: o.value_and_score(x)[1], x)
        np.testing.assert_allclose(point.info, -hessian, atol=1e-7 * size)


@every
def test_sums_of_products_are_those_of_the_terms_scores(name: str) -> None:
    case = CASES[name]
    objective, x = case.make().function.row_objective, np.array(case.at)
    scores = objective.row_scores(x)
    np.testing.assert_allclose(scores, differences(objective.log_density, x).T, atol=1e-6)
    w = np.ones(len(scores)) if case.weights is None else case.weights
    np.testing.assert_allclose(w @ scores, objective.point(x).score, atol=1e-9)
    np.testing.assert_allclose(objective.score_gram(x, w), (scores * w[:, None]).T @ scores, rtol=1e-10, atol=1e-12)
    rows = len(objective.y) if objective.strata is not None else len(scores)
    codes = (np.arange(rows) // 8) % 3  # strata of four rows are whole
    own = codes[::4] if objective.strata is not None else codes
    sums = np.array([w[own == c] @ scores[own == c] for c in range(3)])
    np.testing.assert_allclose(objective.cluster_gram(x, codes, 3), sums.T @ sums, rtol=1e-9, atol=1e-11)


@every
def test_what_is_offered_is_there(name: str) -> None:
    L = CASES[name].make()
    objective, offers = L.function.objective, L.function.offers
    assert objective.offers == offers == offers_of(L.model.family) == L.function.row_objective.offers
    assert (objective.linear is not None) == offers.predictors
    assert (objective.strata is not None) == (offers.terms == "strata") == (not offers.independent_rows)
    assert (objective.far_search is not None) == offers.far
    x = np.array(CASES[name].at)
    rows = objective.linearised(x)
    assert (rows is not None) == offers.distribution
    if rows is not None:  # and the same to first order
        assert rows.value(x) == pytest.approx(objective.value(x), rel=1e-12)
        np.testing.assert_allclose(rows.row_scores(x), objective.row_scores(x), rtol=1e-9, atol=1e-11)
    if objective.far_search is not None:
        metric = objective.far_search.metric(np.array(CASES[name].at))
        assert np.all(np.linalg.eigvalsh(metric) >= -1e-9 * np.max(np.abs(metric)))
    if not offers.predictors:
        with pytest.raises(OptionError, match="linear predictors"):
            by_rows(objective, "the test")


NEEDS: dict[str, tuple[str, Callable[[lk.Fit], Any]]] = {
    "influence": ("predictors", lambda fit: fit.influence().displacement),
    "HC3": ("predictors", lambda fit: fit.with_cov("HC3").cov),
    "residuals": ("distribution", lambda fit: fit.residuals()),
    "expected": ("distribution", lambda fit: fit.with_cov("expected").cov),
    "surprise with its expectation": ("distribution", lambda fit: np.asarray(fit.surprise(tail=True)["tail"])),
    "simulated observations": ("distribution", lambda fit: fit.simulate(seed=1)),
    "parametric bootstrap": (
        "distribution",
        lambda fit: bootstrap(fit.estimates, replicates=20, kind="parametric", seed=1).estimates,
    ),
    "bootstrap of rows": (
        "independent_rows",
        lambda fit: np.nanmedian(bootstrap(fit.estimates, replicates=20, kind="cases", seed=1).estimates, axis=0),
    ),
}


@pytest.mark.parametrize("what", NEEDS)
@pytest.mark.parametrize("name", ["rows", "strata", "density", "parameters that are functions", "sum"])
def test_what_is_not_offered_is_refused_in_words(name: str, what: str) -> None:
    fit = CASES[name].make().maximize()
    needed, ask = NEEDS[what]
    if getattr(fit.likelihood.function.offers, needed):
        assert np.all(np.isfinite(np.asarray(ask(fit), dtype=float)))
    else:
        with pytest.raises(LikelyError) as told:
            ask(fit)
        assert len(str(told.value)) > 40
        assert "None" not in str(told.value)


@every
def test_other_names_change_nothing_and_sums_add(name: str) -> None:
    L, x = CASES[name].make(), np.array(CASES[name].at)
    if L.model.family.levels:
        pytest.skip("probabilities have no single names")
    renamed = L.rename({L.names[0]: "first"})
    assert renamed.names == ["first", *L.names[1:]]
    assert renamed.function.objective.value(x) == pytest.approx(L.function.objective.value(x), rel=1e-12)
    twice = L + L
    assert twice.names == L.names
    assert twice.function.objective.value(x) == pytest.approx(2.0 * L.function.objective.value(x), rel=1e-12)
    np.testing.assert_allclose(
        twice.function.objective.point(x).info, 2.0 * L.function.objective.point(x).info, rtol=1e-10, atol=1e-12
    )


@pytest.mark.parametrize("name", ["rows", "density", "parameters that are functions"])
def test_weights_count_rows(name: str) -> None:
    L, x = CASES[name].make(), np.array(CASES[name].at)
    w = np.arange(N) % 3
    weighted = objective_of(L.model, L.function.bound.data.with_weights(w.astype(float)))
    repeated = objective_of(L.model, L.function.bound.data.take(np.repeat(np.arange(N), w)))
    assert weighted.value(x) == pytest.approx(repeated.value(x), rel=1e-12)
    np.testing.assert_allclose(weighted.point(x).info, repeated.point(x).info, rtol=1e-10, atol=1e-12)


# -- a penalty ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("penalty", [lk.Ridge(2.0), lk.Firth()], ids=["ridge", "Firth"])
def test_a_penalised_likelihood_is_the_likelihood_minus_the_penalty(penalty: Any) -> None:
    L, x = lk.likelihood("poisson", DATA, "count ~ x"), np.array([0.2, 0.3])
    applied = Restraints(penalty).penalty_of(L.model, L.function.bound.data)
    assert applied is not None
    objective = Penalised(L.function.objective, applied)

    def value(x: Any) -> float:
        if not applied.firth:
            return L.function.objective.value(x) - 0.5 * float(applied.l2 @ x**2)
        return L.function.objective.value(x) + 0.5 * float(np.linalg.slogdet(L.function.objective.point(x).info)[1])

    point = objective.point(x)
    assert point.value == objective.value(x) == pytest.approx(value(x), rel=1e-12)
    np.testing.assert_allclose(point.score, differences(value, x), atol=1e-6)
    np.testing.assert_allclose(objective.value_and_score(x)[1], point.score, rtol=1e-10)
    if not applied.firth:
        hessian = differences(lambda x: objective.point(x).score, x)
        np.testing.assert_allclose(point.info, -hessian, atol=1e-6)


def test_a_penalty_on_what_has_no_rows_is_refused_in_words() -> None:
    for name in ("strata", "density", "sum"):
        with pytest.raises(OptionError, match="Firth's penalty needs"):
            CASES[name].make().maximize(penalty=lk.Firth())


# -- families of one's own -----------------------------------------------------------------------------------


class Zeros(lk.Family):
    """A Poisson with more zeros than its own: made of another family."""

    parameters: ClassVar = (
        Parameter("rate", lk.Positive, "the mean without the extra zeros"),
        Parameter("zero", lk.OpenUnitInterval, "the share of extra zeros"),
    )
    support: ClassVar = lk.Support(0.0, closed_lower=True, integer=True)
    name: ClassVar = "zeros"

    def __init__(self, **known: Any) -> None:
        super().__init__(**known)
        self.base, self.conditional, self.simulates, self._objective = lk.Poisson(), True, False, None

    def _log_density(self, xp: Any, y: Any, rate: Any, zero: Any) -> Any:
        inside = xp.log(xp.complement(zero)) + self.base._log_density(xp, y, rate=rate)
        return xp.where(y == 0.0, xp.log(zero + xp.exp(inside)), inside)

    def _start(self, y: Any, w: Any, known: Any) -> dict[str, Any]:
        return {"rate": 1.0 + float(np.mean(y)), "zero": 0.2}


def test_no_attribute_of_a_family_makes_it_another_kind() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=150)
    y = np.where(rng.random(150) < 0.3, 0.0, rng.poisson(np.exp(1.0 + 0.3 * x)))
    fit = lk.fit(Zeros(), {"x": x, "y": y}, "y ~ x")
    L = fit.likelihood
    assert L.function.offers == offers_of(lk.Poisson())
    assert L.function.objective.linear is not None
    b = fit.outcome.point.x
    rate, zero = np.exp(b[0] + b[1] * x), 1.0 / (1.0 + np.exp(-b[2]))
    own = (1.0 - zero) * stats.poisson.pmf(y, rate) + np.where(y == 0.0, zero, 0.0)
    np.testing.assert_allclose(L.function.row_objective.log_density(b), np.log(own), rtol=1e-10)
    assert np.all(np.isfinite(fit.residuals("quantile", seed=1)))
    assert np.all(np.isfinite(fit.influence().displacement))
    estimates = bootstrap(fit.estimates, replicates=20, kind="parametric", seed=1).estimates
    assert np.nanmin(estimates[:, 0]) < fit.coef["rate.Intercept"] < np.nanmax(estimates[:, 0])
