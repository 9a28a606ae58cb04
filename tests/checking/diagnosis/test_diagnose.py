"""The diagnosis of a fit: what it finds in wrong models, what it leaves alone in right ones, and what it says."""

import copy
import json
import pickle

import numpy as np
import pytest

import likely as lk
from likely.checking.diagnosis import CHECKS
from likely.checking.diagnosis.finding import Finding, holm
from likely.checking.diagnosis.moments import MOMENTS
from likely.checking.diagnosis.null_distribution import _upper
from likely.errors import FitError, OptionError, UnknownNameError

N = 400


@pytest.fixture(scope="module")
def plain():
    rng = np.random.default_rng(5)
    return {"x": rng.normal(size=N), "z": rng.uniform(size=N), "g": np.arange(N) // 8, "e": rng.normal(size=N)}


def normal(d, y):
    return lk.fit("normal", {**d, "y": y}, "y ~ x + z")


def found(fit, **options):
    return {f.check: f for f in fit.diagnose(**options).findings}


def run(found, fit, data):
    """The next step runs as it stands."""
    exec(found.next_step, {"fit": fit, "data": data, "lk": lk, "groups": data.get("g")})


def test_a_true_model_is_left_alone(plain):
    diagnosis = normal(plain, 1 + plain["x"] + plain["e"]).diagnose(groups="g")
    assert diagnosis.clear
    assert not diagnosis.findings
    assert [c.check for c in diagnosis.checks] == list(CHECKS)
    assert all(c.p_value is None or c.adjusted >= c.p_value for c in diagnosis.checks)


def test_one_whale_is_named_first_with_its_pull(plain):
    y = 1 + plain["x"] + plain["e"]
    y[17] = 60.0
    fit = normal(plain, y)
    diagnosis = fit.diagnose()
    first = diagnosis.findings[0]
    assert first.check == "outliers"
    assert first.evidence["rows"] == [17]
    assert "y = 60" in first.observed
    assert "standard errors" in first.importance
    top = fit.influence().top(1).rows[0]
    assert first.evidence["estimate"] == top["estimate"]
    assert first.evidence["pull"] == pytest.approx(top["pull"])
    run(first, fit, {**plain, "y": y})


@pytest.mark.parametrize(
    ("check", "make"),
    [
        ("tails", lambda d, rng: d["x"] + rng.standard_t(2.5, N)),
        ("skew", lambda d, rng: d["x"] + rng.exponential(size=N)),
        ("scale", lambda d, rng: d["x"] + np.exp(0.4 * d["x"]) * d["e"]),
        ("curvature", lambda d, rng: d["x"] + 0.3 * d["x"] ** 2 + d["e"]),
        ("serial", lambda d, rng: d["x"] + np.convolve(rng.normal(size=N + 1), [1, 0.6], "valid")),
        ("grouped", lambda d, rng: d["x"] + d["e"] + rng.normal(size=N // 8)[d["g"]]),
    ],
)
def test_a_wrong_normal_is_found_out(plain, check, make):
    y = make(plain, np.random.default_rng(8))
    fit = normal(plain, y)
    finding = found(fit, groups="g")[check]
    assert finding.severity == "finding"
    assert finding.p_value < 0.01
    assert finding.meaning
    assert finding.title
    assert finding.null
    run(finding, fit, {**plain, "y": y})


def test_a_changing_scale_says_with_which_column(plain):
    fit = normal(plain, plain["x"] + np.exp(0.4 * plain["x"]) * plain["e"])
    finding = found(fit)["scale"]
    truth = lk.fit("normal", fit.likelihood.function.bound.table, "y ~ x + z", sd="~ x")
    assert 'sd="~ x' in finding.next_step
    # one step of Newton's method from 0 goes most of the way to the coefficient
    assert finding.evidence["effect"] == pytest.approx(truth.coef["sd.x"], abs=0.2)


def test_heavy_tails_bring_the_likelihood_ratio_against_student_t(plain):
    fit = normal(plain, plain["x"] + np.random.default_rng(8).standard_t(2.5, N))
    evidence = found(fit)["tails"].evidence
    other = lk.fit("student_t", fit.likelihood.function.bound.table, "y ~ x + z")
    assert evidence["lr"] == pytest.approx(2 * (other.loglik - fit.loglik))
    assert evidence["lr_p_value"] < 1e-6


def test_overdispersed_counts(plain):
    rng = np.random.default_rng(3)
    y = rng.negative_binomial(1, 1 / (1 + np.exp(0.4 + 0.3 * plain["x"])))
    data = {**plain, "y": y}
    fit = lk.fit("poisson", data, "y ~ x + z")
    told = found(fit)
    mean = fit.predict()
    assert told["dispersion"].evidence["ratio"] == pytest.approx(np.mean((y - mean) ** 2 / mean))
    assert told["zeros"].evidence["observed"] == np.sum(y == 0)
    assert told["zeros"].evidence["expected"] == pytest.approx(np.sum(np.exp(-mean)))
    run(told["dispersion"], fit, data)
    fit = lk.fit("negative_binomial", data, "y ~ x + z")
    assert not {"dispersion", "zeros"} & set(found(fit))


def test_confident_wrong_answers():
    rng = np.random.default_rng(4)
    x = rng.normal(size=3000)
    y = (rng.random(3000) < 1 / (1 + np.exp(-6 * x))) ^ (rng.random(3000) < 0.03)
    fit = lk.fit("bernoulli", {"y": y.astype(int), "x": x}, "y ~ x")
    finding = found(fit)["confident"]
    p = fit.predict()
    assert finding.evidence["observed"] == np.sum(np.where(y, p, 1 - p) < 0.05)
    assert finding.evidence["expected"] == pytest.approx(np.sum(np.minimum(p, 1 - p)[np.minimum(p, 1 - p) < 0.05]))


def test_a_wrong_link_of_a_probability():
    rng = np.random.default_rng(4)
    x = rng.normal(size=4000)
    y = (rng.random(4000) < 1 - np.exp(-np.exp(0.5 + 1.2 * x))).astype(int)
    data = {"y": y, "x": x}
    fit = lk.fit("bernoulli", data, "y ~ x")
    finding = found(fit)["link"]
    assert "miscalibrated" in finding.title
    run(finding, fit, data)
    right = lk.fit("bernoulli", data, "y ~ x", link="cloglog").diagnose(checks="link")
    assert right.checks[0].p_value > finding.p_value


def test_too_many_predictors_overfit():
    rng = np.random.default_rng(0)
    data = {f"v{i}": rng.normal(size=40) for i in range(15)} | {"y": rng.normal(size=40)}
    fit = lk.fit("normal", data, "y ~ " + " + ".join(f"v{i}" for i in range(15)))
    finding = found(fit)["overfitting"]
    assert finding.evidence["held_out"] < finding.evidence["training"]
    assert finding.evidence["gain_over_constants"] < 0
    run(finding, fit, data)


def test_nearly_aliased_nearly_separated_too_few():
    rng = np.random.default_rng(0)
    x = rng.normal(size=200)
    data = {"x": x, "z": x + 1e-6 * rng.normal(size=200), "y": x + rng.normal(size=200)}
    finding = found(lk.fit("normal", data, "y ~ x + z"))["aliasing"]
    assert finding.evidence["closest"] == ["x", "z"]
    assert finding.severity == "note"
    data = {"y": [0] * 20 + [1] * 20, "x": [*range(19), 30, *range(19, 39)]}
    told = found(lk.fit("bernoulli", data, "y ~ x"))
    assert told["separation"].evidence["wrong"] <= 2
    assert told["asymptotics"].severity == "note"


def test_frequency_weights_are_rows():
    rng = np.random.default_rng(2)
    y, w = np.unique(rng.poisson(2.0, size=300), return_counts=True)
    weighted = lk.fit("poisson", {"y": y, "w": w}, "y", weights="w").diagnose(checks=["dispersion", "zeros"])
    each = lk.fit("poisson", np.repeat(y, w)).diagnose(checks=["dispersion", "zeros"])
    for a, b in zip(weighted.checks, each.checks, strict=True):
        assert a.p_value == pytest.approx(b.p_value, abs=0.1)
    assert weighted.n == 300


@pytest.mark.parametrize(
    "family", ["student_t", "laplace", "gamma", "weibull", "beta", "geometric", "uniform", "pareto"]
)
def test_every_kind_of_family(family):
    cls = getattr(lk, {"student_t": "StudentT"}.get(family, family.title()))
    values = {
        "student_t": {"loc": 1.0, "scale": 2.0, "df": 4.0},
        "laplace": {"loc": 1.0, "scale": 2.0},
        "gamma": {"mean": 2.0, "shape": 3.0},
        "weibull": {"shape": 1.5, "scale": 2.0},
        "beta": {"mean": 0.3, "precision": 6.0},
        "geometric": {"p": 0.3},
        "uniform": {"low": 0.0, "high": 1.0},
        "pareto": {"shape": 3.0, "minimum": 1.0},
    }[family]
    y = cls().sample(120, seed=1, **values)
    fit = lk.fit(family, y)
    if fit.likelihood.model.fixed:
        with pytest.raises(OptionError, match="end of its domain"):
            fit.diagnose()
    else:
        assert fit.diagnose().clear


def test_labels():
    rng = np.random.default_rng(6)
    x = rng.normal(size=500)
    fit = lk.fit("categorical", {"y": rng.choice(list("abc"), 500), "x": x}, "y ~ x")
    diagnosis = fit.diagnose()
    assert diagnosis["link"].p_value > 0.01
    assert diagnosis["tails"].p_value is None
    assert "labels have no shape" in diagnosis["tails"].outcome


def test_what_it_prints_and_gives_to_programs(plain):
    y = 1 + plain["x"] + plain["e"]
    y[17] = 60.0
    diagnosis = normal(plain, y).diagnose()
    text = str(diagnosis)
    assert text.startswith("Diagnosis of the Normal fit of y\n")
    assert "> fit.influence().refit([17])" in text
    assert max(map(len, text.splitlines())) <= 100
    assert "<b>" not in diagnosis._repr_html_()
    assert "Row 17" in diagnosis._repr_html_()
    told = json.loads(json.dumps(diagnosis.to_dict(), allow_nan=False))
    assert told["findings"][0]["check"] == "outliers"
    assert len(told["checks"]) == len(CHECKS)


def test_the_same_seed_gives_the_same(plain):
    fit = normal(plain, plain["x"] + plain["e"])
    p = [[c.p_value for c in fit.diagnose(seed=s, checks=list(MOMENTS)).checks] for s in (1, 1, 2)]
    assert p[0] == p[1] != p[2]


def test_what_cannot_be_diagnosed_says_why(plain):
    fit = normal(plain, plain["x"] + plain["e"])
    with pytest.raises(UnknownNameError, match="tails"):
        fit.diagnose(checks="tail")
    with pytest.raises(OptionError, match="between 0 and 1"):
        fit.diagnose(level=5)
    weights = np.full(N, 1.5)
    with pytest.raises(OptionError, match="whole numbers"):
        lk.fit("normal", plain, "e ~ x", weights=weights, weights_kind="importance").diagnose()
    with pytest.raises(OptionError, match="sampling weights"):
        lk.fit("normal", plain, "e ~ x", weights=weights, weights_kind="sampling").diagnose()
    failed = lk.fit("bernoulli", {"y": [0, 0, 1, 1], "x": [1, 2, 3, 4]}, "y ~ x", on_failure="return")
    with pytest.raises(FitError, match="converged"):
        failed.diagnose()


def test_tail_probabilities_of_few_draws_agree_with_the_normal():
    rng = np.random.default_rng(0)
    null = rng.normal(size=4000)
    assert _upper(1.0, null) == pytest.approx(0.1587, abs=0.02)
    assert 1e-6 < _upper(4.0, null) < 3e-4  # 3.2e-5; an exponential tail is a little longer
    assert holm({"a": 0.01, "b": 0.02}) == {"a": 0.02, "b": 0.02}


def test_old_names_of_attributes_say_the_new_ones():
    finding = Finding("outliers", "A title", "what was seen", "what it means")
    for old, new in (("seen", "observed"), ("means", "meaning"), ("matters", "importance")):
        with pytest.raises(AttributeError, match=f"it is called '{new}' now"):
            getattr(finding, old)
    with pytest.raises(AttributeError, match=r"no attribute 'wat'$"):
        _ = finding.wat
    tested = lk.fit("normal", [1.0, 2.5, 0.3, 4.0, 3.2, 1.7]).goodness(replicates=20, seed=1)
    for record in (tested, lk.calibration([0, 1, 1], [0.2, 0.6, 0.7])):
        with pytest.raises(AttributeError, match="it is called 'details' now"):
            _ = record.facts
        assert record.details is not None
    assert pickle.loads(pickle.dumps(finding)) == finding
    assert copy.copy(finding) == finding
