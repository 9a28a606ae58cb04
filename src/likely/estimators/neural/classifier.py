"""NeuralClassifier: a small network gives the probability of every class, trained by maximum likelihood."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import optimize, special
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from likely.data.alignment import refuse_another_order
from likely.errors import DataError, OptionError, listed
from likely.estimators.arguments import checked_weights, log_likelihood_of_labels
from likely.estimators.neural.base import NeuralEstimator
from likely.estimators.neural.levels import FEWEST
from likely.families import Bernoulli, Categorical
from likely.losses.torch import NLLLoss
from likely.namespace.arrays import Floats

COLDEST, HOTTEST = 0.05, 20.0


class NeuralClassifier(ClassifierMixin, NeuralEstimator):
    """Classification by a neural network that gives every class's probability, as a scikit-learn estimator.

    Two classes are a Bernoulli with one logit, more a Categorical with a score for each class.

    Parameters
    ----------
    hidden : int or sequence of int
        Sizes of the hidden layers; ``()`` is a linear model.
    activation : {"silu", "relu", "gelu", "tanh"}
    dropout : float
    learning_rate, batch_size, max_epochs, weight_decay
        Of the training, see `likely.losses.torch.train`.
    validation_fraction : float
        Share of the rows, of all classes alike, that is held out: training stops when their log-likelihood gets no
        better, and they calibrate the probabilities.
    patience : int
        Epochs without a better held-out log-likelihood after which training stops.
    calibrate : bool
        Whether scores are divided by the temperature at which the held-out rows are most likely (from 30 such rows on).
    random_state : int, RandomState or None
    progress : None, "auto" or bool

    Attributes
    ----------
    classes_ : ndarray
        The labels, sorted.
    network_ : torch.nn.Module
    training_ : likely.losses.torch.Training
        How it went, epoch by epoch.
    temperature_ : float
        Above 1 where the network was too sure of itself, 20 at most: held-out rows then give no reason to believe its
        scores. 1 without calibration.
    n_features_in_, feature_names_in_, n_iter_
        As everywhere in scikit-learn.

    Raises
    ------
    MissingDependencyError
        On import, if PyTorch is not installed.

    Notes
    -----
    The temperature is that of Guo, Pleiss, Sun and Weinberger (2017), "On calibration of modern neural networks": one
    number that leaves the most probable class as it is, estimated by maximum likelihood.

    Examples
    --------
    >>> import numpy as np
    >>> from likely.estimators import NeuralClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = rng.uniform(-2, 2, size=(600, 2))
    >>> y = np.where(X[:, 0] ** 2 + X[:, 1] ** 2 + rng.normal(size=600) < 2, "inside", "outside")
    >>> model = NeuralClassifier(hidden=(32,), learning_rate=0.01, max_epochs=60).fit(X, y)
    >>> model.predict([[0.0, 0.0], [2.0, 2.0]]).tolist()
    ['inside', 'outside']
    """

    def __init__(
        self,
        *,
        hidden: Any = (64, 64),
        activation: str = "silu",
        dropout: float = 0.0,
        learning_rate: float = 1e-3,
        batch_size: int = 256,
        max_epochs: int = 200,
        weight_decay: float = 1e-4,
        validation_fraction: float = 0.1,
        patience: int = 20,
        calibrate: bool = True,
        random_state: Any = 0,
        progress: Any = None,
    ) -> None:
        self.hidden = hidden
        self.activation = activation
        self.dropout = dropout
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.weight_decay = weight_decay
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.calibrate = calibrate
        self.random_state = random_state
        self.progress = progress

    # -- training ------------------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> NeuralClassifier:
        """Train the network.

        Parameters
        ----------
        X : array_like, shape (n, n_features)
        y : array_like, shape (n,)
            Labels of two or more classes.
        sample_weight : array_like, shape (n,), optional
            How many times each row counts.

        Returns
        -------
        NeuralClassifier
            The same object, trained.

        Raises
        ------
        DataError
            If there is one class only; a ValueError.
        OptionError
            If an option cannot be used.
        """
        self._check_options()
        refuse_another_order("X", X, y=y, sample_weight=sample_weight)
        X, y = validate_data(self, X, y, dtype=np.float64, ensure_min_samples=2)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        w = checked_weights(sample_weight, X)
        if w is not None:
            counted = w > 0
            X, codes, w = X[counted], codes[counted], w[counted]
        if len(present := self.classes_[np.unique(codes)]) < 2:
            raise DataError(f"NeuralClassifier needs two or more classes, but y has one class only: {listed(present)}")
        self._draw_seed()
        self._name_heads()
        two = len(self._heads) == 1
        start = np.log(np.bincount(codes, w, len(self.classes_)) + 0.5)
        start = start[1:] - start[0] if two else start - np.mean(start)
        held = self._held_out(codes)
        criterion = NLLLoss(Bernoulli() if two else Categorical())
        target = codes.astype(np.float32) if two else codes.astype(np.int64)
        self._train(criterion, X, target, w, held, start.tolist(), [1.0] * len(start))
        self.temperature_ = 1.0
        if self.calibrate and held.sum() >= FEWEST:
            self.temperature_ = _temperature(self._scores(X[held]), codes[held], None if w is None else w[held])
        return self

    def _name_heads(self) -> None:
        self._heads = tuple(str(label) for label in (self.classes_ if len(self.classes_) > 2 else self.classes_[1:]))

    # -- prediction ----------------------------------------------------------------------------------------

    def _scores(self, X: Any) -> Floats:
        """One score for each class, before the temperature; the first of two is 0."""
        scores = self._outputs(X)
        return np.column_stack([np.zeros(len(scores)), scores]) if scores.shape[1] == 1 else scores

    def predict_log_proba(self, X: Any) -> Any:
        """The logarithm of every class's probability, exact where the probability itself has rounded to 0.

        Parameters
        ----------
        X : array_like, shape (n, n_features)

        Returns
        -------
        ndarray, shape (n, n_classes)
            In the order of ``classes_``.
        """
        X = self._checked(X)
        return special.log_softmax(self._scores(X) / self.temperature_, axis=1)

    def predict_proba(self, X: Any) -> Any:
        """Every class's probability.

        Parameters
        ----------
        X : array_like, shape (n, n_features)

        Returns
        -------
        ndarray, shape (n, n_classes)
            In the order of ``classes_``.
        """
        return np.exp(self.predict_log_proba(X))

    def decision_function(self, X: Any) -> Any:
        """Log-odds: of the second class against the first, or of every class against the first one.

        Parameters
        ----------
        X : array_like, shape (n, n_features)

        Returns
        -------
        ndarray, shape (n,) for two classes, else (n, n_classes)
        """
        scores = self._scores(self._checked(X)) / self.temperature_
        odds = scores - scores[:, :1]
        return odds[:, 1] if odds.shape[1] == 2 else odds

    def predict(self, X: Any) -> Any:
        """The most probable class of every row.

        Parameters
        ----------
        X : array_like, shape (n, n_features)

        Returns
        -------
        ndarray, shape (n,)
        """
        X = self._checked(X)
        return self.classes_[np.argmax(self._scores(X), axis=1)]

    def log_likelihood(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The mean log-probability of the labels under the network: minus the log loss, higher is better.

        Parameters
        ----------
        X, y : array_like
        sample_weight : array_like, optional

        Returns
        -------
        float
            In nats per row; minus infinity where a label is not among the classes.
        """
        refuse_another_order("X", X, y=y, sample_weight=sample_weight)
        return log_likelihood_of_labels(self.predict_log_proba(X), self.classes_, y, checked_weights(sample_weight, X))

    # -- files ---------------------------------------------------------------------------------------------

    def _metadata(self) -> tuple[dict[str, Any], dict[str, Any]]:
        classes = self.classes_
        if classes.dtype.kind == "O":
            if not all(isinstance(label, str) for label in classes):
                raise OptionError("a file holds classes that are numbers or text, and these are objects: save codes")
            classes = classes.astype(str)
        return {"temperature": self.temperature_, "objects": self.classes_.dtype.kind == "O"}, {"classes": classes}

    def _restore(self, metadata: dict[str, Any], arrays: dict[str, Any]) -> None:
        self.classes_ = arrays["classes"].astype(object) if metadata["objects"] else arrays["classes"]
        self.temperature_ = metadata["temperature"]
        self._name_heads()

    @classmethod
    def load(cls, path: Any) -> NeuralClassifier:
        """A network that `save` has written.

        Parameters
        ----------
        path : path

        Returns
        -------
        NeuralClassifier

        Raises
        ------
        DataError
            If the file is none.
        OptionError
            If it holds another estimator.
        """
        return cls._loaded(path)


def _temperature(scores: Any, codes: Any, weights: Any) -> float:
    """The temperature at which these labels are most likely."""
    rows = np.arange(len(codes))

    def surprise(log_temperature: float) -> float:
        logs = special.log_softmax(scores * np.exp(-log_temperature), axis=1)
        return -float(np.average(logs[rows, codes], weights=weights))

    bounds = (np.log(COLDEST), np.log(HOTTEST))
    return float(np.exp(optimize.minimize_scalar(surprise, bounds=bounds, method="bounded").x))
