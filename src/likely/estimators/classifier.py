"""MLEClassifier: Bernoulli for two classes and Categorical for more, behind scikit-learn's interface."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from likely.data.alignment import refuse_another_order
from likely.errors import DataError, OptionError, listed
from likely.estimators.arguments import checked_weights, log_likelihood_of_labels
from likely.estimators.base import MLEEstimator
from likely.families import Bernoulli, Categorical
from likely.namespace.arrays import Floats


class MLEClassifier(ClassifierMixin, MLEEstimator):
    """Classification by maximum likelihood, without a penalty unless one is asked for, as a scikit-learn estimator.

    Two classes are a Bernoulli regression (logistic by default), more are a multinomial logit.

    Parameters
    ----------
    link : str, optional
        For two classes: ``"logit"`` (the default), ``"probit"``, ``"cloglog"`` ...
    fit_intercept : bool
        Whether the linear predictors have a constant term.
    penalty : Ridge, Lasso, ElasticNet, Firth, or dict of them, optional
        Passed on to `likely.fit`.
    solver, max_iter, tol
        ``solver``, ``max_iterations`` and ``tolerance`` of `likely.fit`.
    on_failure : {"warn", "raise"}
        What to do where the features separate the classes, so that no finite estimate exists: warn with
        scikit-learn's ``ConvergenceWarning`` and predict from where the search ended, or raise ``FitError``.
    fit_options : dict, optional
        Further options of `likely.fit`.

    Attributes
    ----------
    classes_ : ndarray
        The labels, sorted.
    fit_ : likely.Fit
        The fit, with standard errors, intervals, tests and ``summary()``. The classes are coded 0, 1, ... there.
    coef_ : ndarray, shape (1, n_features) or (n_classes, n_features)
        Coefficients on the link scale. With more than two classes: of the log-odds against the first class, whose own
        row is 0.
    intercept_ : ndarray, shape (1,) or (n_classes,)
    aliased_ : list of str
        Features that are linear combinations of others; their coefficients are 0.
    n_iter_ : int
    n_features_in_, feature_names_in_
        As everywhere in scikit-learn.

    Notes
    -----
    ``sample_weight`` are frequency weights, which is also what scikit-learn means: a row of weight 3 counts as three
    rows, one of weight 0 as none. They change standard errors accordingly.

    ``score`` is the accuracy, as for every classifier of scikit-learn. ``log_likelihood`` judges the probabilities.

    Examples
    --------
    >>> from likely.estimators import MLEClassifier
    >>> X, y = [[0], [1], [2], [3], [4], [5]], ["no", "no", "yes", "no", "yes", "yes"]
    >>> model = MLEClassifier().fit(X, y)
    >>> model.predict([[0], [5]]).tolist()
    ['no', 'yes']
    >>> model.coef_.round(3).tolist(), round(model.fit_.stderr["p.x0"], 3)
    ([[1.214]], 0.913)
    """

    def __init__(
        self,
        *,
        link: Any = None,
        fit_intercept: bool = True,
        penalty: Any = None,
        solver: str = "auto",
        max_iter: int = 100,
        tol: float = 1e-6,
        on_failure: str = "warn",
        fit_options: Mapping[str, Any] | None = None,
    ) -> None:
        self.link = link
        self.fit_intercept = fit_intercept
        self.penalty = penalty
        self.solver = solver
        self.max_iter = max_iter
        self.tol = tol
        self.on_failure = on_failure
        self.fit_options = fit_options

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = self.link is None
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLEClassifier:
        """Fit the model.

        Parameters
        ----------
        X : array_like, shape (n, n_features)
        y : array_like, shape (n,)
            Labels of two or more classes.
        sample_weight : array_like, shape (n,), optional
            Frequency weights.

        Returns
        -------
        MLEClassifier
            The same object, fitted.

        Raises
        ------
        DataError
            If the data cannot be used as given, or have one class only; a ValueError.
        FitError
            If there is no fit and ``on_failure="raise"``.

        Examples
        --------
        >>> from likely.estimators import MLEClassifier
        >>> MLEClassifier().fit([[0], [1], [2], [3]], [0, 1, 0, 1]).classes_.tolist()
        [0, 1]
        """
        refuse_another_order("X", X, y=y, sample_weight=sample_weight)
        X, y = validate_data(self, X, y, dtype=np.float64, accept_sparse="csr", ensure_min_samples=2)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        w = checked_weights(sample_weight, X)
        present = self.classes_[np.unique(codes if w is None else codes[w > 0])]
        if len(present) < 2:
            raise DataError(
                f"MLEClassifier needs two or more classes, but y has one class only: {listed(present)}"
                + (" (among the rows whose sample_weight is not 0)" if len(self.classes_) > 1 else "")
            )
        two = len(self.classes_) == 2
        if self.link is not None and not two:
            raise OptionError(
                "Only binary classification is supported. The type of the target is multiclass: "
                f"link={self.link!r} is for two classes, and y has {len(self.classes_)}. Leave out link"
            )
        family = Bernoulli() if two else Categorical()
        columns = list(range(X.shape[1]))
        self._fit(family, X, codes.astype(float) if two else codes, w, None, {"p": columns})
        found = [self._coefficients(slot) for slot in self.fit_.likelihood.model.slots]
        if two:
            self.intercept_, self.coef_ = np.array([found[0][0]]), found[0][1][None, :]
            return self
        self.intercept_, self.coef_ = np.zeros(len(self.classes_)), np.zeros((len(self.classes_), X.shape[1]))
        levels = self.fit_.likelihood.model.levels
        for level, (intercept, coefficients) in zip(levels[1:], found, strict=True):
            self.intercept_[level], self.coef_[level] = intercept, coefficients
        self.intercept_[[c for c in range(len(self.classes_)) if c not in levels]] = -np.inf  # seen with weight 0 only
        return self

    # -- prediction ----------------------------------------------------------------------------------------

    def predict_log_proba(self, X: Any) -> Floats:
        """The logarithm of every class's probability, exact where the probability itself has rounded to 0.

        Parameters
        ----------
        X : array_like, shape (n, n_features)

        Returns
        -------
        ndarray, shape (n, n_classes)

        Examples
        --------
        >>> from likely.estimators import MLEClassifier
        >>> MLEClassifier().fit([[0], [1], [2], [3]], [0, 1, 0, 1]).predict_log_proba([[1000]]).round(1).tolist()
        [[-906.8, -0.0]]
        """
        rows = self._rows(X)
        rows.require_reached()
        out = np.full((rows.n, len(self.classes_)), -np.inf)
        for code, level in enumerate(rows.model.levels or (0, 1)):
            out[:, int(level)] = rows.log_density(np.full(rows.n, float(code)))
        return out

    def predict_proba(self, X: Any) -> Floats:
        """Every class's probability.

        Parameters
        ----------
        X : array_like, shape (n, n_features)

        Returns
        -------
        ndarray, shape (n, n_classes)
            In the order of ``classes_``.

        Examples
        --------
        >>> from likely.estimators import MLEClassifier
        >>> MLEClassifier().fit([[0], [1], [2], [3]], [0, 1, 0, 1]).predict_proba([[1.5]]).round(6).tolist()
        [[0.5, 0.5]]
        """
        return np.exp(self.predict_log_proba(X))

    def decision_function(self, X: Any) -> Floats:
        """Log-odds: of the second class against the first, or of every class against the first one.

        Parameters
        ----------
        X : array_like, shape (n, n_features)

        Returns
        -------
        ndarray, shape (n,) for two classes, else (n, n_classes)

        Examples
        --------
        >>> from likely.estimators import MLEClassifier
        >>> model = MLEClassifier().fit([[0], [1], [2], [3]], [0, 1, 0, 1])
        >>> (model.decision_function([[3]]) > 0).tolist()
        [True]
        """
        logs = self.predict_log_proba(X)
        if len(self.classes_) == 2:
            return logs[:, 1] - logs[:, 0]
        return logs - logs[:, self._reference][:, None]

    @property
    def _reference(self) -> int:
        """The class against which log-odds are taken."""
        return int(self.fit_.likelihood.model.levels[0])

    def predict(self, X: Any) -> Any:
        """The most probable class of every row.

        Parameters
        ----------
        X : array_like, shape (n, n_features)

        Returns
        -------
        ndarray, shape (n,)

        Examples
        --------
        >>> from likely.estimators import MLEClassifier
        >>> MLEClassifier().fit([[0], [1], [2], [3]], list("abab")).predict([[0], [3]]).tolist()
        ['a', 'b']
        """
        logs = self.predict_log_proba(X)
        return self.classes_[np.argmax(logs, axis=1)]

    # -- scores --------------------------------------------------------------------------------------------

    def log_likelihood(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The mean log-probability of the labels under the fitted model: minus the log loss, higher is better.

        Parameters
        ----------
        X, y : array_like
        sample_weight : array_like, optional

        Returns
        -------
        float
            In nats per row; minus infinity where a label is not among the classes.

        Examples
        --------
        >>> from likely.estimators import MLEClassifier
        >>> X, y = [[0], [1], [2], [3]], [0, 1, 0, 1]
        >>> model = MLEClassifier().fit(X, y)
        >>> round(model.log_likelihood(X, y), 6) == round(model.fit_.loglik / 4, 6)
        True
        """
        refuse_another_order("X", X, y=y, sample_weight=sample_weight)
        return log_likelihood_of_labels(self.predict_log_proba(X), self.classes_, y, checked_weights(sample_weight, X))
