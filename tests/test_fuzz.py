"""A short run of the random models; ``make fuzz`` makes long ones."""

import numpy as np
import pytest
from scipy import stats

import likely as lk
from fuzz.cases import FIRST, Case
from fuzz.densities import COMPLEMENTS, INVERSE_LINKS, LOG_DENSITIES
from fuzz.draw import draw
from fuzz.run import examine


@pytest.mark.parametrize("first", range(0, 150, 50))
def test_no_fault(first):
    faults = [fault for number in range(first, first + 50) for fault in examine(1, number)[1]]
    assert not faults, "\n".join(fault.reproducer() for fault in faults)


# cases that had a fault once: arrays compared, an edge without its reason, information of the wrong size, limits of a
# mirror image, SciPy's warnings, separation under a penalty
ONCE = [(2, 49), (2, 303), (2, 1134), (2, 2024), (11, 1194), (21, 370), (21, 967), (21, 991), (41, 96)]
# curves of peaks; peaks on the other side of a pole or a fold, also under constraints and analytic weights
ONCE += [(21, 2615), (41, 2136), (51, 307), (51, 1342), (51, 3187), (201, 87), (202, 35)]
ONCE += [(21, 2243)]  # the pole of a link at the edge of the predictors
ONCE += [(202, 1353)]  # a held coefficient that takes the location far off
ONCE += [(202, 1314)]  # curvature that has faded in a coefficient at its bound
ONCE += [(101, 1015)]  # a simulated value that rounds to an open end
ONCE += [(302, 1826)]  # thresholds beside a held coefficient
ONCE += [(302, 1892), (501, 70)]  # separation in some of the rows, refitted
ONCE += [(301, 1383), (501, 337)]  # counts of 0 whose mean is 0
ONCE += [(302, 3503)]  # columns that depend on each other under a bound
ONCE += [(21, 1241), (21, 1976), (51, 1427), (51, 1579), (51, 4178)]  # exact fits under a penalty
ONCE += [(301, 710), (301, 1526)]  # a response at the pole of its link
ONCE += [(701, 3804)]  # a group's mean at the pole of a link
ONCE += [(701, 1840)]  # more coefficients than a family with heavy tails can have
ONCE += [(302, 3830)]  # a peak at a limit beside a place without bound
ONCE += [(301, 3403)]  # a skewness that runs to infinity under a log link
ONCE += [(611, 3191)]  # a profile asked for far off, reached along a path
ONCE += [(611, 4868)]  # an information that rounding makes indefinite
ONCE += [(722, 1293)]  # a peak at a limit, higher than the one inside
ONCE += [(724, 1718)]  # a profile along which another peak becomes the highest
ONCE += [(723, 4431)]  # a note about predictors of a family at its limit
ONCE += [
    (731, 55),
    (731, 697),
]  # starts of a model with a coefficient held, of which a predictor is left without columns
ONCE += [(731, 1353)]  # least absolute deviations of nearly collinear columns
ONCE += [(731, 1899)]  # responses that do not vary at all, diagnosed
ONCE += [(751, 153)]  # the last step of a penalised search
ONCE += [(711, 2417), (731, 1372)]  # an interval of peaks, one end of which has curvature
ONCE += [(712, 466), (712, 1165), (731, 419)]  # rows of so much weight that they make a likelihood unbounded
ONCE += [(722, 2596)]  # rows split in two were too many for other starts
ONCE += [(722, 3196), (722, 3427), (722, 3831)]  # searches and their ends by the names of levels
ONCE += [(732, 736)]  # a start at which rounding decides on which side an observation is
ONCE += [(732, 1965)]  # signs of a predictor, of a parameter that is no location
ONCE += [(201, 2376)]  # two neighbouring corners, each a peak
ONCE += [(740, 415)]  # a peak to which a row of much influence leads


@pytest.mark.parametrize(("seed", "number"), ONCE)
def test_a_fault_that_was_mended_stays_away(seed, number):
    faults = examine(seed, number)[1]
    assert not faults, "\n".join(fault.reproducer() for fault in faults)


def test_a_case_is_the_same_every_time():
    one, two = draw(3, 17), draw(3, 17)
    assert one.call() == two.call()
    assert all(np.array_equal(column, two.data[name]) for name, column in one.data.items())


def test_every_family_is_drawn():
    assert {draw(0, number).family for number in range(400)} == set(FIRST)
    assert set(LOG_DENSITIES) | {"categorical", "ordinal"} == set(FIRST)


def test_a_wrong_covariance_is_found(monkeypatch):
    """The checks see what they are for: standard errors of one per cent too much are a fault."""
    monkeypatch.setattr(lk.Fit, "cov", property(lambda fit: 1.0201 * RIGHT(fit)))
    monkeypatch.setattr(lk.Fit, "stderr", property(lambda fit: {k: e and 1.01 * e for k, e in ERRORS(fit).items()}))
    faults = [fault for number in range(20) for fault in examine(1, number)[1]]
    assert any(fault.check == "covariance" for fault in faults)


RIGHT, ERRORS = lk.Fit.cov.fget, lk.Fit.stderr.fget


@pytest.mark.parametrize(
    ("name", "values", "other"),
    [
        ("gamma", {"mean": 2.0, "shape": 3.0}, stats.gamma(3.0, scale=2.0 / 3.0)),
        ("student_t", {"loc": 0.3, "scale": 2.0, "df": 4.5}, stats.t(4.5, 0.3, 2.0)),
        ("skew_normal", {"loc": 0.3, "scale": 2.0, "shape": -3.0}, stats.skewnorm(-3.0, 0.3, 2.0)),
        ("weibull", {"scale": 2.0, "shape": 0.7}, stats.weibull_min(0.7, scale=2.0)),
        ("log_logistic", {"scale": 2.0, "shape": 1.7}, stats.fisk(1.7, scale=2.0)),
        ("inverse_gaussian", {"mean": 2.0, "shape": 3.0}, stats.invgauss(2.0 / 3.0, scale=3.0)),
        ("gumbel", {"loc": 0.3, "scale": 2.0}, stats.gumbel_r(0.3, 2.0)),
    ],
)
def test_densities_are_those_of_scipy(name, values, other):
    y = np.array([0.1, 0.8, 2.5, 7.0])
    np.testing.assert_allclose(LOG_DENSITIES[name](y, **values), other.logpdf(y), rtol=1e-12)


def test_counts_are_those_of_scipy():
    y = np.array([0.0, 1.0, 5.0, 12.0])
    found = LOG_DENSITIES["negative_binomial"](y, mean=4.0, dispersion=0.5)
    np.testing.assert_allclose(found, stats.nbinom(2.0, 1.0 / 3.0).logpmf(y), rtol=1e-12)
    np.testing.assert_allclose(
        LOG_DENSITIES["binomial"](y, p=0.3, n=15.0, complement=0.7), stats.binom(15, 0.3).logpmf(y), rtol=1e-12
    )


def test_links_are_those_of_the_library():
    data = {"y": [0.2, 0.5, 0.7, 0.6, 0.9], "x0": [0.1, 0.5, 0.4, 0.2, 0.3]}
    for link in ("logit", "probit", "cloglog", "loglog", "cauchit"):
        fit = lk.fit("beta", data, "y ~ x0", link=link)
        eta = fit.coef["mean.Intercept"] + fit.coef["mean.x0"] * np.array(data["x0"])
        np.testing.assert_allclose(fit.predict(), INVERSE_LINKS[link](eta), rtol=1e-12)


def test_a_reproducer_runs():
    case = draw(1, 5)
    assert isinstance(case, Case)
    names = {"lk": lk, "case": case}
    assert eval(case.call(), names).loglik == case.fit().loglik


def test_complements_are_those_of_the_links():
    eta = np.linspace(-3.0, 3.0, 13)
    for link, complement in COMPLEMENTS.items():
        at = np.minimum(eta, -0.1) if link == "log" else eta
        np.testing.assert_allclose(complement(at), 1.0 - INVERSE_LINKS[link](at), atol=1e-15)
    np.testing.assert_allclose(COMPLEMENTS["cloglog"](np.array([5.0])), [np.exp(-np.exp(5.0))], rtol=1e-12)
