"""Every family in the list passes the conformance test, and every kernel equals what is derived."""

import numpy as np
import pytest

import likely as lk
from likely.families import FAMILIES
from likely.families.ordinal import LATENT
from likely.models.rows import take
from likely.namespace import Jet
from likely.results.likelihoods import likelihood


@pytest.mark.parametrize("name", FAMILIES)
def test_family_passes(name):
    report = lk.check_family(name)
    assert report.ok, str(report)
    assert report.checks


KERNEL_DATA = {
    "bernoulli": np.tile([0.0, 1.0], 200),
    "gamma": np.geomspace(1e-3, 1e3, 400),
    "negative_binomial": (np.arange(400.0) % 23) ** 2,
    "normal": np.linspace(-40, 60, 400),
    "poisson": np.arange(400.0) % 23,
    "student_t": np.linspace(-40, 60, 400),
    "weibull": np.geomspace(1e-3, 1e3, 400),
    "ordinal": np.arange(400.0) % 3,
    "categorical": np.arange(400.0) % 3,
}


KERNELS = [
    ("bernoulli", ("logit",)),
    ("categorical", ("logit",)),
    ("gamma", ("log", "log")),
    ("negative_binomial", ("log", "log")),
    ("normal", ("identity", "log")),
    ("poisson", ("log",)),
    ("student_t", ("identity", "log", "log")),
    ("weibull", ("log", "log")),
    *(("ordinal", (link,)) for link in LATENT),
]


@pytest.mark.parametrize(("name", "links"), KERNELS)
@pytest.mark.parametrize("spread", [0.5, 5.0, 30.0])
@pytest.mark.parametrize("every", [False, True], ids=["constants", "all with predictors"])
def test_kernel_equals_derived(name, links, spread, every):
    y = KERNEL_DATA[name]
    x = np.column_stack([np.ones(len(y)), np.linspace(-1, 1, len(y))])
    family = FAMILIES[name]()
    others = [p.name for p in family.free[1:]] if every and name != "ordinal" else []
    objective = likelihood(name, y, x, link=links[0], **dict.fromkeys(others, x)).function.objective
    assert objective.jets.kernel is not None
    beta = np.array([0.1, spread, 0.3, 1.7, 0.5, -0.2][: objective.model.size])
    with np.errstate(all="ignore"):
        fused = objective.row_jet(beta, slice(None), 2)
        objective.jets.kernel = None
        derived = objective.row_jet(beta, slice(None), 2)
    assert isinstance(derived, Jet)
    close = {"rtol": 1e-9, "atol": 1e-12}
    np.testing.assert_allclose(fused.v, derived.v, rtol=1e-12, atol=1e-11)
    assert fused.g.keys() == derived.g.keys()
    for i, g in derived.g.items():
        np.testing.assert_allclose(fused.g[i], np.broadcast_to(g, len(y)), **close)
    for ij, h in derived.h.items():
        np.testing.assert_allclose(fused.h[ij], np.broadcast_to(h, len(y)), **close)


def test_counts_too_large_for_the_fused_form_use_the_density():
    y = np.array([1e9, 1e9 + 1, 1e9 - 5])
    objective = likelihood("poisson", y).function.objective
    assert objective.jets.prepared is None
    assert lk.fit("poisson", y, solver="newton").coef["rate"] == pytest.approx(y.mean(), rel=1e-9)


@pytest.mark.parametrize(
    ("name", "y", "beta"),
    [
        ("gamma", np.full(50, 3.0) + 1e-6 * np.arange(50), [np.log(3.0), 12.0]),
        ("negative_binomial", np.arange(50.0), [2.0, -10.0]),
        ("negative_binomial", 1e7 + np.arange(50.0), [16.0, 0.5]),
    ],
    ids=["a large shape", "a small dispersion", "large counts"],
)
def test_where_the_fused_form_would_lose_digits_the_density_is_used(name, y, beta):
    objective = likelihood(name, y, np.ones((50, 1))).function.objective
    jet = objective.row_jet(np.array(beta), slice(None), 2)
    objective.jets.kernel = None
    np.testing.assert_array_equal(jet.v, objective.row_jet(np.array(beta), slice(None), 2).v)


def test_every_kernel_has_data():
    usual = {name: tuple(p.domain.link for p in family().free) for name, family in FAMILIES.items()}
    assert {name for name, links in usual.items() if FAMILIES[name]().kernel(links)} == set(KERNEL_DATA)
    assert {name for name, _ in KERNELS} == set(KERNEL_DATA)


def test_take_leaves_scalars():
    assert take({"a": 2.0, "b": np.arange(3.0)}, slice(0, 1)) == {"a": 2.0, "b": np.array([0.0])}


class TestCheckFamilySaysWhatIsWrong:
    """Each mistake that an author makes is named in plain words."""

    def test_constant_missing(self):
        @lk.family(params={"rate": lk.Positive}, support="positive")
        def unnormalised(y, rate, xp):
            return -rate * y

        report = lk.check_family(unnormalised)
        assert not report.ok
        assert "not to 1" in str(report) or "not 1" in str(report)

    def test_nan_derivative(self):
        @lk.family(params={"scale": lk.Positive}, support="real")
        def cusp(y, scale, xp):  # sqrt(|y|^2) has the derivative 0/0 at 0 only through its argument's scale
            r = xp.sqrt(((y / scale) * 0.0) ** 2)
            return -0.5 * (y / scale) ** 2 - xp.log(scale) - 0.9189385332046727 + 0.0 * r

        report = lk.check_family(cusp)
        assert not report.ok
        assert "derivative" in str(report)

    def test_nan_density(self):
        @lk.family(params={"rate": lk.Positive}, support="real")
        def half(y, rate, xp):
            return xp.log(rate) - rate * xp.sqrt(y)

        report = lk.check_family(half)
        assert not report.ok
        assert "NaN" in str(report)

    def test_support_not_respected(self):
        @lk.family(params={"rate": lk.Positive}, support="positive", sample=lambda size, rng, rate: -np.ones(size))
        def negative_samples(y, rate, xp):
            return xp.log(rate) - rate * y

        report = lk.check_family(negative_samples)
        assert not report.ok
        assert "outside the support" in str(report)

    def test_support_too_small(self):
        @lk.family(params={"mean": lk.Real}, support="positive")
        def cut(y, mean, xp):
            return -0.5 * (y - mean) ** 2 - 0.9189385332046727

        report = lk.check_family(cut)
        assert not report.ok
        assert "not 1" in str(report) or "not to 1" in str(report)

    def test_numpy_on_a_parameter(self):
        @lk.family(params={"rate": lk.Positive}, support="positive")
        def plain(y, rate, xp):
            return np.log(rate) - rate * y

        assert not lk.check_family(plain).ok

    def test_wrong_mean(self):
        @lk.family(params={"rate": lk.Positive}, support="positive", mean=lambda rate, xp: rate)
        def waiting(y, rate, xp):
            return xp.log(rate) - rate * y

        report = lk.check_family(waiting)
        assert "mean is stated" in str(report)

    def test_good_one_passes(self):
        @lk.family(params={"rate": lk.Positive}, support="positive")
        def waiting(y, rate, xp):
            return xp.log(rate) - rate * y

        assert lk.check_family(waiting).ok


def test_probabilities_near_one_keep_the_digits_of_what_is_left():
    """1 - p of the likeliest label, from the others; the reference's logarithm from mpmath."""
    y = np.arange(6.0) % 3
    x = np.array([-1.0, 1.0, 1.0, -1.0, 1.0, 1.0])[:, None]
    objective = likelihood("categorical", y, x).function.objective
    jet = objective.row_jet(np.array([40.0, 20.0]), slice(None), 2)
    # linear predictors 0, -40, -20 and label 0; 0, 40, 20 and labels 1, 2
    near = 2.061153624562735e-09
    np.testing.assert_allclose(jet.v[:3], [-near, -near, -20.0 - near], rtol=1e-14)
    np.testing.assert_allclose(jet.g[0][1], 2.0611536224385578e-09, rtol=1e-14)
