"""Families of counts, categories and bounded numbers: values, derivatives, distributions, closed forms."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import optimize, stats

import likely as lk
from likely.errors import DataError, OptionError, ParameterError, SupportError, UnknownNameError
from likely.families import (
    FAMILIES,
    Bernoulli,
    Beta,
    Binomial,
    Categorical,
    Geometric,
    NegativeBinomial,
    Normal,
    Pareto,
    Poisson,
    StudentT,
    Uniform,
    get_family,
)
from likely.families.base import Family

REFERENCE = Path(__file__).parents[2].parent / "shared" / "reference"

# family, parameters, observations, SciPy's own distribution
GRID: list[tuple[Family, dict[str, float], Any, Any]] = [
    (Bernoulli(), {"p": 0.3}, [0, 1], stats.bernoulli(0.3)),
    (Binomial(n=12), {"p": 0.3}, np.arange(13), stats.binom(12, 0.3)),
    (Geometric(), {"p": 0.2}, np.arange(30), stats.geom(0.2, loc=-1)),
    (Poisson(), {"rate": 4.5}, np.arange(30), stats.poisson(4.5)),
    (NegativeBinomial(), {"mean": 4.0, "dispersion": 0.5}, np.arange(40), stats.nbinom(2, 1 / 3)),
    (NegativeBinomial(), {"mean": 4.0, "dispersion": 0.01}, np.arange(40), stats.nbinom(100, 1 / 1.04)),
    (Beta(), {"mean": 0.3, "precision": 5.0}, np.linspace(0.01, 0.99, 33), stats.beta(1.5, 3.5)),
    (Pareto(), {"shape": 2.5, "minimum": 2.0}, np.linspace(2, 40, 30), stats.pareto(2.5, scale=2)),
    (Uniform(), {"low": -1.0, "high": 3.0}, np.linspace(-1, 3, 9), stats.uniform(-1, 4)),
]
IDS = [f"{type(f).__name__}-{i}" for i, (f, *_) in enumerate(GRID)]

# log-probabilities by mpmath at 80 digits (from lgamma and log; parameters are the float64 numbers written here)
EXTREMES: list[tuple[Family, dict[str, float], float, float]] = [
    (Poisson(), {"rate": 1e-300}, 10, -6922.8596915552125671),
    (Poisson(), {"rate": 1e6}, 1e6, -7.8266938955201431272),
    (Poisson(), {"rate": 1e15}, 1e6, -999999978276741.98975),
    (Binomial(n=20), {"p": 1e-8}, 0, -2.0000000100000001085e-7),
    (Binomial(n=20), {"p": 0.999999999999}, 20, -1.9999557565607569477e-11),
    (Binomial(n=1_000_000), {"p": 0.5}, 500_000, -7.1335468816268644844),
    (Beta(), {"mean": 0.5, "precision": 2e4}, 0.5, 4.7259399236233417987),
    (Beta(), {"mean": 0.5, "precision": 2e4}, 1e-300, -6893198.2201974774285),
    (Beta(), {"mean": 0.5, "precision": 0.002}, 1e-10, 15.401924262102068968),
    (NegativeBinomial(), {"mean": 10.0, "dispersion": 1e-12}, 50, -43.348512301295744),
]


@pytest.mark.parametrize(("family", "params", "y", "ref"), GRID, ids=IDS)
def test_agrees_with_scipy(family: Family, params: dict[str, float], y: Any, ref: Any) -> None:
    y = np.asarray(y, dtype=float)
    expected = ref.logpmf(y) if family.discrete else ref.logpdf(y)
    np.testing.assert_allclose(family.log_prob(y, **params), expected, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(family.cdf(y, **params), ref.cdf(y), rtol=1e-11, atol=1e-15)
    np.testing.assert_allclose(family.sf(y, **params), ref.sf(y), rtol=1e-11, atol=1e-15)
    q = np.array([0.01, 0.25, 0.5, 0.9, 0.999])
    np.testing.assert_allclose(family.quantile(q, **params), ref.ppf(q), rtol=1e-11)
    assert family.mean(**params) == pytest.approx(ref.mean(), rel=1e-12)
    assert family.variance(**params) == pytest.approx(ref.var(), rel=1e-12)
    assert family.sample(5, seed=1, **params).shape == (5,)


@pytest.mark.parametrize(("family", "params", "y", "expected"), EXTREMES)
def test_keeps_its_digits_at_extreme_arguments(
    family: Family, params: dict[str, float], y: float, expected: float
) -> None:
    assert family.log_prob(y, **params) == pytest.approx(expected, rel=2e-15)


@pytest.mark.parametrize(("family", "params", "y", "ref"), GRID, ids=IDS)
def test_jets_equal_central_differences(family: Family, params: dict[str, float], y: Any, ref: Any) -> None:
    y = np.asarray(y, dtype=float)
    if isinstance(family, (Pareto, Uniform)):
        y = y[1:-1]  # a moved edge would leave its observation outside
    jet = family.derivatives(y, params)
    names = list(params)

    def value(**moved: float) -> Any:
        return np.asarray(family.log_prob(y, **{**params, **moved}))

    for i, a in enumerate(names):
        h = 1e-4 * params[a]
        first = (value(**{a: params[a] + h}) - value(**{a: params[a] - h})) / (2 * h)
        second = (value(**{a: params[a] + h}) - 2 * value() + value(**{a: params[a] - h})) / h**2
        np.testing.assert_allclose(np.broadcast_to(jet.g.get(i, 0.0), y.shape), first, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(np.broadcast_to(jet.h.get((i, i), 0.0), y.shape), second, rtol=2e-4, atol=2e-3)


def test_negative_binomial_derivatives_pass_into_the_poisson() -> None:
    # As dispersion -> 0: d log f/d dispersion = ((y - m)^2 - y)/2, and the second derivative is
    # sum_j<y of -j^2, plus y m^2, minus 2 m^3/3 (from expanding the log-probability in the dispersion)
    y, m = np.array([0.0, 1.0, 7.0, 12.0]), 5.0
    jet = NegativeBinomial().derivatives(y, {"mean": m, "dispersion": 1e-12})
    squares = (y - 1) * y * (2 * y - 1) / 6
    np.testing.assert_allclose(jet.v, Poisson().log_prob(y, rate=m), rtol=1e-10)
    np.testing.assert_allclose(jet.g[1], ((y - m) ** 2 - y) / 2, rtol=1e-9)
    np.testing.assert_allclose(jet.h[1, 1], -squares + y * m**2 - 2 * m**3 / 3, rtol=1e-8)


@pytest.mark.parametrize(
    ("family", "y", "params", "first"),
    [
        (Bernoulli(), 0.0, {"p": 0.0}, -1.0),
        (Bernoulli(), 1.0, {"p": 1.0}, 1.0),
        (Binomial(n=5.0), 0.0, {"p": 0.0}, -5.0),
        (Binomial(n=5.0), 5.0, {"p": 1.0}, 5.0),
        (Poisson(), 0.0, {"rate": 0.0}, -1.0),
        (Poisson(), 0.0, {"rate": 1e-200}, -1.0),
        (Geometric(), 0.0, {"p": 1.0}, 1.0),
    ],
)
def test_a_certain_outcome_has_log_probability_0_and_finite_derivatives(
    family: Family, y: float, params: dict[str, float], first: float
) -> None:
    assert family.log_prob(y, **params) == pytest.approx(0.0, abs=1e-190)
    jet = family.derivatives(np.array([y]), {k: np.float64(v) for k, v in params.items()})
    assert float(jet.g[0][0]) == first
    assert np.all(np.isfinite(jet.h[0, 0]))


def test_an_impossible_outcome_has_probability_0() -> None:
    assert Bernoulli().prob([0, 1], p=0).tolist() == [1.0, 0.0]
    assert Bernoulli().prob([True, False], p=1).tolist() == [1.0, 0.0]
    assert Binomial(n=5).log_prob([0, 3, 5, 6, 2.5], p=1).tolist() == [-np.inf, -np.inf, 0.0, -np.inf, -np.inf]
    assert Binomial(n=0).prob([0, 1], p=0.3).tolist() == [1.0, 0.0]
    assert Poisson().prob([0, 1], rate=0).tolist() == [1.0, 0.0]
    assert Geometric().prob([0, 1], p=1).tolist() == [1.0, 0.0]
    assert NegativeBinomial().prob([0, 1], mean=0, dispersion=2.0).tolist() == [1.0, 0.0]
    assert Uniform().prob([-1, 0, 4, 5], low=0, high=4).tolist() == [0.0, 0.25, 0.25, 0.0]
    assert Pareto().prob([0.5, 1.0, np.inf], shape=1, minimum=1).tolist() == [0.0, 1.0, 0.0]
    assert Poisson().prob([-1, 0.5], rate=2).tolist() == [0.0, 0.0]


def test_negative_binomial_distribution_at_tiny_dispersion_is_the_poisson() -> None:
    y = np.arange(0, 40, 3)
    ref = stats.poisson(5.0)
    at = {"mean": 5.0, "dispersion": 1e-13}
    np.testing.assert_allclose(NegativeBinomial().cdf(y, **at), ref.cdf(y), rtol=1e-9)
    np.testing.assert_allclose(NegativeBinomial().sf(y, **at), ref.sf(y), rtol=1e-9)
    q = np.array([0.0, 1e-3, 0.3, 0.9, 1 - 1e-9, 1.0])
    np.testing.assert_array_equal(NegativeBinomial().quantile(q, **at), ref.ppf(q))


def test_negative_binomial_quantile_undoes_the_cdf() -> None:
    family, k = NegativeBinomial(), np.arange(0, 200, 7)
    for mean, dispersion in ((0.1, 5.0), (30.0, 0.2), (50.0, 1e-6)):
        at = {"mean": mean, "dispersion": dispersion}
        levels = family.cdf(k, **at)
        inner = (levels < 0.99) & (levels > 0)
        np.testing.assert_array_equal(family.quantile(levels[inner] * (1 - 1e-12), **at), k[inner])
    counts = family.sample(20_000, seed=3, mean=3.0, dispersion=0.5)
    assert counts.mean() == pytest.approx(3.0, abs=0.1)
    assert counts.var() == pytest.approx(7.5, rel=0.1)


# -- estimates -----------------------------------------------------------------------------------------------

CLOSED: list[tuple[Family, Any, dict[str, Any]]] = [
    (Bernoulli(), [0, 1, 1, 0, 1], {}),
    (Binomial(n="n"), [3, 4, 0, 9], {"n": np.array([5.0, 8.0, 2.0, 30.0])}),
    (Geometric(), [0, 3, 1, 0, 7], {}),
    (Poisson(), [2, 0, 4, 1], {}),
    (NegativeBinomial(dispersion=0.7), [2, 0, 4, 11], {"dispersion": 0.7}),
    (Pareto(minimum=1.0), [1.5, 2.0, 9.0], {"minimum": 1.0}),
]


@pytest.mark.parametrize(("family", "y", "known"), CLOSED, ids=[type(f).__name__ for f, *_ in CLOSED])
@pytest.mark.parametrize("weighted", [False, True])
def test_closed_form_is_the_numerical_maximum(family: Family, y: Any, known: dict[str, Any], weighted: bool) -> None:
    y = np.asarray(y, dtype=float)
    w = np.arange(1.0, len(y) + 1) if weighted else None
    name = family.free[0].name
    estimate = family._closed_form(y, w, known)
    assert estimate is not None
    family = type(family)(**known)

    def nll(theta: float) -> float:
        return -float(np.dot(np.ones(len(y)) if w is None else w, family.log_prob(y, **{name: theta})))

    top = 1.0 - 1e-9 if name == "p" else 30.0
    best = optimize.minimize_scalar(nll, bounds=(1e-9, top), method="bounded", options={"xatol": 1e-10})
    assert estimate[name] == pytest.approx(best.x, rel=1e-5)
    assert nll(estimate[name]) <= best.fun + 1e-12


def test_closed_forms_at_the_boundary_are_returned_as_they_are() -> None:
    zeros, ones = np.zeros(3), np.ones(3)
    assert Bernoulli()._closed_form(zeros, None, {}) == {"p": 0.0}
    assert Bernoulli()._closed_form(ones, None, {}) == {"p": 1.0}
    assert Poisson()._closed_form(zeros, None, {}) == {"rate": 0.0}
    assert Geometric()._closed_form(zeros, None, {}) == {"p": 1.0}
    assert Pareto()._closed_form(ones, None, {}) == {"shape": np.inf, "minimum": 1.0}


def test_edges_come_from_the_rows_that_count() -> None:
    y, w = np.array([0.5, 2.0, 3.0, 8.0]), np.array([0.0, 1.0, 2.0, 0.0])
    assert Uniform().edge_estimate(y, {}) == {"low": 0.5, "high": 8.0}
    assert Uniform().edge_estimate(y, {"low": 0.0}) == {"high": 8.0}
    assert Pareto().edge_estimate(y, {"minimum": 0.1}) == {}
    assert lk.fit(Uniform(), y, weights=w).coef == {"low": 2.0, "high": 3.0}
    pareto = lk.fit(Pareto(), y, weights=w)
    assert pareto.coef == {"minimum": 2.0, "shape": pytest.approx(3 / (2 * np.log(1.5)))}


@pytest.mark.parametrize(
    ("family", "y"),
    [
        (Bernoulli(), [1.0, 1.0]),
        (Binomial(n=3.0), [0.0, 0.0]),
        (Geometric(), [0.0, 0.0]),
        (Geometric(), [1e12]),
        (Poisson(), [0.0]),
        (NegativeBinomial(), [0.0, 0.0]),
        (NegativeBinomial(), [3.0, 3.0]),
        (NegativeBinomial(), [0.0, 1e9]),
        (Beta(), [0.5, 0.5]),
        (Beta(), [1e-300, 1e-300]),
        (Beta(), [np.nextafter(1, 0)] * 3),
        (Beta(mean=0.3), [0.9, 0.99]),
        (Pareto(), [2.0, 2.0]),
    ],
)
def test_start_lies_inside_the_domain_for_any_data(family: Family, y: Any) -> None:
    y = np.asarray(y)
    for w in (None, np.ones(len(y))):
        start = family._start(y, w, family.known)
        for p in family.free:
            assert p.domain.contains(start[p.name]), (p.name, start)
            if not p.edge:
                assert p.domain.lower < start[p.name] < p.domain.upper


def test_derived_quantities() -> None:
    assert Beta().derived(mean=0.25, precision=8.0) == {"alpha": 2.0, "beta": 6.0}
    assert NegativeBinomial().derived(mean=2.0, dispersion=0.5) == {"size": 2.0, "variance": 4.0}
    assert Bernoulli().derived(p=0.2) == {"odds": 0.25}
    assert Binomial(n=3).derived(p=1.0) == {"odds": np.inf}
    assert Geometric().derived(p=0.25) == {"mean": 3.0}
    assert Poisson().derived(rate=9.0) == {"sd": 3.0}
    limit = NegativeBinomial.limits[0]
    assert (limit.at, limit.becomes(mean=2.0)) == (0.0, Poisson(rate=2.0))


def test_parameters_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ParameterError, match="low must lie below"):
        Uniform().prob(1.0, low=2, high=1)
    with pytest.raises(ParameterError, match="whole number of trials"):
        Binomial(n=2.5).prob(1, p=0.5)
    with pytest.raises(ParameterError, match="above 0"):
        Geometric().prob(1, p=0)


# -- categories ----------------------------------------------------------------------------------------------


def test_categorical_binds_levels_and_codes() -> None:
    family, codes = Categorical().bind(np.array(["b", "a", "c", "a"]), {})
    assert isinstance(family, Categorical)
    assert (family.levels, family.size, codes.tolist()) == (("a", "b", "c"), 3, [1.0, 0.0, 2.0, 0.0])
    assert Categorical().bind(np.array([True, False]), {})[0].levels == (False, True)
    declared, codes = Categorical().bind((np.array(["low", "high"]), ["low", "middle", "high"]), {})
    assert (declared.levels, codes.tolist()) == (("low", "high"), [0.0, 1.0])
    with_missing = Categorical().bind(np.array(["x", None, "y"], dtype=object), {})[1]
    np.testing.assert_array_equal(with_missing, [0.0, np.nan, 1.0])
    closed = family._closed_form(np.array([1.0, 0.0, 2.0, 0.0]), np.array([1.0, 1.0, 2.0, 0.0]), {})
    assert closed is not None
    assert closed["p"].tolist() == [0.25, 0.25, 0.5]
    assert repr(family) == "Categorical(levels=['a', 'b', 'c'])"


def test_categorical_evaluates_by_level() -> None:
    family, p = Categorical(levels=["a", "b", "c"]), [0.2, 0.3, 0.5]
    np.testing.assert_allclose(family.prob(["c", "a"], p=p), [0.5, 0.2])
    np.testing.assert_allclose(Categorical().prob(["c", "a"], p={"a": 0.2, "c": 0.8}), [0.8, 0.2])
    np.testing.assert_allclose(Categorical().prob([2, 0], p=p), [0.5, 0.2])
    np.testing.assert_allclose(family.prob(["c", "a"], p=[p, [1.0, 0.0, 0.0]]), [0.5, 1.0])
    assert family.prob("b", p=[0.5, 0.0, 0.5]) == 0.0
    assert isinstance(family.prob("b", p=p), float)
    assert Categorical(levels=["a", "b"], p=[0.1, 0.9]).prob("b") == 0.9
    drawn = family.sample(2000, seed=1, p=p)
    assert set(drawn) == {"a", "b", "c"}
    assert np.mean(drawn == "c") == pytest.approx(0.5, abs=0.05)


def test_categorical_mistakes() -> None:
    family = Categorical(levels=["a", "b"])
    for p, words in (
        ([0.5, 0.4], "sum to 1"),
        ([0.5, 0.3, 0.2], "2 entries"),
        ([1.5, -0.5], "each entry"),
        (0.5, "one"),
    ):
        with pytest.raises(ParameterError, match=words):
            family.prob("a", p=p)
    with pytest.raises(SupportError, match="not among the levels 'a', 'b'"):
        family.bind(np.array(["a", "z"]), {})
    with pytest.raises(DataError, match="two or more"):
        Categorical().bind(np.array(["a", "a"]), {})
    with pytest.raises(DataError, match="mix types"):
        Categorical().bind(np.array(["a", 1], dtype=object), {})
    for call in (family.cdf, family.quantile, family.sf):
        with pytest.raises(OptionError, match="no order"):
            call(0.5, p=[0.5, 0.5])
    for moment in (family.mean, family.variance):
        with pytest.raises(OptionError, match="no order"):
            moment(p=[0.5, 0.5])
    with pytest.raises(OptionError, match="not known yet"):
        _ = Categorical().size


# -- the list ------------------------------------------------------------------------------------------------


def test_get_family_reads_any_spelling() -> None:
    for spec in ("student_t", "StudentT", "Student-t", "student t"):
        assert get_family(spec) == StudentT()
    assert get_family("negbin") == NegativeBinomial()
    assert get_family("Gaussian") == Normal()
    assert get_family(Poisson) == Poisson()
    known = Binomial(n=3)
    assert get_family(known) is known
    with pytest.raises(UnknownNameError, match="did you mean 'poisson'"):
        get_family("poison")
    with pytest.raises(OptionError, match="a family is"):
        get_family(3)


def test_no_name_means_two_families() -> None:
    names = [n for f in FAMILIES.values() for n in {f.__name__.lower(), f.name.replace("_", ""), *f.aliases}]
    assert len(names) == len(set(names))
    assert all(name == family.name for name, family in FAMILIES.items())


# -- references outside the checkout -------------------------------------------------------------------------

reference = pytest.mark.skipif(not REFERENCE.exists(), reason="needs the reference cases beside the checkout")


@reference
def test_mpmath_extremes() -> None:
    points = json.loads((REFERENCE / "mpmath" / "logdensity_extremes.json").read_text())["points"]
    checked = 0
    for point in points:
        a, y = {k: float(v) for k, v in point["params"].items()}, float(point["x"])
        match point["dist"]:
            case "poisson":
                got, tolerance = Poisson().log_prob(y, rate=a["lam"]), 1e-15
            case "binomial":
                got, tolerance = Binomial(n=a["n"]).log_prob(y, p=a["p"]), 1e-15
            case "negbin":
                got, tolerance = NegativeBinomial().log_prob(y, mean=a["mu"], dispersion=1 / a["size"]), 1e-15
            case "beta":
                # at a = 2, b = 1e-6 rounding the mean to a float moves b by 1e-10
                at = {"mean": a["a"] / (a["a"] + a["b"]), "precision": a["a"] + a["b"]}
                got, tolerance = Beta().log_prob(y, **at), 2e-11 if a["b"] == 1e-6 else 1e-14
            case _:
                continue
        checked += 1
        assert got == pytest.approx(float(point["logpdf"]), rel=tolerance, abs=0), point
    assert checked == 209


def _named(expr: str) -> tuple[Family, dict[str, float]] | None:
    """A Distributions.jl expression as a family here."""
    kind, inner = expr.rstrip(")").split("(")
    a = [float(v) for v in inner.split(",")] if inner else []
    match kind:
        case "Bernoulli":
            return Bernoulli(), {"p": (a or [0.5])[0]}
        case "Binomial":
            return Binomial(n=(a or [1.0])[0]), {"p": [*a, 0.5][1] if len(a) > 1 else 0.5}
        case "Geometric":
            return Geometric(), {"p": (a or [0.5])[0]}
        case "Poisson":
            return Poisson(), {"rate": (a or [1.0])[0]}
        case "NegativeBinomial":
            r = (a or [1.0])[0]
            p = a[1] if len(a) > 1 else 0.5
            return NegativeBinomial(), {"mean": r * (1 - p) / p, "dispersion": 1 / r}
        case "Beta":
            return Beta(), {"mean": a[0] / (a[0] + a[1]), "precision": a[0] + a[1]}
        case "Pareto":
            return Pareto(), {"shape": (a or [1.0])[0], "minimum": a[1] if len(a) > 1 else 1.0}
        case "Uniform":
            return Uniform(), {"low": (a or [0.0])[0], "high": a[1] if len(a) > 1 else 1.0}
    return None


@reference
def test_distributions_jl() -> None:
    checked = 0
    for kind in ("continuous", "discrete"):
        for case in json.loads((REFERENCE / "distributions_jl" / f"{kind}_test.ref.json").read_text()):
            found = _named(case["expr"]) if case["expr"].count("(") == 1 else None
            if found is None:
                continue
            family, params = found
            checked += 1
            for point in case["points"]:
                y = float(point["x"])
                # the references carry 15 digits, those of y included
                assert family.log_prob(y, **params) == pytest.approx(float(point["logpdf"]), rel=2e-13, abs=2e-13)
                assert family.cdf(y, **params) == pytest.approx(float(point["cdf"]), rel=2e-13, abs=2e-14)
            for name, got in (("mean", family.mean(**params)), ("var", family.variance(**params))):
                assert got == pytest.approx(float(case["properties"][name]), rel=2e-13), (case["expr"], name)
    assert checked >= 38


def test_the_reference_level_can_be_chosen():
    rng = np.random.default_rng(9)
    x = rng.normal(size=200)
    utility = np.column_stack([0 * x, x, -x]) + rng.gumbel(size=(200, 3))
    k = np.array(["bus", "car", "train"])[np.argmax(utility, axis=1)]
    data = {"k": k, "x": x}
    usual, other = lk.fit(Categorical(), data, "k ~ x"), lk.fit(Categorical(reference="car"), data, "k ~ x")
    assert other.names == ["p[bus].Intercept", "p[bus].x", "p[train].Intercept", "p[train].x"]
    assert other.loglik == pytest.approx(usual.loglik, rel=1e-12)
    assert other.coef["p[bus].x"] == pytest.approx(-usual.coef["p[car].x"], rel=1e-7)
    assert other.coef["p[train].x"] == pytest.approx(usual.coef["p[train].x"] - usual.coef["p[car].x"], rel=1e-7)
    p, q = usual.predict({"x": [0.5, 2.0]}, what="prob"), other.predict({"x": [0.5, 2.0]}, what="prob")
    for level in ("bus", "car", "train"):
        np.testing.assert_allclose(p[level], q[level], rtol=1e-7)
    assert (other.predict(what="class") == usual.predict(what="class")).all()
    assert "log-odds against car" in str(other.summary())
    assert Categorical(["a", "b", "c"], reference="c").levels == ("c", "a", "b")
    assert Categorical(p={"a": 0.2, "b": 0.8}, reference="b").prob("a") == 0.2
    with pytest.raises(ValueError, match="unknown reference level 'plane'"):
        lk.fit(Categorical(reference="plane"), data, "k ~ x")
    with pytest.raises(DataError, match="'z' does not occur"):
        lk.fit(Categorical(["bus", "car", "train", "z"], reference="z"), data, "k ~ x")


def test_multinomial_weights_and_offset():
    rng = np.random.default_rng(10)
    x = rng.normal(size=120)
    k, w = rng.choice(["a", "b", "c"], 120), 1 + np.arange(120) % 3
    weighted = lk.fit(Categorical(), {"k": k, "x": x}, "k ~ x", weights=w)
    repeated = lk.fit(Categorical(), {"k": np.repeat(k, w), "x": np.repeat(x, w)}, "k ~ x")
    np.testing.assert_allclose(list(weighted.coef.values()), list(repeated.coef.values()), rtol=1e-9)
    # the same offset for every level but the reference: it moves their common log-odds against it
    shifted = lk.fit(Categorical(), {"k": k, "x": x}, "k ~ x + offset(x)")
    free = lk.fit(Categorical(), {"k": k, "x": x}, "k ~ x")
    assert shifted.loglik == pytest.approx(free.loglik, rel=1e-12)
    assert shifted.coef["p[b].x"] == pytest.approx(free.coef["p[b].x"] - 1.0, abs=1e-7)


def test_a_reference_of_another_type_is_told() -> None:
    data = {"y": [0, 1, 0, 1, 1], "x": [1.0, 2.0, 3.0, 4.0, 2.0]}
    with pytest.raises(lk.errors.UnknownNameError, match="the levels are int: write reference=1"):
        lk.fit(lk.Categorical(reference="1"), data, "y ~ x")


def test_a_corner_under_a_penalty_is_named() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=200)
    y = 1 + 2 * x + 0.5 * rng.normal(size=200)
    fit = lk.fit("laplace", {"x": x, "y": y}, "y ~ x", penalty=lk.Ridge(1.0), on_failure="return")
    assert not fit.converged
    assert "under a penalty or constraints the search cannot follow them" in fit.status
