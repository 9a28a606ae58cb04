"""What others call a loss, its twins, scorers, and derivations."""

from __future__ import annotations

import numpy as np
import pytest
from loss_cases import WITH_LOSS, family
from scipy import stats
from sklearn import decomposition, ensemble, linear_model, metrics, pipeline, preprocessing, svm, tree
from sklearn.model_selection import GridSearchCV, cross_val_score

import likely as lk
from likely.losses import table
from likely.losses.names import FORMS


def test_losses_equal_their_twins():
    for pair in table.pairs():
        assert pair.value < (3e-4 if pair.twin.startswith("XGBoost") else 1e-9), pair  # which computes in float32
        assert not pair.gradient > 1e-6, pair


@pytest.mark.parametrize(
    ("asked", "settings", "want"),
    [
        ("mae", {}, lk.Laplace()),
        ("MSE", {}, lk.Normal()),
        ("neg_log_loss", {}, lk.Bernoulli()),
        ("reg:quantileerror", {"alpha": 0.9}, lk.AsymmetricLaplace(tau=0.9, scale=1.0)),
        ("huber", {"delta": 2.0}, lk.Huber(k=2.0, scale=1.0)),
        ("SmoothL1Loss", {"beta": 4.0}, lk.Huber(k=2.0, scale=2.0)),
        ("multi:softprob", {}, lk.Categorical()),
        ("mean_tweedie_deviance", {"power": 3.0}, lk.InverseGaussian()),
        ("tweedie", {"power": 2.0}, lk.Gamma()),
        (metrics.mean_absolute_error, {}, lk.Laplace()),
        (metrics.d2_tweedie_score, {}, lk.Normal()),
        (metrics.make_scorer(metrics.mean_tweedie_deviance, power=1.0), {}, lk.Poisson()),
        (pipeline.make_pipeline(preprocessing.StandardScaler(), linear_model.PoissonRegressor()), {}, lk.Poisson()),
        (GridSearchCV(linear_model.Ridge(), {}), {}, lk.Normal()),
        (tree.DecisionTreeClassifier(criterion="log_loss"), {}, lk.Bernoulli()),
        (lk.Weibull(shape=2.0), {}, lk.Weibull(shape=2.0)),
        (lk.scorer(lk.Gamma(shape=1.0)), {}, lk.Gamma(shape=1.0)),
        (metrics.get_scorer("neg_mean_squared_error"), {}, lk.Normal()),
        (metrics.make_scorer(metrics.mean_pinball_loss, alpha=0.2), {}, lk.AsymmetricLaplace(tau=0.2, scale=1.0)),
        (linear_model.LinearRegression(), {}, lk.Normal()),
        (linear_model.LogisticRegression(), {}, lk.Bernoulli()),
        (linear_model.PoissonRegressor(), {}, lk.Poisson()),
        (linear_model.QuantileRegressor(quantile=0.3, alpha=0.0), {}, lk.AsymmetricLaplace(tau=0.3, scale=1.0)),
        (linear_model.HuberRegressor(epsilon=1.5), {}, lk.Huber(k=1.5, scale=1.0)),
        (ensemble.HistGradientBoostingRegressor(loss="gamma"), {}, lk.Gamma()),
        (ensemble.GradientBoostingRegressor(loss="quantile", alpha=0.7), {}, lk.AsymmetricLaplace(tau=0.7, scale=1.0)),
    ],
)
def test_assumption_of(asked, settings, want):
    found = lk.assumption_of(asked, **settings)
    assert found
    assert found.family == want
    assert isinstance(found.loss, lk.loss)


@pytest.mark.parametrize("asked", ["hinge", "dice", "roc_auc", "accuracy", "mape", "rank:ndcg", svm.SVC(), svm.SVR()])
def test_what_is_no_likelihood_says_why(asked):
    found = lk.assumption_of(asked)
    assert not found
    assert len(found.why) > 40
    with pytest.raises(lk.errors.OptionError):
        _ = found.loss


def test_unknown_names_and_settings():
    with pytest.raises(lk.errors.UnknownNameError, match="mae"):
        lk.assumption_of("maee")
    with pytest.raises(lk.errors.OptionError, match="nothing to set"):
        lk.assumption_of("mae", delta=1.0)
    with pytest.raises(lk.errors.OptionError, match="PCA"):
        lk.assumption_of(decomposition.PCA())


def test_torch_modules_at_the_ends_of_their_settings():
    nn = pytest.importorskip("torch").nn
    assert lk.assumption_of(nn.SmoothL1Loss(beta=0.0)).family == lk.Laplace()
    assert lk.assumption_of(nn.SoftMarginLoss()).family == lk.Bernoulli()
    assert "alignment" in lk.assumption_of(nn.CTCLoss()).why


def test_an_objective_of_ones_own():
    xgb = pytest.importorskip("xgboost")
    from likely.losses.boosting import objective

    own = objective(lk.Gamma(shape=1.0))
    assert lk.assumption_of(own).family == lk.Gamma(shape=1.0)
    assert lk.assumption_of(xgb.XGBRegressor(objective=own)).family == lk.Gamma(shape=1.0)

    def mystery(y, score):
        return score - y, np.ones_like(y)

    with pytest.raises(lk.errors.OptionError, match="mystery"):
        lk.assumption_of(xgb.XGBRegressor(objective=mystery))


def test_pseudo_huber_and_log_cosh_are_likelihoods():
    r = np.linspace(-30.0, 30.0, 61)
    pseudo = lk.assumption_of("reg:pseudohubererror", delta=0.7)
    found = pseudo.ratio * (lk.loss(pseudo.family, reduction="none")(r, np.zeros(61)) - 1.0)
    np.testing.assert_allclose(found, 0.49 * (np.sqrt(1 + (r / 0.7) ** 2) - 1), atol=1e-13)
    total = np.trapezoid(pseudo.family.prob(np.linspace(-80, 80, 200_001), loc=0.0), dx=160 / 200_000)
    assert total == pytest.approx(1.0, abs=1e-8)
    cosh = lk.assumption_of("log cosh")
    found = cosh.ratio * lk.loss(cosh.family, reduction="none")(r, np.zeros(61)) - np.log(2.0)
    np.testing.assert_allclose(found, np.log(np.cosh(r)), atol=1e-12)


def test_every_form_has_a_family_or_says_why():
    for form in FORMS:
        made = form.family(**dict(form.settings or {}))
        assert isinstance(made, lk.Family) or "no family" in made


def test_the_catalogue_lists_every_family():
    rows = lk.loss.catalogue().rows
    assert {row["family"] for row in rows} >= {"Normal", "Huber", "Categorical"}
    assert next(row for row in rows if row["family"] == "Laplace")["XGBoost"] == "reg:absoluteerror"


@pytest.fixture
def regression():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(120, 2))
    return x, x[:, 0] + rng.normal(scale=0.5, size=120)


class TestScorer:
    def test_known_spread(self, regression):
        x, y = regression
        model = linear_model.LinearRegression().fit(x, y)
        want = stats.norm.logpdf(y, model.predict(x), 0.5).mean()
        assert lk.scorer(lk.Normal(sd=0.5))(model, x, y) == pytest.approx(want)

    def test_estimated_spread(self, regression):
        x, y = regression
        model = linear_model.LinearRegression().fit(x, y)
        sd = np.sqrt(np.mean((y - model.predict(x)) ** 2))
        assert lk.scorer("normal")(model, x, y) == pytest.approx(stats.norm.logpdf(y, model.predict(x), sd).mean())

    def test_a_spread_at_a_limit_is_scored_there(self, regression):
        x, y = regression
        model = linear_model.LinearRegression().fit(x, y)
        even = model.predict(x) + np.resize([1.0, -1.0], len(y))  # lighter tails than any t: df runs to infinity
        assert lk.scorer("student_t")(model, x, even) == pytest.approx(lk.scorer("normal")(model, x, even), abs=1e-6)

    def test_what_cannot_occur_is_infinitely_surprising(self, regression):
        x, y = regression
        model = linear_model.PoissonRegressor().fit(x, np.exp(y))
        for given in ("gamma", lk.Gamma(shape=1.0)):
            assert lk.scorer(given)(model, x, np.where(np.arange(len(y)) == 3, 0.0, np.exp(y))) == -np.inf
        with pytest.raises(lk.errors.MissingValuesError):
            lk.scorer("gamma")(model, x, np.where(np.arange(len(y)) == 3, np.nan, np.exp(y)))
        with pytest.raises(lk.errors.DataError, match="are text"):
            lk.scorer("normal")(linear_model.LogisticRegression().fit(x, np.where(y > 0, "a", "b")), x, ["a"] * len(y))

    def test_weights_that_are_no_counts(self, regression):
        x, y = regression
        model, w = linear_model.LinearRegression().fit(x, y), np.linspace(0.1, 2.0, len(y))
        r2 = (y - model.predict(x)) ** 2
        want = np.average(stats.norm.logpdf(y, model.predict(x), np.sqrt(np.average(r2, weights=w))), weights=w)
        assert lk.scorer("normal")(model, x, y, sample_weight=w) == pytest.approx(want)

    def test_in_grid_search_and_cross_validation(self, regression):
        x, y = regression
        search = GridSearchCV(linear_model.Ridge(), {"alpha": [0.1, 1e4]}, scoring=lk.scorer(lk.Normal(sd=0.5)), cv=3)
        assert search.fit(x, y).best_params_ == {"alpha": 0.1}
        yes = np.where(y > 0, "yes", "no")
        scores = cross_val_score(linear_model.LogisticRegression(), x, yes, scoring=lk.scorer(lk.Bernoulli()), cv=3)
        want = cross_val_score(linear_model.LogisticRegression(), x, yes, scoring="neg_log_loss", cv=3)
        np.testing.assert_allclose(scores, want)
        scores = cross_val_score(linear_model.LogisticRegression(), x, yes, scoring=lk.scorer("categorical"), cv=3)
        np.testing.assert_allclose(scores, want)

    def test_without_a_family_the_estimators_own(self, regression):
        from likely.estimators import MLERegressor, log_likelihood

        x, y = regression
        model = MLERegressor("normal").fit(x, y)
        assert lk.scorer()(model, x, y) == log_likelihood(model, x, y)
        with pytest.raises(lk.errors.OptionError, match=r"lk\.scorer\(lk\.Normal"):
            lk.scorer()(linear_model.LinearRegression().fit(x, y), x, y)


@pytest.mark.parametrize("name", [n for n in WITH_LOSS if n != "ordinal"])
def test_the_derivation_is_the_loss(name):
    """The formula that is shown gives the numbers of the loss, and of the density."""
    sympy = pytest.importorskip("sympy")
    chosen = family(name)
    loss = lk.loss(chosen, reduction="none")
    explained = loss.explain()
    rng = np.random.default_rng(0)
    symbols = {s.name: s for s in explained.loss.free_symbols}
    assert "y" in symbols
    for _ in range(3):
        if name == "categorical":
            p = rng.dirichlet([1.0, 1.0, 1.0])
            y, prediction, given = 1, p[None, :], {f"p_{k}": p[k] for k in range(3)}
        else:
            at = rng.uniform(0.2, 0.8)
            y = 1 if chosen.discrete else 0.7
            prediction, given = np.array([at]), {loss.of: at}
        values = {symbols["y"]: y}
        for symbol, s in symbols.items():
            if symbol != "y":
                values[s] = given.get(symbol, chosen.known.get(symbol))
        shown = explained.loss.subs(values)
        if shown.has(sympy.Function("Phi")):
            shown = shown.replace(sympy.Function("Phi"), lambda a: (1 + sympy.erf(a / sympy.sqrt(2))) / 2)
        assert float(shown) == pytest.approx(float(loss([y], prediction)[0]), rel=1e-9, abs=1e-9)


def test_an_explanation_in_every_form():
    explained = lk.loss("normal").explain()
    assert "(mean - y)**2" in str(explained)
    assert r"\mathrm{mean} - y" in explained.latex()
    assert r"\begin{aligned}" in explained.latex()
    assert explained._repr_html_().count("<li>") >= 8
    assert "no bound" in " ".join(explained.believes)
    assert "StudentT" in explained.instead[0]
    assert "bounded" in " ".join(lk.loss("laplace").explain().believes)
    assert "fades" in " ".join(lk.loss(lk.StudentT(scale=1, df=4)).explain().believes)
    assert "without bound" in " ".join(lk.loss("bernoulli").explain().believes)


def test_a_density_that_overflows_far_out_is_judged_before_it_does():
    @lk.family(params={"centre": lk.Real}, support="real")
    def secant(y, centre, xp):
        return -xp.log(xp.exp(y - centre) + xp.exp(centre - y)) - xp.log(np.pi / 2)

    @lk.family(params={"centre": lk.Real}, support="real")
    def cosh(y, centre, xp):
        return -0.5 * (xp.exp(y - centre) + xp.exp(centre - y)) - 0.4210244

    assert " ".join(lk.loss(secant()).explain().believes).count("bounded influence") == 2
    assert "exponentially" in " ".join(lk.loss(cosh()).explain().believes)
    assert "no bound" in " ".join(lk.loss("log_normal").explain().believes)


def test_a_density_of_ones_own_is_recognised_by_its_gradient():
    @lk.family(params={"centre": lk.Real, "variance": lk.Positive}, support="real")
    def bell(y, centre, variance, xp):
        return -0.5 * (xp.log(2 * np.pi * variance) + (y - centre) ** 2 / variance)

    @lk.family(params={"rate": lk.Positive}, support="counts")
    def rare(y, rate, xp):
        return y * xp.log(rate) - rate - xp.gammaln(y + 1.0)

    @lk.family(params={"centre": lk.Real}, support="real")
    def quartic(y, centre, xp):
        return -((y - centre) ** 4) - 0.5948753

    assert lk.loss(bell()).explain().name == "squared error"
    assert lk.loss(rare()).explain().name == "half Poisson deviance"
    assert lk.loss(quartic()).explain().name.startswith("negative log-likelihood")
