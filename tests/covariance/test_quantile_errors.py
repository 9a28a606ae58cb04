"""Standard errors of quantile regressions: R's quantreg, Stata's qreg, weights as repeated rows, and coverage."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

import likely as lk
from likely.errors import IntervalError, OptionError, UnknownNameError

ENGEL = sm.datasets.engel.load_pandas().data
ALD = lk.AsymmetricLaplace


def fitted(tau: float = 0.7, n: int = 120, seed: int = 3, **options: Any) -> Any:
    return lk.fit(ALD(tau=tau), sample(n, seed), "y ~ x", **options)


def sample(n: int = 120, seed: int = 3) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 4, n)
    return {
        "y": 1 + 2 * x + rng.exponential(size=n) * (1 + 0.3 * x),
        "x": x,
        "w": rng.integers(0, 4, n).astype(float),
        "g": np.repeat(np.arange(n // 4), 4),
    }


@pytest.mark.parametrize(
    ("tau", "kind", "intercept", "slope"),
    [
        (0.10, "iid", 17.8638309088362, 0.0160830580215662),
        (0.10, "nid", 29.3976787976089, 0.0402401676685388),
        (0.10, "kernel", 29.2965434965998, 0.0398968801973131),
        (0.25, "iid", None, 0.0142806983773879),
        (0.25, "nid", None, 0.0290552734827612),
    ],
)
def test_quantreg(tau: float, kind: str, intercept: float | None, slope: float) -> None:
    """R 4.2.2, quantreg 5.94: summary(rq(foodexp ~ income, tau), se = "iid", "nid", "ker") of Engel's data."""
    stderr = lk.fit(ALD(tau=tau), ENGEL, "foodexp ~ income", cov=kind).stderr
    assert stderr["loc.income"] == pytest.approx(slope, rel=1e-8)
    if intercept is not None:
        assert stderr["loc.Intercept"] == pytest.approx(intercept, rel=1e-8)


# Stata 12's qreg, vce(iid, kernel() bwidth()), in statsmodels' tests (results_quantile_regression.py)
STATA = [
    (0.75, "epan2", "hsheather", 0.0122001, 13.5509),
    (0.5, "epanechnikov", "hsheather", 0.0170484, 18.93605),
    (0.5, "epan2", "bofinger", 0.0143484, 15.93709),
    (0.5, "biweight", "chamberlain", 0.0114969, 12.76983),
    (0.5, "cosine", "bofinger", 0.0121011, 13.44092),
    (0.5, "gaussian", "hsheather", 0.016532, 18.36248),
    (0.5, "parzen", "chamberlain", 0.0110507, 12.2743),
    (0.5, "rectangle", "bofinger", 0.0158331, 17.5862),
    (0.5, "triangle", "hsheather", 0.0128874, 14.31431),
]


@pytest.mark.parametrize(("tau", "kernel", "bandwidth", "slope", "intercept"), STATA)
def test_stata(tau: float, kernel: str, bandwidth: str, slope: float, intercept: float) -> None:
    fit = lk.fit(ALD(tau=tau), ENGEL, "foodexp ~ income").with_cov("iid", kernel=kernel, bandwidth=bandwidth)
    assert fit.stderr["loc.income"] == pytest.approx(slope, rel=5e-4)  # Stata's interquartile range is another
    assert fit.stderr["loc.Intercept"] == pytest.approx(intercept, rel=5e-4)
    assert kernel in fit.cov_text
    assert bandwidth in fit.cov_text


@pytest.mark.parametrize("kernel", ["epa", "biw", "cos", "gau", "par"])
@pytest.mark.parametrize("tau", [0.2, 0.5, 0.85])
def test_statsmodels(kernel: str, tau: float) -> None:
    x = np.column_stack([np.ones(len(ENGEL)), ENGEL["income"]])
    found = sm.QuantReg(ENGEL["foodexp"].to_numpy(), x)
    ours = lk.fit(ALD(tau=tau), ENGEL, "foodexp ~ income")
    for bandwidth in ("hsheather", "bofinger", "chamberlain"):
        theirs = found.fit(q=tau, vcov="iid", kernel=kernel, bandwidth=bandwidth, max_iter=5000, p_tol=1e-8)
        stderr = ours.with_cov("iid", kernel=kernel, bandwidth=bandwidth).stderr
        np.testing.assert_allclose([stderr["loc.Intercept"], stderr["loc.income"]], theirs.bse, rtol=1e-5)


# -- the default -----------------------------------------------------------------------------------------------


def test_the_default_is_robust_and_says_so() -> None:
    for fit in (fitted(), lk.fit("laplace", sample(), "y ~ x"), lk.fit(ALD(tau=0.3), sample(), "y")):
        assert fit.cov_kind == "nid"
        assert "observed information" not in fit.cov_text
        assert "hsheather" in fit.cov_text
    assert lk.fit("laplace", sample(), "y").cov_kind == "expected"  # a density, which its user states


def test_few_rows_beyond_the_quantile_are_told() -> None:
    assert "bootstrap" not in fitted(tau=0.1).cov_text
    assert "6 rows beyond the quantile are few for 2 coefficients" in fitted(tau=0.05).cov_text


def test_median_regression_is_the_same_by_both_names() -> None:
    median = lk.fit("laplace", sample(), "y ~ x")
    half = fitted(tau=0.5)
    for kind in ("nid", "iid", "kernel"):
        one, other = median.with_cov(kind), half.with_cov(kind)
        np.testing.assert_allclose(one.cov[:2, :2], other.cov[:2, :2], rtol=1e-9)
        assert one.stderr["scale"] == pytest.approx(2 * other.stderr["scale"])


@pytest.mark.parametrize("tau", [0.1, 0.5, 0.9])
def test_intervals_hold(tau: float) -> None:
    """Slopes of skewed errors whose spread grows: 95% intervals hold in 57 of 60, but for chance (6 is 3.5 sd)."""
    rng = np.random.default_rng(int(10 * tau))
    held, scale_held, n = 0, 0, 120
    q = stats.expon.ppf(tau)
    for _ in range(60):
        x = rng.uniform(0, 4, n)
        y = 1 + 2 * x + (0.5 + 0.5 * x) * rng.exponential(size=n)
        found = lk.fit(ALD(tau=tau), {"y": y, "x": x}, "y ~ x").interval()
        lower, upper = found["loc.x"]
        held += lower <= 2 + 0.5 * q <= upper
        lower, upper = found["scale"]
        scale_held += lower <= -1.5 * (1 - tau) * np.log(1 - tau) <= upper  # the mean check loss at the quantile
    assert held >= 51
    assert scale_held >= 49  # the mean loss at the estimates is too small by about p/n


def test_the_scale_is_a_mean_with_the_error_of_a_mean() -> None:
    fit = fitted()
    r = np.asarray(fit.likelihood.function.bound.y) - np.asarray(fit.predict(what="params")["loc"])
    loss = r * (0.7 - (r < 0))
    assert fit.coef["scale"] == pytest.approx(np.mean(loss))
    assert fit.stderr["scale"] == pytest.approx(np.std(loss) / np.sqrt(len(r)), rel=1e-6)
    assert np.all(np.linalg.eigvalsh(fit.cov) > 0)


# -- weights, clusters, units ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["nid", "iid", "kernel", "stata"])
def test_frequency_weights_are_repeated_rows(kind: str) -> None:
    data = sample()
    rows = np.repeat(np.arange(len(data["y"])), data["w"].astype(int))
    repeated = {name: values[rows] for name, values in data.items()}
    options = {"kernel": "biweight"} if kind == "stata" else {}
    kind = "iid" if kind == "stata" else kind
    weighted = lk.fit(ALD(tau=0.7), data, "y ~ x", weights="w").with_cov(kind, **options)
    np.testing.assert_allclose(
        weighted.cov, lk.fit(ALD(tau=0.7), repeated, "y ~ x").with_cov(kind, **options).cov, rtol=1e-7
    )


def test_analytic_weights_divide_the_spread() -> None:
    """quantreg multiplies rows by the root of such weights; then they are ordinary rows of no intercept."""
    data = sample()
    w = data["w"] + 1
    one = lk.fit(ALD(tau=0.7), data, "y ~ x", weights=w, weights_kind="analytic")
    root = np.sqrt(w)
    scaled = {"y": root * data["y"], "a": root, "b": root * data["x"]}
    other = lk.fit(ALD(tau=0.7), scaled, "y ~ 0 + a + b")
    for kind in ("nid", "iid", "kernel"):
        np.testing.assert_allclose(one.with_cov(kind).cov[:2, :2], other.with_cov(kind).cov[:2, :2], rtol=1e-7)


def test_sampling_weights_have_a_sandwich_and_no_scale() -> None:
    data = sample()
    one = lk.fit(ALD(tau=0.7), data, "y ~ x", weights=data["w"] + 1, weights_kind="sampling")
    seven = lk.fit(ALD(tau=0.7), data, "y ~ x", weights=7 * (data["w"] + 1), weights_kind="sampling")
    np.testing.assert_allclose(one.cov, seven.cov, rtol=1e-8)
    drawn = one.with_cov("bootstrap", replicates=200)
    assert 0.6 < one.stderr["loc.x"] / drawn.stderr["loc.x"] < 1.5
    with pytest.raises(OptionError, match="sampling weights"):
        one.with_cov("iid")


def test_clusters_of_one_row_are_rows_and_copies_count_once() -> None:
    data = sample()
    single = fitted(cluster=np.arange(120)).with_cov(cluster=np.arange(120), correction="none")
    copied = {name: np.repeat(values, 3) for name, values in data.items()}
    with_copies = lk.fit(ALD(tau=0.7), copied, "y ~ x").with_cov(
        cluster=np.repeat(np.arange(120), 3), correction="none", bandwidth=0.1
    )
    np.testing.assert_allclose(
        with_copies.cov, single.with_cov(cluster=np.arange(120), correction="none", bandwidth=0.1).cov, rtol=1e-6
    )
    assert 0.7 < single.stderr["loc.x"] / fitted().stderr["loc.x"] < 1.4
    assert "clusters" in single.cov_text


@pytest.mark.parametrize("kind", ["nid", "iid", "kernel"])
def test_units_and_shifts_do_not_matter(kind: str) -> None:
    data = sample()
    plain = fitted(cov=kind)
    moved = lk.fit(ALD(tau=0.7), {"y": 1e9 * (data["y"] + 3 * data["x"]), "x": 1e-4 * data["x"]}, "y ~ x", cov=kind)
    factor = np.array([1e9, 1e13, 1e9])
    np.testing.assert_allclose(moved.cov, plain.cov * np.outer(factor, factor), rtol=1e-6)


# -- other models ------------------------------------------------------------------------------------------------


def test_a_constant_is_a_quantile_of_the_sample() -> None:
    y = sample(400)["y"]
    fit = lk.fit(ALD(tau=0.3), y)
    from likely.estimates.covariance.sparsity import bandwidth

    h = bandwidth(0.3, 400, "hsheather")
    low, high = np.quantile(y, [0.3 - h, 0.3 + h], method="averaged_inverted_cdf")
    assert fit.stderr["loc"] == pytest.approx(np.sqrt(0.21 / 400) * (high - low) / (2 * h))


def test_a_log_link_by_the_delta_method() -> None:
    """One group each: the quantile of a group and its logarithm."""
    data = {**sample(), "y": np.exp(0.1 * sample()["y"]), "g": np.repeat(["a", "b"], 60)}
    plain = lk.fit(ALD(tau=0.4), data, "y ~ 0 + g")
    logs = lk.fit(ALD(tau=0.4), data, "y ~ 0 + g", link="log")
    for name in ("loc.g[a]", "loc.g[b]"):
        assert logs.stderr[name] == pytest.approx(plain.stderr[name] / plain.coef[name], rel=1e-4)


def test_a_scale_with_predictors_has_robust_errors() -> None:
    data = sample(240)
    fit = lk.fit(ALD(tau=0.5), data, "y ~ x", scale="~ x")
    drawn = fit.with_cov("bootstrap", replicates=80)
    for name in fit.names:
        assert fit.stderr[name] == pytest.approx(drawn.stderr[name], rel=0.35)


def test_a_level_between_two_ends_of_an_edge_is_found() -> None:
    """With a curved link the peak may fit fewer rows exactly than there are coefficients."""
    rng = np.random.default_rng(1)
    x, z = rng.uniform(-1, 1, 700), rng.random(700)
    data = {"x": x, "z": z, "y": 1 / (0.7 - 0.03 * x + 0.09 * z) + 0.5 * rng.laplace(size=700)}
    for tau in (0.3, 0.43, 0.5, 0.57, 0.71):
        fit = lk.fit(ALD(tau=tau), data, "y ~ x + z", link="inverse")
        assert fit.outcome.iterations < 30
        assert all(fit.stderr.values())


def test_what_has_no_density_is_withheld_with_the_reason() -> None:
    fit = lk.fit(ALD(tau=0.5), np.r_[np.zeros(60), np.arange(10.0)])
    assert fit.stderr == {"loc": None, "scale": None}
    assert "tied" in fit.withheld["loc"]
    assert not fit.interval()["loc"].exists
    assert "tied" in str(fit.summary())
    with pytest.raises(IntervalError, match="tied"):
        fit.test("loc = 1")
    with pytest.raises(IntervalError, match="tied"):
        fit.with_cov("nid")
    held = fitted(bounds={"loc.x": (None, 2.0)})
    assert held.stderr["loc.x"] is None
    assert "constraint" in held.withheld["loc.x"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"kind": "HC0"}, "corners in loc"),
        ({"kind": "observed"}, "corners in loc"),
        ({"kind": "robust"}, "did you mean 'nid'"),
        ({"kind": "nid", "kernel": "epa"}, "two quantiles"),
        ({"kind": "iid", "kernel": "epanechnikow"}, "did you mean 'epanechnikov'"),
        ({"kind": "nid", "bandwidth": "hall"}, "Valid: 'hsheather'"),
        ({"kind": "nid", "bandwidth": 0.7}, "half-width in levels"),
        ({"kind": "nid", "replicates": 100}, "belongs to cov='bootstrap'"),
        ({"kind": "bootstrap", "replicates": 1}, "whole number"),
        ({"kind": "nid", "bread": "expected"}, "belongs to a sandwich"),
    ],
)
def test_misuse_is_told(options: dict[str, Any], words: str) -> None:
    with pytest.raises((UnknownNameError, OptionError, IntervalError), match=words):
        fitted().with_cov(**options)


def test_other_families_have_no_quantile_kinds_but_a_bootstrap() -> None:
    fit = lk.fit("normal", sample(), "y ~ x")
    with pytest.raises(OptionError, match="for quantile regressions"):
        fit.with_cov("nid")
    drawn = fit.with_cov("bootstrap", replicates=300, seed=1)
    assert drawn.stderr["mean.x"] == pytest.approx(fit.with_cov("HC0").stderr["mean.x"], rel=0.15)
    assert "300 replicates" in drawn.cov_text


# -- tests by the likelihood -------------------------------------------------------------------------------------


def test_likelihood_ratios_of_koenker_and_machado() -> None:
    """Their Lambda: 2 n scale log(V0/V1)/(tau (1 - tau) s), V the losses and s the sparsity, which se="iid" has."""
    tau, n = 0.25, len(ENGEL)
    fit = lk.fit(ALD(tau=tau), ENGEL, "foodexp ~ income", cov="iid")
    small = lk.fit(ALD(tau=tau), ENGEL, "foodexp ~ 1")
    x = np.column_stack([np.ones(n), ENGEL["income"]])
    error = np.sqrt(tau * (1 - tau) * np.linalg.inv(x.T @ x)[1, 1])
    s = 0.0142806983773879 / error  # from quantreg's standard error
    scale = fit.coef["scale"]
    expected = 2 * n * scale * np.log(small.coef["scale"] / scale) / (tau * (1 - tau) * s)
    for test in (fit.test("income = 0", method="lr"), fit.lr_test(small)):
        assert test.statistic == pytest.approx(expected, rel=1e-7)
        assert "Koenker and Machado" in test.note
    assert fit.terms(method="lr").tests[0].statistic == pytest.approx(expected, rel=1e-7)
    median = lk.fit("laplace", ENGEL, "foodexp ~ income", cov="iid").test("income = 0", method="lr")
    half = lk.fit(ALD(tau=0.5), ENGEL, "foodexp ~ income", cov="iid").test("income = 0", method="lr")
    assert median.statistic == pytest.approx(half.statistic, rel=1e-9)


def test_others_say_that_they_take_the_density_as_true() -> None:
    fit = fitted()
    assert "not the one stated" in fit.test("x = 0", method="lr").note
    assert "not the one stated" in fit.with_cov("iid").test("scale = 1", method="lr").note
    assert "not the one stated" in " ".join(fit.terms(method="lr").notes)
    assert "does not hold at its level" in fit.interval(method="profile")["loc.x"].note
    assert not fit.with_cov("expected").test("x = 0", method="lr").note
    with pytest.raises(OptionError, match="percentile"):
        fit.interval(method="bootstrap", kind="cases", interval="bca", replicates=100)


def test_an_ill_conditioned_design_keeps_its_errors() -> None:
    data = sample()
    near = lk.fit(ALD(tau=0.6), data, "y ~ x + I(x**2)")
    far = lk.fit(ALD(tau=0.6), {**data, "x": data["x"] + 1e5}, "y ~ x + I(x**2)")
    for kind in ("nid", "iid", "kernel"):
        name = "loc.I(x ** 2)"
        assert far.with_cov(kind).stderr[name] == pytest.approx(near.with_cov(kind).stderr[name], rel=1e-5)


def test_a_million_copies_of_every_row_leave_no_ranks_to_compare() -> None:
    data = {**sample(), "w": np.full(120, 1e6)}
    with pytest.raises(IntervalError, match="tied"):
        lk.fit(ALD(tau=0.5), data, "y ~ x", weights="w", cov="iid")
    assert "tied" in lk.fit(ALD(tau=0.5), data, "y ~ x", weights="w").withheld["loc.x"]


def test_the_bootstrap_leaves_out_extremes_of_the_data() -> None:
    fit = lk.fit("pareto", sample()["y"], cov="bootstrap")
    assert fit.stderr["minimum"] is None
    assert fit.stderr["shape"] == pytest.approx(lk.fit("pareto", sample()["y"]).stderr["shape"], rel=0.4)


@pytest.mark.parametrize("tau", [0.25, 0.5, 0.8])
@pytest.mark.parametrize("clustered", [False, True])
def test_a_level_of_a_single_row_has_no_error_and_leaves_those_of_the_others(tau: float, clustered: bool) -> None:
    """At one bandwidth the others have the errors of a fit without the row: its own coefficient takes it out."""
    data = sample(60)
    levels = np.array(list("abc"))[np.arange(60) % 3]
    levels[5] = "z"
    data["f"] = levels
    less = {k: np.delete(v, 5) for k, v in data.items()}
    options: dict[str, Any] = {"bandwidth": 0.1}
    if clustered:
        options |= {"cluster": "g", "correction": "none"}
    fit = lk.fit(ALD(tau=tau), data, "y ~ x + f").with_cov("nid" if not clustered else None, **options)
    without = lk.fit(ALD(tau=tau), less, "y ~ x + f").with_cov("nid" if not clustered else None, **options)
    names = [k for k in without.stderr if k.startswith("loc.")]
    assert [fit.stderr[k] for k in names] == pytest.approx([without.stderr[k] for k in names], rel=1e-7)
    assert fit.stderr["loc.f[T.z]"] is None
    assert "row 5" in fit.withheld["loc.f[T.z]"]
    rows = {row["f"]: row["std_error"] for row in fit.margins("f").rows}
    assert rows["z"] is None
    assert None not in [rows[k] for k in "abc"]
