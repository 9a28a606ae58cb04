"""The continuous families on the real line and on positive numbers, against SciPy, mpmath and numerical maxima."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import optimize, stats

from likely.families.base import Family
from likely.families.beta import Beta
from likely.families.cauchy import Cauchy
from likely.families.exponential import Exponential
from likely.families.gamma import Gamma
from likely.families.gumbel import Gumbel
from likely.families.inverse_gaussian import InverseGaussian
from likely.families.laplace import Laplace, weighted_quantile
from likely.families.log_logistic import LogLogistic
from likely.families.log_normal import LogNormal
from likely.families.logistic import Logistic
from likely.families.normal import Normal
from likely.families.skew_normal import SkewNormal
from likely.families.student_t import StudentT
from likely.families.weibull import Weibull

REFERENCE = Path(__file__).parents[2].parent / "shared" / "reference"

# family -> parameters, and the SciPy distribution that they mean, written out independently of Family._scipy
CASES: list[tuple[Family, dict[str, float], Any]] = [
    (Laplace(), {"loc": 0.3, "scale": 1.7}, stats.laplace(0.3, 1.7)),
    (StudentT(), {"loc": -1.0, "scale": 0.5, "df": 4.5}, stats.t(4.5, -1.0, 0.5)),
    (StudentT(), {"loc": 2.0, "scale": 3.0, "df": 0.7}, stats.t(0.7, 2.0, 3.0)),
    (Logistic(), {"loc": 1.0, "scale": 2.0}, stats.logistic(1.0, 2.0)),
    (Cauchy(), {"loc": -2.0, "scale": 0.4}, stats.cauchy(-2.0, 0.4)),
    (Gumbel(), {"loc": 0.5, "scale": 1.5}, stats.gumbel_r(0.5, 1.5)),
    (SkewNormal(), {"loc": 0.5, "scale": 1.5, "shape": -2.5}, stats.skewnorm(-2.5, 0.5, 1.5)),
    (SkewNormal(), {"loc": 0.0, "scale": 1.0, "shape": 0.0}, stats.norm(0.0, 1.0)),
    (Exponential(), {"rate": 0.4}, stats.expon(scale=2.5)),
    (InverseGaussian(), {"mean": 2.0, "shape": 3.0}, stats.invgauss(2.0 / 3.0, scale=3.0)),
    (Weibull(), {"scale": 2.0, "shape": 1.6}, stats.weibull_min(1.6, scale=2.0)),
    (Weibull(), {"scale": 0.5, "shape": 0.6}, stats.weibull_min(0.6, scale=0.5)),
    (LogNormal(), {"mu": 0.7, "sigma": 0.8}, stats.lognorm(0.8, scale=math.exp(0.7))),
    (LogLogistic(), {"scale": 2.0, "shape": 3.5}, stats.burr12(3.5, 1.0, scale=2.0)),
]
FAMILIES = list({type(family): family for family, _, _ in CASES}.values())
cases = pytest.mark.parametrize(
    ("family", "params", "dist"), CASES, ids=[f"{f.name}-{i}" for i, (f, _, _) in enumerate(CASES)]
)
families = pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.name)


def grid(dist: Any) -> Any:
    """Values across the distribution, its tails included."""
    return dist.ppf([1e-6, 0.01, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 0.99, 1.0 - 1e-6])


def positive(family: Family) -> bool:
    return family.support.lower == 0.0


# --- values ----------------------------------------------------------------------------------------


@cases
def test_log_prob_is_scipys(family: Family, params: dict[str, float], dist: Any) -> None:
    y = grid(dist)
    np.testing.assert_allclose(family.log_prob(y, **params), dist.logpdf(y), rtol=1e-11, atol=1e-13)


@cases
def test_distribution(family: Family, params: dict[str, float], dist: Any) -> None:
    y = grid(dist)
    np.testing.assert_allclose(family.cdf(y, **params), dist.cdf(y), rtol=1e-12)
    np.testing.assert_allclose(family.sf(y, **params), dist.sf(y), rtol=1e-12)
    np.testing.assert_allclose(family.quantile(family.cdf(y[1:-1], **params), **params), y[1:-1], rtol=1e-8)


@cases
def test_moments(family: Family, params: dict[str, float], dist: Any) -> None:
    if isinstance(family, StudentT) and params["df"] <= 1.0:
        return
    np.testing.assert_allclose(family.mean(**params), dist.mean(), rtol=1e-12)
    np.testing.assert_allclose(family.variance(**params), dist.var(), rtol=1e-11)


@cases
def test_sample_mean(family: Family, params: dict[str, float], dist: Any) -> None:
    sample = family.sample(20_000, seed=12, **params)
    below = np.mean(sample <= dist.median())
    assert abs(below - 0.5) < 5.0 * 0.5 / math.sqrt(sample.size)
    if np.isfinite(family.variance(**params)):
        error = 5.0 * math.sqrt(family.variance(**params) / sample.size)
        assert abs(sample.mean() - family.mean(**params)) < error


def test_moments_that_do_not_exist() -> None:
    assert math.isnan(StudentT().mean(loc=1, scale=1, df=1.0))
    assert StudentT().mean(loc=1, scale=1, df=1.5) == 1.0
    assert math.isnan(StudentT().variance(loc=1, scale=1, df=1.0))
    assert StudentT().variance(loc=1, scale=1, df=2.0) == math.inf
    assert StudentT().derived(loc=1, scale=1, df=1.5) == {"sd": math.inf}
    assert math.isnan(Cauchy().mean(loc=1, scale=1))
    assert math.isnan(Cauchy().variance(loc=1, scale=1))
    assert LogLogistic().mean(scale=1, shape=1.0) == math.inf
    assert LogLogistic().variance(scale=1, shape=2.0) == math.inf


def test_variance_keeps_its_digits_at_large_shapes() -> None:
    # mpmath, 50 digits: gamma(1 + 2/k) - gamma(1 + 1/k)^2 and 2b/sin(2b) - (b/sin b)^2 with b = pi/k, k = 1000
    assert Weibull().variance(scale=1, shape=1000.0) == pytest.approx(1.64064268148499107e-6, rel=1e-9)
    assert LogLogistic().variance(scale=1, shape=1000.0) == pytest.approx(3.28989194492357212e-6, rel=1e-9)


@cases
def test_derived_quantities(family: Family, params: dict[str, float], dist: Any) -> None:
    expected = {"mean": dist.mean, "median": dist.median, "sd": dist.std}
    for name, value in family.derived(**params).items():
        if np.isfinite(value):
            assert value == pytest.approx(expected[name](), rel=1e-11)


def test_outside_the_support() -> None:
    for family, params, _ in CASES:
        if positive(family):
            assert family.log_prob(-1.0, **params) == -math.inf
    assert Exponential().log_prob(0.0, rate=2.0) == math.log(2.0)
    assert Weibull().log_prob(0.0, scale=1, shape=2) == -math.inf


# mpmath 1.4, 60 to 700 digits, from the textbook formula of each density at these doubles; the points of Student t,
# inverse Gaussian, skew-normal and Weibull with round parameters also in a table computed independently at 80 digits
EXTREMES: list[tuple[Family, float, tuple[float, ...], float]] = [
    (Laplace(), -1e150, (0.0, 3.0), -3.3333333333333332695e149),
    (StudentT(), 1e150, (0.0, 1.0, 0.1), -383.10288288653254691),
    (StudentT(), 2.0, (0.0, 1.0, 1e-3), -8.2990145105313808413),
    (StudentT(), 1e200, (0.0, 1.0, 3.0), -1840.8717386675238374),
    (StudentT(), -30.0, (0.0, 1.0, 1e4), -431.85053358658681895),
    (StudentT(), 1.5, (0.0, 1.0, 1e8), -2.0439385342984228051),
    (StudentT(), 1e6, (0.0, 1.0, 1e12), -346573590281.23816683),
    (StudentT(), 0.0, (0.0, 1.0, 1e12), -0.91893853320492274178),
    (StudentT(), 2.0, (0.0, 1.0, 1e15), -2.9189385332046709918),
    (Logistic(), -800.0, (0.5, 0.5), -1600.3068528194400547),
    (Logistic(), 1e6, (0.0, 1.0), -1e6),
    (Cauchy(), 1e200, (0.0, 2.0), -921.48561990290772841),
    (Cauchy(), 1e-9, (0.0, 1.0), -1.1447298858494001751),
    (Gumbel(), -5.0, (0.0, 1.0), -143.41315910257660342),
    (Gumbel(), 700.0, (0.0, 1.0), -700.0),
    (SkewNormal(), -40.0, (0.0, 1.0, 1000.0), -800000811.74136461957),
    (SkewNormal(), 2.0, (0.0, 1.0, -5.0), -55.457076503157198011),
    (SkewNormal(), 10.0, (0.0, 1.0, 2.0), -50.225791352644727432),
    (Exponential(), 1e299, (1e-300,), -690.87552789821370519),
    (Exponential(), 1e-9, (1e8,), 18.320680743952365472),
    (InverseGaussian(), 1e-12, (1.0, 1e10), -4.9999999999900001005e21),
    (InverseGaussian(), 1.00001, (1.0, 1e10), 10.093976931784004474),
    (InverseGaussian(), 1.00001, (1.0, 1e14), -4984.7508584476774112),
    (InverseGaussian(), 1.0, (1e6, 0.1), -2.1202309797017455588),
    (InverseGaussian(), 1e200, (1.0, 1.0), -4.9999999999999998487e199),
    (Weibull(), 1e-200, (1.0, 0.05), 434.49543539521468776),
    (Weibull(), 3.01, (1.0, 30.0), -227507054543993.90387),
    (Weibull(), 3.01, (3.0, 500.0), 1.4967270147442745402),
    (Weibull(), 1e-200, (2.0, 1.0), -0.69314718055994530942),
    (LogNormal(), 1e-300, (2.0, 1.5), -105963.42266566502707),
    (LogLogistic(), 1e-200, (1.0, 0.05), 434.49543539511468776),
    (LogLogistic(), 1e200, (2.0, 8.0), -4137.0285484031228326),
    (LogLogistic(), 1.0001, (1.0, 1e4), 7.5837401057655745667),
]


@pytest.mark.parametrize(
    ("family", "y", "params", "expected"), EXTREMES, ids=[f"{c[0].name}-{i}" for i, c in enumerate(EXTREMES)]
)
def test_log_prob_at_extremes(family: Family, y: float, params: tuple[float, ...], expected: float) -> None:
    named = dict(zip([p.name for p in family.parameters], params, strict=True))
    assert family.log_prob(y, **named) == pytest.approx(expected, rel=1e-11)


# --- derivatives -----------------------------------------------------------------------------------


@cases
def test_derivatives_are_those_of_the_log_density(family: Family, params: dict[str, float], dist: Any) -> None:
    y = grid(dist)[1:-1] + 1e-3  # off the median, where Laplace has its corner
    jet = family.derivatives(y, params)
    np.testing.assert_array_equal(jet.v, family.log_prob(y, **params))
    for i, (name, value) in enumerate(params.items()):
        step = 1e-5 * max(1.0, abs(value))
        up, down = ({**params, name: value + s} for s in (step, -step))
        slope = (family.log_prob(y, **up) - family.log_prob(y, **down)) / (2.0 * step)
        np.testing.assert_allclose(jet.g.get(i, 0.0) + 0.0 * y, slope, rtol=1e-6, atol=1e-7)
        above, below = family.derivatives(y, up), family.derivatives(y, down)
        for j in range(i, len(params)):
            curvature = (above.g.get(j, 0.0) - below.g.get(j, 0.0)) / (2.0 * step)
            np.testing.assert_allclose(jet.h.get((i, j), 0.0) + 0.0 * y, curvature, rtol=1e-6, atol=1e-6)


# mpmath, 100 to 700 digits: derivatives of the textbook formula, keyed by the parameters' positions
DERIVATIVES: list[tuple[Family, float, tuple[float, ...], dict[tuple[int, ...], float], float]] = [
    (
        StudentT(),
        -1e200,
        (0.3, 2.0, 3.0),
        {
            (0,): -4.0000000000000001211e-200,
            (1,): 1.5,
            (2,): -458.58141809335519131,
            (1, 1): -0.75,
            (2, 2): 0.09419963324255344843,
        },
        1e-12,
    ),
    (
        StudentT(),
        1.5,
        (0.0, 1.0, 1e6),
        {
            (0,): 1.4999981250042187405,
            (1,): 1.2499971875063281108,
            (2,): 1.0937626562095948291e-13,
            (1, 1): -5.7499814375544217241,
            (2, 2): -2.1875379685883794188e-19,
        },
        1e-8,  # what is left of the derivatives in df, eps * df of their terms
    ),
    (
        Logistic(),
        -700.0,
        (0.0, 1.0),
        {(0,): -1.0, (1,): 699.0, (0, 0): 0.0, (0, 1): 1.0, (1, 1): -1399.0},
        1e-12,
    ),
    (
        InverseGaussian(),
        1e-20,
        (0.7, 0.7),
        {
            (0,): -1.428571428571428662,
            (1,): -5.0000000000000002740e19,
            (0, 0): 4.0816326530612250076,
            (0, 1): -2.0408163265306125038,
            (1, 1): -1.0204081632653062519,
        },
        1e-12,
    ),
    (
        InverseGaussian(),
        1.00001,
        (1.0, 1e8),
        {(0,): 1000.000000006551204, (1,): 4.9500004999943449394e-9, (0, 0): -100003000.00000001965, (1, 1): -5e-17},
        1e-10,
    ),
    (
        SkewNormal(),
        -40.0,
        (0.0, 1.0, 2.0),
        {
            (0,): -200.02499219359646894,
            (1,): 7999.9996877438587575,
            (2,): -3200.4998438719293787,
            (0, 0): -4.9993755851757931933,
            (2, 2): -1599.7502340703172773,
        },
        1e-9,
    ),
]


@pytest.mark.parametrize(
    ("family", "y", "params", "expected", "tolerance"),
    DERIVATIVES,
    ids=[f"{c[0].name}-{c[1]:g}" for c in DERIVATIVES],
)
def test_derivatives_at_extremes(
    family: Family, y: float, params: tuple[float, ...], expected: dict[tuple[int, ...], float], tolerance: float
) -> None:
    jet = family.derivatives(np.array([y]), dict(zip([p.name for p in family.parameters], params, strict=True)))
    for key, value in expected.items():
        found = np.ravel(jet.g[key[0]] if len(key) == 1 else jet.h[key])[0]
        assert found == pytest.approx(value, rel=tolerance, abs=1e-290), key


def test_laplace_at_its_corner() -> None:
    jet = Laplace().derivatives(np.array([1.0]), {"loc": 1.0, "scale": 2.0})
    assert jet.g[0] == 0.0
    assert jet.g[1] == -0.5


# --- starting values and closed forms --------------------------------------------------------------

ODD_DATA = {
    "two values": np.array([1.0, 2.0]),
    "mostly ties": np.array([3.0] * 30 + [3.5, 7.0]),
    "an outlier": np.append(np.linspace(1.0, 2.0, 50), 1e9),
    "a low outlier": np.append(np.linspace(1e3, 1.1e3, 50), 1e-6),
    "huge": np.array([1.0, 2.0, 5.0]) * 1e150,
    "tiny": np.array([1.0, 2.0, 5.0]) * 1e-150,
    "extreme ratio": np.array([1e-150, 1.0, 1e150]),
}


@families
@pytest.mark.parametrize("data", ODD_DATA)
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_start_is_inside_the_domains(family: Family, data: str, sign: float) -> None:
    y = ODD_DATA[data]
    y = np.sort(1.0 / y if sign < 0 else y) if positive(family) else sign * y
    start = family._start(y, None, {})
    for p in family.parameters:
        assert np.ndim(start[p.name]) == 0
        assert p.domain.contains(start[p.name])
    assert np.all(np.isfinite(family.log_prob(y, **start)))


@cases
def test_start_is_near_the_truth(family: Family, params: dict[str, float], dist: Any) -> None:
    if params.get("shape") == 0.0:
        return  # the skew-normal start stays off shape 0, where the likelihood is stationary
    y = dist.ppf((np.arange(2_000) + 0.5) / 2_000)
    start = family._start(y, None, {})
    for name, value in params.items():
        assert start[name] == pytest.approx(value, rel=0.35, abs=0.25), name
    for name, value in params.items():  # what is known is taken as known, as a number or one per row
        for known in (value, np.full(y.shape, value)):
            again = family._start(y, None, {name: known})
            for other in set(params) - {name}:
                assert again[other] == pytest.approx(params[other], rel=0.35, abs=0.25), (name, other)


@families
def test_weights_are_frequencies(family: Family) -> None:
    y = np.array([0.5, 2.5, 1.0, 4.0, 1.5, 9.0])
    w = np.array([2, 1, 3, 2, 0, 4])
    repeated = np.repeat(y, w)
    weighted, plain = family._start(y, w, {}), family._start(repeated, None, {})
    for p in family.parameters:
        assert weighted[p.name] == pytest.approx(plain[p.name], rel=1e-12)
    best, same = family._closed_form(y, w, {}), family._closed_form(repeated, None, {})
    assert (best is None) == (same is None)
    if best is not None and same is not None:
        assert best == pytest.approx(same, rel=1e-12)


def test_weighted_quantile() -> None:
    y = np.array([5.0, 1.0, 3.0, 2.0])
    assert weighted_quantile(y, None, 0.5) == np.median(y) == 2.5
    assert weighted_quantile(y, np.ones(4), 0.5) == 2.5
    assert weighted_quantile(y, np.array([1.0, 1.0, 0.0, 0.0]), 0.5) == 3.0
    assert weighted_quantile(y, np.array([9.0, 1.0, 1.0, 1.0]), 0.5) == 5.0
    assert weighted_quantile(np.array([7.0]), np.array([2.0]), 0.95) == 7.0


CLOSED: list[tuple[Family, dict[str, str]]] = [
    (Laplace(), {}),
    (Laplace(), {"loc": "number"}),
    (Laplace(), {"loc": "array"}),
    (Laplace(), {"scale": "array"}),
    (Exponential(), {}),
    (LogNormal(), {}),
    (LogNormal(), {"mu": "array"}),
    (LogNormal(), {"sigma": "array"}),
    (InverseGaussian(), {}),
    (InverseGaussian(), {"mean": "array"}),
    (InverseGaussian(), {"shape": "number"}),
    (InverseGaussian(), {"shape": "array"}),
    (Gumbel(), {"scale": "number"}),
    (Weibull(), {"shape": "number"}),
]


@pytest.mark.parametrize(("family", "kinds"), CLOSED, ids=[f"{f.name}-{k}" for f, k in CLOSED])
@pytest.mark.parametrize("weighted", [False, True])
def test_closed_form_is_the_maximum(family: Family, kinds: dict[str, str], weighted: bool) -> None:
    rng = np.random.default_rng(5)
    y = rng.gamma(3.0, size=41)  # an odd number: the median is unique
    w = rng.integers(1, 4, size=41).astype(float) if weighted else None
    if w is not None:
        w[0] += 1.0 - w.sum() % 2.0
    known: dict[str, Any] = {
        name: 1.3 if kind == "number" else rng.uniform(0.5, 2.0, size=y.size) for name, kind in kinds.items()
    }
    best = family._closed_form(y, w, known)
    assert best is not None
    free = [p for p in family.parameters if p.name not in known]

    def nll(theta: Any) -> float:
        values = {p.name: t if p.domain.lower == -np.inf else np.exp(t) for p, t in zip(free, theta, strict=True)}
        log_prob = family.log_prob(y, **known, **values)
        return -float(np.sum(log_prob if w is None else w * log_prob))

    closed = np.array([best[p.name] if p.domain.lower == -np.inf else np.log(best[p.name]) for p in free])
    numeric = optimize.minimize(
        nll, closed + 0.1, method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-12, "maxiter": 4000}
    )
    assert nll(closed) <= numeric.fun + 1e-9
    np.testing.assert_allclose(numeric.x, closed, rtol=1e-5, atol=1e-5)


def test_no_closed_form_where_no_maximum_exists() -> None:
    same = np.full(5, 2.0)
    assert Laplace()._closed_form(same, None, {}) is None
    assert LogNormal()._closed_form(same, None, {}) is None
    assert InverseGaussian()._closed_form(same, None, {}) is None
    assert Exponential()._closed_form(np.zeros(3), None, {}) is None
    assert Gumbel()._closed_form(same, None, {"scale": np.ones(5)}) is None
    assert Weibull()._closed_form(same, None, {}) is None


# --- relations between families --------------------------------------------------------------------


def test_student_t_becomes_the_normal() -> None:
    (limit,) = StudentT.limits
    assert limit.becomes(scale=2.0) == Normal(sd=2.0)
    assert limit.becomes(loc="column") == Normal(mean="column")
    assert limit.becomes() == Normal()
    assert dict(limit.names) == {"loc": "mean", "scale": "sd"}
    y = np.linspace(-9.0, 9.0, 19)
    np.testing.assert_allclose(
        StudentT().log_prob(y, loc=1, scale=2, df=1e14), Normal().log_prob(y, mean=1, sd=2), rtol=1e-11
    )


def test_special_cases_agree() -> None:
    y = np.geomspace(1e-3, 50.0, 9)
    np.testing.assert_allclose(
        StudentT().log_prob(y, loc=1, scale=2, df=1), Cauchy().log_prob(y, loc=1, scale=2), rtol=1e-13
    )
    np.testing.assert_allclose(
        Weibull().log_prob(y, scale=4, shape=1), Exponential().log_prob(y, rate=0.25), rtol=1e-13
    )
    np.testing.assert_allclose(
        LogLogistic().log_prob(y, scale=2, shape=4),
        Logistic().log_prob(np.log(y), loc=math.log(2), scale=0.25) - np.log(y),
        rtol=1e-12,
    )
    np.testing.assert_allclose(
        Weibull().log_prob(y, scale=2, shape=3),
        Gumbel().log_prob(-np.log(y), loc=-math.log(2), scale=1 / 3) - np.log(y),
        rtol=1e-12,
    )


def test_log_normal_responds_on_the_log_scale() -> None:
    assert LogNormal.location_parameter == "mu"
    np.testing.assert_array_equal(LogNormal()._response(np.array([1.0, math.e])), [0.0, 1.0])


# --- stored tables of other software, where they are at hand ---------------------------------------


def table(path: str) -> Any:
    file = REFERENCE / path
    if not file.exists():
        pytest.skip(f"{file} is not here")
    return json.loads(file.read_text())


def test_reference_extremes() -> None:
    known = {
        "student_t": (StudentT(), {}),
        "weibull": (Weibull(), {}),
        "invgauss": (InverseGaussian(), {"lam": "shape"}),
        "skewnormal": (SkewNormal(), {"xi": "loc", "omega": "scale", "alpha": "shape"}),
    }
    points = [p for p in table("mpmath/logdensity_extremes.json")["points"] if p["dist"] in known]
    assert len(points) > 90
    for point in points:
        family, names = known[point["dist"]]
        params = {names.get(k, k): v for k, v in point["params"].items()}
        found = family.log_prob(point["x"], **params)
        assert found == pytest.approx(float(point["logpdf"]), rel=1e-11), point


def test_reference_distributions_jl() -> None:
    # type -> family, parameter names in its order, its defaults
    known: dict[str, tuple[Family, tuple[str, ...], tuple[float, ...]]] = {
        "Laplace": (Laplace(), ("loc", "scale"), (0.0, 1.0)),
        "TDist": (StudentT(loc=0.0, scale=1.0), ("df",), ()),
        "Logistic": (Logistic(), ("loc", "scale"), (0.0, 1.0)),
        "Cauchy": (Cauchy(), ("loc", "scale"), (0.0, 1.0)),
        "Gumbel": (Gumbel(), ("loc", "scale"), (0.0, 1.0)),
        "Exponential": (Exponential(), ("rate",), (1.0,)),
        "InverseGaussian": (InverseGaussian(), ("mean", "shape"), (1.0, 1.0)),
        "Weibull": (Weibull(), ("shape", "scale"), (1.0, 1.0)),
        "LogNormal": (LogNormal(), ("mu", "sigma"), (0.0, 1.0)),
        "LogLogistic": (LogLogistic(), ("scale", "shape"), (1.0, 1.0)),
    }
    rows = [row for row in table("distributions_jl/continuous_test.ref.json") if row["dtype"] in known]
    assert len(rows) > 40
    for row in rows:
        family, names, defaults = known[row["dtype"]]
        given = [float(v) for v in re.findall(r"[\d.]+", row["expr"].split("(")[1])]
        params = dict(zip(names, [*given, *defaults[len(given) :]], strict=True))
        if "rate" in params:
            params["rate"] = 1.0 / params["rate"]  # there the exponential's parameter is its mean
        for point in row["points"]:  # 15 digits are stored, of y too
            assert family.log_prob(point["x"], **params) == pytest.approx(point["logpdf"], rel=1e-11, abs=1e-13), row
            assert family.cdf(point["x"], **params) == pytest.approx(point["cdf"], rel=1e-11)
        for quantile in row["quans"]:
            expected = pytest.approx(quantile["x"], rel=1e-11, abs=1e-13)
            assert family.quantile(quantile["q"], **params) == expected
        for name, function in (("mean", family.mean), ("var", family.variance)):
            if name in row["properties"]:
                assert function(**params) == pytest.approx(float(row["properties"][name]), rel=1e-11)


@pytest.mark.parametrize(
    ("family", "params"),
    [
        (Beta(), {"mean": 0.99, "precision": 2.0}),
        (Gamma(), {"mean": 1.0, "shape": 1e-3}),
        (Weibull(), {"scale": 1.0, "shape": 1e-3}),
        (LogLogistic(), {"scale": 1.0, "shape": 1e-3}),
    ],
)
def test_random_values_lie_inside_the_support(family: Family, params: dict[str, float]) -> None:
    """What rounds to an open end of the support is the number next to it, whose log-density is a number."""
    drawn = family.sample(20_000, seed=1, **params)
    low, high = family.support.lower, family.support.upper
    assert np.all((drawn > low) & (drawn <= high if np.isinf(high) else drawn < high))
    assert np.any(drawn == np.nextafter(1.0, 0.0)) if high == 1.0 else np.any(drawn == np.finfo(float).tiny)
