"""scikit-learn's face: its own checks, its meta-estimators, and its own models of the same likelihood."""

from __future__ import annotations

import pickle
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.dummy import DummyRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import GammaRegressor, LinearRegression, LogisticRegression, PoissonRegressor
from sklearn.metrics import accuracy_score, log_loss, r2_score
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import likely as lk
from likely.estimators import MLEClassifier, MLERegressor, log_likelihood

ESTIMATORS = [
    MLERegressor(),
    MLERegressor("student_t"),
    MLERegressor("gamma"),
    MLERegressor(predictors={"sd": "all"}),
    MLEClassifier(),
    MLEClassifier(link="probit"),
]


@parametrize_with_checks(ESTIMATORS)
def test_scikit_learns_own_checks(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # toy data: separated classes, more columns than rows
        check(estimator)


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(7)
    X = rng.normal(size=(400, 3))
    eta = 0.4 + X @ [0.5, -0.3, 0.0]
    return X, {
        "normal": eta + rng.normal(size=400),
        "poisson": rng.poisson(np.exp(eta)).astype(float),
        "gamma": rng.gamma(3.0, np.exp(eta) / 3.0),
        "two": np.where(rng.random(400) < 1 / (1 + np.exp(-eta)), "yes", "no"),
        "three": np.array(["a", "b", "c"])[np.argmax(rng.gumbel(size=(400, 3)) + X, axis=1)],
        "weights": rng.integers(0, 4, size=400),
    }


# -- the same likelihood in scikit-learn ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("family", "other", "link"),
    [
        ("normal", LinearRegression(), None),
        ("poisson", PoissonRegressor(alpha=0, tol=1e-10, max_iter=1000), None),
        ("gamma", GammaRegressor(alpha=0, tol=1e-10, max_iter=1000), "log"),
    ],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_agrees_with_scikit_learns_regressors(data, family, other, link, weighted):
    X, y = data
    w = y["weights"] if weighted else None
    ours, theirs = MLERegressor(family, link=link).fit(X, y[family], w), other.fit(X, y[family], w)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=2e-5)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=2e-5)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-4)


@pytest.mark.parametrize("weighted", [False, True])
def test_agrees_with_logistic_regression(data, weighted):
    X, y = data
    w = y["weights"] if weighted else None
    for classes in ("two", "three"):
        ours = MLEClassifier().fit(X, y[classes], w)
        theirs = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(X, y[classes], w)
        np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-6)
        assert ours.predict(X).tolist() == theirs.predict(X).tolist()
        assert ours.classes_.tolist() == theirs.classes_.tolist()
        assert ours.score(X, y[classes]) == accuracy_score(y[classes], theirs.predict(X))
        held = ours.log_likelihood(X, y[classes], sample_weight=w)
        assert held == pytest.approx(-log_loss(y[classes], theirs.predict_proba(X), sample_weight=w), abs=1e-8)
    np.testing.assert_allclose(ours.coef_ - ours.coef_[0], theirs.coef_ - theirs.coef_[0], atol=1e-5)
    two = MLEClassifier().fit(X, y["two"], w)
    assert two.coef_.shape == (1, 3)
    assert two.intercept_.shape == (1,)


def test_score_is_r_squared_and_log_likelihood_is_the_mean_log_density(data):
    X, y = data
    model = MLERegressor().fit(X, y["normal"])
    assert model.score(X, y["normal"]) == pytest.approx(
        r2_score(y["normal"], LinearRegression().fit(X, y["normal"]).predict(X))
    )
    assert model.log_likelihood(X, y["normal"]) == pytest.approx(model.fit_.loglik / 400, rel=1e-12)


def test_the_fit_says_what_a_fit_of_likely_says(data):
    X, y = data
    frame = pd.DataFrame(X, columns=["age", "income", "debt"])
    model = MLERegressor("poisson").fit(frame, y["poisson"])
    direct = lk.fit("poisson", frame.assign(y=y["poisson"]), "y ~ age + income + debt")
    assert model.fit_.coef == pytest.approx(direct.coef, rel=1e-9)
    assert model.fit_.stderr == pytest.approx(direct.stderr, rel=1e-9)
    assert model.feature_names_in_.tolist() == ["age", "income", "debt"]
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(frame.rename(columns={"age": "years"}))


# -- in pipelines and searches -----------------------------------------------------------------------------------


def test_pipelines_searches_and_cross_validation(data):
    X, y = data
    pipeline = make_pipeline(StandardScaler(), MLERegressor("poisson"))
    other = make_pipeline(StandardScaler(), PoissonRegressor(alpha=0, tol=1e-8))
    scores = cross_val_score(pipeline, X, y["poisson"], scoring="neg_mean_poisson_deviance")
    np.testing.assert_allclose(
        scores, cross_val_score(other, X, y["poisson"], scoring="neg_mean_poisson_deviance"), rtol=1e-5
    )
    linear = cross_val_score(LinearRegression(), X, y["normal"])
    np.testing.assert_allclose(cross_val_score(MLERegressor(), X, y["normal"]), linear, rtol=1e-8)


def test_a_grid_search_finds_the_family(data):
    X, _ = data
    rng = np.random.default_rng(3)
    y = X[:, 0] + rng.standard_t(2, size=len(X))
    grid = {"mleregressor__family": ["normal", "laplace", "student_t", lk.StudentT(df=30)]}
    search = GridSearchCV(make_pipeline(StandardScaler(), MLERegressor()), grid, scoring=log_likelihood, cv=3)
    assert search.fit(X, y).best_params_ == {"mleregressor__family": "student_t"}
    held = [log_likelihood(MLERegressor("student_t").fit(X[a], y[a]), X[b], y[b]) for a, b in folds(len(X), 3)]
    assert search.best_score_ == pytest.approx(np.mean(held), rel=1e-6)


def folds(n, k):
    from sklearn.model_selection import KFold

    return KFold(k).split(np.zeros(n))


def test_clone_pickle_and_parameters(data):
    X, y = data
    model = MLERegressor(lk.StudentT(df=4), predictors={"scale": [0]}, tol=1e-7)
    copy = clone(model).set_params(family="laplace", predictors=None)
    assert copy.get_params()["tol"] == 1e-7
    assert copy.fit(X, y["normal"]).fit_.likelihood.model.family.name == "laplace"
    fitted = model.fit(X, y["normal"])
    again = pickle.loads(pickle.dumps(fitted))
    assert again.predict(X).tolist() == fitted.predict(X).tolist()


def test_names_come_through_set_output(data):
    _, y = data
    frame = pd.DataFrame({"group": np.array(["a", "b", "c"])[np.arange(400) % 3]})
    encoder = OneHotEncoder(sparse_output=False).set_output(transform="pandas")
    model = make_pipeline(encoder, MLERegressor()).fit(frame, y["normal"])[-1]
    # one column for every level and an intercept: the last is the intercept minus the others
    assert model.aliased_ == ["group_c"]
    assert list(model.fit_.coef) == ["mean.Intercept", "mean.group_a", "mean.group_b", "sd"]
    np.testing.assert_allclose(
        model.predict(encoder.transform(frame))[:3], [np.mean(y["normal"][k::3]) for k in range(3)], rtol=1e-12
    )


def test_weights_and_offsets_are_routed(data):
    from sklearn import config_context

    X, y = data
    exposure = np.linspace(0.5, 2.0, 400)
    with config_context(enable_metadata_routing=True):
        model = MLERegressor("poisson").set_fit_request(sample_weight=True, offset=True)
        model.set_score_request(offset=True, sample_weight=True)
        params = {"sample_weight": y["weights"], "offset": np.log(exposure)}
        found = cross_validate(model, X, y["poisson"], params=params, cv=4, return_estimator=True)
    train = np.arange(100, 400)
    table = {"y": y["poisson"][train], "w": y["weights"][train], "t": exposure[train]} | {
        f"x{j}": X[train, j] for j in range(3)
    }
    direct = lk.fit("poisson", table, "y ~ x0 + x1 + x2", weights="w", offset="log(t)")
    assert found["estimator"][0].fit_.coef == pytest.approx(direct.coef, rel=1e-6)
    part = slice(0, 100)
    predicted = np.exp(
        np.log(exposure[part]) + direct.coef["rate.Intercept"] + X[part] @ list(direct.coef.values())[1:]
    )
    score = r2_score(y["poisson"][part], predicted, sample_weight=y["weights"][part])
    assert found["test_score"][0] == pytest.approx(score, rel=1e-6)


# -- what a distribution adds --------------------------------------------------------------------------------


def test_a_spread_that_changes_with_the_features():
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(rng.normal(size=(3000, 2)), columns=["a", "b"])
    y = 1 + 2 * frame["a"] + np.exp(0.3 + 0.8 * frame["b"]) * rng.normal(size=3000)
    model = MLERegressor(predictors={"sd": ["b"]}).fit(frame, y)
    direct = lk.fit("normal", frame.assign(y=y), "y ~ a + b", sd="~ b")
    assert model.fit_.coef == pytest.approx(direct.coef, rel=1e-8)
    np.testing.assert_allclose(model.predict_parameters(frame)["sd"], direct.predict(frame, "params")["sd"], rtol=1e-8)
    lower, upper = model.predict_interval(frame, level=0.8).T
    assert abs(np.mean((lower < y) & (y < upper)) - 0.8) < 3 * np.sqrt(0.16 / 3000)
    np.testing.assert_allclose(model.predict_quantile(frame), model.predict(frame), rtol=1e-12)
    assert model.log_likelihood(frame, y) > MLERegressor().fit(frame, y).log_likelihood(frame, y) + 0.1


def test_a_family_without_a_mean_predicts_the_median():
    rng = np.random.default_rng(5)
    X = rng.normal(size=(500, 1))
    model = MLERegressor("cauchy").fit(X, X[:, 0] + rng.standard_cauchy(500))
    np.testing.assert_allclose(model.predict(X), model.intercept_ + X @ model.coef_, rtol=1e-9)


def test_a_parameter_at_its_limit():
    """A negative binomial without overdispersion is a Poisson; its predictions and coefficients are that one's."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(300, 2))
    y = rng.binomial(20, 1 / (1 + np.exp(-X[:, 0])))
    model, poisson = MLERegressor("negative_binomial").fit(X, y), MLERegressor("poisson").fit(X, y)
    np.testing.assert_allclose(model.coef_, poisson.coef_, rtol=1e-7)
    np.testing.assert_allclose(model.predict(X), poisson.predict(X), rtol=1e-7)
    assert model.log_likelihood(X, y) == pytest.approx(poisson.log_likelihood(X, y), rel=1e-9)
    values = model.predict_parameters(X[:2])
    assert set(values) == {"mean", "dispersion"}
    assert values["dispersion"].tolist() == [0.0, 0.0]


def test_no_intercept_and_other_links(data):
    X, y = data
    model = MLERegressor(fit_intercept=False).fit(X, y["normal"])
    assert model.intercept_ == 0.0
    np.testing.assert_allclose(model.coef_, np.linalg.lstsq(X, y["normal"], rcond=None)[0], rtol=1e-10)
    probit = MLEClassifier(link="cloglog").fit(X, y["two"])
    direct = lk.fit("bernoulli", (y["two"] == "yes").astype(float), np.column_stack([np.ones(400), X]), link="cloglog")
    np.testing.assert_allclose(probit.predict_proba(X)[:, 1], direct.predict(), rtol=1e-8)
    assert (probit.decision_function(X) > 0).tolist() == (probit.predict(X) == "yes").tolist()


def test_sparse_features_stay_sparse_and_give_the_same(data):
    X, y = data
    codes = np.arange(400) % 40
    wide = np.column_stack([X, codes[:, None] == np.arange(1, 40)]).astype(float)
    for family, target in (("normal", "normal"), ("poisson", "poisson")):
        plain = MLERegressor(family, predictors={"sd": [0]} if family == "normal" else None).fit(wide, y[target])
        thin = clone(plain).fit(sparse.csr_array(wide), y[target])
        assert not isinstance(
            thin.fit_.likelihood.function.bound.data.matrix(thin.fit_.likelihood.model.slots[0]), np.ndarray
        )
        np.testing.assert_allclose(thin.coef_, plain.coef_, atol=1e-7)
        np.testing.assert_allclose(thin.predict(sparse.csc_array(wide)), plain.predict(wide), rtol=1e-7)
        assert thin.log_likelihood(sparse.coo_array(wide), y[target]) == pytest.approx(
            plain.log_likelihood(wide, y[target]), rel=1e-9
        )
    encoder = OneHotEncoder()  # sparse by default, and all levels: with an intercept one of them is aliased
    model = make_pipeline(encoder, MLERegressor()).fit(codes[:, None], y["normal"])
    assert model[-1].aliased_ == ["x39"]
    np.testing.assert_allclose(model.predict([[7]]), np.mean(y["normal"][codes == 7]), rtol=1e-10)


def test_a_penalty_is_passed_on(data):
    X, y = data
    for strength in (0.1, 10.0):
        ours = MLEClassifier(penalty=lk.Ridge(strength, scale=False)).fit(X, y["two"])
        theirs = LogisticRegression(C=1 / strength, tol=1e-10).fit(X, y["two"])
        np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-6)
        np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-6)
    grid = GridSearchCV(MLEClassifier(), {"penalty": [None, lk.Ridge(1e4, scale=False)]}, scoring=log_likelihood, cv=3)
    assert grid.fit(X, y["two"]).best_params_ == {"penalty": None}
    twice = np.column_stack([X, X[:, 0]])  # a penalty shares the effect; without one the first has it
    shared = MLEClassifier(penalty=lk.Ridge(1e-3, scale=False)).fit(twice, y["two"]).coef_[0]
    assert shared[0] == pytest.approx(shared[3], rel=1e-6)
    assert MLEClassifier().fit(twice, y["two"]).coef_[0, 3] == 0.0


def test_features_need_names_of_their_own(data):
    X, y = data
    with pytest.raises(ValueError, match=r"several features are called 'a'|unique column names"):
        MLERegressor().fit(pd.DataFrame(X, columns=["a", "a", "b"]), y["normal"])
    named = MLERegressor().fit(pd.DataFrame(X, columns=["Intercept", "a", "b"]), y["normal"])
    np.testing.assert_allclose(named.coef_, MLERegressor().fit(X, y["normal"]).coef_, rtol=1e-12)
    nothing = MLERegressor(fit_intercept=False).fit(np.zeros((5, 2)), np.arange(5.0))  # the mean is 0 whatever comes
    assert nothing.predict(np.ones((2, 2))).tolist() == [0.0, 0.0]
    assert nothing.fit_.coef["sd"] == pytest.approx(np.sqrt(6.0))
    assert nothing.aliased_ == ["x0", "x1"]


# -- where there is no peak ----------------------------------------------------------------------------------


def test_separated_classes_predict_with_a_warning():
    X = np.arange(10.0)[:, None]
    y = X[:, 0] > 4
    with pytest.warns(ConvergenceWarning, match="separate.*no standard errors"):
        model = MLEClassifier().fit(X, y)
    assert model.predict(X).tolist() == y.tolist()
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1.0, rtol=1e-12)
    with pytest.raises(lk.errors.FitError, match="separate"):
        MLEClassifier(on_failure="raise").fit(X, y)


def test_an_exact_fit_predicts_and_states_no_spread():
    X = np.array([[0.0, 1.0], [1.0, 3.0], [5.0, 2.0], [2.0, 2.0]])
    y = np.array([1.0, 3.0, 2.0, 5.0])
    wide = np.column_stack([X, X[:, 0] - 1, X**2])  # more columns than rows
    with pytest.warns(ConvergenceWarning, match="reproduce every value"):
        model = MLERegressor().fit(wide, y)
    np.testing.assert_allclose(model.predict(wide), y, rtol=1e-9)
    assert len(model.aliased_) == 2
    for ask in (lambda: model.predict_interval(wide), lambda: model.log_likelihood(wide, y)):
        with pytest.raises(lk.errors.FitError, match="no distribution"):
            ask()


def test_the_end_of_a_hopeless_search_depends_on_the_data_alone():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(12, 8))
    y = np.arange(12) % 3
    w = rng.integers(1, 4, size=12)
    order = rng.permutation(w.sum())
    with pytest.warns(ConvergenceWarning):
        one = MLEClassifier().fit(X, y, sample_weight=w)
    with pytest.warns(ConvergenceWarning):
        other = MLEClassifier().fit(np.repeat(X, w, axis=0)[order], np.repeat(y, w)[order])
    assert one.coef_.tolist() == other.coef_.tolist()


# -- what cannot be used -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (MLERegressor("normall"), "did you mean 'normal'"),
        (MLERegressor("categorical"), "use MLEClassifier"),
        (MLERegressor(lk.Normal(sd="se")), "known row by row"),
        (MLERegressor(predictors={"sd": "~ x"}), "'all', or a list of columns"),
        (MLERegressor(predictors={"sd": ["x9"]}), "unknown feature 'x9' for sd"),
        (MLERegressor(predictors={"sd": [3]}), "no column of X, which has 3"),
        (MLERegressor(predictors={"spread": "all"}), "unknown parameter 'spread'"),
        (MLERegressor(on_failure="ignore"), "Valid: 'warn', 'raise'"),
        (MLERegressor("poisson"), "Poisson is for whole numbers"),
    ],
)
def test_arguments_that_cannot_be_used(data, model, message):
    X, y = data
    with pytest.raises(ValueError, match=message):
        model.fit(X, y["normal"])


def test_offsets_that_do_not_fit(data):
    X, y = data
    model = MLERegressor("poisson")
    with pytest.raises(ValueError, match="X has 400 rows, offset has shape"):
        model.fit(X, y["poisson"], offset=[1.0, 2.0])
    with pytest.raises(ValueError, match="fitted with an offset: pass offset="):
        model.fit(X, y["poisson"], offset=np.ones(400)).predict(X)
    with pytest.raises(ValueError, match="without an offset"):
        model.fit(X, y["poisson"]).predict(X, offset=0.0)


def test_weights_that_leave_nothing(data):
    X, y = data
    with pytest.raises(ValueError, match=r"every sample_weight is 0|at least one non-zero"):
        MLERegressor().fit(X, y["normal"], sample_weight=np.zeros(400))
    with pytest.raises(ValueError, match=r"one class only: 'no' \(among the rows whose"):
        MLEClassifier().fit(X, y["two"], sample_weight=y["two"] == "no")
    three = MLEClassifier().fit(X, y["three"], sample_weight=y["three"] != "b")
    assert three.predict_proba(X)[:, 1].tolist() == [0.0] * 400
    assert set(three.predict(X)) == {"a", "c"}


def test_the_scorer_is_for_models_with_a_likelihood(data):
    X, y = data
    with pytest.raises(lk.errors.OptionError, match="DummyRegressor states no likelihood"):
        log_likelihood(DummyRegressor().fit(X, y["normal"]), X, y["normal"])
    with pytest.raises(lk.errors.OptionError, match="TransformedTargetRegressor"):
        log_likelihood(TransformedTargetRegressor(MLERegressor()).fit(X, y["normal"]), X, y["normal"])


def test_scikit_learn_is_imported_only_where_it_is_needed():
    code = "import sys, likely as lk; lk.fit('normal', [1., 2.]); assert 'sklearn' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
    code = "import sys; sys.modules['sklearn'] = None; import likely as lk; lk.estimators"
    told = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert "pip install 'likely[sklearn]'" in told.stderr.splitlines()[-1]


def test_predictors_are_a_dict():
    with pytest.raises(lk.errors.OptionError, match=r"predictors is a dict .*\{'sd': \['age'\]\}; found \['a'\]"):
        MLERegressor("normal", predictors=["a"]).fit([[0.0], [1.0], [2.0]], [1.0, 2.0, 4.0])


@pytest.mark.parametrize(
    ("y", "words"), [(["a", "b"], "MLEClassifier takes labels"), ([1.0, np.nan], "1 of 2 values of y are missing")]
)
def test_a_response_to_score_is_numbers_that_are_not_missing(y, words):
    model = MLERegressor().fit([[0], [1], [2], [3]], [1.0, 2.0, 4.0, 5.0])
    with pytest.raises(lk.errors.DataError, match=words):
        model.log_likelihood([[0], [1]], y)
