"""NeuralRegressor: scikit-learn's own checks, changing scale, calibrated quantiles, files, and what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile

import numpy as np
import pytest

import likely as lk
from likely.errors import DataError, FitError, OptionError, SupportError, UnknownNameError

pytest.importorskip("torch")
pytest.importorskip("sklearn")
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from likely.estimators import MLEClassifier, NeuralClassifier, NeuralRegressor, log_likelihood
from likely.estimators.neural.classifier import _temperature
from likely.estimators.neural.levels import Levels

QUICK = {"hidden": (24,), "learning_rate": 0.01, "max_epochs": 80, "patience": 15, "batch_size": 128}


def other_than_repetition(estimator):
    """A weighted row is in one batch, a repeated one in several: the two are the same in expectation only."""
    return dict.fromkeys(
        ["check_sample_weight_equivalence_on_dense_data", "check_sample_weights_invariance"],
        "batches are drawn at random",
    )


@parametrize_with_checks(
    [
        NeuralRegressor(hidden=(16,), learning_rate=0.02, max_epochs=150),
        NeuralRegressor("gamma", hidden=(), learning_rate=0.05, max_epochs=200),
        NeuralClassifier(hidden=(16,), learning_rate=0.02, max_epochs=60),
    ],
    expected_failed_checks=other_than_repetition,
)
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)


def changing(n, seed, heavy=False):
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2, 2, size=(n, 2))
    sd = 0.1 + 0.5 * np.abs(X[:, 0])
    noise = rng.standard_t(3, size=n) if heavy else rng.normal(size=n)
    return X, np.sin(2 * X[:, 0]) + 0.3 * X[:, 1] + sd * noise


@pytest.fixture(scope="module")
def trained():
    X, y = changing(1500, 1)
    return NeuralRegressor("normal", **QUICK).fit(X, y)


def test_a_network_with_a_changing_scale_beats_one_with_a_fixed_one(trained):
    X, y = changing(1500, 1)
    fixed = NeuralRegressor("normal", constant=("sd",), **QUICK).fit(X, y)
    new, truth = changing(3000, 2)
    better, worse = trained.log_likelihood(new, truth), fixed.log_likelihood(new, truth)
    assert better > worse + 0.15
    sd = fixed.predict_parameters(new)["sd"]
    assert np.ptp(sd) == 0.0
    # close to what the true distribution reaches
    best = lk.Normal().log_prob(truth, mean=np.sin(2 * new[:, 0]) + 0.3 * new[:, 1], sd=0.1 + 0.5 * np.abs(new[:, 0]))
    assert np.mean(best) - better < 0.12


def test_quantiles_are_calibrated_though_the_noise_is_not_normal():
    X, y = changing(3000, 3, heavy=True)
    options = {**QUICK, "validation_fraction": 0.3}
    model = NeuralRegressor("normal", **options).fit(X, y)
    new, truth = changing(6000, 4, heavy=True)
    m = len(model.levels_.transforms)
    for q in (0.05, 0.25, 0.5, 0.75, 0.95):
        covered = np.mean(truth <= model.predict_quantile(new, q))
        assert abs(covered - q) < 3.5 * np.sqrt(q * (1 - q) * (1 / m + 1 / 6000)) + 1 / m
    raw = clone(model).set_params(calibrate=False).fit(X, y)
    inner = np.mean(truth <= raw.predict_quantile(new, 0.75)) - np.mean(truth <= raw.predict_quantile(new, 0.25))
    assert inner > 0.55  # the normal's middle half is too wide for such noise
    lower, upper = model.predict_interval(new, 0.9).T
    assert np.mean((lower <= truth) & (truth <= upper)) == pytest.approx(0.9, abs=0.03)


def test_neither_the_units_of_x_nor_those_of_y_matter(trained):
    X, y = changing(1500, 1)
    moved = NeuralRegressor("normal", **QUICK).fit(1e5 * X + 3e6, 1e6 * y + 5e9)
    new = changing(200, 2)[0]
    near, far = trained.predict(new), (moved.predict(1e5 * new + 3e6) - 5e9) / 1e6
    np.testing.assert_allclose(far, near, atol=0.1)


def test_counts_with_their_own_dispersion():
    rng = np.random.default_rng(5)
    X = rng.normal(size=(800, 1))
    y = rng.negative_binomial(2, 2 / (2 + np.exp(1 + 0.5 * X[:, 0])))
    model = NeuralRegressor("negative_binomial", **QUICK).fit(X, y)
    linear = lk.fit("negative_binomial", {"y": y, "x": X[:, 0]}, "y ~ x")
    assert model.log_likelihood(X, y) > linear.loglik / 800 - 0.02
    assert set(model.predict_parameters(X)) == {"mean", "dispersion"}
    assert model.sample(X, 3, seed=1).shape == (3, 800)


def test_a_linear_network_is_the_regression():
    rng = np.random.default_rng(6)
    X = rng.normal(size=(500, 2))
    y = rng.poisson(np.exp(0.5 + X @ [0.4, -0.2]))
    options = {"hidden": (), "learning_rate": 0.02, "max_epochs": 300, "weight_decay": 0.0, "validation_fraction": 0.0}
    model = NeuralRegressor("poisson", batch_size=500, **options).fit(X, y)
    fit = lk.fit("poisson", {"y": y, "a": X[:, 0], "b": X[:, 1]}, "y ~ a + b")
    np.testing.assert_allclose(model.predict(X), fit.predict(), rtol=5e-3)


def test_in_pipelines_searches_and_cross_validation():
    X, y = changing(300, 7)
    quick = NeuralRegressor(hidden=(8,), max_epochs=10, learning_rate=0.02)
    pipe = make_pipeline(StandardScaler(), quick)
    assert np.all(np.isfinite(cross_val_score(pipe, X, y, cv=3, scoring=log_likelihood)))
    assert np.all(np.isfinite(cross_val_score(quick, X, y, cv=3, scoring=lk.scorer())))
    search = GridSearchCV(quick, {"constant": [(), ("sd",)]}, scoring=log_likelihood, cv=2).fit(X, y)
    assert "constant" in search.best_params_
    twice = [clone(quick).fit(X, y).predict(X) for _ in range(2)]
    np.testing.assert_array_equal(*twice)


def test_a_file_brings_the_same_network_back(trained, tmp_path):
    path = tmp_path / "net.likely"
    trained.save(path)
    again = NeuralRegressor.load(path)
    X = changing(50, 8)[0]
    np.testing.assert_array_equal(again.predict_quantile(X, 0.9), trained.predict_quantile(X, 0.9))
    assert again.get_params()["hidden"] == [24]
    with zipfile.ZipFile(path) as archive:
        assert json.loads(archive.read("facts.json"))["family"] == "normal"
        assert not any(b"pickle" in archive.read(name)[:200] for name in archive.namelist())
    code = f"from likely.estimators import NeuralRegressor as N; print(N.load({str(path)!r}).predict([[0.1, 0.2]])[0])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert float(shown) == trained.predict([[0.1, 0.2]])[0]


@pytest.mark.parametrize("unit", [1e-8, 1e-100, 1e8])
def test_a_positive_response_may_have_any_unit(unit):
    rng = np.random.default_rng(0)
    X = rng.uniform(-2, 2, (300, 1))
    y = rng.gamma(3.0, np.exp(0.5 * X[:, 0]) / 3.0)
    options = {"hidden": (8,), "learning_rate": 0.01, "max_epochs": 5}
    for family in ("gamma", "normal"):
        one = NeuralRegressor(family, **options).fit(X, y)
        other = NeuralRegressor(family, **options).fit(X, y * unit)
        np.testing.assert_allclose(other.predict_interval(X) / unit, one.predict_interval(X), rtol=1e-6, atol=1e-9)


def test_a_column_that_is_constant_up_to_rounding_says_nothing():
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.uniform(-2, 2, 300), np.full(300, 0.1), rng.uniform(-1, 1, 300) * 1e200])
    model = NeuralRegressor("normal", hidden=(), max_epochs=5).fit(X, X[:, 0])
    np.testing.assert_allclose(model.predict([[0.0, 0.1, 0.0]]), model.predict([[0.0, 0.1 + 1e-15, 0.0]]), rtol=1e-6)
    assert np.all(np.isfinite(model.predict(X)))
    assert model.predict([[0.0, 0.1, 1e200]]) != model.predict([[0.0, 0.1, -1e200]])


def test_a_file_holds_options_of_numpy_the_seed_and_known_values(tmp_path):
    X, y = changing(80, seed=1)
    path = tmp_path / "network.likely"
    options = {"hidden": np.int64(4), "max_epochs": np.int64(2), "learning_rate": np.float64(0.01)}
    model = NeuralRegressor(lk.StudentT(df=3), random_state=7, **options).fit(X, y)
    model.save(path)
    loaded = NeuralRegressor.load(path)
    assert loaded.random_state == 7
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    with pytest.raises(OptionError, match=r"known values \{'df': 3.0\}, not StudentT"):
        NeuralRegressor.load(path, family=lk.StudentT(df=30))
    labels = np.array(["a", "b"], dtype=object)[(X[:, 0] > 0).astype(int)]
    NeuralClassifier(hidden=(4,), max_epochs=2).fit(X, labels).save(path)
    assert NeuralClassifier.load(path).classes_.dtype == object


def test_parts_of_a_file_that_are_lost_are_told(tmp_path):
    X, y = changing(400, seed=1)
    path, torn = tmp_path / "network.likely", tmp_path / "torn.likely"
    NeuralRegressor("normal", hidden=(4,), max_epochs=2).fit(X, y).save(path)
    with zipfile.ZipFile(path) as whole:
        for lost in whole.namelist():
            with zipfile.ZipFile(torn, "w") as rest:
                for name in set(whole.namelist()) - {lost}:
                    rest.writestr(name, whole.read(name))
            with pytest.raises(DataError, match=r"damaged|no saved network"):
                NeuralRegressor.load(torn)


def test_a_family_of_ones_own_comes_along_to_load(tmp_path):
    @lk.family(params={"rate": lk.Positive}, support="positive")
    def waiting(y, rate, xp):
        return xp.log(rate) - rate * y

    rng = np.random.default_rng(9)
    X = rng.normal(size=(200, 1))
    y = rng.exponential(np.exp(X[:, 0]))
    model = NeuralRegressor(waiting, hidden=(8,), max_epochs=15, learning_rate=0.02, validation_fraction=0.0).fit(X, y)
    path = tmp_path / "own"
    model.save(path)
    with pytest.raises(OptionError, match="family of one's own"):
        NeuralRegressor.load(path)
    again = NeuralRegressor.load(path, family=waiting)
    np.testing.assert_array_equal(again.predict_parameters(X)["rate"], model.predict_parameters(X)["rate"])
    with pytest.raises(OptionError, match="is for the family waiting, not normal"):
        NeuralRegressor.load(path, family="normal")


def test_files_that_are_none(tmp_path):
    with pytest.raises(DataError, match="there is no file"):
        NeuralRegressor.load(tmp_path / "none")
    (tmp_path / "text").write_text("hello")
    with pytest.raises(DataError, match="no saved network"):
        NeuralRegressor.load(tmp_path / "text")


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"family": "gamma"}, SupportError, "Gamma is for numbers > 0, but .*values of y are not: row 0"),
        ({"family": "categorical"}, OptionError, "for labels, and this is a regressor"),
        ({"family": "uniform"}, OptionError, "low of Uniform is an end of the support"),
        ({"family": "binomial"}, OptionError, "Binomial needs its 'n'"),
        ({"hidden": (8, 0)}, OptionError, r"sizes of the hidden layers.*\(8, 0\)"),
        ({"activation": "swish"}, UnknownNameError, "activation"),
        ({"dropout": 1.0}, OptionError, "dropout is a share"),
        ({"constant": ("scale",)}, UnknownNameError, "parameter"),
        ({"validation_fraction": 1.0}, OptionError, "validation_fraction is a share"),
        ({"hidden": None}, OptionError, "sizes of the hidden layers"),
        ({"hidden": 8.0}, OptionError, "sizes of the hidden layers"),
        ({"dropout": "much"}, OptionError, "dropout is a share"),
        ({"learning_rate": 0.0}, OptionError, "learning_rate is a positive number"),
        ({"batch_size": 2.5}, OptionError, "batch_size is a whole number"),
        ({"random_state": -1, "family": "normal"}, OptionError, "random_state is a whole number"),
        ({"validation_fraction": 0.9, "family": "normal"}, OptionError, "validation_fraction=0.9 of 4 rows"),
    ],
)
def test_what_cannot_be_is_told(options, error, match):
    X, y = np.zeros((4, 1)), np.array([-1.0, 0.5, 2.0, 1.0])
    with pytest.raises(error, match=match):
        NeuralRegressor(**options).fit(X, y)


def test_weights_are_repetitions():
    rng = np.random.default_rng(10)
    X = rng.normal(size=(300, 2))
    y = rng.poisson(np.exp(0.5 + X @ [0.4, -0.2]))
    w = rng.integers(0, 4, 300)
    options = {"hidden": (), "learning_rate": 0.02, "max_epochs": 400, "weight_decay": 0.0, "validation_fraction": 0.0}
    weighted = NeuralRegressor("poisson", batch_size=1000, **options).fit(X, y, sample_weight=w)
    again = np.repeat(np.arange(300), w)
    repeated = NeuralRegressor("poisson", batch_size=1000, **options).fit(X[again], y[again])
    np.testing.assert_allclose(weighted.predict(X), repeated.predict(X), rtol=1e-4)
    labels = np.where(y > 1, "many", "few")
    weighted = NeuralClassifier(batch_size=1000, **options).fit(X, labels, sample_weight=w)
    repeated = NeuralClassifier(batch_size=1000, **options).fit(X[again], labels[again])
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), atol=2e-3)


def test_rows_of_weight_zero_may_be_anything_and_others_are_named_by_their_place():
    X, y = np.arange(20.0)[:, None], np.arange(20.0)
    w = (y > 0) * 1.0
    assert NeuralRegressor("gamma", hidden=(), max_epochs=2).fit(X, y, sample_weight=w).n_iter_ == 2
    with pytest.raises(SupportError, match="row 7: -1"):
        NeuralRegressor("gamma").fit(X, np.where(y == 7, -1.0, y), sample_weight=w)


def test_weighted_rows_calibrate_as_repeated_ones():
    rng = np.random.default_rng(11)
    transforms, w = rng.beta(2, 1, 400), rng.integers(1, 5, 400)
    weighted, repeated = Levels.learned(transforms, w), Levels.learned(np.repeat(transforms, w))
    q = np.linspace(0.02, 0.98, 49)
    np.testing.assert_allclose(weighted(q), repeated(q), atol=6e-3)


@pytest.mark.parametrize("classes", [["no", "yes"], ["bike", "bus", "car"]])
def test_a_linear_network_of_labels_is_the_logit(classes):
    rng = np.random.default_rng(12)
    X = rng.normal(size=(500, 2))
    scores = X @ rng.normal(size=(2, len(classes))) + rng.gumbel(size=(500, len(classes)))
    y = np.array(classes)[np.argmax(scores, axis=1)]
    options = {"hidden": (), "learning_rate": 0.02, "max_epochs": 400, "weight_decay": 0.0, "validation_fraction": 0.0}
    model = NeuralClassifier(batch_size=500, **options).fit(X, y)
    np.testing.assert_allclose(model.predict_proba(X), MLEClassifier().fit(X, y).predict_proba(X), atol=3e-3)
    assert model.score(X, y) == np.mean(model.predict(X) == y)
    assert lk.scorer(lk.Categorical())(model, X, y) == pytest.approx(model.log_likelihood(X, y))
    assert model.log_likelihood(X[:2], ["plane", y[1]]) == -np.inf


def test_the_temperature_is_the_most_likely_one():
    rng = np.random.default_rng(13)
    scores = rng.normal(scale=2.0, size=(20_000, 3))
    codes = np.argmax(scores + rng.gumbel(size=scores.shape), axis=1)
    assert _temperature(3.0 * scores, codes, None) == pytest.approx(3.0, rel=0.03)
    assert _temperature(0.5 * scores, codes, np.ones(20_000)) == pytest.approx(0.5, rel=0.03)


def test_calibration_leaves_the_most_probable_class():
    rng = np.random.default_rng(15)
    X = rng.normal(size=(600, 5))
    y = rng.binomial(1, 1 / (1 + np.exp(-X[:, 0])))
    model = NeuralClassifier(hidden=(32,), learning_rate=0.02, max_epochs=20, validation_fraction=0.3).fit(X, y)
    raw = clone(model).set_params(calibrate=False).fit(X, y)
    assert raw.temperature_ == 1.0
    assert model.temperature_ != 1.0
    np.testing.assert_array_equal(raw.predict(X), model.predict(X))
    np.testing.assert_allclose(raw.decision_function(X), model.temperature_ * model.decision_function(X), rtol=1e-12)


def test_a_file_brings_the_classes_back(tmp_path):
    X = np.random.default_rng(14).normal(size=(60, 1))
    model = NeuralClassifier(hidden=(4,), max_epochs=3).fit(X, np.where(X[:, 0] > 0, "up", "down"))
    model.save(tmp_path / "labels")
    again = NeuralClassifier.load(tmp_path / "labels")
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    assert again.classes_.tolist() == ["down", "up"]
    with pytest.raises(OptionError, match=r"NeuralClassifier\.load"):
        NeuralRegressor.load(tmp_path / "labels")


def test_labels_that_cannot_be_learned():
    with pytest.raises(DataError, match="one class only"):
        NeuralClassifier().fit(np.zeros((4, 1)), ["a"] * 4)
    with pytest.raises(DataError, match="NeuralClassifier takes labels"):
        NeuralRegressor("bernoulli").fit(np.zeros((2, 1)), ["a", "b"])


def test_without_pytorch_the_other_estimators_work_and_this_one_says_what_to_install():
    code = (
        "import sys\n"
        "class Blocked:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'torch':\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Blocked())\n"
        "from likely.estimators import MLERegressor\n"
        "try:\n    from likely.estimators import NeuralRegressor\n"
        "except ImportError as error:\n    print(type(error).__name__, error)"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "MissingDependencyError" in shown
    assert "pip install 'likely[torch]'" in shown


def test_a_held_out_loss_that_is_lost_is_told_in_the_words_of_the_estimator(monkeypatch):
    from likely.losses.torch.run import Run

    X, y = changing(200, seed=1)
    monkeypatch.setattr(
        Run, "_loss", lambda self, x, *rest: (self.model(x) * (1.0 if self.model.training else float("nan"))).sum()
    )
    with pytest.raises(FitError, match="not a number after epoch 1: take a smaller learning_rate") as told:
        NeuralRegressor("normal", hidden=(4,), max_epochs=2).fit(X, y)
    assert "lr=" not in str(told.value)
