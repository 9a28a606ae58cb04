"""What people write by mistake is answered in words, by an error of likely's own, with what to write instead."""

import inspect
from dataclasses import fields

import numpy as np
import pandas as pd
import pytest

import likely as lk
from likely.errors import FamilyError, LikelyError, OptionError, ParameterError, UnknownNameError
from likely.models.asked import Asked

FRAME = pd.DataFrame({"y": [1.0, 2.0, 4.0, 3.0], "x": [1.0, 2.0, 3.0, 5.0]})
FLIPS = [1] * 7 + [0] * 3


@pytest.fixture
def L():
    return lk.likelihood("bernoulli", FLIPS)


@pytest.fixture
def fit():
    return lk.fit("bernoulli", FLIPS)


# -- likelihoods -----------------------------------------------------------------------------------------------


def test_a_bare_number_is_the_only_parameter(L):
    assert L(0.5) == L(p=0.5) == 0.5**10
    assert L.log(0.5) == L.log(p=0.5)
    assert L.nll(0.5) == L.nll(p=0.5)
    assert L.ratio(0.7, 0.5) == L.ratio({"p": 0.7}, {"p": 0.5})
    assert L.score(0.5) == L.score(p=0.5)
    assert L.information(0.5) == L.information(p=0.5)
    assert L.table([0.3, 0.5]).rows == L.table(p=[0.3, 0.5]).rows


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda L: L(0.5), r"L\(mean=\.\.\., sd=\.\.\.\)"),
        (lambda L: L.ratio(0.5, 0.3), "by name"),
        (lambda L: L([1, 2]), "by name"),
        (lambda L: L("a"), "by name"),
        (lambda L: L(mean=[1, 2], sd=1), "several candidates"),
        (lambda L: L(mean="a", sd=1), "mean must be a number"),
        (lambda L: L.table(mean="a", sd=1), "mean must be a number"),
        (lambda L: L.maximize(max_iteration=3), "max_iterations"),
    ],
)
def test_likelihoods_ask_for_names(call, words):
    with pytest.raises(LikelyError, match=words):
        call(lk.likelihood("normal", [1.0, 2.0, 4.0]))


def test_coefficients_are_asked_for_in_a_dict():
    L = lk.likelihood("normal", FRAME, "y ~ x")
    with pytest.raises(OptionError, match=r"'mean\.x': \.\.\."):
        L(0.5)


# -- options of fits and of what follows from them -------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"start": [1, 2]}, "dict of starting values"),
        ({"max_iterations": "a"}, "max_iterations"),
        ({"progress": "yes"}, "progress is 'auto', True, False or a function"),
        ({"link": 3}, "link is a name"),
        ({"wieghts": "x"}, "'weights'.*Parameters of Normal"),
        ({"sigma": "~ x"}, "did you mean 'sd'"),
        ({"std": "~ x"}, "did you mean 'sd'"),
        ({"mu": "~ x"}, "did you mean 'mean'"),
        ({"on_fail": "return"}, "did you mean 'on_failure'"),
    ],
)
def test_options_of_a_fit(options, words):
    with pytest.raises(LikelyError, match=words):
        lk.fit("normal", FRAME, "y ~ x", **options)


def test_the_arguments_of_fit_are_those_of_the_record():
    own = {p.name: p.default for p in inspect.signature(lk.fit).parameters.values() if p.kind != p.VAR_KEYWORD}
    listed = {one.name: one.default for one in fields(Asked) if one.name not in ("family", "formulas")}
    del own["family"], own["data"]
    assert own == listed
    with pytest.raises(OptionError, match="is an option of lk"):
        lk.likelihood("normal", FRAME, "y ~ x", start={})


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda fit: fit.simulate(FRAME), r"simulate\(new=\.\.\.\)"),
        (lambda fit: fit.simulate("a"), "size is a number"),
        (lambda fit: fit.simulate(seed="a"), "seed"),
        (lambda fit: fit.simulate(seed=-1), "seed"),
        (lambda fit: fit.simulate(seed=1.5), "seed"),
        (lambda fit: fit.residuals(seed=-1), "seed"),
        (lambda fit: fit.interval(method="bootstrap", seed=-1), "seed"),
        (lambda fit: fit.interval(method="bootstrap", replicates="a"), "replicates"),
        (lambda fit: fit.interval(method="bootstrap", progress=3), "progress"),
        (lambda fit: fit.interval(method="bootstrap", replicate=300), "did you mean 'replicates'"),
        (lambda fit: fit.predict("mean"), "what='mean'"),
        (lambda fit: fit.predict(what="quantile", q="a"), "q is a number"),
        (lambda fit: fit.lr_test("a"), "two fits"),
    ],
)
def test_options_of_what_follows_from_a_fit(fit, call, words):
    with pytest.raises(OptionError if "mean 'replicates'" not in words else UnknownNameError, match=words):
        call(fit)


def test_one_name_of_an_interval_needs_no_list():
    fit = lk.fit("normal", FRAME, "y ~ x")
    assert list(fit.interval(names="sd")) == ["sd"]


def test_what_a_fit_hands_out_is_a_copy(fit):
    fit.coef["p"] = 0.0
    fit.stderr["p"] = 0.0
    assert fit.coef == {"p": 0.7}
    assert fit.stderr["p"] == pytest.approx(np.sqrt(0.021))
    assert repr(fit.coef) == "{'p': 0.7}"


def test_an_interval_is_short_to_read(fit):
    assert repr(fit.interval()["p"]) == "Interval(0.3763, 0.9002)"
    none = lk.fit("bernoulli", [0, 0]).interval()["p"]
    assert repr(none).startswith("Interval(none: ")


# -- families ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: lk.Normal(0, 1), r"Normal\(mean=0, sd=1\)"),
        (lambda: lk.Binomial(10), r"Binomial\(n=10\)"),
        (lambda: lk.Normal().prob(1, 0, 1), r"Normal\(\)\.prob\(1, mean=0, sd=1\)"),
        (lambda: lk.Normal().cdf(1, 0), r"cdf\(1, mean=0, sd=\.\.\.\)"),
        (lambda: lk.Normal(sd=1).sf(1, 0), r"Normal\(sd=1\)\.sf\(1, mean=0\)"),
        (lambda: lk.Normal().quantile(0.5, 0, 1), r"mean=0, sd=1"),
        (lambda: lk.Normal().mean(0, 1), r"mean\(mean=0, sd=1\)"),
        (lambda: lk.Normal().variance(0, 1), r"mean=0, sd=1"),
        (lambda: lk.Normal().derived(0, 1), r"mean=0, sd=1"),
        (lambda: lk.Normal().sample(3, 0, 1), r"sample\(3, mean=0, sd=1\)"),
        (lambda: lk.Normal().sample(3, mean=0, sd=1, seed="a"), "seed"),
        (lambda: lk.Normal().sample(-1, mean=0, sd=1), "size"),
        (lambda: lk.Normal().sample("a", mean=0, sd=1), "size"),
        (lambda: lk.Normal().quantile("a", mean=0, sd=1), "level"),
        (lambda: lk.Normal().prob([1, 2, 3], mean=[1, 2], sd=1), "shapes"),
        (lambda: lk.Normal().prob([[1], [2, 3]], mean=1, sd=1), "different lengths"),
        (lambda: lk.Categorical("abc"), "list of labels"),
        (lambda: lk.Categorical(3), "list of labels"),
    ],
)
def test_parameters_are_given_by_keyword(call, words):
    with pytest.raises(OptionError, match=words):
        call()


@pytest.mark.parametrize("params", [["rate"], "rate", {"rate": "positive"}, {1: lk.Real}, {}])
def test_parameters_of_a_density_of_ones_own(params):
    with pytest.raises(FamilyError, match=r"lk\.Positive|cannot be called"):
        lk.family(params=params)


def summed(y, rate, xp):
    return (xp.log(rate) - rate * y).sum()


def averaged(y, rate, xp):
    return rate.mean() - rate * y


def branching_on_data(y, rate, xp):
    return xp.log(rate) - rate * y if y > 1 else xp.log(rate)


def branching_on_a_parameter(y, rate, xp):
    return xp.log(rate) - rate * y if rate > 1 else xp.log(rate)


def iterating(y, rate, xp):
    return sum(xp.log(rate) - rate * y)


def indexing(y, rate, xp):
    return xp.log(rate[0]) - rate * y


def with_numpy(y, rate, xp):
    return np.log(rate) - rate * y


@pytest.mark.parametrize(
    ("density", "words"),
    [
        (summed, r"\.sum.*every row"),
        (averaged, r"\.mean.*every row"),
        (branching_on_data, r"xp\.where"),
        (branching_on_a_parameter, r"xp\.where"),
        (iterating, "took a parameter apart|every row"),
        (indexing, "every row|subscriptable"),
        (with_numpy, "functions of xp"),
    ],
)
def test_densities_that_cannot_be_differentiated(density, words):
    family = lk.family(params={"rate": lk.Positive}, support="positive")(density)
    with pytest.raises(FamilyError, match=words) as caught:
        lk.fit(family, FRAME, "y ~ x")
    assert "Jet" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("logit", r"lk\.Bernoulli\(\)"),
        ("logistic regression", r"lk\.Bernoulli\(\)"),
        ("probit", "link='probit'"),
        ("cloglog", "link='cloglog'"),
        ("ols", r"lk\.Normal\(\)"),
        ("linear", r"lk\.Normal\(\)"),
        ("linear regression", r"lk\.Normal\(\)"),
        ("log-link", "link='log'"),
        ("Poisson regression", r"lk\.Poisson\(\)"),
        ("LAD", r"lk\.Laplace\(\)"),
        ("quasipoisson", r"lk\.NegativeBinomial\(\)"),
        ("mnlogit", r"lk\.Categorical\(\)"),
        ("glm", "distribution of the response"),
        ("normall", "did you mean 'normal'"),
    ],
)
def test_names_that_are_no_families(name, words):
    with pytest.raises(UnknownNameError, match=words):
        lk.fit(name, FRAME, "y ~ x")


@pytest.mark.parametrize(("name", "words"), [("Gaussian", "Normal"), ("NegBin", "NegativeBinomial"), ("OLS", "Normal")])
def test_attributes_that_are_other_names_of_families(name, words):
    with pytest.raises(AttributeError, match=words):
        getattr(lk, name)


@pytest.mark.parametrize(
    "call",
    [
        lambda: lk.fit(FRAME, "normal"),
        lambda: lk.fit("y ~ x", FRAME),
        lambda: lk.fit("normal", "y ~ x", FRAME),
        lambda: lk.fit("normal", "y ~ x"),
        lambda: lk.fit(FRAME, "y ~ x", "normal"),
        lambda: lk.fit([1, 2, 3], "normal"),
        lambda: lk.fit(FRAME, lk.Normal(), "y ~ x"),
        lambda: lk.likelihood("y ~ x", FRAME),
        lambda: lk.compare(FRAME, ["normal"]),
        lambda: lk.compare(["normal", "gamma"], "y ~ x", FRAME),
    ],
)
def test_the_order_of_the_arguments(call):
    with pytest.raises(OptionError, match="the order of the arguments is"):
        call()


def test_a_comparison_has_a_row_for_a_family_that_cannot_take_labels():
    table = lk.compare(["normal", "categorical"], ["a", "b", "a", "b", "b"])
    assert [row.name for row in table.rows] == ["Categorical", "Normal"]
    assert "must hold numbers" in table.rows[1].status
    assert "Normal" in str(table)


def test_the_help_of_a_family_names_its_parameters():
    for cls in (lk.Gamma, lk.Binomial, lk.NegativeBinomial):
        text = cls.__doc__
        assert "\nParameters\n-----" in text
        assert all(f"\n{p.name} : " in text for p in cls.parameters)
        assert text.index("Parameters") < text.index("Examples")


def test_parameter_errors_stay_what_they_are(L):
    with pytest.raises(ParameterError):
        L(1.5)
    with pytest.raises(UnknownNameError):
        L(q=0.5)
