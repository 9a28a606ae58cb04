"""Families made from a user's function, and the numerical distribution behind them."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from likely.errors import FamilyError, OptionError, ParameterError, UnknownNameError
from likely.families import Gamma, NegativeBinomial, Poisson
from likely.families.base import Support
from likely.families.base.domains import NonNegative, Positive, Real, UnitInterval
from likely.families.base.numeric import NumericDistribution
from likely.families.custom import CustomFamily, family


@family(params={"rate": Positive}, support="positive")
def waiting(y: Any, rate: Any, xp: Any) -> Any:
    """Waiting times."""
    return xp.log(rate) - rate * y


@family(params={"mean": Positive, "shape": Positive}, support="positive")
def amounts(y: Any, mean: Any, shape: Any, xp: Any) -> Any:
    return shape * xp.log(shape / mean) - xp.gammaln(shape) + (shape - 1) * xp.log(y) - shape * y / mean


@family(params={"rate": NonNegative}, support="counts")
def counts(y: Any, rate: Any, xp: Any) -> Any:
    return xp.xlogy(y, rate) - rate - xp.gammaln(y + 1)


@family(params={"loc": Real, "scale": Positive})
def heavy(y: Any, loc: Any, scale: Any, xp: Any) -> Any:
    z = (y - loc) / scale
    return -xp.log(scale) - xp.log(xp.pi) - xp.log1p(z * z)


# -- the numerical distribution ------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [0.05, 0.5, 1.0, 3.0, 200.0])
def test_a_gamma_by_integration_is_scipys(shape: float) -> None:
    ref = stats.gamma(shape, scale=2.0 / shape)
    at = {"mean": 2.0, "shape": shape}
    y = ref.ppf([1e-9, 0.01, 0.3, 0.5, 0.9, 0.999])
    np.testing.assert_allclose(amounts.cdf(y, **at), ref.cdf(y), rtol=1e-11)
    np.testing.assert_allclose(amounts.sf(y, **at), ref.sf(y), rtol=1e-11)
    far = ref.isf([1e-20, 1e-100])  # 1 - cdf would be 0 here
    np.testing.assert_allclose(amounts.sf(far, **at), ref.sf(far), rtol=1e-10)
    q = np.array([1e-9, 0.01, 0.5, 0.99, 1 - 1e-9])
    np.testing.assert_allclose(amounts.quantile(q, **at), ref.ppf(q), rtol=1e-10)
    assert amounts.mean(**at) == pytest.approx(2.0, rel=1e-11)
    assert amounts.variance(**at) == pytest.approx(4.0 / shape, rel=1e-11)
    assert amounts.quantile([0.0, 1.0], **at).tolist() == [0.0, np.inf]
    assert amounts.cdf([-1.0, 0.0, np.inf], **at).tolist() == [0.0, 0.0, 1.0]


@pytest.mark.parametrize("rate", [0.02, 3.0, 1e4, 1e6])
def test_a_poisson_by_summation_is_scipys(rate: float) -> None:
    ref, exact = stats.poisson(rate), NumericDistribution(Poisson(), {"rate": rate})
    y = np.unique(ref.ppf([1e-6, 0.01, 0.5, 0.9]))
    np.testing.assert_allclose(exact.cdf(y), ref.cdf(y), rtol=1e-11)
    np.testing.assert_allclose(exact.sf(y), ref.sf(y), rtol=1e-11)
    q = np.array([1e-6, 0.01, 0.5, 0.99, 0.9999])
    np.testing.assert_array_equal(exact.ppf(q), ref.ppf(q))
    assert exact.mean() == pytest.approx(rate, rel=1e-12)
    assert exact.var() == pytest.approx(rate, rel=1e-10)
    np.testing.assert_allclose(counts.cdf(y, rate=rate), ref.cdf(y), rtol=1e-8)  # gammaln's own error


def test_far_quantiles_of_a_slowly_falling_count() -> None:
    at = {"mean": 1e5, "dispersion": 30.0}
    exact = NumericDistribution(NegativeBinomial(), at)
    q = np.array([0.01, 0.3, 0.5, 0.9, 0.999, 1 - 1e-9])
    np.testing.assert_allclose(exact.ppf(q), NegativeBinomial().quantile(q, **at), rtol=0, atol=0.5)
    y = np.array([0.0, 1e3, 1e6, 1e7, 5e7])
    np.testing.assert_allclose(exact.sf(y), NegativeBinomial().sf(y, **at), rtol=1e-11)
    assert exact.mean() == pytest.approx(1e5, rel=1e-11)


def test_heavy_tails_over_the_whole_line() -> None:
    ref = stats.cauchy(3.0, 0.5)
    y = np.array([-1e12, -40.0, 2.5, 3.0, 1e6, 1e100])
    np.testing.assert_allclose(heavy.cdf(y, loc=3.0, scale=0.5), ref.cdf(y), rtol=1e-11)
    np.testing.assert_allclose(heavy.sf(y, loc=3.0, scale=0.5), ref.sf(y), rtol=1e-11)
    assert np.isnan(heavy.mean(loc=3.0, scale=0.5))


def test_infinite_moments_say_so() -> None:
    @family(params={"shape": Positive}, support=(1.0, np.inf))
    def power(y: Any, shape: Any, xp: Any) -> Any:
        return xp.log(shape) - (shape + 1) * xp.log(y)

    assert power.mean(shape=0.7) == np.inf
    assert power.mean(shape=1.5) == pytest.approx(3.0, rel=1e-9)
    assert power.variance(shape=1.5) == np.inf
    assert power.variance(shape=3.0) == pytest.approx(0.75, rel=1e-9)


def test_singular_ends_of_an_interval() -> None:
    @family(params={"a": Positive}, support="unit")
    def arcsine(y: Any, a: Any, xp: Any) -> Any:
        return (a - 1) * (xp.log(y) + xp.log1p(-y)) - xp.betaln(a, a)

    ref = stats.beta(0.5, 0.5)
    y = np.array([1e-20, 1e-3, 0.5, 0.999])
    np.testing.assert_allclose(arcsine.cdf(y, a=0.5), ref.cdf(y), rtol=1e-10)
    assert arcsine.variance(a=0.5) == pytest.approx(0.125, rel=1e-10)
    assert np.all((arcsine.sample(1000, seed=1, a=0.01) > 0) & (arcsine.sample(1000, seed=1, a=0.01) < 1))


@pytest.mark.parametrize("size", [50, 20_000])
def test_samples_follow_the_density(size: int) -> None:
    at = {"mean": 2.0, "shape": 0.5}
    drawn = amounts.sample(size, seed=7, **at)
    assert stats.kstest(drawn, stats.gamma(0.5, scale=4.0).cdf).pvalue > 0.01
    np.testing.assert_array_equal(drawn, amounts.sample(size, seed=7, **at))
    whole = counts.sample(size, seed=7, rate=4.0)
    assert whole.mean() == pytest.approx(4.0, abs=8 / np.sqrt(size))


def test_parameters_broadcast() -> None:
    y, shape = np.array([1.0, 2.0, 3.0]), np.array([0.5, 3.0, 3.0])
    np.testing.assert_allclose(
        amounts.cdf(y, mean=2.0, shape=shape), stats.gamma(shape, scale=2.0 / shape).cdf(y), rtol=1e-11
    )
    assert amounts.mean(mean=np.array([1.0, 4.0]), shape=2.0) == pytest.approx([1.0, 4.0])
    assert amounts.sample(mean=np.array([1.0, 4.0]), shape=2.0, seed=1).shape == (2,)


def test_a_density_that_is_none_is_refused() -> None:
    @family(params={"rate": Positive})
    def endless(y: Any, rate: Any, xp: Any) -> Any:
        return xp.log(rate) - rate * y

    @family(params={"rate": Positive}, support="positive")
    def half(y: Any, rate: Any, xp: Any) -> Any:
        return xp.log(rate) - rate * y - xp.log(2.0 * rate / rate)

    @family(params={"rate": Positive})
    def not_a_number(y: Any, rate: Any, xp: Any) -> Any:
        return xp.log(rate * y)

    with pytest.raises(FamilyError, match="does not come to an end"):
        endless.cdf(1.0, rate=1.0)
    with pytest.raises(FamilyError, match=r"sum to 0\.5 .* not to 1"):
        half.cdf(1.0, rate=1.0)
    with pytest.raises(FamilyError, match="not a number at y"):
        not_a_number.cdf(1.0, rate=1.0)


# -- the decorator ---------------------------------------------------------------------------------------------


def test_a_function_becomes_a_family() -> None:
    assert isinstance(waiting, CustomFamily)
    assert (repr(waiting), waiting.name, waiting.title) == ("waiting()", "waiting", "waiting")
    assert type(waiting).__doc__.startswith("Waiting times.\n\nParameters\n")
    assert waiting.prob(2.0, rate=1) == pytest.approx(np.exp(-2))
    assert waiting.prob(-1.0, rate=1) == 0.0
    known = waiting(rate=1.5)
    assert (repr(known), known.free) == ("waiting(rate=1.5)", ())
    assert known.prob(1.0) == waiting.prob(1.0, rate=1.5)
    assert waiting.known == {}
    jet = amounts.derivatives(np.array([1.0, 3.0]), {"mean": 2.0, "shape": 1.5})
    ref = Gamma().derivatives(np.array([1.0, 3.0]), {"mean": 2.0, "shape": 1.5})
    np.testing.assert_allclose(jet.g[1], ref.g[1], rtol=1e-12)
    np.testing.assert_allclose(jet.h[0, 1], ref.h[0, 1], rtol=1e-12)


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ("real", "real numbers"),
        ("positive", "numbers > 0"),
        ("nonnegative", "numbers >= 0"),
        ("unit", "numbers > 0 and < 1"),
        ("counts", "whole numbers >= 0"),
        ((0, 5), "numbers >= 0 and <= 5"),
        ((2, np.inf), "numbers >= 2"),
        (Support(upper=3.0), "numbers < 3"),
    ],
)
def test_support(spec: Any, text: str) -> None:
    @family(params={"a": Real}, support=spec)
    def some(y: Any, a: Any, xp: Any) -> Any:
        return 0.0 * y + a

    assert some.support.text == text
    assert some.discrete == (spec == "counts")


def test_discrete_support_ends_at_whole_numbers() -> None:
    @family(params={"a": Real}, support="positive", discrete=True)
    def ranks(y: Any, a: Any, xp: Any) -> Any:
        return 0.0 * y + a

    assert ranks.support.text == "whole numbers >= 1"
    assert ranks.prob([0, 1, 1.5], a=0.0).tolist() == [0.0, 1.0, 0.0]


def test_hooks_take_the_place_of_numerical_work() -> None:
    calls: list[str] = []

    def spy(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: Any, **kwargs: Any) -> Any:
            calls.append(name)
            return function(*args, **kwargs)

        return called

    @family(
        params={"rate": Positive},
        support="positive",
        start=spy("start", lambda y: {"rate": 1 / y.mean()}),
        cdf=spy("cdf", lambda y, rate: -np.expm1(-rate * y)),
        quantile=spy("quantile", lambda q, rate: -np.log1p(-q) / rate),
        mean=lambda rate: 1 / rate,
        variance=lambda rate: 1 / rate**2,
        derived=lambda rate, xp: {"log_rate": xp.log(rate)},
        closed_form=lambda y: {"rate": 1 / y.mean()},
    )
    def fast(y: Any, rate: Any, xp: Any) -> Any:
        return xp.log(rate) - rate * y

    assert fast.cdf([-1.0, 1.0, np.inf], rate=2.0) == pytest.approx([0.0, 1 - np.exp(-2), 1.0])
    assert fast.sf(1.0, rate=2.0) == pytest.approx(np.exp(-2))  # no hook: integrated
    assert fast.quantile(0.5, rate=2.0) == pytest.approx(np.log(2) / 2)
    assert fast.mean(rate=2.0) == 0.5
    assert fast.variance(rate=2.0) == 0.25
    assert fast.derived(rate=1.0) == {"log_rate": 0.0}
    assert fast.sample(3, seed=1, rate=1.0).shape == (3,)
    y = np.array([1.0, 3.0])
    assert fast._start(y, None, {}) == {"rate": 0.5}
    assert fast._closed_form(y, None, {}) == {"rate": 0.5}
    assert fast._closed_form(y, np.ones(2), {}) is None  # a formula without weights would be wrong with them
    assert calls == ["cdf", "quantile", "quantile", "start"]


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
def test_default_start_is_near_the_data(scale: float) -> None:
    y = stats.gamma(3.0, scale=scale).rvs(2000, random_state=1)
    start = amounts._start(y, None, {})
    assert 0.3 < start["mean"] / y.mean() < 3
    moved = heavy._start(1e5 + y, None, {})
    assert abs(moved["loc"] - 1e5 - np.median(y)) < 3 * y.std()
    assert 0.05 < moved["scale"] / y.std() < 3
    assert set(amounts(shape=3.0)._start(y, None, {"shape": 3.0})) == {"mean"}
    outlier = np.append(y, 1e9 * scale)
    weights = np.append(np.ones(len(y)), 0.0)
    assert amounts._start(outlier, weights, {})["mean"] < 10 * scale


def test_pickling() -> None:
    again = pickle.loads(pickle.dumps(waiting))
    assert again is waiting
    known = pickle.loads(pickle.dumps(waiting(rate=2.0)))
    assert known == waiting(rate=2.0)
    assert known.prob(1.0) == waiting.prob(1.0, rate=2.0)


def test_mistakes_are_explained() -> None:
    with pytest.raises(FamilyError, match="'mu', but params has 'rate'"):

        @family(params={"rate": Positive})
        def one(y: Any, mu: Any, xp: Any) -> Any:
            return -mu * y

    with pytest.raises(FamilyError, match="last argument must be xp"):

        @family(params={"rate": Positive})
        def two(y: Any, rate: Any) -> Any:
            return -rate * y

    with pytest.raises(FamilyError, match=r"write @lk\.family"):

        @family  # type: ignore[arg-type]
        def three(y: Any, rate: Any, xp: Any) -> Any:
            return -rate * y

    with pytest.raises(FamilyError, match=r"rate='positive'"):
        family(params={"rate": "positive"})  # type: ignore[dict-item]
    with pytest.raises(FamilyError, match="cannot be called 'size'"):
        family(params={"size": Positive})
    with pytest.raises(FamilyError, match="at least one parameter"):
        family(params={})
    with pytest.raises(FamilyError, match="cdf must be a function"):
        family(params={"rate": Positive}, cdf=3)  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match="did you mean 'positive'"):
        family(params={"rate": Positive}, support="postive")
    with pytest.raises(OptionError, match="low < high"):
        family(params={"rate": Positive}, support=(3, 1))
    with pytest.raises(FamilyError, match=r"waiting\.log_prob"):
        waiting(2.0, rate=1.0)
    with pytest.raises(UnknownNameError, match="unknown parameter 'rat'"):
        waiting(rat=1.0)
    with pytest.raises(ParameterError, match="a positive number"):
        waiting.prob(1.0, rate=-1.0)


def test_numpy_inside_the_density_is_explained() -> None:
    @family(params={"p": UnitInterval}, support=(0, 1), discrete=True)
    def coin(y: Any, p: Any, xp: Any) -> Any:
        return np.where(y == 1, np.log(p), np.log(1 - p))

    assert coin.prob([0, 1], p=0.25).tolist() == [0.75, 0.25]
    with pytest.raises((FamilyError, TypeError)):
        coin.derivatives(np.array([0.0, 1.0]), {"p": 0.25})
