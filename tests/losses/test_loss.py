"""A loss is what is left of the negative log-likelihood, and what was dropped gives it back."""

from __future__ import annotations

import numpy as np
import pytest
from loss_cases import WITH_LOSS, drawn, family

import likely as lk
from likely.losses.text import text


@pytest.mark.parametrize("name", WITH_LOSS)
def test_what_was_dropped_gives_the_likelihood_back(name):
    chosen, y, prediction, others = drawn(name)
    loss = lk.loss(chosen, reduction="none")
    nll = lk.nll(chosen, reduction="none")(y, **{loss.of: prediction}, **others)
    back = loss.dropped.factor(**others) * loss(y, prediction) + loss.dropped.constant(y, **others)
    np.testing.assert_allclose(back, nll, rtol=1e-12, atol=1e-12)
    assert loss.dropped.factor(**others) > 0


@pytest.mark.parametrize("name", WITH_LOSS)
def test_nll_is_minus_the_log_density(name):
    chosen, y, prediction, others = drawn(name)
    of = lk.loss(chosen).of
    nll = lk.nll(chosen, reduction="none")(y, **{of: prediction}, **others)
    np.testing.assert_allclose(nll, -chosen.log_prob(y, **{of: prediction}, **others), rtol=1e-14)


@pytest.mark.parametrize("name", WITH_LOSS)
def test_what_is_dropped_does_not_depend_on_the_prediction(name):
    parts = lk.loss(family(name)).parts
    for part in (parts.factor, parts.constant):
        assert not any(leaf.startswith("prediction") for leaf in part.depends)


@pytest.mark.parametrize("name", [n for n in WITH_LOSS if n != "categorical"])
def test_derivatives_are_those_of_the_values(name):
    chosen, y, prediction, _ = drawn(name)
    loss = lk.loss(chosen, reduction="none")
    value, first, second = loss.derivatives(y, prediction)
    np.testing.assert_allclose(value, loss(y, prediction), rtol=1e-13)
    h = 1e-5
    if not chosen.kinked:
        np.testing.assert_allclose(
            first, (loss(y, prediction + h) - loss(y, prediction - h)) / (2 * h), rtol=1e-5, atol=1e-6
        )
        if name != "huber":  # its second derivative jumps
            up, down = loss.derivatives(y, prediction + h)[1], loss.derivatives(y, prediction - h)[1]
            np.testing.assert_allclose(second, (up - down) / (2 * h), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", WITH_LOSS)
def test_both_scales_agree(name):
    chosen, y, prediction, _ = drawn(name)
    natural, link = lk.loss(chosen, reduction="none"), lk.loss(chosen, scale="link", reduction="none")
    if name == "categorical":
        eta = np.log(prediction) + 3.0  # logits are free up to a constant
    else:
        eta = natural.parameter.domain.get_link(natural.of).forward(prediction)
    np.testing.assert_allclose(link(y, eta), natural(y, prediction), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("chosen", "written", "factor"),
    [
        (lk.Normal(), "(y - prediction)*(y - prediction)", "1/(2*sd**2)"),
        (lk.Laplace(), "abs(y - prediction)", "1/scale"),
        (lk.Poisson(), "bd0(y, prediction)", "1"),
        (lk.LogNormal(), "(log(y) - prediction)*(log(y) - prediction)", "1/(2*sigma**2)"),
        (lk.Exponential(), "prediction*y - log(prediction)", "1"),
    ],
)
def test_forms(chosen, written, factor):
    parts = lk.loss(chosen).parts
    assert (text(parts.loss), text(parts.factor)) == (written, factor)


def test_reductions_and_weights():
    y, prediction, w = [1.0, 2.0, 4.0], [0.0, 0.0, 1.0], [1.0, 0.0, 3.0]
    rows = np.array([1.0, 4.0, 9.0])
    assert lk.loss("normal")(y, prediction) == pytest.approx(rows.mean())
    assert lk.loss("normal", reduction="sum")(y, prediction, w) == pytest.approx(28.0)
    assert lk.loss("normal")(y, prediction, w) == pytest.approx(28.0 / 4.0)
    assert lk.loss("normal", reduction="none")(y, prediction).tolist() == rows.tolist()
    assert lk.loss("normal")(y, prediction, 2.0) == pytest.approx(rows.mean())
    np.testing.assert_allclose(lk.loss("normal").gradient(y, prediction, w), np.array([-2.0, 0.0, -18.0]) / 4.0)


def test_of_another_parameter():
    loss = lk.loss(lk.Normal(mean=0.0), of="sd", reduction="none")
    np.testing.assert_allclose(loss([1.0, 2.0], [1.0, 2.0]), [0.5, 0.5 + np.log(2.0)])
    assert "sd" in loss.name


def test_known_values_by_row_stay():
    sd = np.array([1.0, 2.0])
    loss = lk.loss(lk.Normal(sd=sd), reduction="none")
    np.testing.assert_allclose(loss([1.0, 2.0], [0.0, 0.0]), [1.0, 1.0])  # (y/sd)^2: 1/2 alone is dropped


def test_a_density_of_ones_own():
    @lk.family(params={"mu": lk.Real, "s": lk.Positive}, support="real")
    def quartic(y, mu, s, xp):
        z = (y - mu) / s
        return -0.25 * z * z * z * z - xp.log(s) - 0.9411358  # log of 2^(-1/2) gamma(1/4)

    loss = lk.loss(quartic(), reduction="none")
    np.testing.assert_allclose(loss([1.0, -2.0], [0.0, 1.0]), [1.0, 81.0])
    assert loss.dropped.factor(s=2.0) == pytest.approx(1 / 64)


def test_a_density_that_calls_numpy_on_its_data():
    from scipy import special

    @lk.family(params={"rate": lk.Positive}, support="counts")
    def counts(y, rate, xp):
        return y * xp.log(rate) - rate - special.gammaln(y + 1)

    loss = lk.loss(counts(), reduction="none")
    np.testing.assert_allclose(loss([0, 3], [1.0, 2.0]), [1.0, 2.0 - 3 * np.log(2.0)])


def test_nll_of_several_heads():
    y = np.array([1.0, -2.0, 3.0])
    mean, log_sd = np.array([0.5, 0.0, 1.0]), np.array([0.0, 0.5, 1.0])
    nll = lk.nll(lk.Normal(), scale="link", reduction="sum")
    want = -lk.Normal().log_prob(y, mean=mean, sd=np.exp(log_sd)).sum()
    assert nll(y, mean=mean, sd=log_sd) == pytest.approx(want, rel=1e-14)
    value, first, second = nll.derivatives(y, mean=mean, sd=log_sd)
    z = (y - mean) / np.exp(log_sd)
    np.testing.assert_allclose(first["sd"], 1 - z * z)
    np.testing.assert_allclose(second["mean", "sd"], 2 * z / np.exp(log_sd))
    assert value.sum() == pytest.approx(want, rel=1e-14)


def test_nll_of_labels_and_edges():
    p = np.array([[0.2, 0.8], [0.5, 0.5]])
    got = lk.nll(lk.Categorical(["no", "yes"]), reduction="none")(["yes", "no"], p=p)
    np.testing.assert_allclose(got, -np.log([0.8, 0.5]))
    assert lk.nll(lk.Uniform(), reduction="none")([0.5, 3.0], low=0.0, high=2.0).tolist() == [np.log(2.0), np.inf]


class TestRefusals:
    """Bad inputs are told with the family, the parameter and the first rows."""

    @pytest.mark.parametrize(
        ("call", "error", "words"),
        [
            (lambda: lk.loss("poisson")([1, -2, 3], [1.0, 1.0, 1.0]), lk.errors.SupportError, "Poisson.*row 1: -2"),
            (
                lambda: lk.loss("poisson")([1, 2], [1.0, -1.0]),
                lk.errors.ParameterError,
                "rate.*row 1: -1.*scale='link'",
            ),
            (lambda: lk.loss("bernoulli")([1, 0], [0.5, 1.5]), lk.errors.ParameterError, "Bernoulli's p.*row 1"),
            (lambda: lk.loss("normal")([1, np.nan], [0.5, 1.5]), lk.errors.MissingValuesError, "row 1"),
            (lambda: lk.loss("normal")([1, 2], [np.nan, 1.5]), lk.errors.ParameterError, "mean.*row 0"),
            (lambda: lk.loss("normal")([1, 2], [[0.5], [1.5]]), lk.errors.DataError, "reshape"),
            (lambda: lk.loss("normal")([1, 2], [1, 2], [1, -1]), lk.errors.DataError, "row 1: -1"),
            (lambda: lk.loss("normal")([1, 2], [1, 2], [0, 0]), lk.errors.DataError, "every weight"),
            (lambda: lk.loss("normal")(["a", "b"], [1, 2]), lk.errors.DataError, "y holds text"),
            (lambda: lk.loss("normal")([], []), lk.errors.DataError, "empty"),
            (lambda: lk.loss("binomial"), lk.errors.OptionError, "'n'"),
            (lambda: lk.loss(lk.Binomial(n=3))([4], [0.5]), lk.errors.SupportError, "row 0: 4"),
            (lambda: lk.loss("student_t"), lk.errors.OptionError, r"'df', 'scale'.*StudentT\("),
            (lambda: lk.loss("uniform"), lk.errors.OptionError, "end of the support"),
            (lambda: lk.loss(lk.Normal(mean=1.0)), lk.errors.OptionError, "of="),
            (lambda: lk.loss("normal", of="rate"), lk.errors.UnknownNameError, "rate"),
            (lambda: lk.loss("normal", reduction="avg"), lk.errors.UnknownNameError, "avg"),
            (lambda: lk.loss(lk.Normal(sd="se")), lk.errors.OptionError, "column"),
            (lambda: lk.loss(lk.ConditionalLogit()), lk.errors.OptionError, "several rows"),
            (lambda: lk.nll("normal")([1.0], mean=[1.0]), lk.errors.OptionError, "'sd'"),
            (lambda: lk.nll("normal")([1.0], mean=[1.0], scale=[1.0]), lk.errors.UnknownNameError, "scale"),
            (lambda: lk.loss("categorical")([0, 2], [[0.5, 0.5]] * 2), lk.errors.SupportError, "row 1"),
            (lambda: lk.loss("categorical")([0, 1], [[0.5, 0.5]] * 3), lk.errors.DataError, "shape"),
            (
                lambda: lk.loss(lk.Categorical(["a", "b"]))(["a", "c"], [[0.5, 0.5]] * 2),
                lk.errors.SupportError,
                "row 1",
            ),
        ],
    )
    def test_told(self, call, error, words):
        with pytest.raises(error, match=words):
            call()


def test_text_as_a_response_is_told_what_to_do():
    with pytest.raises(lk.errors.DataError, match=r"lk\.Categorical\(levels="):
        lk.loss("categorical")(["bus", "car"], [[0.5, 0.5], [0.5, 0.5]])
    with pytest.raises(lk.errors.DataError, match=r"Bernoulli is for .*y == 'yes'"):
        lk.loss("bernoulli")(np.array(["yes", "no"], dtype=object), [0.5, 0.5])
