"""The held-out log-likelihood as a scorer: the fair judge between families."""

from __future__ import annotations

from typing import Any

from likely.errors import OptionError


def log_likelihood(estimator: Any, X: Any, y: Any, sample_weight: Any = None) -> float:
    """The mean log-density of `y` under a fitted model: a scorer for ``scoring=``, higher is better.

    R² and accuracy look at the point prediction alone. This score judges the whole distribution that a model states
    for each row, so it also tells families, links and models of the spread apart.

    Parameters
    ----------
    estimator : an estimator of `likely.estimators`, or a pipeline that ends in one
    X, y : array_like
    sample_weight : array_like, optional

    Returns
    -------
    float
        In nats per row; minus infinity where a value of `y` cannot occur.

    Raises
    ------
    OptionError
        If the estimator states no likelihood of `y`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.model_selection import GridSearchCV
    >>> from likely.estimators import MLERegressor, log_likelihood
    >>> rng = np.random.default_rng(1)
    >>> X = rng.normal(size=(300, 1))
    >>> y = X[:, 0] + rng.standard_t(2, size=300)
    >>> search = GridSearchCV(MLERegressor(), {"family": ["normal", "student_t"]}, scoring=log_likelihood)
    >>> search.fit(X, y).best_params_
    {'family': 'student_t'}
    """
    final = estimator
    if hasattr(estimator, "steps"):  # a pipeline: its transformers first
        final = estimator[-1]
        if len(estimator.steps) > 1:
            X = estimator[:-1].transform(X)
    if not hasattr(final, "log_likelihood"):
        raise OptionError(
            f"{type(final).__name__} states no likelihood: this score is for the estimators of likely.estimators and "
            "pipelines that end in one; lk.scorer(family) takes any other"
        )
    return float(final.log_likelihood(X, y, sample_weight=sample_weight))
