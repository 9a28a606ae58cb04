"""MLERegressor: any family with numbers for a response, behind scikit-learn's interface."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils.validation import validate_data

from likely.data.alignment import refuse_another_order
from likely.errors import FitError, LikelyError, OptionError
from likely.estimators.arguments import (
    checked_offset,
    checked_weights,
    columns_of,
    numbers,
    quantile_level,
    require_plain_numbers,
)
from likely.estimators.base import MLEEstimator
from likely.families import get_family
from likely.families.base import Family
from likely.models.checks import check_level
from likely.namespace.arrays import Floats


class MLERegressor(RegressorMixin, MLEEstimator):
    """Regression by maximum likelihood, for any family, as a scikit-learn estimator.

    Parameters
    ----------
    family : str or Family
        How the response came to be: ``"normal"``, ``"poisson"``, ``"gamma"``, ``lk.StudentT(df=4)``, a density of
        your own. Known parameters are numbers.
    link : str or dict by parameter, optional
        Links other than the default; a string is for the first parameter.
    fit_intercept : bool
        Whether every linear predictor has a constant term.
    predictors : dict, optional
        Features of parameters beyond the first, which has all of them: ``{"sd": "all"}``, ``{"sd": ["age"]}`` or
        ``{"sd": [0, 2]}`` let the spread change with the features. A parameter that is not named is a constant.
    penalty : Ridge, Lasso, ElasticNet, Firth, or dict of them, optional
        Passed on to `likely.fit`.
    solver, max_iter, tol
        ``solver``, ``max_iterations`` and ``tolerance`` of `likely.fit`.
    on_failure : {"warn", "raise"}
        What to do where the likelihood has no usable peak (an exact fit, a parameter that runs away): warn with
        scikit-learn's ``ConvergenceWarning`` and predict from where the search ended, or raise ``FitError``.
    fit_options : dict, optional
        Further options of `likely.fit`.

    Attributes
    ----------
    fit_ : likely.Fit
        The fit, with standard errors, intervals, tests and ``summary()``.
    coef_ : ndarray, shape (n_features,)
        Coefficients of the first parameter's linear predictor, on the link scale.
    intercept_ : float
    aliased_ : list of str
        Features that are linear combinations of others; their coefficients are 0.
    n_iter_ : int
    n_features_in_, feature_names_in_
        As everywhere in scikit-learn.

    Notes
    -----
    ``sample_weight`` are frequency weights, which is also what scikit-learn means: a row of weight 3 counts as three
    rows, one of weight 0 as none. They change standard errors accordingly.

    ``score`` is R², as for every regressor of scikit-learn, so that scores compare across estimators. It sees only the
    point prediction. To choose between families use ``scoring=likely.estimators.log_likelihood``.

    Examples
    --------
    >>> import numpy as np
    >>> from likely.estimators import MLERegressor
    >>> X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([1, 2, 4, 9])
    >>> model = MLERegressor("poisson").fit(X, y)
    >>> model.coef_.round(3).tolist(), round(model.intercept_, 3)
    ([0.748], -0.061)
    >>> model.predict([[4.0]]).round(2).tolist()
    [18.74]
    >>> round(model.fit_.stderr["rate.x0"], 3)
    0.277
    """

    def __init__(
        self,
        family: Any = "normal",
        *,
        link: Any = None,
        fit_intercept: bool = True,
        predictors: Mapping[str, Any] | None = None,
        penalty: Any = None,
        solver: str = "auto",
        max_iter: int = 100,
        tol: float = 1e-6,
        on_failure: str = "warn",
        fit_options: Mapping[str, Any] | None = None,
    ) -> None:
        self.family = family
        self.link = link
        self.fit_intercept = fit_intercept
        self.predictors = predictors
        self.penalty = penalty
        self.solver = solver
        self.max_iter = max_iter
        self.tol = tol
        self.on_failure = on_failure
        self.fit_options = fit_options

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        try:
            tags.target_tags.positive_only = get_family(self.family).support.lower >= 0.0
        except LikelyError:  # a wrong name is for fit to tell
            tags.target_tags.positive_only = False
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None, offset: Any = None) -> MLERegressor:
        """Fit the model.

        Parameters
        ----------
        X : array_like, shape (n, n_features)
        y : array_like, shape (n,)
        sample_weight : array_like, shape (n,), optional
            Frequency weights.
        offset : array_like, shape (n,), optional
            Added to the first parameter's linear predictor with coefficient 1: ``np.log(exposure)`` for counts.

        Returns
        -------
        MLERegressor
            The same object, fitted.

        Raises
        ------
        DataError, SupportError
            If the data cannot be used as given; both are ValueErrors.
        FitError
            If there is no fit and ``on_failure="raise"``, or nothing to predict from.

        Examples
        --------
        >>> from likely.estimators import MLERegressor
        >>> MLERegressor("gamma").fit([[0], [1], [2], [3]], [1.0, 2.1, 2.9, 4.2]).n_features_in_
        1
        """
        family = get_family(self.family)
        require_plain_numbers(family)
        if family.kind.labels:
            raise OptionError(f"{family.title} is for labels: use MLEClassifier")
        refuse_another_order("X", X, y=y, sample_weight=sample_weight, offset=offset)
        X, y = validate_data(self, X, y, dtype=np.float64, accept_sparse="csr", y_numeric=True, ensure_min_samples=2)
        w = checked_weights(sample_weight, X)
        offset = None if offset is None else checked_offset(offset, len(y))
        self._fit(family, X, y, w, offset, self._predictors(family))
        self.intercept_, self.coef_ = self._coefficients(self.fit_.effective.likelihood.model.slots[0])
        return self

    def _predictors(self, family: Family) -> dict[str, list[int]]:
        """Columns of X by parameter, the first parameter's first."""
        if not family.free:
            raise OptionError(f"{family!r} has no free parameter for the features to predict")
        names = self._feature_names()
        first = family.free[0].name
        if self.predictors is not None and not isinstance(self.predictors, Mapping):
            example = next((p.name for p in family.free[1:]), first)
            raise OptionError(
                f"predictors is a dict of features by parameter, such as {{{example!r}: ['age']}}; found "
                f"{self.predictors!r}"
            )
        given = dict(self.predictors or {})
        for name in given:
            family.parameter(name)
        own = columns_of(given.pop(first, "all"), names, first)
        return {first: own} | {name: columns_of(spec, names, name) for name, spec in given.items()}

    # -- prediction ----------------------------------------------------------------------------------------

    def predict(self, X: Any, offset: Any = None) -> Floats:
        """The expected response of every row; the median where the family has no mean.

        For `AsymmetricLaplace`, which is quantile regression, the quantile.

        Parameters
        ----------
        X : array_like, shape (n, n_features)
        offset : array_like, shape (n,), optional
            Needed where the model was fitted with one.

        Returns
        -------
        ndarray, shape (n,)

        Examples
        --------
        >>> from likely.estimators import MLERegressor
        >>> model = MLERegressor().fit([[0], [1], [2], [3]], [1.0, 2.0, 4.0, 5.0])
        >>> model.predict([[4]]).round(6).tolist()
        [6.5]
        """
        rows = self._rows(X, offset)
        mean = rows.full(rows.center_at(rows.etas))
        if not np.all(np.isfinite(mean)):
            rows.require_reached()
        if np.any(none := np.isnan(mean)):  # tails so heavy that no mean exists
            mean = np.where(none, rows.full(rows.free_family.quantile(0.5, **rows.values)), mean)
        return mean

    def predict_quantile(self, X: Any, q: float = 0.5, offset: Any = None) -> Floats:
        """A quantile of every row's distribution, at the estimates.

        Parameters
        ----------
        X : array_like, shape (n, n_features)
        q : float
            Between 0 and 1.
        offset : array_like, shape (n,), optional

        Returns
        -------
        ndarray, shape (n,)

        Raises
        ------
        FitError
            If the fit is exact, so that nothing is known of the spread.

        Examples
        --------
        >>> from likely.estimators import MLERegressor
        >>> model = MLERegressor("poisson").fit([[0], [1], [2], [3]], [1, 2, 4, 9])
        >>> model.predict_quantile([[4], [5]], 0.9).tolist()
        [24.0, 48.0]
        """
        level = quantile_level(q)
        rows = self._rows(X, offset)
        rows.require_reached()
        self._require_spread()
        with np.errstate(all="ignore"):
            out = rows.full(rows.free_family.quantile(level, **rows.values))
        if not np.all(np.isfinite(out)):
            raise rows.too_far(~np.isfinite(out), "quantile")
        return out

    def predict_interval(self, X: Any, level: float = 0.9, offset: Any = None) -> Floats:
        """The interval that holds a new observation of each row with probability `level`, at the estimates.

        Parameters
        ----------
        X : array_like, shape (n, n_features)
        level : float
        offset : array_like, shape (n,), optional

        Returns
        -------
        ndarray, shape (n, 2)
            Equal-tailed. The estimates are taken as they are: their own uncertainty is not included.

        Examples
        --------
        >>> from likely.estimators import MLERegressor
        >>> model = MLERegressor().fit([[0], [1], [2], [3]], [1.0, 2.0, 4.0, 5.0])
        >>> model.predict_interval([[4]], level=0.95).round(2).tolist()
        [[6.06, 6.94]]
        """
        tail = 0.5 * (1.0 - check_level(level))
        return np.column_stack([self.predict_quantile(X, q, offset) for q in (tail, 1.0 - tail)])

    def predict_parameters(self, X: Any, offset: Any = None) -> dict[str, Any]:
        """Every parameter of the family for every row.

        Parameters
        ----------
        X : array_like, shape (n, n_features)
        offset : array_like, shape (n,), optional

        Returns
        -------
        dict of str to ndarray, shape (n,)

        Examples
        --------
        >>> from likely.estimators import MLERegressor
        >>> model = MLERegressor().fit([[0], [1], [2], [3]], [1.0, 2.0, 4.0, 5.0])
        >>> {name: values.round(4).tolist() for name, values in model.predict_parameters([[4]]).items()}
        {'mean': [6.5], 'sd': [0.2236]}
        """
        rows = self._rows(X, offset)
        rows.require_reached()
        values = {rows.original_names.get(name, name): value for name, value in rows.values.items()}
        return {name: rows.full(value) for name, value in {**values, **rows.limits}.items()}

    # -- scores --------------------------------------------------------------------------------------------

    def score(self, X: Any, y: Any, sample_weight: Any = None, offset: Any = None) -> float:
        """R² of the predictions, as for every regressor of scikit-learn.

        Parameters
        ----------
        X, y : array_like
        sample_weight : array_like, optional
        offset : array_like, optional

        Returns
        -------
        float
            1 at best; 0 for predicting the mean of `y` everywhere. See `log_likelihood` for a score that tells
            families apart.

        Examples
        --------
        >>> from likely.estimators import MLERegressor
        >>> X, y = [[0], [1], [2], [3]], [1.0, 2.0, 4.0, 5.0]
        >>> round(MLERegressor().fit(X, y).score(X, y), 3)
        0.98
        """
        refuse_another_order("X", X, y=y, sample_weight=sample_weight, offset=offset)
        return float(r2_score(y, self.predict(X, offset), sample_weight=sample_weight))

    def log_likelihood(self, X: Any, y: Any, sample_weight: Any = None, offset: Any = None) -> float:
        """The mean log-density of `y` under the fitted model: a score of the whole distribution, higher is better.

        Parameters
        ----------
        X, y : array_like
        sample_weight : array_like, optional
        offset : array_like, optional

        Returns
        -------
        float
            In nats per row; minus infinity where a value of `y` cannot occur.

        Raises
        ------
        DataError
            If `y` is text, or values are missing.
        FitError
            If the fit is exact, so that nothing is known of the spread.

        Examples
        --------
        >>> from likely.estimators import MLERegressor
        >>> X, y = [[0], [1], [2], [3]], [1.0, 2.0, 4.0, 5.0]
        >>> model = MLERegressor().fit(X, y)
        >>> round(model.log_likelihood(X, y), 6) == round(model.fit_.loglik / 4, 6)
        True
        """
        refuse_another_order("X", X, y=y, sample_weight=sample_weight, offset=offset)
        rows = self._rows(X, offset)
        rows.require_reached()
        self._require_spread()
        y, w = numbers(y, rows.family, rows.n, "MLEClassifier"), checked_weights(sample_weight, X)
        return float(np.average(rows.log_density(y), weights=w))

    def _require_spread(self) -> None:
        """Raise unless the fit gives every observation a density."""
        if not (self.fit_.converged or np.isfinite(self.fit_.effective.outcome.point.value)):
            raise FitError(
                f"the fit gives a point for every row and no distribution around it: {self.fit_.status}", self.fit_
            )
