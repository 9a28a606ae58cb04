"""Whether a search that says it found a peak has: plateaus, lower peaks, ends of domains, data of any size."""

import math
from itertools import combinations

import mpmath
import numpy as np
import pytest

import likely as lk
from likely.errors import FitError

REAL = ("normal", "logistic", "gumbel", "student_t", "cauchy", "skew_normal")


def groups(seed=0, low=-1.0):
    g = np.repeat(["a", "b"], 30)
    return {"g": g, "y": np.where(g == "a", 5.0, low) + np.random.default_rng(seed).normal(size=60)}


# -- plateaus ------------------------------------------------------------------------------------------------


REACH = {"log": "T.b] runs to -infinity", "sqrt": "T.b] runs to 0", "power(-0.5)": "T.b] runs to infinity"}


@pytest.mark.parametrize(
    ("family", "link"), [*((f, "log") for f in REAL), ("normal", "sqrt"), ("cauchy", "power(-0.5)")]
)
def test_a_group_beyond_the_reach_of_its_link(family, link):
    with pytest.raises(FitError) as caught:
        lk.fit(family, groups(), "y ~ g", link=link)
    text = str(caught.value)
    assert REACH[link] in text
    assert "30 of 60 rows" in text
    assert "link='identity'" in text


def test_the_same_as_a_record():
    fit = lk.fit("logistic", groups(), "y ~ g", link="log", on_failure="return")
    assert not fit.converged
    assert "runs to -infinity" in fit.status
    assert set(fit.stderr.values()) == {None}


def test_a_group_beyond_reach_beside_others():
    data = groups()
    x = np.linspace(-1, 1, 60)
    three = {**data, "x": x, "h": np.resize(["u", "v", "w"], 60)}
    for formula, extra in (("y ~ g + x", {}), ("y ~ g", {"sd": "~ x"}), ("y ~ g + h", {"sd": "~ g"})):
        with pytest.raises(FitError, match=r"T\.b\] runs to -infinity"):
            lk.fit("normal", three, formula, link="log", **extra)
    with pytest.raises(FitError, match=r"mean runs to 0.*log link"):
        lk.fit("normal", data["y"] - 20, link="log")


def test_the_peak_across_the_pole_of_an_inverse_link():
    # 1/eta reaches values below 0, from the other side
    data = groups()
    fit = lk.fit("normal", data, "y ~ g", link="inverse")
    assert fit.loglik == pytest.approx(lk.fit("normal", data, "y ~ g").loglik, abs=1e-8)
    assert fit.converged


def test_a_mean_that_is_small_yet_within_reach_is_a_peak():
    data = groups(low=0.05)
    data["y"] += 0.05 - np.mean(data["y"][30:])
    fit = lk.fit("normal", data, "y ~ g", link="log")
    assert fit.status == "converged"
    assert math.exp(fit.coef["mean.Intercept"] + fit.coef["mean.g[T.b]"]) == pytest.approx(0.05, rel=1e-5)


@pytest.mark.parametrize("y", [[5.0, 5.0, 1.0, 9.0], [1.0, 0.0, 0.0, 2.0, -1.0, 0.0], [0.0, 0.0, 3.0, 7.0]])
def test_half_of_a_cauchy_sample_tied(y):
    # at loc = the tied value the log-likelihood falls in scale from its limit at 0 on
    with pytest.raises(FitError, match=r"scale runs to 0|flat along scale"):
        lk.fit("cauchy", y)


def test_a_curve_of_equally_likely_values():
    # of two observations of a Cauchy, every (loc, scale) on a half circle about them has the same likelihood
    L = lk.likelihood("cauchy", [1.0, 2.0])
    assert L.log(loc=1.9, scale=0.3) == pytest.approx(L.log(loc=1.5, scale=0.5), abs=1e-12)
    with pytest.raises(FitError, match="do not identify loc"):
        lk.fit("cauchy", [1.0, 2.0])


def test_half_of_every_group_tied():
    y = [5.0, 5.0, 1.0, 9.0, 20.0, 20.0, 11.0, 30.0]
    with pytest.raises(FitError, match="scale runs to 0"):
        lk.fit("cauchy", {"y": y, "g": list("aaaabbbb")}, "y ~ g")


# -- several peaks -------------------------------------------------------------------------------------------


def perturbed(fit, family, data, formula, **options):
    """The highest of the peaks that some other starts lead to."""
    best, rng = -np.inf, np.random.default_rng(5)
    for _ in range(6):
        start = {
            k: v + rng.normal() * max(0.5, abs(v)) if "." in k else v * np.exp(rng.normal())
            for k, v in fit.coef.items()
        }
        other = lk.fit(family, data, formula, start=start, on_failure="return", **options)
        best = max(best, other.loglik if other.converged else -np.inf)
    return best


@pytest.mark.parametrize(
    ("family", "link"),
    [
        ("cauchy", None),
        ("cauchy", "sqrt"),
        ("inverse_gaussian", "log"),
        ("inverse_gaussian", "sqrt"),
        ("gamma", "sqrt"),
    ],
)
def test_no_other_start_leads_higher(family, link):
    for seed in range(2):
        rng = np.random.default_rng(seed)
        x, g = rng.normal(size=20), rng.choice(list("abc"), 20)
        y = np.exp(0.5 * x) * rng.gamma(1.0, 1.0, 20) + 1e-3
        if link is None:
            y = x + (g == "b") + rng.standard_cauchy(20)
        data = {"x": x, "g": g, "y": y}
        fit = lk.fit(family, data, "y ~ x + g", link=link)
        assert perturbed(fit, family, data, "y ~ x + g", link=link) <= fit.loglik + 1e-6


def test_a_lower_peak_is_noted():
    y = [0.0, 0.3, -0.2, 20.0, 20.1]
    fit = lk.fit(lk.Cauchy(scale=1), y)
    assert fit.coef["loc"] == pytest.approx(0.0689, abs=1e-3)
    assert "several peaks" in fit.note
    assert lk.fit(lk.Cauchy(scale=1), y, start={"loc": 20.0}).loglik == pytest.approx(fit.loglik)
    other = lk.likelihood(lk.Cauchy(scale=1), y).log(loc=20.0)
    assert fit.loglik - other == pytest.approx(5.87, abs=0.01)
    assert "5.87 above the next" in fit.note


def test_the_normal_limit_of_students_t_beside_a_peak():
    y = [-1.02, -0.62, -1.38, 51.8, 50.4]
    fit = lk.fit("student_t", y)
    assert fit.coef["df"] == math.inf
    assert fit.loglik == pytest.approx(lk.fit("normal", y).loglik)


def test_skew_normal_leaves_its_stationary_point():
    rng = np.random.default_rng(3)
    n = 100
    x, z = rng.standard_t(1.5, n), rng.integers(0, 2, n)
    e = np.abs(rng.normal(size=n)) * 0.9 + 0.4 * rng.normal(size=n)
    data = {"x": x, "z": z, "y": np.where(rng.random(n) < 0.3, 0.0, 3.0 * z + e)}
    fit = lk.fit("skew_normal", data, "y ~ x + z", on_failure="return")
    for shape in (-3.0, 3.0):
        other = lk.fit("skew_normal", data, "y ~ x + z", start={**fit.coef, "shape": shape}, on_failure="return")
        assert other.loglik <= fit.loglik + 1e-6
    assert fit.loglik > lk.fit("normal", data, "y ~ x + z").loglik + 1e-3  # which shape 0 is


def test_skewness_that_runs_to_infinity_beside_a_peak():
    # at shape = inf the density is half a normal's: with constants, loc = min(y) and scale = root mean square above it
    y = np.random.default_rng(4).weibull(1.1, 25)
    edge = np.sqrt(np.mean((y - y.min()) ** 2))
    supremum = len(y) * (np.log(2 / edge) - 0.5 * np.log(2 * np.pi) - 0.5)
    fit = lk.fit("skew_normal", y, on_failure="return")
    assert not fit.converged
    assert "shape runs to infinity" in fit.status
    assert fit.loglik == pytest.approx(supremum, abs=1e-2)


def test_a_spread_along_a_column_has_several_peaks():
    rng = np.random.default_rng(9)
    n = int(rng.integers(6, 30))
    x, g = rng.standard_t(2, n), rng.choice(list("ab"), n)
    data = {"x": x, "g": g, "y": rng.gamma(2, np.exp(np.clip(0.3 * x, -3, 3)), n)}
    fit = lk.fit("gamma", data, "y ~ x + g", shape="~ x")
    assert "several peaks" in fit.note
    start = {"mean.Intercept": 1.05, "mean.x": 0.03, "mean.g[T.b]": 1.7, "shape.Intercept": -0.4, "shape.x": 1.7}
    assert fit.loglik >= lk.fit("gamma", data, "y ~ x + g", shape="~ x", start=start).loglik - 1e-6


VOUCHED = [
    lk.Bernoulli(),
    lk.Binomial(n=7),
    lk.Geometric(),
    lk.Poisson(),
    lk.NegativeBinomial(dispersion=0.8),
    lk.Exponential(),
    lk.Gamma(shape=0.8),
    lk.InverseGaussian(shape=0.8),
    lk.Normal(sd=0.8),
    lk.Logistic(scale=0.8),
    lk.Gumbel(scale=0.8),
    lk.Huber(scale=0.8, k=1.3),
    lk.LogNormal(sigma=0.8),
    lk.Weibull(shape=0.8),
    lk.LogLogistic(shape=0.8),
]


@pytest.mark.parametrize("family", VOUCHED, ids=lambda family: family.name)
def test_links_that_a_family_vouches_for_make_it_concave(family):
    rng = np.random.default_rng(0)
    y = {"bernoulli": rng.integers(0, 2, 40), "binomial": rng.integers(0, 8, 40), "geometric": rng.poisson(3, 40)}.get(
        family.name, rng.poisson(3, 40) if family.support.integer else rng.gamma(1.0, 2.0, 40) + 1e-3
    )
    first = family.parameters[0]
    low, high = first.typical_range
    for link in family.concave[first.name]:
        eta = first.domain.get_link(first.name, link).forward(rng.uniform(low, high, 40))
        L = lk.likelihood(family, {"y": y.astype(float), "eta": eta}, "y ~ 0 + eta", link=link)
        second = L.function.objective.row_jet(np.ones(1), slice(None), 2).h[0, 0]
        assert np.all(second <= 1e-9), link


# -- ends of domains -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("link", ["log", "identity", "sqrt", "inverse", "inverse_squared", "power(0.3)", "softplus"])
def test_counts_that_are_all_0_under_any_link(link):
    fit = lk.fit("poisson", [0] * 4, link=link)
    assert fit.status.startswith("boundary")
    assert (fit.coef["rate"], fit.stderr["rate"]) == (0.0, None)
    lower, upper = fit.interval(method="profile")["rate"]
    assert lower == 0.0
    assert upper == pytest.approx(1.920729410347062 / 4, rel=1e-8)


@pytest.mark.parametrize("link", ["identity", "cauchit", "log", "probit"])
def test_no_success_under_any_link(link):
    fit = lk.fit("bernoulli", [0] * 5, link=link)
    assert fit.status.startswith("boundary")
    assert (fit.coef["p"], fit.stderr["p"]) == (0.0, None)


def test_dispersion_of_counts_that_are_all_0():
    for link in (None, {"mean": "inverse"}):
        fit = lk.fit("negbin", [0] * 12, link=link)
        assert "do not identify dispersion" in fit.status
        assert tuple(fit.interval(method="profile")["dispersion"]) == (0.0, math.inf)


# -- data of any size ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["cauchy", "student_t", "skew_normal", "logistic", "gumbel"])
@pytest.mark.parametrize("level", [1e10, 1e14])
def test_data_far_from_zero(family, level):
    rng = np.random.default_rng(1)
    y = np.round(64 * 3 * rng.standard_t(4, 40)) / 64  # a multiple of what 1e14 is told by
    x = rng.normal(size=40)
    w = rng.integers(1, 4, 40)
    for formula in ("y ~ 1", "y ~ x"):
        near = lk.fit(family, {"y": y, "x": x, "w": w}, formula, weights="w", on_failure="return")
        far = lk.fit(family, {"y": y + level, "x": x, "w": w}, formula, weights="w", on_failure="return")
        assert far.converged == near.converged
        if near.converged:
            assert far.loglik == pytest.approx(near.loglik, rel=1e-9)
            scale = next(k for k in near.names if k in ("scale", "sd"))
            assert far.coef[scale] == pytest.approx(near.coef[scale], rel=1e-6)


def test_a_weibull_peak_over_300_orders_of_magnitude():
    y = [1e-300, 1e-200, 1.0]
    with mpmath.workdps(40):
        t = [mpmath.log(mpmath.mpf(v)) for v in ("1e-300", "1e-200", "1")]

        def slope(k):  # of the profile log-likelihood in the shape
            p = [mpmath.exp(k * v) for v in t]
            return 3 / k + sum(t) - 3 * sum(a * b for a, b in zip(p, t, strict=True)) / sum(p)

        k = mpmath.findroot(slope, (mpmath.mpf("0.001"), mpmath.mpf("0.01")), solver="anderson")
        level = sum(mpmath.exp(k * v) for v in t) / 3
        value = 3 * mpmath.log(k) - 3 * mpmath.log(level) + (k - 1) * sum(t) - 3
    fit = lk.fit("weibull", y)
    assert fit.loglik == pytest.approx(float(value), abs=1e-9)
    assert fit.coef["shape"] == pytest.approx(float(k), rel=1e-8)


def test_a_log_logistic_is_a_logistic_of_logarithms():
    for seed in range(4):
        y = 10.0 ** np.random.default_rng(seed).uniform(-70, 70, 15)
        expected = lk.fit("logistic", np.log(y)).loglik - np.log(y).sum()
        assert lk.fit("log_logistic", y).loglik == pytest.approx(expected, abs=1e-8)


def test_values_that_no_square_can_hold_are_named():
    y = np.random.default_rng(0).gamma(2, 1, 40) * 1e-200
    for family in ("skew_normal", "cauchy", "student_t", "normal"):
        with pytest.raises(FitError, match="Rescale the response"):
            lk.fit(family, y)


@pytest.mark.parametrize("family", ["log_logistic", "gamma", "weibull", "normal"])
def test_held_beside_near_collinear_columns(family):
    rng = np.random.default_rng(0)
    x, z = rng.normal(size=40), rng.normal(size=40)
    data = {"x": x, "x2": x + 1e-6 * rng.normal(size=40), "z": z, "y": rng.gamma(2, np.exp(0.3 * x + 0.2 * z))}
    free = lk.fit(family, data, "y ~ x + x2 + z")
    names = free.names
    for held in ([names[3]], [names[1]], [names[0], names[3]]):
        fit = lk.fit(family, data, "y ~ x + x2 + z", fixed={name: free.coef[name] for name in held})
        assert fit.loglik == pytest.approx(free.loglik, abs=1e-7)
        assert [fit.coef[name] for name in held] == [free.coef[name] for name in held]
        assert [fit.stderr[name] for name in held] == [None] * len(held)
    one = lk.fit(family, data, "y ~ x + x2 + z", fixed={names[3]: free.coef[names[3]]})
    assert one.stderr[names[2]] == pytest.approx(free.stderr[names[2]], rel=0.05)


def test_a_bound_beside_columns_far_from_zero():
    z = np.linspace(1000, 1001, 40)
    data = {"z": z, "y": np.exp(np.random.default_rng(0).normal(size=40))}
    fit = lk.fit("gamma", data, "y ~ z + I(z**2)", bounds={"mean.z": (0, None)})
    assert fit.loglik <= lk.fit("gamma", data, "y ~ z + I(z**2)").loglik + 1e-9
    assert fit.coef["mean.z"] >= 0.0


def test_records_that_hold_arrays_are_compared_by_identity():
    data = groups()
    one, other = (lk.fit("normal", data, "y ~ g", fixed={"mean.g[T.b]": 0.0}) for _ in range(2))
    for part in (
        lambda fit: fit,
        lambda fit: fit.outcome,
        lambda fit: fit.outcome.point,
        lambda fit: fit.outcome.restrained,
        lambda fit: fit.likelihood.model,
        lambda fit: fit.likelihood.model.slots[0],
        lambda fit: fit.likelihood.model.slots[0].design,
        lambda fit: fit.likelihood.function.bound,
    ):
        a, b = part(one), part(other)
        assert a == a
        assert a != b
        assert [b, a].index(a) == 1
        assert len({a, b}) == 2


INVERSES = {"log": np.exp, "sqrt": np.square, "inverse": lambda eta: 1.0 / eta}


def highest_vertex(x, y, link):
    """The highest log-likelihood of Laplace lines on the link scale that fit two rows exactly."""
    forward = {"log": np.log, "sqrt": np.sqrt, "inverse": lambda m: 1.0 / m}[link]
    best, n = -np.inf, len(y)
    with np.errstate(all="ignore"):
        for a, b in combinations(range(n), 2):
            for sign in (1.0, -1.0) if link == "sqrt" else (1.0,):
                first, second = forward(y[a]), sign * forward(y[b])
                slope = (first - second) / (x[a] - x[b])
                size = np.mean(np.abs(y - INVERSES[link](first + slope * (x - x[a]))))
                best = max(best, -n * (np.log(2.0 * size) + 1.0)) if np.isfinite(size) else best
    return float(best)


@pytest.mark.parametrize("link", list(INVERSES))
@pytest.mark.parametrize("seed", [1, 2, 4])
def test_laplace_with_a_bent_link_is_as_high_as_any_fit_through_two_rows(link, seed):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=9), np.exp(rng.normal(size=9)) + 0.1
    fit = lk.fit(lk.Laplace(), {"y": y, "x": x}, "y ~ x", link=link)
    assert fit.loglik >= highest_vertex(x, y, link) - 1e-6


def test_a_group_beyond_the_pole_of_an_inverse_link_has_its_median():
    y = np.array([2.1, 1.8, 2.3, 1.5, 1.7, 1.6, -1.1, -0.8, -0.9])
    fit = lk.fit(lk.Laplace(), {"y": y, "g": list("aaabbbccc")}, "y ~ g", link="inverse")
    medians = [2.1, 1.6, -0.9]
    assert fit.predict({"g": list("abc")}, "params")["loc"] == pytest.approx(medians, rel=1e-6)


@pytest.mark.parametrize("names", ["aabb", "zzbb"])
def test_a_curve_of_peaks_is_not_identified_in_any_order_of_levels(names):
    """Two observations a group of a Cauchy: a search ends beside the curve on which all peaks are as high."""
    data = {"y": [-1.3, -2.8, -3.1, -1.0], "g": list(names)}
    with pytest.raises(lk.errors.FitError, match=r"flat .*scale|do not identify .*scale"):
        lk.fit("cauchy", data, "y ~ g")


@pytest.mark.parametrize(("family", "n", "bounded"), [("cauchy", 11, False), ("cauchy", 12, True), ("t4", 7, False)])
def test_more_coefficients_than_heavy_tails_can_have(family, n, bounded):
    """As the scale s runs to 0 rows reproduced exactly gain -log s each, the others lose at most power log s."""
    rng = np.random.default_rng(3)
    data = {f"x{i}": rng.normal(size=n) for i in range(5)} | {"y": rng.standard_cauchy(n)}
    fit = lk.fit(
        lk.StudentT(df=4) if family == "t4" else family, data, "y ~ x0 + x1 + x2 + x3 + x4", on_failure="return"
    )
    assert fit.converged is bounded
    if not bounded:
        assert "6 coefficients of loc reproduce as many of the" in fit.status
        x = np.column_stack([np.ones(n), *(data[f"x{i}"] for i in range(5))])
        beta = np.linalg.solve(x[:6], data["y"][:6])
        names = [name for name in fit.likelihood.names if name.startswith("loc")]
        at = [fit.likelihood.log({**dict(zip(names, beta, strict=True)), "scale": s}) for s in (1e-2, 1e-4, 1e-8)]
        assert at[0] < at[1] < at[2]
