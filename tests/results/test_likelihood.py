"""The two readings of one formula: probability (data vary) and likelihood (parameters vary)."""

import importlib
import math
import subprocess
import sys
import warnings

import numpy as np
import pytest
from scipy import stats

import likely as lk
from likely.errors import OptionError, ParameterError, UnderflowWarning, UnknownNameError

FLIPS = [1] * 7 + [0] * 3


@pytest.fixture
def coin():
    return lk.likelihood(lk.Bernoulli(), FLIPS)


def test_probability_and_likelihood_share_a_formula(coin):
    # 7 heads in a given order and the binomial's count of orders
    assert coin(p=0.7) == pytest.approx(0.7**7 * 0.3**3, rel=1e-14)
    assert lk.Binomial(n=10).prob(7, p=0.5) == pytest.approx(math.comb(10, 7) / 2**10, rel=1e-14)
    assert lk.likelihood(lk.Binomial(n=10), [7])(p=0.5) == pytest.approx(120 / 1024, rel=1e-14)


def test_the_table(coin):
    table = coin.table(p=[0.3, 0.5, 0.7, 0.9])
    shown = [row["likelihood"] for row in table.rows]
    assert [float(f"{v:.2g}") for v in shown] == [0.000075, 0.00098, 0.0022, 0.00048]
    assert f"{shown[2]:.5f}" == "0.00222"
    relative = [row["relative"] for row in table.rows]
    assert relative == pytest.approx([v / (0.7**7 * 0.3**3) for v in shown])
    assert relative[2] == 1.0
    assert [row["best"] for row in table.rows] == [False, False, True, False]
    assert coin.ratio({"p": 0.7}, {"p": 0.5}) == pytest.approx(2.2769, abs=1e-4)
    text = str(table)
    assert "2.3 times" in text
    assert "least surprising" in text


def test_log_nll_score_information(coin):
    assert coin.log(p=0.7) == pytest.approx(7 * math.log(0.7) + 3 * math.log(0.3))
    assert coin.nll(p=0.7) == -coin.log(p=0.7)
    assert coin.score(p=0.5) == pytest.approx(7 / 0.5 - 3 / 0.5)
    assert coin.information(p=0.5) == pytest.approx(7 / 0.25 + 3 / 0.25)


def test_certain_outcomes():
    L = lk.likelihood(lk.Bernoulli(), [0, 0, 0])
    assert L(p=0) == 1.0
    assert L(p=1) == 0.0
    assert L.log(p=1) == -math.inf


def test_curve_and_profile():
    y = stats.gamma(3, scale=2).rvs(60, random_state=1)
    L = lk.likelihood("gamma", y)
    fit = L.maximize()
    curve, profile = L.curve("shape"), L.profile("shape")
    for c in (curve, profile):
        assert c.values[0] < fit.coef["shape"] < c.values[-1]
        assert np.max(c.loglik) <= fit.loglik + 1e-9
        assert np.max(c.relative) > 0.99
    # re-estimating the others can only help
    at = L.profile("mean", [fit.coef["mean"] * 1.1])
    held = L.curve("mean", [fit.coef["mean"] * 1.1])
    assert at.loglik[0] >= held.loglik[0] - 1e-12
    # an independent maximisation of the held likelihood
    shapes = np.linspace(1, 8, 4001)
    best = max(stats.gamma(a, scale=fit.coef["mean"] * 1.1 / a).logpdf(y).sum() for a in shapes)
    assert at.loglik[0] == pytest.approx(best, abs=1e-5)


def test_profile_is_where_the_interval_ends():
    y = stats.norm(1, 2).rvs(25, random_state=3)
    L = lk.likelihood("normal", y)
    fit = L.maximize()
    lower, upper = fit.interval(0.95, method="profile")["mean"]
    drop = stats.chi2.ppf(0.95, 1) / 2
    curve = L.profile("mean", [lower, upper])
    assert curve.loglik == pytest.approx([fit.loglik - drop] * 2, abs=1e-7)
    # closed form: n log(1 + (m - mean)^2 / sd^2) = chi2
    half = np.std(y) * math.sqrt(math.expm1(2 * drop / len(y)))
    assert (lower, upper) == pytest.approx((y.mean() - half, y.mean() + half), abs=1e-8)


def test_a_million_flips_underflow_and_say_so_once():
    y = np.zeros(1_000_000)
    y[:700_000] = 1
    L = lk.likelihood(lk.Bernoulli(), y)
    with pytest.warns(UnderflowWarning, match=r"L\.log"):
        assert L(p=0.7) == 0.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert L(p=0.6) == 0.0
    assert L.log(p=0.7) == pytest.approx(700_000 * math.log(0.7) + 300_000 * math.log(0.3), rel=1e-13)


@pytest.mark.parametrize("family", ["normal", "gamma"])
def test_ten_million_rows_to_1e_12(family):
    rng = np.random.default_rng(5)
    y = rng.gamma(2.0, 1.0, 10_000_000)
    L = lk.likelihood(family, y)
    if family == "normal":
        exact = math.fsum(-0.5 * np.square(y - 2.0) - 0.5 * math.log(2 * math.pi))
        assert L.log(mean=2.0, sd=1.0) == pytest.approx(exact, rel=1e-12)
    else:
        exact = math.fsum(np.log(y) - y)
        assert L.log(mean=2.0, shape=2.0) == pytest.approx(exact, rel=1e-12)


def test_names_of_models_with_predictors():
    d = {"y": [0, 1, 1, 0, 1, 0], "x": [1.0, 2, 3, 4, 5, 6]}
    L = lk.likelihood("bernoulli", d, "y ~ x")
    assert L.names == ["p.Intercept", "p.x"]
    fit = L.maximize()
    assert L.log(fit.coef) == pytest.approx(fit.loglik, abs=1e-12)
    assert L.score(fit.coef) == pytest.approx([0, 0], abs=1e-5)


def test_mistakes(coin):
    with pytest.raises(UnknownNameError, match="'p'"):
        coin(q=0.5)
    with pytest.raises(ParameterError, match="between 0 and 1"):
        coin(p=1.5)
    with pytest.raises(ParameterError, match="missing for p"):
        coin()
    with pytest.raises(OptionError, match="equal length"):
        lk.likelihood("normal", [1.0, 2.0]).table(mean=[1, 2], sd=[1, 2, 3])
    with pytest.raises(UnknownNameError):
        coin.curve("q")


def test_intervals_sharpen_as_one_over_root_n():
    widths = []
    for n in (10, 10_000):
        y = np.repeat([1, 0], [int(0.7 * n), int(0.3 * n)])
        lower, upper = lk.fit("bernoulli", y).interval()["p"]
        widths.append(upper - lower)
    assert widths[0] > 0.45
    assert widths[1] < 0.02
    assert widths[0] / widths[1] == pytest.approx(math.sqrt(1000), rel=0.1)


def test_import_is_light():
    code = (
        "import sys, likely\n"
        "heavy = [m for m in ('jax', 'torch', 'matplotlib', 'altair', 'pandas', 'scipy.stats', 'typer', 'rich')"
        " if m in sys.modules]\n"
        "import likely as lk\n"
        "lk.fit(lk.Bernoulli(), [1] * 7 + [0] * 3).interval()\n"
        "heavy += [m for m in ('jax', 'torch', 'matplotlib', 'altair') if m in sys.modules]\n"
        "print(heavy)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"


def test_public_names_exist_and_are_not_hidden_by_their_modules():
    for name in lk.__all__:
        assert getattr(lk, name) is not None
    for module in (
        "likely.families.base",
        "likely.results.fitting",
        "likely.results.likelihoods",
        "likely.checking.comparison",
    ):
        importlib.import_module(module)
    assert callable(lk.fit)
    assert callable(lk.likelihood)
    with pytest.raises(AttributeError, match="did you mean 'Bernoulli'"):
        lk.Bernouli  # noqa: B018


def test_the_class_of_all_errors_is_a_public_name():
    assert lk.LikelyError is lk.errors.LikelyError
    with pytest.raises(lk.LikelyError, match="income"):
        lk.fit("normal", {"y": [1.0, 2.0, 3.0], "x": [0.0, 1.0, 0.5]}, "y ~ income")
